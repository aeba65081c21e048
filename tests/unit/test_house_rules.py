from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UserError
from bot.house_rules import LISTED_CHANGES, MOST_RULES
from bot.messages import Address, Author, ControlKind, Right
from bot.rulebooks import EVERYWHERE
from bot.rules import Book, Ruleset, Unit, Verdict
from tests.fixtures.porch import MONA, ROOT, SERVER, Porch
from tests.fixtures.stage import a_control
from tests.fixtures.virtual_time import run_virtually

HERE = "server/discord/guild"
DIRECT = Address("discord", "", "dm", locale="en-US")
# Discord docs, resources/message#create-message: characters of a message.
MESSAGE = 2_000


@pytest.mark.parametrize(
    ("value", "book"),
    [
        ("allow channel:here", Book(Ruleset({"channel:general": Verdict.ALLOW}))),
        ("allow here", Book(Ruleset({"channel:general": Verdict.ALLOW}))),
        ("deny CATEGORY:here", Book(Ruleset({"category:talk": Verdict.DENY}))),
        ("Deny server:here", Book(Ruleset({"server:guild": Verdict.DENY}))),
        ("deny role:7", Book(Ruleset({"role:7": Verdict.DENY}))),
        ("default deny", Book(Ruleset(default=Verdict.DENY))),
        ("default off", Book()),
        ("deny user:1 tool:weather", Book(tools={"weather": Ruleset({"user:1": Verdict.DENY})})),
        ("default deny tool:weather", Book(tools={"weather": Ruleset(default=Verdict.DENY)})),
        ("quota user 50 requests", Book(quotas={"user": {Unit.REQUESTS: 50.0}})),
        ("quota channel:here 2.5 usd", Book(quotas={"channel:general": {Unit.USD: 2.5}})),
    ],
)
async def test_what_a_change_writes(value: str, book: Book) -> None:
    porch = Porch()
    await porch.access(value)
    assert await porch.books.kept(HERE) == book


async def test_a_change_says_what_is_new() -> None:
    porch = Porch()
    assert await porch.access("deny user:1") == "**This server or workspace**\n`user:1`: – → deny"
    assert await porch.access("allow user:1") == "**This server or workspace**\n`user:1`: deny → allow"
    assert await porch.access("quota user 1000000 tokens") == (
        "**This server or workspace**\n`quota user tokens`: – → 1000000"
    )
    assert await porch.access("allow user:1") == "Nothing has changed by that."


async def test_what_is_taken_back_is_gone_from_all_books_that_one_may_change() -> None:
    porch = Porch()
    await porch.access("deny user:1")
    await porch.access("deny user:1", ROOT)
    await porch.access("clear user:1", ROOT)
    assert await porch.books.kept(HERE) == await porch.books.kept(EVERYWHERE) == Book()
    await porch.access("deny user:1", ROOT)
    assert await porch.access("clear user:1") == "Nothing has changed by that."


async def test_quotas_of_a_subject_are_taken_back_together() -> None:
    porch = Porch()
    for quota in ("user 5 requests", "user 7 tokens", "role:1 9 requests"):
        await porch.access(f"quota {quota}")
    await porch.access("quota user off")
    assert (await porch.books.kept(HERE)).quotas == {"role:1": {Unit.REQUESTS: 9.0}}


@pytest.mark.parametrize(
    "value",
    [
        *("frobnicate", "allow", "allow ann", "deny somebody:1", "default", "default maybe", "quota", "quota user"),
        *("quota user lots", "deny user:1 weather", "deny user:1 tool:weather now", "clear", "quota category:1 off"),
    ],
)
async def test_what_is_not_understood_gets_examples(value: str) -> None:
    porch = Porch()
    assert "For instance" in await porch.not_understood(value)
    assert await porch.books.kept(HERE) == Book()


@pytest.mark.parametrize("value", ["", "show", "log", "deny user:1", "nonsense"])
@pytest.mark.parametrize("rights", [frozenset[Right](), frozenset({Right.MODERATE, Right.MANAGE_CHANNEL})])
async def test_the_rules_are_shown_to_and_changed_by_those_who_may(value: str, rights: frozenset[Right]) -> None:
    porch = Porch()
    assert "for my admins" in await porch.not_understood(value, Author("ann", "Ann", rights))
    assert await porch.books.kept(HERE) == Book()


