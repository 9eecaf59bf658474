"""Crashes that Android kept: tombstones of native programs, as text and as protobuf, and traces of apps that hung."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.dumpsys import wire
from answerable.areas.devices.artefacts.dumpsys.reading import (
    DUMPS,
    Clock,
    Lines,
    Row,
    clock,
    phone_clock,
    rows_of,
    service_lines,
)
from answerable.areas.devices.artefacts.registry import BUGREPORT, artefact
from answerable.areas.devices.artefacts.source import MEGABYTE
from answerable.areas.devices.tables import CRASHES
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.artefacts.source import Source

_FEW_LINES = 300
"""Lines of a tombstone or trace in which its head stands."""
_PID = re.compile(r"pid: (\d{1,10}), tid: (\d{1,10}), name: (.{0,200}?)\s+>>> (.{0,1000}) <<<")
_HEADS = {
    "fingerprint": re.compile(r"Build fingerprint: '(.{0,300})'"),
    "timestamp": re.compile(r"Timestamp: (\S+ \S+(?: ?[+-]\d{4})?)"),
    "command": re.compile(r"Cmdline: (.{1,2000})"),
    "uid": re.compile(r"uid: (\d{1,10})"),
    "signal": re.compile(r"signal (\d{1,4} \(\w+\), code -?\d+ \([\w ,]+)"),
    "abort": re.compile(r"Abort message: '?(.{0,2000}?)'?$"),
}


@artefact(
    "bugreport_tombstones",
    CRASHES,
    "programs that crashed",
    places={BUGREPORT: ("FS/data/tombstones/tombstone_*",)},
    section="tombstone",
)
def bugreport_tombstones(source: Source) -> Iterator[Row]:
    """One crash: program, user, signal, what it said on ending. A protobuf beside the text of the same is left out."""
    if source.path.endswith(".pb"):
        same = source.path.removesuffix(".pb")
        if source.acquisition.tree.find(same):
            source.notes.append(f"The crash is read from {same}.")
        else:
            yield _message(source)
    else:
        yield _text(source)


def _text(source: Source) -> Row:
    found: dict[str, str] = {}
    for line in islice(source.text(64 * MEGABYTE).splitlines(), _FEW_LINES):
        if "pid" not in found and (said := _PID.match(line.strip())):
            found |= {"pid": said[1], "tid": said[2], "thread": said[3], "process": said[4]}
        for name, head in _HEADS.items():
            if name not in found and (said := head.match(line.strip())):
                found[name] = said[1]
        if line.startswith(("backtrace:", "    #00 ")):
            break
    if "pid" not in found:
        raise EvidenceError("no process is named in it: it is no tombstone, or cut short.", file=source.path)
    signal = found.get("signal", "")
    return _crash(
        source, found.get("command") or found["process"], int(found["pid"]), found.get("uid"),
        f"signal {signal})" if signal else None, found,
    )  # fmt: skip


def _message(source: Source) -> Row:
    """Reads a tombstone.

    Source: Android, system/core, debuggerd/proto/tombstone.proto: the numbers of the fields.
    """
    try:
        told = wire.message(source.read(64 * MEGABYTE))
        signal = wire.message(_bytes(told.get(10)))
        thread = _thread(told)
    except ValueError as error:
        raise EvidenceError(f"this is no tombstone that can be read: {error}.", file=source.path) from error
    command = " ".join(wire.text([part]) for part in told.get(9, ())[:100])[:2000]
    if not command and wire.number(told.get(5)) is None:
        raise EvidenceError("no process is named in it: it is no tombstone.", file=source.path)
    found = {
        "fingerprint": wire.text(told.get(2)), "timestamp": wire.text(told.get(4)), "thread": thread,
        "abort": wire.text(told.get(14))[:2000], "tid": str(wire.number(told.get(6)) or ""),
    }  # fmt: skip
    uid = wire.number(told.get(7))
    said = f"signal {wire.number(signal.get(1))} ({wire.text(signal.get(2))}), code {_signed(signal)}"
    said += f" ({wire.text(signal.get(4))})" if signal.get(4) else ""
    # a number that is 0 is left out of a message: without a user it ran as root
    return _crash(source, command, wire.number(told.get(5)), str(uid or 0), said if signal else None, found)


def _signed(signal: dict[int, list[int | bytes]]) -> int:
    """The signal's code: 32 bits, whose sign the format writes as 64."""
    code = signal.get(3, [0])[-1]
    return (code & 0xFFFFFFFF ^ 0x80000000) - 0x80000000 if isinstance(code, int) else 0


