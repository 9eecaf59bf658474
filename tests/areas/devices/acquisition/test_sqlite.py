"""Databases of evidence: every row or an error, absent beside them, absent of theirs is run."""

import contextlib
import math
import os
import sqlite3
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from answerable.areas.devices.acquisition import sqlite as rooms
from answerable.areas.devices.acquisition import sqlite_records as records
from answerable.areas.devices.acquisition.sqlite import open_database
from answerable.errors import EvidenceError

VISITS = {"id": "int64", "url": "string", "visit_time": "float64"}
SQL = "SELECT rowid AS id, url, visit_time FROM visits NOT INDEXED"


@pytest.fixture
def scratch(tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    return folder


@pytest.fixture
def evidence(tmp_path):
    folder = tmp_path / "evidence 100% of #1?"
    folder.mkdir()
    return folder


def make_visits(path, count=3000, *, page_size=1024):
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA page_size={page_size}")
        connection.execute("CREATE TABLE visits (url TEXT, visit_time REAL)")
        connection.execute("CREATE INDEX by_url ON visits (url)")
        rows = ((f"https://host{number}.example.org/path", number * 1.5) for number in range(count))
        connection.executemany("INSERT INTO visits VALUES (?, ?)", rows)
    connection.close()
    return path


def values_of(path, scratch, kind, rows, declared="", by_sql=False):
    """What one column of given values becomes, and what did not fit."""
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE t (v {declared})")
        connection.executemany("INSERT INTO t VALUES (?)", [(row,) for row in rows])
    connection.close()
    return read_column(path, scratch, kind, by_sql)


def read_column(path, scratch, kind, by_sql=False):
    with open_database(path, scratch) as database:
        if by_sql:
            batches = list(database.batches("SELECT v FROM t NOT INDEXED", {"v": kind}, reads=["t"]))
        else:
            batches = list(database.rows("t", {"v": kind}, needed=["v"]))
        for batch in batches:
            batch.validate(full=True)
        return [value for batch in batches for value in batch.column(0).to_pylist()], dict(database.misfits)


def ids(database, sql="", types=VISITS, reads=("visits",)):
    """Ids of all rows that came, and the error that ended them: by pages, or by SQL where a statement is given."""
    found = []
    some = database.batches(sql, types, reads=reads) if sql else database.rows("visits", types, {"id": "rowid"})
    try:
        for batch in some:
            found += batch.column("id").to_pylist()
    except EvidenceError as error:
        return found, error
    return found, None


def state_of(folder):
    return {
        path.name: (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_size)
        for path in sorted(folder.iterdir())
    }


def test_rows_come_with_their_types_and_nothing_is_written_beside(evidence, scratch):
    path = make_visits(evidence / "History %41.db")
    before = state_of(evidence)
    with open_database(path, scratch) as database:
        assert database.tables == {"visits": ("url", "visit_time")}
        assert database.has("visits", "URL") and not database.has("visits", "title") and not database.has("urls")
        batches = list(database.rows("visits", VISITS, {"id": "rowid"}))
        assert batches == list(database.batches(SQL, VISITS, reads=["visits"]))
        assert [str(field.type) for field in batches[0].schema] == ["int64", "string", "double"]
        assert sum(batch.num_rows for batch in batches) == 3000
        assert batches[0].slice(7, 1).to_pylist() == [
            {"id": 8, "url": "https://host7.example.org/path", "visit_time": 10.5}
        ]
        assert state_of(evidence) == before
        assert not database.misfits and not database.notes
    assert state_of(evidence) == before
    assert list(scratch.iterdir()) == []


def leave_a_log(path):
    """A database with 10 rows of which 5 are in its write-ahead log only."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("CREATE TABLE visits (url TEXT, visit_time REAL)")
    rows = [(f"https://example.org/{number}", 0.5) for number in range(10)]
    connection.executemany("INSERT INTO visits VALUES (?, ?)", rows[:5])
    connection.commit()
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.executemany("INSERT INTO visits VALUES (?, ?)", rows[5:])
    connection.commit()
    database, log = path.read_bytes(), path.with_name(f"{path.name}-wal").read_bytes()
    connection.close()
    for name in path.parent.iterdir():
        name.unlink()
    path.write_bytes(database)
    return log


def test_rows_of_the_write_ahead_log_count_and_the_evidence_stays_as_it_was(evidence, scratch):
    path = evidence / "sms.db"
    log = leave_a_log(path)
    with open_database(path, scratch) as database:
        assert ids(database) == ([1, 2, 3, 4, 5], None)
    path.with_name("sms.db-wal").write_bytes(log)
    before = state_of(evidence)
    with open_database(path, scratch) as database:
        assert ids(database) == (list(range(1, 11)), None)
        assert "write-ahead log were applied" in database.notes[0]
    assert state_of(evidence) == before
    assert list(scratch.iterdir()) == []


def test_a_log_under_another_name_is_given(evidence, scratch):
    path = evidence / "3d0d7e5fb2ce288813306e4d4636395e047a3d28"
    log = leave_a_log(path)
    (evidence / "aa").write_bytes(log)
    with open_database(path, scratch, wal=evidence / "aa") as database:
        assert len(ids(database)[0]) == 10


@pytest.mark.parametrize("log", [b"", b"not a log" * 100, bytes.fromhex("377f0682") + bytes(4000)])
def test_a_log_that_holds_nothing_is_told(evidence, scratch, log):
    path = evidence / "sms.db"
    leave_a_log(path)
    path.with_name("sms.db-wal").write_bytes(log)
    with open_database(path, scratch) as database:
        assert ids(database) == ([1, 2, 3, 4, 5], None)
        assert bool(database.notes) == bool(log)


def leave_a_journal(path):
    """A database as a crash in the middle of a transaction leaves it: 5 rows before it, and a hot journal."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA cache_size=1")
    connection.execute("CREATE TABLE visits (url TEXT, visit_time REAL)")
    connection.executemany("INSERT INTO visits VALUES (?, ?)", [("https://example.org/", 0.5)] * 5)
    connection.execute("BEGIN")
    connection.executemany("INSERT INTO visits VALUES (?, ?)", [("x" * 2000, 0.5)] * 200)
    journal = path.with_name(f"{path.name}-journal")
    copies = path.read_bytes(), journal.read_bytes()
    connection.execute("ROLLBACK")
    connection.close()
    path.write_bytes(copies[0])
    journal.write_bytes(copies[1])
    return journal


