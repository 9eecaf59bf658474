"""What processes sent and received, as iOS counts it: DataUsage.sqlite and netusage.sqlite."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

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
    with source.database() as database:
        yield from database.batches(
            "SELECT Z_PK AS row, ZFIRSTTIMESTAMP AS time_raw, ZTIMESTAMP AS last, "
            "CASE WHEN instr(ZPROCNAME, '/') > 1 THEN substr(ZPROCNAME, 1, instr(ZPROCNAME, '/') - 1) "
            "ELSE ZPROCNAME END AS process, ZBUNDLENAME AS app FROM ZPROCESS NOT INDEXED",
            {"row": "int64", "time_raw": "float64", "last": "float64", "process": "string", "app": "string"},
            reads=["ZPROCESS"],
        )


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
    counts = ", ".join(
        f"u.{column} AS {name}"
        for column, name in (
            ("ZWIFIIN", "wifi_in"), ("ZWIFIOUT", "wifi_out"), ("ZWWANIN", "mobile_in"), ("ZWWANOUT", "mobile_out"),
        )
    )  # fmt: skip
    types = {
        "row": "int64", "time_raw": "float64", "table": "string", "process_row": "int64", "kind": "string",
        "process": "string", "app": "string", "first": "float64", "last": "float64",
    }  # fmt: skip
    amounts = dict.fromkeys(("wifi_in", "wifi_out", "mobile_in", "mobile_out"), "float64")
    process = "p.ZPROCNAME AS process, p.ZBUNDLENAME AS app, p.ZFIRSTTIMESTAMP AS first, p.ZTIMESTAMP AS last"
    with source.database() as database:
        yield from database.batches(
            "SELECT u.Z_PK AS row, u.ZTIMESTAMP AS time_raw, 'ZLIVEUSAGE' AS \"table\", u.ZHASPROCESS AS process_row, "
            f"u.ZKIND AS kind, {process}, {counts} "
            "FROM ZLIVEUSAGE u NOT INDEXED LEFT JOIN ZPROCESS p NOT INDEXED ON p.rowid = u.ZHASPROCESS",
            types | amounts,
            reads=["ZLIVEUSAGE", "ZPROCESS"],
        )
        yield from database.batches(
            "SELECT p.Z_PK AS row, p.ZFIRSTTIMESTAMP AS time_raw, 'ZPROCESS' AS \"table\", p.Z_PK AS process_row, "
            f"'' AS kind, {process} FROM ZPROCESS p NOT INDEXED WHERE p.Z_PK NOT IN "
            "(SELECT ZHASPROCESS FROM ZLIVEUSAGE NOT INDEXED WHERE ZHASPROCESS IS NOT NULL)",
            types,
            reads=["ZLIVEUSAGE", "ZPROCESS"],
        )
