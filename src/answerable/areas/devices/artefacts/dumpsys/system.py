"""Sections of a report that are no service's: properties, processes, mounts, databases, settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from answerable.areas.devices.artefacts.dumpsys.reading import Clock, Row
    from answerable.areas.devices.artefacts.source import Source

Lines = Iterable[tuple[int, str]]

_PROPERTY = re.compile(r"\[([^\]]{1,300})\]: \[(.*)")
_LONGEST_VALUE = 100
"""Lines of one property's value."""


def properties(source: Source, lines: Lines) -> Iterator[Row]:
    """Properties of the system; a value may go over several lines."""
    name, begun, parts = "", 0, list[str]()
    for number, line in lines:
        if name and not line.endswith("]") and len(parts) < _LONGEST_VALUE:
            parts.append(line)
        elif name:
            yield {"row": begun, "name": name, "value": "\n".join([*parts, line.removesuffix("]")])}
            name = ""
        elif said := _PROPERTY.match(line):
            if said[2].endswith("]"):
                yield {"row": number, "name": said[1], "value": said[2][:-1]}
            else:
                name, begun, parts = said[1], number, [said[2]]
        elif line.strip():
            source.refuse("lines that are no property", number)
    if name:
        source.refuse("properties whose value does not end", begun)


_LAST_COLUMNS = ("CMD", "NAME", "ARGS", "CMDLINE")


def processes(source: Source, lines: Lines) -> Iterator[Row]:
    """Processes of a table that ps printed, whatever its columns; their threads are counted in a note."""
    columns: list[str] = []
    threads = 0
    for number, line in lines:
        words = line.split()
        if "PID" in words and words[-1] in _LAST_COLUMNS:
            columns = words
            continue
        if not words or not columns:
            continue
        values = dict(zip(columns, line.split(maxsplit=len(columns) - 1), strict=False))
        if len(values) < len(columns) or not values["PID"].isdecimal():
            source.refuse("lines that are no process", number)
        elif values.get("TID", values["PID"]) != values["PID"]:
            threads += 1
        else:
            yield _process(number, values, columns[-1])
    if threads:
        source.notes.append(f"{threads:,} threads of these processes are not listed.")


def _process(number: int, values: dict[str, str], last: str) -> dict[str, Any]:
    name = re.sub(r"^[A-Z] (?=\S)", "", values[last].strip())  # old tables have a state that no column names
    user, parent = values.get("USER", values.get("UID", "")), values.get("PPID", "")
    # apps run as u0_a123, and call their processes as com.example.app:remote
    is_app = re.fullmatch(r"u\d+_[ai]\d+", user) and re.fullmatch(r"[A-Za-z]\w*(\.\w+)+(:[\w.]+)?", name)
    return {
        "row": number, "process": name.split()[0].rpartition("/")[2] or name if name.startswith("/") else name,
        "path": name.split()[0] if name.startswith("/") else None, "app": name.partition(":")[0] if is_app else None,
        "user": user or None, "number": _number(values["PID"]), "parent": _number(parent),
    }  # fmt: skip


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 12 else None


_MOUNTINFO = re.compile(r"\d+ \d+ \d+:\d+ (\S+) (\S+) (\S+)(?: \w+(?::\d+)?)* - (\S+) (\S+) ?(\S*)")
_ON = re.compile(r"(\S+) on (\S+) type (\S+) \((\S+)\)")
_OCTAL = re.compile(r"\\([0-3][0-7]{2})")


def mounts(source: Source, lines: Lines) -> Iterator[Row]:
    """Mounted file systems, as mountinfo, /proc/mounts or mount print them."""
    for number, line in lines:
        if said := _MOUNTINFO.match(line):
            options = ",".join(dict.fromkeys(f"{said[3]},{said[6]}".strip(",").split(",")))
            what, point, kind = said[5], said[2], said[4]
        elif said := _ON.match(line):
            what, point, kind, options = said.groups()
        elif len(words := line.split()) == 6 and words[4].isdecimal() and words[5].isdecimal():
            what, point, kind, options = words[:4]
        else:
            if line.strip():
                source.refuse("lines that are no mount", number)
            continue
        yield {"row": number, "what": _plain(what), "point": _plain(point), "type": kind, "options": options}


