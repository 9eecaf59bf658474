"""Runs: only what changed, the same bytes twice, resumed after anything."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from answerable.case import run as run_module
from answerable.case.files import lock
from answerable.case.folder import Case
from answerable.case.ledger import read_ledger
from answerable.case.run import Unanswered
from answerable.core import engine as engine_module
from answerable.errors import CaseError

Planned = Callable[[str], Case]
MORE = """
[[question]]
method = "forensic.names"
known = { other = "something else" }
similar = ["b"]

[[question]]
method = "forensic.names"
known = { third = "a third thing" }
"""


def findings(case: Case) -> bytes:
    return (case.path / "findings.json").read_bytes()


def files_of(case: Case) -> Mapping[str, tuple[int, str]]:
    """Every file of the case with its time and its bytes."""
    return {
        str(path.relative_to(case.path)): (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(case.path.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The methods of the questions that were measured anew."""
    measured: list[str] = []
    answer = run_module.answer

    def counting(question: Any, *rest: Any) -> Any:
        measured.append(next(iter(question.parameters["known"])))
        return answer(question, *rest)

    monkeypatch.setattr(run_module, "answer", counting)
    return measured


def test_a_run_gives_results_and_writes_them(planned: Planned) -> None:
    case = planned(MORE)
    results = case.run()
    assert [[finding.verdict for finding in result.findings] for result in results] == [
        ["shown"],
        ["indicated"],
        ["not shown"],
    ]
    written = json.loads(findings(case))
    assert [one["findings"] for one in written["questions"]] == [
        json.loads(json.dumps([finding.as_json() for finding in result.findings])) for result in results
    ]
    assert [one["unanswered"] for one in written["questions"]] == [None] * 3
    assert written["questions"][0]["label"] == "question 1 (forensic.names)"


def test_a_second_run_changes_no_file_and_measures_nothing(planned: Planned, counted: list[str]) -> None:
    case = planned(MORE)
    first = case.run()
    before = files_of(case)
    again = Case.open(case.path).run()
    assert files_of(case) == before
    assert counted == ["bh", "other", "third"]
    assert [result.as_json() for result in again] == [result.as_json() for result in first]


