from __future__ import annotations

from dataclasses import replace

import pytest

from bot.completion import Usage
from bot.glm.catalogue import Offer, Price, catalogue
from bot.glm.usage import billed, read_usage, together

COUNTED = {
    "prompt_tokens": 1_000_000,
    "completion_tokens": 500_000,
    "prompt_tokens_details": {"cached_tokens": 400_000},
    "completion_tokens_details": {"reasoning_tokens": 100_000},
}


def offer(model: str, provider: str) -> Offer:
    found = catalogue().offer(model, provider)
    assert found is not None
    return found


def test_the_cost_follows_from_the_price_of_the_row() -> None:
    usage = read_usage(COUNTED, None, offer("glm-5.1", "zai"))
    assert replace(usage, cost=None) == Usage(1_000_000, 500_000, 400_000, 100_000, currency="USD")
    assert usage.cost == pytest.approx(0.6 * 1.40 + 0.4 * 0.26 + 0.5 * 4.40)


def test_prices_in_yuan_stay_in_yuan() -> None:
    usage = read_usage(COUNTED, None, offer("glm-z1-air", "bigmodel"))
    assert (usage.cost, usage.currency) == (0.75, "CNY")


def test_what_a_reseller_bills_is_the_cost() -> None:
    chunk = {"meta": {"usage": {"credits_used": 19237, "usd_spent": 0.0096185}}}
    sample = {"prompt_tokens": 14, "completion_tokens": 1677}
    at_reseller = offer("glm-5.1", "aimlapi")
    assert read_usage(sample, billed(chunk), at_reseller).cost == 0.0096185
    # Without the bill, its markup leads to the same within half a per cent.
    assert read_usage(sample, None, at_reseller).cost == pytest.approx(0.0096185, rel=0.005)


@pytest.mark.parametrize(
    "meta", [None, [], {"usage": None}, {"usage": {"usd_spent": "1"}}, {"usage": {"usd_spent": -1}}]
)
def test_a_bill_that_says_nothing_is_none(meta: object) -> None:
    assert billed({"meta": meta}) is None


def test_without_a_known_price_there_is_no_cost() -> None:
    assert read_usage(COUNTED, None, offer("glm-5-turbo", "zai")).cost is None
    padded = read_usage(COUNTED, None, offer("glm-5.1", "acedata"))
    assert (padded.cost, padded.currency, padded.padded) == (None, "", True)


def test_more_cached_tokens_than_the_prompt_has_cost_no_less_than_nothing() -> None:
    assert Price(input=2.0, output=0.0, cached=1.0).of(1_000_000, 5_000_000, 0) == 1.0
    assert Price(input=2.0, output=0.0).of(1_000_000, 500_000, 0) == 2.0


def test_what_two_attempts_have_used_is_one_sum_that_says_nothing_of_the_prompts_size() -> None:
    first, last = Usage(10, 5, 2, 1, cost=0.5, currency="USD"), Usage(11, 6, 3, 4, cost=0.25, currency="USD")
    assert together(first, last) == Usage(21, 11, 5, 5, cost=0.75, currency="USD", padded=True)
    assert together(None, last) is last
    assert together(first, None) is first
    assert together(None, None) is None


@pytest.mark.parametrize(
    ("first", "last", "cost", "currency"),
    [
        (Usage(cost=1.0, currency="CNY"), Usage(cost=0.25, currency="USD"), 0.25, "USD"),
        (Usage(cost=1.0, currency="CNY"), Usage(), 1.0, "CNY"),
        (Usage(), Usage(cost=0.25, currency="USD"), 0.25, "USD"),
        (Usage(), Usage(), None, ""),
    ],
)
def test_costs_are_added_in_the_currency_of_the_last(
    first: Usage, last: Usage, cost: float | None, currency: str
) -> None:
    both = together(first, last)
    assert both is not None
    assert (both.cost, both.currency) == (cost, currency)
