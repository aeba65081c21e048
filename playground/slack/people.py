"""What a human does in Slack's client; tests and the terminal drive the stand-in through it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from playground.slack import events, interactions
from playground.slack.interactions import Clicked, Reply, SlashReply
from playground.slack.model import Channel, File, Json, Message, Team, User
from playground.slack.refusals import Impossible
from playground.slack.responses import ResponseUrl
from playground.slack.service import Service

R = TypeVar("R", bound=Reply)


class Person:
    """Somebody with an account; what the client would not let them do raises Impossible."""

    def __init__(self, user: User, service: Service) -> None:
        self.user = user
        self.id = user.id
        self.name = user.name
        self._service = service
        self._world = service.world

    @property
    def team(self) -> Team:
        """The workspace of the account."""
        return self._world.teams[self.user.team]

    @property
    def dm(self) -> Channel:
        """The direct message with the bot."""
        return self._world.dm(self.user)

    # Messages -----------------------------------------------------------------------------------------------------

    async def say(
        self, channel: Channel, text: str, *, thread: str = "", files: Sequence[File] = (), broadcast: bool = False
    ) -> Message:
        """Post a message; `thread` is the ts of the thread's root, `broadcast` shows a reply in the channel too."""
        if thread:
            root = channel.messages.get(thread)
            if root is None or root.thread not in ("", root.ts):
                raise Impossible(f"there is no thread {thread}")
        return self._service.say(self.user, channel, text, thread=thread, files=files, broadcast=broadcast)

    async def mention(self, channel: Channel, text: str, *, thread: str = "", files: Sequence[File] = ()) -> Message:
        """Post a message that begins with a mention of the bot."""
        bot = self._world.team_of(channel).bot_user_id
        return await self.say(channel, f"<@{bot}> {text}".rstrip(), thread=thread, files=files)

    async def dm_bot(self, text: str, *, thread: str = "", files: Sequence[File] = ()) -> Message:
        """Write to the bot directly."""
        return await self.say(self.dm, text, thread=thread, files=files)

    async def edit(self, message: Message, text: str) -> None:
        """Change one's own message."""
        self._service.edit(self.user, message, text)

    async def delete(self, message: Message) -> None:
        """Delete a message of one's own, or as an admin anybody's."""
        self._service.delete(self.user, message)

    async def react(self, message: Message, name: str, *, add: bool = True) -> None:
        """Put a reaction on a message by its name without colons, or take it away."""
        self._within(message)
        self._service.react(self.user, message, name, add=add)

    async def upload(self, name: str, mimetype: str, data: bytes) -> File:
        """Upload a file, to be sent with a message."""
        return self._service.upload(self.user, name, mimetype, data)

    # Commands, buttons, menus -------------------------------------------------------------------------------------

    async def slash(self, command: str, text: str, channel: Channel) -> SlashReply:
        """Run a slash command and wait for its acknowledgement, or for the failure after three seconds."""
        if self.id not in channel.members:
            raise Impossible(f"{self.name} is not in {channel.name or channel.id}")
        url = self._service.responses.make("commands", self.user, channel)
        body = interactions.command_body(self._world, self.user, channel, command, text, url)
        return await self._ask(SlashReply, body, url)

    async def click(self, message: Message, which: str) -> Clicked:
        """Press a button by its action id, label or value; waits for the acknowledgement."""
        return await self._use(message, interactions.pressed(message.blocks, message.ts, which))

    async def shortcut(self, callback_id: str, message: Message) -> Clicked:
        """Run a shortcut from a message's menu."""
        channel = self._within(message)
        url = self._service.responses.make("app", self.user, channel, message)
        body = interactions.shortcut_body(self._world, self.user, message, callback_id, url)
        return await self._ask(Clicked, body, url)

    async def press_stop(self, channel: Channel, thread: str) -> None:
        """Press Slack's own Stop of an agent session."""
        self._service.press_stop(self.user, channel, thread)

    # The app's home -----------------------------------------------------------------------------------------------

    async def open_home(self, team: Team | None = None) -> None:
        """Open the home tab of the app, in a workspace (the person's own unless named)."""
        self._open("home", team or self.team)

    async def open_messages_tab(self) -> None:
        """Open the messages tab of the app."""
        self._open("messages", self.team)

    async def look_at(self, channel: Channel) -> None:
        """Go to a channel while the app is open beside it."""
        event = events.context_event(self.user, channel, self._world.clock.ts())
        self._service.deliver.announce(self.team, event, channel=channel)

    def home_view(self) -> Json | None:
        """The home tab as it was published last, None when it never was."""
        return self._world.homes.get(self.id)

    async def press(self, which: str) -> Clicked:
        """Press a button of the home tab by its action id, label or value."""
        view = self._view()
        return await self._use_home(view, interactions.pressed(view["blocks"], view["id"], which))

    async def choose(self, action_id: str, value: str, *, message: Message | None = None) -> Clicked:
        """Choose an option by its value or label, in a menu of the home tab or of a message."""
        if message is not None:
            return await self._use(message, interactions.chosen(message.blocks, message.ts, action_id, value))
        view = self._view()
        return await self._use_home(view, interactions.chosen(view["blocks"], view["id"], action_id, value))

    # --------------------------------------------------------------------------------------------------------------

    def _within(self, message: Message) -> Channel:
        """The channel of a message that this person can see."""
        channel = self._world.channels[message.channel]
        if message.deleted or self.id not in channel.members or message.ephemeral_to not in ("", self.id):
            raise Impossible(f"{self.name} does not see {message.ts}")
        return channel

    def _open(self, tab: str, team: Team) -> None:
        event = events.home_event(self.user, self.dm, tab, self.home_view(), self._world.clock.ts())
        self._service.deliver.announce(team, event, channel=self.dm)

    def _view(self) -> Json:
        view = self.home_view()
        if view is None:
            raise Impossible("the home tab was never published")
        return view

    async def _use(self, message: Message, action: Json) -> Clicked:
        url = self._service.responses.make("actions", self.user, self._within(message), message)
        body = interactions.message_click_body(self._world, self.user, message, action, url)
        return await self._ask(Clicked, body, url)

    async def _use_home(self, view: Json, action: Json) -> Clicked:
        return await self._ask(Clicked, interactions.home_click_body(self._world, self.user, view, action), None)

    async def _ask(self, kind: type[R], body: Json, url: ResponseUrl | None) -> R:
        seen = len(self._world.ephemerals)
        return kind(self._world, self.user, await self._service.deliver.ask(body), url, seen)
