"""Configuration profiles: what is installed, what happened to profiles, and what the phone's managers set."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.backup_files import plain_values
from answerable.areas.devices.artefacts.plist_values import (
    details,
    listed,
    mapping_of,
    need_one_of,
    settings,
    text,
    timed,
)
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, SYSDIAGNOSE, artefact
from answerable.areas.devices.artefacts.times import MAC_SECONDS
from answerable.areas.devices.hosts import normal_host, url_host
from answerable.areas.devices.tables import ADDRESSES, CONFIGURATION_PROFILES, PROFILE_EVENTS, SETTINGS
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.acquisition.recognise import Kind
    from answerable.areas.devices.artefacts.source import Source

Row = Mapping[str, Any]

_GROUP = "systemgroup.com.apple.configurationprofiles/Library/ConfigurationProfiles"
_FOLDERS: dict[Kind, tuple[str, ...]] = {
    IOS_BACKUP: (
        f"SysSharedContainerDomain-{_GROUP}",
        "HomeDomain/Library/ConfigurationProfiles",
        "HomeDomain/Library/UserConfigurationProfiles",
        "SystemPreferencesDomain/ConfigurationProfiles",
    ),
    IOS_FILES: (
        f"private/var/containers/Shared/SystemGroup/{_GROUP}",
        "private/var/mobile/Library/ConfigurationProfiles",
        "private/var/mobile/Library/UserConfigurationProfiles",
    ),
    SYSDIAGNOSE: ("logs/MCState", "logs/MCState/*"),
}
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,15}://")
_SERVERS = frozenset({
    "CalDAVHostName", "CardDAVHostName", "CommRemoteAddress", "Host", "HostName", "HTTPProxy", "HTTPSProxy",
    "IncomingMailServerHostName", "LDAPAccountHostName", "OutgoingMailServerHostName", "ProxyServer", "RemoteAddress",
    "ServerAddress", "ServerAddresses", "SubCalAccountHostName",
})  # fmt: skip
"""Keys of payloads whose values are hosts without a scheme."""
_MANIFEST = "PayloadManifest.plist"
_OUTLINE = ("PayloadContent", "PayloadIdentifier", "PayloadUUID", "PayloadDisplayName", "PayloadOrganization",
            "PayloadType")  # fmt: skip


def _places(*names: str) -> dict[Kind, tuple[str, ...]]:
    return {kind: tuple(f"{one}/{name}" for one in folders for name in names) for kind, folders in _FOLDERS.items()}


@artefact(
    "configuration_profiles",
    CONFIGURATION_PROFILES,
    "configuration profiles that are installed, and what is in them",
    places=_places("profile-*.stub", _MANIFEST),
    expected={IOS_BACKUP: "always", IOS_FILES: "always"},
    unit=MAC_SECONDS,
)
def configuration_profiles(source: Source) -> Iterator[Row]:
    """A profile, then each of its payloads; of the manifest, the profiles that it lists.

    Source: Apple, Configuration Profile Reference: the keys common to all payloads.
    """
    held = mapping_of(source)
    if source.path.endswith(_MANIFEST):
        yield from _listed(source, held)
        return
    profile = text(held.get("PayloadIdentifier")) or text(held.get("PayloadUUID"))
    if profile is None:
        raise EvidenceError("this is no configuration profile: it has no identifier.", file=source.path)
    installed = timed(held.get("InstallDate"), MAC_SECONDS)
    yield {**_payload(held, held), **installed, "row": 0, "profile": profile, "table": ""}
    for row, payload in enumerate(listed(held.get("PayloadContent")), start=1):
        if isinstance(payload, Mapping):
            yield {**_payload(payload, held), **installed, "row": row, "profile": profile, "table": "PayloadContent"}
        else:
            source.refuse("a payload of a profile is no list of names and values", row)


def _payload(held: Row, profile: Row) -> dict[str, Any]:
    return {
        "uuid": text(held.get("PayloadUUID")),
        "name": text(held.get("PayloadDisplayName")) or text(profile.get("PayloadDisplayName")),
        "organisation": text(held.get("PayloadOrganization")) or text(profile.get("PayloadOrganization")),
        "payload": text(held.get("PayloadType")),
        "detail": details(held, *(_OUTLINE if held is profile else _OUTLINE[2:])),
    }


def _listed(source: Source, held: Row) -> Iterator[Row]:
    keys = ("OrderedProfiles", "HiddenProfiles")
    need_one_of(source, held, *keys)
    for key in keys:
        for row, profile in enumerate(listed(held.get(key)), start=1):
            if name := text(profile):
                yield {"row": row, "table": key, "profile": name, "payload": None, "detail": "listed as installed"}
            else:
                source.refuse("an entry of the list of profiles is no text", row)


@artefact(
    "profile_events",
    PROFILE_EVENTS,
    "installations and removals of configuration profiles",
    places=_places("MCProfileEvents.plist"),
    section="ProfileEvents",
    unit=MAC_SECONDS,
)
def profile_events(source: Source) -> Iterator[Row]:
    """Events, the newest first, as the phone keeps them: at most 20 of them."""
    held = mapping_of(source)
    need_one_of(source, held, "ProfileEvents")
    for row, event in enumerate(listed(held.get("ProfileEvents")), start=1):
        for profile, told in event.items() if isinstance(event, Mapping) else ():
            if isinstance(told, Mapping):
                said = {str(key).casefold(): value for key, value in told.items()}
                yield {
                    "row": row, "profile": text(profile), "operation": text(said.get("operation")),
                    "process": text(said.get("process")), **timed(said.get("timestamp"), MAC_SECONDS),
                }  # fmt: skip
                break
        else:
            source.refuse("an event of a profile is not told by names and values", row)


@artefact(
    "profile_settings",
    SETTINGS,
    "what the phone's managers, its profiles and its owner allow or restrict",
    places=_places(
        "CloudConfigurationDetails.plist", "MDM.plist", "MDMOptions.plist", "ClientTruth.plist", "ProfileTruth.plist",
        "Truth.plist", "EffectiveUserSettings.plist", "UserSettings.plist", "PayloadDependency.plist",
    ),
)  # fmt: skip
def profile_settings(source: Source) -> Iterator[Row]:
    """Every plain value, its keys joined by dots."""
    yield from settings(mapping_of(source), source.path.rpartition("/")[2].removesuffix(".plist"))


@artefact(
    "profile_addresses",
    ADDRESSES,
    "addresses that configuration profiles and managers bring: of servers, proxies, pages",
    places=_places("profile-*.stub", "MDM.plist", "CloudConfigurationDetails.plist"),
)
def profile_addresses(source: Source) -> Iterator[Row]:
    """Every value that is an address with a scheme, and the hosts under the keys that name servers."""
    held = mapping_of(source)
    within = text(held.get("PayloadIdentifier")) or text(held.get("ManagingProfileIdentifier"))
    for row, (key, value) in enumerate(plain_values(held), start=1):
        name = next((part for part in reversed(key.split(".")) if not part.isdecimal()), "")
        if _SCHEME.match(value) or (name in _SERVERS and value):
            host = url_host(value) if _SCHEME.match(value) else normal_host(value)
            yield {
                "row": row, "table": key, "url": value, "host": host.name if host else None, "title": key,
                "what": "setting", "within": within,
            }  # fmt: skip
