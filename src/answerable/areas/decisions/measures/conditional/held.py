"""What is held constant: which columns make cases alike, and which rows cannot be told alike because one is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import TYPE_CHECKING, Any

from answerable.core.engine import collect
from answerable.core.words import count_text
from answerable.errors import NotIdentified, ParameterError, nearest

if TYPE_CHECKING:
    import ibis.expr.types as ir

MOST_PATTERNS = 20_000
MOST_PATTERNS_OF_PEOPLE = 4_000
"""Kinds of cases that are told apart; where people have several decisions every two kinds may share people."""


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """What is held constant.

    Args:
        rows: the decisions in which all of it is known.
        columns: categories, whose combinations are strata.
        covariates: numbers, which only a regression holds constant.
        missing: what could not be used, with the reason.
    """

    rows: ir.Table
    columns: tuple[str, ...]
    covariates: tuple[str, ...]
    missing: Mapping[str, str]

    @property
    def strata_text(self) -> str:
        """What strata hold constant, in words."""
        return list_text(self.columns)

    @property
    def text(self) -> str:
        """Everything that is held constant, in words."""
        return list_text((*self.columns, *self.covariates))


def list_text(names: Sequence[str]) -> str:
    """Names as a list in words: a, b and c."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))


def hold(decisions: ir.Table, groups: Sequence[str], controls: Sequence[str], covariates: Sequence[str]) -> Held:
    """The decisions for which all that is to be held constant is known.

    Args:
        decisions: the table of decisions.
        groups: columns that are compared.
        controls: categories; the stratum is one where the table has it.
        covariates: numbers.

    Raises:
        ParameterError: a column is not there, or is named twice.
        NotIdentified: nothing is held constant; more kinds of cases than can be told apart.
    """
    import ibis

    stratum = ("stratum",) if "stratum" in decisions.columns else ()
    columns = tuple(dict.fromkeys((*stratum, *controls)))
    _check(decisions.columns, groups, columns, covariates)
    if not columns and not covariates:
        raise NotIdentified(
            "Nothing is held constant, so that no cases are alike; decisions.disparity compares them as they come.",
            missing="what makes cases comparable (--controls COLUMN, --stratum COLUMN, --covariates COLUMN).",
        )
    known = {name: decisions[name].notnull() for name in (*columns, *covariates)}
    known |= {name: known[name] & ~decisions[name].isnan() for name in covariates}
    # Engines group 0 and -0 together and then return either.
    zeros = {name: ibis.cases((decisions[name] == 0, 0.0), else_=decisions[name]) for name in covariates}
    rows = decisions.filter(reduce(and_, known.values())).mutate(**zeros)
    patterns = rows.select(*groups, *columns, *covariates).distinct()
    lacking: dict[str, Any] = {f"without{place}": (~held).sum() for place, held in enumerate(known.values())}
    counted = collect(decisions.agg(**lacking))
    missing = {
        name: f"in {count_text(number, 'row')} {name} is missing, so that no case can be called alike; left out"
        for place, name in enumerate(known)
        if (number := int(counted[f"without{place}"][0] or 0))
    }
    _check_patterns(rows, int(collect(patterns.agg(patterns=patterns.count()))["patterns"][0]))
    return Held(rows, columns, tuple(covariates), missing)


def _check(known: Sequence[str], groups: Sequence[str], columns: Sequence[str], covariates: Sequence[str]) -> None:
    for word, names in (("groups", groups), ("controls", columns), ("covariates", covariates)):
        for name in names:
            if name not in known:
                raise ParameterError(f"{word} names {name!r}, which the table has not. {nearest(name, known)}")
    for one, other in ((groups, columns), (groups, covariates), (columns, covariates)):
        if both := sorted(set(one) & set(other)):
            raise ParameterError(
                f"{list_text(both)}: a column is either compared (groups), held constant as a category (controls, "
                "stratum) or held constant as a number (covariates), not two of these."
            )


def _check_patterns(rows: ir.Table, patterns: int) -> None:
    most = MOST_PATTERNS_OF_PEOPLE if "person" in rows.columns else MOST_PATTERNS
    if not patterns:
        raise NotIdentified(
            "No row says all that is to be held constant.", missing="decisions with all of it, or fewer controls."
        )
    if patterns > most:
        raise NotIdentified(
            f"There are {patterns:,} different kinds of cases, by groups and what is held constant; more than {most:,} "
            "cannot be told apart.",
            missing="fewer controls, or numbers cut into categories (--controls income>=30000).",
        )
