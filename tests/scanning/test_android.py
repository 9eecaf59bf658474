"""From an adb backup and intrusion logs beside what androidqf collects to findings at their rows."""

import datetime
import hashlib
import io
import json
import tarfile
import zlib

import pytest

from answerable.scanning.consent import consent_of
from answerable.scanning.scan import scan

CONSENT = consent_of(
    {"who": "the owner", "scope": "traces of spyware", "date": "2026-11-01", "until": "2026-12-31"},
    datetime.date(2026, 11, 22),
    "record",
)
CERTIFICATE = b"a certificate in DER"
PACKAGE = "ab" * 32
PATTERNS = {
    "[domain-name:value='spy.example.org']": "host",
    "[app:id='org.example.spy']": "app",
    "[file:hashes.sha256='" + PACKAGE + "']": "package",
    "[app:cert.sha256='" + hashlib.sha256(CERTIFICATE).hexdigest() + "']": "certificate",
    "[ipv4-addr:value='192.0.2.77']": "address",
}


def bundle():
    family = {"type": "malware", "id": "malware--1", "name": "Example Spy", "is_family": True}
    objects = [family]
    for number, pattern in enumerate(PATTERNS, start=1):
        one = {"type": "indicator", "id": f"indicator--{number}", "pattern": pattern, "pattern_type": "stix"}
        link = {"type": "relationship", "id": f"relationship--{number}", "relationship_type": "indicates"}
        objects += [one, link | {"source_ref": one["id"], "target_ref": family["id"]}]
    return json.dumps({"type": "bundle", "id": "bundle--1", "objects": objects})


def backup():
    manifest = "\n".join(["1", "org.example.notes", "1", "34", "", "0", "1", CERTIFICATE.hex(), ""]).encode()
    text = [{"address": "+15550123", "body": "see https://a.spy.example.org/x", "type": "1", "date": "1700000000000"}]
    files = {
        "apps/com.android.providers.telephony/d_f/000000_sms_backup": zlib.compress(json.dumps(text).encode()),
        "apps/org.example.notes/_manifest": manifest,
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, data in files.items():
            member = tarfile.TarInfo(path)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return b"ANDROID BACKUP\n5\n1\nnone\n" + zlib.compress(packed.getvalue())


def events():
    start = {"process": "org.example.spy:push", "uid": 10001, "pid": 7, "sha256": PACKAGE}
    told = [
        {
            "dns_event": {
                "event_time": 1_700_000_000_000,
                "hostname": "spy.example.org.",
                "ip_addresses": ["/192.0.2.1"],
            }
        },
        {"connect_event": {"event_time": 1_700_000_000_500, "ip_address": "/192.0.2.77", "port": 443}},
        {"security_event": {"event_time": 1_700_000_001 * 10**9, "app_process_start": start}},
        {"security_event": {"event_time": 0, "package_installed": {"package_name": "org.example.spy"}}},
        {"dns_event": {"event_time": 1_700_000_002_000, "hostname": "notspy.example.org", "ip_addresses": []}},
    ]
    return "".join(json.dumps(one) + "\n" for one in told)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("android")
    phone = folder / "phone"
    (phone / "intrusion_logs").mkdir(parents=True)
    (phone / "getprop.txt").write_text("[ro.build.version.release]: [16]\n")
    (phone / "packages.json").write_text("[]")
    (phone / "backup.ab").write_bytes(backup())
    (phone / "intrusion_logs" / "2023-11-14.txt").write_text(events())
    (folder / "spy.stix2").write_text(bundle())
    return scan(phone, folder / "out", CONSENT, indicators=folder / "spy.stix2")


def test_each_trace_is_found_once_at_its_row(found):
    findings = found.as_json()["findings"]
    hits = [one["observation"] for one in findings if one["method"] == "devices.indicators" and one["observation"]]
    assert {(one["class"], one["fields"]["source"], one["row"], one["matched"]["kind"]) for one in hits} == {
        ("contact attempt", "adb_backup_sms", "1", "domain"),
        ("persistence", "adb_backup_certificates", "org.example.notes", "certificate_sha256"),
        ("exposure", "intrusion_log_lookups", "1", "domain"),
        ("exposure", "intrusion_log_connections", "2", "address"),
        ("execution", "intrusion_log_processes", "3", "app"),
        ("persistence", "intrusion_log_packages", "3", "sha256"),
        ("persistence", "intrusion_log_app_events", "4", "app"),
    }
    assert len(hits) == 7
    assert all(one["matched"]["families"] == ["Example Spy"] for one in hits)


def test_all_that_belongs_to_the_phone_is_one_phone(found):
    assert {one.kind for one in found.phones.acquisitions} == {"androidqf", "adb backup", "intrusion logs"}
    assert len({one.device for one in found.phones.acquisitions}) == 1
    assert "Nothing here shows that this phone is infected" in found.headline[0]
