"""The terminal chat: what is finished scrolls by, what grows is redrawn above the input line."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.text import Text

from playground import view
from playground.discord.journal import Change
from playground.discord.model import Message
from playground.discord.server import DiscordStandIn
from playground.keyboard import LEAVE, Line, reading
from playground.newcomer import HELP, Newcomer

LEAVE_WORDS: Final = (LEAVE, "/quit", "/exit")
# How many lines may be acted on at once; each ends within the three seconds that Discord gives to an interaction.
AT_ONCE: Final = 20
TYPING: Final = 10.0  # s; Discord docs, resources/channel#trigger-typing-indicator
_DAY: Final = 86_400.0


class Window:
    """The last lines of some texts, as many as the screen has room for."""

    def __init__(self, *parts: RenderableType) -> None:
        self._parts = parts

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(Group(*self._parts), options, pad=False)
        for line in lines[-max(1, options.size.height - 1) :]:
            yield from line
            yield Segment.line()


class Screen:
    """Texts that stay, and below them a part that is redrawn in place."""

    def __init__(self, console: Console) -> None:
        self._live = Live(
            console=console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def keep(self, text: RenderableType) -> None:
        """Print above the part that is redrawn."""
        self._live.console.print(text)

    def draw(self, *parts: RenderableType) -> None:
        """Redraw that part."""
        self._live.update(Window(*parts), refresh=True)


class Chat:
    """Shows what happens in the stand-in, and hands on what is typed."""

    def __init__(self, discord: DiscordStandIn, screen: Screen) -> None:
        self._discord = discord
        self._screen = screen
        self._newcomer = Newcomer(discord, self._tell)
        self._line = Line()
        self._seen = 0
        self._growing: dict[str, Message] = {}
        self._kept: dict[str, tuple[str, list[str]]] = {}
        self._typing: asyncio.TimerHandle | None = None
        self._left = asyncio.Event()
        self._acting: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Chat until the newcomer leaves."""
        self._tell(HELP)
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGWINCH, self._draw)
        watching, left = loop.create_task(self._watch()), loop.create_task(self._until_left())
        try:
            with reading(sys.stdin.fileno(), self._typed, self._left.set):
                await asyncio.wait([watching, left], return_when=asyncio.FIRST_COMPLETED)
        finally:
            loop.remove_signal_handler(signal.SIGWINCH)
            self._stop_typing()
            tasks = (watching, left, *self._acting)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for message in self._growing.values():
            self._screen.keep(view.card(message, self._discord.world, remark="unfinished"))
        if not watching.cancelled():
            watching.result()

    async def _until_left(self) -> None:
        await self._left.wait()

    # What is typed --------------------------------------------------------------------------------------------------

    def _typed(self, data: str) -> None:
        for entered in self._line.feed(data):
            if entered.strip() in LEAVE_WORDS or entered == LEAVE:
                self._left.set()
                return
            self._begin(entered)
        self._draw()

    def _begin(self, entered: str) -> None:
        if len(self._acting) >= AT_ONCE:
            self._tell("One moment: too much at once.")
            return
        task = asyncio.get_running_loop().create_task(self._newcomer.act(entered))
        self._acting.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._acting.discard(task)
        if not task.cancelled() and (error := task.exception()):
            self._tell(f"The playground could not do that: {error!r}")
        self._draw()

    # What is seen ---------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        self._draw()
        while True:
            try:
                await self._discord.wait_for(lambda: len(self._discord.journal) > self._seen, _DAY)
            except TimeoutError:  # a day without a word is no reason to end
                continue
            new = self._discord.journal[self._seen :]
            self._seen += len(new)
            for change in new:
                self._take(change)
            self._draw()

    def _take(self, change: Change) -> None:
        actions: dict[str, Callable[[Change], None]] = {
            **dict.fromkeys(("post", "edit", "response"), self._take_message),
            "delete": self._take_deletion,
            "thread": self._take_thread,
            "typing": self._take_typing,
            "reaction": self._take_reaction,
        }
        if action := actions.get(change.kind):
            action(change)

    def _take_message(self, change: Change) -> None:
        channel = self._discord.world.channels.get(change.channel_id)
        message = channel.messages.get(change.message_id) if channel else None
        if message is None or message.deleted:
            return
        if message.author is self._discord.bot_user:
            self._stop_typing()
        if view.is_growing(message):
            self._growing[message.id] = message
            return
        self._growing.pop(message.id, None)
        self._keep(message)

    def _keep(self, message: Message) -> None:
        now = (message.content, view.button_labels(message.components))
        before = self._kept.get(message.id)
        if now == before:
            return
        self._kept[message.id] = now
        if before is None or now[0] != before[0]:
            self._screen.keep(view.card(message, self._discord.world, remark="edited" if before else ""))
            self._screen.keep("")

    def _take_deletion(self, change: Change) -> None:
        self._growing.pop(change.message_id, None)
        self._tell(f"{self._name(change.actor)} deleted a message")

    def _take_thread(self, change: Change) -> None:
        here = self._newcomer.notice(change)
        follow = "; what you type now is said there, /new asks in the channel again" if here else ""
        self._tell(f"{self._name(change.actor)} opened a thread{follow}")

    def _take_typing(self, change: Change) -> None:
        self._stop_typing()
        self._typing = asyncio.get_running_loop().call_later(TYPING, self._typing_over)

    def _take_reaction(self, change: Change) -> None:
        self._tell(f"{self._name(change.actor)} reacted with {view.plain(change.content, self._discord.world)}")

    def _typing_over(self) -> None:
        self._typing = None
        self._draw()

    def _stop_typing(self) -> None:
        if self._typing is not None:
            self._typing.cancel()
            self._typing = None

    def _name(self, user_id: str) -> str:
        user = self._discord.world.users.get(user_id)
        return user.name if user else "somebody"

    # Drawing --------------------------------------------------------------------------------------------------------

    def _tell(self, sentence: str) -> None:
        self._screen.keep(Text(f"· {sentence}", style="dim"))

    def _draw(self) -> None:
        cards = [view.card(message, self._discord.world) for message in self._growing.values()]
        typing = Text("glimmer is typing…", style="dim") if self._typing else None
        self._screen.draw(*cards, *([typing] if typing else []), self._prompt())

    def _prompt(self) -> Text:
        line, at = self._line.text, self._line.cursor
        prompt = Text(f"{view.where(self._newcomer.place, self._discord.world)} > ", style="bold")
        prompt.append(line[:at], style="not bold")
        prompt.append(line[at : at + 1] or " ", style="reverse")
        prompt.append(line[at + 1 :], style="not bold")
        return prompt


async def chat(discord: DiscordStandIn) -> int:
    """Let the newcomer at this terminal talk to the bot, until they leave; returns the exit status."""
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    with Screen(console) as screen:
        await Chat(discord, screen).run()
    return 0
