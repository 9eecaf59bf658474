"""A first look: what each column is, which traps it names, and what it never shows."""

import json
import shlex

import pytest

from answerable.tabular.look import look


@pytest.fixture
def looked(evidence):
    """A function that looks at a table of text, given as {name: values}, and gives its columns by name."""

    def read(**columns):
        rows = zip(*columns.values(), strict=True)
        lines = [";".join(columns), *(";".join(row) for row in rows)]
        found = look(evidence("\n".join(lines) + "\n"), delimiter=";")
        return {column.name: column for column in found.columns}

    return read


@pytest.mark.parametrize(
    ("values", "kind", "role"),
    [
        (["1", "2", "3", "4"], "whole number", "number"),
        (["1", "2.5", "1e3", "-.5"], "number", "number"),
        (["2020-01-31", "2021-02-01", "2020-01-01", "2022-01-01"], "date", "date"),
        (["yes", "no", "yes", "NO"], "yes or no", "category"),
        (["y", "n", "y", ""], "yes or no", "two values"),
        (["a", "b", "c", "a"], "text", "category"),
        (["a", "a", "a", ""], "text", "one value"),
        (["", "", "", ""], "nothing", "empty"),
        (["25 - 45", "Less than 25", "25 - 45", "1"], "text", "category"),
    ],
)
def test_types_and_roles(looked, values, kind, role):
    column = looked(x=values, y=["1"] * 4)["x"]
    assert (column.type, column.role) == (kind, role)
    assert column.missing == values.count("")
    assert column.distinct == len(set(values) - {""})


