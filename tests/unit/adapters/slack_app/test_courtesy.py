from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, replace

import pytest

from adapters.slack_app import courtesy as module
from adapters.slack_app.client import Api, lane_of
from adapters.slack_app.courtesy import BACKGROUND_MESSAGES, Courtesy
from adapters.slack_app.people import People
from bot.errors import PlatformGone, PlatformRefused, PlatformUnsure
from bot.messages import Address
from playground.slack.model import Channel, Message
from playground.slack.people import Person
from playground.slack.server import SlackStandIn
from tests.unit.adapters.slack_app.installed import asked, installed


@dataclass
class Desk:
    """Courtesies at a stand-in, where Ann is."""

    place: SlackStandIn
    api: Api
    courtesy: Courtesy
    people: People

    @property
    def ann(self) -> Person:
        return self.place.person("ann")

    @property
    def general(self) -> Channel:
        _ = self.ann
        return self.place.channel("general")

    async def know(self, *people: Person) -> None:
        """Have the names of these people at hand."""
        for person in people:
            self.people.name(person.team.id, person.id)
        await self.people._tasks.wait(10)

    async def answer(self, text: str, root: Message) -> None:
        """Say something as the bot."""
        await self.api.call(self.place.team.id, "chat.postMessage", channel=root.channel, thread_ts=root.ts, text=text)

    def said(self, person: Person) -> list[str]:
        """What the bot wrote directly to somebody, in threads too."""
        return [m.visible for m in person.dm.messages.values() if m.user == self.place.bot_user.id]


@pytest.fixture
async def desk() -> AsyncGenerator[Desk]:
    async with SlackStandIn() as place, installed(place) as api:
        people = People(api)
        yield Desk(place, api, Courtesy(api, people, operator=place.owner.id), people)
        await people.close()
        assert place.violations == []
        assert {what for _, what in place.pings} <= {f"<@{place.person('ann').id}>"}


# Reading a thread ----------------------------------------------------------------------------------------------------


async def test_a_thread_is_read_from_its_beginning_up_to_the_question(desk: Desk) -> None:
    ben = desk.place.person("ben")
    await desk.know(desk.ann, ben)
    root = await desk.ann.say(desk.general, "the build is red")
    await ben.say(desk.general, "since when?", thread=root.ts)
    question = await desk.ann.mention(desk.general, "what now?", thread=root.ts)
    await ben.say(desk.general, "too late for this one", thread=root.ts)
    quotes = await desk.courtesy.background(asked(desk.ann, desk.general, message=question.ts, thread=root.ts))
    assert [(quote.author, quote.text) for quote in quotes] == [("ann", "the build is red"), ("ben", "since when?")]


async def test_of_a_long_thread_the_beginning_and_the_newest_replies_are_kept(desk: Desk) -> None:
    root = await desk.ann.say(desk.general, "root")
    for number in range(60):
        await desk.ann.say(desk.general, f"reply {number}", thread=root.ts)
    quotes = await desk.courtesy.background(asked(desk.ann, desk.general, thread=root.ts))
    assert len(quotes) == BACKGROUND_MESSAGES
    assert [quote.text for quote in quotes[:2]] == ["root", f"reply {60 - BACKGROUND_MESSAGES + 1}"]
    assert quotes[-1].text == "reply 59"
    assert [call.method for call in desk.place.calls if call.method.startswith("conversations")] == [
        "conversations.replies"
    ]


async def test_what_the_bot_said_itself_is_marked_as_its_own(desk: Desk) -> None:
    root = await desk.ann.say(desk.general, "root")
    await desk.answer("my answer", root)
    quotes = await desk.courtesy.background(asked(desk.ann, desk.general, thread=root.ts))
    assert [(quote.author, quote.text) for quote in quotes][1:] == [("you", "my answer")]


@pytest.mark.parametrize("error", ["thread_not_found", "missing_scope", "not_in_channel", "internal_error"])
async def test_a_thread_that_cannot_be_read_is_no_background(desk: Desk, error: str) -> None:
    root = await desk.ann.say(desk.general, "root")
    desk.place.fail("conversations.replies", error)
    assert await desk.courtesy.background(asked(desk.ann, desk.general, thread=root.ts)) == ()


