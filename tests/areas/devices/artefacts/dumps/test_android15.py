"""A report of Android 15: the rows of each section, exactly."""

from datetime import UTC, datetime

import pytest


def utc(*parts):
    return datetime(*parts, tzinfo=UTC)


@pytest.fixture
def read(report, android15):
    return report(android15.text)


def test_everything_is_read(read):
    states = {one.artefact.name: one.coverage()["state"] for one in read.phones.reads}
    ours = {name: state for name, state in states.items() if name.startswith(("dumpsys", "bugreport"))}
    # this text has no list of mounts, and no files beside it
    rest = {"bugreport_mounts": "unreadable", "bugreport_tombstones": "absent", "bugreport_hangs": "absent"}
    assert ours == dict.fromkeys(ours, "read") | rest


def test_the_acquisition_knows_when_it_was_made(read):
    (one,) = read.phones.acquisitions
    assert (one.kind, one.version, one.model) == ("bugreport", "15", "Pixel 7a")
    assert one.time == utc(2026, 3, 4, 14, 16, 17)


def test_header(read, told):
    rows = told(read, "bugreport_header")
    assert rows[0] == {
        "row": "2", "time": utc(2026, 3, 4, 14, 16, 17), "namespace": "bugreport", "key": "dumpstate",
        "value": "2026-03-04 15:16:17",
    }  # fmt: skip
    values = {row["key"]: row["value"] for row in rows}
    assert values["Build fingerprint"] == "google/lynx/lynx:15/AP4A.250205.002/12716302:user/release-keys"
    assert values["Bugreport format version"] == "2.0" and len(rows) == 14


def test_properties(read, told, android15):
    rows = told(read, "bugreport_properties")
    assert [(row["name"], row["value"]) for row in rows] == [
        ("persist.sys.timezone", "Europe/Berlin"),
        ("ro.build.fingerprint", "google/lynx/lynx:15/AP4A.250205.002/12716302:user/release-keys"),
        ("ro.build.version.release", "15"),
        ("ro.product.model", "Pixel 7a"),
        ("sys.example.lines", "one\ntwo"),
    ]
    assert rows[0]["row"] == android15.line("[persist.sys.timezone]")


def test_processes_without_their_threads(read, told):
    rows = told(read, "bugreport_processes")
    assert [{k: row[k] for k in row if k != "row"} for row in rows] == [
        {"process": "init", "user": "root", "number": 1, "parent": 0},
        {"process": "adbd", "path": "/apex/com.android.adbd/bin/adbd", "user": "shell", "number": 812, "parent": 1},
        {
            "process": "com.example.notes:remote", "app": "com.example.notes", "user": "u0_a201", "number": 4321,
            "parent": 700,
        },
    ]  # fmt: skip
    (account,) = read.accounts("bugreport_processes")
    assert account.notes == ["1 threads of these processes are not listed."]


def test_accessibility(read, told, android15):
    rows = told(read, "dumpsys_accessibility")
    enabled = android15.line("Enabled services:{{")
    assert rows == [
        {
            "row": enabled, "app": "com.example.helper", "component": "com.example.helper.ReadScreen",
            "kind": "accessibility service", "enabled": True,
        },
        {
            "row": enabled, "app": "com.example.notes", "component": "com.example.notes.Dictation",
            "kind": "accessibility service", "enabled": True, "action": "crashed",
        },
        {
            "row": android15.line("0 : com.example.talk"), "app": "com.example.talk",
            "component": "com.example.talk.TalkService", "kind": "accessibility service", "enabled": False,
        },
        {
            "row": android15.line("1 : com.example.helper"), "app": "com.example.helper",
            "component": "com.example.helper.ReadScreen", "kind": "accessibility service", "enabled": True,
        },
    ]  # fmt: skip
    assert [row["table"] for row in read.rows("dumpsys_accessibility")][1:] == [
        "accessibility: user 0", "accessibility: user 10", "accessibility: user 10",
    ]  # fmt: skip
    (account,) = read.accounts("dumpsys_accessibility")
    assert "counts 3 accessibility services" in account.notes[0] and "names 2" in account.notes[0]


