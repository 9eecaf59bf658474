"""Sharp bounds over hidden counts: the extremes of rates and of their contrasts over every way to fill them in.

Hidden counts are whole numbers that obey linear constraints: ranges, totals, and whatever else is known. A rate is a
fraction of two linear forms; its extremes are found by a sequence of integer programmes (Dinkelbach 1967, Management
Science 13), those of a contrast of two rates that share hidden counts by branch and bound. All comparisons are
of whole numbers, so that a bound is a fraction that some way of filling in attains.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from answerable.statistics.design import Floats, Integers

Form = tuple[int, Mapping[int, int]]
"""A constant and the coefficients of hidden counts."""

_COARSE = 1000
"""Largest denominator of the values at which the range of a rate is halved, so that coefficients stay small."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A fraction of two forms: events above the line, all below it. Every hidden count has coefficient 0 or 1."""

    above: Form
    below: Form

    @property
    def hidden(self) -> frozenset[int]:
        """The hidden counts that it depends on."""
        return frozenset(self.below[1])

    @property
    def rest(self) -> Rate:
        """The rate of everybody else below the line: 1 minus this one."""
        others = {one: 1 for one in self.below[1] if one not in self.above[1]}
        return Rate((self.below[0] - self.above[0], others), self.below)

    def counts(self, filled: Mapping[int, int]) -> tuple[int, int]:
        """Events and rows below the line, with hidden counts filled in."""
        events, rows = (constant + sum(filled[one] for one in form) for constant, form in (self.above, self.below))
        return events, rows


@dataclass(frozen=True, slots=True)
class Extreme:
    """A bound and a way to fill in the hidden counts that attains it.

    Args:
        value: the bound; None where there is none (a ratio to a rate that may be 0).
        counts: for each rate its events and rows in that way.
    """

    value: Fraction | None
    counts: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Constraint:
    """A linear constraint: low <= sum of coefficients times hidden counts <= high; None where there is no such end."""

    coefficients: Mapping[int, int]
    low: int | None
    high: int | None


_Node = tuple[Fraction | float, int, Fraction, tuple[Constraint, ...]]
"""Minus the most that a contrast can be, a number of its own, the least second rate, and within what edges it lies."""


class Contradiction(Exception):
    """No whole numbers obey the constraints; `hidden` are the counts concerned."""

    def __init__(self, hidden: frozenset[int]) -> None:
        self.hidden = hidden
        super().__init__("No whole numbers obey all constraints.")


