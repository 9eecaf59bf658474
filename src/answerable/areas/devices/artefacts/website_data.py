"""What WebKit keeps of sites against tracking: which it saw, and which led to which.

WebKit keeps it in a database since iOS 13.4, before in a property list; both name registrable domains, not pages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.reading import APP, GROUP, KeyedValues, with_columns
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import UNIX_SECONDS, utc_of
from answerable.areas.devices.hosts import url_hosts
from answerable.areas.devices.tables import ADDRESSES, REDIRECTIONS
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    import pyarrow as pa

    from answerable.areas.devices.acquisition.recognise import Kind
    from answerable.areas.devices.acquisition.sqlite import Database
    from answerable.areas.devices.artefacts.source import Source

_RELATIONS = (
    ("TopFrameUniqueRedirectsTo", "sourceDomainID", "toDomainID", "redirect of a page"),
    ("TopFrameUniqueRedirectsToSinceSameSiteStrictEnforcement", "sourceDomainID", "toDomainID", "redirect of a page"),
    ("TopFrameUniqueRedirectsFrom", "fromDomainID", "targetDomainID", "redirect of a page"),
    ("TopFrameLinkDecorationsFrom", "fromDomainID", "toDomainID", "decorated link"),
    ("SubresourceUniqueRedirectsTo", "subresourceDomainID", "toDomainID", "redirect of a part of a page"),
    ("SubresourceUniqueRedirectsFrom", "fromDomainID", "subresourceDomainID", "redirect of a part of a page"),
    ("TopFrameLoadedThirdPartyScripts", "topFrameDomainID", "subresourceDomainID", "script of a page"),
    ("SubframeUnderTopFrameDomains", "topFrameDomainID", "subFrameDomainID", "frame of a page"),
    ("SubresourceUnderTopFrameDomains", "topFrameDomainID", "subresourceDomainID", "part of a page"),
    ("StorageAccessUnderTopFrameDomains", "topLevelDomainID", "domainID", "access to storage on a page"),
)
"""Tables of WebKit's database: where it was, where it led, and what the table notes; the same in the property list."""
_LISTED = {
    "topFrameUniqueRedirectsTo": (True, "redirect of a page"),
    "topFrameUniqueRedirectsFrom": (False, "redirect of a page"),
    "topFrameLinkDecorationsFrom": (False, "decorated link"),
    "subresourceUniqueRedirectsTo": (True, "redirect of a part of a page"),
    "subresourceUniqueRedirectsFrom": (False, "redirect of a part of a page"),
    "topFrameLoadedThirdPartyScripts": (True, "script of a page"),
    "subframeUnderTopFrameDomains": (False, "frame of a page"),
    "subframeUnderTopFrameOrigins": (False, "frame of a page"),
    "subresourceUnderTopFrameDomains": (False, "part of a page"),
    "subresourceUnderTopFrameOrigins": (False, "part of a page"),
    "storageAccessUnderTopFrameDomains": (False, "access to storage on a page"),
    "storageAccessUnderTopFrameOrigins": (False, "access to storage on a page"),
}
"""Lists of the property list: whether the site that has the list is where it was, and what the list notes."""


_PLACES: dict[Kind, tuple[str, ...]] = {
    kind: tuple(
        f"{folder}/Library/WebKit/**/ResourceLoadStatistics/{name}"
        for folder in folders
        for name in ("observations.db", "full_browsing_session_resourceLog.plist")
    )
    for kind, folders in {IOS_BACKUP: ("*",), IOS_FILES: (APP, GROUP, "private/var/mobile")}.items()
}


@artefact(
    "webkit_sites",
    ADDRESSES,
    "sites that WebKit saw, in Safari and in apps",
    places=_PLACES,
    expected={IOS_FILES: "always"},
    unit=UNIX_SECONDS,
)
def webkit_sites(source: Source) -> Iterator[pa.RecordBatch | Mapping[str, Any]]:
    """Registrable domains with the time when each was last seen, which WebKit rounds."""
    if source.path.endswith(".plist"):
        for row, name, site in _listed(source):
            yield {**_seen(row, site), "url": name, "host": _host(name), "what": "statistics", "within": _app(source)}
        return
    types = {"row": "int64", "time_raw": "float64", "url": "string"}
    with source.database() as database:
        columns = {"row": "domainID", "time_raw": "lastSeen", "url": "registrableDomain"}
        for batch in database.rows("ObservedDomains", types, columns):
            more = {"what": "statistics", "table": "ObservedDomains", "within": _app(source)}
            yield with_columns(batch, host=_hosts(batch.column("url")), time=_known(batch), **more)


