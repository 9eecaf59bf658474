"""Sample sizes: statsmodels and enumeration for the formulas, simulation with our own intervals for the promise."""

import numpy as np
import pytest

from answerable.statistics.design import Design
from answerable.statistics.intervals import contrasts
from answerable.statistics.sample_size import (
    Comparison,
    cases_for_width,
    cases_needed,
    half_width,
    normal_power,
    pairs_needed,
    pairs_power,
    power,
    smallest_gap,
)

ABOVE, BELOW = np.array([[1, 0, 0, 0], [0, 0, 1, 0]], bool), np.array([[1, 1, 0, 0], [0, 0, 1, 1]], bool)


def shown(design, level=0.95, kind="difference", bar=0.0):
    """Whether our own interval lies above the bar; cells are (event, none) of the group, then of the reference."""
    found = contrasts(design, ABOVE, BELOW, [(0, 1)], kind=kind, levels=[level], replicates=1000)
    return found.low[0, 0] > bar


@pytest.mark.parametrize("cases", [200, 1000, 20_000])
@pytest.mark.parametrize(("rate", "other", "share"), [(0.1, 0.15, 0.5), (0.6, 0.4, 0.2)])
def test_the_approximation_is_that_of_statsmodels(cases, rate, other, share):
    pytest.importorskip("statsmodels.api")
    from statsmodels.stats.power import normal_power_het

    group = cases * share
    error = np.sqrt(other * (1 - other) + rate * (1 - rate) * share / (1 - share))
    spread = {"std_null": error, "std_alternative": error}
    theirs = normal_power_het(abs(other - rate), group, 0.025, alternative="larger", **spread)
    assert normal_power(Comparison(rate, other, share), cases) == pytest.approx(theirs, abs=1e-9)


def test_the_number_of_cases_is_near_the_textbook_formula():
    """Fleiss, Levin & Paik's formula by hand: 25 % against 40 %, two-sided 5 %, power 80 %."""
    mean, z, y = 0.325, 1.959964, 0.841621
    above = z * np.sqrt(2 * mean * (1 - mean)) + y * np.sqrt(0.25 * 0.75 + 0.4 * 0.6)
    by_hand = (above / 0.15) ** 2
    assert by_hand == pytest.approx(151.9, abs=0.1)
    assert cases_needed(Comparison(0.25, 0.40), 0.8) / 2 == pytest.approx(by_hand, rel=0.02)


@pytest.mark.parametrize(("kind", "bar"), [("difference", 0.0), ("ratio", 1.25)])
def test_power_is_the_sum_over_all_tables_that_our_own_intervals_show(kind, bar):
    from scipy.stats import binom

    group, reference, rate, other = 30, 40, 0.2, 0.6
    expected = 0.0
    for a in range(group + 1):
        for b in range(reference + 1):
            design = Design.independent([a, group - a, b, reference - b])
            if (kind == "difference" or b) and shown(design, kind=kind, bar=bar):
                expected += binom.pmf(a, group, other) * binom.pmf(b, reference, rate)
    comparison = Comparison(rate, other, share=3 / 7, ratio=bar if kind == "ratio" else None)
    assert comparison.sizes(70) == (40, 30)
    assert power(comparison, 70) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"share": 0.1},
        {"level": 1 - 0.05 / 10},
        {"ratio": 1.25, "other": 0.4},
        {"counted": 0.5, "other_counted": 0.3},
    ],
    ids=["plain", "unequal", "ten comparisons", "four fifths", "error rate"],
)
def test_so_many_cases_show_the_gap_as_often_as_asked(words):
    comparison = Comparison(**{"rate": 0.1, "other": 0.25, **words})
    cases = cases_needed(comparison, 0.8)
    reference, group = comparison.sizes(cases)
    random = np.random.default_rng(cases)
    seen = 0
    for a, b in zip(random.binomial(group, comparison.other, 600), random.binomial(reference, 0.1, 600), strict=True):
        design = Design.independent([a, group - a, b, reference - b])
        kind = "ratio" if comparison.ratio else "difference"
        seen += shown(design, comparison.level, kind, comparison.bar)
    assert seen / 600 == pytest.approx(0.8, abs=3 * np.sqrt(0.16 / 600) + 0.015)
    smaller = int(cases * 0.9)
    assert power(comparison, smaller) < 0.8, "and not many fewer"


