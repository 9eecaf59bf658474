"""Amsterdam's Smart Check (Lighthouse Reports 2025), without its pilot: 384 cells, of which the city hid 33 as 0.

The city hid counts from 1 to 9, and where one of the four cells of a row was so small, the second lowest too. Features
that are recorded of everybody divide the same people, so that what one table hides another gives away. What follows so
is worked out here when the test runs, and written down nowhere.
"""

import csv

import pytest

import answerable

WORDS = {
    "count": "Value",
    "hidden": "0",
    "decided": "Metric=TP,FP/TN,FN",
    "outcome": "Metric=TP,FN/TN,FP",
    "groups": "Feature_Value",
    "metrics": ["false_positive_share", "FDR", "selection_rate"],
    "whole": True,
}
NAMES = ("false_positive_share", "false_discovery_rate", "selection_rate")
PUBLISHED = {  # men and women: shares in percent
    "BR": ((15.87, 13.21), (38.87, 34.10), (40.84, 38.75)),
    "AR": ((11.83, 9.29), (37.79, 30.59), (31.31, 30.36)),
}
COMPLETE = "Feature=IsFulltimeParent,IsParttimeParent,Leeftijd<30,Leeftijd<40,Leeftijd<50"


@pytest.fixture(scope="module")
def file(public_data):
    return public_data / "decisions" / "amsterdam_slimmecheck_cells.csv"


def ask(file, *where, **words):
    return answerable.ask("decisions.suppressed", file, where=list(where), **{**WORDS, **words})


def pick(result, name, group, **of):
    found = [
        finding.estimate
        for finding in result.findings
        if finding.estimate.name.removesuffix("_bounds") == name
        and dict(finding.estimate.of) == {**of, "Feature_Value": group}
    ]
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("model", PUBLISHED)
def test_gender_before_and_after(file, model):
    result = ask(file, "Dataset=Prepilot", f"Model={model}", "Feature=geslacht", reference={"Feature_Value": "M"})
    for name, shares in zip(NAMES, PUBLISHED[model], strict=True):
        for group, published in zip("MV", shares, strict=True):
            one = pick(result, name, group)
            assert round(100 * one.value, 2) == published
            assert one.calculated
    gap = pick(result, "false_discovery_rate_difference", "V")
    assert gap.value < 0, "published with the wrong sign, for the men's false positive rate was subtracted"


@pytest.mark.parametrize(("model", "dutch", "other"), [("BR", 34.59, 53.04), ("AR", 28.54, 37.10)])
def test_flagged_by_nationality(file, model, dutch, other):
    result = ask(file, "Dataset=Prepilot", f"Model={model}", "Feature=IsNederlands")
    assert round(100 * pick(result, "selection_rate", "1").value, 2) == dutch
    assert round(100 * pick(result, "selection_rate", "0").value, 2) == other


def subtracted(file, dataset, model, feature):
    """The hidden counts of the small group of a feature: those of everybody less those of the others."""
    found = {}
    with file.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if (row["Dataset"], row["Model"]) == (dataset, model):
                sign = {"Leeftijd<30": 1, feature: -(row["Feature_Value"] == "0")}.get(row["Feature"], 0)
                found[row["Metric"]] = found.get(row["Metric"], 0) + sign * int(row["Value"])
    return found


def test_hidden_cells_of_one_table_have_bounds(file):
    """Full-time parents in the test data, where the city hid FP and TP."""
    four = subtracted(file, "TrainingTest", "BR", "IsFulltimeParent")
    where = ("Dataset=TrainingTest", "Model=BR", "Feature=IsFulltimeParent")
    result = ask(file, *where, further="second lowest")
    one = pick(result, "false_discovery_rate", "1")
    flagged = four["FP"] + four["TP"]
    assert one.value is not None and one.low < four["FP"] / flagged < one.high
    share = pick(result, "selection_rate", "1")
    assert share.low < flagged / sum(four.values()) < share.high


def test_what_the_city_hid_follows_from_its_own_totals(file):
    """With features that are recorded of everybody, every hidden count follows from the other features' totals."""
    result = ask(file, COMPLETE, controls=["Dataset", "Model", "Feature"], divides="Feature", further="any")
    assert result.coverage.looked_at["hidden counts"] == 27
    assert "27 of 27 can be worked out exactly" in result.coverage.missing["count"]
    four = subtracted(file, "TrainingTest", "BR", "IsFulltimeParent")
    of = {"Dataset": "TrainingTest", "Model": "BR", "Feature": "IsFulltimeParent"}
    one = pick(result, "false_discovery_rate", "1", **of)
    assert one.value == pytest.approx(four["FP"] / (four["FP"] + four["TP"]))
    assert one.interval == "follows exactly from what is shown"


def test_counts_above_nine_are_hidden_and_ties_are_hidden_together(file):
    """Part-time parents after reweighing: one count is small, and two that tie as the second lowest are not."""
    four = subtracted(file, "TrainingTrain", "AR", "IsParttimeParent")
    assert sum(count < 10 for count in four.values()) == 1
    assert sorted(four.values())[1] == sorted(four.values())[2] > 9
    where = ("Dataset=TrainingTrain", "Model=AR", "Feature=IsParttimeParent")
    true = (four["FP"] + four["TP"]) / sum(four.values())
    ruled = pick(ask(file, *where, further="second lowest"), "selection_rate", "1")
    assert ruled.low <= true <= ruled.high
    nine = pick(ask(file, *where, further="none"), "selection_rate", "1")
    assert nine.high < ruled.high, "the trap: no hidden count above 9"


def test_every_row_that_hides_fits_the_rule_of_the_city(file):
    """In every table alone, bounds by the rule hold what follows from the totals of all of them."""
    exact = ask(file, COMPLETE, controls=["Dataset", "Model", "Feature"], divides="Feature")
    ruled = ask(file, COMPLETE, controls=["Dataset", "Model", "Feature"], further="second lowest", largest_hidden=100)
    checked = 0
    for one in (finding.estimate for finding in exact.findings):
        if one.against is None and "Feature_Value" in one.of and one.interval.startswith("follows"):
            bounds = pick(ruled, one.name, one.of["Feature_Value"], **{k: v for k, v in one.of.items() if k != "Feature_Value"})  # fmt: skip  # noqa: E501
            assert bounds.low - 1e-12 <= one.value <= bounds.high + 1e-12
            checked += 1
    assert checked > 10


def test_tables_that_leave_people_out_contradict_those_that_do_not(file):
    """Two people have no recorded gender: gender and age do not divide the same people, and it is said."""
    from answerable.errors import NotIdentified

    with pytest.raises(NotIdentified, match="differ by 1"):
        ask(file, "Dataset=Prepilot", "Model=BR", "Feature=geslacht,Leeftijd<30",
            controls=["Feature"], divides="Feature")  # fmt: skip


def test_the_file_is_what_this_page_says(file):
    with file.open(encoding="utf-8", newline="") as lines:
        values = [row["Value"] for row in csv.DictReader(lines)]
    assert (len(values), values.count("0")) == (384, 33)
