"""Chrome on iOS: pages visited, and the icons that it kept of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.joins import Other, rows_with
from answerable.areas.devices.artefacts.reading import APP, KeyedValues, with_columns
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import WINDOWS_MICROSECONDS
from answerable.areas.devices.tables import ADDRESSES, VISITS

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.recognise import Kind
    from answerable.areas.devices.acquisition.sqlite import Database
    from answerable.areas.devices.artefacts.source import Source

_USUAL = "Default"
_REDIRECT = 0xC0000000
"""Bits of a visit that a redirect of the page or of the server led to: Chromium, ui/base/page_transition_types.h."""


def _places(name: str) -> dict[Kind, tuple[str, ...]]:
    within = f"Library/Application Support/Google/Chrome/*/{name}"
    return {IOS_BACKUP: (f"AppDomain-com.google.chrome.ios*/{within}",), IOS_FILES: (f"{APP}/{within}",)}


@artefact(
    "chrome_history",
    VISITS,
    "pages that Chrome visited",
    places=_places("History"),
    section="visits",
    unit=WINDOWS_MICROSECONDS,
)
def chrome_history(source: Source) -> Iterator[pa.RecordBatch]:
    """Visits with the addresses of their pages and, where a redirect led there, the visit that it came from."""
    folder = source.path.split("/")[-2]
    types = dict.fromkeys(("row", "time_raw", "page", "transition", "from_visit"), "int64")
    columns = {"row": "id", "time_raw": "visit_time", "page": "url"}
    with source.database() as database:
        redirected = f"WHERE (transition & {_REDIRECT}) <> 0 AND from_visit <> 0"
        went_to = KeyedValues(source, database, "visits", "from_visit", "id", value_type="int64", only=redirected)
        synced = _synced(source, database)
        pages = Other(source, database, "urls", {"url": "string", "title": "string"})
        for batch in rows_with(database, "visits", types, columns, {"page": pages}, needed=list(columns)):
            yield with_columns(
                batch.drop_columns(["page", "transition", "from_visit"]),
                browser="Chrome",
                profile="" if folder == _USUAL else folder,
                redirect_source=_came_from(batch),
                redirect_destination=went_to.of(batch.column("row")),
                synced=synced(batch.column("row")),
            )


def _came_from(batch: pa.RecordBatch) -> pa.Array:
    """The visits that a redirect came from."""
    import pyarrow as pa
    import pyarrow.compute as pc

    marked = pc.not_equal(pc.bit_wise_and(batch.column("transition"), _REDIRECT), 0)
    origin = batch.column("from_visit")
    redirected = pc.fill_null(pc.and_(marked, pc.not_equal(origin, 0)), False)
    return pc.if_else(redirected, origin, pa.scalar(None, pa.int64()))


def _synced(source: Source, database: Database) -> Callable[[pa.Array], pa.Array]:
    """Which visits came from another device: those with the mark of one, or with a source that says so."""
    import pyarrow as pa
    import pyarrow.compute as pc

    mark = "originator_cache_guid"
    marked = KeyedValues(source, database, "visits", "id", mark, only=f"WHERE {mark} <> ''")
    sourced = KeyedValues(source, database, "visit_source", "id", "source", value_type="int64", only="WHERE source = 0")
    said = database.has("visits", mark) or database.has("visit_source", "source")

    def synced(rows: pa.Array) -> pa.Array:
        if not said:
            return pa.nulls(len(rows), pa.bool_())
        return pc.or_(pc.is_valid(marked.of(rows)), pc.is_valid(sourced.of(rows)))

    return synced


@artefact(
    "chrome_icons",
    ADDRESSES,
    "icons that Chrome kept, and the pages that have them",
    places=_places("Favicons"),
    section="icon_mapping",
    unit=WINDOWS_MICROSECONDS,
)
def chrome_icons(source: Source) -> Iterator[pa.RecordBatch]:
    """Pages with their icons, then the icons themselves; times are those of the last update of the icon's picture."""
    types = {"row": "int64", "url": "string", "icon": "int64"}
    pages = {"row": "id", "url": "page_url", "icon": "icon_id"}
    with source.database() as database:
        updated = KeyedValues(
            source, database, "favicon_bitmaps", "icon_id", "last_updated", value_type="int64", largest=True
        )
        icons = Other(source, database, "favicons", {"within": "string"}, {"within": "url"}, needed=["within"])
        with_icons = rows_with(database, "icon_mapping", types, pages, {"icon": icons}, needed=list(types))
        alone = database.rows("favicons", types, {"row": "id", "icon": "id"}, needed=list(types))
        for table, batches in (("icon_mapping", with_icons), ("favicons", alone)):
            for batch in batches:
                times = updated.of(batch.column("icon"))
                yield with_columns(batch.drop_columns(["icon"]), table=table, what="icon", time_raw=times)
