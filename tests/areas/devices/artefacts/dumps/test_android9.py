"""A report of Android 9: the forms that have changed since, read as well."""

from datetime import UTC, datetime

import pytest


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.fixture
def read(report, android9):
    return report(android9.text)


def test_what_this_version_does_not_have_is_a_gap_that_says_so(read):
    for name, version in (("dumpsys_adb", "10"), ("dumpsys_platform_compat", "11")):
        coverage = read.coverage(name)
        assert coverage["state"] == "unreadable" and not coverage["expected"]
        assert f"which Android has since version {version}" in coverage["reason"]
    assert all(read.coverage(one.artefact.name)["state"] != "partly read" for one in read.phones.reads)


def test_accessibility_services_that_are_on_by_their_labels(read, told, android9):
    assert told(read, "dumpsys_accessibility") == [
        {
            "row": android9.line("services:{Service"), "component": "Helper", "kind": "accessibility service",
            "enabled": True,
        }
    ]  # fmt: skip


def test_operations_told_as_so_long_before_the_dump(read, told):
    rows = told(read, "dumpsys_appops")
    assert [(row["permission"], row["decision"], row["time"], row.get("duration")) for row in rows] == [
        ("READ_CONTACTS", "allow", utc(2019, 6, 30, 11, 17, 41), 0.015),
        ("CAMERA", "ignore", utc(2019, 7, 1, 13, 15, 41), None),
        ("RECORD_AUDIO", "allow", utc(2019, 7, 1, 13, 20, 40), None),
        ("WAKE_LOCK", "allow", utc(2019, 7, 1, 12), None),
        ("WAKE_LOCK", "allow", utc(2019, 7, 1, 11), None),
        ("WAKE_LOCK", "allow", utc(2019, 7, 1, 10), None),
    ]
    assert ["used" in row for row in rows] == [True, False, True, True, True, False]
    assert [row.get("state") for row in rows] == [None, None, "running", "top", "cch", "bg"]
    assert all(row["refused"] == row["time"] for row in (rows[1], rows[5]))
    first = read.rows("dumpsys_appops")[0]
    assert (first["time_raw"], first["time_unit"]) == ("+1d2h3m", "how long before the end of the dump")


def test_battery(read, told, android9):
    rows = told(read, "dumpsys_battery_daily")
    assert [(row["app"], row["event"], row.get("version")) for row in rows] == [
        ("com.example.old", "installed or updated", "7"), ("com.example.gone", "uninstalled", None),
    ]  # fmt: skip
    rows = told(read, "dumpsys_battery_history")
    assert [(row["time"], row.get("app"), row["event"]) for row in rows] == [
        (utc(2019, 7, 1, 1, 0, 1, 22_000), "com.example.old", "kept awake"),
        (utc(2019, 7, 1, 1, 0, 1, 22_000), "com.example.old", "in the foreground"),
        (utc(2019, 7, 2, 3, 0, 0, 5_000), "com.example.old", "in the foreground, end"),
    ]
    # the event names no app, but a user that only one app runs as
    assert rows[0]["detail"] == "+wake_lock=example:tag (the app by its user)" and rows[0]["user"] == "u0a77"
    (account,) = read.accounts("dumpsys_battery_history")
    broken = int(android9.line("broken (2"))
    assert account.refused == {"entries of the battery's history that cannot be read": (1, [broken])}


def test_packages_and_permissions(read, told, android9):
    assert told(read, "dumpsys_packages") == [
        {
            "row": android9.line("Package [com.example.old]"), "app": "com.example.old", "version": "0.7 (7)",
            "installer": "com.android.vending", "path": "/data/app/com.example.old-1", "system": False,
            "third_party": True, "disabled": True, "users": "0", "runs_as": "10077", "installed": utc(2019, 1, 15, 14),
            "updated": utc(2019, 6, 30, 12), "time": utc(2019, 6, 30, 12),
        }
    ]  # fmt: skip
    assert told(read, "dumpsys_permissions") == [
        {
            "row": android9.line("android.permission.READ_CONTACTS: granted"), "app": "com.example.old",
            "permission": "android.permission.READ_CONTACTS", "decision": "allowed", "by": "a policy", "user": "0",
        }
    ]  # fmt: skip


def test_the_rest(read, told):
    assert [(row["point"], row["type"], row["options"]) for row in told(read, "bugreport_mounts")] == [
        ("/", "rootfs", "ro,seclabel,size=1817872k"),
        ("/system", "ext4", "ro,seclabel,relatime"),
        ("/storage/my card", "sdcardfs", "rw,nosuid"),
    ]
    assert [row["process"] for row in told(read, "bugreport_processes")] == ["init", "com.example.old"]
    assert [row["path"] for row in told(read, "dumpsys_databases")] == ["/data/user/0/com.example.old/databases/old.db"]
    assert told(read, "dumpsys_databases")[0]["time"] == utc(2019, 7, 1, 13, 0, 0, 1_000)
    assert [row["action"] for row in told(read, "dumpsys_device_policy")] == ["wipe-data"]
    assert [row["action"] for row in told(read, "dumpsys_receivers")] == ["android.intent.action.NEW_OUTGOING_CALL"]
    assert [row["value"] for row in told(read, "dumpsys_settings")] == ["0"]
    for name in ("bugreport_mounts", "bugreport_processes", "bugreport_properties"):
        assert sum(count for count, _ in read.accounts(name)[0].refused.values()) == 1
