"""From estimands to estimates: values, counts and confidence curves, or the reason why there are none."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from answerable.core.curve import ladder
from answerable.core.estimate import Estimate

if TYPE_CHECKING:
    from answerable.areas.decisions.measures.common.cells import Cells
    from answerable.areas.decisions.measures.common.estimands import Estimand
    from answerable.statistics.intervals import Interval, Intervals

SEED = 20_261_121
"""Seed of the resampling. Any fixed number would do; a fixed one makes a re-run equal byte for byte."""

UNSAID = (
    "Nobody said what is independent: name the column of the person (--person COLUMN), "
    "or say that each row is a person of its own (--independent)."
)
Kind = Literal["difference", "ratio"]
UNITS: dict[Kind, str] = {"difference": "difference of proportions", "ratio": "ratio"}
NULLS: dict[Kind, float] = {"difference": 0.0, "ratio": 1.0}


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for all estimates of a question: the direction of the decision, and how intervals are made."""

    favourable: bool | None
    level: float
    interval: Interval
    replicates: int

    @property
    def intervals(self) -> dict[str, Any]:
        """The settings that the estimators take."""
        levels = ladder(self.level)
        return {"levels": levels, "interval": self.interval, "replicates": self.replicates, "seed": SEED}


def rate_estimates(
    cells: Cells,
    estimands: Sequence[Estimand],
    settings: Settings,
) -> list[Estimate]:
    """Each estimand's value with its interval."""
    from answerable.statistics.intervals import rates

    made = None
    if cells.design is not None and estimands:
        above, below = masks(estimands)
        made = rates(cells.design, above, below, **settings.intervals)
    return [
        Estimate(
            name=one.metric.name,
            label=one.metric.label,
            of=one.of,
            unit="proportion",
            level=settings.level,
            direction=direction(one, settings.favourable),
            **_numbers(cells, one),
            **(_curve(made, place) if made is not None else {}),
            **_why(cells, one, made, place),
        )
        for place, one in enumerate(estimands)
    ]


def contrast_estimates(
    cells: Cells,
    pairs: Sequence[tuple[Estimand, Estimand]],
    kind: Kind,
    settings: Settings,
) -> list[Estimate]:
    """Each pair's difference or ratio with its interval."""
    from answerable.statistics.intervals import contrasts

    made = None
    if cells.design is not None and pairs:
        estimands = list({id(one): one for pair in pairs for one in pair}.values())
        index = {id(one): place for place, one in enumerate(estimands)}
        above, below = masks(estimands)
        made = contrasts(
            cells.design,
            above,
            below,
            np.array([(index[id(of)], index[id(against)]) for of, against in pairs]),
            kind=kind,
            **settings.intervals,
        )
    return [_contrast(cells, pair, kind, made, place, settings) for place, pair in enumerate(pairs)]


def masks(estimands: Sequence[Estimand]) -> tuple[Any, Any]:
    """Marks of the cells above and below the lines, each of shape (E, C)."""
    return np.array([one.above for one in estimands]), np.array([one.below for one in estimands])


def direction(one: Estimand, favourable: bool | None) -> Literal["good", "bad", "not stated"]:
    """Whether the event is good or bad for the person, from whether the decision is."""
    if favourable is None or not one.metric.event:
        return "not stated"
    return "good" if (one.metric.event > 0) == favourable else "bad"


def _contrast(
    cells: Cells,
    pair: tuple[Estimand, Estimand],
    kind: Kind,
    made: Intervals | None,
    place: int,
    settings: Settings,
) -> Estimate:
    of, against = (_numbers(cells, one) for one in pair)
    values: dict[str, Any] = {}
    if of["value"] is not None and against["value"] is not None:
        values["between"] = (of["value"], against["value"])
        if kind == "difference":
            values["value"] = of["value"] - against["value"]
        elif against["value"] > 0:
            values["value"] = of["value"] / against["value"]
    return Estimate(
        name=f"{pair[0].metric.name}_{kind}",
        label=pair[0].metric.label,
        of=pair[0].of,
        against=pair[1].of,
        unit=UNITS[kind],
        null=NULLS[kind],
        level=settings.level,
        n=of["n"],
        events=of["events"],
        counts=(against["n"], against["events"]),
        direction=direction(pair[0], settings.favourable),
        **values,
        **(_curve(made, place) if made is not None else {}),
        **_why_not_compared(pair, kind, values, made, place),
    )


def _numbers(cells: Cells, one: Estimand) -> dict[str, Any]:
    """Value and counts of an estimand: the value from the weights, the counts from the rows."""
    counts, totals = np.array(cells.counts), np.array(cells.totals)
    n, events = int(counts[one.below].sum()), int(counts[one.above].sum())
    below = float(totals[one.below].sum())
    return {"value": float(totals[one.above].sum()) / below if below > 0 else None, "n": n, "events": events}


def _curve(made: Intervals, place: int) -> dict[str, Any]:
    """The confidence curve of one estimate, and how it was made."""
    if not made.estimable[place]:
        return {}
    curve = curve_of(made.levels, made.low[place], made.high[place])
    units = np.atleast_1d(made.units[place])
    drawn = {"seed": SEED} if "bootstrap" in made.how[place] else {}
    return {"curve": curve, "interval": made.how[place], "units": int(units.min()), **drawn}


def curve_of(levels: Any, low: Any, high: Any) -> tuple[tuple[float, float | None, float | None], ...]:
    """A confidence curve from its levels and limits, each of shape (L,); an end that is not finite is none."""
    return tuple((float(level), _end(down), _end(up)) for level, down, up in zip(levels, low, high, strict=True))


def _end(end: float) -> float | None:
    return float(end) if math.isfinite(end) else None


def _why(cells: Cells, one: Estimand, made: Intervals | None, place: int) -> dict[str, Any]:
    """The reason where there is no value or no interval."""
    if not np.array(cells.counts)[one.below].sum():
        return {"reason": "There is nobody to count: no row stands below the line of this fraction."}
    if made is None:
        return {"reason": UNSAID}
    return {"reason": made.reason[place]}


def _why_not_compared(
    pair: tuple[Estimand, Estimand], kind: Kind, values: Mapping[str, Any], made: Intervals | None, place: int
) -> dict[str, Any]:
    if "between" not in values:
        return {"reason": "There is nobody to count in one of the two groups."}
    if "value" not in values:
        return {"reason": "The rate of the reference is 0, so there is no ratio to it; the difference is told instead."}
    if made is None:
        return {"reason": UNSAID}
    return {"reason": made.reason[place]}