@artefact(
    "webkit_redirections",
    REDIRECTIONS,
    "which site led to which, as WebKit noted",
    places=_PLACES,
    expected={IOS_FILES: "always"},
    unit=UNIX_SECONDS,
)
def webkit_redirections(source: Source) -> Iterator[pa.RecordBatch | Mapping[str, Any]]:
    """Pairs of registrable domains.

    A database has times for some of them; in a property list the time is when the site that has the pair was last seen.
    """
    if source.path.endswith(".plist"):
        for row, name, site in _listed(source):
            for origin, destination, kind in _pairs(site, name):
                hosts = {"origin_host": _host(origin), "destination_host": _host(destination)}
                yield {**_seen(row, site), "origin": origin, "destination": destination, "kind": kind, **hosts}
        return
    with source.database() as database:
        domains = KeyedValues(source, database, "ObservedDomains", "domainID", "registrableDomain")
        here = [one for one in _RELATIONS if database.has(*one[:3])]
        if not here:
            raise EvidenceError("It has none of WebKit's tables of which site led to which.", file=source.path)
        for table, origin, destination, kind in here:
            yield from _related(database, domains, table, origin, destination, kind)


def _related(
    database: Database, domains: KeyedValues, table: str, origin: str, destination: str, kind: str
) -> Iterator[pa.RecordBatch]:
    types = {"row": "int64", "time_raw": "float64", "origin": "int64", "destination": "int64"}
    columns = {"row": "rowid", "time_raw": "lastUpdated", "origin": origin, "destination": destination}
    for batch in database.rows(table, types, columns):
        names = {name: domains.of(batch.column(name)) for name in ("origin", "destination")}
        hosts = {f"{name}_host": _hosts(named) for name, named in names.items()}
        yield with_columns(batch, table=table, kind=kind, time=_known(batch), **names, **hosts)


def _listed(source: Source) -> Iterator[tuple[int, str, Mapping[str, Any]]]:
    """The sites of a property list: number, name, and what is kept of each."""
    held = source.plist()
    sites = held.get("browsingStatistics") if isinstance(held, dict) else None
    if not isinstance(sites, list):
        raise EvidenceError("It has no list of sites.", file=source.path)
    for row, site in enumerate(sites, start=1):
        if name := _text(site, "PrevalentResourceDomain", "PrevalentResourceOrigin"):
            yield row, name, site
        else:
            source.refuse("a site without a name", row)


def _seen(row: int, site: Mapping[str, Any]) -> dict[str, Any]:
    last = site.get("lastSeen")
    raw = last if isinstance(last, (int, float)) else None
    time = utc_of(raw, UNIX_SECONDS) if raw and raw > 0 else None
    return {"row": row, "table": "browsingStatistics", "time_raw": raw, "time": time}


def _pairs(site: Mapping[str, Any], name: str) -> Iterator[tuple[str, str, str]]:
    for key, (from_here, kind) in _LISTED.items():
        others = site.get(key)
        for other in others if isinstance(others, list) else ():
            if there := _text(other, "domain", "origin"):
                yield (name, there, kind) if from_here else (there, name, kind)


def _text(value: Any, *keys: str) -> str:
    """The first text that a dictionary has under one of the keys; empty where it has none."""
    texts = [value[key] for key in keys if isinstance(value.get(key), str)] if isinstance(value, dict) else []
    return texts[0] if texts else ""


def _known(batch: pa.RecordBatch) -> pa.Array:
    """Times that are there: WebKit writes -1 for never."""
    import pyarrow as pa
    import pyarrow.compute as pc

    raw = batch.column("time_raw")
    return pc.if_else(pc.greater(raw, 0.0), raw, pa.scalar(None, pa.float64()))


def _hosts(domains: pa.Array) -> pa.Array:
    """The hosts that bare domains are, in one spelling."""
    import pyarrow.compute as pc

    return url_hosts(pc.binary_join_element_wise("http://", domains, ""))


@lru_cache(maxsize=10_000)
def _host(domain: str) -> Any:
    import pyarrow as pa

    return _hosts(pa.array([domain], pa.string()))[0].as_py()


def _app(source: Source) -> str:
    """The app whose web pages these are: its bundle in a backup; empty in a file system, where its folder has none."""
    return source.path.split("/")[0].partition("-")[2]
