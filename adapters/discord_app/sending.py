"""Requests with a body and, when there is one, a file beside it."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import discord
from discord.http import HTTPClient, Route


async def send(http: HTTPClient, route: Route, body: Mapping[str, Any], file: tuple[str, str] | None = None) -> Any:
    """Send a message's body with a file (name, text); raises what discord.py raises."""
    if file is None:
        return await http.request(route, json=body)
    name, text = file
    upload = discord.File(BytesIO(text.encode()), filename=name)
    # Discord docs, resources/message#attachment-object: an id is a snowflake, which is written as a string.
    whole = {**body, "attachments": [{"id": "0", "filename": name}]}
    kind = mimetypes.guess_type(name)[0] or "text/plain"
    form = [
        {"name": "payload_json", "value": json.dumps(whole), "content_type": "application/json"},
        {"name": "files[0]", "value": upload.fp, "filename": name, "content_type": kind},
    ]
    return await http.request(route, form=form, files=[upload])
