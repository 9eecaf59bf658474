"""Recomputing published tables: what is found, what is not raised, and how often."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.areas.decisions.measures.recompute.columns import check_columns
from answerable.areas.decisions.measures.recompute.uncertainty import check_replicates, check_uncertainty
from answerable.asking import ask
from answerable.errors import AnswerableError, EvidenceError, NotIdentified, ParameterError

sys.path.insert(0, str(Path(__file__).parent))
import tables_at_random as at_random


@pytest.fixture
def asked(tmp_path):
    """Observations of a table written as text, by the plain command."""

    def found(text, *others, **words):
        files = []
        for number, one in enumerate((text, *others)):
            file = tmp_path / f"table{number}.csv"
            file.write_text(one)
            files.append(file)
        return ask("decisions.recompute", files, **words)

    return found


def observations(result):
    return [finding.observation for finding in result.findings if finding.observation is not None]


CONFUSION = """group,TP,FP,TN,FN,N,FNR,precision
a,30,10,50,10,100,25.0,75.0
b,20,20,40,20,100,50.0,50.0
c,11,33,77,44,165,80.0,25.0
d,40,8,130,22,200,35.5,83.3
e,15,9,61,5,90,25.0,62.5
"""


def test_a_table_that_is_right_raises_nothing_and_says_what_was_recomputed(asked):
    result = asked(CONFUSION)
    assert not observations(result)
    assert result.findings[0].verdict == "not shown"
    agree = {name for name in result.coverage.looked_at if name.endswith("agree")}
    assert agree == {f"{name}: rows recomputed that agree" for name in ("N", "FNR", "precision")}
    assert set(result.coverage.looked_at.values()) == {5, 7}


def test_one_wrong_total_is_found_with_its_place(asked):
    # By hand: 40 + 8 + 130 + 22 = 200.
    (only,) = observations(asked(CONFUSION.replace("22,200,35.5", "22,210,35.5")))
    assert (only.row, only.fields["column"], only.strength) == (4, "N", "strong")
    assert (only.fields["published"], only.fields["recomputed"], only.fields["difference"]) == ("210", 200, 10)
    assert only.what == (
        "Row 4 (d), column 'N': 210 is printed, but TP + FP + TN + FN gives 200 (4 of 5 rows agree with it)."
    )


def test_printed_precision_decides_what_is_equal(asked):
    # 22 / 62 = 35.4839: 35.5 and 35.48 are that, 35.4 is not.
    assert not observations(asked(CONFUSION.replace("35.5", "35.48")))
    (only,) = observations(asked(CONFUSION.replace("35.5", "35.4")))
    assert (only.row, only.fields["column"]) == (4, "FNR")


def test_a_rate_over_everybody_is_not_the_rate_that_its_name_says(asked):
    rows = [line.split(",") for line in CONFUSION.splitlines()]
    for row in rows[1:]:
        row[6] = f"{100 * int(row[4]) / int(row[5]):.1f}"
    (only,) = observations(asked("\n".join(map(",".join, rows))))
    assert only.fields["column"] == "FNR"
    assert only.fields["formula"] == "FN / (TP + FN) x 100"
    assert only.fields["fits"] == "FN / (TP + FP + TN + FN) x 100"
    assert only.strength == "strong"


def test_a_total_row_that_is_the_mean_of_rates_and_one_that_does_not_add_up(asked):
    table = "group,cases,errors,rate\na,100,50,50.0\nb,300,30,10.0\nc,200,40,20.0\ntotal,600,{},{}\n"
    assert not observations(asked(table.format(120, "20.0")))
    # By hand: the mean of 50, 10 and 20 is 26.7; 120 of 600 are 20.
    found = observations(asked(table.format(120, "26.7")))
    assert [(one.row, one.fields["column"]) for one in found] == [(4, "rate")]
    assert found[0].fields["recomputed"] == pytest.approx(20.0)
    found = observations(asked(table.format(125, "20.0")))
    assert [(one.row, one.fields["column"], one.fields["recomputed"]) for one in found] == [(4, "errors", 120)]


INTERVALS = """group,n,rate,low,high
a,400,0.5000,{},{}
b,900,0.2000,{},{}
c,1600,0.3000,{},{}
"""


def interval_table(z):
    ends = []
    for n, rate in ((400, 0.5), (900, 0.2), (1600, 0.3)):
        half = z * (rate * (1 - rate) / n) ** 0.5
        ends += [f"{rate - half:.4f}", f"{rate + half:.4f}"]
    return INTERVALS.format(*ends)


def test_intervals_of_90_percent_that_do_not_say_so(asked):
    assert not observations(asked(interval_table(1.96)))
    (only,) = observations(asked(interval_table(1.6449)))
    assert "90 %" in only.what
    said = interval_table(1.6449).replace("low,high", "ci90_low,ci90_high")
    assert not observations(asked(said))
    (only,) = observations(asked(said.replace("ci90", "ci95")))
    assert "called 95 % intervals" in only.what


def test_replicates_without_spread(asked):
    varied = "\n".join(["draw,difference", *(f"{n},{0.01 * n + 0.0012345678912:.13f}" for n in range(50))])
    same = "\n".join(["draw,difference", *(f"{n},0.0012345678912" for n in range(50))])
    assert not observations(asked(varied))
    (only,) = observations(asked(same))
    assert only.fields["rows"] == 50
    assert "did not resample" in only.what


def test_two_versions_that_differ_in_one_entry(asked):
    other = CONFUSION.replace("d,40,8,130,22,200", "d,40,8,130,24,202")
    found = observations(asked(CONFUSION, other))
    assert {(one.row, one.fields["column"]) for one in found} == {(4, "FN"), (4, "N")}
    assert not observations(asked(CONFUSION, CONFUSION))


def test_stars_that_do_not_follow_from_the_test(asked):
    from answerable.statistics.exact import fisher

    rng = np.random.default_rng(1)
    counts = rng.integers(5, 90, (16, 4))
    lines = ["group,TP,FP,TN,FN,sig"]
    for number, (tp, fp, tn, fn) in enumerate(counts):
        rest = counts.sum(axis=0) - counts[number]
        p = fisher(fn, tp, rest[3], rest[0])[0]
        lines.append(f"g{number},{tp},{fp},{tn},{fn},{'*' * sum(p < limit for limit in (0.1, 0.05, 0.01)) or 'ns'}")
    assert not observations(asked("\n".join(lines)))
    lines[5] = lines[5].rsplit(",", 1)[0] + (",*" if lines[5].endswith("ns") else ",ns")
    (only,) = observations(asked("\n".join(lines)))
    assert (only.row, only.fields["column"]) == (5, "sig")


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1_000_000))
def test_nothing_is_raised_on_tables_that_are_right(seed):
    table, _ = at_random.made(np.random.default_rng(seed))
    checked = check_columns(table)
    found = [*checked.observations, *check_replicates(table), *check_uncertainty(table, None, checked)]
    assert not found, found[0].what


@pytest.mark.parametrize("fault", [at_random.wrong_reference, at_random.wrong_denominator, at_random.wrong_entry])
def test_one_planted_fault_is_found_and_nothing_else_raised(fault):
    for seed in range(6):
        table, (column, row) = at_random.made(np.random.default_rng(seed), fault, least_rows=6)
        found = check_columns(table).observations
        assert {one.fields["column"] for one in found} == {column}, (seed, [one.what for one in found])
        assert row is None or [one.row for one in found] == [row]


def test_bad_input_says_what_to_do(asked, tmp_path):
    with pytest.raises(NotIdentified, match="no column of numbers"):
        asked("a,b\nx,y\nz,w\n")
    with pytest.raises(ParameterError, match="replicates"):
        asked(CONFUSION, replicates=1)
    with pytest.raises(EvidenceError, match="no rows"):
        asked("a,b\n")
    with pytest.raises(AnswerableError, match="no such file"):
        ask("decisions.recompute", tmp_path / "absent.csv")


def test_names_that_differ_by_case_or_not_at_all_are_told_apart_by_place(asked):
    result = asked("group,n,N,n\na,1,2,3\nb,4,5,6\nc,7,9,1\n")
    assert result.coverage.looked_at["columns of numbers"] == 3


def test_entries_that_are_no_numbers_are_left_out_of_their_column(asked):
    # "<10" hides a count: the row says nothing, the others do.
    text = CONFUSION.replace("b,20,20,40,20,100,50.0,50.0", "b,20,20,40,<10,-,-,50.0")
    result = asked(text)
    assert not observations(result)
    assert result.coverage.looked_at["FNR: rows recomputed that agree"] == 4
