"""Series of rates before and after a date, each with its regression."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from answerable.areas.decisions.measures.before_after.periods import IN_A_YEAR, Periods, Settings, Sums
from answerable.core.words import count_text
from answerable.statistics.interrupted_series import Regression, regress, segments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from answerable.core.estimate import Group

    Floats = NDArray[np.floating[Any]]
    Flags = NDArray[np.bool_]

LEAST = 8
"""Periods before, and after, below which a line and its change cannot be told from chance."""
LEVEL, TREND, STEP, TURN = range(4)
"""Places of the coefficients: level and trend before the change, change of the level and of the trend."""
UNCHANGED = {"place": "(places that did not change)"}


@dataclass(frozen=True, eq=False)
class Line:
    """A series with its regression.

    Args:
        of, against: as for an estimate; against only where the series is a gap.
        values, noise: shape (T,). n, events: rows of `of`, shape (T,). counts: n and events of the reference after
            the change.
        used: which periods the regression rests on. change: number of the first period after the change.
        regression: None where there is none; reason says why.
    """

    of: Group
    against: Group | None
    values: Floats
    noise: Floats
    n: Floats
    events: Floats
    counts: tuple[int, int] | None
    used: Flags
    change: int
    regression: Regression | None
    reason: str

    @property
    def after(self) -> Flags:
        """Which periods lie after the change, shape (T,)."""
        return np.asarray(np.arange(len(self.n)) >= self.change)

    @property
    def dispersion(self) -> float | None:
        """How much more a rate varies about its line than counting alone would make it; None without a line."""
        if self.regression is None:
            return None
        left, cases = self.regression.residuals, self.n[self.used]
        chance = np.clip(self.values[self.used] - left, 1e-3, 1 - 1e-3)
        return float(np.sum(left**2 * cases / (chance * (1 - chance))) / self.regression.degrees)


def line_of(
    periods: Periods,
    pair: tuple[Group, Group | None],
    inside: Flags,
    outside: Flags | None,
    when: tuple[Flags, int],
    settings: Settings,
) -> Line:
    """A series: the rate of a group, or its gap to the reference, less that of the comparison where there is one."""
    of, against = pair
    named = set(settings.comparison) | set(UNCHANGED)
    members = inside if set(of) <= named else inside & periods.group(of)
    own = periods.sums(members)
    values, noise = own.rates, own.noise
    parts: list[tuple[Sums, int]] = []
    if against is not None:
        parts.append((periods.sums(inside & periods.group(against)), -1))
    if outside is not None:
        within = outside if settings.comparison or not of else outside & periods.group(of)
        parts.append((periods.sums(within), -1))
        if against is not None:
            parts.append((periods.sums(outside & periods.group(against)), 1))
    for part, sign in parts:
        values, noise = values + sign * part.rates, noise + part.noise
    usable, change = when
    used = usable & np.isfinite(values)
    counts = None
    if against is not None:
        after = slice(change, None)
        counts = int(parts[0][0].n[after].sum()), int(parts[0][0].events[after].sum())
    before, after_count = int(used[:change].sum()), int(used[change:].sum())
    regression, reason = None, ""
    if min(before, after_count) < LEAST:
        reason = (
            f"It has {count_text(before, periods.length)} before the change and {after_count} after it; at least "
            f"{LEAST} of each are needed."
        )
    else:
        regression = regression_of(values, noise, used, change, periods, settings)
        reason = "" if regression else "Its values lie on a line, so nothing tells how far chance moves them."
    return Line(of, against, values, noise, own.n, own.events, counts, used, change, regression, reason)


def regression_of(
    values: Floats, noise: Floats, used: Flags, change: int, periods: Periods, settings: Settings
) -> Regression | None:
    """The regression of the used periods of a series with a change at the numbered period."""
    times = np.flatnonzero(used).astype(float)
    matrix = segments(times, change, waves=settings.seasons, year=IN_A_YEAR[periods.length])
    return regress(values[used], noise[used], times, matrix) if len(times) > matrix.shape[1] + 2 else None
