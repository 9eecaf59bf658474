"""Android's intrusion logs: what a phone under Advanced Protection looked up, reached, started, and let happen.

One event stands on each line, as JSON under the name of its kind: dns_event, connect_event, security_event, and
whatever kinds are added to them. An event of the security log holds its own under the name of its tag, or its tag as a
number with a list of values. Times are milliseconds since 1970, and nanoseconds in the security log.

Source: Android reference, android.app.admin: DnsEvent, ConnectEvent, SecurityLog; Android Open Source Project,
SecurityLogTags.logtags for tags and names of values; exports of Android 16 and 17 as their users describe them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from answerable.areas.devices.artefacts.androidqf import text_of, whole_of
from answerable.areas.devices.artefacts.registry import INTRUSION_LOGS, artefact
from answerable.areas.devices.artefacts.times import (
    UNIX_MICROSECONDS,
    UNIX_MILLISECONDS,
    UNIX_NANOSECONDS,
    UNIX_SECONDS,
)
from answerable.areas.devices.hosts import normal_host
from answerable.areas.devices.tables import APP_EVENTS, APP_FILES, CONNECTIONS, PROCESSES, SECURITY_EVENTS
from answerable.errors import EvidenceError

if TYPE_CHECKING:
    from answerable.areas.devices.acquisition.recognise import Kind
    from answerable.areas.devices.artefacts.registry import Expectation
    from answerable.areas.devices.artefacts.source import Source

LOGS: dict[Kind, tuple[str, ...]] = {INTRUSION_LOGS: ("*",)}
ALWAYS: dict[Kind, Expectation] = {INTRUSION_LOGS: "always"}
_KINDS = ("dns_event", "connect_event", "security_event")
_START = "app_process_start"
_APP_EVENTS = {"package_installed": "installed", "package_updated": "updated", "package_uninstalled": "uninstalled"}
_TAGS = {
    210001: ("adb_shell_interactive",), 210002: ("adb_shell_cmd", "command"),
    210003: ("adb_sync_recv_file", "path"), 210004: ("adb_sync_send_file", "path"),
    210005: (_START, "process", "start_time", "uid", "pid", "seinfo", "sha256"),
    210006: ("keyguard_dismissed",), 210007: ("keyguard_dismiss_auth_attempt", "success", "method_strength"),
    210008: ("keyguard_secured",), 210009: ("os_startup", "boot_state", "verity_mode"), 210010: ("os_shutdown",),
    210011: ("logging_started",), 210012: ("logging_stopped",), 210013: ("media_mounted", "path", "label"),
    210014: ("media_unmounted", "path", "label"), 210015: ("log_buffer_size_critical",),
    210024: ("key_generated", "success", "key_id", "uid"), 210025: ("key_imported", "success", "key_id", "uid"),
    210026: ("key_destroyed", "success", "key_id", "uid"),
    210029: ("cert_authority_installed", "success", "subject", "target_user"),
    210030: ("cert_authority_removed", "success", "subject", "target_user"),
    210031: ("crypto_self_test_completed", "success"), 210032: ("key_integrity_violation", "key_id", "uid"),
    210033: ("cert_validation_failure", "reason"), 210036: ("password_changed", "password_complexity", "target_user"),
    210037: ("wifi_connection", "bssid", "event_type", "reason"),
    210038: ("wifi_disconnection", "bssid", "reason"), 210039: ("bluetooth_connection", "addr", "success", "reason"),
    210040: ("bluetooth_disconnection", "addr", "reason"),
    210041: ("package_installed", "package_name", "version_code", "user_id"),
    210042: ("package_updated", "package_name", "version_code", "user_id"),
    210043: ("package_uninstalled", "package_name", "version_code", "user_id"),
    210044: ("backup_service_toggled", "package", "admin_user", "enabled"),
}  # fmt: skip
"""Tags of SecurityLog: the event, and what its values are called."""

_UNITS = (
    (10**17, 10**9, UNIX_NANOSECONDS), (10**14, 10**6, UNIX_MICROSECONDS), (10**11, 10**3, UNIX_MILLISECONDS),
    (0, 1, UNIX_SECONDS),
)  # fmt: skip
"""Least number, how many make a second, unit: as numbers stand for the years 1973 to 5138."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Event = tuple[int, str, dict[str, Any]]
"""Number of the line, kind of the event, what it says."""


