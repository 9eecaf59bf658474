"""Processes that ran while a sysdiagnose was taken: ps.txt, taskinfo.txt and the samples of spindump."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.plist_values import whole
from answerable.areas.devices.artefacts.registry import SYSDIAGNOSE, artefact
from answerable.areas.devices.tables import PROCESSES
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.artefacts.source import Source

Row = Mapping[str, Any]

_NEEDED = ("PID", "COMMAND")
_TASK = re.compile(r'process: "(.{1,255}?)" \[([0-9]{1,10})\].{0,100}')
_PROCESS = re.compile(r"Process: {1,20}(.{1,255}?) \[([0-9]{1,10})\].{0,200}")
_FIELD = re.compile(r"(Path|Identifier|Parent|UID): {1,20}(.{1,4000})")
_APP = re.compile(r"(?:/[^/]{1,255})*/([^/]{1,255})\.(?:app|appex)/\1(?= |$)")
_LONGEST = 2_000  # characters of a command in which its program is looked for
_OF_PARENT = re.compile(r"\[([0-9]{1,10})\]$")


@artefact(
    "sysdiagnose_ps",
    PROCESSES,
    "processes that ran while the sysdiagnose was taken",
    places={SYSDIAGNOSE: ("ps.txt",)},
    expected={SYSDIAGNOSE: "always"},
    section="ps",
)
def sysdiagnose_ps(source: Source) -> Iterator[Row]:
    """Processes by the columns that the header names; the command, which may hold spaces, is the last of them."""
    header: list[str] | None = None
    for number, line in source.lines():
        if header is None:
            if all(name in line.split() for name in _NEEDED) and line.rstrip().endswith("COMMAND"):
                header = line.split()
            continue
        if not line.strip():
            continue
        row = dict(zip(header, line.split(maxsplit=len(header) - 1), strict=False))
        pid, parent = (row.get(name, "") for name in ("PID", "PPID"))
        if len(row) < len(header) or not pid.isdecimal():
            source.refuse("a line does not have the columns of the header", number)
            continue
        yield {
            "row": number, "user": row.get("USER") or row.get("UID"), "number": whole(int(pid[:20])),
            "parent": whole(int(parent[:20])) if parent.isdecimal() else None, "last": source.acquisition.time,
            **_program(row["COMMAND"].strip()),
        }  # fmt: skip
    if header is None:
        raise EvidenceError("no line in it names the columns PID and COMMAND.", file=source.path)


def _program(command: str) -> dict[str, str | None]:
    """The path and name of a program by its command, without its arguments.

    A space ends the path, but for a program that has the name of the app that it lies in: names of apps hold spaces.
    """
    within_app = _APP.match(command[:_LONGEST])
    path = within_app[0] if within_app else command[:_LONGEST].split(" ", 1)[0]
    if not path.startswith("/"):
        return {"process": path.strip("()"), "path": None}
    return {"process": path.rpartition("/")[2] or path, "path": path}


@artefact(
    "sysdiagnose_tasks",
    PROCESSES,
    "processes that the kernel listed",
    places={SYSDIAGNOSE: ("taskinfo.txt",)},
    expected={SYSDIAGNOSE: "always"},
    section="taskinfo",
)
def sysdiagnose_tasks(source: Source) -> Iterator[Row]:
    """Processes by name and number; the kernel keeps no more than the first characters of a name."""
    yield from _listed(source, _TASK, lambda row, line: None)


@artefact(
    "sysdiagnose_samples",
    PROCESSES,
    "processes that were sampled, with the paths of their programs",
    places={SYSDIAGNOSE: ("spindump-nosymbols.txt", "spindump.txt")},
    section="spindump",
)
def sysdiagnose_samples(source: Source) -> Iterator[Row]:
    """Processes with path, bundle, user and parent."""
    yield from _listed(source, _PROCESS, _add_field)


def _add_field(row: dict[str, Any], line: str) -> None:
    if found := _FIELD.fullmatch(line.rstrip()):
        name, value = found[1], found[2].strip()
        parent = _OF_PARENT.search(value) if name == "Parent" else None
        column = {"Path": "path", "Identifier": "app", "UID": "user"}.get(name)
        if column:
            row.setdefault(column, value)
        elif parent:
            row.setdefault("parent", whole(int(parent[1])))


def _listed(source: Source, begins: re.Pattern[str], add: Callable[[dict[str, Any], str], None]) -> Iterator[Row]:
    """The processes of a text that tells of one after the other, each begun by a line of its own."""
    row: dict[str, Any] | None = None
    for number, line in source.lines():
        if found := begins.fullmatch(line.rstrip()):
            if row:
                yield row
            row = {
                "row": number, "process": found[1], "number": whole(int(found[2])), "last": source.acquisition.time,
            }  # fmt: skip
        elif row:
            add(row, line)
    if row is None:
        raise EvidenceError("no process is named in it: it is empty, or of an unknown form.", file=source.path)
    yield row
