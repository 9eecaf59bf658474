"""Numbers and groups in plain words; used by the judge's statements, the terminal and the report alike."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

EVERYBODY = "everybody"


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
    if unit == "proportion":
        return f"{_percent(value)} %"
    if unit == "difference of proportions":
        return f"{_percent(value)} points"
    return significant(value)


def interval_text(low: float | None, high: float | None, unit: str) -> str:
    """The interval as "1.2 to 3.4 %", with open ends said in words."""
    if low is None and high is None:
        return "no bound on either side"
    if low is None:
        return f"at most {number_text(high, unit)}"
    if high is None:
        return f"at least {number_text(low, unit)}"
    scaled = unit in {"proportion", "difference of proportions"}
    return f"{_percent(low) if scaled else significant(low)} to {number_text(high, unit)}"


def count_text(count: int, noun: str, plural: str = "") -> str:
    """A number of things, as: 1 row, 2 rows."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def _percent(value: float) -> str:
    # Two decimals keep what published tables print; rates below 0.1 % need their significant digits.
    return significant(100 * value, 2) if 0 < abs(value) < 0.001 else f"{100 * value:.2f}"
