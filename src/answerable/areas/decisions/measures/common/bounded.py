"""Estimates from published cells: bounds over what is hidden, and the sampling error at both bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from answerable.areas.decisions.measures.common.estimands import Estimand, Marks, breakdowns, choose_metrics, groups_of
from answerable.areas.decisions.measures.common.estimates import NULLS, UNITS, Kind, direction
from answerable.areas.decisions.measures.common.metrics import KNOWN, NO, YES, Metric
from answerable.areas.decisions.measures.common.reference import Reference, pairs
from answerable.core.curve import ladder
from answerable.core.estimate import Estimate
from answerable.core.words import interval_text, number_text
from answerable.statistics.design import Design
from answerable.statistics.intervals import contrasts, rates

if TYPE_CHECKING:
    from answerable.areas.decisions.measures.common.completed import Completed, Key
    from answerable.statistics.bounds import Extreme, Rate
    from answerable.statistics.intervals import Intervals

SHARES = {
    metric.name: metric
    for metric in (
        Metric("false_positive_share", "share decided without the outcome, of all", ((YES, NO),), (KNOWN, KNOWN), 1),
        Metric("false_negative_share", "share with the outcome not decided, of all", ((NO, YES),), (KNOWN, KNOWN), -1),
    )
}
"""Metrics that published tables of cells use beside the usual ones."""

UNSAID = (
    "Nobody said whether the counts are of independent people, who stand for others (--independent), or of everybody "
    "there was (--whole)."
)
UNBOUNDED = (
    "Nothing bounds a hidden count that it needs. Rows of totals would, or the largest that a hidden count can be "
    "(--largest-hidden), or the rule by which counts were hidden (--further)."
)
_MIDDLE = "middle of its bounds"
_Ends = tuple["Extreme", "Extreme"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of the tables: metrics, groups, comparisons, and what the counts stand for."""

    metrics: Sequence[Metric]
    reference: Reference
    comparisons: Sequence[Kind]
    intersections: bool
    independent: bool
    whole: bool
    favourable: bool | None
    level: float


@dataclass(frozen=True, slots=True)
class _Wanted:
    """One estimate to be made: a rate, or a contrast of two, with its bounds; None where nobody can be counted."""

    where: Mapping[str, str]
    estimands: tuple[Estimand, ...]
    rates: tuple[Rate, ...]
    kind: Literal["rate"] | Kind
    ends: _Ends | None


def chosen_metrics(names: Sequence[str] | None, marks: Marks, known: Sequence[str]) -> list[Metric]:
    """The metrics of those names, shares of all among them; the usual ones without names.

    Raises:
        ParameterError: a name that there is not. NotIdentified: a metric needs a column that is not mapped.
    """
    if names is None:
        return choose_metrics(None, marks.cells, known)
    return [
        SHARES[term] if (term := name.casefold().replace(" ", "_").replace("-", "_")) in SHARES and both(known)
        else choose_metrics([name], marks.cells, known)[0]
        for name in names
    ]  # fmt: skip


def both(known: Sequence[str]) -> bool:
    """Whether cells are told apart by decision and by outcome."""
    return {"decided", "outcome"} <= set(known)


def bounded_estimates(of: Completed, asked: Asked) -> list[Estimate]:
    """Every metric of every group of every table, and each group against its reference."""
    wanted = [one for where, marks, keys in of.tables() for one in _wanted(of, asked, where, marks, keys)]
    curves: dict[int, _Curve] = {}
    for kind in ("rate", *asked.comparisons):
        curves |= _curves([one for one in wanted if one.kind == kind and one.ends], kind, asked)
    return [_estimate(of, one, curves.get(id(one)), asked) for one in wanted]


def _wanted(
    of: Completed, asked: Asked, where: Mapping[str, str], marks: Marks, keys: Sequence[Key]
) -> Iterator[_Wanted]:
    columns = breakdowns(of.groups, asked.intersections)
    every: list[Mapping[str, str]] = [{}, *(one for names in columns for one in groups_of(marks.cells, names))]
    for group in every:
        for one in marks.estimands(asked.metrics, group, marks.group(group)):
            rate = of.rate(one, keys)
            ends = None if rate.hidden & of.unbounded else of.completions.rate(rate)
            yield _Wanted(where, (one,), (rate,), "rate", ends)
    for names in columns:
        if len(groups_of(marks.cells, names)) < 2:
            continue
        for pair in pairs(marks, asked.metrics, names, asked.reference, asked.favourable):
            first, second = (of.rate(one, keys) for one in pair)
            for kind in asked.comparisons:
                free = (first.hidden | second.hidden) & of.unbounded
                ends = None if free else of.completions.contrast(first, second, kind)
                yield _Wanted(where, pair, (first, second), kind, ends)


@dataclass(frozen=True, slots=True)
class _Curve:
    """A confidence curve and how it was made."""

    steps: tuple[tuple[float, float | None, float | None], ...]
    how: str


