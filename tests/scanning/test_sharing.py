"""The redacted package: hits and what stands around them, nothing private, the same bytes with the same salt."""

import datetime
import hmac
import json
import shutil
import sqlite3
import stat
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from answerable.areas.devices.hosts import defang, url_host
from answerable.errors import AnswerableError
from answerable.scanning.consent import consent_of
from answerable.scanning.redacting import digest, redacted, salt_of
from answerable.scanning.scan import scan
from answerable.scanning.sharing import write_package

CONSENT = consent_of(
    {"who": "Wilhelmina Example", "scope": "traces of spyware", "date": "2026-11-01", "until": "2026-12-31"},
    datetime.date(2026, 11, 22),
    "record",
)
SALT = bytes(range(32))
MEMBERS = ["README.txt", "context.json", "coverage.json", "findings.json", "tables.json"]


@pytest.fixture(scope="module")
def devices(public_data):
    return public_data / "devices"


@pytest.fixture(scope="module")
def shared(devices, tmp_path_factory):
    """Scans of both synthetic acquisitions, in folders that bear a person's name, each with its package."""
    made = {}
    for name, where in (("ios", "ios_synthetic/backup"), ("android", "androidqf_synthetic")):
        folder = tmp_path_factory.mktemp(name)
        shutil.copytree(devices / where, folder / "Wilhelmina-Example")
        file = folder / "package.zip"
        found = scan(
            folder / "Wilhelmina-Example", folder / "out", CONSENT, indicators=devices / "stix_amnesty", share=file
        )
        made[name] = (found, file, folder / "out")
    return made


def members(file):
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def data(file, name):
    return json.loads(members(file)[f"{name}.json"])


def asked(path, sql):
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as connection:
        return {str(value) for row in connection.execute(sql) for value in row if value is not None}


def private_of_ios(backup):
    history = next(backup.glob("1a/*"))
    urls = asked(history, "SELECT url FROM history_items")
    hosts = {host.name for url in urls if (host := url_host(url))}
    messages = asked(next(backup.glob("3d/*")), "SELECT text FROM message UNION SELECT id FROM handle")
    paths = asked(backup / "Manifest.db", "SELECT relativePath FROM Files")
    processes = asked(next(backup.glob("0d/*")), "SELECT ZPROCNAME FROM ZPROCESS")
    return urls | hosts | messages | paths | processes | asked(history, "SELECT title FROM history_visits")


def private_of_android(folder):
    values = set()
    for app in json.loads((folder / "packages.json").read_text()):
        values |= {app["name"], *(str(value) for file in app["files"] for value in file.values())}
    for file in json.loads((folder / "files.json").read_text()):
        values |= {str(file["path"]), str(file.get("sha256"))}
    for line in (folder / "ps.txt").read_text().splitlines()[1:]:
        values.add(line.split()[-1])
    for path in [*folder.glob("settings_*.txt"), folder / "getprop.txt"]:
        values |= {line.partition("=")[2] for line in path.read_text().splitlines()}
    return values


@pytest.mark.parametrize("name", ["ios", "android"])
def test_nothing_private_is_in_the_package(devices, shared, name):
    found, file, _ = shared[name]
    values = (
        private_of_ios(devices / "ios_synthetic" / "backup")
        if name == "ios"
        else private_of_android(devices / "androidqf_synthetic")
    )
    held = members(file)
    # What findings are about is published, and so are the places of the artefacts that were looked for.
    public = "\n".join(
        json.dumps(one["observation"], ensure_ascii=False) + one["statement"] for one in data(file, "findings")
    ) + json.dumps(found.as_json()["coverage"])
    private = {value for value in values if len(value) > 5 and value not in public and defang(value) not in public}
    assert len(private) > (5_000 if name == "ios" else 20)
    for member, raw in held.items():
        text = raw.decode()
        for value in private:
            assert value not in text, (member, value)
            assert defang(value) not in text, (member, value)
            assert json.dumps(value, ensure_ascii=False)[1:-1] not in text, (member, value)


@pytest.mark.parametrize("name", ["ios", "android"])
def test_no_name_of_a_person_no_path_and_no_salt_are_in_the_package(shared, name):
    _, file, out = shared[name]
    salt = (out / "salt.txt").read_text().strip()
    for raw in members(file).values():
        for secret in ("Wilhelmina", salt, str(out.parent), str(Path.home())):
            assert secret.encode() not in raw
    assert b"traces of spyware" in members(file)["coverage.json"]


