"""Controls on their way: stored, acted on and answered once each, also when the process dies in between."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final
from weakref import WeakValueDictionary

import structlog

from bot import metrics, texts
from bot.commands import Commands
from bot.errors import UserError
from bot.messages import Control, ControlKind, Reply
from bot.ports import Adapter, Store
from bot.tasks import Tasks
from bot.vocabulary import SLOW

log = structlog.get_logger(__name__)

# These are not stored: acting on them begins with a durable write, and most events of messages concern nobody.
_UNSTORED: Final = frozenset({ControlKind.QUESTION_EDITED, ControlKind.QUESTION_DELETED, ControlKind.ANSWER_DELETED})


class Controls:
    """Takes in controls; those that take long are acted on in `tasks`, and answered through their adapter."""

    def __init__(self, store: Store, commands: Commands, adapters: Mapping[str, Adapter], tasks: Tasks) -> None:
        self._store = store
        self._commands = commands
        self._adapters = adapters
        self._tasks = tasks
        self._under_way: set[str] = set()
        self._lines: WeakValueDictionary[tuple[str, str], asyncio.Lock] = WeakValueDictionary()

    async def take(self, control: Control) -> Reply:
        """Store a control, act on it, and return what is for its actor: nothing yet where that takes long."""
        metrics.controls.labels(control.kind).inc()
        if control.kind in _UNSTORED:
            return await self._act(control)
        pinned = await self._commands.pinned(control)
        return await self._begin(pinned) if await self._store.accept_control(pinned) else Reply()

    async def resume(self) -> None:
        """Act on what was stored but not acted on when the last process died."""
        for control in await self._store.unsettled():
            try:
                await self._begin(control)
            except Exception:  # one that cannot be acted on must not keep all others from being answered
                log.exception("control.failed", key=control.key, kind=control.kind)

    async def _begin(self, control: Control) -> Reply:
        if control.kind in SLOW:
            if control.key not in self._under_way:
                self._under_way.add(control.key)
                self._tasks.start(self._answer(control))
            return Reply()
        reply = await self._act(control)
        await self._store.settle(control.key)
        return reply

    async def _answer(self, control: Control) -> None:
        """Act on a control that was acknowledged, and tell its actor: rather twice than never."""
        # What somebody wants to have is given to them before they have it removed.
        who = (control.address.platform, control.actor.id)
        async with self._lines.setdefault(who, asyncio.Lock()):
            try:
                await self._carry_out(control)
            finally:
                self._under_way.discard(control.key)

    async def _carry_out(self, control: Control) -> None:
        adapter = self._adapters[control.address.platform]
        try:
            reply = await self._act(control)
        except Exception:  # whatever it was, somebody waits for an answer; it is tried again after a restart
            log.exception("control.failed", key=control.key, kind=control.kind)
            await adapter.reply(control, Reply(texts.say("not_stored", control.address.locale)))
        else:
            await adapter.reply(control, reply)
            await self._store.settle(control.key)

    async def _act(self, control: Control) -> Reply:
        try:
            return await self._commands.act(control)
        except UserError as error:
            return Reply(str(error))
