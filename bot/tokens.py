"""How many tokens a text takes: estimated by its characters, and corrected by what the providers count."""

from __future__ import annotations

import math
import re
from bisect import bisect_right
from typing import Final

# Characters per token, on the careful side: measured on recorded answers (facts on the GLM API, section 11).
LATIN_PER_TOKEN: Final = 3
_CJK_PER_TOKEN = 1.3
_OTHER_PER_TOKEN = 2
_CJK = re.compile("[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]")

# Outside of these bounds something else than text was counted: pictures, or a prompt that the provider adds.
FACTOR_BOUNDS: Final = (0.5, 2.0)
# What one request weighs against all before it: some ten of them decide.
_WEIGHT = 0.2
# In shorter prompts what is counted is mostly the template around them, not their text.
_TOO_SHORT = 100


def estimate(text: str) -> int:
    """About how many tokens a text takes, rather too many than too few."""
    if text.isascii():
        return math.ceil(len(text) / LATIN_PER_TOKEN)
    latin = len(text.encode("ascii", "ignore"))
    cjk = len(_CJK.findall(text))
    other = len(text) - latin - cjk
    return math.ceil(latin / LATIN_PER_TOKEN) + math.ceil(cjk / _CJK_PER_TOKEN) + math.ceil(other / _OTHER_PER_TOKEN)


def beginning(text: str, tokens: int) -> str:
    """The text itself, or as much of its beginning as takes so many tokens."""
    candidate = text[: tokens * LATIN_PER_TOKEN]
    return candidate[: bisect_right(range(1, len(candidate) + 1), tokens, key=lambda size: estimate(candidate[:size]))]


class Estimator:
    """What is known of how far off the estimates are for each model."""

    def __init__(self) -> None:
        self._factors: dict[str, float] = {}

    def factor(self, model: str) -> float:
        """What estimates for this model are to be multiplied by, within FACTOR_BOUNDS; 1.0 while nothing is known."""
        return self._factors.get(model, 1.0)

    def learn(self, model: str, estimated: int, counted: int) -> None:
        """Take in what a provider counted for a prompt that was estimated; not for padded prompts or with media."""
        if estimated < _TOO_SHORT or counted <= 0:
            return
        low, high = FACTOR_BOUNDS
        seen = min(high, max(low, counted / estimated))
        known = self.factor(model)
        self._factors[model] = known + _WEIGHT * (seen - known)

    def overflowed(self, model: str) -> None:
        """Take in that a prompt left no room for its answer: the next ones are held to half until more is known."""
        self._factors[model] = FACTOR_BOUNDS[1]
