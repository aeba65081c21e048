"""The limits of components: buttons, selects, and the second version with its texts and containers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from playground.discord.model import Json
from playground.discord.problems import Problems

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SELECTS = (3, 5, 6, 7, 8)
TEXT_DISPLAY = 10
V2_KINDS = frozenset({9, 10, 11, 12, 13, 14, 17})
LINK_STYLE, PREMIUM_STYLE = 5, 6
MAX_ROWS = 5
MAX_BUTTONS = 5
MAX_V2 = 40  # Discord docs, components/reference#component-object
MAX_V2_TEXT = 4000  # characters; reported, discord.py LayoutView
MAX_CUSTOM_ID = 100
MAX_LABEL = 80
MAX_OPTIONS = 25


def walk(components: list[Json]) -> Iterator[Json]:
    """All components, containers before what is in them."""
    for component in components:
        yield component
        inside: list[Any] = component.get("components") or []
        beside = [component[k] for k in ("accessory", "component") if isinstance(component.get(k), dict)]
        yield from walk([cast("Json", c) for c in [*inside, *beside] if isinstance(c, dict)])


def check(problems: Problems, components: list[Json], *, second_version: bool) -> None:
    """Note everything that Discord refuses about the components of a message."""
    everything = list(walk(components))
    if second_version:
        _check_v2(problems, everything)
    else:
        if len(components) > MAX_ROWS:
            problems.add("components", "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MAX_ROWS} in length.")
        for number, row in enumerate(components):
            problems.one_of(f"components.{number}.type", row.get("type"), (ROW,))
    for number, row in enumerate(components):
        if row.get("type") == ROW:
            _check_row(problems, f"components.{number}", row)
    _check_ids(problems, everything)


def with_numbers(components: list[Json]) -> list[Json]:
    """The components as Discord gives them back: each with an id of its own."""
    taken = iter(range(1, 1_000_000))

    def numbered(component: Json) -> Json:
        result = {"id": next(taken), **component}
        if isinstance(component.get("components"), list):
            result["components"] = [numbered(c) for c in component["components"]]
        return result

    return [numbered(c) for c in components]


def _check_v2(problems: Problems, everything: list[Json]) -> None:
    if len(everything) > MAX_V2:
        problems.add("components", "BASE_TYPE_BAD_LENGTH", f"Must be {MAX_V2} or fewer in total.")
    written = sum(len(str(c.get("content", ""))) for c in everything if c.get("type") == TEXT_DISPLAY)
    if written > MAX_V2_TEXT:
        problems.add("components", "COMPONENT_MAX_TEXT_SIZE", f"Must be {MAX_V2_TEXT} or fewer in length.")


def _check_row(problems: Problems, path: str, row: Json) -> None:
    inside = problems.objects(f"{path}.components", row.get("components"), MAX_BUTTONS, least=1)
    for number, component in enumerate(inside):
        place = f"{path}.components.{number}"
        kind = component.get("type")
        if kind == BUTTON:
            _check_button(problems, place, component)
        elif kind in SELECTS:
            _check_select(problems, place, component)
            if len(inside) > 1:
                problems.add(place, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "A select takes a whole row.")
        else:
            problems.one_of(f"{place}.type", kind, (BUTTON, *SELECTS))


def _check_button(problems: Problems, path: str, button: Json) -> None:
    style = button.get("style")
    problems.one_of(f"{path}.style", style, (1, 2, 3, 4, LINK_STYLE, PREMIUM_STYLE))
    problems.text(f"{path}.label", button.get("label"), MAX_LABEL)
    if style == LINK_STYLE:
        problems.text(f"{path}.url", button.get("url"), 512, least=1)
    elif style != PREMIUM_STYLE:
        problems.text(f"{path}.custom_id", button.get("custom_id"), MAX_CUSTOM_ID, least=1)
        if not button.get("label") and not button.get("emoji"):
            problems.add(path, "BUTTON_COMPONENT_MUST_HAVE_LABEL_OR_EMOJI", "A button needs a label or an emoji.")


def _check_select(problems: Problems, path: str, select: Json) -> None:
    problems.text(f"{path}.custom_id", select.get("custom_id"), MAX_CUSTOM_ID, least=1)
    problems.text(f"{path}.placeholder", select.get("placeholder"), 150)
    if select.get("type") != STRING_SELECT:
        return
    options = problems.objects(f"{path}.options", select.get("options"), MAX_OPTIONS, least=1)
    for number, option in enumerate(options):
        for name in ("label", "value"):
            problems.text(f"{path}.options.{number}.{name}", option.get(name), 100, least=1)


def _check_ids(problems: Problems, everything: list[Json]) -> None:
    seen: set[str] = set()
    for component in everything:
        custom_id = component.get("custom_id")
        if custom_id in seen:
            problems.add("components", "COMPONENT_CUSTOM_ID_DUPLICATED", "Component custom id cannot be duplicated")
        if isinstance(custom_id, str):
            seen.add(custom_id)
