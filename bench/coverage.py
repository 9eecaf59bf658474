"""Coverage of the intervals by simulation: how often the interval at 95 % holds the true value.

Run by hand: python bench/coverage.py [TABLE ...] [--simulations N]; it prints tables and takes minutes. Many simulated
data sets are stacked into one design, as groups that share no unit, and evaluated at once.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from scipy.sparse import coo_array

from answerable.statistics.design import Design
from answerable.statistics.intervals import contrasts, rates

GROUPS, OUTCOMES = 2, 2
CELLS = GROUPS * OUTCOMES
ESTIMANDS = ("rate", "difference", "ratio", "difference from all", "ratio to all")


@dataclass(frozen=True)
class Sample:
    """Simulated people: the data set and group they are in, rows and events of each entry."""

    dataset: np.ndarray
    person: np.ndarray
    group: np.ndarray
    rows: np.ndarray
    events: np.ndarray


def shares(rate: float, correlation: float, quantile: np.ndarray) -> np.ndarray:
    """Each person's own chance of an event, beta distributed with this correlation between two of their decisions."""
    from scipy.special import betaincinv

    if correlation == 0:
        return np.full(quantile.shape, rate)
    size = (1 - correlation) / correlation
    return betaincinv(rate * size, (1 - rate) * size, quantile)


def sizes(random: np.random.Generator, shape: tuple[int, ...], mean: float, unequal: bool) -> np.ndarray:
    """Decisions per person: all the same, or lognormal (sigma 0.8) with the same mean, at least one."""
    if not unequal:
        return np.full(shape, round(mean))
    return np.maximum(1, np.rint(random.lognormal(np.log(mean) - 0.32, 0.8, shape))).astype(int)


