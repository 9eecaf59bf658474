"""Firefox on iOS: pages visited, and the icons that it kept of pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.reading import APP, GROUP, joined, selected, with_columns
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import UNIX_MICROSECONDS, UNIX_MILLISECONDS, UNIX_SECONDS
from answerable.areas.devices.tables import ADDRESSES, VISITS

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.recognise import Kind
    from answerable.areas.devices.acquisition.sqlite import Database
    from answerable.areas.devices.artefacts.source import Source

_VISIT = {
    "row": "int64", "time_raw": "int64", "url": "string", "title": "string", "redirect_source": "int64",
    "local": "int64",
}  # fmt: skip
_USUAL = "profile.profile"
_REDIRECTED = "v.visit_type IN (5, 6) AND v.from_visit <> 0"
"""True of a visit that a redirect, permanent or not, led to: Mozilla, nsINavHistoryService.idl."""


def _places(name: str) -> dict[Kind, tuple[str, ...]]:
    return {
        IOS_BACKUP: (
            f"AppDomainGroup-group.org.mozilla.ios.Firefox*/*/{name}",
            f"AppDomain-org.mozilla.ios.Firefox*/Documents/*/{name}",
            f"AppDomain-org.mozilla.ios.Firefox*/*/{name}",
        ),
        IOS_FILES: (f"{GROUP}/*.profile/{name}", f"{APP}/Documents/*.profile/{name}"),
    }


@artefact(
    "firefox_history",
    VISITS,
    "pages that Firefox visited (until 2022)",
    places=_places("browser.db"),
    section="visits",
    unit=UNIX_MICROSECONDS,
)
def firefox_history(source: Source) -> Iterator[pa.RecordBatch]:
    """Visits with the addresses of their pages, those of other devices of the same account among them."""
    with source.database() as database:
        if not database.has("visits") and source.acquisition.tree.find(source.path.replace("browser.db", "places.db")):
            source.notes.append("This version keeps its visits in places.db, which lies beside it.")
            return
        page = selected(database, "history", "h", url="url", title="title")
        local = selected(database, "visits", "v", local="is_local")
        sql = (
            f"SELECT v.id AS row, v.date AS time_raw, {page}, {local}, NULL AS redirect_source "
            f"FROM visits v NOT INDEXED{joined('history', 'h', 'v.siteID')}"
        )
        yield from _visits(source, database, sql, ["visits", "history"])


@artefact(
    "firefox_places",
    VISITS,
    "pages that Firefox visited (from 2022)",
    places=_places("places.db"),
    section="moz_historyvisits",
    unit=UNIX_MILLISECONDS,
)
def firefox_places(source: Source) -> Iterator[pa.RecordBatch]:
    """Visits with the addresses of their pages and, where a redirect led there, the visit that it came from."""
    with source.database() as database:
        redirects = database.has("moz_historyvisits", "visit_type", "from_visit")
        came_from = f"CASE WHEN {_REDIRECTED} THEN v.from_visit END" if redirects else "NULL"
        page = selected(database, "moz_places", "p", url="url", title="title")
        local = selected(database, "moz_historyvisits", "v", local="is_local")
        sql = (
            f"SELECT v.id AS row, v.visit_date AS time_raw, {page}, {local}, {came_from} AS redirect_source "
            f"FROM moz_historyvisits v NOT INDEXED{joined('moz_places', 'p', 'v.place_id')}"
        )
        yield from _visits(source, database, sql, ["moz_historyvisits", "moz_places"])


def _visits(source: Source, database: Database, sql: str, reads: list[str]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    import pyarrow.compute as pc

    folder = source.path.split("/")[-2]
    for batch in database.batches(sql, _VISIT, reads=reads):
        yield with_columns(
            batch.drop_columns(["local"]),
            browser="Firefox",
            profile="" if folder == _USUAL else folder,
            synced=pc.invert(batch.column("local").cast(pa.bool_())),
        )


@artefact(
    "firefox_icons",
    ADDRESSES,
    "icons that Firefox kept, and the pages that have them",
    places=_places("browser.db"),
    section="favicons",
    unit=UNIX_SECONDS,
)
def firefox_icons(source: Source) -> Iterator[pa.RecordBatch]:
    """Icons, then the pages that have them: those of the history, and those without a visit."""
    types = {"row": "int64", "time_raw": "float64", "url": "string", "within": "string"}
    with source.database() as database:
        if not database.has("favicons") and database.has("tabs"):
            source.notes.append("This version keeps no icons in its database.")
            return
        date = selected(database, "favicons", "f", time_raw="date")
        icon = f"f.url AS within, {date}"
        of_icon = joined("favicons", "f", "s.faviconID")
        sql = f"SELECT f.id AS row, f.url AS url, NULL AS within, {date} FROM favicons f NOT INDEXED"
        statements: list[tuple[str, str, list[str]]] = [("favicons", sql, [])]
        if database.has("favicon_sites") and database.has("history"):
            sql = f"SELECT s.id AS row, h.url AS url, {icon} FROM favicon_sites s NOT INDEXED{of_icon}"
            sql += joined("history", "h", "s.siteID")
            statements.append(("favicon_sites", sql, ["favicons", "history"]))
        if database.has("favicon_site_urls"):
            sql = f"SELECT s.id AS row, s.site_url AS url, {icon} FROM favicon_site_urls s NOT INDEXED{of_icon}"
            statements.append(("favicon_site_urls", sql, ["favicons"]))
        for table, sql, others in statements:
            for batch in database.batches(sql, types, reads=[table, *others]):
                yield with_columns(batch, table=table, what="icon")
