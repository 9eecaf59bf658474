"""devices.installations: where apps came from, each by one rule, and what is disabled."""

import pytest


@pytest.fixture
def signs(ask, android):
    def asked(apps=(), events=(), platform="android", **given):
        tables = {"apps": list(apps), "app_events": list(events), "artefacts": android("apps", platform=platform)}
        answer = ask("devices.installations", tables, **given)
        assert all(
            one.category in {"persistence", "tampering"} and one.strength == "heuristic" for one in answer.observations
        )
        return [(one.fields["rule"], one.value) for one in answer.observations]

    return asked


def app(name="org.example.app", installer=None, **told):
    return {"app": name, "installer": installer, "system": False, "disabled": False, "third_party": True, **told}


def test_those_planted_are_found(real, truth):
    planted = truth("androidqf_synthetic")["heuristics"]
    assert {"sideloaded and browser-installed packages", "disabled system package"} <= set(planted)
    found = real("devices.installations", "androidqf_synthetic").observations
    assert [(one.fields["rule"], one.value) for one in found] == [
        ("by_browser", "com.example.browserinstall"),
        ("by_debugging", "com.example.renamed.cert"),
        ("by_debugging", "com.example.renamed.hash"),
        ("by_debugging", "com.gu.activity"),
        ("by_unknown", "com.example.sideloaded"),
        ("system_disabled", "com.example.oldsys"),
    ]
    assert all(len(one.fields["sha256"]) == 1 for one in found)


@pytest.mark.parametrize(
    ("told", "rule"),
    [
        ({"installer": "com.android.vending"}, None),
        ({"installer": "com.android.chrome"}, "by_browser"),
        ({"installer": "com.android.chrome.example"}, "by_unknown"),
        ({"installer": "org.fdroid.fdroid"}, "by_other_store"),
        ({"installer": "com.android.shell"}, "by_debugging"),
        ({"installer": "com.microsoft.windowsintune.companyportal"}, None),
        ({"installer": None}, "by_debugging"),
        ({"installer": ""}, "by_debugging"),
        ({"installer": None, "system": True}, None),
        ({"installer": None, "third_party": False}, None),
        ({"installer": None, "third_party": None, "system": None}, None),
        ({"installer": "x.y", "third_party": None, "system": None}, "by_unknown"),
        ({"name": "com.android.settings", "installer": "x.y"}, "by_unknown"),
        ({"name": None, "installer": "x.y"}, None),
    ],
)
def test_each_origin_falls_under_one_rule(signs, told, rule):
    row = app(**told)
    assert signs([row]) == ([(rule, row["app"])] if rule else [])


def test_an_iphone_names_no_installer_for_most_apps(signs):
    assert not signs([app(installer=None)], platform="ios")
    assert not signs([app(installer="com.apple.AppStore")], platform="ios")
    assert signs([app(installer="com.opa334.TrollStore")], platform="ios") == [("by_unknown", "org.example.app")]


@pytest.mark.parametrize(
    ("name", "told", "fires"),
    [
        ("org.example.app", {}, True),
        ("org.example.app", {"installer": "com.apple.AppStore"}, False),
        ("com.apple.mobilemail", {}, False),
        ("com.applex.mail", {}, True),
        ("org.example.app", {"system": True}, False),
        ("org.example.app", {"source": "backup_apps"}, False),  # a backup has no such description of some
    ],
)
def test_apps_of_ios_without_the_stores_description(signs, name, told, fires):
    row = app(name, source="installed_apps", path="/private/var/containers/Bundle/Application/A/X.app") | told
    assert signs([row], platform="ios") == ([("without_store", name)] if fires else [])


@pytest.mark.parametrize(
    ("name", "told", "rule"),
    [
        ("com.google.android.gms", {"disabled": True, "system": True}, "protection_disabled"),
        ("com.google.android.gms", {"disabled": False, "system": True}, None),
        ("com.google.android.gms", {"disabled": None, "system": True}, None),
        ("com.example.clock", {"disabled": True, "system": True}, "system_disabled"),
        ("com.example.clock", {"disabled": True, "installer": "com.android.vending"}, None),
    ],
)
def test_what_is_disabled(signs, name, told, rule):
    assert signs([app(name, **told)]) == ([(rule, name)] if rule else [])


def test_an_app_without_an_identifier_is_named_by_its_place(signs):
    assert signs([app("", path="/private/var/x.app")], platform="ios") == [("without_name", "/private/var/x.app")]


@pytest.mark.parametrize(("event", "fires"), [("uninstalled", True), ("Downgraded", True), ("installed", False)])
def test_removals(signs, event, fires):
    rows = [{"app": "org.example.app", "event": event}]
    assert signs(events=rows) == ([("removed", "org.example.app")] if fires else [])
    assert not signs(events=rows, known=["org.example.app"])


def test_apps_that_the_owner_knows_are_left_out(signs):
    assert not signs([app()], known=["org.example.app"])


def test_the_same_app_told_twice_is_one_finding(signs):
    assert len(signs([app(artefact="packages.json"), app(artefact="dumpsys.txt"), app()])) == 1
    assert len(signs([app(), app(device="second phone")])) == 1, "the second phone is no Android phone that is known"
