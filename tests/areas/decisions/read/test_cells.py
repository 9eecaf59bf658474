"""Reading published tables of counts: what hides a count, and what is an error."""

import pytest

from answerable.areas.decisions.read.cells import read_cells
from answerable.core.engine import collect
from answerable.errors import EvidenceError, MappingError

TEXT = """group,metric,count
a,TP,120
a,FP,{hidden}
b,TP,80
b,FP,12
"""
WORDS = {"count": "count", "decided": "metric=TP,FP", "outcome": "metric=TP/FP", "groups": ["group"]}


@pytest.fixture
def read(tmp_path, duck):
    def read(text, **words):
        path = tmp_path / "cells.csv"
        path.write_text(text, encoding="utf-8")
        return read_cells(duck, path, **{**WORDS, **words})

    return read


def rows(reading):
    return collect(reading.rows.order_by("group", "outcome"))


@pytest.mark.parametrize(("mark", "words"), [("0", ["0"]), ("*", ["*"]), ("<10", ["<10"]), ("", None), ("", ["0"])])
def test_what_hides_a_count(read, mark, words):
    if words == ["0"] and mark == "":
        found = rows(read(TEXT.format(hidden="") + "c,TP,0\nc,FP,11\n", hidden=words))
        assert found["hidden"] == [True, False, False, False, False, True]
        return
    reading = read(TEXT.format(hidden=mark), hidden=words)
    found = rows(reading)
    assert found["hidden"] == [True, False, False, False]
    assert found["count"][1:] == [120, 12, 80]
    assert reading.account.values["hidden"] == dict.fromkeys([*(words or []), "(empty)"], "yes")


def test_several_marks_at_once(read):
    text = TEXT.format(hidden="*") + "c,TP,0\nc,FP,<10\n"
    assert rows(read(text, hidden=["*", "0", "<10"]))["hidden"] == [True, False, False, False, True, True]


def test_a_group_of_the_same_name_as_the_mark_stays(read):
    """Amsterdam writes 0 for hidden counts and for groups."""
    found = rows(read(TEXT.replace("a,", "0,").format(hidden="0"), hidden=["0"]))
    assert sorted(set(found["group"])) == ["0", "b"]


def test_zeros_are_zeros_unless_said_otherwise(read):
    found = rows(read(TEXT.format(hidden="0")))
    assert found["hidden"] == [False] * 4
    assert found["count"][0] == 0


def test_groups_under_names_that_people_understand(read):
    found = rows(read(TEXT.format(hidden="0"), hidden=["0"], called={"group:a": "women"}))
    assert set(found["group"]) == {"women", "b"}
    assert found["hidden"].count(True) == 1


@pytest.mark.parametrize(
    ("mark", "words", "error", "says"),
    [
        ("<10", {}, EvidenceError, r"row 2, column 'count': '<10' is not a number"),
        ("4.5", {}, EvidenceError, "row 2, column 'count'.*whole number"),
        ("-3", {}, EvidenceError, "row 2, column 'count'.*hidden="),
        ("3", {"hidden": ["0"]}, MappingError, "no row has the value '0'"),
        ("3", {"count": "count=3"}, MappingError, "count takes a column as it is"),
        ("3", {"count": "cuont"}, MappingError, "Nearest: count"),
        ("3", {"outcome": "metric=TP/FN"}, MappingError, "'FN'"),
    ],
)
def test_what_does_not_fit_is_said_with_its_place(read, mark, words, error, says):
    with pytest.raises(error, match=says):
        read(TEXT.format(hidden=mark), **words)
