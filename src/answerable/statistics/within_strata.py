"""Two groups compared within strata and pooled over them, by Mantel and Haenszel, for rows, people and weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from answerable.core.curve import critical_value

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from answerable.statistics.design import Design, Flags, Floats, Integers

Pooled = Literal["difference", "ratio", "odds ratio"]


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """A pooled comparison of two groups.

    Args:
        value: the pooled difference, ratio or odds ratio; None where no stratum can tell.
        curve: (level, low, high) at every level; empty where there is no interval.
        strata: how many strata hold both groups and so compare them.
        used: marks of the cells in those strata, shape (C,).
        reason: why there is no value, or no interval; empty otherwise.
    """

    value: float | None
    curve: tuple[tuple[float, float | None, float | None], ...]
    strata: int
    used: Flags
    reason: str = ""


def pooled(
    design: Design,
    events: tuple[Flags, Flags],
    rows: tuple[Flags, Flags],
    strata: Integers,
    *,
    kind: Pooled,
    levels: Sequence[float],
) -> Comparison:
    """The comparison of a group with a reference within strata, pooled over the strata that hold both.

    The variance comes from what the estimate would be without one row of each cell, added up over the independent
    units, so it holds for rows, for people with several rows and for weights, and in strata of few rows.

    Args:
        design: what the independent units contributed to C cells.
        events: marks of the cells with the event, of the group and of the reference, each of shape (C,).
        rows: marks of all cells of the group and of the reference; hold those with the event.
        strata: number of the stratum of each cell, shape (C,); below 0 for cells in none.
        kind: "difference" and "ratio" of proportions, or "odds ratio".
        levels: rising confidence levels.

    Source: Mantel & Haenszel 1959, J. Natl. Cancer Inst. 22; Greenland & Robins 1985, Biometrics 41 (differences and
        ratios); variance by leaving one out, Efron & Stein 1981, Ann. Statist. 9.
    """
    marks = np.stack([events[0], rows[0] & ~events[0], events[1], rows[1] & ~events[1]]).astype(np.float64)
    marks *= strata >= 0
    place = np.where(strata >= 0, strata, 0)
    tables = np.zeros((int(place.max(initial=0)) + 1, 4))
    np.add.at(tables, place, (marks * design.totals).T)
    used = (strata >= 0) & _holds_both(tables)[place] & (marks.sum(axis=0) > 0)
    number = int(np.count_nonzero(_holds_both(tables)))
    if not number:
        return Comparison(None, (), 0, used, "No stratum holds rows of both groups, so nothing can be compared.")
    above, below = (part.sum() for part in _terms(tables, kind))
    if below <= 0:
        return Comparison(None, (), number, used, "The reference has no events, or nothing else, within strata.")
    value = float(above / below)
    if kind != "difference" and value <= 0:
        return Comparison(value, (), number, used, "There are no events to compare, so the uncertainty is not known.")
    coefficients = _left_out(design, marks, tables, place, kind, (above, below))
    squares = float(design.products(coefficients[None, :], coefficients[None, :])[0])
    units = float(design.units(used[None, :])[0])
    error = np.sqrt(max(squares, 0.0) * units / max(units - 1, 1.0))
    if error <= 0:
        return Comparison(value, (), number, used, "Events do not vary within strata, so there is no interval.")
    return Comparison(value, _curve(value, float(error), kind, levels), number, used)


def _holds_both(tables: Floats) -> Flags:
    return np.asarray((tables[:, 0] + tables[:, 1] > 0) & (tables[:, 2] + tables[:, 3] > 0))


def _terms(tables: Floats, kind: Pooled) -> tuple[Floats, Floats]:
    """What each stratum adds above and below the line of the pooled comparison."""
    a, b, c, d = np.moveaxis(tables, -1, 0)
    total = a + b + c + d
    safe = np.where(total > 0, total, 1.0)
    if kind == "odds ratio":
        return a * d / safe, b * c / safe
    if kind == "ratio":
        return a * (c + d) / safe, c * (a + b) / safe
    return (a * (c + d) - c * (a + b)) / safe, (a + b) * (c + d) / safe


def _left_out(
    design: Design,
    marks: Floats,
    tables: Floats,
    place: NDArray[np.integer],
    kind: Pooled,
    sums: tuple[np.floating, np.floating],
) -> Floats:
    """What one unit of weight in each cell moves the comparison by; of its logarithm where it is a ratio."""
    rows = np.maximum(design.counts, 1)
    weight = np.where(design.totals > 0, design.totals / rows, 1.0)
    touched = (marks.sum(axis=0) > 0) & (design.totals > 0)
    without = np.maximum(tables[place] - (marks * weight).T, 0.0)
    old, new = _terms(tables[place], kind), _terms(without, kind)
    above, below = (total + after - before for total, before, after in zip(sums, old, new, strict=True))
    full = float(sums[0] / sums[1])
    left = np.divide(above, below, out=np.full(len(rows), full), where=below > 0)
    moved = full - left if kind == "difference" else np.log(full) - np.log(np.where(left > 0, left, full / np.e))
    return np.asarray(np.where(touched, moved / weight, 0.0))


def _curve(
    value: float, error: float, kind: Pooled, levels: Sequence[float]
) -> tuple[tuple[float, float | None, float | None], ...]:
    steps: list[tuple[float, float | None, float | None]] = []
    for level in levels:
        reach = critical_value(level) * error
        ends = (
            (value - reach, value + reach) if kind == "difference" else (value * np.exp(-reach), value * np.exp(reach))
        )
        low, high = (max(-1.0, ends[0]), min(1.0, ends[1])) if kind == "difference" else ends
        steps.append((float(level), float(low), float(high) if np.isfinite(high) else None))
    return tuple(steps)
