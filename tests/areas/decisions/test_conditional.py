"""Disparity among like cases: worked cases, the paradox of crude figures, and what must never happen."""

import math

import numpy as np
import pytest

from answerable.areas.decisions.measures.conditional import conditional
from answerable.core.finding import Question
from answerable.core.judge import Answered, judge
from answerable.errors import NotIdentified, ParameterError

# Admissions to Berkeley's six largest departments, autumn 1973 (Bickel, Hammel & O'Connell 1975, Science 187;
# Freedman, Pisani & Purves 1978, Statistics): admitted and rejected, men then women.
BERKELEY = {
    "A": ((512, 313), (89, 19)), "B": ((353, 207), (17, 8)), "C": ((120, 205), (202, 391)),
    "D": ((138, 279), (131, 244)), "E": ((53, 138), (94, 299)), "F": ((22, 351), (24, 317)),
}  # fmt: skip


EVERY = ["mantel-haenszel", "standardised", "decomposition", "regression"]


def counted(cells):
    """A table with counts from {(group, stratum): (events, others)}."""
    rows = [
        (group, stratum, event, count)
        for (group, stratum), pair in cells.items()
        for event, count in zip((True, False), pair, strict=True)
        if count
    ]
    group, stratum, event, count = zip(*rows, strict=True)
    return {"sex": list(group), "dept": list(stratum), "decided": list(event), "count": list(count)}


def berkeley():
    return counted({(sex, dept): pair for dept, both in BERKELEY.items() for sex, pair in zip("MW", both, strict=True)})


def pick(answer, name, **of):
    found = [one for one in answer.estimates if one.name == name and all(one.of.get(k) == v for k, v in of.items())]
    assert len(found) == 1, [(one.name, dict(one.of)) for one in answer.estimates]
    return found[0]


@pytest.fixture
def admissions(make_table):
    def ask(**words):
        given = {"groups": ["sex"], "controls": ["dept"], "reference": {"sex": "M"}, "independent": True}
        return conditional(make_table(berkeley()), **{**given, **words})

    return ask


def test_simpsons_paradox(admissions):
    """Crude, women are admitted far less often; within departments as often or more. Figures of R's mantelhaen.test
    for the same table (men against women): common odds ratio 0.9046968, 95 % interval 0.7719074 to 1.0603298."""
    answer = admissions(approaches=EVERY)
    crude, odds = (
        pick(answer, "selection_rate_crude_odds_ratio"),
        pick(answer, "selection_rate_mantel_haenszel_odds_ratio"),
    )
    assert crude.value == pytest.approx(557 * 1493 / (1278 * 1198))
    assert crude.high < 0.65
    assert 1 / odds.value == pytest.approx(0.9046968, abs=5e-8)
    assert (1 / odds.high, 1 / odds.low) == pytest.approx((0.7719074, 1.0603298), abs=5e-8)
    gap = pick(answer, "selection_rate_gap")
    assert gap.value == pytest.approx(557 / 1835 - 1198 / 2691)
    composition, within = pick(answer, "selection_rate_gap_composition"), pick(answer, "selection_rate_gap_within")
    assert composition.value + within.value == pytest.approx(gap.value, abs=1e-12)
    assert composition.high < -0.1
    assert within.value > 0
    assert pick(answer, "selection_rate_standardised_difference").value > 0
    assert pick(answer, "selection_rate_regression_odds_ratio").value == pytest.approx(math.exp(0.09987), abs=1e-4)
    assert pick(answer, "selection_rate_average_marginal_effect").value > 0


def test_labels_say_what_is_held_constant(admissions):
    answer = admissions()
    for one in answer.estimates:
        if one.null is not None or "standardised" in one.name:
            assert "dept" in one.label, one.name
    assert any("may itself come of discrimination" in limit and "dept" in limit for limit in answer.limits)
    assert any("What is not recorded is not held constant" in limit for limit in answer.limits)


def test_where_strata_differ_it_is_said(admissions):
    """Department A favours women, the others do not: the odds ratios differ (Breslow-Day p = 0.002)."""
    answer = admissions()
    assert any("odds ratios of the selection rate (Breslow-Day, Tarone) differ" in limit for limit in answer.limits)
    assert "p = 0.002" in pick(answer, "selection_rate_mantel_haenszel_odds_ratio").interval


