"""What of a quota is used up, and who is told so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.messages import Author
from tests.fixtures.porch import ROOT, SERVER, Porch


async def test_requests_are_counted_until_midnight_and_the_sentence_says_when_that_is() -> None:
    porch = Porch()
    await porch.access("quota user 2 requests")
    await porch.answered()
    assert await porch.reason() == ""
    await porch.answered()
    refusal = await porch.comes()
    assert refusal is not None
    assert refusal.reason == "requests"
    assert "(2 requests)" in refusal.sentence
    assert "00:00 UTC, in 18 h 0 min" in refusal.sentence
    assert await porch.reason("bob") == ""
    porch.now += 18 * 3_600.0
    assert await porch.reason() == ""


async def test_what_is_being_answered_counts_as_a_request() -> None:
    porch = Porch()
    await porch.access("quota user 2 requests")
    await porch.asks(conversation="one")
    assert await porch.reason(conversation="three") == ""
    await porch.asks(conversation="two")
    assert await porch.reason(conversation="three") == await porch.reason(conversation="two") == "requests"


@pytest.mark.parametrize(
    ("quota", "reason"),
    [
        ("user 121 tokens", ""),
        ("user 120 tokens", "tokens"),
        ("user 0.26 usd", ""),
        ("user 0.25 usd", "usd"),
        ("user 0.01 cny", ""),
    ],
)
async def test_tokens_and_money_are_counted(quota: str, reason: str) -> None:
    porch = Porch()
    await porch.access(f"quota {quota}")
    await porch.answered()
    assert await porch.reason() == reason


async def test_a_channels_quota_is_for_all_in_it() -> None:
    porch = Porch()
    await porch.access("quota channel 1 requests")
    await porch.answered("bob")
    refusal = await porch.comes()
    assert refusal is not None
    assert "This channel's quota" in refusal.sentence
    assert await porch.reason(address=replace(SERVER, channel="other")) == ""


async def test_a_servers_book_counts_what_was_used_there_and_the_operators_everything() -> None:
    porch = Porch()
    await porch.access("quota user 1 requests")
    await porch.answered(address=replace(SERVER, workspace="other"))
    assert await porch.reason() == ""
    await porch.access("quota user 1 requests", ROOT)
    assert await porch.reason() == "requests"


async def test_a_role_may_have_more_than_everybody() -> None:
    porch = Porch()
    await porch.access("quota user 1 requests")
    await porch.access("quota role:patron 2 requests")
    await porch.answered()
    assert await porch.reason() == "requests"
    assert await porch.reason(Author("ann", "Ann", roles=("patron",))) == ""


async def test_only_so_many_answers_at_once_are_written_for_one_person() -> None:
    porch = Porch()
    await porch.access("quota user 2 parallel")
    await porch.asks(conversation="one")
    await porch.asks(conversation="two")
    await porch.asks("bob", conversation="three")
    refusal = await porch.comes(conversation="four")
    assert refusal is not None
    assert "as much as I answer for you at a time (2)" in refusal.sentence
    assert await porch.reason(conversation="two") == ""
    assert await porch.reason("bob", conversation="four") == ""
