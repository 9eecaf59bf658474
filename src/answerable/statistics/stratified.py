"""Two groups compared within strata of like cases: sums over strata, their variance, and the Mantel-Haenszel figures.

A statistic is made of sums over strata and of a smooth function of these sums. Its derivative by what each unit put
into the cells then follows by the chain rule, so that one formula of variance serves independent rows, people with
several rows and weights alike (linearisation: Binder 1983, Int. Statist. Rev. 51; Demnati & Rao 2004, Survey
Methodology 30). What strata of few rows add to it, or what a classical formula says, is a factor from the plain counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from answerable.statistics.linearised import Linearised, kurtosis_degrees, linearise
from answerable.statistics.scores import student_quantiles

if TYPE_CHECKING:
    from answerable.statistics.design import Design, Flags, Floats, Integers

Scale = Literal["ratio", "difference", "rate", "coefficient"]
"""What a figure is: the logarithm of a ratio, a difference of rates, a rate, or a number without bounds."""

Array = Any
"""Of floats, or of complex numbers where a derivative is taken."""

_STEP = 1e-20
_PRIOR = 2.0
_BOUNDS = {"difference": (-1.0, 1.0), "rate": (0.0, 1.0), "coefficient": (-np.inf, np.inf)}
_MOST_STRATA = 500
"""Strata that share people are held against each other two by two; a test of more of them is not made."""


@dataclass(frozen=True, eq=False)
class Strata:
    """Cells of a group, of its reference and of a standard, by strata of like cases.

    Args:
        design: what the independent units contributed to C cells.
        above: cells above the line of the rate, of the group, the reference and the standard, shape (3, C).
        below: cells below the line, shape (3, C).
        stratum: stratum of each cell, from 0, shape (C,).
        number: how many strata there are, K.
    """

    design: Design
    above: Flags
    below: Flags
    stratum: Integers
    number: int

    def sums(self, marks: Flags, amounts: Floats | Integers) -> Floats:
        """Amounts of marked cells by stratum, shape (3, K)."""
        return np.stack([np.bincount(self.stratum[row], amounts[row], minlength=self.number) for row in marks])

    @cached_property
    def events(self) -> Floats:
        """Totals above the line, shape (3, K)."""
        return self.sums(self.above, self.design.totals)

    @cached_property
    def sizes(self) -> Floats:
        """Totals below the line, shape (3, K)."""
        return self.sums(self.below, self.design.totals)

    @cached_property
    def event_counts(self) -> Floats:
        """Rows above the line, shape (3, K)."""
        return self.sums(self.above, self.design.counts)

    @cached_property
    def counts(self) -> Floats:
        """Rows below the line, shape (3, K)."""
        return self.sums(self.below, self.design.counts)

    @cached_property
    def both(self) -> Flags:
        """Strata where there is somebody of the group and somebody of the reference, shape (K,)."""
        return np.asarray((self.counts[0] > 0) & (self.counts[1] > 0))

    @cached_property
    def moments(self) -> Linearised:
        """The rates of group and reference over the strata where both are, with the units they rest on."""
        inside = self.both[self.stratum]
        return linearise(self.design, self.above[:2] & inside, self.below[:2] & inside)

    def coefficients(self, by_events: Floats, by_sizes: Floats) -> Floats:
        """What one row of each cell adds to a statistic with these derivatives, (..., 3, K) each -> (..., C)."""
        return np.asarray(
            (by_events[..., self.stratum] * self.above).sum(axis=-2)
            + (by_sizes[..., self.stratum] * self.below).sum(axis=-2)
        )


@dataclass(frozen=True, slots=True)
class Statistic:
    """Figures that are functions of sums over strata.

    Args:
        terms: from events and sizes, (3, K) each, and marks of the strata with both groups, what each stratum adds to
            each of S sums, shape (S, K). Only arithmetic: a derivative is taken through it.
        combine: from the S sums to Q figures, ratios as their logarithms.
        scales: what each of the Q figures is.
        classical: variances of the figures for independent rows from counts, (events, sizes) -> (Q,); by default the
            linearised variance, with more for strata of few rows.
    """

    terms: Callable[[Array, Array, Flags], Array]
    combine: Callable[[Array], Array]
    scales: Sequence[Scale]
    classical: Callable[[Floats, Floats], Floats] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """Figures with their standard errors, each on its scale.

    Args:
        value: shape (Q,); not finite where it cannot be had.
        error: standard errors, shape (Q,); NaN where none can be had.
        degrees: degrees of freedom with which they are known, shape (Q,).
        scales: what each is, Q of them.
    """

    value: Floats
    error: Floats
    degrees: Floats
    scales: tuple[Scale, ...]

    def curve(self, which: int, levels: Floats) -> tuple[float, Floats, Floats] | None:
        """The figure, undone of its logarithm, with limits at every level; None where it cannot be had."""
        value, error = self.value[which], self.error[which]
        if not np.isfinite(value) or not np.isfinite(error):
            return None
        half = student_quantiles(levels, self.degrees[[which]])[0] * error
        if self.scales[which] == "ratio":
            with np.errstate(over="ignore"):
                return self.shown(which), np.exp(value - half), np.exp(value + half)
        least, most = _BOUNDS[self.scales[which]]
        return self.shown(which), np.maximum(value - half, least), np.minimum(value + half, most)

    def shown(self, which: int) -> float:
        """The figure, undone of its logarithm where it is that of a ratio."""
        return float(np.exp(self.value[which]) if self.scales[which] == "ratio" else self.value[which])


def figures(strata: Strata, statistic: Statistic) -> Figures:
    """A statistic of the strata with its standard errors.

    Args:
        strata: the two groups by strata.
        statistic: what to make of them.

    Source: Demnati & Rao 2004, Survey Methodology 30 (linearisation); Kish 1965, New York (design effect).
    """
    value, by_events, by_sizes = differentiated(statistic, strata.events, strata.sizes, strata.both)
    usable = np.atleast_1d(np.isfinite(value))
    variance, degrees = np.full(len(value), np.nan), np.full(len(value), np.inf)
    if usable.any():
        coefficients = strata.coefficients(by_events[usable], by_sizes[usable])
        found, degrees[usable] = variances(strata.design, coefficients, strata.moments)
        variance[usable] = _with_few_rows(strata, statistic, found, usable)
    error = np.sqrt(np.where(variance > 0, variance, np.nan))
    return Figures(value, error, degrees, tuple(statistic.scales))


def variances(design: Design, coefficients: Floats, groups: Linearised) -> tuple[Floats, Floats]:
    """Variances of linear statistics of what units contributed, and the degrees of freedom they are known with.

    Args:
        design: what the units contributed.
        coefficients: what one row of each cell adds to each statistic, shape (E, C).
        groups: the rates of the groups that the statistics rest on.

    Returns:
        Shape (E,) each; infinite degrees of freedom where every unit is one row of equal weight.
    """
    squares = design.products(coefficients, coefficients)
    if groups.simple.all():
        return squares, np.full(len(squares), np.inf)
    spread = groups.spread.min()
    units = np.full(len(squares), design.units(np.atleast_2d(groups.denominator.any(axis=0)))[0])
    degrees = kurtosis_degrees(squares, design.fourth_powers(coefficients), units, groups.reach.min())
    degrees = np.clip(degrees, 1.0, np.maximum(units - 1, 1.0))
    return squares * spread / max(spread - 1, 0.5), np.broadcast_to(degrees, squares.shape)


def differentiated(statistic: Statistic, events: Floats, sizes: Floats, both: Flags) -> tuple[Floats, Floats, Floats]:
    """A statistic with its derivatives by events and sizes, exact to rounding (complex steps).

    Returns:
        Values, shape (Q,), and derivatives, shape (Q, 3, K) each.

    Source: Squire & Trapp 1998, SIAM Review 40.
    """
    with np.errstate(all="ignore"):
        sums = statistic.terms(events, sizes, both).sum(axis=1)
        value = np.asarray(statistic.combine(sums), dtype=np.float64)
        steps = sums[None] + 1j * _STEP * np.eye(len(sums))
        outer = np.stack([np.asarray(statistic.combine(one)).imag for one in steps], axis=1) / _STEP
        inner = []
        for place in range(2):
            for row in range(3):
                moved = [events.astype(complex), sizes.astype(complex)]
                moved[place][row] += 1j * _STEP
                inner.append(np.asarray(statistic.terms(moved[0], moved[1], both)).imag / _STEP)
        derivatives = np.einsum("qs,isk->qik", np.nan_to_num(outer), np.nan_to_num(np.stack(inner)))
    return value, derivatives[:, :3], derivatives[:, 3:]


def _with_few_rows(strata: Strata, statistic: Statistic, found: Floats, usable: Flags) -> Floats:
    """Variances multiplied by what plain counts say beyond linearisation: a design effect on the classical variance."""
    events, sizes = strata.event_counts, strata.counts
    _, by_events, by_sizes = differentiated(statistic, events, sizes, strata.both)
    by_events, by_sizes = by_events[usable], by_sizes[usable]
    plain = (strata.coefficients(by_events, by_sizes) ** 2) @ strata.design.counts.astype(np.float64)
    if statistic.classical is not None:
        with np.errstate(all="ignore"):
            known = statistic.classical(events, sizes)[usable]
    else:
        known = plain + np.sum(by_events**2 * sizes * _missed(events, sizes), axis=(1, 2))
    rows_per_unit = float(np.max(strata.moments.n / np.maximum(strata.moments.spread, 1e-9)))
    return np.asarray(np.where(plain > 0, found * known / np.where(plain > 0, plain, 1.0), known * rows_per_unit))


def _missed(events: Floats, sizes: Floats) -> Floats:
    """What the variance of a row within a stratum lacks where the stratum has few: a rate of 0 is not sure.

    The rate is drawn towards the group's own over all strata with the weight of two rows.
    """
    with np.errstate(all="ignore"):
        own = np.nan_to_num(events.sum(axis=1) / sizes.sum(axis=1))[:, None]
        rate = np.where(sizes > 0, events / sizes, 0.0)
        drawn = (events + _PRIOR * own) / (sizes + _PRIOR)
    return np.asarray(np.where(sizes > 0, np.maximum(drawn * (1 - drawn) - rate * (1 - rate), 0.0), 0.0))


def _mantel_haenszel_terms(events: Array, sizes: Array, both: Flags) -> Array:
    a, c, n, m = events[0], events[1], sizes[0], sizes[1]
    all_of_both = np.where(both, n + m, 1.0)
    sums = (a * (m - c), c * (n - a), a * m, c * n, n * m)
    return np.stack([np.where(both, one, 0.0) / all_of_both for one in sums])


def _mantel_haenszel(sums: Array) -> Array:
    odds, odds_of_reference, risk, risk_of_reference, weight = sums
    return np.stack(
        [
            np.log(odds) - np.log(odds_of_reference),
            np.log(risk) - np.log(risk_of_reference),
            (risk - risk_of_reference) / weight,
        ]
    )


def _mantel_haenszel_variances(events: Floats, sizes: Floats) -> Floats:
    """Robins, Breslow & Greenland's variance of the odds ratio, Greenland & Robins's of the risk ratio, Sato's."""
    from statsmodels.stats.contingency_tables import StratifiedTable

    kept = (sizes[0] > 0) & (sizes[1] > 0)
    (a, c), (n, m) = events[:2, kept], sizes[:2, kept]
    total = n + m
    odds = StratifiedTable(np.array([[a, n - a], [c, m - c]])).logodds_pooled_se ** 2
    weight = np.sum(n * m / total)
    risk = np.sum((n * m * (a + c) - a * c * total) / total**2) / (np.sum(a * m / total) * np.sum(c * n / total))
    difference = np.sum((a * m - c * n) / total) / weight
    first = np.sum((n**2 * c - m**2 * a + n * m * (m - n) / 2) / total**2)
    second = np.sum((a * (m - c) + c * (n - a)) / (2 * total))
    return np.array([odds, risk, (difference * first + second) / weight**2])


