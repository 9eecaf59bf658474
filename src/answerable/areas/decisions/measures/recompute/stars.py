"""Marks of significance: which test and which thresholds they follow, and the rows that do not."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from answerable.areas.decisions.measures.recompute.grammar import cells_of
from answerable.core.estimate import Observation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from answerable.areas.decisions.measures.recompute.columns import Checked
    from answerable.areas.decisions.measures.recompute.grid import Array, Column, Grid

_MARK = re.compile(r"\*{0,4}|insig|insignificant|ns|n\.s\.?|not significant|-", re.IGNORECASE)
_THRESHOLDS = ((0.1, 0.05, 0.01), (0.05, 0.01, 0.001))
_SPLITS = ((("FN",), ("TP",)), (("FP",), ("TN",)), (("FP",), ("TP",)), (("FN",), ("TN",)),
           (("TP", "FP"), ("TN", "FN")), (("TP", "FN"), ("FP", "TN")))  # fmt: skip
_REPRODUCED = 0.9
_LEAST_ROWS = 8
_MOST_ROWS = 1_000


def check_stars(grid: Grid, checked: Checked) -> Iterator[Observation]:
    """Stars against Fisher's exact test of each group against all others."""
    for column in grid.columns:
        texts = [(text or "").strip() for text in column.texts]
        if any("*" in text for text in texts) and all(_MARK.fullmatch(text) for text in texts):
            yield from _marks(grid, column, np.array([text.count("*") for text in texts]), checked)


def _marks(grid: Grid, column: Column, stars: Array, checked: Checked) -> Iterator[Observation]:
    from answerable.statistics.exact import fisher

    if not _LEAST_ROWS <= len(stars) <= _MOST_ROWS or not grid.quads:
        checked.missing[column.name] = "marks of significance need the four cells, and some rows"
        return
    best: tuple[float, str, Array, Array] | None = None
    groups = {whose: (scope, cells) for whose, scope, cells, _ in cells_of(grid)}
    own = next(cells for scope, cells in groups.values() if scope == "own")
    for whose, (scope, rest) in groups.items():
        if scope != "rest":
            continue
        for above, below in _SPLITS:
            a, b, c, d = (
                np.nan_to_num(sum(cells[name].value for name in names))
                for cells in (own, rest)
                for names in (above, below)
            )
            p = fisher(a, b, c, d)
            for limits in _THRESHOLDS:
                expected = np.sum([p < limit for limit in limits], axis=0)
                share = float(np.mean(expected == stars))
                text = (
                    f"Fisher's exact test of {'+'.join(above)} / {'+'.join(below)} against{whose.removeprefix(' of')}"
                )
                said = f"{text}, stars below {', '.join(f'{limit:g}' for limit in limits)}"
                if best is None or share > best[0]:
                    best = (share, said, expected, p)
    usual = max(np.bincount(stars)) / len(stars)
    if best is None or best[0] < max(_REPRODUCED, (1 + usual) / 2):
        checked.missing[column.name] = "not recomputed: no usual test reproduces its marks"
        return
    share, said, expected, p = best
    checked.agree[column.name] = int(np.sum(expected == stars))
    for row in np.flatnonzero(expected != stars):
        yield Observation(
            what=f"Row {grid.rows[row]:,} ({grid.where(int(row))}), column {column.name!r}: {column.texts[row]!r} is "
            f"printed, but {said}, gives {'*' * expected[row] or 'none'} (p = {p[row]:.4f}; "
            f"{checked.agree[column.name]:,} of {len(stars):,} rows agree with it).",
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
                "formula": said,
                "p": float(p[row]),
            },
        )
