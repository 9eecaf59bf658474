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

_BATCH = 20_000
_LINE_LIMIT = 16 << 20
Pairs = list[tuple[str, Any]]


def batches(path: Path, _wanted: Sequence[int], parsed: Parsed) -> Iterator[pa.RecordBatch]:
    """The rows of the file: `row`, then every key as text; numbers keep the digits they were written with.

    The keys are gathered in a pass of their own, because the last line may have one that no other has.

    Raises:
        EvidenceError: there are more keys, or a longer value, than are read.
    """
    import pyarrow as pa

    parsed.format, parsed.header = "JSON lines", _keys(path)
    places = {key: at for at, key in enumerate(parsed.header)}
    names = ["row", *(f"c{number}" for number in range(1, len(places) + 1))]
    objects = _objects(path, parsed)
    while chunk := list(islice(objects, _BATCH)):
        columns: list[list[str | None]] = [[None] * len(chunk) for _ in places]
        for index, (row, pairs) in enumerate(chunk):
            for key, value in pairs:
                columns[places[key]][index] = _text(path, row, key, value)
                if isinstance(value, list):
                    parsed.nested.setdefault(places[key], row)
        arrays = [pa.array(column, pa.string()) for column in columns]
        yield pa.record_batch([pa.array([row for row, _ in chunk], pa.int64()), *arrays], names=names)


def _keys(path: Path) -> list[str]:
    """Every key that occurs in the file, in the order in which they come."""
    keys: dict[str, None] = {}
    for _row, pairs in _objects(path, Parsed()):
        keys.update(dict.fromkeys(key for key, _ in pairs))
        if len(keys) > COLUMN_LIMIT:
            raise EvidenceError(
                f"the objects have more than the {COLUMN_LIMIT:,} keys that are read.",
                file=path,
                mend="If keys hold data (a person's name, a date), have the file exported with one row for each.",
            )
    return list(keys)


def _objects(path: Path, parsed: Parsed) -> Iterator[tuple[int, Pairs]]:
    """Each line's object as pairs, with its number; blank lines are no rows. Lines that hold no object are refused."""
    decoder = json.JSONDecoder(
        object_pairs_hook=_Object, parse_float=_Number, parse_int=_Number, parse_constant=_Number, strict=True
    )
    with path.open("rb") as file:
        while line := file.readline(_LINE_LIMIT):
            if len(line) == _LINE_LIMIT:
                raise EvidenceError(
                    f"the line has more than the {_LINE_LIMIT:,} bytes that are read.",
                    file=path,
                    row=parsed.rows + 1,
                    mend="Is it JSON lines?",
                )
            if not line.strip():
                continue
            parsed.rows += 1
            reason, pairs = _object(decoder, line.removeprefix(b"\xef\xbb\xbf") if parsed.rows == 1 else line)
            if reason:
                parsed.refuse(reason, parsed.rows)
            else:
                yield parsed.rows, pairs


class _Object(list[tuple[str, Any]]):
    """An object as its pairs, so that a key which stands twice is seen."""


class _Number(str):
    """A number as it was written."""

    __slots__ = ()


def _object(decoder: json.JSONDecoder, line: bytes) -> tuple[str, Pairs]:
    try:
        value = decoder.decode(line.decode())
    except UnicodeDecodeError:
        return "bytes that are not UTF-8", []
    except (json.JSONDecodeError, RecursionError):
        return "text that is not JSON", []
    if not isinstance(value, _Object):
        return "JSON that is no object", []
    if len({key for key, _ in value}) < len(value):
        return "an object with the same key twice", []
    return "", value


def _text(path: Path, row: int, key: str, value: Any) -> str | None:
    if value is None or isinstance(value, str):
        text = value
    elif isinstance(value, bool):
        text = "true" if value else "false"
    else:
        text = json.dumps(_plain(value), ensure_ascii=False)
    if text is not None and len(text) > FIELD_LIMIT // 4 and len(text.encode()) > FIELD_LIMIT:
        raise too_long(path, row, key)
    return text


def _plain(value: Any) -> Any:
    if isinstance(value, _Object):
        return {key: _plain(entry) for key, entry in value}
    return [_plain(entry) for entry in value] if isinstance(value, list) else value
