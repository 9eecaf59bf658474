"""Places that changed at different dates against those that had not yet: the effect, what came before, and chance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from answerable.areas.decisions.measures.before_after.periods import Periods, Settings, Sums, gaps_of
from answerable.areas.decisions.measures.before_after.series import CASES, timeless
from answerable.areas.decisions.measures.before_after.start import LEAST_PLACES, RollOut
from answerable.areas.decisions.measures.common.answers import LIMITS, WITH_OUTCOME
from answerable.areas.decisions.measures.common.estimands import groups_of
from answerable.areas.decisions.measures.common.estimates import SEED
from answerable.core.curve import ladder
from answerable.core.estimate import Answer, Coverage, Estimate, Group, Point, Series
from answerable.core.words import count_text
from answerable.errors import NotIdentified, ParameterError
from answerable.statistics.staggered_adoption import NEVER, Effect, Panel, before, by_event_time, overall, redealt

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

UNIT = "difference of proportions"
APART = (
    "Places that changed moved apart from the others before their change already: what came after it cannot all be put "
    "down to it."
)


def by_places(periods: Periods, roll_out: RollOut, settings: Settings) -> Answer:
    """The answer from places: the mean effect for everybody, groups and gaps, what came before it, and chance.

    Raises:
        NotIdentified: too few places that changed, or to compare with.
        ParameterError: a comparison of groups is asked for as well.
    """
    if settings.comparison or settings.seasons:
        raise ParameterError(
            "Places are compared with places in the same periods: comparison and seasons belong to --design series."
        )
    start, partial, missing = _starts(periods, roll_out)
    everybody = periods.sums(periods.marks.everybody(), by_place=True)
    panel = _panel(everybody.rates, everybody, start, partial, settings)
    effect = overall(panel)
    _check_places(effect, panel, settings)
    label = periods.metric.label
    early = f"movement before the change, against places that had not changed, of the {label}"
    earlier = before(panel)
    estimates = [
        _estimate("before_effect", early, ({}, None), earlier, everybody, periods, settings),
        _chance(panel, effect, label, settings),
    ]
    asked: list[tuple[Group, Group | None]] = [({}, None)]
    asked += [(of, None) for column in periods.groups for of in groups_of(periods.cells, [column])]
    asked += gaps_of(periods, settings.reference)
    for pair in asked:
        sums, *others = (periods.sums(periods.group(one), by_place=True) for one in pair if one is not None)
        values = sums.rates - others[0].rates if others else sums.rates
        found = overall(_panel(values, sums, start, partial, settings))
        words = f"effect of the change on the {label}"
        estimates.append(_estimate("effect", words, pair, found, sums, periods, settings, *others))
    return Answer(
        estimates=tuple(estimates),
        coverage=_coverage(periods, missing),
        limits=_limits(periods, earlier, settings),
        series=_drawn(panel, periods, start, everybody, settings),
    )


def _starts(periods: Periods, roll_out: RollOut) -> tuple[Floats, Any, dict[str, str]]:
    """Number of the first changed period of each place; which periods of which places are mixed; what is left out."""
    start = np.full(len(periods.places), NEVER)
    partial = np.zeros((len(periods.places), len(periods.starts)), dtype=bool)
    for place, name in enumerate(periods.places):
        day = roll_out.dates.get(name)
        if day is None:
            continue
        at, mixed = periods.first_from(day)
        start[place] = at
        if mixed:
            partial[place, at] = True
    missing = {}
    if early := int(np.sum(start <= 0)):
        missing["places"] = (
            f"{count_text(early, 'place')} changed before there were decisions to compare with; left out"
        )
    return start, partial, missing


def _panel(values: Floats, sums: Sums, start: Floats, partial: Any, settings: Settings) -> Panel:
    """The places with a time before their change, whose mixed period is left out."""
    kept = start > 0
    weights = sums.n.sum(axis=1) if settings.by_decisions else np.ones(len(start))
    chosen = np.where(partial, np.nan, values)
    return Panel(chosen[kept], start[kept], weights[kept], settings.anticipation, settings.never, settings.bases)


def _check_places(effect: Effect, panel: Panel, settings: Settings) -> None:
    if min(effect.changed, effect.compared) < LEAST_PLACES:
        changed = effect.changed or int(np.sum(panel.start < panel.values.shape[1]))
        which = "never changed" if settings.never else "had not changed yet"
        raise NotIdentified(
            f"{count_text(changed, 'place')} that changed can be compared with {count_text(effect.compared, 'place')} "
            f"that {which}, before and after; at least {LEAST_PLACES} of each are needed to tell the change from "
            "chance and from whatever else happened everywhere.",
            missing="more places with their dates, and places that changed later or never; or one date and "
            "--design series.",
        )


def _estimate(
    name: str,
    label: str,
    pair: tuple[Group, Group | None],
    effect: Effect,
    sums: Sums,
    periods: Periods,
    settings: Settings,
    other: Sums | None = None,
) -> Estimate:
    """An effect as an estimate, or the reason why there is none."""
    found: dict[str, Any] = {"value": effect.value, "reason": _why(effect, name)}
    levels = ladder(settings.level)
    ends = effect.limits(levels)
    if ends and not found["reason"]:
        found["curve"] = tuple((level, *one) for level, one in zip(levels, ends, strict=True))
        found["interval"] = (
            f"group-time effects of {effect.changed} places against {effect.compared}, leaving out one "
            f"place at a time, Student's t with {effect.degrees:.1f} degrees of freedom"
        )
    return Estimate(
        name=name,
        label=label,
        of=pair[0],
        against=pair[1],
        unit=UNIT,
        null=0.0,
        level=settings.level,
        n=int(sums.n.sum()),
        events=int(sums.events.sum()),
        counts=None if other is None else (int(other.n.sum()), int(other.events.sum())),
        direction=settings.direction(periods.metric) if name == "effect" else "not stated",
        **found,
    )


def _why(effect: Effect, name: str) -> str:
    if effect.value is None and name == "before_effect":
        return "No place has two periods before its change that another can be compared with."
    if effect.value is None:
        return "No place has decisions both before and after its change, and another to be compared with."
    if effect.error is None or min(effect.changed, effect.compared) < LEAST_PLACES:
        return (
            f"It rests on {count_text(effect.changed, 'place')} that changed and {effect.compared} compared with: too "
            "few to tell how far chance moves it."
        )
    return ""


def _chance(panel: Panel, effect: Effect, label: str, settings: Settings) -> Estimate:
    """The share of random dealings of the dates to the places that give as large an effect."""
    assert effect.value is not None
    dealt = redealt(panel, settings.dealings, SEED)
    events, n = 1 + int(np.sum(np.abs(dealt) >= abs(effect.value) - 1e-12)), 1 + settings.dealings
    return Estimate(
        name="placebo_dealings",
        label=f"share of placebo roll-outs (the real one, and random ones) with as large an effect on the {label}",
        of={},
        unit="proportion",
        value=events / n,
        level=settings.level,
        n=n,
        events=events,
        interval=f"counted over {settings.dealings:,} random dealings of the dates",
        seed=SEED,
        curve=tuple((one, events / n, events / n) for one in ladder(settings.level)),
    )


def _coverage(periods: Periods, missing: Mapping[str, str]) -> Coverage:
    gaps = {**periods.cells.missing, **missing}
    if untimed := timeless(periods):
        gaps["time"] = f"{count_text(untimed, 'row')} without a time; left out"
    counts = np.array(periods.cells.counts)
    if nowhere := int(counts[periods.where < 0].sum()):
        gaps["stratum"] = f"{count_text(nowhere, 'row')} without a place; left out"
    looked_at = {
        "rows": periods.cells.rows, f"{periods.length}s": len(periods.starts), "places": len(periods.places)
    }  # fmt: skip
    return Coverage(looked_at=looked_at, missing=gaps, complete=not gaps)


def _limits(periods: Periods, earlier: Effect, settings: Settings) -> tuple[str, ...]:
    weighing = "by its decisions" if settings.by_decisions else "the same, however many decisions it took"
    apart = [APART for low, high in earlier.limits((settings.level,)) if low > 0 or high < 0]
    return (
        *LIMITS,
        *CASES,
        *apart,
        "It is assumed that places which changed would otherwise have moved as those compared with did; how they moved "
        "before is told, how they would have moved after no data show.",
        "Something else that came to each place together with the change cannot be told apart from it.",
        f"Each place counts {weighing}.",
        *((WITH_OUTCOME,) if periods.metric.needs_outcome else ()),
    )


def _drawn(panel: Panel, periods: Periods, start: Floats, everybody: Sums, settings: Settings) -> tuple[Series, ...]:
    """The effect by time since the change, and the rates of places that changed and of those that did not."""
    label = periods.metric.label
    effects = by_event_time(panel)
    points = []
    for since, effect in effects.items():
        ends = effect.limits((settings.level,)) if min(effect.changed, effect.compared) >= LEAST_PLACES else []
        low, high = ends[0] if ends else (None, None)
        points.append(Point(x=float(since), value=effect.value, low=low, high=high, n=effect.changed))
    made = [
        Series(
            name="effect_by_time_since", label=f"effect of the change on the {label}", of={}, unit=UNIT, null=0.0,
            axis=f"{periods.length}s since the change", axis_unit=f"{periods.length}s", points=tuple(points),
            level=settings.level, interval="leaving out one place at a time", marks={"change": 0.0},
        )
    ]  # fmt: skip
    changed = np.isfinite(start) & (start < len(periods.starts))
    for words, chosen in (("places that changed", changed), ("places that did not change", ~changed)):
        n, events = everybody.n[chosen].sum(axis=0), everybody.events[chosen].sum(axis=0)
        if not chosen.any():
            continue
        points = [
            Point(x=day.isoformat(), value=float(above / below) if below else None, n=int(below), events=int(above))
            for day, above, below in zip(periods.starts, events, n, strict=True)
        ]
        made.append(
            Series(name="rate_by_period", label=label, of={"place": f"({words})"}, unit="proportion",
                   axis=periods.length, axis_unit="date", points=tuple(points), level=settings.level)
        )  # fmt: skip
    return tuple(made)
