"""Delimited text (CSV, TSV, ...) as batches of text columns, parsed in one streaming pass.

Arrow's parser splits the rows; what it would let pass in silence, `stream` looks for in the bytes before they reach it.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.errors import EvidenceError
from answerable.tabular.dialect import OTHER_ENCODING
from answerable.tabular.stream import FIELD_LIMIT, Stream

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.tabular.dialect import Dialect
    from answerable.tabular.store import Parsed

EXPORT_ANEW = "Ask for the file again, or have it exported anew: a spreadsheet or Parquet file has no such ambiguity."
_BLOCK = 4 << 20  # a row must fit in it


def batches(
    path: Path, dialect: Dialect, header: list[str], wanted: Sequence[int], parsed: Parsed
) -> Iterator[pa.RecordBatch]:
    """The rows of a text file after its header: `row`, then the wanted columns by position, as text.

    Every column is checked, so that what a file's rows are does not depend on which columns a question needs.

    Raises:
        EvidenceError: the text cannot be divided into rows and values without guessing; names row and column.
    """
    import pyarrow as pa
    from pyarrow import csv

    parsed.header, parsed.format = header, dialect.text
    ragged: list[int] = []
    width = len(parsed.header)

    def refuse(invalid: Any) -> str:
        row = invalid.number - 1  # the header is row 0
        ragged.append(row)
        parsed.refuse(
            f"{'more' if invalid.actual_columns > width else 'fewer'} values than the header's {width:,}", row
        )
        return "skip"

    names = [f"c{number}" for number in range(1, width + 1)]
    with path.open("rb") as file:
        stream = Stream(file, dialect)
        try:
            reader = csv.open_csv(
                stream,
                # Rows have numbers only where one thread parses; it is as fast as two.
                csv.ReadOptions(use_threads=False, block_size=_BLOCK, column_names=names),
                csv.ParseOptions(delimiter=dialect.delimiter, newlines_in_values=True, invalid_row_handler=refuse),
                csv.ConvertOptions(column_types=dict.fromkeys(names, pa.binary())),
            )
            numbers = _Numbers(ragged)
            for batch in reader:
                rows = numbers.take(batch.num_rows)
                yield _checked(path, batch, rows, wanted, parsed)
            parsed.rows = max([numbers.last, *ragged[-1:]])
        except pa.ArrowInvalid as error:
            if stream.fault is None:
                raise _unparsed(path, dialect, parsed.header, str(error)) from error
        if stream.fault is not None:
            raise _faulty(path, dialect, parsed.header, *stream.fault)


class _Numbers:
    """Numbers of the rows that arrive, when those of `ragged` were left out. The header is row 0."""

    def __init__(self, ragged: list[int]) -> None:
        self.last, self._ragged, self._passed = -1, ragged, 0

    def take(self, count: int) -> Any:
        import numpy as np

        while self._passed < len(self._ragged) and self._ragged[self._passed] <= self.last:
            self._passed += 1
        skipped = np.array(self._ragged[self._passed :], dtype=np.int64)
        numbers = np.arange(self.last + 1, self.last + 1 + count + len(skipped))
        numbers = numbers[~np.isin(numbers, skipped)][:count] if len(skipped) else numbers
        self.last = int(numbers[-1]) if count else self.last
        return numbers


def _checked(path: Path, batch: Any, rows: Any, wanted: Sequence[int], parsed: Parsed) -> pa.RecordBatch:
    """The batch with its row numbers, as valid text, without the header and without rows that are not valid."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if len(rows) and rows[0] == 0:
        batch, rows = batch.slice(1), rows[1:]
    good = np.ones(len(rows), dtype=bool)
    columns = []
    for position, column in enumerate(batch.columns):
        name = parsed.header[position]
        longest = pc.max(pc.binary_length(column)).as_py() or 0
        if longest > FIELD_LIMIT:
            first = int(pc.index(pc.greater(pc.binary_length(column), FIELD_LIMIT), True).as_py())
            raise too_long(path, int(rows[first]), name)
        try:
            columns.append(column.cast(pa.string()))
        except pa.ArrowInvalid:
            valid = np.array([_is_utf8(value) for value in column.to_pylist()], dtype=bool)
            for row in rows[good & ~valid]:
                parsed.refuse(f"bytes that are not UTF-8 in column {name!r}", int(row), OTHER_ENCODING)
            good &= valid
            columns.append(pc.if_else(pa.array(valid), column, pa.scalar(b"", pa.binary())).cast(pa.string()))
    names = ["row", *(f"c{position + 1}" for position in wanted)]
    made = pa.record_batch([pa.array(rows, pa.int64()), *(columns[position] for position in wanted)], names=names)
    return made if good.all() else made.filter(pa.array(good))


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def too_long(path: Path, row: int, column: str | None) -> EvidenceError:
    """The error for a value beyond the limit."""
    return EvidenceError(
        f"the value has more than the {FIELD_LIMIT:,} bytes that are read.",
        file=path,
        row=row or None,
        column=column,
        mend=f"Most often a quotation mark opens there and never closes. {EXPORT_ANEW}",
    )


