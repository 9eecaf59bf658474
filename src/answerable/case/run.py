"""Run a case: answer what changed, judge everything, write findings.json.

Answers are kept by a digest of all that they depend on, so a run does only what is new, resumes where it was killed,
and writes the same bytes twice, here and anywhere.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable import __version__
from answerable.case.files import is_full, lock, partial_of, remove_partials, sha256_of, telling_of, write_whole
from answerable.case.ledger import History, Subject, read_ledger, writing
from answerable.case.pipeline import answer, answered, command, results
from answerable.core.engine import SCRATCH, Engine, open_engine
from answerable.core.estimate import Answer
from answerable.core.method import find_method
from answerable.core.table import Account
from answerable.errors import AnswerableError, CaseError

if TYPE_CHECKING:
    from answerable.case.plan import Exhibit, Plan, PlannedQuestion
    from answerable.core.judge import Answered
    from answerable.core.result import Result

FINDINGS = "findings.json"
DERIVED = "derived"
OF_PEOPLE = frozenset({"phone"})
"""Kinds of exhibits that are opened only where the consent of whom they belong to is recorded."""
Progress = Callable[[int, int, str], None]


class Unanswered(CaseError):
    """Some questions have no answer; those that have one are in findings.json all the same.

    Args:
        reasons: why, by the question's label in case.toml.
        results: of the questions that have an answer.
    """

    def __init__(self, reasons: Mapping[str, str], results: Sequence[Result], asked: int) -> None:
        self.reasons, self.results = dict(reasons), list(results)
        lines = [f"{len(reasons)} of {asked} questions have no answer; {FINDINGS} holds the others."]
        super().__init__("\n".join([*lines, *(f"{label}: {reason}" for label, reason in reasons.items())]))


def run(folder: Path, plan: Plan, actor: str, progress: Progress | None = None) -> list[Result]:
    """Answer the questions of a case and write findings.json.

    Args:
        folder: of the case.
        plan: what its case.toml says.
        actor: who runs it, for the ledger.
        progress: called with how many questions are done, how many there are, and what comes next.

    Returns:
        The results, in the order of the questions.

    Raises:
        Unanswered: some questions could not be answered; the others were.
        CaseError: an exhibit is missing or changed, consent to look at one is not recorded, another run is at work,
            the disk is full.
    """
    derived = folder / DERIVED
    with telling_of(derived):
        (derived / "answers").mkdir(parents=True, exist_ok=True)
        guard = (derived / "run.lock").open("ab")
    with guard:
        try:
            lock(guard, wait=False)
        except BlockingIOError:
            raise CaseError("Another run is at work in this case. Wait for it to end; nothing was done.") from None
        remove_partials(derived / "answers")
        remove_partials(derived / "tables", ".part")
        for left in derived.glob(f"{SCRATCH}*"):  # of a killed run: it may hold what the evidence holds
            shutil.rmtree(left)
        partial_of(folder / FINDINGS).unlink(missing_ok=True)
        return _Run(folder, plan, actor, progress or (lambda done, total, what: None)).all()


@dataclass(frozen=True, slots=True)
class _Run:
    folder: Path
    plan: Plan
    actor: str
    progress: Progress

    def all(self) -> list[Result]:
        questions = self.plan.questions
        _check_consent(questions)
        self.progress(0, len(questions), "the exhibits, byte for byte")
        paths = check_exhibits(self.folder, _used(questions))
        history = self._record_look()
        asked = [_as_asked(planned, history) for planned in questions]
        found, reasons = self._answers(asked, paths)
        answerable = [planned for planned in asked if planned.label in found]
        made = results(
            [found[planned.label][0] for planned in answerable],
            [found[planned.label][1] for planned in answerable],
            [command(planned.question, _files(planned)) for planned in answerable],
        )
        self._write(asked, dict(zip((planned.label for planned in answerable), made, strict=True)), reasons)
        if reasons:
            raise Unanswered(reasons, made, len(questions))
        return made

    def _record_look(self) -> History:
        """Record in the ledger, before any data are looked at, the questions that were never run on their exhibits."""
        entries, torn = read_ledger(self.folder)
        history = History.of(entries)
        new = [
            planned
            for planned in self.plan.questions
            if any((planned.question.digest, exhibit) not in history.run for exhibit in planned.digests)
        ]
        if not new and not torn:
            return history
        with writing(self.folder, self.actor) as ledger:
            if new:
                ledger.append("run", [*map(subject_of, _used(new)), *map(question_subject, new)])
            return History.of(ledger.entries)

    def _answers(
        self, asked: Sequence[PlannedQuestion], paths: Mapping[str, Path]
    ) -> tuple[dict[str, tuple[Answered, dict[str, Account]]], dict[str, str]]:
        """Answers by the question's label, and the reasons of those that there are none of."""
        found: dict[str, tuple[Answered, dict[str, Account]]] = {}
        reasons: dict[str, str] = {}
        engine: Engine | None = None
        try:
            for done, planned in enumerate(asked):
                self.progress(done, len(asked), planned.label)
                place = self.folder / DERIVED / "answers" / f"{_key(planned, self.plan)}.json"
                if (kept := _recall(place, planned)) is None:
                    engine = engine or self._open_engine()
                    try:
                        _keep(place, *self._measure(planned, paths, engine))
                    except CaseError:
                        raise
                    except AnswerableError as error:
                        reasons[planned.label] = str(error)
                        continue
                    # What was written is read again: a fresh answer and a kept one are the same to the last bit.
                    kept = _recall(place, planned)
                    assert kept is not None
                measured, accounts = kept
                found[planned.label] = (
                    answered(planned.question, measured, accounts, self.plan.settings.engine),
                    accounts,
                )
        finally:
            if engine is not None:
                engine.close()
        self.progress(len(asked), len(asked), "")
        return found, reasons

    def _open_engine(self) -> Engine:
        settings = self.plan.settings
        try:
            engine = open_engine(settings.engine, settings.engine_options, scratch=self.folder / DERIVED)
        except AnswerableError:
            raise
        except Exception as error:
            if not settings.engine_options:
                raise
            raise CaseError(
                f"case.toml, [case.engine_options]: {settings.engine} does not take them. {error}"
            ) from error
        engine.folder = self.folder / DERIVED / "tables"
        with telling_of(engine.folder):
            engine.folder.mkdir(exist_ok=True)
        return engine

    def _measure(
        self, planned: PlannedQuestion, paths: Mapping[str, Path], engine: Engine
    ) -> tuple[Answer, dict[str, Account]]:
        files = {name: paths[exhibit.path] for name, exhibit in planned.exhibits.items()}
        try:
            measured, accounts = answer(planned.question, files, engine)
        except OSError as error:
            if not is_full(error):
                raise
            with telling_of(engine.folder):
                raise
        for name, exhibit in planned.exhibits.items():
            if accounts[name].sha256 != exhibit.sha256:
                raise changed(exhibit)
        return measured.answer, accounts

    def _write(self, asked: Sequence[PlannedQuestion], made: Mapping[str, Result], reasons: Mapping[str, str]) -> None:
        listed = [
            {"label": planned.label, "unanswered": reasons.get(planned.label), **_result(planned, made)}
            for planned in asked
        ]
        data = _json({"version": __version__, "questions": listed}, indent=1) + b"\n"
        write_whole(self.folder / FINDINGS, data)
        digest = hashlib.sha256(data).hexdigest()
        # Asked of the ledger, not of the file: a run killed between the two leaves the entry to the next.
        recorded = [d for entry in read_ledger(self.folder)[0] for d in entry.digests("findings")]
        if recorded[-1:] != [digest]:
            with writing(self.folder, self.actor) as ledger:
                ledger.append("run", [Subject("findings", FINDINGS, digest)])


