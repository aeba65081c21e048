"""What Discord refuses, the stand-in must refuse with the same status and code."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from playground.discord.model import Json
from playground.discord.permissions import Permission
from playground.discord.server import DiscordStandIn
from tests.unit.playground.discord.api import Api


def button(**changes: Any) -> Json:
    return {"type": 2, "style": 1, "label": "Go", "custom_id": "go", **changes}


def row(*parts: Json) -> Json:
    return {"type": 1, "components": list(parts)}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"content": "x" * 2001}, "content"),
        ({"content": 7}, "content"),
        ({"content": "x", "nonce": "n" * 26}, "nonce"),
        ({"content": "x", "tts": "yes"}, "tts"),
        ({"content": "x", "flags": "1"}, "flags"),
        ({"embeds": [{"title": "t" * 257}]}, "embeds"),
        ({"embeds": [{"description": "d" * 4097}]}, "embeds"),
        ({"embeds": [{"description": "d" * 4000}, {"description": "d" * 2001}]}, "embeds"),
        ({"embeds": [{"title": "t"}] * 11}, "embeds"),
        ({"embeds": [{"fields": [{"name": "n", "value": "v"}] * 26}]}, "embeds"),
        ({"content": "x", "components": [row(button(custom_id="c" * 101))]}, "components"),
        ({"content": "x", "components": [row(button(label="l" * 81))]}, "components"),
        ({"content": "x", "components": [row(button(style=9))]}, "components"),
        ({"content": "x", "components": [row(button(), button())]}, "components"),
        ({"content": "x", "components": [row(*(button(custom_id=str(n)) for n in range(6)))]}, "components"),
        ({"content": "x", "components": [row(button(custom_id=str(n))) for n in range(6)]}, "components"),
        ({"content": "x", "components": [button()]}, "components"),
        ({"content": "x", "components": [{"type": 10, "content": "second version"}]}, "components"),
        ({"content": "x", "flags": 1 << 15, "components": [{"type": 10, "content": "both"}]}, "content"),
        ({"flags": 1 << 15, "components": [{"type": 10, "content": "c" * 4001}]}, "components"),
        ({"flags": 1 << 15, "components": [{"type": 14}] * 41}, "components"),
        ({"content": "x", "sticker_ids": ["1", "2", "3", "4"]}, "sticker_ids"),
        ({"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}}, "allowed_mentions"),
        ({"content": "x", "allowed_mentions": {"parse": ["all"]}}, "allowed_mentions"),
        ({"content": "x", "message_reference": {"message_id": "1"}}, "message_reference"),
        ({"content": "x", "message_reference": {"message_id": "none"}}, "message_reference"),
        ({"content": "x", "attachments": [{"id": "first"}]}, "attachments"),
    ],
)
async def test_a_message_that_breaks_a_limit_is_refused_by_field(
    place: DiscordStandIn, api: Api, body: Json, field: str
) -> None:
    answer = await api.post(place.channel("general").id, body)
    assert (answer.status, answer.code) == (400, 50035)
    assert field in answer.body["errors"]
    assert place.messages(place.channel("general")) == []


@pytest.mark.parametrize("body", [{}, {"content": ""}, {"content": None, "embeds": []}])
async def test_an_empty_message_is_refused(place: DiscordStandIn, api: Api, body: Json) -> None:
    assert (await api.post(place.channel("general").id, body)).code == 50006


async def test_the_limits_themselves_pass(place: DiscordStandIn, api: Api) -> None:
    full = {
        "content": "x" * 2000,
        "nonce": "n" * 25,
        "components": [row(*(button(custom_id=f"{r}{n}", label="l" * 80) for n in range(5))) for r in range(5)],
    }
    assert (await api.post(place.channel("general").id, full)).status == 200


async def test_an_edit_may_not_empty_a_message_nor_exceed_it(place: DiscordStandIn, api: Api) -> None:
    general = place.channel("general").id
    sent = (await api.post(general, {"content": "one"})).body["id"]
    assert (await api.edit(general, sent, {"content": ""})).code == 50006
    assert (await api.edit(general, sent, {"content": "x" * 2001})).code == 50035
    assert (await api.edit(general, sent, {"components": [row(button())]})).status == 200
    assert (await api.edit(general, sent, {"content": ""})).status == 200


async def test_unknown_things_have_their_codes(place: DiscordStandIn, api: Api) -> None:
    general = place.channel("general").id
    expected = {
        ("GET", "/channels/1"): (404, 10003),
        ("POST", "/channels/1/messages"): (404, 10003),
        ("PATCH", f"/channels/{general}/messages/1"): (404, 10008),
        ("DELETE", f"/channels/{general}/messages/1"): (404, 10008),
        ("POST", f"/channels/{general}/messages/1/threads"): (404, 10008),
        ("POST", "/interactions/1/token/callback"): (404, 10062),
        ("PATCH", f"/webhooks/{place.bot_user.id}/token/messages/@original"): (404, 10015),
        ("GET", "/guilds/1"): (404, 10004),
        ("GET", "/users/1"): (404, 10013),
        ("GET", "/nothing/of/the/kind"): (404, 0),
    }
    for (method, path), refusal in expected.items():
        answer = await api.call(method, path, {"name": "n", "type": 5})
        assert (answer.status, answer.code) == refusal, path
    assert [(r.status, r.code) for r in place.refusals] == list(expected.values())


async def test_a_wrong_token_and_broken_json_are_refused(place: DiscordStandIn, api: Api) -> None:
    general = place.channel("general").id
    assert (await api.call("GET", "/users/@me", token="other")).status == 401
    assert (await api.call("POST", f"/channels/{general}/messages", data=b"{")).code == 50109
    old, place.token = place.token, "renewed"
    assert (await api.call("GET", "/users/@me", token=old)).status == 401


async def test_the_message_of_another_may_be_deleted_with_a_right_but_not_edited(
    place: DiscordStandIn, api: Api
) -> None:
    general = place.channel("general")
    sent = await place.person("alice").say(general, "mine")
    path = f"/channels/{general.id}/messages/{sent.id}"
    assert (await api.call("PATCH", path, {"content": "yours"})).code == 50005
    assert (await api.call("DELETE", path)).code == 50013
    place.overwrite(general, place.bot_user, allow=Permission.MANAGE_MESSAGES)
    assert (await api.call("DELETE", path)).status == 204


@pytest.mark.parametrize(
    ("missing", "body", "code"),
    [
        (Permission.VIEW_CHANNEL, {"content": "x"}, 50001),
        (Permission.SEND_MESSAGES, {"content": "x"}, 50013),
        (Permission.EMBED_LINKS, {"embeds": [{"title": "t"}]}, 50013),
    ],
)
async def test_a_missing_right_is_refused(
    place: DiscordStandIn, api: Api, missing: Permission, body: Json, code: int
) -> None:
    place.take_from_bot(place.channel("general"), missing)
    answer = await api.post(place.channel("general").id, body)
    assert (answer.status, answer.code) == (403, code)


async def test_files_need_a_right_and_have_a_size(place: DiscordStandIn, api: Api) -> None:
    general = place.channel("general")
    path = f"/channels/{general.id}/messages"

    def form(size: int) -> aiohttp.FormData:
        data = aiohttp.FormData(quote_fields=False)
        data.add_field("payload_json", '{"attachments": [{"id": 0, "filename": "r.md", "description": "all"}]}')
        data.add_field("files[0]", b"x" * size, filename="other.md", content_type="text/markdown")
        return data

    place.world.upload_limit = 10
    assert (await api.call("POST", path, data=form(11))).code == 40005
    answer = (await api.call("POST", path, data=form(10))).body
    assert [(a["filename"], a["size"], a["description"]) for a in answer["attachments"]] == [("r.md", 10, "all")]
    place.take_from_bot(general, Permission.ATTACH_FILES)
    assert (await api.call("POST", path, data=form(1))).code == 50013


async def test_a_reply_needs_the_right_to_read_the_history(place: DiscordStandIn, api: Api) -> None:
    general = place.channel("general")
    sent = await place.person("alice").say(general, "question")
    place.take_from_bot(general, Permission.READ_MESSAGE_HISTORY)
    body = {"content": "x", "message_reference": {"message_id": sent.id}}
    assert (await api.post(general.id, body)).code == 160002
    assert (await api.call("GET", f"/channels/{general.id}/messages")).body == []


async def test_a_reply_to_a_deleted_message_fails_unless_told_otherwise(place: DiscordStandIn, api: Api) -> None:
    general, alice = place.channel("general"), place.person("alice")
    sent = await alice.say(general, "question")
    await alice.delete(sent)
    reference: Json = {"message_id": sent.id}
    assert (await api.post(general.id, {"content": "x", "message_reference": reference})).code == 50035
    reference["fail_if_not_exists"] = False
    answer = (await api.post(general.id, {"content": "x", "message_reference": reference})).body
    assert answer["type"] == 0


async def test_the_automatic_moderation_blocks_posts_and_edits(place: DiscordStandIn, api: Api) -> None:
    general = place.channel("general").id
    place.block_text("(?i)forbidden")
    assert (await api.post(general, {"content": "Forbidden fruit"})).code == 200000
    sent = (await api.post(general, {"content": "fruit"})).body["id"]
    assert (await api.edit(general, sent, {"content": "forbidden"})).code == 200000


async def test_edits_of_messages_older_than_an_hour_run_out(place: DiscordStandIn, api: Api) -> None:
    general = place.channel("general").id
    sent = (await api.post(general, {"content": "old"})).body["id"]
    place.service.old_edits = 1
    assert (await api.edit(general, sent, {"content": "young"})).status == 200
    place.clock.advance(3601)
    assert (await api.edit(general, sent, {"content": "first"})).status == 200
    refused = await api.edit(general, sent, {"content": "second"})
    assert (refused.status, refused.code) == (429, 30046)


async def test_a_bot_cannot_write_in_a_forum_or_to_a_bot(place: DiscordStandIn, api: Api) -> None:
    forum = place.add_forum("help")
    assert (await api.post(forum.id, {"content": "x"})).code == 40058
    assert (await api.call("POST", f"/channels/{forum.id}/threads", {"name": "n"})).code == 50035
    other = place.person("other", bot=True)
    assert (await api.call("POST", "/users/@me/channels", {"recipient_id": other.id})).code == 50007


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "after=x"])
async def test_a_bad_page_is_refused(place: DiscordStandIn, api: Api, query: str) -> None:
    answer = await api.call("GET", f"/channels/{place.channel('general').id}/messages?{query}")
    assert answer.code == 50035
