"""Intrusion logs of Android: look-ups, connections, starts of processes, apps, and what has no table of its own."""

import io
import json
import zipfile
from datetime import UTC, datetime

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

MILLISECONDS, NANOSECONDS = 1_787_400_345_334, 1_780_955_514_182_275_747
TIME = datetime(2026, 8, 22, 12, 5, 45, 334_000, tzinfo=UTC)
STARTED = datetime(2026, 6, 8, 21, 51, 54, 182_275, tzinfo=UTC)
SHA256 = "ab" * 32
ARTEFACTS = ("lookups", "connections", "processes", "packages", "app_events", "security_events")


def lines(*events):
    return "".join(json.dumps(event) + "\n" for event in events).encode()


def security(**inner):
    return {"security_event": {"event_id": 3, "event_time": NANOSECONDS, **inner}}


def lookup(host, *addresses, app="org.example.app"):
    return {"dns_event": {"event_id": 1, "event_time": MILLISECONDS, "package_name": app, "hostname": host,
                          "ip_addresses": list(addresses), "ip_addresses_count": len(addresses)}}  # fmt: skip


def connection(address, port=443):
    return {"connect_event": {"event_id": 2, "event_time": MILLISECONDS, "package_name": "org.example.app",
                              "port": port, "ip_address": address}}  # fmt: skip


def logs(phone, data, name="2026-08-22.txt", kind="intrusion logs"):
    return phone({name: data}, kind=kind)


def test_names_that_were_looked_up_in_one_spelling_with_each_address(phone):
    read = logs(phone, lines(lookup("A.Example.ORG.", "/192.0.2.1", "/2001:db8::1"), lookup("b.example.org")))
    assert [(row["row"], row["host"], row["address"], row["kind"]) for row in read.rows("intrusion_log_lookups")] == [
        ("1", "a.example.org", "192.0.2.1", "look-up"), ("1", "a.example.org", "2001:db8::1", "look-up"),
        ("2", "b.example.org", None, "look-up"),
    ]  # fmt: skip
    row = read.rows("intrusion_log_lookups")[0]
    assert (row["app"], row["time"], row["time_raw"]) == ("org.example.app", TIME, str(MILLISECONDS))
    assert row["time_unit"] == "milliseconds since 1970-01-01 UTC" and row["table"] == "dns_event"


def test_connections_with_and_without_a_name(phone):
    read = logs(phone, lines(*map(connection, ("/192.0.2.1", "x.example.org/192.0.2.2", "192.0.2.3", None))))
    assert [(row["host"], row["address"], row["port"]) for row in read.rows("intrusion_log_connections")] == [
        (None, "192.0.2.1", 443), ("x.example.org", "192.0.2.2", 443), (None, "192.0.2.3", 443)
    ]  # fmt: skip
    assert read.coverage("intrusion_log_connections")["refused"] == 1


START = {"process": "org.example.app:push", "uid": 10123, "pid": 12345, "seinfo": "default", "sha256": SHA256.upper()}


