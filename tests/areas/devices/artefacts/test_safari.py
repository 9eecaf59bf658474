"""Safari: history, icons, tabs and the pages in their states, over the schemas that iOS has had."""

import plistlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.areas.devices.artefacts.safari_tabs import decompressed

MAC = datetime(2023, 1, 2, 3, 4, 5, 250_000, tzinfo=UTC)
SECONDS = (MAC - datetime(2001, 1, 1, tzinfo=UTC)).total_seconds()

HISTORY = """
CREATE TABLE history_items (id INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL UNIQUE, visit_count INTEGER);
CREATE TABLE history_visits (id INTEGER PRIMARY KEY AUTOINCREMENT, history_item INTEGER NOT NULL, visit_time REAL,
  title TEXT, redirect_source INTEGER NULL UNIQUE, redirect_destination INTEGER NULL UNIQUE);
"""
WINDOWS = "CREATE TABLE browser_windows (id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL);"
TABS = f"""{WINDOWS}
CREATE TABLE tabs (id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL UNIQUE, title TEXT,
  url TEXT COLLATE NOCASE, user_visible_url TEXT COLLATE NOCASE, order_index INTEGER NOT NULL DEFAULT 0,
  last_viewed_time REAL DEFAULT NULL, private_browsing BOOL DEFAULT 0, browser_window_uuid TEXT,
  browser_window_id INTEGER);
CREATE TABLE tab_sessions (id INTEGER PRIMARY KEY AUTOINCREMENT, tab_uuid TEXT NOT NULL UNIQUE,
  session_data BLOB DEFAULT NULL, uncompressed_session_data_size INTEGER NOT NULL DEFAULT 0);
"""
OLD_TABS = f"""{WINDOWS}
CREATE TABLE tabs (id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL UNIQUE, title TEXT, url TEXT,
  user_visible_url TEXT, last_viewed_time REAL DEFAULT NULL, session_data BLOB DEFAULT NULL);
"""
BOOKMARKS = """
CREATE TABLE bookmarks (id INTEGER PRIMARY KEY AUTOINCREMENT, special_id INTEGER DEFAULT 0, parent INTEGER,
  type INTEGER, title TEXT, url TEXT COLLATE NOCASE, external_uuid TEXT UNIQUE, last_modified REAL DEFAULT NULL,
  deleted INTEGER DEFAULT 0, extra_attributes BLOB DEFAULT NULL, local_attributes BLOB DEFAULT NULL);
"""
ICONS = """
CREATE TABLE page_url (url TEXT PRIMARY KEY NOT NULL, uuid TEXT NOT NULL);
CREATE TABLE icon_info (uuid TEXT PRIMARY KEY NOT NULL, url TEXT NOT NULL, timestamp REAL NOT NULL, width INTEGER,
  height INTEGER, has_generated_representations INTEGER);
CREATE TABLE rejected_resources (page_url TEXT, icon_url TEXT, timestamp REAL);
"""


def state(*pages):
    """What WebKit keeps of a tab: its version in four bytes, and a property list."""
    entries = [
        {"SessionHistoryEntryURL": url, "SessionHistoryEntryOriginalURL": first, "SessionHistoryEntryTitle": "page"}
        for url, first in pages
    ]
    history = {"SessionHistoryVersion": 1, "SessionHistoryCurrentIndex": 0, "SessionHistoryEntries": entries}
    return b"\0\0\0\2" + plistlib.dumps({"SessionHistory": history}, fmt=plistlib.FMT_BINARY)


def lz4(data, cut=None):
    import pyarrow as pa

    packed = pa.Codec("lz4_raw").compress(data).to_pybytes()
    sizes = len(data).to_bytes(4, "little") + len(packed).to_bytes(4, "little")
    return (b"bv41" + sizes + packed + b"bv4$")[:cut]


