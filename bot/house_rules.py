"""What /access shows and changes: the rules about who is answered, and how much."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import accumulate
from typing import Final

from bot import access, texts
from bot.errors import UserError
from bot.messages import Address, Control
from bot.ports import Store
from bot.records import Change
from bot.rulebooks import ACCESS_SETTING, EVERYWHERE, Rulebooks, server_scope
from bot.rules import Book, Kind, Ruleset, Verdict, load_book, read_counted, read_quota, read_subject, read_tool

# How many rules a book may have, so that reading it costs little, and how many changes are listed.
MOST_RULES: Final = 500
LISTED_CHANGES: Final = 10
# Characters of a sentence: Discord, which has the shortest messages, takes 2,000.
_MESSAGE: Final = 1_900
_OFF: Final = "off"
_HERE: Final = "here"

Edit = Callable[[Book, Sequence[str]], Book]


class HouseRules:
    """Changes a book for who may: admins the operator's, who manages a server that server's."""

    def __init__(self, store: Store, books: Rulebooks) -> None:
        self._store = store
        self._books = books
        self._writing = asyncio.Lock()
        self._readers: Mapping[str, Callable[[Control, Sequence[str]], Awaitable[str]]] = {
            "show": self._show,
            "log": self._log,
        }

    async def act(self, control: Control) -> str:
        """Do what stands in the control's value; raises UserError for who may not, and for what is not understood."""
        scopes = self._scopes(control)
        if not scopes:
            raise UserError(texts.say("access_forbidden", control.address.locale))
        action, *words = _resolved(control.value.split(), control.address) or ["show"]
        reader, edit = self._readers.get(action.lower()), _EDITS.get(action.lower())
        if reader is not None:
            return await reader(control, scopes)
        try:
            if edit is None:
                raise ValueError(action)
            # What is taken back is taken out of all books that one may change.
            wide = action.lower() == "clear"
            changes = [await self._edit(control, scope, edit, words) for scope in (scopes if wide else scopes[:1])]
        except ValueError as error:
            raise UserError(texts.say("access_unclear", control.address.locale)) from error
        return "\n".join(filter(None, changes)) or texts.say("access_unchanged", control.address.locale)

    def _scopes(self, control: Control) -> Sequence[str]:
        """The scopes whose books somebody may change, the one that their rules go into first."""
        address = control.address
        admin = self._books.is_admin(address, control.actor)
        manages = bool(address.workspace) and (admin or access.may_set(control.actor, "server"))
        return [*([EVERYWHERE] if admin else []), *([server_scope(address)] if manages else [])]

    async def _edit(self, control: Control, scope: str, edit: Edit, words: Sequence[str]) -> str:
        """Change one book; a sentence about what is new in it, "" when nothing is."""
        async with self._writing:
            before = await self._books.kept(scope)
            after = edit(before, words)
            if after == before:
                return ""
            if len(after.lines()) > MOST_RULES:
                raise UserError(texts.say("access_too_many", control.address.locale, most=str(MOST_RULES)))
            await self._books.keep(scope, after, f"{control.address.platform}/{control.actor.id}")
        return _list(_scope_name(scope, control), _differences(before, after))

    async def _show(self, control: Control, scopes: Sequence[str]) -> str:
        locale = control.address.locale
        held = [held for held in await self._books.holding(control.address) if held.scope in scopes]
        lines = [line for each in held for line in _shown(_scope_name(each.scope, control), each.book, locale)]
        usage = texts.say("access_usage", locale)
        return f"{_cut(lines, _MESSAGE - len(usage))}\n{usage}"

    async def _log(self, control: Control, scopes: Sequence[str]) -> str:
        found = [change for scope in scopes for change in await self._changes(scope)]
        newest = sorted(found, key=lambda change: change.at, reverse=True)[:LISTED_CHANGES]
        lines = [line for change in newest for line in _told(change)]
        locale = control.address.locale
        return _list(texts.say("access_log", locale), lines or [texts.say("access_nothing", locale)])

    async def _changes(self, scope: str) -> Sequence[Change]:
        """The changes in a scope; others may begin with the same letters."""
        found = await self._store.changes(scope, limit=LISTED_CHANGES * 5)
        return [change for change in found if change.scope == scope]


