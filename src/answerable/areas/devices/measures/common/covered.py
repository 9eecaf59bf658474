"""Coverage: which artefacts could show what a method looks for, which were there, and what a negative means."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from answerable.core.engine import collect
from answerable.core.estimate import Coverage

if TYPE_CHECKING:
    import ibis.expr.types as ir

LOOKED = ("read", "partly read")
"""States of an artefact that was looked at."""

NEVER_CLEAN = (
    "That nothing was found does not make a phone clean: traces may have been erased, may lie where this kind of "
    "acquisition does not reach, or belong to spyware that no list names."
)
UNKNOWN_RATE = (
    "How often this occurs on phones without spyware is not known: no reference set of such phones is public."
)


def coverage_of(artefacts: ir.Table, holds: Collection[str] = ()) -> Coverage:
    """What was looked at among the artefacts whose rows stand in the given tables, and what was missing.

    Missing is what an acquisition of this kind should hold and does not, or not readably, and what only an encrypted
    backup would hold. Where nothing at all could be looked at, everything that could have shown it is missing.

    Args:
        artefacts: the table of artefacts.
        holds: names of declared tables; all where none is given.
    """
    rows = artefacts.filter(artefacts.holds.isin(sorted(holds))) if holds else artefacts
    columns = collect(rows.distinct())
    found = sorted(
        (dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)),
        key=lambda row: [str(row[name]) for name in sorted(row)],  # a whole order, whatever the rows
    )
    several = len({row["device"] for row in found}) > 1
    looked: dict[str, int] = {}
    for row in found:
        if row["state"] in LOOKED:
            name = name_of(row, several)
            looked[name] = looked.get(name, 0) + (row["rows"] or 0)
    gaps = {name_of(row, several): row["reason"] or "it is not there." for row in found if _is_gap(row)}
    if not looked:
        gaps |= {name_of(row, several): row["reason"] or "it is not there." for row in found}
    missing = {name: reason.rstrip(".") for name, reason in gaps.items()}
    return Coverage(looked_at=looked or {"artefacts": 0}, missing=missing, complete=bool(looked) and not missing)


def _is_gap(row: Mapping[str, Any]) -> bool:
    return (
        row["state"] in ("unreadable", "partly read")
        or (row["state"] == "absent" and bool(row["expected"]))
        or (row["state"] == "not held by this kind" and "encrypted" in (row["reason"] or ""))
    )


def name_of(row: Mapping[str, Any], several: bool) -> str:
    """An artefact as people read it, with its phone where there are several."""
    name = f"{row['meaning'] or row['source']} ({row['source']})"
    return f"{row['device']}: {name}" if several else name