@dataclass(eq=False)
class Completions:
    """Every way to fill in hidden counts.

    Args:
        low: the smallest that each may be. high: the largest.
        constraints: what they obey together.
    """

    low: Sequence[int]
    high: Sequence[int]
    constraints: Sequence[Constraint]
    _parts: list[int] = field(init=False)
    _programmes: dict[frozenset[int], _Programme] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._parts = _connected(len(self.low), self.constraints)

    def check(self) -> None:
        """Raise Contradiction where there is no way to fill in the hidden counts."""
        for part in sorted(set(self._parts)):
            programme = self._programme(frozenset([part]))
            if programme.largest({}, ()) is None:
                raise Contradiction(frozenset(programme.hidden))

    def range_of(self, hidden: int) -> tuple[int, int]:
        """The smallest and the largest that one hidden count can be."""
        programme = self._programme(frozenset([self._parts[hidden]]))
        ends = []
        for sign in (-1, 1):
            filled = programme.largest({hidden: sign}, ())
            assert filled is not None
            ends.append(filled[hidden])
        return ends[0], ends[1]

    def rate(self, rate: Rate) -> tuple[Extreme, Extreme] | None:
        """The lowest and the highest that a rate can be, among the ways that leave somebody below its line.

        None where no way does.
        """
        highest, lowest = self._highest(rate), self._highest(rate.rest)
        if highest is None or lowest is None:
            return None
        others, rows = lowest
        return _extreme((rows - others, rows)), _extreme(highest)

    def contrast(self, one: Rate, other: Rate, kind: str) -> tuple[Extreme, Extreme] | None:
        """The lowest and the highest that a difference or ratio of two rates can be; None as for a rate.

        Args:
            one: the rate of the group.
            other: the rate of its reference; may share hidden counts, or totals, with the first.
            kind: "difference" or "ratio".
        """
        highest = self._farthest(one, other, kind)
        turned = self._farthest(other, one, kind)
        if highest is None or turned is None:
            return None
        value = turned.value
        if kind == "difference" and value is not None:
            lowest: Fraction | None = -value
        else:  # the lowest ratio is one over the highest of its inverse; no such highest: the ratio may be 0
            lowest = Fraction(0) if value is None else 1 / value if value else None
        return Extreme(lowest, turned.counts[::-1]), highest

    def _highest(self, rate: Rate, also: tuple[Constraint, ...] = ()) -> tuple[int, int] | None:
        """Events and rows where a rate is highest."""
        filled = self._fill(rate, rate, also)
        return None if filled is None else rate.counts(filled)

    def _fill(self, rate: Rate, other: Rate, also: tuple[Constraint, ...]) -> Mapping[int, int] | None:
        """The way to fill in that makes the first rate highest, while both have somebody below the line."""
        programme = self._programme(frozenset(self._parts[one] for one in rate.hidden | other.hidden))
        there = tuple(Constraint(one.below[1], 1 - one.below[0], None) for one in (rate, other))
        filled = programme.largest({}, (*there, *also))
        while filled is not None:
            events, rows = rate.counts(filled)
            weights = {one: rows * (one in rate.above[1]) - events for one in rate.below[1]}
            better = programme.largest(weights, (*there, *also))
            if better is None:
                return filled
            more, of = rate.counts(better)
            if more * rows <= events * of:
                return filled
            filled = better
        return None

    def _farthest(self, one: Rate, other: Rate, kind: str) -> Extreme | None:
        """The way in which the first rate lies farthest above the second."""
        if not {self._parts[at] for at in one.hidden} & {self._parts[at] for at in other.hidden}:
            highest, lowest = self._highest(one), self._highest(other.rest)
            if highest is None or lowest is None:
                return None
            return _contrasted(highest, (lowest[1] - lowest[0], lowest[1]), kind)
        return self._frontier(one, other, kind)

    def _frontier(self, one: Rate, other: Rate, kind: str) -> Extreme | None:
        """The same for rates that hang together: by branch and bound over what the second rate is.

        Where the second rate lies between two values, the contrast is at most that of the highest first rate there with
        the lower of them; what cannot exceed the best that was found is not looked at.
        """
        lowest = self._fill(other.rest, one, ())
        if lowest is None:
            return None
        best = _contrasted(one.counts(lowest), other.counts(lowest), kind)
        number = count()  # so that the heap compares nothing that follows it
        nodes: list[_Node] = [(-math.inf, next(number), Fraction(*other.counts(lowest)), ())]
        while best.value is not None and nodes and -nodes[0][0] > best.value:
            _, _, low, also = heappop(nodes)
            filled = self._fill(one, other, also)
            if filled is None or not all(_obeys(constraint, filled) for constraint in also):
                continue  # nobody, or closer to the edge than the solver can tell: then the other side has it
            first, second = Fraction(*one.counts(filled)), Fraction(*other.counts(filled))
            best = max(best, _contrasted(one.counts(filled), other.counts(filled), kind), key=_size)
            for start, edges in _halves(other, low, second):
                limit = first - start if kind == "difference" else first / start
                heappush(nodes, (-limit, next(number), start, edges))
        return best

    def _programme(self, parts: frozenset[int]) -> _Programme:
        if parts not in self._programmes:
            hidden = [at for at, part in enumerate(self._parts) if part in parts]
            within = [c for c in self.constraints if any(self._parts[at] in parts for at in c.coefficients)]
            self._programmes[parts] = _Programme(hidden, self.low, self.high, within)
        return self._programmes[parts]