def test_computers_that_may_debug(read, told, key, android15):
    rows = told(read, "dumpsys_adb")
    text, fingerprint = key
    allowed = {"fingerprint": fingerprint, "key": text, "user": "user@computer.example.org"}
    assert rows == [
        {"row": android15.line("user_keys"), "kind": "allowed by the user, connected last", **allowed},
        {
            "row": android15.line("<adbKey"), "kind": "connected before", "time": utc(2026, 3, 3, 16), **allowed,
        },
    ]  # fmt: skip


def test_a_computer_that_connected_last_and_whose_key_is_not_kept(report, android15, key, told):
    text = android15.text.replace(f"user_keys={key[0]}", "user_keys=").replace(f'key="{key[0]}', 'key="')
    assert told(report(text), "dumpsys_adb") == [
        {"row": android15.line("last_key_received"), "fingerprint": key[1], "kind": "connected last"}
    ]


def test_operations(read, told, android15):
    rows = told(read, "dumpsys_appops")
    assert [{k: row[k] for k in row if k != "row"} for row in rows] == [
        {"permission": "LEGACY_STORAGE", "decision": "ignore", "user": "1000"},
        {
            "app": "android", "permission": "WAKE_LOCK", "decision": "allow", "user": "1000", "state": "pers-s",
            "duration": 1.25,
            "time": utc(2026, 3, 4, 14, 16, 10, 500_000), "used": utc(2026, 3, 4, 14, 16, 10, 500_000),
        },
        {
            "app": "android", "permission": "WAKE_LOCK", "decision": "allow", "user": "1000", "state": "pers-s",
            "time": utc(2026, 3, 4, 14), "used": utc(2026, 3, 4, 14),
        },
        {
            "app": "com.example.notes", "permission": "COARSE_LOCATION", "decision": "allow", "user": "u0a201",
            "state": "top-s", "time": utc(2026, 3, 3, 7, 9, 10, 111_000), "used": utc(2026, 3, 3, 7, 9, 10, 111_000),
        },
        {
            "app": "com.example.notes", "permission": "COARSE_LOCATION", "decision": "allow", "user": "u0a201",
            "state": "bg-s", "time": utc(2026, 3, 3, 8), "refused": utc(2026, 3, 3, 8),
        },
        {"app": "com.example.notes", "permission": "RECORD_AUDIO", "decision": "ignore", "user": "u0a201"},
        # an hour before the clocks went forward: Berlin was one hour ahead of UTC
        {
            "app": "com.example.notes", "permission": "CAMERA", "decision": "allow", "user": "u0a201",
            "state": "fgsvc-s", "duration": 123.004, "time": utc(2026, 3, 29, 0, 30), "used": utc(2026, 3, 29, 0, 30),
        },
        {
            "app": "com.example.notes", "permission": "CAMERA", "decision": "allow", "user": "u0a201",
            "state": "running", "time": utc(2026, 3, 4, 14, 16, 21), "used": utc(2026, 3, 4, 14, 16, 21),
        },
    ]  # fmt: skip
    (account,) = read.accounts("dumpsys_appops")
    line = int(android15.line("Access: [fgsvc-s] not a time"))
    assert account.refused == {"uses whose time cannot be read": (1, [line])}


def test_apps_by_day(read, told):
    rows = told(read, "dumpsys_battery_daily")
    days = [utc(2026, 3, day, 2) for day in (2, 3, 3, 4, 4)]
    assert [row["time"] for row in rows] == days
    assert [(row["app"], row["event"], row.get("before"), row.get("version")) for row in rows] == [
        ("com.example.notes", "installed or updated", None, "10"),
        ("com.example.notes", "updated", "10", "12"),
        ("com.example.gone", "installed or updated", None, "5"),
        ("com.example.notes", "downgraded", "12", "11"),
        ("com.example.gone", "uninstalled", "5", None),  # an update to version 0 is how the system notes a removal
    ]


