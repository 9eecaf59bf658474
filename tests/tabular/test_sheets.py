"""Spreadsheets: which sheet, which header, which text a cell becomes."""

import datetime

import openpyxl
import pytest

from answerable.errors import EvidenceError, MappingError
from answerable.tabular.files import open_table


@pytest.fixture
def book(tmp_path):
    """A function that writes a workbook of {sheet: rows} and gives its path."""

    def write(sheets, name="evidence.xlsx"):
        made = openpyxl.Workbook()
        made.remove(made.active)
        for title, rows in sheets.items():
            sheet = made.create_sheet(title)
            for row in rows:
                sheet.append(row)
        made.save(tmp_path / name)
        return tmp_path / name

    return write


def test_cells_become_text(book, rows_of):
    stamp = datetime.datetime(2020, 1, 2, 3, 4, 5)  # noqa: DTZ001  spreadsheets know no zones
    row = ["x", 1, 2.5, -0.1, True, datetime.date(2020, 1, 2), stamp, datetime.time(3, 4), None, 123456789012345]
    found = rows_of(book({"One": [[f"n{at}" for at in range(10)], row]}))
    texts = ["x", "1", "2.5", "-0.1", "TRUE", "2020-01-02", "2020-01-02T03:04:05", "03:04:00", "", "123456789012345"]
    assert [values[0] for name, values in found.items() if name != "row"] == texts


def test_empty_rows_are_no_rows_but_numbers_are_the_sheets(book, rows_of):
    found = rows_of(book({"One": [[], ["a", "b"], [1, 2], [], [3, 4]]}))
    assert found == {"row": [1, 3], "a": ["1", "3"], "b": ["2", "4"]}


def test_several_sheets_have_to_be_chosen_from(book, duck, rows_of):
    path = book({"One": [["a"], [1]], "Two": [["b"], [2]], "Empty": []})
    with pytest.raises(MappingError) as caught:
        open_table(duck, path)
    assert str(caught.value) == "evidence.xlsx has 3 sheets: 'One', 'Two', 'Empty'. Say which one, as sheet='One'."
    with pytest.raises(MappingError) as caught:
        open_table(duck, path, sheet="Tow")
    assert str(caught.value) == "evidence.xlsx has no sheet 'Tow'. Nearest: Two. All: 'One', 'Two', 'Empty'."
    assert rows_of(path, sheet="Two") == {"row": [1], "b": ["2"]}
    with pytest.raises(EvidenceError) as caught:
        open_table(duck, path, sheet="Empty")
    assert str(caught.value) == "evidence.xlsx: the sheet 'Empty' is empty. Say another sheet, as sheet=NAME."


def test_the_only_sheet_that_holds_anything(book, rows_of):
    assert rows_of(book({"Empty": [], "Data": [["a"], [1]]})) == {"row": [1], "a": ["1"]}


def test_values_beyond_the_header(book, duck):
    path = book({"One": [["a", "b"], [1, 2], [1, 2, "note"]]})
    with pytest.raises(EvidenceError) as caught:
        open_table(duck, path)
    assert str(caught.value).startswith(
        "evidence.xlsx, row 2: 1 row of 2 cannot be taken: 1 with more values than the header's 2 (row 2)."
    )
    raw = open_table(duck, path, refused_at_most=1)
    assert (raw.format, raw.rows().refused[0].count) == ("spreadsheet, sheet 'One'", 1)


def test_cells_with_errors_are_counted(tmp_path, duck):
    made = openpyxl.Workbook()
    for row in (["a", "b"], [1, "#N/A"], ["#DIV/0!", 2], ["plain", "text"]):
        made.active.append(row)
    made.save(tmp_path / "evidence.xlsx")
    assert open_table(duck, tmp_path / "evidence.xlsx").rows().notes == (
        "2 cells of the sheet with an error (as #N/A) read as empty.",
    )


def test_a_spreadsheet_is_parsed_once(book, duck, monkeypatch):
    from answerable.tabular import sheets

    path = book({"One": [["a"], [1]]})
    open_table(duck, path)
    monkeypatch.setattr(sheets, "batches", lambda *_: pytest.fail("parsed again"))
    assert open_table(duck, path).header == ("a",)


def test_other_spreadsheet_formats(tmp_path, rows_of):
    """An OpenDocument sheet, written by hand because no library here writes one."""
    import zipfile

    content = (
        '<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" '
        'xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        '<table:table table:name="One"><table:table-row>'
        '<table:table-cell office:value-type="string"><text:p>a</text:p></table:table-cell></table:table-row>'
        '<table:table-row><table:table-cell office:value-type="float" office:value="1.5"><text:p>1.5</text:p>'
        "</table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(tmp_path / "evidence.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", '<manifest:manifest xmlns:manifest="x"/>')
        archive.writestr("content.xml", content)
    assert rows_of(tmp_path / "evidence.ods") == {"row": [1], "a": ["1.5"]}


def test_a_spreadsheet_that_unpacks_to_more_than_memory_holds(book, duck, monkeypatch):
    from answerable.tabular import sheets

    path = book({"One": [["a"], *([number] for number in range(1000))]})
    monkeypatch.setattr(sheets, "_UNPACKED_LIMIT", 10_000)
    with pytest.raises(EvidenceError) as caught:
        open_table(duck, path)
    assert "; at most 10,000 are read. Have the table exported as CSV or Parquet." in str(caught.value)
