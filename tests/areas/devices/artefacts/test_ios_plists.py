"""Property lists of an iPhone: profiles, identity look-ups, analytics, programs that asked for the place."""

import plistlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from answerable.areas.devices.extraction.parts import FAULT

WHEN = datetime(2022, 3, 4, 5, 6, 7, tzinfo=UTC)
NAIVE = WHEN.replace(tzinfo=None)
MAC = (WHEN - datetime(2001, 1, 1, tzinfo=UTC)) / timedelta(seconds=1)
GROUP = "systemgroup.com.apple.configurationprofiles/Library/ConfigurationProfiles"
BACKUP = f"SysSharedContainerDomain-{GROUP}"
FILES = f"private/var/containers/Shared/SystemGroup/{GROUP}"
PROFILE = {
    "PayloadIdentifier": "org.example.profile", "PayloadUUID": "76DAB334-0000-0000-0000-000000000001",
    "PayloadDisplayName": "Example", "PayloadOrganization": "Example Org", "PayloadType": "Configuration",
    "PayloadRemovalDisallowed": True, "InstallDate": NAIVE,
    "PayloadContent": [
        {"PayloadType": "com.apple.mdm", "PayloadIdentifier": "org.example.profile.mdm",
         "PayloadUUID": "76DAB334-0000-0000-0000-000000000002", "ServerURL": "https://mdm.example.org/server"},
        "no payload",
        {"PayloadType": "com.apple.wifi.managed", "Password": "hidden", "SSID_STR": "cafe",
         "ProxyServer": "Proxy.example.org"},
    ],
}  # fmt: skip


def every(files, kind):
    """The files with one that makes the acquisition be recognised."""
    beside = {
        "ios file system": {"private/var/mobile/x": b"x"},
        "sysdiagnose": {"sysdiagnose.log": b"x"},
        "ios backup": {},
    }
    return files | beside[kind]


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        (BACKUP, "ios backup"),
        ("HomeDomain/Library/UserConfigurationProfiles", "ios backup"),
        (FILES, "ios file system"),
        ("private/var/mobile/Library/ConfigurationProfiles", "ios file system"),
        ("logs/MCState/Shared", "sysdiagnose"),
    ],
)
def test_a_profile_and_each_of_its_payloads(phone, folder, kind):
    data = plistlib.dumps(PROFILE, fmt=plistlib.FMT_BINARY, sort_keys=False)
    read = phone(every({f"{folder}/profile-0a1b.stub": data}, kind), kind)
    rows = read.rows("configuration_profiles")
    assert [(row["row"], row["profile"], row["payload"]) for row in rows] == [
        ("0", "org.example.profile", "Configuration"),
        ("1", "org.example.profile", "com.apple.mdm"),
        ("3", "org.example.profile", "com.apple.wifi.managed"),
    ]
    assert [row["uuid"][-1:] if row["uuid"] else None for row in rows] == ["1", "2", None]
    assert {row["time"] for row in rows} == {WHEN} and {row["organisation"] for row in rows} == {"Example Org"}
    assert rows[0]["detail"] == "PayloadRemovalDisallowed = True\nInstallDate = 2022-03-04T05:06:07+00:00"
    assert "ServerURL = https://mdm.example.org/server" in rows[1]["detail"]
    assert "hidden" not in rows[2]["detail"] and "SSID_STR = cafe" in rows[2]["detail"]
    coverage = read.coverage("configuration_profiles")
    assert coverage["state"] == "read" and coverage["refused"] == 1
    assert coverage["expected"] is (kind != "sysdiagnose")
    assert [(row["row"], row["host"], row["within"], row["title"]) for row in read.rows("profile_addresses")] == [
        ("11", "mdm.example.org", "org.example.profile", "PayloadContent.0.ServerURL"),
        ("16", "proxy.example.org", "org.example.profile", "PayloadContent.2.ProxyServer"),
    ]


def test_the_manifest_of_profiles_and_what_is_no_profile(phone):
    manifest = plistlib.dumps({"OrderedProfiles": ["org.example.a", 5, {}], "HiddenProfiles": ["org.example.b"]})
    read = phone(
        {
            f"{BACKUP}/PayloadManifest.plist": manifest,
            f"{BACKUP}/profile-1.stub": plistlib.dumps({"other": 1}),
            f"{BACKUP}/profile-2.stub": plistlib.dumps(["a list"]),
            f"{BACKUP}/profile-3.stub": b"bplist00broken",
        }
    )
    assert [(row["table"], row["profile"]) for row in read.rows("configuration_profiles")] == [
        ("OrderedProfiles", "org.example.a"), ("OrderedProfiles", "5"), ("HiddenProfiles", "org.example.b"),
    ]  # fmt: skip
    coverage = read.coverage("configuration_profiles")
    assert coverage["state"] == "partly read" and coverage["refused"] == 1
    assert "no identifier" in coverage["reason"] and "no property list" in coverage["reason"]


