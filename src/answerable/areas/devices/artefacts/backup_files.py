"""What a backup says of itself: the list of its files, and the phone that it was made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.acquisition.manifest import decode_files
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, artefact
from answerable.areas.devices.artefacts.times import UNIX_SECONDS
from answerable.areas.devices.tables import DEVICE_FILES, SETTINGS
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.artefacts.source import Source

ROOTS = {
    "CameraRollDomain": "/private/var/mobile/",
    "DatabaseDomain": "/private/var/db/",
    "HomeDomain": "/private/var/mobile/",
    "HomeKitDomain": "/private/var/mobile/",
    "InstallDomain": "/private/var/installd/",
    "KeychainDomain": "/private/var/Keychains/",
    "ManagedPreferencesDomain": "/private/var/Managed Preferences/",
    "MediaDomain": "/private/var/mobile/",
    "MobileDeviceDomain": "/private/var/MobileDevice/",
    "NetworkDomain": "/private/var/networkd/",
    "ProtectedDomain": "/private/var/protected/",
    "RootDomain": "/private/var/root/",
    "SystemPreferencesDomain": "/private/var/preferences/",
    "TonesDomain": "/private/var/mobile/",
    "WirelessDomain": "/private/var/wireless/",
}
"""Where the domains of a backup lie on the phone; those of apps lie in folders whose names a backup does not have."""
_KINDS = {1: "file", 2: "folder", 4: "link"}


@artefact(
    "manifest",
    DEVICE_FILES,
    "the list of files that the backup holds",
    places={IOS_BACKUP: ("Manifest.db",)},
    expected={IOS_BACKUP: "always"},
    section="Files",
    unit=UNIX_SECONDS,
)
def manifest(source: Source) -> Iterator[pa.RecordBatch]:
    """Files, folders and links with size, owner, times, as the backup's own list has them."""
    import pyarrow as pa

    with source.database() as database:
        types = {"row": "string", "domain": "string", "relative_path": "string", "flags": "int64", "file": "binary"}
        columns = {"row": "fileID", "relative_path": "relativePath"}
        for batch in database.rows("Files", types, columns, needed=list(types)):
            told = decode_files(batch.column("file"))
            if misread := told.column("misread").true_count:
                for _ in range(misread):
                    source.refuse("what the list says of a file cannot be read; its path is kept")
            columns = {
                **{name: batch.column(name) for name in ("row", "domain", "relative_path")},
                "path": _paths(batch),
                "kind": _kinds(batch.column("flags")),
                "size": told.column("size"),
                "mode": told.column("mode"),
                "owner": told.column("owner"),
                "group_number": told.column("group"),
                "target": told.column("target"),
                "time_raw": told.column("modified"),
                "born": told.column("born"),
                "modified": told.column("modified"),
                "changed": told.column("status_changed"),
                "sha1": told.column("digest"),
            }
            yield pa.RecordBatch.from_pydict(columns)


def _paths(batch: pa.RecordBatch) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    domains = batch.column("domain").dictionary_encode()
    roots = pa.array([ROOTS.get(name or "", "") for name in domains.dictionary.to_pylist()], pa.string())
    return pc.binary_join_element_wise(roots.take(domains.indices), batch.column("relative_path"), "")


def _kinds(flags: pa.Array) -> pa.Array:
    import pyarrow as pa

    encoded = flags.dictionary_encode()
    kinds = pa.array([_KINDS.get(flag, f"flag {flag}") for flag in encoded.dictionary.to_pylist()], pa.string())
    return kinds.take(encoded.indices)


@artefact(
    "backup_info",
    SETTINGS,
    "the phone that the backup was made of, and the computer that made it",
    places={IOS_BACKUP: ("Info.plist", "Manifest.plist", "Status.plist")},
    expected={IOS_BACKUP: "always"},
)
def backup_info(source: Source) -> Iterator[Mapping[str, Any]]:
    """Plain values of the backup's own property lists, nested keys joined by dots."""
    told = source.plist()
    if not isinstance(told, dict):
        raise EvidenceError("this is no property list of names and values.", file=source.path)
    for row, (key, value) in enumerate(plain_values(told), start=1):
        yield {"row": row, "namespace": source.path, "key": key, "value": value}


def plain_values(value: Any, name: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    """The plain values within nested ones as text, each with its keys joined by dots; bytes by their number."""
    if isinstance(value, Mapping) and depth < 50:
        for key, inner in value.items():
            yield from plain_values(inner, f"{name}.{key}" if name else str(key), depth + 1)
    elif isinstance(value, (list, tuple)) and depth < 50:
        for place, inner in enumerate(value):
            yield from plain_values(inner, f"{name}.{place}", depth + 1)
    elif isinstance(value, bytes):
        yield name, f"{len(value)} bytes"
    else:
        yield name, value.isoformat() if hasattr(value, "isoformat") else str(value)
