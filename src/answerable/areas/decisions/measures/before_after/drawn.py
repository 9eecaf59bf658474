"""What is drawn of a series: the rates, the fitted line, and the line that the time before would have led to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from answerable.areas.decisions.measures.before_after.lines import UNCHANGED
from answerable.areas.decisions.measures.before_after.periods import IN_A_YEAR, Periods, Sums
from answerable.core.estimate import Point, Series
from answerable.statistics.interrupted_series import segments
from answerable.statistics.scores import normal_quantiles, wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from answerable.areas.decisions.measures.before_after.lines import Line
    from answerable.areas.decisions.measures.before_after.periods import Settings

    Floats = NDArray[np.floating[Any]]
    Flags = NDArray[np.bool_]


def drawn(
    periods: Periods,
    everybody: Line,
    groups: list[Line],
    gaps: list[Line],
    inside: Flags,
    outside: Flags | None,
    change: str,
    settings: Settings,
) -> tuple[Series, ...]:
    """Rates by period of everybody, the comparison and each group; gaps; the fitted and the carried-on line."""
    common: dict[str, Any] = {
        "axis": periods.length,
        "axis_unit": "date",
        "level": settings.level,
        "marks": {"change": change},
    }
    label = periods.metric.label
    made = [_rates(periods, periods.sums(inside), {}, "rate_by_period", label, common, everybody)]
    if outside is not None:
        compared = dict(settings.comparison) or UNCHANGED
        made.append(_rates(periods, periods.sums(outside), compared, "rate_by_period", label, common, None))
    for line in groups:
        sums = periods.sums(inside & periods.group(line.of))
        made.append(_rates(periods, sums, line.of, "rate_by_period", label, common, line if outside is None else None))
    for line in gaps:
        points = tuple(
            Point(x=start.isoformat(), value=float(value) if np.isfinite(value) else None, n=int(n))
            for start, value, n in zip(periods.starts, line.values, line.n, strict=True)
        )
        unit = "difference of proportions"
        made.append(
            Series(name="gap_by_period", label=label, of=line.of, against=line.against, unit=unit, null=0.0,
                   points=points, **common)
        )  # fmt: skip
    return (*made, *_fitted(periods, everybody, label, common, settings, compared=outside is not None))


def _rates(
    periods: Periods, sums: Sums, of: Any, name: str, label: str, common: dict[str, Any], line: Line | None
) -> Series:
    """Observed rates, with Wilson's intervals as wide as the rates scatter about their line."""
    spread = max(1.0, line.dispersion or 1.0) if line is not None else None
    known = np.isfinite(sums.rates) & (sums.n > 0)
    low, high = np.full((2, len(sums.n)), np.nan)
    if spread is not None and known.any():
        quantiles = normal_quantiles(np.array([common["level"]]))
        ends = wilson(np.clip(sums.rates[known], 0, 1), sums.n[known] / spread, quantiles)
        low[known], high[known] = ends[0][:, 0], ends[1][:, 0]
    points = tuple(
        Point(
            x=start.isoformat(), value=_number(rate), low=_number(down), high=_number(up), n=int(n), events=int(events)
        )
        for start, rate, down, up, n, events in zip(
            periods.starts, sums.rates, low, high, sums.n, sums.events, strict=True
        )
    )
    how = "" if spread is None else f"Wilson, as wide as the rates scatter: {spread:.2f} times the variance of counting"
    return Series(name=name, label=label, of=of, unit="proportion", points=points, interval=how, **common)


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _fitted(
    periods: Periods, line: Line, label: str, common: dict[str, Any], settings: Settings, *, compared: bool
) -> list[Series]:
    """The fitted line, and from the change on the earlier line carried on, with its interval."""
    if line.regression is None:
        return []
    times = np.arange(len(periods.starts), dtype=float)
    matrix = segments(times, line.change, waves=settings.seasons, year=IN_A_YEAR[periods.length])
    after = matrix[:, 2] > 0
    without = matrix.copy()
    without[:, 2:4] = 0.0
    unit = "difference of proportions" if compared else "proportion"
    made = []
    for name, rows, chosen in (("fitted_line", matrix, np.ones_like(after)), ("carried_on", without, after)):
        points = []
        for start, row in zip(np.array(periods.starts)[chosen].tolist(), rows[chosen], strict=True):
            value, ((low, high),) = line.regression.limits(row, [settings.level])
            points.append(Point(x=start.isoformat(), value=value, low=low, high=high))
        words = "fitted line" if name == "fitted_line" else "earlier line carried on"
        beyond = ", less that of the comparison" if compared else ""
        made.append(
            Series(name=name, label=f"{words} of the {label}{beyond}", of={}, unit=unit, points=tuple(points),
                   interval="segmented regression", **common)
        )  # fmt: skip
    return made
