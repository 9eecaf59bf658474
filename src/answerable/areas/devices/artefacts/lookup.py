"""Joins on a key in memory: one pass over each table is far cheaper than a look-up in the file for every row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.sqlite import Database

LARGEST_ROWS = 8_000_000
LARGEST_BYTES = 640 << 20


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
        self.columns: dict[str, pa.Array] = {
            name: table.column(name).combine_chunks() for name in table.column_names if name != key
        }

    def of(self, keys: pa.Array) -> dict[str, pa.Array]:
        """The columns for these keys; null where there is no such key."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted = np.array(pc.fill_null(keys, 0), dtype=np.int64)
        places = np.searchsorted(self._keys, wanted)
        places[places == len(self._keys)] = 0
        found = np.array(pc.is_valid(keys)) & (
            (self._keys[places] == wanted) if len(self._keys) else np.zeros(len(wanted), dtype=bool)
        )
        at = pa.array(places, pa.int64(), mask=~found)
        return {name: values.take(at) for name, values in self.columns.items()}


def lookup(
    database: Database, table: str, types: Mapping[str, str], columns: Mapping[str, str], *, key: str
) -> Lookup | None:
    """The rows of a table by a key; None where they are too many to be held.

    Args:
        database: where they are read.
        table: its table.
        types, columns: as for `Database.rows`; every column is needed.
        key: the result column of whole numbers by which rows are looked up.

    Raises:
        EvidenceError: as for `Database.rows`.
    """
    batches: list[Any] = []
    rows = held = 0
    for batch in database.rows(table, types, columns, needed=list(types)):
        rows, held = rows + batch.num_rows, held + batch.nbytes
        if rows > LARGEST_ROWS or held > LARGEST_BYTES:
            return None
        batches.append(batch)
    if not batches:
        import pyarrow as pa

        kinds = {"int64": pa.int64(), "float64": pa.float64(), "string": pa.string(), "binary": pa.binary()}
        batches = [pa.RecordBatch.from_pydict({name: pa.array([], kinds[kind]) for name, kind in types.items()})]
    return Lookup(batches, key)
