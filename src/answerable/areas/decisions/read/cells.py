"""Reading published tables of counts, of which some are hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from answerable.areas.decisions.tables import CELLS
from answerable.core.table import Reading, reader
from answerable.errors import MappingError
from answerable.tabular.called import with_names
from answerable.tabular.columns import as_number
from answerable.tabular.conditions import parse_condition
from answerable.tabular.mapping import TableWords, read_mapped
from answerable.tabular.typed import Bound

if TYPE_CHECKING:
    from answerable.core.engine import Engine

_BOUNDS = {"count": Bound(0, whole=True, mend="Name what hides a count with hidden=..., as hidden=0 or hidden=*.")}


@reader(CELLS)
def read_cells(
    engine: Engine,
    path: Path,
    *,
    count: str,
    decided: str | None = None,
    outcome: str | None = None,
    hidden: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    controls: Sequence[str] | None = None,
    called: Mapping[str, str] | None = None,
    **words: Unpack[TableWords],
) -> Reading:
    """Read a file as published counts: one row for each cell of a table.

    Args:
        engine: what the rows are read on.
        path: the file: CSV or other delimited text, a spreadsheet, JSON lines, Parquet.
        count: column of the counts.
        decided: when a cell counts those decided the way that is asked about: a yes/no column, or column=value,value
            (Metric=TP,FP/TN,FN).
        outcome: when it counts those with the outcome, written in the same way (Metric=TP,FN/FP,TN).
        hidden: what stands in the column of counts where one is hidden: 0, *, <10; an empty field always does.
        groups: protected attributes: columns as they are, or in two groups.
        controls: columns that name the table a cell belongs to (year, office, model), each table apart.
        called: names that readers understand, for columns of groups and of tables (Feature_Value=sex) and their values
            (Feature_Value:V=women); references are then given by these names.
        words: as for every mapped table.

    Raises:
        EvidenceError: the file cannot be read, or holds a count that is neither a whole number nor hidden.
        MappingError: a column or value is named that there is not.
    """
    if parse_condition(count).sign:
        raise MappingError(f"{count!r}: count takes a column as it is; what hides a count goes to hidden.")
    numbers = [mark for mark in hidden or () if as_number(mark) is not None]
    words["missing"] = [*(words.get("missing") or ()), *(mark for mark in hidden or () if mark not in numbers)]
    reading = read_mapped(
        engine,
        path,
        CELLS,
        columns={
            "decided": decided,
            "outcome": outcome,
            "count": count,
            "hidden": f"{count}={','.join(numbers)}" if numbers else None,
        },
        repeated={"group": groups, "control": controls},
        bounds=_BOUNDS,
        **words,
    )
    rows, account = reading.rows, reading.account
    gone = rows["count"].isnull()
    marked = replace(
        reading,
        rows=rows.mutate(hidden=gone | rows["hidden"].fill_null(True) if numbers else gone),
        account=replace(
            account, values={**account.values, "hidden": dict.fromkeys([*(hidden or ()), "(empty)"], "yes")}
        ),
    )
    return with_names(marked, called)
