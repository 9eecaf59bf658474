"""Values of property lists as the columns want them: of the right type, or nothing; the evidence may hold anything."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.backup_files import plain_values
from answerable.areas.devices.artefacts.times import ISO, utc_of
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.artefacts.source import Source

LONGEST_DETAIL = 2_000
"""Characters that are kept of what somebody wrote at length."""


def mapping_of(source: Source) -> Mapping[str, Any]:
    """The file as a property list of names and values.

    Raises:
        EvidenceError: it is none.
    """
    held = source.plist()
    if not isinstance(held, Mapping):
        raise EvidenceError("this is no property list of names and values.", file=source.path)
    return held


def within(held: Any, *keys: str) -> Mapping[str, Any]:
    """The mapping that lies under keys in nested ones; empty where there is none."""
    for key in keys:
        held = held.get(key) if isinstance(held, Mapping) else None
    return held if isinstance(held, Mapping) else {}


def need_one_of(source: Source, held: Mapping[str, Any], *keys: str) -> None:
    """Refuse a list of names and values that has none of these: it is of another kind, and says nothing of its own.

    Raises:
        EvidenceError: it has none of them.
    """
    if not any(key in held for key in keys):
        raise EvidenceError(f"it has no {' and no '.join(keys)}: it is no list of this kind.", file=source.path)


def listed(value: Any) -> list[Any]:
    """A list; empty for anything else."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str | None:
    """A text, number or time as text; None for anything else, and for an empty text."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, (str, int, float)) and value != "":
        return str(value).encode("utf-8", "replace").decode()
    return None


def whole(value: Any) -> int | None:
    """A whole number of at most 64 bits; None for anything else."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and not (value + (value < 0)) >> 63 else None


def real(value: Any) -> float | None:
    """A number that is finite; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value) if math.isfinite(value) else None
    except OverflowError:
        return None


def flag(value: Any) -> bool | None:
    """Yes or no; None for anything else."""
    return value if isinstance(value, bool) else None


def moment(value: Any, unit: str) -> datetime | None:
    """A time in UTC: a date as it is, a number by its unit; None for anything else."""
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    found = utc_of(value, unit)
    return found if isinstance(found, datetime) else None


def timed(value: Any, unit: str) -> dict[str, Any]:
    """The columns of a row's time, for a date or a number of the unit."""
    if isinstance(value, datetime):
        return {"time": moment(value, unit), "time_raw": value.isoformat(), "time_unit": ISO}
    return {"time": moment(value, unit), "time_raw": text(value), "time_unit": unit}


def details(held: Mapping[str, Any], *without: str) -> str:
    """The plain values of a mapping, each on its line as name = value, cut where they are long; secrets left out."""
    lines: list[str] = []
    room = LONGEST_DETAIL
    for name, value in plain_values({key: value for key, value in held.items() if key not in without}):
        if any(word in name.casefold() for word in _SECRET):
            value = "(not shown)"
        lines.append(f"{name} = {value}"[:room])
        room -= len(lines[-1]) + 1
        if room <= 0:
            break
    return "\n".join(lines)


_SECRET = ("password", "passcode", "passphrase", "secret", "token")


def settings(held: Any, namespace: str) -> Iterator[dict[str, Any]]:
    """Rows of settings: every plain value within nested ones, its keys joined by dots."""
    for row, (key, value) in enumerate(plain_values(held), start=1):
        yield {"row": row, "namespace": namespace, "key": key, "value": value}
