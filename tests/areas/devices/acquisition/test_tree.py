"""Folders and archives, well-behaved and hostile: every file once, nothing outside, nothing written beside."""

import hashlib
import io
import os
import shutil
import socket
import subprocess
import tarfile
import time
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.areas.devices.acquisition import names
from answerable.areas.devices.acquisition import tree as trees
from answerable.areas.devices.acquisition.finding import PathIndex
from answerable.areas.devices.acquisition.names import logical_path
from answerable.areas.devices.acquisition.tree import open_tree
from answerable.areas.devices.acquisition.views import below
from answerable.errors import EvidenceError

FILES = {"a.txt": b"one", "b/c.db": b"two" * 1000, "b/d/e.plist": b"", "b/d/ü.txt": b"three"}
FORMATS = ["folder", "zip", "tar", "gztar", "bztar", "xztar"]


@pytest.fixture
def make(tmp_path):
    """A function that lays files out as a folder or an archive."""

    def lay(kind, files=FILES):
        folder = tmp_path / "evidence"
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return folder if kind == "folder" else tmp_path / shutil.make_archive(str(tmp_path / "packed"), kind, folder)

    return lay


def tar(path, members, mode="w"):
    """A tar of (name, bytes or type, linkname)."""
    with tarfile.open(path, mode) as archive:
        for name, data, *link in members:
            member = tarfile.TarInfo(name)
            if isinstance(data, bytes) and len(data) > 1:
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
            else:
                member.type = data
                member.linkname = link[0] if link else ""
                archive.addfile(member)
    return path


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_is_read_alike(make, scratch, kind):
    path = make(kind)
    tree = open_tree(path, scratch)
    assert tree.format == {"folder": "folder", "zip": "zip archive"}.get(kind, "tar archive")
    assert [entry.path for entry in tree.entries()] == sorted(FILES)
    for entry in tree.entries():
        data = FILES[entry.path]
        assert entry.size == len(data) == tree.size(entry)
        assert tree.read(entry, 10_000) == data
        assert tree.place(entry).read_bytes() == data == tree.place(entry).read_bytes()
        assert tree.digest(entry) == hashlib.sha256(data).hexdigest()
        if kind != "folder":
            assert tree.place(entry).parent == scratch and tree.place(entry).stat().st_mode & 0o777 == 0o600
    with pytest.raises(EvidenceError, match="3,000 bytes"):
        tree.read(tree.entry("b/c.db"), 2999)
    assert tree.notes == []
    tree.close()
    assert not list(scratch.iterdir()) and path.exists()


def test_a_single_file_is_a_tree_of_one(tmp_path, scratch):
    (tmp_path / "one.txt").write_bytes(b"data")
    (tmp_path / "other.txt").write_bytes(b"data")
    tree = open_tree(tmp_path / "one.txt", scratch)
    assert tree.format == "file" and [entry.path for entry in tree.entries()] == ["one.txt"]
    assert tree.read(tree.entry("one.txt"), 10) == b"data"
    with pytest.raises(EvidenceError, match="no such"):
        open_tree(tmp_path / "none", scratch)


def test_closing_erases_no_evidence(make, scratch):
    path = make("folder")
    tree = open_tree(path, scratch)
    assert tree.place(tree.entry("b/c.db")) == path / "b/c.db"
    tree.close()
    assert (path / "b/c.db").exists()


def test_no_scratch_folder_within_the_evidence(make, tmp_path):
    path = make("folder")
    (tmp_path / "link").symlink_to(path / "b")
    for scratch in (path, path / "b", tmp_path / "link"):
        with pytest.raises(EvidenceError, match="scratch folder lies within"):
            open_tree(path, scratch)


def test_a_part_is_closed_with_its_whole(make, scratch):
    whole = open_tree(make("zip"), scratch)
    part = below(whole, "b")
    assert [entry.path for entry in part.entries()] == ["c.db", "d/e.plist", "d/ü.txt"]
    assert part.entry("c.db").stored == "b/c.db"
    whole.close()
    assert part.read(part.entry("c.db"), 5000) == FILES["b/c.db"]
    part.close()
    with pytest.raises(EvidenceError, match="cannot be read"):
        part.read(part.entry("c.db"), 5000)


