"""Matched pairs of yes-or-no answers: McNemar's tests as statsmodels has them, Tango's interval by its definition."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.core.curve import critical_value, curve_p_value, ladder
from answerable.statistics.matched import exact_p_value, exact_share, paired_difference

COUNTS = st.integers(0, 40)


@given(COUNTS, COUNTS)
def test_the_exact_test_is_that_of_statsmodels(first, second):
    from statsmodels.stats.contingency_tables import mcnemar

    if first + second:
        theirs = mcnemar([[3, first], [second, 5]], exact=True).pvalue
        assert exact_p_value(first, first + second) == pytest.approx(theirs, abs=1e-12)


@given(st.integers(0, 30), st.integers(1, 30), st.integers(0, 60))
def test_the_exact_interval_leaves_a_half_out_exactly_when_the_exact_test_rejects(first, second, level_seed):
    level = 0.5 + 0.499 * level_seed / 60
    (low, high), n = exact_share(first, first + second, [level])[0], first + second
    p = exact_p_value(first, n)
    if abs(p - (1 - level)) > 1e-9:
        assert (low > 0.5 or high < 0.5) == (p < 1 - level)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 60))
def test_the_score_interval_reaches_0_where_mcnemar_without_correction_does(first, second, rest):
    from statsmodels.stats.contingency_tables import mcnemar

    if first == second:
        return
    n = first + second + rest
    p = mcnemar([[rest, first], [second, 0]], exact=False, correction=False).pvalue
    levels = sorted({*ladder(), 1 - p} - {1.0})
    ends = paired_difference(first, second, n, levels)
    low, high = zip(*ends, strict=True)
    if 1e-6 < p < 0.999:
        assert curve_p_value(levels, low, high, (first - second) / n, 0.0) == pytest.approx(p, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize(("first", "second", "n"), [(12, 2, 50), (0, 0, 20), (9, 0, 9), (3, 14, 200), (0.4, 1.6, 8)])
def test_the_score_interval_by_its_definition(first, second, n):
    """At each end the score statistic, with the other share at its most likely, is the normal quantile."""
    from scipy.optimize import minimize_scalar

    for low, high in paired_difference(first, second, n, [0.8, 0.95, 0.999]):
        assert -1 <= low <= (first - second) / n <= high <= 1
    level = 0.95
    for end in paired_difference(first, second, n, [level])[0]:
        if abs(end) == 1:
            continue

        def against(share, end=end):
            rest = 1 - 2 * share - end
            parts = [(first, share + end), (second, share), (n - first - second, rest)]
            return -sum(count * np.log(max(chance, 1e-300)) for count, chance in parts if count)

        bounds = (max(0.0, -end), (1 - end) / 2)
        share = minimize_scalar(against, bounds=bounds, method="bounded", options={"xatol": 1e-13}).x
        score = (first - second - n * end) / np.sqrt(n * (2 * share + end - end**2))
        assert abs(score) == pytest.approx(critical_value(level), rel=1e-4)


def test_a_published_score_interval():
    """Fagerland, Lydersen & Laake 2014, Statist. Med. 33, on Bentur et al. 2009: 1 against 7 of 21 pairs."""
    low, high = paired_difference(1, 7, 21, [0.95])[0]
    assert (round(low, 3), round(high, 3)) == (-0.517, -0.026)


def test_no_discordant_pair_is_not_certainty():
    low, high = paired_difference(0, 0, 20, [0.95])[0]
    z = critical_value(0.95)
    assert (low, high) == pytest.approx((-(z**2) / (20 + z**2), z**2 / (20 + z**2)))


def test_coverage_of_the_score_interval():
    """Exact, by summing over all outcomes: 10 to 100 pairs, differences 0 to 0.2."""
    from scipy.stats import multinomial

    for n, first, second in [(10, 0.2, 0.2), (20, 0.3, 0.1), (30, 0.05, 0.05), (30, 0.25, 0.05)]:
        covered = 0.0
        for b in range(n + 1):
            for c in range(n + 1 - b):
                chance = multinomial.pmf([b, c, n - b - c], n, [first, second, 1 - first - second])
                if chance > 1e-9:
                    low, high = paired_difference(b, c, n, [0.95])[0]
                    covered += chance * (low <= first - second <= high)
        assert 0.93 <= covered <= 0.985, (n, first, second, covered)
