"""Figures that follow from groups of a second table whose names are not those of the first: found by the numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from answerable.areas.decisions.measures.recompute.columns import TYPING, Checked
from answerable.areas.decisions.measures.recompute.grammar import Formula, formulas
from answerable.areas.decisions.measures.recompute.grid import Array, Column, Grid
from answerable.core.estimate import Observation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_LARGE_PART = 0.4  # the second table may hold some of the groups only
_CHANCE = -6.0
_FACTORS = (1.0, 100.0)


@dataclass(frozen=True)
class Match:
    """A column that a formula over groups of the second table gives.

    Args:
        column: of the first table. formula: over the second. factor: the unit.
        hits: rows by groups, where the group gives the printed figure.
    """

    column: Column
    formula: Formula
    factor: float
    hits: Array


def check_groups(
    published: Grid, second: Grid, pairs: Sequence[tuple[Column, Column]], checked: Checked
) -> Iterator[Observation]:
    """Each row's figures against the group of the second table that gives most of them.

    Args:
        published: the first table.
        second: the second, with four cells side by side.
        pairs: columns of words of the two that speak of the same.
        checked: what is recomputed is noted in it.
    """
    ones = [formula for formula in formulas(_cells_alone(second)) if formula.kind in {"rate own", "sum own"}]
    allowed = np.ones((len(published.rows), len(second.rows)), dtype=bool)
    for one, other in pairs:
        allowed &= np.array(one.texts, dtype=object)[:, None] == np.array(other.texts, dtype=object)[None, :]
    matches = [match for column in published.numeric if (match := _match(column, ones, allowed)) is not None]
    families: dict[str, list[Match]] = {}
    for match in matches:
        families.setdefault(match.column.words[-1], []).append(match)
        checked.agree[f"{match.column.name} from the second table"] = int(match.hits.any(axis=1).sum())
        checked.missing.pop(match.column.name, None)
    for family in families.values():
        yield from _rows(published, second, family)


def _cells_alone(second: Grid) -> Grid:
    """The table with its four cells and words alone: the grammar of cells is all that is asked."""
    cells = [column for quad in second.quads.values() for column in quad.values()]
    return Grid(second.exhibit, second.table, second.rows, (*second.labels, *cells))


def _match(column: Column, ones: Sequence[Formula], allowed: Array) -> Match | None:
    """The formula that gives most rows of a column from some group that is allowed, where chance is excluded."""
    known = np.isfinite(column.numbers)
    spread = float(np.ptp(column.numbers[known])) if known.any() else 0.0
    best: tuple[int, float, Match] | None = None
    for formula in ones:
        for factor in _FACTORS:
            values, slack = formula.vector.value * factor, formula.vector.slack * factor
            room = column.vector.slack[:, None] + slack[None, :]
            with np.errstate(invalid="ignore"):
                hits: Array = allowed & (np.abs(column.numbers[:, None] - values[None, :]) <= room * (1 + 1e-9))
            found = np.any(hits, axis=1)[known]
            if not spread or found.mean() < _LARGE_PART:
                continue
            wide = 2 * column.vector.slack[known] / spread * allowed[known].sum(axis=1)
            evidence = float(np.log10(np.clip(wide[found], 1e-3, 1)).sum()) + math.log10(len(ones) * len(_FACTORS))
            evidence += math.log10(math.comb(len(found), int(found.sum())))
            if evidence < _CHANCE and (best is None or (int(found.sum()), -evidence) > best[:2]):
                best = (int(found.sum()), -evidence, Match(column, formula, factor, hits))
    return None if best is None else best[2]


def _rows(published: Grid, second: Grid, family: Sequence[Match]) -> Iterator[Observation]:
    """Rows whose group is told by most of a family of columns, and which another column of it contradicts."""
    votes = np.sum([match.hits for match in family], axis=0)
    for row in range(len(published.rows)):
        known = [match for match in family if np.isfinite(match.column.numbers[row])]
        (groups,) = np.nonzero(votes[row] == votes[row].max())
        # The group must be told by two columns at least, and by most of those that are there.
        if len(groups) != 1 or votes[row].max() < max(2, len(known) / 2):
            continue
        (group,) = groups
        for match in known:
            value = float(match.formula.vector.value[group] * match.factor)
            if not match.hits[row, group] and np.isfinite(value):
                yield _observation(published, second, match, row, int(group), value)


def _observation(published: Grid, second: Grid, match: Match, row: int, group: int, value: float) -> Observation:
    column = match.column
    return Observation(
        what=f"Row {published.rows[row]:,} ({published.where(row)}), column {column.name!r}: {column.texts[row]} is "
        f"printed, but {match.formula.text} of {second.where(group)} in the second table gives "
        f"{column.written(value)}.",
        exhibit=published.exhibit,
        table=published.table,
        row=published.rows[row],
        strength="strong",
        benign=TYPING,
        fields={
            "column": column.name,
            "published": column.texts[row],
            "recomputed": value,
            "difference": float(column.numbers[row]) - value,
            "formula": match.formula.text,
            "second_exhibit": second.exhibit,
            "second_row": second.rows[group],
        },
    )
