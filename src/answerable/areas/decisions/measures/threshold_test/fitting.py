"""Fitting the threshold test: the posterior, its checks, and the check on simulated data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from answerable.areas.decisions.measures.threshold_test.model import bars_and_chances, sampler
from answerable.areas.decisions.measures.threshold_test.simulations import check, mean_bars, predictive, simulate
from answerable.errors import NotIdentified
from answerable.statistics.sampling import convergence

if TYPE_CHECKING:
    from answerable.areas.decisions.measures.threshold_test.simulations import Check
    from answerable.areas.decisions.measures.threshold_test.stops import Stops
    from answerable.statistics.design import Floats
    from answerable.statistics.sampling import Convergence, Data, Draws

SEED = 20_261_122
ACCEPTS = (0.95, 0.99)
"""Share of steps to accept: at first, and where draws went astray."""
_PREDICTED = 400


@dataclass(frozen=True, slots=True)
class Sampling:
    """How to draw, and what the draws must be worth; see the method's parameters."""

    chains: int
    warmup: int
    draws: int
    largest_r_hat: float
    least_effective: float
    most_divergences: int
    least_predictive: float


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """A posterior that passed its checks.

    Args:
        means: each group's mean bar as a chance of a hit, shape (draws, groups).
        log_odds: each group's mean bar as log odds, shape (draws, groups).
        converged: the worst over what is reported.
        predicted: posterior predictive p-values of searches and of hits.
        check: what came back from simulated data; None where it was not asked for.
    """

    means: Floats
    log_odds: Floats
    converged: Convergence
    predicted: tuple[float, float]
    check: Check | None


def fitted(stops: Stops, sampling: Sampling, simulated_sets: int, level: float) -> Fitted:
    """The posterior of the stops, checked.

    Raises:
        NotIdentified: the chains do not agree, the model does not fit, or the order did not come back right.
    """
    data = tuple(np.moveaxis(stops.counts, -1, 0))
    posterior = _draw(stops, data, sampling)
    bars, chances = bars_and_chances(posterior.parameters, "chance")
    means, log_odds = mean_bars(bars, stops.shares), bars @ stops.shares
    reported = np.concatenate(
        [means, log_odds, *(part - part[..., [stops.reference]] for part in (means, log_odds))], axis=-1
    )
    others = np.delete(np.arange(reported.shape[-1]), _own(stops))
    converged = convergence(reported[..., others])
    _agree(converged, posterior, sampling)
    flat = chances.reshape(-1, *chances.shape[2:])
    predicted = predictive(stops.counts, flat[:: max(1, len(flat) // _PREDICTED)], SEED)
    if min(predicted) < sampling.least_predictive:
        raise NotIdentified(
            f"The model of the threshold test does not fit these stops (posterior predictive p-values: searches "
            f"{predicted[0]:.3f}, hits {predicted[1]:.3f}).",
            missing="finer strata, within which searches follow one practice; or one kind of stop alone (--where).",
        )
    found = _simulated(stops, posterior, data, sampling, simulated_sets, level) if simulated_sets else None
    if found is not None and not found.order_holds:
        raise NotIdentified(
            f"In {found.sets} data sets simulated on these stops from known bars, {found.wrong} of "
            f"{found.comparisons} comparisons claimed an order that was not so.",
            missing="more stops, searches and places.",
        )
    groups = len(stops.groups)
    return Fitted(means.reshape(-1, groups), log_odds.reshape(-1, groups), converged, predicted, found)


def _own(stops: Stops) -> list[int]:
    """Where the differences of the reference from itself stand, which are 0."""
    groups = len(stops.groups)
    return [2 * groups + stops.reference, 3 * groups + stops.reference]


def _draw(stops: Stops, data: Data, sampling: Sampling) -> Draws:
    """The posterior; drawn again, more carefully, where draws went astray."""
    shape = (len(stops.groups), len(stops.places))
    for accept in ACCEPTS:
        model = sampler("chance", shape, sampling.warmup, sampling.draws, accept)
        posterior = model.fit([data], chains=sampling.chains, seed=SEED)[0]
        if posterior.divergences <= sampling.most_divergences:
            break
    return posterior


def _agree(converged: Convergence, posterior: Draws, sampling: Sampling) -> None:
    bad = []
    if not converged.r_hat <= sampling.largest_r_hat:
        bad.append(f"R-hat is {converged.r_hat:.3f}, above {sampling.largest_r_hat:g}")
    if not converged.effective >= sampling.least_effective:
        bad.append(f"the effective number of draws is {converged.effective:.0f}, below {sampling.least_effective:g}")
    if posterior.divergences > sampling.most_divergences:
        bad.append(f"{posterior.divergences} draws went astray, more than {sampling.most_divergences}")
    if bad:
        raise NotIdentified(
            f"The sampler's draws cannot be trusted: {'; '.join(bad)}.",
            missing=f"more draws (--draws {4 * sampling.draws} --warmup {2 * sampling.warmup}), or more stops.",
        )


def _simulated(stops: Stops, posterior: Draws, data: Data, sampling: Sampling, sets: int, level: float) -> Check:
    """The check on simulated data: the rival model is fitted too, because it is one of the worlds."""
    shape = (len(stops.groups), len(stops.places))
    rival = sampler("signal", shape, sampling.warmup, sampling.draws, ACCEPTS[0]).fit([data], chains=2, seed=SEED)[0]
    worlds = simulate(
        [(posterior, "chance"), (rival, "signal")], stops.counts.sum(axis=-1), stops.reference, sets, SEED
    )
    model = sampler("chance", shape, sampling.warmup, sampling.draws, ACCEPTS[0])
    return check(model, worlds, stops.shares, stops.reference, level, SEED + 1)
