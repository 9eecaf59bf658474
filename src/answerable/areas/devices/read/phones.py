"""Registers a reader for every table of what a phone holds: all come out of one exhibit, read once."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import TYPE_CHECKING

from answerable.areas.devices.tables import ARTEFACTS, OBSERVABLES, OBSERVED, PLACE, TABLES
from answerable.areas.devices.tables.events import EVENTS
from answerable.core.table import Account, Reading, Refusal, Table, reader

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.areas.devices.extraction.phone import Phones
    from answerable.core.engine import Engine


def _register(table: Table) -> None:
    @reader(table)
    def read(engine: Engine, path: Path, *, password_file: str | None = None) -> Reading:
        """Read a table of a phone.

        Args:
            engine: what the rows are read on.
            path: a backup, a dump, an archive of logs, or a folder of several phones.
            password_file: file whose first line is the password, where the backup is encrypted.
        """
        from answerable.areas.devices.extraction.phone import read_phones

        phones = read_phones(engine, path, password_file=password_file)
        rows = observables(engine, phones) if table is OBSERVABLES else _rows(engine, phones, table)
        return Reading(table, rows, account_of(phones, table))


for _table in (*TABLES, ARTEFACTS, OBSERVABLES):
    _register(_table)


_KNOWN: weakref.WeakKeyDictionary[Engine, dict[int, ir.Table]] = weakref.WeakKeyDictionary()


def observables(engine: Engine, phones: Phones) -> ir.Table:
    """Every value that an indicator could name, as one view over the tables that hold them; made once."""
    known = _KNOWN.setdefault(engine, {})
    if id(phones) not in known:
        known[id(phones)] = _observables(engine, phones)
    return known[id(phones)]


def _observables(engine: Engine, phones: Phones) -> ir.Table:
    import ibis

    views = []
    counts = phones.rows
    for table in TABLES:
        if not counts.get(table.name) or table.name not in OBSERVED:
            continue
        rows = _rows(engine, phones, table)
        place = [rows[name] for name in PLACE]
        for column, (kind, found) in OBSERVED[table.name].items():
            fixed = {"holds": ibis.literal(table.name), "field": ibis.literal(found), "kind": ibis.literal(kind)}
            raw = rows[column] if found == column else ibis.coalesce(rows[found], rows[column])
            views.append(rows.filter(rows[column].notnull()).select(*place, **fixed, value=rows[column], found=raw))
    if not views:
        return _empty(engine, phones, OBSERVABLES)
    return engine.view(views[0] if len(views) == 1 else ibis.union(*views))


def _rows(engine: Engine, phones: Phones, table: Table) -> ir.Table:
    files = phones.tables.get(table.name)
    return engine.parquet(sorted(files)) if files else _empty(engine, phones, table)


def _empty(engine: Engine, phones: Phones, table: Table) -> ir.Table:
    from answerable.areas.devices.extraction.parts import write_rows

    path = engine.folder / "phones" / f"no-{table.name}.parquet"
    if not path.exists():
        write_rows(path, table.arrow().empty_table())
    return engine.parquet(path)


def account_of(phones: Phones, table: Table) -> Account:
    """What became of the files that hold the table: rows, refusals, gaps as notes."""
    mine = [one for one in phones.reads if table in (ARTEFACTS, EVENTS, OBSERVABLES, one.artefact.table)]
    refused: dict[str, Refusal] = {}
    notes = []
    for read in mine:
        for one in read.accounts:
            for reason, (count, places) in one.refused.items():
                before = refused.get(reason, Refusal(reason, 0))
                refused[reason] = Refusal(reason, before.count + count, (*before.rows, *places)[:5])
            if one.gap:
                notes.append(f"{one.logical}: {one.gap}")
            misfits = ", ".join(f"{name} ({count})" for name, count in sorted(one.misfits.items()) if count)
            notes += [f"{one.logical}: values not of their column's type: {misfits}."] if misfits else []
            notes += [f"{one.logical}: {note}" for note in one.notes]
    for acquisition in phones.acquisitions:
        notes += [f"{acquisition.device}: {note}" for note in acquisition.notes]
    rows = len(phones.reads) if table is ARTEFACTS else sum(one.rows for read in mine for one in read.accounts)
    return Account(
        file=phones.path.name,
        sha256=phones.sha256,
        format=phones.format,
        rows=rows,
        refused=tuple(refused.values()),
        notes=tuple(dict.fromkeys(notes)),
    )
