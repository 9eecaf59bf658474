"""Files of tabular evidence, opened for reading only: their format, their columns, and their rows on the engine.

Text, spreadsheets and JSON lines are parsed once into a derived table of text columns (`store`); Parquet is read in
place. Columns are known by position inside, so that names of the evidence cannot collide on their way through SQL.
"""

from __future__ import annotations

import hashlib
import json
import re
import stat
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from answerable.core.words import count_text
from answerable.errors import EvidenceError, MappingError, ParameterError, nearest
from answerable.tabular import lines, sheets, text
from answerable.tabular.dialect import find_dialect
from answerable.tabular.store import Derived, Parsed, Parser, derive

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.engine import Engine
    from answerable.core.table import Refusal

READER_VERSION = 1
"""Raised when the same bytes would be parsed to other rows, so that derived tables are made anew."""
_ROW = "answerable row"
_JSON_OBJECT = re.compile(rb'\{\s*("(?:[^"\\]|\\.)*"\s*:|\})')
_REFUSED = {
    b"\x1f\x8b": ("is compressed (gzip)", "Unpack it first."),
    b"BZh": ("is compressed (bzip2)", "Unpack it first."),
    b"\x28\xb5\x2f\xfd": ("is compressed (zstd)", "Unpack it first."),
    b"SQLite format 3\0": ("is an SQLite database", "Export the table as CSV."),
    b"%PDF-": ("is a PDF", "Ask for the data themselves, as a spreadsheet or CSV."),
    b"\x89HDF": ("is an HDF5 file", "Export the table as CSV or Parquet."),
    b"ARROW1": ("is an Arrow file", "Export the table as Parquet or CSV."),
    b"PARE": ("is an encrypted Parquet file", "Ask for it unencrypted."),
    b"$FL2": ("is an SPSS file", "Export the table as CSV."),
    b"<stata_dta>": ("is a Stata file", "Export the table as CSV."),
}


