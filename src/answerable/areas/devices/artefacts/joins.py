"""Rows of a table with what others say of them, and texts of several columns as one.

Both tables are read once, and the second is looked up in memory; where it is too large for that, SQLite joins them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from answerable.areas.devices.acquisition.sqlite_types import arrow_schema
from answerable.areas.devices.artefacts import lookup
from answerable.areas.devices.artefacts.reading import joined, selected, with_columns
from answerable.areas.devices.hosts import url_hosts
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.sqlite import Database
    from answerable.areas.devices.artefacts.source import Source


class Other:
    """Columns of a table that other tables name by its row numbers.

    Where it is damaged, what could be read of it counts, and a gap says so: the rows that name it are not lost.

    Args:
        source: the file, for the gap.
        database: the same, opened.
        table, types, columns, needed: as for `Database.rows`. A column `url` comes with its `host`.
    """

    def __init__(
        self, source: Source, database: Database, table: str, types: Mapping[str, str],
        columns: Mapping[str, str] | None = None, *, needed: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.table, self.types, self.needed = table, types, needed
        self.columns = {name: (columns or {}).get(name, name) for name in types}
        self._source, self._database = source, database
        self._known: lookup.Lookup | None = None
        self._read = False

    def known(self) -> lookup.Lookup | None:
        """The rows by their numbers, each host found once; None where they are too many to be held.

        Raises:
            EvidenceError: the table is missing or not an ordinary one, or a needed column is missing.
        """
        if not self._read:
            self._known, self._read = self._held(), True
        return self._known

    def _held(self) -> lookup.Lookup | None:
        try:
            found = lookup.Lookup(self._rows(), _KEY)
        except _TooMany:
            return None
        if "url" in self.types:
            found.add("host", lambda piece: url_hosts(piece["url"]).dictionary_encode())
        return found

    def _rows(self) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        types = {_KEY: "int64", **self.types}
        columns = {_KEY: "rowid", **self.columns}
        yield pa.RecordBatch.from_pylist([], schema=arrow_schema(types))
        rows = held = 0
        try:
            for batch in self._database.rows(self.table, types, columns, needed=self.needed):
                rows, held = rows + batch.num_rows, held + batch.nbytes
                if rows > lookup.LARGEST_ROWS or held > lookup.LARGEST_BYTES:
                    raise _TooMany
                yield batch
        except EvidenceError as error:
            if not self._database.has(self.table, *(self.columns[name] for name in self.needed)):
                raise
            self._source.gaps.append(f"what other rows name cannot be read whole: {error.problem}")


class _TooMany(Exception):
    """The rows are more than can be held."""


_KEY = "number of the row"


def rows_with(
    database: Database, table: str, types: Mapping[str, str], columns: Mapping[str, str],
    others: Mapping[str, Other], *, needed: Sequence[str] = (),
) -> Iterator[pa.RecordBatch]:  # fmt: skip
    """All rows of a table with the columns of others, null where there is no such row.

    Args:
        database: where they are read.
        table: the table.
        types: its result columns, as for `Database.rows`.
        columns: as for `Database.rows`.
        others: result column that has the row number -> the table that it is of.
        needed: as for `Database.rows`.

    Raises:
        EvidenceError: as for `Database.rows`, and where another table, or a needed column of it, is missing.
    """
    # Without the first table the others are not asked: it is the one to be named as missing.
    if not database.has(table) or all(other.known() is not None for other in others.values()):
        for batch in database.rows(table, types, columns, needed=needed):
            found: dict[str, pa.Array] = {}
            for name, other in others.items():
                if known := other.known():
                    found |= known.of(batch.column(name))
            yield with_columns(batch, **found)
        return
    all_types = dict(types)
    parts = [selected(database, table, "this", {name: columns.get(name, name) for name in types}, needed)]
    clauses = ""
    for place, (name, other) in enumerate(others.items()):
        alias = f"other{place}"
        all_types |= other.types
        parts.append(selected(database, other.table, alias, other.columns, other.needed))
        clauses += joined(other.table, alias, f"this.{columns.get(name, name)}")
    sql = f"SELECT {', '.join(parts)} FROM {table} this NOT INDEXED{clauses}"
    yield from database.batches(sql, all_types, reads=[table, *(other.table for other in others.values())])


def spaced(texts: Sequence[pa.Array]) -> pa.Array:
    """The texts of several columns with one space between them; null where all are null or empty."""
    import pyarrow as pa
    import pyarrow.compute as pc

    nothing = pa.scalar(None, pa.string())
    # Arrow's own way to pass over nulls (null_handling="skip") loses rows that have nothing else.
    parts = [pc.binary_join_element_wise("", pc.if_else(pc.equal(text, ""), nothing, text), " ") for text in texts]
    whole = pc.binary_join_element_wise(*(part.fill_null("") for part in parts), "")
    whole = pc.utf8_trim(whole, characters=" ")
    return pc.if_else(pc.equal(whole, ""), nothing, whole)
