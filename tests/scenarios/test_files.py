"""Files beside questions: what the model is sent of them, and what people read when one cannot be had."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

from playground.discord.model import Message, Upload
from playground.glm import Hold
from tests.fixtures.file_server import file_server
from tests.scenarios.house import PATIENCE, House, script

NOTES = Upload("notes.txt", b"The password of the cellar is swordfish.", "text/plain")


def kept(house: House) -> list[Path]:
    """The files beside the database."""
    return [path for path in (house.folder / "glimmer.db.files").rglob("*") if path.is_file()]


async def asked(house: House, text: str, *files: Upload) -> Message:
    return await house.alice.mention(house.general, text, attachments=list(files))


async def test_a_text_file_beside_a_mention_is_in_the_request(house: House) -> None:
    house.glm.script(script("It is swordfish."))
    await house.start()
    question = await asked(house, "what is the password?", NOTES)
    [answer] = await house.answered(question)
    assert answer.content == "It is swordfish."
    assert "what is the password?" in house.asked[0].question
    assert "is swordfish" in house.asked[0].question
    [file] = kept(house)
    assert file.read_bytes() == NOTES.data
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_a_file_alone_is_answered(house: House) -> None:
    house.glm.script(script("A note about a cellar."))
    await house.start()
    await house.alice.dm("", attachments=[Upload("message.txt", "长长的一段话。".encode() * 200, "text/plain")])
    await house.at_rest(house.alice.dm_channel, contains="A note about a cellar.")
    assert "长长的一段话。" * 200 in house.asked[0].question


async def test_of_a_long_paste_the_question_beside_it_and_the_beginning_stay(house: House) -> None:
    house.glm.script(script("A log."))
    await house.start(PROMPT_TOKENS="4000")
    paste = Upload("message.txt", b"FIRST " + b"line of a log\n" * 100_000, "text/plain; charset=utf-8")
    [answer] = await house.answered(await asked(house, "what is this?", paste))
    assert house.asked[0].question.startswith("[Alice]: what is this?\nFIRST line of a log")
    assert house.asked[0].question.endswith("[cut here: the text goes on]")
    assert len(house.asked[0].question) < 12_000
    assert answer.content == "A log.\nIt was too long to read whole; I read the beginning."


async def test_files_of_kinds_that_are_not_read_are_named_below_the_answer(house: House) -> None:
    house.glm.script(script("No idea."))
    await house.start()
    song = Upload("song.mp3", b"ID3" + bytes(300), "audio/mpeg")
    [answer] = await house.answered(await asked(house, "what is this?", Upload("a.docx", b"PK\3\4" + bytes(500)), song))
    assert answer.content == "No idea.\nI can't read files like “a.docx” (+1)."


async def test_a_long_file_is_cut_and_the_words_stay(house: House) -> None:
    house.glm.script(script("Long."))
    await house.start(PROMPT_TOKENS="4000")
    question = await asked(house, "sum it up", Upload("big.log", b"line of a log\n" * 100_000))
    await house.answered(question)
    assert house.asked[0].question.rstrip().endswith("sum it up\n(attached: big.log)")
    assert "cut here" in house.asked[0].question
    assert len(house.asked[0].question) < 8_000


async def test_a_file_that_is_gone_is_a_note_below_the_answer(house: House) -> None:
    house.glm.script(script("Without it."))
    house.discord.world.link_lifetime = -1.0
    await house.start()
    question = await asked(house, "what is the password?", NOTES)
    [answer] = await house.answered(question)
    assert answer.content == "Without it.\n“notes.txt” is no longer there; I could not read it."
    assert "swordfish" not in house.asked[0].question


async def test_a_file_that_is_too_big_and_stands_alone_is_said(house: House) -> None:
    await house.start(FILE_MEGABYTES="1")
    question = await asked(house, "", Upload("huge.txt", b"x" * 1_000_001))
    [answer] = await house.answered(question)
    assert answer.content == "“huge.txt” is too big: I read up to 1 MB."
    assert house.asked == []
    assert kept(house) == []


async def test_killed_between_accept_and_download_the_next_process_fetches_it(house: House) -> None:
    house.glm.script(script("It is swordfish."), times=None)
    async with file_server() as cdn:
        cdn.serve("/notes.txt", NOTES.data)
        cdn.gate = asyncio.Event()
        bot = await house.start()
        world = house.discord.world
        address, world.address = world.address, cdn.url
        question = await asked(house, "what is the password?", NOTES)
        async with asyncio.timeout(PATIENCE):
            await cdn.arrived.wait()
        world.address = address
        await bot.kill()
        assert kept(house) == []
        cdn.gate.set()
        await house.start()
        await house.answered(question, contains="It is swordfish.")
        assert "is swordfish" in house.asked[-1].question
    assert [path.read_bytes() for path in kept(house)] == [NOTES.data]


async def test_killed_after_the_download_the_next_process_does_not_fetch_it_again(house: House) -> None:
    hold = Hold(0)
    house.glm.script(script("Not to be seen.", hold=hold))
    house.glm.script(script("It is swordfish."))
    bot = await house.start()
    question = await asked(house, "what is the password?", NOTES)
    await hold.arrived()
    await bot.kill()
    hold.release()
    # Every link has expired by now.
    house.discord.world.clock.advance(2 * 86_400)
    await house.start()
    [answer] = await house.answered(question)
    assert answer.content == "It is swordfish."
    assert "is swordfish" in house.asked[-1].question


async def test_the_file_of_a_deleted_question_goes_too(house: House) -> None:
    house.glm.script(script("It is swordfish."))
    bot = await house.start()
    question = await asked(house, "what is the password?", NOTES)
    await house.answered(question)
    assert len(kept(house)) == 1
    await house.alice.delete(question)
    assert (await bot.logged("files.forgotten"))["files"] == 1
    assert kept(house) == []
