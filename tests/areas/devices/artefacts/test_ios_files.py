"""The whole file system of an iPhone: its list of files, and the pages that stored data on it."""

import io
import os
import plistlib
import struct
import tarfile
import zipfile
from datetime import UTC, datetime

import pytest

WHEN = datetime(2022, 3, 4, 5, 6, 7, tzinfo=UTC)
UNIX = int(WHEN.timestamp())
TOOL = "private/var/db/com.apple.xpc.roleaccountd.staging/bh"
FILES = {TOOL: b"\xcf\xfa\xed\xfe", "private/var/mobile/Library/SMS/sms.db": b"x" * 10}


def files_of(read):
    """The rows of files and links, by path."""
    return {row["path"]: row for row in read.rows("file_system") if row["kind"] != "folder"}


def folders_of(read):
    """The rows of folders, by path."""
    return {row["path"]: row for row in read.rows("file_system") if row["kind"] == "folder"}


def tar(path, files, mode="w:gz", links=(), folders=()):
    """A tar of the files, with one mode, owner and time."""
    with tarfile.open(path, mode) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.uid, member.gid, member.mtime = len(data), 0o755, 501, 20, UNIX
            archive.addfile(member, io.BytesIO(data))
        for name in folders:
            member = tarfile.TarInfo(name)
            member.type, member.mode, member.mtime = tarfile.DIRTYPE, 0o700, UNIX
            archive.addfile(member)
        for name, target, kind in links:
            member = tarfile.TarInfo(name)
            member.type, member.linkname, member.mtime = kind, target, UNIX
            archive.addfile(member)
    return path


def test_files_of_a_tar_with_what_its_headers_say(tmp_path, read_again):
    links = [("private/var/tmp/link", "../db/secret", tarfile.SYMTYPE),
             ("private/var/tmp/again", TOOL, tarfile.LNKTYPE),
             ("private/var/tmp/twice", "private/var/tmp/link", tarfile.LNKTYPE)]  # fmt: skip
    read = read_again(tar(tmp_path / "dump.tar.gz", FILES, links=links))
    rows = files_of(read)
    assert len(rows) == 5 and [row["row"] for row in rows.values()] == ["1", "2", "3", "4", "5"]
    names = ("relative_path", "kind", "size", "mode", "owner", "group_number", "modified", "time", "present", "target")
    assert tuple(rows[f"/{TOOL}"][name] for name in names) == (
        TOOL, "file", 4, 0o100755, 501, 20, WHEN, WHEN, True, None,
    )  # fmt: skip
    link = rows["/private/var/tmp/link"]
    assert (link["kind"], link["target"], link["present"]) == ("link", "../db/secret", False)
    assert rows["/private/var/tmp/again"]["size"] == 4 and rows["/private/var/tmp/twice"]["kind"] == "link"
    coverage = read.coverage("file_system")
    assert coverage["state"] == "read" and coverage["expected"]
    assert coverage["first"] == coverage["last"] == UNIX * 10**6
    assert len(rows[f"/{TOOL}"]["exhibit"]) == 64


def test_the_list_has_a_digest_of_what_it_says(tmp_path, read_again):
    def digest(name, **files):
        read = read_again(tar(tmp_path / name, FILES | files))
        return {row["exhibit"] for row in read.rows("file_system")}

    (tmp_path / "again").mkdir()
    assert digest("dump.tar.gz") == digest("again/dump.tar.gz") != digest("other.tar.gz", x=b"")


def test_files_of_a_zip_have_times_only_where_they_are_in_utc(tmp_path, read_again):
    path = tmp_path / "dump.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, extra in {TOOL: struct.pack("<HHBi", 0x5455, 5, 1, UNIX), "private/var/mobile/x": b"\x55"}.items():
            member = zipfile.ZipInfo(name, (2022, 3, 4, 6, 6, 6))
            member.extra, member.external_attr, member.create_system = extra, 0o100644 << 16, 3
            archive.writestr(member, b"data")
        archive.writestr(zipfile.ZipInfo("private/var/tmp/empty/"), b"")
    read = read_again(path)
    rows = files_of(read)
    assert "/private/var/tmp/empty" in folders_of(read)
    assert rows[f"/{TOOL}"]["modified"] == WHEN and rows[f"/{TOOL}"]["mode"] == 0o100644
    assert rows["/private/var/mobile/x"]["modified"] is None and rows["/private/var/mobile/x"]["size"] == 4


def test_files_of_a_folder_are_those_of_a_copy(phone):
    read = phone(FILES, "ios file system")
    rows = files_of(read)
    assert folders_of(read)["/private/var/mobile"]["owner"] == os.getuid()
    assert set(rows) == {f"/{path}" for path in FILES} and rows[f"/{TOOL}"]["owner"] == os.getuid()
    assert read.accounts("file_system")[0].notes == [
        "Owner, mode and times are those of the copied files: whoever copied them may have changed them."
    ]
    assert read.coverage("web_storage")["state"] == "read"


def test_a_dump_under_var_keeps_the_paths_of_the_phone(tmp_path, read_again):
    files = {f"filesystem1/{path.removeprefix('private/')}": data for path, data in FILES.items()}
    folders = ["filesystem1/var/db/empty", "filesystem1/elsewhere"]
    rows = read_again(tar(tmp_path / "dump.tar", files, "w", folders=folders))
    assert {(row["path"], row["relative_path"]) for row in files_of(rows).values()} == {
        (f"/{path}", f"filesystem1/{path.removeprefix('private/')}") for path in FILES
    }
    empty = folders_of(rows)["/private/var/db/empty"]
    assert (empty["mode"], empty["modified"], empty["relative_path"]) == (0o40700, WHEN, "filesystem1/var/db/empty")
    assert "/elsewhere" not in folders_of(rows)


