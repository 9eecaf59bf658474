"""devices.timeline: every moment once, in the step that fits, between the days that are asked for."""

import pytest

from answerable.areas.devices.read.events import events
from answerable.areas.devices.tables import TABLES
from answerable.areas.devices.tables.events import EVENTS, LEFT_OUT, WHAT
from answerable.core.engine import collect
from answerable.errors import NotIdentified, ParameterError


@pytest.fixture
def moments(at):
    def made(*times, **told):
        row = {"source": "safari_history", "moment": "time", "holds": "visits", **told}
        return [{**row, "time": at(time)} for time in times]

    return made


def test_every_table_says_what_its_rows_are_about():
    assert set(WHAT) == {table.name for table in TABLES}
    for table in TABLES:
        assert set(WHAT[table.name]) <= set(table.columns)
    assert {table.name for table in TABLES} >= LEFT_OUT


def test_events_are_every_time_of_a_row_and_none_twice(make_table, rows, at):
    day, other = at("2025-01-01T10:00"), at("2025-01-02T10:00")
    tables = {
        "visits": make_table(rows("visits", [{"time": day, "url": "https://a.example/"}, {"time": None}])),
        "device_files": make_table(
            rows("device_files", [{"time": day, "modified": day, "born": other, "path": "/x", "time_raw": "1"}])
        ),
        "apps": make_table(rows("apps", [{"time": None, "installed": day, "app": "a.b"}])),
        "crashes": make_table(
            rows("crashes", [{"time": day, "process": n, "reason": r} for n, r in (("p", ""), ("q", "ILL"))])
        ),
        "links": make_table(rows("links", [{"time": day, "url": "https://b.example/"}])),
    }  # fmt: skip
    found = collect(events(tables).order_by(["holds", "moment", "what"]))
    assert list(found) == list(EVENTS.columns)
    assert list(zip(found["holds"], found["moment"], found["what"], found["time_raw"], strict=True)) == [
        ("apps", "installed", "a.b", None),
        ("crashes", "time", "p", None),
        ("crashes", "time", "q · ILL", None),
        ("device_files", "born", "/x", None),
        ("device_files", "time", "/x", "1"),
        ("visits", "time", "https://a.example/", None),
    ]


def test_a_real_backup_counts_every_row_that_has_a_time(real):
    answer = real("devices.timeline", "ios_synthetic/backup", by="day")
    counted = {one.of["artefact"]: sum(point.n for point in one.points) for one in answer.series}
    assert counted["safari_history"] == 3000
    assert counted["sms"] == 2000
    assert not answer.estimates
    assert answer.coverage.looked_at["pages that Safari visited (safari_history)"] == 3000


def test_days_are_counted_by_phone_and_artefact(ask, moments):
    rows = [
        *moments("2025-01-01T00:00", "2025-01-01T23:59:59.999999", "2025-01-02T00:00"),
        *moments("2025-01-01T12:00", source="sms"),
        *moments("2025-01-01T12:00", device="second phone"),
    ]
    answer = ask("devices.timeline", {"events": rows})
    found = {(one.of["phone"], one.of["artefact"]): [(p.x, p.n) for p in one.points] for one in answer.series}
    assert found == {
        ("phone", "safari_history"): [("2025-01-01", 2), ("2025-01-02", 1)],
        ("phone", "sms"): [("2025-01-01", 1)],
        ("second phone", "safari_history"): [("2025-01-01", 1)],
    }
    assert answer.observations[0].what == "phone: 4 moments on 2 days, from 2025-01-01 to 2025-01-02."


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ({}, 4),
        ({"from_": "2025-01-02"}, 3),
        ({"until": "2025-01-02"}, 2),
        ({"from_": "2025-01-02", "until": "2025-01-02"}, 1),
        ({"until": "9999-12-31"}, 4),
        ({"sources": ["sms"]}, 1),
    ],
)
def test_both_days_are_within(ask, moments, given, count):
    rows = moments("2025-01-01T23:59", "2025-01-02T00:00", "2025-01-03T00:00")
    rows += moments("2025-03-01T00:00", source="sms")
    answer = ask("devices.timeline", {"events": rows}, **given)
    assert sum(point.n for one in answer.series for point in one.points) == count


@pytest.mark.parametrize(
    ("most", "by", "step", "points"),
    [
        (31, None, "day", 31),
        (30, None, "month", 1),
        (1, None, "month", 1),
        (1, "day", "day", 31),
        (99, "year", "year", 1),
    ],
)
def test_the_step_is_the_finest_that_is_short_enough(ask, moments, most, by, step, points):
    rows = moments(*(f"2025-01-{day:02d}T10:00" for day in range(1, 32)))
    (one,) = ask("devices.timeline", {"events": rows}, most=most, by=by).series
    assert (one.label, len(one.points)) == (f"moments noted in a {step}", points)
    assert one.points[0].x in {"2025-01-01"}


def test_years_are_the_last_step(ask, moments):
    rows = moments(*(f"{year}-05-05T10:00" for year in range(2001, 2026)))
    (one,) = ask("devices.timeline", {"events": rows}, most=3).series
    assert (one.label, len(one.points), one.points[-1].x) == ("moments noted in a year", 25, "2025-01-01")


def test_no_moment_is_no_answer(ask, moments):
    with pytest.raises(NotIdentified, match="longer span"):
        ask("devices.timeline", {"events": moments("2025-01-01T10:00")}, until="2024-01-01")


def test_words_are_checked(ask):
    for given in ({"from_": "spring"}, {"until": "2025-02-30"}, {"most": 0}):
        with pytest.raises(ParameterError):
            ask("devices.timeline", {}, **given)
