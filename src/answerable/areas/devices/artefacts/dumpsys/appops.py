"""The dump of Android's app operations: what apps were let do, and when they last did it or were refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.dumpsys.reading import Clock, Row, duration

if TYPE_CHECKING:
    from answerable.areas.devices.artefacts.source import Source

BEFORE = "how long before the end of the dump"
_UID = re.compile(r" {2}Uid (\w{1,20}):")
_PACKAGE = re.compile(r" {4}Package ([^\s:]{1,300}):")
_OPERATION = re.compile(
    r" {6,10}([A-Z][\w.:]{1,100}) \((\w+)(?: / switch \w+(?:=(\w+))?)?\):(.*)|"
    r" {6,10}([A-Z]\w{1,100}): mode=(\w+)(.*)"
)
_AT = re.compile(
    r" {8,}(?:(?P<kind>Access|Reject): )?(?:\[(?P<state>[^\]]{0,60})\] ?|(?P<told>\w{1,20}) *= )"
    r"(?P<time>\d{4}-\S+ [\d:.]+)(?: \([^)]*\))?(?: duration=(?P<lasted>\S+))?"
)
_RUNNING = re.compile(r" {8,}Running start at: (\S+)")
_AGO = re.compile(r"\b(time|rejectTime)=(\+[\ddhms]+) ago")
_LASTED = re.compile(r"\bduration=(\+[\ddhms]+)")
_MODES = {"0": "allow", "1": "ignore", "2": "deny", "3": "default", "4": "foreground"}


def operations(source: Source, lines: Iterable[tuple[int, str]], clock: Clock, ended: datetime | None) -> Iterator[Row]:
    """Rows of the table of permissions: one for each use and refusal, or for the operation where there is none.

    Args:
        source: where the lines come from.
        lines: of the section, with their numbers.
        clock: the phone's.
        ended: when the dump ended, for times that are told as so long before.
    """
    reader = _Reader(source, clock, ended)
    for number, line in lines:
        yield from reader.take(number, line)
    yield from reader.unused()


class _Reader:
    def __init__(self, source: Source, clock: Clock, ended: datetime | None) -> None:
        self._source, self._clock, self._ended = source, clock, ended
        self._user: str = ""
        self._app: str | None = None
        self._operation: dict[str, Any] = {}
        self._used = True
        self._kind = ""

    def take(self, number: int, line: str) -> Iterator[Row]:
        """Takes one line: what it ends, and what it tells."""
        if said := _UID.match(line):
            yield from self.unused()
            self._user, self._app = said[1], None
        elif said := _PACKAGE.match(line):
            yield from self.unused()
            self._app = said[1]
        elif (said := _OPERATION.match(line)) and self._user:
            yield from self.unused()
            self._begin(number, said)
            yield from self._told(number, said[4] or said[7] or "")
        elif not self._operation:
            return
        elif said := _AT.match(line):
            yield self._at(number, said)
        elif said := _RUNNING.match(line):
            yield self._ago(number, "time", said[1]) | {"state": "running"}
        elif line.lstrip().startswith(("Access:", "Reject:")):
            self._source.refuse("uses whose time cannot be read", number)

    def unused(self) -> Iterator[Row]:
        """The operation that went before, where it was neither used nor refused."""
        if self._operation and not self._used:
            yield self._operation
        self._operation, self._used = {}, True

    def _begin(self, number: int, said: re.Match[str]) -> None:
        mode = said[2] or _MODES.get(said[6], said[6])
        self._operation = {
            "row": number, "app": self._app, "permission": said[1] or said[5], "decision": mode, "user": self._user,
        }  # fmt: skip
        self._used = False

    def _told(self, number: int, rest: str) -> Iterator[Row]:
        """Times as Android 8 and older tell them, in the line of the operation."""
        for name, ago in _AGO.findall(rest):
            row = self._ago(number, name, ago)
            if name == "time" and (lasted := _LASTED.search(rest)):
                row["duration"] = _seconds(lasted[1])
            if name == "time" and "(running)" in rest:
                row["state"] = "running"
            yield row

    def _ago(self, number: int, name: str, ago: str) -> dict[str, Any]:
        length = duration(ago)
        time = _before(self._ended, length)
        return self._row(number, name != "time", {"time": time, "time_raw": ago, "time_unit": BEFORE})

    def _at(self, number: int, said: re.Match[str]) -> Row:
        self._kind = said["kind"] or self._kind  # Android 9 names it once, above several states of the app
        more = {"state": said["state"] or said["told"], "duration": _seconds(said["lasted"])}
        return self._row(number, self._kind == "Reject", self._clock.at(said["time"]) | more)

    def _row(self, number: int, refused: bool, more: dict[str, Any]) -> dict[str, Any]:
        self._used = True
        return self._operation | more | {"row": number, "refused" if refused else "used": more["time"]}


def _before(end: datetime | None, length: timedelta | None) -> datetime | None:
    try:
        return end - abs(length) if end and length is not None else None
    except OverflowError:
        return None


def _seconds(text: str | None) -> float | None:
    length = duration(text) if text else None
    return None if length is None else length.total_seconds()
