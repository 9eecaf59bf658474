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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.source import Source
from answerable.areas.devices.extraction.rows import derived_rows, placed
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.recognise import Acquisition
    from answerable.areas.devices.acquisition.tree import Entry
    from answerable.areas.devices.artefacts.registry import Artefact
    from answerable.core.table import Table

VERSION = 1
"""Raised when a parser changes what it gives, so that older parts are not taken for its own."""
_KEY = b"answerable"
_ROWS = 20_000
"""How many rows that come one by one are kept before they are written."""


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


def part(folder: Path, acquisition: Acquisition, artefact: Artefact, entry: Entry, scratch: Path) -> Part:
    """The part of one file: one that is there already, or a new one.

    Args:
        folder: where parts are kept.
        acquisition: what holds the file.
        artefact: what kind of artefact it is.
        entry: the file.
        scratch: folder for copies that are thrown away.
    """
    try:
        sha256 = acquisition.tree.digest(entry)
    except (EvidenceError, OSError) as error:
        return Part({}, Account(entry.stored, entry.path, "", gap=_reason(error)))
    parts = [VERSION, artefact.name, sha256, acquisition.device, entry.stored, entry.path, acquisition.version]
    stem = f"{artefact.name}-{hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]}"
    kept = folder / artefact.table.name / f"{stem}.parquet"
    if not kept.exists():
        _write(kept, Source(acquisition, entry, scratch), artefact, sha256)
    account = _account(kept)
    others = {name: folder / name / kept.name for name in account.tables if name != artefact.table.name}
    return Part({artefact.table.name: kept, **others}, account)


def _write(kept: Path, source: Source, artefact: Artefact, sha256: str) -> None:
    account = Account(source.entry.stored, source.entry.path, sha256)
    with contextlib.ExitStack() as stack:
        writers = _Writers(kept, stack)
        writer = writers.of(artefact.table)
        try:
            for batch in _batches(artefact.parse(source), artefact):
                whole = placed(batch, artefact, source, sha256, account.rows)
                writer.write_batch(whole)
                _count(account, artefact.table.name, whole)
                for table, rows in derived_rows(artefact.table, whole):
                    writers.of(table).write_batch(rows)
                    account.tables[table.name] = account.tables.get(table.name, 0) + rows.num_rows
        except (EvidenceError, OSError) as error:
            account.gap = _reason(error)
        account.refused, account.notes, account.misfits = source.refusals, source.notes, source.misfits
        account.tables.setdefault(artefact.table.name, 0)
        writer.add_key_value_metadata({_KEY: json.dumps(dataclasses.asdict(account)).encode()})
        writers.done()


def _batches(given: Iterator[Any], artefact: Artefact) -> Iterator[pa.RecordBatch]:
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
    schema = artefact.table.arrow()
    rows = itertools.chain([first], given)
    while True:
        gathered, broken = _gather(rows)
        if gathered:
            names = [name for name in schema.names if any(name in row for row in gathered)]
            yield pa.RecordBatch.from_pylist(
                [{**row, "row": str(row["row"]), "time_raw": _text(row.get("time_raw"))} for row in gathered],
                schema=pa.schema([schema.field(name) for name in dict.fromkeys(["row", "time_raw", *names])]),
            )
        if broken is not None:
            raise broken
        if len(gathered) < _ROWS:
            return


def _gather(rows: Iterator[Mapping[str, Any]]) -> tuple[list[Mapping[str, Any]], Exception | None]:
    """The next rows; where the parser gives up among them, those before and the error."""
    gathered: list[Mapping[str, Any]] = []
    try:
        gathered.extend(itertools.islice(rows, _ROWS))
    except (EvidenceError, OSError) as error:
        return gathered, error
    return gathered, None


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


class _Writers:
    """Parquet files under way, one for each table; they appear under their names only when all are done."""

    def __init__(self, kept: Path, stack: contextlib.ExitStack) -> None:
        self._kept, self._stack = kept, stack
        self._open: dict[str, tuple[Any, Any, Path, Path]] = {}

    def of(self, table: Table) -> Any:
        if table.name not in self._open:
            self._open[table.name] = self._begin(table)
        return self._open[table.name][0]

    def _begin(self, table: Table) -> tuple[Any, Any, Path, Path]:
        import pyarrow.parquet as pq

        target = self._kept.parent.parent / table.name / self._kept.name
        target.parent.mkdir(parents=True, exist_ok=True)
        half = target.with_name(f".{target.name}.{os.getpid()}.partial")
        self._stack.callback(half.unlink, missing_ok=True)
        file = self._stack.enter_context(half.open("wb"))
        schema = table.arrow().remove_metadata()
        return pq.ParquetWriter(file, schema, **_how(schema.names)), file, half, target

    def done(self) -> None:
        for writer, file, _, _ in self._open.values():
            writer.close()
            file.flush()
            os.fsync(file.fileno())
        # The part itself last: where it is, what was derived from it is too.
        for _, file, half, target in sorted(self._open.values(), key=lambda one: one[3] == self._kept):
            file.close()
            half.replace(target)


_DISTINCT = {"row", "time_raw", "url", "text", "title", "path", "relative_path", "value", "detail"}
"""Columns whose values hardly repeat: a dictionary would only be built and thrown away."""


def _how(names: Sequence[str]) -> dict[str, Any]:
    return {
        "compression": "zstd",
        "compression_level": 1,
        "use_dictionary": [name for name in names if name not in _DISTINCT],
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


def _account(kept: Path) -> Account:
    import pyarrow.parquet as pq

    data = json.loads(pq.read_metadata(kept).metadata[_KEY])
    data["refused"] = {reason: (count, rows) for reason, (count, rows) in data["refused"].items()}
    return Account(**data)


def _reason(error: Exception) -> str:
    if isinstance(error, EvidenceError):
        return f"{error.problem.rstrip('.')}.{f' {error.mend}' if error.mend else ''}"
    return f"the file cannot be read: {getattr(error, 'strerror', None) or error}."
