"""Logistic regression on cells: against statsmodels on rows, with people, and where terms foretell the event."""

import numpy as np
import pytest
import statsmodels.api as sm

from answerable.errors import NotIdentified
from answerable.statistics.design import Design
from answerable.statistics.regression import logistic


def people_and_rows(seed, people=150, each=4, kinds=12):
    """Rows of people: kind of case, event, person; and the terms of each kind."""
    random = np.random.default_rng(seed)
    terms = np.column_stack([np.ones(kinds), random.integers(0, 2, kinds), random.normal(2, 1, kinds)])
    kind = random.integers(0, kinds, people * each)
    rates = 1 / (1 + np.exp(-(terms @ [-0.5, 0.6, 0.2])))
    common = np.repeat(random.random(people), each)
    event = np.where(random.random(people * each) < 0.55, common, random.random(people * each)) < rates[kind]
    return terms, kind, event, np.repeat(np.arange(people), each)


def cells_of(terms, kind, event, person):
    """Terms, events and weights of cells, and people's signatures."""
    cell = 2 * kind + event
    signatures = np.zeros((person.max() + 1, 2 * len(terms)))
    np.add.at(signatures, (person, cell), 1)
    every = np.repeat(terms, 2, axis=0), np.tile([False, True], len(terms)), signatures.sum(axis=0)
    return every, Design.clustered(signatures, np.ones(len(signatures), dtype=int))


@pytest.mark.parametrize("seed", range(3))
def test_equal_to_statsmodels_on_rows(seed):
    terms, kind, event, person = people_and_rows(seed)
    (cell_terms, cell_event, weights), design = cells_of(terms, kind, event, person)
    fit = logistic(cell_terms, cell_event, weights)
    model = sm.Logit(event.astype(float), terms[kind])
    plain = model.fit(disp=0)
    clustered = model.fit(disp=0, cov_type="cluster", cov_kwds={"groups": person, "use_correction": False})
    assert fit.coefficients == pytest.approx(plain.params, rel=1e-7)
    assert fit.akaike == pytest.approx(plain.aic)
    assert np.sqrt(design.products(fit.influence, fit.influence)) == pytest.approx(clustered.bse, rel=1e-6)
    means, _ = fit.marginal(1, np.array([False, True, False]))
    effects = plain.get_margeff(dummy=True)
    assert means[0] - means[1] == pytest.approx(effects.margeff[0], rel=1e-6)


def test_the_influence_of_the_marginal_effect():
    """What a row adds, against the effect of one more row."""
    terms, kind, event, person = people_and_rows(1)
    (cell_terms, cell_event, weights), _ = cells_of(terms, kind, event, person)
    groups = np.array([False, True, False])
    means, influence = logistic(cell_terms, cell_event, weights).marginal(1, groups)
    for cell in range(0, len(weights), 5):
        more = weights.copy()
        more[cell] += 1e-3
        moved, _ = logistic(cell_terms, cell_event, more).marginal(1, groups)
        assert (np.array(moved) - means) / 1e-3 == pytest.approx(influence[:, cell], rel=1e-2, abs=1e-8)


def test_large_numbers_change_nothing():
    """A covariate in cents of a currency, or in billions, gives the same fit."""
    terms, kind, event, person = people_and_rows(2)
    (cell_terms, cell_event, weights), _ = cells_of(terms, kind, event, person)
    scale = np.array([1, 1, 1e9])
    one, other = logistic(cell_terms, cell_event, weights), logistic(cell_terms * scale, cell_event, weights)
    assert other.coefficients * scale == pytest.approx(one.coefficients, rel=1e-6)
    assert other.influence * scale[:, None] == pytest.approx(one.influence, rel=1e-5, abs=1e-12)


def table(*cells):
    """Terms (intercept, group, control), events and weights from (group, control, events, others)."""
    terms, event, weights = [], [], []
    for group, control, events, others in cells:
        for y, count in ((True, events), (False, others)):
            terms.append([1.0, group, control])
            event.append(y)
            weights.append(float(count))
    return np.array(terms), np.array(event), np.array(weights)


def test_a_group_without_events_has_no_coefficient_and_the_others_keep_theirs():
    """Quasi-complete separation: iterations would creep to ever larger numbers; the control is still identified."""
    cells = table((0, 0, 10, 20), (0, 1, 25, 15), (1, 0, 0, 12), (1, 1, 0, 9))
    fit = logistic(*cells)
    assert fit.identified.tolist() == [True, False, True]
    assert np.exp(fit.coefficients[2]) == pytest.approx((25 / 15) / (10 / 20))
    assert fit.kept.tolist() == [True] * 4 + [False] * 4


def test_a_control_that_foretells_leaves_the_group():
    cells = table((0, 0, 10, 20), (1, 0, 12, 9), (0, 1, 7, 0), (1, 1, 5, 0))
    fit = logistic(*cells)
    assert fit.identified.tolist() == [True, True, False]
    assert np.exp(fit.coefficients[1]) == pytest.approx((12 / 9) / (10 / 20))


def test_all_foretold_is_refused():
    with pytest.raises(NotIdentified, match="foretells every decision"):
        logistic(*table((0, 0, 10, 0), (1, 0, 0, 9), (0, 1, 7, 0), (1, 1, 0, 4)))


def test_rare_events_are_not_taken_for_separation():
    fit = logistic(*table((0, 0, 1, 4_000_000), (1, 0, 4, 4_000_000), (0, 1, 2, 4_000_000), (1, 1, 8, 4_000_000)))
    assert fit.identified.all()
    assert np.exp(fit.coefficients[1]) == pytest.approx(4, rel=1e-3)


def test_a_control_that_is_the_group_itself():
    fit = logistic(*table((0, 0, 10, 20), (1, 1, 12, 9)))
    assert fit.identified.tolist() == [True, False, False]
