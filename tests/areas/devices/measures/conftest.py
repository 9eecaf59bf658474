"""Tables of a phone made by hand, and methods asked of them."""

import datetime
import functools
import itertools
from pathlib import Path

import pytest

from answerable.core.method import find_method
from answerable.core.table import reader_of

EXHIBIT = "ab" * 32


@pytest.fixture(name="at")
def at_fixture():
    """A time in UTC from ISO 8601."""
    return at


def at(text):
    return datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.UTC)


def arrow(table, rows):
    """Rows of a declared table, with a place of their own where they name none."""
    import pyarrow as pa

    numbers = itertools.count(1)
    place = {"device": "phone", "exhibit": EXHIBIT, "artefact": "file", "source": table.name, "table": ""}
    names = set(table.columns)
    made = [{**{k: v for k, v in place.items() if k in names}, **{"row": str(next(numbers))}, **row} for row in rows]
    for row in made:
        row.setdefault("time_raw", None)
        assert set(row) - {"row", "time_raw"} <= names, set(row) - names
    return pa.Table.from_pylist([{k: v for k, v in row.items() if k in names} for row in made], schema=table.arrow())


@pytest.fixture
def ask(make_table):
    """Asks a method of rows by table name: ask("devices.x", {"visits": [...]}, engine=None, within=2).

    Tables that are not named are empty; the table of artefacts then says that all were read.
    """

    def asked(name, tables, engine=None, **given):
        method = find_method(name)
        known = {table.name for table in method.reads}
        assert set(tables) <= known, set(tables) - known
        made = []
        for table in method.reads:
            rows = tables.get(table.name)
            if table.name == "artefacts" and rows is None:
                rows = [artefact(other.name) for other in method.reads if other is not table]
            made.append(make_table(rows if hasattr(rows, "schema") else arrow(table, rows or []), engine))
        return method.function(*made, **method.parse(given))

    return asked


def artefact(holds, **told):
    """A row of the table of artefacts: read, with one row, of a phone acquired in 2025."""
    return {
        "device": "phone", "acquisition": "ios backup", "platform": "ios", "version": "17.6.1",
        "acquired": at("2025-10-20T09:30"), "source": f"{holds}_source", "meaning": f"what {holds} hold",
        "holds": holds,
        "expected": True, "state": "read", "files": 1, "rows": 1, "refused": 0, "reason": "", "paths": "file", **told,
    }  # fmt: skip


@pytest.fixture
def rows():
    """Rows of a declared table by its name, as Arrow."""
    from answerable.areas.devices.tables import TABLES

    named = {table.name: table for table in TABLES}
    return lambda name, given: arrow(named[name], given)


@pytest.fixture
def artefact_row():
    """A row of the table of artefacts."""
    return artefact


@pytest.fixture
def android():
    """Rows of the table of artefacts of an Android phone, for the tables named."""
    return lambda *holds, **told: [
        artefact(one, **{"platform": "android", "acquisition": "androidqf", "version": "11", **told}) for one in holds
    ]


@functools.cache
def _engine():
    from answerable.core.engine import open_engine

    return open_engine("duckdb")


@pytest.fixture(scope="session")
def real(public_data, tmp_path_factory):
    """Asks a method of a synthetic acquisition of the public data: real("devices.x", "ios_synthetic/backup")."""
    engine = _engine()
    engine.folder = tmp_path_factory.mktemp("phones")

    def asked(name, where, **given):
        method = find_method(name)
        path = Path(where) if Path(where).is_absolute() else public_data / "devices" / where
        tables = [reader_of(table)(engine, path).rows for table in method.reads]
        return method.function(*tables, **method.parse(given))

    yield asked
    engine.close()


@pytest.fixture(scope="session")
def truth(public_data):
    """What was planted in a synthetic acquisition."""
    import json

    return lambda name: json.loads((public_data / "devices" / name / "truth.json").read_text())
