"""Clicks: in the home tab, and on the buttons under an answer; these carry their turn, and so outlive a restart."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from adapters.slack_app.home import SCOPES
from adapters.slack_app.inbound import PLATFORM, Reader
from adapters.slack_app.markup import Json, part, parts, word
from bot.messages import Address, Control, ControlKind

_BUTTON: Final = re.compile(
    r"glm:(?:(?P<kind>stop|regenerate|continue):(?P<turn>\d{1,18})"
    r"|(?P<answer>allow|deny):(?P<ballot>\d{1,18}\.\d{1,16}))"
)
_RATING: Final = re.compile(r"glm:rate:(\d{1,18})")
_RATINGS: Final = frozenset({ControlKind.UPVOTE, ControlKind.DOWNVOTE})


@dataclass(frozen=True, slots=True)
class Click:
    """A click by a user (Slack's own id) and the control that it is; `home` says that it was in the home tab."""

    user: str
    control: Control
    home: bool
    response_url: str


def read_clicks(payload: Json, reader: Reader) -> Sequence[Click]:
    """The clicks on what is ours; anything else is left out."""
    found = (_click(payload, action, reader) for action in parts(payload, "actions"))
    return [click for click in found if click is not None]


def _click(payload: Json, action: Json, reader: Reader) -> Click | None:
    meaning = _meaning(action)
    user = word(part(payload, "user"), "id")
    if meaning is None or not user:
        return None
    kind, target, value, scope = meaning
    control = Control(
        key=f"{PLATFORM}/action/{reader.workspace.id}/{word(action, 'action_ts') or uuid.uuid4().hex}",
        kind=kind,
        conversation="",
        address=_place(payload, user, reader),
        actor=reader.author(user, word(part(payload, "user"), "name", "username")),
        target=target,
        value=value,
        scope=scope,
    )
    return Click(user, control, bool(scope), word(payload, "response_url"))


def _meaning(action: Json) -> tuple[ControlKind, str, str, str] | None:
    """The kind, target, value and scope of the control that an action is."""
    name = word(action, "action_id")
    chosen = word(action, "value") or word(part(action, "selected_option"), "value")
    if (button := _BUTTON.fullmatch(name)) is not None:
        return ControlKind(button["kind"] or button["answer"]), button["turn"] or button["ballot"], "", ""
    if (rating := _RATING.fullmatch(name)) is not None and chosen in _RATINGS:
        return ControlKind(chosen), rating[1], "", ""
    if name in SCOPES and chosen:
        return ControlKind.MODEL, "", chosen, SCOPES[name]
    return None


def _place(payload: Json, user: str, reader: Reader) -> Address:
    """Where the message with the buttons stands: its thread, also for what a click posts anew."""
    container, message, channel = (part(payload, name) for name in ("container", "message", "channel"))
    root = word(container, "thread_ts") or word(message, "thread_ts") or word(container, "message_ts")
    where = word(channel, "id") or word(container, "channel_id")
    return reader.address(where, user, thread=root or word(message, "ts"), title=word(channel, "name"))
