"""The model of the threshold test: who is searched, who is found out, and by which bar.

Everybody stopped gives off a signal: drawn from a normal distribution with mean 0 where there is nothing to find and
with mean `delta`, of the group and the place, where there is; the share with something to find is `phi`. Whoever's
chance of a hit, given the signal, is above the bar is searched. Innocent or not, searched or not: a cell of stops then
splits into hits, searches in vain and people let go with chances that follow from phi, delta and the bar.

The bars of a group vary from place to place around the group's own. On which scale they do, no data say, and it decides
their level: bars that are alike as chances of a hit (the model that is fitted), or alike as signals (its rival, as in
the fast version of the test), can give the same searches and hits from bars of different heights.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from answerable.statistics.design import Floats
    from answerable.statistics.sampling import Data, Parameters, Sampler

Scale = Literal["chance", "signal"]
"""On which scale the bars of a group are alike from place to place."""

GLOBAL = ("base", "signal", "bar", "base_spread", "signal_spread", "bar_spread")
"""Parameters of groups; the others belong to places, and to the group in each place."""

PRIORS = {"base": (-1.5, 1.5), "signal": (0.4, 0.5), "chance": (-1.5, 1.5), "threshold": (0.0, 1.5)}
"""Means and standard deviations. base, chance: log odds; signal: logarithm of the distance between the two
distributions (95 % between 0.6 and 4, that is: a guilty person's signal exceeds an innocent one's in 65 % to 99.8 % of
pairs); threshold: of the signal."""

SPREADS = {"base_spread": 1.0, "signal_spread": 0.5, "bar_spread": 1.0}
"""Scales of the half-normal distributions of how much places, and bars, differ."""


def cell_chances(phi: Any, delta: Any, bar: Any) -> tuple[Any, Any, Any]:
    """Logarithms of the chances of a hit, of a search in vain, and of no search.

    Args:
        phi: log odds that there is something to find.
        delta: distance of the two distributions of the signal.
        bar: log odds of a hit above which people are searched.

    Source: Pierson, Corbett-Davies & Goel 2018, AISTATS 21 (normal signals of equal spread).
    """
    import jax
    import jax.numpy as jnp

    signal = (bar - phi) / delta + delta / 2
    guilty = -jax.nn.softplus(-phi)
    share = jnp.exp(guilty)
    # Beyond 37 standard deviations the tail underflows.
    above = jax.scipy.special.erfc(jnp.clip(jnp.stack([signal - delta, signal]), -37, 37) / np.sqrt(2)) / 2
    logarithms = jnp.log(above)
    let_go = share * (1 - above[0]) + (1 - share) * (1 - above[1])
    return guilty + logarithms[0], guilty - phi + logarithms[1], jnp.log(let_go + 1e-16)


def cell_parameters(parameters: Parameters, scale: Scale) -> tuple[Any, Any, Any]:
    """phi, delta and bar of every group in every place, as `cell_chances` takes them, each of shape (G, L)."""
    import jax.numpy as jnp

    phi = parameters["base"][:, None] + jnp.exp(parameters["base_spread"]) * parameters["base_place"]
    delta = jnp.exp(parameters["signal"][:, None] + jnp.exp(parameters["signal_spread"]) * parameters["signal_place"])
    bar = parameters["bar"][:, None] + jnp.exp(parameters["bar_spread"])[:, None] * parameters["bar_cell"]
    return phi, delta, bar if scale == "chance" else phi + delta * bar - delta**2 / 2


def potential(parameters: Parameters, counts: Data, scale: Scale) -> Any:
    """Minus the logarithm of the posterior's density.

    Args:
        parameters: as `start` makes them; spreads as logarithms.
        counts: hits, searches in vain and people let go, each of shape (groups, places).
        scale: on which the bars of a group are alike.
    """
    import jax.numpy as jnp

    chances = cell_chances(*cell_parameters(parameters, scale))
    density = sum(jnp.sum(count * chance) for count, chance in zip(counts, chances, strict=True))
    centres = {"base": "base", "signal": "signal", "bar": "chance" if scale == "chance" else "threshold"}
    for name, prior in centres.items():
        mean, deviation = PRIORS[prior]
        density -= jnp.sum(((parameters[name] - mean) / deviation) ** 2) / 2
    for name in ("base_place", "signal_place", "bar_cell"):
        density -= jnp.sum(parameters[name] ** 2) / 2
    for name, width in SPREADS.items():
        density += jnp.sum(parameters[name] - (jnp.exp(parameters[name]) / width) ** 2 / 2)
    return -density


def start(key: Any, shape: tuple[int, int]) -> Parameters:
    """Where a chain starts: near the middle of the priors, each chain elsewhere."""
    import jax

    groups, places = shape
    middle = {
        "base": np.full(groups, -1.5),
        "signal": np.full(groups, 0.4),
        "bar": np.full(groups, -1.5),
        "base_spread": np.full((), -1.0),
        "signal_spread": np.full((), -1.5),
        "bar_spread": np.full(groups, -1.0),
        "base_place": np.zeros(places),
        "signal_place": np.zeros(places),
        "bar_cell": np.zeros(shape),
    }
    keys = jax.random.split(key, len(middle))
    return {
        name: value + 0.3 * jax.random.normal(one, value.shape)
        for one, (name, value) in zip(keys, middle.items(), strict=True)
    }


@cache
def sampler(scale: Scale, shape: tuple[int, int], warmup: int, draws: int, accept: float) -> Sampler:
    """The sampler of the model for so many groups and places, compiled once."""
    from answerable.statistics.sampling import Sampler

    return Sampler(
        lambda parameters, counts: potential(parameters, counts, scale),
        lambda key, _: start(key, shape),
        together=GLOBAL,
        warmup=warmup,
        draws=draws,
        accept=accept,
    )


def bars_and_chances(parameters: Mapping[str, Floats], scale: Scale) -> tuple[Floats, Floats]:
    """The bar of every cell as log odds and its chances of a hit, a search in vain, and no search.

    Args:
        parameters: draws, each parameter of shape (chains, draws, ...).
        scale: on which the bars of a group are alike.

    Returns:
        Shapes (chains, draws, groups, places) and (chains, draws, groups, places, 3).
    """
    import jax

    def one(parameters: Parameters) -> Any:
        phi, delta, bar = cell_parameters(parameters, scale)
        return bar, jax.numpy.stack(cell_chances(phi, delta, bar), axis=-1)

    with jax.enable_x64(True):
        made = jax.jit(jax.vmap(jax.vmap(one)))(dict(parameters))
        bars, logarithms = jax.tree.map(np.asarray, made)
    chances = np.exp(logarithms)
    return bars, chances / chances.sum(axis=-1, keepdims=True)
