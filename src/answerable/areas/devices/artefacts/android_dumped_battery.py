"""Android's battery statistics, as bug reports and dumps have them: what happened to apps, and what they did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.dumpsys.battery import daily, history
from answerable.areas.devices.artefacts.dumpsys.reading import DUMPS, Row, clock, service_lines
from answerable.areas.devices.artefacts.registry import BUGREPORT, artefact
from answerable.areas.devices.tables import APP_EVENTS
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.artefacts.source import Source


@artefact(
    "dumpsys_battery_daily",
    APP_EVENTS,
    "apps that were installed, updated or removed in the last days, as the battery statistics note them",
    places=DUMPS,
    expected={BUGREPORT: "always"},
    section="batterystats: Daily stats",
)
def dumpsys_battery_daily(source: Source) -> Iterator[Row]:
    """Changes of apps with the version after and before them; a day without any has no row."""
    lines = _Watched(source, "Daily stats:")
    yield from daily(source, lines, clock(source))
    lines.check()


@artefact(
    "dumpsys_battery_history",
    APP_EVENTS,
    "what apps did since the phone was charged: used, jobs, alarms, what kept it awake",
    places=DUMPS,
    expected={BUGREPORT: "always"},
    section="batterystats: Battery History",
)
def dumpsys_battery_history(source: Source) -> Iterator[Row]:
    """Events of the battery's history that name an app or a user of the system."""
    lines = _Watched(source, "Battery History")
    yield from history(source, lines, clock(source), source.acquisition.time)
    lines.check()


class _Watched:
    """The lines of the section; remembers whether the part that is asked for was among them."""

    def __init__(self, source: Source, part: str) -> None:
        self._source, self._part = source, part
        self._seen = self._any = False

    def __iter__(self) -> Iterator[tuple[int, str]]:
        for number, line in service_lines(self._source, "batterystats"):
            self._any = True
            self._seen = self._seen or line.startswith(self._part)
            yield number, line

    def check(self) -> None:
        """Raises EvidenceError where the part was not there."""
        if self._any and not self._seen:
            raise EvidenceError(
                f"the section of the service batterystats has no part {self._part.rstrip(':')!r}.",
                file=self._source.path,
            )
