from __future__ import annotations

from dataclasses import replace

import pytest

from bot.completion import ToolCall
from bot.tools.box import Toolbox
from bot.tools.read_page import read_page
from bot.tools.read_page.wish import is_written
from bot.tools.registry import Context
from playground.services import ServicesStandIn


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://x.example/a?b=1", "what is on https://x.example/a?b=1?"),
        ("https://x.example/a", "(https://x.example/a), please"),
        ("https://x.example/a#part", "https://x.example/a"),
        ("http://x.example/", "https://X.example"),
        ("x.example/a", "看https://x.example/a。讲了什么"),
        ("https://x.example", "sum up x.example please"),
        ("https://x.example/docs", "see x.example/docs."),
        ("https://x.example:8080/a", "x.example:8080/a"),
        ("https://zh.x.example/wiki/%E5%8C%97%E4%BA%AC", "https://zh.x.example/wiki/北京 讲了什么"),
        ("https://zh.x.example/wiki/北京", "读 https://zh.x.example/wiki/北京。"),
        ("http://127.0.0.1:80/a", "http://127.0.0.1:80/a"),
    ],
)
def test_what_somebody_wrote_may_be_read(address: str, words: str) -> None:
    assert is_written(address, words)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://x.example/a?b=1", ""),
        ("https://x.example/a?b=2", "https://x.example/a?b=1"),
        ("https://x.example/a", "https://x.example/ab"),
        ("https://x.example/?d=secret", "https://x.example/"),
        ("https://evil.example/x.example", "x.example"),
        ("https://x.example.evil.example", "https://x.example"),
        ("https://example", "x.example"),
        ("https://x.example", "me@x.example"),
        ("https://x.example@evil.example/", "https://x.example"),
    ],
)
def test_what_nobody_wrote_is_not_read(address: str, words: str) -> None:
    assert not is_written(address, words)


async def test_a_model_reads_only_what_somebody_wrote(
    context: Context, services: ServicesStandIn, silence: None
) -> None:
    call = ToolCall("1", "read_page", f'{{"address": "{services.url}/lighthouse"}}')
    refused = await Toolbox([read_page]).call(call, replace(context, words="what is on the page?"))
    assert "Ask them to write this one" in refused.failure
    read = await Toolbox([read_page]).call(call, replace(context, words=f"what is on {services.url}/lighthouse?"))
    assert "41 metres" in read.text
