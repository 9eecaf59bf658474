"""Rules applied to decisions: cells are counted for each kind of event, and every breakdown is held to the rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from answerable.areas.decisions.measures.common.answers import LIMITS
from answerable.areas.decisions.measures.common.cells import Cells, count_cells
from answerable.areas.decisions.measures.common.estimands import Marks, breakdowns, groups_of
from answerable.areas.decisions.measures.common.metrics import METRICS, MISSING
from answerable.areas.decisions.measures.rulebook import ratios, shares
from answerable.core.engine import collect
from answerable.core.estimate import Answer, Coverage, Estimate
from answerable.core.words import count_text, group_text, significant
from answerable.errors import NotIdentified, ParameterError, nearest

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.areas.decisions.measures.common.estimates import Settings
    from answerable.areas.decisions.measures.rulebook.rules import Rule


@dataclass(frozen=True, slots=True)
class Applied:
    """What the question settles: see the method's arguments."""

    groups: tuple[str, ...]
    settings: Settings
    expected: Mapping[str, float]
    intersections: bool
    keep_small: bool
    independent: bool


@dataclass(frozen=True, eq=False)
class Categories:
    """The categories of one breakdown, as a rule sees them.

    Args:
        columns: the columns of the breakdown.
        every: all known categories, each as {column: value}.
        compared: those that are compared.
        small: those that the rule lets be left out for being small.
    """

    columns: tuple[str, ...]
    every: tuple[dict[str, str], ...]
    compared: tuple[dict[str, str], ...]
    small: tuple[dict[str, str], ...]


def apply_rules(decisions: ir.Table, rules: Sequence[Rule], asked: Applied) -> Answer:
    """The answer of every rule, with what was left out."""
    counted: dict[bool, tuple[Cells, list[str]]] = {}
    estimates: list[Estimate] = []
    notes: list[str] = []
    missing: dict[str, str] = {}
    cells: Cells | None = None
    for rule in rules:
        scores = rule.statistic == "scoring ratio"
        _check_needs(rule, decisions, asked)
        if scores not in counted:
            counted[scores] = _cells(decisions, asked, scores)
        cells, said = counted[scores]
        made, more = _apply(rule, Marks(cells), asked)
        estimates += made
        notes += [_head(rule), *rule.notes, *said, *more]
        missing |= {**cells.missing, **_unknown(cells, asked.groups)}
    assert cells is not None
    looked_at = {"rows": cells.rows} if cells.people is None else {"rows": cells.rows, "people": cells.people}
    coverage = Coverage(looked_at=looked_at, missing=missing, complete=not missing)
    return Answer(estimates=tuple(estimates), coverage=coverage, limits=(*LIMITS, *dict.fromkeys(notes)))


def _check_needs(rule: Rule, decisions: ir.Table, asked: Applied) -> None:
    """Raise NotIdentified where the table lacks what a rule compares, or nobody said whether the decision is good."""
    known = set(decisions.columns)
    if rule.statistic == "scoring ratio":
        if "score" not in known:
            raise NotIdentified(
                f"The {rule.title} looks at scores, and none is mapped.", missing="the column (--score COLUMN)."
            )
        return
    if "decided" not in known:
        raise NotIdentified("Nothing says how it was decided.", missing="the column that does (--decided COLUMN).")
    if rule.statistic == "selection ratio" and asked.settings.favourable is None:
        raise NotIdentified(
            f"The {rule.title} compares rates of the good decision, and nobody said whether this one is good.",
            missing="whether the decision is good for the person (--favourable yes) or bad (--favourable no).",
        )
    if rule.statistic == "yield" and "outcome" not in known:
        raise NotIdentified(
            f"The {rule.title} looks at those in whom something was found.", missing="a column for: outcome."
        )
    if asked.expected and len(asked.groups) > 1:
        raise ParameterError("expected holds for one column of groups; ask for the others by themselves.")


def _cells(decisions: ir.Table, asked: Applied, scores: bool) -> tuple[Cells, list[str]]:
    """Cells of the groups; for rules of scores the decision is a score above the median of all."""
    if not scores:
        kept = [name for name in decisions.columns if name not in {"score"}]
        return count_cells(decisions.select(kept), asked.groups, independent=asked.independent), []
    median = median_score(decisions)
    above = decisions["score"] > median
    rows = decisions.mutate(decided=above)
    rows = rows.select([name for name in rows.columns if name not in {"score", "outcome"}])
    cells = count_cells(rows, asked.groups, independent=asked.independent)
    return cells, [f"The median of all scores is {significant(median, 6)}; a score counts where it lies above it."]


