"""JSON lines (one object a line) as batches of text columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.errors import EvidenceError
from answerable.tabular.dialect import COLUMN_LIMIT
from answerable.tabular.store import Parsed
from answerable.tabular.stream import FIELD_LIMIT
from answerable.tabular.text import too_long

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH = 10_000
_LINE_LIMIT = 16 << 20
Object = tuple[tuple[str, ...], tuple[Any, ...]]
"""The keys of a JSON object and their values, in the order in which they were written."""


class _Nested(list[tuple[str, Any]]):
    """A JSON object as its pairs, so that a key which stands twice is seen."""


def batches(path: Path, _wanted: Sequence[int], parsed: Parsed) -> Iterator[pa.RecordBatch]:
    """The rows of the file: `row`, then every key as text; numbers keep the digits they were written with.

    The keys are gathered in a pass of their own, because the last line may have one that no other has.

    Raises:
        EvidenceError: there are more keys, or a longer value, than are read.
    """
    import pyarrow as pa

    parsed.format, parsed.header = "JSON lines", _keys(path)
    header = tuple(parsed.header)
    names = ["row", *(f"c{number}" for number in range(1, len(header) + 1))]
    objects = _objects(path, parsed)
    while chunk := list(islice(objects, _BATCH)):
        rows = [row for row, _ in chunk]
        lined_up = [values if keys == header else _line_up(header, keys, values) for _, (keys, values) in chunk]
        columns = [_column(path, parsed, at, rows, values) for at, values in enumerate(zip(*lined_up, strict=True))]
        yield pa.record_batch([pa.array(rows, pa.int64()), *columns], names=names)


def _line_up(header: tuple[str, ...], keys: tuple[str, ...], values: tuple[Any, ...]) -> tuple[Any, ...]:
    given = dict(zip(keys, values, strict=True))
    return tuple(map(given.get, header))


def _column(path: Path, parsed: Parsed, at: int, rows: Sequence[int], values: Sequence[Any]) -> pa.StringArray:
    """One key's values as text; where they are nested, the first row is noted."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not set(map(type, values)) <= {str, type(None)}:
        first = next((row for row, value in zip(rows, values, strict=True) if isinstance(value, list)), None)
        if first is not None:
            parsed.nested.setdefault(at, first)
        values = [_text(value) for value in values]
    column = pa.array(values, pa.string())
    lengths = pc.binary_length(column)
    if (pc.max(lengths).as_py() or 0) > FIELD_LIMIT:
        raise too_long(path, rows[pc.index(pc.greater(lengths, FIELD_LIMIT), True).as_py()], parsed.header[at])
    return column


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(_plain(value), ensure_ascii=False)


def _plain(value: Any) -> Any:
    if isinstance(value, _Nested):
        return {key: _plain(entry) for key, entry in value}
    return [_plain(entry) for entry in value] if isinstance(value, list) else value


def _keys(path: Path) -> list[str]:
    """Every key that occurs in the file, in the order in which they come."""
    keys: dict[str, None] = {}
    last: tuple[str, ...] = ()
    for _row, (found, _values) in _objects(path, Parsed()):
        if found != last:
            last = found
            keys.update(dict.fromkeys(found))
        if len(keys) > COLUMN_LIMIT:
            raise EvidenceError(
                f"the objects have more than the {COLUMN_LIMIT:,} keys that are read.",
                file=path,
                mend="If keys hold data (a person's name, a date), have the file exported with one row for each.",
            )
    return list(keys)


def _objects(path: Path, parsed: Parsed) -> Iterator[tuple[int, Object]]:
    """Each line's object with the line's number; blank lines are no rows. Lines that hold no object are refused."""
    # Numbers stay as they were written.
    decode = json.JSONDecoder(object_pairs_hook=_Nested, parse_float=str, parse_int=str, parse_constant=str).decode
    last: tuple[str, ...] = ()
    with path.open("rb") as file:
        while line := file.readline(_LINE_LIMIT):
            if len(line) == _LINE_LIMIT:
                problem = f"the line has more than the {_LINE_LIMIT:,} bytes that are read."
                raise EvidenceError(problem, file=path, row=parsed.rows + 1, mend="Is it JSON lines?")
            if line.isspace():
                continue
            parsed.rows += 1
            try:
                value = decode(line.decode("utf-8-sig" if parsed.rows == 1 else "utf-8"))
            except UnicodeDecodeError:
                parsed.refuse("bytes that are not UTF-8", parsed.rows)
                continue
            except (json.JSONDecodeError, RecursionError):
                parsed.refuse("text that is not JSON", parsed.rows)
                continue
            if not isinstance(value, _Nested):
                parsed.refuse("JSON that is no object", parsed.rows)
                continue
            keys, values = zip(*value, strict=True) if value else ((), ())
            if keys != last and len(set(keys)) < len(keys):
                parsed.refuse("an object with the same key twice", parsed.rows)
                continue
            last = keys
            yield parsed.rows, (keys, values)
