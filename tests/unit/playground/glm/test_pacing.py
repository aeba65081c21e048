"""The schedule of the tokens, on a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from playground.glm.pacing import GRAIN, Pacer, Stream

FRAMES = tuple(bytes([n]) for n in range(10))


class Paper:
    """Keeps what was written and when."""

    def __init__(self) -> None:
        self.lines: list[tuple[float, Sequence[bytes]]] = []

    def write(self, frames: Sequence[bytes], now: float) -> None:
        self.lines.append((now, frames))

    @property
    def frames(self) -> tuple[bytes, ...]:
        return tuple(frame for _, frames in self.lines for frame in frames)


async def test_frames_are_due_on_an_absolute_schedule() -> None:
    paper = Paper()
    stream = Stream(FRAMES, paper.write, start=100.0, interval=0.5)
    assert not stream.advance(100.0, 100.0)
    assert paper.frames == FRAMES[:1]
    assert stream.due() == 100.5
    assert not stream.advance(102.1, 102.1)  # late by three frames: they go together, and nothing is put off
    assert paper.frames == FRAMES[:5]
    assert stream.due() == 102.5
    assert stream.advance(104.5, 104.5)
    assert paper.frames == FRAMES


async def test_without_an_interval_everything_is_written_at_once() -> None:
    paper = Paper()
    assert Stream(FRAMES, paper.write, start=1.0, interval=0.0).advance(1.0, 1.0)
    assert len(paper.lines) == 1


async def test_streams_of_different_pace_all_end_whole_and_in_order() -> None:
    ticks: list[int] = []
    pacer, papers = Pacer(lambda: ticks.append(1)), [Paper() for _ in range(20)]
    now = asyncio.get_running_loop().time()
    plays = [pacer.play(Stream(FRAMES, paper.write, now + 0.003 * n, 0.0005 * n)) for n, paper in enumerate(papers)]
    await asyncio.gather(*plays)
    assert all(paper.frames == FRAMES for paper in papers)
    assert len(ticks) < 20 * len(FRAMES)


async def test_no_frame_is_early() -> None:
    pacer, paper = Pacer(lambda: None), Paper()
    start = asyncio.get_running_loop().time() + 0.01
    await pacer.play(Stream(FRAMES, paper.write, start, 0.005))
    written = [now for now, frames in paper.lines for _ in frames]
    assert all(now >= start + n * 0.005 - GRAIN for n, now in enumerate(written))


async def test_a_stream_of_nothing_still_waits_for_its_start() -> None:
    pacer, paper = Pacer(lambda: None), Paper()
    loop = asyncio.get_running_loop()
    start = loop.time() + 0.02
    await pacer.play(Stream((), paper.write, start, 0.0))
    assert loop.time() >= start - GRAIN
    assert paper.lines == []


async def test_a_cancelled_stream_is_written_no_further_and_the_others_are() -> None:
    pacer, paper, other = Pacer(lambda: None), Paper(), Paper()
    now = asyncio.get_running_loop().time()
    leaving = asyncio.create_task(pacer.play(Stream(FRAMES, paper.write, now + 0.02, 0.001)))
    staying = asyncio.create_task(pacer.play(Stream(FRAMES, other.write, now + 0.03, 0.001)))
    await asyncio.sleep(0)
    leaving.cancel()
    await staying
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert paper.lines == []
    assert other.frames == FRAMES
