"""An independent bootstrap with plain numpy, and how far limits lie from its percentiles.

Nothing of this project's estimators is used: cells are rows of a list, resamples are numpy's multinomial (rows) or
counts of people drawn with replacement, and rates are sums over masks written out here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

ABOVE = {
    "selection_rate": lambda p, y: p == 1,
    "true_positive_rate": lambda p, y: (p == 1) & (y == 1),
    "false_positive_rate": lambda p, y: (p == 1) & (y == 0),
    "false_negative_rate": lambda p, y: (p == 0) & (y == 1),
    "positive_predictive_value": lambda p, y: (p == 1) & (y == 1),
}
BELOW = {
    "selection_rate": lambda p, y: p >= 0,
    "true_positive_rate": lambda p, y: y == 1,
    "false_positive_rate": lambda p, y: y == 0,
    "false_negative_rate": lambda p, y: y == 1,
    "positive_predictive_value": lambda p, y: p == 1,
}
SIDES = {"2.5 %": ("low", 0.025), "97.5 %": ("high", 0.975)}


class Cells:
    """Counts by race, age, p and y, and resamples of them, shape (replicates, cells)."""

    def __init__(self, counted: Sequence[Sequence[Any]], drawn: np.ndarray | None = None) -> None:
        self.race, self.age = (np.array([row[at] for row in counted], dtype=object) for at in (0, 1))
        self.p, self.y, self.rows = (np.array([row[at] for row in counted]) for at in (2, 3, 4))
        self.drawn = drawn

    def draw(self, replicates: int, seed: int) -> None:
        """Resample rows: what a bootstrap of rows does to counts, exactly."""
        total = int(self.rows.sum())
        self.drawn = np.random.default_rng(seed).multinomial(total, self.rows / total, size=replicates).astype(float)

    def members(self, of: Mapping[str, str]) -> np.ndarray:
        """Marks of a group's cells."""
        marks = np.ones(len(self.rows), dtype=bool)
        for name, value in of.items():
            marks &= {"race": self.race, "age": self.age}[name] == value
        return marks

    def resampled(self, row: Mapping[str, Any]) -> np.ndarray:
        """The resampled values of an estimate: a rate, or the difference or ratio of two."""
        metric, kind = split(row["name"])
        mine = self._rate(metric, row["of"])
        if not kind:
            return mine
        other = self._rate(metric, row["against"])
        return mine - other if kind == "difference" else mine / other

    def _rate(self, metric: str, of: Mapping[str, str]) -> np.ndarray:
        here = self.members(of)
        above, below = (here & kind[metric](self.p, self.y) for kind in (ABOVE, BELOW))
        return self.drawn[:, above].sum(axis=1) / self.drawn[:, below].sum(axis=1)

    def counts(self, row: Mapping[str, Any]) -> tuple[int, int]:
        """Rows below and above the line of a rate."""
        here = self.members(row["of"])
        metric, _ = split(row["name"])
        return tuple(int(self.rows[here & kind[metric](self.p, self.y)].sum()) for kind in (BELOW, ABOVE))


def split(name: str) -> tuple[str, str]:
    """The metric of an estimate and how it is compared: difference, ratio, or not at all."""
    for kind in ("difference", "ratio"):
        if name.endswith(f"_{kind}"):
            return name.removesuffix(f"_{kind}"), kind
    return name, ""


def position(ordered: np.ndarray, limit: float, share: float) -> float:
    """How much of the resampled values lies below a limit; where some are equal to it, as near to `share` as can be."""
    near = 1e-6 * max(abs(limit), 1e-12)  # single precision keeps seven digits
    low, high = np.searchsorted(ordered, [limit - near, limit + near]) / len(ordered)
    return float(np.clip(share, low, high))


def distances(cells: Cells, answers: Sequence[Mapping[str, Any]], replicates: int) -> np.ndarray:
    """For each limit its distance from the percentile it stands for, in Monte Carlo standard errors of both."""
    found = []
    for row in answers:
        if "bootstrap" not in (row["how"] or ""):
            continue
        ordered = np.sort(cells.resampled(row))
        for side, share in SIDES.values():
            error = np.sqrt(share * (1 - share) * (1 / replicates + 1 / len(ordered)))
            found.append((position(ordered, row[side], share) - share) / error)
    return np.array(found)


def summary(found: np.ndarray) -> dict[str, Any]:
    """How many limits were compared, how many lie within three standard errors, and the largest distance."""
    distance = np.abs(found)
    return {
        "limits": len(found), "within": int((distance <= 3).sum()), "largest": float(distance.max()),
        "spread": float(np.sqrt(np.mean(found**2))),
    }  # fmt: skip
