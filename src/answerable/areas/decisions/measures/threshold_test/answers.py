"""The answer of the threshold test: the order of the bars, and their levels only where these came back right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from answerable.areas.decisions.measures.common.answers import LIMITS
from answerable.areas.decisions.measures.common.estimates import UNSAID
from answerable.areas.decisions.measures.threshold_test.fitting import SEED
from answerable.core.curve import ladder
from answerable.core.estimate import Answer, Coverage, Estimate
from answerable.statistics.sampling import quantile_curve

if TYPE_CHECKING:
    from answerable.areas.decisions.measures.threshold_test.fitting import Fitted
    from answerable.areas.decisions.measures.threshold_test.simulations import Check
    from answerable.areas.decisions.measures.threshold_test.stops import Stops
    from answerable.statistics.design import Floats

OWN_LIMITS = (
    "The bars come from a model of what officers see (two normal distributions of equal spread, risks that add up over "
    "groups and places): if one group's signs are read less well, or its hits are recorded otherwise, the order can "
    "change.",
    "A lower bar for a group means that it is searched on less; it does not say why.",
    "It looks only at people who were stopped: who was stopped, and why, it does not show.",
    "Levels of bars depend on the scale on which bars are taken to be alike from place to place, which no data show; "
    "their order depends on it far less.",
    "A re-run on the same machine gives the same digits; on another kind of processor it may differ as other draws of "
    "the same posterior do.",
)


def answer_of(stops: Stops, fitted: Fitted, level: float) -> Answer:
    """The answer from the posterior."""
    others = [place for place in range(len(stops.groups)) if place != stops.reference]
    estimates = [_level(stops, fitted, place, level) for place in range(len(stops.groups))]
    scales = {
        "threshold_difference": ("search threshold (chance of a hit above which people are searched)", fitted.means),
        "threshold_log_odds_difference": ("search threshold in log odds of a hit", fitted.log_odds),
    }
    for name, (label, draws) in scales.items():
        estimates += [_difference(stops, draws, place, name, label, level) for place in others]
    looked = {"rows": int(stops.counts.sum()), "cells with stops": int(np.count_nonzero(stops.counts.sum(axis=-1)))}
    return Answer(
        estimates=tuple(estimates),
        coverage=Coverage(looked_at=looked, missing=stops.missing, complete=not stops.missing),
        limits=(*LIMITS, *OWN_LIMITS, *_own(stops, fitted)),
    )


def _difference(stops: Stops, draws: Floats, place: int, name: str, label: str, level: float) -> Estimate:
    """A group's mean bar less the reference's."""
    of, against = (_counted(stops, one) for one in (place, stops.reference))
    chances = name == "threshold_difference"
    return Estimate(
        name=name,
        label=label,
        of=stops.groups[place],
        against=stops.groups[stops.reference],
        unit="difference of proportions" if chances else "difference of log odds",
        null=0.0,
        level=level,
        n=of["n"],
        events=of["events"],
        counts=(against["n"], against["events"]),
        **_posterior(stops, draws[:, place] - draws[:, stops.reference], level),
    )


def _level(stops: Stops, fitted: Fitted, place: int, level: float) -> Estimate:
    """A group's mean bar; without a value where levels did not come back right from simulated data."""
    reason = _refused(fitted.check)
    made: dict[str, Any] = {"reason": reason} if reason else _posterior(stops, fitted.means[:, place], level)
    return Estimate(
        name="mean_threshold",
        label="search threshold (chance of a hit above which people are searched)",
        of=stops.groups[place],
        unit="proportion",
        level=level,
        **_counted(stops, place),
        **made,
    )


def _refused(check: Check | None) -> str:
    if check is None:
        return "Only the order of the bars is told: levels were not checked on simulated data (--simulated-sets)."
    if not check.levels_hold:
        return (
            f"Only the order of the bars is identified: in {check.sets} data sets simulated on these stops, the "
            f"{100 * check.level:g} % intervals held {check.levels} of {check.groups} known levels."
        )
    return ""


def _counted(stops: Stops, place: int) -> dict[str, Any]:
    """Searches of a group, and hits among them."""
    hits, vain, _ = stops.counts[place].sum(axis=0)
    return {"n": int(hits + vain), "events": int(hits)}


def _posterior(stops: Stops, draws: Floats, level: float) -> dict[str, Any]:
    value = {"value": float(np.median(draws))}
    if not stops.known:
        return {**value, "reason": UNSAID}
    how = f"central quantiles of {len(draws):,} draws of the posterior"
    return {**value, "curve": quantile_curve(draws, ladder(level)), "interval": how, "seed": SEED}


def _own(stops: Stops, fitted: Fitted) -> list[str]:
    """What the checks of this answer gave, and what was not used."""
    worst, (searches, hits) = fitted.converged, fitted.predicted
    texts = [
        f"Checks of the draws: R-hat at most {worst.r_hat:.4f}, effective number at least {worst.effective:.0f}; "
        f"posterior predictive p-values: searches {searches:.2f}, hits {hits:.2f}."
    ]
    check = fitted.check
    if check is None:
        texts.append("No data were simulated on these stops, so the order rests on the model alone.")
    else:
        texts.append(
            f"In {check.sets} data sets simulated on these stops from known bars (as fitted, as a rival model fits "
            f"them, equal for all), {check.wrong} of {check.comparisons} comparisons claimed an order that was not so; "
            f"intervals of the differences held {check.sizes} of {check.comparisons}."
        )
        if not check.sizes_hold:
            texts.append("How large the differences between bars are, these stops do not tell: only their sign.")
    if stops.repeated:
        rows, people = stops.repeated
        texts.append(
            f"The {rows:,} stops are of {people:,} people; the model takes stops as independent, so its intervals are "
            "too narrow where people are stopped again and again."
        )
    if stops.weighted:
        texts.append("Weights are not used: the model counts stops as they are.")
    return texts
