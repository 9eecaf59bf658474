"""Thresholds: how scores are spread in each group, what they are worth, and what each cut-off would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from answerable.areas.decisions.measures.common.answers import LIMITS, RIGHTS, WITH_OUTCOME, check_settings
from answerable.areas.decisions.tables import DECISIONS
from answerable.core.method import method
from answerable.errors import ParameterError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.areas.decisions.measures.common.metrics import Metric
    from answerable.areas.decisions.measures.common.score_curves import Scored
    from answerable.core.estimate import Answer, Estimate, Series

_LIMITS = (
    "What another cut-off would do is read off the scores as they are; people who are scored may act on a new one.",
    "The widest gap is chosen among cut-offs that leave each fraction at least one in twenty of its group; its limits "
    "allow for the choice, its value does not and is somewhat too wide.",
)


@method(
    "decisions.thresholds",
    reads=[DECISIONS],
    source="Hardt, Price & Srebro 2016, NeurIPS 29; DeLong et al. 1988, Biometrics 44; Montiel Olea & Plagborg-Moller "
    "2019, J. Appl. Econometrics 34",
    rights=RIGHTS,
)
def thresholds(
    decisions: ir.Table,
    *,
    groups: Sequence[str],
    reference: Literal["largest", "overall", "rest"] | Mapping[str, str] = "largest",
    direction: Literal["high", "low"] = "high",
    in_use: float | None = None,
    cutoffs: Sequence[float] | None = None,
    bands: Sequence[float] | None = None,
    steps: int = 50,
    metrics: Sequence[str] | None = None,
    independent: bool = False,
    favourable: bool | None = None,
    level: float = 0.95,
    interval: Literal["auto", "bootstrap", "wilson", "exact"] = "wilson",
    replicates: int = 10_000,
) -> Answer:
    """How scores are spread in each group, how well they are calibrated, and whom each cut-off would hit or miss.

    Estimates the gap between groups in each rate at the cut-off in use and at the cut-off where it is widest, the
    difference in calibration within bands of the score, and the area under the curve; draws all of them along the
    score, with the interval of each point and with a band that holds for all points at once.

    Args:
        decisions: the table of decisions, one row each, with a score; with an outcome, errors and calibration are told.
        groups: columns whose values are the groups to compare.
        reference: the group compared with: chosen (race=White), the largest, overall (everybody), or the rest.
        direction: which scores meet the decision: high (at or above the cut-off) or low (at or below it).
        in_use: the cut-off that is, or was, in use.
        cutoffs: rising cut-offs; by default every distinct score, or exact quantiles where there are more than `steps`.
        bands: rising edges of bands of the score for calibration; about ten by default.
        steps: most cut-offs, from 2 to 200.
        metrics: which rates along the cut-off (selection_rate, FPR, FNR, PPV by default, as far as columns permit).
        independent: that each row is a person of its own; without it, and without a person, there are no intervals.
        favourable: whether the decision is good for the person (yes) or bad (no).
        level: confidence level of the intervals.
        interval: how intervals are made; Wilson's by default, because few events remain at the ends of the score.
        replicates: resamples, where the bootstrap is asked for.

    Raises:
        NotIdentified: no score, or one value of it only; one group only; a metric without its column.
        ParameterError: cut-offs that do not rise; an unknown metric, group or reference.

    Source: Hardt, Price & Srebro 2016, NeurIPS 29 (rates along the cut-off); DeLong, DeLong & Clarke-Pearson 1988,
        Biometrics 44, and Obuchowski 1997, Biometrics 53 (areas, with people of several rows); Montiel Olea &
        Plagborg-Moller 2019, J. Appl. Econometrics 34 (bands).
    """
    from answerable.areas.decisions.measures.common.cells import count_cells
    from answerable.areas.decisions.measures.common.estimates import Settings
    from answerable.areas.decisions.measures.common.reference import check_reference
    from answerable.areas.decisions.measures.common.score_curves import Scored, group_series
    from answerable.areas.decisions.measures.common.score_levels import LEVEL, ladder_of, with_levels
    from answerable.core.estimate import Answer, Coverage

    check_settings(level, replicates)
    if not groups:
        raise ParameterError("decisions.thresholds needs groups: the columns whose values are the groups to compare.")
    if not 2 <= steps <= 200:
        raise ParameterError(f"steps takes a number of cut-offs from 2 to 200; not {steps:,}.")
    check_reference(reference, groups)
    chosen = _metrics(metrics, decisions.columns)
    ladder = ladder_of(decisions, cutoffs, bands, in_use, steps, direction)
    levelled = with_levels(decisions, ladder)
    cells = count_cells(levelled, [*groups, LEVEL], independent=independent)
    scored = Scored(cells, ladder, Settings(favourable, level, interval, replicates))
    estimates: list[Estimate] = []
    series: list[Series] = []
    for column in groups:
        found, drawn = _column(scored, chosen, levelled, column, reference, in_use, independent)
        estimates += found
        series += [*group_series(scored, chosen, column), *drawn]
    if in_use is not None:
        marks = {"cut-off in use": in_use}
        series = [replace(one, marks=marks) if one.axis.startswith("cut-off") else one for one in series]
    missing = dict(cells.missing)
    if ladder.without:
        missing["score"] = f"{ladder.without:,} rows have no score; they are left out of all numbers"
    looked_at = {"rows": cells.rows} if cells.people is None else {"rows": cells.rows, "people": cells.people}
    return Answer(
        estimates=tuple(estimates),
        coverage=Coverage(looked_at=looked_at, missing=missing, complete=not missing),
        limits=(*_LIMITS, *LIMITS, WITH_OUTCOME) if "outcome" in decisions.columns else (*_LIMITS, *LIMITS),
        series=tuple(series),
    )


def _column(
    scored: Scored,
    metrics: Sequence[Metric],
    levelled: ir.Table,
    column: str,
    reference: Literal["largest", "overall", "rest"] | Mapping[str, str],
    in_use: float | None,
    independent: bool,
) -> tuple[list[Estimate], list[Series]]:
    """The estimates of the groups of one column against their reference, and the gaps along the cut-offs."""
    from answerable.areas.decisions.measures.common.score_curves import (
        area_estimate,
        area_gap,
        calibration_gaps,
        gap_findings,
    )
    from answerable.areas.decisions.measures.common.score_levels import areas

    level = scored.settings.level
    with_outcome = "outcome" in levelled.columns
    found = areas(levelled, column, scored.ladder.direction, independent=independent) if with_outcome else {}
    estimates = [area_estimate(area, {column: group}, level) for group, area in sorted(found.items())]
    series: list[Series] = []
    for one in scored.compared(column, reference):
        gaps, drawn = gap_findings(scored, metrics, one, in_use)
        estimates += gaps
        series += drawn
        if with_outcome:
            estimates += calibration_gaps(scored, one)
            of, against = (found.get(group.get(column, "")) for group in (one[0], one[2]))
            if of is not None and against is not None:
                estimates.append(area_gap(of, against, one[0], one[2], level))
    return estimates, series


def _metrics(names: Sequence[str] | None, known: Sequence[str]) -> list[Metric]:
    """The metrics of those names, all of which rest on the cut-off.

    Raises:
        NotIdentified: one needs the outcome and there is none.
        ParameterError: an unknown one, or one that no cut-off changes.
    """
    from answerable.areas.decisions.measures.common.estimands import metric_of
    from answerable.areas.decisions.measures.common.score_curves import ALONG
    from answerable.errors import NotIdentified

    chosen = [metric_of(name) for name in (ALONG if names is None else names)]
    if names is None and "outcome" not in known:
        chosen = [metric for metric in chosen if not metric.needs_outcome]
    for metric in chosen:
        if not metric.needs_decision:
            raise ParameterError(f"metrics: the {metric.label} does not depend on the cut-off.")
        if metric.needs_outcome and "outcome" not in known:
            raise NotIdentified(f"The {metric.label} cannot be computed.", missing="a column for: outcome.")
    return chosen
