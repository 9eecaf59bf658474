"""Groups, and what is held constant, under names that people understand; the account keeps those of the file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from answerable.core.engine import collect
from answerable.errors import MappingError, nearest

if TYPE_CHECKING:
    from answerable.core.table import Reading


def with_names(reading: Reading, called: Mapping[str, str] | None) -> Reading:
    """The reading with its repeated columns (groups, controls, ...) and their values under other names.

    Args:
        reading: what a reader made of a file.
        called: {column: name} for columns, {"column:value": name} for values; values of one name become one group.

    Raises:
        MappingError: there is no such column or value, or two would have one name.
    """
    if not called:
        return reading
    columns = [column for columns in reading.given.values() for column in columns]
    names = {column: called.get(column, column) for column in columns}
    values = _values(called, columns)
    for column in columns:
        _check_values(reading, column, values[column])
    _check_names(reading, names)
    changed: dict[str, Any] = {}
    for column in reading.rows.columns:
        one = reading.rows[column]
        changed[names.get(column, column)] = one.substitute(values[column]) if values.get(column) else one
    notes = [f"Called here {names[column]!r}: the column {column!r}." for column in columns if names[column] != column]
    told = {name: dict(known) for name, known in reading.account.values.items()}
    for column in columns:
        meant = told.pop(column, {})
        shown = {raw: values[column].get(value, value) for raw, value in meant.items()} or values[column]
        if shown:
            told[names[column]] = shown
    account = replace(reading.account, values=told, notes=(*reading.account.notes, *notes))
    given = {kind: [names[column] for column in ones] for kind, ones in reading.given.items()}
    return replace(reading, rows=reading.rows.select(**changed), account=account, given=given)


def _values(called: Mapping[str, str], columns: Sequence[str]) -> dict[str, dict[str, str]]:
    """For each column the names of its values."""
    values: dict[str, dict[str, str]] = {column: {} for column in columns}
    for key, name in called.items():
        column = next((one for one in sorted(columns, key=len, reverse=True) if key.startswith(f"{one}:")), None)
        if key not in values and column is None:
            raise MappingError(
                f"called: {key!r} names no column of this table. {nearest(key.partition(':')[0], columns)}"
            )
        if not name.strip():
            raise MappingError(f"called: {key!r} needs a name.")
        if key not in values and column is not None:
            values[column][key[len(column) + 1 :]] = name
    return values


def _check_values(reading: Reading, column: str, values: Mapping[str, str]) -> None:
    """Every value that is called something must occur; none may come to be called like one that keeps its name."""
    if not values:
        return
    found = set(collect(reading.rows.select(value=reading.rows[column]).distinct())["value"])
    for value in values:
        if value not in found:
            raise MappingError(
                f"{reading.account.file}, column {column!r}: no row has the value {value!r}, which called names. "
                f"{nearest(value, sorted(map(str, found)))}"
            )
    if taken := sorted(set(values.values()) & (found - set(values))):
        raise MappingError(
            f"called: {taken[0]!r} is a value of {column!r} already. Choose another name, or name that value too."
        )


def _check_names(reading: Reading, names: Mapping[str, str]) -> None:
    taken = [*reading.table.columns, *(column for column in reading.rows.columns if column not in names)]
    kept = [name.casefold() for name in (*taken, *names.values())]
    for name in names.values():
        if kept.count(name.casefold()) > 1:
            raise MappingError(f"called: two columns would be called {name!r}. Choose another name.")
