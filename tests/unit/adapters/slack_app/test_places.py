from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.slack_app.client import Workspace
from adapters.slack_app.home import SCOPES
from adapters.slack_app.places import Places, is_of_one, sender_of, signed, team_in
from adapters.slack_app.surface import ThreadSurface
from bot.messages import Address, ControlKind
from bot.ports import Call
from tests.unit.adapters.slack_app.ear import (
    ANN,
    APP,
    BOT,
    CHANNEL,
    DM,
    ROOT,
    TS,
    US,
    Ear,
    Payload,
    changed,
    click,
    command,
    deleted,
    direct,
    envelope,
    mention,
    said,
    shortcut,
)
from tests.unit.adapters.slack_app.scripted import TURN, Scripted

pytestmark = pytest.mark.usefixtures("silence")
ORG = {"enterprise_id": "E1", "team_id": None, "is_enterprise_install": True}
ONE = {"enterprise_id": "E1", "team_id": "T1", "is_enterprise_install": False}
ACME = Workspace(
    id="E1", team="", name="Acme", bot_token="xoxb", bot_user=BOT, bot_id=APP, agent=True, organisation="E1"
)
HERE = {"team_id": "T1", "enterprise_id": "E1", "authorizations": [ORG]}
THERE = {"team_id": "T2", "enterprise_id": "E1", "authorizations": [ORG]}
NAMES = (
    *("authorizations", "team_id", "enterprise_id", "context_team_id", "context_enterprise_id", "team", "enterprise"),
    *("id", "user", "view", "private_metadata", "actions", "block_id", "event", "channel", "channel_id"),
    *("is_ext_shared_channel", "is_enterprise_install"),
)
NOWHERE: Payload = {"team": None, "enterprise": {"id": "E1"}, "is_enterprise_install": True}


@pytest.mark.parametrize(
    ("body", "organisation", "team"),
    [
        ({"team_id": "T2", "authorizations": [ONE]}, "E1", "T1"),
        ({"team_id": "T1", "authorizations": [ORG]}, "E1", "T1"),
        ({"team_id": "T1", "authorizations": [{"user_id": "UBOT"}]}, "", "T1"),
        ({"team_id": "T1"}, "", "T1"),
        ({"team_id": "T1", "enterprise_id": "E1", "is_enterprise_install": "true"}, "E1", "T1"),
        ({"team": {"id": "T1"}, "enterprise": {"id": "E1"}}, "E1", "T1"),
        ({"team": {"id": "T1", "enterprise_id": "E1"}}, "E1", "T1"),
        ({"team": None, "enterprise": {"id": "E1"}}, "E1", ""),
        ({"team": {"id": "T1"}, "enterprise": None}, "", "T1"),
        ({"team": None, "user": {"team_id": "T1"}}, "", "T1"),
        ({"team_id": None, "enterprise_id": "E1"}, "E1", ""),
        ({}, "", ""),
    ],
)
def test_what_is_sent_to_us_says_for_whom(body: Payload, organisation: str, team: str) -> None:
    assert sender_of(body) == (organisation, team)


@pytest.mark.parametrize(
    ("body", "alone"),
    [
        ({"authorizations": [ONE]}, True),
        ({"authorizations": [ORG], "is_enterprise_install": False}, False),
        ({"is_enterprise_install": "false"}, True),
        ({"is_enterprise_install": "true"}, False),
        ({"authorizations": [{"team_id": "T1"}]}, False),
        ({}, False),
    ],
)
def test_a_workspace_that_installed_the_app_by_itself_is_told_from_its_organisation(body: Payload, alone: bool) -> None:
    assert is_of_one(body) is alone


@pytest.mark.parametrize("kind", ["event", "command"])
async def test_what_is_for_the_token_of_one_workspace_is_not_for_the_organisations(kind: str) -> None:
    ear = Ear(ACME)
    ear.installations = {"E1": ACME}
    own = {"team_id": "T5", "enterprise_id": "E1", "is_enterprise_install": "false"}
    body = command("ask why?", **own) if kind == "command" else said(f"<@{BOT}> hi")
    await ear.take({**body, **own, "authorizations": [{**ONE, "team_id": "T5"}]} if kind == "event" else body)
    assert ear.inbox.asks == []


