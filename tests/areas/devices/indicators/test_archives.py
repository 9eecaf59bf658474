"""An archive of bundles is read as the folder that it was made of."""

import hashlib
import tarfile
import zipfile

import pytest

from answerable.areas.devices.indicators.folder import open_indicators
from answerable.errors import EvidenceError

REGISTRY = """{"feeds": [{"name": "A feed", "address": "https://lists.example.org/two.stix2", "credit": "A laboratory",
 "file": "two.stix2"}]}"""


@pytest.fixture
def lists(tmp_path, bundle, write):
    """A folder of two bundles, one of them deeper, with a registry and what is no bundle."""
    write(bundle("[domain-name:value='one.example.org']"), "lists/one.stix2")
    write(bundle("[domain-name:value='two.example.org']", "[process:name='xd']"), "lists/more/two.stix2")
    (tmp_path / "lists" / "feeds.json").write_text(REGISTRY)
    (tmp_path / "lists" / "other.json").write_text("{}")
    (tmp_path / "lists" / "._one.stix2").write_bytes(b"\x00\x05\x16\x07")
    return tmp_path / "lists"


def packed(folder, ending):
    archive = folder.with_name(f"lists.{ending}")
    if ending == "zip":
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made:
            for path in sorted(folder.rglob("*")):
                made.write(path, path.relative_to(folder.parent))
    else:
        with tarfile.open(archive, "w:gz" if ending == "tar.gz" else "w") as made:
            made.add(folder, folder.name)
    return archive


@pytest.mark.parametrize("ending", ["zip", "tar", "tar.gz"])
def test_an_archive_holds_what_the_folder_holds(lists, ending):
    folder, archive = open_indicators(lists), open_indicators(packed(lists, ending))
    assert list(archive.bundles) == [f"lists/{name}" for name in folder.bundles]
    assert list(archive.bundles.values()) == list(folder.bundles.values())
    assert [archive.feed(name).name for name in archive.bundles] == ["A feed", "one.stix2"]
    assert archive.others == ["lists/other.json"]
    assert archive.sha256 == hashlib.sha256(archive.path.read_bytes()).hexdigest()
    assert archive.feed("two.stix2") == folder.feed("two.stix2")


def test_an_archive_without_bundles_says_so(tmp_path, lists):
    for path in lists.rglob("*.stix2"):
        path.unlink()
    with pytest.raises(EvidenceError, match="no bundle of indicators among its 1 files"):
        open_indicators(packed(lists, "zip"))


def test_a_member_that_is_broken_is_named(lists):
    (lists / "broken.stix2").write_text("{")
    with pytest.raises(EvidenceError, match=r"broken\.stix2.*cannot be read as JSON"):
        open_indicators(packed(lists, "zip"))


def test_a_member_that_is_a_bomb_is_refused(tmp_path):
    archive = tmp_path / "bomb.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as made, made.open("a.stix2", "w") as member:
        for _ in range(100):
            member.write(bytes(1 << 20))
    with pytest.raises(EvidenceError, match="bomb"):
        open_indicators(archive)


def test_a_member_that_climbs_out_or_is_a_link_is_not_read(tmp_path, lists, bundle, write):
    outside = write(bundle("[domain-name:value='outside.example.org']"), "outside.stix2")
    archive = tmp_path / "lists.tar"
    with tarfile.open(archive, "w") as made:
        made.add(lists / "one.stix2", "one.stix2")
        made.add(outside, "../outside.stix2")
        link = tarfile.TarInfo("link.stix2")
        link.type, link.linkname = tarfile.SYMTYPE, str(outside)
        made.addfile(link)
    assert list(open_indicators(archive).bundles) == ["one.stix2"]


def test_half_an_archive_is_told(lists):
    archive = packed(lists, "zip")
    archive.write_bytes(archive.read_bytes()[:-40])
    with pytest.raises(EvidenceError, match="damaged or cut short"):
        open_indicators(archive)


def test_an_archive_is_left_as_it_was_and_nothing_beside_it(lists):
    archive = packed(lists, "tar.gz")
    before = (archive.read_bytes(), archive.stat().st_mtime_ns, sorted(lists.parent.iterdir()))
    open_indicators(archive)
    assert (archive.read_bytes(), archive.stat().st_mtime_ns, sorted(lists.parent.iterdir())) == before
