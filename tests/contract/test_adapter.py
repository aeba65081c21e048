"""What every Adapter must do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bot.messages import Ask, Control, ControlKind, Reply
from tests.fixtures.platforms import SENTENCE, Handle, Recorder

PATIENCE = 10.0
# What adapters note about commands, to answer them later.
COMMAND = ("interaction", "application", "token")


@asynccontextmanager
async def running(platform: Handle) -> AsyncGenerator[Recorder]:
    """The adapter runs, and ends cleanly."""
    inbox = Recorder()
    run = asyncio.create_task(platform.adapter.run(inbox))
    try:
        yield inbox
    finally:
        await platform.adapter.close()
        await asyncio.wait_for(run, PATIENCE)


async def asked(platform: Handle, inbox: Recorder, text: str = "hello") -> Ask:
    await platform.say(text)
    return await asyncio.wait_for(inbox.asks.get(), PATIENCE)


async def test_what_is_said_reaches_the_inbox_once(platform: Handle) -> None:
    async with running(platform) as inbox:
        first = await asked(platform, inbox, "one")
        second = await asked(platform, inbox, "two")
        assert [first.text, second.text] == ["one", "two"]
        assert inbox.asks.empty()


async def test_an_ask_says_who_said_it_where_and_when(platform: Handle) -> None:
    async with running(platform) as inbox:
        first, second = await asked(platform, inbox, "one"), await asked(platform, inbox, "two")
        assert first.key != second.key
        assert first.key.startswith(f"{platform.adapter.name}/")
        assert first.conversation.startswith(f"{platform.adapter.name}/")
        assert first.address.platform == platform.adapter.name
        assert first.author.name
        assert first.addressed
        assert 1_600_000_000 < first.at <= second.at


async def test_a_control_reaches_the_inbox_and_its_sentence_the_actor(platform: Handle) -> None:
    async with running(platform) as inbox:
        await asked(platform, inbox)
        told = asyncio.create_task(platform.stop())
        control = await asyncio.wait_for(inbox.controls.get(), PATIENCE)
        assert control.kind is ControlKind.STOP
        assert control.key.startswith(f"{platform.adapter.name}/")
        assert await asyncio.wait_for(told, PATIENCE) == SENTENCE
        assert inbox.asks.empty()


async def test_it_is_ready_while_events_arrive(platform: Handle) -> None:
    assert not platform.adapter.ready
    async with running(platform) as inbox:
        await asked(platform, inbox)
        assert platform.adapter.ready
    assert not platform.adapter.ready


async def ended(before: set[asyncio.Task[object]]) -> bool:
    """Whether no task is left that was not there before."""
    left = asyncio.all_tasks() - before
    if left:
        # The other side of a connection may need a moment to see that it is closed.
        await asyncio.wait(left, timeout=PATIENCE)
    return all(task.done() for task in left)


async def test_after_the_end_nothing_is_left_running(platform: Handle) -> None:
    before = asyncio.all_tasks()
    async with running(platform) as inbox:
        await asked(platform, inbox)
    assert await ended(before)


async def test_what_is_closed_before_it_runs_ends_at_once(platform: Handle) -> None:
    before = asyncio.all_tasks()
    await platform.adapter.close()
    await asyncio.wait_for(platform.adapter.run(Recorder()), PATIENCE)
    assert await ended(before)


async def test_what_is_closed_while_it_starts_ends_too(platform: Handle) -> None:
    before = asyncio.all_tasks()
    async with running(platform):
        await asyncio.sleep(0)
    assert await ended(before)


async def test_closing_twice_is_fine(platform: Handle) -> None:
    async with running(platform) as inbox:
        await asked(platform, inbox)
        await platform.adapter.close()


async def test_whoever_asks_has_a_name(platform: Handle) -> None:
    async with running(platform) as inbox:
        ask = await asked(platform, inbox)
        asker = await platform.adapter.asker(ask)
        assert asker.id == ask.author.id
        assert asker.name.lower() in {"ann", "alice"}


async def test_the_operator_can_be_told(platform: Handle) -> None:
    async with running(platform) as inbox:
        await asked(platform, inbox)
        assert await platform.adapter.tell_operator("no key")
        assert "no key" in platform.heard_by_operator()


async def test_courtesies_never_raise(platform: Handle) -> None:
    async with running(platform) as inbox:
        ask = await asked(platform, inbox)
        platform.fall_silent()
        await platform.adapter.show_waiting(ask)
        await platform.adapter.show_taken(ask)
        await platform.adapter.tell(ask, "a sentence")
        control = Control("a key", ControlKind.EXPORT, "", ask.address, ask.author, origin=dict.fromkeys(COMMAND, "1"))
        await platform.adapter.reply(control, Reply("a sentence", ("a.md", "a file")))
        assert not await platform.adapter.tell_operator("a sentence")
        assert list(await platform.adapter.background(ask)) == []