def test_visits_have_their_pages_times_and_redirects_in_every_profile(phone, database, query):
    data = database(
        HISTORY,
        history_items=[{"id": 7, "url": "http://a.example.org/x"}, {"id": 9, "url": "https://b.example.org/"}],
        history_visits=[
            {"id": 3, "history_item": 7, "visit_time": SECONDS, "title": "A", "redirect_destination": 4},
            {"id": 4, "history_item": 9, "visit_time": SECONDS + 0.5, "title": "B", "redirect_source": 3},
            {"id": 5, "history_item": 8, "visit_time": 0.0},
        ],
    )
    read = phone({"HomeDomain/Library/Safari/History.db": data,
                  "AppDomain-com.apple.mobilesafari/Library/Safari/Profiles/P-1/History.db": data})  # fmt: skip
    rows = read.rows("safari_history")
    assert [(row["row"], row["url"], row["host"], row["profile"]) for row in rows] == [
        ("3", "http://a.example.org/x", "a.example.org", profile) if row == 3
        else ("4", "https://b.example.org/", "b.example.org", profile) if row == 4
        else ("5", None, None, profile)
        for profile in ("P-1", "") for row in (3, 4, 5)
    ]  # fmt: skip
    first, second, lost = rows[3:]
    assert first["time"] == MAC and first["time_raw"] == repr(SECONDS) and "2001-01-01" in first["time_unit"]
    assert first["redirect_destination"] == "4" and second["redirect_source"] == "3" and first["browser"] == "Safari"
    assert lost["time"] is None and lost["table"] == "history_visits"
    assert len(rows) == 2 * query(data, "SELECT count(*) FROM history_visits")[0][0]


def test_visits_that_another_device_made_are_told_apart(phone, database):
    newer = HISTORY.replace("title TEXT,", "title TEXT, origin INTEGER NOT NULL DEFAULT 0,")
    items = [{"id": 1, "url": "https://example.org/"}]
    visits = [{"id": number, "history_item": 1, "visit_time": SECONDS, "origin": number - 1} for number in (1, 2)]
    data = database(newer, history_items=items, history_visits=visits)
    rows = phone({"HomeDomain/Library/Safari/History.db": data}).rows("safari_history")
    assert [row["synced"] for row in rows] == [False, True]
    old = database(HISTORY, history_items=items, history_visits=[{"id": 1, "history_item": 1, "visit_time": SECONDS}])
    assert phone({"HomeDomain/Library/Safari/History.db": old}).rows("safari_history")[0]["synced"] is None


def test_visits_are_given_where_the_pages_cannot_be_read(phone, database, damaged):
    items = [{"id": number, "url": f"https://example.org/{number}" + "x" * 500} for number in range(1, 400)]
    visits = [{"id": number, "history_item": number, "visit_time": SECONDS} for number in range(1, 400)]
    whole = database(HISTORY, history_items=items, history_visits=visits)
    gone = phone({"HomeDomain/Library/Safari/History.db": damaged(whole)}).coverage("safari_history")
    assert gone["state"] == "unreadable" and gone["rows"] == 0 and "damaged" in gone["reason"]
    page = 4096
    root = next(at for at in range(page, len(whole), page) if whole[at] == 5)  # the first inner page: of history_items
    half = whole[:root] + b"\xff" * page + whole[root + page :]
    part = phone({"HomeDomain/Library/Safari/History.db": half}).coverage("safari_history")
    assert part["state"] in {"partly read", "unreadable"} and "damaged" in part["reason"]


