"""Marks of significance: which test and which thresholds they follow, and the rows that do not."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from answerable.areas.decisions.measures.recompute.grammar import cells_of
from answerable.core.estimate import Observation
from answerable.core.multiplicity import HOW, adjust

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from answerable.areas.decisions.measures.recompute.columns import Checked
    from answerable.areas.decisions.measures.recompute.grid import Array, Column, Grid, Vector

_MARK = re.compile(r"\*{0,4}|insig|insignificant|ns|n\.s\.?|not significant|-", re.IGNORECASE)
_THRESHOLDS = ((0.1, 0.05, 0.01), (0.05, 0.01, 0.001))
_SPLITS = ((("FN",), ("TP",)), (("FP",), ("TN",)), (("FP",), ("TP",)), (("FN",), ("TN",)),
           (("TP", "FP"), ("TN", "FN")), (("TP", "FN"), ("FP", "TN")))  # fmt: skip
_REPRODUCED = 0.9
_LEAST_ROWS = 8
_MOST_ROWS = 1_000
_USUAL = 0.05


@dataclass(frozen=True, eq=False)
class _Test:
    """Fisher's exact test of two kinds of cells, of each row against others, in words too; and the limits of marks."""

    own: Mapping[str, Vector]
    rest: Mapping[str, Vector]
    whose: str
    above: tuple[str, ...]
    below: tuple[str, ...]
    limits: tuple[float, ...] = ()

    def __str__(self) -> str:
        cells = f"{'+'.join(self.above)} / {'+'.join(self.below)}"
        limits = ", ".join(f"{limit:g}" for limit in self.limits)
        return f"Fisher's exact test of {cells} against{self.whose}, stars below {limits}"

    def stars(self, p: Array) -> Array:
        """How many marks p-values earn."""
        return np.asarray(np.sum([p < limit for limit in self.limits], axis=0))

    def p_values(self, more: Mapping[str, float]) -> Array:
        """Of each row, with so many more of each cell among the others."""
        from answerable.statistics.exact import fisher

        mine = [np.nan_to_num(sum(self.own[name].value for name in names)) for names in (self.above, self.below)]
        theirs = [
            np.nan_to_num(sum(self.rest[name].value + more.get(name, 0.0) for name in names))
            for names in (self.above, self.below)
        ]
        return np.asarray(fisher(*mine, *np.maximum(theirs, 0)))


def check_stars(grid: Grid, checked: Checked) -> Iterator[Observation]:
    """Stars against Fisher's exact test of each group against all others."""
    for column in grid.columns:
        texts = [(text or "").strip() for text in column.texts]
        if any("*" in text for text in texts) and all(_MARK.fullmatch(text) for text in texts):
            yield from _marks(grid, column, np.array([text.count("*") for text in texts]), checked)


def _marks(grid: Grid, column: Column, stars: Array, checked: Checked) -> Iterator[Observation]:
    if not _LEAST_ROWS <= len(stars) <= _MOST_ROWS or not grid.quads:
        checked.missing[column.name] = "marks of significance need the four cells, and some rows"
        return
    share, test = _best_test(grid, stars)
    usual = max(np.bincount(stars)) / len(stars)
    if test is None or share < max(_REPRODUCED, (1 + usual) / 2):
        checked.missing[column.name] = "not recomputed: no usual test reproduces its marks"
        return
    p = test.p_values({})
    expected = test.stars(p)
    checked.agree[column.name] = int(np.sum(expected == stars))
    _count(column.name, expected, p, checked)
    if by_others := _by_other_totals(test, stars, checked):
        right = sum(bool(expected[row] == stars[row]) or row in by_others for row in range(len(stars)))
        checked.counted[f"{column.name}: rows that agree by these or by another split's totals"] = right
    for row in np.flatnonzero(expected != stars):
        yield Observation(
            what=f"Row {grid.rows[row]:,} ({grid.where(int(row))}), column {column.name!r}: {column.texts[row]!r} is "
            f"printed, but {test}, gives {'*' * expected[row] or 'none'} (p = {p[row]:.4f}; "
            f"{checked.agree[column.name]:,} of {len(stars):,} rows agree with it)." + by_others.get(int(row), ""),
            exhibit=grid.exhibit,
            table=grid.table,
            row=grid.rows[row],
            strength="strong" if share >= 0.95 else "heuristic",
            benign="Another test, or p-values rounded before they were compared, may have been used.",
            fields={
                "column": column.name,
                "published": column.texts[row],
                "recomputed": "*" * int(expected[row]),
                "difference": int(stars[row] - expected[row]),
                "formula": str(test),
                "p": float(p[row]),
            },
        )


def _best_test(grid: Grid, stars: Array) -> tuple[float, _Test | None]:
    """The usual test that reproduces most of the marks, and of what share of the rows."""
    best: tuple[float, _Test | None] = (0.0, None)
    groups = {whose: (scope, cells) for whose, scope, cells, _ in cells_of(grid)}
    own = next(cells for scope, cells in groups.values() if scope == "own")
    for whose, (scope, rest) in groups.items():
        for above, below in _SPLITS if scope == "rest" else ():
            test = _Test(own, rest, whose.removeprefix(" of"), above, below)
            p = test.p_values({})
            for limits in _THRESHOLDS:
                limited = replace(test, limits=limits)
                share = float(np.mean(limited.stars(p) == stars))
                if share > best[0]:
                    best = share, limited
    return best


def _by_other_totals(test: _Test, stars: Array, checked: Checked) -> dict[int, str]:
    """Rows whose marks are right against the other totals that a split of the same people adds up to, in words."""
    found: dict[int, str] = {}
    for one in checked.observations:
        if split := one.fields.get("split"):
            usual = one.fields["recomputed"]
            p = test.p_values({cell: total - usual[cell] for cell, total in one.fields["published"].items()})
            for row in np.flatnonzero(test.stars(p) == stars):
                words = f" Against the other counts that {split} adds up to it is right (p = {p[row]:.4f})."
                found.setdefault(int(row), words)
    return found


def _count(name: str, expected: Array, p: Array, checked: Checked) -> None:
    """How many rows have a mark by the test, and how many are below 0.05 once their number is allowed for."""
    checked.counted[f"{name}: rows with a mark by the recomputed test"] = int(np.sum(expected > 0))
    below = {how: int(np.sum(np.array(adjust(p.tolist(), how)) < _USUAL)) for how in HOW}
    for how, rows in below.items():
        adjusted = "" if how == "none" else f", {how}"
        checked.counted[f"{name}: rows with p below {_USUAL:g}{adjusted}"] = rows
    if below["holm"] < below["none"]:
        checked.said.append(
            f"The marks in column {name!r} allow nothing for there being {len(p):,} of them: of {below['none']:,} rows "
            f"with p below {_USUAL:g}, {below['benjamini-hochberg']:,} remain by Benjamini and Hochberg, "
            f"{below['benjamini-yekutieli']:,} by Benjamini and Yekutieli, {below['holm']:,} by Holm."
        )
