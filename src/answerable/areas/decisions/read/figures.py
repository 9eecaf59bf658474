"""Reading published tables entry by entry, and files of records column by column: every column, as printed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from answerable.areas.decisions.tables import FIGURES, INPUTS, RAW_ROWS
from answerable.core.table import Account, Reading, Table, reader
from answerable.tabular.columns import NUMBER, Source, bare
from answerable.tabular.files import FileWords, RawTable, Rows, open_table

if TYPE_CHECKING:
    from answerable.core.engine import Engine

_PRINTED_NUMBER = f"^({NUMBER})( ?%)?$"


@reader(FIGURES)
def read_figures(
    engine: Engine,
    path: Path,
    **words: Unpack[FileWords],
) -> Reading:
    """Read a published table: every entry with its row, its column and its text as printed.

    Args:
        engine: what the rows are read on.
        path: the file: CSV or other delimited text, a spreadsheet, JSON lines, Parquet.
        words: as for every file of tabular evidence.

    Raises:
        EvidenceError: the file cannot be read.
        MappingError: the sheet is not there, or has to be chosen.
    """
    raw = open_table(engine, path, **words)
    return _entries(engine, raw, FIGURES)


@reader(INPUTS)
def read_inputs(
    engine: Engine,
    path: Path,
    *,
    inputs_sheet: str | None = None,
    inputs_encoding: str | None = None,
    inputs_delimiter: str | None = None,
    inputs_refused_at_most: int = 0,
) -> Reading:
    """Read the second file in the same way: what the published table was made of, or another version of it.

    Args:
        engine: what the rows are read on.
        path: the file.
        inputs_sheet: as sheet, for the second file.
        inputs_encoding: as encoding, for the second file.
        inputs_delimiter: as delimiter, for the second file.
        inputs_refused_at_most: as refused_at_most, for the second file.

    Raises:
        EvidenceError: the file cannot be read.
        MappingError: the sheet is not there, or has to be chosen.
    """
    raw = open_table(
        engine,
        path,
        sheet=inputs_sheet,
        encoding=inputs_encoding,
        delimiter=inputs_delimiter,
        refused_at_most=inputs_refused_at_most,
    )
    return _entries(engine, raw, INPUTS)


@reader(RAW_ROWS)
def read_raw_rows(
    engine: Engine,
    path: Path,
    **words: Unpack[FileWords],
) -> Reading:
    """Read every column of a file as text, under its own name; names that would clash get their place added.

    Args:
        engine: what the rows are read on.
        path: the file: CSV or other delimited text, a spreadsheet, JSON lines, Parquet.
        words: as for every file of tabular evidence.

    Raises:
        EvidenceError: the file cannot be read.
        MappingError: the sheet is not there, or has to be chosen.
    """
    import ibis

    raw = open_table(engine, path, **words)
    rows = raw.rows()
    fields = {_own_name(raw, at): source.text() for at, source in _plain(raw, rows).items()}
    table = rows.table.select(exhibit=ibis.literal(raw.sha256), row=rows.table["row"], **fields)
    return Reading(RAW_ROWS, table, _account(engine, raw, rows))


def _entries(engine: Engine, raw: RawTable, declared: Table) -> Reading:
    """The table in long form: one row for each entry."""
    import ibis

    rows = raw.rows()
    entries = [
        ibis.struct(
            {"place": ibis.literal(at + 1, "int64"), "column": ibis.literal(source.name), "text": source.text()}
        )
        for at, source in _plain(raw, rows).items()
    ]
    long = rows.table.select("row", entry=ibis.array(entries).unnest()).unpack("entry")
    written = bare(long.text)
    number = ibis.ifelse(written.re_search(_PRINTED_NUMBER), written.re_replace(" ?%$", ""), ibis.null("string"))
    table = long.select(
        exhibit=ibis.literal(raw.sha256),
        row=long["row"],
        place=long.place,
        column=long["column"],
        text=long.text,
        number=number.try_cast("float64"),
    )
    return Reading(declared, table, _account(engine, raw, rows))


def _plain(raw: RawTable, rows: Rows) -> dict[int, Source]:
    """The columns that hold plain values, by position."""
    sources = {at: Source(raw.path, name, rows.table[f"c{at + 1}"]) for at, name in enumerate(raw.header)}
    return {at: one for at, one in sources.items() if one.kind != "other" and at not in rows.nested}


def _own_name(raw: RawTable, at: int) -> str:
    """The name of a column, with its place where it is empty, reserved, or others are called alike."""
    name = raw.header[at]
    alike = [known for known in (*raw.header, *RAW_ROWS.columns) if known.casefold() == name.casefold()]
    return f"{name} (#{at + 1})" if len(alike) > 1 or not name.strip() else name


def _account(engine: Engine, raw: RawTable, rows: Rows) -> Account:
    count = rows.count
    if count is None:
        count = engine.collect(rows.table.aggregate(n=rows.table.count()))["n"][0]
    plain = _plain(raw, rows)
    return Account(
        file=raw.path.name,
        sha256=raw.sha256,
        format=raw.format,
        rows=count,
        refused=rows.refused,
        columns=tuple(raw.header[at] for at in plain),
        unread=tuple(name for at, name in enumerate(raw.header) if at not in plain),
        notes=rows.notes,
    )
