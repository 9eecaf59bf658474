"""Direct standardisation: the rates that two groups would have if their cases were mixed alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from answerable.statistics.stratified import Array, Statistic

if TYPE_CHECKING:
    from answerable.statistics.design import Flags


def _terms(events: Array, sizes: Array, both: Flags) -> Array:
    weight = np.where(both, sizes[2], 0.0)
    rates = events[:2] / np.where(both, sizes[:2], 1.0)
    return np.stack([weight * rates[0], weight * rates[1], weight])


def _combine(sums: Array) -> Array:
    own, reference = sums[0] / sums[2], sums[1] / sums[2]
    return np.stack([own, reference, own - reference, np.log(own) - np.log(reference)])


STANDARDISED = Statistic(_terms, _combine, ("rate", "rate", "difference", "ratio"))
"""Rate of the group, rate of the reference, their difference and ratio, each with the standard's mix of strata.

The standard is what the third row of the strata marks; strata where one of the two groups is absent are left out.

Source: Yule 1934, J. Roy. Statist. Soc. 97; Keiding & Clayton 2014, Statist. Sci. 29."""
