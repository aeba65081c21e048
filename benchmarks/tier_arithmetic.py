"""What Slack's tiers allow at best, whoever calls."""

from __future__ import annotations

import math
from collections.abc import Sequence

from playground.slack.tiers import MINUTE, POST_BURST, POST_EVERY, Rule


def calls_of_each(answers: int, rule: Rule | None, seconds: float = 0.0) -> float:
    """Calls that each of so many answers may make which are written for so many seconds, from a full tier."""
    if rule is None:
        return math.inf
    windows = max(1, math.ceil(seconds / rule.window))
    return (rule.limit * windows + rule.burst * (1 + seconds / MINUTE)) / answers


def gap_of_each(answers: int, rule: Rule | None) -> float:
    """Seconds between two calls of each of so many answers, for however long they go on."""
    return 0.0 if rule is None else answers * rule.window / (rule.limit + rule.burst * rule.window / MINUTE)


def latest_end(firsts: Sequence[float], ends: Sequence[float], *, burst: bool) -> float:
    """Seconds from its end until the worst of some answers in one channel is posted, by the best order of posts.

    `firsts` are the times from which there is text to post, `ends` those from which it is whole.
    """
    slots = [min(firsts) + last_post(number, burst=burst) for number in range(1, len(ends) + 1)]
    return max(slot - end for slot, end in zip(slots, sorted(ends), strict=True))


def last_post(posts: int, *, burst: bool) -> float:
    """Seconds until the last of so many posts in one channel may be made."""
    return max(0, posts - 1 - (POST_BURST if burst else 0)) * POST_EVERY
