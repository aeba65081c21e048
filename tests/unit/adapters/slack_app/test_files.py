from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from yarl import URL

from adapters.slack_app.client import SLACK_URL
from adapters.slack_app.files import Files
from bot.errors import PlatformError, PlatformGone, PlatformRefused
from bot.messages import Attachment
from bot.pacing import Priority
from playground.slack.server import SlackStandIn
from tests.fixtures.file_server import FileServer, file_server
from tests.unit.adapters.slack_app.ear import TEAM, US
from tests.unit.adapters.slack_app.installed import installed

pytestmark = pytest.mark.usefixtures("silence")

LIMIT = 10_000
BEARER = "Bearer xoxb"
PAGE = b"<!DOCTYPE html><title>Sign in</title>"


@dataclass
class Calls:
    """Slack's Web API with a file of which all that is known is in `file`; an error in `failing` comes first."""

    session: aiohttp.ClientSession
    file: dict[str, Any] = field(default_factory=dict[str, Any])
    failing: PlatformError | None = None
    looked_up: list[str] = field(default_factory=list[str])

    def workspace(self, name: str) -> Any:
        return US if name == TEAM else None

    async def paced(self, workspace: str, method: str, priority: Priority, *, file: str) -> Any:
        assert (workspace, method) == (TEAM, "files.info")
        self.looked_up.append(file)
        if self.failing is not None:
            raise self.failing
        return {"ok": True, "file": self.file}


@dataclass
class Desk:
    """Files, the server on which they lie, and a server of somebody else's."""

    files: Files
    calls: Calls
    server: FileServer
    foreign: FileServer

    async def get(self, url: str, **changes: Any) -> bytes:
        return await self.files.download(TEAM, replace(Attachment("a.txt", "text/plain", 5, url), **changes), LIMIT)

    async def refused(self, url: str, **changes: Any) -> str:
        with pytest.raises(PlatformRefused) as error:
            await self.get(url, **changes)
        return error.value.text


@asynccontextmanager
async def opened() -> AsyncGenerator[Desk]:
    async with file_server() as server, file_server() as foreign, aiohttp.ClientSession() as session:
        calls = Calls(session)
        yield Desk(Files(calls, url=f"{server.url}/api/"), calls, server, foreign)


@pytest.fixture
async def desk() -> AsyncGenerator[Desk]:
    async with opened() as made:
        yield made


# Who sees the token --------------------------------------------------------------------------------------------------

HOSTS = [
    ("https://files.slack.com/files-pri/T1-F1/download/a.txt", True),
    ("https://slack.com/a.txt", True),
    ("https://acme.enterprise.slack.com/files-pri/a.txt", True),
    ("https://acme.slack-files.com/a.txt", True),
    ("http://files.slack.com/a.txt", False),
    ("https://slack.com.evil.test/a.txt", False),
    ("https://evilslack.com/a.txt", False),
    ("https://slack-files.com.evil.test/a.txt", False),
    ("https://files.slack.com@evil.test/a.txt", False),
    ("https://evil.test/files.slack.com", False),
    ("https://docs.google.com/document/1", False),
    ("http://127.0.0.1:4000/a.txt", False),
    ("//files.slack.com/a.txt", False),
    ("/files-pri/a.txt", False),
]


@pytest.mark.parametrize(("url", "trusted"), HOSTS)
def test_only_slacks_own_hosts_see_the_token(url: str, trusted: bool) -> None:
    headers = Files(None, url=SLACK_URL)._headers("xoxb")  # pyright: ignore[reportArgumentType]  # no call is made
    if trusted:
        assert headers(URL(url)) == {"Authorization": BEARER}
    else:
        with pytest.raises(PlatformRefused) as error:
            headers(URL(url))
        assert error.value.text == "file_elsewhere"


async def test_a_file_is_asked_for_with_the_token(desk: Desk) -> None:
    assert await desk.get(desk.server.serve("/a.txt", b"words")) == b"words"
    assert desk.server.seen == [("/a.txt", BEARER)]


async def test_a_redirect_within_slack_keeps_the_token(desk: Desk) -> None:
    desk.server.serve("/b.txt", b"words")
    assert await desk.get(desk.server.redirect("/a.txt", "/b.txt")) == b"words"
    assert desk.server.seen == [("/a.txt", BEARER), ("/b.txt", BEARER)]


async def test_a_redirect_to_somebody_else_is_not_followed(desk: Desk) -> None:
    target = desk.foreign.serve("/a.txt", b"words")
    assert await desk.refused(desk.server.redirect("/a.txt", target)) == "file_elsewhere"
    assert desk.foreign.seen == []


async def test_a_second_redirect_to_somebody_else_is_not_followed_either(desk: Desk) -> None:
    desk.server.redirect("/b.txt", desk.foreign.serve("/a.txt", b"words"))
    assert await desk.refused(desk.server.redirect("/a.txt", "/b.txt")) == "file_elsewhere"
    assert desk.foreign.seen == []


async def test_a_file_on_another_site_is_not_asked_for(desk: Desk) -> None:
    assert await desk.refused(desk.foreign.serve("/a.txt", b"words")) == "file_elsewhere"
    assert desk.foreign.seen == []


