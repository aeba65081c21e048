"""What people may have of theirs, and have removed."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import personal, texts
from bot.exports import FORMATS, written
from bot.messages import Attachment, ControlKind, Outcome, OutcomeKind
from bot.personal import PersonalData
from storage.sqlite import SqliteStore
from tests.fixtures.command_desk import Desk, Jobs, Lane
from tests.fixtures.stage import a_control, an_ask

EXPORT, FORGET = ControlKind.EXPORT, ControlKind.FORGET


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def exported(desk: Desk, actor: str = "ann", form: str = "json", conversation: str = "talk") -> str:
    """The text of the file that is given."""
    reply = await desk.given(EXPORT, actor, value=form, conversation=conversation)
    assert reply.text == texts.say("export_done")
    assert reply.file is not None
    name, text = reply.file
    assert name == f"glimmer.{form}"
    return text


# Export --------------------------------------------------------------------------------------------------------------


async def test_a_file_has_ones_own_rounds_of_the_conversation_and_nobody_elses(desk: Desk) -> None:
    await desk.delivered(an_ask("mine"))
    await desk.delivered(an_ask("bobs", "bob"))
    await desk.delivered(an_ask("elsewhere", conversation="other"))
    [entry] = json.loads(await exported(desk))
    assert (entry["question"], entry["answer"], entry["outcome"]) == ("mine", "a", "answered")
    assert "reasoning" not in entry


async def test_outside_of_a_conversation_it_has_all_of_them(desk: Desk) -> None:
    await desk.delivered(an_ask("mine"))
    await desk.delivered(an_ask("elsewhere", conversation="other"))
    found = json.loads(await exported(desk, conversation=""))
    assert [entry["conversation"] for entry in found] == ["other", "talk"]


async def test_markdown_is_given_unless_said_otherwise(desk: Desk) -> None:
    file = Attachment("a.txt", "text/plain", 3, "a")
    await desk.delivered(an_ask("mine", attachments=(file,), at=0.0))
    text = await exported(desk, form="md")
    assert (await desk.given(EXPORT)).file == ("glimmer.md", text)
    assert text.splitlines()[:4] == ["# talk", "", "## 1970-01-01T00:00:00+00:00, Ann", ""]
    assert "Files: a.txt" in text
    assert "### Answer (answered)\n\na\n" in text


async def test_nothing_an_unknown_format_and_too_much_are_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await desk.refused(EXPORT) == texts.say("export_nothing")
    assert await desk.refused(EXPORT, value="pdf") == texts.say("export_unknown")
    await desk.delivered()
    monkeypatch.setattr(personal, "MOST_BYTES", 10)
    assert await desk.refused(EXPORT) == texts.say("export_too_big")


# Forget --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("", "forget_how"),
        ("yes", "forget_how"),
        ("here", "forget_here"),
        ("everything", "forget_everything"),
        ("everything no", "forget_everything"),
    ],
)
async def test_nothing_is_removed_before_it_is_confirmed(desk: Desk, value: str, said: str) -> None:
    await desk.delivered()
    answer = desk.refused if said == "forget_how" else desk.act
    assert await answer(FORGET, value=value) == texts.say(said)
    assert len(json.loads(await exported(desk))) == 1


async def test_here_is_this_conversation_only(desk: Desk) -> None:
    await desk.delivered(an_ask("mine"))
    await desk.delivered(an_ask("elsewhere", conversation="other"))
    await desk.delivered(an_ask("bobs", "bob"))
    said = await desk.act(FORGET, value="here yes")
    assert said == texts.say("forgotten", parts=texts.say("forgotten_rounds", count="1"))
    assert [entry["question"] for entry in json.loads(await exported(desk, conversation=""))] == ["elsewhere"]
    assert [entry["question"] for entry in json.loads(await exported(desk, "bob"))] == ["bobs"]


async def test_outside_of_a_conversation_here_is_the_last_one_in_this_place(desk: Desk) -> None:
    assert await desk.refused(FORGET, value="here yes", conversation="") == texts.say("no_conversation")
    await desk.delivered(an_ask("mine"))
    await desk.act(FORGET, value="here yes", conversation="")
    assert await desk.refused(EXPORT) == texts.say("export_nothing")


async def test_files_that_nobody_else_needs_are_removed(desk: Desk) -> None:
    file = Attachment("a.txt", "text/plain", 3, "a")
    asks = [an_ask(author=author, attachments=(file, file)) for author in ("ann", "bob")]
    for ask in asks:
        await desk.delivered(ask)
        await desk.store.keep_file(ask.key, 0, "shared")
    await desk.store.keep_file(asks[0].key, 1, "own")
    assert "1 files" in await desk.act(FORGET, value="everything yes")
    assert desk.discarded == {"own"}


async def test_what_runs_is_stopped_before_it_is_forgotten(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = await desk.running()
    waiting = an_ask(alone=True)
    await desk.store.accept(waiting, wakes=True, limit=9)

    async def ends(turn: int, seconds: float) -> None:
        await desk.store.finish(claim, Outcome(OutcomeKind.STOPPED, "q", "a"))
        await desk.store.delivered(claim)

    monkeypatch.setattr(desk.lane, "delivered", ends)
    said = await desk.act(FORGET, value="everything yes")
    assert desk.lane.done == [("stop", claim.turn.id)]
    assert desk.lane.told == [(waiting.key, "stopped")]
    counted = texts.say("forgotten_rounds", count="1"), texts.say("forgotten_waiting", count="1")
    assert said == texts.say("forgotten", parts=", ".join(counted))
    assert await desk.store.proceed(claim) is None


async def test_what_does_not_end_in_time_is_said_to_be_left(desk: Desk) -> None:
    claim = await desk.running()
    assert texts.say("forgotten_left", count="1") in await desk.act(FORGET, value="everything yes")
    assert await desk.store.stop_requested(claim.turn.id)


async def test_questions_in_the_background_are_cancelled(desk: Desk) -> None:
    mine, other = await desk.deferred(), await desk.deferred(conversation="other")
    bobs = await desk.deferred(author="bob")
    assert texts.say("forgotten_jobs", count="1") in await desk.act(FORGET, value="here yes")
    assert {job.turn.id for job in await desk.store.jobs()} == {other, bobs}
    assert mine not in {other, bobs}


# What is left --------------------------------------------------------------------------------------------------------

MARK = "xyzzy"
SAID = st.tuples(
    st.sampled_from(["ann", "bob"]),
    st.sampled_from(["talk", "other"]),
    st.sampled_from(["asked", "noted", "waiting"]),
    st.integers(1, 400),
)


@settings(max_examples=15, deadline=None)
@given(st.lists(SAID, max_size=8))
def test_whatever_somebody_has_said_nothing_of_it_is_left_in_any_file(said: list[tuple[str, str, str, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_forgets(Path(folder) / "glimmer.db", said))


async def _forgets(path: Path, said: list[tuple[str, str, str, int]]) -> None:
    async with SqliteStore.open(path) as store:
        for author, conversation, how, length in said:
            words = f"{MARK if author == 'ann' else 'fine'} " * length
            await store.accept(an_ask(words, author, conversation), wakes=how != "noted", limit=99)
            if how == "asked":
                await _answer(store)
        lane = Lane()
        data = PersonalData(store, lane, Jobs(store), _nothing)
        await data.forget(a_control(FORGET, value="everything yes"))
        left = sum(file.read_bytes().count(MARK.encode()) for file in path.parent.iterdir() if file.is_file())
        assert left == 0
        assert [entry async for entry in store.export("console", author="ann")] == []


async def _answer(store: SqliteStore) -> None:
    """Answer all that waits; what others have said meanwhile is part of a question."""
    claim = await store.claim("worker", 60.0)
    while claim is not None:
        own = "\n".join(ask.text for ask in claim.turn.asks)
        question = "\n".join([*(note.text for note in claim.turn.notes), own])
        await store.finish(claim, Outcome(OutcomeKind.ANSWERED, question, own))
        await store.delivered(claim)
        claim = await store.proceed(claim)


async def _nothing(digests: object) -> None:
    """There are no files."""


@pytest.mark.parametrize("form", FORMATS)
async def test_without_entries_nothing_is_written(desk: Desk, form: str) -> None:
    assert [piece async for piece in written(desk.store.export("console"), FORMATS[form])] == []
