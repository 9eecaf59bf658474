"""Derived tables: what was parsed of an exhibit, as a Parquet file of text columns c1, c2, ... and the row's number.

A derived table is written under a temporary name, brought to the disk and then renamed, so that nothing half-written
is ever taken for a table. What the parser has to say about it (rows, refusals, notes) stands in the same file.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.core.table import Refusal

if TYPE_CHECKING:
    import pyarrow as pa

SHOWN_ROWS = 5
"""How many places of refused rows are kept."""
_KEY = "answerable"
_KEPT_WHOLE = 256  # columns; wider tables keep what a question needs, however many questions there are


@dataclass(slots=True)
class Parsed:
    """What a parser says of a table.

    Args:
        header: names of all columns as the exhibit has them.
        format: the format in words.
        rows: rows of the exhibit, refused ones included.
        refusals: by reason: [count, first rows, what to do].
        nested: for columns that hold more than plain values, by position: the first row that does.
        notes: what a reader should know, as sentences.
    """

    header: list[str] = field(default_factory=list)
    format: str = ""
    rows: int = 0
    refusals: dict[str, tuple[int, list[int], str]] = field(default_factory=dict)
    nested: dict[int, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def refuse(self, reason: str, row: int, mend: str = "") -> None:
        """Count a row that cannot be taken."""
        count, rows, _ = self.refusals.get(reason, (0, [], mend))
        self.refusals[reason] = (count + 1, rows if len(rows) == SHOWN_ROWS else [*rows, row], mend)

    @property
    def refused(self) -> tuple[Refusal, ...]:
        """The refused rows, the most frequent reason first."""
        ordered = sorted(self.refusals.items(), key=lambda item: -item[1][0])
        return tuple(Refusal(reason, count, tuple(rows)) for reason, (count, rows, _) in ordered)

    def to_json(self) -> str:
        """As text, to be kept with the rows."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Parsed:
        """What `to_json` wrote."""
        kept = json.loads(text)
        return cls(**{**kept, "nested": {int(position): row for position, row in kept["nested"].items()}})


@dataclass(frozen=True, slots=True)
class Derived:
    """A derived table: where it stands, and what its parser said."""

    path: Path
    parsed: Parsed


Parser = Callable[[Sequence[int], Parsed], Iterator["pa.RecordBatch"]]
"""Yields Arrow batches of the wanted columns (row: int64, then c1, c2, ...: string), and fills in the `Parsed`."""


def derive(folder: Path, stem: str, parser: Parser, wanted: Sequence[int], width: int) -> Derived:
    """A derived table that holds the wanted columns: one that is there already, or a new one.

    A second question about an exhibit that needs other columns has all of them kept, so that a third finds them.

    Args:
        folder: where derived tables are kept.
        stem: stands for the exhibit, how it is opened, and the version of the parser.
        parser: what reads the exhibit.
        wanted: positions of the columns that are needed; none where the parser always gives all.
        width: how many columns there are, where the parser gives those that are wanted.
    """
    there = sorted(folder.glob(f"{stem}-*.parquet"))
    for path in there:
        parsed = _found(path, wanted)
        if parsed is not None:
            return Derived(path, parsed)
    kept = list(range(width) if there and width <= _KEPT_WHOLE else wanted)
    name = "all" if len(kept) == width else hashlib.sha256(repr(kept).encode()).hexdigest()[:12]
    path, parsed = folder / f"{stem}-{name}.parquet", Parsed()
    half = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with half.open("wb") as file:
            _write(file, parser(kept, parsed), parsed)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
    return Derived(path, parsed)


def _found(path: Path, wanted: Sequence[int]) -> Parsed | None:
    """What the parser said of a table that is there; None where it lacks a column."""
    import pyarrow.parquet as pq

    footer = pq.read_metadata(path)
    if not {f"c{position + 1}" for position in wanted} <= set(footer.schema.names):
        return None
    return Parsed.from_json(footer.metadata[_KEY.encode()].decode())


def _write(file: Any, batches: Iterator[pa.RecordBatch], parsed: Parsed) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    first = next(batches, None)
    schema = pa.schema([("row", pa.int64())]) if first is None else first.schema
    # The rows are read once or twice and then thrown away, so that writing fast matters more than their size:
    # dictionaries only where values are few, and no statistics.
    how = {
        "compression": "lz4",
        "write_statistics": False,
        "dictionary_pagesize_limit": 1 << 16,
        "use_dictionary": schema.names[1:],
        "column_encoding": {"row": "DELTA_BINARY_PACKED"},
    }
    with pq.ParquetWriter(file, schema, **how) as writer:
        for batch in [] if first is None else itertools.chain([first], batches):
            writer.write_batch(batch)
        writer.add_key_value_metadata({_KEY: parsed.to_json()})
