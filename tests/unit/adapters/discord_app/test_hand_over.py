"""What commands give that take long: after their acknowledgement, to their giver alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator

import pytest

from bot import texts
from bot.messages import Control, ControlKind, Reply
from playground.discord.interactions import Interaction
from playground.discord.server import DiscordStandIn
from tests.fixtures.platforms import OnDiscord, Recorder

pytestmark = pytest.mark.usefixtures("silence")
PATIENCE = 10.0
GIVEN = Reply("Here it is.", ("glimmer.md", "all of it"))


class Given:
    """Somebody's /export at a stand-in."""

    def __init__(self, platform: OnDiscord, inbox: Recorder) -> None:
        self.platform = platform
        self.place = platform.place
        self._inbox = inbox

    async def begin(self) -> tuple[asyncio.Task[Interaction], Control]:
        """Give the command; what its giver sees, and the control that it is."""
        await self.place.wait_for(lambda: any(call.method == "PUT" for call in self.place.requests))
        seen = asyncio.create_task(self.platform.alice.slash("export", {"format": "md"}, channel=self.platform.general))
        return seen, await asyncio.wait_for(self._inbox.controls.get(), PATIENCE)

    async def reply(self, reply: Reply) -> list[tuple[str, str, bool]]:
        """Give the command and answer it; all that was said to it, and whether only its giver sees that."""
        seen, control = await self.begin()
        await asyncio.wait_for(self.platform.adapter.reply(control, reply), PATIENCE)
        return [(said.kind, said.content, said.ephemeral) for said in (await seen).responses]

    @property
    def direct(self) -> list[tuple[str, list[bytes]]]:
        """What is in the direct messages, and their files."""
        found = self.place.answers(self.platform.alice.dm_channel)
        return [(message.content, [file.data for file in message.attachments]) for message in found]


@pytest.fixture
async def given() -> AsyncGenerator[Given]:
    async with DiscordStandIn() as place:
        platform, inbox = OnDiscord(place), Recorder()
        run = asyncio.create_task(platform.adapter.run(inbox))
        try:
            await place.connected()
            yield Given(platform, inbox)
        finally:
            await platform.adapter.close()
            await asyncio.wait_for(run, PATIENCE)


async def test_a_file_comes_after_the_acknowledgement_for_its_giver_alone(given: Given) -> None:
    seen, control = await given.begin()
    assert (control.kind, control.value, control.scope) == (ControlKind.EXPORT, "md", "me")
    await given.platform.adapter.reply(control, GIVEN)
    responses = (await seen).responses
    assert [(said.kind, said.ephemeral) for said in responses] == [("defer", True), ("edit", True)]
    message = responses[-1].message
    assert message is not None
    assert message.content == "Here it is."
    assert [(file.name, file.data) for file in message.attachments] == [("glimmer.md", b"all of it")]


async def test_the_answer_waits_for_the_acknowledgement(given: Given) -> None:
    held = given.place.hold("POST", "/callback$", applied=False)
    seen, control = await given.begin()
    await held.arrived
    answering = asyncio.create_task(given.platform.adapter.reply(control, GIVEN))
    for _ in range(100):
        await asyncio.sleep(0)  # whatever would not wait has been sent by then
    held.release()
    await asyncio.wait_for(answering, PATIENCE)
    assert (await seen).responses[-1].content == "Here it is."
    assert (given.place.refusals, given.direct) == ([], [])


async def test_a_file_that_discord_does_not_take_is_said_so(given: Given) -> None:
    given.place.fail("POST", r"^/webhooks/", 413, code=40005)
    said = await given.reply(GIVEN)
    assert said[-1] == ("edit", texts.say("export_failed"), True)
    assert given.direct == []


async def test_when_the_commands_time_is_over_it_comes_directly(given: Given) -> None:
    given.place.interactions.lifetime = 0.0
    await given.reply(GIVEN)
    assert given.direct == [("Here it is.", [b"all of it"])]


async def test_a_command_that_was_never_acknowledged_is_answered_directly(given: Given) -> None:
    given.place.fail("POST", "/callback$", 404, code=10062)
    await given.reply(Reply("Removed."))
    assert given.direct == [("Removed.", [])]


async def test_a_file_that_cannot_be_given_directly_either_is_said_so(given: Given) -> None:
    given.place.interactions.lifetime = 0.0
    given.place.fail("POST", r"^/channels/\d+/messages$", 413, code=40005)
    await given.reply(GIVEN)
    assert given.direct == [(texts.say("export_failed"), [])]


async def test_who_takes_no_direct_messages_is_not_told(given: Given) -> None:
    given.place.interactions.lifetime = 0.0
    given.platform.alice.user.dms_open = False
    assert [kind for kind, _, _ in await given.reply(GIVEN)] == ["defer"]
    assert given.direct == []
