"""Rules that compare rates with the highest one: the four-fifths rule, and the impact ratios of New York City."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from answerable.areas.decisions.measures.common.estimates import SEED, contrast_estimates, rate_estimates
from answerable.areas.decisions.measures.common.metrics import ANY, KNOWN, METRICS, NO, Metric
from answerable.core.curve import ladder
from answerable.core.estimate import Estimate
from answerable.core.words import group_text, number_text
from answerable.statistics.linearised import linearise

if TYPE_CHECKING:
    from answerable.areas.decisions.measures.common.estimands import Estimand, Marks
    from answerable.areas.decisions.measures.common.estimates import Settings
    from answerable.areas.decisions.measures.rulebook.applying import Categories
    from answerable.areas.decisions.measures.rulebook.rules import Rule

_SELECTED = replace(METRICS["selection_rate"], label="selection rate")
_SPARED = Metric("non_selection_rate", "share spared the decision", ((NO, ANY),), (KNOWN, ANY), -1)
_SCORED = replace(METRICS["selection_rate"], name="scoring_rate", label="scoring rate (share above the median score)")
_RARE = 0.05
_DATA_SETS = 20_000


def compare(rule: Rule, marks: Marks, categories: Categories, settings: Settings) -> tuple[list[Estimate], list[str]]:
    """Every category against the one with the highest rate: rates, impact ratios, gaps, and the part of chance."""
    metric = _metric(rule, settings)
    own = {tuple(of.values()): next(marks.estimands([metric], of, marks.group(of))) for of in categories.every}
    compared = [own[tuple(of.values())] for of in categories.compared]
    best = max(compared, key=lambda one: (marks.rate(one) or 0.0, marks.size(one.of)))
    others = [one for one in compared if one is not best]
    prefix = rule.id.replace("-", "_")
    settled = settings if metric is not _SCORED else replace(settings, favourable=None)
    made = [
        replace(one, name=f"{prefix}_{one.name}") for one in rate_estimates(marks.cells, list(own.values()), settled)
    ]
    pairs = [(one, best) for one in others]
    ratios = contrast_estimates(marks.cells, pairs, "ratio", settled)
    gaps = contrast_estimates(marks.cells, pairs, "difference", settled)
    for one, ratio, gap in zip(others, ratios, gaps, strict=True):
        made += [_held(rule, marks, (one, best), ratio), replace(gap, name=f"{prefix}_{gap.name}")]
    made += [_left_out(rule, marks, own[tuple(of.values())], settings) for of in categories.small]
    if metric is _SPARED:
        made += _harm(prefix, marks, others, best, settings)
    if rule.limits and marks.cells.design is not None:
        made.append(_chance(rule, marks, compared, categories, settings))
    return made, _notes(rule, marks, others, best)


def _metric(rule: Rule, settings: Settings) -> Metric:
    if rule.statistic == "scoring ratio":
        return _SCORED
    return _SELECTED if settings.favourable else _SPARED


def _held(rule: Rule, marks: Marks, pair: tuple[Estimand, Estimand], ratio: Estimate) -> Estimate:
    """The impact ratio held to the rule's limit, its label telling the rule's own outcome."""
    limit = next((limit for limit in rule.limits if limit.kind == "ratio"), None)
    label = f"impact ratio to {group_text(pair[1].of)}"
    null = None
    if limit is not None and ratio.value is not None:
        label = f"{label} ({rule.title}: {limit.text}; as it stands {outcome(limit.met(exact_ratio(marks, *pair)))})"
        null = limit.nearest_end(ratio.value)
    name = f"{rule.id.replace('-', '_')}_impact_ratio"
    return replace(ratio, name=name, label=label, null=null, against=None, between=None, direction="not stated")


def outcome(met: bool) -> str:
    """The rule's own outcome in words."""
    return "met" if met else "not met"


def exact_ratio(marks: Marks, one: Estimand, best: Estimand) -> Fraction | float:
    """The ratio of two rates: of whole counts as an exact fraction, for 48/60 is 0.8 and not a little less."""
    if marks.cells.totals == tuple(map(float, marks.cells.counts)):
        above, below = (int(marks.counts[mask].sum()) for mask in (one.above, one.below))
        best_above, best_below = (int(marks.counts[mask].sum()) for mask in (best.above, best.below))
        return Fraction(above * best_below, below * best_above)
    return (marks.rate(one) or 0.0) / (marks.rate(best) or 1.0)


