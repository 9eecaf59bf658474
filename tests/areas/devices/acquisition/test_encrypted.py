"""Encrypted backups, made here by the documented format: opened by the right password, refused with a reason else."""

import hashlib
import os
import shutil
import stat
import tempfile

import pytest

from answerable.areas.devices.acquisition.encrypted import open_backup
from answerable.areas.devices.acquisition.passwords import PasswordNeeded, WrongPassword, read_password
from answerable.areas.devices.acquisition.recognise import open_acquisitions
from answerable.areas.devices.acquisition.tree import open_tree
from answerable.errors import EvidenceError

SMS, EMPTY, LOST = ("HomeDomain", "Library/SMS/sms.db"), ("HomeDomain", "Library/empty"), ("MediaDomain", "Media/a.jpg")
FILES = {SMS: b"SQLite format 3\0 and more" * 99, EMPTY: b"", LOST: b"picture"}


def listing(folder):
    return {path.relative_to(folder): path.stat().st_mtime_ns for path in sorted(folder.rglob("*"))}


@pytest.fixture
def temporary(tmp_path_factory, monkeypatch):
    """The system's folder for temporary files, watched."""
    folder = tmp_path_factory.mktemp("system")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def opened(folder, scratch, password="right"):
    tree = open_tree(folder, scratch)
    try:
        return open_backup(tree, encrypted=True, password=password)
    finally:
        tree.close()


def test_files_are_read_and_everything_is_erased(make_backup, scratch, temporary):
    folder = make_backup("phone", FILES, password="right")
    before = listing(folder)
    tree = opened(folder, scratch)
    (entry,) = tree.find("HomeDomain/Library/SMS/sms.db")
    assert tree.read(entry, 10_000) == FILES[SMS]
    assert tree.read(tree.entry("HomeDomain/Library/empty"), 10) == b""
    place = tree.place(entry)
    assert place.read_bytes() == FILES[SMS] and place.parent == scratch
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert tree.place(tree.entry("Manifest.db")).read_bytes().startswith(b"SQLite format 3\0")
    assert tree.read(tree.entry("Manifest.db"), 1 << 20).startswith(b"SQLite format 3\0")
    # the digest is that of the bytes which the other side can check without the password
    assert tree.digest(entry) == hashlib.sha256((folder / entry.stored).read_bytes()).hexdigest()
    tree.close()
    assert not list(scratch.iterdir()) and not list(temporary.iterdir())
    assert listing(folder) == before


def test_a_large_file_is_decrypted_into_the_scratch_folder(make_backup, scratch, monkeypatch):
    from answerable.areas.devices.acquisition import encrypted

    monkeypatch.setattr(encrypted, "IN_MEMORY", 64)
    tree = opened(make_backup("phone", FILES, password="right"), scratch)
    assert tree.read(tree.entry("HomeDomain/Library/SMS/sms.db"), 10_000) == FILES[SMS]
    tree.close()
    assert not list(scratch.iterdir())


@pytest.mark.parametrize("password", ["wrong", "", "Right", "right "])
def test_a_wrong_password_says_so_and_leaves_nothing(make_backup, scratch, temporary, password):
    folder = make_backup("phone", FILES, password="right")
    with pytest.raises(WrongPassword, match="password does not open it"):
        open_acquisitions(folder, scratch, password=password)
    assert not list(scratch.iterdir()) and not list(temporary.iterdir())


def test_a_missing_password_says_so(make_backup, scratch):
    with pytest.raises(PasswordNeeded, match="encrypted"):
        open_acquisitions(make_backup("phone", FILES, password="right"), scratch)
    folder = make_backup("all/one", FILES, password="right").parent
    make_backup("all/two", FILES, password="right")
    with pytest.raises(PasswordNeeded, match="encrypted"):
        open_acquisitions(folder, scratch)


def test_recognised_with_its_password(make_backup, scratch):
    (one,) = open_acquisitions(make_backup("phone", FILES, password="pässword"), scratch, password="pässword")
    assert one.encrypted and one.kind == "ios backup" and one.version == "17.4.1"
    assert one.tree.read(one.tree.entry("HomeDomain/Library/SMS/sms.db"), 10_000) == FILES[SMS]
    one.tree.close()


def test_an_encrypted_backup_within_an_archive(make_backup, scratch, tmp_path):
    make_backup("all/phone", FILES, password="right")
    archive = shutil.make_archive(str(tmp_path / "all"), "zip", tmp_path / "all")
    (one,) = open_acquisitions(tmp_path / archive, scratch, password="right")
    assert one.tree.read(one.tree.entry("MediaDomain/Media/a.jpg"), 100) == b"picture"
    assert one.tree.place(one.tree.entry("MediaDomain/Media/a.jpg")).read_bytes() == b"picture"
    one.tree.close()
    assert not list(scratch.iterdir())


