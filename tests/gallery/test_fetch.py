"""Fetching from a server on this machine: resumed, verified, refused."""

import hashlib
import http.server
import threading
from typing import ClassVar

import pytest

from answerable.errors import AnswerableError
from answerable.gallery.fetch import derive, fetch
from answerable.gallery.registry import Dataset, dataset, datasets, find

DATA = b"group,decided,extra\n" + b"".join(b"g%d,%d,x\n" % (row % 3, row % 2) for row in range(30_000))


class Server(http.server.BaseHTTPRequestHandler):
    """Serves DATA by ranges, or breaks off half-way where the path says so."""

    asked: ClassVar[list[str | None]] = []

    def do_GET(self):
        start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
        Server.asked.append(self.headers.get("Range"))
        body = DATA[start:]
        if "whole" in self.path:
            start, body = 0, DATA
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if "breaks" in self.path and not start else body)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def address(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("ANSWERABLE_DATA", raising=False)
    Server.asked = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def entry(address, data=DATA, **more):
    said = {"title": "t", "licence": "l", "citation": "c", "by_hand": "Ask for it.", "page": "https://example.org/"}
    digest = hashlib.sha256(data).hexdigest()
    return Dataset(name="some.csv", sha256=digest, size=len(data), address=address, **{**said, **more})


def test_it_comes_whole_once_and_is_not_fetched_again(address):
    seen = []
    path = fetch(entry(f"{address}/some.csv"), lambda done, total, what: seen.append((done, total)))
    assert path.read_bytes() == DATA
    assert seen[-1] == (len(DATA), len(DATA))
    assert fetch(entry(f"{address}/some.csv")) == path and len(Server.asked) == 1


@pytest.mark.parametrize("path", ["breaks.csv", "breaks-whole.csv"])
def test_a_broken_transfer_goes_on_where_it_stopped(address, path):
    wanted = entry(f"{address}/{path}")
    with pytest.raises(AnswerableError, match=r"could not be fetched[\s\S]*goes on from there"):
        fetch(wanted)
    assert find(wanted) is None
    if "whole" in path:  # a server that knows no ranges starts anew, and breaks off again
        with pytest.raises(AnswerableError, match="could not be fetched"):
            fetch(wanted)
        return
    assert fetch(wanted).read_bytes() == DATA
    assert Server.asked == [None, f"bytes={len(DATA) // 2}-"]


def test_other_bytes_are_not_kept(address):
    wanted = entry(f"{address}/some.csv", data=b"something else")
    with pytest.raises(AnswerableError, match=r"not what the registry knows[\s\S]*Ask for it"):
        fetch(wanted)
    assert find(wanted) is None
    with pytest.raises(AnswerableError, match="when it was registered"):
        fetch(entry(f"{address}/other.csv", original="0" * 64))


def test_a_table_is_made_of_the_original(address):
    small = b"decided,group\n" + b"".join(b"%d,g%d\n" % (row % 2, row % 3) for row in range(9) if row % 3)
    how = {"columns": ["decided", "group"], "without": {"group": "g0"}, "rows": 6}
    assert fetch(entry(f"{address}/some.csv", data=small, derive=how)).read_bytes() == small


def test_a_sheet_becomes_csv(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Two")
    for row in (["a", "b"], [1, 0.5], ["x", 3]):
        sheet.append(row)
    book.save(tmp_path / "book.xlsx")
    made = derive(tmp_path / "book.xlsx", entry("", derive={"sheet": "Two", "floats": ["b"]}))
    assert made == b"a,b\n1,0.5\nx,3.0\n"
    with pytest.raises(AnswerableError, match="no sheet 'Three'"):
        derive(tmp_path / "book.xlsx", entry("", derive={"sheet": "Three"}))
    with pytest.raises(AnswerableError, match="no column 'c'"):
        derive(tmp_path / "book.xlsx", entry("", derive={"sheet": "Two", "columns": ["c"]}))


def test_plain_http_to_elsewhere_is_refused(address):
    with pytest.raises(AnswerableError, match="not https"):
        fetch(entry("http://192.0.2.1/some.csv"))


def test_what_cannot_be_fetched_says_how_to_get_it(address):
    with pytest.raises(AnswerableError, match=r"by itself\. Ask for it"):
        fetch(entry(""))


def test_a_file_of_the_name_with_other_bytes_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("ANSWERABLE_DATA", str(tmp_path))
    (tmp_path / "hmda.csv").write_text("a\n1\n")
    with pytest.raises(AnswerableError, match="its SHA-256 is another"):
        find(dataset("hmda.csv"))
    monkeypatch.setenv("ANSWERABLE_DATA", str(tmp_path / "nothing"))
    with pytest.raises(AnswerableError, match="no folder"):
        find(dataset("hmda.csv"))


def test_every_entry_says_what_it_must():
    for one in datasets().values():
        assert len(one.sha256) == 64 and one.size > 0
        assert one.licence and one.citation and one.by_hand and one.title
        assert one.page.startswith("https://") and (not one.address or one.address.startswith("https://"))


def test_the_registered_bytes_are_those_of_the_public_files(public_data):
    found = [find(one) for one in datasets().values() if not one.package]
    assert all(path is not None and path.is_relative_to(public_data) for path in found)
    for one, path in zip((one for one in datasets().values() if not one.package), found, strict=True):
        assert path.stat().st_size == one.size


def test_an_unknown_file_offers_the_nearest():
    with pytest.raises(AnswerableError, match=r"hmda\.csv"):
        dataset("hmda.cvs")
