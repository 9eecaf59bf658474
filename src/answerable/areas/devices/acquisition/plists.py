"""Hostile property lists, XML and binary, and the archives of objects (NSKeyedArchiver) that apps keep in them.

A few hundred bytes of a binary property list can stand for more objects than memory holds, for it may refer to
an object many times. So the table of objects is measured before anything is built of it. The standard library's reader
of the binary form has no such measure, and gives up a whole file for one date out of range: the binary form is read
here. The XML form is read by plistlib, which refuses entities.

Source: Apple, CFBinaryPList.c (Core Foundation, the description of the format at its head).
"""

from __future__ import annotations

import plistlib
import struct
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from uuid import UUID
from xml.parsers.expat import ExpatError

from answerable.errors import EvidenceError

LARGEST = 64 << 20
DEEPEST = 100  # containers within containers
MOST_OBJECTS = 4_000_000  # after every reference is followed
EPOCH = datetime(2001, 1, 1, tzinfo=UTC)
UNREADABLE = (
    ExpatError,
    ValueError,
    LookupError,
    AttributeError,
    TypeError,
    ArithmeticError,
    RecursionError,
    struct.error,
)


class _Refused(ValueError):
    """Why a property list is not read."""


def read_plist(data: bytes, *, limit: int = LARGEST, name: str | Path = "property list") -> Any:
    """Reads a property list, XML or binary.

    Args:
        data: its bytes.
        limit: the largest size, bytes.
        name: the file it came from, for the message.

    Returns:
        dict, list, str, bytes, int, float, bool, None, `plistlib.UID`, and aware datetimes in UTC; a date that no
        calendar holds stays a number, of seconds since 2001-01-01 UTC. What is referred to twice is the same object.

    Raises:
        EvidenceError: it is none, cut short, too large or too deep, refers to itself, or declares entities.
    """
    try:
        if len(data) > limit:
            raise _Refused(f"it has {len(data):,} bytes; the limit is {limit:,}")
        return Binary(data).value() if data.startswith(b"bplist0") else _xml(data)
    except UNREADABLE as error:
        why = f"{error}" or "it is cut short or damaged"
        raise EvidenceError(
            f"It is no property list that can be read: {why}.", file=name, mend="Acquire it again."
        ) from error


def unarchive(plist: Any, *, name: str | Path = "archive") -> Any:
    """Resolves an archive of objects (NSKeyedArchiver) into plain values.

    Args:
        plist: what read_plist returned; anything but an archive is returned as it is.
        name: the file it came from, for the message.

    Returns:
        The root object, or a dict of the top objects where root is not the only one. Dictionaries become dict, arrays
        and sets list, strings and addresses str, data bytes, dates aware datetimes (or the number, out of the
        calendar's range), UUIDs str in capitals; an object of another class is a dict of its fields with the class's
        name as "$class".
        A reference back to an object that holds it is None.

    Raises:
        EvidenceError: references lead nowhere, or it is too deep or too large once they are followed.
    """
    if not isinstance(plist, dict) or plist.get("$archiver") != "NSKeyedArchiver":
        return plist
    try:
        objects, top = plist["$objects"], plist["$top"]
        archive = _Archive(objects)
        found = {key: archive.resolve(value, 0) for key, value in top.items()}
    except UNREADABLE as error:
        why = f"{error}" or "it is damaged"
        raise EvidenceError(f"Its objects cannot be read: {why}.", file=name, mend="Acquire it again.") from error
    return found["root"] if set(found) == {"root"} else found


def date_of(seconds: float) -> datetime | float:
    """The time so many seconds after 2001-01-01 UTC; the number itself where no calendar holds it."""
    try:
        return EPOCH + timedelta(seconds=seconds)
    except (OverflowError, ValueError):
        return seconds


def _xml(data: bytes) -> Any:
    if data.count(b"<") > 2 * MOST_OBJECTS:
        raise _Refused(f"it has more than {MOST_OBJECTS:,} objects")
    if b"<" not in data[:1024]:
        raise _Refused("it is neither XML nor binary")
    root = plistlib.loads(data, fmt=plistlib.FMT_XML)
    if isinstance(root, datetime):
        return root.replace(tzinfo=UTC)
    level = [root]
    for _ in range(DEEPEST):
        level = [child for container in level for child in _aware(container)]
        if not level:
            return root
    raise _Refused(f"it is deeper than {DEEPEST} containers")


