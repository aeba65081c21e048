"""Which platform the lines of the chat go to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from playground.feed import Seen
from playground.newcomer import HELP, Command, Newcomer, read_file


class Guest:
    """Keeps what is said and done on one platform."""

    def __init__(self, platform: str) -> None:
        self.platform = platform
        self.place = "#general"
        self.done: list[str] = []
        self.commands: Mapping[str, Command] = {"/stop": self._stop, "/help": self._help}

    async def say(self, text: str) -> None:
        self.done.append(text)

    async def _stop(self, rest: str) -> None:
        self.done.append(f"stop {rest}".rstrip())

    async def _help(self, _: str) -> None:
        self.done.append("help")

    def notice(self, seen: Seen) -> bool:
        return seen.platform == self.platform


class Visit:
    """A newcomer with two platforms, and what they were told."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.discord, self.slack = Guest("Discord"), Guest("Slack")
        self.newcomer = Newcomer([self.discord, self.slack], self.told.append)

    async def types(self, *lines: str) -> None:
        for line in lines:
            await self.newcomer.act(line)


@pytest.fixture
def visit() -> Visit:
    return Visit()


async def test_one_speaks_on_the_first_platform_until_one_changes_and_back(visit: Visit) -> None:
    assert visit.newcomer.place == "Discord #general"
    await visit.types("one", "/slack", "two", "/stop now")
    assert visit.newcomer.place == "Slack #general"
    await visit.types("/discord", "three")
    assert visit.discord.done == ["one", "three"]
    assert visit.slack.done == ["two", "stop now"]
    assert visit.told == []


async def test_what_stands_behind_the_platform_is_said_there(visit: Visit) -> None:
    await visit.types("/slack hello  there")
    assert visit.slack.done == ["hello  there"]


async def test_the_help_names_every_way_to_change_and_is_the_bots_as_well(visit: Visit) -> None:
    await visit.types("/slack", "/help")
    assert visit.told == [HELP]
    assert visit.slack.done == ["help"]
    assert {"/slack", "/discord"} <= set(HELP.split())


async def test_an_unknown_command_is_answered_with_the_help(visit: Visit) -> None:
    await visit.types("/nonsense at all")
    assert visit.told == [f"There is no /nonsense. {HELP}"]
    assert visit.discord.done == []


def test_a_conversation_that_moves_elsewhere_is_not_one_that_moves_here(visit: Visit) -> None:
    moved = [Seen(0.0, "thread", (platform, "", ""), "", True, "", "") for platform in ("Discord", "Slack")]
    assert [visit.newcomer.notice(seen) for seen in moved] == [True, False]


def test_a_file_is_read_with_its_media_type_up_to_its_limit(tmp_path: Path) -> None:
    for name in ("a.png", "b.unheard-of"):
        (tmp_path / name).write_bytes(b"abc")
    assert read_file(str(tmp_path / "a.png"), 3) == ("a.png", b"abc", "image/png")
    assert read_file(str(tmp_path / "b.unheard-of"), 3)[2] == "application/octet-stream"
    with pytest.raises(OSError, match=r"too large.*a\.png"):
        read_file(str(tmp_path / "a.png"), 2)
