from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, cast

import discord
import pytest
from discord.http import HTTPClient, Route

from adapters.discord_app.interaction import INTERACTION_LIFE, InteractionSurface
from adapters.discord_app.surface import PAGE_SIZE, THREAD_NAME, ChannelSurface, nonce_of, thread_name
from bot.errors import PlatformGone, PlatformRefused
from bot.messages import Address, Ask, Author, ControlKind, Page, Post, Turn
from bot.pacing import Governor
from bot.ports import Call

ASK = Ask(
    "discord/100",
    "discord/9/100",
    Address("discord", "9", "5"),
    Author("7", "Ann"),
    "hello",
    0.0,
    "100",
    origin={"channel_type": "text"},
)
TURN = Turn(3, "discord/9/100", (ASK,), 0.0)
INTENT = Post(3, 1, 0, 1_700_000_000.25)
WORDS = Page("words", turn=3)


@dataclass
class Sent:
    """A request as it left; `form` says that it carried a file."""

    method: str
    path: str
    body: dict[str, Any]
    form: bool = False


@dataclass
class Rest:
    """The adapter as surfaces see it: keeps what is sent, and fails where told to."""

    governor: Governor = field(default_factory=lambda: Governor(overall=None))
    my_id: int = 1
    sent: list[Sent] = field(default_factory=list[Sent])
    failing: list[discord.HTTPException] = field(default_factory=list[discord.HTTPException])
    response: str = "55"
    archived: Any = None
    threads: list[str] = field(default_factory=list[str])

    async def http(self) -> HTTPClient:
        return cast("HTTPClient", self)

    async def acknowledged(self, interaction: str) -> str:
        return self.response

    async def request(self, route: Route, *, json: Any = None, form: Any = None, files: Any = None) -> dict[str, Any]:
        if self.failing:
            raise self.failing.pop(0)
        self.sent.append(Sent(route.method, route.url.removeprefix(Route.BASE), json or {}, form is not None))
        return {"id": "77"}

    async def edit_channel(self, channel: int, *, archived: bool) -> None:
        self.archived = (channel, archived)

    async def start_thread_with_message(self, channel: int, message: int, *, name: str, **_: Any) -> None:
        if self.failing:
            raise self.failing.pop(0)
        self.threads.append(name)

    async def logs_from(self, channel: int, limit: int, after: int) -> Sequence[dict[str, Any]]:
        return [
            {"id": "3", "author": {"id": "1"}},
            {"id": "2", "author": {"id": "9"}},
            {"id": "1", "author": {"id": "1"}},
        ]


def error(status: int, code: int) -> discord.HTTPException:
    response: Any = SimpleNamespace(status=status, reason="", headers={})
    return discord.HTTPException(response, {"message": "", "code": code})


def in_place(rest: Rest, place: str, ask: Ask = ASK) -> ChannelSurface:
    return ChannelSurface(rest, replace(TURN, asks=(ask,), place=place), threads=True)


# The nonce -----------------------------------------------------------------------------------------------------------


def test_a_nonce_fits_and_is_that_of_its_intent_only() -> None:
    nonces = {nonce_of(replace(INTENT, **change)) for change in ({}, {"turn": 4}, {"number": 2}, {"at": INTENT.at + 1})}
    assert len(nonces) == 4
    assert {len(nonce) for nonce in nonces} == {24}


def test_a_nonce_is_the_same_in_the_next_process() -> None:
    assert nonce_of(INTENT) == nonce_of(replace(INTENT, ref="", seal=None))
    # Written down once: a process of an earlier version may have posted under it.
    assert nonce_of(Post(3, 1, 0, 1_700_000_000.25)) == nonce_of(INTENT)


# What a post says ----------------------------------------------------------------------------------------------------


async def test_a_post_carries_its_nonce_and_pings_nobody() -> None:
    await in_place(rest := Rest(), "thread/100").post(Page("hi @everyone <@8>", turn=3), INTENT)
    [sent] = rest.sent
    assert (sent.method, sent.path) == ("POST", "/channels/100/messages")
    assert (sent.body["nonce"], sent.body["enforce_nonce"]) == (nonce_of(INTENT), True)
    assert sent.body["allowed_mentions"] == {"parse": [], "users": [], "replied_user": False}
    assert sent.body["content"] == "hi @everyone <@8>"


async def test_in_a_thread_the_first_post_mentions_the_asker() -> None:
    await in_place(rest := Rest(), "thread/100").post(replace(WORDS, notify=True), INTENT)
    assert rest.sent[0].body["content"] == "words\n-# <@7>"
    assert rest.sent[0].body["allowed_mentions"]["users"] == ["7"]
    assert "message_reference" not in rest.sent[0].body


async def test_a_reply_notifies_by_itself() -> None:
    await in_place(rest := Rest(), "reply/5").post(replace(WORDS, notify=True), INTENT)
    body = rest.sent[0].body
    assert body["content"] == "words"
    assert body["message_reference"] == {"message_id": "100", "fail_if_not_exists": False}
    assert body["allowed_mentions"]["replied_user"] is True


