"""Tombstones as text and as protobuf, and traces of apps that hung: one crash a file."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.areas.devices.artefacts.dumpsys import wire

TEXT = """*** *** *** *** *** *** *** *** *** *** *** *** *** *** *** ***
Build fingerprint: 'google/lynx/lynx:15/AP4A.250205.002/12716302:user/release-keys'
Revision: 'MP1.0'
ABI: 'arm64'
Timestamp: 2026-03-01 04:05:06.123456789+0100
Process uptime: 12s
Cmdline: /vendor/bin/hw/example.service --flag
pid: 1234, tid: 1240, name: Binder:1234_2  >>> /vendor/bin/hw/example.service <<<
uid: 1000
tagged_addr_ctrl: 0000000000000001
signal 6 (SIGABRT), code -1 (SI_QUEUE), fault addr --------
Abort message: 'it's broken'
    x0  0000000000000000  x1  0000000000000000
backtrace:
      #00 pc 0000000000000000  /apex/com.android.runtime/lib64/bionic/libc.so
"""
OLD = """*** *** *** *** *** *** *** *** *** *** *** *** *** *** *** ***
Build fingerprint: 'samsung/x/x:9/PPR1/1:user/release-keys'
pid: 77, tid: 77, name: com.example.old  >>> com.example.old <<<
signal 11 (SIGSEGV), code 1 (SEGV_MAPERR), fault addr 0x0
"""
ANR = """Subject: Input dispatching timed out (com.example.notes/.Main is not responding)
RssHwmKb: 1234

----- pid 4321 at 2026-03-02 10:11:12.345678901+0100 -----
Cmd line: com.example.notes
Build fingerprint: 'google/lynx'
"main" prio=5 tid=1 Native
----- end 4321 -----

----- pid 1000 at 2026-03-02 10:11:13.000000000+0100 -----
Cmd line: system_server
----- end 1000 -----
"""


def varint(value):
    out = b""
    while True:
        value, low = value >> 7, value & 0x7F
        out += bytes([low | (0x80 if value else 0)])
        if not value:
            return out


def field(number, value):
    """One field of a message: a whole number, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value & (1 << 64) - 1)
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def tombstone(uid=1000):
    signal = field(1, 6) + field(2, "SIGABRT") + field(3, -1) + field(4, "SI_QUEUE")
    threads = b"".join(
        field(16, field(1, tid) + field(2, field(1, tid) + field(2, name)))
        for tid, name in ((1234, "main"), (1240, "Binder:1234_2"))
    )
    return (
        field(1, 1) + field(2, "google/lynx/lynx:15/AP4A.250205.002/12716302:user/release-keys")
        + field(4, "2026-03-01 04:05:06.123456789+0100") + field(5, 1234) + field(6, 1240)
        + (field(7, uid) if uid else b"")
        + field(9, "/vendor/bin/hw/example.service") + field(9, "--flag") + field(10, signal)
        + field(14, "it's broken") + threads + varint(30 << 3 | 5) + b"abcd" + varint(31 << 3 | 1) + b"abcdefgh"
    )  # fmt: skip


CRASH = {
    "row": "1", "time": datetime(2026, 3, 1, 3, 5, 6, 123_456, tzinfo=UTC), "process": "example.service",
    "path": "/vendor/bin/hw/example.service", "user": "1000", "number": 1234,
    "reason": "signal 6 (SIGABRT), code -1 (SI_QUEUE)",
    "version": "google/lynx/lynx:15/AP4A.250205.002/12716302:user/release-keys",
    "detail": "thread Binder:1234_2 (1240)\nabort message: it's broken",
}  # fmt: skip


def at(number, ending=""):
    return f"FS/data/tombstones/tombstone_{number:02}{ending}"


def test_text_and_message_tell_the_same(report, android15, told):
    read = report(android15.text, **{at(0): TEXT.encode(), at(1, ".pb"): tombstone()})
    assert told(read, "bugreport_tombstones") == [CRASH, CRASH]


def test_a_message_beside_its_text_is_not_counted_twice(report, android15, told):
    read = report(android15.text, **{at(0): TEXT.encode(), at(0, ".pb"): tombstone()})
    assert told(read, "bugreport_tombstones") == [CRASH]
    notes = [note for account in read.accounts("bugreport_tombstones") for note in account.notes]
    assert notes == [f"The crash is read from {at(0)}."]


