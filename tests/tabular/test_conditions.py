"""The words of a mapping, and how they are misunderstood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.errors import MappingError
from answerable.tabular.conditions import Condition, parse_condition


@pytest.mark.parametrize(
    ("text", "column", "sign", "values", "others"),
    [
        ("race", "race", "", (), None),
        (" Selection Method ", "Selection Method", "", (), None),
        ("#3", "#3", "", (), None),
        ("a=1", "a", "=", ("1",), None),
        ("a = b , c", "a", "=", ("b", "c"), None),
        ("a=25 - 45", "a", "=", ("25 - 45",), None),
        ("Education=1,2,3/4,5,6", "Education", "=", ("1", "2", "3"), ("4", "5", "6")),
        ('"a=b"="N/A",\'x, y\'/no', "a=b", "=", ("N/A", "x, y"), ("no",)),
        ("score_text!=N/A", "score_text", "!=", ("N/A",), None),
        ("a!=b,c", "a", "!=", ("b", "c"), None),
        ("score>=5", "score", ">=", ("5",), None),
        ("d<2014-04-01", "d", "<", ("2014-04-01",), None),
        ("d > 5", "d", ">", ("5",), None),
        ("d<=-5.5", "d", "<=", ("-5.5",), None),
        ("Driver's race=White", "Driver's race", "=", ("White",), None),
        ("a=O'Brien,D'Arcy", "a", "=", ("O'Brien", "D'Arcy"), None),
        ("Is it so?!", "Is it so?!", "", (), None),
        ("a=b=c", "a", "=", ("b=c",), None),
        ("a/b=1", "a/b", "=", ("1",), None),
    ],
)
def test_conditions(text, column, sign, values, others):
    assert parse_condition(text) == Condition(text, column, sign, values, others)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no column can be made out"),
        ("=3", "no column can be made out"),
        ("a=", "a value is empty; what is empty is missing already"),
        ("a=b,", "a value is empty; what is empty is missing already"),
        ("a=b/", "a value is empty; what is empty is missing already"),
        ("a=/b", "a value is empty; what is empty is missing already"),
        ("a=1/2/3", 'a slash parts yes from no, once; a value that holds one is put in quotes ("N/A")'),
        ("a=1,1", "a value stands twice"),
        ("a=1/1", "a value stands twice"),
        ('a="x"y', "a quotation mark is not closed, or text follows it"),
        ('a="x', "a quotation mark is not closed, or text follows it"),
        ("a>", "the bound is missing"),
    ],
)
def test_what_is_not_clear(text, why):
    with pytest.raises(MappingError) as caught:
        parse_condition(text)
    assert str(caught.value) == (
        f"{text!r} is not clear: {why}. Conditions look like column, column=value,value, column=yes/no or column>=5."
    )


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters='"'), min_size=1, max_size=9)


@given(NAMES, st.lists(NAMES, min_size=2, max_size=4, unique=True))
def test_quotation_marks_protect_any_sign(column, values):
    text = f'"{column}"=' + ",".join(f'"{value}"' for value in values[1:]) + f'/"{values[0]}"'
    assert parse_condition(text) == Condition(text, column, "=", tuple(values[1:]), (values[0],))
