"""From a question and its exhibits to a result: read, measure, judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.core.finding import Asked, Question
from answerable.core.judge import Answered, judge, rules
from answerable.core.method import Method, find_method
from answerable.core.result import Result
from answerable.core.signature import Parameter, parameters, parse_all
from answerable.core.table import Account, reader_of
from answerable.errors import ParameterError, nearest

if TYPE_CHECKING:
    from answerable.core.engine import Engine


def words(method: Method) -> dict[str, Parameter]:
    """Every word that a question with this method may use: of the mapping, of the method, of the judge."""
    readers = [parameter for table in method.reads for parameter in parameters(reader_of(table))]
    return {parameter.name: parameter for parameter in (*parameters(rules), *readers, *method.parameters)}


def make_question(method_name: str, given: Mapping[str, Any], *, asked: Asked = "not recorded") -> Question:
    """A question from words as given on the command line, in case.toml or in Python.

    A word that both the mapping and the method know (which groups, say) is said once and goes to both.

    Raises:
        ParameterError: a word is unknown (the nearest are offered), missing, or its value does not fit.
    """
    method = find_method(method_name)
    known = words(method)
    for word in given:
        if word not in known:
            raise ParameterError(f"{method.name} has no parameter {word!r}. {nearest(word, known)}")
    mapping = {}
    for table in method.reads:
        declared = parameters(reader_of(table))
        parsed = parse_all(declared, _only(given, declared), of=f"The table {table.name}")
        mapping[table.name] = {name: value for name, value in parsed.items() if value is not None}
    return Question(
        method=method.name,
        parameters=method.parse(_only(given, method.parameters)),
        mapping=mapping,
        asked=asked,
        **rules(**parse_all(parameters(rules), _only(given, parameters(rules)), of="A question")),
    )


def answer(question: Question, exhibits: Mapping[str, Path], engine: Engine) -> tuple[Answered, dict[str, Account]]:
    """Read the exhibits as the question maps them, and measure.

    Args:
        question: what is asked.
        exhibits: the file for each table that the method reads.
        engine: what runs the expressions.
    """
    method = find_method(question.method)
    tables, accounts = [], {}
    given = dict(question.parameters)
    for table in method.reads:
        mapping = question.mapping.get(table.name, {})
        reading = reader_of(table)(engine, exhibits[table.name], **mapping)
        tables.append(reading.rows)
        accounts[table.name] = reading.account
        given.update({name: value for name, value in reading.given.items() if name in given})
    measured = method.function(*tables, **given)
    lineage = {
        "engine": engine.name,
        "exhibits": [
            {"table": name, "file": account.file, "sha256": account.sha256} for name, account in accounts.items()
        ],
    }
    return Answered(question, measured, method.rights, lineage), accounts


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
            )
    return [made[position] for position in range(len(answered))]


def _only(given: Mapping[str, Any], declared: Sequence[Parameter]) -> dict[str, Any]:
    names = {parameter.name for parameter in declared}
    return {name: value for name, value in given.items() if name in names}
