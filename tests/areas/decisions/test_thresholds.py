"""Thresholds: cases worked by hand, traps, words that do not fit, and how often bands hold the whole true curve."""

import math

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from answerable.areas.decisions.measures.common.cells import Cells
from answerable.areas.decisions.measures.common.estimands import metric_of
from answerable.areas.decisions.measures.common.estimates import Settings
from answerable.areas.decisions.measures.common.score_curves import Scored, gap_findings, group_series
from answerable.areas.decisions.measures.common.score_levels import LEVEL, Ladder, areas, ladder_of
from answerable.areas.decisions.measures.thresholds import thresholds
from answerable.core.judge import Answered, Question, judge
from answerable.errors import NotIdentified, ParameterError
from answerable.statistics.design import Design

# Scores 1 to 3; with and without the outcome.
COUNTS = {"a": {1: (2, 8), 2: (5, 5), 3: (8, 2)}, "b": {1: (4, 26), 2: (6, 14), 3: (10, 5)}}


def table(times=1):
    rows = [
        (group, float(score), outcome)
        for group, scores in COUNTS.items()
        for score, counts in scores.items()
        for outcome, count in zip((True, False), counts, strict=True)
        for _ in range(count * times)
    ]
    return dict(zip(("kind", "score", "outcome"), map(list, zip(*rows, strict=True)), strict=True))


WORDS = {"groups": ["kind"], "independent": True, "reference": {"kind": "b"}}


def pick(answer, name, **of):
    found = [one for one in answer.estimates if one.name == name and dict(one.of) == {"kind": "a", **of}]
    assert len(found) == 1, [(one.name, dict(one.of)) for one in answer.estimates]
    return found[0]


def series(answer, name, kind="a"):
    (one,) = (one for one in answer.series if one.name == name and one.of == {"kind": kind})
    return one


def values(answer, name, kind="a"):
    return {point.x: point.value for point in series(answer, name, kind).points}


def test_curves_by_hand(make_table):
    answer = thresholds(make_table(table()), **WORDS)
    assert values(answer, "selection_rate_by_cutoff") == pytest.approx({2: 20 / 30, 3: 10 / 30})
    assert values(answer, "false_positive_rate_by_cutoff") == pytest.approx({2: 7 / 15, 3: 2 / 15})
    assert values(answer, "false_negative_rate_by_cutoff") == pytest.approx({2: 2 / 15, 3: 7 / 15})
    assert values(answer, "positive_predictive_value_by_cutoff") == pytest.approx({2: 13 / 20, 3: 8 / 10})
    assert values(answer, "score_distribution_by_cutoff") == pytest.approx({2: 10 / 30, 3: 20 / 30})
    assert values(answer, "calibration_by_score") == pytest.approx({1: 0.2, 2: 0.5, 3: 0.8})
    calibration = pick(answer, "calibration_difference", score="2")
    assert calibration.value == pytest.approx(0.5 - 0.3)
    widest = pick(answer, "widest_false_positive_rate_difference")
    assert widest.value == pytest.approx(7 / 15 - 19 / 45)
    assert "at the cut-off 2, where the two differ most" in widest.label


def test_low_scores_turn_everything_around(make_table):
    high = thresholds(make_table(table()), **WORDS)
    turned = {**table(), "score": [-score for score in table()["score"]]}
    low = thresholds(make_table(turned), **WORDS, direction="low")
    for name in ("selection_rate_by_cutoff", "false_positive_rate_by_cutoff", "positive_predictive_value_by_cutoff"):
        assert values(low, name) == pytest.approx({-x: value for x, value in values(high, name).items()})
    assert pick(low, "area_under_curve").value == pytest.approx(pick(high, "area_under_curve").value)
    assert values(low, "calibration_by_score") == pytest.approx({-3: 0.8, -2: 0.5, -1: 0.2})


def test_cutoffs_bands_and_the_one_in_use(make_table):
    answer = thresholds(make_table(table(4)), **WORDS, cutoffs=[1.5, 2.5], bands=[2.5], in_use=2.2)
    assert list(values(answer, "selection_rate_by_cutoff")) == [1.5, 2.2, 2.5]
    assert values(answer, "selection_rate_by_cutoff")[2.2] == pytest.approx(1 / 3)
    assert pick(answer, "selection_rate_difference").value == pytest.approx(1 / 3 - 15 / 65)
    assert {dict(one.of)["score"] for one in answer.estimates if one.name == "calibration_difference"} == {
        "below 2.5",
        "2.5 or more",
    }
    assert values(answer, "calibration_by_score") == pytest.approx({1.0: 7 / 20, 2.5: 0.8})


