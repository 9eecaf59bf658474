"""Reading a table of family names: the shares of groups among the bearers of each name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from answerable.areas.decisions.tables import SURNAMES
from answerable.core.table import Reading, reader
from answerable.tabular.mapping import read_mapped
from answerable.tabular.typed import Bound

if TYPE_CHECKING:
    from answerable.core.engine import Engine


@reader(SURNAMES)
def read_surnames(
    engine: Engine,
    path: Path,
    *,
    listed_surname: str,
    surname_probabilities: Sequence[str],
    missing: Sequence[str] | None = None,
) -> Reading:
    """Read a file as a table of family names, as that of the United States census.

    Args:
        engine: what the rows are read on.
        path: the file.
        listed_surname: in the table of surnames, the column of the name.
        surname_probabilities: in the table of surnames, the columns with the share of each group among those who bear
            the name; they sum to 1, or to 100.
        missing: values that mean "missing", in every column, as "(S)" for a suppressed share.

    Raises:
        EvidenceError: the file cannot be read, or a row does not sum to 1 or 100.
        MappingError: a column is named that there is not.
    """
    return read_mapped(
        engine,
        path,
        SURNAMES,
        columns={"listed_surname": listed_surname},
        repeated={"surname_probability": surname_probabilities},
        missing=missing,
        bounds={"surname_probability": Bound(0, mend="A share is not below 0.")},
        sums={"surname_probability": [1.0, 100.0]},
    )
