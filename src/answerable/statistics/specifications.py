"""Specification curves: one comparison counted in many ways, and whether the whole curve lies beyond no difference.

A profile is what every rule says of a row (yes, no or missing). Everything here is a function of the number of rows by
group and profile.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from answerable.statistics.design import Flags, Floats, Integers, blocks
from answerable.statistics.resampling import percentile_limits
from answerable.statistics.score_curves import joint_root

if TYPE_CHECKING:
    from answerable.statistics.design import Design

_MOST_DRAWN = 20_000_000
_LEAST_REPLICATES = 1_000
_MOST_JOINT = 400
_MOST_ROWS = 900_000_000
"""Beyond this, numpy draws no hypergeometric numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Specifications:
    """Differences or ratios of two rates, counted in S ways, of G groups and P profiles.

    Args:
        above: profiles above the line of the fraction, shape (S, P).
        below: profiles below it, shape (S, P).
        of: groups that make up the compared group, shape (S, G).
        against: groups that make up the reference, shape (S, G).
        kind: what is made of the two rates.
    """

    above: Flags
    below: Flags
    of: Flags
    against: Flags
    kind: Literal["difference", "ratio"]

    @property
    def null(self) -> float:
        """The value that means no difference."""
        return 0.0 if self.kind == "difference" else 1.0

    def values(self, counts: Floats) -> Floats:
        """The comparisons in tables of counts of shape (B, G, P), as (B, S); NaN where nobody is counted."""
        flat = counts.reshape(-1, counts.shape[2])  # one product, not one for each table
        above, below = (
            (flat @ marks.T.astype(np.float64)).reshape(*counts.shape[:2], -1) for marks in (self.above, self.below)
        )
        rates = []
        with np.errstate(invalid="ignore", divide="ignore"):
            for members in (self.of, self.against):
                marks = members.T.astype(np.float64)
                rates.append(np.einsum("bgs,gs->bs", above, marks) / np.einsum("bgs,gs->bs", below, marks))
            return np.asarray(rates[0] - rates[1] if self.kind == "difference" else rates[0] / rates[1])

    def medians(self, counts: Floats) -> Floats:
        """The median comparison of each table of counts, shape (B,); NaN where none can be counted."""
        return _medians(self.values(counts))

    def deviations(self, design: Design, cells: tuple[Integers, Integers], values: Floats) -> Floats:
        """What one row of each cell adds to each comparison, linearised, shape (S, C).

        Args:
            design: what the units contributed to the cells.
            cells: the group and the profile of each cell.
            values: the comparisons, shape (S,).
        """
        found = []
        for members in (self.of, self.against):
            above, below = (marks[:, cells[1]] & members[:, cells[0]] for marks in (self.above, self.below))
            weights = below @ design.totals
            rate = (above @ design.totals / weights)[:, None]
            deviation = (above - rate * below) / weights[:, None]
            found.append(deviation if self.kind == "difference" else deviation / rate)
        scale = 1.0 if self.kind == "difference" else values[:, None]
        return np.asarray(scale * (found[0] - found[1]))


@dataclass(frozen=True, slots=True, eq=False)
class MedianCurve:
    """The median over the specifications with its limits at L levels; `reason` says why there are none."""

    value: float
    low: Floats
    high: Floats
    how: str
    reason: str = ""


