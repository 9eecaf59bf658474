"""Confidence curves that hold in small samples: of rates from scores, of contrasts from the curves of their rates."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Literal

import numpy as np

from answerable.statistics.contrasts import difference_limits, part_difference_limits, part_ratio_limits, ratio_limits
from answerable.statistics.design import blocks
from answerable.statistics.linearised import SHARED, Linearised, correlations, joint_degrees, linearise
from answerable.statistics.scores import clopper_pearson, normal_quantiles, student_quantiles, wilson

if TYPE_CHECKING:
    from answerable.statistics.design import Flags, Floats, Integers

    Curves = tuple[Floats, Floats, list[str]]

Contrast = Literal["difference", "ratio"]


def score_curves(
    moments: Linearised, rates: Integers, levels: Floats, *, exact: bool, degrees: Floats | None = None
) -> Curves:
    """Wilson or exact limits of rates with effective sample sizes, never narrower than independent rows make them.

    Args:
        moments: the rates and the units they rest on.
        rates: which, shape (K,).
        levels: shape (L,).
        exact: Clopper-Pearson in place of Wilson.
        degrees: degrees of freedom, shape (K,); those of each rate by itself where not given.

    Returns:
        Lower and upper limits, shape (K, L), and how each was made.

    Source: Korn & Graubard 1998, Survey Methodology 24; Dean & Pagano 2015, J. Surv. Stat. Methodol. 3.
    """
    values, rows = moments.values[rates], np.where(moments.mixed[rates], moments.n[rates], np.inf)
    sizes, own = moments.precision(rates)
    freedom = own if degrees is None else np.where(np.isinf(own), np.inf, degrees)
    normal, floor = normal_quantiles(levels), np.minimum(sizes, rows)
    low, high = clopper_pearson(values, floor, levels) if exact else wilson(values, floor, normal)
    rough = np.flatnonzero(np.isfinite(freedom))
    if len(rough):
        student = student_quantiles(levels, freedom[rough])
        if exact:
            wider = clopper_pearson(values[rough], sizes[rough, None] * (normal / student) ** 2, levels)
        else:
            wider = wilson(values[rough], sizes[rough], student)
        low[rough], high[rough] = np.minimum(low[rough], wider[0]), np.maximum(high[rough], wider[1])
    return low, high, _texts(moments, rates, floor, freedom, "exact (Clopper-Pearson)" if exact else "Wilson score")


def _texts(moments: Linearised, rates: Integers, sizes: Floats, degrees: Floats, name: str) -> list[str]:
    how = []
    certain = (moments.simple[rates]).tolist()
    for plain, size, freedom in zip(certain, sizes.tolist(), degrees.tolist(), strict=True):
        if plain:
            how.append(name)
        elif math.isinf(freedom):
            how.append(f"{name}, each unit taken for one observation, effective sample size {size:.4g}")
        else:
            how.append(f"{name}, effective sample size {size:.4g}, t with {freedom:.3g} degrees of freedom")
    return how


def recovered_curves(moments: Linearised, pairs: Integers, kind: Contrast, levels: Floats, *, exact: bool) -> Curves:
    """Limits of differences or ratios, recovered from the limits of both rates (MOVER).

    A part against the whole that holds it is compared through the rest of the whole, because the limits of two
    estimates that share most of their rows say little about their difference.

    Args:
        moments: the rates and the units they rest on.
        pairs: which two, shape (P, 2): the group, the reference.
        kind: what to make of them.
        levels: shape (L,).
        exact: Clopper-Pearson in place of Wilson.

    Returns:
        Lower and upper limits, shape (P, L), and how each was made.
    """
    inside, holding = _inside(moments, pairs[:, 0], pairs[:, 1]), _inside(moments, pairs[:, 1], pairs[:, 0])
    low, high = np.empty((2, len(pairs), len(levels)))
    how = [""] * len(pairs)
    for chosen, compare, turned in (
        (~inside & ~holding, _two_groups, False),
        (inside, _part_and_whole, False),
        (holding & ~inside, _part_and_whole, True),
    ):
        places = np.flatnonzero(chosen)
        if not len(places):
            continue
        some = pairs[places][:, ::-1] if turned else pairs[places]
        found = compare(moments, some, kind, levels, exact=exact)
        low[places], high[places] = _turned(found[0], found[1], kind) if turned else found[:2]
        for index, text in zip(places.tolist(), found[2], strict=True):
            how[index] = text
    return low, high, how


def _two_groups(moments: Linearised, pairs: Integers, kind: Contrast, levels: Floats, *, exact: bool) -> Curves:
    rho, every, count = correlations(moments, pairs), pairs.T.ravel(), len(pairs)
    degrees = joint_degrees(moments, pairs, rho)
    low, high, how = score_curves(moments, every, levels, exact=exact, degrees=np.tile(degrees, 2))
    limits = difference_limits if kind == "difference" else ratio_limits
    values = (moments.values[pairs[:, 0]], moments.values[pairs[:, 1]])
    curves = limits(values, (low[:count], high[:count]), (low[count:], high[count:]), rho)
    widened = _widened(moments, pairs, rho, levels, degrees, curves) if kind == "ratio" else np.zeros(count, dtype=bool)
    texts = []
    for one, other, shared, wide in zip(how[:count], how[count:], rho.tolist(), widened.tolist(), strict=True):
        related = f", correlation {shared:.2g}" if abs(shared) > 1e-9 else ""
        related += ", no narrower than the linearised log ratio" if wide else ""
        texts.append(f"MOVER from the limits of both rates{related} ({one if one == other else f'{one}; {other}'})")
    return *curves, texts


def _widened(
    moments: Linearised,
    pairs: Integers,
    rho: Floats,
    levels: Floats,
    degrees: Floats,
    curves: tuple[Floats, Floats],
) -> Flags:
    """Ratios of rates that share people: no narrower than the linearised log ratio makes them, in place; which ones.

    Limits of two rates lose their skewness against each other where the rates vary together.
    """
    rough, mixed = ~moments.simple[pairs].all(axis=1), moments.mixed[pairs].all(axis=1)
    chosen = np.asarray((np.abs(rho) > SHARED) & rough & mixed)
    some = np.flatnonzero(chosen)
    if not len(some):
        return chosen
    sizes, _ = moments.precision(pairs[some].T.ravel())
    first, second = moments.values[pairs[some].T]
    relative = np.sqrt((1 - moments.values[pairs[some].T]) / moments.values[pairs[some].T] / sizes.reshape(2, -1))
    error = np.sqrt(np.maximum(np.sum(relative**2, axis=0) - 2 * rho[some] * relative[0] * relative[1], 0.0))
    with np.errstate(over="ignore"):
        factor = np.exp(student_quantiles(levels, degrees[some]) * error[:, None])
    ratio = (first / second)[:, None]
    curves[0][some] = np.minimum(curves[0][some], ratio / factor)
    curves[1][some] = np.maximum(curves[1][some], ratio * factor)
    return chosen


def _part_and_whole(moments: Linearised, pairs: Integers, kind: Contrast, levels: Floats, *, exact: bool) -> Curves:
    """The part against the rest of the whole, scaled to the whole; the share of the part is uncertain too."""
    above, below, (part, whole) = moments.numerator, moments.denominator, pairs.T
    rest = below[whole] & ~below[part]
    both = linearise(
        moments.design,
        np.concatenate([above[part], above[whole] & rest, below[part]]),
        np.concatenate([below[part], rest, below[whole]]),
    )
    count = len(pairs)
    mine, others, share = np.arange(3 * count).reshape(3, count)
    low, high, how = _two_groups(both, np.stack([mine, others], axis=1), kind, levels, exact=exact)
    edges = score_curves(both, share, levels, exact=exact)
    half = (edges[1] - edges[0]) / 2
    values = (both.values[mine], both.values[others])
    limits = part_difference_limits if kind == "difference" else part_ratio_limits
    curves = limits(values, (low, high), both.values[share], half)
    return *curves, [f"against the rest, scaled to the whole: {text}" for text in how]


def _inside(moments: Linearised, part: Integers, whole: Integers) -> Flags:
    """Whether the rows of one rate are some of the rows of the other, with the same events."""
    found = np.empty(len(part), dtype=bool)
    above, below = moments.numerator, moments.denominator
    for block in blocks(len(part), below.shape[1]):
        one, other = part[block], whole[block]
        within = ~(below[one] & ~below[other]).any(axis=1)
        found[block] = within & (above[one] == (above[other] & below[one])).all(axis=1)
    return found


def _turned(low: Floats, high: Floats, kind: Contrast) -> tuple[Floats, Floats]:
    """Limits of the contrast the other way round."""
    if kind == "difference":
        return -high, -low
    with np.errstate(divide="ignore"):
        return 1 / high, 1 / low
