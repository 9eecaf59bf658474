import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.report.charts import Lines, describe, draw, interval_chart, lines_for, tick_text
from answerable.report.entries import entry
from answerable.report.scale import Scale, scale_for


@pytest.fixture(scope="module")
def ratios(made):
    return [entry(finding) for finding in made.compared(threshold={"ratio": 1.1}).findings]


def numbers(strip, name):
    return [float(value) for value in re.findall(rf'{name}="(-?[\d.]+)%"', strip)]


def test_a_ratio_and_its_inverse_stand_equally_far_from_one(ratios):
    scale = scale_for(ratios, [1.0, 0.5, 2.0])
    assert scale.logarithmic
    assert scale.at(2.0, 0.0) - scale.at(1.0, 0.0) == pytest.approx(scale.at(1.0, 0.0) - scale.at(0.5, 0.0))


@given(st.floats(1e-6, 1e6), st.floats(1.001, 1e6), st.booleans())
def test_axis_has_few_round_ticks_that_lie_on_it(low, factor, logarithmic):
    scale = Scale(low, low * factor, logarithmic)
    ticks = scale.ticks()
    assert len(ticks) <= 7
    assert ticks == sorted(set(ticks))
    slack = 1e-5 * scale.high
    assert all(scale.low - slack <= tick <= scale.high + slack for tick in ticks)


@given(st.lists(st.floats(-1, 1), min_size=2, max_size=20))
def test_larger_values_never_stand_further_left(values):
    scale = Scale(-0.5, 0.5, False)
    places = [scale.at(value, 0.0) for value in sorted(values)]
    assert places == sorted(places)
    assert all(0 <= place <= 100 for place in places)


def test_reference_lines_come_from_the_question(made):
    result = made.compared(threshold={"ratio": 1.1})
    entries = [entry(finding) for finding in result.findings]
    assert lines_for(result.question, entries) == Lines(1.0, (1 / 1.1, 1.1), (0.8, 1.25))
    assert lines_for(result.question, [entry(finding) for finding in made.measured().findings]) == Lines()


def test_strip_draws_estimate_within_its_interval_within_the_adjusted_one(ratios):
    chart = draw(ratios, Lines(1.0), "lines")
    strip = str(chart.rows[0].strip)
    (mark,) = numbers(strip, '<svg class="mark" x')
    lefts, rights = numbers(strip, "x1"), numbers(strip, "x2")
    assert lefts[0] < lefts[1] < mark < rights[1] < rights[0]


def test_larger_groups_have_larger_marks(ratios):
    chart = draw(ratios, Lines(1.0), "lines")
    sizes = {row.entry.group: float(re.search(r"scale\(([\d.]+)\)", row.strip)[1]) for row in chart.rows}
    assert sizes["race African-American"] > sizes["race Hispanic"] > sizes["race Native American"]


def test_an_interval_without_end_has_an_arrow(made):
    from dataclasses import replace

    from answerable.core.estimate import Answer

    bounded = made.ratio({"g": "a"}, {"g": "b"}, (500, 100), (400, 90))
    unbounded = replace(bounded, of={"g": "c"}, curve=tuple((level, low, None) for level, low, _ in bounded.curve))
    result = made.result(Answer(estimates=(bounded, unbounded)))
    strips = [str(row.strip) for row in draw([entry(finding) for finding in result.findings], Lines(1.0), "l").rows]
    assert "chart-arrow" not in strips[0]
    assert strips[1].count("chart-arrow") == 1
    assert "at least" in strips[1]


def test_what_has_no_value_is_named_and_not_drawn(made):
    from answerable.core.estimate import Answer

    result = made.result(Answer(estimates=(made.ratio({"g": "a"}, {"g": "b"}, (500, 100), (400, 0)),)))
    (row,) = draw([entry(result.findings[0])], Lines(1.0), "l").rows
    assert "mark-" not in row.strip
    assert (
        describe(row.entry)
        == "not estimable: Nobody in the reference met it, so there is nothing to divide by. Verdict: cannot tell."
    )


def test_withheld_numbers_are_not_drawn(made):
    finding = made.compared().findings[0]
    (row,) = draw([entry(finding, "fewer than 10")], Lines(1.0), "l").rows
    assert "mark-" not in row.strip
    assert describe(row.entry) == "withheld: fewer than 10. Verdict: shown."


def test_one_far_interval_does_not_flatten_the_others(made):
    counts = {"a": (500, 100), "b": (400, 90), "c": (300, 80), "d": (12, 1)}
    entries = [entry(finding) for finding in made.compared(counts, "b").findings]
    far = entries[-1]
    scale = scale_for(entries, [1.0])
    assert not scale.holds(far.low)
    assert math.log(scale.high / scale.low) < math.log(far.high / far.low)
    assert all(scale.holds(one.value) for one in entries)


@pytest.mark.parametrize(
    ("tick", "unit", "text"),
    [
        (0.25, "proportion", "25 %"),
        (-0.05, "difference of proportions", "-5"),
        (0.0, "difference of proportions", "0"),
        (1000.0, "ratio", "1,000"),
    ],
)
def test_ticks_are_short(tick, unit, text):
    assert tick_text(tick, unit) == text


def test_altair_chart_holds_the_same_numbers(made):
    chart = interval_chart(made.compared().findings).to_dict()
    (data,) = (
        [rows for rows in chart["datasets"].values() if len(rows) == 5]
        if "datasets" in chart
        else [layer["data"]["values"] for layer in chart["layer"] if len(layer["data"]["values"]) == 5][:1]
    )
    values = {row["who"]: row["value"] for row in data}
    assert values["race African-American against race Caucasian"] == made.compared().findings[0].estimate.value
    assert "1.72 to 2.12" in chart["description"]


def test_altair_charts_of_several_numbers_stand_below_each_other(made):
    findings = [*made.compared().findings, *made.measured().findings]
    assert len(interval_chart(findings).to_dict()["vconcat"]) == 2
    with pytest.raises(ValueError, match="None of the findings"):
        interval_chart(made.observed().findings)


def test_altair_chart_renders(made):
    import vl_convert

    svg = vl_convert.vegalite_to_svg(interval_chart(made.compared().findings).to_dict())
    assert "race Hispanic against race Caucasian" in svg
