"""One safe, read-only view of the files that lie in a folder, a zip or a tar archive.

Names inside an acquisition are hostile text: a logical path is something to look up, and is never joined to a folder.
Nothing is written beside the evidence: a member of an archive that must be a real file is extracted into the caller's
scratch folder, under a name of our own.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self, overload

from answerable.areas.devices.acquisition.finding import WHOLE
from answerable.areas.devices.acquisition.names import printable
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from datetime import datetime

    from answerable.areas.devices.acquisition.finding import PathIndex

LARGEST_COUNT = 5_000_000  # entries of one acquisition; a full dump of a phone has about a million
LARGEST_FILE = 1 << 36  # bytes of one file that is extracted or digested: 64 GiB
LARGEST_RATIO = 200  # bytes out for a byte in; text and databases stay far below
RATIO_FROM = 1 << 26  # bytes below which no ratio is looked at: small files of zeros are harmless
CHUNK = 1 << 20

# What the standard library raises on broken files and archives; RuntimeError and NotImplementedError come from zipfile.
BROKEN = (
    OSError, EOFError, zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError,
    RuntimeError, NotImplementedError, ValueError, OverflowError,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of an acquisition.

    Args:
        path: logical path, POSIX, relative, without "..": as artefacts look for it.
        stored: where it lies in the acquisition: relative to the folder, or the member's name.
        size: bytes as stored.
        link: whether it is a symbolic link; links are listed and never followed.
        target: where a link leads.
        mode: type and permissions, as Unix has them. owner, group: their numbers. modified: seconds since 1970-01-01
            UTC. None where the acquisition does not say; of a folder they are those of the copy.
    """

    path: str
    stored: str
    size: int
    link: bool = False
    target: str = ""
    mode: int | None = None
    owner: int | None = None
    group: int | None = None
    modified: float | None = None


class Entries(Sequence[Entry]):
    """Entries that are made when asked for: counting 200,000 of them makes none."""

    def __init__(self, paths: Sequence[str], make: Callable[[str], Entry]) -> None:
        self._paths, self._make = paths, make

    def __len__(self) -> int:
        return len(self._paths)

    @overload
    def __getitem__(self, place: int) -> Entry: ...
    @overload
    def __getitem__(self, place: slice) -> Entries: ...
    def __getitem__(self, place: int | slice) -> Entry | Entries:
        if isinstance(place, slice):
            return Entries(self._paths[place], self._make)
        return self._make(self._paths[place])


class Tree(ABC):
    """What lies in an acquisition, read-only.

    Args:
        root: the folder or archive.
        scratch: folder for what must be extracted; the caller erases it.
        format: "folder", "file", "zip archive", "tar archive" or what is said of a view of one.
    """

    index: PathIndex  # the logical paths of the files that are there
    newest: datetime | None = None  # time of the newest file, where the format keeps the phone's own times

    def __init__(self, root: Path, scratch: Path, format: str) -> None:
        self.root, self.scratch, self.format = root, scratch, format
        self.notes: list[str] = []
        self._placed: dict[str, Path] = {}
        self._made: list[Path] = []  # files of ours in the scratch folder
        self._users = 1
        self._keeps: list[Tree] = []  # trees that this one reads from
        self._digests: dict[str, str] = {}

    @abstractmethod
    def entry(self, path: str) -> Entry:
        """The entry at a path of the index."""

    @abstractmethod
    def open(self, entry: Entry) -> BinaryIO:
        """Opens a file to be read in a stream, seekable or not; raises what the standard library raises."""

    def entries(self) -> Sequence[Entry]:
        """All files, sorted by logical path, each once; links are listed too."""
        return Entries(self.index.paths, self.entry)

    def find(self, pattern: str) -> Sequence[Entry]:
        """Finds files by exact path or pattern: "*" within a component, "**" any number of components."""
        return [self.entry(path) for path in self.index.match(pattern)]

    def folders(self) -> dict[str, Entry]:
        """The folders that the acquisition lists by themselves, by logical path; empty ones among them."""
        return {}

    @property
    def absent(self) -> Sequence[Entry]:
        """Files that the acquisition itself lists and does not hold."""
        return ()

    def find_absent(self, pattern: str) -> Sequence[Entry]:
        """Finds, as `find` does, files that the acquisition lists and does not hold."""
        return ()

    def size(self, entry: Entry) -> int:
        """Bytes of a file as stored."""
        return entry.size

    @contextmanager
    def _reading(self, entry: Entry) -> Iterator[None]:
        if entry.link:
            raise EvidenceError("It is a link, and links are not followed.", file=entry.stored)
        try:
            yield
        except BROKEN as error:
            raise EvidenceError(f"It cannot be read: {why(error)}.", file=entry.stored) from error

    def read(self, entry: Entry, limit: int) -> bytes:
        """Reads a file whole.

        Raises:
            EvidenceError: it is longer than the limit, a link, or cannot be read whole.
        """
        if entry.size > limit:
            raise EvidenceError(f"It has {entry.size:,} bytes, and {limit:,} are read at most.", file=entry.stored)
        with self._reading(entry), self.open(entry) as stream:
            data = stream.read(limit + 1)
        if len(data) > limit:
            raise EvidenceError(f"It has more than {limit:,} bytes.", file=entry.stored)
        self._whole(entry, len(data))
        return data

    def place(self, entry: Entry) -> Path:
        """A real file with the contents, to be opened for reading only.

        Raises:
            EvidenceError: it is too large, a link, or cannot be read whole.
        """
        if entry.path not in self._placed:
            self._placed[entry.path] = self._extract(entry)
        return self._placed[entry.path]

    def _extract(self, entry: Entry) -> Path:
        with self._reading(entry), self.open(entry) as stream:
            path, count = into_scratch(stream, self.scratch, entry.stored, expected=entry.size)
        try:
            self._whole(entry, count)
        except EvidenceError:
            path.unlink()
            raise
        self._made.append(path)
        return path

    def stamp(self, entry: Entry) -> object:
        """What differs once a file has been written to; for files that something may still write to."""
        return entry.size

    def digest(self, entry: Entry) -> str:
        """SHA-256 of a file's bytes, as 64 hexadecimal digits; read in a stream, once. Of WHOLE, that of the list."""
        if entry.path == WHOLE and WHOLE not in self._digests:
            self._digests[WHOLE] = _digest_of_list([self.entries(), list(self.folders().values())])
        if entry.path not in self._digests:
            if entry.size > LARGEST_FILE:
                raise EvidenceError(f"It has {entry.size:,} bytes: too many to be digested.", file=entry.stored)
            with self._reading(entry), self.open(entry) as stream:
                self._digests[entry.path] = _digest(stream)
        return self._digests[entry.path]

    def _whole(self, entry: Entry, count: int) -> None:
        if count < entry.size:
            raise EvidenceError(f"It is cut short: {count:,} of {entry.size:,} bytes are there.", file=entry.stored)

    def shared(self) -> Self:
        """The tree for one more user: it is closed when all have closed it."""
        self._users += 1
        return self

    def keep(self, tree: Tree) -> None:
        """Closes another tree when this one is closed."""
        self._keeps.append(tree)

    def close(self) -> None:
        """Closes the files and erases what was extracted into the scratch folder, once nobody uses it any more."""
        self._users -= 1
        if self._users == 0:
            self._close()

    def _close(self) -> None:
        for path in self._made:
            path.unlink(missing_ok=True)
        self._made.clear()
        self._placed.clear()
        for tree in self._keeps:
            tree.close()


