"""What disagrees within a published table: entries, whole columns, totals that do not add up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from answerable.areas.decisions.measures.recompute.fits import Fit, choose, derived, fits, hold, key, mended, named, odd
from answerable.areas.decisions.measures.recompute.grammar import formulas
from answerable.areas.decisions.measures.recompute.grid import CELLS, Column, Grid, modal
from answerable.core.estimate import Observation, Strength
from answerable.core.words import count_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SHOWN = 40
_ONE_BY_ONE = 10  # with more wrong entries than this, a column is one observation
_COMPARED = {"diff", "difference", "gap", "ratio", "relative", "change", "disparity"}
_FROM_CELLS = ("rate", "sum", "ratio to", "difference to")
TYPING = "A slip of the pen, or a correction made in one place and not in the other."
ROLES = "The column may be meant otherwise than its name and its other rows suggest."


@dataclass
class Checked:
    """What came of the columns of one table.

    Args:
        observations: what disagrees. agree: by column, how many rows were recomputed and agree. missing: by column, why
            it was not recomputed. cut: columns whose digits are cut off. counted: of tests, how many rows pass them, in
            words. said: what holds of a whole column besides.
    """

    observations: list[Observation] = field(default_factory=list)
    agree: dict[str, int] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    cut: list[str] = field(default_factory=list)
    counted: dict[str, int] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)


def check_columns(grid: Grid) -> Checked:
    """Every column against the formula that it follows."""
    checked = Checked()
    found = fits(grid)
    chosen = _settle(grid, found)
    right: dict[tuple[str, int], float] = {}
    for fit in chosen.values():
        right |= {(key(fit.column), row): float(fit.value[row]) for row in fit.wrong if not fit.complete}
    used = {key(one) for fit in chosen.values() for one in fit.formula.operands}
    for column in grid.numeric:
        settled = chosen.get(key(column))
        name = _name(grid, column)
        if settled is None:
            if key(column) not in used:
                checked.missing[name] = _why_not(column)
            continue
        raised = list(_misnamed(grid, settled, found) if settled.complete else _entries(grid, settled, right))
        checked.observations += raised
        for one in raised:
            if one.fields.get("fits"):
                checked.counted[f"{name}: rows that follow {one.fields['fits']}"] = int(settled.holds.sum())
                checked.counted[f"{name}: rows with the wrong sign"] = one.fields["wrong_signs"]
        wrong = sum(one.fields.get("wrong", 1) for one in raised)
        checked.agree[name] = int(settled.tested.sum()) - wrong
        if settled.complete and settled.cut:
            checked.cut.append(name)
    checked.observations += _splits(grid)
    checked.observations += _total_rows(grid, chosen)
    return checked


def _settle(grid: Grid, found: Mapping[str, list[Fit]]) -> dict[str, Fit]:
    """The one fit of each column that has any."""
    complete = {name: ones[0] for name, ones in found.items() if ones and ones[0].complete}
    for name, fit in list(complete.items()):
        # Two columns made of each other explain nothing: then what the counts say goes before.
        turned = [complete.get(key(column)) for column in fit.formula.operands]
        circular = any(other is not None and fit.column in other.formula.operands for other in turned)
        counts = [one for one in found[name] if one.formula.kind.startswith(_FROM_CELLS) and not one.complete]
        if circular and not fit.formula.kind.startswith(_FROM_CELLS) and counts:
            complete.pop(name)
            found[name].sort(key=lambda one: one is not counts[0])
    partial = [fit for name, ones in found.items() if name not in complete for fit in ones[:3] if not fit.complete]
    settled = dict(complete)
    for fit in choose(partial, set(complete)):
        if not _overruled(fit, complete):
            settled.setdefault(key(fit.column), fit)
    return settled


def _overruled(fit: Fit, complete: Mapping[str, Fit]) -> bool:
    """Whether the columns are tied by a formula that holds in every row, so that this one is a coincidence."""
    tied = {key(fit.column), *map(key, fit.formula.operands)}
    return any(
        {key(other.column), *map(key, other.formula.operands)} == tied and derived(other.column) > derived(fit.column)
        for other in complete.values()
    )


def _entries(grid: Grid, fit: Fit, right: Mapping[tuple[str, int], float]) -> Iterator[Observation]:
    """The entries that differ from what the rest of the column follows."""
    others = {place: value for place, value in right.items() if place[0] != key(fit.column)}
    wrong = [row for row in fit.wrong if not mended(fit, others, row)]
    strength: Strength = "heuristic" if fit.formula.kind.endswith(("rest", "all")) else "strong"
    if len(wrong) > _ONE_BY_ONE or (strength == "heuristic" and len(wrong) > 1):
        yield _column_observation(grid, fit, wrong, strength)
        return
    for row in wrong:
        published, value = fit.column.texts[row], float(fit.value[row])
        place = grid.where(row)
        agree = f"{int(fit.holds.sum()):,} of {int(fit.tested.sum()):,} rows agree with it"
        yield Observation(
            what=f"Row {grid.rows[row]:,}{f' ({place})' if place else ''}, column {fit.column.name!r}: {published} is "
            f"printed, but {fit.text} gives {fit.column.written(value)} ({agree}).",
            exhibit=grid.exhibit,
            table=grid.table,
            row=grid.rows[row],
            strength=strength,
            benign=TYPING if strength == "strong" else ROLES,
            fields=_fields(fit, row, value),
        )


def _fields(fit: Fit, row: int, value: float) -> dict[str, Any]:
    published = float(fit.column.numbers[row])
    return {
        "column": fit.column.name,
        "published": fit.column.texts[row],
        "recomputed": value,
        "difference": published - value,
        "formula": fit.text,
    }


def _misnamed(grid: Grid, fit: Fit, found: Mapping[str, list[Fit]]) -> Iterator[Observation]:
    """A column that follows a formula to the last digit, but not the one that its name says."""
    if any(named(other) and other.complete for other in found[key(fit.column)]):
        return
    claimed = odd(fit, grid)
    sure = claimed is not None and _sibling(claimed, found)
    rates = [one for one in found[key(fit.column)] if one.complete and one.formula.kind.startswith("rate")]
    if claimed is None and rates and fit.column.claims and not _COMPARED & set(fit.column.words):
        claimed, fit, sure = _by_name(rates[0], grid), rates[0], True
    if claimed is not None and not claimed.complete:
        yield _column_observation(grid, claimed, claimed.wrong, "strong" if sure else "heuristic", fit)


def _sibling(claimed: Fit, found: Mapping[str, list[Fit]]) -> bool:
    """Whether another column follows a formula of the kind that this one's name claims."""
    return any(
        ones
        and ones[0].complete
        and ones[0].formula.kind == claimed.formula.kind
        and ones[0].column is not claimed.column
        for ones in found.values()
    )