def test_counts_are_those_of_rows(make_table, admissions):
    """The same decisions one row each give the same answer as counts."""
    columns = berkeley()
    rows = {name: np.repeat(np.array(values), columns["count"]).tolist() for name, values in columns.items()}
    del rows["count"]
    one = conditional(make_table(rows), groups=["sex"], controls=["dept"], reference={"sex": "M"}, independent=True)
    assert one.as_json() == admissions().as_json()


def test_e_value_is_of_the_ratio(admissions):
    from answerable.statistics.unmeasured import e_value

    answer = admissions()
    ratio = pick(answer, "selection_rate_standardised_ratio")
    found = pick(answer, "selection_rate_standardised_ratio_e_value")
    assert found.value == pytest.approx(e_value(ratio.value))
    assert found.low == pytest.approx(e_value(ratio.low) if ratio.low > 1 else 1.0)
    assert "unmeasured cause" in found.label


def test_repeated_people_widen_every_interval(make_table):
    """Every person five times with the same decision: nothing more is known than from one row each."""
    columns = berkeley()
    rows = {name: np.repeat(np.array(values), columns["count"]).tolist() for name, values in columns.items()}
    del rows["count"]
    five = {name: [value for value in values for _ in range(5)] for name, values in rows.items()}
    person = [f"p{place}" for place in range(len(rows["sex"])) for _ in range(5)]
    words = {"groups": ["sex"], "controls": ["dept"], "reference": {"sex": "M"}}
    words["approaches"] = EVERY
    single = conditional(make_table(rows), independent=True, **words)
    people = conditional(make_table({**five, "person": person}), **words)
    naive = conditional(make_table(five), independent=True, **words)
    for alone, clustered, wrong in zip(single.estimates, people.estimates, naive.estimates, strict=True):
        assert clustered.value == pytest.approx(alone.value, rel=1e-6)
        if not alone.calculated and alone.null is not None:
            assert clustered.high - clustered.low == pytest.approx(alone.high - alone.low, rel=0.03), alone.name
            assert clustered.high - clustered.low > 2 * (wrong.high - wrong.low), alone.name
            assert clustered.units == alone.units


def test_no_interval_without_a_unit_of_independence(admissions):
    answer = admissions(independent=False, approaches=EVERY)
    for one in answer.estimates:
        if not one.calculated:
            assert one.value is not None
            assert not one.curve
            assert "--person" in one.reason


def test_strata_of_one_group_are_counted_and_said(make_table):
    cells = {("M", "A"): (30, 30), ("W", "A"): (20, 40), ("M", "B"): (7, 5), ("W", "C"): (9, 11)}
    words = {"groups": ["sex"], "controls": ["dept"], "reference": {"sex": "M"}, "independent": True}
    answer = conditional(make_table(counted(cells)), **words)
    share = pick(answer, "selection_rate_share_with_counterpart")
    assert (share.events, share.n) == (60, 80)
    assert "2 of 3 strata of dept hold only one of the two" in " ".join(answer.coverage.missing.values())
    assert pick(answer, "selection_rate_mantel_haenszel_odds_ratio").value == pytest.approx(0.5)
    parts = ("composition", "within", "without_counterpart")
    total = sum(pick(answer, f"selection_rate_gap_{part}").value for part in parts)
    assert total == pytest.approx(29 / 80 - 37 / 72)
    refused = conditional(make_table(counted(cells)), overlap="refuse", **words)
    for name in ("standardised_difference", "standardised_ratio", "gap_within"):
        one = pick(refused, f"selection_rate_{name}")
        assert one.value is None
        assert "none like them" in one.reason


def test_groups_without_any_counterpart_stay(make_table):
    cells = {("M", "A"): (30, 30), ("W", "A"): (20, 40), ("X", "B"): (7, 5)}
    answer = conditional(
        make_table(counted(cells)), groups=["sex"], controls=["dept"], reference={"sex": "M"}, independent=True
    )
    for name in ("mantel_haenszel_odds_ratio", "standardised_difference", "gap_within"):
        one = pick(answer, f"selection_rate_{name}", sex="X")
        assert one.value is None
        assert "nothing can be compared" in one.reason
    assert pick(answer, "selection_rate_share_with_counterpart", sex="X").value == 0


