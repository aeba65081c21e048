"""A stand-in for the GLM providers, which real HTTP clients talk to over loopback."""

from playground.glm.exchange import Exchange
from playground.glm.script import (
    BEFORE_HEADERS,
    Answer,
    Broken,
    Call,
    Calling,
    Cut,
    Finish,
    Hold,
    Later,
    Raw,
    Sensitive,
    Silence,
    Thinking,
    Wire,
    every,
)
from playground.glm.server import DEFAULT_KEY, GlmStandIn

__all__ = [
    "BEFORE_HEADERS",
    "DEFAULT_KEY",
    "Answer",
    "Broken",
    "Call",
    "Calling",
    "Cut",
    "Exchange",
    "Finish",
    "GlmStandIn",
    "Hold",
    "Later",
    "Raw",
    "Sensitive",
    "Silence",
    "Thinking",
    "Wire",
    "every",
]
