"""Times written as text: which format a column has, and the column as timestamps.

A column has one format: the one that fits every value. Where day and month could be exchanged, the values decide (a 13
cannot be a month); where they do not, nothing is guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ibis.expr.types as ir

_CLOCK = r"([T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?)?"
_ZONE = r"(Z|[+-][0-9]{2}:[0-9]{2})?$"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A way to write a date, with or without a time of day.

    Args:
        name: for people.
        expression: regular expression; its first three groups are the parts of the date, the fourth the time of day.
        order: which group is year, month, day; where day and month can be exchanged, as if the day came first.
    """

    name: str
    expression: str
    order: tuple[int, int, int] = (1, 2, 3)

    @property
    def exchangeable(self) -> bool:
        """Whether day and month look alike."""
        return self.order == (3, 2, 1)


PATTERNS = (
    Pattern("YYYY-MM-DD", "^([0-9]{4})-([0-9]{2})-([0-9]{2})" + _CLOCK + _ZONE),
    Pattern("YYYY/MM/DD", "^([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})" + _CLOCK + "$"),
    Pattern("YYYYMMDD", "^([0-9]{4})([0-9]{2})([0-9]{2})" + _CLOCK + "$"),
    *(
        Pattern(
            f"DD{sign}MM{sign}YYYY", f"^([0-9]{{1,2}})[{sign}]([0-9]{{1,2}})[{sign}]([0-9]{{4}}){_CLOCK}$", (3, 2, 1)
        )
        for sign in "/.-"
    ),
)
"""Every format that is read. One of them has to fit every value of a column."""
FIRST_IS_DAY = "^(1[3-9]|[23][0-9])[/.-]"
SECOND_IS_DAY = "^[0-9]{1,2}[/.-](1[3-9]|[23][0-9])[/.-]"
"""Dates whose first, or second, part can only be a day."""


def facts(text: ir.StringColumn) -> dict[str, ir.Scalar]:
    """What tells the format of a column: how many values fit each pattern, and have a part that can only be a day."""
    counts = {f"p{number}": text.re_search(pattern.expression).sum() for number, pattern in enumerate(PATTERNS)}
    days = {"first": text.re_search(FIRST_IS_DAY).sum(), "second": text.re_search(SECOND_IS_DAY).sum()}
    return {**counts, **days}


def timestamp(text: ir.StringColumn, pattern: Pattern, day_first: bool = True) -> ir.Column:
    """Text of that pattern as timestamps in UTC; null for what is no day of the calendar."""
    import ibis

    if pattern is PATTERNS[0]:
        return _utc(text)
    order = pattern.order if day_first or not pattern.exchangeable else (3, 1, 2)
    year, month, day = (text.re_extract(pattern.expression, group) for group in order)
    clock = text.re_extract(pattern.expression, 4).replace("T", " ")
    return _utc(year + ibis.literal("-") + month + "-" + day + clock)


def _utc(text: ir.StringColumn) -> ir.Column:
    # By way of UTC, because a plain timestamp would drop the offset; then plain, because DuckDB's zoned ones need pytz.
    return text.try_cast("timestamp('UTC')").cast("timestamp")
