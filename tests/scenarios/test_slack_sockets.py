"""Lost lines and full disks: nothing that Slack was not told to forget is lost."""

from __future__ import annotations

import resource
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.scenarios.house import Bot, script
from tests.scenarios.slack_house import SlackHouse, open_slack


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[SlackHouse]:
    async with open_slack(tmp_path) as opened:
        yield opened


async def back(house: SlackHouse, opened: int) -> None:
    """Wait until the socket has been replaced, and what was said meanwhile is answered."""
    house.slack.deliver.ack_within, house.slack.deliver.retry_after = 1.0, [0.0] * 20
    house.glm.script(script("Heard."))
    question = await house.ann.mention(house.general, "do you hear me?")
    await house.until(lambda: house.slack.deliver.sockets.opened > opened, patience=10.0)
    await house.answered(question, contains="Heard.")
    assert len(house.asked) == 1


async def test_a_broken_socket_is_replaced(house: SlackHouse) -> None:
    await house.start()
    house.slack.deliver.drop_sockets()
    await back(house, opened=1)


async def test_a_silent_socket_is_replaced_within_ten_seconds(house: SlackHouse) -> None:
    await house.start()
    house.slack.deliver.silence()
    await back(house, opened=1)


async def test_a_refresh_of_the_socket_loses_nothing(house: SlackHouse) -> None:
    house.slack.deliver.sockets.ping_every = 0.2
    await house.start()
    await house.slack.deliver.refresh()
    await back(house, opened=1)


async def test_refused_sockets_are_tried_until_they_are_taken(house: SlackHouse) -> None:
    bot = await house.start()
    house.slack.deliver.refuse_sockets()
    house.slack.deliver.drop_sockets()
    await bot.logged("slack.disconnected")
    house.slack.deliver.refuse_sockets(False)
    await back(house, opened=1)


@contextmanager
def full_disk(bot: Bot) -> Generator[None]:
    """The process may make no file larger, as if the disk were full."""
    pid = bot.process.pid
    _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, most))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, most))


@pytest.mark.parametrize("over", ["socket", "http"])
async def test_what_cannot_be_stored_is_not_acknowledged_and_answered_when_it_is_sent_again(
    tmp_path: Path, over: str
) -> None:
    async with open_slack(tmp_path, over=over) as house:
        house.slack.deliver.ack_within, house.slack.deliver.retry_after = 1.0, [0.0] * 20
        house.glm.script(script("Taken at last."))
        bot = await house.start()
        with full_disk(bot):
            question = await house.ann.mention(house.general, "hello")
            await bot.logged("slack.event_not_taken")
            await house.until(lambda: any(sent.failure for sent in house.slack.deliver.log))
        await house.answered(question, contains="Taken at last.")
        assert len(house.asked) == 1
        assert bot.process.returncode is None


async def test_a_command_that_cannot_be_stored_says_so(house: SlackHouse) -> None:
    bot = await house.start()
    with full_disk(bot):
        reply = await house.ann.slash("/glm", "model glm-4.6", house.general)
        assert "could not take your message" in str(reply.response)
    house.glm.script(script("Still here."))
    await house.answered(await house.ann.dm_bot("alive?"), contains="Still here.")
