"""SQLite takes any value in any column: whatever stands there, no parser fails and no row is lost."""

import contextlib
import importlib.util
import random
import sqlite3
from pathlib import Path
from types import SimpleNamespace

import pytest

HERE = Path(__file__).parent


def beside(name):
    spec = importlib.util.spec_from_file_location(name, HERE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


safari, other, sms, whatsapp, people, web = map(
    beside, ("test_safari", "test_other_browsers", "test_sms", "test_whatsapp", "test_people", "test_web")
)
ORIGIN = safari.HISTORY.replace("title TEXT,", "title TEXT, origin INTEGER,")
HOME = "HomeDomain/Library"
# artefact, where it lies in a backup, schema, the statement that counts its rows; none where one row may give several
CASES = [
    ("safari_history", f"{HOME}/Safari/History.db", ORIGIN, "SELECT count(*) FROM history_visits"),
    ("safari_tabs", f"{HOME}/Safari/BrowserState.db", safari.TABS, ""),
    ("safari_tab_groups", f"{HOME}/Safari/SafariTabs.db", safari.BOOKMARKS, ""),
    ("chrome_history", f"{other.CHROME_FOLDER}/Default/History", other.CHROME, "SELECT count(*) FROM visits"),
    ("chrome_icons", f"{other.CHROME_FOLDER}/Default/Favicons", other.CHROME_ICONS, ""),
    ("firefox_history", f"{other.FIREFOX_FOLDER}/browser.db", other.FIREFOX, "SELECT count(*) FROM visits"),
    ("firefox_icons", f"{other.FIREFOX_FOLDER}/browser.db", other.FIREFOX, ""),
    ("firefox_places", f"{other.FIREFOX_FOLDER}/places.db", other.PLACES, "SELECT count(*) FROM moz_historyvisits"),
    ("sms", sms.SMS, sms.SCHEMA, "SELECT count(*) FROM message"),
    ("sms_attachments", sms.SMS, sms.SCHEMA, "SELECT count(*) FROM attachment"),
    ("sms_previews", sms.SMS, sms.SCHEMA, ""),
    ("whatsapp", whatsapp.STORE, whatsapp.SCHEMA, "SELECT count(*) FROM ZWAMESSAGE"),
    ("whatsapp_media", whatsapp.STORE, whatsapp.SCHEMA, ""),
    ("whatsapp_links", whatsapp.STORE, whatsapp.SCHEMA, ""),
    ("whatsapp_calls", f"{whatsapp.SHARED}/CallHistory.sqlite", whatsapp.CALLS, "SELECT count(*) FROM ZWACDCALLEVENT"),
    ("whatsapp_contacts", f"{whatsapp.SHARED}/ContactsV2.sqlite", whatsapp.CONTACTS, ""),
    ("whatsapp_identifiers", f"{whatsapp.SHARED}/LID.sqlite", whatsapp.PAIRS,
     "SELECT count(*) FROM ZWAPHONENUMBERLIDPAIR"),
    ("calls", f"{HOME}/CallHistoryDB/CallHistory.storedata", people.CALLS, "SELECT count(*) FROM ZCALLRECORD"),
    ("contacts", f"{HOME}/AddressBook/AddressBook.sqlitedb", people.CONTACTS,
     "SELECT count(*) FROM ABMultiValue WHERE value IS NOT NULL"),
    ("interactions", f"{HOME}/CoreDuet/People/interactionC.db", people.EXCHANGES.format(2, 3), ""),
    ("calendar", f"{HOME}/Calendar/Calendar.sqlitedb", people.CALENDAR, "SELECT count(*) FROM CalendarItem"),
    ("permissions", f"{HOME}/TCC/TCC.db", people.ACCESS, "SELECT count(*) FROM access"),
    ("shortcuts", web.SHORTCUTS, web.SCHEMA, ""),
    ("webkit_sites", f"{web.SAFARI}/observations.db", web.RELATIONS, "SELECT count(*) FROM ObservedDomains"),
    ("webkit_redirections", f"{web.SAFARI}/observations.db", web.RELATIONS, ""),
]  # fmt: skip
VALUES = (
    None, 0, 1, -1, 2**63 - 1, -(2**63), 10**18, 694_148_645, 0.5, -1e300, float("inf"), "", "x" * 5_000, "0", "1e400",
    "http://a.example.org/\N{PILE OF POO}", "https://[::1", "mailto:", "nan", b"", b"\xff\xfe\x00", b"bplist00\xff",
    b"\x04\x0bstreamtyped\x81", b"bv41\xff\xff\xff\x7f\xff\xff\xff\x7f", b"\x00" * 3_000, "\x00", "a\x00b",
)  # fmt: skip


def filled(path, schema, chance, rows=60):
    """A database of the schema with values drawn at random for every column, whatever its type."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.executescript(schema)
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            if table.startswith("sqlite_"):
                continue
            columns = connection.execute(f'PRAGMA table_info("{table}")').fetchall()
            marks = ", ".join("?" for _ in columns)
            for number in range(1, rows):
                key = [column[2] == "INTEGER" and column[5] == 1 for column in columns]
                row = [number if mine else chance.choice(VALUES) for mine in key]
                row = [chance.randint(1, rows) if not mine and chance.random() < 0.3 else value
                       for mine, value in zip(key, row, strict=True)]  # fmt: skip
                connection.execute(f'INSERT OR IGNORE INTO "{table}" VALUES ({marks})', row)
        connection.commit()
    return path.read_bytes()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("case", CASES, ids=[case[0] for case in CASES])
def test_values_of_any_type_in_any_column(phone, query, tmp_path, case, seed):
    artefact, path, schema, counted = case
    data = filled(tmp_path / "filled.sqlite", schema, random.Random(seed))
    read = phone({path: data})
    coverage = SimpleNamespace(**read.coverage(artefact))
    assert coverage.state == "read", coverage.reason
    if counted:
        assert coverage.rows == query(data, counted)[0][0] > 20
    rows = read.rows(artefact)
    assert len(rows) == coverage.rows and all(row["row"] for row in rows)
