"""Interactions: what a person did, what the bot answered to it, and until when it may."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from enum import IntEnum

from playground.discord import messages
from playground.discord.clock import Snowflakes
from playground.discord.model import Channel, Guild, Json, Message, MessageFlag, MessageKind, Upload, User
from playground.discord.payloads import user_json
from playground.discord.refusals import Refusal
from playground.discord.service import Service

ANSWER_WITHIN = 3.0  # s; Discord docs, interactions/receiving-and-responding
TOKEN_LIFETIME = 900.0  # s; the same page
FOREIGN_FOLLOWUPS = 5  # where the app is only user-installed; the same page


class InteractionKind(IntEnum):
    """Discord docs, interactions/receiving-and-responding#interaction-object-interaction-type."""

    COMMAND = 2
    COMPONENT = 3
    AUTOCOMPLETE = 4
    MODAL = 5


class Callback(IntEnum):
    """Discord docs, interactions/receiving-and-responding#interaction-response-object-interaction-callback-type."""

    MESSAGE = 4
    DEFER = 5
    DEFER_UPDATE = 6
    UPDATE = 7
    CHOICES = 8
    MODAL = 9


@dataclass(frozen=True)
class Response:
    """One thing that the bot answered; `after` is in seconds since the interaction."""

    kind: str
    after: float
    content: str = ""
    ephemeral: bool = False
    message: Message | None = None


@dataclass(eq=False)
class Interaction:
    """What a person did, and all answers to it; `failed` is when the first one did not come in time.

    `foreign` says that the bot is not where it happened (a user-installed app), `source` is the message clicked,
    `trigger` what a modal came from.
    """

    id: str
    token: str
    kind: InteractionKind
    user: User
    channel: Channel
    guild: Guild | None
    created: float
    data: Json
    foreign: bool = False
    source: Message | None = None
    trigger: Interaction | None = None
    acknowledged: float | None = None
    failed: bool = False
    deferred: bool = False
    original: Message | None = None
    followups: list[Message] = field(default_factory=list[Message])
    responses: list[Response] = field(default_factory=list[Response])
    choices: list[Json] = field(default_factory=list[Json])
    modal: Json | None = None

    @property
    def settled(self) -> bool:
        """Whether the person sees an answer, or that there is none."""
        return self.failed or self.acknowledged is not None


def _metadata(interaction: Interaction) -> Json:
    """What an answer shows of where it came from."""
    shown: Json = {
        "id": interaction.id,
        "type": int(interaction.kind),
        "user": user_json(interaction.user),
        "authorizing_integration_owners": owners(interaction),
    }
    if interaction.kind == InteractionKind.COMPONENT and interaction.source:
        shown["interacted_message_id"] = interaction.source.id
    if interaction.trigger:
        shown["triggering_interaction_metadata"] = _metadata(interaction.trigger)
    return shown


def owners(interaction: Interaction) -> dict[str, str]:
    """By whose installation the app is there: "0" a server's ("0" for a direct message), "1" a person's."""
    if interaction.foreign:
        return {"1": interaction.user.id}
    return {"0": interaction.guild.id if interaction.guild else "0"}


