"""What a path is: every kind alone, in archives, nested, beside others; what is not known is said."""

import io
import json
import os
import plistlib
import shutil
import tarfile
import time
import zipfile
from datetime import UTC, datetime

import pytest

from answerable.areas.devices.acquisition.recognise import open_acquisitions
from answerable.errors import EvidenceError

SMS = ("HomeDomain", "Library/SMS/sms.db")
DUMPSTATE = b"""========================================================
== dumpstate: 2024-03-02 11:22:33
========================================================

Build: AP1A.240305.019
Build fingerprint: 'google/lynx/lynx:14/AP1A.240305.019/11445699:user/release-keys'
------ SYSTEM PROPERTIES (getprop) ------
[persist.sys.timezone]: [Europe/Belgrade]
[ro.product.model]: [Pixel 7a]
"""
GETPROP = b"[ro.build.version.release]: [13]\n[ro.product.model]: [SYN-2]\n[persist.sys.timezone]: [Asia/Tokyo]\n"
EVENTS = b'{"dns_event": {"hostname": "example.org", "event_time": 1}}\n{"connect_event": {}}\n'
VERSION = plistlib.dumps({"ProductVersion": "15.2", "ProductBuildVersion": "19C56", "ProductName": "iPhone OS"})
SYSDIAGNOSE = "sysdiagnose_2023.05.24_13-29-15-0700_iPhone-OS_iPhone_20F66"


@pytest.fixture
def lay(tmp_path):
    """A function that writes files {path: bytes} below a folder, and packs them where asked."""

    def write(name, files, kind=None):
        folder = tmp_path / name
        for path, data in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(data)
        return tmp_path / shutil.make_archive(str(folder), kind, folder) if kind else folder

    return write


@pytest.fixture
def recognised(scratch):
    """A function that opens what is at a path, and closes it at the end."""
    opened = []

    def recognise(path, password=None):
        found = open_acquisitions(path, scratch, password=password)
        opened.extend(found)
        return found

    yield recognise
    for one in opened:
        one.tree.close()
    assert not list(scratch.iterdir()), "something was left in the scratch folder"


