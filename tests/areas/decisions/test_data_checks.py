"""Checks of data: what is found, and how often something is raised where chance alone is at work."""

import datetime
import random

import pytest

from answerable.asking import ask
from answerable.errors import NotIdentified, ParameterError


@pytest.fixture
def asked(tmp_path):
    def found(columns, **words):
        file = tmp_path / "records.csv"
        names = [name.rstrip("+") for name in columns]
        lines = [",".join(names), *(",".join(map(str, row)) for row in zip(*columns.values(), strict=True))]
        file.write_text("\n".join(lines) + "\n")
        result = ask("decisions.data_checks", file, **words)
        return [finding.observation for finding in result.findings if finding.observation is not None]

    return found


def clean(rng, rows=600):
    """Columns that have nothing to do with each other, as a register holds them."""
    start = datetime.date(2013, 1, 1)
    days = [start + datetime.timedelta(days=rng.randrange(500)) for _ in range(rows)]
    return {
        "case id": list(range(1, rows + 1)),
        "day": days,
        "sex": [rng.choice("KM") for _ in days],
        "race": [rng.choice(["A", "A", "B", "C", "D"]) for _ in days],
        "arm": [rng.choice(["random", "risk", "high risk"]) for _ in days],
        "result": [rng.choice(["none", "error", "error", "open"]) for _ in days],
        "flag": [rng.choice("YN") for _ in days],
        "outcome": [rng.choice(["1", "0", "0", ""]) for _ in days],
        "age": [rng.randrange(18, 80) for _ in days],
        "visits": [rng.choice([0, 0, 0, 1, 1, 2, 3, 4, 7, 12]) for _ in days],
        "amount": [round(rng.gauss(100, 20), 2) for _ in days],
    }


def test_hardly_anything_is_raised_where_chance_alone_is_at_work(asked):
    """The chance is shared out over all columns, values and places: 1 % by default."""
    rng = random.Random(7)
    raised = [one.what for _ in range(12) for one in asked(clean(rng)) if one.fields.get("column") != "result"]
    assert raised == []


def test_an_outcome_that_is_decided_by_when_a_case_was_looked_at(asked):
    columns = clean(random.Random(1))
    late = datetime.date(2014, 4, 1)
    both = list(zip(columns["day"], columns["outcome"], strict=True))
    columns["outcome"] = ["1" if day > late else value or "0" for day, value in both]
    (only,) = [one for one in asked(columns) if "time" in one.fields]
    last = max(day for day, value in zip(columns["day"], columns["outcome"], strict=True) if value == "0")
    rows = sum(day > last for day in columns["day"])
    assert (only.fields["column"], only.fields["side"], only.fields["rows"]) == ("outcome", "after", rows)
    assert only.row == 1 + min(
        (day, row) for row, day in enumerate(columns["day"]) if str(day) > only.fields["boundary"]
    )[1]  # fmt: skip


def test_a_label_of_one_arm_only(asked):
    rng = random.Random(2)
    columns = clean(rng)
    columns["result"] = [
        "investigated" if arm == "high risk" and rng.random() < 0.4 else value
        for arm, value in zip(columns["arm"], columns["result"], strict=True)
    ]
    (only,) = [one for one in asked(columns) if "labels" in one.fields]
    assert (only.fields["column"], only.fields["arm_value"], only.strength) == ("result", "high risk", "strong")
    assert only.fields["labels"] == {"investigated": columns["result"].count("investigated")}


