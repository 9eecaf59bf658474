"""What an iPhone's log of power says: which processes ran, what they sent and received, which apps were removed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.reading import selected, with_columns
from answerable.areas.devices.artefacts.registry import IOS_FILES, SYSDIAGNOSE, artefact
from answerable.areas.devices.artefacts.times import UNIX_SECONDS, utc
from answerable.areas.devices.tables import APP_EVENTS, PROCESSES, USAGES

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa

    from answerable.areas.devices.acquisition.recognise import Kind
    from answerable.areas.devices.acquisition.sqlite import Database
    from answerable.areas.devices.artefacts.source import Source

_PLACES: dict[Kind, tuple[str, ...]] = {
    SYSDIAGNOSE: ("logs/powerlogs/**/*.PLSQL", "logs/powerlogs/**/*.PLSQL.gz"),
    IOS_FILES: tuple(
        f"{folder}/Library/BatteryLife/{name}"
        for folder in ("private/var/containers/Shared/SystemGroup/*", "private/var/mobile")
        for name in ("CurrentPowerlog.PLSQL", "Archives/*.PLSQL.gz")
    ),
}
CLOCK = "seconds since 1970-01-01 by the log's own clock; time is corrected by the offset that the log notes"
_RAN = "PLProcessMonitorAgent_EventForward_ProcessID"
_USED = "PLProcessNetworkAgent_EventInterval_UsageDiff"
_APPS = "PLApplicationAgent_EventNone_AllApps"
_OFFSETS = "PLStorageOperator_EventForward_TimeOffset"


class _Clock:
    """The log's own clock: how far it was from the phone's at which times.

    Source: Edwards, APOLLO, the modules of powerlogs, 2018: the newest offset that was noted before a row holds for it.
    """

    def __init__(self, source: Source, database: Database) -> None:
        import numpy as np

        self._at: np.ndarray = np.zeros(0)
        self._offsets: np.ndarray = np.zeros(0)
        if database.has(_OFFSETS, "timestamp", "system"):
            types = {"timestamp": "float64", "system": "float64"}
            rows = [
                (row["timestamp"], row["system"])
                for batch in database.rows(_OFFSETS, types)
                for row in batch.to_pylist()
                if row["timestamp"] is not None and row["system"] is not None
            ]
            told = np.array(sorted(rows), dtype=float).reshape(-1, 2)
            self._at, self._offsets = told[:, 0], told[:, 1]
        if not len(self._at):
            source.notes.append("It notes no offset of its clock: its times cannot be told in UTC.")

    def utc(self, times: pa.Array) -> pa.Array:
        """Times of the log in UTC; null where no offset is known."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        if not len(self._at):
            return pa.nulls(len(times), pa.timestamp("us", tz="UTC"))
        raw = np.array(pc.fill_null(times, np.nan), dtype=float)
        place = np.clip(np.searchsorted(self._at, raw, side="right") - 1, 0, None)
        return utc(pa.array(raw + self._offsets[place], from_pandas=True), UNIX_SECONDS)


@artefact(
    "powerlog_processes",
    PROCESSES,
    "processes that ran, as the log of power has them",
    places=_PLACES,
    section=_RAN,
    unit=CLOCK,
)
def powerlog_processes(source: Source) -> Iterator[pa.RecordBatch]:
    """Processes with the time of their start."""
    with source.database() as database:
        types = {"row": "int64", "time_raw": "float64", "number": "int64", "process": "string", "app": "string"}
        columns = {"row": "ID", "time_raw": "timestamp", "number": "PID", "process": "ProcessName", "app": "BundleID"}
        yield from _timed(source, database, _RAN, types, columns)


@artefact(
    "powerlog_usages",
    USAGES,
    "what processes sent and received, as the log of power has it",
    places=_PLACES,
    section=_USED,
    unit=CLOCK,
)
def powerlog_usages(source: Source) -> Iterator[pa.RecordBatch]:
    """Counts of intervals, with the time at which each began."""
    with source.database() as database:
        columns = {
            "row": "ID", "time_raw": "timestamp", "process": "ProcessName", "app": "BundleName", "wifi_in": "WifiIn",
            "wifi_out": "WifiOut", "mobile_in": "CellIn", "mobile_out": "CellOut",
        }  # fmt: skip
        amounts = dict.fromkeys(("time_raw", "wifi_in", "wifi_out", "mobile_in", "mobile_out"), "float64")
        types = {"row": "int64", "process": "string", "app": "string", **amounts}
        yield from _timed(source, database, _USED, types, columns)


@artefact(
    "powerlog_removals",
    APP_EVENTS,
    "apps that were removed, as the log of power has it",
    places=_PLACES,
    section=_APPS,
    unit=UNIX_SECONDS,
)
def powerlog_removals(source: Source) -> Iterator[pa.RecordBatch]:
    """Apps with the time of their removal."""
    with source.database() as database:
        named = {
            "row": "ID", "time_raw": "AppDeletedDate", "app": "AppBundleId", "before": "AppBundleVersion",
            "detail": "AppName",
        }  # fmt: skip
        columns = selected(database, _APPS, "a", named)
        types = {"row": "int64", "time_raw": "float64", "app": "string", "before": "string", "detail": "string"}
        # Few rows of many; and SQLite keeps one whose date is no number.
        where = "a.AppDeletedDate > 0" if database.has(_APPS, "AppDeletedDate") else "0"
        sql = f"SELECT {columns} FROM {_APPS} a NOT INDEXED WHERE {where}"
        for batch in database.batches(sql, types, reads=[_APPS]):
            yield with_columns(batch, event="uninstalled")


def _timed(
    source: Source, database: Database, table: str, types: Mapping[str, str], columns: Mapping[str, str]
) -> Iterator[pa.RecordBatch]:
    clock = _Clock(source, database)
    for batch in database.rows(table, types, columns):
        yield with_columns(batch, time=clock.utc(batch.column("time_raw")))
