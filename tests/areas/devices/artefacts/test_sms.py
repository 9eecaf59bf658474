"""SMS and iMessage: both units of time, texts that only their styled form has, conversations, attachments."""

import plistlib
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.areas.devices.artefacts.typedstream import styled_text

WHEN = datetime(2023, 1, 2, 3, 4, 5, 123_456, tzinfo=UTC)
NANOSECONDS = (WHEN - datetime(2001, 1, 1, tzinfo=UTC)) // datetime.resolution * 1000
LONG = "grüße \N{PILE OF POO} " + "long " * 100
SMS = "HomeDomain/Library/SMS/sms.db"

SCHEMA = """
CREATE TABLE message (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT, text TEXT, replace INTEGER DEFAULT 0,
  service_center TEXT, handle_id INTEGER DEFAULT 0, subject TEXT, country TEXT, attributedBody BLOB,
  version INTEGER DEFAULT 0, type INTEGER DEFAULT 0, service TEXT, account TEXT, date INTEGER, date_read INTEGER,
  is_from_me INTEGER DEFAULT 0, item_type INTEGER DEFAULT 0, associated_message_type INTEGER DEFAULT 0,
  balloon_bundle_id TEXT, payload_data BLOB);
CREATE TABLE handle (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, country TEXT, service TEXT NOT NULL);
CREATE TABLE chat (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT UNIQUE NOT NULL, chat_identifier TEXT);
CREATE TABLE chat_message_join (chat_id INTEGER, message_id INTEGER, message_date INTEGER DEFAULT 0,
  PRIMARY KEY (chat_id, message_id));
CREATE TABLE attachment (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT, created_date INTEGER DEFAULT 0,
  start_date INTEGER DEFAULT 0, filename TEXT, uti TEXT, mime_type TEXT, transfer_state INTEGER DEFAULT 0,
  is_outgoing INTEGER DEFAULT 0, transfer_name TEXT, total_bytes INTEGER DEFAULT 0);
CREATE TABLE message_attachment_join (message_id INTEGER, attachment_id INTEGER, UNIQUE (message_id, attachment_id));
"""
OLD = """
CREATE TABLE message (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, text TEXT, handle_id INTEGER DEFAULT 0, subject TEXT,
  service TEXT, date INTEGER, is_from_me INTEGER DEFAULT 0);
"""


def number(value):
    if value < 0x80:
        return bytes([value])
    return b"\x81" + value.to_bytes(2, "little") if value < 0x8000 else b"\x82" + value.to_bytes(4, "little")


def archived(text, mutable=False):
    """An archived NSAttributedString, as NSArchiver writes it: classes, the text, then its attributes."""
    data = text.encode()
    chain = (
        b"\x84\x84\x84\x0fNSMutableString\x01\x84\x84\x08NSString\x01\x95"
        if mutable
        else b"\x84\x84\x84\x08NSString\x01\x94"
    )
    return (
        b"\x04\x0bstreamtyped\x81\xe8\x03\x84\x01@\x84\x84\x84\x12NSAttributedString\0\x84\x84\x08NSObject\0\x85\x92"
        + chain + b"\x84\x01+" + number(len(data)) + data
        + b"\x86\x84\x02iI\x01\x05\x92\x84\x84\x84\x0cNSDictionary\0\x94\x84\x01i\x00\x86\x86"
    )  # fmt: skip


def messages(database):
    return database(
        SCHEMA,
        handle=[{"ROWID": 4, "id": "+15550100", "service": "SMS"}],
        chat=[{"ROWID": 9, "guid": "c", "chat_identifier": "chat77"}],
        chat_message_join=[{"chat_id": 9, "message_id": 1}, {"chat_id": 8, "message_id": 2}],
        message=[
            {"ROWID": 1, "text": "see http://a.example.org/x", "handle_id": 4, "service": "SMS", "date": NANOSECONDS},
            {"ROWID": 2, "text": "mine", "handle_id": 4, "service": "iMessage", "date": NANOSECONDS // 10**9,
             "is_from_me": 1},
            {"ROWID": 3, "attributedBody": archived("styled https://b.example.org/y"), "date": 0, "handle_id": 5},
            {"ROWID": 4, "text": "", "attributedBody": archived(LONG, mutable=True)},
            {"ROWID": 5, "attributedBody": b"\x04\x0bstreamtyped cut"},
            {"ROWID": 6, "text": "plain", "attributedBody": archived("another")},
            {"ROWID": 7, "text": None, "subject": "www.c.example.org", "item_type": 1},
            {"ROWID": 8, "text": "x", "balloon_bundle_id": "com.apple.messages.URLBalloonProvider"},
            {"ROWID": 9, "text": "y", "associated_message_type": 2000},
        ],
    )  # fmt: skip


