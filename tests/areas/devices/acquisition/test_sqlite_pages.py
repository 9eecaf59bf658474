"""Tables taken apart page by page: the rows that SQLite gives, and of a damaged file those of every sound page."""

import sqlite3
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from answerable.areas.devices.acquisition import sqlite_pages
from answerable.areas.devices.acquisition.sqlite import Database, open_database
from answerable.errors import EvidenceError

COLUMNS = {"whole": "INTEGER", "real": "REAL", "words": "TEXT", "bytes": "BLOB", "plain": "", "number": "NUMERIC"}
KINDS = ("int64", "float64", "string", "binary")
VALUES = st.one_of(
    st.none(),
    st.sampled_from([0, 1, -1, 127, 128, -129, 1 << 15, 1 << 23, 1 << 31, 1 << 47, -(2**63), 2**63 - 1]),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(codec="utf-8"), max_size=30),
    st.integers(0, 5000).map(lambda size: "é" * size),
    st.binary(max_size=30),
    st.integers(0, 5000).map(lambda size: b"\xfe" * size),
)  # fmt: skip


@pytest.fixture
def scratch(tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


def all_rows(database, table, types, columns=None):
    """The rows by name, in their order, with what was told of damage."""
    rows, problem = [], ""
    try:
        for batch in database.rows(table, types, columns):
            batch.validate(full=True)
            rows += batch.to_pylist()
    except EvidenceError as error:
        problem = error.problem
    return rows, problem


def only_by_pages(monkeypatch):
    """Let nothing be read by SQL."""

    def refuse(*_, **__):
        raise AssertionError("it was read by SQL")

    monkeypatch.setattr(Database, "batches", refuse)


def by_sql(database, table, types):
    columns = ", ".join(f'"{name}"' for name in types)
    batches = list(database.batches(f"SELECT {columns} FROM {table} NOT INDEXED", types, reads=[table]))
    return [row for batch in batches for row in batch.to_pylist()]


@settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_every_value_is_the_one_that_sqlite_gives(tmp_path, scratch, data):
    path = tmp_path / "a.db"
    path.unlink(missing_ok=True)
    rows = data.draw(st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), *[VALUES] * len(COLUMNS)), max_size=60))
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA page_size={data.draw(st.sampled_from([512, 1024, 4096, 65536]))}")
        connection.execute(f"PRAGMA auto_vacuum={data.draw(st.integers(0, 2))}")
        keyed = data.draw(
            st.sampled_from(["id INTEGER PRIMARY KEY", "id INT PRIMARY KEY", "id INTEGER PRIMARY KEY DESC"])
        )
        connection.execute(f"CREATE TABLE t ({', '.join([keyed, *map(' '.join, COLUMNS.items())])})")
        connection.executemany(f"INSERT OR REPLACE INTO t VALUES ({', '.join('?' * (1 + len(COLUMNS)))})", rows)
        connection.execute("DELETE FROM t WHERE rowid % 5 = ?", (data.draw(st.integers(0, 9)),))
    connection.close()
    types = {"id": "int64"} | {name: data.draw(st.sampled_from(KINDS)) for name in COLUMNS}
    with open_database(path, scratch) as database:
        expected, misfits = by_sql(database, "t", types), dict(database.misfits)
        database.misfits.clear()
        with pytest.MonkeyPatch.context() as patch:
            only_by_pages(patch)
            found, problem = all_rows(database, "t", types)
        assert not problem
        assert repr(found) == repr(expected)
        assert dict(database.misfits) == misfits


def make(path, statements, rows=(), page_size=1024):
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA page_size={page_size}")
        for statement in statements:
            connection.execute(statement)
        connection.executemany(f"INSERT INTO t VALUES ({', '.join('?' * len(rows[0] if rows else '?'))})", rows)
    connection.close()
    return path


def test_rows_from_before_a_column_was_added_have_its_default(tmp_path, scratch, monkeypatch):
    path = make(tmp_path / "a.db", ["CREATE TABLE t (a)"], [(1,), (2,)])
    with sqlite3.connect(path) as connection:
        for column in (
            "b TEXT DEFAULT 'it''s'", "c INTEGER DEFAULT -7", "d REAL DEFAULT 2", "e", "f DEFAULT x'00fF'",
            "g DEFAULT TRUE", "h DEFAULT 1e3",
        ):  # fmt: skip
            connection.execute(f"ALTER TABLE t ADD COLUMN {column}")
        connection.execute("INSERT INTO t VALUES (3, 'x', 1, 1.5, 'y', NULL, 5, 6)")
    connection.close()
    types = {"a": "int64", "b": "string", "c": "int64", "d": "float64", "e": "string", "f": "binary", "g": "int64"}
    types["h"] = "float64"
    with open_database(path, scratch) as database:
        expected = by_sql(database, "t", types)
        only_by_pages(monkeypatch)
        assert all_rows(database, "t", types) == (expected, "")
    assert list(expected[0].values()) == [1, "it's", -7, 2.0, None, b"\0\xff", 1, 1000.0]


