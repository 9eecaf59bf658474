"""Confidence curves from resampled rates: percentiles, extended where the resamples are too few to show the tail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from answerable.statistics.design import Flags, Floats, Integers, blocks
from answerable.statistics.scores import normal_quantiles

if TYPE_CHECKING:
    from answerable.statistics.linearised import Linearised

Kind = Literal["rate", "difference", "ratio"]

_LEAST_IN_TAIL = 10


def resampled_rates(totals: Floats, numerator: Flags, denominator: Flags) -> Floats:
    """Rates of every resample, shape (E, B), single precision; NaN where a resample has an empty denominator.

    Args:
        totals: totals of the cells in each resample, shape (B, C).
        numerator: cells above the line of the fraction, shape (E, C).
        denominator: cells below it, shape (E, C).
    """
    used = np.flatnonzero(denominator.any(axis=0))
    cells = totals if len(used) == totals.shape[1] else totals[:, used]
    above = numerator[:, used].astype(totals.dtype) @ cells.T
    below = denominator[:, used].astype(totals.dtype) @ cells.T
    with np.errstate(invalid="ignore"):
        return np.asarray(above / below, dtype=np.float32)


def percentile_curves(
    moments: Linearised,
    estimands: Integers,
    kind: Kind,
    levels: Floats,
    replicates: tuple[int, int],
) -> tuple[Floats, Floats]:
    """Percentile limits at every level, shape (E, L) each; NaN where some resample leaves the estimand undefined.

    Args:
        moments: the rates and the units they rest on.
        estimands: which rates, shape (E, 1), or which pairs of rates, shape (E, 2).
        kind: what to make of a pair: its difference or its ratio; "rate" for single rates.
        levels: shape (L,).
        replicates: number of resamples and seed.

    Source: Efron & Tibshirani 1993, ch. 13: the k-th smallest and k-th largest of B, k = (B + 1)(1 - level) / 2.
    """
    totals = moments.design.replicates(*replicates)
    low, high = np.empty((2, len(estimands), len(levels)))
    for block in blocks(len(estimands), 2 * len(totals)):
        rates, position = np.unique(estimands[block], return_inverse=True)
        position = position.reshape(estimands[block].shape)
        drawn = resampled_rates(totals, moments.numerator[rates], moments.denominator[rates])
        values = drawn[position[:, 0]]
        with np.errstate(invalid="ignore", divide="ignore"):
            if kind == "difference":
                values -= drawn[position[:, 1]]
            elif kind == "ratio":
                values /= drawn[position[:, 1]]
        values.sort(axis=1)
        low[block], high[block] = _percentiles(values, levels, kind)
    return low, high


def _percentiles(ordered: Floats, levels: Floats, kind: Kind) -> tuple[Floats, Floats]:
    """Limits from sorted resampled values, shape (E, B), the tails extended from the last percentile they can show."""
    number = ordered.shape[1]
    quantiles = normal_quantiles(levels)
    share = _LEAST_IN_TAIL / (number + 1)
    rank = np.floor((number + 1) * (1 - levels) / 2 + 1e-9).astype(np.int64)
    seen = rank >= _LEAST_IN_TAIL
    edge = float(normal_quantiles(np.array([1 - 2 * share]))[0])
    middle = ordered[:, [(number - 1) // 2]].astype(np.float64)
    limits = []
    for at, last in ((rank - 1, _LEAST_IN_TAIL - 1), (number - rank, number - _LEAST_IN_TAIL)):
        inside = ordered[:, np.where(seen, at, last)].astype(np.float64)
        outside = _extended(middle, ordered[:, [last]].astype(np.float64), quantiles[None, :] / edge, kind)
        limits.append(np.where(seen[None, :], inside, outside))
    defined = np.isfinite(ordered[:, [-1]])
    return np.where(defined, limits[0], np.nan), np.where(defined, limits[1], np.nan)


def _extended(middle: Floats, edge: Floats, times: Floats, kind: Kind) -> Floats:
    """The edge moved away from the middle in proportion to the normal quantile, on a scale without bounds."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if kind == "rate":
            start, end = np.log(middle / (1 - middle)), np.log(edge / (1 - edge))
            moved = 1 / (1 + np.exp(-(start + (end - start) * times)))
        elif kind == "difference":
            start, end = np.arctanh(middle), np.arctanh(edge)
            moved = np.tanh(start + (end - start) * times)
        else:
            start, end = np.log(middle), np.log(edge)
            moved = np.exp(start + (end - start) * times)
    return np.where(np.isfinite(start) & np.isfinite(end), moved, edge)


def tail_resolved(number: int) -> float:
    """The smallest tail that this many resamples can show, as a share."""
    return _LEAST_IN_TAIL / (number + 1)