def test_folders_are_listed_with_what_the_archive_says_or_by_what_lies_in_them(tmp_path, read_again):
    folders = ["private/var/db/com.apple.xpc.roleaccountd.staging/", "private/var/tmp/empty"]
    found = folders_of(read_again(tar(tmp_path / "dump.tar", FILES, "w", folders=folders)))
    assert set(found) == {
        "/private", "/private/var", "/private/var/db", "/private/var/db/com.apple.xpc.roleaccountd.staging",
        "/private/var/mobile", "/private/var/mobile/Library", "/private/var/mobile/Library/SMS", "/private/var/tmp",
        "/private/var/tmp/empty",
    }  # fmt: skip
    staging = found["/private/var/db/com.apple.xpc.roleaccountd.staging"]
    assert (staging["mode"], staging["time"], staging["present"]) == (0o40700, WHEN, True)
    assert found["/private/var/mobile"]["modified"] is None


def test_absurd_numbers_of_headers_are_left_out(tmp_path, read_again):
    with tarfile.open(tmp_path / "dump.tar", "w", format=tarfile.GNU_FORMAT) as archive:
        member = tarfile.TarInfo("private/var/mobile/x")
        member.uid, member.mtime, member.gid = 1 << 40, 1 << 60, 2
        archive.addfile(member, io.BytesIO())
        pax = tarfile.TarInfo("private/var/mobile/y")
        archive.addfile(pax, io.BytesIO())
    rows = files_of(read_again(tmp_path / "dump.tar"))
    assert [(row["owner"], row["group_number"], row["modified"]) for row in rows.values()] == [
        (1 << 40, 2, None),
        (0, 0, None),
    ]


APP = "private/var/mobile/Containers/Data/Application/0A1B"
DATA = f"{APP}/Library/WebKit/WebsiteData"


def origin(*pages):
    """A file of an origin, as WebKit writes one."""
    data = b""
    for scheme, host, port in pages:
        for text in (scheme, host):
            plain = text.isascii()
            data += struct.pack("<I?", len(text), plain) + text.encode("latin-1" if plain else "utf-16-le")
        data += b"\0" if port is None else struct.pack("<BH", 1, port)
    return data


@pytest.mark.parametrize("packed", [True, False])
def test_pages_that_stored_data(tmp_path, phone, read_again, packed):
    top = ("https", "top.example.org", None)
    files = {
        f"{APP}/.com.apple.mobile_container_manager.metadata.plist": plistlib.dumps(
            {"MCMMetadataIdentifier": "org.example.app"}
        ),
        f"{DATA}/IndexedDB/v1/https_example.org_0/7/IndexedDB.sqlite3": b"x",
        f"{DATA}/IndexedDB/v1/https_example.org_0/8/IndexedDB.sqlite3": b"x",
        f"{DATA}/LocalStorage/http_www.example.net_8080.localstorage": b"x",
        f"{DATA}/Default/aa/bb/origin": origin(top, ("https", "inner.example.org", 8443)),
        f"{DATA}/Default/aa/aa/origin": origin(*[("https", "b\u0101.example.org", None)] * 2),
        f"{DATA}/Default/cc/cc/origin": b"\xff\xff\xff\xff broken",
        "private/var/mobile/Library/SafariViewService/https_view.example.org_0/x": b"x",
        "private/var/mobile/Documents/https_no.example.org_0/x": b"x",
        "private/var/mobile/Documents/origin": origin(("https", "no.example.org", None)),
    }  # fmt: skip
    read = read_again(tar(tmp_path / "dump.tar.gz", files)) if packed else phone(files, "ios file system")
    rows = read.rows("web_storage")
    assert [(row["row"], row["url"], row["host"], row["within"]) for row in rows] == [
        ("1", "https://example.org/", "example.org", "org.example.app"),
        ("2", "http://www.example.net:8080/", "www.example.net", "org.example.app"),
        ("3", "https://view.example.org/", "view.example.org", None),
        ("4", "https://b\u0101.example.org/", rows[3]["host"], "org.example.app"),
        ("5", "https://top.example.org/", "top.example.org", "org.example.app"),
        ("5", "https://inner.example.org:8443/", "inner.example.org", "org.example.app"),
    ]
    assert rows[3]["host"].startswith("xn--") and rows[4]["artefact"] == f"{DATA}/Default/aa/bb/origin"
    assert {row["what"] for row in rows} == {"website data"}
    assert packed is False or {row["time"] for row in rows} == {WHEN}
    assert read.coverage("web_storage")["refused"] == 1


def test_pages_that_stored_data_in_a_backup(phone):
    folder = "AppDomain-org.example.app/Library/WebKit/WebsiteData/Default/aa/bb"
    pages = (("https", "top.example.org", None), ("http", "inner.example.org", 8080))
    read = phone({f"{folder}/origin": origin(*pages), f"{folder}c/origin": b"broken"})
    assert [(row["url"], row["host"], row["within"]) for row in read.rows("web_origins")] == [
        ("https://top.example.org/", "top.example.org", "org.example.app"),
        ("http://inner.example.org:8080/", "inner.example.org", "org.example.app"),
    ]
    coverage = read.coverage("web_origins")
    assert coverage["state"] == "partly read" and "cut short" in coverage["reason"]
