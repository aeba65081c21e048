"""The rows of the table that are about Slack."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from benchmarks.schedules import Size
from benchmarks.slack_measurements import COMPANIES, TIERS, WAYS
from benchmarks.slack_schedules import COMPANY, MANY_SECONDS, MANY_WORKSPACES
from benchmarks.slack_stage import LATENCY
from benchmarks.table import Row, most
from benchmarks.tier_arithmetic import last_post

_FIRST_AT_ONCE: Final = 1.5
_WHERE: Final = {"channel": "a channel", "direct": "direct messages"}
_WHERE_EIGHT: Final = {
    "channels": "8 in 8 channels",
    "threads": "8 in threads of one channel",
    "direct": "8 in direct messages",
}
_GROWTH: Final = {"channel": "updates", "channels": "updates", "threads": "updates", "direct": "appends"}
_WAYS: Final = {"socket": "Socket Mode", "http": "HTTP"}


def rows(size: Size) -> Sequence[Row]:
    """All lines about Slack, in the order in which they are measured."""
    return [
        *(row for tiers in TIERS for row in _alone(tiers, size)),
        *(row for tiers in TIERS for row in _eight(tiers, size)),
        *(row for way in WAYS for workspaces in MANY_WORKSPACES for row in _acks(way, workspaces, size)),
    ]


def _alone(tiers: str, size: Size) -> Sequence[Row]:
    found: list[Row] = []
    for place, where in _WHERE.items():
        key, label = f"{tiers} {place} ", f"{_slack(tiers)} alone in {where}"
        found += [
            most("slack-alone", f"{key}first", f"{label}, first text after first token, worst", LATENCY + 0.02),
            most("slack-alone", f"{key}end", f"{label}, whole after last token, p95 of {size.slack.alone}", 0.3),
            Row("slack-alone", f"{key}calls", f"{label}, {_GROWTH[place]} an answer", ""),
        ]
    return [*found, *_troubles("slack-alone", tiers, f"{_slack(tiers)} alone")]


def _eight(tiers: str, size: Size) -> Sequence[Row]:
    found: list[Row] = []
    for place in COMPANIES:
        found += _company(tiers, place, COMPANY * size.slack.rounds)
    for place, where in _WHERE.items() if size.slack.slow else ():
        key, label = f"{tiers} slow {place} ", f"{_slack(tiers)} 8 of 75 s in {where}"
        found += [
            Row("slack-eight", f"{key}gap", f"{label}, seconds between two texts of each"),
            Row("slack-eight", f"{key}calls", f"{label}, {_GROWTH[place]} an answer", ""),
            most("slack-eight", f"{key}first", f"{label}, first text after first token, worst", _FIRST_AT_ONCE),
            most("slack-eight", f"{key}end", f"{label}, whole after last token, p95 of {COMPANY}", 3.0),
        ]
    found += _busy() if size.slack.slow and tiers == "hard" else []
    return [*found, *_troubles("slack-eight", tiers, f"{_slack(tiers)} 8 at once")]


def _busy() -> Sequence[Row]:
    label = f"{_slack('hard')} 8 in 8 channels after another's busy minute"
    return [
        most("slack-eight", "busy first", f"{label}, first text after first token, worst", _FIRST_AT_ONCE),
        most("slack-eight", "busy end", f"{label}, whole after last token, p95 of {COMPANY}", 3.0),
    ]


def _company(tiers: str, place: str, answers: int) -> Sequence[Row]:
    key, label = f"{tiers} {place} ", f"{_slack(tiers)} {_WHERE_EIGHT[place]}"
    # One channel takes a post a second.
    wait = last_post(COMPANY, burst=tiers == "bursting") if place == "threads" else 0.0
    return [
        most("slack-eight", f"{key}first", f"{label}, first text after first token, worst", wait + _FIRST_AT_ONCE),
        most("slack-eight", f"{key}end", f"{label}, whole after last token, p95 of {answers}", 3.0),
        Row("slack-eight", f"{key}calls", f"{label}, {_GROWTH[place]} an answer", ""),
    ]


def _troubles(measurement: str, tiers: str, label: str) -> Sequence[Row]:
    return [
        most(measurement, f"{tiers} lost", f"{label}, not whole", 0, ""),
        most(measurement, f"{tiers} refused", f"{label}, 429s", 0, ""),
        most(measurement, f"{tiers} violations", f"{label}, broken limits and rules", 0, ""),
    ]


def _acks(way: str, workspaces: int, size: Size) -> Sequence[Row]:
    where = "one workspace" if workspaces == 1 else f"{workspaces} workspaces"
    label = f"Slack, {_WAYS[way]}, {size.slack.many} answers for {MANY_SECONDS:.0f} s in {where}"
    key = f"{way} {workspaces}"
    return [
        most("slack-acks", f"{key} ack", f"{label}: acknowledged after, p99", 0.1, "ms"),
        Row("slack-acks", f"{key} worst", "the same, worst", "ms"),
        Row("slack-acks", f"{key} events", "events", ""),
        most("slack-acks", f"{key} unasked", "questions that reached no model", 0, ""),
        most("slack-acks", f"{key} refused", "429s", 0, ""),
        most("slack-acks", f"{key} violations", "broken limits and rules", 0, ""),
        Row("slack-acks", f"{key} standins", "part of a core that the stand-ins took", "x"),
    ]


def _slack(tiers: str) -> str:
    return f"Slack, {tiers}:"
