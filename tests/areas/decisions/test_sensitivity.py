"""Sensitivity: a case worked by hand, what must not pass for agreement, and false alarms where nothing differs."""

from collections import Counter

import numpy as np
import pytest

from answerable.areas.decisions.measures.common.cells import Cells
from answerable.areas.decisions.measures.common.estimands import metric_of
from answerable.areas.decisions.measures.common.estimates import Settings
from answerable.areas.decisions.measures.common.specification_curve import curve_estimates, curves_of
from answerable.areas.decisions.measures.common.specifications import Counting, Rules
from answerable.areas.decisions.measures.sensitivity import sensitivity
from answerable.core.judge import Answered, Question, judge
from answerable.errors import NotIdentified, ParameterError
from answerable.statistics.design import Design

T, F, N = True, False, None
ROWS = [  # group, strict, wide, late, how many
    ("a", T, T, F, 30), ("a", F, T, F, 30), ("a", F, F, F, 40), ("a", N, N, T, 20),
    ("b", T, T, F, 30), ("b", F, T, F, 10), ("b", F, F, F, 60), ("b", T, T, T, 25),
]  # fmt: skip


def table(rows=ROWS, times=1):
    columns = list(zip(*[row[:-1] for row in rows for _ in range(row[-1] * times)], strict=True))
    return dict(zip(("kind", "strict", "wide", "late"), map(list, columns), strict=True))


WORDS = {
    "groups": ["kind"], "metric": "base_rate", "labels": ["wide", "strict"], "independent": True,
    "references": ["kind=b"], "replicates": 2_000,
}  # fmt: skip


def pick(answer, name):
    found = [one for one in answer.estimates if one.name == name]
    assert len(found) == 1, [one.name for one in answer.estimates]
    return found[0]


def points(answer):
    (series,) = answer.series
    return {tuple(point.choices.values()): point for point in series.points}


def test_every_specification_by_hand(make_table):
    answer = sensitivity(make_table(table()), **WORDS, exclusions=["late"])
    found = points(answer)
    assert {chosen[:3]: round(point.value, 9) for chosen, point in found.items()} == {
        key: round(value, 9)
        for key, value in {
            ("wide", "left out", "kept"): 60 / 100 - 65 / 125,
            ("wide", "left out", "left out"): 60 / 100 - 40 / 100,
            ("wide", "counted as yes", "kept"): 80 / 120 - 65 / 125,
            ("wide", "counted as no", "kept"): 60 / 120 - 65 / 125,
            ("strict", "left out", "kept"): 30 / 100 - 55 / 125,
            ("strict", "left out", "left out"): 30 / 100 - 30 / 100,
            ("strict", "counted as yes", "kept"): 50 / 120 - 55 / 125,
            ("strict", "counted as no", "kept"): 30 / 120 - 55 / 125,
        }.items()
    }
    values = sorted(point.value for point in found.values())
    assert pick(answer, "base_rate_difference").value == pytest.approx(0.08)
    assert pick(answer, "median_base_rate_difference").value == pytest.approx((values[3] + values[4]) / 2)
    assert pick(answer, "lowest_base_rate_difference").value == pytest.approx(values[0])
    assert pick(answer, "highest_base_rate_difference").value == pytest.approx(values[-1])
    same = pick(answer, "base_rate_difference_specifications_same_sign")
    assert (same.events, same.n) == (3, 8)
    assert answer.coverage.looked_at["combinations of choices"] == 12
    order = [point.value for point in answer.series[0].points]
    assert order == sorted(order)
    assert answer.series[0].points[int(answer.series[0].marks["headline"]) - 1].value == pytest.approx(0.08)


def test_changes_of_one_choice_by_hand(make_table):
    answer = sensitivity(make_table(table()), **WORDS, exclusions=["late"], missing_outcomes=["left-out"])
    # Four specifications: 0.08 and 0.2 by the wide rule, -0.14 and 0 by the strict one.
    by_rule = pick(answer, "base_rate_difference_sign_changes_by_outcome")
    by_row = pick(answer, "base_rate_difference_sign_changes_by_exclusion_1")
    assert (by_rule.events, by_rule.n) == (2, 2)
    assert (by_row.events, by_row.n) == (1, 2)


