"""Whether a model takes the pictures, videos and files of a prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from playground.glm import pictures
from playground.glm.exchange import parts_of
from playground.glm.models import Served

_TEXT_ONLY = "messages.content.type 参数非法，取值范围 ['text']"


def complaint(messages: Sequence[Mapping[str, Any]], served: Served) -> str:
    """What the model dislikes about the media, "" for nothing."""
    parts = [part for message in messages for part in parts_of(message)]
    if not parts:
        return ""
    if not served.images:
        return _TEXT_ONLY
    urls = _by_kind(parts)
    counted = _miscounted({kind: len(found) for kind, found in urls.items()}, served)
    return counted or _spoiled(urls, served)


def _by_kind(parts: Sequence[Mapping[str, Any]]) -> dict[str, list[str]]:
    kinds = ("image_url", "video_url", "file_url")
    return {kind: [part[kind]["url"] for part in parts if part["type"] == kind] for kind in kinds}


def _miscounted(count: Mapping[str, int], served: Served) -> str:
    images, videos, files = count["image_url"], count["video_url"], count["file_url"]
    complaints = (
        ("images and videos together", images and videos),
        ("files together with images or videos", files and (images or videos)),
        ("this model takes no files", files and not served.files),
        (f"more than {served.images} images", images > served.images),
        (f"more than {served.videos} videos", videos > served.videos),
    )
    return next((f"messages.content: {why}" for why, wrong in complaints if wrong), "")


def _spoiled(urls: Mapping[str, Sequence[str]], served: Served) -> str:
    try:
        for url in urls["image_url"]:
            pictures.picture(url)
        formats = {pictures.video(url) for url in urls["video_url"]} - {""}
    except ValueError as error:
        return f"messages.content: {error}"
    if strange := formats - served.formats:
        return f"messages.content: a video of the format {min(strange)}"
    if not all(url.startswith(pictures.WEB) for url in urls["file_url"]):
        return "messages.content: a file that is not at a public address"
    return ""
