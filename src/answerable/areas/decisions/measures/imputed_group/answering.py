"""The answer where groups are imputed: weighted, assigned and bounded disparities side by side, with their limits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from answerable.areas.decisions.measures.common.answers import LIMITS
from answerable.areas.decisions.measures.common.cells import count_cells
from answerable.areas.decisions.measures.common.estimands import Marks
from answerable.areas.decisions.measures.common.estimates import (
    NULLS,
    UNITS,
    UNSAID,
    Kind,
    Settings,
    contrast_estimates,
)
from answerable.areas.decisions.measures.common.metrics import METRICS, MISSING
from answerable.areas.decisions.measures.imputed_group.probabilities import Imputed, unknown_rows
from answerable.areas.decisions.measures.imputed_group.sums import (
    UnitSums,
    cell_bounds,
    shared,
    unit_sums,
    usable,
)
from answerable.core.curve import ladder
from answerable.core.estimate import Answer, Coverage, Estimate
from answerable.core.words import count_text
from answerable.errors import NotIdentified
from answerable.statistics.memberships import Memberships

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.statistics.design import Floats

_SELECTION = METRICS["selection_rate"]
_DIRECTIONS: dict[bool | None, Literal["good", "bad", "not stated"]] = {True: "good", False: "bad", None: "not stated"}
_LIMITS = (
    "Nobody's group was looked up: probabilities speak of groups of people, never of one person.",
    "The weighted difference is right only where, among people of equal probabilities, the decision has nothing to do "
    "with the group. Otherwise it is off by the average covariance of decision and group among them, divided by the "
    "group's share: a group that is decided more often than its own neighbours of equal probabilities is understated.",
    "Assigning each person to the most probable group usually exaggerates gaps: it counts the probable, who live among "
    "their own, and leaves out the rest. It is shown because others publish it, not because it is right.",
    "Intervals hold for the population that the rows were drawn from; the very people in the exhibit, of whom nobody "
    "knows who belongs to which group, can differ from it.",
    "Bounds hold whatever decision and group have to do with each other, if the probabilities are right for these very "
    "people; wrong probabilities make every number here wrong.",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the question settles: see the method's arguments."""

    recorded: str | None
    reference: str | None
    comparisons: tuple[Kind, ...]
    cutoff: float
    independent: bool
    favourable: bool | None
    level: float
    replicates: int

    @property
    def column(self) -> str:
        """How the groups are called in the answer."""
        return self.recorded or "group"


def answer(imputed: Imputed, asked: Asked) -> Answer:
    """Estimates of every group against the reference."""
    from answerable.areas.decisions.measures.imputed_group.validation import validate

    every, gaps = unknown_rows(imputed)
    rows = usable(imputed)
    sums = unit_sums(rows, _quantities(rows, imputed.columns), asked.independent)
    if not sums.rows:
        why = "; ".join(f"{reason} {said}" for reason, said in gaps.items())
        raise NotIdentified(
            f"No row has both a decision and probabilities of groups{f': {why}' if why else ''}.",
            missing="decisions with probabilities, or tables that hold their names and places.",
        )
    comparison = _Comparison(imputed, asked, sums, rows)
    estimates = [*comparison.rates(), *comparison.contrasts()]
    checked, series, more = validate(imputed, asked, rows) if asked.recorded else ([], (), {})
    looked_at = {"rows": every, "rows with probabilities and a decision": sums.rows}
    if sums.units and "person" in rows.columns:
        looked_at["people"] = sums.units
    missing = {**gaps, **more}
    return Answer(
        estimates=(*estimates, *checked),
        coverage=Coverage(looked_at=looked_at, missing=missing, complete=not missing),
        limits=(*LIMITS, *_LIMITS, *comparison.notes),
        series=series,
    )


def _quantities(rows: ir.Table, columns: Sequence[str]) -> dict[str, Any]:
    """What a row puts into the weighted rates: its probabilities, with the decision and without regard to it."""
    decided = rows["decided"].cast("int64")
    events = {f"event_{name}": rows[name] * decided for name in columns}
    return events | {f"total_{name}": rows[name] * 1.0 for name in columns}


