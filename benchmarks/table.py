"""The one table: which figures are shown, in which unit, and what is asked of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from benchmarks.figures import LIMIT, WINDOW
from benchmarks.measurements import Figures
from benchmarks.schedules import Size
from benchmarks.slack_measurements import ALLOWED

# Glimmer's figure and the bare loop's (NaN where it has none) meet the target or not.
Check = Callable[[float, float], bool]
_HEAD: Final = ("", "Glimmer", "bare loop", "tiers allow", "asked", "met")


@dataclass(frozen=True, slots=True)
class Row:
    """One line: a figure of a measurement; `unit` is "s", "ms", "MiB", "x" (a ratio) or "" (a number)."""

    measurement: str
    figure: str
    label: str
    unit: str = "s"
    asked: str = ""
    check: Check | None = None


def atmost(limit: float) -> Check:
    """The target of a figure that must not be above a limit."""
    return lambda ours, _: ours <= limit


def _at_most_times(factor: float) -> Check:
    return lambda ours, bare: ours <= factor * bare


def most(measurement: str, figure: str, label: str, limit: float, unit: str = "s") -> Row:
    """A line whose figure must not be above a limit."""
    return Row(measurement, figure, label, unit, f"≤ {shown(limit, unit)}", atmost(limit))


def _cheap(measurement: str, label: str) -> Row:
    return Row(
        measurement, "cpu", f"processor time per 1,000 tokens, {label}", "s", "≤ 1.5 × bare", _at_most_times(1.5)
    )


def rows(size: Size) -> Sequence[Row]:
    """All lines, in the order in which they are measured."""
    return [
        most("start", "ready", f"start to ready, median of {size.starts}", 0.8),
        most("start", "local", "start to ready where REST calls take no time", 0.8),
        most("start", "idle", "idle memory", 90, "MiB"),
        _cheap("alone", "one answer at a time"),
        Row("alone", "calls", "REST calls an answer", ""),
        *(row for kind in ("fixed", "sliding") for row in _companies(kind, size)),
        *_past(size),
        *_crowd("crowd", f"{size.crowd} answers", 0.5),
        _cheap("crowd", f"{size.crowd} answers"),
        *_crowd("threads", f"{size.crowd} answers in threads", None),
        *_crowd("big-crowd", f"{size.big_crowd} answers", None),
        most("big-crowd", "peak", f"memory at {size.big_crowd}, highest", 160, "MiB"),
        *_crowd("lifted", f"{size.big_crowd} answers, limit over all lifted", 0.5),
    ]


def _companies(kind: str, size: Size) -> Sequence[Row]:
    one, three, eight = size.companies.values()
    # A fixed window gives everything back at once, a sliding one call after call.
    refill = WINDOW if kind == "fixed" else WINDOW / LIMIT
    return [
        most(kind, "request", f"{kind} buckets: question to model request, median", 0.010, "ms"),
        Row(kind, "first", f"{kind}: first token to first visible text, median of {one}"),
        most(kind, "first_p95", f"{kind}: the same, p95", 0.12),
        most(kind, "one", f"{kind}: last token to all visible, 1 stream, p95 of {one}", 0.15),
        most(kind, "three", f"{kind}: 3 streams in a channel, p95 of {3 * three}", 0.15),
        most(kind, "eight", f"{kind}: 8 streams in a channel, mean of {8 * eight}", 1.8),
        most(kind, "behind", f"{kind}: 8 streams, worst behind a perfect schedule", refill),
        most(kind, "refused", f"{kind}: calls refused with 429", 0, ""),
        most(kind, "lost", f"{kind}: answers not whole", 0, ""),
    ]


def _past(size: Size) -> Sequence[Row]:
    return [
        most("past", "short", "question to model request after 10 messages, median", 0.010, "ms"),
        most("past", "long", f"the same after {size.stored:,} messages", 0.010, "ms"),
        most("past", "ratio", "ratio of the two", 1.2, "x"),
        most("past", "reads", "reads from Discord before these requests", 0, ""),
    ]


def _crowd(measurement: str, label: str, end: float | None) -> Sequence[Row]:
    last = f"{label}: last token to all visible, p95"
    hard = measurement != "threads"
    return [
        most(measurement, "lost", f"{label}: not whole", 0, "")
        if hard
        else Row(measurement, "lost", f"{label}: not whole", ""),
        most(measurement, "refused", f"{label}: 429s", 0, "")
        if hard
        else Row(measurement, "refused", f"{label}: 429s", ""),
        Row(measurement, "end_p95", last) if end is None else most(measurement, "end_p95", last, end),
        Row(measurement, "first_p95", f"{label}: first token to first visible text, p95"),
        Row(measurement, "calls", f"{label}: REST calls an answer", ""),
        Row(measurement, "standins", f"{label}: part of a core that the stand-ins took", "x"),
    ]


def lines(chosen: Sequence[Row], ours: Mapping[str, Figures], bare: Mapping[str, Figures]) -> Sequence[str]:
    """The table in Markdown, of the measurements that were made."""
    return markdown(_HEAD, [_cells(row, ours, bare) for row in chosen if row.measurement in ours])


def markdown(head: Sequence[str], cells: Sequence[Sequence[str]]) -> Sequence[str]:
    """A table, none where it has no rows."""
    if not cells:
        return []
    widths = [max(len(row[column]) for row in (head, *cells)) for column in range(len(head))]
    rule = ["-" * width for width in widths]
    return [_line(row, widths) for row in (head, rule, *cells)]


def _cells(row: Row, ours: Mapping[str, Figures], bare: Mapping[str, Figures]) -> tuple[str, ...]:
    mine = ours[row.measurement].get(row.figure, math.nan)
    theirs = bare.get(row.measurement, {}).get(row.figure, math.nan)
    allowed = ours[row.measurement].get(f"{row.figure}{ALLOWED}")
    best = "" if allowed is None else shown(allowed, row.unit)
    return row.label, shown(mine, row.unit), shown(theirs, row.unit), best, row.asked, met(row, mine, theirs)


def met(row: Row, ours: float, theirs: float) -> str:
    """Whether a target is met, "" where there is none."""
    if row.check is None:
        return ""
    return "not measured" if math.isnan(ours) else "yes" if row.check(ours, theirs) else "NO"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def shown(value: float, unit: str) -> str:
    """A figure as the table writes it."""
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "never"
    if unit == "ms":
        return f"{value * 1000:.1f} ms"
    shown = {"s": f"{value:.3f} s", "MiB": f"{value:.0f} MiB", "x": f"{value:.2f}"}
    return shown.get(unit, f"{value:.1f}".removesuffix(".0"))