@artefact(
    "intrusion_log_lookups", CONNECTIONS, "names that apps looked up", places=LOGS, expected=ALWAYS,
    section="dns_event", unit=UNIX_MILLISECONDS,
)  # fmt: skip
def lookups(source: Source) -> Iterator[Mapping[str, Any]]:
    """Names that were looked up, a row for each address that was found; the row is the line."""
    for number, _, one in _events(source, lambda kind: kind == "dns_event"):
        host = _host(text_of(one.get("hostname")))
        found = one.get("ip_addresses")
        addresses = [_address(each)[1] for each in found] if isinstance(found, list) else []
        if host is None and not any(addresses):
            source.refuse("a look-up without a name", number)
            continue
        for address in dict.fromkeys(addresses or [None]):
            said = {"app": text_of(one.get("package_name")), "host": host, "address": address, "kind": "look-up"}
            yield {"row": number, **said, **_when(one)}


@artefact(
    "intrusion_log_connections", CONNECTIONS, "addresses that apps connected to", places=LOGS, expected=ALWAYS,
    section="connect_event", unit=UNIX_MILLISECONDS,
)  # fmt: skip
def connections(source: Source) -> Iterator[Mapping[str, Any]]:
    """Connections that were made; the row is the line."""
    for number, _, one in _events(source, lambda kind: kind == "connect_event"):
        host, address = _address(one.get("ip_address"))
        if address is None:
            source.refuse("a connection without an address", number)
            continue
        said = {"app": text_of(one.get("package_name")), "host": host, "address": address, "kind": "connection"}
        yield {"row": number, **said, "port": whole_of(one.get("port")), **_when(one)}


@artefact(
    "intrusion_log_processes", PROCESSES, "processes of apps that were started", places=LOGS, expected=ALWAYS,
    section="security_event", unit=UNIX_NANOSECONDS,
)  # fmt: skip
def processes(source: Source) -> Iterator[Mapping[str, Any]]:
    """Starts of processes; the row is the line."""
    for number, _, one in _security(source, lambda event: event == _START):
        name = text_of(one.get("process"))
        if name is None:
            source.refuse("a start of a process without a name", number)
            continue
        times = _when(one)
        yield {
            "row": number,
            "process": name,
            "app": _app(name),
            "user": text_of(one.get("uid")),
            "number": whole_of(one.get("pid")),
            "last": times["time"],
            **times,
        }


@artefact(
    "intrusion_log_packages", APP_FILES, "digests of apps whose processes were started", places=LOGS, expected=ALWAYS,
    section="security_event", unit=UNIX_NANOSECONDS,
)  # fmt: skip
def packages(source: Source) -> Iterator[Mapping[str, Any]]:
    """The digest of the package of each app that was started, where the log first has it; the row is that line."""
    known = set()
    for number, _, one in _security(source, lambda event: event == _START):
        name, sha256 = text_of(one.get("process")), (text_of(one.get("sha256")) or "").lower()
        app = None if name is None else name.partition(":")[0]
        if sha256 and (app, sha256) not in known:
            known.add((app, sha256))
            yield {"row": number, "app": app, "sha256": sha256, **_when(one)}


@artefact(
    "intrusion_log_app_events", APP_EVENTS, "apps installed, updated and uninstalled", places=LOGS, expected=ALWAYS,
    section="security_event", unit=UNIX_NANOSECONDS,
)  # fmt: skip
def app_events(source: Source) -> Iterator[Mapping[str, Any]]:
    """What happened to apps; the row is the line."""
    for number, event, one in _security(source, lambda event: event in _APP_EVENTS):
        app = text_of(one.get("package_name"))
        if app is None:
            source.refuse("an event of an app without a name", number)
            continue
        version, user = text_of(one.get("version_code")), text_of(one.get("user_id"))
        yield {"row": number, "app": app, "event": _APP_EVENTS[event], "version": version, "user": user, **_when(one)}


