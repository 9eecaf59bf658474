"""Delimited text: whatever was written is read back exactly, whatever the dialect."""

import io
import string

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from answerable.tabular.dialect import find_dialect
from answerable.tabular.files import open_table
from answerable.tabular.stream import Stream

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252"]
WORDS = st.text(st.characters(codec="latin-1", exclude_characters="\0\x85"), max_size=12)
WIDE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
PLAIN = st.sampled_from(["", "a", '"', '""', 'a"b', ",", ";", "\n", "\r", "\r\n", " ", "x,y", '"x"', "é", "#", "N/A"])


@st.composite
def written_tables(draw):
    """A table of text, and how it is written."""
    encoding = draw(st.sampled_from(ENCODINGS))
    words = PLAIN | (WIDE if encoding.startswith("utf") else WORDS.filter(lambda text: _fits(text, encoding)))
    width = draw(st.integers(1, 4))
    header = draw(st.lists(words.filter(bool), min_size=width, max_size=width))
    rows = draw(st.lists(st.lists(words, min_size=width, max_size=width), min_size=1, max_size=6))
    delimiter = draw(st.sampled_from(",;\t|:~ "))
    quoting = draw(st.sampled_from(["where needed", "everywhere"]))
    ending = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    return header, rows, encoding, delimiter, quoting, ending


def _fits(text, encoding):
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _write(header, rows, encoding, delimiter, quoting, ending):
    def value(text):
        # An empty value would make a line of one column blank, which is no row.
        needed = (not text and len(header) == 1) or any(sign in text for sign in f'{delimiter}"\n\r')
        return '"{}"'.format(text.replace('"', '""')) if needed or quoting == "everywhere" else text

    lines = [delimiter.join(map(value, row)) for row in [header, *rows]]
    return (ending.join(lines) + ending).encode(encoding)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written_tables())
@example((["a", "b"], [['"', 'x"'], ["", ""]], "utf-8", ",", "where needed", "\n"))
@example((["a"], [[""], ["b"], [""]], "utf-16", ";", "where needed", "\r\n"))
def test_any_table_of_text_is_read_back_exactly(tmp_path_factory, duck, written):
    header, rows, encoding, delimiter, _quoting, _ending = written
    path = tmp_path_factory.mktemp("written") / "evidence.csv"
    path.write_bytes(_write(*written))
    raw = open_table(duck, path, encoding=encoding, delimiter=delimiter)
    assert list(raw.header) == header
    found = duck.collect(raw.rows().table.order_by("row"))
    assert found.pop("row") == list(range(1, len(rows) + 1))
    assert [list(row) for row in zip(*found.values(), strict=True)] == rows


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.text(string.ascii_letters, min_size=1), min_size=3, max_size=3), min_size=2, max_size=9),
    st.sampled_from(",;\t|"),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)
def test_the_dialect_is_found(tmp_path_factory, rows, delimiter, encoding):
    path = tmp_path_factory.mktemp("written") / "evidence"
    path.write_bytes(_write(rows[0], rows[1:], encoding, delimiter, "where needed", "\n"))
    dialect, header = find_dialect(path, None, None)
    assert dialect.delimiter == delimiter
    assert header == rows[0]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(['"', '""', ",", "\n", "a", " "]), max_size=30).map("".join), st.integers(1, 5))
def test_quotation_marks_are_judged_as_a_strict_parser_does(text, size):
    """Block by block, the verdict is that of an automaton which goes sign by sign."""
    from answerable.tabular.dialect import Dialect

    stream = Stream(io.BytesIO(text.encode()), Dialect("utf-8", ",", 0))
    while stream.read(size):
        pass
    assert stream.fault == _automaton(text)


def _automaton(text):
    state, opened, at = "start", 0, 0
    for at, sign in enumerate(text):
        if state == "start" and sign == '"':
            state, opened = "quoted", at
        elif state == "quoted":
            state = "maybe closed" if sign == '"' else "quoted"
        elif state == "maybe closed":
            if sign not in '",\n':
                return ("after", opened)
            state = "quoted" if sign == '"' else "start"
        else:
            state = "start" if sign in ",\n" else "plain"
    return ("unclosed", opened) if state == "quoted" else None


def test_a_spreadsheets_own_first_line(evidence, rows_of):
    found = rows_of(evidence("sep=;\r\na;b\r\n1,5;2\r\n"))
    assert found == {"row": [1], "a": ["1,5"], "b": ["2"]}


def test_tabs_by_suffix_and_by_word(evidence, rows_of):
    assert rows_of(evidence("a,b\n1,2\n", "evidence.tsv")) == {"row": [1], "a,b": ["1,2"]}
    assert rows_of(evidence("a\tb\n1\t2\n"), delimiter="tab") == {"row": [1], "a": ["1"], "b": ["2"]}


def test_decimal_commas_do_not_mislead_the_delimiter(evidence, rows_of):
    assert rows_of(evidence("a;b\n1,5;2,5\n3,5;4,5\n")) == {"row": [1, 2], "a": ["1,5", "3,5"], "b": ["2,5", "4,5"]}


