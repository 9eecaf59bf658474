"""Reports of iOS about programs that crashed or were ended, and the processes that they list."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.plist_values import LONGEST_DETAIL, listed, text, whole, within
from answerable.areas.devices.artefacts.registry import IOS_FILES, SYSDIAGNOSE, artefact
from answerable.areas.devices.artefacts.source import MEGABYTE
from answerable.areas.devices.artefacts.times import ISO
from answerable.areas.devices.tables import CRASHES, PROCESSES
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.acquisition.recognise import Kind
    from answerable.areas.devices.artefacts.source import Source

Row = Mapping[str, Any]

_FILES = ("*.ips", "*.crash", "*.ips.synced", "*.ips.beta")
_FOLDERS: dict[Kind, tuple[str, ...]] = {
    SYSDIAGNOSE: ("crashes_and_spins", "crashes_and_spins/**"),
    IOS_FILES: tuple(f"private/var/{one}/Library/Logs/CrashReporter{below}" for one in ("mobile", "root")
                     for below in ("", "/Retired")),
}  # fmt: skip
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))? ?([+-]\d\d:?\d\d|Z)")
_NAMED = re.compile(r"(.{1,255}?) \[(\d{1,10})\]")
_HEADS = {
    "process": "Process", "path": "Path", "identifier": "Identifier", "version": "Version", "time": "Date/Time",
    "system": "OS Version", "type": "Exception Type", "note": "Exception Note", "reason": "Termination Reason",
    "user": "User ID",
}  # fmt: skip
_FEW_LINES = 80
"""Lines of a report in words in which its head stands."""


def _places(*files: str) -> dict[Kind, tuple[str, ...]]:
    return {kind: tuple(f"{one}/{file}" for one in folders for file in files) for kind, folders in _FOLDERS.items()}


@artefact(
    "crash_reports",
    CRASHES,
    "programs that crashed, or that the system ended",
    places=_places(*_FILES),
    section="report",
    unit=ISO,
)
def crash_reports(source: Source) -> Iterator[Row]:
    """The program that a report is about; of a report about memory, the programs that were ended for it.

    Source: Apple, Interpreting the JSON format of a crash report; Examining the fields in a crash report.
    """
    header, body = _report(source)
    crashes = list(_crashes(header, body))
    yield from crashes
    if not crashes:
        source.notes.append(f"It tells of no program that ended (kind {text(header.get('bug_type')) or 'unknown'}).")


def _crashes(header: Row, body: Row | str) -> Iterator[Row]:
    if isinstance(body, str):
        crash = _in_words(header, body)
        if crash.get("process"):
            yield {"row": 1, **crash}
    elif listed(body.get("processes")):
        for row, one in enumerate(listed(body.get("processes")), start=1):
            if reason := text(within(one).get("reason")):
                yield {
                    "row": row, "table": "processes", "process": text(within(one).get("name")),
                    "number": whole(within(one).get("pid")), "reason": reason,
                    "version": text(header.get("os_version")), **_at(header.get("timestamp")),
                }  # fmt: skip
    elif not within(body, "processByPid") and (text(body.get("procName")) or text(header.get("name"))):
        yield {"row": 1, "table": "report", **_in_json(header, body)}


@artefact(
    "crash_report_processes",
    PROCESSES,
    "processes that reports about memory and hangs list",
    places=_places("JetsamEvent*.ips", "JetsamEvent*.ips.synced", "stacks*.ips", "stacks*.ips.synced"),
    section="processes",
    unit=ISO,
)
def crash_report_processes(source: Source) -> Iterator[Row]:
    """Every process of a report, with the report's time."""
    header, body = _report(source)
    told = {} if isinstance(body, str) else body
    when = _at(header.get("timestamp"))
    entries = [("processes", str(row), one, "name") for row, one in enumerate(listed(told.get("processes")), start=1)]
    by_number = within(told, "processByPid").items()
    entries += [("processByPid", text(pid) or "", one, "procname") for pid, one in by_number]
    for table, row, one, key in entries:
        if name := text(within(one).get(key)):
            yield {**when, "last": when["time"], "table": table, "row": row, "process": name,
                   "number": whole(within(one).get("pid"))}  # fmt: skip
        else:
            source.refuse("a process of a report has no name")
    if not entries:
        source.notes.append("It lists no processes.")


