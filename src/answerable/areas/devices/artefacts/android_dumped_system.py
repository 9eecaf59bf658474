"""What a bug report says of the running system: its header, properties, processes, mounts, settings, databases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.dumpsys import system
from answerable.areas.devices.artefacts.dumpsys.reading import (
    DUMPS,
    REPORT,
    Line,
    Lines,
    Row,
    clock,
    dumped,
    is_beside,
    rows_of,
    sections,
    service_lines,
    titled_lines,
)
from answerable.areas.devices.artefacts.registry import BUGREPORT, artefact
from answerable.areas.devices.tables import DATABASE_USES, MOUNTS, PROCESSES, PROPERTIES, SETTINGS

if TYPE_CHECKING:
    from answerable.areas.devices.acquisition.recognise import Kind
    from answerable.areas.devices.artefacts.registry import Expectation
    from answerable.areas.devices.artefacts.source import Source

_REPORT: Mapping[Kind, tuple[str, ...]] = {BUGREPORT: REPORT}
_ALWAYS: Mapping[Kind, Expectation] = {BUGREPORT: "always"}
_HEADER = re.compile(r"(?:== )?([A-Z][\w .]{1,60}?)(?: is|:) (.*)|== (dumpstate): (.*)")
_MOUNT_FILES = ("FS/proc/*/mountinfo", "FS/proc/mounts", "FS/proc/*/mounts")
_MOUNT_TITLES = r"(?i)^MOUNTS?\b|^MOUNT (?:INFO|POINTS)|\((?:/proc/(?:self/|\d+/)?mount|/?(?:system/bin/)?mount\))"


@artefact(
    "bugreport_header",
    SETTINGS,
    "what the bug report says of itself and of the phone's system",
    places={BUGREPORT: (*REPORT, "version.txt", "main_entry.txt")},
    expected=_ALWAYS,
)
def bugreport_header(source: Source) -> Iterator[Row]:
    """When the report was made, build, kernel, versions; the version of the report's form, and its main text."""
    if source.path in ("version.txt", "main_entry.txt"):
        name = source.path.removesuffix(".txt").replace("_", " ")
        yield {"row": 1, "namespace": "bugreport", "key": name, "value": source.text(1 << 16).strip()}
        return
    if not is_beside(source):
        yield from rows_of(
            source, enumerate(sections(source).start().splitlines(), 1), lambda lines: _header(source, lines)
        )


def _header(source: Source, lines: Lines) -> Iterator[Row]:
    time = clock(source)
    for number, line in lines:
        if said := _HEADER.match(line.strip()):
            key, value = (said[3], said[4]) if said[3] else (said[1], said[2])
            when: Mapping[str, Any] = time.at(value) if key == "dumpstate" else {}
            yield {"row": number, "namespace": "bugreport", "key": key, "value": value.strip().strip("'"), **when}


@artefact(
    "bugreport_properties",
    PROPERTIES,
    "properties of the system",
    places=_REPORT,
    expected=_ALWAYS,
    section="SYSTEM PROPERTIES",
)
def bugreport_properties(source: Source) -> Iterator[Row]:
    """Properties, as getprop prints them."""
    lines = titled_lines(source, "properties", r"^SYSTEM PROPERTIES|\(getprop\)")
    yield from rows_of(source, lines, lambda given: system.properties(source, given))


@artefact(
    "bugreport_processes",
    PROCESSES,
    "processes that were running",
    places=_REPORT,
    expected=_ALWAYS,
    section="PROCESSES",
)
def bugreport_processes(source: Source) -> Iterator[Row]:
    """Processes, as ps prints them; a name is cut to 15 characters where the kernel's own name is all there is."""
    lines = titled_lines(source, "processes", r"^PROCESSES\b|\((?:/system/bin/)?ps ")
    yield from rows_of(source, lines, lambda given: system.processes(source, given))


@artefact(
    "bugreport_mounts",
    MOUNTS,
    "mounted file systems",
    places={BUGREPORT: (*REPORT, *_MOUNT_FILES)},
)
def bugreport_mounts(source: Source) -> Iterator[Row]:
    """Mounts: from the copies of the kernel's own lists, or from the report's text where it has them."""
    lines: Iterable[Line] = ()
    if source.path.startswith("FS/"):
        lines = enumerate(source.text(1 << 24).splitlines(), start=1)
    elif not _has_mounts(source) or sections(source).titled(re.compile(_MOUNT_TITLES)):
        lines = titled_lines(source, "mounts", _MOUNT_TITLES)
    yield from rows_of(source, lines, lambda given: system.mounts(source, given))


def _has_mounts(source: Source) -> bool:
    """Whether the kernel's own lists lie beside the text, which then need not have them."""
    return any(source.acquisition.tree.find(pattern) for pattern in _MOUNT_FILES)


@artefact(
    "dumpsys_settings",
    SETTINGS,
    "settings of the system and its apps",
    places=DUMPS,
    expected=_ALWAYS,
    section="settings",
)
def dumpsys_settings(source: Source) -> Iterator[Row]:
    """Settings by namespace: global, secure, system."""
    lines = service_lines(source, "settings")
    yield from rows_of(source, lines, lambda given: system.settings(source, given))


@artefact(
    "dumpsys_databases",
    DATABASE_USES,
    "databases that apps had open, and what they ran in them last",
    places=DUMPS,
    expected=_ALWAYS,
    section="dbinfo",
)
def dumpsys_databases(source: Source) -> Iterator[Row]:
    """Databases by app, with the statements that are kept."""
    time, ended, lines = clock(source), dumped(source, "dbinfo"), service_lines(source, "dbinfo")
    yield from rows_of(source, lines, lambda given: system.databases(source, given, time, ended))
