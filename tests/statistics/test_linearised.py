"""Variances and correlations between units, against regressions with cluster-robust errors (statsmodels)."""

import numpy as np
import pytest
import statsmodels.api as sm

from answerable.statistics.design import Design
from answerable.statistics.linearised import correlations, joint_degrees, linearise

ABOVE = np.array([[1, 0, 0, 0], [0, 0, 1, 0]], dtype=bool)
BELOW = np.array([[1, 1, 0, 0], [0, 0, 1, 1]], dtype=bool)
PAIR = np.array([[0, 1]])


def sample(seed=5, people=30):
    """Rows of people who are in two groups: person, group, weight, outcome."""
    random = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), random.integers(2, 12, people))
    chance, group = random.beta(1, 2, people), random.integers(0, 2, len(person))
    return person, group, random.lognormal(0, 0.6, len(person)), random.binomial(1, chance[person])


def cells_of(person, group, weight, outcome):
    """Each person's sums of weights in the four cells, shape (people, 4)."""
    cells = np.zeros((person.max() + 1, 4))
    np.add.at(cells, (person, 2 * group + 1 - outcome), weight)
    return cells


def robust(person, group, weight, outcome):
    """Rates of both groups and their covariance between people, with no correction for small samples."""
    dummies = np.stack([group == 0, group == 1], axis=1).astype(float)
    fit = sm.WLS(outcome, dummies, weights=weight).fit(
        cov_type="cluster", cov_kwds={"groups": person, "use_correction": False}
    )
    return fit.params, fit.cov_params()


def assert_as_robust(moments, expected):
    values, covariance = expected
    sizes, degrees = moments.precision(np.array([0, 1]))
    spread = moments.spread
    variances = np.diag(covariance) * spread / (spread - 1)
    assert moments.values == pytest.approx(values)
    assert sizes == pytest.approx(values * (1 - values) / variances)
    rho = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
    believed = rho * (1 - 4 / spread.min() ** 2) if rho > 0 else rho
    assert correlations(moments, PAIR) == pytest.approx([believed])
    assert np.all((degrees >= 1) & (degrees <= spread - 1))


def test_people_with_several_rows_in_two_groups():
    person, group, _, outcome = rows = sample()
    cells = cells_of(person, group, np.ones(len(person)), outcome)
    moments = linearise(Design.clustered(cells, np.ones(len(cells), dtype=int)), ABOVE, BELOW)
    assert_as_robust(moments, robust(person, group, np.ones(len(person)), outcome))
    assert moments.units.tolist() == [len(np.unique(person[rows[1] == one])) for one in (0, 1)]


def test_weighted_people_known_by_sums():
    person, group, weight, outcome = sample(7)
    cells, ones = cells_of(person, group, weight, outcome), cells_of(person, group, np.ones(len(person)), outcome)
    present = (ones > 0).astype(int)
    design = Design.weighted_clusters(cells.sum(axis=0), cells.T @ cells, ones.sum(axis=0), present.T @ present)
    assert_as_robust(linearise(design, ABOVE, BELOW), robust(person, group, weight, outcome))


def test_weighted_rows():
    person, group, weight, outcome = sample(9)
    person = np.arange(len(person))
    cells, squares = (cells_of(person, group, one, outcome) for one in (weight, weight**2))
    counts = cells_of(person, group, np.ones(len(person)), outcome).sum(axis=0)
    design = Design.weighted(counts, cells.sum(axis=0), squares.sum(axis=0))
    assert_as_robust(linearise(design, ABOVE, BELOW), robust(person, group, weight, outcome))


def test_degrees_of_freedom_of_people_who_are_alike_are_those_of_their_number():
    """Ten people, half with two of four events and half with none: the lightest tails there are."""
    moments = linearise(Design.clustered([[2, 2, 0, 0], [0, 4, 0, 0], [0, 0, 1, 1]], [5, 5, 10]), ABOVE, BELOW)
    assert moments.precision(np.array([0]))[1] == pytest.approx([9])


def test_degrees_of_freedom_are_few_where_few_people_have_the_events():
    """One person of ten has all events: kurtosis 8.11, 2 x 10 / 7.11 - 1 = 1.8125."""
    moments = linearise(Design.clustered([[4, 0, 0, 0], [0, 4, 0, 0], [0, 0, 1, 1]], [1, 9, 10]), ABOVE, BELOW)
    assert moments.precision(np.array([0]))[1] == pytest.approx([1.8125])


def test_degrees_of_freedom_of_a_difference_are_those_of_welch():
    one = [[2, 2, 0, 0], [0, 4, 0, 0]]
    other = [[0, 0, 3, 1], [0, 0, 1, 3]]
    moments = linearise(Design.clustered(one + other, [5, 5, 10, 10]), ABOVE, BELOW)
    sizes, degrees = moments.precision(np.array([0, 1]))
    variances = moments.values * (1 - moments.values) / sizes
    expected = variances.sum() ** 2 / (variances**2 / degrees).sum()
    assert joint_degrees(moments, PAIR, correlations(moments, PAIR)) == pytest.approx([expected])
    assert degrees.tolist() == pytest.approx([9, 19])
