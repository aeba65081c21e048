"""Messages that grow in the local Slack: who may, how far, and what ends them."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from playground.slack import chunks
from playground.slack.model import Json, Stream
from playground.slack.people import Person
from playground.slack.refusals import Impossible, Refusal
from playground.slack.server import SlackStandIn
from tests.fixtures.slack_place import Client, at_slack

BUTTONS: Json = {
    "type": "actions",
    "elements": [{"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "Again"}}],
}
EVENT: Json = {"event_type": "page", "event_payload": {"turn": 1}}


class Desk:
    """Ann, who asked something in her direct message with the bot, and the bot's client."""

    def __init__(self, place: SlackStandIn, client: Client) -> None:
        self.place, self.client = place, client
        self.ann: Person = place.person("ann")
        self.dm = self.ann.dm
        self.root = ""

    async def begin(self, **arguments: Any) -> str:
        self.root = (await self.ann.dm_bot("tell me")).ts
        return await self.client.begin(self.dm, self.root, **arguments)

    async def append(self, ts: str, text: str) -> str:
        answer = await self.client.ask("chat.appendStream", channel=self.dm.id, ts=ts, markdown_text=text)
        return str(answer.get("error", ""))

    async def stop(self, ts: str, **arguments: Any) -> Json:
        return await self.client.ask("chat.stopStream", channel=self.dm.id, ts=ts, **arguments)

    @property
    def visible(self) -> list[str]:
        return [m.visible for m in self.place.answers(self.dm, self.root)]

    @property
    def status(self) -> str:
        return self.place.sessions()[self.dm.id, self.root].status


@pytest.fixture
async def desk() -> AsyncGenerator[Desk]:
    async with at_slack() as (place, client):
        yield Desk(place, client)


async def test_a_stream_grows_and_what_comes_with_its_end_is_added(desk: Desk) -> None:
    ts = await desk.begin(markdown_text="One")
    assert await desk.append(ts, ", two") == ""
    assert desk.status == "processing"
    assert [m.ts for m in desk.place.open_streams()] == [ts]
    answer = await desk.stop(ts, markdown_text=", three", blocks=[BUTTONS], metadata=EVENT)
    assert desk.visible == ["One, two, three"]
    assert desk.status == "active"
    assert desk.place.open_streams() == []
    message = desk.place.answers(desk.dm, desk.root)[0]
    assert (message.blocks, message.metadata) == ([BUTTONS], EVENT)
    assert answer["message"]["text"] == "One, two, three"
    assert desk.place.violations == []


async def test_every_step_of_a_stream_is_in_the_journal_in_order(desk: Desk) -> None:
    ts = await desk.begin(markdown_text="One")
    await desk.append(ts, ", two")
    await desk.stop(ts)
    steps = [(c.kind, c.content) for c in desk.place.journal if c.kind != "status"]
    assert steps == [("post", "tell me"), ("post", "One"), ("append", "One, two"), ("stop", "One, two")]


async def test_the_end_may_leave_the_session_in_another_state(desk: Desk) -> None:
    ts = await desk.begin()
    await desk.stop(ts, markdown_text="done", session_status="suspended")
    assert desk.status == "suspended"


async def test_after_the_end_there_is_nothing_to_append_to_and_that_is_the_apps_fault(desk: Desk) -> None:
    ts = await desk.begin(markdown_text="One")
    await desk.stop(ts)
    assert await desk.append(ts, "more") == "message_not_in_streaming_state"
    assert (await desk.stop(ts))["error"] == "message_not_in_streaming_state"
    assert len(desk.place.violations) == 2
    assert desk.visible == ["One"]


async def test_slack_ends_an_old_stream_by_itself_and_that_is_nobodys_fault(desk: Desk) -> None:
    ts = await desk.begin(markdown_text="One")
    desk.place.clock.advance(desk.place.world.stream_age)
    assert desk.place.open_streams() == []
    assert await desk.append(ts, "more") == "message_not_in_streaming_state"
    assert (await desk.stop(ts))["error"] == "message_not_in_streaming_state"
    repaired = await desk.client.ask("chat.update", channel=desk.dm.id, ts=ts, markdown_text="One and more")
    assert repaired["ok"]
    assert desk.visible == ["One and more"]
    assert desk.place.violations == []


