"""Chrome and Firefox on iOS: their own units of time, their own marks of redirects, and the icons of pages."""

from datetime import UTC, datetime

import pytest

WHEN = datetime(2023, 1, 2, 3, 4, 5, 123_456, tzinfo=UTC)
MICROSECONDS = (WHEN - datetime(1970, 1, 1, tzinfo=UTC)) // (datetime.resolution)
WINDOWS = MICROSECONDS + 11_644_473_600 * 10**6
SERVER, CLIENT, TYPED = 0x80000000, 0x40000000, 0x10000001

CHROME = """
CREATE TABLE urls (id INTEGER PRIMARY KEY AUTOINCREMENT, url LONGVARCHAR, title LONGVARCHAR,
  visit_count INTEGER DEFAULT 0 NOT NULL, typed_count INTEGER DEFAULT 0 NOT NULL, last_visit_time INTEGER,
  hidden INTEGER DEFAULT 0 NOT NULL);
CREATE TABLE visits (id INTEGER PRIMARY KEY AUTOINCREMENT, url INTEGER NOT NULL, visit_time INTEGER NOT NULL,
  from_visit INTEGER, transition INTEGER DEFAULT 0 NOT NULL, segment_id INTEGER, visit_duration INTEGER DEFAULT 0);
"""
OLD_CHROME = """
CREATE TABLE urls (id INTEGER PRIMARY KEY, url LONGVARCHAR);
CREATE TABLE visits (id INTEGER PRIMARY KEY, url INTEGER NOT NULL, visit_time INTEGER NOT NULL);
"""
CHROME_ICONS = """
CREATE TABLE favicons (id INTEGER PRIMARY KEY, url LONGVARCHAR NOT NULL, icon_type INTEGER DEFAULT 1);
CREATE TABLE icon_mapping (id INTEGER PRIMARY KEY, page_url LONGVARCHAR NOT NULL, icon_id INTEGER);
CREATE TABLE favicon_bitmaps (id INTEGER PRIMARY KEY, icon_id INTEGER NOT NULL, last_updated INTEGER DEFAULT 0,
  image_data BLOB, width INTEGER DEFAULT 0, height INTEGER DEFAULT 0, last_requested INTEGER DEFAULT 0);
"""
FIREFOX = """
CREATE TABLE history (id INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT NOT NULL UNIQUE, url TEXT UNIQUE,
  title TEXT NOT NULL, server_modified INTEGER, local_modified INTEGER, is_deleted TINYINT NOT NULL DEFAULT 0,
  should_upload TINYINT NOT NULL DEFAULT 0, domain_id INTEGER);
CREATE TABLE visits (id INTEGER PRIMARY KEY AUTOINCREMENT, siteID INTEGER NOT NULL, date REAL NOT NULL,
  type INTEGER NOT NULL DEFAULT 1, is_local TINYINT NOT NULL DEFAULT 1, UNIQUE (siteID, date, type));
CREATE TABLE favicons (id INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL UNIQUE, width INTEGER, height INTEGER,
  type INTEGER NOT NULL DEFAULT 0, date REAL NOT NULL);
CREATE TABLE favicon_sites (id INTEGER PRIMARY KEY AUTOINCREMENT, siteID INTEGER NOT NULL, faviconID INTEGER NOT NULL);
CREATE TABLE favicon_site_urls (id INTEGER PRIMARY KEY AUTOINCREMENT, site_url TEXT NOT NULL, faviconID INTEGER);
"""
PLACES = """
CREATE TABLE moz_places (id INTEGER PRIMARY KEY, url LONGVARCHAR NOT NULL, title LONGVARCHAR, guid TEXT);
CREATE TABLE moz_historyvisits (id INTEGER PRIMARY KEY, is_local INTEGER NOT NULL DEFAULT 1, from_visit INTEGER,
  place_id INTEGER NOT NULL, visit_date INTEGER NOT NULL, visit_type INTEGER NOT NULL);
"""
CHROME_FOLDER = "AppDomain-com.google.chrome.ios/Library/Application Support/Google/Chrome"
FIREFOX_FOLDER = "AppDomainGroup-group.org.mozilla.ios.Firefox/profile.profile"


def chrome(database):
    pages = [{"id": 5, "url": "http://a.example.org/", "title": "A"}, {"id": 6, "url": "https://b.example.org/"}]
    visits = [(1, 5, WINDOWS, 0, TYPED), (2, 6, WINDOWS + 100, 1, SERVER), (3, 5, WINDOWS + 200, 2, TYPED),
              (4, 6, WINDOWS + 300, 3, CLIENT - 2**32), (5, 77, 0, 0, SERVER)]  # fmt: skip
    names = ("id", "url", "visit_time", "from_visit", "transition")
    return database(CHROME, urls=pages, visits=[dict(zip(names, visit, strict=True)) for visit in visits])


