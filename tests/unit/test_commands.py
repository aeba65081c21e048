from __future__ import annotations

from dataclasses import replace

import pytest

from bot import texts, vocabulary
from bot.completion import ToolCall
from bot.errors import UserError
from bot.messages import Author, Control, ControlKind, History, Outcome, OutcomeKind, Reply, Right
from bot.ports import Reception
from tests.fixtures.command_desk import Desk
from tests.fixtures.stage import HERE, a_control, an_ask, moderator, work_waits

ANSWER = Outcome(OutcomeKind.ANSWERED, "q", "a")


@pytest.fixture
def desk() -> Desk:
    return Desk()


# Stop ----------------------------------------------------------------------------------------------------------------


async def test_stop_ends_the_turn_and_is_remembered(desk: Desk) -> None:
    await desk.running()
    assert await desk.act(ControlKind.STOP) == texts.say("stopped_it")
    assert desk.lane.done == [("stop", 1)]
    assert await desk.store.stop_requested(1)


async def test_stop_by_a_button_names_its_turn(desk: Desk) -> None:
    await desk.running()
    await desk.act(ControlKind.STOP, conversation="", target="1")
    assert desk.lane.done == [("stop", 1)]


async def test_stop_in_a_channel_means_what_runs_for_the_actor(desk: Desk) -> None:
    await desk.running()
    desk.lane.runs = 1
    await desk.act(ControlKind.STOP, conversation="")
    assert desk.lane.done == [("stop", 1)]


@pytest.mark.parametrize("target", ["", "1", "99"])
async def test_there_may_be_nothing_to_stop(desk: Desk, target: str) -> None:
    await desk.delivered()
    assert await desk.refused(ControlKind.STOP, target=target) == texts.say("nothing_to_stop")
    assert desk.lane.done == []


async def test_a_command_that_waits_is_told_that_it_was_stopped(desk: Desk) -> None:
    await desk.running()
    alone, message = an_ask(alone=True), an_ask()
    for ask in (alone, message):
        await desk.store.accept(ask, wakes=True, limit=9)
    await desk.act(ControlKind.STOP)
    assert desk.lane.told == [(alone.key, "stopped")]


async def test_stop_cancels_only_the_actors_waiting_questions(desk: Desk) -> None:
    await desk.running()
    for author in ("bob", "ann", "bob"):
        await desk.store.accept(an_ask(author=author), wakes=True, limit=9)
    await desk.act(ControlKind.STOP)
    assert list(await desk.store.drop_waiting("talk", "ann")) == []
    assert len(await desk.store.drop_waiting("talk", "bob")) == 2


async def test_who_only_waits_may_take_it_back(desk: Desk) -> None:
    await desk.delivered()
    await desk.store.accept(an_ask(author="bob"), wakes=True, limit=9)
    assert await desk.act(ControlKind.STOP, "bob") == texts.say("stopped_it")
    assert not work_waits(desk.store)


async def test_a_stranger_stops_nothing(desk: Desk) -> None:
    await desk.running()
    assert await desk.refused(ControlKind.STOP, "eve") == texts.say("not_yours")
    assert desk.lane.done == []
    assert not await desk.store.stop_requested(1)


async def test_a_moderator_stops_the_asker_and_what_they_still_wait_for(desk: Desk) -> None:
    await desk.running()
    await desk.store.accept(an_ask(), wakes=True, limit=9)
    await desk.commands.act(replace(a_control(ControlKind.STOP, target="1"), actor=moderator("mona")))
    assert desk.lane.done == [("stop", 1)]
    assert list(await desk.store.drop_waiting("talk", "ann")) == []


# Reset ---------------------------------------------------------------------------------------------------------------


async def test_reset_begins_the_history_anew(desk: Desk) -> None:
    await desk.delivered()
    assert await desk.act(ControlKind.RESET) == texts.say("reset_done")
    claim = await desk.running()
    assert await desk.store.history(claim.turn, rounds=9) == History()


async def test_reset_stops_what_runs(desk: Desk) -> None:
    await desk.running()
    await desk.act(ControlKind.RESET)
    assert desk.lane.done == [("stop", 1)]


@pytest.mark.parametrize("conversation", ["", "unknown"])
async def test_reset_needs_a_conversation(desk: Desk, conversation: str) -> None:
    assert await desk.refused(ControlKind.RESET, conversation=conversation) == texts.say("no_conversation")


async def test_a_stranger_does_not_reset_under_a_running_answer(desk: Desk) -> None:
    await desk.running()
    assert await desk.refused(ControlKind.RESET, "eve") == texts.say("not_yours")
    assert desk.lane.done == []


