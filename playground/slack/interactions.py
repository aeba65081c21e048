"""Commands, clicks and shortcuts: what is sent for them, and what the person gets back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from playground.slack.envelopes import Delivered
from playground.slack.model import Channel, Json, Message, User
from playground.slack.payloads import (
    TOKEN,
    acting_user,
    channel_json,
    domain,
    enterprise_json,
    message_json,
    short_id,
    shown_name,
    team_json,
    with_id,
)
from playground.slack.refusals import Impossible
from playground.slack.responses import ResponseUrl
from playground.slack.world import World

BUTTONS = {"button", "icon_button", "workflow_button"}
MENUS = {"static_select", "overflow", "radio_buttons"}


@dataclass(eq=False)
class Reply:
    """What came back to a person; `seen` is how many ephemeral messages there were before."""

    world: World
    user: User
    delivered: Delivered
    url: ResponseUrl | None
    seen: int

    @property
    def acked(self) -> bool:
        """Whether the app acknowledged in time; otherwise the person sees that it did not respond."""
        return self.delivered.acked_at is not None

    @property
    def response(self) -> Json | None:
        """The body of the acknowledgement, plain text as {"text"}."""
        return self.delivered.response

    @property
    def later(self) -> list[Message]:
        """What was posted to the response URL, and after it other messages that only this person saw."""
        posted = self.url.later if self.url else []
        shown = self.world.ephemerals[self.seen :]
        return posted + [m for m in shown if m.ephemeral_to == self.user.id and m not in posted]


class SlashReply(Reply):
    """What came back for a slash command."""


class Clicked(Reply):
    """What came back for a button, a menu or a shortcut."""


def command_body(world: World, user: User, channel: Channel, command: str, text: str, url: ResponseUrl) -> Json:
    """A slash command; it names no thread, Slack docs, interactivity/implementing-slash-commands."""
    team = world.team_of(channel)
    body: Json = {
        "token": TOKEN,
        "team_id": team.id,
        "team_domain": domain(team),
        "channel_id": channel.id,
        "channel_name": shown_name(channel),
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": world.app_id,
        "is_enterprise_install": str(team.org_wide).lower(),
        "response_url": url.url,
        "trigger_id": world.add_trigger(),
    }
    if team.enterprise:
        body |= {"enterprise_id": team.enterprise, "enterprise_name": f"{team.name} organisation"}
    return body


def message_click_body(world: World, user: User, message: Message, action: Json, url: ResponseUrl) -> Json:
    """A button or menu of a message was used; of an ephemeral message the app gets no copy."""
    channel = world.channels[message.channel]
    container: Json = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": bool(message.ephemeral_to),
    }
    if message.thread:
        container["thread_ts"] = message.thread
    state: Json = {"values": {}}
    place: Json = {"channel": channel_json(channel), "state": state, "response_url": url.url}
    body = _action_body(world, user, channel.team, container, action) | place
    return body if message.ephemeral_to else body | {"message": message_json(world, message)}


def home_click_body(world: World, user: User, view: Json, action: Json) -> Json:
    """A button or menu of the home tab was used; there is no channel and no response URL."""
    container = {"type": "view", "view_id": view["id"]}
    chosen = {"type": action["type"], "selected_option": action.get("selected_option")}
    values = {action["block_id"]: {action["action_id"]: chosen}} if action["type"] in MENUS else {}
    shown = {**view, "state": {"values": values}}
    return _action_body(world, user, user.team, container, action) | {"view": shown}


def shortcut_body(world: World, user: User, message: Message, callback_id: str, url: ResponseUrl) -> Json:
    """A shortcut in a message's menu; Slack docs, reference/interaction-payloads/shortcuts-interaction-payload."""
    channel = world.channels[message.channel]
    team = world.team_of(channel)
    return {
        "type": "message_action",
        "token": TOKEN,
        "action_ts": world.clock.ts(),
        "team": None if team.org_wide else team_json(team),
        "user": acting_user(user),
        "channel": channel_json(channel),
        "is_enterprise_install": team.org_wide,
        "enterprise": enterprise_json(team),
        "callback_id": callback_id,
        "trigger_id": world.add_trigger(),
        "message_ts": message.ts,
        "message": message_json(world, message),
        "response_url": url.url,
    }


def pressed(blocks: list[Json], place: str, which: str) -> Json:
    """The action of the button with this action id, label or value. Raises Impossible when there is none."""
    for block, element in _elements(blocks, place):
        for button in _buttons(element):
            label = button.get("text", {}).get("text")
            if which in (button["action_id"], label, button.get("accessibility_label"), button.get("value")):
                kept = {k: button[k] for k in ("action_id", "text", "value", "icon") if k in button}
                return {"type": element["type"], "block_id": block["block_id"], **kept}
    raise Impossible(f"there is no button {which}")


def chosen(blocks: list[Json], place: str, action_id: str, value: str) -> Json:
    """The action of choosing a menu's option by its value or label. Raises Impossible when there is none."""
    for block, element in _elements(blocks, place):
        if element["type"] not in MENUS or element["action_id"] != action_id:
            continue
        for option in _options(element):
            if value in (option.get("value"), option["text"]["text"]):
                kept = {k: element[k] for k in ("action_id", "placeholder") if k in element}
                return {"type": element["type"], "block_id": block["block_id"], "selected_option": option, **kept}
    raise Impossible(f"there is no option {value} in {action_id}")


def _action_body(world: World, user: User, team_id: str, container: Json, action: Json) -> Json:
    team = world.teams[team_id]
    return {
        "type": "block_actions",
        "user": acting_user(user),
        "api_app_id": world.app_id,
        "token": TOKEN,
        "container": container,
        "trigger_id": world.add_trigger(),
        # As recorded; the user's own team may be another than that of the message (reported, slackapi/bolt-js#1875).
        "team": None if team.org_wide else team_json(team),
        "enterprise": enterprise_json(team),
        "is_enterprise_install": team.org_wide,
        "actions": [{**action, "action_ts": world.clock.ts()}],
    }


def _elements(blocks: list[Json], place: str) -> list[tuple[Json, Json]]:
    """Everything that can be used, each with its block; both have ids."""
    found: list[tuple[Json, Json]] = []
    for index, made in enumerate(blocks):
        block = with_id(made, f"{place}/{index}")
        inside = (
            cast("list[Json]", block.get("elements", [])) if block["type"] in ("actions", "context_actions") else []
        )
        for number, element in enumerate([*inside, *filter(None, [block.get("accessory")])]):
            found.append((block, {"action_id": short_id(f"{place}/{index}/{number}"), **element}))
    return found


def _buttons(element: Json) -> list[Json]:
    """The buttons of an element: itself, or the two of feedback buttons under their common action id."""
    if element["type"] in BUTTONS:
        return [element]
    if element["type"] != "feedback_buttons":
        return []
    return [{**element[k], "action_id": element["action_id"]} for k in ("positive_button", "negative_button")]


def _options(element: Json) -> list[Json]:
    groups = cast("list[Json]", element.get("option_groups", []))
    return [*element.get("options", []), *(option for group in groups for option in group["options"])]
