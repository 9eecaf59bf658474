"""Records of SQLite rows to Arrow, a column at a time.

A value that has its column's type goes over as it is. Any other is given to SQLite, in a table in memory, to make of it
what the type asks for: one rule for both ways of reading, and the evidence is not asked again.

Source: SQLite, Database File Format (sqlite.org/fileformat2.html), section 2.1.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.acquisition.sqlite_pages import Cells, TableTree, varint
from answerable.areas.devices.acquisition.sqlite_types import CAST, MISFIT, arrow_type

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.sqlite_pages import Bytes, Flags, Numbers

BATCH_BYTES = 128 << 20
ROWID = -1
_NULL, _REAL, _ZERO, _ONE, _SHORTEST = 0, 7, 8, 9, 14
_WIDTHS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
_EXACT = 1 << 53


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is wanted.

    Args:
        name: in the result.
        place: in the table, from 0; `ROWID` for the row number.
        kind: "int64", "float64", "string" or "binary".
        is_real: whether the table declares it so that whole numbers in it are real ones.
        default: the value of rows from before the column was added.
        unless: name of another wanted column: the value is left out, as null, where that one has any text.
    """

    name: str
    place: int
    kind: str
    is_real: bool = False
    default: int | float | bytes | str | None = None
    unless: str = ""


@dataclass(slots=True)
class _Found:
    """The values of one column: what kind each is (a serial type of SQLite), and where it begins."""

    code: Numbers
    at: Numbers


def read_records(tree: TableTree, columns: Sequence[Column], misfits: dict[str, int]) -> Iterator[pa.RecordBatch]:
    """The rows of a table, in batches of some megabytes.

    Args:
        tree: its pages; gets what is wrong with them.
        columns: what is wanted.
        misfits: by column, counts values that do not have its type.
    """
    import numpy as np

    for group in tree.cells():
        for cells in _portions(group):
            found, cells, sound = _taken_apart(tree, cells, columns)
            kept = None if sound.all() else np.flatnonzero(sound)
            yield _batch(cells, found, kept, columns, misfits)


def _portions(cells: Cells) -> Iterator[Cells]:
    """The cells in portions whose records have no more than a batch's bytes, each at least one row."""
    import numpy as np

    if cells.size.sum() <= BATCH_BYTES:
        yield cells
        return
    first = 0
    while first < len(cells.size):
        sums = np.cumsum(cells.size[first:])
        end = first + max(1, int(np.searchsorted(sums, BATCH_BYTES, side="right")))
        yield Cells(
            cells.buffer, cells.rowid[first:end], cells.start[first:end], cells.local[first:end], cells.size[first:end]
        )
        first = end


def _taken_apart(tree: TableTree, cells: Cells, columns: Sequence[Column]) -> tuple[list[_Found], Cells, Flags]:
    """Where the values of the wanted columns stand, the cells with all that is needed of them, and which are sound."""
    import numpy as np

    header, _ = varint(cells.buffer, cells.start)
    fits = (header > 0) & (header <= cells.size)
    sound = np.ones(len(header), dtype=bool)
    beyond = np.flatnonzero((header > cells.local) & fits)
    if len(beyond):
        cells, whole = tree.assembled(cells, beyond)
        sound &= whole
    header = np.where(sound & fits, header, 1)
    places, ends, within = _values(cells, header, {one.place for one in columns if one.place != ROWID})
    within &= fits
    for row in np.flatnonzero(sound & ~within).tolist():
        tree.tell(f"the record of row {int(cells.rowid[row]):,} is not what its cell has room for")
    sound &= within
    _leave_out(places, columns)
    # A value that is not wanted need not be fetched from its overflow pages.
    needed = np.zeros(len(header), np.int64)
    for place, found in places.items():
        needed = np.maximum(needed, np.where(found.code > _ONE, ends[place] - cells.start, 0))
    beyond = np.flatnonzero((needed > cells.local) & sound)
    if len(beyond):
        before = cells.start
        cells, whole = tree.assembled(cells, beyond)
        sound &= whole
        for found in places.values():
            found.at += cells.start - before
    nothing = np.zeros(0, np.int64)
    return [places.get(column.place, _Found(nothing, nothing)) for column in columns], cells, sound


def _leave_out(places: dict[int, _Found], columns: Sequence[Column]) -> None:
    """Takes values for null whose column is wanted only where another one is empty."""
    import numpy as np

    of_name = {column.name: column.place for column in columns}
    for column in columns:
        if column.unless and (other := places.get(of_name[column.unless])) and column.place in places:
            places[column.place].code = np.where(other.code >= _SHORTEST, _NULL, places[column.place].code)