class _Programme:
    """The integer programme of the hidden counts that hang together."""

    def __init__(
        self, hidden: Sequence[int], low: Sequence[int], high: Sequence[int], constraints: Sequence[Constraint]
    ) -> None:
        self.hidden = hidden
        self._at = {one: place for place, one in enumerate(hidden)}
        self._bounds = np.array([[low[one], high[one]] for one in hidden], dtype=float).reshape(-1, 2)
        self._constraints = tuple(constraints)
        self._known: dict[Any, Mapping[int, int] | None] = {}

    def largest(self, weights: Mapping[int, int], also: tuple[Constraint, ...]) -> Mapping[int, int] | None:
        """A way to fill in that makes a weighted sum largest; None where there is no way."""
        key = (tuple(weights.items()), tuple((tuple(c.coefficients.items()), c.low, c.high) for c in also))
        if key not in self._known:
            self._known[key] = self._solve(weights, also)
        return self._known[key]

    def _solve(self, weights: Mapping[int, int], also: tuple[Constraint, ...]) -> Mapping[int, int] | None:
        from scipy.optimize import Bounds, LinearConstraint, milp

        asked = [*self._constraints, *(one for one in also if one.coefficients)]
        if any(not _holds(one, 0) for one in also if not one.coefficients):
            return None
        if not self.hidden:
            return {}
        rows = np.array([self._row(one.coefficients) for one in asked]).reshape(len(asked), len(self.hidden))
        ends = [
            [(-np.inf if one.low is None else one.low), (np.inf if one.high is None else one.high)] for one in asked
        ]
        found = milp(
            -self._row(weights),
            integrality=np.ones(len(self.hidden)),
            bounds=Bounds(*self._bounds.T),
            constraints=[LinearConstraint(rows, *np.array(ends).T)] if asked else [],
        )
        if found.status == 2:
            return None
        assert found.status == 0, found.message
        return dict(zip(self.hidden, np.rint(found.x).astype(int).tolist(), strict=True))

    def _row(self, coefficients: Mapping[int, int]) -> Floats:
        row = np.zeros(len(self.hidden))
        for one, amount in coefficients.items():
            row[self._at[one]] = amount
        return row


def _connected(number: int, constraints: Sequence[Constraint]) -> list[int]:
    """For each hidden count the number of the part of those that constraints tie together."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    if not number:
        return []
    ties = [(first, one) for c in constraints if c.coefficients for first in [next(iter(c.coefficients))]
            for one in c.coefficients]  # fmt: skip
    places: NDArray[Any] = np.array(ties, dtype=int).reshape(-1, 2).T
    graph = coo_array((np.ones(places.shape[1]), tuple(places)), shape=(number, number))
    labels: Integers = connected_components(graph, directed=False)[1]
    return [int(one) for one in labels]


def _halves(rate: Rate, low: Fraction, top: Fraction) -> list[tuple[Fraction, tuple[Constraint, ...]]]:
    """The values of a rate from `low` to below `top`, in two halves: where each begins, and its edges."""
    if low >= top:
        return []
    least, below = _edge(rate, low, 0, None), _edge(rate, top, None, -1)
    middle = ((low + top) / 2).limit_denominator(_COARSE)
    if not low < middle < top:
        return [(low, (least, below))]
    return [(low, (least, _edge(rate, middle, None, 0))), (middle, (_edge(rate, middle, 1, None), below))]


def _edge(rate: Rate, value: Fraction, low: int | None, high: int | None) -> Constraint:
    """A rate compared with a value in whole numbers: low <= events * denominator - rows * numerator <= high."""
    above, below = value.denominator, value.numerator
    weights = {one: above * (one in rate.above[1]) - below for one in rate.below[1]}
    constant = above * rate.above[0] - below * rate.below[0]
    return Constraint(weights, None if low is None else low - constant, None if high is None else high - constant)


def _obeys(constraint: Constraint, filled: Mapping[int, int]) -> bool:
    return _holds(constraint, sum(amount * filled[at] for at, amount in constraint.coefficients.items()))


def _holds(constraint: Constraint, amount: int) -> bool:
    return (constraint.low is None or amount >= constraint.low) and (
        constraint.high is None or amount <= constraint.high
    )


def _extreme(counts: tuple[int, int]) -> Extreme:
    return Extreme(Fraction(*counts), (counts,))


def _contrasted(one: tuple[int, int], other: tuple[int, int], kind: str) -> Extreme:
    first, second = Fraction(*one), Fraction(*other)
    if kind == "difference":
        return Extreme(first - second, (one, other))
    return Extreme(first / second if second else None, (one, other))


def _size(extreme: Extreme) -> tuple[bool, Fraction]:
    """An order of extremes; no bound is above all."""
    return extreme.value is None, extreme.value or Fraction(0)
