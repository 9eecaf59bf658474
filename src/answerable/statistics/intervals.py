"""Confidence curves for rates and for differences and ratios of rates, from what independent units put into cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from answerable.errors import NotIdentified
from answerable.statistics.design import blocks
from answerable.statistics.linearised import Linearised, linearise
from answerable.statistics.recovered import recovered_curves, score_curves
from answerable.statistics.resampling import Kind, percentile_curves, tail_resolved

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from answerable.statistics.design import Design, Flags, Floats, Integers
    from answerable.statistics.recovered import Curves

Interval = Literal["auto", "bootstrap", "wilson", "exact"]
Contrast = Literal["difference", "ratio"]

ENOUGH = 200
"""Effective number of units with events, and of units without, from which "auto" takes the percentile bootstrap."""

_MOST_DRAWS = 50_000_000
_LEAST_REPLICATES = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class Intervals:
    """Estimates with their confidence curves; E is the number of rates or of pairs, L of levels.

    Args:
        levels: rising, shape (L,).
        value: shape (E,); NaN where not estimable, infinity for a ratio to a rate of 0.
        n: rows below the line of the fraction, shape (E,); for pairs (E, 2), the group and its reference.
        events: rows above the line, shaped as n.
        units: independent units that the rows belong to, shaped as n.
        low: lower limits, shape (E, L); NaN where not estimable.
        high: upper limits, shape (E, L); NaN where not estimable, infinity where there is none.
        how: how each interval was made.
        estimable: whether there is an estimate, shape (E,).
        reason: why there is none, or why there is no upper limit; empty otherwise.
    """

    levels: Floats
    value: Floats
    n: Integers
    events: Integers
    units: Integers
    low: Floats
    high: Floats
    how: tuple[str, ...]
    estimable: Flags
    reason: tuple[str, ...]


def rates(
    design: Design,
    numerator: ArrayLike,
    denominator: ArrayLike,
    *,
    levels: Sequence[float],
    interval: Interval = "auto",
    replicates: int = 10_000,
    seed: int = 0,
) -> Intervals:
    """Rates, each the total of some cells over the total of these and others, with their confidence curves.

    Args:
        design: what the independent units contributed to C cells.
        numerator: marks of the cells above the line, shape (E, C).
        denominator: marks of the cells below the line, shape (E, C); holds those above.
        levels: rising confidence levels, shape (L,).
        interval: "auto" takes the percentile bootstrap where enough units have events and enough have none, otherwise
            Wilson's score interval with the effective sample size; "bootstrap", "wilson" and "exact" (Clopper-Pearson)
            ask for one. No bootstrap shows how uncertain a rate of 0 or 1 is: those keep Wilson's.
        replicates: resamples of the units; fewer are drawn, and named, where units are of very many kinds.
        seed: of the resampling.

    Raises:
        NotIdentified: the bootstrap is asked for and the cells do not determine it.
        ValueError: arrays that do not fit together.

    Source: docs/decisions/2026-11-21-intervals.md holds the choice, its sources and its evidence.
    """
    held, moments = _moments(design, numerator, denominator, levels, interval)
    every = np.arange(len(moments.values))
    curves = _curves(moments, every[:, None], "rate", held, interval, (replicates, seed))
    empty = moments.weights <= 0
    value = np.where(empty, np.nan, moments.values)
    reason = ["No rows below the line of the fraction." if none else "" for none in empty.tolist()]
    counts = (moments.n, moments.events, moments.units)
    return _finished(held, value, counts, curves, reason)


def contrasts(
    design: Design,
    numerator: ArrayLike,
    denominator: ArrayLike,
    pairs: ArrayLike,
    *,
    kind: Contrast,
    levels: Sequence[float],
    interval: Interval = "auto",
    replicates: int = 10_000,
    seed: int = 0,
) -> Intervals:
    """Differences or ratios of two rates with their confidence curves; the two may share units.

    Args:
        design: what the independent units contributed to C cells.
        numerator: marks of the cells above the line of each rate, shape (E, C).
        denominator: marks of the cells below it, shape (E, C).
        pairs: which two rates, as positions in 0..E-1, shape (P, 2): the group, the reference.
        kind: "difference" (group minus reference) or "ratio" (group over reference).
        levels: rising confidence levels, shape (L,).
        interval: as for rates; where it is not the bootstrap, limits are recovered from those of the two rates.
        replicates: as for rates; the same resamples serve both.
        seed: of the resampling.

    Raises:
        NotIdentified: the bootstrap is asked for and the cells do not determine it.
        ValueError: arrays that do not fit together.

    Source: docs/decisions/2026-11-21-intervals.md holds the choice, its sources and its evidence.
    """
    held, moments = _moments(design, numerator, denominator, levels, interval)
    two = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    curves = _curves(moments, two, kind, held, interval, (replicates, seed))
    value, reason = _compared(moments, two, kind)
    counts = (moments.n[two], moments.events[two], moments.units[two])
    return _finished(held, value, counts, curves, reason)


def _moments(
    design: Design, numerator: ArrayLike, denominator: ArrayLike, levels: Sequence[float], interval: Interval
) -> tuple[Floats, Linearised]:
    above, below, held = np.asarray(numerator, bool), np.asarray(denominator, bool), np.asarray(levels, float)
    if above.ndim != 2 or above.shape != below.shape or above.shape[1] != len(design.counts):
        raise ValueError("numerator and denominator must be marks of shape (rates, cells).")
    if np.any(above & ~below):
        raise ValueError("Every cell above the line must also be below it.")
    if held.ndim != 1 or len(held) == 0 or held[0] <= 0 or held[-1] >= 1 or np.any(np.diff(held) <= 0):
        raise ValueError("levels must rise between 0 and 1.")
    if interval == "bootstrap" and not design.resampling:
        raise NotIdentified(
            "These sums do not determine a bootstrap of rows or people with weights of their own.",
            missing='signatures of people with their weights, or interval = "wilson".',
        )
    return held, linearise(design, above, below)


def _curves(
    moments: Linearised,
    estimands: Integers,
    kind: Kind,
    levels: Floats,
    interval: Interval,
    replicates: tuple[int, int],
) -> Curves:
    """The bootstrap's limits where it may speak, otherwise those of scores; estimands are rates or pairs of rates."""
    low, high = np.full((2, len(estimands), len(levels)), np.nan)
    how = [""] * len(estimands)
    chosen = np.flatnonzero(_resampled(moments, interval)[estimands].all(axis=1))
    if len(chosen):
        size = _affordable(moments.design, replicates[0])
        drawn = (size, replicates[1])
        low[chosen], high[chosen] = percentile_curves(moments, estimands[chosen], kind, levels, drawn)
        text = _bootstrap_text(moments.design, size, levels)
        for index in chosen.tolist():
            how[index] = text
    left = np.flatnonzero(~((np.isfinite(low) & np.isfinite(high)).all(axis=1) & (low[:, -1] < high[:, -1])))
    if len(left):
        exact = interval == "exact"
        if kind == "rate":
            found = score_curves(moments, estimands[left, 0], levels, exact=exact)
        else:
            found = recovered_curves(moments, estimands[left], kind, levels, exact=exact)
        low[left], high[left] = found[:2]
        for index, text in zip(left.tolist(), found[2], strict=True):
            how[index] = text
    return low, high, how