def test_messages_with_their_sides_conversations_and_styled_texts(phone, database, query):
    data = messages(database)
    read = phone({SMS: data})
    rows = {row["row"]: row for row in read.rows("sms")}
    assert len(rows) == query(data, "SELECT count(*) FROM message")[0][0]
    first, mine = rows["1"], rows["2"]
    assert (first["sender"], first["recipient"], first["from_owner"]) == ("+15550100", None, False)
    assert (mine["sender"], mine["recipient"], mine["from_owner"]) == (None, "+15550100", True)
    assert first["chat"] == "chat77" and mine["chat"] is None and first["app"] == "SMS" and first["table"] == "message"
    assert first["time"] == WHEN and first["time_raw"] == str(NANOSECONDS) and "nanoseconds" in first["time_unit"]
    assert mine["time"] == WHEN.replace(microsecond=0) and mine["time_raw"] == str(NANOSECONDS // 10**9)
    assert mine["time_unit"] == "seconds since 2001-01-01 UTC" and rows["3"]["time"] is None
    assert rows["3"]["text"] == "styled https://b.example.org/y" and rows["3"]["sender"] is None
    assert rows["4"]["text"] == LONG
    assert rows["5"]["text"] is None and rows["6"]["text"] == "plain"
    assert [rows[row]["kind"] for row in "1789"] == [
        "", "item_type 1", "com.apple.messages.URLBalloonProvider", "associated_message_type 2000",
    ]  # fmt: skip
    refused = read.accounts("sms")[0].refused
    assert read.coverage("sms")["refused"] == 1 and [rows for _, rows in refused.values()] == [[5]]
    links = [(row["row"], row["host"], row["field"]) for row in read.rows("sms", "links")]
    assert sorted(links) == [
        ("1", "a.example.org", "text"), ("3", "b.example.org", "text"), ("7", "www.c.example.org", "subject"),
    ]  # fmt: skip


def test_a_link_ends_where_an_object_stands_in_the_text(phone, database):
    text = (
        "https://a.example.org\N{OBJECT REPLACEMENT CHARACTER}https://b.example.org/x\N{OBJECT REPLACEMENT CHARACTER}"
    )
    data = database(SCHEMA, message=[{"ROWID": 1, "text": text, "date": NANOSECONDS}])
    links = phone({SMS: data}).rows("sms", "links")
    assert [(row["url"], row["host"]) for row in links] == [
        ("https://a.example.org", "a.example.org"), ("https://b.example.org/x", "b.example.org"),
    ]  # fmt: skip


def test_messages_of_an_old_system_without_people_or_conversations(phone, database):
    data = database(OLD, message=[{"ROWID": 1, "text": "x", "date": NANOSECONDS // 10**9, "handle_id": 4}])
    read = phone({"private/var/mobile/Library/SMS/sms.db": data}, "ios file system")
    row = read.rows("sms")[0]
    assert row["time"] == WHEN.replace(microsecond=0) and row["sender"] is None and row["kind"] == ""
    assert read.coverage("sms_attachments")["state"] == "unreadable"


def test_a_damaged_table_of_people_loses_no_message(phone, database, query):
    many = [{"ROWID": at, "id": f"+1555{at:07}" + "0" * 200, "service": "SMS"} for at in range(1, 400)]
    data = database(SCHEMA, handle=many, message=[{"ROWID": 1, "text": "x", "handle_id": 1, "date": NANOSECONDS}])
    at = (query(data, "SELECT rootpage FROM sqlite_master WHERE name = 'handle'")[0][0] - 1) * 4096
    read = phone({SMS: data[:at] + b"\xff" * 4096 + data[at + 4096 :]})
    assert [row["row"] for row in read.rows("sms")] == ["1"]
    coverage = read.coverage("sms")
    assert coverage["state"] == "partly read" and "cannot be read whole" in coverage["reason"]


def test_messages_of_the_log_beside_count_and_nothing_is_written(phone, tmp_path):
    made = tmp_path / "live.db"
    with closing(sqlite3.connect(made)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript(SCHEMA)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("INSERT INTO message (ROWID, text, date) VALUES (77, 'in the log', ?)", (NANOSECONDS,))
        connection.commit()
        files = {SMS: made.read_bytes(), f"{SMS}-wal": made.with_name("live.db-wal").read_bytes()}
    read = phone(files)
    assert [(row["row"], row["text"]) for row in read.rows("sms")] == [("77", "in the log")]
    assert "write-ahead log" in read.accounts("sms")[0].notes[0]
    kept = {path for path in read.phones.path.rglob("*") if path.is_file()}
    assert len(kept) == 5  # the manifest, two property lists, the database and its log
    assert all(path.read_bytes() in files.values() for path in kept if len(path.parent.name) == 2)


def preview(short, page):
    """The archive of a preview, as LinkPresentation makes it: NSURLs in an object of its own class."""
    uid = plistlib.UID
    objects = [
        "$null",
        {"richLinkMetadata": uid(2), "richLinkIsPlaceholder": False, "$class": uid(7)},
        {"$class": uid(8), "originalURL": uid(3), "URL": uid(4), "title": "a title, example.org"},
        {"$class": uid(9), "NS.base": uid(0), "NS.relative": short},
        {"$class": uid(9), "NS.base": uid(0), "NS.relative": page},
        "", "",
        {"$classname": "RichLink", "$classes": ["RichLink", "NSObject"]},
        {"$classname": "LPLinkMetadata", "$classes": ["LPLinkMetadata", "NSObject"]},
        {"$classname": "NSURL", "$classes": ["NSURL", "NSObject"]},
    ]  # fmt: skip
    archive = {"$version": 100000, "$archiver": "NSKeyedArchiver", "$top": {"root": uid(1)}, "$objects": objects}
    return plistlib.dumps(archive, fmt=plistlib.FMT_BINARY)


def test_the_preview_of_a_short_link_tells_where_it_led(phone, database, damaged):
    made_by = "com.apple.messages.URLBalloonProvider"
    data = database(
        SCHEMA,
        message=[
            {"ROWID": 1, "text": "https://s.example.net/1", "date": NANOSECONDS, "balloon_bundle_id": made_by,
             "payload_data": preview("https://s.example.net/1", "https://a.example.org/page")},
            {"ROWID": 2, "text": "x", "balloon_bundle_id": made_by, "payload_data": b"bplist00 cut"},
            {"ROWID": 3, "text": "x", "balloon_bundle_id": "com.example.game", "payload_data": b"\x00"},
            {"ROWID": 4, "text": "x", "balloon_bundle_id": made_by},
        ],
    )  # fmt: skip
    read = phone({SMS: data})
    rows = read.rows("sms_previews")
    assert [(row["row"], row["url"], row["host"], row["time"], row["field"]) for row in rows] == [
        ("1", "https://a.example.org/page", "a.example.org", WHEN, "payload_data"),
        ("1", "https://s.example.net/1", "s.example.net", WHEN, "payload_data"),
    ]
    assert rows[0]["time_raw"] == str(NANOSECONDS) and rows[0]["table"] == "message"
    assert [rows for _, rows in read.accounts("sms_previews")[0].refused.values()] == [[2]]
    old = phone({SMS: database(OLD, message=[{"ROWID": 1, "text": "x"}])}).coverage("sms_previews")
    assert old["state"] == "read" and old["rows"] == 0
    assert phone({SMS: damaged(data)}).coverage("sms_previews")["state"] == "unreadable"


def test_attachments_with_their_messages(phone, database, query, damaged):
    data = database(
        SCHEMA,
        message_attachment_join=[{"message_id": 7, "attachment_id": 2}],
        attachment=[
            {"ROWID": 2, "created_date": NANOSECONDS // 10**9, "filename": "/var/tmp/x-1", "mime_type": "image/gif",
             "total_bytes": 12},
            {"ROWID": 3, "created_date": 0, "transfer_name": "a.pdf", "is_outgoing": 1},
        ],
    )  # fmt: skip
    rows = phone({SMS: data}).rows("sms_attachments")
    kept = [(row["row"], row["path"], row["type"], row["from_owner"], row["size"], row["message"]) for row in rows]
    assert kept == [("2", "/var/tmp/x-1", "image/gif", False, 12, "7"), ("3", "a.pdf", None, True, 0, None)]
    assert rows[0]["time"] == WHEN.replace(microsecond=0) and rows[0]["time_unit"] == "seconds since 2001-01-01 UTC"
    assert len(rows) == query(data, "SELECT count(*) FROM attachment")[0][0]
    broken = phone({SMS: damaged(data)})
    for name in ("sms", "sms_attachments"):
        assert broken.coverage(name)["state"] == "unreadable" and "damaged" in broken.coverage(name)["reason"]


@given(st.text(max_size=300), st.booleans())
def test_a_styled_text_is_what_was_archived(text, mutable):
    assert styled_text(archived(text, mutable)) == text


@given(st.binary(max_size=300))
def test_hostile_styled_texts_are_refused_or_read(data):
    whole = archived("text")
    assert styled_text(data) is None
    assert isinstance(styled_text(whole[:20] + data + whole[20:]), str | None)


@pytest.mark.parametrize("cut", range(1, 40))
def test_a_styled_text_that_is_cut_short_is_none(cut):
    whole = archived("four")
    end = whole.index(b"four") + 4
    assert styled_text(whole[: end - cut]) is None


def test_lengths_that_lie_are_refused():
    head = archived("")[: archived("").index(b"\x84\x01+") + 3]
    for length in (b"\x81\xff\xff", b"\x82\xff\xff\xff\x7f", b"\x83" + bytes(4), b"\x84", b"\x81\x05", b""):
        assert styled_text(head + length) is None