async def test_a_thread_is_waited_for_no_longer_than_the_patience(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BACKGROUND_PATIENCE", 0.05)
    root = await desk.ann.say(desk.general, "root")
    hold = desk.place.hold("conversations.replies")
    assert await desk.courtesy.background(asked(desk.ann, desk.general, thread=root.ts)) == ()
    hold.release()


async def test_outside_of_a_thread_nothing_is_read(desk: Desk) -> None:
    question = await desk.ann.mention(desk.general, "hi")
    assert await desk.courtesy.background(asked(desk.ann, desk.general, message=question.ts)) == ()
    assert desk.place.calls == []


# Marks ---------------------------------------------------------------------------------------------------------------


async def test_a_message_that_waits_gets_its_mark_once(desk: Desk) -> None:
    question = await desk.ann.mention(desk.general, "hi")
    ask = asked(desk.ann, desk.general, message=question.ts)
    await desk.courtesy.show_waiting(ask)
    await desk.courtesy.show_waiting(ask)
    assert question.reactions == {"eyes": {desk.place.bot_user.id}}


async def test_the_mark_is_taken_off_when_the_answer_begins(desk: Desk) -> None:
    question = await desk.ann.mention(desk.general, "hi")
    ask = asked(desk.ann, desk.general, message=question.ts)
    await desk.courtesy.show_waiting(ask)
    assert desk.courtesy.is_marked(ask)
    await desk.courtesy.hide_waiting(ask)
    assert not desk.courtesy.is_marked(ask)
    assert not any(question.reactions.values())


async def test_a_mark_that_is_still_on_its_way_when_the_answer_begins_does_not_stay(desk: Desk) -> None:
    question = await desk.ann.mention(desk.general, "hi")
    ask = asked(desk.ann, desk.general, message=question.ts)
    hold = desk.place.hold("reactions.add")
    showing = asyncio.create_task(desk.courtesy.show_waiting(ask))
    await desk.place.wait_for(lambda: desk.place.calls)
    await desk.courtesy.hide_waiting(ask)
    hold.release()
    await showing
    assert not any(question.reactions.values())
    assert not desk.courtesy.is_marked(ask)


@pytest.mark.parametrize("method", ["reactions.add", "reactions.remove"])
async def test_a_mark_that_slack_refuses_is_forgotten(desk: Desk, method: str) -> None:
    question = await desk.ann.mention(desk.general, "hi")
    ask = asked(desk.ann, desk.general, message=question.ts)
    desk.place.fail(method, "message_not_found")
    await desk.courtesy.show_waiting(ask)
    if method == "reactions.remove":
        await desk.courtesy.hide_waiting(ask)
    assert not desk.courtesy.is_marked(ask)
    assert [call.method for call in desk.place.calls][-1] == method


async def test_no_mark_is_taken_off_while_the_limit_is_used_up(desk: Desk) -> None:
    question = await desk.ann.mention(desk.general, "hi")
    ask = asked(desk.ann, desk.general, message=question.ts)
    await desk.courtesy.show_waiting(ask)
    desk.api.governor.refused(lane_of("reactions.remove", desk.place.team.id), 30.0, everywhere=False)
    await desk.courtesy.hide_waiting(ask)
    assert [call.method for call in desk.place.calls] == ["reactions.add"]


async def test_a_command_has_no_message_to_mark(desk: Desk) -> None:
    await desk.courtesy.show_waiting(asked(desk.ann, desk.general))
    assert desk.place.calls == []


async def test_no_mark_is_put_while_the_limit_is_used_up(desk: Desk) -> None:
    desk.api.governor.refused(lane_of("reactions.add", desk.place.team.id), 30.0, everywhere=False)
    question = await desk.ann.mention(desk.general, "hi")
    ask = asked(desk.ann, desk.general, message=question.ts)
    await desk.courtesy.show_waiting(ask)
    assert question.reactions == {}
    assert not desk.courtesy.is_marked(ask)


# Sentences -----------------------------------------------------------------------------------------------------------


async def test_in_a_channel_only_the_asker_sees_the_sentence(desk: Desk) -> None:
    root = await desk.ann.say(desk.general, "root")
    await desk.courtesy.tell(asked(desk.ann, desk.general, message="1.0", thread=root.ts), "Use **/stop** & wait")
    [shown] = desk.place.ephemerals
    assert (shown.ephemeral_to, shown.thread, shown.text) == (desk.ann.id, root.ts, "Use */glm stop* &amp; wait")
    assert desk.place.answers(desk.general, root.ts) == []


async def test_in_a_direct_message_it_is_an_ordinary_one_in_the_thread(desk: Desk) -> None:
    question = await desk.ann.dm_bot("hi")
    await desk.courtesy.tell(asked(desk.ann, desk.ann.dm, message=question.ts), "too late")
    [said] = desk.place.answers(desk.ann.dm, question.ts)
    assert said.text == "too late"
    assert said.metadata is not None


async def test_where_the_bot_may_not_speak_it_answers_the_command(desk: Desk) -> None:
    closed = desk.place.channel("closed", member=False)
    closed.members.add(desk.ann.id)
    url = desk.place.service.responses.make("commands", desk.ann.user, closed)
    await desk.courtesy.tell(asked(desk.ann, closed, response_url=url.url), "not allowed")
    assert [(shown.ephemeral_to, shown.text) for shown in desk.place.ephemerals] == [(desk.ann.id, "not allowed")]
    assert desk.said(desk.ann) == []


@pytest.mark.parametrize("response_url", ["", "http://127.0.0.1:1/gone", "nonsense"])
async def test_without_any_other_way_the_asker_is_told_directly(desk: Desk, response_url: str) -> None:
    closed = desk.place.channel("closed", member=False)
    await desk.courtesy.tell(asked(desk.ann, closed, message="1.0", response_url=response_url), "not allowed")
    assert desk.said(desk.ann) == ["not allowed"]


async def test_a_sentence_that_nobody_takes_is_given_up(desk: Desk) -> None:
    desk.place.fail("chat.postEphemeral", "user_not_in_channel")
    desk.place.fail("conversations.open", "user_disabled")
    await desk.courtesy.tell(asked(desk.ann, desk.general, message="1.0"), "hello?")
    assert desk.place.ephemerals == []
    assert desk.said(desk.ann) == []


async def test_a_direct_message_that_is_refused_is_not_tried_twice(desk: Desk) -> None:
    desk.place.fail("chat.postMessage", "messages_tab_disabled")
    await desk.courtesy.tell(asked(desk.ann, desk.ann.dm, message="1.0"), "hello?")
    assert [call.method for call in desk.place.calls] == ["chat.postMessage"]


async def test_the_operator_is_told_directly(desk: Desk) -> None:
    assert await desk.courtesy.tell_operator(desk.place.team.id, "the key is wrong")
    assert desk.said(desk.place.owner) == ["the key is wrong"]


async def test_an_operator_whom_nobody_named_or_slack_does_not_know_is_not_told(desk: Desk) -> None:
    nobody = Courtesy(desk.api, desk.people)
    assert not await nobody.tell_operator(desk.place.team.id, "the key is wrong")
    assert desk.place.calls == []
    stranger = Courtesy(desk.api, desk.people, operator="U404")
    assert not await stranger.tell_operator(desk.place.team.id, "the key is wrong")


# Commands and the messages tab ---------------------------------------------------------------------------------------


def here(desk: Desk, channel: Channel) -> Address:
    return asked(desk.ann, channel).address


async def test_the_question_of_a_command_is_posted_word_for_word_and_pings_nobody(desk: Desk) -> None:
    question = "why *this* <!channel> & <@U1> :smile:?"
    ts = await desk.courtesy.post_question(here(desk, desk.general), desk.ann.id, question)
    [posted] = desk.place.answers(desk.general)
    assert posted.ts == ts
    assert posted.blocks[1]["text"] == {"type": "plain_text", "text": question, "emoji": False}
    assert "<!" not in posted.text
    # Being mentioned, the asker follows the thread in which the answer comes.
    assert [what for _, what in desk.place.pings] == [f"<@{desk.ann.id}>"]


async def test_a_question_that_is_too_long_for_a_block_is_shown_cut(desk: Desk) -> None:
    await desk.courtesy.post_question(here(desk, desk.general), desk.ann.id, "x" * 5_000)
    [posted] = desk.place.answers(desk.general)
    assert len(posted.blocks[1]["text"]["text"]) == 3_000


async def test_a_question_cannot_be_posted_where_the_bot_is_no_member(desk: Desk) -> None:
    closed = desk.place.channel("closed", member=False)
    with pytest.raises((PlatformRefused, PlatformGone)):
        await desk.courtesy.post_question(here(desk, closed), desk.ann.id, "why?")


async def test_a_question_is_given_up_before_slack_gives_the_command_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUESTION_PATIENCE", 0.05)
    hold = desk.place.hold("chat.postMessage")
    with pytest.raises(PlatformUnsure):
        await desk.courtesy.post_question(here(desk, desk.general), desk.ann.id, "why?")
    hold.release()


async def test_a_question_that_has_to_wait_for_its_turn_too_long_is_given_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUESTION_PATIENCE", 0.05)
    lane = lane_of("chat.postMessage", desk.place.team.id, desk.general.id)
    desk.api.governor.refused(lane, 30.0, everywhere=False)
    with pytest.raises(PlatformUnsure):
        await desk.courtesy.post_question(here(desk, desk.general), desk.ann.id, "why?")
    assert desk.place.calls == []


async def test_prompts_are_suggested_once_in_the_language_of_who_opened(desk: Desk) -> None:
    mei = desk.place.person("mei", locale="zh-CN")
    for _ in range(3):
        await desk.courtesy.suggest_prompts(mei.team.id, mei.dm.id, mei.id)
    [call] = [call for call in desk.place.calls if "Prompts" in call.method]
    assert "thread_ts" not in call.args
    assert desk.place.world.prompts[mei.dm.id][0]["title"] == "解释一件事"


async def test_prompts_that_were_refused_are_suggested_again(desk: Desk) -> None:
    desk.place.fail("assistant.threads.setSuggestedPrompts", "internal_error")
    for _ in range(2):
        await desk.courtesy.suggest_prompts(desk.ann.team.id, desk.ann.dm.id, desk.ann.id)
    assert len(desk.place.world.prompts[desk.ann.dm.id]) == 4


async def test_nothing_is_said_in_a_workspace_that_removed_the_app(desk: Desk) -> None:
    ask = asked(desk.ann, desk.general, message="1.0", thread="1.0")
    lost = replace(ask, address=replace(ask.address, workspace="T404"))
    await desk.courtesy.tell(lost, "hello?")
    await desk.courtesy.show_waiting(lost)
    assert await desk.courtesy.background(lost) == ()
    assert desk.place.calls == []
