from __future__ import annotations

from dataclasses import replace

import pytest
from prometheus_client import REGISTRY

from bot import texts
from bot.completion import ToolCall
from bot.gate import TOLD_EVERY
from bot.loop_guard import EXCHANGES
from bot.messages import Address, Attachment, Author, ControlKind
from bot.rulebooks import EVERYWHERE, Operator
from bot.rules import Book, Ruleset, Verdict
from tests.fixtures.porch import MONA, ROOT, SERVER, Porch, click
from tests.fixtures.stage import an_ask

DIRECT = Address("discord", "", "dm", locale="en-US")
CLOSED = Book(Ruleset(default=Verdict.DENY))
ROBOT = Author("robot", "Robot", bot=True)
FREE = [
    *(ControlKind.STOP, ControlKind.JOBS, ControlKind.HELP, ControlKind.ACCESS),
    *(ControlKind.EXPORT, ControlKind.FORGET, ControlKind.DENY),
    *(ControlKind.QUESTION_EDITED, ControlKind.QUESTION_DELETED, ControlKind.ANSWER_DELETED),
]


async def test_without_rules_everybody_is_welcome_but_bots() -> None:
    porch = Porch()
    assert await porch.reason() == await porch.reason(address=DIRECT) == ""
    assert await porch.reason(ROBOT) == "bot"


async def test_with_the_default_deny_only_who_and_what_is_allowed_gets_in() -> None:
    porch = Porch(CLOSED)
    assert await porch.reason() == "unlisted"
    await porch.access("allow channel:general", ROOT)
    assert await porch.reason() == ""
    assert await porch.reason(address=replace(SERVER, channel="other")) == "unlisted"
    await porch.access("allow user:ann", ROOT)
    assert await porch.reason(address=DIRECT) == ""


async def test_a_server_lets_in_nobody_whom_the_operator_keeps_out() -> None:
    porch = Porch(CLOSED)
    await porch.access("allow channel:here")
    assert await porch.reason() == "unlisted"
    await porch.access("allow server:here", ROOT)
    assert await porch.reason() == ""
    await porch.access("default deny")
    assert await porch.reason() == ""
    assert await porch.reason(address=replace(SERVER, channel="other")) == "unlisted"


async def test_what_a_server_says_holds_nowhere_else() -> None:
    porch = Porch()
    await porch.access("deny user:ann")
    assert await porch.reason() == "person"
    assert await porch.reason(address=replace(SERVER, workspace="other")) == ""
    assert await porch.reason(address=replace(SERVER, platform="slack")) == ""
    assert await porch.reason(address=DIRECT) == ""


@pytest.mark.parametrize("rule", ["deny user:root", "deny server:here", "default deny", "quota user 0 requests"])
async def test_an_admin_is_always_let_in(rule: str) -> None:
    porch = Porch(CLOSED)
    await porch.access(rule)
    assert await porch.reason(ROOT) == ""
    assert await porch.reason(replace(ROOT, bot=True)) != ""


@pytest.mark.parametrize(
    ("listed", "admin"),
    [("T1.U1", True), ("U1", True), ("slack:U1", True), ("slack:T1.U1", True), ("discord:U1", False), ("T1", False)],
)
def test_how_an_admin_may_be_named(listed: str, admin: bool) -> None:
    assert Operator(frozenset({listed})).is_admin("slack", Author("T1.U1", "Ann")) is admin


@pytest.mark.parametrize("rule", ["deny category:talk", "deny role:staff", "deny channel:here", "deny user:ann"])
async def test_every_kind_of_rule_finds_whom_it_names(rule: str) -> None:
    porch = Porch()
    await porch.access(rule)
    assert await porch.reason(Author("ann", "Ann", roles=("staff",))) != ""


async def test_what_comes_from_the_background_was_let_in_before() -> None:
    porch = Porch()
    await porch.access("deny user:ann")
    assert await porch.reason(job=3) == ""


async def test_what_is_not_for_the_bot_is_refused_without_a_word_and_costs_no_quota() -> None:
    porch = Porch()
    await porch.access("quota user 0 requests")
    assert await porch.reason(wakes=False) == ""
    await porch.access("deny user:ann")
    assert await porch.comes(wakes=False) is not None
    refusal = await porch.comes()
    assert refusal is not None
    assert "You may not use me here" in refusal.sentence


