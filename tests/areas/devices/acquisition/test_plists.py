"""Property lists: equal to what the standard library reads, and refused with a reason where they are hostile."""

import math
import plistlib
import struct
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answerable.areas.devices.acquisition.plists import read_plist, unarchive
from answerable.errors import EvidenceError

DATES = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]))
SCALARS = st.one_of(
    st.integers(-(2**63), 2**63 - 1), st.booleans(), TEXT, st.binary(), st.floats(allow_nan=False), DATES
)
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=30)


def aware(value):
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC)
    if isinstance(value, list):
        return [aware(item) for item in value]
    if isinstance(value, dict):
        return {key: aware(item) for key, item in value.items()}
    return value


@given(TREES)
def test_binary_is_what_the_standard_library_reads(tree):
    data = plistlib.dumps(tree, fmt=plistlib.FMT_BINARY)
    assert read_plist(data) == aware(plistlib.loads(data))


@given(TREES)
def test_xml_is_what_the_standard_library_reads(tree):
    data = plistlib.dumps(tree, fmt=plistlib.FMT_XML)
    assert read_plist(data) == aware(plistlib.loads(data))


@given(TREES, st.data())
def test_bytes_cut_or_changed_end_in_a_value_or_a_reason(tree, drawn):
    data = bytearray(plistlib.dumps({"root": tree}, fmt=drawn.draw(st.sampled_from(plistlib.PlistFormat))))
    place = drawn.draw(st.integers(0, len(data) - 1))
    if drawn.draw(st.booleans()):
        del data[place:]
    else:
        data[place] = drawn.draw(st.integers(0, 255))
    with suppress(EvidenceError):
        read_plist(bytes(data))


@given(st.binary(max_size=200))
def test_any_bytes_end_in_a_value_or_a_reason(data):
    for candidate in (data, b"bplist00" + data):
        with suppress(EvidenceError):
            read_plist(candidate)


def assemble(objects, *, top=0, ref_size=1, count=None, table=None):
    """A binary property list of given objects, with a trailer of our choice."""
    body, offsets = b"bplist00", []
    for held in objects:
        offsets.append(len(body))
        body += held
    place = len(body) if table is None else table
    body += b"".join(struct.pack(">I", offset) for offset in offsets)
    return body + struct.pack(">6xBBQQQ", 4, ref_size, len(objects) if count is None else count, top, place)


def test_the_same_list_doubled_sixty_times_is_refused_at_once():
    bomb = assemble([*(bytes([0xA2, level + 1, level + 1]) for level in range(60)), b"\x09"])
    began = time.process_time()
    with pytest.raises(EvidenceError, match="stands for more than"):
        read_plist(bomb)
    assert time.process_time() - began < 1


def test_a_list_that_holds_itself_is_refused():
    with pytest.raises(EvidenceError, match="refers to itself"):
        read_plist(assemble([b"\xa1\x01", b"\xa1\x00"]))


def test_lists_within_lists_without_end_are_refused_before_the_stack_ends():
    deep = assemble([*(struct.pack(">BH", 0xA1, level + 1) for level in range(60_000)), b"\x09"], ref_size=2)
    with pytest.raises(EvidenceError, match="deeper than"):
        read_plist(deep)
    with pytest.raises(EvidenceError, match="deeper than"):
        read_plist(b"<plist>" + b"<array>" * 60_000 + b"</array>" * 60_000 + b"</plist>")


@pytest.mark.parametrize(
    "hostile",
    [
        assemble([b"\x09"], count=2**62),
        assemble([b"\x09"], table=2**62),
        assemble([b"\x09"], top=7),
        assemble([b"\xaf\x13" + b"\xff" * 8]),
        assemble([b"\x5f\x13" + b"\xff" * 8]),
        assemble([b"\x4f\x12" + b"\xff" * 4]),
        assemble([b"\xdf\x13" + b"\x7f" * 8]),
        assemble([b"\xa1\xff"]),
        assemble([b"\xd1\x01\x01", b"\x09"]),
        assemble([b"\x1f"]),
        assemble([b"\x70"]),
        b"",
        b"bplist00",
        b"{ old = style; }",
        b'<?xml version="1.0"?><plist><integer>' + b"9" * 100_000 + b"</integer></plist>",
        b"<plist><array></plist>",
        b"<plist><key>a</key></plist>",
    ],
)
def test_counts_and_places_that_lie_are_refused_with_a_reason(hostile):
    with pytest.raises(EvidenceError, match="no property list that can be read"):
        read_plist(hostile, name="Info.plist")


def test_entities_are_refused():
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(12))
    hostile = f'<?xml version="1.0"?><!DOCTYPE plist [{laughs}]><plist><string>&l11;</string></plist>'
    with pytest.raises(EvidenceError, match="entity"):
        read_plist(hostile.encode())
    outside = '<?xml version="1.0"?><!DOCTYPE plist [<!ENTITY x SYSTEM "file:///etc/passwd">]><plist><string>&x;</string></plist>'
    with pytest.raises(EvidenceError, match="entity"):
        read_plist(outside.encode())


def test_too_large_is_refused_unread():
    with pytest.raises(EvidenceError, match="limit is 10"):
        read_plist(plistlib.dumps({}), limit=10)