def test_events_of_profiles(phone):
    events = [
        {"org.example.profile": {"Process": "profiled", "Operation": "install", "Timestamp": NAIVE}},
        {"org.example.old": {"Process": "Unknown", "Operation": "remove", "Timestamp": MAC}},
        {"org.example.odd": "text"}, 7,
    ]  # fmt: skip
    data = plistlib.dumps({"ProfileEvents": events})
    read = phone({f"{BACKUP}/MCProfileEvents.plist": data})
    rows = read.rows("profile_events")
    assert [(row["row"], row["profile"], row["operation"], row["process"], row["time"]) for row in rows] == [
        ("1", "org.example.profile", "install", "profiled", WHEN), ("2", "org.example.old", "remove", "Unknown", WHEN)
    ]  # fmt: skip
    assert rows[0]["time_unit"] == "ISO 8601" and rows[1]["time_raw"] == str(MAC)
    assert read.coverage("profile_events")["refused"] == 2


def test_settings_of_managers(phone):
    held = {"IsSupervised": True, "OrganizationName": "Example Org", "Nested": {"list": [1, b"abc"]}}
    read = phone({f"{BACKUP}/CloudConfigurationDetails.plist": plistlib.dumps(held)})
    assert {(row["namespace"], row["key"]): row["value"] for row in read.rows("profile_settings")} == {
        ("CloudConfigurationDetails", "IsSupervised"): "True",
        ("CloudConfigurationDetails", "OrganizationName"): "Example Org",
        ("CloudConfigurationDetails", "Nested.list.0"): "1",
        ("CloudConfigurationDetails", "Nested.list.1"): "3 bytes",
    }


IDENTITIES = "HomeDomain/Library/Preferences/com.apple.identityservices.idstatuscache.plist"


def test_addresses_that_the_identity_service_was_asked_about(phone):
    held = {
        "com.apple.madrid": {
            "mailto:name@example.org": {"IDStatus": 1, "LookupDate": MAC},
            "tel:+15550100": {"IDStatus": 2, "LookupDate": MAC},
            "mailto:odd": 5,
        },
        "com.apple.ess": "none",
    }
    plain = plistlib.dumps(held, fmt=plistlib.FMT_BINARY)
    read = phone({IDENTITIES: plain})
    rows = read.rows("identities")
    assert [(row["service"], row["address"], row["email"], row["status"], row["time"]) for row in rows] == [
        ("com.apple.madrid", "mailto:name@example.org", "name@example.org", "1", WHEN),
        ("com.apple.madrid", "tel:+15550100", None, "2", WHEN),
    ]
    assert rows[0]["time_raw"] == str(MAC) and "2001-01-01" in rows[0]["time_unit"]
    assert read.coverage("identities")["refused"] == 1
    files = {"private/var/mobile/Library/Preferences/com.apple.identityservices.idstatuscache.plist": plain}
    assert len(phone(files, "ios file system").rows("identities")) == 2


def test_an_address_with_nul_bytes_keeps_them(phone):
    odd = "mailto:\0\0name@example.org"
    held = plistlib.dumps({"com.apple.madrid": {odd: {"LookupDate": MAC}}}, fmt=plistlib.FMT_BINARY)
    row = phone({IDENTITIES: held}).rows("identities")[0]
    assert row["address"] == odd and row["email"] == "name@example.org"


ANALYTICS = "HomeDomain/Library/Preferences/com.apple.osanalytics.addaily.plist"


def test_network_usage_as_analytics_count_it(phone):
    held = {
        "netUsageBaseline": {
            "mediaserverd/com.example.app": [NAIVE, 1.5, 2, 3, 4],
            "roleaboutd": [MAC, 0, 0],
            "odd": {"a": 1},
            "wrong": ["text", "text", None is None, 1 << 63, float("nan")],
        }
    }
    read = phone({ANALYTICS: plistlib.dumps(held, fmt=plistlib.FMT_BINARY, sort_keys=False)})
    rows = read.rows("os_analytics")
    assert [(row["row"], row["process"], row["time"], row["wifi_in"], row["mobile_out"]) for row in rows] == [
        ("1", "mediaserverd/com.example.app", WHEN, 1.5, 4.0), ("2", "roleaboutd", WHEN, 0.0, None),
        ("4", "wrong", None, None, None),
    ]  # fmt: skip
    assert rows[2]["mobile_in"] == float(1 << 63)
    processes = read.rows("os_analytics_processes")
    assert [(row["process"], row["app"], row["last"]) for row in processes] == [
        ("mediaserverd", "com.example.app", WHEN), ("roleaboutd", None, WHEN), ("wrong", None, None)
    ]  # fmt: skip
    assert read.coverage("os_analytics")["refused"] == read.coverage("os_analytics_processes")["refused"] == 1
    assert read.coverage("os_analytics")["expected"] is True
    empty = phone({ANALYTICS: plistlib.dumps({})})
    assert empty.coverage("os_analytics")["state"] == "read" and empty.rows("os_analytics") == []
    odd = phone({ANALYTICS: plistlib.dumps({"netUsageBaseline": 5})}).coverage("os_analytics")
    assert odd["state"] == "unreadable" and "netUsageBaseline" in odd["reason"]


CLIENTS = "RootDomain/Library/Caches/locationd/clients.plist"