def test_a_second_run_opens_no_engine(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    case.run()
    monkeypatch.setattr(run_module, "open_engine", None)
    case.run()


def test_only_what_changed_is_measured(planned: Planned, counted: list[str]) -> None:
    case = planned(MORE)
    case.run()
    text = (case.path / "case.toml").read_text()
    (case.path / "case.toml").write_text(text.replace('similar = ["b"]', 'similar = ["bh"]'))
    case.run()
    assert counted == ["bh", "other", "third", "other"]
    (case.path / "case.toml").write_text(text)
    case.run()
    assert counted == ["bh", "other", "third", "other"]


def test_how_it_is_judged_is_judged_anew_and_not_measured(planned: Planned, counted: list[str]) -> None:
    case = planned(MORE)
    case.run()
    before = findings(case)
    with (case.path / "case.toml").open("a") as stream:
        stream.write("smallest = 30\n")
    case.run()
    assert counted == ["bh", "other", "third"]
    assert findings(case) != before


def test_the_same_case_elsewhere_gives_the_same_bytes(planned: Planned, tmp_path: Path) -> None:
    case = planned(MORE)
    case.freeze()
    case.run()
    elsewhere = tmp_path / "another place"
    shutil.copytree(case.path, elsewhere)
    shutil.rmtree(elsewhere / "derived")
    (elsewhere / "findings.json").unlink()
    copy = Case.open(elsewhere)
    copy.run()
    assert findings(copy) == findings(case)


def test_findings_hold_no_clock_and_no_place(planned: Planned, tmp_path: Path) -> None:
    case = planned(MORE)
    case.run()
    text = findings(case).decode()
    assert str(tmp_path) not in text
    assert str(tmp_path.name) not in text
    times = set(re.findall(r"\d{4}-\d\d-\d\dT[\d:.]+", text))
    assert times == {"2026-01-03T10:00:00"}  # of the evidence


def test_findings_are_sorted_and_whole_numbers_of_the_same_value(case: Case) -> None:
    case.run()
    text = findings(case).decode()
    assert text == json.dumps(json.loads(text), sort_keys=True, ensure_ascii=False, indent=1) + "\n"


def test_an_answer_whose_bytes_changed_is_measured_again(case: Case, counted: list[str]) -> None:
    case.run()
    before = findings(case)
    (kept,) = (case.path / "derived" / "answers").iterdir()
    whole = kept.read_bytes()
    for broken in (whole[:-20], b"", b"[]", b"{}", whole.replace(b"a known implant", b"a known implanx"), whole[1:]):
        kept.write_bytes(broken)
        case.run()
        assert kept.read_bytes() == whole
        assert findings(case) == before
    assert len(counted) == 7


def test_half_written_files_are_removed_and_never_taken(case: Case) -> None:
    case.run()
    before = findings(case)
    (kept,) = (case.path / "derived" / "answers").iterdir()
    half = [
        kept.with_name(".0123456789ab.partial"),
        run_module.partial_of(kept),
        run_module.partial_of(case.path / "findings.json"),
        case.path / "derived" / "tables" / ".half.part",
    ]
    for path in half:
        path.write_bytes(b'{"answer":')
    kept.unlink()
    case.run()
    assert not any(path.exists() for path in half)
    assert findings(case) == before


def test_an_exhibit_that_changed_stops_the_run(case: Case) -> None:
    case.run()
    before = files_of(case)
    exhibit = case.path / "exhibits" / "phone.txt"
    original = exhibit.read_bytes()
    exhibit.chmod(0o600)
    exhibit.write_bytes(original.replace(b"bh", b"xx"))
    with pytest.raises(CaseError, match=r"\[\[exhibit\]\] phone.txt, key sha256: the file is not what it was"):
        case.run()
    exhibit.write_bytes(original)
    case.run()
    assert {name: digest for name, (_, digest) in files_of(case).items()} == {
        name: digest for name, (_, digest) in before.items()
    }


def test_an_exhibit_that_changes_during_the_run_stops_it(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = run_module.answer

    def meanwhile(*arguments: Any) -> Any:
        exhibit = case.path / "exhibits" / "phone.txt"
        exhibit.chmod(0o600)
        exhibit.write_text("processes\t2026-01-03T10:00:00Z\tlaunchd\n")
        return answer(*arguments)

    monkeypatch.setattr(run_module, "answer", meanwhile)
    with pytest.raises(CaseError, match="not what it was"):
        case.run()
    assert not (case.path / "findings.json").exists()


def test_an_exhibit_that_is_not_there_stops_the_run(case: Case) -> None:
    (case.path / "exhibits" / "phone.txt").unlink()
    with pytest.raises(CaseError, match=r"\[\[exhibit\]\] phone.txt, key path: there is no file"):
        case.run()


def test_a_link_out_of_the_case_stops_the_run(case: Case, phone: Path) -> None:
    exhibit = case.path / "exhibits" / "phone.txt"
    exhibit.unlink()
    exhibit.symlink_to(phone)
    with pytest.raises(CaseError, match="a link that leads out of the case"):
        case.run()


def test_a_linked_exhibits_folder_stops_the_run(case: Case, tmp_path: Path) -> None:
    shutil.move(case.path / "exhibits", tmp_path / "moved")
    (case.path / "exhibits").symlink_to(tmp_path / "moved")
    with pytest.raises(CaseError, match="a link that leads out of the case"):
        case.run()


def test_a_linked_case_is_run_where_it_is(case: Case, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(case.path)
    assert Case.open(tmp_path / "link").run()[0].findings[0].verdict == "shown"


def test_an_exhibit_without_a_digest_stops_the_run_until_it_is_added(case: Case) -> None:
    file = case.path / "case.toml"
    text = file.read_text()
    file.write_text(re.sub(r"sha256 = .*\n", "", text))
    with pytest.raises(CaseError, match="answerable add CASE exhibits/phone\\.txt"):
        case.run()
    case.add(case.path / "exhibits" / "phone.txt")
    assert sorted(file.read_text().splitlines()) == sorted(text.splitlines())
    case.run()


def test_questions_without_an_answer_do_not_stop_the_others(planned: Planned, phone: Path) -> None:
    other = phone.with_name("other.txt")
    other.write_text("photos\t2026-01-05T10:00:00Z\tsea.jpg\n")
    binary = phone.with_name("binary.txt")
    binary.write_bytes(b"\xff\xfe\x00")
    case = planned("")
    case.save("forensic.names", {"known": "bh=a known implant"}, other)
    case.save("forensic.names", {"known": "bh=a known implant"}, binary)
    with (case.path / "case.toml").open("a") as stream:
        stream.write(
            '\n[[question]]\nmethod = "forensic.names"\nknown = { c = "d" }\ntable = ["records", "artefacts"]\n'
        )
    text = (case.path / "case.toml").read_text()
    named = 'known = { bh = "a known implant" }\ntable = ["records", "artefacts"]\n'
    (case.path / "case.toml").write_text(text.replace('known = { bh = "a known implant" }\n', named, 1))
    with pytest.raises(Unanswered) as caught:
        case.run()
    assert len(caught.value.results) == 2
    assert str(caught.value).splitlines() == [
        "2 of 4 questions have no answer; findings.json holds the others.",
        "question 2 (forensic.names): No artefact that could hold a trace is known. "
        "What would answer it: a copy of processes, messages.",
        "question 3 (forensic.names): binary.txt: this is not text. Export it again.",
    ]
    written = json.loads(findings(case))["questions"]
    assert [one["unanswered"] is None for one in written] == [True, False, False, True]
    assert written[1]["findings"] == []
    assert "What would answer it" in written[1]["unanswered"]
    before = files_of(case)
    with pytest.raises(Unanswered):
        case.run()
    assert files_of(case) == before


def test_two_runs_are_kept_apart(case: Case) -> None:
    case.run()
    with (case.path / "derived" / "run.lock").open("ab") as guard:
        lock(guard, wait=False)
        with pytest.raises(CaseError, match="Another run is at work"):
            case.run()
    case.run()


def test_progress_is_told(planned: Planned) -> None:
    told: list[tuple[int, int, str]] = []
    planned(MORE).run(lambda *step: told.append(step))
    assert told == [
        (0, 3, "the exhibits, byte for byte"),
        *((number, 3, f"question {number + 1} (forensic.names)") for number in range(3)),
        (3, 3, ""),
    ]


# An engine that cannot open leaves its spill folder to the garbage collector, which says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_engine_options_that_the_engine_does_not_take_are_said(case: Case) -> None:
    file = case.path / "case.toml"
    file.write_text(file.read_text().replace("[[exhibit]]", "[case.engine_options]\nthraeds = 2\n\n[[exhibit]]", 1))
    with pytest.raises(CaseError, match=r"\[case\.engine_options\]: duckdb does not take them.*thraeds"):
        case.run()
    file.write_text(file.read_text().replace("thraeds", "threads"))
    case.run()


def test_a_case_without_questions_runs(forensic: ModuleType, tmp_path: Path) -> None:
    case = Case.new(tmp_path / "empty", title="Nothing yet")
    assert case.run() == []
    assert json.loads(findings(case))["questions"] == []


class TestAsked:
    """What findings say of when a question was asked."""

    def verdicts(self, case: Case) -> list[str]:
        return [one["question"]["asked"] for one in json.loads(findings(case))["questions"]]

    def test_frozen_first_is_before_and_stays_so(self, case: Case) -> None:
        assert case.freeze()[0].endswith("asked before the data were looked at")
        case.run()
        assert self.verdicts(case) == ["before"]
        before = files_of(case)
        case.freeze()
        case.run()
        assert files_of(case) == before

    def test_a_look_before_freezing_is_after(self, case: Case) -> None:
        case.look(case.path / "exhibits" / "phone.txt")
        case.freeze()
        case.run()
        assert self.verdicts(case) == ["after"]

    def test_a_question_added_after_a_run_is_after(self, planned: Planned) -> None:
        case = planned("")
        case.freeze()
        case.run()
        case = planned(MORE)
        case.freeze()
        case.run()
        assert self.verdicts(case) == ["before", "after", "after"]

    def test_a_question_changed_after_freezing_is_no_longer_before(self, case: Case) -> None:
        case.freeze()
        file = case.path / "case.toml"
        file.write_text(file.read_text() + "smallest = 3\n")
        case.run()
        assert self.verdicts(case) == ["not recorded"]

    def test_never_frozen_is_not_recorded_and_the_same_in_every_run(self, case: Case) -> None:
        case.run()
        first = findings(case)
        assert self.verdicts(case) == ["not recorded"]
        shutil.rmtree(case.path / "derived")
        case.run()
        assert findings(case) == first

    def test_questions_can_be_frozen_before_the_evidence_is_there(self, case: Case, phone: Path) -> None:
        file = case.path / "case.toml"
        file.write_text(file.read_text().replace("phone.txt", "later.txt").replace("sha256 =", "# sha256 ="))
        Case.open(case.path).freeze()
        later = phone.with_name("later.txt")
        later.write_bytes(phone.read_bytes())
        case.add(later)
        case.run()
        assert self.verdicts(case) == ["before"]

    def test_a_freeze_that_was_killed_leaves_no_word(self, case: Case) -> None:
        case.freeze()
        file = case.path / "ledger.jsonl"
        data = file.read_bytes()
        file.write_bytes(data[:-5])
        case.run()
        assert self.verdicts(case) == ["not recorded"]
        assert [entry.act for entry in read_ledger(case.path)[0]] == ["new", "add", "torn", "run", "run"]


def test_the_ledger_holds_what_was_run_before_it_was_looked_at(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*arguments: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run_module, "answer", killed)
        with pytest.raises(KeyboardInterrupt):
            case.run()
    last = read_ledger(case.path)[0][-1]
    assert last.act == "run"
    assert last.digests("question") == {case.plan.questions[0].question.digest}
    assert last.digests("exhibit") == {case.plan.exhibits[0].sha256}
    case.run()
    assert [entry.act for entry in read_ledger(case.path)[0]] == ["new", "add", "run", "run"]
    assert read_ledger(case.path)[0][-1].digests("findings") == {hashlib.sha256(findings(case)).hexdigest()}


def test_findings_written_but_not_recorded_are_recorded_by_the_next_run(case: Case) -> None:
    case.run()
    file = case.path / "ledger.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]))  # killed between the two
    case.run()
    assert len(file.read_bytes().splitlines()) == len(lines)


def full_after(writes: int, real: Callable[[int], None]) -> Callable[[int], None]:
    """A disk that takes so many durable writes and is full from then on."""
    left = [writes]

    def fsync(handle: int) -> None:
        if left[0] == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        left[0] -= 1
        real(handle)

    return fsync


def said_by(case: Case) -> str | None:
    """The error of a run; None where it ends well."""
    try:
        case.run()
    except CaseError as error:
        return str(error)
    return None


def test_a_full_disk_at_any_step_is_said_and_resumed_from(
    planned: Planned, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    case = planned(MORE)
    whole = tmp_path / "whole"
    shutil.copytree(case.path, whole)
    Case.open(whole).run()
    failures = 0
    while True:
        folder = tmp_path / f"full-{failures}"
        shutil.copytree(case.path, folder)
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full_after(failures, os.fsync))
            if (said := said_by(Case.open(folder))) is None:
                break
        assert "the disk is full" in said
        assert "Free some space" in said
        assert not list(folder.rglob("*.partial"))
        kept = {path: path.read_bytes() for path in (folder / "derived" / "answers").glob("*.json")}
        Case.open(folder).run()
        assert (folder / "findings.json").read_bytes() == findings(Case.open(whole))
        assert all(path.read_bytes() == data for path, data in kept.items())
        failures += 1
    assert failures >= 8


def test_a_full_disk_while_a_table_is_derived_is_said(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    case.run()
    before = findings(case)
    shutil.rmtree(case.path / "derived")

    def full(*arguments: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(engine_module.DuckEngine, "parquet", full)
        with pytest.raises(CaseError, match="the disk is full"):
            case.run()
    assert findings(case) == before
    case.run()
    assert findings(case) == before
