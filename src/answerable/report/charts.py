"""Interval charts: one row for each estimate, on a common axis.

For the page each row is a strip of SVG as wide as its column, placed in percent, so that it needs no fixed width,
measures no text and embeds no font (why Vega does not draw the page: docs/decisions). `interval_chart` gives the same
chart as an Altair chart, to show, change and save.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from answerable.core.finding import VERDICTS, Finding, Question, around, kind_of
from answerable.core.words import number_text
from answerable.report.entries import Entry, entry
from answerable.report.scale import Scale, scale_for
from answerable.report.text import visible

if TYPE_CHECKING:
    import altair as alt

_INK = "#174a7e"
_FORMATS = {"proportion": ".3~%", "difference of proportions": "+.3~%"}
_SMALLEST_MARK, _LARGEST_MARK = 0.7, 1.5


@dataclass(frozen=True, slots=True)
class Lines:
    """The reference lines of a chart.

    Args:
        null: the value that means no difference; None where nothing is compared.
        threshold: the declared sizes below and above which an effect counts.
        margin: the ends of the band of differences that do not matter.
    """

    null: float | None = None
    threshold: tuple[float, float] | None = None
    margin: tuple[float, float] | None = None

    @property
    def values(self) -> tuple[float, ...]:
        """All of them."""
        null = () if self.null is None else (self.null,)
        return (*null, *(self.threshold or ()), *(self.margin or ()))


@dataclass(frozen=True, slots=True)
class Row:
    """One estimate of a chart, with its strip."""

    entry: Entry
    strip: Markup


@dataclass(frozen=True, slots=True)
class Chart:
    """Rows on a common axis; the lines that all rows share are drawn once and used by each."""

    rows: tuple[Row, ...]
    lines: Lines
    axis: Markup
    unit: str


def lines_for(question: Question, entries: Sequence[Entry]) -> Lines:
    """The reference lines of estimates of one name: null value, declared threshold, declared margin."""
    null = next((one.null for one in entries if one.null is not None), None)
    if null is None:
        return Lines()
    unit = entries[0].unit
    threshold, margin = (
        around(null, sizes.get(kind_of(unit)), unit) for sizes in (question.threshold, question.margin)
    )
    return Lines(null, threshold, margin)


def draw(entries: Sequence[Entry], lines: Lines, name: str) -> Chart:
    """The chart of estimates of one name.

    Args:
        entries: estimates with the same unit.
        lines: reference lines.
        name: an identifier of the chart, unique within the page.
    """
    scale = scale_for(entries, lines.values)
    largest = max((one.n for one in entries if one.n), default=1)
    rows = tuple(Row(one, _strip(one, scale, largest, name)) for one in entries)
    return Chart(rows, lines, _axis(scale, lines, entries[0].unit, name), entries[0].unit)


def _axis(scale: Scale, lines: Lines, unit: str, name: str) -> Markup:
    """The axis with its tick labels, and the definition of the lines behind every strip."""
    drawn = []
    if lines.margin is not None:
        start, end = (scale.at(value, 0.0) for value in lines.margin)
        drawn.append(f'<rect class="chart-band" x="{start:.2f}%" width="{end - start:.2f}%" height="100%"/>')
    ticks = scale.ticks()
    drawn += [_vertical("grid", scale.at(tick, 0.0)) for tick in ticks]
    if lines.null is not None:
        drawn.append(_vertical("null", scale.at(lines.null, 0.0)))
    for value in lines.threshold or ():
        drawn.append(_vertical("threshold", scale.at(value, 0.0)))
    texts = "".join(
        f'<text x="{scale.at(tick, 0.0):.2f}%" y="13">{escape(tick_text(tick, unit))}</text>' for tick in ticks
    )
    return Markup(
        f'<svg class="axis" aria-hidden="true"><defs><g id="{escape(name)}">{"".join(drawn)}</g></defs>{texts}</svg>'
    )


def _vertical(kind: str, at: float) -> str:
    return f'<line class="chart-{kind}" x1="{at:.2f}%" x2="{at:.2f}%" y1="0" y2="100%"/>'


def tick_text(tick: float, unit: str) -> str:
    """A tick's number, as short as it can be said."""
    if unit == "proportion":
        return f"{100 * tick:.6g} %"
    if unit == "difference of proportions":
        return f"{100 * tick:+.6g}" if tick else "0"
    return f"{tick:,.6g}"


def _strip(one: Entry, scale: Scale, largest: int, name: str) -> Markup:
    """One row of the chart: the lines behind, the interval, the estimate."""
    inside = f'<use href="#{escape(name)}"/>'
    if one.value is not None:
        if one.adjusted_level is not None:
            inside += _interval("adjusted", one.adjusted_low, one.adjusted_high, scale)
        if one.has_interval:
            inside += _interval("interval", one.low, one.high, scale) + _arrows(one, scale)
        size = _SMALLEST_MARK + (_LARGEST_MARK - _SMALLEST_MARK) * math.sqrt((one.n or 0) / largest)
        mark = f'<use href="#mark-{verdict_class(one.verdict)}" transform="scale({size:.2f})"/>'
        inside += f'<svg class="mark" x="{scale.at(one.value, 0.0):.2f}%" y="50%" overflow="visible">{mark}</svg>'
    told = f"<title>{escape(visible(title(one)))}</title><desc>{escape(visible(describe(one)))}</desc>"
    return Markup(f'<svg class="strip" role="img">{told}{inside}</svg>')


