"""iOS backups: names of the phone, files of the disk; hostile manifests, half backups, old layouts."""

import shutil
import sqlite3
import time

import pytest

from answerable.areas.devices.acquisition.ios_backup import BackupTree, read_manifest
from answerable.areas.devices.acquisition.tree import open_tree
from answerable.errors import EvidenceError

FILES = {
    ("HomeDomain", "Library/SMS/sms.db"): b"messages",
    ("HomeDomain", "Library/Safari/History.db"): b"visits",
    ("AppDomain-com.example.a", "Library/Preferences/a.plist"): b"a",
    ("AppDomain-com.example.b", "Library/Preferences/b.plist"): b"b",
}


def opened(folder, scratch, inside=""):
    tree = open_tree(folder, scratch)
    try:
        return BackupTree(tree, inside)
    finally:
        tree.close()


@pytest.mark.parametrize("flat", [False, True])
def test_files_have_the_names_of_the_phone(make_backup, scratch, flat):
    tree = opened(make_backup("phone", FILES, flat=flat), scratch)
    (entry,) = tree.find("HomeDomain/Library/SMS/sms.db")
    identifier = (
        "3d0d7e5fb2ce288813306e4d4636395e047a3d28"  # known to everybody: SHA-1 of HomeDomain-Library/SMS/sms.db
    )
    assert entry.stored == (identifier if flat else f"3d/{identifier}") and tree.identifier(entry) == identifier
    assert tree.read(entry, 100) == b"messages"
    found = [one.path for one in tree.find("AppDomain-*/Library/Preferences/*.plist")]
    assert found == [f"AppDomain-com.example.{x}/Library/Preferences/{x}.plist" for x in "ab"]
    own = [one.path for one in tree.entries() if "/" not in one.path]
    assert own == ["Info.plist", "Manifest.db", "Manifest.plist"] and tree.identifier(tree.entry("Info.plist")) == ""
    assert len(tree.absent) == 0 and tree.notes == []


@pytest.mark.parametrize("kind", ["zip", "gztar"])
def test_within_an_archive(make_backup, scratch, tmp_path, kind):
    make_backup("all/phone", FILES)
    path = tmp_path / shutil.make_archive(str(tmp_path / "all"), kind, tmp_path / "all")
    tree = opened(path, scratch, "phone")
    entry = tree.entry("HomeDomain/Library/SMS/sms.db")
    assert entry.stored.startswith(("phone/3d/", "./phone/3d/"))
    assert tree.read(entry, 100) == tree.place(entry).read_bytes() == b"messages"
    tree.close()
    assert not list(scratch.iterdir())


def test_half_a_backup_counts_what_is_absent(make_backup, scratch):
    folder = make_backup("phone", FILES)
    shutil.rmtree(folder / "3d")
    tree = opened(folder, scratch)
    assert not tree.find("HomeDomain/Library/SMS/sms.db")
    (lost,) = tree.find_absent("*/Library/SMS/sms.db")
    assert [lost] == list(tree.absent) and lost.stored == "3d/3d0d7e5fb2ce288813306e4d4636395e047a3d28"
    assert "files that the manifest lists and the backup does not hold: 1" in tree.notes


GOOD = "0123456789abcdef0123456789abcdef01234567"
HOSTILE = [
    ("../../../../etc/passwd", "HomeDomain", "Library/one", 1, None),
    (GOOD.upper(), "HomeDomain", "Library/two", 1, None),
    (GOOD + "\n", "HomeDomain", "Library/three", 1, None),
    (GOOD[:-1], "HomeDomain", "Library/four", 1, None),
    (GOOD, "HomeDomain", "../../climbs", 1, None),
    (GOOD[::-1], "HomeDomain", "/absolute", 1, None),
    ("a" * 40, "../HomeDomain", "x", 1, None),
    ("b" * 40, "HomeDomain", "a/./b", 1, None),
    ("c" * 40, "HomeDomain", "", 1, None),
    ("d" * 40, None, "x", 1, None),
    ("e" * 40, "HomeDomain", None, 1, None),
    (b"\xff" * 40, "HomeDomain", "blob", 1, None),
    ("f" * 40, "HomeDomain", "Library", 2, None),
    ("9" * 40, "HomeDomain", "a..b/..c/...", 1, None),
]


def test_hostile_rows_are_noted_and_never_joined(make_backup, scratch, tmp_path):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text("secret")
    folder = make_backup("phone", FILES, rows=HOSTILE)
    for name in (GOOD.upper(), GOOD, "a" * 40, "b" * 40):
        (folder / name[:2]).mkdir(exist_ok=True)
        (folder / name[:2] / name).write_text("planted")
    tree = opened(folder, scratch)
    assert len(tree.entries()) == len(FILES) + 3
    assert [one.path for one in tree.absent] == ["HomeDomain/a..b/..c/..."]
    told = "\n".join(tree.notes)
    assert sum(int(note.rpartition(": ")[2].split(" ")[0]) for note in tree.notes if "not read" in note) == 12, told
    assert "climb out" in told and "fileID" in told


