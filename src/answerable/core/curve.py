"""Confidence curves: one estimate's intervals on a ladder of levels, and what can be read off them.

A judge that allows for many comparisons needs each interval at a level known only when all p-values are known, and
p-values that say the same as the intervals. Both are read off one curve: the limits at a ladder of levels, joined by
straight lines in z = the normal quantile of the level (Birnbaum 1961; Schweder & Hjort 2016, ch. 3). A null value lies
outside the interval at level 1 - a exactly when its p-value is below a.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

LADDER = (0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9999, 0.99999, 1 - 1e-7)
"""Levels at which a curve is held; the steps in z are small enough for straight lines between them."""

_SAME = 1e-12


def ladder(level: float = 0.95) -> tuple[float, ...]:
    """The levels at which to hold a curve: the standard ladder and the wanted level, in rising order.

    Args:
        level: the wanted confidence level, above 0 and below 1.

    Raises:
        ValueError: when the level is not between 0 and 1.
    """
    if not 0 < level < 1:
        raise ValueError(f"A confidence level lies between 0 and 1, not at {level}.")
    return tuple(sorted({rung for rung in LADDER if abs(rung - level) > _SAME} | {level}))


def critical_value(level: float) -> float:
    """The normal quantile that a two-sided interval at this level uses: 1.96 for 0.95."""
    return NormalDist().inv_cdf((1 + level) / 2)


def curve_p_value(
    levels: Sequence[float],
    low: Sequence[float | None],
    high: Sequence[float | None],
    value: float,
    null: float,
) -> float:
    """Two-sided p-value of a null value: one minus the level at which the interval first reaches it.

    Args:
        levels: rising levels, shape (L,).
        low: lower limits at these levels, falling; None where there is none.
        high: upper limits at these levels, rising; None where there is none.
        value: the estimate.
        null: the value to be excluded.

    Returns:
        Between 1 - levels[-1] and 1. A null value that no held interval reaches gets 1 - levels[-1]: "at most".
    """
    if null == value:
        return 1.0
    below = null < value
    last_z, last_edge, last_level = 0.0, value, 0.0
    for level, edge in zip(levels, low if below else high, strict=True):
        if edge is None or math.isinf(edge):
            return 1 - last_level
        z = critical_value(level)
        if edge <= null if below else edge >= null:
            share = (null - last_edge) / (edge - last_edge)
            return math.erfc((last_z + share * (z - last_z)) / math.sqrt(2))
        last_z, last_edge, last_level = z, edge, level
    return 1 - last_level


def curve_interval(
    levels: Sequence[float], low: Sequence[float | None], high: Sequence[float | None], level: float
) -> tuple[float | None, float | None]:
    """The interval at any level, read off the curve.

    Args:
        levels: rising levels, shape (L,).
        low: lower limits at these levels; None where there is none.
        high: upper limits at these levels; None where there is none.
        level: the level to read. Below the first held level the first interval is returned; above the last no limits,
            because the curve says nothing there.

    Returns:
        Lower and upper limit; None where there is none.
    """
    for position, rung in enumerate(levels):
        if abs(rung - level) <= _SAME or (position == 0 and level < rung):
            return low[position], high[position]
        if level < rung:
            z, left, right = (critical_value(one) for one in (level, levels[position - 1], rung))
            share = (z - left) / (right - left)
            return (
                _between(low[position - 1], low[position], share),
                _between(high[position - 1], high[position], share),
            )
    return None, None


def _between(near: float | None, far: float | None, share: float) -> float | None:
    return None if near is None or far is None else near + share * (far - near)
