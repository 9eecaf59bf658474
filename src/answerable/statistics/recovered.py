"""Confidence curves that hold in small samples: of rates from scores, of contrasts from the curves of their rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from answerable.statistics.contrasts import difference_limits, part_difference_limits, part_ratio_limits, ratio_limits
from answerable.statistics.design import blocks
from answerable.statistics.linearised import Linearised, correlations, linearise
from answerable.statistics.scores import clopper_pearson, normal_quantiles, student_quantiles, wilson

if TYPE_CHECKING:
    from answerable.statistics.design import Flags, Floats, Integers

    Curves = tuple[Floats, Floats, list[str]]

Contrast = Literal["difference", "ratio"]


def score_curves(moments: Linearised, rates: Integers, levels: Floats, *, exact: bool) -> Curves:
    """Wilson or exact limits of rates, with the effective sample size where units are not single rows.

    Without events (or without anything else) nothing is known about how alike the rows of one unit are; the limits then
    take each unit for a single observation. They are never narrower than independent rows would make them.

    Args:
        moments: the rates and the units they rest on.
        rates: which, shape (K,).
        levels: shape (L,).
        exact: Clopper-Pearson in place of Wilson.

    Returns:
        Lower and upper limits, shape (K, L), and how each was made.

    Source: Korn & Graubard 1998, Survey Methodology 24; Dean & Pagano 2015, J. Surv. Stat. Methodol. 3.
    """
    values, simple, mixed = moments.values[rates], moments.simple[rates], moments.mixed[rates]
    rows = np.maximum(np.where(simple | mixed, moments.n[rates], moments.spread[rates]), 1e-9)
    normal, name = normal_quantiles(levels), "exact (Clopper-Pearson)" if exact else "Wilson score"
    low, high = clopper_pearson(values, rows, levels) if exact else wilson(values, rows, normal)
    how = [name] * len(rates)
    for index in np.flatnonzero(~simple & ~mixed).tolist():
        how[index] = f"{name}, each unit taken for a single observation ({rows[index]:.4g} of equal weight)"
    rough = np.flatnonzero(~simple & mixed)
    if len(rough):
        size, degrees = moments.precision(rates[rough])
        size, student = np.minimum(size, 1e300), student_quantiles(levels, degrees)
        if exact:
            wider = clopper_pearson(values[rough], size[:, None] * (normal / student) ** 2, levels)
        else:
            wider = wilson(values[rough], size, student)
        low[rough], high[rough] = np.minimum(low[rough], wider[0]), np.maximum(high[rough], wider[1])
        for index, effective, freedom in zip(rough.tolist(), size.tolist(), degrees.tolist(), strict=True):
            effective = min(effective, rows[index])
            how[index] = f"{name}, effective sample size {effective:.4g}, t with {freedom:.3g} degrees of freedom"
    return low, high, how


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
    rates, position = np.unique(pairs, return_inverse=True)
    first, second = position.reshape(pairs.shape).T
    low, high, how = score_curves(moments, rates, levels, exact=exact)
    rho = correlations(moments, pairs)
    limits = difference_limits if kind == "difference" else ratio_limits
    values = (moments.values[pairs[:, 0]], moments.values[pairs[:, 1]])
    curves = limits(values, (low[first], high[first]), (low[second], high[second]), rho)
    texts = []
    for one, other, shared in zip(first.tolist(), second.tolist(), rho.tolist(), strict=True):
        both = how[one] if how[one] == how[other] else f"{how[one]}; {how[other]}"
        related = f", correlation {shared:.2g}" if abs(shared) > 1e-9 else ""
        texts.append(f"MOVER from the limits of both rates{related} ({both})")
    return *curves, texts


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
