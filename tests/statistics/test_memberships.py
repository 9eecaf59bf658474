"""Weighted rates and bounds against linear programming, library answers and simulated truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.core.curve import ladder
from answerable.statistics.design import Design
from answerable.statistics.memberships import CellBounds, Memberships

LEVELS = np.array(ladder(0.95))
AT = ladder(0.95).index(0.95)


def memberships(p, decided):
    """From rows that are people: probabilities (N, K), decisions (N,)."""
    each = np.hstack([p * decided[:, None], p])
    count = p.shape[1]
    return Memberships(each.sum(axis=0)[:count], each.sum(axis=0)[count:], each.T @ each, len(p), (p**2).sum(axis=0))


def bounds(shares, having, lacking):
    """Cells of Z proxies with their probabilities (Z, K) and counts with and without the event."""
    proxies = np.arange(len(shares))
    return CellBounds(
        Design.independent(np.concatenate([having, lacking])),
        np.vstack([shares, shares]),
        np.repeat([True, False], len(shares)),
        np.concatenate([proxies, proxies]),
    )


def by_linear_programming(shares, having, lacking, first, second, most):
    """The extreme difference over all joint distributions of group and event within each proxy."""
    from scipy.optimize import linprog

    size = having + lacking
    groups = shares.T @ size
    cells, count = shares.shape
    cost = np.zeros((cells, count))
    cost[:, first], cost[:, second] = 1 / groups[first], -1 / groups[second]
    equal = np.zeros((cells, cells * count))
    for cell in range(cells):
        equal[cell, cell * count : (cell + 1) * count] = 1
    limits = [(0, shares[cell, k] * size[cell]) for cell in range(cells) for k in range(count)]
    found = linprog(cost.ravel() * (-1 if most else 1), A_eq=equal, b_eq=having, bounds=limits)
    return -found.fun if most else found.fun


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 4), st.integers(1, 6))
def test_bounds_are_those_of_linear_programming(seed, groups, cells):
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.ones(groups), cells)
    having, lacking = random.integers(0, 30, (2, cells))
    having[0] += 1
    lacking[0] += 1
    found = bounds(shares, having, lacking)
    for first, second in ((0, 1), (1, 0)):
        least, most, low, high = found.difference(first, second, LEVELS)
        for value, upper in ((least, False), (most, True)):
            assert value == pytest.approx(
                by_linear_programming(shares, having, lacking, first, second, upper), abs=1e-8
            )
        assert np.all(low <= least + 1e-12) and np.all(high >= most - 1e-12)
        assert np.all(np.diff(low) <= 0) and np.all(np.diff(high) >= 0)


def test_bounds_by_hand():
    """One cell, half and half, 30 of 100 decided: all 30 can be of one group (60 % against none) or of the other."""
    found = bounds(np.array([[0.5, 0.5]]), np.array([30]), np.array([70]))
    assert found.difference(0, 1, LEVELS)[:2] == pytest.approx((-0.6, 0.6))
    assert found.ratio(0, 1, LEVELS)[0] == 0
    assert found.ratio(0, 1, LEVELS)[1] == np.inf
    # 80 of 100 decided: 30 of each 50 must be, at least
    found = bounds(np.array([[0.5, 0.5]]), np.array([80]), np.array([20]))
    assert found.difference(0, 1, LEVELS)[:2] == pytest.approx((-0.4, 0.4))
    assert found.ratio(0, 1, LEVELS)[:2] == pytest.approx((0.6, 1 / 0.6))


def test_certain_groups_leave_no_room():
    """Probabilities of 0 and 1: the bounds are the plain difference, its limits those of two binomials."""
    found = bounds(np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([60, 30]), np.array([140, 170]))
    least, most, low, high = found.difference(0, 1, LEVELS)
    assert least == pytest.approx(most) == pytest.approx(0.15)
    error = (0.3 * 0.7 / 200 + 0.15 * 0.85 / 200) ** 0.5
    assert high[AT] - 0.15 == pytest.approx(1.959964 * error, rel=1e-5)
    assert 0.15 - low[AT] == pytest.approx(1.959964 * error, rel=1e-5)


def test_weighted_rates_with_certain_groups_are_plain_rates():
    """Then the difference is Newcombe's, but for Student's t in place of the normal."""
    from statsmodels.stats.proportion import confint_proportions_2indep

    p = np.repeat([[1.0, 0.0], [0.0, 1.0]], 400, axis=0)
    decided = np.array([1.0] * 120 + [0.0] * 280 + [1.0] * 60 + [0.0] * 340)
    found = memberships(p, decided)
    assert found.rates == pytest.approx([0.3, 0.15])
    low, high = found.difference_limits([(0, 1)], LEVELS)
    peer = confint_proportions_2indep(120, 400, 60, 400, method="newcomb", compare="diff")
    assert (low[0, AT], high[0, AT]) == pytest.approx(peer, abs=0.0006)


def test_the_weighted_rate_is_a_weighted_mean_with_its_own_error():
    """Against the robust standard error of a weighted least squares mean."""
    import statsmodels.api as sm

    random = np.random.default_rng(5)
    p = random.beta(0.5, 1.5, 600)
    decided = (random.random(600) < 0.3).astype(float)
    found = memberships(np.column_stack([p, 1 - p]), decided)
    peer = sm.WLS(decided, np.ones(600), weights=p).fit(cov_type="HC1")
    assert found.rates[0] == pytest.approx(peer.params[0])
    assert found.covariance()[0, 0] ** 0.5 == pytest.approx(peer.bse[0], rel=1e-9)


def simulate(random, number, link):
    """People of one neighbourhood each: P(group | neighbourhood), decisions that depend on it, and on the group by
    `link`."""
    where = random.integers(0, 8, number)
    p = np.linspace(0.05, 0.9, 8)[where]
    group = random.random(number) < p
    chance = 0.15 + 0.25 * p + link * np.where(group, 1 - p, -p)
    decided = (random.random(number) < chance).astype(float)
    return where, p, group, decided


def truth(link):
    p = np.linspace(0.05, 0.9, 8)
    chances = [0.15 + 0.25 * p + link * (1 - p), 0.15 + 0.25 * p - link * p]
    return float((p * chances[0]).sum() / p.sum() - ((1 - p) * chances[1]).sum() / (1 - p).sum())


def test_coverage_where_the_decision_has_nothing_to_do_with_the_group():
    """Nominal 95 %; 4,000 data sets of 400 people gave 95.1 %."""
    random, hits, found, runs = np.random.default_rng(11), 0, [], 400
    for _ in range(runs):
        _, p, _, decided = simulate(random, 400, 0.0)
        one = memberships(np.column_stack([p, 1 - p]), decided)
        low, high = one.difference_limits([(0, 1)], LEVELS)
        hits += low[0, AT] <= truth(0.0) <= high[0, AT]
        found.append(one.rates[0] - one.rates[1])
    assert 0.92 < hits / runs < 0.98
    assert np.mean(found) == pytest.approx(truth(0.0), abs=0.006)


def test_coverage_with_repeated_people():
    """Five decisions each, much alike: sums over people cover, sums over rows do not."""
    random, hits, rows_hit, runs = np.random.default_rng(9), 0, 0, 300
    for _ in range(runs):
        p = np.linspace(0.05, 0.9, 8)[random.integers(0, 8, 200)]
        own = np.where(random.random(200) < 0.15 + 0.25 * p, 1.0, 0.0)
        decided = (random.random((200, 5)) < own[:, None]).astype(float)
        both = np.column_stack([p, 1 - p])
        each = np.hstack([both * decided.sum(axis=1)[:, None], 5 * both])
        people = Memberships(each.sum(axis=0)[:2], each.sum(axis=0)[2:], each.T @ each, 200, 5 * (both**2).sum(axis=0))
        rows = memberships(np.repeat(both, 5, axis=0), decided.ravel())
        for one in (people, rows):
            low, high = one.difference_limits([(0, 1)], LEVELS)
            inside = low[0, AT] <= truth(0.0) <= high[0, AT]
            hits, rows_hit = hits + (inside and one is people), rows_hit + (inside and one is rows)
    assert 0.92 < hits / runs < 0.98
    assert rows_hit / runs < 0.75


def test_coverage_of_ratios_of_rare_decisions():
    """100 people, 5 % decided: 85 % before the size was held to that of the rows, 97 % since (1,000 data sets)."""
    random, hits, runs = np.random.default_rng(10), 0, 300
    for _ in range(runs):
        p, decided = random.beta(0.5, 1.5, 100), (random.random(100) < 0.05).astype(float)
        low, high = memberships(np.column_stack([p, 1 - p]), decided).ratio_limits([(0, 1)], LEVELS)
        hits += low[0, AT] <= 1 <= high[0, AT] or not decided.any()
    assert hits / runs > 0.94


@pytest.mark.parametrize("link", [-0.15, 0.0, 0.15])
def test_bounds_hold_the_truth_where_the_weighted_estimate_misses_it(link):
    """The weighted estimate is off by the average covariance of decision and group over the group's share, for either
    group; the bounds are not."""
    random, inside, weighted, runs = np.random.default_rng(12), 0, [], 60
    for _ in range(runs):
        where, p, _, decided = simulate(random, 4000, link)
        having = np.bincount(where, decided, 8).astype(int)
        size = np.bincount(where, minlength=8)
        shares = np.linspace(0.05, 0.9, 8)
        found = bounds(np.column_stack([shares, 1 - shares]), having, size - having)
        low, high = found.difference(0, 1, LEVELS)[2:]
        inside += low[AT] <= truth(link) <= high[AT]
        one = memberships(np.column_stack([p, 1 - p]), decided)
        weighted.append(one.rates[0] - one.rates[1])
    assert inside == runs
    p = np.linspace(0.05, 0.9, 8)
    covariance = float(np.mean(link * p * (1 - p)))
    missed = -covariance * (1 / p.mean() + 1 / (1 - p).mean())
    assert np.mean(weighted) - truth(link) == pytest.approx(missed, abs=0.004)


def test_assigning_the_most_probable_group_exaggerates():
    """Decisions that depend on the neighbourhood alone: the gap between assigned groups is half as large again."""
    random = np.random.default_rng(13)
    _, p, group, decided = simulate(random, 200_000, 0.0)
    assigned = decided[p > 0.5].mean() - decided[p < 0.5].mean()
    true = decided[group].mean() - decided[~group].mean()
    one = memberships(np.column_stack([p, 1 - p]), decided)
    assert true == pytest.approx(truth(0.0), abs=0.006)
    assert one.rates[0] - one.rates[1] == pytest.approx(true, abs=0.006)
    assert assigned > 1.4 * true


@pytest.mark.parametrize("size", [30, 100])
def test_bounds_hold_where_the_decision_is_the_group_itself(size):
    """The worst case: every bound is reached, and in every cell the smaller of two equal numbers is taken."""
    random, inside, runs = np.random.default_rng(14), 0, 200
    shares = np.linspace(0.2, 0.8, 30)
    for _ in range(runs):
        having = random.binomial(size, shares)
        found = bounds(np.column_stack([shares, 1 - shares]), having, size - having)
        low, high = found.difference(0, 1, LEVELS)[2:]
        inside += low[AT] <= 1 <= high[AT]
    assert inside / runs > 0.95