MANTEL_HAENSZEL = Statistic(
    _mantel_haenszel_terms, _mantel_haenszel, ("ratio", "ratio", "difference"), _mantel_haenszel_variances
)
"""Mantel-Haenszel odds ratio, risk ratio and risk difference of the group against the reference.

Source: Mantel & Haenszel 1959, J. Natl. Cancer Inst. 22. Variances: Robins, Breslow & Greenland 1986, Biometrics 42
(odds ratio); Greenland & Robins 1985, Biometrics 41 (risk ratio); Sato 1989, Biometrics 45 (risk difference)."""


@dataclass(frozen=True, slots=True)
class Homogeneity:
    """A test that strata share one figure: its statistic, degrees of freedom and p-value."""

    statistic: float
    degrees: float
    p: float


def equal_odds(strata: Strata, odds_ratio: float) -> Homogeneity | None:
    """Breslow-Day test, with Tarone's correction, that the odds ratio is the same in every stratum.

    Where units are not single rows, by Rao and Scott's second-order correction.

    Args:
        strata: the two groups by strata.
        odds_ratio: of Mantel and Haenszel.

    Returns:
        None where fewer than two strata have both groups, events and rows without; and where people or weights make
        it a test of more than 500 strata.

    Source: Breslow & Day 1980, Lyon; Tarone 1985, Biometrika 72; Rao & Scott 1984, Ann. Statist. 12.
    """
    (a, c), (n, m) = strata.events[:2], strata.sizes[:2]
    with_events = a + c
    kept = strata.both & (with_events > 0) & (with_events < n + m)
    if kept.sum() < 2:
        return None
    square, linear = 1 - odds_ratio, m - with_events + odds_ratio * (n + with_events)
    constant = odds_ratio * n * with_events
    # The root that lies between the margins, in the form that also holds for an odds ratio of 1.
    with np.errstate(all="ignore"):
        fitted = 2 * constant / (linear + np.sqrt(np.maximum(linear**2 + 4 * square * constant, 0.0)))
        rate, other = fitted / n, (with_events - fitted) / m
        own, others = n * rate * (1 - rate), m * other * (1 - other)
        share = own / (own + others)
        information = own * others / (own + others)
    zero = np.zeros_like(share)
    by_events = np.stack([1 - share, -share, zero])
    by_sizes = np.stack([-(1 - share) * rate, share * other, zero])
    return _homogeneity(strata, kept, a - fitted, information, (by_events, by_sizes))


