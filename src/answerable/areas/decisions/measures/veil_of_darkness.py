"""Veil of darkness: whether a group is stopped more often when officers can see who they stop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from answerable.areas.decisions.measures.common.answers import RIGHTS, check_settings
from answerable.areas.decisions.tables import DECISIONS
from answerable.core.method import method
from answerable.errors import NotIdentified, ParameterError

if TYPE_CHECKING:
    from datetime import date, datetime
    from zoneinfo import ZoneInfo

    import ibis.expr.types as ir

    from answerable.areas.decisions.measures.common.cells import Cells
    from answerable.core.estimate import Answer, Estimate
    from answerable.statistics.design import Flags, Integers

CLOCK, DAY, LIGHT, STRATUM = "clock time", "day of the week", "light", "stratum"
LIMITS = (
    "It compares the same clock times in daylight and in darkness: if other people are on the road at the same hour in "
    "winter than in summer, the difference is theirs, not the officers'. Look at the weeks around a change of the "
    "clock alone (--around-clock-change 30).",
    "Street lights, headlights, or cars and quarters that tell who is inside make darkness less of a veil: the ratio "
    "then comes out nearer to 1 than it should.",
    "It speaks of the evening hours that are light in one season and dark in another, not of other hours.",
    "A ratio of 1 does not show equal treatment at other hours or after the stop.",
)


@method(
    "decisions.veil_of_darkness",
    reads=[DECISIONS],
    source="Grogger & Ridgeway 2006, J. Amer. Statist. Assoc. 101; Ridgeway 2009, Cincinnati Police Department (RAND)",
    rights=RIGHTS,
)
def veil_of_darkness(
    decisions: ir.Table,
    *,
    groups: Sequence[str],
    latitude: float,
    longitude: float,
    zone: str,
    clock: Literal["local", "utc"] = "local",
    minutes: int = 15,
    weekdays: bool = True,
    around_clock_change: int | None = None,
    least: int = 50,
    independent: bool = False,
    level: float = 0.95,
) -> Answer:
    """Whether a group is stopped more often in daylight, when officers can see who it is, than in darkness.

    Estimates for each group the ratio of two odds: that a stopped person is of the group, in daylight and in darkness,
    at the same clock time on the same day of the week. Above 1, the group makes up more of the stops when it can be
    seen. Twilight itself, from sunset to the end of civil twilight, is left out.

    Args:
        decisions: the table of stops, one row each, with the time of each; where a decision is mapped, only rows with
            it count.
        groups: columns whose values are the groups.
        latitude: of the place, in degrees, north positive.
        longitude: of the place, in degrees, east positive.
        zone: time zone of the place, as America/New_York.
        clock: whether the times in the file are those of the local clock (local) or carry an offset or are UTC (utc).
        minutes: how long a stretch of clock time counts as the same.
        weekdays: whether only the same days of the week are compared.
        around_clock_change: only stops this many days or fewer from a change of the clock, where light changes and
            the season does not.
        least: how many stops in daylight and in darkness there must be in the hours compared.
        independent: that each row is a stop on its own; without it, and without a person (or an officer) whose stops
            belong together, there are no intervals.
        level: confidence level of the intervals.

    Raises:
        NotIdentified: no times, or times without a time of day; a period in which no clock time is both light and
            dark; fewer stops than `least`.
        ParameterError: an unknown group or time zone; a setting out of its range.

    Source: Grogger & Ridgeway 2006, J. Amer. Statist. Assoc. 101; Ridgeway 2009, Cincinnati Police Department Traffic
        Stops, Santa Monica; pooling over clock times: Mantel & Haenszel 1959, J. Natl. Cancer Inst. 22.
    """
    from answerable.areas.decisions.measures.common.cells import count_cells
    from answerable.statistics.solar import time_zone

    check_settings(level)
    if not groups:
        raise ParameterError("decisions.veil_of_darkness needs groups: the columns whose values are the groups.")
    for name, value, high in (("minutes", minutes, 120), ("around_clock_change", around_clock_change or 1, 180)):
        if not 1 <= value <= high:
            raise ParameterError(f"{name} takes a whole number from 1 to {high}, not {value}.")
    stops = _local(decisions, clock, time_zone(zone))
    lit = _lit(stops, (latitude, longitude), time_zone(zone), minutes, around_clock_change)
    within = [CLOCK, *([DAY] if weekdays else []), *([STRATUM] if STRATUM in lit.columns else [])]
    cells = count_cells(lit, [*groups, LIGHT, *within], independent=independent)
    light = _marks(cells, LIGHT, "yes")
    _enough(cells, light, least)
    strata = _strata(cells, within)
    estimates = [
        one
        for column in groups
        for (name,) in cells.groups([column])
        for one in _estimates(cells, {column: name}, _marks(cells, column, name), light, strata, level)
    ]
    return _answer(cells, estimates)


def _local(decisions: ir.Table, clock: str, zone: ZoneInfo) -> ir.Table:
    """The stops that count, with the local day (since 1970) and the minute of the day."""
    if "time" not in decisions.columns:
        raise NotIdentified("Daylight cannot be told.", missing="the time of each stop (--time COLUMN).")
    stops = decisions.filter(decisions["time"].notnull())
    if "decided" in stops.columns:
        stops = stops.filter(stops["decided"])
    seconds = stops["time"].cast("timestamp").epoch_seconds()
    if clock == "utc":
        seconds = seconds + 60 * _ahead(stops, seconds, zone)
    day = (seconds / 86_400).floor().cast("int64")
    stops = stops.mutate(local_day=day, minute=((seconds - day * 86_400) / 60).floor().cast("int64"))
    unused = {"time", "decided", "outcome", "weight", "score", "arm"}
    return stops.drop(*(name for name in stops.columns if name in unused))


def _ahead(stops: ir.Table, seconds: ir.IntegerColumn, zone: ZoneInfo) -> ir.IntegerValue:
    """Minutes that the local clock was ahead of UTC at each stop."""
    import ibis

    from answerable.core.engine import collect
    from answerable.statistics.solar import clock_changes, offset_minutes

    first, last = (_moment(value) for value in _ends(collect(stops.agg(first=seconds.min(), last=seconds.max()))))
    changes = clock_changes(zone, first.date(), last.date())
    if not changes:
        return ibis.literal(offset_minutes(zone, first))
    cases = [(seconds < _seconds(moment), before) for moment, before, _ in changes]
    return ibis.cases(*cases, else_=changes[-1][2])


def _ends(found: dict[str, list[int | None]]) -> tuple[int, int]:
    first, last = found["first"][0], found["last"][0]
    if first is None or last is None:
        raise NotIdentified("No stop has a time.", missing="stops with their times (--time COLUMN).")
    return int(first), int(last)


def _lit(stops: ir.Table, place: tuple[float, float], zone: ZoneInfo, minutes: int, around: int | None) -> ir.Table:
    """The stops at clock times that are light on some days and dark on others, each with whether it was light."""
    import ibis

    from answerable.core.engine import collect
    from answerable.statistics.solar import evenings

    found = collect(
        stops.agg(
            first=stops["local_day"].min(), last=stops["local_day"].max(), timed=stops.count(where=stops["minute"] > 0)
        )
    )
    low, high = _ends(found)
    if not found["timed"][0]:
        raise NotIdentified(
            "Every time is midnight: the times carry no time of day.", missing="when in the day each stop was."
        )
    first, last = _day(low), _day(high)
    nights = evenings(*place, zone, first, last)
    if around is not None:
        nights = [night if near else None for night, near in zip(nights, _near(zone, first, last, around), strict=True)]
    known = [night for night in nights if night is not None]
    earliest, latest = min((one.dark for one in known), default=0), max((one.sunset for one in known), default=0)
    if earliest >= latest:
        raise NotIdentified(
            f"From {first} to {last} no clock time is light on one day and dark on another.",
            missing="stops of more months, or of weeks around a change of the clock.",
        )
    ends = {name: [-1 if one is None else getattr(one, name) for one in nights] for name in ("sunset", "dark")}
    sunset, dark = (
        ibis.literal(ends[name], "array<int64>")[(stops["local_day"] - low).cast("int32")]
        for name in ("sunset", "dark")
    )
    minute = stops["minute"]
    light = ibis.cases((minute < sunset, "yes"), (minute >= dark, "no"))
    day = ibis.literal(["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"], "array<string>")[
        (stops["local_day"] % 7).cast("int32")
    ]
    bands = (minute / minutes).floor().cast("int64").cast("string")
    made = stops.mutate(**{LIGHT: light, CLOCK: bands, DAY: day})
    made = made.filter((sunset >= 0) & (minute >= earliest) & (minute <= latest) & made[LIGHT].notnull())
    return made.drop("local_day", "minute")


def _near(zone: ZoneInfo, first: date, last: date, around: int) -> list[bool]:
    """Whether each day is so near to a change of the clock."""
    from datetime import timedelta

    from answerable.statistics.solar import clock_changes, days

    reach = timedelta(days=around)
    changes = [moment.date() for moment, _, _ in clock_changes(zone, first - reach, last + reach)]
    return [any(abs(day - change) <= reach for change in changes) for day in days(first, last)]


def _enough(cells: Cells, light: Flags, least: int) -> None:
    import numpy as np

    counts = np.array(cells.counts)
    in_light, in_dark = int(counts[light].sum()), int(counts[~light].sum())
    if min(in_light, in_dark) < least:
        raise NotIdentified(
            f"In the hours that are light in one season and dark in another there are {in_light:,} stops in daylight "
            f"and {in_dark:,} in darkness; at least {least:,} of each are needed.",
            missing="stops of a longer time.",
        )


def _marks(cells: Cells, column: str, value: str) -> Flags:
    import numpy as np

    place = cells.columns.index(column)
    return np.array([group[place] == value for group, _ in cells.keys], dtype=bool)


def _strata(cells: Cells, within: Sequence[str]) -> Integers:
    import numpy as np

    places = [cells.columns.index(column) for column in within]
    names = {tuple(group[place] for place in places) for group, _ in cells.keys}
    number = {name: at for at, name in enumerate(sorted(names))}
    return np.array([number[tuple(group[place] for place in places)] for group, _ in cells.keys], dtype=np.int64)


def _estimates(
    cells: Cells, of: dict[str, str], member: Flags, light: Flags, strata: Integers, level: float
) -> list[Estimate]:
    """The group's ratio of odds, and its shares in daylight and in darkness."""
    import numpy as np

    from answerable.areas.decisions.measures.common.estimates import UNSAID
    from answerable.core.curve import ladder
    from answerable.core.estimate import Estimate
    from answerable.statistics.design import Design
    from answerable.statistics.intervals import rates
    from answerable.statistics.within_strata import pooled

    counts, said = np.array(cells.counts), cells.design is not None
    design = cells.design if cells.design is not None else Design.independent(cells.counts)
    levels = ladder(level)
    made = pooled(design, (member & light, member & ~light), (light, ~light), strata, kind="odds ratio", levels=levels)
    ratio = Estimate(
        name="daylight_odds_ratio",
        label="daylight-to-darkness ratio (odds among those stopped, at the same clock time)",
        of=of,
        unit="ratio of odds",
        null=1.0,
        level=level,
        value=made.value,
        n=int(counts[made.used].sum()),
        events=int(counts[made.used & member].sum()),
        units=int(design.units(made.used[None, :])[0]) if said else None,
        curve=made.curve if said else (),
        interval="Mantel-Haenszel, variance by leaving out one row of each cell" if made.curve and said else "",
        reason=made.reason if said or made.value is None else UNSAID,
    )
    above, below = np.stack([member & light, member & ~light]), np.stack([light, ~light])
    shares = rates(design, above, below, levels=levels, interval="wilson")
    names = {
        "share_in_daylight": "share among those stopped in daylight",
        "share_in_darkness": "share among those stopped in darkness",
    }
    return [
        ratio,
        *(
            Estimate(
                name=name,
                label=label,
                of=of,
                unit="proportion",
                level=level,
                value=float(shares.value[at]),
                n=int(shares.n[at]),
                events=int(shares.events[at]),
                units=int(shares.units[at]) if said else None,
                curve=tuple(zip(levels, shares.low[at].tolist(), shares.high[at].tolist(), strict=True))
                if said
                else (),
                interval=shares.how[at] if said else "",
                reason="" if said else UNSAID,
            )
            for at, (name, label) in enumerate(names.items())
        ),
    ]


def _answer(cells: Cells, estimates: Sequence[Estimate]) -> Answer:
    from answerable.areas.decisions.measures.common.answers import LIMITS as GENERAL
    from answerable.core.estimate import Answer, Coverage

    looked = {"stops in the hours compared": cells.rows}
    if cells.people is not None and cells.people < cells.rows:
        looked["people"] = cells.people
    return Answer(
        estimates=tuple(estimates),
        coverage=Coverage(looked_at=looked, missing=cells.missing, complete=not cells.missing),
        limits=(*GENERAL, *LIMITS),
    )


def _day(number: int) -> date:
    from datetime import date, timedelta

    return date(1970, 1, 1) + timedelta(days=number)


def _moment(seconds: int) -> datetime:
    """A moment of UTC, kept plain as the engines keep it."""
    from datetime import datetime, timedelta

    return datetime(1970, 1, 1) + timedelta(seconds=seconds)  # noqa: DTZ001


def _seconds(moment: datetime) -> int:
    return int((moment - _moment(0)).total_seconds())
