"""Calls, contacts, exchanges, calendars and permissions of iOS, over the schemas that its versions have had."""

from datetime import UTC, datetime

import pytest

WHEN = datetime(2023, 1, 2, 3, 4, 5, 250_000, tzinfo=UTC)
SECONDS = (WHEN - datetime(2001, 1, 1, tzinfo=UTC)).total_seconds()
UNIX = int(WHEN.timestamp())
HOME = {"ios backup": "HomeDomain", "ios file system": "private/var/mobile"}

CALLS = """
CREATE TABLE ZCALLRECORD (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZANSWERED INTEGER,
  ZCALL_CATEGORY INTEGER, ZCALLTYPE INTEGER, ZDISCONNECTED_CAUSE INTEGER, ZORIGINATED INTEGER, ZREAD INTEGER,
  ZDATE TIMESTAMP, ZDURATION FLOAT, ZISO_COUNTRY_CODE VARCHAR, ZNAME VARCHAR, ZSERVICE_PROVIDER VARCHAR,
  ZUNIQUE_ID VARCHAR, ZADDRESS BLOB);
"""
OLD_CALLS = (
    "CREATE TABLE ZCALLRECORD (Z_PK INTEGER PRIMARY KEY, ZORIGINATED INTEGER, ZDATE TIMESTAMP, ZADDRESS VARCHAR);"
)
CONTACTS = """
CREATE TABLE ABPerson (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, First TEXT, Last TEXT, Middle TEXT, Organization TEXT,
  CreationDate INTEGER, ModificationDate INTEGER);
CREATE TABLE ABMultiValue (UID INTEGER PRIMARY KEY, record_id INTEGER, property INTEGER, identifier INTEGER,
  label INTEGER, value TEXT);
CREATE TABLE ABMultiValueLabel (value TEXT, UNIQUE (value));
"""
OLD_CONTACTS = """
CREATE TABLE ABPerson (ROWID INTEGER PRIMARY KEY AUTOINCREMENT);
CREATE TABLE ABMultiValue (UID INTEGER PRIMARY KEY, record_id INTEGER, property INTEGER, value TEXT);
"""
EXCHANGES = """
CREATE TABLE ZINTERACTIONS (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZDIRECTION INTEGER,
  ZISRESPONSE INTEGER, ZMECHANISM INTEGER, ZRECIPIENTCOUNT INTEGER, ZSENDER INTEGER, ZCREATIONDATE TIMESTAMP,
  ZENDDATE TIMESTAMP, ZSTARTDATE TIMESTAMP, ZACCOUNT VARCHAR, ZBUNDLEID VARCHAR, ZDOMAINIDENTIFIER VARCHAR);
CREATE TABLE ZCONTACTS (Z_PK INTEGER PRIMARY KEY, ZDISPLAYNAME VARCHAR, ZIDENTIFIER VARCHAR, ZPERSONID VARCHAR);
CREATE TABLE Z_{0}INTERACTIONRECIPIENT (Z_{0}RECIPIENTS INTEGER, Z_{1}INTERACTIONRECIPIENT INTEGER,
  PRIMARY KEY (Z_{0}RECIPIENTS, Z_{1}INTERACTIONRECIPIENT));
"""
CALENDAR = """
CREATE TABLE CalendarItem (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, summary TEXT, location_id INTEGER, description TEXT,
  start_date REAL, end_date REAL, all_day INTEGER, organizer_id INTEGER, url TEXT, last_modified REAL,
  creation_date REAL, conference_url TEXT);
CREATE TABLE Participant (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, entity_type INTEGER, identity_id INTEGER,
  owner_id INTEGER, email TEXT, is_self INTEGER);
CREATE TABLE Identity (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, display_name TEXT, address TEXT);
CREATE TABLE Location (ROWID INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT, address TEXT);
"""
OLD_CALENDAR = (
    "CREATE TABLE CalendarItem (ROWID INTEGER PRIMARY KEY, summary TEXT, start_date REAL, last_modified REAL);"
)
ACCESS = """
CREATE TABLE access (service TEXT NOT NULL, client TEXT NOT NULL, client_type INTEGER NOT NULL, auth_value INTEGER,
  auth_reason INTEGER, auth_version INTEGER, csreq BLOB, policy_id INTEGER,
  indirect_object_identifier TEXT NOT NULL DEFAULT 'UNUSED', last_modified INTEGER,
  PRIMARY KEY (service, client, client_type, indirect_object_identifier));
"""
OLD_ACCESS = """
CREATE TABLE access (service TEXT NOT NULL, client TEXT NOT NULL, client_type INTEGER NOT NULL,
  allowed INTEGER NOT NULL, prompt_count INTEGER NOT NULL DEFAULT 0, csreq BLOB, PRIMARY KEY (service, client));
"""
KINDS = pytest.mark.parametrize("kind", ["ios backup", "ios file system"])


