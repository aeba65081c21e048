from __future__ import annotations

import asyncio

import pytest

from bot.attachments import AT_ONCE, HEAD, PATIENCE, SWEEP_EVERY, Attachments, Enclosure
from bot.errors import OperatorError, PlatformError, PlatformGone, PlatformRefused
from bot.messages import Ask, Attachment, ControlKind
from bot.ports import Reception
from storage.blobs import MemoryBlobs
from tests.fixtures.stage import FILE_AGE, FILE_LIMIT, Stage, World, a_world, an_ask, on_stage
from tests.fixtures.virtual_time import now
from tests.fixtures.virtually import virtually

pytestmark = pytest.mark.usefixtures("silence")

URL = "https://files.test/a.txt"


def attached(name: str = "a.txt", *, url: str = URL, media_type: str = "text/plain", size: int = 5) -> Attachment:
    return Attachment(name, media_type, size, url)


def served(**files: bytes | Exception | asyncio.Event) -> World:
    """A world whose platform has these files."""
    world = a_world()
    world.files.update({f"https://files.test/{name}.txt": file for name, file in files.items()})
    return world


def attachments(house: Stage) -> Attachments:
    return house.dispatcher._attachments


async def accepted(house: Stage, *files: Attachment) -> Ask:
    """An ask that is stored and that nobody answers yet."""
    ask = an_ask(attachments=files or (attached(),))
    await house.store.accept(ask, wakes=True, limit=5)
    return ask


async def gathered(house: Stage, ask: Ask) -> Enclosure:
    [enclosure] = await attachments(house).gather(house.adapter, [ask])
    return enclosure


# Fetching ------------------------------------------------------------------------------------------------------------


@virtually
async def test_a_file_is_fetched_once_for_background_and_turn_together() -> None:
    async with on_stage(served(a=b"words")) as house:
        await house.answered(attachments=(attached(),))
        assert house.adapter.downloads == [URL]
        assert "words" in house.model.asked[0]
        assert list(house.world.blobs.files.values()) == [b"words"]


@virtually
async def test_accept_does_not_wait_for_a_file() -> None:
    async with on_stage(served(a=asyncio.Event())) as house:
        before = now()
        assert await house.dispatcher.ask(an_ask(attachments=(attached(),))) is Reception.TAKEN
        assert now() == before


@virtually
async def test_a_copy_that_brings_the_files_has_them_fetched() -> None:
    async with on_stage(served(a=b"words")) as house:
        blocked = asyncio.Event()
        house.model.script(blocked, "one")
        await house.ask()
        await house.until(lambda: house.model.requests)
        ask = an_ask(author="bob")
        await house.dispatcher.ask(ask)
        await house.dispatcher.ask(an_ask(author="bob", key=ask.key, at=ask.at, attachments=(attached(),)))
        await house.until(lambda: house.adapter.downloads)
        blocked.set()
        await house.at_rest()
        assert "words" in house.model.asked[1]
        assert house.adapter.downloads == [URL]


@virtually
async def test_what_is_only_context_is_not_fetched() -> None:
    async with on_stage(served(a=b"words")) as house:
        await house.answered()
        await house.answered(author="bob", addressed=False, attachments=(attached(),))
        assert house.adapter.downloads == []


@pytest.mark.parametrize("media_type", ["audio/ogg", "video/webm", "application/zip", "font/woff2"])
@virtually
async def test_what_can_be_neither_read_nor_seen_is_not_fetched(media_type: str) -> None:
    async with on_stage(served(a=b"words")) as house:
        await house.answered(attachments=(attached("x.bin", media_type=media_type),))
        assert house.adapter.downloads == []
        assert "(attached: x.bin)" in house.model.asked[0]


@virtually
async def test_no_more_are_fetched_at_once_than_memory_allows() -> None:
    gates = {f"f{number}": asyncio.Event() for number in range(AT_ONCE + 3)}
    async with on_stage(served(**gates)) as house:
        ask = await accepted(house, *(attached(url=f"https://files.test/{name}.txt") for name in gates))
        attachments(house).begin(house.adapter, ask)
        await asyncio.sleep(1)
        assert len(house.adapter.downloads) == AT_ONCE
        gates["f0"].set()
        await asyncio.sleep(1)
        assert len(house.adapter.downloads) == AT_ONCE + 1


@virtually
async def test_a_failure_that_passes_is_tried_again() -> None:
    async with on_stage(served(a=PlatformError("broken"))) as house:
        ask = await accepted(house)
        waiting = asyncio.create_task(gathered(house, ask))
        await house.until(lambda: house.adapter.downloads)
        house.world.files[URL] = b"words"
        assert (await waiting).text == "words"


FAILURES = [
    (PlatformError("broken"), "file_failed", 3),
    (PlatformGone("404"), "file_gone", 1),
    (PlatformRefused("login", text="file_forbidden"), "file_forbidden", 1),
    (RuntimeError("a mistake in an adapter"), "file_failed", 1),
]


@pytest.mark.parametrize(("failure", "trouble", "attempts"), FAILURES)
@virtually
async def test_each_failure_has_its_sentence(failure: Exception, trouble: str, attempts: int) -> None:
    async with on_stage(served(a=failure)) as house:
        assert await gathered(house, await accepted(house)) == Enclosure("a.txt", trouble=trouble)
        assert len(house.adapter.downloads) == attempts


