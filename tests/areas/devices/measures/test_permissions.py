"""devices.permissions: who may listen, look, read or act, each rule on both sides."""

import pytest

from answerable.areas.devices.measures.common.rules import told

APP = "org.example.app"


@pytest.fixture
def signs(ask, android):
    def asked(platform="android", **tables):
        given = {"known": tables.pop("known", [])}
        tables["artefacts"] = android("permissions", platform=platform)
        answer = ask("devices.permissions", tables, **given)
        assert {one.strength for one in answer.observations} <= {"heuristic"}
        return [(one.fields["rule"], one.value) for one in answer.observations]

    return asked


def may(permission, app=APP, decision="allowed", **more):
    return {"app": app, "permission": permission, "decision": decision, **more}


def app(name=APP, installer=None, system=False, **more):
    return {"app": name, "installer": installer, "system": system, "third_party": not system, **more}


def part(kind="accessibility service", app=APP, **more):
    return {"app": app, "component": f"{app}/.Part", "kind": kind, **more}


@pytest.mark.parametrize(
    ("permission", "decision", "installer", "rules"),
    [
        ("RECORD_AUDIO", "allow", None, ["elsewhere"]),
        ("android.permission.RECORD_AUDIO", "allowed", None, ["elsewhere"]),
        ("android.permission.RECORD_AUDIO", "denied", None, []),
        ("RECORD_AUDIO", "ignore", None, []),
        ("RECORD_AUDIO", None, None, []),
        ("RECORD_AUDIO", "foreground", None, ["elsewhere"]),
        ("RECORD_AUDIO", "allow", "com.android.vending", []),
        ("RECORD_AUDIO", "allow", "com.android.chrome", ["elsewhere"]),
        ("VIBRATE", "allow", None, []),
        ("REQUEST_INSTALL_PACKAGES", "allow", "com.android.vending", ["always"]),
        ("REQUEST_INSTALL_PACKAGES", "default", None, []),
    ],
)
def test_what_apps_of_android_may_do(signs, permission, decision, installer, rules):
    found = signs(permissions=[may(permission, decision=decision)], apps=[app(installer=installer)])
    assert [rule for rule, _ in found] == rules


def test_apps_that_came_with_the_system_and_stores_may_install(signs):
    rows = [may("REQUEST_INSTALL_PACKAGES"), may("REQUEST_INSTALL_PACKAGES", "com.android.vending")]
    assert not signs(permissions=rows, apps=[app(system=True)])
    assert signs(permissions=rows) == [("always", APP)]
    own = [may("REQUEST_INSTALL_PACKAGES", "com.android.settings")]
    assert not signs(permissions=own)
    assert signs(permissions=own, apps=[app("com.android.settings", installer="com.android.vending")])


def test_an_app_that_is_not_listed_is_not_called_one_from_elsewhere(signs):
    assert not signs(permissions=[may("RECORD_AUDIO")])


def test_many_uses_are_one_finding(signs):
    rows = [may("CAMERA", row=str(n)) for n in range(50)]
    assert signs(permissions=rows, apps=[app()]) == [("elsewhere", APP)]


def test_every_risky_word_says_what_it_lets_do():
    data = told("permissions")
    assert set(data["always"]) <= set(data["risky"])
    assert all(word == word.upper() for word in data["risky"])


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("accessibility service", "accessibility"),
        ("Accessibility Service", "accessibility"),
        ("device administrator", "administrator"),
        ("device owner", "administrator"),
        ("notification listener", "listener"),
        ("receiver", None),
        (None, None),
    ],
)
def test_parts_that_act_for_the_user(signs, kind, rule):
    assert signs(components=[part(kind)]) == ([(rule, APP)] if rule else [])


def test_parts_that_are_off_are_left_out(signs):
    assert not signs(components=[part(enabled=False)])
    assert signs(components=[part(enabled=None)])