@pytest.mark.parametrize(
    ("body", "team"),
    [
        (HERE, "T1"),
        ({**HERE, "context_team_id": "T2", "context_enterprise_id": "E1"}, "T2"),
        ({**HERE, "context_team_id": "E1", "context_enterprise_id": "E1"}, "T1"),
        ({"team_id": None, "enterprise_id": "E1", "authorizations": [{**ORG, "team_id": "T3"}]}, "T3"),
        ({"team_id": "T9", "enterprise_id": "E9", "authorizations": [ORG]}, ""),
        ({"team_id": "T9", "authorizations": [ORG], "is_ext_shared_channel": True}, ""),
        ({"team_id": "T1", "authorizations": [ORG], "is_ext_shared_channel": False}, "T1"),
        ({"team": {"id": "T1"}, "enterprise": {"id": "E1"}}, "T1"),
        (NOWHERE, ""),
    ],
)
def test_the_workspace_of_an_organisation_is_where_the_event_occurred(body: Payload, team: str) -> None:
    assert team_in("E1", body) == team


async def test_what_is_said_in_two_workspaces_of_an_organisation_does_not_mix() -> None:
    """Slack gives no two channels of an organisation one id, but others who speak its protocol may."""
    ear = Ear(ACME)
    await ear.take({**said(f"<@{BOT}> hi"), **HERE}, {**said(f"<@{BOT}> hi"), **THERE})
    here, there = ear.inbox.taken
    assert (here.key, there.key) == (f"slack/T1:{CHANNEL}:{TS}", f"slack/T2:{CHANNEL}:{TS}")
    assert (here.conversation, there.conversation) == (f"slack/T1/{CHANNEL}/{TS}", f"slack/T2/{CHANNEL}/{TS}")
    assert (here.address.workspace, here.address.channel) == ("T1", f"T1.{CHANNEL}")
    assert (there.address.workspace, there.address.channel) == ("T2", f"T2.{CHANNEL}")
    assert here.author.id == there.author.id == f"E1.{ANN}"


async def test_both_copies_of_a_mention_are_one_question() -> None:
    ear = Ear(ACME)
    await ear.take({**mention(f"<@{BOT}> hi"), **THERE}, {**said(f"<@{BOT}> hi"), **THERE})
    assert ear.asked.key == f"slack/T2:{CHANNEL}:{TS}"


async def test_direct_messages_are_the_organisations_wherever_they_are_written() -> None:
    ear = Ear(ACME)
    await ear.take({**direct("one", ROOT), **HERE}, {**direct("two", thread_ts=ROOT), **THERE})
    one, two = ear.inbox.taken
    assert one.conversation == two.conversation == f"slack/E1/{DM}/{ROOT}"
    assert one.address.channel == two.address.channel == f"E1.{DM}"
    assert (one.address.workspace, two.address.workspace) == ("T1", "T2")


async def test_edits_and_deletions_find_what_was_said() -> None:
    ear = Ear(ACME)
    await ear.take({**changed(said("two"), said("one")), **THERE}, {**deleted(TS), **THERE})
    assert ear.kinds[:2] == [
        (ControlKind.QUESTION_EDITED, f"slack/T2:{CHANNEL}:{TS}"),
        (ControlKind.QUESTION_DELETED, f"slack/T2:{CHANNEL}:{TS}"),
    ]


async def test_a_command_is_given_in_the_workspace_that_slack_names() -> None:
    ear = Ear(ACME)
    fields = {"team_id": "T2", "enterprise_id": "E1", "is_enterprise_install": "true"}
    await ear.take(command("stop", **fields), command("ask why?", **fields))
    assert (ear.control.address.workspace, ear.control.address.channel) == ("T2", f"T2.{CHANNEL}")
    assert ear.asked.conversation == f"slack/T2/{CHANNEL}/{TS}"


async def test_a_shortcut_is_where_its_channel_was_last_heard_of() -> None:
    ear = Ear(ACME)
    chosen = {**shortcut("glimmer_ask", {"ts": TS, "user": ANN, "text": "hm"}), **NOWHERE}
    await ear.take({**said("hello"), **THERE}, chosen)
    assert ear.asked.address.workspace == "T2"