# ---- finding

PATHS = st.lists(st.text("ab.*?[", min_size=1, max_size=3), min_size=1, max_size=4).map("/".join)
PATTERNS = st.lists(st.one_of(st.just("**"), st.text("ab.*?[", min_size=1, max_size=3)), min_size=1, max_size=4)


def fits(pattern, path):
    """The meaning of a pattern, told slowly."""

    def component(said, name):
        if not said:
            return not name
        if said[0] == "*":
            return component(said[1:], name) or (bool(name) and component(said, name[1:]))
        return bool(name) and said[0] == name[0] and component(said[1:], name[1:])

    if not pattern:
        return not path
    if pattern[0] == "**":
        return (len(pattern) > 1 and fits(pattern[1:], path)) or (
            bool(path) and (fits(pattern, path[1:]) or (len(pattern) == 1 and len(path) == 1))
        )
    return bool(path) and component(pattern[0], path[0]) and fits(pattern[1:], path[1:])


@given(st.sets(PATHS, max_size=20), PATTERNS)
def test_find_means_what_it_says(paths, pattern):
    text = "/".join(pattern)
    found = PathIndex(paths).match(text)
    # "**" within a component, as "a**b", is two stars
    assert found == sorted(path for path in paths if fits(text.split("/"), path.split("/")))


def test_find_is_quick_on_many():
    index = PathIndex({f"AppDomain-{i % 500}/Library/folder {i % 97}/file {i}.plist": None for i in range(200_000)})
    assert index.match("AppDomain-1/Library/folder 1/file 1.plist")
    start = time.process_time()
    for number in range(1000):
        assert index.match(f"AppDomain-{number % 500}/Library/folder 1/file 1.plist") or number % 500 != 1
    assert time.process_time() - start < 0.2
    assert len(index.match("AppDomain-7/**")) == 400 and len(index.match("AppDomain-*/Library/*/file 7.plist")) == 1


@given(st.text(alphabet="ab./\\\0:C", max_size=12))
def test_no_logical_path_climbs(name):
    path, reason = logical_path(name)
    assert bool(path) != bool(reason)
    parts = path.split("/")
    assert not path.startswith("/") and ".." not in parts and "." not in parts and "\\" not in path and "\0" not in path
    assert not reason or not path


@given(st.text(alphabet="ab./\\\0:Cü", max_size=9))
def test_the_quick_look_at_a_name_says_what_the_long_one_says(name):
    from unittest import mock

    with mock.patch.object(names, "_is_plain", return_value=False):
        slow = logical_path(name)
    assert logical_path(name) == slow


# ---- hostile folders


def test_links_cycles_and_devices_end(tmp_path, scratch):
    folder = tmp_path / "evidence"
    (folder / "a").mkdir(parents=True)
    (folder / "a/loop").symlink_to(folder)
    (folder / "a/self").symlink_to("self")
    (tmp_path / "secret").write_text("secret")
    (folder / "out").symlink_to(tmp_path / "secret")
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(folder / "socket"))
    (folder / "real").write_text("real")
    tree = open_tree(folder, scratch)
    assert {entry.path: entry.link for entry in tree.entries()} == {
        "a/loop": True, "a/self": True, "out": True, "real": False,
    }  # fmt: skip
    for ask in (lambda one: tree.read(one, 100), tree.place, tree.digest):
        with pytest.raises(EvidenceError, match="link"):
            ask(tree.entry("out"))
    assert any("links" in note and "3" in note for note in tree.notes)
    assert any("pipes" in note and "2" in note for note in tree.notes)