def test_history_goes_over_the_turn_of_the_year(read, told):
    rows = told(read, "dumpsys_battery_history")
    assert [(row["time"], row.get("app"), row["event"], row.get("user")) for row in rows] == [
        (utc(2025, 12, 31, 22, 59), None, "kept awake", "1000"),
        (utc(2025, 12, 31, 22, 59, 30, 250_000), "com.example.notes", "used", "u0a201"),
        (utc(2025, 12, 31, 23, 0, 1), "com.example.notes", "used, end", "u0a201"),
        (utc(2025, 12, 31, 23, 0, 1), "com.example.helper", "job", "u0a202"),
        (utc(2026, 1, 1, 7), "com.example.gone", "uninstalled", None),
        (utc(2026, 1, 1, 8), "com.example.notes", "installed or updated", None),
        (utc(2026, 1, 1, 9), "com.example.notes", "downgraded", None),
        (utc(2026, 1, 1, 9), "com.example.helper", "kept awake", "u0a202"),
    ]
    assert rows[0]["detail"] == "+wake_lock=*alarm*:TIME_TICK" and rows[6]["version"] == "11"


def test_databases(read, told):
    path = "/data/user/0/com.example.notes/databases/notes.db"
    rows = told(read, "dumpsys_databases")
    assert [{k: row[k] for k in row if k != "row"} for row in rows] == [
        {
            "app": "com.example.notes", "path": path, "statement": 'SELECT "a", b FROM notes',
            "time": utc(2026, 3, 4, 14, 10, 11, 222_000),
        },
        {
            "app": "com.example.notes", "path": path, "statement": "PRAGMA journal_mode",
            "time": utc(2026, 3, 4, 14, 10, 10),
        },
        # without its year, before the report
        {
            "app": "com.example.notes", "path": path, "statement": "SELECT 1",
            "time": utc(2025, 12, 31, 22),
        },
        {"app": "com.example.notes", "path": ":memory:"},
    ]  # fmt: skip


def test_device_administrators(read, told):
    rows = told(read, "dumpsys_device_policy")
    assert [(row["kind"], row["app"], row["component"], row.get("action"), row["enabled"]) for row in rows] == [
        ("device owner", "com.example.work", "com.example.work.Owner", None, True),
        ("device administrator", "com.example.finder", "com.example.finder.Admin", "force-lock wipe-data", True),
        ("device administrator", "com.example.work", "com.example.work.Owner", None, True),
    ]


def test_notification_listeners(read, told):
    rows = told(read, "dumpsys_notification_listeners")
    assert [(row["component"], row["kind"], row.get("action"), row["enabled"]) for row in rows] == [
        ("com.example.watch.Reader", "notification listener", "connected", True),
        ("com.example.home.Dots", "notification listener", None, True),
    ]


def test_packages(read, told, android15):
    rows = told(read, "dumpsys_packages")
    assert rows == [
        {
            "row": android15.line("Package [com.example.notes] (5a"), "app": "com.example.notes",
            "version": "1.1 beta (11)", "initiator": "com.android.shell", "origin": "local file",
            "path": "/data/app/~~AbCdEf==/com.example.notes-GhIjKl==", "system": False, "third_party": True,
            "disabled": False, "users": "0", "runs_as": "10201", "installed": utc(2026, 3, 2, 11),
            "updated": utc(2026, 3, 4, 9), "time": utc(2026, 3, 4, 9),
        },
        {
            "row": android15.line("Package [com.example.browser] (6a"), "app": "com.example.browser",
            "version": "5.0 (500)", "installer": "com.android.vending", "initiator": "com.android.vending",
            "origin": "store", "path": "/product/app/Browser", "system": True, "third_party": False,
            "disabled": True, "users": "0 10", "runs_as": "10100", "installed": utc(2009, 1, 1),
            "updated": utc(2026, 1, 5, 5, 7, 8), "time": utc(2026, 1, 5, 5, 7, 8),
        },
        # what came with the system, before its update
        {
            "row": android15.line("Package [com.example.browser] (7a"), "app": "com.example.browser",
            "version": "4.0 (400)", "system": True, "third_party": False, "users": "",
        },
    ]  # fmt: skip
    tables = [row["table"] for row in read.rows("dumpsys_packages")]
    assert tables == ["package", "package", "package: Hidden system packages"]
    (account,) = read.accounts("dumpsys_packages")
    line = int(android15.line("Package [com.example.broken"))
    assert account.refused == {"packages whose first line cannot be read": (1, [line])}