def _curves(wanted: Sequence[_Wanted], kind: Any, asked: Asked) -> dict[int, _Curve]:
    """The curve of each: from the lower limit at the lower bound to the upper limit at the upper bound.

    Flat where the table is everybody there was.
    """
    levels = ladder(asked.level)
    if asked.whole:
        return {id(one): _flat(one, levels) for one in wanted}
    if not asked.independent or not wanted:
        return {}
    counts = [end.counts for one in wanted for end in one.ends or ()]
    made = _sampling(counts, kind, levels)
    found = {}
    for place, one in enumerate(wanted):
        low, high = 2 * place, 2 * place + 1
        if made.estimable[low] and made.estimable[high]:
            ends = zip(levels, made.low[low].tolist(), made.high[high].tolist(), strict=True)
            how = made.how[low] if not _is_bounded(one) else f"{_bounds_text(one)}; {made.how[low]} at both"
            found[id(one)] = _Curve(tuple((level, _end(down), _end(up)) for level, down, up in ends), how)
    return found


def _sampling(counts: Sequence[tuple[tuple[int, int], ...]], kind: Any, levels: Sequence[float]) -> Intervals:
    """Score intervals for events of rows, or for pairs of them, each of people of its own."""
    single = [pair for one in counts for pair in one]
    design = Design.independent([number for events, rows in single for number in (events, rows - events)])
    below = np.repeat(np.eye(len(single), dtype=bool), 2, axis=1)
    above = below & (np.arange(2 * len(single)) % 2 == 0)
    if kind == "rate":
        return rates(design, above, below, levels=levels, interval="wilson")
    places = np.arange(len(single)).reshape(-1, 2)
    return contrasts(design, above, below, places, kind=kind, levels=levels, interval="wilson")


def _flat(one: _Wanted, levels: Sequence[float]) -> _Curve:
    low, high = (None if end.value is None else float(end.value) for end in one.ends or ())
    steps = tuple((level, low, high) for level in levels)
    exact = "counted" if not any(rate.hidden for rate in one.rates) else "follows exactly from what is shown"
    how = exact if low == high else f"{_bounds_text(one)}; no sampling error"
    return _Curve(steps, how)


def _estimate(of: Completed, one: _Wanted, curve: _Curve | None, asked: Asked) -> Estimate:
    counts = [(of.least(rate.below), of.least(rate.above)) for rate in one.rates]
    first, metric = one.estimands[0], one.estimands[0].metric
    bounded = _is_bounded(one)
    numbers: dict[str, Any] = {"n": counts[0][0], "events": counts[0][1], **_value(of, one)}
    if one.kind != "rate":
        numbers |= {"against": {**one.where, **one.estimands[1].of}, "counts": counts[1], "null": NULLS[one.kind]}
    if numbers["value"] is not None:
        numbers |= {"curve": curve.steps, "interval": curve.how} if curve else {"reason": UNSAID}
    return Estimate(
        name=metric.name + {"rate": "_bounds" if bounded else ""}.get(one.kind, f"_{one.kind}"),
        label=f"{metric.label}, {_MIDDLE}" if bounded and one.kind == "rate" else metric.label,
        of={**one.where, **first.of},
        unit="proportion" if one.kind == "rate" else UNITS[one.kind],
        level=asked.level,
        direction=direction(first, asked.favourable),
        **numbers,
    )


def _value(of: Completed, one: _Wanted) -> dict[str, Any]:
    """The value, in the middle of its bounds; or why there is none."""
    if any(rate.hidden & of.unbounded for rate in one.rates):
        return {"value": None, "reason": UNBOUNDED}
    if one.ends is None:
        return {"value": None, "reason": "There is nobody to count: no row stands below the line of a fraction."}
    low, high = (end.value for end in one.ends)
    if low is None:
        return {"value": None, "reason": "The rate of the reference is 0, so there is no ratio to it."}
    if high is None:
        least = number_text(float(low), "ratio")
        return {
            "value": None,
            "reason": f"The rate of the reference may be 0, for all that is shown: the ratio is {least} or more.",
        }
    between = {}
    if one.kind != "rate" and low == high:
        between = {"between": tuple(events / rows for events, rows in one.ends[0].counts)}
    return {"value": float((low + high) / 2), **between}


def _is_bounded(one: _Wanted) -> bool:
    return one.ends is not None and one.ends[0].value != one.ends[1].value


def _bounds_text(one: _Wanted) -> str:
    unit = "proportion" if one.kind == "rate" else UNITS[one.kind]
    low, high = (None if end.value is None else float(end.value) for end in one.ends or ())
    return f"bounds {interval_text(low, high, unit)} over every way to fill in the hidden counts"


def _end(number: float) -> float | None:
    return number if np.isfinite(number) else None
