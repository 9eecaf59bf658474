"""The case: one investigation as a folder, from exhibits to findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from answerable.case.folder import Case


EXHIBITS = "exhibits"
"""Folder of a case's exhibits."""
PLAN = "case.toml"
"""The file that is the whole investigation."""


def note_look(file: str | Path) -> None:
    """Record a look at a file in the ledger of the case whose exhibit it is; nothing where it is none.

    Raises:
        CaseError: it lies among a case's exhibits, and the case cannot record it.
    """
    from pathlib import Path

    place = Path(file).resolve()
    if place.parent.name == EXHIBITS and (place.parent.parent / PLAN).is_file():
        open_case(place.parent.parent).look(place)


def open_case(path: str | Path) -> Case:
    """The case in a folder, ready to be read and run.

    Raises:
        CaseError: there is no case.toml in the folder, or it is not as it must be.
    """
    from answerable.case.folder import Case

    return Case.open(path)
