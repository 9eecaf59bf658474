"""What is estimated: one fraction of cells for each metric and group, and which two of them a comparison compares."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import numpy as np

from answerable.areas.decisions.measures.common.metrics import ALIASES, METRICS, MISSING, USUAL, Metric
from answerable.errors import NotIdentified, ParameterError, nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import ibis.expr.types as ir
    from numpy.typing import NDArray

    from answerable.areas.decisions.measures.common.cells import Cells

BAND = "score band"
CALIBRATION = replace(
    METRICS["base_rate"], name="calibration", label="calibration (share with the outcome in a band of the score)"
)


@dataclass(frozen=True, eq=False)
class Estimand:
    """A fraction of cells: a metric within a group.

    Args:
        metric: its definition. of: the group as {column: value}.
        members: marks of the group's cells.
        above, below: marks of the cells above and below the line of the fraction.
    """

    metric: Metric
    of: Mapping[str, str]
    members: NDArray[np.bool_]
    above: NDArray[np.bool_]
    below: NDArray[np.bool_]


def choose_metrics(names: Sequence[str] | None, cells: Cells, known: Sequence[str]) -> list[Metric]:
    """The metrics of those names; without names, all usual ones that the table's columns permit.

    Raises:
        ParameterError: a name that there is not. NotIdentified: a metric needs a column that is not mapped.
    """
    if names is None:
        chosen = [METRICS[name] for name in USUAL]
        return [metric for metric in chosen if not needs(metric, known)]
    chosen = []
    for name in names:
        metric = metric_of(name)
        if lacking := needs(metric, known):
            raise NotIdentified(f"The {metric.label} cannot be computed.", missing=f"a column for: {lacking}.")
        chosen.append(metric)
    return chosen


def metric_of(name: str) -> Metric:
    """The metric of that name, as the field or people call it.

    Raises:
        ParameterError: there is none; the nearest names are offered.
    """
    term = name.casefold().replace(" ", "_").replace("-", "_")
    term = ALIASES.get(term, term)
    if term not in METRICS:
        raise ParameterError(f"There is no metric {name!r}. {nearest(term, [*METRICS, *ALIASES])}")
    return METRICS[term]


def needs(metric: Metric, known: Sequence[str]) -> str:
    """The declared columns that the metric needs and the table has not, as words; empty where it has all."""
    wanted = {"outcome": metric.needs_outcome, "decided": metric.needs_decision}
    return ", ".join(name for name, needed in wanted.items() if needed and name not in known)


def breakdowns(columns: Sequence[str], intersections: bool) -> list[tuple[str, ...]]:
    """Each column by itself, then each combination of several, where those are asked for."""
    sizes = range(1, len(columns) + 1 if intersections else min(2, len(columns) + 1))
    return [combination for size in sizes for combination in combinations(columns, size)]


def with_bands(decisions: ir.Table, bands: Sequence[float] | None) -> ir.Table:
    """The table with a column that names the band in which each score lies, numbered from the lowest.

    Raises:
        ParameterError: the edges do not rise. NotIdentified: no score is mapped.
    """
    import ibis

    if bands is None:
        return decisions
    if list(bands) != sorted(set(bands)) or not bands:
        raise ParameterError(f"bands takes rising edges, as 2,4,6; not {', '.join(f'{edge:g}' for edge in bands)}.")
    if "score" not in decisions.columns:
        raise NotIdentified(
            "Calibration within bands needs a score.", missing="the column that holds it (--score COLUMN)."
        )
    score = decisions["score"]
    names = [f"0:below {bands[0]:g}"]
    names += [f"{place}:{low:g} to below {high:g}" for place, (low, high) in enumerate(pairwise(bands), start=1)]
    cases = [(score < edge, name) for edge, name in zip(bands, names, strict=True)]
    return decisions.mutate(**{BAND: ibis.cases(*cases, (score >= bands[-1], f"{len(bands)}:{bands[-1]:g} or more"))})


def bands_of(cells: Cells) -> list[str]:
    """The bands of the score that the cells know, lowest first."""
    if BAND not in cells.columns:
        return []
    found = [band for (band,) in cells.groups([BAND]) if band != MISSING]
    return sorted(found, key=lambda band: int(band.split(":")[0]))


class Marks:
    """Marks of cells by group, metric and band, as boolean arrays over the cells."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self._columns = {
            column: np.array([group[place] for group, _ in cells.keys], dtype=object)
            for place, column in enumerate(cells.columns)
        }
        self._kinds = [kind for _, kind in cells.keys]
        self._lines: dict[str, tuple[NDArray[np.bool_], NDArray[np.bool_]]] = {}
        self.counts = np.array(cells.counts)

    def everybody(self) -> NDArray[np.bool_]:
        """Marks of all cells."""
        return np.ones(len(self._kinds), dtype=bool)

    def group(self, of: Mapping[str, str]) -> NDArray[np.bool_]:
        """Marks of the cells of one group."""
        marks = self.everybody()
        for column, value in of.items():
            marks &= self._columns[column] == value
        return marks

    def size(self, of: Mapping[str, str]) -> int:
        """How many rows a group has."""
        return int(self.counts[self.group(of)].sum())

    def rate(self, one: Estimand) -> float | None:
        """The value of an estimand; None where nobody stands below its line."""
        totals = np.array(self.cells.totals)
        below = float(totals[one.below].sum())
        return float(totals[one.above].sum()) / below if below > 0 else None

    def estimands(
        self, metrics: Sequence[Metric], of: Mapping[str, str], members: NDArray[np.bool_]
    ) -> Iterator[Estimand]:
        """The metrics within a group, and its calibration in each band."""
        for metric in metrics:
            yield self._estimand(metric, of, members)
        for band in bands_of(self.cells):
            within = members & self.group({BAND: band})
            yield self._estimand(CALIBRATION, {**of, "score": band.split(":", 1)[1]}, within)

    def _estimand(self, metric: Metric, of: Mapping[str, str], members: NDArray[np.bool_]) -> Estimand:
        if metric.name not in self._lines:  # the same for every group
            above = np.array([metric.is_above(kind) for kind in self._kinds], dtype=bool)
            below = np.array([metric.is_below(kind) for kind in self._kinds], dtype=bool)
            self._lines[metric.name] = above, below
        above, below = self._lines[metric.name]
        return Estimand(metric, of, members, above & members, below & members)


def groups_of(cells: Cells, columns: Sequence[str]) -> list[dict[str, str]]:
    """The groups of a breakdown as {column: value}."""
    return [dict(zip(columns, group, strict=True)) for group in cells.groups(columns)]
