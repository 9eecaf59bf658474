"""How the tables of a phone are declared: each with the place of its rows, and their time."""

from __future__ import annotations

from answerable.core.table import Column, ColumnType, Table

PHONE = "phone"
"""The kind of exhibit that holds these tables: a backup, a dump, an archive of logs."""

PLACE = {
    "device": Column("string", "the phone, by the name of its acquisition"),
    "exhibit": Column("string", "SHA-256 of the file that holds the row, as it lies in the acquisition"),
    "artefact": Column("string", "path of that file in the acquisition"),
    "source": Column("string", "what kind of artefact it is, as safari_history"),
    "table": Column("string", "table or section within the file; empty where it has none"),
    "row": Column("string", "primary key of the row in its source, or the number of the entry or line, from 1"),
    "time": Column("timestamp", "when it happened", "UTC"),
    "time_raw": Column("string", "the same as the evidence has it"),
    "time_unit": Column("string", "unit and origin of time_raw, as seconds since 2001-01-01 UTC"),
}
"""Where a row stands, and when; the same in every table of a phone."""

_TYPES: dict[str, ColumnType] = {
    "n": "int64", "x": "float64", "?": "boolean", "t": "timestamp"
}  # fmt: skip


def phone_table(name: str, meaning: str, /, **columns: str) -> Table:
    """A table of a phone: texts, unless a column's meaning begins with n: (whole number), x: (number), ?: or t:."""
    declared = dict(PLACE)
    for column, text in columns.items():
        kind, _, rest = text.partition(": ") if text[1:3] == ": " else ("", "", text)
        declared[column] = Column(_TYPES.get(kind, "string"), rest, "UTC" if kind == "t" else "")
    return Table(name=name, meaning=meaning, columns=declared, exhibit=PHONE)
