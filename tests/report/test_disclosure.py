import csv
import io
import json
from itertools import combinations, product
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.core.estimate import Answer
from answerable.report.build import build_report
from answerable.report.disclosure import withheld_findings

COLUMNS = ("race", "sex", "age")


def matches(key, wanted):
    return all(dict(zip(COLUMNS, key, strict=False))[column] == value for column, value in wanted.items())


def counts_of(cells, wanted):
    """n and events over the cells that match."""
    return tuple(map(sum, zip(*(pair for key, pair in cells.items() if matches(key, wanted)), strict=True)))


def margins_of(cells):
    """Every total of the table: everybody, the groups of each column, and of each combination but the finest."""
    columns = COLUMNS[: len(next(iter(cells)))]
    groups = [dict(zip(columns, key, strict=True)) for key in cells]
    kept = [kept for size in range(len(columns)) for kept in combinations(columns, size)]
    return [
        dict(one) for one in dict.fromkeys(tuple((c, group[c]) for c in names) for names in kept for group in groups)
    ]


def table(made, cells, margins=True):
    """Rates of the cells of a table, with or without its totals."""
    groups = [dict(zip(COLUMNS, key, strict=False)) for key in cells]
    every = [*groups, *margins_of(cells)] if margins else groups
    return made.result(Answer(estimates=tuple(made.rate(of, *counts_of(cells, of)) for of in every)), "decisions.rates")


def shown_and_withheld(result, smallest):
    withheld = withheld_findings([result], smallest)
    pairs = [(finding.estimate, finding.id in withheld) for finding in result.findings]
    return [one for one, hidden in pairs if not hidden], [one for one, hidden in pairs if hidden]


def small(estimate, smallest):
    return any(0 < count < smallest for count in (estimate.n, estimate.events, estimate.n - estimate.events))


@st.composite
def crossed(draw):
    """A table of two or three columns, with many small cells and some large ones."""
    shape = draw(st.sampled_from([(4, 2), (3, 3), (2, 2, 2), (3, 2, 2)]))
    keys = list(product(*("abcd"[:size] for size in shape)))
    sizes = draw(st.lists(st.integers(1, 60), min_size=len(keys), max_size=len(keys)))
    return {key: (n, draw(st.integers(0, n))) for key, n in zip(keys, sizes, strict=True)}


TABLES = {"cells": crossed(), "smallest": st.integers(2, 15), "margins": st.booleans()}


@given(**TABLES)
@settings(max_examples=100, deadline=None)
def test_no_small_count_is_shown(made, cells, smallest, margins):
    shown, _ = shown_and_withheld(table(made, cells, margins), smallest)
    assert not [one for one in shown if small(one, smallest)]


@given(**TABLES)
@settings(max_examples=150, deadline=None)
def test_no_withheld_group_follows_from_what_is_shown(made, cells, smallest, margins):
    """An attacker who writes every shown count as a sum of cells, and solves for the others, learns none of them."""
    shown, withheld = shown_and_withheld(table(made, cells, margins), smallest)

    def row(of):
        return [float(matches(key, of)) for key in cells]

    known = np.array([row(one.of) for one in shown]).reshape(-1, len(cells))
    rank = np.linalg.matrix_rank(known) if len(known) else 0
    for one in withheld:
        assert np.linalg.matrix_rank(np.vstack([known, row(one.of)])) > rank, dict(one.of)


@given(**TABLES)
@settings(max_examples=100, deadline=None)
def test_what_is_left_of_a_total_is_not_small_either(made, cells, smallest, margins):
    """Subtract all shown parts of a shown total from it: nothing is left, or no small count is."""
    shown, _ = shown_and_withheld(table(made, cells, margins), smallest)
    told = {frozenset(one.of.items()): one for one in shown}
    for total in margins_of(cells):
        if frozenset(total.items()) not in told:
            continue
        n, events = counts_of(cells, total)
        finer = {frozenset(key) for key in map(frozenset, told) if key > total.items()}
        for columns in {frozenset(column for column, _ in key) for key in finer}:
            parts = [told[key] for key in finer if {column for column, _ in key} == columns]
            left = n - sum(one.n for one in parts), events - sum(one.events for one in parts)
            assert not any(0 < count < smallest for count in (*left, left[0] - left[1])), (total, columns)


def test_withholds_the_next_smallest_beside_a_single_small_group(made):
    counts = {"a": (1000, 300), "b": (9, 3), "c": (400, 100), "d": (60, 25)}
    shown, withheld = shown_and_withheld(made.measured(counts), 10)
    assert {one.of["race"] for one in withheld} == {"b", "d"}
    assert {} in [one.of for one in shown]


