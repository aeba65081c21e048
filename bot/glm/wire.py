"""Builds request bodies: what is sent follows from the rows of the catalogue, never from a model's name."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import count, takewhile
from typing import Any, Final

from bot.completion import Message, ModelRequest, Role, Thinking, Tool, ToolCall
from bot.errors import ModelError
from bot.glm.catalogue import Offer, ThinkingStyle
from bot.glm.codes import Remedy
from bot.glm.errors import facts_of
from bot.glm.fields import parse
from bot.glm.parts import content_of, fit_media

# Reasoning and answer share one budget: a guess at how much more the reasoning of these levels takes.
_BUDGETS: Final[Mapping[Thinking | None, int]] = {Thinking.HIGH: 2, Thinking.MAX: 4}
# docs.bigmodel.cn, docs.z.ai and docs.aimlapi.com, "tools".
_MOST_TOOLS: Final = 128


@dataclass(frozen=True, slots=True)
class Options:
    """What the operator may choose for all requests.

    `max_tokens` is for reasoning and answer together: twice as many where much thinking is asked for, four times as
    many for the most, never above the model's own limit. `creativity` is the temperature on the scale of 0 to 1 at
    every provider; None leaves the model's default. Without `stream` whole answers are asked for.
    """

    max_tokens: int = 8192
    creativity: float | None = None
    stream: bool = True


def build_body(
    request: ModelRequest,
    offer: Offer,
    options: Options,
    remedies: Remedy = Remedy.NONE,
    identity: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The body of a chat request; a field without a value, or that the provider does not know, is left out.

    `identity` may hold `request_id` and `user_id`. Raises ModelError for a prompt without any question.
    """
    model, terms = offer.model, offer.terms
    level = model.level(None if Remedy.THINK_LESS in remedies else request.thinking)
    stream = options.stream and Remedy.WHOLE not in remedies
    optional = {
        **(identity or {}),
        "max_tokens": min(max(options.max_tokens * _BUDGETS.get(level, 1), model.least), model.output),
        **_sampling(offer, options.creativity),
        **({} if level is None or Remedy.THINK_FREELY in remedies else model.levels[level]),
        **_tools(request, offer),
        **({"stream_options": {"include_usage": True}} if stream else {}),
        **({"tool_stream": True} if stream and model.tool_stream and request.tools else {}),
    }
    return {
        "model": offer.id,
        "messages": _messages(request.messages, offer, remedies),
        **({"stream": True} if stream else {}),
        **{name: value for name, value in optional.items() if name in terms.fields and value is not None},
    }


def user_id(user: str, salt: str) -> str:
    """A keyed hash of 32 hex characters that stands for a user: the platform can then block one person, not the bot."""
    return blake2b(user.encode(), key=blake2b(salt.encode()).digest(), digest_size=16).hexdigest()


def encode(body: dict[str, Any]) -> bytes:
    """The body as it goes over the wire; half of a surrogate pair in the text becomes a question mark."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _sampling(offer: Offer, creativity: float | None) -> dict[str, Any]:
    wanted = offer.model.temperature if creativity is None else creativity
    return {
        "temperature": _within(wanted, offer.terms.temperature),
        "top_p": _within(offer.model.top_p, offer.terms.top_p),
        "do_sample": False if wanted is not None and wanted <= 0 else None,
    }


def _within(value: float | None, limits: tuple[float, float]) -> float | None:
    return None if value is None else min(max(value, limits[0]), limits[1])


def _tools(request: ModelRequest, offer: Offer) -> dict[str, Any]:
    """The functions, and after them the provider's own search; the choice is about functions only."""
    search = [{"type": "web_search", "web_search": dict(offer.search)}] if request.search and offer.search else []
    offered = request.tools[: _MOST_TOOLS - len(search)] if offer.model.tools else ()
    tools = [*map(_function, offered), *search]
    return {"tools": tools, "tool_choice": "auto" if offered else None} if tools else {}


def _function(tool: Tool) -> dict[str, Any]:
    described = tool.description or tool.name  # z.ai wants one
    schema = {"name": tool.name, "description": described, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": schema}


def _messages(messages: Sequence[Message], offer: Offer, remedies: Remedy) -> list[dict[str, Any]]:
    system = "\n\n".join(m.content for m in messages if m.role is Role.SYSTEM and m.content.strip())
    fitted = fit_media([m for m in messages if m.role is not Role.SYSTEM], offer.model)
    talk = _from_question(list(_whole_exchanges(fitted, offer)), offer, remedies)
    apart = offer.model.system and Remedy.FOLD_SYSTEM not in remedies
    leads = ["" if apart else system] + [""] * (len(talk) - 1)
    wire = [_message(message, lead, offer, remedies) for message, lead in zip(talk, leads, strict=True)]
    return [{"role": "system", "content": system}, *wire] if system and apart else wire


def _from_question(talk: list[Message], offer: Offer, remedies: Remedy) -> list[Message]:
    """From the first question on, or from a later one where a remedy leaves older messages out."""
    questions = [number for number, message in enumerate(talk) if message.role is Role.USER]
    if not questions:
        raise ModelError("the prompt has no question", text="bug", facts=facts_of(offer.name))
    if Remedy.FORGET in remedies:
        return talk[questions[-1] :]
    return talk[questions[len(questions) // 2 if Remedy.SHORTEN in remedies else 0] :]


def _whole_exchanges(messages: Sequence[Message], offer: Offer) -> Iterator[Message]:
    """Without empty messages, and without tool calls that lack results or results that lack their call.

    A model without tools sees none; ids that were used before become different ones.
    """
    used: set[str] = set()
    for number, message in enumerate(messages):
        if message.tool_calls:
            results = list(takewhile(lambda later: later.role is Role.TOOL, messages[number + 1 :]))
            called = sorted(call.id for call in message.tool_calls)
            answered = sorted(result.tool_call_id for result in results)
            if offer.model.tools and called == answered and len(set(called)) == len(called):
                yield from _under_new_ids(message, results, used)
        elif message.role is not Role.TOOL and (message.content.strip() or message.media):
            yield message


def _under_new_ids(message: Message, results: Sequence[Message], used: set[str]) -> Iterator[Message]:
    fresh: dict[str, str] = {}
    for call in message.tool_calls:
        # Reported of the vendor's models: the same id for calls of different turns.
        names = (f"{call.id}_{number}" if number else call.id for number in count())
        fresh[call.id] = next(name for name in names if name not in used)
        used.add(fresh[call.id])
    yield replace(message, tool_calls=tuple(replace(call, id=fresh[call.id]) for call in message.tool_calls))
    yield from (replace(result, tool_call_id=fresh[result.tool_call_id]) for result in results)


def _message(message: Message, lead: str, offer: Offer, remedies: Remedy) -> dict[str, Any]:
    content = content_of(message, offer.model, lead, data_urls=Remedy.DATA_URL in remedies)
    wire: dict[str, Any] = {"role": message.role.value, "content": content}
    if message.tool_calls:
        wire["tool_calls"] = [_tool_call(call) for call in message.tool_calls]
        if message.reasoning and offer.terms.recalls and offer.model.thinking is ThinkingStyle.REASONING:
            wire["reasoning_content"] = message.reasoning
    if message.tool_call_id:
        wire["tool_call_id"] = message.tool_call_id
    return wire


def _tool_call(call: ToolCall) -> dict[str, Any]:
    # Templates of the models read the arguments as an object: one that is none would spoil the whole request.
    arguments = call.arguments if isinstance(parse(call.arguments), dict) else "{}"
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}
