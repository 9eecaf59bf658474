"""Reading evidence of decisions: any table with one row per decision, or per number of equal decisions."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from answerable.areas.decisions.tables import DECISIONS
from answerable.core.table import Reading, reader
from answerable.errors import MappingError
from answerable.tabular.called import with_names
from answerable.tabular.columns import PAIRS
from answerable.tabular.mapping import TableWords, read_mapped
from answerable.tabular.typed import Bound

if TYPE_CHECKING:
    from answerable.core.engine import Engine
    from answerable.tabular.look import Look
    from answerable.tabular.profile import ColumnProfile

_PROTECTED = re.compile(
    r"(^|[\W_])(race|ethnic\w*|sex|gender|age_?(cat\w*|group|band)|nationality|origin|foreign\w*|born|religion|disab\w*)"
    r"($|[\W_])",
    re.IGNORECASE,
)
_DECIDED = re.compile(
    r"decid|decision|flag|selected|den[iy]|reject|approv|grant|predict|refus|accept|result|verdict", re.IGNORECASE
)
BOUNDS = {
    "probability": Bound(0, mend="A probability lies between 0 and 1."),
    "weight": Bound(0, above=True, there=True, mend="Leave such rows out with where=..., or ask what they stand for."),
    "count": Bound(
        0,
        whole=True,
        there=True,
        mend="If 0 or a blank hides a small number, that has to be said, not read as a count.",
    ),
}


@reader(DECISIONS)
def read_decisions(
    engine: Engine,
    path: Path,
    *,
    decided: str | None = None,
    outcome: str | None = None,
    groups: Sequence[str] | None = None,
    called: Mapping[str, str] | None = None,
    person: str | None = None,
    score: str | None = None,
    weight: str | None = None,
    count: str | None = None,
    confusion: Sequence[str] | None = None,
    arm: str | None = None,
    time: str | None = None,
    stratum: str | None = None,
    since: str | None = None,
    controls: Sequence[str] | None = None,
    covariates: Sequence[str] | None = None,
    probabilities: Sequence[str] | None = None,
    surname: str | None = None,
    residence: str | None = None,
    numbered: bool = False,
    **words: Unpack[TableWords],
) -> Reading:
    """Read a file as decisions: one row for each decision about a person.

    Args:
        engine: what the rows are read on.
        path: the file: CSV or other delimited text, a spreadsheet, JSON lines, Parquet.
        decided: when a row counts as decided the way that is asked about: a yes/no column, or column=value,value, or
            column>=number.
        outcome: when what the decision was about turned out so, written in the same way.
        groups: protected attributes: columns as they are, or in two groups (age<25, level=1,2,3).
        called: names that readers understand, for columns of groups and of what is held constant (afam=applicant) and
            their values (afam:yes=Black); values of one name become one group. References are given by these names.
        person: column that tells people apart; without it, say --independent, or there are no intervals.
        score: column of the number on which the decision rests.
        weight: column of how many decisions of the population a row stands for.
        count: column of how many equal decisions a row stands for.
        confusion: columns of a confusion matrix, in the order TP,FP,FN,TN (true and false positives, false and true
            negatives): where a row counts the decisions on a whole group; in place of decided, outcome and count.
        arm: column that says how the case came to be looked at.
        time: column of when the decision was taken.
        stratum: column within whose values cases are comparable.
        since: column of when the new procedure began where the decision was taken; empty where it has not.
        controls: columns that cases must share to be comparable: categories, or numbers cut in two (priors>=3).
        covariates: columns of numbers that a regression holds constant.
        probabilities: columns with the probability of each group, which sum to 1 in every row.
        surname: column of the family name, where the group is to be imputed from a table of surnames.
        residence: column of where the person lives, in the words of a table of places.
        numbered: whether rows keep their number in the file, for a question that goes by their order.
        words: as for every mapped table.

    Raises:
        EvidenceError: the file cannot be read, or holds a value that does not fit.
        MappingError: a column or value is named that there is not.
    """
    columns = {"decided": decided, "outcome": outcome, "person": person, "score": score, "weight": weight}
    columns |= {"count": count, "arm": arm, "time": time, "since": since, "stratum": stratum}
    columns |= {"surname": surname, "residence": residence}

    def read(columns: Mapping[str, str | None]) -> Reading:
        return read_mapped(
            engine,
            path,
            DECISIONS,
            columns=columns,
            repeated={"group": groups, "control": controls, "covariate": covariates, "probability": probabilities},
            bounds=BOUNDS,
            sums={"probability": [1.0]},
            numbered=numbered,
            **words,
        )

    return with_names(read(columns) if confusion is None else _spread(read, columns, confusion), called)


_CELLS = {"TP": (True, True), "FP": (True, False), "FN": (False, True), "TN": (False, False)}


def _spread(
    read: Callable[[Mapping[str, str | None]], Reading], columns: Mapping[str, str | None], confusion: Sequence[str]
) -> Reading:
    """Four rows for each row of a table of confusion matrices: one for each of its counts."""
    import ibis

    if len(confusion) != len(_CELLS) or any(columns[name] for name in ("decided", "outcome", "count")):
        raise MappingError(
            "confusion takes four columns, in the order TP,FP,FN,TN, and stands in place of decided, outcome and count."
        )
    readings = [read({**columns, "count": column}) for column in confusion]
    rows = [
        reading.rows.mutate(decided=ibis.literal(decided), outcome=ibis.literal(outcome))
        for reading, (decided, outcome) in zip(readings, _CELLS.values(), strict=True)
    ]
    account = readings[0].account
    read_columns = tuple(dict.fromkeys(name for reading in readings for name in reading.account.columns))
    meant = {column: f"count of {cell}" for column, cell in zip(confusion, _CELLS, strict=True)}
    account = replace(
        account,
        columns=read_columns,
        unread=tuple(name for name in account.unread if name not in read_columns),
        values={**account.values, "count": meant},
    )
    return replace(readings[0], rows=ibis.union(*rows), account=account)


def suggest(found: Look) -> str | None:
    """A first question: of a yes-or-no column by protected attributes, or of what comes nearest in the file."""
    if {"pair", "template", "variant"} <= {column.name for column in found.columns}:
        return None  # the transcript of a probe: its pairs are asked as such
    groups = [
        c for c in found.columns if _PROTECTED.search(c.name) and c.role in {"two values", "category"} and c.values
    ]
    likely = [c for c in found.columns if c.values and c.role in {"two values", "category"} and c not in groups]
    likely.sort(key=lambda c: (_DECIDED.search(c.name) is None, c.role != "two values", not _says_yes(c), c.place))
    if not likely:
        return None
    decided, groups = likely[0], groups or likely[1:]
    from answerable.tabular.look import command

    words: dict[str, str | list[str]] = {"decided": _yes(decided)}
    if groups:
        words["groups"] = [_quoted(c.name) for c in groups[:3]]
    if person := next((c for c in found.columns if c.role == "identifier"), None):
        words["person"] = person.name
    if literals := sorted({word for c in [decided, *groups[:3]] for word in c.literals}):
        words["missing"] = [_quoted(word) for word in literals]
    return command("decisions.disparity" if groups else "decisions.rates", found, words)


def _yes(column: ColumnProfile) -> str:
    """A condition on a column: as it is where its values say yes and no, otherwise its rarer or second value."""
    values = _proper(column)
    if _says_yes(column):
        return _quoted(column.name)
    return f"{_quoted(column.name)}={_quoted(values[min(1, len(values) - 1)])}"


def _says_yes(column: ColumnProfile) -> bool:
    """Whether the column's values say yes and no by themselves."""
    return any({value.lower() for value in _proper(column)} <= set(pair) for pair in PAIRS)


def _proper(column: ColumnProfile) -> list[str]:
    return [value for value, _ in column.values if value.strip() and value not in column.literals]


def _quoted(text: str) -> str:
    return f'"{text}"' if re.search(r"[,/=<>#]|^[\s'\"]|\s$", text) else text
