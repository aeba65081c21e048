"""Every command through the real process, given by the clients of both platforms; one without a scene is a failure."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

import pytest

from bot.tools.commands import as_commands
from bot.tools.registry import discover
from bot.vocabulary import COMMANDS, NAMES
from playground.glm import Hold
from playground.services import ServicesStandIn
from tests.scenarios.guests import PLATFORMS, Guest, offered, open_guest
from tests.scenarios.house import script
from tests.scenarios.slack_house import open_slack

TUTOR = "You are a patient tutor."
SECRET = "xyzzy"


async def answered(guest: Guest, text: str = "hello") -> None:
    """Ask something that the model answers with "Hi.", and wait for that."""
    before = guest.count("Hi.")
    await guest.ask(text)
    await guest.house.until(lambda: guest.count("Hi.") > before)
    await guest.shown("Hi.")


async def ready(guest: Guest, **settings: str) -> None:
    """A process of the bot, and a model that always says the same."""
    guest.house.glm.script(script("Hi."), times=None)
    await guest.start(**settings)


# Questions -----------------------------------------------------------------------------------------------------------


async def ask(guest: Guest) -> None:
    await ready(guest)
    await guest.order("ask", question="what is up?")
    await guest.shown("Hi.")
    [asked] = guest.house.asked
    assert "what is up?" in asked.question


async def background(guest: Guest) -> None:
    await ready(guest, GLM_MODEL="glm-5.1")
    await guest.order("background", question="what is the answer?")
    await guest.shown("in the background")
    await guest.shown("Hi.")
    [asked] = guest.house.asked
    assert asked.path.endswith("/async/chat/completions")
    assert guest.count("Hi.") == 1


async def jobs(guest: Guest) -> None:
    thinking = Hold()
    guest.house.glm.script(script("Never.", hold=thinking))
    await guest.start(GLM_MODEL="glm-5.1")
    await guest.order("background", question="what is the answer?")
    await guest.shown("in the background")
    listed = await guest.told("what is the answer?", "jobs")
    [number] = re.findall(r"`(\d+)`", listed)
    await guest.told(f"Cancelled `{number}`", "jobs", cancel=int(number))
    await guest.told("Nothing of yours", "jobs")
    thinking.release()


# What is chosen ------------------------------------------------------------------------------------------------------


async def model(guest: Guest) -> None:
    await ready(guest)
    await guest.told("You can choose:", "model")
    await guest.told("`glm-4.6` from the next question on", "model", name="glm-4.6", scope="me")
    await answered(guest)
    assert guest.house.asked[-1].model == "glm-4.6"
    await guest.told("This conversation uses `glm-4.6`", "model")


async def persona(guest: Guest) -> None:
    await ready(guest)
    await guest.told("`tutor`", "persona")
    await guest.told("I am `tutor`", "persona", name="tutor", scope="me")
    await answered(guest)
    assert TUTOR in str(guest.house.asked[-1].messages[0]["content"])
    await guest.told("default", "persona", name="default", scope="me")
    await answered(guest)
    assert TUTOR not in str(guest.house.asked[-1].messages[0]["content"])


async def thinking(guest: Guest) -> None:
    await ready(guest, GLM_MODEL="glm-4.6")
    for level, sent in (("high", "enabled"), ("off", "disabled")):
        await guest.told(f"`{level}`", "thinking", level=level, scope="me")
        await answered(guest)
        assert guest.house.asked[-1].body["thinking"] == {"type": sent}


async def tools(guest: Guest) -> None:
    await ready(guest)
    await guest.told("`weather` (on)", "tools")
    await guest.told("`weather` is off", "tools", switch="off", name="weather", scope="me")
    await answered(guest)
    assert "weather" not in offered(guest.house.asked[-1])
    assert "time" in offered(guest.house.asked[-1])


# What is kept --------------------------------------------------------------------------------------------------------


async def usage(guest: Guest) -> None:
    await ready(guest)
    await answered(guest)
    said = await guest.told("Only known prices count", "usage")
    assert re.search(r"You, today\W+1\b", said)


async def export(guest: Guest) -> None:
    await ready(guest)
    await answered(guest, SECRET)
    await guest.told("is in this file", "export", format="json")
    [file] = guest.files()
    [entry] = json.loads(file)
    assert (entry["question"], entry["answer"]) == (SECRET, "Hi.")


async def forget(guest: Guest) -> None:
    await ready(guest)
    await answered(guest, SECRET)
    await guest.told("everything yes`", "forget", what="everything")
    await guest.told("Removed: 1 questions", "forget", what="everything", confirm="yes")
    await guest.told("I keep nothing of yours", "export")


# What steers ---------------------------------------------------------------------------------------------------------


async def access(guest: Guest) -> None:
    await ready(guest)
    await guest.told("for my admins", "access", action="deny", rule="channel:here")
    manager = guest.manager()
    await manager.told("deny", "access", action="deny", rule="channel:here")
    await guest.told("I may not answer in this channel", "ask", question="hello")
    assert guest.house.asked == []
    await manager.told("deny → –", "access", action="clear", rule="channel:here")
    await answered(guest)


async def stop(guest: Guest) -> None:
    guest.house.glm.script(script("Some words", " the rest", hold=Hold(1)))
    await guest.start()
    await guest.ask("hello")
    await guest.seen("Some words")
    await guest.told("Stopped.", "stop")
    assert await guest.shown("Some words") == "Some words\n_(stopped)_"
    await guest.house.glm.wait_for(lambda: guest.house.asked[0].client_gone)


async def retry(guest: Guest) -> None:
    guest.house.glm.script(script("First."))
    guest.house.glm.script(script("Second."))
    await guest.start()
    await guest.ask("hello")
    await guest.shown("First.")
    await guest.told("I answer that again", "retry")
    await guest.shown("Second.")
    assert guest.count("First.") == 0


async def reset(guest: Guest) -> None:
    guest.house.glm.script(script("An old matter."))
    guest.house.glm.script(script("A new matter."))
    await guest.start()
    await guest.ask("hello")
    await guest.shown("An old matter.")
    await guest.told("start afresh", "reset")
    await guest.follow_up("and now?")
    await guest.shown("A new matter.")
    assert "An old matter." not in str(guest.house.asked[-1].messages)


async def help_(guest: Guest) -> None:
    await guest.start()
    said = await guest.told("What is stored", "help")
    assert [name for name in (*NAMES, *TOOLS) if f"{guest.prefix}{name}*" not in said] == []


# Tools ---------------------------------------------------------------------------------------------------------------


async def calculate(guest: Guest) -> None:
    await guest.start()
    await guest.order("calculate", expression="2**64 + 1")
    await guest.shown("18446744073709551617")
    assert guest.house.asked == []


async def time(guest: Guest) -> None:
    await guest.start()
    await guest.order("time", place="Asia/Tokyo", compare_with="UTC+8")
    said = await guest.shown("UTC+09:00")
    assert "1 h ahead of" in said
    assert guest.house.asked == []


async def weather(guest: Guest) -> None:
    async with ServicesStandIn() as services:
        await guest.start(WEATHER_URL=services.url, GEOCODING_URL=services.url)
        await guest.order("weather", place="Beijing", days=2)
        await guest.shown("Beijing, China")
        forecasts = [request for request in services.requests if request.service == "forecast"]
        assert [request.query["forecast_days"] for request in forecasts] == ["2"]
    assert guest.house.asked == []


TOOLS: Final = tuple(as_commands(discover()))
SCENES: Final[Mapping[str, Callable[[Guest], Awaitable[None]]]] = {
    scene.__name__.rstrip("_"): scene
    for scene in (
        *(ask, background, jobs),
        *(model, persona, thinking, tools),
        *(usage, export, forget),
        *(access, stop, retry, reset, help_),
        *(calculate, time, weather),
    )
}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("name", [*NAMES, *TOOLS])
async def test_a_command(platform: str, name: str, tmp_path: Path) -> None:
    assert name in SCENES, f"there is no scene for /{name}"
    async with open_guest(platform, tmp_path) as guest:
        await SCENES[name](guest)


async def test_all_that_steers_can_be_said_in_a_thread_on_slack(tmp_path: Path) -> None:
    async with open_slack(tmp_path) as house:
        house.glm.script(script("Hi."), times=None)
        await house.start()
        question = await house.ann.mention(house.general, "hello")
        await house.answered(question)
        heard: list[str] = []
        for number, name in enumerate((command.name for command in COMMANDS if command.kind), start=1):
            await house.ann.say(house.general, f"!{name}", thread=question.ts)
            await house.until(lambda told=number: len(house.slack.ephemerals) == told)
            heard.append(house.slack.ephemerals[-1].visible)
        assert {message.ephemeral_to for message in house.slack.ephemerals} == {house.ann.id}
        assert len(set(heard)) == len(heard), "what is not understood is answered with help"
