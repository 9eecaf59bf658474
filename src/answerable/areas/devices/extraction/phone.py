"""Everything that one exhibit holds of phones: acquisitions recognised, artefacts read once, gaps kept."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.acquisition.finding import WHOLE
from answerable.areas.devices.acquisition.passwords import read_password
from answerable.areas.devices.acquisition.recognise import Acquisition, open_acquisitions
from answerable.areas.devices.artefacts.registry import Artefact, artefacts
from answerable.areas.devices.extraction.parts import PARTIAL, Account, Part, digest_of, part, write_rows, writing
from answerable.areas.devices.tables import ARTEFACTS
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.core.engine import Engine

Progress = Callable[[int, int, str], None]

READ, PARTLY, UNREADABLE, ABSENT, NOT_HELD = "read", "partly read", "unreadable", "absent", "not held by this kind"
_WHY_ABSENT = "it is not in the acquisition; on the phone it may be there, or have been deleted."
_ONLY_ENCRYPTED = "only an encrypted backup holds it; make one, with a password, to see it."
_OTHER_KIND = "this kind of acquisition does not hold it."
_IN_USE_ONLY = "it is not there, as on phones where the app is not used."
_MISSED = "the list of the backup names it, but its file is not there: the backup is incomplete."
_SCRATCH = ".scratch-"
_LARGE = 256 << 20
_MANY_PATHS = 50
"""Paths of one kind of artefact that the coverage names."""


@dataclass(frozen=True, slots=True)
class Read:
    """One kind of artefact in one acquisition: what became of its files."""

    acquisition: Acquisition
    artefact: Artefact
    parts: tuple[Part, ...]
    missed: tuple[str, ...] = ()

    @property
    def accounts(self) -> list[Account]:
        """What became of each file."""
        return [one.account for one in self.parts]

    def coverage(self) -> dict[str, Any]:
        """A row of the table of artefacts."""
        accounts = self.accounts
        state, reason = self._state()
        ends = [[end for one in accounts if (end := getattr(one, name)) is not None] for name in ("first", "last")]
        paths = [one.path for one in accounts]
        return {
            "device": self.acquisition.device,
            "acquisition": self.acquisition.kind,
            "platform": self.acquisition.platform,
            "version": self.acquisition.version,
            "acquired": self.acquisition.time,
            "source": self.artefact.name,
            "meaning": self.artefact.meaning,
            "holds": self.artefact.table.name,
            "expected": self.artefact.should_be_in(self.acquisition),
            "state": state,
            "files": len(accounts),
            "rows": sum(one.rows for one in accounts),
            "refused": sum(count for one in accounts for count, _ in one.refused.values()),
            "first": min(ends[0], default=None),
            "last": max(ends[1], default=None),
            "reason": reason,
            "paths": "\n".join(paths[:_MANY_PATHS] + (["..."] if len(paths) > _MANY_PATHS else [])),
        }

    def _state(self) -> tuple[str, str]:
        gaps = [f"{one.logical}: {one.gap}" for one in self.accounts if one.gap] + [
            f"{path}: {_MISSED}" for path in self.missed
        ]
        if gaps:
            rows = sum(one.rows for one in self.accounts)
            whole = any(not one.gap for one in self.accounts)
            return (PARTLY if rows or whole else UNREADABLE), " ".join(gaps[:5])
        if self.parts:
            return READ, ""
        if self.acquisition.problem:
            return UNREADABLE, self.acquisition.problem
        kind = self.acquisition.kind
        if kind not in self.artefact.places:
            return NOT_HELD, _OTHER_KIND
        expectation = self.artefact.expected.get(kind, "sometimes")
        if expectation == "encrypted" and not self.acquisition.encrypted:
            return NOT_HELD, _ONLY_ENCRYPTED
        return ABSENT, _WHY_ABSENT if self.artefact.should_be_in(self.acquisition) else _IN_USE_ONLY


@dataclass(frozen=True, slots=True)
class Phones:
    """What an exhibit holds of one phone or several.

    Args:
        path: of the exhibit. sha256: of the file; of a folder, the digest of the list of what was read of it.
        format: what it is, in words.
        reads: every kind of artefact in every acquisition.
        tables: for each declared table the Parquet files that hold its rows.
    """

    path: Path
    sha256: str
    format: str
    reads: tuple[Read, ...]
    tables: Mapping[str, Sequence[Path]] = field(default_factory=dict)

    @property
    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        counts: dict[str, int] = {}
        for one in self.reads:
            for account in one.accounts:
                for name, count in account.tables.items():
                    counts[name] = counts.get(name, 0) + count
        return counts

    @property
    def acquisitions(self) -> list[Acquisition]:
        """The acquisitions, each once, in their order."""
        return list({id(one.acquisition): one.acquisition for one in self.reads}.values())


_KNOWN: weakref.WeakKeyDictionary[Engine, dict[tuple[str, str], Phones]] = weakref.WeakKeyDictionary()


def read_phones(
    engine: Engine, path: Path, *, password_file: str | None = None, progress: Progress | None = None
) -> Phones:
    """Everything that an exhibit holds of phones, as tables in the engine's folder; read once for each engine.

    Args:
        engine: its folder keeps the parts.
        path: a backup, a dump, an archive of logs, or a folder of several.
        password_file: file whose first line is the password of an encrypted backup.
        progress: called with files done, files in all, and what comes next.

    Raises:
        EvidenceError: it is nothing that is understood, or it is encrypted and the password is wrong or missing.
    """
    known = _KNOWN.setdefault(engine, {})
    key = (str(Path(path).resolve()), password_file or "")
    if key not in known:
        folder = engine.folder / "phones"
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
        if not known:
            _remove_leftovers(folder)
        with tempfile.TemporaryDirectory(prefix=_SCRATCH, dir=folder) as scratch:
            password = read_password(Path(password_file)) if password_file else None
            found = open_acquisitions(Path(path), Path(scratch), password=password)
            _give_back()
            try:
                reads = tuple(_read(folder, found, Path(scratch), progress or (lambda done, total, what: None)))
                known[key] = _phones(Path(path), folder, found, reads)
            finally:
                for one in found:
                    one.tree.close()
    return known[key]


def _give_back() -> None:
    """Give memory that is not in use back to the system, which large files leave scattered."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