@artefact(
    "intrusion_log_security_events", SECURITY_EVENTS, "other events of the security log", places=LOGS,
    expected=ALWAYS, section="security_event", unit=UNIX_NANOSECONDS,
)  # fmt: skip
def security_events(source: Source) -> Iterator[Mapping[str, Any]]:
    """Events that have no table of their own: shells, files, keys, locks, networks, and kinds not known yet."""
    for number, event, one in _security(source, lambda event: event != _START and event not in _APP_EVENTS, True):
        more = {name: value for name, value in one.items() if name not in ("event_id", "event_time")}
        path = text_of(one.get("path"))
        yield {
            "row": number,
            "event": event,
            "process": text_of(one.get("process")),
            "app": text_of(one.get("package_name")) or text_of(one.get("package")),
            "path": f"/{path}" if path and not path.startswith("/") else path,
            "user": text_of(one.get("uid")) or text_of(one.get("user_id")),
            "detail": json.dumps(more, ensure_ascii=False, sort_keys=True),
            **_when(one),
        }


def _security(source: Source, wanted: Callable[[str], bool], others: bool = False) -> Iterator[Event]:
    """Events of the security log that are wanted, and those of kinds that are not known where others are."""
    for number, kind, one in _events(source, lambda kind: kind == "security_event" or (others and kind not in _KINDS)):
        event, said = _tagged(one) if kind == "security_event" else (kind, one)
        if wanted(event):
            yield number, event, said | {name: one[name] for name in ("event_id", "event_time") if name in one}


def _tagged(one: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The event within an event of the security log, with what it says."""
    tag = one.get("tag")
    name, *names = _TAGS.get(tag, (f"tag {text_of(tag)}",)) if isinstance(tag, int) else ("",)
    if name:
        data = one.get("data")
        values = data if isinstance(data, list) else [] if data is None else [data]
        more = {"data": values[len(names) :]} if len(values) > len(names) else {}
        return name, {**dict(zip(names, values, strict=False)), **more}
    inner = next(((key, value) for key, value in one.items() if isinstance(value, dict)), None)
    if inner is not None:
        return inner[0], dict(inner[1])
    return next((key for key in one if key not in ("event_id", "event_time")), "unknown"), dict(one)


def _events(source: Source, wanted: Callable[[str], bool]) -> Iterator[Event]:
    """Events of the wanted kinds; lines that are none are refused and counted.

    Raises:
        EvidenceError: the file holds no event at all, or cannot be read to its end.
    """
    others = tuple(f'{{"{kind}"' for kind in _KINDS if not wanted(kind))
    lines = events = 0
    for number, line in source.lines():
        if not line.strip():
            continue
        lines += 1
        if line.startswith(others):
            events += 1  # an event of another artefact, which is asked for it by itself
            continue
        kind, one = _event(line)
        if one is None:
            source.refuse("a line that is no event", number)
            continue
        events += 1
        if wanted(kind):
            yield number, kind, one
    if lines and not events:
        raise EvidenceError("no line of it is an event.", file=source.path, mend="Download the logs again.")


def _event(line: str) -> tuple[str, dict[str, Any] | None]:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return "", None
    if not isinstance(told, dict):
        return "", None
    return next(((kind, one) for kind, one in told.items() if isinstance(one, dict)), ("", None))


def _when(one: Mapping[str, Any]) -> dict[str, Any]:
    """The time of an event; its size tells the unit."""
    raw = text_of(one.get("event_time"))
    number = int(raw) if raw and raw.isascii() and raw.isdecimal() and len(raw) < 20 else 0
    unit, ticks = next((unit, ticks) for least, ticks, unit in _UNITS if number >= least)
    try:
        time = _EPOCH + timedelta(microseconds=number * 10**6 // ticks) if number else None
    except OverflowError:
        time = None
    return {"time_raw": raw, "time": time, "time_unit": unit if time else None}


def _address(value: Any) -> tuple[str | None, str | None]:
    """Host and address as Java writes them: "example.org/192.0.2.1", "/192.0.2.1", or the address alone."""
    host, slash, address = (text_of(value) or "").rpartition("/")
    return (_host(host) if slash else None), _host(address)


@lru_cache(maxsize=1 << 16)
def _host(text: str | None) -> str | None:
    """A host or address in its one spelling; as it is written where it has none."""
    if not text:
        return None
    known = normal_host(text)
    return known.name if known else text


def _app(process: str) -> str | None:
    """The app of a process: Android names it after the package, and what it adds stands behind a colon."""
    app = process.partition(":")[0]
    return app if "." in app and "/" not in app else None
