"""Rows of a phone's tables as observations: with their place, their time, and what of them may be shown."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from answerable.core.estimate import Observation

if TYPE_CHECKING:
    from datetime import datetime

    from answerable.core.estimate import Strength

Class = Literal["execution", "persistence", "tampering", "exposure", "contact attempt", "coverage"]
"""What a finding is of, what weighs more first; "coverage" are facts about the phone or its acquisition, no traces."""
CLASSES: tuple[Class, ...] = get_args(Class)
RIGHTS = (
    "udhr-12", "udhr-19", "udhr-20", "iccpr-17", "iccpr-19", "iccpr-21", "iccpr-22", "echr-8", "echr-10", "echr-11",
)  # fmt: skip
"""Private life and correspondence, and what people do less of when they are watched: speak, meet, associate."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What a row of a table is a trace of.

    Args:
        category: the class of the finding.
        nouns: what one of its rows is called, and several.
        saying: the row in words, with {shown} for its value.
        sayings: other words for values of a kind (md5, sha1, sha256, certificate, name), with {row} for the row too.
        forgeable: how such a row could be forged. benign: innocent explanations.
    """

    category: Class
    nouns: tuple[str, str]
    saying: str
    forgeable: str
    benign: str
    sayings: Mapping[str, str]


@cache
def traces() -> Mapping[str, Trace]:
    """For each declared table what its rows are traces of."""
    data = tomllib.loads(Path(__file__).with_name("traces.toml").read_text(encoding="utf-8"))
    return {
        name: Trace(
            one["class"], tuple(one["nouns"]), one["saying"], one["forgeable"], one["benign"], one.get("sayings", {})
        )
        for name, one in data.items()
    }


def rows_of(columns: Mapping[str, Sequence[Any]]) -> Iterator[dict[str, Any]]:
    """Collected columns as rows."""
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


def observed(
    row: Mapping[str, Any],
    *,
    what: str,
    category: Class,
    field: str,
    value: str,
    strength: Strength,
    shown: str | None = None,
    matched: Mapping[str, Any] | None = None,
    forgeable: str = "",
    benign: str = "",
    fields: Mapping[str, Any] | None = None,
) -> Observation:
    """The observation that a row of a phone's table is; its place and time are those of the row."""
    return Observation(
        what=what,
        exhibit=row["exhibit"] or "",
        artefact=row["artefact"] or "",
        table=row["table"] or row["source"] or "",
        row=row["row"] or "",
        field=field,
        value=value,
        shown=shown,
        time=time_text(row["time"]),
        category=category,
        matched=matched or {},
        strength=strength,
        forgeable=forgeable,
        benign=benign,
        fields={"device": row["device"] or "", "source": row["source"] or "", **(fields or {})},
    )


def time_text(when: datetime | None) -> str:
    """A time in UTC as ISO 8601 with a Z; "" where there is none."""
    return "" if when is None else when.replace(tzinfo=None).isoformat() + "Z"
