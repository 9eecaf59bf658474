"""Numeric legal rules, each held to the decisions with the counts and the chance that the rules leave out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from answerable.areas.decisions.measures.common.answers import RIGHTS, check_settings
from answerable.areas.decisions.tables import DECISIONS
from answerable.core.method import method
from answerable.errors import ParameterError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Answer


@method(
    "decisions.rulebook",
    reads=[DECISIONS],
    source="29 CFR 1607.4(D), 1978; 6 RCNY 5-300 to 5-301, 2023; Castaneda v. Partida, 430 U.S. 482, 1977; "
    "Hazelwood School District v. United States, 433 U.S. 299, 1977; Lighthouse Reports 2024",
    rights=(*RIGHTS, "us-four-fifths", "us-title-vii-k", "nyc-ll144", "nyc-aedt-rules"),
)
def rulebook(
    decisions: ir.Table,
    *,
    groups: Sequence[str],
    rules: Sequence[str] = ("four-fifths", "standard-deviations"),
    favourable: bool | None = None,
    expected: Mapping[str, float] | None = None,
    intersections: bool = True,
    keep_small: bool = False,
    independent: bool = False,
    level: float = 0.95,
    replicates: int = 10_000,
) -> Answer:
    """Whether the decisions meet numeric legal rules, and whether chance alone could have made them break one.

    Each rule is dated data: the version that is applied, its source, what it compares and its limit. Beside the rule's
    own outcome stand the interval of the number, the counts, the gap in points, and how often the rule would be broken
    by chance if all groups were treated alike.

    Args:
        decisions: the table of decisions, one row each.
        groups: columns whose values are the groups to compare, as sex,race.
        rules: which rules, by id (four-fifths, standard-deviations, nyc-selection, nyc-scoring, sweden-step-1,
            sweden-step-2), or a file of rules in the same form (my-agency.toml).
        favourable: whether the decision is good for the person (yes) or bad (no); rules of selection look at the good
            one, so for a harmful decision they count those who were spared.
        expected: for standard deviations, the share of each group among those who could have been chosen, as
            Black=0.154; without it each group is held against everybody else.
        intersections: whether combinations of several columns are compared too.
        keep_small: compare also categories that a rule lets be left out for being small.
        independent: that each row is a person of its own; without it, and without a person, there are no intervals.
        level: confidence level of the intervals.
        replicates: resamples of the bootstrap.

    Raises:
        NotIdentified: a rule of selection without `favourable`; a rule of scores without a score; one category only, or
            none that is large enough; a rule of findings without an outcome.
        ParameterError: an unknown rule or group; expected shares that are no shares.

    Source: Uniform Guidelines on Employee Selection Procedures 1978, 29 CFR 1607.4(D), with the Questions and Answers
        of 1979; Rules of the City of New York, title 6, sections 5-300 and 5-301, 2023; Castaneda v. Partida, 430 U.S.
        482, 1977; Hazelwood School District v. United States, 433 U.S. 299, 1977; Lighthouse Reports 2024.
    """
    from answerable.areas.decisions.measures.common.estimates import Settings
    from answerable.areas.decisions.measures.rulebook.applying import Applied, apply_rules
    from answerable.areas.decisions.measures.rulebook.rules import find_rules

    check_settings(level, replicates)
    if not groups:
        raise ParameterError("decisions.rulebook needs groups: the columns whose values are the groups to compare.")
    for group, share in (expected or {}).items():
        if not 0 < share < 1:
            raise ParameterError(f"expected takes shares between 0 and 1, as Black=0.154; not {group}={share:g}.")
    chosen = find_rules(rules)
    settings = Settings(favourable, level, "auto", replicates)
    asked = Applied(tuple(groups), settings, expected or {}, intersections, keep_small, independent)
    return apply_rules(decisions, chosen, asked)
