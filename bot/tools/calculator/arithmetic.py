"""The operations that the calculator knows; none can take long, since none makes a number of more than BITS bits."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

# Some 30,000 digits: operations on such numbers take a millisecond, and an expression has a few hundred at most.
BITS: Final = 100_000
# The factorial of this has some 92,000 bits.
_FACTORIAL: Final = 8_000
# More decimal places than a float has.
_PLACES: Final = 300

Number = int | float


class TooLarge(Exception):
    """A number would have more than BITS bits, or more than a float holds."""


class NotReal(Exception):
    """The result is no real number."""


def bounded(function: Callable[..., Any]) -> Callable[..., Number]:
    """An operation whose results are real numbers of at most BITS bits; raises TooLarge and NotReal for others."""

    def checked(*arguments: Number) -> Number:
        value: object = function(*arguments)
        if isinstance(value, int) and value.bit_length() <= BITS:
            return value
        if isinstance(value, float) and math.isfinite(value):
            return value
        raise NotReal if isinstance(value, complex) else TooLarge

    return checked


def _quotient(one: Number, other: Number) -> Number:
    return one / other


def _whole_quotient(one: Number, other: Number) -> Number:
    return one // other


def _power(base: Number, exponent: Number) -> Any:
    if isinstance(base, int) and isinstance(exponent, int) and abs(base).bit_length() * exponent > BITS + exponent:
        raise TooLarge
    return base**exponent


def _factorial(number: int) -> int:
    if number > _FACTORIAL:
        raise TooLarge
    return math.factorial(number)


def _choose(total: int, chosen: int) -> int:
    if min(chosen, total - chosen) * total.bit_length() > BITS:
        raise TooLarge
    return math.comb(total, chosen)


def _round(number: Number, places: int = 0) -> Number:
    if abs(places) > _PLACES:
        raise TooLarge
    return round(number, places) if places else round(number)


_OPERATORS: Final[Mapping[type[ast.AST], Callable[..., Any]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _quotient,
    ast.FloorDiv: _whole_quotient,
    ast.Mod: operator.mod,
    ast.Pow: _power,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
    ast.Not: operator.not_,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
OPERATORS: Final = {kind: bounded(function) for kind, function in _OPERATORS.items()}

_OF_MATH: Final = (
    *("sin", "cos", "tan", "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "degrees", "radians", "hypot"),
    *("sqrt", "cbrt", "exp", "log", "log2", "log10", "isqrt", "floor", "ceil", "trunc", "gcd", "lcm"),
)
_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    **{name: getattr(math, name) for name in _OF_MATH},
    "abs": abs,
    "comb": _choose,
    "factorial": _factorial,
    "ln": math.log,
    "max": max,
    "min": min,
    "pow": _power,
    "round": _round,
}
FUNCTIONS: Final = {name: bounded(function) for name, function in _FUNCTIONS.items()}

CONSTANTS: Final[Mapping[str, Number]] = {"pi": math.pi, "e": math.e, "tau": math.tau}
