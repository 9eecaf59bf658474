"""Fetching public data: the only part of the gallery that goes to the network, and only when somebody says so.

What comes is kept beside its place until it is whole, so that an interrupted transfer goes on where it stopped; it is
used only when the table made of it has the registered SHA-256.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from answerable.errors import AnswerableError
from answerable.fetching import Progress, transfer
from answerable.gallery.registry import Dataset, fetched_folder, find, keep

_MOST = 1 << 30


def fetch(wanted: Dataset, progress: Progress | None = None) -> Path:
    """The file, fetched from its publisher where it is not on this machine yet.

    Args:
        wanted: the registered file.
        progress: called with the bytes that are there, the bytes in all (0 where unknown), and the file's name.

    Raises:
        AnswerableError: it cannot be fetched or made, or is not what the registry knows; the message says how to get
            it by hand.
    """
    if (there := find(wanted)) is not None:
        return there
    if not wanted.address:
        raise AnswerableError(f"{wanted.name} cannot be fetched by itself. {wanted.by_hand}")
    original = _download(wanted, progress or (lambda done, total, what: None))
    data = derive(original, wanted)
    return keep(wanted, data, wanted.address)


def _download(wanted: Dataset, progress: Progress) -> Path:
    """The publisher's original, whole; what an earlier transfer left is gone on with."""
    name = hashlib.sha256(wanted.address.encode()).hexdigest()[:16]
    whole = fetched_folder() / "originals" / f"{name}{Path(urlsplit(wanted.address).path).suffix}"
    part = whole.with_name(f"{whole.name}.part")
    whole.parent.mkdir(parents=True, exist_ok=True)
    if not whole.exists():
        try:
            transfer(wanted.address, part, progress=progress, what=wanted.name, most=_MOST)
        except OSError as error:
            raise AnswerableError(
                f"{wanted.address} could not be fetched: {error}. What came is kept; the same command goes on from "
                f"there. By hand: {wanted.by_hand}"
            ) from error
        part.replace(whole)
    if wanted.original:
        with whole.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if found != wanted.original:
            whole.unlink()
            raise AnswerableError(
                f"{wanted.address} is not what it was when it was registered: SHA-256 {found[:16]}... instead of "
                f"{wanted.original[:16]}.... It was not kept. {wanted.by_hand}"
            )
    return whole


def derive(original: Path, wanted: Dataset) -> bytes:
    """The bytes of the registered table, made of the publisher's original.

    Args:
        original: the file as it came.
        wanted: its entry; `derive` may name a sheet, columns to keep, columns of numbers to write with a decimal, rows
            to leave out ({column: value}) and how many rows to take.

    Raises:
        AnswerableError: the original lacks the sheet or a column.
    """
    how = wanted.derive
    if not how:
        return original.read_bytes()
    rows = _sheet(original, wanted) if original.suffix == ".xlsx" else _lines(original)
    header: list[str] = next(rows, [])
    columns = how.get("columns") or header
    without: Mapping[str, str] = how.get("without", {})
    if absent := [name for name in [*columns, *how.get("floats", ()), *without] if name not in header]:
        raise AnswerableError(f"{wanted.address} has no column {', '.join(map(repr, absent))}. {wanted.by_hand}")
    places = [header.index(name) for name in columns]
    floats = {header.index(name) for name in how.get("floats", ())}
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    kept = 0
    for row in rows:
        if kept == how.get("rows"):
            break
        if any(row[header.index(name)] == value for name, value in without.items()):
            continue
        writer.writerow([_decimal(row[at]) if at in floats else row[at] for at in places])
        kept += 1
    return out.getvalue().encode()


def _lines(original: Path) -> Iterator[list[str]]:
    with original.open(encoding="utf-8", newline="") as stream:
        yield from csv.reader(stream)


def _sheet(original: Path, wanted: Dataset) -> Iterator[list[str]]:
    from python_calamine import CalamineWorkbook

    book = CalamineWorkbook.from_path(str(original))
    name = wanted.derive.get("sheet", book.sheet_names[0])
    if name not in book.sheet_names:
        raise AnswerableError(f"{wanted.address} has no sheet {name!r}. {wanted.by_hand}")
    for row in book.get_sheet_by_name(name).iter_rows():
        yield [_plain(value) for value in row]


def _plain(value: Any) -> str:
    """A cell of a workbook as CSV has it: whole numbers without a decimal."""
    return f"{value:.0f}" if isinstance(value, float) and value.is_integer() else str(value)


def _decimal(text: str) -> str:
    return repr(float(text)) if text.strip() else text
