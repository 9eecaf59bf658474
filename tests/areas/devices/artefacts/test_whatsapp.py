"""WhatsApp: messages of two and of groups, files, links beside texts, contacts and identifiers, over its versions."""

from datetime import UTC, datetime

WHEN = datetime(2023, 1, 2, 3, 4, 5, 250_000, tzinfo=UTC)
SECONDS = (WHEN - datetime(2001, 1, 1, tzinfo=UTC)).total_seconds()
SHARED = "AppDomainGroup-group.net.whatsapp.WhatsApp.shared"
STORE = f"{SHARED}/ChatStorage.sqlite"

SCHEMA = """
CREATE TABLE ZWAMESSAGE (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, Z_OPT INTEGER, ZISFROMME INTEGER,
  ZMESSAGETYPE INTEGER, ZSORT INTEGER, ZCHATSESSION INTEGER, ZGROUPMEMBER INTEGER, ZMEDIAITEM INTEGER,
  ZMESSAGEDATE TIMESTAMP, ZSENTDATE TIMESTAMP, ZFROMJID VARCHAR, ZPUSHNAME VARCHAR, ZSTANZAID VARCHAR, ZTEXT VARCHAR,
  ZTOJID VARCHAR);
CREATE TABLE ZWACHATSESSION (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, ZSESSIONTYPE INTEGER, ZCONTACTJID VARCHAR,
  ZPARTNERNAME VARCHAR, ZLASTMESSAGEDATE TIMESTAMP);
CREATE TABLE ZWAGROUPMEMBER (Z_PK INTEGER PRIMARY KEY, ZCHATSESSION INTEGER, ZCONTACTNAME VARCHAR, ZMEMBERJID VARCHAR);
CREATE TABLE ZWAMEDIAITEM (Z_PK INTEGER PRIMARY KEY, ZFILESIZE INTEGER, ZMESSAGE INTEGER, ZMEDIALOCALPATH VARCHAR,
  ZMEDIAURL VARCHAR, ZTITLE VARCHAR, ZVCARDNAME VARCHAR, ZVCARDSTRING VARCHAR, ZMETADATA BLOB);
CREATE TABLE ZWAMESSAGEDATAITEM (Z_PK INTEGER PRIMARY KEY, ZINDEX INTEGER, ZTYPE INTEGER, ZMESSAGE INTEGER,
  ZCONTENT1 VARCHAR, ZCONTENT2 VARCHAR, ZMATCHEDTEXT VARCHAR, ZSUMMARY VARCHAR, ZTITLE VARCHAR);
"""
OLD = """
CREATE TABLE ZWAMESSAGE (Z_PK INTEGER PRIMARY KEY, ZISFROMME INTEGER, ZMESSAGEDATE TIMESTAMP, ZFROMJID VARCHAR,
  ZTEXT VARCHAR);
"""
CONTACTS = """
CREATE TABLE ZWAADDRESSBOOKCONTACT (Z_PK INTEGER PRIMARY KEY, ZFULLNAME VARCHAR, ZPHONENUMBER VARCHAR,
  ZPHONENUMBERLABEL VARCHAR, ZWHATSAPPID VARCHAR, ZLID VARCHAR);
"""
PAIRS = """
CREATE TABLE ZWAPHONENUMBERLIDPAIR (Z_PK INTEGER PRIMARY KEY, ZTIMESTAMP TIMESTAMP, ZLID VARCHAR, ZPHONENUMBER VARCHAR);
"""
CALLS = """
CREATE TABLE ZWAAGGREGATECALLEVENT (Z_PK INTEGER PRIMARY KEY, ZINCOMING INTEGER, ZMISSED INTEGER, ZVIDEO INTEGER,
  ZFIRSTDATE TIMESTAMP);
CREATE TABLE ZWACDCALLEVENT (Z_PK INTEGER PRIMARY KEY, Z1CALLEVENTS INTEGER, ZOUTCOME INTEGER, ZDATE TIMESTAMP,
  ZDURATION FLOAT, ZCALLIDSTRING VARCHAR, ZGROUPJIDSTRING VARCHAR, ZGROUPCALLCREATORUSERJIDSTRING VARCHAR);
CREATE TABLE ZWACDCALLEVENTPARTICIPANT (Z_PK INTEGER PRIMARY KEY, Z1PARTICIPANTS INTEGER, ZOUTCOME INTEGER,
  ZJIDSTRING VARCHAR);
"""
OLD_CALLS = "CREATE TABLE ZWACDCALLEVENT (Z_PK INTEGER PRIMARY KEY, ZDATE TIMESTAMP, ZDURATION FLOAT);"
OTHER, GROUP, MEMBER = "15550100@s.whatsapp.net", "15550100-1@g.us", "15550101@s.whatsapp.net"


