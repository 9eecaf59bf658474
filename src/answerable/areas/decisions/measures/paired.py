"""Correspondence tests: whether answers to matched pairs differ by group, with templates as clusters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from answerable.areas.decisions.measures.common.answers import RIGHTS, check_settings
from answerable.areas.decisions.tables import PAIRS
from answerable.core.method import method
from answerable.errors import ParameterError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Answer


@method(
    "decisions.paired",
    reads=[PAIRS],
    source="Cameron, Gelbach & Miller 2011, J. Bus. Econ. Stat. 29; Tango 1998, Statist. Med. 17; McNemar 1947; "
    "Heckman & Siegelman 1993; Bertrand & Mullainathan 2004, Am. Econ. Rev. 94",
    rights=RIGHTS,
)
def paired(
    pairs: ir.Table,
    *,
    reference: str | None = None,
    comparisons: Sequence[Literal["difference", "ratio"]] = ("difference", "ratio"),
    independent: bool = False,
    fixed_names: bool = False,
    favourable: bool | None = None,
    level: float = 0.95,
) -> Answer:
    """How much more or less often one group of matched pairs gets the positive answer, or how much more it is given.

    Estimates differences and ratios of proportions, and differences of answered numbers, within pairs that differ only
    in the group; and, from pairs within one group, how often answers differ by chance.

    Args:
        pairs: the table of pairs, one row for each answer.
        reference: the group that the others are compared with; by default that of the probe's plan, or the largest.
        comparisons: difference, ratio, or both.
        independent: that each pair is independent of the others: a vacancy or a text of its own. Without it, and
            without a template, there are no intervals.
        fixed_names: that the result is to hold for the names that were used only, and not for other names of the
            groups; names then do not count as clusters beside the templates.
        favourable: whether a positive answer is good for the person (yes) or bad (no).
        level: confidence level of the intervals.

    Raises:
        NotIdentified: nothing tells pairs apart; there is one group only, or no answer.
        ParameterError: an unknown reference; templates and `independent` together; a level outside 0.5 to 0.9999.

    Source: Cameron, Gelbach & Miller 2011, J. Bus. Econ. Stat. 29 (clusters in two ways); Tango 1998, Statist. Med. 17
        and McNemar 1947, Psychometrika 12 (independent pairs); Heckman & Siegelman 1993, in Fix & Struyk, Clear and
        Convincing Evidence, Washington, and Neumark 2012, J. Hum. Resour. 47 (what such tests cannot show).
    """
    from answerable.areas.decisions.measures.common.correspondence import Compared, answer_of
    from answerable.areas.decisions.measures.common.matched import Matched

    check_settings(level)
    matched = Matched(pairs, reference, names=not fixed_names)
    if independent and "template" in matched.columns:
        raise ParameterError(
            "Say either which column is the template that pairs share, or that each pair is independent of the others "
            "(independent)."
        )
    compared = Compared(matched, independent=independent, favourable=favourable, level=level)
    estimates = []
    if "decided" in matched.columns:
        estimates += compared.rates(comparisons)
    if "score" in matched.columns:
        estimates += compared.scores()
    return answer_of(compared, estimates)
