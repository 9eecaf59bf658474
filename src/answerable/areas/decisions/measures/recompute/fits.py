"""Which formula each column follows: told by its numbers, held against its name."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from answerable.areas.decisions.measures.recompute.grammar import PLAIN, Formula, combine, formulas, written
from answerable.areas.decisions.measures.recompute.grid import Array, Column, Grid, Vector

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

_FACTORS = (1.0, 100.0, 0.01, 1000.0)
_SCALES = np.array(_FACTORS)[:, None, None]
_MOSTLY = 0.7  # a formula that reproduces fewer rows than this is none
_CLAIMED = 0.5  # unless the column's name says that it is the one
_CHANCE = -4.0  # decimal logarithm of the chance that any formula of the grammar fits so well by accident
_SAMPLE = 200
_LEAST_CUT = 3  # rows that only digits cut off explain
_TELLING = -0.7  # and decimal logarithm of the chance in a row, on average, below which the rows tell something
_DERIVED = {"diff", "difference", "gap", "ratio", "relative", "change", "total", "sum", "disparity", "rate", "share"}


@dataclass(frozen=True)
class Fit:
    """A formula that a column follows.

    Args:
        column: the column. formula: how it is made. factor: its unit, as 100 for percent.
        value: what the formula gives, in the column's unit.
        holds: rows that it reproduces to the printed precision. tested: rows in which it says anything.
        evidence: decimal logarithm of the chance that a formula fits so well by accident.
        cut: whether the printed digits are cut off instead of rounded.
    """

    column: Column
    formula: Formula
    factor: float
    value: Array
    holds: NDArray[np.bool_]
    tested: NDArray[np.bool_]
    evidence: float
    cut: bool = False

    @property
    def complete(self) -> bool:
        """Whether every row that could be tested is reproduced."""
        return bool(self.holds[self.tested].all())

    @property
    def wrong(self) -> list[int]:
        """The rows that it does not reproduce."""
        return [int(row) for row in np.flatnonzero(self.tested & ~self.holds)]

    @property
    def text(self) -> str:
        """The formula with its unit."""
        unit = {100.0: " x 100", 0.01: " / 100", 1000.0: " x 1,000"}.get(self.factor, "")
        return self.formula.text + unit


def fits(grid: Grid) -> dict[str, list[Fit]]:
    """For every column of numbers, keyed by name and place, the formulas that most of its rows follow; best first."""
    targets = [column for column in grid.numeric if len(set(column.numbers[np.isfinite(column.numbers)])) > 1]
    found: dict[str, list[Fit]] = {key(column): [] for column in grid.numeric}
    if not targets:
        return found
    rows = np.arange(len(grid.rows))
    sample = rows if len(rows) <= _SAMPLE else rows[:: math.ceil(len(rows) / _SAMPLE)]
    numbers = np.array([column.numbers[sample] for column in targets])
    slack = 2 * np.array([column.vector.slack[sample] for column in targets])  # room for digits that are cut off
    there = np.isfinite(numbers)
    least = np.maximum(1, _CLAIMED * there.sum(axis=1))
    candidates: list[tuple[Column, Formula, float]] = []
    tried = 0
    for formula in formulas(grid):
        tried += 1
        part = formula.vector.at(sample)
        value, room = part.value * _SCALES, part.slack * _SCALES
        near = np.abs(value - numbers) <= (room + slack) * (1 + 1e-9)
        tested = np.isfinite(part.value) & there
        told = tested.sum(axis=1)
        enough = near.sum(axis=2) >= np.maximum(1, _CLAIMED * told)
        for at_factor, at in zip(*np.nonzero(enough & (told >= least)), strict=True):
            candidates.append((targets[at], formula, _FACTORS[at_factor]))
    for column, formula, factor in candidates:
        if column not in formula.operands:
            fit = _fit(column, formula, factor, tried)
            if fit is not None:
                found[key(column)].append(fit)
    return {name: sorted(ones, key=_rank) for name, ones in found.items()}


def key(column: Column) -> str:
    """What tells columns apart, also those of one name."""
    return f"{column.name}\0{column.place}"


def named(fit: Fit) -> bool:
    """Whether the formula is what the column's name says."""
    if fit.formula.rate:
        return fit.formula.rate in fit.column.claims
    return fit.formula.kind in {"sum own"} and len(fit.formula.operands) == 4 and bool({"n", "total"} & _words(fit))


