from __future__ import annotations

import asyncio
from contextlib import aclosing

import httpx
import pytest

from bot.errors import ModelError
from bot.messages import FinishReason
from tests.unit.glm.provider import Provider, collect, glm, openai, question, text_of, zhipu


async def test_v01_both_dialects_over_http() -> None:
    for name, stream in (("bigmodel", zhipu("Hel", "lo")), ("acedata", openai("Hel", "lo"))):
        deltas = await collect(glm(Provider(stream), name))
        assert text_of(deltas) == "Hello"
        assert deltas[-1].finish is FinishReason.STOP
        assert deltas[-1].provider == name
        assert deltas[-1].usage is not None
