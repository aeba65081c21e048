from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.glm.limiter import QUEUE, Limiter, Place


class Stay:
    """A place that is entered at once and left when the test says so."""

    def __init__(self, limiter: Limiter, conversation: str) -> None:
        self._manager: AbstractContextManager[Place] = limiter.place(conversation)
        self.place = self._manager.__enter__()

    @property
    def admitted(self) -> bool:
        return self.place.admitted.is_set()

    def end(self) -> None:
        self._manager.__exit__(None, None, None)


def stays(limiter: Limiter, *conversations: str) -> list[Stay]:
    return [Stay(limiter, conversation) for conversation in conversations]


def test_without_a_limit_all_are_admitted() -> None:
    assert all(stay.admitted for stay in stays(Limiter(None), *["a"] * 100))


def test_as_many_as_the_limit_are_admitted_and_each_end_admits_the_next() -> None:
    limiter = Limiter(2)
    first, second, third = stays(limiter, "a", "b", "c")
    assert (first.admitted, second.admitted, third.admitted) == (True, True, False)
    first.end()
    assert third.admitted
    assert limiter.under_way == 2


def test_conversations_are_served_in_turn() -> None:
    limiter = Limiter(1)
    order = stays(limiter, "a", "a", "a", "a", "b", "c", "b")
    served: list[int] = []
    while len(served) < len(order):
        now = next(number for number, stay in enumerate(order) if stay.admitted and number not in served)
        served.append(now)
        order[now].end()
    assert served == [0, 1, 4, 5, 2, 6, 3]


def test_what_was_refused_after_its_turn_waits_at_the_front() -> None:
    limiter = Limiter(1)
    serving, *waiting = stays(limiter, "a", "b", "a")
    with limiter.place("a", had_its_turn=True) as place:
        assert [limiter.position(other) for other in (place, waiting[0].place, waiting[1].place)] == [1, 2, 3]
        serving.end()
        assert place.admitted.is_set()


def test_a_position_is_the_number_of_turns_until_ones_own() -> None:
    limiter = Limiter(1)
    order = stays(limiter, "a", "a", "a", "b", "b")
    assert [limiter.position(stay.place) for stay in order] == [0, 1, 3, 2, 4]
    order[1].end()
    assert [limiter.position(stay.place) for stay in order] == [0, 0, 1, 2, 3]


def test_who_leaves_the_queue_takes_no_place_with_them() -> None:
    limiter = Limiter(1)
    first, second, third = stays(limiter, "a", "b", "c")
    second.end()
    first.end()
    assert third.admitted
    third.end()
    assert limiter.under_way == 0


def test_a_refusal_halves_what_was_under_way_down_to_one() -> None:
    limiter = Limiter(None)
    order = stays(limiter, *"abcdefgh")
    lowered: list[int | None] = []
    for stay in order:
        limiter.refused()
        lowered.append(limiter.limit)
        stay.end()
    assert lowered == [4, 3, 3, 2, 2, 1, 1, 1]


def test_a_refusal_never_raises_the_limit() -> None:
    limiter = Limiter(2)
    order = stays(limiter, "a", "b")
    assert limiter.refused()
    assert not limiter.refused()
    assert (limiter.limit, len(order)) == (1, limiter.under_way)


def test_a_limit_that_was_lowered_admits_nobody_until_there_is_room() -> None:
    limiter = Limiter(None)
    order = stays(limiter, *"abcd")
    limiter.refused()
    late = Stay(limiter, "e")
    order[0].end()
    order[1].end()
    assert not late.admitted
    order[2].end()
    assert late.admitted


def test_a_limits_worth_of_answers_raises_it_by_one_up_to_where_it_began() -> None:
    limiter = Limiter(4)
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(limiter.place("a"))
        limiter.refused()
    seen: list[int | None] = []
    for _ in range(8):
        limiter.answered()
        seen.append(limiter.limit)
    assert seen == [2, 3, 3, 3, 4, 4, 4, 4]


def test_a_raised_limit_admits_who_waits() -> None:
    limiter = Limiter(2)
    first, _, waiting = stays(limiter, "a", "b", "c")
    limiter.refused()
    first.end()
    assert not waiting.admitted
    limiter.answered()
    assert waiting.admitted


def test_the_queue_has_an_end() -> None:
    limiter = Limiter(1)
    order = stays(limiter, *["a"] * QUEUE)
    assert not limiter.full
    order.append(Stay(limiter, "b"))
    assert limiter.full
    order.pop().end()
    assert not limiter.full


def test_an_error_inside_frees_the_place() -> None:
    limiter = Limiter(1)
    with pytest.raises(ValueError, match="x"), limiter.place("a"):
        raise ValueError("x")
    assert limiter.under_way == 0


@given(
    st.none() | st.integers(1, 5),
    st.lists(st.tuples(st.sampled_from(["ask", "ask", "end", "refused", "answered"]), st.integers(0, 30))),
)
def test_no_place_is_lost_and_none_is_given_twice(most: int | None, steps: list[tuple[str, int]]) -> None:
    limiter, living = Limiter(most), list[Stay]()
    for what, number in steps:
        before = {stay for stay in living if stay.admitted}
        if what == "ask":
            living.append(Stay(limiter, f"c{number % 4}"))
        elif what == "end" and living:
            living.pop(number % len(living)).end()
        elif what == "refused" and before:
            limiter.refused()
        elif what == "answered":
            limiter.answered()
        admitted = {stay for stay in living if stay.admitted}
        assert limiter.under_way == len(admitted)
        assert limiter.limit is None or not (admitted - before) or len(admitted) <= limiter.limit
        waiting = [stay for stay in living if not stay.admitted]
        assert not waiting or (limiter.limit is not None and len(admitted) >= limiter.limit)
        assert sorted(limiter.position(stay.place) for stay in waiting) == list(range(1, len(waiting) + 1))
        assert most is None or limiter.limit is None or 1 <= limiter.limit <= most
    while living:
        living.pop().end()
    assert limiter.under_way == 0


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=30))
def test_who_is_first_in_the_queue_is_served_next(conversations: list[str]) -> None:
    limiter = Limiter(1)
    serving, *waiting = stays(limiter, "x", *conversations)
    while waiting:
        following = next(stay for stay in waiting if limiter.position(stay.place) == 1)
        serving.end()
        assert following.admitted
        waiting.remove(following)
        serving = following