def test_a_band_of_several_scores_is_not_called_by_one(make_table):
    columns = table()
    columns["score"] = [score + 3 * (place % 2) for place, score in enumerate(columns["score"])]
    found = ladder_of(make_table(columns), None, [2.0, 3.0, 4.0, 6.0], None, 50, "high")
    assert [found.band_name(band) for band in range(5)] == [
        "below 2", "2 or more and below 3", "3 or more and below 4", "4 or more and below 6", "6 or more",
    ]  # fmt: skip
    assert [found.band(level) for level in range(6)] == [0, 1, 2, 3, 3, 4]


def test_areas_are_those_of_the_rank_sum_however_fine_the_score(make_table):
    random = np.random.default_rng(2)
    outcome = random.random(3_000) < 0.4
    columns = {
        "kind": np.where(random.random(3_000) < 0.3, "a", "b").tolist(),
        "score": (random.normal(size=3_000) + 0.7 * outcome).tolist(),
        "outcome": outcome.tolist(),
    }
    answer = thresholds(make_table(columns), **WORDS, steps=10)
    assert len(series(answer, "selection_rate_by_cutoff").points) == 9
    chosen = np.array(columns["kind"]) == "a"
    score = np.array(columns["score"])
    yes, no = score[chosen & outcome], score[chosen & ~outcome]
    area = pick(answer, "area_under_curve")
    assert area.value == pytest.approx(mannwhitneyu(yes, no).statistic / len(yes) / len(no), abs=1e-12)
    placed = [(np.array([(one > no).mean() for one in yes])), np.array([(yes > one).mean() for one in no])]
    error = math.sqrt(sum(one.var(ddof=1) / len(one) for one in placed))
    assert (area.high - area.low) / (2 * 1.959964) == pytest.approx(error, rel=0.01)


def test_cutoffs_of_fine_scores_are_exact_quantiles(make_table):
    score = [float(place) for place in range(1_000)]
    found = ladder_of(make_table({"score": score}), None, None, None, 10, "high")
    assert found.cutoffs == tuple(float(place) for place in range(100, 1_000, 100))


