"""The file column of Manifest.db: decoded all at once, and equal to what the standard library reads, row by row."""

import math
import plistlib
import random
import sqlite3
import time
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from answerable.areas.devices.acquisition import manifest
from answerable.areas.devices.acquisition.manifest import NUMBERS, decode_files

UID = plistlib.UID
EMPTY = {**dict.fromkeys(NUMBERS), "digest": None, "target": None}
FIELDS = [*NUMBERS.values(), "Flags"]


def class_of(*names):
    return {"$classes": [*names, "NSObject"], "$classname": names[0]}


def archive(fields, *, path="Library/a.db", digest=None, key=None, target=None, extra=(), order=False, name="MBFile"):
    """An archive of an MBFile, as NSKeyedArchiver lays it out."""
    held = {**fields, "$class": UID(3), "RelativePath": UID(2)}
    objects = ["$null", held, path, class_of(name)]

    def put(value):
        objects.append(value)
        return UID(len(objects) - 1)

    if digest is not None:
        held["Digest"] = put(digest)
    if target is not None:
        held["Target"] = put(target)
    if key is not None:
        held["EncryptionKey"] = put({"NS.data": key, "$class": UID(len(objects) + 1)})
        put(class_of("NSMutableData", "NSData"))
    objects += extra
    whole = {"$version": 100_000, "$archiver": "NSKeyedArchiver", "$top": {"root": UID(1)}, "$objects": objects}
    return plistlib.dumps(whole, fmt=plistlib.FMT_BINARY, sort_keys=order)


def expected(blob):
    """What the standard library reads in a row, by plain rules."""
    try:
        objects = plistlib.loads(blob)["$objects"]
        held = objects[plistlib.loads(blob)["$top"]["root"].data]
        if objects[held["$class"].data]["$classname"] != "MBFile":
            raise ValueError
    except Exception:
        return {**EMPTY, "misread": True}
    row = {**EMPTY, "misread": False}
    for column, field in NUMBERS.items():
        value = held.get(field)
        value = follow(objects, value)
        if type(value) in (int, float) and math.isfinite(value) and -(2**63) <= int(value) < 2**63:
            row[column] = int(value)
    digest, target = (follow(objects, held.get(field)) for field in ("Digest", "Target"))
    row["digest"] = digest.hex() if isinstance(digest, bytes) else None
    row["target"] = target if isinstance(target, str) else None
    return row


def follow(objects, value):
    """What a reference leads to; of an object of data, the data; nothing where it leads nowhere."""
    if not isinstance(value, UID):
        return value
    value = objects[value.data] if value.data < len(objects) else None
    return value.get("NS.data") if isinstance(value, dict) else value


def decoded(blobs):
    batch = decode_files(pa.array(blobs, pa.binary()))
    batch.validate(full=True)
    return batch.to_pylist()


NUMBER = st.one_of(
    *(st.integers(0, 2**bits - 1) for bits in (8, 16, 32, 63)),
    st.integers(-(2**63), -1),
    st.integers(2**63, 2**64 - 1),
    st.floats(),
    st.booleans(),
    st.just("text"),
)
ARCHIVES = st.builds(
    archive,
    st.dictionaries(st.sampled_from(FIELDS), NUMBER),
    path=st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
    | st.sampled_from(["Size", "MBFile", "$null", ""]),
    digest=st.none() | st.binary(min_size=20, max_size=20) | st.binary(max_size=40) | st.just("text"),
    key=st.none() | st.binary(max_size=50),
    target=st.none() | st.text(st.characters(exclude_categories=["Cs"])),
    extra=st.lists(st.sampled_from([5, "more", b"x", {"a": 1}]), max_size=3),
    order=st.booleans(),
    name=st.sampled_from(["MBFile", "MBFile", "MBFile", "Other"]),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ARCHIVES, max_size=6), st.integers(1, 12))
def test_every_row_is_what_the_standard_library_reads(archives, times):
    blobs = archives * times
    assert decoded(blobs) == [expected(blob) for blob in blobs]


def typical(draws, **more):
    """A row as phones have them: numbers of any width, equal ones now and then, a path, a digest, a key."""
    when = draws.randrange(1_400_000_000, 1_700_000_000)
    fields = {
        "Birth": when,
        "LastModified": when + draws.choice([0, 0, 5]),
        "LastStatusChange": when + draws.choice([0, 7]),
        "Flags": 0,
        "GroupID": 501,
        "UserID": draws.choice([501, 0]),
        "InodeNumber": draws.randrange(2**40),
        "Mode": draws.choice([0o100644, 0o100600, 0o40755]),
        "ProtectionClass": draws.choice([0, 3, 4]),
        "Size": draws.choice([0, draws.randrange(200), draws.randrange(70_000), draws.randrange(2**40), -1]),
    }
    path = "Library/" + "x" * draws.randrange(400) + draws.choice(["", "é"]) + f"/{draws.random()}"
    digest = draws.randbytes(20) if draws.random() < 0.8 else None
    return archive(fields, path=path, digest=digest, **more)


