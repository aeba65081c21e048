"""What is seen of the local Slack, with names in place of ids."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.feed import Card
from playground.slack.model import Channel, Json, Message, Stream
from playground.slack.server import SlackStandIn
from playground.slack_view import SlackView


def buttons(*labels: str) -> Json:
    made = [{"type": "button", "action_id": label.lower(), "text": {"text": label}} for label in labels]
    return {"type": "actions", "elements": made}


def thumbs(*labels: str) -> Json:
    good, bad = ({"text": {"type": "plain_text", "text": label}, "value": label} for label in labels)
    element = {"type": "feedback_buttons", "action_id": "rate", "positive_button": good, "negative_button": bad}
    return {"type": "context_actions", "elements": [element]}


class Watched:
    """A stand-in and what is seen of it."""

    def __init__(self, slack: SlackStandIn) -> None:
        self.slack = slack
        self.view = SlackView(slack)
        self.general = slack.channel("general")

    def answer(
        self, text: str, *blocks: Json, thread: str = "", channel: Channel | None = None, **more: Any
    ) -> Message:
        bot, shown = self.slack.bot_user, [{"type": "markdown", "text": text}, *blocks]
        where = (channel or self.general).id
        message = Message(self.slack.clock.ts(), where, bot.id, bot.team, blocks=shown, thread=thread, **more)
        return self.slack.service.post(message)

    def stream(self, text: str, thread: str, *, channel: Channel) -> Message:
        bot = self.slack.bot_user
        now = self.slack.clock.now()
        message = Message(self.slack.clock.ts(), channel.id, bot.id, bot.team, markdown=text, thread=thread)
        message.stream = Stream(now, now)
        self.slack.world.session(channel.id, thread).status = "processing"
        return self.slack.service.post(message)

    def card(self, message: Message) -> Card:
        card = self.view.card(("Slack", message.channel, message.ts))
        assert card is not None
        return card


@pytest.fixture
async def watched() -> AsyncIterator[Watched]:
    async with SlackStandIn() as slack:
        yield Watched(slack)


async def test_a_message_with_a_stop_button_grows(watched: Watched) -> None:
    asked = await watched.slack.person("ann").mention(watched.general, "a question &amp; more")
    card = watched.card(watched.answer("Hello", buttons("Stop"), thread=asked.ts))
    place = "#general › a question & more"
    assert card == Card("Slack", "glimmer", True, place, "Hello", ["Stop"], [], growing=True)


async def test_a_finished_message_does_not_grow_and_has_its_thumbs(watched: Watched) -> None:
    card = watched.card(watched.answer("done", buttons("Regenerate"), thumbs("Good", "Bad")))
    assert (card.growing, card.buttons) == (False, ["Regenerate", "Good", "Bad"])


async def test_a_stream_grows_and_offers_slacks_own_stop_until_it_ends(watched: Watched) -> None:
    asked = await watched.slack.person("ann").dm_bot("x")
    message = watched.stream("on the way", asked.ts, channel=watched.slack.person("ann").dm)
    card = watched.card(message)
    assert (card.growing, card.buttons, card.place, card.text) == (True, ["Stop"], "DM › x", "on the way")
    watched.slack.expire_streams()
    assert (watched.card(message).growing, watched.card(message).buttons) == (False, [])


async def test_what_only_one_person_sees_has_a_card_too(watched: Watched) -> None:
    ann, bot = watched.slack.person("ann"), watched.slack.bot_user
    message = Message(watched.slack.clock.ts(), watched.general.id, bot.id, bot.team, "psst", ephemeral_to=ann.id)
    watched.slack.service.whisper(message)
    assert (watched.card(message).text, watched.card(message).private) == ("psst", True)


async def test_a_deleted_message_has_no_card(watched: Watched) -> None:
    ann = watched.slack.person("ann")
    said = await ann.say(watched.general, "x")
    await ann.delete(said)
    assert watched.view.card(("Slack", said.channel, said.ts)) is None
    assert watched.view.card(("Slack", "C1", "1.0")) is None


async def test_files_are_named_with_their_size(watched: Watched) -> None:
    ann = watched.slack.person("ann")
    said = await ann.dm_bot("look", files=[await ann.upload("notes.txt", "text/plain", b"abc")])
    assert watched.card(said).files == [("notes.txt", 3)]
    assert watched.view.since(0)[0].files == ["notes.txt"]


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("<@BOT> hi", "@glimmer hi"),
        ("<@U0NOBODY> hi", "@U0NOBODY hi"),
        ("<!here> and <!channel>", "@here and @channel"),
        ("<https://example.org|here>, <https://example.org>", "here (https://example.org), https://example.org"),
        ("1 &lt; 2 &amp;amp; 3 &gt; 2 &copy;", "1 < 2 &amp; 3 > 2 &copy;"),
        ("a < b > c", "a < b > c"),
    ],
)
async def test_markup_is_shown_as_the_client_shows_it(watched: Watched, source: str, shown: str) -> None:
    assert watched.view.plain(source.replace("BOT", watched.slack.bot_user.id)) == shown


@given(st.text() | st.from_regex(r"(&(amp|lt|gt|#27|#x1b);|<|\|)*"))
def test_no_text_can_drive_the_terminal(text: str) -> None:
    shown = SlackView(SlackStandIn()).plain(text)
    assert not any((ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 for c in shown)


async def test_changes_come_with_who_where_what_and_the_thread_that_they_are_about(watched: Watched) -> None:
    ann = watched.slack.person("ann")
    asked = await ann.mention(watched.general, "a question")
    await ann.react(asked, "eyes")
    for line in ("processing", "is working on it…"):
        watched.slack.service.note("status", watched.general.id, asked.ts, watched.slack.bot_user.id, line)
    watched.answer("Hello", buttons("Stop"), thread=asked.ts)
    seen = watched.view.since(0)
    assert [(s.kind, s.actor, s.ours, s.place, s.text, s.size) for s in seen] == [
        ("post", "ann", False, "#general", "@glimmer a question", len(asked.text)),
        ("reaction", "ann", False, "#general", ":eyes:", None),
        ("session", "glimmer", True, "#general › a question", "processing", None),
        ("status", "glimmer", True, "#general › a question", "is working on it…", None),
        ("post", "glimmer", True, "#general › a question", "Hello", 5),
    ]
    assert seen[-1].buttons == ["Stop"]
    assert watched.view.since(4) == seen[4:]
