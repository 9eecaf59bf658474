"""Figures that are worked out of other figures: plain arithmetic over named numbers, and nothing else."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Mapping

from answerable.errors import CaseError

_OPERATIONS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv}


def evaluate(text: str, numbers: Mapping[str, float]) -> float:
    """The value of a formula: names, numbers, + - * /, brackets, exp(x), and round(x, digits).

    Raises:
        CaseError: it holds anything else, or a name without a number.
    """
    try:
        return _value(ast.parse(text, mode="eval").body, numbers)
    except (SyntaxError, ArithmeticError) as error:
        raise CaseError(f"{text!r} cannot be worked out: {error}.") from error


def _value(node: ast.expr, numbers: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return float(number)
        case ast.Name(id=name) if name in numbers:
            return numbers[name]
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, numbers)
        case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _OPERATIONS:
            return float(_OPERATIONS[type(sign)](_value(left, numbers), _value(right, numbers)))
        case ast.Call(func=ast.Name(id="exp"), args=[inner], keywords=[]):
            return math.exp(_value(inner, numbers))
        case ast.Call(func=ast.Name(id="round"), args=[inner, ast.Constant(value=int() as digits)], keywords=[]):
            return round(_value(inner, numbers), digits)
    raise CaseError(f"{ast.unparse(node)!r} is no arithmetic over {', '.join(numbers) or 'numbers'}.")
