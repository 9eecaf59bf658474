"""Damaged, half, changing and locked acquisitions, read to their end: a gap with its reason, never silence."""

import contextlib
import itertools
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from answerable.areas.devices.extraction.parts import FAULT
from answerable.errors import AnswerableError, EvidenceError

SMS = "HomeDomain/Library/SMS/sms.db"


def test_a_history_cut_anywhere_gives_all_rows_or_a_gap(read, made, tmp_path, rows):
    whole = made.history(400)
    counts = set()
    for number, cut in enumerate([*range(0, 200, 23), *range(200, len(whole), len(whole) // 25)]):
        root = made.lay(tmp_path / f"phone{number}", {made.SAFARI: whole[:cut]})
        one = read(root, out=f"out{number}")["safari_history"]
        state = one.coverage()
        assert state["state"] in ("unreadable", "partly read"), cut
        assert state["reason"]
        found = rows(one)
        assert state["rows"] == len(found)
        assert (state["state"] == "partly read") == bool(found)
        # What came is what was there, but for the page within which the cut lies: zeros stand for what is gone.
        wrong = [row for row in found if row["title"] not in (None, f"page {row['row']}")]
        assert len(wrong) <= 1, wrong
        counts.add(len(found))
    assert len(counts) > 3  # what can be read before the cut is read


def test_flipped_bytes_never_lose_rows_without_a_word(read, made, tmp_path):
    whole, numbers = made.history(300), random.Random(11)
    lost = 0
    for number in range(40):
        data = bytearray(whole)
        for _ in range(numbers.choice([1, 3, 20])):
            data[numbers.randrange(len(data))] ^= 1 << numbers.randrange(8)
        root = made.lay(tmp_path / f"phone{number}", {made.SAFARI: bytes(data)})
        (account,) = read(root, out=f"out{number}")["safari_history"].accounts
        assert FAULT not in account.gap
        if account.rows + sum(count for count, _ in account.refused.values()) < 300:
            assert account.gap, number
            lost += 1
    assert lost  # some of them did lose rows


@pytest.fixture
def with_log(made, tmp_path):
    """A function that makes a history of some visits with more of them in its write-ahead log: the two files."""

    def make(before, more):
        path = tmp_path / "live.sqlite"
        path.unlink(missing_ok=True)
        path.write_bytes(made.history(before))
        with contextlib.closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA wal_autocheckpoint=0")
            for n in range(before + 1, before + more + 1):
                connection.execute("INSERT INTO history_items VALUES (?, ?, 1)", (n, f"https://late{n}.example.org/"))
                connection.execute(
                    "INSERT INTO history_visits (id, history_item, visit_time) VALUES (?, ?, 7e8)", (n, n)
                )
            connection.commit()
            main, log = path.read_bytes(), (tmp_path / "live.sqlite-wal").read_bytes()
        return main, log

    return make


@pytest.mark.parametrize("kind", ["ios backup", "ios file system"])
def test_rows_that_stand_in_the_log_alone_are_read_and_nothing_is_written(read, made, tmp_path, rows, with_log, kind):
    path = made.SAFARI if kind == "ios backup" else "private/var/mobile/Library/Safari/History.db"
    main, log = with_log(5, 3)
    root = made.lay(tmp_path / "phone", {path: main, f"{path}-wal": log}, kind)
    before = made.tree_state(root)
    one = read(root)["safari_history"]
    assert [row["row"] for row in rows(one)] == ["1", "2", "3", "4", "5", "6", "7", "8"]
    assert made.tree_state(root) == before


def test_another_log_beside_the_same_file_is_another_reading(read, made, tmp_path, rows, with_log):
    main, log = with_log(5, 3)
    root = made.lay(tmp_path / "phone", {made.SAFARI: main, f"{made.SAFARI}-wal": log})
    assert len(rows(read(root)["safari_history"])) == 8
    (root / made.stored(f"{made.SAFARI}-wal")).unlink()
    one = read(root)["safari_history"]
    assert len(rows(one)) == 5
    assert "write-ahead log is listed by the backup and is not there" in one.coverage()["reason"]


def test_a_log_of_another_file_or_of_noise_is_not_applied_and_is_named(read, made, tmp_path, rows):
    root = made.lay(tmp_path / "phone", {made.SAFARI: made.history(5), f"{made.SAFARI}-wal": bytes(range(256)) * 20})
    one = read(root)["safari_history"]
    assert len(rows(one)) == 5
    assert any("write-ahead log" in note for note in one.accounts[0].notes)


def test_half_a_backup_says_what_is_missing(read, made, tmp_path):
    root = made.lay(tmp_path / "phone", {made.SAFARI: made.history(5)}, absent=[SMS, "HomeDomain/Library/x"])
    found = read(root)
    state = found["sms"].coverage()
    assert state["state"] == "unreadable"
    assert "its file is not there: the backup is incomplete" in state["reason"]
    assert found["safari_history"].coverage()["state"] == "read"


def test_a_file_that_goes_while_others_are_read_is_a_gap(read, made, tmp_path):
    root = made.lay(tmp_path / "phone", {made.SAFARI: made.history(5), SMS: made.history(1)})

    def progress(done, total, what):
        (root / made.stored(SMS)).unlink(missing_ok=True)

    found = read(root, progress=progress)
    assert found["sms"].coverage()["state"] == "unreadable"
    assert "can no longer be looked at" in found["sms"].coverage()["reason"]
    assert found["safari_history"].coverage()["state"] == "read"


def test_a_database_that_says_it_is_large_is_read_as_far_as_it_goes(read, made, tmp_path, rows):
    root = made.lay(tmp_path / "phone", {made.SAFARI: made.history(50)})
    with (root / made.stored(made.SAFARI)).open("r+b") as file:
        file.truncate(200 << 20)
    one = read(root)["safari_history"]
    assert len(rows(one)) == 50


@pytest.mark.parametrize("what", ["pipe", "folder", "link", "socketless device"])
def test_what_is_no_file_is_not_waited_for(read, made, tmp_path, what):
    root = made.lay(tmp_path / "phone", {made.SAFARI: made.history(5), SMS: b"x"})
    place = root / made.stored(SMS)
    place.unlink()
    if what == "pipe":
        os.mkfifo(place)
    elif what == "folder":
        place.mkdir()
    elif what == "link":
        place.symlink_to("/dev/zero")
    else:
        place.symlink_to(tmp_path / "nowhere")
    found = read(root)
    assert found["sms"].coverage()["state"] in ("unreadable", "absent")
    assert found["sms"].coverage()["reason"]
    assert found["safari_history"].coverage()["state"] == "read"


def test_a_file_that_may_not_be_read_is_a_gap(read, made, tmp_path, monkeypatch):
    root = made.lay(tmp_path / "phone", {made.SAFARI: made.history(5), SMS: made.history(1)})
    locked = root / made.stored(SMS)
    locked.chmod(0)
    opened = os.open

    def refusing(path, *more, **others):  # whoever runs the tests as root may read everything
        if str(path) == str(locked):
            raise PermissionError(13, "Permission denied")
        return opened(path, *more, **others)

    monkeypatch.setattr(os, "open", refusing)
    found = read(root)
    assert found["sms"].coverage()["state"] == "unreadable"
    assert "Permission denied" in found["sms"].coverage()["reason"]
    assert found["safari_history"].coverage()["state"] == "read"


def test_a_database_that_another_program_holds_is_read(read, made, tmp_path, rows):
    root = made.lay(tmp_path / "phone", {made.SAFARI: made.history(5)})
    holder = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('BEGIN EXCLUSIVE');"
        "print('held', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(root / made.stored(made.SAFARI))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout.readline() == "held\n"
        one = read(root)["safari_history"]
        process.stdin.close()
    assert len(rows(one)) == 5
    assert one.coverage()["state"] == "read"


NAMES = [
    "a\nb",
    "a\x1b[2Jb",
    "a\tb",
    "…/\u202egnp.exe",
    "b\udc80c",
    "*",
    "?[x]",
    "'; DROP TABLE x; --",
    "<script>",
    "x" * 200,
]


@pytest.mark.parametrize("name", NAMES)
def test_odd_names_of_profiles_are_read_and_told_as_text(read, made, tmp_path, rows, name):
    path = f"HomeDomain/Library/Safari/Profiles/{name}/History.db"
    ok = name.isascii() or "\udc80" not in name
    root = made.lay(tmp_path / "phone", {made.SAFARI: made.history(2), **({path: made.history(3)} if ok else {})})
    one = read(root)["safari_history"]
    assert len(rows(one)) == (2 if "/" in name or not ok else 5)
    (files := tmp_path / "files").mkdir()
    inside = f"private/var/mobile/Library/Safari/Profiles/{name}/History.db"
    if len(os.fsencode(name)) < 255:
        root = made.lay(files / "phone", {inside: made.history(3)}, "ios file system")
        for one in read(root, out="files_out")["safari_history"].accounts:
            one.logical.encode()


@pytest.mark.parametrize("bad", ["names", "types", "empty", "noise"])
def test_a_manifest_that_lies_never_leads_out_of_the_backup(read, made, tmp_path, bad):
    (tmp_path / "secret").write_bytes(made.history(9))
    listed = {
        "names": [
            {"fileID": "../secret", "domain": "HomeDomain", "relativePath": "Library/Safari/History.db", "flags": 1},
            {"fileID": "a" * 40, "domain": "..", "relativePath": "../secret", "flags": 1},
            {"fileID": "b" * 40, "domain": "HomeDomain", "relativePath": "/etc/passwd", "flags": 1},
        ],
        "types": [{"fileID": b"\xff\xfe", "domain": 7, "relativePath": None, "flags": "x"}],
        "empty": [],
        "noise": None,
    }[bad]  # fmt: skip
    script = "CREATE TABLE Files (fileID, domain, relativePath, flags, file);"
    data = random.Random(3).randbytes(9_000) if listed is None else made.database(script, Files=listed)
    root = made.lay(tmp_path / "phone", {"Manifest.db": data})
    if bad == "noise":
        with pytest.raises(EvidenceError, match="SQLite"):
            read(root)
        return
    found = read(root)
    assert not found["safari_history"].accounts
    assert "secret" not in [account.path for one in found.values() for account in one.accounts]


def test_what_a_killed_run_left_is_removed(read, made, tmp_path):
    root = made.lay(tmp_path / "phone", {made.SAFARI: made.history(5)})
    left = tmp_path / "out" / "phones" / ".scratch-abc"
    left.mkdir(parents=True)
    (left / "decrypted-1").write_bytes(b"private")
    (tmp_path / "out" / "phones" / "visits").mkdir()
    half = tmp_path / "out" / "phones" / "visits" / ".safari_history-1.parquet.partial"
    half.write_bytes(b"half")
    read(root)
    assert not left.exists()
    assert not half.exists()
    assert not list((tmp_path / "out" / "phones").glob(".scratch-*"))


def test_an_encrypted_backup_leaves_no_plain_copy_and_no_open_file(read, make_backup, made, tmp_path):
    backup = make_backup(
        "locked", {("HomeDomain", "Library/Safari/History.db"): made.history(5)}, password="correct horse"
    )
    (tmp_path / "word").write_text("correct horse\n", encoding="utf-8")
    found = read(backup, password_file=str(tmp_path / "word"))
    assert found["safari_history"].coverage()["rows"] == 5
    for path in (tmp_path / "out").rglob("*"):
        assert not path.is_file() or (path.suffix == ".parquet" and b"SQLite format 3" not in path.read_bytes())
    handles = [path.readlink() for path in Path("/proc/self/fd").glob("*") if path.is_symlink()]  # none but on Linux
    assert not [path for path in map(str, handles) if str(backup) in path or ".scratch-" in path]


@pytest.mark.parametrize("given", [None, "wrong"])
def test_without_the_right_password_nothing_is_read(read, make_backup, made, tmp_path, given):
    backup = make_backup(
        "locked", {("HomeDomain", "Library/Safari/History.db"): made.history(5)}, password="correct horse"
    )
    (tmp_path / "word").write_text(f"{given}\n", encoding="utf-8")
    with pytest.raises(AnswerableError, match="encrypted" if given is None else "password does not open it"):
        read(backup, password_file=str(tmp_path / "word") if given else None)
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("data", [b"", b"\n", b"\xff\xfe\n", b"x" * 5_000])
def test_a_file_of_the_password_that_holds_none_is_told(read, made, tmp_path, data):
    root = made.lay(tmp_path / "phone", {made.SAFARI: made.history(5)})
    (tmp_path / "word").write_bytes(data)
    with pytest.raises(EvidenceError, match="password"):
        read(root, password_file=str(tmp_path / "word"))


def test_the_same_phone_read_twice_is_the_same_byte_for_byte(read, made, tmp_path):
    root = made.lay(tmp_path / "phone", {made.SAFARI: made.history(300), SMS: b"no database"})
    read(root, out="one")
    read(root, out="two")
    read(root, out="two")
    one, two = (
        {path.relative_to(tmp_path / out): path.read_bytes() for path in (tmp_path / out).rglob("*") if path.is_file()}
        for out in ("one", "two")
    )
    assert one == two
    shutil.rmtree(tmp_path / "one")
    assert len(list(itertools.chain(two))) >= 3
