"""A file of records for the checks: its columns profiled once, and small counts of it."""

from __future__ import annotations

import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from answerable.core.engine import collect
from answerable.core.estimate import Observation, Series, Strength
from answerable.errors import ParameterError
from answerable.tabular.columns import Source, bare
from answerable.tabular.profile import Facts, measure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import ibis.expr.types as ir

    from answerable.core.engine import Engine

MISSING = "(missing)"
_MOST_VALUES = 20


class File:
    """The records on the engine, with the facts of each column.

    Args:
        records: the table: exhibit, row, and the columns as text.
        names: the columns to look at.
    """

    def __init__(self, records: ir.Table, names: Sequence[str]) -> None:
        self.records, self.names = records, tuple(names)
        first = collect(records.aggregate(n=records.count(), exhibit=records.exhibit.min()))
        self.rows: int = first["n"][0]
        self.exhibit: str = first["exhibit"][0] or ""
        self.looked_at: dict[str, int] = {}
        self.series: list[Series] = []
        sources = [Source(Path("raw_rows"), name, records[name]) for name in self.names]
        engine = cast("Engine", SimpleNamespace(collect=collect))
        measured = measure(engine, records, sources) if self.rows else []
        self.facts: dict[str, Facts] = dict(zip(self.names, measured, strict=True)) if self.rows else {}

    @property
    def categories(self) -> list[str]:
        """Columns with few values, which rows share."""
        return [
            name
            for name, facts in self.facts.items()
            if facts.role != "identifier"
            and 2 <= len(facts.values) + bool(facts.rows("missing")) <= _MOST_VALUES
            and self.rows >= 2 * len(facts.values)
        ]

    def value(self, name: str) -> ir.StringColumn:
        """A column with a word where it has no value."""
        import ibis

        text = self.records[name]
        return ibis.ifelse(text.isnull() | (bare(text) == ""), ibis.literal(MISSING), text)

    def first(self, condition: ir.BooleanValue) -> int:
        """The first row in which something holds; 0 where none does."""
        found = collect(self.records.filter(condition).aggregate(row=self.records["row"].min()))["row"][0]
        return 0 if found is None else int(found)

    @property
    def words(self) -> list[str]:
        """The categories whose values are words, or two: numbers have an order, and go together by it."""
        return [
            name
            for name in self.categories
            if self.facts[name].type not in {"number", "whole number"} or self.facts[name].role == "two values"
        ]

    @property
    def incomplete(self) -> list[str]:
        """Columns that lack a value in some rows, and have one in others."""
        return [name for name, facts in self.facts.items() if 0 < facts.rows("missing", "blank") < self.rows]

    def there(self, name: str) -> ir.StringColumn:
        """Whether a column has a value, as a word."""
        import ibis

        return ibis.ifelse(self.value(name) == MISSING, ibis.literal(MISSING), ibis.literal("there"))

    def counts(self, one: ir.StringColumn, other: ir.StringColumn) -> dict[tuple[str, str], int]:
        """How many rows hold each pair of values of two columns."""
        pairs = self.records.select(a=one, b=other)
        found = collect(pairs.group_by("a", "b").aggregate(n=pairs.count()))
        return {(a, b): n for a, b, n in sorted(zip(found["a"], found["b"], found["n"], strict=True))}

    def observation(
        self, what: str, row: int, strength: Strength, benign: str = "", **fields: str | float | Mapping[str, Any]
    ) -> Observation:
        """An observation of this file."""
        return Observation(
            what=what, exhibit=self.exhibit, table="raw_rows", row=row, strength=strength, benign=benign, fields=fields
        )


def day_of(text: str | None) -> datetime.date | None:
    """The day that a text says.

    Raises:
        ParameterError: it says none.
    """
    if text is None:
        return None
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise ParameterError(f"obtained takes a day as YYYY-MM-DD, not {text!r}.") from None
