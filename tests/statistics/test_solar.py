"""Sunset and civil twilight against published times, to two minutes."""

from datetime import date
from itertools import pairwise

import pytest

from answerable.errors import ParameterError
from answerable.statistics.solar import clock_changes, evenings, time_zone

# US Naval Observatory tables: sunset and end of civil twilight by the local clock.
KNOWN = [
    (40.71, -74.01, "America/New_York", date(2020, 6, 21), "20:31", "21:04"),
    (40.71, -74.01, "America/New_York", date(2020, 12, 21), "16:32", "17:03"),
    (51.51, -0.13, "Europe/London", date(2020, 6, 21), "21:22", "22:09"),
    (51.51, -0.13, "Europe/London", date(2020, 12, 21), "15:53", "16:34"),
]


def minutes(clock):
    hours, rest = clock.split(":")
    return 60 * int(hours) + int(rest)


@pytest.mark.parametrize(("latitude", "longitude", "zone", "day", "sunset", "dark"), KNOWN)
def test_published_times(latitude, longitude, zone, day, sunset, dark):
    (evening,) = evenings(latitude, longitude, time_zone(zone), day, day)
    assert abs(evening.sunset - minutes(sunset)) <= 2
    assert abs(evening.dark - minutes(dark)) <= 2


@pytest.mark.parametrize(
    ("latitude", "longitude", "zone"),
    [
        (40.71, -74.0, "America/New_York"),
        (-36.85, 174.76, "Pacific/Auckland"),
        (1.87, -157.4, "Pacific/Kiritimati"),
        (21.3, -157.9, "Pacific/Honolulu"),
    ],
)
def test_every_day_has_an_evening_and_it_moves_by_minutes(latitude, longitude, zone):
    """Where sunset crosses midnight of UTC a day is easily lost: 10 August 2019 in New York is such a day."""
    made = evenings(latitude, longitude, time_zone(zone), date(2019, 1, 1), date(2019, 12, 31))
    assert None not in made
    steps = [abs(one.sunset - other.sunset) for one, other in pairwise(made)]
    assert sum(step > 3 for step in steps) == (2 if zone in {"America/New_York", "Pacific/Auckland"} else 0)
    assert max(steps) <= 63


def test_midnight_sun_and_polar_night_have_no_evening():
    oslo = time_zone("Europe/Oslo")
    assert evenings(69.65, 18.96, oslo, date(2020, 6, 21), date(2020, 6, 21)) == [None]
    assert evenings(69.65, 18.96, oslo, date(2020, 12, 21), date(2020, 12, 21)) == [None]


def test_clock_changes():
    ((moment, before, after), _) = clock_changes(time_zone("America/New_York"), date(2020, 1, 1), date(2020, 12, 31))
    assert (moment.isoformat(), before, after) == ("2020-03-08T07:00:00", -300, -240)
    assert clock_changes(time_zone("Asia/Tokyo"), date(2020, 1, 1), date(2020, 12, 31)) == []


def test_wrong_places():
    with pytest.raises(ParameterError, match="Europe/Paris"):
        time_zone("Paris Time")
    with pytest.raises(ParameterError, match="latitude"):
        evenings(95.0, 0.0, time_zone("UTC"), date(2020, 1, 1), date(2020, 1, 2))
