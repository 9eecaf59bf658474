"""A folder of evidence as a tree of files: scanned without following a link, opened without waiting on a device."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from answerable.areas.devices.acquisition.finding import PathIndex
from answerable.areas.devices.acquisition.names import Refusals, case_collisions, logical_path, printable
from answerable.areas.devices.acquisition.tree import LARGEST_COUNT, Entry, Tree, why
from answerable.errors import EvidenceError


class FolderTree(Tree):
    """The files of a folder.

    Args:
        root: the folder.
        scratch: folder for what must be extracted.
    """

    def __init__(self, root: Path, scratch: Path) -> None:
        super().__init__(root, scratch, "folder")
        self._stored: dict[str, str] = {}  # logical path -> path below the root as the disk has it
        self._folders: dict[str, str] = {}
        refusals = Refusals()
        self._scan(refusals)
        self.notes += refusals.notes() + case_collisions(self._stored)
        self.index = PathIndex(self._stored)

    def _scan(self, refusals: Refusals) -> None:
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            try:
                with os.scandir(self.root / folder) as found:
                    for item in found:
                        if len(self._stored) >= LARGEST_COUNT:
                            refusals.add(f"entries beyond the first {LARGEST_COUNT:,} were not listed, in", folder)
                            return
                        self._take(item, f"{folder}/{item.name}" if folder else item.name, waiting, refusals)
            except OSError as error:
                refusals.add(f"folders that cannot be listed ({why(error)})", folder or ".")

    def _take(self, item: os.DirEntry[str], stored: str, waiting: list[str], refusals: Refusals) -> None:
        if item.is_file(follow_symlinks=False):
            pass
        elif item.is_symlink():
            refusals.add("links, listed and not followed", stored)
        elif item.is_dir(follow_symlinks=False):
            waiting.append(stored)
            path, reason = logical_path(stored)
            if not reason:
                self._folders[path] = stored
            return
        else:
            refusals.add("devices, sockets and pipes, not opened", stored)
            return
        path, reason = logical_path(stored)
        if reason:
            refusals.add(reason, stored)
        elif path in self._stored:
            refusals.add("names that are the same once their odd bytes are replaced", stored)
        else:
            self._stored[path] = stored

    def entry(self, path: str) -> Entry:
        return self._look(path, self._stored[path])

    def folders(self) -> dict[str, Entry]:
        found = {}
        for path, stored in sorted(self._folders.items()):
            with suppress(EvidenceError):
                found[path] = self._look(path, stored)
        return found

    def _look(self, path: str, stored: str) -> Entry:
        try:
            found = (self.root / stored).lstat()
        except OSError as error:
            raise EvidenceError(f"It can no longer be looked at: {why(error)}.", file=printable(stored)) from error
        link = stat.S_ISLNK(found.st_mode)
        return Entry(
            path, printable(stored), found.st_size, link, self._target(stored) if link else "",
            found.st_mode, found.st_uid, found.st_gid, found.st_mtime,
        )  # fmt: skip

    def _target(self, stored: str) -> str:
        try:
            return printable(str((self.root / stored).readlink()))
        except OSError:
            return ""

    def open(self, entry: Entry) -> BinaryIO:
        return open_regular(self.root / self._stored[entry.path])

    def stamp(self, entry: Entry) -> object:
        try:
            found = (self.root / self._stored[entry.path]).lstat()
        except OSError as error:
            raise EvidenceError(f"It can no longer be looked at: {why(error)}.", file=entry.stored) from error
        return found.st_ino, found.st_size, found.st_mtime_ns

    def _extract(self, entry: Entry) -> Path:
        with self._reading(entry), self.open(entry):
            return self.root / self._stored[entry.path]


class SingleFile(FolderTree):
    """One file, given by itself.

    Args:
        root: the file.
        scratch: folder for what must be extracted.
    """

    def __init__(self, root: Path, scratch: Path) -> None:
        super().__init__(root, scratch)
        self.root, self.format = root.parent, "file"

    def _scan(self, refusals: Refusals) -> None:
        path, reason = logical_path(self.root.name)
        if reason:
            raise EvidenceError(f"Its name cannot be used ({reason}).", file=printable(self.root.name))
        self._stored[path] = self.root.name


def open_regular(path: Path) -> BinaryIO:
    """Opens a regular file to read; refuses a link, and never waits on a pipe or device."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    try:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise OSError("it is not a regular file")
        return os.fdopen(handle, "rb")
    except BaseException:
        os.close(handle)
        raise
