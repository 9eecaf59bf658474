"""What processes sent and received, as the system's analytics keep it from day to day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.plist_values import mapping_of, moment, real, timed
from answerable.areas.devices.artefacts.registry import IOS_BACKUP, IOS_FILES, artefact
from answerable.areas.devices.artefacts.times import MAC_SECONDS
from answerable.areas.devices.tables import PROCESSES, USAGES
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.acquisition.recognise import Kind
    from answerable.areas.devices.artefacts.registry import Expectation
    from answerable.areas.devices.artefacts.source import Source

_FILE = "Library/Preferences/com.apple.osanalytics.addaily.plist"
_PLACES: dict[Kind, tuple[str, ...]] = {
    IOS_BACKUP: (f"HomeDomain/{_FILE}",),
    IOS_FILES: (f"private/var/mobile/{_FILE}",),
}
_EXPECTED: dict[Kind, Expectation] = {IOS_BACKUP: "always", IOS_FILES: "always"}
_BASELINE = "netUsageBaseline"


def _entries(source: Source) -> Iterator[tuple[int, str, list[Any]]]:
    """Processes with their date and counts: received and sent by Wi-Fi, received and sent by the mobile network."""
    held = mapping_of(source).get(_BASELINE)
    if held is None:
        source.notes.append(f"{_BASELINE} is not in it: analytics counted no network usage.")
        return
    if not isinstance(held, Mapping):
        raise EvidenceError(f"{_BASELINE} is no list of names and values.", file=source.path)
    for row, (process, told) in enumerate(held.items(), start=1):
        if isinstance(told, list) and told:
            yield row, process, [*told, *[None] * 5][:5]
        else:
            source.refuse("the counts of a process are no list", row)


@artefact(
    "os_analytics",
    USAGES,
    "what processes sent and received, as analytics count it",
    places=_PLACES,
    expected=_EXPECTED,
    section=_BASELINE,
    unit=MAC_SECONDS,
)
def os_analytics(source: Source) -> Iterator[Mapping[str, Any]]:
    """Counts of each process since the date when they were begun."""
    for row, process, (date, *counts) in _entries(source):
        yield {
            "row": row, "process": process, "kind": "analytics", **timed(date, MAC_SECONDS),
            **dict(zip(("wifi_in", "wifi_out", "mobile_in", "mobile_out"), map(real, counts), strict=True)),
        }  # fmt: skip


@artefact(
    "os_analytics_processes",
    PROCESSES,
    "processes whose network usage analytics count",
    places=_PLACES,
    expected=_EXPECTED,
    section=_BASELINE,
    unit=MAC_SECONDS,
)
def os_analytics_processes(source: Source) -> Iterator[Mapping[str, Any]]:
    """Processes, each once; a name such as "mediaserverd/com.example" is the process and what it ran for."""
    for row, name, (date, *_) in _entries(source):
        process, slash, app = name.partition("/")
        whole = not process
        yield {
            "row": row, "process": name if whole else process, "app": app if slash and not whole else None,
            "last": moment(date, MAC_SECONDS), **timed(date, MAC_SECONDS),
        }  # fmt: skip