def test_a_hot_journal_is_rolled_back_in_a_copy(evidence, scratch):
    leave_a_journal(evidence / "sms.db")
    before = state_of(evidence)
    with open_database(evidence / "sms.db", scratch) as database:
        assert ids(database) == ([1, 2, 3, 4, 5], None)
        assert "rolled back" in database.notes[0]
    assert state_of(evidence) == before


def test_a_journal_that_names_another_file_cannot_have_it_deleted(evidence, scratch, tmp_path):
    precious = tmp_path / "precious.txt"
    precious.write_text("keep me")
    journal = leave_a_journal(evidence / "sms.db")
    name = str(precious).encode()
    tail = len(name).to_bytes(4, "big") + sum(name).to_bytes(4, "big") + bytes.fromhex("d9d505f920a163d7")
    # SQLite looks for this at the journal's end: page number, name, its length, sum of its bytes, magic.
    journal.write_bytes(journal.read_bytes() + (1 << 30).to_bytes(4, "big") + name + tail)
    with open_database(evidence / "sms.db", scratch) as database:
        assert "several databases" in database.notes[0]
    assert precious.read_text() == "keep me"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "empty"),
        (b"SQLite format 3\x00", "not an SQLite"),
        (b"\x8f" * 4096, "not an SQLite"),
        (b"SQLite format 3\x00" + b"\x01\x23" + bytes(4096), "page size"),
        (b"SQLite format 3\x00" + b"\x10\x00" + b"\xff" * 4096, "cannot read it"),
    ],
)
def test_what_is_no_database_is_refused_with_a_reason(evidence, scratch, content, problem):
    (evidence / "sms.db").write_bytes(content)
    with pytest.raises(EvidenceError, match=problem) as refused, open_database(evidence / "sms.db", scratch):
        pass
    assert refused.value.file.endswith("sms.db") and refused.value.mend
    assert [path.name for path in evidence.iterdir()] == ["sms.db"]


def test_a_file_that_is_missing_or_a_pipe_is_refused_at_once(evidence, scratch):
    with pytest.raises(EvidenceError, match="cannot be read"), open_database(evidence / "none.db", scratch):
        pass
    os.mkfifo(evidence / "pipe.db")
    with pytest.raises(EvidenceError, match="not a file"), open_database(evidence / "pipe.db", scratch):
        pass


