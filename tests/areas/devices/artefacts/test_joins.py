"""Rows that name rows of another table: damage there is a gap and loses none of them; what SQL said, Arrow says too."""

import sqlite3
from contextlib import closing
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.areas.devices.acquisition.sqlite import open_database
from answerable.areas.devices.artefacts import lookup
from answerable.areas.devices.artefacts.joins import Other, rows_with, spaced
from answerable.errors import EvidenceError

COUNT = 400
LONG = "x" * 200
CHROME = "AppDomain-com.google.chrome.ios/Library/Application Support/Google/Chrome/Default"
FIREFOX = "AppDomainGroup-group.org.mozilla.ios.Firefox/profile.profile"
USAGE = """
CREATE TABLE ZPROCESS (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, ZFIRSTTIMESTAMP TIMESTAMP, ZTIMESTAMP TIMESTAMP,
  ZBUNDLENAME VARCHAR, ZPROCNAME VARCHAR);
CREATE TABLE ZLIVEUSAGE (Z_PK INTEGER PRIMARY KEY, ZKIND INTEGER, ZHASPROCESS INTEGER, ZTIMESTAMP TIMESTAMP,
  ZWIFIIN FLOAT, ZWIFIOUT FLOAT, ZWWANIN FLOAT, ZWWANOUT FLOAT);
"""
USAGE_PATH = "WirelessDomain/Library/Databases/DataUsage.sqlite"


def numbered(**columns):
    """Rows of a table, numbered from 1; a column is a function of the number."""
    return [{name: made(number) for name, made in columns.items()} for number in range(1, COUNT + 1)]


def itself(number):
    return number


def address(number):
    return f"https://p{number}.example.org/{LONG}"


# artefact, where it lies, schema, its rows by table (the table that is named, then the one that names it), column
CASES = {
    "chrome_history": (
        f"{CHROME}/History",
        "CREATE TABLE urls (id INTEGER PRIMARY KEY, url TEXT); "
        "CREATE TABLE visits (id INTEGER PRIMARY KEY, url INTEGER, visit_time INTEGER);",
        {"urls": numbered(id=itself, url=address), "visits": numbered(id=itself, url=itself)}, "url",
    ),
    "chrome_icons": (
        f"{CHROME}/Favicons",
        "CREATE TABLE favicons (id INTEGER PRIMARY KEY, url TEXT); "
        "CREATE TABLE icon_mapping (id INTEGER PRIMARY KEY, page_url TEXT, icon_id INTEGER);",
        {"favicons": numbered(id=itself, url=address), "icon_mapping": numbered(id=itself, icon_id=itself)}, "within",
    ),
    "firefox_history": (
        f"{FIREFOX}/browser.db",
        "CREATE TABLE history (id INTEGER PRIMARY KEY, url TEXT, title TEXT); "
        "CREATE TABLE visits (id INTEGER PRIMARY KEY, siteID INTEGER, date REAL);",
        {"history": numbered(id=itself, url=address), "visits": numbered(id=itself, siteID=itself)}, "url",
    ),
    "firefox_places": (
        f"{FIREFOX}/places.db",
        "CREATE TABLE moz_places (id INTEGER PRIMARY KEY, url TEXT); "
        "CREATE TABLE moz_historyvisits (id INTEGER PRIMARY KEY, place_id INTEGER, visit_date INTEGER);",
        {"moz_places": numbered(id=itself, url=address), "moz_historyvisits": numbered(id=itself, place_id=itself)},
        "url",
    ),
    "contacts": (
        "HomeDomain/Library/AddressBook/AddressBook.sqlitedb",
        "CREATE TABLE ABPerson (ROWID INTEGER PRIMARY KEY, First TEXT); "
        "CREATE TABLE ABMultiValue (UID INTEGER PRIMARY KEY, record_id INTEGER, property INTEGER, value TEXT);",
        {"ABPerson": numbered(ROWID=itself, First=address),
         "ABMultiValue": numbered(UID=itself, record_id=itself, value=str)}, "name",
    ),
    "data_usage": (
        USAGE_PATH, USAGE,
        {"ZPROCESS": numbered(Z_PK=itself, ZPROCNAME=address), "ZLIVEUSAGE": numbered(Z_PK=itself, ZHASPROCESS=itself)},
        "process",
    ),
}  # fmt: skip


