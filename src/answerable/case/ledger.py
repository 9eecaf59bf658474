"""The ledger: what was done in a case, in order, each entry holding the digest of the one before.

One JSON object a line. A changed, dropped or moved entry breaks the chain. A chain that somebody holds alone shows no
rewriting of the whole; that needs a copy of its last digest in other hands.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from answerable.case.files import lock, sync_folder, telling_of
from answerable.errors import CaseError

if TYPE_CHECKING:
    from answerable.core.finding import Asked

Act = Literal["new", "add", "look", "save", "freeze", "run", "report", "torn"]
NAME = "ledger.jsonl"
TORN = "ledger.torn"
_LOOKS = frozenset({"look", "save", "run"})


@dataclass(frozen=True, slots=True)
class Subject:
    """What an act was about: its kind ("exhibit", "question", "findings", ...), its name, and its SHA-256."""

    kind: str
    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act.

    Args:
        number: 1 for the first.
        time: in UTC, by the computer's clock.
        actor: who did it.
        act: what was done; "torn" reports a line that an interrupted writer left and that was set aside.
        subjects: what it was about.
        previous: SHA-256 of the line before, without its end; "" for the first.
    """

    number: int
    time: str
    actor: str
    act: Act
    subjects: tuple[Subject, ...]
    previous: str

    def digests(self, kind: str) -> set[str]:
        """Digests of the subjects of one kind."""
        return {subject.sha256 for subject in self.subjects if subject.kind == kind}


class Ledger:
    """The ledger, held by this process alone while it is open for writing."""

    def __init__(self, stream: FileIO, path: Path, actor: str) -> None:
        self._stream, self._path, self._actor = stream, path, actor
        data = stream.read()
        self.entries, torn = _parse(data)
        self._last = _last_digest(data[: len(data) - len(torn)])
        with telling_of(path):
            if torn:
                self._set_aside(torn)
            self._report_torn()

    def append(self, act: Act, subjects: Sequence[Subject] = ()) -> Entry:
        """Write one entry, durably.

        Raises:
            CaseError: it could not be written; the ledger is then as it was.
        """
        entry = Entry(
            number=len(self.entries) + 1,
            time=datetime.now(UTC).isoformat(timespec="milliseconds"),
            actor=self._actor,
            act=act,
            subjects=tuple(subjects),
            previous=self._last,
        )
        line = json.dumps(asdict(entry), ensure_ascii=False).encode()
        with telling_of(self._path):
            end = self._stream.seek(0, os.SEEK_END)
            try:
                self._write(line + b"\n")
            except OSError:
                self._stream.truncate(end)
                raise
        self.entries.append(entry)
        self._last = hashlib.sha256(line).hexdigest()
        return entry

    def _set_aside(self, torn: bytes) -> None:
        """Move the bytes of a torn line to a file of their own, first there and only then off the ledger."""
        aside = self._path.with_name(TORN)
        with aside.open("ab") as stream:
            stream.write(torn + b"\n")
            stream.flush()
            os.fsync(stream.fileno())
        sync_folder(aside.parent)
        self._stream.truncate(self._stream.seek(0, os.SEEK_END) - len(torn))
        os.fsync(self._stream.fileno())

    def _report_torn(self) -> None:
        # Asked of the file, not of this run: a writer killed between setting aside and reporting leaves it to the next.
        aside = self._path.with_name(TORN)
        if aside.is_file():
            digest = hashlib.sha256(aside.read_bytes()).hexdigest()
            if not any(entry.act == "torn" and digest in entry.digests("torn line") for entry in self.entries):
                self.append("torn", [Subject("torn line", TORN, digest)])

    def _write(self, data: bytes) -> None:
        while data:  # an unbuffered stream may take less than it is given
            data = data[self._stream.write(data) :]
        os.fsync(self._stream.fileno())


@contextmanager
def writing(folder: Path, actor: str) -> Iterator[Ledger]:
    """The ledger of the case in a folder, held for writing; waits for another process that holds it.

    Raises:
        CaseError: an entry does not follow from the one before.
    """
    path = folder / NAME
    with telling_of(path):
        stream = path.open("a+b", buffering=0)
    with stream:
        with telling_of(path):
            sync_folder(folder)
        lock(stream, wait=True)
        stream.seek(0)
        yield Ledger(stream, path, actor)


def read_ledger(folder: Path) -> tuple[list[Entry], bytes]:
    """The entries, and the bytes of a torn last line (b"" without one).

    Raises:
        CaseError: an entry does not follow from the one before.
    """
    path = folder / NAME
    return _parse(path.read_bytes()) if path.is_file() else ([], b"")


@dataclass(frozen=True, slots=True)
class History:
    """What the ledger says of questions and exhibits: the number of the first entry of each kind, by digest.

    Args:
        looked: by exhibit, its first look: a look, a question saved after asking it, or a run.
        frozen: by question, its first freezing.
        known: by question, its first mention.
        run: by question and exhibit, their first run.
    """

    looked: Mapping[str, int]
    frozen: Mapping[str, int]
    known: Mapping[str, int]
    run: Mapping[tuple[str, str], int]

    @classmethod
    def of(cls, entries: Sequence[Entry]) -> History:
        """The history that the entries tell."""
        history: tuple[dict[str, int], dict[str, int], dict[str, int], dict[tuple[str, str], int]] = ({}, {}, {}, {})
        looked, frozen, known, run = history
        for entry in entries:
            questions, exhibits = entry.digests("question"), entry.digests("exhibit")
            for question in questions:
                known.setdefault(question, entry.number)
                if entry.act == "freeze":
                    frozen.setdefault(question, entry.number)
                if entry.act == "run":
                    for exhibit in exhibits:
                        run.setdefault((question, exhibit), entry.number)
            if entry.act in _LOOKS:
                for exhibit in exhibits:
                    looked.setdefault(exhibit, entry.number)
        return cls(*history)

    def asked(self, question: str, exhibits: Collection[str]) -> Asked:
        """Whether a question was asked before its data were looked at.

        Args:
            question: its digest.
            exhibits: digests of the exhibits that it is asked of.

        Returns:
            "before" when it was frozen earlier than the first look at any of the exhibits; "after" when a look came
            earlier than the ledger's first word of the question, or than its freezing; "not recorded" otherwise.
        """
        never = math.inf
        looked = min((self.looked.get(exhibit, never) for exhibit in exhibits), default=never)
        if question in self.frozen:
            return "before" if self.frozen[question] < looked else "after"
        return "after" if looked < self.known.get(question, never) else "not recorded"


def _parse(data: bytes) -> tuple[list[Entry], bytes]:
    *lines, torn = data.split(b"\n")
    entries: list[Entry] = []
    previous = ""
    for number, line in enumerate(lines, start=1):
        try:
            read = json.loads(line)
            entry = Entry(**{**read, "subjects": tuple(Subject(**subject) for subject in read["subjects"])})
        except (ValueError, TypeError, KeyError) as error:
            raise _broken(number, "is not an entry") from error
        if entry.number != number or entry.previous != previous:
            raise _broken(number, "does not follow from the line before")
        entries.append(entry)
        previous = hashlib.sha256(line).hexdigest()
    return entries, torn


def _broken(number: int, problem: str) -> CaseError:
    return CaseError(
        f"{NAME}, line {number}: it {problem}, so the ledger was changed after it was written. "
        "Put back an unchanged copy of the file; nothing is written until then."
    )


def _last_digest(data: bytes) -> str:
    return hashlib.sha256(data.splitlines()[-1]).hexdigest() if data else ""
