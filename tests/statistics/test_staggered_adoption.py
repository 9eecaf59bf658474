"""Staggered roll-outs: panels worked by hand, each place really left out, coverage, and where two-way effects fail."""

from dataclasses import replace

import numpy as np
import pytest

from answerable.statistics.staggered_adoption import NEVER, Panel, before, by_event_time, overall, redealt


def panel(values, start, **words):
    return Panel(np.array(values, float), np.array(start, float), np.ones(len(start)), **words)


def drawn(random, places=24, periods=20, never=6, each=2, correlation=0.0, effect=0.0):
    """Places with a level of their own, a common trend, errors in time, and starts spread over the middle."""
    start = np.full(places, NEVER)
    cohort = np.arange(places - never) // each
    start[: places - never] = np.linspace(4, periods - 4, cohort.max() + 1).round()[cohort]
    errors = np.empty((places, periods))
    errors[:, 0] = random.normal(size=places)
    for at in range(1, periods):
        fresh = np.sqrt(1 - correlation**2) * random.normal(size=places)
        errors[:, at] = correlation * errors[:, at - 1] + fresh
    after = np.arange(periods)[None, :] >= start[:, None]
    values = random.normal(size=(places, 1)) + 0.1 * np.arange(periods)[None, :] + errors + effect * after
    return panel(values, start)


def test_two_by_two_by_hand():
    """Changed places rise by 0.2 and 0.3, the others by 0.1 and 0: 0.25 - 0.05."""
    found = overall(panel([[0.1, 0.3], [0.2, 0.5], [0.1, 0.2], [0.3, 0.3]], [1, 1, NEVER, NEVER]))
    assert found.value == pytest.approx(0.20)
    # Without each place: 0.30 - 0.05, 0.20 - 0.05, 0.25 - 0, 0.25 - 0.1: each 0.05 away; sqrt(3/4 * 4 * 0.05^2).
    assert found.error == pytest.approx(np.sqrt(3 / 4 * 4 * 0.05**2))
    assert (found.changed, found.compared) == (2, 2)


# Three places, five periods; starts 2, 3, never.
SMALL = [[1, 2, 6, 7, 9], [0, 1, 2, 7, 8], [3, 4, 5, 6, 7]]
#   start 2, base 1: t=2: 6-2=4 against not yet (1, 1) mean 1 -> 3; t=3: 5 against never 2 -> 3; t=4: 7 against 3 -> 4
#   start 3, base 2: t=3: 5 against never 1 -> 4; t=4: 6 against 2 -> 4
#   averages (3 + 3 + 4) / 3 = 10/3 and 4; overall 11/3. By time since: 0: 3.5, 1: 3.5, 2: 4
#   before: start 2, t=0: -1 against (-1, -1) -> 0; start 3, t=0: -2 against -2 -> 0, t=1: -1 against -1 -> 0


def test_a_small_panel_by_hand():
    small = panel(SMALL, [2, 3, NEVER])
    assert overall(small).value == pytest.approx(11 / 3)
    assert before(small).value == pytest.approx(0.0)
    times = by_event_time(small)
    assert [times[since].value for since in (0, 1, 2)] == pytest.approx([3.5, 3.5, 4.0])
    assert [times[since].value for since in (-3, -2)] == pytest.approx([0.0, 0.0])
    assert -1 not in times, "the period that is compared with has no effect"


def test_never_changed_only_anticipation_and_bases_by_hand():
    # Only the never changed: start 2, t=2: 4 against 1 -> 3; t=3: 5 - 2; t=4: 7 - 3: the same here.
    assert overall(panel(SMALL, [2, 3, NEVER], never=True)).value == pytest.approx(11 / 3)
    # One period of anticipation: bases 0 and 1; start 2: t=2: 5 against never 2 (the other changes at 3 <= 2 + 1) -> 3;
    # t=3: 6 - 3 = 3; t=4: 8 - 4 = 4. Start 3: t=3: 6 - 2 = 4; t=4: 7 - 3 = 4.
    assert overall(panel(SMALL, [2, 3, NEVER], anticipation=1)).value == pytest.approx(11 / 3)
    # Two bases: start 2: base mean of periods 0, 1; t=2: 4.5 against (1.5, 1.5) -> 3; 5.5 - 2.5; 7.5 - 3.5 -> 10/3.
    # Start 3: base mean of 1, 2: 5.5 against never 1.5; 6.5 - 2.5 -> 4.
    assert overall(panel(SMALL, [2, 3, NEVER], bases=2)).value == pytest.approx(11 / 3)


