"""Small cells: whose numbers must be withheld so that no count below the smallest publishable one can be worked out.

The rule, in one sentence: what can be worked out by subtraction is treated as if it were published. A group is shown
whole or withheld whole, because the counts of different metrics of one group can be subtracted from each other.

1. A group is withheld when any of its counts (n, events, n - events, independent units) lies from 1 to k - 1.
2. Every total is taken as known, also one that is not in the report. So the withheld parts of a total must together
   pass rule 1; until they do, the smallest part that is still shown is withheld too. A total that is withheld itself
   needs a withheld part, or its parts would add up to it.
3. All totals of all breakdowns (groups, intersections, everybody) are equations. Where they determine a withheld
   group exactly, further groups are withheld so that it could be otherwise: the cheapest, by linear programming.

What this does not protect: bounds (a withheld count may be confined to a narrow range, which only linear programming
finds), sums over several totals, a count of 0 (all of a group share the outcome), knowledge from elsewhere about single
people, an earlier report of the same data, and counts that a method writes into its limits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from answerable.core.estimate import Estimate, Point, Series
    from answerable.core.finding import Finding
    from answerable.core.result import Result

Counts = tuple[int, ...]
Values = frozenset[tuple[str, str]]
Metric = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Group:
    """People of one set of exhibits who share values of group columns; no values is everybody."""

    exhibits: tuple[str, ...]
    values: Values

    @property
    def columns(self) -> frozenset[str]:
        """The columns that it is a group of."""
        return frozenset(column for column, _ in self.values)


@dataclass(frozen=True, slots=True)
class Total:
    """A group and the groups that add up to it."""

    whole: Group
    parts: tuple[Group, ...]


Tallies = Mapping[Group, Mapping[Metric, Counts]]


def withheld_findings(results: Sequence[Result], smallest_cell: int) -> dict[str, str]:
    """Ids of the findings whose numbers must be withheld, with the reason in words.

    Args:
        results: everything that will be published together.
        smallest_cell: smallest count that may be published; 1 withholds nothing.

    Raises:
        ValueError: smallest_cell is below 1.
    """
    if smallest_cell < 1:
        raise ValueError(f"The smallest publishable cell is a count of at least 1, not {smallest_cell}.")
    findings = [finding for result in results for finding in result.findings if finding.estimate is not None]
    if smallest_cell == 1:
        return {}
    hidden = withheld_groups(findings, smallest_cell)
    reason = f"fewer than {smallest_cell}, or needed to work out one that is"
    return {finding.id: reason for finding in findings if _touches(finding, hidden, smallest_cell)}


def withheld_groups(findings: Sequence[Finding], smallest_cell: int) -> set[Group]:
    """The groups that are withheld, by the three rules of this module."""
    tallies = _tally(findings)
    totals = _totals(tallies)
    hidden = {group for group, tally in tallies.items() if not _passes(tally.values(), smallest_cell)}
    equations: Equations | None = None
    free: set[Group] = set()
    while hidden - free:
        more = set(_more_for_totals(totals, hidden, tallies, smallest_cell))
        if not more:
            equations = equations or Equations(totals, tallies)
            group = min(hidden - free, key=_name)
            more = equations.moving_with(group, hidden)
            free |= {group, *more}
        hidden |= more
    return hidden


def _touches(finding: Finding, hidden: set[Group], smallest_cell: int) -> bool:
    estimate = finding.estimate
    assert estimate is not None
    if not _passes(_own_counts(estimate), smallest_cell):
        return True
    return any(
        Group(_exhibits(finding), frozenset(of.items())) in hidden
        for of in (estimate.of, estimate.against)
        if of is not None
    )


def _own_counts(estimate: Estimate) -> list[Counts]:
    counts = [_counts(estimate.n, estimate.events, estimate.units)]
    return counts if estimate.counts is None else [*counts, _counts(*estimate.counts)]


def _counts(n: int, events: int, units: int | None = None) -> Counts:
    return (n, events, n - events) if units is None else (n, events, n - events, units)


def _passes(tally: Iterable[Counts], smallest_cell: int) -> bool:
    return not any(0 < count < smallest_cell for counts in tally for count in counts)


def _exhibits(finding: Finding) -> tuple[str, ...]:
    return tuple(sorted(exhibit["sha256"] for exhibit in finding.lineage.get("exhibits", ())))


def _tally(findings: Sequence[Finding]) -> Tallies:
    """Counts by group and metric, of groups and of references."""
    tallies: dict[Group, dict[Metric, Counts]] = defaultdict(dict)
    references: dict[Group, dict[Metric, set[Counts]]] = defaultdict(lambda: defaultdict(set))
    for finding in findings:
        estimate = finding.estimate
        assert estimate is not None
        exhibits, metric = _exhibits(finding), (finding.question.digest, estimate.name)
        group = Group(exhibits, frozenset(estimate.of.items()))
        tallies[group][metric] = _counts(estimate.n, estimate.events, estimate.units)
        if estimate.against is not None and estimate.counts is not None:
            reference = Group(exhibits, frozenset(estimate.against.items()))
            references[reference][metric].add(_counts(*estimate.counts))
    for reference, seen in references.items():
        # "Everybody else" is another set of people for every group: it has no counts of its own, is no part of a total.
        if all(len(counts) == 1 for counts in seen.values()):
            for metric, counts in seen.items():
                tallies[reference].setdefault(metric, next(iter(counts)))
    return tallies


def _totals(tallies: Tallies) -> list[Total]:
    """Every breakdown within every coarser group, whether or not the coarser group is in the report."""
    totals: dict[tuple[frozenset[str], Group], list[Group]] = defaultdict(list)
    for group in sorted(tallies, key=_name):
        ordered = sorted(group.values)
        coarser = chain.from_iterable(combinations(ordered, size) for size in range(len(ordered)))
        for values in coarser:
            totals[group.columns, Group(group.exhibits, frozenset(values))].append(group)
    return [Total(whole, tuple(parts)) for (_, whole), parts in totals.items()]


def _more_for_totals(
    totals: Sequence[Total], hidden: set[Group], tallies: Tallies, smallest_cell: int
) -> Iterator[Group]:
    for total in totals:
        parts = [part for part in total.parts if part in hidden]
        shown = [part for part in total.parts if part not in hidden]
        if not shown:
            continue
        if total.whole in hidden:
            if not parts:
                yield _smallest(shown, tallies)
        elif parts and not _passes(_together(parts, tallies), smallest_cell):
            yield _smallest(shown, tallies)


def _together(parts: Sequence[Group], tallies: Tallies) -> Iterator[Counts]:
    """Counts of the parts taken together, by metric; without units, for a person may be in two parts."""
    for metric in {metric for part in parts for metric in tallies[part]}:
        counts = [tallies[part][metric][:3] for part in parts if metric in tallies[part]]
        yield tuple(map(sum, zip(*counts, strict=True)))


class Equations:
    """The totals as equations between groups: which of them could be otherwise at once while all totals stay."""

    def __init__(self, totals: Sequence[Total], tallies: Tallies) -> None:
        from scipy.sparse import csr_array

        self._order = sorted(tallies, key=_name)
        self._place = {group: place for place, group in enumerate(self._order)}
        # A tie is broken by the order of names, so that the same report comes out everywhere.
        self._loss = [_rows(tallies[group]) + 1e-6 * place for place, group in enumerate(self._order)]
        entries = [
            (row, self._place[group], sign)
            for row, total in enumerate(totals)
            for group, sign in ((total.whole, -1.0), *((part, 1.0) for part in total.parts))
            if group in self._place
        ]
        rows, columns, signs = zip(*entries, strict=True) if entries else ((), (), ())
        self._matrix = csr_array((signs, (rows, columns)), shape=(len(totals), len(self._order)))

    def moving_with(self, group: Group, hidden: set[Group]) -> set[Group]:
        """The groups that, being withheld too, let a group's counts be otherwise, at the least loss of rows.

        Minimises the rows of the shown groups that move while the group moves by one. Empty where no other group can
        help, because the group is all there is of a total.

        Source: Fischetti & Salazar 2000, J. Amer. Statist. Assoc. 95, whose integer programme this relaxes.
        """
        import numpy as np
        from scipy.optimize import linprog
        from scipy.sparse import hstack

        loss = np.array([0.0 if one in hidden else self._loss[place] for place, one in enumerate(self._order)])
        bounds = np.tile([0.0, np.inf], (2 * len(loss), 1))
        here = self._place[group]
        bounds[here] = 1.0
        bounds[len(loss) + here] = 0.0
        both = hstack([self._matrix, -self._matrix], format="csr")
        found = linprog(np.tile(loss, 2), A_eq=both, b_eq=np.zeros(both.shape[0]), bounds=bounds, method="highs-ds")
        if found.x is None:
            return set()
        moves = np.abs(found.x[: len(loss)] - found.x[len(loss) :]) > 1e-7
        return {one for place, one in enumerate(self._order) if moves[place]}


def _smallest(groups: Iterable[Group], tallies: Tallies) -> Group:
    """The group whose loss costs least: of the finest breakdown, with the fewest rows."""
    return min(groups, key=lambda one: (-len(one.values), _rows(tallies[one]), _name(one)))


def _rows(tally: Mapping[Metric, Counts]) -> int:
    return max(counts[0] for counts in tally.values())


def _name(group: Group) -> tuple[tuple[str, ...], list[tuple[str, str]]]:
    return group.exhibits, sorted(group.values)


def published_series(series: Sequence[Series], smallest_cell: int) -> tuple[Series, ...]:
    """Series as they may be published: points that rest on small counts, or that give them away, without value.

    A point is withheld where its events or its other cases number from 1 to `smallest_cell` less 1; along a line, also
    where they differ by so few from the last point told, because the difference is the count of those between. At a
    place where one group is withheld, everybody is, and the smallest other group where only one would be.
    """
    if smallest_cell <= 1:
        return tuple(series)
    hidden = [_small(one, smallest_cell) for one in series]
    for place, one in enumerate(series):
        alike = [other for other, each in enumerate(series) if (each.name, each.axis) == (one.name, one.axis)]
        for at, point in enumerate(one.points):
            here = [(other, _at(series[other], point.x)) for other in alike if other != place]
            gone = [other for other, spot in here if spot is not None and spot in hidden[other]]
            if gone and not one.of:
                hidden[place].add(at)
            told = [
                (series[other].points[spot].n, other, spot)
                for other, spot in here
                if spot is not None and series[other].of and spot not in hidden[other]
            ]
            if at in hidden[place] and one.of and not [other for other in gone if series[other].of] and told:
                _, other, spot = min(told)
                hidden[other].add(spot)
    return tuple(_without(one, hidden[place]) for place, one in enumerate(series))


def _small(series: Series, smallest: int) -> set[int]:
    hidden: set[int] = set()
    last: Point | None = None
    for place, point in enumerate(series.points):
        counts = (point.events, point.n - point.events)
        steps = () if last is None or not series.joined else (counts[0] - last.events, counts[1] - last.n + last.events)
        if point.n and any(0 < abs(count) < smallest for count in (*counts, *steps)):
            hidden.add(place)
        elif point.n:
            last = point
    return hidden


def _at(series: Series, x: Any) -> int | None:
    return next((place for place, point in enumerate(series.points) if point.x == x), None)


def _without(series: Series, hidden: set[int]) -> Series:
    points = tuple(
        replace(point, value=None, low=None, high=None, n=0, events=0) if place in hidden else point
        for place, point in enumerate(series.points)
    )
    return replace(series, points=points)
