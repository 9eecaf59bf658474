"""The judge: makes findings of answers, by the same rules for every method. It sees no data.

A comparison is tested against its bar: the null value, or the threshold that the question declares, on the side where
the estimate lies. The bars of a family are tested together and each interval is read at the level that the correction
gives it, so that "the adjusted interval lies beyond the bar" and "the adjusted p-value is at most alpha" are one
statement.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from answerable import __version__
from answerable.core.finding import Correction, Finding, Question, Verdict, around, kind_of
from answerable.core.multiplicity import adjust, levels
from answerable.core.words import count_text, group_text, interval_text, number_text
from answerable.errors import ParameterError

if TYPE_CHECKING:
    from answerable.core.estimate import Answer, Estimate, Observation


_Judged = tuple[Any, dict[str, Any]]
"""What a finding is about, and its parts."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A question with its answer, the rights that its findings bear on, and where the answer came from."""

    question: Question
    answer: Answer
    rights: tuple[str, ...] = ()
    lineage: Mapping[str, Any] = field(default_factory=dict)


def rules(
    *,
    threshold: Mapping[str, float] | None = None,
    margin: Mapping[str, float] | None = None,
    correction: Correction = "holm",
    family: str = "",
    title: str = "",
    smallest: int = 10,
) -> dict[str, Any]:
    """The rules of judging, which a question may state beside its method's parameters.

    Args:
        threshold: how large an effect must be to count, by kind of number, as ratio=1.25 or difference=0.05.
        margin: differences that do not matter, in the same form; ratio=1.25 means 0.8 to 1.25, which is the default.
        correction: how chance is controlled among the comparisons of a family.
        family: name of a family that several questions of a case share; a question is a family of its own by default.
        title: the question in plain words, as a person would ask it; it heads the answer in the report.
        smallest: a number that rests on fewer rows, or fewer people, is "cannot tell".

    Raises:
        ParameterError: a threshold or margin for a kind of number that there is not, or out of its range.
    """
    margin = {"ratio": 1.25} if margin is None else margin
    for name, sizes in (("threshold", threshold or {}), ("margin", margin)):
        for kind, size in sizes.items():
            if kind not in {"ratio", "difference"} or size <= (1 if kind == "ratio" else 0):
                raise ParameterError(
                    f"{name} takes ratio=NUMBER above 1 or difference=NUMBER above 0, not {kind}={size:g}."
                )
    stated = {"threshold": threshold or {}, "margin": margin, "correction": correction}
    return {**stated, "family": family, "title": title, "smallest": smallest}


def judge(family: Sequence[Answered]) -> list[Finding]:
    """Findings of the questions of one family, in the order of the questions and of their estimates.

    Args:
        family: questions that are corrected together, with their answers; they share `correction`.
    """
    comparisons = [
        (estimate, bar)
        for answered in family
        for estimate in answered.answer.estimates
        if (bar := _bar(answered.question, estimate)) is not None and estimate.curve
    ]
    adjusted = _adjust(comparisons, family[0].question.correction) if comparisons else {}
    findings: list[Finding] = []
    for answered in family:
        made = [
            _judge_estimate(estimate, answered, adjusted.get(id(estimate)), len(comparisons))
            for estimate in answered.answer.estimates
        ]
        made += [_judge_observation(observation, answered.answer) for observation in answered.answer.observations]
        if answered.answer.looked_for and not answered.answer.observations:
            made.append(_judge_absence(answered.answer))
        findings += _findings(answered, made)
    return findings


def _adjust(comparisons: Sequence[tuple[Estimate, float]], correction: Correction) -> dict[int, tuple[float, float]]:
    """For each comparison, by identity: its adjusted p-value and the level at which to read its interval."""
    p_values = [estimate.p_value(bar) for estimate, bar in comparisons]
    known = [p for p in p_values if p is not None]
    alpha = 1 - max(estimate.level for estimate, _ in comparisons)
    both = zip(adjust(known, correction), levels(known, correction, alpha), strict=True)
    return {id(estimate): pair for (estimate, _), pair in zip(comparisons, both, strict=True)}


def _bar(question: Question, estimate: Estimate) -> float | None:
    """What the estimate's interval must lie beyond: the null value, or the declared threshold on its side."""
    if estimate.null is None or estimate.value is None:
        return None
    bars = around(estimate.null, question.threshold.get(kind_of(estimate.unit)), estimate.unit)
    return estimate.null if bars is None else bars[estimate.value >= estimate.null]


