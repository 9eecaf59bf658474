"""Tables of what the system holds and noted: processes, apps, permissions, profiles, files, connections."""

from __future__ import annotations

from answerable.areas.devices.tables.declared import phone_table

USAGES = phone_table(
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
PROCESSES = phone_table(
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
SHUTDOWNS = phone_table(
    "shutdowns",
    "one client that was still there when the phone shut down",
    path="path of its program",
    process="last part of the path, without what iOS 26 appends",
    number="n: process number",
    delay="x: seconds that the shutdown had waited so far",
    shutdown="n: which shutdown of the log, from 1",
    rounds="n: how often the shutdown waited for it",
)
APPS = phone_table(
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
    runs_as="number of the user that the system runs it as",
    installed="t: when it was installed",
    updated="t: when it was last updated",
)
APP_FILES = phone_table(
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
APP_EVENTS = phone_table(
    "app_events",
    "something that happened to an app, or that it did",
    app="bundle or package",
    event="installed, updated, downgraded, uninstalled, disabled, used, woke, ...",
    version="version after it",
    before="version before it",
    user="user or uid",
    detail="whatever else the source says",
)
PERMISSIONS = phone_table(
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
COMPONENTS = phone_table(
    "components",
    "one part of an app that the system knows",
    app="bundle or package",
    component="its name",
    kind="activity, receiver, service, accessibility service, device administrator, ...",
    action="what it answers to",
    enabled="?: whether it is on",
)
CONFIGURATION_PROFILES = phone_table(
    "configuration_profiles",
    "one configuration profile, or one thing in it",
    profile="its identifier",
    uuid="its UUID",
    name="name that people see",
    organisation="who says to have made it",
    payload="type of the payload",
    detail="what the payload says, where it is short",
)
PROFILE_EVENTS = phone_table(
    "profile_events",
    "something that happened to a configuration profile",
    profile="its identifier",
    operation="installed, removed, ...",
    process="the process that did it",
)
LOCATION_CLIENTS = phone_table(
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
SETTINGS = phone_table(
    "settings",
    "one setting",
    namespace="where it belongs: global, secure, system, a preferences file, backup, ...",
    key="its name",
    value="its value as text",
)
PROPERTIES = phone_table("properties", "one property of the system", name="its name", value="its value")
DEVICE_FILES = phone_table(
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
MOUNTS = phone_table(
    "mounts",
    "one mounted file system",
    what="what is mounted",
    point="where",
    type="type of the file system",
    options="its options, separated by commas",
)
CRASHES = phone_table(
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
CONNECTIONS = phone_table(
    "connections",
    "one look-up of a name, or one connection",
    app="bundle or package",
    process="name of the process",
    host="host or address, in one spelling",
    address="address that was reached or found",
    port="n: port",
    kind="look-up or connection",
)
SECURITY_EVENTS = phone_table(
    "security_events",
    "one event of a system's security log",
    event="its name",
    process="name of the process",
    app="bundle or package",
    path="path of a file",
    user="user or uid",
    detail="all else that it says, as JSON",
)
ANALYTICS = phone_table(
    "analytics",
    "one value that the system's analytics or logs hold",
    name="name of the value, or of the event",
    value="the value as text",
    process="name of a process, where it names one",
    host="host in it, in one spelling, where it is an address",
)
DATABASE_USES = phone_table(
    "database_uses",
    "one database that an app has open",
    app="bundle or package",
    path="path of the database",
    statement="statement that was run, where noted",
)
ADB_KEYS = phone_table(
    "adb_keys",
    "one computer that may debug the phone",
    user="name that the computer gave",
    fingerprint="fingerprint of its key",
    key="its key",
    kind="how the phone knows it: allowed by the user, came with the system, connected before, connected last",
)
