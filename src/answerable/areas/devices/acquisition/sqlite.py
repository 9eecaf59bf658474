"""Hostile SQLite databases to Arrow: read-only, bounded, nothing written beside them, no row lost without a word.

A database of evidence is opened `immutable`, so that SQLite makes no file beside it. Where a write-ahead log or a hot
rollback journal stands beside it, both are copied to a scratch folder, settled there, and the copy is opened.

Rows are read in one of two ways. A plain table (`Database.rows`) is taken apart page by page in `sqlite_pages` and
`sqlite_records`: a damaged page loses its own rows only. What needs SQL (`Database.batches`), or that those cannot read
(text in UTF-16, tables without row numbers), goes through the standard library's sqlite3, row by row: what was read
before the damage is delivered. Either way EvidenceError then says that rows are missing.
"""

from __future__ import annotations

import re
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.acquisition.settled import REFUSALS, cut_short, guard, settled
from answerable.areas.devices.acquisition.sqlite_pages import Pages, TableTree
from answerable.areas.devices.acquisition.sqlite_records import ROWID, Column, read_records
from answerable.areas.devices.acquisition.sqlite_schema import literal, quoted, read_schema, text_of
from answerable.areas.devices.acquisition.sqlite_types import arrow_schema, arrow_type, typed
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST_FILE = 16 << 30
MOST_COLLATIONS = 50
BATCH_ROWS = 65_536
BATCH_BYTES = 128 << 20
SMALLEST_ROW = 4  # bytes: a pointer and the shortest cell; a file has no room for more rows than its size allows

UNKNOWN_COLLATION = re.compile("no such collation sequence: (.*)")
PRAGMAS = ("trusted_schema=OFF", "cell_size_check=ON", "query_only=ON", "ignore_check_constraints=ON")

_DAMAGE: dict[tuple[str, int, int], dict[str, str]] = {}
_MOST_KNOWN = 64


