"""How the local Slack delivers to a request URL, seen by an app made with slack-bolt."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator

import pytest
from aiohttp import web
from slack_bolt.context.ack.async_ack import AsyncAck

from playground.slack.model import Json
from playground.slack.people import Person
from playground.slack.server import SlackStandIn
from tests.fixtures.slack_apps import App, attempts, over_http, over_socket, serving

TOO_OLD = -360.0  # s; Bolt takes signatures of the last five minutes


@pytest.fixture
async def place() -> AsyncGenerator[SlackStandIn]:
    async with SlackStandIn() as place:
        place.deliver.retry_after = ()
        yield place


@pytest.fixture
def ann(place: SlackStandIn) -> Person:
    return place.person("ann")


@pytest.fixture
async def app(place: SlackStandIn) -> AsyncGenerator[App]:
    app = App(place)
    async with over_http(app):
        yield app


async def test_a_mention_arrives_signed(place: SlackStandIn, ann: Person, app: App) -> None:
    await ann.mention(place.channel("general"), "hello")
    [message] = await app.wait(1)
    await app.wait(1, "app_mention")
    done = await attempts(place, 2)
    assert message["text"] == f"<@{place.bot_user.id}> hello"
    assert [d.status for d in done] == [200, 200]


async def test_a_wrong_signature_is_refused(place: SlackStandIn, ann: Person, app: App) -> None:
    place.deliver.http.signing_secret = "another"
    await ann.dm_bot("hello")
    [done] = await attempts(place, 1)
    assert (done.status, done.failure, done.acked_at) == (401, "http_error", None)
    assert app.heard == []


async def test_an_old_signature_is_refused(place: SlackStandIn, ann: Person, app: App) -> None:
    place.deliver.http.skew = TOO_OLD
    await ann.dm_bot("hello")
    [done] = await attempts(place, 1)
    assert done.status == 401
    assert app.heard == []


async def test_the_request_url_answers_the_challenge(place: SlackStandIn, app: App) -> None:
    assert await place.deliver.verify()
    place.deliver.http.signing_secret = "another"
    assert not await place.deliver.verify()
    assert app.heard == []


async def test_a_command_is_answered_in_the_response(place: SlackStandIn, ann: Person, app: App) -> None:
    async def answer(ack: AsyncAck, command: Json) -> None:
        await ack({"text": f"you said {command['text']}"})

    app.bolt.command("/glm")(answer)
    reply = await ann.slash("/glm", "a & b", place.channel("general"))
    assert reply.response == {"text": "you said a & b"}


async def test_a_plain_text_answer_is_the_text_of_a_message(place: SlackStandIn, ann: Person, app: App) -> None:
    async def answer(ack: AsyncAck) -> None:
        await ack("just text")

    app.bolt.command("/glm")(answer)
    reply = await ann.slash("/glm", "", place.channel("general"))
    assert reply.response == {"text": "just text"}


async def test_a_shortcut_arrives_as_a_form(place: SlackStandIn, ann: Person, app: App) -> None:
    async def answer(ack: AsyncAck) -> None:
        await ack()

    app.bolt.message_shortcut("ask")(answer)
    clicked = await ann.shortcut("ask", await ann.say(place.channel("general"), "hm"))
    assert (clicked.acked, clicked.response) == (True, None)


async def test_a_socket_goes_before_the_request_url(place: SlackStandIn, ann: Person, app: App) -> None:
    other = App(place)
    async with over_socket(other):
        await ann.dm_bot("hello")
        await other.wait(1)
    assert app.heard == []


class Url:
    """A request URL that answers as it is told, and keeps the headers it saw."""

    def __init__(self) -> None:
        self.answers: list[web.Response] = []
        self.seen: list[dict[str, str]] = []
        self.bodies: list[Json] = []

    async def handle(self, request: web.Request) -> web.Response:
        self.seen.append(dict(request.headers))
        self.bodies.append(json.loads(await request.text()))
        return self.answers.pop(0) if self.answers else web.Response()


@pytest.fixture
async def url(place: SlackStandIn) -> AsyncGenerator[Url]:
    made = Url()
    async with serving(made.handle) as address:
        place.deliver.url = address
        yield made


async def test_a_refused_event_is_sent_again_with_number_and_reason(place: SlackStandIn, ann: Person, url: Url) -> None:
    place.deliver.retry_after = (0.0, 0.0, 0.0)
    url.answers = [web.Response(status=500), web.Response(status=404)]
    await ann.dm_bot("hello")
    done = await attempts(place, 3)
    retries = [(h.get("X-Slack-Retry-Num"), h.get("X-Slack-Retry-Reason")) for h in url.seen]
    assert retries == [(None, None), ("1", "http_error"), ("2", "http_error")]
    assert [d.status for d in done] == [500, 404, 200]
    assert len({body["event_id"] for body in url.bodies}) == 1


async def test_an_app_may_forbid_retries(place: SlackStandIn, ann: Person, url: Url) -> None:
    place.deliver.retry_after = (0.0, 0.0, 0.0)
    url.answers = [web.Response(status=500, headers={"X-Slack-No-Retry": "1"})]
    await ann.dm_bot("first")
    await attempts(place, 1)
    await ann.dm_bot("second")
    done = await attempts(place, 2)
    assert [(d.event["text"], d.attempt) for d in done] == [("first", 0), ("second", 0)]


async def test_an_app_that_is_not_there_gets_it_later(place: SlackStandIn, ann: Person) -> None:
    place.deliver.retry_after = (0.0,)
    place.deliver.url = "http://127.0.0.1:1/slack/events"
    await ann.dm_bot("hello")
    assert [d.failure for d in await attempts(place, 2)] == ["connection_failed"] * 2


async def test_a_slow_app_is_too_late(place: SlackStandIn, ann: Person) -> None:
    place.deliver.ack_within = 0.05

    async def wait(request: web.Request) -> web.Response:
        await place.wait_for(lambda: place.deliver.log[0].settled)
        return web.Response()

    async with serving(wait) as address:
        place.deliver.url = address
        await ann.dm_bot("hello")
        [done] = await attempts(place, 1)
    assert (done.failure, done.acked_at) == ("http_timeout", None)