def test_a_group_without_events_has_a_difference_and_no_ratio(make_table):
    cells = {("M", "A"): (30, 30), ("W", "A"): (0, 40), ("M", "B"): (10, 20), ("W", "B"): (0, 30)}
    answer = conditional(
        make_table(counted(cells)), groups=["sex"], controls=["dept"], reference={"sex": "M"}, independent=True,
        approaches=["mantel-haenszel", "standardised", "regression"],
    )  # fmt: skip
    for name in ("mantel_haenszel_odds_ratio", "mantel_haenszel_ratio", "standardised_ratio"):
        one = pick(answer, f"selection_rate_{name}")
        assert one.value is None and "no finite ratio" in one.reason
    difference = pick(answer, "selection_rate_mantel_haenszel_difference")
    assert difference.high < 0
    odds = pick(answer, "selection_rate_regression_odds_ratio")
    assert odds.value is None and "separation" in odds.reason


def test_error_rates_are_conditional_on_the_outcome(make_table):
    columns = berkeley()
    outcome = [place % 2 == 0 for place in range(len(columns["sex"]))]
    table = {name: values * 2 for name, values in columns.items()} | {"outcome": outcome + [not one for one in outcome]}
    answer = conditional(
        make_table(table), groups=["sex"], controls=["dept"], reference={"sex": "M"}, metrics=["FPR"], independent=True
    )
    assert all(one.name.startswith("false_positive_rate") for one in answer.estimates)
    one = pick(answer, "false_positive_rate_mantel_haenszel_odds_ratio")
    assert 1 / one.value == pytest.approx(0.9046968, abs=5e-8), "those without the outcome are Berkeley again"


def test_rows_without_a_control_are_left_out_and_counted(make_table):
    columns = berkeley()
    more = {
        name: [*values, extra] for (name, values), extra in zip(columns.items(), ("W", None, True, 500), strict=True)
    }
    words = {"groups": ["sex"], "controls": ["dept"], "reference": {"sex": "M"}, "independent": True}
    found = conditional(make_table(more), **words)
    assert found.estimates == conditional(make_table(columns), **words).estimates
    assert "1 row dept is missing" in found.coverage.missing["dept"]


