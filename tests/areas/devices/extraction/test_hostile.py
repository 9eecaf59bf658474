"""Every artefact of every kind of acquisition as hostile bytes: it is read, or it is a gap that says why."""

import contextlib
import plistlib
import random
import time

import pytest

from answerable.areas.devices.extraction.parts import FAULT
from answerable.errors import EvidenceError

FILE_KINDS = ["ios backup", "ios file system", "sysdiagnose", "androidqf", "bugreport", "intrusion logs"]


DEEP = 5_000


MAY_BE_SILENT = {
    "bugreport_mounts": "the kernel's own lists, which lie beside the text, hold them",
    "whatsapp_identifiers": "one of two files holds them, according to the version",
    "backup_apps": "a list of no apps",
    "web_storage": "a list of files in which no folder is named after a site",
}


VALID = {"plist of numbers", "JSON object"}
"""Sound documents without anything that their artefact would hold: they may give nothing."""


def nothing_is_silent(found, names=None, valid=False):
    """Every file that gave no rows says why, and no parser failed at what it was not written for."""
    for name, one in found.items():
        for account in one.accounts:
            assert FAULT not in account.gap, (name, account)
            if not valid and name not in MAY_BE_SILENT and (names is None or account.logical in names):
                assert account.rows or account.gap or account.refused or account.notes, (name, account.logical)


def cyclic():
    """A binary property list whose array holds itself."""
    data = bytearray(plistlib.dumps([["a"]], fmt=plistlib.FMT_BINARY))
    place = data.index(b"\xa1", 8)
    data[place + 1] = data[8 + 1] = 0
    return bytes(data)


def deep_xml():
    return b'<?xml version="1.0"?><plist version="1.0">' + b"<array>" * DEEP + b"</array>" * DEEP + b"</plist>"


def billion_laughs():
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    text = f'<!DOCTYPE plist [<!ENTITY l0 "ha">{entities}]><plist><string>&l11;</string></plist>'
    return f'<?xml version="1.0"?>{text}'.encode()


def many_references():
    """A binary property list of 40 arrays, each of which holds the next twice: 2^40 values when it is unfolded."""
    objects = [b"\xa2" + bytes([n + 1, n + 1]) for n in range(40)] + [b"\x51a"]
    body, offsets = b"bplist00", []
    for one in objects:
        offsets.append(len(body))
        body += one
    table = len(body)
    body += b"".join(offset.to_bytes(2, "big") for offset in offsets)
    return body + bytes(6) + bytes([2, 1]) + len(objects).to_bytes(8, "big") + bytes(8) + table.to_bytes(8, "big")


def view_for_every_table(made):
    """A database in which every table that artefacts read is a view without an end."""
    names = [
        "message", "history_visits", "history_items", "ZPROCESS", "ZLIVEUSAGE", "access", "ZCALLRECORD", "ABPerson",
        "CalendarItem", "ZINTERACTIONS", "tabs", "bookmarks", "visits", "urls", "ZWAMESSAGE", "ObservedDomains",
        "ZSHORTCUT", "ZSHORTCUTACTIONS", "cfurl_cache_response", "attachment", "Files", "ZWAPROFILEPUSHNAME",
        "ZWAADDRESSBOOKCONTACT", "moz_places", "page_url", "icon_info", "favicons", "sites", "events",
    ]  # fmt: skip
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS ROWID, i AS id, i Z_PK FROM n"
    )
    return made.database("".join(f'CREATE VIEW "{name}" AS {endless};' for name in names))


def hostile(made):
    numbers = random.Random(7)
    return {
        "nothing": b"",
        "zeros": bytes(5_000),
        "noise": numbers.randbytes(20_000),
        "cyclic plist": cyclic(),
        "deep plist": deep_xml(),
        "plist of entities": billion_laughs(),
        "plist of references": many_references(),
        "cut plist": plistlib.dumps({"a": list(range(1000))}, fmt=plistlib.FMT_BINARY)[:-40],
        "plist of another shape": plistlib.dumps([{"a": 1}, 7, "x"]),
        "plist of numbers": plistlib.dumps({str(n): n for n in range(50)}),
        "deep JSON": b"[" * 100_000,
        "JSON of another shape": b'[1, "x", null, {"a": [{}]}, [[]]]',
        "JSON object": b'{"a": {"b": 1e999}, "apps": 7}',
        "views": view_for_every_table(made),
        "header of a database": b"SQLite format 3\0" + bytes(84) + b"\x0d" + bytes(5_000),
        "one endless line": b"A" * 3_000_000,
        "controls": b"\x1b[2J\x00\x07\r\n" * 500,
        "marks of sections": b"------ \nDUMP OF SERVICE x:\n-------- \n[a]: [\n:::\n" * 200,
        "UTF-16": "\ufeffpackage:\n".encode("utf-16") + b"\xff",
    }


HOSTILE = [
    "nothing", "zeros", "noise", "cyclic plist", "deep plist", "plist of entities", "plist of references", "cut plist",
    "plist of another shape", "plist of numbers", "deep JSON", "JSON of another shape", "JSON object", "views",
    "header of a database", "one endless line", "controls", "marks of sections", "UTF-16",
]  # fmt: skip


@pytest.mark.parametrize("kind", FILE_KINDS)
@pytest.mark.parametrize("what", HOSTILE)
def test_every_artefact_as_hostile_bytes_is_read_or_is_a_gap(read, made, tmp_path, kind, what):
    bad = hostile(made)[what]
    own = {"Manifest.db", "Manifest.plist", "Info.plist"}  # tested on their own: without them there is no backup
    paths = [path for path in made.paths_of(kind) if path not in own]
    root = made.lay(tmp_path / "sysdiagnose_x", dict.fromkeys(paths, bad), kind)
    before = made.tree_state(root)
    started = time.process_time()
    found = read(root)
    assert time.process_time() - started < 60
    nothing_is_silent(found, set(paths), what in VALID)
    assert made.tree_state(root) == before


def test_ten_gigabytes_of_nothing_in_place_of_every_artefact_fail_fast(read, made, tmp_path):
    for kind in FILE_KINDS:
        paths = [
            path for path in made.paths_of(kind) if not path.endswith(("Manifest.db", "Info.plist", "Manifest.plist"))
        ]
        root = made.lay(tmp_path / kind.replace(" ", "_"), dict.fromkeys(paths, b"x"), kind)
        for path in paths:
            with (root / (made.stored(path) if kind == "ios backup" and "/" in path else path)).open("wb") as file:
                file.truncate(10 << 30)
        started = time.process_time()
        with contextlib.suppress(EvidenceError):  # a report of zeros is no report
            nothing_is_silent(read(root, out=f"out_{kind}".replace(" ", "_")), set(paths) - {"a.txt"})
        assert time.process_time() - started < 30, kind


@pytest.mark.parametrize("name", ["Info.plist", "Manifest.plist"])
@pytest.mark.parametrize(
    "what", ["nothing", "noise", "cyclic plist", "deep plist", "plist of entities", "plist of references"]
)
def test_own_files_of_a_backup_that_are_hostile_do_not_end_it(read, made, tmp_path, name, what):
    root = made.lay(tmp_path / "phone", {made.SAFARI: made.history(5), name: hostile(made)[what]})
    found = read(root)
    assert found["safari_history"].coverage()["rows"] == 5
    nothing_is_silent(found, {name})
