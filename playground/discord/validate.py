"""The documented limits of what a bot may send, checked before anything takes effect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from playground.discord import components
from playground.discord.model import Json, MessageFlag, Upload
from playground.discord.problems import Problems
from playground.discord.refusals import Refusal

# Discord docs, resources/message#create-message and #embed-object-embed-limits.
MAX_CONTENT = 2000
MAX_NONCE = 25
MAX_EMBEDS = 10
MAX_EMBED_TOTAL = 6000
MAX_FILES = 10
MAX_STICKERS = 3
MAX_ALLOWED_MENTIONS = 100
MAX_THREAD_NAME = 100
ARCHIVE_MINUTES = (60, 1440, 4320, 10080)  # Discord docs, resources/channel#start-thread-from-message
_EMBED_TEXTS = {"title": 256, "description": 4096}
_EMBED_PARTS = {"footer": ("text", 2048), "author": ("name", 256)}


def message(body: Json, uploads: Sequence[Upload], *, flags: int = 0) -> None:
    """Refuse a message that breaks a documented limit; `flags` are those that it already has."""
    problems = Problems()
    problems.text("content", body.get("content"), MAX_CONTENT)
    _nonce(problems, body.get("nonce"))
    for name in ("tts", "enforce_nonce"):
        problems.flag(name, body.get(name))
    _embeds(problems, body.get("embeds"))
    _allowed_mentions(problems, body.get("allowed_mentions"))
    _files(problems, body.get("attachments"), uploads)
    for number, sticker in enumerate(problems.items("sticker_ids", body.get("sticker_ids"), MAX_STICKERS)):
        problems.snowflake(f"sticker_ids.{number}", sticker)
    _components(problems, body, flags)
    reference = body.get("message_reference")
    if reference is not None:
        target = cast("Json", reference) if isinstance(reference, dict) else {}
        problems.snowflake("message_reference.message_id", target.get("message_id"))
    problems.settle()


def upload_sizes(uploads: Sequence[Upload], limit: int) -> None:
    """Refuse files that are larger than so many bytes."""
    if any(len(u.data) > limit for u in uploads):
        raise Refusal(40005)


def thread(body: Json) -> None:
    """Refuse a thread's name or archive time."""
    problems = Problems()
    problems.text("name", body.get("name"), MAX_THREAD_NAME, least=1)
    if body.get("auto_archive_duration") is not None:
        problems.one_of("auto_archive_duration", body["auto_archive_duration"], ARCHIVE_MINUTES)
    problems.settle()


def forum_post(body: Json) -> Json:
    """Refuse a forum post without a starter message, else return that message's body."""
    thread(body)
    problems = Problems()
    if not isinstance(body.get("message"), dict):
        problems.add("message", "BASE_TYPE_REQUIRED", "This field is required")
    problems.settle()
    return body["message"]


def choices(body: Json) -> list[Json]:
    """Refuse the answer of an autocomplete that breaks a limit, else return its choices."""
    problems = Problems()
    found = problems.objects("data.choices", body.get("choices"), 25)
    for number, choice in enumerate(found):
        problems.text(f"data.choices.{number}.name", choice.get("name"), 100, least=1)
        if isinstance(choice.get("value"), str):
            problems.text(f"data.choices.{number}.value", choice["value"], 100)
    problems.settle()
    return found


def modal(body: Json) -> None:
    """Refuse a modal without title, id or parts."""
    problems = Problems()
    problems.text("data.title", body.get("title"), 45, least=1)
    problems.text("data.custom_id", body.get("custom_id"), components.MAX_CUSTOM_ID, least=1)
    problems.objects("data.components", body.get("components"), 5, least=1)
    problems.settle()


def _nonce(problems: Problems, nonce: Any) -> None:
    if isinstance(nonce, bool) or not isinstance(nonce, int):
        problems.text("nonce", nonce, MAX_NONCE)


def _embeds(problems: Problems, value: Any) -> None:
    total = 0
    for number, embed in enumerate(problems.objects("embeds", value, MAX_EMBEDS)):
        path = f"embeds.{number}"
        for name, most in _EMBED_TEXTS.items():
            total += len(problems.text(f"{path}.{name}", embed.get(name), most))
        for part, (name, most) in _EMBED_PARTS.items():
            if isinstance(embed.get(part), dict):
                total += len(problems.text(f"{path}.{part}.{name}", embed[part].get(name), most))
        for index, entry in enumerate(problems.objects(f"{path}.fields", embed.get("fields"), 25)):
            total += len(problems.text(f"{path}.fields.{index}.name", entry.get("name"), 256, least=1))
            total += len(problems.text(f"{path}.fields.{index}.value", entry.get("value"), 1024, least=1))
    if total > MAX_EMBED_TOTAL:
        problems.add("embeds", "MAX_EMBED_SIZE_EXCEEDED", f"Embed size exceeds maximum size of {MAX_EMBED_TOTAL}")


def _allowed_mentions(problems: Problems, value: Any) -> None:
    if value is None:
        return
    allowed = cast("Json", value) if isinstance(value, dict) else {"parse": value}
    kinds = problems.items("allowed_mentions.parse", allowed.get("parse"), 3)
    for number, kind in enumerate(kinds):
        problems.one_of(f"allowed_mentions.parse.{number}", kind, ("users", "roles", "everyone"))
    for name in ("users", "roles"):
        named = problems.items(f"allowed_mentions.{name}", allowed.get(name), MAX_ALLOWED_MENTIONS)
        if named and name in kinds:
            problems.add("allowed_mentions", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", f"parse and {name} exclude.")


def _files(problems: Problems, value: Any, uploads: Sequence[Upload]) -> None:
    if len(uploads) > MAX_FILES:
        problems.add("files", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_FILES} or fewer in length.")
    for number, attachment in enumerate(problems.objects("attachments", value, MAX_FILES)):
        problems.snowflake(f"attachments.{number}.id", attachment.get("id"))


def _components(problems: Problems, body: Json, flags: int) -> None:
    wanted = body.get("flags") or 0
    if isinstance(wanted, bool) or not isinstance(wanted, int):
        problems.add("flags", "NUMBER_TYPE_COERCE", "Value is not int.")
        return
    second_version = bool((wanted | flags) & MessageFlag.COMPONENTS_V2)
    given = problems.objects("components", body.get("components"), components.MAX_V2)
    components.check(problems, given, second_version=second_version)
    if second_version and any(body.get(k) for k in ("content", "embeds", "sticker_ids", "poll")):
        sentence = "The field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
        problems.add("content", "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", sentence)
