"""Suppressed cells: what a published table with hidden counts still tells, and what it cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from answerable.areas.decisions.measures.common.answers import LIMITS, RIGHTS, WITH_OUTCOME, check_settings
from answerable.areas.decisions.tables import CELLS
from answerable.core.method import method
from answerable.errors import NotIdentified, ParameterError, nearest

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.areas.decisions.measures.common.completed import Completed
    from answerable.core.estimate import Answer, Estimate

_MIDDLE = (
    "A hidden count is not 0: where one is needed, the value told is the middle between the lowest and the highest "
    "that the rate or comparison can be, and only these bounds are evidence."
)
_RULE = "The bounds hold if counts were hidden by the rule that the question states."
_RULE_AND_TOTALS = f"{_RULE[:-1]}, and if the totals that it names are of the same people."
_UNION = (
    "An interval reaches from the lower limit at the lower bound to the upper limit at the upper bound: it holds "
    "whatever is hidden, and is rather too wide."
)


@method(
    "decisions.suppressed",
    reads=[CELLS],
    source="Dinkelbach 1967, Management Science 13; Imbens & Manski 2004, Econometrica 72; Wilson 1927; Newcombe 1998",
    rights=RIGHTS,
)
def suppressed(
    cells: ir.Table,
    *,
    groups: Sequence[str] = (),
    controls: Sequence[str] = (),
    smallest_shown: int = 10,
    zeros: bool = True,
    further: Literal["none", "second lowest", "any"] = "any",
    largest_hidden: int | None = None,
    totals: Sequence[str] = (),
    margins: bool = False,
    divides: str = "",
    same_people: str = "",
    reference: Literal["largest", "overall", "rest"] | Mapping[str, str] = "largest",
    metrics: Sequence[str] | None = None,
    comparisons: Sequence[Literal["difference", "ratio"]] = ("difference", "ratio"),
    intersections: bool = False,
    independent: bool = False,
    whole: bool = False,
    favourable: bool | None = None,
    level: float = 0.95,
) -> Answer:
    """What rates, differences and ratios can be where a published table hides some of its counts.

    Estimates proportions, differences of proportions and ratios: exactly where nothing that they need is hidden,
    otherwise by the lowest and the highest value that any way to fill in the hidden counts gives.

    Args:
        cells: the table of counts, one row for each cell.
        groups: columns whose values are the groups to compare.
        controls: columns that name the table a cell belongs to (year, office, model), each table apart.
        smallest_shown: the smallest count from 1 that the table shows; smaller ones are hidden.
        zeros: whether a hidden count may also be 0; no where the table shows its zeros.
        further: which counts are hidden to protect others: none; in a row (the cells of one group) where one only is
            small, also the second lowest, with what ties with it; or any.
        largest_hidden: the largest that a hidden count can be, where that is known.
        totals: values of the groups' columns that mark rows of totals (Total, All).
        margins: that a row without decision, outcome or both is a total over what it lacks.
        divides: the control whose values divide the same people in different ways (by sex, by age), so that the totals
            are the same.
        same_people: the control whose values are systems that decide about the same people, so that as many have the
            outcome.
        reference: the group compared with: chosen (race=White), the largest, overall (everybody), or the rest.
        metrics: which rates (selection_rate, false_discovery_rate, false_positive_share, ... or FPR, FDR, ...); all
            usual ones by default.
        comparisons: difference, ratio, or both.
        intersections: whether combinations of several columns are groups too.
        independent: that each counted decision is a person of its own who stands for others: adds sampling error.
        whole: that the table is everybody there was: no sampling error.
        favourable: whether the decision is good for the person (yes) or bad (no).
        level: confidence level of the intervals.

    Raises:
        NotIdentified: neither decision nor outcome is mapped; a group is the total of the others and nobody said so;
            totals, counts and the rule of hiding contradict each other.
        ParameterError: a column, metric or group that there is not; a count is shown that the rule would hide.

    Source: Dinkelbach 1967, Management Science 13 (extremes of fractions); Imbens & Manski 2004, Econometrica 72
        (intervals for bounded estimands, here the conservative union); Wilson 1927 and Newcombe 1998 at each bound.
    """
    from answerable.areas.decisions.measures.common.bounded import Asked, bounded_estimates, chosen_metrics
    from answerable.areas.decisions.measures.common.completed import Hiding, completed
    from answerable.areas.decisions.measures.common.reference import check_reference

    check_settings(level)
    check_reference(reference, groups)
    _check(cells, controls, smallest_shown, largest_hidden, {"divides": divides, "same_people": same_people})
    if independent and whole:
        raise ParameterError(
            "Either the people stand for others (independent) or they are everybody (whole), not both."
        )
    hiding = Hiding(
        smallest_shown=smallest_shown,
        zeros=zeros,
        further=further,
        largest=largest_hidden,
        totals=totals,
        margins=margins,
        divides=divides,
        same_people=same_people,
    )
    filled = completed(cells, groups, controls, hiding)
    chosen = chosen_metrics(metrics, filled.tables()[0][1], cells.columns)
    asked = Asked(chosen, reference, comparisons, intersections, independent, whole, favourable, level)
    return _answer(filled, asked.whole, bounded_estimates(filled, asked), cells.columns)


def _check(
    cells: ir.Table, controls: Sequence[str], smallest: int, largest: int | None, named: Mapping[str, str]
) -> None:
    if not {"decided", "outcome"} & set(cells.columns):
        raise NotIdentified(
            "Counts alone are no rates.",
            missing="which cells count the decided (--decided) or the outcome (--outcome).",
        )
    if smallest < 1 or (largest is not None and largest < 0):
        raise ParameterError("smallest_shown takes a count from 1, and largest_hidden one from 0.")
    for word, control in named.items():
        if control and control not in controls:
            raise ParameterError(f"{word} takes one of the controls, not {control!r}. {nearest(control, controls)}")


def _answer(filled: Completed, whole: bool, estimates: Sequence[Estimate], known: Sequence[str]) -> Answer:
    from answerable.core.estimate import Answer, Coverage
    from answerable.core.words import count_text

    hidden = sum(cell.hidden for cell in filled.cells.values())
    ranges = [filled.range_of(key) for key in filled.variables]
    recovered = sum(low == high for low, high in ranges)
    missing = {}
    if hidden:
        are = "is" if hidden == 1 else "are"
        exactly = f"; {recovered:,} of {hidden:,} can be worked out exactly from what is shown" if recovered else ""
        missing["count"] = f"{count_text(hidden, 'count')} {are} hidden{exactly}"
    if filled.left_out:
        missing["decided, outcome"] = f"{filled.left_out:,} counted decisions lack one of them"
    looked_at = {"cells": len(filled.cells), "hidden counts": hidden}
    limits = [*LIMITS, WITH_OUTCOME] if "outcome" in known else [*LIMITS]
    if hidden:
        limits += [_MIDDLE, _RULE_AND_TOTALS if filled.totals or filled.hiding.divides else _RULE]
    if hidden and not whole:
        limits.append(_UNION)
    if recovered:
        limits.append("Hidden counts that follow exactly from what is shown protect nobody; do not publish them.")
    return Answer(
        estimates=tuple(estimates),
        coverage=Coverage(looked_at=looked_at, missing=missing, complete=not missing),
        limits=tuple(limits),
    )