def test_a_default_that_no_old_row_can_have_needs_no_sql(tmp_path, scratch, monkeypatch):
    """SQLite refuses to add a column with such a default to a table."""
    path = make(tmp_path / "a.db", ["CREATE TABLE t (a, b DEFAULT CURRENT_TIMESTAMP)"], [(1, 2)])
    with sqlite3.connect(path) as connection, pytest.raises(sqlite3.OperationalError, match="non-constant"):
        connection.execute("ALTER TABLE t ADD COLUMN d DEFAULT CURRENT_TIMESTAMP")
    connection.close()
    only_by_pages(monkeypatch)
    with open_database(path, scratch) as database:
        assert all_rows(database, "t", dict.fromkeys("ab", "int64")) == ([{"a": 1, "b": 2}], "")


def test_a_value_is_left_out_where_another_column_has_text(tmp_path, scratch):
    rows = [("text", b"x" * 3000), ("", b"y" * 3000), (None, b"z"), (5, b"w"), (b"blob", b"v")]
    path = make(tmp_path / "a.db", ["CREATE TABLE t (a, b)"], rows)
    with open_database(path, scratch) as database:
        batches = list(database.rows("t", {"a": "string", "b": "binary"}, unless={"b": "a"}))
    assert batches[0].column("b").to_pylist() == [None, b"y" * 3000, b"z", b"w", None]


@pytest.mark.parametrize(
    "statements",
    [
        ["PRAGMA encoding='UTF-16be'", "CREATE TABLE t (a TEXT, b)"],
        ["CREATE TABLE t (a TEXT PRIMARY KEY, b) WITHOUT ROWID"],
        ["CREATE TABLE t (a TEXT, b, c DEFAULT (1 + 1))"],
    ],
)
def test_what_the_pages_do_not_tell_sqlite_is_asked(tmp_path, scratch, statements):
    rows = [(f"é{number}", number, 2)[: 3 if "DEFAULT" in statements[-1] else 2] for number in range(100)]
    path = make(tmp_path / "a.db", statements, rows)
    with open_database(path, scratch) as database:
        found, problem = all_rows(database, "t", {"a": "string", "b": "int64", "absent": "string"})
    assert not problem
    assert sorted(row["b"] for row in found) == list(range(100)) and {row["absent"] for row in found} == {None}


def test_a_column_that_is_not_there_is_null_or_an_error_where_it_is_needed(tmp_path, scratch):
    path = make(tmp_path / "a.db", ["CREATE TABLE t (a)"], [(1,)])
    with open_database(path, scratch) as database:
        assert all_rows(database, "T", {"A": "int64", "b": "string", "row": "string"}, {"row": "ROWID"}) == (
            [{"A": 1, "b": None, "row": "1"}],
            "",
        )
        with pytest.raises(EvidenceError, match="no such column: b"):
            next(database.rows("t", {"b": "string"}, needed=["b"]))
        with pytest.raises(EvidenceError, match="no table 'u'"):
            next(database.rows("u", {"b": "string"}))


def test_bytes_reserved_on_every_page_are_not_rows(tmp_path, scratch, monkeypatch):
    """Encrypting extensions reserve some; no pragma of this SQLite does, so a page is made by hand."""
    reserved, size = 32, 512
    path = make(tmp_path / "a.db", ["CREATE TABLE t (a TEXT)"], [], page_size=size)
    content = bytearray(path.read_bytes())
    schema = content[:size]
    start = int.from_bytes(schema[105:107], "big")
    moved = schema[:start] + bytes(0)
    cells = schema[start:]
    moved = bytearray(moved[: start - reserved] + cells + bytes(reserved))
    moved[105:107] = (start - reserved).to_bytes(2, "big")
    pointer = int.from_bytes(moved[108:110], "big") - reserved
    moved[108:110] = pointer.to_bytes(2, "big")
    moved[20] = reserved
    record = b"\x02" + bytes([13 + 2 * 5]) + b"hello"
    cell = bytes([len(record), 1]) + record
    at = size - reserved - len(cell)
    leaf = b"\x0d\0\0\0\x01" + at.to_bytes(2, "big") + b"\0" + at.to_bytes(2, "big")
    path.write_bytes(bytes(moved) + leaf.ljust(at, b"\0") + cell + b"\xee" * reserved)
    assert sqlite3.connect(path).execute("SELECT a FROM t").fetchall() == [("hello",)]
    with open_database(path, scratch) as database:
        only_by_pages(monkeypatch)
        assert all_rows(database, "t", {"a": "string"}) == ([{"a": "hello"}], "")


