"""SQL that gives every value its column's type, or null, and tells what did not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from answerable.areas.devices.acquisition.sqlite_schema import quoted

if TYPE_CHECKING:
    import pyarrow as pa

# How a value becomes a result column's type: the SQL that does it, and the SQL that is true of one that does not fit. A
# comparison converts well-formed text only, and exactly, so that 'abc' does not become 0; BINARY, because a phone's own
# collations are not known here.
CAST = {
    "int64": "CASE WHEN CAST({0} AS INTEGER) = {0} COLLATE BINARY THEN CAST({0} AS INTEGER) END",
    "float64": "CASE WHEN CAST({0} AS REAL) = {0} COLLATE BINARY THEN CAST({0} AS REAL) END",
    "string": "CAST({0} AS TEXT)",
    "binary": "CASE WHEN typeof({0}) IN ('blob', 'text') THEN CAST({0} AS BLOB) END",
}
MISFIT = {
    "int64": "((CAST({0} AS INTEGER) = {0} COLLATE BINARY) IS 0)",
    "float64": "((CAST({0} AS REAL) = {0} COLLATE BINARY) IS 0)",
    "string": "(typeof({0}) = 'blob')",
    "binary": "(typeof({0}) IN ('integer', 'real'))",
}
MASK = "answerable misfits"


def typed(sql: str, types: Mapping[str, str]) -> str:
    """Our statement with every column of its type or null, and a last column with a bit for each that did not fit."""
    columns = {name: f"source.{quoted(name)}" for name in types}
    values = ", ".join(f"{CAST[kind].format(columns[name])} AS {quoted(name)}" for name, kind in types.items())
    bits = " | ".join(
        f"({MISFIT[kind].format(columns[name])} << {bit})" for bit, (name, kind) in enumerate(types.items())
    )
    return f"SELECT {values}, {bits} AS {quoted(MASK)} FROM ({sql}) AS source"


def arrow_type(kind: str) -> pa.DataType:
    """A column's type as Arrow has it."""
    import pyarrow as pa

    return {"int64": pa.int64(), "float64": pa.float64(), "string": pa.string(), "binary": pa.binary()}[kind]


def arrow_schema(types: Mapping[str, str]) -> pa.Schema:
    """The columns as Arrow has them."""
    import pyarrow as pa

    return pa.schema([(name, arrow_type(kind)) for name, kind in types.items()])