def _check_consent(questions: Sequence[PlannedQuestion]) -> None:
    """Refuse to look at a phone whose owner's consent is not recorded."""
    for planned in questions:
        for table in find_method(planned.question.method).reads:
            exhibit = planned.exhibits.get(table.name)
            if exhibit and table.exhibit in OF_PEOPLE and not exhibit.lawful_basis.strip():
                raise CaseError(
                    f"case.toml, [[exhibit]] {exhibit.name}, key lawful_basis: a {table.exhibit} is looked at only "
                    "with its owner's consent, and none is recorded. Nothing was looked at. Write down what the owner "
                    "agreed to, when and until when, without a name because the report shows it, as: lawful_basis = "
                    '"the owner agreed on 2026-11-22 to a search for spyware, until 2027-05-22"'
                )


def check_exhibits(folder: Path, exhibits: Sequence[Exhibit]) -> dict[str, Path]:
    """Where exhibits lie, by the path that case.toml has, after a look at every byte of them.

    Raises:
        CaseError: one is missing, leads out of the case, has no recorded digest, or is not what it was.
    """
    paths = {}
    for exhibit in dict.fromkeys(exhibits):
        place = f"case.toml, [[exhibit]] {exhibit.name}"
        path = folder / exhibit.path
        if not path.resolve().is_relative_to(folder.resolve()):
            raise CaseError(
                f"{place}, key path: {exhibit.path} is a link that leads out of the case. Add the file itself."
            )
        if not path.is_file():
            raise CaseError(f"{place}, key path: there is no file {exhibit.path}. Put it back, or take the entry out.")
        if not exhibit.sha256:
            raise CaseError(f"{place}: it has no sha256. Record it with: answerable add CASE {exhibit.path}")
        if sha256_of(path) != exhibit.sha256:
            raise changed(exhibit)
        paths[exhibit.path] = path
    return paths