# Regenerate and Continue ---------------------------------------------------------------------------------------------


async def test_regenerate_puts_the_last_turn_up_again(desk: Desk) -> None:
    await desk.delivered()
    assert await desk.act(ControlKind.REGENERATE, target="1") == ""
    assert desk.lane.done == [("wake",)]
    claim = await desk.store.claim("worker", 60.0)
    assert claim is not None
    assert claim.turn.outcome is None


async def test_regenerate_is_for_the_last_turn(desk: Desk) -> None:
    await desk.delivered()
    await desk.delivered()
    assert await desk.refused(ControlKind.REGENERATE, target="1") == texts.say("not_last")
    assert await desk.refused(ControlKind.CONTINUE, target="1") == texts.say("not_last")


async def test_regenerate_waits_a_moment_for_the_delivery(desk: Desk) -> None:
    await desk.finished()
    assert await desk.refused(ControlKind.REGENERATE, target="1") == texts.say("still_answering")
    assert desk.lane.done == [("waited", 1)]


async def test_regenerate_does_not_wait_for_the_model(desk: Desk) -> None:
    await desk.running()
    assert await desk.refused(ControlKind.REGENERATE, target="1") == texts.say("still_answering")
    assert desk.lane.done == []


@pytest.mark.parametrize("kind", [ControlKind.REGENERATE, ControlKind.CONTINUE])
async def test_strangers_and_unknown_turns_are_refused(desk: Desk, kind: ControlKind) -> None:
    await desk.delivered()
    assert await desk.refused(kind, "eve", target="1") == texts.say("not_yours")
    assert await desk.refused(kind, target="7") == texts.say("not_last")
    assert desk.lane.asked == desk.lane.done == []


async def test_continue_asks_on_in_the_same_conversation_once(desk: Desk) -> None:
    await desk.delivered()
    for _ in range(2):
        assert await desk.act(ControlKind.CONTINUE, conversation="", target="1") == ""
    first, again = desk.lane.asked
    assert (first.text, first.conversation, first.author.id) == (texts.CONTINUE_PROMPT, "talk", "ann")
    assert first.key == again.key


async def test_continue_says_when_the_queue_is_full(desk: Desk) -> None:
    await desk.delivered()
    desk.lane.reception = Reception.FULL
    assert await desk.act(ControlKind.CONTINUE, target="1") == texts.say("queue_full")


# Edits and deletions -------------------------------------------------------------------------------------------------


async def test_an_edited_question_that_waits_is_asked_as_edited(desk: Desk) -> None:
    ask = an_ask("before")
    await desk.store.accept(ask, wakes=True, limit=9)
    assert await desk.act(ControlKind.QUESTION_EDITED, target=ask.key, value="after") == ""
    claim = await desk.store.claim("worker", 60.0)
    assert claim is not None
    assert claim.turn.ask.text == "after"


WEATHER, TIME = ToolCall("command", "weather", "{}"), ToolCall("command", "time", "{}")


async def test_an_edited_call_is_made_as_edited(desk: Desk) -> None:
    ask = an_ask("/weather", alone=True, call=WEATHER)
    await desk.store.accept(ask, wakes=True, limit=9)
    assert await desk.act(ControlKind.QUESTION_EDITED, target=ask.key, value="/time", call=TIME) == ""
    claim = await desk.store.claim("worker", 60.0)
    assert claim is not None
    assert (claim.turn.ask.text, claim.turn.ask.call) == ("/time", TIME)


async def test_an_edit_calls_no_tool_that_is_not_for_its_author(desk: Desk) -> None:
    await desk.as_moderator(ControlKind.ACCESS, value="deny user:ann tool:weather")
    ask = an_ask("/time", alone=True, call=TIME)
    await desk.store.accept(ask, wakes=True, limit=9)
    refused = await desk.refused(ControlKind.QUESTION_EDITED, target=ask.key, value="/weather", call=WEATHER)
    assert refused == texts.say("refused_tool")
    claim = await desk.store.claim("worker", 60.0)
    assert claim is not None
    assert (claim.turn.ask.text, claim.turn.ask.call) == ("/time", TIME)


async def test_a_deleted_question_that_waits_is_not_asked(desk: Desk) -> None:
    ask = an_ask()
    await desk.store.accept(ask, wakes=True, limit=9)
    await desk.act(ControlKind.QUESTION_DELETED, target=ask.key)
    assert not work_waits(desk.store)
    assert desk.lane.done == []