def test_a_group_is_withheld_for_every_metric_and_in_every_question(made):
    counts = {"a": (1000, 300), "b": (900, 200), "c": (400, 5), "d": (60, 25)}
    others = {group: (n, n // 2) for group, (n, _) in counts.items()}
    estimates = [made.rate({"race": group}, *pair, name="selection_rate") for group, pair in others.items()]
    results = [made.compared(counts, "a"), made.result(Answer(estimates=tuple(estimates)), "decisions.rates")]
    withheld = withheld_findings(results, 10)
    gone = [finding.estimate.of["race"] for result in results for finding in result.findings if finding.id in withheld]
    assert gone == ["c", "d", "c", "d"]


def test_a_small_reference_withholds_every_comparison_with_it(made):
    result = made.compared({"a": (1000, 300), "b": (900, 200), "c": (8, 5)}, "c")
    assert withheld_findings([result], 10).keys() == {finding.id for finding in result.findings}


def test_everybody_else_is_no_group_of_its_own(made):
    """Against the rest, every group has another reference; the rest is no part of a total, yet its counts are kept."""
    counts = {"a": (1000, 300), "b": (900, 200), "c": (400, 150), "d": (500, 495)}
    whole = tuple(map(sum, zip(*counts.values(), strict=True)))
    rest = {group: tuple(w - p for w, p in zip(whole, pair, strict=True)) for group, pair in counts.items()}
    estimates = [
        made.ratio({"race": group}, {"race": "(everybody else)"}, counts[group], rest[group]) for group in counts
    ]
    shown, withheld = shown_and_withheld(made.result(Answer(estimates=tuple(estimates))), 10)
    assert [one.of["race"] for one in withheld] == ["c", "d"]
    assert len(shown) == 2


def test_few_people_are_withheld_though_rows_are_many(made):
    from dataclasses import replace

    estimates = tuple(
        replace(made.rate({"race": race}, 500, 200), units=units) for race, units in (("a", 400), ("b", 4), ("c", 300))
    )
    _, withheld = shown_and_withheld(made.result(Answer(estimates=estimates)), 10)
    assert {one.of["race"] for one in withheld} == {"b", "a"}


def test_one_withholds_nothing_and_less_is_refused(made):
    assert withheld_findings([made.compared()], 1) == {}
    with pytest.raises(ValueError, match="at least 1"):
        withheld_findings([made.compared()], 0)


def test_a_shown_page_of_public_data_says_so(made, tmp_path):
    path = build_report([made.compared()], tmp_path, title="T", smallest_cell=1)
    assert "No count is withheld" in made.Page(path.read_text(encoding="utf-8")).text


def test_withheld_numbers_are_in_none_of_the_files(made, tmp_path):
    """The numbers of withheld findings are such as occur nowhere else."""
    counts = {"a": (100_000, 30_000), "b": (7_919, 7), "c": (8_713, 3_491), "d": (90_000, 20_000)}
    results = [made.compared(counts, "a"), made.measured(counts)]
    withheld = withheld_findings(results, 10)
    findings = [finding for result in results for finding in result.findings if finding.id in withheld]
    assert len(findings) == 4
    build_report(results, tmp_path, title="T")
    files = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    texts = [files[name].decode() for name in ("report.html", "findings.csv", "findings.json")]
    texts.append(str(pq.read_table(tmp_path / "findings.parquet").to_pylist()))
    secrets = {f"{number:,}" for number in (7_919, 8_713, 3_491)} | {"7919", "8713", "3491"}
    for finding in findings:
        secrets |= {repr(number) for number in (finding.estimate.value, finding.estimate.low, finding.estimate.high)}
        assert finding.statement not in files["findings.json"].decode()
    for text in texts:
        assert not [secret for secret in secrets if secret in text]
        assert "withheld" in text
    assert "the numbers of 4 are withheld" in made.Page(texts[0]).text


def test_withheld_findings_keep_their_verdict_and_say_why(made, tmp_path):
    results = [made.compared(), made.measured()]
    withheld = withheld_findings(results, 10)
    build_report(results, tmp_path, title="T")
    rows = {
        row["finding"]: row for row in csv.DictReader(io.StringIO((tmp_path / "findings.csv").read_text("utf-8-sig")))
    }
    data = json.loads((tmp_path / "findings.json").read_text(encoding="utf-8"))
    assert data["withheld"] == len(withheld) == 6
    for result in results:
        for finding in result.findings:
            row = rows[finding.id]
            assert row["verdict"] == finding.verdict
            if finding.id in withheld:
                assert "fewer than 10" in row["withheld"]
                assert "withheld" in row["statement"]
                assert not any(
                    row[name] for name in ("value", "low", "high", "n", "events", "p", "adjusted_p", "reference_n")
                )


def test_small_coverage_counts_are_not_told(made, tmp_path):
    from dataclasses import replace

    from answerable.core.estimate import Coverage

    result = replace(made.measured(), coverage=Coverage(looked_at={"rows": 7214, "people without a name": 3}))
    path = build_report([result], Path(tmp_path), title="T")
    assert "people without a name fewer than 10" in made.Page(path.read_text(encoding="utf-8")).text
    coverage = json.loads((tmp_path / "findings.json").read_text(encoding="utf-8"))["questions"][0]["coverage"]
    assert coverage["looked_at"] == {"rows": 7214}
