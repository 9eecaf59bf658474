"""A published table as columns of numbers with the precision they are printed to, and what its names claim."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Array = NDArray[Any]
CELLS = ("TP", "FP", "TN", "FN")
_CELL_NAMES = {
    "TP": r"tp|true_?pos(itive)?s?",
    "FP": r"fp|false_?pos(itive)?s?",
    "TN": r"tn|true_?neg(ative)?s?",
    "FN": r"fn|false_?neg(ative)?s?",
}
_RATE_NAMES = {
    "true positive rate": r"tpr|recall|sensitivity|true_positive_rate",
    "false positive rate": r"fpr|false_positive_rate",
    "true negative rate": r"tnr|specificity|true_negative_rate",
    "false negative rate": r"fnr|false_negative_rate|miss_rate",
    "positive predictive value": r"ppv|precision|positive_predictive_value",
    "negative predictive value": r"npv|negative_predictive_value",
    "false discovery rate": r"fdr|false_discovery_rate",
    "false omission rate": r"false_omission_rate",
}
_TOTAL = re.compile(r"(total|overall|all|everybody|everyone|sum|whole|grand total|all groups)", re.IGNORECASE)
_FULL_PRECISION = 9  # printed decimals, or one fewer than the digits that a float holds
_NOISE = 1e-9
_MOST_BLOCKS = 100


@dataclass(frozen=True, slots=True)
class Vector:
    """Numbers, each with how far off it may be because of how it was printed."""

    value: Array
    slack: Array

    def __add__(self, other: Vector) -> Vector:
        return Vector(self.value + other.value, self.slack + other.slack)

    def __sub__(self, other: Vector) -> Vector:
        return Vector(self.value - other.value, self.slack + other.slack)

    def __truediv__(self, other: Vector) -> Vector:
        """The quotient; without a value where the divisor may be 0."""
        with np.errstate(divide="ignore", invalid="ignore"):
            value = self.value / other.value
            room = np.abs(other.value) - other.slack
            slack = (self.slack + np.abs(value) * other.slack) / room
        sure = (room > 0) & np.isfinite(value)
        return Vector(np.where(sure, value, np.nan), np.where(sure, slack, np.nan))

    def times(self, factor: float) -> Vector:
        """The numbers in another unit."""
        return Vector(self.value * factor, self.slack * abs(factor))

    def at(self, rows: Any) -> Vector:
        """Some of the rows."""
        return Vector(self.value[rows], self.slack[rows])


@dataclass(frozen=True)
class Column:
    """A column of a published table.

    Args:
        name: as printed. place: 1 for the first.
        texts: entries as printed, None where there is none.
        numbers: what they say; not a number where they say none.
    """

    name: str
    place: int
    texts: tuple[str | None, ...]
    numbers: Array

    @cached_property
    def words(self) -> tuple[str, ...]:
        """The parts of the name, in lower case."""
        return tuple(re.findall(r"[a-z]+|\d+(?:\.\d+)?", re.sub(r"([a-z])([A-Z])", r"\1 \2", self.name).lower()))

    @cached_property
    def is_number(self) -> bool:
        """Whether most of what it holds are numbers; what else there is, as "<10", says none."""
        there = sum(text is not None and text.strip() != "" for text in self.texts)
        known = int(np.isfinite(self.numbers).sum())
        return known > 0 and known >= there / 2

    @cached_property
    def whole(self) -> bool:
        """Whether all numbers are whole and none is below 0."""
        known = self.numbers[np.isfinite(self.numbers)]
        return bool(known.size and (known >= 0).all() and (known == np.floor(known)).all())

    @cached_property
    def counts(self) -> bool:
        """Whether they are counts: whole numbers that are called so, or too large for a percentage."""
        called = {"n", "count", "counts", "number", "total", "size", "people", "cases", "tp", "fp", "tn", "fn"}
        return self.whole and bool(called & set(self.words) or np.nanmax(self.numbers) > 100)

    @cached_property
    def decimals(self) -> int | None:
        """Decimals printed; None where numbers have all the digits that a float holds."""
        said = zip(self.texts, np.isfinite(self.numbers), strict=True)
        printed = sorted((_decimals(text) for text, known in said if known and text is not None), reverse=True)
        if not printed:
            return 0
        largest = printed[1] if len(printed) >= 5 and printed[0] - printed[1] >= 3 else printed[0]
        return None if largest >= _FULL_PRECISION else largest

    @cached_property
    def vector(self) -> Vector:
        """The numbers with half a unit of the last printed place; counts are exact."""
        known = self.numbers[np.isfinite(self.numbers)]
        noise = _NOISE * float(np.max(np.abs(known), initial=1e-300))
        slack = noise if self.counts or self.decimals is None else 0.5 * 10.0**-self.decimals + noise
        return Vector(self.numbers, np.full(len(self.numbers), slack))

    @cached_property
    def claims(self) -> frozenset[str]:
        """The rates that the name names."""
        joined = "_" + "_".join(self.words) + "_"
        return frozenset(rate for rate, names in _RATE_NAMES.items() if re.search(f"_({names})_", joined))

    def written(self, value: float) -> str:
        """A number with as many decimals as the column is printed with."""
        return f"{value:.6g}" if self.decimals is None else f"{value:.{self.decimals}f}"


@dataclass(frozen=True)
class Grid:
    """A published table, wide: rows in the order of the file.

    Args:
        exhibit: its SHA-256. table: name of the declared table.
        rows: their numbers in the file.
        columns: in the order of the file.
        twice: entries that stood in it more than once with different text, and are not used.
    """

    exhibit: str
    table: str
    rows: tuple[int, ...]
    columns: tuple[Column, ...]
    twice: int = 0

    @cached_property
    def numeric(self) -> tuple[Column, ...]:
        """The columns of numbers."""
        return tuple(column for column in self.columns if column.is_number)

    @cached_property
    def labels(self) -> tuple[Column, ...]:
        """The columns of words."""
        return tuple(column for column in self.columns if not column.is_number and any(column.texts))

    @cached_property
    def totals(self) -> NDArray[np.bool_]:
        """Rows that are called a total, or everybody."""
        called = np.zeros(len(self.rows), dtype=bool)
        for column in self.labels:
            called |= [text is not None and _TOTAL.fullmatch(text.strip()) is not None for text in column.texts]
        return called if not called.all() else np.zeros(len(self.rows), dtype=bool)

    @cached_property
    def blocks(self) -> dict[str, NDArray[np.intp]]:
        """For the whole table ("") and each column of words that repeat: the number of each row's block."""
        found: dict[str, NDArray[np.intp]] = {"": np.zeros(len(self.rows), dtype=np.intp)}
        for column in self.labels:
            _, block = np.unique([text or "" for text in column.texts], return_inverse=True)
            if 1 <= block.max(initial=0) < min(_MOST_BLOCKS, len(self.rows) / 2) and not any(
                _same(block, other) for other in found.values()
            ):
                found[column.name] = block
        return found

    @cached_property
    def quads(self) -> dict[str, dict[str, Column]]:
        """Sets of the four cells of decided by outcome, by what else stands in their names."""
        sets: dict[str, dict[str, Column]] = {}
        for column in self.numeric:
            joined = "_".join(column.words)
            for cell, names in _CELL_NAMES.items():
                found = re.search(f"(^|_)({names})(_|$)", joined)
                if found and column.whole and not {"rate", "share", "diff", "ratio", "percent"} & set(column.words):
                    rest = (joined[: found.start()] + "_" + joined[found.end() :]).strip("_")
                    sets.setdefault(rest, {}).setdefault(cell, column)
        return {rest: cells for rest, cells in sets.items() if len(cells) == 4}

    def where(self, row: int) -> str:
        """What a row is about, from its words."""
        words = [column.texts[row] for column in self.labels if len(set(column.texts)) > 1]
        return ", ".join(word for word in words if word and word.strip("*"))


