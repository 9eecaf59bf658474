"""One command over a phone: findings at their rows, the same bytes twice, no network, nothing beside the evidence."""

import datetime
import hashlib
import json
import re
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest

from answerable.errors import AnswerableError
from answerable.scanning.consent import consent_of
from answerable.scanning.scan import scan

CONSENT = consent_of(
    {"who": "the owner", "scope": "traces of spyware", "date": "2026-11-01", "until": "2026-12-31"},
    datetime.date(2026, 11, 22),
    "record",
)


def bytes_of(folder):
    """Every file of a folder by its path, as digest and time of last change."""
    return {
        path.relative_to(folder).as_posix(): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def digests(folder):
    return {name: digest for name, (digest, _) in bytes_of(folder).items()}


@pytest.fixture(scope="module")
def devices(public_data):
    return public_data / "devices"


@pytest.fixture(scope="module")
def ios(devices, tmp_path_factory):
    return scan(
        devices / "ios_synthetic" / "backup",
        tmp_path_factory.mktemp("ios") / "out",
        CONSENT,
        indicators=devices / "stix_amnesty",
    )


@pytest.fixture(scope="module")
def android(devices, tmp_path_factory):
    return scan(
        devices / "androidqf_synthetic",
        tmp_path_factory.mktemp("android") / "out",
        CONSENT,
        indicators=devices / "stix_amnesty",
    )


def named(found):
    """What the indicators name, as JSON has it."""
    findings = found.as_json()["findings"]
    return [one["observation"] for one in findings if one["method"] == "devices.indicators" and one["observation"]]


def test_every_plant_of_the_ios_backup_is_found_at_its_row_and_nothing_else(devices, ios):
    truth = json.loads((devices / "ios_synthetic" / "truth.json").read_text())
    found = named(ios)
    assert {(one["row"], one["value"]) for one in found} == {(str(p["row"]), p["value"]) for p in truth["plants"]}
    assert len(found) == len(truth["plants"]) == 23
    by_value = {one["value"]: one["matched"]["value"] for one in found}
    for plant in truth["plants"]:
        assert by_value[plant["value"]] == plant["indicator"]


def test_no_negative_is_matched(devices, ios):
    truth = json.loads((devices / "ios_synthetic" / "truth.json").read_text())
    values = {one["value"] for one in named(ios)}
    assert not values & {negative["value"] for negative in truth["negatives"]}


def test_every_hit_has_its_class_place_time_and_lists(ios):
    for one in named(ios):
        assert one["class"] in {"contact attempt", "exposure", "execution", "persistence", "tampering"}
        assert one["time"].endswith("Z")
        assert one["artefact"]
        assert one["table"]
        assert len(one["exhibit"]) == 64
        assert {"kind", "value", "families", "feed"} <= set(one["matched"])
        assert one["matched"]["families"]
        assert one["forgeable"]
        assert one["benign"]


def test_the_artefact_is_the_file_that_holds_the_row(devices, ios):
    backup = devices / "ios_synthetic" / "backup"
    for one in named(ios):
        assert hashlib.sha256((backup / one["artefact"]).read_bytes()).hexdigest() == one["exhibit"]


def test_a_visited_link_is_never_an_infection_and_no_phone_is_clean(ios, android):
    for found in (ios, android):
        text = json.dumps(found.as_json()).casefold() + found.report.read_text().casefold()
        said = re.findall(r"[^.<>\"]* infected\b[^.<>\"]*", text)
        assert said and all(re.search(r"\bnot\b", sentence) for sentence in said)
        assert "is clean" not in text


def test_every_plant_of_the_android_acquisition_is_found(devices, android):
    truth = json.loads((devices / "androidqf_synthetic" / "truth.json").read_text())
    found = {(one["artefact"], one["row"], one["matched"]["value"]) for one in named(android)}
    assert found == {(plant["file"], plant["row"], plant["indicator"]) for plant in truth["plants"]}


def test_the_report_defangs_every_listed_host(ios):
    page = ios.report.read_text()
    exports = [(ios.report.parent / name).read_text() for name in ("findings.json", "findings.csv")]
    for one in named(ios):
        if one["matched"]["kind"] == "domain":
            for text in (page, *exports):
                assert one["matched"]["value"] not in text


def test_who_agreed_is_private(devices, tmp_path):
    who, told = "Wilhelmina Example", "The owner of the phone, or who may agree for them, agreed on 2026-11-01"
    for private in (False, True):
        out = tmp_path / f"out{private}"
        page = scan(devices / "androidqf_synthetic", out, replace(CONSENT, who=who), private=private).report.read_text()
        assert (who in page, told in page) == (private, not private)


def test_evidence_is_left_as_it_was(devices, tmp_path):
    backup = tmp_path / "backup"
    shutil.copytree(devices / "ios_synthetic" / "backup", backup)
    before = bytes_of(backup)
    scan(backup, tmp_path / "out", CONSENT, indicators=devices / "stix_amnesty")
    assert bytes_of(backup) == before


def test_a_second_run_is_the_same_byte_for_byte(devices, ios, tmp_path):
    again = scan(devices / "ios_synthetic" / "backup", tmp_path / "out", CONSENT, indicators=devices / "stix_amnesty")
    assert digests(again.report.parent) == digests(ios.report.parent)
    assert again.as_json() == ios.as_json()
    scan(devices / "ios_synthetic" / "backup", tmp_path / "out", CONSENT, indicators=devices / "stix_amnesty")
    assert digests(again.report.parent) == digests(ios.report.parent)


def test_output_within_the_evidence_is_refused(tmp_path):
    with pytest.raises(AnswerableError, match="within the evidence"):
        scan(tmp_path, tmp_path / "out", CONSENT)


@pytest.mark.skipif(not shutil.which("unshare"), reason="no unshare: network namespaces cannot be made here")
def test_without_any_network_it_is_complete(devices, ios, tmp_path):
    consent = tmp_path / "consent.toml"
    consent.write_text(CONSENT.toml())
    inner = [
        sys.executable, "-m", "answerable", "scan", str(devices / "ios_synthetic" / "backup"),
        "--indicators", str(devices / "stix_amnesty"), "--consent", str(consent), "--output", str(tmp_path / "out"),
        "--json",
    ]  # fmt: skip
    probe = subprocess.run(["unshare", "--user", "--map-root-user", "--net", "true"], capture_output=True, check=False)
    if probe.returncode:
        pytest.skip("this machine does not let us make a network namespace")
    run = subprocess.run(
        ["unshare", "--user", "--map-root-user", "--net", *inner], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout)["findings"] == json.loads(json.dumps(ios.as_json()["findings"]))


def test_without_consent_and_nobody_to_ask_nothing_is_read(devices, tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "answerable", "scan", str(devices / "ios_synthetic" / "backup"), "--output", "out"],
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
        cwd=tmp_path,
    )
    assert run.returncode == 2
    assert "No phone is looked at without consent" in run.stderr
    assert not (tmp_path / "out").exists()


def test_the_heuristics_on_android_fire_as_they_should(android):
    fired = {one["method"] for one in android.as_json()["findings"] if one["observation"] is not None}
    for noun in ("system_age", "installations", "settings", "tampering"):
        assert f"devices.{noun}" in fired


def test_a_scan_loads_no_pandas_and_leaves_it_to_others():
    pytest.importorskip("pandas")
    told = subprocess.run(
        [
            sys.executable, "-c",
            "import sys; from answerable.cli import phones; phones._let_arrow_pass_over_pandas()\n"
            "import pyarrow as pa; pa.array([1]); assert 'pandas' not in sys.modules\n"
            "import pandas; print(pandas.Series([1, 2]).sum())",
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout.split() == ["3"]
