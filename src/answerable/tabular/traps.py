"""Traps in a column: what would make a reading stop, or a number wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator

from answerable.core.words import count_text
from answerable.tabular.profile import LITERALS, Facts

_MOSTLY = 0.5


def traps(facts: Facts, *, typed: bool) -> Iterator[str]:
    """What to mind before using a column, as sentences.

    Args:
        facts: what its values are.
        typed: whether columns of the file have types, so that numbers need not be text.
    """
    yield from _stand_ins(facts)
    yield from _numbers(facts, typed=typed)
    yield from _dates(facts)
    padded = sum(shape.padded for shape in facts.shapes.values())
    if padded:
        yield f"{count_text(padded, 'row')} with blanks before or after the value: values are compared exactly."
    yield from _twins(facts)
    if facts.role == "one value":
        yield "Every value is the same: it tells nothing apart."


def _stand_ins(facts: Facts) -> Iterator[str]:
    """What stands where a value is missing."""
    for word in LITERALS:
        if rows := facts.rows(word):
            yield f"{count_text(rows, 'row')} with {word!r}: if it means missing, say so with missing={word!r}."
    if rows := facts.rows("error"):
        yield f"{count_text(rows, 'row')} with a spreadsheet's error, as #N/A: ask for what should stand there."
    if rows := facts.rows("blank"):
        yield f"{count_text(rows, 'row')} with nothing but blanks: missing in a column of numbers, a value elsewhere."


def _numbers(facts: Facts, *, typed: bool) -> Iterator[str]:
    """Numbers that are written so that they are none."""
    numbers, commas = facts.rows("whole", "number"), facts.rows("decimal comma")
    rest = sum(shape.rows for shape in facts.proper.values()) - numbers - commas
    if commas:
        yield f"{count_text(commas, 'row')} with a decimal comma: have the file exported with decimal points."
    if typed and facts.source.kind == "text" and numbers and not rest + commas:
        yield "Numbers stored as text: they are compared as text, and 1 is not 1.0."
    if numbers + commas and 0 < rest < _MOSTLY * (numbers + commas) and not facts.dates:
        yield f"{count_text(rest, 'row')} with something else among numbers."


def _dates(facts: Facts) -> Iterator[str]:
    """Dates in several formats, or in one that leaves day and month open."""
    formats = facts.dates
    rows = facts.rows(*facts.dates)
    others = sum(shape.rows for shape in facts.proper.values()) - rows
    if not rows or others > rows:
        return
    if others:
        yield f"{count_text(others, 'row')} with something else among dates."
    if len(formats) > 1:
        yield f"Dates in {len(formats)} formats ({', '.join(formats)}): have them exported as YYYY-MM-DD."
    for name in formats:
        shape = facts.shapes[name]
        if name.startswith("DD") and shape.day_first == shape.day_second:
            both = "some can only be the one, some only the other"
            why = both if shape.day_first else "and no value tells which"
            yield f"Dates as {name} or with the month first, {why}: have them exported as YYYY-MM-DD."


def _twins(facts: Facts) -> Iterator[str]:
    """Values that differ by case or blanks only."""
    alike: dict[str, list[str]] = {}
    for value in facts.values:
        alike.setdefault(" ".join(value.casefold().split()), []).append(value)
    for values in alike.values():
        if len(values) > 1 and facts.shown and values[0].strip():
            yield f"Values that differ by case or blanks only: {', '.join(map(repr, values))}."
