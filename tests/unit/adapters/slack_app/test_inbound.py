from __future__ import annotations

from typing import Any

import pytest

from adapters.slack_app.inbound import attachments_of, is_person, said_at, thread_of
from bot.messages import Attachment, Quote
from tests.unit.adapters.slack_app.ear import ANN, BOT, CHANNEL, DM, NOW, ROOT, TEAM, TS, US, Ear, direct, said


async def test_a_mention_in_a_channel_begins_a_conversation_of_its_own() -> None:
    ask = await Ear().hear(f"<@{BOT}> what is <#C9|random>?")
    assert ask.key == f"slack/{TEAM}:{CHANNEL}:{TS}"
    assert ask.conversation == f"slack/{TEAM}/{CHANNEL}/{TS}"
    assert (ask.text, ask.message, ask.addressed) == ("what is #random?", TS, True)
    assert (ask.address.platform, ask.address.workspace) == ("slack", TEAM)
    assert (ask.address.channel, ask.address.thread, ask.address.direct) == (f"{TEAM}.{CHANNEL}", "", False)
    assert (ask.author.id, ask.author.name, ask.author.rights) == (f"{TEAM}.{ANN}", "Ann", frozenset())
    assert (ask.origin["team"], ask.origin["user"]) == (TEAM, ANN)
    assert ask.at == NOW


async def test_a_thread_is_the_conversation_of_its_root() -> None:
    ask = await Ear().hear(f"<@{BOT}> and now?", thread_ts=ROOT)
    assert ask.conversation == f"slack/{TEAM}/{CHANNEL}/{ROOT}"
    assert (ask.address.thread, ask.message) == (ROOT, TS)


async def test_in_direct_messages_each_root_begins_a_conversation_and_everything_is_for_the_bot() -> None:
    ear = Ear()
    await ear.take(direct("one", ROOT), direct("two"), direct("three", "1700000102.0", thread_ts=ROOT))
    one, two, three = ear.inbox.taken
    assert one.conversation == three.conversation == f"slack/{TEAM}/{DM}/{ROOT}"
    assert two.conversation == f"slack/{TEAM}/{DM}/{TS}"
    assert one.addressed
    assert three.addressed
    assert one.address.direct


async def test_a_root_that_names_itself_as_its_thread_is_still_the_root() -> None:
    ear = Ear()
    await ear.take(direct("one", ROOT, thread_ts=ROOT))
    assert ear.asked.address.thread == ""
    assert ear.asked.conversation == f"slack/{TEAM}/{DM}/{ROOT}"


async def test_a_direct_message_is_known_by_its_channel_where_slack_tells_no_type() -> None:
    ear = Ear()
    await ear.take(said("hello", channel=DM, channel_type=None))
    assert ear.asked.address.direct


async def test_names_and_locales_are_those_that_are_known() -> None:
    ear = Ear()
    ear.people.locales[ANN] = "zh-CN"
    ask = await ear.hear(f"<@{BOT}> ask <@UBEN> or <@UXAV>", user="UNEW")
    assert (ask.author.name, ask.text, ask.address.locale) == ("UNEW", "ask @Ben or @UXAV", "")
    ear = Ear()
    ear.people.locales[ANN] = "zh-CN"
    assert (await ear.hear(f"<@{BOT}> 你好")).address.locale == "zh-CN"


async def test_the_team_of_a_guest_from_another_workspace_is_theirs() -> None:
    ask = await Ear().hear(f"<@{BOT}> hi", user_team="T2")
    assert ask.origin["team"] == "T2"


def test_a_team_that_is_not_told_is_the_apps_own() -> None:
    assert Ear().reader().origin({"user": ANN})["team"] == TEAM


PICTURE: dict[str, Any] = {
    "id": "F1",
    "name": "a.png",
    "mimetype": "image/png",
    "size": 42,
    "url_private": "https://files.slack.com/p",
    "url_private_download": "https://files.slack.com/d",
}


async def test_files_come_along_with_where_they_are_downloaded() -> None:
    ask = await Ear().hear(f"<@{BOT}> what is this?", subtype="file_share", files=[PICTURE])
    assert ask.attachments == (Attachment("a.png", "image/png", 42, "https://files.slack.com/d"),)
    assert "kind" not in ask.origin


def test_files_are_taken_as_far_as_they_are_described() -> None:
    message: dict[str, Any] = {
        "files": [
            {"id": "F1", "file_access": "check_file_info"},
            {"id": "F2", "title": "t", "size": "many", "url_private": "https://files.slack.com/p"},
            {"id": "F3", "mode": "tombstone"},
            {"id": "F4", "mode": "hidden_by_limit"},
        ],
        "attachments": [{"is_share": True, "files": [PICTURE]}],
    }
    assert attachments_of(message) == (
        Attachment("F1", "", 0, ""),
        Attachment("t", "", 0, "https://files.slack.com/p"),
        Attachment("a.png", "image/png", 42, "https://files.slack.com/d"),
    )


