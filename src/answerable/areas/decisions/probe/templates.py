"""Templates of prompts: texts with {slots}, and what fills them."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Formatter
from typing import Any

from answerable.errors import ParameterError, nearest

NAME = "name"
"""The slot that a filling written as plain text fills."""
LONGEST = 250_000
"""Bytes of one prompt or one response; more than a value of a table may have could not be read again."""
Filling = Mapping[str, str]


def slots_of(template: str, place: str) -> frozenset[str]:
    """The names of the slots of a template.

    Raises:
        ParameterError: a brace is not closed, or what stands in it is no name.
    """
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise ParameterError(f"{place}: {error}. A brace that is meant as such is doubled: {{{{ and }}}}.") from error
    for _, name, form, conversion in parts:
        if name is not None and (not name.isidentifier() or form or conversion):
            raise ParameterError(f"{place}: {{{name}}} is not the name of a slot. Braces that are meant are doubled.")
    return frozenset(name for _, name, _, _ in parts if name is not None)


def fill(template: str, filling: Filling) -> str:
    """The template with its slots filled; the text of a filling is taken as it is, braces too."""
    return "".join(
        text + (filling[name] if name is not None else "") for text, name, _, _ in Formatter().parse(template)
    )


def read_templates(given: Any, folder: Path, place: str) -> dict[str, str]:
    """The templates by name: texts, or files named as { file = "letter.txt" }.

    Raises:
        ParameterError: there is none, or one is not a text or a file that can be read.
    """
    if not isinstance(given, Mapping) or not given:
        raise ParameterError(f"{place} needs [templates]: at least one text with {{slots}}, better a dozen.")
    return {name: _template(text, folder, f"{place}, template {name!r}") for name, text in given.items()}


def _template(given: Any, folder: Path, place: str) -> str:
    if isinstance(given, Mapping) and set(given) == {"file"}:
        given = read_text(folder / str(given["file"]), place)
    if not isinstance(given, str) or not given.strip():
        raise ParameterError(f'{place} is a text, or {{ file = "NAME" }}.')
    if len(given.encode()) > LONGEST:
        raise ParameterError(f"{place} is longer than {LONGEST:,} bytes.")
    slots_of(given, place)
    return given


def read_variants(given: Any, folder: Path, place: str) -> dict[str, tuple[Filling, ...]]:
    """The groups with what fills the slots for them: names, tables of several slots, or a CSV with a row for each.

    Raises:
        ParameterError: fewer than two groups, an empty list, or fillings that do not fill the same slots.
    """
    if not isinstance(given, Mapping):
        raise ParameterError(f"{place} needs [variants]: two groups or more, each with its names.")
    if isinstance(given.get("csv"), str):
        if unknown := sorted(set(given) - {"csv", "group"}):
            raise ParameterError(f"{place}: [variants] with csv takes group only, not {unknown[0]!r}.")
        given = _from_csv(folder / given["csv"], str(given.get("group", "group")), place)
    found = {str(group): _fillings(ones, f"{place}, variant {group!r}") for group, ones in given.items()}
    if len(found) < 2:
        raise ParameterError(f"{place}: [variants] needs two groups or more, each with its names.")
    kinds = {frozenset(filling) for ones in found.values() for filling in ones}
    if len(kinds) > 1:
        shown = " and ".join(sorted(", ".join(sorted(kind)) for kind in kinds)[:2])
        raise ParameterError(f"{place}: every entry of [variants] must fill the same slots; here some fill {shown}.")
    return found


def _fillings(given: Any, place: str) -> tuple[Filling, ...]:
    if not isinstance(given, list) or not given:
        raise ParameterError(f"{place} is a list of names, or of tables that fill several slots.")
    made = tuple({k: str(v) for k, v in one.items()} if isinstance(one, Mapping) else {NAME: str(one)} for one in given)
    if empty := [one for one in made if not one or not all(text.strip() for text in one.values())]:
        raise ParameterError(f"{place}: an entry is empty: {empty[0]}.")
    if len({tuple(sorted(one.items())) for one in made}) < len(made):
        raise ParameterError(f"{place}: an entry stands twice; names are drawn from the list, so each once.")
    return made


def _from_csv(path: Path, group: str, place: str) -> dict[str, list[dict[str, str]]]:
    rows = list(csv.DictReader(read_text(path, place).splitlines()))
    if not rows or group not in rows[0]:
        known = list(rows[0]) if rows else []
        raise ParameterError(f"{place}: {path.name} has no column {group!r}. {nearest(group, known)}".rstrip())
    found: dict[str, list[dict[str, str]]] = {}
    for number, row in enumerate(rows, 1):
        if None in row or None in row.values():
            raise ParameterError(f"{place}: {path.name}, row {number}: it has more or fewer values than the header.")
        found.setdefault(row.pop(group), []).append(row)
    return found


def check_slots(
    templates: Mapping[str, str], filled: frozenset[str], same: Mapping[str, Sequence[str]], place: str
) -> None:
    """Refuse templates with a slot that nothing fills, or without any that differs between the groups.

    Args:
        templates: texts by name.
        filled: slots that the groups fill.
        same: slots that are filled alike within a pair.
        place: the plan, for messages.
    """
    if both := sorted(filled & set(same)):
        raise ParameterError(f"{place}: the slot {both[0]!r} stands in [slots] and in [variants]; it can be in one.")
    for name, text in templates.items():
        slots = slots_of(text, place)
        if unknown := sorted(slots - filled - set(same)):
            raise ParameterError(
                f"{place}, template {name!r}: nothing fills {{{unknown[0]}}}. {nearest(unknown[0], [*filled, *same])}"
            )
        if not slots & filled:
            raise ParameterError(
                f"{place}, template {name!r} has no slot that differs between groups ({', '.join(sorted(filled))}): "
                "the prompts of a pair would be the same."
            )


def read_text(path: Path, place: str) -> str:
    """A text file in UTF-8, line ends as they are.

    Raises:
        ParameterError: it cannot be read.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ParameterError(f"{place}: {path.name} cannot be read as UTF-8 text ({error}).") from error
