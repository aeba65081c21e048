from __future__ import annotations

from typing import Any

import pytest

from bot.completion import Media, MediaKind, Message, ModelRequest, Role
from bot.glm.catalogue import catalogue
from bot.glm.codes import Remedy
from bot.glm.errors import Refusal, find_rule
from bot.glm.wire import Options, build_body

TALK = (
    Message(Role.SYSTEM, "Be brief."),
    Message(Role.USER, "a"),
    Message(Role.ASSISTANT, "b"),
    Message(Role.USER, "c", media=(Media(MediaKind.IMAGE, "image/png", b"x"),)),
)


def body(remedies: Remedy = Remedy.NONE) -> dict[str, Any]:
    offer = catalogue().offer("glm-4.6v", "bigmodel")
    assert offer is not None
    return build_body(ModelRequest("glm-4.6v", TALK, "u"), offer, Options(), remedies)


@pytest.mark.parametrize(
    ("code", "message", "remedy"),
    [
        ("1210", "image_url.url 参数非法", Remedy.DATA_URL),
        ("1214", "图片输入格式/解析错误", Remedy.DATA_URL),
        ("1210", "cannot be disabled; please use low, high, or max thinking", Remedy.THINK_FREELY),
        ("1212", "does not support this call method", Remedy.WHOLE),
        ("1214", "messages 参数非法", Remedy.FORGET),
        ("1261", "Prompt exceeds max length", Remedy.SHORTEN),
        ("1210", "top_p 参数非法", Remedy.NONE),
        ("1213", "model 参数非法", Remedy.NONE),
    ],
)
def test_known_causes_have_a_remedy(code: str, message: str, remedy: Remedy) -> None:
    assert find_rule("zhipu", Refusal(400, code, message)).remedy is remedy


@pytest.mark.parametrize("remedy", [each for each in Remedy if each is not Remedy.THINK_LESS])
def test_a_remedy_changes_the_request(remedy: Remedy) -> None:
    assert body(remedy) != body()


def test_less_thinking_is_none_where_nothing_was_asked_for() -> None:
    assert body(Remedy.THINK_LESS) == body()
