"""Power: how many cases a question needs, before the data are asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from answerable.areas.decisions.measures.common.answers import RIGHTS, check_settings
from answerable.core.method import method
from answerable.errors import ParameterError

if TYPE_CHECKING:
    from answerable.core.estimate import Answer


@method(
    "decisions.power",
    reads=[],
    source="Fleiss, Levin & Paik 2003, Statistical Methods for Rates and Proportions; Connor 1987, Biometrics 43",
    rights=(*RIGHTS, "us-four-fifths"),
)
def power(
    *,
    rate: float,
    other_rate: float | None = None,
    power: float = 0.8,
    cases: int | None = None,
    design: Literal["groups", "pairs", "one rate"] = "groups",
    group_share: float = 0.5,
    counted: float = 1.0,
    other_counted: float | None = None,
    per_person: float = 1.0,
    alike: float = 0.0,
    comparisons: int = 1,
    threshold: Mapping[str, float] | None = None,
    discordant: float | None = None,
    half_width: float | None = None,
    level: float = 0.95,
) -> Answer:
    """How many cases are needed to see a gap of a given size, and what gap a given number of cases can show.

    Calculated from what is assumed, without data: the chance that the interval by which findings are judged lies
    beyond no difference (or beyond the threshold), summed over all counts that can come out.

    Args:
        rate: rate that is expected in the reference group, as 0.10; the only one for one rate.
        other_rate: rate of the other group, if the gap is as large as has to be seen.
        power: chance with which a gap of that size is to be shown.
        cases: how many cases there are, of both groups together (pairs, for pairs); tells what they can show.
        design: two groups; matched pairs, as two applications that differ in the group only; or one rate by itself.
        group_share: share of the other group among the cases.
        counted: share of the reference group's cases that the rate counts. For a false positive rate it is the share
            without the outcome, for a false negative rate the share with it.
        other_counted: the same in the other group; as in the reference by default.
        per_person: how many decisions there are about a person, on average.
        alike: how alike the decisions about one person are: correlation within the person, 0 to 1.
        comparisons: how many comparisons the question will make; each is shown only where it passes the first step of
            Holm's correction.
        threshold: how large the gap must be shown to be, as ratio=1.25 (four fifths) or difference=0.05.
        discordant: for pairs, the share whose two answers differ; as if the answers had nothing to do with each other
            by default.
        half_width: for one rate, half the width that its interval may have, as 0.03.
        level: confidence level of the intervals.

    Raises:
        NotIdentified: the gap lies within the threshold, or is none, so that no number of cases shows it.
        ParameterError: a rate, share or power that is none; neither a gap nor a number of cases.

    Source: Fleiss, Levin & Paik 2003, Statistical Methods for Rates and Proportions, ch. 4; Newcombe 1998,
        Statist. Med. 17 (the intervals); Donner & Klar 2000, Design and Analysis of Cluster Randomization Trials, ch. 5
        (design effect); McNemar 1947, Psychometrika 12, and Connor 1987, Biometrics 43 (pairs).
    """
    from answerable.areas.decisions.measures.common.planning import Plan, answer_of_plan

    check_settings(level)
    plan = Plan(
        rate, other_rate, power, cases, group_share, counted, counted if other_counted is None else other_counted,
        per_person, alike, comparisons, dict(threshold or {}), discordant, half_width, level,
    )  # fmt: skip
    plan.check()
    if design == "groups" and other_rate is None and cases is None:
        raise ParameterError("Say which gap has to be seen (--other-rate), or how many cases there are (--cases).")
    return answer_of_plan(plan, design)