def _plain(text: str) -> str:
    """A name whose spaces the kernel wrote as octal numbers."""
    return _OCTAL.sub(lambda said: chr(int(said[1], 8)), text)


_NAMESPACE = re.compile(r"(\w{2,20}) SETTINGS \(user (\d{1,9})\)", re.IGNORECASE)
_BESIDE = re.compile(r"version:|Historical operations|Generation|Backing store|\s")


def settings(source: Source, lines: Lines) -> Iterator[Row]:
    """Settings by namespace; those of another user than the first have the user with it."""
    namespace = ""
    for number, line in lines:
        if said := _NAMESPACE.match(line):
            namespace = said[1].lower() + ("" if said[2] == "0" else f" of user {said[2]}")
        elif namespace and line.startswith("_id:"):
            key, value = _setting(line)
            if key:
                yield {"row": number, "namespace": namespace, "key": key, "value": value}
            else:
                source.refuse("settings that cannot be read", number)
        elif namespace and line.strip() and not _BESIDE.match(line):
            source.refuse("lines of no setting, as the rest of a value of several lines", number)


def _setting(line: str) -> tuple[str, str | None]:
    """Name and value of a line as "_id:1 name:adb_enabled pkg:android value:1 default:0 defaultSystemSet:true".

    The system writes {null} where there is no value.
    """
    _, _, rest = line.partition(" name:")
    name, told, value = rest.partition(" value:")
    before, default, _ = value.rpartition(" defaultSystemSet:")
    if default:
        value = before.rpartition(" default:")[0] if " default:" in before else before
    return (name.partition(" pkg:")[0], None if value == "{null}" else value) if told else ("", None)


_PROCESS = re.compile(r"\*\* Database info for pid \d+ \[([^\]]{1,300})\] \*\*")
_POOL = re.compile(r"\s*Connection pool for (\S.*):$")
_RUN = re.compile(r"\s*\d+: \[((?:\d{4}-)?\d\d-\d\d[ T][\d:.]+)\]")
_ENDS = (", exception=", ", result=")


def databases(source: Source, lines: Lines, clock: Clock, ended: datetime | None) -> Iterator[Row]:
    """Databases that apps have open: a row for each statement that is kept, or one where none is.

    Args:
        source: where the lines come from.
        lines: of the section, with their numbers.
        clock: the phone's.
        ended: when the dump ended, for times that are told without a year.
    """
    app, path, begun = "", "", 0
    for number, line in lines:
        if said := _PROCESS.match(line):
            if begun:
                yield {"row": begun, "app": app, "path": path}
            app, path, begun = said[1].partition(":")[0], "", 0
        elif said := _POOL.match(line):
            if begun:
                yield {"row": begun, "app": app, "path": path}
            path, begun = said[1], number
        elif path and (said := _RUN.match(line)):
            when = clock.at(said[1]) if said[1][4] == "-" else clock.before(said[1], ended)
            if when["time"] is None and clock.zone:
                source.refuse("statements whose time cannot be read", number)
            statement, file = _statement(line)
            yield {"row": number, "app": app, "path": file or path, "statement": statement, **when}
            begun = 0
    if begun:
        yield {"row": begun, "app": app, "path": path}


def _statement(line: str) -> tuple[str | None, str]:
    """The statement and the path of a line: ... took 1ms - succeeded, sql="SELECT 1", path=/data/x.db, result=1."""
    before, told, after = line.rpartition(", path=")
    path = after if told else ""
    for end in _ENDS:
        path = path.partition(end)[0]
    _, said, statement = (before or line).partition(', sql="')
    return statement.partition('", bindArgs=')[0].removesuffix('"') if said else None, path
