"""case.toml: the whole investigation in one file that a person can read and write.

Every error names the entry and the key, offers the nearest known names, and says what to do.
"""

from __future__ import annotations

import datetime
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

from answerable.case import EXHIBITS, PLAN
from answerable.case.entries import check_keys, fail
from answerable.case.pipeline import make_question, words
from answerable.case.tables import MappedTable, chosen_tables, mapped_tables
from answerable.core.engine import EngineName  # noqa: TC001 (read from the signature at run time)
from answerable.core.method import find_method, methods
from answerable.core.signature import parameters, parse_all
from answerable.errors import CaseError, ParameterError, nearest

if TYPE_CHECKING:
    from answerable.core.finding import Question

NAME = PLAN
_KINDS = {"exhibit": "[[exhibit]]", "table": "[[table]]", "question": "[[question]]"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What [case] says.

    Args:
        title: of the investigation.
        investigators: who investigates.
        summary: what the report says above the answers; paragraphs are separated by an empty line.
        level: of the confidence intervals, for every question that does not state its own.
        smallest_cell: how many a published number must rest on, and a question's `smallest` unless it states its own.
        engine: "duckdb" or "spark".
        engine_options: settings of the engine, by its own names.
    """

    title: str
    investigators: Sequence[str] = ()
    summary: str = ""
    level: float = 0.95
    smallest_cell: int = 10
    engine: EngineName = "duckdb"
    engine_options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """What one [[exhibit]] says: where the file lies inside the case, its digest, and where it came from."""

    path: str
    sha256: str = ""
    source: str = ""
    obtained: str = ""
    by: str = ""
    lawful_basis: str = ""
    sensitivity: str = ""

    @property
    def name(self) -> str:
        """The file's own name, by which tables call it."""
        return PurePosixPath(self.path).name


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedQuestion:
    """What one [[question]] asks, and of which tables (by the name of the declared table)."""

    label: str
    question: Question
    tables: Mapping[str, MappedTable]

    @property
    def exhibits(self) -> dict[str, Exhibit]:
        """The exhibit behind each table."""
        return {name: table.exhibit for name, table in self.tables.items()}

    @property
    def digests(self) -> set[str]:
        """Digests of its exhibits."""
        return {table.exhibit.sha256 for table in self.tables.values()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What case.toml says."""

    settings: Settings
    exhibits: tuple[Exhibit, ...] = ()
    tables: tuple[MappedTable, ...] = ()
    questions: tuple[PlannedQuestion, ...] = ()


def read_plan(folder: Path) -> tuple[str, Plan]:
    """The text of a folder's case.toml, and what it says.

    Raises:
        CaseError: there is none, or it is not as it must be.
    """
    path = folder / NAME
    if not path.is_file():
        raise CaseError(f"There is no {NAME} in {folder}. Make a case with: answerable new {folder}")
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CaseError(f"{NAME} is not UTF-8 text (byte {error.start:,}). Save it as UTF-8.") from error
    return text, parse_plan(text)


def parse_plan(text: str) -> Plan:
    """What the text of a case.toml says; no file but the text is looked at.

    Raises:
        CaseError: it is not TOML, or an entry of it is not as it must be.
    """
    try:
        data = _plain(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise CaseError(f"{NAME} is not TOML: {error}. Mend that line.") from error
    for key, value in data.items():
        _check_top(key, value)
    if "case" not in data:
        fail("[case]", "is missing", 'Begin the file with [case] and title = "..."')
    settings = _settings(data["case"])
    exhibits = _exhibits(data.get("exhibit", []))
    tables = mapped_tables(data.get("table", []), exhibits)
    questions = _questions(data.get("question", []), tables, settings)
    return Plan(settings=settings, exhibits=exhibits, tables=tables, questions=questions)


def _plain(value: Any) -> Any:
    """TOML's dates as text: ISO 8601 is what the ledger, the report and the mapping hold."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise CaseError(f"{NAME}: {value} is not a number that can be worked with. Write a finite one.")
    return value.isoformat() if isinstance(value, (datetime.date, datetime.time)) else value


def _check_top(key: str, value: Any) -> None:
    if key == "case":
        if not isinstance(value, dict):
            fail("[case]", "is not a table", "Write [case] on a line of its own, and its keys below")
    elif key not in _KINDS:
        fail(key, "there is no such entry", nearest(key, ["case", *_KINDS]))
    elif not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        fail(key, "is not a list of entries", f"Begin each with {_KINDS[key]}, in two brackets")


_Entry = TypeVar("_Entry", Settings, Exhibit)


def _entry(kind: type[_Entry], given: Mapping[str, Any], place: str) -> _Entry:
    """One entry whose keys are the fields of a class: unknown, missing and ill-typed ones are refused."""
    declared = parameters(kind.__init__)
    check_keys(given, [parameter.name for parameter in declared], place)
    try:
        return kind(**{name: value for name, value in parse_all(declared, given, of="It").items() if name in given})
    except ParameterError as error:
        fail(place, str(error).rstrip("."))


def _settings(given: Mapping[str, Any]) -> Settings:
    given = dict(given)
    options = given.get("engine_options", {})
    if not isinstance(options, dict):
        fail("[case]", f"engine_options is {options!r}", "Write [case.engine_options], and each option on a line below")
    given["engine_options"] = _flat(options)
    settings = _entry(Settings, given, "[case]")
    if not 0 < settings.level < 1:
        fail("[case]", f"level is {settings.level:g}", "It lies between 0 and 1, as 0.95")
    if settings.smallest_cell < 1:
        fail("[case]", f"smallest_cell is {settings.smallest_cell}", "It is at least 1")
    return settings


def _flat(options: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Options whose dots TOML took for nesting (spark.master = ...), under their whole names."""
    flat: dict[str, str] = {}
    for name, value in options.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[prefix + name] = str(value).lower() if isinstance(value, bool) else str(value)
    return flat


def _exhibits(entries: Sequence[Mapping[str, Any]]) -> tuple[Exhibit, ...]:
    exhibits: dict[str, Exhibit] = {}
    for number, given in enumerate(entries, start=1):
        place = f"[[exhibit]] {number}"
        exhibit = _entry(Exhibit, given, f"{place} ({given['path']})" if "path" in given else place)
        if exhibit.path != f"{EXHIBITS}/{exhibit.name}" or "\\" in exhibit.path or exhibit.name in {"", ".", ".."}:
            fail(
                f"{place}, key path",
                f"{exhibit.path!r} is not a file in {EXHIBITS}/ of this case",
                f"`answerable add` copies the file there and writes its path, as {EXHIBITS}/data.csv",
            )
        if (folded := exhibit.name.casefold()) in exhibits:
            fail(
                place,
                f"there are two exhibits of the name {exhibit.name}",
                "Tables could not tell them apart; rename one",
            )
        exhibits[folded] = exhibit
    return tuple(exhibits.values())


def _questions(
    entries: Sequence[Mapping[str, Any]], tables: Sequence[MappedTable], settings: Settings
) -> tuple[PlannedQuestion, ...]:
    questions: list[PlannedQuestion] = []
    for number, given in enumerate(entries, start=1):
        place = f"[[question]] {number}"
        if not isinstance(given.get("method"), str):
            fail(place, "it has no method", f'Say which, as method = "..." {nearest("", methods())}')
        place = f"{place} ({given['method']})"
        try:
            question = _question(given, tables, settings, place)
        except ParameterError as error:
            fail(place, str(error).rstrip("."))
        for other in questions:
            _check_pair(question, other)
        questions.append(question)
    return tuple(questions)


def _question(
    given: Mapping[str, Any], tables: Sequence[MappedTable], settings: Settings, place: str
) -> PlannedQuestion:
    method = find_method(given["method"])
    chosen = chosen_tables(given.get("table"), method, tables, place)
    known = words(method)
    stated = {key: value for key, value in given.items() if key not in {"method", "table"}}
    check_keys(stated, ["method", "table", *known], place)
    defaults = {name: value for name, value in defaults_of(settings).items() if name in known}
    mapping = {name: table.words for name, table in chosen.items()}
    question = make_question(method.name, {**defaults, **stated}, tables=mapping, there=mapping)
    return PlannedQuestion(label=place.replace("[[question]]", "question"), question=question, tables=chosen)


def defaults_of(settings: Settings) -> dict[str, Any]:
    """What [case] says for every question that knows the word and does not state it."""
    return {"level": settings.level, "smallest": settings.smallest_cell}


def _check_pair(one: PlannedQuestion, other: PlannedQuestion) -> None:
    if one.question == other.question and one.exhibits == other.exhibits:
        fail(one.label, f"it asks the same as {other.label}", "Take one of them out")
    family, correction = one.question.family, one.question.correction
    if family and family == other.question.family and correction != other.question.correction:
        problem = f"it shares the family {family!r} with {other.label}, but not its correction"
        fail(one.label, problem, "State the same correction in both")
