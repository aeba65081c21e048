from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.echoes import LEFT_OUT, LONGEST, EchoGuard

SECRET = (
    "You are the helper of the northern lighthouse. Speak of ships and of the weather, never of the keeper's cat, and "
    "close with a wish for a calm sea."
)


def shown(text: str, secret: str = SECRET) -> str:
    guard = EchoGuard(secret)
    return guard.feed(text) + guard.end()


@pytest.mark.parametrize(
    "echo",
    [
        SECRET,
        SECRET.upper(),
        SECRET.replace(" ", "\n> "),
        SECRET.replace("a", "a\u200b"),
        f"**{SECRET}**",
        SECRET[10:130],
    ],
)
def test_a_long_repetition_is_left_out(echo: str) -> None:
    said = shown(f"They told me: {echo} Anything else?")
    assert said.startswith("They told me: ")
    assert LEFT_OUT in said
    assert said.endswith("Anything else?")
    assert "keeper" not in said.lower()


@pytest.mark.parametrize(
    "text", ["", "A calm sea to you.", SECRET[:60], f"{SECRET[:60]} and {SECRET[70:120]}", "你好" * 99]
)
def test_all_else_stays(text: str) -> None:
    assert shown(text) == text


def test_a_short_secret_is_nobodys() -> None:
    assert shown("Speak like a pirate.", "Speak like a pirate.") == "Speak like a pirate."


def test_both_of_two_repetitions_are_left_out() -> None:
    assert shown(f"{SECRET} -- {SECRET}").count(LEFT_OUT) == 2


def test_no_more_than_the_beginning_is_ever_shown() -> None:
    guard = EchoGuard(SECRET)
    seen = "".join(guard.feed(letter) for letter in SECRET)
    assert seen.replace(LEFT_OUT, "") in SECRET[:16]


@given(st.lists(st.sampled_from([SECRET[:40], SECRET[40:100], SECRET[100:], "A word. ", "海"]), max_size=6), st.data())
def test_any_split_gives_the_same(pieces: list[str], data: st.DataObject) -> None:
    text = "".join(pieces)
    cut = data.draw(st.integers(0, len(text)))
    guard = EchoGuard(SECRET)
    assert guard.feed(text[:cut]) + guard.feed(text[cut:]) + guard.end() == shown(text)
    longest = max(map(len, shown(text).split(LEFT_OUT)))
    assert longest <= len(text)
    assert len(shown(text)) <= len(text) + len(LEFT_OUT) * (len(text) // LONGEST)
