"""Dumps of smaller services: accessibility, device administrators, compatibility overrides, debugging over a cable."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.dumpsys.reading import Row, component
from answerable.areas.devices.artefacts.times import UNIX_MILLISECONDS, utc_of

if TYPE_CHECKING:
    from answerable.areas.devices.artefacts.source import Source

Lines = Iterable[tuple[int, str]]

MOST_SERVICES = 10_000
"""Services of one user of the phone that are taken."""
_STATE = re.compile(r"\s*User state\[(.*)")
_ATTRIBUTES = re.compile(r"attributes:\{id=(\d{1,9})")
_COUNT = re.compile(r"installedServiceCount=(\d{1,6})")
_INSTALLED = re.compile(r"\s+\d{1,6} : (\S+/\S+)")
_ENABLED = re.compile(r"\s*Enabled services:\{(.*)\}")
_BLOCK = re.compile(r"\s*(installed|enabled|bound|binding|crashed) services:\s*\{\s*$", re.IGNORECASE)
_CRASHED = re.compile(r"\s*Crashed services:\{(.*)\}")
_LABEL = re.compile(r"Service\[label=([^,\]]{1,200}), feedbackType")
_COMPONENT = re.compile(r"[\w.]{1,300}/[\w.$]{1,300}")


def accessibility(source: Source, lines: Lines) -> Iterator[Row]:
    """Accessibility services that are installed, on, or crashed, for each user of the phone.

    Android 9 and older name those that are on by their label alone; they have no app then.
    """
    user: _User | None = None
    for number, line in lines:
        if _STATE.match(line):
            if user:
                yield from user.rows()
            user = _User(source)
        if user:
            user.take(number, line)
    if user:
        yield from user.rows()


class _User:
    """What the dump says of one user of the phone."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._id, self._count, self._lists_enabled = "", 0, False
        self._found: dict[str, dict[str, Any]] = {}
        self._labels: dict[str, int] = {}
        self._block = ""

    def take(self, number: int, line: str) -> None:
        """Takes one line."""
        if said := _ATTRIBUTES.search(line):
            self._id = said[1]
        if said := _COUNT.search(line):
            self._count = int(said[1])
        for label in _LABEL.findall(line) if len(self._labels) < MOST_SERVICES else ():
            self._labels.setdefault(label, number)
        if said := _BLOCK.match(line):
            self._block = said[1].lower()
            self._lists_enabled = self._lists_enabled or self._block == "enabled"
        elif said := _INSTALLED.match(line):
            row = self._note(number, said[1])
            row["enabled"] = row["enabled"] or self._block in ("enabled", "bound", "binding")
        elif said := _ENABLED.match(line):
            self._lists_enabled = True
            for name in _COMPONENT.findall(said[1]):
                self._note(number, name)["enabled"] = True
        elif said := _CRASHED.match(line):
            for name in _COMPONENT.findall(said[1]):
                self._note(number, name)["action"] = "crashed"

    def _note(self, number: int, name: str) -> dict[str, Any]:
        app, full = component(name)
        if len(self._found) >= MOST_SERVICES and full not in self._found:
            self._source.refuse(f"accessibility services beyond {MOST_SERVICES:,}", number)
            return {"enabled": False}
        row = {"row": number, "app": app, "component": full, "kind": "accessibility service", "enabled": False}
        return self._found.setdefault(full, row)

    def rows(self) -> Iterator[Row]:
        """A row for each service."""
        yield from ({**row, "table": f"accessibility: user {self._id}"} for row in self._found.values())
        if not self._lists_enabled:
            for label, number in self._labels.items():
                yield {
                    "row": number, "table": f"accessibility: user {self._id}", "component": label, "enabled": True,
                    "kind": "accessibility service",
                }  # fmt: skip
        if self._count > len(self._found):
            self._source.notes.append(
                f"Of user {self._id} the dump counts {self._count:,} accessibility services that are installed, and "
                f"names {len(self._found):,}."
            )


_ADMINS = re.compile(r"\s*Enabled Device Admins \(User (\d{1,9})")
_ADMIN = re.compile(r"\s+([\w.]{1,300}/[\w.$]{1,300}):$")
_OWNER = re.compile(r"\s+(Device|Profile) Owner(?: \(User (\d{1,9})\))?:")
_OWNER_NAME = re.compile(r"\s+admin=ComponentInfo\{([^}\s]{1,600})\}")
_POLICIES = re.compile(r"\s+policies:")
_POLICY = re.compile(r"\s+([a-z][a-z\-]{2,60})$")


def administrators(source: Source, lines: Lines) -> Iterator[Row]:
    """Device administrators that are on, with their policies as what they answer to, and owners."""
    table, owner, policies = "", "", False
    row: dict[str, Any] | None = None
    for number, line in lines:
        if row and policies and (said := _POLICY.match(line)):
            row["action"] = f"{row.get('action', '')} {said[1]}".strip()[:2_000]
            continue
        policies = bool(row and _POLICIES.match(line))
        if said := _ADMINS.match(line):
            table, owner = f"device_policy: user {said[1]}", ""
        elif said := _OWNER.match(line):
            table, owner = f"device_policy: user {said[2] or 0}", f"{said[1].lower()} owner"
        elif owner and (said := _OWNER_NAME.match(line)):
            yield _administrator(number, table, said[1], owner)
            owner = ""
        elif table and not owner and (said := _ADMIN.match(line)):
            if row:
                yield row
            row = _administrator(number, table, said[1], "device administrator")
        elif table and not owner and re.match(r"\s+\S+/\S+:$", line):
            source.refuse("device administrators whose name cannot be read", number)
    if row:
        yield row