def equal_differences(strata: Strata, difference: float) -> Homogeneity | None:
    """Cochran's Q test that the difference of the two rates is the same in every stratum.

    The variance within a stratum is that of the rates which share the difference and fit the stratum's events, so that
    strata of few rows are not taken for sure; where units are not single rows, by Rao and Scott's second-order
    correction.

    Args:
        strata: the two groups by strata.
        difference: of Mantel and Haenszel.

    Returns:
        None where fewer than two strata have both groups, events and rows without; and where people or weights make
        it a test of more than 500 strata.

    Source: Cochran 1954, Biometrics 10; Lipsitz et al. 1998, Biometrics 54; Rao & Scott 1984, Ann. Statist. 12.
    """
    (a, c), (n, m) = strata.events[:2], strata.sizes[:2]
    kept = strata.both & (a + c > 0) & (a + c < n + m)
    if kept.sum() < 2:
        return None
    with np.errstate(all="ignore"):
        reference = (a + c - n * difference) / (n + m)
        spread = [np.maximum(rate * (1 - rate), 0.0) for rate in (reference + difference, reference)]
        rows = strata.counts[:2].sum(axis=0)
        weight = (1 - 1 / rows) / (spread[0] / n + spread[1] / m)
    kept &= np.isfinite(weight)
    if kept.sum() < 2:
        return None
    zero = np.zeros(strata.number)
    with np.errstate(all="ignore"):
        by_events = np.stack([weight / n, -weight / m, zero])
        by_sizes = np.stack([-weight * a / n**2, weight * c / m**2, zero])
        scores = (a / n - c / m) * weight
    return _homogeneity(strata, kept, scores, weight, (by_events, by_sizes))


