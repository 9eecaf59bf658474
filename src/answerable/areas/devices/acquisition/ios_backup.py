"""An iOS backup as a tree of files under the names that they had on the phone.

A backup keeps each file as fileID, the SHA-1 of "domain-relativePath", in a folder of its first two digits (flat in
backups made before iOS 10), and lists all of them in the table Files of Manifest.db: flags 1 a file, 2 a folder,
4 a link. Both columns of names are text that whoever had the phone could write: the logical path here is
"domain/relativePath", only looked up; on the disk only a fileID of 40 hexadecimal digits is looked for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from answerable.areas.devices.acquisition.tree import Entries, Entry, PathIndex, Refusals, Tree, logical_path
from answerable.areas.devices.acquisition.views import View
from answerable.errors import EvidenceError

OWN_FILES = ("Manifest.db", "Manifest.plist", "Info.plist", "Status.plist")
_IS_ID = "length(fileID) = 40 AND fileID NOT GLOB '*[^0-9a-f]*'"
_IS_TEXT = "typeof(domain) = 'text' AND typeof(relativePath) = 'text'"
# what may be no clean path, for a closer look: few rows, found where it is quick
_IS_SUSPECT = (
    "relativePath GLOB '*..*' OR relativePath GLOB '*//*' OR relativePath GLOB '*/./*' OR relativePath GLOB './*' OR "
    "relativePath GLOB '/*' OR relativePath GLOB '*/' OR instr(relativePath, char(92)) OR instr(relativePath, char(0)) "
    "OR relativePath = '' OR length(relativePath) > 3000 OR domain GLOB '*/*' OR domain GLOB '*..*' OR domain = ''"
)
_STEPS = 10_000  # virtual machine instructions between two looks at the limit
_LONGEST = 200_000  # such looks: two thousand million instructions, far beyond a table of five million rows


def read_manifest(path: Path) -> tuple[dict[str, str], list[str]]:
    """Reads which files a backup lists.

    Args:
        path: Manifest.db, not encrypted.

    Returns:
        logical path -> fileID, and notes on the rows that were refused.

    Raises:
        EvidenceError: it is not a readable Manifest.db.
    """
    looks = iter(range(_LONGEST))
    try:
        with_limits = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
        try:
            with_limits.execute("PRAGMA trusted_schema = OFF")
            with_limits.set_progress_handler(lambda: next(looks, None) is None, _STEPS)
            with_limits.text_factory = lambda data: data.decode("utf-8", "replace")
            return _listed(with_limits)
        finally:
            with_limits.close()
    except sqlite3.Error as error:
        problem = f"It lists no files: {str(error).rstrip('.')}."
        raise EvidenceError(problem, file=path, mend="The backup is damaged, cut short or encrypted.") from error


def _listed(database: sqlite3.Connection) -> tuple[dict[str, str], list[str]]:
    kind = database.execute("SELECT type FROM sqlite_master WHERE name = 'Files'").fetchone()
    if kind != ("table",):
        raise sqlite3.DatabaseError("it has no table Files")
    fits = f"flags = 1 AND {_IS_ID} AND {_IS_TEXT}"
    count = database.execute(f"SELECT count(*) FROM Files WHERE {fits}").fetchone()[0]
    files = dict(database.execute(f"SELECT domain || '/' || relativePath, fileID FROM Files WHERE {fits}"))
    refusals = Refusals()
    same = count - len(files)
    for domain, path in database.execute(f"SELECT domain, relativePath FROM Files WHERE {fits} AND ({_IS_SUSPECT})"):
        listed = f"{domain}/{path}"
        clean, reason = logical_path(listed)
        if reason or clean != listed or "/" in domain or not domain or not path:
            files.pop(listed, None)
            refusals.add(f"files of the manifest with {reason or 'names that are no clean path'}", listed)
    bad = f"SELECT fileID FROM Files WHERE flags = 1 AND NOT ({_IS_ID} AND {_IS_TEXT})"
    for (identifier,) in database.execute(bad):
        refusals.add("files of the manifest whose fileID is not 40 hexadecimal digits, or whose name is no text",
                     str(identifier))  # fmt: skip
    notes = refusals.notes()
    if same:
        notes.append(f"files of the manifest with the name of another one, of which the last is read: {same:,}")
    return files, notes


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
        files, notes = read_manifest(manifest or inner.place(inner.entry(here["Manifest.db"])))
        self._missing: dict[str, str] = {}
        names = self._present(inner, start, files)
        super().__init__(inner, names | here, f"iOS backup in a {inner.format}")
        self.notes += inner.notes + notes
        self._identifiers = files
        self._absent = PathIndex(self._missing)
        if self._missing:
            self.notes.append(f"files that the manifest lists and the backup does not hold: {len(self._missing):,}")

    def _present(self, inner: Tree, start: str, files: dict[str, str]) -> dict[str, str]:
        there = inner.index.known
        present: dict[str, str] = {}
        for path, identifier in files.items():
            stored = f"{start}{identifier[:2]}/{identifier}"
            if stored in there or (stored := start + identifier) in there:
                present[path] = stored
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
