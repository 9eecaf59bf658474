"""The outcome test: by hand, within strata, and where it must not be trusted."""

import numpy as np
import pytest

from answerable.areas.decisions.measures.outcome_test import outcome_test
from answerable.errors import NotIdentified, ParameterError


def table(cells):
    """{(race, place): (hits, in vain, let go)} as rows."""
    rows = [
        (race, place, decided, outcome)
        for (race, place), counts in cells.items()
        for (decided, outcome), count in zip([(True, True), (True, False), (False, False)], counts, strict=True)
        for _ in range(count)
    ]
    race, place, decided, outcome = map(list, zip(*rows, strict=True))
    return {"race": race, "stratum": place, "decided": decided, "outcome": outcome}


# Within each place both groups have the same hit rate; b is searched mostly where hits are rare.
SIMPSON = {
    ("a", "north"): (40, 40, 120),
    ("a", "south"): (5, 15, 80),
    ("b", "north"): (10, 10, 80),
    ("b", "south"): (30, 90, 80),
}


def pick(answer, name, race=None):
    (found,) = [e for e in answer.estimates if e.name == name and e.of.get("race") == race]
    return found


def test_hit_rates_by_hand(make_table):
    answer = outcome_test(make_table(table(SIMPSON)), groups=["race"], reference={"race": "a"}, independent=True)
    assert (pick(answer, "hit_rate", "a").events, pick(answer, "hit_rate", "a").n) == (45, 100)
    assert (pick(answer, "hit_rate", "b").events, pick(answer, "hit_rate", "b").n) == (40, 140)
    assert pick(answer, "hit_rate").value == pytest.approx(85 / 240)
    assert pick(answer, "selection_rate", "b").value == pytest.approx(140 / 300)
    assert pick(answer, "hit_rate_difference", "b").value == pytest.approx(40 / 140 - 0.45)
    assert pick(answer, "hit_rate_ratio", "b").value == pytest.approx(40 / 140 / 0.45)


def test_places_can_make_the_whole_difference(make_table):
    answer = outcome_test(make_table(table(SIMPSON)), groups=["race"], reference={"race": "a"}, independent=True)
    overall, within = pick(answer, "hit_rate_difference", "b"), pick(answer, "hit_rate_difference_within_strata", "b")
    assert overall.high < 0
    assert within.value == pytest.approx(0.0, abs=1e-12)
    assert within.low < 0 < within.high
    assert pick(answer, "hit_rate_ratio_within_strata", "b").value == pytest.approx(1.0)


def test_it_says_that_infra_marginality_fools_it(make_table):
    """Equal bars, other risks: hit rates differ, and the answer names the pair that they cannot tell apart."""
    random = np.random.default_rng(1)
    rows = {"race": [], "decided": [], "outcome": []}
    for race, shape in (("a", (2, 6)), ("b", (2, 14))):
        chance = random.beta(*shape, 4000)
        rows["race"] += [race] * 4000
        rows["decided"] += (chance > 0.2).tolist()
        rows["outcome"] += (random.random(4000) < chance).tolist()
    answer = outcome_test(make_table(rows), groups=["race"], reference={"race": "a"}, independent=True)
    assert pick(answer, "hit_rate_difference", "b").high < 0, "the naive conclusion"
    assert any("infra-marginality" in limit for limit in answer.limits)
    assert any("cannot tell the bars apart: race b and race a" in limit for limit in answer.limits)


def test_searched_more_and_hit_less_is_named(make_table):
    cells = {("a", "n"): (30, 70, 300), ("b", "n"): (30, 170, 100)}
    answer = outcome_test(make_table(table(cells)), groups=["race"], reference={"race": "a"}, independent=True)
    assert any("hardly explains: race b and race a" in limit for limit in answer.limits)


def test_without_a_unit_of_independence_there_is_no_interval(make_table):
    answer = outcome_test(make_table(table(SIMPSON)), groups=["race"])
    assert all(not e.curve and "independent" in e.reason for e in answer.estimates)


def test_people_with_several_searches_widen_the_interval(make_table):
    data = table(SIMPSON)
    alone = outcome_test(make_table(data), groups=["race"], reference={"race": "b"}, independent=True)
    data["person"] = [f"p{place // 5}" for place in range(len(data["race"]))]
    together = outcome_test(make_table(data), groups=["race"], reference={"race": "b"})
    one, other = (pick(a, "hit_rate_difference_within_strata", "a") for a in (alone, together))
    assert one.value == pytest.approx(other.value)
    assert other.high - other.low > 1.5 * (one.high - one.low)


def test_stops_without_a_place_are_counted_and_left_out(make_table):
    data = table(SIMPSON)
    data["stratum"] = [None if at % 10 == 0 else place for at, place in enumerate(data["stratum"])]
    answer = outcome_test(make_table(data), groups=["race"], independent=True)
    assert "name no stratum" in answer.coverage.missing["stratum"]
    assert not answer.coverage.complete


def test_bad_input(make_table):
    data = table(SIMPSON)
    with pytest.raises(ParameterError, match="needs groups"):
        outcome_test(make_table(data), groups=[])
    with pytest.raises(ParameterError, match="rcae"):
        outcome_test(make_table(data), groups=["rcae"])
    with pytest.raises(ParameterError, match="no group 'c'"):
        outcome_test(make_table(data), groups=["race"], reference={"race": "c"})
    for lacking in ("decided", "outcome"):
        with pytest.raises(NotIdentified, match=f"--{lacking}"):
            outcome_test(make_table({k: v for k, v in data.items() if k != lacking}), groups=["race"])
    with pytest.raises(NotIdentified, match="one group only"):
        outcome_test(make_table({**data, "race": ["a"] * len(data["race"])}), groups=["race"])
