"""A signature as an interface: what is given as text, as TOML or as Python means the same."""

from collections.abc import Mapping, Sequence
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.core.signature import parameters, parse_all, split_list
from answerable.errors import ParameterError


def example(
    table,
    *,
    groups: Sequence[str],
    reference: Literal["largest", "overall"] | Mapping[str, str] = "largest",
    bands: Sequence[float] | None = None,
    sizes: Mapping[str, float] | None = None,
    number: int = 3,
    level: float = 0.95,
    sure: bool = False,
    known: bool | None = None,
):
    """Do something.

    Args:
        groups: the columns
            of the groups.
        level: how sure.
    """


def parse(**given):
    return parse_all(parameters(example), {"groups": "a", **given}, of="example")


@pytest.mark.parametrize(
    ("given", "parsed"),
    [
        ({"groups": "race,sex"}, ("race", "sex")),
        ({"groups": ["race", "sex"]}, ("race", "sex")),
        ({"groups": ["Black, other", "age"]}, ("Black, other", "age")),
        ({"groups": "age<25"}, ("age<25",)),
        ({"groups": "level=1,2,3"}, ("level=1,2,3",)),
        ({"groups": ["race", "level=1,2"]}, ("race", "level=1,2")),
        ({"groups": '"a, b",c'}, ("a, b", "c")),
    ],
)
def test_lists(given, parsed):
    assert parse(**given)["groups"] == parsed


@pytest.mark.parametrize(
    ("given", "parsed"),
    [
        ("overall", "overall"),
        ("race=White,sex=Male", {"race": "White", "sex": "Male"}),
        (["race=White", "sex=Male"], {"race": "White", "sex": "Male"}),
        (["race=Black, other"], {"race": "Black, other"}),
        ({"race": "White"}, {"race": "White"}),
        ('race="Black, other"', {"race": "Black, other"}),
    ],
)
def test_a_choice_or_pairs(given, parsed):
    assert parse(reference=given)["reference"] == parsed


def test_numbers_and_yes_or_no():
    assert parse(bands="1,2.5")["bands"] == (1.0, 2.5)
    assert parse(sizes="ratio=1.25")["sizes"] == {"ratio": 1.25}
    assert parse(number="4", level="0.9", sure="yes", known="no") | {} == {
        **parse(), "number": 4, "level": 0.9, "sure": True, "known": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"number": "many"},
        {"number": float("inf")},
        {"number": "inf"},
        {"sizes": 5},
        {"number": 2.5},
        {"number": True},
        {"level": "high"},
        {"sure": "perhaps"},
        {"reference": "largst"},
        {"sizes": "ratio=big"},
        {"bands": "1,x"},
    ],
)
def test_a_value_of_the_wrong_type_says_what_is_meant(wrong):
    name = next(iter(wrong))
    with pytest.raises(ParameterError, match=f"{name} takes "):
        parse(**wrong)


def test_unknown_and_missing_parameters():
    with pytest.raises(ParameterError, match=r"no parameter 'group'\. Nearest: groups"):
        parse(group="a")
    with pytest.raises(ParameterError, match="needs groups: the columns of the groups"):
        parse_all(parameters(example), {}, of="example")


@given(st.lists(st.text("abc ,=", min_size=1).filter(lambda text: text.strip() == text), max_size=5))
def test_quoted_lists_are_split_at_the_right_commas(items):
    assert split_list(",".join(f'"{item}"' for item in items)) == items
