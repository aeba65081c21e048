"""Tools that people call on Slack."""

from __future__ import annotations

import pytest

from bot import texts
from bot.errors import PlatformGone
from bot.tool_commands import Parameter, ToolCommand, Type
from tests.unit.adapters.slack_app.ear import ANN, CHANNEL, ROOT, TEAM, TS, Ear, command, direct, mention, said

pytestmark = pytest.mark.usefixtures("silence")
PLACE = Parameter("place", "place", Type.TEXT, "A town", required=True)
WEATHER = ToolCommand(
    "weather", "weather", "The weather", (PLACE, Parameter("days", "days", Type.WHOLE, "How many", least=1))
)
IN_ROME = WEATHER.call({"place": "Rome", "days": 3})


@pytest.fixture
def ear() -> Ear:
    ear = Ear()
    ear.tools = {"weather": WEATHER}
    return ear


async def test_a_tool_by_command_is_posted_for_all_to_see_and_called(ear: Ear) -> None:
    answer = await ear.take(command("weather Rome days:3"))
    assert (answer.status, answer.body) == (200, None)
    assert ear.questions == [(ANN, "/weather Rome days:3")]
    ask = ear.asked
    assert (ask.key, ask.conversation) == (f"slack/{TEAM}:{CHANNEL}:{TS}", f"slack/{TEAM}/{CHANNEL}/{TS}")
    assert (ask.text, ask.alone, ask.call) == ("/weather Rome days:3", True, IN_ROME)


async def test_what_a_tool_is_given_is_free_of_slacks_markup(ear: Ear) -> None:
    await ear.take(command("weather <https://a.test|a.test> &amp; <@UBEN>"))
    assert ear.asked.call == WEATHER.call({"place": "https://a.test & @Ben"})


async def test_where_the_bot_may_not_write_no_tool_is_called(ear: Ear) -> None:
    ear.unpostable = PlatformGone("channel_not_found")
    answer = await ear.take(command("weather Rome"))
    assert answer.body == {"response_type": "ephemeral", "text": texts.say("uninvited")}
    assert ear.inbox.asks == []


@pytest.mark.parametrize(
    "payload",
    [said("!weather Rome days:3", thread_ts=ROOT), said("!weather Rome days:3"), direct("!weather days:3 place:Rome")],
    ids=["in a thread", "in a channel", "directly"],
)
async def test_a_tool_is_called_by_words_where_the_bot_is_listening(ear: Ear, payload: dict[str, object]) -> None:
    await ear.take(payload)
    asked = [(ask.alone, ask.addressed, ask.call) for ask in ear.inbox.taken]
    listens = "thread_ts" in str(payload) or "'im'" in str(payload)
    assert asked == ([(True, True, IN_ROME)] if listens else [])


async def test_both_copies_of_a_message_call_a_tool_once(ear: Ear) -> None:
    text = "<@UBOT> !weather Rome days:3"
    await ear.take(mention(text), said(text))
    assert ear.asked.call == IN_ROME


async def test_a_mention_with_a_tools_name_is_a_question(ear: Ear) -> None:
    ask = await ear.hear("<@UBOT> weather Rome")
    assert (ask.text, ask.call) == ("weather Rome", None)