# What is told --------------------------------------------------------------------------------------------------------


async def told(porch: Porch, author: str = "ann", *, alone: bool = False, address: Address = SERVER) -> bool:
    refusal = await porch.comes(author, alone=alone, address=address)
    assert refusal is not None
    return bool(refusal.sentence)


async def test_a_person_is_told_once_an_hour_for_each_reason() -> None:
    porch = Porch()
    await porch.access("deny user:ann")
    await porch.access("deny user:bob")
    assert [await told(porch), await told(porch), await told(porch, "bob")] == [True, False, True]
    await porch.access("clear user:ann")
    await porch.access("quota user 0 requests")
    assert [await told(porch), await told(porch)] == [True, False]
    porch.now += TOLD_EVERY
    assert await told(porch)


@pytest.mark.parametrize("rule", ["deny channel:here", "default deny"])
async def test_in_a_channel_where_nobody_is_answered_only_commands_are_told_so(rule: str) -> None:
    porch = Porch()
    await porch.access(rule)
    assert [await told(porch), await told(porch, alone=True), await told(porch, alone=True)] == [False, True, True]


async def test_a_direct_message_is_told_so() -> None:
    assert await told(Porch(CLOSED), address=DIRECT)
    assert await told(Porch(CLOSED), address=replace(SERVER, direct=True))


async def test_the_sentence_is_in_the_language_of_who_asked() -> None:
    porch = Porch()
    await porch.access("deny user:ann")
    refusal = await porch.comes(address=replace(SERVER, locale="zh-CN"))
    assert refusal is not None
    assert "无权" in refusal.sentence


async def test_refusals_are_counted_by_reason() -> None:
    def count() -> float:
        return REGISTRY.get_sample_value("glimmer_refusals_total", {"reason": "person"}) or 0.0

    porch, before = Porch(), count()
    await porch.access("deny user:ann")
    await porch.comes()
    await porch.gate.may_do(click(ControlKind.MODEL))
    await porch.comes(wakes=False)
    assert count() == before + 2


# Copies --------------------------------------------------------------------------------------------------------------


async def test_a_copy_of_what_was_taken_in_is_not_refused() -> None:
    porch = Porch()
    await porch.access("quota user 1 requests")
    claim = await porch.asks(key="first")
    assert await porch.reason(key="first", attachments=(Attachment("a", "b", 1, "c"),)) == ""
    assert await porch.reason(key="second", conversation="apart") == "requests"
    await porch.store.request_stop(claim.turn.id)
    assert await porch.reason(key="first") == ""


async def test_a_copy_of_what_was_refused_is_not_answered_a_moment_later() -> None:
    porch = Porch()
    await porch.access("deny user:ann")
    assert (await porch.comes(key="first")) is not None
    await porch.access("clear user:ann")
    copy = await porch.comes(key="first")
    assert copy is not None
    assert copy.sentence == ""
    assert await porch.reason(key="second") == ""


async def test_what_one_person_asks_at_once_is_looked_at_in_turn() -> None:
    porch = Porch()
    ann, bob = an_ask(), an_ask(author="bob")
    async with porch.gate.entrance(ann):
        assert porch.gate.entrance(replace(ann, key="other")).locked()
        assert not porch.gate.entrance(bob).locked()
    assert not porch.gate.entrance(ann).locked()


# Bots ----------------------------------------------------------------------------------------------------------------


async def test_another_bot_is_answered_only_where_a_rule_names_it() -> None:
    porch = Porch()
    await porch.access("allow channel:here")
    assert await porch.reason(ROBOT) == "bot"
    await porch.access("allow user:robot")
    assert await porch.reason(ROBOT) == ""
    await porch.access("deny channel:here")
    assert await porch.reason(ROBOT) == "place"


async def test_two_bots_do_not_go_on_for_ever_and_one_sentence_says_so() -> None:
    porch = Porch()
    await porch.access("allow user:robot")
    refusals = [await porch.comes(ROBOT) for _ in range(EXCHANGES + 3)]
    assert refusals[:EXCHANGES] == [None] * EXCHANGES
    said = [refusal.sentence for refusal in refusals[EXCHANGES:] if refusal]
    assert len(said) == 3
    assert [bool(sentence) for sentence in said] == [True, False, False]
    assert "round in circles" in said[0]


