"""Slack's mrkdwn: read as plain text, and written for our own sentences."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, cast

from adapters.slack_app.manifest import COMMAND
from bot.vocabulary import NAMES

Json = Mapping[str, Any]
NOTHING: Final[Json] = {}

# Slack docs, messaging/formatting-message-text: what stands in angle brackets is a reference, and & < > are escaped.
_MARK: Final = re.compile(r"<([^<>]*)>|&(?:lt|gt|amp);")
_ENTITIES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_SCHEMES: Final = ("mailto:", "tel:")
# The commands of tools are not known here, but stand in bold where our sentences name them.
SLASHED: Final = re.compile(rf"(?<![\w/])/((?:{'|'.join(NAMES)})\b|[\w-]+(?=\*))")
# Parts of rich text that stand in one line; all others have lines of their own.
_LINES: Final = frozenset({"rich_text_section", "rich_text_preformatted", "rich_text_quote"})
# Blocks nest; what somebody sends may nest without end.
_DEPTH: Final = 8


def plain(text: str, own: str, names: Callable[[str], str]) -> str:
    """Text without the mention of the bot, whose user id is `own`; other references by their names.

    `names` gives the name of a user id, "" for an unknown one.
    """

    def read(match: re.Match[str]) -> str:
        tag = match[1]
        if tag is None:
            return _unescaped(match[0])
        return "" if own and _is_user(tag, own) else _unescaped(_reference(tag, names))

    leading = re.compile(rf"\s*<@{re.escape(own)}(?:\|[^<>]*)?>(?:[,:](?=\s))?") if own else None
    return _MARK.sub(read, leading.sub("", text, count=1) if leading and leading.match(text) else text).strip()


def mentions(text: str, user: str) -> bool:
    """Whether a text mentions this user."""
    return bool(user) and any(_is_user(tag, user) for tag in _MARK.findall(text))


def mrkdwn(sentence: str) -> str:
    """One of our own sentences as Slack shows it: escaped, in its own bold, with the command that it has on Slack."""
    return SLASHED.sub(rf"{COMMAND} \1", html.escape(sentence, quote=False).replace("**", "*"))


def part(value: Json, name: str) -> Json:
    """The object of that name, an empty one where there is none."""
    found = value.get(name)
    return cast("Json", found) if isinstance(found, Mapping) else NOTHING


def parts(value: Json, name: str) -> Sequence[Json]:
    """The objects in the list of that name."""
    found = value.get(name)
    items = cast("list[Any]", found) if isinstance(found, list) else []
    return [cast("Json", item) for item in items if isinstance(item, Mapping)]


def word(value: Json, *names: str) -> str:
    """The first of these fields that holds a text which is not empty, else ""."""
    found = (value.get(name) for name in names)
    return next((text for text in found if isinstance(text, str) and text), "")


def words_of(blocks: Sequence[Json], depth: int = _DEPTH) -> str:
    """What can be read in blocks, as mrkdwn; for messages that have no text of their own."""
    return "\n".join(filter(None, (_block(block, depth) for block in blocks)))


def _block(block: Json, depth: int) -> str:
    if depth == 0:
        return ""
    person = word(block, "user_id")
    own = word(block, "text", "url") or (f"<@{person}>" if person else _block(part(block, "text"), depth - 1))
    inner = [_block(item, depth - 1) for name in ("fields", "elements") for item in parts(block, name)]
    return ("" if word(block, "type") in _LINES else "\n").join(filter(None, [own, *inner]))


def _is_user(tag: str, user: str) -> bool:
    return tag.partition("|")[0] == f"@{user}"


def _reference(tag: str, names: Callable[[str], str]) -> str:
    target, _, label = tag.partition("|")
    match target[:1]:
        case "@":
            return f"@{label or names(target[1:]) or target[1:]}"
        case "#":
            return f"#{label or target[1:]}"
        case "!":
            return _special(target[1:], label)
        case _:
            return _link(target, label) if ":" in target else f"<{tag}>"


def _special(target: str, label: str) -> str:
    """A group ("subteam^S1|@name"), a date with its words, or everybody ("here")."""
    if target.startswith("date^"):
        return label
    return f"@{(label or target.rpartition('^')[2]).removeprefix('@')}"


def _link(target: str, label: str) -> str:
    for scheme in _SCHEMES:
        target = target.removeprefix(scheme)
    bare = target.partition("://")[2] or target
    return target if label in {"", target, bare, bare.rstrip("/")} else f"{label} ({target})"


def _unescaped(text: str) -> str:
    for entity, character in _ENTITIES:
        text = text.replace(entity, character)
    return text
