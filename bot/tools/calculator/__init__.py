"""A calculator for what models are bad at: exact arithmetic."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Final

from pydantic import Field

from bot.errors import UserError
from bot.tools.calculator.arithmetic import FUNCTIONS, NotReal, TooLarge
from bot.tools.calculator.evaluator import NotArithmetic, evaluate, written
from bot.tools.registry import Context, tool
from bot.tools.wording import say

_LONGEST: Final = 500

# What people write for what the grammar calls otherwise.
_SIGNS: Final = str.maketrans(
    {
        "\u00d7": "*",
        "\u00b7": "*",
        "\u00f7": "/",
        "\u2044": "/",
        "\u2212": "-",
        "\u2013": "-",
        "^": "**",
        "\u00b2": "**2",
        "\u00b3": "**3",
        "\u03c0": "pi",
        "\uff08": "(",
        "\uff09": ")",
        "\uff0c": ",",
        "\uff0b": "+",
    }
)
_REWRITTEN: Final = (
    (re.compile(r"[=?\uff1d\uff1f\s]+$"), ""),
    (re.compile(r"%\s*of\b"), "/100*"),
    # Where nothing follows that could be divided by, the sign is no modulo.
    (re.compile(r"%(?=\s*(?:$|[)*/]))"), "/100"),
)
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")

_SYNTAX: Final = (
    "This is not an expression that I can calculate. It may have numbers, + - * / // % **, comparisons, "
    "pi, e, tau, and {functions}.",
    "这不是我能计算的表达式。可以使用数字、+ - * / // % **、比较、pi、e、tau 以及 {functions}。",
)
_LARGE: Final = ("The numbers get too large for me.", "数字太大,我无法计算。")
_UNREAL: Final = ("The result is not a real number.", "结果不是实数。")
_ZERO: Final = ("This divides by zero.", "除数不能为零。")
_DOMAIN: Final = ("A function is not defined for its value.", "函数在该值上没有定义。")


@tool(command=True, name="calculate", foreign=False)
async def calculate(
    context: Context,
    expression: Annotated[
        str, Field(description='Arithmetic, such as "2**64 / 3" or "sqrt(2) * sin(pi / 4)"', max_length=_LONGEST)
    ],
) -> str:
    """The exact value of an arithmetic expression.

    Whole numbers have up to 30,000 digits. Raises UserError for what is no arithmetic, too large or not defined.
    """
    try:
        value = await asyncio.to_thread(evaluate, _rewritten(expression))
    except NotArithmetic as error:
        raise UserError(say(_SYNTAX, context.locale, functions=", ".join(sorted(FUNCTIONS)))) from error
    except (TooLarge, OverflowError) as error:
        raise UserError(say(_LARGE, context.locale)) from error
    except NotReal as error:
        raise UserError(say(_UNREAL, context.locale)) from error
    except ZeroDivisionError as error:
        raise UserError(say(_ZERO, context.locale)) from error
    except ValueError as error:
        raise UserError(say(_DOMAIN, context.locale)) from error
    return f"{expression.strip(' =?')} = {written(value)}"


def _rewritten(expression: str) -> str:
    text = expression.strip().translate(_SIGNS)
    for pattern, replacement in _REWRITTEN:
        text = pattern.sub(replacement, text)
    # A comma separates the arguments of functions, and without any it can only group digits.
    return text if re.search(r"[a-z]", text, re.IGNORECASE) else _THOUSANDS.sub("", text)
