"""A small grammar of how the columns of a published table come from each other, as formulas with their values."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from answerable.areas.decisions.measures.recompute.grid import CELLS, Array, Column, Grid, Vector, modal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_MOST_REFERENCES = 60  # rows that are each tried as the one that others are compared with
_MOST_IN_THREES = 24  # columns that are combined in threes
_MOST_SUMMED = 10
PLAIN = ("a - b", "a / b", "a / (a + b)", "(a - b) / b", "(a - b) / c", "1 - a", "100 - a")
"""Formulas of one to three columns, row by row."""
RATE_OF = {
    ("FP", "FP+TN"): "false positive rate",
    ("TN", "FP+TN"): "true negative rate",
    ("FN", "TP+FN"): "false negative rate",
    ("TP", "TP+FN"): "true positive rate",
    ("FP", "TP+FP"): "false discovery rate",
    ("TP", "TP+FP"): "positive predictive value",
    ("FN", "TN+FN"): "false omission rate",
    ("TN", "TN+FN"): "negative predictive value",
}


@dataclass(frozen=True)
class Formula:
    """How a column might have been made.

    Args:
        text: in words, with columns by name.
        kind: which part of the grammar it is; formulas of one kind differ in their columns only.
        operands: the columns that it takes, in their places.
        vector: what it gives in each row.
        rate: the rate that it is, where it is one.
    """

    text: str
    kind: str
    operands: tuple[Column, ...]
    vector: Vector
    rate: str = ""


def formulas(grid: Grid) -> Iterator[Formula]:
    """Every formula over the columns of a table."""
    yield from _of_cells(grid)
    yield from _sums(grid)
    yield from _pairs(grid)
    yield from _threes(grid)
    yield from _references(grid)


def combine(kind: str, vectors: tuple[Vector, ...]) -> Vector:
    """What a formula of pairs or threes gives; also for other columns in the same places."""
    a, b, c = vectors if len(vectors) == 3 else (*vectors, vectors[-1])
    match kind:
        case "a - b":
            return a - b
        case "a / b":
            return a / b
        case "a / (a + b)":
            return a / (a + b)
        case "(a - b) / b":
            ratio = a / b
            return Vector(ratio.value - 1, ratio.slack)
        case "(a - b) / c":
            return (a - b) / c
        case "1 - a":
            return Vector(1 - a.value, a.slack)
        case "100 - a":
            return Vector(100 - a.value, a.slack)
    raise ValueError(kind)


def written(kind: str, operands: tuple[Column, ...]) -> str:
    """A formula of pairs or threes with the names of its columns."""
    names = dict(zip("abc", (f"'{column.name}'" for column in operands), strict=False))
    return "".join(names.get(sign, sign) for sign in kind)


def cells_of(grid: Grid, block: str = "") -> Iterator[tuple[str, str, Mapping[str, Vector], tuple[Column, ...]]]:
    """Cells by whom they count: (whose in words, scope, vectors by cell, their columns)."""
    for affix, cells in grid.quads.items():
        columns = tuple(cells[cell] for cell in CELLS)
        own = {cell: column.vector for cell, column in cells.items()}
        whose = f" ({affix})" if affix and len(grid.quads) > 1 else ""
        yield whose, "own", own, columns
        for pool, totals in _pools(grid, own).items():
            yield f"{whose} of {pool}", "all", totals, columns
            rest = {cell: totals[cell] - own[cell] for cell in CELLS}
            if all(np.nanmin(np.append(one.value, 0)) >= 0 for one in rest.values()):
                yield f"{whose} of all others in {pool}", "rest", rest, columns


def _pools(grid: Grid, own: Mapping[str, Vector]) -> dict[str, dict[str, Vector]]:
    """Totals of the cells over those who may be compared with, one for each row."""
    parts = ~grid.totals
    pools: dict[str, dict[str, Vector]] = {}
    nothing = np.zeros(len(grid.rows))
    whole: dict[str, Array] = {}
    for name, block in grid.blocks.items():
        sums = {
            cell: np.bincount(block, weights=np.where(parts, np.nan_to_num(one.value), 0)) for cell, one in own.items()
        }
        pools[f"its {name!r}" if name else "the table"] = {
            cell: Vector(totals[block], nothing) for cell, totals in sums.items()
        }
        everybody = np.sum(list(sums.values()), axis=0)
        if name and np.max(np.unique(everybody, return_counts=True)[1]) > 1:
            # Some divisions leave people out; those who say "everybody" mean the total that most divisions have.
            complete = everybody == modal(everybody)
            whole = {cell: np.full(len(parts), modal(totals[complete])) for cell, totals in sums.items()}
            mixed = {cell: np.where(complete[block], sums[cell][block], whole[cell]) for cell in CELLS}
            pools["everybody"] = {cell: Vector(values, nothing) for cell, values in mixed.items()}
    return pools


def _of_cells(grid: Grid) -> Iterator[Formula]:
    """Rates and sums of the four cells: of the row, of everybody, of all others; and one rate against another's."""
    for affix in grid.quads:
        own: dict[tuple[str, str], Vector] = {}
        for whose, scope, cells, columns in cells_of(grid):
            if (columns[0] is not grid.quads[affix]["TP"]) or not columns:
                continue
            for below in _subsets(2):
                total = _sum(cells, below)
                chosen = tuple(columns[CELLS.index(cell)] for cell in below)
                yield Formula(f"{' + '.join(below)}{whose}", f"sum {scope}", chosen, total)
                for above in (part for part in _subsets(1) if set(part) < set(below)):
                    rate = _sum(cells, above) / total
                    names = "+".join(above), "+".join(below)
                    text = f"{_bracketed(above)} / ({' + '.join(below)}){whose}"
                    known = RATE_OF.get(names, "")
                    yield Formula(text, f"rate {scope}", chosen, rate, known)
                    if scope == "own":
                        own[names] = rate
                    elif names in own:
                        mine = f"{_bracketed(above)} / ({' + '.join(below)})"
                        yield Formula(f"{mine} divided by that{whose}", f"ratio to {scope}", chosen, own[names] / rate)
                        yield Formula(f"{mine} less that{whose}", f"difference to {scope}", chosen, own[names] - rate)


