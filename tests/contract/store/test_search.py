from __future__ import annotations

from dataclasses import replace

import pytest

from bot.completion import ToolCall
from bot.messages import CallRecord, Outcome, OutcomeKind, Quote, Turn
from bot.ports import Store
from storage import archive
from tests.contract.store.samples import answer, answered, ask, claimed, end, put


def asker(number: int, conversation: str = "talk") -> Turn:
    return Turn(number, conversation, (ask(number),), since=0.0)


async def found(store: Store, *words: str, before: int = 99, limit: int = 9) -> list[int]:
    return [entry.turn for entry in await store.search(asker(before), words, limit=limit)]


async def said(store: Store, number: int, question: str, text: str = "yes", kind: str = "answered") -> int:
    return await answered(store, ask(number, text=question), answer(text, "a question", OutcomeKind(kind)))


async def test_a_round_is_found_by_its_question_and_by_its_answer(store: Store) -> None:
    await said(store, 1, "Where is the harbour?", "In the north.")
    await said(store, 2, "Thanks.", "The harbour is busy.")
    await said(store, 3, "And the station?", "In the south.")
    assert await found(store, "harbour") == [2, 1]
    assert await found(store, "south") == [3]
    assert await found(store, "east") == []


async def test_all_words_must_be_there_each_on_either_side(store: Store) -> None:
    await said(store, 1, "Where is the harbour?", "In the north.")
    assert await found(store, "north", "harbour", "where") == [1]
    assert await found(store, "harbour", "south") == []
    assert await found(store, "? In") == await found(store, "?\nIn") == []


async def test_without_words_the_newest_rounds_come(store: Store) -> None:
    for number in range(1, 5):
        await said(store, number, "hello")
    assert await found(store) == [4, 3, 2, 1]
    assert await found(store, limit=2) == [4, 3]
    assert await found(store, limit=0) == []
    assert await found(store, before=3) == [2, 1]


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Grüße aus KÖLN", "köln"),
        ("GRÜSSE", "grüße"),
        ("ПРИВЕТ, мир", "привет"),
        ("Ο ΚΟΣΜΟΣ", "κοσμος"),
        ("今天北京的天气怎么样？", "北京"),
        ("100% of _all_", "0% of _"),
    ],
)
async def test_the_case_of_letters_does_not_count_in_any_script(store: Store, text: str, word: str) -> None:
    await said(store, 1, text)
    assert await found(store, word) == await found(store, word.upper()) == [1]


async def test_only_what_the_author_wrote_counts_as_the_question(store: Store) -> None:
    question = ask(1, text="why?", quotes=(Quote("Bob", "quoted words"),))
    outcome = Outcome(OutcomeKind.ANSWERED, "[Ann]: asked words", "because", note="noted words", reasoning="own words")
    await answered(store, question, outcome)
    assert await found(store, "words") == []
    assert await found(store, "why") == [1]


async def test_a_round_is_given_as_it_is_exported(store: Store) -> None:
    await put(store, ask(1, text="why?"), ask(2, text="and how?"))
    claim = await claimed(store)
    call = ToolCall("call_1", "clock", "{}")
    await store.begin_calls(claim, 1, "", [call])
    await store.end_call(claim, "call_1", "noon")
    await end(store, claim, replace(answer("because"), model="glm-4.6"))
    (entry,) = await store.search(asker(9), ["HOW"], limit=5)
    assert [entry] == [each async for each in store.export("discord")]
    assert entry.calls == (CallRecord(1, "", call, "noon"),)


@pytest.mark.parametrize("kind", list(OutcomeKind))
async def test_only_what_a_history_would_hold_is_found(store: Store, kind: OutcomeKind) -> None:
    await said(store, 1, "hello", "yes", kind)
    assert await found(store) == ([1] if kind in ("answered", "stopped") else [])


async def test_what_has_no_answer_is_not_found(store: Store) -> None:
    await said(store, 1, "hello", "", "stopped")
    await put(store, ask(2, text="hello"))
    await claimed(store)
    assert await found(store, "hello") == []


async def test_nothing_is_found_in_another_conversation(store: Store) -> None:
    await answered(store, ask(1, conversation="other", text="hello"))
    assert await said(store, 2, "hello") == 2
    assert await found(store, "hello") == [2]


async def test_nothing_from_before_a_reset_is_found(store: Store) -> None:
    await said(store, 1, "hello")
    await store.reset("talk")
    assert await found(store) == []
    await said(store, 2, "hello")
    assert await found(store) == [2]


async def test_what_was_withdrawn_or_forgotten_is_not_found(store: Store) -> None:
    await said(store, 1, "hello")
    await answered(store, ask(2, "bob", text="hello"))
    await said(store, 3, "hello")
    await store.withdraw_question("m3")
    await store.forget("discord", "bob")
    assert await found(store) == [1]


async def test_what_was_edited_is_found_as_it_reads_now(store: Store) -> None:
    await said(store, 1, "hello")
    await store.rewrite_question("m1", "goodbye")
    assert await found(store, "hello") == []
    assert await found(store, "goodbye") == [1]


async def test_more_than_a_page_is_looked_at_but_not_without_end(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "PAGE", 3)
    monkeypatch.setattr(archive, "LOOKED_AT", 6)
    for number in range(1, 9):
        await said(store, number, "even" if number % 2 == 0 else "odd", kind="failed" if number == 7 else "answered")
    assert await found(store, "odd") == [5, 3]
    assert await found(store, "even", limit=2) == [8, 6]
    assert await found(store, before=5) == [4, 3, 2, 1]
