"""What is kept of somebody as a text for them, in Markdown or in JSON."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bot.messages import CallRecord
from bot.records import Entry


@dataclass(frozen=True, slots=True)
class Format:
    """How entries become a text; `render` is also given the conversation of the entry before, "" for none."""

    render: Callable[[Entry, str], str]
    begin: str = ""
    between: str = "\n"
    end: str = "\n"


async def written(entries: AsyncIterable[Entry], form: Format) -> AsyncGenerator[str]:
    """The text piece by piece, none where there are no entries."""
    before = ""
    async for entry in entries:
        yield (form.between if before else form.begin) + form.render(entry, before)
        before = entry.conversation
    if before:
        yield form.end


def _markdown(entry: Entry, before: str) -> str:
    lines = [] if entry.conversation == before else [f"# {entry.conversation}", ""]
    withdrawn = " (deleted)" if entry.withdrawn else ""
    lines += [f"## {_when(entry)}, {entry.author.name}{withdrawn}", "", entry.question, ""]
    if entry.files:
        lines += [f"Files: {', '.join(entry.files)}", ""]
    lines += [line for record in entry.calls for line in _called(record)]
    if entry.kind is not None:
        by = f", {entry.model}" if entry.model else ""
        lines += [f"### Answer ({entry.kind}{by})", "", entry.answer, ""]
    return "\n".join(lines)


def _called(record: CallRecord) -> list[str]:
    # Indented by four it stays as it is, whatever it holds.
    given = "\n".join(f"    {line}" for line in (record.result or "").split("\n"))
    verdict = f" ({record.verdict})" if record.verdict else ""
    return [f"### Tool `{record.call.name}`{verdict} {record.call.arguments}", "", given, ""]


def _json(entry: Entry, _: str) -> str:
    address = entry.address
    fields = {
        "conversation": entry.conversation,
        "turn": entry.turn,
        "at": _when(entry),
        "platform": address.platform,
        "workspace": address.workspace,
        "channel": address.channel,
        "thread": address.thread,
        "author": {"id": entry.author.id, "name": entry.author.name},
        "question": entry.question,
        "files": entry.files,
        "deleted": entry.withdrawn,
        "outcome": entry.kind,
        "answer": entry.answer,
        "model": entry.model,
        "calls": [
            {
                "tool": record.call.name,
                "arguments": record.call.arguments,
                "result": record.result,
                "verdict": record.verdict,
            }
            for record in entry.calls
        ],
    }
    return json.dumps(fields, ensure_ascii=False)


def _when(entry: Entry) -> str:
    return datetime.fromtimestamp(entry.at, UTC).isoformat(timespec="seconds")


MARKDOWN: Final = "md"
FORMATS: Final[Mapping[str, Format]] = {
    MARKDOWN: Format(_markdown),
    "json": Format(_json, "[\n", ",\n", "\n]\n"),
}