def test_several_decisions_a_person_need_as_many_more_as_their_likeness_says():
    """People with 4 decisions, correlation 0.3: cluster intervals show the gap as often as asked; rows do not."""
    people_each, alike = 4, 0.3
    comparison = Comparison(0.2, 0.35, effect=1 + (people_each - 1) * alike)
    cases = cases_needed(comparison, 0.8)
    people = cases // 2 // people_each
    random = np.random.default_rng(3)
    seen = 0
    for _ in range(300):
        rows = []
        for rate, place in ((0.35, 0), (0.2, 2)):
            own = random.beta(rate * (1 / alike - 1), (1 - rate) * (1 / alike - 1), people)
            events = random.binomial(people_each, own)
            for number, count in enumerate(np.bincount(events, minlength=people_each + 1)):
                signature = [0, 0, 0, 0]
                signature[place], signature[place + 1] = number, people_each - number
                rows.append((signature, count))
        signatures, counts = zip(*rows, strict=True)
        seen += shown(Design.clustered(np.array(signatures), np.array(counts)))
    assert seen / 300 == pytest.approx(0.8, abs=0.08)
    assert power(Comparison(0.2, 0.35), cases) > 0.95, "taken for people of their own they would promise too much"


def test_the_smallest_gap_is_the_one_whose_cases_are_needed():
    comparison = Comparison(0.1, 0.15)
    cases = cases_needed(comparison, 0.8)
    assert smallest_gap(comparison, cases, 0.8, above=True) == pytest.approx(0.15, abs=2e-4)
    assert smallest_gap(Comparison(0.02, 0.02), 60, 0.8, above=False) is None


def test_no_number_shows_what_lies_within_the_threshold():
    assert cases_needed(Comparison(0.5, 0.6, ratio=1.25), 0.8) is None
    assert cases_needed(Comparison(0.5, 0.54, difference=0.05), 0.8) is None
    assert cases_needed(Comparison(0.1, 0.1), 0.8) is None
    assert cases_needed(Comparison(0.5, 0.39, ratio=1.25), 0.8) is not None


def test_four_fifths_at_low_rates_takes_far_more_cases_than_at_high_ones():
    """The same ratio of 1.75, as 0.46 % against 0.26 %, and as 46 % against 26 %."""
    low, high = (cases_needed(Comparison(rate, 1.77 * rate, ratio=1.25), 0.8) for rate in (0.0026, 0.26))
    assert low > 100 * high


@pytest.mark.parametrize("pairs", [25, 60])
def test_pairs_are_those_of_the_exact_test(pairs):
    from scipy.stats import binomtest, multinomial

    rate, other, apart = 0.3, 0.5, 0.4
    up, down = (apart + 0.2) / 2, (apart - 0.2) / 2
    expected = sum(
        multinomial.pmf([a, b, pairs - a - b], pairs, [up, down, 1 - apart])
        for a in range(pairs + 1)
        for b in range(pairs - a + 1)
        if a > b and binomtest(b, a + b).pvalue <= 0.05
    )
    assert pairs_power(rate, other, apart, pairs, 0.95) == pytest.approx(expected, abs=1e-5)


def test_pairs_that_agree_more_are_fewer():
    few, many = (pairs_needed(0.3, 0.4, apart, 0.95, 0.8) for apart in (0.15, 0.46))
    assert few < many / 2
    assert pairs_power(0.3, 0.4, 0.15, few, 0.95) >= 0.8 > pairs_power(0.3, 0.4, 0.15, few - 5, 0.95)
    assert pairs_needed(0.3, 0.3, 0.2, 0.95, 0.8) is None


def test_half_the_width_is_that_of_statsmodels():
    pytest.importorskip("statsmodels.api")
    from statsmodels.stats.proportion import proportion_confint

    low, high = proportion_confint(39, 390, method="wilson")
    assert half_width(0.1, 390, 0.95) == pytest.approx((high - low) / 2, rel=1e-9)
    cases = cases_for_width(0.1, 0.03, 0.95)
    assert half_width(0.1, cases, 0.95) <= 0.03 < half_width(0.1, cases - 1, 0.95)


def test_rates_at_the_ends_and_very_many_cases():
    assert power(Comparison(0.0, 0.2), 200) > 0.8
    assert power(Comparison(1.0, 0.8), 200) > 0.8
    assert power(Comparison(0.1, 0.2), 1) == 0.0
    near = Comparison(0.5, 0.501)
    assert power(near, 8_000_000) == normal_power(near, 8_000_000)
    assert 7_000_000 < cases_needed(near, 0.8) < 9_000_000
