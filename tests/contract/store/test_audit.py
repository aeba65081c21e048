from __future__ import annotations

import pytest

from bot.ports import Store
from bot.records import Change
from tests.contract.store.samples import Clock

SCOPE = "channel/discord/1"


async def named(store: Store, scope: str = "", limit: int = 50) -> list[str]:
    return [change.name for change in await store.changes(scope, limit=limit)]


async def test_what_an_actor_sets_is_noted_with_what_was_before(store: Store, clock: Clock) -> None:
    await store.set_setting(SCOPE, "model", "glm-4.6", by="discord/ann")
    clock.now += 1
    await store.set_setting(SCOPE, "model", "glm-4.5-air", by="discord/bob")
    clock.now += 1
    await store.set_setting(SCOPE, "model", None, by="discord/ann")
    assert list(await store.changes()) == [
        Change(1002.0, "discord/ann", SCOPE, "model", "glm-4.5-air", None),
        Change(1001.0, "discord/bob", SCOPE, "model", "glm-4.6", "glm-4.5-air"),
        Change(1000.0, "discord/ann", SCOPE, "model", None, "glm-4.6"),
    ]
    assert await store.settings("model", [SCOPE]) == {}


async def test_what_nobody_did_or_what_changes_nothing_is_not_noted(store: Store) -> None:
    await store.set_setting(SCOPE, "model", "glm-4.6")
    await store.set_setting(SCOPE, "model", "glm-4.6", by="discord/ann")
    await store.set_setting(SCOPE, "thinking", None, by="discord/ann")
    assert list(await store.changes()) == []
    assert await store.settings("model", [SCOPE]) == {SCOPE: "glm-4.6"}


async def test_what_is_no_setting_can_be_noted_too(store: Store) -> None:
    await store.note_change("discord/ann", "tool/mail", "approved", None, "turn 7")
    assert list(await store.changes("tool/")) == [
        Change(1000.0, "discord/ann", "tool/mail", "approved", None, "turn 7")
    ]


@pytest.mark.parametrize(
    ("scope", "limit", "names"),
    [
        ("", 50, ["c", "b", "a"]),
        ("", 2, ["c", "b"]),
        ("server/", 50, ["b", "a"]),
        ("server/%", 50, ["b"]),
        ("server/%", 0, []),
        ("elsewhere", 50, []),
    ],
)
async def test_the_newest_changes_of_scopes_that_begin_alike_come_first(
    store: Store, scope: str, limit: int, names: list[str]
) -> None:
    for place, name in (("server/1", "a"), ("server/%", "b"), ("user/1", "c")):
        await store.note_change("discord/ann", place, name, None, "x")
    assert await named(store, scope, limit) == names