def test_programs_that_asked_for_the_place(phone):
    held = {
        "icom.example.app:": {"BundleId": "com.example.app", "BundlePath": "/private/var/containers/Bundle/a.app",
                              "Executable": "/private/var/containers/Bundle/a.app/a", "Registered": "/x/a",
                              "Authorization": 4, "LocationTimeStarted": MAC - 9, "LocationTimeStopped": MAC},
        "e/usr/libexec/somed:": {},
        "com.apple.locationd.bundle-/System/Library/x.bundle": {"ReceivingLocationInformationTimeStopped": MAC},
        "com.example.plain": {"Authorized": True, "LocationTimeStopped": "text"},
        "broken": [1],
    }  # fmt: skip
    read = phone({CLIENTS: plistlib.dumps(held, sort_keys=False)})
    rows = read.rows("location_clients")
    names = ("row", "table", "app", "path", "executable", "process", "authorised", "began", "stopped", "time")
    began, system = WHEN - timedelta(seconds=9), "com.apple.locationd.bundle-/System/Library/x.bundle"
    assert [tuple(row[name] for name in names) for row in rows] == [
        ("1", "icom.example.app:", "com.example.app", "/private/var/containers/Bundle/a.app",
         "/private/var/containers/Bundle/a.app/a", "a", "4", began, WHEN, WHEN),
        ("2", "e/usr/libexec/somed:", None, None, "/usr/libexec/somed", "somed", None, None, None, None),
        ("3", system, None, "/System/Library/x.bundle", None, None, None, None, None, WHEN),
        ("4", "com.example.plain", "com.example.plain", None, None, None, "True", None, None, None),
    ]  # fmt: skip
    assert rows[0]["time_raw"] == str(MAC) and read.coverage("location_clients")["refused"] == 1


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
    | st.binary(max_size=9)
    | st.datetimes()
).filter(lambda value: value is not None)
KEYS = st.sampled_from(
    ["ProfileEvents", "Timestamp", "Process", "PayloadContent", "PayloadIdentifier", "OrderedProfiles", "InstallDate",
     "netUsageBaseline", "Executable", "BundleId", "Authorization", "LocationTimeStarted", "LookupDate", "IDStatus",
     "mailto:a@example.org", "icom.example:", "e:", "x"]
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=20
)
HOSTILE = {
    "configuration_profiles": f"{BACKUP}/profile-1.stub", "profile_events": f"{BACKUP}/MCProfileEvents.plist",
    "profile_settings": f"{BACKUP}/MDM.plist",
    "profile_addresses": f"{BACKUP}/profile-1.stub", "identities": IDENTITIES, "os_analytics": ANALYTICS,
    "location_clients": CLIENTS,
    "global_preferences": "HomeDomain/Library/Preferences/.GlobalPreferences.plist",
    "preferences": "HomeDomain/Library/Preferences/com.apple.purplebuddy.plist",
}  # fmt: skip


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(KEYS, VALUES, max_size=5) | VALUES)
def test_whatever_the_lists_hold_they_are_read_or_said_to_be_unreadable(phone, value):
    data = plistlib.dumps(value, fmt=plistlib.FMT_BINARY)
    read = phone(dict.fromkeys(HOSTILE.values(), data))
    for name in HOSTILE:
        coverage = read.coverage(name)
        assert coverage["state"] in ("read", "partly read", "unreadable")
        assert (coverage["state"] == "read") == (coverage["reason"] == "") and FAULT not in coverage["reason"]


def bomb():
    """A small binary property list that stands for more objects than memory holds: lists of lists, each ten times."""
    objects = [b"\x10\x01"] + [bytes([0xAA, *[number] * 10]) for number in range(30)]
    body, offsets = b"bplist00", []
    for one in objects:
        offsets.append(len(body))
        body += one
    table = b"".join(offset.to_bytes(2, "big") for offset in offsets)
    return body + table + bytes(6) + bytes([2, 1]) + b"".join(
        number.to_bytes(8, "big") for number in (len(objects), len(objects) - 1, len(body))
    )  # fmt: skip


def deep():
    """Containers within containers, deeper than any reader follows."""
    return b'<plist version="1.0">' + b"<array>" * 5_000 + b"</array>" * 5_000 + b"</plist>"


@pytest.mark.parametrize("make", [bomb, deep])
def test_bombs_and_wells_are_gaps(phone, make):
    read = phone(dict.fromkeys(HOSTILE.values(), make()))
    for name in HOSTILE:
        coverage = read.coverage(name)
        assert coverage["state"] == "unreadable" and "property list" in coverage["reason"]


@pytest.mark.parametrize(
    ("name", "path", "held"),
    [
        ("configuration_profiles", "HomeDomain/Library/ConfigurationProfiles/PayloadManifest.plist", {"Other": []}),
        ("profile_events", "HomeDomain/Library/ConfigurationProfiles/MCProfileEvents.plist", {"Other": []}),
    ],
)
def test_a_sound_list_of_another_kind_is_a_gap_and_not_no_rows(phone, name, path, held):
    state = phone({path: plistlib.dumps(held)}).coverage(name)
    assert state["state"] == "unreadable"
    assert "no list of this kind" in state["reason"]
