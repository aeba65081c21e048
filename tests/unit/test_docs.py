"""What the documentation says about the program is true of the program."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from adapters.slack_app.manifest import COMMAND
from bot import texts
from bot.settings import Settings
from docs.causes import CAUSES, ORDINARY
from docs.generate import REFERENCE, ROOT, command_lines, discord_definitions, pages

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
# Generated pages hold what providers call their models and their errors, which is no name of ours.
WRITTEN = [page for page in PAGES if page.parent != REFERENCE]

FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`([^`\n]+)`")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
SUFFIXES = ("py", "md", "toml", "sql", "sh", "lock", "cfg", "yml", "yaml", "txt", "example")
PATH = re.compile(rf"\.?[\w-]+(/[\w.-]+)+/?|[\w-]+/|[\w.-]+\.({'|'.join(SUFFIXES)})")

# Names that look like files of this repository and are none, with the reason.
NO_FILES = {
    "discord.py": "the library",
    "glimmer.db.lock": "made by the program beside its database",
}
# Names in capitals that are no settings, with the reason.
NO_SETTINGS = {
    "GLIMMER_CONTRACTS": "read by the tests only",
}
# Paths of the program's own web server.
ADDRESSES = {"healthz", "metrics"}
SLACKS_OWN = {"invite"}


def texts_of(page: Path) -> tuple[list[str], list[tuple[str, str]], str]:
    """The code spans of a page, its fenced blocks with their language, and its prose without either."""
    whole = page.read_text("utf-8")
    fences = FENCE.findall(whole)
    prose = FENCE.sub("", whole)
    return SPAN.findall(prose), fences, SPAN.sub("", prose)


def spans() -> Iterator[tuple[Path, str]]:
    for page in WRITTEN:
        yield from ((page, span) for span in texts_of(page)[0])


def code() -> Iterator[tuple[Path, str]]:
    """All code of the written pages, in spans and in blocks."""
    yield from spans()
    for page in WRITTEN:
        yield from ((page, body) for _, body in texts_of(page)[1])


def where(page: Path, what: str) -> str:
    return f"{page.relative_to(ROOT)}: {what}"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    headings = HEADING.findall(FENCE.sub("", page.read_text("utf-8")))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@cache
def source() -> str:
    files = [file for room in ("bot", "adapters", "storage") for file in sorted((ROOT / room).rglob("*.py"))]
    return "\n".join(file.read_text("utf-8") for file in files)


def test_every_relative_link_leads_to_a_file_and_a_heading_of_it() -> None:
    links = [(page, link) for page in PAGES for link in LINK.findall(texts_of(page)[2]) if "://" not in link]
    broken: list[str] = []
    for page, link in links:
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(where(page, link))
    assert len(links) > 40
    assert broken == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, new = set[Path](), [ROOT / "README.md"]
    while new:
        page = new.pop()
        reached.add(page)
        names = {link.partition("#")[0] for link in LINK.findall(page.read_text("utf-8")) if "://" not in link}
        targets = [(page.parent / name).resolve() for name in names if name.endswith(".md")]
        new += [target for target in targets if target.exists() and target not in reached]
    assert set(PAGES) - reached - {ROOT / "docs" / "index.md"} == set()


def test_every_file_that_is_named_exists() -> None:
    named = [(page, span) for page, span in spans() if PATH.fullmatch(span) and span not in NO_FILES]
    assert len(named) > 40
    assert [where(page, name) for page, name in named if not (ROOT / name).exists()] == []


def test_every_command_of_the_program_that_is_named_exists() -> None:
    named = [(page, name) for page, text in code() for name in re.findall(r"\b(?:glimmer|-m bot) ([a-z]+)\b", text)]
    assert {name for _, name in named} >= {"run", "backup", "invite"}
    assert [where(page, name) for page, name in named if name not in command_lines()] == []


def test_every_setting_that_is_named_exists() -> None:
    pattern = re.compile(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b")
    known = {name.upper() for name in Settings.model_fields} | set(NO_SETTINGS)
    named = [(page, name) for page, text in code() for name in pattern.findall(text)]
    assert len(named) > 20
    assert [where(page, name) for page, name in named if name not in known] == []


def test_what_is_set_in_an_example_is_a_setting() -> None:
    known = {name.upper() for name in Settings.model_fields}
    # A unit file of systemd sets variables in its own way, besides options of its own that are not in capitals.
    named = [(page, name) for page, text in code() for name in re.findall(r"\b([A-Z][A-Z0-9_]+)=", text)]
    assert len(named) > 5
    assert [where(page, name) for page, name in named if name not in known] == []


def test_every_slash_command_that_is_named_exists() -> None:
    known = {definition["name"] for definition in discord_definitions()} | ADDRESSES | {COMMAND.strip("/")} | SLACKS_OWN
    pattern = re.compile(r"(?<![^\s(*“\"])/([a-z]+)(?![\w/.-])")
    named = [(page, name) for page, span in spans() for name in pattern.findall(span)]
    named += [(page, name) for page in WRITTEN for name in pattern.findall(texts_of(page)[2])]
    assert {name for _, name in named} >= {"ask", "model", "thinking", "stop", "reset", "help"}
    assert [where(page, name) for page, name in named if name not in known] == []


def test_every_log_event_that_is_named_exists() -> None:
    events = set(re.findall(r'"([a-z]+\.[a-z_]+)"', source()))
    groups = {event.partition(".")[0] for event in events}
    named = [
        (page, span)
        for page, span in spans()
        if re.fullmatch(r"[a-z]+\.[a-z_]+", span) and span.partition(".")[0] in groups and not PATH.fullmatch(span)
    ]
    assert len(named) > 25
    assert [where(page, name) for page, name in named if name not in events] == []


def test_every_metric_that_is_named_exists() -> None:
    named = [(page, name) for page, span in spans() for name in re.findall(r"glimmer_\w+", span)]
    assert named
    assert [where(page, name) for page, name in named if f"`{name}`" not in pages()["metrics.md"]] == []


def test_every_script_that_is_called_exists() -> None:
    lines = [(page, body) for page in PAGES for language, body in texts_of(page)[1] if language in {"sh", "ini", ""}]
    called = [(page, name) for page, body in lines for name in re.findall(r"\bsh ((?:scripts/|\.ci/)\S+)", body)]
    assert len(called) > 4
    assert [where(page, name) for page, name in called if not (ROOT / name).is_file()] == []


def test_the_first_screen_of_the_readme_has_both_commands() -> None:
    screen = (ROOT / "README.md").read_text("utf-8").splitlines()[:30]
    assert {"sh scripts/play", "sh scripts/test"} <= set(screen)


def test_every_permission_of_the_invitation_is_explained() -> None:
    from adapters.discord_app.invite import permissions

    asked = [name for name, wanted in permissions() if wanted]
    text = (ROOT / "docs" / "howto" / "discord.md").read_text("utf-8").lower().replace(" ", "_")
    # discord.py calls the permission by its name in the API, where it differs from the one in the client.
    shown = {"read_messages": "view_channels", **{name: name for name in asked if name != "read_messages"}}
    assert len(asked) > 5
    assert [name for name in asked if f"|_{shown[name]}_|" not in text] == []


def test_every_sentence_of_the_bot_has_a_cause_or_reports_no_trouble() -> None:
    assert set(texts.names()) == CAUSES.keys() | ORDINARY
    assert not CAUSES.keys() & ORDINARY


@pytest.mark.parametrize("name", sorted(pages()))
def test_the_reference_is_what_the_code_says(name: str) -> None:
    written = (REFERENCE / name).read_text("utf-8")
    assert written == pages()[name], "run .venv/bin/python -m docs.generate"


def test_the_reference_has_no_page_that_nothing_makes() -> None:
    assert {page.name for page in REFERENCE.iterdir()} == pages().keys()