class Database:
    """An opened database of evidence.

    Attributes:
        tables: ordinary tables -> names of their columns, as the file spells them. Views, virtual tables and tables
            with generated columns are not among them: reading those would run what the evidence says.
        notes: what was done so that it could be read (a log applied, a journal rolled back), as sentences.
        misfits: "table.column" (first table that was read, result column) -> values that are not of the column's type:
            numbers that did not fit and became null, text with bytes that are not UTF-8 (replaced by U+FFFD), blobs
            where text is expected (read as text).
    """

    def __init__(self, name: Path, source: Path, notes: list[str], connection: sqlite3.Connection) -> None:
        self.name, self.notes = name, notes
        self.misfits: dict[str, int] = Counter()
        self._source, self._connection = source, connection
        self._size = source.stat().st_size
        self._damage = self._damage_known(name, source)
        self.tables, self._refused = read_schema(connection, name)

    def has(self, table: str, *columns: str) -> bool:
        """Whether an ordinary table of this name, with all these columns, is there (case is ignored, as in SQL)."""
        names = {name.casefold(): held for name, held in self.tables.items()}.get(table.casefold())
        return names is not None and {column.casefold() for column in columns} <= {name.casefold() for name in names}

    def batches(self, sql: str, types: Mapping[str, str], *, reads: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Rows of one statement, in batches of at most 65,536 rows and about 128 MiB.

        Args:
            sql: a SELECT of ours, never from evidence. Every table in it is named `t NOT INDEXED`: an index of a
                hostile file may lack rows that its table has. Join on `rowid` only, which costs a look-up for each row;
                any other join belongs into the engine, and is refused: it would compare every row with every other.
            types: result column -> "int64", "float64", "string" or "binary"; columns not named are left out.
            reads: the tables that sql names; the first one names the misfits.

        Raises:
            EvidenceError: a table is missing or not an ordinary one, a column is missing, or the file is damaged: the
                rows that could be read came before, and the message says how many.
        """
        if len(re.findall(r"\bNOT\s+INDEXED\b", sql, re.IGNORECASE)) < len(reads):
            raise ValueError(f"every table of this statement must be followed by NOT INDEXED: {sql}")
        for table in reads:
            self._require(table)
        damage = "; ".join(filter(None, map(self._damage_of, reads)))
        rows = 0
        try:
            self._refuse_products(sql, reads)
            for batch in self._by_row(sql, types, reads[0]):
                rows += batch.num_rows
                yield batch
        except REFUSALS as error:
            if not damage and _said(error).startswith(("no such", "ambiguous")):
                mend = "The app's version may name it otherwise."
                raise self._error(f"The table {reads[0]!r} cannot be read: {_said(error)}.", mend) from error
            damage = damage or _said(error)
        if damage:
            raise self._damaged(reads[0], damage, rows)

    def rows(
        self, table: str, types: Mapping[str, str], columns: Mapping[str, str] | None = None, *,
        needed: Sequence[str] = (), unless: Mapping[str, str] | None = None,
    ) -> Iterator[pa.RecordBatch]:  # fmt: skip
        """All rows of one table, in the order of their row numbers, in batches of about 65,536 rows and up to 128 MiB.

        Args:
            table: an ordinary table.
            types: result column -> "int64", "float64", "string" or "binary".
            columns: result column -> column of the table, where that is named otherwise; "rowid" is the row number. One
                that the table does not have is null.
            needed: result columns without which the table is not what it should be.
            unless: result column -> another one: it is left out, as null, where that one has text.

        Raises:
            EvidenceError: the table is missing or not an ordinary one, a needed column is missing, or pages are
                damaged: the rows of all others came before, and the message says how many.
        """
        self._require(table)
        sources = {name: (columns or {}).get(name, name) for name in types}
        for name in needed:
            if not self._is_row_number(table, sources[name]) and not self.has(table, sources[name]):
                raise self._error(
                    f"The table {table!r} cannot be read: no such column: {sources[name]}.",
                    "The app's version may name it otherwise.",
                )
        with self._source.open("rb") as file:
            pages = Pages(file.fileno(), file.read(100))
            wanted, root = self._columns(table, types, sources, unless or {})
            tree = TableTree(pages, root)
            if wanted is None or not pages.utf8 or not tree.holds_rows():
                yield from self.batches(self._plain(table, sources), types, reads=[table])
                return
            counted: dict[str, int] = {}
            rows = 0
            for batch in read_records(tree, wanted, counted):
                rows += batch.num_rows
                yield _all_columns(batch, types)
        for name, count in counted.items():
            self.misfits[f"{table}.{name}"] += count
        damage = self._damage[table] = tree.damage or cut_short(self._source).lower().rstrip(".")
        if damage:
            raise self._damaged(table, damage, rows)

    def _plain(self, table: str, sources: Mapping[str, str]) -> str:
        columns = ", ".join(
            f"{'rowid' if self._is_row_number(table, column) else quoted(column)} AS {quoted(name)}"
            if self._is_row_number(table, column) or self.has(table, column)
            else f"NULL AS {quoted(name)}"
            for name, column in sources.items()
        )
        return f"SELECT {columns} FROM {quoted(table)} NOT INDEXED"

    def _is_row_number(self, table: str, column: str) -> bool:
        return column.casefold() == "rowid" and not self.has(table, column)

    def _columns(
        self, table: str, types: Mapping[str, str], sources: Mapping[str, str], unless: Mapping[str, str]
    ) -> tuple[list[Column] | None, int]:
        """Where the wanted columns stand in a record, and the table's first page; None where only SQLite can tell."""
        found = self._execute(f"PRAGMA table_xinfo({quoted(table)})").fetchall()
        held = {
            text_of(name).casefold(): (place, text_of(kind).upper(), default)
            for place, name, kind, _, default, *_ in found
        }
        keys = [text_of(name).casefold() for _, name, _, _, _, key, *_ in found if key]
        root = self._execute(
            "SELECT rootpage FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(?)", (table,)
        ).fetchall()
        if len(root) != 1 or not isinstance(root[0][0], int):
            return None, 0
        # A sole key of type INTEGER is the row number, and stored as null, unless SQLite made an index for it.
        made = {origin for _, _, _, origin, _ in self._execute(f"PRAGMA index_list({quoted(table)})").fetchall()}
        stands_for_row = len(keys) == 1 and held[keys[0]][1] == "INTEGER" and b"pk" not in made
        wanted = []
        for name, kind in types.items():
            column = sources[name].casefold()
            if self._is_row_number(table, column) or (stands_for_row and column == keys[0]):
                wanted.append(Column(name, ROWID, kind))
            elif column in held:
                place, declared, default = held[column]
                try:
                    value = literal(text_of(default))
                except ValueError:
                    return None, root[0][0]
                wanted.append(Column(name, place, kind, _is_real(declared), value, unless.get(name, "")))
        return wanted, root[0][0]

    def _damaged(self, table: str, damage: str, rows: int) -> EvidenceError:
        return self._error(
            f"The table {table!r} is damaged ({damage}); {rows:,} rows could be read, others may be missing.",
            "Acquire the file again, or take what is there as incomplete.",
        )

    def _require(self, table: str) -> None:
        if self.has(table):
            return
        reason = {name.casefold(): reason for name, reason in self._refused.items()}.get(table.casefold())
        if reason:
            raise self._error(f"{table!r} {reason}; it is not read.", "It would run what the evidence says.")
        cut = cut_short(self._source)  # the schema itself may be among what is missing
        raise self._error(f"It has no table {table!r}. {cut}".rstrip(), "The app's version may name it otherwise.")

    def _error(self, problem: str, mend: str) -> EvidenceError:
        return EvidenceError(problem, file=self.name, mend=mend)

    def _refuse_products(self, sql: str, reads: Sequence[str]) -> None:
        """Refuses a join that would compare every row with every other, for want of a key that the file should have."""
        plan = self._execute(f"EXPLAIN QUERY PLAN {sql}").fetchall()
        scans = Counter(parent for _, parent, _, detail in plan if text_of(detail).startswith("SCAN"))
        if max(scans.values(), default=0) > 1:
            raise self._error(
                f"Tables {', '.join(map(repr, reads))} cannot be joined: the key of one is not its row number.",
                "It is not the schema that the app makes.",
            )

    def _damage_of(self, table: str) -> str:
        """What speaks against a table's pages; empty when they are whole. Its rows' values are not judged."""
        if table not in self._damage:
            told = self._checked(table)
            pages = [line.partition("\n")[2].partition("\n")[0] for line in told if line.startswith("*** in database")]
            self._damage[table] = pages[0] if pages else cut_short(self._source).lower().rstrip(".")
        return self._damage[table]

    @staticmethod
    def _damage_known(name: Path, source: Path) -> dict[str, str]:
        """What was found of the tables of a file of evidence before: several artefacts are read from one file."""
        if name != source:  # a copy in the scratch folder
            return {}
        stat = source.stat()
        _DAMAGE.setdefault(identity := (str(source), stat.st_size, stat.st_mtime_ns), {})
        while len(_DAMAGE) > _MOST_KNOWN:
            _DAMAGE.pop(next(iter(_DAMAGE)))
        return _DAMAGE[identity]

    def _checked(self, table: str) -> list[str]:
        try:
            return [text_of(row[0]) for row in self._execute(f"PRAGMA quick_check({quoted(table)})")]
        except REFUSALS as error:
            if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_ERROR:  # the check itself could not be made
                self.notes.append(f"The pages of {table!r} could not be checked: {error}.")
                return []
            return [f"*** in database main ***\n{error}"]

    def _execute(self, statement: str, values: Sequence[Any] = ()) -> sqlite3.Cursor:
        """Executes with sqlite3, which is told of each order (collation) of the phone's own that it does not know."""
        for _ in range(MOST_COLLATIONS):
            try:
                return self._connection.execute(statement, values)
            except sqlite3.OperationalError as error:
                if not (unknown := UNKNOWN_COLLATION.search(str(error))):
                    raise
                self._connection.create_collation(unknown[1], lambda one, two: (one > two) - (one < two))
        raise self._error(f"It has more than {MOST_COLLATIONS} collations of its own.", "No app has so many.")

    def _utf8(self, values: Sequence[bytes | None], misfits: Any, column: str) -> pa.Array:
        """Text of bytes; what is not UTF-8 is replaced and counted, unless it was counted already."""
        import pyarrow as pa

        texts: list[str | None] = []
        for value, misfit in zip(values, misfits.tolist(), strict=True):
            text = None if value is None else value.decode(errors="replace")
            if text and "\ufffd" in text and text.encode() != value and not misfit:
                self.misfits[column] += 1
            texts.append(text)
        return pa.array(texts, pa.string())

    def _count(self, masks: Any, types: Mapping[str, str], table: str) -> None:
        import numpy

        for place, name in enumerate(types):
            if found := int(numpy.count_nonzero(masks & (1 << place))):
                self.misfits[f"{table}.{name}"] += found

    def _by_row(self, sql: str, types: Mapping[str, str], table: str) -> Iterator[pa.RecordBatch]:
        """Reads with sqlite3, which tells every row before the damaged one, and holds no more than a batch of bytes.

        A damaged file can lead to the same pages for ever: more rows or bytes than it has room for end the reading.
        """
        rows: list[tuple[Any, ...]] = []
        held = all_rows = all_bytes = 0
        with closing(self._execute(typed(sql, types))) as cursor:
            try:
                for row in cursor:
                    size = sum(len(value) for value in row if isinstance(value, bytes))
                    rows.append(row)
                    held, all_rows, all_bytes = held + size, all_rows + 1, all_bytes + size
                    if all_rows * SMALLEST_ROW > self._size or all_bytes > 4 * self._size:
                        raise sqlite3.DatabaseError("it leads to the same pages again and again")
                    if len(rows) >= BATCH_ROWS or held >= BATCH_BYTES:
                        yield self._batch(rows, types, table)
                        rows, held = [], 0
            except REFUSALS:
                if rows:
                    yield self._batch(rows, types, table)
                raise
        if rows:
            yield self._batch(rows, types, table)

    def _batch(self, rows: list[tuple[Any, ...]], types: Mapping[str, str], table: str) -> pa.RecordBatch:
        import numpy
        import pyarrow as pa

        *values, masks = zip(*rows, strict=True)
        bits = numpy.array(masks, dtype=numpy.int64)
        self._count(bits, types, table)
        schema = arrow_schema(types)
        columns = [
            self._utf8(column, bits & (1 << place), f"{table}.{field.name}")
            if field.type == pa.string()
            else pa.array(column, field.type)
            for place, (column, field) in enumerate(zip(values, schema, strict=True))
        ]
        return pa.record_batch(columns, schema=schema)


@contextmanager
def open_database(
    path: Path, scratch: Path, *, wal: Path | None = None, limit: int = LARGEST_FILE
) -> Iterator[Database]:
    """Opens a database of evidence for reading; nothing is written beside it.

    Args:
        path: the database.
        scratch: an existing folder outside the evidence, for a copy where a log or a journal must be settled; the copy
            is erased at the end.
        wal: its write-ahead log, where that has another name (in a backup); else the file `path-wal`, if there.
        limit: the largest file, bytes.

    Raises:
        EvidenceError: it is no SQLite file, encrypted, empty, too large, or its schema cannot be read.
    """
    notes: list[str] = []
    with ExitStack() as stack:
        source = settled(path, scratch, wal, limit, notes, stack)
        try:
            connection = stack.enter_context(closing(_connected(source, notes)))
            database = Database(path, source, notes, connection)
        except REFUSALS as error:
            raise EvidenceError(
                f"SQLite cannot read it: {error}.", file=path, mend="It may be damaged or encrypted: acquire it again."
            ) from error
        yield database


def _connected(source: Path, notes: list[str]) -> sqlite3.Connection:
    """A read-only connection with limits, that tells text as bytes."""
    connection = sqlite3.connect(_uri(source), uri=True, isolation_level=None, check_same_thread=False)
    connection.text_factory = bytes
    guard(connection)
    if cut := cut_short(source):
        notes.append(cut)
        connection.execute("PRAGMA writable_schema=ON")  # else SQLite refuses a file shorter than its header says
    for pragma in PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _is_real(declared: str) -> bool:
    """Whether SQLite makes real numbers of whole ones in a column of this declared type (datatype3, section 3.1)."""
    if any(word in declared for word in ("INT", "CHAR", "CLOB", "TEXT", "BLOB")):
        return False
    return any(word in declared for word in ("REAL", "FLOA", "DOUB"))


def _all_columns(batch: pa.RecordBatch, types: Mapping[str, str]) -> pa.RecordBatch:
    """The batch with columns of nulls for those that the table does not have."""
    import pyarrow as pa

    held = set(batch.schema.names)
    columns = [
        batch.column(name) if name in held else pa.nulls(batch.num_rows, arrow_type(kind))
        for name, kind in types.items()
    ]
    return pa.RecordBatch.from_arrays(columns, schema=arrow_schema(types))


def _said(error: BaseException) -> str:
    """What SQLite said, without the words that its drivers put around it."""
    return re.sub(
        r"^[A-Z_]+: |\[SQLite\] |Failed to (prepare|execute|step) query: |\n.*$", "", str(error), flags=re.DOTALL
    )


def _uri(path: Path) -> str:
    return f"{path.absolute().as_uri()}?immutable=1&mode=ro"