def store(database):
    return database(
        SCHEMA,
        ZWACHATSESSION=[{"Z_PK": 1, "ZCONTACTJID": OTHER}, {"Z_PK": 2, "ZCONTACTJID": GROUP}],
        ZWAGROUPMEMBER=[{"Z_PK": 7, "ZMEMBERJID": MEMBER}],
        ZWAMEDIAITEM=[
            {"Z_PK": 30, "ZMESSAGE": 3, "ZTITLE": "caption http://c.example.org/1", "ZMEDIALOCALPATH": "Media/x/a.jpg",
             "ZVCARDSTRING": "image/jpeg", "ZFILESIZE": 99, "ZMEDIAURL": "https://mmg.whatsapp.net/d/f/1.enc"},
            {"Z_PK": 31, "ZMESSAGE": 4, "ZMEDIAURL": "https://notwhatsapp.net/x", "ZVCARDSTRING": "BEGIN:VCARD" * 20},
            {"Z_PK": 32, "ZMESSAGE": 2, "ZTITLE": "a place"},
        ],
        ZWAMESSAGE=[
            {"Z_PK": 1, "ZISFROMME": 0, "ZMESSAGETYPE": 0, "ZCHATSESSION": 1, "ZMESSAGEDATE": SECONDS,
             "ZFROMJID": OTHER, "ZTEXT": "look at https://a.example.org/x"},
            {"Z_PK": 2, "ZISFROMME": 1, "ZMESSAGETYPE": 0, "ZCHATSESSION": 1, "ZTOJID": OTHER, "ZTEXT": "no"},
            {"Z_PK": 3, "ZISFROMME": 0, "ZMESSAGETYPE": 1, "ZCHATSESSION": 2, "ZGROUPMEMBER": 7, "ZFROMJID": GROUP,
             "ZMEDIAITEM": 30, "ZMESSAGEDATE": SECONDS},
            {"Z_PK": 4, "ZISFROMME": 0, "ZMESSAGETYPE": 6, "ZCHATSESSION": 2, "ZGROUPMEMBER": 8, "ZFROMJID": GROUP},
        ],
        ZWAMESSAGEDATAITEM=[
            {"Z_PK": 50, "ZMESSAGE": 1, "ZMATCHEDTEXT": "a.example.org/x", "ZCONTENT1": "https://a.example.org/x"},
            {"Z_PK": 51, "ZMESSAGE": 77, "ZCONTENT2": "http://d.example.org/", "ZTITLE": "not http://e.example.org"},
        ],
    )  # fmt: skip


def test_messages_of_two_and_of_groups(phone, database, query):
    data = store(database)
    read = phone({STORE: data, STORE.replace("WhatsApp.", "WhatsAppSMB."): data})
    rows = read.rows("whatsapp")
    assert len(rows) == 2 * query(data, "SELECT count(*) FROM ZWAMESSAGE")[0][0]
    assert [(row["row"], row["sender"], row["recipient"], row["chat"], row["kind"]) for row in rows[:4]] == [
        ("1", OTHER, None, OTHER, ""), ("2", None, OTHER, OTHER, ""), ("3", MEMBER, None, GROUP, "1"),
        ("4", GROUP, None, GROUP, "6"),
    ]  # fmt: skip
    assert rows[0]["time"] == WHEN and rows[0]["time_raw"] == repr(SECONDS) and "2001-01-01" in rows[0]["time_unit"]
    assert rows[2]["subject"].startswith("caption") and rows[0]["app"] == "WhatsApp" and rows[1]["from_owner"] is True
    links = [(row["row"], row["host"], row["field"]) for row in read.rows("whatsapp", "links")[:2]]
    assert links == [("1", "a.example.org", "text"), ("3", "c.example.org", "subject")]


