"""Reading a table of places: how many people of each group live there."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from answerable.areas.decisions.tables import PLACES
from answerable.core.table import Reading, reader
from answerable.tabular.mapping import read_mapped
from answerable.tabular.typed import Bound

if TYPE_CHECKING:
    from answerable.core.engine import Engine


@reader(PLACES)
def read_places(
    engine: Engine,
    path: Path,
    *,
    listed_place: str,
    place_amounts: Sequence[str],
    missing: Sequence[str] | None = None,
) -> Reading:
    """Read a file as a table of places, as that of the United States census by ZIP code area, tract or county.

    Args:
        engine: what the rows are read on.
        path: the file.
        listed_place: in the table of places, the column of the place, written as the decisions write it.
        place_amounts: in the table of places, the columns with how many people of each group live there, or what share
            of all people of the group does; named as in the table of surnames, or by --names. The table must cover the
            whole country, as that of the surnames does.
        missing: values that mean "missing", in every column.

    Raises:
        EvidenceError: the file cannot be read.
        MappingError: a column is named that there is not.
    """
    return read_mapped(
        engine,
        path,
        PLACES,
        columns={"listed_place": listed_place},
        repeated={"place_amount": place_amounts},
        missing=missing,
        bounds={"place_amount": Bound(0, mend="Nobody is counted below 0.")},
    )
