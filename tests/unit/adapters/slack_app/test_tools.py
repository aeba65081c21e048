"""Tools that people call on Slack."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot import texts
from bot.completion import ToolCall
from bot.errors import PlatformGone
from bot.messages import ControlKind
from bot.tool_commands import Parameter, ToolCommand, Type
from tests.unit.adapters.slack_app.ear import (
    ANN,
    BOT,
    CHANNEL,
    DM,
    ROOT,
    TEAM,
    TS,
    Ear,
    Payload,
    changed,
    command,
    direct,
    mention,
    said,
)

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


async def test_a_tool_that_is_not_for_somebody_is_refused_before_it_is_shown_to_others(ear: Ear) -> None:
    ear.inbox.barred_tools = {"weather": "Not for you."}
    answer = await ear.take(command("weather Rome"))
    assert answer.body == {"response_type": "ephemeral", "text": "Not for you."}
    assert (ear.questions, ear.inbox.asks) == ([], [])
    assert (await ear.take(command("ask about the weather"))).body is None


@pytest.mark.parametrize(
    ("written", "value", "call"),
    [
        ("!weather Rome days:3", "/weather Rome days:3", IN_ROME),
        (f"<@{BOT}> !WEATHER Rome days:3", "/weather Rome days:3", IN_ROME),
        ("!ask how is it in Rome?", "how is it in Rome?", None),
        ("how is it in Rome?", "how is it in Rome?", None),
        ("!stop", "!stop", None),
        ("!nothing known", "!nothing known", None),
        ("weather Rome", "weather Rome", None),
    ],
)
async def test_what_was_edited_is_read_as_what_is_said(
    ear: Ear, written: str, value: str, call: ToolCall | None
) -> None:
    await ear.take(changed(said(written), said("!weather Paris")))
    control = ear.control
    assert (control.kind, control.value, control.call) == (ControlKind.QUESTION_EDITED, value, call)


@pytest.mark.parametrize(("body", "thread"), [(said, ""), (direct, TS)])
async def test_why_an_edit_is_not_taken_is_said_to_its_author(
    ear: Ear, body: Callable[[str], Payload], thread: str
) -> None:
    ear.inbox.sentence = "Not for you."
    channel = DM if thread else CHANNEL
    await ear.take(changed(body("!weather Rome"), body("!weather Paris"), channel))
    [whisper] = ear.whispers
    assert (whisper.text, whisper.user, whisper.thread) == ("Not for you.", ANN, thread)
