"""Calls tools for the model: whatever goes wrong comes back as data, within limits of time and size."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, cast

import httpx
import structlog
from pydantic import BaseModel, ValidationError

from bot import metrics
from bot.addresses import harmless
from bot.completion import Tool, ToolCall
from bot.errors import ServiceError, UserError
from bot.messages import Ask
from bot.tools.registry import Context, Search, ToolFunction

log = structlog.get_logger(__name__)

# Facts on the GLM API, section 3.1: so many functions may a request have.
TOOLS: Final = 128
# Characters of a result that the model is given: some 2,500 tokens.
RESULT_LIMIT: Final = 8_000
_CUT: Final = "\n[cut here: the result goes on]"
_LABEL_LIMIT: Final = 40
# Seconds for each step of a request that a tool makes; the call as a whole has its own limit.
_TIMEOUT: Final = 10.0
# Characters of what a tool complains of; people are shown it in one message, and Discord's, the shortest, take 2,000.
_COMPLAINT: Final = 1_000
# Seconds that calls have to come to their end when the box is closed.
_LEAVE: Final = 2.0


@dataclass(frozen=True, slots=True)
class Result:
    """What a call has given, as the model is told it; for one that failed, `failure` is what was wrong."""

    text: str
    failure: str = ""

    @classmethod
    def read(cls, text: str) -> Result:
        """A result from its text."""
        told = _parsed(text) if text.startswith('{"error": ') else None
        return cls(text, str(told["error"]) if told else "")

    @property
    def failed(self) -> bool:
        """Whether the call gave nothing."""
        return bool(self.failure)


class Toolbox:
    """The tools that may be called: those it was made with, and those that sources offer while it is in use.

    `services` are the roots of services that are elsewhere than usual, by name.
    """

    def __init__(self, tools: Sequence[ToolFunction], services: Mapping[str, str] | None = None) -> None:
        self._own = tuple(tools)
        self._offers: dict[str, tuple[ToolFunction, ...]] = {}
        self._left_out: frozenset[str] = frozenset()
        self._tools: Mapping[str, ToolFunction] = {item.name: item for item in tools}
        self._services = services or {}
        self._http: httpx.AsyncClient | None = None
        self._tasks: set[asyncio.Task[Result]] = set()
        self._news = asyncio.Event()

    def offer(self, source: str, tools: Sequence[ToolFunction]) -> None:
        """Take the tools of a source in place of those that it offered before.

        Where a name is taken, the box's own tools come first, then sources by their first offer; at most TOOLS in all.
        """
        self._offers[source] = tuple(tools)
        merged = {item.name: item for item in self._own}
        left_out: dict[str, str] = {}
        for offering, item in ((offering, item) for offering, items in self._offers.items() for item in items):
            if item.name in merged or len(merged) >= TOOLS:
                left_out[item.name] = offering
            else:
                merged[item.name] = item
        # Sources offer again and again: what was left out before is no news.
        for name in left_out.keys() - self._left_out:
            log.warning("tool.left_out", tool=name, source=left_out[name])
        self._tools, self._left_out = merged, frozenset(left_out)
        self._news.set()

    def context(self, ask: Ask, words: str | None = None, search: Search | None = None) -> Context:
        """What tools may use and know when they are called for this ask; `words` and `search` as in Context."""
        if self._http is None:  # made on use: reading the certificates takes longer than most of the start
            self._http = httpx.AsyncClient(timeout=_TIMEOUT, headers={"User-Agent": "glimmer"})
        return Context(
            self._http, ask.address, ask.author, ask.conversation, time.time(), self._services, words, search
        )

    async def aclose(self) -> None:
        """End what calls have left running, and close all connections."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LEAVE)
        if self._http is not None:
            await self._http.aclose()

    @property
    def specs(self) -> tuple[Tool, ...]:
        """What the model is told of all tools."""
        return tuple(item.spec for item in self._tools.values())

    @property
    def commands(self) -> Sequence[ToolFunction]:
        """The tools that people may call themselves."""
        return [item for item in self._tools.values() if item.command]

    @property
    def lasting(self) -> frozenset[str]:
        """The names of the tools that change something."""
        return frozenset(item.name for item in self._tools.values() if item.effects)

    def find(self, name: str) -> ToolFunction | None:
        """A tool by its name."""
        return self._tools.get(name)

    async def awaited(self, name: str, seconds: float) -> ToolFunction | None:
        """A tool by its name, which may come back within so many seconds; None when it does not."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while name not in self._tools:
                    self._news.clear()
                    await self._news.wait()
        return self.find(name)

    def label(self, call: ToolCall) -> str:
        """What a call is about, for people: the tool's name and its first argument."""
        arguments = _parsed(call.arguments)
        first = next((str(value) for value in (arguments or {}).values() if value not in (None, "")), "")
        # Half of a surrogate pair is nothing that a platform takes.
        shown = first[:_LABEL_LIMIT].encode("utf-8", "replace").decode()
        return f"{call.name} · {harmless(shown)}" if first else call.name

    def fits(self, call: ToolCall) -> bool:
        """Whether there is such a tool, and it takes these arguments."""
        return not isinstance(self._fitting(call), str)

    async def call(self, call: ToolCall, context: Context) -> Result:
        """Make a call; never raises, but for a cancellation."""
        fitting = self._fitting(call)
        if isinstance(fitting, str):
            return _failure(call.name if call.name in self._tools else "unknown", fitting)
        known, arguments = fitting
        return await self._limited(_run(known, arguments, call, context), known)

    async def _limited(self, running: Coroutine[Any, Any, Result], known: ToolFunction) -> Result:
        """What a call gives within its time; nobody waits for one that clings to life after that."""
        task = asyncio.create_task(running)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            await asyncio.wait({task}, timeout=known.seconds)
        finally:
            task.cancel()
        if not task.done():
            return _failure(known.name, f"no result within {known.seconds:g} seconds")
        if task.cancelled():  # by the tool itself: the turn would take it for its own end, and never have one
            return _failure(known.name, "the tool failed (CancelledError)")
        return task.result()

    def _fitting(self, call: ToolCall) -> tuple[ToolFunction, BaseModel] | str:
        """The tool and its arguments, or what is wrong with them."""
        known = self._tools.get(call.name)
        if known is None:
            return f"there is no tool {call.name!r}; there are {', '.join(self._tools) or 'none'}"
        arguments = _parsed(call.arguments)
        if arguments is None:
            return "the arguments are not a JSON object"
        try:
            return known, known.arguments.model_validate(arguments)
        except ValidationError as error:
            return _complaint(error)


