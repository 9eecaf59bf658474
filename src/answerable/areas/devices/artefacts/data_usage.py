"""What processes sent and received, as iOS counts it: DataUsage.sqlite and netusage.sqlite."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.joins import Other, rows_with
from answerable.areas.devices.artefacts.reading import with_columns
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import MAC_SECONDS
from answerable.areas.devices.tables import PROCESSES, USAGES

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.recognise import Kind
    from answerable.areas.devices.artefacts.registry import Expectation
    from answerable.areas.devices.artefacts.source import Source

_PLACES: dict[Kind, tuple[str, ...]] = {
    IOS_BACKUP: ("WirelessDomain/Library/Databases/DataUsage.sqlite",),
    IOS_FILES: (
        "private/var/wireless/Library/Databases/DataUsage.sqlite",
        "private/var/networkd/netusage.sqlite",
        "private/var/networkd/db/netusage.sqlite",
    ),
}
_EXPECTED: dict[Kind, Expectation] = {IOS_BACKUP: "always", IOS_FILES: "always"}
_PROCESS = {"process": "string", "app": "string", "first": "float64", "last": "float64"}
_PROCESS_COLUMNS = {
    "process": "ZPROCNAME", "app": "ZBUNDLENAME", "first": "ZFIRSTTIMESTAMP", "last": "ZTIMESTAMP", "row": "Z_PK",
    "process_row": "Z_PK", "time_raw": "ZFIRSTTIMESTAMP",
}  # fmt: skip
_AMOUNTS = {"wifi_in": "ZWIFIIN", "wifi_out": "ZWIFIOUT", "mobile_in": "ZWWANIN", "mobile_out": "ZWWANOUT"}
_RAN_FOR = r"(?s)^([^/]+)/.*"
"""What stands before the first stroke in the name of a process, if anything does, and the rest."""


@artefact(
    "data_usage_processes",
    PROCESSES,
    "processes that used the network",
    places=_PLACES,
    expected=_EXPECTED,
    section="ZPROCESS",
    unit=MAC_SECONDS,
)
def data_usage_processes(source: Source) -> Iterator[pa.RecordBatch]:
    """Processes, each once; a name such as "mediaserverd/com.example" is the process and what it ran for."""
    import pyarrow.compute as pc

    with source.database() as database:
        types = {"row": "int64", "time_raw": "float64", "last": "float64", "process": "string", "app": "string"}
        for batch in database.rows("ZPROCESS", types, _PROCESS_COLUMNS, needed=list(types)):
            process = pc.replace_substring_regex(batch.column("process"), _RAN_FOR, r"\1")
            yield with_columns(batch, process=process)


@artefact(
    "data_usage",
    USAGES,
    "what processes sent and received",
    places=_PLACES,
    expected=_EXPECTED,
    section="ZLIVEUSAGE",
    unit=MAC_SECONDS,
)
def data_usage(source: Source) -> Iterator[pa.RecordBatch]:
    """Counts with the process that they belong to, where there is one; then processes that have no count."""
    import pyarrow as pa
    import pyarrow.compute as pc

    types = {
        "row": "int64", "time_raw": "float64", "process_row": "int64", "kind": "string",
        **dict.fromkeys(_AMOUNTS, "float64"),
    }  # fmt: skip
    columns = {"row": "Z_PK", "time_raw": "ZTIMESTAMP", "process_row": "ZHASPROCESS", "kind": "ZKIND", **_AMOUNTS}
    with source.database() as database:
        processes = Other(source, database, "ZPROCESS", _PROCESS, _PROCESS_COLUMNS, needed=list(_PROCESS))
        others = {"process_row": processes}
        counted = [pa.array([], pa.int64())]
        for batch in rows_with(database, "ZLIVEUSAGE", types, columns, others, needed=list(types)):
            counted.append(batch.column("process_row").unique())
            yield with_columns(batch, table="ZLIVEUSAGE")
        known = pa.concat_arrays(counted)
        types = {"row": "int64", "time_raw": "float64", "process_row": "int64", **_PROCESS}
        for batch in database.rows("ZPROCESS", types, _PROCESS_COLUMNS, needed=list(types)):
            alone = pc.invert(pc.is_in(batch.column("row"), value_set=known, skip_nulls=True))
            yield with_columns(batch, table="ZPROCESS", kind="").filter(alone)
