"""The picture that the demo shows to the bot."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw

NAME: Final = "lighthouse.png"
MEDIA_TYPE: Final = "image/png"
_SIZE: Final = (640, 480)

_SKY, _SEA, _TOWER, _LIGHT = "#9fc5e8", "#1f4e79", "#f4f1ea", "#ffd966"


def postcard() -> bytes:
    """A lighthouse by the sea, as a PNG."""
    image = Image.new("RGB", _SIZE, _SKY)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 340, *_SIZE), fill=_SEA)
    draw.polygon([(290, 400), (350, 400), (338, 140), (302, 140)], fill=_TOWER)
    draw.rectangle((304, 110, 336, 140), fill=_LIGHT)
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def seen_in(texts: Sequence[str]) -> str:
    """Whether an answer shows that the model has seen it: the stand-in tells its size, a real model what it likes."""
    size = "{} × {} pixels".format(*_SIZE)
    return f"seen as {size}" if size in "\n".join(texts) else "answered"
