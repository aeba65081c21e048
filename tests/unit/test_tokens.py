from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.tokens import FACTOR_BOUNDS, Estimator, beginning, estimate

LOW, HIGH = FACTOR_BOUNDS
counts = st.lists(st.tuples(st.integers(0, 200_000), st.integers(0, 200_000)), max_size=40)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("abcdef", 2), ("abcdefg", 3), ("智谱清言模型很好用啊啊啊啊", 10), ("привет", 3), ("hey 你好", 4)],
)
def test_a_text_is_estimated_by_its_script(text: str, tokens: int) -> None:
    assert estimate(text) == tokens


@given(text=st.text())
def test_an_estimate_is_never_more_than_a_token_for_each_character(text: str) -> None:
    assert bool(text) <= estimate(text) <= len(text)


@given(before=st.text(), after=st.text())
def test_a_longer_text_never_takes_fewer_tokens(before: str, after: str) -> None:
    assert estimate(before + after) >= max(estimate(before), estimate(after))


@given(text=st.text(), tokens=st.integers(0, 50))
def test_a_beginning_is_as_long_as_fits(text: str, tokens: int) -> None:
    kept = beginning(text, tokens)
    assert text.startswith(kept)
    assert estimate(kept) <= tokens
    assert kept == text or estimate(text[: len(kept) + 1]) > tokens


def test_nothing_is_corrected_while_nothing_is_known() -> None:
    assert Estimator().factor("glm-4.6") == 1.0


@given(seen=counts)
def test_a_correction_stays_within_its_bounds(seen: list[tuple[int, int]]) -> None:
    estimator = Estimator()
    for estimated, counted in seen:
        estimator.learn("glm-4.6", estimated, counted)
        assert LOW <= estimator.factor("glm-4.6") <= HIGH


@given(ratio=st.floats(LOW, HIGH), seen=counts)
def test_a_steady_ratio_is_learned_whatever_came_before(ratio: float, seen: list[tuple[int, int]]) -> None:
    estimator = Estimator()
    for estimated, counted in [*seen, *[(100_000, round(100_000 * ratio))] * 40]:
        estimator.learn("glm-4.6", estimated, counted)
    assert estimator.factor("glm-4.6") == pytest.approx(ratio, abs=0.01)


@given(estimated=st.integers(100, 200_000), counted=st.integers(1, 200_000))
def test_one_request_moves_the_correction_towards_what_it_saw_but_not_all_the_way(estimated: int, counted: int) -> None:
    estimator = Estimator()
    estimator.learn("glm-4.6", estimated, counted)
    seen = min(HIGH, max(LOW, counted / estimated))
    factor = estimator.factor("glm-4.6")
    assert min(1.0, seen) <= factor <= max(1.0, seen)
    assert factor != seen or seen == 1.0


def test_models_are_corrected_apart() -> None:
    estimator = Estimator()
    estimator.learn("glm-4.6", 1_000, 2_000)
    assert estimator.factor("glm-4.6") > 1.0
    assert estimator.factor("glm-4.5-air") == 1.0


@pytest.mark.parametrize(("estimated", "counted"), [(0, 0), (0, 12), (99, 150), (5_000, 0), (5_000, -1)])
def test_what_says_nothing_about_the_text_is_not_learned(estimated: int, counted: int) -> None:
    estimator = Estimator()
    estimator.learn("glm-4.6", estimated, counted)
    assert estimator.factor("glm-4.6") == 1.0
