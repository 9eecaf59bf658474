"""Feeds fetched from a server on this machine: whole and readable, or the older one stays."""

import hashlib
import http.server
import json
import threading

import pytest

from answerable.areas.devices.indicators import update as module
from answerable.areas.devices.indicators.feeds import PUBLIC, read_registry
from answerable.areas.devices.indicators.folder import open_indicators
from answerable.areas.devices.indicators.update import default_folder, update
from answerable.cli import main
from answerable.errors import AnswerableError, EvidenceError


class Server(http.server.BaseHTTPRequestHandler):
    """Serves what the test gives it, by path."""

    pages = {}  # noqa: RUF012  # each test sets its own

    def do_GET(self):
        status, headers, body, said = self.pages.get(self.path, (404, {}, b"", 0))
        self.send_response(status)
        for name, value in {"Content-Length": str(said or len(body)), **headers}.items():
            if value is not None:
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def site(monkeypatch):
    """The address of the server, and a function that puts a page on it."""
    monkeypatch.setattr(Server, "pages", {})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    def put(path, body=b"", status=200, headers=None, said=0):
        Server.pages[path] = (status, headers or {}, body, said)
        return f"http://127.0.0.1:{server.server_address[1]}{path}"

    yield put
    server.shutdown()
    server.server_close()


@pytest.fixture
def registry(tmp_path):
    """A function that writes a registry of addresses."""

    def make(*addresses, **more):
        said = {"licence": "CC-BY", "credit": "Example Lab", "family": "Example", **more}
        lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in said.items())
        path = tmp_path / "registry.toml"
        path.write_text("\n".join(f'[feed{n}]\naddress = "{a}"\n{lines}' for n, a in enumerate(addresses, 1)))
        return path

    return make


@pytest.fixture
def feed(bundle):
    """The bytes of a bundle of patterns."""

    def make(*patterns, **more):
        return json.dumps({"type": "bundle", "id": "bundle--1", "objects": bundle(*patterns, **more)}).encode()

    return make


def test_feeds_come_with_where_they_are_from_and_whom_to_credit(site, registry, feed, tmp_path):
    body = feed("[process:name='xd']")
    seen = []
    listed = registry(site("/a.stix2", body), references=["https://example.org/report"])
    (one,) = update(tmp_path / "kept", listed, lambda *told: seen.append(told))
    assert (tmp_path / "kept" / "a.stix2").read_bytes() == body and one.indicators == 1
    assert seen[-1] == (len(body), len(body), "feed1")
    (entry,) = json.loads((tmp_path / "kept" / "feeds.json").read_text())["feeds"]
    assert entry["sha256"] == one.sha256 and entry["licence"] == "CC-BY" and entry["credit"] == "Example Lab"
    assert entry["address"].endswith("/a.stix2") and entry["fetched"].endswith("+00:00") and entry["name"] == "feed1"
    found = open_indicators(tmp_path / "kept")
    assert found.feed("a.stix2").credits == "Example Lab (CC-BY)" and found.feed("a.stix2").references
    assert names(tmp_path / "kept") == ["a.stix2", "feeds.json"]


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def bad(site, feed, how):
    body = feed("[process:name='new']")
    return {
        "truncated": lambda: site("/a.stix2", body[:-9], said=len(body)),
        "too big": lambda: site("/a.stix2", body, said=1 << 40),
        "too big unsaid": lambda: site("/a.stix2", b"x" * 3000, headers={"Content-Length": None}),
        "not found": lambda: site("/a.stix2", b"", status=404),
        "failing": lambda: site("/a.stix2", b"", status=500),
        "to plain http": lambda: site("/a.stix2", status=302, headers={"Location": "http://192.0.2.1/a.stix2"}),
        "to a file": lambda: site("/a.stix2", status=302, headers={"Location": "file:///etc/passwd"}),
        "in circles": lambda: site("/a.stix2", status=302, headers={"Location": "/a.stix2"}),
        "no feed": lambda: site("/a.stix2", b"<html>Sign in</html>"),
        "something else": lambda: site("/a.stix2", b'{"type": "report"}'),
        "bad length": lambda: site("/a.stix2", body, headers={"Content-Length": "many"}),
    }[how]()


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ("truncated", "connection ended after"),
        ("too big", "more than the"),
        ("too big unsaid", "more than 2,000 bytes came"),
        ("not found", "404"),
        ("failing", "500"),
        ("to plain http", "not https"),
        ("to a file", "not https|not allowed"),
        ("in circles", "infinite loop"),
        ("no feed", "cannot be read as JSON"),
        ("something else", "no STIX bundle"),
        ("bad length", "not as it must be"),
    ],
)
def test_what_does_not_come_whole_leaves_the_older_one(site, registry, feed, tmp_path, monkeypatch, how, problem):
    old, other = feed("[process:name='old']"), feed("[process:name='other']")
    kept = tmp_path / "kept"
    update(kept, registry(site("/a.stix2", old), site("/b.stix2", other)))
    before = json.loads((kept / "feeds.json").read_text())["feeds"][0]
    monkeypatch.setattr(module, "MOST", 2000)
    address = bad(site, feed, how)
    with pytest.raises(AnswerableError, match=rf"1 of 2 feeds were fetched[\s\S]*feed1: [\s\S]*({problem})"):
        update(kept, registry(address, site("/b.stix2", other)))
    assert (kept / "a.stix2").read_bytes() == old
    assert json.loads((kept / "feeds.json").read_text())["feeds"][0] == before
    assert names(kept) == ["a.stix2", "b.stix2", "feeds.json"]