@KINDS
def test_calls_with_addresses_kept_as_bytes_or_as_text(phone, database, query, kind):
    data = database(CALLS, ZCALLRECORD=[
        {"Z_PK": 3, "ZDATE": SECONDS, "ZDURATION": 61.5, "ZORIGINATED": 0, "ZANSWERED": 1, "ZADDRESS": b"+15550100",
         "ZSERVICE_PROVIDER": "com.apple.Telephony"},
        {"Z_PK": 4, "ZDATE": None, "ZORIGINATED": 1, "ZANSWERED": 0, "ZADDRESS": "who@example.org",
         "ZSERVICE_PROVIDER": "com.apple.FaceTime"},
    ])  # fmt: skip
    read = phone({f"{HOME[kind]}/Library/CallHistoryDB/CallHistory.storedata": data}, kind)
    rows = read.rows("calls")
    assert [
        (row["row"], row["number"], row["app"], row["from_owner"], row["answered"], row["duration"]) for row in rows
    ] == [
        ("3", "+15550100", "com.apple.Telephony", False, True, 61.5),
        ("4", "who@example.org", "com.apple.FaceTime", True, False, None),
    ]
    assert rows[0]["time"] == WHEN and rows[0]["time_raw"] == repr(SECONDS) and "2001-01-01" in rows[0]["time_unit"]
    assert len(rows) == query(data, "SELECT count(*) FROM ZCALLRECORD")[0][0] and not read.accounts("calls")[0].misfits


def test_calls_of_an_old_system_are_expected_in_encrypted_backups_only(phone, database):
    data = database(OLD_CALLS, ZCALLRECORD=[{"Z_PK": 1, "ZDATE": SECONDS, "ZADDRESS": "+15550100"}])
    row = phone({"HomeDomain/Library/CallHistoryDB/CallHistory.storedata": data}).rows("calls")[0]
    assert (row["number"], row["duration"], row["time"]) == ("+15550100", None, WHEN)
    absent = phone({}).coverage("calls")
    assert absent["state"] == "not held by this kind" and not absent["expected"] and "encrypted" in absent["reason"]


@KINDS
def test_contacts_once_for_each_number_or_address(phone, database, query, kind):
    data = database(
        CONTACTS,
        ABPerson=[{"ROWID": 2, "First": "A", "Last": "B", "Organization": "O", "ModificationDate": int(SECONDS)}],
        ABMultiValue=[
            {"UID": 5, "record_id": 2, "property": 3, "value": "+1 555 0100"},
            {"UID": 6, "record_id": 2, "property": 4, "value": "ab@example.org"},
            {"UID": 7, "record_id": 9, "property": 99, "value": "x"},
            {"UID": 8, "record_id": 2, "property": 5, "value": None},
        ],
    )
    rows = phone({f"{HOME[kind]}/Library/AddressBook/AddressBook.sqlitedb": data}, kind).rows("contacts")
    assert [(row["row"], row["name"], row["organisation"], row["address"], row["kind"]) for row in rows] == [
        ("5", "A B", "O", "+1 555 0100", "phone"), ("6", "A B", "O", "ab@example.org", "email"),
        ("7", None, None, "x", "property 99"),
    ]  # fmt: skip
    assert rows[0]["time"] == WHEN.replace(microsecond=0)
    assert len(rows) == query(data, "SELECT count(*) FROM ABMultiValue WHERE value IS NOT NULL")[0][0]


