"""What a number of cases can show: estimates that are calculated from assumptions, and their curves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from answerable.core.curve import ladder
from answerable.core.estimate import Answer, Estimate, Group, Point, Series
from answerable.core.words import count_text, number_text
from answerable.errors import NotIdentified, ParameterError
from answerable.statistics.sample_size import (
    Comparison,
    cases_for_width,
    cases_needed,
    half_width,
    pairs_needed,
    pairs_power,
    smallest_gap,
)
from answerable.statistics.sample_size import power as power_of

_STEPS = (0.1, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
"""Numbers of cases at which the curves are drawn, as parts of the number that is asked about or needed."""
OTHER, REFERENCE = {"cases": "of the other group"}, {"cases": "of the reference group"}
LIMITS = (
    "Nothing is found here: the numbers follow from what was assumed. Where the true rates, the groups' shares or the "
    "likeness of one person's decisions differ, other numbers are needed.",
    "Cases that are refused, incomplete or without a known group do not count.",
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is assumed and asked; as the parameters of decisions.power."""

    rate: float
    other: float | None
    power: float
    cases: int | None
    share: float
    counted: float
    other_counted: float
    per_person: float
    alike: float
    comparisons: int
    threshold: Mapping[str, float]
    discordant: float | None
    half_width: float | None
    level: float

    def check(self) -> None:
        """Raise ParameterError where something asked cannot be."""
        _between("rate", self.rate, 0, 1)
        if self.other is not None:
            _between("other_rate", self.other, 0, 1)
        for name, value in (("power", self.power), ("group_share", self.share)):
            _between(name, value, 0, 1, inside=True)
        for name, value in (("counted", self.counted), ("other_counted", self.other_counted)):
            if not 0 < value <= 1:
                raise ParameterError(f"{name} takes a share above 0 and at most 1; not {value:g}.")
        _between("alike", self.alike, 0, 1)
        if self.per_person < 1:
            raise ParameterError(f"per_person takes a number of decisions from 1; not {self.per_person:g}.")
        if self.comparisons < 1 or (self.cases is not None and not 2 <= self.cases <= 1_000_000_000):
            raise ParameterError("comparisons takes a number from 1, cases one from 2 to 1,000,000,000.")
        if len(self.threshold) > 1:
            raise ParameterError("threshold takes one kind here: ratio=1.25 or difference=0.05.")

    @property
    def effect(self) -> float:
        """The design effect: by how much more cases are needed because a person's decisions are alike."""
        return 1 + (self.per_person - 1) * self.alike

    @property
    def adjusted(self) -> float:
        """The level at which each comparison is read."""
        return 1 - (1 - self.level) / self.comparisons

    @property
    def comparison(self) -> Comparison:
        """What is compared; of two equal rates where no gap is asked about."""
        return Comparison(
            rate=self.rate,
            other=self.rate if self.other is None else self.other,
            share=self.share,
            counted=self.counted,
            other_counted=self.other_counted,
            effect=self.effect,
            level=self.adjusted,
            difference=self.threshold.get("difference", 0.0),
            ratio=self.threshold.get("ratio"),
        )


def _between(name: str, value: float, low: float, high: float, *, inside: bool = False) -> None:
    if not (low < value < high if inside else low <= value <= high):
        span = f"between {low:g} and {high:g}" if inside else f"from {low:g} to {high:g}"
        raise ParameterError(f"{name} takes a number {span}; not {value:g}.")


def answer_of_plan(plan: Plan, design: Literal["groups", "pairs", "one rate"]) -> Answer:
    """The answer of a plan.

    Raises:
        NotIdentified: no number of cases shows the gap.
        ParameterError: what the design needs was not said.
    """
    made = {"groups": _groups, "pairs": _pairs, "one rate": _one_rate}[design](plan)
    family = count_text(plan.comparisons, "comparison")
    read = f"its interval is read at {100 * plan.adjusted:.6g} %"
    limits = [*LIMITS, f"Planned for a question that makes {family}; {read}."]
    if plan.effect > 1:
        limits.append(
            f"With {plan.per_person:g} decisions a person, alike by {plan.alike:g}, {plan.effect:.3g} of them tell as "
            "much as one of a person of its own."
        )
    return Answer(estimates=tuple(made[0]), limits=tuple(limits), series=tuple(made[1]))