def _faulty(path: Path, dialect: Dialect, header: Sequence[str], what: str, offset: int) -> EvidenceError:
    row, position = 0, 0
    for row, position, _start, end in _values(path, dialect):  # noqa: B007  the last one is what is looked for
        if end >= offset:
            break
    problem, mend = {
        "NUL": ("a NUL byte stands there, which no text has.", f"The file is damaged, or not text. {EXPORT_ANEW}"),
        "encoding": (
            f"bytes stand there that are not {dialect.encoding.upper()}.",
            OTHER_ENCODING,
        ),
        "unclosed": (
            "a quotation mark opens there and never closes, so that what follows cannot be divided into values.",
            EXPORT_ANEW,
        ),
        "after": (
            "text follows the quotation mark that closes the value, so that it cannot be told where the value ends.",
            EXPORT_ANEW,
        ),
    }[what]
    return EvidenceError(problem, file=path, row=row or None, column=_name(header, position), mend=mend)


def _unparsed(path: Path, dialect: Dialect, header: Sequence[str], message: str) -> EvidenceError:
    """The error for a row that does not fit in a block: the first value over the limit, or the row."""
    began, before = 0, -1
    for row, position, start, end in _values(path, dialect):
        if end - start > FIELD_LIMIT:
            return too_long(path, row, _name(header, position))
        began, before = (began, before) if row == before else (start, row)
        if end - began > _BLOCK:
            problem = f"the row has more than the {_BLOCK:,} bytes that are read."
            return EvidenceError(problem, file=path, row=row or None, mend=EXPORT_ANEW)
    return EvidenceError(f"it cannot be parsed ({message}).", file=path, mend=EXPORT_ANEW)


def _name(header: Sequence[str], position: int) -> str | None:
    return header[position] if position < len(header) else None


def _values(path: Path, dialect: Dialect) -> Iterator[tuple[int, int, int, int]]:
    """Row (the header is 0), position, first byte and end of each value, in UTF-8; slow, and so for errors only."""
    delimiter = dialect.delimiter.encode()
    ends = re.escape(delimiter + b"\n\r")
    value = re.compile(rb'("[^"]*+(?:""[^"]*+)*+(?:"|\Z)[^%b]*+|[^%b]*+)(\r\n|[%b]|\Z)' % (ends, ends, ends))
    decoder = codecs.getincrementaldecoder(dialect.encoding)("replace")
    row = position = at = base = 0
    with path.open("rb") as file:
        file.seek(dialect.skip)
        text, ended = b"", False
        while not ended or at < len(text):
            found = value.match(text, at)
            unsure = found is None or found.end() >= len(text) - 1  # it may go on in the next block
            if unsure and not ended and len(text) - at <= 2 * FIELD_LIMIT:
                block = file.read(_BLOCK)
                ended = not block
                # Bytes that are no UTF-8 keep their length, so that places stay right.
                block = block if dialect.encoding == "utf-8" else decoder.decode(block, ended).encode()
                text, base, at = text[at:] + block, base + at, 0
                continue
            if found is None:
                return
            divided = found[2] == delimiter
            blank = not (position or found[1] or divided)  # a line without anything is no row
            if not blank:
                yield row, position, base + at, base + found.end(1)
            row, position = (row, position + 1) if divided else (row + (not blank), 0)
            at = found.end()
