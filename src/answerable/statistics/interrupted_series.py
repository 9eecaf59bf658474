"""Interrupted time series: a straight line through a series that may jump and turn where something changed.

Values near in time resemble each other, and a short series tells little of how much. Standard errors that rest on one
estimate of that likeness (Newey & West 1987; Prais & Winsten 1954) are too small in series of 24 to 60 periods. Here
the likeness is not estimated but averaged over: every degree of it counts as far as the restricted likelihood of the
series supports it, so that intervals are as wide as not knowing it makes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

CORRELATIONS = np.linspace(-0.8, 0.98, 30)
"""Correlations of neighbouring periods that are averaged over; none of them makes the series wander without end."""
SHARES = np.linspace(0.0, 1.0, 3)
"""Parts of the variance that fall with the number of cases in a period; the rest is the same in all periods."""
_BISECTIONS = 60
_EXACT = 1e-20
"""Share of the squares that rounding leaves of a series which the regressors explain wholly."""
_LEAST_WEIGHT = 1e-10
"""Degrees that the series supports less than this share of the best are left out: they move no limit."""


@dataclass(frozen=True, eq=False)
class Regression:
    """A regression whose errors are correlated in time, one answer for each degree of correlation on a grid of G.

    Args:
        matrix: the regressors, shape (T, K).
        weights: how far the series supports each degree, shape (G,), sum 1.
        coefficients: generalised least squares at each degree, shape (G, K).
        covariances: of the coefficients at each degree, shape (G, K, K).
        correlations: between neighbouring periods, shape (G,).
        innovations: what the best supported degree leaves unexplained, shape (T,).
        residuals: of ordinary least squares, shape (T,).
    """

    matrix: Floats
    weights: Floats
    coefficients: Floats
    covariances: Floats
    correlations: Floats
    innovations: Floats
    residuals: Floats

    @property
    def degrees(self) -> int:
        """Degrees of freedom: periods less coefficients."""
        return int(self.matrix.shape[0] - self.matrix.shape[1])

    @cached_property
    def mean(self) -> Floats:
        """Coefficients averaged over the degrees of correlation, shape (K,)."""
        return np.asarray(self.weights @ self.coefficients)

    @property
    def correlation(self) -> float:
        """Correlation of neighbouring periods, averaged."""
        return float(self.weights @ self.correlations)

    @property
    def durbin_watson(self) -> float:
        """Durbin and Watson's statistic of ordinary least squares: near 2 where neighbours are unrelated."""
        return float(np.sum(np.diff(self.residuals) ** 2) / np.sum(self.residuals**2))

    def ljung_box(self, lags: int) -> float:
        """p-value of Ljung and Box's test that what is left holds no correlation up to so many periods apart."""
        from scipy.special import chdtrc

        left = self.innovations - self.innovations.mean()
        size = len(left)
        at = np.array([left[lag:] @ left[:-lag] for lag in range(1, lags + 1)]) / (left @ left)
        statistic = size * (size + 2) * np.sum(at**2 / (size - np.arange(1, lags + 1)))
        return float(chdtrc(lags, statistic))

    def limits(self, contrast: Floats, levels: Sequence[float]) -> tuple[float, list[tuple[float, float]]]:
        """A sum of coefficients: its middle value, and its interval at each level.

        Args:
            contrast: multipliers of the coefficients, shape (K,).
            levels: confidence levels.
        """
        held = np.asarray(levels, dtype=float)
        at = np.concatenate([[0.5], (1 - held) / 2, (1 + held) / 2])
        found = self._quantiles(contrast, at)
        low, high = found[1 : 1 + len(held)], found[1 + len(held) :]
        return float(found[0]), [(float(left), float(right)) for left, right in zip(low, high, strict=True)]

    def standardised(self, contrast: Floats) -> float:
        """A sum of coefficients over its standard error."""
        centres, scales = self._components(contrast)
        centre = self.weights @ centres
        return float(centre / np.sqrt(self.weights @ (scales**2 + (centres - centre) ** 2)))

    def _components(self, contrast: Floats) -> tuple[Floats, Floats]:
        variance = np.einsum("i,gij,j->g", contrast, self.covariances, contrast)
        return self.coefficients @ contrast, np.sqrt(variance)

    def _quantiles(self, contrast: Floats, at: Floats) -> Floats:
        """Quantiles of the average of Student distributions, by halving the range that holds each."""
        from scipy.special import stdtr, stdtrit

        centres, scales = self._components(contrast)
        each = centres[:, None] + scales[:, None] * stdtrit(self.degrees, at)[None, :]
        low, high = each.min(axis=0), each.max(axis=0)
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            below = self.weights @ stdtr(self.degrees, (middle[None, :] - centres[:, None]) / scales[:, None])
            low, high = np.where(below < at, middle, low), np.where(below < at, high, middle)
        return np.asarray((low + high) / 2)


