"""The rule book against the rules' own worked examples, court cases, and what a rule must not be made to say."""

import itertools

import numpy as np
import pytest

from answerable.areas.decisions.measures.rulebook import rulebook
from answerable.areas.decisions.measures.rulebook.applying import median_score
from answerable.areas.decisions.measures.rulebook.rules import Limit, book, find_rules, read_rules
from answerable.core.finding import Question
from answerable.core.judge import Answered, judge
from answerable.errors import AnswerableError, NotIdentified, ParameterError
from answerable.rights.catalogue import provisions


def people(cells, column="race"):
    """Columns of people from {group: (selected, all)}."""
    rows = [(group, k < yes) for group, (yes, n) in cells.items() for k in range(n)]
    group, decided = zip(*rows, strict=True)
    return {column: list(group), "decided": list(decided)}


def pick(answer, name, **of):
    found = [one for one in answer.estimates if one.name == name and dict(one.of) == of]
    assert len(found) == 1, [(one.name, dict(one.of)) for one in answer.estimates]
    return found[0]


def ratios(answer, name="four_fifths_impact_ratio"):
    return {next(iter(one.of.values())): one for one in answer.estimates if one.name == name}


# --- the four-fifths rule -------------------------------------------------------------------------------------------


def test_the_example_of_the_agencies(make_table):
    """Questions and Answers of 1979: whites 60 %, American Indians 45 %, Hispanics 48 %, Blacks 51 %: ratios 75, 80 and
    85 %; adverse impact for American Indians, not for Hispanics (who lie exactly on four fifths) nor Blacks."""
    cells = {"white": (60, 100), "indian": (45, 100), "hispanic": (48, 100), "black": (51, 100)}
    answer = rulebook(
        make_table(people(cells)), groups=["race"], rules=["four-fifths"], favourable=True, independent=True
    )
    found = ratios(answer)
    assert {group: round(one.value, 10) for group, one in found.items()} == {
        "indian": 0.75, "hispanic": 0.8, "black": 0.85,
    }  # fmt: skip
    assert "as it stands not met" in found["indian"].label
    assert "as it stands met" in found["hispanic"].label
    assert "as it stands met" in found["black"].label
    assert all(one.null == 0.8 and one.low < one.value < one.high for one in found.values())
    gap = pick(answer, "four_fifths_selection_rate_difference", race="indian")
    assert gap.value == pytest.approx(-0.15)
    assert gap.counts == (100, 60) and (gap.n, gap.events) == (100, 45)


def test_a_number_on_the_limit_is_compared_as_a_fraction(make_table):
    """12 of 20 against 15 of 20 is four fifths, though a little less in floats."""
    from fractions import Fraction

    limit = Limit("ratio", at_least=0.8)
    assert (12 / 20) / (15 / 20) < 0.8
    answer = rulebook(
        make_table(people({"a": (12, 20), "b": (15, 20)})), groups=["race"], rules=["four-fifths"], favourable=True,
        independent=True,
    )  # fmt: skip
    assert "as it stands met" in ratios(answer)["a"].label
    assert limit.met(Fraction(48, 60))
    assert not limit.met(Fraction(4799, 6000))
    assert not Limit("ratio", above=0.5).met(Fraction(1, 2))
    assert Limit("difference", above=-0.3, below=0.3).text == "above -30 points and below 30 points"


def test_a_harmful_decision_counts_those_who_were_spared(make_table):
    """Flagged 30 of 100 and 10 of 100: spared 70 and 90 %, a ratio of 7/9, though flagged three times as often."""
    answer = rulebook(
        make_table(people({"a": (30, 100), "b": (10, 100)})),
        groups=["race"], rules=["four-fifths"], favourable=False, independent=True,
    )  # fmt: skip
    ratio = ratios(answer)["a"]
    assert ratio.value == pytest.approx(70 / 90)
    harm = pick(answer, "four_fifths_harm_ratio", race="a")
    assert harm.value == pytest.approx(3)
    assert harm.direction == "bad"
    with pytest.raises(NotIdentified, match="--favourable yes"):
        rulebook(make_table(people({"a": (3, 10), "b": (1, 10)})), groups=["race"], independent=True)


