"""The ledger: append-only, chained, honest about torn lines and changed ones."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.case.ledger import Entry, History, Subject, read_ledger, writing
from answerable.errors import CaseError

if TYPE_CHECKING:
    from answerable.case.folder import Case


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    with writing(tmp_path, "A. Investigator") as ledger:
        ledger.append("new")
        ledger.append("add", [Subject("exhibit", "é.csv", "ab" * 32)])
        ledger.append("freeze", [Subject("question", "forensic.names", "cd" * 32)])
    return tmp_path


def test_entries_hold_who_what_when_and_the_entry_before(filled: Path) -> None:
    lines = (filled / "ledger.jsonl").read_bytes().splitlines()
    entries, torn = read_ledger(filled)
    assert torn == b""
    assert [entry.act for entry in entries] == ["new", "add", "freeze"]
    assert [entry.number for entry in entries] == [1, 2, 3]
    assert {entry.actor for entry in entries} == {"A. Investigator"}
    assert entries[1].subjects == (Subject("exhibit", "é.csv", "ab" * 32),)
    assert entries[0].previous == ""
    assert [entry.previous for entry in entries[1:]] == [hashlib.sha256(line).hexdigest() for line in lines[:2]]
    now = datetime.now(UTC)
    assert all(timedelta(0) <= now - datetime.fromisoformat(entry.time) < timedelta(minutes=5) for entry in entries)


def test_appending_goes_on_where_the_last_writer_ended(filled: Path) -> None:
    before = (filled / "ledger.jsonl").read_bytes()
    with writing(filled, "B") as ledger:
        ledger.append("run")
    assert (filled / "ledger.jsonl").read_bytes().startswith(before)
    assert len(read_ledger(filled)[0]) == 4


@pytest.mark.parametrize("cut", [1, 7, 60])
def test_a_torn_line_is_set_aside_and_reported(filled: Path, cut: int) -> None:
    file = filled / "ledger.jsonl"
    data = file.read_bytes()
    last = data.splitlines(keepends=True)[-1]
    torn = last[:-cut]
    file.write_bytes(data[: -len(last)] + torn)
    entries, found = read_ledger(filled)
    assert (len(entries), found) == (2, torn)
    with writing(filled, "B") as ledger:
        ledger.append("run")
    entries, found = read_ledger(filled)
    assert [entry.act for entry in entries] == ["new", "add", "torn", "run"]
    assert found == b""
    aside = (filled / "ledger.torn").read_bytes()
    assert aside == torn + b"\n"
    assert entries[2].digests("torn line") == {hashlib.sha256(aside).hexdigest()}


def test_a_torn_line_set_aside_but_not_reported_is_reported_by_the_next_writer(filled: Path) -> None:
    (filled / "ledger.torn").write_bytes(b'{"number": 4, "ti\n')
    for _ in range(2):
        with writing(filled, "B"):
            pass
    assert [entry.act for entry in read_ledger(filled)[0]] == ["new", "add", "freeze", "torn"]


def test_a_case_tells_of_torn_lines(case: Case) -> None:
    assert case.notices == []
    with (case.path / "ledger.jsonl").open("ab") as stream:
        stream.write(b'{"number":')
    assert "ends in half a line" in case.notices[0]
    case.record("report")
    assert case.notices == [
        "ledger.jsonl, line 3: before it an interrupted writer left half a line, kept in ledger.torn."
    ]


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda lines: [lines[0].replace(b"A. Inv", b"B. Inv"), *lines[1:]], 2),
        (lambda lines: [lines[0], lines[2]], 2),
        (lambda lines: lines[1:], 1),
        (lambda lines: [lines[0], lines[2], lines[1]], 2),
        (lambda lines: [lines[0], b"nonsense", *lines[1:]], 2),
        (lambda lines: [lines[0], b"", *lines[1:]], 2),
        (lambda lines: [lines[0], b"[]", *lines[1:]], 2),
        (lambda lines: [lines[0], b'{"number": 2}', *lines[1:]], 2),
        (lambda lines: [lines[0], lines[0], *lines[1:]], 2),
    ],
)
def test_a_changed_ledger_is_told_and_nothing_is_written(filled: Path, change: object, line: int) -> None:
    file = filled / "ledger.jsonl"
    lines = change(file.read_bytes().splitlines())  # type: ignore[operator]
    changed = b"\n".join(lines) + b"\n"
    file.write_bytes(changed)
    with pytest.raises(CaseError, match=f"ledger.jsonl, line {line}"):
        read_ledger(filled)
    with pytest.raises(CaseError, match="unchanged copy"), writing(filled, "B") as ledger:
        ledger.append("run")
    assert file.read_bytes() == changed


@settings(max_examples=40, deadline=None)
@given(position=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_any_flipped_bit_before_the_last_line_is_found(
    position: int, bit: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("flip")
    with writing(folder, "A") as ledger:
        for _ in range(3):
            ledger.append("run", [Subject("exhibit", "x", "ab" * 32)])
    file = folder / "ledger.jsonl"
    data = bytearray(file.read_bytes())
    data[position % data.rindex(b"\n", 0, len(data) - 1)] ^= 1 << bit
    file.write_bytes(data)
    with pytest.raises(CaseError, match=r"ledger\.jsonl, line"):
        read_ledger(folder)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_an_entry_that_cannot_be_written_leaves_the_ledger_as_it_was(
    filled: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    before = (filled / "ledger.jsonl").read_bytes()

    def fail(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    with writing(filled, "B") as ledger:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fail)
            with pytest.raises(CaseError, match=r"ledger\.jsonl cannot be written"):
                ledger.append("run")
        assert (filled / "ledger.jsonl").read_bytes() == before
        ledger.append("run")
    assert len(read_ledger(filled)[0]) == 4


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from answerable.case.ledger import writing
for _ in range(15):
    with writing(Path(sys.argv[1]), sys.argv[2]) as ledger:
        ledger.append("run")
"""
    writers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(one)]) for one in range(4)]
    assert [writer.wait(timeout=60) for writer in writers] == [0] * 4
    entries, torn = read_ledger(tmp_path)
    assert torn == b""
    assert sorted(entry.actor for entry in entries) == sorted(str(one) for one in range(4) for _ in range(15))