def _by_name(fit: Fit, grid: Grid) -> Fit | None:
    """The rate that the column's name names, of the same people as the formula that fits."""
    claims = [
        hold(fit.column, formula, fit.factor)
        for formula in formulas(grid)
        if formula.rate in fit.column.claims and formula.kind.startswith("rate")
    ]
    same = [claim for claim in claims if claim.formula.kind == fit.formula.kind]
    # Where the named rate is right for any choice of people, nothing is wrong.
    return None if any(claim.complete for claim in claims) or not same else same[0]


def _column_observation(
    grid: Grid, claimed: Fit, wrong: list[int], strength: Strength, instead: Fit | None = None
) -> Observation:
    """One observation of a whole column: what it should be, what it is, how often and how far it is off."""
    column, signs = claimed.column, 0
    if instead and " - " in claimed.formula.kind:
        signs = sum(float(column.numbers[row]) * float(claimed.value[row]) < 0 for row in wrong)
    worst = max(wrong, key=lambda row: abs(float(column.numbers[row]) - float(claimed.value[row])))
    what = (
        f"Column {column.name!r} disagrees with {claimed.text} in {len(wrong):,} of {int(claimed.tested.sum()):,} rows"
        f"{_together(grid, wrong)}: in row {grid.rows[worst]:,} {column.texts[worst]} is printed and that gives "
        f"{column.written(float(claimed.value[worst]))}."
    )
    if instead:
        what += f" What is printed is {instead.text}, exactly, in all {count_text(int(instead.holds.sum()), 'row')}."
    if signs:
        what += f" The sign is wrong in {signs:,} of them."
    first = wrong[0]
    rows = {str(grid.rows[row]): [column.texts[row], float(claimed.value[row])] for row in wrong[:_SHOWN]}
    more = {"fits": instead.text if instead else "", "rows": rows, "wrong": len(wrong), "wrong_signs": signs}
    return Observation(
        what=what,
        exhibit=grid.exhibit,
        table=grid.table,
        row=grid.rows[first],
        strength=strength,
        benign=ROLES if strength == "heuristic" else "",
        fields={**_fields(claimed, first, float(claimed.value[first])), **more},
    )


def _together(grid: Grid, rows: list[int]) -> str:
    """What rows have in common that the others have not, in words."""
    for name, block in grid.blocks.items():
        if name and len(set(block[rows])) == 1 and int((block == block[rows[0]]).sum()) < 2 * len(rows):
            return f", all with {name} {next(c for c in grid.columns if c.name == name).texts[rows[0]]!r}"
    return ""