def odd(fit: Fit, grid: Grid) -> Fit | None:
    """The formula that the column's name says, where the one that fits takes a column of another name.

    'FDR_diff' made of two columns of FDR and one of FPR: the same with FDR in its place.
    """
    operands = fit.formula.operands
    if fit.formula.kind not in {"a - b", "a / b", "(a - b) / b", "(a - b) / c"}:
        return None
    stems = [set(column.words) for column in operands]
    target = set(fit.column.words)
    common = [stem & target for stem in stems]
    alien = [at for at, shared in enumerate(common) if not shared]
    rightly = [at for at, shared in enumerate(common) if shared]
    if len(alien) != 1 or not rightly:
        return None
    stem = set.intersection(*(common[at] for at in rightly))
    (at,) = alien
    own = [
        column
        for column in grid.numeric
        if column is not fit.column
        and stem <= set(column.words)
        and len(set(column.words) ^ stems[at]) == 2 * len(stem)
        and len(column.words) == len(operands[at].words)
    ]
    if not stem or len(own) != 1:
        return None
    kind, mended = fit.formula.kind, tuple(own[0] if place == at else one for place, one in enumerate(operands))
    if kind == "(a - b) / c" and mended[1] is mended[2]:
        kind, mended = "(a - b) / b", mended[:2]
    if len(set(map(key, mended))) < len(mended):
        return None
    vectors = tuple(column.vector for column in mended)
    formula = Formula(written(kind, mended), kind, mended, combine(kind, vectors))
    return hold(fit.column, formula, fit.factor)


def mended(fit: Fit, right: Mapping[tuple[str, int], float], row: int) -> bool:
    """Whether the row agrees once the wrong entries among its operands are put right."""
    operands, kind = fit.formula.operands, fit.formula.kind
    values = [right.get((key(column), row), float(column.numbers[row])) for column in operands]
    if all(value == column.numbers[row] for value, column in zip(values, operands, strict=True)):
        return False
    pairs = zip(values, operands, strict=True)
    vectors = tuple(Vector(np.array([value]), column.vector.slack[[row]]) for value, column in pairs)
    if kind.endswith("reference"):
        # What the row was compared with follows from what the formula gave before.
        gave, was = fit.value[row] / fit.factor, float(operands[0].numbers[row])
        reference = {"a - reference": was - gave, "a / reference": was / gave if gave else np.nan}
        other = reference.get(kind, was / (gave + 1) if gave != -1 else np.nan)
        vectors = (*vectors, Vector(np.array([other]), vectors[0].slack))
        kind = {"a - reference": "a - b", "a / reference": "a / b"}.get(kind, "(a - b) / b")
    if kind not in PLAIN:
        return False
    vector = combine(kind, vectors if len(vectors) > 1 else vectors * 2).times(fit.factor)
    room = vector.slack[0] + fit.column.vector.slack[row]
    return bool(abs(vector.value[0] - fit.column.numbers[row]) <= room * (1 + 1e-9))


def hold(column: Column, formula: Formula, factor: float) -> Fit:
    """How a formula does on a column, whatever the chance."""
    scaled, own = formula.vector.times(factor), column.vector
    tested = np.isfinite(scaled.value) & np.isfinite(own.value)
    with np.errstate(invalid="ignore"):
        holds = tested & (np.abs(scaled.value - own.value) <= (scaled.slack + own.slack) * (1 + 1e-9))
        cut = tested & (np.abs(scaled.value) - np.abs(own.value) >= -scaled.slack - 1e-9)
        cut &= np.abs(scaled.value - own.value) <= 2 * own.slack + scaled.slack
    if column.decimals and (cut & ~holds).sum() >= _LEAST_CUT and cut[tested].all():
        return Fit(column, formula, factor, scaled.value, cut, tested, 0.0, cut=True)
    return Fit(column, formula, factor, scaled.value, holds, tested, 0.0)