def test_a_message_without_a_user_is_roots(report, android15, told):
    (row,) = told(report(android15.text, **{at(3, ".pb"): tombstone(uid=0)}), "bugreport_tombstones")
    assert row["user"] == "0"


def test_a_text_of_android_9(report, android9, told):
    (row,) = told(report(android9.text, **{at(0): OLD.encode()}), "bugreport_tombstones")
    assert row == {
        "row": "1", "process": "com.example.old", "number": 77, "reason": "signal 11 (SIGSEGV), code 1 (SEGV_MAPERR)",
        "version": "samsung/x/x:9/PPR1/1:user/release-keys", "detail": "thread com.example.old (77)",
    }  # fmt: skip


@pytest.mark.parametrize(
    "data", [b"", b"\0\0\0\0", tombstone()[:60], b"\xff" * 50, field(2, "x"), field(99, 1) * 300_000]
)
def test_what_is_no_tombstone_is_a_gap(report, android15, data):
    coverage = report(android15.text, **{at(0): data, at(1, ".pb"): data}).coverage("bugreport_tombstones")
    assert coverage["state"] == "unreadable" and coverage["rows"] == 0
    assert "tombstone" in coverage["reason"]


def test_traces_of_apps_that_hung(report, android15, told):
    name = "FS/data/anr/anr_2026-03-02-10-11-12-345"
    local = ANR.replace("+0100", "")
    read = report(android15.text, **{name: ANR.encode(), name + "-b": local.encode(), name + "-c": b"nothing"})
    rows = told(read, "bugreport_hangs")
    assert rows == 2 * [
        {
            "row": "4", "time": datetime(2026, 3, 2, 9, 11, 12, 345_678, tzinfo=UTC), "number": 4321,
            "process": "com.example.notes", "reason": "not answering",
            "detail": "Input dispatching timed out (com.example.notes/.Main is not responding)",
        }
    ]  # fmt: skip
    units = [row["time_unit"] for row in read.rows("bugreport_hangs")]
    assert units == ["local time, with its distance from UTC", "local time of the phone, in Europe/Berlin"]
    assert read.coverage("bugreport_hangs")["state"] == "partly read"
    assert read.accounts("bugreport_hangs")[0].notes == ["1 more processes were traced beside it, and are not listed."]


def test_crashes_that_the_system_noted(report, android15, told):
    assert told(report(android15.text), "dumpsys_dropbox") == [
        {
            "row": android15.line("2026-03-01 01:02:03"), "time": datetime(2026, 3, 1, 0, 2, 3, tzinfo=UTC),
            "process": "com.example.notes", "number": 4321, "reason": "data_app_crash",
            "detail": "Process: com.example.notes/PID: 4321/Flags: 0x38c83e44/Package: com.exam ...",
        },
        {
            "row": android15.line("2026-03-03 01:02:03"), "time": datetime(2026, 3, 3, 0, 2, 3, tzinfo=UTC),
            "reason": "SYSTEM_TOMBSTONE",
        },
    ]  # fmt: skip


MOUNTINFO = b"""21 20 0:19 / / rw,relatime shared:1 master:2 - tmpfs tmpfs rw,seclabel
22 21 254:5 / /system ro,nodev - erofs /dev/block/dm-5 ro,user_xattr
23 21 0:9 /a /data/local/my\\040tmp rw - f2fs /dev/block/dm-9 rw
"""


def test_mounts_of_the_kernels_own_lists(report, android15, told):
    read = report(android15.text, **{"FS/proc/1/mountinfo": MOUNTINFO})
    assert [(r["what"], r["point"], r["type"], r["options"]) for r in told(read, "bugreport_mounts")] == [
        ("tmpfs", "/", "tmpfs", "rw,relatime,seclabel"),
        ("/dev/block/dm-5", "/system", "erofs", "ro,nodev,user_xattr"),
        ("/dev/block/dm-9", "/data/local/my tmp", "f2fs", "rw"),
    ]
    assert read.coverage("bugreport_mounts")["state"] == "read"


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_refused(data):
    try:
        found = wire.message(data)
    except ValueError:
        return
    assert all(number > 0 for number in found)


@given(st.lists(st.tuples(st.integers(1, 1000), st.one_of(st.integers(0, (1 << 64) - 1), st.binary(max_size=20)))))
def test_what_is_written_is_read(given_fields):
    assert list(wire.fields(b"".join(field(*one) for one in given_fields))) == given_fields
