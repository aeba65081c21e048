"""How scenes are played one after another, without a platform."""

from __future__ import annotations

import asyncio

import pytest

from playground.chronicle import Chronicle
from playground.demo import NotAsScripted, counted, demo
from playground.discord import refusals as discord_refusals
from playground.slack import refusals as slack_refusals


class Theatre:
    """Scenes are played here, and the lines that were written stay."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.chronicle = Chronicle([], self.lines.append)

    async def play(self, *acts: str | Exception, patience: float = 10.0) -> int:
        """Play scenes that end with these words, or that fail; "" never ends."""
        scenes = [(f"number {n}", lambda act=act: self._act(act)) for n, act in enumerate(acts, 1)]
        return await demo(self.chronicle, self.lines.append, scenes, patience)

    async def _act(self, act: str | Exception) -> str:
        if isinstance(act, Exception):
            raise act
        return act or await asyncio.get_running_loop().create_future()


async def test_scenes_that_end_are_a_success() -> None:
    theatre = Theatre()
    assert await theatre.play("said", "done") == 0
    assert [line.split(" s  ")[-1] for line in theatre.lines if "done  " in line] == [
        "done  scene 1, number 1: said",
        "done  scene 2, number 2: done",
    ]
    assert "All 2 scenes" in theatre.lines[-1]


async def test_a_scene_without_an_end_is_a_failure_and_the_next_is_not_played() -> None:
    theatre = Theatre()
    assert await theatre.play("", "said", patience=0.01) == 1
    assert "FAILED  scene 1, number 1: no end" in theatre.lines[-1]
    assert not any("Scene 2" in line for line in theatre.lines)


@pytest.mark.parametrize(
    "problem",
    [
        NotAsScripted("it rained"),
        discord_refusals.Impossible("it rained"),
        slack_refusals.Impossible("it rained"),
        slack_refusals.Refusal("it rained"),
    ],
)
async def test_a_scene_that_takes_another_course_says_which(problem: Exception) -> None:
    theatre = Theatre()
    assert await theatre.play(problem, "said") == 1
    assert theatre.lines[-1].endswith("FAILED  scene 1, number 1: it rained")


async def test_a_mistake_in_a_scene_is_not_taken_for_a_turn_of_the_plot() -> None:
    with pytest.raises(ZeroDivisionError):
        await Theatre().play(ZeroDivisionError())


def test_answers_are_counted_in_messages_and_characters() -> None:
    assert counted([1_000]) == "1 message, 1,000 characters"
    assert counted([1_000, 500]) == "2 messages, 1,500 characters"
