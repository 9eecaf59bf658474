"""The doors to one file of an artefact: limits, refusals, notes and gaps."""

from types import SimpleNamespace

import pytest

from answerable.areas.devices.artefacts import source as module
from answerable.areas.devices.artefacts.source import Source
from answerable.errors import EvidenceError


@pytest.fixture
def of(tmp_path):
    """A function that opens bytes as the file of an artefact."""
    from answerable.areas.devices.acquisition.tree import open_tree

    trees = []

    def make(data):
        (tmp_path / "evidence").mkdir()
        (tmp_path / "scratch").mkdir()
        (tmp_path / "evidence" / "file").write_bytes(data)
        trees.append(tree := open_tree(tmp_path / "evidence", tmp_path / "scratch"))
        return Source(SimpleNamespace(tree=tree, device="phone"), tree.entry("file"), tmp_path / "scratch")

    yield make
    for tree in trees:
        tree.close()


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[" * 200_000, b'{"a": 1} x', b"\xff\xfe\x00", b"[" + b"1" * 5_000 + b"]"]
)
def test_what_is_no_json_or_too_deep_is_refused_with_words(of, data):
    with pytest.raises(EvidenceError, match="not JSON that can be read"):
        of(data).json()


@pytest.mark.parametrize(
    "data", [b"[" + b"[]," * 30 + b"[]]", b'{"a": [' + b"1," * 60 + b"1]}", b"[" + b"{}," * 40 + b"{}]"]
)
def test_json_of_more_values_than_memory_has_room_for_is_refused_before_it_is_read(of, data, monkeypatch):
    monkeypatch.setattr(module, "_MOST_VALUES", 50)
    with pytest.raises(EvidenceError, match="more than 50 values"):
        of(data).json()


def test_more_bytes_than_the_limit_are_not_read(of):
    source = of(b"x" * 101)
    for door in (source.read, source.text, source.json, source.plist):
        with pytest.raises(EvidenceError, match="101 bytes, and 100 are read at most"):
            door(100)


def test_lines_of_any_length_are_numbered_and_cut(of):
    source = of("\ufeffone\r\n\n".encode() + b"y" * 25 + b"\nlast \xff")
    assert list(source.lines(10)) == [(1, "one"), (2, ""), (3, "y" * 10), (4, "last \ufffd")]
    assert source.refusals == {"the rest of a line of more than 10 bytes": (1, [3])}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_decoded_by_its_mark(of, encoding):
    source = of("grüße\n".encode(encoding))
    assert source.text() == "grüße\n"
    assert source.notes == []


def test_bytes_that_are_no_text_are_replaced_and_noted(of):
    source = of(b"a\xffb")
    assert source.text() == "a\ufffdb"
    assert any("no valid text" in note for note in source.notes)


def test_refusals_count_all_and_keep_the_first_places(of):
    source = of(b"x")
    for row in range(20):
        source.refuse("odd", row)
    assert source.refusals == {"odd": (20, [1, 2, 3, 4, 5])}
