"""Methods about files: getting a place for one, sharing it, looking one up."""

from __future__ import annotations

from typing import Any, cast

from playground.slack import blocks, content
from playground.slack.calls import Context, method
from playground.slack.content import Content
from playground.slack.links import MAX_UPLOAD
from playground.slack.model import Channel, File, Json
from playground.slack.payloads import file_json
from playground.slack.refusals import Refusal
from playground.slack.routes_chat import settle_line, thread_of


def reserve(context: Context) -> Json:
    """A URL for the bytes of a new file."""
    length = context.args["length"]
    if not 0 < length <= MAX_UPLOAD:
        raise Refusal("file_upload_size_restricted", broken=f"a file of {length} bytes")
    upload, url = context.service.links.reserve(context.team, context.text("filename"), length)
    return {"upload_url": url, "file_id": upload.id}


def complete(context: Context) -> Json:
    """Finish uploads, and share them where that was asked for."""
    files = [_finished(context, given) for given in context.args["files"]]
    for channel in _targets(context):
        _share(context, channel, files)
    return {"files": [file_json(context.world, f) for f in files]}


def info(context: Context) -> Json:
    """One file."""
    file = context.world.files.get(context.text("file"))
    if file is None or not context.world.reaches(context.team, file.team):
        raise Refusal("file_not_found")
    return {"file": file_json(context.world, file), "comments": [], "response_metadata": {"next_cursor": ""}}


def _finished(context: Context, given: Any) -> File:
    entry = cast("Json", given) if isinstance(given, dict) else {}
    upload = context.service.links.uploads.get(str(entry.get("id")))
    if upload is None or upload.file is None or not context.world.reaches(context.team, upload.team.id):
        raise Refusal("file_not_found")
    return upload.file


def _targets(context: Context) -> list[Channel]:
    named = [context.text("channel_id"), *context.args.get("channels", [])]
    found: list[Channel] = []
    for name in dict.fromkeys(str(n).strip() for n in named if n):
        context.args["channel"] = name
        found.append(context.writable())
    return found


def _share(context: Context, channel: Channel, files: list[File]) -> None:
    """Post the files; Slack does this a little later by itself."""
    given = Content(
        context.text("initial_comment"), None, blocks.read(context.args["blocks"]) if "blocks" in context.args else None
    )
    message = content.draft(context, channel, given, thread=thread_of(context, channel))
    message.files = files
    context.service.post(message)
    settle_line(context, channel, message.thread)


_LOOK = "username icon_url icon_emoji"
METHODS = [
    method("files.getUploadURLExternal", reserve, "t4", "files:write", "length:number! filename! snippet_type alt_txt"),
    method(
        "files.completeUploadExternal",
        complete,
        "t4",
        "files:write",
        f"files:list! channel_id thread_ts channels:list initial_comment blocks:json {_LOOK}",
    ),
    method("files.info", info, "t4", "files:read", "file! count:number cursor limit:number page:number"),
]
