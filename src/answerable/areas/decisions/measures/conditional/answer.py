"""From the question to the answer: what is held constant, who is compared, by which approaches, with which limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from answerable.areas.decisions.measures.common.answers import answer_of
from answerable.areas.decisions.measures.common.cells import Cells, count_cells
from answerable.areas.decisions.measures.common.estimands import Marks, breakdowns, choose_metrics
from answerable.areas.decisions.measures.common.reference import Pair, Reference, check_reference, pairs
from answerable.areas.decisions.measures.conditional.compared import Compared
from answerable.areas.decisions.measures.conditional.drawn import rates_by_stratum
from answerable.areas.decisions.measures.conditional.held import Held, hold, list_text
from answerable.areas.decisions.measures.conditional.regressed import regressed
from answerable.errors import NotIdentified, ParameterError
from answerable.statistics.design import Design
from answerable.statistics.stratified import Strata

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Answer, Estimate

UNMEASURED = (
    "What is not recorded is not held constant: an E-value says how strong an unrecorded cause would have to be, not "
    "whether there is one."
)
ODDS = (
    "Odds ratios exaggerate ratios where the event is common, and they change when anything that matters for the "
    "decision is held constant, even where it does not differ between the groups; ratios and differences do not."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The parameters of the question; the method says what each means."""

    groups: tuple[str, ...]
    controls: tuple[str, ...]
    covariates: tuple[str, ...]
    reference: Reference
    metrics: tuple[str, ...]
    approaches: Sequence[str] | None
    standard: str
    valued_by: str
    overlap: str
    every_term: bool
    intersections: bool
    independent: bool
    favourable: bool | None
    level: float


def conditional_answer(decisions: ir.Table, asked: Asked) -> Answer:
    """The answer to the question.

    Raises:
        NotIdentified, ParameterError: as the method says.
    """
    if not asked.groups:
        raise ParameterError("decisions.conditional needs groups: the columns whose values are the groups to compare.")
    if not asked.metrics:
        raise ParameterError("metrics names no rate; leave it out for the selection rate.")
    check_reference(asked.reference, asked.groups)
    held = hold(decisions, asked.groups, asked.controls, asked.covariates)
    approaches = _approaches(asked, held)
    cells = count_cells(held.rows, [*asked.groups, *held.columns, *held.covariates], independent=asked.independent)
    cells = replace(cells, missing={**cells.missing, **held.missing})
    marks = Marks(cells)
    found = _pairs(cells, marks, decisions.columns, asked)
    compared, names = _compared(cells, marks, found, held, asked)
    estimates: list[Estimate] = []
    for one in compared:
        if set(approaches) != {"regression"}:
            estimates.append(one.share_with_counterpart())
        if "decomposition" in approaches:
            estimates += one.decomposition(asked.valued_by, asked.overlap)
        if "mantel-haenszel" in approaches:
            estimates += one.mantel_haenszel()
        if "standardised" in approaches:
            estimates += one.standardised(asked.standard, asked.overlap)
    if "regression" in approaches:
        estimates += regressed(cells, found, held, asked)
    made = answer_of(cells, estimates, decisions.columns)
    stratified = set(approaches) != {"regression"}
    alone = dict(one.alone() for one in compared if stratified and one.apart)
    coverage = replace(made.coverage, missing={**made.coverage.missing, **alone})
    differing = _differing(compared) if "mantel-haenszel" in approaches else []
    odds = [ODDS] if {"mantel-haenszel", "regression"} & set(approaches) else []
    limits = (*made.limits, _bad_controls(held), UNMEASURED, *odds, *differing)
    return replace(made, coverage=coverage, limits=limits, series=rates_by_stratum(compared, names))


def _approaches(asked: Asked, held: Held) -> Sequence[str]:
    """The approaches that were asked for, or those that what is held constant permits.

    Raises:
        NotIdentified: an approach by strata without any. ParameterError: covariates that nothing would hold constant.
    """
    if asked.approaches is None:
        by_strata = ("mantel-haenszel", "standardised", "decomposition") if held.columns else ()
        return (*by_strata, *(("regression",) if held.covariates else ()))
    chosen = tuple(dict.fromkeys(asked.approaches))
    if not chosen:
        raise ParameterError("approaches names none; leave it out for the usual ones.")
    if not held.columns and set(chosen) != {"regression"}:
        raise NotIdentified(
            f"{list_text(sorted(set(chosen) - {'regression'}))} compare cases within strata, and there are none.",
            missing="categories that like cases share (--controls COLUMN or --stratum COLUMN).",
        )
    if held.covariates and "regression" not in chosen:
        raise ParameterError(
            "Only the regression holds covariates constant: add regression to approaches, or cut the numbers into "
            "categories (--controls priors>=3)."
        )
    return chosen


def _pairs(cells: Cells, marks: Marks, known: Sequence[str], asked: Asked) -> list[Pair]:
    chosen = choose_metrics(asked.metrics, cells, known)
    return [
        pair
        for columns in breakdowns(asked.groups, asked.intersections)
        for pair in pairs(marks, chosen, columns, asked.reference, asked.favourable)
    ]


def _compared(
    cells: Cells, marks: Marks, found: Sequence[Pair], held: Held, asked: Asked
) -> tuple[list[Compared], list[str]]:
    """Each group with its reference, by strata; and the strata in words, in their order."""
    places = [cells.columns.index(column) for column in held.columns]
    keys = [tuple(group[place] for place in places) for group, _ in cells.keys]
    strata = {key: place for place, key in enumerate(sorted(set(keys), key=_natural))}
    stratum = np.array([strata[key] for key in keys])
    # Without a design nobody said what is independent: values are told, and no interval.
    design = cells.design or Design.weighted(cells.counts, cells.totals, cells.totals)
    everybody = {
        one.metric.name: one
        for pair in found
        for one in marks.estimands([pair[0].metric], {}, marks.everybody())
        if pair[0].metric.name == one.metric.name
    }
    made = []
    for pair in found:
        standard = pair[1] if asked.standard == "reference" else everybody[pair[0].metric.name]
        three = (*pair, standard)
        above, below = np.stack([one.above for one in three]), np.stack([one.below for one in three])
        by_strata = Strata(design, above, below, stratum, len(strata))
        made.append(
            Compared(pair, by_strata, held.strata_text, cells.design is not None, asked.favourable, asked.level)
        )
    return made, [", ".join(key) for key in strata]


def _natural(key: Sequence[str]) -> list[tuple[float, str]]:
    """Numbers among names in the order of their size, before the names."""
    return [(float(part), "") if part.isdecimal() else (float("inf"), part) for part in key]


def _differing(compared: Sequence[Compared]) -> list[str]:
    """One limit for each figure that strata do not share, with whom it is said of."""
    found: dict[str, list[str]] = {}
    for one in compared:
        for what, whom in one.differing():
            found.setdefault(what, []).append(whom)
    return [
        f"The {what} differ among strata for {list_text(whom)}: there the common figure is a mean that no stratum need "
        "show."
        for what, whom in found.items()
    ]


def _bad_controls(held: Held) -> str:
    return (
        f"What is held constant ({held.text}) may itself come of discrimination, as where people are stopped or what "
        "they are charged with: then the comparison of like cases leaves that part of it out."
    )
