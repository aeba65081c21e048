"""What GLM offers, through the real process: pictures, other models in need, thinking, answers in the background."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from playground.discord.model import Channel, Message, Upload
from playground.glm import DEFAULT_KEY, Answer, Exchange, Hold, Sensitive
from playground.glm.refusals import zhipu_error
from tests.fixtures.pdf import pdf
from tests.scenarios.house import House, script

CANARY = "canary-of-the-reasoning"
SECOND = "glm-4.7"


def picture(size: tuple[int, int] = (40, 30), form: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, form)
    return out.getvalue()


def parts(exchange: Exchange, kind: str) -> list[str]:
    """The addresses or data of the media in a request."""
    contents = [message["content"] for message in exchange.body["messages"] if isinstance(message["content"], list)]
    return [part[kind]["url"] for content in contents for part in content if part["type"] == kind]


async def asked(house: House, text: str, *files: Upload) -> Message:
    return await house.alice.mention(house.general, text, attachments=list(files))


def thread_of(house: House, question: Message) -> Channel:
    """The thread that the answer to a question is in."""
    thread = house.discord.thread(question)
    assert thread is not None
    return thread


# Pictures ------------------------------------------------------------------------------------------------------------


async def test_a_picture_is_shown_to_a_model_that_sees_and_stays_in_the_conversation(house: House) -> None:
    house.glm.script(script("A red picture."))
    house.glm.script(script("Red."))
    await house.start(GLM_MODEL="glm-5.1", GLM_VISION_MODEL="glm-4.6v")
    question = await asked(house, "what is this?", Upload("a.webp", picture(form="WEBP"), "image/webp"))
    [answer] = await house.answered(question)
    assert answer.content.startswith("A red picture.")
    assert "`glm-4.6v` looked at it" in answer.content
    first = house.asked[0]
    assert first.model == "glm-4.6v"
    [data] = parts(first, "image_url")
    assert Image.open(io.BytesIO(base64.b64decode(data))).format in ("PNG", "JPEG")
    await house.alice.say(thread_of(house, question), "and its colour?")
    await house.answered(question, contains="Red.")
    assert house.asked[1].model == "glm-4.6v"
    assert parts(house.asked[1], "image_url") == [data]


async def test_pictures_at_addresses_in_the_words_are_shown(house: House) -> None:
    await house.start(GLM_MODEL="glm-4.6v")
    question = await asked(house, "compare https://pictures.example/a.png and https://pictures.example/b.jpg")
    await house.answered(question)
    assert parts(house.asked[0], "image_url") == ["https://pictures.example/a.png", "https://pictures.example/b.jpg"]


async def test_addresses_within_a_private_network_are_left_out_and_that_is_said(house: House) -> None:
    await house.start(GLM_MODEL="glm-4.6v")
    question = await asked(house, "compare https://pictures.example/a.png and http://192.168.0.1/b.png")
    [answer] = await house.answered(question)
    assert parts(house.asked[0], "image_url") == ["https://pictures.example/a.png"]
    assert "“b.png”: its address is inside a private network" in answer.content


async def test_a_large_picture_is_made_small_enough(house: House) -> None:
    await house.start(GLM_MODEL="glm-4.6v")
    question = await asked(house, "what is this?", Upload("big.png", picture((7_000, 3_000)), "image/png"))
    await house.answered(question)
    shown = Image.open(io.BytesIO(base64.b64decode(parts(house.asked[0], "image_url")[0])))
    assert max(shown.size) <= 2_048


async def test_a_video_goes_to_a_model_that_takes_it_and_never_together_with_a_picture(house: House) -> None:
    await house.start(GLM_MODEL="glm-5.1", GLM_VISION_MODEL="glm-4.1v-thinking-flash")
    film = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(3_000)
    question = await asked(house, "what happens?", Upload("film.mp4", film, "video/mp4"))
    await house.answered(question)
    [sent] = house.asked
    assert sent.model == "glm-4.1v-thinking-flash"
    assert [base64.b64decode(each) for each in parts(sent, "video_url")] == [film]
    assert {message["role"] for message in sent.body["messages"]} == {"user"}
    both = [Upload("film.mp4", film, "video/mp4"), Upload("a.png", picture(), "image/png")]
    question = await asked(house, "and these?", *both)
    [answer] = await house.answered(question)
    assert (len(parts(house.asked[1], "image_url")), parts(house.asked[1], "video_url")) == (1, [])
    assert "“film.mp4”: pictures and videos only go separately" in answer.content


async def test_the_pages_of_a_pdf_are_read(house: House) -> None:
    await house.start()
    question = await asked(
        house, "sum it up", Upload("report.pdf", pdf("First page.", "Second page."), "application/pdf")
    )
    await house.answered(question)
    assert "[page 2]" in house.asked[0].question
    assert "Second page." in house.asked[0].question


# Others in need ------------------------------------------------------------------------------------------------------


async def test_another_model_answers_when_the_first_is_overloaded_and_the_answer_says_so(house: House) -> None:
    house.glm.script(zhipu_error(429, "1305"), match=lambda exchange: exchange.model == "glm-5.1", times=None)
    await house.start(GLM_MODEL="glm-5.1", GLM_FALLBACKS=SECOND)
    question = await asked(house, "hello?")
    [answer] = await house.answered(question)
    assert f"answered by `{SECOND}` at bigmodel" in answer.content


async def test_the_same_model_is_asked_at_the_next_provider_first(house: House) -> None:
    house.glm.script(zhipu_error(401, "1002"), match=lambda exchange: exchange.provider == "bigmodel", times=None)
    await house.start(
        GLM_MODEL="glm-5.1", GLM_FALLBACKS=SECOND, ZAI_API_KEY=DEFAULT_KEY, ZAI_BASE_URL=house.glm.base_url("zai")
    )
    question = await asked(house, "hello?")
    [answer] = await house.answered(question)
    assert "answered by `glm-5.1` at zai" in answer.content
    # The refused key is not tried again for a while.
    await house.alice.say(thread_of(house, question), "still there?")
    await house.until(lambda: len(house.answers(question.id)) > 1)
    assert [exchange.provider for exchange in house.asked] == ["bigmodel", "zai", "zai"]


async def test_a_provider_that_sends_nothing_is_left_for_the_next(house: House) -> None:
    silent = Hold()
    house.glm.script(script("never", hold=silent), match=lambda exchange: exchange.provider == "bigmodel", times=None)
    await house.start(GLM_MODEL="glm-5.1", ZAI_API_KEY=DEFAULT_KEY, ZAI_BASE_URL=house.glm.base_url("zai"))
    question = await asked(house, "hello?")
    [answer] = await house.answered(question)
    assert "at zai" in answer.content
    silent.release()


@pytest.mark.parametrize("stage", ["user", "assistant", "history"])
async def test_what_the_safety_review_stops_is_withdrawn_and_forgotten(house: House, stage: str) -> None:
    house.glm.script(script("Something bad.", ending=Sensitive(stage)))
    await house.start(ZAI_API_KEY=DEFAULT_KEY, ZAI_BASE_URL=house.glm.base_url("zai"))
    question = await asked(house, "tell me")
    await house.until(lambda: "safety filter" in house.text(question.id))
    assert "Something bad" not in house.text(question.id)
    assert ("/reset" in house.text(question.id)) == (stage == "history")
    await house.alice.say(thread_of(house, question), "and now?")
    await house.until(lambda: len(house.asked) == 2)
    assert "Something bad" not in str(house.asked[1].body)
    assert "tell me" not in str(house.asked[1].body["messages"])


# Thinking ------------------------------------------------------------------------------------------------------------


async def test_thinking_is_asked_for_and_shown_on_wish_only(house: House) -> None:
    house.glm.script(Answer(text="Four.", reasoning=f"{CANARY} two and two"), times=2)
    bot = await house.start(GLM_MODEL="glm-5.1", LOG_LEVEL="DEBUG")
    question = await asked(house, "two and two?")
    [answer] = await house.answered(question)
    assert answer.content == "Four."
    assert house.asked[0].body["thinking"] == {"type": "disabled"}
    assert CANARY not in str(house.discord.journal)
    await house.alice.slash("thinking", {"level": "high"}, channel=thread_of(house, question))
    await house.alice.slash("thinking", {"level": "show"}, channel=thread_of(house, question))
    await house.alice.say(thread_of(house, question), "sure?")
    messages = await house.until(lambda: [m for m in house.answers(question.id) if m.attachments] or None)
    assert house.asked[1].body["thinking"] == {"type": "enabled"}
    assert messages[0].attachments[0].name == "thinking.md"
    assert not any(CANARY in line for line in bot.raw)


# Whole answers -------------------------------------------------------------------------------------------------------


async def test_whole_answers_are_shown_when_they_are_complete(house: House) -> None:
    house.glm.script(script("All ", "at ", "once."))
    await house.start(GLM_STREAM="false", GLM_MODEL="glm-z1-air")
    question = await asked(house, "hello?")
    [answer] = await house.answered(question)
    assert answer.content == "All at once."
    assert not house.asked[0].body.get("stream")


# In the background ---------------------------------------------------------------------------------------------------


async def deferred(house: House, text: str) -> None:
    await house.alice.slash("background", {"question": text}, channel=house.general)


async def test_an_answer_from_the_background_comes_once_and_mentions_its_asker(house: House) -> None:
    house.glm.script(script("After long thought: 42."))
    await house.start(GLM_MODEL="glm-5.1")
    await deferred(house, "what is the answer?")
    await house.until(lambda: "After long thought: 42." in house.text(house.general))
    assert house.asked[0].path.endswith("/async/chat/completions")
    [answer] = [message for message in house.answers(house.general) if "42" in message.content]
    assert answer.author is house.discord.bot_user
    told = [change for change in house.discord.journal if house.alice.id in change.notified]
    assert [change.message_id for change in told] == [str(answer.id)]
    assert len(house.asked) == 1


async def test_thinking_in_the_background_is_shown_on_wish_only(house: House) -> None:
    house.glm.script(Answer(text="Four.", reasoning=f"{CANARY} two and two"), times=2)
    bot = await house.start(GLM_MODEL="glm-5.1", LOG_LEVEL="DEBUG")
    await deferred(house, "two and two?")
    await house.until(lambda: "Four." in house.text(house.general))
    assert CANARY not in str(house.discord.journal)
    await house.alice.slash("thinking", {"level": "show"}, channel=house.general)
    await deferred(house, "sure?")
    messages = await house.until(lambda: [m for m in house.answers(house.general) if m.attachments] or None)
    assert messages[0].attachments[0].name == "thinking.md"
    assert not any(CANARY in line for line in bot.raw)


async def test_an_answer_from_the_background_survives_a_kill(house: House) -> None:
    thinking = Hold()
    house.glm.script(script("After long thought: 42.", hold=thinking))
    bot = await house.start(GLM_MODEL="glm-5.1")
    await deferred(house, "what is the answer?")
    await house.until(lambda: "in the background" in house.text(house.general))
    await bot.kill()
    thinking.release()
    await house.start(GLM_MODEL="glm-5.1")
    await house.until(lambda: "42" in house.text(house.general))
    assert len(house.asked) == 1


async def test_where_nobody_answers_in_the_background_the_whole_answer_comes_later(house: House) -> None:
    house.glm.script(script("Whole."), times=None)
    await house.start(
        BIGMODEL_API_KEY="", ZAI_API_KEY=DEFAULT_KEY, ZAI_BASE_URL=house.glm.base_url("zai"), GLM_MODEL="glm-5.1"
    )
    await deferred(house, "what is the answer?")
    await house.until(lambda: "Whole." in house.text(house.general))
    assert "no background mode" in house.text(house.general)
