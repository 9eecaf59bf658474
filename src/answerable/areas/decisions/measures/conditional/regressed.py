"""Groups compared by logistic regression: odds ratios, average marginal effects, and every term where asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from answerable.areas.decisions.measures.common.estimates import UNSAID, direction
from answerable.areas.decisions.measures.conditional.compared import ODDS, curve_of, e_value_estimate
from answerable.areas.decisions.measures.conditional.held import list_text
from answerable.core.curve import ladder
from answerable.core.estimate import Estimate
from answerable.core.words import group_text
from answerable.errors import NotIdentified
from answerable.statistics.design import Design
from answerable.statistics.linearised import linearise
from answerable.statistics.regression import LogisticFit, logistic
from answerable.statistics.stratified import Figures, Scale, variances
from answerable.statistics.unmeasured import COMMON

if TYPE_CHECKING:
    from answerable.areas.decisions.measures.common.cells import Cells
    from answerable.areas.decisions.measures.common.estimands import Estimand
    from answerable.areas.decisions.measures.common.reference import Pair
    from answerable.areas.decisions.measures.conditional.answer import Asked
    from answerable.areas.decisions.measures.conditional.held import Held
    from answerable.statistics.design import Flags, Floats

MOST_TERMS = 300
NOBODY = "There is nobody to count: no row stands below the line of this fraction."
UNIDENTIFIED = (
    "The groups and what is held constant foretell some decisions, or each other, without fail (separation), so that "
    "this term has no finite coefficient."
)
COMMON_EVENT = ", whose square root stands for a ratio of risks because the event is common"
RARE_EVENT = ", which stands for a ratio of risks because the event is rare"


def regressed(cells: Cells, found: Sequence[Pair], held: Held, asked: Asked) -> list[Estimate]:
    """Odds ratio, marginal effect and E-value of every group against its reference.

    Args:
        cells: counts by groups and all that is held constant.
        found: every group with its reference.
        held: what is held constant.
        asked: the question.
    """
    sharing: dict[int, list[Pair]] = {}
    for pair in found:
        sharing.setdefault(id(pair[1]), []).append(pair)
    models = [_Model(cells, pairs, held, asked) for pairs in sharing.values()]
    terms = [one for model in models for one in model.every_term(several=len(models) > 1)] if asked.every_term else []
    return [*terms, *(one for model in models for one in model.compared())]


@dataclass(frozen=True, eq=False)
class _Model:
    """One regression: the groups that share a reference, and what is held constant."""

    cells: Cells
    pairs: Sequence[Pair]
    held: Held
    asked: Asked

    @property
    def reference(self) -> Estimand:
        return self.pairs[0][1]

    @cached_property
    def used(self) -> Flags:
        return np.asarray(np.any([self.reference.below, *(of.below for of, _ in self.pairs)], axis=0))

    @cached_property
    def event(self) -> Flags:
        return np.asarray(np.any([self.reference.above, *(of.above for of, _ in self.pairs)], axis=0))

    @cached_property
    def design(self) -> Design:
        return self.cells.design or Design.weighted(self.cells.counts, self.cells.totals, self.cells.totals)

    @cached_property
    def terms(self) -> tuple[list[Mapping[str, str]], Floats]:
        """What each term is, and what each cell holds of it: intercept, groups, controls, covariates."""
        names: list[Mapping[str, str]] = [{"term": "intercept"}, *({"term": group_text(of.of)} for of, _ in self.pairs)]
        columns = [np.ones(len(self.used)), *(of.members.astype(float) for of, _ in self.pairs)]
        counts = np.array(self.cells.counts)
        for column in self.held.columns:
            values = self._values(column)
            there = sorted(set(values[self.used]))
            sizes = {value: int(counts[self.used & (values == value)].sum()) for value in there}
            largest = max(sizes, key=lambda value: sizes[value], default="")
            for value in sizes:
                if value != largest:
                    names.append({"term": f"{column} {value}"})
                    columns.append((values == value).astype(float))
        for column in self.held.covariates:
            names.append({"term": column})
            columns.append(self._values(column).astype(float))
        return names, np.stack(columns, axis=1)

    @cached_property
    def fit(self) -> LogisticFit | str:
        """The fitted regression, or why there is none."""
        names, terms = self.terms
        if not self.used.any():
            return NOBODY
        if len(names) > MOST_TERMS:
            return (
                f"The regression would have {len(names):,} terms, more than {MOST_TERMS}: hold fewer things constant."
            )
        try:
            return logistic(terms, self.event, np.where(self.used, self.design.totals, 0.0))
        except NotIdentified as refused:
            return str(refused)

    def compared(self) -> Iterator[Estimate]:
        """Every group against the reference."""
        for place, pair in enumerate(self.pairs, start=1):
            odds = self._against(pair, self._coefficients(place), "regression_odds_ratio", ODDS, "ratio of odds")
            yield odds
            means, found = self._marginal(place)
            yield self._against(pair, found, "average_marginal_effect", "", "difference of proportions", means)
            common = self._common(pair)
            yield e_value_estimate(odds, group_text(pair[1].of), COMMON_EVENT if common else RARE_EVENT, root=common)

    def every_term(self, *, several: bool) -> Iterator[Estimate]:
        """The coefficients of all terms, the ratios at the reference they stand for, and the information criterion."""
        names, _ = self.terms
        metric, whom = self.reference.metric, f"against {group_text(self.reference.of)}"
        if len(self.pairs) == 1:
            whom = f"of {group_text(self.pairs[0][0].of)} {whom}"
        apart = {"regression": f"{metric.name.replace('_', ' ')} {whom}"} if several else {}
        term = metric.name.replace("_", " ")
        label = f"regression of the {term} on {list_text(('groups', *self.held.columns, *self.held.covariates))}"
        for place, name in enumerate(names):
            found = self._coefficients(place, "coefficient")
            yield self._plain("coefficient", f"coefficient ({label})", {**name, **apart}, "log odds", found)
        for place, name in enumerate(names[1:], start=1):
            found = self._at_reference(place)
            yield self._plain(
                "risk_ratio_at_reference", f"risk ratio where all else is as in the reference ({label})",
                {**name, **apart}, "risk ratio", found,
            )  # fmt: skip
        if isinstance(self.fit, LogisticFit):
            value = self.fit.akaike
            yield Estimate(
                name=f"{metric.name}_regression_akaike",
                label=f"Akaike information criterion ({label})",
                of=apart, unit="deviance", value=value, n=self._rows, events=self._events, level=self.asked.level,
                interval="calculated", curve=tuple((rung, value, value) for rung in ladder(self.asked.level)),
            )  # fmt: skip

    @property
    def _rows(self) -> int:
        return int(np.array(self.cells.counts)[self.used].sum())

    @property
    def _events(self) -> int:
        return int(np.array(self.cells.counts)[self.event].sum())

    def _values(self, column: str) -> Any:
        place = self.cells.columns.index(column)
        return np.array([group[place] for group, _ in self.cells.keys], dtype=object)

    def _coefficients(self, place: int, scale: Scale = "ratio") -> Figures | str:
        if isinstance(self.fit, str):
            return self.fit
        if not self.fit.identified[place]:
            return UNIDENTIFIED
        return self._figure(self.fit.coefficients[place], self.fit.influence[place], scale)

    def _at_reference(self, place: int) -> Figures | str:
        """The ratio of the fitted rates with and without the term, all others 0 (Zhang & Yu 1998, JAMA 280)."""
        if isinstance(self.fit, str):
            return self.fit
        if not self.fit.identified[[0, place]].all():
            return UNIDENTIFIED
        start, end = self.fit.coefficients[0], self.fit.coefficients[0] + self.fit.coefficients[place]
        rest, rest_with = 1 / (1 + np.exp(start)), 1 / (1 + np.exp(end))
        influence = (rest_with - rest) * self.fit.influence[0] + rest_with * self.fit.influence[place]
        value = np.log((1 - rest_with) / (1 - rest))
        return self._figure(value, influence, "ratio")

    def _marginal(self, place: int) -> tuple[tuple[float, float] | None, Figures | str]:
        if isinstance(self.fit, str):
            return None, self.fit
        if not self.fit.identified[place]:
            return None, UNIDENTIFIED
        others = np.zeros(self.fit.terms.shape[1], dtype=bool)
        others[1 : 1 + len(self.pairs)] = True
        means, influence = self.fit.marginal(place, others)
        found = self._figure(means[0] - means[1], influence[0] - influence[1], "difference")
        return means, found

    def _figure(self, value: float, influence: Floats, scale: Scale) -> Figures:
        """A figure with the sandwich's error: from sums over units of what each contributed."""
        assert isinstance(self.fit, LogisticFit)
        groups = linearise(
            self.design,
            np.stack([self.event & self.fit.kept]),
            np.stack([self.used & self.fit.kept]),
        )
        found, degrees = variances(self.design, influence[None], groups)
        rows, terms = float(groups.n[0]), self.fit.terms.shape[1]
        error = np.sqrt(found * (rows - 1) / max(rows - terms, 1.0))
        return Figures(np.array([value]), np.where(error > 0, error, np.nan), degrees, (scale,))

    def _common(self, pair: Pair) -> bool:
        """Whether the event is common in either group."""
        totals = self.design.totals
        return any(totals[one.above].sum() > COMMON * max(totals[one.below].sum(), 1e-300) for one in pair)

    def _numbers(self, found: Figures | str, interval: str, units: int) -> dict[str, Any]:
        if isinstance(found, str):
            return {"reason": found}
        value = found.shown(0)
        if self.cells.design is None:
            return {"value": value, "reason": UNSAID}
        return {"value": value, **curve_of(found, 0, interval, self.asked.level, units)}

    def _against(
        self,
        pair: Pair,
        found: Figures | str,
        name: str,
        counted: str,
        unit: str,
        between: tuple[float, float] | None = None,
    ) -> Estimate:
        counts, metric = np.array(self.cells.counts), pair[0].metric
        (n, events), reference = ((int(counts[one.below].sum()), int(counts[one.above].sum())) for one in pair)
        units = int(min(self.design.units(np.stack([one.below for one in pair]))))
        return Estimate(
            name=f"{metric.name}_{name}",
            label=f"{metric.label}{counted} among cases alike in {self.held.text} (logistic regression)",
            of=pair[0].of,
            against=pair[1].of,
            unit=unit,
            null=1.0 if unit.startswith("ratio") else 0.0,
            level=self.asked.level,
            n=n,
            events=events,
            counts=reference,
            between=between,
            direction=direction(pair[0], self.asked.favourable),
            **self._numbers(found, "logistic regression, sandwich errors", units),
        )

    def _plain(self, name: str, label: str, of: Mapping[str, str], unit: str, found: Figures | str) -> Estimate:
        """A figure of the regression that is told and not judged."""
        return Estimate(
            name=f"{self.reference.metric.name}_regression_{name}",
            label=label,
            of=of,
            unit=unit,
            level=self.asked.level,
            n=self._rows,
            events=self._events,
            **self._numbers(found, "logistic regression, sandwich errors", int(self.design.units(self.used[None])[0])),
        )
