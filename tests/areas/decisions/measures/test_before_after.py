"""Before and after a change: against the estimators on rates counted by hand, and against what must not be believed."""

import datetime as dt

import numpy as np
import pytest

from answerable.areas.decisions.measures.before_after import before_after
from answerable.core.finding import Question
from answerable.core.judge import Answered, judge
from answerable.errors import NotIdentified, ParameterError
from answerable.statistics.interrupted_series import regress, segments
from answerable.statistics.staggered_adoption import NEVER, Panel, overall

FIRST = 2020


def month(number, day=10):
    return dt.datetime(FIRST + number // 12, number % 12 + 1, day, tzinfo=dt.UTC)


def table(cells):
    """Rows with counts from {(month, place, group): (events, others)}."""
    import pyarrow as pa

    columns = {"time": [], "stratum": [], "kind": [], "decided": [], "count": []}
    for (at, place, kind), counts in cells.items():
        for decided, count in zip((True, False), counts, strict=True):
            row = (month(at) if isinstance(at, int) else at, place, kind, decided, int(count))
            if count:
                for name, value in zip(columns, row, strict=True):
                    columns[name].append(value)
    made = pa.table(columns)
    return made.set_column(0, "time", made["time"].cast(pa.timestamp("us", tz="UTC")))


def counts(rate, n):
    events = round(n * float(np.clip(rate, 0, 1)))
    return events, n - events


def one_series(step=0.08, months=36, at=18, seed=3, n=500):
    random = np.random.default_rng(seed)
    rates = 0.2 + 0.001 * np.arange(months) + step * (np.arange(months) >= at) + 0.01 * random.normal(size=months)
    return {(m, "x", "a"): counts(rate, n) for m, rate in enumerate(rates)}


def pick(answer, name, of=None, against=None):
    found = [e for e in answer.estimates if (e.name, dict(e.of)) == (name, of or {}) and e.against == against]
    assert len(found) == 1, [(e.name, dict(e.of)) for e in answer.estimates]
    return found[0]


def verdicts(answer):
    return {
        (f.estimate.name, *dict(f.estimate.of).values()): f.verdict
        for f in judge([Answered(Question(method="decisions.before_after"), answer, ())])
    }


def test_one_date_is_the_regression_of_the_monthly_rates(make_table):
    cells = one_series()
    answer = before_after(make_table(table(cells)), changed="2021-07")
    rates = np.array([events / (events + others) for events, others in cells.values()])
    times = np.arange(36.0)
    matrix = segments(times, 18)
    found = regress(rates, np.ones(36), times, matrix)
    for name, place in (("level_change", 2), ("trend_change", 3)):
        value, ends = found.limits(np.eye(4)[place], [0.95])
        one = pick(answer, name)
        assert one.value == pytest.approx(value, rel=1e-9)
        assert (one.low, one.high) == pytest.approx(ends[0], rel=1e-9)
    assert pick(answer, "level_change").value == pytest.approx(0.08, abs=0.02)
    assert pick(answer, "level_change").n == 18 * 500
    assert verdicts(answer)["level_change",] == "shown"
    assert answer.coverage.complete


def test_what_is_drawn(make_table):
    answer = before_after(make_table(table(one_series())), changed="2021-07")
    drawn = {series.name: series for series in answer.series}
    assert set(drawn) == {"rate_by_period", "fitted_line", "carried_on"}
    assert {series.marks["change"] for series in answer.series} == {"2021-07-01"}
    observed = drawn["rate_by_period"].points
    assert [point.x for point in observed[:2]] == ["2020-01-01", "2020-02-01"]
    assert all(point.low < point.value < point.high for point in observed)
    assert drawn["carried_on"].points[0].x == "2021-07-01"
    after = drawn["fitted_line"].points[18].value - drawn["carried_on"].points[0].value
    assert after == pytest.approx(pick(answer, "level_change").value, abs=0.003)


@pytest.mark.parametrize(
    ("changed", "anticipation", "left"), [("2021-07-15", 0, 1), ("2021-07", 2, 2), ("2021-07-15", 2, 3)]
)
def test_the_time_in_which_the_change_came_about_is_left_out_and_said(make_table, changed, anticipation, left):
    cells = one_series()
    cells[18 if changed.endswith("15") else 17, "x", "a"] = counts(0.9, 500)
    answer = before_after(make_table(table(cells)), changed=changed, anticipation=anticipation)
    assert answer.coverage.missing["change"].startswith(f"{left} month")
    assert pick(answer, "level_change").value == pytest.approx(0.08, abs=0.03)


def test_a_shock_that_came_to_all_is_taken_off_by_the_comparison(make_table):
    """The trap: everything fell in the same month; only the series that the change did not reach tells."""
    random = np.random.default_rng(8)
    cells = {}
    for m in range(40):
        common = 0.3 - 0.1 * (m >= 20) + 0.01 * random.normal()
        for kind in ("means-tested", "other benefit"):
            cells[m, "x", kind] = counts(common + 0.004 * random.normal(), 800)
    rows = make_table(table(cells))
    alone = before_after(rows, changed="2021-09")
    assert verdicts(alone)["level_change",] == "shown"
    compared = before_after(rows, changed="2021-09", groups=["kind"], comparison={"kind": "other benefit"})
    found = verdicts(compared)
    assert found["level_change",] == "cannot tell"
    assert abs(pick(compared, "level_change").value) < 0.02
    assert found["level_change", "other benefit"] == "shown", "the comparison itself moved, and that is told"
    assert "beyond that of kind other benefit" in pick(compared, "level_change").label
    assert any("unless it reached kind other benefit as well" in limit for limit in compared.limits)


def test_places_with_one_date_make_a_series_against_the_others(make_table):
    random = np.random.default_rng(2)
    cells = {}
    for m in range(30):
        for place in ("P", "Q", "R"):
            rate = 0.2 - 0.05 * (m >= 15) + 0.06 * (place == "P" and m >= 15) + 0.004 * random.normal()
            cells[m, place, "a"] = counts(rate, 1000)
    answer = before_after(make_table(table(cells)), changed={"P": "2021-04"})
    assert pick(answer, "level_change").value == pytest.approx(0.06, abs=0.015)
    assert verdicts(answer)["level_change",] == "shown"
    assert pick(answer, "level_change", {"place": "(places that did not change)"}).value < -0.03


def test_whether_the_gap_widened(make_table):
    random = np.random.default_rng(4)
    cells = {}
    for m in range(36):
        for kind, extra in (("Roma", 0.1), ("others", 0.0)):
            rate = 0.2 + 0.03 * (m >= 18) + extra * (m >= 18) + 0.008 * random.normal()
            cells[m, "x", kind] = counts(rate, 400 if extra else 900)
    answer = before_after(make_table(table(cells)), changed="2021-07", groups=["kind"], favourable=False)
    gap = pick(answer, "level_change", {"kind": "Roma"}, {"kind": "others"})
    assert gap.value == pytest.approx(0.1, abs=0.03)
    own = [pick(answer, "level_change", {"kind": kind}).value for kind in ("Roma", "others")]
    assert gap.value == pytest.approx(own[0] - own[1], abs=0.01)
    found = judge([Answered(Question(method="decisions.before_after"), answer, ())])
    (said,) = [f.statement for f in found if f.estimate is gap]
    assert "higher for kind Roma than for kind others, to the disadvantage of kind Roma" in said
    turned = before_after(make_table(table(cells)), changed="2021-07", groups=["kind"], reference={"kind": "Roma"})
    assert pick(turned, "level_change", {"kind": "others"}, {"kind": "Roma"}).value == pytest.approx(
        -gap.value, rel=1e-9
    )


def test_the_real_date_ranks_first_among_placebo_dates_only_where_something_happened(make_table):
    def rank(**words):
        made = table(one_series(at=24, months=40, **words))
        return pick(before_after(make_table(made), changed="2022-01"), "placebo_dates")

    real = rank(step=0.15)
    assert (real.events, real.n) == (1, 10)
    none = [rank(step=0.0, seed=seed).value for seed in range(6)]
    assert np.mean(none) > 0.2
    short = pick(before_after(make_table(table(one_series())), changed="2021-02"), "placebo_dates")
    assert short.value is None and "earlier date" in short.reason


def roll_out(places=16, months=30, effect=0.06, decline=0.0, seed=1, n=400):
    """Places that change two by two from month 10 on, four never; a decline that comes to all in month 12."""
    random = np.random.default_rng(seed)
    start = {f"p{i:02d}": None if i >= places - 4 else 10 + i // 2 for i in range(places)}
    cells = {}
    for place, begun in start.items():
        base = random.uniform(0.2, 0.4)
        for m in range(months):
            changed = begun is not None and m >= begun
            rate = base + effect * changed - decline * (m >= 12) + 0.01 * random.normal()
            cells[m, place, "a"] = counts(rate, n)
    return start, cells


def test_places_are_the_group_time_effects_of_their_monthly_rates(make_table):
    start, cells = roll_out()
    dates = {place: month(at).date().isoformat()[:7] for place, at in start.items() if at is not None}
    answer = before_after(make_table(table(cells)), changed=dates)
    values = np.array([[np.divide(*(cells[m, p, "a"][0], sum(cells[m, p, "a"]))) for m in range(30)] for p in start])
    begun = np.array([NEVER if at is None else at for at in start.values()])
    expected = overall(Panel(values, begun, np.ones(16)))
    one = pick(answer, "effect")
    assert one.value == pytest.approx(expected.value, rel=1e-9)
    assert (one.low, one.high) == pytest.approx(expected.limits((0.95,))[0], rel=1e-9)
    assert one.value == pytest.approx(0.06, abs=0.02)
    found = verdicts(answer)
    assert found["effect",] == "shown"
    assert found["before_effect",] == "cannot tell"
    assert pick(answer, "placebo_dealings").value <= 0.02
    (times,) = [series for series in answer.series if series.name == "effect_by_time_since"]
    assert [point.x for point in times.points if -3 <= point.x <= 2] == [-3, -2, 0, 1, 2]


def test_a_decline_that_came_to_all_places_is_not_put_down_to_the_roll_out(make_table):
    """Serbia's question: officials cite growth. A fall everywhere, no effect: one place by itself is fooled."""
    start, cells = roll_out(effect=0.0, decline=0.08)
    dates = {place: month(at).date().isoformat()[:7] for place, at in start.items() if at is not None}
    answer = before_after(make_table(table(cells)), changed=dates)
    assert verdicts(answer)["effect",] == "cannot tell"
    assert abs(pick(answer, "effect").value) < 0.015
    alone = {key: value for key, value in cells.items() if key[1] == "p04"}
    assert before_after(make_table(table(alone)), changed="2021-01").estimates[0].value < -0.05


def test_fewer_cases_are_not_a_lower_rate(make_table):
    """Half of the cases vanish with the change while the rate stays: the rate did not change, and a limit says so."""
    cells = {key: counts(e / (e + o), 500 if key[0] < 18 else 250) for key, (e, o) in one_series(step=0.0).items()}
    answer = before_after(make_table(table(cells)), changed="2021-07")
    assert verdicts(answer)["level_change",] != "shown"
    assert any("in the number of cases and not in the rate" in limit for limit in answer.limits)


def test_the_column_since_says_the_same_as_words(make_table):
    import pyarrow as pa

    start, cells = roll_out()
    rows = table(cells)
    begun = [start[place] for place in rows["stratum"].to_pylist()]
    since = pa.array([None if at is None else month(at, 1) for at in begun], pa.timestamp("us", tz="UTC"))
    words = {place: month(at).date().isoformat()[:7] for place, at in start.items() if at is not None}
    by_words = before_after(make_table(rows), changed={**words, "p15": "never"})
    assert before_after(make_table(rows.append_column("since", since))).as_json() == by_words.as_json()


def test_places_that_moved_apart_before_are_said_to(make_table):
    start, cells = roll_out(effect=0.0)
    drifting = {
        (m, place, kind): counts(events / (events + others) + (0.01 * m if start[place] is not None else 0), 400)
        for (m, place, kind), (events, others) in cells.items()
    }
    dates = {place: month(at).date().isoformat()[:7] for place, at in start.items() if at is not None}
    answer = before_after(make_table(table(drifting)), changed=dates)
    assert verdicts(answer)["before_effect",] == "shown"
    assert any("moved apart from the others before their change already" in limit for limit in answer.limits)
    even = before_after(make_table(table(cells)), changed=dates)
    assert not any("moved apart" in limit for limit in even.limits)


def test_a_place_that_had_changed_already_is_left_out_and_said(make_table):
    start, cells = roll_out()
    dates = {place: month(at).date().isoformat()[:7] for place, at in start.items() if at is not None}
    answer = before_after(make_table(table(cells)), changed={**dates, "p00": "2019-05"})
    assert answer.coverage.missing["places"].startswith("1 place changed before")
    assert not answer.coverage.complete


def test_months_without_decisions_are_gaps_not_zeros(make_table):
    cells = {key: value for key, value in one_series().items() if key[0] not in {5, 6, 25}}
    answer = before_after(make_table(table(cells)), changed="2021-07")
    assert answer.coverage.looked_at["months"] == 36
    assert answer.coverage.missing["periods"].startswith("3 months")
    (observed,) = [series for series in answer.series if series.name == "rate_by_period"]
    assert observed.points[5].value is None
    assert pick(answer, "level_change").value == pytest.approx(0.08, abs=0.03)


def test_weights_make_the_rates(make_table):
    import pyarrow as pa

    rows = table(one_series(n=50))
    doubled = pa.array([2.0 if decided else 1.0 for decided in rows["decided"].to_pylist()])
    weighted = before_after(make_table(rows.append_column("weight", doubled)), changed="2021-07").series[0].points[0]
    plain = before_after(make_table(rows), changed="2021-07").series[0].points[0]
    assert weighted.value == pytest.approx(2 * plain.value / (1 + plain.value))
    assert weighted.n == plain.n


@pytest.mark.parametrize(
    ("period", "days", "first"),
    [("day", 1, "2020-01-01"), ("week", 7, "2019-12-30"), ("quarter", 91, "2020-01-01"), ("year", 366, "2020-01-01")],
)
def test_periods_of_every_length(make_table, period, days, first):
    random = np.random.default_rng(6)
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    cells = {
        (start + dt.timedelta(days=days * m), "x", "a"): counts(0.3 + 0.02 * random.normal(), 300) for m in range(24)
    }
    changed = (start + dt.timedelta(days=days * 12)).date().isoformat()
    answer = before_after(make_table(table(cells)), changed=changed, period=period)
    assert answer.series[0].points[0].x == first
    assert answer.coverage.looked_at[f"{period}s"] == len(answer.series[0].points)
    assert pick(answer, "level_change").value is not None


def test_seasons_are_no_change(make_table):
    """The change falls where the yearly wave turns down: without waves it looks like a step."""
    random = np.random.default_rng(7)
    cells = {
        (m, "x", "a"): counts(0.3 + 0.06 * np.sin(2 * np.pi * m / 12) + 0.006 * random.normal(), 800) for m in range(48)
    }
    rows = make_table(table(cells))
    waves = pick(before_after(rows, changed="2022-01", seasons=1), "level_change")
    without = pick(before_after(rows, changed="2022-01"), "level_change")
    assert abs(waves.value) < 0.015
    assert any("Ljung and Box" in limit for limit in before_after(rows, changed="2022-01").limits)
    assert waves.high - waves.low < 0.6 * (without.high - without.low)
    with pytest.raises(NotIdentified, match="less than two years"):
        before_after(make_table(table(one_series(months=20, at=10))), changed="2020-11", seasons=1)


def test_too_small_a_group_stays_with_its_reason(make_table):
    cells = one_series() | {(m, "x", "few"): (1, 2) for m in range(15, 21)}
    answer = before_after(make_table(table(cells)), changed="2021-07", groups=["kind"])
    one = pick(answer, "level_change", {"kind": "few"})
    assert one.value is None and "at least 8 of each are needed" in one.reason
    assert pick(answer, "level_change", {"kind": "few"}, {"kind": "a"}).value is None


KIND = {"changed": "2021-07", "groups": ["kind"]}
BAD = {
    "no date": ({}, ParameterError, "Say when the procedure changed"),
    "no such date": ({"changed": "2021-13"}, ParameterError, "2022-03-15 or 2022-03"),
    "words": ({"changed": "in spring"}, ParameterError, "takes a date"),
    "no such place": ({"changed": {"Q": "2021-07"}}, ParameterError, "no value of the place. "),
    "bad date of a place": ({"changed": {"x": "July"}}, ParameterError, "for x, takes a date"),
    "too early": ({"changed": "2020-03"}, NotIdentified, "2 months with decisions before the change and 34 after"),
    "outside": ({"changed": "2031"}, NotIdentified, "36 months with decisions before the change and 0 after"),
    "one place": ({"changed": {"x": "2021-07"}, "design": "places"}, NotIdentified, "1 place that changed"),
    "places by one date": ({"changed": "2021-07", "design": "places"}, NotIdentified, "does not tell places apart"),
    "never": ({"changed": {"x": "never"}}, ParameterError, "No place has a date"),
    "metric": ({"changed": "2021-07", "metric": "FPR"}, NotIdentified, "outcome"),
    "unknown metric": ({"changed": "2021-07", "metric": "speed"}, ParameterError, "no metric 'speed'"),
    "group": ({"changed": "2021-07", "groups": ["race"]}, ParameterError, "no group 'race'"),
    "comparison": ({"changed": "2021-07", "comparison": {"kind": "a"}}, ParameterError, "comparison names 'kind'"),
    "comparison value": ({**KIND, "comparison": {"kind": "z"}}, ParameterError, "kind has no group 'z'"),
    "reference": ({**KIND, "reference": {"sex": "f"}}, ParameterError, "names 'sex'"),
    "level": ({"changed": "2021-07", "level": 1.0}, ParameterError, "level takes"),
    "seasons": ({"changed": "2021-07", "seasons": 9}, ParameterError, "seasons takes a whole number from 0 to 3"),
    "bases": ({"changed": "2021-07", "bases": 0}, ParameterError, "bases takes a whole number from 1"),
    "dealings": ({"changed": "2021-07", "dealings": 3}, ParameterError, "dealings takes"),
}  # fmt: skip


@pytest.mark.parametrize(("words", "kind", "match"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_with_what_to_do(make_table, words, kind, match):
    with pytest.raises(kind, match=match):
        before_after(make_table(table(one_series())), **words)


def test_what_else_is_refused(make_table):
    rows = table(one_series())
    with pytest.raises(NotIdentified, match="--time COLUMN"):
        before_after(make_table(rows.drop_columns(["time"])), changed="2021-07")
    with pytest.raises(NotIdentified, match="--stratum COLUMN"):
        before_after(make_table(rows.drop_columns(["stratum"])), changed={"x": "2021-07"})
    start, cells = roll_out()
    dates = {place: month(at).date().isoformat()[:7] for place, at in start.items() if at is not None}
    with pytest.raises(NotIdentified, match="no one series"):
        before_after(make_table(table(cells)), changed=dates, design="series")
    with pytest.raises(ParameterError, match="belong to --design series"):
        before_after(make_table(table(cells)), changed=dates, seasons=1)
    everywhere = dict.fromkeys(start, "2021-01")
    with pytest.raises(NotIdentified, match="0 places that had not changed yet"):
        before_after(make_table(table(cells)), changed=everywhere, design="places")


def test_a_place_with_two_dates_is_refused(make_table):
    import pyarrow as pa

    rows = table(one_series())
    since = [month(18, 1) if place % 2 else month(19, 1) for place in range(len(rows))]
    rows = rows.append_column("since", pa.array(since, pa.timestamp("us", tz="UTC")))
    with pytest.raises(NotIdentified, match="The place x has several dates in since, 2021-07-01 to 2021-08-01"):
        before_after(make_table(rows))


def test_asked_of_a_file(tmp_path):
    import answerable

    start, cells = roll_out(n=40)
    lines = ["day,town,since,denied"]
    for (m, place, _), (events, others) in cells.items():
        begun = "" if start[place] is None else month(start[place], 1).date().isoformat()
        lines += [f"{month(m).date()},{place},{begun},{d}" for d, n in ((1, events), (0, others)) for _ in range(n)]
    file = tmp_path / "towns.csv"
    file.write_text("\n".join(lines))
    words = {"decided": "denied", "time": "day", "stratum": "town", "favourable": "no"}
    by_column = answerable.ask("decisions.before_after", file, since="since", **words)
    assert by_column.findings[0].estimate.name == "before_effect"
    dates = [f"{place}={month(at, 1).date()}" for place, at in start.items() if at is not None]
    by_words = answerable.ask("decisions.before_after", file, changed=dates, **words)
    assert [f.statement for f in by_words.findings] == [f.statement for f in by_column.findings]


@pytest.mark.spark
def test_places_are_the_same_on_spark(make_table, spark):
    start, cells = roll_out(n=60)
    dates = {place: month(at).date().isoformat()[:7] for place, at in start.items() if at is not None}
    here, there = (before_after(make_table(table(cells), engine), changed=dates) for engine in (None, spark))
    assert here.as_json() == there.as_json()
