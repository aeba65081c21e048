"""What is said below an answer, beside how it ended: files that were not read, who looked, answered and helped."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bot import texts
from bot.attachments import Enclosure
from bot.completion import Delta, MediaKind, ModelInfo
from bot.marking import data
from bot.reply import TAIL_ROOM
from bot.sight import View

# What else may stand below a page: a mention of the asker, or the line about the file with the whole answer.
_BESIDE: Final = 40
# Characters that all notes together may take.
ROOM: Final = TAIL_ROOM - _BESIDE
# Characters of a file's name, and of what tools were called with: a note must not take the room of all others.
_NAME_ROOM: Final = 16
_TOOLS_ROOM: Final = 60
_TOOLS_SHOWN: Final = 2


def joined(notes: Sequence[str], room: int = ROOM) -> str:
    """As many of the notes as fit into so many characters, in their order; what comes first matters most."""
    kept = ""
    for note in filter(None, notes):
        longer = f"{kept} {note}" if kept else note
        kept = longer if len(longer) <= room else kept
    return kept


def missing(files: Sequence[Enclosure], locale: str, megabytes: int) -> str:
    """About files that could not be read, "" when there are none: one sentence, whatever is wrong."""
    lacking = [file for file in files if file.trouble]
    if not lacking:
        return ""
    troubles = {file.trouble for file in lacking}
    text = troubles.pop() if len(troubles) == 1 else "file_failed"
    return texts.say(text, locale, name=_named([file.name for file in lacking]), megabytes=str(megabytes))


def unread(files: Sequence[Enclosure], locale: str) -> str:
    """About files of kinds that nobody reads, "" when there are none."""
    names = [file.name for file in files if file.text is None and file.media is None and not file.trouble]
    return texts.say("file_unread", locale, name=_named(names)) if names else ""


def cut(locale: str) -> str:
    """About a text of which there was only room for the beginning."""
    return texts.say("text_cut", locale)


def looked(view: View, chosen: ModelInfo, locale: str) -> Sequence[str]:
    """Who looked in place of the chosen model, and what nobody looked at; the most important first."""
    notes = [_not_seen(view, locale)] if view.missed else []
    if len(view.shown) < view.total:
        text = "some_pictures" if view.shown[0].kind is MediaKind.IMAGE else "some_videos"
        notes.append(texts.say(text, locale, count=str(len(view.shown)), total=str(view.total)))
    if view.seer is not None and view.seer is not chosen:
        notes.append(texts.say("seen_by", locale, seer=view.seer.name, model=chosen.name))
    return notes


def unseen(view: View, locale: str) -> str:
    """Why nobody looks at what came to be seen, "" where somebody does."""
    return _not_seen(view, locale) if view.missed and view.seer is None else ""


def other_pictures(locale: str) -> str:
    """About addresses of pictures that no model takes."""
    return texts.say("only_png", locale)


def who_answered(finish: Delta, model: str, provider: str, locale: str) -> str:
    """Who answered, "" if that is the model and the provider that were asked first."""
    if finish.model in ("", model) and finish.provider in ("", provider):
        return ""
    return texts.say("answered_by", locale, model=finish.model, provider=finish.provider)


def tools(text: str, labels: Sequence[str], locale: str) -> str:
    """The sentence of this name about tools, as many of them as there is room for; "" without any."""
    known = list(dict.fromkeys(labels))
    shown = ", ".join(known[:_TOOLS_SHOWN]) + ("…" if len(known) > _TOOLS_SHOWN else "")
    return texts.say(text, locale, tools=data(shown, _TOOLS_ROOM)) if shown else ""


def _not_seen(view: View, locale: str) -> str:
    return texts.say(view.why, locale, name=_named([exhibit.name for exhibit in view.missed]))


def _named(names: Sequence[str]) -> str:
    """The first of the names, and how many more there are."""
    more = f" (+{len(names) - 1})" if len(names) > 1 else ""
    return f"“{data(names[0], _NAME_ROOM)}”{more}"