def test_people_with_several_rows_widen_the_area(make_table):
    columns = table(4)
    size, words = len(columns["kind"]), {name: value for name, value in WORDS.items() if name != "independent"}
    single = thresholds(make_table({**columns, "person": [str(place) for place in range(size)]}), **words)
    shared = thresholds(make_table({**columns, "person": [str(place // 4) for place in range(size)]}), **words)
    free = thresholds(make_table(columns), **WORDS)
    one, four, none = (pick(answer, "area_under_curve") for answer in (single, shared, free))
    assert one.value == four.value == none.value
    assert one.high - one.low == pytest.approx(none.high - none.low, rel=0.02)
    assert four.high - four.low == pytest.approx(2 * (one.high - one.low), rel=0.05)


def test_counts_and_weights_stand_for_rows(make_table):
    copies = thresholds(make_table(table(3)), **WORDS)
    size = len(table()["kind"])
    counted = thresholds(make_table({**table(), "count": [3] * size}), **WORDS)
    weighted = thresholds(make_table({**table(), "weight": [3.0] * size}), **WORDS)
    once = thresholds(make_table(table()), **WORDS)
    for name in ("area_under_curve", "area_under_curve_difference"):
        mine, its = pick(copies, name), pick(counted, name)
        assert (mine.value, mine.low, mine.high) == pytest.approx((its.value, its.low, its.high))
        mine, its = pick(once, name), pick(weighted, name)
        assert (mine.value, mine.low, mine.high) == pytest.approx((its.value, its.low, its.high))


def test_without_an_outcome_only_selection_is_told(make_table):
    columns = table()
    del columns["outcome"]
    answer = thresholds(make_table(columns), **WORDS)
    assert {one.name for one in answer.estimates} == {"widest_selection_rate_difference"}
    assert not any("calibration" in one.name for one in answer.series)
    with pytest.raises(NotIdentified, match="outcome"):
        thresholds(make_table(columns), **WORDS, metrics=["FPR"])


def test_missing_scores_are_counted_and_left_out(make_table):
    columns = table()
    columns["score"] = [None if place < 4 else score for place, score in enumerate(columns["score"])]
    answer = thresholds(make_table(columns), **WORDS)
    assert "4 rows have no score" in answer.coverage.missing["score"]
    assert answer.coverage.looked_at["rows"] == len(columns["score"]) - 4


def test_scores_that_do_not_overlap_have_no_interval(make_table):
    columns = {"kind": ["a", "b"] * 40, "score": [1.0] * 40 + [2.0] * 40, "outcome": [False] * 40 + [True] * 40}
    area = pick(thresholds(make_table(columns), **WORDS), "area_under_curve")
    assert area.value == 1
    assert "do not overlap" in area.reason


def test_without_the_unit_of_independence_there_is_no_interval(make_table):
    answer = thresholds(make_table(table()), **WORDS | {"independent": False})
    assert all(not one.curve and "--independent" in one.reason for one in answer.estimates)
    assert not any(one.name.endswith("_band") for one in answer.series)


def test_a_band_is_wider_than_the_intervals_of_its_points(make_table):
    answer = thresholds(make_table(table(5)), **WORDS)
    alone = series(answer, "selection_rate_by_cutoff").points
    together = series(answer, "selection_rate_by_cutoff_band").points
    assert all(wide.low < one.low and wide.high > one.high for one, wide in zip(alone, together, strict=True))
    assert "sup-t" in series(answer, "selection_rate_by_cutoff_band").interval


@pytest.mark.parametrize("reference", ["overall", "rest", "largest"])
def test_every_reference(make_table, reference):
    answer = thresholds(make_table(table()), **WORDS | {"reference": reference})
    assert pick(answer, "widest_selection_rate_difference").value is not None
    assert any(one.name == "area_under_curve_difference" for one in answer.estimates) == (reference == "largest")


@pytest.mark.parametrize(
    ("words", "error", "text"),
    [
        ({"cutoffs": [3, 2]}, ParameterError, "rising"),
        ({"cutoffs": []}, ParameterError, "rising"),
        ({"bands": [2, 2]}, ParameterError, "rising"),
        ({"cutoffs": [1, 2, 3], "steps": 2}, ParameterError, "--steps"),
        ({"steps": 1}, ParameterError, "2 to 200"),
        ({"metrics": ["base_rate"]}, ParameterError, "does not depend on the cut-off"),
        ({"metrics": ["FPRR"]}, ParameterError, "Nearest"),
        ({"groups": []}, ParameterError, "needs groups"),
        ({"reference": {"knd": "b"}}, ParameterError, "Nearest: kind"),
        ({"level": 1.0}, ParameterError, "level"),
    ],
)
def test_words_that_do_not_fit(make_table, words, error, text):
    with pytest.raises(error, match=text):
        thresholds(make_table(table()), **WORDS | words)


def test_no_score_and_one_score(make_table):
    columns = table()
    with pytest.raises(NotIdentified, match="--score"):
        thresholds(make_table({name: columns[name] for name in ("kind", "outcome")}), **WORDS)
    with pytest.raises(NotIdentified, match="fewer than two values"):
        thresholds(make_table({**columns, "score": [1.0] * len(columns["kind"])}), **WORDS)


def test_every_finding_reads_as_a_sentence(make_table):
    answer = thresholds(make_table(table(6)), **WORDS, in_use=2.0)
    for finding in judge([Answered(Question(method="decisions.thresholds"), answer)]):
        assert finding.statement.endswith(".")
        assert ",," not in finding.statement


SHARES = {  # of each score from 0 to 9, with the outcome and without: falling and rising
    True: np.arange(3, 13) / np.arange(3, 13).sum(),
    False: np.arange(14, 4, -1) / np.arange(14, 4, -1).sum(),
}
BASE = {"a": 0.4, "b": 0.3}
LADDER = Ladder(
    tuple(map(float, range(1, 10))), tuple(map(float, range(1, 10))), tuple(map(float, range(1, 10))),
    tuple(map(float, range(10))), 0.0, "high", 0,
)  # fmt: skip


def simulated(random, sizes):
    keys, counts = [], []
    for group, size in sizes.items():
        chances = np.array([BASE[group] * SHARES[True], (1 - BASE[group]) * SHARES[False]])
        drawn = random.multinomial(size, chances.ravel()).reshape(2, 10)
        for row, outcome in enumerate((True, False)):
            for level in range(10):
                keys.append(((group, str(level)), (None, outcome)))
                counts.append(int(drawn[row, level]))
    total = tuple(map(float, counts))
    design = Design.independent(counts)
    cells = Cells(("kind", LEVEL), tuple(keys), tuple(counts), total, design, sum(counts), sum(counts), {})
    return Scored(cells, LADDER, Settings(None, 0.95, "wilson", 1_000))


def truth(name, group):
    above = {state: np.cumsum(share[::-1])[::-1][1:] for state, share in SHARES.items()}
    base = BASE[group]
    chosen = base * above[True] + (1 - base) * above[False]
    if name.startswith("calibration"):
        with_outcome = base * SHARES[True]
        return with_outcome / (with_outcome + (1 - base) * SHARES[False])
    return {
        "selection_rate": chosen,
        "false_positive_rate": above[False],
        "false_negative_rate": 1 - above[True],
        "positive_predictive_value": base * above[True] / chosen,
        "score_distribution": 1 - chosen,
    }[name.split("_by_")[0]]


def covered(number, sizes, seed):
    """By curve: share of points whose own interval holds the truth, and share of bands that hold all of it."""
    random = np.random.default_rng(seed)
    metrics = [metric_of(name) for name in ("selection_rate", "FPR", "FNR", "PPV")]
    held = {}
    for _ in range(number):
        scored = simulated(random, sizes)
        drawn = [(one, truth(one.name, one.of["kind"])) for one in group_series(scored, metrics, "kind")]
        (compared,) = scored.compared("kind", {"kind": "b"})
        widest, gaps = gap_findings(scored, metrics, compared, None)
        for one in gaps:
            name = one.name.replace("_difference_by", "_by")
            drawn.append((one, truth(name, "a") - truth(name, "b")))
        for one, true in drawn:
            inside = [p.low <= t <= p.high for p, t in zip(one.points, true, strict=True)]
            together = one.name.endswith("_band")
            held.setdefault((one.name, "" if one.against else one.of["kind"]), []).append(
                all(inside) if together else np.mean(inside)
            )
        for one in widest:
            at = int(one.label.split("cut-off ")[1].split(",")[0]) - 1
            name = one.name.removeprefix("widest_").removesuffix("_difference")
            true = truth(name, "a")[at] - truth(name, "b")[at]
            held.setdefault((one.name, ""), []).append(one.low <= true <= one.high)
    return {name: float(np.mean(ones)) for name, ones in held.items()}


def test_bands_hold_the_whole_curve_and_intervals_their_points():
    """30 sets, within 3 standard errors of 95 % below; docs/decisions holds what 500 sets gave."""
    held = covered(30, {"a": 400, "b": 900}, 4)
    least = 0.95 - 3 * math.sqrt(0.95 * 0.05 / 30)
    assert all(share >= least for share in held.values()), held
    assert np.mean([share for (name, _), share in held.items() if name.endswith("_band")]) == pytest.approx(
        0.96, abs=0.025
    )


def test_intervals_of_areas_hold_the_true_area(make_table, duck):
    """200 groups are 200 samples: one query."""
    random = np.random.default_rng(6)
    size, number = 150, 200
    outcome = random.random((number, size)) < 0.35
    score = np.where(outcome, random.choice(10, (number, size), p=SHARES[True]), 0)
    score = np.where(outcome, score, random.choice(10, (number, size), p=SHARES[False]))
    columns = {
        "kind": np.repeat([f"k{place}" for place in range(number)], size).tolist(),
        "score": score.ravel().astype(float).tolist(),
        "outcome": outcome.ravel().tolist(),
    }
    below = np.cumsum(SHARES[False]) - SHARES[False] / 2
    true = float((SHARES[True] * below).sum())
    found = areas(make_table(columns), "kind", "high", independent=True)
    limits = [area.limits([0.95]) for area in found.values()]
    inside = np.mean([low[0, 0] <= true <= high[0, 0] for low, high in limits])
    assert inside == pytest.approx(0.95, abs=0.047)
