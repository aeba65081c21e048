"""Methods about views: the home tab of the app, and modals."""

from __future__ import annotations

import hashlib
import json
from typing import Any, cast

from playground.slack.blocks import wrong_in_view
from playground.slack.calls import Context, method
from playground.slack.model import Json
from playground.slack.refusals import Refusal
from playground.slack.shapes import Shape, anything, choice, flag, plain, string

TRIGGER_LIFETIME = 3.0  # s; Slack docs, interactivity/handling-user-interaction#modal_responses
_COMMON = {
    "blocks": wrong_in_view,
    "private_metadata": string(3000, least=0),  # Slack docs, reference/views, as are the next two
    "callback_id": string(255, least=0),
    "external_id": string(255, least=0),
}
_HOME = Shape({"type": choice("home"), "blocks": wrong_in_view}, _COMMON)
_MODAL = Shape(
    {"type": choice("modal"), "title": plain(24), "blocks": wrong_in_view},
    {
        **_COMMON,
        "submit": plain(24),
        "close": plain(24),
        "clear_on_close": flag,
        "notify_on_close": flag,
        "submit_disabled": anything,
    },
)


def publish(context: Context) -> Json:
    """Show somebody their home tab of the app."""
    user = context.world.users.get(context.text("user_id"))
    if user is None or not context.world.reaches(context.team, user.team):
        raise Refusal("invalid_arguments", messages=["invalid user_id [json-pointer:/user_id]"])
    view = _view(context, _HOME)
    old = context.world.homes.get(user.id)
    if context.text("hash") and old and old["hash"] != context.text("hash"):
        raise Refusal("hash_conflict")
    made = _made(context, view, old["id"] if old else context.world.ids.new("V"))
    context.world.homes[user.id] = made
    context.service.note("home", "", "", user.id)
    return {"view": made}


def open_modal(context: Context) -> Json:
    """Show a modal to whom a trigger was given."""
    made = context.world.triggers.pop(context.text("trigger_id"), None)
    if made is None:
        raise Refusal("invalid_trigger_id")
    if context.world.clock.now() - made > TRIGGER_LIFETIME:
        raise Refusal("expired_trigger_id")
    view = _made(context, _view(context, _MODAL), context.world.ids.new("V"))
    context.world.modals[view["id"]] = view
    context.service.note("modal", "", view["id"], context.bot.id)
    return {"view": view}


def update_modal(context: Context) -> Json:
    """Change a modal that is open."""
    old = context.world.modals.get(context.text("view_id"))
    if old is None:
        raise Refusal("not_found")
    view = _made(context, _view(context, _MODAL), old["id"])
    context.world.modals[view["id"]] = view
    context.service.note("modal", "", view["id"], context.bot.id)
    return {"view": view}


def _view(context: Context, shape: Shape) -> Json:
    given: Any = context.args["view"]
    try:
        given = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        given = None
    wrong = list(shape(given, "/view"))
    if wrong:
        raise Refusal("invalid_arguments", messages=wrong, broken=f"an invalid view: {wrong[0]}")
    return cast("Json", given)


def _made(context: Context, view: Json, view_id: str) -> Json:
    """The view as Slack keeps it."""
    now = context.world.clock.ts()
    return {
        "id": view_id,
        "team_id": context.team.id,
        "app_id": context.world.app_id,
        "bot_id": context.team.bot_id,
        "private_metadata": "",
        "callback_id": "",
        "external_id": "",
        **view,
        "blocks": [{"block_id": _block_id(now, n), **b} for n, b in enumerate(view["blocks"])],
        "state": {"values": {}},
        "hash": f"{now}.{hashlib.sha256(now.encode()).hexdigest()[:8]}",
        "root_view_id": view_id,
        "previous_view_id": None,
    }


def _block_id(now: str, number: int) -> str:
    return hashlib.sha256(f"{now}/{number}".encode()).hexdigest()[:5]


METHODS = [
    method("views.publish", publish, "t4", "", "user_id! view:json! hash interactivity_pointer"),
    method("views.open", open_modal, "t4", "", "view:json! trigger_id interactivity_pointer"),
    method("views.update", update_modal, "t4", "", "view:json! view_id external_id hash"),
]
