"""The engines that run expressions: DuckDB by default, Spark where the case says so. The only file that names them.

Expressions are built with Ibis over unbound tables and compiled with Ibis's own compilers; the engines run the SQL
directly. That
keeps Ibis's back ends, which import pandas, out of an ordinary question (half a second and 80 MB: docs/decisions),
and one
path serves both engines.
"""

from __future__ import annotations

import itertools
import os
import weakref
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from answerable.errors import AnswerableError, EvidenceError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import duckdb
    import ibis.expr.types as ir
    from pyspark.sql import SparkSession

EngineName = Literal["duckdb", "spark"]
Rows = dict[str, list[Any]]
_DIALECTS: dict[EngineName, str] = {"duckdb": "duckdb", "spark": "pyspark"}
_SMALL = 1 << 16
"""Bytes of Parquet that may turn out to hold no row at all: only the footers of such files are looked at."""
SCRATCH = "answerable-"
"""How the names of scratch folders begin; one that a killed process left can be told by it."""
_numbers = itertools.count(1)
_owners: weakref.WeakValueDictionary[str, Engine] = weakref.WeakValueDictionary()
_empty: set[str] = set()
"""Names of tables that have no row."""


class Engine(Protocol):
    """What runs expressions: opens Parquet files as tables, and collects small results."""

    name: EngineName
    folder: Path
    """Where tables are kept that are derived while the engine is open: a temporary folder, unless a case sets its
    own."""

    def parquet(self, path: Path | Sequence[Path], *, row: str = "") -> ir.Table:
        """A Parquet file, or several of one schema, as a table, read in place.

        `row` names a last column of row numbers in the file, from 1.
        """

    def collect(self, expression: ir.Table) -> Rows:
        """The result of an expression, where it is small, as lists by column name; times as datetimes in UTC."""

    def keep(self, expression: ir.Table) -> ir.Table:
        """The result of an expression, computed once and kept in the engine until it closes."""

    def view(self, expression: ir.Table) -> ir.Table:
        """An expression under a name of the engine's own: what is large to write is written out once."""

    def close(self) -> None:
        """Release what the engine holds."""


def open_engine(
    name: EngineName = "duckdb", options: Mapping[str, Any] | None = None, *, scratch: Path | None = None
) -> Engine:
    """The engine of that name.

    Args:
        name: "duckdb" or "spark".
        options: for DuckDB its settings (threads, memory_limit, ...); for Spark its configuration ("spark.master",
            ...). With Spark an existing session of the process is used as it is.
        scratch: folder in which to make the scratch folder, which may come to hold what the evidence holds; the
            system's folder for temporary files by default.

    Raises:
        AnswerableError: Spark is asked for and not installed.
    """
    made = SparkEngine if name == "spark" else DuckEngine
    return made(options or {}, scratch)


def collect(expression: ir.Table) -> Rows:
    """The result of an expression as lists by column name, from the engine that owns its tables.

    An expression over tables of any other Ibis back end is run by that back end, so methods also take a user's own
    tables.
    """
    engine = _owner(expression)
    if engine is None:
        rows: Rows = expression.to_pyarrow().to_pydict()
        return rows
    return engine.collect(expression)


def keep(expression: ir.Table) -> ir.Table:
    """The result of an expression, computed once and kept; for results that are asked several times."""
    engine = _owner(expression)
    return expression.cache() if engine is None else engine.keep(expression)


def without_rows(expression: ir.Table) -> bool:
    """Whether it is known, without asking, that no table of an expression has a row: of one that selects and joins."""
    import ibis.expr.operations as ops

    tables = expression.op().find(ops.UnboundTable)
    return bool(tables) and all(table.name in _empty for table in tables)


def exact(column: ir.NumericColumn) -> ir.NumericColumn:
    """A column of floats as decimals with 15 places, whose sum does not depend on the order of the rows.

    Floats added in another order give another last digit; a re-run must be equal byte for byte, on every engine.
    """
    return column.cast("decimal(38, 15)")


def _owner(expression: ir.Table) -> Engine | None:
    import ibis.expr.operations as ops

    for node in expression.op().find(ops.UnboundTable):
        if (engine := _owners.get(node.name)) is not None:
            return engine
    return None


def _declare(owner: Engine, schema: Mapping[str, Any]) -> ir.Table:
    """An unbound table of that schema under a new name, which `owner` answers for."""
    import ibis

    name = f"answerable_{next(_numbers)}"
    _owners[name] = owner
    return ibis.table(dict(schema), name=name)