async def test_what_a_bot_said_before_is_no_exchange_when_it_is_read_again() -> None:
    porch = Porch()
    await porch.access("allow user:robot")
    await porch.answered("robot", key="first")
    assert [await porch.comes(ROBOT, key="first") for _ in range(EXCHANGES + 2)] == [None] * (EXCHANGES + 2)
    assert await porch.reason(ROBOT) == ""


# Commands and buttons ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(ControlKind))
async def test_whoever_is_kept_out_may_still_end_what_is_theirs_and_take_back_what_they_said(kind: ControlKind) -> None:
    porch = Porch()
    await porch.access("deny user:ann")
    assert bool(await porch.gate.may_do(click(kind))) is (kind not in FREE)
    assert await porch.gate.may_do(click(kind, "bob")) == await porch.gate.may_do(click(kind, "root")) == ""


@pytest.mark.parametrize("kind", list(ControlKind))
async def test_a_quota_keeps_from_what_asks_once_more_and_from_nothing_else(kind: ControlKind) -> None:
    porch = Porch()
    await porch.access("quota user 0 requests")
    asking = kind in (ControlKind.REGENERATE, ControlKind.RETRY, ControlKind.CONTINUE)
    assert bool(await porch.gate.may_do(click(kind))) is asking


async def test_a_place_that_shows_questions_before_they_are_stored_can_ask_first() -> None:
    porch = Porch()
    assert await porch.gate.barred(SERVER, Author("ann", "Ann"), asking=True) == ""
    await porch.access("quota user 0 requests")
    assert "used up" in await porch.gate.barred(SERVER, Author("ann", "Ann"), asking=True)


async def test_a_place_can_ask_first_whether_a_tool_is_for_somebody() -> None:
    porch = Porch()
    await porch.access("deny user:ann tool:weather")
    ann, bob = Author("ann", "Ann"), Author("bob", "Bob")
    assert await porch.gate.barred(SERVER, ann, asking=True, tool="weather") == texts.say("refused_tool")
    assert await porch.gate.barred(SERVER, ann, asking=True, tool="time") == ""
    assert await porch.gate.barred(SERVER, ann, asking=True) == ""
    assert await porch.gate.barred(SERVER, bob, asking=True, tool="weather") == ""
    await porch.access("deny user:root tool:weather")
    assert await porch.gate.barred(SERVER, ROOT, asking=True, tool="weather") == ""


# Tools ---------------------------------------------------------------------------------------------------------------


async def test_who_may_use_a_tool_is_decided_by_rules_of_its_own() -> None:
    porch = Porch()

    async def may(author: Author, tool: str = "weather") -> bool:
        return tool in await porch.books.allowed([tool, "other"], SERVER, author)

    ann, staff = Author("ann", "Ann"), Author("bob", "Bob", roles=("staff",))
    assert await may(ann)
    await porch.access("default deny tool:weather")
    await porch.access("allow role:staff tool:weather")
    assert [await may(ann), await may(staff), await may(ann, "time"), await may(ROOT)] == [False, True, True, True]
    await porch.access("deny role:staff tool:weather", ROOT)
    assert not await may(staff)
    assert await porch.reason(staff) == ""
    assert await porch.reason(staff, call=ToolCall("1", "weather", "{}")) == "tool"
    assert await porch.reason(staff, call=ToolCall("1", "time", "{}")) == ""


# Books ---------------------------------------------------------------------------------------------------------------


async def test_what_stands_in_the_settings_holds_until_an_admin_says_something_else() -> None:
    porch = Porch(Book(Ruleset({"user:ann": Verdict.DENY}), quotas={}))
    assert await porch.reason() == "person"
    await porch.access("allow user:ann", ROOT)
    assert await porch.reason() == ""
    assert await porch.books.kept(EVERYWHERE) == Book(Ruleset({"user:ann": Verdict.ALLOW}))
    await porch.access("clear user:ann", ROOT)
    assert await porch.reason() == "person"


async def test_a_manager_has_no_say_outside_of_a_server() -> None:
    porch = Porch()
    assert "for my admins" in await porch.not_understood("deny user:ann", MONA, DIRECT)
