"""What people do on Slack besides talking to the bot: its home, its prompts, shortcuts, edits and deletions."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest

from playground.glm import Hold
from playground.slack.model import Json
from tests.scenarios.house import script
from tests.scenarios.slack_house import SlackHouse, open_slack


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[SlackHouse]:
    async with open_slack(tmp_path) as opened:
        yield opened


# The app's own pages ---------------------------------------------------------------------------------------------


async def test_a_model_chosen_in_the_home_is_mine(house: SlackHouse) -> None:
    house.glm.script(script("Hi."), times=None)
    await house.start()
    await house.ann.open_home()
    view = await house.until(house.ann.home_view)
    assert "glm:home:workspace" not in str(view)
    await house.ann.choose("glm:home:me", "glm-4.6")
    await house.until(lambda: "'value': 'glm-4.6'" in initial(house.ann.home_view()))
    await house.answered(await house.ann.dm_bot("hello"))
    assert house.asked[-1].model == "glm-4.6"
    await house.answered(await house.slack.person("bob").dm_bot("hello"))
    assert house.asked[-1].model != "glm-4.6"


async def test_an_admin_chooses_for_the_workspace(house: SlackHouse) -> None:
    house.glm.script(script("Hi."), times=None)
    await house.start()
    boss = house.slack.person("boss", admin=True)
    await boss.open_home()
    await house.until(boss.home_view)
    await boss.choose("glm:home:workspace", "glm-4.7")
    await house.answered(await house.ann.dm_bot("hello"))
    assert house.asked[-1].model == "glm-4.7"
    await boss.choose("glm:home:workspace", "default")
    await house.answered(await house.slack.person("bob").dm_bot("hello"))
    assert house.asked[-1].model != "glm-4.7"


def initial(view: Json | None) -> str:
    """What the menus of a home show as chosen."""
    assert view is not None
    return str([block["accessory"]["initial_option"] for block in view["blocks"] if "accessory" in block])


async def test_prompts_are_suggested_once_when_the_messages_are_opened(house: SlackHouse) -> None:
    house.glm.script(script("Hi."))
    await house.start()
    for _ in range(2):
        await house.ann.open_messages_tab()
        await house.until(lambda: house.slack.world.prompts.get(house.ann.dm.id))
    await house.quiet()
    assert len([call for call in house.slack.calls if call.method.endswith("setSuggestedPrompts")]) == 1
    prompt = house.slack.world.prompts[house.ann.dm.id][0]
    await house.answered(await house.ann.dm_bot(prompt["message"]))
    assert prompt["message"] in house.asked[0].question


# Shortcuts -------------------------------------------------------------------------------------------------------


async def test_ask_about_this_answers_in_the_thread_of_the_message(house: SlackHouse) -> None:
    house.glm.script(script("Explained."))
    await house.start()
    message = await house.slack.person("bob").say(house.general, "E = mc²")
    assert (await house.ann.shortcut("glimmer_ask", message)).acked
    [answer] = await house.answered(message)
    assert (answer.visible, answer.thread) == ("Explained.", message.ts)
    assert "E = mc²" in house.asked[0].question


async def test_summarise_thread_reads_the_whole_thread(house: SlackHouse) -> None:
    house.glm.script(script("In short."))
    await house.start()
    bob = house.slack.person("bob")
    root = await bob.say(house.general, "Where do we eat?")
    for words in ("Pizza.", "Noodles!"):
        last = await bob.say(house.general, words, thread=root.ts)
    await house.ann.shortcut("glimmer_summarise", last)
    [answer] = await house.answered(root)
    assert answer.visible == "In short."
    assert all(words in house.asked[0].question for words in ("Where do we eat?", "Pizza.", "Noodles!"))


async def test_a_thread_that_is_joined_late_is_read_once(house: SlackHouse) -> None:
    for words in ("One.", "Two."):
        house.glm.script(script(words))
    await house.start()
    bob = house.slack.person("bob")
    root = await bob.say(house.general, "Where do we eat?")
    await bob.say(house.general, "Noodles!", thread=root.ts)
    await house.ann.mention(house.general, "what do you say?", thread=root.ts)
    await house.answered(root, contains="One.")
    assert "Noodles!" in house.asked[0].question
    await house.ann.mention(house.general, "and besides?", thread=root.ts)
    await house.answered(root, contains="Two.")
    assert len([call for call in house.slack.calls if call.method == "conversations.replies"]) == 1


# Edits and deletions ---------------------------------------------------------------------------------------------


async def test_an_edited_waiting_question_is_asked_as_edited(house: SlackHouse) -> None:
    hold = Hold(0)
    house.glm.script(script("First.", hold=hold))
    for words in ("Second.", "Third."):
        house.glm.script(script(words))
    await house.start()
    question = await house.ann.mention(house.general, "one")
    await hold.arrived()
    waiting = await house.ann.mention(house.general, "two with a tpyo", thread=question.ts)
    await house.until(lambda: "eyes" in waiting.reactions)
    await house.ann.edit(waiting, f"<@{house.slack.bot_user.id}> two")
    await house.quiet()
    hold.release()
    messages = await house.answered(question, contains="Second.")
    assert house.asked[-1].question.endswith("two")
    await house.ann.edit(waiting, f"<@{house.slack.bot_user.id}> three")
    await house.quiet()
    await house.ann.click(messages[-1], "Regenerate")
    await house.answered(question, contains="Third.")
    assert house.asked[-1].question.endswith("three")


@pytest.mark.parametrize("direct", [True, False])
async def test_deleting_the_question_removes_its_growing_answer(house: SlackHouse, direct: bool) -> None:
    bot = await house.start()
    house.glm.script(script("Some", " more", hold=Hold(1)))
    place = house.ann.dm if direct else house.general
    question = await (house.ann.dm_bot("hello") if direct else house.ann.mention(place, "hello"))
    await house.until(lambda: "Some" in house.text(place, question.ts))
    await house.ann.delete(question)
    await house.until(lambda: not house.slack.answers(place, question.ts))
    await house.glm.wait_for(lambda: house.asked[0].client_gone, 10)
    await bot.logged("turn.delivered")
    await house.until(lambda: house.slack.sessions()[place.id, question.ts].status == "active")


@pytest.mark.parametrize("direct", [True, False])
async def test_deleting_the_growing_answer_stops_it_for_good(house: SlackHouse, direct: bool) -> None:
    bot = await house.start()
    house.glm.script(script("Some", " more", hold=Hold(1)))
    boss = house.slack.person("boss", admin=True)
    place = boss.dm if direct else house.general
    question = await (boss.dm_bot("hello") if direct else boss.mention(place, "hello"))
    await house.until(lambda: "Some" in house.text(place, question.ts))
    await house.stored("SELECT 1 FROM post WHERE ref <> ''")
    await boss.delete(house.slack.answers(place, question.ts)[0])
    await bot.logged("turn.delivered")
    assert house.slack.answers(place, question.ts) == []
    await house.glm.wait_for(lambda: house.asked[0].client_gone, 10)


async def test_a_deleted_answered_question_leaves_the_history(house: SlackHouse) -> None:
    for words in ("First.", "Second."):
        house.glm.script(script(words))
    await house.start()
    root = await house.ann.mention(house.general, "hello", thread="")
    await house.answered(root)
    secret = await house.ann.say(house.general, "secret thing", thread=root.ts)
    await house.answered(root, contains="Second.")
    await house.ann.delete(secret)
    await house.quiet()
    house.glm.script(script("Third."))
    await house.ann.say(house.general, "next", thread=root.ts)
    await house.answered(root, contains="Third.")
    assert "secret thing" not in str(house.asked[-1].messages)
