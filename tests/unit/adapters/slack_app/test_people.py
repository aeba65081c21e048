from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass

import pytest

from adapters.slack_app import people as module
from adapters.slack_app.people import FAILED_FRESH, FRESH, LOOKUPS, People, read_person
from bot.messages import Right
from playground.slack.people import Person
from playground.slack.server import SlackStandIn
from tests.unit.adapters.slack_app.installed import installed

NONE: frozenset[Right] = frozenset()


@dataclass
class Desk:
    """People of a stand-in, at a time that the test sets."""

    place: SlackStandIn
    people: People
    now: list[float]

    @property
    def home(self) -> str:
        return self.place.team.id

    @property
    def lookups(self) -> int:
        return len([call for call in self.place.calls if call.method == "users.info"])

    async def known(self, person: Person) -> str:
        """The name of somebody, once the look-up that the first question starts has ended."""
        self.people.name(self.home, person.id)
        await self.people._tasks.wait(10)
        return self.people.name(self.home, person.id)


@pytest.fixture
async def desk() -> AsyncGenerator[Desk]:
    async with SlackStandIn() as place, installed(place) as api:
        now = [0.0]
        people = People(api, clock=lambda: now[0])
        yield Desk(place, people, now)
        await people.close()
        assert place.violations == []


async def test_a_name_is_there_after_the_first_question_for_it(desk: Desk) -> None:
    ann = desk.place.person("ann", locale="zh-CN")
    assert desk.people.name(desk.home, ann.id) == ""
    assert await desk.known(ann) == "ann"
    assert desk.people.locale(desk.home, ann.id) == "zh-CN"


async def test_somebody_is_looked_up_once_however_often_they_are_asked_for(desk: Desk) -> None:
    ann = desk.place.person("ann")
    for _ in range(5):
        desk.people.name(desk.home, ann.id)
    await desk.known(ann)
    await asyncio.gather(*(desk.people.rights(desk.home, ann.id) for _ in range(5)))
    assert desk.lookups == 1


async def test_an_old_name_is_used_while_it_is_looked_up_again(desk: Desk) -> None:
    ann = desk.place.person("ann")
    await desk.known(ann)
    desk.now[0] += FRESH
    assert desk.people.name(desk.home, ann.id) == "ann"
    await desk.known(ann)
    assert desk.lookups == 2


async def test_an_admin_has_all_rights_and_others_have_none(desk: Desk) -> None:
    boss, ann = desk.place.person("boss", admin=True), desk.place.person("ann")
    assert await desk.people.rights(desk.home, boss.id) == frozenset(Right)
    assert await desk.people.rights(desk.home, ann.id) == NONE


async def test_rights_that_were_taken_away_are_gone_after_ten_minutes(desk: Desk) -> None:
    boss = desk.place.person("boss", admin=True)
    await desk.people.rights(desk.home, boss.id)
    boss.user.admin = False
    desk.now[0] += FRESH
    assert await desk.people.rights(desk.home, boss.id) == NONE


