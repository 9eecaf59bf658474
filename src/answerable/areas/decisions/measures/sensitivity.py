"""Sensitivity: whether a difference between groups holds however the decisions are counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from answerable.areas.decisions.measures.common.answers import LIMITS, RIGHTS, WITH_OUTCOME, check_settings
from answerable.areas.decisions.tables import SPECIFIED
from answerable.core.method import method
from answerable.errors import ParameterError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.areas.decisions.measures.common.metrics import Metric
    from answerable.core.estimate import Answer

_LIMITS = (
    "Which ways of counting are defensible is a judgement: a curve shows only those that the question names.",
    "Specifications share their rows, so a share of them is a count of choices, not a probability.",
)


@method(
    "decisions.sensitivity",
    reads=[SPECIFIED],
    source="Simonsohn, Simmons & Nelson 2020, Nat. Hum. Behav. 4; Steegen et al. 2016, Perspect. Psychol. Sci. 11",
    rights=RIGHTS,
)
def sensitivity(
    specified: ir.Table,
    *,
    groups: Sequence[str],
    metric: str,
    labels: Sequence[str] = (),
    decisions: Sequence[str] = (),
    exclusions: Sequence[str] = (),
    arms: Sequence[str] = (),
    references: Sequence[str] = ("largest",),
    missing_outcomes: Sequence[Literal["left-out", "yes", "no"]] = ("left-out", "yes", "no"),
    missing_decisions: Sequence[Literal["left-out", "yes", "no"]] = ("left-out", "yes", "no"),
    comparison: Literal["difference", "ratio"] = "difference",
    independent: bool = False,
    favourable: bool | None = None,
    level: float = 0.95,
    interval: Literal["auto", "bootstrap", "wilson", "exact"] = "auto",
    replicates: int = 10_000,
) -> Answer:
    """Whether a difference between groups holds however outcome, decision, missing values and cases are counted.

    Estimates the difference (or ratio) of a rate under every combination of the choices that are given, its median
    with an interval for all of them together, how many agree, and which single choice changes the answer. The first
    option of each choice makes the headline.

    Args:
        specified: the table of decisions with one yes-or-no column for every rule.
        groups: columns whose values are the groups to compare.
        metric: the rate that is compared (selection_rate, base_rate, false_positive_rate, ... or FPR, PPV, ...).
        labels: ways of counting the outcome; the first is that of the headline.
        decisions: rules or cut-offs for the decision; the first is that of the headline.
        exclusions: conditions on rows that are left out or kept; a row of which it is not known is kept.
        arms: conditions on the cases that are looked at, one at a time.
        references: whom groups are compared with, one at a time: largest, overall, rest, best-off, or a group as
            race=White.
        missing_outcomes: what a missing outcome counts as, one at a time, where any is missing.
        missing_decisions: what a missing decision counts as, one at a time, where any is missing.
        comparison: difference or ratio.
        independent: that each row is a person of its own; without it, and without a person, there are no intervals.
        favourable: whether the decision is good for the person (yes) or bad (no).
        level: confidence level of the intervals.
        interval: how the interval of a specification is made; auto takes the bootstrap where counts are large,
            otherwise score intervals.
        replicates: resamples of the bootstrap, and tables with shuffled groups.

    Raises:
        NotIdentified: one group only; a rate without its rule for the outcome or the decision; best-off without
            `favourable`.
        ParameterError: one specification only, or more than 2,000; an unknown metric, group or reference.

    Source: Simonsohn, Simmons & Nelson 2020, Nature Human Behaviour 4 (specification curve and its joint test);
        Steegen, Tuerlinckx, Gelman & Vanpaemel 2016, Perspect. Psychol. Sci. 11 (multiverse of choices).
    """
    from answerable.areas.decisions.measures.common.cells import count_cells
    from answerable.areas.decisions.measures.common.estimates import Settings
    from answerable.areas.decisions.measures.common.specification_curve import (
        curve_estimates,
        curve_series,
        curves_of,
    )
    from answerable.areas.decisions.measures.common.specifications import Counting, Rules, check_references
    from answerable.core.estimate import Answer, Coverage

    check_settings(level, replicates)
    if not groups:
        raise ParameterError("decisions.sensitivity needs groups: the columns whose values are the groups to compare.")
    check_references(references, groups)
    chosen = _metric(metric, labels, decisions)
    labels, decisions = labels if chosen.needs_outcome else (), decisions if chosen.needs_decision else ()
    rules = Rules(*map(tuple, (labels, decisions, exclusions, arms, references, missing_outcomes, missing_decisions)))
    if twice := sorted({name for name in rules.columns if rules.columns.count(name) > 1}):
        raise ParameterError(f"{twice[0]!r} stands twice among the rules: each is one way of counting.")
    cells = count_cells(specified, [*groups, *rules.columns], independent=independent)
    counting = Counting(cells, chosen, rules, favourable)
    settings = Settings(favourable, level, interval, replicates)
    curves = [curve for column in groups for curve in curves_of(counting, column, comparison, settings)]
    looked_at = {"rows": cells.rows} if cells.people is None else {"rows": cells.rows, "people": cells.people}
    looked_at |= {"combinations of choices": len(counting.lines)}
    looked_at |= {"distinct specifications of one group at most": max(curve.number for curve in curves)}
    left = sum(curve.left for curve in curves)
    empty = {"specifications": f"{left:,} count nobody in one of the two groups"} if left else {}
    return Answer(
        estimates=tuple(one for curve in curves for one in curve_estimates(curve)),
        coverage=Coverage(looked_at=looked_at, missing={**cells.missing, **empty}, complete=not cells.missing),
        limits=(*_LIMITS, *LIMITS, WITH_OUTCOME) if labels else (*_LIMITS, *LIMITS),
        series=tuple(curve_series(curve) for curve in curves if curve.estimates[0].value is not None),
    )


def _metric(name: str, labels: Sequence[str], decisions: Sequence[str]) -> Metric:
    """The metric of that name, where the rules that it needs are given.

    Raises:
        NotIdentified: they are not. ParameterError: there is no such metric.
    """
    from answerable.areas.decisions.measures.common.estimands import metric_of
    from answerable.errors import NotIdentified

    chosen = metric_of(name)
    lacking = {"--labels": chosen.needs_outcome and not labels, "--decisions": chosen.needs_decision and not decisions}
    if words := [word for word, without in lacking.items() if without]:
        raise NotIdentified(
            f"The {chosen.label} cannot be computed.", missing=f"one rule or several, with {' and '.join(words)}."
        )
    return chosen