def entries_of(*acts: tuple[str, str]) -> list[Entry]:
    """Entries from (act, kinds): q is the question, x its exhibit, y another exhibit."""
    subjects = {
        "q": Subject("question", "m", "q"),
        "x": Subject("exhibit", "x", "x"),
        "y": Subject("exhibit", "y", "y"),
    }
    return [
        Entry(number=n, time="", actor="", act=act, subjects=tuple(subjects[k] for k in kinds), previous="")  # type: ignore[arg-type]
        for n, (act, kinds) in enumerate(acts, start=1)
    ]


@pytest.mark.parametrize(
    ("acts", "expected"),
    [
        ([], "not recorded"),
        ([("add", "x")], "not recorded"),
        ([("freeze", "q")], "before"),
        ([("freeze", "q"), ("run", "qx")], "before"),
        ([("freeze", "q"), ("look", "x")], "before"),
        ([("look", "x"), ("freeze", "q")], "after"),
        ([("look", "y"), ("freeze", "q")], "before"),
        ([("run", "qx"), ("freeze", "q")], "after"),
        ([("save", "qx"), ("freeze", "q"), ("run", "qx")], "after"),
        ([("save", "q"), ("freeze", "q"), ("run", "qx")], "before"),
        ([("run", "qx")], "not recorded"),
        ([("run", "qx"), ("run", "qx")], "not recorded"),
        ([("look", "x"), ("run", "qx")], "after"),
        ([("run", "x")], "after"),
        ([("run", "x"), ("run", "qx")], "after"),
        ([("save", "qx"), ("run", "qx")], "not recorded"),
    ],
)
def test_when_a_question_was_asked(acts: list[tuple[str, str]], expected: str) -> None:
    assert History.of(entries_of(*acts)).asked("q", {"x"}) == expected


def test_a_missing_ledger_is_an_empty_one(tmp_path: Path) -> None:
    assert read_ledger(tmp_path) == ([], b"")


def test_a_line_is_json(filled: Path) -> None:
    for line in (filled / "ledger.jsonl").read_text().splitlines():
        assert set(json.loads(line)) == {"number", "time", "actor", "act", "subjects", "previous"}