def test_contacts_of_another_version(phone, database):
    data = database(OLD_CONTACTS, ABMultiValue=[{"UID": 1, "record_id": 1, "property": 3, "value": "+15550100"}])
    row = phone({"HomeDomain/Library/AddressBook/AddressBook.sqlitedb": data}).rows("contacts")[0]
    assert (row["name"], row["address"], row["time"]) == (None, "+15550100", None)


def test_contacts_with_parts_that_are_empty_and_kinds_that_are_no_number(phone, database):
    values = [(1, None, "x"), (2, "other", "x"), (3, 0, ""), (4, 46, "0"), (5, 3, None)]
    data = database(
        CONTACTS,
        ABPerson=[{"ROWID": 1, "First": "", "Middle": " "}, {"ROWID": 2, "First": " A", "Middle": "", "Last": "B "},
                  {"ROWID": 3, "First": "A", "Last": "B"}, {"ROWID": 4}],
        ABMultiValue=[{"UID": row, "record_id": row, "property": kind, "value": value} for row, kind, value in values],
    )  # fmt: skip
    rows = phone({"HomeDomain/Library/AddressBook/AddressBook.sqlitedb": data}).rows("contacts")
    assert [(row["row"], row["name"], row["kind"], row["address"]) for row in rows] == [
        ("1", None, None, "x"), ("2", "A B", "property other", "x"), ("3", "A B", "property 0", ""),
        ("4", None, "social profile", "0"),
    ]  # fmt: skip


@pytest.mark.parametrize("numbers", [(2, 3), (3, 5)])
@KINDS
def test_exchanges_once_for_each_who_received(phone, database, query, kind, numbers):
    join, contact = f"Z_{numbers[0]}INTERACTIONRECIPIENT", f"Z_{numbers[0]}RECIPIENTS"
    interaction = f"Z_{numbers[1]}INTERACTIONRECIPIENT"
    data = database(EXCHANGES.format(*numbers), **{
        "ZCONTACTS": [{"Z_PK": at, "ZIDENTIFIER": f"person{at}@example.org"} for at in (1, 2, 3)],
        "ZINTERACTIONS": [
            {"Z_PK": 10, "ZDIRECTION": 1, "ZSTARTDATE": SECONDS, "ZENDDATE": SECONDS + 1,
             "ZBUNDLEID": "com.apple.mobilemail", "ZMECHANISM": 4, "ZACCOUNT": "me@example.org"},
            {"Z_PK": 11, "ZDIRECTION": 0, "ZSENDER": 3, "ZSTARTDATE": SECONDS},
            {"Z_PK": 12, "ZDIRECTION": 7, "ZSENDER": 99},
        ],
        join: [{contact: 2, interaction: 10}, {contact: 1, interaction: 10}, {contact: 1, interaction: 77}],
    })  # fmt: skip
    rows = phone({f"{HOME[kind]}/Library/CoreDuet/People/interactionC.db": data}, kind).rows("interactions")
    assert sorted((row["row"], row["sender"], row["recipient"], row["from_owner"]) for row in rows[:2]) == [
        ("10", None, "person1@example.org", True), ("10", None, "person2@example.org", True),
    ]  # fmt: skip
    assert [(row["row"], row["sender"], row["recipient"], row["from_owner"]) for row in rows[2:]] == [
        ("11", "person3@example.org", None, False), ("12", None, None, None),
    ]  # fmt: skip
    assert rows[0]["time"] == WHEN and (rows[0]["ended"] - WHEN).total_seconds() == 1
    assert (rows[0]["app"], rows[0]["mechanism"], rows[0]["account"]) == ("com.apple.mobilemail", "4", "me@example.org")
    counted = f"SELECT count(*) FROM ZINTERACTIONS LEFT JOIN {join} ON {interaction} = Z_PK"
    assert len(rows) == query(data, counted)[0][0]


