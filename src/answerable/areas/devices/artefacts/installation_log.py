"""Apps that came and went on an iPhone: the logs of its installer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.plist_values import LONGEST_DETAIL
from answerable.areas.devices.artefacts.registry import IOS_FILES, SYSDIAGNOSE, artefact
from answerable.areas.devices.artefacts.times import LOCAL
from answerable.areas.devices.tables import APP_EVENTS
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.artefacts.source import Source

_NAMES = ("mobile_installation.log", "mobile_installation.log.*", "mobile_installation_helper.log*")
_FOLDERS = tuple(f"private/var/{home}/Library/Logs/MobileInstallation" for home in ("installd", "mobile"))
_LINE = re.compile(
    r"((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}) \[\d{1,10}\] <\w{1,20}> "
    r"\((?:0x)?\w{1,20}\) (.*)"
)
_EVENTS = {
    "installing": r"Installing <MI\w{1,60} ID=(?P<app>[^;>\s]{1,300})(?:.{0,300}?\bVersion=(?P<version>[^,;>]{1,99}))?",
    "placeholder installed": r"Install Successful for \(?Placeholder:(?P<app>[^)\s;]{1,300})",
    "installed": r"Install Successful for \(?(?:\w{1,40}:)?(?P<app>[^)\s;]{1,300})",
    "made live": r"Made container live for (?P<app>\S{1,300})",
    "uninstallation asked for": r"Uninstall requested by .{1,200}? for identity \[(?P<app>[^\]/\s]{1,300})",
    "uninstalled": r"Uninstalling identifier (?P<app>\S{1,300})",
    "container destroyed": r"Destroying container (?:with identifier )?(?P<app>\S{1,300})",
}
"""What the installer logs of an app, the first that fits."""
_FORMS = {event: re.compile(form) for event, form in _EVENTS.items()}


@artefact(
    "installation_log",
    APP_EVENTS,
    "installations and removals of apps, as the installer logged them",
    places={
        SYSDIAGNOSE: tuple(f"logs/MobileInstallation/{name}" for name in _NAMES),
        IOS_FILES: tuple(f"{folder}/{name}" for folder in _FOLDERS for name in _NAMES),
    },
    expected={SYSDIAGNOSE: "always", IOS_FILES: "always"},
    section="MobileInstallation",
    unit=LOCAL,
)
def installation_log(source: Source) -> Iterator[Mapping[str, Any]]:
    """Events with the phone's own time, whose zone the log does not say; other lines of the log are counted.

    A placeholder stands for an app while it is downloaded.
    """
    events = others = unknown = 0
    for number, line in source.lines():
        said = _LINE.match(line)
        if said is None:
            unknown += bool(line.strip())
            continue
        for event, form in _FORMS.items():
            if found := form.search(said[2]):
                events += 1
                parts = found.groupdict()
                yield {
                    "row": number, "app": parts["app"].rstrip(".,:"), "event": event, "version": parts.get("version"),
                    "detail": said[2][:LONGEST_DETAIL], "time_raw": said[1],
                }  # fmt: skip
                break
        else:
            others += 1
    if unknown and not events and not others:
        raise EvidenceError("no line in it is of an installer's log.", file=source.path)
    if others or unknown:
        source.notes.append(f"{others:,} lines tell of other things, and {unknown:,} continue a line or are no log.")
