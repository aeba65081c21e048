from __future__ import annotations

from dataclasses import replace

import pytest

from bot.choices import scope_keys
from bot.completion import ToolCall, Usage
from bot.messages import Address, Attachment, Author, Outcome, OutcomeKind, Quote
from bot.ports import Reception, Store
from bot.records import Entry, Forgotten
from storage import forgetting
from tests.contract.store.samples import CHANNEL, Clock, answer, answered, ask, claimed, end, put

NOTHING = Usage()
SLACK = Address("slack", "guild", "channel")
FILE = (Attachment("a.png", "image/png", 1, "https://files.test/a"),)
LATER = Outcome(OutcomeKind.DEFERRED, question="later?", handle="task")


async def exported(store: Store, **conditions: str) -> list[Entry]:
    return [entry async for entry in store.export("discord", **conditions)]


async def seen(store: Store, number: int = 90, author: str = "bob") -> tuple[str, list[str]]:
    """The summary and the questions that a new turn would be given."""
    await put(store, ask(number, author))
    claim = await claimed(store)
    history = await store.history(claim.turn, rounds=50)
    await end(store, claim, answer(kind=OutcomeKind.FAILED))
    return history.summary, [item.messages[0].content for item in history.rounds]


async def test_the_rounds_of_an_author_go_and_those_of_others_stay(store: Store) -> None:
    await answered(store, ask(1), answer(question="of ann"))
    await answered(store, ask(2, "bob"), answer(question="of bob"))
    await answered(store, ask(3), answer(question="of ann again"))
    assert await store.forget("discord", "ann") == Forgotten(rounds=2)
    assert [entry.author.id for entry in await exported(store)] == ["bob"]
    assert await seen(store) == ("", ["of bob"])


async def test_forgetting_again_finds_nothing(store: Store) -> None:
    await answered(store, ask(1))
    await store.forget("discord", "ann")
    assert await store.forget("discord", "ann") == Forgotten()
    assert await store.forget("discord", "eve") == Forgotten()


@pytest.mark.parametrize(
    ("conversation", "left"), [("talk", ["m2"]), ("other", ["m1"]), ("", []), ("tal", ["m1", "m2"])]
)
async def test_one_conversation_can_be_forgotten_alone(store: Store, conversation: str, left: list[str]) -> None:
    await answered(store, ask(1))
    await answered(store, ask(2, conversation="other"))
    assert await store.forget("discord", "ann", conversation) == Forgotten(rounds=2 - len(left))
    assert sorted(f"m{entry.at:.0f}" for entry in await exported(store)) == left


async def test_a_name_on_another_platform_is_somebody_else(store: Store) -> None:
    turn = await answered(store, ask(1, conversation="slack", address=SLACK))
    await store.rate(turn, "ann", 1)
    await store.accept(ask(2, conversation="slack", address=SLACK), wakes=False, limit=5)
    await store.set_setting("user/slack/ann", "model", "glm-4.6")
    assert await store.forget("discord", "ann") == Forgotten()
    assert await store.forget("slack", "ann") == Forgotten(rounds=1, notes=1, ratings=1, settings=1)


async def test_no_question_is_answered_twice(store: Store) -> None:
    turn = await answered(store, ask(1), ref="p1")
    await store.forget("discord", "ann")
    assert await store.accept(ask(1), wakes=True, limit=5) is Reception.DUPLICATE
    assert await store.accept(ask(1, attachments=FILE), wakes=True, limit=5) is Reception.DUPLICATE
    assert await store.claim("worker", 30) is None
    posted = await store.turn_of_post("p1")
    assert posted is not None
    assert (posted.id, posted.state, posted.asks) == (turn, "delivered", 1)
    assert posted.outcome == Outcome(OutcomeKind.RETRACTED)


async def test_a_forgotten_round_is_neither_asked_again_nor_filled_with_new_words(store: Store) -> None:
    turn = await answered(store, ask(1, attachments=FILE))
    await store.forget("discord", "ann")
    assert not await store.reopen(turn)
    await store.rewrite_question("m1", "edited")
    await store.summarise(turn, "late", NOTHING)
    assert not await store.keep_file("m1", 0, "digest")
    assert await exported(store) == []
    assert await store.files("m1") == {}
    assert await seen(store) == ("", [])


async def test_a_conversation_goes_on_after_what_was_forgotten(store: Store) -> None:
    await answered(store, ask(1, "bob"), answer(question="before"))
    await answered(store, ask(2), ref="p1")
    await store.forget("discord", "ann")
    await answered(store, ask(3, reply_to="p1"), answer(question="after"))
    assert await seen(store) == ("", ["before", "after"])
    assert await store.has_asked("talk", "ann")


