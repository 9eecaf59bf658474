"""Before and after: what changed in the decisions when the procedure changed, when automation came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from answerable.areas.decisions.measures.common.answers import RIGHTS, check_settings
from answerable.areas.decisions.tables import DECISIONS
from answerable.core.method import method
from answerable.errors import ParameterError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.estimate import Answer


@method(
    "decisions.before_after",
    reads=[DECISIONS],
    source="Wagner et al. 2002, J. Clin. Pharm. Ther. 27; Callaway & Sant'Anna 2021, J. Econometrics 225",
    rights=RIGHTS,
)
def before_after(
    decisions: ir.Table,
    *,
    changed: Mapping[str, str] | str | None = None,
    period: Literal["day", "week", "month", "quarter", "year"] = "month",
    design: Literal["auto", "series", "places"] = "auto",
    metric: str = "selection_rate",
    groups: Sequence[str] = (),
    reference: Mapping[str, str] | None = None,
    comparison: Mapping[str, str] | None = None,
    compared: Literal["not yet", "never"] = "not yet",
    bases: int = 1,
    anticipation: int = 0,
    seasons: int = 0,
    weigh: Literal["places", "decisions"] = "places",
    dealings: int = 499,
    favourable: bool | None = None,
    level: float = 0.95,
) -> Answer:
    """What changed in a rate when the procedure changed: at once and in its trend, or place by place.

    One date for all: an interrupted time series, the line before the change carried on and compared with what came,
    less a comparison series where there is one. Dates by place: difference in differences, each place against those
    that have not changed yet. Differences of proportions, in points.

    Args:
        decisions: the table of decisions, with their time; for dates by place also with the place (stratum).
        changed: when the procedure changed: a date for all (2022-03-01, or 2022-03), or a date for each place that
            changed (Nis=2022-03, Novi Sad=2022-06; other places have not). Without it the column since tells.
        period: how long the periods are whose rates are compared.
        design: series is one series before and after, places is difference in differences; auto takes places where
            at least 3 places changed and 3 can be compared with.
        metric: which rate (selection_rate, base_rate, false_positive_rate, ... or FPR, ...).
        groups: columns whose values are groups: the change in each, and whether the gap between them widened.
        reference: the group that the gap is told against (race=White); the largest of each column by default.
        comparison: groups whose decisions the change did not reach (benefit=Housing); their series is subtracted. They
            must be among groups.
        compared: whether places are compared with all that have not changed yet, or only with those that never do.
        bases: for places, how many of the last periods before the change are averaged to compare with; more make
            intervals narrower, and rest on places having moved alike for that long.
        anticipation: periods before the change that are left out because it was announced or began in part.
        seasons: pairs of yearly waves that the rates may follow (1 or 2; two years of data are needed).
        weigh: whether each place counts the same, or by its decisions.
        dealings: how often the dates are dealt to the places at random, to see how rare the effect is then.
        favourable: whether the decision is good for the person (yes) or bad (no).
        level: confidence level of the intervals.

    Raises:
        NotIdentified: no times; fewer than 8 periods before or after the change; dates by place with fewer than 3
            places that changed or 3 to compare with; all places changed at once and no design can tell.
        ParameterError: no date, or one that is none; an unknown place, group or metric; a level outside 0.5 to 0.9999.

    Source: Wagner, Soumerai, Zhang & Ross-Degnan 2002, J. Clin. Pharm. Ther. 27 (segmented regression); Lopez Bernal,
        Cummins & Gasparrini 2018, Int. J. Epidemiol. 47 (comparison series); Callaway & Sant'Anna 2021,
        J. Econometrics 225 (places); MacKinnon, Nielsen & Webb 2023, J. Appl. Econometrics 38 (errors by place).
    """
    from answerable.areas.decisions.measures.before_after.periods import Settings, read_periods
    from answerable.areas.decisions.measures.before_after.places import by_places
    from answerable.areas.decisions.measures.before_after.series import as_series
    from answerable.areas.decisions.measures.before_after.start import begun

    check_settings(level)
    limits = (("anticipation", anticipation, 0, 60), ("seasons", seasons, 0, 3), ("bases", bases, 1, 120))
    for name, number, least, most in limits:
        if not least <= number <= most:
            raise ParameterError(f"{name} takes a whole number from {least} to {most}; not {number}.")
    if not 99 <= dealings <= 100_000:
        raise ParameterError(f"dealings takes a number from 99 to 100,000; not {dealings:,}.")
    roll_out = begun(decisions, changed, design)
    read = read_periods(decisions, period, metric, groups, by_place=roll_out.by_place)
    settings = Settings(
        period, dict(reference or {}), dict(comparison or {}), compared == "never", bases, anticipation, seasons,
        weigh == "decisions", dealings, favourable, level,
    )  # fmt: skip
    return by_places(read, roll_out, settings) if roll_out.by_panel else as_series(read, roll_out, settings)
