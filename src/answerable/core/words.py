"""Numbers and groups in plain words; used by the judge's statements, the terminal and the report alike."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

EVERYBODY = "everybody"
SIGNS = {"proportion": "%", "difference of proportions": "points"}


def group_text(group: Mapping[str, str] | None) -> str:
    """{"race": "White", "sex": "Male"} as "race White, sex Male"; {} as "everybody"."""
    if not group:
        return EVERYBODY
    return ", ".join(f"{column} {value}" for column, value in group.items())


def significant(value: float, digits: int = 3) -> str:
    """A number to so many significant digits, never in powers of ten unless it is minute."""
    if value == 0:
        return "0"
    magnitude = math.floor(math.log10(abs(value)))
    if magnitude < -6:
        return f"{value:.{digits - 1}e}"
    return f"{value:,.{max(0, digits - 1 - magnitude)}f}"


def number_text(value: float | None, unit: str) -> str:
    """A number with its unit: proportions as percent, differences of proportions as points."""
    if value is None:
        return "no bound"
    sign = SIGNS.get(unit, "")
    return f"{_percent(value, _decimals(value))} {sign}" if sign else significant(value)


def interval_text(low: float | None, high: float | None, unit: str) -> str:
    """The interval as "1.2 to 3.4 %", both ends with the same decimals, with open ends said in words."""
    if low is None and high is None:
        return "no bound on either side"
    if low is None:
        return f"at most {number_text(high, unit)}"
    if high is None:
        return f"at least {number_text(low, unit)}"
    sign = SIGNS.get(unit, "")
    if not sign:
        return f"{significant(low)} to {significant(high)}"
    decimals = _decimals(max(abs(low), abs(high)))
    return f"{_percent(low, decimals)} to {_percent(high, decimals)} {sign}"


def count_text(count: int, noun: str, plural: str = "") -> str:
    """A number of things, as: 1 row, 2 rows."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def _percent(value: float, decimals: int) -> str:
    text = f"{100 * value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def _decimals(largest: float) -> int:
    """Two decimals keep what published tables print; rates below 0.1 % need their significant digits."""
    if not 0 < abs(largest) < 0.001:
        return 2
    return min(8, 1 - math.floor(math.log10(100 * abs(largest))))
