from __future__ import annotations

from adapters.slack_app.recent import Recent


def test_a_key_is_new_once() -> None:
    recent = Recent(2)
    assert recent.add("a")
    assert not recent.add("a")
    assert "a" in recent
    recent.discard("a")
    recent.discard("a")
    assert recent.add("a")


def test_the_oldest_makes_room() -> None:
    recent = Recent(2)
    assert [recent.add(key) for key in "abc"] == [True, True, True]
    assert ["a" in recent, "b" in recent, "c" in recent] == [False, True, True]


def test_a_key_is_new_again_after_its_time() -> None:
    now = 0.0
    recent = Recent(2, within=10.0, clock=lambda: now)
    recent.add("a")
    recent.add("b")
    now = 9.9
    assert not recent.add("a")
    now = 10.0
    assert recent.add("a")
    recent.add("c")
    # It counts as the newer one again.
    assert "a" in recent