def _interval(kind: str, low: float | None, high: float | None, scale: Scale) -> str:
    start, end = scale.at(low, 0.0), scale.at(high, 100.0)
    return f'<line class="chart-{kind}" x1="{start:.2f}%" x2="{end:.2f}%" y1="50%" y2="50%"/>'


def _arrows(one: Entry, scale: Scale) -> str:
    """Arrow heads where the interval goes on beyond the axis."""
    arrow = '<svg x="{}" y="50%" overflow="visible"><path class="chart-arrow" d="{}"/></svg>'
    left = "" if scale.holds(one.low) else arrow.format("0", "M8-5 1 0 8 5")
    return left + ("" if scale.holds(one.high) else arrow.format("100%", "M-8-5-1 0-8 5"))


def verdict_class(verdict: str) -> str:
    """The verdict as a name for a style: "not-shown"."""
    return verdict.replace(" ", "-")


def title(one: Entry) -> str:
    """Who is drawn: "race Black against race White"."""
    return f"{one.group} against {one.reference}" if one.reference else one.group


def describe(one: Entry) -> str:
    """What is drawn, in words with its numbers."""
    if one.value is None:
        why = one.withheld or one.reason
        return f"{one.value_text}: {why.rstrip('.')}. Verdict: {one.verdict}."
    words = f"{one.label}, {one.unit}: {one.value_text}"
    if one.has_interval:
        words += f", {100 * (one.level or 0):g} % interval {one.interval_text}"
    if one.null is not None:
        words += f"; no difference is {number_text(one.null, one.unit)}"
    return f"{words}; n = {one.n:,}. Verdict: {one.verdict}."


def interval_chart(findings: Sequence[Finding]) -> alt.LayerChart | alt.VConcatChart:
    """The intervals of findings as an Altair chart, to show in a notebook, change or save.

    Args:
        findings: judged estimates; those without a value are not drawn. Each number has a chart of its own, one below
            another.

    Raises:
        ValueError: none of the findings has a value.
    """
    import altair as alt

    charts: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        if finding.estimate is not None and finding.estimate.value is not None:
            charts.setdefault((finding.estimate.name, finding.estimate.unit), []).append(finding)
    if not charts:
        raise ValueError("None of the findings has a value that could be drawn.")
    drawn = [_altair(of_name) for of_name in charts.values()]
    return drawn[0] if len(drawn) == 1 else alt.vconcat(*drawn)


def _altair(findings: Sequence[Finding]) -> alt.LayerChart:
    import altair as alt

    entries = [entry(finding) for finding in findings]
    lines = lines_for(findings[0].question, entries)
    scale = scale_for(entries, lines.values)
    axis = alt.Scale(type="log" if scale.logarithmic else "linear", domain=[scale.low, scale.high], nice=False)
    ticks = alt.Axis(values=scale.ticks(), format=_FORMATS.get(entries[0].unit, "~g"))
    heading = f"{entries[0].name.replace('_', ' ')} ({entries[0].unit})"

    def rows(values: Sequence[Mapping[str, Any]], x: str) -> alt.Chart:
        at = alt.X(f"{x}:Q", scale=axis, axis=ticks, title=heading)
        return alt.Chart(alt.InlineData(values=list(values))).encode(x=at)

    layers = []
    if lines.margin is not None:
        ends = dict(zip(("low", "high"), lines.margin, strict=True))
        layers.append(rows([ends], "low").encode(x2="high:Q").mark_rect(opacity=0.15, clip=True))
    if lines.null is not None:
        layers.append(rows([{"at": lines.null}], "at").mark_rule())
    if lines.threshold is not None:
        layers.append(rows([{"at": value} for value in lines.threshold], "at").mark_rule(strokeDash=[4, 3], clip=True))
    drawn, y = (
        [_datum(one, scale) for one in entries],
        alt.Y("who:N", sort=None, title=None, axis=alt.Axis(labelLimit=400)),
    )
    signs = alt.Scale(domain=list(VERDICTS), range=["circle", "square", "diamond", "cross"])
    size = alt.Size("n:Q", legend=None, scale=alt.Scale(range=[30, 220]))
    shape = alt.Shape("verdict:N", scale=signs)
    layers.append(rows(drawn, "low").encode(x2="high:Q", y=y).mark_rule(strokeWidth=2.5, color=_INK))
    marks = rows(drawn, "value").encode(y=y, size=size, shape=shape)
    layers.append(marks.mark_point(filled=True, opacity=1, color=_INK))
    told = "; ".join(f"{title(one)}: {describe(one)}" for one in entries)
    return alt.LayerChart(layer=layers, width=480, height=alt.Step(24), description=told)


def _datum(one: Entry, scale: Scale) -> dict[str, Any]:
    low = scale.low if one.low is None else max(one.low, scale.low)
    high = scale.high if one.high is None else min(one.high, scale.high)
    return {"who": title(one), "value": one.value, "low": low, "high": high, "n": one.n, "verdict": one.verdict}
