"""Block Kit as tables: which blocks and elements there are, and their limits.

Numbers from Slack docs, reference/block-kit/blocks/<type> and /block-elements/<type>, where nothing else is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from playground.slack.model import Json
from playground.slack.shapes import Rule, Shape, anything, choice, flag, many, plain, string, text, typed

MARKDOWN = 12_000  # characters of a markdown block, and of all in a message; .../blocks/markdown-block
TABLE_ROWS, TABLE_COLUMNS = 100, 20
_ID = string(255)
_FREE = Shape(free=True)
_CONFIRM = Shape({"title": plain(100), "text": text(300), "confirm": plain(30), "deny": plain(30)}, {"style": anything})
_OPTION = Shape({"text": text(75), "value": string(150)}, {"description": text(75), "url": string(3000)})
_GROUP = Shape({"label": plain(75), "options": many(_OPTION, 100)})
_COMMON: dict[str, Rule] = {"action_id": _ID, "confirm": _CONFIRM, "focus_on_load": flag}
_SELECT: dict[str, Rule] = {**_COMMON, "placeholder": plain(150)}
_THUMB = Shape({"text": plain(75), "value": string(2000)}, {"accessibility_label": string(75)})


def _static_select(value: Any, at: str) -> Iterator[str]:
    yield from _STATIC_SELECT(value, at)
    given = cast("Json", value)
    groups: list[Json] = given.get("option_groups") or [{"options": given.get("options") or []}]
    chosen = given.get("initial_option")
    if chosen is not None and not any(chosen in group.get("options", []) for group in groups):
        yield f"initial_option must be one of the options [json-pointer:{at}/initial_option]"


_STATIC_SELECT = Shape(
    {},
    {**_SELECT, "options": many(_OPTION, 100), "option_groups": many(_GROUP, 100), "initial_option": _OPTION},
    one_of=("options", "option_groups"),
)
_BUTTON = Shape(
    {"text": plain(75)},
    {
        **_COMMON,
        "value": string(2000),
        "url": string(3000),
        "style": choice("primary", "danger"),
        "accessibility_label": string(75),
    },
)
_LIST = Shape({"options": many(_OPTION, 10)}, {**_COMMON, "initial_option": _OPTION, "initial_options": anything})
_ICON = Shape(
    {"icon": choice("trash"), "text": plain(75)},
    {**_COMMON, "value": string(2000), "accessibility_label": string(75), "visible_to_user_ids": anything},
)
_IMAGE: dict[str, Rule] = {"image_url": string(3000), "slack_file": anything}
_THUMBS = Shape({"positive_button": _THUMB, "negative_button": _THUMB}, {"action_id": _ID})
_PICKERS = "users_select conversations_select channels_select external_select multi_static_select multi_users_select"
_INPUTS = (
    "plain_text_input email_text_input url_text_input number_input datepicker timepicker datetimepicker file_input"
)
ELEMENTS: dict[str, Rule] = {
    "button": _BUTTON,
    "static_select": _static_select,
    "overflow": Shape({"options": many(_OPTION, 5)}, _COMMON),
    "radio_buttons": _LIST,
    "checkboxes": _LIST,
    "workflow_button": _FREE,
    "datepicker": _FREE,
    "timepicker": _FREE,
    **dict.fromkeys(_PICKERS.split(), _FREE),
}
_IMAGE_ELEMENT = Shape({"alt_text": string(2000)}, _IMAGE, one_of=("image_url", "slack_file"))
_CONTEXT = typed({"image": _IMAGE_ELEMENT, "plain_text": text(3000), "mrkdwn": text(3000)})
_ACCESSORY = typed({**ELEMENTS, "image": _IMAGE_ELEMENT})
_STATUS = choice("pending", "in_progress", "complete", "error")


def _block(
    required: dict[str, Rule] | None = None, optional: dict[str, Rule] | None = None, one_of: tuple[str, ...] = ()
) -> Shape:
    return Shape(required or {}, {"block_id": _ID, **(optional or {})}, one_of)


_TASK = _block(
    {"task_id": string(255), "title": string(256)},
    {"details": anything, "output": anything, "sources": anything, "status": _STATUS},
)
ANYWHERE: dict[str, Rule] = {
    "section": _block(
        {},
        {"text": text(3000), "fields": many(text(2000), 10), "accessory": _ACCESSORY, "expand": flag},
        ("text", "fields"),
    ),
    "header": _block({"text": plain(150)}),
    "divider": _block(),
    "context": _block({"elements": many(_CONTEXT, 10)}),
    "actions": _block({"elements": many(typed(ELEMENTS), 25)}),
    "image": _block({"alt_text": string(2000)}, {**_IMAGE, "title": plain(2000)}, ("image_url", "slack_file")),
    "rich_text": _block({"elements": many(_FREE, 1000, least=0)}),
    "input": _block(
        {"label": plain(2000), "element": typed({**ELEMENTS, **dict.fromkeys(_INPUTS.split(), _FREE)})},
        {"hint": plain(2000), "optional": flag, "dispatch_action": flag},
    ),
    "video": _FREE,
}
IN_MESSAGES: dict[str, Rule] = {
    **ANYWHERE,
    "markdown": _block({"text": string(MARKDOWN)}),
    "context_actions": _block({"elements": many(typed({"feedback_buttons": _THUMBS, "icon_button": _ICON}), 5)}),
    "table": _block({"rows": many(many(_FREE, TABLE_COLUMNS), TABLE_ROWS)}, {"column_settings": anything}),
    "data_table": Shape({"caption": anything}, free=True),
    "task_card": _TASK,
    "plan": _block({"title": anything}, {"tasks": many(_TASK, 50, least=0), "plan_id": _ID}),
    "file": _FREE,
    "container": _FREE,
    "card": _FREE,
    "carousel": _FREE,
    "alert": _FREE,
}
