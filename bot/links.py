"""Keeps what a model says from showing foreign pictures, and from links that could carry away what was said."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from bot.addresses import LONGEST, SCHEME, Trust, broken, end, written_in
from bot.backticks import BLOCK, Backticks

_MARK: Final = re.compile(rf"\n|`+|\\[!-/:-@\[-`{{-~]|!\[|\]\(|(?<![a-z0-9]){SCHEME}|://", re.IGNORECASE)
# What may become one of these with the next piece.
_BEGUN: Final = re.compile(
    r"(?:(?<![a-z0-9])(?:h|ht|htt|https?|https?:/?|f|ft|ftp:?/?|w{1,3})|:/?|!|\]|\\)\Z", re.IGNORECASE
)
# Of what was shown before so much is still looked at.
_CONTEXT: Final = 40
# The bracket right before an address that is the text of a link.
_OPENED: Final = re.compile(r"(?<!\\)\[\Z")
_WORD: Final = re.compile(r"[a-z0-9+.-]*\Z", re.IGNORECASE)
_RUN: Final = re.compile(rf"(?:(?!\]\(|!?\[)[^\s<]){{1,{LONGEST}}}")
_ALT: Final = 300
_IMAGE: Final = re.compile(rf"!\[(?P<alt>(?:[^\[\]\\`\n]|\\[^\n]){{0,{_ALT}}})\]\(")
_IMAGE_BEGUN: Final = re.compile(rf"!\[(?:[^\[\]\\`\n]|\\[^\n]){{0,{_ALT}}}(?:\\|\])?\Z")
_GAP: Final = re.compile(r"[ \t]{0,20}")
_TARGET: Final = re.compile(rf"<(?:(?!!\[)[^<>\n]){{0,{LONGEST}}}>?|(?:(?!!\[)[^\s<]){{0,{LONGEST}}}")
_JOINER: Final = "\u200b"


class _Taken(NamedTuple):
    """What is shown for so many characters of the text."""

    shown: str
    size: int


class _Target(NamedTuple):
    """Where a Markdown link leads, and the offset behind it."""

    address: str
    end: int
    angled: bool


class LinkGuard:
    """Lets a text through but for its links; the end of it may be held back until it is known what it is.

    A picture becomes its description and its address, unless that stands in the words of who `asked`. An address that
    `trust` does not allow is shown as code, where nobody follows it by accident. Code stays as it is. Never holds back
    more than an address or a line of code of 2,000 characters.
    """

    def __init__(self, trust: Trust, *, asked: str = "") -> None:
        self._trust = trust
        self._asked = written_in(asked)
        self._ticks = Backticks()
        self._held = ""
        self._before = ""
        self._bracket = False
        self._last = ""

    def feed(self, text: str) -> str:
        """Take more text; return what may be shown."""
        return self._scan(text, final=False)

    def end(self) -> str:
        """What was held back, at the end of the text."""
        return self._scan("", final=True)

    def _scan(self, more: str, *, final: bool) -> str:
        text, at = self._before + self._held + more, len(self._before)
        shown: list[str] = []
        while at < len(text):
            found = _MARK.search(text, at)
            start = found.start() if found else _settled(text, at, final=final)
            if start > at:
                self._bracket = self._bracket or "[" in text[at:start]
                self._ticks.text(text[at:start])
                self._show(text[at:start], shown)
                at = start
            taken = self._take(text, found, final=final) if found else None
            if taken is None:
                break
            self._show(taken.shown, shown)
            at += taken.size
        self._before, self._held = text[:at][-_CONTEXT:], text[at:]
        return "".join(shown)

    def _show(self, text: str, shown: list[str]) -> None:
        shown.append(text)
        self._last = text[-1:] or self._last

    # What is taken for what: None where more of the text must be known ---------------------------------------------

    def _take(self, text: str, found: re.Match[str], *, final: bool) -> _Taken | None:
        mark, at = found[0], found.start()
        if mark[0] == "`":
            return self._take_ticks(mark, open_ended=found.end() == len(text) and not final)
        if mark == "\n":
            self._ticks.newline()
            return _Taken(mark, 1)
        if mark[0] == "\\":
            # Within code it escapes nothing.
            return self._as_it_is(mark if self._ticks.outside else "\\")
        # To Discord a link is one wherever a bracket was opened before, also around code.
        linked = mark == "](" and self._bracket
        if self._ticks.in_block and not linked:
            return self._as_it_is(mark)
        if self._ticks.may_be_span and not linked:
            size = self._span(text, at, final=final)
            if size is None or (size and not (self._bracket and "](" in text[at : at + size])):
                return None if size is None else self._as_it_is(text[at : at + size])
        return self._take_link(text, at, mark, final=final)

    def _take_ticks(self, mark: str, *, open_ended: bool) -> _Taken | None:
        if open_ended:
            return None
        self._ticks.run(len(mark))
        return _Taken(mark, len(mark))

    def _as_it_is(self, text: str) -> _Taken:
        self._ticks.text(text)
        return _Taken(text, len(text))

    def _span(self, text: str, at: int, *, final: bool) -> int | None:
        """How much belongs to the span of code that is open, 0 where it is none after all, None while that is open."""
        line, newline, _ = text[at : at + LONGEST].partition("\n")
        for run in re.finditer("`+", line):
            if not newline and run.end() == len(line) and not (final and len(line) < LONGEST):
                break
            if len(run[0]) == self._ticks.opened:
                return run.start()
            if len(run[0]) >= BLOCK:
                return 0
        return 0 if newline or final or len(line) == LONGEST else None

    def _take_link(self, text: str, at: int, mark: str, *, final: bool) -> _Taken | None:
        if mark == "![":
            return self._take_image(text, at, final=final)
        if mark == "](":
            return self._take_target(text, at, final=final)
        if mark == "://":
            return self._take_rest(text, at, final=final)
        return self._take_address(text, at, final=final)

    def _take_image(self, text: str, at: int, *, final: bool) -> _Taken | None:
        image = _IMAGE.match(text, at)
        if image is None or _MARK.search(image["alt"]):
            if not final and _IMAGE_BEGUN.match(text, at):
                return None
            # No picture then, but a link.
            self._bracket = True
            return self._replaced(f"!{_JOINER}[", 2)
        target = _target(text, image.end(), final=final)
        if target is None:
            return None
        whole = text[at : target.end]
        if target.address.rstrip("/") in self._asked and self._may_be_followed(target.address):
            return self._replaced(whole, len(whole))
        return self._replaced(f"{image['alt']} ({self._led_nowhere(target)}", len(whole))

    def _take_target(self, text: str, at: int, *, final: bool) -> _Taken | None:
        if not self._bracket:
            return self._replaced("]", 1)
        target = _target(text, at + 2, final=final)
        if target is None:
            return None
        whole = text[at : target.end]
        if self._may_be_followed(target.address):
            return self._replaced(whole, len(whole))
        # With a space between, it is no link.
        return self._replaced(f"] ({self._led_nowhere(target)}", len(whole))

    def _take_address(self, text: str, at: int, *, final: bool) -> _Taken | None:
        run = _RUN.match(text, at)
        assert run is not None
        if run.end() == len(text) and not final and len(run[0]) < LONGEST:
            return None
        size = end(run[0])
        address = run[0][:size]
        if not self._may_be_followed(address):
            return self._replaced(self._inert(address, self._last, run[0][size:]), size)
        return self._replaced(address + self._gap(text, at, run, size), size)

    def _take_rest(self, text: str, at: int, *, final: bool) -> _Taken | None:
        """An address whose beginning was shown with the word before it."""
        run = _RUN.match(text, at)
        assert run is not None
        if run.end() == len(text) and not final and len(run[0]) < LONGEST:
            return None
        size = end(run[0])
        word = _WORD.search(text[max(0, at - _CONTEXT) : at])
        rest = run[0][:size]
        if not self._may_be_followed(f"{word[0] if word else ''}{rest}"):
            return self._replaced(broken(rest.replace("`", "%60")), size)
        return self._replaced(rest + self._gap(text, at, run, size), size)

    def _gap(self, text: str, at: int, run: re.Match[str], size: int) -> str:
        """What keeps an address apart from what comes after it.

        Discord takes all up to a space for a part of it: Chinese text, backticks, and brackets but for those of a link.
        """
        after, following = run[0][size:], text[run.end() : run.end() + 1]
        linked = following == "]" and _OPENED.search(text, 0, at)
        apart = not after.isascii() or "`" in after or (following in ("]", "!", "[") and not linked)
        return " " if apart else ""

    def _replaced(self, shown: str, size: int) -> _Taken:
        self._ticks.text(shown.replace("`", "").replace("\n", ""))
        return _Taken(shown, size)

    # What may be followed ------------------------------------------------------------------------------------------

    def _may_be_followed(self, address: str) -> bool:
        return "`" not in address and self._trust.allows(address)

    def _led_nowhere(self, target: _Target) -> str:
        # What comes after an angle bracket is not known yet.
        return self._inert(target.address, "<" if target.angled else "(", "")

    def _inert(self, address: str, before: str, after: str) -> str:
        # A backtick within would end the code; to a server this is the same.
        address = address.replace("`", "%60")
        if (
            "](" not in address
            and self._ticks.outside
            and before not in ("`", "\\", "<")
            and not after.startswith("`")
            and address
        ):
            return f"`{address}`"
        return broken(address)


def _settled(text: str, at: int, *, final: bool) -> int:
    """The offset up to which nothing can become a mark."""
    begun = None if final else _BEGUN.search(text, max(at, len(text) - 8))
    return begun.start() if begun else len(text)


def _target(text: str, at: int, *, final: bool) -> _Target | None:
    """Where the link leads whose target begins here, None while that is open."""
    gap = _GAP.match(text, at)
    assert gap is not None
    found = _TARGET.match(text, gap.end())
    assert found is not None
    written, angled = found[0], found[0].startswith("<")
    if angled:
        ended = written.endswith(">") and len(written) > 1
        address = written[1:-1] if ended else written[1:]
    else:
        address = _balanced(written)
        ended = len(address) < len(written)
    if not ended and found.end() == len(text) and not final and len(written) < LONGEST:
        return None
    return _Target(address, found.end() if angled else found.start() + len(address), angled)


def _balanced(text: str) -> str:
    """A text up to the parenthesis that it did not open."""
    depth = 0
    for index, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth < 0:
            return text[:index]
    return text