def _subsets(least: int) -> list[tuple[str, ...]]:
    return [part for size in range(least, 5) for part in itertools.combinations(CELLS, size)]


def _sum(cells: Mapping[str, Vector], names: tuple[str, ...]) -> Vector:
    total = cells[names[0]]
    for name in names[1:]:
        total = total + cells[name]
    return total


def _bracketed(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"({' + '.join(names)})"


def _sums(grid: Grid) -> Iterator[Formula]:
    """Sums of several columns of whole numbers: totals across."""
    known = {id(column) for cells in grid.quads.values() for column in cells.values()}
    counts = [column for column in grid.numeric if column.whole and id(column) not in known]
    if len(counts) > _MOST_SUMMED:
        runs = [counts[start:end] for start in range(len(counts)) for end in range(start + 2, len(counts) + 1)]
    else:
        runs = [list(part) for size in range(2, len(counts)) for part in itertools.combinations(counts, size)]
    for run in runs:
        total = run[0].vector
        for column in run[1:]:
            total = total + column.vector
        yield Formula(" + ".join(f"'{column.name}'" for column in run), "total", tuple(run), total)


def _pairs(grid: Grid) -> Iterator[Formula]:
    for column in grid.numeric:
        for kind in ("1 - a", "100 - a"):
            yield Formula(written(kind, (column,)), kind, (column,), combine(kind, (column.vector, column.vector)))
    for pair in itertools.permutations(grid.numeric, 2):
        for kind in ("a - b", "a / b", "(a - b) / b", "a / (a + b)"):
            yield Formula(written(kind, pair), kind, pair, combine(kind, (pair[0].vector, pair[1].vector)))


def _threes(grid: Grid) -> Iterator[Formula]:
    """A difference over a third column: the change in parts of something, and slips of it."""
    columns = grid.numeric[:_MOST_IN_THREES]
    for three in itertools.permutations(columns, 3):
        kind = "(a - b) / c"
        yield Formula(written(kind, three), kind, three, combine(kind, tuple(one.vector for one in three)))


def _references(grid: Grid) -> Iterator[Formula]:
    """Each row against one row, or against the largest, smallest, mean or sum of its block."""
    every = np.arange(len(grid.rows))
    for column in grid.numeric:
        one = column.vector
        chosen: dict[str, Array] = {}
        if len(every) <= _MOST_REFERENCES:
            chosen = {f"that of row {grid.rows[row]:,}": np.full(len(every), row) for row in every}
        for name, block in grid.blocks.items():
            of = f" of its {name!r}" if name else ""
            chosen |= {f"the {word}{of}": rows for word, rows in _ends(one.value, block).items()}
        for word, rows in chosen.items():
            yield from _against(column, one, one.at(rows.astype(np.intp)), word)
        for name, block in grid.blocks.items():
            of = f" of its {name!r}" if name else ""
            totals = np.bincount(block, weights=np.where(grid.totals, 0, np.nan_to_num(one.value)))[block]
            sizes = np.bincount(block, weights=(~grid.totals & np.isfinite(one.value)).astype(float))[block]
            total = Vector(totals, one.slack * sizes)
            yield Formula(f"'{column.name}' / the sum{of}", "share of the sum", (column,), one / total)


def _against(column: Column, one: Vector, other: Vector, word: str) -> Iterator[Formula]:
    name = f"'{column.name}'"
    yield Formula(f"{name} - {word}", "a - reference", (column,), one - other)
    yield Formula(f"{name} / {word}", "a / reference", (column,), one / other)
    ratio = one / other
    relative = Vector(ratio.value - 1, ratio.slack)
    yield Formula(f"({name} - {word}) / {word}", "(a - reference) / reference", (column,), relative)


def _ends(values: Array, block: Array) -> dict[str, Array]:
    """For each row the row of its block that has the largest, the smallest, the first and the last value."""
    found = {word: np.zeros(len(values)) for word in ("largest", "smallest", "first", "last")}
    for number in np.unique(block):
        rows = np.flatnonzero((block == number) & np.isfinite(values))
        if not rows.size:
            continue
        here = block == number
        found["largest"][here] = rows[np.argmax(values[rows])]
        found["smallest"][here] = rows[np.argmin(values[rows])]
        found["first"][here], found["last"][here] = rows[0], rows[-1]
    return found