def segments(times: Floats, change: float, *, waves: int = 0, year: float = 12.0) -> Floats:
    """Regressors of a series that may jump and turn: level and trend before, change of the level, change of the trend.

    Args:
        times: number of each period, shape (T,).
        change: number of the first period after the change.
        waves: pairs of yearly waves that the seasons may follow.
        year: periods in a year.

    Returns:
        Shape (T, 4 + 2 waves); the level and its change are those at the change.

    Source: Wagner, Soumerai, Zhang & Ross-Degnan 2002, J. Clin. Pharm. Ther. 27.
    """
    since = times - change
    after = (since >= 0).astype(float)
    columns = [np.ones_like(since), since, after, since * after]
    for wave in range(1, waves + 1):
        columns += [np.sin(2 * np.pi * wave * times / year), np.cos(2 * np.pi * wave * times / year)]
    return np.asarray(np.column_stack(columns))


def regress(
    values: Floats, noise: Floats, times: Floats, matrix: Floats, *, correlations: Floats = CORRELATIONS
) -> Regression | None:
    """Regress a series on regressors, with errors whose correlation falls off geometrically in time.

    Args:
        values: shape (T,).
        noise: variance of each value but for a common factor, as 1 / cases of the period, shape (T,).
        times: whole numbers of the periods, rising; where some are missing the correlation is that much weaker, (T,).
        matrix: regressors, shape (T, K), K below T.
        correlations: degrees to average over. They weigh as the square of one plus themselves before the series is
            seen: likeness of neighbours is the rule.

    Returns:
        The regression; None where the regressors explain the series wholly, so that nothing tells how far chance
        moves it, or where they cannot be told apart.

    Source: restricted likelihood: Harville 1974, Biometrika 61; Student distributions averaged over the correlation:
        Zellner & Tiao 1964, JASA 59. Coverage is counted in tests/statistics/test_interrupted_series.py.
    """
    size, count = matrix.shape
    if np.linalg.matrix_rank(matrix) < count:
        return None
    plain = values - matrix @ np.linalg.lstsq(matrix, values, rcond=None)[0]
    if plain @ plain <= _EXACT * max(float(values @ values), 1e-300):
        return None
    relative = noise / noise.mean()
    shares = SHARES if np.ptp(relative) > 1e-9 else SHARES[-1:]
    degrees = np.array([(one, share) for share in shares for one in correlations])
    spread = np.sqrt(degrees[:, 1:] * relative + (1 - degrees[:, 1:]))
    steps = degrees[:, :1] ** np.diff(times).astype(int)
    rest = np.sqrt(1 - steps**2)
    scaled = np.column_stack([matrix, values])[None, :, :] / spread[:, :, None]
    white = scaled.copy()
    white[:, 1:] = (scaled[:, 1:] - steps[:, :, None] * scaled[:, :-1]) / rest[:, :, None]
    products = np.einsum("gti,gtj->gij", white, white)
    inverse = np.linalg.inv(products[:, :count, :count])
    coefficients = np.einsum("gij,gj->gi", inverse, products[:, :count, count])
    left = white[:, :, count] - np.einsum("gtk,gk->gt", white[:, :, :count], coefficients)
    squares = np.sum(left**2, axis=1)
    likelihood = -np.log(rest).sum(axis=1) - np.log(spread).sum(axis=1) + 0.5 * np.linalg.slogdet(inverse)[1]
    likelihood += -(size - count) / 2 * np.log(squares) + 2 * np.log1p(degrees[:, 0])
    weights = np.exp(likelihood - likelihood.max())
    covariances = inverse * (squares / (size - count))[:, None, None]
    best, kept = int(np.argmax(weights)), weights > _LEAST_WEIGHT
    weights = weights[kept] / weights[kept].sum()
    return Regression(matrix, weights, coefficients[kept], covariances[kept], degrees[kept, 0], left[best], plain)
