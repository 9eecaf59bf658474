"""What is drawn of a recomputed table: the figures that disagree, as printed and as they should be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from answerable.core.estimate import Observation, Point, Series

_UNIT = "figure as printed"


def drawn(observations: Iterable[Observation]) -> Iterator[Series]:
    """For each column that disagrees somewhere, its printed and its recomputed figures along the rows concerned."""
    columns: dict[str, dict[int, tuple[float, float]]] = defaultdict(dict)
    for one in observations:
        fields = one.fields
        if not isinstance(fields.get("published"), str):
            continue  # what disagrees are sums, not figures of a column
        rows = fields.get("rows") or {str(one.row): [fields["published"], fields["recomputed"]]}
        for row, (published, recomputed) in rows.items():
            columns[fields["column"]][int(row)] = (_number(published), float(recomputed))
    for column, rows in columns.items():
        for place, name in enumerate(("printed", "recomputed")):
            points = tuple(Point(x=row, value=both[place]) for row, both in sorted(rows.items()))
            yield Series(
                name=name, label=f"column {column}", of={}, unit=_UNIT, axis="row of the table", points=points,
                axis_unit="row", joined=False,
            )  # fmt: skip


def _number(text: str) -> float:
    return float(text.replace(",", "").replace("%", "").strip())
