"""Fisher's exact test of two by two tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


def fisher(a: ArrayLike, b: ArrayLike, c: ArrayLike, d: ArrayLike) -> NDArray[np.floating[Any]]:
    """Two-sided p-values that the odds a / b and c / d are the same, given the margins.

    Args:
        a: events of the group, one count or one for each table.
        b: others of the group.
        c: events of the reference, which must not hold the group.
        d: others of the reference.

    Returns:
        One p-value for each table, the sum of the chances of all tables no more likely than the one seen.

    Raises:
        ValueError: counts below 0 or arrays of different lengths.

    Source: Fisher 1935, The Design of Experiments, Edinburgh; Yates 1984, JRSS A 147, on the two-sided form.
    """
    from scipy.stats import fisher_exact

    tables = np.stack(np.broadcast_arrays(*(np.atleast_1d(np.asarray(one)) for one in (a, b, c, d))), axis=-1)
    if np.any(tables < 0):
        raise ValueError("Counts cannot be below 0.")
    return np.array([fisher_exact(table.reshape(2, 2)).pvalue for table in tables])
