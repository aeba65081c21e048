from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.glm.limiter import QUEUE, RECALL, REST, Limiter, Place
from bot.glm.pause import Pause
from bot.glm.retry import RetryPolicy


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Door:
    """What is asked for each that is admitted; says how many more may pass."""

    def __init__(self, room: int) -> None:
        self.room = room

    def __call__(self, place: Place) -> bool:
        if self.room == 0:
            return False
        self.room -= 1
        return True


def a_limiter(most: int | None, clock: Clock | None = None, door: Door | None = None) -> Limiter:
    clock = clock or Clock()
    pause = Pause(RetryPolicy(draw=lambda low, high: high), clock)
    return Limiter(most, pause, clock, door or (lambda place: True))


class Stay:
    """A place that is entered at once and left when the test says so."""

    def __init__(self, limiter: Limiter, conversation: str, turn: int = 0) -> None:
        self._limiter = limiter
        self.place = limiter.join(conversation, turn)

    @property
    def admitted(self) -> bool:
        return self.place.admitted.is_set()

    def end(self) -> None:
        self._limiter.leave(self.place)

    def refuse(self, pace: float = 1.0) -> bool:
        """Be refused, and leave; whether that lowers the limit."""
        lowered = self._limiter.refused(self.place, pace, None)
        self.end()
        return lowered

    def again(self) -> Stay:
        """Wait once more, with the same turn."""
        return Stay(self._limiter, self.place.conversation, self.place.turn)

    def answer(self) -> None:
        """Be answered, and leave."""
        self._limiter.answered()
        self.end()


def stays(limiter: Limiter, *conversations: str) -> list[Stay]:
    return [Stay(limiter, conversation) for conversation in conversations]


def test_without_a_limit_all_are_admitted() -> None:
    assert all(stay.admitted for stay in stays(a_limiter(None), *["a"] * 100))


def test_as_many_as_the_limit_are_admitted_and_each_end_admits_the_next() -> None:
    limiter = a_limiter(2)
    first, second, third = stays(limiter, "a", "b", "c")
    assert (first.admitted, second.admitted, third.admitted) == (True, True, False)
    first.end()
    assert third.admitted
    assert limiter.under_way == 2


def test_conversations_are_served_in_turn() -> None:
    limiter = a_limiter(1)
    order = stays(limiter, "a", "a", "a", "a", "b", "c", "b")
    served: list[int] = []
    while len(served) < len(order):
        now = next(number for number, stay in enumerate(order) if stay.admitted and number not in served)
        served.append(now)
        order[now].end()
    assert served == [0, 1, 4, 5, 2, 6, 3]


def test_who_is_refused_waits_at_the_front_in_the_order_in_which_they_came() -> None:
    clock = Clock()
    limiter = a_limiter(3, clock)
    asked = stays(limiter, *"abcd")
    for stay in asked[2], asked[0], asked[1]:
        stay.refuse()
    second, first = asked[1].again(), asked[0].again()
    assert [limiter.position(stay.place) for stay in (first, second, asked[3])] == [1, 2, 3]
    clock.now += 2
    limiter.admit()
    assert (first.admitted, second.admitted, limiter.limit) == (True, False, 1)
    first.refuse()
    assert limiter.position(first.again().place) == 1


def test_a_position_is_the_number_of_turns_until_ones_own() -> None:
    limiter = a_limiter(1)
    order = stays(limiter, "a", "a", "a", "b", "b")
    assert [limiter.position(stay.place) for stay in order] == [0, 1, 3, 2, 4]
    order[1].end()
    assert [limiter.position(stay.place) for stay in order] == [0, 0, 1, 2, 3]


def test_who_leaves_the_queue_takes_no_place_with_them() -> None:
    limiter = a_limiter(1)
    first, second, third = stays(limiter, "a", "b", "c")
    second.end()
    first.end()
    assert third.admitted
    third.end()
    assert limiter.under_way == 0


# What refusals teach --------------------------------------------------------------------------------------------------


def test_those_who_are_not_refused_are_how_many_may_be_under_way() -> None:
    limiter = a_limiter(None)
    asked = stays(limiter, *"abcdefghij")
    for stay in asked[2:]:
        stay.refuse()
    assert (limiter.limit, limiter.under_way) == (2, 2)


def test_at_least_one_is_always_tried() -> None:
    limiter = a_limiter(None)
    lowered = [stay.refuse() for stay in stays(limiter, *"abc")]
    assert (lowered, limiter.limit) == ([True, True, False], 1)


def test_a_refusal_never_raises_the_limit() -> None:
    clock = Clock()
    limiter = a_limiter(5, clock)
    order = stays(limiter, *"abcde")
    for stay in order[1:4]:
        stay.refuse()
    assert limiter.limit == 2
    clock.now += 2
    assert order[4].refuse()
    assert limiter.limit == 1
    late = Stay(limiter, "f")
    assert (late.admitted, limiter.limit) == (False, 1)


def test_nobody_is_admitted_while_it_pauses_and_all_who_fit_are_after_it() -> None:
    clock = Clock()
    limiter = a_limiter(None, clock)
    first, second, third = stays(limiter, *"abc")
    third.refuse()
    first.end()
    waiting = stays(limiter, *"xyz")
    clock.now += 0.9
    limiter.admit()
    assert not any(stay.admitted for stay in waiting)
    clock.now += 0.2
    limiter.admit()
    assert [stay.admitted for stay in waiting] == [True, False, False]
    assert (limiter.limit, second.admitted) == (2, True)


