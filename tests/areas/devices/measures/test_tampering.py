"""devices.tampering: each sign on both sides of its line, and what was planted."""

import pytest


@pytest.fixture
def signs(ask, android):
    """Rules and values that fire on rows of one table of an Android phone (or of an iPhone)."""

    def asked(table, rows, platform="android", **given):
        tables = {table: rows, "artefacts": android(table, platform=platform)}
        answer = ask("devices.tampering", tables, **given)
        return [(one.fields["rule"], one.value) for one in answer.observations]

    return asked


def test_those_planted_are_found(real, truth):
    planted = truth("androidqf_synthetic")["heuristics"]
    assert {"executable in /data/local/tmp", "su and busybox present", "/system mounted read-write"} <= set(planted)
    found = real("devices.tampering", "androidqf_synthetic").observations
    assert [(one.fields["rule"], one.value) for one in found] == [
        ("root_program", "/system/bin/su"),
        ("root_program", "/system/xbin/busybox"),
        ("executable", "/data/local/tmp/a.so"),
        ("system_writable", "rw,seclabel,noatime"),
    ]
    assert {one.category for one in found} == {"tampering"}
    assert {one.strength for one in found} == {"heuristic"}


def test_an_iphone_of_the_public_data_has_none(real):
    assert not real("devices.tampering", "ios_synthetic/backup").observations


@pytest.mark.parametrize(
    ("path", "fires"),
    [
        ("/system/xbin/su", True),
        ("/sbin/Magisk", True),
        ("/system/bin/sum", False),
        ("/system/bin/su/readme", False),
        ("/data/app/Superuser.apk", True),
    ],
)
def test_names_of_programs_are_whole(signs, path, fires):
    assert signs("device_files", [{"path": path}]) == ([("root_program", path)] if fires else [])


def test_iphones_have_programs_of_such_names_of_their_own(signs):
    assert not signs("device_files", [{"path": "/private/var/mobile/su"}], platform="ios")


def test_a_folder_is_no_program(signs):
    assert not signs("device_files", [{"path": "/x/busybox", "kind": "folder"}])


@pytest.mark.parametrize(
    ("path", "mode", "kind", "fires"),
    [
        ("/data/local/tmp/a.so", 0o100777, "file", True),
        ("/data/local/tmp/a.so", 0o100001, "file", True),
        ("/data/local/tmp/a.so", 0o100666, "file", False),
        ("/data/local/tmp/a.so", None, "file", False),
        ("/data/local/tmp/.d", 0o040777, "folder", False),
        ("/data/localtmp/a.so", 0o100777, "file", False),
        ("/system/bin/sh", 0o100755, "file", False),
        ("/dev/agent", 0o100755, None, True),
        ("/dev/null", 0o020777, "device", False),
    ],
)
def test_programs_where_anybody_may_write(signs, path, mode, kind, fires):
    rows = [{"path": path, "mode": mode, "kind": kind}]
    assert signs("device_files", rows) == ([("executable", path)] if fires else [])


def test_more_folders_may_be_named(signs):
    rows = [{"path": "/mnt/x/run", "mode": 0o755}]
    assert not signs("device_files", rows)
    assert signs("device_files", rows, folders=["/mnt/"]) == [("executable", "/mnt/x/run")]


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("/private/var/jb", "/private/var/jb"),
        ("private/var/jb/usr/bin/x", "/private/var/jb"),
        ("/Applications/Cydia.app/Info.plist", "/Applications/Cydia.app"),
        ("/private/var/jbx", None),
        ("/x/private/var/jb", None),
    ],
)
def test_what_only_opened_phones_have(signs, path, root):
    rows = [{"path": path}, {"path": f"{path}/more"}]
    assert signs("device_files", rows, platform="ios") == ([("opened", root)] if root else [])