@pytest.fixture
def leaves(tmp_path):
    """A table of 3,000 rows, each with an overflow page among 40; and the places of its leaves in the file."""
    rows = [(number, f"row {number} " * (400 if number % 40 == 0 else 1)) for number in range(1, 3001)]
    path = make(tmp_path / "a.db", ["CREATE TABLE t (id INTEGER PRIMARY KEY, words TEXT)"], rows)
    content = path.read_bytes()
    places = [at for at in range(1024, len(content), 1024) if content[at] == 13]
    assert len(places) > 40
    return path, content, places


def ids_of(path, scratch):
    with open_database(path, scratch) as database:
        rows, problem = all_rows(database, "t", {"id": "int64", "words": "string"})
    return [row["id"] for row in rows], problem


def test_a_damaged_page_loses_its_own_rows_only(leaves, scratch, monkeypatch):
    path, content, places = leaves
    only_by_pages(monkeypatch)
    assert ids_of(path, scratch) == (list(range(1, 3001)), "")
    count = struct.unpack(">H", content[places[7] + 3 : places[7] + 5])[0]
    changed = bytearray(content)
    changed[places[7]] = 0
    path.write_bytes(changed)
    found, problem = ids_of(path, scratch)
    assert len(found) == 3000 - count and found == sorted(found)
    assert f"page {places[7] // 1024 + 1}" in problem and f"{len(found):,} rows could be read" in problem


def test_a_page_that_hides_rows_is_told(leaves, scratch, monkeypatch):
    """A smaller count of cells leaves a sound page with fewer rows: only bytes that belong to nothing tell."""
    path, content, places = leaves
    only_by_pages(monkeypatch)
    changed = bytearray(content)
    changed[places[3] + 4] -= 2
    path.write_bytes(changed)
    found, problem = ids_of(path, scratch)
    assert len(found) == 2998 and "do not fill it" in problem


def test_a_leaf_of_another_place_is_told(leaves, scratch, monkeypatch):
    path, content, places = leaves
    only_by_pages(monkeypatch)
    one, other = places[5], places[9]
    changed = bytearray(content)
    changed[one : one + 1024] = content[other : other + 1024]
    path.write_bytes(changed)
    _, problem = ids_of(path, scratch)
    assert "not in order" in problem


def test_an_overflow_page_that_two_rows_share_is_told(leaves, scratch, monkeypatch):
    path, content, _ = leaves
    only_by_pages(monkeypatch)
    chains = [at for at in range(1024, len(content), 1024) if content[at + 4 : at + 300].count(b"row 40 ") > 20]
    changed = bytearray(content)
    changed[chains[0] : chains[0] + 4] = (chains[0] // 1024 + 1).to_bytes(4, "big")  # the page follows itself
    path.write_bytes(changed)
    found, problem = ids_of(path, scratch)
    assert sorted(set(range(1, 3001)) - set(found)) == [40] and "row 40" in problem


def test_sizes_whose_sum_turns_over_are_told(tmp_path, scratch, monkeypatch):
    """Four values of almost 2^62 bytes and one of 32: in 64 bits their sum is 0, and what follows would seem to fit."""
    path = make(tmp_path / "a.db", ["CREATE TABLE t (a, b, c, d, e, f TEXT)"], [("x" * 90, 1, 1, 1, 1, "hello")] * 3)
    content = path.read_bytes()
    begins = content.rindex(b"x" * 90) - 8  # size of the header, and six kinds of which the first takes two bytes
    assert content[begins] == 8
    kind = 2 * (2**62 - 8) + 12
    huge = bytes(0x80 | (kind >> (8 + 7 * place)) & 0x7F for place in range(7, -1, -1)) + bytes([kind & 0xFF])
    forged = bytes([1 + 4 * 9 + 2]) + huge * 4 + bytes([2 * 32 + 12, 2 * 5 + 13]) + b"hello"
    path.write_bytes(content[:begins] + forged + content[begins + len(forged) :])
    only_by_pages(monkeypatch)
    with open_database(path, scratch) as database:
        rows, problem = all_rows(database, "t", {"a": "string", "f": "string"})
    assert len(rows) == 2 and {row["f"] for row in rows} == {"hello"} and "not what its cell has room for" in problem


def test_groups_of_pages_are_joined_in_order(leaves, scratch, monkeypatch):
    path, _, _ = leaves
    only_by_pages(monkeypatch)
    monkeypatch.setattr(sqlite_pages, "GROUP_BYTES", (1024, 3 * 1024))
    assert ids_of(path, scratch) == (list(range(1, 3001)), "")


def test_the_file_is_opened_for_reading_only(leaves, scratch, monkeypatch):
    path, _, _ = leaves
    modes = []
    opened = type(path).open
    monkeypatch.setattr(
        type(path), "open", lambda self, mode="r", *more: modes.append(mode) or opened(self, mode, *more)
    )
    path.chmod(0o444)
    before = path.stat()
    assert len(ids_of(path, scratch)[0]) == 3000
    assert set(modes) == {"rb"} and path.stat().st_mtime_ns == before.st_mtime_ns
