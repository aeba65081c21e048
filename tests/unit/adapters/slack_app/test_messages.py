from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.errors import OperatorError
from bot.messages import ControlKind
from tests.fixtures.virtual_time import now
from tests.fixtures.virtually import virtually
from tests.unit.adapters.slack_app.ear import (
    ANN,
    APP,
    BOT,
    CHANNEL,
    DM,
    GROUP,
    ROOT,
    TEAM,
    TS,
    Ear,
    Payload,
    changed,
    deleted,
    mention,
    said,
)

pytestmark = pytest.mark.usefixtures("silence")
KEY = f"slack/{TEAM}:{CHANNEL}:{TS}"
HI = f"<@{BOT}> hi"
FILES: dict[str, Any] = {"subtype": "file_share", "files": [{"id": "F1", "name": "a.png", "size": 1}]}


def thread_reply(fields: Payload) -> Payload:
    """A mention of the bot in a thread, with these fields."""
    body = said(HI, thread_ts=ROOT)
    body["event"] |= fields
    return body


# What is for the bot ---------------------------------------------------------------------------------------------


async def test_what_is_said_outside_of_threads_to_others_is_never_stored() -> None:
    ear = Ear()
    await ear.take(said("hello all"), said("hi <@UBEN>"), said("hi", channel=GROUP, channel_type="mpim"))
    assert ear.inbox.asks == []


@pytest.mark.parametrize("place", [{}, {"channel": GROUP, "channel_type": "mpim"}, {"channel_type": "group"}])
async def test_what_is_said_in_a_thread_may_be_for_the_bot(place: Payload) -> None:
    ear = Ear()
    await ear.take(said("and now?", thread_ts=ROOT, **place))
    [ask] = ear.inbox.asks
    assert not ask.addressed
    assert ask.address.thread == ROOT


async def test_nothing_that_can_be_read_in_a_thread_is_no_context() -> None:
    ear = Ear()
    await ear.take(said("", thread_ts=ROOT), said(" ", thread_ts=ROOT))
    assert ear.inbox.asks == []
    await ear.take(said("", thread_ts=ROOT, **FILES))
    assert len(ear.inbox.asks) == 1


async def test_a_mention_without_words_is_an_ask() -> None:
    assert (await Ear().hear(f"<@{BOT}>")).text == ""


async def test_a_mention_is_for_the_bot_in_groups_too() -> None:
    assert (await Ear().hear(HI, channel=GROUP, channel_type="mpim")).addressed


@pytest.mark.parametrize(
    "fields",
    [
        {"bot_id": "B9", "text": "to nobody"},
        {"bot_id": APP, "user": BOT},
        {"user": BOT},
        {"user": "USLACKBOT"},
        {"user": None},
        {"subtype": "bot_message", "bot_id": "B9", "user": None},
        {"subtype": "channel_topic"},
        {"subtype": "message_replied"},
        {"hidden": True},
        {"ts": None},
        {"channel": None},
    ],
)
async def test_bots_that_talk_to_others_notices_and_fragments_are_ignored(fields: Payload) -> None:
    ear = Ear()
    assert (await ear.take(thread_reply(fields))).status == 200
    twin = thread_reply({**fields, "type": "app_mention"})
    await ear.take(twin)
    assert ear.inbox.asks == []


async def test_another_bot_that_mentions_ours_is_taken_for_what_it_is() -> None:
    ask = await Ear().hear(HI, bot_id="B9")
    assert ask.author.bot
    assert not (await Ear().hear(HI)).author.bot


async def test_a_reply_that_is_also_sent_to_the_channel_is_one_reply() -> None:
    ear = Ear()
    reply: Payload = {"thread_ts": ROOT, "root": {"ts": ROOT, "text": "first"}}
    await ear.take(said(HI, subtype="thread_broadcast", **reply), said(HI, thread_ts=ROOT))
    assert ear.asked.conversation == f"slack/{TEAM}/{CHANNEL}/{ROOT}"


# One message, many copies ----------------------------------------------------------------------------------------


@virtually
async def test_a_mention_and_its_message_are_one_ask_with_its_files_when_the_message_comes_first() -> None:
    ear = Ear()
    await ear.take(said(HI, **FILES), mention(HI))
    assert [file.name for file in ear.asked.attachments] == ["a.png"]
    assert now() == 0


@virtually
async def test_a_mention_and_its_message_are_one_ask_with_its_files_when_the_mention_comes_first() -> None:
    ear = Ear()
    first = asyncio.create_task(ear.take(mention(HI)))
    await asyncio.sleep(0.1)
    await ear.take(said(HI, **FILES))
    await first
    assert [ask.key for ask in ear.inbox.asks] == [KEY, KEY]
    assert [file.name for file in ear.asked.attachments] == ["a.png"]
    assert now() < 0.11


