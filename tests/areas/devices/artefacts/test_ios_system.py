"""What an iPhone's system keeps: apps, preferences, shutdowns, analytics."""

import plistlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from answerable.areas.devices.extraction.parts import FAULT

WHEN = datetime(2022, 3, 4, 5, 6, 7, tzinfo=UTC)
UNIX = int(WHEN.timestamp())
ROOT = {"private/var/mobile/x": b"x"}
BUNDLE = "private/var/containers/Bundle/Application/0A1B/Example.app"
STORE = {
    "softwareVersionBundleId": "org.example.app", "itemName": "Example", "bundleShortVersionString": "1.2",
    "sourceApp": "com.apple.AppStore", "enterpriseInstallURL": "https://example.org/m.plist",
    "com.apple.iTunesStore.downloadInfo": {
        "accountInfo": {"AppleID": "owner@example.org"}, "purchaseDate": "2022-03-04T05:06:07Z",
    },
}  # fmt: skip


def archive(**fields):
    """A property list as NSKeyedArchiver writes one object."""
    objects = ["$null", {"$class": plistlib.UID(2)}, {"$classname": "MIBundleMetadata", "$classes": ["NSObject"]}]
    for name, value in fields.items():
        objects[1][name] = plistlib.UID(len(objects))
        objects.append(value)
    top = {"root": plistlib.UID(1)}
    held = {"$archiver": "NSKeyedArchiver", "$version": 100000, "$top": top, "$objects": objects}
    return plistlib.dumps(held, fmt=plistlib.FMT_BINARY)


def backup(phone, info, manifest):
    """The folder of a backup with these particulars of its own."""
    root = phone({}).phones.path
    (root / "Info.plist").write_bytes(plistlib.dumps({"Product Version": "16.5"} | info))
    (root / "Manifest.plist").write_bytes(plistlib.dumps({"IsEncrypted": False} | manifest))
    return root


def test_apps_that_a_backup_lists(phone, read_again):
    info = {
        "Installed Applications": ["org.example.app", "org.example.bare", 7],
        "Applications": {
            "org.example.app": {"iTunesMetadata": plistlib.dumps(STORE)},
            "org.example.gone": {"iTunesMetadata": b"bplist00 broken"},
            "org.example.odd": "text",
        },
    }
    manifest = {"Applications": {"org.example.app": {"CFBundleVersion": "12", "Path": "/var/containers/x.app"}}}
    read = read_again(backup(phone, info, manifest))
    rows = {(row["artefact"], row["row"]): row for row in read.rows("backup_apps")}
    assert {row for file, row in rows if file == "Info.plist"} == {
        "org.example.app", "org.example.bare", "7", "org.example.gone", "org.example.odd"
    }  # fmt: skip
    app = rows["Info.plist", "org.example.app"]
    assert (app["app"], app["name"], app["version"], app["installer"], app["time"], app["origin"]) == (
        "org.example.app", "Example", "1.2", "com.apple.AppStore", WHEN, "https://example.org/m.plist",
    )  # fmt: skip
    assert app["table"] == "Applications" and app["time_raw"] == "2022-03-04T05:06:07Z"
    assert rows["Info.plist", "org.example.bare"]["installer"] is None
    other = rows["Manifest.plist", "org.example.app"]
    assert (other["version"], other["path"]) == ("12", "/var/containers/x.app")
    assert not any("owner@" in str(row.values()) for row in rows.values())
    coverage = read.coverage("backup_apps")
    assert coverage["refused"] == 1 and coverage["expected"] and coverage["state"] == "read"


