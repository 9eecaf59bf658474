"""devices.profiles: every profile once, what in it reaches far, and what happened to profiles."""

import pytest

from answerable.areas.devices.measures.common.rules import told


@pytest.fixture
def signs(ask):
    def asked(profiles=(), events=(), **given):
        answer = ask("devices.profiles", {"configuration_profiles": profiles, "profile_events": events}, **given)
        assert {(one.category, one.strength) for one in answer.observations} <= {("persistence", "heuristic")}
        return [(one.fields["rule"], one.value) for one in answer.observations]

    return asked


def profile(name="org.example.profile", payload="Configuration", **more):
    return {"profile": name, "payload": payload, "uuid": "U-1", **more}


def test_a_profile_is_one_finding_however_many_payloads_it_has(signs):
    rows = [
        profile(),
        profile(payload="com.apple.wifi.managed"),
        profile(payload=None, artefact="PayloadManifest.plist"),
    ]
    assert signs(rows) == [("installed", "org.example.profile")]


def test_each_payload_that_reaches_far_is_named_with_its_reason(signs, ask):
    kinds = list(told("profiles")["payloads"])
    found = signs([profile(payload=kind) for kind in [*kinds, "com.apple.wifi.managed", "com.apple.mdmx"]])
    assert sorted(value for rule, value in found if rule == "payload") == sorted(kinds)
    (_, one) = ask("devices.profiles", {"configuration_profiles": [profile(payload="com.apple.mdm")]}).observations
    assert "lets a server manage the phone" in one.what


def test_a_profile_without_an_identifier_goes_by_its_uuid(signs):
    assert signs([profile(name=None)]) == [("installed", "U-1")]
    assert signs([profile(name="")]) == [("installed", "U-1")]
    assert not signs([profile(name=None, uuid=None)])


def test_profiles_that_the_owner_knows_are_left_out(signs):
    rows = [profile(), profile("org.example.work", "com.apple.mdm")]
    events = [{"profile": "org.example.work", "operation": "install"}]
    assert signs(rows, events, known=["org.example.work"]) == [("installed", "org.example.profile")]


def test_names_of_organisations_and_people_are_not_published(ask):
    rows = [profile(name="org.example.profile", organisation="Newsroom", detail="anna")]
    rows[0]["name"] = "Phone of Anna"
    found = ask("devices.profiles", {"configuration_profiles": rows}).observations
    assert not {"Newsroom", "Anna", "anna"} & set(str([one.published() for one in found]).replace("'", " ").split())


def test_every_event_is_named_with_its_time(ask, at):
    events = [
        {
            "profile": "p",
            "operation": "install",
            "process": "profiled",
            "time": at(f"2025-01-0{day}T10:00"),
            "row": str(day),
        }
        for day in (1, 2)
    ]
    found = ask("devices.profiles", {"profile_events": [*events, events[0]]}).observations
    assert [one.time for one in found] == ["2025-01-01T10:00:00Z", "2025-01-02T10:00:00Z"]
    assert found[0].what == "A configuration profile, p, was the object of: install, by profiled."
