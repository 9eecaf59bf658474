"""devices.coverage: what an acquisition held, from when to when, and what could not be looked at."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.measures.common.covered import LOOKED, NEVER_CLEAN, coverage_of, name_of
from answerable.areas.devices.measures.common.rules import distinct
from answerable.areas.devices.measures.common.traces import RIGHTS, observed, rows_of, time_text
from answerable.areas.devices.tables import ARTEFACTS
from answerable.core.engine import collect
from answerable.core.estimate import Answer
from answerable.core.method import method
from answerable.core.words import count_text
from answerable.errors import NotIdentified

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Observation

_FORGEABLE = "Whoever had the phone before may have deleted rows or files; times are those of the phone's own clock."
_BENIGN = "Phones hold only what their owner uses, and their systems remove what is old."
_LIMITS = (
    NEVER_CLEAN,
    "What an artefact does not hold can be told for the time between its first and its last row only, and systems "
    "remove rows in between as well.",
)


@method(
    "devices.coverage",
    reads=[ARTEFACTS],
    source="ISO/IEC 27037:2012, Guidelines for identification, collection, acquisition and preservation",
    rights=RIGHTS,
)
def coverage(artefacts: ir.Table) -> Answer:
    """Which artefacts an acquisition held, which time they span, and what could not be looked at: what a "no" means.

    There is a finding for each artefact that was read, whole or in part, with its rows and its span; for each that
    should have been there and was not, or could not be read, with the reason; and one for what this kind of acquisition
    never holds.

    Args:
        artefacts: what was looked for.

    Raises:
        NotIdentified: nothing was looked for.

    Source:
        ISO/IEC 27037:2012, for saying what was acquired and what was not. Field experience that an unencrypted backup
        lacks histories and calls: Amnesty International Security Lab, Forensic Methodology Report, 2021.
    """
    rows = sorted(rows_of(collect(artefacts.distinct())), key=_place)
    if not rows:
        raise NotIdentified("No artefact was looked for.", missing="an acquisition of a phone.")
    several = len({row["device"] for row in rows}) > 1
    observations = [one for row in rows for one in _said(row, several)]
    observations += _never_held([row for row in rows if row["state"] == "not held by this kind"], several)
    looked = coverage_of(artefacts)
    gone = {name_of(row, several): (row["reason"] or "").rstrip(".") for row in rows if row["state"] not in LOOKED}
    return Answer(
        observations=distinct(observations),
        coverage=dataclasses.replace(looked, missing=dict(sorted({**gone, **looked.missing}.items()))),
        limits=_LIMITS,
        looked_for="what acquisitions of this kind hold",
    )


def _place(row: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple("" if row[name] is None else str(row[name]) for name in ("device", "acquisition", "source", *row))


def _said(row: Mapping[str, Any], several: bool) -> Iterator[Observation]:
    """The finding on an artefact that was there or should have been."""
    name, reason = name_of(row, several), f"{(row['reason'] or 'no reason is known').rstrip('.')}."
    span = _span(row)
    if row["state"] == "read":
        yield _fact(row, f"Read: {name}, {span}.")
    elif row["state"] == "partly read":
        yield _fact(row, f"Read in part only: {name}, {span}. {reason[:1].upper()}{reason[1:]}")
    elif row["state"] == "unreadable":
        yield _fact(row, f"Could not be read: {name}: {reason}")
    elif row["state"] == "absent" and row["expected"]:
        yield _fact(row, f"Missing, though such an acquisition should hold it: {name}: {reason}")
    elif row["state"] == "not held by this kind" and "encrypted" in reason:
        yield _fact(row, f"Could not be looked at: {name}: {reason}")


def _span(row: Mapping[str, Any]) -> str:
    """Rows, and from which day to which."""
    text = count_text(row["rows"] or 0, "row")
    if row["first"] is not None and row["last"] is not None:
        first, last = row["first"].date(), row["last"].date()
        text += f" of {first}" if first == last else f" from {first} to {last}"
    elif row["rows"]:
        text += " without times"
    if row["refused"]:
        text += f"; {count_text(row['refused'], 'more row')} could not be taken"
    return text


def _never_held(rows: Sequence[Mapping[str, Any]], several: bool) -> Iterator[Observation]:
    """One finding for each acquisition on what its kind never holds."""
    kinds: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        if "encrypted" not in (row["reason"] or ""):
            kinds.setdefault((row["device"] or "", row["acquisition"] or ""), []).append(row)
    for (device, kind), group in kinds.items():
        names = "; ".join(dict.fromkeys(name_of(row, False) for row in group))
        whole = {**group[0], "source": "", "paths": "", "rows": None, "first": None, "last": None, "holds": ""}
        prefix = f"{device}: " if several else ""
        yield _fact(whole, f"{prefix}An acquisition of this kind ({kind}) never holds: {names}.")


def _fact(row: Mapping[str, Any], what: str) -> Observation:
    paths = (row["paths"] or "").split("\n")
    place = {"device": row["device"], "exhibit": "", "artefact": paths[0], "table": "", "source": row["source"]}
    return observed(
        {**place, "row": "", "time": None},
        what=what,
        category="coverage",
        field="state",
        value=row["state"] or "",
        strength="strong",
        forgeable=_FORGEABLE,
        benign=_BENIGN,
        fields={
            "acquisition": row["acquisition"] or "",
            "holds": row["holds"] or "",
            "expected": bool(row["expected"]),
            "files": row["files"] or 0,
            "rows": row["rows"] or 0,
            "first": time_text(row["first"]),
            "last": time_text(row["last"]),
        },
    )
