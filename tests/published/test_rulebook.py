"""Rules re-run on published data: the Swedish agency's own procedure, and impact ratios of COMPAS worked by hand."""

import csv

import pytest

import answerable

HALF = {
    "gender": ("sweden_vab2017_gender.csv", "Gender", lambda value: "M" if value == "M" else "K"),
    "income": ("sweden_vab2017_income.csv", "Income", lambda value: "low" if int(value) < 290_000 else "high"),
    "education": ("sweden_vab2017_education.csv", "Education", lambda v: "low" if v and float(v) <= 3 else "high"),
}
STEP_1 = {  # share of the random sample, of those selected, their ratio, as published; whether the agency's test is met
    ("gender", "M"): (43.94, 32.49, 0.74, True), ("gender", "K"): (56.06, 67.51, 1.20, True),
    ("income", "low"): (25.69, 50.83, 1.98, True), ("income", "high"): (74.31, 49.17, 0.66, True),
    ("education", "low"): (52.72, 78.57, 1.49, True), ("education", "high"): (47.28, 21.43, 0.45, False),
}  # fmt: skip
STEP_2 = {  # share of those selected in whom errors were found, minus the share of those selected, in points
    ("gender", "M"): 1.82, ("gender", "K"): -1.82, ("income", "low"): 2.13, ("income", "high"): -2.13,
    ("education", "low"): 2.66, ("education", "high"): -2.66,
}  # fmt: skip


@pytest.fixture(scope="module")
def asked(public_data, tmp_path_factory):
    """Both steps asked of each attribute, coded in two as the publication does."""
    found = {}
    for name, (file, column, coded) in HALF.items():
        path = tmp_path_factory.mktemp("sweden") / f"{name}.csv"
        with (public_data / "decisions" / file).open(encoding="utf-8", newline="") as lines:
            rows = [[r["Selection Method"], r["Result"], coded(r[column])] for r in csv.DictReader(lines)]
        with path.open("w", encoding="utf-8", newline="") as out:
            csv.writer(out).writerows([["how", "result", name], *rows])
        found[name] = answerable.ask(
            "decisions.rulebook",
            path,
            decided="how=High Risk,High High Risk,Follow-up Control/Random",
            outcome="result!=No Errors Found",
            groups=[name],
            rules=["sweden-step-1", "sweden-step-2"],
            independent=True,
        )
    return found


def pick(answered, name, of):
    (one,) = [f.estimate for f in answered.findings if f.estimate.name == name and dict(f.estimate.of) == of]
    return one


@pytest.mark.parametrize("place", STEP_1)
def test_the_first_step_as_published(asked, place):
    random, selected, ratio, met = STEP_1[place]
    name, group = place
    here = {name: group}
    shares = pick(asked[name], "sweden_step_1_share_of_the_decided", here)
    assert round(100 * shares.value, 2) == selected
    others = pick(asked[name], "sweden_step_1_share_of_the_others", here)
    assert round(100 * others.value, 2) == random
    one, gap = (pick(asked[name], f"sweden_step_1_{what}", here) for what in ("ratio_1", "difference_2"))
    assert round(one.value, 2) == ratio
    assert ("as it stands met" in one.label and "as it stands met" in gap.label) is met


@pytest.mark.parametrize("place", STEP_2)
def test_the_second_step_as_published(asked, place):
    name, group = place
    one = pick(asked[name], "sweden_step_2_difference_1", {name: group})
    assert 100 * one.value == pytest.approx(STEP_2[place], abs=0.011)
    assert "as it stands met" in one.label


def test_a_ratio_of_two_is_within_its_interval(asked):
    """People of low income are 1.98 times as frequent among those selected: met, and the data cannot tell."""
    one = pick(asked["income"], "sweden_step_1_ratio_1", {"income": "low"})
    assert one.low < 2 < one.high
    (finding,) = [f for f in asked["income"].findings if f.estimate is one]
    assert finding.verdict == "cannot tell"


def test_impact_ratios_of_compas_by_hand(public_data):
    """Low scores, as the favourable event: 1,522 of 3,696 African-American and 1,600 of 2,454 Caucasian defendants."""
    answered = answerable.ask(
        "decisions.rulebook",
        public_data / "decisions" / "compas_two_years_min.csv",
        decided="score_text=Medium,High",
        groups=["race"],
        where=["race=African-American,Caucasian"],
        rules=["four-fifths", "standard-deviations"],
        favourable=False,
        independent=True,
    )
    ratio = pick(answered, "four_fifths_impact_ratio", {"race": "African-American"})
    assert ratio.value == pytest.approx(1522 / 3696 / (1600 / 2454), rel=1e-12)
    harm = pick(answered, "four_fifths_harm_ratio", {"race": "African-American"})
    assert harm.value == pytest.approx(2174 / 3696 / (854 / 2454), rel=1e-12)
    (finding,) = [f for f in answered.findings if f.estimate is ratio]
    assert finding.verdict == "shown" and "as it stands not met" in finding.statement
    pooled = (2174 + 854) / (3696 + 2454)
    error = (pooled * (1 - pooled) * (1 / 3696 + 1 / 2454)) ** 0.5
    z = pick(answered, "standard_deviations", {"race": "African-American"})
    assert z.value == pytest.approx((2174 / 3696 - 854 / 2454) / error)
