"""Rates of every group in every stratum, to be drawn: where the strata agree with the common figure and where not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from answerable.core.estimate import Point, Series
from answerable.statistics.intervals import rates

if TYPE_CHECKING:
    from answerable.areas.decisions.measures.common.estimands import Estimand
    from answerable.areas.decisions.measures.conditional.compared import Compared
    from answerable.statistics.intervals import Intervals

MOST_DRAWN = 30
"""Strata that a chart can still name."""


def rates_by_stratum(compared: Sequence[Compared], names: Sequence[str]) -> tuple[Series, ...]:
    """One series for each group and reference along the strata; none where there are more than a chart can name.

    Args:
        compared: every group with its reference.
        names: the strata in words, in their order.
    """
    if not compared or not 2 <= len(names) <= MOST_DRAWN:
        return ()
    first = compared[0]
    groups: dict[tuple[str, ...], Estimand] = {}
    for one in (fraction for both in compared for fraction in both.pair):
        groups.setdefault((one.metric.name, *one.of, *one.of.values()), one)
    strata = np.arange(len(names))[:, None] == first.strata.stratum
    above = np.concatenate([one.above & strata for one in groups.values()])
    below = np.concatenate([one.below & strata for one in groups.values()])
    made = rates(first.strata.design, above, below, levels=[first.level], interval="wilson")
    return tuple(
        Series(
            name=f"{one.metric.name}_by_stratum",
            label=f"{one.metric.label} in each {first.held}",
            of=one.of,
            unit="proportion",
            axis=first.held,
            axis_unit="name",
            joined=False,
            level=first.level,
            interval="Wilson score" if first.said else "",
            points=tuple(_points(made, place * len(names), names, said=first.said)),
        )
        for place, one in enumerate(groups.values())
    )


def _points(made: Intervals, start: int, names: Sequence[str], *, said: bool) -> Iterator[Point]:
    for place, name in enumerate(names, start=start):
        there = bool(made.estimable[place])
        ends = (float(made.low[place, 0]), float(made.high[place, 0])) if there and said else (None, None)
        yield Point(
            x=name,
            value=float(made.value[place]) if there else None,
            low=ends[0],
            high=ends[1],
            n=int(made.n[place]),
            events=int(made.events[place]),
        )
