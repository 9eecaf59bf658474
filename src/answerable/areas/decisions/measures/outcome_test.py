"""Outcome test: whether searches of one group find something less often than searches of another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from answerable.areas.decisions.measures.common.answers import RIGHTS, check_settings
from answerable.areas.decisions.tables import DECISIONS
from answerable.core.method import method
from answerable.errors import NotIdentified, ParameterError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.areas.decisions.measures.common.cells import Cells
    from answerable.areas.decisions.measures.common.estimands import Estimand, Marks
    from answerable.areas.decisions.measures.common.estimates import Kind, Settings
    from answerable.areas.decisions.measures.common.metrics import Metric
    from answerable.core.estimate import Answer, Estimate
    from answerable.statistics.design import Integers

STRATUM = "stratum"
LIMITS = (
    "A lower hit rate is a sign of a lower bar, not proof of it: where groups differ in how risk is spread, equal bars "
    "give unequal hit rates, and unequal bars can give equal ones (infra-marginality).",
    "Equal hit rates do not show equal treatment.",
    "It looks only at people about whom the decision was taken: who was stopped, and why, it does not show.",
    "A hit is what was recorded as found: if one group's hits are recorded more readily, the rates repeat that.",
)


@method(
    "decisions.outcome_test",
    reads=[DECISIONS],
    source="Becker 1957, The Economics of Discrimination; Knowles, Persico & Todd 2001, J. Polit. Econ. 109; "
    "Gaebler & Goel 2025, PNAS 122",
    rights=RIGHTS,
)
def outcome_test(
    decisions: ir.Table,
    *,
    groups: Sequence[str],
    reference: Literal["largest"] | Mapping[str, str] = "largest",
    intersections: bool = False,
    independent: bool = False,
    favourable: bool | None = None,
    level: float = 0.95,
    interval: Literal["auto", "bootstrap", "wilson", "exact"] = "auto",
    replicates: int = 10_000,
) -> Answer:
    """Whether the decision hits its mark less often in one group than in another, overall and within places.

    Estimates hit rates (the share with the outcome among those decided, as weapons found among people searched), from
    0 to 1, and their differences and ratios to a reference group; where a stratum (place) is named, also those within
    strata, pooled by Mantel and Haenszel. Selection rates stand beside them, because hit rates alone can mislead.

    Args:
        decisions: the table of decisions, one row each, with the decision and its outcome.
        groups: columns whose values are the groups to compare.
        reference: the group compared with: chosen (race=White), or the largest.
        intersections: whether combinations of several columns are groups too.
        independent: that each row is a person of its own; without it, and without a person, there are no intervals.
        favourable: whether the decision is good for the person (yes) or bad (no).
        level: confidence level of the intervals.
        interval: how intervals of rates are made; auto takes the bootstrap where counts are large, otherwise score
            intervals.
        replicates: resamples of the bootstrap.

    Raises:
        NotIdentified: no decision or no outcome is mapped; one group only; more than 1,000 groups or strata.
        ParameterError: an unknown group or reference; a level outside 0.5 to 0.9999.

    Source: Becker 1957, The Economics of Discrimination, Chicago; Knowles, Persico & Todd 2001, J. Polit. Econ. 109;
        infra-marginality: Simoiu, Corbett-Davies & Goel 2017, Ann. Appl. Stat. 11; reading hit and selection rates
        together: Gaebler & Goel 2025, PNAS 122; pooling: Greenland & Robins 1985, Biometrics 41.
    """
    from answerable.areas.decisions.measures.common.cells import count_cells
    from answerable.areas.decisions.measures.common.estimands import Marks, breakdowns, groups_of
    from answerable.areas.decisions.measures.common.estimates import Settings, contrast_estimates, rate_estimates
    from answerable.areas.decisions.measures.common.reference import check_reference, pairs

    check_settings(level, replicates)
    if not groups:
        raise ParameterError("decisions.outcome_test needs groups: the columns whose values are the groups to compare.")
    check_reference(reference, groups)
    _check_columns(decisions)
    within = [STRATUM] if STRATUM in decisions.columns else []
    cells = count_cells(decisions, [*groups, *within], independent=independent)
    marks, chosen = Marks(cells), _metrics()
    parts = breakdowns(groups, intersections)
    every = [{}, *(of for columns in parts for of in groups_of(cells, columns))]
    settings = Settings(favourable, level, interval, replicates)
    estimates = rate_estimates(
        cells, [one for of in every for one in marks.estimands(chosen, of, marks.group(of))], settings
    )
    found = [pair for columns in parts for pair in pairs(marks, chosen, columns, reference, favourable)]
    hits = [pair for pair in found if pair[0].metric.name == chosen[0].name]
    kinds: tuple[Kind, ...] = ("difference", "ratio")
    for kind in kinds:
        estimates += contrast_estimates(cells, hits, kind, settings)
    if within:
        strata = _strata(cells)
        estimates += [_within(cells, pair, strata, kind, settings) for pair in hits for kind in kinds]
    return _answer(cells, marks, estimates, found, bool(within))


def _check_columns(decisions: ir.Table) -> None:
    needed = {"decided": "who was searched (--decided COLUMN=VALUE)", "outcome": "what was found (--outcome ...)"}
    for name, words in needed.items():
        if name not in decisions.columns:
            raise NotIdentified("The outcome test cannot be made.", missing=f"a column that says {words}.")


def _metrics() -> list[Metric]:
    from dataclasses import replace

    from answerable.areas.decisions.measures.common.metrics import METRICS

    hit_rate = replace(
        METRICS["positive_predictive_value"], name="hit_rate", label="hit rate (with the outcome, of those decided)"
    )
    return [hit_rate, METRICS["selection_rate"]]


def _strata(cells: Cells) -> Integers:
    """The number of each cell's stratum; -1 where it is missing."""
    import numpy as np

    from answerable.areas.decisions.measures.common.metrics import MISSING

    names = [name for (name,) in cells.groups([STRATUM]) if name != MISSING]
    number = {name: place for place, name in enumerate(names)}
    place = cells.columns.index(STRATUM)
    return np.array([number.get(group[place], -1) for group, _ in cells.keys], dtype=np.int64)