def rows_of(read, artefact, table):
    return [row for row in read.rows(artefact) if row["table"] == table]


@pytest.mark.parametrize("artefact", CASES)
def test_damage_in_the_table_that_is_named_loses_no_row_that_names_it(phone, database, query, artefact):
    path, schema, tables, column = CASES[artefact]
    other, first = tables
    whole = database(schema, **tables)
    given_whole = rows_of(phone({path: whole}), artefact, first)
    assert [row[column] for row in given_whole] == [address(number) for number in range(1, COUNT + 1)]
    size = 4096
    leaf = whole.index(address(COUNT // 2).encode()) // size * size
    part = phone({path: whole[:leaf] + b"\xff" * size + whole[leaf + size :]})
    rows = rows_of(part, artefact, first)
    assert len(rows) == query(whole, f"SELECT count(*) FROM {first}")[0][0] == COUNT
    found = [row[column] for row in rows]
    assert 0 < found.count(None) < 40 and found[0] == address(1) and found[-1] == address(COUNT)
    coverage = part.coverage(artefact)
    assert coverage["state"] == "partly read" and other in coverage["reason"] and "damaged" in coverage["reason"]
    root = (query(whole, f"SELECT rootpage FROM sqlite_master WHERE name = '{other}'")[0][0] - 1) * size
    gone = phone({path: whole[:root] + b"\xff" * size + whole[root + size :]})
    assert [row[column] for row in rows_of(gone, artefact, first)] == [None] * COUNT
    assert gone.coverage(artefact)["state"] == "partly read"


@pytest.mark.parametrize("artefact", CASES)
def test_a_table_that_is_named_and_not_there_is_told(phone, database, artefact):
    path, schema, tables, _ = CASES[artefact]
    other, first = tables
    alone = database(schema, **{first: tables[first]})
    assert [row["table"] for row in phone({path: alone}).rows(artefact)] == [first] * COUNT
    renamed = schema.replace(f"CREATE TABLE {other} (", "CREATE TABLE renamed (", 1)
    coverage = phone({path: database(renamed, **{first: tables[first]})}).coverage(artefact)
    assert coverage["state"] == "unreadable" and f"no table '{other}'" in coverage["reason"]
    neither = phone({path: database("CREATE TABLE something (x)")}).coverage(artefact)
    assert neither["state"] == "unreadable" and f"no table '{first}'" in neither["reason"]


@pytest.fixture
def joined(tmp_path):
    """A function that gives the rows of a table with two others, and what was said of gaps."""
    path = tmp_path / "joined.sqlite"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "CREATE TABLE a (id INTEGER PRIMARY KEY, b INTEGER, c INTEGER);"
            "CREATE TABLE b (url TEXT, more INTEGER); CREATE TABLE c (name TEXT);"
        )
        connection.executemany("INSERT INTO a VALUES (?, ?, ?)", [(7, 2, 1), (8, None, 2), (9, 99, None)])
        connection.executemany("INSERT INTO b VALUES (?, ?)", [("https://one.example.org/", 1), ("", None)])
        connection.executemany("INSERT INTO c VALUES (?)", [("x",), (None,)])
        connection.commit()

    def read(**needed):
        source = SimpleNamespace(gaps=[])
        with open_database(path, tmp_path) as database:
            b = Other(source, database, "b", {"url": "string", "more": "int64", "newer": "string"},
                      needed=needed.get("b", ()))  # fmt: skip
            c = Other(source, database, "c", {"named": "string"}, {"named": "name"})
            types = {"row": "int64", "b": "int64", "c": "int64", "lacks": "string"}
            batches = rows_with(database, "a", types, {"row": "id"}, {"b": b, "c": c}, needed=needed.get("a", ()))
            rows = [row for batch in batches for row in batch.to_pylist()]
        return [{name: value for name, value in row.items() if name != "host"} for row in rows], source.gaps

    return read


def test_a_table_too_large_to_be_held_is_joined_by_sqlite(joined, monkeypatch):
    rows, gaps = joined()
    assert [(row["row"], row["url"], row["more"], row["named"]) for row in rows] == [
        (7, "", None, "x"), (8, None, None, None), (9, None, None, None),
    ]  # fmt: skip
    assert {row["newer"] for row in rows} == {row["lacks"] for row in rows} == {None} and not gaps
    monkeypatch.setattr(lookup, "LARGEST_ROWS", 1)
    assert joined() == (rows, [])
    monkeypatch.setattr(lookup, "LARGEST_ROWS", 1_000)
    monkeypatch.setattr(lookup, "LARGEST_BYTES", 10)
    assert joined() == (rows, [])


@pytest.mark.parametrize("most", [1_000, 1])
@pytest.mark.parametrize(("table", "column"), [("a", "lacks"), ("b", "newer")])
def test_a_column_that_is_needed_and_not_there_is_told(joined, monkeypatch, most, table, column):
    monkeypatch.setattr(lookup, "LARGEST_ROWS", most)
    with pytest.raises(EvidenceError, match=f"no such column: .*{column}"):
        joined(**{table: [column]})


@given(st.lists(st.tuples(*[st.none() | st.text("\0 ab\t\n\N{PILE OF POO}", max_size=4)] * 3), max_size=8))
def test_texts_are_joined_as_sql_joins_them(rows):
    import pyarrow as pa

    columns = [pa.array([row[place] for row in rows], pa.string()) for place in range(3)]
    parts = " || ".join(f"coalesce(' ' || nullif(?{place}, ''), '')" for place in (1, 2, 3))
    with closing(sqlite3.connect(":memory:")) as connection:
        told = [connection.execute(f"SELECT nullif(trim({parts}), '')", row).fetchone()[0] for row in rows]
    assert spaced(columns).to_pylist() == told


def test_processes_with_what_they_ran_for_and_those_without_a_count(phone, database, query):
    names = [None, "", "/", "/usr/x", "mediaserverd/org.example/x", "line\nbreak/y", "plain", "a/"]
    data = database(
        USAGE,
        ZPROCESS=[{"Z_PK": number, "ZPROCNAME": name, "ZFIRSTTIMESTAMP": 1.0, "ZTIMESTAMP": 2.0}
                  for number, name in enumerate(names, start=1)],
        ZLIVEUSAGE=[{"Z_PK": 1, "ZHASPROCESS": 5, "ZKIND": 0, "ZWIFIIN": 0.0},
                    {"Z_PK": 2, "ZHASPROCESS": None, "ZKIND": None, "ZTIMESTAMP": 0.0},
                    {"Z_PK": 3, "ZHASPROCESS": 99, "ZKIND": 257}],
    )  # fmt: skip
    read = phone({USAGE_PATH: data})
    before = "CASE WHEN instr(ZPROCNAME, '/') > 1 THEN substr(ZPROCNAME, 1, instr(ZPROCNAME, '/') - 1) END"
    told = [name for (name,) in query(data, f"SELECT coalesce({before}, ZPROCNAME) FROM ZPROCESS")]
    assert [row["process"] for row in read.rows("data_usage_processes")] == told
    counts = rows_of(read, "data_usage", "ZLIVEUSAGE")
    assert [(row["row"], row["process_row"], row["process"], row["kind"], row["wifi_in"]) for row in counts] == [
        ("1", "5", names[4], "0", 0.0), ("2", None, None, None, None), ("3", "99", None, "257", None),
    ]  # fmt: skip
    alone = rows_of(read, "data_usage", "ZPROCESS")
    assert [(row["row"], row["process_row"], row["kind"]) for row in alone] == [
        (str(number), str(number), "") for number in (1, 2, 3, 4, 6, 7, 8)
    ]
