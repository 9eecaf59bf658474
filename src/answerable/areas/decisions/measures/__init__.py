"""Methods on decisions. Each is a function; `answerable methods` lists them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from answerable.areas.decisions.tables import DECISIONS
from answerable.core.estimate import Answer, Coverage, Estimate
from answerable.core.method import method
from answerable.errors import ParameterError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.areas.decisions.measures.cells import Cells

RIGHTS = (
    "udhr-2", "udhr-7", "iccpr-26", "icescr-2", "cerd-5", "cedaw-2", "crpd-5", "crc-2", "eu-charter-21", "gdpr-22",
    "eu-ai-act-10", "eu-ai-act-26", "eu-ai-act-27",
)  # fmt: skip
LIMITS = (
    "A difference between groups is not by itself discrimination: it does not say why the groups differ.",
    "The numbers hold for the decisions in the exhibit; whom it leaves out, they do not show.",
)
WITH_OUTCOME = (
    "Where the recorded outcome is itself made by people or depends on the decision, rates of error repeat its faults."
)


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
    from answerable.areas.decisions.measures.estimands import Marks, breakdowns, choose_metrics, groups_of
    from answerable.areas.decisions.measures.estimates import Settings, rate_estimates

    _check(level, replicates)
    cells = _cells(decisions, groups, bands, independent)
    chosen = choose_metrics(metrics, cells, decisions.columns)
    marks = Marks(cells)
    every = [{}, *(of for columns in breakdowns(groups, intersections) for of in groups_of(cells, columns))]
    estimands = [one for of in every for one in marks.estimands(chosen, of, marks.group(of))]
    estimates = rate_estimates(cells, estimands, Settings(favourable, level, interval, replicates))
    return _answer(cells, estimates, decisions.columns)


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
    from answerable.areas.decisions.measures.estimands import Marks, breakdowns, choose_metrics
    from answerable.areas.decisions.measures.estimates import Settings, contrast_estimates
    from answerable.areas.decisions.measures.reference import check_reference, pairs

    _check(level, replicates)
    if not groups:
        raise ParameterError("decisions.disparity needs groups: the columns whose values are the groups to compare.")
    check_reference(reference, groups)
    cells = _cells(decisions, groups, bands, independent)
    chosen = choose_metrics(metrics, cells, decisions.columns)
    marks = Marks(cells)
    found = [
        pair
        for columns in breakdowns(groups, intersections)
        for pair in pairs(marks, chosen, columns, reference, favourable)
    ]
    settings = Settings(favourable, level, interval, replicates)
    by_kind = [contrast_estimates(cells, found, kind, settings) for kind in comparisons]
    return _answer(cells, [one for ones in zip(*by_kind, strict=True) for one in ones], decisions.columns)


def _check(level: float, replicates: int) -> None:
    if not 0.5 <= level <= 0.9999:
        raise ParameterError(f"level takes a confidence level from 0.5 to 0.9999, as 0.95; not {level:g}.")
    if not 1000 <= replicates <= 1_000_000:
        raise ParameterError(f"replicates takes a number from 1,000 to 1,000,000; not {replicates:,}.")


def _cells(decisions: ir.Table, groups: Sequence[str], bands: Sequence[float] | None, independent: bool) -> Cells:
    from answerable.areas.decisions.measures.cells import count_cells
    from answerable.areas.decisions.measures.estimands import BAND, with_bands

    columns = [*groups, BAND] if bands is not None else list(groups)
    return count_cells(with_bands(decisions, bands), columns, independent=independent)


def _answer(cells: Cells, estimates: Sequence[Estimate], known: Sequence[str]) -> Answer:
    looked_at = {"rows": cells.rows} if cells.people is None else {"rows": cells.rows, "people": cells.people}
    return Answer(
        estimates=tuple(estimates),
        coverage=Coverage(looked_at=looked_at, missing=cells.missing, complete=not cells.missing),
        limits=(*LIMITS, WITH_OUTCOME) if "outcome" in known else LIMITS,
    )