async def test_only_the_first_page_is_a_reply() -> None:
    await in_place(rest := Rest(), "reply/5").post(WORDS, replace(INTENT, page=1))
    assert "message_reference" not in rest.sent[0].body


async def test_a_direct_message_needs_no_mention() -> None:
    await in_place(rest := Rest(), "here/5").post(replace(WORDS, notify=True), INTENT)
    assert rest.sent[0].body["content"] == "words"


async def test_an_answer_from_the_background_mentions_the_asker_also_where_others_need_not() -> None:
    late = replace(ASK, message="", job=2, origin={"interaction": "1", "application": "2", "token": "to-ken"})
    surface = in_place(rest := Rest(), "here/5", late)
    await surface.post(replace(WORDS, notify=True), INTENT)
    await surface.edit("77", WORDS)
    [posted, edited] = rest.sent
    assert (posted.path, posted.body["content"]) == ("/channels/5/messages", "words\n-# <@7>")
    assert posted.body["allowed_mentions"]["users"] == ["7"]
    assert posted.body["components"] == []
    # The mention stays, as nothing else tells whose answer it is, and pings nobody any more.
    assert (edited.body["content"], edited.body["allowed_mentions"]["users"]) == ("words\n-# <@7>", [])


async def test_the_mention_of_an_answer_from_the_background_stays_on_its_first_page_alone() -> None:
    late = replace(ASK, message="", job=2)
    first = replace(INTENT, ref="70")
    turn = replace(TURN, asks=(late,), place="thread/100", posts=(first, replace(INTENT, page=1, ref="71")))
    surface = ChannelSurface(rest := Rest(), turn, threads=True)
    await surface.edit("70", WORDS)
    await surface.edit("71", WORDS)
    assert [sent.body["content"] for sent in rest.sent] == ["words\n-# <@7>", "words"]


async def test_other_answers_lose_their_mention() -> None:
    surface = in_place(rest := Rest(), "thread/100")
    await surface.post(replace(WORDS, notify=True), INTENT)
    await surface.edit("77", WORDS)
    # Until that edit the page shows a Stop button: it is not at rest.
    assert [len(sent.body["components"]) for sent in rest.sent] == [1, 0]
    assert rest.sent[1].body["content"] == "words"


async def test_an_answer_from_the_background_replies_to_a_question_that_was_a_message() -> None:
    surface = in_place(rest := Rest(), "reply/5", replace(ASK, job=2))
    await surface.post(replace(WORDS, notify=True), INTENT)
    assert rest.sent[0].body["content"] == "words"
    assert rest.sent[0].body["message_reference"]["message_id"] == "100"
    assert rest.sent[0].body["allowed_mentions"]["replied_user"] is True


def test_a_page_with_its_mention_fits() -> None:
    assert in_place(Rest(), "thread/100").limits.page == PAGE_SIZE == 2_000


async def test_a_file_goes_along() -> None:
    await in_place(rest := Rest(), "thread/100").post(replace(WORDS, file=("answer.md", "all")), INTENT)
    assert rest.sent[0].form


# Edits ---------------------------------------------------------------------------------------------------------------


async def test_buttons_are_sent_only_when_they_change() -> None:
    surface = in_place(rest := Rest(), "thread/100")
    page = replace(WORDS, controls=(ControlKind.STOP,))
    await surface.post(page, INTENT)
    # A post under a nonce may give back an older message with other buttons: the first edit sends them in any case.
    await surface.edit("77", replace(page, body="more words"))
    await surface.edit("77", replace(page, body="even more words"))
    await surface.edit("77", replace(page, body="all words", controls=(ControlKind.REGENERATE,)))
    assert ["components" in sent.body for sent in rest.sent] == [True, True, False, True]


async def test_a_final_page_takes_away_what_an_earlier_attempt_attached() -> None:
    surface = in_place(rest := Rest(), "thread/100")
    assert await surface.edit("77", replace(WORDS, controls=(ControlKind.STOP,))) == "77"
    await surface.edit("77", WORDS)
    assert [sent.body.get("attachments") for sent in rest.sent] == [None, []]


async def test_an_archived_thread_is_opened_again() -> None:
    surface = in_place(rest := Rest(failing=[error(400, 50083)]), "thread/100")
    await surface.edit("77", WORDS)
    assert rest.archived == (100, False)
    assert [sent.path for sent in rest.sent] == ["/channels/100/messages/77"]


async def test_other_refusals_are_not_tried_again() -> None:
    surface = in_place(rest := Rest(failing=[error(403, 50013)]), "thread/100")
    with pytest.raises(PlatformRefused):
        await surface.edit("77", WORDS)
    assert rest.archived is None


