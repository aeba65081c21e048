"""What GLM offers, on Slack: pictures, answers that are withdrawn, background answers, and whole ones."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from playground.glm import Answer, Exchange, Sensitive
from playground.slack.model import Message
from tests.scenarios.house import script
from tests.scenarios.slack_house import SlackHouse, actions, open_slack

CANARY = "CANARY-4711"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[SlackHouse]:
    async with open_slack(tmp_path) as house:
        yield house


def picture() -> bytes:
    sink = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(sink, "WEBP")
    return sink.getvalue()


def shown(exchange: Exchange) -> list[str]:
    """The pictures of a request, in base64."""
    messages: list[dict[str, Any]] = exchange.body["messages"]
    contents: list[list[dict[str, Any]]] = [m["content"] for m in messages if isinstance(m["content"], list)]
    return [part["image_url"]["url"] for content in contents for part in content if part["type"] == "image_url"]


async def test_pictures_are_shown_to_a_model_that_sees_and_stay_in_the_conversation(house: SlackHouse) -> None:
    house.glm.script(script("Two red pictures."))
    house.glm.script(script("Red."))
    await house.start(GLM_MODEL="glm-5.1", GLM_VISION_MODEL="glm-4.6v")
    files = [await house.ann.upload(f"{name}.webp", "image/webp", picture()) for name in "ab"]
    question = await house.ann.mention(house.general, "what are these?", files=files)
    [answer] = await house.answered(question)
    assert "`glm-4.6v` looked at it" in answer.visible
    pictures = shown(house.asked[0])
    assert [Image.open(io.BytesIO(base64.b64decode(each))).format for each in pictures] == ["PNG", "PNG"]
    await house.ann.mention(house.general, "and their colour?", thread=question.ts)
    await house.answered(question, contains="Red.")
    assert shown(house.asked[1]) == pictures


@pytest.mark.parametrize("stage", ["user", "assistant", "history"])
async def test_what_the_safety_review_stops_is_withdrawn_and_forgotten(house: SlackHouse, stage: str) -> None:
    house.glm.script(script("Something bad.", ending=Sensitive(stage)))
    await house.start()
    question = await house.ann.mention(house.general, "tell me")
    await house.until(lambda: "safety filter" in house.text(house.general, question.ts))
    assert "Something bad" not in house.text(house.general, question.ts)
    await house.ann.mention(house.general, "and now?", thread=question.ts)
    await house.until(lambda: len(house.asked) == 2)
    assert "Something bad" not in str(house.asked[1].body)
    assert "tell me" not in str(house.asked[1].body["messages"])


async def test_whole_answers_are_shown_when_they_are_complete(house: SlackHouse) -> None:
    house.glm.script(Answer(text="All at once.", reasoning=CANARY))
    bot = await house.start(GLM_STREAM="false", LOG_LEVEL="DEBUG")
    question = await house.ann.mention(house.general, "hello?")
    [answer] = await house.answered(question)
    assert answer.visible == "All at once."
    assert not house.asked[0].body.get("stream")
    assert not any(CANARY in line for line in bot.raw)


def answers(house: SlackHouse) -> list[Message]:
    """The bot's messages in #general that have the answer, in threads and outside of them."""
    return [message for message in house.general.messages.values() if "42" in message.visible]


async def test_an_answer_from_the_background_comes_once_and_names_its_asker(house: SlackHouse) -> None:
    house.glm.script(Answer(text="After long thought: 42.", reasoning=CANARY))
    bot = await house.start(GLM_MODEL="glm-5.1", LOG_LEVEL="DEBUG")
    await house.ann.slash("/glm", "background what is the answer?", house.general)
    [answer] = await house.until(lambda: [m for m in answers(house) if "regenerate" in actions(m)] or None)
    assert len(answers(house)) == 1
    assert (answer.ts, f"<@{house.ann.id}>") in house.slack.pings
    assert house.asked[0].path.endswith("/async/chat/completions")
    assert not any(CANARY in line for line in bot.raw)
    assert CANARY not in str([answer.visible for answer in house.general.messages.values()])
    # The question that the command posted names its asker as well.
    house.slack.pings[:] = [ping for ping in house.slack.pings if ping[1] != f"<@{house.ann.id}>"]