async def test_everything_that_was_made_from_a_round_goes_with_it(store: Store) -> None:
    await answered(store, ask(1, "bob"))
    await store.accept(ask(2, "eve"), wakes=False, limit=5)
    await put(store, ask(3, attachments=FILE))
    await store.keep_file("m3", 0, "digest")
    claim = await claimed(store)
    await store.begin_calls(claim, 1, "", [ToolCall("a", "clock", "{}"), ToolCall("b", "clock", "{}")])
    await store.end_call(claim, "a", "noon")
    await end(store, claim)
    await store.rate(claim.turn.id, "bob", 1)
    await store.summarise(claim.turn.id, "so far", NOTHING)
    assert await store.forget("discord", "ann") == Forgotten(
        rounds=1, calls=2, summaries=1, ratings=1, files=frozenset({"digest"})
    )
    assert await store.calls(claim.turn.id) == []
    assert await store.ratings(claim.turn.id) == {}
    # a note of somebody else that only this round had used
    assert [entry.at for entry in await exported(store)] == [1.0]


async def test_only_summaries_that_contain_a_forgotten_round_go(store: Store) -> None:
    first = await answered(store, ask(1, "bob"), answer(question="one"))
    await answered(store, ask(2))
    third = await answered(store, ask(3, "bob"), answer(question="three"))
    await store.summarise(first, "before", NOTHING)
    await store.summarise(third, "with it", NOTHING)
    assert await store.forget("discord", "ann") == Forgotten(rounds=1, summaries=1)
    assert await seen(store) == ("before", ["three"])


async def test_a_file_that_somebody_else_needs_is_not_named(store: Store) -> None:
    for number, author, digest in ((1, "ann", "both"), (2, "ann", "mine"), (3, "bob", "both")):
        await put(store, ask(number, author, f"talk {number}", attachments=FILE))
        assert await store.keep_file(f"m{number}", 0, digest)
        await end(store, await claimed(store))
    assert (await store.forget("discord", "ann")).files == {"mine"}
    assert (await store.forget("discord", "bob")).files == {"both"}


async def test_notes_go_also_out_of_the_questions_of_others(store: Store) -> None:
    await answered(store, ask(1, "bob"), answer(question="first"))
    await store.accept(ask(2, text="my number\nis 42"), wakes=False, limit=5)
    second = await answered(
        store, ask(3, "bob"), answer(question="<quoted>\nmy number\nis 42\n</quoted>\n\n[Bob]: so?")
    )
    await store.accept(ask(4, text="not yet used"), wakes=False, limit=5)
    await store.summarise(second, "42", NOTHING)
    assert await store.forget("discord", "ann") == Forgotten(notes=2, summaries=1)
    assert await seen(store) == ("", ["first", "<quoted>\n</quoted>\n\n[Bob]: so?"])
    assert await exported(store, author="ann") == []


async def test_what_waits_is_dropped_and_named(store: Store) -> None:
    await put(store, ask(1, "bob"), ask(2, attachments=FILE), ask(3, "bob"))
    assert await store.keep_file("m2", 0, "digest")
    forgotten = await store.forget("discord", "ann")
    assert forgotten == Forgotten(files=frozenset({"digest"}), waiting=(ask(2, attachments=FILE),))
    assert [each.key for each in (await claimed(store)).turn.asks] == ["m1", "m3"]


async def test_what_waits_is_named_by_conversation(store: Store) -> None:
    for number, conversation in ((1, "b"), (2, "a"), (3, "b")):
        await put(store, ask(number, conversation=conversation))
    assert [each.key for each in (await store.forget("discord", "ann")).waiting] == ["m2", "m1", "m3"]


async def test_a_conversation_of_which_nothing_is_left_is_not_due(store: Store) -> None:
    await put(store, ask(1))
    await store.forget("discord", "ann")
    assert await store.next_due("worker") is None
    assert await store.claim("worker", 30) is None


async def test_a_round_under_way_is_left_and_counted(store: Store) -> None:
    await put(store, ask(1))
    claim = await claimed(store)
    assert await store.forget("discord", "ann") == Forgotten(left=1)
    await store.finish(claim, answer())
    assert await store.forget("discord", "ann") == Forgotten(left=1)
    await store.delivered(claim)
    assert await store.forget("discord", "ann") == Forgotten(rounds=1)


