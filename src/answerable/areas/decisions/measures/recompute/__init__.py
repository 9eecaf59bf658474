"""Recomputation: every column of a published table that can be derived from the others, and what disagrees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from answerable.areas.decisions.measures.common.answers import RIGHTS
from answerable.areas.decisions.tables import FIGURES, INPUTS
from answerable.core.estimate import Answer, Coverage
from answerable.core.method import method
from answerable.errors import NotIdentified, ParameterError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.areas.decisions.measures.recompute.grid import Grid

_MOST_ENTRIES = 2_000_000
_LIMITS = (
    "Agreement means that the table follows from its own numbers, not that those numbers are right.",
    "Formulas are searched among sums, rates, differences, ratios and usual intervals; others are not recognised.",
)


@method(
    "decisions.recompute",
    reads=[FIGURES, INPUTS],
    source="Brown & Heathers 2017, Soc. Psychol. Personal. Sci. 8 (granularity); Nuijten et al. 2016, Behav. Res. 48",
    rights=RIGHTS,
)
def recompute(figures: ir.Table, inputs: ir.Table | None = None, *, replicates: int | None = None) -> Answer:
    """Disagreements within a published table: every column recomputed from the others, wherever a formula fits.

    Which columns are counts, rates, differences, intervals is told from their names and confirmed by their numbers:
    a formula counts when it reproduces the great majority of a column to the printed precision. The second file may be
    what the table was made of, or another version of it.

    Args:
        figures: the published table, entry by entry.
        inputs: the second table in the same form.
        replicates: how many resamples intervals rest on, where the publication says so outside of the table.

    Raises:
        NotIdentified: the table holds no column of numbers, or is far too large for a published one.
        ParameterError: replicates below 2.

    Source: Brown & Heathers 2017, Soc. Psychol. Personal. Sci. 8 (what printed precision allows); Nuijten et al. 2016,
        Behav. Res. Methods 48 (recomputing published results).
    """
    from answerable.areas.decisions.measures.recompute.columns import check_columns
    from answerable.areas.decisions.measures.recompute.drawn import drawn
    from answerable.areas.decisions.measures.recompute.stars import check_stars
    from answerable.areas.decisions.measures.recompute.uncertainty import check_replicates, check_uncertainty
    from answerable.areas.decisions.measures.recompute.versions import check_versions

    if replicates is not None and replicates < 2:
        raise ParameterError(f"replicates takes a whole number of at least 2; not {replicates}.")
    published, second = _grid(figures, "figures"), None if inputs is None else _grid(inputs, "inputs")
    if published is None or not published.numeric:
        raise NotIdentified("The table holds no column of numbers.", missing="a table with figures.")
    checked = check_columns(published)
    more = [*check_replicates(published), *check_uncertainty(published, replicates, checked)]
    more += check_stars(published, checked)
    if second is not None:
        more += check_versions(published, second, checked)
    looked_at = {"rows": len(published.rows), "columns of numbers": len(published.numeric)}
    looked_at |= {f"{name}: rows recomputed that agree": rows for name, rows in checked.agree.items()}
    looked_at |= checked.counted
    missing = dict(checked.missing)
    if published.twice:
        missing["entries given twice"] = f"{published.twice:,} entries stand in the table twice, with different text"
    cut = [f"In column {name!r} digits are cut off instead of rounded." for name in checked.cut]
    return Answer(
        observations=(*checked.observations, *more),
        coverage=Coverage(looked_at=looked_at, missing=missing, complete=not missing),
        limits=(*_LIMITS, *cut, *checked.said),
        looked_for="figures that do not follow from the others",
        series=tuple(drawn(checked.observations)),
    )


def _grid(table: ir.Table, name: str) -> Grid | None:
    from answerable.areas.decisions.measures.recompute.grid import grid
    from answerable.core.engine import collect

    wanted = table.select("exhibit", "row", "place", "column", "text", "number").distinct()
    found = collect(wanted.limit(_MOST_ENTRIES + 1))
    if len(found["row"]) > _MOST_ENTRIES:
        raise NotIdentified(
            f"The table of {name} has more than {_MOST_ENTRIES:,} entries.",
            missing="the published table, not the data.",
        )
    return grid(found, name)