def test_stratum_and_controls_are_held_together(make_table):
    columns = berkeley() | {"stratum": ["one", "two"] * (len(berkeley()["sex"]) // 2)}
    answer = conditional(make_table(columns), groups=["sex"], controls=["dept"], independent=True)
    assert "among cases alike in stratum and dept" in answer.estimates[-1].label


def test_weights_count(make_table):
    """Weights of 2 for all change nothing but weighted totals; unequal ones move the estimate."""
    columns = berkeley()
    words = {"groups": ["sex"], "controls": ["dept"], "reference": {"sex": "M"}, "independent": True}
    alone = conditional(make_table(columns), **words)
    twice = conditional(make_table({**columns, "weight": [2.0] * len(columns["sex"])}), **words)
    for one, other in zip(alone.estimates, twice.estimates, strict=True):
        assert other.value == pytest.approx(one.value)
        assert other.low == pytest.approx(one.low)
    tilted = [
        3.0 if sex == "W" and decided else 1.0 for sex, decided in zip(columns["sex"], columns["decided"], strict=True)
    ]
    moved = conditional(make_table({**columns, "weight": tilted}), **words)
    name = "selection_rate_mantel_haenszel_odds_ratio"
    assert pick(moved, name).value == pytest.approx(3 * pick(alone, name).value, rel=0.05)


def regression_table(seed=3, rows=900):
    random = np.random.default_rng(seed)
    sex, age = random.choice(["M", "W", "X"], rows), random.integers(20, 60, rows).astype(float)
    dept = random.choice(["A", "B"], rows)
    rate = 1 / (1 + np.exp(-(-2 + 0.7 * (sex == "W") + 0.03 * age + 0.4 * (dept == "B"))))
    decided = random.random(rows) < rate
    return {"sex": sex.tolist(), "dept": dept.tolist(), "age": age.tolist(), "decided": decided.tolist()}


def test_regression_equals_statsmodels(make_table):
    import statsmodels.api as sm

    columns = regression_table()
    answer = conditional(
        make_table(columns), groups=["sex"], controls=["dept"], covariates=["age"], reference={"sex": "M"},
        approaches=["regression"], every_term=True, independent=True,
    )  # fmt: skip
    sex, dept = np.array(columns["sex"]), np.array(columns["dept"])
    largest = "A" if (dept == "A").sum() >= (dept == "B").sum() else "B"
    terms = np.column_stack([np.ones(len(sex)), sex == "W", sex == "X", dept != largest, columns["age"]]).astype(float)
    peer = sm.Logit(np.array(columns["decided"], float), terms).fit(disp=0, cov_type="HC1")
    for place, of in ((1, "W"), (2, "X")):
        odds = pick(answer, "selection_rate_regression_odds_ratio", sex=of)
        assert odds.value == pytest.approx(math.exp(peer.params[place]), rel=1e-7)
        assert (odds.low, odds.high) == pytest.approx(np.exp(peer.conf_int()[place]), rel=0.002)
    coefficient = pick(answer, "selection_rate_regression_coefficient", term="age")
    assert coefficient.value == pytest.approx(peer.params[4], rel=1e-7)
    assert pick(answer, "selection_rate_regression_akaike").value == pytest.approx(peer.aic)


def test_default_approaches_follow_what_is_held_constant(make_table):
    table = make_table(regression_table())
    numbers = conditional(table, groups=["sex"], covariates=["age"], independent=True)
    assert all("regression" in one.name or "marginal" in one.name for one in numbers.estimates)
    both = conditional(table, groups=["sex"], controls=["dept"], covariates=["age"], independent=True)
    names = {one.name for one in both.estimates}
    assert {"selection_rate_mantel_haenszel_ratio", "selection_rate_regression_odds_ratio"} <= names


@pytest.mark.parametrize("reference", ["rest", "best-off", "largest"])
def test_references(make_table, reference):
    answer = conditional(
        make_table(regression_table()), groups=["sex"], controls=["dept"], covariates=["age"], reference=reference,
        favourable=True, independent=True,
    )  # fmt: skip
    odds = [one for one in answer.estimates if one.name == "selection_rate_regression_odds_ratio"]
    assert len(odds) == (3 if reference == "rest" else 2)
    assert len({(one.name, str(one.of), str(one.against)) for one in answer.estimates}) == len(answer.estimates)


@pytest.mark.parametrize(
    ("words", "error", "says"),
    [
        ({"controls": []}, NotIdentified, "Nothing is held constant"),
        ({"controls": ["nowhere"]}, ParameterError, "controls names 'nowhere'"),
        ({"controls": ["sex"]}, ParameterError, "sex: a column is either compared"),
        ({"covariates": ["nowhere"]}, ParameterError, "covariates names 'nowhere'"),
        ({"covariates": ["age"], "approaches": ["mantel-haenszel"]}, ParameterError, "Only the regression holds"),
        ({"controls": [], "covariates": ["age"], "approaches": ["standardised"]}, NotIdentified, "there are none"),
        ({"approaches": []}, ParameterError, "approaches names none"),
        ({"metrics": []}, ParameterError, "metrics names no rate"),
        ({"metrics": ["FPR"]}, NotIdentified, "outcome"),
        ({"metrics": ["luck"]}, ParameterError, "no metric 'luck'"),
        ({"reference": {"sex": "Z"}}, ParameterError, "no group 'Z'"),
        ({"reference": "best-off"}, NotIdentified, "best off"),
        ({"groups": []}, ParameterError, "needs groups"),
        ({"level": 0.2}, ParameterError, "confidence level"),
    ],
)
def test_bad_input(make_table, words, error, says):
    given = {"groups": ["sex"], "controls": ["dept"], "independent": True}
    with pytest.raises(error, match=says):
        conditional(make_table(regression_table()), **{**given, **words})


def test_too_many_kinds_of_cases_are_refused(make_table, monkeypatch):
    monkeypatch.setattr("answerable.areas.decisions.measures.conditional.held.MOST_PATTERNS", 50)
    with pytest.raises(NotIdentified, match="different kinds of cases"):
        conditional(make_table(regression_table()), groups=["sex"], covariates=["age"], independent=True)


def test_too_many_terms_have_a_reason(make_table, monkeypatch):
    monkeypatch.setattr("answerable.areas.decisions.measures.conditional.regressed.MOST_TERMS", 3)
    answer = conditional(
        make_table(regression_table()), groups=["sex"], controls=["dept"], approaches=["regression"], independent=True,
        every_term=True,
    )  # fmt: skip
    assert all(one.value is None and "4 terms" in one.reason for one in answer.estimates)


def test_sentences(admissions):
    answer = admissions(favourable=True)
    findings = judge([Answered(Question(method="decisions.conditional"), answer, ())])
    texts = {finding.estimate.name: finding.statement for finding in findings}
    assert texts["selection_rate_gap_composition"].startswith(
        "The part that a different mix of dept explains (composition) in the gap in the selection rate from that of "
        "sex M to that of sex W is -"
    )
    assert texts["selection_rate_gap_composition"].endswith("below 0.00 points, to the disadvantage of sex W.")
    assert "among cases alike in dept (Mantel-Haenszel)" in texts["selection_rate_mantel_haenszel_difference"]
    assert texts["selection_rate_mantel_haenszel_ratio_e_value"].startswith("The E-value (least risk ratio")


def test_rates_in_every_stratum_are_drawn(admissions):
    series = {one.of["sex"]: one for one in admissions().series}
    assert set(series) == {"M", "W"}
    assert [point.x for point in series["W"].points] == list("ABCDEF")
    first = series["W"].points[0]
    assert (first.events, first.n) == (89, 108)
    assert first.low < first.value == 89 / 108 < first.high
    assert all(point.low is None for one in admissions(independent=False).series for point in one.points)


def test_many_strata_are_not_drawn_and_numbers_stand_in_their_order(make_table):
    columns = berkeley()
    named = {name: place for place, name in zip((9, 10, 11, 2, 1, 30), "ABCDEF", strict=True)}
    columns["dept"] = [str(named[dept]) for dept in columns["dept"]]
    words = {"groups": ["sex"], "controls": ["dept"], "independent": True}
    answer = conditional(make_table(columns), **words)
    assert [point.x for point in answer.series[0].points] == ["1", "2", "9", "10", "11", "30"]
    many = {name: values * 6 for name, values in columns.items()}
    many["dept"] = [f"{dept}-{place // len(columns['sex'])}" for place, dept in enumerate(many["dept"])]
    assert conditional(make_table(many), **words).series == ()


def test_zero_and_minus_zero_are_one_number(make_table):
    columns = regression_table(rows=300)
    columns["age"] = [0.0 if age < 30 else -0.0 if age < 40 else age for age in columns["age"]]
    columns["person"] = [f"p{place % 100}" for place in range(300)]
    plain = {**columns, "age": [age + 0.0 for age in columns["age"]]}
    words = {"groups": ["sex"], "covariates": ["age"]}
    one, other = conditional(make_table(columns), **words), conditional(make_table(plain), **words)
    assert one.as_json() == other.as_json()


def test_every_term_of_every_regression_is_told_apart(make_table):
    answer = conditional(
        make_table(regression_table()), groups=["sex"], controls=["dept"], reference="rest", approaches=["regression"],
        every_term=True, independent=True,
    )  # fmt: skip
    assert len({(one.name, str(one.of), str(one.against)) for one in answer.estimates}) == len(answer.estimates)


def test_a_rate_with_nobody_below_the_line(make_table):
    columns = regression_table(rows=60)
    columns |= {"decided": [False] * 60, "outcome": [place % 3 == 0 for place in range(60)]}
    answer = conditional(
        make_table(columns), groups=["sex"], controls=["dept"], metrics=["PPV"], approaches=EVERY, every_term=True,
        independent=True,
    )  # fmt: skip
    assert all(one.value is None and one.reason for one in answer.estimates)