def test_a_file_that_became_a_pipe_is_not_waited_for(tmp_path, scratch):
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / "file").write_text("data")
    tree = open_tree(folder, scratch)
    entry = tree.entry("file")
    (folder / "file").unlink()
    os.mkfifo(folder / "file")
    with pytest.raises(EvidenceError, match="not a regular file"):
        tree.read(entry, 100)


def test_a_sparse_file_of_ten_gigabytes_is_not_read(tmp_path, scratch):
    (tmp_path / "evidence").mkdir()
    with (tmp_path / "evidence/huge.db").open("wb") as file:
        file.truncate(10 << 30)
    tree = open_tree(tmp_path / "evidence", scratch)
    start = time.process_time()
    with pytest.raises(EvidenceError, match="10,737,418,240 bytes"):
        tree.read(tree.entry("huge.db"), 1 << 20)
    assert tree.place(tree.entry("huge.db")) == tmp_path / "evidence/huge.db"
    assert time.process_time() - start < 1


def test_odd_names_are_told_apart_and_readable(tmp_path, scratch):
    folder = tmp_path / "evidence"
    folder.mkdir()
    for name in (b"odd\xff", b"Case", b"case", b"back\\slash", b"new\nline"):
        with open(os.path.join(os.fsencode(folder), name), "wb") as file:  # noqa: PTH118, PTH123 (no UTF-8 name)
            file.write(b"data")
    tree = open_tree(folder, scratch)
    for entry in tree.entries():
        entry.path.encode()
        assert tree.read(entry, 10) == b"data"
    assert len(tree.entries()) == 4
    assert any("case alone: 1" in note for note in tree.notes) and any("backslash: 1" in note for note in tree.notes)
    assert all("\n" not in note for note in tree.notes)


