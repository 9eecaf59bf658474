"""Calls of iOS: those of the telephone, of FaceTime, and of apps that tell the system of theirs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.reading import selected
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import MAC_SECONDS
from answerable.areas.devices.tables import CALLS

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.artefacts.source import Source

_FOLDER = "Library/CallHistoryDB"


@artefact(
    "calls",
    CALLS,
    "calls",
    places={
        IOS_BACKUP: (f"HomeDomain/{_FOLDER}/CallHistory.storedata", f"HomeDomain/{_FOLDER}/CallHistoryTemp.storedata"),
        IOS_FILES: tuple(
            f"private/var/mobile/{_FOLDER}/{name}.storedata" for name in ("CallHistory", "CallHistoryTemp")
        ),
    },
    expected={IOS_BACKUP: "encrypted", IOS_FILES: "always"},
    section="ZCALLRECORD",
    unit=MAC_SECONDS,
)
def calls(source: Source) -> Iterator[pa.RecordBatch]:
    """Calls with number or address of the other side, which some versions keep as bytes."""
    types = {
        "row": "int64", "time_raw": "float64", "duration": "float64", "from_owner": "int64", "answered": "int64",
        "app": "string", "number": "string",
    }  # fmt: skip
    with source.database() as database:
        named = {
            "row": "Z_PK", "time_raw": "ZDATE", "duration": "ZDURATION", "from_owner": "ZORIGINATED",
            "answered": "ZANSWERED", "app": "ZSERVICE_PROVIDER",
        }  # fmt: skip
        columns = selected(database, "ZCALLRECORD", "c", named)
        # Text or bytes, and neither a misfit: that is for SQLite to say; calls are few.
        number = "CAST(c.ZADDRESS AS TEXT)" if database.has("ZCALLRECORD", "ZADDRESS") else "NULL"
        sql = f"SELECT {columns}, {number} AS number FROM ZCALLRECORD c NOT INDEXED"
        yield from database.batches(sql, types, reads=["ZCALLRECORD"])
