"""The words of a mapping: conditions on a column, written the same on the command line, in case.toml and in Python.

race                     the column as it is
outcome=1,2              these values mean yes, every other value no
outcome!=0               every other value means yes, these no (a slash is an ordinary sign here)
outcome=1,2/0            these mean yes, these no; any other value is an error
score>=5                 also >, <, <=; the bound is a number or a date (2014-04-01)
"a=b"="N/A","x, y"       quotation marks protect signs in names and values
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from answerable.errors import MappingError

_NAME = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|((?!")(?:(?!!=)[^=<>])+?))\s*(?:(<=|>=|!=|=|<|>)(.*))?""", re.DOTALL)
_VALUE = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|((?!")[^,/]*?))\s*([,/]|$)""")

_VALUE_WITH_SLASH = re.compile(_VALUE.pattern.replace("/", ""))


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on a column.

    Args:
        text: as it was written.
        column: name of the column.
        sign: "" for the column as it is, or =, !=, <, <=, >, >=.
        values: what stands right of the sign; for = and != the values before a slash.
        others: the values after a slash; None where there is no slash.
    """

    text: str
    column: str
    sign: str = ""
    values: tuple[str, ...] = ()
    others: tuple[str, ...] | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """Every value that the condition names."""
        return () if self.sign in {"<", "<=", ">", ">="} else (*self.values, *(self.others or ()))


def parse_condition(text: str) -> Condition:
    """A condition from its text.

    Raises:
        MappingError: it is not one; the message says what a condition looks like.
    """
    found = _NAME.fullmatch(text)
    if found is None:
        raise _unclear(text, "no column can be made out")
    column = next(name for name in found.groups()[:3] if name is not None)
    sign, right = found[4] or "", found[5]
    if not sign:
        return Condition(text, column)
    if sign in {"<", "<=", ">", ">="}:
        if not (bound := right.strip().strip("\"'")):
            raise _unclear(text, "the bound is missing")
        return Condition(text, column, sign, (bound,))
    values, others = _values(text, right, _VALUE if sign == "=" else _VALUE_WITH_SLASH)
    named = [*values, *(others or ())]
    if "" in named or not values or others == ():
        raise _unclear(text, "a value is empty; what is empty is missing already")
    if len(set(named)) < len(named):
        raise _unclear(text, "a value stands twice")
    return Condition(text, column, sign, values, others)


def _values(text: str, right: str, pattern: re.Pattern[str]) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """The values before and after the slash."""
    sides: list[list[str]] = [[]]
    position = 0
    while True:
        found = pattern.match(right, position)
        if found is None:
            raise _unclear(text, "a quotation mark is not closed, or text follows it")
        sides[-1].append(next(value for value in found.groups()[:3] if value is not None))
        position = found.end()
        if not found[4]:
            break
        if found[4] == "/":
            sides.append([])
    if len(sides) > 2:
        raise _unclear(text, 'a slash parts yes from no, once; a value that holds one is put in quotes ("N/A")')
    return tuple(sides[0]), tuple(sides[1]) if len(sides) == 2 else None


def _unclear(text: str, why: str) -> MappingError:
    return MappingError(
        f"{text!r} is not clear: {why}. Conditions look like column, column=value,value, column=yes/no or column>=5."
    )
