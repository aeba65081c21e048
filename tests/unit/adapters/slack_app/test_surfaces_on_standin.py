"""Whole answers through `Reply` and the SDK's client into the stand-in: what a reader sees, and what calls it took."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress

import pytest

from adapters.slack_app.blocks import characters, octets
from adapters.slack_app.client import GUESSES
from bot.board import NotDelivered
from bot.messages import Address, Ask, Author
from playground.slack.server import SlackStandIn
from storage.memory import MemoryStore
from tests.unit.adapters.slack_app.answering import MARK, PATIENCE, House, a_governor, in_a_hurry

Ask_ = Callable[..., Awaitable[House]]


@pytest.fixture
async def place() -> AsyncGenerator[SlackStandIn]:
    async with SlackStandIn() as place:
        place.tiers.harden()
        yield place


@pytest.fixture
async def asked(place: SlackStandIn) -> AsyncGenerator[Ask_]:
    houses: list[House] = []

    async def ask(mode: str = "native", job: int = 0) -> House:
        ann, team = place.person("ann"), place.team.id
        direct = mode != "edit"
        channel = ann.dm if direct else place.channel("general")
        root = (await ann.say(channel, "hello")).ts
        address = Address("slack", team, f"{team}.{channel.id}", direct=direct)
        author = Author(f"{team}.{ann.id}", "Ann")
        origin = {"team": team, "user": ann.id}
        when = place.clock.now()
        said = Ask(f"slack/{root}", f"slack/{root}", address, author, "hello", when, root, job=job, origin=origin)
        store = MemoryStore()
        await store.accept(said, wakes=True, limit=5)
        house = House(place, channel, root, mode, store)
        houses.append(house)
        return house

    yield ask
    for house in houses:
        for desk in house.desks:
            await desk.dies()


BOTH = pytest.mark.parametrize("mode", ["native", "edit"])


@BOTH
async def test_an_answer_grows_and_is_whole_at_its_end(asked: Ask_, mode: str) -> None:
    house = await asked(mode)
    desk = await house.desk()
    await desk.surface.typing()
    await desk.writes("Hello ")
    await desk.writes("<!channel> and <@U012AB3CD>, ")
    desk.reply.write("that is all.")
    await desk.ends()
    assert house.text == "Hello <!channel> and <@U012AB3CD>, that is all."
    assert len(house.answers) == 1
    house.sound()
    grown = {"native": ["startStream", "appendStream", "stopStream"], "edit": ["postMessage", "update", "update"]}
    assert house.methods == grown[mode]


@BOTH
async def test_a_short_answer_takes_one_call(asked: Ask_, mode: str) -> None:
    house = await asked(mode)
    desk = await house.desk()
    desk.reply.write("Yes.")
    await desk.ends()
    assert house.methods == ["postMessage"]
    house.sound()


@BOTH
async def test_code_and_tables_come_through(asked: Ask_, mode: str) -> None:
    house = await asked(mode)
    desk = await house.desk()
    await desk.writes("Code:\n\n```py\nx = 1\n")
    await desk.writes("y = 2\n")
    await desk.writes("```\n\nA table:\n\n")
    desk.reply.write("| a | b |\n|---|---|\n| 1 | 22222 |\n\n")
    await desk.writes("End")
    await desk.ends()
    assert house.text == "Code:\n\n```py\nx = 1\ny = 2\n```\n\nA table:\n\n```\na  b\n-  -----\n1  22222\n```\n\nEnd"
    assert ("update" in house.methods) is (mode == "edit")
    house.sound()


@BOTH
@pytest.mark.parametrize("word", ["word ", "很长的文章。", "<@U1> "])
async def test_a_long_answer_is_cut_into_messages_and_attached(asked: Ask_, mode: str, word: str) -> None:
    house = await asked(mode)
    desk = await house.desk(in_a_hurry(house.place))
    size = 45_000 // (octets(word) if mode == "native" else characters(word))
    await desk.writes("Begin ")
    for _ in range(5):
        desk.reply.write(word * (size // 5) + "\n\n")
        await asyncio.sleep(0)
    desk.reply.write("End.")
    await desk.ends()
    pages = [message for message in house.answers if not message.files]
    [file] = [message.files[0] for message in house.answers if message.files]
    assert file.data.decode() == desk.reply.text
    assert len(pages) >= 4
    shown = "".join(page.visible for page in pages).replace(MARK, "")
    assert "".join(shown.split()) == "".join(desk.reply.text.split())
    house.sound()


async def test_a_page_break_in_a_stream_starts_another(asked: Ask_) -> None:
    house = await asked("native")
    desk = await house.desk()
    await desk.writes("第一页。")
    await desk.writes("中文" * 1_400 + "。\n\n")
    await desk.writes("第二页" * 300 + "完")
    await desk.ends()
    assert [message.visible for message in house.answers] == [
        "第一页。" + "中文" * 1_400 + "。",
        "第二页" * 300 + "完",
    ]
    assert house.methods.count("startStream") == 2
    house.sound()


@BOTH
@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("which", ["post", "growth", "end"])
async def test_a_lost_answer_leaves_one_whole_message(asked: Ask_, mode: str, which: str, applied: bool) -> None:
    house = await asked(mode)
    methods = {
        "native": {"post": "startStream", "growth": "appendStream", "end": "stopStream"},
        "edit": {"post": "postMessage", "growth": "update", "end": "update"},
    }
    desk = await house.desk()
    if which != "post":
        await desk.writes("One ")
    if which == "end":
        await desk.writes("two ")
    house.place.lose(f"chat.{methods[mode][which]}", applied=applied)
    desk.reply.write("three ")
    if which != "end":
        await house.place.wait_for(lambda: "three" in house.text, PATIENCE)
    desk.reply.write("four")
    await desk.ends()
    assert [message.visible for message in house.answers] == [desk.reply.text]
    house.sound()


@BOTH
@pytest.mark.parametrize("hidden", ["nothing", "the ref"])
async def test_a_crash_leaves_one_whole_message(asked: Ask_, mode: str, hidden: str) -> None:
    house = await asked(mode)
    desk = await house.desk()
    if hidden == "the ref":
        hold = house.place.hold("chat.startStream" if mode == "native" else "chat.postMessage", applied=True)
        desk.reply.write("One")
        await hold.arrived
        await desk.dies()
        hold.release()
    else:
        await desk.writes("One ")
        await desk.writes("two")
        await desk.dies()
    again = await house.desk()
    await again.writes("Another answer")
    again.reply.write(", whole.")
    await again.ends()
    assert [message.visible for message in house.answers] == ["Another answer, whole."]
    house.sound()


@BOTH
@pytest.mark.parametrize("again", ["edited", "not edited"])
async def test_what_is_asked_again_goes_into_the_message_that_was_posted_instead(
    asked: Ask_, mode: str, again: str
) -> None:
    house = await asked(mode)
    desk = await house.desk()
    await desk.writes("One ")
    [first] = house.answers
    house.place.fail("chat.update", "edit_window_closed")
    desk.reply.write("two")
    if mode == "native":
        house.place.expire_streams()
    await desk.ends()
    [second] = house.answers
    assert second is not first
    assert await house.store.reopen(desk.claim.turn.id)
    if again == "not edited":
        house.place.fail("chat.update", "edit_window_closed", times=2)
    next_desk = await house.desk()
    next_desk.reply.write("Another answer")
    await next_desk.ends()
    [third] = house.answers
    assert third.visible == "Another answer"
    assert (third is second) is (again == "edited")
    assert not next_desk.reply.given_up
    house.sound()


async def test_a_stream_that_slack_closes_goes_on(asked: Ask_) -> None:
    house = await asked("native")
    desk = await house.desk()
    await desk.writes("One ")
    house.place.expire_streams()
    await desk.writes("two ")
    await desk.writes("three ")
    desk.reply.write("four")
    await desk.ends()
    assert [message.visible for message in house.answers] == ["One two three four"]
    house.sound()


async def test_slacks_own_stop_keeps_what_was_written(asked: Ask_) -> None:
    house = await asked("native")
    desk = await house.desk()
    await desk.writes("One ")
    await house.place.person("ann").press_stop(house.channel, house.root)
    before = len(house.place.calls)
    desk.reply.write("two ")
    await house.place.wait_for(lambda: len(house.place.calls) > before, PATIENCE)
    await desk.ends("_(stopped)_")
    assert [message.visible for message in house.answers] == ["One two\n_(stopped)_"]
    house.sound()


REFUSED_STARTS = [
    *("channel_type_not_supported", "missing_recipient_team_id", "unknown_method", "feature_not_enabled"),
    *("method_deprecated", "ratelimited"),
]


@pytest.mark.parametrize("code", REFUSED_STARTS)
async def test_without_streams_the_answer_comes_by_edits(asked: Ask_, code: str) -> None:
    house = await asked("native")
    limit = {"status": 429, "retry_after": 30.0} if code == "ratelimited" else {}
    house.place.fail("chat.startStream", code, **limit)  # pyright: ignore[reportArgumentType]  # by their names
    desk = await house.desk()
    await desk.writes("One ")
    await desk.writes("two")
    await desk.ends()
    assert [message.visible for message in house.answers] == ["One two"]
    assert house.methods[:2] == ["startStream", "postMessage"]
    assert "appendStream" not in house.methods
    house.sound()


@BOTH
async def test_a_file_that_may_not_be_shared_is_done_without(asked: Ask_, mode: str) -> None:
    house = await asked(mode)
    house.place.fail("files.getUploadURLExternal", "missing_scope")
    desk = await house.desk(in_a_hurry(house.place))
    desk.reply.write("word " * 9_000 + "End.")
    await desk.ends()
    assert house.text.endswith("End.")
    assert not any(message.files for message in house.answers)
    house.sound()


@BOTH
async def test_an_archived_channel_ends_the_answer(asked: Ask_, mode: str) -> None:
    house = await asked(mode)
    desk = await house.desk()
    await desk.writes("One ")
    house.channel.archived = True
    desk.reply.write("two")
    with suppress(NotDelivered):
        await asyncio.wait_for(desk.painter, PATIENCE)
    assert desk.reply.given_up


async def test_the_ends_of_many_answers_are_not_late(asked: Ask_, place: SlackStandIn) -> None:
    houses = [await asked("native") for _ in range(6)]
    governor = a_governor(GUESSES)
    desks = [await house.desk(governor) for house in houses]
    await asyncio.gather(*(desk.writes("One ") for desk in desks))
    for desk in desks:
        desk.reply.write("two three")
    await asyncio.gather(*(desk.ends() for desk in desks))
    assert [house.text for house in houses] == ["One two three"] * 6
    assert [call.method for call in place.calls if call.status == 429] == []
    houses[0].sound()


@BOTH
async def test_an_answer_from_the_background_is_whole_at_once_and_pings_the_asker_alone(
    place: SlackStandIn, asked: Ask_, mode: str
) -> None:
    house = await asked(mode, job=1)
    desk = await house.desk()
    desk.reply.write("Because. <!channel>")
    await desk.ends()
    assert (len(house.answers), house.methods) == (1, ["postMessage"])
    assert "Because." in house.text
    assert [what for _, what in place.pings] == [f"<@{place.person('ann').id}>"]
    assert place.violations == []
