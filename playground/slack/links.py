"""Where files lie: the links to them, who may open these, and where the app puts new ones."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from aiohttp import web

from playground.slack.model import File, Team, User
from playground.slack.world import World

LOGIN_PAGE = "<!DOCTYPE html><html><head><title>Sign in | Slack</title></head><body>Sign in to Slack</body></html>"
MAX_UPLOAD = 1_000_000_000  # bytes; Slack docs, messaging/working-with-files: at most 1 GB


@dataclass(eq=False)
class Upload:
    """A place for a file that was announced with this length; `file` is there once the bytes came."""

    id: str
    team: Team
    name: str
    length: int
    file: File | None = None


class Links:
    """Gives out links; `redirect` is where downloads are sent instead, "" for nowhere."""

    def __init__(self, world: World) -> None:
        self.redirect = ""
        self.uploads: dict[str, Upload] = {}
        self._world = world
        self._tickets: dict[str, Upload] = {}

    def keep(self, user: User, name: str, mimetype: str, data: bytes, *, file_id: str = "") -> File:
        """Store a file."""
        made = File(
            file_id or self._world.ids.new("F"), user.team, name, mimetype, data, user.id, self._world.clock.now()
        )
        root = f"{self._world.address}/files-pri/{user.team}-{made.id}"
        made.private_url, made.download_url = f"{root}/{name}", f"{root}/download/{name}"
        self._world.files[made.id] = made
        return made

    def reserve(self, team: Team, name: str, length: int) -> tuple[Upload, str]:
        """A place for a new file, and the URL to which its bytes are sent."""
        upload = Upload(self._world.ids.new("F"), team, name, length)
        self.uploads[upload.id] = upload
        ticket = secrets.token_urlsafe(16)
        self._tickets[ticket] = upload
        return upload, f"{self._world.address}/upload/v1/{ticket}"

    async def receive(self, request: web.Request) -> web.Response:
        """Take the bytes of a file, raw or as the first part of a form."""
        upload = self._tickets.pop(request.match_info["ticket"], None)
        if upload is None:
            return web.Response(status=404, text="no such upload")
        data, mimetype = await _bytes_of(request)
        if len(data) != upload.length:
            return web.Response(status=400, text=f"expected {upload.length} bytes, got {len(data)}")
        bot = self._world.bot_of(upload.team)
        upload.file = self.keep(bot, upload.name, mimetype, data, file_id=upload.id)
        return web.Response(text=f"OK - {len(data)}")

    async def download(self, request: web.Request) -> web.Response:
        """Give a file to those who may have it; others see the page to log in, as at Slack."""
        if self.redirect:
            raise web.HTTPFound(self.redirect + request.path)
        file = self._world.files.get(request.match_info["key"].partition("-")[2])
        team = self._caller(request)
        if team is None:
            raise web.HTTPFound(f"{self._world.address}/login?redir={request.path}")
        if "files:read" not in team.scopes:
            return await self.login(request)
        if file is None or not self._world.reaches(team, file.team):
            return web.Response(status=404, text="not found")
        return web.Response(body=file.data, content_type=file.mimetype)

    async def login(self, _: web.Request) -> web.Response:
        """The page to log in."""
        return web.Response(text=LOGIN_PAGE, content_type="text/html")

    def _caller(self, request: web.Request) -> Team | None:
        given = request.headers.get("Authorization", "")
        for team in self._world.teams.values():
            if given == f"Bearer {team.bot_token}" and not team.revoked:
                return team
        return None


async def _bytes_of(request: web.Request) -> tuple[bytes, str]:
    if request.content_type != "multipart/form-data":
        return await request.read(), request.content_type
    for value in (await request.post()).values():
        if isinstance(value, web.FileField):
            return value.file.read(), value.content_type
    return b"", "application/octet-stream"