def test_apps_that_lie_on_a_phone(phone):
    info = {"CFBundleIdentifier": "org.example.app", "CFBundleName": "Example", "CFBundleVersion": "7"}
    files = ROOT | {
        f"{BUNDLE}/Info.plist": plistlib.dumps(info),
        f"{BUNDLE}/PlugIns/Inner.appex/Info.plist": plistlib.dumps(info),
        f"{BUNDLE.rpartition('/')[0]}/iTunesMetadata.plist": plistlib.dumps(STORE),
        f"{BUNDLE.rpartition('/')[0]}/BundleMetadata.plist": archive(installDate=WHEN.replace(tzinfo=None)),
        "private/var/containers/Bundle/Application/2C/Side.app/Info.plist": plistlib.dumps({"CFBundleName": 5}),
        "private/var/containers/Bundle/Application/2C/BundleMetadata.plist": b"broken",
        "private/var/containers/Bundle/Application/3D/Bad.app/Info.plist": b"broken",
        "Applications/Maps.app/Info.plist": plistlib.dumps({"CFBundleIdentifier": "com.apple.Maps"}),
    }
    read = phone(files, "ios file system")
    names = ("app", "name", "version", "installer", "installed", "path", "system")
    assert [tuple(row[name] for name in names) for row in read.rows("installed_apps")] == [
        ("com.apple.Maps", None, None, None, None, "/Applications/Maps.app", True),
        ("org.example.app", "Example", "7", "com.apple.AppStore", WHEN, f"/{BUNDLE}", False),
        (None, "5", None, None, None, "/private/var/containers/Bundle/Application/2C/Side.app", False),
    ]
    coverage = read.coverage("installed_apps")
    assert coverage["state"] == "partly read" and "Bad.app" in coverage["reason"] and coverage["refused"] == 1


def test_preferences_with_lockdown_mode(phone):
    held = plistlib.dumps({"LDMGlobalEnabled": True, "AppleLanguages": ["en", "ar"], "AppleLocale": "en_GB"})
    files = {
        "HomeDomain/Library/Preferences/.GlobalPreferences.plist": held,
        "HomeDomain/Library/Preferences/com.apple.purplebuddy.plist": plistlib.dumps({"SetupDone": True}),
    }
    read = phone(files)
    rows = [(row["row"], row["namespace"], row["key"], row["value"]) for row in read.rows("global_preferences")]
    assert ("LDMGlobalEnabled", "True") in {row[2:] for row in rows}
    assert [row[0] for row in rows] == ["1", "2", "3", "4"] and {row[1] for row in rows} == {".GlobalPreferences"}
    assert read.rows("preferences")[0]["namespace"] == "com.apple.purplebuddy"
    assert read.coverage("global_preferences")["expected"] and not read.coverage("preferences")["expected"]
    dump = phone(ROOT | {"private/var/mobile/Library/Preferences/.GlobalPreferences.plist": held}, "ios file system")
    assert len(dump.rows("global_preferences")) == 4


def test_the_version_of_the_system(phone):
    held = plistlib.dumps({"ProductVersion": "17.1", "ProductBuildVersion": "21B80"})
    path = "System/Library/CoreServices/SystemVersion.plist"
    read = phone(ROOT | {path: held}, "ios file system")
    assert {row["key"]: row["value"] for row in read.rows("system_version")}["ProductVersion"] == "17.1"
    read = phone({"sysdiagnose.log": b"", "logs/SystemVersion/SystemVersion.plist": held}, "sysdiagnose")
    assert len(read.rows("system_version")) == 2 and read.coverage("system_version")["expected"]


STAGING = "/private/var/db/com.apple.xpc.roleaccountd.staging/bh"
UUID = "1024C867-0265-374A-AF6A-98390BD24D5D"
LOG = f"""After 1.26s, these clients are still here:
\t\tremaining client pid: 160 (/usr/libexec/locationd)
\t\tremaining client pid: 999 ({STAGING})
After 2.52s, these clients are still here:
\t\tremaining client pid: 999 ({STAGING})
After 3.78s, these clients are still here:
\t\tremaining client pid: 999 ({STAGING})
SIGTERM: [{UNIX}] All buffers flushed
After 0.5s, these clients are still here:
\t\tremaining client pid: 160 (/usr/libexec/name (with) brackets)
SIGTERM: [{UNIX + 60}] All buffers flushed
After 1s, these clients are still here:
\t\tremaining client pid: 5 (/sbin/mount_{UUID})
"""
DUMP = "private/var/db/diagnostics"
ARCHIVE = "system_logs.logarchive/Extra"


