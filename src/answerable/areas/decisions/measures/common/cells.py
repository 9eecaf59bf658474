"""From the table of decisions to cells: counts by groups, decision and outcome, and what each person put into them.

All that the engine returns is small: one row per cell, or one row per kind of person. Every estimator works on that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from answerable.areas.decisions.measures.common.metrics import MISSING, Group, Kind, group_of
from answerable.areas.decisions.measures.common.people import people_design
from answerable.core.engine import Rows, collect, exact
from answerable.errors import NotIdentified, ParameterError, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import ibis.expr.types as ir

    from answerable.statistics.design import Design

MOST_GROUPS = 1000


@dataclass(frozen=True, eq=False)
class Cells:
    """Counts of decisions by groups, decision and outcome.

    Args:
        columns: names of the group columns.
        keys: per cell its groups, decision and outcome; sorted, so that the order of rows changes nothing.
        counts: rows per cell.
        design: what the independent units contributed; None where nobody said what is independent.
        rows: rows in all. people: independent units in all, None where unknown.
        missing: what could not be used, with the reason.
    """

    columns: tuple[str, ...]
    keys: tuple[tuple[Group, Kind], ...]
    counts: tuple[int, ...]
    totals: tuple[float, ...]
    design: Design | None
    rows: int
    people: int | None
    missing: Mapping[str, str]

    def groups(self, columns: Sequence[str]) -> list[Group]:
        """The groups that occur for some of the columns, in their order."""
        places = [self.columns.index(column) for column in columns]
        return sorted({tuple(group[place] for place in places) for group, _ in self.keys})


def count_cells(decisions: ir.Table, columns: Sequence[str], *, independent: bool) -> Cells:
    """Count the cells of the named group columns, and people's signatures where the table has a person.

    Args:
        decisions: table of decisions, with the columns that DECISIONS declares as far as they are there.
        columns: names of group columns.
        independent: whether each row is a person of its own.

    Raises:
        ParameterError: a group column is not in the table; a person and `independent` contradict each other.
        NotIdentified: more than 1,000 groups.
    """
    known = set(decisions.columns)
    for column in columns:
        if column not in known:
            raise ParameterError(f"The table has no group {column!r}. {nearest(column, known)}")
    if independent and "person" in known:
        raise ParameterError(
            "Say either which column names the person (person) or that each row is a person of its own (independent)."
        )
    rows = collect(_count(decisions, columns))
    _check_groups(rows, columns)
    order, keys = _sorted_keys(rows, columns)
    if not order:
        raise NotIdentified("The table has no rows to count.", missing="decisions, each with who it is about.")
    if len(set(keys)) < len(keys):
        raise ParameterError(f"A group is called {MISSING!r} while other rows have none: name the missing ones apart.")
    counts = tuple(int(rows["rows"][place]) for place in order)
    totals = tuple(float(rows["total"][place]) for place in order) if "total" in rows else tuple(map(float, counts))
    design, people = None, None
    if independent:
        design, people = _independent_design(rows, order, counts, totals), sum(counts)
    elif "person" in known:
        design, people = people_design(decisions, columns, keys, counts, totals)
    return Cells(tuple(columns), keys, counts, totals, design, sum(counts), people, _missing(rows))


def _count(decisions: ir.Table, columns: Sequence[str]) -> ir.Table:
    """One row per cell: rows, and sums of the weights and of their squares where there are weights."""
    known = decisions.columns
    named = decisions["person"].notnull() if "person" in known else None
    amount = decisions["count"] if "count" in known else None
    sums: dict[str, Any] = {"rows": decisions.count(where=named) if amount is None else amount.sum(where=named)}
    if "weight" in known:
        weight = decisions["weight"] if amount is None else decisions["weight"] * amount
        squared = decisions["weight"] * weight
        sums |= {"total": exact(weight).sum(where=named), "squared": exact(squared).sum(where=named)}
    if named is not None:
        sums["nameless"] = decisions.count(where=~named)
    by = [*columns, *(name for name in ("decided", "outcome") if name in known)]
    return decisions.group_by(by).agg(**sums) if by else decisions.agg(**sums)


def _sorted_keys(rows: Rows, columns: Sequence[str]) -> tuple[list[int], tuple[tuple[Group, Kind], ...]]:
    found = [_key(rows, columns, place) for place in range(len(rows["rows"]))]
    order = sorted((place for place in range(len(found)) if rows["rows"][place]), key=lambda place: _rank(found[place]))
    return order, tuple(found[place] for place in order)


def _key(rows: Rows, columns: Sequence[str], place: int) -> tuple[Group, Kind]:
    group = group_of(rows[column][place] for column in columns)
    decided, outcome = (rows[name][place] if name in rows else None for name in ("decided", "outcome"))
    return group, (decided, outcome)


def _rank(key: tuple[Group, Kind]) -> tuple[Group, list[str]]:
    return key[0], [str(state) for state in key[1]]


def _check_groups(rows: Rows, columns: Sequence[str]) -> None:
    for column in columns:
        found = len(set(rows[column]))
        if found > MOST_GROUPS:
            raise NotIdentified(
                f"{column!r} has {found:,} different values: more than {MOST_GROUPS:,} groups cannot be compared.",
                missing="a column with fewer groups, or bands of this one (for a number: age<25).",
            )


def _missing(rows: Rows) -> dict[str, str]:
    """What cannot be used of the rows, by column."""
    gaps = {}
    words = {"decided": "the decision is missing", "outcome": "the outcome is missing"}
    for name, why in words.items():
        if name in rows:
            without = sum(int(n or 0) for n, state in zip(rows["rows"], rows[name], strict=True) if state is None)
            if without:
                gaps[name] = f"in {without:,} rows {why}; they are left out of the numbers that need it"
    if nameless := sum(int(n) for n in rows.get("nameless", [])):
        gaps["person"] = f"{nameless:,} rows name no person; they are left out of all numbers"
    return gaps


def _independent_design(rows: Rows, order: Sequence[int], counts: Sequence[int], totals: Sequence[float]) -> Design:
    from answerable.statistics.design import Design

    if "squared" in rows:
        return Design.weighted(counts, totals, [float(rows["squared"][place]) for place in order])
    return Design.independent(counts)
