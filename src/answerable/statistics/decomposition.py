"""Decomposition of a gap between two rates: the part from a different mix of cases, and the part within like cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from answerable.statistics.stratified import Array, Statistic

if TYPE_CHECKING:
    from answerable.statistics.design import Flags

ValuedBy = Literal["average", "reference", "group", "pooled", "threefold"]


def decomposition(valued_by: ValuedBy) -> Statistic:
    """The gap of the group from the reference and the parts that add up to it.

    Figures: gap, composition, rates within strata, interaction, strata without counterpart; the interaction is 0 but
    for "threefold", the last is 0 where both groups are in every stratum.

    Args:
        valued_by: whose rates within strata value the different mix: the mean of both (Kitagawa), the reference's,
            the group's, those of both together, or the reference's with an interaction apart (threefold).

    Source: Kitagawa 1955, J. Amer. Statist. Assoc. 50; Oaxaca 1973, Int. Econ. Rev. 14; Blinder 1973, J. Hum. Resour.
        8; Neumark 1988, J. Hum. Resour. 23 (pooled); Nopo 2008, Rev. Econ. Statist. 90 (without counterpart); Jann
        2008, Stata J. 8.
    """

    def terms(events: Array, sizes: Array, both: Flags) -> Array:
        (a, c), (n, m) = events[:2], sizes[:2]
        own, reference = a / np.where(both, n, 1.0), c / np.where(both, m, 1.0)
        value = {
            "average": (own + reference) / 2,
            "group": own,
            "pooled": (a + c) / np.where(both, n + m, 1.0),
        }.get(valued_by, reference)
        inside = [np.where(both, one, 0.0) for one in (n, m, a, c, n * value, m * value, m * own)]
        return np.stack([n, m, a, c, *inside])

    def combine(sums: Array) -> Array:
        n, m, a, c, n_in, m_in, a_in, c_in, own_mix, reference_mix, own_rates = sums
        gap, inside = a / n - c / m, a_in / n_in - c_in / m_in
        composition = own_mix / n_in - reference_mix / m_in
        interaction = 0.0 * gap
        if valued_by == "threefold":
            interaction = inside - composition - (own_rates - reference_mix) / m_in
        return np.stack([gap, composition, inside - composition - interaction, interaction, gap - inside])

    return Statistic(terms, combine, ("difference",) * 5)