def test_a_redirect_is_followed_and_a_part_of_before_is_not_gone_on_with(site, registry, feed, tmp_path):
    body = feed("[process:name='xd']")
    site("/moved.stix2", body)
    (tmp_path / "kept").mkdir()
    update(tmp_path / "kept", registry(site("/a.stix2", status=302, headers={"Location": "/moved.stix2"})))
    assert (tmp_path / "kept" / "a.stix2").read_bytes() == body


def test_what_came_before_a_stop_is_registered_and_the_rest_is_as_it_was(site, registry, feed, tmp_path):
    kept = tmp_path / "kept"
    old, new = feed("[process:name='old']"), feed("[process:name='new']")
    listed = registry(site("/a.stix2", old), site("/b.stix2", old))
    update(kept, listed)
    site("/a.stix2", new), site("/b.stix2", new)
    (kept / ".a.stix2.partial").write_text("of a process that was killed")

    def stop(done, total, what):
        if what == "feed2":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        update(kept, listed, stop)
    assert (kept / "a.stix2").read_bytes() == new and (kept / "b.stix2").read_bytes() == old
    said = [entry["sha256"] for entry in json.loads((kept / "feeds.json").read_text())["feeds"]]
    assert said == [hashlib.sha256(body).hexdigest() for body in (new, old)]
    assert names(kept) == ["a.stix2", "b.stix2", "feeds.json"]


def test_a_folder_that_cannot_be_written_is_said(registry, tmp_path):
    (tmp_path / "kept").write_text("a file")
    with pytest.raises(AnswerableError, match="could not be brought to"):
        update(tmp_path / "kept", registry("https://example.org/a.stix2"))


def test_what_is_neither_https_nor_here_is_not_asked(registry, tmp_path):
    with pytest.raises(AnswerableError, match="not https"):
        update(tmp_path / "kept", registry("http://192.0.2.1/a.stix2"))
    with pytest.raises(AnswerableError, match="not https"):
        update(tmp_path / "kept", registry("ftp://192.0.2.1/a.stix2"))


def test_a_slow_server_is_not_waited_for(site, registry, feed, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_SECONDS", -1.0)
    with pytest.raises(AnswerableError, match="took longer"):
        update(tmp_path / "kept", registry(site("/a.stix2", feed("[process:name='xd']"))))


def test_a_registry_may_lie_elsewhere_too(site, registry, feed, tmp_path):
    listed = registry(site("/a.stix2", feed("[process:name='xd']"))).read_bytes()
    assert len(update(tmp_path / "kept", site("/list/registry.toml?raw=1", listed))) == 1
    with pytest.raises(EvidenceError, match="no registry of feeds"):
        update(tmp_path / "kept", site("/other.yaml", b"<html>"))
    with pytest.raises(AnswerableError, match="404"):
        update(tmp_path / "kept", site("/gone.yaml", status=404))
    assert names(tmp_path / "kept") == ["a.stix2", "feeds.json"]


def test_two_feeds_do_not_take_one_name(registry, tmp_path):
    with pytest.raises(EvidenceError, match=r"several feeds would be kept as x\.stix2"):
        update(tmp_path / "kept", registry("https://example.org/a/x.stix2", "https://example.org/b/x.stix2"))


def test_the_command(site, registry, feed, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    listed = registry(site("/a.stix2", feed("[process:name='xd']", "[process:name!='yd']")))
    assert main(["indicators", "update", "--registry", str(listed)]) == 0
    assert (default_folder() / "a.stix2").exists() and default_folder().is_relative_to(tmp_path)
    assert main(["indicators", "list"]) == 0
    text = capsys.readouterr().out
    assert "feed1  2026-01-02  Example" in text and "1 process" in text and "credit: Example Lab (CC-BY)" in text
    assert "refused indicator--" in text and "1 feeds, 2 indicators, of which 1 can be matched" in text
    assert main(["indicators", "list", str(tmp_path / "nothing")]) == 2


def test_the_public_feeds_say_what_they_must():
    feeds = read_registry(PUBLIC)
    assert len(feeds) == 17 == len({feed.file for feed in feeds})
    for feed in feeds:
        assert feed.address.startswith("https://") and feed.licence and feed.credit and feed.family
