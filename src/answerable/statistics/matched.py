"""Matched pairs of yes-or-no answers that are independent of each other: difference and share of discordant pairs."""

from __future__ import annotations

import math
from collections.abc import Sequence


def paired_difference(
    first_only: float, second_only: float, pairs: float, levels: Sequence[float]
) -> list[tuple[float, float]]:
    """Score intervals of the difference of two rates in matched pairs.

    At the null value 0 it is McNemar's test without correction.

    Args:
        first_only: pairs in which only the first member has the answer.
        second_only: pairs in which only the second has it.
        pairs: pairs in all, above 0.
        levels: confidence levels.

    Source: Tango 1998, Statist. Med. 17; McNemar 1947, Psychometrika 12.
    """
    from scipy.optimize import brentq

    from answerable.core.curve import critical_value

    def score(difference: float) -> float:
        b = -first_only - second_only + (2 * pairs - first_only + second_only) * difference
        c = -second_only * difference * (1 - difference)
        share = (math.sqrt(max(b * b - 8 * pairs * c, 0.0)) - b) / (4 * pairs)
        variance = pairs * (2 * share + difference * (1 - difference))
        return (first_only - second_only - pairs * difference) / math.sqrt(max(variance, 1e-300))

    value = (first_only - second_only) / pairs
    edge = 1 - 1e-12
    ends = []
    for level in levels:
        z = critical_value(level)
        low = brentq(lambda d, z=z: score(d) - z, -edge, value) if value > -edge and score(-edge) > z else -1.0
        high = brentq(lambda d, z=z: score(d) + z, value, edge) if value < edge and score(edge) < -z else 1.0
        ends.append((float(low), float(high)))
    return ends


def exact_share(events: float, n: float, levels: Sequence[float]) -> list[tuple[float, float]]:
    """Exact intervals of a proportion; for discordant pairs and 0.5 they are McNemar's exact test.

    Args:
        events: pairs that favour the first member, of the `n` pairs whose answers differ; need not be whole.
        n: such pairs, above 0.
        levels: confidence levels.

    Source: Clopper & Pearson 1934, Biometrika 26.
    """
    from scipy.stats import beta

    return [
        (
            float(beta.ppf((1 - level) / 2, events, n - events + 1)) if events else 0.0,
            float(beta.ppf((1 + level) / 2, events + 1, n - events)) if events < n else 1.0,
        )
        for level in levels
    ]


def exact_p_value(events: int, n: int) -> float:
    """McNemar's exact two-sided p-value: twice the smaller tail of the binomial distribution with 1/2.

    Source: McNemar 1947, Psychometrika 12; Liddell 1983, J. Epidemiol. Community Health 37.
    """
    from scipy.stats import binom

    return min(1.0, 2 * float(binom.cdf(min(events, n - events), n, 0.5)))
