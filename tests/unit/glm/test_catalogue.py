from __future__ import annotations

import pytest
from pydantic import ValidationError

from bot.completion import MediaKind, ModelInfo, Thinking
from bot.glm.catalogue import MOST_BYTES, Catalogue, Model, catalogue

ROWS = catalogue().model_dump()


def test_the_promised_models_are_there_with_their_ids() -> None:
    promised = {"glm-5.1", "glm-4.7", "glm-4.6", "glm-4.5-air", "glm-3-turbo", "glm-z1-air"}
    promised |= {
        "glm-z1-airx",
        "glm-4.7-flashx",
        "glm-4.5-airx",
        "glm-4.5-x",
        "glm-4.1v-thinking-flashx",
        "glm-4v-flash",
    }
    assert promised <= catalogue().models.keys()
    offer = catalogue().offer("glm-5.1", "aimlapi")
    assert offer is not None
    assert offer.id == "zhipu/glm-5-1"


def test_ids_are_in_lower_case_and_outputs_fit_the_context() -> None:
    for row in catalogue().models.values():
        assert all(name == name.lower() for name in row.ids.values())
        assert row.output < row.context
        assert row.ids


def test_models_are_listed_by_preference_with_providers_in_the_operators_order() -> None:
    infos = catalogue().infos(["acedata", "zai"])
    assert (infos[0].name, infos[0].providers) == ("glm-5.1", ("acedata", "zai"))
    assert "glm-z1-air" not in {info.name for info in infos}
    assert {info.name for info in infos if info.images} >= {"glm-4.6v"}
    assert catalogue().infos([]) == []


def info(name: str, *providers: str) -> ModelInfo:
    return next(info for info in catalogue().infos(providers) if info.name == name)


def test_levels_are_those_that_some_configured_provider_can_be_told() -> None:
    assert info("glm-5.1", "zai", "acedata").thinking == (Thinking.OFF, Thinking.HIGH)
    assert info("glm-5.1", "acedata").thinking == ()
    assert info("glm-5.3", "bigmodel").thinking == (Thinking.LOW, Thinking.HIGH, Thinking.MAX)
    assert info("glm-z1-air", "bigmodel").thinking == ()


def test_what_a_model_takes_is_said() -> None:
    seeing, reading = info("glm-4.6v", "zai"), info("glm-5.1", "zai")
    assert (seeing.images, seeing.videos, seeing.tools) == (True, True, True)
    assert (reading.images, reading.videos, reading.tools) == (False, False, True)
    assert not info("glm-4v-flash", "bigmodel").videos
    assert not info("glm-4.5v", "zai").tools
    assert info("glm-4v-flash", "bigmodel").most_images == 1
    assert info("glm-4v-flash", "bigmodel").most_bytes == MOST_BYTES


def test_which_videos_a_model_takes_is_known() -> None:
    assert info("glm-4.1v-thinking-flash", "bigmodel").video_types == ("video/mp4",)
    several = info("glm-4.5v", "zai")
    assert set(several.video_types) == {"video/mp4", "video/quicktime", "video/x-matroska"}
    assert several.most_videos == 1


def test_prices_can_be_compared_in_one_currency() -> None:
    assert info("glm-5.1", "zai").price == pytest.approx(5.80)
    assert info("glm-4.7-flash", "zai").price == 0
    assert 0 < (info("glm-z1-air", "bigmodel").price or 0) < 0.2
    assert info("glm-5-turbo", "zai").price is None


def test_limits_of_media_stand_only_where_there_are_such_media() -> None:
    for row in catalogue().models.values():
        assert row.images is None or row.sees(MediaKind.IMAGE)
        assert row.videos is None or row.sees(MediaKind.VIDEO)


def test_levels_of_thinking_are_for_models_with_reasoning_of_their_own() -> None:
    for name, row in catalogue().models.items():
        assert not row.levels or row.thinking == "reasoning"
        # The vendor refuses to turn off what always thinks.
        assert (Thinking.OFF in row.levels) == (bool(row.levels) and not name.startswith("glm-5.3"))


@pytest.mark.parametrize(
    ("known", "wanted", "level"),
    [
        ("low high max", None, "low"),
        ("low high max", "off", "low"),
        ("off high", "low", "off"),
        ("off high", "max", "high"),
        ("max off", "high", "off"),
        ("high", "off", "high"),
        ("", "max", None),
    ],
)
def test_the_nearest_level_below_serves_else_the_least(known: str, wanted: str | None, level: str | None) -> None:
    levels: dict[str, dict[str, str]] = {name: {} for name in known.split()}
    row = Model.model_validate({"context": 2, "output": 1, "thinking": "reasoning", "levels": levels, "ids": {}})
    assert row.level(Thinking(wanted) if wanted else None) == level


def test_unknown_combinations_have_no_offer() -> None:
    assert catalogue().offer("glm-z1-air", "zai") is None
    assert catalogue().offer("gpt", "zai") is None


def test_a_row_with_a_misspelt_field_or_provider_is_refused() -> None:
    model = {"context": 1, "output": 1, "thinking": "none", "ids": {"nobody": "x"}}
    with pytest.raises(ValidationError, match="nobody"):
        Catalogue.model_validate({**ROWS, "models": {"x": model}})
    with pytest.raises(ValidationError, match="contxt"):
        Catalogue.model_validate({**ROWS, "models": {"x": {**model, "contxt": 1}}})


@pytest.mark.parametrize(
    ("temperature", "top_p", "names"),
    [
        (1.0, 0.95, "glm-5.3 glm-5.2 glm-5.1 glm-5 glm-5-turbo glm-4.7 glm-4.7-flash glm-4.6"),
        (0.6, 0.95, "glm-4.5 glm-4.5-air glm-4.5-airx glm-4.5-x glm-4.5-flash"),
        (0.8, 0.6, "glm-5v-turbo glm-4.6v glm-4.6v-flash glm-4.5v glm-4.1v-thinking-flash glm-4.1v-thinking-flashx"),
        (0.95, 0.7, "glm-z1-air glm-z1-airx glm-z1-flash"),
        (0.75, None, "glm-4-32b-0414-128k"),
    ],
)
def test_models_have_the_defaults_of_their_pages(temperature: float, top_p: float | None, names: str) -> None:
    rows = {name: catalogue().models[name] for name in names.split()}
    assert {name: row.temperature for name, row in rows.items()} == dict.fromkeys(rows, temperature)
    assert top_p is None or {name: row.top_p for name, row in rows.items()} == dict.fromkeys(rows, top_p)
