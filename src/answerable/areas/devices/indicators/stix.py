"""Reading one STIX 2.0 or 2.1 bundle: its indicators, what each indicates, and what could not be taken.

A bundle is a file from elsewhere: it is read with limits, and what is not as the standard has it is an error that
names the object, so that no feed is ever silently shorter than it is.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from answerable.areas.devices.indicators.patterns import Unsupported, comparisons
from answerable.areas.devices.indicators.values import normal_value
from answerable.errors import EvidenceError

LARGEST = 256 << 20
"""Bytes of a bundle at most."""
_MOST_PARTS = 8_000_000  # objects, lists and their members: what makes a small file a large thing in memory
_MEND = "Get the feed again, or take this file out of the folder of indicators."
_ID = re.compile(r"[A-Za-z0-9._:-]{1,200}")
_TARGETS = {"malware", "tool", "campaign", "threat-actor", "intrusion-set", "infrastructure"}


class NoBundle(EvidenceError):
    """A file of JSON that is no STIX bundle, but something else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One value that a bundle lists: columns of the declared table, and every family that it indicates."""

    indicator: str
    kind: str
    value: str
    normal: str
    labels: int | None
    families: tuple[str, ...]
    references: tuple[str, ...]
    valid_from: datetime | None
    valid_until: datetime | None
    revoked: bool
    note: str | None


class Refused(NamedTuple):
    """An indicator that could not be taken: its number among the bundle's, its identifier, and why."""

    number: int
    indicator: str
    reason: str


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle holds.

    Args:
        sha256: of the file. count: its objects of type indicator, all of them.
        newest: when the newest of its objects was last changed.
        indicators: what can be matched. refused: what cannot.
        notes: what else was in it.
    """

    sha256: str
    count: int
    newest: datetime | None
    indicators: tuple[Indicator, ...]
    refused: tuple[Refused, ...]
    notes: tuple[str, ...]


def read_bundle(path: Path, raw: bytes | None = None) -> Bundle:
    """The indicators of one bundle.

    Args:
        path: file of STIX 2.0 or 2.1 JSON.
        raw: its bytes, where it does not lie by itself; the path is its name then.

    Raises:
        NoBundle: the file is JSON of something else.
        EvidenceError: it is too large, is no JSON, or an object in it is not as the standard has it.

    Source:
        OASIS STIX 2.1; STIX 2.0 parts 1, 2 and 5.
    """
    sha256, data = _loaded(path, raw)
    if not isinstance(data, dict) or data.get("type") != "bundle":
        raise NoBundle("this is no STIX bundle: its type is not bundle.", file=path, mend=_MEND)
    things = data.get("objects", [])
    if not isinstance(things, list):
        _fail(path, "the bundle's objects are no list.")
    objects = [_Object(path, number, thing) for number, thing in enumerate(things, 1)]
    return _Reader(objects).bundle(sha256)


def _fail(path: Path, problem: str) -> NoReturn:
    raise EvidenceError(problem, file=path, mend=_MEND)


def _loaded(path: Path, raw: bytes | None) -> tuple[str, Any]:
    try:
        if raw is None:
            with path.open("rb") as stream:
                raw = stream.read(LARGEST + 1)
    except OSError as error:
        _fail(path, f"it cannot be read ({error.strerror}).")
    if len(raw) > LARGEST:
        _fail(path, f"it has more than {LARGEST:,} bytes.")
    if sum(map(raw.count, (b"{", b"[", b","))) > _MOST_PARTS:
        _fail(path, f"it has more than {_MOST_PARTS:,} parts.")
    try:
        data = json.loads(raw.decode("utf-8-sig"), object_pairs_hook=_once, parse_constant=_no_constant)
    except RecursionError:
        _fail(path, "its objects lie too deep within each other.")
    except ValueError as error:  # no JSON, no UTF-8, a key twice, a number that is none
        _fail(path, f"it cannot be read as JSON ({error}).")
    return hashlib.sha256(raw).hexdigest(), data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        key = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"the object {made.get('id', 'without id')} has the key {key!r} twice")
    return made


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON number")


class _Object:
    """An object of a bundle, whose properties are given with their types or not at all."""

    def __init__(self, path: Path, number: int, thing: Any) -> None:
        self.path, self.number = path, number
        self.thing: Mapping[str, Any] = thing if isinstance(thing, dict) else {}
        self.type = self.text("type", needed=True)
        self.id = self.text("id", needed=True)
        if not _ID.fullmatch(self.id):
            self.fail("has an id that is none")
        self.modified = self.time("modified") or self.time("created")

    def text(self, name: str, *, needed: bool = False) -> str:
        value = self.thing.get(name, None if needed else "")
        if not isinstance(value, str):
            self.fail(f"has no text as its {name}")
        return value

    def time(self, name: str) -> datetime | None:
        if not (text := self.text(name)):
            return None
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            self.fail(f"has {_shown(text, 40)} as its {name}, which is no time")
        if value.tzinfo is None:
            self.fail(f"has a time without zone as its {name}")
        try:
            return value.astimezone(UTC)
        except OverflowError:
            self.fail(f"has {_shown(text, 40)} as its {name}, which is out of range")

    @property
    def revoked(self) -> bool:
        value = self.thing.get("revoked", False)
        if not isinstance(value, bool):
            self.fail("says neither true nor false as revoked")
        return value

    @property
    def references(self) -> tuple[str, ...]:
        listed = self.thing.get("external_references", [])
        if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
            self.fail("has external_references that are no list of objects")
        return tuple(url for one in listed if isinstance(url := one.get("url"), str) and url)

    def fail(self, problem: str) -> NoReturn:
        name = self.thing.get("id")
        called = f" ({_shown(name)})" if isinstance(name, str) else ""
        _fail(self.path, f"object {self.number:,}{called} {problem}.")


class _Reader:
    """The objects of a bundle, brought together."""

    def __init__(self, objects: Sequence[_Object]) -> None:
        self.objects = objects
        self.numbers = {id(one): n for n, one in enumerate((o for o in objects if o.type == "indicator"), 1)}
        # A bundle may hold several versions of an object; the newest counts, the later in the file of equals.
        self.newest: dict[str, _Object] = {}
        for one in objects:
            held = self.newest.get(one.id)
            if held is None or (one.modified or _EVER) >= (held.modified or _EVER):
                self.newest[one.id] = one
        self.notes: list[str] = []
        self.targets = self._targets()

    def bundle(self, sha256: str) -> Bundle:
        indicators: list[Indicator] = []
        refused: list[Refused] = []
        for one in self.objects:
            if one.type != "indicator":
                continue
            if self.newest[one.id] is not one:
                reason = "an older version of an indicator that is there"
                refused.append(Refused(self.numbers[id(one)], one.id, reason))
                continue
            try:
                indicators.extend(self._indicators(one))
            except Unsupported as error:
                refused.append(Refused(self.numbers[id(one)], one.id, _shown(str(error))))
        times = [one.modified for one in self.objects if one.modified is not None]
        newest = max(times, default=None)
        return Bundle(sha256, len(self.numbers), newest, tuple(indicators), tuple(refused), tuple(self.notes))

    def _indicators(self, one: _Object) -> list[Indicator]:
        pattern = one.text("pattern", needed=True)
        if (language := one.text("pattern_type") or "stix") != "stix":
            raise Unsupported(f"a pattern in the language {language[:40]}")
        valid_from, valid_until, targets = one.time("valid_from"), one.time("valid_until"), self.targets.get(one.id, ())
        references = dict.fromkeys([*one.references, *(url for target in targets for url in target.references)])
        families = dict.fromkeys(_shown(target.text("name", needed=True)) for target in targets)
        made = []
        for found in dict.fromkeys(comparisons(pattern)):
            value = normal_value(found)
            made.append(
                Indicator(
                    indicator=one.id,
                    value=found.value,
                    families=tuple(families),
                    references=tuple(references),
                    valid_from=valid_from,
                    valid_until=valid_until,
                    revoked=one.revoked,
                    **value._asdict(),
                )
            )
        return made

    def _targets(self) -> dict[str, list[_Object]]:
        """What each indicator indicates, by its identifier; and notes of what was in the bundle besides."""
        targets: dict[str, list[_Object]] = {}
        ignored = Counter(one.type for one in self.objects if one.type not in {"indicator", "relationship", *_TARGETS})
        left = 0
        for one in self.newest.values():
            if one.type != "relationship":
                continue
            source, target = (self.newest.get(one.text(name, needed=True)) for name in ("source_ref", "target_ref"))
            told = one.text("relationship_type") == "indicates" and not one.revoked
            if told and source and target and source.type == "indicator" and target.type in _TARGETS:
                targets.setdefault(source.id, []).append(target)
            else:
                left += 1
        self.notes += [f"{count:,} of type {_shown(kind, 40)} ignored" for kind, count in sorted(ignored.items())]
        if left:
            self.notes.append(
                f"{left:,} relationships ignored: revoked, of another kind, or of what is not in the file"
            )
        unnamed = sum(one.type == "indicator" and one.id not in targets for one in self.newest.values())
        if unnamed:
            self.notes.append(f"{unnamed:,} indicators of no family that the file names")
        return targets


_EVER = datetime.min.replace(tzinfo=UTC)


def _shown(text: str, most: int = 200) -> str:
    """Text from a bundle as people may see it: nothing that steers a terminal, and not endless."""
    said = text[:most]
    return said if said.isprintable() else "".join(sign if sign.isprintable() else "?" for sign in said)
