"""A stand-in for the GLM providers, which real HTTP clients talk to over loopback."""

from playground.glm.exchange import Exchange
from playground.glm.script import (
    BEFORE_HEADERS,
    Answer,
    Broken,
    Cut,
    Finish,
    Hold,
    Raw,
    Sensitive,
    Silence,
    Thinking,
    Wire,
)
from playground.glm.server import DEFAULT_KEY, GlmStandIn

__all__ = [
    "BEFORE_HEADERS",
    "DEFAULT_KEY",
    "Answer",
    "Broken",
    "Cut",
    "Exchange",
    "Finish",
    "GlmStandIn",
    "Hold",
    "Raw",
    "Sensitive",
    "Silence",
    "Thinking",
    "Wire",
]
