"""The methods on decisions, against cases worked by hand and against what must never happen."""

import math

import numpy as np
import pytest

from answerable.areas.decisions.measures.common.metrics import METRICS
from answerable.areas.decisions.measures.disparity import disparity
from answerable.areas.decisions.measures.rates import rates
from answerable.errors import NotIdentified, ParameterError

# 20 decisions: in group a TP 3, FP 2, FN 1, TN 4; in group b TP 1, FP 1, FN 3, TN 5.
CELLS = {"a": {(1, 1): 3, (1, 0): 2, (0, 1): 1, (0, 0): 4}, "b": {(1, 1): 1, (1, 0): 1, (0, 1): 3, (0, 0): 5}}


def worked(times=1):
    rows = [
        (group, bool(decided), bool(outcome))
        for group, cells in CELLS.items()
        for (decided, outcome), count in cells.items()
        for _ in range(count * times)
    ]
    group, decided, outcome = zip(*rows, strict=True)
    return {"kind": list(group), "decided": list(decided), "outcome": list(outcome)}


def pick(answer, name, of, against=None):
    found = [
        e
        for e in answer.estimates
        if e.name == name and dict(e.of) == of and (against is None or dict(e.against) == against)
    ]
    assert len(found) == 1, [(e.name, dict(e.of)) for e in answer.estimates]
    return found[0]


BY_HAND = {  # (above, below) of group a, of group b
    "selection_rate": ((5, 10), (2, 10)),
    "base_rate": ((4, 10), (4, 10)),
    "true_positive_rate": ((3, 4), (1, 4)),
    "false_positive_rate": ((2, 6), (1, 6)),
    "true_negative_rate": ((4, 6), (5, 6)),
    "false_negative_rate": ((1, 4), (3, 4)),
    "positive_predictive_value": ((3, 5), (1, 2)),
    "false_discovery_rate": ((2, 5), (1, 2)),
    "negative_predictive_value": ((4, 5), (5, 8)),
    "false_omission_rate": ((1, 5), (3, 8)),
    "accuracy": ((7, 10), (6, 10)),
}


def test_every_metric_has_a_case_worked_by_hand():
    assert set(BY_HAND) == set(METRICS)


@pytest.mark.parametrize("name", BY_HAND)
def test_rates_by_hand(make_table, name):
    answer = rates(make_table(worked()), groups=["kind"], metrics=[name], independent=True)
    for group, (above, below) in zip("ab", BY_HAND[name], strict=True):
        one = pick(answer, name, {"kind": group})
        assert (one.events, one.n) == (above, below)
        assert one.value == pytest.approx(above / below)
        assert one.low < one.value < one.high
    (above_a, below_a), (above_b, below_b) = BY_HAND[name]
    everybody = pick(answer, name, {})
    assert (everybody.events, everybody.n) == (above_a + above_b, below_a + below_b)


@pytest.mark.parametrize("name", BY_HAND)
def test_disparity_by_hand(make_table, name):
    answer = disparity(make_table(worked()), groups=["kind"], metrics=[name], independent=True, reference={"kind": "b"})
    (above_a, below_a), (above_b, below_b) = BY_HAND[name]
    one = pick(answer, f"{name}_difference", {"kind": "a"}, {"kind": "b"})
    assert one.value == pytest.approx(above_a / below_a - above_b / below_b)
    assert one.counts == (below_b, above_b)
    ratio = pick(answer, f"{name}_ratio", {"kind": "a"}, {"kind": "b"})
    assert ratio.value == pytest.approx(above_a / below_a / (above_b / below_b))
    assert ratio.null == 1
    assert one.null == 0


def test_no_interval_without_a_unit_of_independence(make_table):
    """Row intervals cover 70 % instead of 95 % where people repeat, so nobody gets one without saying who is
    independent."""
    for answer in (rates(make_table(worked()), groups=["kind"]), disparity(make_table(worked()), groups=["kind"])):
        assert all(one.low is None and one.high is None and "--person" in one.reason for one in answer.estimates)
        assert any(one.value is not None for one in answer.estimates)


def test_person_and_independent_contradict_each_other(make_table):
    with pytest.raises(ParameterError, match="independent"):
        rates(make_table({**worked(), "person": list(map(str, range(20)))}), independent=True)


