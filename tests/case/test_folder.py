"""A case as a folder: made, added to, asked, saved into; what a person wrote stays."""

from __future__ import annotations

import shlex
import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from answerable.case import note_look, open_case
from answerable.case.folder import Case
from answerable.case.ledger import read_ledger
from answerable.case.pipeline import make_question
from answerable.cli import ask_parser
from answerable.core.method import find_method
from answerable.errors import CaseError, ParameterError

Planned = Callable[[str], Case]
KNOWN = {"known": "bh=a known implant"}


def acts(case: Case) -> list[str]:
    return [entry.act for entry in read_ledger(case.path)[0]]


def test_a_new_case_can_be_opened(tmp_path: Path) -> None:
    made = Case.new(tmp_path / "a" / "case", title='Who "decides"?', investigators=["A", "B"], level=0.9)
    for path in (made.path, str(made.path), made.path / "case.toml"):
        assert open_case(path).plan == made.plan
    assert made.plan.settings.title == 'Who "decides"?'
    assert made.plan.settings.level == 0.9
    assert (made.path / "exhibits").is_dir()
    assert acts(made) == ["new"]


def test_a_new_case_takes_an_empty_folder_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    Case.new(tmp_path / "empty", title="x")
    with pytest.raises(CaseError, match="is not empty"):
        Case.new(tmp_path / "empty", title="x")
    (tmp_path / "file").write_text("x")
    with pytest.raises(CaseError, match="is a file"):
        Case.new(tmp_path / "file", title="x")


@pytest.mark.parametrize("wrong", [{"level": 95}, {"engine": "duck"}, {"titel": "x"}, {"smallest_cell": 0}])
def test_a_new_case_with_wrong_settings_is_not_made(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(CaseError, match=r"case\.toml, \[case\]"):
        Case.new(tmp_path / "case", title="x", **wrong)
    assert not (tmp_path / "case").exists()


def test_a_folder_without_a_case_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"no case.toml in .*answerable new"):
        Case.open(tmp_path)


def test_the_actor_is_the_only_investigator_or_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "somebody")
    assert Case.new(tmp_path / "one", title="x", investigators=["A"]).actor == "A"
    assert Case.new(tmp_path / "two", title="x", investigators=["A", "B"]).actor == "somebody"
    assert Case.new(tmp_path / "none", title="x").actor == "somebody"


def test_an_exhibit_is_added_once_with_where_it_came_from(case: Case, phone: Path) -> None:
    before = (case.path / "case.toml").read_bytes()
    exhibit = case.add(phone)
    assert exhibit == case.plan.exhibits[0]
    assert (case.path / "case.toml").read_bytes() == before
    assert acts(case) == ["new", "add"]
    other = phone.with_name("other.txt")
    other.write_text("x")
    said = {"source": "FOI 12", "obtained": "2026-02-03", "by": "B", "lawful_basis": "consent", "sensitivity": "high"}
    exhibit = case.add(other, **said)
    assert {name: getattr(exhibit, name) for name in said} == said
    assert tomllib.loads((case.path / "case.toml").read_text())["exhibit"][-1] == {
        "path": "exhibits/other.txt",
        "sha256": exhibit.sha256,
        **said,
    }
    assert acts(case) == ["new", "add", "add"]
    with pytest.raises(CaseError, match=r"key source: it says 'FOI 12', not 'elsewhere'"):
        case.add(other, source="elsewhere")


def test_an_exhibit_that_is_not_what_was_added_is_refused(case: Case, phone: Path) -> None:
    exhibit = case.path / "exhibits" / "phone.txt"
    exhibit.chmod(0o600)
    exhibit.write_text("changed")
    shutil.copy(exhibit, phone)
    with pytest.raises(CaseError, match="not what it was"):
        case.add(phone)


def test_an_add_that_was_killed_is_completed_by_the_next(case: Case, phone: Path) -> None:
    other = phone.with_name("other.txt")
    other.write_text("x")
    text = (case.path / "case.toml").read_bytes()
    case.add(other)
    whole = (case.path / "case.toml").read_bytes()
    (case.path / "case.toml").write_bytes(text)  # killed after the ledger, before case.toml
    case.add(other)
    assert (case.path / "case.toml").read_bytes() == whole
    assert acts(case) == ["new", "add", "add"]


