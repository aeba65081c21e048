"""What every platform's way to fetch a file must do."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from adapters.console.app import ConsoleAdapter
from adapters.console.surface import Screen
from adapters.discord_app.files import Files as DiscordFiles
from adapters.slack_app.files import Files as SlackFiles
from bot.errors import PlatformGone, PlatformRefused
from bot.messages import Attachment, Author
from playground.discord.message_payloads import message_json
from playground.discord.model import Upload
from playground.discord.server import DiscordStandIn
from playground.slack.server import SlackStandIn
from tests.fixtures.stage import an_ask
from tests.unit.adapters.slack_app.installed import installed

DATA = bytes(range(256)) * 400


@dataclass
class Place:
    """Somewhere a file lies: how to fetch it, what is told of it, and how it is taken away."""

    fetch: Callable[[Attachment, int], Awaitable[bytes]]
    attachment: Attachment
    remove: Callable[[], Awaitable[object]]


@asynccontextmanager
async def on_console(folder: Path) -> AsyncGenerator[Place]:
    path = folder / "notes.bin"
    path.write_bytes(DATA)
    adapter = ConsoleAdapter(asyncio.StreamReader(), Screen(io.StringIO()), Author("ann", "Ann"))
    attachment = Attachment("notes.bin", "", len(DATA), str(path))
    yield Place(
        lambda item, limit: adapter.download(an_ask(), item, limit), attachment, lambda: asyncio.to_thread(path.unlink)
    )


@asynccontextmanager
async def on_discord(folder: Path) -> AsyncGenerator[Place]:
    async with DiscordStandIn() as place:
        alice, general = place.person("alice"), place.channel("general")
        said = await alice.say(general, "look", attachments=[Upload("notes.bin", DATA)])
        [file] = message_json(place.world, general, said)["attachments"]
        attachment = Attachment(file["filename"], file["content_type"], file["size"], file["url"])
        yield Place(DiscordFiles(place.url).download, attachment, lambda: alice.delete(said))


@asynccontextmanager
async def on_slack(folder: Path) -> AsyncGenerator[Place]:
    async with SlackStandIn() as place, installed(place) as api:
        file = await place.person("ann").upload("notes.bin", "application/octet-stream", DATA)
        files = SlackFiles(api, url=place.url)

        async def remove() -> None:
            del place.service.world.files[file.id]

        attachment = Attachment(file.name, file.mimetype, len(DATA), file.download_url)
        yield Place(lambda item, limit: files.download(place.team.id, item, limit), attachment, remove)


PLACES = {"console": on_console, "discord": on_discord, "slack": on_slack}


@pytest.fixture(params=PLACES)
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncGenerator[Place]:
    async with PLACES[request.param](tmp_path) as opened:
        yield opened


@pytest.mark.parametrize("limit", [len(DATA), len(DATA) * 10])
async def test_the_whole_file_comes(place: Place, limit: int) -> None:
    assert await place.fetch(place.attachment, limit) == DATA


@pytest.mark.parametrize("stated", [0, 10, len(DATA)])
async def test_one_that_is_too_big_is_refused_whatever_was_stated(place: Place, stated: int) -> None:
    with pytest.raises(PlatformRefused) as error:
        await place.fetch(replace(place.attachment, size=stated), len(DATA) - 1)
    assert error.value.text == "file_too_big"


async def test_one_that_was_taken_away_is_gone(place: Place) -> None:
    await place.remove()
    with pytest.raises(PlatformGone):
        await place.fetch(place.attachment, len(DATA))


async def test_it_can_be_fetched_twice_at_once(place: Place) -> None:
    fetched = await asyncio.gather(*(place.fetch(place.attachment, len(DATA)) for _ in range(2)))
    assert fetched == [DATA, DATA]
