"""Estimates from two samples: cases that a system selected, and cases drawn at random from the whole population."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from answerable.areas.decisions.measures.common.estimands import Estimand, Marks
from answerable.areas.decisions.measures.common.estimates import (
    NULLS,
    SEED,
    UNITS,
    UNSAID,
    Kind,
    Settings,
    contrast_estimates,
    rate_estimates,
)
from answerable.areas.decisions.measures.common.metrics import METRICS
from answerable.core.curve import ladder
from answerable.core.estimate import Estimate
from answerable.core.words import group_text
from answerable.statistics.resampling import percentile_limits
from answerable.statistics.two_samples import COMPOSED, Sample, Whole, implied_shares, resampled

if TYPE_CHECKING:
    from answerable.areas.decisions.measures.common.cells import Cells
    from answerable.statistics.design import Design, Floats

PLAIN = {
    "base_rate": "share with the outcome in the random sample",
    "positive_predictive_value": "precision (with the outcome, of those selected)",
}
"""What one sample tells by itself: the random one, the selected one."""

FEWEST = 5
"""Cases with the outcome, and without, that the group must have in each sample before resampling shows anything."""

_EVENTS = {"selection_rate": 1, "false_positive_rate": 1, "false_positive_share": 1, "false_negative_rate": -1}
_Numbers = dict[str, Any]


class Audit:
    """The two samples, what they imply of every group, and the same in every resample of both."""

    def __init__(
        self,
        samples: tuple[Cells, Cells],
        whole: Whole,
        groups: Sequence[Mapping[str, str]],
        settings: Settings,
    ) -> None:
        selected, chance = samples
        self.selected, self.chance = Marks(selected), Marks(chance)
        self.groups, self._whole, self._settings = list(groups), whole, settings
        self.observed = self._implied(np.array(selected.totals), np.array(chance.totals))
        self.seed, self.how = SEED, ""
        self.drawn: dict[str, Floats] | None = None
        if selected.design is not None and chance.design is not None:
            self.drawn = self._implied(*self._draw(selected.design, chance.design))

    def _draw(self, selected: Design, chance: Design) -> tuple[Floats, Floats]:
        """Totals of the cells of both samples in every resample; says in `how` what was done."""
        number = self._settings.replicates
        ones, how = resampled(selected, number, SEED)
        others, same = resampled(chance, number, SEED + 1)
        kinds = how if how == same else f"{how} and {same}"
        self.how = f"{kinds} of both samples, percentile, {number:,} replicates"
        return ones, others

    def _implied(self, selected: Floats, chance: Floats) -> dict[str, Floats]:
        """What the totals of the cells of both samples imply, and the composition of the selected."""
        one, other = self._sample(self.selected, selected), self._sample(self.chance, chance)
        return implied_shares(one, other, self._whole)

    def _sample(self, marks: Marks, totals: Floats) -> Sample:
        outcomes = np.array([kind[1] for _, kind in marks.cells.keys], dtype=object)
        members = np.array([marks.group(of) for of in self.groups])
        return Sample(totals, members, outcomes == True, outcomes == False)  # noqa: E712  (elementwise; None is neither)

    def values(self, metrics: Sequence[str]) -> list[Estimate]:
        """Composition of both samples and the metrics, for every group."""
        made: dict[str, list[Estimate]] = {}
        for name, marks, label in (
            ("share_of_random_sample", self.chance, "share of the group in the random sample"),
            ("share_of_selected", self.selected, "share of the group among the selected"),
        ):
            shares = [self._share(marks, name, label, of) for of in self.groups]
            made[name] = rate_estimates(marks.cells, shares, self._settings)
        made["representation"] = [self._representation(place) for place in range(len(self.groups))]
        for name in metrics:
            if name in PLAIN:
                marks = self._arm(name)
                made[name] = rate_estimates(marks.cells, self._plain(name), self._settings)
            else:
                made[name] = [self._composed(name, place) for place in range(len(self.groups))]
        composition = ("share_of_random_sample", "share_of_selected", "representation")
        return [
            made[name][place]
            for place, of in enumerate(self.groups)
            for name in (*composition, *metrics)
            if of or name not in composition  # everybody is all of both samples
        ]

    def comparisons(
        self, metrics: Sequence[str], pairs: Sequence[tuple[int, int]], kinds: Sequence[Kind]
    ) -> list[Estimate]:
        """Differences and ratios of the metrics between two groups each, given by their places."""
        made = []
        for name in metrics:
            if name in PLAIN:
                plain = self._plain(name)
                both = [(plain[of], plain[against]) for of, against in pairs]
                cells = self._arm(name).cells
                by_kind = [contrast_estimates(cells, both, kind, self._settings) for kind in kinds]
                made += [one for ones in zip(*by_kind, strict=True) for one in ones]
            else:
                made += [self._compared(name, pair, kind) for pair in pairs for kind in kinds]
        return made

    def negative(self) -> list[str]:
        """A sentence for each group in which the samples imply fewer errors in all than the system found."""
        if self.drawn is None:
            return []
        said = []
        for place, of in enumerate(self.groups):
            for name in ("false_negative_share", "true_negative_share"):
                share = float(np.mean(self.drawn[name][:, place] < 0))
                if share > 0:
                    what = COMPOSED[name].removeprefix("share of the group ")
                    said.append(
                        f"In {100 * share:.2g} % of the resamples the share of {group_text(of)} {what} comes out below "
                        "0: the random sample is too small to tell it. Nothing was cut off."
                    )
        return said

    def _arm(self, name: str) -> Marks:
        return self.chance if name == "base_rate" else self.selected

    def _plain(self, name: str) -> list[Estimand]:
        metric = replace(METRICS["base_rate"], name=name, label=PLAIN[name])
        marks = self._arm(name)
        return [one for of in self.groups for one in marks.estimands([metric], of, marks.group(of))]

    def _share(self, marks: Marks, name: str, label: str, of: Mapping[str, str]) -> Estimand:
        metric = replace(METRICS["base_rate"], name=name, label=label)
        members = marks.group(of)
        return Estimand(metric, of, members, members, marks.everybody())

    def _representation(self, place: int) -> Estimate:
        of, value = self.groups[place], float(self.observed["representation"][place])
        there = math.isfinite(value)
        return Estimate(
            name="representation",
            label="representation among the selected (share there over share in the population)",
            of=of,
            unit="ratio",
            null=1.0,
            level=self._settings.level,
            value=value if there else None,
            n=self.selected.size(of),
            events=self.selected.size(of),
            **self._interval(np.array([value]), "representation", [place], "ratio", there),
        )

    def _label(self, name: str) -> str:
        return COMPOSED[name]

    def _composed(self, name: str, place: int) -> Estimate:
        value = float(self.observed[name][place])
        there = math.isfinite(value)
        return Estimate(
            name=name,
            label=self._label(name),
            of=self.groups[place],
            unit="proportion",
            level=self._settings.level,
            value=value if there else None,
            direction=self._direction(name),
            **self._counts(name, place),
            **self._interval(np.array([value]), name, [place], "rate", there),
        )

    def _compared(self, name: str, pair: tuple[int, int], kind: Kind) -> Estimate:
        first, second = (float(self.observed[name][place]) for place in pair)
        there = math.isfinite(first) and math.isfinite(second) and not (kind == "ratio" and second <= 0)
        value = (first - second if kind == "difference" else first / second) if there else None
        counts, other = (self._counts(name, place) for place in pair)
        return Estimate(
            name=f"{name}_{kind}",
            label=self._label(name),
            of=self.groups[pair[0]],
            against=self.groups[pair[1]],
            unit=UNITS[kind],
            null=NULLS[kind],
            level=self._settings.level,
            value=value,
            between=(first, second) if there else None,
            counts=(other["n"], other["events"]),
            direction=self._direction(name),
            **{**counts, "units": min(counts["units"], other["units"])},
            **self._interval(np.array([first, second]), name, pair, kind, there),
        )

    def _interval(self, values: Floats, name: str, places: Sequence[int], kind: Any, there: bool) -> _Numbers:
        """The curve of one estimate, or the reason why it has none."""
        if not there:
            return {
                "reason": "One of the two samples holds nobody to tell it, or the rate compared with is not above 0."
            }
        levels = ladder(self._settings.level)
        if self._counted(name, places[0]):
            value = float(values[0])
            return {"curve": tuple((level, value, value) for level in levels), "interval": "counted, not estimated"}
        if self.drawn is None:
            return {"reason": UNSAID}
        thin = [self.groups[place] for place in places if self._thinnest(place) < FEWEST]
        if thin and name != "representation":
            who = group_text(thin[0])
            return {
                "reason": f"A sample holds fewer than {FEWEST} cases of {who} with or without the outcome: too few."
            }
        drawn = [self.drawn[name][:, place] for place in places]
        with np.errstate(divide="ignore", invalid="ignore"):
            made = drawn[0] if len(drawn) == 1 else drawn[0] - drawn[1] if kind == "difference" else drawn[0] / drawn[1]
        low, high = self._limits(np.sort(made)[None, :], np.array(levels), kind)
        if not np.isfinite(low).all() or not np.isfinite(high).all() or low[0, -1] == high[0, -1]:
            return {"reason": "Some resamples hold nobody to tell it, or all are the same: the samples are too small."}
        curve = tuple((level, float(down), float(up)) for level, down, up in zip(levels, low[0], high[0], strict=True))
        return {"curve": curve, "interval": self.how, "seed": self.seed}

    def _counted(self, name: str, place: int) -> bool:
        """Whether the value is known, not estimated: how many of all the system selected."""
        return name == "selection_rate" and not self.groups[place]

    def _limits(self, ordered: Floats, levels: Floats, kind: Any) -> tuple[Floats, Floats]:
        return percentile_limits(ordered, levels, kind)

    def _thinnest(self, place: int) -> int:
        """The smallest number of rows with or without the outcome that the group has in one of the samples."""
        of = self.groups[place]
        counts = []
        for marks in (self.selected, self.chance):
            members = marks.group(of)
            for state in (True, False):
                kinds = np.array([kind[1] is state for _, kind in marks.cells.keys])
                counts.append(int(marks.counts[members & kinds].sum()))
        return min(counts)

    def _counts(self, name: str, place: int) -> _Numbers:
        """Cases of the population that are implied below and above the line; the units are those of the smaller sample.

        A share below 0 is of no cases.
        """
        size, base, value = (self.observed[one][place] for one in ("size", "with_outcome", name))
        below = {"false_positive_rate": size * (1 - base), "false_negative_rate": size * base}.get(name, size)
        n, events = (round(number) if math.isfinite(number) else 0 for number in (below, below * value))
        units = min(marks.size(self.groups[place]) for marks in (self.selected, self.chance))
        return {"n": n, "events": min(n, max(0, events)), "units": units}

    def _direction(self, name: str) -> Any:
        event, favourable = _EVENTS.get(name, 0), self._settings.favourable
        return "not stated" if favourable is None or not event else "good" if (event > 0) == favourable else "bad"
