"""An organisation that has installed the app for all of its workspaces: one token, and each workspace by itself."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from playground.glm import GlmStandIn, Hold
from playground.slack.model import Channel, Message
from playground.slack.people import Person
from playground.slack.server import SlackStandIn
from tests.scenarios.house import script
from tests.scenarios.slack_house import SlackHouse, actions, open_kind

TEXT = ("The", " whole", " answer.")
WHOLE = "".join(TEXT)


class OrgHouse(SlackHouse):
    """Two workspaces; ann is in both, and each has an admin of its own who is in both as well."""

    def __init__(self, slack: SlackStandIn, glm: GlmStandIn, folder: Path, over: str) -> None:
        super().__init__(slack, glm, folder, over)
        self.second = self.slack.add_workspace("second")
        self.other = self.slack.channel("general", team=self.second)
        self.boss = self.slack.person("boss", admin=True)
        self.chief = self.slack.person("chief", team=self.second, admin=True)
        for person in (self.ann, self.boss):
            self.join(person, self.other)
        self.join(self.chief, self.general)

    def join(self, person: Person, channel: Channel) -> None:
        person.user.also_in.add(channel.team)
        channel.members.add(person.id)

    @property
    def places(self) -> tuple[Channel, Channel]:
        return self.general, self.other


@pytest.fixture(params=["socket", "http"])
async def either(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[OrgHouse]:
    async with open_kind(OrgHouse, tmp_path, over=request.param, organisation="acme") as opened:
        yield opened


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[OrgHouse]:
    async with open_kind(OrgHouse, tmp_path, organisation="acme") as opened:
        yield opened


async def command(person: Person, text: str, channel: Channel) -> str:
    reply = await person.slash("/glm", text, channel)
    return str((reply.response or {}).get("text", ""))


def conversations(house: SlackHouse) -> list[tuple[str, str]]:
    """The workspaces and conversations of all questions that are stored."""
    return sorted(house.rows("SELECT DISTINCT ask.workspace, ask.conversation FROM ask"))


async def test_each_workspace_is_answered_in_its_place(either: OrgHouse) -> None:
    house = either
    house.glm.script(script("Hi."), times=None)
    await house.start()
    questions = [await house.ann.mention(place, "hello") for place in house.places]
    for question in questions:
        [answer] = await house.answered(question)
        assert (answer.channel, answer.thread, answer.visible) == (question.channel, question.ts, "Hi.")
    teams = [house.slack.team.id, house.second.id]
    assert conversations(house) == sorted(
        (team, f"slack/{team}/{question.channel}/{question.ts}")
        for team, question in zip(teams, questions, strict=True)
    )
    assert {call.team for call in house.slack.calls if call.method == "chat.postMessage"} == set(teams)


async def test_equal_ids_of_two_workspaces_do_not_mix(house: OrgHouse) -> None:
    house.glm.script(script("One."))
    house.glm.script(script("Two."))
    await house.start()
    question = await house.ann.mention(house.general, "hello")
    await house.answered(question)
    await house.quiet()
    told = next(sent for sent in house.slack.deliver.log if sent.event.get("ts") == question.ts)
    elsewhere = {"team_id": house.second.id, "context_team_id": house.second.id, "event_id": "Ev-elsewhere"}
    await house.slack.deliver.raw({**told.body, **elsewhere})
    await house.answered(question, contains="Two.")
    assert {workspace for workspace, _ in conversations(house)} == {house.slack.team.id, house.second.id}
    assert all("One." not in str(asked.body) for asked in house.asked)


async def test_questions_by_command_and_files_in_both_workspaces(house: OrgHouse) -> None:
    house.glm.script(script("Hi."), times=None)
    await house.start()
    for place in house.places:
        assert await command(house.ann, "ask why?", place) == ""
        [question] = await house.until(lambda place=place: house.slack.answers(place))
        await house.answered(question)
        assert house.slack.pings.pop()[1] == f"<@{house.ann.id}>"
    notes = await house.chief.upload("notes.txt", "text/plain", b"the canary sings")
    await house.answered(await house.chief.mention(house.other, "what is in it?", files=[notes]))
    assert "the canary sings" in house.asked[-1].question


async def test_a_direct_message_is_streamed_and_its_thread_goes_on(house: OrgHouse) -> None:
    house.glm.script(script("One."))
    house.glm.script(script("Two."))
    await house.start()
    question = await house.chief.dm_bot("hello")
    await house.answered(question)
    await house.chief.dm_bot("and now?", thread=question.ts)
    await house.answered(question, contains="Two.")
    owner = house.second.enterprise
    assert conversations(house) == [(house.second.id, f"slack/{owner}/{question.channel}/{question.ts}")]
    assert "One." in str(house.asked[-1].body)


async def test_the_model_of_a_workspace_is_its_own_and_mine_is_mine_everywhere(house: OrgHouse) -> None:
    house.glm.script(script("Hi."), times=None)
    await house.start()
    await house.boss.open_home(house.second)
    await house.until(house.boss.home_view)
    assert "glm:home:workspace" not in str(house.boss.home_view())
    await house.chief.open_home()
    await house.until(house.chief.home_view)
    await house.chief.choose("glm:home:workspace", "glm-4.7")
    models = [await model_of(house, house.ann, place) for place in house.places]
    assert models[0] != models[1] == "glm-4.7"
    await house.ann.open_home()
    await house.until(house.ann.home_view)
    await house.ann.choose("glm:home:me", "glm-4.6")
    assert {await model_of(house, house.ann, place) for place in house.places} == {"glm-4.6"}


async def model_of(house: SlackHouse, person: Person, place: Channel) -> str:
    await house.answered(await person.mention(place, "hello"))
    return house.asked[-1].model


async def test_a_workspaces_rules_are_for_it_and_made_by_its_admins(house: OrgHouse) -> None:
    house.glm.script(script("Hi."), times=None)
    bot = await house.start()
    rule = f"access deny user:{house.ann.id}"
    assert "for my admins" in await command(house.boss, rule, house.other)
    denied = await command(house.chief, rule, house.other)
    assert f"{house.second.enterprise}.{house.ann.id}`: – → deny" in denied
    refused = await house.ann.mention(house.other, "hello")
    await bot.logged("ask.refused")
    await house.answered(await house.ann.mention(house.general, "hello"))
    assert house.slack.answers(house.other, refused.ts) == []
    assert len(house.asked) == 1
    await command(house.slack.owner, f"access clear user:{house.ann.id}", house.general)
    assert "for my admins" not in await command(house.slack.owner, "access", house.general)


async def told_in_private(house: SlackHouse, person: Person, text: str) -> None:
    """Wait until only this person is told something."""
    await house.until(
        lambda: any(text in said.visible for said in house.slack.ephemerals if said.ephemeral_to == person.id)
    )


@pytest.mark.parametrize("enterprise", ["E0RIVAL", ""], ids=["organisation", "workspace"])
async def test_an_event_of_a_foreign_team_is_refused(house: OrgHouse, enterprise: str) -> None:
    bot = await house.start()
    rival = house.slack.add_team("rival", enterprise=enterprise)
    channel = house.slack.channel("general", team=rival)
    spy = house.slack.person("spy", team=rival)
    await spy.mention(channel, "hello")
    await bot.logged("slack.unknown_workspace")
    await command(spy, "ask hello", channel)
    await told_in_private(house, spy, "no longer installed")
    await house.quiet()
    assert house.slack.answers(channel) == []
    assert house.asked == []
    assert house.rows("SELECT 1 FROM ask") == []


async def test_when_the_organisation_removes_the_app_every_workspace_is_without_it(house: OrgHouse) -> None:
    bot = await house.start()
    assert house.slack.organisation is not None
    house.slack.deliver.uninstall(house.slack.organisation)
    assert (await bot.logged("slack.workspace_lost"))["workspace"] == house.second.enterprise
    await command(house.chief, "help", house.other)
    await told_in_private(house, house.chief, "no longer installed")


# Crashes and buttons -----------------------------------------------------------------------------------------------


async def killed_in_mid_answer(house: OrgHouse) -> list[tuple[Message, Message]]:
    """Questions in both workspaces with what was begun of their answers; the next process gives them as a whole."""
    holds = [Hold(2), Hold(2)]
    for hold in holds:
        house.glm.script(script(*TEXT, hold=hold))
    bot = await house.start()
    questions = [await house.ann.mention(place, "hello") for place in house.places]
    begun: list[tuple[Message, Message]] = []
    for question, place in zip(questions, house.places, strict=True):
        await house.until(lambda place=place, root=question.ts: "The whole" in house.text(place, root))
        [answer] = [said for said in house.slack.answers(place, question.ts) if said.ts != question.ts]
        begun.append((question, answer))
    await bot.kill()
    for hold in holds:
        hold.release()
    return begun


async def test_killed_in_mid_answer_both_are_finished_in_the_same_messages(house: OrgHouse) -> None:
    begun = await killed_in_mid_answer(house)
    house.glm.script(script(*TEXT), times=None)
    bot = await house.start()
    for question, answer in begun:
        assert await house.answered(question, contains=WHOLE) == [answer]
        assert (answer.visible, actions(answer)) == (WHOLE, ["regenerate", "rate"])
    await bot.logged("turn.delivered", times=2)
    assert len(house.asked) == 4


async def test_after_a_restart_a_button_still_knows_its_workspace(house: OrgHouse) -> None:
    (_, here), (question, there) = await killed_in_mid_answer(house)
    holds = [Hold(1), Hold(1)]
    for hold in holds:
        house.glm.script(script(*TEXT, hold=hold))
    await house.start()
    await house.until(lambda: all("stop" in actions(answer) and len(house.asked) == 4 for answer in (here, there)))
    # Slack tells of neither click in which workspace it was.
    refused = await house.boss.click(there, "Stop")
    await house.until(lambda: refused.later)
    assert "stop" in actions(there)
    await house.chief.click(there, "Stop")
    await house.answered(question)
    for hold in holds:
        hold.release()
