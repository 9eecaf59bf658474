"""Standardised rates by hand, and where some strata have one group only."""

import numpy as np
import pytest

from answerable.statistics.standardised import STANDARDISED
from answerable.statistics.stratified import figures


def test_by_hand(by_strata):
    """Group 8 of 10 and 6 of 30, reference 10 of 20 and 1 of 10; everybody stands 30 to 40 in the two strata."""
    found = figures(by_strata([[8, 6], [10, 1]], [[10, 30], [20, 10]]), STANDARDISED)
    own, reference = (30 * 0.8 + 40 * 0.2) / 70, (30 * 0.5 + 40 * 0.1) / 70
    assert found.shown(0) == pytest.approx(own)
    assert found.shown(1) == pytest.approx(reference)
    assert found.shown(2) == pytest.approx(own - reference)
    assert found.shown(3) == pytest.approx(own / reference)


def test_the_same_mix_leaves_rates_as_they_are(by_strata):
    found = figures(by_strata([[30, 10], [40, 30]], [[100, 50], [200, 100]]), STANDARDISED)
    assert found.shown(0) == pytest.approx(40 / 150)
    assert found.shown(1) == pytest.approx(70 / 300)


def test_strata_of_one_group_take_no_part(by_strata):
    alone = figures(by_strata([[8, 6], [10, 1]], [[10, 30], [20, 10]]), STANDARDISED)
    more = figures(by_strata([[8, 6, 9], [10, 1, 0]], [[10, 30, 9], [20, 10, 0]]), STANDARDISED)
    assert more.value == pytest.approx(alone.value)


def test_a_stratum_of_one_row_is_not_taken_for_sure(by_strata):
    """A rate of 0 in a stratum of one row has no variance by the plain formula; half the standard stands there."""
    events, sizes = [[1, 20], [0, 20]], [[1, 40], [1, 40]]
    strata = by_strata(events, sizes)
    strata.sizes[2, 0] = strata.counts[2, 0] = 80
    found = figures(strata, STANDARDISED)
    plain = 0.5 * np.sqrt(0.25 / 40 * 2)
    assert found.error[2] > 3 * plain
