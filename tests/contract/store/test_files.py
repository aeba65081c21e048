from __future__ import annotations

import pytest

from bot.messages import Attachment
from bot.ports import Store
from storage.sqlite import SqliteStore
from tests.contract.store.samples import Clock, answered, ask, claimed, end, put

FILE = Attachment("a.txt", "text/plain", 10, "https://files.test/a.txt")
AGE = 100.0


async def test_which_file_an_attachment_became_is_kept(store: Store) -> None:
    await put(store, ask(1, attachments=(FILE, FILE)), ask(2, "bob", attachments=(FILE,)))
    assert await store.files("m1") == {}
    assert await store.keep_file("m1", 1, "b")
    assert await store.keep_file("m1", 0, "a")
    assert await store.keep_file("m2", 0, "c")
    assert await store.files("m1") == {0: "a", 1: "b"}
    assert await store.files("m2") == {0: "c"}


async def test_the_last_word_counts(store: Store) -> None:
    await put(store, ask(1, attachments=(FILE,)))
    await store.keep_file("m1", 0, "a")
    await store.keep_file("m1", 0, "b")
    assert await store.files("m1") == {0: "b"}


async def test_a_file_stays_with_its_question_when_that_is_answered(store: Store) -> None:
    await answered(store, ask(1, attachments=(FILE,)))
    assert await store.keep_file("m1", 0, "a")
    await store.forget_old_files(AGE)
    assert await store.files("m1") == {0: "a"}


async def test_nothing_is_kept_for_what_is_unknown_or_context(store: Store) -> None:
    await answered(store, ask(1))
    await store.accept(ask(2, "bob"), wakes=False, limit=5)
    assert not await store.keep_file("m2", 0, "a")
    assert not await store.keep_file("never asked", 0, "a")


@pytest.mark.parametrize("state", ["waiting", "being answered", "answered"])
async def test_nothing_is_kept_for_a_question_that_was_deleted(store: Store, state: str) -> None:
    await put(store, ask(1, attachments=(FILE,)))
    if state != "waiting":
        claim = await claimed(store)
        if state == "answered":
            await end(store, claim)
    await store.withdraw_question("m1")
    assert not await store.keep_file("m1", 0, "a")


async def test_forgetting_says_what_belongs_to_nobody_any_more(store: Store) -> None:
    await put(store, ask(1), ask(2, "bob"))
    for number, digest in enumerate("aab"):
        await store.keep_file("m1", number, digest)
    await store.keep_file("m2", 0, "b")
    assert set(await store.forget_files("m1")) == {"a"}
    assert await store.files("m1") == {}
    assert set(await store.forget_files("m1")) == set()
    assert set(await store.forget_files("m2")) == {"b"}


async def test_the_wanted_ones_are_told_from_the_others(store: Store) -> None:
    await put(store, ask(1))
    await store.keep_file("m1", 0, "a")
    assert set(await store.wanted_files(["a", "b"])) == {"a"}
    assert set(await store.wanted_files([])) == set()


async def test_old_files_are_forgotten(store: Store, clock: Clock) -> None:
    await put(store, ask(1), ask(2, "bob"))
    await store.keep_file("m1", 0, "a")
    clock.now += AGE
    await store.keep_file("m2", 0, "b")
    await store.forget_old_files(AGE)
    assert set(await store.wanted_files(["a", "b"])) == {"a", "b"}
    clock.now += 1
    await store.forget_old_files(AGE)
    assert set(await store.wanted_files(["a", "b"])) == {"b"}


async def test_files_of_dropped_and_withdrawn_questions_are_forgotten(store: Store) -> None:
    await put(store, ask(1), ask(2, "bob"), ask(3, "bob"), ask(4, "eve"))
    for number in range(1, 5):
        await store.keep_file(f"m{number}", 0, f"d{number}")
    claim = await claimed(store)
    await store.withdraw_question("m1")
    await store.drop_waiting("talk", "bob")
    await store.forget_old_files(AGE)
    assert set(await store.wanted_files(["d1", "d2", "d3", "d4"])) == {"d4"}
    await end(store, claim)


async def test_what_a_file_became_survives_a_restart(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("store") / "glimmer.db"
    async with SqliteStore.open(path) as first:
        await put(first, ask(1, attachments=(FILE,)))
        await first.keep_file("m1", 0, "a")
    async with SqliteStore.open(path) as second:
        assert await second.files("m1") == {0: "a"}
