"""Rates by period, place and group: counted on the engine once, summed here for whoever is asked about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from answerable.areas.decisions.measures.common.cells import Cells, count_cells
from answerable.areas.decisions.measures.common.estimands import Marks, choose_metrics, groups_of
from answerable.areas.decisions.measures.common.metrics import MISSING, Metric
from answerable.errors import NotIdentified, ParameterError, nearest

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from numpy.typing import NDArray

    from answerable.core.estimate import Group

    Floats = NDArray[np.floating[Any]]
    Flags = NDArray[np.bool_]

PERIOD = "period of the decision"
Length = Literal["day", "week", "month", "quarter", "year"]
IN_A_YEAR = {"day": 365.25, "week": 365.25 / 7, "month": 12.0, "quarter": 4.0, "year": 1.0}
_MOST_PERIODS = 1000
_DECIMALS = 12


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for the whole question; as the parameters of the method."""

    period: Length
    reference: Mapping[str, str]
    comparison: Mapping[str, str]
    never: bool
    bases: int
    anticipation: int
    seasons: int
    by_decisions: bool
    dealings: int
    favourable: bool | None
    level: float

    def direction(self, metric: Metric) -> Literal["good", "bad", "not stated"]:
        """Whether more of the metric is good or bad for the person."""
        if self.favourable is None or not metric.event:
            return "not stated"
        return "good" if (metric.event > 0) == self.favourable else "bad"


@dataclass(frozen=True, eq=False)
class Sums:
    """Decisions of some cells by period, or by place and period; all of shape (T,) or (P, T).

    Args:
        n, events: rows below and above the line of the rate.
        rates: events over n, from the weights where there are any; not a number where there are no rows.
    """

    n: Floats
    events: Floats
    rates: Floats

    @property
    def noise(self) -> Floats:
        """Variance of the rates but for a common factor: 1 / n; infinite where there are no rows."""
        return np.asarray(np.divide(1.0, self.n, out=np.full(self.n.shape, np.inf), where=self.n > 0))


@dataclass(frozen=True, eq=False)
class Periods:
    """Cells of decisions by period, place and group.

    Args:
        cells: the cells. marks: of their groups.
        metric: the rate asked about.
        groups: names of the group columns.
        starts: first day of every period, from the first with decisions to the last, shape (T,).
        places: the places, shape (P,); none where places are not told apart.
        when, where: period and place of each cell; -1 where it is not known, or the cell does not count.
        length: how long the periods are.
    """

    cells: Cells
    marks: Marks
    metric: Metric
    groups: tuple[str, ...]
    starts: tuple[date, ...]
    places: tuple[str, ...]
    when: NDArray[np.int64]
    where: NDArray[np.int64]
    length: Length

    def sums(self, members: Flags, *, by_place: bool = False) -> Sums:
        """Decisions of the marked cells by period, or by place and period."""
        shape = (len(self.places), len(self.starts)) if by_place else (len(self.starts),)
        (one,) = self.marks.estimands([self.metric], {}, members)
        counts, totals = np.array(self.cells.counts, dtype=float), np.array(self.cells.totals)
        index = self.where * len(self.starts) + self.when if by_place else self.when
        kept = (self.when >= 0) & (self.where >= 0) if by_place else self.when >= 0

        def summed(amounts: Floats, chosen: Flags) -> Floats:
            chosen = chosen & kept
            found = np.bincount(index[chosen], amounts[chosen], minlength=int(np.prod(shape)))
            return np.asarray(found.reshape(shape))

        n, events = summed(counts, one.below), summed(counts, one.above)
        above, below = summed(totals, one.above), summed(totals, one.below)
        rates = np.divide(above, below, out=np.full(shape, np.nan), where=below > 0)
        # Engines differ in the last digit of weighted sums, and a regression magnifies it.
        return Sums(n, events, np.round(rates, _DECIMALS))

    def group(self, of: Group) -> Flags:
        """Marks of the cells of a group."""
        return self.marks.group(of)

    def first_from(self, day: date) -> tuple[int, bool]:
        """Number of the period in which a day lies, and whether the period holds days before it.

        Before the first period it is -1, after the last the number of periods.
        """
        if day < self.starts[0]:
            return -1, False
        if day >= following(self.starts[-1], self.length):
            return len(self.starts), False
        at = max(place for place, start in enumerate(self.starts) if start <= day)
        return at, self.starts[at] != day


