"""Two published results that turn on how rows are counted: a rule for the outcome, and rows that are all of one kind.

The Swedish parental-benefit audit (Lighthouse Reports and Svenska Dagbladet 2024) counts 'Control Investigation' and
'No Control Investigation' as errors. COMPAS (Larson et al. 2016) keeps, of people screened after 1 April 2014, only
those who reoffended.
"""

import pytest

import answerable

PUBLISHED = "Result=Errors Found,Control Investigation,No Control Investigation"
STRICT = "Result=Errors Found"
GAPS = {  # file: words that make the groups, group, gap as published, gap of errors alone
    "income": ({"groups": ["Income>=290000"]}, ">=290000", -0.042, -0.001),
    "gender": ({"groups": ["Gender"]}, "M", 0.041, 0.067),
    # Unknown education stands among the high, as published: everybody but the low.
    "education": ({"groups": ["Education=1.0,2.0,3.0"], "references": ["rest"]}, "1.0,2.0,3.0", 0.078, 0.027),
}
AFTER = "compas_screening_date>2014-04-01"


def ask(file, **words):
    found = answerable.ask("decisions.sensitivity", file, **words)
    return found, {(f.estimate.name, *f.estimate.of.values()): f for f in found.findings}


@pytest.fixture(scope="module")
def sweden(public_data):
    def of(name, **words):
        return ask(
            public_data / "decisions" / f"sweden_vab2017_{name}.csv",
            labels=[PUBLISHED, STRICT],
            where=["Selection Method!=Random"],
            metric="base_rate",
            independent=True,
            **GAPS[name][0] | words,
        )

    return of


@pytest.mark.parametrize("name", GAPS)
def test_the_gap_by_both_rules(sweden, name):
    _, group, published, strict = GAPS[name]
    found, _ = sweden(name)
    series = next(one for one in found.series if list(one.of.values()) == [group])
    values = {point.choices["outcome"]: point.value for point in series.points}
    assert values[PUBLISHED] == pytest.approx(published, abs=0.0006)
    assert values[STRICT] == pytest.approx(strict, abs=0.0006)


def test_the_rule_for_the_outcome_is_named_as_the_choice_that_undoes_the_income_gap(sweden):
    """Among four choices, of which three do not matter, and without being told where."""
    _, found = sweden(
        "income",
        level=0.9,
        exclusions=["Risk Score>=0.3", "Selection Method=Follow-up Control"],
        references=["Income=<290000", "rest"],
    )
    group = ">=290000"
    headline = found["base_rate_difference", group]
    assert headline.verdict == "shown"
    assert headline.estimate.value == pytest.approx(-0.042, abs=0.0006)
    undone = found["base_rate_difference_single_changes_that_change_the_verdict", group]
    assert undone.estimate.events == 1
    assert f"(rule for the outcome: {STRICT})" in undone.statement
    decisive = found["base_rate_difference_verdict_changes_by_outcome", group]
    assert decisive.estimate.value == 1
    assert "more than of any other choice" in decisive.statement
    others = [f for (name, one), f in found.items() if "verdict_changes_by_exclusion" in name and one == group]
    assert others
    assert all(f.estimate.value == 0 for f in others)


def test_the_interval_of_errors_alone(sweden):
    """Published re-computation: 0.001 [-0.020, 0.023] at 90 %."""
    found, _ = sweden("income", level=0.9)
    series = next(one for one in found.series if list(one.of.values()) == [">=290000"])
    point = next(point for point in series.points if point.choices["outcome"] == STRICT)
    assert (-point.high, -point.low) == pytest.approx((-0.020, 0.023), abs=0.0025)


def test_the_gender_gap_grows(sweden):
    _, found = sweden("gender")
    assert found["base_rate_difference", "M"].estimate.value == pytest.approx(0.041, abs=0.0006)
    assert found["highest_base_rate_difference", "M"].estimate.value == pytest.approx(0.067, abs=0.0006)
    assert found["base_rate_difference_specifications_beyond_adjusted", "M"].estimate.value == 1


@pytest.fixture(scope="module")
def compas(public_data):
    def of(metric, groups="race", reference="race=Caucasian"):
        found, _ = ask(
            public_data / "decisions" / "compas_two_years_min.csv",
            labels=["two_year_recid=1"],
            decisions=["score_text=Medium,High"],
            exclusions=[AFTER],
            groups=[groups],
            references=[reference],
            person="id",
            metric=metric,
        )
        return {one.of["race"]: {p.choices[f"rows with {AFTER}"]: p for p in one.points} for one in found.series}

    return of


def test_rows_after_april_2014_change_the_precision(compas):
    points = compas("PPV")["African-American"]
    kept, out = points["kept"], points["left out"]
    assert kept.value == pytest.approx(0.630 - 0.591, abs=0.001)
    assert out.value == pytest.approx(0.546 - 0.486, abs=0.001)
    assert (kept.events / kept.n, out.events / out.n) == pytest.approx((0.630, 0.546), abs=0.0005)


def test_they_do_not_change_the_false_positive_rate(compas):
    """All of them reoffended, so leaving them out counts the very same rows: one specification, not two."""
    found = compas("FPR")
    assert {"African-American", "Hispanic", "Other"} <= set(found)
    assert all(list(points) == ["kept"] for points in found.values())


def test_the_base_rate_without_them(compas):
    found = compas("base_rate", groups="race=African-American", reference="rest")
    for treatment, rate in (("kept", 0.451), ("left out", 0.362)):
        points = [one[treatment] for one in found.values()]
        assert sum(p.events for p in points) / sum(p.n for p in points) == pytest.approx(rate, abs=0.0005)
