"""What an iPhone waited for when it shut down: shutdown.log, and shutdown.0.log and the like from iOS 26."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.plist_values import moment, whole
from answerable.areas.devices.artefacts.registry import IOS_FILES, SYSDIAGNOSE, artefact
from answerable.areas.devices.artefacts.source import MEGABYTE
from answerable.areas.devices.artefacts.times import UNIX_SECONDS
from answerable.areas.devices.tables import SHUTDOWNS
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.artefacts.source import Source

_NAMES = ("shutdown.log", "shutdown.*.log")
_ROUND = re.compile(r"\s*After ([0-9]{1,9}(?:\.[0-9]{1,9})?)s?\b.{0,200}")
_CLIENT = re.compile(r"(?:.{0,200}\s)?remaining client pid: ?([0-9]{1,10}) \((.{1,4000})\)\s*")
_END = re.compile(r"\s*SIGTERM: \[([0-9]{1,12})\].{0,200}")
_UUID = re.compile(r"/[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$")


@dataclass(slots=True)
class _Client:
    """A program that was still there: the first line that says so, and in which rounds it was."""

    line: int
    delay: float | None
    rounds: set[int] = field(default_factory=set)


@artefact(
    "shutdown_log",
    SHUTDOWNS,
    "programs that were still there when the phone shut down",
    places={
        IOS_FILES: tuple(f"private/var/db/diagnostics/{name}" for name in _NAMES),
        SYSDIAGNOSE: tuple(f"system_logs.logarchive/Extra/{name}" for name in _NAMES),
    },
    expected={IOS_FILES: "always", SYSDIAGNOSE: "always"},
    unit=UNIX_SECONDS,
)
def shutdown_log(source: Source) -> Iterator[Mapping[str, Any]]:
    """One client of one shutdown, at the first line that names it, with the longest delay and in how many rounds.

    A shutdown ends with a line that has the time; the last one may have none, and its clients have no time then.

    Source:
        Metz, Khatri and Asselin 2019-2023, Apple Unified Logging and Activity Tracing formats (libyal, dtformats).
    """
    clients: dict[tuple[int, str], _Client] = {}
    shutdown, turn, delay, understood = 1, 0, None, False
    text = source.text(16 * MEGABYTE)
    for number, line in enumerate(text.split("\n"), start=1):
        if begun := _ROUND.fullmatch(line):
            turn, delay = turn + 1, float(begun[1])
        elif named := _CLIENT.fullmatch(line):
            client = clients.setdefault((int(named[1]), named[2]), _Client(number, delay))
            client.rounds.add(turn)
            client.delay = delay if client.delay is None else max(client.delay, delay or 0.0)
        elif ended := _END.fullmatch(line):
            yield from _rows(clients, shutdown, int(ended[1]))
            clients, shutdown, turn, delay = {}, shutdown + 1, 0, None
        elif "remaining client" in line or "SIGTERM" in line:
            source.refuse("a line about a shutdown is not of the known form", number)
            continue
        else:
            continue
        understood = True
    yield from _rows(clients, shutdown, None)
    if text.strip() and not understood:
        raise EvidenceError("no line in it is of a shutdown log.", file=source.path)


def _rows(clients: Mapping[tuple[int, str], _Client], shutdown: int, ended: int | None) -> Iterator[Mapping[str, Any]]:
    # Newer systems append the UUID of the program to every path. A program whose own name is a UUID keeps it.
    appended = all(_UUID.search(path) for _, path in clients)
    for (number, found), client in clients.items():
        path = _UUID.sub("", found) if appended else found
        yield {
            "row": client.line, "path": path, "process": path.rstrip("/").rpartition("/")[2],
            "number": whole(number), "delay": client.delay, "shutdown": shutdown, "rounds": len(client.rounds),
            "time_raw": ended, "time": moment(ended, UNIX_SECONDS),
        }  # fmt: skip
