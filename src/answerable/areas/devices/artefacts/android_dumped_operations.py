"""Android's app operations (appops), as bug reports and dumps have them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.dumpsys.appops import operations
from answerable.areas.devices.artefacts.dumpsys.reading import DUMPS, Row, clock, dumped, rows_of, service_lines
from answerable.areas.devices.artefacts.registry import BUGREPORT, artefact
from answerable.areas.devices.tables import PERMISSIONS

if TYPE_CHECKING:
    from answerable.areas.devices.artefacts.source import Source


@artefact(
    "dumpsys_appops",
    PERMISSIONS,
    "when apps last used the camera, the microphone, the place and other operations, or were refused",
    places=DUMPS,
    expected={BUGREPORT: "always"},
    section="appops",
)
def dumpsys_appops(source: Source) -> Iterator[Row]:
    """Each use and each refusal that the system keeps, with what the app was doing; operations without any, once."""
    lines = service_lines(source, "appops")
    time, ended = clock(source), dumped(source, "appops")
    yield from rows_of(source, lines, lambda given: operations(source, given, time, ended))
