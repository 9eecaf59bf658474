"""The reference that each group is compared with: chosen, the largest, the best-off, everybody, or everybody else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from answerable.areas.decisions.measures.common.estimands import Estimand, Marks, groups_of
from answerable.areas.decisions.measures.common.metrics import MISSING, Metric
from answerable.core.words import group_text
from answerable.errors import NotIdentified, ParameterError, nearest

Reference = Literal["largest", "best-off", "overall", "rest"] | Mapping[str, str]
Pair = tuple[Estimand, Estimand]
REST = "(everybody else)"


def pairs(
    marks: Marks, metrics: Sequence[Metric], columns: Sequence[str], reference: Reference, favourable: bool | None
) -> list[Pair]:
    """Every group of a breakdown with its reference, for every metric.

    Raises:
        NotIdentified: there is one group only; the best-off group is asked for and nobody said whether the decision
            is good.
        ParameterError: the chosen reference does not occur.
    """
    groups = groups_of(marks.cells, columns)
    if len(groups) < 2:
        raise NotIdentified(
            f"There is one group only in {' and '.join(columns)}, {group_text(groups[0])}: nothing to compare.",
            missing="a column with several groups.",
        )
    own = {tuple(of.values()): list(marks.estimands(metrics, of, marks.group(of))) for of in groups}
    if reference == "overall":
        everybody = list(marks.estimands(metrics, {}, marks.everybody()))
        return [pair for mine in own.values() for pair in zip(mine, everybody, strict=True)]
    if reference == "rest":
        return [
            pair
            for of, mine in zip(groups, own.values(), strict=True)
            for pair in zip(mine, marks.estimands(metrics, dict.fromkeys(columns, REST), ~marks.group(of)), strict=True)
        ]
    if reference == "best-off":
        return _against_best_off(marks, list(own.values()), favourable)
    chosen = own[_chosen(marks, columns, {} if reference == "largest" else reference)]
    return [pair for mine in own.values() if mine is not chosen for pair in zip(mine, chosen, strict=True)]


def _chosen(marks: Marks, columns: Sequence[str], reference: Mapping[str, str]) -> tuple[str, ...]:
    """The reference group of a breakdown: the chosen value of each column, else the column's largest known group.

    A combination of columns without any choice takes its own largest group.
    """
    if not set(columns) & set(reference):
        known = [of for of in groups_of(marks.cells, columns) if MISSING not in of.values()] or groups_of(
            marks.cells, columns
        )
        return tuple(max(known, key=marks.size).values())
    for column in columns:
        values = [value for (value,) in marks.cells.groups([column])]
        if column in reference and reference[column] not in values:
            raise ParameterError(
                f"reference: {column} has no group {reference[column]!r}. {nearest(reference[column], values)}"
            )
    wanted = tuple(reference.get(column) or _chosen(marks, [column], {})[0] for column in columns)
    if wanted not in marks.cells.groups(columns):
        text = " and ".join(f"{column} {value}" for column, value in zip(columns, wanted, strict=True))
        raise NotIdentified(f"Nobody is {text}, the reference.", missing="another reference.")
    return wanted


def _against_best_off(marks: Marks, own: Sequence[Sequence[Estimand]], favourable: bool | None) -> list[Pair]:
    """Every group against the one that fares best by the metric itself: most often the good, least often the bad."""
    if favourable is None:
        raise NotIdentified(
            "Which group is best off cannot be said.",
            missing="whether the decision is good for the person (--favourable yes) or bad (--favourable no).",
        )
    made = []
    for place in range(len(own[0])):
        column = [mine[place] for mine in own]
        sign = column[0].metric.event * (1 if favourable else -1)
        if not sign:
            continue  # neither outcome of such a metric is good or bad for the person
        known = [one for one in column if MISSING not in one.of.values() and marks.rate(one) is not None]
        if known:
            best = max(known, key=_fare(marks, sign))
            made += [(one, best) for one in column if one is not best]
    return made


def _fare(marks: Marks, sign: int) -> Callable[[Estimand], tuple[float, int]]:
    def fare(one: Estimand) -> tuple[float, int]:
        return sign * (marks.rate(one) or 0.0), marks.size(one.of)

    return fare


def check_reference(reference: Reference, columns: Sequence[str]) -> None:
    """Raise ParameterError where the reference names a column that is not among the groups."""
    if isinstance(reference, Mapping):
        for column in reference:
            if column not in columns:
                raise ParameterError(
                    f"reference names {column!r}, which is not among the groups. {nearest(column, columns)}"
                )
