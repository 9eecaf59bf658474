"""Pooled comparisons within strata, against statsmodels, by hand, and by simulation."""

import numpy as np
import pytest

from answerable.statistics.design import Design
from answerable.statistics.within_strata import pooled

LEVELS = (0.5, 0.95)


def laid_out(tables):
    """Tables (S, 4) of a, b, c, d as cells: the design of independent rows, marks of events and rows, strata."""
    tables = np.asarray(tables)
    kind = np.tile(np.arange(4), len(tables))
    events, rows = (kind == 0, kind == 2), (kind < 2, kind >= 2)
    return Design.independent(tables.ravel()), events, rows, np.repeat(np.arange(len(tables)), 4)


def test_odds_ratio_agrees_with_statsmodels():
    from statsmodels.stats.contingency_tables import StratifiedTable

    tables = np.array([[30, 70, 20, 90], [15, 40, 12, 60], [60, 50, 33, 47]])
    made = pooled(*laid_out(tables), kind="odds ratio", levels=LEVELS)
    peer = StratifiedTable([table.reshape(2, 2).astype(float) for table in tables])
    assert made.value == pytest.approx(peer.oddsratio_pooled, rel=1e-12)
    low, high = peer.oddsratio_pooled_confint()
    assert made.curve[-1][1:] == pytest.approx((low, high), rel=0.01)


def test_difference_and_ratio_by_hand():
    # Stratum 1: 4 of 10 against 2 of 10; stratum 2: 6 of 20 against 1 of 10.
    tables = [[4, 6, 2, 8], [6, 14, 1, 9]]
    difference = pooled(*laid_out(tables), kind="difference", levels=LEVELS)
    assert difference.value == pytest.approx(((4 * 10 - 2 * 10) / 20 + (6 * 10 - 1 * 20) / 30) / (100 / 20 + 200 / 30))
    ratio = pooled(*laid_out(tables), kind="ratio", levels=LEVELS)
    assert ratio.value == pytest.approx((4 * 10 / 20 + 6 * 10 / 30) / (2 * 10 / 20 + 1 * 20 / 30))
    assert ratio.strata == 2


def test_one_stratum_is_the_plain_difference_and_its_variance():
    made = pooled(*laid_out([[40, 60, 30, 120]]), kind="difference", levels=LEVELS)
    assert made.value == pytest.approx(0.4 - 0.2)
    error = (made.curve[-1][2] - made.value) / 1.959964
    assert error == pytest.approx(np.sqrt(0.4 * 0.6 / 100 + 0.2 * 0.8 / 150), rel=0.02)


def test_strata_of_one_group_say_nothing():
    made = pooled(*laid_out([[4, 6, 0, 0], [0, 0, 3, 5]]), kind="difference", levels=LEVELS)
    assert made.value is None
    assert "both groups" in made.reason


def test_no_events_have_no_interval():
    made = pooled(*laid_out([[0, 10, 0, 10]]), kind="difference", levels=LEVELS)
    assert made.value == 0.0
    assert not made.curve
    assert made.reason
    assert pooled(*laid_out([[3, 7, 0, 10]]), kind="ratio", levels=LEVELS).value is None


def test_people_in_clusters_widen_the_interval():
    tables = np.array([[40, 60, 30, 70], [30, 50, 20, 60]])
    _, events, rows, strata = laid_out(tables)
    alone = Design.independent(tables.ravel())
    tens = Design.clustered(np.eye(8) * 10, tables.ravel() // 10)
    one, other = (pooled(d, events, rows, strata, kind="difference", levels=LEVELS) for d in (alone, tens))
    assert one.value == other.value
    ratio = (other.curve[-1][2] - other.value) / (one.curve[-1][2] - one.value)
    assert ratio == pytest.approx(np.sqrt(10), rel=0.1)


@pytest.mark.parametrize(("strata", "each"), [(5, 80), (150, 3)])
@pytest.mark.parametrize("kind", ["difference", "ratio", "odds ratio"])
def test_coverage_in_few_large_and_in_many_small_strata(kind, strata, each):
    """500 sets: nominal 95 %, so 92 to 98 % but for one in thousands."""
    random = np.random.default_rng(7)
    held = total = 0
    base = np.linspace(0.1, 0.4, strata)
    odds = 1.5 * base / (1 - base)
    other = {"difference": base + 0.1, "ratio": 1.4 * base, "odds ratio": odds / (1 + odds)}[kind]
    truth = {"difference": 0.1, "ratio": 1.4, "odds ratio": 1.5}[kind]
    for _ in range(500):
        a, c = random.binomial(each, other), random.binomial(2 * each, base)
        made = pooled(*laid_out(np.stack([a, each - a, c, 2 * each - c], axis=1)), kind=kind, levels=LEVELS)
        if made.curve:
            total += 1
            held += made.curve[-1][1] <= truth <= made.curve[-1][2]
    assert total > 490
    assert 0.92 <= held / total <= 0.98