def test_starts_of_processes_with_the_digest_of_the_package_once(phone):
    numbered = security(tag=210005, data=["org.example.other", NANOSECONDS // 10**6, 10124, 77, "default", SHA256, 9])
    read = logs(phone, lines(security(app_process_start=START), security(app_process_start=START), numbered))
    first, second, third = read.rows("intrusion_log_processes")
    assert (first["process"], first["app"], first["user"], first["number"]) == (
        "org.example.app:push", "org.example.app", "10123", 12345
    )  # fmt: skip
    assert first["time"] == first["last"] == STARTED and first["time_unit"] == "nanoseconds since 1970-01-01 UTC"
    assert (second["row"], third["row"], third["process"], third["number"]) == ("2", "3", "org.example.other", 77)
    assert [(row["row"], row["app"], row["sha256"]) for row in read.rows("intrusion_log_packages")] == [
        ("1", "org.example.app", SHA256), ("3", "org.example.other", SHA256)
    ]  # fmt: skip
    assert not read.rows("intrusion_log_security_events")


def test_apps_that_came_and_went(phone):
    inner = {"package_name": "org.example.app", "version_code": 42, "user_id": 0}
    events = [security(**{f"package_{what}": inner}) for what in ("installed", "updated", "uninstalled")]
    read = logs(phone, lines(*events, security(tag=210041, data=["org.example.other", 7, 10])))
    rows = read.rows("intrusion_log_app_events")
    assert [(row["app"], row["event"], row["version"], row["user"]) for row in rows] == [
        ("org.example.app", "installed", "42", "0"), ("org.example.app", "updated", "42", "0"),
        ("org.example.app", "uninstalled", "42", "0"), ("org.example.other", "installed", "7", "10"),
    ]  # fmt: skip


def test_events_without_a_table_of_their_own_also_those_not_known_yet(phone):
    events = [
        security(adb_sync_recv_file={"path": "sdcard/Download/log.zip"}), security(tag=210002, data="pm list"),
        security(keyguard_secured={}), security(tag=210099, data=[1, "x"]), {"usb_event": {"event_time": 0, "port": 1}},
        security(wifi_connection={"bssid": "xx:xx:xx:xx:01:02", "event_type": "CONNECTED"}), security(odd=True),
    ]  # fmt: skip
    read = logs(phone, lines(*events))
    rows = read.rows("intrusion_log_security_events")
    assert [row["event"] for row in rows] == [
        "adb_sync_recv_file", "adb_shell_cmd", "keyguard_secured", "tag 210099", "usb_event", "wifi_connection", "odd",
    ]  # fmt: skip
    assert rows[0]["path"] == "/sdcard/Download/log.zip" and rows[4]["time"] is None
    assert json.loads(rows[1]["detail"]) == {"command": "pm list"}
    assert json.loads(rows[3]["detail"]) == {"data": [1, "x"]}
    assert all(read.coverage(f"intrusion_log_{name}")["rows"] == 0 for name in ARTEFACTS[:5])


def test_lines_that_are_no_events_are_counted_and_files_without_any_are_a_gap(phone):
    read = logs(phone, lines(lookup("a.example.org")) + b'\n{"dns_event": {"hostna\nnoise\n[1]\n{"x": 1}\n')
    for name in ("lookups", "connections", "security_events"):
        coverage = read.coverage(f"intrusion_log_{name}")
        assert (coverage["state"], coverage["refused"]) == ("read", 4 if name == "lookups" else 3)
    read = phone({"a.txt": lines(lookup("a.example.org")), "notes.txt": b"hello\nyou\n"}, kind="intrusion logs")
    coverage = read.coverage("intrusion_log_lookups")
    assert coverage["state"] == "partly read" and "no line of it is an event" in coverage["reason"]


def test_a_line_without_end_is_cut_and_the_next_is_read(phone):
    long = b'{"dns_event": {"hostname": "' + b"x" * (3 << 20) + b'"}}\n'
    read = logs(phone, lines(lookup("a.example.org")) + long + lines(lookup("b.example.org")))
    assert [(row["row"], row["host"]) for row in read.rows("intrusion_log_lookups")] == [
        ("1", "a.example.org"), ("3", "b.example.org")
    ]  # fmt: skip
    assert read.coverage("intrusion_log_lookups")["refused"] == 2


def test_logs_as_the_phone_packs_them_within_androidqf_are_the_same_phone(phone):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("2026-08-22.txt", lines(lookup("a.example.org")))
        archive.writestr("2026-08-23.txt", lines(lookup("b.example.org")))
    read = phone(
        {
            "getprop.txt": b"[ro.build.version.release]: [16]\n",
            "packages.json": b"[]",
            "intrusion_logs/Phone.zip": packed.getvalue(),
        },
        kind="androidqf",
    )
    rows = [
        row
        for one in read.phones.reads
        if one.acquisition.kind == "intrusion logs" and one.artefact.name == "intrusion_log_lookups"
        for account in one.accounts
        for row in [(one.acquisition.device, account.rows)]
    ]
    assert len(rows) == 2 and len({device for device, _ in rows}) == 1
    assert len({one.device for one in read.phones.acquisitions}) == 1


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["\ud800", "/192.0.2.1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from([
    "event_time", "hostname", "ip_addresses", "ip_address", "port", "package_name", "tag", "data", "process", "sha256",
    "app_process_start", "package_installed", "path", "uid", "adb_shell_cmd",
])  # fmt: skip
INNER = st.dictionaries(KEYS, VALUES | st.dictionaries(KEYS, VALUES, max_size=4), max_size=5)
EVENTS = st.dictionaries(
    st.sampled_from(["dns_event", "connect_event", "security_event", "new_event"]),
    INNER | VALUES,
    min_size=1,
    max_size=2,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=st.lists(EVENTS | VALUES, max_size=6))
def test_whatever_the_events_hold_is_rows_or_refusals(phone, events):
    read = logs(phone, lines(lookup("a.example.org"), *events))
    for name in ARTEFACTS:
        assert read.coverage(f"intrusion_log_{name}")["state"] == "read"
