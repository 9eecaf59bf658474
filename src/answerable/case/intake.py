"""Intake: a file becomes an exhibit. Copied and hashed in one pass, read-only from then on, never parsed."""

from __future__ import annotations

import hashlib
import os
import shlex
from io import FileIO
from pathlib import Path

from answerable.case import EXHIBITS
from answerable.case.files import is_partial, new_file, sha256_of, telling_of
from answerable.errors import CaseError

_CHUNK = 1 << 20


def take_in(source: Path, case: Path) -> tuple[str, str]:
    """Copy a file into the case's exhibits, byte for byte.

    A file that lies among the exhibits already stays where it is. Taking in the same bytes under the same name again
    changes nothing.

    Args:
        source: the file; opened for reading only.
        case: folder of the case.

    Returns:
        Path inside the case, with forward slashes, and SHA-256.

    Raises:
        CaseError: there is no such file, it is a folder, it changed while it was copied, its name is taken by other
            bytes, or the disk is full.
    """
    if source.is_dir():
        raise CaseError(f"{source.name} is a folder, and an exhibit is one file. {_packing(source)}")
    if not source.is_file():
        raise CaseError(f"{source.name} cannot become an exhibit. There is no such file.")
    if is_partial(source.name) or not _is_text(source.name):
        raise CaseError(
            f"{source.name!r} cannot become an exhibit under this name. Copy it under another name, and add that."
        )
    folder = case / EXHIBITS
    with telling_of(folder):
        folder.mkdir(exist_ok=True)
    place = _place(folder, source.name)
    digest = _same(source, place) if place.exists() or place.is_symlink() else _copy(source, place)
    with telling_of(place):
        place.chmod(place.stat().st_mode & 0o444)
    return f"{EXHIBITS}/{place.name}", digest


def _packing(folder: Path) -> str:
    """How to make one file of a folder; tar is on Linux, macOS and Windows, and keeps times, links and permissions."""
    folder = folder.resolve()
    made = f"{folder.name}.tar"
    pack = shlex.join(["tar", "-cf", made, "-C", str(folder.parent), folder.name])
    return (
        f"Pack it, which changes nothing in it, and add the archive: {pack} && answerable add CASE {shlex.quote(made)}"
    )


def _is_text(name: str) -> bool:
    """Whether a name can be written into case.toml: no control signs, no bytes that are not UTF-8."""
    return name.isprintable()


def _place(folder: Path, name: str) -> Path:
    # Names that differ only by case are one file on Windows and macOS.
    twins = [path for path in folder.iterdir() if path.name.casefold() == name.casefold()]
    return twins[0] if twins else folder / name


def _same(source: Path, place: Path) -> str:
    """The digest of an exhibit that stands at the source's place, when it holds the source's bytes."""
    if place.is_symlink() or not place.is_file():
        raise CaseError(f"{EXHIBITS}/{place.name} is not an ordinary file. Remove it, and add the file itself.")
    digest = sha256_of(place)
    if not place.samefile(source) and sha256_of(source) != digest:
        raise CaseError(
            f"{EXHIBITS}/{place.name} is there already, with other bytes. Exhibits are never replaced: "
            f"copy {source.name} under another name and add that."
        )
    return digest


def _copy(source: Path, place: Path) -> str:
    """Copy and hash in one pass; the copy appears only when it is whole."""
    digest = hashlib.sha256()
    with _open(source) as original, new_file(place) as copy:
        before = os.fstat(original.fileno())
        buffer = bytearray(_CHUNK)
        view = memoryview(buffer)
        while size := _read(original, buffer, source):
            digest.update(view[:size])
            copy.write(view[:size])
        after = os.fstat(original.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise CaseError(f"{source.name} changed while it was copied. Add it again when nothing writes to it.")
    return digest.hexdigest()


def _open(source: Path) -> FileIO:
    try:
        return source.open("rb", buffering=0)
    except OSError as error:
        raise _unreadable(source, error) from error


def _read(original: FileIO, buffer: bytearray, source: Path) -> int:
    try:
        return original.readinto(buffer)
    except OSError as error:
        raise _unreadable(source, error) from error


def _unreadable(source: Path, error: OSError) -> CaseError:
    return CaseError(
        f"{source.name} cannot be read: {error.strerror}. Ask for the right to read it, or for a sound copy."
    )
