"""How many cases it takes: power of the intervals that the findings are judged by, and what follows from it.

Power is the chance that the interval lies wholly beyond the bar on the side where the truth lies. It is summed over all
counts that can come out, with the very limits that judge; where those are too many, a normal approximation stands in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from answerable.statistics.contrasts import difference_limits, ratio_limits
from answerable.statistics.scores import normal_quantiles, wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

MOST_CASES = 1_000_000_000
_MOST_OUTCOMES = 100_000
_NEGLIGIBLE = 1e-7
_IN_A_ROW = 5
"""Power rises with the number of cases in a saw-tooth: it has to be enough for so many numbers in a row."""
_CLOSE = 1e-6


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two groups whose rates are to be compared.

    Args:
        rate: of the reference. other: of the group.
        share: of the group among the cases.
        counted: share of the reference's cases that the rate counts. other_counted: of the group's.
        effect: design effect, by which the cases have to be more where they are alike within a person.
        level: of the interval, after the correction for many comparisons.
        difference: difference that has to be exceeded. ratio: the same as a ratio above 1, in place of a difference.
    """

    rate: float
    other: float
    share: float = 0.5
    counted: float = 1.0
    other_counted: float = 1.0
    effect: float = 1.0
    level: float = 0.95
    difference: float = 0.0
    ratio: float | None = None

    @property
    def bar(self) -> float:
        """The difference, or ratio, of the group to the reference that has to be exceeded on the side of the truth."""
        above = self.other > self.rate
        if self.ratio is not None:
            return self.ratio if above else 1 / self.ratio
        return self.difference if above else -self.difference

    @property
    def beyond(self) -> bool:
        """Whether the truth lies beyond the bar, so that more cases help."""
        if self.other == self.rate:
            return False
        truth = self.other - self.bar * self.rate if self.ratio is not None else self.other - self.rate - self.bar
        return truth > 0 if self.other > self.rate else truth < 0

    def sizes(self, cases: int) -> tuple[int, int]:
        """Independent cases that the rates of the reference and of the group rest on, of so many cases in all."""
        group = cases * self.share
        return int((cases - group) * self.counted / self.effect), int(group * self.other_counted / self.effect)


def power(comparison: Comparison, cases: int) -> float:
    """The chance that the interval of the comparison lies beyond the bar.

    Args:
        comparison: what is compared.
        cases: of both groups together.

    Source: enumeration of two binomial counts; the limits are those of Newcombe 1998, Statist. Med. 17, and of Donner
        & Zou 2012, Stat. Methods Med. Res. 21. Approximation: Fleiss, Levin & Paik 2003, Statistical Methods for Rates
        and Proportions, ch. 4, with the variance of each group for itself.
    """
    sizes = comparison.sizes(cases)
    if min(sizes) < 1 or not comparison.beyond:
        return 0.0
    counts = [_likely(size, rate) for size, rate in zip(sizes, (comparison.rate, comparison.other), strict=True)]
    if len(counts[0][0]) * len(counts[1][0]) > _MOST_OUTCOMES:
        return normal_power(comparison, cases)
    rates, limits = [], []
    quantiles = normal_quantiles(np.array([comparison.level]))
    for size, (number, _) in zip(sizes, counts, strict=True):
        rates.append(number / size)
        limits.append(wilson(number / size, np.full(len(number), float(size)), quantiles))
    reference, group = (one.ravel() for one in np.meshgrid(*map(np.arange, map(len, rates)), indexing="ij"))
    between = difference_limits if comparison.ratio is None else ratio_limits
    edges = [(limits[place][0][index], limits[place][1][index]) for place, index in enumerate((reference, group))]
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = between((rates[1][group], rates[0][reference]), edges[1], edges[0], np.zeros(len(group)))
    seen = low[:, 0] > comparison.bar if comparison.other > comparison.rate else high[:, 0] < comparison.bar
    if comparison.ratio is not None:  # of a reference without events there is no ratio to tell
        seen &= rates[0][reference] > 0
    return float(np.sum((counts[0][1][reference] * counts[1][1][group])[seen]))


def _likely(size: int, rate: float) -> tuple[Floats, Floats]:
    """The counts that are at all likely, with their chances."""
    from scipy.stats import binom

    low, high = binom.ppf([_NEGLIGIBLE, 1 - _NEGLIGIBLE], size, rate).astype(int)
    numbers = np.arange(max(low, 0), high + 1)
    return numbers.astype(float), np.asarray(binom.pmf(numbers, size, rate))


