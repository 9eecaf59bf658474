import csv
import io
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.report.entries import entry
from answerable.report.export import COLUMNS, harmless, to_csv, to_json, to_parquet

FORMULA = tuple("=+-@\t\r\n＝＋－＠")


@pytest.fixture(scope="module")
def entries(results):
    return [entry(finding) for result in results for finding in result.findings]


def read_csv(data):
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_csv_gives_every_number_back_to_the_last_digit(entries):
    rows = read_csv(to_csv(entries))
    assert tuple(rows[0]) == COLUMNS
    assert [row["finding"] for row in rows] == [one.finding for one in entries]
    for row, one in zip(rows, entries, strict=True):
        for name in ("value", "low", "high", "p", "adjusted_p", "adjusted_low", "level"):
            assert (float(row[name]) if row[name] else None) == getattr(one, name)
        for name in ("n", "events", "reference_n", "reference_events", "comparisons"):
            assert (int(row[name]) if row[name] else None) == getattr(one, name)
        assert (json.loads(row["of"]) if row["of"] else None) == one.of
        assert row["statement"] == one.statement


@given(st.text())
def test_no_text_begins_a_formula(text):
    assert not harmless(text).startswith(FORMULA)
    assert harmless(text).removeprefix("'") == text.removeprefix("'") or harmless(text) == text


@given(st.text().map(lambda text: f"={text}") | st.text())
def test_cells_of_a_file_begin_no_formula_and_come_back(made, text):
    counts = {text: (500, 100), f"{text}2": (400, 120)}
    made_entries = [entry(finding) for finding in made.measured(counts, column=text or "x").findings]
    rows = read_csv(to_csv(made_entries))
    assert len(rows) == 3
    for row in rows:
        for name, value in row.items():
            number = name not in {"statement", "basis", "of", "against", "lineage", "label"}
            assert number or not value.startswith(FORMULA)
    assert [json.loads(row["of"]) for row in rows] == [one.of for one in made_entries]


def test_negative_numbers_stay_numbers_in_csv(made):
    from dataclasses import replace

    from answerable.core.estimate import Answer

    estimate = made.rate({"race": "a"}, 500, 100)
    below = replace(estimate, value=-0.25, curve=((0.95, -0.5, 0.1),), unit="difference of proportions")
    (row,) = read_csv(to_csv([entry(made.result(Answer(estimates=(below,))).findings[0])]))
    assert (row["value"], row["low"]) == ("-0.25", "-0.5")


def test_parquet_has_types_and_the_texts_exactly(made):
    entries = [entry(finding) for finding in made.compared({"=1+1": (500, 100), "b": (400, 90)}, "b").findings]
    table = pq.read_table(pa.BufferReader(to_parquet(entries)))
    assert tuple(table.column_names) == COLUMNS
    assert table.schema.field("value").type == table.schema.field("adjusted_low").type == pa.float64()
    assert table.schema.field("n").type == table.schema.field("comparisons").type == pa.int64()
    assert table.schema.field("statement").type == pa.string()
    assert json.loads(table["of"][0].as_py()) == {"race": "=1+1"}
    assert table["value"].to_pylist() == [one.value for one in entries]


def test_parquet_without_findings_still_has_its_columns():
    assert tuple(pq.read_table(pa.BufferReader(to_parquet([]))).column_names) == COLUMNS


def test_file_names_that_are_not_utf8_are_written_as_escapes(made, tmp_path):
    from dataclasses import replace

    from answerable.report.build import build_report

    result = made.observed()
    account = replace(result.accounts["decisions"], file="\udc80.csv")
    result = replace(result, accounts={"decisions": account})
    path = build_report([result], tmp_path, title="T")
    assert "\\udc80.csv" in path.read_text(encoding="utf-8")
    data = json.loads((tmp_path / "findings.json").read_bytes())
    assert data["questions"][0]["account"]["file"] == "\udc80.csv"


def test_json_refuses_what_is_not_json():
    with pytest.raises(ValueError, match="not JSON compliant"):
        to_json({"value": float("nan")})


def test_the_three_files_agree(folder):
    data = json.loads((folder / "findings.json").read_bytes())
    listed = [finding for question in data["questions"] for finding in question["findings"]]
    rows = read_csv((folder / "findings.csv").read_bytes())
    columns = pq.read_table(folder / "findings.parquet").to_pylist()
    assert [one["finding"] for one in listed] == [one["finding"] for one in rows] == [one["finding"] for one in columns]
    assert [one["value"] for one in listed] == [float(one["value"]) if one["value"] else None for one in rows]
    assert [one["value"] for one in listed] == [one["value"] for one in columns]
    assert [one["verdict"] for one in listed] == [one["verdict"] for one in rows] == [one["verdict"] for one in columns]
