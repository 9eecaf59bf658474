"""Confidence curves from resampled rates: percentiles, extended where the resamples are too few to show the tail."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from answerable.statistics.design import Floats, Integers, blocks
from answerable.statistics.scores import normal_quantiles

if TYPE_CHECKING:
    from answerable.statistics.linearised import Linearised

Kind = Literal["rate", "difference", "ratio"]

_LEAST_IN_TAIL = 10
_MANY_CELLS = 20
_MOST_KEPT = 200


class ResampledRates:
    """Rates of every resample, computed one by one; those of many cells, often a reference of many pairs, are kept.

    Args:
        totals: totals of the cells in each resample, shape (B, C).
        moments: the rates.
    """

    def __init__(self, totals: Floats, moments: Linearised) -> None:
        self._cells, self._moments = totals.T, moments
        self._kept: dict[int, Floats] = {}

    def __call__(self, rate: int) -> Floats:
        """The rate in each resample, shape (B,), single precision; NaN where its denominator is empty."""
        if rate in self._kept:
            return self._kept[rate]
        numerator, denominator = self._moments.numerator[rate], self._moments.denominator[rate]
        above = self._cells[np.flatnonzero(numerator)].sum(axis=0)
        rest = self._cells[np.flatnonzero(denominator & ~numerator)].sum(axis=0)
        with np.errstate(invalid="ignore"):
            found = np.asarray(above / (above + rest), dtype=np.float32)
        if np.count_nonzero(denominator) > _MANY_CELLS and len(self._kept) < _MOST_KEPT:
            self._kept[rate] = found
        return found


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
    rates = ResampledRates(totals, moments)
    for block in blocks(len(estimands), len(totals)):
        values = np.stack([_value([rates(rate) for rate in one], kind) for one in estimands[block].tolist()])
        values.sort(axis=1)
        low[block], high[block] = percentile_limits(values, levels, kind)
    return low, high


def _value(rates: list[Floats], kind: Kind) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        if kind == "difference":
            return rates[0] - rates[1]
        return rates[0] / rates[1] if kind == "ratio" else rates[0]


def percentile_limits(ordered: Floats, levels: Floats, kind: Kind) -> tuple[Floats, Floats]:
    """Limits from sorted resampled values, shape (E, B): low and high, (E, L) each; NaN where some value is undefined.

    Args:
        ordered: the values, rising along each row.
        levels: shape (L,).
        kind: on which scale the tails are extended from the last percentile that so many resamples can show.
    """
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
