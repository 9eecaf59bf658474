"""Joins on a key in memory: one pass over each table is far cheaper than a look-up in the file for every row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST_ROWS = 8_000_000
LARGEST_BYTES = 640 << 20
_SPARSE = 4  # numbers for each key up to which a list of all of them is worth its room


class Lookup:
    """Rows of a small table by an integer key.

    Args:
        batches: the rows; the key among the columns.
        key: name of the key's column.
    """

    def __init__(self, batches: Sequence[pa.RecordBatch], key: str) -> None:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        table = pa.Table.from_batches(batches)
        if table.column(key).null_count:
            table = table.filter(pc.is_valid(table.column(key)))
        keys = np.array(table.column(key).combine_chunks() if table.num_rows else [], dtype=np.int64)
        if len(keys) > 1 and (keys[1:] < keys[:-1]).any():  # tables are read by their row numbers, in order
            order = np.argsort(keys, kind="stable")
            keys, table = keys[order], table.take(order)
        self._keys = keys
        self._first = int(keys[0]) if len(keys) else 0
        self._dense = self._in_order(keys)
        self.columns: dict[str, pa.Array] = {
            name: table.column(name).combine_chunks() for name in table.column_names if name != key
        }

    @staticmethod
    def _in_order(keys: Any) -> Any:
        """The place of each number from the first key to the last, where few of them are no key; else None."""
        import numpy as np

        if not len(keys) or (span := int(keys[-1]) - int(keys[0]) + 1) > _SPARSE * len(keys):
            return None
        places = np.full(span, len(keys), dtype=np.int32)
        offsets = keys[::-1] - keys[0]
        places[offsets] = np.arange(len(keys) - 1, -1, -1, dtype=np.int32)  # of equal keys the first one stays
        return places

    def of(self, keys: pa.Array) -> dict[str, pa.Array]:
        """The columns for these keys; null where there is no such key."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted = np.array(pc.fill_null(keys, 0), dtype=np.int64)
        if self._dense is None:
            places = np.searchsorted(self._keys, wanted)
        else:
            inside = (wanted >= self._first) & (wanted < self._first + len(self._dense))
            places = self._dense[np.where(inside, wanted - self._first, 0)].astype(np.int64)
        places[places == len(self._keys)] = 0
        found = np.array(pc.is_valid(keys)) & (
            (self._keys[places] == wanted) if len(self._keys) else np.zeros(len(wanted), dtype=bool)
        )
        at = pa.array(places, pa.int64(), mask=~found)
        return {name: values.take(at) for name, values in self.columns.items()}