def _digest(stream: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := stream.read(CHUNK):
        digest.update(chunk)
    return digest.hexdigest()


def _digest_of_list(lists: Sequence[Sequence[Entry]]) -> str:
    digest = hashlib.sha256()
    for one in chain.from_iterable(lists):
        told = (one.path, one.stored, one.size, one.target, one.mode, one.owner, one.group, one.modified)
        digest.update(repr(told).encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def why(error: BaseException) -> str:
    """What the standard library says of an error, without our own paths."""
    said = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
    return printable(said).rstrip(".")


def into_scratch(
    stream: BinaryIO, scratch: Path, name: str, *, expected: int = 0, compressed: int | None = None
) -> tuple[Path, int]:
    """Copies a stream into a new file of the scratch folder, mode 0600, within the limits.

    Args:
        stream: what to copy.
        scratch: the folder.
        name: what the evidence calls it, for messages only.
        expected: bytes that are announced.
        compressed: bytes that it comes from, where it is being decompressed.

    Raises:
        EvidenceError: it would be larger than the limits or than the disk has room for. Nothing is left behind.
    """
    room = min(LARGEST_FILE, shutil.disk_usage(scratch).free // 2)
    if expected > room:
        raise EvidenceError(f"It has {expected:,} bytes, and there is room for {room:,}.", file=name)
    handle, written = tempfile.mkstemp(prefix="member-", dir=scratch)
    path, count = Path(written), 0
    try:
        with os.fdopen(handle, "wb") as copy:
            while chunk := stream.read(CHUNK):
                count += len(chunk)
                if count > room:
                    raise EvidenceError(f"It grows beyond {room:,} bytes.", file=name)
                check_ratio(count, compressed, name)
                copy.write(chunk)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path, count


def check_ratio(size: int, compressed: int | None, name: str) -> None:
    """Refuses what unpacks to far more than it comes from.

    Raises:
        EvidenceError: the size is above LARGEST_RATIO times what it comes from.
    """
    if compressed is not None and size > RATIO_FROM and size > LARGEST_RATIO * max(compressed, 1):
        raise EvidenceError(f"It unpacks to more than {LARGEST_RATIO} times its size: refused as a bomb.", file=name)


def open_tree(path: Path, scratch: Path) -> Tree:
    """Opens a folder, a zip or tar archive (plain, gz, bz2, xz), or a single file.

    Args:
        path: what to open; a symbolic link to it is followed, none inside is.
        scratch: folder outside the evidence for what must be extracted; the caller makes and erases it.

    Raises:
        EvidenceError: there is no such file or folder, or it cannot be read; or the scratch folder lies within it.
    """
    from answerable.areas.devices.acquisition.archives import open_archive
    from answerable.areas.devices.acquisition.folders import FolderTree, SingleFile

    if path.is_dir():
        if scratch.resolve().is_relative_to(path.resolve()):
            raise EvidenceError("The scratch folder lies within the evidence, where nothing is written.", file=path)
        return FolderTree(path, scratch)
    if not path.exists():
        raise EvidenceError("There is no such file or folder.", file=path)
    if not path.is_file():
        raise EvidenceError("It is neither a file nor a folder.", file=path)
    return open_archive(path, scratch) or SingleFile(path, scratch)
