"""A person asks, the bot answers: what one sees in each kind of place."""

from __future__ import annotations

from pathlib import Path

import pytest

from playground.discord.model import Channel
from playground.discord.permissions import Permission
from playground.glm import Answer, Hold, Thinking
from tests.scenarios.house import House, labels, open_house, script

CANARY = "CANARY-4711"


async def test_a_mention_is_answered_in_a_thread_that_grows(house: House) -> None:
    hold = Hold(2)
    house.glm.script(script("Hello", " there", ", Alice.", hold=hold))
    await house.start()
    question = await house.alice.mention(house.general, "say hello")
    await hold.arrived()
    await house.until(lambda: "Hello there" in house.text(question.id))
    assert labels(house.answers(question.id)[0]) == ["Stop"]
    hold.release()
    messages = await house.answered(question)
    assert [message.content for message in messages] == ["Hello there, Alice."]
    assert labels(messages[0]) == ["Regenerate", "👍 Good", "👎 Bad"]
    assert house.discord.thread(question) is not None


async def test_the_asker_is_notified_once_and_nobody_else(house: House) -> None:
    house.glm.script(script("Hi @everyone ", f"and <@{house.discord.person('bob').id}> ", "!"))
    await house.start()
    question = await house.alice.mention(house.general, "greet all")
    await house.answered(question)
    own = [change for change in house.discord.journal if change.actor == house.discord.bot_user.id]
    assert [change.notified for change in own if change.notified] == [frozenset({house.alice.id})]
    assert next(change for change in own if change.kind == "post").notified


async def test_a_follow_up_in_the_thread_needs_no_mention_and_knows_the_history(house: House) -> None:
    house.glm.script(script("First."))
    house.glm.script(script("Second."))
    await house.start()
    question = await house.alice.mention(house.general, "one")
    await house.answered(question)
    await house.alice.say(house.discord.channel("one"), "and two?")
    await house.at_rest(question.id, contains="Second.")
    contents = [message["content"] for message in house.asked[-1].messages]
    assert contents[1:] == ["[Alice]: one", "First.", "[Alice]: and two?"]


async def test_what_others_say_in_a_thread_is_context_and_wakes_nobody(house: House) -> None:
    house.glm.script(script("First."))
    house.glm.script(script("Second."))
    await house.start()
    question = await house.alice.mention(house.general, "one")
    await house.answered(question)
    thread = house.discord.channel("one")
    await house.discord.person("bob").say(thread, "I prefer tea")
    await house.alice.say(thread, "what does bob prefer?")
    await house.at_rest(question.id, contains="Second.")
    assert len(house.asked) == 2
    assert '<quoted author="Bob">\nI prefer tea\n</quoted>' in house.asked[-1].question


async def test_a_direct_message_is_one_conversation(house: House) -> None:
    house.glm.script(script("One."))
    house.glm.script(script("Two."))
    await house.start()
    await house.alice.dm("first")
    await house.at_rest(house.alice.dm_channel, contains="One.")
    await house.alice.dm("second")
    await house.at_rest(house.alice.dm_channel, contains="Two.")
    assert [message["role"] for message in house.asked[-1].messages] == ["system", "user", "assistant", "user"]


@pytest.mark.parametrize("reason", ["switched off", "not allowed", "used up"])
async def test_without_a_thread_the_answer_is_a_reply(house: House, reason: str) -> None:
    settings = {"DISCORD_THREADS": "off"} if reason == "switched off" else {}
    if reason == "not allowed":
        house.discord.take_from_bot(house.general, Permission.CREATE_PUBLIC_THREADS)
    if reason == "used up":
        house.discord.limits.set("create_thread", limit=0, window=300.0)
    house.glm.script(script("In the channel."))
    await house.start(**settings)
    question = await house.alice.mention(house.general, "hello")
    [answer] = await house.at_rest(house.general)
    assert answer.content == "In the channel."
    assert answer.reference is not None
    assert answer.reference.message_id == question.id


async def test_a_reply_to_an_old_answer_goes_on_from_there(house: House) -> None:
    for text in ("One.", "Other.", "Two."):
        house.glm.script(script(text))
    await house.start(DISCORD_THREADS="off")
    await house.alice.mention(house.general, "first")
    [answer] = await house.at_rest(house.general)
    await house.alice.mention(house.general, "unrelated")
    await house.at_rest(house.general, contains="Other.")
    await house.alice.say(house.general, "go on", reply_to=answer)
    await house.at_rest(house.general, contains="Two.")
    assert [m["content"] for m in house.asked[-1].messages][1:] == ["[Alice]: first", "One.", "[Alice]: go on"]


async def test_a_reply_to_somebody_with_a_mention_carries_what_they_said(house: House) -> None:
    house.glm.script(script("Explained."))
    await house.start()
    said = await house.discord.person("bob").say(house.general, "E = mc²")
    question = await house.alice.mention(house.general, "explain this", reply_to=said)
    await house.answered(question)
    assert house.asked[0].question == '<quoted author="Bob">\nE = mc²\n</quoted>\n\n[Alice]: explain this'


