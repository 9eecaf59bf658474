"""How strong an unmeasured cause would have to be to explain an association away: the E-value."""

from __future__ import annotations

import math
from collections.abc import Sequence

Step = tuple[float, float | None, float | None]
COMMON = 0.15
"""Share with the event above which an odds ratio no longer stands for a ratio of risks."""


def e_value(ratio: float) -> float:
    """The least risk ratio that an unmeasured cause must have with both the group and the event to explain a ratio.

    Args:
        ratio: a ratio of risks, above 0; one below 1 is turned over.

    Source: VanderWeele & Ding 2017, Ann. Intern. Med. 167.
    """
    turned = max(ratio, 1 / ratio)
    return turned + math.sqrt(turned * (turned - 1))


def e_value_curve(ratio: float, curve: Sequence[Step]) -> tuple[Step, ...]:
    """E-values of the limits of a ratio at each level: the lower is that of the limit nearest to 1, the upper of the other.

    Where the interval holds 1 the lower is 1: no unmeasured cause is needed.

    Args:
        ratio: the estimate, above 0.
        curve: its intervals, each (level, low, high); None or 0 where there is no limit.
    """
    steps: list[Step] = []
    for level, low, high in curve:
        near, far = (low, high) if ratio >= 1 else (high, low)
        crossed = near is None or near <= 0 or (near <= 1 if ratio >= 1 else near >= 1)
        nearest = 1.0 if crossed or near is None else e_value(near)
        open_ended = any(end is None or end <= 0 for end in ((far, near) if crossed else (far,)))
        ends = [end for end in ((far, near) if crossed else (far,)) if end]
        steps.append((level, nearest, None if open_ended else max(e_value(end) for end in ends)))
    return tuple(steps)


def risk_ratio_of(odds_ratio: float, *, common: bool) -> float:
    """The ratio of risks that an odds ratio stands for: its square root where the event is common, itself where rare.

    Source: VanderWeele 2017, Biometrics 73; VanderWeele & Ding 2017, Ann. Intern. Med. 167.
    """
    return math.sqrt(odds_ratio) if common else odds_ratio