def read_periods(decisions: ir.Table, length: Length, metric: str, groups: Sequence[str], *, by_place: bool) -> Periods:
    """Count decisions by period, place and group.

    Raises:
        NotIdentified: no time is mapped, or no row has one; the metric needs a column that is not mapped.
        ParameterError: an unknown group or metric.
    """
    if "time" not in decisions.columns:
        raise NotIdentified(
            "Before and after need to know when decisions were taken.",
            missing="the column that holds it (--time COLUMN).",
        )
    unit: Any = {"day": "D", "week": "W", "month": "M", "quarter": "Q", "year": "Y"}[length]
    timed = decisions.mutate(**{PERIOD: decisions["time"].truncate(unit).cast("date").cast("string")})
    # Periods and places are the units of inference here, so people are not told apart.
    timed = timed.drop("person") if "person" in timed.columns else timed
    columns = [PERIOD, *(["stratum"] if by_place else []), *groups]
    cells = count_cells(timed, columns, independent=False)
    (chosen,) = choose_metrics([metric], cells, decisions.columns)
    told = [group[0] for group, _ in cells.keys]
    dates = {one: date.fromisoformat(one) for one in set(told) - {MISSING}}
    if not dates:
        raise NotIdentified("No row has a time.", missing="decisions with the day on which they were taken.")
    starts = _calendar(min(dates.values()), max(dates.values()), length)
    number = {start: place for place, start in enumerate(starts)}
    where = [group[1] if by_place else "" for group, _ in cells.keys]
    places = tuple(sorted(set(where) - {MISSING})) if by_place else ()
    return Periods(
        cells,
        Marks(cells),
        chosen,
        tuple(groups),
        starts,
        places,
        np.array([number[dates[one]] if one in dates else -1 for one in told]),
        np.array([places.index(one) if one in places else -1 for one in where]),
        length,
    )


def gaps_of(periods: Periods, reference: Mapping[str, str]) -> list[tuple[Group, Group]]:
    """Each group with the group that the gap is told against: the chosen one, or the largest of its column.

    Raises:
        ParameterError: the reference names a column or group that there is not.
    """
    for column in reference:
        if column not in periods.groups:
            raise ParameterError(
                f"reference names {column!r}, which is not among the groups. {nearest(column, periods.groups)}"
            )
    made: list[tuple[Group, Group]] = []
    for column in periods.groups:
        found = groups_of(periods.cells, [column])
        known = [of for of in found if of[column] != MISSING] or found
        against: Group = max(known, key=periods.marks.size)
        if column in reference:
            against = {column: reference[column]}
            check_group(periods, column, reference[column], "reference")
        made += [(of, against) for of in found if of != against]
    return made


def check_group(periods: Periods, column: str, value: str, what: str) -> None:
    """Raise ParameterError where there is no such group."""
    if column not in periods.groups:
        raise ParameterError(
            f"{what} names {column!r}, which is not among the groups. {nearest(column, periods.groups)}"
        )
    values = [of[column] for of in groups_of(periods.cells, [column])]
    if value not in values:
        raise ParameterError(f"{what}: {column} has no group {value!r}. {nearest(value, values)}")


def following(start: date, length: Length) -> date:
    """First day of the next period."""
    if length in {"day", "week"}:
        return start + timedelta(days=1 if length == "day" else 7)
    months = {"month": 1, "quarter": 3, "year": 12}[length]
    return date(start.year + (start.month - 1 + months) // 12, (start.month - 1 + months) % 12 + 1, 1)


def _calendar(first: date, last: date, length: Length) -> tuple[date, ...]:
    """Every period from the first to the last, those without decisions among them."""
    starts = [first]
    while starts[-1] < last:
        starts.append(following(starts[-1], length))
        if len(starts) > _MOST_PERIODS:
            raise NotIdentified(
                f"From {first} to {last} there are more than {_MOST_PERIODS:,} periods of a {length}.",
                missing="longer periods (--period month), or the years that matter (--where).",
            )
    return tuple(starts)
