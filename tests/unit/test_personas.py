from __future__ import annotations

from bot.personas import DEFAULT_PERSONA, personas
from bot.tokens import estimate


def test_five_come_with_the_program() -> None:
    assert list(personas()) == ["plain", "concise", "tutor", "translator", "reviewer"]
    assert DEFAULT_PERSONA in personas()


def test_each_says_in_a_line_what_it_is_and_costs_little_of_a_prompt() -> None:
    for persona in personas().values():
        assert "\n" not in persona.description
        assert len(persona.description) <= 60
        assert 5 < estimate(persona.instructions) < 200