def _bytes(values: list[int | bytes] | None) -> bytes:
    value = values[-1] if values else b""
    return value if isinstance(value, bytes) else b""


def _thread(told: dict[int, list[int | bytes]]) -> str:
    """The name of the thread that crashed, in the map from numbers to threads."""
    crashed = wire.number(told.get(6))
    for entry in told.get(16, ()):
        if isinstance(entry, bytes) and wire.number((pair := wire.message(entry)).get(1)) == crashed:
            return wire.text(wire.message(_bytes(pair.get(2))).get(2))
    return ""


def _crash(
    source: Source, command: str, pid: int | None, uid: str | None, reason: str | None, found: dict[str, str]
) -> dict[str, Any]:
    program = command.split(" ", 1)[0]
    detail = [f"thread {found.get('thread', '')} ({found.get('tid', '')})"] if found.get("tid") else []
    detail += [f"abort message: {found['abort']}"] if found.get("abort") else []
    row = {
        "row": 1, "process": program.rpartition("/")[2], "path": program if program.startswith("/") else None,
        "user": uid, "number": pid, "reason": reason, "version": found.get("fingerprint") or None,
        "detail": "\n".join(detail) or None,
    }  # fmt: skip
    if told := found.get("timestamp"):
        row |= phone_clock(source).at(told)
    return row


_TRACE = re.compile(r"----- pid (\d{1,10}) at (\d{4}-\S+ [\d:.]+(?: ?[+-]\d{4})?) -----")
_COMMAND = re.compile(r"Cmd ?line: (.{1,1000})")
_SUBJECT = re.compile(r"Subject: (.{1,1000})")


@artefact(
    "bugreport_hangs",
    CRASHES,
    "apps that did not answer any more (ANR)",
    places={BUGREPORT: ("FS/data/anr/*",)},
    section="ANR",
)
def bugreport_hangs(source: Source) -> Iterator[Row]:
    """The process that a trace was taken for; others that were traced beside it are counted in a note."""
    row: dict[str, Any] | None = None
    subject, others = None, 0
    for number, line in enumerate(source.text(64 * MEGABYTE).splitlines(), start=1):
        if row is None and (said := _SUBJECT.match(line)):
            subject = said[1]
        elif said := _TRACE.match(line):
            others += row is not None
            row = row or {
                "row": number, "number": int(said[1]), "reason": "not answering", "detail": subject,
                **phone_clock(source).at(said[2]),
            }  # fmt: skip
        elif row and "process" not in row and (said := _COMMAND.match(line)):
            row |= {"process": said[1].split("/")[-1], "path": said[1] if said[1].startswith("/") else None}
    if row is None:
        raise EvidenceError("no process is named in it: it is no trace, or cut short.", file=source.path)
    yield row
    if others:
        source.notes.append(f"{others:,} more processes were traced beside it, and are not listed.")


_KEPT = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (\S{1,200}) \(")
_IS_CRASH = re.compile(r"crash|anr|tombstone|watchdog|wtf|lowmem|restart", re.IGNORECASE)
_PROCESS = re.compile(r"Process: ([^/]{1,300})")
_NUMBER = re.compile(r"/PID: (\d{1,10})/")


@artefact(
    "dumpsys_dropbox",
    CRASHES,
    "crashes that the system keeps a note of, of its own programs and of apps",
    places=DUMPS,
    expected={BUGREPORT: "always"},
    section="dropbox",
)
def dumpsys_dropbox(source: Source) -> Iterator[Row]:
    """Notes of crashes with the kind that the system gives them and the beginning of what they say."""
    time = clock(source)
    lines = service_lines(source, "dropbox")
    yield from rows_of(source, lines, lambda given: _notes(given, time), "Drop box contents:")


def _notes(lines: Lines, time: Clock) -> Iterator[Row]:
    row: dict[str, Any] | None = None
    for number, line in lines:
        if said := _KEPT.match(line):
            if row:
                yield row
            is_crash = _IS_CRASH.search(said[2])
            row = {"row": number, "reason": said[2], **time.at(said[1])} if is_crash else None
        elif row and "detail" not in row and line.strip():
            process, pid = _PROCESS.search(line), _NUMBER.search(line)
            row |= {"detail": line.strip()[:300], "process": process[1] if process else None}
            row["number"] = int(pid[1]) if pid else None
    if row:
        yield row
