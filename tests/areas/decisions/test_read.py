"""Reading decisions: the public files as they are, traps included, and the words of the mapping."""

import pytest

from answerable.areas.decisions.read.decisions import read_decisions
from answerable.areas.decisions.tables import DECISIONS
from answerable.core.signature import parameters
from answerable.core.table import Account, reader_of
from answerable.errors import EvidenceError, MappingError


@pytest.fixture
def read(duck, public_data):
    """A function that reads a public file and gives account and cells: {key: how many rows}."""

    def count(name, by, **words):
        reading = read_decisions(duck, public_data / "decisions" / name, **words)
        rows = reading.rows
        cells = duck.collect(rows.group_by(by).aggregate(n=rows.count()))
        keys = zip(*(cells[name] for name in by), strict=True)
        return reading.account, dict(zip(keys, cells["n"], strict=True))

    return count


def test_compas_gives_the_published_truth_tables(read):
    """ProPublica 2016: all 7,214 and by race; Low is unflagged."""
    account, cells = read(
        "compas_two_years_min.csv",
        ["race", "decided", "outcome"],
        decided="score_text=High,Medium/Low",
        outcome="two_year_recid=1",
        groups=["race"],
        person="id",
    )
    assert (account.rows, account.left_out, account.refused) == (7214, 0, ())
    assert account.columns == ("id", "race", "score_text", "two_year_recid")
    assert account.values["outcome"] == {"1": "yes", "0": "no"}
    table = [(False, False), (True, False), (False, True), (True, True)]
    assert [cells["African-American", *cell] for cell in table] == [990, 805, 532, 1369]
    assert [cells["Caucasian", *cell] for cell in table] == [1139, 349, 461, 505]
    assert [sum(n for (_, *cell), n in cells.items() if tuple(cell) == one) for one in table] == [
        2681,
        1282,
        1216,
        2035,
    ]


def test_compas_as_filtered_for_the_published_models(read):
    """ProPublica's filter leaves 6,172 of 7,214; 307 of those left out have no number of days."""
    words = {"where": ["days_b_screening_arrest<=30", "days_b_screening_arrest>=-30"], "groups": ["race"]}
    account, cells = read("compas_two_years_min.csv", ["race"], decided="is_recid", **words)
    assert sum(cells.values()) == 6172
    assert account.left_out == 7214 - 6172
    assert account.values["decided"] == {"1": "yes", "0": "no"}


def test_compas_before_the_date_after_which_only_recidivists_were_kept(read):
    account, cells = read(
        "compas_two_years_min.csv",
        ["outcome"],
        decided="score_text=High,Medium",
        outcome="two_year_recid",
        time="compas_screening_date",
        where=["compas_screening_date<=2014-04-01"],
    )
    assert account.left_out == 998
    assert round(cells[True,] / sum(cells.values()), 3) == 0.362
    assert account.values["time"] == {"YYYY-MM-DD": "time in UTC"}


def test_new_york_writes_null_as_text(read):
    words = {"decided": "FRISKED_FLAG", "groups": ["SUSPECT_RACE_DESCRIPTION"], "stratum": "STOP_LOCATION_PRECINCT"}
    account, cells = read("nyc_sqf2020_min.csv", ["SUSPECT_RACE_DESCRIPTION"], **words)
    assert cells["(null)",] == 74
    declared, cells = read("nyc_sqf2020_min.csv", ["SUSPECT_RACE_DESCRIPTION"], **words, missing=["(null)"])
    assert cells["(missing)",] == 74
    assert account.values["decided"] == declared.values["decided"] == {"Y": "yes", "N": "no"}
    assert declared.notes == (
        "74 rows with '(null)' in column 'SUSPECT_RACE_DESCRIPTION' taken as missing, as declared.",
    )


def test_the_swedish_blanks_are_missing_scores(read, duck):
    words = {"score": "Risk Score", "arm": "Selection Method", "decided": "Result=Errors Found/No Errors Found"}
    everybody = {"where": ["Result=Errors Found,No Errors Found"]}
    with pytest.raises(EvidenceError, match="'Control Investigation' is neither a value for yes nor one for no"):
        read("sweden_vab2017_gender.csv", ["Gender"], groups=["Gender"], **words)
    account, cells = read("sweden_vab2017_gender.csv", ["Gender", "arm"], groups=["Gender"], **words, **everybody)
    assert account.left_out == 759 + 86
    assert account.notes == ("1,202 rows with nothing but blanks in column 'Risk Score' taken as missing.",)
    assert {gender for gender, _ in cells} == {"K", "M"}