async def test_whoever_slack_does_not_tell_of_in_time_has_no_rights(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MEETING_PATIENCE", 0.01)
    boss, hold = desk.place.person("boss", admin=True), desk.place.hold("users.info")
    assert await desk.people.rights(desk.home, boss.id) == NONE
    hold.release()
    await desk.known(boss)
    assert Right.MODERATE in await desk.people.rights(desk.home, boss.id)


@pytest.mark.parametrize("error", ["user_not_found", "missing_scope", "internal_error"])
async def test_a_failed_look_up_gives_no_rights_and_is_not_repeated_at_once(desk: Desk, error: str) -> None:
    boss = desk.place.person("boss", admin=True)
    desk.place.fail("users.info", error)
    assert await desk.people.rights(desk.home, boss.id) == NONE
    assert await desk.known(boss) == ""
    assert desk.lookups == 1
    desk.now[0] += FAILED_FRESH
    assert await desk.known(boss) == "boss"


async def test_a_failed_look_up_keeps_the_name_but_not_the_rights(desk: Desk) -> None:
    boss = desk.place.person("boss", admin=True)
    await desk.known(boss)
    desk.now[0] += FRESH
    desk.place.fail("users.info")
    assert await desk.people.rights(desk.home, boss.id) == NONE
    assert await desk.known(boss) == "boss"


async def test_only_so_many_are_looked_up_at_once(desk: Desk) -> None:
    hold = desk.place.hold("users.info", times=LOOKUPS)
    crowd = [desk.place.person(f"p{number}", admin=True) for number in range(LOOKUPS + 5)]
    for person in crowd:
        desk.people.name(desk.home, person.id)
    assert len(desk.people._under_way) == LOOKUPS
    assert await desk.people.rights(desk.home, crowd[-1].id) == NONE
    hold.release()
    await desk.people._tasks.wait(10)
    assert await desk.known(crowd[-1]) == crowd[-1].name


async def test_only_so_many_people_are_remembered(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 2)
    for name in ("ann", "ben", "cid"):
        await desk.known(desk.place.person(name))
    assert len(desk.people._known) == 2
    assert desk.people.name(desk.home, desk.place.person("ann").id) == ""


async def test_somebody_is_the_same_in_all_workspaces_of_an_organisation() -> None:
    async with SlackStandIn(organisation="acme") as place, installed(place) as api:
        people, second = People(api), place.add_workspace("second")
        boss, owner = place.person("boss", admin=True), place.owner
        assert await people.rights(place.team.id, boss.id) == frozenset(Right)
        assert await people.rights(second.id, boss.id) == NONE
        assert await people.rights(second.id, owner.id) == frozenset(Right)
        assert people.name(second.id, boss.id) == "boss"
        assert [call.method for call in place.calls] == ["users.info"] * 2
        await people.close()


async def test_closing_ends_the_look_ups(desk: Desk) -> None:
    hold = desk.place.hold("users.info")
    desk.people.name(desk.home, desk.place.person("ann").id)
    await hold.arrived
    await desk.people.close()
    assert desk.people._under_way == {}


ADMIN = {"is_admin": True}
ORGANISATION = {"enterprise_user": {"enterprise_id": "E1", "teams": ["T1"], "is_owner": True}}


@pytest.mark.parametrize(
    ("user", "managed"),
    [
        ({**ADMIN, "team_id": "T1"}, {"T1"}),
        ({**ORGANISATION, "team_id": "T7"}, {"T1", "T7", "E1"}),
        ({**ADMIN, "team_id": "T1", "is_stranger": True}, set[str]()),
        ({**ADMIN, "team_id": "T1", "deleted": True}, set[str]()),
        ({"team_id": "T1"}, set[str]()),
        (ADMIN, set[str]()),
    ],
)
def test_admins_manage_what_they_belong_to(user: dict[str, object], managed: set[str]) -> None:
    assert read_person(user).managed == managed


@pytest.mark.parametrize(
    ("user", "managed"),
    [
        ({**ADMIN, "team_id": "T1"}, {"T1"}),
        ({**ADMIN, "team_id": "T1", "enterprise_user": {"enterprise_id": "E1", "teams": ["T1", "T2"]}}, {"T1"}),
        ({**ORGANISATION, "team_id": "T1"}, {"E1"}),
        ({**ADMIN, **ORGANISATION, "team_id": "T1"}, {"E1", "T1"}),
        ({**ADMIN, "team_id": "T1", "is_stranger": True}, set[str]()),
    ],
)
def test_an_admin_of_one_workspace_does_not_manage_its_organisation(user: dict[str, object], managed: set[str]) -> None:
    assert read_person(user, org_wide=True).managed == managed


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ({"profile": {"display_name": "Ann", "real_name": "Ann Smith"}, "name": "a.smith"}, "Ann"),
        ({"profile": {"display_name": " ", "real_name": "Ann Smith"}, "name": "a.smith"}, "Ann Smith"),
        ({"profile": None, "real_name": "", "name": "a.smith"}, "a.smith"),
        ({"profile": {"display_name": "x" * 500}}, "x" * 80),
        ({}, ""),
    ],
)
def test_the_name_is_the_one_that_people_see(user: dict[str, object], name: str) -> None:
    assert read_person(user).name == name
