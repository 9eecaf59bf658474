"""What a specification curve says: the headline, the median, the ends, how many agree, and which choice matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from answerable.areas.decisions.measures.common.estimates import (
    NULLS,
    SEED,
    UNITS,
    UNSAID,
    Kind,
    Settings,
    contrast_estimates,
    curve_of,
    direction,
)
from answerable.areas.decisions.measures.common.specifications import ROWS
from answerable.core.curve import ladder
from answerable.core.estimate import Estimate, Point, Series
from answerable.core.multiplicity import adjust
from answerable.core.words import count_text
from answerable.statistics.specifications import Specifications, median_curve

if TYPE_CHECKING:
    from answerable.areas.decisions.measures.common.specifications import Counting, Specification

_MOST_NAMED = 4


@dataclass(frozen=True, eq=False)
class Curve:
    """The specifications of one group's comparison with their estimates, the headline first.

    Args:
        counting: the cells and the choices.
        column: the column of the group.
        of: the group.
        specifications: the distinct ones that can be estimated.
        estimates: one for each.
        left: how many more count nobody in one of the two groups.
    """

    counting: Counting
    column: str
    of: Mapping[str, str]
    specifications: tuple[Specification, ...]
    estimates: tuple[Estimate, ...]
    left: int
    kind: Kind
    settings: Settings

    @property
    def number(self) -> int:
        """How many specifications there are."""
        return len(self.specifications)

    @property
    def measured(self) -> str:
        """What is compared, in plain words."""
        return f"{self.kind} in the {self.counting.metric.label}"

    @property
    def null(self) -> float:
        """The value that means no difference."""
        return NULLS[self.kind]

    @property
    def signs(self) -> list[int]:
        """On which side of no difference each estimate lies."""
        return [_sign(one.value or 0.0, self.null) for one in self.estimates]

    def verdicts(self, *, adjusted: bool = False) -> list[int] | None:
        """The side on which each interval lies wholly beyond no difference, 0 where it does not; None without any."""
        p_values = [one.p for one in self.estimates]
        known = [p for p in p_values if p is not None]
        if len(known) < self.number:
            return None
        used = adjust(known, "holm") if adjusted else known
        return [sign if p <= 1 - self.settings.level else 0 for sign, p in zip(self.signs, used, strict=True)]


def curves_of(counting: Counting, column: str, kind: Kind, settings: Settings) -> list[Curve]:
    """The curve of every group of a column that is compared with a reference."""
    made = []
    for group, ones in counting.specifications(column).items():
        found = contrast_estimates(counting.cells, [one.pair for one in ones], kind, settings)
        both = list(zip(ones, found, strict=True))
        kept = both[:1] + [(one, estimate) for one, estimate in both[1:] if estimate.value is not None]
        specifications, estimates = zip(*kept, strict=True)
        left = len(ones) - len(kept)
        made.append(Curve(counting, column, {column: group}, specifications, estimates, left, kind, settings))
    return made


def curve_estimates(curve: Curve) -> list[Estimate]:
    """Everything that is estimated of a curve; the headline alone where nobody can be counted in it."""
    headline = curve.estimates[0]
    headline = replace(headline, label=f"{headline.label}, counted as in the headline,")
    if headline.value is None:
        return [headline]
    return [headline, _median(curve), *_ends(curve), *_agreement(curve), *_decisive(curve)]


def curve_series(curve: Curve) -> Series:
    """The specifications in the order of their values, each with its choices."""
    order = sorted(range(curve.number), key=lambda place: (curve.estimates[place].value or 0.0, place))
    points = tuple(
        Point(
            x=str(rank),
            value=one.value,
            low=one.low,
            high=one.high,
            n=one.n,
            events=one.events,
            choices=curve.specifications[place].choices,
        )
        for rank, place in enumerate(order, start=1)
        for one in [curve.estimates[place]]
    )
    return Series(
        name=f"{curve.counting.metric.name}_{curve.kind}_by_specification",
        label=curve.measured,
        of=curve.of,
        unit=UNITS[curve.kind],
        axis="specification, from the lowest to the highest",
        axis_unit="name",
        points=points,
        null=curve.null,
        level=curve.settings.level,
        interval=curve.estimates[0].interval,
        joined=False,
        marks={"headline": str(order.index(0) + 1)},
    )


def _median(curve: Curve) -> Estimate:
    """The median over the specifications, with an interval for the whole curve."""
    cells, headline = curve.counting.cells, curve.estimates[0]
    made: dict[str, Any] = {"reason": UNSAID}
    value = float(np.median([one.value or 0.0 for one in curve.estimates]))
    if cells.design is not None:
        marked, places, strata = _marked(curve)
        found = median_curve(
            marked,
            cells.design,
            places,
            strata if cells.design.resampling.startswith("multinomial") else None,
            levels=np.array(ladder(curve.settings.level)),
            replicates=curve.settings.replicates,
            seed=SEED,
        )
        made = {"reason": found.reason}
        if not found.reason:
            made |= {"curve": curve_of(ladder(curve.settings.level), found.low, found.high), "interval": found.how}
            made |= {"seed": SEED, "units": headline.units}
    return Estimate(
        name=f"median_{headline.name}",
        label=f"median {curve.measured} over {count_text(curve.number, 'specification')}",
        of=curve.of,
        unit=headline.unit,
        value=value,
        null=curve.null,
        level=curve.settings.level,
        n=headline.n,
        events=headline.events,
        counts=headline.counts,
        direction=direction(curve.specifications[0].pair[0], curve.settings.favourable),
        **made,
    )


def _marked(curve: Curve) -> tuple[Specifications, tuple[Any, Any], Any]:
    """The specifications as marks of groups and profiles; the cells' places among them; the profiles' strata."""
    counting = curve.counting
    groups, group_at = _numbered(counting.parts([curve.column]))
    profiles, profile_at = _numbered(counting.parts(counting.rules.columns))
    first = {profile: place for place, profile in reversed(list(enumerate(profile_at.tolist())))}
    cell_of = np.array([first[place] for place in range(len(profiles))])
    lines = {tuple(chosen.values()): (above, below) for chosen, above, below in counting.lines}
    ones = curve.specifications
    chosen = [lines[tuple(one.choices.values())] for one in ones]
    of, against = (
        np.array([[one.pair[side].members[group_at == group].any() for group in range(len(groups))] for one in ones])
        for side in (0, 1)
    )
    above, below = (np.array([line[side][cell_of] for line in chosen]) for side in (0, 1))
    _, strata = _numbered(counting.strata())
    return Specifications(above, below, of, against, curve.kind), (group_at, profile_at), strata[cell_of]


def _numbered(values: Sequence[tuple[str, ...]]) -> tuple[list[tuple[str, ...]], Any]:
    """The distinct values in their order, and the number of each."""
    distinct = sorted(set(values))
    number = {value: place for place, value in enumerate(distinct)}
    return distinct, np.array([number[value] for value in values])


def _ends(curve: Curve) -> list[Estimate]:
    """The lowest and the highest estimate, each with limits that hold for all specifications at once."""
    values = [one.value or 0.0 for one in curve.estimates]
    found = []
    for word, place in (("lowest", int(np.argmin(values))), ("highest", int(np.argmax(values)))):
        one = curve.estimates[place]
        steps = [(level, *one.at(1 - (1 - level) / curve.number)) for level, _, _ in one.curve]
        held = tuple(step for step in steps if step[1:] != (None, None))
        how = f"{one.interval}; read at a level that holds for all {curve.number:,} specifications (Bonferroni)"
        chosen = "; ".join(f"{name}: {option}" for name, option in curve.specifications[place].choices.items())
        found.append(
            Estimate(
                name=f"{word}_{one.name}",
                label=f"{word} {curve.measured} among {count_text(curve.number, 'specification')} ({chosen})",
                of=curve.of,
                unit=one.unit,
                value=one.value,
                level=one.level,
                n=one.n,
                events=one.events,
                counts=one.counts,
                units=one.units,
                interval=how if held else "",
                seed=one.seed,
                reason=one.reason or ("" if held else "No level is held that allows for so many at once."),
                curve=held,
            )
        )
    return found


def _agreement(curve: Curve) -> list[Estimate]:
    """How many specifications agree with the headline: on the sign, and beyond no difference."""
    sign = curve.signs[0]
    side = {1: "above", -1: "below", 0: "at"}[sign]
    beyond = f"whose interval lies wholly {side} no difference"
    shares = (
        ("same_sign", f"whose {curve.kind} lies {side} no difference, as the headline's does", curve.signs),
        ("beyond", beyond, curve.verdicts()),
        ("beyond_adjusted", f"{beyond} after Holm's adjustment for their number", curve.verdicts(adjusted=True)),
    )
    return [
        _share(
            curve,
            f"specifications_{name}",
            f"share of the specifications {words}, for the {curve.counting.metric.label}",
            None if found is None else [one == sign for one in found],
        )
        for name, words, found in shares
    ]


def _decisive(curve: Curve) -> list[Estimate]:
    """For each choice, how often it alone changes the sign or the verdict; and what alone undoes the headline."""
    states = {"verdict": curve.verdicts(), "sign": curve.signs}
    alike = {choice: pairs for choice in curve.counting.choices if (pairs := _alike(curve, choice))}
    verdicts = states["verdict"]
    changed = {
        choice: 0.0 if verdicts is None else float(np.mean([verdicts[one] != verdicts[other] for one, other in pairs]))
        for choice, pairs in alike.items()
    }
    order = sorted(alike, key=lambda choice: -changed[choice])
    first = len(order) > 1 and changed[order[0]] > changed[order[1]]
    exclusions = [ROWS + condition for condition in curve.counting.rules.exclusions]
    return [
        _undone(curve),
        *(
            _share(
                curve,
                f"{what}_changes_by_{_word(choice, exclusions)}",
                f"share of changes of the {_titled(choice)} alone"
                + (", more than of any other choice," if first and (choice, what) == (order[0], "verdict") else "")
                + f" that change the {what} of the {curve.measured}",
                None if state is None else [state[one] != state[other] for one, other in alike[choice]],
            )
            for choice in order
            for what, state in states.items()
        ),
    ]


def _word(choice: str, exclusions: Sequence[str]) -> str:
    return f"exclusion_{exclusions.index(choice) + 1}" if choice in exclusions else choice.replace(" ", "_")


def _undone(curve: Curve) -> Estimate:
    """Of the single changes to the headline, the share that changes its verdict, with their names."""
    verdicts, headline = curve.verdicts(), curve.specifications[0].choices
    changes = {}
    for place, one in enumerate(curve.specifications):
        apart = [name for name, option in one.choices.items() if option != headline[name]]
        if len(apart) == 1:
            changes[f"{_titled(apart[0])}: {one.choices[apart[0]]}"] = place
    undone = [] if verdicts is None else [name for name, place in changes.items() if verdicts[place] != verdicts[0]]
    named = "; ".join(undone[:_MOST_NAMED]) + ("; and others" if len(undone) > _MOST_NAMED else "")
    return _share(
        curve,
        "single_changes_that_change_the_verdict",
        f"share of single changes to the headline's choices that change the verdict of the {curve.measured}"
        + (f" ({named})" if named else ""),
        None if verdicts is None else [verdicts[place] != verdicts[0] for place in changes.values()],
    )


def _alike(curve: Curve, choice: str) -> list[tuple[int, int]]:
    """Pairs of specifications that differ in this choice alone."""
    same: dict[tuple[str, ...], list[int]] = {}
    for place, one in enumerate(curve.specifications):
        same.setdefault(tuple(option for name, option in one.choices.items() if name != choice), []).append(place)
    return [pair for places in same.values() for pair in combinations(places, 2)]


def _share(curve: Curve, name: str, label: str, agree: Sequence[bool] | None) -> Estimate:
    """A share of specifications: counted, not estimated."""
    made: dict[str, Any] = {"n": 0, "events": 0, "reason": UNSAID}
    if agree is not None and not agree:
        made["reason"] = "No two specifications differ in that alone."
    elif agree is not None:
        value = sum(agree) / len(agree)
        made = {"n": len(agree), "events": sum(agree), "value": value, "interval": "calculated"}
        made["curve"] = tuple((level, value, value) for level in ladder(curve.settings.level))
    return Estimate(
        name=f"{curve.counting.metric.name}_{curve.kind}_{name}",
        label=label,
        of=curve.of,
        unit="proportion",
        level=curve.settings.level,
        **made,
    )


def _titled(choice: str) -> str:
    titles = {"outcome": "rule for the outcome", "decision": "rule for the decision", "cases": "cases looked at"}
    return f"treatment of {choice}" if choice.startswith((ROWS, "missing")) else titles.get(choice, choice)


def _sign(value: float, null: float) -> int:
    return (value > null) - (value < null)
