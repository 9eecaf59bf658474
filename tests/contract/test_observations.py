"""The contract fits what is not a statistic: observations and coverage, through read, measure and judge."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from answerable.case.folder import Case
from answerable.case.pipeline import answer, make_question, results
from answerable.core.engine import open_engine
from answerable.core.result import Result
from answerable.errors import NotIdentified

if TYPE_CHECKING:
    from answerable.core.finding import Finding

STRONG = "processes\t2026-01-03T10:00:00Z\tbh\nmessages\t2026-01-05T10:00:00Z\thello\n"
HEURISTIC = "processes\t2026-01-03T10:00:00Z\tbhx\nmessages\t2026-01-05T10:00:00Z\thello\n"
NOTHING = "processes\t2026-01-03T10:00:00Z\tlaunchd\nmessages\t2026-01-05T10:00:00Z\thello\n"
MISSING = "processes\tmissing\tthe backup is not encrypted\nmessages\t2026-01-05T10:00:00Z\thello\n"
WORDS = {"known": "bh=a known implant", "similar": "bh"}

Ask = Callable[[str], Result]


@pytest.fixture(autouse=True)
def forensic() -> Iterator[None]:
    spec = importlib.util.spec_from_file_location("forensic", Path(__file__).with_name("forensic.py"))
    assert spec is not None
    assert spec.loader is not None
    with pytest.MonkeyPatch.context() as patch:
        from answerable.core import method, table

        method.methods()  # the areas register themselves once, for good; only what follows is taken back
        patch.setattr(method, "_METHODS", dict(method._METHODS))
        # The tables of the forensic method stand in for those of the same names that an area has.
        own = {"records", "artefacts"}
        patch.setattr(table, "_READERS", {name: one for name, one in table._READERS.items() if name not in own})
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
        yield


@pytest.fixture(params=["asked", "run"])
def ask(request: pytest.FixtureRequest, tmp_path: Path) -> Ask:
    """One question of one file, asked directly and as a case."""

    def directly(text: str) -> Result:
        question = make_question("forensic.names", WORDS)
        engine = open_engine("duckdb")
        try:
            answered, accounts = answer(question, {"records": written(text), "artefacts": written(text)}, engine)
        finally:
            engine.close()
        return results([answered], [accounts], ["answerable ask"])[0]

    def in_a_case(text: str) -> Result:
        case = Case.new(tmp_path / "case", title="A phone")
        case.save("forensic.names", WORDS, written(text))
        return case.run()[0]

    def written(text: str) -> Path:
        file = tmp_path / "phone.txt"
        file.write_text(text)
        return file

    return directly if request.param == "asked" else in_a_case


def only(result: Result) -> Finding:
    (finding,) = result.findings
    return finding


def test_a_strict_match_of_strong_evidence_is_shown_with_its_place(ask: Ask) -> None:
    finding = only(ask(STRONG))
    assert finding.verdict == "shown"
    assert finding.statement == "bh (a known implant) in processes."
    observation = finding.observation
    assert observation is not None
    assert (observation.table, observation.row, observation.time) == ("records", 1, "2026-01-03T10:00:00Z")
    assert observation.exhibit == hashlib.sha256(STRONG.encode()).hexdigest()
    assert finding.rights == ("iccpr-17",)
    assert finding.limits == ("A name can be copied by anybody.",)


def test_a_heuristic_is_indicated_and_says_what_else_it_may_be(ask: Ask) -> None:
    finding = only(ask(HEURISTIC))
    assert finding.verdict == "indicated"
    assert "Ordinary programs have such names too." in finding.limits


def test_nothing_within_a_complete_coverage_is_not_shown(ask: Ask) -> None:
    result = ask(NOTHING)
    assert only(result).verdict == "not shown"
    assert result.coverage.looked_at == {"messages": 1, "processes": 1}
    assert result.coverage.complete


def test_nothing_with_an_artefact_missing_cannot_be_told(ask: Ask) -> None:
    result = ask(MISSING)
    finding = only(result)
    assert finding.verdict == "cannot tell"
    assert "processes: the backup is not encrypted" in finding.basis
    assert result.coverage.missing == {"processes": "the backup is not encrypted"}


def test_every_line_is_accounted_for(ask: Ask) -> None:
    account = ask(STRONG + "half a line\n").accounts["records"]
    assert account.rows == 3
    assert account.file == "phone.txt"
    assert [(refusal.reason, refusal.count, refusal.rows) for refusal in account.refused] == [
        ("not three parts", 1, (3,))
    ]


def test_evidence_that_cannot_answer_says_what_would(ask: Ask) -> None:
    with pytest.raises((NotIdentified, Exception), match="a copy of processes, messages") as caught:
        ask("photos\t2026-01-05T10:00:00Z\tsea.jpg\n")
    assert "What would answer it" in str(caught.value)


def test_finding_is_the_same_asked_directly_and_in_a_case(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    file = tmp_path / "phone.txt"
    file.write_text(STRONG)
    question: Any = make_question("forensic.names", WORDS)
    engine = open_engine("duckdb")
    answered, accounts = answer(question, {"records": file, "artefacts": file}, engine)
    engine.close()
    case = Case.new(tmp_path / "case", title="A phone")
    case.save("forensic.names", WORDS, file)
    assert [one.as_json() for one in results([answered], [accounts], [""])[0].findings] == [
        one.as_json() for one in case.run()[0].findings
    ]
