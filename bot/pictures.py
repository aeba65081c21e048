"""What can be seen: told by its content, and brought into a form that every model with eyes takes."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import structlog
from PIL import ExifTags, Image

log = structlog.get_logger(__name__)

# GLM docs, vision models: a picture has less than 5 MB; more pixels than these add nothing to it.
BYTES: Final = 5_000_000
LONG_SIDE: Final = 2_048
# Pixels of a picture that is decoded, four bytes each; cameras of telephones make up to 50 million.
PIXELS: Final = 64_000_000
# Bytes from which the kind of a file is told.
MAGIC: Final = 64

# Drawings of so few colours are smaller and sharper without losses, and small pictures too.
_COLOURS: Final = 1_024
_SMALL: Final = 256 * 256
_QUALITIES: Final = (85, 50)

_FORMATS: Final = ("PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF")
# HEIC cannot be read (it needs a codec under patents), but has to be known for a picture.
_PICTURE: Final = re.compile(
    rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP|BM....\0\0\0\0|II\*\0|MM\0\*"
    rb"|....ftyp(avif|avis|hei[cmsx]|hev[cmsx]|mif1|msf1)",
    re.DOTALL,
)
# ISO/IEC 14496-12, section 4.3, and the Matroska specification, section 11.2: how these files begin.
_MEDIA: Final = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"....ftyp(iso[m2-9]|mp4[12]|avc1|M4V |MSNV|dash|3gp.)", re.DOTALL), "video/mp4"),
    (re.compile(rb"....ftypqt  ", re.DOTALL), "video/quicktime"),
    (re.compile(rb"\x1a\x45\xdf\xa3.{0,50}matroska", re.DOTALL), "video/x-matroska"),
)
# EXIF 2.3, section 4.6.4: how a picture is to be turned by the number of its orientation.
_TURNS: Final = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

# Pillow only warns of what is too large, and its bound is higher than ours.
Image.MAX_IMAGE_PIXELS = None


def is_picture(data: bytes) -> bool:
    """Whether a file begins like a picture, one that cannot be read included."""
    return _PICTURE.match(data) is not None


def media_type(data: bytes) -> str:
    """The media type of a prepared picture or of a video, by at least MAGIC bytes of it; "" for anything else."""
    return next((name for beginning, name in _MEDIA if beginning.match(data)), "")


def prepared(data: bytes) -> bytes | None:
    """A picture as PNG or JPEG of less than BYTES with a long side of at most LONG_SIDE; None for what is unreadable.

    Of an animation it is the first frame; what a file says about itself is left out. Blocks: it may take a second, and
    memory for some times PIXELS.
    """
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            if image.width * image.height > PIXELS:
                log.info("picture.too_large", width=image.width, height=image.height)
                return None
            return _encoded(_upright(image))
    except Exception as error:  # noqa: BLE001  # on broken and hostile files the decoders raise whatever comes
        log.info("picture.unreadable", reason=type(error).__name__)
        return None


def _upright(image: Image.Image) -> Image.Image:
    """The picture in grey, RGB or RGBA, made smaller and turned as it is to be seen."""
    image.draft(None, (LONG_SIDE, LONG_SIDE))
    image.load()
    orientation: int | None = None
    with suppress(Exception):  # a picture whose notes about itself are broken is shown as it lies
        orientation = image.getexif().get(ExifTags.Base.Orientation)
    plain = _plain(image)
    plain.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
    turn = _TURNS.get(orientation or 0)
    return plain if turn is None else plain.transpose(turn)


def _plain(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        return _levelled(image)
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        return seen if _span(seen.getchannel("A")) != (255, 255) else seen.convert("RGB")
    return image.convert("L" if image.mode in ("1", "L") else "RGB")


def _levelled(image: Image.Image) -> Image.Image:
    """Grey of more than eight bits, from its darkest to its brightest value."""
    fine = image.convert("F")
    low, high = _span(fine)
    scale = 255.0 / (high - low) if high > low else 1.0
    scaled = fine.point(lambda value: value * scale + -low * scale)  # pyright: ignore[reportUnknownMemberType]  # numpy
    return scaled.convert("L")


def _span(image: Image.Image) -> tuple[float, float]:
    """The least and the greatest value of a picture with one band."""
    extrema: Any = image.getextrema()
    return extrema


def _encoded(image: Image.Image) -> bytes | None:
    return next((data for data in _attempts(image) if len(data) < BYTES), None)


def _attempts(image: Image.Image) -> Iterator[bytes]:
    """Encodings, the best first."""
    transparent = image.mode == "RGBA"
    if transparent or image.width * image.height <= _SMALL or image.getcolors(_COLOURS) is not None:
        yield _saved(image, "PNG", optimize=True)
    if transparent:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    for quality in _QUALITIES:
        yield _saved(image, "JPEG", quality=quality)


def _saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    # What Pillow has read about the picture it would write again.
    image.info.clear()
    sink = io.BytesIO()
    image.save(sink, kind, **options)
    return sink.getvalue()
