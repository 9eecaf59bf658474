"""COMPAS along its deciles: ProPublica's rates at both cut-offs (Larson et al. 2016), calibration, and areas."""

import csv
from collections import Counter

import pytest
from scipy.stats import mannwhitneyu

import answerable

RATES = {  # race: false positive and false negative rate at 5 (Medium or High) and at 8 (High), in percent as printed
    "African-American": {5: ("44.85", "27.99"), 8: ("15.82", "61.02")},
    "Caucasian": {5: ("23.45", "47.72"), 8: ("5.44", "79.81")},
}


@pytest.fixture(scope="module")
def file(public_data):
    return public_data / "decisions" / "compas_two_years_min.csv"


@pytest.fixture(scope="module")
def found(file):
    return answerable.ask(
        "decisions.thresholds",
        file,
        score="decile_score",
        outcome="two_year_recid=1",
        groups=["race"],
        reference={"race": "Caucasian"},
        person="id",
        in_use=5,
    )


@pytest.fixture(scope="module")
def rows(file):
    with file.open(encoding="utf-8", newline="") as lines:
        return [(row["race"], int(row["decile_score"]), int(row["two_year_recid"])) for row in csv.DictReader(lines)]


def series(found, name, race):
    (one,) = (one for one in found.series if one.name == name and one.of == {"race": race} and one.against is None)
    return {point.x: point for point in one.points}


@pytest.mark.parametrize("race", RATES)
def test_published_rates_at_both_cutoffs(found, race):
    positive = series(found, "false_positive_rate_by_cutoff", race)
    negative = series(found, "false_negative_rate_by_cutoff", race)
    for cutoff, printed in RATES[race].items():
        assert (f"{100 * positive[cutoff].value:.2f}", f"{100 * negative[cutoff].value:.2f}") == printed


def test_the_gap_at_the_cutoff_in_use_is_shown(found):
    (one,) = (
        finding
        for finding in found.findings
        if finding.estimate.name == "false_positive_rate_difference"
        and finding.estimate.of == {"race": "African-American"}
    )
    assert one.estimate.value == pytest.approx(805 / 1795 - 349 / 1488)
    assert one.verdict == "shown"
    assert "cut-off in use, 5" in one.statement


@pytest.mark.parametrize("race", RATES)
def test_calibration_by_decile(found, rows, race):
    counted = Counter((score, outcome) for group, score, outcome in rows if group == race)
    points = series(found, "calibration_by_score", race)
    assert list(points) == list(range(1, 11))
    for score, point in points.items():
        assert (point.events, point.n) == (counted[score, 1], counted[score, 0] + counted[score, 1])


def test_areas_are_those_of_the_rank_sum(found, rows):
    areas = {f.estimate.of["race"]: f.estimate.value for f in found.findings if f.estimate.name == "area_under_curve"}
    assert len(areas) == 6
    for race, area in areas.items():
        parts = [[score for group, score, outcome in rows if (group, outcome) == (race, state)] for state in (1, 0)]
        assert area == pytest.approx(mannwhitneyu(*parts).statistic / len(parts[0]) / len(parts[1]), abs=1e-12)
