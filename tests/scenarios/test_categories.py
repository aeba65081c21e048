"""Rules about categories of channels on Discord: for the channels in them, the threads there, and what is moved."""

from __future__ import annotations

from playground.discord.interactions import Interaction
from playground.discord.model import Channel
from playground.discord.permissions import Permission
from tests.scenarios.house import Bot, House, script


async def rule(house: House, words: str, channel: Channel) -> str:
    """Let somebody who manages the server give `/access` there; what they are told."""
    mona = house.discord.person("mona", rights=Permission.MANAGE_GUILD)
    action, _, subject = words.partition(" ")
    options = {"action": action} | ({"rule": subject} if subject else {})
    return told(await mona.slash("access", options, channel=channel))


def told(interaction: Interaction) -> str:
    return " ".join(response.content for response in interaction.responses if response.ephemeral)


async def refused(bot: Bot, times: int) -> None:
    """Wait until so many questions were refused for the place that they were asked in."""
    assert (await bot.logged("ask.refused", times=times))["reason"] in {"place", "unlisted"}


async def test_a_denied_category_silences_its_channels_and_the_threads_in_them(house: House) -> None:
    house.glm.script(script("Hi."), times=None)
    attic = house.discord.add_category("attic")
    room = house.discord.add_channel("room", category=attic)
    forum = house.discord.add_forum("help", category=attic)
    bot = await house.start()
    assert f"`category:{attic.id}`: – → deny" in await rule(house, "deny category:here", room)
    await house.alice.mention(room, "hello")
    await refused(bot, 1)
    thread = await house.alice.open_thread(room, "a thread")
    await house.alice.mention(thread, "hello")
    await refused(bot, 2)
    post = await house.alice.open_post(forum, "a post", f"<@{house.discord.bot_user.id}> hello")
    await refused(bot, 3)
    asked = await house.alice.slash("ask", {"question": "hello"}, channel=thread)
    await house.until(lambda: "I may not answer in this channel" in told(asked))
    await house.answered(await house.alice.mention(house.general, "hello"))
    assert [house.answers(place) for place in (room, thread, post)] == [[], [], []]
    assert len(house.asked) == 1


async def test_an_allowed_category_opens_its_channels_where_all_else_is_denied(house: House) -> None:
    house.glm.script(script("Hi."), times=None)
    hall = house.discord.add_category("hall")
    bot = await house.start(DEFAULT_DENY="true", ACCESS_ALLOW=f"category:{hall.id}")
    # It is made while the bot runs.
    room = house.discord.add_channel("room", category=hall)
    await house.alice.mention(house.general, "hello")
    await refused(bot, 1)
    await house.answered(await house.alice.mention(room, "hello"))
    thread = await house.alice.open_thread(room, "a thread")
    await house.alice.mention(thread, "hello")
    await house.at_rest(thread)
    await house.alice.slash("ask", {"question": "hello"}, channel=room)
    await house.at_rest(room)
    assert house.answers(house.general) == []
    assert len(house.asked) == 3


async def test_a_channel_that_is_moved_follows_the_rules_of_where_it_is_now(house: House) -> None:
    house.glm.script(script("Hi."), times=None)
    attic, hall = house.discord.add_category("attic"), house.discord.add_category("hall")
    room = house.discord.add_channel("room", category=attic)
    bot = await house.start(ACCESS_DENY=f"category:{attic.id}")
    await house.alice.mention(room, "hello")
    await refused(bot, 1)
    house.discord.move(room, hall)
    question = await house.alice.mention(room, "hello")
    await house.answered(question)
    house.discord.move(room, attic)
    await house.alice.mention(house.discord.world.channels[question.id], "and in the thread?")
    await refused(bot, 2)
    house.discord.move(room, None)
    await house.answered(await house.alice.mention(room, "hello"))
    assert len(house.asked) == 2


async def test_a_rule_about_a_channel_is_nearer_than_one_about_its_category(house: House) -> None:
    house.glm.script(script("Hi."), times=None)
    attic = house.discord.add_category("attic")
    room, other = (house.discord.add_channel(name, category=attic) for name in ("room", "other"))
    bot = await house.start()
    await rule(house, f"deny category:<#{attic.id}>", house.general)
    await rule(house, "allow channel:here", room)
    await house.answered(await house.alice.mention(room, "hello"))
    await house.alice.mention(other, "hello")
    await refused(bot, 1)
    assert (len(house.asked), house.answers(other)) == (1, [])


async def test_without_its_category_a_channel_is_as_free_as_any(house: House) -> None:
    house.glm.script(script("Hi."), times=None)
    attic = house.discord.add_category("attic")
    room = house.discord.add_channel("room", category=attic)
    bot = await house.start(ACCESS_DENY=f"category:{attic.id}")
    await house.alice.mention(room, "hello")
    await refused(bot, 1)
    assert "I did not understand" in await rule(house, "deny category:here", house.general)
    house.discord.remove_channel(attic)
    await house.answered(await house.alice.mention(room, "hello"))