@virtually
async def test_what_the_platform_states_to_be_too_big_is_not_even_begun() -> None:
    async with on_stage(served(a=b"words")) as house:
        ask = await accepted(house, attached(size=FILE_LIMIT + 1))
        assert (await gathered(house, ask)).trouble == "file_too_big"
        assert house.adapter.downloads == []


@virtually
async def test_a_turn_waits_ten_seconds_and_no_longer_and_the_file_may_still_come() -> None:
    gate = asyncio.Event()
    async with on_stage(served(a=gate)) as house:
        ask = await accepted(house)
        before = now()
        assert (await gathered(house, ask)).trouble == "file_failed"
        assert now() - before == pytest.approx(PATIENCE, abs=0.1)
        gate.set()
        assert (await gathered(house, ask)).text == "awaited"
        assert len(house.adapter.downloads) == 1


@virtually
async def test_only_the_beginning_of_a_long_text_is_looked_at() -> None:
    async with on_stage(served(a=b"x" * HEAD * 2)) as house:
        enclosure = await gathered(house, await accepted(house))
        assert enclosure.text == "x" * HEAD
        assert not enclosure.whole


@virtually
async def test_a_full_disk_costs_the_file_and_nothing_else() -> None:
    class Full(MemoryBlobs):
        async def put(self, data: bytes) -> str:
            raise OperatorError("no room")

    world = served(a=b"words")
    world.blobs = Full()
    async with on_stage(world) as house:
        await house.answered(attachments=(attached(),))
        assert house.texts[0].startswith("fine\nI could not fetch “a.txt”")


# Keeping -------------------------------------------------------------------------------------------------------------


@virtually
async def test_what_is_kept_is_not_fetched_again_by_the_next_process() -> None:
    world = served(a=b"words")
    async with on_stage(world) as house:
        ask = await accepted(house)
        await house.at_rest()
        assert house.adapter.downloads == [URL]
    async with on_stage(world) as house:
        assert (await gathered(house, ask)).text == "words"
        assert house.adapter.downloads == []


@virtually
async def test_a_kept_file_that_was_lost_is_fetched_again() -> None:
    world = served(a=b"words")
    async with on_stage(world) as house:
        ask = await accepted(house)
        await gathered(house, ask)
        world.blobs.files.clear()
        assert (await gathered(house, ask)).text == "words"
        assert list(world.blobs.files.values()) == [b"words"]


@virtually
async def test_the_files_of_a_deleted_question_go_too() -> None:
    world = served(a=b"words", b=b"others")
    async with on_stage(world) as house:
        ask = await house.answered(attachments=(attached(), attached(url="https://files.test/b.txt")))
        await house.answered(author="bob", attachments=(attached(url="https://files.test/b.txt"),))
        assert set(world.blobs.files.values()) == {b"words", b"others"}
        await house.control(ControlKind.QUESTION_DELETED, target=ask.key)
        await house.until(lambda: list(world.blobs.files.values()) == [b"others"])


@virtually
async def test_a_file_that_comes_after_its_question_was_deleted_is_not_kept() -> None:
    gate = asyncio.Event()
    world = served(a=gate)
    async with on_stage(world) as house:
        ask = await accepted(house)
        waiting = asyncio.create_task(gathered(house, ask))
        await house.until(lambda: house.adapter.downloads)
        await house.store.withdraw_question(ask.key)
        gate.set()
        await waiting
        assert world.blobs.files == {}


@virtually
async def test_a_deletion_ends_what_is_being_fetched() -> None:
    async with on_stage(served(a=asyncio.Event())) as house:
        ask = await accepted(house)
        waiting = asyncio.create_task(gathered(house, ask))
        await house.until(lambda: house.adapter.downloads)
        await house.control(ControlKind.QUESTION_DELETED, target=ask.key)
        before = now()
        assert (await waiting).trouble == "file_gone"
        assert now() - before < 1


@virtually
async def test_a_sweep_removes_what_is_old_and_what_nobody_refers_to() -> None:
    world = served(a=b"words")
    async with on_stage(world) as house:
        await house.answered(attachments=(attached(),))
        await world.blobs.put(b"left by a process that died")
        sweeping = asyncio.create_task(attachments(house).run())
        await house.until(lambda: len(world.blobs.files) == 1)
        assert list(world.blobs.files.values()) == [b"words"]
        assert SWEEP_EVERY > FILE_AGE
        await asyncio.sleep(SWEEP_EVERY + 1)
        assert world.blobs.files == {}
        sweeping.cancel()


@virtually
async def test_a_sweep_that_fails_is_made_again_the_next_day() -> None:
    class Broken(MemoryBlobs):
        broken = True

        async def shelves(self) -> list[str]:
            if self.broken:
                raise OperatorError("no rights")
            return ["all"]

    world = a_world()
    blobs = world.blobs = Broken()
    async with on_stage(world) as house:
        await blobs.put(b"lost")
        sweeping = asyncio.create_task(attachments(house).run())
        await asyncio.sleep(1)
        assert len(blobs.files) == 1
        blobs.broken = False
        await asyncio.sleep(SWEEP_EVERY)
        assert blobs.files == {}
        sweeping.cancel()
