"""Threads must be made, archived, locked and reopened as Discord does it."""

from __future__ import annotations

import pytest

from playground.discord.permissions import Permission
from playground.discord.refusals import Impossible
from playground.discord.server import DiscordStandIn
from tests.unit.playground.discord.api import Api


async def test_a_thread_of_a_message_shows_on_it_and_begins_with_a_reference(place: DiscordStandIn, api: Api) -> None:
    general = place.channel("general")
    sent = await place.person("alice").say(general, "topic")
    path = f"/channels/{general.id}/messages/{sent.id}"
    made = await api.call("POST", f"{path}/threads", {"name": "topic", "auto_archive_duration": 60})
    assert (made.status, made.body["id"], made.body["member_count"]) == (201, sent.id, 2)
    parent = (await api.call("GET", path)).body
    assert parent["flags"] & 1 << 5
    assert parent["thread"]["id"] == sent.id
    starter = (await api.call("GET", f"/channels/{sent.id}/messages")).body[0]
    assert (starter["type"], starter["content"]) == (21, "")
    assert starter["referenced_message"]["content"] == "topic"


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": "n" * 101}, {"name": "n", "auto_archive_duration": 5}])
async def test_a_thread_with_a_bad_name_or_time_is_refused(
    place: DiscordStandIn, api: Api, body: dict[str, object]
) -> None:
    general = place.channel("general")
    sent = await place.person("alice").say(general, "topic")
    assert (await api.call("POST", f"/channels/{general.id}/messages/{sent.id}/threads", body)).code == 50035
    assert place.thread(sent) is None


async def test_threads_need_their_own_rights(place: DiscordStandIn, api: Api) -> None:
    general, alice = place.channel("general"), place.person("alice")
    thread = await alice.open_thread(general, "hers")
    sent = await alice.say(general, "topic")
    place.take_from_bot(general, Permission.CREATE_PUBLIC_THREADS | Permission.SEND_MESSAGES)
    assert (await api.call("POST", f"/channels/{general.id}/messages/{sent.id}/threads", {"name": "n"})).code == 50013
    assert (await api.post(thread.id, {"content": "not needed: the right to write in the parent"})).status == 200
    place.take_from_bot(general, Permission.SEND_MESSAGES_IN_THREADS)
    assert (await api.post(thread.id, {"content": "x"})).code == 50013


async def test_writing_in_an_archived_thread_reopens_it_but_editing_is_refused(place: DiscordStandIn, api: Api) -> None:
    alice = place.person("alice")
    thread = await alice.open_thread(place.channel("general"), "long ago")
    sent = (await api.post(thread.id, {"content": "one"})).body["id"]
    await alice.close_thread(thread)
    assert (await api.edit(thread.id, sent, {"content": "two"})).code == 50083
    assert (await api.call("PUT", f"/channels/{thread.id}/messages/{sent}/reactions/%F0%9F%91%8D/@me")).code == 50083
    assert (await api.post(thread.id, {"content": "three"})).status == 200
    assert thread.thread is not None
    assert not thread.thread.archived
    assert (await api.edit(thread.id, sent, {"content": "two"})).status == 200


async def test_a_locked_thread_stays_closed_to_those_without_the_right(place: DiscordStandIn, api: Api) -> None:
    general, alice = place.channel("general"), place.person("alice")
    thread = await alice.open_thread(general, "over")
    await alice.close_thread(thread, lock=True)
    assert (await api.post(thread.id, {"content": "x"})).code == 160005
    assert (await api.call("PATCH", f"/channels/{thread.id}", {"archived": False})).code == 50013
    with pytest.raises(Impossible):
        await alice.say(thread, "x")
    place.overwrite(general, place.bot_user, allow=Permission.MANAGE_THREADS)
    assert (await api.post(thread.id, {"content": "x"})).status == 200


async def test_a_forum_post_begins_with_a_message_of_its_own_id(place: DiscordStandIn, api: Api) -> None:
    forum = place.add_forum("help")
    asked = await place.person("alice").open_post(forum, "how?", "question")
    assert [m.id for m in place.messages(asked)] == [asked.id]
    made = await api.call("POST", f"/channels/{forum.id}/threads", {"name": "n", "message": {"content": "hi"}})
    assert made.body["message"]["id"] == made.body["id"]


async def test_a_deleted_thread_is_unknown(place: DiscordStandIn, api: Api) -> None:
    thread = await place.person("alice").open_thread(place.channel("general"), "gone")
    await place.owner.delete_thread(thread)
    assert (await api.post(thread.id, {"content": "x"})).code == 10003
    assert place.messages(thread.id) == []


async def test_threads_are_joined_listed_and_left(place: DiscordStandIn, api: Api) -> None:
    alice = place.person("alice")
    thread = await alice.open_thread(place.channel("general"), "talk")
    assert (await api.call("PUT", f"/channels/{thread.id}/thread-members/@me")).status == 204
    members = (await api.call("GET", f"/channels/{thread.id}/thread-members")).body
    assert [m["user_id"] for m in members] == [alice.id, place.bot_user.id]
    active = (await api.call("GET", f"/guilds/{place.guild.id}/threads/active")).body
    assert [t["id"] for t in active["threads"]] == [thread.id]
    await alice.close_thread(thread)
    closed = (await api.call("GET", f"/channels/{thread.parent_id}/threads/archived/public")).body
    assert [t["id"] for t in closed["threads"]] == [thread.id]
    assert (await api.call("DELETE", f"/channels/{thread.id}/thread-members/@me")).status == 204
    assert [m["user_id"] for m in (await api.call("GET", f"/channels/{thread.id}/thread-members")).body] == [alice.id]


async def test_a_thread_without_a_message_leaves_a_line_in_its_parent(place: DiscordStandIn, api: Api) -> None:
    general = place.channel("general").id
    made = (await api.call("POST", f"/channels/{general}/threads", {"name": "apart", "type": 11})).body
    line = (await api.call("GET", f"/channels/{general}/messages")).body[0]
    assert (line["type"], line["content"], line["message_reference"]["channel_id"]) == (18, "apart", made["id"])
    assert (await api.edit(general, line["id"], {"content": "x"})).code == 50021
