"""What the independent units contributed to the cells of a table: all that intervals of rates need to know.

A cell is a combination of groups, decision and outcome. A unit is what acts independently of the others: a row where
every row is another person, a person where people have several rows. Nothing here sees a row.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.floating[Any]]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

_ENTRIES = 2_000_000
_EXACT_IN_SINGLE = 2**24


def blocks(count: int, width: int) -> Iterator[slice]:
    """Slices that cut `count` rows of `width` entries into pieces of bounded memory; changes no result."""
    step = max(1, _ENTRIES // max(1, width))
    for start in range(0, count, step):
        yield slice(start, min(count, start + step))


@dataclass(frozen=True, eq=False, kw_only=True)
class Design(ABC):
    """What the independent units contributed to C cells.

    Args:
        totals: sums of weights per cell, shape (C,); counts where there are no weights.
        counts: rows per cell, shape (C,).
        has_weights: whether rows have unequal weights.
        resampling: name of the exact bootstrap of the units; empty where the cells do not determine one.
    """

    totals: Floats
    counts: Integers
    has_weights: bool = False
    resampling: str = ""
    _drawn: dict[tuple[int, int], Floats] = field(default_factory=dict, repr=False)

    @staticmethod
    def independent(counts: ArrayLike) -> Design:
        """Every row is a unit of its own.

        Args:
            counts: rows per cell, shape (C,).
        """
        number = _counts(counts)
        amounts = number.astype(np.float64)
        return _Rows(totals=amounts, counts=number, squares=amounts, resampling="multinomial bootstrap")

    @staticmethod
    def weighted(counts: ArrayLike, weights: ArrayLike, squared_weights: ArrayLike) -> Design:
        """Every row is a unit of its own and has a weight. Equal weights are no weights.

        Args:
            counts: rows per cell, shape (C,).
            weights: sum of the weights per cell, shape (C,).
            squared_weights: sum of the squared weights per cell, shape (C,).
        """
        number, total, squares = _counts(counts), _amounts(weights), _amounts(squared_weights)
        if not number.shape == total.shape == squares.shape:
            raise ValueError("counts, weights and squared weights must have one entry per cell.")
        mean = total.sum() / max(1, number.sum())
        if np.allclose(total, mean * number, rtol=1e-12) and np.allclose(squares, mean**2 * number, rtol=1e-12):
            return Design.independent(number)
        return _Rows(totals=total, counts=number, squares=squares, has_weights=True)

    @staticmethod
    def clustered(signatures: Any, multiplicity: ArrayLike, counts: ArrayLike | None = None) -> Design:
        """People with several rows each; people who contributed the same to every cell are interchangeable.

        Args:
            signatures: what one person of each kind contributed to every cell, shape (U, C), as an array or a
                scipy.sparse array: numbers of rows, or sums of weights. A person may lie in several groups.
            multiplicity: how many people there are of each kind, shape (U,).
            counts: rows per cell, shape (C,); needed only where signatures are sums of weights.
        """
        from scipy.sparse import csr_array

        matrix, people = csr_array(signatures, dtype=np.float64), _counts(multiplicity)
        if matrix.ndim != 2 or matrix.shape[0] != len(people):
            raise ValueError("There must be one multiplicity for each signature.")
        totals = _amounts(matrix.T @ people.astype(np.float64))
        number = _counts(totals if counts is None else counts)
        if number.shape != totals.shape:
            raise ValueError("There must be one count for each cell.")
        return _People(
            totals=totals,
            counts=number,
            has_weights=counts is not None,
            resampling="cluster bootstrap",
            signatures=matrix,
            multiplicity=people,
            crossproducts=matrix.T @ (matrix * people[:, None].astype(np.float64)),
        )

    @staticmethod
    def weighted_clusters(totals: ArrayLike, crossproducts: ArrayLike, counts: ArrayLike, people: ArrayLike) -> Design:
        """People with several weighted rows each, known by sums over people only.

        Args:
            totals: sum of the weights per cell, shape (C,).
            crossproducts: sum over people of their weight in cell i times their weight in cell j, shape (C, C).
            counts: rows per cell, shape (C,).
            people: number of people with rows in both cell i and cell j, shape (C, C); the diagonal holds the number
                of people in each cell.
        """
        total, number = _amounts(totals), _counts(counts)
        cross, shared = np.asarray(crossproducts, dtype=np.float64), np.asarray(people, dtype=np.float64)
        if not cross.shape == shared.shape == (len(total), len(number)):
            raise ValueError("crossproducts and people must have one row and one column for each cell.")
        return _Sums(totals=total, counts=number, has_weights=True, crossproducts=cross, people=shared)

    @abstractmethod
    def products(self, left: Floats, right: Floats) -> Floats:
        """Sum over units of (left . x)(right . x), x a unit's cells, for each row of coefficients, (E, C) -> (E,)."""

    @abstractmethod
    def crossed(self, coefficients: Floats) -> Floats:
        """Sum over units of (row . x)(other row . x) for every two rows of coefficients, (E, C) -> (E, E)."""

    @abstractmethod
    def units(self, cells: Flags) -> Floats:
        """How many units have rows in the marked cells, for each row of marks, (E, C) -> (E,)."""

    def fourth_powers(self, coefficients: Floats) -> Floats | None:
        """Sum over units of (coefficients . x)^4 for each row, (E, C) -> (E,); None where sums do not hold it."""
        del coefficients
        return None

    @property
    def draws(self) -> int:
        """How many numbers one resample draws: what resampling costs."""
        return len(self.counts)

    def replicates(self, number: int, seed: int) -> Floats:
        """Totals of the cells in resamples of the units with replacement, shape (number, C).

        The last resamples drawn are kept, so that rates and contrasts of one design share them.

        Raises:
            ValueError: where the cells do not determine a resample: rows or people with weights of their own.

        Source: Efron & Tibshirani 1993, New York, ch. 6 and 8. Counts of rows drawn with replacement are multinomial;
            resampling people is drawing how often each kind of person comes up.
        """
        if not self.resampling:
            raise ValueError("The cells of this weighted sample do not determine a resample of its units.")
        if (number, seed) not in self._drawn:
            self._drawn.clear()
            self._drawn[number, seed] = self._draw(number, np.random.default_rng(seed))
        return self._drawn[number, seed]

    def _draw(self, number: int, random: np.random.Generator) -> Floats:
        raise AssertionError(f"{type(self).__name__} names no resampling, so nobody asks it to draw")