def grid(entries: Mapping[str, Sequence[Any]], table: str) -> Grid | None:
    """The table that entries in long form make; None where there are none.

    Args:
        entries: exhibit, row, place, column, text and number, one item for each entry.
        table: name of the declared table.
    """
    names = ("exhibit", "row", "place", "column", "text", "number")
    usable = [entry for entry in zip(*(entries[name] for name in names), strict=True) if None not in entry[:4]]
    if not usable:
        return None
    exhibit = min(entry[0] for entry in usable)
    cells: dict[tuple[int, int, str], set[tuple[str | None, float | None]]] = {}
    for of, row, place, column, text, number in usable:
        if of == exhibit:
            cells.setdefault((row, place, column), set()).add((text, number))
    rows = sorted({row for row, _, _ in cells})
    at = {row: position for position, row in enumerate(rows)}
    texts: dict[tuple[int, str], list[str | None]] = {}
    numbers: dict[tuple[int, str], Array] = {}
    for (row, place, column), said in cells.items():
        key = (place, column)
        text, number = next(iter(said)) if len(said) == 1 else (None, None)
        texts.setdefault(key, [None] * len(rows))[at[row]] = text
        numbers.setdefault(key, np.full(len(rows), np.nan))[at[row]] = np.nan if number is None else number
    columns = tuple(
        Column(name, place, tuple(texts[place, name]), numbers[place, name]) for place, name in sorted(texts)
    )
    return Grid(exhibit, table, tuple(rows), columns, sum(len(said) > 1 for said in cells.values()))


def modal(values: Array) -> float:
    """The commonest value, the largest of several."""
    counted = Counter(values.tolist())
    return float(max(counted, key=lambda value: (counted[value], value)))


def _decimals(text: str) -> int:
    """Decimals of a printed number."""
    digits, _, exponent = text.strip().rstrip("% ").lower().partition("e")
    decimals = len(digits.partition(".")[2]) - (int(exponent) if exponent.lstrip("+-").isdigit() else 0)
    significant = len(re.sub(r"\D", "", digits).lstrip("0"))
    return max(0, _FULL_PRECISION if significant >= 13 else decimals)


def _same(one: NDArray[np.intp], other: NDArray[np.intp]) -> bool:
    """Whether two divisions into blocks are one."""
    pairs = len(set(zip(one.tolist(), other.tolist(), strict=True)))
    return pairs == len(set(one.tolist())) == len(set(other.tolist()))
