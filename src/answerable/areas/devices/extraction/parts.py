"""Parts of tables: the rows of one file of an artefact as Parquet, with what became of that file.

A part is written under a temporary name and then renamed; what its parser had to say stands in the same file, so that
a part that is there already says all that reading the artefact again would.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import itertools
import json
import os
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable import __version__
from answerable.areas.devices.acquisition.finding import WHOLE
from answerable.areas.devices.acquisition.particulars import head
from answerable.areas.devices.acquisition.tree import why
from answerable.areas.devices.artefacts.source import Source
from answerable.areas.devices.extraction.rows import derived_rows, gathered_rows, placed, stored
from answerable.errors import AnswerableError, EvidenceError

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.recognise import Acquisition
    from answerable.areas.devices.acquisition.tree import Entry, Tree
    from answerable.areas.devices.artefacts.registry import Artefact
    from answerable.core.table import Table

VERSION = 2
"""Raised when a parser changes what it gives, so that older parts are not taken for its own."""
_KEY = b"answerable"
_ROWS = 20_000
"""How many rows that come one by one are kept before they are written."""
PARTIAL = ".partial"
"""How the names of half-written parts end."""
FAULT = "the program itself failed at it"
"""What is said where a parser met what it was not written for: the rest of the phone is read all the same."""
_ZEROS = 1 << 26
"""Bytes from which a file that begins with zeros is not read: nothing that a phone writes does."""


@dataclass(slots=True)
class Account:
    """What became of one file of an artefact.

    Args:
        path: of the file in the acquisition, as it lies there. logical: where the phone had it.
        sha256: of the file as it lies there.
        rows: rows read. tables: rows by table, with those that were derived.
        first, last: earliest and latest time, in microseconds since 1970; None where no row has one.
        refused: by reason: how many, and the first rows.
        misfits: values that did not have their column's type, by column.
        notes: what else is to be known.
        gap: why it could not be read, or not to its end; "" where it could.
    """

    path: str
    logical: str
    sha256: str
    rows: int = 0
    tables: dict[str, int] = field(default_factory=dict)
    first: int | None = None
    last: int | None = None
    refused: dict[str, tuple[int, list[int]]] = field(default_factory=dict)
    misfits: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    gap: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """The rows of one file of an artefact: a Parquet file for each table, and the account."""

    files: Mapping[str, Path]
    account: Account


def part(
    folder: Path, acquisition: Acquisition, artefact: Artefact, entry: Entry, scratch: Path, *, state: str = ""
) -> Part:
    """The part of one file: one that is there already and tells of no gap, or a new one.

    Args:
        folder: where parts are kept.
        acquisition: what holds the file.
        artefact: what kind of artefact it is.
        entry: the file.
        scratch: folder for copies that are thrown away.
        state: digest of what else the acquisition holds: parsers also look at what lies beside their file.
    """
    try:
        sha256 = digest_of(acquisition.tree, entry)
    except EvidenceError as error:
        return Part({}, Account(entry.stored, entry.path, "", gap=_reason(error)))
    parts = [
        __version__, VERSION, artefact.name, sha256, acquisition.device, entry.stored, entry.path, acquisition.version,
        state,
    ]  # fmt: skip
    stem = f"{artefact.name}-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]}"
    kept = folder / artefact.table.name / f"{stem}.parquet"
    account = _kept(kept)
    if account is None or account.gap:  # a gap may have been one of that day: a full disk, a file in use
        _write(kept, Source(acquisition, entry, scratch), artefact, sha256)
        account = _account(kept)
    others = {name: _beside(kept, name) for name in account.tables if name != artefact.table.name}
    return Part({artefact.table.name: kept, **others}, account)


def digest_of(tree: Tree, entry: Entry) -> str:
    """SHA-256 of a file as it lies there.

    Raises:
        EvidenceError: it cannot be read, is empty, or is large and begins with zeros.
    """
    if not entry.size and not entry.link and entry.path != WHOLE:
        raise EvidenceError("The file is empty.", file=entry.stored)
    if entry.size > _ZEROS and (start := head(tree, entry.path, 4096)) and not start.strip(b"\0"):
        raise EvidenceError(f"It has {entry.size:,} bytes and begins with zeros: it is not read.", file=entry.stored)
    return tree.digest(entry)


def _write(kept: Path, source: Source, artefact: Artefact, sha256: str) -> None:
    account = Account(source.entry.stored, source.entry.path, sha256)
    with contextlib.ExitStack() as stack:
        writers = _Writers(kept, stack)
        writers.open(artefact.table)
        before = source.acquisition.tree.stamp(source.entry)
        try:
            for table, rows in rows_of(source, artefact, sha256):
                writers.write(table, rows)
                if table is artefact.table:
                    _count(account, table.name, rows)
                else:
                    account.tables[table.name] = account.tables.get(table.name, 0) + rows.num_rows
            if source.acquisition.tree.stamp(source.entry) != before:
                source.gaps.append("it changed while it was read; make a copy that nothing writes to.")
        except NotWritten:
            raise
        except Exception as error:  # evidence is hostile: whatever its parser meets is a gap, and the others are read
            source.gaps.insert(0, _reason(error))
        account.gap = " ".join(source.gaps)
        account.refused, account.notes, account.misfits = source.refusals, source.notes, source.misfits
        account.tables.setdefault(artefact.table.name, 0)
        writers.done({_KEY: json.dumps(dataclasses.asdict(account)).encode()})


def rows_of(source: Source, artefact: Artefact, sha256: str) -> Iterator[tuple[Table, pa.RecordBatch]]:
    """The rows of a file as its table declares them, and rows of other tables that follow from them.

    Args:
        source: the file.
        artefact: what kind it is.
        sha256: its digest.

    Raises:
        Exception: whatever the parser meets; what it gave before came.
    """
    before = 0
    for batch in _batches(artefact.parse(source), artefact, source):
        whole = placed(batch, artefact, source, sha256, before)
        before += whole.num_rows
        yield artefact.table, whole
        yield from derived_rows(artefact.table, whole)


def _batches(given: Iterator[Any], artefact: Artefact, source: Source) -> Iterator[pa.RecordBatch]:
    """What a parser gave as Arrow batches; single rows are gathered."""
    import pyarrow as pa

    # A parser that gives batches gives nothing else; the first item tells.
    first = next(given, None)
    if first is None:
        return
    if isinstance(first, pa.RecordBatch):
        yield first
        yield from given
        return
    rows = itertools.chain([first], given)
    while True:
        gathered, broken = _gather(rows)
        if gathered:
            yield gathered_rows(gathered, artefact.table, source)
        if broken is not None:
            raise broken
        if len(gathered) < _ROWS:
            return


def _gather(rows: Iterator[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], Exception | None]:
    """The next rows; where the parser gives up among them, those before and the error."""
    gathered: list[Mapping[str, Any]] = []
    try:
        gathered.extend(itertools.islice(rows, _ROWS))
    except Exception as error:
        return gathered, error
    return gathered, None


class NotWritten(AnswerableError):
    """What was read cannot be kept: the disk is full, or the folder cannot be written."""


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Tell what the system refuses while a file is written from what it refuses while evidence is read.

    Raises:
        NotWritten: the disk is full, or the folder cannot be written.
    """
    try:
        yield
    except OSError as error:
        said = error.strerror or str(error)
        raise NotWritten(
            f"The tables cannot be written to {path.parent}: {said}. Make room, or choose another folder; nothing "
            "half-written was kept."
        ) from error


