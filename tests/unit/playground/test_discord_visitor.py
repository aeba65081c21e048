"""What the lines of the chat do on Discord, in a stand-in without a bot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from playground.discord import messages
from playground.discord.server import DiscordStandIn
from playground.discord_view import DiscordView
from playground.discord_visitor import DiscordVisitor
from playground.newcomer import Newcomer
from tests.unit.playground.test_discord_view import STOP


class Visit:
    """A newcomer, and what they were told."""

    def __init__(self, discord: DiscordStandIn) -> None:
        self.discord = discord
        self.general = discord.channel("general")
        self.told: list[str] = []
        self.view = DiscordView(discord)
        self.visitor = DiscordVisitor(discord, self.view, self.told.append)
        self.newcomer = Newcomer([self.visitor], self.told.append)
        self._noticed = 0

    def follows(self) -> bool:
        """Whether one of the new changes moves the conversation."""
        new = self.view.since(self._noticed)
        self._noticed += len(new)
        return True in [self.visitor.notice(seen) for seen in new]

    async def types(self, *lines: str) -> None:
        for line in lines:
            await self.newcomer.act(line)

    def said(self, place: str = "") -> list[str]:
        return [m.content for m in self.discord.messages(place or self.general)]


@pytest.fixture
async def visit() -> AsyncIterator[Visit]:
    async with DiscordStandIn() as discord:
        yield Visit(discord)


async def test_plain_text_mentions_the_bot_in_the_channel(visit: Visit) -> None:
    await visit.types("  hello there ", "   ")
    assert visit.said() == [f"<@{visit.discord.bot_user.id}> hello there"]
    assert visit.told == []


async def test_the_conversation_moves_into_the_thread_of_the_question_and_back_with_new(visit: Visit) -> None:
    alice = visit.discord.person("alice")
    await visit.types("first")
    other = await alice.say(visit.general, "something else")
    await alice.open_thread(other, "not mine")
    assert not visit.follows()
    thread = await alice.open_thread(visit.discord.messages(visit.general)[0], "mine")
    assert visit.follows()
    assert visit.visitor.place == "#general › mine"
    await visit.types("follow-up")
    assert visit.said(thread.id)[-1] == "follow-up"
    await visit.types("/new again")
    assert visit.said()[-1].endswith("> again")
    assert visit.visitor.place == "#general"


async def test_a_thread_does_not_pull_somebody_out_of_a_direct_message(visit: Visit) -> None:
    await visit.types("first", "/dm hi")
    await visit.discord.person("alice").open_thread(visit.discord.messages(visit.general)[0], "late")
    assert not visit.follows()
    assert visit.visitor.place == "DM"
    assert visit.said(visit.discord.person("newcomer").dm_channel.id) == ["hi"]


async def test_the_last_message_can_be_edited_and_deleted(visit: Visit) -> None:
    await visit.types("teh", "/edit the")
    assert visit.said() == [f"<@{visit.discord.bot_user.id}> the"]
    await visit.types("/delete", "/delete")
    assert visit.said() == []
    assert visit.told == ["That cannot be done: the message is gone already"]


async def test_a_file_goes_with_the_text(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"abc")
    await visit.types(f"/attach {path} look")
    (message,) = visit.discord.messages(visit.general)
    assert message.content.endswith("> look")
    assert [(a.name, a.data, a.upload.media_type) for a in message.attachments] == [("notes.txt", b"abc", "text/plain")]


async def test_what_cannot_be_done_is_told_in_a_sentence(visit: Visit, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(bytes(100))
    visit.discord.world.upload_limit = 99
    tries = ["/stop", "/click", "/edit x", "/attach /no/such/file", f"/attach {tmp_path}/big", "x" * 4_001]
    await visit.types(*tries)
    assert len(visit.told) == len(tries)
    assert all(sentence.startswith("That cannot be done: ") for sentence in visit.told)
    assert visit.said() == []


async def test_a_bot_that_does_not_react_to_a_click_is_told_as_in_the_client(visit: Visit) -> None:
    visit.discord.interactions.answer_within = 0.01
    messages.post(visit.discord.service, visit.general, messages.Draft(visit.discord.bot_user, "x", components=STOP))
    await visit.types("/click STOP")
    assert visit.told == ["The application did not respond."]
