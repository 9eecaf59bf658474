"""Rates of groups to which people belong with a probability: weighted estimates, and what no data could exclude.

Nothing here sees a row: weighted rates come from sums over independent units, bounds from cells of equal probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from answerable.statistics.contrasts import difference_limits, ratio_limits
from answerable.statistics.scores import normal_quantiles, student_quantiles, wilson

if TYPE_CHECKING:
    from collections.abc import Sequence

    from answerable.statistics.contrasts import Limits
    from answerable.statistics.design import Design, Flags, Floats, Integers

    Pairs = Sequence[tuple[int, int]]


@dataclass(frozen=True, eq=False)
class Memberships:
    """Sums over independent units of what they put into the rates of K groups.

    Args:
        events: sum of the probabilities of each group over rows with the event, shape (K,).
        totals: sum of the probabilities of each group over all rows, shape (K,).
        products: sum over units of the products of their 2K sums (events first, then totals), shape (2K, 2K).
        units: number of independent units.
        squares: sum over rows of the squared probabilities (weighted), shape (K,): rows by themselves know no more.

    Source: Chen, Kallus, Mao, Svacha & Udell 2019, FAT*, sec. 5 (the weighted estimator); variance of a ratio of
        totals, Cochran 1977, Sampling Techniques, sec. 6.3.
    """

    events: Floats
    totals: Floats
    products: Floats
    units: int
    squares: Floats

    @property
    def rates(self) -> Floats:
        """Probability-weighted rates, shape (K,); 0 where nobody may belong to the group."""
        return np.divide(self.events, self.totals, out=np.zeros(len(self.totals)), where=self.totals > 0)

    @property
    def sizes(self) -> Floats:
        """Effective number of units behind each rate (Kish 1965), shape (K,)."""
        return self._effective(np.diagonal(self.products)[len(self.totals) :])

    def _effective(self, squares: Floats) -> Floats:
        return np.divide(self.totals**2, squares, out=np.zeros(len(self.totals)), where=squares > 0)

    def covariance(self) -> Floats:
        """Covariance of the rates between units, shape (K, K)."""
        known = np.where(self.totals > 0, self.totals, 1.0)
        gradient = np.hstack([np.diag(1 / known), np.diag(-self.rates / known)])
        found = gradient @ self.products @ gradient.T
        return np.asarray(found * self.units / max(self.units - 1, 1))

    def rate_limits(self, levels: Floats) -> Limits:
        """Wilson limits of the rates with the effective sample size that their variance shows, shape (K, L) each.

        Few events can happen to vary less than chance makes them, so the size is at most that of independent rows:
        without this a ratio of rates of 5 % among 100 people is covered in 85 % of samples in place of 97.
        """
        rates, variances = self.rates, np.diagonal(self.covariance())
        shown = (rates > 0) & (rates < 1) & (variances > 1e-300)
        sizes = np.where(shown, rates * (1 - rates) / np.where(shown, variances, 1.0), self.sizes)
        sizes = np.minimum(sizes, self._effective(self.squares))
        student = student_quantiles(levels, np.maximum(self.sizes - 1, 1.0))
        return wilson(rates, np.maximum(sizes, 1e-9), student)

    def difference_limits(self, pairs: Pairs, levels: Floats) -> Limits:
        """Limits of the differences of pairs of rates, shape (P, L) each."""
        return difference_limits(*self._recovery(pairs, levels))

    def ratio_limits(self, pairs: Pairs, levels: Floats) -> Limits:
        """Limits of the ratios of pairs of rates, shape (P, L) each; infinity where there is none."""
        return ratio_limits(*self._recovery(pairs, levels))

    def _recovery(self, pairs: Pairs, levels: Floats) -> tuple[tuple[Floats, Floats], Limits, Limits, Floats]:
        first, second = np.asarray(pairs, dtype=np.int64).reshape(-1, 2).T
        low, high = self.rate_limits(levels)
        covariance = self.covariance()
        scale = np.sqrt(covariance[first, first] * covariance[second, second])
        rho = np.divide(covariance[first, second], scale, out=np.zeros(len(first)), where=scale > 0)
        # A shared correlation narrows the interval of a difference, so it is believed only as far as units show it.
        fewest = np.maximum(np.minimum(self.sizes[first], self.sizes[second]), 2.0)
        rho = np.clip(np.where(rho > 0, rho * (1 - 4 / fewest**2), rho), -1.0, 1.0)
        rates = self.rates
        return (
            (rates[first], rates[second]),
            (low[first], high[first]),
            (low[second], high[second]),
            rho,
        )


@dataclass(frozen=True, eq=False)
class CellBounds:
    """The least and the most that the rates of groups can be, where only cells of equal probabilities are known.

    Within a cell nothing says which of its people had the event: the events of a group are at least what its members
    must have because the others are too few (Frechet), and at most its members, or all events.

    Args:
        design: what the independent units put into the cells; each cell holds rows of one event state.
        shares: probability of each group in each cell, shape (C, K); the same in both event states of a proxy.
        events: whether a cell holds rows with the event, shape (C,).
        proxies: which cells share a proxy value, as numbers from 0, shape (C,).

    Source: Kallus, Mao & Zhou 2022, Management Science 68 (sharp sets for demographic disparity); Frechet 1951;
        Hoeffding 1940.
    """

    design: Design
    shares: Floats
    events: Flags
    proxies: Integers

    def difference(self, first: int, second: int, levels: Floats) -> tuple[float, float, Floats, Floats]:
        """The smallest and largest rate of one group minus that of another, with limits at each level.

        Both ends are sharp: the events of one group are most where those of the other can be least.

        Args:
            first: the group, as a position in 0..K-1.
            second: the group compared with.
            levels: shape (L,).

        Returns:
            The two ends, and lower and upper limits that cover the whole range, shape (L,) each.
        """
        ends = []
        for most in (False, True):
            one, other = self._rate(first, most), self._rate(second, not most)
            ends.append((one[0] - other[0], self._error(one[1] - other[1])))
        quantiles = normal_quantiles(levels)
        low = np.maximum(ends[0][0] - quantiles * ends[0][1], -1.0)
        high = np.minimum(ends[1][0] + quantiles * ends[1][1], 1.0)
        return ends[0][0], ends[1][0], low, high

    def ratio(self, first: int, second: int, levels: Floats) -> tuple[float, float, Floats, Floats]:
        """The same for the rate of one group over that of another; an end of infinity is none."""
        quantiles = normal_quantiles(levels)
        ends, limits = [], []
        for most, sign in ((False, -1.0), (True, 1.0)):
            one, other = self._rate(first, most), self._rate(second, not most)
            if other[0] <= 0 or one[0] <= 0:
                end = 0.0 if one[0] <= 0 and other[0] > 0 else np.inf
                ends.append(end if most else 0.0)
                limits.append(np.full(len(levels), np.inf if most else 0.0))
                continue
            value = one[0] / other[0]
            error = self._error(one[1] / one[0] - other[1] / other[0])
            ends.append(value)
            limits.append(value * np.exp(sign * quantiles * error))
        return float(ends[0]), float(ends[1]), limits[0], limits[1]

    def _rate(self, group: int, most: bool) -> tuple[float, Floats]:
        """The most or the least of a group's rate, and what one row in each cell adds to it (its influence)."""
        totals, share = self.design.totals, self.shares[:, group]
        proxies = self.proxies.astype(np.int64)
        size = np.bincount(proxies, totals)[proxies]
        having = np.bincount(proxies, totals * self.events)[proxies]
        if most:
            members = share * size < having
            coefficients = np.where(members, share, self.events.astype(np.float64))
        else:
            forced = having > (1 - share) * size
            coefficients = np.where(forced, np.where(self.events, share, share - 1), 0.0)
        group_size = float(share @ totals)
        if group_size <= 0:
            return 0.0, np.zeros(len(totals))
        value = min(max(float(coefficients @ totals) / group_size, 0.0), 1.0)
        return value, np.asarray((coefficients - value * share) / group_size)

    def _error(self, influence: Floats) -> float:
        row = influence[None, :]
        return float(np.sqrt(max(float(self.design.products(row, row)[0]), 0.0)))
