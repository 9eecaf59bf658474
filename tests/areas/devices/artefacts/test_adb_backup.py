"""adb backups: messages that Android deflates as JSON, manifests of apps, certificates, packages."""

import hashlib
import io
import json
import tarfile
import zlib
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

TELEPHONY = "apps/com.android.providers.telephony"
WHEN = 1_700_000_000_123
TIME = datetime(2023, 11, 14, 22, 13, 20, 123_000, tzinfo=UTC)


@pytest.fixture
def backup(phone):
    """A function that reads a backup of files by their paths in it."""

    def make(**files):
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for path, data in files.items():
                member = tarfile.TarInfo(path)
                member.size = len(data)
                archive.addfile(member, io.BytesIO(data))
        data = b"ANDROID BACKUP\n5\n1\nnone\n" + zlib.compress(packed.getvalue())
        return phone({"backup.ab": data}, kind="adb backup")

    return make


def messages(*entries):
    return zlib.compress(json.dumps(list(entries)).encode())


SMS = {
    "self_phone": "+15550100", "address": "+15550123", "date": str(WHEN), "date_sent": str(WHEN - 1000),
    "body": "see https://a.example.org/x", "type": "1", "status": "-1", "read": "1", "recipients": ["+15550123"],
}  # fmt: skip


def test_sms_with_their_sides_times_and_links(backup):
    sent = SMS | {"type": "2", "body": "mine", "date": "0", "subject": "about"}
    other = {"type": "4", "recipients": ["+15550111", "+15550112"], "body": None}
    read = backup(**{f"{TELEPHONY}/d_f/000000_sms_backup": messages(SMS, sent, "odd", other)})
    first, second, third = read.rows("adb_backup_sms")
    assert (first["row"], first["app"], first["sender"], first["recipient"]) == ("1", "SMS", "+15550123", None)
    assert (first["from_owner"], first["time"], first["time_raw"]) == (False, TIME, str(WHEN))
    assert first["time_unit"] == "milliseconds since 1970-01-01 UTC"
    assert (second["from_owner"], second["sender"], second["recipient"]) == (True, None, "+15550123")
    assert (second["time"], second["subject"], third["row"]) == (None, "about", "4")
    assert (third["recipient"], third["text"]) == ("+15550111 +15550112", None)
    (link,) = read.rows("adb_backup_sms", "links")
    assert (link["host"], link["row"], link["within"]) == ("a.example.org", "1", "messages")
    coverage = read.coverage("adb_backup_sms")
    assert (coverage["state"], coverage["rows"], coverage["refused"]) == ("read", 3, 1)


def test_mms_with_addresses_of_both_sides(backup):
    received = {
        "date": "1700000000", "msg_box": "1", "sub": "hello", "mms_body": "look: b.example.org/y",
        "mms_addresses": [
            {"type": 137, "address": "+15550123", "charset": 106}, {"type": 151, "address": "insert-address-token"},
            {"type": 151, "address": "+15550144"}, "odd",
        ],
    }  # fmt: skip
    sent = {"msg_box": "2", "mms_addresses": [
        {"type": 137, "address": "insert-address-token"}, {"type": 151, "address": "+15550144"}]}  # fmt: skip
    read = backup(**{f"{TELEPHONY}/d_f/000000_mms_backup": messages(received, sent)})
    first, second = read.rows("adb_backup_mms")
    assert (first["sender"], first["recipient"], first["subject"]) == ("+15550123", None, "hello")
    assert first["time"] == TIME.replace(microsecond=0) and first["text"].startswith("look")
    assert (second["from_owner"], second["sender"], second["recipient"]) == (True, None, "+15550144")
    assert [link["host"] for link in read.rows("adb_backup_mms", "links")] == ["b.example.org"]


@pytest.mark.parametrize(
    ("data", "rows", "why"),
    [
        (messages(SMS, SMS)[:-40], None, "missing"),
        (zlib.compress(b"[" + json.dumps(SMS).encode() + b', {"address": '), 1, "after 1 messages"),
        (zlib.compress(b"{}"), 0, "no list"),
        (b"plain text", 0, "inflated"),
        (zlib.compress(b"["), 0, "after 0 messages"),
        (zlib.compress(b"[" * 200_000), 0, "after 0 messages"),
        (b"", 0, "empty"),
    ],
)
def test_damaged_messages_are_a_gap_and_those_before_count(backup, data, rows, why):
    read = backup(**{f"{TELEPHONY}/d_f/000000_sms_backup": data})
    coverage = read.coverage("adb_backup_sms")
    assert coverage["state"] in ("partly read", "unreadable") and why in coverage["reason"], coverage["reason"]
    assert rows is None or coverage["rows"] == rows