def test_the_decisive_choice_comes_first_and_is_named(make_table):
    rows = [(*row[:3], index % 2 == 0, row[4]) for index, row in enumerate(ROWS) if row[1] is not N]
    answer = sensitivity(make_table(table(rows, 20)), **WORDS, exclusions=["late"])
    changes = [one for one in answer.estimates if "verdict_changes_by" in one.name]
    assert [one.value for one in changes] == sorted((one.value for one in changes), reverse=True)
    undone = pick(answer, "base_rate_difference_single_changes_that_change_the_verdict")
    assert "strict" in undone.label


def test_choices_that_count_the_same_rows_stand_once(make_table):
    """A rule that repeats another, and missing values that there are not, must not pass for agreement."""
    columns = table([row for row in ROWS if row[1] is not N])
    columns["again"] = columns["wide"]
    answer = sensitivity(make_table(columns), **WORDS | {"labels": ["wide", "again", "strict"]})
    assert len(answer.series[0].points) == 2
    assert pick(answer, "base_rate_difference_specifications_same_sign").n == 2


def test_the_ends_hold_for_all_specifications_at_once(make_table):
    answer = sensitivity(make_table(table(times=4)), **WORDS, exclusions=["late"])
    lowest, found = pick(answer, "lowest_base_rate_difference"), points(answer)
    alone = min(found.values(), key=lambda point: point.value)
    assert lowest.low < alone.low
    assert lowest.high > alone.high
    assert "all 8 specifications" in lowest.interval


def test_references_and_cases(make_table):
    columns = table()
    columns["late"] = [bool(value) for value in columns["late"]]
    columns["early"] = [not value for value in columns["late"]]
    answer = sensitivity(
        make_table(columns),
        **WORDS | {"labels": ["wide"], "missing_outcomes": ["left-out"]},
        arms=["early", "late"],
    )
    assert len(answer.series[0].points) == 1, "of those late nobody in a has an outcome"
    assert "1 count nobody" in answer.coverage.missing["specifications"]
    several = sensitivity(make_table(table()), **WORDS | {"references": ["kind=b", "rest", "overall"]})
    assert len({one.of["kind"] for one in several.series}) == 2
    own = next(one for one in several.series if one.of == {"kind": "a"})
    assert {point.choices["reference"] for point in own.points} == {"kind=b", "overall"}, "rest and b are the same"


def test_the_best_off_group_is_found_in_each_specification(make_table):
    columns = {**table(), "cut": table()["strict"]}
    words = WORDS | {"metric": "selection_rate", "references": ["best-off"], "labels": []}
    answer = sensitivity(
        make_table(columns), **words, decisions=["wide", "cut"], missing_decisions=["left-out"], favourable=True
    )
    groups = {one.of["kind"]: [point.choices["decision"] for point in one.points] for one in answer.series}
    assert groups == {"a": ["cut"], "b": ["wide"]}
    with pytest.raises(NotIdentified, match="--favourable"):
        sensitivity(make_table(columns), **words, decisions=["wide", "cut"])


