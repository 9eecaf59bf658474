"""Intervals among like cases hold the true value as often as they say: rows, thin strata, people with several rows.

With 2,000 simulations of each, coverage of nominal 95 % was 94.4 to 96.1 for five and ten strata, rows or people with
a correlation of 0.3, and 95.7 to 97.0 for 30 thin strata of about ten rows, where it errs on the safe side. With 150
people in 30 strata it was 93.6 to 96.8.
"""

import numpy as np
import pytest
from scipy.special import expit

from answerable.statistics.decomposition import decomposition
from answerable.statistics.design import Design
from answerable.statistics.linearised import linearise
from answerable.statistics.regression import logistic
from answerable.statistics.standardised import STANDARDISED
from answerable.statistics.stratified import MANTEL_HAENSZEL, Figures, figures, variances

SIMULATIONS = 400
RANGE = (92.5, 98.3)  # 94 to 97 with 1.96 standard errors of 400 simulations
EFFECT = np.log(1.6)


def simulated(random, people, mixes, base, correlation, most):
    """People of two groups with up to `most` rows each, whose events correlate: person and cell of each row."""
    each = random.integers(1, most + 1, size=people)
    person = np.repeat(np.arange(people), each)
    group = np.repeat(random.integers(0, 2, size=people), each)
    stratum = np.empty(len(person), dtype=int)
    for place in range(2):
        mine = group == place
        stratum[mine] = random.choice(len(base), p=mixes[place], size=mine.sum())
    shared = random.random(len(person)) < np.sqrt(correlation)
    chance = np.where(shared, np.repeat(random.random(people), each), random.random(len(person)))
    event = (chance < expit(base[stratum] + EFFECT * (group == 0))).astype(int)
    return person, np.ravel_multi_index((group, stratum, event), (2, len(base), 2))


def design_of(person, cell, cells):
    if len(np.unique(person)) == len(person):
        return Design.independent(np.bincount(cell, minlength=cells))
    signatures = np.zeros((person.max() + 1, cells))
    np.add.at(signatures, (person, cell), 1)
    return Design.clustered(*np.unique(signatures, axis=0, return_counts=True))


def regression(strata):
    cells = np.arange(4 * strata.number)
    group, stratum, event = np.unravel_index(cells, (2, strata.number, 2))
    terms = np.column_stack([np.ones(len(cells)), group == 0, *(stratum == k for k in range(1, strata.number))])
    fit = logistic(terms.astype(float), event == 1, strata.design.totals)
    both = linearise(strata.design, strata.above[2:], strata.below[2:])
    found, degrees = variances(strata.design, fit.influence[[1]], both)
    return Figures(fit.coefficients[[1]], np.sqrt(found), degrees, ("coefficient",))


@pytest.mark.parametrize(
    ("people", "strata", "correlation", "most"),
    [(400, 5, 0.0, 1), (300, 30, 0.0, 1), (150, 5, 0.3, 8), (60, 5, 0.3, 8)],
    ids=["rows", "thin strata", "people", "few people"],
)
def test_coverage(by_strata, people, strata, correlation, most):
    random = np.random.default_rng(11)
    base = np.linspace(-2, 1, strata)
    mixes = np.stack([np.linspace(1, 3, strata), np.linspace(3, 1, strata)]) / (2 * strata)
    rates = np.stack([expit(base + EFFECT), expit(base)])
    mix = mixes.mean(axis=0)
    truth = {
        "odds ratio": EFFECT, "standardised difference": mix @ (rates[0] - rates[1]),
        "standardised ratio": np.log(mix @ rates[0] / (mix @ rates[1])), "within": mix @ (rates[0] - rates[1]),
        "composition": (mixes[0] - mixes[1]) @ rates.mean(axis=0), "regression": EFFECT,
    }  # fmt: skip
    held = dict.fromkeys(truth, 0)
    for _ in range(SIMULATIONS):
        design = design_of(*simulated(random, people, mixes, base, correlation, most), 4 * strata)
        made = by_strata(design=design, number=strata)
        standardised, parts = figures(made, STANDARDISED), figures(made, decomposition("average"))
        found = {
            "odds ratio": (figures(made, MANTEL_HAENSZEL), 0), "standardised difference": (standardised, 2),
            "standardised ratio": (standardised, 3), "within": (parts, 2), "composition": (parts, 1),
        }  # fmt: skip
        if strata < 10:  # of thin strata the regression's own coefficients are too many
            found["regression"] = (regression(made), 0)
        for name, (one, which) in found.items():
            _, low, high = one.curve(which, np.array([0.95]))
            true = np.exp(truth[name]) if one.scales[which] == "ratio" else truth[name]
            held[name] += low[0] <= true <= high[0]
    for name, number in held.items():
        assert RANGE[0] <= 100 * number / SIMULATIONS <= RANGE[1] or (name == "regression" and strata >= 10), name