def test_visits_of_chrome_with_microseconds_since_1601_and_redirects(phone, database, query, damaged):
    data = chrome(database)
    read = phone({f"{CHROME_FOLDER}/Default/History": data, f"{CHROME_FOLDER}/Profile 2/History": data})
    rows = read.rows("chrome_history")
    assert len(rows) == 2 * query(data, "SELECT count(*) FROM visits")[0][0]
    rows = [row for row in rows if row["profile"] == ""]
    assert [(row["row"], row["host"], row["redirect_source"], row["redirect_destination"]) for row in rows] == [
        ("1", "a.example.org", None, "2"), ("2", "b.example.org", "1", None), ("3", "a.example.org", None, "4"),
        ("4", "b.example.org", "3", None), ("5", None, None, None),
    ]  # fmt: skip
    assert rows[0]["time"] == WHEN and rows[0]["time_raw"] == str(WINDOWS) and "1601-01-01" in rows[0]["time_unit"]
    assert rows[4]["time"] is None and rows[0]["browser"] == "Chrome" and rows[0]["title"] == "A"
    assert {row["profile"] for row in read.rows("chrome_history")} == {"", "Profile 2"}
    broken = phone({f"{CHROME_FOLDER}/Default/History": damaged(data)}).coverage("chrome_history")
    assert broken["state"] == "unreadable" and "damaged" in broken["reason"]


def test_what_is_no_redirect_of_chrome_has_no_origin(phone, database, query):
    schema = "CREATE TABLE urls (id INTEGER PRIMARY KEY, url TEXT); "
    schema += "CREATE TABLE visits (id INTEGER PRIMARY KEY, url INTEGER, visit_time INTEGER, from_visit INTEGER, "
    schema += "transition INTEGER);"
    kinds = (None, 0, TYPED, SERVER, CLIENT, CLIENT - 2**32, 2**32)
    both = [{"from_visit": origin, "transition": kind} for origin in (None, 0, 3) for kind in kinds]
    data = database(schema, visits=[{"visit_time": 1, **one} for one in both])
    told = query(data, "SELECT iif((transition & 0xC0000000) <> 0 AND from_visit <> 0, from_visit, NULL) FROM visits")
    rows = phone({f"{CHROME_FOLDER}/Default/History": data}).rows("chrome_history")
    assert [row["redirect_source"] for row in rows] == [origin and str(origin) for (origin,) in told]
    assert [origin for (origin,) in told].count(3) == 3


def test_visits_of_an_old_chrome_in_a_file_system(phone, database):
    data = database(OLD_CHROME, urls=[{"id": 1, "url": "https://example.org/"}],
                    visits=[{"id": 9, "url": 1, "visit_time": WINDOWS}])  # fmt: skip
    folder = "private/var/mobile/Containers/Data/Application/0A/Library/Application Support/Google/Chrome/Default"
    rows = phone({f"{folder}/History": data, "private/var/mobile/x": b"x"}, "ios file system").rows("chrome_history")
    assert [(row["row"], row["url"], row["title"], row["time"]) for row in rows] == [
        ("9", "https://example.org/", None, WHEN)
    ]


def test_visits_of_chrome_that_another_device_made(phone, database):
    newer = CHROME.replace("segment_id INTEGER,", "segment_id INTEGER, originator_cache_guid TEXT,")
    newer += "CREATE TABLE visit_source (id INTEGER PRIMARY KEY, source INTEGER NOT NULL);"
    visits = [{"id": number, "url": 1, "visit_time": WINDOWS, "originator_cache_guid": mark}
              for number, mark in ((1, ""), (2, "other"), (3, ""), (4, None))]  # fmt: skip
    sources = [{"id": 3, "source": 0}, {"id": 4, "source": 1}]
    data = database(newer, urls=[{"id": 1, "url": "https://example.org/"}], visits=visits, visit_source=sources)
    rows = phone({f"{CHROME_FOLDER}/Default/History": data}).rows("chrome_history")
    assert [row["synced"] for row in rows] == [False, True, True, False]
    rows = phone({f"{CHROME_FOLDER}/Default/History": chrome(database)}).rows("chrome_history")
    assert {row["synced"] for row in rows} == {None}


def test_icons_of_chrome_with_the_time_of_their_pictures(phone, database, query, damaged):
    data = database(
        CHROME_ICONS,
        favicons=[{"id": 4, "url": "https://cdn.example.org/i.png"}],
        icon_mapping=[{"id": 1, "page_url": "https://example.org/x", "icon_id": 4},
                      {"id": 2, "page_url": "https://example.net/", "icon_id": 99}],
        favicon_bitmaps=[{"id": 1, "icon_id": 4, "last_updated": 0}, {"id": 2, "icon_id": 4, "last_updated": WINDOWS}],
    )  # fmt: skip
    rows = phone({f"{CHROME_FOLDER}/Default/Favicons": data}).rows("chrome_icons")
    assert [(row["table"], row["row"], row["url"], row["within"], row["time"]) for row in rows] == [
        ("icon_mapping", "1", "https://example.org/x", "https://cdn.example.org/i.png", WHEN),
        ("icon_mapping", "2", "https://example.net/", None, None),
        ("favicons", "4", "https://cdn.example.org/i.png", None, WHEN),
    ]
    assert len(rows) == sum(
        query(data, f"SELECT count(*) FROM {table}")[0][0] for table in ("icon_mapping", "favicons")
    )
    broken = phone({f"{CHROME_FOLDER}/Default/Favicons": damaged(data)}).coverage("chrome_icons")
    assert broken["state"] == "unreadable" and "damaged" in broken["reason"]


