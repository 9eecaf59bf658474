"""What a parser is given: one file of an artefact, and safe doors to it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from answerable.areas.devices.acquisition.plists import read_plist
from answerable.areas.devices.acquisition.sqlite import Database, open_database
from answerable.areas.devices.acquisition.tree import BROKEN, into_scratch, why
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.acquisition.recognise import Acquisition
    from answerable.areas.devices.acquisition.tree import Entry

MEGABYTE = 1 << 20
_MOST_VALUES = 10_000_000
_SHOWN = 5
"""How many places of refused rows are kept."""


class Source:
    """One file of an artefact in an acquisition.

    Args:
        acquisition: what holds it.
        entry: the file.
        scratch: folder for copies that are thrown away.

    Attributes:
        notes: what else is to be known. gaps: what of it could not be looked at, and why.
    """

    def __init__(self, acquisition: Acquisition, entry: Entry, scratch: Path) -> None:
        self.acquisition, self.entry, self.scratch = acquisition, entry, scratch
        self.refusals: dict[str, tuple[int, list[int]]] = {}
        self.notes: list[str] = []
        self.gaps: list[str] = []
        self._databases: list[Database] = []

    @property
    def path(self) -> str:
        """The logical path, as "HomeDomain/Library/SMS/sms.db" in a backup."""
        return self.entry.path

    def read(self, limit: int = 64 * MEGABYTE) -> bytes:
        """All bytes of the file; EvidenceError where there are more than the limit."""
        return self.acquisition.tree.read(self.entry, limit)

    def text(self, limit: int = 256 * MEGABYTE) -> str:
        """The file as text: UTF-8, or UTF-16 with its mark; what is not valid becomes U+FFFD, with a note."""
        data = self.read(limit)
        encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        text = data.decode(encoding, errors="replace")
        if "\ufffd" in text:
            self.notes.append("Some bytes are no valid text; they stand as U+FFFD.")
        return text

    def lines(self, longest: int = MEGABYTE) -> Iterator[tuple[int, str]]:
        """The lines of a file of any length with their numbers, from 1; of a line too long only the start, refused.

        Raises:
            EvidenceError: it cannot be read to its end; the lines before that count.
        """
        number, rest = 0, False
        try:
            with self.acquisition.tree.open(self.entry) as stream:
                while data := stream.readline(longest):
                    whole = data.endswith(b"\n") or len(data) < longest
                    if not rest:
                        number += 1
                        yield number, data.decode("utf-8-sig" if number == 1 else "utf-8", "replace").rstrip("\r\n")
                        if not whole:
                            self.refuse(f"the rest of a line of more than {longest:,} bytes", number)
                    rest = not whole
        except BROKEN as error:
            raise EvidenceError(f"it cannot be read to its end ({why(error)}).", file=self.path) from error

    def plist(self, limit: int = 64 * MEGABYTE) -> Any:
        """The file as a property list."""
        return read_plist(self.read(limit))

    def json(self, limit: int = 256 * MEGABYTE) -> Any:
        """The file as JSON.

        Raises:
            EvidenceError: it is not JSON, nested too deeply, or of so many values that they would fill the memory.
        """
        text = self.text(limit)
        if sum(map(text.count, ",[{")) > _MOST_VALUES:
            raise EvidenceError(f"It holds more than {_MOST_VALUES:,} values.", file=self.path)
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise EvidenceError(f"this is not JSON that can be read ({error}).", file=self.path) from error

    def database(self, beside: str = "") -> AbstractContextManager[Database]:
        """The file as an SQLite database, with the log of writes that lies beside it; see `open_database`.

        One that is packed with gzip is unpacked into the scratch folder.
        """
        tree, log = self.acquisition.tree, f"{self.path}-wal"
        wal = tree.place(tree.entry(log)) if log in tree.index.known else None
        if wal is None and any(one.path == log for one in tree.find_absent(log)):
            self.gaps.append("its write-ahead log is listed by the backup and is not there: rows may be missing.")
        path = self._unpacked() if self.path.endswith(".gz") else tree.place(self.entry)
        opened = open_database(path, self.scratch, wal=wal)
        return _Watched(opened, self._databases, self.notes)

    def _unpacked(self) -> Path:
        try:
            with self.acquisition.tree.open(self.entry) as packed, gzip.open(packed) as stream:
                found = cast("BinaryIO", stream)
                return into_scratch(found, self.scratch, self.path, compressed=self.entry.size)[0]
        except BROKEN as error:
            raise EvidenceError(f"it cannot be unpacked ({why(error)}).", file=self.path) from error

    def refuse(self, reason: str, row: int = 0) -> None:
        """Count a row that cannot be taken."""
        count, rows = self.refusals.get(reason, (0, []))
        self.refusals[reason] = (count + 1, rows if len(rows) == _SHOWN or not row else [*rows, row])

    @property
    def misfits(self) -> dict[str, int]:
        """How many values of which columns did not have their type."""
        found: dict[str, int] = {}
        for database in self._databases:
            for column, count in database.misfits.items():
                found[column] = found.get(column, 0) + count
        return found


class _Watched(AbstractContextManager[Database]):
    """A database that is remembered, so that its misfits are counted when it is closed."""

    def __init__(self, opened: AbstractContextManager[Database], known: list[Database], notes: list[str]) -> None:
        self._opened, self._known, self._notes = opened, known, notes

    def __enter__(self) -> Database:
        database = self._opened.__enter__()
        self._known.append(database)
        return database

    def __exit__(self, *error: Any) -> bool | None:
        self._notes += self._known[-1].notes
        return self._opened.__exit__(*error)