@pytest.mark.parametrize("ended", [False, True])
async def test_a_job_is_cancelled_and_its_answer_removed(store: Store, ended: bool) -> None:
    turn = await answered(store, ask(1), LATER)
    if ended:
        await store.end_job(turn, answer())
    assert await store.forget("discord", "ann") == Forgotten(rounds=1, jobs=1)
    assert await store.jobs() == []
    assert not await store.end_job(turn, answer("late"))
    assert not await store.cancel_job(turn)
    job = await store.job(turn)
    assert job is not None
    assert (job.handle, job.outcome, job.turn.ask.text) == ("", None, "")


async def test_a_job_that_has_come_to_its_end_is_no_job_any_more(store: Store) -> None:
    turn = await answered(store, ask(1), LATER)
    await store.end_job(turn, answer())
    await store.close_job(turn)
    await answered(store, ask(2, job=turn))
    assert await store.forget("discord", "ann") == Forgotten(rounds=2)


async def test_what_the_author_thought_of_answers_of_others_goes(store: Store) -> None:
    one, two = await answered(store, ask(1, "bob")), await answered(store, ask(2, "bob", "other"))
    for turn in (one, two):
        await store.rate(turn, "ann", 1)
        await store.rate(turn, "bob", -1)
    assert await store.forget("discord", "ann", "other") == Forgotten(ratings=1)
    assert await store.ratings(one) == {"ann": 1, "bob": -1}
    assert await store.forget("discord", "ann") == Forgotten(ratings=1)
    assert await store.ratings(one) == await store.ratings(two) == {"bob": -1}


async def test_only_what_people_have_set_for_themselves_goes(store: Store) -> None:
    mine = scope_keys("talk", CHANNEL, "ann")["me"]
    await store.set_setting(mine, "model", "glm-4.6")
    await store.set_setting(mine, "persona", "about me", by="discord/ann")
    await store.set_setting(mine, "allowed", "no", by="discord/admin")
    await store.set_setting("channel/discord/channel", "model", "glm-4.6", by="discord/ann")
    await store.set_setting(scope_keys("talk", CHANNEL, "anna")["me"], "model", "glm-4.6")
    assert await store.forget("discord", "ann", "talk") == Forgotten()
    assert await store.forget("discord", "ann") == Forgotten(settings=2)
    assert await store.settings("allowed", [mine]) == {mine: "no"}
    assert await store.settings("model", ["channel/discord/channel", "user/discord/anna", mine]) == {
        "channel/discord/channel": "glm-4.6",
        "user/discord/anna": "glm-4.6",
    }
    assert [(change.actor, change.scope) for change in await store.changes()] == [
        ("discord/ann", "channel/discord/channel"),
        ("discord/admin", mine),
    ]


async def test_what_was_spent_is_still_counted(store: Store) -> None:
    await answered(store, ask(1), replace(answer(), model="glm-4.6", usage=Usage(3, 4)))
    before = await store.spending("discord", 0, author="ann")
    await store.forget("discord", "ann")
    assert await store.spending("discord", 0, author="ann") == before


async def test_of_who_asked_no_more_is_kept_than_the_id(store: Store) -> None:
    turn = await answered(
        store,
        ask(
            1,
            author="ann",
            attachments=FILE,
            quotes=(Quote("Bob", "said"),),
            origin={"token": "t"},
            address=replace(CHANNEL, title="secret"),
        ),
        LATER,
    )
    await store.forget("discord", "ann")
    job = await store.job(turn)
    assert job is not None
    assert job.turn.asks == (replace(ask(1), text="", author=Author("ann", "")),)


async def test_many_rounds_are_forgotten_in_steps(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "STEP", 2)
    for number in range(5):
        await answered(store, ask(number))
        await answered(store, ask(100 + number, "bob"))
    for number in range(10, 15):
        await store.accept(ask(number), wakes=False, limit=5)
    assert await store.forget("discord", "ann") == Forgotten(rounds=5, notes=5)
    assert len(await exported(store)) == 5


async def test_others_are_answered_meanwhile(store: Store, clock: Clock) -> None:
    await answered(store, ask(1))
    await put(store, ask(2, "bob"))
    claim = await claimed(store)
    assert await store.forget("discord", "ann") == Forgotten(rounds=1)
    await store.finish(claim, answer("still here"))
    clock.now += 31
    again = await claimed(store, "other")
    assert again.turn.outcome == answer("still here")
    assert await end(store, again) is None