class FileWords(TypedDict, total=False):
    """What every reader of a file of tabular evidence is told in the same words.

    Args:
        sheet: name of the sheet, where the file is a spreadsheet.
        encoding: of a text file, where it is not UTF-8, as cp1252.
        delimiter: of a text file, where its first rows do not show it.
        refused_at_most: how many rows may be left out, and counted, because they cannot be read; none by default.
    """

    sheet: str | None
    encoding: str | None
    delimiter: str | None
    refused_at_most: int


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of an exhibit on the engine: `row`, and the columns that were asked for, as c1, c2, ...; their account.

    `count` counts every row, those refused too; None where only a query would tell.
    """

    table: ir.Table
    count: int | None = None
    refused: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    nested: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RawTable:
    """An opened file of tabular evidence.

    Args:
        path: the file.
        digest: gives its SHA-256; of a large Parquet file it is worked out beside the reading.
        header: names of the columns, as the file has them.
        format: the format in words.
        open_rows: gives the rows, with columns by position (from 0).
    """

    path: Path
    digest: Callable[[], str]
    header: tuple[str, ...]
    format: str
    open_rows: Callable[[Sequence[int]], Rows]

    @property
    def sha256(self) -> str:
        """Its SHA-256."""
        return self.digest()

    def column(self, name: str) -> int:
        """Position (from 0) of a column by its exact name, or as "#3" for the third.

        Raises:
            MappingError: there is none (the nearest are offered), or several that the name could mean.
        """
        exact = [at for at, known in enumerate(self.header) if known == name]
        alike = [at for at, known in enumerate(self.header) if known.casefold() == name.casefold()]
        if exact and len(alike) > 1:
            which = ", ".join(f"#{at + 1} ({self.header[at]!r})" for at in alike)
            why = "that name more than once" if len(exact) > 1 else "names that differ by case only"
            raise MappingError(
                f"{self.path.name}: which column is {name!r}? The file has {why}: {which}. "
                f"Say it by its place, as #{exact[0] + 1}."
            )
        if exact:
            return exact[0]
        if name.startswith("#") and name[1:].isdecimal() and 0 < int(name[1:]) <= len(self.header):
            return int(name[1:]) - 1
        raise MappingError(f"{self.path.name} has no column {name!r}. {nearest(name, self.header)}".rstrip())

    def rows(self, positions: Sequence[int] | None = None) -> Rows:
        """The rows with the columns at these positions; all where none are said.

        Raises:
            EvidenceError: rows cannot be taken, and no more than `refused_at_most` of them were to be left out.
        """
        return self.open_rows(sorted(set(range(len(self.header)) if positions is None else positions)))


def open_table(
    engine: Engine,
    path: Path,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    refused_at_most: int = 0,
    work: Path | None = None,
) -> RawTable:
    """Open a file of tabular evidence for reading; its format is told from its bytes.

    Args:
        engine: what the rows are read on.
        path: the file: CSV or other delimited text, a spreadsheet, JSON lines, Parquet.
        sheet: name of the sheet of a spreadsheet.
        encoding: of a text file; by default UTF-8, or what its byte-order mark says.
        delimiter: of a text file; by default what divides its first rows evenly.
        refused_at_most: how many rows may be left out, and counted, because they cannot be taken.
        work: folder for derived tables, where they are found again; by default the engine's, which passes away with it.

    Raises:
        EvidenceError: the file is missing, empty, of no known format, or damaged.
        MappingError: the sheet is not there, or has to be chosen.
        ParameterError: a word that does not go with the format.
    """
    path = Path(path)
    head = _head(path)
    kind = _kind(path, head)
    _check_words(path, kind, sheet=sheet, encoding=encoding, delimiter=delimiter)
    state = _state(path)
    if kind == "parquet":
        return _open_parquet(engine, path, _digest_beside(path))
    digest = _digest(path)

    def derived(parser: Parser, key: Sequence[object], wanted: Sequence[int] = (), width: int = 0) -> Derived:
        stem = hashlib.sha256(json.dumps([READER_VERSION, digest, kind, *key]).encode()).hexdigest()[:32]
        made = derive(work or engine.folder, stem, parser, wanted, width)
        if _state(path) != state:
            made.path.unlink()
            raise EvidenceError("the file changed while it was read.", file=path, mend="Read it when it is at rest.")
        _check_refused(path, made.parsed, refused_at_most)
        return made

    if kind == "text":
        dialect, header = find_dialect(path, encoding, delimiter)
        parser, key = partial(text.batches, path, dialect, header), [dialect.encoding, dialect.delimiter, dialect.skip]

        def rows(wanted: Sequence[int]) -> Rows:
            return _rows(engine, derived(parser, key, wanted, len(header)))

        return RawTable(path, lambda: digest, tuple(header), dialect.text, rows)
    sheet_or_lines = partial(sheets.batches, path, sheet) if kind == "spreadsheet" else partial(lines.batches, path)
    made = derived(sheet_or_lines, [sheet])
    names = tuple(made.parsed.header)
    return RawTable(path, lambda: digest, names, made.parsed.format, lambda _wanted: _rows(engine, made))


def _rows(engine: Engine, derived: Derived) -> Rows:
    parsed = derived.parsed
    return Rows(engine.parquet(derived.path), parsed.rows, parsed.refused, tuple(parsed.notes), parsed.nested)


def _open_parquet(engine: Engine, path: Path, digest: Callable[[], str]) -> RawTable:
    table = engine.parquet(path, row=_ROW)
    names = table.columns[:-1]

    def rows(wanted: Sequence[int]) -> Rows:
        chosen = {f"c{position + 1}": table[names[position]] for position in wanted}
        return Rows(table.select(row=table[_ROW], **chosen))

    return RawTable(path, digest, _exact(path, names), "Parquet", rows)


def _exact(path: Path, names: Sequence[str]) -> tuple[str, ...]:
    """The names as the file has them. DuckDB renames those that another differs from by case only: n, N to n, N_1."""
    folded = {name.casefold() for name in names}
    if any(re.sub(r"(_\d+)+$", "", name) in folded - {name} for name in folded):
        import pyarrow.parquet as pq

        return tuple(pq.read_schema(path).names)
    return tuple(names)


def _state(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_size, status.st_mtime_ns


def _check_refused(path: Path, parsed: Parsed, at_most: int) -> None:
    count = sum(refusal.count for refusal in parsed.refused)
    if count > at_most:
        first = parsed.refused[0]
        mend = parsed.refusals[first.reason][2] or "Ask for the file again, or have it exported anew."
        reasons = "; ".join(_refusal_text(refusal) for refusal in parsed.refused)
        raise EvidenceError(
            f"{count_text(count, 'row')} of {parsed.rows:,} cannot be taken: {reasons}.",
            file=path,
            row=first.rows[0],
            mend=f"{mend} To leave them out and have them counted: "
            f"refused_at_most={count} (--refused-at-most {count}).",
        )
    if not parsed.rows:
        raise EvidenceError("the file holds a header and no rows.", file=path, mend="Ask for the file again.")
    if parsed.rows == count:
        raise EvidenceError(
            "no row of the file can be taken.", file=path, mend="Is the delimiter right? Say delimiter=..."
        )


def _refusal_text(refusal: Refusal) -> str:
    rows = ", ".join(f"{row:,}" for row in refusal.rows) + (", ..." if refusal.count > len(refusal.rows) else "")
    return f"{refusal.count:,} with {refusal.reason} (row{'s' if refusal.count > 1 else ''} {rows})"


def _head(path: Path) -> bytes:
    """The first bytes of a regular file that is not empty."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            what = "a folder" if path.is_dir() else "a device or another special file"
            raise EvidenceError(f"this is {what}, not a file.", file=path, mend="Name a file of evidence.")
        with path.open("rb") as file:
            head = file.read(4096)
    except FileNotFoundError as error:
        near = ""
        with suppress(OSError):
            near = nearest(path.name, [other.name for other in path.parent.iterdir()])
        raise EvidenceError("there is no such file.", file=path, mend=near) from error
    except OSError as error:
        raise EvidenceError(
            f"it cannot be opened ({error.strerror}).", file=path, mend="Check that you may read it."
        ) from error
    if not head:
        raise EvidenceError("the file is empty.", file=path, mend="Ask for the file again.")
    return head


