"""Bounds over hidden counts against the enumeration of every way to fill them in."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from answerable.statistics.bounds import Completions, Constraint, Contradiction, Rate


def every(low, high, constraints):
    """All whole numbers that obey the constraints, tried one by one."""
    for filled in product(*(range(a, b + 1) for a, b in zip(low, high, strict=True))):
        sums = [(sum(n * filled[at] for at, n in one.coefficients.items()), one) for one in constraints]
        if all((c.low is None or s >= c.low) and (c.high is None or s <= c.high) for s, c in sums):
            yield dict(enumerate(filled))


def enumerated(ways, one, other=None, kind="difference"):
    """The lowest and highest value over all ways; None where there is no bound above."""
    values = []
    for filled in ways:
        events, rows = one.counts(filled)
        if not rows:
            continue
        if other is None:
            values.append(Fraction(events, rows))
            continue
        its, of = other.counts(filled)
        if not of:
            continue
        first, second = Fraction(events, rows), Fraction(its, of)
        if kind == "difference":
            values.append(first - second)
        else:
            values.append(first / second if second else np.inf)
    return (min(values), max(values)) if values else None


def drawn(seed):
    """A small random problem: up to five hidden counts in ranges, some totals, two rates that may share counts."""
    random = np.random.default_rng(seed)
    number = int(random.integers(1, 6))
    low = random.integers(0, 3, number).tolist()
    high = [start + int(random.integers(0, 6)) for start in low]
    truth = [int(random.integers(a, b + 1)) for a, b in zip(low, high, strict=True)]
    constraints = []
    for _ in range(int(random.integers(0, 3))):
        chosen = random.choice(number, size=int(random.integers(1, number + 1)), replace=False).tolist()
        total = sum(truth[at] for at in chosen)
        wide = int(random.integers(0, 3))
        constraints.append(Constraint(dict.fromkeys(chosen, 1), total - wide, total + wide))

    def rate():
        below = random.choice(number, size=int(random.integers(1, number + 1)), replace=False).tolist()
        above = below[: int(random.integers(0, len(below) + 1))]
        known = int(random.integers(0, 12))
        return Rate((int(random.integers(0, known + 1)), dict.fromkeys(above, 1)), (known, dict.fromkeys(below, 1)))

    return low, high, constraints, rate(), rate()


@pytest.mark.parametrize("seed", range(120))
def test_bounds_are_those_of_every_completion(seed):
    low, high, constraints, one, other = drawn(seed)
    ways = list(every(low, high, constraints))
    completions = Completions(low, high, constraints)
    found, true = completions.rate(one), enumerated(ways, one)
    assert (found is None) == (true is None)
    if found:
        assert (found[0].value, found[1].value) == true
        for extreme in found:
            assert Fraction(*extreme.counts[0]) == extreme.value
            assert any(one.counts(filled) == extreme.counts[0] for filled in ways), "the bound is attained"
    for kind in ("difference", "ratio"):
        found, true = completions.contrast(one, other, kind), enumerated(ways, one, other, kind)
        assert (found is None) == (true is None)
        if found and true[0] != np.inf:
            ends = [np.inf if extreme.value is None else extreme.value for extreme in found]
            assert tuple(ends) == true, kind
            for extreme in found:
                assert any((one.counts(way), other.counts(way)) == extreme.counts for way in ways)
    for at in range(len(low)):
        values = [way[at] for way in ways]
        assert completions.range_of(at) == (min(values), max(values))


def test_a_case_by_hand():
    """Two hidden counts that add up to 5, neither above 4: of 20 + a rows, a events; and 30 + b rows, b events."""
    completions = Completions([0, 0], [4, 4], [Constraint({0: 1, 1: 1}, 5, 5)])
    one, other = Rate((0, {0: 1}), (20, {0: 1})), Rate((0, {1: 1}), (30, {1: 1}))
    assert [end.value for end in completions.rate(one)] == [Fraction(1, 21), Fraction(4, 24)]
    low, high = completions.contrast(one, other, "difference")
    assert (low.value, high.value) == (Fraction(1, 21) - Fraction(4, 34), Fraction(4, 24) - Fraction(1, 31))
    assert completions.contrast(one, other, "ratio")[1].value == Fraction(4, 24) / Fraction(1, 31)
    assert completions.range_of(0) == (1, 4)


def test_without_the_total_the_two_are_apart():
    completions = Completions([0, 0], [4, 4], [])
    one, other = Rate((0, {0: 1}), (20, {0: 1})), Rate((0, {1: 1}), (30, {1: 1}))
    low, high = completions.contrast(one, other, "difference")
    assert (low.value, high.value) == (-Fraction(4, 34), Fraction(4, 24))
    assert completions.contrast(one, other, "ratio")[1].value is None, "the reference's rate may be 0"


def test_what_contradicts_itself_is_said():
    completions = Completions([0, 0, 0], [4, 4, 9], [Constraint({0: 1, 1: 1}, 9, 9)])
    with pytest.raises(Contradiction) as caught:
        completions.check()
    assert caught.value.hidden == {0, 1}


def test_nobody_below_the_line():
    assert Completions([0], [0], []).rate(Rate((0, {0: 1}), (0, {0: 1}))) is None


def test_large_counts_are_exact():
    """Counts of millions: the bound is still the exact fraction."""
    completions = Completions([0, 0], [9, 9], [Constraint({0: 1, 1: 1}, 9, 12)])
    one = Rate((1_234_567, {0: 1}), (7_654_321, {0: 1, 1: 1}))
    low, high = completions.rate(one)
    assert high.value == Fraction(1_234_576, 7_654_330)
    assert low.value == Fraction(1_234_567, 7_654_330)
