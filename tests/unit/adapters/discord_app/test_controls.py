from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import discord
import pytest

from adapters.discord_app.controls import components, read_click
from bot.messages import ControlKind, Page, Right

KINDS = (ControlKind.STOP, ControlKind.REGENERATE, ControlKind.CONTINUE)


def a_click(custom_id: str, **changes: Any) -> Any:
    """A press of a button, as discord.py hands it over."""
    channel = SimpleNamespace(id=5, name="general", type=discord.ChannelType.text)

    def no_channel(_number: int) -> None:
        return None

    guild = SimpleNamespace(
        id=9,
        preferred_locale=discord.Locale.german,
        get_channel=no_channel,
        get_channel_or_thread=no_channel,
        me=SimpleNamespace(id=1),
    )
    user = SimpleNamespace(id=7, display_name="Ann", bot=False)
    values = {
        "id": 11,
        "data": {"custom_id": custom_id},
        "channel": channel,
        "channel_id": 5,
        "guild": guild,
        "guild_id": 9,
        "user": user,
        "permissions": discord.Permissions(manage_messages=True),
        "locale": discord.Locale.chinese,
    }
    return SimpleNamespace(**values | changes)


def test_a_page_without_controls_has_no_buttons() -> None:
    assert components(Page("words"), "") == []


def test_buttons_are_one_row_in_the_order_of_the_controls() -> None:
    [row] = components(Page("words", controls=KINDS, turn=3), "en-US")
    assert row["type"] == 1
    assert [button["label"] for button in row["components"]] == ["Stop", "Regenerate", "Continue"]
    assert [button["custom_id"] for button in row["components"]] == ["glm:stop:3", "glm:regenerate:3", "glm:continue:3"]
    assert all(len(button["custom_id"]) <= 100 for button in row["components"])


def test_labels_are_in_the_language_of_the_asker() -> None:
    [row] = components(Page("words", controls=(ControlKind.STOP,), turn=3), "zh-CN")
    assert row["components"][0]["label"] == "停止"


@pytest.mark.parametrize("kind", KINDS)
def test_a_click_is_read_as_what_was_written(kind: ControlKind) -> None:
    [row] = components(Page("words", controls=(kind,), turn=345), "")
    control = read_click(a_click(row["components"][0]["custom_id"]))
    assert control is not None
    assert (control.kind, control.target, control.key) == (kind, "345", "discord/interaction/11")
    assert (control.actor.id, control.actor.rights) == ("7", {Right.MODERATE})
    assert (control.address.workspace, control.address.channel, control.address.locale) == ("9", "5", "zh-CN")


def test_a_click_in_a_thread_knows_its_channel() -> None:
    thread = SimpleNamespace(id=6, name="t", type=discord.ChannelType.public_thread, parent_id=5)
    control = read_click(a_click("glm:stop:1", channel=thread))
    assert control is not None
    assert (control.address.channel, control.address.thread) == ("5", "6")


@pytest.mark.parametrize(
    "custom_id", ["", "other:stop:1", "glm:model:1", "glm:stop:", "glm:stop:x", "glm:stop:1:2", "glm:stop:" + "9" * 19]
)
def test_buttons_of_others_are_passed_over(custom_id: str) -> None:
    assert read_click(a_click(custom_id)) is None


def test_a_click_without_data_is_passed_over() -> None:
    assert read_click(a_click("glm:stop:1", data=None)) is None


def test_a_click_is_read_where_only_the_channels_id_is_told() -> None:
    control = read_click(a_click("glm:stop:1", channel=None))
    assert control is not None
    assert control.address.channel == "5"
