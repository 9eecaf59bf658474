"""The parts of a gap: by hand, against statsmodels, and always adding up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.statistics.decomposition import decomposition
from answerable.statistics.stratified import differentiated, figures

KINDS = ("average", "reference", "group", "pooled", "threefold")
# Group: 40 of 80 and 6 of 20. Reference: 9 of 30 and 7 of 70. Shares 0.8, 0.2 against 0.3, 0.7; rates 0.5, 0.3
# against 0.3, 0.1; the gap is 0.46 - 0.16 = 0.30.
EVENTS, SIZES = [[40, 6], [9, 7]], [[80, 20], [30, 70]]
BY_HAND = {  # composition, within, interaction
    "average": (0.5 * 0.4 - 0.5 * 0.2, 0.55 * 0.2 + 0.45 * 0.2, 0),
    "reference": (0.5 * 0.3 - 0.5 * 0.1, 0.8 * 0.2 + 0.2 * 0.2, 0),
    "group": (0.5 * 0.5 - 0.5 * 0.3, 0.3 * 0.2 + 0.7 * 0.2, 0),
    "pooled": (0.5 * (49 / 110) - 0.5 * (13 / 90), 0.30 - 0.5 * (49 / 110) + 0.5 * (13 / 90), 0),
    "threefold": (0.5 * 0.3 - 0.5 * 0.1, 0.3 * 0.2 + 0.7 * 0.2, 0.5 * 0.2 - 0.5 * 0.2),
}


@pytest.mark.parametrize("kind", KINDS)
def test_by_hand(by_strata, kind):
    """Kitagawa's own is the average."""
    value = figures(by_strata(EVENTS, SIZES), decomposition(kind)).value
    assert value[0] == pytest.approx(0.30)
    assert value[1:4] == pytest.approx(BY_HAND[kind], abs=1e-12)
    assert value[4] == pytest.approx(0, abs=1e-12)


def rows_of(events, sizes):
    group, stratum, event = [], [], []
    for g in range(2):
        for k in range(len(sizes[0])):
            for y, count in ((1, events[g][k]), (0, sizes[g][k] - events[g][k])):
                group += [1 - g] * count
                stratum += [k] * count
                event += [y] * count
    return np.array(group), np.array(stratum), np.array(event)


@pytest.mark.filterwarnings("ignore")
def test_equal_to_statsmodels(by_strata):
    """A linear regression on marks of strata is saturated, so its Oaxaca-Blinder parts are ours."""
    import pandas as pd
    from statsmodels.stats.oaxaca import OaxacaBlinder

    events, sizes = [[40, 6, 11], [9, 7, 20]], [[80, 20, 30], [30, 70, 25]]
    group, stratum, event = rows_of(events, sizes)
    table = pd.DataFrame({"group": group, "one": (stratum == 1) * 1.0, "two": (stratum == 2) * 1.0, "intercept": 1.0})
    model = OaxacaBlinder(event.astype(float), table, "group", hasconst=True, swap=True)
    strata = by_strata(events, sizes)
    composition, within, interaction, gap = model.three_fold().params
    assert (gap, composition, within, interaction) == pytest.approx(
        figures(strata, decomposition("threefold")).value[:4], abs=1e-9
    )
    for theirs, ours in (("reimers", "average"), ("nuemark", "pooled")):  # the peer's spelling of Neumark
        within, composition, _ = model.two_fold(two_fold_type=theirs).params
        assert (composition, within) == pytest.approx(figures(strata, decomposition(ours)).value[1:3], abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 9), st.sampled_from(KINDS))
def test_the_parts_add_up(seed, strata, kind):
    """Also where one group is absent from some strata."""
    random = np.random.default_rng(seed)
    sizes = random.integers(0, 20, size=(2, strata)).astype(float)
    sizes[:, 0] += 1
    events = np.floor(random.random((2, strata)) * (sizes + 1)).clip(0, sizes)
    both = (sizes > 0).all(axis=0)
    three = [np.vstack([one, one.sum(axis=0)]) for one in (events, sizes)]
    value = differentiated(decomposition(kind), three[0], three[1], both)[0]
    assert value[1:].sum() == pytest.approx(value[0], abs=1e-12)
    assert value[0] == pytest.approx(events[0].sum() / sizes[0].sum() - events[1].sum() / sizes[1].sum(), abs=1e-12)
    if kind != "threefold":
        assert value[3] == pytest.approx(0, abs=1e-12)


def test_without_counterpart_by_hand(by_strata):
    """30 cases of the group, all with the event, stand where the reference has none."""
    value = figures(by_strata([[40, 6, 30], [9, 7, 0]], [[80, 20, 30], [30, 70, 0]]), decomposition("average")).value
    gap = 76 / 130 - 16 / 100
    assert value[0] == pytest.approx(gap)
    assert value[1:3] == pytest.approx(BY_HAND["average"][:2])
    assert value[4] == pytest.approx(gap - 0.30)