def test_at_low_rates_the_answer_says_that_a_ratio_means_little(make_table):
    """The Swedish false positive rates, 0.46 % against 0.26 %: a ratio of 1.75 for a gap of a fifth of a point."""
    cells = {"women": (46, 10_000), "men": (26, 10_000)}
    harmful = rulebook(
        make_table(people(cells)), groups=["race"], rules=["four-fifths"], favourable=False, independent=True
    )
    assert ratios(harmful)["women"].value == pytest.approx(0.9954 / 0.9974)
    assert "as it stands met" in ratios(harmful)["women"].label
    assert any("nearly everybody has the favourable event" in limit for limit in harmful.limits)
    assert pick(harmful, "four_fifths_harm_ratio", race="women").value == pytest.approx(46 / 26)
    good = rulebook(
        make_table(people(cells)), groups=["race"], rules=["four-fifths"], favourable=True, independent=True
    )
    assert "as it stands not met" in ratios(good)["men"].label
    assert any(
        "means little at rates this low (0.26 % against 0.46 %): the gap is 0.20 points" in x for x in good.limits
    )


def test_a_rule_broken_by_one_person_is_said_to_be(make_table):
    """5 of 6 against 3 of 5: below four fifths, and one different person would turn it round."""
    answer = rulebook(
        make_table(people({"a": (5, 6), "b": (3, 5)})),
        groups=["race"], rules=["four-fifths"], favourable=True, independent=True,
    )  # fmt: skip
    assert "as it stands not met" in ratios(answer)["b"].label
    assert any("one different person" in limit for limit in answer.limits)
    findings = judge([Answered(Question(method="decisions.rulebook"), answer)])
    verdicts = {f.estimate.name: f.verdict for f in findings}
    assert verdicts["four_fifths_impact_ratio"] == "cannot tell"


