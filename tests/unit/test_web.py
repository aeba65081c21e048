from __future__ import annotations

import json
import urllib.request
from collections.abc import Mapping

import aiohttp
import pytest

from bot import metrics, web
from bot.errors import OperatorError

HERE = "127.0.0.1"


async def get(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://{HERE}:{port}{path}") as response:
        return response.status, await response.text()


@pytest.mark.parametrize(
    ("parts", "status"),
    [({"discord": True}, 200), ({"discord": False}, 503), ({"a": True, "b": False}, 503), ({}, 200)],
)
async def test_health_is_that_of_all_parts(parts: Mapping[str, bool], status: int) -> None:
    async with web.serve(HERE, 0, lambda: parts) as port:
        found, body = await get(port, "/healthz")
    assert found == status
    assert json.loads(body) == {"ok": status == 200, **parts}


async def test_health_is_asked_anew_each_time() -> None:
    parts = {"discord": False}
    async with web.serve(HERE, 0, lambda: parts) as port:
        assert (await get(port, "/healthz"))[0] == 503
        parts["discord"] = True
        assert (await get(port, "/healthz"))[0] == 200


async def test_metrics_are_in_the_text_format() -> None:
    metrics.turns.labels("answered").inc()
    async with web.serve(HERE, 0, dict) as port:
        status, body = await get(port, "/metrics")
    assert status == 200
    assert 'glimmer_turns_total{outcome="answered"}' in body


async def test_there_is_nothing_else() -> None:
    async with web.serve(HERE, 0, dict) as port:
        assert (await get(port, "/"))[0] == 404


async def test_a_port_that_is_taken_is_the_operators_to_mend() -> None:
    async with web.serve(HERE, 0, dict) as port:
        with pytest.raises(OperatorError, match=rf"^HOST, PORT: cannot listen on {HERE}:{port}"):
            async with web.serve(HERE, port, dict):
                pass


async def test_a_host_that_does_not_exist_is_the_operators_to_mend() -> None:
    with pytest.raises(OperatorError, match=r"^HOST, PORT: "):
        async with web.serve("256.1.1.1", 0, dict):
            pass


async def test_the_port_is_free_again_afterwards() -> None:
    async with web.serve(HERE, 0, dict) as port:
        pass
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://{HERE}:{port}/healthz", timeout=5)  # noqa: ASYNC210  # it is refused at once
