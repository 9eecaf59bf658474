"""Errors that people can act on. Anything else that is raised is a bug and shows its traceback.

AnswerableError
├── EvidenceError        a file of evidence cannot be read as asked (file, row, column, what to do)
├── MappingError         the mapping from a file to a declared table does not fit the file
├── ParameterError       a parameter of a method is unknown, missing or of the wrong type
├── NotIdentified        the evidence cannot answer the question, and this is what could
└── CaseError            case.toml or the case's folder is not as it must be
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class AnswerableError(Exception):
    """Something a person can mend; the message says what and how."""


class EvidenceError(AnswerableError):
    """A file of evidence cannot be read as asked.

    Args:
        problem: what is wrong, as a sentence.
        file: the file.
        row: row of the table, 1 for the first row after the header; None where it does not apply.
        column: name of the column as the file has it.
        mend: what to do, as a sentence.
    """

    def __init__(
        self, problem: str, *, file: str | Path, row: int | None = None, column: str | None = None, mend: str = ""
    ) -> None:
        self.problem, self.file, self.row, self.column, self.mend = problem, str(file), row, column, mend
        place = Path(file).name
        if row is not None:
            place += f", row {row:,}"
        if column is not None:
            place += f", column {column!r}"
        super().__init__(f"{place}: {problem}" + (f" {mend}" if mend else ""))


class MappingError(AnswerableError):
    """The mapping from a file's columns and values to a declared table does not fit."""


class ParameterError(AnswerableError):
    """A parameter is unknown, missing or of the wrong type."""


class NotIdentified(AnswerableError):
    """The evidence cannot answer the question.

    Args:
        problem: why it cannot.
        missing: what evidence, or what statement about it, would answer.
    """

    def __init__(self, problem: str, *, missing: str) -> None:
        self.problem, self.missing = problem, missing
        super().__init__(f"{problem} What would answer it: {missing}")


class CaseError(AnswerableError):
    """The case's folder or its case.toml is not as it must be."""


def nearest(word: str, known: Iterable[str], most: int = 3) -> str:
    """A sentence that offers the known names nearest to a mistyped one; empty when none is near."""
    names = list(known)
    folded = {name.casefold(): name for name in names}
    near = [folded[key] for key in difflib.get_close_matches(word.casefold(), folded, n=most, cutoff=0.5)]
    if near:
        return f"Nearest: {', '.join(near)}."
    return f"Known: {', '.join(names[:30])}{', ...' if len(names) > 30 else ''}." if names else ""