class DuckEngine:
    """DuckDB in this process, in memory, spilling to a folder that is removed at the end; no network, no extension."""

    name: EngineName = "duckdb"

    def __init__(self, options: Mapping[str, Any], scratch: Path | None) -> None:
        import tempfile

        self._spill = tempfile.TemporaryDirectory(prefix=SCRATCH, dir=scratch)
        self.folder = Path(self._spill.name)
        self._opened: dict[tuple[tuple[Path, ...], str], ir.Table] = {}
        try:
            usual = not options and scratch is None
            self.connection = _usual_duckdb().cursor() if usual else _duckdb(self._spill.name, options)
        except Exception:
            self._spill.cleanup()
            raise
        self.connection.execute("SET TimeZone = 'UTC'")

    def parquet(self, path: Path | Sequence[Path], *, row: str = "") -> ir.Table:
        import duckdb

        paths = (path,) if isinstance(path, Path) else tuple(path)
        if (paths, row) in self._opened:
            return self._opened[paths, row]
        listed = ", ".join("'{}'".format(str(one.resolve()).replace("'", "''")) for one in paths)
        # Statistics of Parquet files leave NaN out, and DuckDB would conclude that there is none (duckdb/duckdb#25521).
        source = f"read_parquet([{listed}], can_have_nan = true)"
        select = f'SELECT *, file_row_number + 1 AS "{row}" FROM {source}' if row else f"SELECT * FROM {source}"
        try:
            described = self.connection.execute(f"DESCRIBE {select}").fetchall()
        except duckdb.Error as error:
            raise EvidenceError(
                f"this is not a Parquet file that can be read ({str(error).splitlines()[0]}).",
                file=paths[0],
                mend="Ask for the file again, or export it anew.",
            ) from error
        table = _declare(self, {column[0]: _ibis_type(column[1], self.name) for column in described})
        self.connection.execute(f"CREATE TEMP VIEW {table.get_name()} AS {select}")
        if sum(path.stat().st_size for path in paths) < _SMALL:
            self._note_empty(table)
        self._opened[paths, row] = table
        return table

    def collect(self, expression: ir.Table) -> Rows:
        times = _times(expression)
        sql = _sql(expression, "duckdb")
        if times:  # DuckDB makes datetimes with zones by a library of its own, which need not be there
            replaced = ", ".join(f'epoch_us("{name}") AS "{name}"' for name in times)
            sql = f"SELECT * REPLACE ({replaced}) FROM ({sql})"
        cursor = self._run(sql)
        names = [column[0] for column in cursor.description or []]
        rows = cursor.fetchall()
        found = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)) if rows else {n: [] for n in names}
        return found | {name: _from_micros(found[name]) for name in times}

    def keep(self, expression: ir.Table) -> ir.Table:
        table = _declare(self, expression.schema())
        self._run(f"CREATE TEMP TABLE {table.get_name()} AS {_sql(expression, 'duckdb')}")
        self._note_empty(table)
        return table

    def view(self, expression: ir.Table) -> ir.Table:
        table = _declare(self, expression.schema())
        self._run(f"CREATE TEMP VIEW {table.get_name()} AS {_sql(expression, 'duckdb')}")
        return table

    def _note_empty(self, table: ir.Table) -> None:
        if not self._run(f"SELECT 1 FROM {table.get_name()} LIMIT 1").fetchall():
            _empty.add(table.get_name())

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        import duckdb

        try:
            return self.connection.execute(sql)
        except (duckdb.IOException, duckdb.InvalidInputException, duckdb.OutOfMemoryException) as error:
            raise AnswerableError(
                f"The tables could not be read to their end: {str(error).splitlines()[0]} If a file is damaged, ask "
                "for it again; if disk or memory is full, make room."
            ) from error

    def close(self) -> None:
        self.connection.close()
        self._spill.cleanup()


def _duckdb(spill: str, options: Mapping[str, Any]) -> duckdb.DuckDBPyConnection:
    """A DuckDB of its own, in memory."""
    import duckdb

    settings = {
        "temp_directory": spill,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": False,
        "threads": os.cpu_count() or 1,
        **options,
    }
    return duckdb.connect(config=settings)


@cache
def _usual_duckdb() -> duckdb.DuckDBPyConnection:
    """The DuckDB that engines without settings of their own share, each by a connection: starting one takes a while.

    Their views and tables are temporary, so they belong to the connection and pass away with it.
    """
    import tempfile

    spill = tempfile.TemporaryDirectory(prefix=SCRATCH)
    weakref.finalize(_usual_duckdb, spill.cleanup)
    return _duckdb(spill.name, {})