async def test_a_click_of_which_nothing_is_known_is_the_organisations() -> None:
    ear = Ear(ACME)
    await ear.take({**click("glm:stop:7"), **NOWHERE})
    assert (ear.control.address.workspace, ear.control.actor.id) == ("E1", f"E1.{ANN}")


async def test_a_button_says_in_which_workspace_it_is() -> None:
    buttons: Payload = {"type": "actions", "elements": []}
    [body, actions] = signed([{"type": "markdown", "text": "x"}, buttons], ACME.within("T2"))
    assert body == {"type": "markdown", "text": "x"}
    ear = Ear(ACME)
    await ear.take({**said("hello"), **HERE}, {**click("glm:stop:7", block_id=actions["block_id"]), **NOWHERE})
    assert ear.control.address.workspace == "T2"


def test_an_edit_gives_the_buttons_new_ids() -> None:
    once, again = (signed([{"type": "actions"}, {"type": "context_actions"}], ACME.within("T2")) for _ in range(2))
    assert len({block["block_id"] for block in (*once, *again)}) == 4


def test_the_buttons_of_a_workspace_need_no_sign() -> None:
    assert signed([{"type": "actions"}], US) == [{"type": "actions"}]


@pytest.mark.parametrize("block_id", ["glm/", "glm//1", "x/glm/T7/1", "b1"])
async def test_other_ids_of_blocks_name_no_workspace(block_id: str) -> None:
    ear = Ear(ACME)
    await ear.take({**said("hello"), **HERE}, {**click("glm:stop:7", block_id=block_id), **NOWHERE})
    assert ear.control.address.workspace == "T1"


async def test_the_home_is_about_the_workspace_in_which_it_was_opened() -> None:
    ear = Ear(ACME)
    opened = {"type": "app_home_opened", "user": ANN, "channel": DM, "tab": "home"}
    await ear.take({**envelope(opened), **THERE})
    assert ear.home.published == [("T2", ANN)]
    chosen: dict[str, Any] = click(next(iter(SCOPES)), value="glm-two") | {"view": {"private_metadata": "T2"}}
    await ear.take({**chosen, **NOWHERE, "channel": None, "container": {"type": "view"}})
    assert (ear.control.address.workspace, ear.control.actor.id) == ("T2", f"E1.{ANN}")


@pytest.mark.parametrize("kind", ["app_uninstalled", "tokens_revoked"])
async def test_the_organisation_that_removed_the_app_is_forgotten_as_a_whole(kind: str) -> None:
    ear = Ear(ACME)
    await ear.take({**envelope({"type": kind}), "team_id": None, "enterprise_id": "E1", "authorizations": []})
    assert ear.forgotten == ["E1"]


@pytest.mark.parametrize(("team", "refused"), [("T1", False), ("T2", False), ("T9", True)])
async def test_in_shared_channels_all_people_of_the_organisation_are_its_own(team: str, refused: bool) -> None:
    ear = Ear(ACME)
    owner = "E9" if refused else "E1"
    envelope_of = {"team_id": team, "enterprise_id": owner, "authorizations": [ORG], "is_ext_shared_channel": True}
    await ear.take({**said(f"<@{BOT}> hi", user_team=team), **envelope_of})
    assert (ear.inbox.asks == []) is refused


def test_a_workspace_of_its_own_is_taken_as_it_is() -> None:
    assert Places(Ear()).workspace({"team_id": "T1"}) is US
    assert Places(Ear(None)).workspace({"team_id": "T9"}) is None
    assert ACME.within("T2").owner == "E1"
    assert ACME.within("") == ACME


def test_answers_are_paced_in_the_workspace_in_which_they_are() -> None:
    lanes = {ThreadSurface(Scripted(), ACME.within(team), TURN).lane(Call.EDIT).name for team in ("T1", "T2")}
    assert lanes == {"update:T1", "update:T2"}


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(NAMES), json))
def test_whatever_slack_tells_it_is_somewhere_in_the_organisation(body: Payload) -> None:
    found = Places(Ear(ACME)).workspace(body)
    assert found is not None
    assert (found.owner, found.id == found.team or found == ACME) == ("E1", True)


def test_an_address_without_a_channel_has_its_workspace() -> None:
    reader = Ear(ACME.within("T2")).reader()
    assert reader.address("", ANN) == Address("slack", "T2", "T2.", "", "")
