"""What the threshold test can be trusted with on a design: data simulated from known bars, fitted again and compared.

Three worlds take turns. In the first the bars are as fitted; in the second they are as the rival model fitted them,
which explains the same searches and hits by bars of other heights; in the third all groups meet the same bar in each
place. A posterior's draws serve as the truth, so that the worlds look like the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from answerable.areas.decisions.measures.threshold_test.model import bars_and_chances, cell_chances, cell_parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from answerable.areas.decisions.measures.threshold_test.model import Scale
    from answerable.statistics.design import Floats
    from answerable.statistics.sampling import Draws, Sampler

TOO_RARE = 0.01
"""A claim does not hold where so few intervals would hold the truth by chance this rarely, if they did as they say."""


@dataclass(frozen=True, slots=True)
class World:
    """Known bars as log odds, and data simulated from them: hits, searches in vain, people let go; (groups, places)."""

    bars: Floats
    counts: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """How often the re-fitted intervals held what was known.

    Args:
        sets: simulated data sets.
        levels, sizes: how many intervals of mean bars, and of their differences to the reference, held the truth.
        groups, comparisons: how many there were of each.
        wrong: how many differences were claimed that were not there, or the other way round.
        level: of the intervals.
    """

    sets: int
    levels: int
    groups: int
    sizes: int
    comparisons: int
    wrong: int
    level: float

    @property
    def levels_hold(self) -> bool:
        """Whether the intervals of the bars' levels hold them as often as they say, but for chance."""
        return _holds(self.levels, self.groups, self.level)

    @property
    def sizes_hold(self) -> bool:
        """The same for the differences of bars."""
        return _holds(self.sizes, self.comparisons, self.level)

    @property
    def order_holds(self) -> bool:
        """Whether wrong claims about the order are as rare as they should be."""
        return _holds(self.comparisons - self.wrong, self.comparisons, self.level)


def _holds(held: int, of: int, level: float) -> bool:
    from scipy.stats import binom

    return bool(binom.cdf(held, of, level) >= TOO_RARE)


def mean_bars(bars: Floats, shares: Floats) -> Floats:
    """Each group's mean bar as a chance of a hit, over places in the same shares for all groups.

    Args:
        bars: log odds, shape (..., groups, places).
        shares: of the places, shape (places,).
    """
    from scipy.special import expit

    return np.asarray(expit(bars) @ shares)


def simulate(fits: Sequence[tuple[Draws, Scale]], totals: Floats, reference: int, sets: int, seed: int) -> list[World]:
    """Simulated data sets with the same numbers of stops, the worlds in turn.

    Args:
        fits: posterior of the model and of its rival.
        totals: stops, shape (groups, places).
        reference: number of the group whose bars all groups meet in the third world.
        sets: how many.
        seed: of the random numbers.
    """
    random = np.random.default_rng(seed)
    made = []
    for number in range(sets):
        draws, scale = fits[1] if number % 3 == 1 else fits[0]
        flat = {name: value.reshape(-1, *value.shape[2:]) for name, value in draws.parameters.items()}
        place = int((number + 0.5) / sets * len(flat["base"]))
        bars, chances = _truth({name: value[place] for name, value in flat.items()}, scale, number % 3 == 2, reference)
        counts = random.multinomial(totals.astype(np.int64), chances).astype(np.float64)
        made.append(World(bars, tuple(np.moveaxis(counts, -1, 0))))
    return made


def _truth(parameters: dict[str, Floats], scale: Scale, same: bool, reference: int) -> tuple[Floats, Floats]:
    import jax

    with jax.enable_x64(True):
        phi, delta, bars = cell_parameters(parameters, scale)
        if same:
            bars = jax.numpy.broadcast_to(bars[reference], bars.shape)
        logarithms = np.stack([np.asarray(part) for part in cell_chances(phi, delta, bars)], axis=-1)
    chances = np.exp(logarithms)
    return np.asarray(bars), chances / chances.sum(axis=-1, keepdims=True)


def check(sampler: Sampler, worlds: Sequence[World], shares: Floats, reference: int, level: float, seed: int) -> Check:
    """Fit each simulated data set again and count how often the intervals hold what was known.

    Args:
        sampler: of the model that is being checked.
        worlds: simulated data with their bars.
        shares: of the places.
        reference: number of the group that others are compared with.
        level: of the intervals.
        seed: of the chains, one for each set.
    """
    levels = sizes = wrong = 0
    for world, draws in zip(worlds, sampler.fit([one.counts for one in worlds], chains=1, seed=seed), strict=True):
        truth = mean_bars(world.bars, shares)
        means = mean_bars(bars_and_chances(draws.parameters, "chance")[0], shares).reshape(-1, len(truth))
        low, high = _interval(means, level)
        levels += int(np.count_nonzero((low <= truth) & (truth <= high)))
        others = np.delete(np.arange(len(truth)), reference)
        known = truth[others] - truth[reference]
        low, high = _interval(means[:, others] - means[:, [reference]], level)
        sizes += int(np.count_nonzero((low <= known) & (known <= high)))
        wrong += int(np.count_nonzero(((low > 0) & (known <= 0)) | ((high < 0) & (known >= 0))))
    groups = len(worlds[0].bars)
    return Check(len(worlds), levels, groups * len(worlds), sizes, (groups - 1) * len(worlds), wrong, level)


def _interval(draws: Floats, level: float) -> tuple[Floats, Floats]:
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high


def predictive(counts: Floats, chances: Floats, seed: int) -> tuple[float, float]:
    """How often data drawn from the fitted model stray from it as far as the data do: for searches and for hits.

    Args:
        counts: hits, searches in vain and people let go, shape (groups, places, 3).
        chances: of the same, of draws of the posterior, shape (draws, groups, places, 3).
        seed: of the random numbers.

    Source: Gelman, Meng & Stern 1996, Statistica Sinica 6 (posterior predictive p-values, chi-square discrepancy).
    """
    random = np.random.default_rng(seed)
    searched, stopped = counts[..., 0] + counts[..., 1], counts.sum(axis=-1)
    search = chances[..., 0] + chances[..., 1]
    hit = np.divide(chances[..., 0], search, out=np.zeros_like(search), where=search > 0)
    return (
        _strays(random, searched, stopped, search),
        _strays(random, counts[..., 0], searched, hit),
    )


def _strays(random: np.random.Generator, events: Floats, rows: Floats, rates: Floats) -> float:
    variance = np.maximum(rows * rates * (1 - rates), 1e-9)
    again = random.binomial(rows.astype(np.int64), np.clip(rates, 0, 1))
    of_data, of_model = (
        np.sum(np.where(rows > 0, (seen - rows * rates) ** 2 / variance, 0.0), axis=(1, 2)) for seen in (events, again)
    )
    return float(np.mean(of_model >= of_data))