def test_people_with_one_decision_each_are_independent_rows(make_table):
    columns = worked(40)
    people = {**columns, "person": [str(place) for place in range(800)]}
    alone = rates(make_table(columns), groups=["kind"], independent=True, interval="wilson")
    clustered = rates(make_table(people), groups=["kind"], interval="wilson")
    for one, other in zip(alone.estimates, clustered.estimates, strict=True):
        assert one.value == other.value
        assert one.n == other.n
        assert one.units == other.units
        assert one.low == pytest.approx(other.low, abs=0.002)
        assert one.high == pytest.approx(other.high, abs=0.002)


def test_repeated_people_widen_the_interval(make_table):
    """Every person ten times over: the rate is the same, and known no better than from the people."""
    columns = {name: [value for value in values for _ in range(10)] for name, values in worked(30).items()}
    people = {**columns, "person": [str(place) for place in range(600) for _ in range(10)]}
    rows = pick(rates(make_table(columns), independent=True), "selection_rate", {})
    clustered = pick(rates(make_table(people)), "selection_rate", {})
    single = pick(rates(make_table(worked(30)), independent=True), "selection_rate", {})
    assert clustered.value == rows.value == single.value
    assert clustered.units == 600
    assert clustered.n == 6000
    assert (clustered.high - clustered.low) == pytest.approx(single.high - single.low, rel=0.05)
    assert (clustered.high - clustered.low) > 2.8 * (rows.high - rows.low)


def test_a_person_in_two_groups_is_one_person(make_table):
    """Every person has one decision in each group, with the same result: the difference is 0 and certain to be."""
    random = np.random.default_rng(1)
    decided = random.random(500) < 0.3
    columns = {
        "kind": ["a"] * 500 + ["b"] * 500,
        "decided": [*decided.tolist(), *decided.tolist()],
        "person": [str(place) for place in range(500)] * 2,
    }
    one = pick(
        disparity(make_table(columns), groups=["kind"], metrics=["selection"]),
        "selection_rate_difference",
        {"kind": "b"},
    )
    apart = {**columns, "person": [str(place) for place in range(1000)]}
    other = pick(
        disparity(make_table(apart), groups=["kind"], metrics=["selection"]), "selection_rate_difference", {"kind": "b"}
    )
    assert one.value == other.value == 0
    assert one.high - one.low < 0.1 * (other.high - other.low)


def test_missing_groups_are_a_stated_group(make_table):
    columns = worked(10)
    columns["kind"] = [None if place % 4 == 0 else kind for place, kind in enumerate(columns["kind"])]
    answer = rates(make_table(columns), groups=["kind"], independent=True)
    assert pick(answer, "selection_rate", {"kind": "(missing)"}).n == 50
    compared = disparity(make_table(columns), groups=["kind"], independent=True)
    assert {dict(one.against)["kind"] for one in compared.estimates} <= {"a", "b"}


def test_missing_decisions_and_outcomes_are_counted(make_table):
    columns = worked(10)
    columns["outcome"] = [None if place < 30 else value for place, value in enumerate(columns["outcome"])]
    answer = rates(make_table(columns), groups=["kind"], independent=True)
    assert "30" in answer.coverage.missing["outcome"]
    assert not answer.coverage.complete
    assert pick(answer, "selection_rate", {}).n == 200
    assert pick(answer, "accuracy", {}).n == 170


def test_groups_that_cannot_be_estimated_stay(make_table):
    """A group without negatives has no false positive rate; it stays in the answer and says why."""
    columns = {
        name: [*values, value] for (name, values), value in zip(worked(10).items(), ["c", True, True], strict=True)
    }
    one = pick(rates(make_table(columns), groups=["kind"], independent=True), "false_positive_rate", {"kind": "c"})
    assert one.value is None
    assert one.n == 0
    assert "nobody" in one.reason
    compared = disparity(make_table(columns), groups=["kind"], independent=True, reference={"kind": "a"})
    assert pick(compared, "false_positive_rate_ratio", {"kind": "c"}).value is None


def test_zero_events_never_give_an_empty_interval(make_table):
    """A bootstrap of no events stays [0, 0]; the interval must not."""
    columns = {"kind": ["a"] * 50 + ["b"] * 50, "decided": [False] * 50 + [True] * 20 + [False] * 30}
    for interval in ("auto", "wilson", "exact"):
        answer = rates(make_table(columns), groups=["kind"], independent=True, interval=interval)
        none = pick(answer, "selection_rate", {"kind": "a"})
        assert none.value == 0
        assert none.low == 0
        assert 0.03 < none.high < 0.1
    compared = disparity(make_table(columns), groups=["kind"], independent=True, reference={"kind": "a"})
    ratio = pick(compared, "selection_rate_ratio", {"kind": "b"})
    assert ratio.value is None
    assert "rate of the reference is 0" in ratio.reason
    assert pick(compared, "selection_rate_difference", {"kind": "b"}).low > 0.2


