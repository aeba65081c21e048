"""Builds request bodies: what is sent follows from the rows of the catalogue, never from a model's name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import takewhile
from typing import Any

from bot.errors import ModelError
from bot.glm.catalogue import Offer
from bot.glm.codes import Remedy
from bot.glm.errors import facts_of
from bot.messages import Message, ModelRequest, Role, ToolCall


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator may choose for all requests.

    `max_tokens` is for reasoning and answer together and never above the model's own limit. `temperature` is on the
    scale of 0 to 1; None leaves the model's default.
    """

    max_tokens: int = 8192
    temperature: float | None = None
    thinking: bool = False


def build_body(
    request: ModelRequest,
    offer: Offer,
    options: Options,
    remedies: Remedy = Remedy.NONE,
    identity: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The body of a streaming chat request; a field without a value, or that the provider does not know, is left out.

    `identity` may hold `request_id` and `user_id`. Raises ModelError for a prompt without any question.
    """
    model, terms = offer.model, offer.terms
    optional = {
        **(identity or {}),
        "max_tokens": min(options.max_tokens, model.output),
        **_sampling(offer, options.temperature),
        "stream_options": {"include_usage": True},
        **_thinking(offer, options, remedies),
    }
    return {
        "model": offer.id,
        "messages": _messages(request.messages, offer, remedies),
        "stream": True,
        **{name: value for name, value in optional.items() if name in terms.fields and value is not None},
    }


def user_id(user: str, salt: str) -> str:
    """A keyed hash of 32 hex characters that stands for a user: the platform can then block one person, not the bot."""
    return blake2b(user.encode(), key=blake2b(salt.encode()).digest(), digest_size=16).hexdigest()


def encode(body: dict[str, Any]) -> bytes:
    """The body as it goes over the wire; half of a surrogate pair in the text becomes a question mark."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _sampling(offer: Offer, temperature: float | None) -> dict[str, Any]:
    wanted = offer.model.temperature if temperature is None else temperature
    return {
        "temperature": _within(wanted, offer.terms.temperature),
        "top_p": _within(offer.model.top_p, offer.terms.top_p),
        "do_sample": False if wanted is not None and wanted <= 0 else None,
    }


def _within(value: float | None, limits: tuple[float, float]) -> float | None:
    return None if value is None else min(max(value, limits[0]), limits[1])


def _thinking(offer: Offer, options: Options, remedies: Remedy) -> dict[str, Any]:
    if Remedy.THINK_FREELY in remedies:
        return {}
    return {} if options.thinking and Remedy.THINK_LESS not in remedies else offer.model.quiet


def _messages(messages: Sequence[Message], offer: Offer, remedies: Remedy) -> list[dict[str, Any]]:
    system = "\n\n".join(m.content for m in messages if m.role is Role.SYSTEM and m.content.strip())
    talk = list(_whole_exchanges([m for m in messages if m.role is not Role.SYSTEM]))
    questions = [number for number, message in enumerate(talk) if message.role is Role.USER]
    if not questions:
        raise ModelError("the prompt has no question", text="bug", facts=facts_of(offer.name))
    first = questions[len(questions) // 2] if Remedy.SHORTEN in remedies else questions[0]
    wire = [_message(message) for message in talk[first:]]
    if system and offer.model.system and Remedy.FOLD_SYSTEM not in remedies:
        wire.insert(0, {"role": "system", "content": system})
    elif system:
        wire[0]["content"] = f"{system}\n\n{wire[0]['content']}"
    return wire


def _whole_exchanges(messages: Sequence[Message]) -> Iterator[Message]:
    """Without empty messages, and without tool calls that lack results or results that lack their call."""
    for number, message in enumerate(messages):
        if message.tool_calls:
            results = list(takewhile(lambda later: later.role is Role.TOOL, messages[number + 1 :]))
            if {call.id for call in message.tool_calls} == {result.tool_call_id for result in results}:
                yield message
                yield from results
        elif message.role is not Role.TOOL and message.content.strip():
            yield message


def _message(message: Message) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": message.role.value, "content": message.content}
    if message.tool_calls:
        wire["tool_calls"] = [_tool_call(call) for call in message.tool_calls]
    if message.tool_call_id:
        wire["tool_call_id"] = message.tool_call_id
    return wire


def _tool_call(call: ToolCall) -> dict[str, Any]:
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