def _resampled(moments: Linearised, interval: Interval) -> Flags:
    """Which rates the bootstrap may speak for."""
    if interval == "bootstrap":
        return moments.mixed
    if interval == "auto" and moments.design.resampling:
        return np.asarray(moments.mixed & (moments.reach >= ENOUGH))
    return np.zeros(len(moments.values), dtype=bool)


def _affordable(design: Design, replicates: int) -> int:
    return min(replicates, max(_LEAST_REPLICATES, _MOST_DRAWS // max(1, design.draws)))


def _bootstrap_text(design: Design, replicates: int, levels: Floats) -> str:
    text = f"{design.resampling}, percentile, {replicates:,} replicates"
    tail = tail_resolved(replicates)
    if (1 - levels[-1]) / 2 < tail:
        text += f"; tails below {tail:.2g} extended from there along a normal curve"
    return text


def _compared(moments: Linearised, pairs: Integers, kind: Contrast) -> tuple[Floats, list[str]]:
    first_of, second_of = pairs.T
    first, second = moments.values[first_of], moments.values[second_of]
    empty = (moments.weights[pairs] <= 0).any(axis=1)
    same = ~empty & _same_rows(moments, first_of, second_of)
    reason = np.where(empty, "No rows below the line of a fraction.", "").astype(object)
    reason[same] = "The group and its reference are the same rows."
    empty |= same
    if kind == "difference":
        return np.where(empty, np.nan, first - second), reason.tolist()
    value = np.divide(first, second, out=np.full(len(first), np.inf), where=second > 0)
    neither = ~empty & (first == 0) & (second == 0)
    reason[neither] = "Neither group has an event: their ratio is not defined."
    reason[~empty & ~neither & (second == 0)] = "The reference has no event: the ratio has a lower limit only."
    return np.where(empty | neither, np.nan, value), reason.tolist()


def _same_rows(moments: Linearised, first: Integers, second: Integers) -> Flags:
    """Whether two rates are of the same rows with the same events, though not of the same cells."""
    filled = moments.design.counts > 0
    found = np.empty(len(first), dtype=bool)
    for block in blocks(len(first), len(filled)):
        one, other = first[block], second[block]
        apart = moments.denominator[one] ^ moments.denominator[other]
        apart |= moments.numerator[one] ^ moments.numerator[other]
        found[block] = ~(apart & filled).any(axis=1)
    return found


def _finished(
    levels: Floats,
    value: Floats,
    counts: tuple[Integers, Integers, Integers],
    curves: Curves,
    reason: list[str],
) -> Intervals:
    """Curves made to widen with the level, and nothing said where there is nothing to say."""
    low, high = np.minimum.accumulate(curves[0], axis=1), np.maximum.accumulate(curves[1], axis=1)
    estimable = ~np.isnan(value)
    low[~estimable], high[~estimable] = np.nan, np.nan
    how = tuple(text if known else "" for text, known in zip(curves[2], estimable.tolist(), strict=True))
    for row in np.flatnonzero(estimable & np.isinf(high).any(axis=1)).tolist():
        reason[row] = reason[row] or "The reference could have no events: the ratio has no upper limit at some levels."
    return Intervals(levels, value, *counts, low, high, how, estimable, tuple(reason))