@pytest.mark.parametrize(("decided", "value"), [(False, 0.0), (True, 1.0)])
def test_nobody_and_everybody_decided(make_table, decided, value):
    columns = {"kind": ["a", "b"] * 30, "decided": [decided] * 60}
    answer = rates(make_table(columns), groups=["kind"], independent=True)
    for one in answer.estimates:
        assert one.value == value
        assert one.high > one.low
    compared = disparity(make_table(columns), groups=["kind"], independent=True, comparisons=["difference"])
    assert all(one.value == 0 and one.low < 0 < one.high for one in compared.estimates)


def test_all_outcomes_missing(make_table):
    import pyarrow as pa

    columns = {
        "kind": pa.array(["a", "b"] * 30),
        "decided": pa.array([True, False] * 30),
        "outcome": pa.nulls(60, pa.bool_()),
    }
    answer = rates(make_table(columns), groups=["kind"], independent=True)
    assert pick(answer, "false_positive_rate", {}).value is None
    assert "60" in answer.coverage.missing["outcome"]


def test_one_group_only_is_not_identified(make_table):
    columns = {**worked(), "kind": ["a"] * 20}
    with pytest.raises(NotIdentified, match="one group only"):
        disparity(make_table(columns), groups=["kind"], independent=True)


def test_ten_thousand_groups_are_refused(make_table):
    columns = {"kind": [f"k{place}" for place in range(10_000)], "decided": [True, False] * 5_000}
    with pytest.raises(NotIdentified, match="10,000 different values"):
        rates(make_table(columns), groups=["kind"], independent=True)


@pytest.mark.parametrize("size", [0, 1])
def test_groups_of_nobody_and_of_one(make_table, size):
    columns = {"kind": ["a", "b"] * 100 + ["c"] * size, "decided": [True, False, False, True] * 50 + [True] * size}
    answer = disparity(make_table(columns), groups=["kind"], independent=True)
    assert sum(dict(one.of) == {"kind": "c"} for one in answer.estimates) == 2 * size


def test_direction_follows_from_whether_the_decision_is_good(make_table):
    table = make_table(worked(10))
    bad = rates(table, groups=["kind"], independent=True, favourable=False)
    assert pick(bad, "selection_rate", {}).direction == "bad"
    assert pick(bad, "false_negative_rate", {}).direction == "good"
    assert pick(bad, "accuracy", {}).direction == "not stated"
    assert pick(rates(table, independent=True), "selection_rate", {}).direction == "not stated"


def test_the_best_off_group_depends_on_the_direction(make_table):
    table = make_table(worked(10))
    options = {"groups": ["kind"], "independent": True, "reference": "best-off", "metrics": ["selection"]}
    assert {dict(one.against)["kind"] for one in disparity(table, **options, favourable=True).estimates} == {"a"}
    assert {dict(one.against)["kind"] for one in disparity(table, **options, favourable=False).estimates} == {"b"}
    with pytest.raises(NotIdentified, match="--favourable"):
        disparity(table, **options)


def test_reference_overall_and_rest(make_table):
    table = make_table(worked(10))
    options = {"groups": ["kind"], "independent": True, "metrics": ["selection"]}
    overall = pick(disparity(table, reference="overall", **options), "selection_rate_difference", {"kind": "a"})
    assert overall.against == {}
    assert overall.value == pytest.approx(0.5 - 0.35)
    rest = pick(disparity(table, reference="rest", **options), "selection_rate_difference", {"kind": "a"})
    assert rest.value == pytest.approx(0.3)
    assert (rest.high - rest.low) == pytest.approx(2 * (overall.high - overall.low), rel=0.05), (
        "half of the overall is a itself"
    )


