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

from bot.glm.catalogue import catalogue
from bot.glm.codes import Remedy
from bot.glm.wire import Options, build_body
from bot.messages import Message, ModelRequest, Role, ToolCall

_ROOT = Path(__file__).parents[2]
_CONTRACTS = Path(os.environ.get("GLIMMER_CONTRACTS", _ROOT.parent / "shared" / "contracts"))
_FILE = _CONTRACTS / "glm" / "aimlapi-openapi.json"

pytestmark = pytest.mark.skipif(not _FILE.exists(), reason="the published schemas are not on this machine")

CALL = ToolCall("c1", "now", "{}")
EXCHANGE = (Message(Role.ASSISTANT, "", (CALL,)), Message(Role.TOOL, "noon", tool_call_id="c1"))
MESSAGES = st.lists(
    st.one_of(
        st.builds(Message, st.sampled_from([Role.SYSTEM, Role.USER, Role.ASSISTANT]), st.text(max_size=5)).map(
            lambda message: (message,)
        ),
        st.just(EXCHANGE),
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
    temperature=st.none() | st.floats(0, 1),
    max_tokens=st.integers(1, 200_000),
    remedy=st.sampled_from([Remedy.NONE, Remedy.SHORTEN, Remedy.FOLD_SYSTEM]),
)
def test_v37_every_request_validates(
    validator: Draft202012Validator,
    messages: tuple[Message, ...],
    temperature: float | None,
    max_tokens: int,
    remedy: Remedy,
) -> None:
    offer = catalogue().offer("glm-5.1", "aimlapi")
    assert offer is not None
    request = ModelRequest("glm-5.1", (*messages, Message(Role.USER, "Hi")), "u")
    body = build_body(
        request, offer, Options(max_tokens, temperature), remedy, {"request_id": "r", "user_id": "u" * 32}
    )
    assert [error.message for error in validator.iter_errors(body)] == []


def test_v37_the_schema_would_notice(validator: Draft202012Validator) -> None:
    assert not validator.is_valid({"model": "zhipu/glm-5-1", "messages": [{"role": "user", "content": None}]})
    assert not validator.is_valid({"model": "glm-5.1", "messages": [{"role": "user", "content": "Hi"}]})
