"""case.toml: what it says, and what it refuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from answerable.case.folder import Case
from answerable.case.plan import parse_plan
from answerable.errors import CaseError

Planned = Callable[[str], Case]


def refused(planned: Planned, text: str) -> str:
    with pytest.raises(CaseError) as caught:
        planned(text)
    return str(caught.value)


def test_a_case_says_what_it_has_and_asks(case: Case) -> None:
    plan = case.plan
    assert plan.settings.title == "A phone"
    assert [exhibit.name for exhibit in plan.exhibits] == ["phone.txt"]
    assert [table.name for table in plan.tables] == ["records", "artefacts"]
    (planned,) = plan.questions
    assert planned.question.method == "forensic.names"
    assert planned.question.parameters["known"] == {"bh": "a known implant"}
    assert set(planned.tables) == {"records", "artefacts"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[[exhibt]]\npath = "a"\n', ["exhibt", "Nearest: exhibit"]),
        ('[exhibits]\npath = "a"\n', ["exhibits", "Nearest: exhibit"]),
        ('[[exhibit]]\npaht = "exhibits/a"\n', ["[[exhibit]] 2", "'paht'", "Nearest: path"]),
        ("[[exhibit]]\n", ["[[exhibit]] 2", "needs path"]),
        ("[[exhibit]]\npath = 5\n", ["[[exhibit]] 2", "path takes text, not 5"]),
        ('[[exhibit]]\npath = "exhibits/PHONE.txt"\n', ["two exhibits of the name PHONE.txt"]),
        ('[[table]]\nname = "t"\nis = "recods"\nfrom = "phone.txt"\n', ["[[table]] t, key is", "Nearest: records"]),
        ('[[table]]\nname = "t"\nfrom = "phone.txt"\n', ["[[table]] t, key is", "it has no is"]),
        ('[[table]]\nname = "t"\nis = "records"\n', ["[[table]] t", "no from", "phone.txt"]),
        ('[[table]]\nname = "t"\nis = "records"\nfrom = "fone.txt"\n', ["'fone.txt'", "Nearest: phone.txt"]),
        ('[[table]]\nname = "t"\nis = "records"\nfrom = "phone.txt"\nmising = "x"\n', ["'mising'", "Nearest: missing"]),
        ('[[table]]\nname = "t"\nis = "records"\nfrom = "phone.txt"\nmissing = 5\n', ["missing takes a list of text"]),
        ('[[table]]\nis = "records"\nfrom = "phone.txt"\n', ["two tables of the name records"]),
        ("[[table]]\nfrom = 5\n", ["[[table]] 3", "from takes text, not 5"]),
        ("[[table]]\n", ["[[table]] 3", "neither name nor is"]),
        ('[[table]]\nname = "t"\nis = "artefacts"\nfrom = "records"\n', ["it is artefacts, but records"]),
        ("[[question]]\n", ["[[question]] 2", "no method", "Known: decisions."]),
        ('[[question]]\nmethod = "forensic.nams"\n', ["[[question]] 2 (forensic.nams)", "Nearest: forensic.names"]),
        ('[[question]]\nmethod = "forensic.names"\n', ["[[question]] 2 (forensic.names)", "needs known"]),
        ('[[question]]\nmethod = "forensic.names"\nknwon = {}\n', ["'knwon'", "Nearest: known"]),
        ('[[question]]\nmethod = "forensic.names"\nknown = "x"\n', ["known takes name=value pairs"]),
        (
            '[[question]]\nmethod = "forensic.names"\nknown = {a = "b"}\ntable = "recrds"\n',
            ["'recrds'", "Nearest: records"],
        ),
        ('[[question]]\nmethod = "forensic.names"\nknown = {a = "b"}\ntable = "records"\n', ["it reads artefacts"]),
        ('[[question]]\nmethod = "forensic.names"\nknown = {a = "b"}\ntable = 5\n', ["table takes the name", "not 5"]),
        ('[[question]]\nmethod = "forensic.names"\nknown = {a = "b"}\ntable = [{}]\n', ["table takes the name"]),
        ('[[question]]\nmethod = "forensic.names"\nknown = {bh = "a known implant"}\n', ["the same as question 1"]),
        ('[[question]]\nmethod = "forensic.names"\nknown = {a = "b"}\nthreshold = {ratio = 0.5}\n', ["ratio=0.5"]),
        (
            '[[question]]\nmethod = "forensic.names"\nknown = {a = "b"}\nthreshold = {ratio = inf}\n',
            ["inf is not a number"],
        ),
        ('[[question]]\nmethod = "forensic.names"\nknown = {a = "b"}\ncorrection = "holms"\n', ["one of: holm"]),
    ],
)
def test_an_entry_that_is_not_right_is_named(planned: Planned, text: str, expected: list[str]) -> None:
    message = refused(planned, text)
    assert message.startswith("case.toml")
    for piece in expected:
        assert piece in message


@pytest.mark.parametrize(
    "path",
    [
        "../phone.txt",
        "/etc/passwd",
        "exhibits/../../phone.txt",
        "exhibits/..",
        "exhibits/sub/phone.txt",
        "exhibits",
        "C:/phone.txt",
        "exhibits\\\\phone.txt",
        "exhibits/..\\\\..\\\\phone.txt",
        "./exhibits/other.txt",
        "",
    ],
)
def test_a_path_that_is_not_in_the_exhibits_is_refused(planned: Planned, path: str) -> None:
    message = refused(planned, f'[[exhibit]]\npath = "{path}"\n')
    assert "[[exhibit]] 2, key path" in message
    assert "answerable add" in message


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "[case]: is missing"),
        ('title = "x"\n', "title: there is no such entry"),
        ("question = 5\n", "Begin each with [[question]]"),
        ("[case]\n", "[case]: It needs title"),
        ("case = 5\n", "[case]: is not a table"),
        ('[case]\ntitle = "x"\nlevle = 0.9\n', "Nearest: level"),
        ('[case]\ntitle = "x"\nlevel = 95\n', "between 0 and 1"),
        ('[case]\ntitle = "x"\nlevel = true\n', "level takes a number"),
        ('[case]\ntitle = "x"\nsmallest_cell = 0\n', "at least 1"),
        ('[case]\ntitle = "x"\nengine = "duckbd"\n', "one of: duckdb, spark"),
        ('[case]\ntitle = "x"\nengine_options = 5\n', "[case.engine_options]"),
        ('[case]\ntitle = "x"\n[exhibit]\npath = "exhibits/a"\n', "two brackets"),
        ('[case]\ntitle = "x"\n[[table]]\nis = "records"\nfrom = "phone.txt\n', "line 5"),
        ('[case]\ntitle = "x"\ntitle = "y"\n', "is not TOML"),
    ],
)
def test_a_file_that_is_not_right_is_refused(forensic: object, text: str, expected: str) -> None:
    with pytest.raises(CaseError, match=re.escape(expected)) as caught:
        parse_plan(text)
    assert str(caught.value).startswith("case.toml")


def test_a_syntax_error_names_line_and_column(case: Case) -> None:
    (case.path / "case.toml").write_text('[case]\ntitle = "x\n')
    with pytest.raises(CaseError, match=r"line 2, column \d+"):
        Case.open(case.path)


def test_a_file_that_is_not_utf8_is_refused_and_a_mark_at_its_start_is_not(case: Case) -> None:
    file = case.path / "case.toml"
    text = file.read_bytes()
    file.write_bytes(b"\xef\xbb\xbf" + text)
    assert Case.open(case.path).plan == case.plan
    file.write_bytes(text + b"# caf\xe9\n")
    with pytest.raises(CaseError, match="not UTF-8"):
        Case.open(case.path)


def test_a_table_may_be_taken_from_another(planned: Planned) -> None:
    plan = planned(
        'table = ["records", "artefacts"]\n'
        '[[table]]\nname = "last"\nfrom = "middle"\n'
        '[[table]]\nname = "middle"\nfrom = "records"\nmissing = ["gone", "lost"]\n'
    ).plan
    records, _, last, middle = plan.tables
    assert last.exhibit is middle.exhibit is records.exhibit
    assert last.words == middle.words == {"missing": ["gone", "lost"]}
    assert records.words == {}


@pytest.mark.parametrize(
    ("text", "circle"),
    [
        ('[[table]]\nname = "a"\nis = "records"\nfrom = "a"\n', "a from a"),
        (
            '[[table]]\nname = "a"\nfrom = "b"\n[[table]]\nname = "b"\nfrom = "c"\n[[table]]\nname = "c"\nfrom = "a"\n',
            "a from b from c from a",
        ),
    ],
)
def test_tables_taken_from_themselves_are_refused(planned: Planned, text: str, circle: str) -> None:
    message = refused(planned, text)
    assert circle in message
    assert "name an exhibit" in message


def test_a_question_names_its_table_where_several_fit(planned: Planned) -> None:
    other = '[[table]]\nname = "other"\nis = "records"\nfrom = "phone.txt"\nmissing = ["gone"]\n'
    case = planned(other)
    assert case.plan.questions[0].tables["records"].name == "records"  # the one of that name
    file = case.path / "case.toml"
    file.write_text(file.read_text().replace('is = "records"', 'name = "first"\nis = "records"', 1))
    with pytest.raises(CaseError, match="several tables could be meant: first, other"):
        Case.open(case.path)


def test_a_question_refines_the_words_of_its_table(planned: Planned) -> None:
    case = planned(
        '[[question]]\nmethod = "forensic.names"\nknown = { a = "b" }\n'
        'table = ["records", "artefacts"]\nmissing = ["no"]\n'
    )
    first, second = (planned.question for planned in case.plan.questions)
    assert first.mapping["records"]["missing"] == ("missing",)
    assert second.mapping["records"]["missing"] == second.mapping["artefacts"]["missing"] == ("no",)


def test_the_case_says_what_questions_leave_out(case: Case) -> None:
    file = case.path / "case.toml"
    text = file.read_text().replace("[[exhibit]]", "level = 0.9\nsmallest_cell = 5\n[[exhibit]]", 1)
    file.write_text(text)
    question = Case.open(case.path).questions[0]
    assert (question.parameters["level"], question.smallest) == (0.9, 5)
    file.write_text(f"{text}\nlevel = 0.99\nsmallest = 30\n")
    question = Case.open(case.path).questions[0]
    assert (question.parameters["level"], question.smallest) == (0.99, 30)


def test_a_family_has_one_correction(planned: Planned) -> None:
    entry = '[[question]]\nmethod = "forensic.names"\nknown = {{ {0} = "b" }}\nfamily = "f"\ncorrection = "{1}"\n'
    assert len(planned(entry.format("a", "none") + entry.format("c", "none")).plan.questions) == 3
    message = refused(planned, entry.format("d", "holm"))
    assert "shares the family 'f' with question 2" in message


def test_engine_options_may_have_dots(case: Case) -> None:
    text = '[case]\ntitle = "x"\n[case.engine_options]\n'
    text += 'spark.ui.enabled = false\n"spark.master" = "local[2]"\nthreads = 2\n'
    assert parse_plan(text).settings.engine_options == {
        "spark.ui.enabled": "false",
        "spark.master": "local[2]",
        "threads": "2",
    }


def test_dates_are_text(planned: Planned) -> None:
    case = planned('[[exhibit]]\npath = "exhibits/b.txt"\nobtained = 2026-01-06\n')
    assert case.plan.exhibits[1].obtained == "2026-01-06"


def test_the_example_of_the_documentation_is_right() -> None:
    text = (Path(__file__).parents[2] / "docs" / "case.md").read_text()
    plan = parse_plan(text.split("```toml\n")[1].split("```")[0])
    assert plan.settings.engine_options == {"threads": "2"}
    assert plan.exhibits[0].obtained == "2026-02-03"
    hmda, young = plan.tables
    assert young.words == {**hmda.words, "where": ["age<25"]}
    assert plan.questions[0].question.family == "mortgages"