@pytest.mark.parametrize("headed", [False, True])
def test_a_sparse_file_of_ten_gigabytes_ends_at_once(evidence, scratch, headed):
    path = evidence / "sms.db"
    if headed:
        make_visits(path, 10)
    with path.open("ab") as file:
        file.truncate(10 << 30)
    began = time.monotonic()
    if headed:
        with open_database(path, scratch) as database:
            assert len(ids(database)[0]) == 10
    else:
        with pytest.raises(EvidenceError, match="not an SQLite"), open_database(path, scratch):
            pass
    with pytest.raises(EvidenceError, match="limit is 1,000" if headed else "not an"):
        open_database(path, scratch, limit=1000).__enter__()
    assert time.monotonic() - began < 2


def test_views_virtual_tables_and_generated_columns_are_no_tables(evidence, scratch):
    path = make_visits(evidence / "sms.db", 5)
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE VIEW message AS "
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS id FROM n"
        )
        connection.execute("CREATE VIRTUAL TABLE words USING fts5(word)")
        connection.execute("CREATE TABLE made (a INTEGER, b AS (length(hex(a)) * 2))")
    connection.close()
    with open_database(path, scratch) as database:
        assert "visits" in database.tables and {"message", "words", "made"}.isdisjoint(database.tables)
        for table, reason in {
            "message": "is a view, not a table",
            "MESSAGE": "is a view, not a table",
            "words": "virtual",
            "made": "generated",
            "chat": "no table 'chat'",
        }.items():
            sql = f"SELECT id FROM {table} NOT INDEXED"
            with pytest.raises(EvidenceError, match=reason):
                next(database.batches(sql, {"id": "int64"}, reads=[table]))


@pytest.mark.parametrize("label", ["table", "view", "index"])
def test_an_entry_of_the_schema_that_lies_about_what_it_is_runs_nothing(evidence, scratch, label):
    path = make_visits(evidence / "sms.db", 5)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        endless = (
            "CREATE VIEW message AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n) SELECT i AS id FROM n"
        )
        connection.execute("INSERT INTO sqlite_master VALUES (?, 'message', 'message', 2, ?)", (label, endless))
    connection.close()
    with pytest.raises(EvidenceError), open_database(path, scratch) as database:
        next(database.batches("SELECT id FROM message NOT INDEXED", {"id": "int64"}, reads=["message"]))


def test_a_schema_of_too_many_entries_is_refused(evidence, scratch, monkeypatch):
    path = evidence / "sms.db"
    with sqlite3.connect(path) as connection:
        for number in range(50):
            connection.execute(f"CREATE TABLE t{number} (a)")
    connection.close()
    monkeypatch.setattr("answerable.areas.devices.acquisition.sqlite_schema.MOST_SCHEMA_ROWS", 40)
    with pytest.raises(EvidenceError, match="more than 40 entries"), open_database(path, scratch):
        pass


def test_a_schema_of_huge_statements_is_refused(evidence, scratch):
    path = evidence / "sms.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (a DEFAULT '" + "x" * 300_000 + "')")
    connection.close()
    with pytest.raises(EvidenceError, match="SQLite cannot read it"), open_database(path, scratch):
        pass


def test_a_missing_column_is_an_error_and_never_a_literal(evidence, scratch):
    path = make_visits(evidence / "a.db", 5)
    with open_database(path, scratch) as database:
        with pytest.raises(EvidenceError, match="title"):
            list(database.batches("SELECT title FROM visits NOT INDEXED", {"title": "string"}, reads=["visits"]))
        with pytest.raises(EvidenceError, match="title"):
            list(database.batches("SELECT url FROM visits NOT INDEXED", {"title": "string"}, reads=["visits"]))


def test_a_statement_that_could_use_an_index_of_the_evidence_is_our_mistake(evidence, scratch):
    path = make_visits(evidence / "a.db", 5)
    with open_database(path, scratch) as database, pytest.raises(ValueError, match="NOT INDEXED"):
        next(database.batches("SELECT rowid AS id FROM visits", {"id": "int64"}, reads=["visits"]))


