"""What an archive of logs (sysdiagnose) says of processes, crashes, apps that came and went, and linked domains."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from answerable.areas.devices.extraction.parts import FAULT

WHEN = datetime(2022, 3, 4, 5, 6, 7, tzinfo=UTC)
BESIDE = {"sysdiagnose.log": b""}
STAGING = "/private/var/db/com.apple.xpc.roleaccountd.staging/bh"
PS = f"""USER  UID PRSNA   PID  PPID        F  %CPU %MEM PRI NI      VSZ    RSS WCHAN    TT  STAT STARTED      TIME COMMAND
root    0     -     1     0     4004   0.0  0.0  37  0 407922784  14816 -        ??  Ss    1:25PM   0:00.00 /sbin/launchd
mobile 501 1000   999     1     4004   0.0  0.0  37  0 407922784  14816 -        ??  Ss    1:25PM   0:00.00 {STAGING} -x 1
root    0     -    12     1     4004   0.0  0.0  37  0 407922784  14816 -        ??  Z     1:25PM   0:00.00 (gone)
mobile 501    -    13     1     4004   0.0  0.0  37  0 407922784  14816 -        ??  S     1:25PM   0:00.00 /var/My App.app/My App arg

short line
root    0     -   xyz     1     4004   0.0  0.0  37  0 407922784  14816 -        ??  Z     1:25PM   0:00.00 /sbin/x
"""  # noqa: E501


def test_processes_of_ps_by_the_columns_of_its_header(phone):
    read = phone(BESIDE | {"ps.txt": PS.encode()}, "sysdiagnose")
    names = ("row", "process", "path", "user", "number", "parent")
    assert [tuple(row[name] for name in names) for row in read.rows("sysdiagnose_ps")] == [
        ("2", "launchd", "/sbin/launchd", "root", 1, 0),
        ("3", "bh", STAGING, "mobile", 999, 1),
        ("4", "gone", None, "root", 12, 1),
        ("5", "My App", "/var/My App.app/My App", "mobile", 13, 1),
    ]
    coverage = read.coverage("sysdiagnose_ps")
    assert coverage["refused"] == 2 and coverage["expected"] and coverage["state"] == "read"
    broken = phone(BESIDE | {"ps.txt": b"no header\n"}, "sysdiagnose").coverage("sysdiagnose_ps")
    assert broken["state"] == "unreadable" and "COMMAND" in broken["reason"]


def test_a_process_was_last_seen_when_the_archive_was_made(phone, read_again, tmp_path):
    folder = tmp_path / "sysdiagnose_2022.03.04_06-06-07+0100_iPhone-OS_iPhone_20A362"
    folder.mkdir()
    (folder / "ps.txt").write_text(PS)
    assert {row["last"] for row in read_again(folder).rows("sysdiagnose_ps")} == {WHEN}


def test_tasks_and_samples(phone):
    tasks = (
        'num tasks: 2\n\nprocess: "launchd" [1] [unique ID: 1]\narchitecture: arm64\n\n'
        'process: "bh" [999] [unique ID: 7]\n'
    )
    samples = f"""Date/Time: 2022-03-04

Process:          bh [999]
UUID:             6D5223AF-7B75-3593-9CC4-5DBD74C56497
Path:             {STAGING}
Identifier:       com.example.bh
Parent:           launchd [1]
UID:              501

