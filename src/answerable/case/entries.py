"""What every entry of case.toml shares: how a mistake is named, and that no key is unknown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from answerable.case import PLAN as NAME
from answerable.errors import CaseError, nearest


def fail(place: str, problem: str, mend: str = "") -> NoReturn:
    """Raise the CaseError that names a place in case.toml."""
    raise CaseError(f"{NAME}, {place}: {problem}." + (f" {mend.removesuffix('.')}." if mend else ""))


def check_keys(given: Mapping[str, Any], known: Sequence[str], place: str) -> None:
    """Refuse keys of an entry that are not known."""
    for key in given:
        if key not in known:
            fail(place, f"there is no key {key!r}", f"{nearest(key, known)} Correct it or take it out")
