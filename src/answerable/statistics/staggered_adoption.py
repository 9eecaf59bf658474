"""Difference in differences where places change at different times: what the change did, place by place, on average.

Each place is compared with places that have not changed yet, from its last period before the change on. A regression
with one effect for everybody (two-way fixed effects) would also compare places with others that changed before them,
and can give the wrong sign where effects grow (Goodman-Bacon 2021, J. Econometrics 225); it is not used.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]
    Flags = NDArray[np.bool_]

NEVER = np.inf
"""The start of a place that never changes."""


@dataclass(frozen=True, eq=False)
class Panel:
    """Values of P places in T periods, and when each place changed.

    Args:
        values: shape (P, T); not a number where a place has none.
        start: number of the first period under the new procedure, shape (P,); NEVER where there is none.
        weights: how much each place counts, shape (P,).
        anticipation: periods before the change in which people may have acted on its announcement.
        never: whether only places that never change are compared with; otherwise all that have not changed yet.
        bases: how many of the last periods before the change are averaged to compare with.
    """

    values: Floats
    start: Floats
    weights: Floats
    anticipation: int = 0
    never: bool = False
    bases: int = 1

    @property
    def cohorts(self) -> list[int]:
        """The starts that have a period before them to compare with."""
        known = {int(one) for one in self.start if np.isfinite(one)}
        return sorted(one for one in known if one - 1 - self.anticipation >= 0 and one < self.values.shape[1])


@dataclass(frozen=True, eq=False)
class Effect:
    """An average of effects by place and period.

    Args:
        value: the average; None where nothing can be compared.
        error: its standard error, from leaving out one place at a time; None where that leaves nothing.
        degrees: degrees of freedom that the error has.
        changed: how many places that changed it rests on. compared: how many places they are compared with.
    """

    value: float | None
    error: float | None = None
    degrees: float = 0.0
    changed: int = 0
    compared: int = 0

    def limits(self, levels: tuple[float, ...]) -> list[tuple[float, float]]:
        """The interval at each level; none where there is no error."""
        from scipy.special import stdtrit

        if self.value is None or self.error is None:
            return []
        half = [self.error * float(stdtrit(self.degrees, (1 + level) / 2)) for level in levels]
        return [(self.value - one, self.value + one) for one in half]


@dataclass(frozen=True, eq=False)
class _Comparison:
    """One cohort against those who have not changed yet; first axis: all places, then without each (1 or P + 1).

    Args:
        start: the cohort's start. base: the last period with which others are compared.
        bases: share of each period in the value that is compared with, by place, shape (P, T).
        effects: shape (1 or P + 1, T); not a number where nothing can be compared.
        weight: of the cohort, shape (1 or P + 1,).
        own, other: share of each place in the mean of the cohort, and of the compared, shape (P, T).
    """

    start: int
    base: int
    bases: Floats
    effects: Floats
    weight: Floats
    own: Floats
    other: Floats


def overall(panel: Panel) -> Effect:
    """Mean effect after the change: of each place over its periods, then of all places that changed.

    Source: Callaway & Sant'Anna 2021, J. Econometrics 225 (group-time effects and their averages); standard errors by
        leaving out one place at a time, with Student's t: MacKinnon, Nielsen & Webb 2023, J. Appl. Econometrics 38.
    """
    return _averaged(panel, [(one, _after(one, panel)) for one in _comparisons(panel)])


def before(panel: Panel, most: int = 12) -> Effect:
    """Mean "effect" in the periods before the change, against its last one: what is there without any change.

    Args:
        panel: the values.
        most: how many periods before the one that is compared with are looked at.
    """
    compared = _comparisons(replace(panel, bases=1))
    made = [(one, np.arange(max(0, one.base - most), one.base)) for one in compared]
    return _averaged(panel, [(one, periods) for one, periods in made if len(periods)])


def by_event_time(panel: Panel, most: int = 24) -> dict[int, Effect]:
    """Mean effect by the number of periods since the change, negative before it."""
    early, late = list(_comparisons(replace(panel, bases=1))), list(_comparisons(panel))
    found = {}
    for since in range(-most, most + 1):
        compared = early if since < 0 else late
        at = [(one, one.start + since) for one in compared if 0 <= one.start + since < panel.values.shape[1]]
        effect = _averaged(panel, [(one, np.array([period])) for one, period in at if period != one.base])
        if effect.value is not None:
            found[since] = effect
    return found


def redealt(panel: Panel, times: int, seed: int) -> Floats:
    """The mean effect when the starts are dealt to the places at random, as often as asked.

    Source: Fisher 1935, The Design of Experiments, ch. 2; for a few clusters MacKinnon & Webb 2020, J. Econometrics
        218.
    """
    random = np.random.default_rng(seed)
    found = []
    for _ in range(times):
        start = random.permutation(panel.start)
        dealt = replace(panel, start=start)
        compared = list(_comparisons(dealt, leave_out=False))
        value = _mean([(one, _after(one, dealt)) for one in compared])[0]
        found.append(float(value) if np.isfinite(value) else 0.0)
    return np.array(found)


def _after(one: _Comparison, panel: Panel) -> NDArray[np.integer[Any]]:
    return np.arange(one.start, panel.values.shape[1])


def _comparisons(panel: Panel, *, leave_out: bool = True) -> Iterator[_Comparison]:
    """Group-time effects of each cohort, and the same without each place in turn."""
    periods = np.arange(panel.values.shape[1])
    weights = panel.weights[:, None]
    for start in panel.cohorts:
        base = start - 1 - panel.anticipation
        bases = _shares_of_bases(panel, base)
        there = np.isfinite(panel.values)
        known = there & (bases.sum(axis=1, keepdims=True) > 0)
        values = np.where(there, panel.values, 0.0)
        changes = np.where(known, values - np.sum(values * bases, axis=1)[:, None], 0.0)
        mine = panel.start == start
        later = panel.start[:, None] > np.maximum(periods, base)[None, :] + panel.anticipation
        if panel.never:
            later = later & (panel.start == NEVER)[:, None]
        cohort, others = known & mine[:, None], known & later & ~mine[:, None]
        own, other = (_means(changes, weights * marks, marks, leave_out) for marks in (cohort, others))
        total = np.sum(panel.weights[mine])
        weight = total - np.concatenate([[0.0], np.where(mine, panel.weights, 0.0)]) if leave_out else np.array([total])
        if leave_out and mine.sum() == 1:
            weight[1:][mine] = 0.0
        yield _Comparison(start, base, bases, own - other, weight, _shares(weights * cohort), _shares(weights * others))


def _shares_of_bases(panel: Panel, base: int) -> Floats:
    """What each period of a place counts in the value that its others are compared with, shape (P, T)."""
    chosen = np.zeros(panel.values.shape)
    chosen[:, max(0, base + 1 - panel.bases) : base + 1] = 1.0
    chosen[~np.isfinite(panel.values)] = 0.0
    count = chosen.sum(axis=1, keepdims=True)
    return np.asarray(np.divide(chosen, count, out=chosen, where=count > 0))


def _means(values: Floats, weights: Floats, marks: Flags, leave_out: bool) -> Floats:
    """Weighted means over places, and the same without each place; not a number where no place is left."""
    above, below, count = (np.sum(one, axis=0) for one in (weights * values, weights, marks))
    if leave_out:
        above, below, count = (
            np.vstack([whole[None, :], whole[None, :] - each])
            for whole, each in ((above, weights * values), (below, weights), (count, marks.astype(int)))
        )
    else:
        above, below, count = above[None, :], below[None, :], count[None, :]
    return np.asarray(np.divide(above, below, out=np.full(above.shape, np.nan), where=count > 0))


def _shares(weights: Floats) -> Floats:
    total = weights.sum(axis=0)
    return np.asarray(np.divide(weights, total[None, :], out=np.zeros(weights.shape), where=total[None, :] > 0))


def _mean(parts: list[tuple[_Comparison, NDArray[np.integer[Any]]]]) -> Floats:
    """Mean of cohorts by their weight, of each its mean over periods; first of all places, then without each."""
    if not parts:
        return np.array([np.nan])
    above = np.zeros(len(parts[0][0].weight))
    below = np.zeros(len(above))
    for one, periods in parts:
        chosen = one.effects[:, periods]
        known = np.isfinite(chosen)
        count = known.sum(axis=1)
        mean = np.where(known, chosen, 0.0).sum(axis=1) / np.maximum(count, 1)
        weight = np.where(count > 0, one.weight, 0.0)
        above, below = above + weight * mean, below + weight
    return np.asarray(np.divide(above, below, out=np.full(len(above), np.nan), where=below > 0))


def _averaged(panel: Panel, parts: list[tuple[_Comparison, NDArray[np.integer[Any]]]]) -> Effect:
    """An average with its standard error and degrees of freedom."""
    parts = [(one, kept) for one, periods in parts if len(kept := periods[np.isfinite(one.effects[0, periods])])]
    values = _mean(parts)
    if not np.isfinite(values[0]):
        return Effect(None)
    coefficients, own, other = _coefficients(panel, parts)
    squares = np.sum(coefficients**2, axis=1)
    part = squares > 0
    counts = {"changed": int(own.sum()), "compared": int(other.sum())}
    degrees = float(np.sum(squares) ** 2 / np.sum(squares**2)) - 1
    left = values[1:][part]
    if not np.isfinite(left).all() or degrees < 1:
        return Effect(float(values[0]), **counts)
    size = int(part.sum())
    error = float(np.sqrt((size - 1) / size * np.sum((left - values[0]) ** 2)))
    return Effect(float(values[0]), error if error > 0 else None, degrees, **counts)


def _coefficients(
    panel: Panel, parts: list[tuple[_Comparison, NDArray[np.integer[Any]]]]
) -> tuple[Floats, Flags, Flags]:
    """What each value is multiplied by in the average, shape (P, T); which places changed, which were compared with.

    Their concentration on few places tells how few degrees of freedom there are (Satterthwaite 1946, Biometrics 2).
    """
    found = np.zeros(panel.values.shape)
    own, other = np.zeros((2, len(panel.start)), dtype=bool)
    total = sum(float(one.weight[0]) for one, _ in parts)
    for one, periods in parts:
        each = one.weight[0] / total / len(periods)
        moved = each * (one.own[:, periods] - one.other[:, periods])
        found[:, periods] += moved
        found -= moved.sum(axis=1)[:, None] * one.bases
        own |= one.own[:, periods].any(axis=1)
        other |= one.other[:, periods].any(axis=1)
    return found, own, other
