"""Indicators as rows: the published counts, every family, the account, the same bytes twice."""

import hashlib
import json
from collections import Counter

import pytest

from answerable.areas.devices.indicators.table import INDICATORS
from answerable.areas.devices.read.indicators import read_indicators
from answerable.core.engine import collect, open_engine
from answerable.core.table import reader_of
from answerable.errors import EvidenceError

TIMES = ("feed_date", "valid_from", "valid_until")


def rows(reading):
    table = reading.rows.mutate(**{name: reading.rows[name].cast("string") for name in TIMES})
    columns = collect(table)
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def write(path, *patterns, families=("Example",), **more):
    objects = [{"type": "malware", "id": f"malware--{name}", "name": name} for name in families]
    for number, pattern in enumerate(patterns):
        one = {"type": "indicator", "id": f"indicator--{number}", "pattern": pattern, "pattern_type": "stix", **more}
        objects.append({**one, "valid_from": "2026-01-02T03:04:05Z", "modified": "2026-02-02T03:04:05Z"})
        for name in families:
            between = {"source_ref": one["id"], "target_ref": f"malware--{name}", "relationship_type": "indicates"}
            objects.append({"type": "relationship", "id": f"relationship--{number}{name}", **between})
    path.write_text(json.dumps({"type": "bundle", "id": "bundle--1", "objects": objects}))
    return path


def test_a_row_for_each_value_and_family(duck, tmp_path):
    path = write(tmp_path / "x.stix2", "[process:name='xd' OR domain-name:value='Example.org']", families=("A", "B"))
    reading = read_indicators(duck, path)
    made = rows(reading)
    assert [(row["kind"], row["normal"], row["family"]) for row in made] == [
        ("process", "xd", "A"),
        ("process", "xd", "B"),
        ("domain", "example.org", "A"),
        ("domain", "example.org", "B"),
    ]
    assert {row["indicator"] for row in made} == {"indicator--0"} and made[2]["labels"] == 2
    assert made[0]["valid_from"].startswith("2026-01-02 03:04:05") and made[0]["valid_until"] is None
    assert made[0]["feed_date"].startswith("2026-02-02 03:04:05") and made[0]["revoked"] is False
    assert made[0]["feed_sha256"] == hashlib.sha256(path.read_bytes()).hexdigest() == reading.account.sha256
    assert made[0]["feed"] == "x.stix2" and reading.account.rows == 1 and not reading.account.refused
    assert tuple(made[0]) == tuple(INDICATORS.columns) and reader_of(INDICATORS) is read_indicators


def test_feeds_that_list_the_same_stay_apart(duck, tmp_path):
    for name in ("b.stix2", "a.stix2"):
        write(tmp_path / name, "[domain-name:value='example.org']", families=(name[0],))
    reading = read_indicators(duck, tmp_path)
    assert [(row["feed"], row["family"]) for row in rows(reading)] == [("a.stix2", "a"), ("b.stix2", "b")]
    digests = [(name, hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()) for name in ("a.stix2", "b.stix2")]
    lines = "".join(f"{name} {digest}\n" for name, digest in digests)
    assert reading.account.sha256 == hashlib.sha256(lines.encode()).hexdigest()


def test_what_is_refused_is_counted_by_reason_and_place(duck, tmp_path):
    write(tmp_path / "a.stix2", "[process:name='xd']", *["[process:name LIKE 'x%']"] * 7)
    write(tmp_path / "b.stix2", "[domain-name:value='*.example.org']", "[process:name LIKE 'y%']")
    account = read_indicators(duck, tmp_path).account
    like, wildcard = account.refused
    assert account.rows == 10 and (like.count, wildcard.count) == (8, 1)
    assert like.reason.startswith("a comparison by LIKE: indicator--1, indicator--2,") and "and 3 more" in like.reason
    assert like.rows == (2, 3, 4, 5, 6) and wildcard.rows == (9,)


def test_a_feed_of_which_nothing_can_be_taken_gives_no_rows_and_says_so(duck, tmp_path):
    reading = read_indicators(duck, write(tmp_path / "x.stix2", "[process:name LIKE 'x%']"))
    assert rows(reading) == [] and reading.account.refused[0].count == 1


