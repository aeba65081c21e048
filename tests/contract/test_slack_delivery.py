"""How the local Slack delivers over Socket Mode, seen by an app made with slack-bolt."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import cast

import aiohttp
import pytest
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from playground.slack.delivery import MentionOrder
from playground.slack.model import ChannelKind, Json
from playground.slack.people import Person
from playground.slack.server import SlackStandIn
from playground.slack.sockets import MAX_SOCKETS
from tests.fixtures.slack_apps import App, attempts, over_socket

BRISK = 0.2  # s; the ping interval of a client that notices a dead line soon


@pytest.fixture
async def place() -> AsyncGenerator[SlackStandIn]:
    async with SlackStandIn() as place:
        yield place


@pytest.fixture
def ann(place: SlackStandIn) -> Person:
    return place.person("ann")


@pytest.fixture
def app(place: SlackStandIn) -> App:
    return App(place)


async def test_a_mention_arrives_as_two_copies_of_one_message(place: SlackStandIn, ann: Person, app: App) -> None:
    async with over_socket(app):
        sent = await ann.mention(place.channel("general"), "hello")
        [message] = await app.wait(1)
        [mention] = await app.wait(1, "app_mention")
    assert {message["ts"], mention["ts"]} == {sent.ts}
    assert message["client_msg_id"] == mention["client_msg_id"] == sent.client_msg_id
    assert message["text"] == mention["text"] == f"<@{place.bot_user.id}> hello"
    assert len({body["event_id"] for body in app.heard}) == 2


@pytest.mark.parametrize(
    ("order", "kinds"),
    [
        ("message", ["message", "app_mention"]),
        ("app_mention", ["app_mention", "message"]),
        ("only_message", ["message"]),
        ("only_app_mention", ["app_mention"]),
    ],
)
async def test_the_copies_of_a_mention_come_as_ordered(
    place: SlackStandIn, ann: Person, app: App, order: MentionOrder, kinds: list[str]
) -> None:
    place.deliver.mention_order = order
    async with over_socket(app):
        await ann.mention(place.channel("general"), "hello")
        done = await attempts(place, len(kinds))
    assert [d.event["type"] for d in done] == kinds


@pytest.mark.parametrize("copied", [False, True])
async def test_the_app_mention_copy_has_files_only_when_asked_for(
    place: SlackStandIn, ann: Person, app: App, copied: bool
) -> None:
    place.deliver.mention_files = copied
    async with over_socket(app):
        await ann.mention(place.channel("general"), "look", files=[await ann.upload("a.png", "image/png", b"png")])
        [message] = await app.wait(1)
        [mention] = await app.wait(1, "app_mention")
    assert message["subtype"] == "file_share"
    assert [f["name"] for f in message["files"]] == ["a.png"]
    assert ("files" in mention) is copied


async def test_a_direct_message_arrives_once(ann: Person, app: App) -> None:
    async with over_socket(app):
        await ann.dm_bot(f"<@{ann.team.bot_user_id}> hi")
        await ann.dm_bot("and again")
        first, second = await app.wait(2)
    assert (first["channel_type"], second["text"]) == ("im", "and again")
    assert app.events("app_mention") == []


async def test_a_reply_names_its_root(place: SlackStandIn, ann: Person, app: App) -> None:
    general = place.channel("general")
    async with over_socket(app):
        root = await ann.say(general, "root")
        await place.person("bob").say(general, "reply", thread=root.ts)
        _, reply = await app.wait(2)
    assert (reply["thread_ts"], reply["parent_user_id"]) == (root.ts, ann.id)


async def test_a_broadcast_reply_carries_its_root(place: SlackStandIn, ann: Person, app: App) -> None:
    general = place.channel("general")
    async with over_socket(app):
        root = await ann.say(general, "root")
        await ann.say(general, "to all", thread=root.ts, broadcast=True)
        _, reply = await app.wait(2)
    assert (reply["subtype"], reply["root"]["text"]) == ("thread_broadcast", "root")


async def test_an_edit_and_a_deletion_arrive_with_what_was_there_before(
    place: SlackStandIn, ann: Person, app: App
) -> None:
    async with over_socket(app):
        message = await ann.say(place.channel("general"), "before")
        await ann.edit(message, "after")
        await ann.delete(message)
        _, changed, deleted = await app.wait(3)
    assert (changed["subtype"], changed["hidden"]) == ("message_changed", True)
    assert (changed["previous_message"]["text"], changed["message"]["text"]) == ("before", "after")
    assert (deleted["subtype"], deleted["deleted_ts"]) == ("message_deleted", message.ts)


async def test_nothing_comes_from_where_the_app_is_not(place: SlackStandIn, ann: Person, app: App) -> None:
    async with over_socket(app):
        await ann.mention(place.channel("elsewhere", member=False), "hello")
        await ann.say(place.channel("general"), "seen")
        [seen] = await app.wait(1)
    assert seen["text"] == "seen"
    assert len(place.deliver.log) == 1


@pytest.mark.parametrize(
    ("kind", "scope"),
    [(ChannelKind.PUBLIC, "channels:history"), (ChannelKind.PRIVATE, "groups:history")],
)
async def test_without_the_scope_only_the_mention_comes(
    place: SlackStandIn, ann: Person, app: App, kind: ChannelKind, scope: str
) -> None:
    place.team.scopes.discard(scope)
    async with over_socket(app):
        await ann.mention(place.channel("room", kind=kind), "hello")
        await app.wait(1, "app_mention")
    assert [d.event["type"] for d in place.deliver.log] == ["app_mention"]


async def test_an_uninstalled_app_hears_of_it_and_then_of_nothing(place: SlackStandIn, ann: Person, app: App) -> None:
    async with over_socket(app):
        place.deliver.uninstall(place.team)
        await ann.say(place.channel("general"), "anybody there?")
        await attempts(place, 2)
    assert [d.event["type"] for d in place.deliver.log] == ["tokens_revoked", "app_uninstalled"]


async def test_the_apps_own_messages_and_edits_come_back_as_events(place: SlackStandIn, app: App) -> None:
    general, client = place.channel("general"), app.bolt.client
    async with over_socket(app):
        await client.chat_postMessage(channel=general.id, text="one")
        await client.chat_update(channel=general.id, ts=place.answers(general)[0].ts, text="two")
        own, changed = await attempts(place, 2)
    assert (own.event["text"], own.event["bot_id"]) == ("one", place.team.bot_id)
    assert (changed.event["subtype"], changed.event["message"]["text"]) == ("message_changed", "two")
    assert own.acked_at is not None


async def test_a_preview_is_told_as_a_change_of_nothing(place: SlackStandIn, ann: Person, app: App) -> None:
    async with over_socket(app):
        message = await ann.say(place.channel("general"), "https://example.com")
        place.deliver.touch(message)
        _, changed = await app.wait(2)
    assert changed["message"]["text"] == changed["previous_message"]["text"] == "https://example.com"


# Acknowledgements -----------------------------------------------------------------------------------------------------


async def test_an_unacknowledged_envelope_is_sent_again_until_slack_gives_up(place: SlackStandIn, ann: Person) -> None:
    place.deliver.ack_within, place.deliver.retry_after = 0.1, (0.0, 0.0, 0.0)
    deaf = App(place)
    # Bolt does not acknowledge what no listener takes.
    deaf.bolt = AsyncApp(client=deaf.bolt.client, signing_secret=place.signing_secret)
    async with over_socket(deaf):
        await ann.dm_bot("hello")
        done = await attempts(place, 4)
    assert [(d.attempt, d.reason) for d in done] == [(0, ""), (1, "timeout"), (2, "timeout"), (3, "timeout")]
    assert len({d.body["event_id"] for d in done}) == 1
    assert [d.acked_at for d in done] == [None] * 4


async def test_a_retry_tells_the_app_that_it_is_one(place: SlackStandIn, ann: Person, app: App) -> None:
    async with over_socket(app):
        await ann.dm_bot("hello")
        await app.wait(1)
        [first] = await attempts(place, 1)
        await place.deliver.again(first)
        await app.wait(2)
    assert [h["x-slack-retry-num"] for h in app.headers] == [["0"], ["1"]]
    assert app.heard[0] == app.heard[1]


async def test_an_acknowledged_event_is_noted_with_its_time_and_not_repeated(
    place: SlackStandIn, ann: Person, app: App
) -> None:
    place.deliver.retry_after = (0.0,)
    async with over_socket(app):
        await ann.dm_bot("one")
        await ann.dm_bot("two")
        done = await attempts(place, 2)
        await app.wait(2)
    assert [d.attempt for d in done] == [0, 0]
    assert all(d.acked_at is not None and d.acked_at >= d.at for d in done)


async def test_a_recording_can_be_played(place: SlackStandIn, app: App) -> None:
    body = {
        "type": "event_callback",
        "team_id": place.team.id,
        "event": {"type": "message", "text": "old", "user": "U1"},
    }
    async with over_socket(app):
        played = await place.deliver.raw({"envelope_id": "e", "type": "events_api", "payload": body})
        [event] = await app.wait(1)
    assert event["text"] == "old"
    assert played.acked_at is not None


# Connections ----------------------------------------------------------------------------------------------------------


async def test_what_was_said_while_the_line_was_broken_arrives(place: SlackStandIn, ann: Person, app: App) -> None:
    async with over_socket(app, BRISK):
        place.deliver.drop_sockets()
        await place.wait_for(lambda: not place.deliver.connected())
        await ann.dm_bot("are you there?")
        [event] = await app.wait(1)
    assert event["text"] == "are you there?"
    assert place.deliver.sockets.opened == 2


async def test_a_refused_app_comes_back_when_it_is_let_in(place: SlackStandIn, app: App) -> None:
    async with over_socket(app, BRISK):
        place.deliver.refuse_sockets()
        place.deliver.drop_sockets()
        await place.wait_for(lambda: any(call.error for call in place.calls))
        assert not place.deliver.connected()
        place.deliver.refuse_sockets(False)
        await place.connected()
    assert place.deliver.sockets.opened == 2


async def test_a_silent_line_is_given_up_by_the_client(place: SlackStandIn, ann: Person, app: App) -> None:
    place.deliver.ack_within, place.deliver.retry_after = 0.3, (0.0,) * 9
    async with over_socket(app, BRISK):
        place.deliver.silence()
        assert not place.deliver.connected()
        await ann.dm_bot("hello")
        await app.wait(1)
    assert place.deliver.sockets.opened == 2
    assert place.deliver.log[0].failure == "timeout"


async def test_a_refresh_lets_the_app_reconnect(place: SlackStandIn, ann: Person, app: App) -> None:
    async with over_socket(app):
        await place.deliver.refresh()
        await place.wait_for(lambda: place.deliver.sockets.opened == 2)
        await ann.dm_bot("hello")
        await app.wait(1)


async def test_two_sockets_share_the_events(place: SlackStandIn, ann: Person) -> None:
    one, two = App(place), App(place)
    async with over_socket(one), over_socket(two):
        await place.wait_for(lambda: len(place.deliver.sockets.live) == 2)
        for number in range(4):
            await ann.dm_bot(str(number))
        await asyncio.gather(one.wait(2), two.wait(2))
    assert sorted(e["text"] for a in (one, two) for e in a.events()) == ["0", "1", "2", "3"]


class Line:
    """A socket without a library."""

    def __init__(self, place: SlackStandIn, http: aiohttp.ClientSession) -> None:
        self._place, self._http = place, http

    async def open(self) -> aiohttp.ClientWebSocketResponse:
        client = AsyncWebClient(base_url=self._place.url)
        answer = await client.apps_connections_open(app_token=self._place.app_token)
        return await self._http.ws_connect(cast("Json", answer.data)["url"], autoping=False)


@pytest.fixture
async def line(place: SlackStandIn) -> AsyncGenerator[Line]:
    async with aiohttp.ClientSession() as http:
        yield Line(place, http)


async def test_slack_says_hello_and_answers_pings(line: Line) -> None:
    socket = await line.open()
    hello = await socket.receive_json()
    assert (hello["type"], hello["num_connections"]) == ("hello", 1)
    assert hello["connection_info"]["app_id"].startswith("A")
    await socket.ping(b"sdk-ping-pong:1")
    pong = await socket.receive()
    assert (pong.type, pong.data) == (aiohttp.WSMsgType.PONG, b"sdk-ping-pong:1")


async def test_slack_pings_and_hangs_up_on_who_never_answers(place: SlackStandIn, line: Line) -> None:
    place.deliver.sockets.ping_every = 0.01
    await line.open()
    await place.connected()
    await place.wait_for(lambda: not place.deliver.sockets.live)


async def test_the_eleventh_socket_is_sent_away(line: Line) -> None:
    sockets = [await line.open() for _ in range(MAX_SOCKETS)]
    for socket in sockets:
        assert (await socket.receive_json())["type"] == "hello"
    farewell = await (await line.open()).receive_json()
    assert (farewell["type"], farewell["reason"]) == ("disconnect", "too_many_websockets")


async def test_a_ticket_works_once(place: SlackStandIn, line: Line) -> None:
    async with aiohttp.ClientSession() as http:
        url = place.url.replace("http", "ws", 1).replace("/api/", "/socket?ticket=") + place.deliver.ticket()
        async with http.ws_connect(url):
            with pytest.raises(aiohttp.WSServerHandshakeError):
                await http.ws_connect(url)


async def test_garbage_and_foreign_acknowledgements_are_ignored(place: SlackStandIn, ann: Person, line: Line) -> None:
    place.deliver.retry_after = ()
    socket = await line.open()
    await socket.receive_json()
    await ann.dm_bot("hello")
    envelope = await socket.receive_json()
    known: Json = {"envelope_id": envelope["envelope_id"]}
    for text in ("{", "[]", json.dumps({"envelope_id": "other"}), json.dumps(known)):
        await socket.send_str(text)
    [done] = await attempts(place, 1)
    assert done.acked_at is not None
    assert envelope["accepts_response_payload"] is False
    assert (envelope["retry_attempt"], envelope["retry_reason"]) == (0, "")
