"""What a published table says of its uncertainty: replicates without spread, levels unstated, errors of simulation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from answerable.core.estimate import Observation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from answerable.areas.decisions.measures.recompute.columns import Checked
    from answerable.areas.decisions.measures.recompute.grid import Array, Column, Grid

_LEVELS = {80: 1.2816, 90: 1.6449, 95: 1.9600, 99: 2.5758}
_LOW = {"low", "lower", "lo", "lcl", "lb", "ll"}
_HIGH = {"high", "upper", "hi", "ucl", "ub", "ul"}
_ERROR = re.compile(r"(^|_)(se|sem|stderr|std_err(or)?|standard_error)(_|$)")
_REPLICATES = {"replicates", "bootstraps", "resamples", "iterations", "draws", "nboot", "boot", "simulations"}
_INTERVAL = {"ci", "interval", "conf", "confidence", "bound", "limit", "p", "q", "pct", "percentile", "quantile"}
_LEAST_REPLICATES = 20
_TOLERANCE = 0.05  # bootstrap quantiles and standard errors do not agree to the last digit
_CLOSE = 0.01  # ends and spread of the same replicates do
_FAR_TOO_SMALL = 5.0


def check_replicates(grid: Grid) -> Iterator[Observation]:
    """Rows that should differ by chance, and are the same in every number: resampling that did not resample."""
    labels = [column.texts for column in grid.labels]
    sets: dict[tuple[str | None, ...], list[int]] = {}
    for row in range(len(grid.rows)):
        sets.setdefault(tuple(texts[row] for texts in labels), []).append(row)
    running = [column for column in grid.numeric if column.whole and len(set(column.numbers)) == len(grid.rows)]
    columns = [column for column in grid.numeric if column not in running]
    fine = [column for column in columns if column.decimals is None or column.decimals >= 6]
    for label, rows in sets.items():
        if len(rows) < _LEAST_REPLICATES or not fine or not all(_constant(column.numbers[rows]) for column in columns):
            continue
        spread = max(float(np.nanstd(column.numbers[rows])) for column in fine)
        whose = f" of {', '.join(filter(None, label))}" if any(label) else ""
        yield Observation(
            what=f"All {len(rows):,} rows{whose} hold the same numbers in all {len(columns):,} columns of numbers, to "
            f"the last printed digit (largest standard deviation {spread:.1g}). If they are replicates of a "
            "resampling, it did not resample: intervals made of them have no width.",
            exhibit=grid.exhibit,
            table=grid.table,
            row=grid.rows[rows[0]],
            strength="strong",
            benign="The file may repeat one result on purpose.",
            fields={"column": ", ".join(column.name for column in fine), "rows": len(rows), "spread": spread},
        )


def _constant(numbers: Array) -> bool:
    known = numbers[np.isfinite(numbers)]
    return known.size == len(numbers) and float(np.ptp(known)) <= 1e-12 * float(np.max(np.abs(known), initial=0))


@dataclass(frozen=True)
class Interval:
    """Two columns that are the ends of an interval.

    Args:
        low, high: the columns. words: what else their names say. stated: levels that the names state, in percent.
    """

    low: Column
    high: Column
    words: frozenset[str]
    stated: frozenset[int]

    def half(self) -> tuple[Array, Array]:
        """The smallest and largest half width that the printed ends allow."""
        width = (self.high.vector.value - self.low.vector.value) / 2
        slack = (self.high.vector.slack + self.low.vector.slack) / 2
        return width - slack, width + slack


def check_uncertainty(grid: Grid, replicates: int | None, checked: Checked) -> Iterator[Observation]:
    """Intervals against standard errors, and against the counts that they rest on."""
    errors = [column for column in grid.numeric if _ERROR.search("_".join(column.words))]
    times = next((c for c in grid.numeric if _REPLICATES & set(c.words) and c.whole), None)
    drawn = times.numbers if times is not None else np.full(len(grid.rows), float(replicates or np.nan))
    for interval in _intervals(grid):
        error = _belonging(errors, interval)
        name = f"{interval.low.name} to {interval.high.name}"
        if error is not None:
            levels, simulated = _levels(interval, error.vector.value, error.vector.slack, drawn)
        else:
            levels, simulated = _levels_by_counts(grid, interval), ""
        if simulated:
            assert error is not None
            yield _simulation(grid, interval, error, simulated)
        if not levels:
            checked.missing[name] = "the level of the interval cannot be told from the other columns"
            continue
        checked.agree[f"{name} as {' or '.join(map(str, levels))} % interval"] = len(grid.rows)
        if (interval.stated and not interval.stated & set(levels)) or not (interval.stated or 95 in levels):
            yield _level(grid, interval, levels, error is not None and len(grid.rows) >= 3)


def _intervals(grid: Grid) -> Iterator[Interval]:
    for low in grid.numeric:
        for high in grid.numeric:
            ends = _ends(low, high)
            if ends is None or low is high:
                continue
            rest, stated = ends
            level = next(
                (c for c in grid.numeric if {"level", "confidence"} & set(c.words) and c not in (low, high)), None
            )
            if level is not None and np.nanmax(level.numbers) <= 100:
                said = {round(value * (100 if value <= 1 else 1)) for value in set(level.numbers) if value > 0}
                stated = stated | (said & set(_LEVELS))
            yield Interval(low, high, rest, stated)


def _ends(low: Column, high: Column) -> tuple[frozenset[str], frozenset[int]] | None:
    """What the names of two columns say beside "low" and "high", where they are a pair; and the levels in them."""
    ours, theirs = set(low.words), set(high.words)
    if ours & _LOW and theirs & _HIGH and ours - _LOW == theirs - _HIGH:
        rest = ours - _LOW
        words = frozenset(word for word in rest - _INTERVAL if word.isalpha())
        return words, frozenset(level for level in _LEVELS if str(level) in rest)
    mine, its = _percentile(ours - theirs), _percentile(theirs - ours)
    if mine is not None and its is not None and 0 < mine < 50 < its and abs(mine + its - 100) < 1e-9:
        return frozenset(ours & theirs - _INTERVAL), frozenset({round(its - mine)})
    return None


def _percentile(words: set[str]) -> float | None:
    numbers = [word for word in words if re.fullmatch(r"\d+(\.\d+)?", word)]
    if len(numbers) != 1 or words - set(numbers) - _INTERVAL:
        return None
    if len(numbers[0]) == 3 and numbers[0].startswith(("0", "9")):
        return float(numbers[0]) / 10  # q025, q975
    return float(numbers[0])


def _belonging(errors: list[Column], interval: Interval) -> Column | None:
    """The standard error that stands beside an interval: the only one, or the one of its name."""
    alike = [error for error in errors if interval.words and interval.words <= set(error.words)]
    if len(errors) == 1 or len(alike) == 1:
        return (alike or errors)[0]
    return None


def _levels(interval: Interval, error: Array, slack: Array, drawn: Array) -> tuple[list[int], str]:
    """The levels that the interval may have by its standard error; and what that is, where it is one of simulation."""
    least, most = interval.half()
    with np.errstate(divide="ignore", invalid="ignore"):
        low, high = least / (error + slack), most / np.maximum(error - slack, 1e-300)
    if np.nanmedian(low) < _FAR_TOO_SMALL:
        return [level for level, z in _LEVELS.items() if _within(z, low, high)], ""
    for factor, text in ((1.96, "1.96 standard deviations / the root of the number of replicates"),
                         (1.0, "the standard deviation / the root of the number of replicates")):  # fmt: skip
        scale = np.sqrt(drawn) / factor
        levels = [level for level, z in _LEVELS.items() if _within(z, low / scale, high / scale, _CLOSE)]
        if levels:
            return levels, f"it is {text}"
    return [], "no level makes such an interval of it; it may be"


def _within(z: float, low: Array, high: Array, tolerance: float = _TOLERANCE) -> bool:
    known = np.isfinite(low) & np.isfinite(high)
    inside = (low[known] <= z * (1 + tolerance)) & (high[known] >= z * (1 - tolerance))
    return bool(known.any()) and float(inside.mean()) >= 0.9


def _levels_by_counts(grid: Grid, interval: Interval) -> list[int]:
    """The levels that the interval of a proportion may have by the number of cases that it rests on."""
    sizes = [c for c in grid.numeric if c.counts and {"n", "size", "total", "count"} & set(c.words)]
    between = [
        c
        for c in grid.numeric
        if c not in (interval.low, interval.high)
        and np.all((interval.low.numbers <= c.numbers) & (c.numbers <= interval.high.numbers))
        and (not interval.words or interval.words & set(c.words))
    ]
    if len(sizes) != 1 or len(between) != 1 or np.nanmax(between[0].numbers) > 100:
        return []
    unit = 100.0 if np.nanmax(between[0].numbers) > 1 else 1.0
    share, n = between[0].numbers / unit, sizes[0].numbers
    enough = n * share * (1 - share) >= 5
    if enough.sum() < 2:
        return []
    least, most = (half[enough] / unit for half in interval.half())
    error = np.sqrt(share * (1 - share) / n)[enough]
    return [level for level, z in _LEVELS.items() if _within(z, least / error, most / error)]


def _level(grid: Grid, interval: Interval, levels: list[int], sure: bool) -> Observation:
    fits = " or ".join(f"{level} %" for level in levels)
    said = " or ".join(f"{level} %" for level in sorted(interval.stated))
    problem = f"are called {said} intervals" if said else "do not say their level"
    return Observation(
        what=f"Columns {interval.low.name!r} and {interval.high.name!r} {problem}, but their width is that of {fits} "
        f"intervals; readers take an interval for one of 95 %, which would be wider.",
        exhibit=grid.exhibit,
        table=grid.table,
        row=grid.rows[0],
        strength="strong" if sure else "heuristic",
        benign="The level may be stated in the text around the table.",
        fields={"column": f"{interval.low.name}, {interval.high.name}", "published": said, "recomputed": fits,
                "formula": "half the width / the standard error"},
    )  # fmt: skip


def _simulation(grid: Grid, interval: Interval, error: Column, what: str) -> Observation:
    row = int(np.flatnonzero(np.isfinite(error.numbers))[0])
    width = (interval.high.numbers[row] - interval.low.numbers[row]) / 2
    right = {level: width / z for level, z in _LEVELS.items()}
    value = right[90]
    low, high = right[95], right[90]
    return Observation(
        what=f"Row {grid.rows[row]:,}, column {error.name!r}: {error.texts[row]} is not the standard error of an "
        f"estimate with the interval {interval.low.texts[row]} to {interval.high.texts[row]}, which is {low:.4f} if "
        f"that is a 95 % interval and {high:.4f} if it is one of 90 %: {what}, the error of the simulation, which "
        "shrinks with more replicates and says nothing of the data.",
        exhibit=grid.exhibit,
        table=grid.table,
        row=grid.rows[row],
        strength="strong",
        fields={
            "column": error.name,
            "published": error.texts[row],
            "recomputed": float(value),
            "difference": float(error.numbers[row] - value),
            "formula": what,
        },
    )
