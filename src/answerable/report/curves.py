"""Curves: values along an axis, drawn in small multiples, one panel for each group with the others behind it in grey.

Each panel is an SVG as wide as its column. Lines stretch with it, marks and letters do not, so it needs no fixed width
and no font. A specification curve stands above the table of what each specification chose.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from answerable.core.words import group_text, interval_text, number_text
from answerable.report.charts import tick_text
from answerable.report.scale import Scale
from answerable.report.text import visible

if TYPE_CHECKING:
    from answerable.core.estimate import Group, Point, Series

_MOST_BEHIND = 12
_MOST_PANELS = 24


@dataclass(frozen=True, slots=True)
class CurvePanel:
    """One group's curves.

    Args:
        heading: what the group is called.
        picture: the curves.
        rows: of its table: which series, where, value, interval.
        choices: for specifications, a strip for each choice, by what is chosen.
    """

    heading: str
    picture: Markup
    rows: tuple[tuple[str, str, str, str], ...]
    choices: tuple[tuple[str, tuple[tuple[str, Markup], ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class CurveFigure:
    """Panels on common axes; `wide` where each needs the whole width."""

    anchor: str
    heading: str
    unit: str
    axis: str
    ticks: Markup
    panels: tuple[CurvePanel, ...]
    key: tuple[str, ...]
    wide: bool = False
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class _Axes:
    """Where the points of a figure stand, in percent: along by position, up by value."""

    along: dict[float | str, float]
    ticks: tuple[tuple[float, str], ...]
    up: Scale

    def x(self, point: Point) -> float:
        return self.along[point.x]

    def y(self, value: float) -> float:
        return 100 - self.up.at(value, 0.0)


def curve_figures(series: Sequence[Series], anchor: str) -> tuple[CurveFigure, ...]:
    """A figure for all series of one label, axis and unit."""
    figures: dict[tuple[str, ...], list[Series]] = {}
    for one in series:
        figures.setdefault((one.label, one.axis, one.axis_unit, one.unit), []).append(one)
    return tuple(_figure(ones, f"{anchor}-curves-{place}") for place, ones in enumerate(figures.values(), 1))


def _figure(series: Sequence[Series], anchor: str) -> CurveFigure:
    axes = _axes(series)
    panels: dict[tuple[str, str], list[Series]] = {}
    for one in series:
        panels.setdefault((group_text(one.of), _against(one.against)), []).append(one)
    behind = [one for one in series if one.joined][: _MOST_BEHIND if len(panels) > 1 else 0]
    drawn = [
        CurvePanel(f"{of}{against}", _picture(ones, behind, axes), _rows(ones), tuple(_choices(ones[0], axes)))
        for (of, against), ones in list(panels.items())[:_MOST_PANELS]
    ]
    first = series[0]
    return CurveFigure(
        anchor=anchor,
        heading=f"{first.label} along the {first.axis}",
        unit=first.unit,
        axis=first.axis,
        ticks=_ticks(axes),
        panels=tuple(drawn),
        key=tuple(_key(series, len(panels) > 1)),
        wide=len(panels) == 1 or any(panel.choices for panel in drawn),
        left_out=len(panels) - len(drawn),
    )


def _against(group: Group | None) -> str:
    return "" if group is None else f" against {group_text(group)}"


def _key(series: Sequence[Series], several: bool) -> Iterable[str]:
    """What the strokes of a figure mean."""
    first = series[0]
    alike = {one.name: one for one in reversed(series)}
    kinds = [alike[name] for name in dict.fromkeys(one.name for one in series)]
    bands = [one for one in kinds if one.joined and one.name != first.name and _same_line(one, series)]
    lines = [one for one in kinds if one not in bands]
    if len(lines) > 1:
        first_of = [next((one for one in lines if one.joined is joined), None) for joined in (True, False)]
        said = [f"{one.name.replace('_', ' ')} ({_drawn(one, one in first_of)})" for one in lines]
        yield f"Drawn: {', '.join(said)}."
    if bands:
        yield f"Dark band: {100 * first.level:g} % intervals, {first.interval}."
        yield from (f"Light band: {100 * one.level:g} %, {one.interval}." for one in bands)
    elif any(point.low is not None for one in series for point in one.points):
        how = next((one.interval for one in series if one.interval), "")
        yield f"Bands and bars: {100 * first.level:g} % intervals{f': {how}' if how else ''}."
    if several and first.joined:
        yield "In grey: the other groups."
    if first.null is not None:
        yield f"Level line: no difference ({number_text(first.null, first.unit)})."
    for name, places in _marks(series).items():
        yield f"Upright dashed line: {name}{f' ({places.pop()})' if len(places) == 1 else ''}."


def _marks(series: Sequence[Series]) -> dict[str, set[str]]:
    """The marks on the axis and where they stand; in specification curves each group has its own place."""
    found: dict[str, set[str]] = {}
    for one in series:
        for name, at in one.marks.items():
            found.setdefault(name, set()).add(at if isinstance(at, str) else tick_text(at, one.axis_unit))
    return found


def _same_line(one: Series, series: Sequence[Series]) -> bool:
    """Whether a series has the values of another of its group, and only another band around them."""
    values = [(point.x, point.value) for point in one.points]
    return any(
        [(point.x, point.value) for point in other.points] == values
        for other in series
        if other.name != one.name and (other.of, other.against) == (one.of, one.against)
    )


def _drawn(series: Series, solid: bool) -> str:
    if series.joined:
        return "line" if solid else "dashed"
    return "points" if solid else "rings"


def _axes(series: Sequence[Series]) -> _Axes:
    first = series[0]
    places = [point.x for one in series for point in one.points]
    marks = [at for one in series for at in one.marks.values()]
    along, ticks = _along([*places, *marks], first.axis_unit)
    ends = [
        value
        for one in series
        for point in one.points
        for value in (point.value, point.low, point.high)
        if value is not None
    ]
    ends += [one.null for one in series if one.null is not None]
    low, high = min(ends, default=0.0), max(ends, default=1.0)
    if first.unit == "proportion" and low < high:
        low = 0.0 if low < 0.5 * high else low
    if high - low < 1e-9:
        low, high = low - 0.1, high + 0.1
    return _Axes(along, ticks, Scale(low, high, False))


def _along(places: Sequence[float | str], unit: str) -> tuple[dict[float | str, float], tuple[tuple[float, str], ...]]:
    """Where each place stands in percent, and the ticks."""
    if unit == "name" or not places:
        order = {place: number for number, place in enumerate(dict.fromkeys(places))}
        scale = Scale(-0.5, max(len(order) - 0.5, 0.5), False)
        named = [(scale.at(at, 0.0), str(place)) for place, at in order.items()] if len(order) <= 6 else []
        return {place: scale.at(at, 0.0) for place, at in order.items()}, tuple(named)
    numbers = {place: _number(place, unit) for place in places}
    low, high = min(numbers.values()), max(numbers.values())
    scale = Scale(low, high if high > low else low + 1, False)
    ticks = _dates(scale) if unit == "date" else [(tick, tick_text(tick, unit)) for tick in scale.ticks()]
    return (
        {place: scale.at(number, 0.0) for place, number in numbers.items()},
        tuple((scale.at(tick, 0.0), text) for tick, text in ticks),
    )


def _number(place: float | str, unit: str) -> float:
    return float(datetime.date.fromisoformat(str(place)[:10]).toordinal()) if unit == "date" else float(place)


def _dates(scale: Scale) -> list[tuple[float, str]]:
    """First days of years, or of months where there are few, at most six."""
    first, last = (datetime.date.fromordinal(int(end)) for end in (scale.low, scale.high))
    years = [datetime.date(year, 1, 1) for year in range(first.year, last.year + 2)]
    months = [datetime.date(day.year, month, 1) for day in years for month in range(1, 13)]
    forms = {"%Y": years, "%Y-%m": months, "%Y-%m-%d": [first, last]}
    within = {form: [day for day in days if first <= day <= last] for form, days in forms.items()}
    form, inside = next((form, days) for form, days in within.items() if len(days) >= 2)
    every = -(-len(inside) // 6)
    return [(float(day.toordinal()), day.strftime(form)) for day in inside[::every]]


def _picture(series: Sequence[Series], behind: Sequence[Series], axes: _Axes) -> Markup:
    grid = [
        f'<line class="chart-grid" x1="0" x2="100%" y1="{axes.y(tick):.2f}%" y2="{axes.y(tick):.2f}%"/>'
        for tick in axes.up.ticks()
    ]
    texts = [
        f'<text x="0" y="{axes.y(tick):.2f}%" dy="-3">{escape(tick_text(tick, series[0].unit))}</text>'
        for tick in axes.up.ticks()
    ]
    null = series[0].null
    if null is not None:
        grid.append(f'<line class="chart-null" x1="0" x2="100%" y1="{axes.y(null):.2f}%" y2="{axes.y(null):.2f}%"/>')
    grid += [
        f'<line class="chart-threshold" x1="{axes.along[at]:.2f}%" x2="{axes.along[at]:.2f}%" y1="0" y2="100%"/>'
        for at in dict.fromkeys(at for one in series for at in one.marks.values())
    ]
    lines = [_line(one, axes, "plot-behind") for one in behind if one not in series]
    joined = [one for one in series if one.joined]
    lines += [_band(one, axes) for one in joined]
    apart = [one for place, one in enumerate(joined) if place == 0 or not _same_line(one, joined[:place])]
    lines += [_line(one, axes, "plot-line" if place == 0 else "plot-other") for place, one in enumerate(apart)]
    loose = [one for one in series if not one.joined]
    dots = [_dots(one, axes, "plot-dot" if place == 0 else "plot-ring") for place, one in enumerate(loose)]
    stretched = f'<svg viewBox="0 0 100 100" preserveAspectRatio="none">{"".join(lines)}</svg>'
    told = f"<title>{escape(visible(_title(series)))}</title><desc>{escape(visible(_described(series)))}</desc>"
    return Markup(f'<svg class="plot" role="img">{told}{"".join(grid)}{stretched}{"".join(dots)}{"".join(texts)}</svg>')


def _runs(series: Series) -> Iterable[list[Point]]:
    """The points between gaps: nothing is drawn across a point whose value is not known."""
    run: list[Point] = []
    for point in series.points:
        if point.value is not None:
            run.append(point)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _line(series: Series, axes: _Axes, kind: str) -> str:
    drawn = [
        " ".join(f"{axes.x(point):.2f},{axes.y(point.value):.2f}" for point in run if point.value is not None)
        for run in _runs(series)
    ]
    return "".join(f'<polyline class="{kind}" points="{points}"/>' for points in drawn)


def _band(series: Series, axes: _Axes) -> str:
    drawn = []
    for run in _runs(series):
        ends = [
            (axes.x(one), axes.y(one.low), axes.y(one.high))
            for one in run
            if one.low is not None and one.high is not None
        ]
        if len(ends) > 1:
            there = [f"{x:.2f},{low:.2f}" for x, low, _ in ends]
            back = [f"{x:.2f},{high:.2f}" for x, _, high in reversed(ends)]
            drawn.append(f'<polygon class="plot-band" points="{" ".join([*there, *back])}"/>')
    return "".join(drawn)


def _dots(series: Series, axes: _Axes, kind: str) -> str:
    drawn = []
    for point in series.points:
        if point.value is None:
            continue
        x = axes.x(point)
        if point.low is not None and point.high is not None:
            drawn.append(
                f'<line class="plot-bar" x1="{x:.2f}%" x2="{x:.2f}%" y1="{axes.y(point.low):.2f}%" '
                f'y2="{axes.y(point.high):.2f}%"/>'
            )
        drawn.append(f'<circle class="{kind}" cx="{x:.2f}%" cy="{axes.y(point.value):.2f}%" r="3"/>')
    return "".join(drawn)


def _ticks(axes: _Axes) -> Markup:
    texts = "".join(f'<text x="{at:.2f}%" y="13">{escape(text)}</text>' for at, text in axes.ticks)
    return Markup(f'<svg class="axis" aria-hidden="true">{texts}</svg>')


def _choices(series: Series, axes: _Axes) -> Iterable[tuple[str, tuple[tuple[str, Markup], ...]]]:
    """For everything that could be chosen otherwise, a strip for each choice with a stroke where it was made."""
    asked = list(dict.fromkeys(name for point in series.points for name in point.choices))
    for name in asked:
        made = list(dict.fromkeys(point.choices.get(name, "") for point in series.points))
        strips = []
        for choice in made:
            strokes = "".join(
                f'<line class="plot-choice" x1="{axes.x(point):.2f}%" x2="{axes.x(point):.2f}%" y1="15%" y2="85%"/>'
                for point in series.points
                if point.choices.get(name, "") == choice
            )
            strips.append((choice, Markup(f'<svg class="choice" aria-hidden="true">{strokes}</svg>')))
        if len(made) > 1:
            yield name, tuple(strips)


def _title(series: Sequence[Series]) -> str:
    first = series[0]
    return f"{first.label} of {group_text(first.of)}{_against(first.against)} along the {first.axis}"


def _described(series: Sequence[Series]) -> str:
    """The shape in words: from where to where, and how high it goes."""
    words = []
    for one in series:
        known = [(point.x, point.value) for point in one.points if point.value is not None]
        if not known:
            continue
        values = [value for _, value in known]
        ends = f"from {number_text(known[0][1], one.unit)} at {known[0][0]} to {number_text(known[-1][1], one.unit)}"
        span = f"lowest {number_text(min(values), one.unit)}, highest {number_text(max(values), one.unit)}"
        words.append(f"{one.name.replace('_', ' ')}: {ends} at {known[-1][0]}; {span}.")
    return " ".join(words)


def _rows(series: Sequence[Series]) -> tuple[tuple[str, str, str, str], ...]:
    return tuple(
        (one.name.replace("_", " "), _where(one, point), _value(one, point), _interval(one, point))
        for one in series
        for point in one.points
    )


def _where(series: Series, point: Point) -> str:
    if point.choices:
        return "; ".join(f"{name}: {choice}" for name, choice in point.choices.items())
    return point.x if isinstance(point.x, str) else tick_text(point.x, series.axis_unit)


def _value(series: Series, point: Point) -> str:
    return "not told" if point.value is None else number_text(point.value, series.unit)


def _interval(series: Series, point: Point) -> str:
    if point.value is None or (point.low is None and point.high is None):
        return ""
    return interval_text(point.low, point.high, series.unit)