def changed(exhibit: Exhibit) -> CaseError:
    """The error that an exhibit's bytes are not those that were added."""
    return CaseError(
        f"case.toml, [[exhibit]] {exhibit.name}, key sha256: the file is not what it was when it was added. "
        "Put the original back; a new version of the evidence is an exhibit of its own, under another name."
    )


def subject_of(exhibit: Exhibit) -> Subject:
    """An exhibit as the ledger names it."""
    return Subject("exhibit", exhibit.name, exhibit.sha256)


def question_subject(planned: PlannedQuestion) -> Subject:
    """A question as the ledger names it."""
    return Subject("question", planned.question.method, planned.question.digest)


def _used(questions: Sequence[PlannedQuestion]) -> list[Exhibit]:
    return list(dict.fromkeys(exhibit for planned in questions for exhibit in planned.exhibits.values()))


def _as_asked(planned: PlannedQuestion, history: History) -> PlannedQuestion:
    asked = history.asked(planned.question.digest, planned.digests)
    return replace(planned, question=replace(planned.question, asked=asked))


def _key(planned: PlannedQuestion, plan: Plan) -> str:
    question = planned.question
    exhibits = {name: exhibit.sha256 for name, exhibit in planned.exhibits.items()}
    parts = [__version__, plan.settings.engine, question.method, question.parameters, question.mapping, exhibits]
    return hashlib.sha256(_json(parts)).hexdigest()


def _keep(place: Path, measured: Answer, accounts: Mapping[str, Account]) -> None:
    kept = {"answer": measured.as_json(), "accounts": {name: account.as_json() for name, account in accounts.items()}}
    write_whole(place, _json({**kept, "sha256": hashlib.sha256(_json(kept)).hexdigest()}))


def _recall(place: Path, planned: PlannedQuestion) -> tuple[Answer, dict[str, Account]] | None:
    """A kept answer; None where there is none, or where its bytes are not those that were written."""
    if not place.is_file():
        return None
    try:
        kept = json.loads(place.read_bytes())
    except ValueError:
        return None
    if not isinstance(kept, dict) or kept.pop("sha256", "") != hashlib.sha256(_json(kept)).hexdigest():
        return None
    names = {name: exhibit.name for name, exhibit in planned.exhibits.items()}
    accounts = {name: replace(Account.from_json(kept["accounts"][name]), file=file) for name, file in names.items()}
    return Answer.from_json(kept["answer"]), accounts


def _result(planned: PlannedQuestion, made: Mapping[str, Result]) -> dict[str, Any]:
    if planned.label in made:
        return made[planned.label].as_json()
    question = {**planned.question.as_json(), "digest": planned.question.digest}
    return {
        "question": question,
        "findings": [],
        "coverage": None,
        "account": [],
        "command": command(planned.question, _files(planned)),
    }


def _files(planned: PlannedQuestion) -> list[str]:
    return list(dict.fromkeys(exhibit.path for exhibit in planned.exhibits.values()))


def _json(data: Any, indent: int | None = None) -> bytes:
    return json.dumps(data, sort_keys=True, ensure_ascii=False, allow_nan=False, indent=indent).encode()
