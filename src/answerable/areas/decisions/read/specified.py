"""Reading evidence of decisions with every way of counting them: one yes-or-no column for each rule."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from answerable.areas.decisions.read.decisions import BOUNDS
from answerable.areas.decisions.tables import SPECIFIED
from answerable.core.table import Reading, reader
from answerable.tabular.mapping import TableWords, read_mapped

if TYPE_CHECKING:
    from answerable.core.engine import Engine


@reader(SPECIFIED)
def read_specified(
    engine: Engine,
    path: Path,
    *,
    labels: Sequence[str] | None = None,
    decisions: Sequence[str] | None = None,
    exclusions: Sequence[str] | None = None,
    arms: Sequence[str] | None = None,
    groups: Sequence[str] | None = None,
    person: str | None = None,
    weight: str | None = None,
    count: str | None = None,
    **words: Unpack[TableWords],
) -> Reading:
    """Read a file as decisions that can be counted in several ways.

    Args:
        engine: what the rows are read on.
        path: the file: CSV or other delimited text, a spreadsheet, JSON lines, Parquet.
        labels: ways of counting the outcome, each a condition: result=fraud, then result=fraud,error; the first is
            that of the headline.
        decisions: rules or cut-offs for the decision, each a condition: score>=5, then score>=8; the first is that of
            the headline.
        exclusions: conditions on rows that may be left out or kept; the headline keeps them all.
        arms: conditions on the cases that are looked at, one at a time; the first is that of the headline.
        groups: protected attributes: columns as they are, or in two groups (age<25, level=1,2,3).
        person: column that tells people apart; without it, say --independent, or there are no intervals.
        weight: column of how many decisions of the population a row stands for.
        count: column of how many equal decisions a row stands for.
        words: as for every mapped table.

    Raises:
        EvidenceError: the file cannot be read, or holds a value that does not fit.
        MappingError: a column or value is named that there is not.
    """
    return read_mapped(
        engine,
        path,
        SPECIFIED,
        columns={"person": person, "weight": weight, "count": count},
        repeated={"group": groups, "label": labels, "decision": decisions, "exclusion": exclusions, "arm": arms},
        bounds=BOUNDS,
        **words,
    )