# A page to log in ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("media_type", ["text/html", "text/html; charset=utf-8"])
async def test_a_page_in_place_of_a_file_is_a_missing_right(desk: Desk, media_type: str) -> None:
    url = desk.server.serve("/a.txt", PAGE, "text/html")
    desk.server.answers["/a.txt"].headers["Content-Type"] = media_type
    assert await desk.refused(url) == "file_forbidden"


@pytest.mark.parametrize("target", ["/login?redir=x", "/?redir=%2Ffiles-pri%2Fa.txt", "/signin", "/sso/saml/start"])
async def test_a_redirect_to_the_login_is_a_missing_right(desk: Desk, target: str) -> None:
    assert await desk.refused(desk.server.redirect("/a.txt", target)) == "file_forbidden"


@pytest.mark.parametrize("status", [401, 403])
async def test_a_plain_refusal_is_a_missing_right(desk: Desk, status: int) -> None:
    assert await desk.refused(desk.server.serve("/a.txt", status=status)) == "file_forbidden"


@pytest.mark.parametrize("changes", [{"media_type": "text/html"}, {"name": "page.HTM", "media_type": ""}])
async def test_a_file_that_is_a_page_is_read_unless_it_has_another_size(desk: Desk, changes: dict[str, str]) -> None:
    url = desk.server.serve("/page.html", PAGE, "text/html")
    assert await desk.get(url, size=len(PAGE), **changes) == PAGE
    assert await desk.refused(url, size=len(PAGE) + 1, **changes) == "file_forbidden"


# Bounds --------------------------------------------------------------------------------------------------------------


async def test_a_file_of_a_known_size_is_not_begun_when_it_is_too_big(desk: Desk) -> None:
    assert await desk.refused(desk.server.serve("/a.txt", b"words"), size=LIMIT + 1) == "file_too_big"
    assert desk.server.seen == []


async def test_reading_ends_at_the_limit(desk: Desk) -> None:
    assert await desk.refused(f"{desk.server.url}/endless") == "file_too_big"


async def test_a_workspace_that_removed_the_app_has_no_files_for_it(desk: Desk) -> None:
    with pytest.raises(PlatformGone):
        await desk.files.download("T9", Attachment("a.txt", "", 1, desk.server.serve("/a.txt")), LIMIT)
    assert desk.server.seen == []


# Files of other organisations ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["F0AD236", "F0ad236", "Fx"])
async def test_a_file_of_which_only_the_id_is_told_is_looked_up(desk: Desk, name: str) -> None:
    url = desk.server.serve("/a.txt", b"words")
    desk.calls.file = {"id": "F0AD236", "name": "a.txt", "mimetype": "text/plain", "size": 5, "url_private": url}
    assert await desk.get("", name=name, media_type="", size=0) == b"words"
    assert desk.calls.looked_up == [name]


@pytest.mark.parametrize("name", ["a.txt", "F.txt", "F", "f0ad236", "F0AD 236", "Fête", ""])
async def test_a_file_without_address_and_id_is_gone(desk: Desk, name: str) -> None:
    with pytest.raises(PlatformGone):
        await desk.get("", name=name)
    assert desk.calls.looked_up == []


async def test_a_file_whose_address_slack_does_not_tell_is_a_missing_right(desk: Desk) -> None:
    desk.calls.file = {"id": "F0AD236", "file_access": "access_denied"}
    assert await desk.refused("", name="F0AD236") == "file_forbidden"


@pytest.mark.parametrize(
    ("code", "text"), [("file_not_found", ""), ("file_deleted", ""), ("missing_scope", "file_forbidden")]
)
async def test_what_the_look_up_answers_has_its_meaning(desk: Desk, code: str, text: str) -> None:
    desk.calls.failing = PlatformRefused("no")
    desk.calls.failing.__cause__ = SlackApiError("no", {"ok": False, "error": code})  # pyright: ignore[reportArgumentType]  # as the SDK does
    if text:
        assert await desk.refused("", name="F0AD236") == text
    else:
        with pytest.raises(PlatformGone):
            await desk.get("", name="F0AD236")


# At the stand-in -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("scopes", "text"), [(None, ""), ({"chat:write"}, "file_forbidden")])
async def test_without_the_scope_the_stand_in_gives_its_login_page(scopes: set[str] | None, text: str) -> None:
    async with SlackStandIn(scopes=scopes) as place, installed(place) as api:
        file = await place.person("ann").upload("cat.png", "image/png", b"\x89PNG")
        attachment = Attachment(file.name, file.mimetype, 4, file.download_url)
        fetched = Files(api, url=place.url).download(place.team.id, attachment, LIMIT)
        if text:
            with pytest.raises(PlatformRefused) as error:
                await fetched
            assert error.value.text == text
        else:
            assert await fetched == b"\x89PNG"


async def test_the_stand_in_looks_a_file_up() -> None:
    async with SlackStandIn() as place, installed(place) as api:
        file = await place.person("ann").upload("notes.txt", "text/plain", b"words")
        attachment = Attachment(file.id, "", 0, "")
        assert await Files(api, url=place.url).download(place.team.id, attachment, LIMIT) == b"words"
        assert [call.method for call in place.calls] == ["files.info"]
        assert place.violations == []
