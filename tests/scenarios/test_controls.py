"""Commands, buttons, edits and deletions: what people do to an answer."""

from __future__ import annotations

from typing import Any

import pytest

from playground.discord.interactions import Interaction
from playground.discord.model import Message, MessageFlag
from playground.discord.permissions import Permission
from playground.glm import Finish, Hold
from tests.scenarios.house import House, labels, script


def said(interaction: Interaction) -> str:
    """What a command was answered with."""
    return " ".join(response.content for response in interaction.responses)


async def streaming(house: House, *pieces: str) -> tuple[Message, Hold]:
    """A question whose answer has begun and stands still."""
    hold = Hold(len(pieces))
    house.glm.script(script(*pieces, " the rest", hold=hold))
    question = await house.alice.mention(house.general, "hello")
    await house.until(lambda: "".join(pieces) in house.text(question.id))
    return question, hold


async def stopped(house: House, question: Message, text: str) -> Message:
    [answer] = await house.answered(question)
    assert answer.content == f"{text}\n_(stopped)_"
    return answer


async def test_the_stop_button_ends_the_answer_and_keeps_what_was_written(house: House) -> None:
    await house.start()
    question, _ = await streaming(house, "Some words")
    await house.alice.click(house.answers(question.id)[0], "Stop")
    await stopped(house, question, "Some words")
    await house.glm.wait_for(lambda: house.asked[0].client_gone, 10)


async def test_stop_obeys_only_the_asker_and_moderators(house: House) -> None:
    await house.start()
    question, _ = await streaming(house, "Some words")
    [answer] = house.answers(question.id)
    refused = await house.discord.person("bob").click(answer, "Stop")
    assert "Only the person who asked" in said(refused)
    moderator = house.discord.person("mona", roles=[house.discord.add_role("mods", Permission.MANAGE_MESSAGES)])
    await moderator.click(answer, "Stop")
    await stopped(house, question, "Some words")


async def test_slash_stop_in_the_thread_and_in_the_channel(house: House) -> None:
    await house.start()
    question, _ = await streaming(house, "One")
    thread = house.discord.channel("hello")
    assert said(await house.alice.slash("stop", channel=thread)) == "Stopped."
    await stopped(house, question, "One")
    second, _ = await streaming(house, "Two")
    assert said(await house.alice.slash("stop", channel=house.general)) == "Stopped."
    await stopped(house, second, "Two")
    assert "nothing of yours to stop" in said(await house.alice.slash("stop", channel=house.general))


async def test_stop_after_a_restart_obeys_the_old_button(house: House) -> None:
    bot = await house.start()
    question, hold = await streaming(house, "Some")
    [answer] = house.answers(question.id)
    await bot.kill()
    hold.release()
    again = Hold(1)
    house.glm.script(script("Again", " more", hold=again))
    await house.start()
    await house.until(lambda: "Again" in house.text(question.id))
    await house.alice.click(answer, "Stop")
    assert await stopped(house, question, "Again") is answer


async def test_regenerate_after_a_restart_writes_into_the_same_message(house: House) -> None:
    house.glm.script(script("First try."))
    bot = await house.start()
    question = await house.alice.mention(house.general, "hello")
    [answer] = await house.answered(question)
    await bot.terminate()
    await house.start()
    house.glm.script(script("Second try."))
    await house.alice.click(answer, "Regenerate")
    [again] = await house.answered(question, contains="Second try.")
    assert again is answer
    assert again.content == "Second try."


async def test_an_older_regenerate_button_gets_a_private_note(house: House) -> None:
    house.glm.script(script("First."))
    house.glm.script(script("Second."))
    await house.start()
    question = await house.alice.mention(house.general, "one")
    [first] = await house.answered(question)
    await house.alice.say(house.discord.channel("one"), "two")
    await house.at_rest(question.id, contains="Second.")
    clicked = await house.alice.click(first, "Regenerate")
    assert "conversation has moved on" in said(clicked)
    assert all(response.ephemeral for response in clicked.responses)


async def test_continue_after_a_length_limit(house: House) -> None:
    house.glm.script(script("The first half", ending=Finish("length")))
    house.glm.script(script("and the second."))
    await house.start()
    question = await house.alice.mention(house.general, "a lot")
    [cut] = await house.answered(question)
    assert cut.content == "The first half\n_(answer cut off at the length limit)_"
    assert labels(cut)[:2] == ["Continue", "Regenerate"]
    await house.alice.click(cut, "Continue")
    messages = await house.answered(question, contains="and the second.")
    assert len(messages) == 2
    assert [m["role"] for m in house.asked[-1].messages] == ["system", "user", "assistant", "user"]


