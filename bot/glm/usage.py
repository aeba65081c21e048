"""What an answer cost, by what the provider counted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.completion import Usage
from bot.glm.catalogue import Offer
from bot.glm.fields import as_cost, as_count, as_object


def billed(chunk: Mapping[str, Any]) -> float | None:
    """The US dollars that aimlapi says it took, None where nothing is said."""
    return as_cost(as_object(as_object(chunk.get("meta")).get("usage")).get("usd_spent"))


def read_usage(counted: Mapping[str, Any], bill: float | None, offer: Offer) -> Usage:
    """The tokens that were counted; the cost is what was billed, else it follows from the catalogue's price."""
    prompt, completion = as_count(counted.get("prompt_tokens")), as_count(counted.get("completion_tokens"))
    cached = as_count(as_object(counted.get("prompt_tokens_details")).get("cached_tokens"))
    price, markup = offer.model.price, offer.terms.markup
    cost, currency = bill, "USD" if bill is not None else ""
    if bill is None and price is not None and markup is not None:
        cost, currency = price.of(prompt, cached, completion) * markup, price.currency
    return Usage(
        prompt=prompt,
        completion=completion,
        cached=cached,
        reasoning=as_count(as_object(counted.get("completion_tokens_details")).get("reasoning_tokens")),
        cost=cost,
        currency=currency,
        padded=offer.terms.padded,
    )


def together(earlier: Usage | None, last: Usage | None) -> Usage | None:
    """The usage of two attempts as one; a cost in another currency than the last one's is left out.

    As their prompts are counted together, it says nothing about the size of one.
    """
    if earlier is None or last is None:
        return earlier or last
    currency = last.currency or earlier.currency
    costs = [usage.cost for usage in (earlier, last) if usage.cost is not None and usage.currency == currency]
    return Usage(
        prompt=earlier.prompt + last.prompt,
        completion=earlier.completion + last.completion,
        cached=earlier.cached + last.cached,
        reasoning=earlier.reasoning + last.reasoning,
        cost=sum(costs) if costs else None,
        currency=currency,
        padded=True,
    )
