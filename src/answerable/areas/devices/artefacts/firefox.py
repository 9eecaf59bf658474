"""Firefox on iOS: pages visited, and the icons that it kept of pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.joins import Other, rows_with
from answerable.areas.devices.artefacts.reading import APP, GROUP, with_columns
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import UNIX_MICROSECONDS, UNIX_MILLISECONDS, UNIX_SECONDS
from answerable.areas.devices.tables import ADDRESSES, VISITS

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.recognise import Kind
    from answerable.areas.devices.acquisition.sqlite import Database
    from answerable.areas.devices.artefacts.source import Source

_USUAL = "profile.profile"
_REDIRECTS = (5, 6)
"""Types of a visit that a redirect, permanent or not, led to: Mozilla, nsINavHistoryService.idl."""


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
        columns = {"row": "id", "time_raw": "date", "page": "siteID"}
        yield from _visits(source, database, "visits", columns, "history")


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
        columns = {"row": "id", "time_raw": "visit_date", "page": "place_id"}
        more = ["visit_type", "from_visit"]
        for batch in _visits(source, database, "moz_historyvisits", columns, "moz_places", more):
            came_from = _came_from(*(batch.column(name) for name in more))
            yield with_columns(batch.drop_columns(more), redirect_source=came_from)


def _came_from(kind: pa.Array, origin: pa.Array) -> pa.Array:
    """The visits that a redirect came from."""
    import pyarrow as pa
    import pyarrow.compute as pc

    redirect = pc.is_in(kind, value_set=pa.array(_REDIRECTS, pa.int64()))
    redirected = pc.fill_null(pc.and_(redirect, pc.not_equal(origin, 0)), False)
    return pc.if_else(redirected, origin, pa.scalar(None, pa.int64()))


def _visits(
    source: Source, database: Database, table: str, columns: Mapping[str, str], pages: str, more: Sequence[str] = ()
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    import pyarrow.compute as pc

    folder = source.path.split("/")[-2]
    types = dict.fromkeys((*columns, "local", *more), "int64")
    of_page = Other(source, database, pages, {"url": "string", "title": "string"})
    all_columns = {**columns, "local": "is_local"}
    for batch in rows_with(database, table, types, all_columns, {"page": of_page}, needed=list(columns)):
        yield with_columns(
            batch.drop_columns(["local", "page"]),
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
    with source.database() as database:
        if not database.has("favicons") and database.has("tabs"):
            source.notes.append("This version keeps no icons in its database.")
            return
        types = {"row": "int64", "time_raw": "float64", "url": "string"}
        for batch in database.rows("favicons", types, {"row": "id", "time_raw": "date"}, needed=["row", "url"]):
            yield with_columns(batch, table="favicons", what="icon")
        icons = Other(
            source, database, "favicons", {"within": "string", "time_raw": "float64"},
            {"within": "url", "time_raw": "date"}, needed=["within"],
        )  # fmt: skip
        if database.has("favicon_sites") and database.has("history"):
            pages = Other(source, database, "history", {"url": "string"}, needed=["url"])
            types = dict.fromkeys(("row", "icon", "page"), "int64")
            columns = {"row": "id", "icon": "faviconID", "page": "siteID"}
            others = {"icon": icons, "page": pages}
            for batch in rows_with(database, "favicon_sites", types, columns, others, needed=list(types)):
                yield with_columns(batch.drop_columns(["icon", "page"]), table="favicon_sites", what="icon")
        if database.has("favicon_site_urls"):
            types = {"row": "int64", "icon": "int64", "url": "string"}
            columns = {"row": "id", "icon": "faviconID", "url": "site_url"}
            for batch in rows_with(database, "favicon_site_urls", types, columns, {"icon": icons}, needed=list(types)):
                yield with_columns(batch.drop_columns(["icon"]), table="favicon_site_urls", what="icon")
