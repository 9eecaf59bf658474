"""The jackknife over clusters: against statsmodels where it must agree, and by its coverage."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.statistics.clustered import _crossed, _freedom, _kinds, _variance, jackknife, jackknife_of


def difference(sums):
    return (sums[..., 1] - sums[..., 2]) / sums[..., 0]


def mean(sums):
    return sums[..., 1] / sums[..., 0]


def cells(values):
    return np.stack([np.ones(len(values)), values], axis=1)


def test_in_one_way_it_is_the_clustered_variance_of_statsmodels():
    import statsmodels.api as sm

    rng = np.random.default_rng(1)
    groups = np.repeat(np.arange(9), 7)
    y = rng.normal(size=63) + groups % 3
    theirs = sm.OLS(y, np.ones(63)).fit(cov_type="cluster", cov_kwds={"groups": groups}).bse[0]
    ours = jackknife(cells(y), [groups.tolist()], mean)
    assert ours.error == pytest.approx(theirs, rel=1e-10)
    assert ours.freedom == pytest.approx(8) and ours.clusters == (9,)


def test_in_two_ways_it_is_that_of_cameron_gelbach_and_miller():
    """Balanced, so that every correction for few clusters is the same in statsmodels: G / (G - 1)."""
    import statsmodels.api as sm

    rng = np.random.default_rng(2)
    one, other = (part.ravel() for part in np.meshgrid(np.arange(8), np.arange(11)))
    y = rng.normal(size=8)[one] + rng.normal(size=11)[other] + rng.normal(size=88)
    groups = np.stack([one, other], axis=1)
    theirs = sm.OLS(y, np.ones(88)).fit(cov_type="cluster", cov_kwds={"groups": groups}).bse[0]
    ours = jackknife(cells(y), [one.tolist(), other.tolist()], mean)
    assert ours.error == pytest.approx(theirs, rel=1e-10)
    assert ours.freedom == pytest.approx(7) and ours.clusters == (8, 11)


def test_clusters_of_one_each_give_the_paired_t_test():
    from scipy.stats import ttest_rel

    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, 25))
    made = jackknife(np.stack([np.ones(25), a, b], axis=1), [list(range(25))], difference)
    theirs = ttest_rel(a, b)
    low, high = theirs.confidence_interval(0.9)
    assert made.ends([0.9])[0] == pytest.approx((low, high))
    assert made.p_value(0.0) == pytest.approx(theirs.pvalue)


def test_equal_units_can_be_counted():
    values, times = np.array([0.0, 1.0, 3.0]), np.array([4, 5, 2])
    long = np.repeat(values, times)
    one = jackknife(cells(long), [list(range(11))], mean)
    other = jackknife_of(cells(values), times, mean)
    assert (one.value, one.error, one.freedom) == pytest.approx((other.value, other.error, other.freedom))
    assert jackknife_of(cells(values[:1]), [1], mean) is None


def test_kinds_that_part_alike_count_once_and_kinds_of_one_not_at_all():
    y = np.arange(12.0)
    templates, same, constant = [f"t{n // 3}" for n in range(12)], [n // 3 for n in range(12)], ["x"] * 12
    alone = jackknife(cells(y), [templates], mean)
    assert jackknife(cells(y), [templates, same, constant], mean) == alone


def test_nothing_is_said_from_one_cluster_or_where_the_number_does_not_exist():
    assert jackknife(cells(np.arange(3.0)), [["a"] * 3, [1, 2, 3]], mean) is None
    assert jackknife(np.zeros((0, 2)), [[]], mean) is None
    sums = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
    assert jackknife(sums, [["a", "b"]], lambda s: np.log(s[..., 1] / s[..., 2])) is None


@given(st.lists(st.integers(1, 9), min_size=2, max_size=12))
def test_degrees_of_freedom_are_those_of_the_quadratic_form(sizes):
    """Written out without matrices; with matrices it is the trace of B squared over that of B times B."""
    weights = np.array(sizes) / sum(sizes)
    centred = np.eye(len(sizes)) - weights[None, :]
    form = centred.T @ np.diag((weights / (1 - weights)) ** 2) @ centred
    wanted = np.trace(form) ** 2 / np.trace(form @ form)
    assert _freedom(np.array(sizes, float), np.arange(len(sizes))) == pytest.approx(wanted)
    assert wanted <= len(sizes) - 1 + 1e-9


def answers(rng, templates, pairs, names, name_spread):
    """Yes or no of both members, by template with effects and interactions of its own, and by name."""
    template = np.repeat(np.arange(templates), pairs)
    base, gap = rng.normal(0, 1, templates), rng.normal(-0.5, 0.6, templates)
    of, against = (
        np.concatenate([np.resize(rng.permutation(names), pairs) for _ in range(templates)]) for _ in range(2)
    )
    effects = rng.normal(0, name_spread, (2, names))
    odds = base[template] + gap[template] + effects[0][of], base[template] + effects[1][against]
    yes = [rng.random(len(template)) < 1 / (1 + np.exp(-one)) for one in odds]
    return template, of, against, np.stack([np.ones(len(template)), *yes], axis=1)


def true_gap(name_spread):
    rng = np.random.default_rng(9)
    n = 1_000_000
    base = rng.normal(0, 1, n)
    first = base + rng.normal(-0.5, 0.6, n) + rng.normal(0, name_spread, n)
    second = base + rng.normal(0, name_spread, n)
    return float(np.mean(1 / (1 + np.exp(-first)) - 1 / (1 + np.exp(-second))))


@pytest.mark.parametrize(("templates", "name_spread"), [(8, 0.0), (20, 0.0), (40, 0.0), (20, 0.5)])
def test_coverage_and_what_independent_pairs_would_cover(templates, name_spread):
    """600 of each setting of docs/probe.md gave 92.3 to 99.2 % with names, 93.8 to 97.7 % without effects of names."""
    rng, truth, hits, naive, rounds = np.random.default_rng(templates), true_gap(name_spread), 0, 0, 250
    for _ in range(rounds):
        template, of, against, sums = answers(rng, templates, 20, 20, name_spread)
        kinds = [template, of, against] if name_spread else [template]
        low, high = jackknife(sums, [kind.tolist() for kind in kinds], difference).ends([0.95])[0]
        hits += low <= truth <= high
        apart = sums[:, 1] - sums[:, 2]
        naive += abs(apart.mean() - truth) <= 1.96 * apart.std(ddof=1) / np.sqrt(len(apart))
    assert 0.915 <= hits / rounds <= 0.99
    assert naive / rounds < hits / rounds - 0.03, "pairs of one template were taken as independent"


def test_the_variance_of_crossed_kinds_is_that_of_their_cells():
    rng = np.random.default_rng(4)
    y = rng.normal(size=30)
    kinds = _kinds([rng.integers(0, 3, 30).tolist(), rng.integers(0, 4, 30).tolist()])
    together = [f"{a} {b}" for a, b in zip(*kinds, strict=True)]
    assert _variance(cells(y), _crossed(kinds), mean) == pytest.approx(
        _variance(cells(y), _kinds([together])[0], mean), rel=1e-12
    )
