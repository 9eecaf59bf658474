"""What the parsers of sections share: the sections of a report, its clock, names of components, durations."""

from __future__ import annotations

import re
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from answerable.areas.devices.acquisition.particulars import head
from answerable.areas.devices.artefacts.dumpsys.sections import LONGEST_LINE, Section, Sections, split
from answerable.areas.devices.artefacts.registry import ANDROIDQF, BUGREPORT
from answerable.areas.devices.artefacts.times import LOCAL
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.acquisition.recognise import Kind
    from answerable.areas.devices.acquisition.tree import Entry, Tree
    from answerable.areas.devices.artefacts.source import Source

REPORT = (
    "bugreport*.txt", "dumpstate.txt", "dumpstate-*.txt", "dumpstate_2*.txt", "dumpstate2*.txt", "dumpState*.txt",
    "dumpState*.log", "dumpstate*.log",
)  # fmt: skip
"""How the text of a report is called, by Android and by makers of phones; not dumpstate_log.txt, which lies beside."""
DUMPS: dict[Kind, Sequence[str]] = {BUGREPORT: REPORT, ANDROIDQF: ("dumpsys.txt",)}
"""Where dumps of services lie."""

Row = Mapping[str, Any]
Line = tuple[int, str]

_MARK = b"== dumpstate: "
_KNOWN: weakref.WeakKeyDictionary[Tree, dict[str, Sections | EvidenceError]] = weakref.WeakKeyDictionary()
_RULE = re.compile(r"[-=]{10,}$|== ")
_FAILED = re.compile(
    r"\*\*\* SERVICE '.{1,200}' DUMP TIMEOUT|\*\*\* command '.{1,300}' (?:timed out|failed)|Can't find service:|"
    r"Permission Denial:|Error dumping service|Error with service '"
)
_ZONE = re.compile(r"\[persist\.sys\.timezone\]: \[([A-Za-z0-9_+\-/]{1,60})\]")
_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[ T-](\d\d)[:-](\d\d)[:-](\d\d)(?:\.(?P<part>\d{1,9})|-(?P<millis>\d{3})(?!\d))?"
    r"(?: ?(?P<sign>[+-])(?P<hours>\d\d):?(?P<minutes>\d\d)(?!\d)| ?(?P<z>Z))?"
)
_DURATION = re.compile(r"[+-]?(?=\d)(?:(\d{1,9})d)?(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?")
_ZONED = "local time, with its distance from UTC"
_PROPERTIES = re.compile(r"^SYSTEM PROPERTIES|\(getprop\)")


def sections(source: Source) -> Sections:
    """The sections of a report; its text is split once, however many artefacts are read from it.

    Raises:
        EvidenceError: it cannot be read, or it is no report.
    """
    return _split(source.acquisition.tree, source.entry)


def _split(tree: Tree, entry: Entry) -> Sections:
    known = _KNOWN.setdefault(tree, {})
    if entry.path not in known:
        try:
            known[entry.path] = split(tree.place(entry), entry.path)
        except EvidenceError as error:
            known[entry.path] = error
    found = known[entry.path]
    if isinstance(found, EvidenceError):
        raise EvidenceError(found.problem, file=entry.path, mend=found.mend)
    return found


def _reports(tree: Tree) -> list[Entry]:
    """The texts that begin as a report does."""
    found = [entry for pattern in REPORT for entry in tree.find(pattern)]
    return [entry for entry in found if _MARK in head(tree, entry.path, 4096)]


def is_beside(source: Source) -> bool:
    """Whether the file only lies beside the report, as dumpstate's own log does; said in a note."""
    if source.acquisition.kind != BUGREPORT:
        return False
    reports = [entry.path for entry in _reports(source.acquisition.tree)]
    beside = bool(reports) and source.path not in reports
    if beside:
        source.notes.append(f"{source.path} is no report; it lies beside one.")
    return beside


def service_lines(source: Source, name: str, since: int = 0) -> Iterator[Line]:
    """The lines of a service's dump with their numbers in the text.

    Args:
        source: the report.
        name: of the service.
        since: the version of Android that first has it, for the message where it is not there.

    Raises:
        EvidenceError: there is no such section; or, after its lines, it is cut short or says itself that it failed.
    """
    if is_beside(source):
        return
    known = sections(source)
    what = f"the service {name}" + (f", which Android has since version {since}" if since else "")
    yield from _lines(source, known, known.services(name), what)


def titled_lines(source: Source, what: str, title: str) -> Iterator[Line]:
    """The lines of the sections whose title and command fit an expression, with their numbers in the text.

    Args:
        source: the report.
        what: what they hold, for messages.
        title: the expression, as "^SYSTEM PROPERTIES".

    Raises:
        EvidenceError: as for `service_lines`.
    """
    if is_beside(source):
        return
    known = sections(source)
    yield from _lines(source, known, known.titled(re.compile(title)), what)


def _lines(source: Source, known: Sections, found: Sequence[Section], what: str) -> Iterator[Line]:
    if not found:
        end = "" if known.known else " It has no section at all: it is no report, or damaged."
        raise EvidenceError(f"the report has no section of {what}.{end}", file=source.path)
    if known.within:
        source.notes.append(
            f"{known.within:,} lines within sections look like the start of another one; they are taken as text."
        )
    failed, some = "", False
    for section in found:
        for number, line in known.lines(section, lambda number: source.refuse(_LONG, number)):
            if number == section.line or _RULE.match(line):
                continue
            if _FAILED.match(line):
                failed = f"line {number:,} says: {line.strip()[:200]}"
                continue
            some = some or bool(line.strip())
            yield number, line
        if not section.whole:
            failed = "the text ends within it: the report is cut short"
    if failed or not some:
        raise EvidenceError(f"the section of {what} is incomplete: {failed or 'it is empty'}.", file=source.path)


