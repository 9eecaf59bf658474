"""The curve says the same as interval and as p-value."""

import math
from itertools import accumulate
from statistics import NormalDist

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from answerable.core.curve import LADDER, critical_value, curve_interval, curve_p_value, ladder


def normal_curve(value, error, levels=LADDER):
    return [value - critical_value(level) * error for level in levels], [
        value + critical_value(level) * error for level in levels
    ]


def test_the_wanted_level_is_on_the_ladder_once():
    assert ladder(0.95) == LADDER
    assert 0.937 in ladder(0.937)
    assert list(ladder(0.937)) == sorted(ladder(0.937))
    assert ladder(0.95 + 1e-15) == (*LADDER[:3], 0.95 + 1e-15, *LADDER[4:])


@pytest.mark.parametrize("level", [0, 1, -0.1, 95])
def test_a_level_is_a_share(level):
    with pytest.raises(ValueError, match="between 0 and 1"):
        ladder(level)


@pytest.mark.parametrize("z", [0.3, 1.0, 1.96, 3.0, 5.0])
def test_p_values_of_a_normal_curve_are_those_of_the_z_test(z):
    low, high = normal_curve(0.2, 0.1)
    expected = 2 * NormalDist().cdf(-z)
    assert curve_p_value(LADDER, low, high, 0.2, 0.2 - 0.1 * z) == pytest.approx(expected, rel=1e-6)
    assert curve_p_value(LADDER, low, high, 0.2, 0.2 + 0.1 * z) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("level", [0.6, 0.93, 0.9731, 0.99999999 - 1e-7])
def test_intervals_of_a_normal_curve_are_exact_between_rungs(level):
    low, high = normal_curve(0.2, 0.1)
    half = 0.1 * critical_value(level)
    assert curve_interval(LADDER, low, high, level) == pytest.approx((0.2 - half, 0.2 + half), rel=1e-6)


def test_beyond_the_last_rung_nothing_is_said():
    low, high = normal_curve(10.0, 0.1)
    assert curve_interval(LADDER, low, high, 1 - 1e-9) == (None, None)
    assert curve_p_value(LADDER, low, high, 10.0, 0.0) == 1 - LADDER[-1]


def test_below_the_first_rung_the_first_interval_is_given():
    low, high = normal_curve(0.0, 1.0)
    assert curve_interval(LADDER, low, high, 0.2) == (low[0], high[0])


def test_the_estimate_itself_has_p_1():
    assert curve_p_value([0.5], [0.1], [0.3], 0.2, 0.2) == 1


def test_an_end_without_limit_holds_everything():
    low, high = [0.9, 0.8, 0.7], [2.0, None, None]
    levels = [0.5, 0.9, 0.95]
    assert curve_interval(levels, low, high, 0.95) == (0.7, None)
    assert curve_interval(levels, low, high, 0.7)[1] is None
    assert curve_p_value(levels, low, high, 1.0, 100.0) == 0.5
    assert curve_p_value(levels, low, [math.inf] * 3, 1.0, 100.0) == 1


steps = st.lists(st.floats(0.001, 10), min_size=len(LADDER), max_size=len(LADDER))


@given(steps, steps, st.floats(-60, 60), st.floats(0.5, 1 - 2e-7))
def test_an_interval_leaves_out_the_null_exactly_when_p_is_below_its_error(down, up, null, level):
    low = [-one for one in accumulate(down)]
    high = list(accumulate(up))
    below, above = curve_interval(LADDER, low, high, level)
    p = curve_p_value(LADDER, low, high, 0.0, null)
    assume(abs(null - below) > 1e-6)
    assume(abs(null - above) > 1e-6)
    assert (null < below or null > above) == (p < 1 - level)