def test_an_index_that_hides_rows_hides_none_here(evidence, scratch):
    path = make_visits(evidence / "a.db", 3000)
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE empty (url TEXT)")
        connection.execute("CREATE INDEX absent ON empty (url)")
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute(
            "UPDATE sqlite_master SET rootpage = (SELECT rootpage FROM sqlite_master WHERE name = 'absent') "
            "WHERE name = 'by_url'"
        )
    connection.close()
    hidden = sqlite3.connect(path).execute("SELECT count(url) FROM visits").fetchone()[0]
    assert hidden == 0, "the index does hide them from a statement that uses it"
    with open_database(path, scratch) as database:
        sql = "SELECT url, 1 AS id FROM visits NOT INDEXED"
        assert len(ids(database, sql, {"url": "string", "id": "int64"})[0]) == 3000


BIG = 2**53 + 1


@pytest.mark.parametrize(
    ("kind", "rows", "expected", "misfits"),
    [
        ("int64", [None, 5, BIG, -(2**63)], [None, 5, BIG, -(2**63)], 0),
        ("int64", ["abc", 7, "12", "12abc", 3.0, 3.5, b"5", 1e300, math.inf], [None, 7, 12, None, 3, *[None] * 4], 6),
        ("int64", ["9223372036854775808", 2.0**63, ""], [None] * 3, 3),
        ("float64", [1.5, 2, None, "2.5", "x", b"1", -math.inf], [1.5, 2.0, None, 2.5, None, None, -math.inf], 2),
        ("float64", [BIG, 2**53], [None, 2.0**53], 1),
        ("float64", [math.nan, 1.0], [None, 1.0], 0),
        ("string", ["é", None, 5, 1.5, "a\0b"], ["é", None, "5", "1.5", "a\0b"], 0),
        ("string", ["x", b"https://example.org/", b"\xff\x00"], ["x", "https://example.org/", "\ufffd\0"], 2),
        ("binary", [b"\x00\xff", None, "é", 5, 1.5], [b"\x00\xff", None, "é".encode(), None, None], 2),
    ],
)
@pytest.mark.parametrize("by_sql", [False, True])
def test_values_of_other_kinds_fit_exactly_or_are_null_and_counted(
    evidence, scratch, kind, rows, expected, misfits, by_sql
):
    found, counted = values_of(evidence / "a.db", scratch, kind, rows, by_sql=by_sql)
    assert found == expected
    assert sum(counted.values()) == misfits


def test_text_in_an_integer_column_and_nulls_before_anything_else(evidence, scratch):
    rows = [None] * 100_000 + ["later", 5, "6"]
    found, counted = values_of(evidence / "a.db", scratch, "int64", rows, "INTEGER")
    assert found == [None] * 100_001 + [5, 6] and counted == {"t.v": 1}
    (evidence / "a.db").unlink()
    found, counted = values_of(evidence / "a.db", scratch, "string", rows, "TEXT")
    assert found == [None] * 100_000 + ["later", "5", "6"] and counted == {}


@pytest.mark.parametrize("by_sql", [False, True])
def test_text_that_is_not_utf8_is_marked_and_counted(evidence, scratch, by_sql):
    path = evidence / "a.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE t (v TEXT)")
        connection.execute(
            "INSERT INTO t VALUES ('good'), (CAST(x'61FF62' AS TEXT)), (NULL), (CAST(x'EDA080' AS TEXT))"
        )
    connection.close()
    found, counted = read_column(path, scratch, "string", by_sql)
    assert found == ["good", "a\ufffdb", None, "\ufffd\ufffd\ufffd"] and counted == {"t.v": 2}


def test_a_database_in_utf16_is_read(evidence, scratch):
    path = evidence / "a.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA encoding='UTF-16le'")
        connection.execute("CREATE TABLE t (v TEXT)")
        connection.execute("INSERT INTO t VALUES ('é🙂')")
    connection.close()
    assert read_column(path, scratch, "string") == (["é🙂"], {})


@pytest.mark.parametrize("index", [False, True])
def test_collations_and_functions_of_the_phone_are_not_needed(evidence, scratch, index):
    path = evidence / "a.db"
    with sqlite3.connect(path) as connection:
        connection.create_collation("PHONE", lambda one, two: (one > two) - (one < two))
        connection.create_function("guid", 1, lambda value: value, deterministic=True)
        connection.execute("CREATE TABLE t (v TEXT COLLATE PHONE)")
        connection.execute("CREATE INDEX by_v ON t (v)")
        if index:
            connection.execute("CREATE INDEX by_guid ON t (guid(v))")
        connection.execute("INSERT INTO t VALUES ('5'), ('x')")
    connection.close()
    assert read_column(path, scratch, "int64") == ([5, None], {"t.v": 1})


