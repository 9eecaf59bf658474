"""A first look at a file: its columns, what their values are, the traps in them, and a command to start from.

What could tell people apart is not shown: no values of identifiers, and none of columns with many different ones.
"""

from __future__ import annotations

import html
import shlex
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from answerable.core.engine import Engine, open_engine
from answerable.core.words import count_text
from answerable.tabular.columns import Source, as_number
from answerable.tabular.files import RawTable, Rows, open_table
from answerable.tabular.profile import ColumnProfile, Facts, measure
from answerable.tabular.traps import traps

_MEMORY = "2GB"  # beyond it, different values are counted on the disk
_SHOWN_VALUES = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a first look at a file found.

    Args:
        path: the file.
        sha256: its digest.
        format: in words.
        rows: rows in all.
        refused: rows that cannot be read, with the reason, as sentences.
        columns: a profile of each column.
        traps: what to mind about the file as a whole.
        given: how the file was opened (sheet, encoding, delimiter), where that was said.
        commands: commands to start from, as areas suggest them.
    """

    path: Path
    sha256: str
    format: str
    rows: int
    refused: tuple[str, ...]
    columns: tuple[ColumnProfile, ...]
    traps: tuple[str, ...]
    given: Mapping[str, str] = field(default_factory=dict)
    commands: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain data, ready for JSON."""
        return {
            "file": self.path.name,
            "sha256": self.sha256,
            "format": self.format,
            "rows": self.rows,
            "refused": list(self.refused),
            "columns": [column.as_json() for column in self.columns],
            "traps": list(self.traps),
            "given": dict(self.given),
            "commands": list(self.commands),
        }

    def text(self) -> str:
        """For the terminal: one line for each column, then the traps and the commands."""
        lines = [self._title, ""]
        table = [("column", "likely", "missing", "distinct", "values"), *map(_cells, self.columns)]
        widths = [max(len(row[at]) for row in table) for at in range(4)]
        for row in table:
            cells = [
                cell.rjust(width) if at > 1 else cell.ljust(width)
                for at, (cell, width) in enumerate(zip(row, widths, strict=False))
            ]
            lines.append("  ".join([*cells, row[4]]).rstrip())
        if warnings := [*self.refused, *self.traps, *self._column_traps()]:
            lines += ["", "To mind:", *(f"  {line}" for line in warnings)]
        if self.commands:
            lines += ["", "To start from:", *(f"  {command}" for command in self.commands)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        """For notebooks: the same as a table."""
        names = ("column", "likely", "missing", "distinct", "values")
        head = "".join(f"<th>{name}</th>" for name in names)
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in _cells(column)) + "</tr>"
            for column in self.columns
        )
        warnings = [*self.refused, *self.traps, *self._column_traps()]
        items = "".join(f"<li>{html.escape(line)}</li>" for line in warnings)
        commands = "".join(f"<pre>{html.escape(command)}</pre>" for command in self.commands)
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        return f"<p>{html.escape(self._title)}</p>{table}{f'<ul>{items}</ul>' if items else ''}{commands}"

    @property
    def _title(self) -> str:
        size = f"{count_text(self.rows, 'row')}, {count_text(len(self.columns), 'column')}"
        return f"{self.path.name}: {size} ({self.format})"

    def _column_traps(self) -> Iterator[str]:
        for column in self.columns:
            for trap in column.traps:
                yield f"{column.name or f'#{column.place}'}: {trap}"


def look(
    path: str | Path,
    *,
    sheet: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    engine: Engine | None = None,
) -> Look:
    """Look at every value of a file: what its columns are, what traps they hold, and what to ask first.

    Args:
        path: CSV or other delimited text, a spreadsheet, JSON lines or Parquet.
        sheet: name of the sheet of a spreadsheet.
        encoding: of a text file, where it is not UTF-8.
        delimiter: of a text file, where its first rows do not show it.
        engine: what counts; by default DuckDB with bounded memory, closed at the end.

    Raises:
        EvidenceError: the file cannot be read at all. Rows that cannot be read are counted.
        MappingError: a sheet has to be chosen.
    """
    words = {"sheet": sheet, "encoding": encoding, "delimiter": delimiter}
    if engine is not None:
        return _look(engine, Path(path), words)
    own = open_engine("duckdb", {"memory_limit": _MEMORY})
    try:
        return _look(own, Path(path), words)
    finally:
        own.close()