def firefox(database):
    return database(
        FIREFOX,
        history=[{"id": 3, "guid": "g3", "url": "https://example.org/", "title": "T"}],
        visits=[
            {"id": 8, "siteID": 3, "date": float(MICROSECONDS)},
            {"id": 9, "siteID": 4, "date": 0.0, "is_local": 0},
        ],
        favicons=[{"id": 2, "url": "https://example.org/i.ico", "date": MICROSECONDS / 1e6}],
        favicon_sites=[{"id": 5, "siteID": 3, "faviconID": 2}],
        favicon_site_urls=[{"id": 6, "site_url": "https://example.net/page", "faviconID": 2}],
    )


@pytest.mark.parametrize(
    "path",
    [f"{FIREFOX_FOLDER}/browser.db", "AppDomain-org.mozilla.ios.Firefox/Documents/profile.profile/browser.db"],
)
def test_visits_and_icons_of_firefox(phone, database, query, damaged, path):
    data = firefox(database)
    read = phone({path: data})
    rows = read.rows("firefox_history")
    assert [(row["row"], row["url"], row["time"], row["profile"]) for row in rows] == [
        ("8", "https://example.org/", WHEN, ""),
        ("9", None, None, ""),
    ]
    assert [row["synced"] for row in rows] == [False, True]
    assert rows[0]["time_raw"] == str(MICROSECONDS) and "microseconds since 1970" in rows[0]["time_unit"]
    assert len(rows) == query(data, "SELECT count(*) FROM visits")[0][0]
    icons = read.rows("firefox_icons")
    assert [(row["table"], row["row"], row["url"], row["within"]) for row in icons] == [
        ("favicons", "2", "https://example.org/i.ico", None),
        ("favicon_sites", "5", "https://example.org/", "https://example.org/i.ico"),
        ("favicon_site_urls", "6", "https://example.net/page", "https://example.org/i.ico"),
    ]
    assert all(abs(row["time"] - WHEN).total_seconds() < 1e-5 for row in icons) and "seconds" in icons[0]["time_unit"]
    broken = phone({path: damaged(data)})
    assert {broken.coverage(name)["state"] for name in ("firefox_history", "firefox_icons")} == {"unreadable"}


def test_what_is_no_redirect_of_firefox_has_no_origin(phone, database, query):
    schema = PLACES.replace("visit_type INTEGER NOT NULL", "visit_type INTEGER")
    both = [(origin, kind) for origin in (None, 0, 3) for kind in (None, 0, 1, 5, 6)]
    visits = [{"place_id": 1, "visit_date": 1, "from_visit": origin, "visit_type": kind} for origin, kind in both]
    data = database(schema, moz_historyvisits=visits)
    told = query(data, "SELECT iif(visit_type IN (5, 6) AND from_visit <> 0, from_visit, NULL) FROM moz_historyvisits")
    rows = phone({f"{FIREFOX_FOLDER}/places.db": data}).rows("firefox_places")
    assert [row["redirect_source"] for row in rows] == [origin and str(origin) for (origin,) in told]
    assert [origin for (origin,) in told].count(3) == 2


def test_newer_firefox_keeps_its_visits_in_places(phone, database, query):
    millis = MICROSECONDS // 1000
    data = database(
        PLACES,
        moz_places=[{"id": 1, "url": "http://example.org/"}, {"id": 2, "url": "https://example.net/"}],
        moz_historyvisits=[{"id": 1, "place_id": 1, "visit_date": millis, "visit_type": 1, "from_visit": 0},
                           {"id": 2, "place_id": 2, "visit_date": millis, "visit_type": 6, "from_visit": 1}],
    )  # fmt: skip
    tabs = database("CREATE TABLE tabs (id INTEGER PRIMARY KEY, url TEXT)")
    read = phone({f"{FIREFOX_FOLDER}/places.db": data, f"{FIREFOX_FOLDER}/browser.db": tabs})
    rows = read.rows("firefox_places")
    assert [(row["row"], row["host"], row["redirect_source"]) for row in rows] == [
        ("1", "example.org", None),
        ("2", "example.net", "1"),
    ]
    assert rows[0]["time"] == WHEN.replace(microsecond=123_000) and rows[0]["time_raw"] == str(millis)
    assert (
        read.coverage("firefox_history")["state"] == "read"
        and "places.db" in read.accounts("firefox_history")[0].notes[0]
    )
    alone = phone({f"{FIREFOX_FOLDER}/browser.db": tabs})
    assert alone.coverage("firefox_history")["state"] == "unreadable"
    assert len(rows) == query(data, "SELECT count(*) FROM moz_historyvisits")[0][0]
