"""Rates: how often each group meets the decision, the outcome, and each kind of error."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from answerable.areas.decisions.measures.common.answers import RIGHTS, answer_of, check_settings, counted
from answerable.areas.decisions.tables import DECISIONS
from answerable.core.method import method

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Answer


@method(
    "decisions.rates",
    reads=[DECISIONS],
    source="Wilson 1927, J. Amer. Statist. Assoc. 22; Efron & Tibshirani 1993, Introduction to the Bootstrap, ch. 13",
    rights=RIGHTS,
)
def rates(
    decisions: ir.Table,
    *,
    groups: Sequence[str] = (),
    metrics: Sequence[str] | None = None,
    intersections: bool = True,
    bands: Sequence[float] | None = None,
    independent: bool = False,
    favourable: bool | None = None,
    level: float = 0.95,
    interval: Literal["auto", "bootstrap", "wilson", "exact"] = "auto",
    replicates: int = 10_000,
) -> Answer:
    """How often each group meets the decision, the outcome, and each kind of error.

    Estimates proportions, from 0 to 1, for everybody, for every group of every column, and for every combination of
    columns.

    Args:
        decisions: the table of decisions, one row each.
        groups: columns whose values are the groups to compare.
        metrics: which rates (selection_rate, base_rate, true_positive_rate, ... or TPR, FPR, ...); all usual ones by
            default.
        intersections: whether combinations of several columns are groups too.
        bands: rising edges of bands of the score, within which calibration is told.
        independent: that each row is a person of its own; without it, and without a person, there are no intervals.
        favourable: whether the decision is good for the person (yes) or bad (no).
        level: confidence level of the intervals.
        interval: how intervals are made; auto takes the bootstrap where counts are large, otherwise Wilson's.
        replicates: resamples of the bootstrap.

    Raises:
        NotIdentified: a metric needs a column that is not mapped; more than 1,000 groups.
        ParameterError: an unknown metric or group; a level outside 0.5 to 0.9999.

    Source: Wilson 1927, J. Amer. Statist. Assoc. 22; Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 13.
    """
    from answerable.areas.decisions.measures.common.estimands import Marks, breakdowns, choose_metrics, groups_of
    from answerable.areas.decisions.measures.common.estimates import Settings, rate_estimates

    check_settings(level, replicates)
    cells = counted(decisions, groups, bands, independent)
    chosen = choose_metrics(metrics, cells, decisions.columns)
    marks = Marks(cells)
    every = [{}, *(of for columns in breakdowns(groups, intersections) for of in groups_of(cells, columns))]
    estimands = [one for of in every for one in marks.estimands(chosen, of, marks.group(of))]
    estimates = rate_estimates(cells, estimands, Settings(favourable, level, interval, replicates))
    return answer_of(cells, estimates, decisions.columns)
