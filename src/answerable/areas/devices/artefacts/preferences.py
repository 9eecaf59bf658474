"""Settings of an iPhone: its preferences, its version, and whether it was restored from the backup of another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.plist_values import mapping_of, settings
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, SYSDIAGNOSE, artefact
from answerable.areas.devices.tables import SETTINGS

if TYPE_CHECKING:
    from answerable.areas.devices.acquisition.recognise import Kind
    from answerable.areas.devices.artefacts.source import Source

_GLOBAL = ".GlobalPreferences.plist"
_OTHERS = (
    "com.apple.MobileBackup.plist",
    "com.apple.locationd.plist",
    "com.apple.mobile.ldbackup.plist",
    "com.apple.preferences.datetime.plist",
    "com.apple.purplebuddy.plist",
)
_VERSION = "System/Library/CoreServices/SystemVersion.plist"


def _places(*names: str) -> dict[Kind, tuple[str, ...]]:
    folders = {IOS_BACKUP: "HomeDomain", IOS_FILES: "private/var/mobile"}
    return {kind: tuple(f"{one}/Library/Preferences/{name}" for name in names) for kind, one in folders.items()}


@artefact(
    "global_preferences",
    SETTINGS,
    "preferences that hold everywhere, Lockdown Mode among them",
    places=_places(_GLOBAL),
    expected={IOS_BACKUP: "always", IOS_FILES: "always"},
)
def global_preferences(source: Source) -> Iterator[Mapping[str, Any]]:
    """Every plain value, its keys joined by dots; LDMGlobalEnabled says whether Lockdown Mode is on."""
    yield from _settings(source)


@artefact(
    "preferences",
    SETTINGS,
    "preferences of the set-up, the clock, the place and backups",
    places=_places(*_OTHERS),
)
def preferences(source: Source) -> Iterator[Mapping[str, Any]]:
    """Every plain value, its keys joined by dots."""
    yield from _settings(source)


@artefact(
    "system_version",
    SETTINGS,
    "the version of the system",
    places={
        IOS_FILES: (_VERSION, "private/var/installd/Library/MobileInstallation/LastBuildInfo.plist"),
        SYSDIAGNOSE: ("logs/SystemVersion/SystemVersion.plist",),
    },
    expected={SYSDIAGNOSE: "always"},
)
def system_version(source: Source) -> Iterator[Mapping[str, Any]]:
    """Every plain value, its keys joined by dots."""
    yield from _settings(source)


def _settings(source: Source) -> Iterator[Mapping[str, Any]]:
    yield from settings(mapping_of(source), source.path.rpartition("/")[2].removesuffix(".plist"))
