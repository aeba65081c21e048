from __future__ import annotations

from dataclasses import asdict

from hypothesis import given
from hypothesis import strategies as st

from bot.messages import Ask, Control
from storage import rows

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.builds(Ask, text=TEXT, at=st.floats(0, 1e10), origin=st.dictionaries(TEXT, TEXT)))
def test_every_ask_survives_storage(ask: Ask) -> None:
    assert rows.load_ask(rows.dump_ask(ask)) == ask


@given(st.builds(Control, value=TEXT))
def test_every_control_survives_storage(control: Control) -> None:
    assert rows.load_control(rows.dump_control(control)) == control


def test_a_field_that_a_later_version_wrote_is_no_obstacle() -> None:
    text = '{"key": "m1", "conversation": "c", "address": {"platform": "p", "workspace": "", "channel": "c", "x": 1},'
    text += '"author": {"id": "a", "name": "A"}, "text": "hi", "at": 1, "message": "1", "new": {}}'
    ask = rows.load_ask(text)
    assert (ask.key, ask.quotes, asdict(ask.author)["rights"]) == ("m1", (), frozenset())