def tabs_of(database):
    pages = state(("https://one.example.org/end", "http://one.example.org/start"),
                  ("https://two.example.org/", "https://two.example.org/"))  # fmt: skip
    return database(
        TABS,
        tabs=[
            {"id": 11, "uuid": "A", "title": "End", "url": "https://one.example.org/end", "last_viewed_time": SECONDS},
            {"id": 12, "uuid": "B", "title": "", "url": "https://two.example.org/", "user_visible_url": "https://2.example.org/"},
        ],
        tab_sessions=[
            {"id": 21, "tab_uuid": "A", "session_data": pages, "uncompressed_session_data_size": 0},
            {"id": 22, "tab_uuid": "B", "session_data": lz4(pages), "uncompressed_session_data_size": len(pages)},
            {"id": 23, "tab_uuid": "C", "session_data": lz4(pages, 40), "uncompressed_session_data_size": len(pages)},
            {"id": 24, "tab_uuid": "D", "session_data": lz4(pages), "uncompressed_session_data_size": 10},
            {"id": 25, "tab_uuid": "E", "session_data": b"\0\0\0\2bplist00 cut short"},
            {"id": 26, "tab_uuid": "F", "session_data": None},
        ],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("ios backup", "HomeDomain/Library/Safari/BrowserState.db"),
        ("ios backup", "AppDomain-com.apple.mobilesafari/Library/Safari/Profiles/P/BrowserState.db"),
        ("ios file system", "private/var/mobile/Library/Safari/BrowserState.db"),
        ("ios file system", "private/var/mobile/Containers/Data/Application/0A/Library/Safari/BrowserState.db"),
    ],
)
def test_tabs_and_the_pages_in_their_states_plain_and_packed(phone, database, kind, path):
    read = phone({path: tabs_of(database)}, kind)
    rows = read.rows("safari_tabs")
    tabs = [(row["row"], row["url"], row["time"], row["what"]) for row in rows if row["table"] == "tabs"]
    assert tabs == [("11", "https://one.example.org/end", MAC, "tab"), ("12", "https://two.example.org/", None, "tab"),
                    ("12", "https://2.example.org/", None, "tab")]  # fmt: skip
    pages = [(row["row"], row["url"], row["host"]) for row in rows if row["table"] == "tab_sessions"]
    of_one = [("https://one.example.org/end", "one.example.org"), ("https://two.example.org/", "two.example.org"),
              ("http://one.example.org/start", "one.example.org")]  # fmt: skip
    assert pages == [(row, *page) for row in ("21", "22") for page in of_one]
    coverage = read.coverage("safari_tabs")
    assert coverage["state"] == "read" and coverage["refused"] == 3
    assert [rows for _, rows in read.accounts("safari_tabs")[0].refused.values()] == [[23, 24, 25]]


def test_states_of_tabs_stood_in_the_table_of_tabs_once(phone, database):
    old = state(("https://old.example.org/", "https://old.example.org/"))
    data = database(OLD_TABS, tabs=[{"id": 1, "uuid": "A", "url": "https://example.org/", "session_data": old}])
    rows = phone({"HomeDomain/Library/Safari/BrowserState.db": data}, version="9.3").rows("safari_tabs")
    assert [(row["table"], row["row"], row["url"]) for row in rows] == [
        ("tabs", "1", "https://example.org/"),
        ("tabs", "1", "https://old.example.org/"),
    ]


def test_tabs_of_groups_with_the_visit_or_the_last_change(phone, database, query):
    pages = state(("https://three.example.org/", "https://three.example.org/"))
    visited = plistlib.dumps({"LastVisitTime": MAC.replace(tzinfo=None, microsecond=0), "SessionState": pages})
    data = database(
        BOOKMARKS,
        bookmarks=[
            {"id": 1, "title": "Group", "type": 1, "last_modified": SECONDS},
            {"id": 2, "title": "Tab", "url": "https://example.org/", "local_attributes": visited},
            {"id": 3, "title": "Tab", "url": "https://example.net/", "last_modified": SECONDS},
            {"id": 4, "title": "Tab", "url": "https://example.com/", "local_attributes": b"no list"},
            {"id": 5, "url": "https://c.example.org/",
             "local_attributes": plistlib.dumps({"LastVisitTime": SECONDS}, fmt=plistlib.FMT_BINARY)},
        ],
    )  # fmt: skip
    read = phone({"AppDomain-com.apple.mobilesafari/Library/Safari/SafariTabs.db": data,
                  "HomeDomain/Library/Safari/Bookmarks.db": data})  # fmt: skip
    rows = read.rows("safari_tab_groups")
    assert [(row["row"], row["url"], row["time"]) for row in rows] == [
        ("2", "https://example.org/", MAC.replace(microsecond=0)),
        ("2", "https://three.example.org/", None),
        ("3", "https://example.net/", MAC),
        ("4", "https://example.com/", None),
        ("5", "https://c.example.org/", MAC),
    ]
    assert rows[0]["time_unit"] == "ISO 8601" and rows[2]["time_raw"] == repr(SECONDS)
    assert read.coverage("safari_tab_groups")["refused"] == 1
    told = query(data, "SELECT count(*) FROM bookmarks WHERE url IS NOT NULL")[0][0]
    assert sum(row["host"] != "three.example.org" for row in rows) == told
    assert {row["what"] for row in read.rows("safari_bookmarks")} == {"bookmark", "tab"}


