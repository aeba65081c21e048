from __future__ import annotations

import ast
from collections.abc import Iterator
from string import Formatter

import pytest

from bot import texts
from bot.access import SCOPE_RIGHTS
from bot.choices import scope_keys
from bot.glm import codes
from bot.messages import ControlKind
from tests.fixtures.sources import called, calls, constants, trees
from tests.fixtures.stage import HERE

# Functions whose positional string is a text's id.
SAYING = ("say", "_say", "_failed")
# Exceptions and rules that name a text.
NAMING = ("ModelError", "PlatformRefused", "Rule")
# What Dialogue has ready for every text of a ModelError.
MODEL_FACTS = {"model", "trace", "told", "reset"}
SCOPES = tuple(scope_keys("talk", HERE, "ann"))
LOCALES = ("", "en-GB", "zh-CN", "zh-TW", "de")


def placeholders(text: str, locale: str) -> set[str]:
    """The facts that a sentence needs."""
    index = locale.startswith("zh")
    return {name for _, name, _, _ in Formatter().parse(texts._TEXTS[text][index]) if name}


def used() -> Iterator[tuple[str, str, ast.Call]]:
    """Every text that the code names: where, which, and in what call."""
    for where, call in calls("bot", "adapters"):
        if called(call) in SAYING:
            yield from ((where, text, call) for argument in call.args for text in constants(argument))
        if called(call) in NAMING:
            named = [keyword.value for keyword in call.keywords if keyword.arg == "text"]
            yield from ((where, text, call) for value in named for text in constants(value))


@pytest.mark.parametrize("text", texts.names())
def test_both_languages_need_the_same_facts(text: str) -> None:
    assert placeholders(text, "zh") == placeholders(text, "en")


@pytest.mark.parametrize("text", texts.names())
def test_both_languages_say_something(text: str) -> None:
    facts = dict.fromkeys(placeholders(text, "en"), "x")
    english, chinese = texts.say(text, "en-US", **facts), texts.say(text, "zh-CN", **facts)
    assert english.strip()
    assert chinese.strip()
    assert not any("\u4e00" <= letter <= "\u9fff" for letter in english)
    assert any("\u4e00" <= letter <= "\u9fff" for letter in chinese)


def test_all_texts_that_the_code_names_exist() -> None:
    assert [(where, text) for where, text, _ in used() if text not in texts.names()] == []


def test_all_facts_that_a_text_needs_are_given() -> None:
    missing = [
        (where, text)
        for where, text, call in used()
        if called(call) in ("say", "_say")
        and all(keyword.arg for keyword in call.keywords)
        and not placeholders(text, "en") <= {keyword.arg for keyword in call.keywords}
    ]
    assert missing == []


def test_no_text_is_left_over() -> None:
    words = {text for _, tree in trees("bot", "adapters") for text in constants_everywhere(tree)}
    made = {f"scope_{scope}" for scope in SCOPES} | {f"button_{kind}" for kind in ControlKind}
    assert [text for text in texts.names() if text not in words | made] == []


def constants_everywhere(tree: ast.Module) -> Iterator[str]:
    """All strings of a module, but not the keys of the table of texts."""
    keys = {id(key) for node in ast.walk(tree) if isinstance(node, ast.Dict) for key in node.keys}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in keys:
            yield node.value


def test_every_scope_has_its_name() -> None:
    assert {f"scope_{scope}" for scope in (*SCOPES, *SCOPE_RIGHTS)} <= set(texts.names())


@pytest.mark.parametrize("kind", [ControlKind.STOP, ControlKind.REGENERATE, ControlKind.CONTINUE])
def test_every_control_under_an_answer_has_its_label(kind: ControlKind) -> None:
    assert f"button_{kind}" in texts.names()


def rules() -> list[codes.Rule]:
    tables = (codes.ZHIPU, codes.STATUS, *codes.DIALECTS.values())
    listed = [rule for table in tables for found in table.values() for rule in found]
    return [*listed, *codes.CONNECTION.values(), codes.OTHER, codes.OTHER_CLIENT_ERROR]


def test_every_error_of_a_provider_has_a_text_with_facts_that_are_known() -> None:
    assert len(rules()) > 40
    for rule in rules():
        assert rule.text in texts.names()
        assert placeholders(rule.text, "en") <= MODEL_FACTS


@pytest.mark.parametrize("locale", LOCALES)
def test_chinese_is_for_chinese_locales_and_english_for_all_others(locale: str) -> None:
    assert texts.say("stopped_it", locale) == ("已停止。" if locale.startswith("zh") else "Stopped.")


def test_what_somebody_wrote_is_not_read_as_a_placeholder() -> None:
    assert "{models}" in texts.say("model_unknown", model="{models}", models="glm-one")


@pytest.mark.parametrize(("locale", "zone"), [("", "Beijing time"), ("zh-CN", "北京时间")])
def test_when_a_quota_is_reset_is_said_with_its_zone(locale: str, zone: str) -> None:
    assert zone in texts.say("reset_at", locale, reset="2026-11-21 23:59")
