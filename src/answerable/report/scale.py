"""The axis of an interval chart: where a number stands, in percent of its width, and which numbers get a tick."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from answerable.report.entries import Entry

_EDGE = 3.0
_MOST_TICKS = 6


@dataclass(frozen=True, slots=True)
class Scale:
    """An axis from `low` to `high`, linear or logarithmic."""

    low: float
    high: float
    logarithmic: bool

    def at(self, value: float | None, missing: float) -> float:
        """Position in percent from the left; values beyond the axis stand at its edge, None at `missing`."""
        if value is None or (self.logarithmic and value <= 0):
            return missing if value is None else 0.0
        low, high, here = (math.log(one) if self.logarithmic else one for one in (self.low, self.high, value))
        share = (here - low) / (high - low)
        return min(100.0, max(0.0, _EDGE + (100 - 2 * _EDGE) * share))

    def holds(self, value: float | None) -> bool:
        """Whether the value lies on the axis."""
        return value is not None and 0.0 < self.at(value, 0.0) < 100.0

    def ticks(self) -> list[float]:
        """At most six round numbers on the axis."""
        if self.logarithmic:
            decades = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
            for steps in ((1, 1.5, 2, 3, 5, 7), (1, 2, 5), (1, 3), (1,)):
                found = [step * 10.0**decade for decade in decades for step in steps]
                inside = [float(f"{tick:.6g}") for tick in found if self.low <= tick <= self.high]
                if len(inside) <= _MOST_TICKS:
                    break
            if len(inside) >= 3:
                return inside[:: math.ceil(len(inside) / _MOST_TICKS)]
        return _round_numbers(self.low, self.high)


def scale_for(entries: Sequence[Entry], lines: Sequence[float]) -> Scale:
    """An axis for the estimates of the entries and for reference lines; ratios stand on a logarithmic one.

    Interval ends may widen the axis to three times what the estimates and lines span; what reaches further is cut
    with an arrow, so that one wide interval does not flatten all others.
    """
    logarithmic = all(entry.unit == "ratio" for entry in entries)
    estimates = [entry for entry in entries if entry.value is not None]
    to_axis = math.log if logarithmic else float
    core = [
        to_axis(value)
        for value in [*(e.value for e in estimates), *lines]
        if value is not None and (value > 0 or not logarithmic)
    ]
    ends = [
        (to_axis(e.low), to_axis(e.high))
        for e in estimates
        if e.low is not None and e.high is not None and (e.low > 0 or not logarithmic)
    ]
    if not core:
        return Scale(0.5, 2.0, True) if logarithmic else Scale(0.0, 1.0, False)
    reach = max(max(core) - min(core), statistics.median(high - low for low, high in ends) if ends else 0.0)
    low = max(min([*core, *(low for low, _ in ends)]), min(core) - reach)
    high = min(max([*core, *(high for _, high in ends)]), max(core) + reach)
    if high - low < 1e-9:
        low, high = low - 0.1, high + 0.1
    if logarithmic:
        return Scale(math.exp(low), math.exp(high), True)
    if all(entry.unit == "proportion" for entry in entries) and 0 < low < (high - low):
        low = 0.0
    return Scale(low, high, False)


def _round_numbers(low: float, high: float) -> list[float]:
    rough = (high - low) / (_MOST_TICKS - 1)
    magnitude = 10.0 ** math.floor(math.log10(rough))
    step = next(one for one in (magnitude, 2 * magnitude, 5 * magnitude, 10 * magnitude) if one >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    return [float(f"{place * step:.6g}") for place in range(first, math.floor(high / step + 1e-9) + 1)]