async def test_a_deleted_question_that_is_being_answered_takes_the_answer_along(desk: Desk) -> None:
    ask = an_ask()
    await desk.running(ask)
    await desk.act(ControlKind.QUESTION_DELETED, target=ask.key)
    assert desk.lane.done == [("retract", 1)]
    assert await desk.store.stop_requested(1)


async def test_a_deleted_question_that_was_answered_leaves_the_history(desk: Desk) -> None:
    ask = an_ask()
    await desk.delivered(ask)
    await desk.act(ControlKind.QUESTION_DELETED, target=ask.key)
    claim = await desk.running()
    assert await desk.store.history(claim.turn, rounds=9) == History()


async def test_a_deleted_page_stops_the_answer(desk: Desk) -> None:
    claim = await desk.running()
    post = await desk.store.intend(claim, 0)
    await desk.store.posted(claim, post.number, "ref")
    await desk.act(ControlKind.ANSWER_DELETED, target="ref")
    assert desk.lane.done == [("page_deleted", 1, "ref")]
    assert await desk.store.stop_requested(1)


async def test_a_deleted_page_of_an_old_answer_changes_nothing(desk: Desk) -> None:
    claim = await desk.running()
    post = await desk.store.intend(claim, 0)
    await desk.store.posted(claim, post.number, "ref")
    await desk.store.finish(claim, ANSWER)
    await desk.act(ControlKind.ANSWER_DELETED, target="ref")
    assert desk.lane.done == []


@pytest.mark.parametrize(
    "kind", [ControlKind.QUESTION_EDITED, ControlKind.QUESTION_DELETED, ControlKind.ANSWER_DELETED]
)
async def test_what_happens_to_strange_messages_is_nothing_to_us(desk: Desk, kind: ControlKind) -> None:
    await desk.running()
    assert await desk.act(kind, target="discord/404", value="x") == ""
    assert desk.lane.done == []


# All -----------------------------------------------------------------------------------------------------------------


async def test_help_says_what_is_stored_and_names_every_command(desk: Desk) -> None:
    said = await desk.act(ControlKind.HELP)
    assert "What is stored" in said
    assert [name for name in vocabulary.NAMES if f"**/{name}**" not in said] == []


async def test_sentences_are_in_the_language_of_the_actor(desk: Desk) -> None:
    control = a_control(ControlKind.HELP)
    said = await desk.commands.act(replace(control, address=replace(HERE, locale="zh-CN")))
    assert said.text == texts.say("help", "zh", commands=vocabulary.listed("zh"))


# Retry ---------------------------------------------------------------------------------------------------------------


async def test_retry_asks_the_last_question_of_the_conversation_again(desk: Desk) -> None:
    await desk.delivered()
    await desk.delivered()
    assert await desk.act(ControlKind.RETRY) == texts.say("retrying")
    assert desk.lane.done == [("wake",)]
    again = await desk.store.claim("worker", 60.0)
    assert again is not None
    assert again.turn.id == 2


async def test_retry_outside_of_a_conversation_means_ones_own_last_one(desk: Desk) -> None:
    assert await desk.refused(ControlKind.RETRY, conversation="") == texts.say("no_conversation")
    await desk.delivered()
    assert await desk.act(ControlKind.RETRY, conversation="") == texts.say("retrying")


async def test_retry_is_for_who_asked_and_for_what_is_over(desk: Desk) -> None:
    await desk.delivered()
    assert await desk.refused(ControlKind.RETRY, "eve") == texts.say("not_yours")
    await desk.running()
    assert await desk.refused(ControlKind.RETRY) == texts.say("still_answering")
    assert desk.lane.done == []


@pytest.mark.parametrize("kind", ControlKind)
async def test_every_kind_of_control_can_be_acted_on(desk: Desk, kind: ControlKind) -> None:
    await desk.delivered()
    ann = Author("ann", "Ann", frozenset(Right))
    control = Control("x", kind, "talk", HERE, ann, target="1", value="glm-two", scope="me")
    try:
        assert isinstance(await desk.commands.act(control), Reply)
    except UserError as error:
        assert str(error)  # noqa: PT017  # either is fine, a crash is not


async def test_what_people_think_of_an_answer_is_kept_with_its_turn(desk: Desk) -> None:
    await desk.delivered()
    for kind, score in ((ControlKind.UPVOTE, 1), (ControlKind.DOWNVOTE, -1)):
        assert await desk.act(kind, "eve", target="1") == texts.say("rated")
        assert await desk.store.ratings(1) == {"eve": score}


async def test_an_answer_that_is_not_known_is_not_rated(desk: Desk) -> None:
    assert await desk.refused(ControlKind.UPVOTE, target="99") == texts.say("not_last")