def test_typical_rows_are_taken_together_and_equal_the_standard_librarys(monkeypatch):
    draws = random.Random(1)
    blobs = [typical(draws, key=draws.randbytes(44) if draws.random() < 0.5 else None) for _ in range(4000)]
    single = []
    original = manifest._Rows._one
    monkeypatch.setattr(manifest._Rows, "_one", lambda rows, row: single.append(row) or original(rows, row))
    assert decoded(blobs) == [expected(blob) for blob in blobs]
    assert len(single) < len(blobs) / 4


@pytest.mark.parametrize("seed", range(20))
def test_changed_and_cut_rows_among_good_ones(seed):
    draws = random.Random(seed)
    blobs = []
    for blob in [typical(draws) for _ in range(20)] * 10:
        changed = bytearray(blob)
        for _ in range(draws.choice([0, 0, 1, 2, 5])):
            changed[draws.randrange(len(changed))] = draws.randrange(256)
        if draws.random() < 0.1:
            del changed[draws.randrange(len(changed)) :]
        blobs.append(bytes(changed))
    together = decoded(blobs)
    alone = [decoded([blob])[0] for blob in blobs]
    assert together == alone
    for row, blob in zip(together, blobs, strict=True):
        # Ours reads more than the standard library does (text that is not ASCII), but not what lies in the trailer.
        wanted = expected(blob)
        assert row == wanted or wanted["misread"] or row["misread"]
    assert sum(row["misread"] for row in together) < len(blobs) / 2


@pytest.mark.parametrize(
    "blob", [None, b"", b"bplist00", b"x" * 500, plistlib.dumps({"a": 1}), plistlib.dumps([], fmt=plistlib.FMT_BINARY)]
)
def test_what_is_no_archive_is_misread_and_nothing_else(blob):
    good = typical(random.Random(3))
    for blobs in ([blob], [good] * 10 + [blob] + [good] * 10):
        rows = decoded(blobs)
        assert rows[len(blobs) // 2] == {**EMPTY, "misread": True}
        assert sum(row["misread"] for row in rows) == 1


def test_xml_archives_are_read():
    whole = {
        "$version": 100_000,
        "$archiver": "NSKeyedArchiver",
        "$top": {"root": {"CF$UID": 1}},
        "$objects": ["$null", {"Size": 5}],
    }
    assert decoded([plistlib.dumps(whole)])[0]["misread"], "XML has no references: what stands for one is a dict"


def test_slices_and_no_rows_at_all():
    draws = random.Random(4)
    blobs = [typical(draws) for _ in range(100)]
    part = pa.array([b"", *blobs], pa.binary()).slice(31, 40)
    assert decode_files(part).to_pylist() == [expected(blob) for blob in blobs[30:70]]
    assert decode_files(pa.array([], pa.binary())).num_rows == 0


def test_a_null_with_bytes_under_it_is_misread():
    blobs = pa.array([typical(random.Random(5))] * 20, pa.binary())
    _, offsets, data = blobs.buffers()
    hidden = pa.Array.from_buffers(pa.binary(), 20, [pa.py_buffer(b"\xff\xff\x07"), offsets, data])
    assert [row["misread"] for row in decode_files(hidden).to_pylist()] == [False] * 19 + [True]


def test_a_property_list_bomb_in_every_row_is_misread_in_no_time():
    bomb = b"bplist00" + b"".join(bytes([0xA2, level + 1, level + 1]) for level in range(60)) + b"\x09"
    offsets = bytes(8 + 3 * level for level in range(61))
    table = len(bomb).to_bytes(8, "big")
    bomb += offsets + bytes(6) + b"\x01\x01" + (61).to_bytes(8, "big") + bytes(8) + table
    began = time.process_time()
    assert all(row["misread"] for row in decoded([bomb] * 500))
    assert time.process_time() - began < 2


def test_fifty_thousand_rows_cost_less_than_a_quarter_of_the_standard_librarys_time():
    draws = random.Random(6)
    some = [typical(draws) for _ in range(5000)]
    began = time.process_time()
    for blob in some:
        plistlib.loads(blob)
    slow = (time.process_time() - began) * 10
    blobs = pa.array(some * 10, pa.binary())
    began = time.process_time()
    decode_files(blobs)
    assert (time.process_time() - began) * 4 < slow


def test_the_synthetic_backup_is_decoded(public_data):
    path = Path(public_data) / "devices" / "ios_synthetic" / "backup" / "Manifest.db"
    connection = sqlite3.connect(f"{path.as_uri()}?immutable=1&mode=ro", uri=True)
    blobs = [row[0] for row in connection.execute("SELECT file FROM Files")]
    connection.close()
    assert decoded(blobs) == [expected(blob) for blob in blobs]