def test_intersections_and_their_reference(make_table):
    columns = {**worked(10), "sex": ["f", "m"] * 100}
    answer = disparity(
        make_table(columns), groups=["kind", "sex"], independent=True, reference={"kind": "b"}, metrics=["selection"]
    )
    pairs = {(tuple(one.of.values()), tuple(one.against.values())) for one in answer.estimates}
    assert (("a",), ("b",)) in pairs
    assert (("a", "f"), ("b", "f")) in pairs
    only = disparity(make_table(columns), groups=["kind", "sex"], independent=True, intersections=False)
    assert all(len(one.of) == 1 for one in only.estimates)
    with pytest.raises(ParameterError, match="Nearest: kind"):
        disparity(make_table(columns), groups=["kind"], independent=True, reference={"knd": "b"})
    with pytest.raises(ParameterError, match="no group"):
        disparity(make_table(columns), groups=["kind"], independent=True, reference={"kind": "zz"})


def test_weights_count_and_integer_weights_equal_copies_in_value(make_table):
    columns = {**worked(), "weight": [2.0] * 10 + [3.0] * 10}
    weighted = pick(rates(make_table(columns), independent=True), "selection_rate", {})
    assert weighted.value == pytest.approx((5 * 2 + 2 * 3) / 50)
    assert weighted.n == 20
    counted = {**worked(), "count": [2] * 10 + [3] * 10}
    copies = pick(rates(make_table(counted), independent=True), "selection_rate", {})
    assert copies.value == pytest.approx(weighted.value)
    assert copies.n == 50
    assert copies.high - copies.low < weighted.high - weighted.low


def test_weighted_people(make_table):
    random = np.random.default_rng(5)
    person = np.repeat(np.arange(300), 4)
    columns = {
        "kind": np.where(person % 2 == 0, "a", "b").tolist(),
        "decided": (random.random(1200) < np.repeat(random.beta(1, 2, 300), 4)).tolist(),
        "person": [str(one) for one in person],
        "weight": np.repeat(random.uniform(0.5, 2, 300), 4).tolist(),
    }
    table = make_table(columns)
    one = pick(rates(table, groups=["kind"]), "selection_rate", {"kind": "a"})
    chosen = np.array(columns["kind"]) == "a"
    weight, decided = np.array(columns["weight"])[chosen], np.array(columns["decided"])[chosen]
    assert one.value == pytest.approx((weight * decided).sum() / weight.sum())
    # The linearised standard error over people, by hand.
    residual = np.bincount(person[chosen], weight * (decided - one.value), minlength=300)[::2]
    error = math.sqrt((residual**2).sum() * 150 / 149) / weight.sum()
    assert (one.high - one.low) / (2 * 1.976) == pytest.approx(error, rel=0.03)


def test_calibration_within_bands(make_table):
    columns = {
        "score": [0.1, 0.1, 0.4, 0.4, 0.4, 0.9, None],
        "outcome": [False, True, True, True, False, True, True],
        "decided": [True] * 7,
    }
    answer = rates(make_table(columns), bands=[0.25, 0.5], independent=True)
    assert pick(answer, "calibration", {"score": "below 0.25"}).value == 0.5
    assert pick(answer, "calibration", {"score": "0.25 to below 0.5"}).value == pytest.approx(2 / 3)
    assert pick(answer, "calibration", {"score": "0.5 or more"}).n == 1
    assert pick(answer, "base_rate", {}).n == 7
    with pytest.raises(NotIdentified, match="score"):
        rates(make_table(worked()), bands=[0.5], independent=True)
    with pytest.raises(ParameterError, match="rising"):
        rates(make_table(columns), bands=[0.5, 0.25], independent=True)


def test_unknown_metric_offers_the_nearest(make_table):
    with pytest.raises(ParameterError, match="false_positive_rate"):
        rates(make_table(worked()), metrics=["false_positve_rate"], independent=True)


def test_a_metric_without_its_column_says_what_is_missing(make_table):
    with pytest.raises(NotIdentified, match="outcome"):
        rates(make_table({"decided": [True, False]}), metrics=["fpr"], independent=True)


def test_people_named_by_numbers_or_by_text_are_the_same_people(make_table):
    random = np.random.default_rng(3)
    person = random.integers(0, 90, 400)
    columns = {"kind": [f"k{one % 2}" for one in person], "decided": (random.random(400) < 0.4).tolist()}
    numbers = rates(make_table({**columns, "person": person.tolist()}), groups=["kind"])
    texts = rates(make_table({**columns, "person": [f"{one:03}" for one in person]}), groups=["kind"])
    assert numbers.as_json() == texts.as_json()
