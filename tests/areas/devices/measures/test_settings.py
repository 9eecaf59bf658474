"""devices.settings: unsafe values and no others; Lockdown Mode as it was."""

import pytest

from answerable.areas.devices.measures.common.rules import told


def setting(key, value, **more):
    return {"namespace": "global", "key": key, "value": value, **more}


@pytest.fixture
def values(ask):
    def asked(rows, **given):
        answer = ask("devices.settings", {"settings": rows}, **given)
        assert {one.strength for one in answer.observations} <= {"strong"}
        return [(one.fields["rule"], one.value) for one in answer.observations]

    return asked


def test_those_planted_are_found(real, truth):
    assert (
        "package verifier off, Play Protect upload off, unknown sources on"
        in truth("androidqf_synthetic")["heuristics"]
    )
    found = real("devices.settings", "androidqf_synthetic").observations
    assert sorted(one.row for one in found) == [
        "adb_enabled", "install_non_market_apps", "package_verifier_enable", "send_action_app_error",
        "upload_apk_enable", "verifier_verify_adb_installs",
    ]  # fmt: skip
    assert {one.category for one in found} == {"tampering"}


LISTED = told("settings")["setting"]


def test_every_listed_setting_is_safe_at_its_safe_values_and_not_at_others(values):
    safe = [setting(one["key"], value, row=f"{one['key']}{n}") for one in LISTED for n, value in enumerate(one["safe"])]
    assert not values(safe)
    unsafe = [setting(one["key"], "7") for one in LISTED]
    assert len(values(unsafe)) == len(LISTED) == len({one["key"] for one in LISTED})


def test_every_listed_setting_says_why_and_from_where():
    assert all(len(one["why"]) > 15 and len(one["source"]) > 4 for one in LISTED)


@pytest.mark.parametrize(
    ("key", "value", "fires"),
    [
        ("adb_enabled", " 1 ", True),
        ("adb_enabled", " 0 ", False),
        ("adb_enabled", None, False),
        ("adb_enabled_x", "1", False),
        ("http_proxy", ":0", False),
        ("http_proxy", "NULL", False),
        ("http_proxy", "proxy.example.org:8080", True),
    ],
)
def test_values_on_both_sides(values, key, value, fires):
    assert values([setting(key, value)]) == ([("unsafe", value)] if fires else [])


def test_hosts_are_written_so_that_nobody_follows_them(ask):
    (one,) = ask("devices.settings", {"settings": [setting("http_proxy", "proxy.example.org:8080")]}).observations
    assert "proxy[.]example[.]org" in one.what
    assert "proxy.example.org" not in str(one.published())


def test_the_acquisition_needs_debugging_and_that_is_said(ask):
    (one,) = ask("devices.settings", {"settings": [setting("adb_enabled", "1")]}).observations
    assert one.benign.startswith("The acquisition of this phone needs it")
    assert one.matched["safe"] == ["0"]
    assert "AOSP" in one.matched["source"]


def test_settings_may_be_left_out(values):
    assert not values([setting("adb_enabled", "1")], leave_out=["adb_enabled"])
    assert not values([setting("adb_enabled", "1")], leave_out=[one["key"] for one in LISTED])


@pytest.mark.parametrize(
    ("value", "rule"), [("True", "lockdown_on"), ("1", "lockdown_on"), ("False", "lockdown_off"), ("maybe", None)]
)
def test_lockdown_mode_is_a_fact_and_no_trace(ask, value, rule):
    answer = ask("devices.settings", {"settings": [setting("LDMGlobalEnabled", value, namespace=".GlobalPreferences")]})
    assert [(one.fields["rule"], one.category) for one in answer.observations] == ([(rule, "coverage")] if rule else [])


def test_the_same_setting_in_two_files_is_one_finding(values):
    rows = [setting("adb_enabled", "1", artefact=name) for name in ("settings_global.txt", "dumpsys.txt")]
    assert len(values(rows)) == 1
    assert len(values([*rows, setting("adb_enabled", "1", device="second phone")])) == 2
