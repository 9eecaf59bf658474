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
    """E-values of the limits of a ratio at each level: the lower that of the limit nearest to 1, then the other.

    Where the interval holds 1 the lower is 1: no unmeasured cause is needed.

    Args:
        ratio: the estimate, above 0.
        curve: its intervals, each (level, low, high); None or 0 where there is no limit.
    """
    steps: list[Step] = []
    for level, low, high in curve:
        first, second = _e_value_of(low), _e_value_of(high)
        near = low if ratio >= 1 else high
        crossed = not near or (near <= 1 if ratio >= 1 else near >= 1)
        if crossed:
            steps.append((level, 1.0, None if first is None or second is None else max(first, second)))
        else:
            steps.append((level, first, second) if ratio >= 1 else (level, second, first))
    return tuple(steps)


def _e_value_of(end: float | None) -> float | None:
    """The E-value of a limit; None where there is no limit, or none that can be written."""
    if not end:
        return None
    found = e_value(end)
    return found if math.isfinite(found) else None


def risk_ratio_of(odds_ratio: float, *, common: bool) -> float:
    """The ratio of risks that an odds ratio stands for: its square root where the event is common, itself where rare.

    Source: VanderWeele 2017, Biometrics 73; VanderWeele & Ding 2017, Ann. Intern. Med. 167.
    """
    return math.sqrt(odds_ratio) if common else odds_ratio
