"""What the lines of the chat do on Slack, in a stand-in without the bot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from slack_bolt.context.ack.async_ack import AsyncAck

from playground import slack_visitor
from playground.feed import Card
from playground.newcomer import Newcomer
from playground.slack.model import Channel, Json
from playground.slack.server import SlackStandIn
from playground.slack_visitor import SlackVisitor
from tests.fixtures.slack_apps import App, over_socket
from tests.unit.playground.test_slack_view import Watched, buttons


class Visit(Watched):
    """A newcomer, and what they were told and shown."""

    def __init__(self, slack: SlackStandIn) -> None:
        super().__init__(slack)
        self.told: list[str] = []
        self.shown: list[Card] = []
        self.visitor = SlackVisitor(slack, self.view, self.told.append, self.shown.append)
        self.newcomer = Newcomer([self.visitor], self.told.append)
        self.dm = slack.person("newcomer").dm
        self.mention = f"<@{slack.bot_user.id}> "
        self._noticed = 0

    async def types(self, *lines: str) -> None:
        for line in lines:
            await self.newcomer.act(line)

    def said(self, channel: Channel | None = None, thread: str = "") -> list[str]:
        return [m.text for m in self.slack.messages(channel or self.general, thread)]

    def root(self) -> str:
        """The ts of the newest message outside of threads."""
        return self.slack.messages(self.general)[-1].ts

    def follows(self) -> bool:
        """Whether one of the new changes moves the conversation."""
        new = self.view.since(self._noticed)
        self._noticed += len(new)
        return True in [self.visitor.notice(seen) for seen in new]


@pytest.fixture
async def visit() -> AsyncIterator[Visit]:
    async with SlackStandIn() as slack:
        yield Visit(slack)


async def test_plain_text_mentions_the_bot_in_the_channel_escaped_as_by_the_client(visit: Visit) -> None:
    await visit.types("  1 < 2 & 3 ", "   ")
    assert visit.said() == [f"{visit.mention}1 &lt; 2 &amp; 3"]
    assert visit.told == []


async def test_the_conversation_moves_into_the_thread_of_the_answer_and_back_with_new(visit: Visit) -> None:
    alice = visit.slack.person("alice")
    other = await alice.say(visit.general, "something else")
    await visit.types("first")
    root = visit.root()
    visit.answer("to alice", thread=other.ts)
    await alice.say(visit.general, "from alice", thread=root)
    assert not visit.follows()
    visit.answer("to the newcomer", thread=root)
    assert visit.follows()
    assert visit.visitor.place == "#general › first"
    await visit.types("follow-up")
    assert visit.said(thread=root)[-1] == "follow-up"
    await visit.types("/new again")
    assert visit.said()[-1] == f"{visit.mention}again"
    assert visit.visitor.place == "#general"


async def test_a_late_answer_does_not_pull_somebody_out_of_a_direct_message(visit: Visit) -> None:
    await visit.types("first", "/dm hi")
    visit.answer("late", thread=visit.root())
    assert not visit.follows()
    assert visit.visitor.place == "DM"
    assert visit.said(visit.dm) == ["hi"]


async def test_each_direct_message_by_its_command_begins_a_conversation(visit: Visit) -> None:
    await visit.types("/dm one")
    (first,) = visit.slack.messages(visit.dm)
    visit.answer("an answer", thread=first.ts, channel=visit.dm)
    assert visit.follows()
    await visit.types("more", "/dm two")
    assert visit.said(visit.dm, first.ts)[0::2] == ["one", "more"]
    assert visit.said(visit.dm) == ["one", "two"]


async def test_in_a_thread_commands_are_words(visit: Visit) -> None:
    await visit.types("first")
    root = visit.root()
    visit.answer("an answer", thread=root)
    visit.follows()
    await visit.types("/model glm-4.6", "/stop", "/ask a & b")
    assert visit.said(thread=root)[2:] == ["!model glm-4.6", "!stop", "!ask a &amp; b"]


async def test_outside_of_threads_commands_are_slash_commands_and_only_the_newcomer_sees_the_answer(
    visit: Visit,
) -> None:
    app = App(visit.slack)
    given: list[str] = []

    async def answer(ack: AsyncAck, command: Json) -> None:
        given.append(command["text"])
        await ack({"response_type": "ephemeral", "text": "*Noted* &amp; done"})

    app.bolt.command("/glm")(answer)
    async with over_socket(app):
        await visit.types("/model", "/dm", "/reset")
    assert given == ["model", "reset"]
    assert [card.place for card in visit.shown] == ["#general", "DM"]
    assert visit.shown[0] == Card("Slack", "glimmer", True, "#general", "*Noted* & done", private=True)


async def test_the_last_message_can_be_edited_and_deleted(visit: Visit) -> None:
    await visit.types("teh", "/edit the")
    assert visit.said() == [f"{visit.mention}the"]
    await visit.types("/delete", "/delete")
    assert visit.said() == []
    assert [sentence.partition(":")[0] for sentence in visit.told] == ["That cannot be done"]


async def test_a_file_goes_with_the_text(visit: Visit, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(b"abc")
    await visit.types(f"/attach {path} look")
    (message,) = visit.slack.messages(visit.general)
    assert message.text == f"{visit.mention}look"
    assert [(f.name, f.data, f.mimetype) for f in message.files] == [("notes.txt", b"abc", "text/plain")]


async def test_what_cannot_be_done_is_told_in_a_sentence(
    visit: Visit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "big").write_bytes(bytes(100))
    monkeypatch.setattr(slack_visitor, "MAX_UPLOAD", 99)
    tries = ["/click", "/edit x", "/delete", "/attach /no/such/file", f"/attach {tmp_path}/big"]
    await visit.types(*tries)
    assert len(visit.told) == len(tries)
    assert all(sentence.startswith("That cannot be done: ") for sentence in visit.told)
    assert visit.said() == []


async def test_an_app_that_does_not_react_is_told(visit: Visit) -> None:
    visit.slack.deliver.ack_within = 0.01
    visit.answer("x", buttons("Stop"))
    await visit.types("/click STOP", "/help")
    assert visit.told[0] == visit.told[-1] == "The app did not respond in time."


async def test_a_click_takes_the_newest_button_here_before_elsewhere(visit: Visit) -> None:
    await visit.types("first")
    root = visit.root()
    here = visit.answer("here", buttons("Regenerate"), thread=root)
    visit.follows()
    visit.answer("elsewhere", buttons("Regenerate"), channel=visit.dm)
    app = App(visit.slack)
    pressed: list[str] = []

    async def take(ack: AsyncAck, body: Json) -> None:
        pressed.append(body["message"]["ts"])
        await ack()

    app.bolt.action("regenerate")(take)
    async with over_socket(app):
        await visit.types("/click regenerate")
    assert pressed == [here.ts]


async def test_a_stream_is_stopped_by_slacks_own_stop(visit: Visit) -> None:
    await visit.types("/dm hi")
    asked = visit.slack.messages(visit.dm)[-1]
    visit.slack.deliver.subscribed = {"agent_session_stopped"}
    message = visit.stream("on the way", asked.ts, channel=visit.dm)
    await visit.types("/click")
    assert visit.told == []
    assert message.stream is not None
    assert message.stream.stopped_by_user
