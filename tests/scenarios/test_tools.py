"""Tools through the real process: called by their commands, and by the model, on Discord and on Slack."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from playground.discord.people import Person
from playground.discord.permissions import Permission
from playground.glm import Answer, Call, Exchange
from playground.services import ServicesStandIn
from playground.slack.model import Message
from tests.scenarios.house import House, open_house, script
from tests.scenarios.slack_house import SlackHouse, actions, open_slack

# Friday, 20 November 2026, 12:00 UTC: eight in the evening in Beijing.
NOON = 1_795_176_000.0
IN_BEIJING = "Beijing, China, 20:00 local time"
QUESTION = "What is the weather in Beijing?"


@pytest.fixture
async def services() -> AsyncGenerator[ServicesStandIn]:
    async with ServicesStandIn(now=lambda: NOON) as services:
        yield services


@pytest.fixture
async def discord(tmp_path: Path, services: ServicesStandIn) -> AsyncGenerator[House]:
    async with open_house(tmp_path) as house:
        await house.start(WEATHER_URL=services.url, GEOCODING_URL=services.url)
        yield house


@pytest.fixture
async def slack(tmp_path: Path, services: ServicesStandIn) -> AsyncGenerator[SlackHouse]:
    async with open_slack(tmp_path) as house:
        await house.start(WEATHER_URL=services.url, GEOCODING_URL=services.url)
        yield house


def days(services: ServicesStandIn) -> list[str]:
    """For how many days each forecast was asked."""
    return [request.query["forecast_days"] for request in services.requests if request.service == "forecast"]


def told(exchange: Exchange) -> list[Any]:
    """What the model was told that tools have given."""
    return [message["content"] for message in exchange.body["messages"] if message["role"] == "tool"]


def offered(exchange: Exchange) -> set[str]:
    return {tool["function"]["name"] for tool in exchange.body.get("tools", ()) if tool["type"] == "function"}


# By a command --------------------------------------------------------------------------------------------------------


async def test_a_tool_is_a_command_on_discord(discord: House, services: ServicesStandIn) -> None:
    await discord.alice.slash("weather", {"place": "Beijing", "days": 2}, channel=discord.general)
    [answer] = await discord.at_rest(discord.general, contains=IN_BEIJING)
    assert "Source: Open-Meteo.com" in answer.content
    assert days(services) == ["2"]
    assert discord.asked == []


async def test_places_are_offered_on_discord_as_one_types(discord: House) -> None:
    offered = await discord.alice.autocomplete("weather", {"place": "bei"}, channel=discord.general)
    assert [choice["value"] for choice in offered] == ["Beijing"]


async def test_tools_to_be_switched_are_offered_on_discord_to_who_may_use_them(discord: House) -> None:
    async def offered_to(person: Person, typed: str) -> list[str]:
        options = {"switch": "off", "name": typed}
        return [choice["value"] for choice in await person.autocomplete("tools", options, channel=discord.general)]

    mona = discord.discord.person("mona", rights=Permission.MANAGE_GUILD)
    rule = {"action": "deny", "rule": f"<@{discord.alice.id}> tool:calculate"}
    await mona.slash("access", rule, channel=discord.general)
    assert {"weather", "time", "read_page", "calculate"} <= set(await offered_to(mona, ""))
    assert await offered_to(mona, "CALC") == ["calculate"]
    assert await offered_to(discord.alice, "CALC") == []
    assert await offered_to(discord.alice, "weath") == ["weather"]


async def test_what_a_tool_cannot_do_is_said_on_discord(discord: House, services: ServicesStandIn) -> None:
    await discord.alice.slash("weather", {"place": "Nowhereville"}, channel=discord.general)
    await discord.at_rest(discord.general, contains="I know no place called “Nowhereville”")
    assert days(services) == []


@pytest.mark.parametrize("words", ["weather Beijing days:2", "weather days:2 place:Beijing", "WEATHER\nBeijing days:2"])
async def test_a_tool_is_a_command_on_slack(slack: SlackHouse, services: ServicesStandIn, words: str) -> None:
    assert (await slack.ann.slash("/glm", words, slack.general)).acked
    question, answer = await answered(slack)
    assert "/weather" in question.visible
    assert IN_BEIJING in answer.visible
    assert days(services) == ["2"]
    assert slack.asked == []


async def test_a_tool_is_a_command_in_a_thread_on_slack(slack: SlackHouse, services: ServicesStandIn) -> None:
    slack.glm.script(script("Hello."))
    question = await slack.ann.mention(slack.general, "hello")
    await slack.answered(question)
    await slack.ann.say(slack.general, "!weather Beijing", thread=question.ts)
    await slack.answered(question, contains=IN_BEIJING)
    assert days(services) == ["3"]
    assert len(slack.asked) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [("weather", "place: Field required"), ("weather Beijing days:9", "days:"), ("weather Beijing days:x", "days:")],
)
async def test_what_does_not_fit_is_said_on_slack(slack: SlackHouse, words: str, said: str) -> None:
    await slack.ann.slash("/glm", words, slack.general)
    _, answer = await answered(slack)
    assert "the arguments do not fit" in answer.visible
    assert said in answer.visible


async def test_the_answer_of_a_command_is_part_of_the_conversation(slack: SlackHouse) -> None:
    await slack.ann.slash("/glm", "weather Beijing", slack.general)
    question, _ = await answered(slack)
    slack.glm.script(script("Yes, a coat."))
    await slack.ann.mention(slack.general, "Do I need a coat?", thread=question.ts)
    await slack.until(lambda: "a coat." in slack.text(slack.general, question.ts))
    [asked] = slack.asked
    contents = [message["content"] for message in asked.body["messages"]]
    assert any("/weather Beijing" in content for content in contents)
    assert any(IN_BEIJING in content for content in contents)


async def answered(slack: SlackHouse) -> tuple[Message, Message]:
    """The question that a command has posted in #general, and its answer at rest."""

    def final() -> tuple[Message, Message] | None:
        for root in slack.slack.answers(slack.general):
            pages = [message for message in slack.slack.answers(slack.general, root.ts) if message.ts != root.ts]
            if pages and "regenerate" in actions(pages[-1]):
                return root, pages[-1]
        return None

    question, answer = await slack.until(final)
    # The question says whose it is; that names nobody else.
    assert slack.slack.pings == [(question.ts, f"<@{slack.ann.id}>")]
    slack.slack.pings.clear()
    return question, answer


