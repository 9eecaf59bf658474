"""Threshold test: whether one group is searched on less suspicion than another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from answerable.areas.decisions.measures.common.answers import RIGHTS, check_settings
from answerable.areas.decisions.tables import DECISIONS
from answerable.core.method import method
from answerable.errors import ParameterError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Answer


@method(
    "decisions.threshold_test",
    reads=[DECISIONS],
    source="Simoiu, Corbett-Davies & Goel 2017, Ann. Appl. Stat. 11; Pierson, Corbett-Davies & Goel 2018, AISTATS 21",
    rights=RIGHTS,
)
def threshold_test(
    decisions: ir.Table,
    *,
    groups: Sequence[str],
    reference: Literal["largest"] | Mapping[str, str] = "largest",
    independent: bool = False,
    simulated_sets: int = 12,
    chains: int = 8,
    warmup: int = 400,
    draws: int = 500,
    largest_r_hat: float = 1.01,
    least_effective: float = 400.0,
    most_divergences: int = 0,
    least_predictive: float = 0.005,
    level: float = 0.95,
) -> Answer:
    """Whether one group is searched on less suspicion than another: at a lower chance of finding something.

    Estimates, for each group, the bar: the chance of a hit above which people are searched, as a mean over places, and
    its difference to that of a reference group. It needs the place of each stop (stratum) and takes about a minute or
    two. Intervals are those of a posterior distribution.

    Args:
        decisions: the table of stops, one row each: whether there was a search, and what it found.
        groups: columns whose values, taken together, are the groups to compare.
        reference: the group compared with: chosen (race=White), or the largest.
        independent: that each row is a person of its own; without it, and without a person, there are no intervals.
        simulated_sets: data sets to simulate on the same stops from known bars and to fit again, to see whether the
            order of the bars, and their levels, come back right; 0 leaves the check out.
        chains: chains of the sampler.
        warmup: draws of each chain to learn from, not kept.
        draws: draws of each chain that are kept.
        largest_r_hat: how much chains may differ (R-hat) in any reported number.
        least_effective: how many independent draws any reported number must be worth.
        most_divergences: how many draws may go astray.
        least_predictive: how often data drawn from the fitted model must stray from it as far as the stops do.
        level: level of the intervals.

    Raises:
        NotIdentified: no decision, outcome or stratum is mapped; fewer than 2 groups or strata; fewer than 20 hits or
            20 searches in vain; the chains do not agree; the model does not fit; the order did not come back right in
            simulated data.
        ParameterError: an unknown group or reference; a setting out of its range.
        AnswerableError: NumPyro is not installed.

    Source: Simoiu, Corbett-Davies & Goel 2017, Ann. Appl. Stat. 11; Pierson, Corbett-Davies & Goel 2018, AISTATS 21;
        the check on one's own design: docs/decisions/2026-11-22-threshold-test.md.
    """
    from answerable.areas.decisions.measures.threshold_test.answers import answer_of
    from answerable.areas.decisions.measures.threshold_test.fitting import Sampling, fitted
    from answerable.areas.decisions.measures.threshold_test.stops import read_stops
    from answerable.statistics.sampling import need_numpyro

    check_settings(level)
    if not groups:
        raise ParameterError("decisions.threshold_test needs groups: the columns whose values are the groups.")
    ranges = {"chains": (chains, 2, 64), "warmup": (warmup, 50, 10_000), "draws": (draws, 50, 100_000)}
    ranges["simulated_sets"] = (simulated_sets, 0, 1000)
    for name, (value, low, high) in ranges.items():
        if not low <= value <= high:
            raise ParameterError(f"{name} takes a whole number from {low:,} to {high:,}, not {value:,}.")
    need_numpyro()
    stops = read_stops(decisions, groups, reference, independent)
    sampling = Sampling(chains, warmup, draws, largest_r_hat, least_effective, most_divergences, least_predictive)
    return answer_of(stops, fitted(stops, sampling, simulated_sets, level), level)
