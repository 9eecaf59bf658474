"""The findings as data: JSON with everything, CSV for people's spreadsheets, Parquet for machines.

All three hold the same entries, so what is withheld on the page is withheld in them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from answerable.report.entries import Entry
from answerable.report.text import plain

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_WHOLE = {"n", "events", "units", "reference_n", "reference_events", "comparisons", "seed"}
_REAL = {
    "null", "value", "low", "high", "level", "value_of", "value_against", "p", "adjusted_p",
    "adjusted_level", "adjusted_low", "adjusted_high",
}  # fmt: skip
COLUMNS = tuple(field.name for field in fields(Entry))
"""Names of the columns, in CSV and Parquet alike."""


def as_row(entry: Entry) -> dict[str, Any]:
    """The entry as one row: numbers as numbers, everything else as text; groups and lists as JSON text."""
    row: dict[str, Any] = {}
    for name in COLUMNS:
        value = getattr(entry, name)
        if value is not None and name not in _WHOLE | _REAL and not isinstance(value, str):
            value = json.dumps(value, ensure_ascii=False, default=str)
        row[name] = plain(value) if isinstance(value, str) else value
    return row


def to_csv(entries: Sequence[Entry]) -> bytes:
    """CSV in UTF-8 with a byte order mark, as spreadsheets want it.

    A text that a spreadsheet would take for a formula (it begins with = + - @, their full-width forms, a tab or a line
    break) gets an apostrophe in front. Numbers stay numbers, to the last digit.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for entry in entries:
        writer.writerow(
            [harmless(value) if isinstance(value, str) else _number(value) for value in as_row(entry).values()]
        )
    return text.getvalue().encode("utf-8-sig")


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text


def to_parquet(entries: Sequence[Entry]) -> bytes:
    """Parquet with one column for each field of an entry; texts exactly as they are."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    types = {name: pa.int64() if name in _WHOLE else pa.float64() if name in _REAL else pa.string() for name in COLUMNS}
    schema = pa.schema(list(types.items()))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist([as_row(entry) for entry in entries], schema=schema), sink, compression="zstd")
    return bytes(sink.getvalue())


def to_json(value: Any) -> bytes:
    """JSON as people and machines read it; never NaN."""
    text = json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False, default=str)
    # A lone surrogate (a file name that is not UTF-8) becomes its JSON escape.
    return text.encode("utf-8", "backslashreplace") + b"\n"


def _number(value: float | int | None) -> str:
    return "" if value is None else repr(value)
