"""Entries: findings as they may be published, the one source of the page, its charts and every export.

What is withheld is not in an entry, so nothing that is made of entries can give it away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from answerable.core.finding import VERDICTS, Finding, Verdict
from answerable.core.words import group_text, interval_text, number_text

if TYPE_CHECKING:
    from answerable.core.estimate import Estimate

_WITHHELD: Mapping[Verdict, str] = {
    "shown": "A difference in the {label} between {of} and {against} is shown",
    "indicated": "There are signs of a difference in the {label} between {of} and {against}",
    "not shown": "No difference that matters is shown in the {label} between {of} and {against}",
    "cannot tell": "The data cannot tell whether the {label} differs between {of} and {against}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One finding as plain values; None where a number is withheld, was never known, or does not apply.

    Args:
        finding: id of the finding. question: digest of the question.
        name, label, unit, of, against, null, value, low, high, level, n, events, units, interval, seed, reason: as in
            `Estimate`; `low` and `high` at `level`, before adjustment.
        reference_n, reference_events: counts of the reference.
        value_of, value_against: the two values that a comparison compares.
        adjusted_level, adjusted_low, adjusted_high: the interval that the verdict rests on.
        p, adjusted_p: p-value against the null value; p-value against the bar after the correction over the family.
        comparisons: how many the family has.
        observation: the observation as plain data, for findings that are one.
        withheld: why the numbers are withheld; "" where they are not.
    """

    finding: str
    question: str
    method: str
    asked: str
    verdict: Verdict
    statement: str
    basis: str
    withheld: str = ""
    name: str = ""
    label: str = ""
    unit: str = ""
    of: Mapping[str, str] | None = None
    against: Mapping[str, str] | None = None
    null: float | None = None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    level: float | None = None
    n: int | None = None
    events: int | None = None
    units: int | None = None
    reference_n: int | None = None
    reference_events: int | None = None
    value_of: float | None = None
    value_against: float | None = None
    p: float | None = None
    adjusted_p: float | None = None
    adjusted_level: float | None = None
    adjusted_low: float | None = None
    adjusted_high: float | None = None
    comparisons: int = 0
    direction: str = ""
    interval: str = ""
    seed: int | None = None
    reason: str = ""
    observation: Mapping[str, Any] | None = None
    limits: tuple[str, ...] = ()
    rights: tuple[str, ...] = ()
    lineage: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_comparison(self) -> bool:
        """Whether something is compared: with another group, or an effect with none."""
        return self.null is not None

    @property
    def has_interval(self) -> bool:
        """Whether at least one end of the interval is known."""
        return self.low is not None or self.high is not None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that its group is a value of."""
        return tuple(self.of or ())

    @property
    def group(self) -> str:
        """The group in words."""
        return group_text(self.of)

    @property
    def reference(self) -> str:
        """The reference in words; "" where nothing is compared."""
        return "" if self.against is None else group_text(self.against)

    @property
    def value_text(self) -> str:
        """The value in words, or why there is none."""
        if self.withheld:
            return "withheld"
        return "not estimable" if self.value is None else number_text(self.value, self.unit)

    @property
    def interval_text(self) -> str:
        """The interval in words; "" where there is none."""
        if self.value is None:
            return ""
        return interval_text(self.low, self.high, self.unit) if self.has_interval else "no interval"

    @property
    def order(self) -> tuple[int, bool, bool, float]:
        """Most important first: by verdict; then what has numbers, comparisons, and small adjusted p-values."""
        p = 1.0 if self.adjusted_p is None else self.adjusted_p
        return VERDICTS.index(self.verdict), bool(self.withheld), not self.is_comparison, p


def entry(finding: Finding, withheld: str = "") -> Entry:
    """The finding as it may be published.

    Args:
        finding: the judged answer.
        withheld: why its numbers must not be shown; "" where they may.
    """
    common: dict[str, Any] = {
        "finding": finding.id,
        "question": finding.question.digest,
        "method": finding.question.method,
        "asked": finding.question.asked,
        "verdict": finding.verdict,
        "statement": finding.statement,
        "basis": finding.basis,
        "limits": finding.limits,
        "rights": finding.rights,
        "lineage": finding.lineage,
        "observation": None if finding.observation is None else finding.observation.published(),
    }
    estimate = finding.estimate
    if estimate is None:
        return Entry(**common)
    common |= {name: getattr(estimate, name) for name in ("name", "label", "unit", "null", "level", "direction")}
    common |= {"of": dict(estimate.of), "against": None if estimate.against is None else dict(estimate.against)}
    common |= {"comparisons": finding.family_size, "interval": estimate.interval}
    if withheld:
        basis = "Judged by the same rules as every other finding."
        return Entry(
            **{**common, "statement": _without_numbers(finding, estimate, withheld), "basis": basis}, withheld=withheld
        )
    return Entry(**common, **_numbers(finding, estimate))


def _numbers(finding: Finding, estimate: Estimate) -> dict[str, Any]:
    reference_n, reference_events = estimate.counts or (None, None)
    value_of, value_against = estimate.between or (None, None)
    adjusted_level, adjusted_low, adjusted_high = finding.adjusted or (None, None, None)
    own = ("value", "low", "high", "n", "events", "units", "p", "seed", "reason")
    return {
        **{name: getattr(estimate, name) for name in own},
        "reference_n": reference_n,
        "reference_events": reference_events,
        "value_of": value_of,
        "value_against": value_against,
        "adjusted_p": finding.adjusted_p,
        "adjusted_level": adjusted_level,
        "adjusted_low": adjusted_low,
        "adjusted_high": adjusted_high,
    }


def _without_numbers(finding: Finding, estimate: Estimate, withheld: str) -> str:
    """The statement made anew, because the judge's holds the numbers."""
    words = {"label": estimate.label, "of": group_text(estimate.of), "against": group_text(estimate.against)}
    if estimate.null is not None and estimate.against is None:
        text = "The {label} of {of} was judged"
    elif estimate.against is None:
        text = (
            "The {label} of {of} was measured" if estimate.value is not None else "The {label} of {of} cannot be told"
        )
    else:
        text = _WITHHELD[finding.verdict]
    return f"{text.format(**words)}; its numbers are withheld ({withheld})."
