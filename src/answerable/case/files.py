"""Files that are whole or not there: atomic writing, locks between processes, digests."""

from __future__ import annotations

import errno
import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from answerable.core.lock import lock as lock
from answerable.errors import CaseError

_PARTIAL = ".partial"


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, read once and never held whole."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def partial_of(path: Path) -> Path:
    """Where a file stands while it is being written: beside its place, so that one rename puts it there."""
    return path.with_name(f".{hashlib.sha256(path.name.encode()).hexdigest()[:12]}{_PARTIAL}")


def is_partial(name: str) -> bool:
    """Whether a file's name is one that only half-written files have."""
    return name.startswith(".") and name.endswith(_PARTIAL)


def remove_partials(folder: Path, ending: str = _PARTIAL) -> None:
    """Remove what an interrupted writer left behind in a folder; call it under the lock of that folder's writers."""
    for path in folder.glob(f".*{ending}"):
        path.unlink()


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file that appears under its name whole and durable, or not at all.

    Raises:
        CaseError: the disk is full, or the folder cannot be written.
    """
    partial = partial_of(path)
    with telling_of(path):
        try:
            partial.unlink(missing_ok=True)
            with partial.open("xb") as stream:
                yield stream
                stream.flush()
                os.fsync(stream.fileno())
            partial.replace(path)
            sync_folder(path.parent)
        finally:
            partial.unlink(missing_ok=True)


def write_whole(path: Path, data: bytes) -> bool:
    """Write a file atomically, unless it holds these bytes already; says whether it was written.

    Raises:
        CaseError: the disk is full, or the folder cannot be written.
    """
    if path.is_file() and path.read_bytes() == data:
        return False
    with new_file(path) as stream:
        stream.write(data)
    return True


def is_full(error: OSError) -> bool:
    """Whether the disk, or the share of it that a person may use, is full."""
    return error.errno in {errno.ENOSPC, errno.EDQUOT}


@contextmanager
def telling_of(path: Path) -> Iterator[None]:
    """Turn the operating system's refusal to write a file into an error that a person can act on."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            problem, mend = "the disk is full", "Free some space and do the same again"
        else:
            problem, mend = error.strerror or str(error), "See to it that the case's folder can be written"
        raise CaseError(
            f"{path.parent.name}/{path.name} cannot be written: {problem}. What was there is as it was. {mend}."
        ) from error


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; Windows does so by itself and cannot be asked."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