def people(
    random: np.random.Generator,
    datasets: int,
    clusters: int,
    rate_pair: tuple[float, float],
    correlation: float,
    *,
    unequal: bool,
    mean: float = 10,
    shared: bool = False,
) -> Sample:
    """Two groups of people with several decisions each; shared: everybody has decisions in both groups."""
    shape = (datasets, clusters)
    quantiles = [random.random(shape) for _ in range(GROUPS)]
    parts = []
    for group, rate in enumerate(rate_pair):
        rows = sizes(random, shape, mean, unequal)
        chance = shares(rate, correlation, quantiles[0 if shared else group])
        person = np.arange(datasets * clusters) + (0 if shared else group * datasets * clusters)
        dataset = np.repeat(np.arange(datasets), clusters)
        parts.append(
            (dataset, person, np.full(dataset.shape, group), rows.ravel(), random.binomial(rows, chance).ravel())
        )
    return Sample(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def clustered(sample: Sample, *, shared: bool = False) -> Design:
    """The design of the sample; where nobody is in two groups, people who are alike are counted."""
    first = sample.dataset * CELLS + sample.group * OUTCOMES
    if shared:
        person, many = sample.person, np.ones(int(sample.person.max()) + 1, dtype=int)
        events, others = sample.events, sample.rows - sample.events
    else:
        kinds = np.stack([first, sample.events, sample.rows - sample.events])
        (first, events, others), many = np.unique(kinds, axis=1, return_counts=True)
        person = np.arange(len(many))
    place = (np.concatenate([person, person]), np.concatenate([first, first + 1]))
    shape = (len(many), (int(sample.dataset.max()) + 1) * CELLS)
    return Design.clustered(coo_array((np.concatenate([events, others]), place), shape=shape).tocsr(), many)


def independent(
    random: np.random.Generator, datasets: int, size: int, rate_pair: tuple[float, float]
) -> tuple[Design, tuple[float, float]]:
    """Two groups of single rows, sizes varying by a tenth so that coverage is an average, not that of one lucky size.

    Everybody is as likely to be in one group as in the other.
    """
    everybody = np.rint(GROUPS * size * random.uniform(0.9, 1.1, datasets)).astype(int)
    first = np.clip(random.binomial(everybody, 0.5), 1, everybody - 1)
    rows = np.stack([first, everybody - first], axis=1)
    events = random.binomial(rows, rate_pair)
    return Design.independent(np.stack([events, rows - events], axis=2).ravel()), rate_pair


def weighted(
    random: np.random.Generator, datasets: int, size: int, rate: float, *, each: int = 1
) -> tuple[Design, tuple[float, float]]:
    """Rows (or people with several rows) of lognormal weight, whose chance of an event rises with the weight."""
    shape = (datasets, GROUPS, size)
    normal = random.standard_normal(shape)
    weight = np.exp(0.7 * normal)
    chance = np.clip(rate * np.exp(0.3 * normal), 0, 1)
    # The weighted mean of exp(0.3 z) under weights exp(0.7 z) is exp(0.3^2 / 2 + 0.3 * 0.7).
    true = float(rate * np.exp(0.045 + 0.21))
    events = random.binomial(each, chance)
    rows = np.stack([events, each - events], axis=3)
    sums = np.einsum("dgnc,dgn->dgc", rows, weight)
    counts, cells = rows.sum(axis=2), datasets * CELLS
    if each == 1:
        squares = np.einsum("dgnc,dgn->dgc", rows, weight**2)
        return Design.weighted(counts.ravel(), sums.ravel(), squares.ravel()), (true, true)
    products, shared = np.zeros((2, cells, cells))
    amounts = rows * weight[..., None]
    for place in range(datasets * GROUPS):
        mine = amounts.reshape(-1, size, OUTCOMES)[place]
        here = slice(OUTCOMES * place, OUTCOMES * (place + 1))
        products[here, here], present = mine.T @ mine, (mine > 0).astype(float)
        shared[here, here] = present.T @ present
    return Design.weighted_clusters(sums.ravel(), products, counts.ravel(), shared), (true, true)


def estimands(datasets: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rate of each group and of all in each data set, and the pairs: group 0 against group 1, and against all."""
    numerator = np.zeros((datasets, 3, datasets, GROUPS, OUTCOMES), dtype=bool)
    denominator = np.zeros_like(numerator)
    for dataset in range(datasets):
        for which, groups in enumerate(([0], [1], [0, 1])):
            denominator[dataset, which, dataset, groups, :] = True
            numerator[dataset, which, dataset, groups, 0] = True
    first = 3 * np.arange(datasets)
    pairs = np.concatenate([np.stack([first, first + 1], 1), np.stack([first, first + 2], 1)])
    return numerator.reshape(3 * datasets, -1), denominator.reshape(3 * datasets, -1), pairs


def covered(
    design: Design,
    datasets: int,
    rate_pair: tuple[float, float],
    *,
    interval: str = "auto",
    level: float = 0.95,
    replicates: int = 1_000,
    seed: int = 0,
    everybody: float | None = None,
) -> dict[str, np.ndarray]:
    """For each estimand, whether each data set's interval holds the true value."""
    numerator, denominator, pairs = estimands(datasets)
    common = {"levels": [level], "interval": interval, "replicates": replicates, "seed": seed}
    first, second = rate_pair
    overall = (first + second) / 2 if everybody is None else everybody
    found = rates(design, numerator, denominator, **common)
    inside = _inside(found, np.tile([first, second, overall], datasets)).reshape(datasets, 3)
    result = {"rate": inside[:, 0]}
    for kind, true in (("difference", (first - second, first - overall)), ("ratio", (first / second, first / overall))):
        found = contrasts(design, numerator, denominator, pairs, kind=kind, **common)
        both = _inside(found, np.repeat(true, datasets)).reshape(2, datasets)
        result[kind] = both[0]
        result["difference from all" if kind == "difference" else "ratio to all"] = both[1]
    return result


def _inside(found: object, true: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        held = (found.low[:, 0] <= true + 1e-12) & (true - 1e-12 <= found.high[:, 0])
    return np.where(found.estimable, held, True)


def simulate(
    make: Callable[[np.random.Generator, int], tuple[Design, tuple[float, float]]],
    simulations: int,
    *,
    seed: int = 1,
    stack: int = 40,
    **options: Any,
) -> dict[str, float]:
    """Coverage in per cent of each estimand over simulated data sets."""
    random, kept = np.random.default_rng(seed), []
    for start in range(0, simulations, stack):
        datasets = min(stack, simulations - start)
        design, rate_pair = make(random, datasets)
        kept.append(covered(design, datasets, rate_pair, seed=start, **options))
    return {name: 100 * float(np.mean(np.concatenate([one[name] for one in kept]))) for name in kept[0]}


def simulate_people(
    clusters: int,
    rate_pair: tuple[float, float],
    correlation: float,
    simulations: int,
    *,
    unequal: bool,
    shared: bool = False,
    mean: float = 10,
    as_rows: bool = False,
    **options: Any,
) -> dict[str, float]:
    """Coverage where people have several decisions; as_rows: analysed as if each decision were another person's."""

    def make(random: np.random.Generator, datasets: int) -> tuple[Design, tuple[float, float]]:
        sample = people(random, datasets, clusters, rate_pair, correlation, unequal=unequal, shared=shared, mean=mean)
        design = clustered(sample, shared=shared)
        return (Design.independent(design.counts) if as_rows else design), rate_pair

    return simulate(make, simulations, **options)


def table(title: str, lines: Iterator[tuple[str, dict[str, float]]]) -> None:
    """Print coverage line by line, then its range."""
    print(f"\n{title}\n{'':44}" + "".join(f"{name:>21}" for name in ESTIMANDS))
    found = []
    for text, result in lines:
        found.append([result[name] for name in ESTIMANDS])
        print(f"{text:44}" + "".join(f"{value:21.1f}" for value in found[-1]), flush=True)
    every = np.array(found)
    for text, values in (("lowest", every.min(axis=0)), ("highest", every.max(axis=0))):
        print(f"{text:44}" + "".join(f"{value:21.1f}" for value in values))
    for text, share in (("under 93", every < 93), ("93 to 97", (every >= 93) & (every <= 97)), ("over 97", every > 97)):
        print(f"{'settings ' + text:44}" + "".join(f"{count:21d}" for count in share.sum(axis=0)))


def rows_lines(simulations: int) -> Iterator[tuple[str, dict[str, float]]]:
    for rate, factor, size in itertools.product((0.02, 0.05, 0.1, 0.3, 0.5), (1.0, 1.5), (20, 50, 200, 500, 2000)):
        pair = (rate, rate * factor)
        result = simulate(partial(independent, size=size, rate_pair=pair), simulations)
        yield f"rates {pair[0]:g} and {pair[1]:g}, {size} rows each", result


def people_lines(
    simulations: int,
    shared: bool = False,
    clusters: Sequence[int] = (10, 20, 50, 200),
    correlations: Sequence[float] = (0, 0.05, 0.2, 0.5),
    mean: float = 10,
    **options: Any,
) -> Iterator[tuple[str, dict[str, float]]]:
    settings = itertools.product((0.05, 0.3), (1.0, 1.5), correlations, (False, True), clusters)
    for rate, factor, correlation, unequal, number in settings:
        pair = (rate, rate * factor)
        result = simulate_people(
            number, pair, correlation, simulations, unequal=unequal, shared=shared, mean=mean, **options
        )
        size = f"{'un' if unequal else ''}equal"
        yield f"{pair[0]:g} and {pair[1]:g}, correlation {correlation:g}, {number} {size}", result


def weights_lines(simulations: int) -> Iterator[tuple[str, dict[str, float]]]:
    for each, rate, size in itertools.product((1, 5), (0.05, 0.2), (20, 50, 200, 1000)):
        result = simulate(partial(weighted, size=size, rate=rate, each=each), simulations)
        yield f"rate {rate:g}, {size} units of {each} rows", result


def trap_lines(simulations: int) -> Iterator[tuple[str, dict[str, float]]]:
    for correlation, as_rows in itertools.product((0, 0.05, 0.2, 0.5), (True, False)):
        result = simulate_people(400, (0.3, 0.35), correlation, simulations, unequal=True, as_rows=as_rows, mean=5)
        yield f"correlation {correlation:g}, {'rows' if as_rows else 'people'} as units", result


FORCED = partial(people_lines, interval="bootstrap", replicates=999)
TABLES: dict[str, tuple[str, Callable[[int], Iterator[tuple[str, dict[str, float]]]]]] = {
    "rows": ("Independent rows, auto", rows_lines),
    "people": (
        "People with 10 decisions on average, auto",
        people_lines,
    ),
    "few": ("The same with 3 decisions on average", partial(people_lines, mean=3, clusters=(5, 10, 20, 50, 200))),
    "many": (
        "Many people, 10 decisions on average, auto takes the bootstrap",
        partial(people_lines, clusters=(400, 1000), correlations=(0, 0.2, 0.5)),
    ),
    "shared": ("Everybody has decisions in both groups, auto", partial(people_lines, shared=True)),
    "weights": ("Weights that go with the outcome, auto", weights_lines),
    "bootstrap": (
        "The percentile bootstrap of people, forced",
        partial(people_lines, interval="bootstrap", replicates=999),
    ),
    "trap": ("400 people in each group with 5 decisions on average, auto: rows or people resampled", trap_lines),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "tables", nargs="*", metavar="TABLE", help=f"which of {', '.join(TABLES)}; all when none is named"
    )
    parser.add_argument("--simulations", type=int, default=2000)
    given = parser.parse_args()
    if unknown := set(given.tables) - set(TABLES):
        parser.error(f"no table is called {', '.join(sorted(unknown))}")
    for name in given.tables or TABLES:
        title, lines = TABLES[name]
        table(f"{title} ({given.simulations:,} simulations; coverage in %, nominal 95)", lines(given.simulations))


if __name__ == "__main__":
    main()
