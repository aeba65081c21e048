"""Messages in the local Slack: what they may consist of, how they change, and how they are read back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.slack.clock import Clock, moment
from playground.slack.content import MAX_POST
from playground.slack.model import ChannelKind, Json
from playground.slack.refusals import Impossible
from tests.fixtures.slack_place import at_slack

EVENT: Json = {"event_type": "page", "event_payload": {"turn": 1}}


def text(words: str, kind: str = "mrkdwn") -> Json:
    return {"type": kind, "text": words}


@given(st.lists(st.booleans(), min_size=2, max_size=30))
def test_timestamps_rise_even_when_the_clock_does_not(steps: list[bool]) -> None:
    clock = Clock()
    stamps: list[str] = []
    for step in steps:
        clock.advance(1.0 if step else -1.0)
        stamps.append(clock.ts())
    assert stamps == sorted(set(stamps), key=moment)
    assert all(len(ts.partition(".")[2]) == 6 for ts in stamps)


async def test_a_post_is_there_at_once_with_its_parts() -> None:
    async with at_slack() as (place, client):
        general, ann = place.channel("general"), place.person("ann")
        root = await ann.say(general, "hello")
        body = {"markdown_text": "**Hi**", "metadata": EVENT, "thread_ts": root.ts, "unfurl_links": False}
        answer = await client.ask("chat.postMessage", channel=general.id, **body)
        (reply,) = place.answers(general, root.ts)
        assert (reply.ts, reply.visible, reply.metadata, reply.unfurl) == (answer["ts"], "**Hi**", EVENT, False)
        assert answer["message"]["thread_ts"] == root.ts
        assert [m.visible for m in place.messages(general)] == ["hello"]
        assert [m.visible for m in place.messages(general, root.ts)] == ["hello", "**Hi**"]


async def test_a_post_to_a_person_arrives_in_their_direct_message() -> None:
    async with at_slack() as (place, client):
        ann = place.person("ann")
        answer = await client.ask("chat.postMessage", channel=ann.id, text="psst")
        assert answer["channel"] == ann.dm.id
        assert [m.text for m in place.answers(ann.dm)] == ["psst"]


async def test_a_text_beyond_the_limit_of_posts_is_cut_with_a_warning() -> None:
    async with at_slack() as (place, client):
        answer = await client.ask("chat.postMessage", channel=place.channel("general").id, text="x" * (MAX_POST + 1))
        assert answer["warning"] == "message_truncated"
        assert len(place.messages(place.channel("general"))[0].text) == MAX_POST
        assert len(place.violations) == 1


@pytest.mark.parametrize(
    ("change", "visible", "metadata"),
    [
        ({"markdown_text": "new"}, "new", EVENT),
        ({"text": "plain", "blocks": [{"type": "markdown", "text": "new"}]}, "new", EVENT),
        ({"text": "plain", "metadata": {}}, "plain", None),
    ],
)
async def test_an_update_replaces_what_it_names(change: Json, visible: str, metadata: Json | None) -> None:
    async with at_slack() as (place, client):
        general = place.channel("general")
        first = await client.ask("chat.postMessage", channel=general.id, markdown_text="old", metadata=EVENT)
        answer = await client.ask("chat.update", channel=general.id, ts=first["ts"], **change)
        assert (answer["ok"], answer["ts"]) == (True, first["ts"])
        (message,) = place.messages(general)
        assert (message.visible, message.metadata) == (visible, metadata)
        assert [(c.kind, c.content) for c in place.journal] == [("post", "old"), ("edit", visible)]


async def test_a_deleted_message_cannot_be_changed_or_found() -> None:
    async with at_slack() as (place, client):
        general = place.channel("general")
        ts = (await client.ask("chat.postMessage", channel=general.id, text="x"))["ts"]
        assert (await client.ask("chat.delete", channel=general.id, ts=ts))["ok"]
        assert (await client.ask("chat.update", channel=general.id, ts=ts, text="y"))["error"] == "message_not_found"
        assert (await client.ask("conversations.replies", channel=general.id, ts=ts))["error"] == "thread_not_found"
        assert place.messages(general) == []


async def test_only_one_person_sees_an_ephemeral_message() -> None:
    async with at_slack() as (place, client):
        general, ann = place.channel("general"), place.person("ann")
        assert (await client.ask("chat.postEphemeral", channel=general.id, user=ann.id, text="psst"))["ok"]
        assert place.messages(general) == []
        assert [(m.ephemeral_to, m.visible) for m in place.ephemerals] == [(ann.id, "psst")]


async def test_a_thread_is_read_page_by_page_from_its_root() -> None:
    async with at_slack() as (place, client):
        general, ann = place.channel("general"), place.person("ann")
        root = await ann.say(general, "0")
        for number in range(1, 5):
            await ann.say(general, str(number), thread=root.ts)
        texts: list[str] = []
        page: Json = {}
        cursor = ""
        for _ in range(3):
            page = await client.ask(
                "conversations.replies",
                channel=general.id,
                ts=root.ts,
                limit=2,
                **({"cursor": cursor} if cursor else {}),
            )
            texts += [m["text"] for m in page["messages"]]
            cursor = page["response_metadata"]["next_cursor"]
        assert (texts, cursor) == (["0", "1", "2", "3", "4"], "")
        assert page["has_more"] is False


async def test_metadata_is_shown_to_who_asks_for_it() -> None:
    async with at_slack() as (place, client):
        general = place.channel("general").id
        ts = (await client.ask("chat.postMessage", channel=general, text="x", metadata=EVENT))["ts"]
        for asked in (True, False):
            page = await client.ask("conversations.replies", channel=general, ts=ts, include_all_metadata=asked)
            assert (page["messages"][0].get("metadata") == EVENT) is asked


async def test_the_history_of_a_channel_is_newest_first_and_between_two_moments() -> None:
    async with at_slack() as (place, client):
        general, ann = place.channel("general"), place.person("ann")
        said = [await ann.say(general, str(n)) for n in range(4)]
        await ann.say(general, "reply", thread=said[0].ts)
        page = await client.ask("conversations.history", channel=general.id, oldest=said[0].ts, latest=said[3].ts)
        assert [m["text"] for m in page["messages"]] == ["2", "1"]
        page = await client.ask("conversations.history", channel=general.id, oldest=said[2].ts, inclusive=True)
        assert [m["text"] for m in page["messages"]] == ["3", "2"]


async def test_conversations_show_what_kind_they_are() -> None:
    async with at_slack() as (place, client):
        opened = await client.ask("conversations.open", users=place.owner.id, return_im=True)
        assert (opened["channel"]["is_im"], opened["channel"]["user"]) == (True, place.owner.id)
        place.channel("secret", kind=ChannelKind.PRIVATE)
        listed = await client.ask("conversations.list", types="public_channel")
        assert [c["name"] for c in listed["channels"]] == ["general"]


async def test_mentions_in_any_part_of_the_apps_messages_are_noted_and_escaped_ones_are_not() -> None:
    async with at_slack() as (place, client):
        general = place.channel("general").id
        place.tiers.lift()
        for body in (
            {"text": "&lt;!channel&gt; <!here>"},
            {"markdown_text": "<!subteam^S1>"},
            {"text": "x", "blocks": [{"type": "section", "text": text("<@U123>")}]},
            {"text": "x", "blocks": [{"type": "header", "text": text("<!everyone>", "plain_text")}]},
            {"text": "@channel", "link_names": True},
        ):
            assert (await client.ask("chat.postMessage", channel=general, **body))["ok"]
        await place.person("ann").say(place.channel("general"), "<!channel>")
        assert [what for _, what in place.pings] == ["<!here>", "<!subteam^S1>", "<@U123>", "@channel"]


async def test_a_person_and_the_bot_are_shown_as_slack_shows_them() -> None:
    async with at_slack() as (place, client):
        jan = place.person("jan", locale="zh-CN", admin=True)
        shown = (await client.ask("users.info", user=jan.id, include_locale=True))["user"]
        assert (shown["name"], shown["locale"], shown["is_admin"], shown["is_bot"]) == ("jan", "zh-CN", True, False)
        bot = (await client.ask("bots.info", bot=place.team.bot_id))["bot"]
        assert (bot["user_id"], bot["app_id"]) == (place.bot_user.id, place.world.app_id)
        told = await client.ask("auth.test")
        assert (told["user_id"], told["bot_id"], told["team_id"]) == (bot["user_id"], bot["id"], place.team.id)


async def test_a_reaction_is_put_once_and_taken_away() -> None:
    async with at_slack() as (place, client):
        general = place.channel("general")
        message = await place.person("ann").say(general, "hello")
        where = {"channel": general.id, "timestamp": message.ts, "name": "eyes"}
        assert (await client.ask("reactions.add", **where))["ok"]
        assert message.reactions == {"eyes": {place.bot_user.id}}
        assert (await client.ask("reactions.add", **where))["error"] == "already_reacted"
        assert (await client.ask("reactions.remove", **where))["ok"]
        assert message.reactions == {}
        assert [c.kind for c in place.journal] == ["post", "reaction", "unreaction"]


async def test_the_address_of_a_reply_names_its_thread() -> None:
    async with at_slack() as (place, client):
        general, ann = place.channel("general"), place.person("ann")
        root = await ann.say(general, "hello")
        reply = await ann.say(general, "there", thread=root.ts)
        link = (await client.ask("chat.getPermalink", channel=general.id, message_ts=reply.ts))["permalink"]
        assert link.endswith(
            f"/archives/{general.id}/p{reply.ts.replace('.', '')}?thread_ts={root.ts}&cid={general.id}"
        )


async def test_nobody_writes_where_they_are_not() -> None:
    async with at_slack() as (place, _):
        secret = place.channel("secret", kind=ChannelKind.PRIVATE)
        ann = place.person("ann")
        with pytest.raises(Impossible):
            await ann.say(secret, "let me in")
        place.invite(secret, ann)
        assert (await ann.say(secret, "thanks")).channel == secret.id


async def test_a_bot_that_was_taken_out_cannot_post() -> None:
    async with at_slack() as (place, client):
        general = place.channel("general")
        place.take_bot_out(general)
        answer = await client.ask("chat.postMessage", channel=general.id, text="x")
        assert answer["error"] == "not_in_channel"
