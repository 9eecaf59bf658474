"""A published table against a second one: another version of it, or what it was made of."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from answerable.areas.decisions.measures.recompute.fits import fits, key
from answerable.areas.decisions.measures.recompute.grid import CELLS, Column, Grid
from answerable.areas.decisions.measures.recompute.groups import check_groups
from answerable.core.estimate import Observation

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from answerable.areas.decisions.measures.recompute.columns import Checked

_OVERLAP = 0.5
Link = list[tuple[int, int]]
"""Rows of the two tables that are about the same."""


def check_versions(published: Grid, second: Grid, checked: Checked) -> Iterator[Observation]:
    """Entries that differ between the two tables, and figures that do not follow from the second."""
    second = spread_out(second)
    links = _by_labels(published, second)
    if not links:
        if second.quads:
            yield from check_groups(published, second, _keys(published, second), checked)
        else:
            checked.missing["the second table"] = "none of its rows is called like one of the first"
        return
    same = [(one, other) for one in published.numeric for other in second.numeric if one.words == other.words]
    for one, other in same:
        rows = [(a, b) for a, b in links if np.isfinite(one.numbers[a]) and np.isfinite(other.numbers[b])]
        wrong = [(a, b) for a, b in rows if abs(one.numbers[a] - other.numbers[b]) > _room(one, other, a, b)]
        checked.agree[f"{one.name} in both tables"] = len(rows) - len(wrong)
        checked.missing.pop(one.name, None)
        for a, b in wrong:
            yield _differs(published, second, one, other, a, b)
    yield from _derived(published, second, links, {key(one) for one, _ in same}, checked)


def spread_out(second: Grid) -> Grid:
    """The second table with its cells side by side, where it has them one below the other."""
    for column in second.labels:
        names = [(text or "").strip().upper() for text in column.texts]
        counts = [one for one in second.numeric if one.whole]
        if set(names) != set(CELLS) or not counts:
            continue
        # Codes may be numbers too: the counts are the ones that hold most different values.
        number = max(counts, key=lambda one: (len(set(one.texts)), one.place))
        others = [label for label in second.columns if label not in (column, number)]
        places: dict[tuple[str | None, ...], dict[str, int]] = {}
        for row, cell in enumerate(names):
            places.setdefault(tuple(label.texts[row] for label in others), {})[cell] = row
        full = [cells for cells in places.values() if len(cells) == 4]
        first = [cells["TP"] for cells in full]
        kept = [
            replace(label, texts=tuple(label.texts[row] for row in first), numbers=label.numbers[first])
            for label in others
        ]
        made = [
            Column(cell, number.place + at, tuple(number.texts[cells[cell]] for cells in full),
                   np.array([number.numbers[cells[cell]] for cells in full]))
            for at, cell in enumerate(CELLS)
        ]  # fmt: skip
        return Grid(second.exhibit, second.table, tuple(second.rows[row] for row in first), (*kept, *made))
    return second


def _keys(published: Grid, second: Grid) -> list[tuple[Column, Column]]:
    """Columns of words of the two tables that speak of the same."""
    pairs = []
    for other in second.labels:
        values = _values(other)
        shares = [(len(values & _values(one)) / max(1, len(values)), -one.place, one) for one in published.labels]
        best = max(shares, default=(0.0, 0, other), key=lambda share: share[:2])
        if best[0] > _OVERLAP or best[0] == 1:
            pairs.append((best[2], other))
    return pairs


def _by_labels(published: Grid, second: Grid) -> Link:
    """Rows that are called the same in both, where that tells every row apart."""
    pairs = _keys(published, second)
    if not pairs:
        return []
    theirs: dict[tuple[str, ...], list[int]] = {}
    for row in range(len(second.rows)):
        theirs.setdefault(tuple(_plain(other.texts[row]) for _, other in pairs), []).append(row)
    ours: dict[tuple[str, ...], list[int]] = {}
    for row in range(len(published.rows)):
        ours.setdefault(tuple(_plain(one.texts[row]) for one, _ in pairs), []).append(row)
    alike = {name: (rows, theirs[name]) for name, rows in ours.items() if name in theirs}
    return [(a[0], b[0]) for a, b in alike.values() if len(a) == len(b) == 1]


def _values(column: Column) -> set[str]:
    return {_plain(text) for text in column.texts} - {""}


def _plain(text: str | None) -> str:
    return " ".join((text or "").casefold().split())


def _room(one: Column, other: Column, a: int, b: int) -> float:
    return float(one.vector.slack[a] + other.vector.slack[b])


def _differs(published: Grid, second: Grid, one: Column, other: Column, a: int, b: int) -> Observation:
    return Observation(
        what=f"Row {published.rows[a]:,} ({published.where(a)}), column {one.name!r}: {one.texts[a]} is printed, the "
        f"second table has {other.texts[b]} in its row {second.rows[b]:,}.",
        exhibit=published.exhibit,
        table=published.table,
        row=published.rows[a],
        strength="strong",
        benign="The two tables may rest on different versions of the data.",
        fields={
            "column": one.name,
            "published": one.texts[a],
            "recomputed": float(other.numbers[b]),
            "difference": float(one.numbers[a] - other.numbers[b]),
            "formula": f"column {other.name!r} of the second table",
            "second_exhibit": second.exhibit,
            "second_row": second.rows[b],
        },
    )


def _derived(published: Grid, second: Grid, links: Link, same: set[str], checked: Checked) -> Iterator[Observation]:
    """Figures of the first table by formulas over the numbers of the second."""
    ours, theirs = [a for a, _ in links], [b for _, b in links]
    targets = [_rows(column, ours) for column in published.numeric if key(column) not in same]
    sources = [_rows(column, theirs) for column in second.numeric]
    labels = [_rows(column, ours) for column in published.labels]
    columns = [replace(column, place=place) for place, column in enumerate((*labels, *targets, *sources), start=1)]
    joined = Grid(published.exhibit, published.table, tuple(published.rows[a] for a in ours), tuple(columns))
    known = {key(column) for column in columns[len(labels) + len(targets) :]}
    found = fits(joined)
    for column in columns[len(labels) : len(labels) + len(targets)]:
        only = [fit for fit in found.get(key(column), []) if {key(one) for one in fit.formula.operands} <= known]
        if not only:
            continue
        checked.agree[f"{column.name} from the second table"] = int(only[0].holds.sum())
        checked.missing.pop(column.name, None)
        for row in only[0].wrong:
            yield Observation(
                what=f"Row {joined.rows[row]:,} ({joined.where(row)}), column {column.name!r}: {column.texts[row]} is "
                f"printed, but {only[0].text} of the second table gives {column.written(float(only[0].value[row]))}.",
                exhibit=published.exhibit,
                table=published.table,
                row=joined.rows[row],
                strength="strong",
                benign="The two tables may rest on different versions of the data.",
                fields={
                    "column": column.name,
                    "published": column.texts[row],
                    "recomputed": float(only[0].value[row]),
                    "difference": float(column.numbers[row] - only[0].value[row]),
                    "formula": only[0].text,
                },
            )


def _rows(column: Column, rows: Sequence[int]) -> Column:
    return Column(column.name, column.place, tuple(column.texts[row] for row in rows), column.numbers[list(rows)])