def test_a_file_whose_class_has_no_key_is_the_only_one_that_is_lost(make_backup, scratch):
    folder = make_backup("phone", FILES, password="right", classes={LOST: 11})
    tree = opened(folder, scratch)
    with pytest.raises(EvidenceError, match="protection class 11 is not there"):
        tree.read(tree.entry("MediaDomain/Media/a.jpg"), 100)
    with pytest.raises(EvidenceError, match="protection class 11"):
        tree.place(tree.entry("MediaDomain/Media/a.jpg"))
    assert tree.read(tree.entry("HomeDomain/Library/SMS/sms.db"), 10_000) == FILES[SMS]
    tree.close()


def test_a_keybag_whose_classes_are_no_numbers(make_backup, scratch):
    def spoil(blob):
        return spoil_last_key(blob).replace(b"CLAS\0\0\0\4\0\0\0\1", b"CLAS\0\0\0\5wrong")

    tree = opened(make_backup("phone", FILES, password="right", spoil=spoil), scratch)
    assert tree.read(tree.entry("HomeDomain/Library/SMS/sms.db"), 10_000) == FILES[SMS]
    tree.close()


def spoil_last_key(blob):
    return blob[:-1] + bytes([blob[-1] ^ 1])


def test_one_damaged_key_of_the_keybag_is_noted(make_backup, scratch):
    tree = opened(make_backup("phone", FILES, password="right", spoil=spoil_last_key, classes={LOST: 4}), scratch)
    assert any("cannot be unlocked" in note and "4" in note for note in tree.notes)
    assert tree.read(tree.entry("HomeDomain/Library/SMS/sms.db"), 10_000) == FILES[SMS]
    with pytest.raises(EvidenceError, match="protection class 4"):
        tree.read(tree.entry("MediaDomain/Media/a.jpg"), 100)
    tree.close()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda blob: b"",
        lambda blob: blob[:30],
        lambda blob: blob[:150],
        lambda blob: os.urandom(200),
        lambda blob: blob.replace(b"ITER\0\0\0\4\0\0\0\x08", b"ITER\0\0\0\4\xff\xff\xff\xff"),
        lambda blob: blob.replace(b"CLAS", b"XXXX"),
    ],
)
def test_a_damaged_keybag_is_told_and_never_a_crash(make_backup, scratch, spoil):
    folder = make_backup("phone", FILES, password="right", spoil=spoil)
    with pytest.raises(EvidenceError, match=r"keybag|password"):
        open_acquisitions(folder, scratch, password="right")
    assert not list(scratch.iterdir())


def test_half_a_manifest_is_told_and_leaves_nothing(make_backup, scratch):
    folder = make_backup("phone", FILES, password="right")
    manifest = folder / "Manifest.db"
    manifest.write_bytes(manifest.read_bytes()[: manifest.stat().st_size // 2 // 16 * 16])
    with pytest.raises(EvidenceError, match="decrypted"):
        open_acquisitions(folder, scratch, password="right")
    assert not list(scratch.iterdir())


def test_a_file_that_is_cut_short_is_a_gap(make_backup, scratch):
    folder = make_backup("phone", FILES, password="right")
    tree = opened(folder, scratch)
    entry = tree.entry("HomeDomain/Library/SMS/sms.db")
    stored = folder / entry.stored
    for keep in (len(FILES[SMS]) // 2, 160):
        stored.write_bytes(stored.read_bytes()[:keep])
        entry = tree.entry(entry.path)
        with pytest.raises(EvidenceError, match="cannot be"):
            tree.read(entry, 10_000)
        with pytest.raises(EvidenceError, match="cannot be decrypted"):
            tree.place(entry)
    tree.close()
    assert not list(scratch.iterdir())


def test_among_several_phones_the_locked_one_is_told(make_backup, scratch, tmp_path):
    make_backup("all/locked", FILES, password="other")
    make_backup("all/open", FILES)
    locked, free = open_acquisitions(tmp_path / "all", scratch, password="right")
    assert "password does not open it" in locked.problem and locked.encrypted and locked.version == "17.4.1"
    assert not locked.tree.find("HomeDomain/**") and locked.tree.find("Info.plist")
    assert free.problem == "" and free.tree.find("HomeDomain/**")
    locked.tree.close()
    free.tree.close()


def test_a_password_is_the_first_line_of_its_file(tmp_path):
    file = tmp_path / "password"
    file.write_bytes(b" with spaces \r\nnot this\n")
    assert read_password(file) == " with spaces "
    for bad in (b"", b"\n", b"\xff\xfe\n", b"x" * 5000):
        file.write_bytes(bad)
        with pytest.raises(EvidenceError):
            read_password(file)
    with pytest.raises(EvidenceError):
        read_password(tmp_path / "none")
