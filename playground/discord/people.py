"""What a human does in Discord's client; tests and the terminal drive the stand-in through it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypedDict, Unpack, cast

from playground.discord import components, messages, thread_creation, threads
from playground.discord.commands import CHAT, MESSAGE, CommandBook, fill
from playground.discord.interaction_payloads import context, interaction_json, resolved_users
from playground.discord.interactions import Interaction, InteractionKind, Interactions
from playground.discord.message_payloads import message_json
from playground.discord.model import Channel, ChannelKind, Json, Message, MessageFlag, Reference, Upload, User
from playground.discord.permissions import Permission
from playground.discord.refusals import Impossible
from playground.discord.service import Event, Service

MAX_TEXT = 4000  # characters, with Nitro; others may write 2,000


class Extras(TypedDict, total=False):
    """What a message may have beside its text; `ago` dates it so many seconds back."""

    reply_to: Message
    ping: bool
    attachments: Sequence[Upload]
    stickers: Sequence[str]
    embeds: list[Json]
    forward_of: Message
    voice: bool
    silent: bool
    ago: float


class Desk(Protocol):
    """What people work on."""

    service: Service
    commands: CommandBook
    interactions: Interactions


class Person:
    """Somebody with an account; what the client would not let them do raises Impossible."""

    def __init__(self, desk: Desk, user: User) -> None:
        self.user = user
        self.id = user.id
        self.name = user.name
        self._desk = desk
        self._service = desk.service
        self._world = desk.service.world

    # Messages -----------------------------------------------------------------------------------------------------

    async def say(self, channel: Channel, text: str = "", **extras: Unpack[Extras]) -> Message:
        """Post a message."""
        thread = channel.thread is not None
        self._need(channel, Permission.SEND_MESSAGES_IN_THREADS if thread else Permission.SEND_MESSAGES)
        silent = channel.kind in (ChannelKind.FORUM, ChannelKind.CATEGORY)
        if silent or (channel.thread and channel.thread.locked):
            raise Impossible("one cannot write here")
        if len(text) > MAX_TEXT:
            raise Impossible("the text is too long")
        flags = MessageFlag.VOICE if extras.get("voice") else 0
        flags |= MessageFlag.SUPPRESS_NOTIFICATIONS if extras.get("silent") else 0
        draft = messages.Draft(
            self.user,
            text,
            extras.get("attachments", ()),
            extras.get("embeds", []),
            stickers=[
                {"id": self._world.ids.new(), "name": name, "format_type": 1} for name in extras.get("stickers", ())
            ],
            reference=_reference(self._world.channels, extras),
            flags=flags,
            allowed={"parse": ["users", "roles", "everyone"], "replied_user": extras.get("ping", True)},
            nonce=self._world.ids.new(),
            ago=extras.get("ago", 0.0),
        )
        return messages.post(self._service, channel, draft)

    async def mention(self, channel: Channel, text: str = "", **extras: Unpack[Extras]) -> Message:
        """Post a message that begins with a mention of the bot."""
        return await self.say(channel, f"<@{self._world.app.bot.id}> {text}".rstrip(), **extras)

    async def dm(self, text: str = "", **extras: Unpack[Extras]) -> Message:
        """Write to the bot directly."""
        return await self.say(self.dm_channel, text, **extras)

    @property
    def dm_channel(self) -> Channel:
        """The direct message with the bot."""
        return self._world.private_channel(self.user)

    async def edit(self, message: Message, text: str) -> None:
        """Change one's own message."""
        if message.author is not self.user or message.deleted:
            raise Impossible("one edits only one's own messages")
        messages.edit(self._service, message, {"content": text})

    async def delete(self, message: Message) -> None:
        """Delete a message of one's own, or with the right for it anybody's."""
        channel = self._world.channels[message.channel_id]
        if message.deleted:
            raise Impossible("the message is gone already")
        if message.author is not self.user:
            self._need(channel, Permission.MANAGE_MESSAGES)
            if channel.is_private:
                raise Impossible("in a direct message one deletes only one's own")
        messages.delete(self._service, message, self.user)

    async def react(self, message: Message, emoji: str, *, add: bool = True) -> None:
        """Put a reaction on a message, or take it away."""
        self._need(self._world.channels[message.channel_id], Permission.ADD_REACTIONS)
        messages.react(self._service, message, emoji, self.user, add=add)

    # Threads ------------------------------------------------------------------------------------------------------

    async def open_thread(self, at: Message | Channel, name: str) -> Channel:
        """Begin a thread below a message or in a channel."""
        channel = self._world.channels[at.channel_id] if isinstance(at, Message) else at
        self._need(channel, Permission.CREATE_PUBLIC_THREADS)
        if channel.kind == ChannelKind.CATEGORY:
            raise Impossible("a category has no threads")
        if isinstance(at, Message):
            return thread_creation.from_message(self._service, at, self.user, {"name": name})
        return thread_creation.alone(self._service, at, self.user, {"name": name})

    async def open_post(self, forum: Channel, title: str, text: str) -> Channel:
        """Begin a post in a forum."""
        self._need(forum, Permission.SEND_MESSAGES)
        if forum.kind != ChannelKind.FORUM:
            raise Impossible("this is no forum")
        draft = messages.Draft(self.user, text)
        return thread_creation.forum_post(self._service, forum, draft, {"name": title})

    async def close_thread(self, thread: Channel, *, lock: bool = False) -> None:
        """Archive a thread, and with `lock` keep others from reopening it."""
        threads.modify(self._service, thread, {"archived": True, "locked": lock})

    async def delete_thread(self, thread: Channel) -> None:
        """Delete a thread."""
        self._need(thread, Permission.MANAGE_THREADS)
        threads.remove(self._service, thread)

    # Commands -----------------------------------------------------------------------------------------------------

    async def slash(
        self, command: str, options: dict[str, Any] | None = None, *, channel: Channel | None = None
    ) -> Interaction:
        """Run a command (with its subcommands, as in "model set") and wait for the first answer, or for its failure.

        Without a channel it is run in the direct message with the bot.
        """
        name, *path = command.split()
        place = channel or self.dm_channel
        definition = self._definition(name, CHAT, place)
        given = fill(definition, path, options or {})
        data = _command_data(definition) | ({"options": given} if given else {})
        return await self._interact(InteractionKind.COMMAND, place, self._resolve(data, given))

    async def autocomplete(
        self, command: str, options: dict[str, str], *, channel: Channel | None = None
    ) -> list[Json]:
        """Type into an option (the last of `options`) and see the choices, each {"name", "value"}."""
        name, *path = command.split()
        place = channel or self.dm_channel
        definition = self._definition(name, CHAT, place)
        given = fill(definition, path, dict(options), focused=list(options)[-1])
        data = _command_data(definition) | {"options": given}
        return (await self._interact(InteractionKind.AUTOCOMPLETE, place, data)).choices

    async def context_menu(self, command: str, message: Message) -> Interaction:
        """Run a command from a message's menu, and wait for the first answer or for its failure."""
        channel = self._world.channels[message.channel_id]
        definition = self._definition(command, MESSAGE, channel)
        shown = message_json(self._world, channel, message)
        data = _command_data(definition) | {"target_id": message.id, "resolved": {"messages": {message.id: shown}}}
        return await self._interact(InteractionKind.COMMAND, channel, data)

    async def click(self, message: Message, which: str, *, values: Sequence[str] = ()) -> Interaction:
        """Press a button by its custom id or label, or choose values of a select; waits for the first answer."""
        component = self._component(message, which)
        data: Json = {k: component[k] for k in ("custom_id", "id")} | {"component_type": component["type"]}
        if component["type"] in components.SELECTS:
            data["values"] = list(values)
        channel = self._world.channels[message.channel_id]
        return await self._interact(InteractionKind.COMPONENT, channel, data, source=message)

    async def submit(self, interaction: Interaction, fields: dict[str, str]) -> Interaction:
        """Send off the modal with which the bot answered, its fields by custom id."""
        if interaction.modal is None:
            raise Impossible("there is no modal")
        shown = [c for c in components.walk(interaction.modal["components"]) if c.get("type") == components.TEXT_INPUT]
        if unknown := fields.keys() - {c["custom_id"] for c in shown}:
            raise Impossible(f"no such fields: {sorted(unknown)}")
        rows = [
            {
                "type": 1,
                "components": [{"type": 4, "custom_id": c["custom_id"], "value": fields.get(c["custom_id"], "")}],
            }
            for c in shown
        ]
        data: Json = {"custom_id": interaction.modal["custom_id"], "components": rows}
        return await self._interact(InteractionKind.MODAL, interaction.channel, data, trigger=interaction)

    # ----------------------------------------------------------------------------------------------------------------

    def _definition(self, name: str, kind: int, channel: Channel) -> Json:
        """A registered command that may be used here."""
        definition = self._desk.commands.find(name, kind, channel.guild_id)
        probe = Interaction("", "", InteractionKind.COMMAND, self.user, channel, None, 0.0, {})
        probe.foreign = self._desk.interactions.is_foreign(self.user, channel)
        if definition["contexts"] is not None and context(channel, probe) not in definition["contexts"]:
            raise Impossible(f"{name} cannot be used here")
        if int(probe.foreign) not in definition["integration_types"]:
            raise Impossible(f"{name} is not there for user installs")
        if channel.guild_id:
            self._need(channel, Permission.USE_APPLICATION_COMMANDS)
        return definition

    def _component(self, message: Message, which: str) -> Json:
        if message.deleted:
            raise Impossible("the message is gone")
        for component in components.walk(message.components):
            if component.get("custom_id") and which in (component["custom_id"], component.get("label")):
                if component.get("disabled"):
                    raise Impossible(f"{which} is disabled")
                return component
        raise Impossible(f"there is no {which} on the message")

    def _resolve(self, data: Json, options: list[Json]) -> Json:
        """Add the users and files that options refer to."""
        users = [self._world.users[o["value"]] for o in options if o["type"] == 6]
        resolved: Json = {"users": resolved_users(users)} if users else {}
        for option in options:
            if isinstance(option.get("value"), Upload):
                upload = cast("Upload", option["value"])
                option["value"] = self._world.ids.new()
                resolved.setdefault("attachments", {})[option["value"]] = self._hand_in(option["value"], upload)
        return data | {"resolved": resolved} if resolved else data

    def _hand_in(self, number: str, upload: Upload) -> Json:
        """A file given to a command, kept in a message that nobody sees."""
        holder = Message(number, self.dm_channel.id, self.user, flags=MessageFlag.EPHEMERAL)
        holder.attachments = messages.attach(self._service, [upload])
        self.dm_channel.messages[number] = holder
        return {**message_json(self._world, self.dm_channel, holder)["attachments"][0], "id": number, "ephemeral": True}

    async def _interact(
        self,
        kind: InteractionKind,
        channel: Channel,
        data: Json,
        *,
        source: Message | None = None,
        trigger: Interaction | None = None,
    ) -> Interaction:
        self._need(channel, Permission.VIEW_CHANNEL)
        made = self._desk.interactions.open(kind, self.user, channel, data)
        made.source, made.trigger = trigger.source if trigger else source, trigger
        guild_id = "" if made.foreign else channel.guild_id
        self._service.gateway.publish(Event("INTERACTION_CREATE", interaction_json(self._world, made), 0, guild_id))
        await self._desk.interactions.settle(made)
        return made

    def _need(self, channel: Channel, rights: Permission) -> None:
        if rights & ~self._world.rights(channel, self.user):
            raise Impossible(f"{self.name} may not do that here: {rights!r}")


def _command_data(definition: Json) -> Json:
    shown = {k: definition[k] for k in ("id", "name", "type")}
    return shown | ({"guild_id": definition["guild_id"]} if "guild_id" in definition else {})


def _reference(channels: dict[str, Channel], extras: Extras) -> Reference | None:
    forwarded = extras.get("forward_of")
    target = forwarded or extras.get("reply_to")
    if target is None:
        return None
    return Reference(target.id, target.channel_id, channels[target.channel_id].guild_id, forwarded is not None)
