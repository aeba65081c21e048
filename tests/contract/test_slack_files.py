"""Files, views and response URLs of the local Slack."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import aiohttp
import pytest

from playground.slack.links import LOGIN_PAGE
from playground.slack.model import File, Json
from playground.slack.server import SlackStandIn
from tests.fixtures.slack_place import at_slack

OPTIONS = [{"text": {"type": "plain_text", "text": str(n)}, "value": str(n)} for n in range(3)]
MENU: Json = {"type": "static_select", "action_id": "model", "options": OPTIONS}
HOME: Json = {"type": "home", "blocks": [{"type": "actions", "elements": [MENU]}]}


@asynccontextmanager
async def with_picture(**settings: Any) -> AsyncGenerator[tuple[SlackStandIn, File, aiohttp.ClientSession]]:
    async with at_slack(**settings) as (place, _), aiohttp.ClientSession() as http:
        yield place, await place.person("ann").upload("cat.png", "image/png", b"\x89PNG"), http


class Got(NamedTuple):
    status: int
    content_type: str
    body: bytes
    location: str


async def get(http: aiohttp.ClientSession, url: str, token: str, **more: Any) -> Got:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with http.get(url, headers=headers, **more) as answer:
        body = await answer.read()
        return Got(answer.status, answer.content_type, body, answer.headers.get("Location", ""))


async def test_a_file_is_given_to_the_bots_token() -> None:
    async with with_picture() as (place, file, http):
        answer = await get(http, file.download_url, place.bot_token)
        assert answer[:3] == (200, "image/png", b"\x89PNG")


async def test_without_a_token_a_file_leads_to_the_login_page() -> None:
    async with with_picture() as (_, file, http):
        direct = await get(http, file.download_url, "", allow_redirects=False)
        assert direct.status == 302
        followed = await get(http, file.download_url, "")
        assert followed[:3] == (200, "text/html", LOGIN_PAGE.encode())


async def test_without_the_scope_a_file_is_a_login_page_that_looks_like_success() -> None:
    async with with_picture(scopes={"chat:write"}) as (place, file, http):
        answer = await get(http, file.download_url, place.bot_token, allow_redirects=False)
        assert (answer.status, answer.content_type) == (200, "text/html")


async def test_downloads_can_be_sent_to_another_host() -> None:
    async with with_picture() as (place, file, http):
        place.redirect_files_to("http://127.0.0.1:1/")
        answer = await get(http, file.download_url, place.bot_token, allow_redirects=False)
        assert answer.location.startswith("http://127.0.0.1:1/files-pri/")


async def test_an_upload_is_shared_in_a_thread() -> None:
    async with at_slack() as (place, client):
        general, ann = place.channel("general"), place.person("ann")
        root = await ann.mention(general, "the whole answer, please")
        sent: Any = await client.files_upload_v2(
            filename="answer.md", content="# All", channel=general.id, thread_ts=root.ts, initial_comment="Here"
        )
        (reply,) = place.answers(general, root.ts)
        assert (reply.text, [(f.name, f.data) for f in reply.files]) == ("Here", [("answer.md", b"# All")])
        known = await client.ask("files.info", file=sent["file"]["id"])
        assert (known["file"]["name"], known["file"]["size"]) == ("answer.md", 5)
        assert [c.kind for c in place.journal] == ["post", "post", "file"]
        assert place.violations == []


async def test_an_upload_without_its_bytes_cannot_be_finished() -> None:
    async with at_slack() as (place, client), aiohttp.ClientSession() as http:
        reserved = await client.ask("files.getUploadURLExternal", filename="a.txt", length=3)
        files = [{"id": reserved["file_id"]}]
        assert (await client.ask("files.completeUploadExternal", files=files))["error"] == "file_not_found"
        async with http.post(reserved["upload_url"], data=b"four") as answer:
            assert answer.status == 400
        async with http.post(f"{place.world.address}/upload/v1/unknown", data=b"abc") as answer:
            assert answer.status == 404


async def test_a_home_tab_replaces_the_one_before() -> None:
    async with at_slack() as (place, client):
        ann = place.person("ann")
        first = await client.ask("views.publish", user_id=ann.id, view=HOME)
        again = await client.ask("views.publish", user_id=ann.id, view=HOME, hash=first["view"]["hash"])
        assert (first["view"]["id"], ann.home_view()) == (again["view"]["id"], again["view"])
        late = await client.ask("views.publish", user_id=ann.id, view=HOME, hash=first["view"]["hash"])
        assert late["error"] == "hash_conflict"
        assert [c.kind for c in place.journal] == ["home", "home"]


@pytest.mark.parametrize(
    ("view", "sentence"),
    [
        ({"type": "home"}, "missing required field: blocks"),
        ({"type": "modal", "blocks": []}, "must be one of: home"),
        ({"type": "home", "blocks": [{"type": "markdown", "text": "x"}]}, "unsupported type"),
        ({"type": "home", "blocks": [{"type": "divider"}] * 101}, "no more than 100 items"),
        (
            {"type": "home", "blocks": [{"type": "actions", "elements": [{**MENU, "options": OPTIONS * 34}]}]},
            "100 items",
        ),
        ("{", "must be an object"),
    ],
)
async def test_a_broken_home_tab_is_refused_with_a_reason(view: Any, sentence: str) -> None:
    async with at_slack() as (place, client):
        answer = await client.ask("views.publish", user_id=place.owner.id, view=view)
        assert answer["error"] == "invalid_arguments"
        assert sentence in answer["response_metadata"]["messages"][0]
        assert len(place.violations) == 1


async def test_a_modal_needs_a_fresh_trigger() -> None:
    view: Json = {"type": "modal", "title": {"type": "plain_text", "text": "Ask"}, "blocks": [{"type": "divider"}]}
    async with at_slack() as (place, client):
        fresh, stale = place.world.add_trigger(), place.world.add_trigger()
        opened = await client.ask("views.open", trigger_id=fresh, view=view)
        assert (await client.ask("views.open", trigger_id=fresh, view=view))["error"] == "invalid_trigger_id"
        place.clock.advance(3.1)
        assert (await client.ask("views.open", trigger_id=stale, view=view))["error"] == "expired_trigger_id"
        changed = await client.ask("views.update", view_id=opened["view"]["id"], view=view)
        assert changed["view"]["id"] == opened["view"]["id"]


async def test_a_response_url_posts_for_one_replaces_and_deletes() -> None:
    async with at_slack() as (place, client), aiohttp.ClientSession() as http:
        general, ann = place.channel("general"), place.person("ann")
        await client.ask("chat.postMessage", channel=general.id, text="choose")
        (message,) = place.messages(general)
        hook = place.service.responses.make("actions", ann.user, general, message)
        for body in (
            {"text": "for you"},
            {"response_type": "in_channel", "text": "for all"},
            {"replace_original": True, "text": "chosen"},
            {"delete_original": True},
        ):
            async with http.post(hook.url, json=body) as answer:
                assert answer.status == 200
        assert [m.text for m in place.messages(general)] == ["for all"]
        assert [(m.text, m.ephemeral_to) for m in hook.later] == [("for you", ann.id), ("for all", "")]
        assert [(c.kind, c.content) for c in place.journal][-2:] == [("edit", "chosen"), ("delete", "chosen")]


async def test_a_response_url_works_five_times_in_half_an_hour() -> None:
    async with at_slack() as (place, _), aiohttp.ClientSession() as http:
        hooks = [place.service.responses.make("commands", place.owner.user, place.channel("general")) for _ in range(2)]
        statuses: list[int] = []
        for _ in range(6):
            async with http.post(hooks[0].url, json={"text": "x"}) as answer:
                statuses.append(answer.status)
        place.clock.advance(1801)
        async with http.post(hooks[1].url, json={"text": "x"}) as answer:
            statuses.append(answer.status)
        assert statuses == [200] * 5 + [404] * 2
        assert len(place.violations) == 2


@pytest.mark.parametrize("body", [b"nonsense", b"[]", b"{}"])
async def test_a_response_url_takes_only_a_message(body: bytes) -> None:
    async with at_slack() as (place, _), aiohttp.ClientSession() as http:
        hook = place.service.responses.make("commands", place.owner.user, place.channel("general"))
        async with http.post(hook.url, data=body, headers={"Content-Type": "application/json"}) as answer:
            told = await answer.json()
        assert told["error"] == ("no_text" if body == b"{}" else "invalid_payload")
        assert hook.later == []
