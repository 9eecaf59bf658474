"""Fixtures of the readers' tests: files of evidence made of bytes, and what reading them gives."""

import pytest

from answerable.tabular.files import open_table


@pytest.fixture
def evidence(tmp_path):
    """A function that writes a file of evidence and gives its path."""

    def write(content, name="evidence.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def rows_of(duck):
    """A function that opens a file and gives its rows by column name, with `row` first."""

    def read(path, **words):
        raw = open_table(duck, path, **words)
        rows = raw.rows()
        found = duck.collect(rows.table.order_by("row"))
        names = [name for name in found if name != "row"]
        return {"row": found["row"], **{raw.header[int(name[1:]) - 1]: found[name] for name in names}}

    return read


@pytest.fixture
def left_behind(duck):
    """A function that lists what derived tables a reading has left, whole or half."""
    return lambda: sorted(path.name for path in duck.folder.iterdir() if path.suffix in {".parquet", ".partial"})