def _values(cells: Cells, header: Numbers, wanted: set[int]) -> tuple[dict[int, _Found], dict[int, Numbers], Flags]:
    """The wanted values, where each ends, and whether all of them lie within their record."""
    import numpy as np

    buffer, start = cells.buffer, cells.start
    _, at = varint(buffer, start)
    body, ends = start + header, start + header
    within = np.ones(len(start), dtype=bool)
    largest = cells.size.view(np.uint64)  # what is below 0 is more than that
    found: dict[int, _Found] = {}
    stops: dict[int, Numbers] = {}
    for place in range(max(wanted, default=-1) + 1):
        there = at < ends
        if there.all():
            code, width, at = _kinds(buffer, at)
        else:
            code, width, after = _kinds(buffer, np.where(there, at, 0))
            code, width, at = np.where(there, code, _MISSING), np.where(there, width, 0), np.where(there, after, at)
        within &= width.view(np.uint64) <= largest  # each of them, for the sum of many could turn over
        stop = body + width
        if place in wanted:
            found[place], stops[place] = _Found(code, body), stop
        body = stop
    return found, stops, within & (at <= ends) & (body <= start + cells.size)


_MISSING = -1
"""Stands for the value of a column that was added after the row was written."""
_WIDTH = [0, 1, 2, 3, 4, 6, 8, 8, 0, 0, -1, -1, *((code - 12) >> 1 for code in range(12, 128))]
"""Bytes that a value of each kind takes, of those whose number is one byte; -1 for kinds that SQLite does not have."""