async def test_all_streams_can_be_ended_at_once(desk: Desk) -> None:
    ts = await desk.begin(markdown_text="One")
    desk.place.expire_streams()
    assert await desk.append(ts, "more") == "message_not_in_streaming_state"


async def test_a_message_in_a_stream_cannot_be_updated(desk: Desk) -> None:
    ts = await desk.begin(markdown_text="One")
    answer = await desk.client.ask("chat.update", channel=desk.dm.id, ts=ts, markdown_text="other")
    assert answer["error"] == "streaming_state_conflict"
    assert "chat.update" in desk.place.violations[0]


async def test_a_person_who_stops_the_session_ends_the_appends_but_not_the_stream(desk: Desk) -> None:
    ts = await desk.begin(markdown_text="One")
    await desk.ann.press_stop(desk.dm, desk.root)
    assert await desk.append(ts, "more") == "stopped_by_user"
    assert (await desk.stop(ts, blocks=[BUTTONS]))["ok"]
    assert (desk.visible, desk.status, desk.place.violations) == (["One"], "active", [])
    with pytest.raises(Impossible):
        await desk.ann.press_stop(desk.dm, desk.root)


async def test_a_deleted_stream_is_gone(desk: Desk) -> None:
    ts = await desk.begin(markdown_text="One")
    await desk.place.owner.delete(desk.place.answers(desk.dm, desk.root)[0])
    assert await desk.append(ts, "more") == "message_not_found"
    assert desk.place.open_streams() == []


async def test_chinese_counts_three_bytes_a_character(desk: Desk) -> None:
    most = desk.place.world.stream_bytes // 3
    ts = await desk.begin(markdown_text="字" * (most - 1))
    assert await desk.append(ts, "字") == ""
    assert await desk.append(ts, "字") == "msg_too_long"
    assert "bytes in a streamed message" in desk.place.violations[0]
    assert desk.visible == ["字" * most]
    assert (await desk.stop(ts))["ok"]


async def test_the_blocks_of_the_end_count_as_well(desk: Desk) -> None:
    ts = await desk.begin(markdown_text="x" * (desk.place.world.stream_bytes - 10))
    assert (await desk.stop(ts, blocks=[BUTTONS]))["error"] == "msg_too_long"
    assert (await desk.stop(ts))["ok"]


async def test_chunks_bring_text_and_cards_of_which_only_the_text_is_the_answer(desk: Desk) -> None:
    ts = await desk.begin(chunks=[{"type": "task_update", "id": "t", "title": "Thinking", "status": "in_progress"}])
    more = [
        {"type": "task_update", "id": "t", "title": "Thought", "status": "complete", "details": "a"},
        {"type": "task_update", "id": "t", "title": "Thought", "details": "b"},
        {"type": "markdown_text", "text": "The answer"},
    ]
    await desk.client.ask("chat.appendStream", channel=desk.dm.id, ts=ts, chunks=more)
    (message,) = desk.place.open_streams()
    assert message.visible == "The answer"
    assert message.stream is not None
    card = message.stream.tasks["t"]
    assert (card["title"], card["status"], card["details"]) == ("Thought", "complete", "ab")


async def test_a_channel_needs_a_recipient_of_the_right_workspace() -> None:
    async with at_slack() as (place, client):
        general, ann = place.channel("general"), place.person("ann")
        said = await ann.mention(general, "hello")
        other = place.add_team("elsewhere")
        await client.begin(general, said.ts, recipient_user_id=ann.id, recipient_team_id=place.team.id)
        assert place.violations == []
        await client.begin(general, said.ts, recipient_user_id=ann.id, recipient_team_id=other.id)
        assert place.violations == ["chat.startStream: recipient_team_id is not the workspace of the recipient"]


async def test_an_app_that_is_no_agent_streams_without_a_session() -> None:
    async with at_slack(agent=False) as (place, client):
        desk = Desk(place, client)
        ts = await desk.begin(markdown_text="One")
        await desk.stop(ts)
        refused = await client.ask("agents.sessions.setStatus", channel_id=desk.dm.id, thread_ts=ts, status="active")
    assert (place.sessions(), refused["error"]) == ({}, "not_authorized")


