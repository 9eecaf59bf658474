"""The bytes of a text file on their way to the parser: decoded, and looked through for what it would let pass."""

from __future__ import annotations

import codecs
import re
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from answerable.tabular.dialect import Dialect

FIELD_LIMIT = 1 << 20
"""Bytes that one value may have."""
Fault = tuple[str, int]
"""What is wrong ("NUL", "encoding", "unclosed", "after"), and at which byte of the text in UTF-8."""


class Stream:
    """A text file as UTF-8 bytes, looked through as they pass. At a fault it ends, and `fault` says which and where."""

    closed = False

    def __init__(self, file: BinaryIO, dialect: Dialect) -> None:
        file.seek(dialect.skip)
        self.fault: Fault | None = None
        self._file, self._encoding = file, dialect.encoding
        self._decoder = None if dialect.encoding == "utf-8" else codecs.getincrementaldecoder(dialect.encoding)()
        self._quotes = _Quotes(dialect.delimiter)
        self._passed = 0
        self._ready, self._ended = b"", False

    def readable(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Nothing to do: who opened the file closes it."""
        self.closed = True

    def read(self, size: int) -> bytes:
        """The next bytes, never more than asked for, fewer at the end of the file, none at a fault."""
        while len(self._ready) < size and not self._ended:
            read = self._file.read(size)
            block = self._decoded(read)
            nul = block.find(b"\0")
            self.fault = self.fault or (("NUL", self._passed + nul) if nul >= 0 else self._quotes.look(block, not read))
            self._passed += len(block)
            self._ended = not read or self.fault is not None
            self._ready = self._ready + block if self._ready else block
        given, self._ready = self._ready[:size], self._ready[size:]
        return given if self.fault is None else b""

    def _decoded(self, block: bytes) -> bytes:
        if self._decoder is None:
            return block
        try:
            return self._decoder.decode(block, not block).encode()
        except UnicodeDecodeError as error:
            # What stands before the fault still counts towards its place.
            before = bytes(error.object[: error.start]).decode(self._encoding)
            self.fault = ("encoding", self._passed + len(before.encode()))
            return b""


class _Quotes:
    """Whether quotation marks divide the text as RFC 4180 says.

    A value that begins with a mark ends with one, marks within it are doubled, and a delimiter or the end of the line
    follows. In a value that does not begin with a mark, marks are ordinary characters.
    """

    def __init__(self, delimiter: str) -> None:
        ends = re.escape(delimiter.encode() + b"\n\r")
        self._valid = re.compile(
            rb'(?:[^"]++|(?<=[%b])"[^"]*+(?:""[^"]*+)*+"(?=[%b])|(?<![%b])")*+' % (ends, ends, ends)
        )
        self._open = re.compile(rb'"[^"]*+(?:""[^"]*+)*+"?\Z')
        self._delimiter = delimiter.encode()
        self._held = b"\n"  # what has not been judged yet, and the byte before it
        self._start = -1  # where that byte stands

    def look(self, block: bytes, ended: bool) -> Fault | None:
        """What is wrong in the next block; None while all is well."""
        text = self._held + block + (b"\n" if ended else b"")
        good = len(text) if b'"' not in text else self._well_formed(text)
        if good is None:
            found = self._valid.match(text, 1)
            good = found.end() if found else 1
        if good < len(text):
            unclosed = self._open.match(text, good) is not None
            if ended or not unclosed or len(text) - good > 2 * FIELD_LIMIT:
                return "unclosed" if unclosed else "after", self._start + good
        self._start, self._held = self._start + good - 1, text[good - 1 :]
        return None

    def _well_formed(self, text: bytes) -> int | None:
        """The end of the text, or the start of a last value that may go on; None where a mark is out of place.

        Marks open and close in turn, a doubled one closing and opening at once: so before every opening mark and after
        every closing one stands a delimiter, the end of a line or another mark.
        """
        import numpy as np

        around = np.zeros(256, bool)
        around[list(b'"\n\r' + self._delimiter)] = True
        signs = np.frombuffer(text, np.uint8)
        marks = np.flatnonzero(signs == ord('"'))
        end = len(text)
        if marks[0] == 0:  # an ordinary character of the value before
            return None
        if len(marks) % 2 or marks[-1] + 1 == end:
            opening = marks[::2]
            opening = opening[signs[opening - 1] != ord('"')]
            if not len(opening) or not around[signs[opening[-1] - 1]]:
                return None
            end = int(opening[-1])
            marks = marks[marks < end]
        sound = len(marks) % 2 == 0 and around[signs[marks[::2] - 1]].all() and around[signs[marks[1::2] + 1]].all()
        return end if sound else None