@pytest.mark.parametrize("name", ["ios", "android"])
def test_every_hit_is_there_with_its_row_and_its_neighbours(shared, name):
    found, file, _ = shared[name]
    findings = {one["id"]: one for one in data(file, "findings")}
    assert set(findings) == {finding.id for result in found.results for finding in result.findings}
    hits = [one for one in findings.values() if one["method"] == "devices.indicators"]
    rows = {hit: row for group in data(file, "context") for row in group["rows"] for hit in row.get("findings", ())}
    for one in hits:
        row = rows[one["id"]]
        assert one["observation"]["value"] in row.values() or name == "android"
        assert one["observation"]["matched"]["feeds"][0]["credit"].startswith("Amnesty")
        if one["observation"]["time"]:
            assert row["time"] == one["observation"]["time"]
    visits = next(group for group in data(file, "context") if group["table"] == "visits") if name == "ios" else None
    if visits:
        orders = [row["order"] for row in visits["rows"]]
        hit = next(row["order"] for row in visits["rows"] if row.get("findings"))
        assert orders == sorted(orders) and set(range(hit - 5, hit + 6)) <= set(orders)
        times = [row["time"] for row in visits["rows"]]
        assert times == sorted(times)
        assert all(isinstance(row["url"], dict) for row in visits["rows"] if not row.get("findings"))


def test_tables_count_days_and_hold_digests_that_the_salt_checks(shared):
    found, file, out = shared["ios"]
    tables = {one["table"]: one for one in data(file, "tables")}
    assert sum(sum(days.values()) for days in tables["visits"]["days"].values()) == found.phones.rows["visits"] == 3000
    salt = bytes.fromhex((out / "salt.txt").read_text())
    known = hmac.new(salt, b"merdek.net", "sha256").hexdigest()[:32]
    assert known in tables["links"]["digests"]["host"]
    assert hmac.new(salt, b"not.there.example.org", "sha256").hexdigest()[:32] not in tables["links"]["digests"]["host"]
    assert "url" not in tables["links"]["digests"]


def test_the_same_salt_gives_the_same_bytes_and_another_other_digests(shared, tmp_path):
    found, file, out = shared["ios"]
    again = write_package(found, tmp_path / "again.zip", salt_of(out))
    assert again.read_bytes() == file.read_bytes()
    other = write_package(found, tmp_path / "other.zip", SALT)
    assert members(other)["findings.json"] == members(file)["findings.json"]
    first, second = (set(data(one, "tables")[0]["digests"]["host"]) for one in (file, other))
    assert len(first) == len(second) and not first & second


def test_the_archive_tells_nothing_of_when_and_where_it_was_made(shared):
    _, file, _ = shared["android"]
    with zipfile.ZipFile(file) as archive:
        assert [one.filename for one in archive.infolist()] == MEMBERS
        assert {(one.date_time, one.external_attr, one.extra) for one in archive.infolist()} == {
            ((1980, 1, 1, 0, 0, 0), 0o644 << 16, b"")
        }


def test_the_salt_is_kept_for_its_owner_alone_and_checked(shared, tmp_path):
    _, _, out = shared["ios"]
    assert stat.S_IMODE((out / "salt.txt").stat().st_mode) == 0o600
    salt = salt_of(tmp_path)
    assert len(salt) == 32 and salt_of(tmp_path) == salt
    (tmp_path / "salt.txt").write_text("short\n")
    with pytest.raises(AnswerableError, match="no salt"):
        salt_of(tmp_path)


def test_a_package_within_the_evidence_is_refused(tmp_path):
    (tmp_path / "phone").mkdir()
    with pytest.raises(AnswerableError, match="within the evidence"):
        scan(tmp_path / "phone", tmp_path / "out", CONSENT, share=tmp_path / "phone" / "x.zip")


def test_cells_are_open_only_where_they_name_nobody():
    when = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    row = {
        "device": "anna", "exhibit": "ab" * 32, "artefact": "a/b", "source": "sms", "table": "message", "row": "17",
        "time": when, "time_raw": "700000000", "time_unit": "x", "app": "SMS", "sender": "+15550100", "text": "secret",
        "from_owner": False, "kind": None, "subject": "", "size": 3,
    }  # fmt: skip
    made = redacted("messages", row, SALT, {})
    assert made["sender"] == {"digest": digest(SALT, "+15550100")} and made["text"] == {
        "digest": digest(SALT, "secret")
    }
    assert (made["row"], made["time"], made["app"], made["from_owner"]) == ("17", "2024-01-02T03:04:05Z", "SMS", False)
    assert not {"device", "artefact", "kind", "subject"} & set(made)
    odd = redacted("messages", row | {"row": "anna@example.org", "time_raw": "at noon", "app": "a\nb"}, SALT, {})
    assert all(set(odd[name]) == {"digest"} for name in ("row", "time_raw", "app"))
    assert redacted("messages", row, SALT, {"+15550100": "shown"})["sender"] == "shown"
