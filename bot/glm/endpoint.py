"""One provider over HTTP: a long-lived client, and one request at a time turned into deltas."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ssl import SSLContext

import httpx
import structlog

from bot.completion import Delta, Tool
from bot.errors import OperatorError
from bot.glm.answer import AnswerReader, Bounds
from bot.glm.catalogue import Offer, Provider
from bot.glm.errors import broken, read_refusal, read_retry_after
from bot.glm.fields import parse
from bot.glm.watchdog import Watchdog

log = structlog.get_logger(__name__)

# All connections, busy ones too, count as kept alive, and the pool compares each with each when streams end together:
# measured with httpcore 1.0.9, 500 at once block the loop for 4 s without these limits and for 84 ms with them.
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=100, keepalive_expiry=90)
_PATH = "/chat/completions"
_ERROR_BODY = 64 * 1024
_ERROR_BODY_WAIT = 10.0
_DRAIN_WAIT = 0.1
_WARM_WAIT = 5.0
_WARM_FOR = 45.0


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """A provider that the operator has set up; `base_url` "" means the catalogue's."""

    name: str
    key: str = field(repr=False)
    base_url: str = ""


@dataclass(frozen=True, slots=True)
class Whole:
    """An answer that came whole; `retry_after` is in seconds, None when nothing was said."""

    status: int
    text: str = field(repr=False)
    retry_after: float | None = None

    @property
    def success(self) -> bool:
        """Whether it is no HTTP error."""
        return 200 <= self.status < 300


class Endpoint:
    """A provider that can be asked. Raises OperatorError for settings that cannot be used."""

    def __init__(
        self,
        settings: ProviderSettings,
        terms: Provider,
        bounds: Bounds,
        *,
        verify: SSLContext,
        transport: httpx.AsyncBaseTransport | None,
    ) -> None:
        self.name = settings.name
        self._bounds = bounds
        self._root = _root(settings.base_url or terms.base_url, terms.variable)
        self._used = float("-inf")
        self._client = httpx.AsyncClient(
            headers={
                "Authorization": f"Bearer {_key(settings.key, terms.variable)}",
                "Content-Type": "application/json",
                "Accept-Encoding": "identity",  # a proxy that compresses would hold tokens back
                "User-Agent": "glimmer",
                **terms.headers,
            },
            timeout=httpx.Timeout(None, connect=bounds.connect, write=bounds.connect),
            limits=_LIMITS,
            verify=verify,
            transport=transport,
        )

    async def ask(
        self,
        offer: Offer,
        body: bytes,
        *,
        first: float,
        deadline: float,
        gap: Callable[[], float] | None = None,
        tools: Sequence[Tool] = (),
    ) -> AsyncGenerator[Delta, None]:
        """Send a request and yield the answer, with a finish in the last delta.

        By `first` an event must have come, by `deadline` all of it, both in the loop's time; `gap` is asked after each
        event how many seconds the next may take. Raises Fault.
        """
        reader = AnswerReader(offer, self._bounds, tools)
        loop = asyncio.get_running_loop()
        async with self._open("POST", _PATH, body, first) as response:
            delta = None if response.is_success else await _refuse(response, reader)
            if delta is not None:
                yield delta
            stream, events, late = response.aiter_bytes(), 0, "silent"
            with Watchdog(first) as watchdog:
                while not reader.ended and reader.fault is None:
                    delta = await _read(stream, reader, watchdog, deadline, late)
                    if reader.complete:
                        await _drain(stream)
                    if delta is not None:
                        yield delta
                    if reader.events != events:
                        idle = gap() if gap is not None else self._bounds.idle
                        wait = idle if reader.finish is None else self._bounds.tail
                        watchdog.due, late = min(loop.time() + wait, deadline), "stalled"
                    events = reader.events
        self._used = loop.time()
        if reader.fault is not None and not reader.ended:
            reader.fault.trace = reader.fault.trace or reader.trace
            reader.fault.usage = reader.usage
            raise reader.fault

    async def call(self, method: str, path: str, body: bytes = b"", *, within: float) -> Whole:
        """Make a request that is answered at once and whole, within so many seconds. Raises Fault."""
        due = asyncio.get_running_loop().time() + within
        text, kind = bytearray(), ""
        async with self._open(method, path, body, due) as response:
            try:
                async with asyncio.timeout_at(due):
                    async for piece in response.aiter_bytes():
                        text += piece
                        if len(text) > self._bounds.stream:
                            kind = "too_much"
                            break
            except TimeoutError:
                kind = "stalled"
            except httpx.HTTPError:
                kind = "reset"
        if kind:
            raise broken(kind)
        retry_after = read_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        return Whole(response.status_code, text.decode("utf-8", "replace"), retry_after)

    async def warm(self) -> None:
        """Have a connection ready for the next request; does nothing when one was used a moment ago."""
        now = asyncio.get_running_loop().time()
        if now - self._used < _WARM_FOR:
            return
        self._used = now
        try:
            await self._client.head(f"{self._root}/models", timeout=_WARM_WAIT)
        except httpx.HTTPError as error:
            log.debug("glm.not_warmed", provider=self.name, error=type(error).__name__)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    @contextlib.asynccontextmanager
    async def _open(self, method: str, path: str, body: bytes, due: float) -> AsyncGenerator[httpx.Response]:
        response = None
        if self._client.is_closed:
            raise broken("reset")
        try:
            async with asyncio.timeout_at(due):
                request = self._client.build_request(method, self._root + path, content=body)
                response = await self._client.send(request, stream=True)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError):
            kind = "unreachable"
        except (TimeoutError, httpx.TimeoutException):
            kind = "silent"
        except httpx.HTTPError:
            kind = "reset"
        else:
            kind = ""
        if response is None or kind:
            raise broken(kind)
        try:
            yield response
        finally:
            await response.aclose()


async def _read(
    stream: AsyncIterator[bytes], reader: AnswerReader, watchdog: Watchdog, deadline: float, late: str
) -> Delta | None:
    try:
        data = await watchdog.read(stream)
    except TimeoutError:
        return reader.cut(late) if watchdog.due >= deadline else reader.give_up(late)
    except httpx.HTTPError:
        return reader.give_up("reset")
    return reader.feed(data) if data else reader.end()


async def _drain(stream: AsyncIterator[bytes]) -> None:
    """Read the end of the body, for only then the connection can be used again; not getting it costs no more."""
    with contextlib.suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(_DRAIN_WAIT):
            await anext(stream, b"")


async def _refuse(response: httpx.Response, reader: AnswerReader) -> Delta | None:
    body = bytearray()
    # What has come of an error's body by then says enough.
    with contextlib.suppress(httpx.HTTPError, TimeoutError):
        async with asyncio.timeout(_ERROR_BODY_WAIT):
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > _ERROR_BODY:
                    break
    refusal = read_refusal(response.status_code, parse(body.decode("utf-8", "replace")))
    return reader.refuse(refusal, read_retry_after(response.headers.get("Retry-After"), datetime.now(UTC)))


def _root(url: str, variable: str) -> str:
    root = url.strip().rstrip("/").removesuffix(_PATH)
    try:
        parsed = httpx.URL(root)
    except httpx.InvalidURL:
        parsed = httpx.URL()
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise OperatorError(f"{variable}_BASE_URL must be an address that begins with https:// or http://")
    return root


def _key(key: str, variable: str) -> str:
    key = key.strip()
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise OperatorError(f"{variable}_API_KEY is empty or holds characters that no key has; copy it again")
    return key
