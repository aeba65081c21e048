"""Payloads that Slack really sent, replayed through the ways in of the Slack adapter.

Needs the contracts folder (GLIMMER_CONTRACTS, or ../shared/contracts beside the repository); skipped without it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from adapters.slack_app.client import Workspace
from adapters.slack_app.inbound import PLATFORM
from adapters.slack_app.places import sender_of, team_in
from bot.messages import ControlKind
from tests.fixtures.virtually import virtually
from tests.unit.adapters.slack_app.ear import Ear

_BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "contracts"
CONTRACTS = Path(os.environ.get("GLIMMER_CONTRACTS", _BESIDE)) / "slack"
pytestmark = pytest.mark.skipif(not (CONTRACTS / "index.json").exists(), reason="the contracts are not here")
Payload = dict[str, Any]


def recorded() -> Sequence[str]:
    """The files of all recorded payloads."""
    if not (CONTRACTS / "index.json").exists():
        return ()
    index: list[dict[str, str]] = json.loads((CONTRACTS / "index.json").read_text())
    return [entry["file"] for entry in index if "-tests/" in entry["file"] or "-recordings/" in entry["file"]]


def read(file: str) -> Payload:
    """A payload as Bolt hands it on: without the envelope of Socket Mode."""
    payload: Payload = json.loads((CONTRACTS / file).read_text())
    return payload.get("payload", payload) if "envelope_id" in payload else payload


def us(body: Payload) -> Workspace:
    """Who the bot is in a recording: the user that the event was authorised for."""
    authorizations: list[Payload] = body.get("authorizations") or [{}]
    mentioned = str(body.get("event", {}).get("text", "")).partition("<@")[2].partition(">")[0]
    event_type = body.get("event", {}).get("type")
    user = str(authorizations[0].get("user_id") or "")
    # Those who prepared some recordings gave the bot and its authorisation different ids.
    bot = mentioned if event_type == "app_mention" and mentioned else user or "UBOT"
    organisation, team = sender_of(body)
    org_wide = bool(authorizations[0].get("is_enterprise_install") or not team)
    return Workspace(
        organisation if org_wide else team,
        "" if org_wide else team,
        "",
        "xoxb",
        bot,
        "BBOT",
        agent=True,
        organisation=organisation if org_wide else "",
    )


def home_of(body: Payload) -> str:
    """What a recording's messages are kept under: its workspace, of an organisation's direct messages that."""
    installed, channel = us(body), str(body.get("event", {}).get("channel") or body.get("channel_id") or "")
    team = team_in(installed.organisation, body) if installed.organisation and channel[:1] != "D" else ""
    return team or installed.owner


def said_by_a_person(event: Payload) -> bool:
    """Whether an event is something that a person said."""
    said = event.get("subtype") in {None, "file_share", "thread_broadcast"}
    return said and bool(event.get("user")) and "bot_id" not in event and {"ts", "channel"} <= set(event)


def heard(body: Payload) -> Ear:
    """What came of a payload that was delivered three times."""
    ear = Ear(us(body))
    answers: list[int] = []

    @virtually
    async def take() -> None:
        for retry in range(3):
            answers.append((await ear.take(body, retries=retry)).status)

    take()
    assert answers == [200, 200, 200]
    return ear


# What is expected of each kind -------------------------------------------------------------------------------------


def is_an_ask(ear: Ear, body: Payload) -> None:
    """A mention or direct message: one ask with all that was recorded."""
    event = body["event"]
    if not said_by_a_person(event):
        ignored(ear, body)
        return
    ask = ear.asked
    assert ask.addressed
    assert ask.key == f"{PLATFORM}/{home_of(body)}:{event['channel']}:{event['ts']}"
    assert ask.conversation.endswith(f"/{event['channel']}/{event.get('thread_ts', event['ts'])}")
    assert ask.author.id == f"{us(body).owner}.{event['user']}"
    assert f"<@{ear.us.bot_user if ear.us else ''}" not in ask.text
    assert [file.url for file in ask.attachments] == [file["url_private_download"] for file in event.get("files", [])]


def is_a_message(ear: Ear, body: Payload) -> None:
    """A message: an ask when it is for the bot, perhaps one in a thread, else nothing."""
    event = body["event"]
    mentions = ear.us is not None and f"<@{ear.us.bot_user}>" in event.get("text", "")
    direct = event.get("channel_type") == "im"
    if not said_by_a_person(event) or not (mentions or direct or event.get("thread_ts")):
        ignored(ear, body)
    elif mentions or direct:
        is_an_ask(ear, body)
    else:
        assert not any(ask.addressed for ask in ear.inbox.asks)
        assert {ask.address.thread for ask in ear.inbox.asks} == {event["thread_ts"]}


def is_an_edit(ear: Ear, body: Payload) -> None:
    """An edit: a control when the words have changed."""
    event = body["event"]
    now, before = event["message"], event["previous_message"]
    if now["text"] == before["text"]:
        ignored(ear, body)
    else:
        assert {kind for kind, _ in ear.kinds} == {ControlKind.QUESTION_EDITED}
        assert {control.value for control in ear.inbox.controls} == {now["text"]}
        assert {target for _, target in ear.kinds} == {
            f"{PLATFORM}/{home_of(body)}:{event['channel']}:{now.get('ts', before.get('ts'))}"
        }


def is_a_deletion(ear: Ear, body: Payload) -> None:
    """A deletion: of a question and of an answer."""
    assert {kind for kind, _ in ear.kinds} == {ControlKind.QUESTION_DELETED, ControlKind.ANSWER_DELETED}
    assert all(target.endswith(body["event"]["deleted_ts"]) for _, target in ear.kinds)


def is_an_opening(ear: Ear, body: Payload) -> None:
    """The app was opened at its messages: prompts are offered."""
    assert {(channel, user) for _, channel, user in ear.prompted} == {(body["event"]["channel"], body["event"]["user"])}


def is_a_loss(ear: Ear, body: Payload) -> None:
    """The app was removed."""
    assert set(ear.forgotten) == {us(body).owner}


def is_a_command(ear: Ear, body: Payload) -> None:
    """A slash command whose words nobody knows: a call for help, once."""
    assert ear.control.kind is ControlKind.HELP
    assert ear.control.address.channel == f"{home_of(body)}.{body['channel_id']}"


def ignored(ear: Ear, body: Payload) -> None:
    """Nothing of ours: acknowledged, and that is all."""
    assert (ear.inbox.asks, ear.inbox.controls, ear.whispers, ear.forgotten, ear.prompted) == ([], [], [], [], [])


EXPECTED: dict[str, Callable[[Ear, Payload], None]] = {
    "app_mention": is_an_ask,
    "message": is_a_message,
    "message_changed": is_an_edit,
    "message_deleted": is_a_deletion,
    "app_home_opened": is_an_opening,
    "app_uninstalled": is_a_loss,
    "tokens_revoked": is_a_loss,
    "command": is_a_command,
}


def kind_of(body: Payload) -> str:
    """What decides about an expectation."""
    if "command" in body:
        return "command"
    event = body.get("event", {})
    subtype = event.get("subtype")
    return subtype if subtype in EXPECTED else event.get("type") or body.get("type", "")


@pytest.mark.parametrize("file", recorded())
def test_what_slack_really_sent_has_its_outcome(file: str) -> None:
    body = read(file)
    EXPECTED.get(kind_of(body), ignored)(heard(body), body)


def test_the_recordings_cover_what_the_bot_acts_on() -> None:
    kinds = [kind_of(read(file)) for file in recorded()]
    assert len(kinds) == 148
    assert set(EXPECTED) <= set(kinds)
