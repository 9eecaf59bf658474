"""How a text file is written: encoding, delimiter, header; as stated, or as its first bytes show."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from answerable.errors import EvidenceError, ParameterError

COLUMN_LIMIT = 16_384
"""Columns that a table may have: as many as a spreadsheet."""
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", " ": "space"}
OTHER_ENCODING = "Say which encoding the file has, as encoding=cp1252 or encoding=latin-1 (Western European)."
_HEAD = 1 << 20
_SAMPLE = 50
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",  # before UTF-16, whose mark it begins with
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text file is written: encoding, delimiter, how many bytes stand before the header."""

    encoding: str
    delimiter: str
    skip: int

    @property
    def text(self) -> str:
        """For people, as "text, comma-separated, UTF-8"."""
        name = DELIMITERS.get(self.delimiter, repr(self.delimiter))
        return f"text, {name}-separated, {self.encoding.upper()}"


def find_dialect(path: Path, encoding: str | None, delimiter: str | None) -> tuple[Dialect, list[str]]:
    """The dialect of a text file, as stated or as its beginning shows, and its header.

    Raises:
        EvidenceError: the file has no header that can be read.
        ParameterError: an encoding or a delimiter that there is not.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    mark, marked = next(((mark, name) for mark, name in _MARKS.items() if head.startswith(mark)), (b"", "utf-8"))
    encoding = marked if encoding is None else _encoding(encoding, marked)
    skip = len(mark) if marked == encoding else 0
    if encoding == "utf-8":
        _refuse_wide(path, head)
    text = codecs.getincrementaldecoder(encoding)("surrogateescape").decode(head[skip:])
    if stated := re.match(r"sep=(.)(\r\n|\n|\r)", text):  # a spreadsheet's own first line
        skip += len(stated[0].encode(encoding))
        delimiter, text = delimiter or stated[1], text[stated.end() :]
    whole = len(head) < _HEAD
    delimiter = _guess_delimiter(path, text, whole) if delimiter is None else _delimiter(delimiter)
    return Dialect(encoding, delimiter, skip), _header(path, text, delimiter, encoding)


def _encoding(name: str, marked: str) -> str:
    """The encoding of that name; one that leaves the order of bytes open is settled by the file's mark."""
    try:
        known = codecs.lookup(name).name
    except LookupError:
        known = ""
    if not known or not getattr(codecs.lookup(known), "_is_text_encoding", True):
        raise ParameterError(
            f"There is no encoding {name!r}. Common ones: utf-8, utf-16, cp1252, latin-1, cp1250, cp1251."
        )
    if known in {"utf-16", "utf-32", "utf-8-sig"}:
        family = known.removesuffix("-sig")
        return marked if marked.startswith(family) else {"utf-8": "utf-8"}.get(family, f"{family}-le")
    return known


def _delimiter(text: str) -> str:
    named = {"tab": "\t", "\\t": "\t", **{name: sign for sign, name in DELIMITERS.items()}}
    sign = named.get(text.lower(), text)
    if len(sign) != 1 or not sign.isascii() or sign in '"\n\r\0':
        raise ParameterError(f"A delimiter is one ASCII character or one of {', '.join(named)}; not {text!r}.")
    return sign


def _refuse_wide(path: Path, head: bytes) -> None:
    """Stop at UTF-16 that says neither by a mark nor by word what it is."""
    sample = head[:4096]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if max(odd, even) > len(sample) // 8:
        guess = "utf-16-le" if odd > even else "utf-16-be"
        raise EvidenceError(
            "about every other byte is NUL: this looks like UTF-16 without a byte-order mark.",
            file=path,
            mend=f"Say encoding={guess}.",
        )


def _guess_delimiter(path: Path, text: str, whole: bool) -> str:
    """The delimiter that divides the first rows most evenly; a comma where none does."""
    if path.suffix.lower() in {".tsv", ".tab"}:
        return "\t"
    best, found = (0.0, 0), ","
    for sign in ",;\t|":
        rows = _first_rows(text, sign, _SAMPLE)
        if len(rows) > 1 and (len(rows) == _SAMPLE or not whole):
            rows.pop()  # it may be cut off
        width = len(rows[0]) if rows else 0
        even = sum(len(row) == width for row in rows) / max(1, len(rows))
        if width > 1 and (even, width) > best:
            best, found = (even, width), sign
    return found


def _first_rows(text: str, delimiter: str, most: int) -> list[list[str]]:
    limit = csv.field_size_limit(len(text) + 1)
    try:
        rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        return list(islice((row for row in rows if row), most))
    except csv.Error:
        return []
    finally:
        csv.field_size_limit(limit)


def _header(path: Path, text: str, delimiter: str, encoding: str) -> list[str]:
    rows = _first_rows(text, delimiter, 1)
    if not rows:
        raise EvidenceError("the file has no header.", file=path, mend="Ask for the file again.")
    header = rows[0]
    if len(header) > COLUMN_LIMIT:
        raise EvidenceError(
            f"the header has more than the {COLUMN_LIMIT:,} columns that are read.",
            file=path,
            mend="Is the first line a header, and is the delimiter right? Say delimiter=..., or have it exported long.",
        )
    if any("\udc80" <= sign <= "\udcff" for name in header for sign in name):
        raise EvidenceError(f"the header holds bytes that are not {encoding.upper()}.", file=path, mend=OTHER_ENCODING)
    return header
