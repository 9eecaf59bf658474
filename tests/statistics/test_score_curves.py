"""Simultaneous levels and areas under curves: against exact answers, by hand, and by simulation."""

import math

import numpy as np
import pytest

from answerable.core.curve import critical_value, ladder
from answerable.statistics.design import Design
from answerable.statistics.score_curves import Area, area_difference, simultaneous_levels

LEVELS = np.array(ladder())


def at(found, level):
    return found[LEVELS.tolist().index(level)]


def test_independent_points_take_sidaks_level():
    """Points that share no rows: the level is the K-th root."""
    design = Design.independent([100] * 10)
    deviations = np.zeros((5, 10))
    for place in range(5):
        deviations[place, [2 * place, 2 * place + 1]] = (1, -1)
    found = simultaneous_levels(design, deviations, LEVELS)
    assert critical_value(at(found, 0.95)) == pytest.approx(critical_value(0.95**0.2), abs=0.03)
    assert critical_value(at(found, 0.8)) == pytest.approx(critical_value(0.8**0.2), abs=0.03)


def test_points_that_are_one_point_take_its_level():
    design = Design.independent([100, 100])
    found = simultaneous_levels(design, np.array([[1.0, -1.0]] * 7), LEVELS)
    assert critical_value(at(found, 0.95)) == pytest.approx(1.96, abs=0.03)
    assert simultaneous_levels(design, np.array([[1.0, -1.0]]), LEVELS) == tuple(LEVELS)


def test_deep_tails_take_bonferronis_level_and_levels_rise():
    design = Design.independent([100] * 4)
    found = simultaneous_levels(design, np.eye(4), LEVELS)
    assert at(found, 0.9999) == pytest.approx(1 - 1e-4 / 4)
    assert (np.diff(found) >= 0).all()
    assert (np.array(found) >= LEVELS - 0.01).all()
    assert (np.array(found) <= 1 - (1 - LEVELS) / 4 + 1e-15).all()


def test_points_without_variance_count_where_they_are_said_to():
    design = Design.independent([100, 100])
    alone = simultaneous_levels(design, np.array([[1.0, -1.0], [0, 0]]), LEVELS)
    beside = simultaneous_levels(design, np.array([[1.0, -1.0], [0, 0]]), LEVELS, flat=1)
    assert at(alone, 0.95) == 0.95
    assert at(beside, 0.95) > 0.97


def test_an_area_with_its_error_by_hand():
    """Two with, two without: placements 1 and 1/2 of those with, 1 and 1/2 of those without; variance 1/16 + 1/16."""
    area = Area(0.75, math.sqrt(0.125), 2, 2, 4)
    low, high = (one[0] for one in area.limits([0.95]))
    scale = math.sqrt(0.125) / (0.75 * 0.25)
    assert math.log(high[0] / (1 - high[0])) == pytest.approx(math.log(3) + 1.959964 * scale, abs=1e-5)
    assert math.log(low[0] / (1 - low[0])) == pytest.approx(math.log(3) - 1.959964 * scale, abs=1e-5)


def test_the_difference_of_areas_is_about_normal_where_they_are_sure():
    first, second = Area(0.7, 0.01, 1000, 1000, 2000), Area(0.66, 0.012, 900, 900, 1800)
    low, high = area_difference(first, second, [0.95])
    error = 1.959964 * math.hypot(0.01, 0.012)
    assert (low[0], high[0]) == pytest.approx((0.04 - error, 0.04 + error), abs=0.0005)


@pytest.mark.parametrize("area", [Area(1.0, 0.0, 5, 5, 10), Area(None, None, 0, 3, 3), Area(0.6, None, 1, 3, 4)])
def test_no_interval_where_nothing_shows_it(area):
    assert not area.known