Process:          kernel_task [0]
Path:             /System/Library/Kernels/kernel
"""
    files = {"taskinfo.txt": tasks.encode(), "spindump-nosymbols.txt": samples.encode()}
    read = phone(BESIDE | files, "sysdiagnose")
    assert [(row["row"], row["process"], row["number"]) for row in read.rows("sysdiagnose_tasks")] == [
        ("3", "launchd", 1), ("6", "bh", 999),
    ]  # fmt: skip
    names = ("process", "path", "app", "user", "number", "parent")
    assert [tuple(row[name] for name in names) for row in read.rows("sysdiagnose_samples")] == [
        ("bh", STAGING, "com.example.bh", "501", 999, 1),
        ("kernel_task", "/System/Library/Kernels/kernel", None, None, 0, None),
    ]
    gaps = phone(BESIDE | dict.fromkeys(files, b"nothing\n"), "sysdiagnose")
    assert gaps.coverage("sysdiagnose_tasks")["state"] == gaps.coverage("sysdiagnose_samples")["state"] == "unreadable"


HEADER = {"app_name": "bh", "name": "bh", "bug_type": "309", "os_version": "iPhone OS 15.1 (19B74)",
          "timestamp": "2022-03-04 06:06:08.00 +0100"}  # fmt: skip
BODY = {
    "procName": "bh", "procPath": STAGING, "pid": 999, "userID": 501, "captureTime": "2022-03-04 06:06:07.1234 +0100",
    "exception": {"type": "EXC_BAD_ACCESS", "signal": "SIGSEGV"}, "parentProc": "launchd",
    "termination": {"namespace": "SIGNAL", "indicator": "Segmentation fault: 11"},
    "bundleInfo": {"CFBundleShortVersionString": "1.2"},
}  # fmt: skip
WORDS = f"""Incident Identifier: 6156848E-344E-4D9E-84E0-87AFD0D0AE7B
Process:             bh [999]
Path:                {STAGING}
Identifier:          com.example.bh
Version:             1 (3.0)
Date/Time:           2022-03-04 06:06:07.5 +0100
OS Version:          iPhone OS 13.3.1 (17D50)
Exception Type:  EXC_CRASH (SIGKILL)
Termination Reason: Namespace SIGNAL, Code 0xb

