from __future__ import annotations

from dataclasses import fields, replace

import pytest

from bot.completion import ToolCall, Usage
from bot.messages import Address, Attachment, CallRecord, Outcome, OutcomeKind, Quote
from bot.ports import Store
from bot.records import Entry
from storage import archive
from tests.contract.store.samples import CHANNEL, answer, answered, ask, claimed, end, put

SLACK = Address("slack", "guild", "channel")
FILES = (Attachment("a.png", "image/png", 1, "https://files.test/secret"), Attachment("b.txt", "text/plain", 1, ""))
FULL = Outcome(
    OutcomeKind.ANSWERED,
    question="<quoted>what others said</quoted>\n[Ann]: why?",
    answer="because",
    note="the provider said 1234",
    model="glm-4.6",
    provider="zai",
    usage=Usage(1, 2),
    reasoning="let me think",
)


async def exported(store: Store, platform: str = "discord", **conditions: str) -> list[Entry]:
    return [entry async for entry in store.export(platform, **conditions)]


async def turns(store: Store, **conditions: str) -> list[int]:
    return [entry.turn for entry in await exported(store, **conditions)]


async def test_a_turn_is_given_with_all_that_belongs_to_it(store: Store) -> None:
    question = ask(1, text="why?", attachments=FILES, quotes=(Quote("Bob", "what others said"),))
    await put(store, question, ask(2, text="and how?"))
    claim = await claimed(store)
    call = ToolCall("call_1", "clock", "{}")
    await store.begin_calls(claim, 1, "", [call])
    await store.end_call(claim, "call_1", "noon")
    await end(store, claim, FULL)
    assert await exported(store) == [
        Entry(
            turn=claim.turn.id,
            conversation="talk",
            address=CHANNEL,
            author=question.author,
            at=1.0,
            question="why?\nand how?",
            files=("a.png", "b.txt"),
            answer="because",
            kind=OutcomeKind.ANSWERED,
            model="glm-4.6",
            calls=(CallRecord(1, "", call, "noon"),),
        )
    ]


async def test_neither_reasoning_nor_notes_nor_addresses_of_files_are_given(store: Store) -> None:
    await answered(store, ask(1, attachments=FILES), FULL)
    (entry,) = await exported(store)
    shown = [str(getattr(entry, field.name)) for field in fields(entry)]
    assert not [text for text in shown for secret in ("let me think", "1234", "secret", "others") if secret in text]


async def test_turns_come_by_conversation_and_the_oldest_first(store: Store) -> None:
    numbers = [await answered(store, ask(number, conversation=f"talk {number % 2}")) for number in range(4)]
    assert await turns(store) == [numbers[0], numbers[2], numbers[1], numbers[3]]


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, [1, 2, 3]),
        ({"author": "ann"}, [1, 3]),
        ({"author": "bob"}, [2]),
        ({"conversation": "talk"}, [1, 2]),
        ({"author": "ann", "conversation": "talk"}, [1]),
        ({"author": "bob", "conversation": "other"}, []),
        ({"conversation": "tal"}, []),
        ({"author": "eve"}, []),
    ],
)
async def test_all_conditions_count(store: Store, conditions: dict[str, str], expected: list[int]) -> None:
    await answered(store, ask(1))
    await answered(store, ask(2, "bob"))
    await answered(store, ask(3, conversation="talk to me"))
    await answered(store, ask(4, conversation="slack", address=SLACK))
    assert await turns(store, **conditions) == expected


async def test_a_name_on_another_platform_is_somebody_else(store: Store) -> None:
    await answered(store, ask(1, conversation="slack", address=SLACK))
    assert await exported(store, author="ann") == []
    assert len(await exported(store, "slack", author="ann")) == 1


async def test_what_is_under_way_has_no_kind_and_what_was_withdrawn_says_so(store: Store) -> None:
    await answered(store, ask(1), answer("gone"))
    await store.withdraw_question("m1")
    await put(store, ask(2))
    await claimed(store)
    assert [(entry.answer, entry.kind, entry.withdrawn) for entry in await exported(store)] == [
        ("gone", OutcomeKind.ANSWERED, True),
        ("", None, False),
    ]


@pytest.mark.parametrize(
    ("conditions", "texts"),
    [
        ({}, ["text 2", "text 4", "text 5"]),
        ({"author": "bob"}, ["text 2", "text 5"]),
        ({"author": "ann"}, ["text 4"]),
        ({"author": "bob", "conversation": "other"}, []),
    ],
)
async def test_notes_and_waiting_questions_follow_in_no_turn(
    store: Store, conditions: dict[str, str], texts: list[str]
) -> None:
    await answered(store, ask(1, "eve"))
    await store.accept(ask(2, "bob"), wakes=False, limit=5)
    await put(store, ask(3, "eve"))
    claim = await claimed(store)
    await put(store, ask(4, attachments=FILES))
    await store.accept(ask(5, "bob"), wakes=False, limit=5)
    await store.finish(claim, answer())
    loose = [entry for entry in await exported(store, **conditions) if not entry.turn]
    assert [(entry.question, entry.answer, entry.kind) for entry in loose] == [(text, "", None) for text in texts]
    assert [entry.files for entry in loose if entry.author.id == "ann"] == [("a.png", "b.txt")] * ("text 4" in texts)


async def test_more_than_a_page_comes_whole_and_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "PAGE", 3)
    numbers = [await answered(store, ask(number, conversation=f"talk {number % 2}")) for number in range(8)]
    for number in range(20, 27):
        await store.accept(ask(number, conversation=f"talk {number % 2}"), wakes=False, limit=5)
    for conditions in ({}, {"author": "ann"}):
        entries = await exported(store, **conditions)
        assert [entry.turn for entry in entries] == [*numbers[::2], *numbers[1::2], *[0] * 7]
        assert [entry.question for entry in entries[8:]] == [f"text {n}" for n in (20, 22, 24, 26, 21, 23, 25)]


async def test_an_export_that_is_given_up_stops_nobody(store: Store) -> None:
    for number in range(3):
        await answered(store, ask(number))
    entries = store.export("discord")
    assert (await anext(entries)).question == "text 0"
    await entries.aclose()
    await answered(store, ask(9))
    assert len(await exported(store)) == 4


async def test_a_deferred_turn_and_its_answer_are_both_given(store: Store) -> None:
    later = await answered(store, ask(1), Outcome(OutcomeKind.DEFERRED, question="later?", handle="task"))
    await store.end_job(later, FULL)
    await answered(store, ask(2, job=later), replace(FULL, answer="at last"))
    assert [entry.answer for entry in await exported(store)] == ["", "at last"]