async def test_a_forwarded_message_and_an_embed_are_context(house: House) -> None:
    house.glm.script(script("Seen."))
    await house.start()
    said = await house.discord.person("bob").say(house.general, "the forwarded words")
    await house.alice.say(house.alice.dm_channel, "", forward_of=said)
    await house.at_rest(house.alice.dm_channel, contains="Seen.")
    assert "the forwarded words" in house.asked[0].question


async def test_a_thread_that_the_bot_joins_late_is_read_once_with_its_starter(house: House) -> None:
    house.glm.script(script("Joined."))
    house.glm.script(script("Again."))
    await house.start()
    bob = house.discord.person("bob")
    starter = await bob.say(house.general, "the starter")
    thread = await bob.open_thread(starter, "late")
    await bob.say(thread, "said before")
    await house.alice.mention(thread, "sum up")
    await house.at_rest(thread, contains="Joined.")
    question = house.asked[0].question
    assert question.index("the starter") < question.index("said before") < question.index("sum up")
    reads = len([r for r in house.discord.requests if r.method == "GET" and "/messages" in r.path])
    await house.alice.mention(thread, "and now?")
    await house.at_rest(thread, contains="Again.")
    assert len([r for r in house.discord.requests if r.method == "GET" and "/messages" in r.path]) == reads


async def test_a_forum_post_is_answered_in_it(house: House) -> None:
    house.glm.script(script("Here."))
    await house.start()
    forum: Channel = house.discord.add_forum("help")
    post = await house.alice.open_post(forum, "Question", "how does it work?")
    await house.alice.mention(post, "please answer")
    await house.at_rest(post, contains="Here.")
    assert "how does it work?" in house.asked[0].question


async def test_bots_are_ignored(house: House) -> None:
    house.glm.script(script("Hello Alice."))
    await house.start()
    await house.discord.person("robot", bot=True).mention(house.general, "hello")
    question = await house.alice.mention(house.general, "hello")
    await house.answered(question)
    assert len(house.asked) == 1


async def test_without_the_privileged_intent_mentions_and_direct_messages_work(tmp_path: Path) -> None:
    async with open_house(tmp_path, privileged_intent=False) as house:
        for text in ("One.", "Two."):
            house.glm.script(script(text))
        bot = await house.start()
        [said] = bot.events("discord.intents")
        assert said["message_content"] is False
        assert "mention the bot each time" in said["cost"]
        question = await house.alice.mention(house.general, "hello")
        await house.answered(question, contains="One.")
        await house.alice.dm("hello again")
        await house.at_rest(house.alice.dm_channel, contains="Two.")


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("glm-5.1", Thinking.FIELD),
        ("glm-5.1", Thinking.TAGS),
        ("glm-z1-air", Thinking.TAGS),
        ("glm-z1-air", Thinking.HEADERS),
        ("glm-4.1v-thinking-flash", Thinking.FIELD),
    ],
)
async def test_reasoning_is_never_shown_nor_logged(house: House, model: str, kind: Thinking) -> None:
    house.glm.script(Answer(text="Done.", reasoning=f"let me think {CANARY} " * 20, thinking=kind))
    bot = await house.start(GLM_MODEL=model, LOG_LEVEL="DEBUG")
    question = await house.alice.mention(house.general, "think")
    [answer] = await house.answered(question, contains="Done.")
    assert answer.content == "Done."
    assert not any(CANARY in change.content or "thinking" in change.content for change in house.discord.journal)
    assert not any(CANARY in line for line in bot.raw)
    assert house.asked[0].body["model"] == model


async def test_who_waits_for_the_model_sees_their_place_in_line(house: House) -> None:
    hold = Hold(0)
    house.glm.script(script("First.", hold=hold))
    house.glm.script(script("Second."))
    house.glm.script(script("Third."))
    # The vendor allows one request at a time to this model.
    await house.start(GLM_MODEL="glm-4.7-flash")
    first, *others = [await house.alice.mention(house.general, f"question {number}") for number in range(3)]
    await hold.arrived()
    for place in ("number 1 in line", "number 2 in line"):
        await house.until(lambda place=place: any(place in house.text(question.id) for question in others))
    hold.release()
    for question in (first, *others):
        [answer] = await house.answered(question)
        assert answer.content in ("First.", "Second.", "Third.")


async def test_a_long_silence_shows_a_thinking_line_that_gives_way_to_the_text(house: House) -> None:
    hold = Hold(0)
    house.glm.script(script("At last.", hold=hold))
    await house.start()
    question = await house.alice.mention(house.general, "hard one")
    await house.until(lambda: "thinking… " in house.text(question.id))
    hold.release()
    [answer] = await house.answered(question)
    assert answer.content == "At last."


async def test_many_mentions_at_once_in_one_channel_each_get_their_thread(house: House) -> None:
    house.discord.latency = 0.05
    house.glm.script(script("Here."), times=None)
    await house.start()
    questions = [await house.alice.mention(house.general, f"question {number}") for number in range(10)]
    for question in questions:
        await house.answered(question)
    assert all(house.discord.thread(question) for question in questions)