def test_icons_tell_of_pages(phone, database, query, damaged):
    refused = {"page_url": "https://example.com/", "icon_url": "https://i.example.com/", "timestamp": 1.0}
    data = database(
        ICONS,
        page_url=[{"url": "https://example.org/page", "uuid": "U1"}, {"url": "https://example.net/", "uuid": "U9"}],
        icon_info=[{"uuid": "U1", "url": "https://cdn.example.org/icon.png", "timestamp": SECONDS}],
        rejected_resources=[refused],
    )
    path = "private/var/mobile/Containers/Data/Application/0A/Library/Image Cache/Favicons/Favicons.db"
    rows = phone({path: data}, "ios file system").rows("safari_icons")
    assert [(row["table"], row["url"], row["within"], row["time"]) for row in rows[:3]] == [
        ("page_url", "https://example.org/page", "https://cdn.example.org/icon.png", MAC),
        ("page_url", "https://example.net/", None, None),
        ("icon_info", "https://cdn.example.org/icon.png", None, MAC),
    ]
    assert rows[3]["within"] == "https://example.com/" and rows[3]["time"] == datetime(2001, 1, 1, 0, 0, 1, tzinfo=UTC)
    counts = [
        query(data, f"SELECT count(*) FROM {table}")[0][0] for table in ("page_url", "icon_info", "rejected_resources")
    ]
    assert len(rows) == sum(counts)
    gone = phone({path: damaged(data)}, "ios file system").coverage("safari_icons")
    assert gone["state"] == "unreadable" and gone["reason"]
    other = phone({path: database("CREATE TABLE something (x)")}, "ios file system").coverage("safari_icons")
    assert other["state"] == "unreadable" and "neither" in other["reason"]


@pytest.mark.parametrize("artefact", ["safari_tabs", "safari_tab_groups", "safari_bookmarks"])
def test_what_cannot_be_read_is_a_gap(phone, database, damaged, artefact):
    name = {"safari_tabs": "BrowserState.db", "safari_tab_groups": "SafariTabs.db", "safari_bookmarks": "Bookmarks.db"}
    path = f"HomeDomain/Library/Safari/{name[artefact]}"
    for broken in (damaged(tabs_of(database) + b""), b"", b"no database", database("CREATE TABLE other (x)")):
        coverage = phone({path: broken}).coverage(artefact)
        assert coverage["state"] == "unreadable" and coverage["rows"] == 0 and coverage["reason"]


def raw_block(data):
    return b"bv4-" + len(data).to_bytes(4, "little") + data


@pytest.mark.parametrize("size", [1, 70_000])
def test_states_in_several_blocks_packed_and_not(size):
    first, second = b"a" * size, bytes(range(256)) * (size // 100 + 1)
    packed = raw_block(first) + lz4(second)
    assert decompressed(packed, len(first) + len(second)) == first + second
    for cut in (4, 9, len(raw_block(first)) + 3, len(packed) - 1):
        with pytest.raises((ValueError, IndexError)):
            decompressed(packed[:cut], len(first) + len(second))
    with pytest.raises(ValueError, match="announced"):
        decompressed(packed, len(first))
    assert decompressed(b"plain", 0) == b"plain"


def test_a_block_may_repeat_the_block_before():
    repeats = bytes([0x04, 8, 0]) + bytes([0x10]) + b"!"  # eight bytes from eight before, then one byte as it is
    packed = raw_block(b"abcdefgh") + b"bv41" + (9).to_bytes(4, "little") + len(repeats).to_bytes(4, "little") + repeats
    assert decompressed(packed + b"bv4$", 17) == b"abcdefghabcdefgh!"
    beyond = packed.replace(bytes([0x04, 8, 0]), bytes([0x04, 9, 0]))
    with pytest.raises(ValueError, match="not there"):
        decompressed(beyond + b"bv4$", 17)


@given(st.lists(st.sampled_from([b"a", b"bc", b"https://example.org/", bytes(range(256)), b"\0" * 300]), max_size=60))
def test_what_another_library_packs_is_unpacked(parts):
    data = b"".join(parts)
    assert decompressed(lz4(data), len(data)) == data


@given(st.binary(max_size=200), st.integers(0, 1_000))
def test_hostile_blocks_are_refused_or_small(data, size):
    for mark in (b"bv41", b"bv4-"):
        try:
            assert len(decompressed(mark + data, size)) <= size
        except (ValueError, IndexError):
            continue