def _homogeneity(
    strata: Strata, kept: Flags, scores: Floats, information: Floats, derivatives: tuple[Floats, Floats]
) -> Homogeneity | None:
    from scipy.stats import chi2

    score, weight = scores[kept], information[kept]
    rest = score - weight * score.sum() / weight.sum()
    statistic, degrees = float(np.sum(rest**2 / weight)), float(kept.sum() - 1)
    if not strata.moments.simple.all():
        if kept.sum() > _MOST_STRATA:
            return None
        coefficients = np.zeros((int(kept.sum()), len(strata.stratum)))
        each = strata.coefficients(*(np.where(kept, one, 0.0) for one in derivatives))
        place = np.cumsum(kept) - 1
        cells = np.flatnonzero(kept[strata.stratum])
        coefficients[place[strata.stratum[cells]], cells] = each[cells]
        covariance = strata.design.crossed(coefficients)
        project = np.eye(len(weight)) - weight[:, None] / weight.sum()
        scaled = project @ covariance @ project.T / np.sqrt(np.outer(weight, weight))
        first, second = float(np.trace(scaled)), float(np.sum(scaled * scaled.T))
        if second > 0:
            statistic, degrees = statistic * first / second, first**2 / second
    return Homogeneity(statistic, degrees, float(chi2.sf(statistic, degrees)))
