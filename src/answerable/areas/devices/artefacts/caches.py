"""What apps of iOS fetched from the web and kept: Cache.db, the cache of the system's own loader of URLs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.reading import with_columns
from answerable.areas.devices.artefacts.registry import IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import ISO
from answerable.areas.devices.tables import ADDRESSES

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.artefacts.source import Source


@artefact(
    "caches",
    ADDRESSES,
    "what apps fetched from the web and kept",
    places={IOS_FILES: ("private/var/**/Cache.db",)},
    expected={IOS_FILES: "always"},
    section="cfurl_cache_response",
    unit=ISO,
)
def caches(source: Source) -> Iterator[pa.RecordBatch]:
    """Addresses with the site on whose behalf each was fetched, or else the folder of the cache: the app's, mostly.

    Times are texts in UTC, as SQLite's CURRENT_TIMESTAMP writes them.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    types = {"row": "int64", "time_raw": "string", "url": "string", "within": "string"}
    columns = {"row": "entry_ID", "time_raw": "time_stamp", "url": "request_key", "within": "partition"}
    with source.database() as database:
        for batch in database.rows("cfurl_cache_response", types, columns):
            times = pc.strptime(batch.column("time_raw"), "%Y-%m-%d %H:%M:%S", "us", error_is_null=True)
            sites = batch.column("within")
            yield with_columns(
                batch,
                what="cache",
                time=times.cast(pa.timestamp("us", tz="UTC")),
                within=pc.if_else(pc.equal(pc.fill_null(sites, ""), ""), source.path.split("/")[-2], sites),
            )