def test_files_with_their_messages(phone, database, query):
    data = store(database)
    rows = phone({STORE: data}).rows("whatsapp_media")
    assert [(row["row"], row["path"], row["type"], row["size"], row["message"], row["time"]) for row in rows] == [
        ("30", "Media/x/a.jpg", "image/jpeg", 99, "3", WHEN), ("31", None, None, None, "4", None),
    ]  # fmt: skip
    counted = "SELECT count(*) FROM ZWAMEDIAITEM WHERE ZMEDIALOCALPATH IS NOT NULL OR ZMEDIAURL IS NOT NULL"
    assert len(rows) == query(data, counted)[0][0] and rows[0]["from_owner"] is False


def test_items_without_a_file_are_none_and_cards_are_no_type(phone, database, query):
    paths = [(None, None), ("", None), (None, ""), ("", ""), ("0", None), (None, "u"), ("", "u")]
    items = [{"ZMEDIALOCALPATH": path, "ZMEDIAURL": url, "ZVCARDSTRING": "image/jpeg"} for path, url in paths]
    items += [{"ZMEDIALOCALPATH": "p", "ZVCARDSTRING": card} for card in ("\N{PILE OF POO}" * 99, "c" * 100, "", None)]
    data = database(SCHEMA, ZWAMEDIAITEM=items)
    shown = "ZMEDIALOCALPATH, iif(length(ZVCARDSTRING) < 100, ZVCARDSTRING, NULL)"
    told = query(data, f"SELECT {shown} FROM ZWAMEDIAITEM WHERE ZMEDIALOCALPATH <> '' OR ZMEDIAURL <> ''")
    rows = phone({STORE: data}).rows("whatsapp_media")
    assert [(row["path"], row["type"]) for row in rows] == told and len(told) == 7
    without = SCHEMA.replace(" ZMEDIALOCALPATH VARCHAR,\n  ZMEDIAURL VARCHAR,", "")
    none = phone({STORE: database(without, ZWAMEDIAITEM=[{"Z_PK": 1}])}).coverage("whatsapp_media")
    assert (none["state"], none["rows"]) == ("read", 0)


def test_links_beside_the_texts_without_whatsapps_own_servers(phone, database):
    read = phone({STORE: store(database)})
    rows = read.rows("whatsapp_links")
    assert [(row["table"], row["row"], row["url"], row["host"], row["field"], row["time"]) for row in rows] == [
        ("ZWAMESSAGEDATAITEM", "50", "http://a.example.org/x", "a.example.org", "ZMATCHEDTEXT", WHEN),
        ("ZWAMESSAGEDATAITEM", "50", "https://a.example.org/x", "a.example.org", "ZCONTENT1", WHEN),
        ("ZWAMESSAGEDATAITEM", "51", "http://d.example.org/", "d.example.org", "ZCONTENT2", None),
        ("ZWAMEDIAITEM", "31", "https://notwhatsapp.net/x", "notwhatsapp.net", "ZMEDIAURL", None),
    ]
    assert {row["within"] for row in rows} == {"messages"}
    assert "left out: 1" in read.accounts("whatsapp_links")[0].notes[0]