def test_a_file_that_inflates_without_end_is_read_to_a_limit(backup, monkeypatch):
    from answerable.areas.devices.artefacts import adb_backup

    monkeypatch.setattr(adb_backup, "LARGEST", 5_000)
    read = backup(**{f"{TELEPHONY}/d_f/000000_sms_backup": messages(*[SMS] * 100)})
    coverage = read.coverage("adb_backup_sms")
    assert 10 < coverage["rows"] < 30 and "more than 5,000 bytes" in coverage["reason"]


CERTIFICATE = b"0\x82 not a real certificate"


def manifest(app, *certificates, count=None):
    lines = ["1", app, "42", "34", "com.android.vending", "1", str(len(certificates) if count is None else count)]
    return "\n".join([*lines, *(one.hex() for one in certificates), ""]).encode()


def test_apps_certificates_and_packages(backup):
    read = backup(
        **{
            "apps/org.example.app/_manifest": manifest("org.example.app", CERTIFICATE),
            "apps/org.example.app/a/base.apk": b"PK package",
            "apps/org.example.other/_manifest": manifest("org.example.different"),
            "apps/org.example.cut/_manifest": manifest("org.example.cut", CERTIFICATE, count=3),
            "shared/0/Download/update.apk": b"PK other",
        }
    )
    assert [(row["row"], row["version"], row["installer"]) for row in read.rows("adb_backup_apps")] == [
        (app, "42", "com.android.vending") for app in ("org.example.app", "org.example.cut")
    ]
    assert "no manifest" in read.coverage("adb_backup_apps")["reason"]
    certificates = {row["app"]: row for row in read.rows("adb_backup_certificates")}
    assert certificates["org.example.app"]["certificate_sha256"] == hashlib.sha256(CERTIFICATE).hexdigest()
    assert len(certificates) == 2 and all(len(row["certificate_md5"]) == 32 for row in certificates.values())
    assert "2 of its 3 certificates" in read.coverage("adb_backup_certificates")["reason"]
    (package,) = read.rows("adb_backup_packages")
    assert (package["app"], package["sha256"]) == ("org.example.app", hashlib.sha256(b"PK package").hexdigest())
    (shared,) = read.rows("adb_backup_shared_packages")
    assert (shared["path"], shared["size"]) == ("/sdcard/Download/update.apk", 8)
    assert shared["sha256"] == hashlib.sha256(b"PK other").hexdigest()


def test_a_backup_without_messages_says_so(backup):
    coverage = backup(**{"apps/org.example.app/_manifest": manifest("org.example.app")}).coverage("adb_backup_sms")
    assert (coverage["state"], coverage["expected"]) == ("absent", True)


VALUES = st.recursive(
    st.none() | st.integers() | st.floats() | st.text() | st.sampled_from(["\ud800", "1", "9" * 30]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=6,
)
KEYS = st.sampled_from([
    "address", "body", "date", "type", "subject", "recipients", "msg_box", "mms_addresses", "mms_body", "sub",
])  # fmt: skip


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=st.lists(st.dictionaries(KEYS, VALUES, max_size=6) | VALUES, max_size=5), cut=st.integers(0, 30))
def test_whatever_the_messages_hold_is_rows_refusals_or_a_gap(backup, entries, cut):
    data = zlib.compress(json.dumps(entries).encode())
    names = [f"{TELEPHONY}/d_f/000000_{kind}_backup" for kind in ("sms", "mms")]
    read = backup(**dict.fromkeys(names, data[: len(data) - cut]))
    for name in ("adb_backup_sms", "adb_backup_mms"):
        coverage = read.coverage(name)
        assert coverage["state"] in ("read", "partly read", "unreadable")
        if not cut:
            assert coverage["rows"] + coverage["refused"] == len(entries)
