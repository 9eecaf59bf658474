"""The dump of Android's battery statistics: apps that were installed and removed, and what woke the phone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.dumpsys.reading import Clock, Line, Row, duration

if TYPE_CHECKING:
    from answerable.areas.devices.artefacts.source import Source

_DAY = re.compile(r" {2}Daily from (\S+) to (\S+):")
_TODAY = re.compile(r" {2}Current start time: (\S+)")
_UPDATE = re.compile(r" {4,8}Update (\S{1,300}) vers=(-?\d{1,19})")
_UNINSTALL = re.compile(r" {4,8}Uninstall (\S{1,300})")
MOST_CHANGES = 100_000
"""Changes of apps that are taken; the system keeps ten days of them."""

_ENTRY = re.compile(r"\s*(?:(\d\d-\d\d \d\d:\d\d:\d\d\.\d{3})|([+-]?\d[\ddhms]*)(?: \(\d+\))) (.*)")
_SET = re.compile(r"(?:RESET:)?TIME: (\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d(?:-\d{3})?)")
_EVENT = re.compile(r'(?:^| )([+-]?)([a-z_]{2,30})=(\w{1,20}):"([^"]{0,500})"')
_APP = re.compile(r"[A-Za-z]\w*(?:\.\w+)+")
_WORDS = {
    "top": "used", "fg": "in the foreground", "job": "job", "alarm": "alarm", "sync": "synchronised",
    "wake_lock": "kept awake", "wake_lock_in": "kept awake", "longwake": "kept awake for long",
    "screenwake": "woke the screen", "wakeupap": "woke", "proc": "process", "pkgunin": "uninstalled",
    "pkginactive": "unused", "pkgactive": "in use again", "tmpwhitelist": "let run in the background",
}  # fmt: skip
_NAMED = {"top", "fg", "active", "proc", "wakeupap", "pkginst", "pkgunin", "pkginactive", "pkgactive"}
"""Events whose text is the name of a package, or of a process, which begins with it."""


def daily(source: Source, lines: Iterable[Line], clock: Clock) -> Iterator[Row]:
    """Updates and removals of apps day by day, the oldest first; a version below the one before is a downgrade.

    Args:
        source: where the lines come from.
        lines: of the section, with their numbers.
        clock: the phone's.
    """
    found: list[tuple[int, int, str, str, str, str]] = []
    day, begins, ends = 0, "", ""
    for number, line in lines:
        if said := _DAY.match(line):
            day, begins, ends = day + 1, said[1], said[2]
        elif said := _TODAY.match(line):
            day, begins, ends = day + 1, said[1], ""
        elif not begins:
            continue
        elif said := _UPDATE.match(line) or _UNINSTALL.match(line):
            if len(found) == MOST_CHANGES:
                source.refuse(f"changes of apps beyond {MOST_CHANGES:,}", number)
                continue
            found.append((day, number, begins, ends, said[1], said[2] if said.lastindex == 2 else ""))
    versions: dict[str, int] = {}
    # the latest day stands first, and within a day the earliest change
    for _, number, begins, ends, app, code in sorted(found, key=lambda one: (-one[0], one[1])):
        version = int(code or 0)
        event = _change(versions.get(app), version)
        before = versions.get(app)
        # the system notes a removal as an update to version 0
        versions.pop(app, None) if version == 0 else versions.update({app: version})
        yield {
            "row": number, "app": app, "event": event, "version": str(version) if version else None,
            "before": str(before) if before else None,
            "detail": f"in the day that began {begins}" + (f" and ended {ends}" if ends else ""), **clock.at(begins),
        }  # fmt: skip


def _change(before: int | None, version: int) -> str:
    if version == 0:
        return "uninstalled"
    if before is not None and version < before:
        return "downgraded"
    return "installed or updated" if before is None else "updated"


def history(
    source: Source,
    lines: Iterable[Line],
    clock: Clock,
    acquired: datetime | None,
    users: Mapping[str, str],
) -> Iterator[Row]:
    """What the history of the battery names: apps in use, jobs, alarms, what kept the phone awake.

    Where an event names no app, but a user that one app alone runs as, the app is that one, and the detail says so.

    Args:
        source: where the lines come from.
        lines: of the section, with their numbers.
        clock: the phone's.
        acquired: when the report was made, for the year of entries before one is told.
        users: the app of each user that one app alone runs as.
    """
    reader, within = _History(clock, acquired, users), False
    for number, line in lines:
        if line.startswith("Battery History"):
            within = True
        elif within and not line.strip():
            return
        elif within and (said := _ENTRY.match(line)):
            yield from reader.take(number, said)
        elif within:
            source.refuse("entries of the battery's history that cannot be read", number)


class _History:
    """Keeps what time it is while the entries go by."""

    def __init__(self, clock: Clock, acquired: datetime | None, users: Mapping[str, str]) -> None:
        self._clock, self._users = clock, users
        self._known: dict[str, int] = {}
        self._base: datetime | None = None  # the time that offsets count from
        local = acquired.astimezone(clock.zone) if acquired else None
        self._latest = (local.year, local.month) if local else (0, 12)
        self._said = ""  # the time that was set last, as told

    def take(self, number: int, said: re.Match[str]) -> Iterator[Row]:
        """Takes one entry: a time that was set, or events."""
        at, offset, rest = said[1], said[2], said[3]
        if told := _SET.match(rest):
            self._set(told[1], offset)
            return
        when: dict[str, Any] | None = None
        for sign, name, user, text in _EVENT.findall(rest):
            if name == "wake_reason":
                continue
            when = when or self._when(at, offset)
            yield {"row": number, "user": user, **self._event(sign, name, user, text), **when}

    def _event(self, sign: str, name: str, user: str, text: str) -> dict[str, Any]:
        word = _WORDS.get(name, name.replace("_", " "))
        row: dict[str, Any] = {"app": _app(name, text), "detail": f"{sign}{name}={text}"}
        if name == "pkginst":
            # its number is the version, and says nothing of a user
            version = int(user) if user.isdecimal() and len(user) < 20 else 0
            app = row["app"] or text
            word = _change(self._known.get(app), version) if version else "installed or updated"
            row |= {"version": user, "user": None}
            if len(self._known) < MOST_CHANGES:
                self._known[app] = version
        elif name == "pkgunin":
            self._known.pop(row["app"] or text, None)
            row["user"] = None
        elif row["app"] is None and user in self._users:
            row |= {"app": self._users[user], "detail": f"{row['detail']} (the app by its user)"}
        return row | {"event": word + (", end" if sign == "-" else "")}

    def _set(self, told: str, offset: str | None) -> None:
        self._said = told
        self._latest = (int(told[:4]), int(told[5:7]))
        time, length = self._clock.utc(told), duration(offset or "0")
        self._base = time - length if time and length is not None else None

    def _when(self, at: str | None, offset: str | None) -> dict[str, Any]:
        if at:
            return self._clock.at(f"{self._year(int(at[:2]))}-{at}") | {"time_raw": at}
        length = duration(offset or "")
        try:
            time = self._base + length if self._base and length is not None else None
        except OverflowError:
            time = None
        unit = f"after the history's start; its clock was set to {self._said}" if self._said else "after its start"
        return {"time": time, "time_raw": offset, "time_unit": f"{unit}, {self._clock.unit}"}

    def _year(self, month: int) -> int:
        """The year of an entry that tells only its month: that of the time set before it, or the next one's."""
        year, latest = self._latest
        if not self._said:  # nothing was set: the entries are of the months before the report
            return year - (month > latest) if year else 0
        return year + (latest - month > 6) - (month - latest > 6)


def _app(name: str, text: str) -> str | None:
    """The app that an event's text names, where it does."""
    if name in _NAMED:
        said = _APP.match(text)
    elif name in ("job", "wake_lock", "longwake") and "/" in text:
        said = _APP.match(text.removeprefix("*job*/").rpartition("@")[2])
        said = said if said and text.rpartition("@")[2].removeprefix("*job*/")[said.end() :].startswith("/") else None
    else:
        said = None
    return said[0] if said else None
