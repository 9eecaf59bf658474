"""From the table of pairs to cells: matched pairs by template, names and answers, with what could not be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from answerable.core.engine import Rows, collect, exact, keep
from answerable.errors import NotIdentified, ParameterError, nearest

if TYPE_CHECKING:
    import ibis.expr.types as ir
    from numpy.typing import NDArray

UNIT = ("template", "pair", "repeat")
"""What together tells one matched pair from another."""
MOST_VARIANTS = 100
_COUNTS = ("n", "yes", "n_against", "yes_against")


@dataclass(frozen=True, eq=False)
class Cells:
    """Matched pairs that are alike, counted.

    Args:
        pairs: how many pairs each cell holds, shape (C,).
        of, against: the mean answer of the group and of the reference: sums over the pairs, each of shape (C,).
        apart: chance that the two answers of a pair differ, summed; zeros for numbers.
        labels: template, name of the group's member, name of the reference's member of each cell, as far as known.
        squares: for numbers, the sum of the squared differences, shape (C,).
    """

    pairs: NDArray[np.floating[Any]]
    of: NDArray[np.floating[Any]]
    against: NDArray[np.floating[Any]]
    apart: NDArray[np.floating[Any]]
    squares: NDArray[np.floating[Any]]
    labels: Mapping[str, Sequence[str]]

    @property
    def n(self) -> int:
        """Pairs in all."""
        return int(self.pairs.sum())


class Matched:
    """The pairs of a table, asked for once and kept on the engine.

    Args:
        pairs: table of pairs.
        reference: the group that the others are compared with; the largest where it is None.
        names: whether pairs with one name depend on each other.

    Raises:
        NotIdentified: no column tells the pairs apart, there is one group only, or there are more than 100.
        ParameterError: the reference is no group.
    """

    def __init__(self, pairs: ir.Table, reference: str | None, *, names: bool = True) -> None:
        self.columns = frozenset(pairs.columns)
        self.names = names and "name" in self.columns
        self.unit = [name for name in UNIT if name in self.columns]
        if not {"pair", "template"} & self.columns:
            raise NotIdentified(
                "Nothing says which answers belong to one pair.",
                missing="a column of the pair, or of the template, vacancy or employer that pairs share; without one, "
                "decisions.disparity compares the groups as a whole.",
            )
        self._members = _members(pairs, self.unit)
        counted = collect(
            self._members.group_by("variant").agg(
                asked=self._members.count(),
                answered=self._members.count(where=self._members["usable"]),
                rows=self._members["rows"].sum(),
                unread=self._members["unread"].sum(),
            )
        )
        self.variants = {
            str(name): {key: int(counted[key][place]) for key in ("asked", "answered", "rows", "unread")}
            for place, name in sorted(enumerate(counted["variant"]), key=lambda one: str(one[1]))
        }
        self.rows = sum(one["rows"] for one in self.variants.values())
        self.reference = self._reference(reference)
        self.skipped = int(collect(pairs.agg(rows=pairs.count()))["rows"][0]) - self.rows

    def _reference(self, wanted: str | None) -> str:
        if len(self.variants) > MOST_VARIANTS:
            raise NotIdentified(
                f"There are {len(self.variants):,} groups: more than {MOST_VARIANTS} cannot be compared.",
                missing="the group that each member stands for (variant), beside its name.",
            )
        if wanted is not None and wanted not in self.variants:
            raise ParameterError(f"There is no group {wanted!r} to compare with. {nearest(wanted, self.variants)}")
        if len(self.variants) < 2:
            raise NotIdentified("There is one group only: nothing to compare.", missing="answers to another group.")
        return wanted or max(self.variants, key=lambda name: (self.variants[name]["answered"], name))

    @property
    def others(self) -> list[str]:
        """The groups that are compared with the reference."""
        return [name for name in self.variants if name != self.reference]

    def asked(self) -> dict[str, int]:
        """How many matched pairs were to compare each group with the reference, answered or not."""
        sides = self._members.filter(~self._members["control"]).select(*self.unit, "variant").distinct()
        joined = _joined(sides, self.unit, self.reference)
        found = collect(joined.group_by("variant").agg(pairs=joined.count()))
        return {str(name): int(count) for name, count in zip(found["variant"], found["pairs"], strict=True)}

    def answers(self) -> dict[str, Cells]:
        """Cells of yes-or-no answers, by group."""
        joined = self._sides(["n", "yes"])
        rows = collect(joined.group_by(["variant", *self._labels(), *_COUNTS]).agg(pairs=joined.count()))
        return {
            variant: _rate_cells(rows, places, self._labels())
            for variant, places in _parted(rows, lambda at: str(rows["variant"][at])).items()
        }

    def numbers(self) -> dict[str, Cells]:
        """Cells of numbers, by group."""
        joined = self._sides(["mean"])
        apart = joined["mean"] - joined["mean_against"]
        sums = {"of": joined["mean"], "against": joined["mean_against"], "squares": apart * apart}
        rows = collect(
            joined.group_by(["variant", *self._labels()]).agg(
                pairs=joined.count(), **{name: exact(value).sum().cast("float64") for name, value in sums.items()}
            )
        )
        found = {}
        for variant, places in _parted(rows, lambda at: str(rows["variant"][at])).items():
            columns = {name: _array(rows, name, places) for name in ("pairs", *sums)}
            found[variant] = Cells(**columns, apart=np.zeros(len(places)), labels=_named(rows, places, self._labels()))
        return found

    def controls(self) -> dict[str, Cells]:
        """Cells of pairs within one group, by what their members share: "the same name", "the same group"."""
        keys = [name for name in ("member", "name") if name in self.columns]
        if "control" not in self.columns or "decided" not in self.columns or not keys:
            return {}
        members, first = self._members, keys[0]
        mine = members.filter(members["control"] & (members["n"] > 0) & members[first].notnull())
        mine = mine.select(*self.unit, "variant", *keys, "n", "yes")
        other = mine.view().rename({f"{name}_against": name for name in (*keys, "n", "yes")})
        both = mine.join(other, [*self.unit, "variant"])
        both = both.filter(both[first] < both[f"{first}_against"])
        if "name" in keys:
            both = both.mutate(same=(both["name"] == both["name_against"]).fill_null(False))
        labels = [name for name in ("template",) if name in self.unit]
        by = [*labels, *(["same"] if "name" in keys else []), *_COUNTS]
        rows = collect(both.group_by(by).agg(pairs=both.count()))
        kinds = _parted(
            rows, lambda at: "the same name" if rows.get("same", [])[at : at + 1] == [True] else "the same group"
        )
        return {kind: _rate_cells(rows, places, labels) for kind, places in kinds.items()}

    def _sides(self, values: Sequence[str]) -> ir.Table:
        """One row for each matched pair of a group and the reference in which both have answered."""
        members = self._members.filter(~self._members["control"])
        known = members.filter((members["scored"] if "mean" in values else members["n"]) > 0)
        made = {
            "n": known["n"].sum(),
            "yes": known["yes"].sum(),
            "mean": exact(known["total"]).sum().cast("float64") / known["scored"].sum().cast("float64"),
        }
        names = {"name": known["name"].min()} if self.names else {}
        sides = known.group_by([*self.unit, "variant"]).agg(**{name: made[name] for name in values}, **names)
        return _joined(sides, self.unit, self.reference)

    def _labels(self) -> list[str]:
        """The columns of a joined pair by which pairs may depend on each other."""
        return [
            *(["template"] if "template" in self.unit else []),
            *(["name", "name_against"] if self.names else []),
        ]


def _members(pairs: ir.Table, unit: Sequence[str]) -> ir.Table:
    """One row for each member of each pair: how often it was asked and answered, and what it answered."""
    import ibis

    known = set(pairs.columns)
    needed = [name for name in ("template", "pair", "variant") if name in known]
    table = pairs.filter([pairs[name].notnull() for name in needed])
    table = table.mutate(
        control=table["control"].fill_null(False) if "control" in known else ibis.literal(False),
        **({"repeat": table["repeat"].fill_null(0)} if "repeat" in known else {}),
    )
    if not {"decided", "score"} & known:
        raise NotIdentified("The table has no answers.", missing="the decision (decided) or the number (score).")
    answers = {
        "n": table["decided"].count() if "decided" in known else ibis.literal(0),
        "yes": table["decided"].sum().fill_null(0) if "decided" in known else ibis.literal(0),
        "scored": table["score"].count() if "score" in known else ibis.literal(0),
        "total": exact(table["score"]).sum() if "score" in known else ibis.literal(0.0),
    }
    first = table["decided"] if "decided" in known else table["score"]
    by = [*unit, "variant", "control", *(name for name in ("member", "name") if name in known)]
    members = table.group_by(by).agg(rows=table.count(), unread=table.count(where=first.isnull()), **answers)
    return keep(members.mutate(usable=(members["n"] > 0) | (members["scored"] > 0)))


def _joined(sides: ir.Table, unit: Sequence[str], reference: str) -> ir.Table:
    """Each group's side of a pair beside the reference's."""
    theirs = [name for name in sides.columns if name not in unit]
    of = sides.filter(sides["variant"] != reference)
    against = sides.filter(sides["variant"] == reference)
    return of.join(against.rename({f"{name}_against": name for name in theirs}), list(unit))


def _parted(rows: Rows, key: Callable[[int], str]) -> dict[str, list[int]]:
    """Places of the rows by a key, each in an order that the data alone decide."""
    names = sorted(rows)
    found: dict[str, list[int]] = {}
    for at in sorted(range(len(rows["pairs"])), key=lambda at: [str(rows[name][at]) for name in names]):
        found.setdefault(key(at), []).append(at)
    return dict(sorted(found.items()))


def _rate_cells(rows: Rows, places: Sequence[int], labels: Sequence[str]) -> Cells:
    """Cells of yes-or-no answers; a member that answered several times counts with its rate."""
    pairs, n, yes, n_against, yes_against = (_array(rows, name, places) for name in ("pairs", *_COUNTS))
    of, against = yes / n, yes_against / n_against
    return Cells(
        pairs=pairs,
        of=of * pairs,
        against=against * pairs,
        apart=(of * (1 - against) + against * (1 - of)) * pairs,
        squares=(of - against) ** 2 * pairs,
        labels=_named(rows, places, labels),
    )


def _named(rows: Rows, places: Sequence[int], labels: Sequence[str]) -> dict[str, list[str]]:
    return {name: [str(rows[name][at]) for at in places] for name in labels}


def _array(rows: Rows, name: str, places: Sequence[int]) -> Any:
    return np.array([float(rows[name][at]) for at in places])
