from __future__ import annotations

import asyncio
import io
import random
from dataclasses import dataclass, field
from typing import Any

import pytest
from PIL import Image

from bot.attachments import HEAD, Attachments, Enclosure, Kept
from bot.completion import Media, MediaKind
from bot.errors import OperatorError
from bot.messages import Address, Ask, Attachment, Author
from bot.pictures import BYTES, prepared
from storage.blobs import MemoryBlobs
from storage.memory import MemoryStore
from tests.fixtures.pdf import locked, pdf

pytestmark = pytest.mark.usefixtures("silence")

LIMIT = 1_000_000
MP4 = b"\0\0\0\x18ftypisom" + bytes(HEAD)


def picture(kind: str, colour: str = "red") -> bytes:
    sink = io.BytesIO()
    Image.new("RGB", (40, 20), colour).save(sink, kind)
    return sink.getvalue()


def large_picture() -> bytes:
    """One of which much more has to be kept than the head."""
    sink = io.BytesIO()
    Image.frombytes("RGB", (900, 900), random.Random(1).randbytes(900 * 900 * 3)).save(sink, "WEBP")
    return sink.getvalue()


@dataclass
class Platform:
    """Has one file."""

    file: bytes
    downloads: int = 0

    async def download(self, ask: Ask, attachment: Attachment, limit: int) -> bytes:
        self.downloads += 1
        return self.file


@dataclass
class House:
    """Attachments with what they work with, which stays when they begin anew."""

    store: MemoryStore = field(default_factory=MemoryStore)
    blobs: MemoryBlobs = field(default_factory=MemoryBlobs)
    limit: int = LIMIT

    def __post_init__(self) -> None:
        self.begins_anew()

    def begins_anew(self, **options: Any) -> None:
        self.attachments = Attachments(self.store, self.blobs, limit=self.limit, age=1_000.0, **options)

    async def asked(self, *files: Attachment) -> Ask:
        here = Address("console", "guild", "terminal")
        ask = Ask("k1", "talk", here, Author("ann", "Ann"), "", 0.0, "m1", attachments=files)
        await self.store.accept(ask, wakes=True, limit=5)
        return ask

    async def gathered(self, data: bytes, media_type: str = "", *, pasted: bool = False) -> Enclosure:
        platform: Any = Platform(data)
        ask = await self.asked(Attachment("a.bin", media_type, len(data), "https://files.test/a", pasted))
        [enclosure] = await self.attachments.gather(platform, [ask])
        return enclosure


@pytest.fixture
def house() -> House:
    return House()


def image_of(enclosure: Enclosure) -> Image.Image:
    media = enclosure.media
    assert media is not None
    assert media.kind is MediaKind.IMAGE
    assert media.media_type in ("image/png", "image/jpeg")
    return Image.open(io.BytesIO(media.data))


# By content ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("media_type", ["", "image/png", "text/plain", "application/octet-stream"])
async def test_a_picture_is_one_whatever_it_is_called(house: House, kind: str, media_type: str) -> None:
    enclosure = await house.gathered(picture(kind), media_type)
    assert image_of(enclosure).size == (40, 20)
    assert enclosure.text is None
    assert not enclosure.trouble


@pytest.mark.parametrize(
    "media_type", ["", "application/octet-stream", "image/svg+xml", "application/json", "image/png"]
)
async def test_a_text_is_one_whatever_it_is_called(house: House, media_type: str) -> None:
    assert await house.gathered(b"<svg/>", media_type) == Enclosure("a.bin", "<svg/>")


@pytest.mark.parametrize("data", [b"\x89PNG\r\n\x1a\n\0\0", picture("JPEG")[:200], b"\0\1\2\3"])
async def test_what_is_called_a_picture_and_cannot_be_read_has_its_sentence(house: House, data: bytes) -> None:
    assert await house.gathered(data, "image/png") == Enclosure("a.bin", trouble="file_picture")


async def test_what_is_nothing_that_we_know_is_only_named(house: House) -> None:
    assert await house.gathered(b"\0\1\2\3") == Enclosure("a.bin")


@pytest.mark.parametrize("media_type", ["application/pdf", "image/png", "text/plain", ""])
async def test_a_document_is_text_with_the_numbers_of_its_pages(house: House, media_type: str) -> None:
    enclosure = await house.gathered(pdf("first", "second"), media_type)
    assert enclosure == Enclosure("a.bin", "[page 1]\nfirst\n\n[page 2]\nsecond")


DOCUMENTS = [
    (locked(pdf("words"), "secret"), "file_locked"),
    (pdf(""), "file_scanned"),
    (b"%PDF-1.7", "file_damaged"),
]


@pytest.mark.parametrize(("data", "trouble"), DOCUMENTS)
async def test_a_document_that_cannot_be_read_has_its_sentence(house: House, data: bytes, trouble: str) -> None:
    assert await house.gathered(data, "application/pdf") == Enclosure("a.bin", trouble=trouble)
    assert house.blobs.files == {}