def _judge_estimate(
    estimate: Estimate, answered: Answered, adjusted: tuple[float, float] | None, family: int
) -> _Judged:
    interval = None
    if adjusted is not None:
        interval = (adjusted[1], *estimate.at(adjusted[1]))
    verdict, basis = _verdict(answered.question, estimate, interval, family)
    return [estimate.name, dict(estimate.of), dict(estimate.against or {})], {
        "statement": _statement(estimate, verdict),
        "verdict": verdict,
        "basis": basis,
        "estimate": estimate,
        "adjusted": interval,
        "adjusted_p": None if adjusted is None else adjusted[0],
        "family_size": family if adjusted is not None else 0,
        "limits": answered.answer.limits,
    }


def _verdict(
    question: Question, estimate: Estimate, adjusted: tuple[float, float | None, float | None] | None, family: int
) -> tuple[Verdict, str]:
    """The verdict on an estimate with its reason."""
    if estimate.value is None or not estimate.curve:
        return "cannot tell", estimate.reason
    if not estimate.calculated and (few := _fewest(estimate)) < question.smallest:
        return "cannot tell", f"Rests on {few:,}; the question asks for at least {question.smallest:,}."
    if adjusted is None and estimate.calculated:
        return "shown", f"A value that is {estimate.interval or 'calculated'}; nothing was compared."
    if adjusted is None:
        return "shown", f"A measured value with its {100 * estimate.level:g} % interval; nothing was compared."
    bar = _bar(question, estimate)
    assert bar is not None
    assert estimate.null is not None
    comparisons = f"{count_text(family, 'comparison')} ({question.correction.title()})"
    family_text = comparisons if family > 1 else "a single comparison"
    none = 1.0 if kind_of(estimate.unit) == "ratio" else 0.0
    name = (
        "the declared threshold" if bar != estimate.null else "no difference" if bar == none else "what it is held to"
    )
    bar_text = f"{name} ({number_text(bar, estimate.unit)})"
    wide = f"{100 * adjusted[0]:.6g} % interval {interval_text(adjusted[1], adjusted[2], estimate.unit)}"
    if _beyond(adjusted[1], adjusted[2], bar, estimate.value >= estimate.null):
        return "shown", f"Adjusted for {family_text}, the {wide} lies wholly beyond {bar_text}."
    low, high = estimate.at(estimate.level)
    if _beyond(low, high, bar, estimate.value >= estimate.null):
        return "indicated", f"Taken alone it lies beyond {bar_text}; adjusted for {family_text}, the {wide} does not."
    margin = around(estimate.null, question.margin.get(kind_of(estimate.unit)), estimate.unit)
    if (
        margin
        and adjusted[1] is not None
        and adjusted[2] is not None
        and margin[0] < adjusted[1] <= adjusted[2] < margin[1]
    ):
        inside = interval_text(margin[0], margin[1], estimate.unit)
        return "not shown", f"The {wide} lies wholly inside the margin of differences that do not matter ({inside})."
    return (
        "cannot tell",
        f"The {wide} reaches both sides of {bar_text}, or is too wide to exclude a difference that matters.",
    )


def _fewest(estimate: Estimate) -> int:
    """The smallest number of rows, or of independent units, that the estimate rests on."""
    counts = [estimate.n]
    if estimate.units is not None:
        counts.append(estimate.units)
    if estimate.counts is not None:
        counts.append(estimate.counts[0])
    return min(counts)


def _beyond(low: float | None, high: float | None, bar: float, above: bool) -> bool:
    return (low is not None and low > bar) if above else (high is not None and high < bar)


def _statement(estimate: Estimate, verdict: Verdict) -> str:
    """The estimate as a sentence: who, what, how much, how sure."""
    label, of = estimate.label, group_text(estimate.of)
    if estimate.value is None:
        against = f" against {group_text(estimate.against)}" if estimate.against is not None else ""
        return f"The {label} of {of}{against} cannot be told. {estimate.reason}"
    if estimate.null is None:
        value = number_text(estimate.value, estimate.unit)
        return f"The {label} of {of} is {value} ({_sure(estimate)}{_counted(estimate)})."
    if estimate.against is None:
        return _effect(estimate, verdict)
    against = group_text(estimate.against)
    above = estimate.value > estimate.null
    size = f"{_between(estimate)}{size_text(estimate)}"
    side = f"is {'higher' if above else 'lower'} for {of} than for {against}{_advantage(estimate, above)}"
    if verdict == "shown":
        return f"The {label} {side}: {size}."
    if verdict == "indicated":
        return f"There are signs that the {label} {side}: {size}."
    if verdict == "not shown":
        return f"No difference that matters is shown in the {label} between {of} and {against}: {size}."
    return f"The data cannot tell whether the {label} differs between {of} and {against}: {size}."


