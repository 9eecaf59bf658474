"""Smaller services of Android, as bug reports and dumps have them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.dumpsys import states
from answerable.areas.devices.artefacts.dumpsys.reading import DUMPS, Row, service_lines
from answerable.areas.devices.artefacts.registry import BUGREPORT, artefact
from answerable.areas.devices.tables import ADB_KEYS, APP_EVENTS, COMPONENTS
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.artefacts.source import Source


class _Headed:
    """The lines of a section, one of which begins in a way that shows that its form is known."""

    def __init__(self, source: Source, service: str, *heads: str, since: int = 0) -> None:
        self._source, self._service, self._heads, self._since = source, service, heads, since
        self._seen = self._any = False

    def __iter__(self) -> Iterator[tuple[int, str]]:
        for number, line in service_lines(self._source, self._service, self._since):
            self._any = True
            self._seen = self._seen or line.lstrip().startswith(self._heads)
            yield number, line

    def check(self) -> None:
        """Raises EvidenceError where no line began so: that nothing was found then says nothing."""
        if self._any and not self._seen:
            raise EvidenceError(
                f"the section of the service {self._service} is in a form that is not known.", file=self._source.path
            )


@artefact(
    "dumpsys_accessibility",
    COMPONENTS,
    "accessibility services: apps that may read the screen and act in the owner's place",
    places=DUMPS,
    expected={BUGREPORT: "always"},
    section="accessibility",
)
def dumpsys_accessibility(source: Source) -> Iterator[Row]:
    """Accessibility services that are installed, on, or crashed."""
    lines = _Headed(source, "accessibility", "User state[")
    yield from states.accessibility(source, lines)
    lines.check()


@artefact(
    "dumpsys_device_policy",
    COMPONENTS,
    "device administrators and owners: apps that may lock, watch or erase the phone",
    places=DUMPS,
    expected={BUGREPORT: "always"},
    section="device_policy",
)
def dumpsys_device_policy(source: Source) -> Iterator[Row]:
    """Device administrators with their policies, and owners of the device or of a profile."""
    lines = _Headed(source, "device_policy", "Current Device Policy Manager state", "Enabled Device Admins")
    yield from states.administrators(source, lines)
    lines.check()


@artefact(
    "dumpsys_platform_compat",
    APP_EVENTS,
    "behaviours of the system that were switched for one app",
    places=DUMPS,
    expected={BUGREPORT: "always"},
    versions=(11, None),
    section="platform_compat",
)
def dumpsys_platform_compat(source: Source) -> Iterator[Row]:
    """Changes with the apps that they were switched on or off for; most phones have none."""
    lines = _Headed(source, "platform_compat", "ChangeId(", since=11)
    yield from states.compatibility(source, lines)
    lines.check()


@artefact(
    "dumpsys_adb",
    ADB_KEYS,
    "computers that may debug the phone, or did",
    places=DUMPS,
    expected={BUGREPORT: "always"},
    versions=(10, None),
    section="adb",
)
def dumpsys_adb(source: Source) -> Iterator[Row]:
    """Keys of computers with their fingerprints; none where debugging was never allowed."""
    lines = _Headed(source, "adb", "ADB MANAGER STATE", "debugging_manager", "connected_to_adb", since=10)
    yield from states.adb_keys(lines)
    lines.check()
