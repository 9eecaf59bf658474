"""Intervals hold the true value as often as they say; the tables of bench/coverage.py are the wider evidence."""

import numpy as np
import pytest

from answerable.statistics.design import Design
from answerable.statistics.intervals import contrasts, rates

SIMULATIONS = 1200
RANGE = (92.8, 97.6)  # 93 to 97 with one standard error of 1,200 simulations


def cells_of_two_groups():
    above = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [1, 0, 1, 0]], dtype=bool)
    below = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1]], dtype=bool)
    return above, below


@pytest.mark.parametrize("unequal", [False, True])
@pytest.mark.parametrize(
    ("clusters", "correlation"), [(10, 0.2), (10, 0.5), (20, 0.05), (20, 0.5), (50, 0.2), (200, 0.5)]
)
def test_people_with_a_common_outcome(bench, clusters, correlation, unequal):
    found = bench.simulate_people(clusters, (0.3, 0.45), correlation, SIMULATIONS, unequal=unequal)
    for name, coverage in found.items():
        assert RANGE[0] <= coverage <= RANGE[1] + (1.0 if clusters == 10 else 0), name


@pytest.mark.parametrize("unequal", [False, True])
@pytest.mark.parametrize(("clusters", "correlation"), [(50, 0.05), (50, 0.5), (200, 0.2), (200, 0.5)])
def test_people_with_a_rare_outcome(bench, clusters, correlation, unequal):
    found = bench.simulate_people(clusters, (0.05, 0.075), correlation, SIMULATIONS, unequal=unequal)
    for name, coverage in found.items():
        assert RANGE[0] <= coverage <= RANGE[1], name


@pytest.mark.parametrize("unequal", [False, True])
@pytest.mark.parametrize(("clusters", "correlation"), [(10, 0), (10, 0.5), (20, 0.2), (20, 0.5)])
def test_few_people_with_a_rare_outcome_err_on_the_safe_side(bench, clusters, correlation, unequal):
    """Fewer than about ten expected events: coverage is lumpy and too high, never too low."""
    found = bench.simulate_people(clusters, (0.05, 0.075), correlation, SIMULATIONS, unequal=unequal)
    assert min(found.values()) >= RANGE[0]


@pytest.mark.parametrize("correlation", [0, 0.2])
def test_few_people_without_correlation_err_on_the_safe_side(bench, correlation):
    found = bench.simulate_people(10, (0.3, 0.45), correlation, SIMULATIONS, unequal=True)
    assert min(found.values()) >= RANGE[0]


@pytest.mark.parametrize(("clusters", "correlation"), [(10, 0.2), (20, 0.5), (50, 0.5), (200, 0.2)])
def test_people_who_are_in_both_groups(bench, clusters, correlation):
    found = bench.simulate_people(clusters, (0.3, 0.45), correlation, SIMULATIONS, unequal=True, shared=True)
    for name, coverage in found.items():
        assert RANGE[0] <= coverage <= RANGE[1] + (1.0 if clusters == 10 else 0), name


def test_many_people_where_the_bootstrap_takes_over(bench):
    design = bench.clustered(bench.people(np.random.default_rng(1), 1, 400, (0.3, 0.45), 0.2, unequal=False))
    above, below = cells_of_two_groups()
    assert all("cluster bootstrap" in how for how in rates(design, above, below, levels=[0.95]).how)
    for name, coverage in bench.simulate_people(400, (0.3, 0.45), 0.2, 800, unequal=False).items():
        assert RANGE[0] <= coverage <= RANGE[1], name


@pytest.mark.parametrize("size", [20, 50, 200, 2000])
@pytest.mark.parametrize("pair", [(0.02, 0.03), (0.1, 0.15), (0.3, 0.3), (0.5, 0.75)])
def test_rows(bench, size, pair):
    """Averaged over sizes 10 % either way; below five expected events differences and ratios are on the safe side."""

    def make(random, datasets):
        return bench.independent(random, datasets, size, pair)

    for name, coverage in bench.simulate(make, SIMULATIONS).items():
        assert coverage >= RANGE[0], name
        assert coverage <= RANGE[1] or (size * pair[0] < 5 and name != "rate"), name


@pytest.mark.parametrize(("size", "each"), [(50, 1), (500, 1), (50, 5), (300, 5)])
def test_weights_that_go_with_the_outcome(bench, size, each):
    def make(random, datasets):
        return bench.weighted(random, datasets, size, 0.2, each=each)

    for name, coverage in bench.simulate(make, SIMULATIONS).items():
        assert RANGE[0] <= coverage <= RANGE[1], name


def test_resampling_rows_of_repeated_people_is_the_trap_and_resampling_people_is_not(bench):
    options = {"unequal": True, "mean": 5}
    trapped = bench.simulate_people(400, (0.3, 0.35), 0.5, 120, as_rows=True, **options)
    ours = bench.simulate_people(400, (0.3, 0.35), 0.5, 600, **options)
    assert max(trapped.values()) < 80
    for name, coverage in ours.items():
        assert RANGE[0] <= coverage <= RANGE[1], name


@pytest.mark.parametrize("interval", ["wilson", "bootstrap"])
@pytest.mark.parametrize("kind", ["difference", "ratio"])
def test_a_group_against_the_whole_that_holds_it_is_as_uncertain_as_in_fresh_samples(interval, kind):
    """Group of 30 % with rate 0.3 in a whole with rate 0.2, 4,000 rows; also against a bootstrap of rows."""
    above, below = cells_of_two_groups()
    random, chances = np.random.default_rng(8), np.array([0.09, 0.21, 0.11, 0.59])
    compare = np.subtract if kind == "difference" else np.divide

    def contrast_of(drawn):
        return compare(*(drawn @ above[[0, 2]].T / (drawn @ below[[0, 2]].T)).T)

    fresh = contrast_of(random.multinomial(4000, chances, size=20_000)).std()
    counts = np.rint(4000 * chances).astype(int)
    rows = np.repeat(np.arange(4), counts)
    resampled = [np.bincount(rows[random.integers(0, 4000, 4000)], minlength=4) for _ in range(3000)]
    found = contrasts(
        Design.independent(counts), above, below, [(0, 2)], kind=kind, levels=[0.6826894921], interval=interval
    )
    half = (found.high[0, 0] - found.low[0, 0]) / 2
    assert half == pytest.approx(fresh, rel=0.03)
    assert half == pytest.approx(contrast_of(np.array(resampled)).std(), rel=0.05)
    # What treating the two as independent would give.
    first, whole = 0.3 * 0.7 / 1200, 0.2 * 0.8 / 4000
    wrong = np.sqrt(first + whole) if kind == "difference" else 1.5 * np.sqrt(first / 0.09 + whole / 0.04)
    assert half < 0.85 * wrong


def test_deep_levels_hold_where_the_bootstrap_takes_over():
    """At 99.9 % and 200 events the error is at most half as large again as it says (exact binomial sums)."""
    from scipy import stats

    above, below = cells_of_two_groups()
    size, true = 2000, 0.1
    seen = np.arange(120, 290)
    chances = stats.binom.pmf(seen, size, true)
    missed = 0.0
    for events, chance in zip(seen.tolist(), chances.tolist(), strict=True):
        design = Design.independent([events, size - events, 1, 1])
        found = rates(design, above[:1], below[:1], levels=[0.999], replicates=2000)
        if not found.low[0, 0] <= true <= found.high[0, 0]:
            missed += chance
    assert 0.0003 < missed < 0.0015
