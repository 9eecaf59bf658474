"""A result: a question, its findings, and the accounts of what was read to answer it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from answerable.core.estimate import Coverage, Series
    from answerable.core.finding import Finding, Question
    from answerable.core.table import Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The findings of one question, with coverage and accounts.

    Args:
        question: what was asked.
        findings: the judged answers, in the order in which the method gave them.
        coverage: what the method looked at and what it could not.
        accounts: what became of every row and column, by declared table.
        command: the command that asks the same again.
        series: measured values along something, drawn beside the findings.
    """

    question: Question
    findings: tuple[Finding, ...]
    coverage: Coverage
    accounts: Mapping[str, Account] = field(default_factory=dict)
    command: str = ""
    series: tuple[Series, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain data, ready for JSON; one account stands by itself, several in a list, each with its table."""
        accounts = [{"table": name, **account.as_json()} for name, account in self.accounts.items()]
        return {
            "question": {**self.question.as_json(), "digest": self.question.digest},
            "findings": [finding.as_json() for finding in self.findings],
            "coverage": self.coverage.as_json(),
            "account": accounts[0] if len(accounts) == 1 else accounts,
            "command": self.command,
            "series": [one.as_json() for one in self.series],
        }
