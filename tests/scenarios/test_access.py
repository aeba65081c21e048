"""Who is answered: the rules, the quotas, and what those are told who are not."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

from playground.discord.interactions import Interaction
from playground.discord.people import Person
from playground.discord.permissions import Permission
from playground.glm import Hold
from tests.scenarios.house import House, script


def manager(house: House) -> Person:
    return house.discord.person("mona", rights=Permission.MANAGE_GUILD)


def seen(interaction: Interaction) -> str:
    """What only the giver of a command was told."""
    return " ".join(response.content for response in interaction.responses if response.ephemeral)


async def rule(house: House, person: Person, action: str, words: str = "") -> str:
    options = {"action": action} | ({"rule": words} if words else {})
    return seen(await person.slash("access", options, channel=house.general))


def stored(house: House, table: str) -> int:
    with closing(sqlite3.connect(f"file:{house.folder}/glimmer.db?mode=ro", uri=True)) as database:
        return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


async def told(house: House, words: str) -> None:
    await house.until(lambda: words in house.text(house.general))


async def test_a_user_who_is_denied_is_told_once_and_costs_nothing_until_they_are_let_in(house: House) -> None:
    house.glm.script(script("Hi."), times=None)
    await house.start()
    mona = manager(house)
    assert f"`user:{house.alice.id}`: – → deny" in await rule(house, mona, "deny", f"<@{house.alice.id}>")
    await house.alice.mention(house.general, "hello")
    await told(house, "You may not use me here")
    await house.alice.mention(house.general, "hello?")
    bob = await house.discord.person("bob").mention(house.general, "hello")
    await house.answered(bob)
    assert house.text(house.general).count("You may not use me here") == 1
    assert (len(house.asked), stored(house, "ask")) == (1, 1)
    await rule(house, mona, "clear", f"<@{house.alice.id}>")
    await house.answered(await house.alice.mention(house.general, "hello"))


async def test_a_denied_channel_is_silent_but_commands_are_answered(house: House) -> None:
    house.glm.script(script("Hi."), times=None)
    await house.start()
    await rule(house, manager(house), "deny", "channel:here")
    await house.alice.mention(house.general, "hello")
    asked = await house.alice.slash("ask", {"question": "hello"}, channel=house.general)
    await house.until(lambda: "I may not answer in this channel" in seen(asked))
    chosen = await house.alice.slash("model", {"name": "glm-4.6"}, channel=house.general)
    assert "I may not answer in this channel" in seen(chosen)
    await house.alice.dm("hello")
    await house.at_rest(house.alice.dm_channel)
    assert house.answers(house.general) == []
    assert len(house.asked) == 1


async def test_with_default_deny_an_admin_opens_channels_while_it_runs(house: House) -> None:
    house.glm.script(script("Hi."), times=None)
    await house.start(DEFAULT_DENY="true", ADMINS=f"discord:{house.discord.owner.id}")
    mona, root = manager(house), house.discord.owner
    await rule(house, mona, "allow", "channel:here")
    await house.alice.dm("hello")
    await house.until(lambda: "I only answer where" in house.text(house.alice.dm_channel))
    refused = await house.alice.slash("ask", {"question": "hello"}, channel=house.general)
    await house.until(lambda: "I only answer where" in seen(refused))
    await rule(house, root, "allow", "channel:here")
    await house.answered(await house.alice.mention(house.general, "hello"))
    await house.answered(await root.mention(house.discord.add_channel("elsewhere"), "hello"))


async def test_the_quota_is_used_up_until_midnight_and_outlives_a_restart(house: House) -> None:
    house.glm.script(script("Hi."), times=None)
    bot = await house.start()
    await rule(house, manager(house), "quota", "user 1 requests")
    await house.answered(await house.alice.mention(house.general, "hello"))
    await bot.terminate()
    await house.start()
    await house.alice.mention(house.general, "once more")
    await told(house, "Your quota for today is used up (1 requests). It starts again at 00:00 UTC, in ")
    await house.answered(await house.discord.person("bob").mention(house.general, "hello"))
    assert len(house.asked) == 2


async def test_too_many_answers_at_once_are_a_sentence_and_not_a_wait(house: House) -> None:
    hold = Hold(1)
    house.glm.script(script("One", " done.", hold=hold))
    house.glm.script(script("Hi."))
    await house.start(QUOTAS="user 1 parallel")
    first = await house.alice.mention(house.general, "first")
    await house.until(lambda: "One" in house.text(first.id))
    await house.alice.mention(house.general, "second")
    await told(house, "as much as I answer for you at a time (1)")
    hold.release()
    await house.answered(first)
    await house.answered(await house.alice.mention(house.general, "third"))
    assert len(house.asked) == 2


async def test_many_questions_in_one_moment_do_not_slip_past_the_limit(house: House) -> None:
    hold = Hold(1)
    house.glm.script(script("Hi", ".", hold=hold), times=None)
    bot = await house.start(QUOTAS="user 2 parallel")
    for number in range(6):
        await house.alice.mention(house.general, f"question {number}")
    await told(house, "as much as I answer for you at a time (2)")
    await bot.logged("ask.refused", times=4)
    hold.release()
    assert stored(house, "ask") == 2


async def test_other_bots_are_ignored_unless_they_are_allowed(house: House) -> None:
    house.glm.script(script("Hi."), times=None)
    bot = await house.start()
    robot = house.discord.person("robot", bot=True)
    await robot.mention(house.general, "hello")
    assert (await bot.logged("ask.refused"))["reason"] == "bot"
    await rule(house, manager(house), "allow", f"user:{robot.id}")
    await house.answered(await robot.mention(house.general, "hello again"))
    assert len(house.asked) == 1


async def test_two_bots_stop_after_twenty_exchanges_in_a_minute(house: House) -> None:
    house.glm.script(script("Hi."), times=None)
    robot = house.discord.person("robot", bot=True)
    bot = await house.start(ACCESS_ALLOW=f"user:{robot.id}")
    for number in range(23):
        await robot.mention(house.general, f"echo {number}")
    await told(house, "round in circles")
    await bot.logged("ask.refused", times=3)
    await house.until(lambda: len(house.asked) == 20)
    assert house.text(house.general).count("round in circles") == 1


async def test_rules_are_for_those_who_may_and_every_change_is_noted(house: House) -> None:
    await house.start()
    mona = manager(house)
    assert "for my admins" in await rule(house, house.alice, "deny", "channel:here")
    assert "for my admins" in await rule(house, house.alice, "show")
    role = house.discord.add_role("staff")
    await rule(house, mona, "deny", f"<@&{role.id}>")
    await rule(house, mona, "default", "deny")
    assert f"`role:{role.id}`: deny" in await rule(house, mona, "show")
    log = await rule(house, mona, "log")
    assert f"`discord/{mona.id}` `default`: – → deny" in log
    assert log.index("`default`") < log.index(f"`role:{role.id}`")
    assert stored(house, "change") == 2


async def test_a_role_is_known_from_its_members_messages(house: House) -> None:
    house.glm.script(script("Hi."), times=None)
    await house.start()
    role = house.discord.add_role("staff")
    staff = house.discord.person("stan", roles=[role])
    await rule(house, manager(house), "deny", f"role:{role.id}")
    await staff.mention(house.general, "hello")
    await told(house, "You may not use me here")
    await house.answered(await house.alice.mention(house.general, "hello"))


async def test_wrong_rules_in_the_settings_end_the_start_with_a_line_for_each(house: House) -> None:
    bot = await house.spawn(QUOTAS="user many requests", ACCESS_DENY="nobody", LOG_FORMAT="json")
    assert await bot.exit() == 2
    lines = [line for line in bot.raw if not line.startswith("{")]
    assert [line.partition(":")[0] for line in lines if ":" in line][-2:] == ["ACCESS_DENY", "QUOTAS"], json.dumps(
        lines
    )
