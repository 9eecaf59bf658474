"""androidqf: apps, files, properties, settings, processes, mounts; both layouts, entries that fit nothing."""

import io
import json
import zipfile
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

GETPROP = b"[ro.build.version.release]: [14]\n[ro.product.model]: [SYN-1]\n"
BARE = {"getprop.txt": GETPROP, "packages.json": b"[]"}
SHA256 = "ab" * 32


def of(phone, kind="androidqf", **files):
    return phone(
        BARE | {name.replace("__", "."): data if isinstance(data, bytes) else json.dumps(data).encode()
                for name, data in files.items()},
        kind=kind,
    )  # fmt: skip


def only(phone, artefact, **files):
    read = of(phone, **files)
    return read.rows(artefact), read.coverage(artefact)


@pytest.fixture(scope="module")
def synthetic(public_data, tmp_path_factory):
    """The public synthetic acquisition, as it lies there and zipped: rows and coverage by artefact."""
    from answerable.areas.devices.extraction.phone import read_phones
    from answerable.core.engine import open_engine

    folder = public_data / "devices" / "androidqf_synthetic"
    packed = tmp_path_factory.mktemp("packed") / "synthetic.zip"
    with zipfile.ZipFile(packed, "w") as archive:
        for path in sorted(folder.iterdir()):
            archive.write(path, f"synthetic/{path.name}")
    found = []
    with closing(open_engine("duckdb")) as engine:
        import pyarrow.parquet as pq

        for path in (folder, packed):
            read = read_phones(engine, path)
            rows = {
                one.artefact.name: [row for part in one.parts for row in pq.read_table(part.files[name]).to_pylist()]
                for one in read.reads
                for name in [one.artefact.table.name]
            }
            found.append((folder, rows, {one.artefact.name: one.coverage() for one in read.reads}))
    return found


ARTEFACTS = {
    "androidqf_packages": "packages.json", "androidqf_files": "files.json", "androidqf_mounts": "mounts.json",
    "androidqf_root_binaries": "root_binaries.json",
}  # fmt: skip


def test_every_entry_of_the_synthetic_acquisition_is_a_row_as_a_folder_and_as_a_zip(synthetic):
    for folder, rows, coverage in synthetic:
        for artefact, file in ARTEFACTS.items():
            assert len(rows[artefact]) == len(json.loads((folder / file).read_text()))
        assert len(rows["androidqf_processes"]) == len((folder / "ps.txt").read_text().splitlines()) - 1
        assert len(rows["androidqf_properties"]) == len((folder / "getprop.txt").read_text().splitlines())
        lines = sum(
            len((folder / f"settings_{name}.txt").read_text().split()) for name in ("global", "secure", "system")
        )
        assert len(rows["androidqf_settings"]) == lines
        names = [*ARTEFACTS, "androidqf_processes", "androidqf_properties", "androidqf_settings"]
        assert all(coverage[name]["state"] == "read" and not coverage[name]["refused"] for name in names)


def test_the_plants_of_the_synthetic_acquisition_stand_in_their_rows(synthetic):
    for folder, rows, _ in synthetic:
        for plant in json.loads((folder / "truth.json").read_text())["plants"]:
            mine = [row for name in rows for row in rows[name]
                    if row["row"] == plant["row"] and row["artefact"].endswith(plant["file"])]  # fmt: skip
            assert any(plant["indicator"] in row.values() for row in mine), plant


def test_apps_and_their_files(phone):
    app = {
        "name": "org.example.app", "installer": "null", "uid": 10130, "disabled": True, "system": False,
        "third_party": True,
        "files": [
            {"path": "/data/app/base.apk", "md5": "AA" * 16, "sha1": "", "sha256": SHA256.upper(), "error": "",
             "certificate": {"Md5": "11", "Sha1": "22", "Sha256": "CC" * 32, "Subject": "CN=x", "Issuer": "CN=y"}},
            "no file", {"path": "/data/app/split.apk", "certificate": None},
        ],
    }  # fmt: skip
    read = of(phone, packages__json=[app, 7, {"uid": 1}, {"name": "org.example.other", "files": "none"}])
    rows = read.rows("androidqf_packages")
    assert [(row["row"], row["app"], row["installer"]) for row in rows] == [
        ("org.example.app", "org.example.app", None), ("org.example.other", "org.example.other", None)
    ]  # fmt: skip
    assert (rows[0]["disabled"], rows[0]["system"], rows[0]["third_party"]) == (True, False, True)
    assert read.coverage("androidqf_packages")["refused"] == 2
    first, second = read.rows("androidqf_package_files")
    assert (first["md5"], first["sha1"], first["sha256"]) == ("aa" * 16, None, SHA256)
    assert first["certificate_sha256"] == "cc" * 32 and first["subject"] == "CN=x" and first["issuer"] == "CN=y"
    assert (second["path"], second["certificate_sha256"]) == ("/data/app/split.apk", None)
    assert read.coverage("androidqf_package_files")["refused"] == 4


