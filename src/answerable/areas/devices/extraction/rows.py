"""Rows as their table declares them: with their place, time in UTC, hosts of addresses, links in texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.times import is_number, utc
from answerable.areas.devices.hosts import hosts_in_names, links, url_hosts
from answerable.areas.devices.tables import ADDRESSES, DEVICE_FILES, FREE_TEXT, HOSTS_OF, LINKS, PLACE

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.artefacts.registry import Artefact
    from answerable.areas.devices.artefacts.source import Source
    from answerable.core.table import Table


def gathered_rows(rows: Sequence[Mapping[str, Any]], table: Table, source: Source) -> pa.RecordBatch:
    """Rows that came one by one as a batch; one with a value that does not fit its column is refused.

    Args:
        rows: as a parser gave them.
        table: what they are rows of.
        source: counts what is refused.
    """
    import pyarrow as pa

    declared = table.arrow()
    names = [name for name in declared.names if any(name in row for row in rows)]
    schema = pa.schema([declared.field(name) for name in dict.fromkeys(["row", "time_raw", *names])])
    made = [{**row, "row": str(row["row"]), "time_raw": _said(row.get("time_raw"))} for row in rows]
    try:
        return pa.RecordBatch.from_pylist(made, schema=schema)
    except _MISFITS:
        return pa.RecordBatch.from_pylist([row for row in made if _fits(row, schema, source)], schema=schema)


_MISFITS = (ValueError, TypeError, OverflowError)
"""What Arrow raises where a value is none of its column's type; UnicodeError and its own errors are among them."""


def _fits(row: Mapping[str, Any], schema: pa.Schema, source: Source) -> bool:
    import pyarrow as pa

    try:
        pa.RecordBatch.from_pylist([row], schema=schema)
    except _MISFITS:
        source.refuse("a value does not fit its column", int(row["row"]) if str(row["row"]).isdecimal() else 0)
        return False
    return True


def _said(value: Any) -> str | None:
    return None if value is None else str(value)


_ALIKE = {"device", "exhibit", "artefact", "source", "table", "time_unit"}
"""Columns that say the same in nearly all rows of a file: they are held, and written, as numbers of few texts."""


def stored(table: Table) -> pa.Schema:
    """The schema in which rows are held before they are written; in the file they are as the table declares them."""
    import pyarrow as pa

    alike = pa.dictionary(pa.int32(), pa.string())
    return pa.schema([(one.name, alike if one.name in _ALIKE else one.type) for one in table.arrow()])


def placed(batch: pa.RecordBatch, artefact: Artefact, source: Source, sha256: str, before: int) -> pa.RecordBatch:
    """A parser's batch as its table declares it.

    Args:
        batch: some of the table's columns; `row` among them. Timestamps may also be given as numbers of the unit.
        artefact: the kind of artefact that it comes from.
        source: the file.
        sha256: its digest.
        before: how many rows of the file came before, for the numbers of rows without a key.

    Returns:
        All columns of the table, in their order and types.
    """
    import pyarrow as pa

    given = dict(zip(batch.schema.names, batch.columns, strict=True))
    count = batch.num_rows
    constants = {
        "device": source.acquisition.device,
        "exhibit": sha256,
        "artefact": source.entry.stored,
        "source": artefact.name,
        "table": artefact.section,
        "time_unit": artefact.unit,
    }
    raw = given.get("time_raw")
    if "time" not in given and raw is not None and is_number(artefact.unit) and not pa.types.is_string(raw.type):
        given["time"] = utc(raw, artefact.unit)
    if "row" not in given:
        given["row"] = pa.array(range(before + 1, before + count + 1), pa.int64())
    for column, origin in HOSTS_OF.get(artefact.table.name, {}).items():
        if column not in given and origin in given:
            given[column] = url_hosts(_text(given[origin]))
    columns = []
    schema = stored(artefact.table)
    for field in schema:
        if field.name in given:
            values = given[field.name]
            if values.null_count and field.name in ("table", "time_unit"):  # rows that name none have the artefact's
                values = values.cast(pa.string()).fill_null(constants[field.name])
            columns.append(_typed(values, field.type, artefact.unit))
        elif field.name in constants:
            columns.append(_same(constants[field.name], count))
        else:
            columns.append(pa.nulls(count, field.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def derived_rows(table: Table, batch: pa.RecordBatch) -> Iterator[tuple[Table, pa.RecordBatch]]:
    """Rows of other tables that follow from these: links in texts, hosts in the names of files."""
    for column in FREE_TEXT.get(table.name, ()):
        where, url = links(batch.column(column))
        if len(url):
            more = {"url": url, "host": url_hosts(url), "within": table.name, "field": column}
            yield LINKS, _following(LINKS, batch.take(where), more)
    if table.name == DEVICE_FILES.name:
        where, host = hosts_in_names(batch.column("path"))
        if len(host):
            mine = batch.take(where)
            more = {"url": mine.column("relative_path"), "host": host, "what": "name of a file", "within": ""}
            yield ADDRESSES, _following(ADDRESSES, mine, more)


def _following(table: Table, origin: pa.RecordBatch, more: Mapping[str, Any]) -> pa.RecordBatch:
    """Rows of a table that stand where other rows stand."""
    import pyarrow as pa

    columns = []
    schema = stored(table)
    for field in schema:
        if field.name in PLACE:
            columns.append(origin.column(field.name))
        elif isinstance(more.get(field.name), str):
            columns.append(_same(more[field.name], origin.num_rows).cast(field.type))
        elif field.name in more:
            columns.append(more[field.name].cast(field.type))
        else:
            columns.append(pa.nulls(origin.num_rows, field.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _typed(values: pa.Array, wanted: pa.DataType, unit: str) -> pa.Array:
    import pyarrow as pa

    if values.type == wanted:
        return values
    if pa.types.is_timestamp(wanted) and not pa.types.is_timestamp(values.type):
        return utc(values, unit)
    return values.cast(wanted)


def _text(values: pa.Array) -> pa.Array:
    import pyarrow as pa

    return values if pa.types.is_string(values.type) else values.cast(pa.string())


def _same(value: str, count: int) -> pa.DictionaryArray:
    import pyarrow as pa

    return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int32()), count), pa.array([value], pa.string()))
