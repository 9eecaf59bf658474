"""Conditional disparity: how much more or less often a group meets the decision than a reference, among like cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from answerable.areas.decisions.measures.common.answers import RIGHTS, check_settings
from answerable.areas.decisions.tables import DECISIONS
from answerable.core.method import method

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Answer


@method(
    "decisions.conditional",
    reads=[DECISIONS],
    source="Mantel & Haenszel 1959, J. Natl. Cancer Inst. 22; Kitagawa 1955, J. Amer. Statist. Assoc. 50; Oaxaca 1973, "
    "Int. Econ. Rev. 14; VanderWeele & Ding 2017, Ann. Intern. Med. 167",
    rights=RIGHTS,
)
def conditional(
    decisions: ir.Table,
    *,
    groups: Sequence[str],
    controls: Sequence[str] = (),
    covariates: Sequence[str] = (),
    reference: Literal["largest", "best-off", "rest"] | Mapping[str, str] = "largest",
    metrics: Sequence[str] = ("selection_rate",),
    approaches: Sequence[Literal["mantel-haenszel", "standardised", "decomposition", "regression"]] | None = None,
    standard: Literal["everybody", "reference"] = "everybody",
    valued_by: Literal["average", "reference", "group", "pooled", "threefold"] = "average",
    overlap: Literal["restrict", "refuse"] = "restrict",
    every_term: bool = False,
    intersections: bool = False,
    independent: bool = False,
    favourable: bool | None = None,
    level: float = 0.95,
) -> Answer:
    """How much more or less often each group meets the decision than a reference group, among cases that are alike.

    Estimates Mantel-Haenszel odds ratios, ratios and differences over strata; standardised rates; the parts of a gap
    that a different mix of cases explains and does not; odds ratios and average marginal effects of a regression; and
    how strong an unmeasured cause would have to be to explain the result away.

    Args:
        decisions: the table of decisions, one row each.
        groups: columns whose values are the groups to compare.
        controls: columns that cases must share to be alike; together with the stratum all their combinations are
            strata, and the regression holds each constant.
        covariates: columns of numbers that the regression holds constant.
        reference: the group compared with: chosen (race=White), the largest, the best-off, or the rest.
        metrics: which rates (selection_rate, base_rate, true_positive_rate, ... or TPR, FPR, ...); the selection rate
            by default.
        approaches: mantel-haenszel, standardised, decomposition, regression; the first three by default where there
            are strata, and the regression where there are covariates.
        standard: whose mix of cases the standardised rates have.
        valued_by: whose rates the decomposition values a different mix of cases by; threefold keeps the interaction
            apart.
        overlap: what becomes of cases without any like them in the other group: left out of standardised rates and a
            part of their own in the decomposition (restrict), or a reason for no answer (refuse).
        every_term: whether the regression's coefficient of everything held constant is told too.
        intersections: whether combinations of several columns are groups too.
        independent: that each row is a person of its own; without it, and without a person, there are no intervals.
        favourable: whether the decision is good for the person (yes) or bad (no).
        level: confidence level of the intervals.

    Raises:
        NotIdentified: nothing is held constant; one group only; best-off without `favourable`; a metric without its
            column; too many different cases to be alike.
        ParameterError: an unknown metric, group, control or reference; a column that is both compared and held
            constant; a level outside 0.5 to 0.9999.

    Source: Mantel & Haenszel 1959, J. Natl. Cancer Inst. 22; Robins, Breslow & Greenland 1986, Biometrics 42; Kitagawa
        1955, J. Amer. Statist. Assoc. 50; Oaxaca 1973, Int. Econ. Rev. 14; Blinder 1973, J. Hum. Resour. 8; Jann 2008,
        Stata J. 8; Keiding & Clayton 2014, Statist. Sci. 29; VanderWeele & Ding 2017, Ann. Intern. Med. 167.
    """
    from answerable.areas.decisions.measures.conditional.answer import Asked, conditional_answer

    check_settings(level)
    asked = Asked(
        groups=tuple(groups),
        controls=tuple(controls),
        covariates=tuple(covariates),
        reference=reference,
        metrics=tuple(metrics),
        approaches=approaches,
        standard=standard,
        valued_by=valued_by,
        overlap=overlap,
        every_term=every_term,
        intersections=intersections,
        independent=independent,
        favourable=favourable,
        level=level,
    )
    return conditional_answer(decisions, asked)
