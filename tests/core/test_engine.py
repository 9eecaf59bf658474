"""The engine: what it refuses, and what it leaves behind."""

import pytest

from answerable.core.engine import collect, exact, open_engine
from answerable.errors import AnswerableError


def test_a_parquet_file_with_damaged_pages_is_named_damaged(tmp_path, duck):
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "damaged.parquet"
    pq.write_table(pa.table({"value": [f"text {number} of many" for number in range(5000)]}), path, compression="zstd")
    data = bytearray(path.read_bytes())
    data[40 : len(data) // 2] = b"\xff" * (len(data) // 2 - 40)
    path.write_bytes(data)
    table = duck.parquet(path)
    with pytest.raises(AnswerableError, match="ask for it again"):
        collect(table.group_by("value").agg(rows=table.count()))


def test_sums_of_floats_do_not_depend_on_the_order_of_rows(make_table):
    import random

    values = [random.Random(1).uniform(0.1, 9) ** 3 for _ in range(999)] + [1e-9, 1e6]
    sums = set()
    for seed in range(5):
        shuffled = random.Random(seed).sample(values, len(values))
        table = make_table({"value": shuffled})
        sums.add(float(collect(table.agg(total=exact(table["value"]).sum()))["total"][0]))
    assert len(sums) == 1


def test_nothing_is_left_in_the_scratch_folder(tmp_path):
    engine = open_engine("duckdb", scratch=tmp_path)
    assert list(tmp_path.iterdir())
    engine.close()
    assert not list(tmp_path.iterdir())
    with pytest.raises(Exception, match="no_such_setting"):
        open_engine("duckdb", {"no_such_setting": 1}, scratch=tmp_path)
    assert not list(tmp_path.iterdir())
