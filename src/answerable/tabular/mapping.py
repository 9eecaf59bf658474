"""From a file to a declared table: the words of a mapping become typed columns, checks and an account.

What the words are stands in `conditions`, what they become in `typed`. Nothing is repaired: a value that does not fit
stops the reading with its row, its column and what to do. All checks together are one aggregate query, and named values
are looked up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import reduce
from operator import add, and_
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from answerable.core.table import Account, Reading, Table, plural
from answerable.core.words import count_text
from answerable.errors import EvidenceError, MappingError, nearest
from answerable.tabular import typed
from answerable.tabular.columns import Source
from answerable.tabular.conditions import Condition, parse_condition
from answerable.tabular.files import RawTable, Rows, open_table
from answerable.tabular.typed import Bound, Check, Typed

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from answerable.core.engine import Engine

_MOST_OTHERS = 12
"""Other values of a text column that the account names; with more of them the rest stand as "(every other value)"."""


class TableWords(TypedDict, total=False):
    """What every reader of a mapped table is told in the same words.

    Args:
        where: conditions that rows must meet; the others are left out and counted.
        missing: values that mean "missing", in every column, as "(null),N/A".
        sheet: name of the sheet, where the file is a spreadsheet.
        encoding: of a text file, where it is not UTF-8, as cp1252.
        delimiter: of a text file, where its first rows do not show it.
        refused_at_most: how many rows may be left out, and counted, because they cannot be read; none by default.
    """

    where: Sequence[str] | None
    missing: Sequence[str] | None
    sheet: str | None
    encoding: str | None
    delimiter: str | None
    refused_at_most: int


def read_mapped(
    engine: Engine,
    path: Path,
    table: Table,
    *,
    columns: Mapping[str, str | None],
    repeated: Mapping[str, Sequence[str] | None] | None = None,
    where: Sequence[str] | None = None,
    missing: Sequence[str] | None = None,
    bounds: Mapping[str, Bound] | None = None,
    sums: Mapping[str, Sequence[float]] | None = None,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    refused_at_most: int = 0,
    work: Path | None = None,
    numbered: bool = False,
) -> Reading:
    """Read a file as a declared table.

    Args:
        engine: what the rows are read on.
        path: the file of evidence.
        table: the declared table.
        columns: for each declared column the word that maps it: a condition for yes-or-no columns, otherwise a column
            of the file.
        repeated: for each repeated column of the table, columns of the file or conditions on them. Columns of text
            and numbers keep their names; conditions that make yes-or-no columns are named by their own text.
        where: conditions that rows must meet; the others are left out and counted.
        missing: values that mean "missing", in every column.
        bounds: what the values of declared number columns must be.
        sums: for a repeated kind of numbers, what the columns of a row may sum to, within the rounding of two decimals.
        sheet: this and the rest as in open_table.
        encoding: of a text file.
        delimiter: of a text file.
        refused_at_most: how many rows may be left out.
        work: folder for derived tables.
        numbered: whether each row has its number in the file, as the column row_number.

    Raises:
        EvidenceError: the file cannot be read, or holds a value that does not fit (row, column, what to do).
        MappingError: a word of the mapping names a column or value that there is not, or is not clear.
    """
    given = {name: columns.get(name) for name in table.columns}
    words = {name: parse_condition(word) for name, word in given.items() if word is not None}
    several = [(kind, parse_condition(word)) for kind, ones in (repeated or {}).items() for word in ones or ()]
    groups = [condition for _, condition in several]
    filters = [parse_condition(word) for word in where or ()]
    if not words and not groups:
        raise MappingError(f"Say which columns of {Path(path).name} are the {table.name}: {', '.join(columns)}.")
    if absent := sorted(table.required - set(words)):
        raise MappingError(f"The table {table.name} needs {', '.join(absent)}.")
    raw = open_table(
        engine, path, sheet=sheet, encoding=encoding, delimiter=delimiter, refused_at_most=refused_at_most, work=work
    )
    named = _names(raw, table, several)
    used = {condition: raw.column(condition.column) for condition in [*words.values(), *groups, *filters]}
    rows = raw.rows(list(used.values()))
    reading = _Reading(engine, raw, rows, used, tuple(missing or ()))
    made = {
        name: reading.typed(table.columns[name].type, word, (bounds or {}).get(name)) for name, word in words.items()
    }
    for name, (kind, condition) in zip(named, several, strict=True):
        declared = table.repeated[kind].type
        bound = (bounds or {}).get(kind)
        made[name] = reading.typed("group" if declared == "string" else declared, condition, bound)
    for kind, totals in (sums or {}).items():
        _check_sums(made, [name for name, (one, _) in zip(named, several, strict=True) if one == kind], totals)
    kept = [reading.typed("boolean", condition) for condition in filters]
    conditions = {**words, **dict(zip(named, groups, strict=True))}
    count, left_out, notes = reading.verify(
        list(zip(conditions.values(), made.values(), strict=True)), list(zip(filters, kept, strict=True))
    )
    view = rows.table.filter([column.value for column in kept]) if kept else rows.table
    account = Account(
        file=raw.path.name,
        sha256=raw.sha256,
        format=raw.format,
        rows=count,
        refused=rows.refused,
        left_out=left_out,
        columns=tuple(raw.header[at] for at in sorted(set(used.values()))),
        unread=tuple(name for at, name in enumerate(raw.header) if at not in used.values()),
        values={name: dict(column.values) for name, column in made.items() if column.values},
        notes=(*rows.notes, *notes),
    )
    settled: dict[str, list[str]] = {}
    for name, (kind, _) in zip(named, several, strict=True):
        settled.setdefault(plural(kind), []).append(name)
    values: dict[str, ir.Value] = {name: column.value for name, column in made.items()}
    if numbered:
        values["row_number"] = rows.table["row"]
    return Reading(table, view.select(**values), account, settled)


def _names(raw: RawTable, table: Table, several: Sequence[tuple[str, Condition]]) -> list[str]:
    """The names of the repeated columns: those of the file; refused where one would stand for two things."""
    names: list[str] = []
    for kind, condition in several:
        conditional = table.repeated[kind].type == "boolean"
        name = condition.text if conditional else raw.header[raw.column(condition.column)]
        taken = {known.casefold(): known for known in [*table.columns, *names]}
        if not name or name.casefold() in taken:
            own = name.casefold() in table.columns
            other = f"like the {table.name}' own column {name.casefold()!r}" if own else "twice"
            raise MappingError(
                f"{raw.path.name}: a {kind} column cannot be called {name!r}{f', {other}' if name else ''}. "
                "Have it exported under another name, or add a column with another name to a copy of the file."
            )
        names.append(name)
    return names


def _check_sums(made: dict[str, Typed], names: Sequence[str], totals: Sequence[float]) -> None:
    """Add to the last of these columns the check that each row of them sums to one of the totals."""
    if not names:
        return
    summed = reduce(add, (made[name].value for name in names))
    rounding = 0.005 * len(names) + 1e-9
    bad = reduce(and_, ((summed - total).abs() > rounding * total for total in totals))
    wanted = " or ".join(f"{total:g}" for total in totals)
    check = Check(
        bad,
        lambda shown: f"{', '.join(names)} of this row do not sum to {wanted} (the last of them is {shown})",
        "Name all columns that belong together, or leave such rows out with where=...",
    )
    made[names[-1]] = replace(made[names[-1]], checks=(*made[names[-1]].checks, check))


class _Reading:
    """One reading under way: the rows, and what is asked of them before they are handed out."""

    def __init__(
        self, engine: Engine, raw: RawTable, rows: Rows, used: Mapping[Condition, int], missing: tuple[str, ...]
    ) -> None:
        self._engine, self._raw, self._rows, self._used, self._missing = engine, raw, rows, used, missing

    def typed(self, kind: str, condition: Condition, bound: Bound | None = None) -> Typed:
        """The column that a condition makes, of the kind that is declared."""
        source = self._source(condition)
        if kind == "boolean":
            return self._noted(self._spelled(typed.boolean(source, condition, self._ask), source, condition), source)
        if kind == "group":
            return self._noted(self._spelled(typed.group(source, condition, self._ask), source, condition), source)
        if condition.sign:
            raise MappingError(f"{condition.text!r}: this takes a column as it is, without a condition.")
        if kind == "timestamp":
            made = typed.time(source, self._ask)
        elif kind in {"int64", "float64"}:
            made = typed.number(
                source, replace(bound or Bound(float("-inf")), whole=True) if kind == "int64" else bound
            )
        elif kind == "string":
            made = typed.text(source)
        elif kind == "identifier":
            made = typed.identifier(source)
        else:
            raise TypeError(f"no word of a mapping makes a column of type {kind}")
        return self._noted(made, source)

    def _spelled(self, made: Typed, source: Source, condition: Condition) -> Typed:
        """The other values of a text by name: the account shows what counts as no, "N/A" among it."""
        if typed.OTHER not in made.values or source.kind != "text":
            return made
        # The bare column is grouped by the entries of its dictionaries; what is known already is dropped afterwards.
        known = {None, "", *self._missing, *condition.values}
        counted = self._rows.table.group_by(value=source.value).agg(rows=self._rows.table.count())
        most = counted.order_by([counted.rows.desc(), counted.value]).limit(_MOST_OTHERS + 1 + len(known))
        others = [value for value in self._engine.collect(most)["value"] if value not in known]
        values = dict(made.values)
        meant = values.pop(typed.OTHER)
        values |= dict.fromkeys(others[:_MOST_OTHERS], meant)
        if len(others) > _MOST_OTHERS:
            values[typed.OTHER] = meant
        return replace(made, values=values)

    def _noted(self, made: Typed, source: Source) -> Typed:
        if not self._missing or source.kind != "text":
            return made
        shown = ", ".join(map(repr, self._missing))
        note = (
            source.value.isin(self._missing),
            f"{{count}} with {shown} in column {{column}} taken as missing, as declared.",
        )
        return replace(made, notes=(*made.notes, note))

    def _source(self, condition: Condition) -> Source:
        at = self._used[condition]
        name = self._raw.header[at]
        source = Source(self._raw.path, name, self._rows.table[f"c{at + 1}"], self._missing)
        row = self._rows.nested.get(at)
        if row is not None or source.kind == "other":
            raise EvidenceError(
                "it holds nested values, not plain ones."
                if row is not None
                else f"it holds {source.value.type()}, not plain values.",
                file=self._raw.path,
                row=row,
                column=name,
                mend="Choose another column, or have the values exported as columns of their own.",
            )
        return source

    def _ask(self, aggregates: Mapping[Any, Any]) -> dict[Any, Any]:
        """Aggregates over all rows, in one query."""
        names = {f"a{number}": value for number, value in enumerate(aggregates.values())}
        answers = self._engine.collect(self._rows.table.aggregate(**names))
        return dict(zip(aggregates, (answers[name][0] for name in names), strict=True))

    def verify(
        self, columns: Sequence[tuple[Condition, Typed]], filters: Sequence[tuple[Condition, Typed]]
    ) -> tuple[int, int, list[str]]:
        """Rows in all, rows that the filters leave out, and the notes.

        Raises:
            EvidenceError: a check fails, in the first row in which it does.
            MappingError: a named value does not occur, or the filters leave nothing.
        """
        self._verify_named([*columns, *filters])
        kept = reduce(and_, (column.value.fill_null(False) for _, column in filters)) if filters else None
        checks = [(condition, check, check.bad) for condition, column in filters for check in column.checks]
        for condition, column in columns:
            checks += [(condition, c, c.bad if kept is None else c.bad & kept) for c in column.checks]
        notes = {
            (self._name(condition), text): rows
            for condition, column in [*columns, *filters]
            for rows, text in column.notes
        }
        aggregates = {
            "rows": self._rows.table.count(),
            "kept": self._rows.table.count() if kept is None else kept.sum(),
        }
        aggregates |= {("check", number): bad.sum() for number, (_, _, bad) in enumerate(checks)}
        aggregates |= {key: rows.sum() for key, rows in notes.items()}
        known = self._ask(aggregates)
        if not known["rows"]:
            raise EvidenceError("the file holds no rows.", file=self._raw.path, mend="Ask for the file again.")
        for number, (condition, check, bad) in enumerate(checks):
            if known["check", number]:
                raise self._failed(condition, check, bad, known["check", number])
        if not known["kept"]:
            raise MappingError(f"{self._raw.path.name}: where={', '.join(c.text for c, _ in filters)} leaves no row.")
        count = known["rows"] if self._rows.count is None else self._rows.count
        texts = [
            text.format(count=count_text(known[name, text], "row"), column=repr(name))
            for name, text in notes
            if known[name, text]
        ]
        return count, known["rows"] - known["kept"], texts

    def _name(self, condition: Condition) -> str:
        return self._raw.header[self._used[condition]]

    def _failed(self, condition: Condition, check: Check, bad: ir.BooleanValue, count: int) -> EvidenceError:
        table, column = self._rows.table, f"c{self._used[condition] + 1}"
        first = self._engine.collect(table.filter(bad).order_by("row").limit(1).select("row", column))
        shown = first[column][0]
        more = "" if count == 1 else f" ({count:,} rows are like it)"
        return EvidenceError(
            f"{check.problem(repr(shown))}{more}.",
            file=self._raw.path,
            row=first["row"][0],
            column=self._name(condition),
            mend=check.mend,
        )

    def _verify_named(self, columns: Sequence[tuple[Condition, Typed]]) -> None:
        """Every value that a condition names must occur: a mistyped one would silently mean nobody."""
        import ibis

        named = list(dict.fromkeys((condition, value) for condition, column in columns for value in column.named))
        if not named:
            return
        table = self._rows.table
        # One row of each is enough, so that a value which is common costs no scan.
        found = [
            table.filter(self._source(condition).equals([value])).limit(1).select(at=ibis.literal(number, "int64"))
            for number, (condition, value) in enumerate(named)
        ]
        present = set(self._engine.collect(found[0] if len(found) == 1 else ibis.union(*found))["at"])
        for number, (condition, value) in enumerate(named):
            if number not in present:
                raise self._unknown_value(condition, value)

    def _unknown_value(self, condition: Condition, value: str) -> MappingError:
        import ibis

        text = self._source(condition).text()
        known = self._rows.table.select(value=text).filter(lambda rows: rows.value.notnull())
        commonest = known.group_by("value").aggregate(n=known.count()).order_by(ibis.desc("n"), "value").limit(1000)
        values = [repr(one) for one in self._engine.collect(commonest)["value"]]
        hint = ' A value with a comma or a slash is put in quotes ("N/A").' if len(condition.named) > 1 else ""
        return MappingError(
            f"{self._raw.path.name}, column {self._name(condition)!r}: no row has the value {value!r}, "
            f"which {condition.text!r} names. {nearest(repr(value), values)}{hint}"
        )
