"""Requests of the GLM client against the request schema that a provider publishes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from bot.completion import Media, MediaKind, Message, ModelRequest, Role, Thinking, Tool, ToolCall
from bot.glm.catalogue import catalogue
from bot.glm.codes import Remedy
from bot.glm.wire import Options, build_body

_ROOT = Path(__file__).parents[2]
_CONTRACTS = Path(os.environ.get("GLIMMER_CONTRACTS", _ROOT.parent / "shared" / "contracts"))
_FILE = _CONTRACTS / "glm" / "aimlapi-openapi.json"

pytestmark = pytest.mark.skipif(not _FILE.exists(), reason="the published schemas are not on this machine")

CALL = ToolCall("c1", "now", "{}")
EXCHANGE = (
    Message(Role.ASSISTANT, "", (CALL,), reasoning="reasoning-canary"),
    Message(Role.TOOL, "noon", tool_call_id="c1"),
)
PICTURE = (Message(Role.USER, "?", media=(Media(MediaKind.IMAGE, "image/png", b"x"),)),)
TOOL = Tool("now", "The time.", {"type": "object", "properties": {"zone": {"type": "string", "default": None}}})
MESSAGES = st.lists(
    st.one_of(
        st.builds(Message, st.sampled_from([Role.SYSTEM, Role.USER, Role.ASSISTANT]), st.text(max_size=5)).map(
            lambda message: (message,)
        ),
        st.sampled_from([EXCHANGE, PICTURE]),
    ),
    max_size=6,
).map(lambda groups: tuple(message for group in groups for message in group))


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    """The schema of the one model whose page is at hand."""
    paths: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))["paths"]
    content = paths["/v1/chat/completions"]["post"]["requestBody"]["content"]
    return Draft202012Validator(content["application/json"]["schema"])


@settings(deadline=None)
@given(
    messages=MESSAGES,
    options=st.builds(Options, st.integers(1, 200_000), st.none() | st.floats(0, 1), st.booleans()),
    remedy=st.sampled_from([Remedy.NONE, *Remedy]),
    thinking=st.none() | st.sampled_from(Thinking),
    tools=st.sampled_from([(), (TOOL,)]),
)
def test_v37_every_request_validates(
    validator: Draft202012Validator,
    messages: tuple[Message, ...],
    options: Options,
    remedy: Remedy,
    thinking: Thinking | None,
    tools: tuple[Tool, ...],
) -> None:
    offer = catalogue().offer("glm-5.1", "aimlapi")
    assert offer is not None
    request = ModelRequest("glm-5.1", (*messages, Message(Role.USER, "Hi")), "u", "", thinking, tools)
    body = build_body(request, offer, options, remedy, {"request_id": "r", "user_id": "u" * 32})
    assert [error.message for error in validator.iter_errors(body)] == []


def test_v37_the_schema_would_notice(validator: Draft202012Validator) -> None:
    assert not validator.is_valid({"model": "zhipu/glm-5-1", "messages": [{"role": "user", "content": None}]})
    assert not validator.is_valid({"model": "glm-5.1", "messages": [{"role": "user", "content": "Hi"}]})
