"""Where a message cannot be edited another one shows its page: for the store and whoever comes next that is the one."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from adapters.console.surface import ConsoleSurface, Screen
from bot.board import Board
from bot.errors import LeaseLost, PlatformError, PlatformRefused
from bot.messages import Page, Post
from bot.pacing import Governor, Priority
from bot.ports import Claim, Store
from storage.memory import MemoryStore
from tests.fixtures.faults import Fault, Faults
from tests.fixtures.reply_desk import QUESTION, answered


class Unedited(ConsoleSurface):
    """A place in which a message of its own is made for each edit."""

    edits = 0

    async def edit(self, ref: str, page: Page) -> str:
        self.edits += 1
        return await self.post(page, Post(1, 0, 0, float(self.edits)))


class Noting(Governor):
    """Keeps the lanes and priorities for which permits were given."""

    def __init__(self) -> None:
        super().__init__(overall=None)
        self.given: list[tuple[str, Priority]] = []

    @asynccontextmanager
    async def permit(
        self, lane: str, priority: Priority, *, unseen_since: float = 0.0, exempt: bool = False
    ) -> AsyncGenerator[None]:
        self.given.append((lane, priority))
        yield


class Witness(Faults):
    """Notes at each deletion which messages the store knows by then."""

    def __init__(self, store: Store, *faults: Fault) -> None:
        super().__init__(*faults, latency=0.0)
        self.known: list[list[str]] = []
        self._store = store

    @asynccontextmanager
    async def __call__(self, call: str) -> AsyncGenerator[None]:
        if call == "delete":
            self.known.append([ref for ref in ("1", "2", "3") if await self._store.turn_of_post(ref)])
        async with super().__call__(call):
            yield


class Table:
    """A board with one page, "one", which is message 1."""

    def __init__(self, store: MemoryStore, claim: Claim, *faults: Fault) -> None:
        self.store, self.claim = store, claim
        self.witness = Witness(store, *faults)
        self.screen = Screen(io.StringIO(), around=self.witness)
        self.governor = Noting()
        self.board = Board(Unedited(self.screen, claim.turn), self.governor, store, claim)

    @property
    def texts(self) -> list[str]:
        return [message.page.text for message in self.screen.messages.values()]


async def laid(*faults: Fault) -> Table:
    store = MemoryStore()
    await store.accept(QUESTION, wakes=True, limit=5)
    claim = await store.claim("owner", 0.0)
    assert claim is not None
    table = Table(store, claim, *faults)
    await table.board.post(0, Page("one"))
    return table


async def test_only_the_message_that_took_its_place_is_left() -> None:
    table = await laid()
    await table.board.edit(0, Page("two"))
    assert table.texts == ["two"]
    [shown] = table.board.shown
    assert (shown.post.ref, shown.post.number, shown.page) == ("2", 1, Page("two"))


async def test_the_next_process_finds_the_new_message() -> None:
    table = await laid()
    await table.board.store_seals([3])
    await table.board.edit(0, Page("two"))
    await table.store.finish(table.claim, answered("two"))
    claim = await table.store.claim("the next", 0.0)
    assert claim is not None
    assert [(post.ref, post.seal) for post in claim.turn.posts] == [("2", 3)]


async def test_the_deletion_of_the_old_message_is_nobodys() -> None:
    table = await laid()
    await table.board.edit(0, Page("two"))
    await table.board.edit(0, Page("three"))
    assert table.witness.known == [["2"], ["3"]]


async def test_the_deletion_of_the_old_message_is_paced() -> None:
    table = await laid()
    await table.board.edit(0, Page("two"))
    assert table.governor.given == [("delete:talk", Priority.FINAL)]


@pytest.mark.parametrize("error", [PlatformError("down"), PlatformRefused("not allowed")])
async def test_an_old_message_that_stays_costs_nothing(error: PlatformError) -> None:
    table = await laid(Fault(error, only="delete"))
    await table.board.edit(0, Page("two"))
    assert table.texts == ["one", "two"]
    assert [shown.post.ref for shown in table.board.shown] == ["2"]


async def test_who_has_lost_the_lease_deletes_nothing() -> None:
    table = await laid()
    await table.store.claim("another", 30.0)
    with pytest.raises(LeaseLost):
        await table.board.edit(0, Page("two"))
    assert table.texts == ["one", "two"]


async def test_a_message_that_was_edited_stays() -> None:
    table = await laid()
    board = Board(ConsoleSurface(table.screen, table.claim.turn), table.governor, table.store, table.claim)
    board.shown += [replace(shown) for shown in table.board.shown]
    await board.edit(0, Page("two"))
    assert list(table.screen.messages) == ["1"]
    assert table.texts == ["two"]
    assert "delete" not in table.witness.calls
