"""Fetching a file over HTTP for an adapter: bounded in size and time, and only from where that adapter trusts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import aiohttp
from yarl import URL

from bot.errors import PlatformError, PlatformGone, PlatformRefused

# Seconds that a file may take in all, and to reach its server.
TIMEOUT: Final = 60.0
_CONNECT: Final = 10.0
_CHUNK: Final = 64 * 1024
REDIRECTS: Final = 3
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_GONE: Final = frozenset({401, 403, 404, 410})


@dataclass(frozen=True, slots=True)
class Site:
    """What an adapter knows about where its files lie.

    `headers` gives what a request to an address carries, and raises PlatformRefused for one that is not to be opened;
    it is asked anew for each redirect. `refusals` names the sentence for the user by status, where it is not "gone".
    """

    headers: Callable[[URL], Mapping[str, str]]
    refusals: Mapping[int, str] = field(default_factory=dict[int, str])


@dataclass(frozen=True, slots=True)
class Download:
    """A file, its media type as the server states it, and where it lay in the end."""

    data: bytes
    media_type: str
    url: URL


async def download(session: aiohttp.ClientSession, address: str, limit: int, site: Site) -> Download:
    """Fetch a file of at most so many bytes; raises PlatformGone, PlatformRefused and PlatformError."""
    try:
        async with asyncio.timeout(TIMEOUT):
            return await _follow(session, URL(address), limit, site)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise PlatformError(f"the file did not come: {type(error).__name__}") from error


async def _follow(session: aiohttp.ClientSession, url: URL, limit: int, site: Site) -> Download:
    timeout = aiohttp.ClientTimeout(total=TIMEOUT, sock_connect=_CONNECT)
    for _ in range(REDIRECTS + 1):
        headers = {"Accept-Encoding": "identity", **site.headers(url)}
        async with session.get(url, headers=headers, allow_redirects=False, timeout=timeout) as response:
            if response.status not in _MOVED or "Location" not in response.headers:
                return await _read(response, limit, site)
            url = url.join(URL(response.headers["Location"]))
    raise PlatformError("too many redirects")


async def _read(response: aiohttp.ClientResponse, limit: int, site: Site) -> Download:
    if response.status in site.refusals:
        raise PlatformRefused(f"the file's server answered {response.status}", text=site.refusals[response.status])
    if response.status in _GONE:
        raise PlatformGone(f"the file's server answered {response.status}")
    if response.status != 200:
        raise PlatformError(f"the file's server answered {response.status}")
    if (response.content_length or 0) > limit:
        raise _too_big()
    data = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        data += chunk
        # The header may be missing, or wrong.
        if len(data) > limit:
            raise _too_big()
    return Download(bytes(data), response.content_type, response.url)


def _too_big() -> PlatformRefused:
    return PlatformRefused("the file is too big", text="file_too_big")
