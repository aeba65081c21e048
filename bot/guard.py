"""Stands between a model and the answer: what strangers made it say must not harm those who read it."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Protocol

from bot import sources
from bot.addresses import Trust
from bot.completion import Delta, FinishReason, Message, ModelRequest, Role, Source, ToolCall
from bot.echoes import EchoGuard
from bot.errors import ModelError
from bot.links import LinkGuard
from bot.markdown import blocks
from bot.marking import unquoted
from bot.prompt import voices, words
from bot.tools.permits import Find, holds_foreign, is_foreign


class Speaker(Protocol):
    """Whatever answers requests."""

    def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        """Ask and yield the answer as it comes."""
        ...


class Guard:
    """A model for one answer, in one or more rounds; of its text nothing comes out that it should not say.

    These are the instructions that it was given, and once strangers have a say in its prompt links that could carry
    data away, strangers' own links and foreign pictures. `asked` is the question of the turn, `find` finds tools by
    their names, `hosts` are those to which the operator lets answers link. What the answer was made from is listed at
    its end, in the language of the `locale`.
    """

    def __init__(
        self, model: Speaker, asked: str, find: Find, locale: str = "", hosts: frozenset[str] = frozenset()
    ) -> None:
        self._model = model
        self._find = find
        self._locale = locale
        self._wary = False
        self._sources: tuple[Source, ...] = ()
        self._trust = Trust(hosts)
        own = words(Message(Role.USER, asked))
        self._trust.learn(own)
        self._links = LinkGuard(self._trust, asked=own)
        self._said: list[str] = []

    async def stream(self, request: ModelRequest) -> AsyncGenerator[Delta, None]:
        """The answer to a request as it may be shown."""
        searched = request.search or sources.were_listed(request.messages)
        self._wary |= searched or holds_foreign(request.messages, self._find)
        self._take_in(request.messages)
        if self._said:
            # What is said in two rounds is shown with an empty line between.
            self._links.feed("\n\n")
            self._said.append("\n\n")
        echoes = EchoGuard(secret_of(request.messages))
        try:
            async with aclosing(self._model.stream(request)) as deltas:
                async for delta in deltas:
                    text = self._linked(echoes.feed(delta.text))
                    if delta.finish is not None:
                        text += self._rest(echoes)
                    if text:
                        self._said.append(text)
                    shown = delta if text == delta.text else replace(delta, text=text)
                    yield shown if delta.finish is None else self._ended(shown, request)
        except ModelError:
            yield Delta(text=self._rest(echoes))
            raise

    def _take_in(self, messages: Sequence[Message]) -> None:
        """Learn who wrote which addresses.

        What the model itself said before tells nothing: an address would become known by being said. Models give the
        same id to several calls: a result is that of the newest, or of any of these if they were made together.
        """
        calls: dict[str, list[ToolCall]] = {}
        for message in messages:
            calls |= {
                made.id: [call for call in message.tool_calls if call.id == made.id] for made in message.tool_calls
            }
            made = calls.get(message.tool_call_id, [])
            if message.role in (Role.SYSTEM, Role.USER):
                people, strangers = voices(message)
                self._trust.learn(people)
                self._trust.suspect(strangers)
            elif message.role is Role.TOOL:
                foreign = not made or any(is_foreign(self._find(call.name)) for call in made)
                take_in = self._trust.suspect if foreign else self._trust.learn
                take_in(message.content, echoed="\n".join(_spoken(call.arguments) for call in made))

    def _ended(self, last: Delta, request: ModelRequest) -> Delta:
        """The last delta of a round; that of the answer lists the sources of all rounds, those of the newest first."""
        self._sources = (*last.sources, *self._sources)
        answer = "".join(self._said)
        goes_on = last.tool_calls and request.tools
        if goes_on or last.finish is FinishReason.FILTERED or not answer.strip():
            return last
        listed = sources.listing(self._sources, self._locale)
        text = f"{last.text}{_closing(answer)}\n\n{listed}" if listed else last.text
        return replace(last, text=text, sources=self._sources)

    def _rest(self, echoes: EchoGuard) -> str:
        """What was held back."""
        return self._linked(echoes.end()) + self._links.end()

    def _linked(self, text: str) -> str:
        return self._links.feed(text) if self._wary else text


def as_found(text: str, asked: str, hosts: frozenset[str] = frozenset()) -> str:
    """What strangers wrote, as it may be shown to those who `asked` for it; `hosts` as for a Guard."""
    trust, own = Trust(hosts), words(Message(Role.USER, asked))
    trust.learn(own)
    trust.suspect(text)
    links = LinkGuard(trust, asked=own)
    return links.feed(text) + links.end()


def without_echoes(text: str, messages: Sequence[Message]) -> str:
    """A text without repetitions of the instructions in these messages."""
    echoes = EchoGuard(secret_of(messages))
    return echoes.feed(text) + echoes.end()


def secret_of(messages: Sequence[Message]) -> str:
    """The instructions in these messages."""
    return "\n".join(unquoted(message.content) for message in messages if message.role is Role.SYSTEM)


def _closing(answer: str) -> str:
    """What ends a block of code that an answer has left open."""
    return next((f"\n{block.closing}" for block in blocks(answer, lambda _: True)[-1:] if block.closing), "")


def _spoken(arguments: str) -> str:
    """Arguments of a call as a tool reads them."""
    with suppress(ValueError, RecursionError):  # then they are what they are
        return json.dumps(json.loads(arguments), ensure_ascii=False)
    return arguments
