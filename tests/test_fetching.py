"""Fetching: what is not https is not asked; the rest is tested where it is used."""

import pytest

from answerable.fetching import NotFetched, transfer


@pytest.mark.parametrize(
    "address", ["http://192.0.2.1/x", "ftp://192.0.2.1/x", "file:///etc/passwd", "", "x", "http://["]
)
def test_only_https_is_asked(address, tmp_path):
    with pytest.raises(NotFetched):
        transfer(address, tmp_path / "part", progress=lambda done, total, what: None, what="x", most=1)
    assert not list(tmp_path.iterdir())
