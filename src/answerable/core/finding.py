"""Questions and findings: what was asked, and the judged answer."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from answerable.core.estimate import Estimate, Observation

Verdict = Literal["shown", "indicated", "not shown", "cannot tell"]
VERDICTS: tuple[Verdict, ...] = ("shown", "indicated", "not shown", "cannot tell")
Correction = Literal["holm", "benjamini-hochberg", "benjamini-yekutieli", "none"]
Asked = Literal["before", "after", "not recorded"]


def kind_of(unit: str) -> str:
    """The kind of number for which thresholds and margins are declared: "ratio" or "difference", from the unit."""
    return unit.split(" ")[0]


def around(null: float, size: float | None, unit: str) -> tuple[float, float] | None:
    """The two values that lie a declared threshold or margin away from the null value; None where none is declared."""
    if size is None:
        return None
    return (1 / size, size) if kind_of(unit) == "ratio" else (null - size, null + size)


@dataclass(frozen=True, kw_only=True)  # no slots: the digest is kept
class Question:
    """A method with its parameters and the rules by which its answer will be judged.

    Args:
        method: name of the method.
        parameters: the method's parameters.
        mapping: how the exhibit was mapped to each declared table.
        threshold: how large an effect must be to count, by kind of number: {"ratio": 1.25, "difference": 0.05}.
        margin: differences that do not matter, in the same form; "not shown" needs the interval wholly inside.
        correction: how chance among many comparisons is controlled over the family.
        family: name of the family that questions share; "" for a family of its own.
        title: the question in plain words, as a person would ask it; "" where none was given.
        smallest: a number that rests on fewer rows (or people) than this is "cannot tell".
        asked: whether the question was frozen before the data were looked at.
    """

    method: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    mapping: Mapping[str, Any] = field(default_factory=dict)
    threshold: Mapping[str, float] = field(default_factory=dict)
    margin: Mapping[str, float] = field(default_factory=lambda: {"ratio": 1.25})
    correction: Correction = "holm"
    family: str = ""
    title: str = ""
    smallest: int = 10
    asked: Asked = "not recorded"

    def as_json(self) -> dict[str, Any]:
        """Plain data, ready for JSON. Of a file beside the evidence, as of a password, it holds the name alone.

        Where such a file (a word of the mapping that ends in _file) lies on a machine is no part of what is asked.
        """
        said = asdict(self)
        for words in said["mapping"].values():
            if isinstance(words, dict):
                words.update({name: PurePath(value).name for name, value in words.items() if name.endswith("_file")})
        return said

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what was asked; not of when."""
        asked = {name: value for name, value in self.as_json().items() if name != "asked"}
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A judged answer.

    Args:
        id: first twelve digits of a digest of the question, the exhibits and what the finding is about; the same in
            every re-run.
        statement: the answer in plain words.
        basis: why the verdict is what it is.
        adjusted: interval at the level that the correction over the family asks for, as (level, low, high); None
            without one.
        adjusted_p: p-value after the correction.
        family_size: comparisons in the family.
        limits: what it does not show.
        rights: ids in the catalogue of rights.
        lineage: exhibits (sha256), tables, digest of the question, version; enough to walk back and to re-run.
    """

    id: str
    question: Question
    statement: str
    verdict: Verdict
    basis: str
    estimate: Estimate | None = None
    observation: Observation | None = None
    adjusted: tuple[float, float | None, float | None] | None = None
    adjusted_p: float | None = None
    family_size: int = 0
    limits: tuple[str, ...] = ()
    rights: tuple[str, ...] = ()
    lineage: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain data, ready for JSON; the question is named by its digest and its method."""
        return {
            "id": self.id,
            "method": self.question.method,
            "question": self.question.digest,
            "asked": self.question.asked,
            "statement": self.statement,
            "verdict": self.verdict,
            "basis": self.basis,
            "estimate": None if self.estimate is None else self.estimate.as_json(),
            "observation": None if self.observation is None else self.observation.as_json(),
            "adjusted": None if self.adjusted is None else list(self.adjusted),
            "adjusted_p": self.adjusted_p,
            "family_size": self.family_size,
            "limits": list(self.limits),
            "rights": list(self.rights),
            "lineage": dict(self.lineage),
        }