Thread 0:
"""
JETSAM = {
    "processes": [
        {"pid": 76, "name": "backboardd", "states": ["active"]},
        {"pid": 44152, "name": "bh", "states": ["daemon"], "reason": "per-process-limit"}, "odd",
    ],
    "largestProcess": "bh",
}  # fmt: skip


def ips(header, body):
    """A report as the system writes it: JSON in the first line, then JSON or words."""
    return (json.dumps(header) + "\n" + (body if isinstance(body, str) else json.dumps(body, indent=1))).encode()


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("crashes_and_spins", "sysdiagnose"),
        ("crashes_and_spins/Panics", "sysdiagnose"),
        ("private/var/mobile/Library/Logs/CrashReporter", "ios file system"),
    ],
)
def test_crashes_told_in_json(phone, folder, kind):
    beside = BESIDE if kind == "sysdiagnose" else {"private/var/mobile/x": b""}
    rows = phone(beside | {f"{folder}/bh-2022.ips": ips(HEADER, BODY)}, kind).rows("crash_reports")
    names = ("process", "path", "user", "number", "reason", "version", "detail", "time", "time_raw")
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("bh", STAGING, "501", 999, "EXC_BAD_ACCESS, SIGSEGV, SIGNAL, Segmentation fault: 11",
         "1.2; iPhone OS 15.1 (19B74)", "kind: 309\nparentProc: launchd", WHEN.replace(microsecond=123_400),
         "2022-03-04 06:06:07.1234 +0100"),
    ]  # fmt: skip


def test_crashes_told_in_words_and_reports_about_no_program(phone):
    files = {
        "crashes_and_spins/a.ips": ips(HEADER | {"bug_type": "109"}, WORDS),
        "crashes_and_spins/b.crash": WORDS.encode(),
        "crashes_and_spins/c.ips": ips({"bug_type": "211", "timestamp": "2022-03-04 06:06:07 +0100"}, ""),
        "crashes_and_spins/d.ips": b"",
        "crashes_and_spins/e.ips": b"{" * 100_000,
        "crashes_and_spins/f.ips": ips(["\ud800"], {}),
    }
    read = phone(BESIDE | files, "sysdiagnose")
    rows = read.rows("crash_reports")
    names = ("process", "path", "number", "reason", "version", "detail", "time")
    told = ("bh", STAGING, 999, "EXC_CRASH (SIGKILL), Namespace SIGNAL, Code 0xb",
            "1 (3.0); iPhone OS 13.3.1 (17D50)", "com.example.bh", WHEN.replace(microsecond=500_000))  # fmt: skip
    assert [tuple(row[name] for name in names) for row in rows] == [told, told]
    coverage = read.coverage("crash_reports")
    assert coverage["state"] == "partly read" and "d.ips" in coverage["reason"] and "e.ips" in coverage["reason"]
    assert any(
        "no program that ended (kind 211)" in note for one in read.accounts("crash_reports") for note in one.notes
    )


def test_programs_ended_for_memory_and_processes_that_reports_list(phone):
    header = {"bug_type": "298", "timestamp": "2022-03-04 06:06:07.00 +0100", "os_version": "iPhone OS 15.1"}
    stacks = {"processByPid": {"999": {"procname": "bh", "pid": 999}, "5": 5}}
    files = {
        "crashes_and_spins/JetsamEvent-2022.ips": ips(header, JETSAM),
        "crashes_and_spins/stacks-2022.ips": ips(header | {"bug_type": "288"}, stacks),
    }
    read = phone(BESIDE | files, "sysdiagnose")
    assert [(row["row"], row["process"], row["number"], row["reason"], row["time"])
            for row in read.rows("crash_reports")] == [("2", "bh", 44152, "per-process-limit", WHEN)]  # fmt: skip
    assert [(row["table"], row["row"], row["process"], row["number"], row["last"])
            for row in read.rows("crash_report_processes")] == [
        ("processes", "1", "backboardd", 76, WHEN), ("processes", "2", "bh", 44152, WHEN),
        ("processByPid", "999", "bh", 999, WHEN),
    ]  # fmt: skip
    assert read.coverage("crash_report_processes")["refused"] == 2
    idle = {"crashes_and_spins/JetsamEvent-1.ips": ips(header, {"processes": JETSAM["processes"][:1]}),
            "crashes_and_spins/stacks-1.ips": ips(header, {})}  # fmt: skip
    read = phone(BESIDE | idle, "sysdiagnose")
    assert all("no program that ended" in one.notes[0] for one in read.accounts("crash_reports"))
    assert "It lists no processes." in read.accounts("crash_report_processes")[1].notes


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*BODY, *HEADER, "processes", "processByPid", "reason"]), inner, max_size=5)
    ),
    max_leaves=15,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(JSON, JSON)
def test_whatever_a_report_holds_it_is_read_or_said_to_be_unreadable(phone, header, body):
    data = ips(header, body)
    read = phone(BESIDE | dict.fromkeys(("crashes_and_spins/JetsamEvent-1.ips",), data), "sysdiagnose")
    for name in ("crash_reports", "crash_report_processes"):
        coverage = read.coverage(name)
        assert coverage["state"] in ("read", "unreadable") and FAULT not in coverage["reason"]


INSTALLER = """Fri Mar  4 06:06:07 2022 [829] <notice> (0x16d16b000) -[MIInstaller _installInstallable:containingSymlink:error:]: Installing <MIInstallableBundle ID=com.example.app; Persona=PERSONA-1, Version=20.39.6, ShortVersion=20.39.6>
Fri Mar  4 06:06:08 2022 [829] <notice> (0x16d16b000) -[MIInstaller performInstallationWithError:]: Install Successful for (Placeholder:com.example.app); Staging: 0.01s
Fri Mar  4 06:06:09 2022 [829] <notice> (0x16d16b000) -[MIInstaller performInstallationWithError:]: Install Successful for (Customer:com.example.app); Overall: 6.48s
Mon Mar 14 08:54:22 2022 [705] <notice> (0x16f3cb000) -[MIClientConnection _uninstallIdentities:withOptions:completion:]: Uninstall requested by app (pid 188) for identity [com.example.app/PERSONA-1] with options: {
    UninstallReason = 1;
}
Mon Mar 14 08:54:22 2022 [705] <notice> (0x16f3cb000) -[MIUninstaller x:]: Uninstalling identifier com.example.app
Mon Mar 14 08:54:23 2022 [705] <err> (0x16f3cb000) -[MIUninstaller x:]: Destroying container com.example.app with persona (null) at /private/var/containers/Bundle/Application/1EC2
Mon Mar 14 08:54:24 2022 [705] <notice> (0x16f3cb000) -[MIClientConnection y:]: something else
"""  # noqa: E501


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("logs/MobileInstallation/mobile_installation.log.0", "sysdiagnose"),
        ("private/var/installd/Library/Logs/MobileInstallation/mobile_installation.log.1", "ios file system"),
    ],
)
def test_apps_that_came_and_went(phone, path, kind):
    beside = BESIDE if kind == "sysdiagnose" else {"private/var/mobile/x": b""}
    read = phone(beside | {path: INSTALLER.encode()}, kind)
    rows = read.rows("installation_log")
    assert [(row["row"], row["event"], row["version"]) for row in rows] == [
        ("1", "installing", "20.39.6"), ("2", "placeholder installed", None), ("3", "installed", None),
        ("4", "uninstallation asked for", None), ("7", "uninstalled", None), ("8", "container destroyed", None),
    ]  # fmt: skip
    assert {row["app"] for row in rows} == {"com.example.app"} and {row["time"] for row in rows} == {None}
    assert rows[0]["time_raw"] == "Fri Mar  4 06:06:07 2022" and "zone not said" in rows[0]["time_unit"]
    assert read.accounts("installation_log")[0].notes == [
        "1 lines tell of other things, and 2 continue a line or are no log."
    ]
    gap = phone(beside | {path: b"other\n"}, kind).coverage("installation_log")
    assert gap["state"] == "unreadable" and "installer" in gap["reason"]


def test_permissions_lie_among_the_logs_too(phone, database):
    data = database(
        "CREATE TABLE access (service TEXT, client TEXT, auth_value INTEGER, last_modified INTEGER);",
        access=[{"service": "kTCCServiceMicrophone", "client": "org.example", "auth_value": 2, "last_modified": 5}],
    )
    rows = phone(BESIDE | {"logs/Accessibility/TCC.db": data}, "sysdiagnose").rows("permissions")
    assert [(row["app"], row["decision"]) for row in rows] == [("org.example", "allowed")]


SWC = """Service:              applinks
App ID:               1234ABCD.com.example
Domain:               *.Example.org?mode=developer
User Approval:        unspecified
Last Checked:         2022-03-04 05:06:07 +0000
--------------------------------------------------------------------------------
Service:              webcredentials
App ID:               1234ABCD.com.other
Domain:               example.net
Last Checked:         soon
"""


def test_domains_that_apps_are_linked_with_and_properties(phone):
    files = {
        "swcutil_show.txt": SWC.encode(),
        "remotectl_dumpstate.txt": b"Local device\n\tProperties: {\n\t\tOSVersion => 15.1\n\t\tChipID => 5\n\t}\n",
    }
    read = phone(BESIDE | files, "sysdiagnose")
    names = ("row", "url", "host", "within", "title", "time", "time_raw")
    assert [tuple(row[name] for name in names) for row in read.rows("linked_domains")] == [
        ("1", "*.Example.org?mode=developer", "example.org", "1234ABCD.com.example", "applinks", WHEN,
         "2022-03-04 05:06:07 +0000"),
        ("7", "example.net", "example.net", "1234ABCD.com.other", "webcredentials", None, "soon"),
    ]  # fmt: skip
    assert [(row["row"], row["key"], row["value"]) for row in read.rows("remote_properties")] == [
        ("3", "OSVersion", "15.1"), ("4", "ChipID", "5"),
    ]  # fmt: skip
    gap = phone(BESIDE | {"swcutil_show.txt": b"nothing"}, "sysdiagnose").coverage("linked_domains")
    assert gap["state"] == "unreadable" and gap["expected"]


LINES = [*PS.split("\n"), *INSTALLER.split("\n"), *SWC.split("\n"), *WORDS.split("\n"), "Process: x [1]", "\x00" * 99]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(LINES) | st.text(), max_size=12))
def test_any_lines_are_read_or_said_to_be_unreadable(phone, lines):
    files = {
        "sysdiagnose_ps": "ps.txt", "sysdiagnose_tasks": "taskinfo.txt", "linked_domains": "swcutil_show.txt",
        "sysdiagnose_samples": "spindump-nosymbols.txt", "crash_reports": "crashes_and_spins/x.ips",
        "installation_log": "logs/MobileInstallation/mobile_installation.log.0",
    }  # fmt: skip
    data = "\n".join(lines).encode("utf-8", "replace")
    read = phone(BESIDE | dict.fromkeys(files.values(), data), "sysdiagnose")
    assert {read.coverage(name)["state"] for name in files} <= {"read", "unreadable", "partly read"}
    assert not any(FAULT in read.coverage(name)["reason"] for name in files)
