"""Bad input of every kind: each has its text for the user or its line for the operator, and the process lives."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from playground.discord.message_payloads import message_json
from playground.discord.model import Upload
from playground.discord.permissions import Permission
from playground.discord.service import Event
from playground.glm import Answer, Broken, Cut, Finish, Hold, Sensitive, Silence, Thinking, refusals
from tests.scenarios.house import House, labels, open_house, script

CANARY = "CANARY-4711"
KEY = "stand-in.key"


async def alive(house: House) -> None:
    """The process lives and answers."""
    house.glm.script(script("Still here."))
    zoe = house.discord.person("zoe")
    await zoe.dm("alive?")
    await house.at_rest(zoe.dm_channel, contains="Still here.")


async def reply_to(house: House, text: str = "hello") -> str:
    """All that is said about a question, once it is at rest."""
    question = await house.alice.mention(house.general, text)
    await house.until(lambda: house.answers(question.id) and "Stop" not in labels(house.answers(question.id)[-1]))
    return house.text(question.id)


# What people send ------------------------------------------------------------------------------------------------


async def test_an_empty_mention_gets_a_hint(house: House) -> None:
    await house.start()
    question = await house.alice.mention(house.general, "")
    await house.until(lambda: "without a question" in house.text(question.id))
    assert house.asked == []
    await alive(house)


@pytest.mark.parametrize(
    ("extras", "text"),
    [
        ({"attachments": [Upload("cat.png", b"\x89PNG\r\n\x1a\n\0\0", "image/png")]}, "can't look at"),
        ({"attachments": [Upload("voice.ogg", b"ogg", "audio/ogg", seconds=2.0)], "voice": True}, "voice messages"),
        ({"stickers": ["wave"]}, "sticker"),
    ],
)
async def test_a_message_without_words_gets_its_own_hint(house: House, extras: dict[str, object], text: str) -> None:
    await house.start()
    await house.alice.dm("", **extras)  # pyright: ignore[reportArgumentType]  # the table is of several types
    await house.until(lambda: text in house.text(house.alice.dm_channel))
    assert house.asked == []
    await alive(house)


@pytest.mark.parametrize(
    "text", ["中文" * 1_980, "\u200b\u200bzero\u200bwidth", "\u202eright to left\u202c", "é̸̢̛͔" * 300]
)
async def test_unusual_text_is_asked_as_it_is(house: House, text: str) -> None:
    await house.start()
    house.glm.script(script("Understood."))
    assert await reply_to(house, text) == "Understood."
    assert text.strip() in house.asked[0].question


async def test_a_full_queue_says_so(house: House) -> None:
    hold = Hold(0)
    house.glm.script(script("First.", hold=hold))
    house.glm.script(script("Rest."), times=None)
    await house.start(QUEUE_LIMIT="2")
    place = house.alice.dm_channel
    await house.alice.dm("one")
    await hold.arrived()
    for number in range(3):
        await house.alice.dm(f"more {number}")
    await house.until(lambda: "Too many messages are waiting" in house.text(place))
    hold.release()
    await house.at_rest(place, contains="Rest.")


# What the platform refuses ---------------------------------------------------------------------------------------


async def test_a_page_that_is_deleted_while_it_grows_is_not_posted_again(house: House) -> None:
    house.discord.overwrite(house.general, house.alice, allow=Permission.MANAGE_MESSAGES)
    bot = await house.start()
    hold = Hold(2)
    house.glm.script(script("w " * 1_500, "x " * 500, "end", hold=hold))
    question = await house.alice.mention(house.general, "much")
    await house.until(lambda: len(house.answers(question.id)) == 3)
    await house.alice.delete(house.answers(question.id)[0])
    await bot.logged("turn.delivered")
    assert len(house.answers(question.id)) == 2
    await alive(house)


async def test_lost_permission_before_the_answer_is_told_directly(house: House) -> None:
    house.discord.take_from_bot(house.general, Permission.SEND_MESSAGES | Permission.CREATE_PUBLIC_THREADS)
    house.glm.script(script("Not to be seen."))
    await house.start()
    await house.alice.mention(house.general, "hello")
    await house.until(lambda: "not allowed to answer" in house.text(house.alice.dm_channel))
    await alive(house)


async def test_permission_lost_in_mid_answer_ends_it(house: House) -> None:
    bot = await house.start(DISCORD_THREADS="off")
    hold = Hold(1)
    house.glm.script(script("Begun", " more", hold=hold))
    await house.alice.mention(house.general, "hello")
    await house.until(lambda: "Begun" in house.text(house.general))
    house.discord.take_from_bot(house.general, Permission.VIEW_CHANNEL)
    hold.release()
    await bot.logged("turn.delivered")
    await alive(house)


@pytest.mark.parametrize("lock", [False, True])
async def test_an_archived_thread_is_opened_again_and_a_locked_one_left(house: House, lock: bool) -> None:
    bot = await house.start()
    hold = Hold(1)
    house.glm.script(script("Begun", " and ended.", hold=hold))
    question = await house.alice.mention(house.general, "hello")
    await house.until(lambda: "Begun" in house.text(question.id))
    await house.alice.close_thread(house.discord.channel("hello"), lock=lock)
    hold.release()
    if lock:
        await bot.logged("turn.delivered")
    else:
        await house.answered(question, contains="Begun and ended.")
    await alive(house)


async def test_closed_direct_messages_are_survived(house: House) -> None:
    house.alice.user.dms_open = False
    house.discord.take_from_bot(house.general, Permission.SEND_MESSAGES | Permission.CREATE_PUBLIC_THREADS)
    house.glm.script(script("Unheard."))
    bot = await house.start()
    await house.alice.mention(house.general, "hello")
    await bot.logged("turn.delivered")
    await alive(house)


async def test_a_refusal_of_the_automatic_moderation_is_said(house: House) -> None:
    house.discord.block_text("forbidden")
    house.glm.script(script("This is forbidden here."))
    await house.start()
    question = await house.alice.mention(house.general, "say it")
    await house.until(lambda: "AutoMod does not let me" in house.text(question.id))
    await alive(house)


async def test_server_errors_and_lost_responses_are_ridden_out(house: House) -> None:
    house.glm.script(script("Made it."))
    await house.start()
    house.discord.fail("POST", r"/channels/\d+/messages$", 503)
    house.discord.lose("POST", r"/channels/\d+/messages$")
    house.discord.lose("PATCH", r"/messages/\d+$", applied=False)
    question = await house.alice.mention(house.general, "hello")
    await house.answered(question)
    await house.until(lambda: [answer.content for answer in house.answers(question.id)] == ["Made it."])


# What the model does ---------------------------------------------------------------------------------------------

BAD_ANSWERS = {
    "nothing": (Answer(text=""), "empty answer"),
    "only reasoning": (Answer(text="", reasoning=CANARY * 20), "empty answer"),
    "only inline reasoning": (Answer(text="", reasoning=CANARY * 20, thinking=Thinking.TAGS), "empty answer"),
    "all spent on reasoning": (Answer(text="", reasoning=CANARY, ending=Finish("length")), "spent its whole budget"),
    "garbage": (refusals.garbage(100_000), "overloaded"),
    "10 MB": (refusals.garbage(10_000_000), "overloaded"),
    "a proxy's page": (refusals.html_502(), "overloaded"),
    "a soft 404": (refusals.soft_404(), ""),
    "an error in the stream": (Answer(ending=Broken(1305), after=0), "overloaded"),
    "a refusal of the input": (Answer(text="bad words", ending=Sensitive("user")), "safety filter"),
    "a refusal of the history": (Answer(text="bad words", ending=Sensitive("history")), "/reset"),
    "a wrong key": (refusals.zhipu_error(401, "1002"), "configuration"),
    "no balance": (refusals.zhipu_error(429, "1113"), "quota"),
    "too long": (refusals.zhipu_error(400, "1261"), "too long"),
    "no such model": (refusals.zhipu_error(400, "1211"), "isn't available"),
}


@pytest.mark.parametrize("name", BAD_ANSWERS)
async def test_a_bad_answer_has_its_own_text(house: House, name: str) -> None:
    answer, text = BAD_ANSWERS[name]
    house.glm.script(answer, times=None)
    bot = await house.start()
    said = await reply_to(house)
    assert text in said
    assert not any(leak in said for leak in (CANARY, "STAND-IN", "stand-in", "bad words", KEY))
    assert not any(leak in line for line in bot.raw for leak in (CANARY, KEY))
    assert bot.process.returncode is None


async def test_half_a_stream_is_repaired_once(house: House) -> None:
    house.glm.script(script("Half an ", "answer", " lost", ending=Cut(), after=2))
    house.glm.script(script("The whole answer."))
    await house.start()
    assert await reply_to(house) == "The whole answer."


@pytest.mark.parametrize("ending", [Cut(), Silence(), Finish("network_error")])
async def test_a_stream_that_breaks_twice_keeps_its_text_with_a_note(house: House, ending: Finish) -> None:
    house.glm.script(script("Half an ", "answer", " lost", ending=ending, after=2), times=None)
    await house.start()
    said = await reply_to(house)
    assert said == "Half an answer\n_(connection lost, answer incomplete)_"


async def test_ten_megabytes_of_text_are_cut_and_attached(house: House) -> None:
    house.glm.script(script(*["word " * 200] * 10_000))
    await house.start()
    question = await house.alice.mention(house.general, "everything")
    pages = await house.answered(question)
    assert len(pages) == 8
    assert [upload.upload.name for upload in pages[-1].attachments] == ["answer.md"]
    await alive(house)


# What the operator gets wrong ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "line"),
    [
        ({"DISCORD_TOKEN": "wrong"}, "DISCORD_TOKEN: Discord refused the token"),
        ({"DISCORD_TOKEN": ""}, "DISCORD_TOKEN, SLACK_BOT_TOKEN: no platform is configured"),
        ({"BIGMODEL_API_KEY": ""}, "BIGMODEL_API_KEY, ZAI_API_KEY, AIMLAPI_API_KEY, ACEDATA_API_KEY: no GLM provider"),
        ({"GLM_MODEL": "gpt-4"}, "GLM_MODEL: no configured provider offers"),
        ({"PORT": "many"}, "PORT: "),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL: must look like sqlite:///"),
        ({"DATABASE_URL": "sqlite:////nowhere/at/all.db"}, "DATABASE_URL: "),
    ],
)
async def test_a_mistake_in_the_settings_is_one_line_and_status_2(
    house: House, settings: dict[str, str], line: str
) -> None:
    bot = await house.spawn(**settings)
    assert await bot.exit() == 2
    words = [text for text in bot.raw if not text.startswith("{")]
    assert len(words) == 1
    assert words[0].startswith(line)
    assert KEY not in "".join(bot.raw)


async def test_a_second_process_on_the_same_database_is_refused(house: House) -> None:
    first = await house.start()
    second = await house.spawn()
    assert await second.exit() == 2
    assert "DATABASE_URL" in second.raw[-1]
    assert str(first.process.pid) in second.raw[-1]
    house.bot = first
    await alive(house)


async def test_an_unreachable_provider_is_said_and_survived(house: House) -> None:
    await house.start(BIGMODEL_BASE_URL="http://127.0.0.1:9")
    assert "overloaded" in await reply_to(house)
    assert house.bot is not None
    assert house.bot.process.returncode is None


async def test_a_wrong_key_is_told_to_the_owner_once(house: House) -> None:
    bot = await house.start(BIGMODEL_API_KEY="wrong.secret-key")
    assert "An admin has been told." in await reply_to(house, "one")
    assert "An admin has been told." in await reply_to(house, "two")
    told = house.text(house.discord.owner.dm_channel)
    assert told.count("BIGMODEL_API_KEY") == 1
    assert "secret-key" not in "".join(bot.raw) + told


async def test_an_intent_that_is_refused_at_the_gateway_is_done_without(tmp_path: Path) -> None:
    async with open_house(tmp_path, privileged_intent=False) as house:
        house.discord.world.app.intents = 1 << 15
        house.glm.script(script("Works."))
        held = house.discord.hold("GET", "/gateway/bot$")
        starting = asyncio.create_task(house.start())
        await held.arrived
        house.discord.world.app.intents = 0
        held.release()
        bot = await starting
        assert [line["message_content"] for line in bot.events("discord.intents")] == [True, False]
        question = await house.alice.mention(house.general, "hello")
        await house.answered(question, contains="Works.")


async def test_an_event_that_cannot_be_read_does_not_end_the_bot(house: House) -> None:
    bot = await house.start()
    house.discord.gateway.publish(Event("CHANNEL_CREATE", {"garbage": True}, 0))
    assert (await bot.logged("discord.event_unreadable"))["name"] == "CHANNEL_CREATE"
    house.glm.script(script("Still here."))
    question = await house.alice.mention(house.general, "are you there?")
    await house.answered(question, contains="Still here.")


async def test_a_question_of_invisible_marks_only_gets_the_hint(house: House) -> None:
    await house.start()
    await house.alice.dm("\u200b\u2060\u202e")
    await house.until(lambda: "without a question" in house.text(house.alice.dm_channel))
    assert house.asked == []


async def test_talk_in_a_server_that_is_not_known_yet_is_no_direct_message(house: House) -> None:
    await house.start()
    said = await house.alice.say(house.general, "not for the bot")
    payload = message_json(house.discord.world, house.general, said) | {
        "id": "77",
        "channel_id": "43",
        "guild_id": "42",
    }
    house.discord.gateway.publish(Event("MESSAGE_CREATE", payload, 0))
    await alive(house)
    assert len(house.asked) == 1
