"""Events that the security framework of iOS counted for analytics: the databases of SFAnalytics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.acquisition.plists import read_plist, unarchive
from answerable.areas.devices.artefacts.backup_files import plain_values
from answerable.areas.devices.artefacts.plist_values import timed
from answerable.areas.devices.artefacts.registry import IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import UNIX_SECONDS
from answerable.areas.devices.hosts import normal_host, url_host
from answerable.areas.devices.tables import ANALYTICS
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.acquisition.sqlite import Database
    from answerable.areas.devices.artefacts.source import Source

_EVENTS = ("hard_failures", "soft_failures", "notes", "rockwell", "all_events")
_SAMPLES = "samples"
_COLUMNS = {"row": "id", "at": "timestamp"}
_PROCESS = ("process", "processname", "procname", "executable", "executablepath", "binary", "client", "clientname")
_HOST = ("host", "domain", "url", "server", "endpoint")


@artefact(
    "analytics",
    ANALYTICS,
    "events and failures that the security framework counted",
    places={IOS_FILES: ("private/var/Keychains/Analytics/*.db",)},
    expected={IOS_FILES: "always"},
    versions=(11, None),
    unit=UNIX_SECONDS,
)
def analytics(source: Source) -> Iterator[Mapping[str, Any]]:
    """Every plain value of every event, with the event's row; then the samples, each a name and a value.

    Source: Apple, Security framework, keychain/analytics/SFAnalytics.m: the tables.
    """
    with source.database() as database:
        held = [table for table in (*_EVENTS, _SAMPLES) if database.has(table, "timestamp")]
        if not held:
            raise EvidenceError(f"it has none of the tables {', '.join((*_EVENTS, _SAMPLES))}.", file=source.path)
        for table in held:
            yield from _sampled(database) if table == _SAMPLES else _events(source, database, table)


def _events(source: Source, database: Database, table: str) -> Iterator[Mapping[str, Any]]:
    types = {"row": "int64", "at": "float64", "data": "binary"}
    for batch in database.rows(table, types, _COLUMNS):
        for event in batch.to_pylist():
            place = {"row": event["row"], "table": table, **timed(event["at"], UNIX_SECONDS)}
            try:
                told = unarchive(read_plist(event["data"] or b""))
            except EvidenceError:
                source.refuse("the values of an event cannot be read", event["row"])
                continue
            for name, value in plain_values(told):
                yield {**place, "name": name, "value": value, **_named(name, value)}


def _sampled(database: Database) -> Iterator[Mapping[str, Any]]:
    types = {"row": "int64", "at": "float64", "name": "string", "value": "string"}
    for batch in database.rows(_SAMPLES, types, _COLUMNS):
        for sample in batch.to_pylist():
            at = sample.pop("at")
            yield {**sample, "table": _SAMPLES, **timed(at, UNIX_SECONDS)}


def _named(name: str, value: str) -> dict[str, str]:
    """The process or host that a value is: by its own form, or by what its key says."""
    last = name.rpartition(".")[2].casefold()
    if "://" in value:
        host = url_host(value)
    else:
        host = normal_host(value) if "." in value and any(word in last for word in _HOST) else None
    if host:
        return {"host": host.name}
    if value.startswith("/") or (value and last in _PROCESS):
        return {"process": value.rstrip("/").rpartition("/")[2]}
    return {}