def test_it_says_when_time_alone_lets_somebody_in() -> None:
    clock = Clock()
    limiter = a_limiter(None, clock)
    first, _, third = stays(limiter, *"abc")
    assert limiter.admits_in == float("inf")
    third.refuse()
    assert limiter.admits_in == 1.0
    clock.now += 2.0
    assert limiter.admits_in == float("inf")
    first.answer()
    assert round(limiter.admits_in, 6) == REST


def test_a_place_that_was_left_rests_where_there_has_been_a_refusal() -> None:
    clock = Clock()
    limiter = a_limiter(1, clock)
    first, second, third = stays(limiter, *"abc")
    first.answer()
    assert second.admitted, "nothing is known yet"
    second.refuse()
    again = second.again()
    clock.now += 1.0
    limiter.admit()
    assert again.admitted
    again.answer()
    assert not third.admitted
    clock.now += REST
    limiter.admit()
    assert third.admitted


def test_who_is_refused_in_a_place_that_was_just_left_lowers_nothing() -> None:
    clock = Clock()
    limiter = a_limiter(2, clock)
    first, second, third, fourth = stays(limiter, *"abcd")
    first.answer()
    second.answer()
    assert [third.refuse(), fourth.refuse()] == [False, False]
    assert (limiter.limit, limiter.pause.left) == (2, 1.0)


def test_a_limits_worth_of_answers_raises_it_by_one_up_to_where_it_began() -> None:
    limiter = a_limiter(4)
    for stay in stays(limiter, *"abcd"):
        stay.refuse()
    seen: list[int | None] = []
    for _ in range(12):
        limiter.answered()
        seen.append(limiter.limit)
    assert seen == [2, 2, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4]


def test_a_number_that_was_refused_is_tried_again_after_a_minute_only() -> None:
    clock = Clock()
    limiter = a_limiter(None, clock)
    asked = stays(limiter, *"abc")
    asked[2].refuse()
    for _ in range(50):
        limiter.answered()
    assert limiter.limit == 2
    clock.now += RECALL
    limiter.answered()
    assert limiter.limit == 3
    last = Stay(limiter, "d")
    assert last.refuse()
    limiter.answered()
    assert limiter.limit == 2


def test_a_raised_limit_admits_who_waits() -> None:
    clock = Clock()
    limiter = a_limiter(2, clock)
    for stay in stays(limiter, *"ab"):
        stay.refuse()
    clock.now += 2
    first, waiting = stays(limiter, *"cd")
    assert (first.admitted, waiting.admitted) == (True, False)
    limiter.answered()
    assert waiting.admitted


def test_who_may_not_pass_waits_though_there_is_room() -> None:
    door = Door(0)
    limiter = a_limiter(None, door=door)
    first, second = stays(limiter, *"ab")
    assert not first.admitted
    door.room = 1
    limiter.admit()
    assert (first.admitted, second.admitted) == (True, False)


def test_the_queue_has_an_end() -> None:
    limiter = a_limiter(1)
    order = stays(limiter, *["a"] * QUEUE)
    assert not limiter.full
    order.append(Stay(limiter, "b"))
    assert limiter.full
    order.pop().end()
    assert not limiter.full


@given(
    st.none() | st.integers(1, 5),
    st.lists(
        st.tuples(st.sampled_from(["ask", "ask", "end", "refuse", "answer"]), st.integers(0, 30), st.floats(0.0, 3.0))
    ),
)
def test_no_place_is_lost_and_none_is_given_twice(most: int | None, steps: list[tuple[str, int, float]]) -> None:
    clock, living = Clock(), list[Stay]()
    limiter = a_limiter(most, clock)
    for what, number, seconds in steps:
        clock.now += seconds
        before = [stay for stay in living if stay.admitted]
        if what == "ask":
            living.append(Stay(limiter, f"c{number % 4}"))
        elif what == "end" and living:
            living.pop(number % len(living)).end()
        elif before:
            stay = before[number % len(before)]
            living.remove(stay)
            if what == "answer":
                stay.answer()
            elif what == "refuse":
                stay.refuse()
                living.append(stay.again())
        limiter.admit()
        admitted = [stay for stay in living if stay.admitted]
        waiting = [stay for stay in living if not stay.admitted]
        assert limiter.under_way == len(admitted)
        assert limiter.limit is None or set(admitted) <= set(before) or len(admitted) <= limiter.limit
        assert not waiting or limiter.admits_in < 5.0 or len(admitted) >= (limiter.limit or 0) > 0
        assert sorted(limiter.position(stay.place) for stay in waiting) == list(range(1, len(waiting) + 1))
        assert most is None or limiter.limit is None or 1 <= limiter.limit <= most
    while living:
        living.pop().end()
    assert limiter.under_way == 0


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=30))
def test_who_is_first_in_the_queue_is_served_next(conversations: list[str]) -> None:
    limiter = a_limiter(1)
    serving, *waiting = stays(limiter, "x", *conversations)
    while waiting:
        following = next(stay for stay in waiting if limiter.position(stay.place) == 1)
        serving.end()
        assert following.admitted
        waiting.remove(following)
        serving = following