SNIPPETS = [
    ({"mode": "snippet", "mimetype": "text/plain"}, True),
    ({"mode": "snippet", "mimetype": "text/x-python"}, False),
    ({"mode": "hosted", "mimetype": "text/plain"}, False),
    ({"mimetype": "text/plain"}, False),
]


@pytest.mark.parametrize(("file", "pasted"), SNIPPETS)
def test_a_snippet_of_words_was_pasted(file: dict[str, str], pasted: bool) -> None:
    [attachment] = attachments_of({"files": [PICTURE | file]})
    assert attachment.pasted is pasted


@pytest.mark.parametrize("clip", [{"subtype": "slack_audio"}, {"subtype": "slack_video"}, {"mimetype": "audio/mp4"}])
async def test_clips_are_told_to_be_voice(clip: dict[str, str]) -> None:
    ear = Ear()
    await ear.take(direct("", subtype="file_share", files=[PICTURE | clip]))
    assert ear.asked.origin["kind"] == "only_voice"
    assert ear.asked.attachments


async def test_shared_messages_and_previews_are_quotes() -> None:
    shared: dict[str, Any] = {
        "is_share": True,
        "author_name": "Ben",
        "text": "ask <@UANN> about a &lt; b",
        "fallback": "[1:00] ben: ask",
    }
    nested = {"message_blocks": [{"message": {"blocks": [{"type": "section", "text": {"text": "deep"}}]}}]}
    preview = {"service_name": "Acme", "title": "A page", "text": "about", "fields": [{"title": "a", "value": "1"}]}
    attachments = [shared, nested, preview, {"fallback": "only this"}, {"color": "red"}]
    ask = await Ear().hear(f"<@{BOT}> why?", attachments=attachments)
    assert ask.quotes == (
        Quote("Ben", "ask @Ann about a < b"),
        Quote("attachment", "deep"),
        Quote("Acme", "A page\nabout\na: 1"),
        Quote("attachment", "only this"),
    )


async def test_quotes_are_of_limited_length() -> None:
    ask = await Ear().hear(f"<@{BOT}> why?", attachments=[{"text": "x" * 5_000}])
    assert len(ask.quotes[0].text) == 4_000


def test_a_message_is_quoted_with_what_it_carries() -> None:
    reader = Ear().reader()
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "a &amp; b"}}]
    assert reader.quote({"user": ANN, "text": "hi", "attachments": [{"text": "more"}]}) == Quote("Ann", "hi\nmore")
    assert reader.quote({"username": "robot", "text": "", "blocks": blocks}) == Quote("robot", "a & b")
    assert reader.quote({"bot_profile": {"name": "CI"}, "text": "failed"}) == Quote("CI", "failed")
    assert reader.quote({"text": "hm"}) == Quote("bot", "hm")
    assert reader.quote({"user": ANN, "text": ""}) is None


@pytest.mark.parametrize(
    ("message", "person"),
    [
        ({"user": ANN}, True),
        ({"user": ANN, "subtype": "file_share"}, True),
        ({"user": ANN, "subtype": "thread_broadcast"}, True),
        ({"user": ANN, "subtype": "channel_join"}, False),
        ({"user": ANN, "subtype": "assistant_app_thread"}, False),
        ({"user": ANN, "hidden": True}, False),
        ({"user": ANN, "bot_id": "B9"}, False),
        ({"bot_id": "B9", "subtype": "bot_message"}, False),
        ({"user": BOT}, False),
        ({"user": "USLACKBOT"}, False),
        ({}, False),
    ],
)
def test_who_is_a_person(message: dict[str, Any], person: bool) -> None:
    assert is_person(message, US) is person


def test_when_something_was_said() -> None:
    assert said_at("100.5", 1_000.0, 0) == 1_000.0
    assert said_at("100.5", 1_000.0, 1) == 100.5
    assert said_at("950.0", 1_000.0, 2) == 1_000.0
    assert said_at("soon", 1_000.0, 1) == 1_000.0
    assert said_at("", 1_000.0, 1) == 1_000.0


def test_the_thread_of_a_message() -> None:
    assert thread_of({"ts": "2", "thread_ts": "1"}) == "1"
    assert thread_of({"ts": "1", "thread_ts": "1"}) == ""
    assert thread_of({"ts": "1"}) == ""