@pytest.mark.parametrize("common", ["ratio", "difference"])
def test_coverage_of_common_ratios_and_differences(by_strata, common):
    """Strata of about six rows that share one ratio, or one difference."""
    random = np.random.default_rng(5)
    base = np.linspace(0.1, 0.5, 40)
    rates = np.stack([base * 1.5 if common == "ratio" else base + 0.15, base])
    held, which, true = 0, *((1, 1.5) if common == "ratio" else (2, 0.15))
    for _ in range(SIMULATIONS):
        sizes = random.integers(1, 6, size=(2, 40))
        _, low, high = figures(by_strata(random.binomial(sizes, rates), sizes), MANTEL_HAENSZEL).curve(
            which, np.array([0.95])
        )
        held += low[0] <= true <= high[0]
    assert RANGE[0] <= 100 * held / SIMULATIONS <= RANGE[1]


def test_rows_taken_for_people_cover_too_seldom(by_strata):
    """The trap: five rows of a person with a correlation of 0.3, taken for five people."""
    random = np.random.default_rng(2)
    base = np.linspace(-1, 1, 4)
    mixes = np.full((2, 4), 0.25)
    held = 0
    for _ in range(SIMULATIONS):
        _, cell = simulated(random, 150, mixes, base, 0.5, 12)
        made = by_strata(design=Design.independent(np.bincount(cell, minlength=16)), number=4)
        _, low, high = figures(made, MANTEL_HAENSZEL).curve(0, np.array([0.95]))
        held += low[0] <= 1.6 <= high[0]
    assert 100 * held / SIMULATIONS < 80


def test_coverage_with_weights_that_go_with_the_event(by_strata):
    """Three of four rows without the event were never drawn; the drawn ones weigh 4."""
    random = np.random.default_rng(8)
    base = np.linspace(-2, 1, 5)
    rates = np.stack([expit(base + EFFECT), expit(base)])
    gap = (rates[0] - rates[1]).mean()
    held = {"odds ratio": 0, "difference": 0, "regression": 0}
    for _ in range(SIMULATIONS):
        sizes = random.multinomial(1500, np.full(10, 0.1)).reshape(2, 5)
        events = random.binomial(sizes, rates)
        drawn = random.binomial(sizes - events, 0.25)
        counts = np.stack([drawn, events], axis=-1).ravel()
        weight = np.tile([4.0, 1.0], 10)
        design = Design.weighted(counts, weight * counts, weight**2 * counts)
        made = by_strata(design=design, number=5)
        for name, one, which, true in (
            ("odds ratio", figures(made, MANTEL_HAENSZEL), 0, np.exp(EFFECT)),
            ("difference", figures(made, STANDARDISED), 2, gap),
            ("regression", regression(made), 0, EFFECT),
        ):
            _, low, high = one.curve(which, np.array([0.95]))
            held[name] += low[0] <= true <= high[0]
    for name, number in held.items():
        assert RANGE[0] <= 100 * number / SIMULATIONS <= RANGE[1], name
