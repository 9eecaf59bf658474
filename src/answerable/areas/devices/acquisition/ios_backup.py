"""An iOS backup as a tree of files under the names that they had on the phone.

A backup keeps each file as fileID, the SHA-1 of "domain-relativePath", in a folder of its first two digits (flat in
backups made before iOS 10), and lists all of them in the table Files of Manifest.db: flags 1 a file, 2 a folder,
4 a link. Both columns of names are text that whoever had the phone could write: the logical path here is
"domain/relativePath", only looked up; on the disk only a fileID of 40 hexadecimal digits is looked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from answerable.areas.devices.acquisition.finding import PathIndex
from answerable.areas.devices.acquisition.names import Refusals, logical_path
from answerable.areas.devices.acquisition.sqlite import open_database
from answerable.areas.devices.acquisition.tree import Entries, Entry, Tree
from answerable.areas.devices.acquisition.views import View
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    import pyarrow as pa

OWN_FILES = ("Manifest.db", "Manifest.plist", "Info.plist", "Status.plist")
_COLUMNS = {"fileID": "string", "domain": "string", "relativePath": "string"}
_FILES = "SELECT fileID, domain, relativePath FROM Files NOT INDEXED WHERE flags = 1"
_IS_ID = r"\A[0-9a-f]{40}\z"
_IS_DOMAIN = r"\A[^/\\\x00]+\z"
_IS_SUSPECT = r"\A\z|\A/|//|/\z|(\A|/)\.\.?(/|\z)|[\\\x00]"  # what logical_path would refuse or change


def read_manifest(path: Path, scratch: Path, *, wal: Path | None = None) -> tuple[dict[str, str], list[str]]:
    """Reads which files a backup lists.

    Args:
        path: Manifest.db, not encrypted.
        scratch: folder for a copy where a log must be settled.
        wal: its write-ahead log, where it is not beside it.

    Returns:
        logical path -> fileID, and notes on the rows that were refused.

    Raises:
        EvidenceError: it is not a readable Manifest.db.
    """
    files: dict[str, str] = {}
    refusals = Refusals()
    with open_database(path, scratch, wal=wal) as database:
        notes, same = [f"Manifest.db: {note}" for note in database.notes], 0
        try:
            for batch in database.batches(_FILES, _COLUMNS, reads=["Files"]):
                same += _take(batch, files, refusals)
        except EvidenceError as error:
            if not files:
                raise
            notes.append(f"the manifest is damaged, and what follows in it is not known: {error.problem.rstrip('.')}")
    if same:
        notes.append(f"files of the manifest with the name of another one, of which the last is read: {same:,}")
    return files, notes + refusals.notes()


def _take(batch: pa.RecordBatch, files: dict[str, str], refusals: Refusals) -> int:
    """Adds the files of a batch; returns how many of them had the name of an earlier one."""
    import pyarrow.compute as pc

    identifier, domain, path = (batch.column(name) for name in _COLUMNS)
    good = pc.and_(
        pc.match_substring_regex(identifier, _IS_ID),
        pc.and_not(pc.match_substring_regex(domain, _IS_DOMAIN), pc.match_substring_regex(path, _IS_SUSPECT)),
    ).fill_null(False)
    listed = pc.binary_join_element_wise(domain, path, "/")
    before = len(files)
    names = listed.filter(good).to_pylist()
    files.update(zip(names, identifier.filter(good).to_pylist(), strict=True))
    bad = pc.invert(good)
    for said, name in zip(identifier.filter(bad).to_pylist(), listed.filter(bad).to_pylist(), strict=True):
        reason = logical_path(name or "")[1] or "names that are no clean path, or a fileID that is not 40 hex digits"
        refusals.add(f"files of the manifest, not read: {reason}", name or said or "")
    return before + len(names) - len(files)


class BackupTree(View):
    """The files of an iOS backup, as "domain/relativePath".

    Args:
        inner: the folder or archive.
        folder: the backup's folder in it, "" for the root.
        manifest: Manifest.db, not encrypted; where it lies in `inner` by default.

    Raises:
        EvidenceError: its Manifest.db cannot be read.
    """

    def __init__(self, inner: Tree, folder: str = "", *, manifest: Path | None = None) -> None:
        start = f"{folder}/" if folder else ""
        here = {name: start + name for name in OWN_FILES if inner.index.match(start + name)}
        if "Manifest.db" not in here:
            old = bool(inner.index.match(f"{start}Manifest.mbdb"))
            raise EvidenceError(
                "The backup is of the layout before iOS 10 (Manifest.mbdb), which is not read." if old
                else "The backup has no Manifest.db, and without it no file can be told from another.",
                file=folder or inner.root,
            )  # fmt: skip
        log = inner.index.match(f"{start}Manifest.db-wal") if manifest is None else []
        files, notes = read_manifest(
            manifest or inner.place(inner.entry(here["Manifest.db"])),
            inner.scratch,
            wal=inner.place(inner.entry(log[0])) if log else None,
        )
        self._missing: dict[str, str] = {}
        names = self._present(inner, start, files)
        names.update(here)
        super().__init__(inner, names, f"iOS backup in a {inner.format}")
        self.notes += inner.notes + notes
        self._identifiers = files
        self._absent = PathIndex(self._missing)
        if self._missing:
            self.notes.append(f"files that the manifest lists and the backup does not hold: {len(self._missing):,}")

    def _present(self, inner: Tree, start: str, files: dict[str, str]) -> dict[str, str]:
        there = {
            name: path
            for path in inner.index.known
            if len(name := path.rpartition("/")[2]) == 40 and path in (start + name, f"{start}{name[:2]}/{name}")
        }
        present: dict[str, str] = {}
        for path, identifier in files.items():
            if identifier in there:
                present[path] = there[identifier]
            else:
                self._missing[path] = identifier
        return present

    def _absent_entry(self, path: str) -> Entry:
        identifier = self._missing[path]
        return Entry(path, f"{identifier[:2]}/{identifier}", 0)

    def identifier(self, entry: Entry) -> str:
        """The fileID of a file of the manifest, present or absent; "" for the backup's own files."""
        return self._identifiers.get(entry.path, "")

    @property
    def absent(self) -> Sequence[Entry]:
        return Entries(self._absent.paths, self._absent_entry)

    def find_absent(self, pattern: str) -> Sequence[Entry]:
        return [self._absent_entry(path) for path in self._absent.match(pattern)]
