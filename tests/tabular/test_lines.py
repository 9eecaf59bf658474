"""JSON lines: keys are columns, numbers keep their digits, nested values stay out of mappings."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from answerable.errors import EvidenceError
from answerable.tabular.files import open_table


def test_values_become_text(evidence, rows_of):
    found = rows_of(evidence('\ufeff{"a": 1.50, "b": true, "c": null, "d": "x", "e": -0}\n', "evidence.jsonl"))
    assert found == {"row": [1], "a": ["1.50"], "b": ["true"], "c": [None], "d": ["x"], "e": ["-0"]}


def test_keys_may_differ_from_line_to_line(evidence, rows_of):
    found = rows_of(evidence('{"a": 1}\n{"b": 2}\n{"b": 3, "a": 4}\n', "evidence.ndjson"))
    assert found == {"row": [1, 2, 3], "a": ["1", None, "4"], "b": [None, "2", "3"]}


def test_a_key_that_only_the_last_of_many_lines_has(evidence, duck):
    raw = open_table(duck, evidence('{"a": 1}\n' * 50_000 + '{"b": "late"}\n', "evidence.jsonl"))
    table = raw.rows().table
    assert duck.collect(table.filter(table.c2.notnull()).select("row", "c2")) == {"row": [50_001], "c2": ["late"]}


def test_nested_values_are_marked(evidence, duck):
    rows = open_table(duck, evidence('{"a": 1, "b": 2}\n{"a": {"x": [1, "é"]}, "b": 3}\n', "evidence.jsonl")).rows()
    assert rows.nested == {0: 2}
    assert duck.collect(rows.table.order_by("row"))["c1"] == ["1", '{"x": ["1", "é"]}']


def test_a_long_value(evidence, duck):
    path = evidence(json.dumps({"a": 1}) + "\n" + json.dumps({"a": "x" * 5_000_000}) + "\n", "evidence.jsonl")
    with pytest.raises(EvidenceError) as caught:
        open_table(duck, path)
    assert str(caught.value).startswith(
        "evidence.jsonl, row 2, column 'a': the value has more than the 1,048,576 bytes"
    )


def test_a_line_without_end(evidence, duck):
    with pytest.raises(EvidenceError) as caught:
        open_table(duck, evidence('{"a": "' + "x" * 17_000_000, "evidence.jsonl"))
    assert str(caught.value) == (
        "evidence.jsonl, row 1: the line has more than the 16,777,216 bytes that are read. Is it JSON lines?"
    )


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9),
            min_size=1,
            max_size=4,
        ),
        min_size=1,
        max_size=5,
    ),
    st.booleans(),
)
def test_objects_of_text_are_read_back_exactly(tmp_path_factory, duck, objects, ascii_only):
    path = tmp_path_factory.mktemp("written") / "evidence.jsonl"
    path.write_text("\n".join(json.dumps(one, ensure_ascii=ascii_only) for one in objects), "utf-8", newline="\n")
    raw = open_table(duck, path)
    found = duck.collect(raw.rows().table.order_by("row"))
    found.pop("row")
    rows = [dict(zip(raw.header, row, strict=True)) for row in zip(*found.values(), strict=True)]
    assert [{key: value for key, value in row.items() if value is not None} for row in rows] == objects
