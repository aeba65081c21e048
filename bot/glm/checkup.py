"""Asks every configured provider for one short answer: whether its key and address are right."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from typing import Final

import httpx

from bot.completion import Message, ModelRequest, Role
from bot.errors import OperatorError
from bot.findings import Finding
from bot.glm.answer import Bounds
from bot.glm.catalogue import Offer, catalogue
from bot.glm.endpoint import Endpoint, ProviderSettings
from bot.glm.errors import Fault, operator_line
from bot.glm.wire import Options, build_body, encode

# Seconds until the first piece of an answer, and tokens that one may cost at most.
_PATIENCE: Final = 15.0
_OPTIONS: Final = Options(max_tokens=16)
_PROMPT: Final = (Message(Role.USER, "Say hi."),)
# By the text for the user: what the operator does about it.
_REMEDIES: Final[Mapping[str, str]] = {
    "config": "copy the key again from the provider's console, and compare the address",
    "quota": "top up the account, or use another key",
    "model": "choose another model with GLM_MODEL",
    "busy": "check the address and the network, or try again in a minute",
    "wait": "try again in a minute",
}
_OTHERWISE: Final = "look the code up in the provider's documentation"


async def check(
    providers: Sequence[ProviderSettings], model: str = "", *, transport: httpx.AsyncBaseTransport | None = None
) -> Sequence[Finding]:
    """All findings; each provider is asked for `model` where it has that, else for its best, for at most 15 seconds."""
    seen = await asyncio.gather(*(_ask(settings, model, transport) for settings in providers))
    return [*_default_model(model, [settings.name for settings in providers]), *itertools.chain(*seen)]


def _default_model(model: str, providers: Sequence[str]) -> list[Finding]:
    names = [info.name for info in catalogue().infos(providers)]
    if not model or model in names:
        return []
    return [Finding("GLM_MODEL", f"no configured provider offers {model!r}", f"choose from {', '.join(names)}")]


async def _ask(settings: ProviderSettings, model: str, transport: httpx.AsyncBaseTransport | None) -> list[Finding]:
    known = catalogue()
    offer = known.offer(model, settings.name) or known.offer(known.infos([settings.name])[0].name, settings.name)
    assert offer is not None
    bounds = Bounds(connect=_PATIENCE)
    try:
        endpoint = Endpoint(settings, offer.terms, bounds, verify=httpx.create_ssl_context(), transport=transport)
    except OperatorError as error:
        name, _, problem = str(error).partition(" ")
        return [Finding(name, problem, _REMEDIES["config"])]
    try:
        await _first_piece(endpoint, offer)
    except Fault as fault:
        return [_finding(offer, fault)]
    finally:
        await endpoint.aclose()
    return []


async def _first_piece(endpoint: Endpoint, offer: Offer) -> None:
    body = build_body(ModelRequest(offer.name, _PROMPT, ""), offer, _OPTIONS)
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    async with aclosing(endpoint.ask(offer, encode(body), first=deadline, deadline=deadline)) as answer:
        async for _ in answer:
            return


def _finding(offer: Offer, fault: Fault) -> Finding:
    line = operator_line(offer, fault)
    problem, _, remedy = line.partition("; ")
    return Finding(
        offer.provider,
        problem or f"no answer for {offer.name} (code {fault.code})",
        remedy or _REMEDIES.get(fault.rule.text, _OTHERWISE),
        # A provider that is only busy has taken the key.
        missing=bool(line) or fault.code in ("silent", "stalled"),
    )
