"""Files that cannot be read as asked: the message names the place and what to do, and nothing half-written remains."""

import io
import os
import zipfile

import pytest

from answerable.errors import EvidenceError, MappingError, ParameterError
from answerable.tabular.files import open_table


@pytest.fixture
def refused(duck, left_behind):
    """A function that reads a file, expects it to be refused, and gives the error."""

    def read(path, *, error=EvidenceError, **words):
        with pytest.raises(error) as caught:
            open_table(duck, path, **words).rows()
        assert not [name for name in left_behind() if name.endswith(".partial")]
        return caught.value

    return read


def test_a_missing_file_offers_the_nearest_name(evidence, refused):
    path = evidence("a\n1\n", "decisions.csv")
    error = refused(path.with_name("decision.csv"))
    assert str(error) == "decision.csv: there is no such file. Nearest: decisions.csv."


def test_a_folder_is_no_file(tmp_path, refused):
    assert str(refused(tmp_path)) == f"{tmp_path.name}: this is a folder, not a file. Name a file of evidence."


@pytest.mark.parametrize("make", ["pipe", "link to a device"])
def test_special_files_are_not_opened(tmp_path, refused, make):
    path = tmp_path / "evidence.csv"
    if make == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    assert str(refused(path)) == (
        "evidence.csv: this is a device or another special file, not a file. Name a file of evidence."
    )


def test_a_file_that_may_not_be_read(evidence, refused, monkeypatch):
    from pathlib import Path

    path = evidence("a\n1\n")

    def deny(self, *_args, **_kwargs):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", deny)
    assert str(refused(path)) == "evidence.csv: it cannot be opened (Permission denied). Check that you may read it."


def test_an_empty_file(evidence, refused):
    assert str(refused(evidence(b""))) == "evidence.csv: the file is empty. Ask for the file again."


