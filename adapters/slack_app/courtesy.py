"""Calls outside of any reply: reading a thread once, marks on waiting messages, and sentences to people."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import aiohttp
import structlog
from slack_sdk.webhook.async_client import AsyncWebhookClient

from adapters.slack_app.client import Api, Workspace, lane_of
from adapters.slack_app.inbound import Reader
from adapters.slack_app.markup import Json, mrkdwn, part, parts, word
from adapters.slack_app.people import People
from adapters.slack_app.prompts import prompts
from adapters.slack_app.recent import Recent
from adapters.slack_app.uploads import upload
from bot import texts
from bot.errors import PlatformError, PlatformUnsure
from bot.messages import Address, Ask, Quote, Reply
from bot.pacing import Priority

log = structlog.get_logger(__name__)

# How much of a thread is read when the bot joins late, and for how many seconds the answer waits for it. Slack sends
# the oldest replies first: one call of the documented most (reference/methods/conversations.replies) reaches the end.
BACKGROUND_MESSAGES: Final = 30
BACKGROUND_PATIENCE: Final = 5.0
_REPLIES: Final = 1_000
WAITING_MARK: Final = "eyes"
# A command must be answered within 3 s, and its question is stored after this post.
QUESTION_PATIENCE: Final = 1.8
# Seconds that the upload of a file may take.
UPLOAD_PATIENCE: Final = 60.0
_PATIENCE: Final = 10.0
# Slack docs, reference/block-kit/blocks/section-block: characters of a section.
_SECTION: Final = 3_000
# Direct messages whose suggested prompts are known to be set.
_PROMPTED: Final = 5_000
# Messages that may be waiting at once; of those beyond it the mark stays.
_MARKED: Final = 1_000
# Slack docs, reference/events/message: what people and apps say; other subtypes tell of joins, pins and the like.
_SAID: Final = frozenset({"", "file_share", "thread_broadcast", "bot_message", "me_message"})
_QUIET: Final[Mapping[str, bool]] = {"unfurl_links": False, "unfurl_media": False}


class Courtesy:
    """Best-effort calls: a failure is logged and changes nothing else. Users are Slack's own ids here.

    `operator` is the user id of whoever runs the bot, "" when nobody said.
    """

    def __init__(self, api: Api, people: People, *, operator: str = "") -> None:
        self._api = api
        self._people = people
        self._operator = operator
        self._prompted = Recent(_PROMPTED)
        self._marked = Recent(_MARKED)

    async def background(self, ask: Ask) -> Sequence[Quote]:
        """What was said in a thread before this ask, oldest first: how it began, and the newest of it."""
        home, here = ask.address.workspace, ask.address
        us = self._api.workspace(home)
        if us is None or not here.thread:
            return ()
        wanted = {"ts": here.thread, "limit": _REPLIES, "latest": ask.message or None}
        try:
            answer = await self._call(
                home,
                "conversations.replies",
                Priority.FIRST,
                within=BACKGROUND_PATIENCE,
                channel=_own(here.channel),
                **wanted,
            )
        except PlatformError as error:
            log.info("slack.thread_unread", channel=here.channel, reason=str(error))
            return ()
        said = [message for message in parts(answer, "messages") if _is_said_before(message, ask.message)]
        reader = Reader(us, self._people)
        kept = [*said[:1], *said[1:][1 - BACKGROUND_MESSAGES :]]
        return [quote for message in kept if (quote := _quote(reader, us, message))]

    async def show_waiting(self, ask: Ask) -> None:
        """Put a mark on a message that waits, if the limits leave room for it."""
        if not ask.message or not self._marked.add(ask.key):
            return
        if not await self._react("reactions.add", ask):
            self._marked.discard(ask.key)
        elif not self.is_marked(ask):
            # Its answer began before the mark was there to be taken off.
            await self._react("reactions.remove", ask)

    def is_marked(self, ask: Ask) -> bool:
        """Whether this process has marked a message, or is about to."""
        return ask.key in self._marked

    async def hide_waiting(self, ask: Ask) -> None:
        """Take the mark off, if the limits leave room for it."""
        self._marked.discard(ask.key)
        await self._react("reactions.remove", ask)

    async def _react(self, method: str, ask: Ask) -> bool:
        home, channel = ask.address.workspace, _own(ask.address.channel)
        permit = self._api.governor.try_permit(lane_of(method, home))
        if permit is None:
            return False
        with permit:
            try:
                await self._api.call(home, method, channel=channel, timestamp=ask.message, name=WAITING_MARK)
            except PlatformError as error:
                log.debug("slack.mark_refused", method=method, reason=str(error))
                return False
        return True

    async def tell(self, ask: Ask, text: str) -> None:
        """Say a sentence to the asker where they asked, or else directly."""
        thread = ask.address.thread or (ask.message if ask.address.direct else "")
        await self.whisper(ask.address, _own(ask.author.id), thread, text, ask.origin.get("response_url", ""))

    async def whisper(self, address: Address, user: str, thread: str, text: str, response_url: str = "") -> None:
        """Say one of our own sentences to one person: unseen by others in a channel, as a message in a DM.

        Where the bot may not speak it is said as the response of the command or shortcut, or else directly.
        """
        home, channel = address.workspace, _own(address.channel)
        if address.direct:
            said = await self._say(home, channel, text, thread)
        else:
            said = await self._say_unseen(home, channel, user, thread, text)
        if said or (response_url and await self._respond(response_url, text)) or address.direct:
            return
        direct = await self._direct(home, user)
        if direct:
            await self._say(home, direct, text)

    async def hand_over(self, address: Address, user: str, thread: str, reply: Reply, response_url: str = "") -> None:
        """Say a reply to one person where it has words; its file goes into their direct messages with the bot."""
        sentence = reply.text
        if reply.file is not None:
            given = await self._give(address.workspace, user, *reply.file)
            sentence = f"{sentence} {texts.say('export_given', address.locale)}"
            sentence = sentence if given else texts.say("export_failed", address.locale)
        if sentence:
            await self.whisper(address, user, thread, sentence, response_url)

    async def _give(self, workspace: str, user: str, name: str, text: str) -> bool:
        """Share a file with somebody directly; whether it arrived."""
        direct = await self._direct(workspace, user)
        if not direct:
            return False
        try:
            async with asyncio.timeout(UPLOAD_PATIENCE):
                await upload(self._api, workspace, name, text.encode(), {"channel_id": direct})
        except (PlatformError, TimeoutError) as error:
            log.info("slack.file_not_given", reason=str(error) or type(error).__name__)
            return False
        return True

    async def tell_operator(self, workspace: str, text: str) -> bool:
        """Say a sentence to whoever runs the bot, who is a member of this workspace; whether it arrived."""
        direct = await self._direct(workspace, self._operator) if self._operator else ""
        return bool(direct) and await self._say(workspace, direct, text)

    async def post_question(self, address: Address, user: str, question: str) -> str:
        """Post what somebody asked by a command, and return the ts of that message; raises PlatformError and its kin.

        The question is shown as plain text: whoever wrote it could not ping anybody with it.
        """
        shown = question if len(question) <= _SECTION else f"{question[: _SECTION - 1]}…"
        blocks: list[Json] = [
            {"type": "context", "elements": [{"type": "mrkdwn", "text": f"<@{user}>:"}]},
            {"type": "section", "text": {"type": "plain_text", "text": shown, "emoji": False}},
        ]
        answer = await self._call(
            address.workspace,
            "chat.postMessage",
            Priority.FIRST,
            within=QUESTION_PATIENCE,
            channel=_own(address.channel),
            blocks=blocks,
            text=mrkdwn(shown),
            metadata=_metadata("question"),
            **_QUIET,
        )
        return word(answer, "ts")

    async def suggest_prompts(self, workspace: str, channel: str, user: str) -> None:
        """Offer questions to somebody who opened their direct messages with the bot; again only where that failed."""
        if not self._prompted.add(channel):
            return
        await self._people.meet(workspace, user)
        # With a thread's ts Slack says that all is well and shows nothing (reported, facts of agent apps).
        offered = prompts(self._people.locale(workspace, user))
        try:
            await self._call(workspace, "assistant.threads.setSuggestedPrompts", channel_id=channel, prompts=offered)
        except PlatformError as error:
            self._prompted.discard(channel)
            log.info("slack.prompts_refused", reason=str(error))

    async def _say(self, workspace: str, channel: str, text: str, thread: str = "") -> bool:
        return await self._told(
            workspace,
            "chat.postMessage",
            channel=channel,
            thread_ts=thread or None,
            text=mrkdwn(text),
            metadata=_metadata("note"),
            **_QUIET,
        )

    async def _say_unseen(self, workspace: str, channel: str, user: str, thread: str, text: str) -> bool:
        place = {"channel": channel, "thread_ts": thread or None}
        return await self._told(workspace, "chat.postEphemeral", user=user, text=mrkdwn(text), **place)

    async def _told(self, workspace: str, method: str, **arguments: Any) -> bool:
        try:
            await self._call(workspace, method, **arguments)
        except PlatformError as error:
            log.info("slack.not_told", method=method, reason=str(error))
            return False
        return True

    async def _direct(self, workspace: str, user: str) -> str:
        """The direct message with somebody, "" when there is none to be had."""
        try:
            answer = await self._call(workspace, "conversations.open", users=user)
        except PlatformError as error:
            log.info("slack.no_direct_message", reason=str(error))
            return ""
        return word(part(answer, "channel"), "id")

    async def _respond(self, url: str, text: str) -> bool:
        """Say it by the address that came with a command or a shortcut; it works five times, for half an hour."""
        client = AsyncWebhookClient(url, timeout=int(_PATIENCE), retry_handlers=[])
        message = {"response_type": "ephemeral", "replace_original": False, "text": mrkdwn(text)}
        try:
            async with asyncio.timeout(_PATIENCE):
                response = await client.send_dict(message)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            log.info("slack.not_told", method="response_url", reason=type(error).__name__)
            return False
        return response.status_code == 200

    async def _call(
        self,
        workspace: str,
        method: str,
        priority: Priority = Priority.ROLL_OVER,
        *,
        within: float = _PATIENCE,
        **arguments: Any,
    ) -> Json:
        """One call when its lane lets it, all within these seconds."""
        try:
            async with asyncio.timeout(within):
                return await self._api.paced(workspace, method, priority, within=within, **arguments)
        except TimeoutError as error:
            raise PlatformUnsure(f"{method} took longer than {within} s") from error


def _own(scoped: str) -> str:
    """Slack's own id in one of ours, which begins with the workspace."""
    return scoped.rpartition(".")[2]


def _metadata(kind: str) -> Json:
    """Tells that a message of ours is no page of an answer, to whoever looks for one that was lost."""
    return {"event_type": f"glimmer_{kind}", "event_payload": {}}


def _is_said_before(message: Json, ts: str) -> bool:
    said = word(message, "ts")
    return word(message, "subtype") in _SAID and not message.get("hidden") and (not ts or said != ts)


def _quote(reader: Reader, us: Workspace, message: Json) -> Quote | None:
    quote = reader.quote(message)
    ours = us.bot_user == word(message, "user") or (us.bot_id and us.bot_id == word(message, "bot_id"))
    return replace(quote, author="you") if quote and ours else quote
