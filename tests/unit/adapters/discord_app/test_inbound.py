from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import discord
import pytest

from adapters.discord_app.inbound import (
    address_of,
    author_of,
    clean,
    is_for_us,
    is_other_bot,
    quote_of,
    rights_of,
)
from bot.messages import Quote, Right
from playground.discord.model import Upload
from playground.discord.permissions import Permission
from tests.unit.adapters.discord_app.conftest import Ear


async def test_a_mention_in_a_channel_begins_a_conversation_of_its_own(ear: Ear) -> None:
    general = ear.place.channel("general")
    said = await ear.place.person("alice").mention(general, "what is this?")
    ask = await ear.ask()
    assert ask.key == f"discord/{said.id}"
    assert ask.conversation == f"discord/{ear.place.guild.id}/{said.id}"
    assert (ask.text, ask.message, ask.addressed) == ("what is this?", said.id, True)
    assert (ask.address.workspace, ask.address.channel, ask.address.thread) == (ear.place.guild.id, general.id, "")
    assert (ask.address.title, ask.address.locale) == ("#general", "en-US")
    assert (ask.author.id, ask.author.name) == (ear.place.person("alice").id, "Alice")
    assert ask.origin["channel_type"] == "text"


async def test_a_thread_is_the_conversation_of_the_message_that_it_was_made_from(ear: Ear) -> None:
    alice = ear.place.person("alice")
    general = ear.place.channel("general")
    said = await alice.mention(general, "first")
    first = await ear.ask()
    thread = await alice.open_thread(said, "a thread")
    await alice.say(thread, "second")
    second = await ear.ask()
    assert second.conversation == first.conversation
    assert (second.address.channel, second.address.thread) == (general.id, thread.id)
    assert not second.addressed


async def test_a_direct_message_is_one_conversation_and_always_for_the_bot(ear: Ear) -> None:
    alice = ear.place.person("alice")
    await alice.dm("one")
    await alice.dm("two")
    one, two = await ear.ask(), await ear.ask()
    assert one.conversation == two.conversation == f"discord/@me/{alice.dm_channel.id}"
    assert one.addressed
    assert (one.address.workspace, one.address.title) == ("", "")


async def test_what_is_said_to_others_is_not_for_the_bot(ear: Ear) -> None:
    alice, bob = ear.place.person("alice"), ear.place.person("bob")
    await alice.say(ear.place.channel("general"), f"<@{bob.id}> hello")
    assert await ear.concerns() == (True, False)


async def test_a_mention_of_the_bots_own_role_is_for_the_bot(ear: Ear) -> None:
    role = ear.bot.guilds[0].get_role(int(next(r.id for r in ear.place.guild.roles.values() if r.managed)))
    assert role is not None
    # As Discord marks the role that it made for a bot.
    role.tags = discord.RoleTags({"bot_id": ear.me.id})
    await ear.place.person("alice").say(ear.place.channel("general"), f"{role.mention} hello")
    message = await ear.message()
    assert is_for_us(message, ear.me)
    assert clean(message, ear.me) == "hello"


async def test_bots_are_not_people(ear: Ear) -> None:
    robot = ear.place.person("robot", bot=True)
    await robot.mention(ear.place.channel("general"), "hello")
    assert (await ear.concerns())[0] is False


async def test_another_bot_is_heard_when_it_speaks_to_ours(ear: Ear) -> None:
    general, robot = ear.place.channel("general"), ear.place.person("robot", bot=True)
    await robot.mention(general, "hello")
    await robot.say(general, "to nobody")
    await ear.place.person("alice").mention(general, "hello")
    heard = [await ear.message() for _ in range(3)]
    assert [is_other_bot(message, ear.me) for message in heard] == [True, False, False]
    assert [author_of(message.author).bot for message in heard] == [True, True, False]


async def test_a_member_has_roles_but_not_everybodys(ear: Ear) -> None:
    roles = [ear.place.add_role("staff"), ear.place.add_role("chess")]
    await ear.place.person("alice", roles=roles).mention(ear.place.channel("general"), "hello")
    await ear.place.person("alice").dm("hello")
    there, direct = await ear.ask(), await ear.ask()
    assert set(there.author.roles) == {role.id for role in roles}
    assert direct.author.roles == ()


def test_a_channel_and_the_threads_in_it_are_in_its_category() -> None:
    channels = {5: SimpleNamespace(id=5, name="general", category_id=3), 6: SimpleNamespace(id=6, name="alone")}
    guild: Any = SimpleNamespace(id=9, preferred_locale=None, me=None, get_channel=channels.get)
    places: list[Any] = [(channels[5], None), (SimpleNamespace(id=8, name="t"), 5), (channels[6], None)]
    assert [address_of(guild, place, parent).category for place, parent in places] == ["3", "3", ""]
    assert address_of(None, channels[5], None).category == ""  # pyright: ignore[reportArgumentType]  # as above


