from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot import texts
from bot.completion import Usage
from bot.messages import Address, Control, ControlKind, Outcome, OutcomeKind, Spending
from bot.spending import report
from storage.memory import MemoryStore
from tests.fixtures.command_desk import Desk
from tests.fixtures.stage import HERE, a_control, an_ask, moderator

NOW = datetime(2026, 5, 7, 13, 30, tzinfo=UTC).timestamp()
MIDNIGHT = datetime(2026, 5, 7, tzinfo=UTC).timestamp()
A_MONTH_AGO = NOW - 30 * 86_400
CHEAP = Spending("glm-one", 1_200, 1_000_000, 2_000, 300, 40, 0.5, "USD")
DEAR = Spending("glm-two", 34, 5, 6, 1, 2, 7.25, "CNY")
FREE = Spending("glm-three", 1, 5, 6, 0, 0, 0.0, "")


@dataclass
class Ledger(MemoryStore):
    """A store that has spent the same in every respect, and remembers what it was asked."""

    spent: Sequence[Spending] = ()
    asked: list[tuple[str, float, dict[str, str]]] = field(default_factory=list[tuple[str, float, dict[str, str]]])

    async def spending(self, platform: str, since: float, **conditions: str) -> Sequence[Spending]:
        self.asked.append((platform, since, conditions))
        return self.spent


def usage(**changes: Any) -> Control:
    return a_control(ControlKind.USAGE, **changes)


def rows(table: str) -> list[list[str]]:
    """The cells of the drawn table below its header."""
    lines = table.partition("```")[2].partition("```")[0].strip().splitlines()
    return [[cell for cell in line.split("  ") if cell.strip()] for line in lines[2:]]


# What is asked -------------------------------------------------------------------------------------------------------


async def test_it_is_about_me_and_this_conversation_today_and_in_a_month() -> None:
    store = Ledger()
    await report(store, usage(), NOW)
    assert store.asked == [
        ("console", MIDNIGHT, {"author": "ann"}),
        ("console", A_MONTH_AGO, {"author": "ann"}),
        ("console", MIDNIGHT, {"conversation": "talk"}),
        ("console", A_MONTH_AGO, {"conversation": "talk"}),
    ]


async def test_the_server_is_for_who_manages_it() -> None:
    store = Ledger()
    table = await report(store, replace(usage(), actor=moderator("mona")), NOW)
    assert [asked[2] for asked in store.asked[-2:]] == [{"workspace": "guild"}] * 2
    assert texts.say("scope_server") in table


@pytest.mark.parametrize(
    ("changes", "scopes"),
    [
        ({"conversation": ""}, ["author", "workspace"]),
        ({"address": Address("console", "", "direct")}, ["author", "conversation"]),
    ],
)
async def test_what_is_not_there_is_left_out(changes: dict[str, Any], scopes: list[str]) -> None:
    store = Ledger()
    await report(store, replace(usage(**changes), actor=moderator("mona")), NOW)
    assert [next(iter(asked[2])) for asked in store.asked[::2]] == scopes


# What is shown -------------------------------------------------------------------------------------------------------


async def test_models_are_summed_and_currencies_kept_apart() -> None:
    table = await report(Ledger(spent=[CHEAP, DEAR, FREE, CHEAP]), usage(), NOW)
    [today, month, *_] = rows(table)
    assert today[0] == "You, today"
    assert month[0] == "You, 30 days"
    assert [cell.strip() for cell in today[1:]] == [
        *("2,435", "2,000,010", "601", "4,012", "82"),
        "7.2500 CNY + 1.0000 USD",
    ]


async def test_a_price_that_is_not_known_is_no_price() -> None:
    [today, *_] = rows(await report(Ledger(spent=[FREE]), usage(), NOW))
    assert today[-1].strip() == "–"


async def test_nothing_was_spent_is_a_table_of_nothing() -> None:
    [today, *_] = rows(await report(Ledger(), usage(), NOW))
    assert [cell.strip() for cell in today[1:]] == ["0"] * 5 + ["–"]


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
async def test_the_widest_table_fits_into_a_message(locale: str) -> None:
    huge = Spending("glm-one", 9_999_999, 10**11, 10**10, 10**9, 10**9, 99_999.0, "USD")
    control = replace(usage(address=replace(HERE, locale=locale)), actor=moderator("mona"))
    said = await report(Ledger(spent=[huge, replace(huge, currency="CNY")]), control, NOW)
    assert len(said) < 2_000
    assert said.endswith(texts.say("usage_note", locale))
    assert said.count("```") in (0, 2)


async def test_what_the_store_has_kept_is_what_is_shown() -> None:
    desk = Desk()
    claim = await desk.running(an_ask())
    spent = Usage(100, 50, 20, 10, cost=0.25, currency="USD")
    answer = Outcome(OutcomeKind.ANSWERED, "q", "a", model="glm-one", provider="zai", usage=spent)
    await desk.store.finish(claim, answer)
    [today, *_] = rows(await desk.act(ControlKind.USAGE))
    assert [cell.strip() for cell in today] == ["You, today", "1", "100", "20", "50", "10", "0.2500 USD"]
    [others, *_] = rows(await desk.act(ControlKind.USAGE, "bob", conversation=""))
    assert [cell.strip() for cell in others[1:]] == ["0"] * 5 + ["–"]
