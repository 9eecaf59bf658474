"""Reading matched pairs: a transcript without a word, other files with the words of a mapping."""

import json

import pytest

import answerable
from answerable.areas.decisions.read.pairs import FORMAT, header_of, read_pairs
from answerable.errors import EvidenceError, MappingError

HEADER = {"kind": "plan", "format": FORMAT, "reference": "b", "favourable": True, "decides": True, "measures": False}


def call(place, variant, decided, **more):
    entry = {"kind": "call", "pair": f"p{place}", "template": f"t{place % 3}", "variant": variant, "name": variant}
    return {**entry, "member": 1 + (variant == "b"), "repeat": 1, "control": False, "decided": decided, **more}


@pytest.fixture
def transcript(tmp_path):
    def write(*entries, header=HEADER):
        path = tmp_path / "out.jsonl"
        path.write_text("".join(json.dumps(entry) + "\n" for entry in (header, *entries)))
        return path

    return write


def calls():
    return [
        call(n, v, (n % 4 > 0) if v == "b" else n % 3 == 0, prompt='said "x",\n{y}') for n in range(12) for v in "ab"
    ]


def test_a_transcript_needs_no_words(duck, transcript):
    entries = [{"kind": "run"}, *calls(), call(3, "a", None), {"kind": "torn", "text": "half"}]
    path = transcript(*entries)
    reading = read_pairs(duck, path)
    assert reading.given == {"reference": "b", "favourable": True}
    assert (reading.account.rows, reading.account.left_out) == (28, 3)
    rows = duck.collect(reading.rows.order_by(["pair", "variant"]))
    assert len(rows["pair"]) == 25 and set(rows) >= {"template", "pair", "variant", "name", "member", "decided"}
    assert rows["decided"].count(None) == 1 and set(rows["repeat"]) == {1}


def test_what_is_said_goes_before_what_the_transcript_says(transcript):
    path = transcript(*calls())
    result = answerable.ask("decisions.paired", path, reference="a", favourable=False)
    one = next(f.estimate for f in result.findings if f.estimate.name == "positive_rate_difference")
    assert one.against == {"group": "a"} and one.direction == "bad"
    result = answerable.ask("decisions.paired", path, where=["template=t0,t1"])
    assert next(f.estimate for f in result.findings).n == 8


def test_numbers_of_a_transcript(duck, transcript):
    path = transcript(
        *(call(n, v, None, number=n + (v == "b")) for n in range(4) for v in "ab"),
        header={**HEADER, "decides": False, "measures": True, "favourable": None},
    )
    reading = read_pairs(duck, path)
    assert "decided" not in reading.rows.columns and reading.given == {"reference": "b"}
    assert sorted(duck.collect(reading.rows)["score"]) == [0, 1, 1, 2, 2, 3, 3, 4]


def test_a_transcript_without_calls(duck, transcript):
    with pytest.raises(EvidenceError, match=r"out\.jsonl: the transcript holds no call yet. Run the probe first."):
        read_pairs(duck, transcript({"kind": "run"}))


def test_other_files_need_words(duck, tmp_path):
    path = tmp_path / "audit.csv"
    path.write_text("ad,who,called\n1,a,yes\n1,b,no\n")
    assert header_of(path) is None and header_of(tmp_path / "none") is None
    with pytest.raises(MappingError, match=r"Say which columns of audit\.csv are the pairs"):
        read_pairs(duck, path)
    with pytest.raises(MappingError, match="needs variant"):
        read_pairs(duck, path, pair="ad", decided="called")
    reading = read_pairs(duck, path, template="ad", variant="who", decided="called")
    assert reading.given == {} and reading.account.rows == 2
    path.write_text("ad,who,called\n1,a,yes\n1,b,perhaps\n")
    with pytest.raises(EvidenceError, match=r"audit\.csv, (row 2, )?column 'called'"):
        read_pairs(duck, path, template="ad", variant="who", decided="called")


def test_a_look_at_a_transcript_ends_with_its_question(transcript):
    from answerable.tabular.look import look

    path = transcript(*calls())
    text = look(path).text()
    assert f"answerable ask decisions.paired {path}" in text and "disparity" not in text