async def test_a_reply_to_the_bot_is_for_it_and_names_the_answer(ear: Ear) -> None:
    general = ear.place.channel("general")
    channel = ear.bot.get_partial_messageable(int(general.id), guild_id=int(ear.place.guild.id))
    sent = await channel.send("an answer")
    await ear.message()
    [answer] = ear.place.answers(general)
    await ear.place.person("alice").say(general, "why?", reply_to=answer, ping=False)
    ask = await ear.ask()
    assert ask.addressed
    assert ask.reply_to == str(sent.id)
    assert ask.quotes == ()


async def test_a_reply_to_somebody_else_brings_their_words(ear: Ear) -> None:
    general = ear.place.channel("general")
    said = await ear.place.person("bob").say(general, "E = mc²")
    await ear.message()
    await ear.place.person("alice").mention(general, "explain this", reply_to=said)
    ask = await ear.ask()
    assert ask.quotes == (Quote("Bob", "E = mc²"),)
    assert ask.text == "explain this"


async def test_a_forward_brings_the_forwarded_words(ear: Ear) -> None:
    alice = ear.place.person("alice")
    said = await alice.say(ear.place.channel("general"), "the news")
    await ear.message()
    await alice.say(alice.dm_channel, forward_of=said)
    ask = await ear.ask()
    assert ask.quotes == (Quote("forwarded", "the news"),)
    assert ask.reply_to == ""


async def test_embeds_are_material(ear: Ear) -> None:
    embed = {"title": "A page", "description": "about it", "fields": [{"name": "n", "value": "v", "inline": False}]}
    await ear.place.person("alice").dm("look", embeds=[embed])
    message = await ear.message()
    quote = quote_of(message, ear.me)
    assert quote == Quote("Alice", "look\nA page\nabout it\nn: v")


@pytest.mark.parametrize("text", ["", "   "])
async def test_a_message_without_anything_to_read_is_no_quotation(ear: Ear, text: str) -> None:
    await ear.place.person("alice").dm(text, attachments=[Upload("a.png", b"1", "image/png")])
    assert quote_of(await ear.message(), ear.me) is None


async def test_attachments_are_stated_but_not_fetched(ear: Ear) -> None:
    await ear.place.person("alice").dm("", attachments=[Upload("a.png", b"12345", "image/png")])
    [attachment] = (await ear.ask()).attachments
    assert (attachment.name, attachment.media_type, attachment.size) == ("a.png", "image/png", 5)
    assert attachment.url.startswith("http")


PASTES = [
    ("", "message.txt", "text/plain; charset=utf-8", True),
    ("sum this up", "message.txt", "text/plain", True),
    ("a long question of its own " * 10, "message.txt", "text/plain", False),
    ("sum this up", "notes.txt", "text/plain", False),
    ("sum this up", "message.txt", "application/pdf", False),
]


@pytest.mark.parametrize(("words", "name", "media_type", "pasted"), PASTES)
async def test_a_long_text_that_discord_made_a_file_of_was_pasted(
    ear: Ear, words: str, name: str, media_type: str, pasted: bool
) -> None:
    await ear.place.person("alice").dm(words, attachments=[Upload(name, b"words", media_type)])
    [attachment] = (await ear.ask()).attachments
    assert attachment.pasted is pasted


async def test_voice_messages_and_stickers_are_told_apart(ear: Ear) -> None:
    alice = ear.place.person("alice")
    await alice.dm("", voice=True, attachments=[Upload("v.ogg", b"1", "audio/ogg", seconds=1.0)])
    assert (await ear.ask()).origin["kind"] == "only_voice"
    await alice.dm("", stickers=["wave"])
    assert (await ear.ask()).origin["kind"] == "only_sticker"


async def test_names_stand_in_for_mentions(ear: Ear) -> None:
    bob = ear.place.person("bob")
    general = ear.place.channel("general")
    text = f"ask <@{bob.id}> or <@!{bob.id}> in <#{general.id}>, not <@404> or <@&405>"
    await ear.place.person("alice").mention(general, text)
    assert (await ear.ask()).text == "ask @Bob or @Bob in #general, not <@404> or <@&405>"


async def test_the_bot_is_taken_out_wherever_it_is_mentioned(ear: Ear) -> None:
    me = ear.place.bot_user.id
    await ear.place.person("alice").say(ear.place.channel("general"), f"hey <@{me}>, what <@!{me}>")
    assert (await ear.ask()).text == "hey , what"


RIGHTS = [
    (discord.Permissions(manage_messages=True), {Right.MODERATE}),
    (discord.Permissions(manage_channels=True), {Right.MANAGE_CHANNEL}),
    (discord.Permissions(manage_guild=True), {Right.MANAGE_SERVER}),
    (discord.Permissions(administrator=True), set(Right)),
    (discord.Permissions(int(Permission.SEND_MESSAGES)), set[Right]()),
]


@pytest.mark.parametrize(("permissions", "rights"), RIGHTS)
def test_rights_follow_the_permissions(permissions: discord.Permissions, rights: set[Right]) -> None:
    assert rights_of(permissions) == rights
