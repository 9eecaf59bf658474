"""Checks of the data: what a file cannot bear, looked for in every column and between columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from answerable.areas.decisions.measures.common.answers import RIGHTS
from answerable.areas.decisions.tables import RAW_ROWS
from answerable.core.estimate import Answer, Coverage
from answerable.core.method import method
from answerable.errors import NotIdentified, ParameterError

if TYPE_CHECKING:
    import ibis.expr.types as ir

_LIMITS = (
    "What a file does not record, and records that are missing altogether, cannot be seen in it.",
    "A pattern is not by itself an error: it may be how the data were meant to be.",
)


@method(
    "decisions.data_checks",
    reads=[RAW_ROWS],
    source="Bonferroni 1936 (chance over all places looked at); Pearson 1900, Phil. Mag. 50 (missing values by group)",
    rights=RIGHTS,
)
def data_checks(
    raw_rows: ir.Table, *, fields: Sequence[str] | None = None, chance: float = 0.01, obtained: str | None = None
) -> Answer:
    """What the data of a file cannot bear: outcomes decided by when or where a case was looked at, values in disguise.

    Looks in every column for words and blanks that stand for missing values, counts that were hidden as 0, rounded
    numbers, days that do not exist and columns of one value; between columns for outcomes that are all alike in a
    stretch of time, labels that exist in one arm only, and values that are missing in some groups.

    Args:
        raw_rows: the file, every column as text.
        fields: the columns to look at; all by default.
        chance: how probable it may be that anything is raised as a sign in a file where chance alone is at work; it is
            shared out over everything that is looked at.
        obtained: the day on which the file was obtained (YYYY-MM-DD); later days in it are reported.

    Raises:
        NotIdentified: there is no column to look at.
        ParameterError: chance outside 0 to 0.1; a column that there is not; a day that is none.

    Source: Bonferroni 1936, Pubbl. R. Ist. Sup. Sci. Econ. Comm. Firenze 8 (chance shared out over all places); Pearson
        1900, Phil. Mag. 50 (values missing by group).
    """
    from answerable.areas.decisions.measures.data_checks.columns import check_columns
    from answerable.areas.decisions.measures.data_checks.file import File, day_of
    from answerable.areas.decisions.measures.data_checks.relations import check_relations

    if not 0 < chance <= 0.1:
        raise ParameterError(f"chance takes a probability above 0, at most 0.1; not {chance:g}.")
    known = [name for name in raw_rows.columns if name not in RAW_ROWS.columns]
    wanted = known if fields is None else list(fields)
    if unknown := [name for name in wanted if name not in known]:
        raise ParameterError(f"fields names a column that there is not: {unknown[0]!r}.")
    if not wanted:
        raise NotIdentified("There is no column to look at.", missing="a file with columns of plain values.")
    file = File(raw_rows, sorted(wanted))
    if not file.rows:
        raise NotIdentified("The file holds no rows.", missing="a file with rows.")
    observations = [*check_columns(file, chance, day_of(obtained)), *check_relations(file, chance)]
    return Answer(
        observations=tuple(observations),
        coverage=Coverage(looked_at={"rows": file.rows, "columns": len(wanted), **file.looked_at}),
        limits=_LIMITS,
        looked_for="what the data cannot bear",
        series=tuple(file.series),
    )