def test_contacts_and_the_numbers_behind_identifiers(phone, database, query):
    contacts = database(CONTACTS, ZWAADDRESSBOOKCONTACT=[
        {"Z_PK": 1, "ZFULLNAME": "N", "ZPHONENUMBER": "+1 555 0100", "ZWHATSAPPID": OTHER, "ZLID": "9@lid"},
        {"Z_PK": 2, "ZPHONENUMBER": "+1 555 0101"}, {"Z_PK": 3, "ZPHONENUMBER": "", "ZLID": ""},
    ])  # fmt: skip
    pairs = database(
        PAIRS, ZWAPHONENUMBERLIDPAIR=[{"Z_PK": 4, "ZTIMESTAMP": SECONDS, "ZLID": "9", "ZPHONENUMBER": "15550100"}]
    )
    newer = database(SCHEMA + PAIRS, ZWAPHONENUMBERLIDPAIR=[{"Z_PK": 5, "ZLID": "8", "ZPHONENUMBER": "15550101"}])
    read = phone({f"{SHARED}/ContactsV2.sqlite": contacts, f"{SHARED}/LID.sqlite": pairs, STORE: newer})
    assert [(row["row"], row["kind"], row["address"]) for row in read.rows("whatsapp_contacts")] == [
        ("1", "phone", "+1 555 0100"), ("2", "phone", "+1 555 0101"), ("1", "WhatsApp", OTHER),
        ("1", "WhatsApp LID", "9@lid"),
    ]  # fmt: skip
    named = {row["row"] for row in read.rows("whatsapp_contacts")}
    assert len(named) == query(contacts, "SELECT count(*) FROM ZWAADDRESSBOOKCONTACT WHERE ZPHONENUMBER <> ''")[0][0]
    found = {row["row"]: row for row in read.rows("whatsapp_identifiers")}
    assert (found["4"]["name"], found["4"]["address"], found["4"]["time"]) == ("9", "15550100", WHEN)
    assert (found["5"]["name"], found["5"]["address"]) == ("8", "15550101")


def test_an_old_store_and_a_damaged_one(phone, database, damaged):
    folder = "private/var/mobile/Containers/Shared/AppGroup/0A"
    old = database(
        OLD, ZWAMESSAGE=[{"Z_PK": 1, "ZISFROMME": 0, "ZMESSAGEDATE": SECONDS, "ZFROMJID": OTHER, "ZTEXT": "x"}]
    )
    read = phone({f"{folder}/ChatStorage.sqlite": old, "private/var/mobile/x": b""}, "ios file system")
    row = read.rows("whatsapp")[0]
    assert (row["sender"], row["chat"], row["time"]) == (OTHER, None, WHEN)
    assert read.coverage("whatsapp_identifiers")["state"] == "read"
    assert {read.coverage(name)["state"] for name in ("whatsapp_media", "whatsapp_links")} == {"unreadable"}
    broken = phone({STORE: damaged(store(database))})
    for name in ("whatsapp", "whatsapp_media", "whatsapp_links"):
        coverage = broken.coverage(name)
        assert coverage["state"] == "unreadable" and "damaged" in coverage["reason"] and coverage["rows"] == 0


def test_calls_with_who_took_part(phone, database, query, damaged):
    data = database(
        CALLS,
        ZWAAGGREGATECALLEVENT=[{"Z_PK": 1, "ZINCOMING": 1}, {"Z_PK": 2, "ZINCOMING": 0}],
        ZWACDCALLEVENT=[
            {"Z_PK": 5, "Z1CALLEVENTS": 1, "ZOUTCOME": 1, "ZDATE": SECONDS, "ZDURATION": 0.0},
            {
                "Z_PK": 6,
                "Z1CALLEVENTS": 2,
                "ZOUTCOME": 0,
                "ZDATE": SECONDS,
                "ZDURATION": 12.5,
                "ZGROUPJIDSTRING": GROUP,
            },
            {"Z_PK": 7},
        ],
        ZWACDCALLEVENTPARTICIPANT=[{"Z_PK": 9, "Z1PARTICIPANTS": 5, "ZJIDSTRING": OTHER}],
    )
    path = f"{SHARED}/CallHistory.sqlite"
    rows = phone({path: data}).rows("whatsapp_calls")
    assert [(row["row"], row["number"], row["from_owner"], row["answered"], row["duration"]) for row in rows] == [
        ("5", OTHER, False, False, 0.0), ("6", GROUP, True, True, 12.5), ("7", None, None, None, None),
    ]  # fmt: skip
    assert rows[0]["time"] == WHEN and rows[0]["app"] == "WhatsApp"
    assert len(rows) == query(data, "SELECT count(*) FROM ZWACDCALLEVENT")[0][0]
    old = phone({path: database(OLD_CALLS, ZWACDCALLEVENT=[{"Z_PK": 1, "ZDATE": SECONDS}])})
    assert old.rows("whatsapp_calls")[0]["number"] is None
    assert phone({path: damaged(data)}).coverage("whatsapp_calls")["state"] == "unreadable"
