"""Shortcuts, caches, and what WebKit keeps of sites: in its database, and in the list of older systems."""

import plistlib
from datetime import UTC, datetime

import pytest

WHEN = datetime(2023, 1, 2, 3, 4, 5, 250_000, tzinfo=UTC)
SECONDS = (WHEN - datetime(2001, 1, 1, tzinfo=UTC)).total_seconds()
UNIX = WHEN.timestamp()
SHORTCUTS = "HomeDomain/Library/Shortcuts/Shortcuts.sqlite"
STATISTICS = "Library/WebKit/WebsiteData/ResourceLoadStatistics"
SAFARI = f"AppDomain-com.apple.mobilesafari/{STATISTICS}"
CONTAINER = "private/var/mobile/Containers/Data/Application/0A"

SCHEMA = """
CREATE TABLE ZSHORTCUT (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, ZACTIONCOUNT INTEGER, ZTOMBSTONED INTEGER,
  ZACTIONS INTEGER, ZCREATIONDATE TIMESTAMP, ZMODIFICATIONDATE TIMESTAMP, ZNAME VARCHAR, ZWORKFLOWID VARCHAR);
CREATE TABLE ZSHORTCUTACTIONS (Z_PK INTEGER PRIMARY KEY, Z_ENT INTEGER, ZSHORTCUT INTEGER, ZDATA BLOB);
"""
CACHE = """
CREATE TABLE cfurl_cache_response (entry_ID INTEGER PRIMARY KEY AUTOINCREMENT UNIQUE, version INTEGER,
  hash_value INTEGER, storage_policy INTEGER, request_key TEXT UNIQUE,
  time_stamp NOT NULL DEFAULT CURRENT_TIMESTAMP, partition TEXT);
"""
OLD_CACHE = "CREATE TABLE cfurl_cache_response (entry_ID INTEGER PRIMARY KEY, request_key TEXT, time_stamp TEXT);"
DOMAINS = """
CREATE TABLE ObservedDomains (domainID INTEGER PRIMARY KEY, registrableDomain TEXT NOT NULL UNIQUE ON CONFLICT FAIL,
  lastSeen REAL NOT NULL, hadUserInteraction INTEGER NOT NULL DEFAULT 0,
  mostRecentUserInteractionTime REAL NOT NULL DEFAULT -1, grandfathered INTEGER NOT NULL DEFAULT 0);
"""
RELATIONS = f"""{DOMAINS}
CREATE TABLE TopLevelDomains (topLevelDomainID INTEGER PRIMARY KEY);
CREATE TABLE TopFrameUniqueRedirectsTo (sourceDomainID INTEGER NOT NULL, toDomainID INTEGER NOT NULL);
CREATE TABLE TopFrameUniqueRedirectsFrom (targetDomainID INTEGER NOT NULL, fromDomainID INTEGER NOT NULL);
CREATE TABLE TopFrameLinkDecorationsFrom (toDomainID INTEGER NOT NULL, lastUpdated REAL NOT NULL,
  fromDomainID INTEGER NOT NULL);
CREATE TABLE SubresourceUnderTopFrameDomains (subresourceDomainID INTEGER NOT NULL, lastUpdated REAL NOT NULL,
  topFrameDomainID INTEGER NOT NULL);
CREATE TABLE SubresourceUniqueRedirectsTo (subresourceDomainID INTEGER NOT NULL, lastUpdated REAL NOT NULL,
  toDomainID INTEGER NOT NULL);
"""


def action(name, **settings):
    return {"WFWorkflowActionIdentifier": f"is.workflow.actions.{name}", "WFWorkflowActionParameters": settings}


