"""Numbers in words."""

import pytest

from answerable.core.words import count_text, group_text, interval_text, number_text, significant


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.44848, "proportion", "44.85 %"),
        (0.0, "proportion", "0.00 %"),
        (0.00026, "proportion", "0.026 %"),
        (-0.2140, "difference of proportions", "-21.40 points"),
        (1.9123, "ratio", "1.91"),
        (123456.7, "ratio", "123,457"),
        (None, "ratio", "no bound"),
    ],
)
def test_numbers(value, unit, text):
    assert number_text(value, unit) == text


def test_intervals_with_open_ends():
    assert interval_text(0.1, 0.2, "proportion") == "10.00 to 20.00 %"
    assert interval_text(1.5, None, "ratio") == "at least 1.50"
    assert interval_text(None, 2.0, "ratio") == "at most 2.00"


def test_groups_and_counts():
    assert group_text({}) == "everybody"
    assert group_text({"race": "White", "sex": "Male"}) == "race White, sex Male"
    assert count_text(1, "row") == "1 row"
    assert count_text(2000, "person", "people") == "2,000 people"


def test_significant_digits():
    assert significant(0.00012345) == "0.000123"
    assert significant(1e-9) == "1.00e-09"
