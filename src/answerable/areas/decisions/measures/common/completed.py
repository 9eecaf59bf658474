"""Published cells with hidden counts: what each can be, given the rule that hid it and the known totals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any, Literal

from answerable.areas.decisions.measures.common.cells import Cells
from answerable.areas.decisions.measures.common.estimands import Estimand, Marks
from answerable.areas.decisions.measures.common.metrics import Group, Kind, group_of
from answerable.core.engine import collect
from answerable.core.words import group_text
from answerable.errors import NotIdentified, ParameterError, nearest
from answerable.statistics.bounds import Completions, Constraint, Contradiction, Form, Rate

if TYPE_CHECKING:
    import ibis.expr.types as ir

Rule = Literal["none", "second lowest", "any"]
Key = tuple[Group, Group, Kind]
"""Which table (the values of the controls), which group, which decision and outcome."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hiding:
    """How counts came to be hidden, and what is known beside them.

    Args:
        smallest_shown: the smallest count that the table shows.
        zeros: whether a hidden count may be 0.
        further: which counts are hidden beside the small ones.
        largest: the largest that a hidden count can be; None where nobody says.
        totals: values of group columns that mark totals over all groups of the column.
        margins: whether a row without decision, outcome or both is a total over what it lacks.
        divides: the control whose values divide the same people in different ways; "" for none.
        same_people: the control whose values are systems that decide about the same people; "" for none.
    """

    smallest_shown: int
    zeros: bool
    further: Rule
    largest: int | None
    totals: Sequence[str] = ()
    margins: bool = False
    divides: str = ""
    same_people: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """What is counted under one key: the counts that are shown, added up, and how many are hidden."""

    shown: int
    hidden: int


@dataclass(eq=False)
class Completed:
    """The cells of all tables, and every way to fill in what is hidden in them."""

    controls: Sequence[str]
    groups: Sequence[str]
    cells: Mapping[Key, Cell]
    totals: Mapping[Key, Cell]
    hiding: Hiding
    left_out: int = 0
    completions: Completions = field(init=False)
    unbounded: frozenset[int] = field(init=False)

    def __post_init__(self) -> None:
        constraints = _Constraints(self)
        self.completions = Completions(*constraints.made())
        try:
            self.completions.check()
        except Contradiction as found:
            names = [self.name(key) for key in self.variables if self.variables[key] in found.hidden]
            raise NotIdentified(
                f"Counts shown, totals and the rule of hiding contradict each other around {'; '.join(names[:3])}.",
                missing="the rule by which counts were hidden (smallest_shown, zeros, further), and totals of the same "
                "people: a group that is not recorded makes them differ.",
            ) from found
        self.unbounded = frozenset(
            place for key, place in self.variables.items() if self.range_of(key)[1] >= constraints.beyond
        )

    @cached_property
    def variables(self) -> dict[Key, int]:
        """The hidden counts by their keys, numbered."""
        return {key: place for place, key in enumerate(key for key in self.cells if self.cells[key].hidden)}

    def form(self, keys: Iterable[Key]) -> Form:
        """The total of some cells."""
        chosen = [key for key in keys if key in self.cells]
        hidden = {self.variables[key]: 1 for key in chosen if key in self.variables}
        return sum(self.cells[key].shown for key in chosen), hidden

    def tables(self) -> list[tuple[dict[str, str], Marks, list[Key]]]:
        """Each table as {control: value}, with the marks of its cells and their keys."""
        made = []
        for table in sorted({key[0] for key in self.cells}):
            keys = [key for key in self.cells if key[0] == table]
            shown = tuple(self.cells[key].shown for key in keys)
            cells = Cells(
                tuple(self.groups),
                tuple((group, kind) for _, group, kind in keys),
                shown,
                tuple(map(float, shown)),
                None,
                sum(shown),
                None,
                {},
            )
            made.append((dict(zip(self.controls, table, strict=True)), Marks(cells), keys))
        return made

    def rate(self, one: Estimand, keys: Sequence[Key]) -> Rate:
        """An estimand of a table as a fraction of shown and hidden counts."""
        above, below = (
            [key for key, mark in zip(keys, marks, strict=True) if mark] for marks in (one.above, one.below)
        )
        return Rate(self.form(above), self.form(below))

    def name(self, key: Key) -> str:
        """A cell in words."""
        where = {**dict(zip(self.controls, key[0], strict=True)), **dict(zip(self.groups, key[1], strict=True))}
        states = {True: "yes", False: "no", None: "unknown"}
        return f"{group_text(where)}, decided {states[key[2][0]]}, outcome {states[key[2][1]]}"

    def range_of(self, key: Key) -> tuple[int, int]:
        """The smallest and the largest that a hidden count can be."""
        return self.completions.range_of(self.variables[key])

    def least(self, form: Form) -> int:
        """What a total of cells is at least."""
        return form[0] + sum(self.completions.range_of(place)[0] for place in form[1])


