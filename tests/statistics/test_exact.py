"""Fisher's exact test."""

import numpy as np
import pytest

from answerable.statistics.exact import fisher


def test_the_lady_tasting_tea():
    """Fisher 1935: 3 of 4 and 1 of 4 right: one-sided 17 of 70, two-sided 34 of 70."""
    assert fisher(3, 1, 1, 3) == pytest.approx([34 / 70])
    assert fisher([4, 3], [0, 1], [0, 1], [4, 3]) == pytest.approx([2 / 70, 34 / 70])


def test_the_margins_may_be_shared():
    assert fisher(np.array([1, 5, 9]), 5, 4, 6).shape == (3,)


def test_counts_are_not_negative():
    with pytest.raises(ValueError, match="below 0"):
        fisher(1, -1, 2, 2)
