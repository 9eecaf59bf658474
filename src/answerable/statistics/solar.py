"""When the sun sets and when civil twilight ends, at a place, by the clock that people there go by."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from math import acos, asin, cos, degrees, radians, sin, tan
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from answerable.errors import ParameterError

SUNSET, CIVIL = 90.833, 96.0
"""Degrees from the zenith of the sun's centre: when its upper edge sets (with refraction), when civil twilight ends."""


@dataclass(frozen=True, slots=True)
class Evening:
    """The evening of a day, in minutes after midnight by the local clock.

    Args:
        sunset: when the sun sets. dark: when civil twilight ends.
    """

    sunset: int
    dark: int


def time_zone(name: str) -> ZoneInfo:
    """The time zone of that name, as Europe/Paris.

    Raises:
        ParameterError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ParameterError(
            f"There is no time zone {name!r}. A name such as Europe/Paris or America/New_York is meant."
        ) from error


def evenings(latitude: float, longitude: float, zone: ZoneInfo, first: date, last: date) -> list[Evening | None]:
    """The evening of each day from the first to the last; None where the sun does not set, or it does not get dark.

    Args:
        latitude: in degrees, north positive.
        longitude: in degrees, east positive.
        zone: whose clock is told.
        first: day by that clock, with which to begin.
        last: day by that clock, with which to end.

    Raises:
        ParameterError: latitude or longitude out of range.

    Source: Meeus 1991, Astronomical Algorithms, Richmond, ch. 24, as simplified by the US NOAA Solar Calculator.
    """
    if not -90 <= latitude <= 90 or not -180 <= longitude <= 180:
        raise ParameterError(
            f"latitude takes degrees from -90 to 90 and longitude from -180 to 180, not {latitude:g} and {longitude:g}."
        )
    made: list[Evening | None] = []
    for day in days(first, last):
        sets, dark = (_minute(latitude, longitude, zone, day, zenith) for zenith in (SUNSET, CIVIL))
        # Where night falls after midnight there is no evening to compare.
        made.append(Evening(sets, dark) if sets is not None and dark is not None and sets < dark else None)
    return made


def days(first: date, last: date) -> Iterator[date]:
    """Every day from the first to the last."""
    return (first + timedelta(number) for number in range((last - first).days + 1))


def offset_minutes(zone: ZoneInfo, moment: datetime) -> int:
    """How many minutes the zone's clock is ahead of UTC at a moment of UTC."""
    ahead = moment.replace(tzinfo=UTC).astimezone(zone).utcoffset()
    assert ahead is not None
    return round(ahead.total_seconds() / 60)


def clock_changes(zone: ZoneInfo, first: date, last: date) -> list[tuple[datetime, int, int]]:
    """When the clock was put forward or back: the moment in UTC, and minutes ahead of UTC before and after."""
    made = []
    for day in days(first, last):
        start = datetime(day.year, day.month, day.day)  # noqa: DTZ001 - a moment of UTC, kept plain as the engines do
        before, after = offset_minutes(zone, start), offset_minutes(zone, start + timedelta(days=1))
        if before != after:
            minute = next(m for m in range(1, 1441) if offset_minutes(zone, start + timedelta(minutes=m)) != before)
            made.append((start + timedelta(minutes=minute), before, after))
    return made


def _minute(latitude: float, longitude: float, zone: ZoneInfo, day: date, zenith: float) -> int | None:
    """The minute of a local day at which the sun sinks to so many degrees from the zenith; None where it does not."""
    for shift in (0, -1440, 1440):  # the clock of a zone may be most of a day away from the sun's
        after: float | None = 1080.0 - 4 * longitude + shift
        for _ in range(2):
            after = None if after is None else _sinks(latitude, longitude, day, after, zenith, shift)
        if after is None:
            return None
        moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(minutes=round(after))
        local = moment.astimezone(zone)
        if local.date() == day:
            return local.hour * 60 + local.minute
    return None


def _sinks(latitude: float, longitude: float, day: date, about: float, zenith: float, shift: float) -> float | None:
    """Minutes of UTC after the day's midnight at which the sun sinks so low, from about when it does."""
    century = (day.toordinal() - 730_120 - 0.5 + about / 1440) / 36_525  # since noon of 1 January 2000
    mean = radians(280.46646 + century * (36000.76983 + century * 0.0003032))
    anomaly = radians(357.52911 + century * (35999.05029 - 0.0001537 * century))
    eccentricity = 0.016708634 - century * (0.000042037 + 0.0000001267 * century)
    centre = (
        sin(anomaly) * (1.914602 - century * (0.004817 + 0.000014 * century))
        + sin(2 * anomaly) * (0.019993 - 0.000101 * century)
        + sin(3 * anomaly) * 0.000289
    )
    node = radians(125.04 - 1934.136 * century)
    longitude_of_sun = mean + radians(centre - 0.00569 - 0.00478 * sin(node))
    tilt = radians(23.439291 - century * 0.0130042 + 0.00256 * cos(node))
    declination = asin(sin(tilt) * sin(longitude_of_sun))
    y = tan(tilt / 2) ** 2
    equation = 4 * degrees(
        y * sin(2 * mean)
        - 2 * eccentricity * sin(anomaly)
        + 4 * eccentricity * y * sin(anomaly) * cos(2 * mean)
        - y**2 / 2 * sin(4 * mean)
        - 1.25 * eccentricity**2 * sin(2 * anomaly)
    )
    across = cos(radians(latitude)) * cos(declination)
    angle = (cos(radians(zenith)) - sin(radians(latitude)) * sin(declination)) / across if across else 2.0
    if not -1 <= angle <= 1:
        return None
    return 720 - 4 * longitude - equation + 4 * degrees(acos(angle)) + shift
