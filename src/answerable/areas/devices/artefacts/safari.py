"""Safari: pages visited."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import MAC_SECONDS
from answerable.areas.devices.tables import VISITS

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.artefacts.source import Source

_LIBRARY = "private/var/mobile/Library/Safari"
_CONTAINER = "private/var/mobile/Containers/Data/Application/*/Library/Safari"


@artefact(
    "safari_history",
    VISITS,
    "pages that Safari visited",
    places={
        IOS_BACKUP: (
            "HomeDomain/Library/Safari/History.db",
            "HomeDomain/Library/Safari/Profiles/*/History.db",
            "AppDomain-com.apple.mobilesafari/Library/Safari/History.db",
            "AppDomain-com.apple.mobilesafari/Library/Safari/Profiles/*/History.db",
        ),
        IOS_FILES: tuple(
            f"{folder}/{within}History.db" for folder in (_LIBRARY, _CONTAINER) for within in ("", "Profiles/*/")
        ),
    },
    expected={IOS_BACKUP: "encrypted", IOS_FILES: "always"},
    section="history_visits",
    unit=MAC_SECONDS,
)
def safari_history(source: Source) -> Iterator[pa.RecordBatch]:
    """Visits with the addresses of their pages and the visits that a redirect joins them to."""
    import pyarrow as pa

    folders = source.path.split("/")
    profile = folders[-2] if folders[-3] == "Profiles" else ""
    with source.database() as database:
        for batch in database.batches(
            "SELECT v.id AS row, v.visit_time AS time_raw, i.url AS url, v.title AS title, "
            "v.redirect_source AS redirect_source, v.redirect_destination AS redirect_destination "
            "FROM history_visits v NOT INDEXED LEFT JOIN history_items i NOT INDEXED ON i.rowid = v.history_item",
            {
                "row": "int64",
                "time_raw": "float64",
                "url": "string",
                "title": "string",
                "redirect_source": "int64",
                "redirect_destination": "int64",
            },
            reads=["history_visits", "history_items"],
        ):
            constant = {"browser": "Safari", "profile": profile}
            arrays = [*batch.columns, *(pa.repeat(value, batch.num_rows) for value in constant.values())]
            yield pa.RecordBatch.from_arrays(arrays, [*batch.schema.names, *constant])
