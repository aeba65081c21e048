from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from adapters.slack_app.client import GUESSES, Api, Workspace, lane_of
from bot.errors import PlatformError, PlatformGone, PlatformRefused, PlatformUnsure
from bot.pacing import Governor, Priority
from tests.unit.adapters.slack_app.scripted import TEAM, Clock

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
DAY = 86_400.0


@dataclass
class Server:
    """Answers with what it is given, and keeps what it was asked."""

    address: str = ""
    answers: list[Any] = field(default_factory=list[Any])
    asked: list[tuple[str, str, str, str]] = field(default_factory=list[tuple[str, str, str, str]])
    connections: set[object] = field(default_factory=set[object])

    async def handle(self, request: web.Request) -> web.StreamResponse:
        headers = request.headers
        body = await request.text()
        self.asked.append((request.path, headers.get("Authorization", ""), headers.get("Content-Type", ""), body))
        self.connections.add(request.transport)
        answer = self.answers.pop(0) if self.answers else {"ok": True}
        if answer == "hang":
            await asyncio.Event().wait()
        if answer == "abort" and request.transport is not None:
            request.transport.abort()
        return answer if isinstance(answer, web.Response) else web.json_response(answer)


@pytest.fixture
async def server() -> AsyncGenerator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield server
    await runner.cleanup()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def api(server: Server, clock: Clock) -> AsyncGenerator[Api]:
    governor = Governor(overall=None, headers=False, sharing=(), guesses=GUESSES)
    api = Api(governor, url=f"{server.address}/api", clock=clock)
    api.add(TEAM)
    yield api
    await api.close()


async def test_a_call_goes_out_with_the_token_of_its_workspace(api: Api, server: Server) -> None:
    api.add(Workspace("T2", "T2", "other", "xoxb-2", "U", "B", agent=False))
    answer = await api.call("T2", "chat.update", channel="C1", ts="1.0", blocks=[{"type": "x"}], text=None, ok=False)
    assert answer["ok"] is True
    [(path, token, kind, body)] = server.asked
    assert (path, token) == ("/api/chat.update", "Bearer xoxb-2")
    assert kind.startswith("application/json")
    assert body == '{"channel": "C1", "ts": "1.0", "blocks": [{"type": "x"}], "ok": false}'


async def test_methods_that_take_no_json_get_a_form(api: Api, server: Server) -> None:
    await api.call("T1", "conversations.replies", channel="C1", ts="1.0", include_all_metadata=True, limit=5)
    [(_, _, kind, body)] = server.asked
    assert kind == "application/x-www-form-urlencoded"
    assert body == "channel=C1&ts=1.0&include_all_metadata=true&limit=5"


async def test_all_calls_share_their_connections(api: Api, server: Server) -> None:
    for _ in range(5):
        await api.call("T1", "api.test")
    assert len(server.connections) == 1


async def test_a_limit_closes_the_lane_of_the_method(api: Api, server: Server) -> None:
    refusal = web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "30"})
    server.answers.append(refusal)
    with pytest.raises(PlatformError) as raised:
        await api.call("T1", "chat.update", channel="C1", ts="1.0")
    assert raised.value.retry_after == 30.0
    assert 29.0 < api.governor.closed_for("update:T1") <= 30.0
    assert api.governor.closed_for("update:T2") == 0.0
    assert api.governor.closed_for("append:T1") == 0.0


async def test_other_failures_close_no_lane(api: Api, server: Server) -> None:
    server.answers += [{"ok": False, "error": "service_unavailable"}, {"ok": False, "error": "is_archived"}]
    for _ in range(2):
        with pytest.raises(PlatformError):
            await api.call("T1", "chat.update")
    assert api.governor.closed_for("update:T1") == 0.0


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        ({"ok": False, "error": "message_not_found"}, PlatformGone),
        ({"ok": False, "error": "not_in_channel"}, PlatformRefused),
        ({"ok": False}, PlatformUnsure),
        ({}, PlatformUnsure),
        ([], PlatformUnsure),
        (web.Response(text="<html>gateway</html>", status=502), PlatformUnsure),
        (web.Response(text="not json", content_type="application/json"), PlatformUnsure),
        (web.Response(text="all is well", status=200), PlatformUnsure),
        (web.Response(text="<html>", content_type="text/html", status=200), PlatformUnsure),
        ("abort", PlatformUnsure),
    ],
    ids=str,
)
async def test_every_answer_is_understood(
    api: Api, server: Server, answer: object, meaning: type[PlatformError]
) -> None:
    server.answers.append(answer)
    with pytest.raises(PlatformError) as raised:
        await api.call("T1", "chat.postMessage", channel="C1")
    assert type(raised.value) is meaning
    assert len(server.asked) == 1


async def test_a_call_that_nobody_answers_ends(api: Api, server: Server) -> None:
    server.answers.append("hang")
    with pytest.raises(PlatformUnsure):
        await api.call("T1", "chat.postMessage", within=0.05)


async def test_an_unknown_workspace_is_refused(api: Api, server: Server) -> None:
    api.remove("T1")
    with pytest.raises(PlatformRefused):
        await api.call("T1", "chat.postMessage")
    assert server.asked == []
    assert api.workspace("T1") is None


