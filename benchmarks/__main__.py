"""`python -m benchmarks`: measure, and print the tables."""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial

import psutil
import structlog

from benchmarks import glm_measurements, glm_rows, measurements, schedules, slack_rows, table
from benchmarks.contenders import BARE_LOOP, GLIMMER, Contender
from benchmarks.glm_clients import CLIENTS
from benchmarks.measurements import ALL, Figures
from benchmarks.schedules import Size

# A measurement, whose it is, and how it is made.
Job = tuple[str, str, Callable[[], Awaitable[Figures]]]


def main() -> None:
    """Measure what the command line names, everything by default."""
    known = [*ALL, *glm_measurements.ALL]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"what to measure, of {', '.join(known)}; default: all"
    )
    parser.add_argument("--quick", action="store_true", help="fewer and smaller measurements, in about ten minutes")
    parser.add_argument("--no-bare", action="store_true", help="without the bare loop")
    chosen = parser.parse_args()
    names: Sequence[str] = chosen.names or ([*measurements.QUICK, *glm_measurements.ALL] if chosen.quick else known)
    if unknown := set(names) - set(known):
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}; choose from {', '.join(known)}")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    size = schedules.QUICK if chosen.quick else schedules.FULL
    asyncio.run(_measure(names, size, bare=not chosen.no_bare))


async def _measure(names: Sequence[str], size: Size, *, bare: bool) -> None:
    began, load = time.monotonic(), os.getloadavg()
    figures: dict[str, dict[str, Figures]] = {name: {} for name in (GLIMMER.name, BARE_LOOP.name, *CLIENTS)}
    for name, contender, measure in _jobs(names, size, (GLIMMER, BARE_LOOP) if bare else (GLIMMER,)):
        print(
            f"{time.monotonic() - began:6.0f} s  {name}, {contender}, load {os.getloadavg()[0]:.2f}",
            file=sys.stderr,
            flush=True,
        )
        figures[contender][name] = await measure()
    print(_where(time.monotonic() - began, load))
    for lines in (
        table.lines([*table.rows(size), *slack_rows.rows(size)], figures[GLIMMER.name], figures[BARE_LOOP.name]),
        glm_rows.lines(glm_rows.rows(size.glm), figures),
    ):
        if lines:
            print("\n".join(["", *lines]))


def _jobs(names: Sequence[str], size: Size, bots: Sequence[Contender]) -> Sequence[Job]:
    jobs: list[Job] = [(name, bot.name, partial(ALL[name], bot, size)) for name in names if name in ALL for bot in bots]
    for name in names:
        for client, measure in glm_measurements.ALL.get(name, {}).items():
            jobs.append((name, client, partial(measure, size.glm)))
    return jobs


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
