"""Rates, differences and ratios: against libraries and printed cases, at the edges, and as curves."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from answerable.core.curve import ladder
from answerable.errors import NotIdentified
from answerable.statistics.design import Design
from answerable.statistics.intervals import ENOUGH, contrasts, rates

LEVELS = ladder(0.95)
AT_95 = LEVELS.index(0.95)
# Two groups, cells: events and others of the first, events and others of the second; a third rate holds both.
ABOVE = np.array([[1, 0, 0, 0], [0, 0, 1, 0], [1, 0, 1, 0]], dtype=bool)
BELOW = np.array([[1, 1, 0, 0], [0, 0, 1, 1], [1, 1, 1, 1]], dtype=bool)
PAIR = [(0, 1)]


def two(first, second):
    """Two groups of rows, each (events, rows)."""
    return Design.independent([first[0], first[1] - first[0], second[0], second[1] - second[0]])


def rate(design, **options):
    return rates(design, ABOVE, BELOW, levels=LEVELS, **options)


def contrast(design, kind, pairs=PAIR, **options):
    return contrasts(design, ABOVE, BELOW, pairs, kind=kind, levels=LEVELS, **options)


def at_95(found, row=0):
    return found.low[row, AT_95], found.high[row, AT_95]


@pytest.mark.parametrize(("interval", "name"), [("auto", "wilson"), ("wilson", "wilson"), ("exact", "beta")])
@pytest.mark.parametrize("counts", [(3, 20), (0, 20), (20, 20), (150, 400)])
def test_rates_of_rows_are_those_of_statsmodels(interval, name, counts):
    found = rate(two(counts, (1, 9)), interval=interval)
    assert at_95(found) == pytest.approx(proportion_confint(*counts, method=name), abs=1e-9)
    assert (found.n[0], found.events[0], found.units[0]) == (counts[1], counts[0], counts[1])


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((10, 10), (0, 20), (0.6791, 1.0)),
        ((10, 10), (0, 10), (0.6075, 1.0)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
    ],
)
def test_printed_differences(first, second, expected):
    """Newcombe 1998 (Statist. Med. 17, 873), table II, method 10."""
    assert at_95(contrast(two(first, second), "difference")) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(("first", "second"), [((7, 34), (1, 34)), ((30, 90), (70, 150)), ((1, 40), (12, 300))])
def test_differences_are_those_of_statsmodels(first, second):
    expected = confint_proportions_2indep(*first, *second, method="newcomb", compare="diff")
    assert at_95(contrast(two(first, second), "difference")) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("first", "second"), [((24, 73), (53, 65)), ((30, 90), (70, 150)), ((40, 300), (12, 200))])
def test_ratios_are_near_those_from_scores(first, second):
    """Another method (score limits, Koopman 1984 as Miettinen & Nurminen have it), so near and not equal."""
    expected = confint_proportions_2indep(*first, *second, method="score", compare="ratio", correction=False)
    assert at_95(contrast(two(first, second), "ratio")) == pytest.approx(expected, rel=0.03)


def test_a_ratio_worked_by_hand():
    """30 of 90 against 20 of 100: the roots of the two quadratic equations, from Wilson limits."""
    (low, high), (below, above) = (proportion_confint(*one, method="wilson") for one in ((30, 90), (20, 100)))
    first, second = 30 / 90, 20 / 100
    product = first * second
    down = product - np.sqrt(product**2 - low * above * (2 * first - low) * (2 * second - above))
    up = product + np.sqrt(product**2 - high * below * (2 * first - high) * (2 * second - below))
    expected = down / (above * (2 * second - above)), up / (below * (2 * second - below))
    assert at_95(contrast(two((30, 90), (20, 100)), "ratio")) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("interval", ["auto", "bootstrap", "wilson", "exact"])
@pytest.mark.parametrize("counts", [(0, 12), (12, 12), (0, 5000)])
def test_no_event_and_no_other_never_give_an_interval_without_width(interval, counts):
    found = rate(two(counts, (5, 50)), interval=interval)
    low, high = at_95(found)
    assert high - low > 0.5 / counts[1]
    assert low == 0 if counts[0] == 0 else high == 1
    difference = contrast(two(counts, (0, 12)), "difference", interval=interval)
    assert at_95(difference)[0] < difference.value[0] < at_95(difference)[1] or difference.value[0] == 1


def test_an_empty_group_is_named_not_dropped():
    found = rate(two((0, 0), (5, 50)))
    assert found.estimable.tolist() == [False, True, True]
    assert found.reason[0]
    assert np.isnan(found.value[0])
    both = contrast(two((0, 0), (5, 50)), "ratio")
    assert not both.estimable[0]
    assert both.reason[0]
    everything = contrast(two((0, 0), (5, 50)), "difference", [(1, 2)])
    assert not everything.estimable[0]
    assert "same rows" in contrast(two((3, 9), (5, 50)), "difference", [(1, 1)]).reason[0]


@pytest.mark.parametrize(
    "design",
    [
        Design.independent([0, 0, 0, 0]),
        Design.clustered(np.zeros((0, 4)), []),
        Design.weighted([0, 0, 0, 0], np.zeros(4), np.zeros(4)),
        Design.weighted_clusters(np.zeros(4), np.zeros((4, 4)), [0, 0, 0, 0], np.zeros((4, 4))),
    ],
)
def test_nobody_at_all(design):
    found = rate(design)
    assert not found.estimable.any()
    assert all(found.reason)
    assert not contrast(design, "ratio").estimable.any()
    assert contrasts(design, ABOVE, BELOW, np.zeros((0, 2)), kind="ratio", levels=LEVELS).low.shape == (0, len(LEVELS))


def test_a_reference_without_events_bounds_the_ratio_from_below_only():
    found = contrast(two((40, 100), (0, 100)), "ratio")
    assert found.estimable[0]
    assert found.value[0] == np.inf
    assert np.all(np.isinf(found.high[0]))
    assert 1 < at_95(found)[0] < 40
    assert "lower limit" in found.reason[0]
    neither = contrast(two((0, 100), (0, 100)), "ratio")
    assert not neither.estimable[0]
    assert "not defined" in neither.reason[0]
    none = contrast(two((0, 100), (40, 100)), "ratio")
    assert none.value[0] == 0
    assert at_95(none)[0] == 0
    assert 0 < at_95(none)[1] < 0.2


def test_a_bootstrap_needs_units_that_can_be_drawn():
    design = Design.weighted([5, 5, 5, 5], [6.0, 5, 5, 5], [9.0, 5, 5, 5])
    with pytest.raises(NotIdentified, match="bootstrap"):
        rate(design, interval="bootstrap")


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"numerator": ~ABOVE}, "also be below"),
        ({"numerator": ABOVE[:, :2]}, "marks of shape"),
        ({"levels": [0.95, 0.9]}, "rise"),
        ({"levels": []}, "rise"),
        ({"levels": [0.5, 1.0]}, "rise"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(change, match):
    given_ = {"numerator": ABOVE, "denominator": BELOW, "levels": LEVELS, **change}
    with pytest.raises(ValueError, match=match):
        rates(two((1, 2), (1, 2)), **given_)


counts = st.one_of(st.integers(0, 6), st.integers(0, 3000))
signatures = st.lists(
    st.tuples(st.lists(st.integers(0, 6), min_size=4, max_size=4), st.integers(1, 30)), min_size=1, max_size=8
)


def assert_a_curve(found, least, most):
    for row in np.flatnonzero(found.estimable):
        low, high = found.low[row], found.high[row]
        assert not np.isnan(low).any()
        assert not np.isnan(high).any()
        assert np.all(np.diff(low) <= 0)
        assert np.all(high[1:] >= high[:-1])
        assert np.all((low >= least - 1e-9) & (high <= most + 1e-9))
        slack = 1e-6 * abs(found.value[row]) + 1e-9 if np.isfinite(found.value[row]) else 0
        assert low[AT_95] - slack <= found.value[row] <= high[AT_95] + slack
        assert high[-1] > low[-1]
        assert found.how[row]


@given(st.lists(counts, min_size=4, max_size=4), st.sampled_from(["auto", "bootstrap", "wilson", "exact"]))
@settings(max_examples=60, deadline=None)
def test_curves_of_rows_widen_and_hold_the_estimate(cells, interval):
    design, options = Design.independent(cells), {"interval": interval, "replicates": 500}
    assert_a_curve(rate(design, **options), 0, 1)
    pairs = [(0, 1), (1, 0), (0, 2), (2, 0), (2, 1)]
    assert_a_curve(contrast(design, "difference", pairs, **options), -1, 1)
    assert_a_curve(contrast(design, "ratio", pairs, **options), 0, np.inf)


@given(signatures, st.sampled_from(["auto", "bootstrap", "wilson", "exact"]))
@example([([0, 0, 0, 0], 1), ([0, 1, 0, 1], 2), ([1, 1, 1, 1], 1)], "exact")
@settings(max_examples=60, deadline=None)
def test_curves_of_people_widen_and_hold_the_estimate(people, interval):
    design = Design.clustered([one for one, _ in people], [many for _, many in people])
    options = {"interval": interval, "replicates": 500}
    assert_a_curve(rate(design, **options), 0, 1)
    pairs = [(0, 1), (1, 0), (0, 2), (2, 0), (2, 1)]
    assert_a_curve(contrast(design, "difference", pairs, **options), -1, 1)
    assert_a_curve(contrast(design, "ratio", pairs, **options), 0, np.inf)


@given(signatures)
@settings(max_examples=60, deadline=None)
def test_a_contrast_turned_round_is_the_same_contrast(people):
    design = Design.clustered([one for one, _ in people], [many for _, many in people])
    for there, back in (((0, 1), (1, 0)), ((0, 2), (2, 0))):
        one, other = (contrast(design, "difference", [pair], interval="wilson") for pair in (there, back))
        if one.estimable[0]:
            assert one.low == pytest.approx(-other.high, abs=1e-9)
        one, other = (contrast(design, "ratio", [pair], interval="wilson") for pair in (there, back))
        if one.estimable[0] and other.estimable[0] and 0 < one.value[0] < np.inf:
            # MOVER-R solves for R; turned round it solves for 1 / R, the same equation.
            with np.errstate(divide="ignore"):
                assert one.low == pytest.approx(1 / other.high, rel=1e-6, abs=1e-12)


def test_people_with_one_row_are_rows():
    cells = [30, 70, 45, 55]
    rows, people = Design.independent(cells), Design.clustered(np.eye(4), cells)
    for interval in ("wilson", "exact", "bootstrap"):
        one, other = rate(rows, interval=interval), rate(people, interval=interval)
        assert np.array_equal(one.low, other.low)
        assert np.array_equal(one.high, other.high)


def test_the_size_of_weights_does_not_matter():
    weights = np.array([60.0, 110, 40, 95])
    squares = weights**2 / [20, 30, 15, 40] * 1.5
    one = Design.weighted([20, 30, 15, 40], weights, squares)
    for factor in (3, 0.001, 1e6):
        other = Design.weighted([20, 30, 15, 40], weights * factor, squares * factor**2)
        assert rate(other).low == pytest.approx(rate(one).low, rel=1e-9)
        assert contrast(other, "ratio").high == pytest.approx(contrast(one, "ratio").high, rel=1e-9)


def test_equal_weights_give_the_answer_without_weights():
    cells = np.array([20, 30, 15, 40])
    assert np.array_equal(
        rate(Design.weighted(cells, cells * 2.5, cells * 6.25)).low, rate(two((20, 50), (15, 55))).low
    )


def test_people_known_by_sums_are_as_uncertain_as_people_known_one_by_one():
    random = np.random.default_rng(3)
    people = random.binomial(4, random.beta(1, 2, (60, 1)), (60, 4))
    known = Design.clustered(people, np.ones(60, dtype=int))
    present = (people > 0).astype(int)
    summed = Design.weighted_clusters(people.sum(axis=0), people.T @ people, people.sum(axis=0), present.T @ present)
    one, other = rate(known, interval="wilson"), rate(summed)
    assert other.value == pytest.approx(one.value)
    sizes = [[text.split("size ")[1].split(",")[0] for text in found.how] for found in (one, other)]
    assert sizes[0] == sizes[1]
    assert other.high - other.low == pytest.approx(one.high - one.low, rel=0.1)


def test_without_events_people_count_once_each():
    """20 people with 50 rows each and no event: as sure as 20 rows could make it, not 1,000."""
    design = Design.clustered([[0, 50, 0, 0], [0, 0, 10, 10]], [20, 20])
    found = rate(design)
    assert at_95(found) == pytest.approx(proportion_confint(0, 20, method="wilson"), abs=1e-9)
    assert "each unit taken for one observation" in found.how[0]
    unequal = Design.clustered([[0, 50, 0, 0], [0, 5, 0, 0], [0, 0, 10, 10]], [10, 10, 20])
    assert at_95(rate(unequal))[1] > at_95(found)[1], "unequal people are worth fewer equal ones"


def test_one_person_is_not_many():
    design = Design.clustered([[40, 60, 0, 0], [0, 0, 10, 10]], [1, 20])
    assert rate(design).units[0] == 1
    low, high = at_95(rate(design))
    assert high - low > 0.7
    outweighed = Design.clustered([[400, 600, 0, 0], [0, 1, 0, 0], [0, 0, 10, 10]], [1, 3, 20])
    low, high = at_95(rate(outweighed))
    assert high - low > 0.7


def test_the_bootstrap_is_taken_where_it_holds_and_named():
    assert "multinomial bootstrap" in rate(two((ENOUGH, 3 * ENOUGH), (1, 50))).how[0]
    assert rate(two((ENOUGH - 1, 3 * ENOUGH), (1, 50))).how[0] == "Wilson score"
    few = Design.clustered([[30, 60, 0, 0], [0, 0, 1, 1]], [50, 10])
    assert "effective sample size" in rate(few).how[0], "1,500 events, but of 50 people"
    many = Design.clustered([[3, 6, 0, 0], [5, 1, 0, 0], [0, 0, 1, 1]], [200, 300, 10])
    assert "cluster bootstrap, percentile, 10,000 replicates" in rate(many).how[0]


def test_bootstrap_and_scores_agree_where_both_hold():
    design = two((3000, 10_000), (2500, 11_000))
    for kind in ("difference", "ratio"):
        for pair in (PAIR, [(0, 2)], [(2, 1)]):
            one, other = contrast(design, kind, pair), contrast(design, kind, pair, interval="wilson")
            assert "bootstrap" in one.how[0]
            width = other.high - other.low
            assert np.abs(one.low - other.low).max() < 0.05 * width[0, -1]
            assert (one.high - one.low)[0, AT_95] == pytest.approx(width[0, AT_95], rel=0.04)


def test_a_tail_beyond_the_resamples_is_extended_and_said_so():
    design = two((3000, 10_000), (2500, 11_000))
    few, many = rate(design, replicates=1000), rate(design, replicates=100_000)
    assert "extended" in few.how[0]
    width = many.high[0] - many.low[0]
    assert np.abs(few.low[0] - many.low[0]).max() < 0.1 * width[-1]
    assert np.all(np.diff(few.low[0]) < 0)
    single = rates(design, ABOVE, BELOW, levels=[0.9], replicates=1000)
    assert "extended" not in single.how[0]


def test_a_bootstrap_that_loses_a_group_gives_way_and_says_so():
    found = rate(two((1, 2), (500, 1000)), interval="bootstrap", replicates=2000)
    assert "Wilson" in found.how[0], "some resamples have no row of the first group"
    assert "bootstrap" in found.how[1]


def test_same_seed_same_bytes_whatever_the_order():
    design = two((3000, 10_000), (2500, 11_000))
    first, again = rate(design, seed=4), rate(two((3000, 10_000), (2500, 11_000)), seed=4)
    assert first.low.tobytes() == again.low.tobytes()
    assert first.low.tobytes() != rate(design, seed=5).low.tobytes()
    turned = rates(design, ABOVE[::-1], BELOW[::-1], levels=LEVELS, seed=4)
    assert np.array_equal(turned.low[::-1], first.low)
    alone = rates(design, ABOVE[:1], BELOW[:1], levels=LEVELS, seed=4)
    assert np.array_equal(alone.low[0], first.low[0])


def test_many_kinds_of_people_are_resampled_less_often_and_it_is_said(monkeypatch):
    monkeypatch.setattr("answerable.statistics.intervals._MOST_DRAWS", 2500)
    many = Design.clustered([[3, 6, 0, 0], [5, 1, 0, 0]], [300, 300])
    assert "1,250 replicates" in rate(many).how[0]


def large(groups=29, metrics=5):
    """Counts of 20 groups and marks for 29 groups and margins, 5 rates each."""
    random = np.random.default_rng(0)
    cells = np.array([(group, decided, outcome) for group in range(20) for decided in (0, 1) for outcome in (0, 1)])
    counted = random.multinomial(1_000_000, random.dirichlet(np.full(80, 3.0)))
    decided, outcome = cells[:, 1] == 1, cells[:, 2] == 1
    sets = [cells[:, 0] == group for group in range(20)]
    sets += [cells[:, 0] % 4 == part for part in range(4)] + [cells[:, 0] % 5 == part for part in range(4)]
    sets = [*sets, np.full(80, True)][:groups]
    kinds = [(decided, np.full(80, True)), (decided & outcome, outcome), (decided & ~outcome, ~outcome)]
    kinds += [(~decided & outcome, outcome), (decided & outcome, decided)]
    above = np.array([chosen & one for chosen in sets for one, _ in kinds[:metrics]])
    below = np.array([chosen & one for chosen in sets for _, one in kinds[:metrics]])
    last = len(sets) - 1
    pairs = [(metrics * chosen + kind, metrics * last + kind) for chosen in range(last) for kind in range(metrics)]
    return counted, above, below, pairs


def test_memory_of_an_ordinary_question_stays_small():
    counted, above, below, pairs = large()
    tracemalloc.start()
    design = Design.independent(counted)
    rates(design, above, below, levels=LEVELS)
    for kind in ("difference", "ratio"):
        contrasts(design, above, below, pairs, kind=kind, levels=LEVELS)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 100e6
