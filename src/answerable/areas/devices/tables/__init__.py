"""Declared tables of what a phone holds. Every row says where it stands and when, as UTC and as the evidence has it."""

from __future__ import annotations

from answerable.areas.devices.tables import contents, system
from answerable.areas.devices.tables.contents import (
    ADDRESSES,
    ATTACHMENTS,
    CALENDAR_ENTRIES,
    CALLS,
    CONTACTS,
    IDENTITIES,
    INTERACTIONS,
    LINKS,
    MESSAGES,
    REDIRECTIONS,
    VISITS,
)
from answerable.areas.devices.tables.declared import PHONE, PLACE
from answerable.areas.devices.tables.looked_at import ARTEFACTS, FREE_TEXT, HOSTS_OF, OBSERVABLES, OBSERVED
from answerable.areas.devices.tables.system import (
    ADB_KEYS,
    ANALYTICS,
    APP_EVENTS,
    APP_FILES,
    APPS,
    COMPONENTS,
    CONFIGURATION_PROFILES,
    CONNECTIONS,
    CRASHES,
    DATABASE_USES,
    DEVICE_FILES,
    LOCATION_CLIENTS,
    MOUNTS,
    PERMISSIONS,
    PROCESSES,
    PROFILE_EVENTS,
    PROPERTIES,
    SECURITY_EVENTS,
    SETTINGS,
    SHUTDOWNS,
    USAGES,
)
from answerable.core.table import Table

TABLES = tuple(value for room in (contents, system) for value in vars(room).values() if isinstance(value, Table))
"""Every table of what a phone holds."""

__all__ = [
    "ADB_KEYS", "ADDRESSES", "ANALYTICS", "APPS", "APP_EVENTS", "APP_FILES", "ARTEFACTS", "ATTACHMENTS",
    "CALENDAR_ENTRIES", "CALLS", "COMPONENTS", "CONFIGURATION_PROFILES", "CONNECTIONS", "CONTACTS", "CRASHES",
    "DATABASE_USES", "DEVICE_FILES", "FREE_TEXT", "HOSTS_OF", "IDENTITIES", "INTERACTIONS", "LINKS",
    "LOCATION_CLIENTS", "MESSAGES", "MOUNTS", "OBSERVABLES", "OBSERVED", "PERMISSIONS", "PHONE", "PLACE",
    "PROCESSES", "PROFILE_EVENTS", "PROPERTIES", "REDIRECTIONS", "SECURITY_EVENTS", "SETTINGS", "SHUTDOWNS",
    "TABLES", "USAGES", "VISITS",
]  # fmt: skip