def _resolved(words: Sequence[str], address: Address) -> list[str]:
    """The words with the place itself where they say "here"."""
    here = {
        _HERE: f"{Kind.CHANNEL}:{address.channel}",
        f"{Kind.CHANNEL}:{_HERE}": f"{Kind.CHANNEL}:{address.channel}",
        f"{Kind.CATEGORY}:{_HERE}": f"{Kind.CATEGORY}:{address.category}",
        f"{Kind.SERVER}:{_HERE}": f"{Kind.SERVER}:{address.workspace}",
    }
    return [here.get(word.lower(), word) for word in words]


def _rule(verdict: Verdict | None) -> Edit:
    """The edit that gives a subject this verdict, or with None takes it back."""

    def edit(book: Book, words: Sequence[str]) -> Book:
        tool, rules = _rules(book, words[1:])
        subject = read_subject(words[0] if words else "")
        kept = {name: known for name, known in rules.rules.items() if name != subject}
        return book.with_rules(tool, replace(rules, rules={**kept, subject: verdict} if verdict else kept))

    return edit


def _set_default(book: Book, words: Sequence[str]) -> Book:
    tool, rules = _rules(book, words[1:])
    word = words[0].lower() if words else ""
    return book.with_rules(tool, replace(rules, default=None if word == _OFF else Verdict(word)))


def _rules(book: Book, words: Sequence[str]) -> tuple[str, Ruleset]:
    """The rules that are meant: those about everything, or about the tool that is named."""
    if not words:
        return "", book.access
    if len(words) > 1:
        raise ValueError("too many words")
    tool = read_tool(words[0])
    return tool, book.tool(tool)


def _set_quota(book: Book, words: Sequence[str]) -> Book:
    if len(words) == 2 and words[1].lower() == _OFF:
        return book.with_quota(read_counted(words[0]), {})
    subject, unit, amount = read_quota(" ".join(words))
    return book.with_quota(subject, {**book.quotas.get(subject, {}), unit: amount})


_EDITS: Final[Mapping[str, Edit]] = {
    "allow": _rule(Verdict.ALLOW),
    "deny": _rule(Verdict.DENY),
    "clear": _rule(None),
    "default": _set_default,
    "quota": _set_quota,
}


def _scope_name(scope: str, control: Control) -> str:
    name = "access_everywhere" if scope == EVERYWHERE else "scope_server"
    return texts.say(name, control.address.locale)


def _list(head: str, lines: Sequence[str]) -> str:
    return _cut([f"**{head}**", *lines], _MESSAGE)


def _shown(head: str, book: Book, locale: str) -> Sequence[str]:
    rules = [f"`{name}`: {value}" for name, value in book.lines().items()]
    return [f"**{head}**", *(rules or [texts.say("access_nothing", locale)])]


def _cut(lines: Sequence[str], limit: int) -> str:
    """As many of the lines as fit into so many characters; that some are left out is shown."""
    sizes = accumulate(len(line) + 1 for line in lines)
    fitting = [line for line, size in zip(lines, sizes, strict=True) if size <= limit]
    return "\n".join(fitting if len(fitting) == len(lines) else [*fitting, "…"])


def _differences(before: Book, after: Book) -> Sequence[str]:
    old, new = before.lines(), after.lines()
    return [
        f"`{name}`: {old.get(name, '–')} → {new.get(name, '–')}"
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    ]


def _told(change: Change) -> Sequence[str]:
    """A change in words, with its time in UTC and who made it."""
    when = f"{datetime.fromtimestamp(change.at, UTC):%m-%d %H:%M} `{change.actor}`"
    if change.name != ACCESS_SETTING:
        return [f"{when} `{change.name}`: {change.before or '–'} → {change.after or '–'}"]
    said = _differences(load_book(change.before or ""), load_book(change.after or ""))
    return [f"{when} {line}" for line in said]
