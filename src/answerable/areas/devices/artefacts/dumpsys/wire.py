"""Reads fields of a protobuf message by its wire format alone, within limits.

Source: Protocol Buffers, "Encoding", protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

from collections.abc import Iterator

MOST_FIELDS = 200_000
"""Fields of one message; a tombstone has some thousands."""


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message: number, and a whole number or the bytes of a text or inner message.

    Raises:
        ValueError: it is no such message, or is cut short; the fields before are given.
    """
    place, count = 0, 0
    while place < len(data):
        count += 1
        if count > MOST_FIELDS:
            raise ValueError(f"it has more than {MOST_FIELDS:,} fields")
        key, place = _number(data, place)
        kind, number = key & 7, key >> 3
        if number == 0:
            raise ValueError("it has a field without a number")
        if kind == 0:
            value, place = _number(data, place)
            yield number, value
            continue
        if kind == 2:
            size, place = _number(data, place)
        else:
            size = {1: 8, 5: 4}.get(kind, -1)
        if size < 0 or place + size > len(data):
            raise ValueError("it is cut short" if size >= 0 else f"it has a field of the unknown kind {kind}")
        yield number, data[place : place + size]
        place += size


def message(data: bytes) -> dict[int, list[int | bytes]]:
    """All fields of a message by number.

    Raises:
        ValueError: as `fields`.
    """
    found: dict[int, list[int | bytes]] = {}
    for number, value in fields(data):
        found.setdefault(number, []).append(value)
    return found


def text(values: list[int | bytes] | None) -> str:
    """The last value as text; "" where there is none."""
    value = values[-1] if values else b""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def number(values: list[int | bytes] | None) -> int | None:
    """The last value as a whole number below 2^63; None where there is none."""
    value = values[-1] if values else None
    return value if isinstance(value, int) and value < 1 << 63 else None


def _number(data: bytes, place: int) -> tuple[int, int]:
    value, shift = 0, 0
    while place < len(data) and shift < 64:
        byte = data[place]
        value |= (byte & 0x7F) << shift
        place, shift = place + 1, shift + 7
        if byte < 0x80:
            return value & (1 << 64) - 1, place
    raise ValueError("it is cut short" if place >= len(data) else "it has a number that is too long")