async def test_deleting_the_question_removes_its_growing_answer(house: House) -> None:
    await house.start(DISCORD_THREADS="off")
    hold = Hold(1)
    house.glm.script(script("Some", " more", hold=hold))
    question = await house.alice.mention(house.general, "hello")
    await house.until(lambda: "Some" in house.text(house.general))
    await house.alice.delete(question)
    await house.until(lambda: not house.answers(house.general))
    await house.glm.wait_for(lambda: house.asked[0].client_gone, 10)


async def test_deleting_the_growing_answer_stops_it_for_good(house: House) -> None:
    house.discord.overwrite(house.general, house.alice, allow=Permission.MANAGE_MESSAGES)
    bot = await house.start()
    question, _ = await streaming(house, "Some words")
    await house.alice.delete(house.answers(question.id)[0])
    await bot.logged("turn.delivered")
    assert house.answers(question.id) == []
    await house.glm.wait_for(lambda: house.asked[0].client_gone, 10)


async def test_a_deleted_answered_question_leaves_the_history(house: House) -> None:
    house.glm.script(script("First."))
    house.glm.script(script("Second."))
    bot = await house.start()
    asked = await house.alice.dm("secret thing")
    await house.at_rest(house.alice.dm_channel)
    await house.alice.delete(asked)
    await house.alice.dm("next")
    await house.at_rest(house.alice.dm_channel, contains="Second.")
    assert "secret thing" not in str(house.asked[-1].messages)
    assert bot.process.returncode is None


async def test_an_edited_waiting_question_is_asked_as_edited_and_regenerate_uses_later_edits(house: House) -> None:
    hold = Hold(0)
    house.glm.script(script("First.", hold=hold))
    for text in ("Second.", "Third."):
        house.glm.script(script(text))
    await house.start()
    await house.alice.dm("one")
    await hold.arrived()
    waiting = await house.alice.dm("two with a tpyo")
    await house.until(lambda: any(change.kind == "reaction" for change in house.discord.journal))
    await house.alice.edit(waiting, "two")
    await house.alice.slash("help")
    hold.release()
    messages = await house.at_rest(house.alice.dm_channel, contains="Second.")
    assert house.asked[-1].question == "[Alice]: two"
    await house.alice.edit(waiting, "three")
    await house.alice.slash("help")
    await house.alice.click(messages[-1], "Regenerate")
    await house.at_rest(house.alice.dm_channel, contains="Third.")
    assert house.asked[-1].question == "[Alice]: three"


async def test_reset_begins_afresh(house: House) -> None:
    house.glm.script(script("First."))
    house.glm.script(script("Second."))
    await house.start()
    await house.alice.dm("old matter")
    await house.at_rest(house.alice.dm_channel)
    assert "start afresh" in said(await house.alice.slash("reset"))
    await house.alice.dm("new matter")
    await house.at_rest(house.alice.dm_channel, contains="Second.")
    assert "old matter" not in str(house.asked[-1].messages)


async def test_reset_where_there_is_no_conversation_says_so(house: House) -> None:
    await house.start()
    assert "no conversation here" in said(await house.alice.slash("reset", channel=house.general))


async def test_help_says_what_is_stored(house: House) -> None:
    await house.start()
    helped = await house.alice.slash("help", channel=house.general)
    assert "What is stored" in said(helped)
    assert all(response.ephemeral for response in helped.responses)


async def test_texts_are_chinese_for_a_chinese_client(house: House) -> None:
    await house.start()
    wei = house.discord.person("wei", locale="zh-CN")
    assert "存储内容" in said(await wei.slash("help", channel=house.general))


async def test_the_model_is_chosen_with_completion_and_survives_a_restart(house: House) -> None:
    house.glm.script(script("Hi."), times=None)
    bot = await house.start()
    choices = await house.alice.autocomplete("model", {"name": "4.6"})
    assert "glm-4.6" in [choice["value"] for choice in choices]
    chosen = await house.alice.slash("model", {"name": "glm-4.6", "scope": "me"})
    assert "glm-4.6" in said(chosen)
    await bot.terminate()
    await house.start()
    await house.alice.dm("hello")
    await house.at_rest(house.alice.dm_channel)
    assert house.asked[-1].model == "glm-4.6"
    assert "This conversation uses `glm-4.6`" in said(await house.alice.slash("model"))