def test_swedish_groups_made_by_conditions(read):
    _, cells = read("sweden_vab2017_income.csv", ["Income"], decided="Result=Errors Found", groups=["Income<290000"])
    assert set(cells) == {("<290000",), (">=290000",)}
    assert sum(cells.values()) == 6129
    words = {"decided": "Result=Errors Found", "groups": ["Education=1.0,2.0,3.0/4.0,5.0,6.0"]}
    with pytest.raises(EvidenceError) as caught:
        read("sweden_vab2017_education.csv", ["Education"], **words)
    assert "'9.0' is neither a value for yes nor one for no" in str(caught.value)
    assert "(48 rows are like it)" in str(caught.value)
    _, cells = read("sweden_vab2017_education.csv", ["Education"], **words, missing=["9.0"])
    assert cells["(missing)",] == 51


def test_kenyan_counts(read, duck, public_data):
    reading = read_decisions(
        duck,
        public_data / "decisions" / "kenya_pmt_group_fairness_kchs.csv",
        decided="Exclusion Sig=*,**,***",
        groups=["Attribute"],
        count="FN",
    )
    rows = reading.rows
    starred = duck.collect(rows.aggregate(n=rows.count(where=rows.decided), people=rows["count"].sum()))
    assert starred["n"] == [65]
    assert starred["people"][0] > 0
    assert reading.rows.schema()["count"].is_integer()


def test_amsterdam_cells(read):
    account, cells = read(
        "amsterdam_slimmecheck_cells.csv",
        ["decided", "outcome"],
        decided="Metric=TP,FP/TN,FN",
        outcome="Metric=TP,FN/TN,FP",
        count="Value",
        groups=["Feature_Value"],
        stratum="Feature",
        where=["Model=BR"],
    )
    assert set(cells.values()) == {account.rows // 8}


def test_weights_have_to_be_above_zero(read):
    with pytest.raises(EvidenceError) as caught:
        read("sweden_vab2017_gender.csv", ["Gender"], groups=["Gender"], weight="Risk Score")
    assert str(caught.value) == (
        "sweden_vab2017_gender.csv, row 19, column 'Risk Score': '0' is not above 0 (456 rows are like it). "
        "Leave such rows out with where=..., or ask what they stand for."
    )


def test_a_mistyped_group(read):
    with pytest.raises(MappingError) as caught:
        read("compas_two_years_min.csv", ["race"], decided="score_text=High", groups=["Race"])
    assert str(caught.value) == "compas_two_years_min.csv has no column 'Race'. Nearest: race, age."


def test_every_word_has_a_meaning_for_the_command_line():
    words = parameters(reader_of(DECISIONS))
    assert [word.name for word in words[:4]] == ["decided", "outcome", "groups", "called"]
    assert all(word.meaning for word in words)
    assert not any(word.required for word in words)


def test_the_account_survives_json(read):
    account, _ = read("compas_two_years_min.csv", ["race"], decided="score_text=High", groups=["race"])
    assert Account.from_json(account.as_json()) == account


def test_rows_keep_their_numbers_only_where_that_is_asked_for(duck, tmp_path):
    file = tmp_path / "cases.csv"
    file.write_text("granted,sex\nno,f\nyes,m\nno,m\n")
    words = {"decided": "granted=no", "groups": ["sex"], "where": ["sex=m"]}
    assert duck.collect(read_decisions(duck, file, numbered=True, **words).rows)["row_number"] == [2, 3]
    assert "row_number" not in read_decisions(duck, file, **words).rows.columns


def test_a_table_of_confusion_matrices(duck, tmp_path):
    file = tmp_path / "published.csv"
    file.write_text("group,TP,FP,FN,TN,note\na,10,20,5,65,x\nb,0,3,4,93,y\n")
    reading = read_decisions(duck, file, confusion=["TP", "FP", "FN", "TN"], groups=["group"])
    rows = duck.collect(reading.rows)
    found = {
        key: n
        for *key, n in zip(*(rows[name] for name in ("group", "decided", "outcome", "count")), strict=True)
        for key in [tuple(key)]
    }
    assert found["a", True, True], found["a", False, True] == (10, 5)
    assert (found["b", True, True], found["b", False, False], len(found)) == (0, 93, 8)
    assert reading.account.rows == 2 and reading.account.unread == ("note",)
    assert reading.account.values["count"] == {
        "TP": "count of TP",
        "FP": "count of FP",
        "FN": "count of FN",
        "TN": "count of TN",
    }


FOUR = ["TP", "FP", "FN", "TN"]


@pytest.mark.parametrize("more", [{"confusion": FOUR[:2]}, {"decided": "TP=1", "confusion": FOUR}])
def test_a_confusion_matrix_has_four_columns_and_stands_alone(duck, tmp_path, more):
    file = tmp_path / "published.csv"
    file.write_text("group,TP,FP,FN,TN\na,1,2,3,4\n")
    with pytest.raises(MappingError, match="in the order TP,FP,FN,TN"):
        read_decisions(duck, file, groups=["group"], **more)