def _aware(container: Any) -> list[Any]:
    """Makes a container's dates aware, in place, and returns the containers in it."""
    items: Iterable[tuple[Any, Any]]
    if isinstance(container, dict):
        items = list(container.items())
    elif isinstance(container, list):
        items = enumerate(container)
    else:
        return []
    inner = []
    for key, value in items:
        if isinstance(value, datetime):
            container[key] = value.replace(tzinfo=UTC)
        elif isinstance(value, dict | list):
            inner.append(value)
    return inner


class Binary:
    """A binary property list: objects by number, each built once, measured before its container is built."""

    def __init__(self, data: bytes) -> None:
        if len(data) < 40:
            raise _Refused("it is cut short")
        offset_size, self._ref_size, count, self.top, table = struct.unpack(">6xBBQQQ", data[-32:])
        if not (1 <= offset_size <= 8 and 1 <= self._ref_size <= 8 and count >= 1 and self.top < count):
            raise _Refused("its trailer is damaged")
        if table + count * offset_size > len(data) - 32:
            raise _Refused("it is cut short: its table of objects lies outside of it")
        if count > MOST_OBJECTS:
            raise _Refused(f"it has more than {MOST_OBJECTS:,} objects")
        self._data, self._end = data, len(data) - 32
        self.offsets = self._integers(table, count, offset_size)
        self._values: dict[int, Any] = {}
        self._sizes: dict[int, int] = {}  # objects within, every reference followed; 0 while the object is being built

    def value(self, number: int | None = None) -> Any:
        """The value of an object; of the top one unless its number is given."""
        return self._build(self.top if number is None else number, 0)

    def references(self, number: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The numbers of a container's keys (none for an array) and of its values; none for what is no container."""
        at = self.offsets[number]
        marker = self._slice(at, 1)[0]
        if marker >> 4 not in (0xA, 0xD):
            return (), ()
        count, start = self._length(marker, at + 1)
        if marker >> 4 == 0xA:
            return (), self._integers(start, count, self._ref_size)
        refs = self._integers(start, 2 * count, self._ref_size)
        return refs[:count], refs[count:]

    def _build(self, number: int, depth: int) -> Any:
        size = self._sizes.get(number)
        if size:
            return self._values[number]
        if size == 0:
            raise _Refused("an object refers to itself")
        if depth > DEEPEST:
            raise _Refused(f"it is deeper than {DEEPEST} containers")
        at = self.offsets[number]
        marker = self._slice(at, 1)[0]
        if marker >> 4 not in (0xA, 0xD):
            self._values[number], self._sizes[number] = self._leaf(marker, at + 1), 1
            return self._values[number]
        self._sizes[number] = 0
        keys, refs = self.references(number)
        values = [self._build(ref, depth + 1) for ref in refs]
        names = [self._build(key, depth + 1) for key in keys]
        if not all(isinstance(name, str) for name in names):
            raise _Refused("a key is no text")
        value = dict(zip(names, values, strict=True)) if marker >> 4 == 0xD else values
        self._values[number], self._sizes[number] = value, self._measured(keys + refs)
        return value

    def _measured(self, refs: tuple[int, ...]) -> int:
        size = 1 + sum(self._sizes[ref] for ref in refs)
        if size > MOST_OBJECTS:
            raise _Refused(f"it stands for more than {MOST_OBJECTS:,} objects")
        return size

    def _leaf(self, marker: int, start: int) -> Any:
        kind, low = marker >> 4, marker & 0xF
        if marker in (0x00, 0x08, 0x09, 0x0F):
            return {0x00: None, 0x08: False, 0x09: True, 0x0F: b""}[marker]
        if kind == 0x1 and low <= 4:
            return int.from_bytes(self._slice(start, 1 << low), "big", signed=low >= 3)
        if marker == 0x22:
            return struct.unpack(">f", self._slice(start, 4))[0]
        if marker in (0x23, 0x33):
            number = struct.unpack(">d", self._slice(start, 8))[0]
            return date_of(number) if marker == 0x33 else number
        if kind == 0x8:
            return plistlib.UID(int.from_bytes(self._slice(start, low + 1)[-8:], "big"))
        if kind not in (0x4, 0x5, 0x6):
            raise _Refused(f"it has an object of an unknown kind, 0x{marker:02x}")
        count, start = self._length(marker, start)
        if kind == 0x6:
            return self._slice(start, 2 * count).decode("utf-16be", "replace")
        held = self._slice(start, count)
        return held if kind == 0x4 else held.decode("ascii", "replace")

    def _length(self, marker: int, start: int) -> tuple[int, int]:
        """How long an object is, and where it starts."""
        if marker & 0xF != 0xF:
            return marker & 0xF, start
        width = 1 << (self._slice(start, 1)[0] & 0x3)
        return int.from_bytes(self._slice(start + 1, width), "big"), start + 1 + width

    def _integers(self, start: int, count: int, width: int) -> tuple[int, ...]:
        held = self._slice(start, count * width)
        if form := {1: "B", 2: "H", 4: "I", 8: "Q"}.get(width):
            return struct.unpack(f">{count}{form}", held)
        return tuple(int.from_bytes(held[at : at + width], "big") for at in range(0, len(held), width))

    def _slice(self, start: int, size: int) -> bytes:
        if start + size > self._end:
            raise _Refused("it is cut short")
        return self._data[start : start + size]


class _Archive:
    """The objects of an archive, each resolved once."""

    def __init__(self, objects: list[Any]) -> None:
        self._objects = objects
        self._values: dict[int, Any] = {}
        self._sizes: dict[int, int] = {}
        self._open: set[int] = set()
        self._size = 0  # objects in what is being resolved, every reference followed

    def resolve(self, value: Any, depth: int) -> Any:
        """The plain value of a field of an object."""
        self._size += 1
        if self._size > MOST_OBJECTS:
            raise _Refused(f"they stand for more than {MOST_OBJECTS:,} objects")
        if depth > DEEPEST:
            raise _Refused(f"they are deeper than {DEEPEST} containers")
        if isinstance(value, plistlib.UID):
            return self._at(value.data, depth)
        if isinstance(value, list):
            return [self.resolve(item, depth + 1) for item in value]
        if isinstance(value, dict):
            return {key: self.resolve(item, depth + 1) for key, item in value.items()}
        return value

    def _at(self, number: int, depth: int) -> Any:
        if number in self._open:
            return None
        if number in self._values:
            self._size += self._sizes[number]
            return self._values[number]
        held = self._objects[number]
        if number == 0 and held == "$null":
            return None
        self._open.add(number)
        before = self._size
        value = self._object(held, depth) if isinstance(held, dict) else self.resolve(held, depth + 1)
        self._open.remove(number)
        self._values[number], self._sizes[number] = value, self._size - before
        return value

    def _object(self, held: dict[str, Any], depth: int) -> Any:
        classes = list(self._classes(held.get("$class")))
        fields = {key: self.resolve(value, depth + 1) for key, value in held.items() if key != "$class"}
        for name in classes:
            if name in PLAIN:
                try:
                    return PLAIN[name](fields)
                except (KeyError, TypeError, ValueError):
                    break  # not what the class's objects hold: shown as it is
        return {"$class": classes[0] if classes else "", **fields}

    def _classes(self, uid: Any) -> Iterator[str]:
        held = self._objects[uid.data] if isinstance(uid, plistlib.UID) else None
        if isinstance(held, dict):
            names = held.get("$classes")
            names = [held.get("$classname"), *(names if isinstance(names, list) else [])]
            yield from (name for name in names if isinstance(name, str))


def _dictionary(fields: Mapping[str, Any]) -> dict[Any, Any]:
    keys, values = fields["NS.keys"], fields["NS.objects"]
    return dict(zip(keys, values, strict=True))


def _array(fields: Mapping[str, Any]) -> list[Any]:
    held = fields["NS.objects"]
    if not isinstance(held, list):
        raise TypeError
    return held


def _data(fields: Mapping[str, Any]) -> bytes:
    held = fields["NS.data"]
    if not isinstance(held, bytes):  # bytes(n) would make n of them
        raise TypeError
    return held


def _string(fields: Mapping[str, Any]) -> str:
    held = fields["NS.string"] if "NS.string" in fields else fields["NS.bytes"]
    return held.decode(errors="replace") if isinstance(held, bytes) else str(held)


def _address(fields: Mapping[str, Any]) -> str:
    base, relative = fields.get("NS.base"), fields["NS.relative"]
    return urljoin(str(base), str(relative)) if base else str(relative)


PLAIN: dict[str, Callable[[Mapping[str, Any]], Any]] = {
    **dict.fromkeys(("NSDictionary", "NSMutableDictionary"), _dictionary),
    **dict.fromkeys(("NSArray", "NSSet", "NSOrderedSet"), _array),
    **dict.fromkeys(("NSMutableArray", "NSMutableSet", "NSMutableOrderedSet"), _array),
    **dict.fromkeys(("NSString", "NSMutableString"), _string),
    **dict.fromkeys(("NSData", "NSMutableData"), _data),
    "NSDate": lambda fields: date_of(float(fields["NS.time"])),
    "NSURL": _address,
    "NSUUID": lambda fields: str(UUID(bytes=fields["NS.uuidbytes"])).upper(),
    "NSNull": lambda fields: None,
}
