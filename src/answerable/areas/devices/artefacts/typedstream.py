"""The text of a message as NSArchiver wrote it: iOS keeps it so, with its styles, and may leave the plain one empty."""

from __future__ import annotations

import re

_TEXT = re.compile(rb"\x04\x0bstreamtyped.{1,200}?NSString\x01.{1,32}?\x84\x01\+", re.DOTALL)
"""The head of the stream, then, behind the classes of a styled text, the mark of bytes: the text comes first of all."""
_WIDTHS = {0x81: 2, 0x82: 4}
"""Marks of whole numbers that do not fit into one byte, and how many they take."""


def styled_text(data: bytes) -> str | None:
    """The text of an archived NSAttributedString.

    Args:
        data: a typed stream, little-endian, as Apple's systems on ARM and x86 write it.

    Returns:
        The text, U+FFFD for what is no UTF-8; None where there is none, or where it is cut short.

    Source:
        GNUstep and Darwin, NSArchiver's typed streams: a length below 128 is one byte, else a mark and its bytes.
    """
    if (head := _TEXT.match(data)) is None or head.end() == len(data):
        return None
    at = head.end() + 1
    length = data[at - 1]
    if length >= 0x80:
        if (width := _WIDTHS.get(length)) is None:
            return None
        length = int.from_bytes(data[at : at + width], "little", signed=True)
        at += width
    if not 0 <= length <= len(data) - at:
        return None
    return data[at : at + length].decode(errors="replace")