def normal_power(comparison: Comparison, cases: float) -> float:
    """The same by the normal approximation."""
    from scipy.special import ndtr

    group = cases * comparison.share
    reference = (cases - group) * comparison.counted / comparison.effect
    group = group * comparison.other_counted / comparison.effect
    if min(reference, group) <= 0 or not comparison.beyond:
        return 0.0
    one, other = comparison.other, comparison.rate
    times = 1.0 if comparison.ratio is None else comparison.bar
    truth = one - times * other - (comparison.bar if comparison.ratio is None else 0.0)
    error = np.sqrt(one * (1 - one) / group + times**2 * other * (1 - other) / reference)
    (quantile,) = normal_quantiles(np.array([comparison.level]))
    return float(ndtr(abs(truth) / error - quantile)) if error > 0 else 1.0


def cases_needed(comparison: Comparison, wanted: float) -> int | None:
    """The smallest number of cases, of both groups together, whose power is at least as wanted; None where none is."""
    if not comparison.beyond:
        return None

    def enough(cases: int) -> bool:
        # More cases than one step apart, so that the smaller group grows too.
        step = max(1, int(1 / min(comparison.share, 1 - comparison.share)))
        return all(power(comparison, cases + step * more) >= wanted for more in range(_IN_A_ROW))

    return _smallest(enough)


def smallest_gap(comparison: Comparison, cases: int, wanted: float, *, above: bool) -> float | None:
    """The rate of the group nearest to the reference's that so many cases show with the wanted power; None without one.

    Args:
        comparison: its `other` is not looked at.
        cases: of both groups together.
        wanted: power.
        above: whether the group's rate is the higher one.
    """
    from scipy.optimize import brentq

    def lacking(other: float) -> float:
        return wanted - power(replace(comparison, other=other), cases)

    far = 1.0 if above else 0.0
    if lacking(far) > 0 or far == comparison.rate:
        return None
    return float(brentq(lacking, comparison.rate, far, xtol=_CLOSE))


def pairs_power(rate: float, other: float, discordant: float, pairs: int, level: float) -> float:
    """The chance that McNemar's exact test shows the difference of matched pairs.

    Args:
        rate: of the reference.
        other: of the group.
        discordant: share of the pairs whose two answers differ.
        pairs: how many.
        level: of the test, after the correction for many comparisons.

    Source: McNemar 1947, Psychometrika 12; Connor 1987, Biometrics 43, for the approximation where pairs are many.
    """
    from scipy.special import ndtr
    from scipy.stats import binom

    gap = abs(other - rate)
    if not gap:
        return 0.0
    numbers, chances = _likely(pairs, discordant)
    if len(numbers) * numbers[-1] > 100 * _MOST_OUTCOMES:
        (quantile,) = normal_quantiles(np.array([level]))
        spread = max(discordant - gap**2, _NEGLIGIBLE)
        return float(ndtr((gap * np.sqrt(pairs) - quantile * np.sqrt(discordant)) / np.sqrt(spread)))
    # The most answers against the group that still show the gap: a tail of at most half of what the level leaves.
    tail = (1 - level) / 2
    most = binom.ppf(tail, numbers, 0.5)
    most = np.where(binom.cdf(most, numbers, 0.5) <= tail, most, most - 1)
    against = (discordant - gap) / (2 * discordant)
    return float(np.sum(chances * np.where(most >= 0, binom.cdf(most, numbers, against), 0.0)))


def pairs_needed(rate: float, other: float, discordant: float, level: float, wanted: float) -> int | None:
    """The smallest number of matched pairs whose power is at least as wanted; None where none is."""
    if rate == other:
        return None
    return _smallest(
        lambda pairs: all(
            pairs_power(rate, other, discordant, pairs + more, level) >= wanted for more in range(_IN_A_ROW)
        )
    )


def half_width(rate: float, cases: int, level: float) -> float:
    """Half the width of Wilson's interval when so many independent cases show the rate."""
    low, high = wilson(np.array([rate]), np.array([float(cases)]), normal_quantiles(np.array([level])))
    return float((high - low)[0, 0] / 2)


def cases_for_width(rate: float, wanted: float, level: float) -> int | None:
    """The smallest number of independent cases whose interval is no wider; None where none is."""
    return _smallest(lambda cases: half_width(rate, cases, level) <= wanted)


def _smallest(enough: Callable[[int], bool]) -> int | None:
    """The smallest number that is enough, by doubling and halving."""
    high = 1
    while not enough(high):
        high *= 2
        if high > MOST_CASES:
            return None
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