def test_unreadable_folders_are_noted(tmp_path, scratch, monkeypatch):
    (tmp_path / "evidence/closed").mkdir(parents=True)
    (tmp_path / "evidence/file").write_text("x")
    real = os.scandir

    def scandir(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    tree = open_tree(tmp_path / "evidence", scratch)
    assert any("Permission denied" in note and "closed" in note and str(tmp_path) not in note for note in tree.notes)
    assert len(tree.entries()) == 1


def test_too_many_entries_are_noted(make, scratch, monkeypatch):
    from answerable.areas.devices.acquisition import archives, folders

    for module in (archives, folders):
        monkeypatch.setattr(module, "LARGEST_COUNT", 2)
    for kind in ("folder", "zip", "tar"):
        tree = open_tree(make(kind), scratch)
        assert len(tree.entries()) == 2 and any("beyond the first 2" in note for note in tree.notes), kind
        tree.close()


# ---- hostile archives

NAMES = ["../up", "a/../../up", "/absolute", "C:/drive", "C:\\drive", "back\\slash", "./plain", "a//b", "", "."]


def test_names_that_climb_out_are_refused(tmp_path, scratch):
    packed = tar(tmp_path / "x.tar", [(name, b"data") for name in NAMES])
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name in [*NAMES[:8], "nul\0byte", "\0", ""]:
            info = zipfile.ZipInfo("x")
            info.filename = info.orig_filename = name
            archive.writestr(info, b"data")
    for path in (packed, tmp_path / "x.zip"):
        tree = open_tree(path, scratch)
        assert [entry.path for entry in tree.entries()] == ["a/b", "absolute", "plain"], path
        told = "\n".join(tree.notes)
        assert "climb out with '..': 2" in told and "drive letter: 1" in told and "backslash: 2" in told
        for entry in tree.entries():
            assert tree.place(entry).parent == scratch
        tree.close()
    assert not (tmp_path / "up").exists() and not list(scratch.iterdir())


def test_links_and_devices_of_a_tar(tmp_path, scratch):
    members = [
        ("file", b"data"), ("hard", tarfile.LNKTYPE, "file"), ("hard-out", tarfile.LNKTYPE, "../../etc/passwd"),
        ("soft", tarfile.SYMTYPE, "/etc/passwd"), ("loop", tarfile.SYMTYPE, "loop"),
        ("cycle", tarfile.LNKTYPE, "cycle"),
        ("disk", tarfile.BLKTYPE), ("tty", tarfile.CHRTYPE), ("pipe", tarfile.FIFOTYPE), ("file", b"newer"),
    ]  # fmt: skip
    tree = open_tree(tar(tmp_path / "x.tar", members), scratch)
    assert [(entry.path, entry.link) for entry in tree.entries()] == [
        ("file", False), ("hard", False), ("loop", True), ("soft", True),
    ]  # fmt: skip
    assert tree.read(tree.entry("hard"), 10) == b"data" and tree.read(tree.entry("file"), 10) == b"newer"
    with pytest.raises(EvidenceError, match="link"):
        tree.read(tree.entry("soft"), 10)
    told = "\n".join(tree.notes)
    assert "hard links to what is not in the archive: 2" in told and "pipes, not opened: 3" in told
    assert "name of an earlier one" in told
    tree.close()


def test_links_and_duplicates_of_a_zip(tmp_path, scratch):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        info = zipfile.ZipInfo("soft")
        info.create_system, info.external_attr = 3, 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
        pipe = zipfile.ZipInfo("pipe")
        pipe.create_system, pipe.external_attr = 3, 0o010644 << 16
        archive.writestr(pipe, "")
        archive.writestr("file", "older")
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("file", "newer")
    tree = open_tree(tmp_path / "x.zip", scratch)
    assert {entry.path: entry.link for entry in tree.entries()} == {"soft": True, "file": False}
    assert tree.read(tree.entry("file"), 10) == b"newer"
    with pytest.raises(EvidenceError, match="link"):
        tree.place(tree.entry("soft"))
    tree.close()


def test_sparse_members_of_a_tar(tmp_path, scratch):
    gnu = shutil.which("tar")
    if not gnu:
        pytest.skip("tar is not installed: it writes sparse members, the standard library does not")
    for name, size in (("holes", 1 << 20), ("bomb", 40 << 30)):
        with (tmp_path / name).open("wb") as file:
            file.write(b"start")
            file.truncate(size)
            file.seek(size - 3)
            file.write(b"end")
    command = [gnu, "--format=gnu", "--sparse", "-cf", tmp_path / "x.tar", "-C", tmp_path, "holes", "bomb"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this tar writes no sparse members")
    assert (tmp_path / "x.tar").stat().st_size < 1 << 20
    tree = open_tree(tmp_path / "x.tar", scratch)
    assert tree.read(tree.entry("holes"), 1 << 21) == b"start" + bytes((1 << 20) - 8) + b"end"
    for ask in (tree.place, tree.digest):
        with pytest.raises(EvidenceError, match="bomb"):
            ask(tree.entry("bomb"))
    tree.close()
    assert not list(scratch.iterdir())


def test_bombs_are_refused(tmp_path, scratch):
    zeros = tmp_path / "zeros"
    with zeros.open("wb") as file:
        file.truncate(300 << 20)
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(zeros, "zeros")
        archive.writestr("good", b"data" * 100)
    tree = open_tree(tmp_path / "x.zip", scratch)
    for ask in (lambda one: tree.read(one, 1 << 40), tree.place, tree.digest):
        with pytest.raises(EvidenceError, match="bomb"):
            ask(tree.entry("zeros"))
    assert tree.read(tree.entry("good"), 1000) == b"data" * 100
    tree.close()
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz", compresslevel=1) as packed:
        packed.add(zeros, "zeros")
    with pytest.raises(EvidenceError, match="bomb"):
        open_tree(tmp_path / "x.tar.gz", scratch)
    assert not list(scratch.iterdir())


def test_a_member_that_lies_about_its_size_is_not_believed(tmp_path, scratch):
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("file", b"data" * 1000)
    data = bytearray((tmp_path / "x.zip").read_bytes())
    place = data.index(b"PK\x01\x02")
    data[place + 24 : place + 28] = (10).to_bytes(4, "little")
    (tmp_path / "x.zip").write_bytes(data)
    tree = open_tree(tmp_path / "x.zip", scratch)
    with pytest.raises(EvidenceError, match="cannot be read"):
        tree.read(tree.entry("file"), 1 << 20)
    tree.close()


def test_no_room_is_a_reason(make, scratch, monkeypatch):
    monkeypatch.setattr(trees, "LARGEST_FILE", 2000)
    tree = open_tree(make("zip"), scratch)
    with pytest.raises(EvidenceError, match="room"):
        tree.place(tree.entry("b/c.db"))
    with pytest.raises(EvidenceError, match="too many"):
        tree.digest(tree.entry("b/c.db"))
    tree.close()
    assert not list(scratch.iterdir())


@pytest.mark.parametrize("kind", FORMATS[2:])
def test_a_tar_that_is_cut_short_is_read_as_far_as_it_goes(make, scratch, kind):
    path = make(kind, {f"file {number}": os.urandom(20_000) for number in range(20)})
    path.write_bytes(path.read_bytes()[:150_000])
    if kind == "bztar":  # one block of bzip2 holds them all
        with pytest.raises(EvidenceError, match="Nothing of it can be unpacked"):
            open_tree(path, scratch)
        return
    tree = open_tree(path, scratch)
    told = "\n".join(tree.notes)
    assert "cut short" in told
    good = 0
    for entry in tree.entries():
        try:
            assert len(tree.read(entry, 1 << 20)) == 20_000
            good += 1
        except EvidenceError as error:
            assert "cut short" in error.problem  # noqa: PT017 (most are whole, the last one is not)
    assert 0 < good < 20
    tree.close()


def test_a_zip_that_is_cut_short_says_so(make, scratch):
    path = make("zip")
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(EvidenceError, match="damaged or cut short"):
        open_tree(path, scratch)


def test_a_damaged_member_is_a_gap_for_it_alone(make, scratch):
    path = make("zip", {"a": os.urandom(5000), "b": os.urandom(5000)})
    data = bytearray(path.read_bytes())
    data[1000] ^= 255
    path.write_bytes(data)
    tree = open_tree(path, scratch)
    bad, good = sorted("ab", key=lambda name: tree._members[name].header_offset)
    for ask in (lambda one: tree.read(one, 10_000), lambda one: tree.read(one, 5000), tree.place, tree.digest):
        with pytest.raises(EvidenceError, match="cannot be read"):
            ask(tree.entry(bad))
    assert len(tree.read(tree.entry(good), 10_000)) == 5000
    tree.close()


def test_a_zip_with_a_password_of_its_own_is_a_gap(tmp_path, scratch):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("file", b"data")
    data = bytearray((tmp_path / "x.zip").read_bytes())
    data[6] |= 1  # the flag "encrypted", in both headers
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "x.zip").write_bytes(data)
    tree = open_tree(tmp_path / "x.zip", scratch)
    with pytest.raises(EvidenceError, match="encrypted"):
        tree.read(tree.entry("file"), 10)
    tree.close()


def test_a_header_that_asks_for_gigabytes_is_refused(tmp_path, scratch):
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        good = tarfile.TarInfo("good")
        good.size = 4
        archive.addfile(good, io.BytesIO(b"data"))
        long = tarfile.TarInfo("long")
        long.type, long.size = tarfile.XHDTYPE, 6 << 30
        archive.addfile(long, None)
        archive.fileobj.truncate(8 << 30)
    tree = open_tree(tmp_path / "x.tar", scratch)
    assert [entry.path for entry in tree.entries()] == ["good"] and any("damaged" in note for note in tree.notes)
    tree.close()


def test_an_archive_of_garbage_is_no_crash(tmp_path, scratch):
    for number, start in enumerate((b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"")):
        path = tmp_path / f"garbage {number}"
        path.write_bytes(start + os.urandom(2000))
        try:
            tree = open_tree(path, scratch)
        except EvidenceError:
            continue
        tree.close()
    assert not list(scratch.iterdir())
