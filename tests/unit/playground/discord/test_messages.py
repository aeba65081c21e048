"""Messages: who is pinged, what is listed, what people may do."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest

from playground.discord.clock import created_at
from playground.discord.model import Upload
from playground.discord.permissions import Permission
from playground.discord.refusals import Impossible
from playground.discord.server import DiscordStandIn
from tests.unit.playground.discord.api import Api


@pytest.mark.parametrize(
    ("allowed", "pinged"),
    [
        (None, {"alice", "bob"}),
        ({"parse": []}, set[str]()),
        ({"parse": ["users"]}, {"alice"}),
        ({"parse": ["roles"]}, {"bob"}),
        ({"users": ["alice"]}, {"alice"}),
        ({"users": ["bob"]}, set[str]()),
    ],
)
async def test_allowed_mentions_decide_who_is_pinged(
    place: DiscordStandIn, api: Api, allowed: dict[str, Any] | None, pinged: set[str]
) -> None:
    role = place.add_role("helpers")
    people = {"alice": place.person("alice"), "bob": place.person("bob", roles=[role])}
    body: dict[str, Any] = {"content": f"<@{people['alice'].id}> <@&{role.id}>"}
    if allowed is not None:
        named = [people[n].id for n in allowed.get("users", [])]
        body["allowed_mentions"] = allowed | ({"users": named} if named else {})
    await api.post(place.channel("general").id, body)
    assert place.messages(place.channel("general"))[0].notified == {people[n].id for n in pinged}


@pytest.mark.parametrize(("right", "count"), [(Permission(0), 0), (Permission.MENTION_EVERYONE, 2)])
async def test_everybody_is_pinged_only_with_the_right(
    place: DiscordStandIn, api: Api, right: Permission, count: int
) -> None:
    general = place.channel("general")
    place.person("alice")
    place.overwrite(general, place.bot_user, allow=right)
    await api.post(general.id, {"content": "@everyone"})
    assert len(place.messages(general)[0].notified) == count


async def test_an_edit_parses_mentions_again_with_default_allowances(place: DiscordStandIn, api: Api) -> None:
    general, alice = place.channel("general"), place.person("alice")
    sent = (await api.post(general.id, {"content": "hi", "allowed_mentions": {"parse": []}})).body["id"]
    await api.edit(general.id, sent, {"content": f"hi <@{alice.id}>", "allowed_mentions": {"parse": []}})
    assert place.messages(general)[0].notified == set()
    await api.edit(general.id, sent, {"content": f"hi <@{alice.id}>!"})
    assert place.messages(general)[0].notified == {alice.id}
    assert place.journal[-1].notified == {alice.id}


@pytest.mark.parametrize(
    ("extra", "pinged"),
    [
        ({}, True),
        ({"allowed_mentions": {"parse": []}}, False),
        ({"allowed_mentions": {"parse": [], "replied_user": True}}, True),
        ({"flags": 1 << 12}, False),
    ],
)
async def test_a_reply_pings_its_author_unless_told_otherwise(
    place: DiscordStandIn, api: Api, extra: dict[str, Any], pinged: bool
) -> None:
    general, alice = place.channel("general"), place.person("alice")
    asked = await alice.say(general, "question")
    body = {"content": "answer", "message_reference": {"message_id": asked.id}, **extra}
    answer = (await api.post(general.id, body)).body
    assert answer["type"] == 19
    assert answer["referenced_message"]["id"] == asked.id
    assert place.answers(general)[0].notified == ({alice.id} if pinged else set())


async def test_a_page_of_messages_is_newest_first_and_cut_at_the_right_end(place: DiscordStandIn, api: Api) -> None:
    general, alice = place.channel("general"), place.person("alice")
    sent = [(await alice.say(general, str(n))).id for n in range(6)]
    path = f"/channels/{general.id}/messages"
    expected = {
        "?limit=2": "54",
        f"?after={sent[1]}&limit=2": "32",
        f"?before={sent[4]}&limit=2": "32",
        f"?around={sent[3]}&limit=3": "432",
        "": "543210",
    }
    for query, contents in expected.items():
        page = (await api.call("GET", path + query)).body
        assert "".join(m["content"] for m in page) == contents, query


async def test_rest_hides_content_without_the_intent() -> None:
    async with DiscordStandIn(privileged_intent=False) as place:
        general, alice = place.channel("general"), place.person("alice")
        await alice.say(general, "plain", attachments=[Upload("a.txt", b"a")])
        await alice.mention(general, "named", attachments=[Upload("a.txt", b"a")])
        async with aiohttp.ClientSession() as http:
            page = (await Api(http, place).call("GET", f"/channels/{general.id}/messages")).body
    assert [(m["content"][-5:], len(m["attachments"])) for m in page] == [("named", 1), ("", 0)]


async def test_an_edit_keeps_adds_and_drops_files(place: DiscordStandIn, api: Api) -> None:
    general = place.channel("general").id
    path = f"/channels/{general}/messages"

    def form(text: str) -> Any:
        data = aiohttp.FormData(quote_fields=False)
        data.add_field("payload_json", text)
        data.add_field("files[0]", b"x", filename="new.md")
        return data

    sent = (await api.call("POST", path, data=form('{"content": "x"}'))).body
    kept = sent["attachments"][0]["id"]
    more = form(f'{{"attachments": [{{"id": "{kept}"}}, {{"id": 0, "filename": "more.md"}}]}}')
    both = (await api.call("PATCH", f"{path}/{sent['id']}", data=more)).body
    assert [a["filename"] for a in both["attachments"]] == ["new.md", "more.md"]
    none = (await api.edit(general, sent["id"], {"attachments": []})).body
    assert none["attachments"] == []
    assert none["content"] == "x"


async def test_a_reaction_is_put_and_taken(place: DiscordStandIn, api: Api) -> None:
    general = place.channel("general")
    sent = await place.person("alice").say(general, "x")
    path = f"/channels/{general.id}/messages/{sent.id}/reactions/%E2%8F%B3/@me"
    assert (await api.call("PUT", path)).status == 204
    shown = (await api.call("GET", f"/channels/{general.id}/messages/{sent.id}")).body
    assert [(r["emoji"]["name"], r["count"], r["me"]) for r in shown["reactions"]] == [("⏳", 1, True)]
    assert (await api.call("DELETE", path)).status == 204
    assert sent.reactions == {}
    assert (await api.call("PUT", path.replace("%E2%8F%B3", "wait"))).code == 10014


async def test_ids_rise_and_tell_their_time(place: DiscordStandIn) -> None:
    general, alice = place.channel("general"), place.person("alice")
    ids = [(await alice.say(general, str(n))).id for n in range(50)]
    old = await alice.say(general, "old", ago=3600)
    assert ids == sorted(ids, key=int)
    assert len(set(ids)) == 50
    assert place.clock.now() - created_at(old.id) == pytest.approx(3600, abs=5)
    assert place.messages(general)[0] is old


async def test_people_are_held_to_their_rights(place: DiscordStandIn, api: Api) -> None:
    general, alice, bob = place.channel("general"), place.person("alice"), place.person("bob")
    moderator = place.person("mod", roles=[place.add_role("mods", Permission.MANAGE_MESSAGES)])
    answer = await api.post(general.id, {"content": "answer"})
    message = place.messages(general)[0]
    assert message.id == answer.body["id"]
    for forbidden in (alice.delete(message), alice.edit(message, "x"), alice.say(general, "x" * 4001)):
        with pytest.raises(Impossible):
            await forbidden
    await moderator.delete(message)
    with pytest.raises(Impossible):
        await moderator.delete(message)
    place.overwrite(general, bob, deny=Permission.SEND_MESSAGES)
    with pytest.raises(Impossible):
        await bob.say(general, "x")
    with pytest.raises(Impossible):
        await alice.click(message, "Stop")


async def test_all_requests_are_kept_with_their_bodies(place: DiscordStandIn, api: Api) -> None:
    general = place.channel("general").id
    await api.post(general, {"content": "x"})
    await api.call("POST", f"/channels/{general}/typing")
    await place.idle()
    assert [(r.method, r.path, r.body, r.status) for r in place.requests] == [
        ("POST", f"/channels/{general}/messages", {"content": "x"}, 200),
        ("POST", f"/channels/{general}/typing", None, 204),
    ]
    assert [c.kind for c in place.journal] == ["post", "typing"]


async def test_a_removed_channel_is_unknown(place: DiscordStandIn, api: Api) -> None:
    extra = place.add_channel("extra")
    place.remove_channel(extra)
    assert (await api.post(extra.id, {"content": "x"})).code == 10003
