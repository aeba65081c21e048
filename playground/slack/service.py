"""What happens to messages, in one place: the change of the world, the journal's entry, and the event for the app."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from playground.slack import events
from playground.slack.delivery import Delivery
from playground.slack.journal import Change, Journal
from playground.slack.links import Links
from playground.slack.model import Channel, ChannelKind, File, Json, Message, User
from playground.slack.payloads import message_json
from playground.slack.pings import Pings
from playground.slack.refusals import Impossible
from playground.slack.responses import Responses
from playground.slack.world import World


@dataclass(eq=False)
class Service:
    """The world with its journal, and what people and the app do in it.

    `pings` are the notifications of many that the app's messages caused, `responses` the response urls that were given
    out. Every operation changes the world, notes the change in the journal, and announces the event.
    """

    world: World
    journal: Journal
    deliver: Delivery
    pings: Pings = field(default_factory=Pings)
    responses: Responses = field(init=False)
    links: Links = field(init=False)

    def __post_init__(self) -> None:
        self.responses = Responses(self.world)
        self.links = Links(self.world)

    # Messages -----------------------------------------------------------------------------------------------------

    def say(
        self,
        user: User,
        channel: Channel,
        text: str,
        *,
        thread: str = "",
        files: Sequence[File] = (),
        broadcast: bool = False,
    ) -> Message:
        """Post a person's message; who writes in a public channel joins it. Raises Impossible where one cannot."""
        if channel.kind is ChannelKind.PUBLIC and channel.team in user.workspaces:
            channel.members.add(user.id)
        if channel.archived or user.id not in channel.members:
            raise Impossible(f"{user.name} cannot write in {channel.name or channel.id}")
        team = channel.team if channel.team in user.workspaces else user.team
        message = Message(self.world.clock.ts(), channel.id, user.id, team, text, thread=thread)
        message.client_msg_id = "" if user.bot else str(uuid.uuid4())
        message.bot_id = f"B{user.id[1:]}" if user.bot else ""
        message.files, message.broadcast = list(files), broadcast
        return self.post(message)

    def post(self, message: Message) -> Message:
        """Put a finished message into its channel."""
        channel = self.world.channels[message.channel]
        channel.messages[message.ts] = message
        self.record("post", message)
        for file in message.files:
            self.note("file", channel.id, message.ts, message.user, file.name)
        self._announce(channel, events.message_event(self.world, message))
        return message

    def before(self, message: Message) -> Json:
        """What a message looks like now, for `edited` after a change."""
        return message_json(self.world, message)

    def edited(self, message: Message, previous: Json, kind: str = "edit") -> None:
        """A message was changed; `previous` is what `before` gave."""
        channel = self.world.channels[message.channel]
        self.record(kind, message)
        self._announce(channel, events.changed_event(self.world, message, previous, self.world.clock.ts()))

    def edit(self, user: User, message: Message, text: str) -> None:
        """Change the text of a person's own message. Raises Impossible for another's."""
        if message.user != user.id or message.deleted:
            raise Impossible(f"{user.name} cannot edit {message.ts}")
        previous = self.before(message)
        message.text, message.edited = text, self.world.clock.now()
        self.edited(message, previous)

    def delete(self, user: User, message: Message) -> None:
        """Delete a message; a person's own, or any for an admin. Raises Impossible otherwise."""
        if message.deleted or (message.user != user.id and not (user.admin or user.owner)):
            raise Impossible(f"{user.name} cannot delete {message.ts}")
        channel = self.world.channels[message.channel]
        message.deleted = True
        if message.stream:
            message.stream.open = False
        self.record("delete", message, actor=user.id)
        self._announce(channel, events.deleted_event(self.world, message, self.world.clock.ts()))

    def whisper(self, message: Message) -> Message:
        """Show a message to one person only (`ephemeral_to`); Slack sends no event for it."""
        self.world.ephemerals.append(message)
        self.record("ephemeral", message)
        return message

    def react(self, user: User, message: Message, name: str, *, add: bool = True) -> None:
        """Add or take away somebody's reaction."""
        users = message.reactions.setdefault(name, set())
        if add:
            users.add(user.id)
        else:
            users.discard(user.id)
        if not users:
            del message.reactions[name]
        self.note("reaction" if add else "unreaction", message.channel, message.ts, user.id, name)
        event = events.reaction_event(message, user, name, self.world.clock.ts(), added=add)
        self._announce(self.world.channels[message.channel], event)

    def upload(self, user: User, name: str, mimetype: str, data: bytes) -> File:
        """Keep a file that is not shared yet."""
        return self.links.keep(user, name, mimetype, data)

    # Agents -------------------------------------------------------------------------------------------------------

    def press_stop(self, user: User, channel: Channel, thread: str) -> None:
        """Slack's own Stop. Raises Impossible where Slack shows none: no agent with the event, or nothing to stop."""
        team = self.world.team_of(channel)
        session = self.world.sessions.get((channel.id, thread))
        offered = team.agent and "agent_session_stopped" in self.deliver.subscribed
        if not offered or session is None or session.status != "processing":
            raise Impossible("Slack shows Stop only while a session of an agent is processing")
        streams = [m for m in self.world.thread(channel, thread) if self.world.streaming(m)]
        for message in streams:
            assert message.stream is not None
            message.stream.stopped_by_user = True
        stamps = [m.ts for m in streams]
        event = events.stopped_event(user, channel, thread, stamps, self.world.clock.ts())
        self.deliver.announce(team, event, channel=channel)
        self.journal.stir()

    # The journal --------------------------------------------------------------------------------------------------

    def record(self, kind: str, message: Message, *, actor: str = "") -> None:
        """Note a visible change of a message."""
        if message.user in self.world.users and self.world.users[message.user].app:
            self.pings.look(message)
        blocks = list(message.blocks)
        at = asyncio.get_running_loop().time()
        who = actor or message.user
        self.journal.add(Change(at, kind, message.channel, message.ts, who, message.visible, blocks))

    def note(self, kind: str, channel: str, ts: str, actor: str, content: str = "") -> None:
        """Note another visible change."""
        self.journal.add(Change(asyncio.get_running_loop().time(), kind, channel, ts, actor, content))

    def _announce(self, channel: Channel, event: Json) -> None:
        for team in self.world.installed_in(channel):
            self.deliver.announce(team, event, channel=channel)