@pytest.mark.parametrize(("folder", "kind"), [(DUMP, "ios file system"), (ARCHIVE, "sysdiagnose")])
def test_clients_that_shutdowns_waited_for(phone, folder, kind):
    beside = ROOT if kind == "ios file system" else {"sysdiagnose.log": b""}
    read = phone(beside | {f"{folder}/shutdown.log": LOG.encode()}, kind)
    names = ("row", "process", "path", "number", "delay", "shutdown", "rounds", "time", "time_raw")
    later = WHEN + timedelta(seconds=60)
    assert [tuple(row[name] for name in names) for row in read.rows("shutdown_log")] == [
        ("2", "locationd", "/usr/libexec/locationd", 160, 1.26, 1, 1, WHEN, str(UNIX)),
        ("3", "bh", STAGING, 999, 3.78, 1, 3, WHEN, str(UNIX)),
        ("10", "name (with) brackets", "/usr/libexec/name (with) brackets", 160, 0.5, 2, 1, later, str(UNIX + 60)),
        ("13", f"mount_{UUID}", f"/sbin/mount_{UUID}", 5, 1.0, 3, 1, None, None),
    ]
    assert read.coverage("shutdown_log")["state"] == "read" and read.coverage("shutdown_log")["expected"]


def test_the_logs_of_ios_26_rotated_and_with_a_uuid_after_each_path(phone):
    newer = f"""SIGTERM: [{UNIX}] (shutdown)
After 2s, these clients are still here:
\t\tremaining client pid: 77 ({STAGING}/{UUID})
\t\tremaining client pid: 1 (/kernel/{UUID})
After 3s, these clients are still here:
\t\tremaining client pid: 77 ({STAGING}/{UUID})
SIGTERM: [{UNIX + 60}] All buffers flushed
"""
    named = f"\t\tremaining client pid: 8 (/private/var/tmp/{UUID})\n\t\tremaining client pid: 9 (/usr/libexec/x)\n"
    files = {f"{ARCHIVE}/shutdown.0.log": newer.encode(), f"{ARCHIVE}/shutdown.1.log": named.encode()}
    read = phone({"sysdiagnose.log": b""} | files, "sysdiagnose")
    rows = read.rows("shutdown_log")
    assert [(row["process"], row["path"], row["rounds"], row["shutdown"]) for row in rows] == [
        ("bh", STAGING, 2, 2), ("kernel", "/kernel", 1, 2),
        (UUID, f"/private/var/tmp/{UUID}", 1, 1), ("x", "/usr/libexec/x", 1, 1),
    ]  # fmt: skip
    assert read.coverage("shutdown_log")["files"] == 2 and rows[0]["artefact"].endswith("shutdown.0.log")


def test_what_is_no_shutdown_log_is_a_gap_and_odd_lines_are_refused(phone):
    path = f"{ARCHIVE}/shutdown.log"
    gap = phone({"sysdiagnose.log": b"", path: b"\xff\xfe\x00 text \n other"}, "sysdiagnose").coverage("shutdown_log")
    assert gap["state"] == "unreadable" and "shutdown" in gap["reason"]
    empty = phone({"sysdiagnose.log": b"", path: b"\n"}, "sysdiagnose").coverage("shutdown_log")
    assert empty["state"] == "read" and empty["rows"] == 0
    odd = f"{LOG}\t\tremaining client pid: x (y)\nSIGTERM: [{'9' * 40}]\nSIGTERM: [99999999999]\n"
    read = phone({"sysdiagnose.log": b"", path: odd.encode()}, "sysdiagnose")
    assert read.coverage("shutdown_log")["refused"] == 2 and len(read.rows("shutdown_log")) == 4


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from([*LOG.split("\n"), "SIGTERM: [", "After s", "\x00\u2028", "x" * 9_999]) | st.text()))
def test_any_lines_are_read_or_said_to_be_unreadable(phone, lines):
    data = "\n".join(lines).encode("utf-8", "replace")
    coverage = phone({"sysdiagnose.log": b"", f"{ARCHIVE}/shutdown.log": data}, "sysdiagnose").coverage("shutdown_log")
    assert coverage["state"] in ("read", "unreadable") and FAULT not in coverage["reason"]