def _left_out(rule: Rule, marks: Marks, one: Estimand, settings: Settings) -> Estimate:
    n, events = int(marks.counts[one.below].sum()), int(marks.counts[one.above].sum())
    return Estimate(
        name=f"{rule.id.replace('-', '_')}_impact_ratio",
        label="impact ratio",
        of=one.of,
        unit="ratio",
        n=n,
        events=events,
        level=settings.level,
        reason=f"It holds {n:,} rows, fewer than {100 * rule.least_share:g} % of those of known category: the "
        f"{rule.title} lets it be left out, and its rate is told beside the others.",
    )


def _harm(prefix: str, marks: Marks, others: Sequence[Estimand], best: Estimand, settings: Settings) -> list[Estimate]:
    """For a harmful decision the ratio of the harm itself, which the rule does not look at."""
    harm = {id(one): next(marks.estimands([_SELECTED], one.of, one.members)) for one in (*others, best)}
    pairs = [(harm[id(one)], harm[id(best)]) for one in others]
    return [
        replace(one, name=f"{prefix}_harm_ratio", label="rate of the harmful decision itself")
        for one in contrast_estimates(marks.cells, pairs, "ratio", settings)
    ]


def _chance(
    rule: Rule, marks: Marks, compared: Sequence[Estimand], categories: Categories, settings: Settings
) -> Estimate:
    """How often the rule would be broken by chance in data of this size, were all categories treated alike."""
    design = marks.cells.design
    assert design is not None
    above, below = (np.array([getattr(one, name) for one in compared]) for name in ("above", "below"))
    moments = linearise(design, above, below)
    sizes = np.where(moments.simple, moments.n, moments.precision(np.arange(len(compared)))[0])
    people = np.maximum(np.rint(np.minimum(sizes, moments.n)), 1).astype(np.int64)
    pooled = float(moments.values @ moments.weights / moments.weights.sum())
    drawn = np.random.default_rng(SEED).binomial(people, pooled, size=(_DATA_SETS, len(people))) / people
    highest = drawn.max(axis=1, keepdims=True)
    ratios = np.divide(drawn, highest, out=np.ones_like(drawn), where=highest > 0)
    limit = next(limit for limit in rule.limits if limit.kind == "ratio")
    low = limit.at_least if limit.above is None else limit.above
    broken = int((ratios < (low or 0.0) - 1e-12).any(axis=1).sum())
    value = broken / _DATA_SETS
    columns = " and ".join(categories.columns)
    return Estimate(
        name=f"{rule.id.replace('-', '_')}_broken_by_chance_{'_and_'.join(categories.columns)}",
        label=f"chance of breaking the {rule.title} by {columns} in data of this size, were all treated alike",
        of={},
        unit="proportion",
        n=_DATA_SETS,
        events=broken,
        value=value,
        level=settings.level,
        interval="simulated data sets with the overall rate",
        seed=SEED,
        curve=tuple((rung, value, value) for rung in ladder(settings.level)),
    )


def _notes(rule: Rule, marks: Marks, others: Sequence[Estimand], best: Estimand) -> list[str]:
    """Where the ratio says little: rare events, common events, and single people who turn it round."""
    made = []
    top = marks.rate(best) or 0.0
    for one in others:
        rate = marks.rate(one)
        if rate is None:
            continue
        who, gap = group_text(one.of), number_text(abs(top - rate), "difference of proportions")
        rates = f"{number_text(rate, 'proportion')} against {number_text(top, 'proportion')}"
        if max(rate, top) < _RARE:
            made.append(f"For {who} a ratio means little at rates this low ({rates}): the gap is {gap}.")
        elif min(rate, top) > 1 - _RARE:
            made.append(
                f"For {who} nearly everybody has the favourable event ({rates}), so that hardly any gap breaks a ratio "
                f"rule; the gap is {gap}, and the harmful side of the table is told beside it."
            )
        if _one_person_turns(marks, one, best) and any(
            not limit.met(exact_ratio(marks, one, best)) for limit in rule.limits if top > 0
        ):
            made.append(
                f"For {who} the selection of one different person would turn the order of the groups round: numbers "
                "this small settle nothing (Questions and Answers of 1979, question 21)."
            )
    return made


def _one_person_turns(marks: Marks, one: Estimand, best: Estimand) -> bool:
    """Whether one event moved from the best group to this one gives it the higher rate."""
    numbers: list[Any] = [int(marks.counts[mask].sum()) for mask in (one.above, one.below, best.above, best.below)]
    above, below, best_above, best_below = numbers
    return bool(below and best_below and (above + 1) * best_below > (best_above - 1) * below)
