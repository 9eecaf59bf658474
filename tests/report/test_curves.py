"""Curves: what may be published of them, and that the page draws and tells every point that it has."""

import itertools
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.core.estimate import Answer, Coverage, Estimate, Point, Series
from answerable.core.finding import Question
from answerable.core.judge import Answered, judge
from answerable.core.result import Result
from answerable.report.build import build_report
from answerable.report.curves import curve_figures
from answerable.report.disclosure import published_series as published

LINE = {"name": "rate", "label": "rate", "unit": "proportion", "axis": "cut-off of the score"}


def series(points, of=None, **more):
    made = [Point(x=float(x), value=events / n, low=None, high=None, n=n, events=events) for x, events, n in points]
    return Series(of=of or {}, points=tuple(made), **{**LINE, **more})


def values(one):
    return [point.value for point in one.points]


def test_a_point_on_few_events_is_withheld_with_its_counts():
    (told,) = published([series([(1, 50, 100), (2, 4, 100), (3, 0, 100), (4, 97, 100)], {"g": "a"}, joined=False)], 10)
    assert values(told) == [0.5, None, 0.0, None]
    assert (told.points[1].n, told.points[1].events) == (0, 0)


def test_a_step_of_few_along_a_line_is_withheld():
    """From 50 events to 47: three people lie between the two cut-offs."""
    (told,) = published([series([(1, 50, 100), (2, 47, 100), (3, 40, 100), (4, 40, 100)], {"g": "a"})], 10)
    assert values(told) == [0.5, None, 0.4, 0.4]


def test_everybody_does_not_give_a_withheld_group_away():
    groups = [series([(1, 4, 50)], {"g": "a"}), series([(1, 20, 60)], {"g": "b"}), series([(1, 30, 90)], {"g": "c"})]
    told = published([series([(1, 54, 200)]), *groups], 10)
    assert [values(one) for one in told] == [[None], [None], [None], [30 / 90]]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(60, 120)), min_size=1, max_size=12))
def test_no_count_or_step_below_the_smallest_is_told(rows):
    (told,) = published([series([(x, events, n) for x, (events, n) in enumerate(rows)], {"g": "a"})], 10)
    known = [point for point in told.points if point.value is not None]
    for point in known:
        assert not 0 < point.events < 10 and not 0 < point.n - point.events < 10
    for one, other in itertools.pairwise(known):
        assert not 0 < abs(one.events - other.events) < 10


def test_a_smallest_cell_of_one_withholds_nothing():
    one = series([(1, 1, 100)])
    assert published([one], 1) == (one,)


def test_every_group_has_a_panel_and_every_point_a_row():
    a, b = series([(1, 50, 100), (2, 20, 100)], {"g": "a"}), series([(1, 30, 90), (2, 10, 90)], {"g": "b"})
    (figure,) = curve_figures([a, b], "q")
    assert [panel.heading for panel in figure.panels] == ["g a", "g b"]
    assert [len(panel.rows) for panel in figure.panels] == [2, 2]
    assert figure.panels[0].rows[0] == ("rate", "1", "50.00 %", "")
    assert "plot-behind" in figure.panels[0].picture


def test_a_gap_is_not_drawn_across():
    gap = Series(of={}, points=tuple(Point(x=float(x), value=None if x == 2 else 0.5) for x in range(5)), **LINE)
    (figure,) = curve_figures([gap], "q")
    assert figure.panels[0].picture.count("<polyline") == 2
    assert ("rate", "2", "not told", "") in figure.panels[0].rows


def test_specifications_stand_above_what_they_chose():
    points = tuple(Point(x=f"s{n}", value=n / 100, choices={"label": "abc"[n % 3], "where": "all"}) for n in range(9))
    words = {**LINE, "axis": "specification", "unit": "difference of proportions"}
    (figure,) = curve_figures([Series(of={}, points=points, axis_unit="name", null=0.0, joined=False, **words)], "q")
    choices = figure.panels[0].choices
    assert [(name, [choice for choice, _ in strips]) for name, strips in choices] == [("label", ["a", "b", "c"])]
    assert all(strip.count("<line") == 3 for _, strips in choices for _, strip in strips)


@pytest.mark.parametrize(
    ("days", "ticks"),
    [
        (["2017-01-01", "2019-06-01", "2021-01-01"], ["2017", "2018", "2019", "2020", "2021"]),
        (["2020-01-15", "2020-05-01"], ["2020-02", "2020-03", "2020-04", "2020-05"]),
        (["2020-01-03", "2020-01-09"], ["2020-01-03", "2020-01-09"]),
    ],
)
def test_dates_get_ticks_of_years_months_or_days(days, ticks):
    points = tuple(Point(x=day, value=0.5) for day in days)
    (figure,) = curve_figures([Series(of={}, points=points, axis_unit="date", **LINE)], "q")
    assert re.findall(r">([\d-]+)</text>", figure.ticks) == ticks


def test_what_is_withheld_stands_nowhere_in_the_report(tmp_path):
    drawn = series([(1, 123, 400), (2, 7, 400)], {"g": "a"}, marks={"in use": 1.0})
    one = Estimate(
        name="x", label="x", of={}, unit="proportion", value=0.5, n=100, events=50, curve=((0.95, 0.4, 0.6),)
    )
    answer = Answer(estimates=(one,), coverage=Coverage(looked_at={"rows": 400}), series=(drawn,))
    question = Question(method="decisions.rates")
    findings = tuple(judge([Answered(question, answer)]))
    result = Result(question=question, findings=findings, coverage=answer.coverage, series=answer.series)
    page = build_report([result], tmp_path, title="Curves").read_text(encoding="utf-8")
    assert "30.75" in page and "1.75" not in page
    (told,) = json.loads((tmp_path / "findings.json").read_text(encoding="utf-8"))["questions"][0]["series"]
    assert [point["value"] for point in told["points"]] == [0.3075, None]


def test_a_hostile_name_is_escaped():
    hostile = series([(1, 50, 100), (2, 20, 100)], {"g": "<script>alert(1)</script>"})
    (figure,) = curve_figures([hostile], "q")
    assert "<script" not in figure.panels[0].picture