ANALYTICS = """
CREATE TABLE hard_failures (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp REAL, data BLOB);
CREATE TABLE soft_failures (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp REAL, data BLOB);
CREATE TABLE all_events (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp REAL, data BLOB);
CREATE TABLE samples (id INTEGER PRIMARY KEY AUTOINCREMENT, timestamp REAL, name STRING, value REAL);
CREATE TABLE success_count (event_type STRING PRIMARY KEY, success_count INTEGER);
"""


def test_events_and_samples_of_analytics(phone, database, damaged):
    told = {
        "eventType": "LookUp", "build": "20F66", "process": "bh", "errorChain": [{"url": "https://Example.org/x"}],
        "path": "/usr/libexec/somed", "server": "cdn.example.org",
    }  # fmt: skip
    data = database(
        ANALYTICS,
        hard_failures=[{"id": 5, "timestamp": float(UNIX), "data": plistlib.dumps(told, sort_keys=False)},
                       {"id": 6, "timestamp": 1.0, "data": b"broken"}, {"id": 7, "timestamp": None, "data": None}],
        all_events=[{"id": 1, "timestamp": "text", "data": plistlib.dumps(5)}],
        samples=[{"id": 9, "timestamp": float(UNIX), "name": "count", "value": 1.5}],
    )  # fmt: skip
    path = "private/var/Keychains/Analytics/ckks_analytics.db"
    read = phone(ROOT | {path: data}, "ios file system")
    rows = read.rows("analytics")
    assert [(row["table"], row["row"], row["name"], row["value"], row["process"], row["host"]) for row in rows] == [
        ("hard_failures", "5", "eventType", "LookUp", None, None),
        ("hard_failures", "5", "build", "20F66", None, None),
        ("hard_failures", "5", "process", "bh", "bh", None),
        ("hard_failures", "5", "errorChain.0.url", "https://Example.org/x", None, "example.org"),
        ("hard_failures", "5", "path", "/usr/libexec/somed", "somed", None),
        ("hard_failures", "5", "server", "cdn.example.org", None, "cdn.example.org"),
        ("all_events", "1", "", "5", None, None),
        ("samples", "9", "count", "1.5", None, None),
    ]
    assert rows[0]["time"] == rows[-1]["time"] == WHEN and rows[-2]["time"] is None
    assert read.coverage("analytics")["refused"] == 2 and read.coverage("analytics")["expected"]
    broken = phone(ROOT | {path: damaged(data)}, "ios file system").coverage("analytics")
    assert broken["state"] == "unreadable"
    other = phone(ROOT | {path: database("CREATE TABLE t (a);")}, "ios file system").coverage("analytics")
    assert other["state"] == "unreadable" and "hard_failures" in other["reason"]


def test_what_lies_beside_an_app_is_read_again_once_it_has_changed(phone, tmp_path):
    from answerable.areas.devices.extraction.phone import read_phones
    from answerable.core.engine import open_engine

    above = BUNDLE.rpartition("/")[0]
    files = {f"{BUNDLE}/Info.plist": plistlib.dumps({}), f"{above}/iTunesMetadata.plist": plistlib.dumps(STORE)}
    read = phone(ROOT | files, "ios file system")
    root, installers = read.phones.path, []
    for store in (STORE, STORE | {"sourceApp": "org.example.other"}):
        (root / above / "iTunesMetadata.plist").write_bytes(plistlib.dumps(store))
        engine = open_engine("duckdb")
        engine.folder = tmp_path / "kept"
        again = type(read)(read_phones(engine, root))
        installers.append(again.rows("installed_apps")[0]["installer"])
        engine.close()
    assert installers == ["com.apple.AppStore", "org.example.other"]
