"""From what Slack tells to an Ask: who, where, and in which words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Final

from adapters.slack_app.client import Workspace
from adapters.slack_app.connection import People
from adapters.slack_app.markup import Json, mentions, part, parts, plain, word, words_of
from bot.messages import Address, Ask, Attachment, Author, Quote, Right

PLATFORM: Final = "slack"

# What a person says; a message of another subtype reports something, or was said by an app.
_ANSWERABLE: Final = frozenset({"", "file_share", "thread_broadcast"})
_SLACKBOT: Final = "USLACKBOT"
# Slack docs, reference/objects/file-object; files of these modes cannot be had any more.
_GONE_FILES: Final = frozenset({"tombstone", "hidden_by_limit"})
# Slack's clients offer to make this of a text that is too long for a message; programs have other media types.
_SNIPPET: Final = "snippet"
_PLAIN: Final = "text/plain"
_CLIPS: Final = frozenset({"slack_audio", "slack_video"})
_QUOTE_LIMIT: Final = 4_000
# A redelivery that is older, in seconds, counts from when it was said; younger ones are just slow.
_FRESH: Final = 60.0
# Names that Slack gives to conversations without one.
_NAMELESS: Final = ("directmessage", "privategroup", "mpdm-")


def conversation_of(workspace: str, channel: str, root: str) -> str:
    """The id of the conversation that a message began, by its ts."""
    return f"{PLATFORM}/{workspace}/{channel}/{root}"


def message_key(workspace: str, channel: str, ts: str) -> str:
    """The key under which a message is taken in, the same for all its copies."""
    return f"{PLATFORM}/{workspace}:{channel}:{ts}"


def post_ref(channel: str, ts: str) -> str:
    """How a message of ours is called."""
    return f"{channel}:{ts}"


def is_direct(channel: str, channel_type: str = "") -> bool:
    """Whether a conversation is one person's with the bot; Slack does not always tell the type."""
    return channel_type == "im" or channel.startswith("D")


def is_person(message: Json, workspace: Workspace) -> bool:
    """Whether a person said it, in a message that can be answered."""
    user = word(message, "user")
    return (
        user not in {"", _SLACKBOT, workspace.bot_user}
        and not message.get("bot_id")
        and not message.get("hidden")
        and word(message, "subtype") in _ANSWERABLE
    )


def is_other_bot(message: Json, workspace: Workspace) -> bool:
    """Whether another app says something to ours, under its bot's own user."""
    user = word(message, "user")
    return (
        user not in {"", _SLACKBOT, workspace.bot_user}
        and bool(word(message, "bot_id"))
        and not message.get("hidden")
        and word(message, "subtype") in _ANSWERABLE
        and mentions(word(message, "text"), workspace.bot_user)
    )


def thread_of(message: Json) -> str:
    """The ts of the thread's root, "" outside of a thread and for the root itself."""
    thread = word(message, "thread_ts")
    return "" if thread == word(message, "ts") else thread


def said_at(ts: str, now: float, retries: int) -> float:
    """When something was said, in Unix seconds: now, unless it is a redelivery of something older."""
    with suppress(ValueError):  # a ts that is no number tells no time
        if retries and now - float(ts) > _FRESH:
            return float(ts)
    return now