async def _run(known: ToolFunction, arguments: BaseModel, call: ToolCall, context: Context) -> Result:
    given = {name: getattr(arguments, name) for name in type(arguments).model_fields}
    if known.context:
        given[known.context] = context
    try:
        text = _as_text(await known.body(**given))
    except (UserError, ServiceError) as error:
        return _failure(call.name, str(error)[:_COMPLAINT])
    except asyncio.CancelledError:
        raise
    except BaseException as error:  # a tool is somebody else's code: whatever it raises, the answer goes on
        log.exception("tool.crashed", tool=call.name)
        return _failure(call.name, f"the tool failed ({type(error).__name__})")
    metrics.tool_calls.labels(call.name, "done").inc()
    return Result(text if len(text) <= RESULT_LIMIT else text[: RESULT_LIMIT - len(_CUT)] + _CUT)


def _failure(tool: str, why: str) -> Result:
    metrics.tool_calls.labels(tool, "failed").inc()
    log.info("tool.failed", tool=tool)
    return Result(json.dumps({"error": why}, ensure_ascii=False), why)


def _as_text(value: object) -> str:
    """A result as text; raises TypeError and ValueError for what is none: bytes, NaN, objects."""
    if value is None:
        return "(no result)"
    if isinstance(value, str):
        return value or "(no result)"
    if isinstance(value, BaseModel):
        return value.model_dump_json()
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _parsed(arguments: str) -> dict[str, Any] | None:
    """The arguments as an object, None when they are none; nothing at all is an empty one."""
    try:
        value: object = json.loads(arguments or "{}")
        # Some models encode the object twice.
        value = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return None
    if value is None:
        return {}
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _complaint(error: ValidationError) -> str:
    """What does not fit, without what was given."""
    wrong = [f"{'.'.join(map(str, item['loc'])) or 'arguments'}: {item['msg']}" for item in error.errors()[:5]]
    return "the arguments do not fit: " + "; ".join(wrong)
