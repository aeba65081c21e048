"""Which tools may be used where and by whom, and what /tools shows and changes of that."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from itertools import accumulate
from typing import Final

from bot.choices import Choices, say, scope_keys
from bot.completion import Tool
from bot.errors import UserError
from bot.messages import Address, Author, Control
from bot.ports import Store
from bot.rulebooks import Rulebooks
from bot.vocabulary import OFF, ON

# What a provider does itself: no function, and only known by name to people who switch it. Each search costs.
WEB_SEARCH: Final = Tool(
    "web_search", "Search the web at the model's provider, and list the sources under the answer.", {}
)

# The setting that holds the names of the tools that are off in a scope, and after a + of those that are on there
# although they are off where nobody says anything.
TOOLS_SETTING: Final = "tools"
_ON: Final = "+"
# Characters of the list, and of what is said of each: Discord, which has the shortest messages, takes 2,000.
_LIST: Final = 1_700
_DESCRIPTION: Final = 80
_SWITCHED: Final = {ON: "tools_on", OFF: "tools_off"}


class ToolChoices:
    """Switches tools; one that is off in any scope is off. `offered` are those that models can be told of now.

    Those whose names are `opt_in` are off as well where they are switched on in no scope.
    """

    def __init__(
        self,
        store: Store,
        choices: Choices,
        books: Rulebooks,
        offered: Callable[[], Sequence[Tool]],
        opt_in: Collection[str] = (),
    ) -> None:
        self._store = store
        self._choices = choices
        self._books = books
        self._offered = offered
        self._opt_in = frozenset(opt_in)
        self._writing = asyncio.Lock()

    async def usable(self, conversation: str, address: Address, author: Author) -> tuple[Tool, ...]:
        """Those that are on for this author's next question, and that they may use there."""
        tools = self._offered()
        if not tools:
            return ()
        kept = await self._kept(*scope_keys(conversation, address, author.id).values())
        off = kept | {name for name in self._opt_in if _ON + name not in kept}
        allowed = await self._books.allowed([tool.name for tool in tools], address, author)
        return tuple(tool for tool in tools if tool.name in allowed and tool.name not in off)

    async def names(self, address: Address, author: Author) -> Sequence[str]:
        """Those that somebody may use in a place, whether they are on or off there."""
        names = [tool.name for tool in self._offered()]
        allowed = await self._books.allowed(names, address, author)
        return [name for name in names if name in allowed]

    async def act(self, control: Control) -> str:
        """Show the tools, or switch one for a scope; raises UserError."""
        if not control.value:
            return await self._list(control)
        switch, _, name = control.value.partition(" ")
        if switch not in _SWITCHED or not name:
            raise UserError(say(control, "tools_how"))
        # What is not there now may come back, and then it should be on again.
        if switch == OFF and name not in {tool.name for tool in self._offered()}:
            raise UserError(say(control, "tools_unknown", tool=name.replace("`", "")[:_DESCRIPTION]))
        async with self._writing:
            return await self._switch(control, switch, name)

    async def _switch(self, control: Control, switch: str, name: str) -> str:
        key = scope_keys(control.conversation, control.address, control.actor.id).get(control.scope, "")
        kept = await self._kept(key) - {name, _ON + name}
        opt_in = name in self._opt_in
        kept |= {name} if switch == OFF else {_ON + name} if opt_in else set()
        scope = await self._choices.keep(control, TOOLS_SETTING, ",".join(sorted(kept)) or None)
        said = "tools_on_here" if opt_in and switch == ON else _SWITCHED[switch]
        return say(control, said, scope=scope, tool=name.replace("`", "")[:_DESCRIPTION])

    async def _kept(self, *scopes: str) -> set[str]:
        kept = await self._store.settings(TOOLS_SETTING, scopes)
        return {name for value in kept.values() for name in value.split(",")}

    async def _list(self, control: Control) -> str:
        usable = {tool.name for tool in await self.usable(control.conversation, control.address, control.actor)}
        lines = [_line(tool, ON if tool.name in usable else OFF) for tool in self._offered()]
        sizes = accumulate(len(line) + 1 for line in lines)
        fitting = [line for line, size in zip(lines, sizes, strict=True) if size <= _LIST]
        more = ["…"] if len(fitting) < len(lines) else []
        head = "tools_list" if lines else "tools_none"
        return "\n".join([say(control, head), *fitting, *more, *([say(control, "tools_how")] if lines else [])])


def _line(tool: Tool, switch: str) -> str:
    said = tool.description if len(tool.description) <= _DESCRIPTION else f"{tool.description[: _DESCRIPTION - 1]}…"
    return f"`{tool.name}` ({switch}): {said}"
