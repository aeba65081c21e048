"""The terminal chat: what is finished scrolls by, what grows is redrawn above the input line."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Final, Self

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.segment import Segment
from rich.text import Text

from playground import view
from playground.discord.server import DiscordStandIn
from playground.discord_view import DiscordView
from playground.discord_visitor import DiscordVisitor
from playground.feed import Card, Feed, Key, Seen, View
from playground.keyboard import LEAVE, Line, reading
from playground.newcomer import HELP, Newcomer
from playground.slack.server import SlackStandIn
from playground.slack_view import SlackView
from playground.slack_visitor import SlackVisitor

LEAVE_WORDS: Final = (LEAVE, "/quit", "/exit")
# How many lines may be acted on at once; each ends within the three seconds that Discord gives to an interaction.
AT_ONCE: Final = 20
# Seconds for which people see that an answer is coming: Discord docs, resources/channel#trigger-typing-indicator;
# Slack docs, reference/methods/assistant.threads.setStatus.
WAITING: Final[Mapping[str, float]] = {"typing": 10.0, "status": 120.0}
# What is said of changes that are no messages.
_SENTENCES: Final[Mapping[str, str]] = {
    "thread": "{who} opened a thread",
    "reaction": "{who} reacted with {what}",
    "prompts": "{who} suggests: {what}",
}


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
    """Shows what happens on the platforms, and hands on what is typed."""

    def __init__(self, discord: DiscordStandIn, slack: SlackStandIn, screen: Screen) -> None:
        on_discord, on_slack = DiscordView(discord), SlackView(slack)
        self._views: dict[str, View] = {view.platform: view for view in (on_discord, on_slack)}
        self._feed = Feed(list(self._views.values()))
        self._screen = screen
        visitors = (
            DiscordVisitor(discord, on_discord, self._tell),
            SlackVisitor(slack, on_slack, self._tell, self._show),
        )
        self._newcomer = Newcomer(visitors, self._tell)
        self._line = Line()
        self._growing: dict[Key, Card] = {}
        self._kept: dict[Key, Card] = {}
        self._waiting: dict[str, tuple[str, asyncio.TimerHandle]] = {}
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
            for platform in list(self._waiting):
                self._stop_waiting(platform)
            tasks = (watching, left, *self._acting)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for card in self._growing.values():
            self._screen.keep(view.draw(card, remark="unfinished"))
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
        await self._feed.follow(self._catch_up)

    def _catch_up(self) -> None:
        for seen in self._feed.news():
            self._take(seen)
        self._draw()

    def _take(self, seen: Seen) -> None:
        actions: dict[str, Callable[[Seen], None]] = {
            **dict.fromkeys(("post", "edit", "response", "append", "stop", "ephemeral"), self._take_message),
            "delete": self._take_deletion,
            **dict.fromkeys(WAITING, self._take_waiting),
            **dict.fromkeys(_SENTENCES, self._take_event),
        }
        if action := actions.get(seen.kind):
            action(seen)
        if self._newcomer.notice(seen):
            self._tell("The answer comes in a thread; what you type now is said there, /new asks in the channel again")

    def _take_message(self, seen: Seen) -> None:
        card = self._views[seen.platform].card(seen.key)
        if card is None:
            return
        if card.ours:
            self._stop_waiting(seen.platform)
        if card.growing:
            self._growing[seen.key] = card
            return
        self._growing.pop(seen.key, None)
        before = self._kept.get(seen.key)
        self._kept[seen.key] = card
        if before is None or card.text != before.text:
            self._show(card, remark="edited" if before else "")

    def _take_deletion(self, seen: Seen) -> None:
        self._growing.pop(seen.key, None)
        self._tell(f"{seen.actor} deleted a message")

    def _take_event(self, seen: Seen) -> None:
        what = " · ".join(seen.text.splitlines())
        self._tell(_SENTENCES[seen.kind].format(who=seen.actor, what=what))

    def _take_waiting(self, seen: Seen) -> None:
        self._stop_waiting(seen.platform)
        if seen.text:
            over = asyncio.get_running_loop().call_later(WAITING[seen.kind], self._waiting_over, seen.platform)
            self._waiting[seen.platform] = (f"{seen.actor} {seen.text}", over)

    def _waiting_over(self, platform: str) -> None:
        self._stop_waiting(platform)
        self._draw()

    def _stop_waiting(self, platform: str) -> None:
        if waiting := self._waiting.pop(platform, None):
            waiting[1].cancel()

    # Drawing --------------------------------------------------------------------------------------------------------

    def _tell(self, sentence: str) -> None:
        self._screen.keep(Text(f"· {sentence}", style="dim"))

    def _show(self, card: Card, remark: str = "") -> None:
        self._screen.keep(view.draw(card, remark=remark))
        self._screen.keep("")

    def _draw(self) -> None:
        cards = [view.draw(card) for card in self._growing.values()]
        waiting = [Text(text, style="dim") for text, _ in self._waiting.values()]
        self._screen.draw(*cards, *waiting, self._prompt())

    def _prompt(self) -> Text:
        line, at = self._line.text, self._line.cursor
        prompt = Text(f"{self._newcomer.place} > ", style="bold")
        prompt.append(line[:at], style="not bold")
        prompt.append(line[at : at + 1] or " ", style="reverse")
        prompt.append(line[at + 1 :], style="not bold")
        return prompt


async def chat(discord: DiscordStandIn, slack: SlackStandIn) -> int:
    """Let the newcomer at this terminal talk to the bot, until they leave; returns the exit status."""
    console = Console(file=sys.stdout, highlight=False, markup=False, emoji=False)
    with Screen(console) as screen:
        await Chat(discord, slack, screen).run()
    return 0
