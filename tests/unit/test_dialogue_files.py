from __future__ import annotations

import asyncio

import pytest

from bot import texts
from bot.completion import Delta, FinishReason
from bot.errors import PlatformError, PlatformGone, PlatformRefused
from bot.messages import Attachment, ControlKind, Outcome, OutcomeKind
from bot.reply import TAIL_ROOM
from tests.fixtures.model import ending
from tests.fixtures.stage import a_world, on_stage
from tests.fixtures.virtually import virtually

pytestmark = pytest.mark.usefixtures("silence")

PNG = b"\x89PNG\r\n\x1a\n\x00\x00"
TEXTS = tuple(name for name in texts.names() if name.startswith("file_"))


def attached(name: str, media_type: str = "") -> Attachment:
    return Attachment(name, media_type, 5, name)


def said(text: str, name: str) -> str:
    return texts.say(text, name=name, megabytes="2")


@virtually
async def test_a_text_file_beside_the_words_is_in_the_request() -> None:
    world = a_world(files={"notes.txt": b"the secret is 42"})
    async with on_stage(world) as house:
        await house.answered("what is the secret?", attachments=(attached("notes.txt"),))
        assert '<quoted author="file notes.txt">\nthe secret is 42\n</quoted>' in house.model.asked[0]
        assert house.texts == ["fine"]


@virtually
async def test_a_text_file_alone_is_answered() -> None:
    world = a_world(files={"message.txt": "一段很长的文字".encode("gb18030")})
    async with on_stage(world) as house:
        await house.answered("", attachments=(attached("message.txt"),))
        assert "一段很长的文字" in house.model.asked[0]
        assert house.texts == ["fine"]


@virtually
async def test_what_a_file_says_stays_in_the_conversation() -> None:
    world = a_world(files={"notes.txt": b"the secret is 42"})
    async with on_stage(world) as house:
        await house.answered("first", attachments=(attached("notes.txt"),))
        await house.answered("second")
        assert "the secret is 42" in str(house.model.requests[1].messages)
        assert house.adapter.downloads == ["notes.txt"]


@pytest.mark.parametrize("name", ["data.bin", "empty.txt"])
@virtually
async def test_what_cannot_be_read_and_stands_alone_gets_the_hint(name: str) -> None:
    world = a_world(files={"data.bin": b"\0\1", "empty.txt": b""})
    async with on_stage(world) as house:
        await house.answered("", attachments=(attached(name),))
        assert house.texts == [texts.say("only_attachment")]
        assert house.model.requests == []


FAILURES = [
    (PlatformGone("404"), "file_gone"),
    (PlatformRefused("login", text="file_forbidden"), "file_forbidden"),
    (PlatformRefused("foreign", text="file_elsewhere"), "file_elsewhere"),
    (PlatformRefused("big", text="file_too_big"), "file_too_big"),
    (PlatformError("broken"), "file_failed"),
]


@pytest.mark.parametrize(("failure", "text"), FAILURES)
@virtually
async def test_a_file_that_could_not_be_read_is_a_note_below_the_answer(failure: Exception, text: str) -> None:
    async with on_stage(a_world(files={"a.txt": failure})) as house:
        await house.answered("hello", attachments=(attached("a.txt"),))
        assert house.texts == [f"fine\n{said(text, '“a.txt”')}"]
        outcome = (await house.summary()).outcome
        assert outcome is not None
        assert outcome.answer == "fine"


@pytest.mark.parametrize(("failure", "text"), FAILURES)
@virtually
async def test_a_file_that_could_not_be_read_and_stands_alone_is_the_whole_text(failure: Exception, text: str) -> None:
    async with on_stage(a_world(files={"a.txt": failure})) as house:
        await house.answered("", attachments=(attached("a.txt"),))
        assert house.texts == [said(text, "“a.txt”")]
        assert house.controls == (ControlKind.REGENERATE,)
        assert house.model.requests == []


@virtually
async def test_regenerate_fetches_what_failed() -> None:
    world = a_world(files={"a.txt": PlatformError("broken")})
    async with on_stage(world) as house:
        await house.answered("", attachments=(attached("a.txt"),))
        world.files["a.txt"] = b"words"
        await house.control(ControlKind.REGENERATE, target="1")
        await house.until(lambda: house.texts == ["fine"])
        assert "words" in house.model.asked[0]
        await house.at_rest()


@virtually
async def test_several_failures_are_one_sentence() -> None:
    world = a_world(files={"b.txt": PlatformRefused("big", text="file_too_big"), "c.txt": b"words"})
    async with on_stage(world) as house:
        await house.answered("hello", attachments=tuple(attached(f"{name}.txt") for name in "abc"))
        assert house.texts == [f"fine\n{said('file_failed', '“a.txt” (+1)')}"]
        assert "words" in house.model.asked[0]


@virtually
async def test_both_notes_are_there_when_the_answer_is_cut_off_as_well() -> None:
    async with on_stage(a_world(files={})) as house:
        house.model.script("words", ending(FinishReason.LENGTH))
        await house.answered("hello", attachments=(attached("a.txt"),))
        assert house.texts == [f"words\n{said('file_gone', '“a.txt”')} {texts.say('cut_off')}"]


@pytest.mark.parametrize("background", [True, False])
@virtually
async def test_what_was_not_read_is_said_once_of_a_question_in_the_background(background: bool) -> None:
    async with on_stage(a_world(files={"song.bin": b"\0\1"})) as house:
        house.model.background = background
        house.model.results["task-1"] = [Delta("fine", finish=FinishReason.STOP)]
        await house.ask("hello", deferred=True, attachments=(attached("song.bin"),))
        await house.until(lambda: len(house.texts) == 2)
        await house.at_rest()
        note = texts.say("file_unread", name="“song.bin”")
        if background:
            assert house.texts == [f"{texts.say('deferred')} {note}", "fine"]
        else:
            assert house.texts == [texts.say("deferred_here"), f"fine\n{note}"]


@virtually
async def test_a_stop_does_not_wait_for_the_file() -> None:
    async with on_stage(a_world(files={"a.txt": asyncio.Event()})) as house:
        await house.ask(attachments=(attached("a.txt"),))
        await house.until(lambda: house.dispatcher.load)
        await asyncio.sleep(1)
        await house.control(ControlKind.STOP)
        await asyncio.sleep(1)
        assert (await house.summary()).outcome == Outcome(
            OutcomeKind.STOPPED, note=texts.say("stopped"), controls=(ControlKind.REGENERATE,)
        )


@pytest.mark.parametrize("locale", ["en-US", "zh-CN"])
def test_all_notes_together_fit_below_a_page(locale: str) -> None:
    longest = max(len(texts.say(text, locale, name="“" + "x" * 16 + "” (+99)", megabytes="1000")) for text in TEXTS)
    marks = max(len(texts.say(mark, locale)) for mark in ("cut_off", "context_full"))
    mention = len("\n-# <@12345678901234567890>")
    assert longest + 1 + marks + 1 + len(texts.say("too_many_pages", locale)) + 1 + mention <= TAIL_ROOM