@pytest.mark.parametrize(
    ("scope", "right"), [("channel", Permission.MANAGE_CHANNELS), ("server", Permission.MANAGE_GUILD)]
)
async def test_a_channels_and_a_servers_model_are_for_those_who_manage_it(
    house: House, scope: str, right: Permission
) -> None:
    house.glm.script(script("Hi."), times=None)
    await house.start()
    options: dict[str, Any] = {"name": "glm-4.7", "scope": scope}
    refused = await house.alice.slash("model", options, channel=house.general)
    assert "for those who may manage it" in said(refused)
    boss = house.discord.person("boss", roles=[house.discord.add_role("boss", right)])
    await boss.slash("model", options, channel=house.general)
    question = await house.alice.mention(house.general, "hello")
    await house.answered(question)
    assert house.asked[-1].model == "glm-4.7"


async def test_precedence_is_conversation_then_channel_then_me_then_server(house: House) -> None:
    house.glm.script(script("Hi."), times=None)
    await house.start()
    boss = house.discord.person(
        "boss", roles=[house.discord.add_role("boss", Permission.MANAGE_GUILD | Permission.MANAGE_CHANNELS)]
    )
    for number, (scope, model) in enumerate([("server", "glm-4.6"), ("me", "glm-4.7"), ("channel", "glm-4.5-air")]):
        await boss.slash("model", {"name": model, "scope": scope}, channel=house.general)
        question = await boss.mention(house.general, f"round {number}")
        await house.answered(question)
        assert house.asked[-1].model == model


async def test_an_unknown_model_is_refused_with_the_choices(house: House) -> None:
    await house.start()
    assert "I don't know a model called `gpt`" in said(await house.alice.slash("model", {"name": "gpt"}))


async def test_ask_streams_through_its_interaction(house: House) -> None:
    hold = Hold(1)
    house.glm.script(script("Some", " words.", hold=hold))
    await house.start()
    await house.alice.slash("ask", {"question": "what?"}, channel=house.general)
    await house.until(lambda: "Some" in house.text(house.general))
    hold.release()
    [answer] = await house.at_rest(house.general, contains="words.")
    assert answer.content == "Some words."
    assert answer.flags & MessageFlag.SUPPRESS_EMBEDS
    assert house.asked[0].question == "[Alice]: what?"


async def test_ask_works_as_a_user_installed_app_where_the_bot_is_not(house: House) -> None:
    guild = house.discord.add_guild("elsewhere", with_bot=False)
    house.discord.join(guild, house.alice)
    place = house.discord.add_channel("their-room", guild=guild)
    house.glm.script(script("Hello ", "there."))
    await house.start()
    await house.alice.slash("ask", {"question": "what?"}, channel=place)
    [answer] = await house.at_rest(place)
    assert answer.content == "Hello there."
    assert answer.flags & MessageFlag.SUPPRESS_EMBEDS


async def test_ask_in_a_group_direct_message(house: House) -> None:
    group = house.discord.add_group(house.alice, house.discord.person("bob"))
    house.glm.script(script("Hello group."))
    await house.start()
    await house.alice.slash("ask", {"question": "what?"}, channel=group)
    [answer] = await house.at_rest(group)
    assert answer.content == "Hello group."


async def test_ask_is_resumed_after_a_kill(house: House) -> None:
    hold = Hold(1)
    house.glm.script(script("Some", " words.", hold=hold))
    house.glm.script(script("Some", " words."))
    bot = await house.start()
    await house.alice.slash("ask", {"question": "what?"}, channel=house.general)
    await house.until(lambda: "Some" in house.text(house.general))
    await bot.kill()
    hold.release()
    await house.start()
    [answer] = await house.at_rest(house.general, contains="words.")
    assert answer.content == "Some words."


async def test_ask_about_this_carries_the_message(house: House) -> None:
    house.glm.script(script("Explained."))
    await house.start()
    message = await house.discord.person("bob").say(house.general, "E = mc²")
    await house.alice.context_menu("Ask about this", message)
    await house.at_rest(house.general, contains="Explained.")
    assert "E = mc²" in house.asked[0].question


async def test_commands_are_synced_only_when_their_definition_changed(house: House) -> None:
    bot = await house.start()
    await bot.logged("commands.synced")
    await bot.terminate()
    bot = await house.start()
    await house.alice.slash("help")
    assert bot.events("commands.synced") == []
    assert len([r for r in house.discord.requests if r.method == "PUT" and r.path.endswith("/commands")]) == 1