def completed(cells: ir.Table, groups: Sequence[str], controls: Sequence[str], hiding: Hiding) -> Completed:
    """The cells of a published table, and every way to fill in what it hides.

    Raises:
        ParameterError: a column that there is not; a count below what the table is said to show.
        NotIdentified: there are no cells; shown counts, totals and the rule of hiding contradict each other.
    """
    for column in (*groups, *controls):
        if column not in cells.columns:
            raise ParameterError(f"The table has no column {column!r}. {nearest(column, cells.columns)}")
    states = [name for name in ("decided", "outcome") if name in cells.columns]
    rows = collect(_counted(cells, [*controls, *groups, *states]))
    shown: dict[Key, Cell] = {}
    totals: dict[Key, Cell] = {}
    left_out = 0
    for place, least in enumerate(rows["least"]):
        key = _key(rows, place, controls, groups)
        cell = Cell(int(rows["shown"][place] or 0), int(rows["concealed"][place] or 0))
        lacking = any(key[2][at] is None for at, name in enumerate(("decided", "outcome")) if name in states)
        left_out += cell.shown if lacking and not hiding.margins else 0
        if (lacking and hiding.margins) or any(value in hiding.totals for value in key[1]):
            totals[key] = cell
            continue
        shown[key] = cell
        if least is not None and least < hiding.smallest_shown:
            raise ParameterError(
                f"smallest_shown is {hiding.smallest_shown}, yet the table shows {least}. "
                "Say the smallest count from 1 that it shows."
            )
    if not shown:
        raise NotIdentified("The table has no cells.", missing="counts by group, decision and outcome.")
    _check_totals(shown, groups)
    return Completed(controls, groups, _ordered(shown), _ordered(totals), hiding, left_out)


def _check_totals(cells: Mapping[Key, Cell], groups: Sequence[str]) -> None:
    """Refuse a group that has as many as all others together in every cell: everybody would be counted twice."""
    for at, column in enumerate(groups):
        sums: dict[Any, dict[str, list[Cell]]] = defaultdict(lambda: defaultdict(list))
        for (table, group, kind), cell in cells.items():
            sums[table, group[:at] + group[at + 1 :], kind][group[at]].append(cell)
        values = sorted({group[at] for _, group, _ in cells})
        for value in values if len(values) > 2 else ():
            agree = [_is_total(of, value) for of in sums.values()]
            if False not in agree and agree.count(True) > 1:
                raise NotIdentified(
                    f"{column} {value} has as many in every cell as the others together: it seems to be their total.",
                    missing=f"that it is one (totals={value}), or leave it out (where={column}!={value}).",
                )


def _is_total(of: Mapping[str, Sequence[Cell]], value: str) -> bool | None:
    """Whether a count is that of all others together; None where one of them is hidden or there is none."""
    every = [cell for ones in of.values() for cell in ones]
    if any(cell.hidden for cell in every) or not any(cell.shown for cell in every):
        return None
    return 2 * sum(cell.shown for cell in of.get(value, ())) == sum(cell.shown for cell in every)


def _counted(cells: ir.Table, by: Sequence[str]) -> ir.Table:
    """Per cell: the counts shown, added up; how many are hidden; the smallest from 1 that is shown."""
    hidden = cells["count"].isnull()
    if "hidden" in cells.columns:
        hidden = hidden | cells["hidden"].fill_null(False)
    return cells.group_by(by).agg(
        shown=cells["count"].sum(where=~hidden),
        concealed=hidden.sum(),
        least=cells["count"].min(where=~hidden & (cells["count"] > 0)),
    )


def _ordered(cells: Mapping[Key, Cell]) -> dict[Key, Cell]:
    return dict(sorted(cells.items(), key=lambda item: _rank(item[0])))


def _key(rows: Mapping[str, Sequence[Any]], place: int, controls: Sequence[str], groups: Sequence[str]) -> Key:
    decided, outcome = (rows[name][place] if name in rows else None for name in ("decided", "outcome"))
    table, group = (group_of(rows[column][place] for column in columns) for columns in (controls, groups))
    return table, group, (decided, outcome)


def _rank(key: Key) -> Any:
    return key[0], key[1], tuple(map(str, key[2]))