def test_revoked_and_expired_indicators_are_kept_with_their_dates(duck, tmp_path):
    path = write(tmp_path / "x.stix2", "[process:name='xd']", revoked=True, valid_until="2026-03-01T00:00:00Z")
    (row,) = rows(read_indicators(duck, path))
    assert row["revoked"] is True and row["valid_until"].startswith("2026-03-01")


def test_the_family_of_the_registry_where_the_file_names_none(duck, tmp_path):
    write(tmp_path / "x.stix2", "[process:name='xd']", families=())
    assert rows(read_indicators(duck, tmp_path))[0]["family"] is None
    entry = {
        "name": "Feed X",
        "file": "x.stix2",
        "family": "X",
        "licence": "MIT",
        "credit": "L",
        "references": ["https://example.org/"],
    }
    (tmp_path / "feeds.json").write_text(json.dumps({"feeds": [entry]}))
    (row,) = rows(read_indicators(duck, tmp_path))
    assert (row["family"], row["feed"], row["credit"], row["reference"]) == (
        "X",
        "Feed X",
        "L (MIT)",
        "https://example.org/",
    )


def test_the_same_bytes_twice_and_nothing_half_written(tmp_path):
    made = []
    path = write(tmp_path / "x.stix2", "[process:name='xd']", "[domain-name:value='example.org']")
    for _ in range(2):
        engine = open_engine("duckdb")
        read_indicators(engine, path)
        read_indicators(engine, path)
        (file,) = engine.folder.iterdir()
        made.append((file.name, file.read_bytes()))
        engine.close()
    assert made[0] == made[1]


def test_a_damaged_bundle_among_good_ones_is_an_error(duck, tmp_path):
    write(tmp_path / "a.stix2", "[process:name='xd']")
    (tmp_path / "b.stix2").write_text("{")
    with pytest.raises(EvidenceError, match=r"b\.stix2: it cannot be read as JSON"):
        read_indicators(duck, tmp_path)
    assert not list(duck.folder.glob("*indicators*"))


def test_the_public_feeds_are_read_whole(duck, public_data):
    reading = read_indicators(duck, public_data / "devices" / "stix_amnesty")
    made = rows(reading)
    assert reading.account.rows == len(made) == 1549 + 343 + 2187 + 175 + 18 and not reading.account.refused
    kinds = {
        feed: Counter(row["kind"] for row in made if row["feed"] == feed)
        for feed in ("NSO Group Pegasus", "Cytrox Predator")
    }
    assert kinds["NSO Group Pegasus"] == {"domain": 1438, "process": 81, "email": 29, "file_name": 1}
    assert kinds["Cytrox Predator"] == {"domain": 336, "file_path": 6, "configuration_profile": 1}
    novispy = Counter(row["kind"] for row in made if row["family"] == "NoviSpy")
    assert novispy == {"address": 7, "app": 4, "certificate_sha256": 3, "sha256": 4}
    assert all(row["family"] and row["valid_from"] and row["feed_date"] for row in made)
    # Without a registry beside them they are known by file's name and family, and their licence asks for credit.
    assert {row["credit"] for row in made} == {"Amnesty International Security Lab (CC-BY)"}


def test_the_public_registry_names_and_credits_its_feeds(duck, public_data):
    reading = read_indicators(duck, public_data / "devices" / "stix_mvt_indicators")
    made = rows(reading)
    # A domain with a path, and a name of one label: neither is a host that could be matched strictly.
    assert reading.account.rows == 1441 and [one.count for one in reading.account.refused] == [1, 1]
    assert len(made) == 1439 and len({row["family"] for row in made}) == 11
    assert Counter(row["kind"] for row in made)["sha256"] == 97
    assert sum(row["note"] is None and row["kind"] == "address" for row in made) == 45
    assert {row["feed"] for row in made if row["family"] == "RCSLab"} == {"RCS Lab Spyware Indicators of Compromise"}
    assert all(row["credit"] and row["reference"] for row in made if row["family"] != "EagleMsgSpy")
