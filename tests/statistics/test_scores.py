"""Limits of one rate against statsmodels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from answerable.statistics.scores import clopper_pearson, normal_quantiles, student_quantiles, wilson

COUNTS = [(0, 10), (1, 10), (5, 10), (10, 10), (81, 263), (15, 148), (0, 20), (1, 29), (700, 1000), (3, 1_000_000)]
LEVELS = np.array([0.5, 0.9, 0.95, 0.99, 0.99999])


@pytest.mark.parametrize(("events", "n"), COUNTS)
@pytest.mark.parametrize("name", ["wilson", "beta"])
def test_limits_are_those_of_statsmodels(events, n, name):
    rate, size = np.array([events / n]), np.array([float(n)])
    ours = wilson(rate, size, normal_quantiles(LEVELS)) if name == "wilson" else clopper_pearson(rate, size, LEVELS)
    for place, level in enumerate(LEVELS):
        expected = proportion_confint(events, n, alpha=1 - level, method=name)
        assert (ours[0][0, place], ours[1][0, place]) == pytest.approx(expected, abs=1e-9)


def test_printed_wilson_limits():
    """Newcombe 1998 (Statist. Med. 17, 857), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    rates, sizes = np.array([81 / 263, 15 / 148, 0, 1 / 29]), np.array([263.0, 148, 20, 29])
    low, high = wilson(rates, sizes, normal_quantiles(np.array([0.95])))
    assert low[:, 0] == pytest.approx([0.2553, 0.0624, 0.0, 0.0061], abs=5e-5)
    assert high[:, 0] == pytest.approx([0.3662, 0.1605, 0.1611, 0.1718], abs=5e-5)


def test_student_quantiles_are_normal_with_infinite_degrees():
    found = student_quantiles(LEVELS, np.array([np.inf, 9.0]))
    assert found[0] == pytest.approx(normal_quantiles(LEVELS), rel=1e-9)
    assert found[1, 2] == pytest.approx(2.2622, abs=1e-4)


@given(st.integers(1, 500), st.floats(0, 1), st.floats(1, 40))
def test_limits_hold_the_rate_and_widen_with_the_quantile(n, share, most):
    rate = np.array([round(share * n) / n])
    low, high = wilson(rate, np.array([float(n)]), np.linspace(0.1, most, 7))
    assert np.all((low >= 0) & (low <= rate) & (rate <= high) & (high <= 1))
    assert np.all(np.diff(low) <= 1e-12)
    assert np.all(np.diff(high) >= -1e-12)