def test_comments_and_order_survive(case: Case, phone: Path) -> None:
    file = case.path / "case.toml"
    text = "# first\r\n" + file.read_text() + "\n# last words\n\n\n"
    file.write_bytes(text.encode())
    other = phone.with_name("other.txt")
    other.write_text("processes\t2026-01-03T10:00:00Z\tx\n")
    case.add(other)
    case.save("forensic.names", {"known": "c=d"}, other)
    case.save("forensic.names", {"known": "e=f"}, other)
    now = file.read_bytes().decode()
    assert now.startswith(text.rstrip())
    assert now.count("[[exhibit]]") == 2
    assert now.count("[[table]]") == 4
    assert now.count("[[question]]") == 3


def test_entries_written_as_one_list_are_told(case: Case, phone: Path) -> None:
    file = case.path / "case.toml"
    text = 'exhibit = []\n[case]\ntitle = "x"\n'
    file.write_text(text)
    with pytest.raises(CaseError, match=r"a line \[\[exhibit\]\] of its own"):
        case.add(phone)
    assert file.read_text() == text


def test_case_toml_is_never_half_written(case: Case, phone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = (case.path / "case.toml").read_bytes()
    other = phone.with_name("other.txt")
    other.write_text("x")

    def killed(source: Path, target: Path) -> Path:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            case.add(other)
    assert (case.path / "case.toml").read_bytes() == before
    case.add(other)


def test_a_saved_question_reuses_exhibit_and_table(case: Case, phone: Path) -> None:
    question = case.save("forensic.names", KNOWN, phone)
    assert [planned.question for planned in case.plan.questions] == [question]
    case.save("forensic.names", {"known": "c=d"}, phone)
    assert (len(case.plan.exhibits), len(case.plan.tables), len(case.plan.questions)) == (1, 2, 2)
    case.save("forensic.names", {"known": "c=d", "missing": "gone"}, case.path / "exhibits" / "phone.txt")
    assert (len(case.plan.exhibits), len(case.plan.tables), len(case.plan.questions)) == (1, 4, 3)
    assert [table.name for table in case.plan.tables] == ["records", "artefacts", "records-2", "artefacts-2"]


def test_saving_again_changes_nothing(case: Case, phone: Path) -> None:
    case.save("forensic.names", {"known": "c=d"}, phone)
    before = {path: path.read_bytes() for path in case.path.rglob("*") if path.is_file()}
    case.save("forensic.names", {"known": {"c": "d"}}, phone)
    assert {path: path.read_bytes() for path in case.path.rglob("*") if path.is_file()} == before


def test_the_same_bytes_under_another_name_are_the_same_exhibit(case: Case, phone: Path) -> None:
    copy = phone.with_name("copy.txt")
    copy.write_bytes(phone.read_bytes())
    case.save("forensic.names", KNOWN, copy)
    assert [exhibit.name for exhibit in case.plan.exhibits] == ["phone.txt"]


def test_each_table_may_have_its_own_file(case: Case, phone: Path) -> None:
    other = phone.with_name("other.txt")
    other.write_text("processes\t2026-01-03T10:00:00Z\tx\nmessages\t2026-01-03T10:00:00Z\tx\n")
    case.save("forensic.names", KNOWN, {"records": phone, "artefacts": other})
    assert [[e.name for e in planned.exhibits.values()] for planned in case.plan.questions] == [
        ["phone.txt", "phone.txt"],
        ["phone.txt", "other.txt"],
    ]


def test_a_question_that_does_not_fit_is_not_saved(case: Case, phone: Path) -> None:
    before = (case.path / "case.toml").read_bytes()
    with pytest.raises(ParameterError, match="Nearest: known"):
        case.save("forensic.names", {"knwon": "a=b"}, phone)
    with pytest.raises(ParameterError, match="needs known"):
        case.save("forensic.names", {}, phone)
    with pytest.raises(CaseError, match="no such file"):
        case.save("forensic.names", KNOWN, phone.with_name("nothing"))
    assert (case.path / "case.toml").read_bytes() == before


def test_what_the_case_says_otherwise_is_written_out(case: Case, phone: Path) -> None:
    file = case.path / "case.toml"
    file.write_text(file.read_text().replace("[[exhibit]]", "level = 0.9\nsmallest_cell = 5\n\n[[exhibit]]", 1))
    question = case.save("forensic.names", {"known": "c=d"}, phone)
    assert question.parameters["level"] == 0.95
    assert case.plan.questions[-1].question == question
    assert case.save("forensic.names", {"known": "c=d", "level": "0.9"}, phone).parameters["level"] == 0.9


def test_saving_without_having_looked_is_no_look(case: Case, phone: Path) -> None:
    file = case.path / "case.toml"
    file.write_text(file.read_text().split("[[question]]")[0])
    case.save("forensic.names", KNOWN, phone, looked=False)
    case.freeze()
    assert case.questions[0].asked == "before"
    case.save("forensic.names", {"known": "c=d"}, phone)
    case.save("forensic.names", {"known": "e=f"}, phone)
    assert [question.asked for question in case.questions] == ["before", "not recorded", "after"]


def test_a_look_at_an_exhibit_is_noted_and_at_other_files_is_not(case: Case, phone: Path) -> None:
    note_look(phone)
    assert acts(case) == ["new", "add"]
    note_look(case.path / "exhibits" / "phone.txt")
    assert acts(case) == ["new", "add", "look"]
    (case.path / "exhibits" / "stray.txt").write_text("x")
    with pytest.raises(CaseError, match="no exhibit of this case"):
        note_look(case.path / "exhibits" / "stray.txt")


def test_freezing_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match="no \\[\\[question\\]\\] yet"):
        Case.new(tmp_path / "case", title="x").freeze()


