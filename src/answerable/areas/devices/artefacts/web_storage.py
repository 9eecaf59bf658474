"""Pages that stored data on an iPhone: the folders that WebKit keeps for each of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.acquisition.finding import WHOLE
from answerable.areas.devices.acquisition.plists import read_plist
from answerable.areas.devices.artefacts.plist_values import real, text, timed, within
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import UNIX_SECONDS
from answerable.areas.devices.tables import ADDRESSES
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.acquisition.tree import Entry
    from answerable.areas.devices.artefacts.source import Source

_KEPT = re.compile(r"/(?:WebKit|WebsiteData|SafariViewService|Databases|IndexedDB|LocalStorage)(?:/|$)")
_NAME = re.compile(r"(https?)_([^/_]+)_([0-9]{1,5})(?=[/.]|$)")
_CONTAINER = re.compile(r"private/var/mobile/Containers/Data/[^/]+/[^/]+")
_OF_A_CONTAINER = ".com.apple.mobile_container_manager.metadata.plist"
_LARGEST = 1 << 16


@artefact(
    "web_storage",
    ADDRESSES,
    "pages that stored data, by the folders that WebKit keeps for them",
    places={IOS_FILES: (WHOLE,)},
    expected={IOS_FILES: "always"},
    unit=UNIX_SECONDS,
)
def web_storage(source: Source) -> Iterator[Mapping[str, Any]]:
    """Each page once for each folder of its own, with the time of its newest file, and the app that it lies in.

    Older systems name folders after pages (https_example.org_0); newer ones keep the page in a file named "origin".

    Source: WebKit, WTF/wtf/persistence and WebKit/Shared: how an origin is written.
    """
    tree = source.acquisition.tree
    named: dict[tuple[str, str], list[Entry]] = {}
    for path in tree.index.paths:
        if _KEPT.search(path):
            for found in _NAME.finditer(path):
                named.setdefault((path[: found.end()], found[0]), []).append(tree.entry(path))
    row, apps = 0, _Apps(source)
    for (folder, name), entries in named.items():
        row += 1
        newest = max(entries, key=lambda one: real(one.modified) or 0.0)
        yield {**_place(apps, row, newest), "url": _address(*name.rsplit("_", 2)), "title": folder}
    for entry in tree.find("**/origin"):
        if _KEPT.search(entry.path):
            row += 1
            for url in _origins(source, row, entry):
                yield {**_place(apps, row, entry), "url": url, "title": entry.path}


def _place(apps: _Apps, row: int, entry: Entry) -> dict[str, Any]:
    return {
        "row": row, "artefact": entry.stored, "what": "website data", "within": apps.of(entry.path),
        **timed(real(entry.modified), UNIX_SECONDS),
    }  # fmt: skip


def _address(scheme: str, host: str, port: str) -> str:
    return f"{scheme}://{host}" + (f":{port}" if port != "0" else "") + "/"


class _Apps:
    """The apps in whose folders files lie, as the phone notes them there; each folder is asked once."""

    def __init__(self, source: Source) -> None:
        self._tree = source.acquisition.tree
        self._known: dict[str, str | None] = {}

    def of(self, path: str) -> str | None:
        """The app of a path; None where it lies in none, or where that cannot be read."""
        container = _CONTAINER.match(path)
        if container and container[0] not in self._known:
            self._known[container[0]] = self._read(f"{container[0]}/{_OF_A_CONTAINER}")
        return self._known[container[0]] if container else None

    def _read(self, path: str) -> str | None:
        try:
            told = [read_plist(self._tree.read(entry, _LARGEST)) for entry in self._tree.find(path)]
        except EvidenceError:
            return None
        return text(within(told[0]).get("MCMMetadataIdentifier")) if told else None


def _origins(source: Source, row: int, entry: Entry) -> list[str]:
    """The pages that a file names; none, refused and counted, where it cannot be read."""
    try:
        return _pages(source.acquisition.tree.read(entry, _LARGEST))
    except (EvidenceError, ValueError):
        source.refuse("a file of the page that stored data cannot be read", row)
        return []


def _pages(data: bytes) -> list[str]:
    """The page on which data was stored, and the one within it that stored them; one where they are the same."""
    first, rest = _origin(data)
    return list(dict.fromkeys((first, _origin(rest)[0])))


def _origin(data: bytes) -> tuple[str, bytes]:
    scheme, data = _text(data)
    host, data = _text(data)
    port = int.from_bytes(data[1:3], "little") if data[:1] == b"\1" else 0
    return _address(scheme, host, str(port)), data[3 if data[:1] == b"\1" else 1 :]


def _text(data: bytes) -> tuple[str, bytes]:
    """A text: how many characters, whether each has one byte, the characters."""
    size, width = int.from_bytes(data[:4], "little"), 1 if data[4:5] == b"\1" else 2
    end = 5 + size * width
    if len(data) < end or not size:
        raise ValueError("cut short")
    return data[5:end].decode("latin-1" if width == 1 else "utf-16-le"), data[end:]


@artefact(
    "web_origins",
    ADDRESSES,
    "pages that stored data in apps, by the files that WebKit keeps of them",
    places={IOS_BACKUP: ("**/Library/WebKit/**/origin",)},
)
def web_origins(source: Source) -> Iterator[Mapping[str, Any]]:
    """The page on which data was stored, and the one within it, with the app that it lies in."""
    try:
        pages = _pages(source.read(_LARGEST))
    except ValueError as error:
        raise EvidenceError("it names no page, or is cut short.", file=source.path) from error
    domain = source.path.partition("/")[0]
    app = domain.partition("-")[2] if domain.startswith("AppDomain") else domain
    for row, url in enumerate(pages, start=1):
        yield {"row": row, "url": url, "what": "website data", "title": source.path, "within": app}
