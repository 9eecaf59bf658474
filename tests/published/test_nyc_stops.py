"""Stops by the New York police in 2020 (NYPD open data): frisks and the weapons that they found, by race."""

import pytest

import answerable

HISPANIC = "WHITE HISPANIC,BLACK HISPANIC"
FRISKED, FOUND = {"BLACK": 57.9, "WHITE": 38.4}, {"BLACK": 17.1, "WHITE": 14.9}
WORDS = {"decided": "FRISKED_FLAG", "outcome": "WEAPON_FOUND_FLAG", "independent": True}
RACE = "SUSPECT_RACE_DESCRIPTION"


@pytest.fixture(scope="module")
def stops(public_data):
    return public_data / "decisions" / "nyc_sqf2020_min.csv"


def rates(file, group):
    result = answerable.ask("decisions.outcome_test", file, groups=group, **WORDS)
    return {(e.name, *e.of.values()): e for e in (finding.estimate for finding in result.findings) if e.null is None}


def test_frisk_and_hit_rates(stops):
    found = rates(stops, RACE)
    for race in FRISKED:
        assert round(100 * found["selection_rate", race].value, 1) == FRISKED[race]
        assert round(100 * found["hit_rate", race].value, 1) == FOUND[race]
    assert (found["hit_rate", "WHITE"].events, found["hit_rate", "WHITE"].n) == (49, 329)


def test_hispanic_is_two_values(stops):
    name = f"{RACE}={HISPANIC}"
    found = rates(stops, name)
    (group,) = [key for key in found if key[0] == "hit_rate" and found[key].n == 1536]
    assert round(100 * found[group].value, 1) == 16.9
    assert round(100 * found["selection_rate", group[1]].value, 1) == 53.4


def test_the_outcome_test_cannot_tell_the_bars_apart(stops):
    result = answerable.ask(
        "decisions.outcome_test",
        stops,
        groups=RACE,
        reference={RACE: "WHITE"},
        stratum="STOP_LOCATION_PRECINCT",
        where=f"{RACE}=BLACK,WHITE",
        **WORDS,
    )
    black = [f for f in result.findings if f.estimate.null is not None]
    assert {f.estimate.name for f in black} >= {"hit_rate_difference", "hit_rate_difference_within_strata"}
    assert {f.verdict for f in black} == {"cannot tell"}
    assert any("cannot tell the bars apart" in limit for limit in black[0].limits)
