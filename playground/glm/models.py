"""Which models each provider serves, and what each of them takes: the vendors' pages as of November 2026."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

_K = 1024
_MAX_CONTEXT = 1024 * _K

ON_OFF = frozenset({"enabled", "disabled"})
_ON = frozenset({"enabled"})
_EFFORTS_53 = frozenset({"low", "high", "max"})
_EFFORTS_52 = frozenset({"none", "minimal", "low", "medium", "high", "xhigh", "max"})


@dataclass(frozen=True, slots=True)
class Served:
    """A model: sizes in tokens, the values of `thinking.type` and `reasoning_effort` that it takes.

    `images` and `videos` are how many of them a prompt may hold, `formats` which videos it takes. `background` says
    whether it can be asked for an answer to be fetched later, `listed` whether GET /models names it: the free ones work
    without being listed.
    """

    context: int
    output: int
    thinking: frozenset[str] = frozenset()
    efforts: frozenset[str] = frozenset()
    images: int = 0
    videos: int = 0
    formats: frozenset[str] = frozenset()
    files: bool = False
    tools: bool = True
    tool_stream: bool = False
    system: bool = True
    inline: bool = False
    background: bool = True
    listed: bool = True


_MOVING = frozenset({"mp4", "mkv", "mov"})
_OLD_MOVING = frozenset({"mp4"})

_BIG = Served(200 * _K, 128 * _K, ON_OFF)
_CURRENT = replace(_BIG, tool_stream=True)
_FREE = replace(_CURRENT, listed=False)
_MIDDLE = Served(128 * _K, 96 * _K, ON_OFF)
_PLAIN = Served(128 * _K, 16 * _K)
_SMALL = Served(128 * _K, 4 * _K)
_THINKS = Served(_MAX_CONTEXT, 128 * _K, _ON, _EFFORTS_53, tool_stream=True)
_SEEING = Served(128 * _K, 32 * _K, ON_OFF, images=150, videos=2, formats=_MOVING, files=True, tool_stream=True)
# The page of the old vision models has neither tools, nor a system role, nor an answer to be fetched later. How many
# pictures and videos they take is not written down.
_SEEING_OLD = Served(
    64 * _K, 16 * _K, images=50, videos=1, formats=_OLD_MOVING, tools=False, system=False, background=False
)
_Z1 = Served(128 * _K, 32 * _K, inline=True)

_SHARED: Mapping[str, Served] = {
    "glm-5.3": _THINKS,
    "glm-5.3-flash": replace(_THINKS, images=150, listed=False),
    "glm-5.2": Served(_MAX_CONTEXT, 128 * _K, ON_OFF, _EFFORTS_52, tool_stream=True),
    "glm-5.1": _CURRENT,
    "glm-5": _CURRENT,
    "glm-5-turbo": _CURRENT,
    "glm-4.7": _CURRENT,
    "glm-4.7-flash": _FREE,
    "glm-4.7-flashx": _FREE,
    "glm-4.6": _CURRENT,
    "glm-4.5": _MIDDLE,
    "glm-4.5-air": _MIDDLE,
    "glm-4.5-airx": _MIDDLE,
    "glm-4.5-x": _MIDDLE,
    "glm-4.5-flash": replace(_MIDDLE, listed=False),
    "glm-4-32b-0414-128k": _PLAIN,
    # Sources disagree on whether it takes tools; the stand-in believes the stricter one.
    "glm-5v-turbo": replace(_SEEING, context=200 * _K, output=128 * _K, tools=False),
    "glm-4.6v": _SEEING,
    "glm-4.6v-flash": replace(_SEEING, listed=False),
    "glm-4.6v-flashx": _SEEING,
    "glm-4.5v": Served(64 * _K, 16 * _K, _ON, images=50, videos=1, formats=_MOVING, files=True, tools=False),
}

_BIGMODEL_ONLY: Mapping[str, Served] = {
    "glm-z1-air": _Z1,
    "glm-z1-airx": _Z1,
    "glm-z1-flash": _Z1,
    "glm-4.1v-thinking-flash": _SEEING_OLD,
    "glm-4.1v-thinking-flashx": _SEEING_OLD,
    "glm-4-plus": _SMALL,
    "glm-4-flash-250414": _PLAIN,
    "glm-4-flashx-250414": _PLAIN,
    "glm-4-air-250414": _SMALL,
    "glm-4-airx": _SMALL,
    "glm-4-long": Served(_MAX_CONTEXT, 4 * _K),
    "glm-4v-flash": Served(16 * _K, 1 * _K, images=1, tools=False, background=False),
}

MODELS: Mapping[str, Mapping[str, Served]] = {
    "bigmodel": {**_SHARED, **_BIGMODEL_ONLY},
    "zai": _SHARED,
    "aimlapi": {"zhipu/glm-5-1": _BIG, "zhipu/glm-4.6": _BIG},
    "acedata": {
        "glm-5.3": Served(_MAX_CONTEXT, 128 * _K),
        "glm-5.2": Served(_MAX_CONTEXT, 128 * _K),
        "glm-5.1": _BIG,
        "glm-5": _BIG,
        "glm-5-turbo": _BIG,
        "glm-4.7": _BIG,
        "glm-4.6": _BIG,
        "glm-4.5-air": _MIDDLE,
        "glm-3-turbo": _SMALL,
    },
}