@pytest.mark.parametrize("yes", [20, 60])
def test_chance_of_breaking_the_rule_is_what_a_count_of_all_outcomes_says(make_table, yes):
    """Two groups of 12: every pair of binomials, worked through."""
    from scipy.stats import binom

    n, pooled = 12, yes / 120
    answer = rulebook(
        make_table(people({"a": (yes // 2, 60), "b": (yes // 2, 60)})),
        groups=["race"], rules=["four-fifths"], favourable=True, independent=True,
    )  # fmt: skip
    n = 60
    expected = sum(
        binom.pmf(i, n, pooled) * binom.pmf(j, n, pooled)
        for i, j in itertools.product(range(n + 1), repeat=2)
        if 10 * min(i, j) < 8 * max(i, j)
    )
    one = pick(answer, "four_fifths_broken_by_chance_race")
    assert one.value == pytest.approx(expected, abs=0.015)
    assert one.calculated


def test_the_statement_of_a_broken_rule_names_rule_outcome_and_limit(make_table):
    answer = rulebook(
        make_table(people({"a": (600, 1000), "b": (300, 1000)})),
        groups=["race"], rules=["four-fifths"], favourable=True, independent=True,
    )  # fmt: skip
    findings = judge([Answered(Question(method="decisions.rulebook"), answer)])
    (one,) = [f for f in findings if f.estimate.name == "four_fifths_impact_ratio"]
    assert one.verdict == "shown"
    assert "(four-fifths rule: at least 0.8; as it stands not met)" in one.statement
    assert one.statement.endswith("below 0.800.")
    assert "beyond what it is held to (0.800)" in one.basis
    assert any("29 CFR 1607.4(D)" in limit and "1978" in limit for limit in one.limits)


def test_intervals_of_the_impact_ratio_cover(make_table):
    """Ratios of 45 % over 60 %, 150 people a group; the reference is the better group in all but a few draws."""
    random, hits, runs = np.random.default_rng(4), 0, 120
    for _ in range(runs):
        cells = {"a": (int(random.binomial(150, 0.6)), 150), "b": (int(random.binomial(150, 0.45)), 150)}
        answer = rulebook(
            make_table(people(cells)), groups=["race"], rules=["four-fifths"], favourable=True,
            independent=True, replicates=1000,
        )  # fmt: skip
        one = ratios(answer).get("b")
        hits += one is not None and one.low <= 0.75 <= one.high
    assert hits / runs > 0.9


# --- New York City --------------------------------------------------------------------------------------------------

SCORED = {  # people, and those above the median score: the worked example of the final rules (section 5-301)
    "Hispanic or Latino": (18, 28), "White": (15, 40), "Black or African American": (16, 32),
    "Native Hawaiian or Pacific Islander": (5, 8), "Asian": (10, 24),
}  # fmt: skip
PUBLISHED = {
    "White": 0.58,
    "Black or African American": 0.78,
    "Native Hawaiian or Pacific Islander": 0.97,
    "Asian": 0.65,
}


def test_the_scoring_example_of_new_york_city(make_table):
    """The example prints 64.2, 37.5, 50.0, 62.5 and 41.7 % and ratios to the highest. The scores here are made so that
    the median divides as printed; people of unknown race make up the numbers."""
    above = sum(yes for yes, _ in SCORED.values())
    everybody = sum(n for _, n in SCORED.values())
    rows = [(race, 80.0 if k < yes else 20.0) for race, (yes, n) in SCORED.items() for k in range(n)]
    rows += [(None, 80.0)] * (everybody - 2 * above)  # as many above as below the median
    race, score = zip(*rows, strict=True)
    table = make_table({"race": list(race), "score": list(score)})
    answer = rulebook(table, groups=["race"], rules=["nyc-scoring"], independent=True)
    assert {g: round(r.value, 2) for g, r in ratios(answer, "nyc_scoring_impact_ratio").items()} == PUBLISHED
    rates = {next(iter(one.of.values())): one for one in answer.estimates if one.name == "nyc_scoring_scoring_rate"}
    shown = {group: round(100 * one.value, 1) for group, one in rates.items()}
    assert shown == {
        "Hispanic or Latino": 64.3, "White": 37.5, "Black or African American": 50.0,
        "Native Hawaiian or Pacific Islander": 62.5, "Asian": 41.7,
    }  # fmt: skip
    assert "4 rows" in answer.coverage.missing["race"]
    assert all(one.null is None for one in answer.estimates if "impact_ratio" in one.name), "no ratio is a pass"


def test_the_other_table_of_the_scoring_example(make_table):
    """Sex: 50 of 92 men and 34 of 76 women above the median, printed as 54.3 and 44.7 %, ratio 0.82."""
    rows = [("Male", k < 50) for k in range(92)] + [("Female", k < 34) for k in range(76)]
    table = make_table({"sex": [sex for sex, _ in rows], "score": [float(high) for _, high in rows]})
    answer = rulebook(table, groups=["sex"], rules=["nyc-scoring"], independent=True)
    # 84 of 168 lie above: the median is the mean of the middle two, 0.5
    assert any("median of all scores is 0.5" in limit for limit in answer.limits)
    assert ratios(answer, "nyc_scoring_impact_ratio")["Female"].value == pytest.approx(34 / 76 / (50 / 92))
    assert round(34 / 76 / (50 / 92), 2) == 0.82


@pytest.mark.parametrize(
    ("scores", "counts", "median"),
    [
        ([1, 2, 3, 4], None, 2.5),
        ([5, 5, 5, 1, 9], None, 5),
        ([3, 1, 2], None, 2),
        ([1, 2], [1, 3], 2),
        ([1, 2, 7], [2, 1, 1], 1.5),
        ([0.1, 0.1, 0.1, 0.2], None, 0.1),
    ],
)
def test_the_median_by_hand(make_table, scores, counts, median):
    columns = {"score": [float(s) for s in scores]} | ({"count": counts} if counts else {})
    assert median_score(make_table(columns)) == median


def test_scores_at_the_median_do_not_count(make_table):
    """Scores 1, 5, 5, 5, 9 for a and 5, 5, 9 for b: the median is 5; above it lie 1 of 5 and 1 of 3."""
    table = make_table({"kind": list("aaaaabbb"), "score": [1.0, 5, 5, 5, 9, 5, 5, 9]})
    answer = rulebook(table, groups=["kind"], rules=["nyc-scoring"], independent=True)
    rates = {one.of["kind"]: (one.events, one.n) for one in answer.estimates if one.name == "nyc_scoring_scoring_rate"}
    assert rates == {"a": (1, 5), "b": (1, 3)}
    assert ratios(answer, "nyc_scoring_impact_ratio")["a"].value == pytest.approx(0.6)


def test_small_categories_may_be_left_out_and_are_told(make_table):
    """1 of 100 people is below two per cent: its rate is told, its ratio left out with the reason; kept if asked."""
    table = people({"a": (30, 60), "b": (10, 39), "c": (1, 1)})
    answer = rulebook(make_table(table), groups=["race"], rules=["nyc-selection"], favourable=True, independent=True)
    small = ratios(answer, "nyc_selection_impact_ratio")["c"]
    assert small.value is None
    assert "1 rows" in small.reason and "2 %" in small.reason
    assert pick(answer, "nyc_selection_selection_rate", race="c").value == 1.0
    assert pick(answer, "nyc_selection_impact_ratio", race="b").value == pytest.approx(10 / 39 / 0.5)
    kept = rulebook(
        make_table(table), groups=["race"], rules=["nyc-selection"], favourable=True, independent=True, keep_small=True
    )
    assert pick(kept, "nyc_selection_impact_ratio", race="b").value == pytest.approx(10 / 39)
    assert any("for sex, for race or ethnicity and for their combinations" in limit for limit in answer.limits)


def test_combinations_are_compared_among_themselves(make_table):
    columns = {
        "sex": ["m"] * 40 + ["f"] * 40,
        "race": (["x"] * 20 + ["y"] * 20) * 2,
        "decided": [True] * 16 + [False] * 4 + [True] * 8 + [False] * 12 + [True] * 10 + [False] * 10 + [True] * 4
        + [False] * 16,
    }  # fmt: skip
    answer = rulebook(
        make_table(columns), groups=["sex", "race"], rules=["nyc-selection"], favourable=True, independent=True
    )
    assert pick(answer, "nyc_selection_impact_ratio", sex="f").value == pytest.approx(14 / 24)
    assert pick(answer, "nyc_selection_impact_ratio", race="y").value == pytest.approx(12 / 26)
    assert pick(answer, "nyc_selection_impact_ratio", sex="f", race="y").value == pytest.approx(4 / 16)
    assert not any("this is" in limit for limit in answer.limits)


# --- standard deviations --------------------------------------------------------------------------------------------


def test_castaneda(make_table):
    """870 jurors of a population 79.1 % Mexican-American: 688 expected, 339 seen, some 29 standard deviations."""
    rows = people({"Mexican-American": (339, 339), "other": (531, 531)})
    answer = rulebook(
        make_table(rows), groups=["race"], rules=["standard-deviations"], expected={"Mexican-American": 0.791},
        independent=True,
    )  # fmt: skip
    one = pick(answer, "standard_deviations", race="Mexican-American")
    assert round(-one.value) == 29
    assert one.high - one.value == pytest.approx(1.96, abs=0.001)


@pytest.mark.parametrize(
    ("hired", "black", "share", "least", "most"),
    [(282, 10, 0.154, 5, 6), (123, 5, 0.154, 3, 4), (405, 15, 0.154, 6, 7), (405, 15, 0.057, 0, 2)],
)
def test_hazelwood(make_table, hired, black, share, least, most):
    """Note 17: more than five, more than three, more than six standard deviations at 15.4 %; under two at 5.7 %."""
    rows = people({"black": (black, black), "other": (hired - black, hired - black)})
    answer = rulebook(
        make_table(rows), groups=["race"], rules=["standard-deviations"], expected={"black": share}, independent=True
    )
    one = pick(answer, "standard_deviations", race="black")
    assert least < -one.value < most
    assert ("as it stands met" in one.label) == (share == 0.057)


def test_two_samples_by_hand_and_by_the_chi_square(make_table):
    """The square of the number is Pearson's chi-square of the two by two table."""
    from scipy.stats import chi2_contingency

    answer = rulebook(
        make_table(people({"a": (48, 80), "b": (12, 40)})), groups=["race"], rules=["standard-deviations"],
        independent=True,
    )  # fmt: skip
    one = pick(answer, "standard_deviations", race="b")
    assert one.value**2 == pytest.approx(chi2_contingency([[48, 32], [12, 28]], correction=False).statistic)
    assert one.value < 0
    assert one.p == pytest.approx(chi2_contingency([[48, 32], [12, 28]], correction=False).pvalue, rel=0.02)


def test_repeated_people_are_no_more_evidence(make_table):
    """Ten copies of every person: by rows 3.1 standard deviations become 9.8, by people they stay."""
    columns = people({"a": (48, 80), "b": (12, 40)})
    columns["person"] = [str(k) for k in range(120)]
    ten = {name: [value for value in values for _ in range(10)] for name, values in columns.items()}
    by_rows = {name: values for name, values in ten.items() if name != "person"}
    kinds = {"groups": ["race"], "rules": ["standard-deviations"]}
    rows = pick(rulebook(make_table(by_rows), independent=True, **kinds), "standard_deviations", race="b")
    once = pick(rulebook(make_table(columns), **kinds), "standard_deviations", race="b")
    clustered = pick(rulebook(make_table(ten), **kinds), "standard_deviations", race="b")
    assert rows.value == pytest.approx(10**0.5 * once.value)
    assert clustered.value == pytest.approx(once.value, rel=0.1)


def test_false_alarms_of_two_standard_deviations(make_table):
    """Two groups treated alike: beyond two standard deviations in about 4.6 % of data sets."""
    random, alarms, runs = np.random.default_rng(8), 0, 150
    for _ in range(runs):
        cells = {"a": (int(random.binomial(200, 0.3)), 200), "b": (int(random.binomial(100, 0.3)), 100)}
        answer = rulebook(make_table(people(cells)), groups=["race"], rules=["standard-deviations"], independent=True)
        alarms += "not met" in pick(answer, "standard_deviations", race="a").label
    assert 0.0 <= alarms / runs < 0.11


# --- the rule book itself -------------------------------------------------------------------------------------------


def test_every_rule_is_complete_and_its_provision_is_in_the_catalogue():
    assert set(book()) >= {"four-fifths", "standard-deviations", "nyc-selection", "nyc-scoring", "sweden-step-1"}
    for rule in book().values():
        assert rule.notes and rule.source and rule.version and rule.authority
        assert not rule.provision or rule.provision in provisions()
        assert rule.origin.split(" ")[0].endswith(".toml")


GOOD = """
as_of = 2026-11-22

[[rules]]
id = "my-agency"
title = "my agency's threshold"
authority = "an imaginary agency"
version = "2025"
source = "its handbook, page 3"
statistic = "selection ratio"
limits = [{ kind = "ratio", at_least = 0.9 }]
"""


def test_a_users_own_rule(make_table, tmp_path):
    path = tmp_path / "my-agency.toml"
    path.write_text(GOOD, encoding="utf-8")
    answer = rulebook(
        make_table(people({"a": (50, 100), "b": (42, 100)})), groups=["race"], rules=[str(path)], favourable=True,
        independent=True,
    )  # fmt: skip
    one = pick(answer, "my_agency_impact_ratio", race="b")
    assert one.null == 0.9 and "as it stands not met" in one.label
    assert any("my-agency.toml (sha256" in limit and str(tmp_path) not in limit for limit in answer.limits)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("version =", "versoin =", r"rule my-agency: unknown key 'versoin'\. Nearest: version"),
        ('version = "2025"', "", r"my-agency: version is missing"),
        ('version = "2025"', "version = 2025", r"my-agency, version: this must be text"),
        ('id = "my-agency"', "", r"mine\.toml, rule 1: id is missing"),
        ("selection ratio", "selection rate", r"there is no statistic 'selection rate'\. Nearest: selection ratio"),
        ('kind = "ratio"', 'kind = "quotient"', r"limit 1: the kind is one of: difference, ratio"),
        ("at_least = 0.9", 'at_least = "0.9"', r"limit 1, at_least: this must be a number"),
        ("at_least = 0.9", "least = 0.9", r"limit 1: unknown key 'least'\. Nearest: at_least"),
        ("at_least = 0.9", "at_least = 0.9, above = 0.8", r"limit 1: say at_least or above"),
        (", at_least = 0.9", "", r"limit 1: say at_least or above"),
        ("[{ kind", "[1, { kind", r"limit 1: it is written as"),
        ("[[rules]]", "[[rule]]", r"mine\.toml: unknown key 'rule'\. Nearest: rules"),
        ("[[rules]]", "[[rules]", r"mine\.toml: not readable as TOML"),
        (GOOD, "as_of = 2026-11-22", r"mine\.toml: it holds no rule"),
    ],
)
def test_a_malformed_rule_is_refused_with_file_and_key(tmp_path, old, new, message):
    path = tmp_path / "mine.toml"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(AnswerableError, match=message):
        read_rules(path)


def test_unknown_rules_are_refused_with_the_nearest(tmp_path):
    with pytest.raises(ParameterError, match=r"no rule 'four-fifth'\. Nearest: four-fifths"):
        find_rules(["four-fifth"])
    with pytest.raises(ParameterError, match=r"there is no file .*nothing\.toml"):
        find_rules([str(tmp_path / "nothing.toml")])
    with pytest.raises(ParameterError, match="at least one of: "):
        find_rules([])
    with pytest.raises(ParameterError, match="twice"):
        find_rules(["four-fifths", "four-fifths"])


def test_what_cannot_be_answered_is_refused(make_table):
    table = people({"a": (5, 10), "b": (3, 10)})
    with pytest.raises(NotIdentified, match="--score COLUMN"):
        rulebook(make_table(table), groups=["race"], rules=["nyc-scoring"], independent=True)
    with pytest.raises(NotIdentified, match="one category only in race, race a"):
        rulebook(make_table(people({"a": (5, 10)})), groups=["race"], favourable=True, independent=True)
    many = people({f"g{k}": (1, 2) for k in range(60)})
    with pytest.raises(NotIdentified, match=r"Of 60 categories .* fewer than two hold 2 %"):
        rulebook(make_table(many), groups=["race"], rules=["nyc-selection"], favourable=True, independent=True)
    with pytest.raises(NotIdentified, match="outcome"):
        rulebook(make_table(table), groups=["race"], rules=["sweden-step-2"], independent=True)
    with pytest.raises(NotIdentified, match="--decided"):
        rulebook(make_table({"race": ["a", "b"]}), groups=["race"], favourable=True, independent=True)
    with pytest.raises(ParameterError, match="needs groups"):
        rulebook(make_table(table), groups=[], favourable=True)
    with pytest.raises(ParameterError, match="expected takes shares"):
        rulebook(make_table(table), groups=["race"], expected={"a": 12.0})
    with pytest.raises(ParameterError, match="expected: race has no group 'A'"):
        rulebook(make_table(table), groups=["race"], rules=["standard-deviations"], expected={"A": 0.5})


def test_without_a_unit_of_independence_the_outcome_stands_without_interval(make_table):
    answer = rulebook(make_table(people({"a": (50, 100), "b": (20, 100)})), groups=["race"], favourable=True)
    one = ratios(answer)["b"]
    assert one.value == pytest.approx(0.4) and not one.curve and "--independent" in one.reason
    assert not any("broken_by_chance" in one.name for one in answer.estimates)
