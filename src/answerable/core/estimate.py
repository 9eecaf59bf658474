"""What a method answers with: estimates, observations, and the coverage of what was looked at.

Numbers here are never NaN. A number that could not be computed is None, and `reason` says why and what would give it.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as default
from typing import Any, Literal

from answerable.core.curve import curve_interval, curve_p_value

Group = Mapping[str, str]
Strength = Literal["strong", "heuristic"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its interval, or with the reason why it has none.

    Args:
        name: term of the field, in lower case with underscores, as `false_positive_rate_ratio`.
        label: the same in plain words.
        of: the subgroup, as {group column: value}; {} is everybody.
        against: the reference in the same form; None where nothing is compared with another group. With a null value
            and no reference it is an effect: a change, a part of a gap, a slope.
        value: the estimate; None where it could not be estimated.
        unit: `proportion`, `difference of proportions`, `ratio`, ...
        null: the value that means no difference; None where nothing is compared.
        n: how many rows, of `of`, stand below the line of the fraction.
        events: how many of them stand above it.
        units: how many independent units (people) they belong to; None where that was not said.
        between: the two values that a comparison compares (of, against); None where nothing is compared.
        counts: n and events of the reference, as (n, events); None where nothing is compared.
        direction: whether the event is good or bad for the person: "good", "bad" or "not stated".
        interval: how the interval was made.
        seed: of the random numbers, where there were any.
        curve: intervals at a ladder of levels, each (level, low, high): the judge reads adjusted intervals from it.
            An end that
            has no bound is None.
        reason: why there is no value, or no interval.
    """

    name: str
    label: str
    of: Group
    unit: str
    n: int
    events: int
    against: Group | None = None
    value: float | None = None
    null: float | None = None
    level: float = 0.95
    units: int | None = None
    between: tuple[float, float] | None = None
    counts: tuple[int, int] | None = None
    direction: Literal["good", "bad", "not stated"] = "not stated"
    interval: str = ""
    seed: int | None = None
    curve: tuple[tuple[float, float | None, float | None], ...] = ()
    reason: str = ""

    def __post_init__(self) -> None:
        for number in (self.value, self.null, *(end for step in self.curve for end in step)):
            if number is not None and not math.isfinite(number):
                raise ValueError(f"{self.name} of {dict(self.of)}: {number} is not a number; say None and why")
        if self.value is None and not self.reason:
            raise ValueError(f"{self.name} of {dict(self.of)}: no value and no reason")
        if self.value is not None and not self.curve and not self.reason:
            raise ValueError(f"{self.name} of {dict(self.of)}: no interval and no reason")

    def at(self, level: float) -> tuple[float | None, float | None]:
        """The interval at a level, both ends None where there is none."""
        levels, low, high = zip(*self.curve, strict=True) if self.curve else ((), (), ())
        return curve_interval(levels, low, high, level)

    @property
    def low(self) -> float | None:
        """Lower end of the interval at `level`."""
        return self.at(self.level)[0]

    @property
    def high(self) -> float | None:
        """Upper end of the interval at `level`."""
        return self.at(self.level)[1]

    def p_value(self, null: float) -> float | None:
        """Two-sided p-value against a value: 1 - the highest level whose interval leaves the value out."""
        if not self.curve or self.value is None:
            return None
        levels, low, high = zip(*self.curve, strict=True)
        return curve_p_value(levels, low, high, self.value, null)

    @property
    def calculated(self) -> bool:
        """Whether the value is exact: no interval around it at any level."""
        return bool(self.curve) and all(low == self.value == high for _, low, high in self.curve)

    @property
    def p(self) -> float | None:
        """Two-sided p-value against the null value."""
        return None if self.null is None else self.p_value(self.null)

    def as_json(self) -> dict[str, Any]:
        """Plain data, ready for JSON; the ends and p are written out beside the curve they come from."""
        data = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        data["of"] = dict(self.of)
        data["against"] = None if self.against is None else dict(self.against)
        return {**data, "low": self.low, "high": self.high, "p": self.p, "curve": [list(step) for step in self.curve]}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Estimate:
        """The estimate that `as_json` wrote."""
        kept = {f.name: data[f.name] for f in dataclasses.fields(cls)}
        for pair in ("between", "counts"):
            kept[pair] = None if kept[pair] is None else tuple(kept[pair])
        return cls(**{**kept, "curve": tuple(tuple(step) for step in data["curve"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One place of a series.

    Args:
        x: where it stands: a number, a date (ISO 8601), or a name.
        value: the value there; None where it could not be measured.
        low, high: its interval at the level of the series; None where there is none.
        n, events: as for an estimate; what the value rests on.
        choices: for a specification, what was chosen for each thing that could be chosen otherwise.
    """

    x: float | str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    events: int = 0
    choices: Mapping[str, str] = default(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Measured values along something, to be drawn: context of the findings, not judged one by one.

    Args:
        name, label, of, unit, against, null, level, interval: as for an estimate.
        axis: what the points stand along, in plain words, as "cut-off of the score".
        axis_unit: "date" where x are dates, "name" where they are names in their order; otherwise the unit of the
            numbers, as "proportion" or "people".
        points: in the order of the axis.
        joined: whether the value between two points means something, so that a line may join them.
        marks: places on the axis that mean something, as {"cut-off in use": 5.0}.
    """

    name: str
    label: str
    of: Group
    unit: str
    axis: str
    points: tuple[Point, ...]
    axis_unit: str = ""
    against: Group | None = None
    null: float | None = None
    level: float = 0.95
    interval: str = ""
    joined: bool = True
    marks: Mapping[str, float | str] = default(default_factory=dict)

    def __post_init__(self) -> None:
        for point in self.points:
            for number in (point.x, point.value, point.low, point.high):
                if isinstance(number, float) and not math.isfinite(number):
                    raise ValueError(f"{self.name} of {dict(self.of)} at {point.x}: {number} is not a number; say None")

    def as_json(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Series:
        """The series that `as_json` wrote."""
        return cls(**{**data, "points": tuple(Point(**point) for point in data["points"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """A fact with the place where it stands.

    Args:
        what: the fact as a sentence that may be published.
        exhibit: sha256 of the file that holds it. artefact: path of that file, where the exhibit holds several.
        table, row, field: where in it; the row by the key that the source itself has.
        value: what stands there. shown: the same as it may be published: private content left out, live addresses
            written so that nobody follows them; the value itself where nothing is said.
        time: time in UTC, ISO 8601; "" where the evidence has none.
        category: what kind of fact it is, in the words of its area; "class" in JSON.
        matched: what it was matched against (kind, value, source), with its own "shown" where that differs.
        strength: "strong" for a strict match, "heuristic" otherwise.
        forgeable: how it could have been forged. benign: innocent explanations.
        fields: whatever else the method's users need, as plain data.
    """

    what: str
    exhibit: str
    table: str
    row: int | str
    strength: Strength
    artefact: str = ""
    field: str = ""
    value: str = ""
    shown: str | None = None
    time: str = ""
    category: str = ""
    matched: Mapping[str, Any] = default(default_factory=dict)
    forgeable: str = ""
    benign: str = ""
    fields: Mapping[str, Any] = default(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        data = dataclasses.asdict(self)
        return {"class": data.pop("category"), **data}

    def published(self) -> dict[str, Any]:
        """Plain data that may leave the case: the value as it may be shown."""
        data = self.as_json()
        for place in (data, data["matched"]):
            shown = place.pop("shown", None)
            if shown is not None:
                place["value"] = shown
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Observation:
        """The observation that `as_json` wrote."""
        return cls(**{"category" if name == "class" else name: value for name, value in data.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """What was looked at and what could not be.

    Args:
        looked_at: what was there, with how much of it: {"rows": 5278, "people": 5278}.
        missing: what could not be used or seen, with the reason, as {what: reason}.
        complete: whether all was there that would have shown what the method looks for.
    """

    looked_at: Mapping[str, int] = default(default_factory=dict)
    missing: Mapping[str, str] = default(default_factory=dict)
    complete: bool = True

    def as_json(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {"looked_at": dict(self.looked_at), "missing": dict(self.missing), "complete": self.complete}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Coverage:
        """The coverage that `as_json` wrote."""
        return cls(**data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a method found: estimates, observations, coverage, and the limits of what they show.

    `looked_for` names what observations would have shown, so that an answer without any can be judged too. `series` are
    drawn beside the findings.
    """

    estimates: tuple[Estimate, ...] = ()
    observations: tuple[Observation, ...] = ()
    coverage: Coverage = Coverage()
    limits: tuple[str, ...] = ()
    looked_for: str = ""
    series: tuple[Series, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {
            "estimates": [estimate.as_json() for estimate in self.estimates],
            "observations": [observation.as_json() for observation in self.observations],
            "coverage": self.coverage.as_json(),
            "limits": list(self.limits),
            "looked_for": self.looked_for,
            "series": [one.as_json() for one in self.series],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Answer:
        """The answer that `as_json` wrote."""
        return cls(
            estimates=tuple(Estimate.from_json(item) for item in data["estimates"]),
            observations=tuple(Observation.from_json(item) for item in data["observations"]),
            coverage=Coverage.from_json(data["coverage"]),
            limits=tuple(data["limits"]),
            looked_for=data["looked_for"],
            series=tuple(Series.from_json(item) for item in data["series"]),
        )
