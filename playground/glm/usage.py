"""What an answer counts as."""

from __future__ import annotations

from playground.glm.dialects import Json, Speech
from playground.glm.exchange import Exchange
from playground.glm.script import Answer, Finish
from playground.glm.tokens import prompt_tokens


def usage_of(answer: Answer, said: Speech, exchange: Exchange) -> Json | None:
    """The usage that goes with an answer, None where it is not to say."""
    ending = answer.ending
    if isinstance(ending, Finish) and ending.usage is not None:
        return dict(ending.usage) or None
    return said.usage(prompt_tokens(exchange.messages))
