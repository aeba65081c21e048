"""The text of an HTML page, read in a process of its own: parsers of HTML take minutes for pages made to that end.

This file is that process: a page in UTF-8 on its standard input, its text on the standard output.
"""

from __future__ import annotations

import re
import resource
import sys
from contextlib import suppress
from typing import Final

from selectolax.lexbor import LexborHTMLParser, LexborNode

MEMORY: Final = 512 * 1024 * 1024
SECONDS: Final = 5
# Characters; a part of a page has 7,000.
TEXT: Final = 500_000

# What is no text, or is not shown: where somebody hides words for machines.
_UNSEEN: Final = (
    "script, style, noscript, template, svg, math, iframe, object, canvas, audio, video, select, button, nav, dialog, "
    "[hidden], [aria-hidden=true], [style*='display:none'], [style*='display: none'], [style*='visibility:hidden'], "
    "[style*='visibility: hidden']"
)
# The article itself, where a page says which part that is and it is more than a teaser.
_MAIN: Final = ("main", "[role=main]", "article")
_TEASER: Final = 200
_CELLS: Final = frozenset({"td", "th"})
_INLINE: Final = frozenset(
    (
        *("a", "abbr", "b", "bdi", "bdo", "br", "cite", "code", "data", "del", "dfn", "em"),
        *("font", "i", "img", "ins", "kbd", "label", "mark", "q", "rp", "rt", "ruby", "s"),
        *("samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr"),
    )
)
_GAPS: Final = re.compile(r"\s*\n\s*\n\s*")
_PREFORMATTED: Final = "\x00"


def main() -> None:
    """Read a page from the standard input."""
    for limit, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # not every system knows all of them, and time is bounded from outside
            resource.setrlimit(limit, (most, most))
    sys.stdout.buffer.write(extracted(sys.stdin.buffer.read().decode(errors="replace")).encode(errors="replace"))


def extracted(page: str) -> str:
    """The page's title in the first line, "" for none, and below it what a reader sees of its main part."""
    tree = LexborHTMLParser(page.replace(_PREFORMATTED, ""))
    title = tree.css_first("title")
    head = _one_line(title.text()) if title else ""
    for node in tree.css(_UNSEEN):
        node.decompose()
    for block in tree.css("pre"):
        block.unwrap_tags(sorted(_INLINE - {"br"}))
    texts = (_text(node) for query in _MAIN for node in tree.css(query)[:1])
    text = next((text for text in texts if len(text) >= _TEASER), "")
    return f"{head}\n{text or (_text(tree.body) if tree.body else '')}"


def _text(root: LexborNode) -> str:
    nodes = root.traverse(include_text=True)
    text = "".join(_written(node) if node.tag == "-text" else _break(node) for node in nodes)
    lines = [_one_line(line) for line in text.split("\n")]
    return _GAPS.sub("\n\n", "\n".join(lines).replace(_PREFORMATTED, " ")).strip()[:TEXT]


def _written(node: LexborNode) -> str:
    """A text as it is in the page, its line ends only where they count."""
    text = node.text_content or ""
    if node.parent is not None and node.parent.tag == "pre":
        return text.replace(" ", _PREFORMATTED)
    if not text.strip():
        return " "
    return _after_block(node) + " ".join(f".{text}.".split())[1:-1]


def _break(node: LexborNode) -> str:
    """What stands before an element's text."""
    if node.tag in _CELLS:
        return " | " if _has_cell_before(node) else ""
    if node.tag in _INLINE:
        return "\n" if node.tag == "br" else _after_block(node)
    return "\n" if node.tag in ("li", "tr") else "\n\n"


def _after_block(node: LexborNode) -> str:
    """A line's end where what comes before ends one."""
    before = node.prev
    if before is not None and before.is_empty_text_node:
        before = before.prev
    return "\n" if before is not None and before.is_element_node and before.tag not in _INLINE else ""


def _has_cell_before(node: LexborNode) -> bool:
    before = node.prev
    while before is not None and not before.is_element_node:
        before = before.prev
    return before is not None


def _one_line(text: str) -> str:
    return " ".join(text.split())


if __name__ == "__main__":
    main()
