"""Rates along the cut-offs of a score: curves with bands, gaps at the cut-off in use and at the widest, calibration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from answerable.areas.decisions.measures.common.estimands import CALIBRATION, Estimand, Marks
from answerable.areas.decisions.measures.common.estimates import (
    SEED,
    UNSAID,
    Settings,
    contrast_estimates,
    curve_of,
    rate_estimates,
)
from answerable.areas.decisions.measures.common.metrics import METRICS, Metric
from answerable.areas.decisions.measures.common.reference import pairs
from answerable.areas.decisions.measures.common.score_levels import LEVEL, Ladder
from answerable.core.curve import ladder
from answerable.core.estimate import Estimate, Point, Series
from answerable.statistics.score_curves import NO_VARIANCE, Area, area_difference, simultaneous_levels

if TYPE_CHECKING:
    from answerable.areas.decisions.measures.common.cells import Cells
    from answerable.areas.decisions.measures.common.reference import Reference
    from answerable.statistics.design import Flags, Floats

ALONG = ("selection_rate", "false_positive_rate", "false_negative_rate", "positive_predictive_value")
DISTRIBUTION = replace(
    METRICS["selection_rate"], name="score_distribution", label="share on the other side of the cut-off", event=-1
)
ENOUGH = 0.05
"""Share of its group that each fraction of a gap must rest on for the gap to be the widest: the widest gap between the
last few is the luckiest."""
AREA = "area under the curve of the score (chance that one with the outcome scores beyond one without)"
_STATES = (False, True, None)
Compared = tuple[Mapping[str, str], "Flags", Mapping[str, str], "Flags"]


class Scored:
    """Cells by groups and level of the score, with what makes fractions of them.

    Args:
        cells: counts by groups, level and outcome.
        ladder: the cut-offs and bands.
        settings: how intervals are made.
    """

    def __init__(self, cells: Cells, ladder: Ladder, settings: Settings) -> None:
        self.cells, self.ladder, self.settings = cells, ladder, settings
        place = cells.columns.index(LEVEL)
        self.marks = Marks(cells)
        self._levels = np.array([int(group[place]) for group, _ in cells.keys])
        self._outcomes = np.array([_STATES.index(kind[1]) for _, kind in cells.keys])

    def along(self, metric: Metric, of: Mapping[str, str], members: Flags) -> list[Estimand]:
        """A metric within a group at every cut-off."""
        return [self.at(metric, of, members, cutoff) for cutoff in self.ladder.cutoffs]

    def at(self, metric: Metric, of: Mapping[str, str], members: Flags, cutoff: float) -> Estimand:
        """A metric within a group at one cut-off."""
        decided = self.ladder.decided(self._levels, cutoff)
        decided = ~decided if metric is DISTRIBUTION else decided
        above = np.array([[metric.is_above((d, o)) for o in _STATES] for d in _STATES[:2]])
        below = np.array([[metric.is_below((d, o)) for o in _STATES] for d in _STATES[:2]])
        at = decided.astype(int), self._outcomes
        return Estimand(metric, of, members, above[at] & members, below[at] & members)

    def calibration(self, of: Mapping[str, str], members: Flags) -> list[Estimand]:
        """The share with the outcome within every band of the score."""
        bands = np.array([self.ladder.band(level) for level in self._levels])
        found = []
        for band in range(len(self.ladder.bands) + 1):
            within = members & (bands == band)
            named = {**of, "score": self.ladder.band_name(band)}
            found.append(
                Estimand(CALIBRATION, named, within, within & (self._outcomes == 1), within & (self._outcomes < 2))
            )
        return found

    def compared(self, column: str, reference: Reference) -> list[Compared]:
        """Every group of a column with whom it is compared."""
        found = pairs(self.marks, [METRICS["base_rate"]], [column], reference, None)
        return [(of.of, of.members, against.of, against.members) for of, against in found]


def group_series(scored: Scored, metrics: Sequence[Metric], column: str) -> list[Series]:
    """For every group of a column each metric along the cut-offs, how scores are spread, and calibration."""
    made = []
    calibrated = any(metric.needs_outcome for metric in metrics)
    for (group,) in scored.cells.groups([column]):
        of = {column: group}
        members = scored.marks.group(of)
        families = [
            (f"{metric.name}_by_cutoff", metric.label, scored.along(metric, of, members))
            for metric in (*metrics, DISTRIBUTION)
        ]
        if calibrated:
            families.append(("calibration_by_score", CALIBRATION.label, scored.calibration(of, members)))
        for name, label, estimands in families:
            found = rate_estimates(scored.cells, estimands, scored.settings)
            levels = _together(scored, found, _rates(scored, estimands))
            made += _series(scored, name, label, of, found, levels, bands=name.startswith(CALIBRATION.name))
    return made


def gap_findings(
    scored: Scored, metrics: Sequence[Metric], compared: Compared, in_use: float | None
) -> tuple[list[Estimate], list[Series]]:
    """The gaps of every metric between a group and its reference: at the cut-off in use, the widest, and all along."""
    of, members, against, others = compared
    estimates, series = [], []
    for metric in metrics:
        both = list(zip(scored.along(metric, of, members), scored.along(metric, against, others), strict=True))
        found = contrast_estimates(scored.cells, both, "difference", scored.settings)
        if in_use is not None:
            here = found[scored.ladder.cutoffs.index(in_use)]
            estimates.append(replace(here, label=f"{metric.label} at the cut-off in use, {in_use:g},"))
        first, second = (_rates(scored, list(ones)) for ones in zip(*both, strict=True))
        levels = _together(scored, found, None if first is None or second is None else first - second)
        estimates.append(_widest(scored, metric, compared, found, levels))
        label = f"difference in the {metric.label}"
        series += _series(scored, f"{metric.name}_difference_by_cutoff", label, of, found, levels, against=against)
    return estimates, series


def calibration_gaps(scored: Scored, compared: Compared) -> list[Estimate]:
    """The difference in calibration between a group and its reference, within every band of the score."""
    of, members, against, others = compared
    both = zip(scored.calibration(of, members), scored.calibration(against, others), strict=True)
    return contrast_estimates(scored.cells, list(both), "difference", scored.settings)


def area_estimate(area: Area, of: Mapping[str, str], level: float) -> Estimate:
    """The area under the curve of a group."""
    made: dict[str, Any] = {"reason": _why_no_area(area)}
    if area.known:
        low, high = area.limits(ladder(level))
        made = {"curve": curve_of(ladder(level), low[0], high[0]), "interval": "placements (DeLong), on the logit"}
    return Estimate(
        name="area_under_curve",
        label=AREA,
        of=of,
        unit="probability",
        value=area.value,
        level=level,
        n=area.positives + area.negatives,
        events=area.positives,
        units=area.units if area.error is not None else None,
        **made,
    )


def area_gap(first: Area, second: Area, of: Mapping[str, str], against: Mapping[str, str], level: float) -> Estimate:
    """The difference of the areas under the curves of two groups."""
    made: dict[str, Any] = {"reason": _why_no_area(first) or _why_no_area(second)}
    if first.value is not None and second.value is not None:
        made |= {"value": first.value - second.value, "between": (first.value, second.value)}
    if first.known and second.known:
        low, high = area_difference(first, second, ladder(level))
        how = "MOVER from the limits of both areas (placements, on the logit)"
        made |= {"curve": curve_of(ladder(level), low, high), "interval": how, "units": min(first.units, second.units)}
    return Estimate(
        name="area_under_curve_difference",
        label=AREA,
        of=of,
        against=against,
        unit="difference of probabilities",
        null=0.0,
        level=level,
        n=first.positives + first.negatives,
        events=first.positives,
        counts=(second.positives + second.negatives, second.positives),
        **made,
    )


def _why_no_area(area: Area) -> str:
    if area.value is None:
        return "Nobody with the outcome, or nobody without it, has a score."
    if area.error is None:
        return UNSAID if min(area.positives, area.negatives) > 1 else "One row does not show how much scores vary."
    return "" if area.known else "The scores of those with the outcome and those without do not overlap."


def _large(one: Estimate, sizes: Sequence[float]) -> bool:
    return one.counts is not None and one.n >= sizes[0] and one.counts[0] >= sizes[1]


def _widest(
    scored: Scored, metric: Metric, compared: Compared, found: Sequence[Estimate], levels: Sequence[float]
) -> Estimate:
    """The largest gap over all cut-offs, with limits that hold for the gaps at all cut-offs at once."""
    known = [place for place, one in enumerate(found) if one.value is not None]
    sizes = [ENOUGH * scored.marks.counts[members].sum() for members in (compared[1], compared[3])]
    large = [place for place in known if _large(found[place], sizes)]
    chosen = max(large or known, key=lambda place: abs(found[place].value or 0.0), default=0)
    one, cutoff = found[chosen], scored.ladder.cutoffs[chosen]
    label = f"{metric.label} at the cut-off {cutoff:g}, where the two differ most,"
    one = replace(one, name=f"widest_{one.name}", label=label if known else metric.label)
    if not one.curve:
        return one
    steps = [(level, *one.at(deep)) for level, deep in zip(ladder(scored.settings.level), levels, strict=True)]
    curve = tuple(step for step in steps if step[1:] != (None, None))
    how = f"{one.interval}; at a level that holds for all {len(found)} cut-offs at once (sup-t)"
    return replace(one, curve=curve, interval=how, seed=SEED)


def _together(scored: Scored, found: Sequence[Estimate], deviations: Floats | None) -> tuple[float, ...]:
    """The pointwise levels at which limits hold at all points at once, for every level of the ladder."""
    if deviations is None or scored.cells.design is None:
        return ()
    shown = scored.cells.design.products(deviations, deviations) > NO_VARIANCE
    flat = {one.value for one, varies in zip(found, shown, strict=True) if one.value is not None and not varies}
    levels = np.array(ladder(scored.settings.level))
    return simultaneous_levels(scored.cells.design, deviations, levels, flat=len(flat), seed=SEED)


def _rates(scored: Scored, estimands: Sequence[Estimand]) -> Floats | None:
    """What one row of each cell adds to each rate, linearised, shape (K, C); None where nothing is independent."""
    if scored.cells.design is None:
        return None
    above, below = (np.array([getattr(one, side) for one in estimands], dtype=float) for side in ("above", "below"))
    weights = below @ scored.cells.design.totals
    safe = np.where(weights > 0, weights, 1.0)
    rate = above @ scored.cells.design.totals / safe
    found = (above - rate[:, None] * below) / safe[:, None]
    found[(rate <= 0) | (rate >= 1)] = 0.0
    return np.asarray(found)


def _series(
    scored: Scored,
    name: str,
    label: str,
    of: Mapping[str, str],
    found: Sequence[Estimate],
    levels: Sequence[float],
    *,
    against: Mapping[str, str] | None = None,
    bands: bool = False,
) -> list[Series]:
    """The estimates along the score twice: with the interval of each point, and with a band for all of them."""
    settings, steps = scored.settings, scored.ladder
    x = [steps.band_start(band) for band in range(len(steps.bands) + 1)] if bands else list(steps.cutoffs)
    known = next((one for one in found if one.curve), None)
    common: dict[str, Any] = {
        "of": of,
        "unit": found[0].unit,
        "axis": "lowest score of the band" if bands else "cut-off of the score",
        "axis_unit": "score",
        "against": against,
        "null": None if against is None else 0.0,
        "level": settings.level,
    }
    alone = _points(x, found, None)
    how = f"each point by itself: {known.interval}" if known else ""
    made = [Series(name=name, label=label, points=alone, interval=how, joined=not bands, **common)]
    if known:
        deep = levels[ladder(settings.level).index(settings.level)]
        how = f"all points at once: {known.interval}, read at {100 * deep:.4g} % (sup-t)"
        points = _points(x, found, deep)
        made.append(Series(name=f"{name}_band", label=label, points=points, interval=how, joined=not bands, **common))
    return made


def _points(x: Sequence[float], found: Sequence[Estimate], level: float | None) -> tuple[Point, ...]:
    made = []
    for place, one in zip(x, found, strict=True):
        low, high = (None, None)
        if one.curve:
            low, high = one.at(one.level if level is None else level)
        made.append(Point(x=float(place), value=one.value, low=low, high=high, n=one.n, events=one.events))
    return tuple(made)
