"""Where some rows have a recorded group: whether the probabilities are right, and what the weighted rate misses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from answerable.areas.decisions.measures.common.estimates import UNSAID
from answerable.areas.decisions.measures.common.metrics import MISSING
from answerable.areas.decisions.measures.imputed_group.sums import total, unit_sums
from answerable.core.curve import critical_value, ladder
from answerable.core.engine import collect
from answerable.core.estimate import Estimate, Point, Series
from answerable.core.words import count_text
from answerable.errors import ParameterError

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.areas.decisions.measures.imputed_group.answering import Asked
    from answerable.areas.decisions.measures.imputed_group.probabilities import Imputed
    from answerable.areas.decisions.measures.imputed_group.sums import UnitSums
    from answerable.statistics.design import Floats

_BANDS = 10


def validate(
    imputed: Imputed, asked: Asked, rows: ir.Table
) -> tuple[list[Estimate], tuple[Series, ...], dict[str, str]]:
    """Per group the recorded share against the expected one, and the recorded rate against the weighted one.

    Raises:
        ParameterError: no recorded group is called as one of the imputed groups.

    Source: Chen et al. 2019, FAT*, sec. 5: what the weighted rate misses is the covariance of decision and group given
        the proxies, which recorded groups show.
    """
    assert asked.recorded is not None
    recorded = rows[asked.recorded]
    known = rows.filter(recorded.isin(list(imputed.groups)))
    groups = range(len(imputed.groups))
    decided = known["decided"].cast("int64")
    is_group = [(known[asked.recorded] == group).cast("int64") for group in imputed.groups]
    chance = [known[name] for name in imputed.columns]
    quantities = {f"a{k}": is_group[k] * decided * 1.0 for k in groups} | {f"b{k}": is_group[k] * 1.0 for k in groups}
    quantities |= {f"c{k}": chance[k] * decided for k in groups} | {f"d{k}": chance[k] * 1.0 for k in groups}
    sums = unit_sums(known, quantities, asked.independent)
    said = recorded.notnull() & (recorded != MISSING)
    others = collect(rows.agg(rows=rows.count(where=said & ~recorded.isin(list(imputed.groups)))))
    if not sums.rows:
        values = collect(rows.select(value=recorded).distinct().order_by("value").limit(12))["value"]
        raise ParameterError(
            f"groups: {asked.recorded} has no value {' or '.join(imputed.groups)}; it has "
            f"{', '.join(map(str, values))}. Say with --names which group a column of probabilities stands for."
        )
    made = [one for k in groups for one in (_share(imputed, asked, sums, k), _missed(imputed, asked, sums, k))]
    series = tuple(_calibration(imputed, asked, known, place) for place in groups)
    gaps = {}
    if left := int(others["rows"][0] or 0):
        gaps[f"other values of {asked.recorded}"] = (
            f"{count_text(left, 'row')} with a recorded group that has no probability; the check leaves them out"
        )
    return made, series, gaps


def _share(imputed: Imputed, asked: Asked, sums: UnitSums, place: int) -> Estimate:
    """Recorded minus expected share of a group."""
    count = len(imputed.groups)
    whole = float(sums.sums[count : 2 * count].sum())
    gradient = np.zeros(4 * count)
    share = (sums.sums[count + place] - sums.sums[3 * count + place]) / whole
    gradient[count + place] += 1 / whole
    gradient[3 * count + place] -= 1 / whole
    gradient[count : 2 * count] -= share / whole
    return _effect(
        imputed,
        asked,
        (sums, place),
        float(share),
        gradient,
        ("recorded_minus_expected_share", "excess of the recorded over the expected share, where a group is recorded,"),
    )


def _missed(imputed: Imputed, asked: Asked, sums: UnitSums, place: int) -> Estimate:
    """Recorded minus weighted rate of a group: what the weighted estimate misses."""
    count = len(imputed.groups)
    a, b, c, d = (float(sums.sums[k * count + place]) for k in range(4))
    gradient = np.zeros(4 * count)
    value = None
    if b > 0 and d > 0:
        value = a / b - c / d
        gradient[place], gradient[count + place] = 1 / b, -a / b**2
        gradient[2 * count + place], gradient[3 * count + place] = -1 / d, c / d**2
    return _effect(
        imputed,
        asked,
        (sums, place),
        value,
        gradient,
        (
            "recorded_minus_weighted_selection_rate",
            "excess of the recorded over the weighted selection rate, where a group is recorded,",
        ),
    )


def _effect(
    imputed: Imputed,
    asked: Asked,
    at: tuple[UnitSums, int],
    value: float | None,
    gradient: Floats,
    words: tuple[str, str],
) -> Estimate:
    sums, place = at
    count = len(imputed.groups)
    units = sums.units
    error = float(np.sqrt(max(float(gradient @ sums.products @ gradient), 0.0) * units / max(units - 1, 1)))
    curve: tuple[tuple[float, float | None, float | None], ...] = ()
    if value is not None and error > 0:
        reach = [(float(rung), error * critical_value(rung)) for rung in ladder(asked.level)]
        curve = tuple((rung, max(value - half, -1.0), min(value + half, 1.0)) for rung, half in reach)
    reason = "" if curve else (UNSAID if not units else "Too few rows have a recorded group to tell how sure this is.")
    members, events = sums.sums[count + place], sums.sums[place]
    scale = sums.rows / max(float(sums.sums[count : 2 * count].sum()), 1e-300)
    return Estimate(
        name=words[0],
        label=words[1],
        of={asked.column: imputed.groups[place]},
        unit="difference of proportions",
        n=round(float(members) * scale),
        events=round(float(events) * scale),
        value=value,
        null=0.0,
        level=asked.level,
        interval="linearised, normal" if curve else "",
        curve=curve,
        reason=reason,
    )


def _calibration(imputed: Imputed, asked: Asked, known: ir.Table, place: int) -> Series:
    """Recorded share of a group in bands of its probability."""
    import ibis

    column = imputed.columns[place]
    banded = known.mutate(band=ibis.least((known[column] * _BANDS).floor().cast("int64"), _BANDS - 1))
    chance, is_group = banded[column], (banded[asked.column] == imputed.groups[place]).cast("int64")
    counted: dict[str, Any] = {"mass": total(banded, chance * 0 + 1.0), "chance": total(banded, chance)}
    counted |= {"recorded": total(banded, is_group * 1.0), "n": banded.count(), "events": is_group.sum()}
    found = collect(banded.group_by("band").agg(**counted).order_by("band"))
    points = tuple(
        Point(
            x=found["chance"][k] / found["mass"][k],
            value=found["recorded"][k] / found["mass"][k],
            n=int(found["n"][k]),
            events=int(found["events"][k]),
        )
        for k in range(len(found["band"]))
        if found["mass"][k]
    )
    return Series(
        name="calibration_of_probabilities",
        label="recorded share among people of about equal probability",
        of={asked.column: imputed.groups[place]},
        unit="proportion",
        axis=f"probability of {imputed.groups[place]}",
        axis_unit="proportion",
        points=points,
        level=asked.level,
    )
