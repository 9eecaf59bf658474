"""A published bootstrap of two samples, drawn again: the very resamples of a publication, and what it printed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np

from answerable.areas.decisions.measures.common.audited import PLAIN, Audit
from answerable.areas.decisions.measures.common.metrics import group_of
from answerable.core.engine import collect
from answerable.errors import NotIdentified, ParameterError
from answerable.statistics.resampling import tail_resolved
from answerable.statistics.two_samples import COMPOSED, implied_shares, redrawn

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.areas.decisions.measures.common.cells import Cells
    from answerable.areas.decisions.measures.common.estimates import Kind, Settings
    from answerable.core.estimate import Estimate
    from answerable.statistics.design import Design, Floats, Integers
    from answerable.statistics.two_samples import Whole

MEANS = (
    "Values are means of the resamples that a publication drew, and ends of intervals their percentiles. It drew rows "
    "of both samples together, so that the size of each varies too. Without published_seed the question gives ours."
)
_MOST_DRAWS = 400_000_000  # some seconds


class Redrawn(Audit):
    """Both samples drawn again as pandas draws the rows of one table, with means for values."""

    def __init__(
        self,
        samples: tuple[Cells, Cells],
        whole: Whole,
        groups: Sequence[Mapping[str, str]],
        settings: Settings,
        rows: Integers,
        published_seed: int,
    ) -> None:
        self._rows, self._published_seed = rows, published_seed
        super().__init__(samples, whole, groups, settings)
        assert self.drawn is not None
        self.seed = published_seed
        self.observed = {name: drawn.mean(axis=0) for name, drawn in self.drawn.items()}

    def values(self, metrics: Sequence[str]) -> list[Estimate]:
        """The means of the metrics, for every group."""
        return [self._composed(name, place) for place in range(len(self.groups)) for name in metrics]

    def comparisons(
        self, metrics: Sequence[str], pairs: Sequence[tuple[int, int]], kinds: Sequence[Kind]
    ) -> list[Estimate]:
        """The mean differences of the metrics between two groups each."""
        return [self._compared(name, pair, kind) for name in metrics for pair in pairs for kind in kinds]

    def _draw(self, selected: Design, chance: Design) -> tuple[Floats, Floats]:
        number = self._settings.replicates
        totals = redrawn(self._rows, number, self._published_seed)
        self.how = (
            f"percentiles of {number:,} resamples of the rows of both samples together, as published (pandas, numpy "
            f"seed {self._published_seed})"
        )
        return totals[:, : len(selected.counts)], totals[:, len(selected.counts) :]

    def _implied(self, selected: Floats, chance: Floats) -> dict[str, Floats]:
        whole = replace(self._whole, flagged=selected.sum(axis=-1, keepdims=True))
        return implied_shares(self._sample(self.selected, selected), self._sample(self.chance, chance), whole)

    def _label(self, name: str) -> str:
        return f"mean over the published resamples of the {(COMPOSED | PLAIN)[name]}"

    def _counts(self, name: str, place: int) -> dict[str, Any]:
        """What one sample tells by itself rests on its own cases."""
        if name not in PLAIN:
            return super()._counts(name, place)
        one, counts = self._plain(name)[place], self._arm(name).counts
        below = int(counts[one.below].sum())
        return {"n": below, "events": int(counts[one.above].sum()), "units": below}

    def _counted(self, name: str, place: int) -> bool:
        return False

    def _limits(self, ordered: Floats, levels: Floats, kind: Any) -> tuple[Floats, Floats]:
        """Percentiles interpolated as pandas does, as far as so many resamples show them."""
        low, high = super()._limits(ordered, levels, kind)
        tails = (1 - levels) / 2
        shown = tails >= tail_resolved(ordered.shape[1])
        low[:, shown] = np.quantile(ordered, tails[shown], axis=1).T
        high[:, shown] = np.quantile(ordered, 1 - tails[shown], axis=1).T
        return low, high


def check_published(
    decisions: ir.Table, seed: int, comparisons: Sequence[str], independent: bool, replicates: int, rows: int
) -> None:
    """Whether a published run can be drawn again of these rows.

    Raises:
        NotIdentified: the rows have lost their order. ParameterError: they are not drawn one by one, a ratio is asked
            for, numpy knows no such seed, or the draws are too many.
    """
    if "row_number" not in decisions.columns:
        raise NotIdentified(
            "A published run can be drawn again only in the order of the file.",
            missing="the number of each row (--numbered).",
        )
    if not independent or {"weight", "count"} & set(decisions.columns):
        raise ParameterError("published_seed draws single rows: say independent, and map no person, weight or count.")
    if "ratio" in comparisons:
        raise ParameterError("published_seed gives means, and these make no ratio: ask for comparisons=difference.")
    if not 0 <= seed < 2**32:
        raise ParameterError(f"published_seed takes a whole number from 0 to {2**32 - 1:,}; not {seed:,}.")
    if rows * replicates > _MOST_DRAWS:
        raise ParameterError(f"{rows:,} rows drawn {replicates:,} times are more than {_MOST_DRAWS:,} draws.")


def in_order(samples: Sequence[Cells], arms: Sequence[ir.Table]) -> Integers:
    """The cell of each row of both samples, in the order of the file; cells of the second follow those of the first."""
    found: list[tuple[int, int]] = []
    before = 0
    for cells, rows in zip(samples, arms, strict=True):
        places = {key: before + place for place, key in enumerate(cells.keys)}
        read = collect(rows.select("row_number", "outcome", *cells.columns))
        groups = zip(*(read[column] for column in cells.columns), strict=True) if cells.columns else repeat(())
        numbered = zip(read["row_number"], read["outcome"], groups, strict=bool(cells.columns))
        found += [(number, places[group_of(group), (None, outcome)]) for number, outcome, group in numbered]
        before += len(places)
    return np.array([place for _, place in sorted(found)])