def test_a_cell_of_a_hundred_megabytes_among_small_ones(evidence, scratch):
    huge = b"\x01" * (100 << 20)
    found, counted = values_of(evidence / "a.db", scratch, "binary", [b"a", huge, *[b"b"] * 3000])
    assert len(found) == 3002 and found[1] == huge and counted == {}


@pytest.mark.parametrize("size", [1000, 10_000])
def test_large_cells_come_in_small_batches(evidence, scratch, monkeypatch, size):
    for room in (rooms, records):
        monkeypatch.setattr(room, "BATCH_BYTES", 1 << 20)
    values_of(evidence / "a.db", scratch, "binary", [bytes(size)] * 4000)
    with open_database(evidence / "a.db", scratch) as database:
        for some in (
            database.rows("t", {"v": "binary"}),
            database.batches("SELECT v FROM t NOT INDEXED", {"v": "binary"}, reads=["t"]),
        ):
            batches = list(some)
            assert sum(batch.num_rows for batch in batches) == 4000
            assert max(batch.nbytes for batch in batches) < 1.2 * (1 << 20) + 5 * 4000


def test_an_empty_table_has_no_rows_and_no_error(evidence, scratch):
    path = make_visits(evidence / "a.db", 0)
    with open_database(path, scratch) as database:
        assert ids(database) == ([], None)


def test_joins_on_the_row_number_are_read(evidence, scratch):
    path = make_visits(evidence / "a.db", 100)
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE notes (visit INTEGER)")
        connection.executemany("INSERT INTO notes VALUES (?)", [(number,) for number in range(50, 60)])
    connection.close()
    sql = "SELECT v.rowid AS id FROM notes AS n NOT INDEXED JOIN visits AS v NOT INDEXED ON v.rowid = n.visit"
    with open_database(path, scratch) as database:
        assert ids(database, sql, {"id": "int64"}, ["notes", "visits"]) == (list(range(50, 60)), None)


def test_a_join_on_a_key_that_the_file_does_not_have_is_refused_at_once(evidence, scratch):
    path = evidence / "History"
    with sqlite3.connect(path) as connection:
        for table in ("visits (url INTEGER)", "urls (id INTEGER, url TEXT)"):  # id should be the row number, and is not
            connection.execute(f"CREATE TABLE {table}")
        connection.executemany("INSERT INTO visits VALUES (?)", [(1,)] * 100_000)
        connection.executemany("INSERT INTO urls VALUES (?, 'x')", [(1,)] * 100_000)
    connection.close()
    sql = "SELECT v.rowid AS id FROM visits AS v NOT INDEXED JOIN urls AS u NOT INDEXED ON u.id = v.url"
    with open_database(path, scratch) as database, pytest.raises(EvidenceError, match="not its row number"):
        next(database.batches(sql, {"id": "int64"}, reads=["visits", "urls"]))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return make_visits(tmp_path_factory.mktemp("whole") / "whole.db").read_bytes()


@pytest.mark.parametrize("sql", ["", SQL])
@pytest.mark.parametrize("part", [0.002, 0.01, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 0.9999])
def test_a_database_cut_short_gives_what_is_left_and_says_so(evidence, scratch, whole, part, sql):
    path = evidence / "cut.db"
    path.write_bytes(whole[: int(len(whole) * part)])
    if part < 0.003:  # less than the page that holds the schema
        with (
            pytest.raises(EvidenceError, match=r"no table 'visits'.*cut short"),
            open_database(path, scratch) as database,
        ):
            next(database.batches(sql, VISITS, reads=["visits"]) if sql else database.rows("visits", VISITS))
        return
    with open_database(path, scratch) as database:
        found, error = ids(database, sql)
        assert "cut short" in database.notes[0]
        if not sql:  # SQLite takes what is missing of a page for zeros, and gives rows of nulls
            with contextlib.suppress(EvidenceError):
                for batch in database.rows("visits", VISITS, {"id": "rowid"}):
                    assert not any(column.null_count for column in batch.columns)
    assert error is not None and f"{len(found):,} rows could be read" in error.problem
    assert found == list(range(1, len(found) + 1))
    assert [name.name for name in evidence.iterdir()] == ["cut.db"]