def zipped(files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return data.getvalue()


def test_an_ios_backup_tells_of_itself(make_backup, recognised):
    info = {
        "Product Version": "16.5", "Product Type": "iPhone12,1", "Last Backup Date": datetime(2023, 5, 1, 10, 0),  # noqa: DTZ001 (plists are naive)
        "IMEI": "1", "Installed Applications": ["com.example"],
    }  # fmt: skip
    (one,) = recognised(make_backup("phone of a person", {SMS: b"x"}, info=info))
    assert (one.kind, one.platform, one.version, one.model) == ("ios backup", "ios", "16.5", "iPhone12,1")
    assert one.time == datetime(2023, 5, 1, 10, 0, tzinfo=UTC) and one.device == "phone of a person" and one.path == ""
    assert one.facts["IMEI"] == "1" and "Installed Applications" not in one.facts


def test_what_a_hostile_phone_says_of_itself_stays_short(make_backup, recognised):
    info = {"Product Version": "17<script>" * 99, "Product Type": "iPhone\n1,1", "Serial Number": "x" * 9999}
    (one,) = recognised(make_backup("bad\nname\u202e", {SMS: b"x"}, info=info))
    assert one.version == one.model == "" and len(one.facts["Serial Number"]) == 300
    assert one.device.isprintable()


def test_without_info_plist_the_manifest_tells(make_backup, recognised):
    folder = make_backup("phone", {SMS: b"x"})
    (folder / "Info.plist").unlink()
    lockdown = {"ProductVersion": "14.8", "ProductType": "iPhone10,4", "UniqueDeviceID": "0"}
    plist = {"IsEncrypted": False, "Lockdown": lockdown, "Date": datetime(2022, 1, 2)}  # noqa: DTZ001
    (folder / "Manifest.plist").write_bytes(plistlib.dumps(plist))
    (folder / "Status.plist").write_bytes(plistlib.dumps({"SnapshotState": "new", "IsFullBackup": False}))
    (one,) = recognised(folder)
    assert (one.version, one.model, one.time) == ("14.8", "iPhone10,4", datetime(2022, 1, 2, tzinfo=UTC))
    assert any("Info.plist is not there" in note for note in one.notes)
    assert any("not finished" in note for note in one.notes)


@pytest.mark.parametrize("bad", [b"", b"garbage", b"bplist00" + b"\xff" * 40, plistlib.dumps(["list"])])
def test_broken_plists_are_noted(make_backup, recognised, bad):
    folder = make_backup("phone", {SMS: b"x"})
    (folder / "Info.plist").write_bytes(bad)
    (one,) = recognised(folder)
    assert one.version == "" and one.time is None and any("Info.plist" in note for note in one.notes)


@pytest.mark.parametrize("kind", [None, "zip", "tar", "gztar"])
@pytest.mark.parametrize("prefix", ["private/var/", "var/", "filesystem1/private/var/", "dump/private/var/"])
def test_an_ios_file_system_has_one_spelling(lay, recognised, kind, prefix):
    files = {
        f"{prefix}mobile/Library/SMS/sms.db": b"sms",
        f"{prefix}db/diagnostics/shutdown.log": b"log",
        f"{prefix.split('private')[0].split('var')[0]}System/Library/CoreServices/SystemVersion.plist": VERSION,
    }
    (one,) = recognised(lay("phone", files, kind))
    assert (one.kind, one.version, one.device) == ("ios file system", "15.2", "phone")
    assert [entry.path for entry in one.tree.find("private/var/**")] == [
        "private/var/db/diagnostics/shutdown.log", "private/var/mobile/Library/SMS/sms.db",
    ]  # fmt: skip
    assert one.tree.read(one.tree.entry("private/var/mobile/Library/SMS/sms.db"), 10) == b"sms"
    assert one.tree.entry("private/var/mobile/Library/SMS/sms.db").stored.endswith(f"{prefix}mobile/Library/SMS/sms.db")


def test_two_file_systems_are_two_phones(lay, recognised):
    files = {f"{name}/private/var/mobile/Library/SMS/sms.db": name.encode() for name in ("first", "second")}
    first, second = recognised(lay("phones", files))
    assert (first.device, second.device) == ("first", "second")
    assert first.tree.read(first.tree.entries()[0], 10) == b"first"


@pytest.mark.parametrize("kind", [None, "gztar"])
def test_a_sysdiagnose_is_told_by_its_name(lay, recognised, kind):
    files = {
        f"{SYSDIAGNOSE}/system_logs.logarchive/Info.plist": b"",
        f"{SYSDIAGNOSE}/system_logs.logarchive/Extra/shutdown.0.log": b"log",
        f"{SYSDIAGNOSE}/logs/SystemVersion/SystemVersion.plist": VERSION,
        f"{SYSDIAGNOSE}/ps.txt": b"USER PID",
    }
    (one,) = recognised(lay("given", files, kind))
    assert (one.kind, one.version, one.device) == ("sysdiagnose", "15.2", "given")
    assert one.time == datetime(2023, 5, 24, 20, 29, 15, tzinfo=UTC) and one.facts["Build Version"] == "20F66"
    assert one.tree.find("ps.txt") and one.tree.find("system_logs.logarchive/Extra/shutdown.*.log")


def test_androidqf_and_what_lies_in_it_are_one_phone(lay, recognised, make_adb_backup):
    files = {
        "getprop.txt": GETPROP,
        "packages.json": b"[]",
        "acquisition.json": json.dumps({"uuid": "x", "completed": "2024-03-02T12:00:00.123456789+01:00"}).encode(),
        "bugreport.zip": zipped({"main_entry.txt": "bugreport-x.txt", "bugreport-x.txt": DUMPSTATE}),
        "backup.ab": make_adb_backup("backup.ab", {"apps/a/b": b"content"}).read_bytes(),
        "intrusion_logs/log.json": EVENTS,
    }
    for path in (lay("phone", files), lay("phone", files, "zip")):
        found = {one.kind: one for one in recognised(path)}
        assert {(one.kind, one.path) for one in found.values()} == {
            ("androidqf", ""), ("bugreport", "bugreport.zip"), ("adb backup", "backup.ab"),
            ("intrusion logs", "intrusion_logs"),
        }  # fmt: skip
        assert {one.device for one in found.values()} == {"phone"}
        assert found["androidqf"].time == datetime(2024, 3, 2, 11, 0, tzinfo=UTC)
        assert found["androidqf"].version == "13" and found["bugreport"].version == "14"
        assert found["adb backup"].model == "SYN-2"
        report, backup = found["bugreport"].tree, found["adb backup"].tree
        assert report.read(report.entry("bugreport-x.txt"), 10_000) == DUMPSTATE
        assert backup.read(backup.entry("apps/a/b"), 100) == b"content"
        logs = found["intrusion logs"].tree
        assert logs.read(logs.entry("log.json"), 1000) == EVENTS


def test_a_locked_backup_within_androidqf_keeps_the_rest(lay, recognised, make_adb_backup):
    locked = make_adb_backup("locked.ab", {"apps/a/b": b"content"}, password="right").read_bytes()
    found = recognised(lay("phone", {"getprop.txt": GETPROP, "packages.json": b"[]", "backup.ab": locked}))
    assert [(one.kind, bool(one.problem)) for one in found] == [("androidqf", False), ("adb backup", True)]


def test_a_broken_bugreport_within_androidqf_is_noted(lay, recognised):
    files = {"getprop.txt": GETPROP, "packages.json": b"[]", "bugreport.zip": b"PK\x03\x04 cut short"}
    (one,) = recognised(lay("phone", files))
    assert one.kind == "androidqf" and any("bugreport.zip" in note and "not readable" in note for note in one.notes)


@pytest.mark.parametrize(
    ("name", "zone", "hour"),
    [("bugreport-x.txt", "Europe/Belgrade", 10), ("dumpstate.txt", "../../passwd", 11), ("dumpState_A.log", "x", 11)],
)
def test_bugreports(lay, recognised, name, zone, hour):
    text = DUMPSTATE.replace(b"Europe/Belgrade", zone.encode())
    for path in (lay("one", {name: text}), lay("two", {name: text}, "zip"), lay("three", {name: text}) / name):
        (one,) = recognised(path)
        assert (one.kind, one.platform, one.version, one.model) == ("bugreport", "android", "14", "Pixel 7a")
        assert one.time == datetime(2024, 3, 2, hour, 22, 33, tzinfo=UTC)
        assert any("time zone is not known" in note for note in one.notes) == (hour == 11)
        assert [entry.path for entry in one.tree.entries()] == [name]


def test_intrusion_logs(lay, recognised):
    for path in (lay("logs", {"a.ndjson": EVENTS}), lay("one", {"a.json": EVENTS}) / "a.json"):
        (one,) = recognised(path)
        assert one.kind == "intrusion logs" and one.tree.read(one.tree.entries()[0], 1000) == EVENTS
    with pytest.raises(EvidenceError, match="not recognised"):
        recognised(lay("other", {"a.json": b'{"hello": 1}\n'}))


def test_many_phones_have_labels_of_their_own(make_backup, lay, recognised, make_adb_backup, tmp_path):
    make_backup("all/anna", {SMS: b"1"})
    make_backup("all/00008030-001A2B3C4D5E6F70", {SMS: b"2"})
    make_backup("all/cases/anna", {SMS: b"3"})
    lay("all/berta", {"getprop.txt": GETPROP, "packages.json": b"[]", "intrusion_logs/a.json": EVENTS})
    make_backup("packed/anna", {SMS: b"4"})
    shutil.move(shutil.make_archive(str(tmp_path / "anna"), "zip", tmp_path / "packed"), tmp_path / "all/anna.zip")
    (tmp_path / "all/notes.docx").write_bytes(b"words")
    (tmp_path / "all/broken.zip").write_bytes(b"PK\x03\x04 cut")
    found = recognised(tmp_path / "all")
    assert [(one.path, one.device) for one in found] == [
        ("00008030-001A2B3C4D5E6F70", "phone"), ("anna", "anna"), ("anna.zip/anna", "anna-2"), ("berta", "berta"),
        ("berta/intrusion_logs", "berta"), ("cases/anna", "cases"),
    ]  # fmt: skip
    assert all(any("notes.docx" in note for note in one.notes) for one in found)
    assert all(any("broken.zip" in note and "not readable" in note for note in one.notes) for one in found)


def test_what_was_refused_is_noted_on_every_level(lay, recognised, tmp_path):
    files = {"phone/getprop.txt": GETPROP, "phone/packages.json": b"[]", "phone/back\\slash": b"x"}
    inner = {"private/var/mobile/file": b"x", "../climbs": b"x"}
    for path in (lay("one", files), lay("two", files, "zip"), lay("three", {"a/dump.zip": zipped(inner)})):
        (one,) = recognised(path)
        assert any("backslash" in note or "climb out" in note for note in one.notes), path


def test_what_is_not_known_is_told_with_what_would_be(lay, tmp_path, scratch):
    with pytest.raises(EvidenceError, match=r"letter\.txt.*Understood: an iOS backup"):
        open_acquisitions(lay("folder", {"letter.txt": b"dear"}), scratch)
    (tmp_path / "empty").mkdir()
    with pytest.raises(EvidenceError, match="empty folder"):
        open_acquisitions(tmp_path / "empty", scratch)
    with pytest.raises(EvidenceError, match="no such file"):
        open_acquisitions(tmp_path / "none", scratch)


def test_archives_within_archives_end(tmp_path, scratch):
    data = zipped({"bugreport-x.txt": DUMPSTATE})
    for number in range(6):
        data = zipped({f"{number}.zip": data})
    (tmp_path / "deep.zip").write_bytes(data)
    with pytest.raises(EvidenceError, match="not recognised"):
        open_acquisitions(tmp_path / "deep.zip", scratch)
    assert not list(scratch.iterdir())


def test_a_cycle_of_folders_and_a_huge_sparse_file_end(make_backup, recognised):
    folder = make_backup("phone", {SMS: b"x"})
    (folder / "loop").symlink_to(folder)
    with (folder / "huge.zip").open("wb") as file:
        file.truncate(10 << 30)
    start = time.process_time()
    (one,) = recognised(folder)
    (other,) = recognised(folder.parent)
    assert one.kind == other.kind == "ios backup" and time.process_time() - start < 3


def test_a_huge_getprop_is_not_read_whole(lay, recognised):
    folder = lay("phone", {"packages.json": b"[]", "ps.txt": b""})
    with (folder / "getprop.txt").open("wb") as file:
        file.write(GETPROP)
        file.truncate(10 << 30)
    (one,) = recognised(folder)
    assert one.version == "13"


def test_nothing_of_the_evidence_changes(make_backup, recognised):
    folder = make_backup("phone", {SMS: b"x"})
    before = sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*"))
    for path in folder.rglob("*"):
        os.chmod(path, 0o500 if path.is_dir() else 0o400)  # noqa: PTH101
    recognised(folder)
    assert sorted((path, path.stat().st_mtime_ns) for path in folder.rglob("*")) == before


def test_a_tar_tells_its_newest_file(tmp_path, recognised):
    with tarfile.open(tmp_path / "phone.tar", "w") as archive:
        for name, when in (("a", 1_700_000_000), ("b", 1_600_000_000), ("c", 99_999_999_999_999)):
            member = tarfile.TarInfo(f"private/var/mobile/{name}")
            member.mtime = when if name != "c" else 1_500_000_000
            archive.addfile(member)
    (one,) = recognised(tmp_path / "phone.tar")
    assert one.time == datetime.fromtimestamp(1_700_000_000, UTC) and any("newest file" in note for note in one.notes)


def test_the_synthetic_acquisitions(public_data, recognised):
    (ios,) = recognised(public_data / "devices/ios_synthetic/backup")
    (android,) = recognised(public_data / "devices/androidqf_synthetic")
    assert (ios.kind, ios.version, ios.model, ios.encrypted) == ("ios backup", "16.5", "iPhone12,1", False)
    assert (android.kind, android.version, android.model, android.time) == ("androidqf", "11", "SYN-1", None)
    assert len(android.tree.entries()) == 10
    both = recognised(public_data / "devices")
    assert [one.kind for one in both] == ["androidqf", "ios backup"] and len({one.device for one in both}) == 2
