"""Interactions must go from a person's hand to the bot and back, and only as registered."""

from __future__ import annotations

import asyncio
from typing import Any

import discord
import pytest
from discord import app_commands
from discord.http import Route

from playground.discord.model import Upload
from playground.discord.refusals import Impossible
from playground.discord.server import DiscordStandIn
from tests.unit.playground.discord.bot import Bot, running

NAMES = ["glm-4.7", "glm-5.1"]


def furnish(bot: Bot) -> None:
    """Give the bot a few commands."""

    @bot.tree.command(name="ask", description="Ask something")
    @app_commands.allowed_installs(guilds=True, users=True)
    @app_commands.allowed_contexts(guilds=True, dms=True, private_channels=True)
    async def ask(interaction: discord.Interaction, question: str, private: bool = False) -> None:
        await interaction.response.defer(ephemeral=private, thinking=True)
        await interaction.edit_original_response(content=f"about {question}")
        await interaction.followup.send("more", ephemeral=private)

    @bot.tree.command(name="model", description="Choose")
    async def model(interaction: discord.Interaction, name: str) -> None:
        await interaction.response.send_message(f"now {name}", ephemeral=True)

    @model.autocomplete("name")
    async def names(_: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        return [app_commands.Choice(name=n, value=n) for n in NAMES if typed in n]

    @bot.tree.context_menu(name="Ask about this")
    async def about(interaction: discord.Interaction, message: discord.Message) -> None:
        await interaction.response.send_message(f"you meant: {message.content}")

    @bot.tree.command(name="mute", description="Never answers")
    async def mute(_: discord.Interaction) -> None:
        pass

    del ask, names, about, mute


def stop_button() -> discord.ui.View:
    view = discord.ui.View(timeout=None)
    view.add_item(discord.ui.Button[Any](label="Stop", custom_id="glm:stop:1"))
    return view


async def test_a_deferred_answer_appears_by_its_edit_and_its_followup_comes_after(place: DiscordStandIn) -> None:
    async with running(place) as bot:
        furnish(bot)
        await bot.tree.sync()
        done = await place.person("alice").slash("ask", {"question": "x"}, channel=place.channel("general"))
        await place.wait_for(lambda: len(done.responses) == 3)
    assert [r.kind for r in done.responses] == ["defer", "edit", "followup"]
    assert [m.content for m in place.messages(place.channel("general"))] == ["about x", "more"]


async def test_a_private_answer_is_seen_by_nobody_else(place: DiscordStandIn) -> None:
    async with running(place) as bot:
        furnish(bot)
        await bot.tree.sync()
        done = await place.person("alice").slash(
            "ask", {"question": "x", "private": True}, channel=place.channel("general")
        )
        await place.wait_for(lambda: len(done.responses) == 3)
    assert all(r.ephemeral for r in done.responses)
    assert place.messages(place.channel("general")) == []


async def test_commands_work_directly_in_groups_and_where_the_bot_is_not(place: DiscordStandIn) -> None:
    alice = place.person("alice")
    elsewhere = place.add_guild("elsewhere", with_bot=False)
    place.join(elsewhere, alice)
    there = place.add_channel("there", guild=elsewhere)
    group = place.add_group(alice, place.person("bob"))
    async with running(place) as bot:
        furnish(bot)
        await bot.tree.sync()
        for channel in (None, there, group):
            done = await alice.slash("ask", {"question": "x"}, channel=channel)
            await place.wait_for(lambda seen=done: len(seen.responses) == 3)
            assert done.foreign == (channel is not None)
        with pytest.raises(Impossible):
            await alice.slash("model", {"name": "glm-5.1"}, channel=there)


async def test_a_message_menu_carries_the_message(place: DiscordStandIn) -> None:
    alice = place.person("alice")
    message = await place.person("bob").say(place.channel("general"), "this")
    async with running(place) as bot:
        furnish(bot)
        await bot.tree.sync()
        done = await alice.context_menu("Ask about this", message)
    assert [r.content for r in done.responses] == ["you meant: this"]


async def test_autocomplete_gives_choices(place: DiscordStandIn) -> None:
    async with running(place) as bot:
        furnish(bot)
        await bot.tree.sync()
        choices = await place.person("alice").autocomplete("model", {"name": "5.1"}, channel=place.channel("general"))
    assert [c["value"] for c in choices] == ["glm-5.1"]


async def test_what_nobody_answers_fails_after_the_limit(place: DiscordStandIn) -> None:
    place.interactions.answer_within = 0.05
    async with running(place) as bot:
        furnish(bot)
        await bot.tree.sync()
        done = await place.person("alice").slash("mute", channel=place.channel("general"))
    assert done.failed
    assert done.responses == []


async def test_an_answer_after_the_limit_meets_an_unknown_interaction(place: DiscordStandIn) -> None:
    async with running(place) as bot:
        channel = bot.get_partial_messageable(int(place.channel("general").id))
        await channel.send("text", view=stop_button())
        alice, answer = place.person("alice"), place.answers(place.channel("general"))[0]
        place.interactions.answer_within = 0.05
        assert (await alice.click(answer, "Stop")).failed
        late = await asyncio.wait_for(bot.clicks.get(), 5)
        with pytest.raises(discord.NotFound) as refused:
            await late.response.defer()
    assert refused.value.code == 10062


async def test_a_click_is_acknowledged_once_and_edits_its_message(place: DiscordStandIn) -> None:
    alice, general = place.person("alice"), place.channel("general")
    async with running(place) as bot:
        await bot.get_partial_messageable(int(general.id)).send("text", view=stop_button())
        click = asyncio.create_task(alice.click(place.answers(general)[0], "glm:stop:1"))
        heard = await asyncio.wait_for(bot.clicks.get(), 5)
        await heard.response.defer()
        await click
        await heard.edit_original_response(content="stopped", view=None)
        with pytest.raises(discord.HTTPException) as refused:
            await bot.http.request(
                Route("POST", "/interactions/{id}/{token}/callback", id=heard.id, token=heard.token),
                json={"type": 6},
            )
        with pytest.raises(Impossible):
            await alice.click(place.answers(general)[0], "Stop")
    assert refused.value.code == 40060
    assert [m.content for m in place.messages(general)] == ["stopped"]


async def test_a_token_ends_after_fifteen_minutes(place: DiscordStandIn) -> None:
    alice, general = place.person("alice"), place.channel("general")
    async with running(place) as bot:
        await bot.get_partial_messageable(int(general.id)).send("text", view=stop_button())
        click = asyncio.create_task(alice.click(place.answers(general)[0], "Stop"))
        heard = await asyncio.wait_for(bot.clicks.get(), 5)
        await heard.response.defer()
        await click
        place.clock.advance(place.interactions.lifetime + 1)
        with pytest.raises(discord.HTTPException) as refused:
            await heard.edit_original_response(content="late")
    assert refused.value.code == 50027


async def test_a_user_install_gets_five_followups(place: DiscordStandIn) -> None:
    alice = place.person("alice")
    group = place.add_group(alice, place.person("bob"))
    async with running(place) as bot:

        @bot.tree.command(name="many", description="Many")
        @app_commands.allowed_installs(users=True)
        @app_commands.allowed_contexts(private_channels=True)
        async def many(interaction: discord.Interaction) -> None:
            await interaction.response.send_message("0")
            for number in range(6):
                await interaction.followup.send(str(number))

        bot.tree.on_error = lambda *_: asyncio.sleep(0)  # type: ignore[assignment]  # the refusal is what is looked at
        await bot.tree.sync()
        await alice.slash("many", channel=group)
        await place.wait_for(lambda: place.refusals)
        del many
    assert place.refusals[0].code == 40094
    assert len(place.messages(group)) == 6


async def test_people_can_only_run_what_is_registered(place: DiscordStandIn) -> None:
    alice, general = place.person("alice"), place.channel("general")
    async with running(place) as bot:
        furnish(bot)
        await bot.tree.sync()
        for command, options in [
            ("unknown", {}),
            ("ask", {}),
            ("ask", {"question": "x", "other": 1}),
            ("ask", {"question": 7}),
            ("ask", {"question": "x", "private": "yes"}),
        ]:
            with pytest.raises(Impossible):
                await alice.slash(command, options, channel=general)


async def test_a_command_takes_a_file_and_a_modal_its_fields(place: DiscordStandIn) -> None:
    alice = place.person("alice")
    got: list[str] = []

    class Form(discord.ui.Modal, title="Form"):
        answer: discord.ui.TextInput[Any] = discord.ui.TextInput(label="Answer", custom_id="answer")

        async def on_submit(self, interaction: discord.Interaction) -> None:
            got.append(self.answer.value)
            await interaction.response.send_message("thanks")

    async with running(place) as bot:

        @bot.tree.command(name="look", description="Look")
        async def look(interaction: discord.Interaction, file: discord.Attachment) -> None:
            got.append((await file.read()).decode())
            await interaction.response.send_modal(Form())

        await bot.tree.sync()
        first = await alice.slash("look", {"file": Upload("a.txt", b"inside", "text/plain")}, channel=None)
        assert (await alice.submit(first, {"answer": "yes"})).responses[0].content == "thanks"
        del look
    assert got == ["inside", "yes"]


async def test_a_sync_that_breaks_a_limit_is_refused(place: DiscordStandIn) -> None:
    async with running(place) as bot:
        with pytest.raises(discord.HTTPException) as refused:
            await bot.http.bulk_upsert_global_commands(
                int(place.bot_user.id), [{"name": "Big Name", "type": 1, "description": "x" * 101}]
            )
    assert refused.value.code == 50035