def median_score(decisions: ir.Table) -> float:
    """The median of the scores of all rows, exact and the same on every engine: the mean of the middle two.

    Raises:
        NotIdentified: there is no score.
    """
    import ibis

    scored = decisions.filter(decisions["score"].notnull())
    amount = scored["count"].sum() if "count" in scored.columns else scored.count()
    each = scored.group_by("score").agg(rows=amount)
    whole = each.mutate(
        up_to=each["rows"].sum().over(ibis.window(order_by="score", preceding=None, following=0)),
        all=each["rows"].sum().over(ibis.window()),
    )
    lower = whole["score"].min(where=whole["up_to"] * 2 >= whole["all"])
    upper = whole["score"].min(where=whole["up_to"] * 2 > whole["all"])
    found = collect(whole.agg(lower=lower, upper=upper))
    if found["lower"][0] is None:
        raise NotIdentified("No row has a score.", missing="a column with the score of each person.")
    return (float(found["lower"][0]) + float(found["upper"][0])) / 2


def _apply(rule: Rule, marks: Marks, asked: Applied) -> tuple[list[Estimate], list[str]]:
    """The estimates of one rule over all breakdowns."""
    made: list[Estimate] = []
    notes: list[str] = []
    if asked.expected:
        _check_expected(marks, asked)
    several = [_categories(rule, marks, columns, asked) for columns in breakdowns(asked.groups, asked.intersections)]
    for one in several:
        if rule.statistic in {"representation", "yield"}:
            found = shares.compare(rule, marks, one, asked.settings)
        elif rule.statistic == "standard deviations":
            found = shares.deviations(rule, marks, one, asked.settings, asked.expected)
        else:
            found = ratios.compare(rule, marks, one, asked.settings)
        made += found[0]
        notes += found[1]
    if rule.combinations and (len(asked.groups) < 2 or not asked.intersections):
        told = " and ".join(asked.groups)
        notes.append(
            f"The {rule.title} asks for sex, for race or ethnicity and for their combinations; this is {told}."
        )
    if asked.settings.favourable is False and rule.statistic == "selection ratio":
        notes.append(f"The decision is harmful, so the {rule.title} counts those who were spared it.")
    return made, notes


def _check_expected(marks: Marks, asked: Applied) -> None:
    values = [value for (value,) in marks.cells.groups(asked.groups[:1])]
    for group in asked.expected:
        if group not in values:
            raise ParameterError(f"expected: {asked.groups[0]} has no group {group!r}. {nearest(group, values)}")


def _categories(rule: Rule, marks: Marks, columns: tuple[str, ...], asked: Applied) -> Categories:
    """The categories of a breakdown, those that are too small told apart.

    Raises:
        NotIdentified: fewer than two categories are left.
    """
    every = tuple(of for of in groups_of(marks.cells, columns) if MISSING not in of.values())
    known = METRICS["selection_rate"]
    sizes = [int(marks.counts[next(marks.estimands([known], of, marks.group(of))).below].sum()) for of in every]
    least = 0.0 if asked.keep_small else rule.least_share * sum(sizes)
    compared = tuple(of for of, size in zip(every, sizes, strict=True) if size >= least and size)
    small = tuple(of for of in every if of not in compared)
    if len(compared) < 2 and not asked.expected:
        what = " and ".join(columns)
        if len(every) < 2:
            one = group_text(every[0]) if every else "none that is known"
            raise NotIdentified(
                f"There is one category only in {what}, {one}: nothing to compare.",
                missing="a column with several groups.",
            )
        raise NotIdentified(
            f"Of {len(every)} categories of {what}, fewer than two hold {100 * rule.least_share:g} % of the rows, so "
            f"the {rule.title} has nothing to compare.",
            missing="wider categories, or --keep-small yes to compare the small ones too.",
        )
    return Categories(columns, every, compared, small)


def _unknown(cells: Cells, groups: Sequence[str]) -> dict[str, str]:
    """How many rows name no category, by column."""
    found = {}
    for place, column in enumerate(groups):
        pairs = zip(cells.keys, cells.counts, strict=True)
        if rows := sum(count for (group, _), count in pairs if group[place] == MISSING):
            found[column] = f"unknown in {count_text(rows, 'row')}, which are in no ratio"
    return found


def _head(rule: Rule) -> str:
    limits = "; ".join(f"{limit.kind} {limit.text}" for limit in rule.limits) or "no limit is set"
    since = f", in force since {rule.in_force.isoformat()}" if rule.in_force else ""
    return (
        f"Applied: {rule.title}; {rule.authority}; {rule.version} ({rule.source}){since}; {limits}. As held in "
        f"{rule.origin}."
    )
