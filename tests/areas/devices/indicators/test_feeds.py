"""Registries of feeds in their three ways of writing, and what a folder of bundles is."""

import json

import pytest

from answerable.areas.devices.indicators.feeds import Feed, read_registry, registered
from answerable.areas.devices.indicators.folder import open_indicators
from answerable.errors import EvidenceError

YAML = """
indicators:
  - type: github
    name: Example Indicators
    sources: [One Lab, Other Lab]
    references: [https://example.org/1, https://example.org/2, https://example.org/1]
    github: {owner: someone, repo: lists, branch: main, path: 2026_x/feed.stix2}
"""


def test_a_registry_in_yaml(tmp_path):
    path = tmp_path / "indicators.yaml"
    path.write_text(YAML)
    assert read_registry(path) == (
        Feed(
            name="Example Indicators",
            file="feed.stix2",
            address="https://raw.githubusercontent.com/someone/lists/main/2026_x/feed.stix2",
            credit="One Lab, Other Lab",
            references=("https://example.org/1", "https://example.org/2"),
        ),
    )


def test_a_registry_in_toml(tmp_path):
    path = tmp_path / "feeds.toml"
    path.write_text('[One]\naddress = "https://example.org/a/b%20c.json?x=y"\nlicence = "MIT"\n[Two]\nfile = "two"\n')
    one, two = read_registry(path)
    assert (one.name, one.file, one.credits) == ("One", "b_20c.json", "MIT")
    assert (two.file, two.address, two.credits) == ("two.stix2", "", "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("indicators.yaml", "indicators: ["),
        ("indicators.yaml", "x: 1"),
        ("indicators.yaml", "- 1"),
        ("indicators.yaml", "indicators: [{name: x}]"),
        ("indicators.yaml", "indicators: [{name: [x], github: {owner: a, repo: b, branch: c, path: d}}]"),
        ("indicators.yaml", "indicators: !!python/object/apply:os.system [true]"),
        ("indicators.yaml", "[" * 5000),
        ("feeds.json", '{"feeds": 7}'),
        ("feeds.json", "[" * 100_000),
        ("feeds.json", '{"feeds": [{"name": "x", "file": "../.."}]}'),
        ("feeds.json", '{"feeds": [{"name": "x", "file": "feeds.json"}]}'),
        ("feeds.toml", "[x]\nname = 1"),
        ("feeds.toml", "x = 1"),
        ("feeds.toml", "[x]\naddress = 1"),
        ("feeds.toml", "#" * (1 << 21)),
    ],
)
def test_what_is_no_registry_is_an_error(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(EvidenceError, match=f"{name}: this is no registry"):
        read_registry(path)


def test_no_feed_is_kept_outside_its_folder(tmp_path):
    path = tmp_path / "feeds.json"
    path.write_text(json.dumps({"feeds": [{"name": "x", "file": "../../.x\\y/.evil.json"}]}))
    assert read_registry(path)[0].file == "evil.json"


def test_registries_below_a_folder(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "indicators.yaml").write_text(YAML)
    assert set(registered(tmp_path)) == {"feed.stix2"} and not registered(tmp_path, below=False)


def test_a_folder_of_bundles(tmp_path, bundle, write):
    write(bundle("[process:name='xd']"), "z/feed.stix2")
    write(bundle("[process:name='yd']"), "a.JSON")
    write(bundle("[process:name='zd']"), ".hidden.stix2")
    (tmp_path / "indicators.yaml").write_text(YAML)
    (tmp_path / "other.json").write_text("[]")
    (tmp_path / "readme.txt").write_text("x")
    found = open_indicators(tmp_path)
    assert list(found.bundles) == ["a.JSON", "z/feed.stix2"] and found.others == ["other.json"]
    assert found.feed("z/feed.stix2").name == "Example Indicators" and found.feed("a.JSON").name == "a.JSON"
    assert found.notes()[-1] == "other.json: no STIX bundle, not read"
    assert "credit: One Lab, Other Lab" in found.notes()[1] and found.bundles["a.JSON"].sha256 in found.notes()[0]


def test_a_single_bundle_has_the_registry_beside_it(tmp_path, bundle, write):
    path = write(bundle("[process:name='xd']"))
    (tmp_path / "indicators.yaml").write_text(YAML)
    assert open_indicators(path).feed("feed.stix2").name == "Example Indicators"
    assert open_indicators(path).sha256 == open_indicators(path).bundles["feed.stix2"].sha256


def test_a_folder_with_nothing_is_an_error(tmp_path):
    for path in (tmp_path, tmp_path / "nothing"):
        with pytest.raises(EvidenceError, match=r"no bundle|no such"):
            open_indicators(path)
    (tmp_path / "x.stix2").write_text("{}")
    with pytest.raises(EvidenceError, match=r"x\.stix2: this is no STIX bundle"):
        open_indicators(tmp_path)
