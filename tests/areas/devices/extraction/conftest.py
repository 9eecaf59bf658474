"""Phones read as a scan reads them, with the account of every file."""

import importlib.util
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location("specimens", Path(__file__).parents[1] / "specimens.py")
specimens = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(specimens)
make_backup = specimens.load("acquisition/conftest.py").make_backup


@pytest.fixture
def made():
    """The module that makes acquisitions."""
    return specimens


@pytest.fixture
def read(tmp_path):
    """A function that reads a path into a folder, and gives what became of every artefact by its name."""
    from answerable.areas.devices.extraction.phone import read_phones
    from answerable.core.engine import open_engine

    engines = []

    def reads(path, out="out", **more):
        engines.append(engine := open_engine("duckdb"))
        engine.folder = tmp_path / out
        engine.folder.mkdir(exist_ok=True)
        phones = read_phones(engine, path, **more)
        return {one.artefact.name: one for one in phones.reads}

    yield reads
    for engine in engines:
        engine.close()


@pytest.fixture
def rows():
    """A function that gives the rows of an artefact that was read."""
    import pyarrow.parquet as pq

    def told(one):
        files = [part.files[one.artefact.table.name] for part in one.parts if part.files]
        return [row for file in files for row in pq.read_table(file).to_pylist()]

    return told