async def test_what_only_the_operator_can_mend_is_told_once(api: Api, server: Server) -> None:
    server.answers += [{"ok": False, "error": "missing_scope", "needed": "files:write"}] * 3
    with capture_logs() as logs:
        for method in ("files.info", "files.info", "users.info"):
            with pytest.raises(PlatformRefused):
                await api.call("T1", method)
    told = [log for log in logs if log["event"] == "slack.operator_needed"]
    assert [(log["method"], log["code"], log["needed"]) for log in told] == [
        ("files.info", "missing_scope", "files:write"),
        ("users.info", "missing_scope", "files:write"),
    ]
    assert "xoxb" not in str(logs)


async def test_a_new_token_is_used_at_once(api: Api, server: Server) -> None:
    await api.call("T1", "api.test")
    api.add(Workspace("T1", "T1", "acme", "xoxb-new", "UBOT", "B1", agent=True))
    await api.call("T1", "api.test")
    assert [token for _, token, _, _ in server.asked] == ["Bearer xoxb-1", "Bearer xoxb-new"]


async def test_a_paced_call_holds_its_lane(api: Api) -> None:
    async with api.governor.permit("start:T1", Priority.FIRST):
        await api.paced("T1", "chat.startStream", Priority.FIRST, channel="C1")
    assert api.governor.granted == 2


def test_a_missing_feature_is_tried_again_after_a_day(clock: Clock) -> None:
    api = Api(Governor(overall=None), clock=clock)
    api.latch("T1", "streams")
    assert api.latched("T1", "streams")
    assert not api.latched("T2", "streams")
    clock.now += DAY
    assert not api.latched("T1", "streams")


async def test_a_file_goes_up_without_the_token(api: Api, server: Server) -> None:
    await api.upload(f"{server.address}/upload", b"content")
    [(path, token, _, body)] = server.asked
    assert (path, token, body) == ("/upload", "", "content")
    server.answers.append(web.Response(status=500))
    with pytest.raises(PlatformUnsure):
        await api.upload(f"{server.address}/upload", b"content")


@pytest.mark.parametrize(
    ("method", "lane"),
    [
        ("chat.postMessage", "post:T1.C1"),
        ("chat.update", "update:T1"),
        ("agents.sessions.setStatus", "session:T1"),
        ("auth.test", "other:T1"),
    ],
)
def test_lanes_are_counted_as_slack_counts(method: str, lane: str) -> None:
    assert lane_of(method, "T1", "C1") == lane
    assert lane.partition(":")[0] in GUESSES


def test_a_token_does_not_get_into_a_log() -> None:
    assert "xoxb" not in repr(TEAM)


# Organisations -----------------------------------------------------------------------------------------------------

ACME = Workspace("E1", "", "acme", "xoxb-e", "UBOT", "B1", agent=True, organisation="E1")


@pytest.fixture
async def org(server: Server, clock: Clock) -> AsyncGenerator[Api]:
    api = Api(Governor(overall=None, headers=False, sharing=(), guesses=GUESSES), url=server.address, clock=clock)
    api.add(ACME)
    yield api
    await api.close()


async def test_all_workspaces_of_an_organisation_have_its_token(org: Api, server: Server) -> None:
    for name in ("T1", "T2", "E1"):
        await org.call(name, "chat.update", channel="C1", ts="1.0")
    assert {token for _, token, _, _ in server.asked} == {"Bearer xoxb-e"}
    assert org.workspace("T2") == ACME.within("T2")
    assert org.workspace("") is None


async def test_a_limit_in_one_workspace_leaves_the_others_theirs(org: Api, server: Server) -> None:
    refusal = web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "30"})
    server.answers += [refusal]
    with pytest.raises(PlatformError):
        await org.paced("T1", "chat.update", Priority.EDIT, channel="C1", ts="1.0")
    assert org.governor.closed_for("update:T1") > 29.0
    assert org.governor.closed_for("update:T2") == 0.0


async def test_calls_that_name_no_channel_count_for_the_organisation(org: Api, server: Server) -> None:
    refusal = web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "30"})
    server.answers += [refusal]
    with pytest.raises(PlatformError):
        await org.paced("T1", "users.info", Priority.BACKGROUND, user="U1")
    assert org.governor.closed_for("users:E1") > 29.0
    assert org.governor.closed_for("users:T1") == 0.0


@pytest.mark.parametrize(
    ("organisation", "team", "known"),
    [("E1", "T1", True), ("E1", "", True), ("E9", "T9", False), ("", "T1", False), ("E9", "", False)],
)
async def test_only_what_names_the_organisation_is_of_it(org: Api, organisation: str, team: str, known: bool) -> None:
    assert org.installation(organisation, team) == (ACME if known else None)


async def test_a_workspace_that_installed_the_app_itself_does_not_stand_for_its_organisation(api: Api) -> None:
    assert api.installation("E1", "T1") == TEAM
    assert api.installation("E1", "T2") is None
    assert api.workspace("T2") is None


async def test_when_the_organisation_removes_the_app_all_its_workspaces_are_without(org: Api, server: Server) -> None:
    org.remove("E1")
    with pytest.raises(PlatformRefused):
        await org.call("T1", "chat.update")
    assert server.asked == []


async def test_the_operator_of_an_organisation_is_told_once(org: Api, server: Server) -> None:
    server.answers += [{"ok": False, "error": "missing_scope", "needed": "chat:write"}] * 2
    with capture_logs() as logs:
        for name in ("T1", "T2"):
            with pytest.raises(PlatformRefused):
                await org.call(name, "chat.update")
    assert [line["event"] for line in logs].count("slack.operator_needed") == 1
