"""Whose rules hold in a place: the operator's everywhere, and in a server those of who manages it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from bot.messages import Address, Author
from bot.ports import Store
from bot.rules import Book, Presence, Ruling, below, dump_book, load_book, presence_of

# The setting under which a book is kept, and the scope of the operator's.
ACCESS_SETTING: Final = "access"
EVERYWHERE: Final = "everywhere"


@dataclass(frozen=True, slots=True)
class Operator:
    """Who runs the bot, and the rules that stand in the settings.

    An admin is named as "platform:id" or by the id alone, on a platform whose ids have two parts also by the last one.
    """

    admins: frozenset[str] = frozenset()
    book: Book = field(default_factory=Book)

    def is_admin(self, platform: str, author: Author) -> bool:
        """Whether somebody is an admin; a bot never is."""
        ids = {author.id, author.id.rpartition(".")[2]}
        names = ids | {f"{platform}:{name}" for name in ids}
        return not author.bot and not names.isdisjoint(self.admins)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """A book that holds somewhere; the one of a `workspace` counts only what is used there."""

    scope: str
    book: Book
    workspace: str = ""


class Rulebooks:
    """Reads and keeps the books; one that was changed holds from the next question on."""

    def __init__(self, store: Store, operator: Operator) -> None:
        self._store = store
        self._operator = operator

    def is_admin(self, address: Address, author: Author) -> bool:
        """Whether somebody is among the operator's admins."""
        return self._operator.is_admin(address.platform, author)

    async def holding(self, address: Address) -> Sequence[Rulebook]:
        """The books that hold in a place: to be let in somebody must be welcome by each."""
        scopes = (EVERYWHERE, server_scope(address)) if address.workspace else (EVERYWHERE,)
        kept = await self._store.settings(ACCESS_SETTING, scopes)
        books = [
            Rulebook(scope, load_book(kept.get(scope, "")), address.workspace if number else "")
            for number, scope in enumerate(scopes)
        ]
        everywhere = Rulebook(EVERYWHERE, below(books[0].book, self._operator.book))
        return [everywhere, *books[1:]]

    async def kept(self, scope: str) -> Book:
        """The book of a scope as it is stored, without what stands in the settings."""
        return load_book((await self._store.settings(ACCESS_SETTING, (scope,))).get(scope, ""))

    async def keep(self, scope: str, book: Book, by: str) -> None:
        """Store a book, changed by an actor ("platform/user id")."""
        value = None if book == Book() else dump_book(book)
        await self._store.set_setting(scope, ACCESS_SETTING, value, by=by)

    async def allowed(self, tools: Collection[str], address: Address, author: Author) -> frozenset[str]:
        """Those of the tools, by name, that somebody may use there, as far as the rules about tools say."""
        if self.is_admin(address, author):
            return frozenset(tools)
        presence = presence_of(address, author)
        books = await self.holding(address)
        return frozenset(
            name for name in tools if all(held.book.tool(name).judge(presence) is Ruling.WELCOME for held in books)
        )


def server_scope(address: Address) -> str:
    """The scope under which a server's settings are stored."""
    return f"server/{address.platform}/{address.workspace}"


def ruling(books: Sequence[Rulebook], presence: Presence) -> Ruling:
    """What the first book says by which somebody is not welcome."""
    rulings = (held.book.access.judge(presence) for held in books)
    return next((said for said in rulings if said is not Ruling.WELCOME), Ruling.WELCOME)