class Reader:
    """Reads what Slack tells of one workspace."""

    def __init__(self, workspace: Workspace, people: People) -> None:
        self.workspace = workspace
        self._people = people

    def home(self, channel: str, kind: str = "") -> str:
        """What the messages of a channel are kept under; `kind` is Slack's type of the channel.

        Direct messages are an organisation's, in whichever of its workspaces they are read (Slack docs, enterprise).
        """
        return self.workspace.owner if is_direct(channel, kind) else self.workspace.id

    def address(self, channel: str, user: str, *, thread: str = "", title: str = "", kind: str = "") -> Address:
        """Where something was said, with the locale of who said it; `kind` is Slack's type of the channel."""
        name = f"#{title}" if title and not title.startswith(_NAMELESS) else ""
        here, scoped = self.workspace.id, f"{self.home(channel, kind)}.{channel}"
        locale = self._people.locale(here, user)
        return Address(PLATFORM, here, scoped, thread, locale, name, is_direct(channel, kind))

    def author(self, user: str, name: str = "", rights: frozenset[Right] = frozenset()) -> Author:
        """Somebody on Slack; `name` is used while People do not know a better one."""
        known = self._people.name(self.workspace.id, user) if user else ""
        return Author(f"{self.workspace.owner}.{user}", known or name or user, rights)

    def text(self, raw: str) -> str:
        """The words of a message: without the mention of the bot, other mentions by their names."""
        return plain(raw, self.workspace.bot_user, lambda user: self._people.name(self.workspace.id, user))

    def ask(self, message: Json, at: float) -> Ask:
        """The ask that a message is, with its `channel` in it; `at` is when it was said."""
        channel, user, ts, kind = (word(message, name) for name in ("channel", "user", "ts", "channel_type"))
        home, address = self.home(channel, kind), self.address(channel, user, thread=thread_of(message), kind=kind)
        return Ask(
            key=message_key(home, channel, ts),
            conversation=conversation_of(home, channel, address.thread or ts),
            address=address,
            author=replace(self.author(user), bot=bool(word(message, "bot_id"))),
            text=self.text(word(message, "text")),
            at=at,
            message=ts,
            addressed=address.direct or self.is_mentioned(message),
            quotes=self.quotes(message),
            attachments=attachments_of(message),
            origin=self.origin(message),
        )

    def is_mentioned(self, message: Json) -> bool:
        """Whether a message names the bot."""
        return word(message, "type") == "app_mention" or mentions(word(message, "text"), self.workspace.bot_user)

    def origin(self, message: Json) -> Mapping[str, str]:
        """What the adapter itself needs to know of a message: its speaker's team and user id, and what it lacks."""
        team = word(message, "user_team", "team") or self.workspace.team
        origin = {"team": team, "user": word(message, "user")}
        voice = any(
            word(file, "subtype") in _CLIPS or word(file, "mimetype").startswith("audio/")
            for file in parts(message, "files")
        )
        return origin | {"kind": "only_voice"} if voice else origin

    def quotes(self, message: Json) -> tuple[Quote, ...]:
        """What a message carries of others: messages that were shared, and previews of links."""
        found = [
            (self._quoted(item), word(item, "author_name", "author_subname", "service_name"))
            for item in parts(message, "attachments")
        ]
        return tuple(Quote(author or "attachment", text[:_QUOTE_LIMIT]) for text, author in found if text)

    def quote(self, message: Json) -> Quote | None:
        """A message as quoted material with what it carries, None when there is nothing to read in it."""
        own = word(message, "text") or words_of(parts(message, "blocks"))
        carried = [quote.text for quote in self.quotes(message)]
        text = "\n".join(filter(None, [self.text(own), *carried]))
        author = self.author(word(message, "user"), word(message, "username")).name
        bot = word(part(message, "bot_profile"), "name")
        return Quote(author or bot or "bot", text[:_QUOTE_LIMIT]) if text else None

    def _quoted(self, item: Json) -> str:
        fields = [f"{word(field, 'title')}: {word(field, 'value')}" for field in parts(item, "fields")]
        body = word(item, "text") or words_of(_blocks(item))
        lines = [word(item, "pretext"), word(item, "title"), body, *fields]
        return self.text("\n".join(filter(None, lines)) or word(item, "fallback"))


def attachments_of(message: Json) -> tuple[Attachment, ...]:
    """The files of a message and of the messages that it shares; their addresses need the bot's token."""
    shared = [file for item in parts(message, "attachments") for file in parts(item, "files")]
    return tuple(
        Attachment(
            name=word(file, "name", "title", "id"),
            media_type=word(file, "mimetype"),
            size=size if isinstance(size := file.get("size"), int) else 0,
            url=word(file, "url_private_download", "url_private"),
            pasted=word(file, "mode") == _SNIPPET and word(file, "mimetype") == _PLAIN,
        )
        for file in (*parts(message, "files"), *shared)
        if word(file, "mode") not in _GONE_FILES
    )


def _blocks(item: Json) -> Sequence[Json]:
    """The blocks of an attachment; those of a shared message stand one message deeper."""
    inner = [block for shared in parts(item, "message_blocks") for block in parts(part(shared, "message"), "blocks")]
    return [*parts(item, "blocks"), *inner]
