"""A case: the folder of one investigation, and what can be done in it."""

from __future__ import annotations

import getpass
import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.case import EXHIBITS
from answerable.case.edit import appended, lines, typed, with_digest
from answerable.case.files import partial_of, remove_partials, sha256_of, telling_of, write_whole
from answerable.case.intake import take_in
from answerable.case.ledger import TORN, Act, History, Ledger, Subject, read_ledger, writing
from answerable.case.pipeline import Files, files_of, make_question, words
from answerable.case.plan import NAME, Exhibit, Plan, defaults_of, parse_plan, read_plan
from answerable.case.run import Progress, changed, question_subject, run, subject_of
from answerable.core.method import find_method
from answerable.core.signature import parameters, parse_all
from answerable.core.table import Table, reader_of
from answerable.errors import CaseError

if TYPE_CHECKING:
    from answerable.case.tables import MappedTable
    from answerable.core.finding import Question
    from answerable.core.result import Result


class Case:
    """One investigation: a folder with case.toml, exhibits, derived tables, findings and the ledger."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.path, self.plan = folder, plan

    @classmethod
    def open(cls, path: str | Path) -> Case:
        """The case in a folder.

        Args:
            path: the folder, or its case.toml.

        Raises:
            CaseError: there is no case.toml, or it is not as it must be.
        """
        folder = Path(path)
        if folder.name == NAME and not folder.is_dir():
            folder = folder.parent
        return cls(folder, read_plan(folder)[1])

    @classmethod
    def new(cls, path: str | Path, *, title: str, investigators: Sequence[str] = (), **settings: Any) -> Case:
        """A new case in a new or empty folder.

        Args:
            path: the folder.
            title: of the investigation.
            investigators: who investigates.
            settings: other keys of [case]: level, smallest_cell, engine, engine_options.

        Raises:
            CaseError: the folder is not empty, cannot be made, or a setting does not fit.
        """
        folder = Path(path)
        if folder.exists() and not folder.is_dir():
            raise CaseError(f"{folder} is a file. Name a new or empty folder for the case.")
        if folder.is_dir() and any(folder.iterdir()):
            raise CaseError(f"{folder} is not empty. Name a new or empty folder for the case.")
        text = _HEAD + lines({"title": title, "investigators": list(investigators), **settings})
        case = cls(folder, parse_plan(text))
        with telling_of(folder):
            (folder / EXHIBITS).mkdir(parents=True, exist_ok=True)
        case._write(text)
        case.record("new")
        return case

    @property
    def actor(self) -> str:
        """Who acts: the investigator where there is one, the user of the computer where there are none or several."""
        if len(self.plan.settings.investigators) == 1:
            return self.plan.settings.investigators[0]
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            return "not known"

    @property
    def questions(self) -> list[Question]:
        """The questions, each with what the ledger says of when it was asked."""
        history = History.of(read_ledger(self.path)[0])
        return [
            replace(planned.question, asked=history.asked(planned.question.digest, planned.digests))
            for planned in self.plan.questions
        ]

    @property
    def notices(self) -> list[str]:
        """What a person should know of the ledger: torn lines, waiting or set aside."""
        entries, torn = read_ledger(self.path)
        notices = [
            f"ledger.jsonl, line {entry.number}: before it an interrupted writer left half a line, kept in {TORN}."
            for entry in entries
            if entry.act == "torn"
        ]
        if torn:
            notices.append(
                f"ledger.jsonl ends in half a line of an interrupted writer; the next act sets it aside in {TORN}."
            )
        return notices

    def add(
        self,
        file: str | Path,
        *,
        source: str = "",
        obtained: str = "",
        by: str = "",
        lawful_basis: str = "",
        sensitivity: str = "",
    ) -> Exhibit:
        """Copy a file into the case as an exhibit; adding the same file again changes nothing.

        Args:
            file: the evidence; it is only read.
            source: who gave it, or where it was found.
            obtained: when, as a date.
            by: who obtained it.
            lawful_basis: on what ground it is held.
            sensitivity: what harm it could do in other hands.

        Raises:
            CaseError: it cannot be read or written, its name is taken, or it is there with another provenance.
        """
        said = {
            "source": source,
            "obtained": obtained,
            "by": by,
            "lawful_basis": lawful_basis,
            "sensitivity": sensitivity,
        }
        with self._editing() as ledger:
            return self._add(ledger, Path(file), {key: value for key, value in said.items() if value})

    def save(
        self,
        method: str,
        given: Mapping[str, Any],
        exhibits: Files,
        *,
        looked: bool = True,
    ) -> Question:
        """Write a question into case.toml, with its table and its exhibit where the case has none such.

        Args:
            method: name of the method.
            given: the words of the mapping, of the method and of judging, as for `ask`.
            exhibits: the files that it is asked of, as for `ask`.
            looked: whether the data have been looked at already, as after `ask`; the ledger holds it.

        Returns:
            The question, as every later run will ask it.

        Raises:
            ParameterError: a word is unknown, missing or does not fit.
            CaseError: as for `add`.
        """
        given = {word: value for word, value in given.items() if value is not None}
        files = files_of(find_method(method), exhibits)
        question = make_question(method, given, there=files)
        reads = [table for table in find_method(method).reads if table.name in files]
        with self._editing() as ledger:
            added = {file: self._exhibit(ledger, file) for file in dict.fromkeys(files.values())}
            taken = {name: added[file] for name, file in files.items()}
            tables = {table.name: self._table(table, taken[table.name], question, given) for table in reads}
            self._question(question, tables, given)
            subjects = [Subject("question", question.method, question.digest), *map(subject_of, taken.values())]
            kept = subjects if looked else subjects[:1]
            if not any(entry.act == "save" and set(kept) <= set(entry.subjects) for entry in ledger.entries):
                ledger.append("save", kept)
        return question

    def look(self, file: str | Path) -> None:
        """Record in the ledger that an exhibit's data were looked at.

        Raises:
            CaseError: the file is no exhibit of the case.
        """
        name = Path(file).name
        for exhibit in self.plan.exhibits:
            if exhibit.name == name:
                return self.record("look", [subject_of(exhibit)])
        raise CaseError(f"{name} is no exhibit of this case. Add it with: answerable add {self.path} {file}")

    def freeze(self) -> list[str]:
        """Record the digests of the questions, so that findings can say they were asked before data were looked at.

        Returns:
            A line for each question: its digest, which it is, and what findings will say of when it was asked.

        Raises:
            CaseError: case.toml has no question, or the ledger cannot be written.
        """
        with self._editing() as ledger:
            planned = self.plan.questions
            if not planned:
                raise CaseError(f"{NAME} has no [[question]] yet. Write the questions first, then freeze them.")
            frozen = History.of(ledger.entries).frozen
            if new := [one for one in planned if one.question.digest not in frozen]:
                whole = "\n".join(one.question.digest for one in planned)
                plan = Subject("questions", NAME, hashlib.sha256(whole.encode()).hexdigest())
                ledger.append("freeze", [*map(question_subject, new), plan])
        asked = zip(planned, self.questions, strict=True)
        return [
            f"{question.digest[:12]}  {one.label}: asked {question.asked} the data were looked at"
            for one, question in asked
        ]

    def run(self, progress: Progress | None = None) -> list[Result]:
        """Answer the questions, as far as anything changed, and write findings.json.

        Args:
            progress: called with how many questions are done, how many there are, and what comes next.

        Raises:
            Unanswered: some questions could not be answered; the others were, and the error holds their results.
            CaseError: an exhibit is missing or changed, another run is at work, the disk is full.
        """
        self.plan = read_plan(self.path)[1]
        return run(self.path, self.plan, self.actor, progress)

    def record(self, act: Act, subjects: Sequence[Subject] = ()) -> None:
        """Write an act into the ledger.

        Raises:
            CaseError: the ledger is broken or cannot be written.
        """
        with writing(self.path, self.actor) as ledger:
            ledger.append(act, subjects)

    @contextmanager
    def _editing(self) -> Iterator[Ledger]:
        """Hold the case for editing, as its files are now: the ledger's lock is the lock of case.toml and exhibits/."""
        with writing(self.path, self.actor) as ledger:
            self.plan = read_plan(self.path)[1]
            partial_of(self.path / NAME).unlink(missing_ok=True)
            remove_partials(self.path / EXHIBITS)
            yield ledger

    def _write(self, text: str) -> None:
        self.plan = parse_plan(text)
        write_whole(self.path / NAME, text.encode())

    def _append(self, kind: str, entry: Mapping[str, Any]) -> None:
        self._write(appended(read_plan(self.path)[0], kind, entry))

    def _add(self, ledger: Ledger, file: Path, said: Mapping[str, str]) -> Exhibit:
        path, digest = take_in(file, self.path)
        found = next((one for one in self.plan.exhibits if one.path == path), None)
        exhibit = replace(found or Exhibit(path=path, **said), sha256=digest)
        if found is not None:
            if found.sha256 not in {"", digest}:
                raise changed(found)
            _check_said(found, said)
        if not any(entry.act == "add" and subject_of(exhibit) in entry.subjects for entry in ledger.entries):
            ledger.append("add", [subject_of(exhibit)])
        if found is None:
            self._append("exhibit", {key: value for key, value in asdict(exhibit).items() if value})
        elif not found.sha256:
            self._write(with_digest(read_plan(self.path)[0], self.plan.exhibits.index(found), digest))
        return exhibit

    def _exhibit(self, ledger: Ledger, file: Path) -> Exhibit:
        """The exhibit of the case that holds the file's bytes; added where there is none."""
        if file.is_file() and file.resolve().parent != (self.path / EXHIBITS).resolve():
            digest = sha256_of(file)
            for exhibit in self.plan.exhibits:
                if exhibit.sha256 == digest:
                    return exhibit
        return self._add(ledger, file, {})

    def _table(self, declared: Table, exhibit: Exhibit, question: Question, given: Mapping[str, Any]) -> MappedTable:
        """The table of the case that maps the exhibit as the question does; written where there is none."""
        known = parameters(reader_of(declared))
        for table in self.plan.tables:
            if table.holds(declared) and table.exhibit == exhibit:
                parsed = parse_all(known, table.words, of=f"The table {table.name}")
                if {name: value for name, value in parsed.items() if value is not None} == question.mapping[
                    declared.name
                ]:
                    return table
        kind = declared.exhibit or declared.name
        taken = {table.name for table in self.plan.tables} | {one.name for one in self.plan.exhibits}
        # Questions that name no table mean the only one, or the one named as what it is: a second never takes that.
        first = kind if all(table.kind != kind for table in self.plan.tables) else None
        names = itertools.chain([first] if first else [], (f"{kind}-{n}" for n in itertools.count(2)))
        name = next(name for name in names if name not in taken)
        said = {one.name: typed(one, given[one.name]) for one in known if one.name in given}
        self._append("table", {"name": name, "is": kind, "from": exhibit.name, **said})
        return self.plan.tables[-1]

    def _question(self, question: Question, tables: Mapping[str, MappedTable], given: Mapping[str, Any]) -> None:
        exhibits = {name: table.exhibit for name, table in tables.items()}
        if any(planned.question == question and planned.exhibits == exhibits for planned in self.plan.questions):
            return
        known = words(find_method(question.method))
        readers = [reader_of(table) for table in find_method(question.method).reads if table.name in tables]
        mapped = {parameter.name for reader in readers for parameter in parameters(reader)}
        said = {word: typed(known[word], value) for word, value in given.items() if word not in mapped}
        # The question was asked by the methods' own defaults; where the case has others, it must say so.
        asked = {**question.as_json(), **question.parameters}
        for word, value in defaults_of(self.plan.settings).items():
            if word in known and word not in mapped and asked[word] != value:
                said[word] = asked[word]
        names = list(dict.fromkeys(table.name for table in tables.values()))
        of = {"table": names if len(names) > 1 else names[0]} if names else {}
        self._append("question", {"method": question.method, **of, **said})


def _check_said(exhibit: Exhibit, said: Mapping[str, str]) -> None:
    for key, value in said.items():
        if getattr(exhibit, key) != value:
            raise CaseError(
                f"{NAME}, [[exhibit]] {exhibit.name}, key {key}: it says {getattr(exhibit, key)!r}, not {value!r}. "
                f"Correct it in {NAME} if it is wrong."
            )


_HEAD = """\
# The investigation in one file: what it has, how that is read, what is asked.
# Exhibits are added with `answerable add`; tables and questions are written here, or by `answerable ask --save`.

[case]
"""
