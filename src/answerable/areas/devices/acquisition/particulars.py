"""What an acquisition says of itself: system, version, model, when it was taken. Never the clock of this machine."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO
from zoneinfo import ZoneInfo

from answerable.areas.devices.acquisition.names import printable
from answerable.areas.devices.acquisition.plists import LARGEST, read_plist
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from answerable.areas.devices.acquisition.tree import Tree

LARGEST_TEXT = 1 << 25  # bytes of a dump that are looked through for what it says of the phone
LONGEST_FACT = 300
_SYSDIAGNOSE = re.compile(
    r"sysdiagnose_(\d{4})\.(\d\d)\.(\d\d)_(\d\d)-(\d\d)-(\d\d)([+-]\d{4})_([^_/]+)_([^_/]+)_(\w+?)(?=[./]|$)"
)
_PROPERTY = re.compile(rb"^\[([\w.\-]{1,100})\]: \[([^\]\r\n]{0,300})\]", re.MULTILINE)
_KEPT_PROPERTIES = (
    "ro.build.version.release", "ro.build.version.sdk", "ro.build.version.security_patch", "ro.build.fingerprint",
    "ro.build.id", "ro.product.model", "ro.product.manufacturer", "ro.product.brand", "ro.serialno",
    "persist.sys.timezone", "persist.sys.locale", "ro.boot.verifiedbootstate",
)  # fmt: skip
PRIVATE_FACTS = frozenset({
    "Device Name", "Display Name", "GUID", "ICCID", "IMEI", "IMEI 2", "MEID", "Phone Number", "Serial Number",
    "Target Identifier", "Unique Identifier", "ro.serialno",
})  # fmt: skip


@dataclass(slots=True)
class Particulars:
    """What is known of the phone and of the acquisition, empty where it is not."""

    version: str = ""
    model: str = ""
    time: datetime | None = None
    facts: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def dictionary(tree: Tree, path: str, notes: list[str]) -> dict[str, Any]:
    """Reads a property list whose root is a dictionary; empty, with a note, where it is not there or cannot be read."""
    found = tree.index.match(path)
    if not found:
        notes.append(f"{path} is not there")
        return {}
    try:
        data = read_plist(tree.read(tree.entry(path), LARGEST), name=path)
    except EvidenceError as error:
        notes.append(str(error))
        return {}
    if not isinstance(data, dict):
        notes.append(f"{path} holds no dictionary")
        return {}
    return data


def _told(values: Mapping[str, Any]) -> dict[str, str]:
    """The plain values, as text."""
    facts = {}
    for key, value in values.items():
        if isinstance(value, datetime):
            value = value.isoformat()
        if isinstance(key, str) and isinstance(value, (str, int, float)):
            facts[printable(key)[:LONGEST_FACT]] = printable(str(value))[:LONGEST_FACT]
    return facts


def ios_backup(tree: Tree) -> Particulars:
    """Info.plist, then Manifest.plist and Status.plist, of a backup."""
    known = Particulars()
    manifest = dictionary(tree, "Manifest.plist", known.notes)
    lockdown = manifest.get("Lockdown")
    lockdown = lockdown if isinstance(lockdown, dict) else {}
    status = dictionary(tree, "Status.plist", []) if tree.index.match("Status.plist") else {}
    info = dictionary(tree, "Info.plist", known.notes)
    renamed = {"ProductVersion": "Product Version", "ProductType": "Product Type", "BuildVersion": "Build Version"}
    known.facts = {name: value for key, name in renamed.items() if (value := _told(lockdown).get(key))}
    known.facts |= {f"Status {key}": value for key, value in _told(status).items()} | _told(info)
    if str(status.get("SnapshotState", "finished")) != "finished":
        known.notes.append("the backup says of itself that it was not finished")
    known.version = known.facts.get("Product Version", "")
    known.model = known.facts.get("Product Type", "")
    known.time = _first_time(info.get("Last Backup Date"), manifest.get("Date"), status.get("Date"))
    return known


def _first_time(*values: object) -> datetime | None:
    """The first that is a time; property lists hold them as UTC."""
    return next((value for value in values if isinstance(value, datetime)), None)


def ios_system(tree: Tree, *paths: str) -> Particulars:
    """Version and build from the first of some property lists that has them."""
    known = Particulars()
    for path in paths:
        if tree.index.match(path):
            known.facts = {**_told(dictionary(tree, path, known.notes)), **known.facts}
    known.version = known.facts.get("ProductVersion", "")
    return known


def sysdiagnose(tree: Tree, name: str) -> Particulars:
    """The name sysdiagnose_DATE_TIME_OS_MODEL_BUILD, and the copy of SystemVersion.plist."""
    known = ios_system(tree, "logs/SystemVersion/SystemVersion.plist")
    said = _SYSDIAGNOSE.search(name)
    if said is None:
        known.notes.append("its name does not tell when it was made")
        return known
    digits, zone, system, model, build = said.groups()[:6], *said.groups()[6:]
    try:
        known.time = datetime.strptime("".join(digits) + zone, "%Y%m%d%H%M%S%z").astimezone(UTC)
    except (ValueError, OverflowError):
        known.notes.append("its name holds no possible time")
    known.model = model
    known.facts = {"Build Version": build, "System": system} | known.facts
    return known


def _properties(data: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in _PROPERTY.findall(data):
        name = key.decode("ascii", "replace")
        if name in _KEPT_PROPERTIES:
            found.setdefault(name, value.decode("utf-8", "replace"))
    return found


def _from_properties(facts: dict[str, str]) -> Particulars:
    return Particulars(facts.get("ro.build.version.release", ""), facts.get("ro.product.model", ""), None, facts)


def head(tree: Tree, path: str, limit: int) -> bytes:
    """The first bytes of a file; empty where it cannot be read."""
    try:
        entry = tree.entry(path)
        if entry.link:
            return b""
        with tree.open(entry) as stream:
            return _upto(stream, limit)
    except Exception:  # whoever asks for the rest of it is told why; here it is only looked at
        return b""


def _upto(stream: BinaryIO, limit: int) -> bytes:
    chunks = []
    while limit > 0 and (chunk := stream.read(min(limit, 1 << 20))):
        chunks.append(chunk)
        limit -= len(chunk)
    return b"".join(chunks)


def _section(tree: Tree, path: str, mark: bytes, limit: int) -> bytes:
    """The section of a report that begins with a mark, however long the logs before it; empty where there is none."""
    try:
        with tree.open(tree.entry(path)) as stream:
            before = b"\n"
            while piece := stream.read(1 << 20):
                before += piece
                if (at := before.find(mark)) >= 0:
                    section = before[at:] + _upto(stream, limit)
                    end = section.find(b"\n------ ", len(mark))
                    return section if end < 0 else section[:end]
                before = before[-len(mark) :]
    except Exception:  # whoever asks for the rest of it is told why; here it is only looked at
        return b""
    return b""


def androidqf(tree: Tree) -> Particulars:
    """getprop.txt and acquisition.json of an androidqf folder."""
    paths = tree.index.match("getprop.txt")
    known = _from_properties(_properties(head(tree, paths[0], LARGEST_TEXT)) if paths else {})
    if not paths:
        known.notes.append("getprop.txt is not there")
    if tree.index.match("acquisition.json"):
        try:
            said = json.loads(tree.read(tree.entry("acquisition.json"), 1 << 20))
            known.time = _written(said.get("completed")) or _written(said.get("started"))
        except (ValueError, AttributeError, RecursionError, EvidenceError):
            known.notes.append("acquisition.json cannot be read")
    return known


def _written(text: object) -> datetime | None:
    """A time as Go writes it (RFC 3339, up to nanoseconds); its zero time is none."""
    said = re.fullmatch(
        r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", text if isinstance(text, str) else ""
    )
    if said is None or said[1] < "1980":
        return None
    try:
        return datetime.fromisoformat(said[1] + said[3].replace("Z", "+00:00")).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def bugreport(tree: Tree, path: str) -> Particulars:
    """The header of a dumpstate text and the properties that it lists."""
    start = head(tree, path, 1 << 16).decode("utf-8", "replace")
    known = _from_properties(_properties(_section(tree, path, b"\n------ SYSTEM PROPERTIES", 1 << 20)))
    if build := re.search(r"^Build fingerprint: '([^'\n]{1,200})'", start, re.MULTILINE):
        known.facts.setdefault("ro.build.fingerprint", build[1])
        parts = build[1].split(":")
        if not known.version and len(parts) > 1:
            known.version = parts[1].split("/")[0]
    if written := re.search(r"^== dumpstate: (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", start, re.MULTILINE):
        known.time = _local(written[1], known)
    return known


def _local(text: str, known: Particulars) -> datetime | None:
    """A time of the phone's own clock as UTC, by its time zone."""
    zone = known.facts.get("persist.sys.timezone", "")
    try:
        local = datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC)
        try:
            return local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        except Exception:  # a name that is no time zone is told in many ways
            known.notes.append("the phone's time zone is not known: the time of the report is taken as UTC")
            return local
    except (ValueError, OverflowError):
        return None
