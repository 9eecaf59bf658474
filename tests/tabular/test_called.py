"""Groups under names that readers understand."""

import pytest

import answerable
from answerable.areas.decisions.read.decisions import read_decisions
from answerable.errors import MappingError


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "decisions.csv"
    rows = [f"{'yes' if n % 3 else 'no'},{'a' if n % 2 else 'b'},{20 + n}" for n in range(60)]
    path.write_text("\n".join(["deny,grp,age", *rows]))
    return path


def test_columns_and_values_have_other_names_and_the_account_says_so(duck, file):
    called = {"grp": "applicant", "grp:a": "Black", "age:<25": "young"}
    reading = read_decisions(duck, file, decided="deny=yes", groups=["grp", "age<25"], called=called)
    rows = duck.collect(reading.rows)
    assert set(rows["applicant"]) == {"Black", "b"} and set(rows["age"]) == {"young", ">=25"}
    assert reading.given == {"groups": ["applicant", "age"]}
    assert reading.account.values["applicant"] == {"a": "Black"}
    assert "young" in reading.account.values["age"].values()
    assert any("'applicant'" in note and "'grp'" in note for note in reading.account.notes)


def test_a_question_is_asked_and_answered_by_these_names(file):
    words = {"decided": "deny=yes", "groups": ["grp"], "independent": True, "metrics": ["selection_rate"]}
    called = {"grp": "applicant", "grp:a": "Black", "grp:b": "white"}
    result = answerable.ask("decisions.disparity", file, called=called, reference={"applicant": "white"}, **words)
    assert {tuple(f.estimate.of.items()) for f in result.findings} == {(("applicant", "Black"),)}
    assert "applicant Black" in str(result)


def test_values_of_one_name_become_one_group(duck, file):
    called = {"grp:a": "both", "grp:b": "both"}
    reading = read_decisions(duck, file, decided="deny=yes", groups=["grp"], called=called)
    assert set(duck.collect(reading.rows)["grp"]) == {"both"}
    assert reading.account.values["grp"] == {"a": "both", "b": "both"}


@pytest.mark.parametrize(
    ("called", "message"),
    [
        ({"gpr": "applicant"}, "names no column of this table. Nearest: grp"),
        ({"grp:c": "Black"}, "no row has the value 'c'"),
        ({"grp:a": "b"}, "'b' is a value of 'grp' already"),
        ({"grp": "decided"}, "two columns would be called 'decided'"),
        ({"grp": "person"}, "two columns would be called 'person'"),
        ({"grp": " "}, "needs a name"),
    ],
)
def test_what_cannot_be_called_so(duck, file, called, message):
    with pytest.raises(MappingError, match=message):
        read_decisions(duck, file, decided="deny=yes", groups=["grp"], called=called)
