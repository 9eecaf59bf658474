"""Limits for differences and ratios of two rates, recovered from the limits of each rate and their correlation."""

from __future__ import annotations

import numpy as np

from answerable.statistics.design import Floats

Limits = tuple[Floats, Floats]


def difference_limits(rates: tuple[Floats, Floats], first: Limits, second: Limits, correlation: Floats) -> Limits:
    """Limits of first - second by the method of variance estimates recovery (MOVER).

    With Wilson limits and independent groups this is Newcombe's hybrid score interval.

    Args:
        rates: the two rates, each of shape (P,).
        first: lower and upper limits of the first rate, each of shape (P, L).
        second: the same of the second rate.
        correlation: of the two estimated rates, shape (P,); 0 for groups that share no units.

    Source: Newcombe 1998, Statist. Med. 17, method 10; with correlation, Zou 2007, Psychol. Methods 12, and Zou &
        Donner 2008, Statist. Med. 27.
    """
    one, other = rates[0][:, None], rates[1][:, None]
    rho = correlation[:, None]
    down = _recovered(one - first[0], second[1] - other, rho)
    up = _recovered(first[1] - one, other - second[0], rho)
    value = one - other
    return np.maximum(value - down, -1.0), np.minimum(value + up, 1.0)


def _recovered(mine: Floats, other: Floats, rho: Floats) -> Floats:
    return np.asarray(np.sqrt(np.maximum(mine**2 + other**2 - 2 * rho * mine * other, 0.0)))


def ratio_limits(rates: tuple[Floats, Floats], first: Limits, second: Limits, correlation: Floats) -> Limits:
    """Limits of first / second by the method of variance estimates recovery for ratios (MOVER-R).

    The limits are where first - R second differs from 0 by as much as the limits of the two rates allow. Where the
    lower limit of the second rate is 0 there is no upper limit: infinity.

    Args:
        rates: the two rates, each of shape (P,).
        first: lower and upper limits of the first rate, each of shape (P, L).
        second: the same of the second rate.
        correlation: of the two estimated rates, shape (P,).

    Source: Donner & Zou 2012, Stat. Methods Med. Res. 21; Newcombe 2016, Stat. Methods Med. Res. 25.
    """
    one, other, rho = rates[0][:, None], rates[1][:, None], correlation[:, None]
    square, linear, constant = _quadratic(one, other, first[0], second[1], rho)
    below = linear + np.sqrt(np.maximum(linear**2 - square * constant, 0.0))
    low = np.divide(constant, below, out=np.zeros_like(below), where=(constant > 0) & (below > 0))
    square, linear, constant = _quadratic(one, other, first[1], second[0], rho)
    above = linear + np.sqrt(np.maximum(linear**2 - square * constant, 0.0))
    high = np.divide(above, square, out=np.full_like(above, np.inf), where=square > 0)
    return low, high


def _quadratic(
    one: Floats, other: Floats, edge_one: Floats, edge_other: Floats, rho: Floats
) -> tuple[Floats, Floats, Floats]:
    """Coefficients a, b, c of a R^2 - 2 b R + c = 0, whose root R is the ratio at the edge of what the limits allow."""
    square = edge_other * (2 * other - edge_other)
    linear = one * other - rho * np.abs(one - edge_one) * np.abs(other - edge_other)
    return square, linear, edge_one * (2 * one - edge_one)


def part_difference_limits(rates: tuple[Floats, Floats], limits: Limits, share: Floats, half: Floats) -> Limits:
    """Limits of part - whole from those of part - rest: the difference is (1 - share) times that to the rest.

    Args:
        rates: of the part and of the rest, each of shape (P,).
        limits: of part - rest, each of shape (P, L).
        share: of the part in the whole, shape (P,).
        half: half the width of the interval of the share, shape (P, L).
    """
    difference, left = (rates[0] - rates[1])[:, None], (1 - share)[:, None]
    moved = half * _sure(difference, limits)
    value = left * difference
    down, up = np.hypot(left * (difference - limits[0]), moved), np.hypot(left * (limits[1] - difference), moved)
    return np.maximum(value - down, -1.0), np.minimum(value + up, 1.0)


def part_ratio_limits(rates: tuple[Floats, Floats], limits: Limits, share: Floats, half: Floats) -> Limits:
    """Limits of part / whole from those of part / rest, r: the ratio is r / (share r + 1 - share).

    Args:
        rates: of the part and of the rest, each of shape (P,).
        limits: of part / rest, each of shape (P, L).
        share: of the part in the whole, shape (P,).
        half: half the width of the interval of the share, shape (P, L).
    """
    part, rest, portion = rates[0][:, None], rates[1][:, None], share[:, None]
    whole = portion * part + (1 - portion) * rest
    value = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(part / rest)
        sure = np.nan_to_num(np.copysign(_sure(ratio, (np.log(limits[0]), np.log(limits[1]))), ratio), posinf=0.0)
        moved = half * np.divide(rest * np.abs(np.expm1(sure)), whole, out=np.zeros_like(half), where=whole > 0)
        edges = [np.where(np.isinf(one), 1 / portion, one / (portion * one + 1 - portion)) for one in limits]
        low, high = (np.where(value > 0, np.log(edge / value), 0.0) for edge in edges)
        down, up = (
            np.where(edges[0] > 0, value * np.exp(-np.hypot(low, moved)), 0.0),
            value * np.exp(np.hypot(high, moved)),
        )
    return down, np.where(value > 0, up, edges[1] * np.exp(moved))


def _sure(value: Floats, limits: Limits) -> Floats:
    """How far a value is from 0 for sure: the square root of its square less that of its uncertainty."""
    half = (limits[1] - limits[0]) / 2
    return np.sqrt(np.maximum(value**2 - half**2, 0.0))