def test_nested_columns_and_ordered_numbers_are_no_labels_of_one_arm(asked):
    columns = clean(random.Random(3))
    columns["district"] = [f"{borough}{number % 3}" for number, borough in enumerate(columns["race"])]
    columns["band"] = ["young" if age < 30 else "middle" if age < 60 else "old" for age in columns["age"]]
    columns["level"] = [min(9, age // 8) for age in columns["age"]]
    assert not [one for one in asked(columns) if "labels" in one.fields]


def test_missing_values_by_group(asked):
    columns = clean(random.Random(4))
    columns["score"] = ["" if arm == "random" else age for arm, age in zip(columns["arm"], columns["age"], strict=True)]
    (only,) = [one for one in asked(columns) if one.fields.get("column") == "score"]
    assert (only.fields["group"], only.fields["shares"]["random"], only.strength) == ("arm", 1.0, "strong")


def test_a_group_for_whom_there_is_one_outcome_only(asked):
    columns = clean(random.Random(5))
    columns["flag"] = [
        "Y" if race == "D" else flag for race, flag in zip(columns["race"], columns["flag"], strict=True)
    ]
    (only,) = [one for one in asked(columns) if one.fields.get("group") == "race"]
    assert (only.fields["column"], only.fields["value"]) == ("flag", "D")


def test_values_in_disguise(asked):
    columns = clean(random.Random(6), 300)
    columns["result"][4] = "(null)"
    columns["amount"][9] = " "
    columns["constant"] = [1] * 300
    found = {(one.fields["column"], one.row, one.strength) for one in asked(columns) if "value" in one.fields}
    assert {("result", 5, "heuristic"), ("amount", 10, "strong"), ("constant", 0, "strong")} <= found


def test_names_that_stand_twice_and_rows_that_do(asked):
    columns = clean(random.Random(8), 60)
    columns["sex+"] = columns["sex"][::-1]
    columns = {name: [*values, values[7], values[7]] for name, values in columns.items()}
    found = asked(columns)
    assert any("2 columns are called 'sex' (#3, #12)" in one.what for one in found)
    (rows,) = [one for one in found if one.what.startswith("2 rows repeat")]
    assert rows.row == 62


def test_counts_that_were_hidden_as_zero(asked):
    rng = random.Random(9)
    counts = [rng.randrange(0, 60) for _ in range(300)]
    hidden = [0 if count < 10 else count for count in counts]
    assert not [one for one in asked({"cell": counts}) if "zeros" in one.fields]
    (only,) = [one for one in asked({"cell": [*hidden, 10]}) if "zeros" in one.fields]
    assert (only.fields["zeros"], only.fields["least"]) == (hidden.count(0), 10)


def test_rounded_numbers(asked):
    rng = random.Random(10)
    ages = [rng.randrange(18, 90) for _ in range(900)]
    guessed = [round(age, -1) if rng.random() < 0.4 else age for age in ages]
    assert not [one for one in asked({"age": ages}) if "step" in one.fields]
    assert [one.fields["step"] for one in asked({"age": guessed}) if "step" in one.fields] == [10]


def test_days_that_do_not_exist_or_come_too_late(asked):
    columns = clean(random.Random(11), 100)
    columns["day"][3], columns["day"][8] = "2013-02-31", "0013-05-01"
    found = {(one.what.split(" with a day ")[-1], one.row) for one in asked(columns) if "with a day" in one.what}
    assert found == {("that the calendar does not have.", 4), ("before 1900.", 9)}
    columns["day"][3], columns["day"][8] = "2013-02-01", "2020-01-01"
    (only,) = [one for one in asked(columns, obtained="2019-12-31") if "with a day" in one.what]
    assert (only.row, "after the file was obtained" in only.what) == (9, True)


def test_weights_that_cannot_be(asked):
    columns = clean(random.Random(12), 100)
    columns["weight"] = [1.5] * 98 + [-1, 90000]
    found = [one for one in asked(columns) if one.fields.get("column") == "weight" and "weight that" in one.what]
    assert [one.row for one in found] == [99]
    assert any("decides alone" in one.what for one in asked(columns))


def test_bad_input_says_what_to_do(asked, make_table):
    from answerable.areas.decisions.measures.data_checks import data_checks

    columns = clean(random.Random(13), 20)
    for words in ({"chance": 0.5}, {"fields": ["absent"]}, {"obtained": "yesterday"}):
        with pytest.raises(ParameterError):
            asked(columns, **words)
    with pytest.raises(NotIdentified, match="no column"):
        data_checks(make_table({"exhibit": ["e"], "row": [1]}))