FILE = {
    "path": "/data/local/tmp/x", "size": 12, "mode": "-rwsr-x--t", "user_id": 0, "group_id": 2000,
    "changed_time": 1_700_000_001, "modified_time": 1_700_000_000, "context": "u:object_r:shell:s0", "sha256": SHA256,
    "error": "",
}  # fmt: skip


@pytest.mark.parametrize("written", ["list", "lines"])
def test_files_as_a_list_and_as_lines(phone, written):
    entries = [FILE, {"path": "/y", "mode": "drwxrwxrwt", "error": "permission denied"}, {"size": 3}]
    text = json.dumps(entries) if written == "list" else "\n".join(map(json.dumps, entries)) + "\n"
    rows, coverage = only(phone, "androidqf_files", files__json=text.encode())
    assert [row["row"] for row in rows] == ["/data/local/tmp/x", "/y"] and coverage["refused"] == 1
    one = rows[0]
    assert (one["mode"], one["kind"], one["owner"], one["group_number"], one["size"]) == (0o105751, "file", 0, 2000, 12)
    assert one["time"] == one["modified"] == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert one["time_raw"] == "1700000000" and one["changed"].second == 21
    assert (rows[1]["kind"], rows[1]["mode"], rows[1]["time"]) == ("folder", 0o041777, None)


def test_what_androidqf_could_not_look_at_is_noted(phone):
    read = of(phone, files__json=[{"path": "/y", "error": "permission denied"}])
    assert ["permission denied" in note for note in read.accounts("androidqf_files")[0].notes] == [True]


def test_properties_over_several_lines(phone):
    text = b"[a]: [1]\n[b]: [first\nsecond]\n[c]: []\nnoise\n[d]: [x]: [y]\n"
    rows, _ = only(phone, "androidqf_properties", getprop__txt=text)
    told = {row["name"]: row["value"] for row in rows}
    assert told["a"] == "1" and told["b"] == "first\nsecond" and told["c"] == "" and "d" in told
    _, coverage = only(phone, "androidqf_properties", getprop__txt=b"nothing of the kind\n")
    assert coverage["state"] == "unreadable" and "no line" in coverage["reason"]


def test_settings_by_namespace(phone):
    read = of(phone, settings_global__txt=b"adb_enabled=1\nurl=http://a?b=c\nodd\n", settings_secure__txt=b"x=\n")
    assert [(row["namespace"], row["key"], row["value"]) for row in read.rows("androidqf_settings")] == [
        ("global", "adb_enabled", "1"), ("global", "url", "http://a?b=c"), ("secure", "x", ""),
    ]  # fmt: skip
    assert read.coverage("androidqf_settings")["refused"] == 1


PS = b"""USER           PID  PPID     VSZ    RSS WCHAN            ADDR S NAME
root             1     0 10782796 11336 0                   0 S init
u0_a99        4321   700 15000000 90000 0                   0 S org.example.app:remote
shell         4400  4390    1000   1000 0                   0 R /data/local/tmp/agent --daemon
what is this
"""


def test_processes_as_ps_prints_them(phone):
    rows, coverage = only(phone, "androidqf_processes", ps__txt=PS)
    assert [(row["process"], row["path"], row["app"], row["number"], row["parent"], row["user"]) for row in rows] == [
        ("init", None, None, 1, 0, "root"),
        ("org.example.app:remote", None, "org.example.app", 4321, 700, "u0_a99"),
        ("agent", "/data/local/tmp/agent", None, 4400, 4390, "shell"),
    ]
    assert coverage["refused"] == 1
    assert only(phone, "androidqf_processes", ps__txt=b"no heading\n")[1]["state"] == "unreadable"


def test_processes_as_objects(phone):
    entries = [
        {"pid": 1, "ppid": 0, "uid": 0, "filename_path": "/system/bin/init", "command_line": "/system/bin/init\0x"},
        {"pid": 9, "parent_pid": 1, "user": "u0_a1", "command_line": "org.example.app:push"},
        {"pid": 10, "command_line": ""}, {"pid": "eleven", "filename_path": "/x/y"},
    ]  # fmt: skip
    rows, coverage = only(phone, "androidqf_processes", processes__json=entries)
    assert [(row["process"], row["path"], row["number"], row["parent"], row["user"]) for row in rows] == [
        ("init", "/system/bin/init", 1, 0, "0"), ("org.example.app:push", None, 9, 1, "u0_a1"),
        ("y", "/x/y", None, None, None),
    ]  # fmt: skip
    assert coverage["refused"] == 1


