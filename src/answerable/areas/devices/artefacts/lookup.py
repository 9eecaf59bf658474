"""Joins on a key in memory: one pass over each table is far cheaper than a look-up in the file for every row."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST_ROWS = 8_000_000
LARGEST_BYTES = 512 << 20
_SPARSE = 4  # numbers for each key up to which a list of all of them is worth its room
_TOGETHER = 1 << 19  # rows that are joined to one piece: a copy of all of them at once would take their room twice


class Lookup:
    """Rows of a table by an integer key.

    Args:
        batches: the rows, the key among the columns; each is let go when it was taken.
        key: name of the key's column. Of equal keys the first one counts.
    """

    def __init__(self, batches: Iterable[pa.RecordBatch], key: str) -> None:
        import numpy as np

        keys: list[Any] = []
        self._pieces: list[dict[str, pa.Array]] = []
        for table in _together(batches, key):
            keys.append(np.array(table.column(key).combine_chunks() if table.num_rows else [], dtype=np.int64))
            self._pieces.append(
                {name: table.column(name).combine_chunks() for name in table.column_names if name != key}
            )
        self._starts = np.cumsum([0, *map(len, keys)])
        self._keys = np.concatenate(keys)
        self._order = None  # of keys that are not in their order: tables are read by their row numbers
        if len(self._keys) > 1 and (self._keys[1:] < self._keys[:-1]).any():
            self._order = np.argsort(self._keys, kind="stable")
            self._keys = self._keys[self._order]
        self._dense = self._listed()

    def _listed(self) -> Any:
        """The place of each number from the first key to the last, where few of them are no key; else None."""
        import numpy as np

        keys = self._keys
        if not len(keys) or (span := int(keys[-1]) - int(keys[0]) + 1) > _SPARSE * len(keys):
            return None
        places = np.full(span, len(keys), dtype=np.int32)
        places[keys[::-1] - keys[0]] = np.arange(len(keys) - 1, -1, -1, dtype=np.int32)  # the first of equal ones stays
        return places

    def add(self, name: str, made: Callable[[dict[str, pa.Array]], pa.Array]) -> None:
        """A further column.

        Args:
            name: of the column.
            made: makes it of the columns of some rows; texts that repeat may come as a dictionary, to take less room.
        """
        for piece in self._pieces:
            piece[name] = made(piece)

    def of(self, keys: pa.Array) -> dict[str, pa.Array]:
        """The columns for these keys; null where there is no such key."""
        import numpy as np
        import pyarrow as pa

        places, found = self._places(keys)
        if len(self._pieces) == 1:
            at = pa.array(places, pa.int64(), mask=~found)
            return {name: _plain(values.take(at)) for name, values in self._pieces[0].items()}
        # Each piece gives its own, and they are put into the order of the keys; the last one is for those not found.
        piece = np.where(found, np.searchsorted(self._starts, places, side="right") - 1, len(self._pieces))
        order = np.argsort(piece, kind="stable")
        back = np.empty(len(order), dtype=np.int64)
        back[order] = np.arange(len(order))
        ends = np.searchsorted(piece[order], np.arange(len(self._pieces) + 1))
        columns: dict[str, pa.Array] = {}
        for name in self._pieces[0]:
            parts = [
                _plain(one[name].take(pa.array(places[order[ends[nth] : ends[nth + 1]]] - self._starts[nth])))
                for nth, one in enumerate(self._pieces)
            ]
            parts.append(pa.nulls(len(order) - ends[-1], parts[0].type))
            columns[name] = pa.concat_arrays(parts).take(pa.array(back))
        return columns

    def _places(self, keys: pa.Array) -> tuple[Any, Any]:
        """Where the row of each key stands, and whether there is one."""
        import numpy as np
        import pyarrow.compute as pc

        wanted = np.array(pc.fill_null(keys, 0), dtype=np.int64)
        known = np.array(pc.is_valid(keys))
        if not len(self._keys):
            return np.zeros(len(wanted), dtype=np.int64), np.zeros(len(wanted), dtype=bool)
        if self._dense is None:
            places = np.searchsorted(self._keys, wanted)
        else:
            first = int(self._keys[0])
            inside = (wanted >= first) & (wanted <= int(self._keys[-1]))
            places = np.where(inside, self._dense[np.where(inside, wanted, first) - first], len(self._keys))
        places = np.where(places == len(self._keys), 0, places).astype(np.int64)
        known &= self._keys[places] == wanted
        return (places if self._order is None else self._order[places]), known


def _plain(values: pa.Array) -> pa.Array:
    """The values themselves, where they are kept as numbers of few."""
    import pyarrow as pa

    return values.dictionary_decode() if isinstance(values, pa.DictionaryArray) else values


def _together(batches: Iterable[pa.RecordBatch], key: str) -> Iterator[pa.Table]:
    """The rows that have a key, in tables of about half a million; at least one table."""
    import pyarrow as pa
    import pyarrow.compute as pc

    held: list[pa.RecordBatch] = []
    rows = 0
    given = False
    for batch in batches:
        held.append(batch.filter(pc.is_valid(batch.column(key))) if batch.column(key).null_count else batch)
        rows += batch.num_rows
        if rows >= _TOGETHER:
            yield pa.Table.from_batches(held)
            held, rows, given = [], 0, True
    if held or not given:
        yield pa.Table.from_batches(held)