def test_a_place_without_its_base_is_left_out_and_no_other():
    values = np.array([[0, 1, 3], [0, np.nan, 9], [0, 1, 1], [5, np.nan, 5]], float)
    found = overall(panel(values, [2, 2, NEVER, NEVER]))
    assert found.value == pytest.approx(2.0)
    assert (found.changed, found.compared) == (1, 1)
    assert found.error is None, "one place without another tells nothing of chance"


@pytest.mark.parametrize("words", [{}, {"bases": 3}, {"never": True}, {"anticipation": 1}])
def test_leaving_out_is_really_leaving_out(words):
    random = np.random.default_rng(2)
    made = replace(drawn(random, places=12, periods=12, never=3, each=1), weights=random.uniform(1, 3, 12), **words)
    made.values[2, 5] = made.values[9, 0] = np.nan
    found = overall(made)
    left = []
    for place in range(12):
        kept = np.arange(12) != place
        left.append(
            overall(replace(made, values=made.values[kept], start=made.start[kept], weights=made.weights[kept]))
        )
    spread = sum((one.value - found.value) ** 2 for one in left)
    used = sum(abs(one.value - found.value) > 0 for one in left)
    assert found.error == pytest.approx(np.sqrt((used - 1) / used * spread), rel=1e-9)


def test_two_way_fixed_effects_would_give_the_wrong_sign():
    """Goodman-Bacon's trap: effects that grow make early changers a falling comparison for late ones."""
    periods = np.arange(12)
    start = np.array([2] * 6 + [8] * 6)
    effect = np.where(periods[None, :] >= start[:, None], 1.0 + 3.0 * (periods[None, :] - start[:, None]), 0.0)
    values = 2.0 + 0.5 * periods[None, :] + effect
    changed = (periods[None, :] >= start[:, None]).astype(float)
    places, times = np.divmod(np.arange(values.size), 12)
    matrix = np.column_stack([changed.ravel(), np.eye(12)[places], np.eye(12)[times]])
    fixed = np.linalg.lstsq(matrix, values.ravel(), rcond=None)[0][0]
    assert fixed < 0, "every effect is positive, the regression says otherwise"
    ours = overall(panel(values, start))
    # Only the early ones have anybody to be compared with, from period 2 to 7: 1, 4, 7, ... 16.
    assert ours.value == pytest.approx(np.mean([1, 4, 7, 10, 13, 16]))


@pytest.mark.parametrize(
    ("places", "never", "each", "correlation"), [(20, 5, 5, 0.0), (20, 0, 5, 0.5), (30, 5, 1, 0.5), (20, 3, 17, 0.5)]
)
def test_coverage_with_few_places(places, never, each, correlation):
    """Also where every place has a date of its own, and where hardly any is left to compare with.

    500 panels of each of nine such designs with 20 to 40 places gave 95 to 98 %.
    """
    random = np.random.default_rng(places + never)
    held = early = 0
    for _ in range(200):
        made = drawn(random, places, 24, never, each, correlation, effect=0.7)
        ((low, high),) = overall(made).limits((0.95,))
        held += low <= 0.7 <= high
        ((low, high),) = before(made).limits((0.95,))
        early += low <= 0 <= high
    assert 0.91 <= held / 200 <= 0.996
    assert early / 200 >= 0.91


def test_a_trend_of_its_own_shows_before_the_change():
    made = drawn(np.random.default_rng(4), places=30, periods=24, never=10, each=4)
    trend = np.where(np.isfinite(made.start), 1.0, 0.0)[:, None] * np.arange(24)
    ((_, high),) = before(replace(made, values=made.values + trend)).limits((0.99,))
    assert high < 0, "values before the change lie below that of its last period"


def test_dates_dealt_at_random_are_as_good_as_the_real_ones_where_nothing_happened():
    random = np.random.default_rng(9)
    ranks = []
    for _ in range(60):
        made = drawn(random, places=12, periods=12, never=4, each=2)
        ranks.append(np.mean(np.abs(redealt(made, 49, 1)) >= abs(overall(made).value)))
    assert np.mean(np.array(ranks) <= 0.1) <= 0.25
    assert 0.35 <= np.mean(ranks) <= 0.65


def test_nothing_to_compare_is_no_effect():
    assert overall(panel([[0, 1], [0, 2]], [1, 1])).value is None
    assert overall(panel([[0, 1], [0, 2]], [0, NEVER])).value is None
    assert before(panel([[0, 1], [0, 2]], [1, NEVER])).value is None
