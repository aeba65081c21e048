"""Files that commands give on the console."""

from __future__ import annotations

import asyncio
import io
import tempfile
from pathlib import Path

import pytest

from adapters.console.app import ConsoleAdapter
from adapters.console.surface import Screen
from bot.messages import Author, Control, Reply
from tests.fixtures.platforms import Recorder


class Giving(Recorder):
    """Gives a file for everything."""

    async def control(self, control: Control) -> Reply:
        return Reply("Here it is:", ("glimmer.md", "all of it"))


async def printed() -> str:
    """What is printed when somebody asks for their data."""
    out, lines = io.StringIO(), asyncio.StreamReader()
    lines.feed_data(b"/export\n")
    lines.feed_eof()
    await ConsoleAdapter(lines, Screen(out), Author("ann", "Ann")).run(Giving())
    return out.getvalue()


def test_the_name_of_a_new_file_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    said = asyncio.run(printed())
    [file] = tmp_path.glob("*/glimmer.md")
    assert said == f"Here it is: {file}\n"
    assert file.read_text("utf-8") == "all of it"
    assert file.parent.stat().st_mode & 0o077 == 0