def test_addresses_in_shortcuts(phone, database, query, damaged):
    text = {"Value": {"string": "open https://b.example.org/1 and https://b.example.org/1"}}
    actions = [
        action("url", WFURLActionURL=["https://a.example.org/x", "http://a.example.org/y"]),
        action("getvariable", WFText=text), action("comment", WFCommentActionText="nothing"), "no action",
    ]  # fmt: skip
    bomb = "https://deep.example.org"
    for _ in range(12):
        bomb = [bomb] * 3
    data = database(
        SCHEMA,
        ZSHORTCUT=[{"Z_PK": 1, "ZNAME": "N", "ZMODIFICATIONDATE": SECONDS, "ZACTIONS": 10}],
        ZSHORTCUTACTIONS=[
            {"Z_PK": 10, "ZSHORTCUT": 1, "ZDATA": plistlib.dumps(actions, fmt=plistlib.FMT_BINARY)},
            {"Z_PK": 11, "ZSHORTCUT": 2, "ZDATA": b"no list"},
            {
                "Z_PK": 12,
                "ZSHORTCUT": 2,
                "ZDATA": plistlib.dumps([action("url", WFURLActionURL=bomb)], fmt=plistlib.FMT_BINARY),
            },
            {"Z_PK": 13, "ZSHORTCUT": 2, "ZDATA": None},
        ],
    )
    read = phone({SHORTCUTS: data})
    rows = read.rows("shortcuts")
    assert [(row["row"], row["url"], row["within"], row["title"]) for row in rows] == [
        ("10", "https://a.example.org/x", "is.workflow.actions.url", "N"),
        ("10", "http://a.example.org/y", "is.workflow.actions.url", "N"),
        ("10", "https://b.example.org/1", "is.workflow.actions.getvariable", "N"),
        ("12", "https://deep.example.org", "is.workflow.actions.url", None),
    ]
    assert rows[0]["time"] == WHEN and rows[0]["time_raw"] == repr(SECONDS) and rows[0]["what"] == "shortcut"
    count = query(data, "SELECT count(*) FROM ZSHORTCUTACTIONS")[0][0]
    assert read.accounts("shortcuts")[0].notes == [f"Shortcuts that were looked through: {count}."]
    assert [rows for _, rows in read.accounts("shortcuts")[0].refused.values()] == [[11, 13]]
    for broken in (damaged(data), b"", database("CREATE TABLE other (x)")):
        coverage = phone({SHORTCUTS: broken}).coverage("shortcuts")
        assert coverage["state"] == "unreadable" and coverage["rows"] == 0 and coverage["reason"]


def test_caches_of_apps_in_a_file_system_only(phone, database, query, damaged):
    data = database(CACHE, cfurl_cache_response=[
        {"entry_ID": 1, "request_key": "https://a.example.org/x", "time_stamp": "2023-01-02 03:04:05"},
        {"entry_ID": 2, "request_key": "https://b.example.org/", "time_stamp": "soon", "partition": "example.net"},
        {"entry_ID": 3, "request_key": None, "time_stamp": ""},
    ])  # fmt: skip
    path = f"{CONTAINER}/Library/Caches/com.example.app/Cache.db"
    read = phone({path: data, "private/var/mobile/Library/Caches/com.apple.x/Cache.db": data}, "ios file system")
    rows = read.rows("caches")
    assert len(rows) == 2 * query(data, "SELECT count(*) FROM cfurl_cache_response")[0][0]
    assert [(row["row"], row["host"], row["within"], row["time"]) for row in rows[:3]] == [
        ("1", "a.example.org", "com.example.app", WHEN.replace(microsecond=0)),
        ("2", "b.example.org", "example.net", None), ("3", None, "com.example.app", None),
    ]  # fmt: skip
    assert rows[1]["time_raw"] == "soon" and rows[0]["time_unit"] == "ISO 8601" and rows[0]["what"] == "cache"
    old = database(OLD_CACHE, cfurl_cache_response=[{"entry_ID": 7, "request_key": "https://example.org/"}])
    assert phone({path: old}, "ios file system").rows("caches")[0]["within"] == "com.example.app"
    assert phone({path: damaged(data)}, "ios file system").coverage("caches")["state"] == "unreadable"
    assert phone({}).coverage("caches")["state"] == "not held by this kind"


def observations(database):
    return database(
        RELATIONS,
        ObservedDomains=[
            {"domainID": 1, "registrableDomain": "example.org", "lastSeen": UNIX},
            {"domainID": 2, "registrableDomain": "Example.NET", "lastSeen": -1.0},
            {"domainID": 3, "registrableDomain": "example.com", "lastSeen": 0.0},
        ],
        TopFrameUniqueRedirectsTo=[{"sourceDomainID": 1, "toDomainID": 2}],
        TopFrameUniqueRedirectsFrom=[{"targetDomainID": 1, "fromDomainID": 3}],
        TopFrameLinkDecorationsFrom=[{"toDomainID": 2, "lastUpdated": UNIX, "fromDomainID": 1}],
        SubresourceUnderTopFrameDomains=[{"subresourceDomainID": 3, "lastUpdated": UNIX, "topFrameDomainID": 1}],
        SubresourceUniqueRedirectsTo=[{"subresourceDomainID": 3, "lastUpdated": -1.0, "toDomainID": 99}],
    )