@dataclass
class Interactions:
    """The interactions by id and by token; `answer_within` and `lifetime` are in seconds."""

    service: Service
    ids: Snowflakes
    answer_within: float = ANSWER_WITHIN
    lifetime: float = TOKEN_LIFETIME
    by_id: dict[str, Interaction] = field(default_factory=dict[str, Interaction])
    by_token: dict[str, Interaction] = field(default_factory=dict[str, Interaction])

    def open(self, kind: InteractionKind, user: User, channel: Channel, data: Json) -> Interaction:
        """Begin an interaction."""
        world = self.service.world
        guild, foreign = world.guild_of(channel), self.is_foreign(user, channel)
        token = secrets.token_urlsafe(120)
        made = Interaction(self.ids.new(), token, kind, user, channel, guild, world.clock.now(), data, foreign=foreign)
        self.by_id[made.id] = self.by_token[made.token] = made
        return made

    def is_foreign(self, user: User, channel: Channel) -> bool:
        """Whether only the user's own installation makes the app usable here."""
        world = self.service.world
        guild = world.guild_of(channel)
        return world.app.bot.id not in guild.members if guild else channel is not world.private_channel(user)

    async def settle(self, interaction: Interaction) -> None:
        """Wait for the first answer; without one in time the interaction has failed."""
        try:
            await self.service.journal.wait_for(lambda: interaction.settled, self.answer_within)
        except TimeoutError:
            interaction.failed = True
            self.service.journal.stir()

    def acknowledge(self, interaction_id: str, token: str) -> Interaction:
        """The interaction to which a first answer comes, refused when it is unknown, late or answered already."""
        found = self.by_id.get(interaction_id)
        if found is None or found.token != token:
            raise Refusal(10062)
        if found.acknowledged is not None:
            raise Refusal(40060)
        if found.failed or self._age(found) > self.answer_within:
            found.failed = True
            raise Refusal(10062)
        found.acknowledged = self.service.world.clock.now()
        return found

    def answered(self, token: str) -> Interaction:
        """The interaction whose token is used for more, refused when it is unknown, unanswered or too old."""
        found = self.by_token.get(token)
        if found is None or found.acknowledged is None:
            raise Refusal(10015)
        if self._age(found) > self.lifetime:
            raise Refusal(50027)
        return found

    def defer(self, interaction: Interaction, flags: int) -> Message:
        """Show that an answer is coming."""
        interaction.deferred = True
        loading = flags & MessageFlag.EPHEMERAL | MessageFlag.LOADING
        interaction.original = self._post(interaction, {"flags": loading}, [])
        self.note(interaction, "defer", interaction.original)
        return interaction.original

    def respond(self, interaction: Interaction, body: Json, uploads: list[Upload]) -> Message:
        """Answer with a message of its own."""
        interaction.original = self._post(interaction, body, uploads)
        self.note(interaction, "message", interaction.original)
        return interaction.original

    def follow_up(self, interaction: Interaction, body: Json, uploads: list[Upload]) -> Message:
        """Answer with one more message; the first after a deferral takes its place."""
        if interaction.deferred and interaction.original:
            self.edit(interaction, interaction.original, body, uploads)
            return interaction.original
        if interaction.foreign and len(interaction.followups) >= FOREIGN_FOLLOWUPS:
            raise Refusal(40094)
        message = self._post(interaction, body, uploads)
        interaction.followups.append(message)
        self.note(interaction, "followup", message)
        return message

    def edit(self, interaction: Interaction, message: Message, body: Json, uploads: list[Upload]) -> None:
        """Change an answer; a deferred one appears by it."""
        if message is interaction.original:
            interaction.deferred = False
        message.flags &= ~MessageFlag.LOADING
        messages.edit(self.service, message, body, uploads)
        self.note(interaction, "edit", message)

    def note(self, interaction: Interaction, kind: str, message: Message | None) -> None:
        """Keep an answer for the one who interacted."""
        content, ephemeral = (message.content, message.ephemeral) if message else ("", False)
        interaction.responses.append(Response(kind, self._age(interaction), content, ephemeral, message))
        self.service.journal.stir()

    def message(self, interaction: Interaction, message_id: str) -> Message:
        """One of the answers by its id, "@original" for the first."""
        first = interaction.original or interaction.source
        known = [m for m in (first, *interaction.followups) if m and not m.deleted]
        for message in known:
            if message.id == message_id or (message_id == "@original" and message is first):
                return message
        raise Refusal(10008)

    def _age(self, interaction: Interaction) -> float:
        return self.service.world.clock.now() - interaction.created

    def _post(self, interaction: Interaction, body: Json, uploads: list[Upload]) -> Message:
        command = interaction.kind == InteractionKind.COMMAND and interaction.original is None
        draft = messages.Draft(
            self.service.world.app.bot,
            body.get("content") or "",
            uploads,
            body.get("embeds") or [],
            body.get("components") or [],
            flags=body.get("flags") or 0,
            allowed=body.get("allowed_mentions"),
            kind=MessageKind.COMMAND if command else MessageKind.DEFAULT,
            interaction=_metadata(interaction),
        )
        return messages.post(self.service, interaction.channel, draft)
