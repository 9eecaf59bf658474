"""Fixtures that every room's tests share: engines, tables made of columns, and the public data."""

import os
from pathlib import Path

import pytest


def pytest_collection_modifyitems(config, items):
    """Tests marked spark are skipped, with the reason, where Spark or Java is not there."""
    import importlib.util
    import shutil

    lacking = [
        name
        for name, there in {"pyspark": importlib.util.find_spec("pyspark"), "java": shutil.which("java")}.items()
        if not there
    ]
    if lacking:
        skip = pytest.mark.skip(reason=f"not installed: {', '.join(lacking)} (make spark)")
        for item in items:
            if "spark" in item.keywords:
                item.add_marker(skip)


@pytest.fixture
def duck():
    """A DuckDB engine of its own."""
    from answerable.core.engine import open_engine

    engine = open_engine("duckdb")
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def spark():
    """One local Spark session for the whole run: it takes seconds to start."""
    from answerable.core.engine import open_engine

    options = {
        "spark.master": "local[1]",
        "spark.sql.shuffle.partitions": "1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
    }
    engine = open_engine("spark", options)
    yield engine
    engine.close()
    engine.session.stop()


@pytest.fixture
def make_table(tmp_path, duck):
    """A function that makes a table of columns: {name: values} or an Arrow table, on an engine."""
    import itertools

    import pyarrow as pa
    import pyarrow.parquet as pq

    numbers = itertools.count()

    def make(columns, engine=None):
        path = tmp_path / f"made{next(numbers)}.parquet"
        pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), path)
        return (engine or duck).parquet(path)

    return make


@pytest.fixture(scope="session")
def public_data() -> Path:
    """The folder of public data; its tests are skipped where it is not."""
    folder = os.environ.get("ANSWERABLE_DATA")
    if not folder:
        pytest.skip("ANSWERABLE_DATA does not name the folder of public data")
    return Path(folder)
