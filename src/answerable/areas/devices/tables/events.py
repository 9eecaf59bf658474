"""The timeline: one event for each moment that a row of any table of a phone names."""

from __future__ import annotations

from answerable.areas.devices.tables import contents, system
from answerable.areas.devices.tables.declared import PHONE, PLACE
from answerable.core.table import Column, Table

EVENTS = Table(
    name="events",
    meaning="one moment that a row of a phone's tables names",
    exhibit=PHONE,
    columns={
        **PLACE,
        "holds": Column("string", "the declared table that the row stands in"),
        "moment": Column("string", "the column that the time stands in, as time, installed, last"),
        "what": Column("string", "what the row is about, in its own words"),
    },
)

WHAT: dict[str, tuple[str, ...]] = {
    contents.ADDRESSES.name: ("url",),
    contents.ATTACHMENTS.name: ("path",),
    contents.CALENDAR_ENTRIES.name: ("summary", "organiser"),
    contents.CALLS.name: ("number", "app"),
    contents.CONTACTS.name: ("address",),
    contents.IDENTITIES.name: ("address",),
    contents.INTERACTIONS.name: ("app", "sender"),
    contents.LINKS.name: ("url",),
    contents.MESSAGES.name: ("sender", "recipient", "app"),
    contents.REDIRECTIONS.name: ("origin", "destination"),
    contents.VISITS.name: ("url",),
    system.ADB_KEYS.name: ("fingerprint",),
    system.ANALYTICS.name: ("process", "name"),
    system.APP_EVENTS.name: ("app", "event"),
    system.APP_FILES.name: ("app", "path"),
    system.APPS.name: ("app",),
    system.COMPONENTS.name: ("app", "component"),
    system.CONFIGURATION_PROFILES.name: ("profile", "payload"),
    system.CONNECTIONS.name: ("host", "address", "app"),
    system.CRASHES.name: ("process", "reason"),
    system.DATABASE_USES.name: ("app", "path"),
    system.DEVICE_FILES.name: ("path", "relative_path"),
    system.LOCATION_CLIENTS.name: ("process", "app"),
    system.MOUNTS.name: ("point",),
    system.PERMISSIONS.name: ("app", "permission"),
    system.PROCESSES.name: ("process", "app"),
    system.PROFILE_EVENTS.name: ("profile", "operation"),
    system.PROPERTIES.name: ("name",),
    system.SECURITY_EVENTS.name: ("event", "process"),
    system.SETTINGS.name: ("key",),
    system.SHUTDOWNS.name: ("path",),
    system.USAGES.name: ("process", "app"),
}
"""For each table the columns that say what a row is about."""
LEFT_OUT = {contents.LINKS.name}
"""Tables whose rows are taken out of others: their moments are those of what they came from."""
