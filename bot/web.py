"""The HTTP side: /healthz and /metrics."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from types import MappingProxyType

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.errors import OperatorError

Hook = Callable[[web.Request], Awaitable[web.Response]]
# Bytes of one event; the largest that platforms are known to send are far below.
_HOOK_SIZE = 2**20


@asynccontextmanager
async def serve(
    host: str, port: int, health: Callable[[], Mapping[str, bool]], hooks: Mapping[str, Hook] = MappingProxyType({})
) -> AsyncGenerator[int, None]:
    """Serve until left, and give the port; /healthz is 200 when all parts are well, else 503.

    `hooks` are where platforms send their events to, by path.
    """

    async def healthz(_request: web.Request) -> web.Response:
        parts = health()
        well = all(parts.values())
        body = json.dumps({"ok": well, **parts})
        return web.Response(text=body, content_type="application/json", status=200 if well else 503)

    async def metrics(_request: web.Request) -> web.Response:
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application(client_max_size=_HOOK_SIZE)
    for path, hook in hooks.items():
        app.router.add_post(path, hook)
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/metrics", metrics)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        try:
            await site.start()
        except OSError as error:
            raise OperatorError(f"HOST, PORT: cannot listen on {host}:{port} ({error.strerror})") from None
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