def _look(engine: Engine, path: Path, words: Mapping[str, str | None]) -> Look:
    raw = open_table(
        engine,
        path,
        sheet=words["sheet"],
        encoding=words["encoding"],
        delimiter=words["delimiter"],
        refused_at_most=sys.maxsize,
    )
    rows = raw.rows()
    count = rows.count
    if count is None:
        count = engine.collect(rows.table.aggregate(n=rows.table.count()))["n"][0]
    found = Look(
        path=path,
        sha256=raw.sha256,
        format=raw.format,
        rows=count,
        refused=tuple(
            f"{count_text(one.count, 'row')} with {one.reason} (first: {', '.join(map(str, one.rows))})."
            for one in rows.refused
        ),
        columns=tuple(_profiles(engine, raw, rows)),
        traps=tuple(_file_traps(raw, rows)),
        given={name: word for name, word in words.items() if word is not None},
    )
    return replace(found, commands=tuple(_suggestions(found)))


def _profiles(engine: Engine, raw: RawTable, rows: Rows) -> list[ColumnProfile]:
    sources = [Source(raw.path, name, rows.table[f"c{at}"]) for at, name in enumerate(raw.header, 1)]
    plain = [at for at, source in enumerate(sources) if source.kind != "other" and at not in rows.nested]
    measured = (
        dict(zip(plain, measure(engine, rows.table, [sources[at] for at in plain]), strict=True)) if plain else {}
    )
    return [_profile(source, at + 1, measured.get(at), raw.format == "Parquet") for at, source in enumerate(sources)]


def _profile(source: Source, place: int, facts: Facts | None, typed: bool) -> ColumnProfile:
    if facts is None:
        nested = "Holds more than plain values: it cannot be mapped."
        return ColumnProfile(name=source.name, place=place, type="nested", role="nested", traps=(nested,))
    return ColumnProfile(
        name=source.name,
        place=place,
        type=facts.type,
        role=facts.role,
        missing=facts.rows("missing"),
        distinct=sum(shape.distinct for name, shape in facts.shapes.items() if name != "missing"),
        values=tuple(facts.values.items()) if facts.shown else (),
        least=facts.end("least"),
        most=facts.end("most"),
        literals=facts.literals,
        traps=tuple(traps(facts, typed=typed)),
    )


def _file_traps(raw: RawTable, rows: Rows) -> Iterator[str]:
    """What to mind about the file as a whole."""
    yield from rows.notes
    for name, times in Counter(raw.header).items():
        if times > 1:
            places = ", ".join(f"#{at}" for at, other in enumerate(raw.header, 1) if other == name)
            yield f"{times} columns are called {name!r}: say which one by its place ({places})."
    folded: dict[str, set[str]] = {}
    for name in raw.header:
        folded.setdefault(name.casefold(), set()).add(name)
    for names in folded.values():
        if len(names) > 1:
            alike = ", ".join(map(repr, sorted(names)))
            yield f"Columns whose names differ by case only: {alike}; say which by its place."
    if odd := [f"#{at}" for at, name in enumerate(raw.header, 1) if not name or name != name.strip()]:
        yield f"Column names that are empty, or have blanks around them: {', '.join(odd)}."
    if len(raw.header) > 1 and all(as_number(name) is not None for name in raw.header):
        yield "Every column name is a number: the file may have no header, and its first row would be lost."


def command(method: str, found: Look, words: Mapping[str, str | Sequence[str]]) -> str:
    """The command that asks a method of the file, with these words; for what areas suggest."""
    parts = ["answerable", "ask", method, str(found.path)]
    for name, value in {**words, **found.given}.items():
        values = [value] if isinstance(value, str) else value
        parts += [part for one in values for part in (f"--{name.replace('_', '-')}", one)]
    return shlex.join(parts)


def _suggestions(found: Look) -> Iterator[str]:
    """Commands to start from, from every area that offers one."""
    from answerable.core.method import areas, room_modules

    for area in areas():
        for module in room_modules(area, "read"):
            suggest = getattr(module, "suggest", None)
            if suggest is not None and (command := suggest(found)):
                yield command


def _cells(column: ColumnProfile) -> tuple[str, str, str, str, str]:
    """A column as the cells of a line."""
    shown = ", ".join(f"{value!r} {rows:,}" for value, rows in column.values[:_SHOWN_VALUES])
    if len(column.values) > _SHOWN_VALUES:
        shown += f", {len(column.values) - _SHOWN_VALUES} more"
    if column.least is not None and column.role != "two values":
        few = 0 < len(column.values) <= _SHOWN_VALUES
        shown = f"{column.least} to {column.most}" + (f": {shown}" if few else "")
    name = column.name or f"#{column.place}"
    return name, column.role, f"{column.missing:,}", f"{column.distinct:,}", shown
