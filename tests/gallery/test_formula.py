"""Arithmetic over figures: what it knows, and that it knows nothing else."""

import math

import pytest

from answerable.errors import CaseError
from answerable.gallery.formula import evaluate


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a + b * 2", 5.0),
        ("(a - b) / -b", 0.5),
        ("exp(a) / (1 + exp(a))", math.e / (1 + math.e)),
        ("round(b / 3, 2)", 0.67),
        ("1.5", 1.5),
    ],
)
def test_arithmetic(text, value):
    assert evaluate(text, {"a": 1.0, "b": 2.0}) == pytest.approx(value, rel=1e-15)


@pytest.mark.parametrize(
    "text",
    ["c", "a ** b", "__import__('os')", "a.real", "exp(a, b)", "round(a)", "round(a, b)", "'a'", "a if b else a", "a b",
     "a / (b - 2)", "exp(1000)", "[a]", "", "exp(x=a)"],
)  # fmt: skip
def test_nothing_else(text):
    with pytest.raises(CaseError):
        evaluate(text, {"a": 1.0, "b": 2.0})