class _Comparison:
    """The groups compared with the reference in three ways."""

    def __init__(self, imputed: Imputed, asked: Asked, sums: UnitSums, rows: ir.Table) -> None:
        self.groups, self.asked, self.sums = imputed.groups, asked, sums
        count = len(imputed.groups)
        self.weighted = Memberships(
            sums.sums[:count], sums.sums[count:], sums.products, sums.units, sums.squares[count:]
        )
        self.levels = np.array(ladder(asked.level))
        chosen = asked.reference or max(imputed.groups, key=lambda one: self.weighted.totals[self.groups.index(one)])
        self.reference = imputed.groups.index(chosen)
        self.others = [place for place in range(count) if place != self.reference]
        self.overlap = shared(rows, imputed.columns)
        self.bounds, self.cells, self.sampled = cell_bounds(rows, imputed.columns, asked.independent)
        self.assigned, unassigned = self._assigned(imputed, rows)
        self.notes = (
            f"Bounds rest on {self.cells:,} cells of (nearly) equal probabilities; finer cells would not widen them.",
            unassigned,
        )

    def of(self, place: int) -> dict[str, str]:
        """A group as the answer names it."""
        return {self.asked.column: self.groups[place]}

    def rates(self) -> list[Estimate]:
        """The weighted rate of each group."""
        low, high = self.weighted.rate_limits(self.levels)
        return [
            self._estimate(
                "weighted_selection_rate",
                "selection rate weighted by the probability of the group",
                place,
                value=float(self.weighted.rates[place]) if self.weighted.totals[place] > 0 else None,
                limits=(low[place], high[place]),
                unit="proportion",
            )
            for place in range(len(self.groups))
        ]

    def contrasts(self) -> list[Estimate]:
        """Every group against the reference: weighted, assigned, bounded, and what would undo the difference."""
        made = []
        for place in self.others:
            for kind in self.asked.comparisons:
                made += [self._weighted(place, kind), self.assigned[place, kind], self._bounded(place, kind)]
            made.append(self._needed(place))
        return made

    def _weighted(self, place: int, kind: Kind) -> Estimate:
        pair = [(place, self.reference)]
        found = self.weighted.difference_limits if kind == "difference" else self.weighted.ratio_limits
        low, high = found(pair, self.levels)
        return self._estimate(
            f"weighted_selection_rate_{kind}",
            "selection rate, if among people of equal probabilities the decision has nothing to do with the group "
            "(weighted),",
            place,
            value=self._value(place, kind),
            limits=(low[0], high[0]),
            kind=kind,
        )

    def _bounded(self, place: int, kind: Kind) -> Estimate:
        found = self.bounds.difference if kind == "difference" else self.bounds.ratio
        least, most, low, high = found(place, self.reference, self.levels)
        ends = f"{least:.4g} to {most:.4g}" if math.isfinite(most) else f"at least {least:.4g}"
        one = self._estimate(
            f"selection_rate_{kind}_bounds",
            "selection rate, whatever decision and group have to do with each other among people of equal "
            "probabilities (bounds),",
            place,
            value=self._value(place, kind),
            limits=(low, high),
            kind=kind,
        )
        how = f"sharp bounds {ends}, widened by their sampling error (linearised, normal) and for small cells"
        return replace(one, interval=how if one.curve else "", reason=one.reason or ("" if one.curve else UNSAID))

    def _needed(self, place: int) -> Estimate:
        """The gap among people of equal probabilities that would undo the weighted difference."""
        mine, other = self.weighted.totals[place], self.weighted.totals[self.reference]
        value, factor = None, 0.0
        if mine > 0 and other > 0:
            spread = (mine - self.overlap[place, place]) / mine + self.overlap[place, self.reference] / other
            factor = -1 / spread if spread > 1e-12 else 0.0
            value = (self._value(place, "difference") or 0.0) * factor if factor else None
        low, high = self.weighted.difference_limits([(place, self.reference)], self.levels)
        against = self.groups[self.reference]
        one = self._estimate(
            "gap_among_equals_needed",
            f"gap in selection rate to others of equal probabilities that would leave no difference from {against}",
            place,
            value=value,
            limits=(high[0] * factor, low[0] * factor),
            unit="difference of proportions",
            lacking="Every probability is 0 or 1, so there are no people of equal probabilities in different groups.",
        )
        return replace(one, interval=f"{one.interval}, the spread of probabilities taken as known" if one.curve else "")

    def _value(self, place: int, kind: Kind) -> float | None:
        rates, totals = self.weighted.rates, self.weighted.totals
        if totals[place] <= 0 or totals[self.reference] <= 0:
            return None
        if kind == "difference":
            return float(rates[place] - rates[self.reference])
        return float(rates[place] / rates[self.reference]) if rates[self.reference] > 0 else None

    def _estimate(
        self,
        name: str,
        label: str,
        place: int,
        *,
        value: float | None,
        limits: tuple[Floats, Floats],
        unit: str = "",
        kind: Kind | None = None,
        lacking: str = "",
    ) -> Estimate:
        weighted, base = self.weighted, self.reference
        compared: dict[str, Any] = {}
        if kind is not None:
            unit = UNITS[kind]
            compared = {"against": self.of(base), "null": NULLS[kind], "counts": self._counts(base)}
            if weighted.totals[place] > 0 and weighted.totals[base] > 0 and not name.endswith("bounds"):
                compared["between"] = (float(weighted.rates[place]), float(weighted.rates[base]))
        n, events = self._counts(place)
        said = self.sums.units > 0
        curve = tuple(
            (float(level), _end(min(a, value)), _end(max(b, value)))
            for level, a, b in zip(self.levels, *limits, strict=True)
            if value is not None and said
        )
        if value is None:
            reason = lacking or "No weight of probability lies on one of the groups, or the reference has no event."
        else:
            reason = "" if said else UNSAID
        how = "linearised, Wilson limits with the effective number of people" + ("" if kind is None else " (MOVER)")
        return Estimate(
            name=name,
            label=label,
            of=self.of(place),
            unit=unit,
            n=n,
            events=events,
            value=value,
            level=self.asked.level,
            units=self._units(place, kind) if said else None,
            direction=_DIRECTIONS[self.asked.favourable] if name != "gap_among_equals_needed" else "not stated",
            interval=how if curve else "",
            curve=curve,
            reason=reason,
            **compared,
        )

    def _counts(self, place: int) -> tuple[int, int]:
        """Expected members in rows and those with the decision, rounded."""
        scale = self.sums.rows / max(float(self.weighted.totals.sum()), 1e-300)
        return round(self.weighted.totals[place] * scale), round(self.weighted.events[place] * scale)

    def _units(self, place: int, kind: Kind | None) -> int:
        """Effective number of people, and never more than are expected in the group."""
        places = [place] if kind is None else [place, self.reference]
        return int(min(min(self.weighted.sizes[one], self._counts(one)[0]) for one in places))

    def _assigned(self, imputed: Imputed, rows: ir.Table) -> tuple[dict[tuple[int, Kind], Estimate], str]:
        """The ordinary disparity between rows assigned to their most probable group."""
        column = self.asked.column
        kept = [name for name in ("decided", "person", "weight", "count") if name in rows.columns]
        marked = rows.mutate(**{column: assigned_group(rows, imputed, self.asked.cutoff)}).select(column, *kept)
        cells = count_cells(marked, [column], independent=self.asked.independent)
        marks = Marks(cells)
        settings = Settings(self.asked.favourable, self.asked.level, "auto", self.asked.replicates)
        one = [
            next(marks.estimands([_SELECTION], self.of(k), marks.group(self.of(k)))) for k in range(len(self.groups))
        ]
        made = {}
        for kind in self.asked.comparisons:
            found = contrast_estimates(cells, [(one[k], one[self.reference]) for k in self.others], kind, settings)
            what = {"difference": "difference of the selection rate from", "ratio": "ratio of the selection rate to"}
            label = (
                f"{what[kind]} that of {self.groups[self.reference]}, were all of their most probable group (biased),"
            )
            for place, estimate in zip(self.others, found, strict=True):
                # Known to be biased, so nothing is tested by it: it stands beside the others as a value.
                made[place, kind] = replace(
                    estimate, name=f"assigned_selection_rate_{kind}", label=label, null=None, direction="not stated"
                )
        left = count_text(marks.size({column: MISSING}), "row")
        return made, f"Assigned to no group, for want of a largest probability that reaches the cut-off: {left}."


def assigned_group(rows: ir.Table, imputed: Imputed, cutoff: float) -> Any:
    """The name of the most probable group of a row; missing at a tie or below the cut-off."""
    import ibis

    columns = imputed.columns
    cases = []
    for name, group in zip(columns, imputed.groups, strict=True):
        first = reduce(and_, (rows[name] > rows[other] for other in columns if other != name))
        cases.append((first & (rows[name] >= cutoff), group))
    return ibis.cases(*cases)


def _end(end: float) -> float | None:
    return float(end) if math.isfinite(end) else None