def _effect(estimate: Estimate, verdict: Verdict) -> str:
    """A change, a part of a gap, a slope as a sentence: nothing but its null value is compared with it."""
    assert estimate.value is not None
    assert estimate.null is not None
    what = f"{estimate.label} of {group_text(estimate.of)}" if estimate.of else estimate.label
    value, null = (number_text(number, estimate.unit) for number in (estimate.value, estimate.null))
    size = f"{value} ({_sure(estimate)})"
    side = "above" if estimate.value > estimate.null else "below"
    if verdict == "shown":
        return f"The {what} is {size}: {side} {null}{_advantage(estimate, estimate.value > estimate.null)}."
    if verdict == "indicated":
        return f"There are signs that the {what} is {side} {null}: {size}."
    if verdict == "not shown":
        return f"The {what} does not differ from {null} by an amount that matters: {size}."
    return f"The data cannot tell whether the {what} differs from {null}: {size}."


def _counted(estimate: Estimate) -> str:
    if not estimate.n:
        return ""
    return f"; {estimate.events:,} of {estimate.n:,}" if estimate.unit == "proportion" else f"; n = {estimate.n:,}"


def _between(estimate: Estimate) -> str:
    """The two values that are compared: proportions, unless the unit of the difference says otherwise."""
    if estimate.between is None:
        return ""
    unit = "proportion" if estimate.unit in {"ratio", "difference of proportions"} else ""
    first, second = (number_text(value, unit) for value in estimate.between)
    return f"{first} against {second}, "


def _sure(estimate: Estimate) -> str:
    if estimate.calculated:
        return estimate.interval or "calculated"
    if not estimate.curve:
        return f"no interval: {estimate.reason.rstrip('.')}"
    return f"{100 * estimate.level:g} % interval {interval_text(estimate.low, estimate.high, estimate.unit)}"


def size_text(estimate: Estimate) -> str:
    """How large a comparison came out, and how sure that is, as: 1.91 times (95 % interval 1.72 to 2.13)."""
    text = number_text(estimate.value, estimate.unit)
    return f"{f'{text} times' if kind_of(estimate.unit) == 'ratio' else f'a difference of {text}'} ({_sure(estimate)})"


def _advantage(estimate: Estimate, above: bool) -> str:
    """Whether the difference is good or bad for the group, where the question says what the decision is."""
    if estimate.direction == "not stated":
        return ""
    better = above == (estimate.direction == "good")
    return f", to the {'advantage' if better else 'disadvantage'} of {group_text(estimate.of)}"


def _judge_observation(observation: Observation, answer: Answer) -> _Judged:
    strong = observation.strength == "strong"
    return observation.as_json(), {
        "statement": observation.what,
        "verdict": "shown" if strong else "indicated",
        "basis": "A strict match of strong evidence."
        if strong
        else "A heuristic: it points to something to look into.",
        "observation": observation,
        "limits": (*answer.limits, *filter(None, [observation.forgeable, observation.benign])),
    }


def _judge_absence(answer: Answer) -> _Judged:
    """Nothing was observed: "not shown" only where everything that would have shown it was looked at."""
    if answer.coverage.complete:
        said, verdict, basis = "nothing was found", "not shown", "All that would have shown it was looked at."
    else:
        gaps = "; ".join(f"{what}: {why}" for what, why in answer.coverage.missing.items())
        said, verdict = "the evidence cannot tell", "cannot tell"
        basis = f"Not everything was there to be looked at: {gaps}."
    statement = f"Looked for {answer.looked_for}: {said}."
    return answer.looked_for, {"statement": statement, "verdict": verdict, "basis": basis, "limits": answer.limits}


def _findings(answered: Answered, made: Sequence[_Judged]) -> list[Finding]:
    """Findings of a question. The id comes from the question, the exhibits and what the finding is about."""
    digest = answered.question.digest
    lineage = {**answered.lineage, "question": digest, "version": __version__}
    asked = [digest, [exhibit["sha256"] for exhibit in answered.lineage.get("exhibits", [])]]
    common: dict[str, Any] = {"question": answered.question, "rights": answered.rights, "lineage": lineage}
    return [Finding(id=_identity(asked, about), **judged, **common) for about, judged in made]


def _identity(asked: Any, about: Any) -> str:
    text = json.dumps([asked, about], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]