class _Constraints:
    """Ranges of hidden counts, and what ties them together."""

    def __init__(self, of: Completed) -> None:
        self._of, self._hiding = of, of.hiding
        # No total can exceed all that is shown plus what small counts may add; a hidden count that could is unbounded.
        every = [*of.cells.values(), *of.totals.values()]
        pieces = sum(cell.hidden for cell in every)
        self.beyond = sum(cell.shown for cell in every) + max(1, of.hiding.smallest_shown) * (pieces + 1) + 1
        self._low = [of.cells[key].hidden * (not of.hiding.zeros) for key in of.variables]
        self._high = [self._most(of.cells[key].hidden) for key in of.variables]
        self._made: list[Constraint] = []

    def made(self) -> tuple[list[int], list[int], list[Constraint]]:
        """Lowest and highest of each hidden count, and the constraints.

        Raises:
            NotIdentified: two totals differ, or the rule of hiding does not fit the table.
        """
        self._totals()
        self._divisions()
        self._same_people()
        if self._hiding.further == "second lowest":
            for keys in _rows(self._of.cells).values():
                self._second_lowest(keys)
        return self._low, self._high, self._made

    def _most(self, pieces: int) -> int:
        if self._hiding.further == "none":
            return pieces * (self._hiding.smallest_shown - 1)
        return self.beyond if self._hiding.largest is None else pieces * self._hiding.largest

    def _equal(self, one: Form, other: Form) -> None:
        weights: dict[int, int] = defaultdict(int)
        for sign, form in ((1, one), (-1, other)):
            for at, amount in form[1].items():
                weights[at] += sign * amount
        weights = {at: amount for at, amount in weights.items() if amount}
        difference = other[0] - one[0]
        if weights:
            self._made.append(Constraint(weights, difference, difference))
        elif difference:
            raise NotIdentified(
                f"Two totals of the same people differ by {abs(difference):,}, and no hidden count explains it.",
                missing="totals of the same people: leave out (where=...) what is not recorded of everybody.",
            )

    def _totals(self) -> None:
        """Every total that is shown equals the cells that it is over."""
        for total, cell in self._of.totals.items():
            if not cell.hidden:
                parts = [key for key in self._of.cells if _within(key, total, self._hiding.totals)]
                self._equal(self._of.form(parts), (cell.shown, {}))

    def _divisions(self) -> None:
        """Tables that divide the same people in different ways have the same total of each kind."""
        for ones in self._alike(self._hiding.divides, lambda key: key[2]).values():
            for one, other in pairwise(ones):
                self._equal(self._of.form(one), self._of.form(other))

    def _same_people(self) -> None:
        """Systems that decide about the same people find as many of each group with the outcome, and without."""
        for ones in self._alike(self._hiding.same_people, lambda key: (key[1], key[2][1])).values():
            for one, other in pairwise(ones):
                self._equal(self._of.form(one), self._of.form(other))

    def _alike(self, control: str, what: Any) -> dict[Any, list[list[Key]]]:
        """Cells that add up to the same under each value of a control."""
        if not control:
            return {}
        at = self._of.controls.index(control)
        found: dict[Any, dict[str, list[Key]]] = defaultdict(lambda: defaultdict(list))
        for key in self._of.cells:
            found[key[0][:at] + key[0][at + 1 :], what(key)][key[0][at]].append(key)
        return {where: list(ones.values()) for where, ones in found.items()}

    def _second_lowest(self, keys: Sequence[Key]) -> None:
        """Either all hidden cells of a row are small; or one is, and the others are the next lowest, and equal.

        Counts that tie are hidden together, so the others are equal, and below every count that is shown.
        """
        hidden = [key for key in keys if self._of.cells[key].hidden]
        if not hidden:
            return
        shown = [cell.shown for key in keys if not (cell := self._of.cells[key]).hidden]
        if any(self._of.cells[key].hidden > 1 for key in hidden) or (len(hidden) == 1 and all(shown) and shown):
            raise NotIdentified(
                f"The rule that hides the second lowest count too does not fit the row of {self._of.name(hidden[0])}.",
                missing="the rule by which counts were hidden (further=none or further=any).",
            )
        places, small = [self._of.variables[key] for key in hidden], self._hiding.smallest_shown - 1
        most = min([one - 1 for one in shown if one], default=self._high[places[0]])
        if len(places) == 1 or most <= small:
            for at in places:
                self._high[at] = min(self._high[at], small)
            return
        self._either(places, small, most)

    def _either(self, places: Sequence[int], small: int, most: int) -> None:
        """One switch for each hidden cell: on, it is the only small one; all off, all are small."""
        switches = range(len(self._low), len(self._low) + len(places))
        self._low += [0] * len(places)
        self._high += [1] * len(places)
        self._made.append(Constraint(dict.fromkeys(switches, 1), None, 1))
        for at, own in zip(places, switches, strict=True):
            others = [switch for switch in switches if switch != own]
            least = self._low[at]
            self._high[at] = min(self._high[at], most)
            self._made.append(Constraint({at: 1, **dict.fromkeys(others, small - most)}, None, small))
            self._made.append(Constraint({at: 1, **dict.fromkeys(others, least - small - 1)}, least, None))
        for (one, first), (other, second) in combinations(zip(places, switches, strict=True), 2):
            third = dict.fromkeys((switch for switch in switches if switch not in {first, second}), most)
            for here, there in ((one, other), (other, one)):  # equal where a third cell is the small one
                self._made.append(Constraint({here: 1, there: -1, **third}, None, most))


def _rows(cells: Mapping[Key, Cell]) -> dict[tuple[Group, Group], list[Key]]:
    """The cells of each group of each table."""
    found: dict[tuple[Group, Group], list[Key]] = defaultdict(list)
    for key in cells:
        found[key[:2]].append(key)
    return found


def _within(key: Key, total: Key, marks: Sequence[str]) -> bool:
    """Whether a cell is part of a total: the same table, and the same in everything that the total names."""
    groups = all(whole in marks or own == whole for own, whole in zip(key[1], total[1], strict=True))
    kinds = all(whole is None or own == whole for own, whole in zip(key[2], total[2], strict=True))
    return key[0] == total[0] and groups and kinds
