"""Rates of groups to which people belong with a probability: weighted estimates, and what no data could exclude.

Nothing here sees a row: weighted rates come from sums over independent units, bounds from cells of equal probabilities.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
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


_KINK, _NEAR = 0.399, 3.0
"""The smaller of a constant and an uncertain number is too small by at most 0.399 of its standard deviation, where the
two are equal; beyond three of them by next to nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class _End:
    """An end of a group's rate: its value, what one row in each cell adds to it, and what uncertain cells take off."""

    value: float
    influence: Floats
    kinks: float


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
            The two ends, and lower and upper limits that cover the whole range, shape (L,) each: they allow for
            sampling error, and for the least and the most of uncertain cells lying too close together.
        """
        quantiles = normal_quantiles(levels)
        ends, limits = [], []
        for most, sign in ((False, -1.0), (True, 1.0)):
            one, other = self._rate(first, most), self._rate(second, not most)
            ends.append(one.value - other.value)
            reach = quantiles * self._error(one.influence - other.influence) + one.kinks + other.kinks
            limits.append(np.clip(ends[-1] + sign * reach, -1.0, 1.0))
        return ends[0], ends[1], limits[0], limits[1]

    def ratio(self, first: int, second: int, levels: Floats) -> tuple[float, float, Floats, Floats]:
        """The same for the rate of one group over that of another; an end of infinity is none."""
        quantiles = normal_quantiles(levels)
        ends, limits = [], []
        for most, sign in ((False, -1.0), (True, 1.0)):
            one, other = self._rate(first, most), self._rate(second, not most)
            if other.value <= 0 or one.value <= 0:
                end = 0.0 if one.value <= 0 and other.value > 0 else np.inf
                ends.append(end if most else 0.0)
                limits.append(np.full(len(levels), np.inf if most else 0.0))
                continue
            ends.append(one.value / other.value)
            reach = quantiles * self._error(one.influence / one.value - other.influence / other.value)
            reach = reach + one.kinks / one.value + other.kinks / other.value
            limits.append(ends[-1] * np.exp(sign * reach))
        return float(ends[0]), float(ends[1]), limits[0], limits[1]

    def _rate(self, group: int, most: bool) -> _End:
        """The most or the least of a group's rate."""
        totals, share = self.design.totals, self.shares[:, group]
        size, having = self._sizes
        if most:
            coefficients = np.where(share * size < having, share, self.events.astype(np.float64))
            distance = np.abs(share * size - having)
        else:
            forced = having > (1 - share) * size
            coefficients = np.where(forced, np.where(self.events, share, share - 1), 0.0)
            distance = np.abs(having - (1 - share) * size)
        group_size = float(share @ totals)
        if group_size <= 0:
            return _End(0.0, np.zeros(len(totals)), 0.0)
        value = min(max(float(coefficients @ totals) / group_size, 0.0), 1.0)
        near = self.events_first & (distance < _NEAR * self._spread * size) & (share > 0) & (share < 1)
        kinks = _KINK * float((self._spread * size)[near].sum()) / group_size
        return _End(value, np.asarray((coefficients - value * share) / group_size), kinks)

    @cached_property
    def _sizes(self) -> tuple[Floats, Floats]:
        """For each cell the weight of its proxy, and the weight of those with the event."""
        totals = self.design.totals
        size = np.asarray(np.bincount(self.proxies, totals), dtype=np.float64)
        having = np.asarray(np.bincount(self.proxies, totals * self.events), dtype=np.float64)
        return size[self.proxies], having[self.proxies]

    @cached_property
    def events_first(self) -> Flags:
        """Marks one cell of each proxy."""
        first = np.zeros(len(self.proxies), dtype=bool)
        first[np.unique(self.proxies, return_index=True)[1]] = True
        return first

    @cached_property
    def _spread(self) -> Floats:
        """For each cell the standard deviation of the share with the event at its proxy, never nothing."""
        size, having = self._sizes
        count = int(self.proxies.max()) + 1
        members = np.equal.outer(np.arange(count), self.proxies)
        known = np.where(size > 0, size, 1.0)
        influence = members * ((self.events - having / known) / known)[None, :]
        rows = np.bincount(self.proxies, self.design.counts)
        events = np.bincount(self.proxies, self.design.counts * self.events)
        smooth = (events + 1) / (rows + 2)
        variance = np.maximum(self.design.products(influence, influence), smooth * (1 - smooth) / (rows + 2))
        return np.asarray(np.sqrt(variance))[self.proxies]

    def _error(self, influence: Floats) -> float:
        row = influence[None, :]
        return float(np.sqrt(max(float(self.design.products(row, row)[0]), 0.0)))
