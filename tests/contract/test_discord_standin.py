"""What the local Discord answers and sends must have the shapes of Discord's own description of its API.

Needs the contracts folder (GLIMMER_CONTRACTS, or ../shared/contracts beside the repository); skipped without it.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import warnings
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from playground.discord.model import Json, Upload
from playground.discord.permissions import Permission
from playground.discord.server import DiscordStandIn

_BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "contracts"
CONTRACTS = Path(os.environ.get("GLIMMER_CONTRACTS", _BESIDE)) / "discord"
pytestmark = pytest.mark.skipif(not (CONTRACTS / "check_requests.py").exists(), reason="the contracts are not here")
EVERYTHING = (1 << 26) - 1 & ~(1 << 1 | 1 << 8)
GO: Json = {"type": 1, "components": [{"type": 2, "style": 1, "label": "Go", "custom_id": "go"}]}


@pytest.fixture(scope="module")
def contract() -> Any:
    """The module with `response_errors(schema, object)`."""
    spec = importlib.util.spec_from_file_location("check_requests", CONTRACTS / "check_requests.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        # The checker leaves its files to the garbage collector.
        warnings.simplefilter("ignore", ResourceWarning)
        spec.loader.exec_module(module)
    return module


class Line:
    """A bot without a library: REST calls, and the events that came."""

    def __init__(
        self, http: aiohttp.ClientSession, socket: aiohttp.ClientWebSocketResponse, place: DiscordStandIn
    ) -> None:
        self._http, self._socket, self._place = http, socket, place

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bot {self._place.token}"}
        async with self._http.request(method, self._place.url + path, json=body, headers=headers) as answer:
            return json.loads(await answer.read() or "null")

    async def event(self, name: str) -> Json:
        while True:
            payload = await self._socket.receive_json(timeout=5)
            if payload["t"] == name:
                return payload["d"]


@asynccontextmanager
async def line() -> AsyncGenerator[tuple[DiscordStandIn, Line]]:
    async with DiscordStandIn() as place, aiohttp.ClientSession() as http, http.ws_connect(place.gateway.url) as socket:
        place.limits.lift()
        await socket.send_json({"op": 2, "d": {"token": place.token, "intents": EVERYTHING, "properties": {}}})
        bot = Line(http, socket, place)
        await bot.event("READY")
        yield place, bot


async def rich_messages(place: DiscordStandIn) -> None:
    """One message of every kind in the general channel."""
    general, alice = place.channel("general"), place.person("alice")
    role = place.add_role("helpers")
    first = await alice.say(general, f"hello <@{place.bot_user.id}> <@&{role.id}>", attachments=[Upload("a.txt", b"a")])
    await alice.say(general, "reply", reply_to=first, embeds=[{"title": "t", "description": "d"}])
    await alice.say(general, forward_of=first)
    await alice.say(general, stickers=["wave"])
    await alice.say(general, attachments=[Upload("v.ogg", b"o", "audio/ogg", seconds=1.5)], voice=True)
    await alice.react(first, "👍")
    await alice.open_thread(first, "thread")
    await alice.open_thread(general, "alone")
    await alice.edit(first, "changed")


async def test_messages_have_their_shape(contract: Any) -> None:
    async with line() as (place, bot):
        await rich_messages(place)
        general = place.channel("general").id
        page = await bot.call("GET", f"/channels/{general}/messages")
        sent = {"content": "x", "nonce": "1", "enforce_nonce": True, "components": [GO], "embeds": [{"title": "t"}]}
        own = await bot.call("POST", f"/channels/{general}/messages", sent)
        edited = await bot.call("PATCH", f"/channels/{general}/messages/{own['id']}", {"content": "y"})
        starter = await bot.call("GET", f"/channels/{page[-1]['id']}/messages")
        page += [own, edited, *starter]
    assert {m["type"] for m in page} == {0, 18, 19, 21}
    forwards = [m for m in page if "message_snapshots" in m]
    assert [m["message_reference"].pop("type") for m in forwards] == [1]
    for message in page:
        # The description of the API does not know the type of a forward, which the documentation does.
        message.get("message_reference", {}).setdefault("type", 0)
        assert contract.response_errors("MessageResponse", message) == [], message


async def test_channels_have_their_shape(contract: Any) -> None:
    async with line() as (place, bot):
        alice = place.person("alice")
        general, forum = place.channel("general"), place.add_forum("help")
        category = place.add_category("rooms")
        place.move(general, category)
        place.overwrite(general, alice, allow=Permission.MANAGE_MESSAGES)
        first = await alice.say(general, "x")
        thread = await bot.call("POST", f"/channels/{general.id}/messages/{first.id}/threads", {"name": "n"})
        post = await bot.call("POST", f"/channels/{forum.id}/threads", {"name": "n", "message": {"content": "c"}})
        found = {
            "GuildChannelResponse": [await bot.call("GET", f"/channels/{c.id}") for c in (general, forum, category)],
            "ThreadResponse": [thread, await bot.call("GET", f"/channels/{thread['id']}")],
            "CreatedThreadResponse": [post],
            "PrivateChannelResponse": [await bot.call("POST", "/users/@me/channels", {"recipient_id": alice.id})],
            "ThreadMemberResponse": await bot.call("GET", f"/channels/{thread['id']}/thread-members"),
            "ThreadsResponse": [await bot.call("GET", f"/guilds/{place.guild.id}/threads/active")],
        }
    for schema, answers in found.items():
        assert [contract.response_errors(schema, a) for a in answers] == [[]] * len(answers), schema


async def test_the_app_and_its_server_have_their_shape(contract: Any) -> None:
    command = {"name": "ask", "description": "d", "options": [{"name": "q", "description": "d", "type": 3}]}
    async with line() as (place, bot):
        app, guild = place.bot_user.id, place.guild.id
        found = {
            "GatewayBotResponse": [await bot.call("GET", "/gateway/bot")],
            "UserPIIResponse": [await bot.call("GET", "/users/@me")],
            "UserResponse": [await bot.call("GET", f"/users/{app}")],
            "PrivateApplicationResponse": [await bot.call("GET", "/oauth2/applications/@me")],
            "GuildWithCountsResponse": [await bot.call("GET", f"/guilds/{guild}")],
            "GuildRoleResponse": await bot.call("GET", f"/guilds/{guild}/roles"),
            "GuildMemberResponse": [await bot.call("GET", f"/guilds/{guild}/members/{app}")],
            "ApplicationCommandResponse": await bot.call("PUT", f"/applications/{app}/commands", [command]),
        }
    for schema, answers in found.items():
        assert [contract.response_errors(schema, a) for a in answers] == [[]] * len(answers), schema


async def test_refusals_have_their_shape(contract: Any) -> None:
    async with line() as (place, bot):
        general = place.channel("general").id
        invalid = await bot.call("POST", f"/channels/{general}/messages", {"content": "x" * 2001})
        unknown = await bot.call("GET", "/channels/1")
        place.limits.set("typing", limit=1, window=60.0, kind="fixed")
        await bot.call("POST", f"/channels/{general}/typing")
        limited = await bot.call("POST", f"/channels/{general}/typing")
    # Inside `errors` the description asks for numbers where Discord's documentation and answers have names.
    assert invalid.pop("errors")["content"]["_errors"][0]["code"] == "BASE_TYPE_MAX_LENGTH"
    assert contract.response_errors("ErrorResponse", invalid) == []
    assert contract.response_errors("ErrorResponse", unknown) == []
    assert contract.response_errors("RatelimitedResponse", {"code": 0, **limited}) == []


async def test_the_answers_to_an_interaction_have_their_shape(contract: Any) -> None:
    async with line() as (place, bot):
        general, alice = place.channel("general"), place.person("alice")
        await bot.call("POST", f"/channels/{general.id}/messages", {"content": "x", "components": [GO]})
        click = asyncio.create_task(alice.click(place.messages(general)[0], "Go"))
        event = await bot.event("INTERACTION_CREATE")
        data = {"type": 4, "data": {"content": "done", "flags": 64}}
        path = f"/interactions/{event['id']}/{event['token']}/callback?with_response=true"
        answered = await bot.call("POST", path, data)
        webhook = f"/webhooks/{place.bot_user.id}/{event['token']}"
        more = await bot.call("POST", webhook, {"content": "more"})
        original = await bot.call("PATCH", f"{webhook}/messages/@original", {"content": "changed"})
        await click
    assert contract.response_errors("InteractionCallbackResponse", answered) == []
    for message in (more, original):
        assert contract.response_errors("MessageResponse", message) == []


async def test_a_message_event_has_the_fields_of_a_recorded_one(contract: Any) -> None:
    recorded = json.loads((CONTRACTS / "vercel-chat-recordings" / "discord.json").read_text())
    async with line() as (place, bot):
        alice = place.person("alice")
        await alice.mention(place.channel("general"), "Hey")
        mention = await bot.event("MESSAGE_CREATE")
        await alice.open_thread(place.channel("general"), "n")
        thread = await bot.event("THREAD_CREATE")
    assert set(recorded["gatewayMention"]["data"]) <= set(mention)
    assert set(recorded["gatewayThreadCreate"]["data"]) <= set(thread)
    message = {k: v for k, v in mention.items() if k not in ("guild_id", "member", "channel_type")}
    assert contract.response_errors("MessageResponse", message) == []


async def test_an_interaction_has_the_fields_of_a_recorded_one() -> None:
    recorded = json.loads((CONTRACTS / "vercel-chat-recordings" / "discord.json").read_text())["buttonClickHello"]
    async with line() as (place, bot):
        general, alice = place.channel("general"), place.person("alice")
        place.interactions.answer_within = 0.01
        await bot.call("POST", f"/channels/{general.id}/messages", {"content": "x", "components": [GO]})
        await alice.click(place.messages(general)[0], "Go")
        event = await bot.event("INTERACTION_CREATE")
    assert set(recorded) - set(event) <= {"entitlement_sku_ids"}
    assert set(recorded["data"]) <= set(event["data"])
    assert set(recorded["guild"]) == set(event["guild"])
    assert event["message"]["components"][0]["components"][0]["custom_id"] == "go"
