"""Splits the text of dumpstate or dumpsys into its sections: one pass, offsets only, whatever its size.

What stands in a section may be hostile: an app writes parts of it, also whole lines, and so can write what looks like
the start or the end of a section. The end line of a service names it: it closes that service, and what seemed to have
begun within it was part of its text. Nothing that is written within a section can hide the rest of it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from answerable.errors import EvidenceError

MOST_SECTIONS = 100_000
"""Sections of one text; a large report has some 600."""
LONGEST_LINE = 1 << 16
"""Bytes of a line that are looked at; the longest that a report is known to write have some 10,000."""
_CHUNK = 1 << 22
_LONGEST_MARK = 4096
_MOST_OPEN = 200
_APPS = ("APP ACTIVITIES", "APP SERVICES", "APP PROVIDERS")
"""Sections that apps write, whatever they like; they come after the dumps of the services."""
_PRIORITIES = ("CRITICAL ", "HIGH ", "NORMAL ")
_MARK = re.compile(
    rb"\n(?:"
    rb"------ [\d.]+s was the duration of '(?P<told>[^\r\n']{1,400})' ------|"
    rb"(?P<final>== dumpstate: done)[^\r\n]{0,60}|"
    rb"------ (?P<title>[^\r\n]{1,1000}?) ------|"
    rb"DUMP OF SERVICE (?P<service>[^\r\n]{1,300}):|"
    rb"--------- [\d.]+s was the duration of dumpsys (?P<done>[^\r\n,]{1,300})(?:, ending at: (?P<at>[^\r\n]{1,60}))?"
    rb")[ \t]*(?=\r?\n)"
)


@dataclass(slots=True)
class Section:
    """One section.

    Args:
        name: of the service, or the title of the section as SYSTEM PROPERTIES.
        command: what was run for it, as getprop; "" for a service.
        service: whether it is the dump of a service.
        start, end: offsets of its text; it begins at the end of the line that names it.
        line: number of the line that names it, from 1.
        ended: when its dump ended, by the phone's own clock; "" where not said.
        whole: whether its end is there: its own end line, the start of the next section, or the end of the report.
    """

    name: str
    command: str
    service: bool
    start: int
    line: int
    end: int = -1
    ended: str = ""
    whole: bool = False

    @property
    def holds_services(self) -> bool:
        """Whether it is the run of dumpsys in which the dumps of the services follow."""
        return not self.service and (self.name.startswith("DUMPSYS") or self.command.endswith("dumpsys"))


@dataclass(slots=True)
class Sections:
    """The sections of a text.

    Args:
        path: the text.
        known: the sections in their order.
        within: how many lines within services only looked like the start of a section.
        size: bytes of the text.
    """

    path: Path
    known: list[Section] = field(default_factory=list)
    within: int = 0
    size: int = 0

    def services(self, name: str) -> list[Section]:
        """The dumps of a service, whatever its priority."""
        return [one for one in self.known if one.service and one.name == name]

    def service(self, name: str) -> Iterator[tuple[int, str]]:
        """The lines of all dumps of a service; none where there is no dump of it."""
        for section in self.services(name):
            yield from self.lines(section)

    def titled(self, title: re.Pattern[str]) -> list[Section]:
        """The sections whose title and command, as in SYSTEM PROPERTIES (getprop), fit an expression."""
        return [one for one in self.known if not one.service and title.search(f"{one.name} ({one.command})")]

    def lines(self, section: Section, cut: Callable[[int], None] = lambda number: None) -> Iterator[tuple[int, str]]:
        """The lines of a section with their numbers in the text, without what ends them.

        Bytes that are no UTF-8 become U+FFFD. A line longer than LONGEST_LINE is cut there, and `cut` is told its
        number.
        """
        with self.path.open("rb") as file:
            file.seek(section.start)
            number, left = section.line, section.end - section.start
            while left > 0 and (line := file.readline(min(left, LONGEST_LINE))):
                left -= len(line)
                text = line.decode("utf-8", "replace").rstrip("\r\n")
                if not line.endswith(b"\n") and left > 0:
                    cut(number)
                while not line.endswith(b"\n") and left > 0 and (line := file.readline(min(left, LONGEST_LINE))):
                    left -= len(line)
                yield number, text
                number += 1

    def start(self, limit: int = 1 << 16) -> str:
        """What stands before the first section."""
        with self.path.open("rb") as file:
            before = file.read(min(limit, self.known[0].start if self.known else limit)).decode("utf-8", "replace")
        return before.rpartition("\n")[0]


def split(path: Path, name: str) -> Sections:
    """Finds the sections of a text in one pass, in memory that does not depend on its size.

    Args:
        path: the text.
        name: what the evidence calls it, for messages.

    Raises:
        EvidenceError: it has more than MOST_SECTIONS sections, or cannot be read.
    """
    found = _Splitter(Sections(path), name)
    with path.open("rb") as file:
        for position, line, mark in _marks(file):
            found.take(position, line, mark)
        found.sections.size = file.tell()
    found.finish()
    return found.sections


def _marks(file: BinaryIO) -> Iterator[tuple[int, int, re.Match[bytes]]]:
    """What looks like the start or end of a section: offset of its line, the line's number, the match."""
    buffer, base, line = b"\n", -1, 0  # as if a line had ended before the first
    while True:
        chunk = file.read(_CHUNK)
        buffer += chunk or b"\n"
        counted = 0
        for mark in _MARK.finditer(buffer):
            line += buffer.count(b"\n", counted, mark.start() + 1)
            counted = mark.start() + 1
            yield base + mark.start() + 1, line, mark
        if not chunk:
            return
        # a mark may go on in the next chunk, and the mark before ends where the last line begins
        last = buffer.rfind(b"\n")
        keep = last if last >= counted and len(buffer) - last <= _LONGEST_MARK else len(buffer)
        keep = max(keep, counted)
        line += buffer.count(b"\n", counted, keep)
        base += keep
        buffer = buffer[keep:]


