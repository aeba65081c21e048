from __future__ import annotations

import asyncio
import time

import pytest

from bot import texts
from bot.completion import Delta, FinishReason, Role
from bot.dialogue import ATTEMPTS
from bot.errors import ModelError
from bot.messages import AGE_BOUND, Attachment, ControlKind, Outcome, OutcomeKind, Quote
from tests.fixtures.model import ending
from tests.fixtures.stage import a_world, an_ask, on_stage
from tests.fixtures.virtually import virtually

pytestmark = pytest.mark.usefixtures("silence")

REGENERATE = (ControlKind.REGENERATE,)
ANSWERED = (ControlKind.REGENERATE, ControlKind.UPVOTE, ControlKind.DOWNVOTE)
CONTINUE = (ControlKind.CONTINUE, *ANSWERED)
BROKEN = ModelError("broke off", text="interrupted", code="eof", resumable=True)

ENDINGS = [
    (FinishReason.STOP, "", "words", OutcomeKind.ANSWERED, "words", ANSWERED),
    (FinishReason.LENGTH, "", "words", OutcomeKind.ANSWERED, f"words\n{texts.say('cut_off')}", CONTINUE),
    (FinishReason.CONTEXT, "", "words", OutcomeKind.ANSWERED, f"words\n{texts.say('context_full')}", ANSWERED),
    (FinishReason.TOOLS, "", "words", OutcomeKind.ANSWERED, "words", ANSWERED),
    (FinishReason.FILTERED, "assistant", "bad", OutcomeKind.RETRACTED, texts.say("safety"), ()),
    (FinishReason.FILTERED, "history", "bad", OutcomeKind.RETRACTED, texts.say("safety_history"), ()),
    (FinishReason.STOP, "", " \n", OutcomeKind.FAILED, texts.say("empty"), REGENERATE),
    (FinishReason.LENGTH, "", "", OutcomeKind.FAILED, texts.say("thought_out"), REGENERATE),
]


@pytest.mark.parametrize(("reason", "stage", "said", "kind", "visible", "controls"), ENDINGS)
@virtually
async def test_each_way_to_end_has_its_text_and_its_buttons(
    reason: FinishReason, stage: str, said: str, kind: OutcomeKind, visible: str, controls: tuple[ControlKind, ...]
) -> None:
    async with on_stage() as house:
        house.model.script(Delta(text=said), 3.0, ending(reason, stage=stage))
        await house.answered()
        assert house.texts == [visible]
        assert house.controls == controls
        outcome = (await house.summary()).outcome
        assert outcome is not None
        assert (outcome.kind, outcome.model, outcome.provider) in [(kind, "glm-one", "bigmodel"), (kind, "", "")]


@virtually
async def test_a_stream_without_a_last_word_is_asked_again_once() -> None:
    async with on_stage() as house:
        house.model.script(Delta(text="first "))
        house.model.script("second")
        await house.answered()
        assert house.texts == ["second"]


@virtually
async def test_an_answer_that_breaks_off_is_asked_again_in_the_same_message() -> None:
    async with on_stage() as house:
        house.model.script("half an", 2.0, BROKEN)
        house.model.script("a whole answer")
        await house.answered()
        assert house.texts == ["a whole answer"]
        assert len(house.world.screen.messages) == 1
        assert len(house.model.requests) == 2


@virtually
async def test_what_breaks_off_twice_is_kept_with_a_note() -> None:
    async with on_stage() as house:
        house.model.script("first", 2.0, BROKEN)
        house.model.script("second", 2.0, BROKEN)
        await house.answered()
        assert house.texts == [f"second\n{texts.say('interrupted')}"]
        assert len(house.model.requests) == 2
        assert (await house.summary()).outcome == Outcome(
            OutcomeKind.ANSWERED, "[Ann]: hello", "second", texts.say("interrupted"), REGENERATE
        )


@virtually
async def test_what_breaks_off_twice_without_a_word_is_a_plain_failure() -> None:
    async with on_stage() as house:
        house.model.script(BROKEN)
        house.model.script(BROKEN)
        await house.answered()
        assert house.texts == [texts.say("busy")]


@pytest.mark.parametrize("text", ["busy", "wait", "quota", "config", "model", "long", "safety", "no_image", "bug"])
@virtually
async def test_a_model_that_does_not_answer_is_explained_and_not_asked_again(text: str) -> None:
    async with on_stage() as house:
        house.model.script(ModelError("no", text=text, trace="t-1", facts={"model": "glm-one", "reset": ""}))
        await house.answered()
        assert len(house.model.requests) == 1
        [visible] = house.texts
        assert visible == texts.say(text, model="glm-one", trace="t-1", told="", reset="")
        assert house.controls == REGENERATE


@virtually
async def test_a_failure_without_a_trace_refers_to_the_turn() -> None:
    async with on_stage() as house:
        house.model.script(ModelError("no", text="bug"))
        await house.answered()
        assert house.texts == [texts.say("bug", trace="1")]


@pytest.mark.parametrize("reachable", [True, False])
@virtually
async def test_the_user_reads_that_the_operator_was_told_only_if_that_is_so(reachable: bool) -> None:
    async with on_stage() as house:
        house.adapter.operator_reachable = reachable
        house.model.script(ModelError("no", text="quota", operator="pay", facts={"reset": "2026-01-01 00:00"}))
        await house.answered()
        assert house.adapter.operator_told == [texts.say("operator", problem="pay")]
        told = texts.say("told") if reachable else ""
        assert house.texts == [texts.say("quota", told=told, reset=texts.say("reset_at", reset="2026-01-01 00:00"))]