def test_only_new_questions_are_frozen(planned: Planned) -> None:
    case = planned("")
    assert len(case.freeze()) == 1
    case.freeze()
    case = planned('[[question]]\nmethod = "forensic.names"\nknown = { c = "d" }\n')
    assert len(case.freeze()) == 2
    freezes = [entry for entry in read_ledger(case.path)[0] if entry.act == "freeze"]
    assert [len(entry.digests("question")) for entry in freezes] == [1, 1]
    assert all(len(entry.digests("questions")) == 1 for entry in freezes)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
PLAIN = st.text("abcXYZ éß-_.", min_size=1, max_size=8).filter(lambda text: text == text.strip())
WORDS = st.fixed_dictionaries(
    {"known": st.dictionaries(TEXT, TEXT, max_size=3) | st.builds(lambda a, b: f"{a}={b}", PLAIN, PLAIN)},
    optional={
        "similar": st.lists(TEXT, max_size=3) | PLAIN | st.just("a,'b, c',d") | st.just(['"b, c"', "x=y,z"]),
        "needs": st.lists(PLAIN, min_size=1, max_size=2).map(tuple),
        "level": st.floats(0.5, 0.999) | st.sampled_from(["0.9", "0.95"]),
        "pause": st.just(0) | st.none(),
        "missing": st.lists(TEXT, min_size=1, max_size=2) | PLAIN,
        "threshold": st.just("ratio=1.25") | st.fixed_dictionaries({"difference": st.floats(0.01, 0.5)}),
        "margin": st.fixed_dictionaries({"ratio": st.floats(1.01, 2)}) | st.just({}),
        "correction": st.sampled_from(["holm", "none", "Benjamini-Hochberg"]),
        "family": TEXT,
        "smallest": st.integers(1, 50) | st.just("10"),
    },
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=WORDS, level=st.sampled_from([0.95, 0.9]), smallest=st.sampled_from([10, 5]))
def test_a_saved_question_is_asked_again_as_it_was(
    words: dict[str, Any], level: float, smallest: int, tmp_path: Path, forensic: ModuleType
) -> None:
    folder = tmp_path / "case"
    shutil.rmtree(folder, ignore_errors=True)
    file = tmp_path / "phone.txt"
    file.write_text("x")
    case = Case.new(folder, title="x", level=level, smallest_cell=smallest)
    asked = make_question("forensic.names", words)
    assert case.save("forensic.names", words, file) == asked
    (planned,) = Case.open(folder).plan.questions
    assert planned.question == asked
    assert planned.question.digest == asked.digest


def test_the_command_of_a_result_asks_the_same(planned: Planned) -> None:
    text = """
similar = "b,'c, d'"
level = 0.9
threshold = { ratio = 1.5 }
family = "the family"
missing = "'no, never'"
"""
    (result,) = planned(text).run()
    program, act, method, *options = shlex.split(result.command)
    assert (program, act, method) == ("answerable", "ask", "forensic.names")
    words = vars(ask_parser(find_method(method)).parse_args(options))
    assert words.pop("files") == ["exhibits/phone.txt"]
    known = {name: words[name] for name in ("threshold", "family", "missing", "known", "similar", "level")}
    assert make_question("forensic.names", known) == result.question
    assert result.question.parameters["similar"] == ("b", "c, d")
    assert "--margin" not in result.command


def test_windows_line_ends_and_no_last_line_end_are_kept(case: Case, phone: Path) -> None:
    file = case.path / "case.toml"
    text = file.read_text().rstrip().replace("\n", "\r\n")
    file.write_bytes(text.encode())
    case.save("forensic.names", {"known": "c=d"}, phone)
    assert file.read_bytes().startswith(text.encode() + b"\n\n[[question]]\n")
    assert len(Case.open(case.path).plan.questions) == 2