def test_people_with_several_rows_widen_the_interval(make_table):
    columns = table(times=4)
    size = len(columns["kind"])
    words = {name: value for name, value in WORDS.items() if name != "independent"}
    single = sensitivity(make_table({**columns, "person": [str(place) for place in range(size)]}), **words)
    shared = sensitivity(make_table({**columns, "person": [str(place // 4) for place in range(size)]}), **words)
    one, four = (pick(answer, "median_base_rate_difference") for answer in (single, shared))
    assert one.value == four.value
    assert (four.high - four.low) > 1.7 * (one.high - one.low)
    assert "cluster" in four.interval


def test_without_the_unit_of_independence_there_is_no_verdict(make_table):
    answer = sensitivity(make_table(table()), **WORDS | {"independent": False})
    assert pick(answer, "base_rate_difference").curve == ()
    assert "--independent" in pick(answer, "median_base_rate_difference").reason
    assert pick(answer, "base_rate_difference_specifications_beyond").value is None
    assert pick(answer, "base_rate_difference_specifications_same_sign").value is not None


def test_a_headline_that_counts_nobody_says_so(make_table):
    columns = table([("a", N, T, F, 20), ("a", N, F, F, 20), ("b", T, T, F, 20), ("b", F, F, F, 20)])
    answer = sensitivity(make_table(columns), **WORDS | {"labels": ["strict", "wide"]})
    (headline,) = answer.estimates
    assert headline.value is None
    assert "nobody" in headline.reason
    assert not answer.series


@pytest.mark.parametrize(
    ("words", "error", "text"),
    [
        ({"labels": ["wide"]}, ParameterError, "one specification only"),
        ({"metric": "basrate"}, ParameterError, "Nearest"),
        ({"metric": "PPV"}, NotIdentified, "--decisions"),
        ({"labels": []}, NotIdentified, "--labels"),
        ({"references": ["biggest"]}, ParameterError, "largest"),
        ({"references": ["kind=zz"]}, ParameterError, "no group 'zz'"),
        ({"groups": []}, ParameterError, "needs groups"),
        ({"groups": ["knd"]}, ParameterError, "Nearest: kind"),
        ({"level": 0.2}, ParameterError, "level"),
        ({"exclusions": ["late", "late"]}, ParameterError, "stands twice"),
        (
            {
                "labels": ["wide", "strict"],
                "references": ["largest", "rest"],
                "exclusions": [f"e{place}" for place in range(10)],
            },
            ParameterError,
            "more than 2,000",
        ),
    ],
)
def test_words_that_do_not_fit(make_table, words, error, text):
    columns = table([row for row in ROWS if row[1] is not N])
    columns |= {f"e{place}": columns["late"] for place in range(10)}
    with pytest.raises(error, match=text):
        sensitivity(make_table(columns), **WORDS | {"references": ["largest"]} | words)


def test_every_finding_reads_as_a_sentence(make_table):
    answer = sensitivity(make_table(table(times=3)), **WORDS, exclusions=["late"])
    for finding in judge([Answered(Question(method="decisions.sensitivity"), answer)]):
        assert finding.statement.startswith(("The ", "There are signs that the "))
        assert ",," not in finding.statement
        assert finding.statement.endswith(".")


def null_cells(random, rows, share):
    """Two groups that differ in nothing: three rules for the outcome, two cut-offs, one exclusion."""
    group = np.where(random.random(rows) < share, "b", "a")
    risk = random.normal(size=rows)
    labels = [risk + 0.6 * random.normal(size=rows) > cut for cut in (0.5, 0.9, 0.2)]
    score = 0.7 * risk + random.normal(size=rows)
    states = [*labels, score > 0.4, score > 0.9, random.random(rows) < 0.15]
    counted = Counter(zip(group.tolist(), *(np.where(one, "True", "False").tolist() for one in states), strict=True))
    keys = tuple(sorted(counted))
    counts = tuple(counted[key] for key in keys)
    names = ("kind", "l0", "l1", "l2", "d0", "d1", "e")
    cells = tuple((key, (None, None)) for key in keys)
    return Cells(names, cells, counts, tuple(map(float, counts)), Design.independent(counts), rows, rows, {})


def test_false_alarms_of_the_whole_curve():
    """At most 5 %, within 2.6 standard errors; docs/decisions holds what larger runs gave."""
    random, alarms, number = np.random.default_rng(8), 0, 80
    rules = Rules(labels=("l0", "l1", "l2"), decisions=("d0", "d1"), exclusions=("e",))
    for _ in range(number):
        counting = Counting(null_cells(random, 400, 0.3), metric_of("PPV"), rules, None)
        (curve,) = curves_of(counting, "kind", "difference", Settings(None, 0.95, "auto", 1_000))
        median = next(one for one in curve_estimates(curve) if one.name.startswith("median"))
        alarms += median.p is not None and median.p <= 0.05
    assert alarms <= 0.05 * number + 2.6 * np.sqrt(0.05 * 0.95 * number)
