from __future__ import annotations

import io
import random
import struct
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image

from bot.pictures import BYTES, LONG_SIDE, PIXELS, is_picture, media_type, prepared

pytestmark = pytest.mark.usefixtures("silence")

RED, BLUE = (255, 0, 0), (0, 0, 255)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    sink = io.BytesIO()
    image.save(sink, kind, **options)
    return sink.getvalue()


def halves(mode: str = "RGB", size: tuple[int, int] = (80, 40)) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, RED)
    image.paste(BLUE, (size[0] // 2, 0, *size))
    return image.convert(mode)


def noise(size: tuple[int, int], mode: str = "RGB") -> Image.Image:
    return Image.frombytes(mode, size, random.Random(1).randbytes(size[0] * size[1] * len(mode)))


def seen(data: bytes) -> Image.Image:
    """What a model would be shown."""
    made = prepared(data)
    assert made is not None
    assert len(made) < BYTES
    assert media_type(made) in ("image/png", "image/jpeg")
    return Image.open(io.BytesIO(made))


def near(pixel: Any, colour: tuple[int, ...]) -> bool:
    return all(abs(one - other) < 40 for one, other in zip(pixel, colour, strict=True))


def shows_halves(image: Image.Image) -> bool:
    middle = image.height // 2
    left, right = image.getpixel((image.width // 4, middle)), image.getpixel((image.width * 3 // 4, middle))
    return near(left, RED) and near(right, BLUE)


def png_of_size(width: int, height: int) -> bytes:
    """The beginning of a PNG that says to be of this size, and hardly anything after it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


# What is taken -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"])
def test_every_usual_kind_becomes_one_that_models_take(kind: str) -> None:
    data = saved(halves(), kind)
    assert is_picture(data)
    assert shows_halves(seen(data))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_of_an_animation_the_first_frame_is_seen(kind: str) -> None:
    others = [Image.new("RGB", (80, 40), "green") for _ in range(3)]
    data = saved(halves(), kind, save_all=True, append_images=others, duration=100)
    image = seen(data)
    assert shows_halves(image)
    assert getattr(image, "n_frames", 1) == 1


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "RGB"])
def test_a_jpeg_in_any_colours_becomes_red_and_blue_again(mode: str) -> None:
    image = seen(saved(halves(mode), "JPEG"))
    assert image.mode == "RGB"
    assert shows_halves(image)


GREYS = [
    ("1", "PNG", 1),
    ("L", "PNG", 255),
    ("I;16", "PNG", 65_535),
    ("I;16B", "TIFF", 40_000),
    ("I", "TIFF", 1_000_000),
    ("F", "TIFF", 0.5),
]


@pytest.mark.parametrize(("mode", "kind", "brightest"), GREYS)
def test_grey_of_any_depth_is_seen_from_dark_to_bright(mode: str, kind: str, brightest: float) -> None:
    image = Image.new(mode, (80, 40), 0)
    image.paste(brightest, (40, 0, 80, 40))
    made = seen(saved(image, kind))
    assert made.mode == "L"
    assert [made.getpixel((10, 20)), made.getpixel((70, 20))] == [0, 255]


def test_an_even_grey_of_many_bits_is_no_division_by_zero() -> None:
    assert seen(saved(Image.new("I;16", (8, 8), 300), "PNG")).size == (8, 8)


# Transparency and losses ---------------------------------------------------------------------------------------------


def clear_left(mode: str) -> Image.Image:
    image = halves("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 40, 40))
    return image.convert(mode)


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_what_is_transparent_stays_so(kind: str) -> None:
    image = seen(saved(clear_left("RGBA"), kind, **({"lossless": True} if kind == "WEBP" else {})))
    assert (image.format, image.mode) == ("PNG", "RGBA")
    assert image.getpixel((10, 20))[3] == 0  # type: ignore[index]  # of four bands it is a tuple
    assert image.getpixel((70, 20)) == (*BLUE, 255)


@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_a_palette_may_have_a_transparent_colour(kind: str) -> None:
    image = halves("P")
    data = saved(image, kind, transparency=image.getpixel((10, 20)))
    made = seen(data)
    assert made.mode == "RGBA"
    assert made.getchannel("A").getpixel((10, 20)) == 0
    assert made.getpixel((70, 20)) == (*BLUE, 255)


def test_a_palette_may_have_many_transparent_colours() -> None:
    made = seen(saved(halves("P"), "PNG", transparency=bytes(range(256))))
    assert made.mode == "RGBA"


def test_what_is_called_transparent_and_is_not_has_no_transparency() -> None:
    assert seen(saved(halves("RGBA"), "PNG")).mode == "RGB"


def test_drawings_keep_every_pixel_and_photographs_become_small() -> None:
    assert seen(saved(halves(size=(900, 900)), "PNG")).format == "PNG"
    assert seen(saved(noise((900, 900)), "PNG")).format == "JPEG"
    assert seen(saved(noise((100, 100)), "PNG")).format == "PNG"


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_even_pure_noise_is_small_enough(mode: str) -> None:
    image = seen(saved(noise((LONG_SIDE, LONG_SIDE), mode), "PNG", compress_level=1))
    assert image.size == (LONG_SIDE, LONG_SIDE)


# Size and position ---------------------------------------------------------------------------------------------------

SIZES = [
    ((4_000, 2_000), (2_048, 1_024)),
    ((1_500, 6_000), (512, 2_048)),
    ((9_000, 3), (2_048, 1)),
    ((2_048, 10), (2_048, 10)),
    ((1, 1), (1, 1)),
]


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize(("before", "after"), SIZES)
def test_the_long_side_is_bounded(kind: str, before: tuple[int, int], after: tuple[int, int]) -> None:
    assert seen(saved(Image.new("RGB", before), kind)).size == after


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_seen_the_right_way_up(kind: str, orientation: int) -> None:
    # How the camera has stored what is to be seen as red on the left and blue on the right.
    stored = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = halves().transpose(stored[orientation]) if orientation in stored else halves()
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    made = seen(saved(image, kind, exif=exif))
    assert made.size == (80, 40)
    assert shows_halves(made)


def test_what_a_picture_says_about_itself_is_left_out() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Artist] = "canary"
    for kind in ("JPEG", "PNG", "WEBP"):
        data = saved(halves(), kind, exif=exif)
        assert b"canary" in data
        made = prepared(data)
        assert made is not None
        assert b"canary" not in made
        assert not Image.open(io.BytesIO(made)).getexif()
    commented = prepared(saved(halves(), "GIF", comment=b"canary"))
    assert commented is not None
    assert b"canary" not in commented


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("notes", [b"MM\0*\xff\xff\xff\xff", b"no such thing", b""])
def test_broken_notes_do_not_cost_the_picture(notes: bytes) -> None:
    assert seen(saved(halves(), "JPEG", exif=b"Exif\0\0" + notes)).size == (80, 40)


def test_a_photograph_with_a_second_one_beside_it_is_a_photograph() -> None:
    data = saved(halves(), "MPO", save_all=True, append_images=[Image.new("RGB", (80, 40), "green")])
    assert shows_halves(seen(data))


def test_the_same_picture_becomes_the_same_file() -> None:
    data = saved(noise((300, 300)), "WEBP")
    assert prepared(data) == prepared(data)


# What is not taken ---------------------------------------------------------------------------------------------------

UNREADABLE = [
    png_of_size(PIXELS, 2),
    png_of_size(60_000, 60_000),
    saved(noise((300, 300)), "JPEG")[:5_000],
    saved(noise((300, 300)), "PNG")[:5_000],
    saved(halves(), "GIF")[:30],
    b"\x89PNG\r\n\x1a\n\0\0",
    b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
]


@pytest.mark.parametrize("data", UNREADABLE, ids=range(len(UNREADABLE)))
def test_what_is_broken_or_far_too_large_is_a_picture_that_cannot_be_read(data: bytes) -> None:
    assert is_picture(data)
    assert prepared(data) is None


@pytest.mark.parametrize("data", [b"", b"<svg/>", b"%PDF-1.7", b"BMW is a car", b"II. And then", b"MM*", b"MZ\0\0"])
def test_what_is_no_picture_is_not_taken_for_one(data: bytes) -> None:
    assert not is_picture(data)
    assert prepared(data) is None
    assert media_type(data) == ""


SOURCES = [saved(noise((40, 40)).convert(mode), kind) for mode in ("RGB", "L") for kind in ("PNG", "JPEG", "GIF")]


@given(st.sampled_from(SOURCES), st.lists(st.tuples(st.integers(0, 4_000), st.integers(0, 255)), max_size=8))
def test_whatever_is_broken_in_it_nothing_is_raised(data: bytes, changes: list[tuple[int, int]]) -> None:
    broken = bytearray(data)
    for place, value in changes:
        broken[place % len(broken)] = value
    made = prepared(bytes(broken))
    assert made is None or media_type(made)


# What is kept --------------------------------------------------------------------------------------------------------

KINDS = [
    (b"\0\0\0\x18ftypisom\0\0\2\0", "video/mp4"),
    (b"\0\0\0\x18ftypmp42\0\0\0\0", "video/mp4"),
    (b"\0\0\0\x14ftypqt  \0\0\0\0", "video/quicktime"),
    (b"\x1a\x45\xdf\xa3\xa3\x42\x86\x81\x01\x42\x82\x88matroska", "video/x-matroska"),
    (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", ""),
    (b"\0\0\0\x18ftypM4A \0\0\0\0", ""),
    (b"\0\0\0\x1cftypavif\0\0\0\0", ""),
    (b"GIF89a\x01\0", ""),
    (b"plain words", ""),
    (b"", ""),
]


@pytest.mark.parametrize(("data", "kind"), KINDS)
def test_the_kind_of_what_is_kept_is_told_by_its_beginning(data: bytes, kind: str) -> None:
    assert media_type(data) == kind