async def test_a_session_has_a_state_and_a_name(desk: Desk) -> None:
    await desk.begin()
    where = {"channel_id": desk.dm.id, "thread_ts": desk.root}
    assert (await desk.client.ask("agents.sessions.setStatus", **where, status="closed"))["ok"]
    assert (await desk.client.ask("agents.sessions.rename", **where, title="x" * 201))["error"] == "invalid_arguments"
    assert (await desk.client.ask("agents.sessions.rename", **where, title="Names"))["ok"]
    session = desk.place.sessions()[desk.dm.id, desk.root]
    assert (session.status, session.title) == ("closed", "Names")


async def test_without_the_event_of_stop_there_is_a_warning_and_no_stop(desk: Desk) -> None:
    desk.place.deliver.subscribed.discard("agent_session_stopped")
    await desk.begin()
    where = {"channel_id": desk.dm.id, "thread_ts": desk.root}
    answer = await desk.client.ask("agents.sessions.setStatus", **where, status="processing")
    assert answer["warning"] == "missing_agent_session_stopped_event_subscription"
    with pytest.raises(Impossible):
        await desk.ann.press_stop(desk.dm, desk.root)


async def test_the_librarys_own_streams_work(desk: Desk) -> None:
    desk.root = (await desk.ann.dm_bot("tell me")).ts
    streamer = await desk.client.chat_stream(channel=desk.dm.id, thread_ts=desk.root, buffer_size=4)
    for word in ("Some", " more", " words"):
        await streamer.append(markdown_text=word)
    await streamer.stop(markdown_text=".")
    assert desk.visible == ["Some more words."]
    assert desk.place.violations == []


async def test_a_status_line_goes_after_two_minutes_or_with_the_first_answer(desk: Desk) -> None:
    root = (await desk.ann.dm_bot("tell me")).ts
    where = {"channel_id": desk.dm.id, "thread_ts": root}
    for ends in ("time", "answer"):
        await desk.client.ask("assistant.threads.setStatus", **where, status="thinks", loading_messages=["hm"])
        assert desk.place.status_line(desk.dm, root) == "thinks"
        if ends == "time":
            desk.place.clock.advance(120)
        else:
            await desk.client.ask("chat.postMessage", channel=desk.dm.id, thread_ts=root, text="so")
        assert desk.place.status_line(desk.dm, root) == ""


async def test_prompts_are_for_the_whole_conversation_of_an_agent(desk: Desk) -> None:
    prompts = [{"title": "Weather", "message": "How is the weather?"}]
    name = "assistant.threads.setSuggestedPrompts"
    assert (await desk.client.ask(name, channel_id=desk.dm.id, prompts=prompts, thread_ts="1.000001"))["ok"]
    assert desk.place.world.prompts == {}
    assert "does nothing" in desk.place.violations[0]
    assert (await desk.client.ask(name, channel_id=desk.dm.id, prompts=prompts))["ok"]
    assert desk.place.world.prompts == {desk.dm.id: prompts}


@given(st.lists(st.text(max_size=20), max_size=10))
@settings(deadline=None)
def test_the_details_of_a_card_are_all_that_was_sent_and_weigh_double(parts: list[str]) -> None:
    stream = Stream(0.0, 0.0)
    for part in parts:
        chunks.add_tasks(stream, [{"type": "task_update", "id": "t", "title": "x", "details": part}])
    whole = "".join(parts)
    assert stream.tasks.get("t", {}).get("details", "") == whole
    assert chunks.weight(stream) == (2 + 2 * len(whole.encode()) if parts else 0)


@given(st.text(), st.lists(st.text(min_size=1), max_size=5))
@settings(deadline=None)
def test_chunks_of_text_are_put_together_and_exclude_markdown(markdown: str, texts: list[str]) -> None:
    given_chunks = [{"type": "markdown_text", "text": text} for text in texts]
    if markdown:
        with pytest.raises(Refusal):
            chunks.read(markdown, given_chunks)
    else:
        assert chunks.read("", given_chunks).markdown == "".join(texts)
