"""Audit of a sample: what cases drawn at random say about all those that a system did not select."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from answerable.areas.decisions.measures.common.answers import LIMITS, RIGHTS, check_settings
from answerable.areas.decisions.tables import DECISIONS
from answerable.core.method import method
from answerable.errors import NotIdentified, ParameterError, nearest

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.areas.decisions.measures.common.audited import Audit
    from answerable.areas.decisions.measures.common.cells import Cells
    from answerable.core.estimate import Answer, Estimate

_STANDS_FOR = {
    "everybody": "The random sample stands for the whole population, also for the cases that the system selected: if "
    "it was drawn only from the rest, or not at random, every rate but the precision is wrong.",
    "unselected": "The random sample stands for all cases that the system did not select: if it was not drawn from "
    "them at random, every rate but the precision is wrong.",
}
_LIMITS = (
    "What counts as an outcome is what the mapping says. Where one arm was checked in another way than the other, or "
    "some results occur in one arm only, ask again with every rule that can be defended.",
    "The selected cases are taken as a sample of what the system would select: the intervals are about the system, not "
    "about these cases alone. How many it selects in all is taken as known.",
)
_UNKNOWN = "Cases without a recorded outcome are taken to be like the others of their group and sample."
_TOGETHER = "The two samples are resampled apart: a person who is in both counts as two."


@method(
    "decisions.audit_sample",
    reads=[DECISIONS],
    source="Lighthouse Reports & Svenska Dagbladet 2024, audit of Swedish parental benefit; Efron & Tibshirani 1993",
    rights=RIGHTS,
)
def audit_sample(
    decisions: ir.Table,
    *,
    random: Sequence[str],
    population: int,
    selected: Sequence[str] | None = None,
    selected_population: int | None = None,
    drawn_from: Literal["everybody", "unselected"] = "everybody",
    groups: Sequence[str] = (),
    reference: Literal["largest"] | Mapping[str, str] = "largest",
    metrics: Sequence[str] | None = None,
    comparisons: Sequence[Literal["difference", "ratio"]] = ("difference", "ratio"),
    intersections: bool = False,
    independent: bool = False,
    favourable: bool | None = None,
    level: float = 0.95,
    replicates: int = 10_000,
    whole_people: bool = False,
    published_seed: int | None = None,
) -> Answer:
    """How often a system that selects cases to be checked is wrong in each direction, told with a random sample.

    Estimates proportions of a population: the share of each group among the selected and in the random sample, and
    from both samples together the precision, the false positive and false negative rates, and the shares of right and
    wrong flags; then each group against a reference.

    Args:
        decisions: the table of checked cases, one row each, with the arm by which they came to be checked.
        random: values of the arm that is a random sample.
        population: number of cases in the population from which the system selected.
        selected: values of the arms that the system selected; all others than the random one by default.
        selected_population: how many cases of the population the system selected; by default all that are in the table.
        drawn_from: whom the random sample was drawn from: everybody, or only those whom the system did not select.
        groups: columns whose values are the groups to compare.
        reference: the group compared with: the largest of the random sample, or chosen (sex=M).
        metrics: which of base_rate, positive_predictive_value, selection_rate, false_positive_rate,
            false_negative_rate, true_positive_share, false_positive_share, false_negative_share, true_negative_share;
            all by default, and all but the true ones compared.
        comparisons: difference, ratio, or both.
        intersections: whether combinations of several columns are groups too.
        independent: that each row is a person of its own; without it, and without a person, there are no intervals.
        favourable: whether being selected is good for the person (yes) or bad (no).
        level: confidence level of the intervals.
        replicates: resamples of both samples.
        whole_people: whether the implied number of cases of a group is cut down to a whole one, as some publications
            do.
        published_seed: seed of a published run in Python that is to be drawn again, resample by resample, to the digit:
            whole tables of rows, in the order of the file (numbered), as pandas draws them; values are then means.

    Raises:
        NotIdentified: no arm or no outcome is mapped; there is no random sample, or nobody was selected; a published
            run is to be drawn again, but rows have no numbers.
        ParameterError: an arm, group or metric that there is not; a population smaller than what was selected of it; a
            published run that cannot have been drawn so.

    Source: Lighthouse Reports & Svenska Dagbladet 2024 (the design); Efron & Tibshirani 1993, An Introduction to the
        Bootstrap, ch. 8 (resampling of two samples).
    """
    from answerable.areas.decisions.measures.common.audited import Audit
    from answerable.areas.decisions.measures.common.cells import count_cells
    from answerable.areas.decisions.measures.common.estimands import breakdowns
    from answerable.areas.decisions.measures.common.estimates import Settings
    from answerable.areas.decisions.measures.common.redrawn import MEANS, Redrawn, check_published, in_order
    from answerable.statistics.two_samples import Whole

    check_settings(level, replicates)
    chosen, compared = _metrics(metrics)
    one, other, left_out = _arms(decisions, random, selected)
    chance, flagged = (count_cells(rows, groups, independent=independent) for rows in (other, one))
    size = sum(flagged.totals) if selected_population is None else float(selected_population)
    _check_sizes(population, size, chance.rows, flagged.rows if selected_population is not None else 0)
    columns = breakdowns(groups, intersections)
    every = [{}, *(of for names in columns for of in _groups((chance, flagged), names))]
    settings = Settings(favourable, level, "auto", replicates)
    whole = Whole(float(population), size, drawn_from == "unselected", whole_people)
    if published_seed is None:
        audit = Audit((flagged, chance), whole, every, settings)
    else:
        if selected_population is not None:
            raise ParameterError("published_seed draws the selected cases themselves: leave selected_population out.")
        check_published(decisions, published_seed, comparisons, independent, replicates, flagged.rows + chance.rows)
        rows = in_order((flagged, chance), (one, other))
        audit = Redrawn((flagged, chance), whole, every, settings, rows, published_seed)
    pairs = [pair for names in columns for pair in _pairs(audit, names, reference)]
    estimates = [*audit.values(chosen), *audit.comparisons(compared, pairs, comparisons)]
    further = (_STANDS_FOR[drawn_from], *((_TOGETHER,) if "person" in decisions.columns else ()))
    further += () if published_seed is None else (MEANS,)
    return _answer(audit, estimates, left_out, further)


def _metrics(names: Sequence[str] | None) -> tuple[list[str], list[str]]:
    """The metrics to tell, and those to compare."""
    from answerable.areas.decisions.measures.common.audited import PLAIN
    from answerable.areas.decisions.measures.common.metrics import ALIASES
    from answerable.statistics.two_samples import COMPOSED

    known = [*PLAIN, *COMPOSED]
    if names is None:
        return known, [name for name in known if not name.startswith("true_")]
    chosen = []
    for name in names:
        term = name.casefold().replace(" ", "_").replace("-", "_")
        term = ALIASES.get(term, term)
        if term not in known:
            raise ParameterError(f"This method has no metric {name!r}. {nearest(term, known)}")
        chosen.append(term)
    return chosen, chosen


def _arms(
    decisions: ir.Table, random: Sequence[str], selected: Sequence[str] | None
) -> tuple[ir.Table, ir.Table, dict[str, str]]:
    """The selected cases, the random sample, and what belongs to neither."""
    from answerable.core.engine import collect

    for column, what in (("arm", "how each case came to be checked (--arm COLUMN)"), ("outcome", "what was found")):
        if column not in decisions.columns:
            raise NotIdentified(
                "Both samples have to be told apart and checked.", missing=f"a column that says {what}."
            )
    found = collect(decisions.group_by("arm").agg(rows=decisions.count()))
    rows = dict(zip(found["arm"], found["rows"], strict=True))
    arms = sorted(arm for arm in rows if arm is not None)
    for word, values in (("random", random), ("selected", selected or ())):
        for value in values:
            if value not in arms:
                raise ParameterError(f"{word}: no case came to be checked by {value!r}. {nearest(value, arms)}")
    if selected is None:
        selected = [arm for arm in arms if arm not in random]
    if both := sorted(set(random) & set(selected)):
        raise ParameterError(f"An arm is either random or selected; {', '.join(both)} cannot be both.")
    if not random or not selected:
        lacking = "a random sample of the population" if not random else "cases that the system selected"
        raise NotIdentified("One sample alone does not tell how often the system is wrong.", missing=f"{lacking}.")
    neither = sum(number for arm, number in rows.items() if arm not in {*random, *selected})
    left_out = {"arm": f"{neither:,} rows belong to neither sample; they are left out"} if neither else {}
    kept = decisions.drop("decided") if "decided" in decisions.columns else decisions
    return kept.filter(kept["arm"].isin(selected)), kept.filter(kept["arm"].isin(random)), left_out


def _check_sizes(population: int, size: float, drawn: int, checked: int) -> None:
    if population < max(size, drawn):
        raise ParameterError(
            f"population: {population:,} cases are fewer than the {max(size, drawn):,.0f} that were taken from them."
        )
    if size < checked:
        raise ParameterError(f"selected_population: {size:,.0f} is fewer than the {checked:,} selected cases here.")


def _groups(samples: Sequence[Cells], columns: Sequence[str]) -> list[dict[str, str]]:
    """The groups that occur in either sample, in their order."""
    found = sorted({group for cells in samples for group in cells.groups(columns)})
    return [dict(zip(columns, group, strict=True)) for group in found]


def _pairs(
    audit: Audit, columns: Sequence[str], reference: Literal["largest"] | Mapping[str, str]
) -> list[tuple[int, int]]:
    """Each group of a breakdown with its reference, as places."""
    from answerable.areas.decisions.measures.common.metrics import MISSING
    from answerable.areas.decisions.measures.common.reference import check_reference

    places = [place for place, of in enumerate(audit.groups) if tuple(of) == tuple(columns)]
    if isinstance(reference, Mapping):
        check_reference(reference, sorted({column for of in audit.groups for column in of}))
    wanted = {} if isinstance(reference, str) else {name: reference[name] for name in columns if name in reference}
    fitting = [place for place in places if wanted.items() <= audit.groups[place].items()]
    if not fitting:
        known = [value for place in places for value in audit.groups[place].values()]
        raise ParameterError(f"reference: no group is {wanted}. {nearest(next(iter(wanted.values())), known)}")
    named = [place for place in fitting if MISSING not in audit.groups[place].values()] or fitting
    chosen = max(named, key=lambda place: audit.chance.size(audit.groups[place]))
    return [(place, chosen) for place in places if place != chosen]


def _answer(
    audit: Audit, estimates: Sequence[Estimate], left_out: Mapping[str, str], further: tuple[str, ...]
) -> Answer:
    from answerable.core.estimate import Answer, Coverage

    missing = dict(left_out)
    for words, cells in (("random", audit.chance.cells), ("selected", audit.selected.cells)):
        missing |= {f"{name} ({words})": why for name, why in cells.missing.items() if name != "decided"}
    looked_at = {"selected cases": audit.selected.cells.rows, "cases drawn at random": audit.chance.cells.rows}
    unknown = () if not any("outcome" in name for name in missing) else (_UNKNOWN,)
    return Answer(
        estimates=tuple(estimates),
        coverage=Coverage(looked_at=looked_at, missing=missing, complete=not missing),
        limits=(*LIMITS, *further, *_LIMITS, *unknown, *audit.negative()),
    )
