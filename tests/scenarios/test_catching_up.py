"""What a restart or a reconnect missed is taken up, once, and what is too old is said to be."""

from __future__ import annotations

from playground.glm import Hold
from tests.scenarios.house import House, script


async def away(house: House) -> None:
    """The bot has been here, and is not any more."""
    bot = await house.start()
    await bot.logged("catchup.done")
    await bot.terminate()


async def test_a_mention_and_a_direct_message_that_came_while_away_are_answered(house: House) -> None:
    house.glm.script(script("Known."))
    bot = await house.start()
    await house.alice.dm("before")
    await house.at_rest(house.alice.dm_channel)
    await bot.terminate()
    for text in ("Missed one.", "Missed two."):
        house.glm.script(script(text))
    question = await house.alice.mention(house.general, "are you there?")
    await house.alice.dm("and here?")
    await house.start()
    await house.answered(question)
    await house.at_rest(house.alice.dm_channel, contains="Missed")
    assert len(house.asked) == 3


async def test_what_was_answered_before_is_not_answered_again(house: House) -> None:
    house.glm.script(script("Once."), times=None)
    bot = await house.start()
    question = await house.alice.mention(house.general, "hello")
    await house.answered(question)
    await bot.terminate()
    bot = await house.start()
    await bot.logged("catchup.done", times=2)
    assert sum(line["messages"] for line in bot.events("catchup.done")) >= 1
    later = await house.alice.mention(house.general, "later")
    await house.answered(later)
    assert len(house.asked) == 2
    assert len(house.answers(question.id)) == 1


async def test_an_old_mention_gets_one_note_and_is_answered_on_request(house: House) -> None:
    await away(house)
    question = await house.alice.mention(house.general, "an hour ago", ago=3600.0)
    await set_cursor(house, question.id)
    house.glm.script(script("Better late."))
    await house.start()
    [note] = await house.answered(question)
    assert "I was away" in note.content
    assert house.asked == []
    await house.alice.click(note, "Regenerate")
    [answer] = await house.answered(question, contains="Better late.")
    assert answer is note


async def set_cursor(house: House, before: str) -> None:
    """Make the database believe that nothing since just before this message was seen."""
    import sqlite3

    with sqlite3.connect(house.folder / "glimmer.db") as database:
        database.execute("UPDATE memory SET value = ? WHERE name = 'discord/seen'", (str(int(before) - 1),))
    database.close()


async def test_after_an_invalid_session_what_was_missed_is_read(house: House) -> None:
    house.glm.script(script("Found."))
    bot = await house.start()
    await bot.logged("catchup.done")
    house.discord.refuse_gateway(True)
    house.discord.disconnect("invalid")
    question = await house.alice.mention(house.general, "lost on the way?")
    house.discord.refuse_gateway(False)
    await house.answered(question, contains="Found.")


async def test_a_resumed_session_replays_and_nothing_is_answered_twice(house: House) -> None:
    hold = Hold(1)
    house.glm.script(script("Steady", " on.", hold=hold))
    house.glm.script(script("Second."))
    bot = await house.start()
    question = await house.alice.mention(house.general, "hello")
    await hold.arrived()
    house.discord.disconnect("abort")
    second = await house.alice.mention(house.general, "while the line was down")
    await bot.logged("discord.resumed")
    hold.release()
    await house.answered(question, contains="Steady on.")
    await house.answered(second, contains="Second.")
    assert len(house.asked) == 2


async def test_of_many_old_mentions_in_a_channel_only_the_last_gets_the_note(house: House) -> None:
    await away(house)
    questions = [await house.alice.mention(house.general, f"old {n}", ago=3600.0 - n) for n in range(3)]
    await set_cursor(house, questions[0].id)
    await house.start()
    [note] = await house.answered(questions[-1])
    assert "I was away" in note.content
    assert [house.answers(question.id) for question in questions[:-1]] == [[], []]
