"""Declared tables: names, types, units and meaning of columns, stated once; and what reading one gives.

A reader turns an exhibit into a `Reading`: typed rows of a declared table and the account of how they came about
(rows read, rows refused with reason and place, columns left unread). The rows are an Ibis expression on the engine, so
that a table may be larger than memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow as pa

ColumnType = Literal["string", "int64", "float64", "boolean", "timestamp", "date", "binary", "identifier"]
"""Arrow's types, and "identifier": what only tells things apart, text or whole numbers as the evidence has it."""


@dataclass(frozen=True, slots=True)
class Column:
    """One declared column: its type, what it means, its unit."""

    type: ColumnType
    meaning: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A declared table.

    Args:
        name: plural noun in lower case.
        meaning: what one row is.
        columns: the declared columns; all may be absent from a reading unless `required` names them.
        required: columns that every reading has.
        exhibit: what kind of exhibit holds it among other tables, as "phone"; "" where a file is the table.
        repeated: prefix of the columns whose number the evidence decides (one per protected attribute, say), with
            what they mean; "" where the table has none.
    """

    name: str
    meaning: str
    columns: Mapping[str, Column]
    required: frozenset[str] = frozenset()
    exhibit: str = ""
    repeated: Mapping[str, Column] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # DuckDB folds case and then answers silently wrong; Spark refuses. So no declared name may depend on case.
        for name in [self.name, *self.columns, *self.repeated]:
            if name != name.lower() or not name.isidentifier():
                raise ValueError(f"table {self.name}: {name!r} must be a lower-case identifier")
        if unknown := self.required - set(self.columns):
            raise ValueError(f"table {self.name}: required but not declared: {sorted(unknown)}")

    def arrow(self, names: Sequence[str] | None = None) -> pa.Schema:
        """The Arrow schema of the declared columns (of those named), with meaning and unit as field metadata."""
        import pyarrow as pa

        types = {"timestamp": pa.timestamp("us", tz="UTC"), "date": pa.date32(), "boolean": pa.bool_()}
        types["identifier"] = pa.string()
        fields = []
        for name in names if names is not None else self.columns:
            column = self.columns[name]
            kind = types.get(column.type) or getattr(pa, column.type)()
            fields.append(pa.field(name, kind, metadata={"meaning": column.meaning, "unit": column.unit}))
        return pa.schema(fields)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Rows that a reader could not take, with the reason and the first places."""

    reason: str
    count: int
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """What became of every row and column of an exhibit.

    `rows` counts every row of the exhibit. `left_out` are rows that the mapping's own conditions exclude. `values`
    says,
    for each mapped column, which value was taken as what.
    """

    file: str
    sha256: str
    format: str
    rows: int
    refused: tuple[Refusal, ...] = ()
    left_out: int = 0
    columns: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {
            "file": self.file,
            "sha256": self.sha256,
            "format": self.format,
            "rows": self.rows,
            "refused": [{"reason": r.reason, "count": r.count, "rows": list(r.rows)} for r in self.refused],
            "left_out": self.left_out,
            "columns": list(self.columns),
            "unread": list(self.unread),
            "values": {name: dict(values) for name, values in self.values.items()},
            "notes": list(self.notes),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Account:
        """The account that `as_json` wrote."""
        return cls(
            **{
                **data,
                "refused": tuple(Refusal(r["reason"], r["count"], tuple(r["rows"])) for r in data["refused"]),
                "columns": tuple(data["columns"]),
                "unread": tuple(data["unread"]),
                "notes": tuple(data["notes"]),
            }
        )


@dataclass(frozen=True, slots=True)
class Reading:
    """Typed rows of a declared table, and their account.

    Args:
        table: the declaration.
        rows: Ibis expression over the engine that read it.
        account: what became of every row and column.
        given: parameters that the mapping also settles for the method (which groups there are, say).
    """

    table: Table
    rows: ir.Table
    account: Account
    given: Mapping[str, Any] = field(default_factory=dict)


def plural(kind: str) -> str:
    """The word of a mapping that names the repeated columns of a kind: groups, probabilities."""
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"


Reader = Callable[..., Reading]
_READERS: dict[str, Reader] = {}


def reader(table: Table) -> Callable[[Reader], Reader]:
    """Register the function that reads exhibits into a declared table.

    Its first two arguments are the engine and the path of the exhibit; its keywords are the words of the mapping,
    from which
    the command line and case.toml are derived as they are for methods.

    Raises:
        ValueError: the table has a reader already.
    """

    def register(function: Reader) -> Reader:
        if table.name in _READERS:
            raise ValueError(f"table {table.name} has a reader already")
        _READERS[table.name] = function
        return function

    return register


def reader_of(table: Table) -> Reader:
    """The registered reader of a declared table."""
    return _READERS[table.name]