class _Splitter:
    """Keeps which sections are open while the marks go by."""

    def __init__(self, sections: Sections, name: str) -> None:
        self.sections, self._name = sections, name
        self._open: list[int] = []  # places of sections whose end line has not come
        self._closed = -1  # place of the section that was ended last, while no other has begun
        self._done = False
        self._before: frozenset[str] | None = None  # the services that were dumped before apps wrote

    def take(self, position: int, line: int, mark: re.Match[bytes]) -> None:
        """Takes what looks like the start or the end of a section."""
        told = {name: value.decode("utf-8", "replace") for name, value in mark.groupdict().items() if value is not None}
        if "done" in told:
            self._end(told["done"].strip(), True, position, told.get("at", "").strip())
        elif "final" in told:
            self._done = True
        elif "told" in told:
            self._end(told["told"].partition(" (")[0].strip(), False, position, "")
        else:
            self._begin(told, position, position + mark.end() - mark.start() - 1, line)

    def _begin(self, told: dict[str, str], position: int, start: int, line: int) -> None:
        known = self.sections.known
        new = _section(told, start, line)
        if self._before is None and new.name.startswith(_APPS) and not new.service:
            self._before = frozenset(one.name for one in known if one.service)
            self._open, self._closed = [], -1  # no later line ends what began before
        if self._before and new.service and new.name in self._before:
            self.sections.within += 1
            return
        if known and known[-1].end < 0:
            known[-1].end, known[-1].whole = position, True
        if len(known) >= MOST_SECTIONS:
            raise EvidenceError(f"it has more than {MOST_SECTIONS:,} sections: no report has.", file=self._name)
        known.append(new)
        self._open = [*self._open[-_MOST_OPEN:], len(known) - 1]
        self._closed = -1

    def _end(self, name: str, service: bool, position: int, at: str) -> None:
        known = self.sections.known
        named = [one for one in (*self._open, self._closed) if one >= 0 and known[one].name == name]
        place = max((one for one in named if known[one].service == service), default=-1)
        if place < 0 or (known[place].holds_services and place < len(known) - 1):
            return
        self.sections.within += len(known) - place - 1
        del known[place + 1 :]
        self._open = [one for one in self._open if one < place]
        known[place].end, known[place].whole = position, True
        known[place].ended = at
        self._closed = place

    def finish(self) -> None:
        """The last section goes to the end of the text; it is cut short unless the text says that it is done."""
        if not self.sections.known or (last := self.sections.known[-1]).end >= 0:
            return
        last.end = self.sections.size
        ends = any(one.ended for one in self.sections.known)
        last.whole = self._done or (last.service and not ends)


def _section(told: dict[str, str], start: int, line: int) -> Section:
    service = told.get("service", "")
    for priority in _PRIORITIES:
        service = service.removeprefix(priority)
    title, _, command = told.get("title", "").partition(" (")
    return Section((service or title).strip(), command.removesuffix(")"), "service" in told, start, line)
