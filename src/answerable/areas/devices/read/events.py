"""Registers the reader of the timeline: a view over every table of a phone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.read.phones import account_of
from answerable.areas.devices.tables import PLACE, TABLES
from answerable.areas.devices.tables.events import EVENTS, LEFT_OUT, WHAT
from answerable.core.engine import without_rows
from answerable.core.table import Reading, reader, reader_of

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.engine import Engine

_BLANK = " · "


@reader(EVENTS)
def read_events(engine: Engine, path: Path, *, password_file: str | None = None) -> Reading:
    """Read the timeline of a phone: every moment that a row of its tables names.

    Args:
        engine: what the rows are read on.
        path: a backup, a dump, an archive of logs, or a folder of several phones.
        password_file: file whose first line is the password, where the backup is encrypted.
    """
    from answerable.areas.devices.extraction.phone import read_phones

    readings = {table.name: reader_of(table)(engine, path, password_file=password_file) for table in TABLES}
    account = account_of(read_phones(engine, path, password_file=password_file), EVENTS)
    tables = {name: one.rows for name, one in readings.items()}
    held = {name: rows for name, rows in tables.items() if not without_rows(rows)}
    return Reading(EVENTS, engine.view(events(held or tables)), account)


def events(tables: Mapping[str, ir.Table]) -> ir.Table:
    """Every moment in tables of a phone, in no order: of a row's own time, and of each further time that it names.

    Args:
        tables: rows of declared tables by their names; at least one.

    Returns:
        Rows of the table of events. A further time that equals the row's own is not said twice.
    """
    import ibis

    branches = [
        _moments(tables[table.name], table.name, name)
        for table in TABLES
        if table.name in tables and table.name not in LEFT_OUT
        for name, column in table.columns.items()
        if column.type == "timestamp"
    ]
    return branches[0] if len(branches) == 1 else ibis.union(*branches)


def _moments(rows: ir.Table, holds: str, moment: str) -> ir.Table:
    """The rows that have a time in a column, as events."""
    import ibis

    own = moment == "time"
    there = rows[moment].notnull()
    chosen = rows.filter(there if own else there & (rows.time.isnull() | (rows[moment] != rows.time)))
    raw: dict[str, Any] = {} if own else {"time_raw": ibis.null("string"), "time_unit": ibis.null("string")}
    what = [chosen[name].nullif("") for name in WHAT[holds]]
    text = what[0] if len(what) == 1 else _joined(what)
    return chosen.select(
        *(name for name in PLACE if name != "time" and name not in raw),
        **raw,
        time=chosen[moment],
        holds=ibis.literal(holds),
        moment=ibis.literal(moment),
        what=text,
    ).select(*EVENTS.columns)


def _joined(parts: list[Any]) -> Any:
    """The parts that are there, with a sign between."""
    text = parts[0]
    for part in parts[1:]:
        text = (text + _BLANK + part).fill_null(text).fill_null(part)
    return text