@virtually
async def test_reasoning_is_never_shown_nor_remembered() -> None:
    async with on_stage() as house:
        house.model.script(Delta(reasoning="CANARY"), 4.0, Delta(text="words"), Delta(reasoning="CANARY"), ending())
        await house.answered()
        await house.answered("more")
        assert "CANARY" not in house.printed
        assert "CANARY" not in str(house.model.requests)


@virtually
async def test_a_thinking_line_comes_late_changes_and_goes() -> None:
    async with on_stage() as house:
        thought = asyncio.Event()
        house.model.script(thought, "words")
        await house.ask()
        await house.until(lambda: house.texts)
        assert house.texts == [texts.say("thinking", seconds="3")]
        await asyncio.sleep(6)
        assert house.texts == [texts.say("thinking", seconds="8")]
        await asyncio.sleep(12)
        assert house.texts == [texts.say("no_text_yet", seconds="20")]
        thought.set()
        await house.at_rest()
        assert house.texts == ["words"]


# Without the model ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({}, "nothing_asked"),
        ({"attachments": (Attachment("a.zip", "application/zip", 5, "http://files/a.zip"),)}, "only_attachment"),
        ({"origin": {"kind": "only_voice"}}, "only_voice"),
        ({"origin": {"kind": "only_sticker"}}, "only_sticker"),
    ],
)
@virtually
async def test_a_question_without_words_gets_its_own_text(changes: dict[str, object], text: str) -> None:
    async with on_stage() as house:
        await house.answered("  ", **changes)
        assert house.texts == [texts.say(text)]
        assert house.model.requests == []


@virtually
async def test_a_mention_below_somebody_elses_words_is_a_question() -> None:
    async with on_stage() as house:
        await house.answered("", quotes=(Quote("Bob", "what is this?"),))
        assert house.texts == ["fine"]
        assert "what is this?" in house.model.asked[0]


@pytest.mark.parametrize(("posted", "text"), [(False, "away"), (True, "too_late")])
@virtually
async def test_what_was_asked_long_ago_is_not_answered_unasked(posted: bool, text: str) -> None:
    world = a_world()
    await world.store.accept(an_ask(at=time.time() - AGE_BOUND - 1), wakes=True, limit=5)
    if posted:
        claim = await world.store.claim("a dead process", 0.0)
        assert claim is not None
        await world.store.intend(claim, 0)
    async with on_stage(world) as house:
        await house.at_rest()
        assert house.texts == [texts.say(text)]
        assert house.controls == REGENERATE
        assert house.model.requests == []


@virtually
async def test_after_three_claims_a_turn_is_given_up() -> None:
    world = a_world()
    await world.store.accept(an_ask(), wakes=True, limit=5)
    for number in range(ATTEMPTS):
        assert await world.store.claim(f"process {number}, which dies", 0.0)
    async with on_stage(world) as house:
        await house.at_rest()
        assert house.texts == [texts.say("gave_up")]
        assert house.model.requests == []


@virtually
async def test_what_was_given_up_is_asked_again_when_somebody_wants_it() -> None:
    world = a_world()
    await world.store.accept(an_ask(at=time.time() - AGE_BOUND - 1), wakes=True, limit=5)
    async with on_stage(world) as house:
        await house.at_rest()
        await house.control(ControlKind.REGENERATE, target="1")
        await house.until(lambda: house.texts == ["fine"])
        await house.at_rest()


@virtually
async def test_a_stop_that_came_before_the_turn_was_taken_up_holds() -> None:
    world = a_world()
    await world.store.accept(an_ask(), wakes=True, limit=5)
    assert await world.store.claim("a process that dies", 0.0)
    await world.store.request_stop(1)
    async with on_stage(world) as house:
        await house.at_rest()
        assert house.texts == [texts.say("stopped")]
        assert house.model.requests == []


# What the model is asked ---------------------------------------------------------------------------------------------


@virtually
async def test_the_model_sees_the_history_and_who_speaks() -> None:
    async with on_stage() as house:
        house.model.script("the answer")
        await house.answered("first")
        await house.answered("second", author="ann")
        messages = house.model.requests[1].messages
        assert [message.role for message in messages] == [Role.SYSTEM, Role.USER, Role.ASSISTANT, Role.USER]
        assert [message.content for message in messages[1:]] == ["[Ann]: first", "the answer", "[Ann]: second"]


@virtually
async def test_what_was_said_before_the_bot_came_is_read_once() -> None:
    async with on_stage() as house:
        house.adapter.said_before = [Quote("Bob", "an old story")]
        await house.answered("first")
        await house.answered("second")
        assert "an old story" in house.model.asked[0]
        assert "an old story" not in house.model.asked[1]
        assert "an old story" in str(house.model.requests[1].messages), "it stays in the history"


@virtually
async def test_the_name_under_which_a_provider_sees_somebody_is_stable_and_tells_nothing() -> None:
    async with on_stage() as house:
        for author, conversation in [("ann", "a"), ("ann", "b"), ("bob", "a")]:
            await house.answered(author=author, conversation=conversation)
        first, again, other = [request.user for request in house.model.requests]
        assert first == again != other
        assert "ann" not in first


@virtually
async def test_the_chosen_model_is_asked_from_the_next_turn_on() -> None:
    async with on_stage() as house:
        await house.answered()
        await house.control(ControlKind.MODEL, value="glm-two", scope="conversation")
        await house.answered()
        assert [request.model for request in house.model.requests] == ["glm-one", "glm-two"]
