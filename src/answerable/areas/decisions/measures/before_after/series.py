"""One series before and after a date: the change of its level and trend, for everybody, groups and their gaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from answerable.areas.decisions.measures.before_after.drawn import drawn
from answerable.areas.decisions.measures.before_after.lines import (
    LEAST,
    STEP,
    TREND,
    TURN,
    UNCHANGED,
    Line,
    line_of,
    regression_of,
)
from answerable.areas.decisions.measures.before_after.periods import (
    IN_A_YEAR,
    Periods,
    Settings,
    check_group,
    gaps_of,
)
from answerable.areas.decisions.measures.common.answers import LIMITS, WITH_OUTCOME
from answerable.areas.decisions.measures.common.estimands import groups_of
from answerable.core.curve import ladder
from answerable.core.estimate import Answer, Coverage, Estimate, Group
from answerable.core.words import count_text
from answerable.errors import NotIdentified

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from answerable.areas.decisions.measures.before_after.start import RollOut
    from answerable.statistics.interrupted_series import Regression

    Flags = NDArray[np.bool_]

LEAST_PLACEBOS = 5
UNIT = "difference of proportions"


def as_series(periods: Periods, roll_out: RollOut, settings: Settings) -> Answer:
    """The answer from one series: changes of level and trend, checks, and what is drawn.

    Raises:
        NotIdentified: too few periods before or after; the comparison holds all decisions.
        ParameterError: an unknown group.
    """
    assert roll_out.everywhere is not None
    at, mixed = periods.first_from(roll_out.everywhere)
    change = at + mixed
    usable = np.ones(len(periods.starts), dtype=bool)
    usable[max(0, at - settings.anticipation) : change] = False
    inside, outside, compared = _split(periods, roll_out, settings)
    everybody = line_of(periods, ({}, None), inside, outside, (usable, change), settings)
    _check_length(periods, everybody, settings)
    lines = [everybody]
    for column in groups_asked(periods, settings):
        for of in groups_of(periods.cells, [column]):
            lines.append(line_of(periods, (of, None), inside, outside, (usable, change), settings))
    gaps = [
        line_of(periods, pair, inside, outside if roll_out.by_place else None, (usable, change), settings)
        for pair in gaps_of(periods, settings.reference)
        if next(iter(pair[0])) in groups_asked(periods, settings)
    ]
    beyond = f", beyond that of {compared}," if outside is not None else ""
    estimates = [_change(line, STEP, periods, settings, beyond) for line in lines]
    estimates.insert(1, _change(everybody, TURN, periods, settings, beyond))
    gap_beyond = beyond if roll_out.by_place else ""
    estimates += [_change(line, which, periods, settings, gap_beyond) for line in gaps for which in (STEP, TURN)]
    if outside is not None:
        alone = line_of(periods, (_named(settings), None), outside, None, (usable, change), settings)
        estimates += [_change(everybody, TREND, periods, settings, beyond), _change(alone, STEP, periods, settings, "")]
    estimates += _checks(everybody, periods, settings)
    return Answer(
        estimates=tuple(estimates),
        coverage=_coverage(periods, usable, everybody),
        limits=_limits(periods, everybody, compared),
        series=drawn(periods, everybody, lines[1:], gaps, inside, outside, str(roll_out.everywhere), settings),
    )


def groups_asked(periods: Periods, settings: Settings) -> list[str]:
    """The group columns but those that only name the comparison."""
    return [column for column in periods.groups if column not in settings.comparison]


def _named(settings: Settings) -> Group:
    return dict(settings.comparison) or UNCHANGED


def _split(periods: Periods, roll_out: RollOut, settings: Settings) -> tuple[Flags, Flags | None, str]:
    """Marks of the cells that the change reached and of those compared with, and the comparison in words."""
    every = periods.marks.everybody()
    if settings.comparison:
        for column, value in settings.comparison.items():
            check_group(periods, column, value, "comparison")
        outside = periods.group(settings.comparison)
        words = " and ".join(f"{column} {value}" for column, value in settings.comparison.items())
        return every & ~outside, outside, words
    if not roll_out.by_place:
        return every, None, ""
    reached = [place for place, name in enumerate(periods.places) if roll_out.dates.get(name)]
    inside = np.isin(periods.where, reached)
    outside = ~inside & (periods.where >= 0)
    return inside, outside if outside.any() else None, "the places that did not change"


def _check_length(periods: Periods, everybody: Line, settings: Settings) -> None:
    length = periods.length
    before = int(everybody.used[: everybody.change].sum())
    after = int(everybody.used[everybody.change :].sum())
    if min(before, after) < LEAST:
        raise NotIdentified(
            f"There are {count_text(before, length)} with decisions before the change and {after} after it; a change "
            f"of the line needs at least {LEAST} of each.",
            missing="decisions over a longer time, or shorter periods (--period week).",
        )
    if settings.seasons and before + after < 2 * IN_A_YEAR[length]:
        raise NotIdentified(
            "Seasons cannot be told from the change in less than two years.",
            missing="decisions over a longer time; or leave --seasons away.",
        )


def _change(line: Line, which: int, periods: Periods, settings: Settings, beyond: str) -> Estimate:
    """The change of the level, or of the trend, as an estimate."""
    label = {
        STEP: f"immediate change{beyond} in the {periods.metric.label}",
        TURN: f"change{beyond} in the trend per {periods.length} of the {periods.metric.label}",
        TREND: f"trend per {periods.length}{beyond} before the change in the {periods.metric.label}",
    }[which]
    name = {STEP: "level_change", TURN: "trend_change", TREND: "trend_before"}[which]
    found: dict[str, Any] = {"reason": line.reason}
    if line.regression is not None:
        contrast = np.eye(line.regression.matrix.shape[1])[which]
        value, ends = line.regression.limits(contrast, levels := ladder(settings.level))
        found = {
            "value": value,
            "curve": tuple((one, *pair) for one, pair in zip(levels, ends, strict=True)),
            "interval": _how(line.regression, periods),
        }
    return Estimate(
        name=name,
        label=label,
        of=line.of,
        against=line.against,
        unit=UNIT,
        null=0.0,
        level=settings.level,
        n=int(line.n[line.used & line.after].sum()),
        events=int(line.events[line.used & line.after].sum()),
        counts=line.counts,
        direction="not stated" if which == TREND else settings.direction(periods.metric),
        **found,
    )


def _how(regression: Regression, periods: Periods) -> str:
    return (
        f"segmented regression of {count_text(len(regression.innovations), periods.length)}, averaged over how alike "
        f"neighbours are"
    )


def _checks(line: Line, periods: Periods, settings: Settings) -> list[Estimate]:
    """What tells whether the regression fits, and how the change ranks among dates at which nothing changed."""
    regression = line.regression
    if regression is None:
        return []
    label = periods.metric.label
    numbers: list[tuple[str, str, float, str]] = [
        ("autocorrelation", f"correlation of neighbouring {periods.length}s in the {label}", regression.correlation,
         "correlation"),
        ("durbin_watson", f"Durbin-Watson statistic (2 where neighbours are unrelated) of the {label}",
         regression.durbin_watson, "Durbin-Watson statistic"),
        ("ljung_box_p", f"p-value of Ljung and Box's test of what the line and that correlation leave of the {label}",
         _left_over(regression), "p-value"),
    ]  # fmt: skip
    made = [_calculated(name, what, value, unit, line, settings) for name, what, value, unit in numbers]
    return [*made, _placebo(line, periods, settings)]


def _calculated(
    name: str, label: str, value: float, unit: str, line: Line, settings: Settings, n: int = 0, events: int = 0
) -> Estimate:
    return Estimate(
        name=name,
        label=label,
        of={},
        unit=unit,
        value=value,
        level=settings.level,
        n=n or int(line.used.sum()),
        events=events,
        interval="calculated",
        curve=tuple((one, value, value) for one in ladder(settings.level)),
    )


def _placebo(line: Line, periods: Periods, settings: Settings) -> Estimate:
    """The share of earlier dates at which as large a step would have been found, each in the time before the change."""
    assert line.regression is not None
    step = np.eye(line.regression.matrix.shape[1])[STEP]
    real = abs(line.regression.standardised(step))
    early = line.used & ~line.after
    places = np.flatnonzero(early)
    sizes = []
    for date in places[LEAST : len(places) - LEAST + 1].tolist():
        fitted = regression_of(line.values, line.noise, early, date, periods, settings)
        if fitted is not None:
            sizes.append(abs(fitted.standardised(step)))
    label = (
        "share of placebo dates (the real one, and earlier ones at which nothing changed) with as large a step in the "
        f"{periods.metric.label}"
    )
    if len(sizes) < LEAST_PLACEBOS:
        return Estimate(
            name="placebo_dates", label=label, of={}, unit="proportion", n=len(sizes), events=0, level=settings.level,
            reason=f"There are {count_text(len(sizes), 'earlier date')} with {LEAST} periods on either side; at least "
            f"{LEAST_PLACEBOS} are needed.",
        )  # fmt: skip
    events, n = 1 + sum(size >= real for size in sizes), 1 + len(sizes)
    return _calculated("placebo_dates", label, events / n, "proportion", line, settings, n, events)


def _coverage(periods: Periods, usable: Flags, everybody: Line) -> Coverage:
    missing = dict(periods.cells.missing)
    if untimed := timeless(periods):
        missing["time"] = f"{count_text(untimed, 'row')} without a time; left out"
    if left := int((~usable).sum()):
        missing["change"] = f"{count_text(left, periods.length)} in which the change came about; left out"
    if empty := int((usable & ~np.isfinite(everybody.values)).sum()):
        missing["periods"] = f"{count_text(empty, periods.length)} without decisions to compare; left out"
    looked_at = {"rows": periods.cells.rows, f"{periods.length}s": len(periods.starts)}
    return Coverage(looked_at=looked_at, missing=missing, complete=not missing)


def _left_over(regression: Regression) -> float:
    """p-value of Ljung and Box's test of what the regression leaves, over a fifth of the periods and at most ten."""
    return regression.ljung_box(max(1, min(10, len(regression.innovations) // 5)))


def timeless(periods: Periods) -> int:
    """How many rows have no time."""
    counts = np.array(periods.cells.counts)
    return int(counts[periods.when < 0].sum())


def _limits(periods: Periods, everybody: Line, compared: str) -> tuple[str, ...]:
    unless = f", unless it reached {compared} as well" if compared else ""
    return (
        *LIMITS,
        *CASES,
        f"Whatever else happened in the same {periods.length} cannot be told apart from the change{unless}.",
        "The change is measured against the earlier line carried on; whether it would have gone on, no data show.",
        *((LEFT_OVER,) if everybody.regression and _left_over(everybody.regression) < 0.05 else ()),
        *((WITH_OUTCOME,) if periods.metric.needs_outcome else ()),
    )


LEFT_OVER = (
    "What the line and its correlation leave still follows a pattern (the test of Ljung and Box): intervals may be too "
    "narrow; seasons, other periods or a comparison series may mend it."
)
CASES: Sequence[str] = (
    "Rates compare the cases that there were: where the change also altered who is decided about, or how often, part "
    "of its effect is in the number of cases and not in the rate.",
)
