"""What a design says about rates: counts, variance between units, and how much independent information is in them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from answerable.statistics.design import Design, Flags, Floats, Integers, blocks

SHARED = 0.1
"""Correlation of two rates from which their sharing of units is worth attention."""

_ONE_OUTWEIGHS = 1.25
_ROUNDING = 1e-13


@dataclass(frozen=True, slots=True, eq=False)
class Linearised:
    """Rates as linear functions of what each unit contributed. All arrays have one entry for each of E rates.

    Args:
        design: what the units contributed to the cells.
        numerator: cells above the line, shape (E, C).
        denominator: cells below the line, shape (E, C).
        values: the rates; 0 where the denominator is empty.
        weights: totals below the line.
        n: rows below the line.
        events: rows above the line.
        units: units with rows below the line.
        spread: effective number of units below the line: how many equal ones would weigh as much together.
        reach: effective number of units with events, or of those without, whichever is smaller.
    """

    design: Design
    numerator: Flags
    denominator: Flags
    values: Floats
    weights: Floats
    n: Integers
    events: Integers
    units: Integers
    spread: Floats
    reach: Floats

    @property
    def mixed(self) -> Flags:
        """Whether there are both events and rows without."""
        return (self.values > 0) & (self.values < 1)

    @property
    def varied(self) -> Flags:
        """Whether what units contributed shows how much they vary."""
        return self.mixed & (self.spread >= _ONE_OUTWEIGHS)

    @property
    def simple(self) -> Flags:
        """Whether every unit is one row of the same weight, so that events are binomial."""
        return np.asarray((self.units == self.n) & (not self.design.has_weights), dtype=bool)

    def coefficients(self, rates: Integers) -> Floats:
        """Contribution of one row in each cell to the rates, as deviation from them, shape (len(rates), C)."""
        values, weights = self.values[rates], np.where(self.weights[rates] > 0, self.weights[rates], 1.0)
        return np.asarray((self.numerator[rates] - values[:, None] * self.denominator[rates]) / weights[:, None])

    def precision(self, rates: Integers) -> tuple[Floats, Floats]:
        """Effective sample sizes of rates, and the degrees of freedom with which they are known.

        The effective size is that of independent rows with the same variance. Single rows of equal weight need no
        estimate: their size is their number, known for sure. Where there are no events, or nothing else, or where one
        unit outweighs all others, nothing is known about how alike the rows of a unit are: each counts as one.

        Args:
            rates: which, shape (K,).

        Source: variance of a ratio of totals, Cochran 1977, Sampling Techniques, sec. 6.3; degrees of freedom from the
            kurtosis, Satterthwaite 1946, Biometrics 2.
        """
        simple = self.simple[rates]
        sizes = np.maximum(np.where(simple, self.n[rates], self.spread[rates]), 1e-9)
        degrees = np.full(len(rates), np.inf)
        rough = np.flatnonzero(~simple & self.varied[rates])
        for block in blocks(len(rough), self.denominator.shape[1]):
            some = rates[rough[block]]
            coefficients = self.coefficients(some)
            squares = self.design.products(coefficients, coefficients)
            variances = squares * self.spread[some] / np.maximum(self.spread[some] - 1, 0.5)
            agree = squares * self.spread[some] < _ROUNDING
            sizes[rough[block]] = self.values[some] * (1 - self.values[some]) / np.where(agree, 1e-300, variances)
            found = kurtosis_degrees(
                squares, self.design.fourth_powers(coefficients), self.units[some], self.reach[some]
            )
            degrees[rough[block]] = np.clip(found, 1.0, np.maximum(self.spread[some] - 1, 1.0))
        return sizes, degrees


def linearise(design: Design, numerator: Flags, denominator: Flags) -> Linearised:
    """Rates with their counts and with how many independent units they rest on.

    Args:
        design: what the units contributed to C cells.
        numerator: cells above the line, shape (E, C).
        denominator: cells below the line, shape (E, C).

    Source: effective number of units, Kish 1965, Survey Sampling, New York.
    """
    count, cells = denominator.shape
    weights, events_weight, spread, reach, units = np.zeros((5, count))
    for block in blocks(count, cells):
        below, above = denominator[block].astype(np.float64), numerator[block].astype(np.float64)
        rest = below - above
        weights[block], events_weight[block] = below @ design.totals, above @ design.totals
        units[block] = design.units(denominator[block])
        spread[block] = _effective(weights[block], design.products(below, below))
        with_events = _effective(events_weight[block], design.products(above, above))
        without = _effective(rest @ design.totals, design.products(rest, rest))
        reach[block] = np.minimum(with_events, without)
    values = np.divide(events_weight, weights, out=np.zeros(count), where=weights > 0)
    return Linearised(
        design=design,
        numerator=numerator,
        denominator=denominator,
        values=np.clip(values, 0.0, 1.0),
        weights=weights,
        n=denominator @ design.counts,
        events=numerator @ design.counts,
        units=units.astype(np.int64),
        spread=spread,
        reach=reach,
    )


def correlations(moments: Linearised, pairs: Integers) -> Floats:
    """Correlation of the two estimated rates of each pair, shape (P,): 0 where they share no units.

    A positive one narrows the interval of the difference, so it is only believed as far as units show it: it is 0 where
    they do not vary, as in a rate of 0, and drawn towards 0 where there are few (two units always lie on a line).
    """
    rho = np.zeros(len(pairs))
    design, cells = moments.design, moments.denominator.shape[1]
    for block in blocks(len(pairs), cells):
        first, second = pairs[block].T
        one, other = moments.coefficients(first), moments.coefficients(second)
        own = design.products(one, one), design.products(other, other)
        shown = moments.varied[first] & moments.varied[second]
        shown &= (own[0] * moments.spread[first] > _ROUNDING) & (own[1] * moments.spread[second] > _ROUNDING)
        scale = np.sqrt(np.where(shown, own[0] * own[1], 1.0))
        rho[block] = np.where(shown, design.products(one, other) / scale, 0.0)
    fewest = np.maximum(moments.spread[pairs].min(axis=1), 2.0)
    return np.clip(np.where(rho > 0, rho * (1 - 4 / fewest**2), rho), -1.0, 1.0)


def joint_degrees(moments: Linearised, pairs: Integers, rho: Floats) -> Floats:
    """Degrees of freedom of the difference of two rates, shape (P,): Welch's, fewer where the rates share units.

    Args:
        moments: the rates and the units they rest on.
        pairs: which two, shape (P, 2).
        rho: correlation of the two, shape (P,).

    Source: Welch 1947, Biometrika 34; where units are shared, from the kurtosis of the difference as for a rate.
    """
    sizes, degrees = (part.reshape(2, -1) for part in moments.precision(pairs.T.ravel()))
    values = moments.values[pairs.T]
    variances = values * (1 - values) / sizes
    squares = np.sum(variances**2 / degrees, axis=0)
    welch = np.divide(variances.sum(axis=0) ** 2, squares, out=np.full(len(pairs), np.inf), where=squares > 0)
    with np.errstate(divide="ignore"):
        joint = 1 / ((1 - np.abs(rho)) / welch + np.abs(rho) / degrees.min(axis=0))
    related = np.flatnonzero((np.abs(rho) > SHARED) & np.isfinite(joint))
    for block in blocks(len(related), moments.denominator.shape[1]):
        first, second = pairs[related[block]].T
        deviations = moments.coefficients(first) - moments.coefficients(second)
        fourth = moments.design.fourth_powers(deviations)
        if fourth is not None:
            squares = moments.design.products(deviations, deviations)
            units = moments.design.units(moments.denominator[first] | moments.denominator[second])
            own = np.maximum(kurtosis_degrees(squares, fourth, units, units), 1.0)
            joint[related[block]] = np.minimum(joint[related[block]], own)
    return np.asarray(joint)


def _effective(total: Floats, squares: Floats) -> Floats:
    """Kish's effective number: the square of a sum over the sum of squares."""
    return np.divide(total**2, squares, out=np.zeros(len(total)), where=squares > 0)


def kurtosis_degrees(squares: Floats, fourth: Floats | None, units: Floats | Integers, reach: Floats) -> Floats:
    """Satterthwaite's degrees of freedom of a sum of squared deviations, from their kurtosis, less one for the mean.

    Where fourth powers are not known, few units with events stand for a heavy tail: k of them have a kurtosis of about
    units / k.
    """
    if fourth is None:
        return np.asarray(2 * reach - 1)
    kurtosis = np.divide(units * fourth, squares**2, out=np.ones(len(squares)), where=squares > 0)
    return np.asarray(2 * units / np.maximum(kurtosis - 1, 1e-9) - 1)
