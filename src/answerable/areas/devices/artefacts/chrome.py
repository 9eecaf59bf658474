"""Chrome on iOS: pages visited, and the icons that it kept of pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.reading import APP, KeyedValues, joined, selected, with_columns
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import WINDOWS_MICROSECONDS
from answerable.areas.devices.tables import ADDRESSES, VISITS

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.recognise import Kind
    from answerable.areas.devices.acquisition.sqlite import Database
    from answerable.areas.devices.artefacts.source import Source

_USUAL = "Default"
_REDIRECTED = "(transition & 0xC0000000) <> 0 AND from_visit <> 0"
"""True of a visit that a redirect of the page or of the server led to: Chromium, ui/base/page_transition_types.h."""


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
    types = {
        "row": "int64", "time_raw": "int64", "url": "string", "title": "string", "redirect_source": "int64",
    }  # fmt: skip
    with source.database() as database:
        redirects = database.has("visits", "transition", "from_visit")
        came_from = f"CASE WHEN {_REDIRECTED} THEN v.from_visit END" if redirects else "NULL"
        page = selected(database, "urls", "u", url="url", title="title")
        went_to = KeyedValues(
            source, database, "visits", "from_visit", "id", value_type="int64", only=f"WHERE {_REDIRECTED}"
        )
        synced = _synced(source, database)
        sql = (
            f"SELECT v.id AS row, v.visit_time AS time_raw, {page}, {came_from} AS redirect_source "
            f"FROM visits v NOT INDEXED{joined('urls', 'u', 'v.url')}"
        )
        for batch in database.batches(sql, types, reads=["visits", "urls"]):
            yield with_columns(
                batch,
                browser="Chrome",
                profile="" if folder == _USUAL else folder,
                redirect_destination=went_to.of(batch.column("row")),
                synced=synced(batch.column("row")),
            )


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
    types = {"row": "int64", "url": "string", "within": "string", "icon": "int64"}
    with source.database() as database:
        updated = KeyedValues(
            source, database, "favicon_bitmaps", "icon_id", "last_updated", value_type="int64", largest=True
        )
        pages = "SELECT m.id AS row, m.page_url AS url, f.url AS within, m.icon_id AS icon "
        pages += f"FROM icon_mapping m NOT INDEXED{joined('favicons', 'f', 'm.icon_id')}"
        icons = "SELECT f.id AS row, f.url AS url, NULL AS within, f.id AS icon FROM favicons f NOT INDEXED"
        for sql, reads in ((pages, ["icon_mapping", "favicons"]), (icons, ["favicons"])):
            for batch in database.batches(sql, types, reads=reads):
                times = updated.of(batch.column("icon"))
                yield with_columns(batch.drop_columns(["icon"]), table=reads[0], what="icon", time_raw=times)
