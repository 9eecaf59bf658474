"""The veil of darkness: by hand, with planted effects, and without any."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from answerable.areas.decisions.measures.veil_of_darkness import veil_of_darkness
from answerable.errors import NotIdentified, ParameterError
from answerable.statistics.solar import evenings, time_zone

PLACE = {"latitude": 40.71, "longitude": -74.0, "zone": "America/New_York"}
ZONE = time_zone(PLACE["zone"])
YEAR = dt.date(2019, 1, 1), dt.date(2019, 12, 31)
EVENINGS = evenings(PLACE["latitude"], PLACE["longitude"], ZONE, *YEAR)


def plain(*parts):
    """A time by the local clock, as files have it: without a zone."""
    return dt.datetime(*parts)  # noqa: DTZ001


def stops(races, times, **more):
    return pa.table({"race": races, "time": pa.array(times, pa.timestamp("us")), **more})


def simulated(seed, number, effect=0.0, officers=0):
    """A year of stops whose composition changes with the clock; `effect` on the log odds in daylight."""
    random = np.random.default_rng(seed)
    day, minute = random.integers(0, 365, number), random.integers(960, 1320, number)
    light = minute < np.array([one.sunset for one in EVENINGS])[day]
    base = -0.8 + 0.006 * (minute - 960) + effect * light
    officer = random.integers(0, max(1, officers), number)
    base = base + (random.normal(0, 0.8, officers)[officer] if officers else 0)
    races = np.where(random.random(number) < 1 / (1 + np.exp(-base)), "b", "w")
    times = [plain(2019, 1, 1) + dt.timedelta(days=int(d), minutes=int(m)) for d, m in zip(day, minute, strict=True)]
    return stops(races, times, **({"person": [f"o{one}" for one in officer]} if officers else {}))


def ratio(answer, race="b"):
    (found,) = [e for e in answer.estimates if e.name == "daylight_odds_ratio" and e.of["race"] == race]
    return found


def by_hand():
    """17:50 to 17:59 on Mondays: dark on 7 January 2019, twilight on 4 March, light on 3 June."""
    days = {"dark": plain(2019, 1, 7), "twilight": plain(2019, 3, 4), "light": plain(2019, 6, 3)}
    counts = {("b", "light"): 30, ("w", "light"): 20, ("b", "dark"): 15, ("w", "dark"): 25, ("b", "twilight"): 40}
    made = [
        (race, days[when] + dt.timedelta(hours=17, minutes=50 + number % 9))
        for (race, when), many in counts.items()
        for number in range(many)
    ]
    return [race for race, _ in made], [time for _, time in made]


def test_a_case_worked_by_hand(make_table):
    """One stratum: 30 / 20 in daylight against 15 / 25 in darkness is a ratio of 2.5; twilight is left out."""
    answer = veil_of_darkness(
        make_table(stops(*by_hand())), groups=["race"], **PLACE, minutes=30, least=10, independent=True
    )
    found = ratio(answer)
    assert found.value == pytest.approx(2.5)
    assert (found.n, found.events) == (90, 45)
    error = np.sqrt(1 / 30 + 1 / 20 + 1 / 15 + 1 / 25)
    assert found.high == pytest.approx(2.5 * np.exp(1.96 * error), rel=0.05)
    assert ratio(answer, "w").value == pytest.approx(1 / 2.5)
    shares = {(e.name, e.of["race"]): (e.events, e.n) for e in answer.estimates if "share" in e.name}
    assert shares["share_in_daylight", "b"] == (30, 50)
    assert shares["share_in_darkness", "w"] == (25, 40)


def test_utc_and_the_local_clock_agree(make_table):
    races, times = by_hand()
    utc = [one.replace(tzinfo=ZONE).astimezone(dt.UTC).replace(tzinfo=None) for one in times]
    words = {"groups": ["race"], "minutes": 30, "least": 10, "independent": True, **PLACE}
    local = veil_of_darkness(make_table(stops(races, times)), **words)
    assert veil_of_darkness(make_table(stops(races, utc)), **words, clock="utc").as_json() == local.as_json()
    with pytest.raises(NotIdentified):  # read as local, New York's afternoon would be its night
        veil_of_darkness(make_table(stops(races, utc)), **words)


def test_the_hour_does_not_pass_for_the_light(make_table):
    """Who is on the road changes with the clock: shares differ between light and dark, the ratio does not."""
    answer = veil_of_darkness(make_table(simulated(2, 12_000)), groups=["race"], **PLACE, independent=True)
    shares = [e for e in answer.estimates if "share" in e.name and e.of["race"] == "b"]
    assert shares[0].high < shares[1].low
    assert ratio(answer).low < 1 < ratio(answer).high


def test_a_planted_effect_comes_back(make_table):
    answer = veil_of_darkness(make_table(simulated(3, 12_000, effect=0.5)), groups=["race"], **PLACE, independent=True)
    assert 1 < ratio(answer).low < np.exp(0.5) < ratio(answer).high


def test_no_effect_is_seldom_claimed(make_table):
    """8 sets with officers of different habits; 60 sets gave claims in 3 % and the truth held in 97 %."""
    claims = 0
    for seed in range(8):
        found = ratio(veil_of_darkness(make_table(simulated(seed, 3000, officers=60)), groups=["race"], **PLACE))
        assert found.units == 60
        claims += not found.low <= 1 <= found.high
    assert claims <= 2


def test_around_a_change_of_the_clock(make_table):
    everything = simulated(5, 12_000)
    words = {"groups": ["race"], "independent": True, **PLACE}
    near = veil_of_darkness(make_table(everything), **words, around_clock_change=30)
    whole = veil_of_darkness(make_table(everything), **words)
    assert 0 < ratio(near).n < ratio(whole).n


def test_only_stops_with_the_decision_count(make_table):
    races, times = by_hand()
    table = stops(races * 2, times * 2, decided=[True] * len(races) + [False] * len(races))
    answer = veil_of_darkness(make_table(table), groups=["race"], **PLACE, minutes=30, least=10, independent=True)
    assert ratio(answer).n == 90


def test_refusals(make_table):
    races, times = by_hand()
    words = {"groups": ["race"], "independent": True, **PLACE}
    midnights = [one.replace(hour=0, minute=0) for one in times]
    with pytest.raises(NotIdentified, match="midnight"):
        veil_of_darkness(make_table(stops(races, midnights)), **words)
    with pytest.raises(NotIdentified, match="50 stops in daylight and 40 in darkness"):
        veil_of_darkness(make_table(stops(races, times)), **words)
    june = [one.replace(month=6, day=3) for one in times]
    with pytest.raises(NotIdentified, match="no clock time is light on one day"):
        veil_of_darkness(make_table(stops(races, june)), **words)
    with pytest.raises(NotIdentified, match="--time"):
        veil_of_darkness(make_table({"race": races}), **words)
    with pytest.raises(ParameterError, match="time zone"):
        veil_of_darkness(make_table(stops(races, times)), **{**words, "zone": "New York"})
    with pytest.raises(ParameterError, match="latitude"):
        veil_of_darkness(make_table(stops(races, times)), **{**words, "latitude": 140.0})
    with pytest.raises(ParameterError, match="minutes"):
        veil_of_darkness(make_table(stops(races, times)), **words, minutes=0)


def test_without_a_unit_of_independence_there_is_no_interval(make_table):
    answer = veil_of_darkness(make_table(stops(*by_hand())), groups=["race"], **PLACE, minutes=30, least=10)
    assert all(not one.curve and "independent" in one.reason for one in answer.estimates)
