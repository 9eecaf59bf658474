"""What parsers of databases share: columns that a version may lack, look-ups, constant columns, places of apps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.lookup import Lookup
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyarrow as pa

    from answerable.areas.devices.acquisition.sqlite import Database
    from answerable.areas.devices.artefacts.source import Source

APP = "private/var/mobile/Containers/Data/Application/*"
"""Where the folder of an app lies in a file system; a backup has it as AppDomain-BUNDLE."""
GROUP = "private/var/mobile/Containers/Shared/AppGroup/*"
"""Where the folder of a group of apps lies in a file system; a backup has it as AppDomainGroup-GROUP."""


def selected(database: Database, table: str, alias: str, columns: Mapping[str, str], needed: Sequence[str] = ()) -> str:
    """The columns of a table for a SELECT, separated by commas; NULL for those that this version does not have.

    Args:
        database: the database.
        table: its table.
        alias: what the statement calls it.
        columns: name in the result -> column of the table.
        needed: names in the result that are asked for in any case, so that SQLite says that they are missing.
    """
    return ", ".join(
        f'{f"{alias}.{column}" if name in needed or database.has(table, column) else "NULL"} AS "{name}"'
        for name, column in columns.items()
    )


def joined(table: str, alias: str, on: str) -> str:
    """The clause that joins a table by its rowid to what a column says."""
    return f" LEFT JOIN {table} {alias} NOT INDEXED ON {alias}.rowid = {on}"


def with_columns(batch: pa.RecordBatch, **columns: pa.Array | str | None) -> pa.RecordBatch:
    """The batch with columns put in place or added: an array, or one text for all rows."""
    import pyarrow as pa

    given = dict(zip(batch.schema.names, batch.columns, strict=True))
    for name, column in columns.items():
        constant = column is None or isinstance(column, str)
        given[name] = pa.repeat(pa.scalar(column, pa.string()), batch.num_rows) if constant else column
    return pa.RecordBatch.from_pydict(given)


def texts_within(value: Any) -> list[str]:
    """Every text within nested values, names among them; what is met again, as in a bomb, is looked into once."""
    texts, waiting, met = [], [value], set()
    while waiting:
        held = waiting.pop()
        if isinstance(held, str):
            texts.append(held)
        elif isinstance(held, (dict, list)) and id(held) not in met:
            met.add(id(held))
            inner = [*held, *held.values()] if isinstance(held, dict) else held
            waiting += reversed(inner)
    return texts


class KeyedValues:
    """A column of a table in memory, looked up by another: for joins that are not by rowid, or that may fail.

    Where the table is damaged, what could be read of it counts, and a gap says so: the rows that look up are not
    lost. Where this version lacks the table or a column, every look-up is null.

    Args:
        source: the file, for the gap.
        database: the same, opened.
        table: its table.
        key: column by which it is looked up. value: column of what is found.
        key_type, value_type: their types, as `Database.batches` names them.
        only: a condition of ours, as SQL.
        largest: of several values for one key the largest is found, and not the first.
    """

    def __init__(
        self, source: Source, database: Database, table: str, key: str, value: str, *, key_type: str = "int64",
        value_type: str = "string", only: str = "", largest: bool = False,
    ) -> None:  # fmt: skip
        import pyarrow as pa

        types = {"key": key_type, "value": value_type}
        kinds = {"int64": pa.int64(), "float64": pa.float64(), "string": pa.string()}
        batches = [pa.RecordBatch.from_pydict({name: pa.array([], kinds[kind]) for name, kind in types.items()})]
        if database.has(table, key, value):
            sql = f'SELECT {key} AS "key", {value} AS value FROM {table} NOT INDEXED {only}'
            some = (
                database.batches(sql, types, reads=[table])
                if only
                else database.rows(table, types, {"key": key, "value": value})
            )
            try:
                for batch in some:  # one by one: what came before the damage counts
                    batches += [batch]
            except EvidenceError as error:
                source.gaps.append(f"what other rows name cannot be read whole: {error.problem}")
        if largest:
            batches = pa.Table.from_batches(batches).sort_by([("value", "descending")]).to_batches() or batches
        self._sorted = Lookup(batches, "key") if key_type == "int64" else None
        self._all = pa.Table.from_batches(batches if self._sorted is None else batches[:1]).combine_chunks()

    def of(self, keys: pa.Array) -> pa.Array:
        """For each key the first value that the table has for it; null where there is none."""
        import pyarrow.compute as pc

        if self._sorted is not None:
            return self._sorted.of(keys)["value"]
        places = pc.index_in(keys, value_set=self._all.column("key"), skip_nulls=True)
        return self._all.column("value").combine_chunks().take(places)
