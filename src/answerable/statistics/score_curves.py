"""Curves along the cut-offs of a score: levels at which many limits hold at once, and areas under the curve."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from answerable.statistics.contrasts import Limits, difference_limits
from answerable.statistics.scores import normal_quantiles

if TYPE_CHECKING:
    from answerable.statistics.design import Design, Floats

_DRAWS = 10_000
_LEAST_IN_TAIL = 50
NO_VARIANCE = 1e-20
"""Below this a variance is what rounding leaves of none."""


def simultaneous_levels(
    design: Design, deviations: Floats, levels: Floats, *, flat: int = 0, seed: int = 0
) -> tuple[float, ...]:
    """For each level the pointwise one at which the limits of all points of a curve hold together.

    The points are taken to vary jointly as a normal distribution with the covariance that the design shows, and the
    largest of their standardised deviations decides (sup-t). Tails that the draws cannot show take Bonferroni's level.

    Args:
        design: what the independent units contributed to C cells.
        deviations: what one row of each cell adds to each point, linearised, shape (K, C); a row of zeros is a point
            that shows no variance.
        levels: shape (L,).
        flat: how many points without variance count as one each, beside the others: a rate of 0 has an interval too.
        seed: of the draws.

    Source: Montiel Olea & Plagborg-Moller 2019, J. Appl. Econometrics 34.
    """
    variances = design.products(deviations, deviations)
    shown = variances > NO_VARIANCE
    some = deviations[shown] / np.sqrt(variances[shown])[:, None]
    number = len(some) + flat
    if number <= 1:
        return tuple(levels.tolist())
    covariance = np.array([design.products(np.tile(one, (len(some), 1)), some) for one in some])
    largest = np.zeros(_DRAWS)
    if len(some):
        largest = np.abs(_normal(len(some), seed) @ joint_root(covariance).T).max(axis=1)
    if flat:
        largest = np.maximum(largest, np.abs(_normal(flat, seed + 1)).max(axis=1))
    largest.sort()
    found = []
    for level in levels.tolist():
        bonferroni = 1 - (1 - level) / number
        if (1 - level) * _DRAWS >= _LEAST_IN_TAIL:
            critical = float(largest[min(_DRAWS - 1, math.ceil(level * (_DRAWS + 1)) - 1)])
            found.append(min(2 * NormalDist().cdf(critical) - 1, bonferroni))
        else:
            found.append(bonferroni)
    return tuple(np.maximum.accumulate(found).tolist())


def joint_root(correlations: Floats) -> Floats:
    """A matrix that gives independent normal draws these correlations, shape (K, K).

    They are rounded first: the last digits, in which engines differ, would otherwise choose between equal roots.
    """
    held = np.round((correlations + correlations.T) / 2, 9)
    values, vectors = np.linalg.eigh(held)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


@cache
def _normal(number: int, seed: int) -> Floats:
    return np.random.default_rng([seed, number]).standard_normal((_DRAWS, number))


@dataclass(frozen=True, slots=True)
class Area:
    """An area under the curve: the chance that a score of those with the outcome exceeds one of those without.

    Args:
        value: with ties counted half; None where one of the two is empty.
        error: its standard error; None where it cannot be told.
        positives, negatives: rows with the outcome, and without. units: independent units among them.
    """

    value: float | None
    error: float | None
    positives: int
    negatives: int
    units: int

    @property
    def known(self) -> bool:
        """Whether there is an interval: not where the two do not overlap, nor where the variance is not shown."""
        return self.value is not None and self.error is not None and self.error > 0 and 0 < self.value < 1

    def limits(self, levels: Sequence[float]) -> Limits:
        """Limits on the scale of the logit, each of shape (1, L).

        Source: variance of DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44; logit, Pepe 2003, Oxford, ch. 5.
        """
        assert self.value is not None
        assert self.error is not None
        middle, width = math.log(self.value / (1 - self.value)), self.error / (self.value * (1 - self.value))
        moved = normal_quantiles(np.array(levels))[None, :] * width
        return 1 / (1 + np.exp(moved - middle)), 1 / (1 + np.exp(-moved - middle))


def area_difference(first: Area, second: Area, levels: Sequence[float]) -> Limits:
    """Limits of the difference of the areas of two groups that share no units, each of shape (L,)."""
    rates = np.array([first.value]), np.array([second.value])
    low, high = difference_limits(rates, first.limits(levels), second.limits(levels), np.zeros(1))
    return low[0], high[0]