def median_curve(
    specifications: Specifications,
    design: Design,
    cells: tuple[Integers, Integers],
    strata: Integers | None,
    *,
    levels: Floats,
    replicates: int,
    seed: int,
) -> MedianCurve:
    """The median over the specifications, with limits from resampled units that shuffled groups may widen.

    The limits are the bootstrap's percentiles, or those of a normal distribution where no units can be resampled. Where
    the rows are independent, the groups are also shuffled among rows of the same stratum, which keeps how many rows of
    each profile there are: an interval at level 1 - a that leaves no difference out, though at least a share a of the
    shuffled tables has a median as far from it, is extended to it.

    Args:
        specifications: what is counted.
        design: what the independent units contributed to C cells.
        cells: the group and the profile of each cell, each of shape (C,).
        strata: within which profiles groups are shuffled, shape (P,); None where rows are not independent.
        levels: rising, shape (L,).
        replicates: resamples and shuffled tables; fewer where there are very many cells.
        seed: of the random numbers.

    Source: Simonsohn, Simmons & Nelson 2020, Nat. Hum. Behav. 4; Efron & Tibshirani 1993, ch. 13.
    """
    shape = specifications.of.shape[1], specifications.above.shape[1]
    seen = _tables(design.totals[None, :], cells, shape)
    value, none = float(specifications.medians(seen)[0]), np.full(len(levels), np.nan)
    number = min(replicates, max(_LEAST_REPLICATES, _MOST_DRAWN // max(shape[0] * shape[1], design.draws)))
    if design.resampling:
        totals = design.replicates(number, seed)
        pieces = _pieces(number, specifications, shape)
        resampled = np.concatenate([specifications.medians(_tables(totals[one], cells, shape)) for one in pieces])
        how = f"{design.resampling} of the median, percentile, {number:,} replicates"
    elif len(specifications.above) <= _MOST_JOINT:
        resampled = _normal_medians(specifications, design, cells, specifications.values(seen)[0], number, seed)
        how = f"median of specifications that vary jointly as a normal distribution, {number:,} draws"
    else:
        reason = f"More than {_MOST_JOINT} specifications of weighted rows, or of people of too many kinds."
        return MedianCurve(value, none, none, "", reason)
    resampled.sort()
    if not np.isfinite(value) or not np.isfinite(resampled[[0, -1]]).all() or resampled[0] == resampled[-1]:
        return MedianCurve(value, none, none, "", "Too few rows: resamples do not show how much the median varies.")
    low, high = (one[0] for one in percentile_limits(resampled[None, :], levels, specifications.kind))
    if strata is not None and seen.sum() < _MOST_ROWS:
        p_value = _shuffled_p_value(specifications, seen[0], strata, value, number, seed)
        kept = p_value > 1 - levels
        low = np.where(kept, np.minimum(low, specifications.null), low)
        high = np.where(kept, np.maximum(high, specifications.null), high)
        how += f"; {number:,} tables with shuffled groups"
    return MedianCurve(value, np.minimum.accumulate(low), np.maximum.accumulate(high), how)


def _normal_medians(
    specifications: Specifications,
    design: Design,
    cells: tuple[Integers, Integers],
    values: Floats,
    number: int,
    seed: int,
) -> Floats:
    """Medians of draws around the values, with the covariance between units: where no units can be resampled."""
    known = ~np.isnan(values) & np.isfinite(values)
    above, below, of, against = (
        marks[known]
        for marks in (specifications.above, specifications.below, specifications.of, specifications.against)
    )
    counted = Specifications(above, below, of, against, specifications.kind)
    deviations = counted.deviations(design, cells, values[known])
    if not np.isfinite(deviations).all():
        return np.full(number, np.nan)
    count = len(deviations)
    errors = np.sqrt(design.products(deviations, deviations))
    some = deviations / np.where(errors > 0, errors, 1.0)[:, None]
    correlations = np.array([design.products(np.tile(one, (count, 1)), some) for one in some])
    drawn = np.random.default_rng(seed).standard_normal((number, count)) @ joint_root(correlations).T
    return _medians(values[known] + errors * drawn)


def _medians(values: Floats) -> Floats:
    """The median of each row, without what is not known; NaN where nothing is."""
    ordered = np.sort(values, axis=1)
    known = np.count_nonzero(~np.isnan(ordered), axis=1)
    middle = np.minimum(np.stack([np.maximum(known - 1, 0) // 2, known // 2], axis=1), ordered.shape[1] - 1)
    return np.asarray(np.where(known > 0, np.take_along_axis(ordered, middle, axis=1).mean(axis=1), np.nan))


def shuffled(counts: Floats, strata: Integers, number: int, random: np.random.Generator) -> Floats:
    """Tables in which the groups are dealt out anew among the rows of each stratum, shape (number, G, P).

    Args:
        counts: rows by group and profile, shape (G, P).
        strata: the stratum of each profile, shape (P,).
        number: how many tables.
        random: where chance comes from.
    """
    made = np.zeros((number, *counts.shape))
    whole = np.rint(counts).astype(np.int64)
    for stratum in np.unique(strata):
        places = np.flatnonzero(strata == stratum)
        left = np.tile(whole[:, places].sum(axis=0), (number, 1))
        for group, size in enumerate(whole[:, places].sum(axis=1)[:-1]):
            need, pool = np.full(number, size), left.sum(axis=1)
            for at, place in enumerate(places):
                pool -= left[:, at]
                drawn = random.hypergeometric(left[:, at], pool, need)
                made[:, group, place] = drawn
                need = need - drawn
            left -= made[:, group, places].astype(np.int64)
        made[:, -1, places] = left
    return made


def _shuffled_p_value(
    specifications: Specifications, counts: Floats, strata: Integers, value: float, number: int, seed: int
) -> float:
    """The share of shuffled tables whose median lies as far from no difference, the one seen among them."""
    random = np.random.default_rng(seed)
    far = _distance(np.array([value]), specifications)[0] * (1 - 1e-12)
    as_far = 0
    for block in _pieces(number, specifications, counts.shape):
        medians = specifications.medians(shuffled(counts, strata, block.stop - block.start, random))
        as_far += int(np.count_nonzero(~(_distance(medians, specifications) < far)))
    return (1 + as_far) / (1 + number)


def _distance(medians: Floats, specifications: Specifications) -> Floats:
    if specifications.kind == "difference":
        return np.abs(medians)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.abs(np.log(medians)))


def _tables(totals: Floats, cells: tuple[Integers, Integers], shape: tuple[int, int]) -> Floats:
    """Totals of cells, shape (B, C), by group and profile, shape (B, G, P)."""
    from scipy.sparse import csr_array

    places = cells[0] * shape[1] + cells[1]
    ones = np.ones(len(places))
    to = csr_array((ones, (np.arange(len(places)), places)), shape=(len(places), shape[0] * shape[1]))
    return np.asarray(totals.astype(np.float64) @ to).reshape(-1, *shape)


def _pieces(number: int, specifications: Specifications, shape: tuple[int, ...]) -> Iterator[slice]:
    return blocks(number, shape[0] * (shape[1] + 3 * len(specifications.above)))
