"""Collecting what is wrong with a body, field by field, in Discord's words."""

from __future__ import annotations

from typing import Any, cast

from playground.discord.model import Json
from playground.discord.refusals import invalid_form

SNOWFLAKE_DIGITS = 20


class Problems:
    """What is wrong so far; `settle` refuses the body if anything is."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str, str]] = []

    def add(self, path: str, code: str, sentence: str) -> None:
        """Note a problem."""
        self.found.append((path, code, sentence))

    def settle(self) -> None:
        """Raise the refusal when there were problems."""
        if self.found:
            raise invalid_form(self.found)

    def text(self, path: str, value: Any, most: int, *, least: int = 0) -> str:
        """A string between so many characters; None counts as absent and is fine unless `least` asks for some."""
        if value is None and not least:
            return ""
        if not isinstance(value, str):
            self.add(path, "BASE_TYPE_REQUIRED" if value is None else "STRING_TYPE_CONVERT", "This field is required")
            return ""
        if len(value) > most and not least:
            self.add(path, "BASE_TYPE_MAX_LENGTH", f"Must be {most} or fewer in length.")
        elif not least <= len(value) <= most:
            self.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")
        return value

    def items(self, path: str, value: Any, most: int, *, least: int = 0) -> list[Any]:
        """A list of so many; None counts as empty."""
        if value is None:
            value = []
        if not isinstance(value, list):
            self.add(path, "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
            return []
        result = cast("list[Any]", value)
        if not least <= len(result) <= most:
            self.add(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {least} and {most} in length.")
        return result

    def objects(self, path: str, value: Any, most: int, *, least: int = 0) -> list[Json]:
        """A list of objects."""
        result: list[Json] = []
        for number, item in enumerate(self.items(path, value, most, least=least)):
            if isinstance(item, dict):
                result.append(cast("Json", item))
            else:
                self.add(f"{path}.{number}", "DICT_TYPE_CONVERT", "Only dictionaries may be used in a DictType")
        return result

    def one_of(self, path: str, value: Any, allowed: tuple[Any, ...]) -> None:
        """A value out of a fixed set."""
        if isinstance(value, bool) or value not in allowed:
            self.add(path, "BASE_TYPE_CHOICES", f"Value must be one of {set(allowed)}.")

    def flag(self, path: str, value: Any) -> None:
        """A boolean, or nothing."""
        if value is not None and not isinstance(value, bool):
            self.add(path, "BOOLEAN_TYPE_CONVERT", "Must be either true or false.")

    def snowflake(self, path: str, value: Any) -> None:
        """An id, as text or as a number."""
        if isinstance(value, bool) or not str(value).isdecimal() or len(str(value)) > SNOWFLAKE_DIGITS:
            self.add(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not snowflake.')