def test_more_xml_objects_than_bound_are_refused(monkeypatch):
    monkeypatch.setattr("answerable.areas.devices.acquisition.plists.MOST_OBJECTS", 100)
    with pytest.raises(EvidenceError, match="more than 100"):
        read_plist(plistlib.dumps([True] * 1000))
    with pytest.raises(EvidenceError, match="more than 100"):
        read_plist(plistlib.dumps(list(range(1000)), fmt=plistlib.FMT_BINARY))


def test_a_date_out_of_the_calendar_costs_the_date_only():
    data = assemble([b"\xa3\x01\x02\x03", *(b"\x33" + struct.pack(">d", when) for when in (1e300, math.nan, 86_400.5))])
    far, none, near = read_plist(data)
    assert far == 1e300 and math.isnan(none)
    assert near == datetime(2001, 1, 2, 0, 0, 0, 500_000, tzinfo=UTC)


def test_text_that_is_not_well_formed_is_kept_with_a_mark():
    assert read_plist(assemble([b"\x52\xffA"])) == "\ufffdA"
    assert read_plist(assemble([b"\x61\xd8\x00"])) == "\ufffd"


def archive(*objects, top=None):
    """An archive as NSKeyedArchiver lays it out: object 0 is $null, the given ones follow."""
    return {
        "$archiver": "NSKeyedArchiver",
        "$version": 100_000,
        "$top": top or {"root": plistlib.UID(1)},
        "$objects": ["$null", *objects],
    }


def of_class(name, *above):
    return {"$classname": name, "$classes": [name, *above, "NSObject"]}


UID = plistlib.UID


def test_objects_of_the_usual_classes_become_plain_values():
    held = archive(
        {"$class": UID(2), "NS.keys": [UID(3), UID(4)], "NS.objects": [UID(5), UID(7)]},
        of_class("NSMutableDictionary", "NSDictionary"),
        "when",
        "list",
        {"$class": UID(6), "NS.time": 86_400.0},
        of_class("NSDate"),
        {"$class": UID(8), "NS.objects": [UID(9), UID(11), UID(13), UID(15), UID(0), UID(17), UID(20)]},
        of_class("NSArray"),
        {"$class": UID(10), "NS.string": "text"},
        of_class("NSMutableString", "NSString"),
        {"$class": UID(12), "NS.base": UID(0), "NS.relative": "https://example.org/a"},
        of_class("NSURL"),
        {"$class": UID(14), "NS.uuidbytes": bytes(range(16))},
        of_class("NSUUID"),
        {"$class": UID(16), "NS.data": b"\x00\x01"},
        of_class("NSMutableData", "NSData"),
        {"$class": UID(18), "name": UID(19), "count": 3},
        of_class("Visit"),
        "x",
        {"$class": UID(21), "NS.objects": [1]},
        of_class("OwnSet", "NSSet"),
    )
    data = plistlib.dumps(held, fmt=plistlib.FMT_BINARY)
    assert unarchive(read_plist(data)) == {
        "when": datetime(2001, 1, 2, tzinfo=UTC),
        "list": [
            "text",
            "https://example.org/a",
            "00010203-0405-0607-0809-0A0B0C0D0E0F",
            b"\x00\x01",
            None,
            {"$class": "Visit", "name": "x", "count": 3},
            [1],
        ],
    }


def test_what_is_no_archive_is_returned_as_it_is():
    assert unarchive({"a": 1}) == {"a": 1}


def test_several_top_objects_keep_their_names():
    assert unarchive(archive("a", "b", top={"one": UID(1), "two": UID(2)})) == {"one": "a", "two": "b"}


def test_a_date_of_an_archive_out_of_the_calendar_stays_a_number():
    assert unarchive(archive({"$class": UID(2), "NS.time": 1e18}, of_class("NSDate"))) == 1e18


def test_a_reference_back_to_its_holder_is_none():
    held = archive({"$class": UID(2), "parent": UID(1), "name": "x"}, of_class("Node"))
    assert unarchive(held) == {"$class": "Node", "parent": None, "name": "x"}


def test_an_archive_that_doubles_is_refused_at_once():
    levels = [{"$class": UID(32), "NS.objects": [UID(level + 2)] * 2} for level in range(30)]
    began = time.process_time()
    with pytest.raises(EvidenceError, match="stand for more than"):
        unarchive(archive(*levels, "x", of_class("NSArray")))
    assert time.process_time() - began < 1


def test_an_archive_too_deep_or_with_lost_references_is_refused():
    chain = [[UID(level + 2)] for level in range(5000)]
    with pytest.raises(EvidenceError, match="deeper than"):
        unarchive(archive(*chain, "x"))
    with pytest.raises(EvidenceError, match="cannot be read"):
        unarchive(archive([UID(99)]), name="a.plist")
    for damaged in ({"$objects": 5}, {"$top": 5}, {"$objects": None}):
        with pytest.raises(EvidenceError):
            unarchive(archive("x") | damaged)


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("NSData", {"NS.data": 10**15}),
        ("NSArray", {"NS.objects": "abc"}),
        ("NSDictionary", {"NS.keys": [[1]], "NS.objects": [2]}),
        ("NSDictionary", {"NS.keys": [1, 2], "NS.objects": [2]}),
        ("NSUUID", {"NS.uuidbytes": b"short"}),
        ("NSURL", {}),
        ("NSDate", {"NS.time": "noon"}),
    ],
)
def test_an_object_that_is_not_what_its_class_says_is_shown_as_it_is(name, fields):
    held = archive({"$class": UID(2), **fields}, of_class(name))
    assert unarchive(held) == {"$class": name, **fields}
