"""Routes with which the bot answers interactions; the token in their path is all they need."""

from __future__ import annotations

from playground.discord import drafts, messages, validate
from playground.discord.calls import Answer, Call, route
from playground.discord.interactions import Callback, Interaction, InteractionKind
from playground.discord.message_payloads import message_json
from playground.discord.model import Json, Message, Upload
from playground.discord.problems import Problems
from playground.discord.refusals import Refusal

_FOR = {
    InteractionKind.COMMAND: (Callback.MESSAGE, Callback.DEFER, Callback.MODAL),
    InteractionKind.COMPONENT: (
        *(Callback.MESSAGE, Callback.DEFER, Callback.DEFER_UPDATE, Callback.UPDATE, Callback.MODAL),
    ),
    InteractionKind.AUTOCOMPLETE: (Callback.CHOICES,),
    InteractionKind.MODAL: (Callback.MESSAGE, Callback.DEFER, Callback.DEFER_UPDATE, Callback.UPDATE),
}


def callback(call: Call) -> Answer:
    """The first answer."""
    known = call.backend.interactions.by_id.get(call.ids["interaction"])
    if known is None:
        raise Refusal(10062)
    problems = Problems()
    problems.one_of("type", call.body.get("type"), tuple(int(c) for c in _FOR[known.kind]))
    problems.settle()
    kind = Callback(call.body["type"])
    data: Json = call.body.get("data") or {}
    uploads = drafts.described(call.uploads, data)
    _check(kind, data, uploads)
    interaction = call.backend.interactions.acknowledge(call.ids["interaction"], call.ids["token"])
    message = _answer(call, interaction, kind, data, uploads)
    if call.request.query.get("with_response") in ("1", "true", "True"):
        return Answer(_response_json(call, interaction, kind, message))
    return Answer(status=204)


def get_answer(call: Call) -> Answer:
    """One of the answers."""
    interaction, message = _found(call)
    return Answer(message_json(call.world, interaction.channel, message))


def patch_answer(call: Call) -> Answer:
    """Change one of the answers; the message clicked counts as the first."""
    interaction, message = _found(call)
    uploads = drafts.described(call.uploads, call.body)
    validate.message(call.body, uploads, flags=message.flags)
    validate.upload_sizes(uploads, call.world.upload_limit)
    drafts.still_filled(message, call.body, uploads)
    call.backend.interactions.edit(interaction, message, call.body, uploads)
    return Answer(message_json(call.world, interaction.channel, message))


def delete_answer(call: Call) -> Answer:
    """Delete one of the answers."""
    interaction, message = _found(call)
    messages.delete(call.service, message, call.bot)
    call.backend.interactions.note(interaction, "delete", message)
    return Answer(status=204)


def post_followup(call: Call) -> Answer:
    """Answer with one more message."""
    interaction = _answered(call)
    uploads = drafts.described(call.uploads, call.body)
    validate.message(call.body, uploads)
    validate.upload_sizes(uploads, call.world.upload_limit)
    drafts.refuse_empty(call.body, uploads)
    message = call.backend.interactions.follow_up(interaction, call.body, uploads)
    return Answer(message_json(call.world, interaction.channel, message))


def _check(kind: Callback, data: Json, uploads: list[Upload]) -> None:
    if kind in (Callback.MESSAGE, Callback.UPDATE):
        validate.message(data, uploads)
    if kind == Callback.MESSAGE:
        drafts.refuse_empty(data, uploads)
    elif kind == Callback.CHOICES:
        validate.choices(data)
    elif kind == Callback.MODAL:
        validate.modal(data)


def _answer(call: Call, interaction: Interaction, kind: Callback, data: Json, uploads: list[Upload]) -> Message | None:
    """Let a first answer take effect."""
    interactions = call.backend.interactions
    if kind == Callback.MESSAGE:
        return interactions.respond(interaction, data, uploads)
    if kind == Callback.DEFER:
        return interactions.defer(interaction, data.get("flags") or 0)
    if kind == Callback.UPDATE and interaction.source:
        messages.edit(call.service, interaction.source, data, uploads)
    interaction.choices = data.get("choices") or []
    interaction.modal = data if kind == Callback.MODAL else None
    interactions.note(interaction, kind.name.lower(), interaction.source)
    return interaction.source


def _response_json(call: Call, interaction: Interaction, kind: Callback, message: Message | None) -> Json:
    about: Json = {"id": interaction.id, "type": int(interaction.kind)}
    if message is None:
        return {"interaction": about}
    about |= {"response_message_id": message.id, "response_message_ephemeral": message.ephemeral}
    about |= {"response_message_loading": interaction.deferred}
    resource: Json = {"type": int(kind)}
    if kind in (Callback.MESSAGE, Callback.DEFER, Callback.UPDATE):
        resource["message"] = message_json(call.world, interaction.channel, message)
    return {"interaction": about, "resource": resource}


def _answered(call: Call) -> Interaction:
    if call.ids["application"] != call.world.app.id:
        raise Refusal(10015)
    return call.backend.interactions.answered(call.ids["token"])


def _found(call: Call) -> tuple[Interaction, Message]:
    interaction = _answered(call)
    return interaction, call.backend.interactions.message(interaction, call.ids["message"])


_WEBHOOK = "/webhooks/{application}/{token}"
_MESSAGE = _WEBHOOK + "/messages/{message}"
ROUTES = [
    route("POST", "/interactions/{interaction}/{token}/callback", callback, "callback"),
    route("POST", _WEBHOOK, post_followup, "webhook"),
    route("GET", _MESSAGE, get_answer, "webhook"),
    route("PATCH", _MESSAGE, patch_answer, "webhook"),
    route("DELETE", _MESSAGE, delete_answer, "webhook"),
]
