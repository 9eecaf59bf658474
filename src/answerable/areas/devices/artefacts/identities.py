"""Addresses that the phone asked Apple's identity service about, as it does before it writes to them or calls them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.plist_values import mapping_of, text, timed
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import MAC_SECONDS
from answerable.areas.devices.tables import IDENTITIES
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.artefacts.source import Source

_FILE = "Library/Preferences/com.apple.identityservices.idstatuscache.plist"


@artefact(
    "identities",
    IDENTITIES,
    "addresses that the phone asked Apple's identity service about (until iOS 14)",
    places={IOS_BACKUP: (f"HomeDomain/{_FILE}",), IOS_FILES: (f"private/var/mobile/{_FILE}",)},
    expected={IOS_BACKUP: "always", IOS_FILES: "always"},
    versions=(None, 13),
    unit=MAC_SECONDS,
)
def identities(source: Source) -> Iterator[Mapping[str, Any]]:
    """Each address once for every service that asked, with the time of the first question."""
    row = 0
    held = mapping_of(source)
    if held and not any(isinstance(addresses, Mapping) for addresses in held.values()):
        raise EvidenceError("it names no service that asked: it is no list of this kind.", file=source.path)
    for service, addresses in held.items():
        for address, told in addresses.items() if isinstance(addresses, Mapping) else ():
            row += 1
            if not isinstance(told, Mapping):
                source.refuse("what is known of an address is not told by names and values", row)
                continue
            scheme, colon, rest = address.partition(":")
            yield {
                "row": row, "table": service, "service": service, "address": address,
                "email": rest.strip("\0") if colon and scheme.casefold() == "mailto" else None,
                "status": text(told.get("IDStatus")), **timed(told.get("LookupDate"), MAC_SECONDS),
            }  # fmt: skip
