"""Medians over specifications: by hand, against exact chances, and where nothing can be said."""

import numpy as np
import pytest
from scipy.stats import hypergeom

from answerable.core.curve import curve_p_value, ladder
from answerable.statistics.design import Design
from answerable.statistics.specifications import Specifications, median_curve, shuffled

LEVELS = np.array(ladder())
CELLS = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])


def one(kind="difference"):
    """The share of profile 0 in group 0, against group 1."""
    marks = np.array([[True, False]]), np.array([[True, True]])
    return Specifications(*marks, np.array([[True, False]]), np.array([[False, True]]), kind)


def test_values_and_median_by_hand():
    # Profiles 0, 1, 2; three ways to draw the line: 0 of all, 0 and 1 of all, 0 of 0 and 1.
    above = np.array([[1, 0, 0], [1, 1, 0], [1, 0, 0]], bool)
    below = np.array([[1, 1, 1], [1, 1, 1], [1, 1, 0]], bool)
    of, against = np.array([[1, 0]] * 3, bool), np.array([[0, 1]] * 3, bool)
    counts = np.array([[[2.0, 2, 4], [1, 4, 5]]])
    difference = Specifications(above, below, of, against, "difference")
    assert difference.values(counts)[0] == pytest.approx([2 / 8 - 1 / 10, 4 / 8 - 5 / 10, 2 / 4 - 1 / 5])
    assert difference.medians(counts)[0] == pytest.approx(0.15)
    ratio = Specifications(above, below, of, against, "ratio")
    assert ratio.values(counts)[0] == pytest.approx([2.5, 1.0, 2.5])


def test_a_way_that_counts_nobody_is_left_out_of_the_median():
    above, below = np.array([[1, 0], [0, 1]], bool), np.array([[1, 0], [1, 1]], bool)
    members = np.array([[1, 0]] * 2, bool), np.array([[0, 1]] * 2, bool)
    counts = np.array([[[0.0, 4], [2, 2]]])
    made = Specifications(above, below, *members, "difference")
    assert np.isnan(made.values(counts)[0, 0])
    assert made.medians(counts)[0] == pytest.approx(0.5)
    assert np.isnan(made.medians(np.zeros((1, 2, 2)))[0])


def test_shuffling_keeps_the_rows_of_each_group_and_profile_within_strata():
    random = np.random.default_rng(3)
    counts, strata = np.array([[3.0, 5, 2, 0], [1, 1, 8, 4], [0, 6, 1, 1]]), np.array([0, 0, 1, 1])
    made = shuffled(counts, strata, 4_000, random)
    assert (made >= 0).all()
    for stratum in (0, 1):
        within = strata == stratum
        assert (made[:, :, within].sum(axis=2) == counts[:, within].sum(axis=1)).all()
        expected = np.outer(counts[:, within].sum(axis=1), counts[:, within].sum(axis=0)) / counts[:, within].sum()
        assert made[:, :, within].mean(axis=0) == pytest.approx(expected, abs=0.1)
    assert (made.sum(axis=1) == counts.sum(axis=0)).all()


@pytest.mark.parametrize("kind", ["difference", "ratio"])
def test_one_specification_has_the_exact_chance_of_the_table(kind):
    """Groups of equal size: the p-value of shuffled groups is the hypergeometric one, and the curve repeats it."""
    counts = [26, 14, 15, 25]
    found = median_curve(
        one(kind), Design.independent(counts), CELLS, np.zeros(2, int), levels=LEVELS, replicates=20_000, seed=1
    )
    exact = 2 * hypergeom.sf(25, 80, 41, 40)
    p = curve_p_value(LEVELS, found.low, found.high, found.value, one(kind).null)
    assert p == pytest.approx(exact, abs=0.006)
    assert "shuffled" in found.how


def test_an_interval_is_never_narrower_than_the_shuffled_groups_allow():
    design = Design.independent([12, 8, 5, 15])
    known = {"levels": LEVELS, "replicates": 4_000, "seed": 1}
    free = median_curve(one(), design, CELLS, None, **known)
    held = median_curve(one(), design, CELLS, np.zeros(2, int), **known)
    assert (held.low <= free.low).all()
    assert (held.high >= free.high).all()
    assert "shuffled" not in free.how


@pytest.mark.parametrize("counts", [[0, 20, 0, 30], [20, 0, 30, 0], [0, 0, 3, 4]])
def test_no_interval_where_resamples_do_not_vary(counts):
    found = median_curve(
        one(), Design.independent(counts), CELLS, np.zeros(2, int), levels=LEVELS, replicates=1_000, seed=1
    )
    assert "Too few" in found.reason
    assert np.isnan(found.low).all()


@pytest.mark.parametrize("kind", ["difference", "ratio"])
def test_where_nothing_can_be_resampled_the_limits_are_those_of_the_bootstrap_almost(kind):
    """Rows of nearly equal weight: the normal draws say what resampled rows say."""
    counts = np.array([300, 200, 260, 340])
    squares = counts * (1 + np.array([1, 2, 1, 2]) * 1e-3)
    known = {"levels": LEVELS, "replicates": 20_000, "seed": 1}
    drawn = median_curve(one(kind), Design.weighted(counts, counts, squares), CELLS, None, **known)
    resampled = median_curve(one(kind), Design.independent(counts), CELLS, None, **known)
    assert "normal" in drawn.how
    assert drawn.value == pytest.approx(resampled.value)
    at = LEVELS.tolist().index(0.95)
    assert (drawn.low[at], drawn.high[at]) == pytest.approx((resampled.low[at], resampled.high[at]), abs=0.02)


def test_the_normal_draws_know_that_specifications_share_their_rows():
    """Twice the same specification has the median of one, not of two that are independent."""
    counts = np.array([300, 200, 260, 340])
    design = Design.weighted(counts, counts, counts * np.array([1.001, 1.002, 1.001, 1.002]))
    single, known = one(), {"levels": LEVELS, "replicates": 20_000, "seed": 1}
    marks = (np.tile(m, (2, 1)) for m in (single.above, single.below, single.of, single.against))
    twice = median_curve(Specifications(*marks, "difference"), design, CELLS, None, **known)
    alone = median_curve(single, design, CELLS, None, **known)
    assert twice.high[3] - twice.low[3] == pytest.approx(alone.high[3] - alone.low[3], rel=0.03)
