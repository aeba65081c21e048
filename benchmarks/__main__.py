"""`python -m benchmarks`: measure, and print the table."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import psutil
import structlog

from benchmarks import measurements, schedules, slack_rows, table
from benchmarks.contenders import BARE_LOOP, GLIMMER
from benchmarks.measurements import ALL, Figures
from benchmarks.schedules import Size


def main() -> None:
    """Measure what the command line names, everything by default."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"what to measure, of {', '.join(ALL)}; default: all")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller measurements, in under two minutes")
    parser.add_argument("--no-bare", action="store_true", help="without the bare loop")
    chosen = parser.parse_args()
    names: Sequence[str] = chosen.names or (measurements.QUICK if chosen.quick else list(ALL))
    if unknown := set(names) - set(ALL):
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}; choose from {', '.join(ALL)}")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    size = schedules.QUICK if chosen.quick else schedules.FULL
    asyncio.run(_measure(names, size, bare=not chosen.no_bare))


async def _measure(names: Sequence[str], size: Size, *, bare: bool) -> None:
    began, load = time.monotonic(), os.getloadavg()
    contenders = (GLIMMER, BARE_LOOP) if bare else (GLIMMER,)
    figures: Mapping[str, dict[str, Figures]] = {contender.name: {} for contender in (GLIMMER, BARE_LOOP)}
    for name in names:
        for contender in contenders:
            print(
                f"{time.monotonic() - began:6.0f} s  {name}, {contender.name}, load {os.getloadavg()[0]:.2f}",
                file=sys.stderr,
                flush=True,
            )
            figures[contender.name][name] = await ALL[name](contender, size)
    print(_where(time.monotonic() - began, load))
    print()
    rows = [*table.rows(size), *slack_rows.rows(size)]
    print("\n".join(table.lines(rows, figures[GLIMMER.name], figures[BARE_LOOP.name])))


def _where(seconds: float, before: Sequence[float]) -> str:
    cores, python = psutil.cpu_count(), platform.python_version()
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    load = " and ".join("/".join(f"{average:.2f}" for average in averages) for averages in (before, os.getloadavg()))
    return (
        f"{now}; {cores} cores, Python {python}, {platform.system()}; the run took {seconds:.0f} s; "
        f"load averages over 1/5/15 minutes before and after: {load}."
    )


if __name__ == "__main__":
    main()
