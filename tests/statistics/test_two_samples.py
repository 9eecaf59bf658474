"""Two samples of one population: identities, resamples with and without weights, coverage."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.statistics.design import Design
from answerable.statistics.two_samples import Sample, Whole, implied_shares, resampled

OUTCOME, NONE = np.array([True, False, False] * 2), np.array([False, True, False] * 2)
MEMBERS = np.repeat(np.eye(2, dtype=bool), 3, axis=1)
COUNTS = st.lists(st.integers(1, 500), min_size=6, max_size=6)


def sample(totals):
    return Sample(np.asarray(totals, dtype=float), MEMBERS, OUTCOME, NONE)


@given(COUNTS, COUNTS, st.integers(10_000, 10**7), st.booleans())
def test_shares_add_up(selected, chance, population, rest):
    found = implied_shares(sample(selected), sample(chance), Whole(population, 5000, rest))
    shares = sum(found[f"{name}_share"] for name in ("true_positive", "false_positive", "false_negative", "true_negative"))  # fmt: skip  # noqa: E501
    assert shares == pytest.approx(np.ones(2))
    assert found["size"].sum() == pytest.approx(population)
    assert (found["selection_rate"] * found["size"]).sum() == pytest.approx(5000)
    assert found["true_positive_share"] + found["false_positive_share"] == pytest.approx(found["selection_rate"])
    for rate, above, other in (
        ("false_positive_rate", "false_positive_share", "true_negative_share"),
        ("false_negative_rate", "false_negative_share", "true_positive_share"),
    ):
        assert found[rate] == pytest.approx(found[above] / (found[above] + found[other]))


def test_resamples_are_those_of_each_sample_one_by_one():
    totals = np.random.default_rng(1).integers(1, 50, (4, 6))
    every = implied_shares(sample(totals), sample(totals[::-1]), Whole(10_000, 300))
    for place in range(4):
        one = implied_shares(sample(totals[place]), sample(totals[3 - place]), Whole(10_000, 300))
        for name, values in one.items():
            assert every[name][place] == pytest.approx(values)


def test_a_sample_of_everybody_and_one_of_the_rest_agree():
    """A population of 1,000 in each group, known whole: both ways of drawing give its own rates."""
    everybody = {"tp": [30, 20], "fp": [10, 40], "fn": [70, 180], "tn": [890, 760]}
    tp, fp, fn, tn = (np.array(everybody[name]) for name in ("tp", "fp", "fn", "tn"))
    selected = sample(np.stack([tp, fp, 0 * tp], axis=1).ravel())
    whole = sample(np.stack([tp + fn, fp + tn, 0 * tp], axis=1).ravel())
    rest = sample(np.stack([fn, tn, 0 * tp], axis=1).ravel())
    for found in (
        implied_shares(selected, whole, Whole(2000, 100)),
        implied_shares(selected, rest, Whole(2000, 100, drawn_from_rest=True)),
    ):
        assert found["false_positive_rate"] == pytest.approx(fp / (fp + tn))
        assert found["false_negative_rate"] == pytest.approx(fn / (fn + tp))
        assert found["size"] == pytest.approx([1000, 1000])


def test_weighted_totals_are_drawn_with_the_spread_that_the_units_show():
    counts, totals, squares = [40, 60, 100], [80.0, 90.0, 400.0], [200.0, 180.0, 1900.0]
    drawn, how = resampled(Design.weighted(counts, totals, squares), 200_000, 1)
    assert how == "normal resampling of weighted totals"
    expected = np.diag(squares) - np.outer(totals, totals) / 200
    assert drawn.mean(axis=0) == pytest.approx(totals, rel=0.01)
    assert np.cov(drawn.T) == pytest.approx(expected, rel=0.03, abs=0.02 * np.abs(expected).max())


def test_counts_are_resampled_exactly():
    design = Design.independent([40, 60, 100])
    drawn, how = resampled(design, 1000, 1)
    assert how == "multinomial bootstrap"
    assert (drawn.sum(axis=1) == 200).all()


def coverage(runs, seed, *, weighted):
    """How often 95 % percentile intervals of the false negative rates hold the truth.

    With weights, the second group is drawn three times as often as the first, and weighs a third.
    """
    random = np.random.default_rng(seed)
    sizes, base, flagged, precision = np.array([0.4, 0.6]), np.array([0.3, 0.2]), np.array([0.02, 0.03]), 0.5
    truth = 1 - flagged * precision / base
    hits = []
    for run in range(runs):
        number = random.multinomial(5200, sizes * flagged / (sizes @ flagged))
        yes = random.binomial(number, precision)
        selected = np.stack([yes, number - yes, 0 * yes], axis=1).ravel()
        chances = sizes * ([1, 3] if weighted else [1, 1])
        drawn = random.multinomial(800, chances / chances.sum())
        with_outcome = random.binomial(drawn, base)
        counts = np.stack([with_outcome, drawn - with_outcome, 0 * drawn], axis=1).ravel()
        weight = np.repeat([3.0, 1.0] if weighted else [1.0, 1.0], 3)
        chance, _ = resampled(Design.weighted(counts, counts * weight, counts * weight**2), 1000, run)
        one, _ = resampled(Design.independent(selected), 1000, run + runs)
        population = 5200 / (sizes @ flagged)
        found = implied_shares(sample(one), sample(chance), Whole(population, 5200))["false_negative_rate"]
        low, high = np.quantile(found, [0.025, 0.975], axis=0)
        hits.append((low <= truth) & (truth <= high))
    return float(np.mean(hits))


@pytest.mark.parametrize("weighted", [False, True])
def test_coverage(weighted):
    """300 runs; 4,000 gave 94.6 % with and without weights."""
    assert 0.925 <= coverage(300, 5, weighted=weighted) <= 0.975
