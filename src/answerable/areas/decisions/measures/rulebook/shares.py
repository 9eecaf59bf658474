"""Rules that compare shares: of those selected with a sample, with those found, or with what chance would select."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from answerable.areas.decisions.measures.common.estimands import Estimand
from answerable.areas.decisions.measures.common.estimates import UNSAID, contrast_estimates, rate_estimates
from answerable.areas.decisions.measures.common.metrics import ANY, KNOWN, METRICS, NO, YES, Metric
from answerable.areas.decisions.measures.rulebook.ratios import outcome
from answerable.core.curve import critical_value, ladder
from answerable.core.estimate import Estimate
from answerable.statistics.linearised import linearise

if TYPE_CHECKING:
    from answerable.areas.decisions.measures.common.estimands import Marks
    from answerable.areas.decisions.measures.common.estimates import Kind, Settings
    from answerable.areas.decisions.measures.rulebook.applying import Categories
    from answerable.areas.decisions.measures.rulebook.rules import Limit, Rule

_AMONG = {
    "representation": (("the decided", (YES, ANY)), ("the others", (NO, ANY))),
    "yield": (("the decided with the outcome", (YES, YES)), ("the decided", (YES, KNOWN))),
}


def compare(rule: Rule, marks: Marks, categories: Categories, settings: Settings) -> tuple[list[Estimate], list[str]]:
    """Every category's share of those decided, held against its share of the sample or of those found."""
    (first, here), (second, there) = _AMONG[rule.statistic]
    prefix = rule.id.replace("-", "_")
    plain = replace(settings, favourable=None)
    made: list[Estimate] = []
    for of in categories.compared:
        one = _share(marks, of, first, here)
        other = _share(marks, of, second, there)
        made += [
            replace(rate, name=f"{prefix}_{rate.name}") for rate in rate_estimates(marks.cells, [one, other], plain)
        ]
        for number, limit in enumerate(rule.limits):
            kind: Kind = "ratio" if limit.kind == "ratio" else "difference"
            found = contrast_estimates(marks.cells, [(one, other)], kind, plain)[0]
            name = f"{prefix}_{kind}_{number + 1}"
            made.append(_held(rule, limit, _exact(marks, one, other, kind), replace(found, name=name), (first, second)))
    return made, []


def _share(marks: Marks, of: Mapping[str, str], who: str, states: tuple[tuple[bool | None, ...], ...]) -> Estimand:
    """The share of a category among the rows of some decisions and outcomes."""
    metric = Metric(f"share_of_{who.replace(' ', '_')}", f"share of {who}", ((states[0], states[1]),), (ANY, ANY))
    below = np.array([metric.is_above(kind) for _, kind in marks.cells.keys], dtype=bool)
    return Estimand(metric, of, marks.group(of), below & marks.group(of), below)


def _exact(marks: Marks, one: Estimand, other: Estimand, kind: Kind) -> Fraction | float | None:
    """The number that the rule compares, of whole counts as a fraction; None where it is not defined."""
    totals = np.array(marks.cells.totals)
    masks = (one.above, one.below, other.above, other.below)
    if marks.cells.totals == tuple(map(float, marks.cells.counts)):
        above, below, other_above, other_below = (Fraction(int(marks.counts[mask].sum())) for mask in masks)
    else:
        above, below, other_above, other_below = (Fraction(float(totals[mask].sum())) for mask in masks)
    if not below or not other_below or (kind == "ratio" and not other_above):
        return None
    share, other_share = above / below, other_above / other_below
    return share - other_share if kind == "difference" else share / other_share


def _held(
    rule: Rule, limit: Limit, number: Fraction | float | None, found: Estimate, samples: tuple[str, str]
) -> Estimate:
    """A comparison held to a limit, its label telling the rule's own outcome."""
    share = f"share of {samples[0]}"
    if limit.kind == "ratio":
        label = f"ratio of the {share} to that of {samples[1]}"
    else:
        label = f"difference of the {share} from that of {samples[1]}"
    null = None
    if number is not None and found.value is not None:
        label = f"{label} ({rule.title}: {limit.text}; as it stands {outcome(limit.met(number))})"
        null = limit.nearest_end(found.value)
    return replace(found, label=label, null=null, against=None, between=None)