def _kind(path: Path, head: bytes) -> str:
    """What a file is, from its first bytes: "parquet", "spreadsheet", "lines" or "text"."""
    # A column may be called PARENT: a mark of letters counts only where bytes follow that no text has.
    binary = re.search(rb"[\0-\x08\x0e-\x1a\x1c-\x1f]", head) is not None
    for mark, (what, mend) in _REFUSED.items():
        if head.startswith(mark) and (binary or len(mark) > 4):
            raise EvidenceError(f"this {what}, not a table.", file=path, mend=mend)
    if head.startswith(b"PAR1") and binary:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 4))
            if file.read() != b"PAR1" or path.stat().st_size < 12:
                raise EvidenceError(
                    "this Parquet file is cut off: its end is missing.", file=path, mend="Ask for the file again."
                )
        return "parquet"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0")):
        return "spreadsheet"
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if _JSON_OBJECT.match(start) or (start[:1] == b"{" and path.suffix.lower() in {".jsonl", ".ndjson", ".json"}):
        return "lines"
    if start[:1] == b"[" and path.suffix.lower() == ".json":
        raise EvidenceError(
            "this is one JSON array.", file=path, mend="Have it exported as JSON lines: one object a line."
        )
    if start[:15].lower().startswith((b"<!doctype", b"<html", b"<?xml")):
        raise EvidenceError("this is a web page or XML, not a table.", file=path, mend="Download the data file itself.")
    return "text"


def _check_words(path: Path, kind: str, **words: str | None) -> None:
    fits = {"text": {"encoding", "delimiter"}, "spreadsheet": {"sheet"}}.get(kind, set())
    for word, value in words.items():
        if value is not None and word not in fits:
            raise ParameterError(
                f"{word}={value!r} does not go with {path.name}, which is {kind.replace('lines', 'JSON lines')}."
            )


def _digest_beside(path: Path) -> Callable[[], str]:
    """The SHA-256 of a file that is read in place, worked out in a thread of its own while it is read."""
    found: list[str | OSError] = []

    def work() -> None:
        try:
            found.append(_digest(path))
        except OSError as error:
            found.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()

    def digest() -> str:
        thread.join()
        if isinstance(found[0], OSError):
            raise found[0]
        return found[0]

    return digest


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
