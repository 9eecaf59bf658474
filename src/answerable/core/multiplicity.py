"""Adjustment for many comparisons: adjusted p-values, and the level at which each interval has to be read.

Both say the same: with the levels returned here, an interval excludes its null value exactly when the adjusted p-value
is at most alpha.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HOW = ("holm", "benjamini-hochberg", "benjamini-yekutieli", "none")
"""The adjustments known: Holm 1979, Benjamini & Hochberg 1995, Benjamini & Yekutieli 2001, none."""


def adjust(p_values: Sequence[float], how: str = "holm") -> list[float]:
    """p-values adjusted for the number of comparisons in the family, in the order given.

    Args:
        p_values: the family's p-values, each between 0 and 1.
        how: "holm" bounds the chance of a single false alarm whatever the dependence; "benjamini-hochberg" the expected
            share of false alarms among the alarms when the tests are independent or positively dependent;
            "benjamini-yekutieli" the same share whatever the dependence; "none" leaves them as they are.

    Raises:
        ValueError: unknown adjustment.

    Source: Holm 1979, Scand. J. Statist. 6; Benjamini & Hochberg 1995, JRSS B 57; Benjamini & Yekutieli 2001,
        Ann. Statist. 29.
    """
    factors = _factors(len(p_values), how)
    if how == "none":
        return list(p_values)
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    scaled = [min(1.0, p_values[index] * factor) for index, factor in zip(order, factors, strict=True)]
    falling = list(accumulate(reversed(scaled), min))[::-1]
    kept = list(accumulate(scaled, max)) if how == "holm" else falling
    adjusted = [0.0] * len(p_values)
    for index, value in zip(order, kept, strict=True):
        adjusted[index] = value
    return adjusted


def levels(p_values: Sequence[float], how: str = "holm", alpha: float = 0.05) -> list[float]:
    """The confidence level at which to read each interval so that it agrees with the adjusted p-value.

    Holm: the i-th smallest of m p-values is read at 1 - alpha / (m - i + 1); from the first that fails on, all are read
    at the level that one failed at. False discovery rate: with R rejected, the selected are read at 1 - R alpha / (m c)
    (the false coverage rate of Benjamini & Yekutieli 2005; c = 1, or the sum of 1/i for "benjamini-yekutieli"), the
    others at the level of the first threshold that none of them met, 1 - (R + 1) alpha / (m c).

    Args:
        p_values: the family's p-values.
        how: as in adjust.
        alpha: one minus the wanted level.

    Returns:
        One level for each p-value, in the order given.

    Raises:
        ValueError: unknown adjustment.

    Source: Holm 1979; Benjamini & Yekutieli 2005, JASA 100, sec. 4.
    """
    factors = _factors(len(p_values), how)
    adjusted = adjust(p_values, how)
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    rejected = sum(value <= alpha for value in adjusted)
    read = [0.0] * len(p_values)
    for position, index in enumerate(order):
        step = min(position, rejected) if how == "holm" else rejected - (position < rejected)
        read[index] = 1 - alpha / factors[step]
    return read


def _factors(count: int, how: str) -> list[float]:
    """What the i-th smallest p-value is multiplied by; alpha over it is its threshold."""
    harmonic = sum(1 / rank for rank in range(1, count + 1))
    formulas: dict[str, Callable[[int], float]] = {
        "holm": lambda rank: count - rank + 1,
        "benjamini-hochberg": lambda rank: count / rank,
        "benjamini-yekutieli": lambda rank: count * harmonic / rank,
        "none": lambda rank: 1.0,
    }
    if how not in formulas:
        raise ValueError(f"Unknown adjustment {how!r}; known: {', '.join(HOW)}.")
    return [formulas[how](rank) for rank in range(1, count + 1)]
