"""What a sample drawn at random and the cases that a system selected say together about a whole population.

Among the selected one sees who was flagged rightly and wrongly; only the random sample knows about everybody else. What
it was drawn from (everybody, or those whom the system did not select) is divided among the groups as the sample is, and
the sample's share with the outcome stands for it. All shares are of the group: TP + FP + FN + TN = 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from answerable.statistics.design import Design, Flags, Floats, Integers

COMPOSED = {
    "selection_rate": "share that the system selected",
    "false_positive_rate": "false positive rate (selected, of those without the outcome)",
    "false_negative_rate": "false negative rate (not selected, of those with the outcome)",
    "true_positive_share": "share of the group that is selected and has the outcome",
    "false_positive_share": "share of the group that is selected and has no outcome",
    "false_negative_share": "share of the group that is not selected and has the outcome",
    "true_negative_share": "share of the group that is not selected and has no outcome",
}
"""What both samples are needed for, by name, with its words."""


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """Marks of the cells of one sample.

    Args:
        totals: totals of the cells, shape (C,), or of resamples, shape (B, C).
        members: marks of the cells of each group, shape (G, C).
        outcome: marks of the cells with the outcome, shape (C,).
        none: marks of those without it; of the rest it is unknown.
    """

    totals: Floats
    members: Flags
    outcome: Flags
    none: Flags

    def of(self, marks: Flags | bool = True) -> Floats:
        """The totals of the marked cells of each group, shape (..., G)."""
        return np.asarray(self.totals @ (self.members & marks).T.astype(np.float64))

    @property
    def everybody(self) -> Floats:
        """The total of all cells, shape (..., 1)."""
        return np.asarray(self.totals.sum(axis=-1, keepdims=True), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Whole:
    """The population.

    Args:
        population: cases in it.
        flagged: how many of them the system selected; of resamples in which that varies, shape (B, 1).
        drawn_from_rest: whether the random sample was drawn from the others only.
        whole_people: whether the implied size of a group is cut down to whole cases.
    """

    population: float
    flagged: float | Floats
    drawn_from_rest: bool = False
    whole_people: bool = False


def implied_shares(selected: Sample, chance: Sample, whole: Whole) -> dict[str, Floats]:
    """What the two samples imply of each group, each of shape (..., G), NaN where undefined.

    Args:
        selected: cases that the system selected.
        chance: the random sample.
        whole: what they were taken from.

    Returns:
        By the names of COMPOSED; "size": cases of the population in the group; "representation": the group's share
        among the selected over its share in the population; "with_outcome": share of the group with the outcome;
        "base_rate" and "positive_predictive_value": what the random and the selected sample tell by themselves.

    Source: Lighthouse Reports & Svenska Dagbladet 2024, the audit of the Swedish parental benefit.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        among = selected.of() / selected.everybody
        flagged, portion = whole.flagged * among, chance.of() / chance.everybody
        size = flagged + (whole.population - whole.flagged) * portion if whole.drawn_from_rest else (
            whole.population * portion)  # fmt: skip
        size = np.floor(size) if whole.whole_people else size
        rate = chance.of(chance.outcome) / chance.of(chance.outcome | chance.none)
        precision = selected.of(selected.outcome) / selected.of(selected.outcome | selected.none)
        chosen = flagged / size
        nobody = selected.of() == 0  # nobody selected: there is no precision, and no positives either way
        tp = np.where(nobody, 0.0, chosen * precision)
        fp = np.where(nobody, 0.0, chosen * (1 - precision))
        base = tp + (1 - chosen) * rate if whole.drawn_from_rest else rate
        fn, tn = base - tp, 1 - base - fp
        found = dict(zip(COMPOSED, (chosen, fp / (1 - base), fn / base, tp, fp, fn, tn), strict=True))
        found |= {"size": size, "representation": among / (size / whole.population), "with_outcome": base}
        found |= {"base_rate": rate, "positive_predictive_value": precision}
    return {name: np.where(np.isfinite(one), one, np.nan) for name, one in found.items()}


def resampled(design: Design, number: int, seed: int) -> tuple[Floats, str]:
    """Totals of the cells in resamples of a sample's units, shape (number, C), and how they were made.

    Where the cells do not determine a resample (weights of one's own), totals are drawn from the normal distribution
    with the covariance that the units show.
    """
    if design.resampling:
        return design.replicates(number, seed), design.resampling
    cells = len(design.totals)
    every = np.eye(cells)
    units = max(1.0, float(design.units(np.ones((1, cells), dtype=bool))[0]))
    products = np.array([design.products(np.broadcast_to(row, every.shape), every) for row in every])
    scales, axes = np.linalg.eigh(products - np.outer(design.totals, design.totals) / units)
    drawn = np.random.default_rng(seed).standard_normal((number, cells)) * np.sqrt(np.maximum(scales, 0.0))
    return np.asarray(design.totals + drawn @ axes.T), "normal resampling of weighted totals"


def redrawn(cells: Integers, number: int, seed: int) -> Floats:
    """Totals of the cells in the very resamples that pandas draws of a table, shape (number, C).

    Args:
        cells: cell of each row, in the order of the table, shape (N,); C is one more than the largest.
        number: resamples.
        seed: of numpy's legacy generator, whose stream never changes (NEP 19).

    Source: pandas, DataFrame.sample(n=N, replace=True) after numpy.random.seed(seed): N places of the table at a time.
    """
    random, rows, width = np.random.RandomState(seed), len(cells), int(cells.max()) + 1
    found = np.empty((number, width))
    for place in range(number):
        found[place] = np.bincount(cells[random.randint(0, rows, rows, dtype=np.int64)], minlength=width)
    return found