def test_blank_lines_are_no_rows_and_rows_without_values_are(evidence, rows_of):
    assert rows_of(evidence("\n\na,b\n\n1,2\n,\n\n3,4\n\n")) == {
        "row": [1, 2, 3],
        "a": ["1", "", "3"],
        "b": ["2", "", "4"],
    }


def test_left_out_rows_keep_their_numbers_free(evidence, duck):
    path = evidence(b"a,b\n1,2\n1\n\n3,\xff\n4,5,6\n7,8\n")
    raw = open_table(duck, path, refused_at_most=3)
    rows = raw.rows()
    assert duck.collect(rows.table.order_by("row")) == {"row": [1, 5], "c1": ["1", "7"], "c2": ["2", "8"]}
    assert rows.count == 5
    assert {refusal.reason: (refusal.count, refusal.rows) for refusal in rows.refused} == {
        "fewer values than the header's 2": (1, (2,)),
        "bytes that are not UTF-8 in column 'b'": (1, (3,)),
        "more values than the header's 2": (1, (4,)),
    }


@pytest.mark.parametrize("bad", [1, 777])
def test_row_numbers_across_blocks(evidence, duck, bad):
    lines = [f"{number},{'x' * 50}" for number in range(1, 200_001)]
    for at in range(0, len(lines), 20_000 // bad):
        lines[at] = "ragged"
    raw = open_table(duck, evidence("n,text\n" + "\n".join(lines)), refused_at_most=200_000)
    rows = raw.rows()
    wrong = (rows.table.c1.cast("int64") != rows.table.row).sum()
    left = sum(line != "ragged" for line in lines)
    assert duck.collect(rows.table.aggregate(n=rows.table.count(), wrong=wrong)) == {"n": [left], "wrong": [0]}
    assert rows.count == 200_000
    assert rows.refused[0].count == 200_000 - left


def test_only_the_columns_that_are_asked_for_are_kept(evidence, duck, left_behind):
    raw = open_table(duck, evidence("a,b,c\n1,2,3\n"))
    assert raw.rows([2, 0]).table.columns == ("row", "c1", "c3")
    assert raw.rows([0, 2]).table.columns == ("row", "c1", "c3")
    assert len(left_behind()) == 1


def test_a_derived_table_is_found_again(evidence, duck, tmp_path, monkeypatch):
    from answerable.tabular import text

    work = tmp_path / "tables"
    work.mkdir()
    path = evidence("a,b,c\n1,2,3\n4\n")
    first = open_table(duck, path, work=work, refused_at_most=1).rows([0])
    assert first.table.columns == ("row", "c1")
    assert open_table(duck, path, work=work, refused_at_most=1).rows([1]).table.columns == ("row", "c1", "c2", "c3")
    monkeypatch.setattr(text, "batches", lambda *_: pytest.fail("parsed again"))
    for wanted in ([0], [1, 2], [0, 2]):
        again = open_table(duck, path, work=work, refused_at_most=1).rows(wanted)
        assert set(again.table.columns) >= {f"c{at + 1}" for at in wanted}
        assert (first.refused, first.count) == (again.refused, again.count)
    assert len(list(work.iterdir())) == 2


def test_what_the_rows_are_does_not_depend_on_the_columns(evidence, duck):
    path = evidence(b"a,b\n1,2\n3,\xff\n")
    raw = open_table(duck, path, refused_at_most=1)
    assert raw.rows([0]).refused == raw.rows([1]).refused == raw.rows([0, 1]).refused
    assert raw.rows([0]).refused[0].rows == (2,)


def test_evidence_is_left_as_it_is(evidence, rows_of):
    path = evidence("a\n1\n")
    path.chmod(0o444)
    before = path.stat()
    rows_of(path)
    after = path.stat()
    assert (before.st_mtime_ns, before.st_size, before.st_mode) == (after.st_mtime_ns, after.st_size, after.st_mode)
    assert [other.name for other in path.parent.iterdir()] == ["evidence.csv"]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16", "utf-32"])
def test_encodings_across_blocks(evidence, duck, encoding):
    """What is decoded grows or shrinks; the blocks that the parser is handed must not."""
    lines = [f"{number},€é{'€' * (number % 90)}" for number in range(150_000)]
    path = evidence(("n,text\n" + "\n".join(lines)).encode(encoding))
    rows = open_table(duck, path, encoding=encoding).rows().table
    wrong = ((rows.c1.cast("int64") != rows.row - 1) | (rows.c2.length() != 2 + (rows.row - 1) % 90)).sum()
    assert duck.collect(rows.aggregate(n=rows.count(), wrong=wrong)) == {"n": [150_000], "wrong": [0]}


def test_long_rows_are_read_wherever_they_stand(evidence, duck):
    """Rows just below the limit, shifted against the blocks."""
    header = ",".join(f"c{number}" for number in range(8))
    long_row = ",".join(["x" * 520_000] * 8)
    filler = "\n".join([",".join("1" * 8)] * 1000)
    path = evidence("\n".join([header, *([long_row, filler] * 5)]))
    rows = open_table(duck, path).rows().table
    assert duck.collect(rows.aggregate(n=(rows.c8.length() == 520_000).sum())) == {"n": [5]}
