"""What a turn does with all that models offer: pictures, thinking, places in a line, and answers of others."""

from __future__ import annotations

import asyncio
import io

import pytest
from PIL import Image

from bot import texts
from bot.completion import Delta, FinishReason, MediaKind, ModelInfo, Thinking, Usage
from bot.messages import Attachment, ControlKind
from tests.fixtures.model import MODELS, ending
from tests.fixtures.stage import World, a_world, on_stage
from tests.fixtures.virtual_time import now
from tests.fixtures.virtually import virtually

pytestmark = pytest.mark.usefixtures("silence")

CANARY = "canary-reasoning"
EYE = ModelInfo("glm-eye", 64_000, 8_000, images=True, providers=("bigmodel",))


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(out, "PNG")
    return out.getvalue()


def seeing_world() -> World:
    world = a_world(files={"a.png": picture()})
    world.model.offered = (*MODELS, EYE)
    return world


PICTURE = Attachment("a.png", "image/png", 5, "a.png")


@virtually
async def test_a_picture_is_looked_at_by_a_model_that_can_and_the_answer_says_who() -> None:
    world = seeing_world()
    world.model.script("A red square.", Delta(finish=FinishReason.STOP, model="glm-eye", provider="bigmodel"))
    async with on_stage(world) as house:
        await house.answered("what is this?", attachments=(PICTURE,))
        (media,) = house.model.requests[0].messages[-1].media
        assert (media.kind, media.media_type) == (MediaKind.IMAGE, "image/png")
        assert house.texts == [f"A red square.\n{texts.say('seen_by', seer='glm-eye', model='glm-one')}"]


@virtually
async def test_what_was_shown_before_is_still_seen() -> None:
    async with on_stage(seeing_world()) as house:
        await house.answered("what is this?", attachments=(PICTURE,))
        await house.answered("and its colour?")
        first, *_, last = [message for message in house.model.requests[1].messages if message.role != "system"]
        assert len(first.media) == 1
        assert not last.media
        assert house.model.requests[1].model == "glm-eye"
        assert house.adapter.downloads == ["a.png"]


@virtually
async def test_a_picture_alone_where_nobody_sees_is_answered_plainly() -> None:
    async with on_stage(a_world(files={"a.png": picture()})) as house:
        await house.answered("", attachments=(PICTURE,))
        assert house.texts == [texts.say("nobody_sees")]
        assert house.model.requests == []


@virtually
async def test_words_beside_a_picture_that_nobody_sees_are_answered() -> None:
    async with on_stage(a_world(files={"a.png": picture()})) as house:
        await house.answered("hello", attachments=(PICTURE,))
        assert house.texts == [f"fine\n{texts.say('nobody_sees')}"]


@pytest.mark.parametrize(
    ("model", "provider", "said"), [("glm-one", "bigmodel", False), ("glm-one", "zai", True), ("glm-two", "zai", True)]
)
@virtually
async def test_who_answered_is_said_if_it_is_not_who_was_asked(model: str, provider: str, said: bool) -> None:
    async with on_stage() as house:
        house.model.script("hi", Delta(finish=FinishReason.STOP, model=model, provider=provider))
        await house.answered()
        note = texts.say("answered_by", model=model, provider=provider)
        assert house.texts == [f"hi\n{note}" if said else "hi"]


@virtually
async def test_a_place_in_the_line_is_shown_until_it_is_left() -> None:
    async with on_stage() as house:
        admitted = asyncio.Event()
        house.model.script(3.0, Delta(position=2), admitted, Delta(position=0), "hi", ending())
        await house.ask()
        await house.until(lambda: house.texts == [texts.say("in_line", position="2")])
        admitted.set()
        await house.at_rest()
        assert house.texts == ["hi"]


@virtually
async def test_reasoning_is_shown_nowhere_unless_it_is_wished_for() -> None:
    async with on_stage() as house:
        house.model.script(Delta(reasoning=CANARY), "hi", ending())
        await house.answered()
        assert house.texts == ["hi"]
        assert CANARY not in house.printed
        assert CANARY not in str(await house.store.turn(1))


@virtually
async def test_reasoning_that_is_wished_for_is_a_file_below_the_answer() -> None:
    async with on_stage() as house:
        await house.control(ControlKind.THINKING, value="show", scope="me")
        house.model.script(Delta(reasoning=CANARY), "hi", ending())
        await house.answered()
        (message,) = house.world.screen.messages.values()
        assert message.page.text == "hi"
        assert message.page.file is not None
        assert message.page.file[0] == "thinking.md"
        assert CANARY in message.page.file[1]
        await house.answered("and?")
        assert CANARY not in str(house.model.requests[1].messages)


@virtually
async def test_how_much_is_thought_is_chosen_like_the_model() -> None:
    async with on_stage() as house:
        await house.control(ControlKind.THINKING, value="high", scope="me")
        await house.answered()
        assert house.model.requests[0].thinking is Thinking.HIGH


@virtually
async def test_what_an_answer_has_used_is_counted() -> None:
    async with on_stage() as house:
        used = Usage(100, 20, 5, 10, cost=0.25, currency="USD")
        house.model.script("hi", Delta(finish=FinishReason.STOP, usage=used, model="glm-one", provider="bigmodel"))
        await house.answered()
        (spent,) = await house.store.spending("console", 0.0, author="ann")
        assert (spent.model, spent.answers, spent.prompt, spent.cost) == ("glm-one", 1, 100, 0.25)


@virtually
async def test_a_summary_that_hangs_delays_no_answer() -> None:
    async with on_stage() as house:
        for _ in range(31):
            await house.answered()
        house.model.script("the answer before it")
        house.model.script(asyncio.Event())
        await house.answered()
        await house.until(lambda: house.model.running == 1)
        asked_at = now()
        house.model.script("at once")
        await house.answered("and now?")
        assert house.texts[-1] == "at once"
        assert now() - asked_at < 1.0
        assert house.model.running == 1
