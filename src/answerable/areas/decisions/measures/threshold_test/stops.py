"""The stops that the threshold test reads: hits, searches in vain and people let go, by group and place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from answerable.areas.decisions.measures.common.cells import count_cells
from answerable.areas.decisions.measures.common.estimands import Marks
from answerable.areas.decisions.measures.common.metrics import METRICS, MISSING
from answerable.areas.decisions.measures.common.reference import check_reference, pairs
from answerable.core.engine import collect
from answerable.errors import NotIdentified, ParameterError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.areas.decisions.measures.common.cells import Cells
    from answerable.statistics.design import Floats

STRATUM = "stratum"
FEWEST = 20
NEEDED = {
    "decided": "who was searched (--decided COLUMN=VALUE)",
    "outcome": "what the search found (--outcome COLUMN=VALUE)",
    STRATUM: "the place of each stop (--stratum COLUMN): bars are told from risks by how both vary over places",
}


@dataclass(frozen=True, slots=True, eq=False)
class Stops:
    """Stops by group and place.

    Args:
        groups: as {column: value}, in their order. places: names.
        counts: hits, searches in vain and people let go, shape (groups, places, 3).
        reference: number of the group that others are compared with.
        known: whether somebody said what is independent.
        repeated: rows and people, where people have several rows; None otherwise.
        weighted: whether rows have weights, which are not used.
        missing: what could not be used, with the reason.
    """

    groups: tuple[dict[str, str], ...]
    places: tuple[str, ...]
    counts: Floats
    reference: int
    known: bool
    repeated: tuple[int, int] | None
    weighted: bool
    missing: Mapping[str, str]

    @property
    def shares(self) -> Floats:
        """Share of each place among all stops: the same places for every group."""
        each = self.counts.sum(axis=(0, 2))
        return np.asarray(each / each.sum())


def read_stops(
    decisions: ir.Table,
    columns: Sequence[str],
    reference: Literal["largest"] | Mapping[str, str],
    independent: bool,
) -> Stops:
    """Count the stops.

    Raises:
        NotIdentified: a column is missing; fewer than 2 groups or strata; fewer than 20 hits or searches in vain.
        ParameterError: an unknown group or reference; person and `independent` contradict each other.
    """
    known = decisions.columns
    for name, words in NEEDED.items():
        if name not in known:
            raise NotIdentified("The threshold test cannot be made.", missing=f"a column that says {words}.")
    if independent and "person" in known:
        raise ParameterError(
            "Say either which column names the person (person) or that each row is a person of its own (independent)."
        )
    check_reference(reference, columns)
    plain = decisions.drop(*({"person", "weight"} & set(known)))
    cells = count_cells(plain, [*columns, STRATUM], independent=False)
    first = pairs(Marks(cells), [METRICS["selection_rate"]], columns, reference, None)[0][1].of
    counts, groups, places, missing = _grid(cells, columns)
    if len(places) < 2:
        raise NotIdentified("All stops are in one place.", missing="stops in several places (--stratum COLUMN).")
    hits, vain = counts[..., 0].sum(), counts[..., 1].sum()
    if min(hits, vain) < FEWEST:
        raise NotIdentified(
            f"There are {hits:,.0f} hits and {vain:,.0f} searches in vain: too few to tell bars from risks.",
            missing=f"at least {FEWEST} of each.",
        )
    people = int(collect(decisions.agg(people=decisions["person"].nunique()))["people"][0]) if "person" in known else 0
    return Stops(
        groups=groups,
        places=places,
        counts=counts,
        reference=groups.index(dict(first)),
        known=independent or "person" in known,
        repeated=(cells.rows, people) if 0 < people < cells.rows else None,
        weighted="weight" in known,
        missing=missing,
    )


def _grid(
    cells: Cells, columns: Sequence[str]
) -> tuple[Floats, tuple[dict[str, str], ...], tuple[str, ...], dict[str, str]]:
    """Counts of every group in every place, the names of both, and what had to be left out."""
    names = cells.groups(columns)
    places = [place for (place,) in cells.groups([STRATUM]) if place != MISSING]
    counts = np.zeros((len(names), len(places), 3))
    left = {"decided": 0, "outcome": 0, STRATUM: 0}
    for (group, (decided, outcome)), number in zip(cells.keys, cells.counts, strict=True):
        if decided is None:
            left["decided"] += number
        elif decided and outcome is None:
            left["outcome"] += number
        elif group[-1] == MISSING:
            left[STRATUM] += number
        else:
            kind = 2 if not decided else 0 if outcome else 1
            counts[names.index(group[:-1]), places.index(group[-1]), kind] += number
    words = {"decided": "do not say whether there was a search", "outcome": "do not say what the search found"}
    words[STRATUM] = "do not say where"
    missing = {name: f"{n:,} stops {words[name]}; they are left out" for name, n in left.items() if n}
    groups = tuple(dict(zip(columns, name, strict=True)) for name in names)
    return counts, groups, tuple(places), missing
