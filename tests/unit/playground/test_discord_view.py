"""What is seen of the local Discord, with names in place of ids."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from playground.discord import messages
from playground.discord.model import Json, Message, MessageFlag
from playground.discord.server import DiscordStandIn
from playground.discord_view import DiscordView
from playground.feed import Card

STOP: list[Json] = [
    {"type": 1, "components": [{"type": 2, "style": 4, "label": "Stop", "custom_id": "any:stop"}]},
    {"type": 1, "components": [{"type": 2, "style": 5, "label": "Web", "url": "https://example.org"}]},
]


class Watched:
    """A stand-in and what is seen of it."""

    def __init__(self, discord: DiscordStandIn) -> None:
        self.discord = discord
        self.view = DiscordView(discord)

    def answer(self, text: str, components: list[Json] | None = None, flags: int = 0) -> Message:
        draft = messages.Draft(self.discord.bot_user, text, components=components or [], flags=flags)
        return messages.post(self.discord.service, self.discord.channel("general"), draft)

    def card(self, message: Message) -> Card:
        card = self.view.card(("Discord", message.channel_id, message.id))
        assert card is not None
        return card


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    async with DiscordStandIn() as discord:
        yield Watched(discord)


def test_a_message_with_a_stop_button_grows(watched: Watched) -> None:
    card = watched.card(watched.answer("Hello", STOP))
    assert card == Card("Discord", "glimmer", True, "#general", "Hello", ["Stop"], [], growing=True)


def test_a_finished_message_does_not_grow(watched: Watched) -> None:
    assert not watched.card(watched.answer("done")).growing


def test_a_deferred_answer_grows_and_says_that_it_is_awaited(watched: Watched) -> None:
    card = watched.card(watched.answer("", flags=MessageFlag.LOADING | MessageFlag.EPHEMERAL))
    assert (card.text, card.growing, card.private) == ("is thinking…", True, True)


async def test_a_deleted_message_has_no_card(watched: Watched) -> None:
    said = await watched.discord.person("alice").say(watched.discord.channel("general"), "x")
    await watched.discord.person("alice").delete(said)
    assert watched.view.card(("Discord", said.channel_id, said.id)) is None
    assert watched.view.card(("Discord", "1", "2")) is None


async def test_mentions_are_names(watched: Watched) -> None:
    said = await watched.discord.person("alice").mention(watched.discord.channel("general"), "and <@1>")
    card = watched.card(said)
    assert (card.author, card.ours, card.text) == ("alice", False, "@glimmer and <@1>")


async def test_places_are_called_as_people_call_them(watched: Watched) -> None:
    alice, general = watched.discord.person("alice"), watched.discord.channel("general")
    thread = await alice.open_thread(await alice.say(general, "x"), "A name that is rather long for a line")
    called = [watched.view.where(place) for place in (general, thread, alice.dm_channel)]
    assert called == ["#general", "#general › A name that is rather long…", "DM"]


async def test_changes_come_with_who_where_what_and_since_when(watched: Watched) -> None:
    alice, general = watched.discord.person("alice"), watched.discord.channel("general")
    said = await alice.say(general, "a question")
    await alice.open_thread(said, "a thread")
    await alice.react(said, "👍")
    posted, *others = watched.view.since(0)
    assert (posted.kind, posted.actor, posted.ours, posted.place) == ("post", "alice", False, "#general")
    assert (posted.size, posted.text, posted.platform) == (10, "a question", "Discord")
    opened = next(seen for seen in others if seen.kind == "thread")
    assert (opened.place, opened.text, opened.size) == ("#general", "a thread", None)
    assert watched.view.since(len(others)) == others[-1:]
