"""Where something happened: in which workspace, of whom the app is installed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any, Final

import structlog

from adapters.slack_app.client import Workspace
from adapters.slack_app.connection import Connection
from adapters.slack_app.markup import NOTHING, Json, part, parts, word
from adapters.slack_app.recent import Kept

log = structlog.get_logger(__name__)

# Channels whose workspace is remembered.
_REMEMBERED: Final = 20_000
# Block Kit's blocks of buttons, and what their ids begin with where they say their workspace.
_BUTTONS: Final = frozenset({"actions", "context_actions"})
_SIGN: Final = "glm/"


class Places:
    """Tells the workspaces of all that comes in; of an organisation's channels it remembers theirs."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._seen: Kept[str] = Kept(_REMEMBERED)

    def workspace(self, body: Json) -> Workspace | None:
        """The workspace in which something happened, None where the app is not installed.

        That of an organisation stands for itself where Slack does not tell which of its workspaces it was.
        """
        organisation, team = sender_of(body)
        us = self._connection.installation("" if is_of_one(body) else organisation, team)
        if us is None:
            log.warning("slack.unknown_workspace", enterprise=organisation, team=team)
        if us is None or not us.organisation:
            return us
        channel, told = channel_of(body), team_in(us.organisation, body)
        if channel and told:
            self._seen.keep(channel, told)
        return us.within(_signed(body) or told or self._seen.get(channel) or "")


def sender_of(body: Json) -> tuple[str, str]:
    """The organisation and the workspace for which something was sent to us, "" for one that is not told.

    Reads events, commands and interactive payloads alike. In channels shared by Slack Connect an event's own ones are
    the speaker's, so its authorisation comes first.
    """
    first = next(iter(parts(body, "authorizations")), NOTHING)
    organisation = word(first, "enterprise_id") or word(body, "enterprise_id") or word(part(body, "enterprise"), "id")
    team = word(first, "team_id") or word(body, "team_id") or word(part(body, "team"), "id")
    return (
        organisation or word(part(body, "team"), "enterprise_id"),
        team or word(part(body, "user"), "team_id"),
    )


def is_of_one(body: Json) -> bool:
    """Whether Slack says that a workspace has installed the app by itself, with a token of its own."""
    first = next(iter(parts(body, "authorizations")), NOTHING)
    return str(first.get("is_enterprise_install", body.get("is_enterprise_install"))).lower() == "false"


def team_in(organisation: str, body: Json) -> str:
    """The workspace of an organisation in which something happened, "" where that is not told.

    An event's `team_id` is "where the event occurred" (Slack docs, apis/events-api), and in channels shared by Slack
    Connect perhaps a stranger's; interactive payloads of an organisation's app have no team (as recorded).
    """
    first = next(iter(parts(body, "authorizations")), NOTHING)
    told = (
        (word(body, "context_team_id"), word(body, "context_enterprise_id")),
        (word(body, "team_id"), word(body, "enterprise_id")),
        (word(first, "team_id"), word(first, "enterprise_id")),
        (word(part(body, "team"), "id"), word(part(body, "enterprise"), "id")),
    )
    shared = bool(body.get("is_ext_shared_channel"))
    ours = (
        team
        for team, owner in told
        if team not in {"", organisation} and (owner == organisation or not (owner or shared))
    )
    return next(ours, "")


def channel_of(body: Json) -> str:
    """The channel in which something happened, "" where there is none."""
    inner = (word(part(body, "event"), "channel"), word(body, "channel_id"), word(part(body, "channel"), "id"))
    return next(filter(None, inner), "")


def signed(blocks: Sequence[dict[str, Any]], workspace: Workspace) -> list[dict[str, Any]]:
    """Blocks whose buttons say in which of an organisation's workspaces they are: a click in its app does not tell.

    An edited message needs new ids for its blocks (Slack docs, reference/block-kit/blocks).
    """
    if not workspace.organisation:
        return list(blocks)
    return [
        {**block, "block_id": f"{_SIGN}{workspace.team}/{uuid.uuid4().hex}"} if block["type"] in _BUTTONS else block
        for block in blocks
    ]


def _signed(body: Json) -> str:
    """The workspace that our own buttons and our home tab name, "" for all else."""
    for action in parts(body, "actions"):
        sign, _, rest = word(action, "block_id").partition(_SIGN)
        if rest and not sign:
            return rest.partition("/")[0]
    return word(part(body, "view"), "private_metadata")
