"""Bundles: what they list, of whom and when; hostile and damaged ones are errors that name the object."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from answerable.areas.devices.indicators import stix
from answerable.areas.devices.indicators.stix import NoBundle, read_bundle
from answerable.errors import EvidenceError

TIME = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)


def only(path):
    (one,) = read_bundle(path).indicators
    return one


def test_an_indicator_has_its_family_dates_and_value(bundle, write):
    objects = bundle("[domain-name:value='Example.ORG.']", family="Some Spyware")
    objects[0]["external_references"] = [
        {"source_name": "x", "url": "https://example.org/report"},
        {"source_name": "y"},
    ]
    objects[1] |= {"valid_until": "2027-01-01T00:00:00Z", "external_references": [{"url": "https://example.org/1"}]}
    found = read_bundle(write(objects))
    (one,) = found.indicators
    assert (one.kind, one.value, one.normal, one.labels) == ("domain", "Example.ORG.", "example.org", 2)
    assert one.families == ("Some Spyware",) and one.valid_from == TIME and not one.revoked
    assert one.valid_until == datetime(2027, 1, 1, tzinfo=UTC)
    assert one.references == ("https://example.org/1", "https://example.org/report")
    assert found.count == 1 and found.newest == TIME and not found.refused and not found.notes


@pytest.mark.parametrize(
    ("pattern", "kind", "normal", "labels"),
    [
        ("[domain-name:value='192.0.2.1']", "address", "192.0.2.1", None),
        ("[ipv4-addr:value='192.0.2.1']", "address", "192.0.2.1", None),
        ("[ipv6-addr:value='2001:DB8:0::1']", "address", "2001:db8::1", None),
        ("[ipv6-addr:value='::ffff:192.0.2.1']", "address", "192.0.2.1", None),
        ("[domain-name:value='bücher.example']", "domain", "xn--bcher-kva.example", 2),
        ("[domain-name:value='_a.b.example']", "domain", "_a.b.example", 3),
        ("[url:value='HTTP://Example.org:80/a/../B']", "url", "http://example.org/B", None),
        ("[email-addr:value='A@Example.org']", "email", "a@example.org", None),
        ("[file:hashes.md5='" + "AB" * 16 + "']", "md5", "ab" * 16, None),
        ("[app:cert.sha1='" + ":".join(["AB"] * 20) + "']", "certificate_sha1", "ab" * 20, None),
        ("[app:id='Org.Example']", "app", "org.example", None),
        ("[configuration-profile:id='AB-CD']", "configuration_profile", "ab-cd", None),
        ("[android-property:name='Sys.x']", "property", "sys.x", None),
        ("[file:path='/private/var/Tmp/']", "file_path", "/private/var/Tmp", 3),
        ("[file:path='Library//x.plist']", "file_path", "Library/x.plist", 2),
        ("[file:name='X.plist']", "file_name", "X.plist", None),
        ("[process:name='Exampled']", "process", "Exampled", None),
    ],
)
def test_values_come_in_one_spelling(bundle, write, pattern, kind, normal, labels):
    one = only(write(bundle(pattern)))
    assert (one.kind, one.normal, one.labels) == (kind, normal, labels)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("[domain-name:value='example.org/x']", "more than a host name"),
        ("[domain-name:value='example.org:8080']", "more than a host name"),
        ("[domain-name:value='*.example.org']", "wildcard or of one label"),
        ("[domain-name:value='org']", "wildcard or of one label"),
        ("[domain-name:value=' ']", "empty"),
        ("[ipv4-addr:value='192.0.2.0/24']", "no single address"),
        ("[ipv4-addr:value='example.org']", "no single address"),
        ("[url:value='example.org/x']", "no URL"),
        ("[email-addr:value='example.org']", "no mail address"),
        ("[file:hashes.sha256='00']", "no SHA256"),
        ("[file:path='/']", "everything lies below"),
        ("[process:name='\u202ex']", "not printable"),
        ("[domain-name:value='a.example' AND process:name='xd']", "AND"),
    ],
)
def test_values_that_nothing_or_everything_equals_are_refused_by_name(bundle, write, pattern, reason):
    found = read_bundle(write(bundle("[process:name='xd']", pattern)))
    assert [one.value for one in found.indicators] == ["xd"] and found.count == 2
    (refused,) = found.refused
    assert refused.number == 2 and refused.indicator.startswith("indicator--") and reason in refused.reason


@pytest.mark.parametrize(
    ("name", "note"),
    [
        ("bh", "a short name, which innocent things also have"),
        ("a-name-that-is-cut", "16 characters or more: phones may record it cut off"),
        ("syncing.example", "a process named like a host"),
        ("exampled", None),
    ],
)
def test_names_of_processes_that_mislead_are_said_to(bundle, write, name, note):
    assert only(write(bundle(f"[process:name='{name}']"))).note == note


def test_either_of_several_values_keeps_the_identifier(bundle, write):
    found = read_bundle(write(bundle("[process:name='a' OR process:name='b' OR process:name='a']")))
    assert [one.normal for one in found.indicators] == ["a", "b"]
    assert len({one.indicator for one in found.indicators}) == 1 == found.count


def test_every_family_is_kept_and_what_else_lies_there_is_counted(bundle, write):
    objects = bundle("[process:name='xd']", "[process:name='yd']")
    tool = {"type": "tool", "id": "tool--1", "name": "Other"}
    between = {"type": "relationship", "relationship_type": "indicates", "source_ref": objects[1]["id"]}
    objects += [tool, {**between, "id": "relationship--a", "target_ref": "tool--1"}]
    objects += [{**between, "id": "relationship--b", "target_ref": "malware--gone"}]
    objects += [{**between, "id": "relationship--c", "target_ref": "tool--1", "relationship_type": "based-on"}]
    objects += [{"type": "report", "id": "report--1"}, {"type": "identity", "id": "identity--1", "name": "x"}]
    objects[4]["revoked"] = True
    found = read_bundle(write(objects))
    assert [one.families for one in found.indicators] == [("Example", "Other"), ()]
    assert found.notes == (
        "1 of type identity ignored",
        "1 of type report ignored",
        "3 relationships ignored: revoked, of another kind, or of what is not in the file",
        "1 indicators of no family that the file names",
    )


def test_the_newest_version_of_an_indicator_counts(bundle, write):
    objects = bundle("[process:name='xd']")
    objects.append({**objects[1], "modified": "2026-03-01T00:00:00Z", "revoked": True})
    objects.insert(0, {**objects[1], "modified": "2025-01-01T00:00:00Z"})
    found = read_bundle(write(objects))
    assert [one.revoked for one in found.indicators] == [True]
    assert found.count == 3 and [one.number for one in found.refused] == [1, 2]
    assert found.newest == datetime(2026, 3, 1, tzinfo=UTC)


def test_other_languages_of_patterns_are_refused_by_name(bundle, write):
    found = read_bundle(write(bundle("rule x { condition: true }", pattern_type="yara")))
    assert [one.reason for one in found.refused] == ["a pattern in the language yara"]


def test_a_bundle_of_2_0(bundle, write):
    objects = bundle(
        "[process:name='x'] START t'2026-01-01T00:00:00Z' STOP t'2026-02-01T00:00:00Z'", "[process:name='y']"
    )
    for one in objects:
        one.pop("pattern_type", None)
    found = read_bundle(write(objects, spec_version="2.0"))
    assert [one.normal for one in found.indicators] == ["y"]
    assert [one.reason for one in found.refused] == ["a pattern with START"]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"pattern": 7}, r"object 2 \(indicator--[-0-9]+1\) has no text as its pattern"),
        ({"pattern": None}, "no text as its pattern"),
        ({"id": 7}, "object 2 has no text as its id"),
        ({"id": "\x1b[31m"}, r"object 2 \(\?\[31m\) has an id that is none"),
        ({"type": []}, "no text as its type"),
        ({"valid_from": "yesterday"}, "has yesterday as its valid_from, which is no time"),
        ({"valid_from": "2026-01-02T03:04:05"}, "without zone"),
        ({"valid_from": "0001-01-01T00:00:00+14:00"}, "out of range"),
        ({"modified": 7}, "no text as its modified"),
        ({"revoked": "yes"}, "neither true nor false"),
        ({"external_references": {}}, "no list of objects"),
    ],
)
def test_wrong_types_are_errors_that_name_the_object(bundle, write, change, problem):
    objects = bundle("[process:name='xd']")
    objects[1] |= change
    with pytest.raises(EvidenceError, match=f"feed.stix2: .*{problem}.*Get the feed again"):
        read_bundle(write(objects))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "cannot be read as JSON"),
        ('{"type": "bundle", "objects": [', "cannot be read as JSON"),
        ("\udcff", "cannot be read as JSON"),
        ("[" * 100_000, "too deep"),
        ('{"type": "bundle", "objects": {}}', "objects are no list"),
        ('{"type": "bundle", "objects": [7]}', "object 1 has no text as its type"),
        ('{"type": "bundle", "objects": [{"type": "x", "id": "x--1", "a": 1, "a": 2}]}', "x--1 has the key 'a' twice"),
        ('{"type": "bundle", "x": NaN, "objects": []}', "NaN is no JSON number"),
        ('{"type": "bundle", "x": ' + "9" * 10_000 + "}", "cannot be read as JSON"),
    ],
)
def test_damaged_files_are_errors(tmp_path, text, problem):
    path = tmp_path / "feed.stix2"
    path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(EvidenceError, match=f"feed.stix2: .*{problem}"):
        read_bundle(path)


def test_json_of_something_else_is_no_bundle(tmp_path):
    path = tmp_path / "x.json"
    for other in ([], {}, {"type": "report"}, 7, "bundle"):
        path.write_text(json.dumps(other))
        with pytest.raises(NoBundle, match="no STIX bundle"):
            read_bundle(path)


def test_limits(bundle, write, monkeypatch):
    path = write(bundle("[process:name='xd']"))
    monkeypatch.setattr(stix, "_MOST_PARTS", 3)
    with pytest.raises(EvidenceError, match="more than 3 parts"):
        read_bundle(path)
    monkeypatch.setattr(stix, "LARGEST", 100)
    with pytest.raises(EvidenceError, match="more than 100 bytes"):
        read_bundle(path)
    with pytest.raises(EvidenceError, match="cannot be read"):
        read_bundle(path.with_name("absent.stix2"))


def test_a_bundle_with_a_byte_order_mark(bundle, write):
    path = write(bundle("[process:name='xd']"))
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert only(path).normal == "xd"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.just("tool--1"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["url", "x"]), inner, max_size=2),
    max_leaves=4,
)
PROPERTIES = [
    "created", "modified", "name", "pattern", "pattern_type", "valid_from", "valid_until", "revoked",
    "external_references", "relationship_type", "source_ref", "target_ref",
]  # fmt: skip
USUAL = {
    "pattern": "[process:name='xd' OR file:path='/x/y']",
    "relationship_type": "indicates",
    "source_ref": "indicator--1",
    "target_ref": "tool--1",
    "name": "Some",
}
OBJECTS = st.builds(
    lambda kind, number, change: {"type": kind, "id": f"{kind}--{number}", **USUAL, **change},
    st.sampled_from(["indicator", "relationship", "tool", "report"]),
    st.integers(1, 2),
    st.dictionaries(st.sampled_from(PROPERTIES), ANYTHING, max_size=2),
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(OBJECTS | ANYTHING, max_size=5))
def test_any_objects_are_read_or_said_to_be_wrong(write, objects):
    path = write(objects)
    try:
        found = read_bundle(path)
    except EvidenceError:
        return
    listed = [one for one in objects if one["type"] == "indicator"]
    assert found.count == len(listed)
    assert len({one.indicator for one in found.indicators}) + len(found.refused) == found.count
