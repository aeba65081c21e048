"""Files beside messages, from Slack: private addresses that want the bot's token, which nobody else may see."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, Protocol

import aiohttp
import structlog
from yarl import URL

from adapters.download import Download, Site, download
from adapters.slack_app import failures
from adapters.slack_app.client import SLACK_URL, Workspace
from adapters.slack_app.markup import Json, part, word
from bot.errors import PlatformError, PlatformGone, PlatformRefused
from bot.messages import Attachment
from bot.pacing import Priority

log = structlog.get_logger(__name__)

# Slack docs, messaging/working-with-files: files lie below these domains.
_SLACK: Final = "slack.com"
_DOMAINS: Final = (f".{_SLACK}", ".slack-files.com")
# A file of another organisation comes without an address and a name; all that is told is its id, which the reader of
# messages puts in the place of the name (Slack docs, reference/objects/file-object: check_file_info).
_FILE_ID: Final = re.compile(r"F[A-Za-z0-9]+")
_GONE: Final = frozenset({"file_not_found", "file_deleted", "files_disabled"})
_LOGIN_PATHS: Final = re.compile(r"/(login|log_in|signin|sign_in|sign-in|sso)\b", re.IGNORECASE)
_HTML: Final = frozenset({"text/html", "application/xhtml+xml"})
_FORBIDDEN: Final = "file_forbidden"
# Seconds that the look-up of a file may take, with the wait for its turn.
_LOOK_UP: Final = 10.0


class Api(Protocol):
    """What calls Slack's Web API."""

    @property
    def session(self) -> aiohttp.ClientSession:
        """The connections that all calls share."""
        ...

    def workspace(self, name: str) -> Workspace | None:
        """What is known of a workspace."""
        ...

    async def paced(self, workspace: str, method: str, priority: Priority, *, file: str) -> Json:
        """Call a method when the Governor lets it."""
        ...


class Files:
    """Fetches files with the token of their workspace.

    `url` is the root of the Web API; the host and port of one that is not Slack's are trusted as well.
    """

    def __init__(self, api: Api, *, url: str = SLACK_URL) -> None:
        self._api = api
        root = URL(url)
        self._stand_in = None if _is_slacks(root) else root.origin()

    async def download(self, workspace: str, attachment: Attachment, limit: int) -> bytes:
        """The whole of a file, at most so many bytes; raises PlatformError and its kin."""
        known = self._api.workspace(workspace)
        if known is None:
            raise PlatformGone("the app is not installed in this workspace any more")
        if not attachment.url:
            attachment = await self._looked_up(workspace, attachment)
        if attachment.size > limit:
            raise PlatformRefused("the file is too big", text="file_too_big")
        site = Site(self._headers(known.bot_token), {401: _FORBIDDEN, 403: _FORBIDDEN})
        found = await download(self._api.session, attachment.url, limit, site)
        if _is_login_page(attachment, found):
            _tell_operator()
            raise PlatformRefused("Slack gave a page to log in, not the file", text=_FORBIDDEN)
        return found.data

    async def _looked_up(self, workspace: str, attachment: Attachment) -> Attachment:
        if not _FILE_ID.fullmatch(attachment.name):
            raise PlatformGone("the file has no address")
        try:
            async with asyncio.timeout(_LOOK_UP):
                answer = await self._api.paced(workspace, "files.info", Priority.FIRST, file=attachment.name)
        except TimeoutError as error:
            raise PlatformError(f"files.info took longer than {_LOOK_UP} s") from error
        except PlatformRefused as error:
            code = failures.code_of(error)
            if code in _GONE:
                raise PlatformGone(f"Slack answered {code}") from error
            raise PlatformRefused(f"Slack answered {code}", text=_FORBIDDEN) from error
        file = part(answer, "file")
        address = word(file, "url_private_download", "url_private")
        if not address:
            raise PlatformRefused("Slack does not tell the file's address", text=_FORBIDDEN)
        size = size if isinstance(size := file.get("size"), int) else 0
        name, media_type = word(file, "name") or attachment.name, word(file, "mimetype")
        return replace(attachment, name=name, media_type=media_type, size=size, url=address)

    def _headers(self, token: str) -> Callable[[URL], Mapping[str, str]]:
        def headers(url: URL) -> Mapping[str, str]:
            trusted = _is_slacks(url) and url.scheme == "https"
            if not trusted and (self._stand_in is None or not url.absolute or url.origin() != self._stand_in):
                raise PlatformRefused("the file's address is not Slack's", text="file_elsewhere")
            if _leads_to_login(url):
                _tell_operator()
                raise PlatformRefused("Slack wants a login for the file", text=_FORBIDDEN)
            return {"Authorization": f"Bearer {token}"}

        return headers


def _tell_operator() -> None:
    log.error("slack.operator_needed", method="download of a file", code="missing_scope", needed="files:read")


def _is_slacks(url: URL) -> bool:
    host = url.host or ""
    return host == _SLACK or host.endswith(_DOMAINS)


def _leads_to_login(url: URL) -> bool:
    return "redir" in url.query or bool(_LOGIN_PATHS.match(url.path))


def _is_login_page(attachment: Attachment, found: Download) -> bool:
    """Whether a page came in place of the file; of a file that is a page itself the size tells."""
    if found.media_type not in _HTML:
        return False
    is_page = attachment.media_type in _HTML or attachment.name.lower().endswith((".html", ".htm", ".xhtml"))
    return not is_page or (attachment.size > 0 and attachment.size != len(found.data))
