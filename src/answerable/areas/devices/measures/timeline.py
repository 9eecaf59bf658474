"""devices.timeline: what a phone notes, day by day."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from answerable.areas.devices.measures.common.covered import coverage_of
from answerable.areas.devices.measures.common.traces import RIGHTS, observed, rows_of
from answerable.areas.devices.tables import ARTEFACTS, PLACE
from answerable.areas.devices.tables.events import EVENTS
from answerable.core.engine import collect, keep
from answerable.core.estimate import Answer, Point, Series
from answerable.core.method import method
from answerable.core.words import count_text
from answerable.errors import NotIdentified, ParameterError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Observation

Step = Literal["day", "month", "year"]
_STEPS: dict[Step, int] = {"day": 10, "month": 7, "year": 4}
"""Steps of a series, each with the letters of a day that tell it from the next."""
_LIMITS = (
    "Times are those of the phone's clock, which its owner and its network can set; whoever can write a file can write "
    "a time into it.",
    "Systems remove old rows: fewer moments long ago do not show that the phone was used less.",
)


@method(
    "devices.timeline",
    reads=[EVENTS, ARTEFACTS],
    source="Carrier 2005, File System Forensic Analysis; Hargreaves & Patterson 2012",
    rights=RIGHTS,
)
def timeline(
    events: ir.Table,
    artefacts: ir.Table,
    *,
    from_: str | None = None,
    until: str | None = None,
    sources: Sequence[str] = (),
    by: Step | None = None,
    most: int = 1000,
) -> Answer:
    """How many moments each kind of artefact of a phone names, day by day, and from when to when.

    The counts are drawn, one series for each kind of artefact of each phone; the moments themselves stand in the table
    of events, each with its place.

    Args:
        events: moments of all tables of the phone.
        artefacts: what was there to be looked at.
        from_: first day that counts (ISO 8601).
        until: last day that counts (ISO 8601).
        sources: kinds of artefacts that count, as safari_history; all where none is named.
        by: day, month or year; where nothing is said the finest that makes no series longer than `most`.
        most: points of one series.

    Raises:
        NotIdentified: no row that counts has a time.
        ParameterError: from_ or until is no day, or most is below 1.

    Source:
        Carrier, B., File System Forensic Analysis, Addison-Wesley, 2005. Hargreaves, C., and Patterson, J., An
        automated timeline reconstruction approach for digital forensic investigations, Digital Investigation 9, 2012.
    """
    if most < 1:
        raise ParameterError(f"most takes a number from 1, not {most}.")
    days = _counted(events, from_, until, sources)
    points = _points(days, by, most)
    if not points:
        raise NotIdentified("No row that counts has a time.", missing="artefacts with times, or a longer span of days.")
    return Answer(
        observations=tuple(_facts(days)),
        coverage=coverage_of(artefacts),
        limits=_LIMITS,
        looked_for="moments that the phone names",
        series=tuple(points),
    )


def _counted(events: ir.Table, from_: str | None, until: str | None, sources: Sequence[str]) -> ir.Table:
    """Moments by phone, kind of artefact and day."""
    rows = events.filter(events.time.notnull())
    if sources:
        rows = rows.filter(rows.source.isin(list(sources)))
    if from_ is not None:
        rows = rows.filter(rows.time.date() >= _day(from_, "from_"))
    if until is not None:
        rows = rows.filter(rows.time.date() <= _day(until, "until"))
    named = rows.select(device=rows.device.fill_null(""), source=rows.source.fill_null(""), day=rows.time.date())
    counted = named.group_by("device", "source", "day").agg(count=named.count())
    return keep(counted.mutate(day=counted.day.cast("string")))


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ParameterError(f"{name} takes a day such as 2025-10-20, not {text!r}.") from None


def _points(days: ir.Table, by: Step | None, most: int) -> list[Series]:
    """A series for each kind of artefact of each phone, in the step that is asked for or the finest short enough."""
    stepped = days
    for step in (by,) if by else _STEPS:
        text = days.day.substr(0, _STEPS[step]) + "-01-01"[_STEPS[step] - 4 :]
        counted = days.mutate(step=text).group_by("device", "source", "step").agg(count=days["count"].sum())
        stepped = keep(counted)
        lengths = collect(stepped.group_by("device", "source").agg(points=stepped.count()))
        if max(lengths["points"], default=0) <= most:
            break
    rows = rows_of(collect(stepped.order_by("device", "source", "step")))
    return [_series(key, list(group), step) for key, group in itertools.groupby(rows, key=_key)]


def _key(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["device"], row["source"]


def _series(key: tuple[str, str], rows: Sequence[Mapping[str, Any]], step: Step) -> Series:
    device, source = key
    return Series(
        name="moments",
        label=f"moments noted in a {step}",
        of={"phone": device, "artefact": source},
        unit="moments",
        axis="date",
        axis_unit="date",
        points=tuple(Point(x=row["step"], value=float(row["count"]), n=int(row["count"])) for row in rows),
        joined=False,
    )


def _facts(days: ir.Table) -> Iterator[Observation]:
    """One fact for each phone: how many moments, on how many days, from when to when."""
    spans = days.group_by("device").agg(
        count=days["count"].sum(), days=days.day.nunique(), first=days.day.min(), last=days.day.max()
    )
    for row in rows_of(collect(spans.order_by("device"))):
        phone = row["device"] or "The phone"
        yield observed(
            {**dict.fromkeys(PLACE), "device": row["device"], "table": EVENTS.name, "source": EVENTS.name},
            what=f"{phone}: {count_text(int(row['count']), 'moment')} on {count_text(row['days'], 'day')}, from "
            f"{row['first']} to {row['last']}.",
            category="coverage",
            field="time",
            value=str(int(row["count"])),
            strength="strong",
            forgeable="A clock can be set, and a time can be written by whoever can write the file.",
            benign="Phones note most of what happens on them by themselves.",
            fields={"moments": int(row["count"]), "days": row["days"]},
        )