@virtually
async def test_files_that_come_after_the_patience_are_filled_in() -> None:
    ear = Ear()
    await ear.take(mention(HI), said(HI, **FILES))
    assert len(ear.inbox.taken) == 1
    claim = await ear.inbox.store.claim("me", 30)
    assert claim is not None
    assert [file.name for file in claim.turn.ask.attachments] == ["a.png"]


@virtually
async def test_only_the_first_mention_waits_where_messages_do_not_come() -> None:
    ear = Ear()
    await ear.take(mention(HI), mention(HI, "1700000101.0"), mention(HI, "1700000102.0"))
    assert len(ear.inbox.taken) == 3
    assert now() < 0.16


@virtually
async def test_a_mention_with_files_waits_for_nothing() -> None:
    ear = Ear()
    await ear.take(mention(HI, files=FILES["files"]))
    assert ear.asked.attachments
    assert now() == 0


@virtually
async def test_the_same_event_three_times_is_one_ask() -> None:
    ear = Ear()
    await asyncio.gather(*(ear.take(body) for body in (said(HI), said(HI), said(HI), mention(HI), mention(HI))))
    assert ear.asked.key == KEY


async def test_a_redelivery_is_dated_back_to_when_it_was_said() -> None:
    ear = Ear()
    await ear.take(said(HI, "1699999000.000100"), retries=2)
    assert ear.asked.at == 1699999000.0001


async def test_a_message_with_an_old_time_that_comes_first_is_new() -> None:
    ear = Ear()
    await ear.take(said(HI, "1600000000.000100"))
    assert ear.asked.at > 1700000000


@virtually
async def test_what_could_not_be_stored_is_not_acknowledged_and_taken_the_next_time() -> None:
    ear = Ear()
    ear.inbox.failing = OperatorError("the disk is full")
    for body in (said(HI), mention(HI)):
        with pytest.raises(OperatorError):
            await ear.take(body)
    ear.inbox.failing = None
    await ear.take(said(HI), retries=1)
    assert ear.asked.text == "hi"


@virtually
async def test_what_takes_too_long_to_store_is_not_acknowledged() -> None:
    ear = Ear()
    ear.inbox.held = asyncio.Event()
    with pytest.raises(TimeoutError):
        await ear.take(said(HI))
    assert 2.0 <= now() < 2.1


# Edits and deletions ---------------------------------------------------------------------------------------------


async def test_an_edited_question_is_told_by_its_key() -> None:
    ear = Ear()
    await ear.take(changed(said(f"<@{BOT}> a &lt; b"), said(HI)))
    control = ear.control
    assert (control.kind, control.target, control.value) == (ControlKind.QUESTION_EDITED, KEY, "a < b")
    assert control.actor.id == f"{TEAM}.{ANN}"


async def test_an_edit_is_known_by_the_message_before_where_slack_tells_no_other() -> None:
    ear = Ear()
    await ear.take(changed(said("new", ts=None), said("old")))  # type: ignore[arg-type]  # as some recorded events
    assert ear.control.target == KEY


@pytest.mark.parametrize(
    "now_it_is",
    [
        said(HI, attachments=[{"from_url": "https://a.test", "title": "a preview"}]),
        said(HI, reply_count=3, thread_ts=TS),
        said("more of the answer", user=BOT, bot_id=APP),
        said("another bot's news", bot_id="B9"),
        said("renamed", subtype="assistant_app_thread"),
    ],
)
async def test_previews_replies_and_the_edits_of_bots_change_no_question(now_it_is: Payload) -> None:
    ear = Ear()
    await ear.take(changed(now_it_is, said(HI)))
    assert ear.inbox.controls == []
    assert ear.inbox.asks == []


async def test_a_change_from_nobody_knows_what_changes_nothing() -> None:
    ear = Ear()
    body = changed(said("new"), said("old"))
    del body["event"]["previous_message"]
    await ear.take(body)
    assert ear.inbox.controls == []


async def test_a_deleted_message_may_have_been_a_question_or_an_answer() -> None:
    ear = Ear()
    await ear.take(deleted(TS, user=ANN, text=HI))
    assert ear.kinds == [(ControlKind.QUESTION_DELETED, KEY), (ControlKind.ANSWER_DELETED, f"{CHANNEL}:{TS}")]


async def test_a_question_that_was_answered_is_deleted_behind_a_gravestone() -> None:
    ear = Ear()
    stone = said("This message was deleted.", user="USLACKBOT", subtype="tombstone", hidden=True)
    await ear.take(changed(stone, said(HI)))
    assert (ControlKind.QUESTION_DELETED, KEY) in ear.kinds


async def test_a_deletion_of_nothing_is_nothing() -> None:
    ear = Ear()
    await ear.take(deleted(""))
    assert ear.inbox.controls == []


async def test_a_message_in_a_direct_channel_is_deleted_there() -> None:
    ear = Ear()
    body = deleted(TS)
    body["event"]["channel"] = DM
    await ear.take(body)
    assert ear.kinds[1] == (ControlKind.ANSWER_DELETED, f"{DM}:{TS}")