@pytest.mark.parametrize(
    ("point", "kind", "options", "rule"),
    [
        ("/system", "ext4", "rw,seclabel", "system_writable"),
        ("/system", "ext4", "ro,seclabel", None),
        ("/system", "ext4", "ro,errors=rw", None),
        ("/", "ext4", "seclabel,rw", "system_writable"),
        ("/", "rootfs", "rw", None),
        ("/vendor", "ext4", "rw", "system_writable"),
        ("/vendorx", "ext4", "rw", None),
        ("/data", "f2fs", "rw,nosuid,nodev", None),
        ("/data", "f2fs", "rw,nosuid", "mount"),
        ("/data", "f2fs", "rw,nodev", "mount"),
        ("/system/bin", "tmpfs", "rw,seclabel", "mount"),
        ("/system/bin", "tmpfs", "ro,seclabel", None),
        ("/apex", "tmpfs", "rw", None),
    ],
)
def test_mounts(signs, point, kind, options, rule):
    rows = [{"what": "/dev/block/dm-0", "point": point, "type": kind, "options": options}]
    assert signs("mounts", rows) == ([(rule, options)] if rule else [])


def test_mounts_of_magisk_are_named_wherever_they_are(signs):
    rows = [{"what": "magisk", "point": "/apex", "type": "tmpfs", "options": "ro"}]
    assert signs("mounts", rows) == [("mount", "ro")]


@pytest.mark.parametrize(
    ("name", "value", "fires"),
    [
        ("ro.boot.verifiedbootstate", "green", False),
        ("ro.boot.verifiedbootstate", "Orange ", True),
        ("ro.debuggable", "0", False),
        ("ro.debuggable", "1", True),
        ("ro.debuggable", "10", False),
        ("ro.build.tags", "release-keys", False),
        ("ro.build.tags", "test-keys", True),
        ("my.ro.debuggable", "1", False),
    ],
)
def test_properties(signs, name, value, fires):
    assert signs("properties", [{"name": name, "value": value}]) == ([("property", value)] if fires else [])


@pytest.mark.parametrize(("value", "fires"), [("Enforcing", False), ("Permissive", True), ("Disabled", True)])
def test_access_rules(signs, value, fires):
    rows = [{"namespace": "selinux", "key": "mode", "value": value}]
    assert signs("settings", rows) == ([("selinux", value)] if fires else [])
    assert not signs("settings", [{"namespace": "global", "key": "mode", "value": value}])


def test_each_computer_that_may_debug_is_named_by_its_key_alone(ask, android):
    rows = [
        {"user": "anna@desk", "fingerprint": "AA:BB", "key": "QAAA"},
        {"user": "x", "fingerprint": "CC", "key": "B"},
    ]
    found = ask("devices.tampering", {"adb_keys": rows, "artefacts": android("adb_keys")}).observations
    assert [one.value for one in found] == ["AA:BB", "CC"]
    assert "a@desk" not in str([one.published() for one in found])


@pytest.mark.parametrize(("address", "fires"), [("mailto:a\0\0b@example.org", True), ("mailto:a@example.org", False)])
def test_addresses_with_nul_bytes_are_attempts_and_stay_private(ask, address, fires):
    found = ask("devices.tampering", {"identities": [{"address": address}]}).observations
    assert [(one.category, one.shown) for one in found] == ([("contact attempt", "")] if fires else [])
    assert "example.org" not in str([one.published() for one in found])


def test_apps_that_open_phones(signs):
    assert signs("apps", [{"app": "com.topjohnwu.magisk"}, {"app": "com.topjohnwu"}]) == [
        ("root_app", "com.topjohnwu.magisk")
    ]


def test_each_file_is_named_once_and_what_is_beyond_is_counted(ask, android):
    rows = [{"path": f"/x{n}/su"} for n in range(7)] * 2
    found = ask("devices.tampering", {"device_files": rows, "artefacts": android("device_files")}, most=5).observations
    assert len(found) == 5
    assert found[-1].fields["further"] == 2


@pytest.mark.spark
def test_spark_finds_the_same(ask, android, spark):
    tables = {
        "device_files": [{"path": "/data/local/tmp/su", "mode": 0o755}, {"path": "/private/var/jb/x"}],
        "mounts": [
            {"point": "/system", "options": "rw", "type": "ext4"},
            {"point": "/data", "options": "rw", "type": "x"},
        ],
        "properties": [{"name": "ro.debuggable", "value": "1"}],
        "identities": [{"address": "a\0\0b"}],
        "artefacts": android("device_files"),
    }
    here, there = (ask("devices.tampering", tables, engine=engine) for engine in (None, spark))
    assert here == there
    assert len(here.observations) == 7