@pytest.mark.parametrize(
    ("kind", "path", "app"),
    [
        ("ios backup", f"{SAFARI}/observations.db", "com.apple.mobilesafari"),
        ("ios backup", "AppDomain-org.example/Library/WebKit/WebsiteDataStore/U/ResourceLoadStatistics/observations.db",
         "org.example"),
        ("ios file system", f"{CONTAINER}/{STATISTICS}/observations.db", ""),
    ],
)  # fmt: skip
def test_sites_and_what_led_where(phone, database, query, kind, path, app):
    data = observations(database)
    read = phone({path: data}, kind)
    sites = read.rows("webkit_sites")
    assert [(row["row"], row["url"], row["host"], row["time"], row["within"]) for row in sites] == [
        ("1", "example.org", "example.org", WHEN, app), ("2", "Example.NET", "example.net", None, app),
        ("3", "example.com", "example.com", None, app),
    ]  # fmt: skip
    assert sites[0]["time_raw"] == repr(UNIX) and "1970" in sites[0]["time_unit"] and float(sites[1]["time_raw"]) == -1
    assert sites[0]["table"] == "ObservedDomains"
    rows = read.rows("webkit_redirections")
    kept = [(row["table"], row["row"], row["origin_host"], row["destination_host"], row["time"]) for row in rows]
    assert kept == [
        ("TopFrameUniqueRedirectsTo", "1", "example.org", "example.net", None),
        ("TopFrameUniqueRedirectsFrom", "1", "example.com", "example.org", None),
        ("TopFrameLinkDecorationsFrom", "1", "example.org", "example.net", WHEN),
        ("SubresourceUniqueRedirectsTo", "1", "example.com", None, None),
        ("SubresourceUnderTopFrameDomains", "1", "example.org", "example.com", WHEN),
    ]
    tables = {row["table"] for row in rows}
    assert len(rows) == sum(query(data, f"SELECT count(*) FROM {table}")[0][0] for table in tables)


def test_the_list_of_older_systems(phone):
    sites = [
        {"PrevalentResourceOrigin": "example.org", "lastSeen": UNIX,
         "topFrameUniqueRedirectsTo": [{"origin": "example.net", "count": 1}],
         "subframeUnderTopFrameOrigins": [{"origin": "example.com", "count": 3}]},
        {"PrevalentResourceDomain": "example.edu", "lastSeen": -1.0,
         "topFrameUniqueRedirectsFrom": [{"domain": "example.org"}, "no pair", {"count": 1}]},
        {"lastSeen": 1.0}, "no site",
    ]  # fmt: skip
    path = f"{SAFARI}/full_browsing_session_resourceLog.plist"
    data = plistlib.dumps({"version": 12, "browsingStatistics": sites}, fmt=plistlib.FMT_BINARY)
    read = phone({path: data}, version="12.4")
    assert [(row["row"], row["host"], row["time"]) for row in read.rows("webkit_sites")] == [
        ("1", "example.org", WHEN),
        ("2", "example.edu", None),
    ]
    rows = read.rows("webkit_redirections")
    assert [(row["row"], row["origin"], row["destination_host"], row["kind"]) for row in rows] == [
        ("1", "example.org", "example.net", "redirect of a page"),
        ("1", "example.com", "example.org", "frame of a page"),
        ("2", "example.org", "example.edu", "redirect of a page"),
    ]
    assert (
        rows[0]["time"] == WHEN and rows[0]["time_raw"] == repr(UNIX) and read.coverage("webkit_sites")["refused"] == 2
    )
    for broken in (data[:50], b"", plistlib.dumps(["x"]), plistlib.dumps({"browsingStatistics": 1})):
        for name in ("webkit_sites", "webkit_redirections"):
            coverage = phone({path: broken}).coverage(name)
            assert coverage["state"] == "unreadable" and coverage["reason"]


def test_damaged_statistics_are_a_gap(phone, database, damaged):
    path = f"{SAFARI}/observations.db"
    broken = phone({path: damaged(observations(database))})
    for name in ("webkit_sites", "webkit_redirections"):
        assert broken.coverage(name)["state"] == "unreadable" and "damaged" in broken.coverage(name)["reason"]
    few = database(DOMAINS, ObservedDomains=[{"domainID": 1, "registrableDomain": "example.org", "lastSeen": UNIX}])
    read = phone({path: few})
    assert read.coverage("webkit_sites")["state"] == "read"
    assert "none of WebKit's tables" in read.coverage("webkit_redirections")["reason"]
