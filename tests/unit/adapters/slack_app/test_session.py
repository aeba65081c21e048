from __future__ import annotations

import asyncio

import pytest

from adapters.slack_app.client import Workspace
from adapters.slack_app.session import SET_SESSION, SET_STATUS, STATUS_EVERY, Session
from bot import texts
from tests.unit.adapters.slack_app.scripted import PLAIN_TEAM, TEAM, Clock, Scripted, answered


@pytest.fixture
def api() -> Scripted:
    return Scripted()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def session(api: Scripted, clock: Clock) -> Session:
    return made(api, clock)


def made(api: Scripted, clock: Clock, team: Workspace = TEAM) -> Session:
    return Session(api, team, ("D1", "170.1"), locale="zh-CN", clock=clock)


def statuses(api: Scripted) -> list[tuple[str, str]]:
    return [(said.method, said.arguments["status"]) for said in api.said]


async def test_work_is_shown_at_once_and_cleared_at_the_end(api: Scripted, session: Session) -> None:
    await session.work("")
    await session.close()
    begun = [(SET_SESSION, "processing"), (SET_STATUS, texts.say("at_work", "zh-CN"))]
    assert statuses(api) == [*begun, (SET_SESSION, "active"), (SET_STATUS, "")]
    assert all((said.channel_id, said.thread_ts) == ("D1", "170.1") for said in api.said)


async def test_a_line_is_shown_now_and_then(api: Scripted, session: Session, clock: Clock) -> None:
    for line in ("a", "b", "c"):
        await session.work(line)
        clock.now += STATUS_EVERY / 2
    assert [status for method, status in statuses(api) if method == SET_STATUS] == ["a", "c"]


async def test_a_message_clears_the_line_by_itself(api: Scripted, session: Session) -> None:
    await session.work("a")
    session.spoke()
    await session.close()
    assert statuses(api)[-1] == (SET_SESSION, "active")


async def test_a_stream_that_ended_has_cleared_all(api: Scripted, session: Session) -> None:
    await session.work("a")
    session.streams(processing=True)
    session.spoke()
    session.streams(processing=False)
    api.said.clear()
    await session.close()
    assert api.said == []


async def test_nothing_begun_is_nothing_to_clear(api: Scripted, session: Session) -> None:
    await session.close()
    assert api.said == []


async def test_an_app_that_is_no_agent_shows_its_line_only(api: Scripted, clock: Clock) -> None:
    session = made(api, clock, PLAIN_TEAM)
    await session.work("a")
    session.streams(processing=True)
    await session.close()
    assert {method for method, _ in statuses(api)} == {SET_STATUS}


@pytest.mark.parametrize("code", ["not_authorized", "unknown_method", "missing_scope", "method_deprecated"])
@pytest.mark.parametrize("method", [SET_SESSION, SET_STATUS])
async def test_what_a_workspace_does_not_have_is_asked_for_once(
    api: Scripted, clock: Clock, code: str, method: str
) -> None:
    api.fail(method, answered(code))
    for _ in range(2):
        session = made(api, clock)
        await session.work("a")
        await session.close()
    assert [said.method for said in api.said].count(method) == 1


async def test_a_passing_failure_is_no_reason_to_give_up(api: Scripted, clock: Clock) -> None:
    api.fail(SET_STATUS, answered("channel_not_found"))
    for _ in range(2):
        await made(api, clock).work("a")
    assert [method for method, _ in statuses(api)].count(SET_STATUS) == 2


async def test_a_state_that_may_have_been_set_is_cleared(api: Scripted, session: Session) -> None:
    api.lose(SET_SESSION)
    await session.work("a")
    await session.close()
    assert (SET_SESSION, "active") in statuses(api)


async def test_courtesy_waits_for_no_limit(api: Scripted, session: Session) -> None:
    for lane in ("status:T1", "session:T1"):
        api.governor.refused(lane, 30.0, everywhere=False)
    await session.work("a")
    assert api.said == []


async def test_a_call_that_was_cancelled_is_cleared_too(api: Scripted, session: Session) -> None:
    arrived = asyncio.Event()

    async def hang(*_: object, **__: object) -> object:
        arrived.set()
        return await asyncio.Event().wait()

    usual, api.call = api.call, hang  # pyright: ignore[reportAttributeAccessIssue]  # it never answers
    work = asyncio.create_task(session.work("a"))
    await arrived.wait()
    work.cancel()
    await asyncio.wait([work])
    api.call = usual
    await session.close()
    assert (SET_SESSION, "active") in statuses(api)
