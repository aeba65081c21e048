"""Evaluates an arithmetic expression with simpleeval, which walks its syntax tree and runs nothing."""

from __future__ import annotations

import ast
from decimal import Context, Decimal
from typing import Any, Final, cast

from simpleeval import InvalidExpression, SimpleEval

from bot.tools.calculator.arithmetic import CONSTANTS, FUNCTIONS, OPERATORS, Number

# Digits that are written out; of a longer number only the first.
_WRITTEN: Final = 1_000
_LEADING: Final = Context(prec=12)

# Of what Python's grammar has, only this is arithmetic.
_NODES: Final = (ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.Name)


class NotArithmetic(Exception):
    """The expression has something else than numbers in it."""


class _Evaluator(SimpleEval):
    def __init__(self) -> None:
        base = cast("Any", super())
        base.__init__(operators=OPERATORS, functions=FUNCTIONS, names=CONSTANTS)
        handlers = cast("dict[type[ast.AST], Any]", self.nodes)
        self.nodes = {kind: handlers[kind] for kind in _NODES} | {ast.Constant: _constant}


def _constant(node: ast.Constant) -> Number:
    if isinstance(node.value, (int, float)):
        return OPERATORS[ast.UAdd](node.value)
    raise NotArithmetic


def evaluate(expression: str) -> Number:
    """The value of an expression, of which a few hundred characters take well under a second.

    Raises NotArithmetic, TooLarge, NotReal, ZeroDivisionError, and ValueError for what a function is not defined for.
    """
    try:
        tree = ast.parse(expression, mode="eval")
        value: object = cast("Any", _Evaluator()).eval(expression, previously_parsed=tree.body)
    except (SyntaxError, InvalidExpression, TypeError, RecursionError, MemoryError) as error:
        raise NotArithmetic from error
    # The name of a function alone has the function as its value.
    if not isinstance(value, (int, float)):
        raise NotArithmetic
    return value


def written(value: Number) -> str:
    """A number for people: whole ones in full up to a thousand digits, others with 15 significant ones."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        # Of 17 digits the last two show only how floats are stored: 0.1 + 0.2.
        return f"{value:.15g}"
    exact = Decimal(value)
    if exact.adjusted() < _WRITTEN:
        return str(value)
    return f"{_LEADING.plus(exact).normalize():e} ({exact.adjusted() + 1:,} digits)"
