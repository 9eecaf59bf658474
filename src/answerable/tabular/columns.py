"""Columns of evidence as expressions: what counts as missing, what a number looks like, what equals a value.

Only expressions that DuckDB and Spark evaluate alike stand here: no `split`, no regular expression with parts of one
engine, casts only of text that a pattern has admitted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis.expr.types as ir

NUMBER = "[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?"
NUMBER_OR_BLANK = f"^ *({NUMBER})? *$"
_AROUND = "^[ \t\r\n]+|[ \t\r\n]+$"
PAIRS = (("true", "false"), ("t", "f"), ("yes", "no"), ("y", "n"), ("1", "0"), ("1.0", "0.0"))
"""Words that mean yes and no by themselves, whatever their case."""


@dataclass(frozen=True, slots=True)
class Source:
    """A column of evidence, with the literals that mean missing in it."""

    file: Path
    name: str
    value: ir.Column
    missing: Sequence[str] = ()

    @property
    def kind(self) -> str:
        """One of "text", "number", "boolean", "time" and, for nested and binary columns, "other"."""
        kind = self.value.type()
        tests = {"text": kind.is_string, "boolean": kind.is_boolean, "number": kind.is_numeric}
        found = next((name for name, test in tests.items() if test()), "")
        return found or ("time" if kind.is_timestamp() or kind.is_date() else "other")

    def known(self) -> ir.Column:
        """The column with null for what is missing: empty text, NaN, the literals that were declared."""
        value, kind = self.value, self.kind
        if kind == "text":
            return value.nullif("") if not self.missing else _null_where(value, value.isin(["", *self.missing]))
        if kind == "number":
            numbers = [number for literal in self.missing if (number := as_number(literal)) is not None]
            absent = ([value.isin(numbers)] if numbers else []) + (
                [value.isnan()] if value.type().is_floating() else []
            )
            return _null_where(value, reduce(or_, absent)) if absent else value
        return value

    def text(self) -> ir.StringColumn:
        """The column as text; whole numbers without a point."""
        value = self.known()
        if self.kind == "text":
            return value
        if value.type().is_timestamp():
            return value.cast("timestamp").cast("string")  # without a zone, in UTC
        if value.type().is_floating():
            import ibis

            whole = (value == value.floor()) & (value.abs() < 1e15)
            return ibis.ifelse(whole, value.cast("int64").cast("string"), value.cast("string"))
        return value.cast("string")

    def identity(self) -> ir.Column:
        """The column as what tells things apart: whole numbers as they are, which an engine groups by twice as fast."""
        return self.known() if self.value.type().is_integer() else self.text()

    def text_or(self, missing: str) -> ir.StringColumn:
        """The column as text, with a word where it is missing.

        Text takes one expression: DuckDB then goes on grouping by the entries of a dictionary, in a third of the time.
        """
        import ibis

        if self.kind != "text":
            return self.text().fill_null(missing)
        return ibis.ifelse(self.value.notin(["", *self.missing]), self.value, missing)

    def number(self) -> ir.Column:
        """The column as floating-point numbers: null for missing and for text of blanks.

        Text that is no number has to be checked for (`NUMBER_OR_BLANK`): what it becomes depends on the engine.
        """
        return self.known().try_cast("float64") if self.kind == "text" else self.known().cast("float64")

    def equals(self, values: Sequence[str]) -> ir.BooleanValue:
        """Whether the column has one of these values: exactly as text, or as a number in a column of numbers."""
        if self.kind == "number":
            return self.known().isin([number for literal in values if (number := as_number(literal)) is not None])
        if self.kind == "boolean":
            meant = {word for literal in values if (word := as_boolean(literal)) is not None}
            return self.known().isin(sorted(meant))
        return self.text().isin(list(values))


def bare(text: ir.StringColumn) -> ir.StringColumn:
    """Text without the blanks around it.

    Not Ibis's `strip`: Spark reads the vertical tab and the form feed among its signs as the letters v and f.
    """
    return text.re_replace(_AROUND, "")


def as_number(text: str) -> float | int | None:
    """The number that a text says; None where it says none."""
    import re

    if not re.fullmatch(NUMBER, text.strip()):
        return None
    number = float(text)
    return int(text) if text.strip().lstrip("+-").isdigit() else number


def as_boolean(text: str) -> bool | None:
    """True or false, as a word of `PAIRS` says it; None for any other."""
    for yes, no in PAIRS:
        if text.casefold() in (yes, no):
            return text.casefold() == yes
    return None


def _null_where(value: Any, absent: Any) -> Any:
    import ibis

    return ibis.ifelse(absent, ibis.null(value.type()), value)