def _fit(column: Column, formula: Formula, factor: float, tried: int) -> Fit | None:
    """A formula that a column follows, where chance is excluded; None otherwise."""
    fit = hold(column, formula, factor)
    rows = int(fit.tested.sum())
    agree = int(fit.holds.sum())
    by_name = named(fit)
    if not rows or agree < (_CLAIMED if by_name else _MOSTLY) * rows or agree < (2 if rows > 1 else 1):
        return None
    chance = _chances(fit)[fit.holds[fit.tested]]
    evidence = float(np.log10(chance).sum()) + _choices(rows, agree)
    # Columns are not independent of each other: many rows that each say little do not add up.
    if not by_name and float(np.log10(chance).mean()) > _TELLING:
        return None
    evidence += 0.0 if by_name else math.log10(max(1, tried) * len(_FACTORS))
    if evidence > (_CHANCE / 2 if by_name else _CHANCE):
        return None
    # Counts are not made of rates: the rate is what is wrong where the two disagree.
    backwards = column.counts and not all(one.counts for one in formula.operands)
    if not by_name and not fit.complete and (backwards or not _earned(fit)):
        return None
    return replace(fit, evidence=evidence)


def _choices(rows: int, agree: int) -> float:
    """Decimal logarithm of the ways to choose the rows that agree."""
    return (math.lgamma(rows + 1) - math.lgamma(agree + 1) - math.lgamma(rows - agree + 1)) / math.log(10)


def _chances(fit: Fit) -> Array:
    """For each tested row, the chance that a formula that has nothing to do with the column would hit its entry."""
    numbers = fit.column.numbers[fit.tested]
    width = fit.formula.vector.slack[fit.tested] * fit.factor + fit.column.vector.slack[fit.tested] * (1 + fit.cut)
    low, high = np.quantile(numbers, [0.05, 0.95]) if len(numbers) >= 10 else (numbers.min(), numbers.max())
    spread = max(float(high - low), 1e-300)
    ordered = np.sort(numbers)
    near = np.searchsorted(ordered, numbers + width, "right") - np.searchsorted(ordered, numbers - width, "left")
    same = near / len(numbers)
    alone = 1 / len(numbers)
    # An entry that others share is hit by chance as often as it occurs; one of its own, as its window is wide.
    chance = np.where(same > alone + 1e-12, same, 2 * width / spread)
    floor = 1e-3 if len(numbers) > 1 else 1e-6  # no single row says everything
    clipped: Array = np.clip(chance, floor, 1.0)
    return clipped


def _earned(fit: Fit) -> bool:
    """Whether every operand is needed: without one of them the formula would hold in far fewer rows."""
    held = fit.holds & fit.tested
    own = fit.column.numbers[held]
    for column in fit.formula.operands:
        values = column.numbers[held]
        if np.mean(values == 0) > 0.3 or np.mean(np.isclose(values * fit.factor, own) | np.isclose(values, own)) > 0.3:
            return False
    return True


def _rank(fit: Fit) -> tuple[Any, ...]:
    """The best fit first: complete, not cut off, by its name, of few columns, tight, then in a fixed order."""
    slack = float(np.nanmean(fit.formula.vector.slack[fit.tested])) * fit.factor
    share = -float(fit.holds.sum()) / max(1, int(fit.tested.sum()))
    alike = -len(_words(fit) & {word for column in fit.formula.operands for word in column.words})
    return (
        not fit.complete,
        fit.cut,
        not named(fit),
        share,
        len(fit.formula.operands) if fit.formula.kind not in {"sum own", "total"} else 2,
        alike,
        slack,
        fit.formula.text,
    )


def _words(fit: Fit) -> set[str]:
    return set(fit.column.words)


def derived(column: Column) -> tuple[bool, int]:
    """How far a column is likely to have been made of the others: by its name, then by its place."""
    return (bool(_DERIVED & set(column.words)), column.place)


def choose(partial: Iterable[Fit], explained: set[str]) -> list[Fit]:
    """One fit for each set of columns that a formula ties together: of the one that is most likely the result."""
    chosen: dict[frozenset[str], Fit] = {}
    for fit in sorted(partial, key=_rank):
        tied = frozenset(map(key, (fit.column, *fit.formula.operands)))
        other = chosen.get(tied)
        if other is None or (derived(fit.column) > derived(other.column) and not named(other)):
            chosen[tied] = fit
    return [fit for fit in chosen.values() if key(fit.column) not in explained]