Made = tuple[list[Estimate], list[Series]]


def _groups(plan: Plan) -> Made:
    comparison, estimates = plan.comparison, []
    needed = None
    if plan.other is not None:
        needed = cases_needed(comparison, plan.power)
        if needed is None:
            raise NotIdentified(
                f"No number of cases shows {_gap_text(plan)}{' beyond the threshold' if plan.threshold else ''}.",
                missing="a larger gap between --rate and --other-rate, or a lower threshold.",
            )
        estimates += _needed(plan, needed)
    if plan.cases is not None:
        if plan.other is not None:
            label = f"chance of showing {_gap_text(plan)} with {plan.cases:,} cases"
            estimates.append(
                _number("power", label, {}, power_of(comparison, plan.cases), "proportion", plan, plan.cases)
            )
        estimates += [_gap(plan, plan.cases, above=above) for above in (True, False)]
    around = plan.cases or needed or 0
    marks = {name: float(n) for name, n in (("cases needed", needed), ("cases there are", plan.cases)) if n}
    series = []
    if plan.other is not None:
        label = f"chance of showing {_gap_text(plan)}"
        series.append(
            _curve("power_by_cases", label, plan, marks, ((n, power_of(comparison, n)) for n in _along(around)))
        )
    for above in (True, False):
        points = ((n, smallest_gap(comparison, n, plan.power, above=above)) for n in _along(around))
        word = "above" if above else "below"
        label = f"nearest rate {word} the reference's that is shown with a chance of {100 * plan.power:g} %"
        series.append(_curve(f"detectable_rate_{word}", label, plan, marks, points))
    return estimates, series


def _gap_text(plan: Plan) -> str:
    assert plan.other is not None
    first, second = (number_text(one, "proportion") for one in (plan.rate, plan.other))
    return f"{second} against {first}"


def _needed(plan: Plan, needed: int) -> list[Estimate]:
    """The cases needed in all and in each group, and the people that they are of."""
    group = round(needed * plan.share)
    label = f"number of cases needed to show {_gap_text(plan)} with a chance of {100 * plan.power:g} %"
    parts: tuple[tuple[Group, int], ...] = (({}, needed), (OTHER, group), (REFERENCE, needed - group))
    made = [_number("cases_needed", label, of, count, "cases", plan, count) for of, count in parts]
    if plan.per_person > 1:
        label = "number of people that these cases are of"
        made.append(_number("people_needed", label, {}, _up(needed / plan.per_person), "people", plan, needed))
    return made


def _gap(plan: Plan, cases: int, *, above: bool) -> Estimate:
    """The rate nearest to the reference's that so many cases show."""
    word = "above" if above else "below"
    name = f"detectable_rate_{word}"
    label = (
        f"nearest rate {word} {number_text(plan.rate, 'proportion')} that {cases:,} cases show with a chance of "
        f"{100 * plan.power:g} %"
    )
    found = smallest_gap(plan.comparison, cases, plan.power, above=above)
    if found is None:
        reason = f"Not even {'100' if above else '0'} % in the other group would be shown with that chance."
        return Estimate(
            name=name, label=label, of=OTHER, unit="proportion", n=cases, events=0, level=plan.level, reason=reason
        )
    return _number(name, label, OTHER, found, "proportion", plan, cases)


