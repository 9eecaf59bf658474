"""Disparity where the group was not recorded: from probabilities of each group, with what they cannot exclude."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from answerable.areas.decisions.measures.common.answers import RIGHTS, check_settings
from answerable.areas.decisions.tables import DECISIONS, PLACES, SURNAMES
from answerable.core.method import method
from answerable.errors import NotIdentified, ParameterError, nearest

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.areas.decisions.measures.imputed_group.probabilities import Imputed
    from answerable.core.estimate import Answer


@method(
    "decisions.imputed_group",
    reads=[DECISIONS, SURNAMES, PLACES],
    source="Chen, Kallus, Mao, Svacha & Udell 2019, FAT*; Kallus, Mao & Zhou 2022, Management Science 68; "
    "Elliott et al. 2009, Health Serv. Outcomes Res. Methodol. 9",
    rights=(*RIGHTS, "us-four-fifths"),
)
def imputed_group(
    decisions: ir.Table,
    surnames: ir.Table | None = None,
    places: ir.Table | None = None,
    *,
    probabilities: Sequence[str] = (),
    surname_probabilities: Sequence[str] = (),
    place_amounts: Sequence[str] = (),
    names: Mapping[str, str] | None = None,
    country: str = "",
    groups: Sequence[str] = (),
    reference: str | None = None,
    comparisons: Sequence[Literal["difference", "ratio"]] = ("difference", "ratio"),
    cutoff: float = 0.0,
    independent: bool = False,
    favourable: bool | None = None,
    level: float = 0.95,
    replicates: int = 10_000,
) -> Answer:
    """How much more or less often groups meet the decision, where the group of each person is known by chances only.

    Three answers side by side. Weighted: every row counts for each group as far as it probably belongs to it. Assigned:
    every row counts for its most probable group, which usually exaggerates gaps. Bounds: all that the gap can be,
    whatever the decision has to do with the group among people of equal probabilities. Only the last assumes nothing
    beyond right probabilities.

    Args:
        decisions: the table of decisions, with the probability of each group, or with family names and places.
        surnames: a table of family names (that of the United States census), where groups are imputed from names.
        places: a table of places in the United States, where both name and place are used.
        probabilities: columns with the probability of each group, which sum to 1 in every row.
        surname_probabilities: in the table of surnames, the columns with the share of each group.
        place_amounts: in the table of places, the columns with the people of each group.
        names: which group a column stands for, as p_black=Black; each column's own name by default.
        country: where the people live, where names are used; only US, for nowhere else do such tables exist.
        groups: the column of the recorded group, where some rows have one: the probabilities are then checked by it.
        reference: the group compared with; the one with most expected members by default.
        comparisons: difference, ratio, or both.
        cutoff: probability from which a row is assigned to its most probable group; 0 assigns all without a tie.
        independent: that each row is a person of its own; without it, and without a person, there are no intervals.
        favourable: whether the decision is good for the person (yes) or bad (no).
        level: confidence level of the intervals.
        replicates: resamples of the bootstrap, for the assigned groups.

    Raises:
        NotIdentified: no decision, no probabilities; names from outside the United States; no row of known group.
        ParameterError: a column, group or reference that there is not; more than one column of recorded groups.

    Source: Chen, Kallus, Mao, Svacha & Udell 2019, Fairness under unawareness, FAT* (weighted estimator, its bias, and
        that of assigning); Kallus, Mao & Zhou 2022, Management Science 68 (sharp bounds); Elliott et al. 2009, Health
        Serv. Outcomes Res. Methodol. 9 (surname and place).
    """
    from answerable.areas.decisions.measures.imputed_group.answering import Asked, answer

    check_settings(level, replicates)
    if "decided" not in decisions.columns:
        raise NotIdentified("Nothing says how it was decided.", missing="the column that does (--decided COLUMN).")
    if independent and "person" in decisions.columns:
        raise ParameterError(
            "Say either which column names the person (person) or that each row is a person of its own (independent)."
        )
    if not 0 <= cutoff < 1:
        raise ParameterError(f"cutoff takes a probability from 0 to below 1, as 0.8; not {cutoff:g}.")
    if len(groups) > 1:
        raise ParameterError(f"groups takes the one column of the recorded group, not {', '.join(groups)}.")
    if groups and groups[0] not in decisions.columns:
        raise ParameterError(f"The table has no group {groups[0]!r}. {nearest(groups[0], decisions.columns)}")
    imputed = _imputed(
        decisions, (surnames, places), (probabilities, surname_probabilities, place_amounts), names or {}, country
    )
    if reference is not None and reference not in imputed.groups:
        raise ParameterError(f"reference: there is no group {reference!r}. {nearest(reference, imputed.groups)}")
    recorded = groups[0] if groups else None
    asked = Asked(recorded, reference, tuple(comparisons), cutoff, independent, favourable, level, replicates)
    return answer(imputed, asked)


def _imputed(
    decisions: ir.Table,
    tables: tuple[ir.Table | None, ir.Table | None],
    columns: tuple[Sequence[str], Sequence[str], Sequence[str]],
    names: Mapping[str, str],
    country: str,
) -> Imputed:
    """The probabilities as they are stated, or from the tables of the census."""
    from answerable.areas.decisions.measures.imputed_group.probabilities import from_census, stated

    (surnames, places), (probabilities, shares, amounts) = tables, columns
    if unknown := set(names) - {*probabilities, *shares, *amounts}:
        known = [*probabilities, *shares, *amounts]
        raise ParameterError(f"names: there is no column {min(unknown)!r}. {nearest(min(unknown), known)}")
    if probabilities and surnames is not None:
        raise ParameterError("Give either probabilities or a table of surnames: one of them would go unused.")
    if probabilities:
        return stated(decisions, probabilities, names)
    if surnames is None:
        raise NotIdentified(
            "Nothing says to which group anybody may belong.",
            missing="columns with the probability of each group (--probabilities p_black,p_white), or, for the United "
            "States, family names with a table of surnames.",
        )
    if country.strip().upper() not in {"US", "USA"}:
        where = f"not {country!r}" if country else "and nobody said where these people live"
        raise NotIdentified(
            f"Tables of names and groups hold for the United States only, {where}: names do not transfer.",
            missing="--country US where that is so; elsewhere probabilities made for that population "
            "(--probabilities).",
        )
    return from_census(decisions, surnames, shares, places, amounts, names)