def write_rows(target: Path, table: pa.Table) -> None:
    """Write a small table whole or not at all."""
    import pyarrow.parquet as pq

    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        half = target.with_name(f".{target.name}{PARTIAL}")
        try:
            pq.write_table(table, half, compression="zstd")
            half.replace(target)
        finally:
            half.unlink(missing_ok=True)


def _given_up(opened: Any) -> None:
    """Close what was written to, whatever the disk says to it by now."""
    with contextlib.suppress(OSError, ValueError):
        opened.close()


class _Writers:
    """Parquet files under way, one for each table; they appear under their names only when all are done."""

    def __init__(self, kept: Path, stack: contextlib.ExitStack) -> None:
        self._kept, self._stack = kept, stack
        self._open: dict[str, tuple[Any, Any, Path, Path]] = {}

    def write(self, table: Table, rows: pa.RecordBatch) -> None:
        """Add rows of a table."""
        self.open(table)
        with writing(self._kept):
            self._open[table.name][0].write_batch(rows)

    def open(self, table: Table) -> None:
        """Begin the file of a table, unless it is under way."""
        if table.name not in self._open:
            with writing(self._kept):
                self._open[table.name] = self._begin(table)

    def _begin(self, table: Table) -> tuple[Any, Any, Path, Path]:
        import pyarrow.parquet as pq

        target = _beside(self._kept, table.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        half = target.with_name(f".{target.name}{PARTIAL}")
        self._stack.callback(half.unlink, missing_ok=True)
        file = half.open("wb")
        self._stack.callback(_given_up, file)
        schema = stored(table)
        writer = pq.ParquetWriter(file, schema, store_schema=False, **_how(schema))
        self._stack.callback(_given_up, writer)
        return writer, file, half, target

    def done(self, metadata: Mapping[bytes, bytes]) -> None:
        """Finish all files; the part itself, the first one, gets the metadata."""
        with writing(self._kept):
            for writer, file, _, target in self._open.values():
                if target == self._kept:
                    writer.add_key_value_metadata(metadata)
                writer.close()
                file.flush()
                os.fsync(file.fileno())
            # The part itself last: where it is, what was derived from it is too.
            for _, file, half, target in sorted(self._open.values(), key=lambda one: one[3] == self._kept):
                file.close()
                half.replace(target)


_DISTINCT = {"row", "time_raw", "url", "host", "text", "title", "path", "relative_path", "value", "detail"}
"""Columns whose values hardly repeat: a dictionary would only be built and thrown away."""

_ASKED_OFTEN = {"url", "host"}
"""Columns that many questions read: what unpacks sooner, though it takes half as much room again."""


def _how(schema: pa.Schema) -> dict[str, Any]:
    import pyarrow as pa

    times = [field.name for field in schema if pa.types.is_timestamp(field.type)]
    return {
        "compression": {name: "lz4" if name in _ASKED_OFTEN else "zstd" for name in schema.names},
        "compression_level": {name: 1 for name in schema.names if name not in _ASKED_OFTEN},
        "use_dictionary": [name for name in schema.names if name not in _DISTINCT and name not in times],
        "column_encoding": dict.fromkeys(times, "DELTA_BINARY_PACKED"),  # times follow each other
        "dictionary_pagesize_limit": 1 << 18,
        "write_statistics": False,
    }


def _count(account: Account, table: str, batch: pa.RecordBatch) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    account.rows += batch.num_rows
    account.tables[table] = account.rows
    ends = pc.min_max(batch.column("time").cast(pa.int64())).as_py()
    for name, choose in (("first", min), ("last", max)):
        end, known = ends["min" if name == "first" else "max"], getattr(account, name)
        if end is not None:
            setattr(account, name, end if known is None else choose(known, end))


def _beside(kept: Path, table: str) -> Path:
    """Where the rows of another table stand that were derived from a part."""
    return kept.parent.parent / table / kept.name


def _kept(kept: Path) -> Account | None:
    """The account of a part that is there, whole, with all that was derived from it; else None."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        account = _account(kept)
        for table in account.tables:
            pq.read_metadata(_beside(kept, table))
    except (OSError, pa.ArrowException, ValueError, KeyError, TypeError):
        return None
    return account


def _account(kept: Path) -> Account:
    import pyarrow.parquet as pq

    data = json.loads(pq.read_metadata(kept).metadata[_KEY])
    data["refused"] = {reason: (count, rows) for reason, (count, rows) in data["refused"].items()}
    return Account(**data)


def _reason(error: Exception) -> str:
    if isinstance(error, EvidenceError):
        return f"{error.problem.rstrip('.')}.{f' {error.mend}' if error.mend else ''}"
    if isinstance(error, OSError):
        return f"the file cannot be read: {why(error)}."
    # No word of the error itself: it may quote what is private.
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{FAULT} ({type(error).__name__} in {Path(last.filename).name}, line {last.lineno}): please report this."
