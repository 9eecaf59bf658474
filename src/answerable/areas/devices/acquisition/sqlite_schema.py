"""What a hostile SQLite database says it holds, and which of that are ordinary tables, that run nothing when read."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path

from answerable.errors import EvidenceError

MOST_SCHEMA_ROWS = 20_000
CREATE_TABLE = re.compile(
    r"""\s*CREATE\s+TABLE\s+(?:"((?:[^"]|"")*)"|`((?:[^`]|``)*)`|'((?:[^']|'')*)'|\[([^\]]*)\]|([^\s("'`\[]+))""",
    re.IGNORECASE,
)


def read_schema(connection: sqlite3.Connection, name: Path) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """Ordinary tables with their columns, and what else could be taken for a table, with why it is not read."""
    tables: dict[str, tuple[str, ...]] = {}
    refused: dict[str, str] = {}
    entries = connection.execute(f"SELECT name, sql, type FROM sqlite_master LIMIT {MOST_SCHEMA_ROWS + 1}").fetchall()
    if len(entries) > MOST_SCHEMA_ROWS:
        raise EvidenceError(
            f"Its schema has more than {MOST_SCHEMA_ROWS:,} entries.", file=name, mend="No app makes so many."
        )
    for entry, sql, kind in entries:
        label = text_of(entry)
        if text_of(kind) == "view":
            refused[label] = "is a view, not a table"
        elif text_of(kind) == "table":
            # The statement decides what SQLite makes of an entry, whatever the entry calls itself.
            made = CREATE_TABLE.match(text_of(sql))
            if made is None or _unquoted(made).casefold() != label.casefold():
                refused[label] = "is a virtual table or not what its name says"
                continue
            columns = connection.execute(f"PRAGMA table_xinfo({quoted(label)})").fetchall()
            if any(hidden for *_, hidden in columns):
                refused[label] = "has generated columns"
            else:
                tables[label] = tuple(text_of(column[1]) for column in columns)
    connection.set_progress_handler(None, 0)
    return tables, refused


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def _unquoted(made: re.Match[str]) -> str:
    quote = {1: '"', 2: "`", 3: "'"}.get(made.lastindex or 0, "")
    name = str(made[made.lastindex or 0])
    return name.replace(quote * 2, quote) if quote else name


def text_of(value: object) -> str:
    """Text that SQLite told as bytes; empty for null."""
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value or "")


_NUMBER = re.compile(r"[+-]?(?:\d+|(?:\d+\.\d*|\.\d+|\d+)(?:[eE][+-]?\d+)?)")
_WORDS = re.compile(r"'(?:[^']|'')*'")
_BYTES = re.compile(r"[xX]'((?:[0-9A-Fa-f]{2})*)'")
_NOTHING = re.compile(r"|NULL|CURRENT_(?:TIME|DATE|TIMESTAMP)", re.IGNORECASE)


def literal(default: str) -> int | float | str | bytes | None:
    """The value that rows from before a column have by its DEFAULT clause.

    None where the clause says NULL or the time of the row: SQLite adds no column with such a clause to a table.

    Raises:
        ValueError: it is none of the forms that apps use.
    """
    text = default.strip()
    if _NOTHING.fullmatch(text):
        return None
    if _WORDS.fullmatch(text):
        return text[1:-1].replace("''", "'")
    if held := _BYTES.fullmatch(text):
        return bytes.fromhex(held[1])
    if text.upper() in ("TRUE", "FALSE"):
        return int(text.upper() == "TRUE")
    if _NUMBER.fullmatch(text):
        return int(text) if text.lstrip("+-").isdecimal() else float(text)
    raise ValueError(text)
