"""A group and its reference compared within strata: Mantel-Haenszel, standardised rates, the parts of the gap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np

from answerable.areas.decisions.measures.common.estimates import UNSAID, direction
from answerable.core.curve import ladder
from answerable.core.estimate import Estimate
from answerable.core.words import count_text, group_text, significant
from answerable.statistics.decomposition import ValuedBy, decomposition
from answerable.statistics.standardised import STANDARDISED
from answerable.statistics.stratified import (
    MANTEL_HAENSZEL,
    Figures,
    Homogeneity,
    Strata,
    equal_differences,
    equal_odds,
    figures,
)
from answerable.statistics.unmeasured import e_value, e_value_curve, risk_ratio_of

if TYPE_CHECKING:
    from answerable.areas.decisions.measures.common.reference import Pair

ODDS = " counted as odds"
NO_COUNTERPART = "No case of the group has one like it in the reference, so that nothing can be compared."
ONE_SIDED = (
    "Among cases alike one of the two groups never met the event, or never missed it, so that there is no finite ratio."
)
Reading = Literal["compared", "effect", "measured", "own"]
NO_VARIATION = "What units contributed shows no variation from which an interval could be made."
REFUSED = "Some cases have none like them in the other group, and overlap = refuse asks for no answer then."
PARTS = {
    "composition": "that a different mix of {held} explains (composition)",
    "within": "that lies within cases alike in {held} (unexplained)",
    "interaction": "that comes of a different mix of {held} and of different rates together (interaction)",
    "without_counterpart": "that comes of cases without any like them in the other group",
}


@dataclass(frozen=True, eq=False)
class Compared:
    """One group and its reference by strata of like cases.

    Args:
        pair: the group's fraction and the reference's.
        strata: both by strata, and the standard.
        held: what strata hold constant, in words.
        said: whether it was said what is independent; without it there are no intervals.
        favourable: whether the decision is good for the person.
        level: confidence level.
    """

    pair: Pair
    strata: Strata
    held: str
    said: bool
    favourable: bool | None
    level: float

    @property
    def reference_text(self) -> str:
        """The reference in words."""
        return group_text(self.pair[1].of)

    @property
    def metric_text(self) -> str:
        """The rate by its term alone."""
        return self.pair[0].metric.name.replace("_", " ")

    def label(self, how: str, counted: str = "") -> str:
        """What is compared, with what it holds constant."""
        return f"{self.pair[0].metric.label}{counted} among cases alike in {self.held} ({how})"

    @cached_property
    def _mantel_haenszel(self) -> Figures:
        return figures(self.strata, MANTEL_HAENSZEL)

    @cached_property
    def _tests(self) -> dict[str, Homogeneity | None]:
        common = {"odds ratio": (0, equal_odds), "difference": (2, equal_differences)}
        found = self._mantel_haenszel
        return {
            what: test(self.strata, found.shown(which)) if np.isfinite(found.value[which]) else None
            for what, (which, test) in common.items()
        }

    def mantel_haenszel(self) -> list[Estimate]:
        """Odds ratio, ratio and difference over strata, and the E-value of the ratio."""
        found, how = self._mantel_haenszel, "Mantel-Haenszel"
        odds = self._estimate(
            found, 0, "mantel_haenszel_odds_ratio", self.label(how, ODDS), "ratio of odds",
            f"{how}, Robins-Breslow-Greenland{self._how('odds ratio')}",
        )  # fmt: skip
        ratio = self._estimate(
            found, 1, "mantel_haenszel_ratio", self.label(how), "ratio", f"{how}, Greenland-Robins{self._how()}"
        )
        difference = self._estimate(
            found, 2, "mantel_haenszel_difference", self.label(how), "difference of proportions",
            f"{how}, Sato{self._how('difference')}",
        )  # fmt: skip
        return [self._crude(), odds, difference, ratio, e_value_estimate(ratio, self.reference_text)]

    @cached_property
    def _as_they_come(self) -> Compared:
        """The same two groups with nothing held constant: one stratum."""
        strata = self.strata
        whole = Strata(strata.design, strata.above, strata.below, np.zeros_like(strata.stratum), 1)
        return Compared(self.pair, whole, self.held, self.said, self.favourable, self.level)

    def _crude(self) -> Estimate:
        """The odds ratio as cases come, told beside that of like cases."""
        crude, unit = self._as_they_come, "odds ratio"
        label = f"crude odds ratio of the {self.metric_text} to {self.reference_text}, nothing held constant,"
        return crude._estimate(crude._mantel_haenszel, 0, "crude_odds_ratio", label, unit, "Woolf", reading="measured")

    def standardised(self, standard: str, overlap: str) -> list[Estimate]:
        """The group's standardised rate, its difference and ratio to the reference's, and the E-value of the ratio."""
        found = figures(self.strata, STANDARDISED)
        whose = "everybody" if standard == "everybody" else self.reference_text
        label = self.label(f"standardised to the mix of {whose}")
        refused = REFUSED if overlap == "refuse" and self.apart else ""
        between = None if np.isnan(found.value[:2]).any() else (float(found.value[0]), float(found.value[1]))
        how = f"linearised{self._how()}"
        rate = self._estimate(found, 0, "standardised", label, "proportion", how, refused, reading="own")
        difference = self._estimate(
            found, 2, "standardised_difference", label, "difference of proportions", how, refused, between=between
        )
        ratio = self._estimate(
            found, 3, "standardised_ratio", label, "ratio", f"{how}, log scale", refused, between=between
        )
        return [rate, difference, ratio, e_value_estimate(ratio, self.reference_text)]

    def decomposition(self, valued_by: str, overlap: str) -> list[Estimate]:
        """The gap, and the parts that add up to it."""
        found = figures(self.strata, decomposition(cast("ValuedBy", valued_by)))
        end = f"gap in the {self.metric_text} from that of {self.reference_text} to that"
        refused = REFUSED if overlap == "refuse" and self.apart else ""
        told = ["composition", "within"]
        told += ["interaction"] if valued_by == "threefold" else []
        told += ["without_counterpart"] if self.apart else []
        every, unit = list(PARTS), "difference of proportions"
        how = f"linearised, mix valued by {valued_by}{self._how()}"
        parts = [
            self._estimate(
                found, 1 + every.index(part), f"gap_{part}", f"part {PARTS[part].format(held=self.held)} in the {end}",
                unit, how, refused, reading="effect",
            )
            for part in told
        ]  # fmt: skip
        crude = self._as_they_come
        gap = figures(crude.strata, decomposition("average"))
        return [crude._estimate(gap, 0, "gap", end, unit, "linearised", reading="measured"), *parts]

    def share_with_counterpart(self) -> Estimate:
        """How many of the group's decisions stand in strata where the reference is too."""
        counts, sizes, both = self.strata.counts[0], self.strata.sizes[0], self.strata.both
        value = float(sizes[both].sum() / sizes.sum()) if sizes.sum() > 0 else None
        return Estimate(
            name=f"{self.pair[0].metric.name}_share_with_counterpart",
            label=f"share of decisions that have cases of {self.reference_text} alike in {self.held} (counted for the "
            f"{self.metric_text}), among those",
            of=self.pair[0].of,
            unit="proportion",
            value=value,
            n=int(counts.sum()),
            events=int(counts[both].sum()),
            level=self.level,
            interval="counted",
            curve=() if value is None else tuple((rung, value, value) for rung in ladder(self.level)),
            reason="There is nobody to count." if value is None else "",
        )

    def alone(self) -> tuple[str, str]:
        """How many decisions stand in strata where only one of the two groups is, for the coverage."""
        counts, both = self.strata.counts[:2], self.strata.both
        there = (counts > 0).any(axis=0)
        own, others = (int(row[~both].sum()) for row in counts)
        of = group_text(self.pair[0].of)
        return (
            f"{self.metric_text}: {of} against {self.reference_text}",
            f"{int((there & ~both).sum()):,} of {count_text(int(there.sum()), 'stratum', 'strata')} of {self.held} "
            f"hold only one of the two: {count_text(own, 'decision')} of {of} and {others:,} of {self.reference_text} "
            "in them have none to be compared with",
        )

    def differing(self) -> Iterator[tuple[str, str]]:
        """Which figures strata do not share, and for whom, with the p-value: what is told as a limit."""
        for what, test in self._tests.items():
            if test is not None and self.said and test.p < 0.05:
                of = f"{group_text(self.pair[0].of)} against {self.reference_text}"
                yield f"{what}s of the {self.metric_text} ({NAMES[what]})", f"{of} (p = {significant(test.p, 2)})"

    @property
    def apart(self) -> bool:
        """Whether some decision of either group has none like it in the other."""
        return bool((self.strata.counts[:2].sum(axis=0)[~self.strata.both] > 0).any())

    def _how(self, tested: str = "") -> str:
        there = int((self.strata.counts[:2] > 0).any(axis=0).sum())
        text = f"; {int(self.strata.both.sum()):,} of {count_text(there, 'stratum', 'strata')} hold both groups"
        test = self._tests[tested] if tested else None
        if test is None:
            return text
        return (
            f"{text}; test that strata share one {tested} ({NAMES[tested]}): chi-squared {significant(test.statistic)} "
            f"on {significant(test.degrees)} degrees of freedom, p = {significant(test.p, 2)}"
        )

    def _estimate(
        self,
        found: Figures,
        which: int,
        name: str,
        label: str,
        unit: str,
        interval: str,
        refused: str = "",
        *,
        reading: Reading = "compared",
        between: tuple[float, float] | None = None,
    ) -> Estimate:
        """One figure as an estimate.

        It is compared with the reference, an effect (part of the gap), measured of both groups together, or of the
        group's own; the parts of the gap rest on all strata, the others on those where both groups are.
        """
        null = (1.0 if found.scales[which] == "ratio" else 0.0) if reading in {"compared", "effect"} else None
        numbers = self._curve(found, which, interval, refused, own=reading == "own")
        whole = reading in {"effect", "measured"}
        n, events = self._counts(0, whole=whole)
        return Estimate(
            name=f"{self.pair[0].metric.name}_{name}",
            label=label,
            of=self.pair[0].of,
            against=self.pair[1].of if reading == "compared" else None,
            unit=unit,
            null=null,
            level=self.level,
            n=n,
            events=events,
            counts=None if reading == "own" else self._counts(1, whole=whole),
            between=between if "value" in numbers else None,
            direction=direction(self.pair[0], self.favourable),
            **numbers,
        )

    def _counts(self, group: int, *, whole: bool) -> tuple[int, int]:
        """Rows and events of the group or the reference: of all strata, or of those where both groups are."""
        inside = np.ones_like(self.strata.both) if whole else self.strata.both
        return int(self.strata.counts[group, inside].sum()), int(self.strata.event_counts[group, inside].sum())

    def _curve(self, found: Figures, which: int, interval: str, refused: str, *, own: bool) -> dict[str, Any]:
        value = float(found.value[which])
        if refused or not np.isfinite(value):
            return {"reason": refused or (ONE_SIDED if self.strata.both.any() else NO_COUNTERPART)}
        shown = found.shown(which)
        if not self.said:
            return {"value": shown, "reason": UNSAID}
        units = self.strata.moments.units
        return {
            "value": shown,
            **curve_of(found, which, interval, self.level, int(units[0] if own else units.min())),
        }


