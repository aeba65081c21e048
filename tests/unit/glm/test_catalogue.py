from __future__ import annotations

import pytest
from pydantic import ValidationError

from bot.glm.catalogue import Catalogue, catalogue

ROWS = catalogue().model_dump()


def test_the_promised_models_are_there_with_their_ids() -> None:
    promised = {"glm-5.1", "glm-4.7", "glm-4.6", "glm-4.5-air", "glm-3-turbo", "glm-z1-air"}
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


def test_unknown_combinations_have_no_offer() -> None:
    assert catalogue().offer("glm-z1-air", "zai") is None
    assert catalogue().offer("gpt", "zai") is None


def test_a_row_with_a_misspelt_field_or_provider_is_refused() -> None:
    model = {"context": 1, "output": 1, "thinking": "none", "ids": {"nobody": "x"}}
    with pytest.raises(ValidationError, match="nobody"):
        Catalogue.model_validate({**ROWS, "models": {"x": model}})
    with pytest.raises(ValidationError, match="contxt"):
        Catalogue.model_validate({**ROWS, "models": {"x": {**model, "contxt": 1}}})
