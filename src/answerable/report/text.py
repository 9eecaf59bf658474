"""How the page writes values that are not an estimate: p-values, counts, parameters, and text from evidence."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from answerable.core.words import significant

_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
_UNIT = re.compile(r"(?<=\d) (?=%|points\b|times\b)")


def visible(text: str) -> str:
    """Text without signs that cannot be seen and could make a page say something else (changes of direction)."""
    return _INVISIBLE.sub("\ufffd", text)


def typeset(value: Any) -> Any:
    """Text as the page prints it: nothing invisible, and no line broken between a number and its unit."""
    return _UNIT.sub("\u00a0", visible(value)) if type(value) is str else value


def plain(text: str) -> str:
    """Text that UTF-8 can hold: a lone surrogate (of a file name that is not UTF-8) is written as its escape."""
    return text.encode("utf-8", "backslashreplace").decode()


def p_text(p: float | None) -> str:
    """A p-value as it is printed: two significant digits, "< 0.0001" below that."""
    if p is None:
        return ""
    return "< 0.0001" if p < 0.0001 else significant(p, 2) if p < 0.1 else f"{p:.2f}"


def thousands(count: int | None) -> str:
    """A count with its thousands set apart; "" where there is none."""
    return "" if count is None else f"{count:,}"


def value_text(value: Any) -> str:
    """A parameter's value as a person would write it."""
    if value is None:
        return "not given"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return "; ".join(f"{key} = {value_text(one)}" for key, one in value.items()) or "none"
    if isinstance(value, (list, tuple)):
        return ", ".join(value_text(one) for one in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def sentence_case(text: str) -> str:
    """Text with a capital first letter; the others stay."""
    return text[:1].upper() + text[1:]


def prose(docstring: str) -> list[str]:
    """The paragraphs of a docstring between its first line and its first section ("Args:")."""
    body = re.split(r"\n(?=[A-Z][a-z]+:\n)", docstring.partition("\n")[2])[0]
    return [" ".join(paragraph.split()) for paragraph in body.split("\n\n") if paragraph.strip()]
