"""E-values: published figures, and limits of ratios on either side of 1."""

import pytest

from answerable.statistics.unmeasured import e_value, e_value_curve, risk_ratio_of


def test_published():
    """VanderWeele & Ding 2017: a risk ratio of 3.9 (95 % interval 1.8 to 8.7) has E-values 7.26 and 3.0."""
    assert e_value(3.9) == pytest.approx(7.26, abs=0.005)
    assert e_value_curve(3.9, [(0.95, 1.8, 8.7)])[0][1] == pytest.approx(3.0)


def test_a_ratio_below_1_is_turned_over():
    assert e_value(1 / 3.9) == pytest.approx(e_value(3.9))
    (_, near, far), *_ = e_value_curve(1 / 3.9, [(0.95, 1 / 8.7, 1 / 1.8)])
    assert near == pytest.approx(3.0)
    assert far == pytest.approx(e_value(8.7))


def test_an_interval_that_holds_1_needs_no_cause():
    assert e_value_curve(1.2, [(0.95, 0.9, 1.6)]) == ((0.95, 1.0, pytest.approx(e_value(1.6))),)
    assert e_value_curve(0.8, [(0.95, 0.5, 1.1)]) == ((0.95, 1.0, pytest.approx(e_value(2.0))),)
    assert e_value(1.0) == 1.0


def test_limits_that_are_not_there():
    assert e_value_curve(2.0, [(0.95, 1.5, None)]) == ((0.95, pytest.approx(e_value(1.5)), None),)
    assert e_value_curve(0.5, [(0.95, 0.0, 0.8)]) == ((0.95, pytest.approx(e_value(1.25)), None),)
    assert e_value_curve(2.0, [(0.95, None, 5.0)]) == ((0.95, 1.0, None),)
    assert e_value_curve(2.0, [(0.95, 1e-320, 5.0)]) == ((0.95, 1.0, None),)


def test_odds_ratios():
    assert risk_ratio_of(4.0, common=True) == 2.0
    assert risk_ratio_of(4.0, common=False) == 4.0
