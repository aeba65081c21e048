"""The local Slack as an organisation that has installed the app for all of its workspaces."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from adapters.slack_app.places import sender_of, team_in
from playground.slack.model import ChannelKind, Json, Message, Team
from playground.slack.server import SlackStandIn
from tests.fixtures.slack_apps import App, over_socket
from tests.fixtures.slack_place import Client, at_slack

BUTTON: Json = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go on"}}


@pytest.fixture
async def acme() -> AsyncGenerator[tuple[SlackStandIn, Client]]:
    async with at_slack(organisation="acme") as (place, client):
        place.add_workspace("second")
        yield place, client


def second(place: SlackStandIn) -> Team:
    return next(team for team in place.world.teams.values() if team.name == "second")


async def test_its_token_is_an_organisations(acme: tuple[SlackStandIn, Client]) -> None:
    place, client = acme
    told = await client.ask("auth.test")
    assert (told["is_enterprise_install"], told["enterprise_id"]) == (True, place.team.enterprise)
    assert told["team"] == "acme"
    listed = await client.ask("auth.teams.list")
    assert [team["name"] for team in listed["teams"]] == ["playground", "second"]


async def test_one_token_writes_in_all_workspaces(acme: tuple[SlackStandIn, Client]) -> None:
    place, client = acme
    for team in (place.team, second(place)):
        channel = place.channel("general", team=team)
        answer = await client.ask("chat.postMessage", channel=channel.id, text="hello")
        assert answer["message"]["team"] == team.id
    assert [call.team for call in place.calls] == [place.team.id, second(place).id]
    rival = place.channel("general", team=place.add_team("rival"))
    assert (await client.ask("chat.postMessage", channel=rival.id, text="hello"))["error"] == "channel_not_found"


async def test_each_workspace_has_limits_of_its_own(acme: tuple[SlackStandIn, Client]) -> None:
    place, client = acme
    place.tiers.set("chat.delete", per_minute=1)
    channels = [place.channel("general", team=team) for team in (place.team, second(place))]
    errors = [(await client.ask("chat.delete", channel=c.id, ts="1.0"))["error"] for c in (*channels, *channels)]
    assert errors == ["message_not_found"] * 2 + ["ratelimited"] * 2


async def test_what_is_about_a_workspace_must_say_which(acme: tuple[SlackStandIn, Client]) -> None:
    place, client = acme
    place.channel("general", team=second(place))
    assert (await client.ask("conversations.list"))["error"] == "missing_argument"
    listed = await client.ask("conversations.list", team_id=second(place).id)
    assert [channel["context_team_id"] for channel in listed["channels"]] == [second(place).id]
    assert (await client.ask("bots.info", bot=place.team.bot_id))["error"] == "missing_argument"
    assert len(place.violations) == 2


async def test_people_are_told_with_their_organisation(acme: tuple[SlackStandIn, Client]) -> None:
    place, client = acme
    ann = place.person("ann", admin=True)
    ann.user.also_in.add(second(place).id)
    user = (await client.ask("users.info", user=ann.id))["user"]
    assert (user["team_id"], user["is_admin"]) == (place.team.id, True)
    known = user["enterprise_user"]
    assert (known["enterprise_id"], known["is_admin"]) == (place.team.enterprise, False)
    assert known["teams"] == sorted([place.team.id, second(place).id])
    owner = (await client.ask("users.info", user=place.owner.id))["user"]["enterprise_user"]
    assert owner["is_admin"]


async def test_somebody_has_one_direct_message_and_one_home(acme: tuple[SlackStandIn, Client]) -> None:
    place, client = acme
    zoe = place.person("zoe", team=second(place))
    opened = await client.ask("conversations.open", users=zoe.id)
    assert opened["channel"]["id"] == zoe.dm.id
    assert zoe.dm.team == second(place).id
    assert (await client.ask("chat.postMessage", channel=zoe.id, text="hello"))["channel"] == zoe.dm.id
    view: Json = {"type": "home", "blocks": [{"type": "divider"}]}
    assert (await client.ask("views.publish", user_id=zoe.id, view=view))["ok"]
    assert zoe.home_view()


async def test_a_file_of_one_workspace_is_found_with_the_token(acme: tuple[SlackStandIn, Client]) -> None:
    place, client = acme
    zoe = place.person("zoe", team=second(place))
    file = await zoe.upload("a.txt", "text/plain", b"abc")
    assert (await client.ask("files.info", file=file.id))["file"]["name"] == "a.txt"
    assert client.session is not None
    async with client.session.get(file.private_url, headers={"Authorization": f"Bearer {client.token}"}) as answer:
        assert await answer.read() == b"abc"


async def test_a_revoked_token_is_void_everywhere(acme: tuple[SlackStandIn, Client]) -> None:
    place, client = acme
    await client.ask("auth.revoke")
    channel = place.channel("general", team=second(place))
    assert (await client.ask("chat.postMessage", channel=channel.id, text="hello"))["error"] == "token_revoked"


# What the app is told ----------------------------------------------------------------------------------------------


async def test_each_event_comes_once_and_names_its_workspace(acme: tuple[SlackStandIn, Client]) -> None:
    place, _ = acme
    zoe, channel = place.person("zoe", team=second(place)), place.channel("general", team=second(place))
    async with over_socket(App(place)):
        await zoe.say(channel, "hello")
        await place.wait_for(lambda: place.deliver.log)
    [sent] = place.deliver.log
    organisation = place.team.enterprise
    assert (sent.body["team_id"], sent.body["enterprise_id"]) == (second(place).id, organisation)
    [authorization] = sent.body["authorizations"]
    assert (authorization["team_id"], authorization["is_enterprise_install"]) == (None, True)
    assert team_in(organisation, sent.body) == second(place).id


async def test_a_channel_of_two_of_its_workspaces_is_not_external(acme: tuple[SlackStandIn, Client]) -> None:
    place, client = acme
    zoe, channel = place.person("zoe", team=second(place)), place.channel("general")
    place.invite(channel, zoe)
    async with over_socket(App(place)):
        await zoe.say(channel, "hello")
        await place.wait_for(lambda: place.deliver.log)
    [sent] = place.deliver.log
    assert (sent.body["is_ext_shared_channel"], sent.event["user_team"]) == (False, second(place).id)
    shown = (await client.ask("conversations.info", channel=channel.id))["channel"]
    assert (shown["is_org_shared"], shown["is_ext_shared"]) == (True, False)
    place.invite(channel, place.person("spy", team=place.add_team("rival", enterprise="E0RIVAL")))
    assert place.world.is_external(channel)


async def test_clicks_and_shortcuts_name_no_workspace_and_commands_do(acme: tuple[SlackStandIn, Client]) -> None:
    place, _ = acme
    team = second(place)
    zoe, channel = place.person("zoe", team=team), place.channel("general", team=team)
    message = Message("1700000000.000001", channel.id, team.bot_user_id, team.id, "choose", bot_id=team.bot_id)
    message.blocks = [{"type": "actions", "elements": [BUTTON]}]
    channel.messages[message.ts] = message
    async with over_socket(App(place)):
        await zoe.slash("/glm", "help", channel)
        await zoe.click(message, "go")
        await zoe.shortcut("ask", message)
    command, click, shortcut = (sent.body for sent in place.deliver.log)
    assert (command["team_id"], command["is_enterprise_install"]) == (team.id, "true")
    assert [(body["team"], body["is_enterprise_install"]) for body in (click, shortcut)] == [(None, True)] * 2
    assert {sender_of(body)[0] for body in (command, click, shortcut)} == {team.enterprise}


async def test_one_workspace_alone_stays_as_it_was() -> None:
    async with at_slack() as (place, client):
        assert place.organisation is None
        told = await client.ask("auth.test")
        assert (told["team_id"], told["is_enterprise_install"]) == (place.team.id, False)
        assert (await client.ask("auth.teams.list"))["teams"] == [{"id": place.team.id, "name": "playground"}]
        assert (await client.ask("conversations.list"))["channels"][0]["context_team_id"] == place.team.id
        place.channel("private", kind=ChannelKind.PRIVATE)
        assert place.violations == []
