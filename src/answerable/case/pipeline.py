"""From a question and its exhibits to a result: read, measure, judge."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.core.finding import Asked, Question
from answerable.core.judge import Answered, judge, rules
from answerable.core.method import Method, find_method
from answerable.core.result import Result
from answerable.core.signature import Parameter, parameters, parse_all
from answerable.core.table import Account, plural, reader_of
from answerable.core.words import count_text
from answerable.errors import ParameterError, nearest

Files = str | Path | Sequence[str | Path] | Mapping[str, str | Path]

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.engine import Engine, EngineName
    from answerable.core.estimate import Answer
    from answerable.core.table import Table


def words(method: Method) -> dict[str, Parameter]:
    """Every word that a question with this method may use: of the mapping, of the method, of the judge.

    Repeated columns that the method does not take (controls of a method without them) are none of its words.
    """
    taken = {parameter.name for parameter in method.parameters}
    readers = [
        parameter
        for table in method.reads
        for parameter in parameters(reader_of(table))
        if parameter.name in taken or parameter.name not in {plural(kind) for kind in table.repeated}
    ]
    return {parameter.name: parameter for parameter in (*parameters(rules), *readers, *method.parameters)}


def make_question(
    method_name: str,
    given: Mapping[str, Any],
    *,
    tables: Mapping[str, Mapping[str, Any]] | None = None,
    there: Collection[str] | None = None,
    asked: Asked = "not recorded",
) -> Question:
    """A question from words as given on the command line, in case.toml or in Python.

    A word that both the mapping and the method know (which groups, say) is said once and goes to both.

    Args:
        method_name: name of the method.
        given: the words of the question. They go before the words of its tables.
        tables: words of the mapping that belong to one table each, by the name of the declared table.
        there: names of the tables that there are evidence for; all that the method cannot do without by default.
        asked: whether the question was frozen before its data were looked at.

    Raises:
        ParameterError: a word is unknown (the nearest are offered), missing, or its value does not fit.
    """
    method = find_method(method_name)
    known = words(method)
    for word in given:
        if word not in known:
            raise ParameterError(f"{method.name} has no parameter {word!r}. {nearest(word, known)}")
    _check_used(method, given)
    mapping = {}
    shared: dict[str, Any] = {}
    there = {table.name for table in method.needs} if there is None else there
    for table in method.reads:
        if table.name not in there:
            continue
        declared = parameters(reader_of(table))
        stated = {**(tables or {}).get(table.name, {}), **_only(given, declared)}
        parsed = parse_all(declared, stated, of=f"The table {table.name}")
        mapping[table.name] = {name: value for name, value in parsed.items() if value is not None}
        shared |= stated
    return Question(
        method=method.name,
        parameters=method.parse(_only({**shared, **given}, method.parameters)),
        mapping=mapping,
        asked=asked,
        **rules(**parse_all(parameters(rules), _only(given, parameters(rules)), of="A question")),
    )


def _check_used(method: Method, given: Mapping[str, Any]) -> None:
    """Refuse columns that a question names and its method would not look at: they would seem to be allowed for."""
    taken = {parameter.name for parameter in method.parameters}
    for word in (plural(kind) for table in method.reads for kind in table.repeated):
        if given.get(word) and word not in taken:
            raise ParameterError(f"{method.name} does not use {word}. See what does: answerable methods.")


def files_of(method: Method, files: Files) -> dict[str, Path]:
    """The file for each table that a question is asked of.

    Args:
        method: the method of the question.
        files: one file for all tables that the method cannot do without, unless a kind of exhibit, as a phone, holds
            some of them; several in the order of its exhibits (tables that one kind of exhibit holds come out of one
            file); or files by the name of the table.

    Raises:
        ParameterError: there are too few or too many.
    """
    if isinstance(files, Mapping):
        return {name: Path(file) for name, file in files.items()}
    given = [Path(files)] if isinstance(files, (str, Path)) else [Path(file) for file in files]
    exhibits: dict[str, list[Table]] = {}
    for table in method.reads:
        exhibits.setdefault(table.exhibit or table.name, []).append(table)
    needed = [name for name, tables in exhibits.items() if any(table in method.needs for table in tables)]
    apart = len(needed) > 1 and any(table.exhibit for table in method.needs)
    if len(given) == 1 and needed and not apart:
        return {table.name: given[0] for name in needed for table in exhibits[name]}
    if not len(needed) <= len(given) <= len(exhibits):
        optional = [f"{name}{'' if name in needed else ' (may be left out)'}" for name in exhibits]
        wanted = f"the file of: {optional[0]}" if len(optional) == 1 else f"files, in this order: {', '.join(optional)}"
        wanted = f"takes {wanted}" if exhibits else "takes no file: it is calculated from its words"
        raise ParameterError(f"{method.name} {wanted}. {count_text(len(given), 'file was', 'files were')} given.")
    return {table.name: file for tables, file in zip(exhibits.values(), given, strict=False) for table in tables}


def answer(question: Question, exhibits: Mapping[str, Path], engine: Engine) -> tuple[Answered, dict[str, Account]]:
    """Read the exhibits as the question maps them, and measure.

    Args:
        question: what is asked.
        exhibits: the file for each table that the method reads.
        engine: what runs the expressions; derived tables are kept in its folder.
    """
    method = find_method(question.method)
    tables: list[ir.Table | None] = []
    accounts = {}
    given = dict(question.parameters)
    for table in method.reads:
        if table.name not in question.mapping:
            tables.append(None)
            continue
        mapping = question.mapping[table.name]
        reading = reader_of(table)(engine, exhibits[table.name], **mapping)
        tables.append(reading.rows)
        # Where a file lies on this machine is no part of an account: the same case elsewhere gives the same bytes.
        accounts[table.name] = replace(reading.account, file=exhibits[table.name].name)
        given.update({name: value for name, value in reading.given.items() if name in given})
    measured = method.function(*tables, **given)
    return answered(question, measured, accounts, engine.name), accounts


def answered(question: Question, measured: Answer, accounts: Mapping[str, Account], engine: EngineName) -> Answered:
    """An answer with what the judge passes on: the rights that its method bears on, and where it came from."""
    lineage = {
        "engine": engine,
        "exhibits": [
            {"table": name, "file": account.file, "sha256": account.sha256} for name, account in accounts.items()
        ],
    }
    return Answered(question, measured, find_method(question.method).rights, lineage)


def command(question: Question, files: Sequence[str]) -> str:
    """The command that asks the question again, with every word that differs from its default."""
    said = {**question.as_json(), **question.parameters}
    for mapping in said["mapping"].values():
        said |= mapping
    if said["margin"] == Question(method="").margin:
        said["margin"] = None
    pieces = ["answerable", "ask", question.method, *files]
    for name, parameter in words(find_method(question.method)).items():
        value = said.get(name)
        if value not in (None, {}, (), parameter.default):
            pieces += _spoken(name.replace("_", "-"), value, flag=parameter.default is False)
    return shlex.join(pieces)


def _spoken(option: str, value: Any, *, flag: bool) -> list[str]:
    if flag:
        return [f"--{option}"]
    if isinstance(value, Mapping):
        texts = [f"{name}={_quoted(str(entry))}" for name, entry in value.items()]
    elif isinstance(value, (list, tuple)):
        texts = [item if set("=<>") & set(item := str(entry)) else _quoted(item) for entry in value]
    else:
        texts = [{True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)]
    return [piece for text in texts for piece in (f"--{option}", text)]


def _quoted(text: str) -> str:
    """Text whose commas belong to it, in quotes: commas outside of them separate."""
    if "," not in text:
        return text
    return f"'{text}'" if '"' in text else f'"{text}"'


def results(
    answered: Sequence[Answered], accounts: Sequence[Mapping[str, Account]], commands: Sequence[str]
) -> list[Result]:
    """Judge questions family by family and give each its result, in the order given."""
    families: dict[str, list[int]] = {}
    for position, one in enumerate(answered):
        families.setdefault(one.question.family or f"question {position}", []).append(position)
    made: dict[int, Result] = {}
    for positions in families.values():
        findings = judge([answered[position] for position in positions])
        for position in positions:
            one = answered[position]
            made[position] = Result(
                question=one.question,
                findings=tuple(finding for finding in findings if finding.question is one.question),
                coverage=one.answer.coverage,
                accounts=accounts[position],
                command=commands[position],
                series=one.answer.series,
            )
    return [made[position] for position in range(len(answered))]


def _only(given: Mapping[str, Any], declared: Sequence[Parameter]) -> dict[str, Any]:
    names = {parameter.name for parameter in declared}
    return {name: value for name, value in given.items() if name in names}
