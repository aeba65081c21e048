"""Fetches a page from the public internet, within limits of time, size and redirects."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from bot.errors import ServiceError, UserError
from bot.tools.read_page.addresses import Gate
from bot.tools.registry import Context
from bot.tools.wording import Sentence, say

SIZE: Final = 2_000_000
SECONDS: Final = 10.0
REDIRECTS: Final = 5
_PIECE: Final = 64 * 1024
_ONE_WORD: Final = re.compile(r"\S+")
_HEADERS: Final = {
    "User-Agent": "Glimmer (a chat assistant; reads a page when somebody asks about it)",
    "Accept": "text/html, application/xhtml+xml, text/plain, application/json, application/pdf;q=0.9, */*;q=0.1",
}

_ADDRESS: Final = (
    "“{address}” is no address of a web page; I read http and https only.",
    "“{address}”不是网页地址;我只能读取 http 和 https。",
)
_PRIVATE: Final = (
    "I only read pages on the public internet, and this is not one: {address}",
    "我只读取公共互联网上的网页,而这不是:{address}",
)
_REDIRECTED: Final = (
    "{address} redirects more than {redirects} times, or to where I do not follow.",
    "{address} 的重定向超过 {redirects} 次,或指向我无法访问的地方。",
)
_SILENT: Final = ("I could not reach {address}.", "我无法访问 {address}。")
_SLOW: Final = ("{address} did not answer within {seconds:.0f} seconds.", "{address} 在 {seconds:.0f} 秒内没有响应。")
_UNTRUSTED: Final = ("{address} has no valid certificate.", "{address} 没有有效的证书。")
_STATUS: Final = ("{address} answered with the status {status}.", "{address} 返回了状态码 {status}。")

# What the library raises, the first that fits.
_FAILURES: Final[tuple[tuple[tuple[type[Exception], ...], type[UserError | ServiceError], Sentence], ...]] = (
    (
        (aiohttp.TooManyRedirects, aiohttp.NonHttpUrlClientError, aiohttp.InvalidUrlRedirectClientError),
        UserError,
        _REDIRECTED,
    ),
    # Before the others: a certificate for another name is a ValueError too.
    ((aiohttp.ClientSSLError,), ServiceError, _UNTRUSTED),
    ((TimeoutError,), ServiceError, _SLOW),
    ((ValueError,), UserError, _ADDRESS),
    ((aiohttp.ClientError,), ServiceError, _SILENT),
)


@dataclass(frozen=True, slots=True)
class Download:
    """What was at an address after all redirects; `cut` says that it is the first SIZE bytes of more."""

    address: str
    kind: str
    charset: str
    data: bytes
    cut: bool


async def fetch(text: str, context: Context) -> Download:
    """Fetch a page; raises UserError for an address that is not read, ServiceError for one that does not answer."""
    address = _address(text, context.locale)
    gate = Gate(_open_to(context))
    try:
        async with (
            asyncio.timeout(SECONDS),
            _session(gate) as session,
            # The library refuses the redirect with this number.
            session.get(address, max_redirects=REDIRECTS + 1) as response,
        ):
            return await _received(response, context.locale)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        kind, sentence = (UserError, _PRIVATE) if gate.refused else _explained(error)
        raise kind(say(sentence, context.locale, address=address, redirects=REDIRECTS, seconds=SECONDS)) from error


def _explained(error: Exception) -> tuple[type[UserError | ServiceError], Sentence]:
    return next((kind, sentence) for types, kind, sentence in _FAILURES if isinstance(error, types))


def _session(gate: Gate) -> aiohttp.ClientSession:
    # A session for one page: nothing of it is left for the next, neither cookies nor connections. Without the
    # environment's proxy, which would connect in our place to whatever it is told.
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(socket_factory=gate, use_dns_cache=False),
        cookie_jar=aiohttp.DummyCookieJar(),
        headers=_HEADERS,
        timeout=aiohttp.ClientTimeout(total=SECONDS),
        trust_env=False,
    )


async def _received(response: aiohttp.ClientResponse, locale: str) -> Download:
    address = str(response.url)
    if response.status != HTTPStatus.OK:
        raise ServiceError(say(_STATUS, locale, address=address, status=response.status))
    body = bytearray()
    async for piece in response.content.iter_chunked(_PIECE):
        body += piece
        if len(body) > SIZE:
            break
    cut = len(body) > SIZE
    return Download(address, response.content_type.lower(), response.charset or "", bytes(body[:SIZE]), cut)


def _address(text: str, locale: str) -> URL:
    wanted = text.strip().strip("<>")
    try:
        address = URL(wanted if "://" in wanted else f"https://{wanted}") if _ONE_WORD.fullmatch(wanted) else URL()
    except ValueError:
        address = URL()
    if address.scheme not in ("http", "https") or not address.host:
        raise UserError(say(_ADDRESS, locale, address=wanted))
    return address.with_user(None).with_fragment(None)


def _open_to(context: Context) -> list[tuple[str, int]]:
    """The one server that may be read although it is not public: the stand-in, where somebody runs one."""
    parts = urlsplit(context.services.get("pages", ""))
    return [(parts.hostname, parts.port)] if parts.hostname and parts.port else []