def test_identifiers_are_never_shown(looked):
    names = [f"Person {number}" for number in range(60)]
    columns = looked(
        who=names,
        person_id=[str(number // 2 + 1000) for number in range(120)][:60],
        few=["Ann Ash", "Bo Birch"] + [f"C {number}" for number in range(28)] + ["x"] * 30,
        amount=[str(number * 1.5) for number in range(60)],
        case_id=[str(number % 55) for number in range(60)],
    )
    assert columns["who"].role == "identifier"
    assert columns["case_id"].role == "identifier"
    for name in ("who", "case_id"):
        assert (columns[name].values, columns[name].least, columns[name].most) == ((), None, None)
    assert columns["few"].values == ()
    assert (columns["amount"].role, columns["amount"].least, columns["amount"].most) == ("number", "0", "88.5")


def test_values_are_counted_and_ordered(looked):
    column = looked(x=["b", "a", "b", "c", "b", "a", ""], y=["1"] * 7)["x"]
    assert column.values == (("b", 3), ("a", 2), ("c", 1))
    column = looked(x=["10", "9", "9", "-3.5"], y=["1"] * 4)["x"]
    assert (column.least, column.most) == ("-3.5", "10")


@pytest.mark.parametrize(
    ("values", "trap"),
    [
        (["(null)", "a", "b"] * 2, "2 rows with '(null)': if it means missing, say so with missing='(null)'."),
        (["-", "1", "2"] * 2, "2 rows with '-': if it means missing, say so with missing='-'."),
        (["#N/A", "1", "#DIV/0!"] * 2, "4 rows with a spreadsheet's error, as #N/A: ask for what should stand there."),
        ([" ", "1", "2"] * 2, "2 rows with nothing but blanks: missing in a column of numbers, a value elsewhere."),
        (["0,5", "1,25", "3"] * 2, "4 rows with a decimal comma: have the file exported with decimal points."),
        (["1", "2", "many", "4"], "1 row with something else among numbers."),
        ([" a", "a", "b "] * 2, "4 rows with blanks before or after the value: values are compared exactly."),
        (["Male", "male", "Female"] * 3, "Values that differ by case or blanks only: 'Male', 'male'."),
        (["x", "x", "x"], "Every value is the same: it tells nothing apart."),
        (
            ["2020-01-31", "31/01/2020", "2020-02-01"],
            "Dates in 2 formats (YYYY-MM-DD, DD/MM/YYYY): have them exported as YYYY-MM-DD.",
        ),
        (["2020-01-31", "soon", "2020-02-01"], "1 row with something else among dates."),
        (
            ["01/02/2020", "03/04/2020", "03/04/2020"],
            "Dates as DD/MM/YYYY or with the month first, and no value tells which: have them exported as YYYY-MM-DD.",
        ),
        (
            ["13/02/2020", "02/13/2020", "03/04/2020"],
            "Dates as DD/MM/YYYY or with the month first, some can only be the one, some only the other: "
            "have them exported as YYYY-MM-DD.",
        ),
    ],
)
def test_traps_in_a_column(looked, values, trap):
    assert trap in looked(x=values, y=["1"] * len(values))["x"].traps


def test_a_plain_table_has_no_traps(looked):
    columns = looked(
        race=["b", "w", "w"], day=["2020-01-13", "2020-01-14", ""], n=["1", "2.5", ""], d=["31/1/2020"] * 3
    )
    assert [trap for name in ("race", "day", "n") for trap in columns[name].traps] == []
    assert columns["d"].traps == ("Every value is the same: it tells nothing apart.",)


def test_traps_of_the_file(evidence):
    found = look(evidence("n,N,a,a, b,\n1,2,3,4,5,6\n1,2\n"))
    assert found.traps == (
        "2 columns are called 'a': say which one by its place (#3, #4).",
        "Columns whose names differ by case only: 'N', 'n'; say which by its place.",
        "Column names that are empty, or have blanks around them: #5, #6.",
    )
    assert found.refused == ("1 row with fewer values than the header's 6 (first: 2).",)
    assert found.rows == 2
    assert look(evidence("2019,2020\n1,2\n")).traps == (
        "Every column name is a number: the file may have no header, and its first row would be lost.",
    )


def test_typed_columns(tmp_path):
    import datetime

    import pyarrow as pa
    import pyarrow.parquet as pq

    moments = [datetime.datetime(2020, 1, day, 3) for day in (1, 2, 2)]  # noqa: DTZ001  in UTC, and plain
    table = pa.table(
        {
            "number": [1.5, None, float("nan")],
            "flag": [True, False, True],
            "day": [moment.date() for moment in moments],
            "moment": moments,
            "zoned": pa.array(moments, pa.timestamp("us", "UTC")),
            "text": ["1", "2", "2"],
            "list": [[1], [2], [3]],
        }
    )
    pq.write_table(table, tmp_path / "evidence.parquet")
    found = {column.name: column for column in look(tmp_path / "evidence.parquet").columns}
    assert {name: column.type for name, column in found.items()} == {
        "number": "number",
        "flag": "yes or no",
        "day": "date",
        "moment": "date",
        "zoned": "date",
        "text": "whole number",
        "list": "nested",
    }
    assert (found["number"].missing, found["number"].distinct) == (2, 1)
    assert (found["day"].least, found["day"].most) == ("2020-01-01", "2020-01-02")
    assert found["text"].traps == ("Numbers stored as text: they are compared as text, and 1 is not 1.0.",)
    assert found["list"].traps == ("Holds more than plain values: it cannot be mapped.",)


def test_other_sheets_are_named(tmp_path):
    import openpyxl

    made = openpyxl.Workbook()
    made.active.append(["a"])
    made.active.append([1])
    made.create_sheet("Notes").append(["read me"])
    made.save(tmp_path / "evidence.xlsx")
    found = look(tmp_path / "evidence.xlsx", sheet="Sheet")
    assert found.traps == ("Other sheets of the spreadsheet, not read: 'Notes'.",)
    assert found.given == {"sheet": "Sheet"}


def test_more_columns_than_are_scanned_one_by_one(evidence):
    names = [f"c{number}" for number in range(50)]
    found = look(evidence("\n".join([",".join(names), *(",".join([str(row % 3)] * 50) for row in range(9))])))
    assert {column.values for column in found.columns} == {(("0", 3), ("1", 3), ("2", 3))}


def test_text_and_page(evidence):
    found = look(evidence("race,decided,<b>\nw,y,1\nb,n,2\nw,n,(null)\nw,n,3\n"))
    assert found.text() == (
        "evidence.csv: 4 rows, 3 columns (text, comma-separated, UTF-8)\n"
        "\n"
        "column   likely      missing  distinct  values\n"
        "race     two values        0         2  'w' 3, 'b' 1\n"
        "decided  two values        0         2  'n' 3, 'y' 1\n"
        "<b>      number            0         4  1 to 3\n"
        "\n"
        "To mind:\n"
        "  <b>: 1 row with '(null)': if it means missing, say so with missing='(null)'.\n"
        "\n"
        "To start from:\n"
        f"  answerable ask decisions.disparity {found.path} --decided decided --groups race"
    )
    page = found._repr_html_()
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert "<th>column</th>" in page


def test_json(evidence):
    found = look(evidence("race,decided\nw,y\nb,n\n"))
    data = json.loads(json.dumps(found.as_json()))
    assert data["columns"][0]["values"] == []  # each value stands for one row
    assert data["file"] == "evidence.csv"
    assert len(data["sha256"]) == 64


@pytest.mark.parametrize(
    ("name", "words", "column"),
    [
        ("compas_two_years_min.csv", ["--decided", "is_recid"], "race"),
        ("nyc_sqf2020_min.csv", ["--decided", "FRISKED_FLAG", "--missing", "(null)"], "SUSPECT_SEX"),
        ("sweden_vab2017_gender.csv", ["--decided", "Result=Errors Found"], "Gender"),
    ],
)
def test_the_suggested_command_reads_the_public_files(public_data, duck, name, words, column):
    from answerable.areas.decisions.read.decisions import read_decisions

    path = public_data / "decisions" / name
    found = look(path)
    (command,) = found.commands
    parts = shlex.split(command)
    assert parts[:4] == ["answerable", "ask", "decisions.disparity", str(path)]
    assert all(word in parts for word in [*words, column])
    options = {}
    for option, value in zip(parts[4::2], parts[5::2], strict=True):
        options.setdefault(option.removeprefix("--"), []).append(value)
    several = {name: values for name, values in options.items() if name in {"groups", "missing"}}
    reading = read_decisions(duck, path, **{name: values[0] for name, values in options.items()} | several)
    assert reading.account.rows == found.rows


def test_the_swedish_blanks_are_named(public_data):
    found = look(public_data / "decisions" / "sweden_vab2017_gender.csv")
    score = next(column for column in found.columns if column.name == "Risk Score")
    assert score.traps == ("1,202 rows with nothing but blanks: missing in a column of numbers, a value elsewhere.",)


@pytest.mark.spark
@pytest.mark.parametrize("width", [4, 40])
def test_spark_sees_the_same(evidence, spark, width):
    names = ["race", "day", "n", "flag", *(f"c{number}" for number in range(width - 4))]
    rows = [
        [["b", "w ", "(null)", ""][at % 4], f"2020-01-{at % 28 + 1:02}", [" ", "1.5", "2", "3,5"][at % 4], "yn"[at % 2]]
        + [f"{at % 7}/{at % 12 + 1}/2020"] * (width - 4)
        for at in range(40)
    ]
    path = evidence("\n".join(";".join(row) for row in [names, *rows]), "evidence.csv")
    assert look(path, engine=spark) == look(path)