def _pairs(plan: Plan) -> Made:
    """Matched pairs by McNemar's exact test."""
    if plan.other is None:
        raise ParameterError("Pairs need both rates: --rate and --other-rate.")
    gap, most = abs(plan.other - plan.rate), min(plan.rate + plan.other, 2 - plan.rate - plan.other)
    apart = plan.rate * (1 - plan.other) + plan.other * (1 - plan.rate) if plan.discordant is None else plan.discordant
    if plan.threshold or plan.effect > 1:
        raise ParameterError(
            "Pairs are planned against no difference, each of a template of its own: leave threshold and alike away."
        )
    if not gap - 1e-12 <= apart <= most + 1e-12 or apart <= 0:
        raise ParameterError(
            f"discordant takes a share of pairs from {gap:g} to {most:g}: those rates allow no other; not {apart:g}."
        )
    needed = pairs_needed(plan.rate, plan.other, apart, plan.adjusted, plan.power)
    if needed is None:
        raise NotIdentified(
            "Both rates are the same: no number of pairs shows a gap.", missing="the gap that has to be seen."
        )
    label = f"number of pairs needed to show {_gap_text(plan)} with a chance of {100 * plan.power:g} %"
    estimates = [_number("pairs_needed", label, {}, needed, "pairs", plan, needed)]

    def chance(pairs: int) -> float:
        assert plan.other is not None
        return pairs_power(plan.rate, plan.other, apart, pairs, plan.adjusted)

    if plan.cases is not None:
        label = f"chance of showing {_gap_text(plan)} with {plan.cases:,} pairs"
        estimates.append(_number("power", label, {}, chance(plan.cases), "proportion", plan, plan.cases))
    marks = {"pairs needed": float(needed)}
    points = ((n, chance(n)) for n in _along(plan.cases or needed))
    return estimates, [_curve("power_by_pairs", f"chance of showing {_gap_text(plan)}", plan, marks, points, "pairs")]


def _one_rate(plan: Plan) -> Made:
    """One rate, to so many points on either side."""
    if plan.half_width is None and plan.cases is None:
        raise ParameterError(
            "Say how narrow the interval has to be (--half-width), or how many cases there are (--cases)."
        )
    factor = plan.effect / plan.counted
    estimates, marks, needed = [], {}, 0
    rate = number_text(plan.rate, "proportion")
    if plan.half_width is not None:
        _between("half_width", plan.half_width, 0, 0.5, inside=True)
        independent = cases_for_width(plan.rate, plan.half_width, plan.adjusted)
        assert independent is not None
        needed = _up(independent * factor)
        size = number_text(plan.half_width, "difference of proportions")
        label = f"number of cases needed to know a rate of {rate} to {size} on either side"
        estimates.append(_number("cases_needed", label, {}, needed, "cases", plan, needed))
        marks["cases needed"] = float(needed)

    def width_of(cases: int) -> float:
        return half_width(plan.rate, max(1, int(cases / factor)), plan.adjusted)

    if plan.cases is not None:
        label = f"half the width of the interval of a rate of {rate} from {plan.cases:,} cases"
        estimates.append(
            _number("half_width", label, {}, width_of(plan.cases), "difference of proportions", plan, plan.cases)
        )
    points = ((n, width_of(n)) for n in _along(plan.cases or needed))
    label = f"half the width of the interval of a rate of {rate}"
    return estimates, [_curve("half_width_by_cases", label, plan, marks, points)]


def _up(value: float) -> int:
    return -int(-value // 1)


def _along(cases: int) -> list[int]:
    return sorted({max(2, round(cases * step)) for step in _STEPS})


def _number(name: str, label: str, of: Group, value: float, unit: str, plan: Plan, n: int) -> Estimate:
    return Estimate(
        name=name,
        label=label,
        of=of,
        unit=unit,
        value=float(value),
        level=plan.level,
        n=n,
        events=0,
        interval="calculated from what was assumed",
        curve=tuple((one, float(value), float(value)) for one in ladder(plan.level)),
    )


def _curve(
    name: str,
    label: str,
    plan: Plan,
    marks: Mapping[str, float],
    points: Iterable[tuple[int, float | None]],
    axis: str = "cases",
) -> Series:
    width = name.startswith("half_width")
    return Series(
        name=name,
        label=label,
        of={},
        unit="difference of proportions" if width else "proportion",
        axis=f"number of {axis}",
        axis_unit=axis,
        points=tuple(Point(x=float(n), value=value, n=n) for n, value in points),
        level=plan.level,
        interval="calculated from what was assumed",
        marks=dict(marks),
    )