def test_a_path_that_two_rows_claim(make_backup, scratch):
    tree = opened(make_backup("phone", FILES, rows=[(GOOD, "HomeDomain", "Library/SMS/sms.db", 1, None)]), scratch)
    assert any("name of another one" in note for note in tree.notes)


def test_names_with_stars_are_themselves(make_backup, scratch):
    tree = opened(make_backup("phone", {("HomeDomain", "a*b"): b"star", ("HomeDomain", "axb"): b"x"}), scratch)
    assert tree.read(tree.entry("HomeDomain/a*b"), 10) == b"star" and len(tree.find("HomeDomain/a*b")) == 2


def test_a_damaged_manifest_is_told(make_backup, scratch):
    folder = make_backup("phone", FILES)
    for data in (b"", b"garbage" * 100, (folder / "Manifest.db").read_bytes()[:5000]):
        (folder / "Manifest.db").write_bytes(data)
        with pytest.raises(EvidenceError, match=r"Manifest\.db"):
            opened(folder, scratch)
    (folder / "Manifest.db").unlink()
    with pytest.raises(EvidenceError, match=r"no Manifest\.db"):
        opened(folder, scratch)
    (folder / "Manifest.mbdb").write_bytes(b"mbdb")
    with pytest.raises(EvidenceError, match="before iOS 10"):
        opened(folder, scratch)


def test_an_endless_view_is_no_table(make_backup, scratch):
    folder = make_backup("phone", FILES)
    with sqlite3.connect(folder / "Manifest.db") as database:
        database.execute("DROP TABLE Files")
        database.execute(
            "CREATE VIEW Files AS WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x) "
            "SELECT 'a' AS fileID, 'b' AS domain, 'c' AS relativePath, 1 AS flags, n AS file FROM x"
        )
    database.close()
    start = time.process_time()
    with pytest.raises(EvidenceError, match="view"):
        opened(folder, scratch)
    assert time.process_time() - start < 2


@pytest.mark.parametrize("kind", ["folder", "zip"])
def test_rows_of_the_log_of_the_manifest_count(make_backup, scratch, tmp_path, kind):
    folder = make_backup("phone", FILES)
    with sqlite3.connect(folder / "Manifest.db") as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA wal_autocheckpoint=0")
        database.execute("INSERT INTO Files VALUES (?, 'HomeDomain', 'Library/new', 1, NULL)", ("5" * 40,))
        database.commit()
        shutil.copytree(folder, tmp_path / "copy")
    database.close()
    (tmp_path / "copy/Manifest.db-shm").unlink()
    path = tmp_path / "copy"
    if kind == "zip":
        path = tmp_path / shutil.make_archive(str(tmp_path / "copy"), "zip", tmp_path / "copy")
    before = sorted((one, one.stat().st_mtime_ns) for one in (tmp_path / "copy").rglob("*"))
    tree = opened(path, scratch)
    assert [one.path for one in tree.absent] == ["HomeDomain/Library/new"]
    tree.close()
    assert sorted((one, one.stat().st_mtime_ns) for one in (tmp_path / "copy").rglob("*")) == before


def test_two_hundred_thousand_rows_open_quickly(tmp_path, scratch):
    rows = [(f"{i:040x}", f"AppDomain-com.example.{i % 300}", f"Library/Caches/{i % 997}/{i}.png", 1, None)
            for i in range(200_000)]  # fmt: skip
    with sqlite3.connect(tmp_path / "Manifest.db") as database:
        database.execute("CREATE TABLE Files (fileID TEXT PRIMARY KEY, domain TEXT, relativePath TEXT, flags, file)")
        database.executemany("INSERT INTO Files VALUES (?, ?, ?, ?, ?)", rows)
    database.close()
    read_manifest(tmp_path / "Manifest.db", scratch)  # what is imported is not what is measured
    start = time.process_time()
    files, notes = read_manifest(tmp_path / "Manifest.db", scratch)
    assert len(files) == 200_000 and notes == [] and time.process_time() - start < 2  # 0.5 s on a quiet machine


def test_the_synthetic_backup(public_data, scratch):
    tree = opened(public_data / "devices/ios_synthetic/backup", scratch)
    assert len(tree.entries()) == 6 and len(tree.absent) == 1139
    assert tree.digest(tree.entry("HomeDomain/Library/SMS/sms.db")) == (
        "5e94aac8a9ff31f85a7a52cd5f12e746676e6cdcfee40ea1e2f8638081d7132b"
    )