NAMES = {"odds ratio": "Breslow-Day, Tarone", "difference": "Cochran's Q"}


def curve_of(found: Figures, which: int, interval: str, level: float, units: int) -> dict[str, Any]:
    """The confidence curve of one figure, and how it was made; or the reason why there is none."""
    levels = np.array(ladder(level))
    made = found.curve(which, levels)
    if made is None:
        return {"reason": NO_VARIATION}
    degrees = found.degrees[which]
    student = "" if np.isinf(degrees) else f"; people as units, t with {degrees:.3g} degrees of freedom"
    steps = zip(levels.tolist(), made[1].tolist(), made[2].tolist(), strict=True)
    curve = tuple((rung, low, high if np.isfinite(high) else None) for rung, low, high in steps)
    return {"curve": curve, "interval": interval + student, "units": units}


def e_value_estimate(ratio: Estimate, reference: str, stood_for: str = "", root: bool = False) -> Estimate:
    """The E-value of a ratio, as an estimate whose lower limit is the E-value of the limit nearest to 1.

    Args:
        ratio: a ratio of risks, or of odds.
        reference: the reference in words.
        stood_for: how a ratio of odds was taken for one of risks, in words.
        root: whether its square root was taken.
    """
    values: dict[str, Any] = {"reason": ratio.reason}
    if ratio.value is not None and ratio.value > 0:
        risks = risk_ratio_of(ratio.value, common=root)
        steps = [
            (rung, *(None if end is None else risk_ratio_of(end, common=root) for end in ends))
            for rung, *ends in ratio.curve
        ]
        values |= {"value": e_value(risks), "units": ratio.units}
        values |= {"curve": e_value_curve(risks, cast("Sequence[Any]", steps))}
    elif ratio.value is not None:
        values = {"reason": ONE_SIDED}
    return Estimate(
        name=f"{ratio.name}_e_value",
        label="E-value (least risk ratio that an unmeasured cause would need with both the group and the event to "
        f"explain away the ratio to {reference} in the {ratio.label}{stood_for})",
        of=ratio.of,
        unit="risk ratio",
        level=ratio.level,
        n=ratio.n,
        events=ratio.events,
        counts=ratio.counts,
        interval="from the limits of the ratio: the lower is that of the limit nearest to 1",
        **values,
    )