async def test_only_our_own_messages_are_found_oldest_first() -> None:
    assert await in_place(Rest(), "thread/100").find(INTENT) == ["1", "3"]


# The place -----------------------------------------------------------------------------------------------------------


async def test_a_mention_is_answered_in_a_thread_of_it() -> None:
    surface = ChannelSurface(rest := Rest(), TURN, threads=True)
    assert await surface.open() == "thread/100"
    assert rest.threads == ["hello"]
    assert surface.lane(Call.EDIT).name == "edit:100"


async def test_a_thread_that_exists_is_used() -> None:
    assert await ChannelSurface(Rest(failing=[error(400, 160004)]), TURN, threads=True).open() == "thread/100"


@pytest.mark.parametrize("failure", [error(403, 50013), error(429, 0), error(500, 0)])
async def test_without_a_thread_the_answer_is_a_reply(failure: discord.HTTPException) -> None:
    assert await ChannelSurface(Rest(failing=[failure]), TURN, threads=True).open() == "reply/5"


PLACES = [
    (ASK.address, {"channel_type": "text"}, False, "reply/5"),
    (Address("discord", "9", "5", "6"), {"channel_type": "public_thread"}, True, "reply/6"),
    (Address("discord", "", "5"), {"channel_type": "private"}, True, "here/5"),
    (ASK.address, {"channel_type": "voice"}, True, "reply/5"),
]


@pytest.mark.parametrize(("address", "origin", "threads", "place"), PLACES)
async def test_elsewhere_the_answer_stays_where_it_was_asked(
    address: Address, origin: dict[str, str], threads: bool, place: str
) -> None:
    turn = replace(TURN, asks=(replace(ASK, address=address, origin=origin),))
    surface = ChannelSurface(rest := Rest(), turn, threads=threads)
    assert await surface.open() == place
    assert rest.threads == []


@pytest.mark.parametrize(
    ("text", "name"),
    [("one\ntwo", "one"), ("", "…"), ("  \n x", "…"), ("a  b", "a b"), ("x" * 300, "x" * (THREAD_NAME - 1) + "…")],
)
def test_a_thread_is_named_by_the_first_line(text: str, name: str) -> None:
    assert thread_name(text) == name
    assert 1 <= len(thread_name(text)) <= THREAD_NAME


# Commands ------------------------------------------------------------------------------------------------------------


def a_command(*, member: bool = True, age: float = 0.0, place: str = "") -> tuple[Rest, InteractionSurface]:
    born = time.time() - age
    number = str(int(born * 1000 - 1420070400000) << 22)
    origin = {"interaction": number, "application": "2", "token": "to-ken", "member": "1" if member else ""}
    turn = replace(TURN, asks=(replace(ASK, message="", origin=origin),), place=place)
    rest = Rest()
    return rest, InteractionSurface(rest, turn)


async def test_a_command_is_answered_in_its_response() -> None:
    rest, surface = a_command()
    assert await surface.open() == "command/55"
    assert await surface.post(WORDS, INTENT) == "55"
    assert [(sent.method, sent.path) for sent in rest.sent] == [("PATCH", "/webhooks/2/to-ken/messages/@original")]
    assert surface.lane(Call.EDIT).exempt


async def test_further_pages_are_messages_where_the_bot_is_a_member() -> None:
    rest, surface = a_command(place="command/55")
    await surface.post(WORDS, replace(INTENT, page=1))
    assert rest.sent[0].path == "/channels/5/messages"
    assert not surface.lane(Call.POST).exempt


async def test_elsewhere_further_pages_are_follow_ups_and_few() -> None:
    rest, surface = a_command(member=False, place="command/55")
    await surface.post(WORDS, replace(INTENT, page=1))
    await surface.edit("77", WORDS)
    assert [sent.path for sent in rest.sent] == ["/webhooks/2/to-ken", "/webhooks/2/to-ken/messages/77"]
    assert surface.lane(Call.POST).exempt
    assert surface.limits.pages <= 6


async def test_near_the_end_of_its_life_messages_take_over() -> None:
    rest, surface = a_command(age=INTERACTION_LIFE + 1)
    assert await surface.open() == "here/5"
    assert await surface.post(WORDS, INTENT) == "77"
    assert [sent.path for sent in rest.sent] == ["/webhooks/2/to-ken/messages/@original", "/channels/5/messages"]
    assert not surface.lane(Call.EDIT).exempt


async def test_a_command_that_was_never_acknowledged_is_answered_by_a_message() -> None:
    rest, surface = a_command(place="command/")
    rest.failing = [error(404, 10015)]
    assert await surface.post(WORDS, INTENT) == "77"
    assert rest.sent[0].path == "/channels/5/messages"


async def test_where_the_bot_is_no_member_such_a_command_is_gone() -> None:
    rest, surface = a_command(member=False, place="command/")
    rest.failing = [error(404, 10015)]
    with pytest.raises(PlatformGone):
        await surface.post(WORDS, INTENT)
