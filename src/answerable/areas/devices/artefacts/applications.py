"""Apps of an iPhone: as a backup lists them, and as their folders on the phone describe them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.acquisition.plists import read_plist, unarchive
from answerable.areas.devices.artefacts.plist_values import listed, mapping_of, moment, text, within
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.source import MEGABYTE
from answerable.areas.devices.artefacts.times import ISO, MAC_SECONDS
from answerable.areas.devices.tables import APPS
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.artefacts.source import Source

Row = Mapping[str, Any]

_BUNDLES = "private/var/containers/Bundle/Application"


@artefact(
    "backup_apps",
    APPS,
    "apps that the backup lists",
    places={IOS_BACKUP: ("Info.plist", "Manifest.plist")},
    expected={IOS_BACKUP: "always"},
    unit=ISO,
)
def backup_apps(source: Source) -> Iterator[Row]:
    """Apps by their bundles, with what the store says of them; the time is that of the purchase."""
    held = mapping_of(source)
    told = within(held, "Applications")
    if source.path == "Manifest.plist":
        for bundle, app in told.items():
            version, path = (text(within(app).get(key)) for key in ("CFBundleVersion", "Path"))
            yield {"row": bundle, "table": "Applications", "app": bundle, "version": version, "path": path}
        return
    installed = [name for one in listed(held.get("Installed Applications")) if (name := text(one))]
    for bundle in dict.fromkeys([*installed, *told]):
        data = within(told, bundle).get("iTunesMetadata")
        store = _store(source, data) if isinstance(data, bytes) else {}
        table = "Applications" if bundle in told else "Installed Applications"
        yield {"row": bundle, "table": table, **_bought(store), "app": bundle}


def _store(source: Source, data: bytes) -> Row:
    try:
        return within(read_plist(data))
    except EvidenceError:
        source.refuse("what the store says of an app cannot be read; the app is kept")
        return {}


def _bought(store: Row) -> dict[str, Any]:
    """The columns that the store's description of an app gives; whose account bought it is left out."""
    bought = within(store, "com.apple.iTunesStore.downloadInfo").get("purchaseDate", store.get("purchaseDate"))
    return {
        "app": text(store.get("softwareVersionBundleId")),
        "name": text(store.get("itemName")) or text(store.get("bundleDisplayName")),
        "version": text(store.get("bundleShortVersionString")) or text(store.get("bundleVersion")),
        "installer": text(store.get("sourceApp")),
        "initiator": text(store.get("referrerApp")),
        "origin": text(store.get("enterpriseInstallURL")) or text(store.get("referrerURL")),
        "time": _written(bought),
        "time_raw": text(bought),
        "time_unit": ISO,
    }


def _written(value: Any) -> datetime | None:
    """A time of the store: a date, or a text such as 2022-01-02T03:04:05Z; one without a zone is none."""
    if not isinstance(value, str):
        return moment(value, MAC_SECONDS) if isinstance(value, datetime) else None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else None


@artefact(
    "installed_apps",
    APPS,
    "apps that lie on the phone",
    places={IOS_FILES: (f"{_BUNDLES}/*/*.app/Info.plist", "Applications/*.app/Info.plist")},
    expected={IOS_FILES: "always"},
    unit=ISO,
)
def installed_apps(source: Source) -> Iterator[Row]:
    """An app with what lies beside it: the store's description, and when the phone installed it.

    Source: Apple, Information Property List: the keys of Info.plist.
    """
    held = mapping_of(source)
    folder = source.path.rpartition("/")[0]
    above = folder.rpartition("/")[0]
    store = within(_beside(source, f"{above}/iTunesMetadata.plist"))
    installation = within(_beside(source, f"{above}/BundleMetadata.plist"))
    known = _bought(store)
    yield {
        **known, "row": 1, "app": text(held.get("CFBundleIdentifier")) or known["app"],
        "name": text(held.get("CFBundleDisplayName")) or text(held.get("CFBundleName")) or known["name"],
        "version": text(held.get("CFBundleShortVersionString")) or text(held.get("CFBundleVersion")),
        "path": f"/{folder}", "system": folder.startswith("Applications/"),
        "installed": moment(installation.get("installDate"), MAC_SECONDS),
    }  # fmt: skip


def _beside(source: Source, path: str) -> Any:
    """A property list that lies beside, its objects resolved; None where it is not there or cannot be read."""
    tree = source.acquisition.tree
    for entry in tree.find(path) if path.startswith(_BUNDLES) else ():
        try:
            return unarchive(read_plist(tree.read(entry, MEGABYTE)))
        except EvidenceError:
            source.refuse(f"{path.rpartition('/')[2]} beside the app cannot be read; the app is kept")
    return None