def _remove_leftovers(folder: Path) -> None:
    """Remove what a killed run left: copies of evidence, perhaps decrypted, and half-written tables."""
    for path in folder.glob(f"{_SCRATCH}*"):
        shutil.rmtree(path, ignore_errors=True)
    for path in folder.rglob(f".*{PARTIAL}"):
        path.unlink(missing_ok=True)


def _read(folder: Path, found: Sequence[Acquisition], scratch: Path, progress: Progress) -> Iterator[Read]:
    wanted = [
        (acquisition, artefact, _paths(acquisition, artefact))
        for acquisition in found
        for artefact in artefacts()
        if acquisition.platform in artefact.platforms
    ]
    states = {
        id(one): _state(one, [path for acquisition, _, paths in wanted if acquisition is one for path in paths])
        for one in found
    }
    total, done = sum(len(paths) for _, _, paths in wanted), 0
    for acquisition, artefact, paths in wanted:
        parts = []
        for path in paths:
            progress(done, total, f"{acquisition.device}: {artefact.meaning}")
            try:
                entry = acquisition.tree.entry(path)
                parts.append(part(folder, acquisition, artefact, entry, scratch, state=states[id(acquisition)]))
                if entry.size > _LARGE:
                    _give_back()
            except EvidenceError as error:
                parts.append(Part({}, Account(path, path, "", gap=error.problem)))
            done += 1
        patterns = artefact.places.get(acquisition.kind, ())
        missed = {one.path for pattern in patterns for one in acquisition.tree.find_absent(pattern)}
        yield Read(acquisition, artefact, tuple(parts), tuple(sorted(missed)))
    progress(total, total, "")


def _paths(acquisition: Acquisition, artefact: Artefact) -> list[str]:
    patterns = artefact.places.get(acquisition.kind, ())
    return sorted({path for pattern in patterns for path in acquisition.tree.index.match(pattern)})


def _state(acquisition: Acquisition, paths: Sequence[str]) -> str:
    """A digest of all that parsers may look at beside their file: what they made holds for this acquisition alone."""
    tree, digests = acquisition.tree, {}
    for name in dict.fromkeys(f"{path}{side}" for path in paths for side in ("", "-wal", "-journal")):
        if name in tree.index.known or name == WHOLE:
            with contextlib.suppress(EvidenceError):  # it will be a gap, and what tells of a gap is not used again
                digests[name] = digest_of(tree, tree.entry(name))
    return hashlib.sha256(json.dumps([digests, dict(acquisition.facts)], sort_keys=True).encode()).hexdigest()


def _phones(path: Path, folder: Path, found: Sequence[Acquisition], reads: tuple[Read, ...]) -> Phones:
    tables: dict[str, list[Path]] = {}
    for one in reads:
        for made in one.parts:
            for name, file in made.files.items():
                tables.setdefault(name, []).append(file)
    listed = sorted({(one.acquisition.path, a.path, a.sha256) for one in reads for a in one.accounts})
    text = "\n".join("\t".join(line) for line in listed)
    sha256 = _digest(path) if path.is_file() else hashlib.sha256(text.encode()).hexdigest()
    kinds = [f"{one.kind}{' (encrypted)' if one.encrypted else ''}, {one.platform} {one.version}" for one in found]
    coverage = folder / ARTEFACTS.name / f"{ARTEFACTS.name}-{sha256[:16]}.parquet"
    _write_coverage(coverage, [one.coverage() for one in reads])
    tables[ARTEFACTS.name] = [coverage]
    return Phones(path, sha256, "; ".join(dict.fromkeys(kinds)), reads, tables)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_coverage(target: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    import pyarrow as pa

    write_rows(target, pa.Table.from_pylist(list(rows), schema=ARTEFACTS.arrow()))
