"""Looking at the pictures and videos of a prompt: what they are is told by their content."""

from __future__ import annotations

import base64
import binascii
import io
from dataclasses import dataclass

from PIL import Image

WEB = ("https://", "http://")

# bigmodel's page of GLM-4.1V, and docs.z.ai for the later models: both name the same bounds.
_BYTES = 5_000_000
_PIXELS = 6000
_VIDEO_BYTES = 200_000_000
_FORMATS = ("PNG", "JPEG")
_MKV = b"\x1aE\xdf\xa3"
_QUICKTIME = b"qt  "


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that came with a prompt; `size` is in bytes."""

    format: str
    width: int
    height: int
    size: int


def picture(url: str) -> Picture | None:
    """What a picture is, None for one at a public address. Raises ValueError with what the provider dislikes."""
    if url.startswith(WEB):
        return None
    data = _decoded(url)
    if len(data) > _BYTES:
        raise ValueError("an image of more than 5 MB")
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if max(image.size) > _PIXELS:
                raise ValueError(f"an image of more than {_PIXELS} pixels on a side")
            image.load()
            return Picture(str(image.format), image.width, image.height, len(data))
    except (OSError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ValueError("not a whole PNG or JPEG") from error


def video(url: str) -> str:
    """The format of a video, "" for one at a public address. Raises ValueError with what the provider dislikes."""
    if url.startswith(WEB):
        return ""
    data = _decoded(url)
    if len(data) > _VIDEO_BYTES:
        raise ValueError("a video of more than 200 MB")
    if data.startswith(_MKV):
        return "mkv"
    if data[4:8] == b"ftyp":
        return "mov" if data[8:12] == _QUICKTIME else "mp4"
    raise ValueError("not a video that is known")


def _decoded(url: str) -> bytes:
    """Base64 as documented, or as a data URL, which api.z.ai was seen to take."""
    head, comma, text = url.partition(",")
    if comma and not (head.startswith("data:") and head.endswith(";base64")):
        raise ValueError("neither an address nor base64")
    try:
        return base64.b64decode(text if comma else url, validate=True)
    except binascii.Error as error:
        raise ValueError("neither an address nor base64") from error