def _report(source: Source) -> tuple[Row, Row | str]:
    """The first line, and what follows: as JSON where it is, or in words. An older report has words alone.

    Raises:
        EvidenceError: it is neither.
    """
    whole_text = source.text(64 * MEGABYTE).lstrip()
    if not whole_text.startswith("{"):
        if not re.search(r"^(?:Process|Incident Identifier): ", whole_text, re.MULTILINE):
            raise EvidenceError("it is no report of a crash.", file=source.path)
        return {}, whole_text
    try:
        header, end = json.JSONDecoder().raw_decode(whole_text)
        rest = whole_text[end:].lstrip()
        body = json.JSONDecoder().raw_decode(rest)[0] if rest.startswith("{") else rest
    except (ValueError, RecursionError) as error:
        raise EvidenceError(f"it is no report that can be read ({error}).", file=source.path) from error
    return within(header), body if isinstance(body, str) and body else within(body)


def _in_json(header: Row, body: Row) -> dict[str, Any]:
    exception, ended, bundle = (within(body, name) for name in ("exception", "termination", "bundleInfo"))
    reasons = [exception.get("type"), exception.get("signal"), ended.get("namespace"), ended.get("indicator")]
    told = {"kind": header.get("bug_type"), **{name: body.get(name) for name in ("parentProc", "coalitionName")}}
    detail = [f"{name}: {said}" for name, value in told.items() if (said := text(value))]
    version = text(bundle.get("CFBundleShortVersionString")) or text(header.get("app_version"))
    return {
        "process": text(body.get("procName")) or text(header.get("name")),
        "path": text(body.get("procPath")),
        "user": text(body.get("userID")),
        "number": whole(body.get("pid")),
        "reason": ", ".join(said for one in reasons if (said := text(one))) or None,
        "version": "; ".join(said for said in (version, text(header.get("os_version"))) if said) or None,
        "detail": "\n".join(detail)[:LONGEST_DETAIL] or None,
        **_at(body.get("captureTime") or header.get("timestamp")),
    }


def _in_words(header: Row, body: str) -> dict[str, Any]:
    told: dict[str, str] = {}
    for line in body.split("\n", _FEW_LINES)[:_FEW_LINES]:
        for name, label in _HEADS.items():
            if line.startswith(f"{label}:"):
                told.setdefault(name, line[len(label) + 1 :].strip())
    named = _NAMED.fullmatch(told.get("process", ""))
    reasons = [told[name] for name in ("type", "note", "reason") if told.get(name)]
    versions = [told[name] for name in ("version", "system") if told.get(name)]
    return {
        "table": "report", "process": named[1] if named else text(told.get("process")) or text(header.get("name")),
        "path": told.get("path"), "user": told.get("user"), "number": whole(int(named[2])) if named else None,
        "reason": ", ".join(reasons) or None, "version": "; ".join(versions) or None, "detail": told.get("identifier"),
        **_at(told.get("time") or header.get("timestamp")),
    }  # fmt: skip


def _at(said: Any) -> dict[str, Any]:
    """The columns of the time, which reports write with their zone."""
    raw = text(said)
    found = _TIME.match(raw or "")
    time = None
    if found:
        zone = "+0000" if found[4] == "Z" else found[4].replace(":", "")
        try:
            written = f"{found[1]} {found[2]}.{(found[3] or '0')[:6]} {zone}"
            time = datetime.strptime(written, "%Y-%m-%d %H:%M:%S.%f %z").astimezone(UTC)
        except (ValueError, OverflowError):
            time = None
    return {"time": time, "time_raw": raw, "time_unit": ISO}
