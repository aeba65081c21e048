"""A page as Slack shows it: Markdown and buttons in Block Kit, with nothing in it that could ping anybody."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from adapters.slack_app.markup import SLASHED
from bot import texts
from bot.markdown import Kind, blocks
from bot.messages import ControlKind, Page

Json = dict[str, Any]

# Slack docs, reference/block-kit/blocks/markdown-block: all of them in a message together.
MARKDOWN_SIZE: Final = 12_000
# All text of a message may be about 13,200 characters (measured, slackapi/bolt-js#2509), and `text` may count as well.
FALLBACK_SIZE: Final = 2_000
ACTION_PREFIX: Final = "glm"
RATE: Final = "rate"
_BUTTONS: Final = frozenset(
    {ControlKind.STOP, ControlKind.REGENERATE, ControlKind.CONTINUE, ControlKind.ALLOW, ControlKind.DENY}
)
_STYLES: Final = {
    ControlKind.STOP: {"style": "danger"},
    ControlKind.ALLOW: {"style": "primary"},
    ControlKind.DENY: {"style": "danger"},
}

_JOINER: Final = "\u2060"
# Slack docs, messaging/formatting-message-text, special mentions. The joiner goes where the next character settles what
# the word is: what was sent of a growing text then never has to change, and <!DOCTYPE or <!-- are left alone.
_PING: Final = re.compile(r"(?i:<!(?:channe(?=l)|her(?=e)|everyon(?=e)|subtea(?=m)|grou(?=p)))|<@[UW](?=[A-Z0-9])")
# The second line of a table as `bot.tables` draws it.
_DRAWN: Final = re.compile(r"-+(?:  -+)*")
_DELIMITER: Final = re.compile(r"[\s|:-]+")
# A longer line with a pipe is prose.
_HEADER_SIZE: Final = 300


def defused(text: str) -> str:
    """The text with an invisible mark in all that Slack would take for a mention; it grows as the text grows."""
    return _PING.sub(rf"\g<0>{_JOINER}", text) if "<" in text else text


def characters(text: str) -> int:
    """How many characters Slack gets for a text."""
    return len(defused(text))


def octets(text: str) -> int:
    """How many bytes Slack gets for a text."""
    return len(defused(text).encode())


@lru_cache(maxsize=256)
def steady(body: str) -> str:
    """The part of a growing body that later text will not change.

    A fence may yet go on, the lines of a table are aligned anew with each row, and a line with pipes may become one.
    """
    last = next(reversed(blocks(body, lambda _: True)), None)
    if last is None:
        return ""
    if last.kind is Kind.FENCE:
        drawn = _DRAWN.fullmatch(_second_line(body[last.body : last.foot])) and body[last.start : last.body] == "```\n"
        return body[: last.start].rstrip() if drawn else body[: last.foot].rstrip("\n")
    if last.kind is Kind.TABLE:
        return body[: last.start].rstrip()
    return _without_pipes(body)


def _second_line(content: str) -> str:
    lines = content.split("\n", 2)
    return lines[1] if len(lines) > 1 else ""


def _without_pipes(body: str) -> str:
    before, _, line = body.rpartition("\n")
    if "|" in line and len(line) <= _HEADER_SIZE:
        earlier, _, header = before.rpartition("\n")
        return (earlier if "|" in header and _DELIMITER.fullmatch(line) else before).rstrip()
    if _DELIMITER.fullmatch(line) and "|" in before.rpartition("\n")[2]:
        return before.rpartition("\n")[0].rstrip()
    return body


def escaped(text: str) -> str:
    """Text for a field that Slack reads as its own markup (Slack docs, messaging/formatting-message-text)."""
    return html.escape(text, quote=False)


def in_thread(sentence: str) -> str:
    """One of our own sentences with its commands as they are given in a thread, where Slack takes no "/" ones."""
    return SLASHED.sub(r"!\1", sentence)


def fallback(page: Page) -> str:
    """What notifications and screen readers get of a page."""
    text = escaped(page.text[:FALLBACK_SIZE])[:FALLBACK_SIZE]
    # A cut may have left the beginning of an escaped character.
    return re.sub(r"&[a-z]{0,3}$", "", text) or "…"


def message(page: Page, locale: str) -> Json:
    """The arguments that show a page: its blocks, and the text for where there is room for text only."""
    body = defused(page.body) or in_thread(page.tail) or "…"
    first: Json = {"type": "markdown", "text": body[:MARKDOWN_SIZE]}
    return {"blocks": [first, *trailer(page if page.body else _bare(page), locale)], "text": fallback(page)}


def naming(shown: Json, user: str) -> Json:
    """The same arguments with a mention of this user, the only one that is not defused."""
    mention = f"<@{user}>"
    if "blocks" not in shown:
        return {"markdown_text": f"{mention}\n\n{shown['markdown_text']}"[:MARKDOWN_SIZE]}
    line: Json = {"type": "context", "elements": [{"type": "mrkdwn", "text": mention}]}
    return {"blocks": [line, *shown["blocks"]], "text": f"{mention} {shown['text']}"}


def trailer(page: Page, locale: str) -> list[Json]:
    """The blocks below the body of a page: its tail, its buttons, and the thumbs."""
    found: list[Json] = []
    if page.tail:
        found.append({"type": "context", "elements": [{"type": "mrkdwn", "text": escaped(in_thread(page.tail))}]})
    buttons = [_button(kind, page.target, locale) for kind in page.controls if kind in _BUTTONS]
    if buttons:
        found.append({"type": "actions", "elements": buttons})
    if ControlKind.UPVOTE in page.controls:
        found.append({"type": "context_actions", "elements": [_thumbs(page.turn, locale)]})
    return found


def _bare(page: Page) -> Page:
    return replace(page, body="", tail="", file=None)


def _button(kind: ControlKind, target: str, locale: str) -> Json:
    return {
        "type": "button",
        "action_id": f"{ACTION_PREFIX}:{kind}:{target}",
        "text": _plain(texts.say(f"button_{kind}", locale)),
        **_STYLES.get(kind, {}),
    }


def _thumbs(turn: int, locale: str) -> Json:
    return {
        "type": "feedback_buttons",
        "action_id": f"{ACTION_PREFIX}:{RATE}:{turn}",
        "positive_button": _thumb(ControlKind.UPVOTE, locale),
        "negative_button": _thumb(ControlKind.DOWNVOTE, locale),
    }


def _thumb(kind: ControlKind, locale: str) -> Json:
    return {"text": _plain(texts.say(f"button_{kind}", locale)), "value": str(kind)}


def _plain(text: str) -> Json:
    return {"type": "plain_text", "text": text, "emoji": True}