def deviations(
    rule: Rule, marks: Marks, categories: Categories, settings: Settings, expected: Mapping[str, float]
) -> tuple[list[Estimate], list[str]]:
    """How many standard deviations of chance lie between a category's selections and those expected."""
    metric = METRICS["selection_rate"]
    limit = rule.limits[0] if rule.limits else None
    made: list[Estimate] = []
    for of in categories.compared:
        one = next(marks.estimands([metric], of, marks.group(of)))
        rest = next(marks.estimands([metric], of, ~marks.group(of)))
        if expected:
            value = next((expected[group] for group in of.values() if group in expected), None)
            if value is not None:
                made.append(_binomial(rule, limit, marks, of, value, settings))
        else:
            made.append(_two_samples(rule, limit, marks, (one, rest), settings))
    return made, []


def _two_samples(
    rule: Rule, limit: Limit | None, marks: Marks, pair: tuple[Estimand, Estimand], settings: Settings
) -> Estimate:
    """The difference of a category's rate from that of everybody else, in its pooled standard deviations.

    Where people repeat or weigh differently, in the standard deviations that they show instead: rows would count every
    repetition as evidence.
    """
    n, events = (np.array([int(marks.counts[getattr(one, mask)].sum()) for one in pair]) for mask in ("below", "above"))
    apart = _apart(marks, pair)
    value = None
    if apart is not None:
        value = apart[0] / apart[1] if apart[1] > 0 else None
    elif n.min() > 0 and 0 < events.sum() < n.sum():
        pooled = events.sum() / n.sum()
        value = float((events[0] / n[0] - events[1] / n[1]) / math.sqrt(pooled * (1 - pooled) * (1 / n).sum()))
    label = "number of standard deviations by which the selections differ from those of everybody else"
    other = (int(n[1]), int(events[1]))
    return _deviation(rule, limit, pair[0].of, label, value, marks, (int(n[0]), int(events[0])), other, settings)


def _binomial(
    rule: Rule, limit: Limit | None, marks: Marks, of: Mapping[str, str], share: float, settings: Settings
) -> Estimate:
    """The number chosen of a category against the number expected of its share, in standard deviations (Castaneda)."""
    chosen = _share(marks, of, "the decided", (YES, ANY))
    n, events = int(marks.counts[chosen.below].sum()), int(marks.counts[chosen.above].sum())
    apart = _apart(marks, (chosen,))
    value = None
    if apart is not None:
        value = (apart[0] - share) / apart[1] if apart[1] > 0 else None
    elif n:
        value = (events / n - share) / math.sqrt(share * (1 - share) / n)
    label = f"number of standard deviations by which those selected differ from an expected share of {share:.4g}"
    return _deviation(rule, limit, of, label, value, marks, (n, events), None, settings)


def _apart(marks: Marks, rates: tuple[Estimand, ...]) -> tuple[float, float] | None:
    """A rate, or the difference of two, with its standard deviation between people; None where each row is a person."""
    design = marks.cells.design
    if design is None:
        return None
    moments = linearise(design, np.array([one.above for one in rates]), np.array([one.below for one in rates]))
    if bool(moments.simple.all()):
        return None
    influence = moments.coefficients(np.array([0]))
    value = float(moments.values[0])
    if len(rates) > 1:
        influence = influence - moments.coefficients(np.array([1]))
        value -= float(moments.values[1])
    if not bool((moments.weights > 0).all()):
        return value, 0.0
    return value, math.sqrt(max(float(design.products(influence, influence)[0]), 0.0))


def _deviation(
    rule: Rule,
    limit: Limit | None,
    of: Mapping[str, str],
    label: str,
    value: float | None,
    marks: Marks,
    counts: tuple[int, int],
    other: tuple[int, int] | None,
    settings: Settings,
) -> Estimate:
    """The estimate of a number of standard deviations: its own standard deviation is one."""
    curve: tuple[tuple[float, float | None, float | None], ...] = ()
    if value is not None and marks.cells.design is not None:
        reach = [(rung, critical_value(rung)) for rung in ladder(settings.level)]
        curve = tuple((rung, value - half, value + half) for rung, half in reach)
    if value is not None and limit is not None:
        label = f"{label} ({rule.title}: {limit.text}; as it stands {outcome(limit.met(value))})"
    if value is None:
        reason = "Everybody or nobody was selected, or nobody is left to compare with."
    else:
        reason = "" if curve else UNSAID
    return Estimate(
        name=f"{rule.id.replace('-', '_')}",
        label=label,
        of=of,
        unit="standard deviations",
        n=counts[0],
        events=counts[1],
        counts=other,
        value=value,
        null=0.0,
        level=settings.level,
        interval="normal" if curve else "",
        curve=curve,
        reason=reason,
    )
