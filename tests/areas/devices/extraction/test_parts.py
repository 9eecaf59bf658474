"""Parts: what a parser gave before it failed counts, what does not fit is refused, nothing half-written is taken."""

import resource
import shutil
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

from answerable.areas.devices.artefacts.registry import Artefact
from answerable.areas.devices.extraction import parts
from answerable.areas.devices.extraction.parts import FAULT, NotWritten, part
from answerable.areas.devices.tables import MESSAGES, VISITS
from answerable.errors import EvidenceError


@pytest.fixture
def lie(tmp_path):
    """A function that reads a file with a parser: parse, its bytes; a part."""
    from answerable.areas.devices.acquisition.tree import open_tree

    (tmp_path / "evidence").mkdir()
    (tmp_path / "scratch").mkdir()

    def make(parse, data=b"bytes", state="", table=VISITS):
        file = tmp_path / "evidence" / "history"
        if data is not None:
            file.write_bytes(data)
        tree = open_tree(tmp_path / "evidence", tmp_path / "scratch")
        acquisition = SimpleNamespace(tree=tree, device="phone", version="16.5", kind="ios backup", facts={})
        artefact = Artefact(
            name="visited", table=table, meaning="visits", places={}, expected={}, versions=(None, None),
            section="visits", unit="seconds since 1970", parse=parse,
        )  # fmt: skip
        made = part(tmp_path / "out", acquisition, artefact, tree.entry("history"), tmp_path / "scratch", state=state)
        tree.close()
        return made

    return make


def read(made):
    import pyarrow.parquet as pq

    return pq.read_table(made.files["visits"]).to_pylist()


def test_rows_before_the_damage_count_and_the_rest_is_a_gap(lie):
    def parse(source):
        yield {"row": 1, "url": "https://a.example.org/"}
        raise EvidenceError("it ends here.", file=source.path, mend="Acquire it again.")

    made = lie(parse)
    assert [row["url"] for row in read(made)] == ["https://a.example.org/"]
    assert made.account.rows == 1
    assert made.account.gap == "it ends here. Acquire it again."


@pytest.mark.parametrize("kind", [KeyError, RecursionError, MemoryError, ValueError, AttributeError])
def test_what_a_parser_was_not_written_for_is_a_gap_that_quotes_nothing(lie, kind):
    def parse(source):
        yield {"row": 1, "url": "https://a.example.org/"}
        raise kind("secret")

    made = lie(parse)
    assert made.account.rows == 1
    assert FAULT in made.account.gap
    assert kind.__name__ in made.account.gap
    assert "secret" not in made.account.gap


def test_a_failure_among_batches_keeps_those_before(lie):
    import pyarrow as pa

    def parse(source):
        yield pa.record_batch({"row": ["1", "2"], "url": ["https://a.example.org/", "https://b.example.org/"]})
        raise OSError(5, "Input/output error")

    made = lie(parse)
    assert made.account.rows == 2
    assert made.account.gap == "the file cannot be read: Input/output error."


def test_a_value_that_does_not_fit_is_refused_and_the_others_stay(lie):
    def parse(source):
        yield {"row": 1, "url": "https://a.example.org/"}
        yield {"row": 2, "url": "half a letter \ud800"}
        yield {"row": 3, "url": 7}
        yield {"row": 4, "url": "https://b.example.org/"}

    made = lie(parse)
    assert [row["row"] for row in read(made)] == ["1", "4"]
    assert made.account.refused == {"a value does not fit its column": (2, [2, 3])}
    assert made.account.gap == ""


def test_a_part_is_made_once_for_one_state_of_an_acquisition(lie):
    calls = []

    def parse(source):
        calls.append(1)
        yield {"row": 1, "url": "https://a.example.org/"}

    first, second = lie(parse), lie(parse)
    assert first.files == second.files
    assert first.account == second.account
    assert len(calls) == 1
    lie(parse, state="other")
    lie(parse, data=b"other bytes")
    assert len(calls) == 3


def test_a_part_with_a_gap_is_read_again(lie):
    working = []

    def parse(source):
        yield {"row": 1, "url": "https://a.example.org/"}
        if not working:
            raise OSError(28, "No space left on device")
        yield {"row": 2, "url": "https://b.example.org/"}

    assert lie(parse).account.gap
    working.append(True)
    made = lie(parse)
    assert made.account.gap == ""
    assert len(read(made)) == 2


@pytest.mark.parametrize("table", ["messages", "links"])
@pytest.mark.parametrize("what", ["cut", "empty", "gone", "other"])
def test_a_half_written_part_is_never_taken_for_a_table(lie, table, what):
    def parse(source):
        yield {"row": 1, "text": "see https://link.example.org/ now"}

    made = lie(parse, table=MESSAGES)
    path = made.files[table]
    whole = path.read_bytes()
    if what == "gone":
        path.unlink()
    else:
        path.write_bytes({"cut": whole[: len(whole) // 2], "empty": b"", "other": b"x" * 100}[what])
    assert lie(parse, table=MESSAGES).account == made.account
    assert path.read_bytes() == whole


def test_a_file_that_changes_while_it_is_read_is_a_gap(lie, tmp_path):
    def parse(source):
        yield {"row": 1, "url": "https://a.example.org/"}
        (tmp_path / "evidence" / "history").write_bytes(b"bytes and more")

    made = lie(parse)
    assert "changed while it was read" in made.account.gap
    assert made.account.rows == 1


def test_an_empty_file_is_a_gap(lie):
    made = lie(lambda source: iter(()), data=b"")
    assert made.account.gap == "The file is empty."


def test_a_large_file_of_zeros_is_not_read(lie, tmp_path):
    def parse(source):
        raise AssertionError("it is not read")

    with (tmp_path / "evidence" / "history").open("wb") as file:
        file.truncate(10 << 30)
    made = lie(parse, data=None)
    assert "10,737,418,240 bytes and begins with zeros" in made.account.gap


def test_a_full_disk_is_told_from_a_damaged_file_and_leaves_nothing(lie, tmp_path):
    def parse(source):
        for number in range(60_000):
            host = number * 7919 % 65_537
            yield {"row": number, "url": f"https://host{host}.example.org/{number * 104_729 % 1_000_003}"}

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(NotWritten, match=r"cannot be written .*too large.*Make room"):
            lie(parse)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert [path for path in (tmp_path / "out").rglob("*") if path.is_file()] == []
    assert lie(parse).account.rows == 60_000


def test_a_folder_that_cannot_be_written_is_told(lie, tmp_path):
    (tmp_path / "out").write_bytes(b"a file")
    with pytest.raises(NotWritten, match="cannot be written"):
        lie(lambda source: iter([{"row": 1, "url": "https://a.example.org/"}]))


def test_what_cannot_be_digested_is_a_gap(lie, monkeypatch):
    monkeypatch.setattr(parts, "digest_of", _refusing)
    made = lie(lambda source: iter(()))
    assert made.account.gap == "It cannot be read: Permission denied."
    assert made.files == {}


def _refusing(tree, entry):
    raise EvidenceError("It cannot be read: Permission denied.", file=entry.stored)


def test_nothing_is_left_where_the_program_is_stopped(lie, tmp_path):
    def parse(source):
        yield {"row": 1, "url": "https://a.example.org/"}
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lie(parse)
    assert [path for path in Path(tmp_path / "out").rglob("*") if path.is_file()] == []
    shutil.rmtree(tmp_path / "out")
