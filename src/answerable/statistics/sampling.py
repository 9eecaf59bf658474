"""Draws from a posterior by the No-U-Turn sampler, the same every time, and whether they can be trusted.

The sampler is NumPyro's. Chains run side by side in threads, each compiled once for data of one shape, so that the
same model can be fitted to many data sets.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from answerable.errors import AnswerableError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from answerable.statistics.design import Floats

Parameters = dict[str, Any]
Data = tuple[Any, ...]
_TAILS = (0.05, 0.95)
_DEEPEST = 8
"""Doublings of a path, at most: 255 steps. Paths that fit are far shorter; those that do not would take an age."""


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """What the chains of one data set drew.

    Args:
        parameters: by name, shape (chains, draws, ...).
        divergences: how many draws went astray.
        steps: mean number of steps of a draw.
    """

    parameters: Mapping[str, Floats]
    divergences: int
    steps: float


def need_numpyro() -> None:
    """Raise AnswerableError where the sampler is not installed."""
    import importlib.util

    if importlib.util.find_spec("numpyro") is None:
        raise AnswerableError("NumPyro is not installed. Install it with: pip install 'answerable[threshold]'.")


class Sampler:
    """The No-U-Turn sampler of one model, for data of any values.

    Args:
        potential: minus the logarithm of the posterior's density (up to a constant) from parameters and data.
        start: where a chain starts, from a random key and the data.
        together: parameters that vary together: their joint scale is learnt, that of the others one by one.
        warmup: draws to learn from, not kept. draws: draws kept of each chain.
        accept: share of steps to accept; nearer to 1 is slower and follows narrow places better.

    Source: Hoffman & Gelman 2014, J. Mach. Learn. Res. 15.
    """

    def __init__(
        self,
        potential: Callable[[Parameters, Data], Any],
        start: Callable[[Any, Data], Parameters],
        *,
        together: Sequence[str],
        warmup: int,
        draws: int,
        accept: float,
    ) -> None:
        import jax
        from numpyro.infer.hmc import hmc

        def given(*data: Any) -> Callable[[Parameters], Any]:
            return lambda parameters: potential(parameters, data)

        first, following = hmc(potential_fn_gen=given, algo="NUTS")

        def chain(key: Any, data: Data) -> Any:
            begin, run = jax.random.split(key)
            state = first(
                start(begin, data),
                warmup,
                step_size=0.1,
                dense_mass=[tuple(together)],
                target_accept_prob=accept,
                max_tree_depth=_DEEPEST,
                model_args=data,
                rng_key=run,
            )

            def step(state: Any, _: Any) -> Any:
                state = following(state, data)
                return state, (state.z, state.diverging, state.num_steps)

            # One loop for both phases, because compiling is what takes long.
            found = jax.lax.scan(step, state, None, length=warmup + draws)[1]
            return jax.tree.map(lambda values: values[warmup:], found)

        self._chain = jax.jit(chain)

    def fit(self, sets: Sequence[Data], *, chains: int, seed: int) -> list[Draws]:
        """Draws for each of several data sets of one shape; the same for the same seed, whatever else runs."""
        jobs = [(place, chain) for place in range(len(sets)) for chain in range(chains)]

        def one(job: tuple[int, int]) -> Any:
            import jax

            with jax.enable_x64(True):
                key = jax.random.PRNGKey(seed)
                for number in job:
                    key = jax.random.fold_in(key, number)
                data = tuple(jax.numpy.asarray(part) for part in sets[job[0]])
                return jax.tree.map(np.asarray, self._chain(key, data))

        with ThreadPoolExecutor(os.cpu_count()) as threads:
            # The first chain compiles for all others.
            found = [one(jobs[0]), *threads.map(one, jobs[1:])]
        return [_joined(found[place * chains : (place + 1) * chains]) for place in range(len(sets))]


def _joined(chains: Sequence[Any]) -> Draws:
    names = chains[0][0]
    return Draws(
        parameters={name: np.stack([chain[0][name] for chain in chains]) for name in names},
        divergences=int(sum(chain[1].sum() for chain in chains)),
        steps=float(np.mean([chain[2].mean() for chain in chains])),
    )


@dataclass(frozen=True, slots=True)
class Convergence:
    """The worst over some quantities.

    Args:
        r_hat: how much the chains differ; 1 where they agree.
        effective: how many independent draws they are worth, in the middle or in the tails, whichever is fewer.
    """

    r_hat: float
    effective: float


def convergence(values: NDArray[np.floating[Any]]) -> Convergence:
    """Whether the chains agree and how many independent draws they are worth, the worst over the quantities.

    Args:
        values: draws, shape (chains, draws, quantities).

    Source: Vehtari, Gelman, Simpson, Carpenter & Bürkner 2021, Bayesian Analysis 16 (rank-normalised, split chains).
    """
    from numpyro.diagnostics import effective_sample_size, gelman_rubin

    half = values.shape[1] // 2
    split = np.concatenate([values[:, :half], values[:, -half:]])
    flat = split.reshape(-1, split.shape[2])
    middle = np.abs(split - np.median(flat, axis=0))
    ranked, folded = _normal_ranks(split), _normal_ranks(middle)
    sizes = [effective_sample_size(ranked)]
    sizes += [effective_sample_size((split <= edge).astype(np.float64)) for edge in np.quantile(flat, _TAILS, axis=0)]
    return Convergence(
        r_hat=float(np.max(np.maximum(gelman_rubin(ranked), gelman_rubin(folded)))),
        effective=float(np.min(np.minimum.reduce(sizes))),
    )


def _normal_ranks(values: Floats) -> Floats:
    """Draws replaced by normal quantiles of their ranks among all chains."""
    from scipy.stats import norm, rankdata

    flat = values.reshape(-1, values.shape[2])
    ranks = rankdata(flat, axis=0)
    return np.asarray(norm.ppf((ranks - 0.375) / (len(flat) + 0.25)).reshape(values.shape))


def quantile_curve(
    draws: Floats, levels: Sequence[float], least: int = 10
) -> tuple[tuple[float, float | None, float | None], ...]:
    """Central intervals of draws at rising levels; no bound where fewer than `least` draws lie beyond it.

    Args:
        draws: shape (draws,).
        levels: rising, between 0 and 1.
        least: draws that must lie beyond each end.
    """
    steps: list[tuple[float, float | None, float | None]] = []
    for level in levels:
        tail = (1 - level) / 2
        known = tail * len(draws) >= least
        ends = np.quantile(draws, [tail, 1 - tail])
        steps.append((float(level), float(ends[0]) if known else None, float(ends[1]) if known else None))
    return tuple(steps)
