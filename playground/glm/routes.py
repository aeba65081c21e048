"""What can be called at each provider."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Route(StrEnum):
    """A call."""

    CHAT = "POST /chat/completions"
    MODELS = "GET /models"
    SUBMIT = "POST /async/chat/completions"
    RESULT = "GET /async-result/*"
    TOKENIZER = "POST /tokenizer"


# The paths of the real base URLs, behind the provider's name.
ROOTS: Mapping[str, str] = {
    "bigmodel": "/bigmodel/api/paas/v4",
    "zai": "/zai/api/paas/v4",
    "aimlapi": "/aimlapi/v1",
    "acedata": "/acedata/glm",
}

# docs.z.ai lists how a result is fetched, but no chat whose result that could be.
_OFFERED: Mapping[str, frozenset[Route]] = {
    "bigmodel": frozenset(Route),
    "zai": frozenset(Route) - {Route.SUBMIT},
    "aimlapi": frozenset({Route.CHAT, Route.MODELS}),
    "acedata": frozenset({Route.CHAT, Route.MODELS}),
}


def route(provider: str, method: str, path: str) -> tuple[Route, str] | None:
    """The call that a path means and what stands for its "*", None when the provider has none of the kind."""
    root = ROOTS[provider]
    if not path.startswith(f"{root}/"):
        return None
    asked = f"{method} {path.removeprefix(root)}"
    for known in _OFFERED[provider]:
        fixed, star, _ = known.partition("*")
        if asked == known or (star and asked.startswith(fixed) and asked != fixed):
            return known, asked.removeprefix(fixed)
    return None
