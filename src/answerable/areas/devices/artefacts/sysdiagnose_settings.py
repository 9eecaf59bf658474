"""What a sysdiagnose says of the phone itself, and of the domains that its apps are linked with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.registry import SYSDIAGNOSE, artefact
from answerable.areas.devices.artefacts.times import ISO
from answerable.areas.devices.hosts import normal_host
from answerable.areas.devices.tables import ADDRESSES, SETTINGS
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.artefacts.source import Source

Row = Mapping[str, Any]

_FIELD = re.compile(r"(Service|App ID|Domain|Last Checked): +(.{1,2000})")
_PROPERTY = re.compile(r"\s*([\w .-]{1,100}) => (.{1,1000})")


@artefact(
    "linked_domains",
    ADDRESSES,
    "domains that apps are linked with, as the system checked them",
    places={SYSDIAGNOSE: ("swcutil_show.txt",)},
    expected={SYSDIAGNOSE: "always"},
    section="swcutil",
    unit=ISO,
)
def linked_domains(source: Source) -> Iterator[Row]:
    """Domains with the app that names them and the time of the last check.

    Source: Apple, TN3155, Debugging universal links: the form of the list.
    """
    known: dict[str, Any] = {}
    for number, line in source.lines():
        found = _FIELD.match(line)
        if found is None:
            continue
        if found[1] == "Service" and "Domain" in known:
            yield _linked(known)
        if found[1] == "Service":
            known = {}
        known.setdefault("row", number)
        known.setdefault(found[1], found[2].strip())
    if "Domain" in known:
        yield _linked(known)
    if not known:
        raise EvidenceError("no service is named in it: it is empty, or of an unknown form.", file=source.path)


def _linked(known: Row) -> Row:
    domain, checked = known["Domain"], known.get("Last Checked")
    host = normal_host(domain.partition("?")[0].removeprefix("*."))
    return {
        "row": known["row"], "url": domain, "host": host.name if host else None, "what": "setting",
        "title": known.get("Service"), "within": known.get("App ID"), "time_raw": checked, "time": _time(checked),
    }  # fmt: skip


def _time(said: str | None) -> datetime | None:
    try:
        return datetime.strptime(said or "", "%Y-%m-%d %H:%M:%S %z").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@artefact(
    "remote_properties",
    SETTINGS,
    "properties of the phone and of its parts",
    places={SYSDIAGNOSE: ("remotectl_dumpstate.txt",)},
    section="remotectl",
)
def remote_properties(source: Source) -> Iterator[Row]:
    """Properties in the order of the file: name => value."""
    told = False
    for number, line in source.lines():
        if found := _PROPERTY.fullmatch(line):
            told = True
            yield {"row": number, "namespace": "remotectl", "key": found[1].strip(), "value": found[2].strip()}
    if not told:
        raise EvidenceError("it holds no line of the form name => value.", file=source.path)
