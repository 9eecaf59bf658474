"""What every registered method must do, whatever it is about. Nothing here names a method: the registry is asked."""

import inspect
import random
import tomllib
from pathlib import Path

import pytest

from answerable.core.estimate import Answer
from answerable.core.finding import Question
from answerable.core.judge import Answered, judge
from answerable.core.method import methods
from answerable.core.signature import docstring_section, parameters
from answerable.core.table import plural
from answerable.errors import AnswerableError
from answerable.rights.catalogue import provisions

METHODS = methods()
GIVEN = tomllib.loads((Path(__file__).parent / "given.toml").read_text())


TOGETHER = {"person": 2, "pair": 12, "template": 60}
"""How many rows in succession share one of these: what is matched or repeated would not meet by chance."""


def names(kind):
    """Names of two columns of a kind that the evidence repeats."""
    return ("kind", "place") if kind == "group" else (f"{kind} one", f"{kind} two")


def arrow_table(table, rows, seed=1, *, nulls=False):
    """Typed random rows of a declared table; repeated columns get the names in NAMES."""
    import datetime

    import pyarrow as pa

    rng = random.Random(seed)
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    makers = {
        "boolean": lambda: rng.random() < 0.4,
        "string": lambda: f"v{rng.randrange(3)}",
        "identifier": lambda: f"i{rng.randrange(50)}",
        "float64": lambda: rng.uniform(0.5, 2.0),
        "int64": lambda: rng.randrange(1, 4),
        "timestamp": lambda: start + datetime.timedelta(hours=rng.randrange(5000)),
        "date": lambda: (start + datetime.timedelta(days=rng.randrange(300))).date(),
        "binary": lambda: rng.randbytes(4),
    }
    repeated = {name: column for kind, column in table.repeated.items() for name in names(kind)}
    rest = {names(kind)[1]: names(kind)[0] for kind, column in table.repeated.items() if column.unit == "probability"}
    types = {
        "identifier": pa.string(),
        "boolean": pa.bool_(),
        "timestamp": pa.timestamp("us", tz="UTC"),
        "date": pa.date32(),
    }
    columns = {}
    for name, column in {**table.columns, **repeated}.items():
        values = [makers[column.type]() for _ in range(rows)]
        if column.unit == "probability":
            values = [rng.uniform(0.05, 0.95) for _ in range(rows)]
        if name in rest:  # the probabilities of all groups sum to 1
            values = [None if one is None else 1 - one for one in columns[rest[name]].to_pylist()]
        if name in TOGETHER:
            values = [f"{name[0]}{place // TOGETHER[name]}" for place in range(rows)]
        if nulls and name not in {"weight", "count", "person"}:
            values = [None if rng.random() < 0.2 else value for value in values]
        columns[name] = pa.array(values, types.get(column.type) or getattr(pa, column.type)())
    return pa.table(columns)


def words(method):
    """The parameters that the method needs, and the repeated columns where it takes any."""
    repeated = {plural(kind): names(kind) for table in method.reads for kind in table.repeated}
    taken = {parameter.name for parameter in method.parameters}
    given = {name: value for name, value in repeated.items() if name in taken} | GIVEN.get(method.name, {})
    for parameter in method.parameters:
        lacking = parameter.required and parameter.name not in given
        assert not lacking, f"{method.name}: say in tests/contract/given.toml how {parameter.name} is chosen"
    return method.parse(given)


def answer(method, make_table, tables, engine=None):
    return method.function(*(make_table(table, engine) for table in tables), **words(method))


def assert_equal(one, other, path="answer"):
    """Plain data that is equal: integers and text exactly, floats to 1e-12."""
    if isinstance(one, dict):
        assert one.keys() == other.keys(), path
        for key in one:
            assert_equal(one[key], other[key], f"{path}.{key}")
    elif isinstance(one, (list, tuple)):
        assert len(one) == len(other), path
        for place, (mine, its) in enumerate(zip(one, other, strict=True)):
            assert_equal(mine, its, f"{path}[{place}]")
    elif isinstance(one, float):
        assert one == pytest.approx(other, rel=1e-12, abs=1e-12), path
    else:
        assert one == other, path


each = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


def test_there_are_methods():
    assert {"decisions.rates", "decisions.disparity"} <= set(METHODS)


@each
def test_the_docstring_has_its_parts(method):
    text = method.text
    assert len(method.summary) > 20
    assert method.summary.endswith(".")
    assert "Source:" in text
    assert "Raises:" in text
    described = docstring_section(method.function, "Args")
    for parameter in method.parameters:
        assert described.get(parameter.name), f"{method.name}: {parameter.name} is not described"
    assert any(mark in method.source for mark in ("19", "20")), "a source names a year"


