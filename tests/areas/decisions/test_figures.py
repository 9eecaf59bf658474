"""Reading published tables entry by entry, and records column by column."""

import pytest

from answerable.areas.decisions.read.figures import read_figures, read_inputs, read_raw_rows
from answerable.core.engine import collect
from answerable.errors import EvidenceError, ParameterError


@pytest.fixture
def file(tmp_path):
    def written(text, name="table.csv"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return written


def test_every_entry_stands_with_its_row_column_text_and_number(duck, file):
    reading = read_figures(duck, file("group,rate\na,12.70\nb,45 %\nc,<10\n"))
    found = collect(reading.rows.order_by("row", "place"))
    assert found["text"] == ["a", "12.70", "b", "45 %", "c", "<10"]
    assert found["number"] == [None, 12.7, None, 45.0, None, None]
    assert (found["row"], found["place"]) == ([1, 1, 2, 2, 3, 3], [1, 2, 1, 2, 1, 2])
    assert set(found["exhibit"]) == {reading.account.sha256}
    assert (reading.account.rows, reading.account.columns, reading.account.unread) == (3, ("group", "rate"), ())


def test_columns_of_one_name_stay_apart(duck, file):
    path = file("n,N,n,row\n1,2,3,4\n")
    found = collect(read_figures(duck, path).rows.order_by("place"))
    assert list(zip(found["column"], found["text"], strict=True)) == [("n", "1"), ("N", "2"), ("n", "3"), ("row", "4")]
    reading = read_raw_rows(duck, path)
    assert reading.rows.columns[2:] == ("n (#1)", "N (#2)", "n (#3)", "row (#4)")
    assert collect(reading.rows)["n (#3)"] == ["3"]


def test_parquet_is_read_as_text_too(duck, tmp_path):
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "table.parquet"
    pq.write_table(pa.table({"group": ["a", "b"], "n": [10, 20], "rate": [0.25, None]}), path)
    found = collect(read_inputs(duck, path).rows.order_by("row", "place"))
    assert found["text"] == ["a", "10", "0.25", "b", "20", None]
    assert found["number"] == [None, 10.0, 0.25, None, 20.0, None]


def test_bad_files_are_refused_with_what_to_do(duck, file):
    with pytest.raises(EvidenceError, match="empty"):
        read_figures(duck, file(""))
    with pytest.raises(EvidenceError, match="refused_at_most=1"):
        read_figures(duck, file("a,b\n1,2\n3\n"))
    assert read_figures(duck, file("a,b\n1,2\n3\n"), refused_at_most=1).account.refused[0].rows == (2,)
    with pytest.raises(ParameterError, match="does not go with"):
        read_raw_rows(duck, file("not a sheet", "table.xlsx"), sheet="none")


@pytest.mark.spark
def test_spark_reads_the_same_entries(duck, spark, file):
    """Spark takes the letters v and f for blanks where text is stripped by its name for them."""
    path = file("sex,rate\n f,12 %\nv, 3.5\n")
    here, there = (collect(read_figures(engine, path).rows.order_by("row", "place")) for engine in (duck, spark))
    assert here == there
    assert here["number"] == [None, 12.0, None, 3.5]
