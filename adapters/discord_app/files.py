"""Files beside messages, from Discord's CDN."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import aiohttp
from yarl import URL

from adapters.download import Site, download
from bot.errors import PlatformRefused
from bot.messages import Attachment

# Discord docs, reference#image-formatting and resources/message: where attachments lie, and Discord's own sites.
_DOMAINS: Final = ("discordapp.com", "discordapp.net", "discord.com")


class Files:
    """Fetches attachments without any credentials: the link itself is signed.

    `api_url` is the REST root; the host of one that is not Discord's is trusted as well.
    """

    def __init__(self, api_url: str) -> None:
        api = URL(api_url)
        self._host = "" if _is_discords(api) else api.host or ""
        self._site = Site(self._headers)

    async def download(self, attachment: Attachment, limit: int) -> bytes:
        """The whole of a file; raises PlatformError and its kin."""
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            return (await download(session, attachment.url, limit, self._site)).data

    def _headers(self, url: URL) -> Mapping[str, str]:
        trusted = (url.scheme == "https" and _is_discords(url)) or (bool(self._host) and url.host == self._host)
        if not trusted:
            raise PlatformRefused("the file's address is not Discord's", text="file_elsewhere")
        return {}


def _is_discords(url: URL) -> bool:
    host = url.host or ""
    return any(host == domain or host.endswith(f".{domain}") for domain in _DOMAINS)