class SparkEngine:
    """An existing Spark session, or a local one made with the given configuration."""

    name: EngineName = "spark"

    def __init__(self, options: Mapping[str, Any], scratch: Path | None) -> None:
        import tempfile

        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise AnswerableError(
                "Spark is not installed. Install it with: pip install 'answerable[spark]'."
            ) from error
        active = SparkSession.getActiveSession()
        if active is None:
            builder = SparkSession.builder.appName("answerable")
            for key, value in {"spark.ui.enabled": "false", **options}.items():
                builder = builder.config(key, value)
            active = builder.getOrCreate()
        self.session: SparkSession = active
        _set_compiler_option()
        self._derived = tempfile.TemporaryDirectory(prefix=SCRATCH, dir=scratch)
        self.folder = Path(self._derived.name)
        # DuckDB and Spark must read the same names and the same clock.
        self.session.conf.set("spark.sql.caseSensitive", "true")
        self.session.conf.set("spark.sql.session.timeZone", "UTC")

    def parquet(self, path: Path | Sequence[Path], *, row: str = "") -> ir.Table:
        paths = [path] if isinstance(path, Path) else path
        frame = self.session.read.parquet(*map(str, paths))
        if row:
            frame = frame.select("*", (frame["_metadata.row_index"] + 1).alias(row))
        table = _declare(
            self, {field.name: _ibis_type(field.dataType.simpleString(), self.name) for field in frame.schema.fields}
        )
        frame.createOrReplaceTempView(table.get_name())
        return table

    def collect(self, expression: ir.Table) -> Rows:
        frame = self.session.sql(_sql(expression, "spark"))
        times = _times(expression)
        if times:  # PySpark gives naive datetimes in the zone of this machine
            frame = frame.selectExpr(
                *(f"unix_micros(`{name}`) AS `{name}`" if name in times else f"`{name}`" for name in frame.columns)
            )
        rows = frame.collect()
        found = {name: [row[position] for row in rows] for position, name in enumerate(frame.columns)}
        return found | {name: _from_micros(found[name]) for name in times}

    def keep(self, expression: ir.Table) -> ir.Table:
        table = _declare(self, expression.schema())
        self.session.sql(_sql(expression, "spark")).persist().createOrReplaceTempView(table.get_name())
        return table

    def view(self, expression: ir.Table) -> ir.Table:
        table = _declare(self, expression.schema())
        self.session.sql(_sql(expression, "spark")).createOrReplaceTempView(table.get_name())
        return table

    def close(self) -> None:
        self.session.catalog.clearCache()
        self._derived.cleanup()


def _compiler(engine: EngineName) -> Any:
    """Ibis's compiler for the engine, without the twenty for other databases that its package imports with it."""
    import importlib
    import importlib.util
    import sys
    from types import ModuleType

    package = "ibis.backends.sql.compilers"
    name = f"{package}.{_DIALECTS[engine]}"
    if name not in sys.modules and package not in sys.modules:
        spec = importlib.util.find_spec(package)
        assert spec is not None
        bare = ModuleType(package)
        bare.__path__ = list(spec.submodule_search_locations or ())
        sys.modules[package] = bare
        try:
            importlib.import_module(name)
        finally:
            # Whoever asks for the package itself later gets the real one.
            del sys.modules[package]
    return importlib.import_module(name).compiler if package in sys.modules else sys.modules[name].compiler


def _sql(expression: ir.Table, engine: EngineName) -> str:
    compiler = _compiler(engine)
    return str(compiler.to_sqlglot(expression.unbind()).sql(compiler.dialect))


@cache
def _ibis_type(text: str, engine: EngineName) -> Any:
    return _compiler(engine).type_mapper.from_string(text)


def _times(expression: ir.Table) -> list[str]:
    """Names of the columns that are timestamps in UTC."""
    return [name for name, kind in expression.schema().items() if kind.is_timestamp() and kind.timezone]


def _from_micros(values: list[Any]) -> list[Any]:
    """Microseconds since 1970 as datetimes in UTC."""
    from datetime import UTC, datetime, timedelta

    origin = datetime(1970, 1, 1, tzinfo=UTC)
    return [None if value is None else origin + timedelta(microseconds=value) for value in values]


def _set_compiler_option() -> None:
    """Give Ibis's compiler for Spark the one option it asks of Ibis's own back end, which is not loaded here."""
    import ibis
    from ibis.config import Config

    class Options(Config):  # type: ignore[misc]  # Ibis has no types here
        treat_nan_as_null: bool = False  # not a number stays what it is

    ibis.options.pyspark = Options()