def _within(
    cells: Cells,
    pair: tuple[Estimand, Estimand],
    strata: Integers,
    kind: Kind,
    settings: Settings,
) -> Estimate:
    """One hit rate against its reference, within strata."""
    import numpy as np

    from answerable.areas.decisions.measures.common.estimates import NULLS, UNITS, UNSAID
    from answerable.core.curve import ladder
    from answerable.core.estimate import Estimate
    from answerable.statistics.design import Design
    from answerable.statistics.within_strata import pooled

    of, against = pair
    totals = np.array(cells.totals)
    design = cells.design or Design.weighted(cells.counts, totals, totals)
    made = pooled(
        design, (of.above, against.above), (of.below, against.below), strata, kind=kind, levels=ladder(settings.level)
    )
    counts = np.array(cells.counts)
    (n, events), reference = (
        (int(counts[one.below & made.used].sum()), int(counts[one.above & made.used].sum())) for one in pair
    )
    known = cells.design is not None
    units = min(int(design.units((one.below & made.used)[None, :])[0]) for one in pair)
    return Estimate(
        name=f"hit_rate_{kind}_within_strata",
        label=f"hit rate within the same stratum ({made.strata} strata that hold both)",
        of=of.of,
        against=against.of,
        unit=UNITS[kind],
        null=NULLS[kind],
        level=settings.level,
        value=made.value,
        n=n,
        events=events,
        counts=reference,
        units=units if known else None,
        curve=made.curve if known else (),
        interval="normal, variance by leaving out one row of each cell" if made.curve and known else "",
        reason=made.reason if known or made.value is None else UNSAID,
    )


def _answer(
    cells: Cells, marks: Marks, estimates: Sequence[Estimate], found: Sequence[tuple[Estimand, Estimand]], within: bool
) -> Answer:
    """The answer, with what hit rates and selection rates say when they are read together."""
    from answerable.areas.decisions.measures.common.answers import answer_of
    from answerable.areas.decisions.measures.common.metrics import MISSING
    from answerable.core.estimate import Answer, Coverage

    made = answer_of(cells, estimates, ["outcome"])
    missing = dict(made.coverage.missing)
    if within:
        nowhere = int(marks.counts[marks.group({STRATUM: MISSING})].sum())
        if nowhere:
            missing[STRATUM] = f"{nowhere:,} rows name no stratum; they are left out of comparisons within strata"
    return Answer(
        estimates=made.estimates,
        coverage=Coverage(looked_at=made.coverage.looked_at, missing=missing, complete=not missing),
        limits=(*made.limits, *LIMITS, *_together(marks, found)),
    )


def _together(marks: Marks, found: Sequence[tuple[Estimand, Estimand]]) -> list[str]:
    """Which groups differ in hit rate and in selection rate in opposite directions, and which in the same."""
    from answerable.core.words import group_text

    sides: dict[tuple[str, str], dict[str, bool]] = {}
    for of, against in found:
        one, other = marks.rate(of), marks.rate(against)
        if one is not None and other is not None and one != other:
            sides.setdefault((group_text(of.of), group_text(against.of)), {})[of.metric.name] = one > other
    both = {pair: side for pair, side in sides.items() if len(side) == 2}
    apart = [pair for pair, side in both.items() if side["hit_rate"] != side["selection_rate"]]
    alike = [pair for pair, side in both.items() if side["hit_rate"] == side["selection_rate"]]
    texts = []
    if apart:
        texts.append(
            "By the values alone, one of each pair meets the decision more often and with fewer hits, which a "
            f"difference in risk hardly explains: {_listed(apart)}."
        )
    if alike:
        texts.append(
            "By the values alone, one of each pair has both the higher selection rate and the higher hit rate, which a "
            f"difference in risk would explain too, so hit rates cannot tell the bars apart: {_listed(alike)}."
        )
    return texts


def _listed(pairs: Sequence[tuple[str, str]]) -> str:
    shown = [f"{of} and {against}" for of, against in pairs[:5]]
    return "; ".join(shown) + (f"; and {len(pairs) - 5} more" if len(pairs) > 5 else "")
