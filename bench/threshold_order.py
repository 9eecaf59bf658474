"""The threshold test on simulated stops: whether the order of the bars comes back right, and whether their levels do.

Run by hand: python bench/threshold_order.py [--sets N] [--rival M]. Three groups are stopped in 40 places, 5 to some
hundred times in each (lognormal, median 74); two groups meet a bar of 0.35 and one of 0.18, and their risks differ. In
N sets bars are alike over places as chances of a hit, as the fitted model has it; in M as signals, as its rival has it.
Order: the group of the lower bar comes out lowest. A claim: a 95 % interval that leaves 0 out.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from scipy.special import logit

from answerable.areas.decisions.measures.threshold_test.model import bars_and_chances, cell_chances, sampler
from answerable.areas.decisions.measures.threshold_test.simulations import mean_bars

GROUPS, PLACES, BARS, LOWEST = 3, 40, (0.35, 0.18, 0.35), 1
RISKS, SIGNALS = np.array([-1.2, -1.5, -1.0]), np.array([0.4, 0.5, 0.6])
WARMUP, DRAWS, CHAINS = 300, 300, 1


def simulated(seed: int, alike: str) -> tuple[tuple[np.ndarray, ...], np.ndarray, np.ndarray]:
    """Stops from known bars: counts, mean bars, shares of the places."""
    import jax

    random = np.random.default_rng([20_261_122, seed])
    stops = np.maximum(5, random.lognormal(4.3, 1.0, (GROUPS, PLACES)).astype(int))
    phi = RISKS[:, None] + 0.5 * random.normal(size=PLACES)
    delta = np.exp(SIGNALS[:, None] + 0.15 * random.normal(size=PLACES))
    wanted, noise = logit(BARS)[:, None], 0.3 * random.normal(size=(GROUPS, PLACES))
    bars = wanted + noise
    if alike == "signal":
        distance = np.exp(SIGNALS)[:, None]
        bars = phi + delta * ((wanted - RISKS[:, None]) / distance + distance / 2 + noise) - delta**2 / 2
    with jax.enable_x64(True):
        chances = np.exp(np.stack([np.asarray(part) for part in cell_chances(phi, delta, bars)], axis=-1))
    counts = random.multinomial(stops, chances / chances.sum(axis=-1, keepdims=True)).astype(float)
    shares = stops.sum(axis=0) / stops.sum()
    return tuple(np.moveaxis(counts, -1, 0)), mean_bars(bars, shares), shares


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=int, default=100, help="simulated data sets of the fitted model")
    parser.add_argument("--rival", type=int, default=100, help="simulated data sets of its rival")
    options = parser.parse_args()
    model = sampler("chance", (GROUPS, PLACES), WARMUP, DRAWS, 0.95)
    began = time.process_time()
    heads = ("sets", 5), ("order right", 12), ("wrong claims", 13), ("differences held", 17), ("levels held", 12)
    print(f"{'bars alike as':14}", *(f"{head:>{width}}" for head, width in heads))
    for alike, sets in {"chance": options.sets, "signal": options.rival}.items():
        right = wrong = sizes = levels = number = 0
        made = [simulated(seed, alike) for seed in range(sets)]
        for (_, truth, shares), draws in zip(
            made, model.fit([one[0] for one in made], chains=CHAINS, seed=1), strict=True
        ):
            means = mean_bars(bars_and_chances(draws.parameters, "chance")[0], shares).reshape(-1, GROUPS)
            low, high = np.quantile(means, [0.025, 0.975], axis=0)
            levels += np.count_nonzero((low <= truth) & (truth <= high))
            right += int(np.argmin(means.mean(axis=0)) == LOWEST)
            others = [place for place in range(GROUPS) if place != LOWEST]
            low, high = np.quantile(means[:, others] - means[:, [LOWEST]], [0.025, 0.975], axis=0)
            known = truth[others] - truth[LOWEST]
            sizes += np.count_nonzero((low <= known) & (known <= high))
            wrong += np.count_nonzero(high < 0)
            number += 1
        held = f"{sizes} of {2 * number}", f"{levels} of {GROUPS * number}"
        print(f"{alike:14} {number:5} {right:12} {wrong:13} {held[0]:>17} {held[1]:>12}", flush=True)
    print(f"{time.process_time() - began:.0f} processor seconds.")


if __name__ == "__main__":
    main()
