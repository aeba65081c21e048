from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

import pytest

from adapters.slack_app.stream import StreamSurface
from bot.pacing import Priority
from tests.unit.adapters.slack_app.scripted import TEAM, TURN, Clock, Scripted


@pytest.fixture
def api() -> Scripted:
    return Scripted()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def surface(api: Scripted, clock: Clock) -> StreamSurface:
    return StreamSurface(api, TEAM, TURN, clock=clock)


@pytest.fixture
def again(api: Scripted, clock: Clock) -> Callable[[], StreamSurface]:
    """The surface of the next process."""
    return lambda: StreamSurface(api, TEAM, replace(TURN, place="stream/D1/170.1"), clock=Clock(clock.now + 1_000))


@pytest.fixture
def permits(api: Scripted, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lanes for which a permit was asked, in their order."""
    asked: list[str] = []
    permit = api.governor.permit

    def noted(lane: str, priority: Priority, **more: Any) -> AbstractAsyncContextManager[None]:
        asked.append(lane)
        return permit(lane, priority, **more)

    monkeypatch.setattr(api.governor, "permit", noted)
    return asked
