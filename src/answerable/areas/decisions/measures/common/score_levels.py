"""Scores on the engine: the cut-offs, the level between two of them in which each score lies, and areas under curves.

Nothing is approximated: distinct values, or exact quantiles where they are many; areas from counts by group and score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from answerable.areas.decisions.measures.common.metrics import MISSING
from answerable.core.engine import collect, exact
from answerable.errors import NotIdentified, ParameterError
from answerable.statistics.score_curves import Area

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.statistics.design import Flags, Integers

LEVEL = "score level"
Direction = Literal["high", "low"]


@dataclass(frozen=True, slots=True)
class Ladder:
    """The cut-offs of a score and the bands between some of them.

    Args:
        cutoffs: rising; those at which rates are told.
        edges: rising; the cut-offs and the edges of the bands.
        bands: rising; edges of the bands for calibration.
        values: the distinct scores where each level holds one of them, otherwise empty.
        least: the lowest score.
        direction: whether high scores meet the decision (at or above a cut-off) or low ones (at or below it).
        without: rows without a score.
    """

    cutoffs: tuple[float, ...]
    edges: tuple[float, ...]
    bands: tuple[float, ...]
    values: tuple[float, ...]
    least: float
    direction: Direction
    without: int

    def decided(self, levels: Integers, cutoff: float) -> Flags:
        """Whether scores of each level meet the decision at a cut-off."""
        place = self.edges.index(cutoff)
        return np.asarray(levels > place if self.direction == "high" else levels <= place)

    def band(self, level: int) -> int:
        """The band in which a level lies, from 0."""
        under = self.edges[:level]
        return sum(edge in under for edge in self.bands)

    def band_start(self, band: int) -> float:
        """Where a band begins: its lowest edge, or the lowest score."""
        if len(self.values) == len(self.bands) + 1:
            return self.values[band]
        return self.bands[band - 1] if band else self.least

    def band_name(self, band: int) -> str:
        """A band in words."""
        if len(self.values) == len(self.bands) + 1:
            return f"{self.values[band]:g}"
        low, high = ("{} or more", "below {}") if self.direction == "high" else ("above {}", "at most {}")
        texts = [low.format(f"{self.bands[band - 1]:g}")] if band else []
        texts += [high.format(f"{self.bands[band]:g}")] if band < len(self.bands) else []
        return " and ".join(texts) or "every score"


def ladder_of(
    decisions: ir.Table,
    cutoffs: Sequence[float] | None,
    bands: Sequence[float] | None,
    in_use: float | None,
    steps: int,
    direction: Direction,
) -> Ladder:
    """The cut-offs and bands that are given; otherwise every distinct score, or exact quantiles where they are many.

    Raises:
        NotIdentified: no score is mapped or known, or it has one value only.
        ParameterError: cut-offs or bands that do not rise; more than `steps` cut-offs.
    """
    if "score" not in decisions.columns:
        raise NotIdentified("There is no score.", missing="the column that holds it (--score COLUMN).")
    for name, edges in (("cutoffs", cutoffs), ("bands", bands)):
        if edges is not None and (list(edges) != sorted(set(edges)) or not edges):
            raise ParameterError(f"{name} takes rising numbers, as 2,4,6; not {', '.join(f'{e:g}' for e in edges)}.")
    if cutoffs is not None and len(cutoffs) > steps:
        raise ParameterError(f"{len(cutoffs):,} cut-offs are more than {steps}: raise --steps, or give fewer.")
    amount = decisions["count"].sum() if "count" in decisions.columns else decisions.count()
    by = decisions.group_by("score").agg(rows=amount)
    known = by.filter(by["score"].notnull())
    total = decisions["score"].isnull()
    lacking = decisions.count(where=total) if "count" not in decisions.columns else decisions["count"].sum(where=total)
    without = collect(decisions.agg(without=lacking))["without"][0] or 0
    facts = collect(known.agg(distinct=known.count(), least=known["score"].min(), rows=known["rows"].sum()))
    distinct, least = int(facts["distinct"][0]), facts["least"][0]
    if distinct < 2:
        raise NotIdentified(
            "The score has fewer than two values: no cut-off parts them.", missing="scores that differ from each other."
        )
    values = tuple(sorted(collect(known.select("score"))["score"])) if distinct <= steps else ()
    found = values or _quantiles(known, int(facts["rows"][0]), steps)
    # The cut-off that everybody meets says nothing.
    found = found[1:] if direction == "high" else found[:-1] if values else found
    chosen = tuple(sorted({*(found if cutoffs is None else cutoffs), *([] if in_use is None else [in_use])}))
    some = tuple(bands) if bands is not None else _spread(chosen, cutoffs is None and bool(values))
    edges = tuple(sorted({*chosen, *some}))
    parted = values[1:] if direction == "high" else values[:-1]
    single = values if values and some == parted and edges == parted else ()
    return Ladder(chosen, edges, some, single, float(least), direction, int(without))


def _quantiles(known: ir.Table, rows: int, steps: int) -> tuple[float, ...]:
    """The score at which each of so many equal parts of the rows begins."""
    import ibis

    before = known["rows"].sum().over(ibis.window(order_by=known["score"], preceding=None, following=0)) - known["rows"]
    parted = known.select("score", part=(before * steps / rows).floor().cast("int64"))
    return tuple(sorted(collect(parted.group_by("part").agg(score=parted["score"].min()))["score"]))


def _spread(cutoffs: Sequence[float], single: bool) -> tuple[float, ...]:
    """Edges of about ten bands: every cut-off where they are few, otherwise some of them."""
    if single and len(cutoffs) <= 12:
        return tuple(cutoffs)
    step = max(1, math.ceil(len(cutoffs) / 9))
    return tuple(cutoffs[step // 2 :: step])


def with_levels(decisions: ir.Table, ladder: Ladder) -> ir.Table:
    """Decisions that have a score, with the level in which it lies, and without what the decision was."""
    import ibis

    scored = decisions.filter(decisions["score"].notnull())
    score = scored["score"]
    cases = [
        (score < edge if ladder.direction == "high" else score <= edge, str(place))
        for place, edge in enumerate(ladder.edges)
    ]
    levelled = scored.mutate(**{LEVEL: ibis.cases(*cases, else_=str(len(ladder.edges)))})
    return levelled.drop("decided") if "decided" in levelled.columns else levelled


def areas(decisions: ir.Table, column: str, direction: Direction, *, independent: bool) -> dict[str, Area]:
    """The area under the curve of every group of a column, with the standard error of its placements.

    Args:
        decisions: with a score and an outcome; people, weights and counts as far as they are there.
        column: the column of the groups.
        direction: which scores are held to go with the outcome.
        independent: whether each row is a person of its own; without it and without people there is no error.

    Source: DeLong, DeLong & Clarke-Pearson 1988, Biometrics 44; people with several rows, Obuchowski 1997, Biometrics
        53.
    """
    known = {"score", "outcome", "person"} & set(decisions.columns)
    rows = decisions.filter([decisions[name].notnull() for name in sorted(known)])
    rows = rows.mutate(**{column: rows[column].fill_null(MISSING)})
    placed = _placed(rows, column, direction)
    found = collect(placed.group_by(column).agg(**_sums(placed)))
    people = _people(rows, placed, column) if "person" in known else {}
    made = {}
    for place, group in enumerate(found[column]):
        sums = {name: float(values[place] or 0) for name, values in found.items() if name != column}
        made[str(group)] = _area(sums, people.get(group), independent)
    return made


_AMOUNT, _SQUARE, _ROWS = "row amount", "row square", "row count"


def _weighed(rows: ir.Table) -> ir.Table:
    """Rows with what each stands for: the sum of its weights, of their squares, and how many decisions it is."""
    import ibis

    weight = rows["weight"] if "weight" in rows.columns else ibis.literal(1.0)
    count = (rows["count"] if "count" in rows.columns else ibis.literal(1)).cast("float64")
    return rows.mutate(**{_AMOUNT: weight * count, _SQUARE: weight * weight * count, _ROWS: count})


def _placed(rows: ir.Table, column: str, direction: Direction) -> ir.Table:
    """One row per group and score: amounts with and without the outcome, and the placements of both."""
    import ibis

    weighed = _weighed(rows)
    sums: dict[str, Any] = {
        f"{name}{int(state)}": exact(weighed[amount]).sum(where=weighed["outcome"] == state).fill_null(0)
        for name, amount in (("n", _AMOUNT), ("s", _SQUARE), ("r", _ROWS))
        for state in (True, False)
    }
    by = weighed.group_by([column, "score"]).agg(**sums)
    by = by.mutate(**{name: by[name].cast("float64") for name in sums})
    order = by["score"] if direction == "high" else ibis.desc(by["score"])
    to_here = ibis.window(group_by=by[column], order_by=order, preceding=None, following=0)
    whole = ibis.window(group_by=by[column])
    cumulated = by.mutate(
        **{f"c{state}": exact(by[f"n{state}"]).sum().over(to_here).cast("float64") for state in (1, 0)},
        **{f"t{state}": exact(by[f"n{state}"]).sum().over(whole).cast("float64") for state in (1, 0)},
    )
    below0, below1 = (cumulated[f"c{state}"] - cumulated[f"n{state}"] / 2 for state in (0, 1))
    return cumulated.mutate(
        p=ibis.ifelse(cumulated["t0"] > 0, below0 / cumulated["t0"], 0.0),
        q=ibis.ifelse(cumulated["t1"] > 0, 1 - below1 / cumulated["t1"], 0.0),
    )


def _sums(placed: ir.Table) -> dict[str, Any]:
    """Totals of each group, and of squared placements, which give their variance."""
    terms = {name: placed[name] for name in ("n1", "n0", "s1", "s0", "r1", "r0")}
    terms |= {"np": placed["n1"] * placed["p"]}
    for amount, place in (("s1", "p"), ("s0", "q")):
        terms |= {f"{amount}{place}": placed[amount] * placed[place]}
        terms |= {f"{amount}{place}{place}": placed[amount] * placed[place] * placed[place]}
    return {name: exact(term).sum().cast("float64") for name, term in terms.items()}


_PARTS = ("a", "b", "c", "d")


def _people(rows: ir.Table, placed: ir.Table, column: str) -> dict[str, dict[str, float]]:
    """For every group, sums over people of the products of what each put into the area."""
    other = placed.select(other_group=placed[column], other_score=placed["score"], p=placed["p"], q=placed["q"])
    weighed = _weighed(rows)
    joined = weighed.join(other, [weighed[column] == other["other_group"], weighed["score"] == other["other_score"]])
    amount = joined[_AMOUNT]
    own = {"a": amount * joined["p"], "b": amount, "c": amount * joined["q"], "d": amount}
    parts = joined.group_by([column, "person"]).agg(
        **{
            name: exact(term.cast("float64")).sum(where=joined["outcome"] == (name in "ab")).fill_null(0)
            for name, term in own.items()
        }
    )
    parts = parts.mutate(**{name: parts[name].cast("float64") for name in _PARTS})
    products = {
        one + two: exact(parts[one] * parts[two]).sum().cast("float64")
        for at, one in enumerate(_PARTS)
        for two in _PARTS[at:]
    }
    found = collect(parts.group_by(column).agg(people=parts.count(), **products))
    return {
        group: {name: float(values[place]) for name, values in found.items() if name != column}
        for place, group in enumerate(found[column])
    }


def _area(sums: Mapping[str, float], people: Mapping[str, float] | None, independent: bool) -> Area:
    positives, negatives = round(sums["r1"]), round(sums["r0"])
    units = int(people["people"]) if people else positives + negatives
    if not sums["n1"] or not sums["n0"]:
        return Area(None, None, positives, negatives, units)
    value = sums["np"] / sums["n1"]
    variance = None
    if people and units > 1:
        terms = {"a": 1 / sums["n1"], "b": -value / sums["n1"], "c": 1 / sums["n0"], "d": -value / sums["n0"]}
        both = sum(terms[one] * terms[two] * people[min(one + two, two + one)] for one in _PARTS for two in _PARTS)
        variance = both * units / (units - 1)
    elif independent and not people:
        variance = 0.0
        for total, amount, place in (("n1", "s1", "p"), ("n0", "s0", "q")):
            spread = sums[amount + place * 2] - 2 * value * sums[amount + place] + value**2 * sums[amount]
            equal = sums[total] ** 2 / sums[amount]
            variance = math.inf if equal <= 1 else variance + spread / sums[total] ** 2 * equal / (equal - 1)
    error = math.sqrt(max(variance, 0.0)) if variance is not None and math.isfinite(variance) else None
    return Area(value, error, positives, negatives, units)