def test_exchanges_with_half_a_recipient_name_nobody(phone, database):
    schema = EXCHANGES.format(2, 3).replace(",\n  PRIMARY KEY (Z_2RECIPIENTS, Z_3INTERACTIONRECIPIENT)", "")
    halves = [{"Z_2RECIPIENTS": None, "Z_3INTERACTIONRECIPIENT": 1}, {"Z_2RECIPIENTS": 1}]
    data = database(schema, ZINTERACTIONS=[{"Z_PK": 1}], ZCONTACTS=[{"Z_PK": 1, "ZIDENTIFIER": "x"}],
                    Z_2INTERACTIONRECIPIENT=halves)  # fmt: skip
    read = phone({"HomeDomain/Library/CoreDuet/People/interactionC.db": data})
    assert [(row["row"], row["recipient"]) for row in read.rows("interactions")] == [("1", None)]


def test_exchanges_without_the_table_that_says_who_received(phone, database):
    schema = EXCHANGES[: EXCHANGES.index("CREATE TABLE Z_{0}")]
    data = database(schema, ZINTERACTIONS=[{"Z_PK": 1, "ZDIRECTION": 1, "ZSTARTDATE": SECONDS}])
    read = phone({"HomeDomain/Library/CoreDuet/People/interactionC.db": data})
    assert [row["recipient"] for row in read.rows("interactions")] == [None]
    assert "Who received is not read" in read.accounts("interactions")[0].notes[0]


@KINDS
def test_entries_of_calendars_with_people_and_links(phone, database, query, kind):
    data = database(
        CALENDAR,
        Identity=[{"ROWID": 1, "address": "mailto:host@example.org"}, {"ROWID": 2, "address": "MAILTO:b@example.org"}],
        Location=[{"ROWID": 4, "title": "a room"}],
        Participant=[
            {"ROWID": 20, "owner_id": 7, "identity_id": 1}, {"ROWID": 21, "owner_id": 7, "identity_id": 2},
            {"ROWID": 22, "owner_id": 7, "email": "c@example.org", "identity_id": 99},
            {"ROWID": 23, "owner_id": 8, "identity_id": 98},
        ],
        CalendarItem=[
            {"ROWID": 7, "summary": "S", "description": "see http://a.example.org/", "location_id": 4,
             "organizer_id": 20, "start_date": SECONDS, "end_date": SECONDS + 60, "creation_date": SECONDS - 60,
             "last_modified": SECONDS,
             "url": "https://b.example.org/x", "conference_url": "https://c.example.org/y"},
            {"ROWID": 8, "summary": "T", "last_modified": SECONDS},
        ],
    )  # fmt: skip
    read = phone({f"{HOME[kind]}/Library/Calendar/Calendar.sqlitedb": data}, kind)
    first, second = read.rows("calendar")
    assert (first["organiser"], first["attendees"]) == (
        "host@example.org",
        "host@example.org b@example.org c@example.org",
    )
    assert first["begins"] == WHEN and (first["ends"] - WHEN).seconds == 60 and first["location"] == "a room"
    assert (WHEN - first["time"]).seconds == 60 and first["time"] == first["created"] and first["modified"] == WHEN
    assert second["time"] == WHEN and (second["organiser"], second["attendees"], second["links"]) == (None, None, None)
    links = {(row["row"], row["host"], row["field"]) for row in read.rows("calendar", "links")}
    assert links == {
        ("7", "a.example.org", "description"),
        ("7", "b.example.org", "links"),
        ("7", "c.example.org", "links"),
    }
    assert query(data, "SELECT count(*) FROM CalendarItem")[0][0] == 2


def test_entries_of_an_old_calendar(phone, database):
    data = database(
        OLD_CALENDAR, CalendarItem=[{"ROWID": 1, "summary": "S", "start_date": SECONDS, "last_modified": SECONDS}]
    )
    row = phone({"HomeDomain/Library/Calendar/Calendar.sqlitedb": data}).rows("calendar")[0]
    assert (row["summary"], row["begins"], row["organiser"]) == ("S", WHEN, None)


