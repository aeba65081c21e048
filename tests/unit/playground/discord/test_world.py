"""Rights, links and commands of the local Discord, without any connection."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from playground.discord import links
from playground.discord.components import walk, with_numbers
from playground.discord.mentions import parse
from playground.discord.model import Attachment, Json, Upload
from playground.discord.permissions import ALL, NONE, ORDINARY, Permission
from playground.discord.refusals import Refusal, invalid_form
from playground.discord.server import DiscordStandIn
from tests.unit.playground.discord.api import Api

BITS = st.sampled_from(list(Permission))


def test_a_members_overwrite_beats_a_roles_and_that_the_everyone_roles() -> None:
    place = DiscordStandIn()
    general, role = place.channel("general"), place.add_role("helpers")
    alice, everyone = place.person("alice", roles=[role]), place.guild.roles[place.guild.id]
    send = Permission.SEND_MESSAGES
    for who, change, expected in (
        (everyone, {"deny": send}, False),
        (role, {"allow": send}, True),
        (alice, {"deny": send}, False),
        (alice, {"allow": send}, True),
    ):
        place.overwrite(general, who, **change)
        assert bool(place.world.rights(general, alice.user) & send) is expected


def test_administrators_may_everything_and_strangers_nothing() -> None:
    place = DiscordStandIn()
    general = place.channel("general")
    boss = place.person("boss", rights=Permission.ADMINISTRATOR)
    place.overwrite(general, boss, deny=Permission.SEND_MESSAGES)
    stranger = place.world.add_user("stranger")
    assert place.world.rights(general, boss.user) == ALL
    assert place.world.rights(general, place.owner.user) == ALL
    assert place.world.rights(general, stranger) == NONE


@given(st.sets(BITS), st.sets(BITS))
def test_who_does_not_see_a_channel_may_nothing_in_it(allowed: set[Permission], denied: set[Permission]) -> None:
    place = DiscordStandIn()
    general, alice = place.channel("general"), place.person("alice")
    place.overwrite(general, alice, allow=sum(allowed), deny=sum(denied))
    rights = place.world.rights(general, alice.user)
    expected = Permission(int(ORDINARY) & ~sum(denied) | sum(allowed))
    assert rights == (expected if expected & Permission.VIEW_CHANNEL else NONE)


async def test_a_forged_link_opens_nothing(place: DiscordStandIn) -> None:
    general = place.channel("general")
    sent = await place.person("alice").say(general, attachments=[Upload("a b.txt", b"inside")])
    attachment: Attachment = sent.attachments[0]
    query = {k: v[0] for k, v in parse_qs(urlsplit(links.link(place.world, general.id, attachment)).query).items()}
    assert links.opened(place.world, general.id, attachment.id, query) is attachment
    longer = query | {"ex": f"{int(query['ex'], 16) + 1:x}"}
    assert links.opened(place.world, general.id, attachment.id, longer) is None
    assert links.opened(place.world, general.id, attachment.id, {}) is None
    await place.person("alice").delete(sent)
    assert links.opened(place.world, general.id, attachment.id, query) is None


@pytest.mark.parametrize(
    ("text", "allowed", "found"),
    [
        ("<@1> <@!2> <@1>", None, ["1", "2"]),
        ("<@1> <@2>", {"users": ["2"]}, ["2"]),
        ("<@1> <@2>", {"parse": []}, []),
        ("<@&1> <#2> <@x>", None, []),
    ],
)
def test_users_are_found_once_and_only_when_allowed(text: str, allowed: Json | None, found: list[str]) -> None:
    assert parse(text, allowed).users == found


def test_components_are_numbered_and_walked_from_outside_in() -> None:
    given_components: list[Json] = [
        {"type": 17, "components": [{"type": 9, "accessory": {"type": 2}}, {"type": 1, "components": []}]}
    ]
    assert [c["type"] for c in walk(with_numbers(given_components))] == [17, 9, 2, 1]


def test_problems_become_a_tree_by_their_paths() -> None:
    refusal = invalid_form(
        [("embeds.0.title", "LONG", "too long"), ("embeds.0.title", "BAD", "bad"), ("content", "X", "x")]
    )
    assert refusal.body["errors"]["embeds"]["0"]["title"]["_errors"] == [
        {"code": "LONG", "message": "too long"},
        {"code": "BAD", "message": "bad"},
    ]
    assert refusal.status == 400


async def test_commands_keep_their_ids_when_they_stay(place: DiscordStandIn, api: Api) -> None:
    path = f"/applications/{place.bot_user.id}/commands"
    ask, stop = ({"name": n, "description": "d"} for n in ("ask", "stop"))
    first = (await api.call("PUT", path, [ask])).body[0]
    both = (await api.call("PUT", path, [ask | {"description": "other"}, stop])).body
    assert both[0]["id"] == first["id"]
    assert both[0]["version"] != first["version"]
    assert (await api.call("DELETE", f"{path}/{first['id']}")).status == 204
    assert [c["name"] for c in (await api.call("GET", path)).body] == ["stop"]
    assert (await api.call("POST", path, ask)).status == 201
    assert (await api.call("POST", path, ask)).status == 200
    assert (await api.call("DELETE", f"{path}/{first['id']}")).code == 10063


@pytest.mark.parametrize(
    "definitions",
    [
        [{"name": "Ask", "description": "d"}],
        [{"name": "ask"}],
        [{"name": "ask", "description": "d" * 101}],
        [{"name": "ask", "description": "d"}] * 2,
        [{"name": "ask", "description": "d", "options": [{"name": "o", "description": "d", "type": 3}] * 26}],
        [{"name": str(n), "type": 3} for n in range(16)],
        [{"name": "ask", "type": 9}],
        [
            {
                "name": "ask",
                "description": "d",
                "options": [
                    {"name": "a", "description": "d", "type": 3},
                    {"name": "b", "description": "d", "type": 3, "required": True},
                ],
            }
        ],
        {"name": "ask"},
    ],
)
def test_commands_that_break_a_limit_are_refused(definitions: object) -> None:
    place = DiscordStandIn()
    with pytest.raises(Refusal, match="50035"):
        place.commands.replace("", definitions)


async def test_a_servers_own_command_comes_before_a_global_one(place: DiscordStandIn, api: Api) -> None:
    app, guild = place.bot_user.id, place.guild.id
    command = {"name": "ask", "description": "d"}
    await api.call("PUT", f"/applications/{app}/commands", [command])
    own = (await api.call("PUT", f"/applications/{app}/guilds/{guild}/commands", [command])).body[0]
    assert own["guild_id"] == guild
    assert place.commands.find("ask", 1, guild)["id"] == own["id"]
    assert place.commands.find("ask", 1, "")["id"] != own["id"]
    assert (await api.call("GET", "/applications/1/commands")).code == 50001
