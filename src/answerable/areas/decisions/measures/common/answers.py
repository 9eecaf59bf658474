"""What the methods on decisions begin and end with: settings checked, cells counted, an answer with its limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from answerable.core.estimate import Answer, Coverage, Estimate
from answerable.errors import ParameterError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.areas.decisions.measures.common.cells import Cells

RIGHTS = (
    "udhr-2", "udhr-7", "iccpr-26", "icescr-2", "cerd-5", "cedaw-2", "crpd-5", "crc-2", "eu-charter-21", "gdpr-22",
    "eu-ai-act-10", "eu-ai-act-26", "eu-ai-act-27",
)  # fmt: skip
LIMITS = (
    "A difference between groups is not by itself discrimination: it does not say why the groups differ.",
    "The numbers hold for the decisions in the exhibit; whom it leaves out, they do not show.",
)
WITH_OUTCOME = (
    "Where the recorded outcome is itself made by people or depends on the decision, rates of error repeat its faults."
)


def check_settings(level: float, replicates: int = 10_000) -> None:
    """Refuse a confidence level or a number of replicates outside of what the estimators bear.

    Raises:
        ParameterError: level outside 0.5 to 0.9999, replicates outside 1,000 to 1,000,000.
    """
    if not 0.5 <= level <= 0.9999:
        raise ParameterError(f"level takes a confidence level from 0.5 to 0.9999, as 0.95; not {level:g}.")
    if not 1000 <= replicates <= 1_000_000:
        raise ParameterError(f"replicates takes a number from 1,000 to 1,000,000; not {replicates:,}.")


def counted(decisions: ir.Table, groups: Sequence[str], bands: Sequence[float] | None, independent: bool) -> Cells:
    """The cells of the groups, and of the bands of the score where any are given."""
    from answerable.areas.decisions.measures.common.cells import count_cells
    from answerable.areas.decisions.measures.common.estimands import BAND, with_bands

    columns = [*groups, BAND] if bands is not None else list(groups)
    return count_cells(with_bands(decisions, bands), columns, independent=independent)


def answer_of(cells: Cells, estimates: Sequence[Estimate], known: Sequence[str]) -> Answer:
    """The answer that estimates of cells make: with what was looked at, what was missing, and its limits."""
    looked_at = {"rows": cells.rows} if cells.people is None else {"rows": cells.rows, "people": cells.people}
    return Answer(
        estimates=tuple(estimates),
        coverage=Coverage(looked_at=looked_at, missing=cells.missing, complete=not cells.missing),
        limits=(*LIMITS, WITH_OUTCOME) if "outcome" in known else LIMITS,
    )