@pytest.mark.parametrize("content", [b"\n\n\n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_a_file_of_blank_lines_or_of_a_byte_order_mark(evidence, refused, content):
    assert str(refused(evidence(content))) == "evidence.csv: the file has no header. Ask for the file again."


@pytest.mark.parametrize("content", ["a,b", "a,b\n", "a,b\r\n\r\n"])
def test_a_header_without_rows(evidence, refused, left_behind, content):
    error = refused(evidence(content))
    assert str(error) == "evidence.csv: the file holds a header and no rows. Ask for the file again."


def test_rows_with_more_or_fewer_values(evidence, refused):
    error = refused(evidence("a,b\n1,2\n1,2,3\n4\n1,2\n5,6,7\n"))
    assert str(error) == (
        "evidence.csv, row 2: 3 rows of 5 cannot be taken: 2 with more values than the header's 2 (rows 2, 5); "
        "1 with fewer values than the header's 2 (row 3). Ask for the file again, or have it exported anew. "
        "To leave them out and have them counted: refused_at_most=3 (--refused-at-most 3)."
    )
    assert error.row == 2


def test_only_the_first_rows_are_named_but_all_are_counted(evidence, refused):
    error = refused(evidence("a,b\n" + "1,2\n" + "1\n" * 1_234))
    assert (
        "1,234 rows of 1,235 cannot be taken: 1,234 with fewer values than the header's 2 (rows 2, 3, 4, 5, 6, ...)"
        in str(error)
    )


def test_more_refused_rows_than_allowed(evidence, refused):
    assert "refused_at_most=2" in str(refused(evidence("a,b\n1,2\n1\n2\n"), refused_at_most=1))


def test_no_row_that_can_be_taken(evidence, refused):
    error = refused(evidence("a,b\n1\n2\n"), refused_at_most=2)
    assert str(error) == "evidence.csv: no row of the file can be taken. Is the delimiter right? Say delimiter=..."


def test_a_nul_byte(evidence, refused):
    error = refused(evidence(b"a,b\n1,2\n\n3,x\0y\n"))
    assert str(error).startswith("evidence.csv, row 2, column 'b': a NUL byte stands there, which no text has. ")


def test_utf16_without_a_mark(evidence, refused):
    for name in ("utf-16-le", "utf-16-be"):
        error = refused(evidence("name,value\n1,2\n".encode(name)))
        assert str(error) == (
            "evidence.csv: about every other byte is NUL: this looks like UTF-16 without a byte-order mark. "
            f"Say encoding={name}."
        )


def test_latin_1_read_as_utf8(evidence, refused):
    error = refused(evidence(b"name,n\nAda,1\nJos\xe9,2\n"))
    assert str(error) == (
        "evidence.csv, row 2: 1 row of 2 cannot be taken: 1 with bytes that are not UTF-8 in column 'name' (row 2). "
        "Say which encoding the file has, as encoding=cp1252 or encoding=latin-1 (Western European). "
        "To leave them out and have them counted: refused_at_most=1 (--refused-at-most 1)."
    )


def test_latin_1_in_the_header(evidence, refused):
    error = refused(evidence(b"pr\xe9nom\nAda\n"))
    assert str(error) == (
        "evidence.csv: the header holds bytes that are not UTF-8. "
        "Say which encoding the file has, as encoding=cp1252 or encoding=latin-1 (Western European)."
    )


def test_bytes_that_the_stated_encoding_does_not_have(evidence, refused):
    rows = b"".join(b"%d,x\n" % number for number in range(1, 9))
    error = refused(evidence(b"a,b\n" + rows + b"9,\xe9\x81\n"), encoding="cp1252")
    assert str(error).startswith("evidence.csv, row 9, column 'b': bytes stand there that are not CP1252. ")


def test_utf16_that_is_cut_off(evidence, refused):
    error = refused(evidence("a,b\n1,2\n3,4\n".encode("utf-16")[:-1]))
    assert str(error).startswith("evidence.csv, row 2, column 'b': bytes stand there that are not UTF-16-LE. ")


@pytest.mark.parametrize("rows_before", [1, 300_000])
def test_a_value_of_five_megabytes(evidence, refused, rows_before):
    error = refused(evidence("a,b\n" + "1,2\n" * rows_before + "3," + "x" * 5_000_000 + "\n4,5\n"))
    assert str(error) == (
        f"evidence.csv, row {rows_before + 1:,}, column 'b': "
        "the value has more than the 1,048,576 bytes that are read. "
        "Most often a quotation mark opens there and never closes. Ask for the file again, or have it exported anew: "
        "a spreadsheet or Parquet file has no such ambiguity."
    )


def test_a_value_just_over_the_limit(evidence, refused, rows_of):
    assert refused(evidence("a,b\n1,2\n3," + "x" * (2**20 + 1) + "\n")).row == 2
    assert len(rows_of(evidence("a,b\n1,2\n3," + "x" * 2**20 + "\n"))["b"][1]) == 2**20


def test_a_row_of_many_long_values(evidence, refused):
    header = ",".join(f"c{number}" for number in range(20))
    long_row = ",".join("x" * 500_000 for _ in range(20))
    error = refused(evidence(f"{header}\n{','.join('1' * 20)}\n{long_row}\n"))
    assert str(error).startswith("evidence.csv, row 2: the row has more than the 4,194,304 bytes that are read. ")


@pytest.mark.parametrize("after", ["x,y\n" * 3, "x,y\n" * 700_000])
def test_a_quotation_mark_that_never_closes(evidence, refused, after):
    error = refused(evidence('a,b\n1,2\n3,"4\n' + after))
    assert str(error).startswith(
        "evidence.csv, row 2, column 'b': a quotation mark opens there and never closes, "
        "so that what follows cannot be divided into values."
    )


def test_text_after_a_closing_quotation_mark(evidence, refused):
    error = refused(evidence('a,b\n1,"said ""yes"""\n2,"said "no""\n3,4\n'))
    assert str(error).startswith(
        "evidence.csv, row 2, column 'b': text follows the quotation mark that closes the value, "
        "so that it cannot be told where the value ends."
    )


def test_two_open_quotation_marks_do_not_cancel_out(evidence, refused):
    error = refused(evidence('a,b\n1,2\n3,"4\n5,6\n7,"8\n9,0\n'))
    assert (error.row, error.column) == (2, "b")


def test_quotation_faults_beyond_the_first_block(evidence, refused):
    rows = 'word,"two words"\n' * 400_000
    error = refused(evidence(f'a,b\n{rows}1,"2" 3\n{rows}'))
    assert (error.row, error.column) == (400_001, "b")


def test_too_many_columns(evidence, refused):
    names = ",".join(f"c{number}" for number in range(200_000))
    error = refused(evidence(f"{names}\n{names}\n"))
    assert str(error) == (
        "evidence.csv: the header has more than the 16,384 columns that are read. Is the first line a header, "
        "and is the delimiter right? Say delimiter=..., or have it exported long."
    )


def test_a_truncated_parquet_file(tmp_path, evidence, refused):
    import pyarrow as pa
    import pyarrow.parquet as pq

    whole = tmp_path / "whole.parquet"
    pq.write_table(pa.table({"a": list(range(1000))}), whole)
    error = refused(evidence(whole.read_bytes()[:-50], "cut.parquet"))
    assert str(error) == "cut.parquet: this Parquet file is cut off: its end is missing. Ask for the file again."


def test_a_parquet_file_with_a_broken_footer(tmp_path, evidence, refused):
    import pyarrow as pa
    import pyarrow.parquet as pq

    whole = tmp_path / "whole.parquet"
    pq.write_table(pa.table({"a": list(range(1000))}), whole)
    content = whole.read_bytes()
    error = refused(evidence(content[:-200] + b"\xff" * 190 + content[-10:], "broken.parquet"))
    assert str(error).startswith("broken.parquet: this is not a Parquet file that can be read (")
    assert str(error).endswith("Ask for the file again, or export it anew.")


def test_a_zip_that_is_no_spreadsheet(tmp_path, evidence, refused):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("data.csv", "a,b\n1,2\n")
    error = refused(evidence(buffer.getvalue(), "data.xlsx"))
    assert str(error).startswith("data.xlsx: this is not a spreadsheet that can be read (")
    assert str(error).endswith("If it is an archive, unpack it first; otherwise ask for the file again.")


@pytest.mark.parametrize("name", ["PARENT", "PAR1", "BZh", "$FL2", "PK", "{", "[", '{"a"', "%PDF"])
def test_column_names_that_begin_as_other_formats_do(evidence, rows_of, name):
    assert rows_of(evidence(f"{name},b\n1,2\n")) == {"row": [1], name: ["1"], "b": ["2"]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x1f\x8b\x08\0", "this is compressed (gzip), not a table. Unpack it first."),
        (b"ARROW1\0\0", "this is an Arrow file, not a table. Export the table as Parquet or CSV."),
        (b"$FL2@(#) SPSS\x02\0\0", "this is an SPSS file, not a table. Export the table as CSV."),
        (b"SQLite format 3\0", "this is an SQLite database, not a table. Export the table as CSV."),
        (b"%PDF-1.7\n", "this is a PDF, not a table. Ask for the data themselves, as a spreadsheet or CSV."),
        (b"<!DOCTYPE html><html>", "this is a web page or XML, not a table. Download the data file itself."),
    ],
)
def test_files_of_other_kinds(evidence, refused, content, message):
    assert str(refused(evidence(content))) == f"evidence.csv: {message}"


def test_one_json_array(evidence, refused):
    error = refused(evidence('[{"a": 1}]', "evidence.json"))
    assert str(error) == "evidence.json: this is one JSON array. Have it exported as JSON lines: one object a line."


def test_json_lines_with_lines_that_are_none(evidence, refused, rows_of):
    content = '{"a": 1}\n\n{"a": 2\n[3]\n{"a": 4, "a": 5}\n{"a": 6}\n'
    error = refused(evidence(content, "evidence.jsonl"))
    assert str(error) == (
        "evidence.jsonl, row 2: 3 rows of 5 cannot be taken: 1 with text that is not JSON (row 2); "
        "1 with JSON that is no object (row 3); 1 with an object with the same key twice (row 4). "
        "Ask for the file again, or have it exported anew. "
        "To leave them out and have them counted: refused_at_most=3 (--refused-at-most 3)."
    )
    found = rows_of(evidence(content, "evidence.jsonl"), refused_at_most=3)
    assert found == {"row": [1, 5], "a": ["1", "6"]}


@pytest.mark.parametrize("words", [{"sheet": "One"}, {"encoding": "latin-1"}, {"delimiter": ";"}])
def test_words_that_do_not_go_with_the_format(tmp_path, refused, words):
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "evidence.parquet"
    pq.write_table(pa.table({"a": [1]}), path)
    (word, value), *_ = words.items()
    error = refused(path, error=ParameterError, **words)
    assert str(error) == f"{word}={value!r} does not go with evidence.parquet, which is parquet."


@pytest.mark.parametrize("word", ["nonsense", "base64"])
def test_an_encoding_that_there_is_not(evidence, refused, word):
    error = refused(evidence("a\n1\n"), error=ParameterError, encoding=word)
    assert str(error).startswith(f"There is no encoding {word!r}. Common ones: utf-8, ")


@pytest.mark.parametrize("word", ["", ",,", "§", '"'])
def test_a_delimiter_that_is_none(evidence, refused, word):
    error = refused(evidence("a\n1\n"), error=ParameterError, delimiter=word)
    assert str(error).startswith("A delimiter is one ASCII character or one of tab, ")


def test_a_file_that_changes_while_it_is_read(evidence, refused, monkeypatch, left_behind):
    from answerable.tabular import text

    path = evidence("a,b\n1,2\n")
    parse = text.batches

    def meddle(*arguments):
        yield from parse(*arguments)
        path.write_text("a,b\n1,2\n3,4\n")

    monkeypatch.setattr(text, "batches", meddle)
    assert str(refused(path)) == "evidence.csv: the file changed while it was read. Read it when it is at rest."
    assert left_behind() == []


def test_a_parse_that_breaks_leaves_nothing(evidence, duck, monkeypatch, left_behind):
    from answerable.tabular import text

    parse = text.batches

    def breaking(*arguments):
        yield from parse(*arguments)
        raise MemoryError

    monkeypatch.setattr(text, "batches", breaking)
    with pytest.raises(MemoryError):
        open_table(duck, evidence("a,b\n1,2\n")).rows()
    assert left_behind() == []


def test_an_unknown_column_offers_the_nearest(evidence, duck):
    raw = open_table(duck, evidence("race,sex,score\nw,m,1\n"))
    with pytest.raises(MappingError) as caught:
        raw.column("raec")
    assert str(caught.value) == "evidence.csv has no column 'raec'. Nearest: race."


def test_a_name_that_stands_twice_is_asked_for_only_when_used(evidence, duck):
    raw = open_table(duck, evidence("id,score,score\n1,2,3\n"))
    assert raw.column("id") == 0
    assert raw.column("#3") == 2
    with pytest.raises(MappingError) as caught:
        raw.column("score")
    assert str(caught.value) == (
        "evidence.csv: which column is 'score'? The file has that name more than once: #2 ('score'), #3 ('score'). "
        "Say it by its place, as #2."
    )


@pytest.mark.parametrize("kind", ["text", "parquet"])
def test_names_that_differ_by_case_only(tmp_path, evidence, duck, kind):
    import pyarrow as pa
    import pyarrow.parquet as pq

    if kind == "text":
        path = evidence("n,N,other\n1,2,3\n", "evidence")
    else:
        path = tmp_path / "evidence"
        pq.write_table(pa.table({"n": [1], "N": [2], "other": [3]}), path)
    raw = open_table(duck, path)
    assert raw.header == ("n", "N", "other")
    with pytest.raises(MappingError) as caught:
        raw.column("N")
    assert str(caught.value) == (
        "evidence: which column is 'N'? The file has names that differ by case only: #1 ('n'), #2 ('N'). "
        "Say it by its place, as #2."
    )
    found = duck.collect(raw.rows([raw.column("#2"), raw.column("other")]).table.select("c2", "c3"))
    assert [str(values[0]) for values in found.values()] == ["2", "3"]
