"""Ways of counting one comparison: every combination of rules, as marks of cells.

A specification takes one option of each choice: how the outcome is counted, what is a decision, what a missing value
means, which cases are looked at, which rows are left out, who is the reference. The headline takes the first of each.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from answerable.areas.decisions.measures.common.estimands import Estimand, Marks
from answerable.areas.decisions.measures.common.metrics import MISSING, Metric
from answerable.areas.decisions.measures.common.reference import pairs
from answerable.errors import NotIdentified, ParameterError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from answerable.areas.decisions.measures.common.cells import Cells
    from answerable.statistics.design import Flags

    Codes = NDArray[np.int8]

MOST_SPECIFICATIONS = 2_000
KEPT, LEFT_OUT, ROWS = "kept", "left out", "rows with "
MEANT = {"left-out": LEFT_OUT, "yes": "counted as yes", "no": "counted as no"}
_STATES = (False, True, None)


@dataclass(frozen=True, slots=True)
class Rules:
    """What can be chosen otherwise, as the question gives it; the first of each is that of the headline."""

    labels: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()
    arms: tuple[str, ...] = ()
    references: tuple[str, ...] = ("largest",)
    missing_outcomes: tuple[str, ...] = ("left-out",)
    missing_decisions: tuple[str, ...] = ("left-out",)

    @property
    def columns(self) -> list[str]:
        """The yes-or-no columns that the rules read."""
        return [*self.labels, *self.decisions, *self.exclusions, *self.arms]


@dataclass(frozen=True, slots=True, eq=False)
class Specification:
    """One way of counting the comparison of a group with its reference.

    Args:
        choices: the option taken of each choice.
        pair: the two fractions of cells that are compared.
    """

    choices: Mapping[str, str]
    pair: tuple[Estimand, Estimand]


def choices_of(rules: Rules, cells: Cells) -> dict[str, tuple[str, ...]]:
    """The options of every choice that there is, in order; missing values are a choice where there are any.

    Raises:
        ParameterError: nothing can be chosen otherwise, or there are more than 2,000 specifications.
    """
    found = {
        "outcome": rules.labels,
        "missing outcomes": _missing(rules.labels, rules.missing_outcomes, cells),
        "decision": rules.decisions,
        "missing decisions": _missing(rules.decisions, rules.missing_decisions, cells),
        "cases": rules.arms,
        **{ROWS + condition: (KEPT, LEFT_OUT) for condition in rules.exclusions},
        "reference": rules.references,
    }
    found = {name: options for name, options in found.items() if options}
    number = prod(len(options) for options in found.values())
    if number < 2:
        raise ParameterError(
            "There is one specification only. Give what can be counted otherwise: --labels, --decisions, --exclusions, "
            "--arms or --references, several times."
        )
    if number > MOST_SPECIFICATIONS:
        raise ParameterError(
            f"These choices make {number:,} specifications, more than {MOST_SPECIFICATIONS:,}. Leave out those that "
            "nobody would defend."
        )
    return found


def _missing(columns: Sequence[str], rules: Sequence[str], cells: Cells) -> tuple[str, ...]:
    places = [cells.columns.index(column) for column in columns]
    there = any(group[place] == MISSING for group, _ in cells.keys for place in places)
    return tuple(MEANT[rule] for rule in rules) if there else ()


class Counting:
    """Marks of the cells by group and by what the rules say of them.

    Args:
        cells: counts by groups and by every rule.
        metric: the rate that is compared.
        rules: what can be chosen otherwise.
        favourable: whether the decision is good for the person; needed for the reference "best-off".
    """

    def __init__(self, cells: Cells, metric: Metric, rules: Rules, favourable: bool | None) -> None:
        self.cells, self.metric, self.rules, self.favourable = cells, metric, rules, favourable
        self.choices = choices_of(rules, cells)
        self.marks = Marks(cells)
        self._states = {name: _codes(cells, name) for name in rules.columns}
        self._above = np.array([[metric.is_above((d, o)) for o in _STATES] for d in _STATES])
        self._below = np.array([[metric.is_below((d, o)) for o in _STATES] for d in _STATES])
        self._filled = np.array(cells.counts) > 0

    @cached_property
    def lines(self) -> list[tuple[dict[str, str], Flags, Flags]]:
        """Every combination of choices with its marks of the cells above and below the line, in order."""
        found = []
        for options in product(*self.choices.values()):
            chosen = dict(zip(self.choices, options, strict=True))
            decided = self._meant(chosen.get("decision"), chosen.get("missing decisions"))
            outcome = self._meant(chosen.get("outcome"), chosen.get("missing outcomes"))
            kept = self._kept(chosen)
            found.append((chosen, self._above[decided, outcome] & kept, self._below[decided, outcome] & kept))
        return found

    def specifications(self, column: str) -> dict[str, list[Specification]]:
        """The distinct specifications of every group of a column; those that count the same rows stand once.

        Raises:
            NotIdentified: one group only; the best-off group is asked for and cannot be told.
            ParameterError: a reference that does not occur.
        """
        members = {reference: self._references(column, reference) for reference in self.choices["reference"]}
        found: dict[str, dict[bytes, Specification]] = {group: {} for (group,) in self.cells.groups([column])}
        for chosen, above, below in self.lines:
            reference = members[chosen["reference"]]
            against = self._best(column, above, below) if reference is None else reference
            for group, ones in found.items():
                if group in against:
                    pair = (
                        self._estimand({column: group}, self.marks.group({column: group}), above, below),
                        self._estimand(*against[group], above, below),
                    )
                    key = b"".join((one & self._filled).tobytes() for e in pair for one in (e.above, e.below))
                    ones.setdefault(key, Specification(chosen, pair))
        return {group: list(ones.values()) for group, ones in found.items() if ones}

    def strata(self) -> list[tuple[str, ...]]:
        """Per cell, what the rules say of it as far as the metric is taken among those of whom they say so."""
        fixed = [*self.rules.exclusions, *self.rules.arms]
        if self.metric.below[0] in ((True,), (False,)):
            fixed += self.rules.decisions
        if self.metric.below[1] in ((True,), (False,)):
            fixed += self.rules.labels
        return self.parts(fixed)

    def parts(self, columns: Sequence[str]) -> list[tuple[str, ...]]:
        """Per cell, its values of some columns."""
        places = [self.cells.columns.index(column) for column in columns]
        return [tuple(group[place] for place in places) for group, _ in self.cells.keys]

    def _meant(self, rule: str | None, missing: str | None) -> Codes:
        """What a rule says of every cell, as the place in `_STATES`, with missing values as they are to be counted."""
        if rule is None:
            return np.full(len(self.cells.keys), 2, dtype=np.int8)
        said = self._states[rule]
        means = {MEANT["yes"]: 1, MEANT["no"]: 0}.get(missing or "", 2)
        return np.where(said == 2, np.int8(means), said)

    def _kept(self, chosen: Mapping[str, str]) -> Flags:
        kept = self.marks.everybody()
        if "cases" in chosen:
            kept &= self._states[chosen["cases"]] == 1
        for condition in self.rules.exclusions:
            if chosen[ROWS + condition] == LEFT_OUT:
                kept &= self._states[condition] != 1
        return kept

    def _estimand(self, of: Mapping[str, str], members: Flags, above: Flags, below: Flags) -> Estimand:
        return Estimand(self.metric, of, members, above & members, below & members)

    def _references(self, column: str, reference: str) -> dict[str, tuple[Mapping[str, str], Flags]] | None:
        """For each group who it is compared with; None where that depends on the specification."""
        if reference == "best-off":
            if self.favourable is None or not self.metric.event:
                raise NotIdentified(
                    "Which group is best off cannot be said.",
                    missing="whether the decision is good for the person (--favourable yes or no), and a rate of it.",
                )
            return None
        name, equals, value = reference.partition("=")
        named = {name: value} if equals and name == column else "largest" if equals else reference
        found = pairs(self.marks, [self.metric], [column], named, None)  # type: ignore[arg-type]  # checked before
        return {of.of[column]: (against.of, against.members) for of, against in found}

    def _best(self, column: str, above: Flags, below: Flags) -> dict[str, tuple[Mapping[str, str], Flags]]:
        sign = self.metric.event * (1 if self.favourable else -1)
        ones = [
            self._estimand({column: group}, self.marks.group({column: group}), above, below)
            for (group,) in self.cells.groups([column])
            if group != MISSING
        ]
        rates = [(one, rate) for one in ones if (rate := self.marks.rate(one)) is not None]
        if len(ones) < 2 or not rates:
            return {}
        best = max(rates, key=lambda both: (sign * both[1], self.marks.size(both[0].of)))[0]
        others = [group for (group,) in self.cells.groups([column]) if group != best.of[column]]
        return dict.fromkeys(others, (best.of, best.members))


def check_references(references: Sequence[str], groups: Sequence[str]) -> None:
    """Refuse a reference that is neither a word that is known nor a group of one of the columns.

    Raises:
        ParameterError: with the words that there are.
    """
    words = ("largest", "best-off", "overall", "rest")
    for reference in references:
        name, equals, _ = reference.partition("=")
        if not (name in groups if equals else reference in words):
            raise ParameterError(
                f"references takes {', '.join(words)} or a group as COLUMN=VALUE; not {reference!r}. The columns are "
                f"{', '.join(groups)}."
            )


def _codes(cells: Cells, column: str) -> Codes:
    place = cells.columns.index(column)
    code = {"False": 0, "True": 1, MISSING: 2}
    return np.array([code[group[place]] for group, _ in cells.keys], dtype=np.int8)
