"""Disparity: how much more or less often each group meets the decision than a reference group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from answerable.areas.decisions.measures.common.answers import RIGHTS, answer_of, check_settings, counted
from answerable.areas.decisions.tables import DECISIONS
from answerable.core.method import method
from answerable.errors import ParameterError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Answer


@method(
    "decisions.disparity",
    reads=[DECISIONS],
    source="Newcombe 1998, Statist. Med. 17; Donner & Zou 2012, Stat. Methods Med. Res. 21; Efron & Tibshirani 1993",
    rights=(*RIGHTS, "us-four-fifths"),
)
def disparity(
    decisions: ir.Table,
    *,
    groups: Sequence[str],
    reference: Literal["largest", "best-off", "overall", "rest"] | Mapping[str, str] = "largest",
    metrics: Sequence[str] | None = None,
    comparisons: Sequence[Literal["difference", "ratio"]] = ("difference", "ratio"),
    intersections: bool = True,
    bands: Sequence[float] | None = None,
    independent: bool = False,
    favourable: bool | None = None,
    level: float = 0.95,
    interval: Literal["auto", "bootstrap", "wilson", "exact"] = "auto",
    replicates: int = 10_000,
) -> Answer:
    """How much more or less often each group meets the decision, the outcome and each error than a reference group.

    Estimates differences of proportions and ratios of proportions, each group against its reference.

    Args:
        decisions: the table of decisions, one row each.
        groups: columns whose values are the groups to compare.
        reference: the group compared with: chosen (race=White), the largest, the best-off, overall (everybody), or
            the rest.
        metrics: which rates (selection_rate, base_rate, true_positive_rate, ... or TPR, FPR, ...); all usual ones by
            default.
        comparisons: difference, ratio, or both.
        intersections: whether combinations of several columns are groups too.
        bands: rising edges of bands of the score, within which calibration is compared.
        independent: that each row is a person of its own; without it, and without a person, there are no intervals.
        favourable: whether the decision is good for the person (yes) or bad (no).
        level: confidence level of the intervals.
        interval: how intervals are made; auto takes the bootstrap where counts are large, otherwise score intervals.
        replicates: resamples of the bootstrap.

    Raises:
        NotIdentified: one group only; best-off without `favourable`; a metric without its column; more than 1,000
            groups.
        ParameterError: an unknown metric, group or reference; a level outside 0.5 to 0.9999.

    Source: Newcombe 1998, Statist. Med. 17 (differences); Donner & Zou 2012, Stat. Methods Med. Res. 21 (ratios);
        Efron & Tibshirani 1993, An Introduction to the Bootstrap, ch. 13.
    """
    from answerable.areas.decisions.measures.common.estimands import Marks, breakdowns, choose_metrics
    from answerable.areas.decisions.measures.common.estimates import Settings, contrast_estimates
    from answerable.areas.decisions.measures.common.reference import check_reference, pairs

    check_settings(level, replicates)
    if not groups:
        raise ParameterError("decisions.disparity needs groups: the columns whose values are the groups to compare.")
    check_reference(reference, groups)
    cells = counted(decisions, groups, bands, independent)
    chosen = choose_metrics(metrics, cells, decisions.columns)
    marks = Marks(cells)
    found = [
        pair
        for columns in breakdowns(groups, intersections)
        for pair in pairs(marks, chosen, columns, reference, favourable)
    ]
    settings = Settings(favourable, level, interval, replicates)
    by_kind = [contrast_estimates(cells, found, kind, settings) for kind in comparisons]
    return answer_of(cells, [one for ones in zip(*by_kind, strict=True) for one in ones], decisions.columns)
