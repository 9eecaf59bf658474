"""When the procedure changed, and where: from the words of the question, or from the column `since`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from answerable.areas.decisions.measures.common.metrics import MISSING
from answerable.core.engine import collect
from answerable.errors import NotIdentified, ParameterError, nearest

if TYPE_CHECKING:
    import ibis.expr.types as ir

LEAST_PLACES = 3
"""Places that changed, and places to compare with, below which the change cannot be told from chance."""
NEVER = "never"
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?(?:[T ].*)?")
Design = Literal["auto", "series", "places"]


@dataclass(frozen=True)
class RollOut:
    """When the procedure changed.

    Args:
        dates: by place, None where it has not changed; {} where one date holds for all.
        everywhere: the date for all, or the one date of all places that changed; None where they differ.
        by_panel: whether places are to be compared with one another over time.
    """

    dates: Mapping[str, date | None]
    everywhere: date | None
    by_panel: bool = False

    @property
    def by_place(self) -> bool:
        """Whether places have to be told apart."""
        return bool(self.dates)


def begun(decisions: ir.Table, changed: Mapping[str, str] | str | None, design: Design) -> RollOut:
    """When and where the procedure changed.

    Raises:
        ParameterError: no date is given, or one that is none; an unknown place.
        NotIdentified: dates by place without places; a place with two dates; one design asked for and not to be had.
    """
    if isinstance(changed, str):
        if design == "places":
            raise NotIdentified(
                "One date for all does not tell places apart.",
                missing="the date of each place that changed (--changed PLACE=DATE), and places that have not.",
            )
        return RollOut({}, parse_date(changed, "changed"))
    dates = _of_words(decisions, changed) if changed else _of_column(decisions)
    if not any(dates.values()):
        raise ParameterError("No place has a date at which the procedure changed. Say it: --changed DATE.")
    known = {one for one in dates.values() if one}
    alone = next(iter(known)) if len(known) == 1 else None
    if list(dates) == [""]:
        return RollOut({}, alone)
    rest = sum(one is None for one in dates.values())
    enough = len(dates) - rest >= LEAST_PLACES and (rest >= LEAST_PLACES or alone is None)
    if design == "series" and alone is None:
        raise NotIdentified(
            f"The places changed at {len(known)} different dates: they make no one series.",
            missing="one place (--where stratum column=PLACE), or the comparison of places (--design places).",
        )
    return RollOut(dates, alone, design == "places" or (design == "auto" and (enough or alone is None)))


def parse_date(text: str, what: str) -> date:
    """A date written as 2022-03-15, 2022-03 or 2022; without a day or month their first.

    Raises:
        ParameterError: it is none.
    """
    if match := _DATE.fullmatch(text.strip()):
        try:
            return date(*(int(part or 1) for part in match.groups()))
        except ValueError:
            pass
    raise ParameterError(f"{what} takes a date as 2022-03-15 or 2022-03; not {text!r}.")


def _of_words(decisions: ir.Table, changed: Mapping[str, str]) -> dict[str, date | None]:
    places = _places(decisions)
    for place in changed:
        if place not in places:
            raise ParameterError(f"changed names {place!r}, which is no value of the place. {nearest(place, places)}")
    stated = {
        place: None if text.strip().casefold() == NEVER else parse_date(text, f"changed, for {place},")
        for place, text in changed.items()
    }
    return {place: stated.get(place) for place in places}


def _places(decisions: ir.Table) -> list[str]:
    if "stratum" not in decisions.columns:
        raise NotIdentified(
            "Dates by place need the place of each decision.", missing="the column that holds it (--stratum COLUMN)."
        )
    found = collect(decisions.filter(decisions["stratum"].notnull()).select("stratum").distinct())["stratum"]
    return sorted(one for one in found if one != MISSING)


def _of_column(decisions: ir.Table) -> dict[str, date | None]:
    """The date of each place in the column `since`; of all together, under "", where no place is mapped."""
    if "since" not in decisions.columns:
        raise ParameterError(
            "Say when the procedure changed: --changed DATE, --changed PLACE=DATE, or the column of the date (--since)."
        )
    day = decisions["since"].cast("date").cast("string")
    placed = "stratum" in decisions.columns
    table = decisions.filter(decisions["stratum"].notnull()) if placed else decisions
    ends = {"first": day.min(), "last": day.max()}
    rows = collect(table.group_by("stratum").agg(**ends) if placed else table.agg(**ends))
    dates: dict[str, date | None] = {}
    for place, first, last in zip(rows.get("stratum", [""]), rows["first"], rows["last"], strict=True):
        if first != last:
            raise NotIdentified(
                f"{f'The place {place}' if placed else 'The table'} has several dates in since, {first} to {last}.",
                missing="one date for each place (--changed PLACE=DATE), or the place of each decision (--stratum).",
            )
        dates[place] = None if first is None else parse_date(first, "since")
    return dict(sorted(dates.items()))
