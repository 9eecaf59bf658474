"""Spreadsheets (xlsx, xlsm, xls, xlsb, ods) as batches of text columns. Nothing in them is run; formulas give their stored values."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from answerable.errors import EvidenceError, MappingError, nearest
from answerable.tabular.store import Parsed

if TYPE_CHECKING:
    import pyarrow as pa

_BATCH = 50_000


def find_sheet(path: Path, sheet: str | None) -> str:
    """The sheet of that name, or the only one that holds anything.

    Raises:
        EvidenceError: the file is not a spreadsheet that can be read.
        MappingError: there is no such sheet, or several and none was chosen; they are listed.
    """
    book = _open(path)
    names = list(book.sheet_names)
    listed = ", ".join(repr(name) for name in names)
    if sheet is not None:
        if sheet not in names:
            raise MappingError(f"{path.name} has no sheet {sheet!r}. It has: {listed}. {nearest(sheet, names)}")
        return sheet
    filled = names if len(names) == 1 else [name for name in names if book.get_sheet_by_name(name).start is not None]
    if len(filled) != 1:
        raise MappingError(f"{path.name} has {len(names)} sheets: {listed}. Say which one: sheet={names[0]!r}.")
    return filled[0]


def read_sheet(path: Path, sheet: str) -> tuple[list[str], Iterator[tuple[int, list[Any]]]]:
    """The header of a sheet (its first row that holds anything), and the rows below with their numbers, empty ones left out.

    A row's number counts the sheet's rows below the header, so that it can be found in the spreadsheet.
    """
    rows = _open(path).get_sheet_by_name(sheet).iter_rows()
    header = next((row for row in rows if any(cell != "" for cell in row)), None)
    if header is None:
        raise EvidenceError(
            f"the sheet {sheet!r} is empty.", file=path, mend="Choose another sheet, or ask for the file again."
        )
    while header and header[-1] == "":
        header.pop()
    return [cell_text(cell) for cell in header], (
        (number, row) for number, row in enumerate(rows, 1) if any(cell != "" for cell in row)
    )


def batches(path: Path, sheet: str, wanted: Sequence[int], parsed: Parsed) -> Iterator[pa.RecordBatch]:
    """The rows of a sheet after its header: `row`, then the wanted columns by position, as text."""
    import pyarrow as pa

    _, rows = read_sheet(path, sheet)
    width = len(parsed.header)
    names = ["row", *(f"c{position + 1}" for position in wanted)]
    while chunk := list(islice(rows, _BATCH)):
        kept = []
        for number, row in chunk:
            if any(cell != "" for cell in row[width:]):
                parsed.refuse(f"more values than the header's {width:,}", number)
            else:
                kept.append((number, row))
        parsed.rows += len(chunk)
        columns = [pa.array([cell_text(row[at]) for _, row in kept], pa.string()) for at in wanted]
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


def _open(path: Path) -> Any:
    import python_calamine

    try:
        return python_calamine.load_workbook(str(path))
    except python_calamine.PasswordError as error:
        raise EvidenceError(
            "the spreadsheet is protected by a password.", file=path, mend="Save a copy without one."
        ) from error
    except (python_calamine.CalamineError, OSError) as error:
        raise EvidenceError(
            f"this is not a spreadsheet that can be read ({error}).",
            file=path,
            mend="If it is an archive, unpack it first; otherwise ask for the file again.",
        ) from error
