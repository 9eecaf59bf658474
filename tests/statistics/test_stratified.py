"""Mantel-Haenszel figures, their variance under every design, and the tests that strata share one figure."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import StratifiedTable

from answerable.statistics.decomposition import decomposition
from answerable.statistics.design import Design
from answerable.statistics.standardised import STANDARDISED
from answerable.statistics.stratified import (
    MANTEL_HAENSZEL,
    differentiated,
    equal_differences,
    equal_odds,
    figures,
)

EVERY = [MANTEL_HAENSZEL, STANDARDISED, *map(decomposition, ("average", "reference", "group", "pooled", "threefold"))]


def drawn(seed, strata=12, least=3, most=60, effect=0.1):
    random = np.random.default_rng(seed)
    sizes = random.integers(least, most, size=(2, strata))
    rates = random.uniform(0.1, 0.6, size=strata)[None] + np.array([[effect], [0]])
    return random.binomial(sizes, rates), sizes


def peer(events, sizes):
    return StratifiedTable(np.array([[events[0], sizes[0] - events[0]], [events[1], sizes[1] - events[1]]]))


@pytest.mark.parametrize("seed", range(5))
def test_equal_to_statsmodels(by_strata, seed):
    events, sizes = drawn(seed)
    table, strata = peer(events, sizes), by_strata(events, sizes)
    found = figures(strata, MANTEL_HAENSZEL)
    value, low, high = found.curve(0, np.array([0.95]))
    assert value == pytest.approx(table.oddsratio_pooled, rel=1e-12)
    assert (low[0], high[0]) == pytest.approx(table.oddsratio_pooled_confint(), rel=1e-9)
    assert found.curve(1, np.array([0.95]))[0] == pytest.approx(table.riskratio_pooled, rel=1e-12)
    ours, theirs = equal_odds(strata, value), table.test_equal_odds(adjust=True)
    assert (ours.statistic, ours.p) == pytest.approx((theirs.statistic, theirs.pvalue), rel=1e-9)
    assert ours.degrees == sizes.shape[1] - 1


def test_ratio_and_difference_by_hand(by_strata):
    """Two strata: 8 of 10 against 10 of 20, and 6 of 30 against 1 of 10."""
    strata = by_strata([[8, 6], [10, 1]], [[10, 30], [20, 10]])
    found = figures(strata, MANTEL_HAENSZEL)
    ratio = (8 * 20 / 30 + 6 * 10 / 40) / (10 * 10 / 30 + 1 * 30 / 40)
    weights = 10 * 20 / 30, 30 * 10 / 40
    difference = (weights[0] * 0.3 + weights[1] * 0.1) / sum(weights)
    assert found.shown(1) == pytest.approx(ratio)
    assert found.shown(2) == pytest.approx(difference)


def test_one_stratum_has_the_classical_errors(by_strata):
    """One stratum: Woolf's error of the log odds ratio, Katz's of the log ratio."""
    found = figures(by_strata([[30], [20]], [[100], [80]]), MANTEL_HAENSZEL)
    assert found.error[0] ** 2 == pytest.approx(1 / 30 + 1 / 70 + 1 / 20 + 1 / 60)
    assert found.error[1] ** 2 == pytest.approx(1 / 30 - 1 / 100 + 1 / 20 - 1 / 80)
    assert found.error[2] ** 2 == pytest.approx(0.3 * 0.7 / 100 + 0.25 * 0.75 / 80, rel=0.02)


@pytest.mark.parametrize("statistic", EVERY)
def test_derivatives(by_strata, statistic):
    """Complex steps against differences, and no change where every count is multiplied by the same."""
    events, sizes = drawn(3, strata=4)
    events, sizes = np.vstack([events, events.sum(0)]).astype(float), np.vstack([sizes, sizes.sum(0)]).astype(float)
    both = np.ones(4, dtype=bool)
    value, by_events, by_sizes = differentiated(statistic, events, sizes, both)
    for row in range(3):
        for column in range(4):
            step = np.zeros((3, 4))
            step[row, column] = 1e-5
            for moved, derivative in (((events + step, sizes), by_events), ((events, sizes + step), by_sizes)):
                changed = (differentiated(statistic, *moved, both)[0] - value) / 1e-5
                assert changed == pytest.approx(derivative[:, row, column], abs=1e-6)
    euler = (by_events * events).sum(axis=(1, 2)) + (by_sizes * sizes).sum(axis=(1, 2))
    assert euler == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("statistic", EVERY)
def test_people_with_one_row_each_are_rows(by_strata, statistic):
    events, sizes = drawn(1, strata=6)
    rows = by_strata(events, sizes)
    people = Design.clustered(np.eye(24), rows.design.counts)
    alone, clustered = figures(rows, statistic), figures(by_strata(design=people, number=6), statistic)
    known = np.isfinite(alone.error)
    assert clustered.value == pytest.approx(alone.value)
    assert clustered.error[known] == pytest.approx(alone.error[known])


@pytest.mark.parametrize("statistic", EVERY)
def test_people_with_four_equal_rows_know_no_more_than_one_row_each(by_strata, statistic):
    events, sizes = drawn(2, strata=3, least=300, most=600)
    rows = by_strata(events, sizes)
    people = Design.clustered(4 * np.eye(12), rows.design.counts)
    alone, clustered = figures(rows, statistic), figures(by_strata(design=people, number=3), statistic)
    known = np.isfinite(alone.error)
    assert clustered.value == pytest.approx(alone.value)
    assert clustered.error[known] == pytest.approx(alone.error[known], rel=0.02)
    naive = figures(by_strata(4 * events, 4 * sizes), statistic)
    assert (clustered.error[known] > 1.9 * naive.error[known]).all()


def test_equal_weights_are_no_weights_and_unequal_ones_widen(by_strata):
    events, sizes = drawn(4, strata=3, least=100, most=200)
    counts = by_strata(events, sizes).design.counts
    alone = figures(by_strata(events, sizes), MANTEL_HAENSZEL)
    equal = figures(by_strata(design=Design.weighted(counts, 2.5 * counts, 6.25 * counts), number=3), MANTEL_HAENSZEL)
    assert equal.error == pytest.approx(alone.error)
    # Half the rows weigh 1, half weigh 3: the mean weight is 2, the mean square 5, so the error grows by sqrt(5) / 2.
    mixed = figures(by_strata(design=Design.weighted(counts, 2 * counts, 5 * counts), number=3), MANTEL_HAENSZEL)
    assert mixed.value == pytest.approx(alone.value)
    assert mixed.error == pytest.approx(alone.error * np.sqrt(5) / 2, rel=0.01)


def test_strata_with_one_group_only_change_nothing(by_strata):
    events, sizes = drawn(5, strata=6)
    alone = figures(by_strata(events, sizes), MANTEL_HAENSZEL)
    more = by_strata(np.hstack([events, [[40], [0]]]), np.hstack([sizes, [[50], [0]]]))
    assert more.both.tolist() == [True] * 6 + [False]
    found = figures(more, MANTEL_HAENSZEL)
    assert found.value == pytest.approx(alone.value)
    assert found.error == pytest.approx(alone.error)
    assert equal_odds(more, 1.3).statistic == pytest.approx(equal_odds(by_strata(events, sizes), 1.3).statistic)


def test_no_events_on_one_side_is_no_number(by_strata):
    found = figures(by_strata([[0, 0], [5, 6]], [[20, 20], [20, 20]]), MANTEL_HAENSZEL)
    assert found.curve(0, np.array([0.95])) is None
    assert found.curve(1, np.array([0.95])) is None
    value, low, high = found.curve(2, np.array([0.95]))
    assert value == pytest.approx(-0.275)
    assert low[0] < value < high[0] < 0


def test_the_same_odds_everywhere_and_odds_that_differ(by_strata):
    same = by_strata([[20, 40, 60], [20, 40, 60]], [[80, 80, 80], [80, 80, 80]])
    assert equal_odds(same, 1.0).p == pytest.approx(1)
    assert equal_differences(same, 0.0).p == pytest.approx(1)
    turned = by_strata([[60, 40, 20], [20, 40, 60]], [[80, 80, 80], [80, 80, 80]])
    assert equal_odds(turned, 1.0).p < 1e-9
    assert equal_differences(turned, 0.0).p < 1e-9


@pytest.mark.parametrize("people", [False, True])
def test_homogeneity_errs_as_often_as_it_says(by_strata, people):
    """Where strata share one figure, about 5 in 100 p-values lie below 0.05; of rows taken for people, far more."""
    random = np.random.default_rng(7)
    small = {"odds": [], "difference": [], "rows": []}
    for _ in range(300):
        sizes = np.full((2, 4), 60)
        events = random.binomial(sizes, [[0.4], [0.3]])
        strata = by_strata(events, sizes)
        if people:
            strata = by_strata(design=Design.clustered(3 * np.eye(16), strata.design.counts), number=4)
            small["rows"].append(equal_odds(by_strata(3 * events, 3 * sizes), 1.555).p)
        small["odds"].append(equal_odds(strata, 1.555).p)
        small["difference"].append(equal_differences(strata, 0.1).p)
    rates = {name: np.mean(np.array(found) < 0.05) for name, found in small.items() if found}
    assert 0.02 <= rates["odds"] <= 0.09
    assert 0.02 <= rates["difference"] <= 0.09
    assert not people or rates["rows"] > 0.3


@pytest.mark.parametrize(("strata", "least", "most"), [(5, 5, 20), (50, 2, 10)])
def test_thin_strata_are_not_taken_to_differ(by_strata, strata, least, most):
    """With each stratum's own rates for its variance, 27 in 100 p-values lay below 0.05 in 50 strata of 2 to 9 rows."""
    random = np.random.default_rng(9)
    small = 0
    for _ in range(300):
        sizes = random.integers(least, most, size=(2, strata))
        made = by_strata(random.binomial(sizes, [[0.4], [0.3]]), sizes)
        small += equal_differences(made, figures(made, MANTEL_HAENSZEL).shown(2)).p < 0.05
    assert small / 300 <= 0.08


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 8))
def test_group_and_reference_turned(seed, strata):
    from answerable.statistics.stratified import Strata

    random = np.random.default_rng(seed)
    sizes = random.integers(2, 30, size=(2, strata))
    events = random.integers(1, sizes)
    group, stratum, event = np.unravel_index(np.arange(4 * strata), (2, strata, 2))
    counts = np.where(event == 1, events[group, stratum], (sizes - events)[group, stratum])
    marks = [group == 0, group == 1, group >= 0]
    one, other = (
        figures(
            Strata(
                Design.independent(counts),
                np.stack([m & (event == 1) for m in order]),
                np.stack(order),
                stratum,
                strata,
            ),
            MANTEL_HAENSZEL,
        )
        for order in (marks, [marks[1], marks[0], marks[2]])
    )
    assert one.value == pytest.approx(-other.value, abs=1e-9)
    assert one.error == pytest.approx(other.error, abs=1e-9)
