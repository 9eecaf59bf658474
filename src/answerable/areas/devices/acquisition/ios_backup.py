"""An iOS backup as a tree of files under the names that they had on the phone.

A backup keeps each file as fileID, the SHA-1 of "domain-relativePath", in a folder of its first two digits (flat in
backups made before iOS 10), and lists all of them in the table Files of Manifest.db: flags 1 a file, 2 a folder,
4 a link. Both columns of names are text that whoever had the phone could write: the logical path here is
"domain/relativePath", only looked up; on the disk only a fileID of 40 hexadecimal digits is looked for.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from answerable.areas.devices.acquisition.finding import PathIndex
from answerable.areas.devices.acquisition.listing import ListedPaths, Listing
from answerable.areas.devices.acquisition.names import Refusals, logical_path
from answerable.areas.devices.acquisition.sqlite import open_database
from answerable.areas.devices.acquisition.tree import Entries, Entry, Tree
from answerable.areas.devices.acquisition.views import View
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    import pyarrow as pa

OWN_FILES = ("Manifest.db", "Manifest.plist", "Info.plist", "Status.plist")
_NAMES = ("fileID", "domain", "relativePath")
_COLUMNS = {**dict.fromkeys(_NAMES, "string"), "flags": "int64"}
_FILE = 1
_IS_ID = r"\A[0-9a-f]{40}\z"
_IS_DOMAIN = r"\A[^/\\\x00]+\z"
_IS_SUSPECT = r"\A\z|\A/|//|/\z|(\A|/)\.\.?(/|\z)|[\\\x00]"  # what logical_path would refuse or change


def read_manifest(path: Path, scratch: Path, *, wal: Path | None = None) -> tuple[Listing, list[str]]:
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
    import pyarrow as pa
    import pyarrow.compute as pc

    refusals = Refusals()
    good: list[tuple[pa.Array, pa.Array]] = []
    with open_database(path, scratch, wal=wal) as database:
        notes = [f"Manifest.db: {note}" for note in database.notes]
        try:
            for batch in database.rows("Files", _COLUMNS, needed=list(_COLUMNS)):
                good.append(_taken(batch.filter(pc.equal(batch.column("flags"), _FILE)), refusals))
        except EvidenceError as error:
            if not any(len(paths) for paths, _ in good):
                raise
            notes.append(f"the manifest is damaged, and what follows in it is not known: {error.problem.rstrip('.')}")
    nothing = pa.array([], pa.string())
    files = (
        Listing(*(pa.concat_arrays([nothing, *arrays]) for arrays in zip(*good, strict=True)))
        if good
        else Listing(nothing, nothing)
    )
    if files.same:
        notes.append(f"files of the manifest with the name of another one, of which the last is read: {files.same:,}")
    return files, notes + refusals.notes()


def _taken(batch: pa.RecordBatch, refusals: Refusals) -> tuple[pa.Array, pa.Array]:
    """Paths and fileIDs of the files of a batch whose names are as names must be."""
    import pyarrow.compute as pc

    identifier, domain, path = (batch.column(name) for name in _NAMES)
    good = pc.and_(
        pc.match_substring_regex(identifier, _IS_ID),
        pc.and_not(pc.match_substring_regex(domain, _IS_DOMAIN), pc.match_substring_regex(path, _IS_SUSPECT)),
    ).fill_null(False)
    listed = pc.binary_join_element_wise(domain, path, "/")
    bad = pc.invert(good)
    for said, name in zip(identifier.filter(bad).to_pylist(), listed.filter(bad).to_pylist(), strict=True):
        reason = logical_path(name or "")[1] or "names that are no clean path, or a fileID that is not 40 hex digits"
        refusals.add(f"files of the manifest, not read: {reason}", name or said or "")
    return listed.filter(good), identifier.filter(good)


class _Stored(Mapping[str, str]):
    """Logical path -> where the file lies: the backup's own files, and those that its manifest lists."""

    def __init__(self, own: Mapping[str, str], listing: Listing, places: Mapping[str, str]) -> None:
        self._own, self._listing, self._places = own, listing, places

    def __getitem__(self, path: str) -> str:
        return self._own[path] if path in self._own else self._places[self._listing[path]]

    def __contains__(self, path: object) -> bool:
        return path in self._own or path in self._listing

    def __iter__(self) -> Iterator[str]:
        return itertools.chain(self._own, self._listing)

    def __len__(self) -> int:
        return len(self._own) + len(self._listing)


class _BackupPaths(ListedPaths):
    """Paths of the manifest and of the backup's own files."""

    def __init__(self, own: Mapping[str, str], listing: Listing) -> None:
        super().__init__(listing)
        self._own = PathIndex(own)
        self.known = frozenset(own) if not len(listing) else _Stored(own, listing, {})

    @cached_property
    def paths(self) -> list[str]:
        return sorted([*self._own.paths, *super().paths])

    def match(self, pattern: str) -> list[str]:
        return sorted([*self._own.match(pattern), *super().match(pattern)])


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
        import pyarrow as pa
        import pyarrow.compute as pc

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
        places = self._places(inner, start)
        there = pc.is_in(files.identifiers, value_set=pa.array(list(places), pa.string()))
        present, self._missing = files.filter(there), files.filter(pc.invert(there))
        super().__init__(inner, _Stored(here, present, places), f"iOS backup in a {inner.format}")
        self.index = _BackupPaths(here, present)
        self.notes += inner.notes + notes
        self._present = present
        self._absent = ListedPaths(self._missing)
        if self._missing:
            self.notes.append(f"files that the manifest lists and the backup does not hold: {len(self._missing):,}")

    def _places(self, inner: Tree, start: str) -> dict[str, str]:
        """FileID -> path of the file in the other tree."""
        return {
            name: path
            for path in inner.index.known
            if len(name := path.rpartition("/")[2]) == 40 and path in (start + name, f"{start}{name[:2]}/{name}")
        }

    def _absent_entry(self, path: str) -> Entry:
        identifier = self._missing[path]
        return Entry(path, f"{identifier[:2]}/{identifier}", 0)

    def identifier(self, entry: Entry) -> str:
        """The fileID of a file of the manifest, present or absent; "" for the backup's own files."""
        return self._present.get(entry.path) or self._missing.get(entry.path, "")

    @property
    def absent(self) -> Sequence[Entry]:
        return Entries(self._absent.paths, self._absent_entry)

    def find_absent(self, pattern: str) -> Sequence[Entry]:
        return [self._absent_entry(path) for path in self._absent.match(pattern)]