async def test_an_admins_rules_hold_everywhere_and_can_be_made_anywhere() -> None:
    porch = Porch()
    await porch.access("deny user:1", ROOT, DIRECT)
    await porch.access("deny user:2", ROOT)
    assert set((await porch.books.kept(EVERYWHERE)).access.rules) == {"user:1", "user:2"}


async def test_who_may_change_a_book_sees_it_and_no_other() -> None:
    porch = Porch(Book(Ruleset({"user:9": Verdict.DENY})))
    await porch.access("deny user:1", ROOT)
    await porch.access("deny user:2")
    manager, admin = await porch.access("show"), await porch.access("", ROOT)
    assert "`user:2`: deny" in manager
    assert "Everywhere" not in manager
    assert "user:1" not in manager
    assert all(f"`user:{number}`: deny" in admin for number in (1, 2, 9))
    assert "/access quota user 50 requests" in manager
    assert "no rules" in await Porch().access("show")


async def test_however_many_rules_there_are_they_fit_into_a_message() -> None:
    porch = Porch()
    rules = {f"channel:{number:020}": Verdict.DENY for number in range(MOST_RULES)}
    await porch.books.keep(HERE, Book(Ruleset(rules)), "discord/mona")
    await porch.books.keep(EVERYWHERE, Book(Ruleset(rules)), "discord/root")
    assert len(await porch.access("log")) <= MESSAGE
    shown = await porch.access("show", ROOT)
    assert "\n…\n" in shown
    assert len(shown) <= MESSAGE


async def test_a_book_has_an_end() -> None:
    porch = Porch()
    rules = {f"user:{number}": Verdict.DENY for number in range(MOST_RULES)}
    await porch.books.keep(HERE, Book(Ruleset(rules)), "discord/mona")
    with pytest.raises(UserError, match="No more than 500"):
        await porch.access("deny user:one-more")
    await porch.access("allow user:1")


# The log -------------------------------------------------------------------------------------------------------------


async def test_every_change_is_noted_with_who_made_it() -> None:
    porch = Porch()
    await porch.access("deny user:1")
    await porch.access("deny user:2", ROOT)
    await porch.access("deny user:2", ROOT)
    changes = await porch.store.changes()
    assert [(change.actor, change.scope) for change in changes] == [
        ("discord/root", EVERYWHERE),
        ("discord/mona", HERE),
    ]


async def test_the_log_has_the_last_changes_newest_first() -> None:
    porch = Porch()
    for number in range(LISTED_CHANGES + 2):
        porch.now += 60.0
        await porch.access(f"deny user:{number}")
    head, *lines = (await porch.access("log")).splitlines()
    assert head == "**The last changes (UTC)**"
    assert len(lines) == LISTED_CHANGES
    assert lines[0] == "10-04 06:12 `discord/mona` `user:11`: – → deny"
    assert "no rules" in await Porch().access("log")


async def test_the_log_of_a_server_has_nothing_of_others() -> None:
    porch = Porch()
    await porch.access("deny user:1", MONA, Address("discord", "guild2", "c"))
    await porch.access("deny user:2", ROOT)
    assert "no rules" in await porch.access("log")
    assert "user:2" in await porch.access("log", ROOT)


async def test_other_settings_of_a_server_are_in_its_log() -> None:
    porch = Porch()
    await porch.store.set_setting(HERE, "model", "glm-one", by="discord/mona")
    assert "`discord/mona` `model`: – → glm-one" in await porch.access("log")


# Whatever is written -------------------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        *("allow", "deny", "clear", "default", "quota", "show", "log", "off", "here", "user", "user:1", "role:2"),
        *("channel:here", "tool:weather", "5", "requests", "usd", "-1", "nan", "é", "user:", "<@1>"),
    ]
)


@given(st.lists(WORDS, max_size=5))
def test_whatever_is_written_is_done_or_answered_with_examples(words: list[str]) -> None:
    async def act() -> None:
        porch = Porch()
        try:
            sentence = await porch.access(" ".join(words))
        except UserError as error:
            sentence = str(error)
        assert sentence
        assert (await porch.books.kept(HERE)).limits({}) is not None

    run_virtually(act())


async def test_a_control_is_acted_on_where_it_was_given() -> None:
    porch = Porch()
    control = replace(a_control(ControlKind.ACCESS, value="deny here", address=SERVER), actor=MONA)
    await porch.rules.act(control)
    await porch.rules.act(control)
    assert (await porch.books.kept(HERE)).lines() == {"channel:general": "deny"}