def _kinds(buffer: Bytes, at: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Kinds of values (serial types), how many bytes each takes, and where the number of the kind ends."""
    import numpy as np

    first = buffer[at]
    width, code, end = np.array([*_WIDTH, *[0] * 128])[first], first.astype(np.int64), at + 1
    longer = np.flatnonzero(first >= 128)
    if len(longer):
        code[longer], end[longer] = varint(buffer, at[longer])
        width[longer] = np.where(code[longer] >= 12, (code[longer] - 12) >> 1, -1)
    return code, width, end


def _batch(
    cells: Cells, found: Sequence[_Found], kept: Numbers | None, columns: Sequence[Column], misfits: dict[str, int]
) -> pa.RecordBatch:
    import numpy as np
    import pyarrow as pa

    arrays = []
    starts = cells.start if kept is None else cells.start[kept]
    rows = _Rows(cells.buffer, starts, np.argsort(starts, kind="stable"))
    for column, values in zip(columns, found, strict=True):
        if column.place == ROWID:
            rowid = cells.rowid if kept is None else cells.rowid[kept]
            array = pa.array(rowid).cast(arrow_type(column.kind))
        else:
            some = values if kept is None else _Found(values.code[kept], values.at[kept])
            array = _array(rows, some, column, misfits)
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, names=[column.name for column in columns])


@dataclass(frozen=True, slots=True)
class _Rows:
    """The bytes of some records, where each begins, and their order in the bytes."""

    buffer: Bytes
    start: Numbers
    order: Numbers


def _array(rows: _Rows, found: _Found, column: Column, misfits: dict[str, int]) -> pa.Array:
    """The values of a column as Arrow; what is not of its type goes the long way."""
    import numpy as np

    buffer, code = rows.buffer, found.code
    is_integer = (code >= 1) & (code <= 6) | (code == _ZERO) | (code == _ONE)
    missing = code == _MISSING
    if column.kind == "int64":
        mine = is_integer
        array = _integers(buffer, found, mine)
    elif column.kind == "float64":
        mine = is_integer | (code == _REAL)
        array, exact = _reals(buffer, found, is_integer, is_real=column.is_real)
        mine &= exact
    else:
        mine = (code >= 12) & ((code & 1) == (column.kind == "string"))
        array = _blobs(rows, found, mine)
        if column.kind == "string" and not column.is_real and is_integer.any():
            array, mine = _numbered(array, _whole(buffer, found), is_integer), mine | is_integer
    others = np.flatnonzero(~mine & (code != _NULL) & (~missing | (column.default is not None)))
    if len(others):
        given = [_value(buffer, int(code[row]), int(found.at[row]), column) for row in others.tolist()]
        values, misfit = _converted(given, column)
        _count(misfits, column, sum(misfit))
        array = _with(array, others, values)
        others = others[np.array(misfit, dtype=bool)]
    return _text(array, column, misfits, set(others.tolist())) if column.kind == "string" else array


def _count(misfits: dict[str, int], column: Column, more: int) -> None:
    if more:
        misfits[column.name] = misfits.get(column.name, 0) + more


def _numbered(array: pa.Array, whole: Numbers, is_integer: Flags) -> pa.Array:
    """Texts with whole numbers among them written out."""
    import pyarrow as pa
    import pyarrow.compute as pc

    said = pa.array(whole[is_integer]).cast(pa.string()).cast(pa.binary())
    return pc.replace_with_mask(array, pa.array(is_integer), said)


def _integers(buffer: Bytes, found: _Found, mine: Flags) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    out = _whole(buffer, found)
    return pa.array(out, pa.int64(), mask=None if mine.all() else ~np.asarray(mine))


def _whole(buffer: Bytes, found: _Found) -> Numbers:
    """Whole numbers of one to eight bytes; 0 where the value is none."""
    import numpy as np

    code, at = found.code, found.at
    out: Numbers = (code == _ONE).astype(np.int64)
    for kind, width in _WIDTHS.items():
        where = np.flatnonzero(code == kind)
        if len(where):
            here = at if len(where) == len(code) else at[where]
            value = buffer[here].view(np.int8).astype(np.int64)
            for nth in range(1, width):
                value = (value << 8) | buffer[here + nth]
            out[where] = value
    return out


def _reals(buffer: Bytes, found: _Found, is_integer: Flags, *, is_real: bool) -> tuple[pa.Array, Flags]:
    """Real numbers, and whether each is the stored value exactly; null where the value is none, as SQLite has NaN."""
    import numpy as np
    import pyarrow as pa

    code, at = found.code, found.at
    exact = np.ones(len(code), dtype=bool)
    if is_integer.any():
        whole = _whole(buffer, found)
        out = whole.astype(np.float64)
        if not is_real:
            exact = (np.abs(whole) <= _EXACT) & (whole != np.iinfo(np.int64).min)
    else:
        out = np.zeros(len(code), np.float64)
    where = np.flatnonzero(code == _REAL)
    if len(where):
        out[where] = buffer[at[where][:, None] + np.arange(8)].view(">f8").ravel()
    there = ((code == _REAL) | is_integer) & exact & ~np.isnan(out)
    return pa.array(out, pa.float64(), mask=None if there.all() else ~there), exact


def _blobs(rows: _Rows, found: _Found, mine: Flags) -> pa.Array:
    """Bytes, null where the value is none: the buffer is cut at all of them at once, and the pieces put in order."""
    import numpy as np
    import pyarrow as pa

    buffer, order, count = rows.buffer, rows.order, len(mine)
    length = np.where(mine, (found.code - 12) >> 1, 0)
    at = np.where(mine, found.at, rows.start)
    cuts = np.empty(2 * count + 1, np.int32)
    cuts[0:-1:2], cuts[1::2] = at[order], at[order] + length[order]
    cuts[-1] = cuts[-2] if count else 0
    if (np.diff(cuts) < 0).any():  # cells of a damaged page, that lie in each other
        spans = zip(mine.tolist(), at.tolist(), length.tolist(), strict=True)
        return pa.array([buffer[a : a + n].tobytes() if one else None for one, a, n in spans], pa.binary())
    pieces = pa.Array.from_buffers(pa.binary(), 2 * count, [None, pa.py_buffer(cuts), pa.py_buffer(buffer)])
    place = np.empty(count, np.int64)
    place[order] = 2 * np.arange(count)
    return pieces.take(pa.array(place, mask=None if mine.all() else ~mine))


def _value(buffer: Bytes, code: int, at: int, column: Column) -> int | float | bytes | str | None:
    """One value, as it is stored; text as the bytes that it has, in a string's clothes."""
    import struct

    if code == _MISSING:
        return column.default
    if code in (_ZERO, _ONE) or code in _WIDTHS:
        width = _WIDTHS.get(code, 0)
        whole = int.from_bytes(buffer[at : at + width].tobytes(), "big", signed=True) if width else int(code == _ONE)
        return float(whole) if column.is_real else whole
    held = buffer[at : at + (8 if code == _REAL else (code - 12) >> 1)].tobytes()
    if code == _REAL:
        return float(struct.unpack(">d", held)[0])
    return held.decode("utf-8", "surrogateescape") if code & 1 else held


def _converted(given: Sequence[Any], column: Column) -> tuple[list[Any], list[bool]]:
    """What SQLite makes of values that have another type than their column, and which do not fit it."""
    sql = f"SELECT {CAST[column.kind].format('v')}, {MISFIT[column.kind].format('v')} FROM t ORDER BY rowid"
    rows = [
        (value.encode("utf-8", "surrogateescape"), True) if isinstance(value, str) else (value, False)
        for value in given
    ]
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.text_factory = bytes
        connection.execute("CREATE TABLE t (v)")
        connection.executemany("INSERT INTO t VALUES (CASE WHEN ?2 THEN CAST(?1 AS TEXT) ELSE ?1 END)", rows)
        made = connection.execute(sql).fetchall()
    return [value for value, _ in made], [bool(misfit) for _, misfit in made]


def _with(array: pa.Array, places: Numbers, values: Sequence[Any]) -> pa.Array:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    mask = np.zeros(len(array), dtype=bool)
    mask[places] = True
    return pc.replace_with_mask(array, pa.array(mask), pa.array(values, array.type))


def _text(array: pa.Array, column: Column, misfits: dict[str, int], counted: set[int]) -> pa.Array:
    """Bytes as text; what is not UTF-8 is replaced, and counted unless its row was counted already."""
    import pyarrow as pa

    try:
        return array.cast(pa.string())
    except pa.ArrowInvalid:
        texts = []
        for row, value in enumerate(array.to_pylist()):
            text = None if value is None else value.decode(errors="replace")
            if text is not None and text.encode() != value and row not in counted:
                _count(misfits, column, 1)
            texts.append(text)
        return pa.array(texts, pa.string())
