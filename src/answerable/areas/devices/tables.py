"""Declared tables of what a phone holds. Every row says where it stands and when, as UTC and as the evidence has it."""

from __future__ import annotations

from answerable.core.table import Column, ColumnType, Table

PHONE = "phone"
"""The kind of exhibit that holds these tables: a backup, a dump, an archive of logs."""

PLACE = {
    "device": Column("string", "the phone, by the name of its acquisition"),
    "exhibit": Column("string", "SHA-256 of the file that holds the row, as it lies in the acquisition"),
    "artefact": Column("string", "path of that file in the acquisition"),
    "source": Column("string", "what kind of artefact it is, as safari_history"),
    "table": Column("string", "table or section within the file; empty where it has none"),
    "row": Column("string", "primary key of the row in its source, or the number of the entry or line, from 1"),
    "time": Column("timestamp", "when it happened", "UTC"),
    "time_raw": Column("string", "the same as the evidence has it"),
    "time_unit": Column("string", "unit and origin of time_raw, as seconds since 2001-01-01 UTC"),
}
"""Where a row stands, and when; the same in every table of a phone."""

_TYPES: dict[str, ColumnType] = {
    "n": "int64", "x": "float64", "?": "boolean", "t": "timestamp"
}  # fmt: skip


def _table(name: str, meaning: str, /, **columns: str) -> Table:
    """A table of a phone: texts, unless a column's meaning begins with n: (whole number), x: (number), ?: or t:."""
    declared = dict(PLACE)
    for column, text in columns.items():
        kind, _, rest = text.partition(": ") if text[1:3] == ": " else ("", "", text)
        declared[column] = Column(_TYPES.get(kind, "string"), rest, "UTC" if kind == "t" else "")
    return Table(name=name, meaning=meaning, columns=declared, exhibit=PHONE)


