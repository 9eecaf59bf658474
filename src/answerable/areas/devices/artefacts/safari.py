"""Safari: pages visited, and the icons that it kept of pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.lookup import lookup
from answerable.areas.devices.artefacts.reading import APP, KeyedValues, joined, selected, with_columns
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import MAC_SECONDS
from answerable.areas.devices.hosts import url_hosts
from answerable.areas.devices.tables import ADDRESSES, VISITS
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.sqlite import Database
    from answerable.areas.devices.artefacts.lookup import Lookup
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
    """Visits with the addresses of their pages, the visits that a redirect joins them to, and where they were made.

    The addresses are looked up in memory, and their hosts found once for each page; where there are too many pages to
    be held, or some are damaged, SQLite looks them up.
    """
    types = {
        "row": "int64", "time_raw": "float64", "title": "string", "redirect_source": "int64",
        "redirect_destination": "int64", "synced": "int64", "item": "int64",
    }  # fmt: skip
    columns = {"row": "id", "time_raw": "visit_time", "synced": "origin", "item": "history_item"}
    with source.database() as database:
        if (pages := _held(database)) is not None:
            needed = [name for name in types if name != "synced"]
            for batch in database.rows("history_visits", types, columns, needed=needed):
                yield _safari(batch.drop_columns(["item"]), source, **pages.of(batch.column("item")))
            return
        sql = "SELECT v.id AS row, v.visit_time AS time_raw, v.title, v.redirect_source, v.redirect_destination, "
        sql += selected(database, "history_visits", "v", synced="origin")
        sql += f", i.url AS url FROM history_visits v NOT INDEXED{joined('history_items', 'i', 'v.history_item')}"
        types = {**{name: kind for name, kind in types.items() if name != "item"}, "url": "string"}
        for batch in database.batches(sql, types, reads=["history_visits", "history_items"]):
            yield _safari(batch, source)


def _held(database: Database) -> Lookup | None:
    """Addresses and hosts of pages; None where they cannot be held, or not all be read."""
    try:
        pages = lookup(database, "history_items", {"item": "int64", "url": "string"}, {"item": "id"}, key="item")
    except EvidenceError:
        return None
    if pages is not None:
        pages.columns["host"] = url_hosts(pages.columns["url"])
    return pages


def _safari(batch: pa.RecordBatch, source: Source, **found: pa.Array) -> pa.RecordBatch:
    return with_columns(batch, browser="Safari", profile=profile_of(source.path), **found)


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
            columns = selected(database, "icon_info", "i", url="url", time_raw="timestamp")
            yield from _icons(database, "icon_info", f"SELECT i.rowid AS row, {columns} FROM icon_info i NOT INDEXED")
        if database.has("rejected_resources"):
            columns = selected(
                database, "rejected_resources", "i", url="icon_url", time_raw="timestamp", within="page_url"
            )
            sql = f"SELECT i.rowid AS row, {columns} FROM rejected_resources i NOT INDEXED"
            yield from _icons(database, "rejected_resources", sql, within="string")


def _icons(database: Database, table: str, sql: str, **more: str) -> Iterator[pa.RecordBatch]:
    types = {"row": "int64", "url": "string", "time_raw": "float64", **more}
    for batch in database.batches(sql, types, reads=[table]):
        yield with_columns(batch, table=table, what="icon")


def _pages_with_icons(source: Source, database: Database) -> Iterator[pa.RecordBatch]:
    of_icon = {
        name: KeyedValues(source, database, "icon_info", "uuid", column, key_type="string", value_type=kind)
        for name, column, kind in (("within", "url", "string"), ("time_raw", "timestamp", "float64"))
    }
    for batch in database.batches(
        "SELECT p.rowid AS row, p.url AS url, p.uuid AS uuid FROM page_url p NOT INDEXED",
        {"row": "int64", "url": "string", "uuid": "string"},
        reads=["page_url"],
    ):
        found = {name: known.of(batch.column("uuid")) for name, known in of_icon.items()}
        yield with_columns(batch.drop_columns(["uuid"]), table="page_url", what="icon", **found)
