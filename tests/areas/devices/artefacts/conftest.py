"""Tiny acquisitions, made by code: files under the names that they have on a phone, read as a scan reads them."""

import hashlib
import plistlib
import sqlite3
from contextlib import closing

import pytest


@pytest.fixture
def database(tmp_path):
    """A function that makes an SQLite database of a script and rows by table, and returns its bytes."""

    def make(script, /, **rows):
        path = tmp_path / "made.sqlite"
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(script)
            for table, values in rows.items():
                for row in values:
                    names = ", ".join(f'"{name}"' for name in row)
                    marks = ", ".join("?" for _ in row)
                    connection.execute(f'INSERT INTO "{table}" ({names}) VALUES ({marks})', tuple(row.values()))
            connection.commit()
        return path.read_bytes()

    return make


@pytest.fixture
def query(tmp_path):
    """A function that asks a database, given as bytes, by the standard library alone."""

    def ask(data, sql):
        path = tmp_path / "asked.sqlite"
        path.write_bytes(data)
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute(sql).fetchall()

    return ask


def damage(data):
    """The same file with every page but the first overwritten: its schema can be read, its rows cannot."""
    page = int.from_bytes(data[16:18], "big")
    return data[:page] + b"\xff" * (len(data) - page)


class Phone:
    """What was read of an acquisition: coverage and rows of each kind of artefact."""

    def __init__(self, phones):
        self.phones = phones
        self._reads = {one.artefact.name: one for one in phones.reads}

    def coverage(self, artefact):
        return self._reads[artefact].coverage()

    def accounts(self, artefact):
        return self._reads[artefact].accounts

    def rows(self, artefact, table=None):
        """The rows of an artefact, in the order of the source; of a derived table where it is named."""
        import pyarrow.parquet as pq

        read = self._reads[artefact]
        wanted = table or read.artefact.table.name
        files = [part.files[wanted] for part in read.parts if wanted in part.files]
        return [row for file in files for row in pq.read_table(file).to_pylist()]


@pytest.fixture
def phone(tmp_path):
    """A function that makes an acquisition of files by their logical paths, and reads it.

    For kind "ios backup" a path is "Domain/relativePath"; for another it is where the file lies below the root.
    """
    from answerable.areas.devices.extraction.phone import read_phones
    from answerable.core.engine import open_engine

    engine = open_engine("duckdb")
    made = iter(range(1_000))

    def make(files, kind="ios backup", version="16.5"):
        root = tmp_path / f"phone{next(made)}"
        root.mkdir()
        if kind == "ios backup":
            _backup(root, files, version)
        else:
            for path, data in files.items():
                place = root / path
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(data)
        return Phone(read_phones(engine, root))

    yield make
    engine.close()


def _backup(root, files, version):
    (root / "Info.plist").write_bytes(plistlib.dumps({"Product Version": version, "Product Type": "iPhone12,1"}))
    (root / "Manifest.plist").write_bytes(plistlib.dumps({"IsEncrypted": False}))
    with closing(sqlite3.connect(root / "Manifest.db")) as manifest:
        manifest.execute(
            "CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, flags INTEGER, file BLOB)"
        )
        for path, data in files.items():
            domain, _, relative = path.partition("/")
            name = hashlib.sha1(f"{domain}-{relative}".encode()).hexdigest()
            manifest.execute("INSERT INTO Files VALUES (?, ?, ?, 1, NULL)", (name, domain, relative))
            (root / name[:2]).mkdir(exist_ok=True)
            (root / name[:2] / name).write_bytes(data)
        manifest.commit()


@pytest.fixture
def damaged():
    """A function that overwrites every page of a database but the first."""
    return damage


@pytest.fixture
def read_again():
    """A function that reads an acquisition that lies at a path."""
    from answerable.areas.devices.extraction.phone import read_phones
    from answerable.core.engine import open_engine

    engine = open_engine("duckdb")
    yield lambda path: Phone(read_phones(engine, path))
    engine.close()
