"""Spreadsheets (xlsx, xlsm, xls, xlsb, ods) as batches of text columns.

Nothing in them is run: formulas give the values that were stored with them. A cell that holds an error (#N/A) arrives
empty from the reading library; in xlsx such cells are counted, so that this is said.
"""

from __future__ import annotations

import datetime
import re
import zipfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.core.words import count_text
from answerable.errors import EvidenceError, MappingError, nearest

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.tabular.store import Parsed

_BATCH = 50_000
_UNPACKED_LIMIT = 2 << 30  # a spreadsheet is held in memory
_ERROR_CELL = re.compile(rb'<c\b[^<>]*\bt="e"')


def batches(path: Path, sheet: str | None, _wanted: Sequence[int], parsed: Parsed) -> Iterator[pa.RecordBatch]:
    """The rows of a sheet below its header (its first row that holds anything): `row`, then every column as text.

    A row's number counts the sheet's rows below the header, empty ones too, so that it is found in the spreadsheet.

    Raises:
        EvidenceError: the file is not a spreadsheet that can be read, or the sheet is empty.
        MappingError: there is no such sheet, or several and none was chosen; they are listed.
    """
    import pyarrow as pa

    book = _open(path)
    chosen = _choose(path, book, sheet)
    parsed.format = f"spreadsheet, sheet {chosen!r}"
    rows = book.get_sheet_by_name(chosen).iter_rows()
    header: list[Any] = next((row for row in rows if _filled(row)), [])
    width = max((at for at, cell in enumerate(header, 1) if cell != ""), default=0)
    if not width:
        raise EvidenceError(f"the sheet {chosen!r} is empty.", file=path, mend="Say another sheet, as sheet=NAME.")
    if others := [name for name in book.sheet_names if name != chosen]:
        parsed.notes.append(f"Other sheets of the spreadsheet, not read: {', '.join(map(repr, others))}.")
    parsed.header = [cell_text(cell) for cell in header[:width]]
    if errors := _error_cells(path, list(book.sheet_names).index(chosen)):
        parsed.notes.append(f"{count_text(errors, 'cell')} of the sheet with an error (as #N/A) read as empty.")
    names = ["row", *(f"c{number}" for number in range(1, width + 1))]
    numbered = ((number, row) for number, row in enumerate(rows, 1) if _filled(row))
    while chunk := list(islice(numbered, _BATCH)):
        parsed.rows += len(chunk)
        kept = []
        for number, row in chunk:
            if _filled(row[width:]):
                parsed.refuse(f"more values than the header's {width:,}", number)
            else:
                kept.append((number, row))
        columns = [pa.array([cell_text(row[at]) for _, row in kept], pa.string()) for at in range(width)]
        yield pa.record_batch([pa.array([number for number, _ in kept], pa.int64()), *columns], names=names)


def cell_text(cell: Any) -> str:
    """A cell as text: whole numbers without a point, dates and times as ISO 8601."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, (datetime.date, datetime.time)):  # a datetime is a date
        return cell.isoformat()
    return str(cell)


def _filled(row: list[Any]) -> bool:
    return any(cell != "" for cell in row)


def _choose(path: Path, book: Any, sheet: str | None) -> str:
    names = list(book.sheet_names)
    listed = ", ".join(map(repr, names))
    if sheet is not None:
        if sheet not in names:
            raise MappingError(f"{path.name} has no sheet {sheet!r}. {nearest(sheet, names)} All: {listed}.")
        return sheet
    filled = names if len(names) == 1 else [name for name in names if book.get_sheet_by_name(name).start is not None]
    if len(filled) != 1:
        raise MappingError(f"{path.name} has {len(names)} sheets: {listed}. Say which one, as sheet={names[0]!r}.")
    return str(filled[0])


def _open(path: Path) -> Any:
    import python_calamine

    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > _UNPACKED_LIMIT:
            raise EvidenceError(
                f"the spreadsheet unpacks to {unpacked:,} bytes; at most {_UNPACKED_LIMIT:,} are read.",
                file=path,
                mend="Have the table exported as CSV or Parquet.",
            )
    try:
        return python_calamine.load_workbook(str(path))
    except python_calamine.PasswordError as error:
        mend = "Save a copy without a password."
        raise EvidenceError("the spreadsheet is protected by a password.", file=path, mend=mend) from error
    except (python_calamine.CalamineError, OSError) as error:
        raise EvidenceError(
            f"this is not a spreadsheet that can be read ({error}).",
            file=path,
            mend="If it is an archive, unpack it first; otherwise ask for the file again.",
        ) from error


def _error_cells(path: Path, position: int) -> int:
    """Cells with an error in a sheet of an xlsx file; 0 where the file is of another kind."""
    try:
        with zipfile.ZipFile(path) as archive:
            relations = archive.read("xl/_rels/workbook.xml.rels").decode()
            sheet = re.findall(r"<sheet\b[^<>]*>", archive.read("xl/workbook.xml").decode())[position]
            identity = re.search(r'\br:id="([^"]*)"', sheet)
            targets = {
                found[1]: target[1]
                for relation in re.findall(r"<Relationship\b[^<>]*>", relations)
                if (found := re.search(r'\bId="([^"]*)"', relation))
                and (target := re.search(r'\bTarget="([^"]*)"', relation))
            }
            if identity is None:
                return 0
            member = targets[identity[1]]
            with archive.open(member.lstrip("/") if member.startswith("/") else f"xl/{member}") as file:
                return _count(file)
    except (zipfile.BadZipFile, KeyError, IndexError, UnicodeDecodeError):
        return 0


def _count(file: Any) -> int:
    count, rest = 0, b""
    while block := file.read(1 << 20):
        # A tag is looked at whole: what stands after the last one's start waits for the next block.
        text = rest + block
        end = text.rfind(b"<")
        count += len(_ERROR_CELL.findall(text[:end]))
        rest = text[end:]
    return count + len(_ERROR_CELL.findall(rest))
