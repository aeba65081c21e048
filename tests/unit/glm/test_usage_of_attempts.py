"""What attempts have used that came to nothing counts with the answer that was given in the end."""

from __future__ import annotations

import pytest

from bot.completion import Usage
from tests.unit.glm.provider import DONE, Provider, chunk, collect, event, glm, openai, text_of, zhipu

USED = {"usage": {"prompt_tokens": 70, "completion_tokens": 30}}
HELLO = zhipu("Hello")
EMPTY = zhipu(usage=USED["usage"])
# Failed attempts of which the provider says what they have used.
FAILED = {
    "its own network failed": chunk("network_error", top=USED, content=""),
    "it broke off without a reason": chunk(top=USED, reasoning_content="hm") + DONE,
    "an error came after it": chunk(top=USED, reasoning_content="hm") + event({"error": {"code": 1234}}),
}


async def used(*replies: bytes, names: tuple[str, ...] = ()) -> Usage | None:
    deltas = await collect(glm(Provider(*replies), *names))
    assert text_of(deltas)
    return deltas[-1].usage


@pytest.mark.parametrize("failed", FAILED)
async def test_an_attempt_that_failed_counts(failed: str) -> None:
    usage = await used(FAILED[failed], HELLO)
    assert usage is not None
    # Of two prompts together, so that nobody learns the size of one from it.
    assert (usage.prompt, usage.completion, usage.padded) == (77, 33, True)


async def test_all_that_failed_count_together_also_with_one_that_was_empty() -> None:
    failed = FAILED["its own network failed"]
    usage = await used(failed, failed, EMPTY, HELLO)
    assert usage is not None
    assert (usage.prompt, usage.completion) == (3 * 70 + 7, 3 * 30 + 3)


async def test_what_failed_at_one_provider_counts_with_the_answer_of_the_next() -> None:
    failed = FAILED["its own network failed"]
    usage = await used(failed, failed, failed, openai("Hello"), names=("bigmodel", "acedata"))
    assert usage is not None
    assert (usage.prompt, usage.completion) == (3 * 70 + 1420, 3 * 30 + 18)


async def test_an_attempt_of_which_nothing_is_said_counts_for_nothing() -> None:
    usage = await used(chunk("network_error", content=""), HELLO)
    assert usage is not None
    assert (usage.prompt, usage.padded) == (7, False)
