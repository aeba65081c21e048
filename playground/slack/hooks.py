"""What is posted to a response URL."""

from __future__ import annotations

from typing import Any, cast

from aiohttp import web

from playground.slack import content
from playground.slack.calls import Context
from playground.slack.content import Content
from playground.slack.model import Json, Message
from playground.slack.refusals import Refusal
from playground.slack.responses import LIFETIME, USES, ResponseUrl
from playground.slack.service import Service

_FIELDS = ("text", "markdown_text", "blocks", "attachments", "metadata")


class Hooks:
    """Answers posts to response URLs; `breaches` are the documented rules that they broke."""

    def __init__(self, service: Service, breaches: list[str]) -> None:
        self._service = service
        self._breaches = breaches

    async def handle(self, request: web.Request) -> web.Response:
        """Take a post."""
        found = self._service.responses.open.get(request.match_info["key"])
        try:
            body: Any = await request.json()
            if found is None or not isinstance(body, dict):
                raise Refusal("invalid_payload", status=404 if found is None else 400)
            self._use(found, cast("Json", body))
        except ValueError:
            return web.json_response({"ok": False, "error": "invalid_payload"}, status=400)
        except Refusal as refusal:
            if refusal.broken:
                self._breaches.append(f"response_url: {refusal.broken}")
            return web.json_response(refusal.body, status=refusal.status)
        return web.Response(text="ok")

    def _use(self, found: ResponseUrl, body: Json) -> None:
        now = self._service.world.clock.now()
        if now - found.made > LIFETIME:
            raise Refusal("expired_url", status=404, broken="used after 30 minutes")
        if found.uses >= USES:
            raise Refusal("used_url", status=404, broken=f"used more than {USES} times")
        found.uses += 1
        if body.get("delete_original"):
            self._delete(found)
            return
        given = {name: body[name] for name in _FIELDS if body.get(name) is not None}
        context = Context(self._service, found.team, given)
        read = content.read(context)
        if body.get("replace_original") and found.message:
            self._replace(found.message, read)
        else:
            self._post(context, found, read, body)

    def _post(self, context: Context, found: ResponseUrl, given: Content, body: Json) -> None:
        thread = str(body.get("thread_ts") or "")
        message = content.draft(context, found.channel, given, thread=thread)
        found.later.append(message)
        if body.get("response_type") == "in_channel":
            self._service.post(message)
        else:
            message.ephemeral_to = found.user.id
            self._service.whisper(message)

    def _replace(self, message: Message, given: Content) -> None:
        previous = self._service.before(message)
        message.text, message.markdown = given.text or "", given.markdown or ""
        message.blocks = given.blocks or []
        self._changed(message, previous, "edit")

    def _delete(self, found: ResponseUrl) -> None:
        if found.message is None:
            return
        if found.message.ephemeral_to:
            found.message.deleted = True
            self._service.record("delete", found.message)
        else:
            self._service.delete(self._service.world.bot_of(found.team), found.message)

    def _changed(self, message: Message, previous: Json, kind: str) -> None:
        if message.ephemeral_to:
            self._service.record(kind, message)
        else:
            self._service.edited(message, previous, kind)
