"""The log of power: its own clock is corrected by the offsets that it notes."""

import gzip
from datetime import UTC, datetime

WHEN = datetime(2022, 3, 4, 5, 6, 7, tzinfo=UTC)
UNIX = WHEN.timestamp()
SCHEMA = """
CREATE TABLE PLProcessMonitorAgent_EventForward_ProcessID (ID INTEGER PRIMARY KEY, timestamp REAL, PID INTEGER,
  ProcessName TEXT, BundleID TEXT);
CREATE TABLE PLProcessNetworkAgent_EventInterval_UsageDiff (ID INTEGER PRIMARY KEY, timestamp REAL, timestampEnd REAL,
  BundleName TEXT, ProcessName TEXT, WifiIn INTEGER, WifiOut INTEGER, CellIn INTEGER, CellOut INTEGER);
CREATE TABLE PLApplicationAgent_EventNone_AllApps (ID INTEGER PRIMARY KEY, timestamp REAL, AppName TEXT,
  AppBundleId TEXT, AppBundleVersion TEXT, AppDeletedDate REAL);
CREATE TABLE PLStorageOperator_EventForward_TimeOffset (ID INTEGER PRIMARY KEY, timestamp REAL, system REAL);
"""
RAN, USED, APPS, OFFSETS = (
    "PLProcessMonitorAgent_EventForward_ProcessID", "PLProcessNetworkAgent_EventInterval_UsageDiff",
    "PLApplicationAgent_EventNone_AllApps", "PLStorageOperator_EventForward_TimeOffset",
)  # fmt: skip
PATH = "logs/powerlogs/powerlog_2022-03-04_05-06_0A1B.PLSQL"
ROWS = {
    RAN: [{"ID": 4, "timestamp": UNIX - 100, "PID": 999, "ProcessName": "bh", "BundleID": ""},
          {"ID": 5, "timestamp": UNIX + 400, "PID": 1, "ProcessName": "launchd"}, {"ID": 6}],
    USED: [{"ID": 7, "timestamp": UNIX - 100, "ProcessName": "bh", "WifiIn": 5, "CellOut": 6}],
    APPS: [{"ID": 8, "AppName": "Gone", "AppBundleId": "org.example.gone", "AppBundleVersion": "1",
            "AppDeletedDate": UNIX},
           {"ID": 9, "AppBundleId": "org.example.app", "AppDeletedDate": 0.0}],
}  # fmt: skip
NOTED = {OFFSETS: [{"timestamp": UNIX - 1_000, "system": 100.0}, {"timestamp": UNIX + 300, "system": -400.0}]}


def read(phone, data):
    return phone({"sysdiagnose.log": b"", PATH: data}, "sysdiagnose")


def test_times_are_corrected_by_the_offset_that_was_noted_before(phone, database):
    found = read(phone, database(SCHEMA, **ROWS, **NOTED))
    names = ("row", "process", "number", "time", "time_raw")
    assert [tuple(row[name] for name in names) for row in found.rows("powerlog_processes")] == [
        ("4", "bh", 999, WHEN, f"{UNIX - 100:.0f}"), ("5", "launchd", 1, WHEN, f"{UNIX + 400:.0f}"),
        ("6", None, None, None, None),
    ]  # fmt: skip
    usage = found.rows("powerlog_usages")[0]
    assert (usage["process"], usage["wifi_in"], usage["mobile_out"], usage["time"]) == ("bh", 5.0, 6.0, WHEN)
    removed = found.rows("powerlog_removals")
    assert [(row["row"], row["app"], row["event"], row["before"], row["time"]) for row in removed] == [
        ("8", "org.example.gone", "uninstalled", "1", WHEN)
    ]


def test_without_offsets_no_time_is_told(phone, database, damaged):
    data = database(SCHEMA, **ROWS)
    found = read(phone, data)
    assert [row["time"] for row in found.rows("powerlog_processes")] == [None] * 3
    assert "offset" in found.accounts("powerlog_processes")[0].notes[0]
    broken = read(phone, damaged(data))
    other = read(phone, database("CREATE TABLE t (a);"))
    for name in ("powerlog_processes", "powerlog_usages", "powerlog_removals"):
        assert broken.coverage(name)["state"] == other.coverage(name)["state"] == "unreadable"


def test_older_logs_are_packed(phone, database):
    data = gzip.compress(database(SCHEMA, **ROWS, **NOTED))
    folder = "private/var/containers/Shared/SystemGroup/0A/Library/BatteryLife"
    files = {"private/var/mobile/x": b"", f"{folder}/Archives/powerlog_1.PLSQL.gz": data}
    found = phone(files, "ios file system")
    assert [row["process"] for row in found.rows("powerlog_processes")] == ["bh", "launchd", None]
    cut = phone(files | {f"{folder}/Archives/powerlog_1.PLSQL.gz": data[:300]}, "ios file system")
    assert cut.coverage("powerlog_processes")["state"] == "unreadable"
    assert "unpacked" in cut.coverage("powerlog_processes")["reason"]
    bomb = gzip.compress(bytes(1 << 28))
    blown = phone(files | {f"{folder}/Archives/powerlog_1.PLSQL.gz": bomb}, "ios file system")
    assert "bomb" in blown.coverage("powerlog_usages")["reason"]