async def test_help_names_the_tools_as_they_are_called_there(discord: House) -> None:
    said = await discord.alice.slash("help", channel=discord.general)
    assert "**/weather**" in "".join(response.content for response in said.responses)


async def test_help_on_slack_names_the_tools_behind_its_own_command(slack: SlackHouse) -> None:
    assert "*/glm weather*" in str((await slack.ann.slash("/glm", "help", slack.general)).response)


# By the model --------------------------------------------------------------------------------------------------------


def scripted(house: House | SlackHouse) -> None:
    """The model calls the tool, and answers when it is told the result."""
    house.glm.script(Answer(text="", calls=(Call("weather", {"place": "Beijing", "days": 1}),)))
    house.glm.script(script("Mild", " and cloudy."))


def check(house: House | SlackHouse, visible: str) -> None:
    first, second = house.asked
    assert {"weather", "time", "calculate", "read_page"} <= offered(first)
    assert told(first) == []
    [result] = told(second)
    assert IN_BEIJING in result
    [call] = [call for message in second.body["messages"] for call in message.get("tool_calls", ())]
    assert json.loads(call["function"]["arguments"]) == {"place": "Beijing", "days": 1}
    assert visible.startswith("Mild and cloudy.")
    assert "weather · Beijing" in visible


async def test_the_model_calls_a_tool_on_discord(discord: House, services: ServicesStandIn) -> None:
    scripted(discord)
    question = await discord.alice.mention(discord.general, QUESTION)
    [answer] = await discord.answered(question, contains="Mild and cloudy.")
    check(discord, answer.content)
    assert days(services) == ["1"]


async def test_the_model_calls_a_tool_on_slack(slack: SlackHouse, services: ServicesStandIn) -> None:
    scripted(slack)
    question = await slack.ann.mention(slack.general, QUESTION)
    [answer] = await slack.answered(question, contains="Mild and cloudy.")
    check(slack, answer.visible)
    assert days(services) == ["1"]


@pytest.mark.parametrize("trouble", ["fail", "hang"])
async def test_a_service_that_is_down_is_a_result_that_the_model_is_told(
    discord: House, services: ServicesStandIn, trouble: str
) -> None:
    getattr(services, trouble)("geocoding")
    scripted(discord)
    question = await discord.alice.mention(discord.general, QUESTION)
    await discord.answered(question, contains="Mild and cloudy.")
    [result] = told(discord.asked[1])
    assert "is not answering right now" in json.loads(result)["error"]
