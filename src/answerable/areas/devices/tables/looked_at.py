"""Tables over all others: which artefacts were looked for, and what in their rows an indicator could name."""

from __future__ import annotations

from answerable.areas.devices.tables.contents import (
    ADDRESSES,
    ATTACHMENTS,
    CALENDAR_ENTRIES,
    IDENTITIES,
    INTERACTIONS,
    LINKS,
    MESSAGES,
    REDIRECTIONS,
    VISITS,
)
from answerable.areas.devices.tables.declared import PHONE, PLACE
from answerable.areas.devices.tables.system import (
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
    PERMISSIONS,
    PROCESSES,
    PROFILE_EVENTS,
    PROPERTIES,
    SECURITY_EVENTS,
    SHUTDOWNS,
)
from answerable.core.table import Column, Table

ARTEFACTS = Table(
    name="artefacts",
    meaning="one kind of artefact that was looked for in an acquisition",
    exhibit=PHONE,
    columns={
        "device": PLACE["device"],
        "acquisition": Column("string", "kind of the acquisition, as ios backup"),
        "platform": Column("string", "ios or android"),
        "version": Column("string", "version of the system"),
        "acquired": Column("timestamp", "when it was acquired, as the acquisition says", "UTC"),
        "source": Column("string", "the kind of artefact, as safari_history"),
        "meaning": Column("string", "what it holds"),
        "holds": Column("string", "the declared table that its rows stand in"),
        "expected": Column("boolean", "whether an acquisition of this kind, of this version, should hold it"),
        "state": Column("string", "read, partly read, unreadable, absent, not held by this kind"),
        "files": Column("int64", "files of it"),
        "rows": Column("int64", "rows read"),
        "refused": Column("int64", "rows that could not be taken"),
        "first": Column("timestamp", "earliest time in it", "UTC"),
        "last": Column("timestamp", "latest time in it", "UTC"),
        "reason": Column("string", "why it could not be read, or read whole; what would give it"),
        "paths": Column("string", "paths of its files in the acquisition, one on each line"),
    },
)

OBSERVABLES = Table(
    name="observables",
    meaning="one value that an indicator could name",
    exhibit=PHONE,
    columns={
        **PLACE,
        "holds": Column("string", "the declared table that the value stands in"),
        "field": Column("string", "the column of that table"),
        "kind": Column("string", "host, url, process, email, path, app, property, ..."),
        "value": Column("string", "the value, in the spelling that indicators are compared in"),
        "found": Column("string", "what stands in the column"),
    },
)

OBSERVED: dict[str, dict[str, tuple[str, str]]] = {
    VISITS.name: {"host": ("host", "url"), "url": ("url", "url")},
    ADDRESSES.name: {"host": ("host", "url"), "url": ("url", "url")},
    REDIRECTIONS.name: {"origin_host": ("host", "origin"), "destination_host": ("host", "destination")},
    MESSAGES.name: {"sender": ("email", "sender")},
    LINKS.name: {"host": ("host", "url"), "url": ("url", "url")},
    ATTACHMENTS.name: {"path": ("path", "path")},
    INTERACTIONS.name: {"sender": ("email", "sender"), "recipient": ("email", "recipient"), "app": ("app", "app")},
    CALENDAR_ENTRIES.name: {"organiser": ("email", "organiser")},
    IDENTITIES.name: {"email": ("email", "address")},
    PROCESSES.name: {"process": ("process", "process"), "path": ("path", "path"), "app": ("app", "app")},
    SHUTDOWNS.name: {"process": ("process", "path"), "path": ("path", "path")},
    APPS.name: {"app": ("app", "app"), "path": ("path", "path")},
    APP_FILES.name: {
        name: (name, name)
        for name in (
            "path", "md5", "sha1", "sha256", "certificate_md5", "certificate_sha1", "certificate_sha256",
        )
    },
    APP_EVENTS.name: {"app": ("app", "app")},
    PERMISSIONS.name: {"app": ("app", "app")},
    COMPONENTS.name: {"app": ("app", "app")},
    CONFIGURATION_PROFILES.name: {
        "profile": ("configuration_profile", "profile"), "uuid": ("configuration_profile", "uuid"),
    },
    PROFILE_EVENTS.name: {"profile": ("configuration_profile", "profile"), "process": ("process", "process")},
    LOCATION_CLIENTS.name: {
        "app": ("app", "app"), "process": ("process", "executable"), "executable": ("path", "executable"),
        "path": ("path", "path"),
    },
    PROPERTIES.name: {"name": ("property", "name")},
    DEVICE_FILES.name: {
        "path": ("path", "relative_path"), "md5": ("md5", "md5"), "sha1": ("sha1", "sha1"),
        "sha256": ("sha256", "sha256"),
    },
    CRASHES.name: {"process": ("process", "process"), "path": ("path", "path")},
    CONNECTIONS.name: {
        "host": ("host", "host"), "address": ("host", "address"), "app": ("app", "app"),
        "process": ("process", "process"),
    },
    SECURITY_EVENTS.name: {"process": ("process", "process"), "app": ("app", "app"), "path": ("path", "path")},
    ANALYTICS.name: {"process": ("process", "process"), "host": ("host", "value")},
    DATABASE_USES.name: {"app": ("app", "app"), "path": ("path", "path")},
}  # fmt: skip
"""For each table the columns that an indicator could name, their kind, and the column that has them as found."""

HOSTS_OF: dict[str, dict[str, str]] = {
    VISITS.name: {"host": "url"},
    ADDRESSES.name: {"host": "url"},
    LINKS.name: {"host": "url"},
    REDIRECTIONS.name: {"origin_host": "origin", "destination_host": "destination"},
}
"""Columns that are filled with the host of another column, unless the reader gives them."""

FREE_TEXT: dict[str, tuple[str, ...]] = {
    MESSAGES.name: ("text", "subject"),
    CALENDAR_ENTRIES.name: ("summary", "description", "location", "links"),
}
"""Columns of free text, whose links are taken out into the table of links."""