@each
def test_it_takes_its_tables_first_and_the_rest_by_keyword(method):
    kinds = [parameter.kind for parameter in inspect.signature(method.function).parameters.values()]
    assert kinds.count(inspect.Parameter.POSITIONAL_OR_KEYWORD) == len(method.reads)
    assert inspect.Parameter.VAR_KEYWORD not in kinds


@each
def test_its_rights_are_in_the_catalogue(method):
    assert method.rights
    assert set(method.rights) <= set(provisions())


@each
def test_its_words_say_what_they_take(method):
    for parameter in parameters(method.function):
        assert parameter.type_text


@each
@pytest.mark.parametrize("rows", [0, 1])
def test_hardly_any_rows(method, make_table, rows):
    """An answer or a refusal that says what is missing; never NaN, never another error."""
    tables = [arrow_table(table, rows) for table in method.reads]
    try:
        assert isinstance(answer(method, make_table, tables), Answer)
    except AnswerableError:
        with pytest.raises(AnswerableError, match=r"\w{3,}"):
            answer(method, make_table, tables)


@each
def test_nulls_and_unknown_categories(method, make_table):
    found = answer(method, make_table, [arrow_table(table, 400, nulls=True) for table in method.reads])
    assert found.estimates or found.observations or found.looked_for
    assert found.coverage.looked_at or not method.reads


@each
def test_the_same_answer_twice(method, make_table):
    tables = [arrow_table(table, 300) for table in method.reads]
    assert answer(method, make_table, tables).as_json() == answer(method, make_table, tables).as_json()


@each
def test_the_order_of_rows_changes_nothing(method, make_table):
    tables = [arrow_table(table, 300) for table in method.reads]
    order = random.Random(2).sample(range(300), 300)
    shuffled = [table.take(order) for table in tables]
    assert answer(method, make_table, tables).as_json() == answer(method, make_table, shuffled).as_json()


@each
def test_the_order_of_columns_changes_nothing(method, make_table):
    tables = [arrow_table(table, 300) for table in method.reads]
    turned = [table.select(table.column_names[::-1]) for table in tables]
    assert answer(method, make_table, tables).as_json() == answer(method, make_table, turned).as_json()


@each
def test_copies_change_no_value(method, make_table):
    """Everything four times: the values stay, unless given.toml says why a method's values rest on the amount."""
    import pyarrow as pa

    reason = GIVEN["values_rest_on_amount"].get(method.name)
    assert reason is None or len(reason) > 20, "a reason, in words"

    tables = [arrow_table(table, 300) for table in method.reads]
    once = answer(method, make_table, tables)
    four = answer(method, make_table, [pa.concat_tables([table] * 4) for table in tables])
    assert len(once.estimates) == len(four.estimates)
    for one, other in zip(once.estimates, four.estimates, strict=True):
        assert (one.name, one.of, one.against) == (other.name, other.of, other.against)
        if reason is not None:
            continue
        assert one.value == pytest.approx(other.value, rel=1e-9) if one.value is not None else other.value is None


@each
def test_the_answer_survives_being_written(method, make_table):
    import json

    found = answer(method, make_table, [arrow_table(table, 200) for table in method.reads])
    assert Answer.from_json(json.loads(json.dumps(found.as_json(), allow_nan=False))) == found


@each
def test_it_can_be_judged(method, make_table):
    found = answer(method, make_table, [arrow_table(table, 300) for table in method.reads])
    findings = judge([Answered(Question(method=method.name), found, method.rights)])
    assert len(findings) == len(found.estimates) + len(found.observations) + bool(
        found.looked_for and not found.observations
    )
    assert len({finding.id for finding in findings}) == len(findings), "every finding has an id of its own"
    for finding in findings:
        assert finding.statement
        assert finding.basis
        assert finding.rights == method.rights


@each
@pytest.mark.spark
@pytest.mark.parametrize("nulls", [False, True])
def test_duckdb_equals_spark(method, make_table, spark, nulls):
    """Integers exactly, floats to 1e-12, and never an empty answer."""
    tables = [arrow_table(table, 300, nulls=nulls) for table in method.reads]
    here, there = answer(method, make_table, tables), answer(method, make_table, tables, spark)
    assert here.estimates or here.observations or here.looked_for
    assert_equal(here.as_json(), there.as_json())
