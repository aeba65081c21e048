"""The table of the GLM clients: ours beside the vendor's and OpenAI's."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

from benchmarks import table
from benchmarks.glm_clients import CLIENTS
from benchmarks.glm_measurements import FAILURES, OURS, PROVIDERS, Figures
from benchmarks.glm_schedules import Size
from benchmarks.table import Row, most

_HEAD: Final = ("", *CLIENTS, "asked", "met")
_BEST: Final = "< both"
# Seconds; a user is to have a text by then, whatever the providers do.
_TEXT: Final = 25.0
# What the client promises of the first minute, in which nothing is known yet: every user's question goes to each
# provider once, and for each provider a tenth of that and ten more may be asked again.
_AGAIN: Final = 1.1
_AGAIN_ANYWAY: Final = 10

# The measured rows and, by client, the measured figures.
Measured = Mapping[str, Mapping[str, Figures]]


def rows(size: Size) -> Sequence[Row]:
    """All lines, in the order in which they are measured."""
    many = f"{size.streams} streams of 60 tokens a second"
    return [
        _best("decode", f"{many}: processor time per 1,000 tokens", "ms"),
        _best("behind", f"{many}: last token to last text, p95"),
        _best("alone", f"time added to the first token, alone, median of {size.singles}", "ms"),
        _best("alone_p95", "the same, p95", "ms"),
        _best("among", f"time added to the first token, beside {many}, median", "ms"),
        _best("among_p95", "the same, p95", "ms"),
        _best("waiting", f"memory of a waiting answer, {size.streams} at once, KiB", ""),
        most("glm", "lost", "answers not whole", 0, ""),
        Row("glm", "standin", "part of a core that the stand-in took", "x"),
        *(row for failure in FAILURES for row in _storm(failure, size)),
    ]


def _best(figure: str, label: str, unit: str = "s") -> Row:
    return Row("glm", figure, label, unit, _BEST, lambda ours, best: ours < best)


def _storm(failure: str, size: Size) -> Sequence[Row]:
    label = f"{size.users} users, providers: {failure}"
    bound = len(PROVIDERS) * (_AGAIN * size.users + _AGAIN_ANYWAY)
    return [
        most("glm-storm", f"{failure} longest", f"{label}; longest wait for a text", _TEXT),
        most("glm-storm", f"{failure} requests", f"{label}; requests a minute", bound, ""),
        Row("glm-storm", f"{failure} asked", f"{label}; questions", ""),
    ]


def lines(chosen: Sequence[Row], measured: Measured) -> Sequence[str]:
    """The table in Markdown, of the measurements that were made."""
    done = [row for row in chosen if row.measurement in measured[OURS]]
    return table.markdown(_HEAD, [_cells(row, measured) for row in done])


def _cells(row: Row, measured: Measured) -> tuple[str, ...]:
    figures = [measured[client].get(row.measurement, {}).get(row.figure, math.nan) for client in CLIENTS]
    ours, *others = figures
    best = min((other for other in others if not math.isnan(other)), default=math.nan)
    return row.label, *(table.shown(figure, row.unit) for figure in figures), row.asked, table.met(row, ours, best)