@pytest.mark.parametrize(
    ("name", "apps", "fires"),
    [
        ("com.google.android.marvin.talkback", [], False),  # not listed: its name decides
        ("com.google.android.marvin.talkback", [app("com.google.android.marvin.talkback", system=True)], False),
        ("com.google.android.fake", [app("com.google.android.fake", system=False)], True),  # a name proves nothing
        ("com.googlex.app", [], True),
        (APP, [app(system=True)], False),
    ],
)
def test_whether_a_part_is_the_systems(signs, name, apps, fires):
    assert signs(components=[part(app=name)], apps=apps) == ([("accessibility", name)] if fires else [])


def test_services_that_settings_switch_on(signs):
    rows = [
        {
            "namespace": "secure", "key": "enabled_accessibility_services",
            "value": "com.google.android.marvin.talkback/.Service:org.example.a/.One:org.example.b/.Two",
        },
        {"namespace": "secure", "key": "enabled_notification_listeners", "value": "org.example.c/x.y.Three"},
        {"namespace": "secure", "key": "enabled_input_methods", "value": "org.example.d/.Four"},
    ]  # fmt: skip
    assert signs(settings=rows) == [
        ("accessibility", "org.example.a"), ("accessibility", "org.example.b"), ("listener", "org.example.c"),
    ]  # fmt: skip
    for value in (None, "", "null"):
        assert not signs(settings=[rows[0] | {"value": value}])


def test_apps_that_the_owner_knows_are_left_out(signs):
    rows = {"components": [part()], "permissions": [may("CAMERA")], "apps": [app()]}
    assert len(signs(**rows)) == 2
    assert not signs(**rows, known=[APP])


@pytest.mark.parametrize(
    ("program", "service", "decision", "fires"),
    [
        ("org.example.gone", "kTCCServiceMicrophone", "allowed", True),
        ("org.example.gone", "kTCCServiceMicrophone", "denied", False),
        ("org.example.gone", "kTCCServiceLiverpool", "allowed", False),
        (APP, "kTCCServiceMicrophone", "allowed", False),
        ("com.apple.VoiceMemos", "kTCCServiceMicrophone", "allowed", False),
        ("com.applex.memos", "kTCCServiceMicrophone", "limited", True),
        ("/private/var/tmp/agent", "kTCCServiceCamera", "allowed", True),
        ("/usr/libexec/sharingd", "kTCCServiceCamera", "allowed", False),
    ],
)
def test_programs_of_ios(signs, program, service, decision, fires):
    found = signs("ios", permissions=[may(service, program, decision)], apps=[app()])
    assert found == ([("unknown_program", program)] if fires else [])


def test_without_a_list_of_apps_nothing_is_called_unknown_but_paths(signs):
    rows = [may("kTCCServiceMicrophone", "org.example.gone"), may("kTCCServiceMicrophone", "/tmp/x")]
    assert signs("ios", permissions=rows) == [("unknown_program", "/tmp/x")]


@pytest.mark.parametrize(
    ("path", "fires"),
    [
        ("/private/var/containers/Bundle/Application/A/X.app/X", False),
        ("/usr/libexec/locationd", False),
        ("/private/var/tmp/x", True),
        ("", False),
        (None, False),
    ],
)
def test_places_of_programs_that_ask_where_the_phone_is(signs, path, fires):
    assert signs("ios", location_clients=[{"executable": path}]) == ([("unknown_place", path)] if fires else [])


@pytest.mark.spark
def test_spark_finds_the_same(ask, android, spark):
    tables = {
        "permissions": [may("CAMERA"), may("REQUEST_INSTALL_PACKAGES", "org.example.b")],
        "components": [part(), part("receiver")],
        "settings": [{"namespace": "secure", "key": "enabled_accessibility_services", "value": "a.b/.C:d.e/.F"}],
        "apps": [app()],
        "artefacts": android("permissions"),
    }
    here, there = (ask("devices.permissions", tables, engine=engine) for engine in (None, spark))
    assert here == there
    assert len(here.observations) == 5
