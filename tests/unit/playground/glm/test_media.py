"""Which pictures and videos a model takes, and what the conversationalist sees of them."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image

from playground.glm import Exchange
from playground.glm.persona import respond
from playground.glm.refusals import refuse
from playground.glm.validate import check
from tests.unit.playground.glm.conftest import question

MP4 = b"\0\0\0\x18ftypisom"
MOV = b"\0\0\0\x14ftypqt  "
MKV = b"\x1aE\xdf\xa3rest"
WEB = "https://example.com/a"


def drawn(kind: str = "PNG", width: int = 3, height: int = 2) -> bytes:
    """A picture of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, kind)
    return file.getvalue()


def encoded(data: bytes, prefix: str = "") -> str:
    return prefix + base64.b64encode(data).decode()


def part(kind: str, url: str) -> dict[str, Any]:
    return {"type": f"{kind}_url", f"{kind}_url": {"url": url}}


def image(data: bytes, prefix: str = "") -> dict[str, Any]:
    return part("image", encoded(data, prefix))


def shown(model: str, *parts: dict[str, Any], provider: str = "bigmodel") -> dict[str, Any]:
    return question(provider, model=model, messages=[{"role": "user", "content": list(parts)}])


def verdict(model: str, *parts: dict[str, Any]) -> str:
    problem = check("bigmodel", shown(model, *parts))
    return refuse("bigmodel", problem)[1] if problem else ""


@pytest.mark.parametrize(
    ("model", "parts"),
    [
        ("glm-4.6v", [image(drawn("PNG")), image(drawn("JPEG")), {"type": "text", "text": "What is this?"}]),
        ("glm-4.6v", [image(drawn("JPEG"), "data:image/jpeg;base64,")]),
        ("glm-4.6v", [part("image", WEB)] * 150),
        ("glm-4.6v", [part("video", encoded(MKV)), part("video", WEB)]),
        ("glm-4.6v", [part("file", WEB)]),
        ("glm-4.5v", [part("video", encoded(MOV))]),
        ("glm-4.1v-thinking-flash", [part("video", encoded(MP4))]),
        ("glm-4v-flash", [image(drawn())]),
        ("glm-5.3-flash", [image(drawn("PNG", 6000, 1))]),
    ],
)
def test_vision_models_take_what_is_documented(model: str, parts: list[dict[str, Any]]) -> None:
    assert verdict(model, *parts) == ""


@pytest.mark.parametrize(
    ("model", "parts"),
    [
        ("glm-4.7", [{"type": "text", "text": "only a text, in parts"}]),
        ("glm-4.7", [image(drawn())]),
        ("glm-4.6v", [part("image", "no base64!")]),
        ("glm-4.6v", [part("image", "ftp://example.com/a.png")]),
        ("glm-4.6v", [image(drawn(), "data:image/png,")]),
        ("glm-4.6v", [image(b"not a picture")]),
        ("glm-4.6v", [image(drawn("GIF"))]),
        ("glm-4.6v", [image(drawn("WEBP"))]),
        ("glm-4.6v", [image(drawn("PNG", 64, 64)[:-40])]),
        ("glm-4.6v", [image(drawn("PNG", 6001, 1))]),
        ("glm-4.6v", [image(drawn() + bytes(5_000_000))]),
        ("glm-4.6v", [part("image", WEB), part("video", WEB)]),
        ("glm-4.6v", [part("image", WEB)] * 151),
        ("glm-4.6v", [part("video", WEB)] * 3),
        ("glm-4.6v", [part("file", WEB), part("image", WEB)]),
        ("glm-4.6v", [part("file", encoded(b"%PDF"))]),
        ("glm-4.6v", [part("video", encoded(b"not a video"))]),
        ("glm-4.5v", [part("image", WEB)] * 51),
        ("glm-4.5v", [part("video", WEB)] * 2),
        ("glm-4.1v-thinking-flash", [part("video", encoded(MKV))]),
        ("glm-4.1v-thinking-flash", [part("file", WEB)]),
        ("glm-4v-flash", [part("image", WEB)] * 2),
        ("glm-4v-flash", [part("video", WEB)]),
        ("glm-5.3-flash", [part("video", WEB)]),
    ],
)
def test_what_a_model_does_not_take_is_a_wrong_parameter(model: str, parts: list[dict[str, Any]]) -> None:
    assert verdict(model, *parts) == "1210"


def test_pictures_count_over_the_whole_prompt() -> None:
    asked = {"role": "user", "content": [image(drawn())]}
    body = question("bigmodel", model="glm-4v-flash", messages=[asked, {"role": "assistant", "content": "A."}, asked])
    assert check("bigmodel", body) is not None


def test_models_that_see_but_call_nothing_refuse_tools() -> None:
    tool: dict[str, Any] = {"type": "function", "function": {"name": "clock", "description": "", "parameters": {}}}
    refused = {
        model
        for model in ("glm-4.5v", "glm-4.1v-thinking-flash", "glm-4v-flash", "glm-4.6v", "glm-4.7")
        if check("bigmodel", question("bigmodel", model=model, tools=[tool]))
    }
    assert refused == {"glm-4.5v", "glm-4.1v-thinking-flash", "glm-4v-flash"}


def test_tools_are_streamed_only_by_models_that_know_it_and_into_streams() -> None:
    def taken(model: str, stream: bool) -> bool:
        return check("zai", question("zai", model=model, tool_stream=True, stream=stream)) is None

    assert taken("glm-4.6", True)
    assert not taken("glm-4.6", False)
    assert not taken("glm-4.5", True)


def said(text: str, *parts: dict[str, Any]) -> str:
    body = shown("glm-4.6v", *parts, {"type": "text", "text": text})
    answer = respond(Exchange("bigmodel", "POST", "/", {}, 0.0, body)).text
    assert isinstance(answer, str)
    return answer


def test_the_conversationalist_says_what_it_sees() -> None:
    english = said("What is this? Tell a story.", image(drawn("JPEG", 640, 480)), part("image", WEB))
    assert "JPEG of 640 × 480 pixels" in english
    assert "an address on the web" in english
    assert "stand-in" in english
    assert "What is this?" in english
    assert "PNG 图片，3 × 2 像素" in said("这是什么？", image(drawn()))
    assert "a video" in said("And this?", part("video", WEB))
    assert "$" not in english


def test_pictures_of_earlier_questions_are_not_described_again() -> None:
    messages = [
        {"role": "user", "content": [image(drawn())]},
        {"role": "assistant", "content": "A."},
        {"role": "user", "content": "What is the sea?"},
    ]
    body = question("bigmodel", model="glm-4.6v", messages=messages)
    assert "pixels" not in respond(Exchange("bigmodel", "POST", "/", {}, 0.0, body)).text
