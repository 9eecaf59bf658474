"""Reading evidence of decisions: any table with one row per decision, or per number of equal decisions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from answerable.areas.decisions.tables import DECISIONS
from answerable.core.table import Reading, reader
from answerable.tabular.mapping import read_mapped
from answerable.tabular.typed import Bound

if TYPE_CHECKING:
    from answerable.core.engine import Engine

_BOUNDS = {
    "weight": Bound(0, above=True, there=True, mend="Leave such rows out with where=..., or ask what they stand for."),
    "count": Bound(
        0,
        whole=True,
        there=True,
        mend="If 0 or a blank hides a small number, that has to be said, not read as a count.",
    ),
}


@reader(DECISIONS)
def read_decisions(
    engine: Engine,
    path: Path,
    *,
    decided: str | None = None,
    outcome: str | None = None,
    groups: Sequence[str] | None = None,
    person: str | None = None,
    score: str | None = None,
    weight: str | None = None,
    count: str | None = None,
    arm: str | None = None,
    time: str | None = None,
    stratum: str | None = None,
    where: Sequence[str] | None = None,
    missing: Sequence[str] | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    refused_at_most: int = 0,
) -> Reading:
    """Read a file as decisions: one row for each decision about a person.

    Args:
        engine: what the rows are read on.
        path: the file: CSV or other delimited text, a spreadsheet, JSON lines, Parquet.
        decided: when a row counts as decided the way that is asked about: a yes/no column, or column=value,value, or
            column>=number.
        outcome: when what the decision was about turned out so, written in the same way.
        groups: protected attributes: columns as they are, or in two groups (age<25, level=1,2,3).
        person: column that tells people apart; without it every row is taken as another person.
        score: column of the number on which the decision rests.
        weight: column of how many decisions of the population a row stands for.
        count: column of how many equal decisions a row stands for.
        arm: column that says how the case came to be looked at.
        time: column of when the decision was taken.
        stratum: column within whose values cases are comparable.
        where: conditions that rows must meet; the others are left out and counted.
        missing: values that mean "missing", in every column, as "(null),N/A".
        sheet: name of the sheet, where the file is a spreadsheet.
        encoding: of a text file, where it is not UTF-8, as cp1252.
        delimiter: of a text file, where its first rows do not show it.
        refused_at_most: how many rows may be left out, and counted, because they cannot be read.

    Raises:
        EvidenceError: the file cannot be read, or holds a value that does not fit.
        MappingError: a column or value is named that there is not.
    """
    columns = {"decided": decided, "outcome": outcome, "person": person, "score": score, "weight": weight}
    columns |= {"count": count, "arm": arm, "time": time, "stratum": stratum}
    return read_mapped(
        engine,
        path,
        DECISIONS,
        columns=columns,
        repeated=groups,
        where=where,
        missing=missing,
        bounds=_BOUNDS,
        sheet=sheet,
        encoding=encoding,
        delimiter=delimiter,
        refused_at_most=refused_at_most,
    )