_LONG = f"lines longer than {LONGEST_LINE:,} bytes, cut there"


class Lines:
    """Lines that end without an error: a parser gives what it has, and then the error is raised.

    Args:
        given: the lines, with their numbers.
        heads: how a line begins that shows that the section's form is known.
    """

    def __init__(self, given: Iterable[Line], heads: Sequence[str] = ()) -> None:
        self._given, self._heads = given, tuple(heads)
        self.gap: EvidenceError | None = None
        self.some = self.known = False

    def __iter__(self) -> Iterator[Line]:
        try:
            for number, line in self._given:
                self.some = True
                self.known = self.known or line.lstrip().startswith(self._heads)
                yield number, line
        except EvidenceError as error:
            self.gap = error


def rows_of(
    source: Source, given: Iterable[Line], parse: Callable[[Lines], Iterator[Row]], *heads: str
) -> Iterator[Row]:
    """The rows that a parser makes of lines.

    Args:
        source: the report.
        given: the lines, with their numbers.
        parse: makes rows of them.
        heads: how a line begins that shows that the section's form is known, so that no row means that there is
            nothing; without any, there is always something.

    Raises:
        EvidenceError: after the rows: the lines are not whole; or there is none, and the form is not known.
    """
    lines, count = Lines(given, heads), 0
    for row in parse(lines):
        count += 1
        yield row
    if lines.gap:
        raise lines.gap
    if lines.some and not count and not lines.known:
        raise EvidenceError("nothing is found in the section: its form is not known.", file=source.path)


@dataclass(frozen=True, slots=True)
class Clock:
    """The phone's own clock.

    Args:
        zone: its time zone; None where it is not known, and times then are not.
        name: of the zone.
    """

    zone: ZoneInfo | None
    name: str

    @property
    def unit(self) -> str:
        """What is said of its times."""
        return f"local time of the phone, in {self.name}" if self.zone else LOCAL

    def utc(self, text: str) -> datetime | None:
        """A time as dumps write it, in UTC; None where it is none or the zone is neither known nor said."""
        said = _TIME.search(text)
        if said is None:
            return None
        try:
            time = datetime(*(int(said[place]) for place in range(1, 7)))  # type: ignore[arg-type] # noqa: DTZ001
            time += timedelta(microseconds=int((said["part"] or said["millis"] or "0").ljust(6, "0")[:6]))
            if said["sign"]:
                away = timedelta(hours=int(said["hours"]), minutes=int(said["minutes"]))
                return (time - (away if said["sign"] == "+" else -away)).replace(tzinfo=UTC)
            zone = UTC if said["z"] else self.zone
            return time.replace(tzinfo=zone).astimezone(UTC) if zone and time.year > 1970 else None
        except (ValueError, OverflowError):
            return None

    def at(self, text: str) -> dict[str, Any]:
        """The columns of a row that say when."""
        if not text:
            return {}
        said = _TIME.search(text)
        unit = _ZONED if said and (said["sign"] or said["z"]) else self.unit
        return {"time": self.utc(text), "time_raw": text, "time_unit": unit}

    def before(self, text: str, latest: datetime | None) -> dict[str, Any]:
        """The columns of a row that say when, of a time without its year that was before another one."""
        found = None
        if latest and self.zone:
            year = latest.astimezone(self.zone).year
            times = [self.utc(f"{one}-{text}") for one in (year, year - 1)]
            found = next((time for time in times if time and time <= latest), None)
        return {"time": found, "time_raw": text, "time_unit": f"{self.unit}, without its year"}


@lru_cache(maxsize=64)
def _clock(name: str) -> Clock:
    try:
        return Clock(ZoneInfo(name), name) if name else Clock(None, "")
    except Exception:  # a name that is no time zone is told in many ways
        return Clock(None, "")


def clock(source: Source) -> Clock:
    """The phone's clock: its zone as the report's own properties say, else as the acquisition does."""
    return _clock(_zone(sections(source)) or source.acquisition.facts.get("persist.sys.timezone", ""))


def phone_clock(source: Source) -> Clock:
    """The phone's clock for files beside the report: its zone as the acquisition, or the report, says it."""
    tree, known = source.acquisition.tree, source.acquisition.facts.get("persist.sys.timezone", "")
    return _clock(known or next((zone for one in _reports(tree) if (zone := _zone(_split(tree, one)))), ""))


def _zone(known: Sections) -> str:
    lines = (line for section in known.titled(_PROPERTIES) for _, line in known.lines(section))
    return next((said[1] for line in lines if (said := _ZONE.match(line))), "")


def dumped(source: Source, name: str) -> datetime | None:
    """When the dump of a service ended; None where the zone is not known."""
    time = clock(source)
    ends = [time.utc(section.ended) for section in sections(source).services(name) if section.ended]
    return next((end for end in ends if end), source.acquisition.time if time.zone else None)


def duration(text: str) -> timedelta | None:
    """A duration as Android writes it, as +1d2h3m4s5ms; None where it is none."""
    said = _DURATION.match(text.strip())
    if said is None or (not any(said.groups()) and text.strip() not in ("0", "+0", "-0")):
        return None
    days, hours, minutes, seconds, millis = (int(part or 0) for part in said.groups())
    try:
        length = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds, milliseconds=millis)
    except OverflowError:
        return None
    return -length if text.strip().startswith("-") else length


def component(text: str) -> tuple[str, str]:
    """The app and the full name of a component, of its short name as com.example/.Main; "" where it is none."""
    app, slash, name = text.strip().strip("{}").partition("/")
    if not slash or not app or not name or " " in app:
        return "", ""
    return app, app + name if name.startswith(".") else name
