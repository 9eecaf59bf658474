"""Delimited text (CSV, TSV, ...) as batches of text columns, parsed in one streaming pass.

Arrow's parser splits the rows. What it would let pass in silence is looked for in the bytes before they reach it: quotation
marks that never close or close within a value, NUL bytes, bytes that are not in the stated encoding.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from answerable.errors import EvidenceError, ParameterError
from answerable.tabular.store import Parsed

if TYPE_CHECKING:
    import pyarrow as pa

FIELD_LIMIT = 1 << 20
"""Bytes that one value may have."""
COLUMN_LIMIT = 16_384
"""Columns that a table may have: as many as a spreadsheet."""
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", " ": "space"}
_BLOCK = 4 << 20
_HEAD = 1 << 20
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
EXPORT_ANEW = "Ask for the file again, or have it exported anew; a spreadsheet or Parquet file has no such ambiguity."


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text file is written: encoding, delimiter, how many bytes stand before the header."""

    encoding: str
    delimiter: str
    skip: int

    @property
    def text(self) -> str:
        """For people: "text, comma-separated, UTF-8"."""
        name = DELIMITERS.get(self.delimiter, repr(self.delimiter))
        return f"text, {name}-separated, {self.encoding.upper()}"


def find_dialect(path: Path, encoding: str | None, delimiter: str | None) -> tuple[Dialect, list[str]]:
    """The dialect of a text file, as stated or as its beginning shows, and its header.

    Raises:
        EvidenceError: the file has no header that can be read.
        ParameterError: an encoding or a delimiter that there is not.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    mark, found = next(((m, e) for m, e in _MARKS.items() if head.startswith(m)), (b"", None))
    encoding = _encoding(encoding) if encoding is not None else found or "utf-8"
    if encoding in {"utf-16", "utf-32", "utf-8-sig"}:
        encoding = found or {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(encoding, "utf-8")
    skip = len(mark) if found == encoding else 0
    _refuse_wide(path, head[skip:], encoding)
    text = codecs.getincrementaldecoder(encoding)("surrogateescape").decode(head[skip:])
    if stated := re.match(r"sep=(.)(\r\n|\n|\r)", text):  # a spreadsheet's own first line
        skip += len(stated[0].encode(encoding))
        delimiter = delimiter or stated[1]
        text = text[stated.end() :]
    delimiter = _delimiter(delimiter) if delimiter else _guess_delimiter(path, text, len(head) < _HEAD)
    return Dialect(encoding, delimiter, skip), _header(path, text, delimiter)


def batches(path: Path, dialect: Dialect, wanted: Sequence[int], parsed: Parsed) -> Iterator[pa.RecordBatch]:
    """The rows of a text file after its header: `row`, then the wanted columns by position, as text.

    Raises:
        EvidenceError: the text cannot be divided into rows and values without guessing; names row and column.
    """
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    ragged: list[int] = []
    width = len(parsed.header)

    def refuse(invalid: Any) -> str:
        ragged.append(invalid.number - 1)
        more = invalid.actual_columns > width
        parsed.refuse(f"{'more' if more else 'fewer'} values than the header's {width:,}", invalid.number - 1)
        return "skip"

    with path.open("rb") as file:
        stream = _Stream(file, dialect)
        try:
            reader = arrow_csv.open_csv(
                stream,
                # Rows have numbers only when one thread parses; it is as fast as two.
                arrow_csv.ReadOptions(
                    use_threads=False, block_size=_BLOCK, column_names=[f"c{n}" for n in range(1, width + 1)]
                ),
                arrow_csv.ParseOptions(
                    delimiter=dialect.delimiter, newlines_in_values=True, invalid_row_handler=refuse
                ),
                arrow_csv.ConvertOptions(
                    include_columns=[f"c{position + 1}" for position in wanted],
                    column_types={f"c{position + 1}": pa.binary() for position in wanted},
                ),
            )
            numbers = _Numbers(ragged)
            for batch in reader:
                rows = numbers.take(batch.num_rows)
                yield _checked(path, batch, rows, wanted, parsed)
            parsed.rows = numbers.last + len([row for row in ragged if row > numbers.last])
        except pa.ArrowInvalid as error:
            if stream.fault is None:
                raise _oversized(path, dialect, parsed.header, str(error)) from error
        if stream.fault is not None:
            raise _fault(path, dialect, parsed.header, *stream.fault)


class _Numbers:
    """Numbers of the rows that arrive, when those of `ragged` were left out. The header is row 0."""

    def __init__(self, ragged: list[int]) -> None:
        self.last, self._ragged = -1, ragged

    def take(self, count: int) -> Any:
        import numpy as np

        skipped = np.array([row for row in self._ragged if row > self.last], dtype=np.int64)
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
    for position, column in zip(wanted, batch.columns, strict=True):
        longest = pc.max(pc.binary_length(column)).as_py() or 0
        if longest > FIELD_LIMIT:
            where = int(pc.index(pc.binary_length(column), longest).as_py())
            raise too_long(path, int(rows[where]), parsed.header[position], longest)
        try:
            columns.append(column.cast(pa.string()))
        except pa.ArrowInvalid:
            valid = np.array([_is_utf8(value) for value in column.to_pylist()], dtype=bool)
            for row in rows[good & ~valid]:
                parsed.refuse(f"bytes that are not UTF-8 in column {parsed.header[position]!r}", int(row))
            good &= valid
            columns.append(pc.if_else(pa.array(valid), column, pa.scalar(b"", pa.binary())).cast(pa.string()))
    names = ["row", *(f"c{position + 1}" for position in wanted)]
    made = pa.record_batch([pa.array(rows, pa.int64()), *columns], names=names)
    return made if good.all() else made.filter(pa.array(good))


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def too_long(path: Path, row: int, column: str, size: int | None = None) -> EvidenceError:
    """The error for a value beyond the limit."""
    return EvidenceError(
        f"the value has {f'{size:,} bytes' if size else 'more bytes than can be read'}; at most {FIELD_LIMIT:,} are read.",
        file=path,
        row=row or None,
        column=column,
        mend=f"Most often a quotation mark opens there and never closes. {EXPORT_ANEW}",
    )


class _Stream:
    """A text file as UTF-8 bytes, looked through as they pass. At a fault it ends, and `fault` says what and at which byte."""

    closed = False

    def __init__(self, file: BinaryIO, dialect: Dialect) -> None:
        file.seek(dialect.skip)
        self.fault: tuple[str, int] | None = None
        self._file, self._encoding = file, dialect.encoding
        self._decoder = None if dialect.encoding == "utf-8" else codecs.getincrementaldecoder(dialect.encoding)()
        self._quotes = _Quotes(dialect.delimiter)
        self._passed = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """The next bytes; none at the end of the file or at a fault."""
        if self.fault is not None:
            return b""
        block, ended = b"", False
        while not block and not ended:
            block = self._file.read(size)
            ended = not block
            block = self._decode(block, ended)
        self._look(block, ended)
        self._passed += len(block)
        return block if self.fault is None else b""

    def close(self) -> None:
        self.closed = True

    def _decode(self, block: bytes, ended: bool) -> bytes:
        if self._decoder is None:
            return block
        try:
            return self._decoder.decode(block, ended).encode()
        except UnicodeDecodeError as error:
            # What stands before the fault still counts towards its place.
            before = bytes(error.object[: error.start]).decode(self._encoding)
            self.fault = ("encoding", self._passed + len(before.encode()))
            return b""

    def _look(self, block: bytes, ended: bool) -> None:
        if self.fault is None and (nul := block.find(b"\0")) >= 0:
            self.fault = ("NUL", self._passed + nul)
        elif self.fault is None and (wrong := self._quotes.look(block, ended)) is not None:
            self.fault = wrong


class _Quotes:
    """Whether quotation marks divide the text as RFC 4180 says.

    A value that begins with a mark ends with one, marks within it are doubled, and a delimiter or the end of the line follows.
    In a value that does not begin with a mark, marks are ordinary characters.
    """

    def __init__(self, delimiter: str) -> None:
        ends = re.escape(delimiter.encode() + b"\n\r")
        self._valid = re.compile(
            rb'(?:[^"]++|(?<=[' + ends + rb'])"[^"]*+(?:""[^"]*+)*+"(?=[' + ends + rb"])|(?<![" + ends + rb'])")*+'
        )
        self._open = re.compile(rb'"[^"]*+(?:""[^"]*+)*+"?\Z')
        self._held = b"\n"
        self._start = -1

    def look(self, block: bytes, ended: bool) -> tuple[str, int] | None:
        """What is wrong and at which byte; None while all is well."""
        if b'"' not in block and b'"' not in self._held:
            self._start += len(self._held) + len(block) - 1
            self._held = block[-1:] or self._held[-1:]
            if not block:
                self._held = b"\n"
            return None
        text = self._held + block + (b"\n" if ended else b"")
        found = self._valid.match(text, 1)
        assert found is not None
        good = found.end()
        if good == len(text):
            self._start, self._held = self._start + good - 1, text[-1:]
            return None
        if ended or not self._open.match(text, good) or len(text) - good > 2 * FIELD_LIMIT:
            unclosed = self._open.match(text, good) is not None or len(text) - good > 2 * FIELD_LIMIT
            return "unclosed" if unclosed else "after", self._start + good
        # The value goes on in the next block; one byte before it is kept, to see that it begins there.
        self._start, self._held = self._start + good - 1, text[good - 1 :]
        return None


def _fault(path: Path, dialect: Dialect, header: Sequence[str], what: str, offset: int) -> EvidenceError:
    row, position = _place(path, dialect, offset)
    problem, mend = {
        "NUL": ("a NUL byte stands there, which no text has.", "The file is damaged or not text. " + EXPORT_ANEW),
        "encoding": (
            f"bytes stand there that are not {dialect.encoding.upper()}.",
            "Say which encoding it is, as encoding=cp1252 (Western European) or encoding=utf-8.",
        ),
        "unclosed": (
            "a quotation mark opens there and never closes, so that the rest of the file cannot be divided into values.",
            EXPORT_ANEW,
        ),
        "after": (
            "text stands after the quotation mark that closes the value, so that it cannot be told where it ends.",
            EXPORT_ANEW,
        ),
    }[what]
    return EvidenceError(problem, file=path, row=row or None, column=_name(header, position), mend=mend)


def _oversized(path: Path, dialect: Dialect, header: Sequence[str], message: str) -> EvidenceError:
    for row, position, start, end in _values(path, dialect):
        if end - start > FIELD_LIMIT:
            return too_long(path, row, _name(header, position) or "")
    return EvidenceError(f"it cannot be parsed ({message}).", file=path, mend=EXPORT_ANEW)


def _name(header: Sequence[str], position: int) -> str | None:
    return header[position] if position < len(header) else None


def _place(path: Path, dialect: Dialect, offset: int) -> tuple[int, int]:
    """Row (the header is 0) and position of the column in which the byte lies."""
    row, position = 0, 0
    for row, position, _start, end in _values(path, dialect):
        if end >= offset:
            break
    return row, position


def _values(path: Path, dialect: Dialect) -> Iterator[tuple[int, int, int, int]]:
    """Row, position of the column, first byte and end of each value, as far as the text is sound; slow, for errors only."""
    ends = re.escape(dialect.delimiter.encode() + b"\n\r")
    value = re.compile(
        rb'("[^"]*+(?:""[^"]*+)*+(?:"|\Z)[^' + ends + rb"]*+|[^" + ends + rb"]*+)(\r\n|[" + ends + rb"]|\Z)"
    )
    with path.open("rb") as file:
        file.seek(dialect.skip)
        decoder = codecs.getincrementaldecoder(dialect.encoding)(
            "replace" if dialect.encoding != "utf-8" else "surrogateescape"
        )
        row = position = base = at = 0
        text, ended = b"", False
        while True:
            found = value.match(text, at)
            if not ended and (found is None or found.end() >= len(text) - 1) and len(text) - at <= 2 * FIELD_LIMIT:
                block = file.read(_BLOCK)
                ended = not block
                text, base, at = (
                    text[at:] + decoder.decode(block, ended).encode("utf-8", "surrogateescape"),
                    base + at,
                    0,
                )
                continue
            if found is None or (ended and at >= len(text)):
                return
            blank = position == 0 and not found[1] and found[2] != dialect.delimiter.encode()
            if not blank:
                yield row, position, base + at, base + found.end(1)
            if found[2] == dialect.delimiter.encode():
                position += 1
            elif not blank:
                row, position = row + 1, 0
            at = found.end()
            if len(text) - at <= 0 and ended:
                return


def _encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise ParameterError(
            f"There is no encoding {name!r}. Common ones: utf-8, utf-16, cp1252, latin-1, cp1250, cp1251."
        ) from None


def _delimiter(text: str) -> str:
    named = {"tab": "\t", "\\t": "\t", **{name: sign for sign, name in DELIMITERS.items()}}
    sign = named.get(text.lower(), text)
    if len(sign) != 1 or not sign.isascii() or sign in '"\n\r\0':
        raise ParameterError(f"A delimiter is one ASCII character or one of {', '.join(named)}; not {text!r}.")
    return sign


def _refuse_wide(path: Path, head: bytes, encoding: str) -> None:
    """Stop at UTF-16 that says neither by mark nor by word what it is."""
    if encoding != "utf-8" or b"\0" not in head[:4096]:
        return
    sample = head[:4096]
    odd, even = sample[1::2].count(0), sample[::2].count(0)
    if max(odd, even) > len(sample) // 8:
        guess = "utf-16-le" if odd > even else "utf-16-be"
        raise EvidenceError(
            "every other byte is NUL: this looks like UTF-16 without a byte-order mark.",
            file=path,
            mend=f"Say encoding={guess}.",
        )


def _guess_delimiter(path: Path, text: str, whole: bool) -> str:
    """The delimiter that divides the first rows most evenly; a comma where none does."""
    if path.suffix.lower() in {".tsv", ".tab"}:
        return "\t"
    best, found = (0.0, 0), ","
    for sign in list(DELIMITERS)[:4]:
        rows = _first_rows(text, sign, 50, whole)
        if rows and (width := len(rows[0])) > 1:
            even = sum(len(row) == width for row in rows) / len(rows)
            if (even, width) > best:
                best, found = (even, width), sign
    return found


def _first_rows(text: str, delimiter: str, count: int, whole: bool) -> list[list[str]]:
    rows: list[list[str]] = []
    limit = csv.field_size_limit(len(text) + 1)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if row:
                rows.append(row)
            if len(rows) > count:
                break
    except csv.Error:
        return []
    finally:
        csv.field_size_limit(limit)
    return rows[:-1] if len(rows) > 1 and (len(rows) > count or not whole) else rows


def _header(path: Path, text: str, delimiter: str) -> list[str]:
    rows = _first_rows(text, delimiter, 1, True)
    if not rows:
        raise EvidenceError("the file is empty.", file=path, mend="Ask for the file again.")
    header = rows[0]
    if len(header) > COLUMN_LIMIT:
        raise EvidenceError(
            f"the header has more than the {COLUMN_LIMIT:,} columns that are read.",
            file=path,
            mend="Is the first line a header, and is the delimiter right? Say delimiter=..., or have the table exported long.",
        )
    if any("\udc80" <= sign <= "\udcff" for name in header for sign in name):
        raise EvidenceError(
            "the header holds bytes that are not UTF-8.",
            file=path,
            mend="Say which encoding it is, as encoding=cp1252 (Western European) or encoding=latin-1.",
        )
    return header
