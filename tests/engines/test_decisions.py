"""DuckDB and Spark give equal cells, signatures and sums over people: integers exactly, floats to 1e-12, never
empty."""

import numpy as np
import pytest

from answerable.areas.decisions.measures.common.cells import count_cells
from answerable.areas.decisions.measures.disparity import disparity
from answerable.areas.decisions.measures.rates import rates

pytestmark = pytest.mark.spark


def columns(seed, *names, crossing=False):
    """Decisions of 80 people; with `crossing`, people change groups between decisions."""
    random = np.random.default_rng(seed)
    person = random.integers(0, 80, 400)
    everything = {
        "race": [f"r{one}" for one in (random.integers(0, 3, 400) if crossing else person % 3)],
        "sex": [["f", "m", None][one] for one in person % 7 % 3],
        "decided": [[True, False, None][one] for one in random.integers(0, 3, 400)],
        "outcome": [[True, False][one] for one in random.integers(0, 2, 400)],
        "person": [f"p{one}" for one in person],
        "weight": random.uniform(0.5, 3, 400).tolist(),
        "count": random.integers(1, 4, 400).tolist(),
        "score": random.uniform(0, 1, 400).tolist(),
    }
    return {name: everything[name] for name in ("race", "sex", "decided", "outcome", *names)}


CASES = {
    "independent": ([], {}),
    "independent with weights": (["weight"], {}),
    "independent with counts": (["count"], {}),
    "people": (["person"], {}),
    "people in several groups": (["person"], {"crossing": True}),
    "people with weights": (["person", "weight"], {}),
    "people with weights in several groups": (["person", "weight", "count"], {"crossing": True}),
}


@pytest.mark.parametrize("case", CASES)
def test_equal_cells_and_designs(case, make_table, spark):
    names, options = CASES[case]
    data = columns(3, *names, **options)
    made = [
        count_cells(make_table(data, engine), ["race", "sex"], independent="person" not in names)
        for engine in (None, spark)
    ]
    here, there = made
    assert len(here.keys) > 20
    assert here.keys == there.keys
    assert here.counts == there.counts
    assert here.rows == there.rows
    assert here.people == there.people
    assert here.missing == there.missing
    np.testing.assert_allclose(here.totals, there.totals, rtol=1e-12)
    assert type(here.design) is type(there.design)
    marks = np.eye(len(here.keys))
    np.testing.assert_array_equal(here.design.units(marks.astype(bool)), there.design.units(marks.astype(bool)))
    turned = np.roll(marks, 1, axis=0)
    np.testing.assert_allclose(here.design.products(marks, turned), there.design.products(marks, turned), rtol=1e-12)


@pytest.mark.parametrize("case", CASES)
def test_equal_answers(case, make_table, spark):
    names, options = CASES[case]
    data = columns(4, *names, "score", **options)
    for method, words in ((rates, {"bands": [0.3, 0.6]}), (disparity, {"reference": "rest"})):
        words = {**words, "groups": ["race", "sex"], "independent": "person" not in names}
        here, there = (method(make_table(data, engine), **words).estimates for engine in (None, spark))
        assert len(here) == len(there) > 50
        for one, other in zip(here, there, strict=True):
            assert (one.name, one.of, one.against, one.n, one.events) == (
                other.name,
                other.of,
                other.against,
                other.n,
                other.events,
            )
            assert one.value == pytest.approx(other.value, rel=1e-12)
            assert one.low == pytest.approx(other.low, rel=1e-9)
            assert one.high == pytest.approx(other.high, rel=1e-9)
