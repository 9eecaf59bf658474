"""Limits for one rate that hold in small samples, from the rate and an effective sample size."""

from __future__ import annotations

from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from answerable.statistics.design import Floats

_COMPUTABLE = (1e-3, 1e12)


def normal_quantiles(levels: Floats) -> Floats:
    """Quantiles of the normal distribution that two-sided intervals at these levels use, shape (L,)."""
    return np.array([NormalDist().inv_cdf((1 + level) / 2) for level in levels.tolist()])


def student_quantiles(levels: Floats, degrees: Floats) -> Floats:
    """Quantiles of Student's t for two-sided intervals, shape (E, L); infinite degrees of freedom give the normal."""
    from scipy.special import stdtrit

    return np.asarray(stdtrit(degrees[:, None], (1 + levels)[None, :] / 2))


def wilson(rates: Floats, sizes: Floats, quantiles: Floats) -> tuple[Floats, Floats]:
    """Wilson's score limits of rates.

    Args:
        rates: shape (E,).
        sizes: effective sample sizes, shape (E,).
        quantiles: of the normal or t distribution, shape (E, L) or (L,).

    Returns:
        Lower and upper limits, shape (E, L).

    Source: Wilson 1927, JASA 22; with an effective size from the design, Korn & Graubard 1998, Survey Methodology 24,
        and Dean & Pagano 2015, J. Surv. Stat. Methodol. 3.
    """
    rate, size = rates[:, None], sizes[:, None]
    extra = quantiles**2 / size
    half = quantiles * np.sqrt(rate * (1 - rate) / size + extra / (4 * size))
    # The two roots multiply to rate^2 / (1 + extra): the smaller one comes from the larger without cancellation.
    low = rate**2 / (rate + extra / 2 + half)
    high = 1 - (1 - rate) ** 2 / (1 - rate + extra / 2 + half)
    return np.minimum(low, rate), np.maximum(high, rate)


def clopper_pearson(rates: Floats, sizes: Floats, levels: Floats) -> tuple[Floats, Floats]:
    """Exact (Clopper-Pearson) limits of rates, which never cover less than the level for independent rows.

    Args:
        rates: shape (E,).
        sizes: effective sample sizes, need not be whole, shape (E,) or (E, L).
        levels: shape (L,).

    Returns:
        Lower and upper limits, shape (E, L).

    Source: Clopper & Pearson 1934, Biometrika 26; with an effective size, Korn & Graubard 1998.
    """
    from scipy.special import betaincinv

    rate, tails = rates[:, None], (1 - levels)[None, :] / 2
    size = np.clip(sizes[:, None] if sizes.ndim == 1 else sizes, *_COMPUTABLE)
    events = np.clip(rate * size, 0.0, size)
    rest = size - events
    low = betaincinv(np.where(rate > 0, events, 1.0), rest + 1, tails)
    high = betaincinv(events + 1, np.where(rate < 1, rest, 1.0), 1 - tails)
    return np.where(rate > 0, low, 0.0), np.where(rate < 1, high, 1.0)