def test_mounts_and_programs_of_root(phone):
    read = of(
        phone,
        mounts__json=["/dev/block/dm-5 on / type ext4 (ro,seclabel)", "odd", 3],
        root_binaries__json=["/system/xbin/su", None],
    )
    (mount,) = read.rows("androidqf_mounts")
    assert [mount[name] for name in ("what", "point", "type", "options")] == [
        "/dev/block/dm-5", "/", "ext4", "ro,seclabel"
    ]  # fmt: skip
    assert [row["path"] for row in read.rows("androidqf_root_binaries")] == ["/system/xbin/su"]
    assert read.coverage("androidqf_mounts")["refused"] == 2
    assert read.coverage("androidqf_root_binaries")["refused"] == 1


def test_selinux_environment_and_services(phone):
    read = of(
        phone, selinux__txt=b"Permissive\n", env__txt=b"PATH=/sbin\nodd line\n",
        services__txt=b"Found 2 services:\n0\tsip: [android.net.sip.ISipService]\n1\tnoname: []\n?\n",
    )  # fmt: skip
    (state,) = read.rows("androidqf_selinux")
    assert (state["namespace"], state["value"]) == ("selinux", "Permissive")
    assert [(row["key"], row["value"]) for row in read.rows("androidqf_environment")] == [("PATH", "/sbin")]
    assert [(row["component"], row["action"]) for row in read.rows("androidqf_services")] == [
        ("sip", "android.net.sip.ISipService"), ("noname", None)
    ]  # fmt: skip
    assert Counter(read.coverage(f"androidqf_{name}")["refused"] for name in ("environment", "services")) == {1: 2}
    (other,) = of(phone, selinux__json={"status": "enforcing"}).rows("androidqf_selinux")
    assert (other["key"], other["value"]) == ("status", "enforcing")
    assert of(phone, selinux__txt=b"/system/bin/sh: not found").coverage("androidqf_selinux")["state"] == "unreadable"


@pytest.mark.parametrize("data", [b"{}", b"", b"[", b"7", b'{"a": 1,\n "b": 2}', b"[[[" * 100_000, b"\xff\xfe\0"])
def test_files_that_are_no_lists_are_gaps(phone, data):
    read = of(phone, packages__json=data, files__json=data, mounts__json=data)
    for name in ("androidqf_packages", "androidqf_package_files", "androidqf_files", "androidqf_mounts"):
        coverage = read.coverage(name)
        assert not read.rows(name) and (coverage["refused"] or coverage["state"] == "unreadable"), (name, data[:20])


def test_a_file_that_is_missing_is_said(phone):
    coverage = of(phone).coverage("androidqf_files")
    assert (coverage["state"], coverage["expected"]) == ("absent", True)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["\ud800", "/x", "null"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from([
    "name", "files", "path", "certificate", "Md5", "mode", "size", "modified_time", "user_id", "command_line",
    "filename_path", "pid", "ppid", "installer", "disabled", "sha256", "error",
])  # fmt: skip
ENTRIES = st.lists(VALUES | st.dictionaries(KEYS, VALUES, max_size=8), max_size=6)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=ENTRIES, lines=st.booleans())
def test_whatever_json_holds_is_rows_refusals_or_a_gap(phone, entries, lines):
    data = "\n".join(map(json.dumps, entries)) if lines else json.dumps(entries)
    names = ("packages.json", "files.json", "processes.json", "mounts.json", "root_binaries.json")
    read = phone({"getprop.txt": GETPROP} | dict.fromkeys(names, data.encode()), kind="androidqf")
    for name in ("packages", "files", "processes", "mounts", "root_binaries"):
        coverage = read.coverage(f"androidqf_{name}")
        assert coverage["state"] in ("read", "partly read", "unreadable")
        if coverage["state"] == "read" and not lines:
            assert coverage["rows"] + coverage["refused"] == len(entries)


def test_an_acquisition_in_a_zip_within_a_folder_is_the_same(phone):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("getprop.txt", GETPROP)
        archive.writestr("files.json", json.dumps([FILE]))
    read = phone({"acquired.zip": packed.getvalue()}, kind="androidqf")
    (row,) = read.rows("androidqf_files")
    assert row["row"] == "/data/local/tmp/x" and row["artefact"] == "files.json"
