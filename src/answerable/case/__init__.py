"""The case: one investigation as a folder, from exhibits to findings."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from answerable.case.folder import Case


def open_case(path: str | Path) -> Case:
    """The case in a folder, ready to be read and run.

    Raises:
        CaseError: there is no case.toml in the folder, or it is not as it must be.
    """
    from answerable.case.folder import Case

    return Case.open(path)
