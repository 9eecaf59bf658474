"""Intake: copied and hashed in one pass, read-only, never parsed, never half."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from answerable.case import intake
from answerable.case.folder import Case
from answerable.case.intake import take_in
from answerable.errors import CaseError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "case"
    made.mkdir()
    return made


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "data.csv"
    file.write_bytes(b"a,b\n1,2\n" * 400_000)  # several chunks
    return file


def test_the_copy_has_the_bytes_and_the_digest_and_is_read_only(source: Path, folder: Path) -> None:
    path, digest = take_in(source, folder)
    copy = folder / path
    assert path == "exhibits/data.csv"
    assert copy.read_bytes() == source.read_bytes()
    assert digest == hashlib.sha256(source.read_bytes()).hexdigest()
    assert stat.S_IMODE(copy.stat().st_mode) & 0o333 == 0


def test_the_source_is_left_as_it_was(source: Path, folder: Path) -> None:
    source.chmod(0o640)
    before = source.stat()
    take_in(source, folder)
    after = source.stat()
    same = ("st_mtime_ns", "st_ctime_ns", "st_mode", "st_size", "st_ino")
    assert [getattr(before, name) for name in same] == [getattr(after, name) for name in same]


def test_the_source_is_opened_for_reading_only(source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes = []
    opened = Path.open

    def recording(path: Path, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if path == source:
            modes.append(mode)
        return opened(path, mode, *args, **kwargs)

    monkeypatch.setattr(Path, "open", recording)
    take_in(source, folder)
    assert modes == ["rb"]


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.binary(max_size=2000))
def test_any_bytes_are_taken_as_they_are(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("any")
    (folder / "x.csv").write_bytes(data)
    path, digest = take_in(folder / "x.csv", folder)
    assert (folder / path).read_bytes() == data
    assert digest == hashlib.sha256(data).hexdigest()


def test_the_same_file_again_changes_nothing(source: Path, folder: Path) -> None:
    first = take_in(source, folder)
    before = (folder / first[0]).stat()
    assert take_in(source, folder) == first
    assert (folder / first[0]).stat() == before


@pytest.mark.parametrize("name", ["data.csv", "DATA.csv"])
def test_a_name_taken_by_other_bytes_is_refused(source: Path, folder: Path, tmp_path: Path, name: str) -> None:
    path, digest = take_in(source, folder)
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / name
    other.write_text("something else")
    with pytest.raises(CaseError, match=r"exhibits/data\.csv is there already, with other bytes.*another name"):
        take_in(other, folder)
    assert hashlib.sha256((folder / path).read_bytes()).hexdigest() == digest


def test_what_is_no_file_is_refused(folder: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(CaseError, match="There is no such file"):
        take_in(tmp_path / "nothing.csv", folder)
    with pytest.raises(CaseError, match="pipe cannot become an exhibit"):
        take_in(tmp_path / "pipe", folder)
    with pytest.raises(CaseError, match=r"is a folder, .* tar -cf"):
        take_in(tmp_path, folder)


@pytest.mark.parametrize("name", [".x.partial", "a\nb.csv", "a\x1b[2J.csv", os.fsdecode(b"caf\xe9.csv")])
def test_a_name_that_cannot_be_kept_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x")
    with pytest.raises(CaseError, match="Copy it under another name"):
        take_in(tmp_path / name, folder)


def test_a_file_among_the_exhibits_stays_where_it_is(folder: Path) -> None:
    (folder / "exhibits").mkdir()
    file = folder / "exhibits" / "data.csv"
    file.write_text("a\n1\n")
    assert take_in(file, folder) == ("exhibits/data.csv", hashlib.sha256(b"a\n1\n").hexdigest())
    assert stat.S_IMODE(file.stat().st_mode) & 0o222 == 0


def test_a_link_at_its_place_is_refused(source: Path, folder: Path, tmp_path: Path) -> None:
    (folder / "exhibits").mkdir()
    (folder / "exhibits" / "data.csv").symlink_to(source)
    with pytest.raises(CaseError, match="not an ordinary file"):
        take_in(source, folder)


def test_a_file_that_changes_while_it_is_copied_is_refused(
    source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = intake._read

    def growing(original: io.FileIO, buffer: bytearray, path: Path) -> int:
        with source.open("ab") as stream:
            stream.write(b"x" * len(buffer)) if original.tell() == 0 else None
        return read(original, buffer, path)

    monkeypatch.setattr(intake, "_read", growing)
    with pytest.raises(CaseError, match="changed while it was copied"):
        take_in(source, folder)
    assert list((folder / "exhibits").iterdir()) == []


@pytest.mark.parametrize("reads", [0, 2])
def test_a_source_that_cannot_be_read_leaves_nothing(
    source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, reads: int
) -> None:
    real = io.FileIO

    class Failing(real):
        left = reads

        def readinto(self, buffer: Any) -> int:
            if type(self).left == 0:
                raise OSError(errno.EIO, "Input/output error")
            type(self).left -= 1
            return super().readinto(buffer)

    monkeypatch.setattr(intake, "_open", lambda path: Failing(path))
    with pytest.raises(CaseError, match=r"data\.csv cannot be read: Input/output error"):
        take_in(source, folder)
    assert list((folder / "exhibits").iterdir()) == []


def test_a_full_disk_leaves_nothing_and_is_said(source: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(CaseError, match=r"data\.csv cannot be written: the disk is full"):
            take_in(source, folder)
    assert list((folder / "exhibits").iterdir()) == []
    assert take_in(source, folder)[0] == "exhibits/data.csv"


def test_an_interrupted_copy_is_removed_and_never_taken_for_an_exhibit(case: Case, source: Path) -> None:
    left = case.path / "exhibits" / ".0123456789ab.partial"
    left.write_bytes(b"half")
    exhibit = case.add(source)
    assert not left.exists()
    assert exhibit.sha256 == hashlib.sha256(source.read_bytes()).hexdigest()


def test_an_exhibit_copied_but_not_recorded_is_taken_up(case: Case, source: Path) -> None:
    take_in(source, case.path)  # killed before case.toml and ledger
    exhibit = case.add(source)
    assert Case.open(case.path).plan.exhibits[-1] == exhibit
