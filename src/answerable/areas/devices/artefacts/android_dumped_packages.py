"""Android's package manager, as bug reports and dumps have it: apps, permissions, and what answers to what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.dumpsys.packages import packages, resolved
from answerable.areas.devices.artefacts.dumpsys.reading import DUMPS, Lines, Row, clock, rows_of, service_lines
from answerable.areas.devices.artefacts.registry import BUGREPORT, artefact
from answerable.areas.devices.tables import APPS, COMPONENTS, PERMISSIONS

if TYPE_CHECKING:
    from answerable.areas.devices.artefacts.source import Source


@artefact(
    "dumpsys_packages",
    APPS,
    "apps, as the package manager lists them",
    places=DUMPS,
    expected={BUGREPORT: "always"},
    section="package",
)
def dumpsys_packages(source: Source) -> Iterator[Row]:
    """Packages with version, times, installer, and whether they are the system's, disabled, or installed at all."""
    time = clock(source)

    def apps(lines: Lines) -> Iterator[Row]:
        return (one.app(time) for one in packages(source.refuse, lines) if not one.is_shared)

    yield from rows_of(source, service_lines(source, "package"), apps)


@artefact(
    "dumpsys_permissions",
    PERMISSIONS,
    "permissions of apps, as the package manager lists them",
    places=DUMPS,
    expected={BUGREPORT: "always"},
    section="package",
)
def dumpsys_permissions(source: Source) -> Iterator[Row]:
    """Permissions that apps have, were denied, or only asked for; of packages that share a uid, under its name."""

    def permissions(lines: Lines) -> Iterator[Row]:
        return (row for one in packages(source.refuse, lines) for row in one.decisions())

    yield from rows_of(source, service_lines(source, "package"), permissions)


def _resolver(kind: str, meaning: str) -> Callable[[Source], Iterator[Row]]:
    table = f"{kind.capitalize()} Resolver Table"

    def parse(source: Source) -> Iterator[Row]:
        yield from rows_of(source, service_lines(source, "package"), lambda lines: resolved(lines, table, kind))

    name = {"activity": "dumpsys_activities"}.get(kind, f"dumpsys_{kind}s")
    artefact(
        name, COMPONENTS, meaning, places=DUMPS, expected={BUGREPORT: "always"}, section=f"package: {table}"
    )(parse)  # fmt: skip
    return parse


dumpsys_activities = _resolver("activity", "what opens a screen of an app: links, kinds of files, actions")
dumpsys_receivers = _resolver("receiver", "what apps are told of: messages received, calls, the start of the phone")
dumpsys_services = _resolver("service", "what apps do in the background on the system's or another app's call")