@KINDS
def test_permissions_with_who_decided(phone, database, query, kind):
    data = database(ACCESS, access=[
        {"service": "kTCCServiceMicrophone", "client": "org.example.app", "client_type": 0, "auth_value": 2,
         "auth_reason": 2, "last_modified": UNIX},
        {"service": "kTCCServicePhotos", "client": "org.example.app", "client_type": 0, "auth_value": 3,
         "auth_reason": 99},
        {"service": "kTCCServiceCamera", "client": "/usr/bin/x", "client_type": 1, "auth_value": 0, "auth_reason": 4},
        {"service": "kTCCServiceCamera", "client": "org.example.b", "client_type": 0, "auth_value": 5},
    ])  # fmt: skip
    rows = phone({f"{HOME[kind]}/Library/TCC/TCC.db": data}, kind).rows("permissions")
    assert [(row["row"], row["permission"], row["app"], row["decision"], row["by"]) for row in rows] == [
        ("1", "kTCCServiceMicrophone", "org.example.app", "allowed", "user consent"),
        ("2", "kTCCServicePhotos", "org.example.app", "limited", "99"),
        ("3", "kTCCServiceCamera", "/usr/bin/x", "denied", "system set"),
        ("4", "kTCCServiceCamera", "org.example.b", "5", None),
    ]
    assert (
        rows[0]["time"] == WHEN.replace(microsecond=0) and rows[0]["time_raw"] == str(UNIX) and rows[1]["time"] is None
    )
    assert len(rows) == query(data, "SELECT count(*) FROM access")[0][0]


def test_answers_that_are_no_known_number_stand_for_themselves(phone, database):
    answers = [None, 0, -1, "2", "", "yes", 2**40]
    data = database(ACCESS, access=[
        {"service": "s", "client": str(number), "client_type": 0, "auth_value": answer, "auth_reason": answer}
        for number, answer in enumerate(answers)
    ])  # fmt: skip
    rows = phone({"HomeDomain/Library/TCC/TCC.db": data}).rows("permissions")
    assert [(row["decision"], row["by"]) for row in rows] == [
        (None, None), ("denied", "0"), ("-1", "-1"), ("allowed", "user consent"), ("", ""), ("yes", "yes"),
        (str(2**40), str(2**40)),
    ]  # fmt: skip


def test_permissions_before_ios_14_are_yes_or_no(phone, database):
    data = database(OLD_ACCESS, access=[
        {"service": "kTCCServiceCamera", "client": "a", "client_type": 0, "allowed": 1},
        {"service": "kTCCServiceCamera", "client": "b", "client_type": 0, "allowed": 0},
    ])  # fmt: skip
    rows = phone({"HomeDomain/Library/TCC/TCC.db": data}, version="13.3").rows("permissions")
    assert [(row["decision"], row["by"], row["time"]) for row in rows] == [
        ("allowed", None, None),
        ("denied", None, None),
    ]


FILES = {
    "calls": ("Library/CallHistoryDB/CallHistory.storedata", CALLS, "ZCALLRECORD", {"Z_PK": 1}),
    "contacts": ("Library/AddressBook/AddressBook.sqlitedb", CONTACTS, "ABMultiValue", {"UID": 1, "value": "x"}),
    "interactions": ("Library/CoreDuet/People/interactionC.db", EXCHANGES.format(2, 3), "ZINTERACTIONS", {"Z_PK": 1}),
    "calendar": ("Library/Calendar/Calendar.sqlitedb", CALENDAR, "CalendarItem", {"ROWID": 1}),
    "permissions": ("Library/TCC/TCC.db", ACCESS, "access", {"service": "s", "client": "c", "client_type": 0}),
}


@pytest.mark.parametrize("artefact", FILES)
def test_what_cannot_be_read_is_a_gap(phone, database, damaged, artefact):
    path, schema, table, row = FILES[artefact]
    whole = database(schema, **{table: [row]})
    assert len(phone({f"HomeDomain/{path}": whole}).rows(artefact)) == 1
    for broken in (damaged(whole), whole[:2000], b"", database("CREATE TABLE other (x)")):
        coverage = phone({f"HomeDomain/{path}": broken}).coverage(artefact)
        assert coverage["state"] == "unreadable" and coverage["rows"] == 0 and coverage["reason"]
