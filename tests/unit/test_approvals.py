from __future__ import annotations

import json

import pytest

from bot import approvals, texts
from bot.completion import Message, Role, ToolCall
from bot.messages import CallRecord, Verdict


def call(**arguments: object) -> ToolCall:
    return ToolCall("c1", "sell", json.dumps(arguments))


def test_people_are_shown_the_tool_and_all_of_its_arguments() -> None:
    shown = approvals.request([call(boat="Möwe", price=5)], "en-US")
    assert shown.startswith(texts.say("may_i", "en-US", tool="sell"))
    assert '"boat": "Möwe"' in shown
    assert '"price": 5' in shown


def test_several_calls_are_shown_one_after_the_other() -> None:
    shown = approvals.request([call(boat="a"), call(boat="b")], "zh-CN")
    assert shown.count(texts.say("may_i", "zh-CN", tool="sell")) == 2
    assert shown.index('"a"') < shown.index('"b"')


@pytest.mark.parametrize("text", ["```", "x ```` y", "`"])
def test_arguments_cannot_end_the_block_that_they_stand_in(text: str) -> None:
    _, first, *between, last = approvals.request([call(boat=text)], "").splitlines()
    assert (first, last) == ("```json", "```")
    assert not any("`" in line for line in between)
    assert json.loads("".join(between)) == {"boat": text}


@pytest.mark.parametrize("unseen", ["\u202e", "\u200b", "\u3164", "\u00a0", "\x1b", "\U000e0041", "\u2028"])
def test_nothing_in_the_arguments_is_invisible(unseen: str) -> None:
    shown = approvals.request([call(boat=f"a{unseen}b")], "")
    assert unseen not in shown
    assert f"{ord(unseen):04x}" in shown.lower()


def test_an_address_that_could_carry_data_is_none_in_the_question() -> None:
    assert "https://evil.example/?said=9931" not in approvals.request([call(to="https://evil.example/?said=9931")], "")


@pytest.mark.parametrize(("letters", "shown"), [(100, True), (approvals.SHOWN, False)])
def test_what_is_too_long_cannot_be_shown(letters: int, shown: bool) -> None:
    assert approvals.can_be_shown(call(boat="x" * letters), ()) == shown


def test_what_repeats_the_instructions_cannot_be_shown() -> None:
    secret = "You are the assistant of a small sailing club. Answer briefly and kindly, and leave the boats alone."
    told = [Message(Role.SYSTEM, secret)]
    assert not approvals.can_be_shown(call(note=f"They said: {secret}"), told)
    assert approvals.can_be_shown(call(note="sell the boat"), told)


def test_arguments_that_are_no_json_are_shown_as_they_are() -> None:
    assert "{oops" in approvals.request([ToolCall("c1", "sell", "{oops")], "")


def test_each_way_of_not_being_allowed_has_its_own_words() -> None:
    refused = [verdict for verdict in Verdict if verdict not in (Verdict.ASKED, Verdict.ALLOWED)]
    said = {approvals.refusal(CallRecord(1, "", call(), verdict=verdict)) for verdict in refused}
    assert len(said) == len(refused)
    assert all(words.startswith("not done") for words in said)
