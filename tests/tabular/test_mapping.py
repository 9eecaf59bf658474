"""Mapping a file to a declared table: what each word becomes, what is refused, what the account says."""

import datetime

import pytest

from answerable.core.table import Column, Table
from answerable.errors import EvidenceError, MappingError
from answerable.tabular.mapping import read_mapped
from answerable.tabular.typed import Bound

TABLE = Table(
    name="checks",
    meaning="one check",
    columns={
        "hit": Column("boolean", "whether"),
        "who": Column("string", "who"),
        "size": Column("float64", "how large"),
        "times": Column("int64", "how often"),
        "at": Column("timestamp", "when", "UTC"),
    },
    repeated={"group": Column("string", "an attribute")},
)
BOUNDS = {"size": Bound(0, above=True, there=True, mend="Mend it."), "times": Bound(0, whole=True, there=True)}


@pytest.fixture(params=["text", "parquet"])
def tabled(request, evidence, tmp_path):
    """A function that writes {name: values} as a file of text, and as typed Parquet."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def write(**columns):
        if request.param == "parquet":
            pq.write_table(pa.table(columns), tmp_path / "evidence")
            return tmp_path / "evidence"
        lines = [",".join(columns), *(",".join(map(_written, row)) for row in zip(*columns.values(), strict=True))]
        return evidence("\n".join(lines), "evidence")

    return write


def _written(value):
    return "" if value is None else str(value)


@pytest.fixture
def mapped(duck):
    """A function that maps a file and gives columns and account."""

    def read(path, *, groups=None, where=None, missing=None, bounds=None, engine=None, **columns):
        engine = engine or duck
        reading = read_mapped(
            engine,
            path,
            TABLE,
            columns=columns,
            repeated={"group": groups},
            where=where,
            missing=missing,
            bounds=bounds,
        )
        return engine.collect(reading.rows), reading

    return read


@pytest.fixture
def refused(mapped):
    """A function that maps a file, expects a refusal, and gives its message."""

    def read(path, error=EvidenceError, **words):
        with pytest.raises(error) as caught:
            mapped(path, **words)
        return str(caught.value)

    return read


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("x=1", [True, False, False, None]),
        ("x=1,2", [True, True, False, None]),
        ("x=1,2/3", [True, True, False, None]),
        ("x!=1", [False, True, True, None]),
        ("x>=2", [False, True, True, None]),
        ("x>2", [False, False, True, None]),
        ("x<2", [True, False, False, None]),
        ("x<=2.5", [True, True, False, None]),
    ],
)
def test_conditions_as_yes_and_no(tabled, mapped, word, expected):
    found, _ = mapped(tabled(x=[1, 2, 3, None], y=[1, 1, 1, 1]), hit=word)
    assert found == {"hit": expected}


def test_numbers_match_as_numbers_in_columns_of_numbers_and_as_text_in_text(tabled, mapped, refused):
    path = tabled(x=[1.0, 2.0])
    if path.read_bytes().startswith(b"PAR1"):
        assert mapped(path, hit="x=1")[0] == {"hit": [True, False]}
        assert mapped(path, groups=["x"])[0] == {"x": ["1", "2"]}
    else:
        assert refused(path, MappingError, hit="x=1") == (
            "evidence, column 'x': no row has the value '1', which 'x=1' names. Nearest: '1.0', '2.0'."
        )
        assert mapped(path, hit="x=1.0")[0] == {"hit": [True, False]}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["true", "FALSE", ""], [True, False, None]),
        (["Y", "n", "y"], [True, False, True]),
        (["yes", "no", "No"], [True, False, False]),
        (["1", "0", "1"], [True, False, True]),
        (["1.0", "0.0", "1.0"], [True, False, True]),
        (["t", "f", "F"], [True, False, False]),
        (["1", "1", "1"], [True, True, True]),
    ],
)
def test_columns_that_say_yes_and_no(evidence, mapped, values, expected):
    found, reading = mapped(evidence("x,y\n" + "".join(f"{value},\n" for value in values)), hit="x")
    assert found == {"hit": expected}
    assert set(reading.account.values["hit"].values()) == {"yes", "no"}


def test_typed_columns_that_say_yes_and_no(tmp_path, mapped):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(
        pa.table({"b": [True, False, None], "n": [1, 0, None], "f": [0.0, 1.0, None]}), tmp_path / "evidence"
    )
    for name, expected in {"b": [True, False, None], "n": [True, False, None], "f": [False, True, None]}.items():
        assert mapped(tmp_path / "evidence", hit=name)[0] == {"hit": expected}
    assert mapped(tmp_path / "evidence", hit="b=false")[0] == {"hit": [False, True, None]}


def test_columns_that_do_not_say_yes_and_no(evidence, refused):
    path = evidence("x,z\nLow,1\nHigh,yes\n")
    assert refused(path, hit="x") == (
        "evidence.csv, column 'x': its values ('High' and 'Low') do not say yes and no by themselves. "
        "Say which values mean yes, as x=VALUE,VALUE."
    )
    assert refused(path, hit="z") == (
        "evidence.csv, column 'z': its values ('1' and 'yes') do not say yes and no by themselves. "
        "Say which values mean yes, as z=VALUE,VALUE."
    )
    assert refused(evidence("x,y\n,1\n"), hit="x") == (
        "evidence.csv, column 'x': its values (all missing) do not say yes and no by themselves. "
        "Say which values mean yes, as x=VALUE,VALUE."
    )
    assert refused(evidence("x\nyes\nno\nperhaps\n"), hit="x") == (
        "evidence.csv, row 3, column 'x': 'perhaps' is neither 'yes' nor 'no'. "
        "Say which values mean yes, as x=VALUE,VALUE."
    )


def test_a_value_outside_an_exhaustive_condition(tabled, refused, mapped):
    path = tabled(x=["a", "b", "c", "c", None], y=[1] * 5)
    assert refused(path, hit="x=a/b") == (
        "evidence, row 3, column 'x': 'c' is neither a value for yes nor one for no in 'x=a/b' (2 rows are like it). "
        "Name it on one side of the slash, leave the slash out, or declare it missing with missing=..."
    )
    assert mapped(path, hit="x=a/b", missing=["c"])[0] == {"hit": [True, False, None, None, None]}
    assert mapped(path, hit="x=a/b", where=["x!=c"])[0] == {"hit": [True, False]}


def test_values_that_do_not_occur(tabled, refused):
    path = tabled(race=["White", "Black", "white "], other=["a", "b", "c"])
    assert refused(path, MappingError, hit="race=Whit") == (
        "evidence, column 'race': no row has the value 'Whit', which 'race=Whit' names. Nearest: 'White', 'white '."
    )
    assert refused(path, MappingError, groups=["race=White,Blak"]) == (
        "evidence, column 'race': no row has the value 'Blak', which 'race=White,Blak' names. Nearest: 'Black'. "
        'A value with a comma or a slash is put in quotes ("N/A").'
    )
    assert "no row has the value 'x'" in refused(path, MappingError, groups=["race"], where=["other!=x"])


def test_groups(tabled, mapped):
    path = tabled(race=["b", "w", None], Income=[100, 300, None], Education=["1", "4", "9"])
    words = ["race", "Income<290", "Education=1,2/4,9"]
    with pytest.raises(MappingError, match="no row has the value '2'"):
        mapped(path, groups=words)
    found, reading = mapped(path, groups=["race", "Income<290", "Education=1/4,9"])
    assert found == {
        "race": ["b", "w", "(missing)"],
        "Income": ["<290", ">=290", "(missing)"],
        "Education": ["1", "4,9", "4,9"],
    }
    assert reading.given == {"groups": ["race", "Income", "Education"]}
    assert reading.account.values["Income"] == {"<290": "<290", ">=290": ">=290"}
    assert mapped(path, groups=["Education=1,4"])[0] == {"Education": ["1,4", "1,4", "other than 1,4"]}
    assert mapped(path, groups=["Education!=1"])[0] == {"Education": ["1", "other than 1", "other than 1"]}


def test_group_columns_keep_the_files_name_unless_it_is_taken(evidence, mapped, refused):
    path = evidence('"Group, of people",SIZE,race,Race,\nx,1,2,3,4\n')
    assert mapped(path, groups=["Group, of people"])[0] == {"Group, of people": ["x"]}
    ending = "Have it exported under another name, or add a column with another name to a copy of the file."
    assert refused(path, MappingError, groups=["SIZE"]) == (
        f"evidence.csv: a group column cannot be called 'SIZE', like the checks' own column 'size'. {ending}"
    )
    assert refused(path, MappingError, groups=["#3", "#4"]) == (
        f"evidence.csv: a group column cannot be called 'Race', twice. {ending}"
    )
    assert refused(path, MappingError, groups=["#5"]) == f"evidence.csv: a group column cannot be called ''. {ending}"


def test_missing_values(evidence, mapped):
    path = evidence("race,size,who\n(null),1,-9\nNA,-9,x\nw,,\n b, ,y\n")
    found, reading = mapped(path, groups=["race"], size="size", who="who", missing=["(null)", "NA", "-9"])
    assert found == {
        "who": [None, "x", None, "y"],
        "size": [1, None, None, None],
        "race": ["(missing)", "(missing)", "w", " b"],
    }
    assert reading.account.notes == (
        "1 row with '(null)', 'NA', '-9' in column 'who' taken as missing, as declared.",
        "1 row with nothing but blanks in column 'size' taken as missing.",
        "1 row with '(null)', 'NA', '-9' in column 'size' taken as missing, as declared.",
        "2 rows with '(null)', 'NA', '-9' in column 'race' taken as missing, as declared.",
    )


def test_missing_numbers_in_typed_columns(tmp_path, mapped):
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"n": [1, -9, None], "f": [float("nan"), 2.5, -9.0]})
    pq.write_table(table, tmp_path / "evidence")
    found, _ = mapped(tmp_path / "evidence", size="f", groups=["n"], missing=["-9"])
    assert found == {"size": [None, 2.5, None], "n": ["1", "(missing)", "(missing)"]}


def test_numbers_as_text(evidence, mapped):
    found, reading = mapped(evidence("x\n1\n-2.5\n+3.\n.5\n1e3\n 7 \n"), size="x")
    assert found == {"size": [1, -2.5, 3, 0.5, 1000, 7]}
    assert reading.account.notes == ("1 row with blanks around the number in column 'x'.",)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("0,5", "'0,5' is written with a comma, which parts decimals in some countries and thousands in others"),
        (
            "1,234.5",
            "'1,234.5' is written with a comma, which parts decimals in some countries and thousands in others",
        ),
        ("many", "'many' is not a number"),
        ("1_000", "'1_000' is not a number"),
        ("0x1f", "'0x1f' is not a number"),
        ("inf", "'inf' is not a number"),
        ("nan", "'nan' is not a number"),
        ("1e999", "'1e999' is not a finite number"),
    ],
)
def test_text_that_is_no_number(evidence, refused, value, problem):
    path = evidence(f'x;y\n1;1\n"{value}";1\n{value};1\n')
    message = refused(path, size="x")
    assert message.startswith(f"evidence.csv, row 2, column 'x': {problem} (2 rows are like it). ")
    assert refused(path, hit="x>5").startswith(f"evidence.csv, row 2, column 'x': {problem}")


def test_infinite_numbers(tmp_path, refused):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"x": [1.0, float("inf")]}), tmp_path / "evidence")
    assert refused(tmp_path / "evidence", size="x") == (
        "evidence, row 2, column 'x': inf is not a finite number. Ask for the file again."
    )


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ([1, 2, -3], "-3 is not above 0"),
        ([1, 2, 0], "0 is not above 0"),
        ([1, 2, None], "the value is missing"),
    ],
)
def test_bounds(tabled, refused, values, problem):
    path = tabled(x=values, y=[1, 2, 3])
    text = not path.read_bytes().startswith(b"PAR1")
    shown = repr(problem.split(" ")[0]) + problem[problem.index(" ") :] if text and problem[0] in "-0" else problem
    assert refused(path, size="x", bounds=BOUNDS) == f"evidence, row 3, column 'x': {shown}. Mend it."


def test_whole_numbers(tabled, mapped, refused):
    found, reading = mapped(tabled(x=[1.0, 2.0, 0.0], y=[1, 1, 1]), times="x", bounds=BOUNDS)
    assert found == {"times": [1, 2, 0]}
    assert str(reading.rows.schema()["times"]) == "int64"
    for values, problem in {(1.5, 2.0): "is not a whole number", (-1.0, 2.0): "is not at least 0"}.items():
        assert problem in refused(tabled(x=list(values), y=[1, 1]), times="x", bounds=BOUNDS)


def moment(*parts):
    return datetime.datetime(*parts)  # noqa: DTZ001  in UTC, and plain


@pytest.mark.parametrize(
    ("values", "expected", "name"),
    [
        (["2020-01-31", ""], [moment(2020, 1, 31), None], "YYYY-MM-DD"),
        (["2020-01-31T10:20", "2020-01-31"], [moment(2020, 1, 31, 10, 20), moment(2020, 1, 31)], "YYYY-MM-DD"),
        (["2020-01-31 10:20:30.5+02:00"], [moment(2020, 1, 31, 8, 20, 30, 500000)], "YYYY-MM-DD"),
        (["2020-01-31T10:20:30Z"], [moment(2020, 1, 31, 10, 20, 30)], "YYYY-MM-DD"),
        (["2020/1/31", "2020/10/01"], [moment(2020, 1, 31), moment(2020, 10, 1)], "YYYY/MM/DD"),
        (["20200131"], [moment(2020, 1, 31)], "YYYYMMDD"),
        (["31/01/2020", "1/2/2020"], [moment(2020, 1, 31), moment(2020, 2, 1)], "DD/MM/YYYY"),
        (
            ["01/31/2020 9:05", "1/2/2020 10:00:01"],
            [moment(2020, 1, 31, 9, 5), moment(2020, 1, 2, 10, 0, 1)],
            "MM/DD/YYYY",
        ),
        (["31.12.2020"], [moment(2020, 12, 31)], "DD.MM.YYYY"),
        (["12-31-2020"], [moment(2020, 12, 31)], "MM-DD-YYYY"),
    ],
)
def test_times(evidence, mapped, values, expected, name):
    found, reading = mapped(evidence("x,y\n" + "".join(f"{value},\n" for value in values)), at="x")
    assert found == {"at": expected}
    assert reading.account.values == {"at": {name: "time in UTC"}}


def test_times_in_two_formats(evidence, refused):
    assert refused(evidence("x\n2020-01-31\n2020-02-01\n31/01/2020\n01/02/2020\n2020-03-01\n"), at="x") == (
        "evidence.csv, row 3, column 'x': '31/01/2020' is not a time written as YYYY-MM-DD, as most of the column is "
        "(others: DD/MM/YYYY) (2 rows are like it). Have the column exported with one format, best YYYY-MM-DD."
    )
    assert refused(evidence("x\n31/01/2020\n01/31/2020\n"), at="x") == (
        "evidence.csv, column 'x': its dates have two formats: some can only be DD/MM/YYYY, others only MM/DD/YYYY. "
        "Have the column exported as YYYY-MM-DD."
    )
    assert refused(evidence("x\n01/02/2020\n"), at="x") == (
        "evidence.csv, column 'x': its dates could be DD/MM/YYYY or MM/DD/YYYY, and no value tells which. "
        "Have the column exported as YYYY-MM-DD."
    )


@pytest.mark.parametrize("value", ["2020-02-31", "soon", "43831", "2020-13-01", "31.11.2020"])
def test_what_is_no_time(evidence, refused, value):
    message = refused(evidence(f"x\n2020-01-01\n{value}\n2020-01-01\n"), at="x")
    assert message.startswith(f"evidence.csv, row 2, column 'x': {value!r} is not a time written as YYYY-MM-DD")


def test_typed_times_and_bounds_on_times(tmp_path, evidence, mapped):
    import pyarrow as pa
    import pyarrow.parquet as pq

    moments = [moment(2014, 3, 31, 23), moment(2014, 4, 1), None]
    zoned = pa.array(moments, pa.timestamp("us", "Europe/Paris"))
    pq.write_table(pa.table({"t": moments, "z": zoned, "d": [m and m.date() for m in moments]}), tmp_path / "evidence")
    text = evidence("t,z,d\n2014-03-31 23:00,2014-03-31T23:00Z,2014-03-31\n2014-04-01,2014-04-01,2014-04-01\n,,\n")
    for path in (tmp_path / "evidence", text):
        assert mapped(path, hit="t<2014-04-01")[0] == {"hit": [True, False, None]}
        assert mapped(path, hit="d>=2014-04-01")[0] == {"hit": [False, True, None]}
        assert mapped(path, at="z")[0] == {"at": moments}


def test_rows_left_out_are_counted_and_not_checked(tabled, mapped, refused):
    path = tabled(x=[1, -1, 2, None], y=["a", "b", "a", "a"], z=[1, 2, 3, 4])
    found, reading = mapped(path, size="x", where=["y=a", "x>=0"], bounds=BOUNDS)
    assert found == {"size": [1, 2]}
    assert (reading.account.rows, reading.account.left_out) == (4, 2)
    assert reading.account.columns == ("x", "y")
    assert reading.account.unread == ("z",)
    assert refused(path, MappingError, size="x", where=["x>100"]) == "evidence: where=x>100 leaves no row."


def test_the_view_holds_only_what_is_mapped(tabled, mapped):
    _, reading = mapped(tabled(x=[1], y=["a"], z=[2]), who="y", hit="x=1", groups=["z"])
    assert reading.rows.columns == ("hit", "who", "z")
    assert reading.account.file == "evidence"
    assert len(reading.account.sha256) == 64


def test_one_column_for_two_words(tabled, mapped):
    found, _ = mapped(tabled(x=[1, 5], y=[0, 0]), hit="x>=2", size="x", groups=["x<2"])
    assert found == {"hit": [False, True], "size": [1, 5], "x": ["<2", ">=2"]}


def test_words_that_do_not_map(evidence, refused):
    path = evidence("x,y\n1,2\n")
    assert (
        refused(path, MappingError, hit=None, who=None) == "Say which columns of evidence.csv are the checks: hit, who."
    )
    assert refused(path, MappingError, who="x=1") == "'x=1': this takes a column as it is, without a condition."
    assert refused(path, MappingError, hit="x>high") == "'x>high': 'high' is neither a number nor a date (YYYY-MM-DD)."
    assert refused(path, MappingError, hit="z=1") == "evidence.csv has no column 'z'. Known: x, y."


def test_nested_values(tmp_path, evidence, refused, mapped):
    import pyarrow as pa
    import pyarrow.parquet as pq

    lines = evidence('{"a": 1, "b": 1}\n{"a": [2], "b": 2}\n', "evidence.jsonl")
    mend = "Choose another column, or have the values exported as columns of their own."
    assert (
        refused(lines, who="a") == f"evidence.jsonl, row 2, column 'a': it holds nested values, not plain ones. {mend}"
    )
    assert mapped(lines, who="b")[0] == {"who": ["1", "2"]}
    pq.write_table(pa.table({"a": [[1], [2]], "b": [b"x", b"y"]}), tmp_path / "evidence")
    assert refused(tmp_path / "evidence", who="a").startswith("evidence, column 'a': it holds array<int64>, not plain")
    assert refused(tmp_path / "evidence", who="b").startswith(
        "evidence, column 'b': it holds binary, not plain values."
    )


def test_a_table_without_rows(tmp_path, refused):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"x": pa.array([], pa.int64())}), tmp_path / "evidence")
    assert refused(tmp_path / "evidence", who="x") == "evidence: the file holds no rows. Ask for the file again."


def test_names_that_sql_would_confuse(tmp_path, mapped):
    import pyarrow as pa
    import pyarrow.parquet as pq

    names = ["n", "N", "row", "c1", "n_1", "select", "a.b", "x y", 'q"q', "é"]
    columns = [pa.array([at, at + 100]) for at in range(len(names))]
    pq.write_table(pa.table(columns, names=names), tmp_path / "evidence")
    groups = [f"#{at}" for at in range(3, len(names) + 1)]
    found, _ = mapped(tmp_path / "evidence", size="#2", groups=groups)
    assert found == {"size": [1, 101], **{name: [str(at), str(at + 100)] for at, name in enumerate(names) if at > 1}}


WORDS = {
    "hit": "size>=2",
    "who": "who",
    "size": "size",
    "times": "times",
    "at": "at",
    "groups": ["race", "age<25", "level=1/2,3", "flag!=y"],
    "where": ["keep=1", "at<2021-01-01"],
    "missing": ["(null)"],
    "bounds": BOUNDS,
}


@pytest.mark.spark
def test_spark_gives_the_same_cells(evidence, tmp_path, mapped, spark):
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = [
        "who,size,times,at,race,age,level,flag,keep,n,N",
        *(
            f"{'p' * (i % 4)},{i % 5 + 0.5},{i % 3}.0,{i % 28 + 1}/{i % 12 + 1}/{2019 + i % 3} 8:0{i % 9},"
            f"{['b', 'w', '(null)', '', 'W '][i % 5]},{['24', '25.5', ' ', ''][i % 4]},{i % 3 + 1},"
            f"{'yn'[i % 2]},{int(i % 7 > 0)},1,2"
            for i in range(200)
        ),
    ]
    text = evidence("\n".join(rows))
    table = pa.table(
        {
            "who": [i % 4 for i in range(200)],
            "size": [i % 5 + 0.25 for i in range(200)],
            "times": [float(i % 3) for i in range(200)],
            "at": [moment(2019 + i % 3, i % 12 + 1, 2, 3, 4) for i in range(200)],
            "race": ["b", "w", "(null)", None, ""] * 40,
            "age": [24.0, 25.0, float("nan"), None] * 50,
            "level": [1, 2, 3, 2] * 50,
            "flag": ["y", "n"] * 100,
            "keep": [1, 0, 1, 1] * 50,
            "n": [1] * 200,
            "N": [2] * 200,
        }
    )
    pq.write_table(table, tmp_path / "evidence.parquet")
    for path in (text, tmp_path / "evidence.parquet"):
        (here, one), (there, other) = mapped(path, **WORDS), mapped(path, engine=spark, **WORDS)
        assert len(here["hit"]) > 50
        assert sorted(map(repr, zip(*here.values(), strict=True))) == sorted(
            map(repr, zip(*there.values(), strict=True))
        )
        assert one.account == other.account
        assert one.rows.schema() == other.rows.schema()


@pytest.mark.spark
@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"size": "who"}, "evidence.csv, row 2, column 'who': 'x' is not a number. "),
        ({"at": "at"}, "evidence.csv, row 3, column 'at': '2020-02-31' is not a time written as YYYY-MM-DD"),
        ({"hit": "who=y"}, "evidence.csv, column 'who': no row has the value 'y', which 'who=y' names. Nearest: 'x'"),
        ({"who": "N"}, "evidence.csv: which column is 'N'? The file has names that differ by case only"),
    ],
)
def test_spark_refuses_alike(evidence, refused, spark, words, message):
    path = evidence("who,at,n,N\n1,2020-01-01,1,2\nx,2020-01-01,1,2\n3,2020-02-31,1,2\n")
    assert refused(path, (EvidenceError, MappingError), engine=spark, **words).startswith(message)


def test_the_account_names_the_other_values_of_a_text(tmp_path, duck):
    """A value such as N/A counts as no where only the yes is named: whoever reads the account must see it."""
    from answerable.areas.decisions.read.decisions import read_decisions

    path = tmp_path / "scores.csv"
    path.write_text("score,age\n" + "High,30\nLow,40\nN/A,50\nLow,60\n", encoding="utf-8")
    account = read_decisions(duck, path, decided="score=High").account
    assert dict(account.values["decided"]) == {"High": "yes", "Low": "no", "N/A": "no"}
    path.write_text("score\nyes\n" + "".join(f"v{number}\n" for number in range(30)), encoding="utf-8")
    values = read_decisions(duck, path, decided="score=yes").account.values["decided"]
    assert len(values) == 1 + 12 + 1 and values["(every other value)"] == "no"