VISITS = _table(
    "visits",
    "one visit of a browser to a page",
    url="address of the page",
    host="its host, in one spelling",
    title="title of the page",
    browser="Safari, Chrome, Firefox, ...",
    profile="profile of the browser; empty for the usual one",
    redirect_source="row of the visit that led here by a redirect",
    redirect_destination="row of the visit to which this one was redirected",
)
ADDRESSES = _table(
    "addresses",
    "one address of a page that the phone holds without its being a visit",
    url="the address, or the bare domain",
    host="its host, in one spelling",
    what="what held it: tab, icon, cache, shortcut, website data, statistics, setting",
    title="text beside it",
    within="the page, host or app in whose name it was held",
)
REDIRECTIONS = _table(
    "redirections",
    "one redirection between sites that WebKit noted",
    origin="registrable domain, or address, that was left or on whose page it happened",
    destination="where it led",
    origin_host="host of origin, in one spelling",
    destination_host="host of destination, in one spelling",
    kind="how it was noted, as redirect source, subresource, top frame",
)
MESSAGES = _table(
    "messages",
    "one message",
    app="the app or service: SMS, iMessage, WhatsApp, MMS, ...",
    chat="conversation",
    sender="address or number of who sent it; empty where the phone's owner did",
    recipient="address or number of who received it, where known",
    from_owner="?: whether the phone's owner sent it",
    text="what it says",
    subject="subject line",
    kind="the service's own word for its kind; empty for an ordinary message",
)
LINKS = _table(
    "links",
    "one link in a text: of a message, a calendar entry, a note",
    url="the link as written",
    host="its host, in one spelling",
    within="the table that the text stands in, as messages",
    field="the column that the text stands in",
)
ATTACHMENTS = _table(
    "attachments",
    "one file that came or went with a message",
    path="path or name of the file",
    type="media type",
    from_owner="?: whether the phone's owner sent it",
    size="n: bytes",
    message="row of the message",
)
CALLS = _table(
    "calls",
    "one call",
    number="number or address of the other side",
    app="the app or service that carried it",
    from_owner="?: whether the phone's owner called",
    answered="?: whether it was answered",
    duration="x: seconds",
)
CONTACTS = _table(
    "contacts",
    "one number or address of a contact",
    name="name of the contact",
    organisation="organisation",
    address="number, e-mail address or other address",
    kind="phone, email, ...",
)
INTERACTIONS = _table(
    "interactions",
    "one exchange with another person that the system noted",
    app="bundle or package of the app",
    sender="who sent",
    recipient="who received",
    from_owner="?: whether the phone's owner was the sender",
    mechanism="the system's own word for the kind of exchange",
    account="account of the phone's owner",
    ended="t: when it ended",
)
CALENDAR_ENTRIES = _table(
    "calendar_entries",
    "one entry of a calendar",
    summary="title",
    description="text",
    location="place",
    organiser="e-mail address of who organised it",
    attendees="e-mail addresses of who is invited, separated by spaces",
    begins="t: when it begins",
    ends="t: when it ends",
    created="t: when it was made",
    modified="t: when it was last changed",
)
IDENTITIES = _table(
    "identities",
    "one address that the phone asked Apple's identity service about",
    address="the address as kept, as mailto:name@example.org",
    email="the e-mail address, where it is one",
    status="what the service answered",
    service="which service asked",
)
USAGES = _table(
    "usages",
    "what one process sent and received, as the system counted it",
    process="name of the process; empty where the row has none",
    process_row="row of the process in its own table; empty where there is none",
    app="bundle of the app",
    kind="the system's own word for the kind of count",
    first="t: when the process was first seen",
    last="t: when the process was last seen",
    wifi_in="x: bytes received by Wi-Fi",
    wifi_out="x: bytes sent by Wi-Fi",
    mobile_in="x: bytes received by the mobile network",
    mobile_out="x: bytes sent by the mobile network",
)
PROCESSES = _table(
    "processes",
    "one process that was running, or was noted by the system",
    process="its name",
    path="path of its program, where known",
    app="its app",
    user="user that it ran as",
    number="n: process number",
    parent="n: process number of its parent",
    last="t: when it was last seen",
)
SHUTDOWNS = _table(
    "shutdowns",
    "one client that was still there when the phone shut down",
    path="path of its program",
    process="last part of the path, without what iOS 26 appends",
    number="n: process number",
    delay="x: seconds that the shutdown had waited so far",
    shutdown="n: which shutdown of the log, from 1",
    rounds="n: how often the shutdown waited for it",
)
APPS = _table(
    "apps",
    "one app",
    app="bundle or package",
    name="name that people see",
    version="version",
    installer="who installed it: a store's app or bundle; empty where not said",
    initiator="who asked for the installation, as the shell",
    origin="the phone's own word for where it came from",
    path="where it is installed",
    system="?: whether it came with the system",
    disabled="?: whether it is disabled",
    third_party="?: whether it came from elsewhere",
    users="numbers of the phone's users for whom it is installed, separated by spaces",
    installed="t: when it was installed",
    updated="t: when it was last updated",
)
APP_FILES = _table(
    "app_files",
    "one file of an app with its digests and the certificate that signed it",
    app="bundle or package",
    path="path of the file",
    md5="MD5 of the file",
    sha1="SHA-1 of the file",
    sha256="SHA-256 of the file",
    certificate_md5="MD5 of the certificate",
    certificate_sha1="SHA-1 of the certificate",
    certificate_sha256="SHA-256 of the certificate",
    subject="whom the certificate names",
    issuer="who issued it",
)
APP_EVENTS = _table(
    "app_events",
    "something that happened to an app, or that it did",
    app="bundle or package",
    event="installed, updated, downgraded, uninstalled, disabled, used, woke, ...",
    version="version after it",
    before="version before it",
    user="user or uid",
    detail="whatever else the source says",
)
PERMISSIONS = _table(
    "permissions",
    "what an app may do, or did",
    app="bundle or package, or path of the program",
    permission="the permission, in the system's own word",
    decision="allowed, denied, limited, asked, ...",
    by="who decided: the user, the system, a policy",
    used="t: when it was last used",
    refused="t: when it was last refused",
    duration="x: seconds that the last use took",
    state="what the app was doing then, in the system's own word, as top or background",
    user="user or uid",
)
COMPONENTS = _table(
    "components",
    "one part of an app that the system knows",
    app="bundle or package",
    component="its name",
    kind="activity, receiver, service, accessibility service, device administrator, ...",
    action="what it answers to",
    enabled="?: whether it is on",
)
CONFIGURATION_PROFILES = _table(
    "configuration_profiles",
    "one configuration profile, or one thing in it",
    profile="its identifier",
    uuid="its UUID",
    name="name that people see",
    organisation="who says to have made it",
    payload="type of the payload",
    detail="what the payload says, where it is short",
)
PROFILE_EVENTS = _table(
    "profile_events",
    "something that happened to a configuration profile",
    profile="its identifier",
    operation="installed, removed, ...",
    process="the process that did it",
)
LOCATION_CLIENTS = _table(
    "location_clients",
    "one program that asked where the phone is",
    app="bundle",
    path="path of the bundle",
    executable="path of the program",
    process="name of the program",
    registered="registered as",
    authorised="what it may do, in the system's own word",
    began="t: when it last began to receive places",
    stopped="t: when it last stopped",
)
SETTINGS = _table(
    "settings",
    "one setting",
    namespace="where it belongs: global, secure, system, a preferences file, backup, ...",
    key="its name",
    value="its value as text",
)
PROPERTIES = _table("properties", "one property of the system", name="its name", value="its value")
DEVICE_FILES = _table(
    "device_files",
    "one file, folder or link on the phone, or in its backup",
    path="absolute path on the phone, as far as it is known",
    relative_path="path within the domain, as the backup has it",
    domain="domain of the backup",
    kind="file, folder, link, ...",
    size="n: bytes",
    mode="n: type and permissions, as Unix has them",
    owner="n: user number",
    group_number="n: group number",
    born="t: when it was made",
    modified="t: when its content was last changed",
    changed="t: when its entry was last changed",
    target="where a link leads",
    md5="MD5",
    sha1="SHA-1",
    sha256="SHA-256",
    context="security context",
    present="?: whether the acquisition holds its content",
)
MOUNTS = _table(
    "mounts",
    "one mounted file system",
    what="what is mounted",
    point="where",
    type="type of the file system",
    options="its options, separated by commas",
)
CRASHES = _table(
    "crashes",
    "one crash or kill of a process",
    process="its name",
    path="path of its program",
    user="user that it ran as",
    number="n: process number",
    reason="signal or reason",
    version="version of app or system",
    detail="the first lines of what was noted",
)
CONNECTIONS = _table(
    "connections",
    "one look-up of a name, or one connection",
    app="bundle or package",
    process="name of the process",
    host="host or address, in one spelling",
    address="address that was reached or found",
    port="n: port",
    kind="look-up or connection",
)
SECURITY_EVENTS = _table(
    "security_events",
    "one event of a system's security log",
    event="its name",
    process="name of the process",
    app="bundle or package",
    path="path of a file",
    user="user or uid",
    detail="all else that it says, as JSON",
)
ANALYTICS = _table(
    "analytics",
    "one value that the system's analytics or logs hold",
    name="name of the value, or of the event",
    value="the value as text",
    process="name of a process, where it names one",
    host="host in it, in one spelling, where it is an address",
)
DATABASE_USES = _table(
    "database_uses",
    "one database that an app has open",
    app="bundle or package",
    path="path of the database",
    statement="statement that was run, where noted",
)
ADB_KEYS = _table(
    "adb_keys",
    "one computer that may debug the phone",
    user="name that the computer gave",
    fingerprint="fingerprint of its key",
    key="its key",
    kind="how the phone knows it: allowed by the user, came with the system, connected before, connected last",
)

TABLES = tuple(value for value in list(globals().values()) if isinstance(value, Table))
"""Every table of what a phone holds."""

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
    CALENDAR_ENTRIES.name: ("summary", "description", "location"),
}
"""Columns of free text, whose links are taken out into the table of links."""