def _administrator(number: int, table: str, name: str, kind: str) -> dict[str, Any]:
    app, full = component(name)
    return {"row": number, "table": table, "app": app, "component": full, "kind": kind, "enabled": True}


_LISTENERS = re.compile(r"\s+(All|Live) notification listeners \(\d+\)")
_OTHER = re.compile(r"\s{1,4}\S.*:$|\S")
_LISTENER = re.compile(r"\s+ComponentInfo\{([^}\s]{1,600})\}(?: \(user (\d{1,9})\))?")


def listeners(source: Source, lines: Lines) -> Iterator[Row]:
    """Apps that are told of every notification: those that are allowed, with whether they were connected just then."""
    found: dict[str, dict[str, Any]] = {}
    part = ""
    for number, line in lines:
        if said := _LISTENERS.match(line):
            part = said[1]
        elif part and (said := _LISTENER.match(line)):
            app, full = component(said[1])
            row = {"row": number, "app": app, "component": full, "kind": "notification listener", "enabled": True}
            if len(found) == MOST_SERVICES and full not in found:
                source.refuse(f"notification listeners beyond {MOST_SERVICES:,}", number)
                continue
            row = found.setdefault(full, row)
            if part == "Live":
                row["action"] = "connected"
        elif part and _OTHER.match(line):
            part = ""
    yield from found.values()


_CHANGE = re.compile(r"\s*ChangeId\((\d{1,19})(?:; name=(\w{1,200}))?(.*)\)")
_OVERRIDES = ("packageOverrides={", "rawOverrides={")
_OVERRIDE = re.compile(r"(?:^|, )([A-Za-z][\w.]{1,300})=(true|false|\{[^{}]*\})")


def compatibility(source: Source, lines: Lines) -> Iterator[Row]:
    """Behaviours of the system that were switched for one app: to test it, or to let it do what others may not."""
    for number, line in lines:
        if not line.lstrip().startswith("ChangeId("):
            continue
        said = _CHANGE.match(line)
        if said is None:
            source.refuse("changes that cannot be read", number)
            continue
        seen: set[str] = set()
        name = " ".join(filter(None, (said[1], said[2])))
        # those in force stand first; those that are kept without being in force are named again with them
        for part in said[3].split("; "):
            for app, value in _OVERRIDE.findall(part[part.index("{") + 1 : -1]) if part.startswith(_OVERRIDES) else ():
                if app not in seen:
                    state = {"true": "on", "false": "off"}.get(value, value)
                    state += "" if part.startswith(_OVERRIDES[0]) else ", not in force"
                    yield {"row": number, "app": app, "event": "behaviour switched", "detail": f"{name}: {state}"}
                seen.add(app)


_FIELD = re.compile(r"\s*(last_key_received|user_keys|system_keys|keystore|keystore_proto)=")
_KEY = re.compile(r"(?<![A-Za-z0-9+/])(QAAAA[A-Za-z0-9+/]{100,4000}={0,2})(?![A-Za-z0-9+/=])(?:[ \t]+([^\s\"<]+))?")
_FINGERPRINT = re.compile(r"last_key_received=((?:[0-9A-Fa-f]{2}:){5,63}[0-9A-Fa-f]{2})")
_LAST = re.compile(r'lastConnection="(\d{1,16})"')
_LATEST = "connected last"
_KINDS = {
    "user_keys": "allowed by the user", "system_keys": "came with the system", "keystore": "connected before",
    "keystore_proto": "connected before",
}  # fmt: skip


def adb_keys(lines: Lines) -> Iterator[Row]:
    """Computers that may debug the phone, or did: their keys, and the fingerprints by which the phone shows them.

    Source: the key of a computer is in the base64 of Android's own structure (system/core, libcrypto_utils), and its
    fingerprint the MD5 of that structure.
    """
    kind, latest = "", dict[str, Any]()
    for number, line in lines:
        if said := _FIELD.match(line):
            kind = _KINDS.get(said[1], "")
        if said := _FINGERPRINT.search(line):
            latest = {"row": number, "fingerprint": said[1].upper(), "kind": _LATEST}
        for said in _KEY.finditer(line):
            row = {"row": number, "key": said[1], "user": said[2], "fingerprint": fingerprint(said[1]), "kind": kind}
            if latest and row["fingerprint"] == latest["fingerprint"]:
                row["kind"] = ", ".join(filter(None, (kind, _LATEST)))
                latest = {}
            if last := _LAST.search(line, said.end()):
                time = utc_of(int(last[1]), UNIX_MILLISECONDS)
                row |= {"time": time, "time_raw": last[1], "time_unit": UNIX_MILLISECONDS}
            yield row
    if latest:
        yield latest


def fingerprint(key: str) -> str | None:
    """The fingerprint of a computer's key, as the phone shows it; None where the key is not whole."""
    try:
        data = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        return None
    return hashlib.md5(data, usedforsecurity=False).digest().hex(":").upper() if data else None
