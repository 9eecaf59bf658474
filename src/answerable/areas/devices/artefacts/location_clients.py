"""Programs that asked where the phone is: clients.plist of locationd."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.plist_values import mapping_of, moment, text
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import MAC_SECONDS, utc_of
from answerable.areas.devices.tables import LOCATION_CLIENTS

if TYPE_CHECKING:
    from answerable.areas.devices.artefacts.source import Source

_FILE = "Library/Caches/locationd/clients.plist"


@artefact(
    "location_clients",
    LOCATION_CLIENTS,
    "programs that asked where the phone is",
    places={IOS_BACKUP: (f"RootDomain/{_FILE}",), IOS_FILES: (f"private/var/root/{_FILE}",)},
    expected={IOS_BACKUP: "always", IOS_FILES: "always"},
    unit=MAC_SECONDS,
)
def location_clients(source: Source) -> Iterator[Mapping[str, Any]]:
    """Programs; the time of a row is the latest of its times."""
    for row, (name, told) in enumerate(mapping_of(source).items(), start=1):
        if not isinstance(told, Mapping):
            source.refuse("what is known of a program is not told by names and values", row)
            continue
        app, path, executable = _filed(name)
        executable = text(told.get("Executable")) or executable
        yield {
            "row": row, "table": name, "app": text(told.get("BundleId")) or app,
            "path": text(told.get("BundlePath")) or path, "executable": executable,
            "process": executable.rstrip("/").rpartition("/")[2] if executable else None,
            "registered": text(told.get("Registered")),
            "authorised": text(told.get("Authorization", told.get("Authorized"))),
            "began": moment(told.get("LocationTimeStarted"), MAC_SECONDS),
            "stopped": moment(told.get("LocationTimeStopped"), MAC_SECONDS),
            **_latest(told),
        }  # fmt: skip


def _filed(name: str) -> tuple[str | None, str | None, str | None]:
    """Bundle, path of the bundle and path of the program, as the name of an entry has them.

    It is a bundle, or a path after "com.apple.locationd.bundle-" or "com.apple.locationd.executable-". Newer systems
    write "icom.example:", "p/path:" and "e/path:".
    """
    new = re.fullmatch(r"([ipe])(.+?):.*", name, re.DOTALL)
    old = re.fullmatch(r"com\.apple\.locationd\.(bundle|executable)-(/.*)", name, re.DOTALL)
    kind, value = (new[1], new[2]) if new else (old[1], old[2]) if old else ("i", name)
    if kind == "i":
        return value, None, None
    return (None, None, value) if kind in ("e", "executable") else (None, value, None)


def _latest(told: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of the row's time, of the latest time that the entry names."""
    times: list[tuple[datetime, float]] = []
    for key, value in told.items():
        if "Time" in str(key) and isinstance(value, (int, float)) and isinstance(utc_of(value, MAC_SECONDS), datetime):
            times.append((utc_of(value, MAC_SECONDS), value))
    time, raw = max(times, default=(None, None), key=lambda one: one[0])
    return {"time": time, "time_raw": text(raw)}
