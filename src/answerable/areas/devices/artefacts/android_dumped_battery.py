"""Android's battery statistics, as bug reports and dumps have them: what happened to apps, and what they did."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from answerable.areas.devices.artefacts.dumpsys.battery import daily, history
from answerable.areas.devices.artefacts.dumpsys.packages import users
from answerable.areas.devices.artefacts.dumpsys.reading import DUMPS, Row, clock, rows_of, sections, service_lines
from answerable.areas.devices.artefacts.registry import BUGREPORT, artefact
from answerable.areas.devices.tables import APP_EVENTS

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
    time = clock(source)
    lines = service_lines(source, "batterystats")
    yield from rows_of(source, lines, lambda given: daily(source, given, time), "Daily stats:")


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
    time, acquired = clock(source), source.acquisition.time
    lines = service_lines(source, "batterystats")
    apps = users(sections(source).service("package"))
    yield from rows_of(source, lines, lambda given: history(source, given, time, acquired, apps), "Battery History")