def test_most_rows_before_the_damage_are_kept(evidence, scratch, whole):
    path = evidence / "cut.db"
    path.write_bytes(whole[: len(whole) * 97 // 100])
    with open_database(path, scratch) as database:
        found, error = ids(database)
    assert len(found) > 2000 and "damaged" in error.problem


@pytest.mark.parametrize("sql", ["", SQL])
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_changed_bytes_end_in_all_rows_or_an_error(evidence, scratch, whole, sql, data):
    changed = bytearray(whole)
    # The first page holds the schema: a number in it may point at another tree, whose rows are then the table's.
    for _ in range(data.draw(st.integers(1, 20))):
        changed[data.draw(st.integers(1024, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = evidence / "changed.db"
    path.write_bytes(changed)
    with open_database(path, scratch) as database:
        found, error = ids(database, sql)
    assert error is not None or len(found) == 3000


@pytest.mark.parametrize("old", [b"(visits)", b"url TEXT"])
def test_a_schema_whose_words_are_no_text_is_refused(evidence, scratch, whole, old):
    path = evidence / "changed.db"
    path.write_bytes(whole.replace(b"CREATE INDEX", b"CREATE IND\xffX").replace(old, b"\xff" * len(old)))
    with pytest.raises(EvidenceError, match="SQLite cannot read it"), open_database(path, scratch):
        pass


def test_a_log_larger_than_the_limit_or_the_room_left_is_refused(evidence, scratch, monkeypatch):
    path = evidence / "sms.db"
    path.with_name("sms.db-wal").write_bytes(leave_a_log(path))
    with (
        pytest.raises(EvidenceError, match="With its log"),
        open_database(path, scratch, limit=path.stat().st_size + 1),
    ):
        pass
    monkeypatch.setattr("shutil.disk_usage", lambda place: type("Room", (), {"free": 100}))
    with pytest.raises(EvidenceError, match="100 free"), open_database(path, scratch):
        pass


@pytest.mark.parametrize("sql", ["", SQL])
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_changed_headers_and_schemas_end_in_rows_or_an_error(evidence, scratch, whole, sql, data):
    changed = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 5))):
        changed[data.draw(st.integers(16, 1023))] = data.draw(st.integers(0, 255))
    path = evidence / "changed.db"
    path.write_bytes(changed)
    try:
        with open_database(path, scratch) as database:
            ids(database, sql)
    except EvidenceError as refused:
        path.with_suffix(".txt").write_text(refused.problem)


@pytest.mark.parametrize("sql", ["", SQL])
def test_pages_that_lead_to_each_other_again_and_again_end(evidence, scratch, sql):
    """Ten levels of pages, each with 80 references to the next one: 5 kilobytes that would give rows for ever."""
    path = evidence / "loop.db"
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA page_size=512")
        connection.execute("CREATE TABLE visits (url TEXT, visit_time REAL)")
        connection.execute("INSERT INTO visits VALUES ('https://example.org/', 0.5)")
    connection.close()
    content = path.read_bytes()
    schema, leaf = content[:512], content[512:1024]
    levels = b""
    for page in range(2, 12):
        child = (page + 1).to_bytes(4, "big")
        head = b"\x05\0\0" + (80).to_bytes(2, "big") + (507).to_bytes(2, "big") + b"\0" + child
        levels += (head + (507).to_bytes(2, "big") * 80).ljust(507, b"\0") + child + b"\x01"
    count = (12).to_bytes(4, "big")
    path.write_bytes(schema[:28] + count + schema[32:] + levels + leaf)
    began = time.monotonic()
    with open_database(path, scratch) as database:
        found, error = ids(database, sql)
    assert error is not None and "damaged" in error.problem
    assert 0 < len(found) < 5000 and time.monotonic() - began < 2


def test_leaving_in_the_middle_closes_everything(evidence, scratch):
    path = make_visits(evidence / "a.db", 200_000)
    with open_database(path, scratch) as database:
        for batches in (database.batches(SQL, VISITS, reads=["visits"]), database.rows("visits", VISITS)):
            next(batches)
            batches.close()
        assert len(ids(database)[0]) == 200_000


def test_the_synthetic_backup_is_read(public_data, scratch):
    backup = Path(public_data) / "devices" / "ios_synthetic" / "backup"
    before = sorted(path.name for path in backup.iterdir())
    with open_database(backup / "Manifest.db", scratch) as database:
        batches = list(database.rows("Files", {"fileID": "string", "file": "binary"}))
    assert sum(batch.num_rows for batch in batches) == 1502
    assert sorted(path.name for path in backup.iterdir()) == before
