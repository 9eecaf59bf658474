"""Zip and tar archives as trees of files: listed by their headers, read member by member, never extracted whole."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

from answerable.areas.devices.acquisition.finding import PathIndex
from answerable.areas.devices.acquisition.folders import open_regular
from answerable.areas.devices.acquisition.names import Refusals, case_collisions, logical_path, printable
from answerable.areas.devices.acquisition.tree import BROKEN, LARGEST_COUNT, Entry, Tree, check_ratio, into_scratch, why
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

LARGEST_HEADER = 1 << 24  # bytes that one header of a tar may ask to be read at once
DUPLICATES = "members with the name of an earlier one: the last one is read, as when unpacked"
_LAST_TIME = 4_102_444_800  # the year 2100: later ones are no times of a phone
_UNIX = 3  # the system that made a member, where it has a mode
_EXTRA, _TIMES = struct.Struct("<HH"), 0x5455
_PACKED = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}


class ZipTree(Tree):
    """The files of a zip archive.

    Args:
        root: the archive.
        scratch: folder for what must be extracted.

    Raises:
        EvidenceError: its directory cannot be read.
    """

    def __init__(self, root: Path, scratch: Path) -> None:
        super().__init__(root, scratch, "zip archive")
        self._file = open_regular(root)
        try:
            self._archive = zipfile.ZipFile(self._file)
        except BROKEN as error:
            self._file.close()
            problem = f"Its directory cannot be read ({why(error)}): the archive is damaged or cut short."
            raise EvidenceError(problem, file=root, mend="Copy it again from where it was made.") from error
        self._members: dict[str, zipfile.ZipInfo] = {}
        self._folders: dict[str, zipfile.ZipInfo] = {}
        refusals = Refusals()
        for member in self._archive.infolist():
            self._take(member, refusals)
        self.notes += refusals.notes() + case_collisions(self._members)
        self.index = PathIndex(self._members)

    def _take(self, member: zipfile.ZipInfo, refusals: Refusals) -> None:
        # orig_filename: zipfile itself would cut a name at its NUL byte
        path, reason = logical_path(member.orig_filename)
        if not reason and member.filename.endswith("/"):
            if len(self._folders) < LARGEST_COUNT:
                self._folders[path] = member
            return
        if not reason and len(self._members) >= LARGEST_COUNT:
            reason = f"entries beyond the first {LARGEST_COUNT:,} were not listed"
        if not reason and _is_odd(member):
            reason = "devices, sockets and pipes, not opened"
        if reason:
            refusals.add(reason, member.orig_filename)
            return
        if path in self._members:
            refusals.add(DUPLICATES, path)
        if _is_link(member):
            refusals.add("links, listed and not followed", path)
        self._members[path] = member

    def entry(self, path: str) -> Entry:
        return self._told(path, self._members[path])

    def folders(self) -> dict[str, Entry]:
        return {path: self._told(path, member) for path, member in sorted(self._folders.items())}

    def _told(self, path: str, member: zipfile.ZipInfo) -> Entry:
        return Entry(
            path, printable(member.orig_filename), member.file_size, _is_link(member),
            mode=member.external_attr >> 16 if member.create_system == _UNIX else None, modified=_modified(member),
        )  # fmt: skip

    def open(self, entry: Entry) -> BinaryIO:
        member = self._members[entry.path]
        check_ratio(member.file_size, member.compress_size, entry.stored)
        return cast("BinaryIO", self._archive.open(member))

    def _close(self) -> None:
        super()._close()
        self._archive.close()
        self._file.close()


def _kind(member: zipfile.ZipInfo) -> int:
    """The Unix type of a member, the top four bits of its mode; 0 where none is given."""
    return member.external_attr >> 28 if member.create_system == _UNIX else 0


def _modified(member: zipfile.ZipInfo) -> int | None:
    """The time of the extended timestamp; the other time of a zip is in a zone that it does not say.

    Source: Info-ZIP, appnote-iz: extra field 0x5455.
    """
    extra = member.extra
    while len(extra) >= _EXTRA.size:
        kind, size = _EXTRA.unpack_from(extra)
        held, extra = extra[_EXTRA.size : _EXTRA.size + size], extra[_EXTRA.size + size :]
        if kind == _TIMES and len(held) >= 5 and held[0] & 1:
            return int.from_bytes(held[1:5], "little", signed=True)
    return None


def _is_link(member: zipfile.ZipInfo) -> bool:
    return _kind(member) == 0o12


def _is_odd(member: zipfile.ZipInfo) -> bool:
    return _kind(member) not in (0, 0o4, 0o10, 0o12)


_Member = tuple[str, int, int, float, tuple[int, int, int]]
"""What is kept of a member of a tar: name, offset, size, time, and mode, owner and group."""


class TarTree(Tree):
    """The files of a tar archive, indexed in one pass over its headers.

    Args:
        root: the archive as given, for messages and lineage.
        scratch: folder for what must be extracted.
        plain: the archive without its compression.
        temporary: whether `plain` is ours, to be erased on close.
    """

    def __init__(self, root: Path, scratch: Path, plain: Path, *, temporary: bool = False) -> None:
        super().__init__(root, scratch, "tar archive")
        self._plain, self._temporary = plain, temporary
        self._end = plain.stat().st_size
        self._file = open_regular(plain)
        self._headers = _Header(open_regular(plain))
        self._members: dict[str, _Member | tarfile.TarInfo] = {}
        self._folders: dict[str, _Member] = {}
        self._owners: dict[tuple[int, int, int], tuple[int, int, int]] = {}  # each once, for there are a million files
        self._targets: dict[str, str] = {}
        refusals = Refusals()
        self._latest = 0.0
        try:
            self._list(refusals)
        except (*BROKEN, RecursionError) as error:
            self.notes.append(f"the archive is cut short or damaged ({why(error)}): what comes after is not listed")
        if 0 < self._latest < _LAST_TIME:
            self.newest = datetime.fromtimestamp(self._latest, UTC)
        self.notes += refusals.notes() + case_collisions(self._members)
        self.index = PathIndex(self._members)

    @cached_property
    def _archive(self) -> tarfile.TarFile:
        return tarfile.open(fileobj=self._headers, mode="r:")

    def _list(self, refusals: Refusals) -> None:
        while (member := self._archive.next()) is not None:
            self._archive.members = []  # type: ignore[attr-defined]  # it would keep every header in memory
            path, reason = logical_path(member.name)
            if member.isdir():
                if not reason and len(self._folders) < LARGEST_COUNT:
                    self._folders[path] = (member.name, 0, 0, member.mtime, (member.mode, member.uid, member.gid))
                continue
            if not reason and len(self._members) >= LARGEST_COUNT:
                reason = f"entries beyond the first {LARGEST_COUNT:,} were not listed"
            if not reason and (member.ischr() or member.isblk() or member.isfifo()):
                reason = "devices, sockets and pipes, not opened"
            if reason:
                refusals.add(reason, member.name)
                continue
            self._take(path, member, refusals)
        if self._archive.offset > self._end:
            self.notes.append("the archive is cut short within its last member")

    def _take(self, path: str, member: tarfile.TarInfo, refusals: Refusals) -> None:
        owner = (member.mode, member.uid, member.gid)
        owner = self._owners.setdefault(owner, owner)
        found: _Member | tarfile.TarInfo = (member.name, member.offset_data, member.size, member.mtime, owner)
        if member.islnk():  # another name of a file that came before
            earlier = self._members.get(logical_path(member.linkname)[0])
            if earlier is None:
                refusals.add("hard links to what is not in the archive", path)
                return
            found = earlier
        elif member.issym():
            refusals.add("links, listed and not followed", path)
            found = (member.name, -1, 0, member.mtime, owner)
            self._targets[path] = member.linkname
        elif member.issparse():
            found = member
        if path in self._members:
            refusals.add(DUPLICATES, path)
        self._latest = max(self._latest, float(member.mtime))
        self._members[path] = found

    def entry(self, path: str) -> Entry:
        found = self._members[path]
        if isinstance(found, tarfile.TarInfo):
            mode = stat.S_IFREG | found.mode
            return Entry(path, printable(found.name), found.size, False, "", mode, found.uid, found.gid, found.mtime)
        return self._told(path, found, stat.S_IFREG)

    def folders(self) -> dict[str, Entry]:
        return {path: self._told(path, found, stat.S_IFDIR) for path, found in sorted(self._folders.items())}

    def _told(self, path: str, found: _Member, kind: int) -> Entry:
        stored, offset, size, modified, (mode, owner, group) = found
        if offset < 0:
            target, mode = printable(self._targets.get(path, "")), stat.S_IFLNK | mode
            return Entry(path, printable(stored), size, True, target, mode, owner, group, modified)
        return Entry(path, printable(stored), size, False, "", kind | mode, owner, group, modified)

    def open(self, entry: Entry) -> BinaryIO:
        found = self._members[entry.path]
        if isinstance(found, tarfile.TarInfo):
            check_ratio(found.size, self._end, entry.stored)  # a sparse member may announce more than all of it
            return cast("BinaryIO", self._archive.extractfile(found))
        _, offset, size, _, _ = found
        return io.BufferedReader(_Part(self._file, offset, size), 1 << 16)

    def _close(self) -> None:
        super()._close()
        self._file.close()
        self._headers.close()
        if self._temporary:
            self._plain.unlink(missing_ok=True)


class _Header(io.BufferedIOBase):
    """A file of which no more than a header's worth is read at once: a header's own length is not believed."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0 or size > LARGEST_HEADER:
            raise tarfile.ReadError("a header asks for more bytes than any header has")
        return self._file.read(size)

    def seek(self, place: int, whence: int = 0) -> int:
        return self._file.seek(place, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._file.close()
        super().close()


class _Part(io.RawIOBase):
    """A stretch of a file, as a file."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self._size, self._place = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, place: int, whence: int = 0) -> int:
        self._place = place + {0: 0, 1: self._place, 2: self._size}[whence]
        return self._place

    def readinto(self, buffer: WriteableBuffer) -> int:
        room = memoryview(buffer).cast("B")
        self._file.seek(self._start + self._place)
        data = self._file.read(max(min(len(room), self._size - self._place), 0))
        room[: len(data)] = data
        self._place += len(data)
        return len(data)


def open_archive(path: Path, scratch: Path) -> Tree | None:
    """Opens a zip or tar archive; None where the file is neither.

    Raises:
        EvidenceError: it is one, and cannot be read or is refused as a bomb.
    """
    try:
        with open_regular(path) as file:
            head = file.read(512)
    except OSError as error:
        raise EvidenceError(f"It cannot be read: {why(error)}.", file=path) from error
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return ZipTree(path, scratch)
    for magic, opener in _PACKED.items():
        if head.startswith(magic):
            return _unpacked(path, scratch, opener)
    return TarTree(path, scratch, path) if _is_tar(head) else None


def _is_tar(head: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


def _unpacked(path: Path, scratch: Path, opener: object) -> Tree | None:
    """A compressed tar, unpacked once into the scratch folder as far as it can be."""
    cut: list[str] = []
    with cast("BinaryIO", opener(path, "rb")) as stream:  # type: ignore[operator]
        try:
            if not _is_tar(stream.read(512)):
                return None
            stream.seek(0)
        except BROKEN as error:
            raise EvidenceError(f"Nothing of it can be unpacked: {why(error)}.", file=path) from error
        plain, _ = into_scratch(until_broken(_steps(stream), cut), scratch, path.name, compressed=path.stat().st_size)
    tree = TarTree(path, scratch, plain, temporary=True)
    tree.notes += cut
    return tree


def _steps(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(1 << 16):  # small steps: what a step had unpacked is lost when it breaks
        yield chunk


def until_broken(chunks: Iterator[bytes], cut: list[str]) -> BinaryIO:
    """A stream of chunks that ends where they break; why is added to `cut`."""
    return cast("BinaryIO", _UntilBroken(chunks, cut))


class _UntilBroken:
    def __init__(self, chunks: Iterator[bytes], cut: list[str]) -> None:
        self._chunks, self._cut = chunks, cut

    def read(self, _size: int) -> bytes:
        try:
            return next(self._chunks, b"")
        except BROKEN as error:
            self._cut.append(
                f"its packed or encrypted data is cut short or damaged ({why(error)}): the rest is not read"
            )
            return b""
