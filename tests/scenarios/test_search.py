"""The provider's search of the web through the real process, on both platforms: switched on, and its sources listed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from playground.discord.model import MessageFlag
from playground.glm import Answer, Call, Exchange
from tests.scenarios.guests import PLATFORMS, DiscordGuest, Guest, SlackGuest, open_guest, results

TIDES: Final = {"title": "Tides | North Sea", "link": "https://tides.example/north?day=1", "refer": "ref_1"}
MOON: Final = {"title": "The Moon", "link": "https://moon.example/", "refer": "ref_2", "content": "round", "icon": ""}
LISTED: Final = (
    "Sources:\n1. [Tides North Sea](https://tides.example/north?day=1)\n2. [The Moon](https://moon.example/)"
)
# What a page may call itself that would rather be something else.
HOSTILE: Final = (
    {"title": "](https://evil.example) ![x](https://evil.example/x.png)", "link": "javascript:alert(1)"},
    {"title": "@everyone <!channel> <@U1> `free` **money**", "link": "https://user:pass@bank.example/"},
    {"title": "Router\n# Sources:", "link": "http://192.168.0.1/admin"},
    {"title": "", "link": "https://x.example/>)[y](https://evil.example/"},
)
HARMLESS: Final = (
    "Sources:\n"
    "1. (https:​//evil.​example) ! x (https:​//evil.​example/x.​png)\n"
    "2. @​everyone !channel @​U1 free money\n"
    "3. Router Sources:\n"
    "4. [x.​example](https://x.example/%3E%29%5By%5D%28https://evil.example/)"
)


def searches(exchange: Exchange) -> Mapping[str, Any]:
    """How a request has the web searched, empty where it has not."""
    return exchange.search


def found(text: str, *sources: Mapping[str, Any]) -> Answer:
    """An answer in one token that was made from these pages."""
    return Answer((text,), sources=sources)


def unfurled(guest: Guest) -> bool:
    """Whether the platform would show more of a link than its text."""
    if isinstance(guest, DiscordGuest):
        answers = [m for place in guest.house.discord.world.channels for m in guest.house.answers(place)]
        return not all(message.flags & MessageFlag.SUPPRESS_EMBEDS for message in answers)
    assert isinstance(guest, SlackGuest)
    slack = guest.house.slack
    answers = [m for channel in slack.world.channels.values() for m in channel.messages.values()]
    return any(message.unfurl for message in answers if message.user == slack.bot_user.id)


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_who_switches_it_on_gets_answers_with_their_sources(platform: str, tmp_path: Path) -> None:
    async with open_guest(platform, tmp_path) as guest:
        guest.house.glm.script(found("At noon.", TIDES, MOON))
        guest.house.glm.script(found("At noon [ref_1], by the moon [ref_2].", TIDES, MOON))
        await guest.start()
        assert "`web_search` (off)" in await guest.told("web_search", "tools")
        await guest.ask("When is high tide?")
        assert "Sources" not in await guest.shown("At noon.")
        await guest.told("`web_search` is on", "tools", switch="on", name="web_search", scope="me")
        assert "`web_search` (on)" in await guest.told("web_search", "tools")
        await guest.ask("And tomorrow?")
        answer = await guest.shown("At noon [ref_1], by the moon [ref_2].")
        assert f"by the moon [ref_2].\n\n{LISTED}" in answer
        assert not unfurled(guest)
        assert [bool(searches(exchange)) for exchange in guest.house.asked] == [False, True]
        assert searches(guest.house.asked[1])["search_engine"] == "search_std"
        await guest.told("`web_search` is off", "tools", switch="off", name="web_search", scope="me")
        guest.house.glm.script(found("The day after.", TIDES))
        await guest.follow_up("And then?")
        assert "Sources" not in await guest.shown("The day after.")
        assert not searches(guest.house.asked[-1])
        # What was listed is a part of the conversation.
        assert LISTED in str([message["content"] for message in guest.house.asked[-1].messages]).replace("\\n", "\n")


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_what_strangers_call_their_pages_does_no_harm(platform: str, tmp_path: Path) -> None:
    async with open_guest(platform, tmp_path) as guest:
        guest.house.glm.script(
            found("Look: https://evil.example/?said=9931 ![x](https://evil.example/x.png)", *HOSTILE)
        )
        await guest.start(GLM_WEB_SEARCH="on")
        await guest.ask("Where is the treasure?")
        answer = await guest.shown("Look: ")
        assert HARMLESS in answer
        assert "`https://evil.example/?said=9931`" in answer
        assert "![" not in answer
        assert not unfurled(guest)
        if isinstance(guest, DiscordGuest):
            messages = [m for place in guest.house.discord.world.channels for m in guest.house.answers(place)]
            assert not any(message.everyone or message.mention_roles for message in messages)


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_a_whole_answer_has_its_sources_too(platform: str, tmp_path: Path) -> None:
    async with open_guest(platform, tmp_path) as guest:
        guest.house.glm.script(found("At noon.", TIDES, MOON))
        await guest.start(GLM_WEB_SEARCH="on", GLM_STREAM="false")
        await guest.ask("When is high tide?")
        assert f"At noon.\n\n{LISTED}" in await guest.shown("At noon.")


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_so_has_one_from_the_background(platform: str, tmp_path: Path) -> None:
    async with open_guest(platform, tmp_path) as guest:
        guest.house.glm.script(found("At noon.", TIDES, MOON))
        await guest.start(GLM_WEB_SEARCH="on")
        await guest.order("background", question="When is high tide?")
        assert f"At noon.\n\n{LISTED}" in await guest.shown("At noon.")
        [submitted] = guest.house.asked
        assert submitted.path.endswith("/async/chat/completions")
        assert searches(submitted)


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_all_rounds_with_tools_are_searched_for_and_listed_once(platform: str, tmp_path: Path) -> None:
    async with open_guest(platform, tmp_path) as guest:
        call = Call("calculate", {"expression": "6 * 7"})
        guest.house.glm.script(Answer(("Let me see.",), calls=(call,), sources=(MOON,)))
        guest.house.glm.script(found("It is 42.", TIDES))
        await guest.start(GLM_WEB_SEARCH="on")
        await guest.ask("How much is it?")
        answer = await guest.shown("It is 42.")
        assert f"Let me see.\n\nIt is 42.\n\n{LISTED}" in answer
        assert answer.count("Sources:") == 1
        first, second = guest.house.asked
        assert searches(first) == searches(second) != {}
        assert "42" in results(second)[0]


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_where_no_provider_searches_it_is_not_offered(platform: str, tmp_path: Path) -> None:
    async with open_guest(platform, tmp_path) as guest:
        guest.house.glm.script(found("At noon.", TIDES))
        key = guest.house.glm.keys["acedata"]
        url = guest.house.glm.base_url("acedata")
        await guest.start(BIGMODEL_API_KEY="", ACEDATA_API_KEY=key, ACEDATA_BASE_URL=url, GLM_WEB_SEARCH="on")
        assert "web_search" not in await guest.told("calculate", "tools")
        await guest.ask("When is high tide?")
        assert "Sources" not in await guest.shown("At noon.")
        assert not searches(guest.house.asked[-1])


@pytest.mark.parametrize("platform", PLATFORMS)
async def test_whoever_may_not_search_gets_answers_without(platform: str, tmp_path: Path) -> None:
    async with open_guest(platform, tmp_path) as guest:
        guest.house.glm.script(found("At noon.", TIDES))
        await guest.start(GLM_WEB_SEARCH="on")
        manager = guest.manager()
        await manager.told("web_search", "access", action="default", rule="deny tool:web_search")
        assert "`web_search` (off)" in await guest.told("web_search", "tools")
        await guest.ask("When is high tide?")
        assert "Sources" not in await guest.shown("At noon.")
        assert not searches(guest.house.asked[-1])