def _splits(grid: Grid) -> Iterator[Observation]:
    """Splits of the same people whose counts do not add up to the same totals."""
    for cells in grid.quads.values():
        sizes = np.sum([cells[cell].numbers for cell in CELLS], axis=0)
        for name, block in grid.blocks.items():
            if not name or not np.isfinite(sizes).all():
                continue
            count = np.bincount(block, weights=np.where(grid.totals, 0, sizes))
            same = np.flatnonzero(count == modal(count))
            if len(same) < 3:
                continue
            totals = {
                cell: np.bincount(block, weights=np.where(grid.totals, 0, cells[cell].numbers))[same] for cell in CELLS
            }
            usual = {cell: modal(values) for cell, values in totals.items()}
            for at, number in enumerate(same):
                differs = [cell for cell in CELLS if totals[cell][at] != usual[cell]]
                agree = min((int((totals[cell] == usual[cell]).sum()) for cell in differs), default=0)
                if differs and agree >= max(2, 2 * len(same) / 3):
                    yield _split(grid, name, int(np.flatnonzero(block == number)[0]), differs, totals, usual, at, agree)


def _split(
    grid: Grid, name: str, row: int, differs: list[str], totals: Mapping[str, Any], usual: Mapping[str, float], at: int,
    agree: int,
) -> Observation:  # fmt: skip
    label = next(column for column in grid.columns if column.name == name).texts[row]
    sums = ", ".join(f"{cell} {totals[cell][at]:,.0f} instead of {usual[cell]:,.0f}" for cell in differs)
    people = sum(float(totals[cell][at]) for cell in CELLS)
    return Observation(
        what=f"{name} {label!r} splits the same {people:,.0f} as {agree:,} other splits, but adds up to other counts: "
        f"{sums}.",
        exhibit=grid.exhibit,
        table=grid.table,
        row=grid.rows[row],
        strength="strong",
        benign="The split may rest on another run, or another version of the data, than the others.",
        fields={
            "column": ", ".join(differs),
            "published": {cell: float(totals[cell][at]) for cell in differs},
            "recomputed": {cell: usual[cell] for cell in differs},
            "formula": f"the sum over the rows of a split by {name!r}",
            "split": f"{name} {label!r}",
        },
    )


def _total_rows(grid: Grid, chosen: Mapping[str, Fit]) -> Iterator[Observation]:
    """Rows that are called a total: counts that are not the sum of the others, rates that are a mean of rates."""
    rows = np.flatnonzero(grid.totals)
    parts = np.flatnonzero(~grid.totals)
    if len(rows) != 1 or len(parts) < 2:
        return
    (row,) = rows
    counts = [column for column in grid.numeric if column.counts and np.isfinite(column.numbers).all()]
    adds = {key(column): column.numbers[parts].sum() == column.numbers[row] for column in counts}
    if not any(adds.values()):
        return
    weights = [column.numbers[parts] for column in counts if adds[key(column)]]
    for column in grid.numeric:
        if column in counts and not adds[key(column)] and sum(adds.values()) >= 1:
            value = float(column.numbers[parts].sum())
            yield _total(grid, column, int(row), value, "the sum of the other rows", "does not add up")
        elif column not in counts and key(column) not in {name for name, fit in chosen.items() if row in fit.wrong}:
            values, printed = column.numbers[parts], float(column.numbers[row])
            mean, room = float(np.mean(values)), float(column.vector.slack[row])
            weighted = [float(np.average(values, weights=weight)) for weight in weights if weight.sum()]
            far = all(abs(printed - value) > 4 * room for value in weighted)
            if abs(printed - mean) <= 2 * room and weighted and far:
                text = "the mean of the other rows, each counting for its size"
                yield _total(grid, column, int(row), weighted[0], text, "is the plain mean of the other rows")


def _total(grid: Grid, column: Column, row: int, value: float, formula: str, how: str) -> Observation:
    strength: Strength = "strong" if how == "does not add up" else "heuristic"
    return Observation(
        what=f"Row {grid.rows[row]:,} ({grid.where(row)}), column {column.name!r}: {column.texts[row]} is printed "
        f"and {how}; {formula} gives {column.written(value)}.",
        exhibit=grid.exhibit,
        table=grid.table,
        row=grid.rows[row],
        strength=strength,
        benign="The rows may overlap, or leave out those whose group is not known.",
        fields={
            "column": column.name,
            "published": column.texts[row],
            "recomputed": value,
            "difference": float(column.numbers[row]) - value,
            "formula": formula,
        },
    )


def _name(grid: Grid, column: Column) -> str:
    alike = [other for other in grid.columns if other.name == column.name]
    return column.name if len(alike) == 1 else f"{column.name} (#{column.place})"


def _why_not(column: Column) -> str:
    known = column.numbers[np.isfinite(column.numbers)]
    if len(set(known.tolist())) <= 1:
        return "not recomputed: it has one value, which many formulas would give"
    return "not recomputed: no formula over the other columns gives it"
