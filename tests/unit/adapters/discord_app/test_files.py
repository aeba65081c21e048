from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from yarl import URL

from adapters.discord_app.files import Files
from adapters.download import REDIRECTS
from bot.errors import PlatformError, PlatformGone, PlatformRefused
from bot.messages import Attachment
from tests.fixtures.file_server import FileServer, file_server

DISCORD = "https://discord.com/api/v10"
LIMIT = 1_000


@pytest.fixture
async def server() -> AsyncGenerator[FileServer]:
    async with file_server() as opened:
        yield opened


def at(url: str) -> Attachment:
    return Attachment("a.txt", "text/plain", 5, url)


TRUSTED = [
    ("https://cdn.discordapp.com/attachments/1/2/a.txt?ex=1&is=2&hm=3", True),
    ("https://media.discordapp.net/attachments/1/2/a.png", True),
    ("http://cdn.discordapp.com/attachments/1/2/a.txt", False),
    ("https://cdn.discordapp.com.evil.test/a.txt", False),
    ("https://evildiscordapp.com/a.txt", False),
    ("https://cdn.discordapp.com@evil.test/a.txt", False),
    ("https://evil.test/cdn.discordapp.com/a.txt", False),
    ("http://169.254.169.254/latest/meta-data", False),
    ("http://127.0.0.1/a.txt", False),
    ("file:///etc/passwd", False),
    ("//cdn.discordapp.com/a.txt", False),
    ("", False),
]


@pytest.mark.parametrize(("url", "trusted"), TRUSTED)
def test_only_discords_own_hosts_are_asked(url: str, trusted: bool) -> None:
    files = Files(DISCORD)
    if trusted:
        assert files._headers(URL(url)) == {}
    else:
        with pytest.raises(PlatformRefused) as error:
            files._headers(URL(url))
        assert error.value.text == "file_elsewhere"


async def test_the_host_of_a_stand_in_is_asked_as_well(server: FileServer) -> None:
    address = server.serve("/a.txt", b"words")
    assert await Files(f"{server.url}/api/v10").download(at(address), LIMIT) == b"words"
    with pytest.raises(PlatformRefused):
        await Files(DISCORD).download(at(address), LIMIT)


async def test_redirects_are_followed_within_reason(server: FileServer) -> None:
    server.serve("/0", b"words")
    for number in range(REDIRECTS + 1):
        server.redirect(f"/{number + 1}", f"/{number}")
    files = Files(server.url)
    assert await files.download(at(f"{server.url}/{REDIRECTS}"), LIMIT) == b"words"
    with pytest.raises(PlatformError, match="redirects"):
        await files.download(at(f"{server.url}/{REDIRECTS + 1}"), LIMIT)


async def test_a_redirect_leads_to_no_foreign_host(server: FileServer) -> None:
    server.serve("/secret", b"words")
    address = server.redirect("/a.txt", f"http://localhost:{server.port}/secret")
    with pytest.raises(PlatformRefused) as error:
        await Files(server.url).download(at(address), LIMIT)
    assert error.value.text == "file_elsewhere"
    assert [path for path, _ in server.seen] == ["/a.txt"]


async def test_reading_ends_at_the_limit(server: FileServer) -> None:
    with pytest.raises(PlatformRefused) as error:
        await Files(server.url).download(at(f"{server.url}/endless"), LIMIT)
    assert error.value.text == "file_too_big"


@pytest.mark.parametrize(("status", "kind"), [(404, PlatformGone), (403, PlatformGone), (503, PlatformError)])
async def test_what_the_server_answers_has_its_meaning(
    server: FileServer, status: int, kind: type[PlatformError]
) -> None:
    with pytest.raises(PlatformError) as error:
        await Files(server.url).download(at(server.serve("/a.txt", status=status)), LIMIT)
    assert type(error.value) is kind


async def test_a_server_that_is_not_there_is_an_ordinary_failure() -> None:
    with pytest.raises(PlatformError) as error:
        await Files("http://127.0.0.1:9").download(at("http://127.0.0.1:9/a.txt"), LIMIT)
    assert type(error.value) is PlatformError
