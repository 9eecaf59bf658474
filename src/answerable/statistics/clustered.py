"""Numbers made of sums over clusters, with intervals by leaving one cluster out at a time; clusters may cross."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

Statistic = Callable[[Any], Any]
"""From sums of shape (..., M) to values of shape (...)."""
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class Clustered:
    """A value with its standard error.

    Args:
        value: the statistic of all sums.
        error: its standard error; 0 where no cluster makes a difference.
        freedom: degrees of freedom of that standard error.
        clusters: how many clusters each kind of clusters has, kinds with one cluster left out.
    """

    value: float
    error: float
    freedom: float
    clusters: tuple[int, ...]

    def ends(self, levels: Sequence[float]) -> list[tuple[float, float]]:
        """Both ends of the t interval at each level."""
        from scipy.stats import t

        far = t.ppf((1 + np.asarray(levels)) / 2, self.freedom) * self.error
        return [(self.value - float(one), self.value + float(one)) for one in far]

    def p_value(self, null: float) -> float:
        """Two-sided p-value of a null value."""
        from scipy.stats import t

        return float(2 * t.sf(abs(self.value - null) / self.error, self.freedom))


def jackknife(sums: ArrayLike, labels: Sequence[ArrayLike], statistic: Statistic) -> Clustered | None:
    """A statistic of sums with its standard error by the jackknife over clusters, in one way or in several.

    In several ways the variances of all kinds of clusters and of their intersections are added and subtracted in turn.
    The result is not taken below that of the first kind, and the degrees of freedom are the fewest of any kind: of the
    rules that were simulated this one came nearest to the nominal coverage on both sides.

    Args:
        sums: what each cell contributes, shape (C, M); the first column is its size.
        labels: for each kind of clusters the cluster of every cell, each of shape (C,).
        statistic: from sums to the value; it may give NaN where it does not exist.

    Returns:
        None where the statistic does not exist for all, or without one of the clusters, or where there is only one
        cluster of the first kind.

    Source: Efron 1982, The Jackknife, ch. 3; Cameron, Gelbach & Miller 2011, J. Bus. Econ. Stat. 29; Bell & McCaffrey
        2002, Surv. Methodol. 28 (degrees of freedom with unequal clusters).
    """
    cells = np.asarray(sums, float)
    kinds = _kinds(labels)
    if not len(cells) or not kinds or kinds[0].max() == 0:
        return None
    kinds = [kind for kind in kinds if kind.max() > 0]
    with np.errstate(all="ignore"):
        value = float(statistic(cells.sum(axis=0)))
        first = _variance(cells, kinds[0], statistic)
        crossed = -sum(
            (-1) ** size * _variance(cells, _crossed(some), statistic)
            for size in range(1, len(kinds) + 1)
            for some in itertools.combinations(kinds, size)
        )
    if not all(map(math.isfinite, (value, crossed, first))):
        return None
    freedom = min(_freedom(cells[:, 0], kind) for kind in kinds)
    return _clustered(value, max(crossed, first), freedom, tuple(int(kind.max()) + 1 for kind in kinds))


def jackknife_of(each: ArrayLike, times: ArrayLike, statistic: Statistic) -> Clustered | None:
    """The same for independent units of which many are equal: one row for each kind of unit.

    Args:
        each: what one unit of each kind contributes, shape (C, M).
        times: how many units of each kind there are, shape (C,).
        statistic: as in `jackknife`.
    """
    units, counts = np.asarray(each, float), np.asarray(times, float)
    n = float(counts.sum())
    if n < 2:
        return None
    total = counts @ units
    with np.errstate(all="ignore"):
        value, without = float(statistic(total)), np.asarray(statistic(total - units))
        variance = (n - 1) / n * float(counts @ (without - counts @ without / n) ** 2)
    if not (math.isfinite(value) and math.isfinite(variance)):
        return None
    return _clustered(value, variance, n - 1, (int(n),))


def _clustered(value: float, variance: float, freedom: float, clusters: tuple[int, ...]) -> Clustered:
    """A value with its error; what rounding alone leaves of clusters that are equal is no error."""
    error = math.sqrt(variance)
    return Clustered(value, error if error > _ROUNDING * max(1.0, abs(value)) else 0.0, freedom, clusters)


def _kinds(labels: Sequence[ArrayLike]) -> list[NDArray[np.intp]]:
    """Clusters numbered from 0 for each kind; kinds that part the cells alike count once."""
    found: list[NDArray[np.intp]] = []
    for label in labels:
        # Numbered by first appearance, so that the same partition has the same numbers.
        seen: dict[Any, int] = {}
        numbers = np.array([seen.setdefault(one, len(seen)) for one in label], np.intp)  # type: ignore[union-attr]
        if not any(np.array_equal(numbers, other) for other in found):
            found.append(numbers)
    return found


def _crossed(kinds: Sequence[NDArray[np.intp]]) -> NDArray[np.intp]:
    return np.unique(np.stack(kinds), axis=1, return_inverse=True)[1].ravel()


def _variance(cells: NDArray[np.floating[Any]], clusters: NDArray[np.intp], statistic: Statistic) -> float:
    """The jackknife's variance over one partition of the cells."""
    count = int(clusters.max()) + 1
    sums = np.zeros((count, cells.shape[1]))
    np.add.at(sums, clusters, cells)
    without = np.asarray(statistic(sums.sum(axis=0) - sums))
    return float((count - 1) / count * np.sum((without - without.mean()) ** 2))


def _freedom(sizes: NDArray[np.floating[Any]], clusters: NDArray[np.intp]) -> float:
    """Degrees of freedom of the variance of a mean of cluster means of one variance, weighted by size."""
    weights = np.bincount(clusters, sizes) / sizes.sum()
    weights = weights[weights > 0]
    if len(weights) < 2:
        return 1.0
    # Traces of B and of B squared, B = C' D C with C = I - 1 w', written out so that no matrix is needed.
    parts = (weights / (1 - weights)) ** 2
    s, w2, d2, wd = parts.sum(), weights @ weights, parts @ parts, weights @ parts
    trace = s - 2 * wd + s * w2
    squared = d2 - 4 * weights @ parts**2 + 2 * s * parts @ weights**2 + 2 * wd**2
    squared += 2 * d2 * w2 - 4 * s * wd * w2 + (s * w2) ** 2
    return float(trace**2 / squared)
