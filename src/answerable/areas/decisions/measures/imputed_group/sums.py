"""What the engine returns of decisions with probabilities: sums over independent units, cells of equal chances."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add, and_
from typing import TYPE_CHECKING, Any

import numpy as np

from answerable.areas.decisions.measures.common.cells import Cells, count_cells
from answerable.core.engine import collect, exact
from answerable.statistics.design import Design
from answerable.statistics.memberships import CellBounds

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.areas.decisions.measures.imputed_group.probabilities import Imputed
    from answerable.statistics.design import Floats

_RESOLUTIONS = (1000, 50, 20, 10, 5, 2)
_MOST_CELLS = 1000
_ROWS_IN_A_CELL = 100
"""On average: where cells are small, the smaller of two uncertain numbers is too small, and bounds too narrow."""


@dataclass(frozen=True, eq=False)
class UnitSums:
    """Sums of J quantities over rows, and over independent units the sums of their products.

    Args:
        sums: shape (J,).
        products: shape (J, J); zeros where nobody said what is independent.
        squares: sums over rows of the squared quantities, shape (J,).
        units: independent units; 0 where unknown.
        rows: rows in all.
    """

    sums: Floats
    products: Floats
    squares: Floats
    units: int
    rows: int


def usable(imputed: Imputed) -> ir.Table:
    """The rows with probabilities, a decision, and a person where there are persons."""
    rows = imputed.rows
    names = [*imputed.columns, "decided", *(["person"] if "person" in rows.columns else [])]
    return rows.filter(reduce(and_, (rows[name].notnull() for name in names)))


def weight_of(rows: ir.Table, *, counted: bool = True) -> Any:
    """What a row weighs: its weight times how many decisions it stands for; None where each is one."""
    names = [name for name in ("weight", *(["count"] if counted else [])) if name in rows.columns]
    return reduce(lambda one, other: one * other, (rows[name] for name in names)) if names else None


def total(rows: ir.Table, value: Any) -> Any:
    """The sum of a quantity over rows, weighted."""
    weight = weight_of(rows)
    return exact(value if weight is None else value * weight).sum().cast("float64")


def unit_sums(rows: ir.Table, quantities: Mapping[str, Any], independent: bool) -> UnitSums:
    """Sums of quantities of rows, with their products over people, or over rows that are people.

    Args:
        rows: with a person, or rows that are independent.
        quantities: numbers of a row, by name.
        independent: whether each row is a person of its own.
    """
    names = list(quantities)
    pairs = [(i, j) for i in range(len(names)) for j in range(i + 1)]
    count = rows["count"].sum() if "count" in rows.columns else rows.count()
    whole: dict[str, Any] = {name: total(rows, value) for name, value in quantities.items()} | {"rows": count}
    weight = weight_of(rows, counted=False)
    values = [value if weight is None else value * weight for value in quantities.values()]
    times = rows["count"] if "count" in rows.columns else 1
    alone = pairs if independent else [(i, i) for i in range(len(names))]
    whole |= {f"row{i}_{j}": exact(values[i] * values[j] * times).sum().cast("float64") for i, j in alone}
    found = collect(rows.agg(**whole))
    people, name, known = found, "row", independent
    if "person" in rows.columns:
        each = rows.group_by("person").agg(**{f"u{k}": total(rows, one) for k, one in enumerate(quantities.values())})
        products = {f"unit{i}_{j}": exact(each[f"u{i}"] * each[f"u{j}"]).sum().cast("float64") for i, j in pairs}
        people, name, known = collect(each.agg(people=each.count(), **products)), "unit", True
    matrix = np.zeros((len(names), len(names)))
    for i, j in pairs if known else ():
        matrix[i, j] = matrix[j, i] = float(people[f"{name}{i}_{j}"][0] or 0)
    n = int(found["rows"][0] or 0)
    units = int(people["people"][0]) if "people" in people else n
    return UnitSums(
        sums=np.array([float(found[one][0] or 0) for one in names]),
        products=matrix,
        squares=np.array([float(found[f"row{i}_{i}"][0] or 0) for i in range(len(names))]),
        units=units if known else 0,
        rows=n,
    )


def shared(rows: ir.Table, columns: Sequence[str]) -> Floats:
    """Sums of products of the probabilities of two groups within rows, shape (K, K)."""
    pairs = [(i, j) for i in range(len(columns)) for j in range(i + 1)]
    found = collect(rows.agg(**{f"x{i}_{j}": total(rows, rows[columns[i]] * rows[columns[j]]) for i, j in pairs}))
    matrix = np.zeros((len(columns), len(columns)))
    for i, j in pairs:
        matrix[i, j] = matrix[j, i] = float(found[f"x{i}_{j}"][0] or 0)
    return matrix


def cell_bounds(rows: ir.Table, columns: Sequence[str], independent: bool) -> tuple[CellBounds, int, bool]:
    """Cells of (nearly) equal probabilities with their decisions.

    Returns:
        The bounds, the number of cells, and whether the cells rest on the units said to be independent.
    """
    kept = [name for name in ("decided", "person", "weight", "count") if name in rows.columns]
    resolution = _resolution(rows, columns)
    marked = rows.mutate(cell=_cell(rows, columns, resolution)).select("cell", *kept, *columns)
    means = collect(
        marked.group_by("cell").agg(
            mass=total(marked, marked[columns[0]] * 0 + 1.0),
            **{name: total(marked, marked[name]) for name in columns},
        )
    )
    shares = {
        cell: [means[name][place] / means["mass"][place] if means["mass"][place] else 0.0 for name in columns]
        for place, cell in enumerate(means["cell"])
    }
    cells = count_cells(marked.select("cell", *kept), ["cell"], independent=independent)
    found = [group[0] for group, _ in cells.keys]
    order = {cell: place for place, cell in enumerate(sorted(set(found)))}
    bounds = CellBounds(
        design=cells.design if cells.design is not None else _values_only(cells),
        shares=np.array([shares[cell] for cell in found]),
        events=np.array([kind[0] is True for _, kind in cells.keys]),
        proxies=np.array([order[cell] for cell in found]),
    )
    return bounds, len(order), cells.design is not None


def _values_only(cells: Cells) -> Design:
    """The totals of the cells without any unit: for values, not for intervals."""
    return Design.weighted(cells.counts, cells.totals, cells.totals)


def _resolution(rows: ir.Table, columns: Sequence[str]) -> int:
    """The finest steps of the probabilities that leave enough rows in a cell."""
    counted = {f"r{steps}": _cell(rows, columns, steps).nunique() for steps in _RESOLUTIONS}
    found = collect(rows.agg(rows=rows["count"].sum() if "count" in rows.columns else rows.count(), **counted))
    most = min(_MOST_CELLS, max(1, int(found["rows"][0] or 0) // _ROWS_IN_A_CELL))
    return next((steps for steps in _RESOLUTIONS if found[f"r{steps}"][0] <= most), 1)


def _cell(rows: ir.Table, columns: Sequence[str], steps: int) -> Any:
    """The name of a row's cell: its probabilities in whole steps."""
    import ibis

    if steps == 1:
        return ibis.literal("all")
    parts = [(rows[name] * steps + 0.5).floor().cast("int64").cast("string") for name in columns]
    return reduce(add, (part + "|" for part in parts))