@pytest.mark.parametrize("media_type", ["video/mp4", "video/quicktime", "video/x-matroska", "application/octet-stream"])
async def test_a_video_is_shown_as_it_is(house: House, media_type: str) -> None:
    assert (await house.gathered(MP4, media_type)).media == Media(MediaKind.VIDEO, "video/mp4", MP4)


@pytest.mark.parametrize("pasted", [True, False])
async def test_what_was_pasted_is_told(house: House, pasted: bool) -> None:
    assert (await house.gathered(b"words", "text/plain", pasted=pasted)).pasted is pasted


# Kept ----------------------------------------------------------------------------------------------------------------


async def test_a_picture_is_kept_as_models_take_it(house: House) -> None:
    data = large_picture()
    await house.gathered(data)
    assert list(house.blobs.files.values()) == [prepared(data)]


@pytest.mark.parametrize("data", [large_picture(), pdf("first", "second"), MP4, b"words"], ids=range(4))
async def test_what_is_kept_is_read_as_what_was_fetched(data: bytes) -> None:
    # What is kept of a picture may be larger than the largest file that is read.
    house = House(limit=len(data))
    first = await house.gathered(data)
    house.begins_anew()
    platform: Any = Platform(data)
    [again] = await house.attachments.gather(platform, [await house.asked(Attachment("a.bin", "", len(data), "u"))])
    assert again == first
    assert platform.downloads == 0


async def test_what_fails_in_the_making_costs_only_the_file(house: House) -> None:
    async def broken(data: bytes) -> Kept:
        raise OSError("no more processes")

    house.begins_anew(make=broken)
    assert await house.gathered(b"words") == Enclosure("a.bin", trouble="file_failed")


async def test_many_at_once_are_all_made(house: House) -> None:
    files = [picture("PNG", colour) for colour in ("red", "green", "blue")] + [pdf(text) for text in "abc"]
    platform: Any = Platform(b"")

    async def download(ask: Ask, attachment: Attachment, limit: int) -> bytes:
        return files[attachment.size]

    platform.download = download
    ask = await house.asked(*(Attachment(str(number), "", number, "u") for number in range(len(files))))
    found = await house.attachments.gather(platform, [ask])
    assert [enclosure.text for enclosure in found[3:]] == ["[page 1]\na", "[page 1]\nb", "[page 1]\nc"]
    assert [image_of(enclosure).getpixel((5, 5)) for enclosure in found[:3]] == [(255, 0, 0), (0, 128, 0), (0, 0, 255)]


# Pictures of earlier rounds ------------------------------------------------------------------------------------------


async def kept(house: House, *files: bytes) -> list[str]:
    return [await house.blobs.put(data) for data in files]


def shown(*files: bytes) -> list[Media]:
    return [Media(MediaKind.IMAGE, "image/png", data) for data in files]


ONE, TWO, THREE = (picture("PNG", colour) for colour in ("red", "green", "blue"))


@pytest.mark.parametrize(("limit", "expected"), [(5, (ONE, TWO, THREE)), (2, (TWO, THREE)), (0, ())])
async def test_the_newest_pictures_are_shown_the_newest_last(
    house: House, limit: int, expected: tuple[bytes, ...]
) -> None:
    digests = await kept(house, ONE, TWO, THREE)
    assert await house.attachments.pictures(digests, limit) == shown(*expected)


async def test_only_pictures_are_shown_and_only_they_count(house: House) -> None:
    digests = await kept(house, ONE, b"words", MP4, b"[page 1]\nwords", b"")
    assert await house.attachments.pictures([*digests, "00" * 32], 1) == shown(ONE)


async def test_a_picture_that_no_model_would_take_is_not_shown(house: House) -> None:
    assert await house.attachments.pictures(await kept(house, ONE + bytes(BYTES)), 1) == []


async def test_a_disk_that_cannot_be_read_costs_only_the_pictures(house: House) -> None:
    class Broken(MemoryBlobs):
        async def head(self, digest: str, size: int) -> bytes | None:
            if digest == broken:
                raise OperatorError("no rights")
            return await super().head(digest, size)

    house.blobs = Broken()
    house.begins_anew()
    _, broken, _ = digests = await kept(house, ONE, TWO, THREE)
    assert await house.attachments.pictures(digests, 3) == shown(ONE, THREE)


# Ending --------------------------------------------------------------------------------------------------------------


async def test_the_end_does_not_wait_for_what_is_being_made(house: House) -> None:
    begun = asyncio.Event()

    async def endless(data: bytes) -> Kept:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError("never")

    house.begins_anew(make=endless)
    gathering = asyncio.create_task(house.gathered(ONE))
    await begun.wait()
    await house.attachments.close()
    assert (await gathering).trouble == "file_gone"
    assert house.blobs.files == {}