def test_permissions(read, told):
    rows = told(read, "dumpsys_permissions")
    assert [(row["app"], row["permission"], row["decision"], row.get("by"), row.get("user")) for row in rows] == [
        ("com.example.notes", "android.permission.READ_EXTERNAL_STORAGE", "asked", None, None),
        ("com.example.notes", "android.permission.INTERNET", "allowed", "the system, at installation", None),
        ("com.example.notes", "android.permission.CAMERA", "allowed", "the user", "0"),
        ("com.example.notes", "android.permission.RECORD_AUDIO", "denied", "the user", "0"),
        ("com.example.browser", "android.permission.POST_NOTIFICATIONS", "allowed", "the system", "0"),
        ("android.uid.example", "android.permission.READ_SMS", "allowed", "the system, at installation", None),
    ]
    assert read.rows("dumpsys_permissions")[-1]["table"] == "Shared users: install permissions"


def test_what_answers_to_what(read, told):
    names = ("dumpsys_activities", "dumpsys_receivers", "dumpsys_services")
    rows = [row for name in names for row in told(read, name)]
    assert [(row["kind"], row["component"], row["action"]) for row in rows] == [
        ("activity", "com.example.notes.ShareActivity", "type text/plain"),
        ("activity", "com.example.browser.Main", "scheme http"),
        ("activity", "com.example.notes.Main", "android.intent.action.MAIN"),
        ("activity", "com.example.browser.Main", "android.intent.action.MAIN"),
        ("receiver", "com.example.helper.Texts", "android.provider.Telephony.SMS_RECEIVED"),
        ("receiver", "com.example.helper.Start", "android.intent.action.BOOT_COMPLETED"),
        ("service", "com.example.helper.ReadScreen", "android.accessibilityservice.AccessibilityService"),
    ]
    assert {row["app"] for row in rows} == {"com.example.notes", "com.example.browser", "com.example.helper"}


def test_switched_behaviours(read, told, android15):
    rows = told(read, "dumpsys_platform_compat")
    assert [(row["app"], row["event"], row["detail"]) for row in rows] == [
        ("com.example.notes", "behaviour switched", "168419799 DOWNSCALED: on"),
        ("com.example.browser", "behaviour switched", "168419799 DOWNSCALED: off"),
        ("com.example.gone", "behaviour switched", "168419799 DOWNSCALED: {enabled=true}, not in force"),
    ]
    (account,) = read.accounts("dumpsys_platform_compat")
    assert account.refused == {"changes that cannot be read": (1, [int(android15.line("ChangeId(broken"))])}


def test_settings(read, told, android15):
    rows = told(read, "dumpsys_settings")
    assert [(row["namespace"], row["key"], row.get("value")) for row in rows] == [
        ("config", "activity_manager/max_cached", "32"),
        ("global", "adb_enabled", "1"),
        ("global", "device_name", "A phone with name:x"),
        ("secure", "enabled_accessibility_services", "com.example.helper/com.example.helper.ReadScreen"),
        ("secure of user 10", "install_non_market_apps", None),
    ]
    (account,) = read.accounts("dumpsys_settings")
    assert account.refused == {"settings that cannot be read": (1, [int(android15.line("_id:32"))])}
