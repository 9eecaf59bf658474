"""Smaller services of Android, as bug reports and dumps have them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.dumpsys import states
from answerable.areas.devices.artefacts.dumpsys.reading import DUMPS, Row, rows_of, service_lines
from answerable.areas.devices.artefacts.registry import BUGREPORT, artefact
from answerable.areas.devices.tables import ADB_KEYS, APP_EVENTS, COMPONENTS

if TYPE_CHECKING:
    from answerable.areas.devices.artefacts.source import Source


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
    lines = service_lines(source, "accessibility")
    yield from rows_of(source, lines, lambda given: states.accessibility(source, given), "User state[")


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
    heads = ("Current Device Policy Manager state", "Enabled Device Admins")
    lines = service_lines(source, "device_policy")
    yield from rows_of(source, lines, lambda given: states.administrators(source, given), *heads)


@artefact(
    "dumpsys_notification_listeners",
    COMPONENTS,
    "notification listeners: apps that read what others tell the owner",
    places=DUMPS,
    expected={BUGREPORT: "always"},
    section="notification",
)
def dumpsys_notification_listeners(source: Source) -> Iterator[Row]:
    """Notification listeners that are allowed for the users who are there."""
    heads = ("All notification listeners", "Live notification listeners")
    lines = service_lines(source, "notification")
    yield from rows_of(source, lines, lambda given: states.listeners(source, given), *heads)


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
    lines = service_lines(source, "platform_compat", since=11)
    yield from rows_of(source, lines, lambda given: states.compatibility(source, given), "ChangeId(")


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
    heads = ("ADB MANAGER STATE", "debugging_manager", "connected_to_adb")
    yield from rows_of(source, service_lines(source, "adb", since=10), states.adb_keys, *heads)
