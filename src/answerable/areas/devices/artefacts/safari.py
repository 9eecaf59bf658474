"""Safari: pages visited, and the icons that it kept of pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.joins import Other, rows_with
from answerable.areas.devices.artefacts.reading import APP, KeyedValues, with_columns
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import MAC_SECONDS
from answerable.areas.devices.tables import ADDRESSES, VISITS
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.sqlite import Database
    from answerable.areas.devices.artefacts.source import Source

BACKUP_FOLDERS = ("HomeDomain/Library/Safari", "AppDomain-com.apple.mobilesafari/Library/Safari")
FILES_FOLDERS = ("private/var/mobile/Library/Safari", f"{APP}/Library/Safari")


def of_every_profile(folders: tuple[str, ...], name: str) -> tuple[str, ...]:
    """Where a file of Safari lies, for the usual profile and for those that iOS 17 can have beside it."""
    return tuple(f"{folder}/{within}{name}" for folder in folders for within in ("", "Profiles/*/"))


def profile_of(path: str) -> str:
    """The profile that a file of Safari belongs to; empty for the usual one."""
    folders = path.split("/")
    return folders[-2] if folders[-3:-2] == ["Profiles"] else ""


@artefact(
    "safari_history",
    VISITS,
    "pages that Safari visited",
    places={
        IOS_BACKUP: of_every_profile(BACKUP_FOLDERS, "History.db"),
        IOS_FILES: of_every_profile(FILES_FOLDERS, "History.db"),
    },
    expected={IOS_BACKUP: "encrypted", IOS_FILES: "always"},
    section="history_visits",
    unit=MAC_SECONDS,
)
def safari_history(source: Source) -> Iterator[pa.RecordBatch]:
    """Visits with the addresses of their pages, the visits that a redirect joins them to, and where they were made."""
    types = {
        "row": "int64", "time_raw": "float64", "title": "string", "redirect_source": "int64",
        "redirect_destination": "int64", "synced": "int64", "item": "int64",
    }  # fmt: skip
    columns = {"row": "id", "time_raw": "visit_time", "synced": "origin", "item": "history_item"}
    with source.database() as database:
        pages = Other(source, database, "history_items", {"url": "string"}, needed=["url"])
        needed = [name for name in types if name != "synced"]
        for batch in rows_with(database, "history_visits", types, columns, {"item": pages}, needed=needed):
            yield with_columns(batch.drop_columns(["item"]), browser="Safari", profile=profile_of(source.path))


@artefact(
    "safari_icons",
    ADDRESSES,
    "icons that Safari kept, and the pages that have them",
    places={
        IOS_FILES: (
            "private/var/mobile/Library/Image Cache/Favicons/Favicons.db",
            "private/var/mobile/Library/Safari/Favicon Cache/favicons.db",
            f"{APP}/Library/Image Cache/Favicons/Favicons.db",
            f"{APP}/Library/Safari/Favicon Cache/favicons.db",
            f"{APP}/Library/Safari/Profiles/*/Favicon Cache/favicons.db",
        )
    },
    unit=MAC_SECONDS,
)
def safari_icons(source: Source) -> Iterator[pa.RecordBatch]:
    """Pages with their icons, the icons themselves, and icons that were refused; times are those of the icons."""
    with source.database() as database:
        if not database.has("page_url") and not database.has("icon_info"):
            raise EvidenceError("It has neither a table of pages nor one of icons.", file=source.path)
        if database.has("page_url"):
            yield from _pages_with_icons(source, database)
        if database.has("icon_info"):
            yield from _icons(database, "icon_info", url="url")
        if database.has("rejected_resources"):
            yield from _icons(database, "rejected_resources", url="icon_url", within="page_url")


def _icons(database: Database, table: str, **texts: str) -> Iterator[pa.RecordBatch]:
    types = {"row": "int64", "time_raw": "float64", **dict.fromkeys(texts, "string")}
    for batch in database.rows(table, types, {"row": "rowid", "time_raw": "timestamp", **texts}):
        yield with_columns(batch, table=table, what="icon")


def _pages_with_icons(source: Source, database: Database) -> Iterator[pa.RecordBatch]:
    of_icon = {
        name: KeyedValues(source, database, "icon_info", "uuid", column, key_type="string", value_type=kind)
        for name, column, kind in (("within", "url", "string"), ("time_raw", "timestamp", "float64"))
    }
    types = {"row": "int64", "url": "string", "uuid": "string"}
    for batch in database.rows("page_url", types, {"row": "rowid"}, needed=["url", "uuid"]):
        found = {name: known.of(batch.column("uuid")) for name, known in of_icon.items()}
        yield with_columns(batch.drop_columns(["uuid"]), table="page_url", what="icon", **found)