@dataclass(frozen=True, eq=False, kw_only=True)
class _Rows(Design):
    """Independent rows: no two cells share a unit."""

    squares: Floats

    def products(self, left: Floats, right: Floats) -> Floats:
        return np.asarray((left * right) @ self.squares)

    def crossed(self, coefficients: Floats) -> Floats:
        return np.asarray((coefficients * self.squares) @ coefficients.T)

    def units(self, cells: Flags) -> Floats:
        return np.asarray(cells @ self.counts.astype(np.float64))

    def _draw(self, number: int, random: np.random.Generator) -> Floats:
        drawn = np.empty((len(self.counts), number), dtype=_exact_type(float(self.counts.sum()))).T
        for block, resampled in _multinomial(self.counts, number, random):
            drawn[block] = resampled
        return drawn


@dataclass(frozen=True, eq=False, kw_only=True)
class _People(Design):
    """People known by their signatures, shape (U, C), sparse; sums of their products of cells, shape (C, C), sparse."""

    signatures: Any
    multiplicity: Integers
    crossproducts: Any

    @property
    def draws(self) -> int:
        return len(self.multiplicity)

    def products(self, left: Floats, right: Floats) -> Floats:
        return np.asarray(np.sum((left @ self.crossproducts) * right, axis=1))

    def crossed(self, coefficients: Floats) -> Floats:
        return np.asarray((coefficients @ self.crossproducts) @ coefficients.T)

    def fourth_powers(self, coefficients: Floats) -> Floats:
        return self._over_people(coefficients, lambda deviations: deviations**4)

    def units(self, cells: Flags) -> Floats:
        return self._over_people(cells.astype(np.float64), lambda rows: (rows > 0).astype(np.float64))

    def _over_people(self, coefficients: Floats, function: Callable[[Floats], Floats]) -> Floats:
        """Sum over people of a function, 0 at 0, of (coefficients . x), for each row of coefficients."""
        from scipy.sparse import csr_array

        summed = np.empty(len(coefficients))
        for block in blocks(len(coefficients), len(self.multiplicity)):
            each = self.signatures @ csr_array(coefficients[block]).T
            each.data = function(each.data)
            summed[block] = each.T @ self.multiplicity.astype(np.float64)
        return summed

    def _draw(self, number: int, random: np.random.Generator) -> Floats:
        most = float(self.signatures.max()) if self.signatures.nnz else 0.0
        kind = np.float64 if self.has_weights else _exact_type(float(self.multiplicity.sum()) * most)
        drawn = np.empty((len(self.counts), number), dtype=kind).T
        for block, resampled in _multinomial(self.multiplicity, number, random):
            drawn[block] = (self.signatures.T @ resampled.T.astype(np.float64)).T
        return drawn


@dataclass(frozen=True, eq=False, kw_only=True)
class _Sums(Design):
    """People known by sums over people of products of their cells."""

    crossproducts: Floats
    people: Floats

    def products(self, left: Floats, right: Floats) -> Floats:
        return np.asarray(np.sum((left @ self.crossproducts) * right, axis=1))

    def crossed(self, coefficients: Floats) -> Floats:
        return np.asarray((coefficients @ self.crossproducts) @ coefficients.T)

    def units(self, cells: Flags) -> Floats:
        """At least this many, by Cauchy-Schwarz; exact where all lie in equally many of the marked cells."""
        marks = cells.astype(np.float64)
        present = marks @ np.diagonal(self.people)
        shared = np.sum((marks @ self.people) * marks, axis=1)
        return np.asarray(np.ceil(np.divide(present**2, shared, out=np.zeros_like(present), where=shared > 0) - 1e-9))


def _counts(values: ArrayLike) -> Integers:
    array = np.asarray(values)
    whole: Integers = np.rint(array).astype(np.int64)
    if array.ndim != 1 or np.any(whole < 0) or np.any(np.abs(whole - array) > 1e-6):
        raise ValueError("Counts must be whole numbers, none below 0, in one dimension.")
    return whole


def _amounts(values: ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not np.all(np.isfinite(array)) or np.any(array < 0):
        raise ValueError("Weights must be finite, none below 0, with one sum per cell.")
    return array


def _exact_type(largest: float) -> type[np.floating[Any]]:
    """Single precision where it holds every count exactly, so that sums depend on no order of addition."""
    return np.float32 if largest < _EXACT_IN_SINGLE else np.float64


def _multinomial(counts: Integers, number: int, random: np.random.Generator) -> Iterator[tuple[slice, Integers]]:
    total = int(counts.sum())
    shares = counts / max(1, total)
    for block in blocks(number, len(counts)):
        yield block, random.multinomial(total, shares, size=block.stop - block.start)
